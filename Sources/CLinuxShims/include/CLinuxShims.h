/*
 * What Swift's Glibc module hides or cannot call: headers that it leaves out, variadic functions,
 * macros with arguments. No logic.
 */
#ifndef SECD_LINUX_SHIMS_H
#define SECD_LINUX_SHIMS_H

/*
 * Without _GNU_SOURCE: Swift's Glibc module is built without it, and where both include a header
 * whose types depend on it (fd_set, enum __rusage_who), the compiler refuses to mix them, depending on
 * the order in which modules were built. What needs it is declared by hand below.
 */
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

/* glibc's own prototypes, visible only with _GNU_SOURCE. */
extern int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask);
extern int pthread_setname_np(pthread_t thread, const char *name);

/* renameat2(2) with RENAME_NOREPLACE; -1 with errno. */
int secd_rename_noreplace(const char *from, const char *to);

/* Birth time of an open file in nanoseconds since 1970 (statx(2)); 0 where it is not recorded. */
unsigned long long secd_birth_time(int fd);

/* Gives the calling thread a mount namespace of its own (unshare(2)); -1 with errno. */
int secd_unshare_mounts(void);

/* Gives the calling thread the lowest share of the processor (nice 19). */
void secd_lower_priority(void);

/*
 * Asks for slices of the processor of 0.1 ms, the shortest that the fair scheduler gives (6.12, commit 857b158dc5e8),
 * for the calling thread: its share stays what it is, and it has its turn sooner when it wakes. Nothing happens in
 * threads of other policies, and on older kernels.
 */
void secd_request_short_slices(void);

/* Unmaps the pages of all segments that are never written (madvise(2), MADV_DONTNEED). */
void secd_release_code(void);

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

/*
 * fanotify(7), by hand: older C libraries lack what newer kernels have, and the macros of its header are
 * of types that Swift does not import.
 */
struct secd_fanotify_event {
	unsigned int length;
	unsigned char version;
	unsigned char reserved;
	unsigned short head_length;
	unsigned long long mask;
	int descriptor;
	int pid;
};

struct secd_fanotify_answer {
	int descriptor;
	unsigned int answer;
};

int secd_fanotify_init(unsigned int flags, unsigned int event_flags);
int secd_fanotify_mark(int group, unsigned int flags, unsigned long long mask, int directory,
		       const char *path);

/* Begins a mount of a type of file systems that needs no device (fsopen(2)); -1 with errno. */
int secd_open_file_system(const char *type);

/* A mount of it that stands in no folder (fsconfig(2), fsmount(2)); -1 with errno. */
int secd_mount_detached(int context);

/* Tells one file from another, also where an inode number is used again. */
struct secd_file_identity {
	unsigned long long device;
	unsigned long long inode;
	unsigned long long born;  /* nanoseconds since 1970; 0 where it is not recorded */
	unsigned int mode;
	unsigned int links;
};

/* Of a path, its last link followed; of `directory` itself where the path is empty. 0, or -1 with errno. */
int secd_file_identity(int directory, const char *path, struct secd_file_identity *identity);

/* Bytes that a read would give (ioctl FIONREAD); -1 with errno. */
int secd_readable_bytes(int descriptor);

/* Whether a thread is one of this process. */
int secd_is_own_thread(int tid);

/* A descriptor for a process by its number; -1 with errno. */
int secd_pidfd_open(int pid);

/* Returns when every program that ran when it was called has ended (synchronize_rcu); -1 with errno. */
int secd_wait_for_programs(void);

/* Sends a signal to the process of a descriptor; -1 with errno. */
int secd_pidfd_send_signal(int pidfd, int signal);

#endif
