/* Here, and not in the header, _GNU_SOURCE may be on: see the header. */
#define _GNU_SOURCE
#include "CLinuxShims.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <link.h>
#include <linux/membarrier.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

int secd_rename_noreplace(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

unsigned long long secd_birth_time(int fd)
{
	struct statx status;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &status) || !(status.stx_mask & STATX_BTIME))
		return 0;
	return (unsigned long long)status.stx_btime.tv_sec * 1000000000ULL + status.stx_btime.tv_nsec;
}

int secd_unshare_mounts(void)
{
	return unshare(CLONE_NEWNS);
}

void secd_lower_priority(void)
{
	/* 0 is the calling thread: on Linux the nice value belongs to the thread. */
	setpriority(PRIO_PROCESS, 0, 19);
}

void secd_request_short_slices(void)
{
	/* struct sched_attr of the kernel's first version (SCHED_ATTR_SIZE_VER0): older libcs lack it. */
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attributes = {
		.size = sizeof(attributes),
		.policy = SCHED_OTHER,
		.nice = getpriority(PRIO_PROCESS, 0),
		.runtime = 100 * 1000,
	};

	if (sched_getscheduler(0) == SCHED_OTHER)
		syscall(SYS_sched_setattr, 0, &attributes, 0);
}

static int release_segments(struct dl_phdr_info *object, size_t size, void *unused)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)unused;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t start, end;

		/* Writable segments hold relocated data, which exists in memory only. */
		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
			continue;
		start = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
		end = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~(page - 1);
		if (end > start)
			madvise((void *)start, end - start, MADV_DONTNEED);
	}
	return 0;
}

void secd_release_code(void)
{
	dl_iterate_phdr(release_segments, NULL);
}

int secd_pidfd_open(int pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

int secd_wait_for_programs(void)
{
	return syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

int secd_pidfd_send_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int secd_fanotify_init(unsigned int flags, unsigned int event_flags)
{
	return syscall(SYS_fanotify_init, flags, event_flags);
}

int secd_fanotify_mark(int group, unsigned int flags, unsigned long long mask, int directory,
		       const char *path)
{
	return syscall(SYS_fanotify_mark, group, flags, mask, directory, path);
}

/* Of linux/mount.h, which older C libraries cannot have beside sys/mount.h. */
#define SECD_FSOPEN_CLOEXEC      1
#define SECD_FSCONFIG_CMD_CREATE 6
#define SECD_FSMOUNT_CLOEXEC     1
#define SECD_MOUNT_ATTRIBUTES    (0x2 | 0x4 | 0x8) /* nosuid, nodev, noexec */

int secd_open_file_system(const char *type)
{
	return syscall(SYS_fsopen, type, SECD_FSOPEN_CLOEXEC);
}

int secd_mount_detached(int context)
{
	if (syscall(SYS_fsconfig, context, SECD_FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -1;
	return syscall(SYS_fsmount, context, SECD_FSMOUNT_CLOEXEC, SECD_MOUNT_ATTRIBUTES);
}

int secd_file_identity(int directory, const char *path, struct secd_file_identity *identity)
{
	struct statx status;

	if (statx(directory, path, AT_EMPTY_PATH, STATX_INO | STATX_TYPE | STATX_NLINK | STATX_BTIME,
		  &status))
		return -1;
	identity->device = (unsigned long long)status.stx_dev_major << 32 | status.stx_dev_minor;
	identity->inode = status.stx_ino;
	identity->born = 0;
	if (status.stx_mask & STATX_BTIME)
		identity->born = (unsigned long long)status.stx_btime.tv_sec * 1000000000ULL +
				 status.stx_btime.tv_nsec;
	identity->mode = status.stx_mode;
	identity->links = status.stx_nlink;
	return 0;
}

int secd_readable_bytes(int descriptor)
{
	int bytes = 0;

	return ioctl(descriptor, FIONREAD, &bytes) ? -1 : bytes;
}

int secd_is_own_thread(int tid)
{
	return syscall(SYS_tgkill, getpid(), tid, 0) == 0;
}
