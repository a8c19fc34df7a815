/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How the path of a script is learnt. When its interpreter begins to run, the script's own file is closed
 * already, and only the name is left that execve was given: it is made absolute, from the directory that it
 * counts from. Links on the way are not followed. `..` behind a link would lead elsewhere than it seems to:
 * such a name is unreadable.
 */
#ifndef SECD_TRACE_SCRIPT_EXEC_H
#define SECD_TRACE_SCRIPT_EXEC_H

#include "../lib/descriptor.h"
#include "process.h"

/* Of `/dev/fd/`, which the kernel writes in front of the number of a descriptor. */
#define SCRIPT_FD_PREFIX 8
#define SCRIPT_FD_DIGITS 10

/* The name as it is written behind its directory. */
struct script_walk {
	struct policy_work *work;
	struct secd_policy_script *script;
	__u32 slash;              /* of the last component in the text */
	__u32 length;             /* of that component so far */
	__u32 dots;               /* bytes of it that are dots */
	__u32 failed;
};

/* One byte of the name, its NUL included. */
static long script_step(__u32 index, struct script_walk *walk)
{
	__u32 at = POLICY_ASIDE + (index & (SECD_PATH_MAX - 1)), to;
	struct secd_policy_script *script = walk->script;
	__u8 byte;

	bounded(at, SECD_SCRATCH_RECORD - 1);
	byte = walk->work->scratch.record[at];
	if (byte && byte != '/') {
		walk->length++;
		walk->dots += byte == '.';
		to = walk->slash + walk->length;
	} else {
		if (walk->length == 2 && walk->dots == 2) {
			walk->failed = 1;
			return 1;
		}
		/* Nothing, or a dot: the next component takes its place. */
		if (walk->length && !(walk->length == 1 && walk->dots == 1))
			walk->slash += walk->length + 1;
		walk->length = walk->dots = 0;
		to = walk->slash;
		byte = '/';
	}
	bounded(to, SECD_PATH_MAX - 1);
	if (to >= SECD_POLICY_SCRIPT_MAX) {
		walk->failed = 1;
		return 1;
	}
	((__u8 *)script->text)[to] = byte;
	return 0;
}

/* Puts the path of `work->aside` in front of the text; returns its length, SCRIPT_MAX where there is none. */
static __always_inline __u32 script_directory(struct policy_work *work, struct secd_policy_script *script)
{
	struct secd_path *path = &work->aside_path;
	__u32 length;

	if (policy_path(work, &work->aside, POLICY_ASIDE, path) <= POLICY_ASIDE ||
	    (path->flags & (SECD_PATH_UNREADABLE | SECD_PATH_TRUNCATED)))
		return SECD_POLICY_SCRIPT_MAX;
	length = path->length;
	if (length == 1) /* the root: what follows brings the slash */
		return 0;
	bounded(length, SECD_PATH_MAX - 1);
	if (!length || length >= SECD_POLICY_SCRIPT_MAX ||
	    bpf_probe_read_kernel(script->text, length, work->scratch.record + POLICY_ASIDE))
		return SECD_POLICY_SCRIPT_MAX;
	return length;
}

/* The file of `/dev/fd/3…` (execveat); `rest` is what stands behind the number. A script's descriptor
 * survives its exec: the interpreter must be able to open it. */
static __always_inline struct file *script_descriptor(struct task_struct *task, const char *path,
						      const char **rest)
{
	char digits[SCRIPT_FD_DIGITS + 1] = {};
	__u32 fd = 0, n;

	if (bpf_probe_read_kernel_str(digits, sizeof(digits), path + SCRIPT_FD_PREFIX) < 2)
		return NULL;
	for (n = 0; n < SCRIPT_FD_DIGITS && digits[n] >= '0' && digits[n] <= '9'; n++)
		fd = fd * 10 + (digits[n] - '0');
	*rest = path + SCRIPT_FD_PREFIX + n;
	return file_of_descriptor(task, fd);
}

/* Writes the path; returns its length, 0 where it is not known. */
static __always_inline __u32 script_name(struct policy_work *work, struct task_struct *task,
					 struct linux_binprm *bprm, struct secd_policy_script *script)
{
	struct script_walk walk = { .work = work, .script = script };
	const char *name = kload(bprm, filename), *given = kload(bprm, fdpath);
	struct fs_struct *fs = kload(task, fs);
	struct file *file;
	char first = 0;
	long length;

	if (!fs || bpf_probe_read_kernel(&first, 1, name))
		return 0;
	if (given) {
		file = script_descriptor(task, given, &name);
		if (!file)
			return 0;
		work->aside.mnt = (__u64)kload(file, f_path.mnt);
		work->aside.dentry = (__u64)kload(file, f_path.dentry);
	} else if (first == '/') {
		work->aside.mnt = (__u64)kload(fs, root.mnt);
		work->aside.dentry = (__u64)kload(fs, root.dentry);
	} else {
		work->aside.mnt = (__u64)kload(fs, pwd.mnt);
		work->aside.dentry = (__u64)kload(fs, pwd.dentry);
	}
	walk.slash = script_directory(work, script);
	if (walk.slash >= SECD_POLICY_SCRIPT_MAX)
		return 0;
	length = bpf_probe_read_kernel_str(work->scratch.record + POLICY_ASIDE, SECD_PATH_MAX, name);
	if (length < 1)
		return 0;
	if (length == 1) /* the descriptor is the script */
		return given ? walk.slash : 0;
	((__u8 *)script->text)[walk.slash] = '/';
	bpf_loop(length, script_step, &walk, 0);
	return walk.failed ? 0 : walk.slash;
}

/* A process begins an image; the one who called execve leads it by now. */
static __always_inline int script_of_exec(struct linux_binprm *bprm)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_policy_process *process;
	struct secd_policy_script *script;
	struct policy_work *work;
	__u32 length = 0;

	if (kstring(bprm, interp) == kstring(bprm, filename)) {
		bpf_task_storage_delete(&secd_policy_scripts, task->group_leader);
		return 0;
	}
	script = bpf_task_storage_get(&secd_policy_scripts, task->group_leader, NULL,
				      BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!script) {
		count(SECD_COUNTER_STORAGE_FULL);
		return 0;
	}
	work = work_claim();
	if (work) {
		length = script_name(work, task, bprm, script);
		work_release(work);
	}
	script->length = length;
	script->is_unreadable = !length;
	script->image = image_number(task);
	/* What hooks in the middle of the exec have computed does not know of it. */
	process = policy_process_of(task);
	if (process) {
		*(volatile __u32 *)&process->generation = 0;
		*(volatile __u32 *)&process->marks_generation = 0;
	}
	return 0;
}

/* A process begins: it runs what its parent runs. */
static __always_inline int script_of_fork(struct task_struct *child)
{
	struct secd_policy_script *script, *copy;
	__u32 length;

	if (kload(child, pid) != kload(child, tgid))
		return 0;
	script = script_of_process(bpf_get_current_task_btf());
	if (!script)
		return 0;
	copy = bpf_task_storage_get(&secd_policy_scripts, child, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!copy) {
		count(SECD_COUNTER_STORAGE_FULL);
		return 0;
	}
	length = script->length;
	bounded(length, SECD_PATH_MAX - 1);
	if (length > SECD_POLICY_SCRIPT_MAX)
		return 0;
	if (length && bpf_probe_read_kernel(copy->text, length, script->text))
		length = 0;
	copy->length = length;
	copy->is_unreadable = !length;
	copy->image = script->image;
	return 0;
}

#endif
