/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The #! file that a process runs, beside the file of its interpreter. */
#ifndef SECD_TRACE_SCRIPT_H
#define SECD_TRACE_SCRIPT_H

#include "tables.h"

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct secd_policy_script);
} secd_policy_scripts SEC(".maps");

static __always_inline __u32 image_number(struct task_struct *task)
{
	return (__u32)kload(task, self_exec_id);
}

/* In the middle of an exec the image is new already, and what is kept is of the one before. */
static __always_inline struct secd_policy_script *script_of_image(struct secd_policy_script *script,
								  __u32 image)
{
	if (script && (script->image == image || script->image == SECD_POLICY_ANY_IMAGE))
		return script;
	return NULL;
}

/* What the running process runs, or NULL. */
static __always_inline struct secd_policy_script *script_of_process(struct task_struct *task)
{
	struct secd_policy_script *script;

	script = bpf_task_storage_get(&secd_policy_scripts, task->group_leader, NULL, 0);
	return script_of_image(script, image_number(task));
}

/* What its parent runs, or NULL. */
static __always_inline struct secd_policy_script *script_of_parent(struct task_struct *task)
{
	struct secd_policy_script *script = NULL;
	struct task_struct *leader;
	__u32 image;

#ifdef SECD_POLICY_OF_SUBJECT
	leader = bpf_task_from_pid(kload(task, group_leader, real_parent, tgid));
	if (!leader)
		return NULL;
	image = image_number(leader);
	script = (bpf_task_storage_get)(&secd_policy_scripts, leader, NULL, 0);
	bpf_task_release(leader);
#else
	/* Not by kload: the storage wants a pointer that the verifier trusts. */
	leader = task->group_leader->real_parent->group_leader;
	image = image_number(leader);
	script = bpf_task_storage_get(&secd_policy_scripts, leader, NULL, 0);
#endif
	return script_of_image(script, image);
}

#endif
