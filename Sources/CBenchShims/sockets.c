#define _GNU_SOURCE
#include "CBenchShims.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

struct listener {
	struct sockaddr_in address;
	int fd;
};

static int listen_on_loopback(struct listener *listener)
{
	socklen_t length = sizeof(listener->address);

	listener->address.sin_family = AF_INET;
	listener->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener->address.sin_port = 0;
	listener->fd = socket(AF_INET, SOCK_STREAM, 0);
	return listener->fd < 0 || bind(listener->fd, (struct sockaddr *)&listener->address, length) ||
	       listen(listener->fd, 16) ||
	       getsockname(listener->fd, (struct sockaddr *)&listener->address, &length);
}

static int connect_once(struct listener *listener)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };
	int client = socket(AF_INET, SOCK_STREAM, 0);
	int server;

	if (connect(client, (struct sockaddr *)&listener->address, sizeof(listener->address)))
		return -1;
	server = accept(listener->fd, NULL, NULL);
	/* A reset instead of TIME_WAIT: ports would run out. */
	setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(client);
	close(server);
	return 0;
}

uint64_t secd_bench_connect(int count)
{
	struct listener listener;
	uint64_t start;

	if (listen_on_loopback(&listener))
		return 0;
	start = now();
	for (int i = 0; i < count; i++)
		if (connect_once(&listener))
			return 0;
	start = now() - start;
	close(listener.fd);
	return start;
}

uint64_t secd_bench_connect_paced(int count, int per_second, uint64_t *busy)
{
	const uint64_t tick = 10000000;
	int burst = per_second / 100;
	struct listener listener;
	uint64_t start, next;

	if (burst < 1 || listen_on_loopback(&listener))
		return 0;
	*busy = 0;
	start = next = now();
	for (int done = 0; done < count;) {
		uint64_t began = secd_bench_thread_nanoseconds();
		struct timespec wait;

		for (int i = 0; i < burst && done < count; i++, done++)
			if (connect_once(&listener))
				return 0;
		*busy += secd_bench_thread_nanoseconds() - began;
		next += tick;
		wait.tv_sec = (time_t)(next / 1000000000u);
		wait.tv_nsec = (long)(next % 1000000000u);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wait, NULL);
	}
	start = now() - start;
	close(listener.fd);
	return start;
}
