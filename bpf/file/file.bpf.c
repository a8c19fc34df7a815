// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The file sensor: what happens on configured paths.
 *
 * hook                                              what it does
 * tracepoint/syscalls/sys_exit_openat, open, …      opened for writing, created
 * tracepoint/syscalls/sys_exit_unlink, rename, …    names and attributes, by the caller's string
 * tracepoint/syscalls/sys_exit_fchmod, fchown       attributes, by descriptor
 * fexit/security_file_open, security_path_*         the files themselves, where fexit works;
 *   with the same tracepoints                       what became of them
 * tracepoint/syscalls/sys_exit_mmap, mprotect       mapped for execution
 *
 * The loader picks one mechanism per row (Sources/Sensors) and leaves the others unloaded.
 */
#include "../kernel/access.h"
#include "direct.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* open, openat, openat2, creat, open_by_handle_at */
SEC("tracepoint/syscalls/sys_exit_openat")
int on_open_call(struct trace_event_raw_sys_exit *ctx)
{
	return opened_by_call(call_number(ctx), ctx->ret);
}

/* See change_read for the calls. */
SEC("tracepoint/syscalls/sys_exit_unlinkat")
int on_change_call(struct trace_event_raw_sys_exit *ctx)
{
	return changed_by_call(call_number(ctx), ctx->ret);
}

/* fchmod, fchown */
SEC("tracepoint/syscalls/sys_exit_fchmod")
int on_descriptor_change_call(struct trace_event_raw_sys_exit *ctx)
{
	return changed_by_descriptor(call_number(ctx), ctx->ret);
}

/* The three of above where the hooks below have seen the file. */
SEC("tracepoint/syscalls/sys_exit_openat")
int on_open_return(struct trace_event_raw_sys_exit *ctx)
{
	return open_returned(call_number(ctx), ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_unlinkat")
int on_change_return(struct trace_event_raw_sys_exit *ctx)
{
	return change_returned(call_number(ctx), ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_fchmod")
int on_descriptor_change_return(struct trace_event_raw_sys_exit *ctx)
{
	return descriptor_change_returned(call_number(ctx), ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_mmap")
int on_mmap_call(struct trace_event_raw_sys_exit *ctx)
{
	return mapped_by_call(ctx->ret);
}

/* mprotect, pkey_mprotect */
SEC("tracepoint/syscalls/sys_exit_mprotect")
int on_mprotect_call(struct trace_event_raw_sys_exit *ctx)
{
	return protected_by_call(ctx->ret);
}

SEC("fexit/security_file_open")
int BPF_PROG(on_open, struct file *file)
{
	return opened_directly(file, verdict(ctx));
}

/* What these say of operation and mode is for calls that nobody sees the end of. */
#define EVENT(operation_)                                                          \
	{                                                                          \
		.operation = (operation_), .uid = SECD_UNCHANGED, .gid = SECD_UNCHANGED, \
		.result = verdict(ctx)                                             \
	}

SEC("fexit/security_path_unlink")
int BPF_PROG(on_unlink, const struct path *dir, struct dentry *dentry)
{
	struct file_event event = EVENT(SECD_FILE_DELETE);

	return named_directly(dir, dentry, &event);
}

SEC("fexit/security_path_rmdir")
int BPF_PROG(on_rmdir, const struct path *dir, struct dentry *dentry)
{
	struct file_event event = EVENT(SECD_FILE_DELETE);

	event.flags = SECD_AT_REMOVEDIR;
	return named_directly(dir, dentry, &event);
}

SEC("fexit/security_path_mkdir")
int BPF_PROG(on_mkdir, const struct path *dir, struct dentry *dentry, umode_t mode)
{
	struct file_event event = EVENT(SECD_FILE_CREATE);

	event.mode = new_mode(mode);
	return named_directly(dir, dentry, &event);
}

/* open(O_CREAT) comes through here too: the call that runs tells them apart. */
SEC("fexit/security_path_mknod")
int BPF_PROG(on_mknod, const struct path *dir, struct dentry *dentry, umode_t mode)
{
	struct file_event event = EVENT(SECD_FILE_CREATE);
	__u32 type = mode & SECD_S_IFMT;

	if ((type == 0 || type == SECD_S_IFREG) &&
	    ending_of(bpf_get_current_task_btf(), false) != ENDING_BY_CALL)
		return 0; /* io_uring has no mknod */
	event.mode = new_mode(mode);
	return named_directly(dir, dentry, &event);
}

SEC("fexit/security_path_symlink")
int BPF_PROG(on_symlink, const struct path *dir, struct dentry *dentry)
{
	struct file_event event = EVENT(SECD_FILE_LINK);

	return named_directly(dir, dentry, &event);
}

SEC("fexit/security_path_chmod")
int BPF_PROG(on_chmod, const struct path *path, umode_t mode)
{
	struct file_event event = EVENT(SECD_FILE_CHMOD);

	event.mode = mode;
	return named_directly(path, kload(path, dentry), &event);
}

SEC("fexit/security_path_chown")
int BPF_PROG(on_chown, const struct path *path, __u32 uid, __u32 gid)
{
	struct file_event event = EVENT(SECD_FILE_CHOWN);

	event.uid = uid;
	event.gid = gid;
	return named_directly(path, kload(path, dentry), &event);
}

SEC("fexit/security_path_truncate")
int BPF_PROG(on_truncate, const struct path *path)
{
	struct file_event event = EVENT(SECD_FILE_OPEN_WRITE);

	event.flags = SECD_O_WRONLY | SECD_O_TRUNC;
	return named_directly(path, kload(path, dentry), &event);
}

SEC("fexit/security_path_rename")
int BPF_PROG(on_rename, const struct path *dir, struct dentry *dentry,
	     const struct path *target_dir, struct dentry *target, unsigned int flags)
{
	struct file_event event = EVENT(SECD_FILE_RENAME);

	event.flags = flags;
	return renamed_directly(dir, dentry, target, &event);
}

SEC("fexit/security_path_link")
int BPF_PROG(on_link, struct dentry *dentry, const struct path *target_dir, struct dentry *target)
{
	struct file_event event = EVENT(SECD_FILE_LINK);

	return renamed_directly(target_dir, dentry, target, &event);
}
