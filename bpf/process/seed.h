/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Processes older than the daemon. The iterator runs after the hooks are on, so the first
 * writer wins: a record that fork or exec made meanwhile is left alone.
 */
#ifndef SECD_PROCESS_SEED_H
#define SECD_PROCESS_SEED_H

#include "../lib/inode.h"
#include "../lib/path.h"
#include "../lib/process.h"
#include "../lib/words.h"
#include "fileless.h"

#define SECD_INIT_PID 1

/*
 * The program and the working directory, read from a task that goes on meanwhile. A task that
 * executes or ends in the middle could show another's file: then it is looked at no further.
 */
static __always_inline __u32 seed_paths(struct secd_scratch *scratch, __u32 end, struct secd_seed *seed,
					struct task_struct *task)
{
	struct mm_struct *mm = kload(task, mm);
	struct fs_struct *fs = kload(task, fs);
	__u32 begin = end;
	struct file *file;

	if (!mm || !fs || (kload(task, flags) & SECD_PF_KTHREAD))
		return end;
	file = kload(mm, exe_file);
	if (!file)
		return end;
	inode_read(&seed->binary_inode, kload(file, f_inode));
	if (is_fileless(file))
		seed->flags |= SECD_IMAGE_FILELESS;
	end = path_append(scratch, end, &seed->binary, kload(file, f_path.mnt), kload(file, f_path.dentry),
			  kload(fs, root.mnt), kload(fs, root.dentry));
	end = path_append(scratch, end, &seed->cwd, kload(fs, pwd.mnt), kload(fs, pwd.dentry),
			  kload(fs, root.mnt), kload(fs, root.dentry));
	if (kload(task, mm) == mm && kload(mm, exe_file) == file && kload(task, fs) == fs)
		return end;
	__builtin_memset(&seed->binary_inode, 0, sizeof(seed->binary_inode));
	__builtin_memset(&seed->binary, 0, sizeof(seed->binary));
	__builtin_memset(&seed->cwd, 0, sizeof(seed->cwd));
	return begin;
}

/* Describes a process in the scratch record. Returns the record's end. */
static __always_inline __u32 seed_describe(struct secd_scratch *scratch, struct secd_process *process,
					   struct task_struct *task)
{
	struct secd_seed *seed = (struct secd_seed *)scratch->record;
	const struct cred *cred = kload(task, cred);
	struct tty_struct *tty;
	__u32 end;

	__builtin_memset(seed, 0, sizeof(*seed));
	seed->image = process->image;
	seed->parent = process->parent;
	seed->credentials = process->credentials;
	namespaces_read(&seed->namespaces, task, cred, &seed->pid_in_ns);
	seed->cgroup_id = task_cgroup_id(plain(task));
	seed->flags = process->flags;
	seed->process_start_ns = process->process_start_ns;
	seed->loginuid = kload(task, loginuid.val);
	seed->sessionid = kload(task, sessionid);
	bpf_probe_read_kernel(seed->comm, sizeof(seed->comm), task->comm);
	tty = kload(task, signal, tty);
	if (tty)
		bpf_probe_read_kernel_str(seed->tty, sizeof(seed->tty),
					  (void *)tty + bpf_core_field_offset(struct tty_struct, name));
	end = seed_paths(scratch, sizeof(*seed), seed, task);
	seed->size = end;
	return end;
}

static __always_inline long seed_write(struct seq_file *seq, struct secd_process *process,
				       struct task_struct *task)
{
	struct secd_scratch *scratch = scratch_claim();
	long result = -1;
	__u32 end;

	if (!scratch)
		return -1;
	end = seed_describe(scratch, process, task);
	if (end <= SECD_SCRATCH_RECORD)
		result = bpf_seq_write(seq, scratch->record, end);
	scratch_release(scratch);
	return result;
}

/*
 * Hardened kernels leave PID 1 out of the iterator: it is told beside its children. Its record is
 * kept only when it was told, because a full buffer makes the kernel ask for the child again.
 */
static __always_inline void seed_init(struct seq_file *seq, struct task_struct *child)
{
	struct task_struct *init = child->real_parent->group_leader;
	struct secd_process *process;

	if (!init || kload(init, tgid) != SECD_INIT_PID || process_of(init))
		return;
	process = process_create(init);
	if (!process)
		return;
	process_reconstruct(process, init);
	process->flags &= ~SECD_IMAGE_RECONSTRUCTED;
	if (seed_write(seq, process, init))
		process_forget(init);
}

static __always_inline int task_seeded(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct secd_process *process;
	bool is_new = false;

	if (!task || kload(task, pid) != kload(task, tgid))
		return 0;
	/* Its slot is being claimed this instant on another CPU, whose program tells it. */
	process = slot_of(kload(task, tgid));
	if (process && process->process_start_ns != kload(task, start_boottime))
		return 0;
	process = process_create(task);
	if (!process)
		return 0;
	if (!process->image.start_ns) {
		process_reconstruct(process, task);
		is_new = true;
	}
	/* Beside an exec, which sets others. */
	__sync_fetch_and_and(&process->flags, ~SECD_IMAGE_RECONSTRUCTED);
	/*
	 * Ended already, and not waited for yet: its exit was or will be told where its fork was, and
	 * is not told where nothing was.
	 */
	if (kload(task, signal, live.counter) == 0) {
		if (is_new && !__sync_val_compare_and_swap(&process->exited, 0,
							   slot_time(bpf_ktime_get_boot_ns())))
			process_rest(process, kload(task, tgid));
		return 0;
	}
	if (!seed_write(ctx->meta->seq, process, task))
		seed_init(ctx->meta->seq, task);
	return 0;
}

#endif
