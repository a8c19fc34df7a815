/* SPDX-License-Identifier: Apache-2.0 */
/* The steps. Numbers are decimal or 0x…; an `exec` step replaces the process and ends the script. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long number(const struct step *step, int index)
{
	return index < step->count ? strtol(step->arguments[index], NULL, 0) : 0;
}

static const char *text(const struct step *step, int index)
{
	return index < step->count ? step->arguments[index] : "";
}

static void report(const struct activity *activity, int64_t value)
{
	if (write(activity->report, &value, sizeof(value)) < 0)
		_exit(98);
}

/* CPU time of this process in nanoseconds. Asking brings the kernel's own account up to date. */
static int64_t cpu_time(void)
{
	struct timespec used = {};

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	return used.tv_sec * 1000000000LL + used.tv_nsec;
}

/* Number of this process in the pid namespace of /proc: the one that events show. */
static long host_pid(void)
{
	char link[32] = {};

	return readlink("/proc/self", link, sizeof(link) - 1) > 0 ? atol(link) : -ESRCH;
}

int copy_to(const char *source, int to)
{
	char buffer[65536];
	int from = open(source, O_RDONLY | O_CLOEXEC);
	ssize_t count;

	if (from < 0)
		return -1;
	while ((count = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, count) != count)
			return -1;
	close(from);
	return count < 0 ? -1 : 0;
}

/* copy SOURCE TARGET MODE */
static int copy(const struct step *step)
{
	int to = open(text(step, 1), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

	if (to < 0 || copy_to(text(step, 0), to) || fchmod(to, number(step, 2)))
		return -1;
	return close(to);
}

/* touch MIB: so much memory becomes resident, and is given back. */
static int touch(const struct step *step)
{
	size_t size = number(step, 0) << 20;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -1;
	memset(memory, 1, size);
	return munmap(memory, size);
}

/* write PATH BYTES, in pieces of 4 KiB */
static int write_file(const struct step *step)
{
	static char block[4096];
	int file = open(text(step, 0), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	long left;

	for (left = number(step, 1); file >= 0 && left > 0; left -= sizeof(block))
		if (write(file, block, sizeof(block)) != sizeof(block))
			return -1;
	return file < 0 ? -1 : close(file);
}

/* put PATH TEXT: for files of /proc, /sys and cgroups */
static int put(const struct step *step)
{
	int file = open(text(step, 0), O_WRONLY | O_CLOEXEC);

	if (file < 0 || write(file, text(step, 1), strlen(text(step, 1))) < 0)
		return -1;
	return close(file);
}

/* capset MASK: permitted and effective become MASK */
static int set_capabilities(const struct step *step)
{
	uint64_t mask = strtoull(text(step, 0), NULL, 0);
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = mask, .permitted = mask },
		{ .effective = mask >> 32, .permitted = mask >> 32 },
	};

	return syscall(SYS_capset, &header, data);
}

static int set_namespace(const struct step *step)
{
	int file = open(text(step, 0), O_RDONLY | O_CLOEXEC);

	if (file < 0 || setns(file, 0))
		return -1;
	return close(file);
}

static int core_limit(const struct step *step)
{
	struct rlimit limit = { .rlim_cur = number(step, 0), .rlim_max = number(step, 0) };

	return setrlimit(RLIMIT_CORE, &limit);
}

static void wait_for_go(const struct activity *activity)
{
	char byte;

	while (read(activity->go, &byte, 1) < 0 && errno == EINTR)
		;
}

static int do_files(const struct step *step, int *result)
{
	const char *name = step->name;

	if (!strcmp(name, "chdir"))
		*result = chdir(text(step, 0));
	else if (!strcmp(name, "mkdir"))
		*result = mkdir(text(step, 0), 0755);
	else if (!strcmp(name, "enter")) /* mkdir and chdir */
		*result = mkdir(text(step, 0), 0755) ? -1 : chdir(text(step, 0));
	else if (!strcmp(name, "chroot"))
		*result = chroot(text(step, 0));
	else if (!strcmp(name, "copy"))
		*result = copy(step);
	else if (!strcmp(name, "unlink"))
		*result = unlink(text(step, 0));
	else if (!strcmp(name, "write"))
		*result = write_file(step);
	else if (!strcmp(name, "put"))
		*result = put(step);
	else if (!strcmp(name, "mount")) /* SOURCE TARGET TYPE FLAGS DATA */
		*result = mount(text(step, 0), text(step, 1), text(step, 2), number(step, 3), text(step, 4));
	else if (!strcmp(name, "umount")) /* TARGET FLAGS */
		*result = umount2(text(step, 0), number(step, 1));
	else if (!strcmp(name, "private-mounts"))
		*result = mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	else
		return 0;
	return 1;
}

static int do_credentials(const struct step *step, int *result)
{
	const char *name = step->name;

	/* The raw calls: glibc would change every thread. */
	if (!strcmp(name, "setuid"))
		*result = syscall(SYS_setuid, number(step, 0));
	else if (!strcmp(name, "setresuid"))
		*result = syscall(SYS_setresuid, number(step, 0), number(step, 1), number(step, 2));
	else if (!strcmp(name, "setresgid"))
		*result = syscall(SYS_setresgid, number(step, 0), number(step, 1), number(step, 2));
	else if (!strcmp(name, "setgroups"))
		*result = syscall(SYS_setgroups, 0, NULL);
	else if (!strcmp(name, "capset"))
		*result = set_capabilities(step);
	else if (!strcmp(name, "no-new-privileges"))
		*result = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	else if (!strcmp(name, "unshare"))
		*result = unshare(number(step, 0));
	else if (!strcmp(name, "setns"))
		*result = set_namespace(step);
	else
		return 0;
	return 1;
}

static int do_other(const struct activity *activity, const struct step *step, int *result)
{
	const char *name = step->name;

	*result = 0;
	if (!strcmp(name, "report"))
		report(activity, host_pid());
	else if (!strcmp(name, "cpu-time"))
		report(activity, cpu_time());
	else if (!strcmp(name, "wait"))
		wait_for_go(activity);
	else if (!strcmp(name, "touch"))
		*result = touch(step);
	else if (!strcmp(name, "core-limit"))
		*result = core_limit(step);
	else
		return 0;
	return 1;
}

static int perform(const struct activity *activity, const struct step *step)
{
	int result = 0;

	errno = 0;
	if (processes_do(step, &result) || do_files(step, &result) || files_do(step, &result) ||
	    pieces_do(step, &result) || secret_do(activity, step, &result) ||
	    do_credentials(step, &result) || do_other(activity, step, &result) || threads_do(step, &result) ||
	    sockets_do(activity, step, &result) || messages_do(activity, step, &result) ||
	    traced_do(activity, step, &result) || compat_do(step, &result))
		return result;
	errno = ENOSYS;
	return -1;
}

/* fails ERRNO STEP ARGUMENT…: does what the other step does, which must fail that way. */
static int fails(const struct activity *activity, const struct step *step)
{
	struct step inner = { .name = text(step, 1), .count = step->count - 2, .arguments = step->arguments + 2 };

	if (perform(activity, &inner) >= 0) {
		errno = 0;
		return -1;
	}
	return errno == number(step, 0) ? 0 : -1;
}

_Noreturn void activity_run(const struct activity *activity, int first)
{
	int index, result;

	for (index = first; index < activity->step_count; index++) {
		const struct step *step = &activity->steps[index];

		result = strcmp(step->name, "fails") ? perform(activity, step) : fails(activity, step);
		if (result < 0) {
			report(activity, -(1000 * (int64_t)index + errno));
			_exit(99);
		}
	}
	_exit(0);
}
