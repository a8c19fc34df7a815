/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The exec record of most execs: short strings, made in the ring. */
#ifndef SECD_PROCESS_EXEC_SHORT_H
#define SECD_PROCESS_EXEC_SHORT_H

#include "../lib/emit.h"
#include "../lib/path.h"
#include "../lib/scratch.h"
#include "exec_describe.h"

/*
 * Most execs have short strings: their record is made where it goes to, in the ring. That saves a
 * copy whose two sides are cold memory (0.3 us). Its place is this long, and what is not used of it
 * is lost to the ring: with the ring's own head 12 cache lines.
 */
#define SECD_EXEC_SHORT 760
/* argv up to this; a path, or what was given to execve, up to that. */
#define SECD_EXEC_SHORT_ARGUMENTS 160
#define SECD_EXEC_SHORT_PATH      (2 * SECD_SHORT_STRING)

struct exec_short {
	struct secd_exec exec;
	__u8 tail[SECD_EXEC_SHORT - sizeof(struct secd_exec)];
};

/* Appends a path to a short record. Returns the new end of the tail, its size where it is full. */
static __always_inline __u32 short_path(struct exec_short *record, __u32 end, struct secd_path *out,
					struct secd_scratch *scratch, struct path_request *request)
{
	struct secd_path path = {};
	__u32 start = path_find(scratch, request, &path);

	if (path.length > SECD_EXEC_SHORT_PATH || end > sizeof(record->tail) - SECD_EXEC_SHORT_PATH)
		return sizeof(record->tail);
	bounded(start, SECD_PATH_MAX - 1);
	short_copy(record->tail + end, scratch->path + start);
	if (path.length > SECD_SHORT_STRING)
		short_copy(record->tail + end + SECD_SHORT_STRING,
			   scratch->path + start + SECD_SHORT_STRING);
	*out = path;
	return end + path.length;
}

/* The strings of a short record. Returns the end of the tail, or 0 where they are too long or argv
 * cannot be read. */
static __always_inline __u32 short_strings(struct exec_short *record, struct secd_scratch *scratch,
					   struct task_struct *any, struct linux_binprm *bprm,
					   __u64 arguments, __u32 length)
{
	struct secd_exec *exec = &record->exec;
	struct file *file = pload(plain(bprm), file);
	struct fs_struct *fs = pload(any, fs);
	struct path_request request = {
		.dentry = (__u64)pload(file, f_path.dentry),
		.mount = (__u64)pload(file, f_path.mnt),
		.root_dentry = (__u64)pload(fs, root.dentry),
		.root_mount = (__u64)pload(fs, root.mnt),
	};
	__u32 end;
	long got;

	end = short_path(record, 0, &exec->binary, scratch, &request);
	request.dentry = (__u64)pload(fs, pwd.dentry);
	request.mount = (__u64)pload(fs, pwd.mnt);
	end = short_path(record, end, &exec->cwd, scratch, &request);
	if (end > sizeof(record->tail) - SECD_EXEC_SHORT_PATH)
		return 0;
	got = bpf_probe_read_kernel_str(record->tail + end, SECD_EXEC_SHORT_PATH,
					kstring(bprm, filename));
	if (got <= 1 || got >= SECD_EXEC_SHORT_PATH)
		return 0;
	exec->filename_length = got - 1;
	end += got - 1;
	if (end > sizeof(record->tail) - SECD_EXEC_SHORT_ARGUMENTS)
		return 0;
	exec->arguments_total = length;
	if (!length)
		return end;
	if (bpf_probe_read_user(record->tail + end, length, (void *)arguments))
		return 0;
	exec->arguments_length = length;
	return end + length;
}

/* Makes and sends a short record. Returns false where the exec needs a longer one. */
static __always_inline bool exec_in_ring(struct secd_scratch *scratch, struct secd_process *process,
					 struct task_struct *task, struct linux_binprm *bprm,
					 pid_t old_pid, __u64 now)
{
	struct task_struct *any = plain(task);
	struct mm_struct *mm = pload(any, mm);
	__u64 arguments = pload(mm, arg_start);
	__u64 length = pload(mm, arg_end) - arguments;
	struct exec_short *record;
	struct secd_stream *stream;
	__u32 end;

	if (length > SECD_EXEC_SHORT_ARGUMENTS || (secd_agent.flags & SECD_AGENT_ENVIRONMENT) ||
	    kstring(bprm, interp) != kstring(bprm, filename))
		return false;
	record = bpf_ringbuf_reserve(&secd_lifecycle, sizeof(*record), 0);
	if (!record) /* booked by the other way, if that finds no space either */
		return false;
	__builtin_memset(&record->exec, 0, sizeof(record->exec));
	end = short_strings(record, scratch, any, bprm, arguments, length);
	if (!end) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return false;
	}
	exec_describe(&record->exec, process, task, bprm, old_pid, now);
	stream = record_begin(&record->exec.head, SECD_KIND_EXEC, SECD_RING_LIFECYCLE, now);
	end += sizeof(record->exec);
	record->exec.head.size = end;
	if (stream)
		stream->bytes += end;
	bpf_ringbuf_submit(record, wakeup_flag(SECD_RING_LIFECYCLE, record->exec.head.sequence, false));
	return true;
}

#endif
