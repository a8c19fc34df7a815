/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs and scripts without a file that has a name: memfd, or deleted in a tmpfs. */
#ifndef SECD_PROCESS_FILELESS_H
#define SECD_PROCESS_FILELESS_H

#include "../lib/descriptor.h"
#include "../lib/inode.h"

static __always_inline bool is_fileless(struct file *file)
{
	struct dentry *dentry = pload(file, f_path.dentry);
	struct inode *inode = pload(file, f_inode);

	return pload(inode, i_nlink) == 0 && pload(dentry, d_sb, s_magic) == SECD_TMPFS_MAGIC;
}

/* Of `/dev/fd/`, which the kernel writes in front of the number. */
#define SECD_FD_PATH_PREFIX 8

/*
 * Whether a script was given as a descriptor (fexecve) of a file without a name: the program is
 * the interpreter then, and of the script only `/dev/fd/3` is left.
 */
static __always_inline bool is_fileless_script(struct task_struct *task, struct linux_binprm *bprm)
{
	const char *path = kload(bprm, fdpath);
	char digits[8] = {};
	struct file *file;
	__u32 fd = 0, index;

	if (!path || bpf_probe_read_kernel_str(digits, sizeof(digits), path + SECD_FD_PATH_PREFIX) < 2)
		return false;
	for (index = 0; index < sizeof(digits) - 1 && digits[index]; index++) {
		if (digits[index] < '0' || digits[index] > '9')
			return false; /* a path below a directory's descriptor: it has a name */
		fd = fd * 10 + (digits[index] - '0');
	}
	/* A script's descriptor survives its exec: the interpreter must be able to open it. */
	file = file_of_descriptor(task, fd);
	return file && is_fileless(file);
}

#endif
