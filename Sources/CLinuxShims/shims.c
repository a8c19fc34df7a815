/* Here, and not in the header, _GNU_SOURCE may be on: see the header. */
#define _GNU_SOURCE
#include "CLinuxShims.h"

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
