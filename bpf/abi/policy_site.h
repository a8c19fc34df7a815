/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Places in programs where probes stand, and where the arguments are there. */
#ifndef SECD_ABI_POLICY_SITE_H
#define SECD_ABI_POLICY_SITE_H

#include "types.h"

/* Array `secd_policy_sites`; the index is the cookie of a probe. Not of a generation. 0 is none. */
#define SECD_POLICY_SITES           8192
/* As many as <sys/sdt.h> passes. */
#define SECD_POLICY_SITE_ARGUMENTS    12
/* In place of a number of arguments: a function, with its arguments where calls pass them. */
#define SECD_POLICY_SITE_FUNCTION  0xffff

#define SECD_POLICY_FETCH_UNKNOWN   0   /* cannot be read */
#define SECD_POLICY_FETCH_CONSTANT  1   /* `offset` */
#define SECD_POLICY_FETCH_REGISTER  2   /* base + offset; the offset is 0 */
#define SECD_POLICY_FETCH_MEMORY    3   /* what stands at base + index * 2^shift + offset */

#define SECD_POLICY_FETCH_SIGNED    (1U << 0)
#define SECD_POLICY_FETCH_INDEXED   (1U << 1)

/* Registers by their places among those that the kernel saves (struct pt_regs), in bytes. */
struct secd_policy_fetch {
	__s64 offset;
	__u16 base;
	__u16 index;
	__u8  kind;               /* SECD_POLICY_FETCH_UNKNOWN, … */
	__u8  flags;              /* SECD_POLICY_FETCH_SIGNED, … */
	__u8  shift;
	__u8  size;               /* bytes of the value: 1, 2, 4, 8 */
};
SECD_LAYOUT(secd_policy_fetch, kind, 12);
SECD_SIZE(secd_policy_fetch, 16);

struct secd_policy_site {
	__u32 hook;               /* 0 = nobody's any more */
	__u16 arguments;
	__u16 touched;            /* arguments, by bit, that lead to memory which is read */
	struct secd_policy_fetch fetch[SECD_POLICY_SITE_ARGUMENTS];
};
SECD_LAYOUT(secd_policy_site, fetch, 8);
SECD_SIZE(secd_policy_site, 200);

#endif
