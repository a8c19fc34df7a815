// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The file sensor: what happens on configured paths.
 *
 * hook                                              what it does
 * tracepoint/syscalls/sys_exit_openat, open, …      opened for writing, created
 * tracepoint/syscalls/sys_exit_unlink, rename, …    names and attributes, by the caller's string
 * tracepoint/syscalls/sys_exit_fchmod, fchown       attributes, by descriptor
 * tracepoint/syscalls/sys_exit_mmap                 mapped for execution
 * fexit/security_file_open, _path_*, _mmap_file     all of these where fexit works
 *
 * The loader picks one mechanism per row (Sources/Sensors) and leaves the others unloaded.
 */
#include "../kernel/access.h"
#include "change.h"
#include "direct.h"
#include "open.h"

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

SEC("tracepoint/syscalls/sys_exit_mmap")
int on_mmap_call(struct trace_event_raw_sys_exit *ctx)
{
	return mapped_by_call(ctx->ret);
}

SEC("fexit/security_file_open")
int BPF_PROG(on_open, struct file *file)
{
	return opened_directly(file, verdict(ctx));
}

SEC("fexit/security_mmap_file")
int BPF_PROG(on_mmap, struct file *file, unsigned long prot)
{
	return mapped_directly(file, prot, verdict(ctx));
}

SEC("fexit/security_path_unlink")
int BPF_PROG(on_unlink, const struct path *dir, struct dentry *dentry)
{
	return entry_directly(dir, dentry, SECD_FILE_DELETE, 0, verdict(ctx));
}

SEC("fexit/security_path_rmdir")
int BPF_PROG(on_rmdir, const struct path *dir, struct dentry *dentry)
{
	return entry_directly(dir, dentry, SECD_FILE_DELETE, 0, verdict(ctx));
}

SEC("fexit/security_path_mkdir")
int BPF_PROG(on_mkdir, const struct path *dir, struct dentry *dentry, umode_t mode)
{
	return entry_directly(dir, dentry, SECD_FILE_CREATE, mode, verdict(ctx));
}

SEC("fexit/security_path_mknod")
int BPF_PROG(on_mknod, const struct path *dir, struct dentry *dentry, umode_t mode)
{
	__u32 type = mode & SECD_S_IFMT;

	if (type == 0 || type == SECD_S_IFREG)
		return 0; /* open(O_CREAT) comes here too; security_file_open tells it */
	return entry_directly(dir, dentry, SECD_FILE_CREATE, mode, verdict(ctx));
}

SEC("fexit/security_path_symlink")
int BPF_PROG(on_symlink, const struct path *dir, struct dentry *dentry)
{
	return entry_directly(dir, dentry, SECD_FILE_LINK, 0, verdict(ctx));
}

SEC("fexit/security_path_chmod")
int BPF_PROG(on_chmod, const struct path *path, umode_t mode)
{
	struct file_event event = { .operation = SECD_FILE_CHMOD, .mode = mode };

	event.uid = SECD_UNCHANGED;
	event.gid = SECD_UNCHANGED;
	event.result = verdict(ctx);
	return attribute_directly(path, &event);
}

SEC("fexit/security_path_chown")
int BPF_PROG(on_chown, const struct path *path, __u32 uid, __u32 gid)
{
	struct file_event event = { .operation = SECD_FILE_CHOWN, .uid = uid, .gid = gid };

	event.result = verdict(ctx);
	return attribute_directly(path, &event);
}

SEC("fexit/security_path_rename")
int BPF_PROG(on_rename, const struct path *dir, struct dentry *dentry,
	     const struct path *target_dir, struct dentry *target)
{
	struct file_event event = { .operation = SECD_FILE_RENAME };

	event.result = verdict(ctx);
	return names_directly(dir, dentry, target, &event);
}

SEC("fexit/security_path_link")
int BPF_PROG(on_link, struct dentry *dentry, const struct path *target_dir, struct dentry *target)
{
	struct file_event event = { .operation = SECD_FILE_LINK };

	event.result = verdict(ctx);
	return names_directly(target_dir, dentry, target, &event);
}
