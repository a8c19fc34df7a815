/*
 * What Swift's Glibc module hides or cannot call: headers that it leaves out, variadic functions,
 * macros with arguments. No logic.
 */
#ifndef SECD_LINUX_SHIMS_H
#define SECD_LINUX_SHIMS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* open(2) is variadic. */
static inline int secd_open(const char *path, int flags, unsigned int mode)
{
	return open(path, flags, mode);
}

static inline int secd_openat(int directory, const char *path, int flags, unsigned int mode)
{
	return openat(directory, path, flags, mode);
}

/* glibc 2.36 has no wrapper for open_by_handle_at with a bare cgroup id. */
struct secd_cgroup_handle {
	unsigned int handle_bytes;
	int handle_type;
	unsigned long long id;
};

/* FILEID_KERNFS of include/linux/exportfs.h: a kernfs node by its 64-bit id. */
#define SECD_FILEID_KERNFS 0xfe

static inline int secd_open_cgroup(int mount_fd, unsigned long long id)
{
	struct secd_cgroup_handle handle = {
		.handle_bytes = sizeof(unsigned long long),
		.handle_type = SECD_FILEID_KERNFS,
		.id = id,
	};

	return (int)syscall(SYS_open_by_handle_at, mount_fd, &handle, O_RDONLY | O_CLOEXEC);
}

#endif
