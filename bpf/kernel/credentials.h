/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose rights a task has. */
#ifndef SECD_KERNEL_CREDENTIALS_H
#define SECD_KERNEL_CREDENTIALS_H

#include "namespaces.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* {u64 val} since 6.3, {u32 cap[2]} before: 8 bytes either way, see lib/credentials.h. */
typedef struct {
	__u64 val;
} kernel_cap_t;
struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t suid;
	kgid_t sgid;
	kuid_t euid;
	kgid_t egid;
	kuid_t fsuid;
	kgid_t fsgid;
	unsigned int securebits;
	kernel_cap_t cap_inheritable;
	kernel_cap_t cap_permitted;
	kernel_cap_t cap_effective;
	kernel_cap_t cap_bset;
	kernel_cap_t cap_ambient;
	struct user_namespace *user_ns;
};

#pragma clang attribute pop

#endif
