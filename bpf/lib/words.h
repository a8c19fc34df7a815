/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Short strings, 8 bytes at a time: a few loads instead of a helper call (25 to 30 ns). What lies
 * beside the target is overwritten: targets have room there, and nothing of worth.
 */
#ifndef SECD_LIB_WORDS_H
#define SECD_LIB_WORDS_H

#include "../kernel/access.h"

/* Longer strings are copied by a helper. Always all words, without a loop: branches that depend
 * on the length multiply what the verifier walks. */
#define SECD_SHORT_NAME   32
#define SECD_SHORT_STRING 64

#ifndef SECD_PROBE_READS
/* The 8 bytes at a kernel address, 0 where there is no memory. */
static __always_inline __u64 word_at(__u64 address)
{
	/* Any kernel struct that begins with a 64-bit number. */
	const struct timespec64 *word = kcast(timespec64, address);

	return word->tv_sec;
}
#endif

/*
 * Copies a name of 1 to 255 bytes from kernel memory so that it ends where `end` points; up to
 * SECD_SHORT_NAME bytes in front of that are overwritten. Returns false where it is longer than
 * that or words cannot be loaded here. What cannot be read becomes NULs, which no name has.
 */
static __always_inline bool name_copy_before(__u8 *end, const unsigned char *source, __u32 length)
{
#ifndef SECD_PROBE_READS
	__u64 address = (__u64)source + length;

	((__u64 *)end)[-1] = word_at(address - 8);
	if (length <= 8)
		return true;
	if (length > SECD_SHORT_NAME)
		return false;
	((__u64 *)end)[-2] = word_at(address - 16);
	((__u64 *)end)[-3] = word_at(address - 24);
	((__u64 *)end)[-4] = word_at(address - 32);
	return true;
#else
	return false;
#endif
}

/* Copies SECD_SHORT_STRING bytes of the programs' own memory. */
static __always_inline void short_copy(__u8 *target, const __u8 *source)
{
	const __u64 *from = (const void *)source;
	__u64 *to = (void *)target;

	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
	to[3] = from[3];
	to[4] = from[4];
	to[5] = from[5];
	to[6] = from[6];
	to[7] = from[7];
}

/* Copies `length` bytes between two places of a map value; up to SECD_SHORT_STRING bytes of the
 * target are overwritten. */
static __always_inline bool string_copy(__u8 *target, const __u8 *source, __u32 length)
{
	if (length > SECD_SHORT_STRING)
		return !bpf_probe_read_kernel(target, length, source);
	short_copy(target, source);
	return true;
}

/* The name of a task, SECD_COMM_MAX bytes. */
static __always_inline void comm_copy(char *target, struct task_struct *task)
{
#ifdef SECD_PROBE_READS
	bpf_probe_read_kernel(target, 16, task->comm);
#else
	const __u64 *words = (const void *)task->comm;

	((__u64 *)target)[0] = words[0];
	((__u64 *)target)[1] = words[1];
#endif
}

#endif
