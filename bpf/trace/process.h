/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a generation knows of a process: classes of its binary and script, of its parent's, of its arguments.
 * Computed when a process first comes to a hook that asks; kept in task storage for the image and generation.
 */
#ifndef SECD_TRACE_PROCESS_H
#define SECD_TRACE_PROCESS_H

#include "facts.h"
#include "path_text.h"
#include "script.h"

static __always_inline struct secd_policy_process *policy_process_of(struct task_struct *task)
{
	return bpf_task_storage_get(&secd_policy_processes, task->group_leader, NULL, 0);
}

/* The class of a file by its path as text, which is put aside. */
static __always_inline __u32 class_of_file(struct policy_work *work, struct secd_policy_lookup *lookup,
					   struct file *file)
{
	struct secd_path *path = &work->aside_path;
	__u32 end;

	if (!file)
		return SECD_POLICY_ABSENT;
	work->aside.mnt = (__u64)kload(file, f_path.mnt);
	work->aside.dentry = (__u64)kload(file, f_path.dentry);
	end = policy_path(work, &work->aside, POLICY_ASIDE, path);
	if (end <= POLICY_ASIDE || (path->flags & (SECD_PATH_UNREADABLE | SECD_PATH_TRUNCATED)))
		return SECD_POLICY_UNREADABLE;
	if (lookup->family == SECD_POLICY_ENDINGS)
		return policy_ending(work, lookup, POLICY_ASIDE, path->length);
	return policy_text(work, lookup, POLICY_ASIDE, path->length, 0);
}

/* The class of a script by its path, which is put aside; ABSENT where there is none. */
static __always_inline __u32 class_of_script(struct policy_work *work, struct secd_policy_lookup *lookup,
					     struct secd_policy_script *script)
{
	__u32 length;

	if (!script)
		return SECD_POLICY_ABSENT;
	length = script->length;
	bounded(length, SECD_PATH_MAX - 1);
	if (script->is_unreadable || !length || length > SECD_POLICY_SCRIPT_MAX ||
	    bpf_probe_read_kernel(work->scratch.record + POLICY_ASIDE, length, script->text))
		return SECD_POLICY_UNREADABLE;
	if (lookup->family == SECD_POLICY_ENDINGS)
		return policy_ending(work, lookup, POLICY_ASIDE, length);
	return policy_text(work, lookup, POLICY_ASIDE, length, 0);
}

/* Puts an argument aside, from where the process has it now; returns the state of its text. */
__noinline __u32 policy_argument(struct policy_work *work, __u32 wanted, __u32 *found)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = kload(task, mm);
	__u64 at, end;
	long length = 0;

	if (!work || !found || !mm)
		return SECD_POLICY_VALUE_ABSENT;
	at = kload(mm, arg_start);
	end = kload(mm, arg_end);
	for (__u32 n = 0; n < SECD_POLICY_ARGUMENTS_MAX; n++) {
		if (at >= end)
			return SECD_POLICY_VALUE_ABSENT;
		length = bpf_probe_read_user_str(work->scratch.record + POLICY_ASIDE, SECD_PATH_MAX,
						 (void *)at);
		if (length <= 0)
			return SECD_POLICY_VALUE_UNREADABLE;
		if (n == wanted + 1) {
			*found = length - 1;
			return length == SECD_PATH_MAX ? SECD_POLICY_VALUE_TRUNCATED
						       : SECD_POLICY_VALUE_PRESENT;
		}
		if (length == SECD_PATH_MAX) /* where it ends was not seen */
			return SECD_POLICY_VALUE_UNREADABLE;
		at += length;
	}
	return SECD_POLICY_VALUE_UNREADABLE;
}

/* The class of an argument. */
static __always_inline __u32 class_of_argument(struct policy_work *work,
					       struct secd_policy_lookup *lookup, __u32 wanted)
{
	__u32 length = 0, state = policy_argument(work, wanted, &length);

	if (state == SECD_POLICY_VALUE_ABSENT)
		return SECD_POLICY_ABSENT;
	if (state == SECD_POLICY_VALUE_UNREADABLE)
		return SECD_POLICY_UNREADABLE;
	if (lookup->family != SECD_POLICY_ENDINGS)
		return policy_text(work, lookup, POLICY_ASIDE, length, state == SECD_POLICY_VALUE_TRUNCATED);
	if (state == SECD_POLICY_VALUE_TRUNCATED)
		return SECD_POLICY_UNREADABLE;
	return policy_ending(work, lookup, POLICY_ASIDE, length);
}

/* The parent's program; NULL where there is none. */
static __always_inline struct file *parent_binary(struct task_struct *task)
{
	struct task_struct *parent = kload(task, group_leader, real_parent);
	struct mm_struct *mm;

	parent = kcast(task_struct, parent);
	mm = kload(parent, mm);
	return mm ? kload(mm, exe_file) : NULL;
}

