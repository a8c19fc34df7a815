/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Integer types and layout assertions shared by BPF C and Swift.
 *
 * Rules of this directory: only fixed-width integers and char/byte arrays, natural
 * alignment with explicit padding, no unions, bit-fields, enums as fields, or flexible
 * arrays (Swift cannot infer BitwiseCopyable for those). Every layout is asserted here
 * (both compilers see it) and again by Tests/EventABITests.
 */
#ifndef SECD_ABI_TYPES_H
#define SECD_ABI_TYPES_H

#ifdef __bpf__
#include "../kernel/basic.h"
#else
#include <linux/types.h>
#endif

/* libbpf redefines offsetof in a way that clang refuses in a static assertion. */
#define SECD_LAYOUT(type, field, off) \
	_Static_assert(__builtin_offsetof(struct type, field) == (off), #type "." #field)
#define SECD_SIZE(type, bytes) \
	_Static_assert(sizeof(struct type) == (bytes), "sizeof " #type)

#endif
