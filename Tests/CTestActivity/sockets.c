/* SPDX-License-Identifier: Apache-2.0 */
/* Steps on sockets: the system calls that a connection is made of. */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int socket_slots[SOCKET_SLOTS];

long socket_number(const struct step *step, int index)
{
	return index < step->count ? strtol(step->arguments[index], NULL, 0) : 0;
}

const char *socket_word(const struct step *step, int index)
{
	return index < step->count ? step->arguments[index] : "";
}

int *socket_slot(const struct step *step, int index)
{
	return &socket_slots[socket_number(step, index) & (SOCKET_SLOTS - 1)];
}

void socket_report(const struct activity *activity, int64_t value)
{
	if (write(activity->report, &value, sizeof(value)) < 0)
		_exit(98);
}

static int local_port(int descriptor)
{
	struct sockaddr_in6 address = {};
	socklen_t length = sizeof(address);

	/* The port stands at the same place in both families. */
	return getsockname(descriptor, (struct sockaddr *)&address, &length) ? -1 : ntohs(address.sin6_port);
}

static in_port_t port_of(const char *text)
{
	if (*text == '@')
		return htons(local_port(socket_slots[atoi(text + 1) & (SOCKET_SLOTS - 1)]));
	return htons(atoi(text));
}

static socklen_t unix_address(char family, const char *name, struct sockaddr_un *un)
{
	size_t length = strnlen(name, sizeof(un->sun_path));

	un->sun_family = AF_UNIX;
	if (family == 'u') {
		memcpy(un->sun_path, name, length);
		return offsetof(struct sockaddr_un, sun_path) + length + (length < sizeof(un->sun_path));
	}
	if (length > sizeof(un->sun_path) - 1)
		length = sizeof(un->sun_path) - 1;
	memcpy(un->sun_path + 1, name, length);
	return offsetof(struct sockaddr_un, sun_path) + 1 + length;
}

socklen_t socket_address(const char *text, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;
	struct sockaddr_in *in = (struct sockaddr_in *)address;
	const char *port = strrchr(text, ',');
	char host[INET6_ADDRSTRLEN] = {};

	memset(address, 0, sizeof(*address));
	if (text[0] == 'u' || text[0] == 'a')
		return unix_address(text[0], text + 2, (struct sockaddr_un *)address);
	if (!port || port < text + 2 || (size_t)(port - text - 2) >= sizeof(host))
		return 0;
	memcpy(host, text + 2, port - text - 2);
	if (text[0] == '4') {
		in->sin_family = AF_INET;
		in->sin_port = port_of(port + 1);
		return inet_pton(AF_INET, host, &in->sin_addr) == 1 ? sizeof(*in) : 0;
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = port_of(port + 1);
	return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1 ? sizeof(*in6) : 0;
}

static int keep(int *slot, int descriptor)
{
	*slot = descriptor;
	return descriptor < 0 ? -1 : 0;
}

/* bind S ADDRESS, connect S ADDRESS */
static int name_it(const struct step *step, int (*call)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_storage address;
	socklen_t length = socket_address(socket_word(step, 1), &address);

	return call(*socket_slot(step, 0), (struct sockaddr *)&address, length);
}

static int do_bind(int descriptor, const struct sockaddr *address, socklen_t length)
{
	return bind(descriptor, address, length);
}

static int do_connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
	return connect(descriptor, address, length);
}

static int unconnect(const struct step *step)
{
	struct sockaddr address = { .sa_family = AF_UNSPEC };

	return connect(*socket_slot(step, 0), &address, sizeof(address));
}

/* ready S EVENTS: poll(2), until one of them or an error comes */
static int ready(const struct step *step)
{
	struct pollfd one = { .fd = *socket_slot(step, 0), .events = socket_number(step, 1) };

	if (poll(&one, 1, SOCKET_PATIENCE_MS) == 1)
		return 0;
	errno = ETIME;
	return -1;
}

/* error S ERRNO: SO_ERROR is that */
static int pending_error(const struct step *step)
{
	socklen_t length = sizeof(int);
	int error = 0;

	if (getsockopt(*socket_slot(step, 0), SOL_SOCKET, SO_ERROR, &error, &length))
		return -1;
	errno = error;
	return error == socket_number(step, 1) ? 0 : -1;
}

/* option S LEVEL NAME VALUE */
static int option(const struct step *step)
{
	int value = socket_number(step, 3);

	return setsockopt(*socket_slot(step, 0), socket_number(step, 1), socket_number(step, 2), &value,
			  sizeof(value));
}

/* send S BYTES, in one call */
static int send_bytes(const struct step *step)
{
	static char bytes[1 << 20];
	long count = socket_number(step, 1);

	return send(*socket_slot(step, 0), bytes, count, MSG_NOSIGNAL) == count ? 0 : -1;
}

/* receive S BYTES; 0 = the end of the stream, which must come */
static int receive_bytes(const struct step *step)
{
	static char bytes[1 << 16];
	long left = socket_number(step, 1);
	ssize_t count;

	if (left == 0)
		return recv(*socket_slot(step, 0), bytes, 1, 0) == 0 ? 0 : -1;
	while (left > 0) {
		size_t most = left < (long)sizeof(bytes) ? (size_t)left : sizeof(bytes);

		count = recv(*socket_slot(step, 0), bytes, most, 0);
		if (count <= 0)
			return -1;
		left -= count;
	}
	return 0;
}

