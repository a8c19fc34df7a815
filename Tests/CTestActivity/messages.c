/* SPDX-License-Identifier: Apache-2.0 */
/* Steps on sockets: datagrams, DNS, descriptors that travel, io_uring, storms. */
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

#define DNS_HEADER 12
#define DNS_MAX    512

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

static size_t dns_question(unsigned char *message, const char *name, int type)
{
	size_t at = DNS_HEADER;

	memset(message, 0, DNS_HEADER);
	message[1] = 7;
	message[2] = 1; /* recursion desired */
	message[5] = 1; /* one question */
	while (*name) {
		size_t length = strcspn(name, ".");

		message[at++] = length;
		memcpy(message + at, name, length);
		at += length;
		name += length + (name[length] == '.');
	}
	message[at++] = 0;
	message[at++] = 0;
	message[at++] = type;
	message[at++] = 0;
	message[at++] = 1;
	return at;
}

/* dns-ask S NAME TYPE: on a connected socket */
static int dns_ask(const struct step *step)
{
	unsigned char message[DNS_MAX];
	size_t length = dns_question(message, socket_word(step, 1), socket_number(step, 2));

	return send(*socket_slot(step, 0), message, length, 0) < 0 ? -1 : 0;
}

/* dns-answer S ADDRESS: answers one question with one address */
static int dns_answer(const struct step *step)
{
	unsigned char message[DNS_MAX], *end;
	struct sockaddr_storage from;
	socklen_t from_length = sizeof(from);
	const char *address = socket_word(step, 1);
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	ssize_t length = recvfrom(*socket_slot(step, 0), message, sizeof(message) - 32, 0,
				  (struct sockaddr *)&from, &from_length);

	if (length < DNS_HEADER)
		return -1;
	message[2] = 0x81;
	message[3] = 0x80;
	message[7] = 1;
	end = message + length;
	/* The name by a pointer to the question, type, class, time to live, length. */
	memcpy(end, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4", 12);
	if (family == AF_INET6) {
		end[3] = 28;
		end[11] = 16;
	}
	if (inet_pton(family, address, end + 12) != 1)
		return -1;
	length += 12 + end[11];
	return sendto(*socket_slot(step, 0), message, length, 0, (struct sockaddr *)&from, from_length) == length ?
		       0 :
		       -1;
}

/* dns-junk S KIND COUNT: broken answers to one question, all different */
static int dns_junk(const struct step *step)
{
	unsigned char message[DNS_MAX];
	struct sockaddr_storage from;
	socklen_t from_length = sizeof(from);
	long index, at;

	if (recvfrom(*socket_slot(step, 0), message, sizeof(message), 0, (struct sockaddr *)&from,
		     &from_length) < 0)
		return -1;
	for (index = 0; index < socket_number(step, 1); index++) {
		for (at = 0; at < DNS_MAX; at++)
			message[at] = index * 31 + at * (index + 7);
		/* Half of them begin as an answer does, and then point at themselves. */
		if (index & 1)
			memcpy(message, "\0\7\x81\x80\0\1\0\xff\0\0\0\0\xc0\x0c", 14);
		if (sendto(*socket_slot(step, 0), message, index % DNS_MAX, 0, (struct sockaddr *)&from,
			   from_length) < 0)
			return -1;
	}
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
	else if (!strcmp(name, "dns-ask"))
		*result = dns_ask(step);
	else if (!strcmp(name, "dns-answer"))
		*result = dns_answer(step);
	else if (!strcmp(name, "dns-junk"))
		*result = dns_junk(step);
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
		return 0;
	return 1;
}
