/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* struct cred to secd_credentials. Ids are of the initial user namespace. */
#ifndef SECD_LIB_CREDENTIALS_H
#define SECD_LIB_CREDENTIALS_H

#include "../kernel/access.h"
#include "../abi/process.h"

/* kernel_cap_t is two 32-bit words before 6.3 (commit f122a08b197d): the same 8 bytes, which
 * only a probe read may take in one piece. */
#ifdef SECD_PROBE_READS
static __always_inline __u64 capabilities(const void *set)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), set);
	return value;
}

#define cred_caps(cred, field) \
	capabilities(&(cred)->field)
#else
#define cred_caps(cred, field) ((cred)->field.val)
#endif

static __always_inline void credentials_read(struct secd_credentials *out, const struct cred *cred)
{
	struct user_namespace *user_ns;

	out->uid = kload(cred, uid.val);
	out->gid = kload(cred, gid.val);
	out->euid = kload(cred, euid.val);
	out->egid = kload(cred, egid.val);
	out->suid = kload(cred, suid.val);
	out->sgid = kload(cred, sgid.val);
	out->fsuid = kload(cred, fsuid.val);
	out->fsgid = kload(cred, fsgid.val);
	out->securebits = kload(cred, securebits);
	out->permitted = cred_caps(cred, cap_permitted);
	out->effective = cred_caps(cred, cap_effective);
	out->inheritable = cred_caps(cred, cap_inheritable);
	out->bounding = cred_caps(cred, cap_bset);
	out->ambient = cred_caps(cred, cap_ambient);
	user_ns = kload(cred, user_ns);
	out->user_ns_level = kload(user_ns, level);
	out->user_ns_owner = kload(user_ns, owner.val);
	out->user_ns_group = kload(user_ns, group.val);
}

/* Whether anything differs. */
static __always_inline bool credentials_differ(const struct secd_credentials *a,
					       const struct secd_credentials *b)
{
	const __u64 *left = (const void *)a, *right = (const void *)b;
	__u64 differs = 0;

#pragma unroll
	for (__u32 word = 0; word < sizeof(*a) / sizeof(__u64); word++)
		differs |= left[word] ^ right[word];
	return differs != 0;
}

#endif
