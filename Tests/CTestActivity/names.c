/* SPDX-License-Identifier: Apache-2.0 */
/* Steps on sockets: DNS, whoever asks and whoever answers. */
#include "sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define DNS_HEADER 12
#define DNS_MAX    512

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

/* dns-stream S NAME ADDRESS PIECE FILL: an answer nobody asked for on a TCP connection, its length before it, sent
 * PIECE bytes at a time (0 = at once). FILL texts of 255 bytes stand before the address. */
static int dns_stream(const struct step *step)
{
	static unsigned char stream[65536];
	unsigned char *message = stream + 2;
	size_t length = dns_question(message, socket_word(step, 1), 1), total, sent = 0;
	long index, piece = socket_number(step, 3), fill = socket_number(step, 4);
	int one = 1;

	message[2] = 0x81;
	message[3] = 0x80;
	message[7] = fill + 1;
	for (index = 0; index < fill && index < 200; index++) {
		memcpy(message + length, "\xc0\x0c\0\x10\0\1\0\0\0\x3c\1\0\xff", 13);
		memset(message + length + 13, 't', 255);
		length += 13 + 255;
	}
	memcpy(message + length, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4", 12);
	if (inet_pton(AF_INET, socket_word(step, 2), message + length + 12) != 1 ||
	    setsockopt(*socket_slot(step, 0), IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		return -1;
	length += 16;
	stream[0] = length >> 8;
	stream[1] = length;
	for (total = length + 2; sent < total; sent += piece ? piece : total) {
		size_t next = piece && sent + piece < total ? piece : total - sent;

		if (send(*socket_slot(step, 0), stream + sent, next, 0) != (ssize_t)next)
			return -1;
	}
	return 0;
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

int names_do(const struct step *step, int *result)
{
	const char *name = step->name;

	if (!strcmp(name, "dns-ask"))
		*result = dns_ask(step);
	else if (!strcmp(name, "dns-answer"))
		*result = dns_answer(step);
	else if (!strcmp(name, "dns-stream"))
		*result = dns_stream(step);
	else if (!strcmp(name, "dns-junk"))
		*result = dns_junk(step);
	else
		return 0;
	return 1;
}
