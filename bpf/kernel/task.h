/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tasks, their cgroups, and the program that a task is about to become. */
#ifndef SECD_KERNEL_TASK_H
#define SECD_KERNEL_TASK_H

#include "credentials.h"
#include "files.h"
#include "memory.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct task_io_accounting {
	__u64 rchar;
	__u64 wchar;
	__u64 read_bytes;
	__u64 write_bytes;
};
struct tty_struct {
	char name[64];
};
struct signal_struct {
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	unsigned int flags;
	struct tty_struct *tty;
	unsigned long maxrss;
	struct task_io_accounting ioac;
	unsigned long long sum_sched_runtime;
};
struct sched_entity {
	__u64 sum_exec_runtime;
};
struct kernfs_node {
	__u64 id;
	const char *name;
};
struct cgroup_root {
	int hierarchy_id;
};
struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
	int level;
	struct cgroup *ancestors[1];
};
struct cgroup_subsys_state {
	struct cgroup *cgroup;
};
struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

struct thread_info {
	__u32 status;
};
struct task_struct {
	struct thread_info thread_info;
	void *stack;
	unsigned int flags;
	struct sched_entity se;
	struct mm_struct *mm;
	int exit_code;
	pid_t pid;
	pid_t tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	__u64 start_boottime;
	const struct cred *real_cred;
	const struct cred *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	kuid_t loginuid;
	unsigned int sessionid;
	struct task_io_accounting ioac;
	struct css_set *cgroups;
	__u64 self_exec_id;
	unsigned int in_execve : 1;
};

/* As large as the stack of a thread. */
union thread_union {
	unsigned long stack[1];
};

struct linux_binprm {
	unsigned int secureexec : 1;
	struct file *executable;
	struct file *interpreter;
	struct file *file;
	struct cred *cred;
	int argc;
	const char *filename;
	const char *interp;
	const char *fdpath;
};

#pragma clang attribute pop

#endif
