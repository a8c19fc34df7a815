/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a descriptor to the kernel's file. Another thread may close the descriptor meanwhile:
 * then the loads see a file that is being freed, which is safe (they cannot fault) and at worst
 * describes the file that took its place.
 */
#ifndef SECD_LIB_DESCRIPTOR_H
#define SECD_LIB_DESCRIPTOR_H

#include "../kernel/access.h"

/* include/uapi/linux/stat.h */
#define SECD_S_IFMT   0170000
#define SECD_S_IFSOCK 0140000
#define SECD_S_IFREG  0100000

static __always_inline struct file *file_of_descriptor(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = kload(task, files, fdt);
	void *file;

	if (fd >= kload(table, max_fds))
		return NULL;
	file = pointer_at((void *)((__u64)kload(table, fd) + 8ULL * fd));
	return file ? kcast(file, file) : NULL;
}

/* The socket behind a file, or NULL for any other file. */
static __always_inline struct socket *socket_of_file(struct file *file)
{
	void *socket;

	if ((kload(file, f_inode, i_mode) & SECD_S_IFMT) != SECD_S_IFSOCK)
		return NULL;
	socket = kload(file, private_data);
	return socket ? kcast(socket, socket) : NULL;
}

/* Whether one reference to the file is left: closing this descriptor ends it. */
static __always_inline bool file_is_last(struct file *file)
{
	struct file___since613 *since613 = (void *)file;
	struct file___before613 *before613 = (void *)file;

	if (bpf_core_field_exists(since613->f_ref))
		return BPF_CORE_READ(since613, f_ref.refcnt.counter) == 0;
	return BPF_CORE_READ(before613, f_count.counter) == 1;
}

#endif
