/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* execve: one record with everything that is gone a moment later. */
#ifndef SECD_PROCESS_EXEC_H
#define SECD_PROCESS_EXEC_H

#include "../lib/emit.h"
#include "../lib/inode.h"
#include "../lib/path.h"
#include "../lib/process.h"
#include "../lib/scope.h"
#include "../lib/words.h"
#include "fileless.h"
#include "pieces.h"

/* What the file adds to the caller's rights (SECD_IMAGE_SETUID, …), 0 for nearly every exec. */
static __always_inline __u32 exec_raises(const struct cred *old, const struct cred *next)
{
	__u32 old_euid = kload(old, euid.val), euid = kload(next, euid.val);
	__u32 raised = 0;

	if (euid != old_euid)
		raised |= SECD_IMAGE_SETUID;
	if (kload(next, egid.val) != kload(old, egid.val))
		raised |= SECD_IMAGE_SETGID;
	/* root and setuid-root grow permitted too: file capabilities are what grows it without. */
	if (euid == old_euid && euid != 0 && kload(next, uid.val) != 0 &&
	    (cred_caps(next, cap_permitted) & ~cred_caps(old, cap_permitted)))
		raised |= SECD_IMAGE_FILE_CAPS;
	return raised;
}

/*
 * Before the point of no return, while the caller is still its old self: old credentials are
 * compared with those the new image will have, and the record of a non-leader thread is moved
 * to it, because the leader (and its storage) is about to be killed. Most execs need neither,
 * and no look at the storage.
 */
static __always_inline int exec_prepared(struct task_struct *task, struct linux_binprm *bprm)
{
	const struct cred *old = kload(task, cred);
	__u32 raised = exec_raises(old, kload(bprm, cred));
	bool leads = kload(task, pid) == kload(task, tgid);
	struct secd_process *process, *own;

	if (!raised && leads)
		return 0;
	process = process_of(task);
	if (!process) {
		/* Not seen before, or (the hook comes late) a thread that just became leader. */
		if (!leads)
			return 0;
		process = process_create(task);
		if (!process)
			return 0;
	}
	if (!process->image.start_ns)
		process_reconstruct(process, task->group_leader);
	process->old_euid = kload(old, euid.val);
	process->old_egid = kload(old, egid.val);
	process->old_permitted = cred_caps(old, cap_permitted);
	process->flags &= ~SECD_IMAGE_RAISED;
	process->flags |= raised;

	/* A slot goes by the number, which the thread takes over; storage dies with the old leader. */
	if (leads || process == slot_of(kload(task, tgid)))
		return 0;
	own = process_in_storage(task);
	if (!own)
		return 0;
	*own = *process;
	/* The others end now, and are counted in the record that ends with the old leader. */
	own->threads_ended += kload(task, signal, live.counter) - 1;
	return 0;
}

static __always_inline void exec_process_update(struct secd_process *process,
						struct task_struct *task, struct secd_exec *exec,
						__u64 now)
{
	__u32 raised = process->flags & SECD_IMAGE_RAISED;
	__u32 reconstructed = process->flags & SECD_IMAGE_RECONSTRUCTED;

	exec->previous = process->image;
	exec->parent = process->parent;
	exec->process_start_ns = process->process_start_ns;
	process->image.start_ns = now;
	exec->image = process->image;
	process->credentials = exec->credentials;
	process->flags = (process->flags & SECD_IMAGE_INIT_TREE) | SECD_IMAGE_EXECVE;
	if (exec->pid_in_ns == 1)
		process->flags |= SECD_IMAGE_INIT_TREE;
	if (!task_in_scope(task))
		process->flags |= SECD_IMAGE_OUT_OF_SCOPE;
	exec->flags = process->flags | reconstructed | raised;
	if (!(secd_agent.flags & SECD_AGENT_EXEC_PREPARED))
		exec->flags |= SECD_IMAGE_PRIV_UNKNOWN;
	if (raised) {
		exec->old_euid = process->old_euid;
		exec->old_egid = process->old_egid;
		exec->old_permitted = process->old_permitted;
	}
	/* All other threads have been released: the kernel's sums hold them. */
	usage_of_dead(&process->dead, task);
	process->at_exec = process->dead;
	usage_add_thread(&process->at_exec, task);
	process->maxrss_at_exec = kload(task, signal, maxrss);
	process->threads_started = process->threads_ended + 1;
}