/* deaf S 1: what comes is dropped before TCP sees it; deaf S 0: no more */
static int deaf(const struct step *step)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { .len = 1, .filter = &nothing };
	int unused = 0;

	if (socket_number(step, 1))
		return setsockopt(*socket_slot(step, 0), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
	return setsockopt(*socket_slot(step, 0), SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
}

/* tcp-info S: reports retransmitted segments, segments in, segments out, and the smoothed RTT (us) */
static int tcp_info(const struct activity *activity, const struct step *step)
{
	struct {
		struct tcp_info info;
		char newer[256];
	} answer = {};
	socklen_t length = sizeof(answer);
	const unsigned char *raw = (const unsigned char *)&answer;
	uint32_t segments[2];

	if (getsockopt(*socket_slot(step, 0), IPPROTO_TCP, TCP_INFO, &answer, &length))
		return -1;
	/* tcpi_segs_out and tcpi_segs_in of include/uapi/linux/tcp.h: glibc's structure ends before. */
	memcpy(segments, raw + 136, sizeof(segments));
	socket_report(activity, answer.info.tcpi_total_retrans);
	socket_report(activity, segments[1]);
	socket_report(activity, segments[0]);
	socket_report(activity, answer.info.tcpi_rtt);
	return 0;
}

/* wait-state S STATE, wait-retransmit S: until the kernel's TCP state is that, or it sent something again */
static int wait_tcp(const struct step *step, bool retransmit)
{
	struct tcp_info info;
	int left;

	for (left = SOCKET_PATIENCE_MS; left > 0; left--) {
		socklen_t length = sizeof(info);

		if (getsockopt(*socket_slot(step, 0), IPPROTO_TCP, TCP_INFO, &info, &length))
			return -1;
		if (retransmit ? info.tcpi_total_retrans > 0 : info.tcpi_state == socket_number(step, 1))
			return 0;
		usleep(1000);
	}
	errno = ETIME;
	return -1;
}

/* new-network: a network namespace of its own, with the loopback interface up */
static int new_network(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int descriptor;

	if (unshare(CLONE_NEWNET))
		return -1;
	descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (descriptor < 0 || ioctl(descriptor, SIOCGIFFLAGS, &request))
		return -1;
	request.ifr_flags |= IFF_UP;
	if (ioctl(descriptor, SIOCSIFFLAGS, &request))
		return -1;
	return close(descriptor);
}

static int report_inode(const struct activity *activity, const struct step *step)
{
	struct stat status;

	if (fstat(*socket_slot(step, 0), &status))
		return -1;
	socket_report(activity, status.st_ino);
	return 0;
}

static int do_setup(const struct activity *activity, const struct step *step, int *result)
{
	const char *name = step->name;
	int descriptor = *socket_slot(step, 0);

	if (!strcmp(name, "socket")) /* S FAMILY TYPE PROTOCOL */
		*result = keep(socket_slot(step, 0), socket(socket_number(step, 1), socket_number(step, 2),
							    socket_number(step, 3)));
	else if (!strcmp(name, "socketpair")) { /* S T TYPE */
		int pair[2];

		*result = socketpair(AF_UNIX, socket_number(step, 2), 0, pair);
		*socket_slot(step, 0) = pair[0];
		*socket_slot(step, 1) = pair[1];
	} else if (!strcmp(name, "option"))
		*result = option(step);
	else if (!strcmp(name, "nonblocking"))
		*result = fcntl(descriptor, F_SETFL, O_NONBLOCK);
	else if (!strcmp(name, "port"))
		socket_report(activity, local_port(descriptor));
	else if (!strcmp(name, "inode"))
		*result = report_inode(activity, step);
	else if (!strcmp(name, "new-network"))
		*result = new_network();
	else if (!strcmp(name, "tcp-info"))
		*result = tcp_info(activity, step);
	else if (!strcmp(name, "deaf"))
		*result = deaf(step);
	else
		return 0;
	return 1;
}

int sockets_do(const struct activity *activity, const struct step *step, int *result)
{
	const char *name = step->name;
	int descriptor = *socket_slot(step, 0);

	if (do_setup(activity, step, result))
		return 1;
	if (!strcmp(name, "bind"))
		*result = name_it(step, do_bind);
	else if (!strcmp(name, "connect"))
		*result = name_it(step, do_connect);
	else if (!strcmp(name, "unconnect"))
		*result = unconnect(step);
	else if (!strcmp(name, "listen")) /* S BACKLOG */
		*result = listen(descriptor, socket_number(step, 1));
	else if (!strcmp(name, "accept")) /* S NEW */
		*result = keep(socket_slot(step, 1), accept4(descriptor, NULL, NULL, SOCK_CLOEXEC));
	else if (!strcmp(name, "ready"))
		*result = ready(step);
	else if (!strcmp(name, "error"))
		*result = pending_error(step);
	else if (!strcmp(name, "send"))
		*result = send_bytes(step);
	else if (!strcmp(name, "receive"))
		*result = receive_bytes(step);
	else if (!strcmp(name, "shutdown")) /* S HOW */
		*result = shutdown(descriptor, socket_number(step, 1));
	else if (!strcmp(name, "close-socket"))
		*result = close(descriptor);
	else if (!strcmp(name, "reset")) { /* S: closes with RST */
		struct linger now = { .l_onoff = 1 };

		*result = setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof(now)) ? -1 : close(descriptor);
	} else if (!strcmp(name, "wait-state") || !strcmp(name, "wait-retransmit"))
		*result = wait_tcp(step, name[5] == 'r');
	else
		return 0;
	return 1;
}
