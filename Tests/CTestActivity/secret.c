/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps that try to get at bytes of a file that they must not read. Each reports three numbers: tries that
 * were refused (EPERM), tries that came through, and bytes that somebody got.
 */
#include "internal.h"
#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SPINNER_STACK 65536

struct theft {
	volatile int over;
	volatile long bytes;
	int next;         /* the number that the next descriptor gets */
	long refused;
	long passed;
};

static void tell(const struct activity *activity, int64_t value)
{
	if (write(activity->report, &value, sizeof(value)) < 0)
		_exit(98);
}

static void tell_all(const struct activity *activity, const struct theft *theft)
{
	tell(activity, theft->refused);
	tell(activity, theft->passed);
	tell(activity, theft->bytes);
}

/* Reads whatever has the next number, as fast as it can. */
static void spin(struct theft *theft)
{
	char byte[64];

	while (!theft->over) {
		long got = pread(theft->next, byte, sizeof(byte), 0);

		if (got > 0)
			__atomic_add_fetch(&theft->bytes, got, __ATOMIC_RELAXED);
	}
}

static void *spin_thread(void *theft)
{
	spin(theft);
	return NULL;
}

static int spin_process(void *theft)
{
	spin(theft);
	return 0;
}

static int open_by(const char *way, struct ring *ring, const char *path)
{
	struct io_uring_sqe request = {
		.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (unsigned long)path, .open_flags = O_RDONLY,
	};

	return strcmp(way, "ring") ? open(path, O_RDONLY) : ring_do(ring, &request);
}

static void try_open(struct theft *theft, const char *way, struct ring *ring, const char *path)
{
	char bytes[64];
	int file = open_by(way, ring, path);

	if (file < 0) {
		theft->refused += errno == EPERM;
		return;
	}
	theft->passed++;
	if (pread(file, bytes, sizeof(bytes), 0) > 0)
		__atomic_add_fetch(&theft->bytes, 1, __ATOMIC_RELAXED);
	close(file);
}

/* steal PATH WAY COUNT: opens it again and again; `alone`, `thread` and `sibling` with somebody who shares
 * the table of descriptors and spins on the next one, `ring` by io_uring. */
static int steal(const struct activity *activity, const struct step *step)
{
	const char *path = step->arguments[0], *way = step->arguments[1];
	long count = strtol(step->arguments[2], NULL, 0);
	struct theft *theft = mmap(NULL, sizeof(*theft), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *stack = malloc(SPINNER_STACK);
	struct ring ring = {};
	pthread_t thread;
	int sibling = -1;

	if (theft == MAP_FAILED || !stack || (!strcmp(way, "ring") && ring_open(&ring)))
		return -1;
	theft->next = dup(0);
	close(theft->next);
	if (!strcmp(way, "thread") && pthread_create(&thread, NULL, spin_thread, theft))
		return -1;
	if (!strcmp(way, "sibling")) {
		sibling = clone(spin_process, stack + SPINNER_STACK, CLONE_FILES | SIGCHLD, theft);
		if (sibling < 0)
			return -1;
	}
	for (; count > 0; count--)
		try_open(theft, way, &ring, path);
	theft->over = 1;
	if (!strcmp(way, "thread"))
		pthread_join(thread, NULL);
	if (sibling > 0)
		waitpid(sibling, NULL, 0);
	tell_all(activity, theft);
	return 0;
}

static long use(const char *way, struct ring *ring, int file, int out, const char *path)
{
	static char bytes[64];
	struct io_uring_sqe request = {
		.opcode = IORING_OP_READ, .fd = file, .addr = (unsigned long)bytes, .len = sizeof(bytes),
	};
	loff_t start = 0;
	char *memory;

	if (!strcmp(way, "read"))
		return pread(file, bytes, sizeof(bytes), 0);
	if (!strcmp(way, "write"))
		return pwrite(file, "x", 1, 0);
	if (!strcmp(way, "ring"))
		return ring_do(ring, &request);
	if (!strcmp(way, "sendfile"))
		return sendfile(out, file, &start, sizeof(bytes));
	if (!strcmp(way, "splice"))
		return splice(file, &start, out, NULL, sizeof(bytes), 0);
	if (!strcmp(way, "cut"))
		return ftruncate(file, 0) ? -1 : 1;
	if (!strcmp(way, "truncate"))
		return truncate(path, 0) ? -1 : 1;
	memory = mmap(NULL, sizeof(bytes), PROT_READ, MAP_SHARED, file, 0);
	if (memory == MAP_FAILED)
		return -1;
	munmap(memory, sizeof(bytes));
	return sizeof(bytes);
}

/* use PATH WAY COUNT: opens it once, which must be allowed, and uses the descriptor again and again. */
static int use_often(const struct activity *activity, const struct step *step)
{
	const char *path = step->arguments[0], *way = step->arguments[1];
	long count = strtol(step->arguments[2], NULL, 0), got;
	struct theft theft = {};
	struct ring ring = {};
	int file = open(path, O_RDWR), out[2];

	if (file < 0 || pipe(out) || (!strcmp(way, "ring") && ring_open(&ring)))
		return -1;
	for (; count > 0; count--) {
		got = use(way, &ring, file, out[1], path);
		if (got < 0)
			theft.refused += errno == EPERM;
		else
			theft.passed++;
		theft.bytes += got > 0 ? got : 0;
	}
	tell_all(activity, &theft);
	return close(file);
}

/* peek PATH COUNT: a process of its own opens the file, reads it, and keeps what it got, again and again.
 * Processes that were killed count as refused, those that went on as passed. */
static int peek(const struct activity *activity, const struct step *step)
{
	const char *path = step->arguments[0];
	long count = strtol(step->arguments[1], NULL, 0);
	struct theft *theft = mmap(NULL, sizeof(*theft), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (theft == MAP_FAILED)
		return -1;
	for (; count > 0; count--) {
		int status;
		/* Not fork(): it copies the page tables of all that the tests have in memory, 20 ms and more. */
		pid_t child = vfork();

		if (child < 0)
			return -1;
		if (!child) {
			char bytes[64];
			int file = open(path, O_RDONLY);
			long got = read(file, bytes, sizeof(bytes));

			if (got > 0)
				theft->bytes += got;
			_exit(0);
		}
		if (waitpid(child, &status, 0) != child)
			return -1;
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			theft->refused++;
		else
			theft->passed++;
	}
	tell_all(activity, theft);
	return 0;
}

int secret_do(const struct activity *activity, const struct step *step, int *result)
{
	if (!strcmp(step->name, "steal") && step->count == 3)
		*result = steal(activity, step);
	else if (!strcmp(step->name, "use") && step->count == 3)
		*result = use_often(activity, step);
	else if (!strcmp(step->name, "peek") && step->count == 2)
		*result = peek(activity, step);
	else
		return 0;
	return 1;
}
