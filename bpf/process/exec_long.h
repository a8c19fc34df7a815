/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The exec record of any exec: long paths, scripts, argv that goes on in pieces. */
#ifndef SECD_PROCESS_EXEC_LONG_H
#define SECD_PROCESS_EXEC_LONG_H

#include "../lib/emit.h"
#include "../lib/path.h"
#include "../lib/scratch.h"
#include "exec_describe.h"
#include "pieces.h"

/* argv up to SECD_ARGUMENTS_INLINE; what is longer is sent in pieces after the record. */
static __always_inline __u32 append_arguments(struct secd_scratch *scratch, __u32 end,
					      struct secd_exec *exec, struct mm_struct *mm)
{
	__u64 start = pload(mm, arg_start);
	__u64 total = pload(mm, arg_end) - start;
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

static __always_inline void exec_in_scratch(struct secd_scratch *scratch, struct secd_process *process,
					    struct task_struct *task, struct linux_binprm *bprm,
					    pid_t old_pid, __u64 now)
{
	struct secd_exec *exec = (struct secd_exec *)scratch->record;
	struct linux_binprm *program = plain(bprm);
	struct fs_struct *fs = pload(plain(task), fs);
	struct file *file = pload(program, file);
	__u32 end, next;

	__builtin_memset(exec, 0, sizeof(*exec));
	exec_describe(exec, process, task, bprm, old_pid, now);
	end = path_append(scratch, sizeof(*exec), &exec->binary, pload(file, f_path.mnt),
			  pload(file, f_path.dentry), pload(fs, root.mnt), pload(fs, root.dentry));
	end = path_append(scratch, end, &exec->cwd, pload(fs, pwd.mnt), pload(fs, pwd.dentry),
			  pload(fs, root.mnt), pload(fs, root.dentry));
	next = scratch_append_string(scratch, end, pload(program, filename));
	exec->filename_length = next - end;
	end = next;
	if (pload(program, interp) != pload(program, filename)) {
		next = scratch_append_string(scratch, end, pload(program, interp));
		exec->interp_length = next - end;
		exec->flags |= SECD_IMAGE_SCRIPT;
		if (is_fileless_script(task, bprm))
			exec->flags |= SECD_IMAGE_FILELESS;
		end = next;
	}
	end = append_arguments(scratch, end, exec, pload(plain(task), mm));
	if (end > SECD_SCRATCH_RECORD) /* cannot be; tells the verifier */
		return;
	/* Behind its pieces in time: whatever stands before them in their ring is older than this. */
	if (pieces_of_exec(task, exec, now))
		now = bpf_ktime_get_boot_ns();
	emit(&exec->head, end, SECD_KIND_EXEC, SECD_RING_LIFECYCLE, now);
}

#endif
