/* SPDX-License-Identifier: Apache-2.0 */
/* Steps on sockets: datagrams, descriptors that travel, io_uring, storms. */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* send-to S ADDRESS BYTES: one datagram */
static int send_to(const struct step *step)
{
	static char bytes[65536];
	struct sockaddr_storage address;
	socklen_t length = socket_address(socket_word(step, 1), &address);

	return sendto(*socket_slot(step, 0), bytes, socket_number(step, 2), 0, (struct sockaddr *)&address,
		      length) < 0 ?
		       -1 :
		       0;
}

/* send-many S ADDRESS COUNT BYTES: so many datagrams in one sendmmsg(2), at most 64 */
static int send_many(const struct step *step)
{
	static char bytes[1024];
	struct sockaddr_storage address;
	socklen_t length = socket_address(socket_word(step, 1), &address);
	struct iovec piece = { .iov_base = bytes, .iov_len = socket_number(step, 3) };
	struct mmsghdr messages[64] = {};
	int index, count = socket_number(step, 2);

	for (index = 0; index < count && index < 64; index++) {
		messages[index].msg_hdr.msg_name = &address;
		messages[index].msg_hdr.msg_namelen = length;
		messages[index].msg_hdr.msg_iov = &piece;
		messages[index].msg_hdr.msg_iovlen = 1;
	}
	return sendmmsg(*socket_slot(step, 0), messages, count, 0) == count ? 0 : -1;
}

/* send-ports S HOST FIRST COUNT: a datagram of one byte to each port of 127.0.0.HOST */
static int send_ports(const struct step *step)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	long index;

	address.sin_addr.s_addr = htonl(0x7f000000 + socket_number(step, 1));
	for (index = 0; index < socket_number(step, 3); index++) {
		address.sin_port = htons(socket_number(step, 2) + index);
		/* Nobody listens: a refusal of the one before is reported here. */
		if (sendto(*socket_slot(step, 0), "x", 1, 0, (struct sockaddr *)&address, sizeof(address)) < 0 &&
		    errno == ECONNREFUSED)
			index--;
	}
	return 0;
}

/* receive-datagrams S COUNT */
static int receive_datagrams(const struct step *step)
{
	static char bytes[65536];
	long index;

	for (index = 0; index < socket_number(step, 1); index++)
		if (recv(*socket_slot(step, 0), bytes, sizeof(bytes), 0) < 0)
			return -1;
	return 0;
}

/* pass S T: descriptor T goes through S (SCM_RIGHTS); take S T: comes out of it */
static int pass(const struct step *step, bool out)
{
	char byte = 'x', control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec piece = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	if (out) {
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), socket_slot(step, 1), sizeof(int));
		return sendmsg(*socket_slot(step, 0), &message, 0) == 1 ? 0 : -1;
	}
	if (recvmsg(*socket_slot(step, 0), &message, 0) != 1)
		return -1;
	head = CMSG_FIRSTHDR(&message);
	if (!head)
		return -1;
	memcpy(socket_slot(step, 1), CMSG_DATA(head), sizeof(int));
	return 0;
}

/* take-parent S T: the parent's descriptor S by pidfd_getfd(2) */
static int take_parent(const struct step *step)
{
	int process = syscall(SYS_pidfd_open, getppid(), 0);

	if (process < 0)
		return -1;
	*socket_slot(step, 1) = syscall(SYS_pidfd_getfd, process, *socket_slot(step, 0), 0);
	close(process);
	return *socket_slot(step, 1) < 0 ? -1 : 0;
}

