/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Processes older than the daemon. The iterator runs after the hooks are on, so the first
 * writer wins: a record that fork or exec made meanwhile is left alone.
 */
#ifndef SECD_PROCESS_SEED_H
#define SECD_PROCESS_SEED_H

#include "../lib/process.h"

static __always_inline int task_seeded(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct secd_process *process;
	struct secd_seed seed = {};
	struct tty_struct *tty;
	const struct cred *cred;

	if (!task || kload(task, pid) != kload(task, tgid))
		return 0;
	process = process_create(task);
	if (!process)
		return 0;
	if (!process->image.pid)
		process_reconstruct(process, task);
	process->flags &= ~SECD_IMAGE_RECONSTRUCTED;

	seed.image = process->image;
	seed.parent = process->parent;
	seed.credentials = process->credentials;
	cred = kload(task, cred);
	namespaces_read(&seed.namespaces, task, cred, &seed.pid_in_ns);
	seed.cgroup_id = task_cgroup_id(task);
	seed.flags = process->flags;
	seed.loginuid = kload(task, loginuid.val);
	seed.sessionid = kload(task, sessionid);
	bpf_probe_read_kernel(seed.comm, sizeof(seed.comm), task->comm);
	tty = kload(task, signal, tty);
	if (tty)
		bpf_probe_read_kernel_str(seed.tty, sizeof(seed.tty),
					  (void *)tty + bpf_core_field_offset(struct tty_struct, name));
	bpf_seq_write(ctx->meta->seq, &seed, sizeof(seed));
	return 0;
}

#endif
