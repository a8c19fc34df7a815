/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that need a second thread. */
#include "internal.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long number(const struct step *step, int index)
{
	return index < step->count ? strtol(step->arguments[index], NULL, 0) : 0;
}

static void *exec_in_thread(void *argument)
{
	const struct step *step = argument;

	execve(step->arguments[0], step->arguments + 1, environ);
	_exit(97);
}

/* exec-thread PATH ARGV… */
static int exec_thread(const struct step *step)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, exec_in_thread, (void *)step))
		return -1;
	for (;;)
		pause();
}

static void *burn(void *argument)
{
	struct timespec used;
	long milliseconds = *(long *)argument;

	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	} while (used.tv_sec * 1000 + used.tv_nsec / 1000000 < milliseconds);
	return NULL;
}

/* burn MILLISECONDS THREADS: each thread uses that much CPU. 0 threads = this one. */
static int burn_cpu(const struct step *step)
{
	long milliseconds = number(step, 0), count = number(step, 1), index;
	pthread_t threads[64];

	if (count == 0)
		burn(&milliseconds);
	for (index = 0; index < count && index < 64; index++)
		if (pthread_create(&threads[index], NULL, burn, &milliseconds))
			return -1;
	for (index = 0; index < count && index < 64; index++)
		pthread_join(threads[index], NULL);
	return 0;
}

static void *sleep_for_ever(void *argument)
{
	for (;;)
		pause();
	return argument;
}

/* threads-killed COUNT CODE: threads that wait are ended by exit_group of the first. */
static int threads_killed(const struct step *step)
{
	pthread_t thread;
	long index;

	for (index = 0; index < number(step, 0); index++)
		if (pthread_create(&thread, NULL, sleep_for_ever, NULL))
			return -1;
	_exit(number(step, 1));
}

static void *change_credentials(void *argument)
{
	long *answer = argument;

	*answer = syscall(SYS_setresuid, *answer, *answer, *answer) ? -errno : 1;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	syscall(SYS_futex, answer, FUTEX_WAKE, 1, NULL, NULL, 0);
	return sleep_for_ever(NULL);
}

/* thread-setuid UID: another thread's credentials change, this one's do not. */
static int thread_setuid(const struct step *step)
{
	static long answer;
	long asked = number(step, 0);
	pthread_t thread;

	answer = asked;
	if (pthread_create(&thread, NULL, change_credentials, &answer))
		return -1;
	while (__atomic_load_n(&answer, __ATOMIC_SEQ_CST) == asked)
		syscall(SYS_futex, &answer, FUTEX_WAIT, (int)asked, NULL, NULL, 0);
	errno = answer < 0 ? -answer : 0;
	return answer < 0 ? -1 : 0;
}

struct masks {
	long mask, count;
};

static void *call_umask(void *argument)
{
	const struct masks *masks = argument;

	for (long left = masks->count; left > 0; left--)
		syscall(SYS_umask, masks->mask);
	return NULL;
}

/* thread-umask MASK COUNT: another thread calls umask(2) that often, and ends. */
static int thread_umask(const struct step *step)
{
	struct masks masks = { .mask = number(step, 0), .count = number(step, 1) };
	pthread_t thread;

	if (pthread_create(&thread, NULL, call_umask, &masks))
		return -1;
	return pthread_join(thread, NULL) ? -1 : 0;
}

/* umasks FIRST COUNT: umask(2) with so many numbers from the first on. */
static int umasks(const struct step *step)
{
	long first = number(step, 0), count = number(step, 1);

	for (long n = 0; n < count; n++)
		syscall(SYS_umask, first + n);
	return 0;
}

static void *exit_later(void *argument)
{
	usleep(50000);
	_exit((int)(long)argument);
}

/* leader-leaves CODE: the first thread ends, another ends the process 50 ms later. */
static int leader_leaves(const struct step *step)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, exit_later, (void *)number(step, 0)))
		return -1;
	syscall(SYS_exit, 0);
	return -1;
}

int threads_do(const struct step *step, int *result)
{
	const char *name = step->name;

	if (!strcmp(name, "exec-thread"))
		*result = exec_thread(step);
	else if (!strcmp(name, "burn"))
		*result = burn_cpu(step);
	else if (!strcmp(name, "leader-leaves"))
		*result = leader_leaves(step);
	else if (!strcmp(name, "threads-killed"))
		*result = threads_killed(step);
	else if (!strcmp(name, "thread-setuid"))
		*result = thread_setuid(step);
	else if (!strcmp(name, "thread-umask"))
		*result = thread_umask(step);
	else if (!strcmp(name, "umasks"))
		*result = umasks(step);
	else
		return 0;
	return 1;
}