/* One request through a ring of its own; returns the result, or -1 with errno. */
static int through_ring(struct io_uring_sqe request)
{
	struct io_uring_params parameters = {};
	int ring = syscall(SYS_io_uring_setup, 4, &parameters), result;
	struct io_uring_sqe *entries;
	struct io_uring_cqe *done;
	unsigned char *rings;

	if (ring < 0)
		return -1;
	/* Both rings in one mapping (IORING_FEAT_SINGLE_MMAP, 5.4). */
	rings = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	entries = mmap(NULL, 4 * sizeof(*entries), PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (rings == MAP_FAILED || entries == MAP_FAILED)
		return -1;
	entries[0] = request;
	((unsigned int *)(rings + parameters.sq_off.array))[0] = 0;
	__atomic_store_n((unsigned int *)(rings + parameters.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -1;
	done = (struct io_uring_cqe *)(rings + parameters.cq_off.cqes);
	result = done->res;
	munmap(entries, 4 * sizeof(*entries));
	munmap(rings, 4096);
	close(ring);
	errno = result < 0 ? -result : 0;
	return result < 0 ? -1 : result;
}

/* by-ring connect S ADDRESS, by-ring accept S NEW, by-ring send S BYTES, by-ring close S */
static int by_ring(const struct step *step)
{
	static char bytes[65536];
	struct step inner = { .name = step->name, .count = step->count - 1, .arguments = step->arguments + 1 };
	struct io_uring_sqe request = { .fd = *socket_slot(&inner, 0) };
	struct sockaddr_storage address;
	const char *name = socket_word(step, 0);
	int result;

	if (!strcmp(name, "connect")) {
		request.opcode = IORING_OP_CONNECT;
		request.addr = (uint64_t)&address;
		request.off = socket_address(socket_word(&inner, 1), &address);
	} else if (!strcmp(name, "accept")) {
		request.opcode = IORING_OP_ACCEPT;
	} else if (!strcmp(name, "send")) {
		request.opcode = IORING_OP_SEND;
		request.addr = (uint64_t)bytes;
		request.len = socket_number(&inner, 1);
	} else {
		request.opcode = IORING_OP_CLOSE;
	}
	result = through_ring(request);
	if (request.opcode == IORING_OP_ACCEPT)
		*socket_slot(&inner, 1) = result;
	return result < 0 ? -1 : 0;
}

static void *connect_often(void *argument)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	long left = (long)argument;

	if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 16) ||
	    getsockname(listener, (struct sockaddr *)&address, &length))
		return "";
	while (left-- > 0) {
		/* RST instead of FIN: ports do not wait in TIME_WAIT, which would run out of them. */
		struct linger now = { .l_onoff = 1 };
		int client = socket(AF_INET, SOCK_STREAM, 0), server;

		if (connect(client, (struct sockaddr *)&address, length))
			return "";
		server = accept(listener, NULL, NULL);
		setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		if (server < 0 || close(client) || close(server))
			return "";
	}
	return close(listener) ? "" : NULL;
}

/* connect-often COUNT THREADS: connections that are accepted and closed at once */
static int connect_storm(const struct step *step)
{
	long count = socket_number(step, 1), index, failed = 0;
	pthread_t threads[16];
	void *result;

	for (index = 0; index < count && index < 16; index++)
		if (pthread_create(&threads[index], NULL, connect_often, (void *)(socket_number(step, 0) / count)))
			return -1;
	for (index = 0; index < count && index < 16; index++) {
		pthread_join(threads[index], &result);
		failed += result != NULL;
	}
	return failed ? -1 : 0;
}

int messages_do(const struct activity *activity, const struct step *step, int *result)
{
	const char *name = step->name;

	(void)activity;
	if (!strcmp(name, "send-to"))
		*result = send_to(step);
	else if (!strcmp(name, "send-many"))
		*result = send_many(step);
	else if (!strcmp(name, "send-ports"))
		*result = send_ports(step);
	else if (!strcmp(name, "receive-datagrams"))
		*result = receive_datagrams(step);
	else if (!strcmp(name, "pass") || !strcmp(name, "take"))
		*result = pass(step, name[0] == 'p');
	else if (!strcmp(name, "take-parent"))
		*result = take_parent(step);
	else if (!strcmp(name, "dup-socket")) /* S T */
		*result = (*socket_slot(step, 1) = dup(*socket_slot(step, 0))) < 0 ? -1 : 0;
	else if (!strcmp(name, "dup-over")) /* S T: dup2(2) */
		*result = dup2(*socket_slot(step, 0), *socket_slot(step, 1)) < 0 ? -1 : 0;
	else if (!strcmp(name, "close-range")) /* S */
		*result = syscall(SYS_close_range, *socket_slot(step, 0), *socket_slot(step, 0), 0);
	else if (!strcmp(name, "by-ring"))
		*result = by_ring(step);
	else if (!strcmp(name, "connect-often"))
		*result = connect_storm(step);
	else
		return names_do(step, result);
	return 1;
}