/* The class of the running process in table `index` of the generation. */
__noinline __u32 policy_class(struct policy_work *work, struct secd_policy_generation *generation,
			      __u32 index)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_policy_process_table *table;
	struct mm_struct *mm = kload(task, mm);

	if (!work || !generation || !mm) /* kernel threads run no file */
		return SECD_POLICY_ABSENT;
	bounded(index, SECD_POLICY_PROCESS_TABLES_MAX - 1);
	table = &generation->table[index];
	if (table->fact == SECD_POLICY_FACT_ARGUMENT)
		return class_of_argument(work, &table->lookup, table->argument);
	if (table->fact == SECD_POLICY_FACT_PARENT_BINARY)
		return class_of_file(work, &table->lookup, parent_binary(task));
	return class_of_file(work, &table->lookup, kload(mm, exe_file));
}

/* The class of its script, or of its parent's, in the same table; ABSENT where there is none, or the table
 * is of something else. */
__noinline __u32 policy_class_of_script(struct policy_work *work, struct secd_policy_generation *generation,
					__u32 index)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_policy_process_table *table;

	if (!work || !generation)
		return SECD_POLICY_ABSENT;
	bounded(index, SECD_POLICY_PROCESS_TABLES_MAX - 1);
	table = &generation->table[index];
	if (table->fact == SECD_POLICY_FACT_BINARY)
		return class_of_script(work, &table->lookup, script_of_process(task));
	if (table->fact == SECD_POLICY_FACT_PARENT_BINARY)
		return class_of_script(work, &table->lookup, script_of_parent(task));
	return SECD_POLICY_ABSENT;
}

/*
 * What a process is whose file and script have these classes. Class 0 is that of what nobody names: most
 * have one class that counts.
 */
static __always_inline __u32 class_of_both(__u32 file, __u32 script, __u32 *second)
{
	if (script == SECD_POLICY_ABSENT || script == file || !script)
		return file;
	if (file == SECD_POLICY_ABSENT || !file)
		return script;
	*second = file == SECD_POLICY_UNREADABLE ? file : script;
	return (file == SECD_POLICY_UNREADABLE ? script : file) | SECD_POLICY_CLASS_PAIR;
}

/* The class that is kept, or SECD_POLICY_NONE where it must be computed. */
static __always_inline __u32 process_class_kept(struct task_struct *task, __u32 generation, __u32 slot)
{
	struct secd_policy_process *process = policy_process_of(task);

	if (!process || process->generation != generation || process->image != image_number(task))
		return SECD_POLICY_NONE;
	return process->classes[slot & (SECD_POLICY_PROCESS_TABLES_MAX - 1)];
}

/* Computes all classes of the running process, unless they are kept. */
__noinline int policy_process_update(struct policy_work *work)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct secd_policy_generation *generation;
	struct secd_policy_process *process;
	__u32 wanted;

	if (!work)
		return 0;
	wanted = work->generation;
	if (process_class_kept(task, wanted, 0) != SECD_POLICY_NONE)
		return 1;
	generation = policy_generation(work->slot & 1, 0);
	if (!generation || generation->generation != wanted)
		return 0;
	process = bpf_task_storage_get(&secd_policy_processes, task->group_leader, NULL,
				       BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!process) {
		count(SECD_COUNTER_STORAGE_FULL);
		return 0;
	}
	/* Who sees the new number sees what belongs to it: another thread may look meanwhile. */
	*(volatile __u32 *)&process->generation = 0;
	for (__u32 n = 0; n < SECD_POLICY_PROCESS_TABLES_MAX && n < generation->tables; n++) {
		__u32 file = policy_class(work, generation, n);

		process->classes[n] = class_of_both(file, policy_class_of_script(work, generation, n),
						    &process->scripts[n]);
	}
	process->image = image_number(task);
	barrier();
	*(volatile __u32 *)&process->generation = wanted;
	return 1;
}

/* The class of the running process in one table; they were computed before, where there was room. */
static __always_inline __u32 process_class(struct policy_work *work, __u32 slot)
{
	__u32 kept = process_class_kept(bpf_get_current_task_btf(), work->generation, slot);

	return kept == SECD_POLICY_NONE ? SECD_POLICY_UNREADABLE : kept;
}

/* Where that has CLASS_PAIR: the other one. */
static __always_inline __u32 process_script_class(struct policy_work *work, __u32 slot)
{
	struct secd_policy_process *process = policy_process_of(bpf_get_current_task_btf());

	if (!process || process->generation != work->generation)
		return SECD_POLICY_UNREADABLE;
	return process->scripts[slot & (SECD_POLICY_PROCESS_TABLES_MAX - 1)];
}

#endif
