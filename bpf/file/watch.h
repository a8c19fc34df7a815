/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which paths are watched: the longest configured prefix, component by component. */
#ifndef SECD_FILE_WATCH_H
#define SECD_FILE_WATCH_H

#include "../abi/file.h"
#include "../lib/scratch.h"

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SECD_FILE_WATCH_MAX);
	__type(key, struct secd_file_prefix);
	__type(value, __u32);
} secd_watched_paths SEC(".maps");

/*
 * The watch that covers the path of `length` bytes at `base` of the record. The key is
 * made in scratch->path, which is free between two walks. Only the first SECD_FILE_PREFIX_MAX
 * bytes can matter: no prefix is longer.
 */
static __always_inline __u32 watch_of(struct secd_scratch *scratch, __u32 base, __u32 length)
{
	struct secd_file_prefix *key = (struct secd_file_prefix *)scratch->path;
	__u32 *watch;

	if (base > SECD_SCRATCH_LAST_START ||
	    bpf_probe_read_kernel(key->path, sizeof(key->path), scratch->record + base))
		return SECD_FILE_NOT_WATCHED;
	if (length < SECD_FILE_PREFIX_MAX) {
		key->path[length] = '/';
		length++;
	} else {
		length = SECD_FILE_PREFIX_MAX;
	}
	key->bits = length * 8;
	watch = bpf_map_lookup_elem(&secd_watched_paths, key);
	return watch ? *watch : SECD_FILE_NOT_WATCHED;
}

#endif
