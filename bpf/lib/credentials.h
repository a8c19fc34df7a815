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

/* The middle of struct cred as all kernels since 4.3 have it: one helper call instead of 14 loads,
 * each of which is checked. */
struct cred_middle {
	__u32 uid, gid, suid, sgid, euid, egid, fsuid, fsgid, securebits, gap;
	__u64 inheritable, permitted, effective, bounding, ambient;
};

/* Whether this kernel's struct has that layout: known when the program is loaded. */
static __always_inline bool cred_is_usual(const struct cred *cred)
{
	__u32 uid = bpf_core_field_offset(cred->uid);

	return bpf_core_field_offset(cred->euid) - uid == 16 &&
	       bpf_core_field_offset(cred->securebits) - uid == 32 &&
	       bpf_core_field_offset(cred->cap_inheritable) - uid == 40 &&
	       bpf_core_field_offset(cred->cap_ambient) - uid == 72;
}

static __always_inline void credentials_by_field(struct secd_credentials *out, const struct cred *cred)
{
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
}

/* `middle` is room for a copy: of stack there may be too little. */
static __always_inline void credentials_read_by(struct secd_credentials *out, const struct cred *cred,
						struct cred_middle *middle)
{
	struct user_namespace *user_ns;

	if (cred_is_usual(cred)) {
		bpf_probe_read_kernel(middle, sizeof(*middle),
				      (void *)cred + bpf_core_field_offset(cred->uid));
		out->uid = middle->uid;
		out->gid = middle->gid;
		out->euid = middle->euid;
		out->egid = middle->egid;
		out->suid = middle->suid;
		out->sgid = middle->sgid;
		out->fsuid = middle->fsuid;
		out->fsgid = middle->fsgid;
		out->securebits = middle->securebits;
		out->permitted = middle->permitted;
		out->effective = middle->effective;
		out->inheritable = middle->inheritable;
		out->bounding = middle->bounding;
		out->ambient = middle->ambient;
	} else {
		credentials_by_field(out, cred);
	}
	user_ns = kload(cred, user_ns);
	out->user_ns_level = kload(user_ns, level);
	out->user_ns_owner = kload(user_ns, owner.val);
	out->user_ns_group = kload(user_ns, group.val);
}

static __always_inline void credentials_read(struct secd_credentials *out, const struct cred *cred)
{
	struct cred_middle middle = {};

	credentials_read_by(out, cred, &middle);
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
