/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which place in a program was met, and where its arguments stand. */
#ifndef SECD_TRACE_PLACE_H
#define SECD_TRACE_PLACE_H

#include "../abi/policy_site.h"
#include "work.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SECD_POLICY_SITES);
	__type(key, __u32);
	__type(value, struct secd_policy_site);
} secd_policy_sites SEC(".maps");

/* Where the last register of struct pt_regs begins. */
#define SITE_REGISTERS_END 160
/* The bit of an argument that could not be read: `work->missing`. */
#define SITE_MISSING(n) (1U << (n))

static __always_inline struct secd_policy_site *site_of(struct pt_regs *regs)
{
	__u32 index = bpf_get_attach_cookie(regs);
	struct secd_policy_site *site = bpf_map_lookup_elem(&secd_policy_sites, &index);

	return site && site->hook ? site : NULL;
}

static __always_inline int site_register(__u64 regs, __u32 place, __u64 *value)
{
	if (place > SITE_REGISTERS_END)
		return -1;
	return bpf_probe_read_kernel(value, sizeof(*value), (void *)(regs + place));
}

/* Where an argument in memory stands; 0 where a register cannot be read. */
static __always_inline __u64 site_address(__u64 regs, const struct secd_policy_fetch *fetch)
{
	__u64 address = 0, index = 0;

	if (site_register(regs, fetch->base, &address))
		return 0;
	if ((fetch->flags & SECD_POLICY_FETCH_INDEXED) && site_register(regs, fetch->index, &index))
		return 0;
	return address + (index << (fetch->shift & 3)) + fetch->offset;
}

#endif