/* argv up to SECD_ARGUMENTS_INLINE; what is longer is sent in pieces after the record. */
static __always_inline __u32 append_arguments(struct secd_scratch *scratch, __u32 end,
					      struct secd_exec *exec, struct mm_struct *mm)
{
	__u64 start = kload(mm, arg_start);
	__u64 total = kload(mm, arg_end) - start;
	__u32 length;

	exec->arguments_total = total > 0xffffffff ? 0xffffffff : total;
	length = total > SECD_ARGUMENTS_INLINE ? SECD_ARGUMENTS_INLINE : total;
	if (end > SECD_SCRATCH_LAST_START || length == 0)
		return end;
	if (length > SECD_ARGUMENTS_INLINE) /* for the verifier: clang knows, it does not */
		return end;
	if (bpf_probe_read_user(scratch->record + end, length, (void *)start)) {
		exec->flags |= SECD_IMAGE_ARGV_FAULT;
		count(SECD_COUNTER_ARGUMENTS_FAULT);
		return end;
	}
	exec->arguments_length = length;
	return end + length;
}

static __always_inline int process_executed(struct task_struct *task, pid_t old_pid,
					    struct linux_binprm *bprm)
{
	struct secd_process *process;
	struct secd_scratch *scratch;
	struct secd_exec *exec;
	const struct cred *cred;
	struct tty_struct *tty;
	struct fs_struct *fs;
	struct file *file;
	__u32 end, next;
	__u64 now;

	process = process_create(task);
	if (!process)
		return 0;
	scratch = scratch_claim();
	if (!scratch)
		return 0;
	if (!process->image.start_ns)
		process_reconstruct(process, task);
	now = bpf_ktime_get_boot_ns();

	exec = (struct secd_exec *)scratch->record;
	__builtin_memset(exec, 0, sizeof(*exec));
	cred = kload(task, cred);
	credentials_read(&exec->credentials, cred);
	namespaces_read(&exec->namespaces, task, cred, &exec->pid_in_ns);
	exec_process_update(process, task, exec, now);
	exec->cgroup_id = task_cgroup_id(task);
	exec->tid = old_pid;
	if (old_pid != kload(task, tgid))
		exec->flags |= SECD_IMAGE_NON_LEADER;
	if (bitfield(bprm, secureexec))
		exec->flags |= SECD_IMAGE_SECURE_EXEC;
	exec->loginuid = kload(task, loginuid.val);
	exec->sessionid = kload(task, sessionid);
	exec->argc = kload(bprm, argc);
	exec->envc = kload(bprm, envc);
	comm_copy(exec->comm, task);
	tty = kload(task, signal, tty);
	if (tty)
		bpf_probe_read_kernel_str(exec->tty, sizeof(exec->tty),
					  (void *)tty + bpf_core_field_offset(struct tty_struct, name));

	file = kload(bprm, file);
	inode_read(&exec->binary_inode, kload(file, f_inode));
	if (is_fileless(file))
		exec->flags |= SECD_IMAGE_FILELESS;
	fs = kload(task, fs);
	end = path_append(scratch, sizeof(*exec), &exec->binary, kload(file, f_path.mnt),
			  kload(file, f_path.dentry), kload(fs, root.mnt), kload(fs, root.dentry));
	end = path_append(scratch, end, &exec->cwd, kload(fs, pwd.mnt), kload(fs, pwd.dentry),
			  kload(fs, root.mnt), kload(fs, root.dentry));
	next = scratch_append_string(scratch, end, kload(bprm, filename));
	exec->filename_length = next - end;
	end = next;
	if (kload(bprm, interp) != kload(bprm, filename)) {
		next = scratch_append_string(scratch, end, kload(bprm, interp));
		exec->interp_length = next - end;
		exec->flags |= SECD_IMAGE_SCRIPT;
		if (is_fileless_script(task, bprm))
			exec->flags |= SECD_IMAGE_FILELESS;
		end = next;
	}
	end = append_arguments(scratch, end, exec, kload(task, mm));
	if (end > SECD_SCRATCH_RECORD) /* cannot be; tells the verifier */
		goto out;
	/* Behind its pieces in time: whatever stands before them in their ring is older than this. */
	if (pieces_of_exec(task, exec, now))
		now = bpf_ktime_get_boot_ns();
	emit(&exec->head, end, SECD_KIND_EXEC, SECD_RING_LIFECYCLE, now);
out:
	scratch_release(scratch);
	return 0;
}

#endif
