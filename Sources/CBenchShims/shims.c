#define _GNU_SOURCE
#include "CBenchShims.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

/* The allocator is wrapped by symbol interposition: glibc keeps its own under these names. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Atomic uint64_t allocations;

void *malloc(size_t size)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
	atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
	*memory = __libc_memalign(alignment, size);
	return *memory ? 0 : 12; /* ENOMEM */
}

uint64_t secd_bench_allocations(void)
{
	return atomic_load_explicit(&allocations, memory_order_relaxed);
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t secd_bench_thread_nanoseconds(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t secd_bench_spawn(const char *path, int count)
{
	char *arguments[] = { (char *)path, NULL };
	uint64_t start = now();

	for (int i = 0; i < count; i++) {
		pid_t pid;
		int status;

		if (posix_spawn(&pid, path, NULL, NULL, arguments, environ))
			return 0;
		if (waitpid(pid, &status, 0) != pid)
			return 0;
	}
	return now() - start;
}

uint64_t secd_bench_getppid(uint64_t count)
{
	uint64_t start = now();

	for (uint64_t i = 0; i < count; i++)
		syscall(SYS_getppid);
	return now() - start;
}

uint64_t secd_bench_connect(int count)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	uint64_t start, end = 0;

	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 16) || getsockname(listener, (struct sockaddr *)&address, &length))
		return 0;
	start = now();
	for (int i = 0; i < count; i++) {
		int client = socket(AF_INET, SOCK_STREAM, 0);
		int server;

		if (connect(client, (struct sockaddr *)&address, sizeof(address)))
			goto out;
		server = accept(listener, NULL, NULL);
		/* A reset instead of TIME_WAIT: ports would run out. */
		setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		close(client);
		close(server);
	}
	end = now();
out:
	close(listener);
	return end ? end - start : 0;
}

static void *nothing(void *argument)
{
	return argument;
}

uint64_t secd_bench_threads(int count)
{
	uint64_t start = now();

	for (int i = 0; i < count; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, nothing, NULL))
			return 0;
		pthread_join(thread, NULL);
	}
	return now() - start;
}
