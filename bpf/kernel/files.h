/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* File system: inodes, names, mounts, open files and who holds them. */
#ifndef SECD_KERNEL_FILES_H
#define SECD_KERNEL_FILES_H

#include "namespaces.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct qstr {
	__u32 len;
	const unsigned char *name;
};
struct super_block;
struct inode {
	umode_t i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	struct super_block *i_sb;
	unsigned long i_ino;
	unsigned int i_nlink;
	dev_t i_rdev;
	__s64 i_size;
	__u32 i_generation;
};
/* i_ctime became two fields in 6.11 (commit 3aa63a569c64); __i_ctime was 6.6 to 6.10. */
struct inode___since611 {
	__s64 i_ctime_sec;
	__u32 i_ctime_nsec;
};
struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};
struct inode___since66 {
	struct timespec64 __i_ctime;
};
struct inode___before66 {
	struct timespec64 i_ctime;
};
struct super_block {
	dev_t s_dev;
	unsigned long s_flags;
	unsigned long s_magic;
};
struct dentry {
	unsigned int d_flags;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
};
struct vfsmount {
	struct dentry *mnt_root;
	struct super_block *mnt_sb;
};
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	struct inode *f_inode;
	unsigned int f_flags;
	unsigned int f_mode;
	struct path f_path;
	void *private_data;
};
/* The reference count is file_ref_t, counted from 0, since 6.13 (commit 90ee6ed776c0). */
typedef struct {
	atomic64_t refcnt;
} file_ref_t;
struct file___since613 {
	file_ref_t f_ref;
};
struct file___before613 {
	atomic64_t f_count;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	struct fdtable *fdt;
};
struct fs_struct {
	int umask;
	struct path root;
	struct path pwd;
};

#pragma clang attribute pop

#endif
