/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* struct inode to secd_inode. */
#ifndef SECD_LIB_INODE_H
#define SECD_LIB_INODE_H

#include "../kernel/access.h"
#include "../abi/process.h"

/* Linux S_ISUID and S_ISGID (include/uapi/linux/stat.h). */
#define SECD_S_ISUID 04000
#define SECD_S_ISGID 02000
/* TMPFS_MAGIC: memfd files live there too. */
#define SECD_TMPFS_MAGIC 0x01021994

static __always_inline __u64 inode_ctime(const struct inode *inode)
{
	const struct inode___since611 *since611 = (const void *)inode;
	const struct inode___since66 *since66 = (const void *)inode;
	const struct inode___before66 *before66 = (const void *)inode;
	__u64 seconds, nanoseconds;

	if (bpf_core_field_exists(since611->i_ctime_sec)) {
		seconds = kload(since611, i_ctime_sec);
		nanoseconds = kload(since611, i_ctime_nsec);
	} else if (bpf_core_field_exists(since66->__i_ctime)) {
		seconds = kload(since66, __i_ctime.tv_sec);
		nanoseconds = kload(since66, __i_ctime.tv_nsec);
	} else {
		seconds = kload(before66, i_ctime.tv_sec);
		nanoseconds = kload(before66, i_ctime.tv_nsec);
	}
	/* Since 6.13 the top bit says that somebody asked for the time (I_CTIME_QUERIED). */
	return seconds * 1000000000ULL + (nanoseconds & 0x7fffffff);
}

static __always_inline void inode_read(struct secd_inode *out, const struct inode *inode)
{
	out->number = kload(inode, i_ino);
	out->ctime_ns = inode_ctime(inode);
	out->device = kload(inode, i_sb, s_dev);
	out->generation = kload(inode, i_generation);
	out->links = kload(inode, i_nlink);
	out->mode = kload(inode, i_mode);
	out->uid = kload(inode, i_uid.val);
	out->gid = kload(inode, i_gid.val);
	out->size = kload(inode, i_size);
}

#endif
