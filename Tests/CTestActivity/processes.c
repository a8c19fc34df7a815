/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that make processes, make them other programs, or end them. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static long number(const struct step *step, int index)
{
	return index < step->count ? strtol(step->arguments[index], NULL, 0) : 0;
}

static const char *text(const struct step *step, int index)
{
	return index < step->count ? step->arguments[index] : "";
}

/* The parent of a forked step ends as its child did. */
_Noreturn static void follow(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* environment COUNT BYTES: V0=xxx…, V1=xxx…, of so many bytes each with their NUL, and nothing else. The kernel
 * takes a quarter of the stack's limit, which is raised for it. */
static int environment(const struct step *step)
{
	static char *variables[257];
	struct rlimit stack = {};
	long index, count = number(step, 0), bytes = number(step, 1);
	char *memory = mmap(NULL, count * bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || count > 256 || bytes < 16 || getrlimit(RLIMIT_STACK, &stack))
		return -1;
	for (index = 0; index < count; index++) {
		variables[index] = memory + index * bytes;
		memset(variables[index], 'x', bytes - 1);
		variables[index][snprintf(variables[index], 8, "V%ld", index)] = '=';
	}
	variables[count] = NULL;
	environ = variables;
	if (stack.rlim_cur < 16 << 20)
		stack.rlim_cur = 16 << 20;
	return setrlimit(RLIMIT_STACK, &stack);
}

/* exec-memfd NAME PATH ARGV… */
static int exec_memfd(const struct step *step)
{
	int file = memfd_create(text(step, 0), 0);

	if (file < 0 || copy_to(text(step, 1), file))
		return -1;
	return fexecve(file, step->arguments + 2, environ);
}

/* exec-fd PATH ARGV…: the descriptor stays open, as a script's interpreter needs it. */
static int exec_fd(const struct step *step)
{
	int file = open(text(step, 0), O_RDONLY);

	return file < 0 ? -1 : fexecve(file, step->arguments + 1, environ);
}

/* vfork-exec PATH ARGV… */
static int vfork_exec(const struct step *step)
{
	int status = 0;
	pid_t child = vfork();

	if (child == 0) {
		execve(step->arguments[0], step->arguments + 1, environ);
		_exit(97);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 97) {
		errno = ENOEXEC;
		return -1;
	}
	return 0;
}

/* many-exec COUNT PATH ARGV… */
static int many_exec(const struct step *step)
{
	struct step one = { .name = step->name, .count = step->count - 1, .arguments = step->arguments + 1 };
	long index;

	for (index = 0; index < number(step, 0); index++)
		if (vfork_exec(&one))
			return -1;
	return 0;
}

/* many-clone COUNT FLAGS: children that end at once. */
static int many_clone(const struct step *step)
{
	long index;

	for (index = 0; index < number(step, 0); index++) {
		pid_t child = syscall(SYS_clone, number(step, 1) | SIGCHLD, 0, 0, 0, 0);

		if (child == 0)
			_exit(0);
		if (child < 0 || waitpid(child, NULL, 0) < 0)
			return -1;
	}
	return 0;
}

/* Stays until it is killed. */
static void stay(void)
{
	for (;;)
		pause();
}

/* brood COUNT: children that each have a child; all of them stay until they are killed. */
static int brood(const struct step *step)
{
	long index;
	int ready[2];
	char byte;

	if (pipe(ready))
		return -1;
	for (index = 0; index < number(step, 0); index++) {
		pid_t child = fork();

		if (child < 0)
			return -1;
		if (child)
			continue;
		child = fork();
		if (write(ready[1], "b", 1) != 1 || child < 0)
			_exit(1);
		stay();
	}
	for (index = 0; index < 2 * number(step, 0); index++)
		if (read(ready[0], &byte, 1) != 1)
			return -1;
	return 0;
}

/* fork: the child goes on, the parent ends as it does; fork-leave: the parent ends at once. */
static int forked(const struct step *step, pid_t child)
{
	if (child < 0)
		return -1;
	if (child == 0)
		return 0;
	if (strcmp(step->name, "fork-leave") == 0)
		_exit(0);
	follow(child);
}

/* fork-beside DISTANCE: the child's number is that of its parent and a multiple of DISTANCE. */
static pid_t fork_beside(long distance)
{
	long shift;

	for (shift = -64 * distance; shift <= 64 * distance; shift += distance) {
		pid_t wanted = getpid() + shift;
		struct clone_args clone = {
			.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted, .set_tid_size = 1,
		};
		long child = wanted > 1 && shift ? syscall(SYS_clone3, &clone, sizeof(clone)) : -1;

		if (child >= 0)
			return child;
	}
	return -1;
}

/* many-beside DISTANCE COUNT: so many of them, one after the other; each ends at once. */
static int many_beside(const struct step *step)
{
	long index;

	for (index = 0; index < number(step, 1); index++) {
		pid_t child = fork_beside(number(step, 0));

		if (child == 0)
			_exit(0);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			return -1;
	}
	return 0;
}

/* fork-mkdir PATH: the child makes a folder. */
static int fork_mkdir(const struct step *step)
{
	pid_t child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (child == 0)
		_exit(mkdir(text(step, 0), 0755) ? 1 : 0);
	return child < 0 || waitpid(child, NULL, 0) < 0 ? -1 : 0;
}

/* terminal: a new session on a pseudo terminal */
static int terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;

	if (master < 0 || grantpt(master) || unlockpt(master))
		return -1;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0 || setsid() < 0)
		return -1;
	return ioctl(slave, TIOCSCTTY, 0);
}

int processes_do(const struct step *step, int *result)
{
	const char *name = step->name;

	if (!strcmp(name, "exec"))
		*result = execve(text(step, 0), step->arguments + 1, environ);
	else if (!strcmp(name, "exec-without-argv"))
		*result = syscall(SYS_execve, text(step, 0), NULL, environ);
	else if (!strcmp(name, "environment"))
		*result = environment(step);
	else if (!strcmp(name, "exec-memfd"))
		*result = exec_memfd(step);
	else if (!strcmp(name, "exec-fd"))
		*result = exec_fd(step);
	else if (!strcmp(name, "vfork-exec"))
		*result = vfork_exec(step);
	else if (!strcmp(name, "many-exec"))
		*result = many_exec(step);
	else if (!strcmp(name, "many-clone"))
		*result = many_clone(step);
	else if (!strcmp(name, "brood"))
		*result = brood(step);
	else if (!strcmp(name, "fork") || !strcmp(name, "fork-leave"))
		*result = forked(step, fork());
	else if (!strcmp(name, "fork-beside"))
		*result = forked(step, fork_beside(number(step, 0)));
	else if (!strcmp(name, "many-beside"))
		*result = many_beside(step);
	else if (!strcmp(name, "clone")) /* FLAGS */
		*result = forked(step, syscall(SYS_clone, number(step, 0) | SIGCHLD, 0, 0, 0, 0));
	else if (!strcmp(name, "fork-mkdir"))
		*result = fork_mkdir(step);
	else if (!strcmp(name, "setsid"))
		*result = setsid() < 0 ? -1 : 0;
	else if (!strcmp(name, "terminal"))
		*result = terminal();
	else if (!strcmp(name, "exit"))
		_exit(number(step, 0));
	else if (!strcmp(name, "kill"))
		*result = kill(getpid(), number(step, 0));
	else
		return 0;
	return 1;
}
