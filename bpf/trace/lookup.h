/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values → results: numbers, text, endings, networks. What is long is a global function. */
#ifndef SECD_TRACE_LOOKUP_H
#define SECD_TRACE_LOOKUP_H

#include "work.h"

/* 18 halvings reach every start of a pool. */
#define POLICY_SEARCH_STEPS 18
/* Blocks that are hashed by one call; only longer text pays for bpf_loop. */
#define POLICY_HASH_STRIDE 4

/* The result of a number among the starts of a table. */
__noinline __u32 policy_search(__u32 slot, struct secd_policy_lookup *lookup, __u64 number)
{
	struct secd_policy_start *start;
	__u32 low, count, half;

	if (!lookup)
		return 0;
	if (lookup->flags & SECD_POLICY_LOOKUP_SIGNED)
		number ^= 1ULL << 63;
	low = lookup->first;
	count = lookup->count;
	for (__u32 step = 0; step < POLICY_SEARCH_STEPS && count > 1; step++) {
		half = count / 2;
		start = policy_start(slot, low + half);
		if (!start)
			return lookup->missing;
		if (start->start <= number)
			low += half;
		count -= half;
	}
	start = policy_start(slot, low);
	return start ? start->result : lookup->missing;
}

struct hash_walk {
	struct policy_work *work;
	__u32 at;
	__u32 blocks;
};

static __always_inline void hash_at(struct policy_work *work, __u32 at)
{
	const __u64 *words;

	bounded(at, SECD_SCRATCH_RECORD - 1);
	if (at > SECD_SCRATCH_RECORD - SECD_HASH_BLOCK)
		return;
	words = (const __u64 *)(work->scratch.record + at);
	hash_block(&work->hash, words[0], words[1], words[2], words[3]);
}

/* The blocks of a stride, as far as there are any. */
static __always_inline void hash_stride(struct policy_work *work, __u32 at, __u32 blocks)
{
	for (__u32 block = 0; block < POLICY_HASH_STRIDE && block < blocks; block++)
		hash_at(work, at + block * SECD_HASH_BLOCK);
}

static long hash_step(__u32 index, struct hash_walk *walk)
{
	__u32 done = (index + 1) * POLICY_HASH_STRIDE;

	hash_stride(walk->work, walk->at + done * SECD_HASH_BLOCK, walk->blocks - done);
	return 0;
}

/* Hashes `length` bytes of scratch.record from `at`, and makes their key in a table. */
__noinline int policy_hash(struct policy_work *work, __u32 at, __u32 length, __u32 table)
{
	__u32 blocks = length / SECD_HASH_BLOCK;
	const __u64 *words;

	if (!work)
		return 0;
	hash_begin(&work->hash);
	hash_stride(work, at, blocks);
	if (blocks > POLICY_HASH_STRIDE) {
		struct hash_walk walk = { .work = work, .at = at, .blocks = blocks };

		bpf_loop((blocks - 1) / POLICY_HASH_STRIDE, hash_step, &walk, 0);
	}
	at += blocks * SECD_HASH_BLOCK;
	bounded(at, SECD_SCRATCH_RECORD - 1);
	if ((length & (SECD_HASH_BLOCK - 1)) && at <= SECD_SCRATCH_RECORD - SECD_HASH_BLOCK) {
		words = (const __u64 *)(work->scratch.record + at);
		hash_words(&work->hash, words[0], words[1], words[2], words[3],
			   length & (SECD_HASH_BLOCK - 1));
	}
	hash_key(&work->key, &work->hash, table, length);
	return 0;
}

/* The result of work->key, or NULL. From the stack: 6.1 takes no key from memory that was passed on. */
static __always_inline __u32 *policy_key_find(struct policy_work *work)
{
	struct secd_policy_key key = work->key;
	__u32 slot = work->slot & 1;
	void *keys = bpf_map_lookup_elem(&secd_policy_keys, &slot);

	return keys ? bpf_map_lookup_elem(keys, &key) : NULL;
}

/* The result of work->prefix, or NULL. The work is looked up again for the same reason: this key is
 * too large for the stack. */
static __always_inline __u32 *policy_prefix_find(struct policy_work *work)
{
	__u32 slot = work->slot & 1, buffer = work->buffer;
	struct policy_work *again = bpf_map_lookup_elem(&secd_policy_work, &buffer);
	void *trie = bpf_map_lookup_elem(&secd_policy_tries, &slot);

	return trie && again ? bpf_map_lookup_elem(trie, &again->prefix) : NULL;
}

/* The longest beginning in the trie, of text in scratch.record. */
__noinline __u32 policy_beginning(struct policy_work *work, __u32 table, __u32 at, __u32 length)
{
	__u32 *result;

	if (!work)
		return SECD_POLICY_NONE;
	if (length > SECD_POLICY_TRIE_MAX)
		length = SECD_POLICY_TRIE_MAX;
	bounded(at, SECD_SCRATCH_RECORD - 1);
	if (at > SECD_SCRATCH_RECORD - SECD_POLICY_TRIE_MAX)
		return SECD_POLICY_NONE;
	work->prefix.table = table;
	work->prefix.bits = 32 + 8 * length;
	bpf_probe_read_kernel(work->prefix.data, SECD_POLICY_TRIE_MAX, work->scratch.record + at);
	result = policy_prefix_find(work);
	return result ? *result : SECD_POLICY_NONE;
}

/*
 * The result of text in scratch.record by whole text and beginnings. Of truncated text only
 * beginnings count.
 */
__noinline __u32 policy_text(struct policy_work *work, struct secd_policy_lookup *lookup, __u32 at,
			     __u32 length, __u32 is_truncated)
{
	__u32 *result;

	if (!work || !lookup)
		return 0;
	if ((lookup->flags & SECD_POLICY_LOOKUP_WHOLE) && !is_truncated) {
		policy_hash(work, at, length, lookup->table);
		result = policy_key_find(work);
		if (result)
			return *result;
	}
	for (__u32 n = 0; n < SECD_POLICY_LENGTHS_MAX && n < lookup->length_count; n++) {
		__u32 bytes = lookup->lengths[n].bytes;

		if (bytes > length)
			continue;
		policy_hash(work, at, bytes, lookup->table + 1);
		result = policy_key_find(work);
		if (result)
			return *result;
	}
	if (lookup->flags & SECD_POLICY_LOOKUP_TRIE) {
		__u32 found = policy_beginning(work, lookup->table + 1, at, length);

		if (found != SECD_POLICY_NONE)
			return found;
	}
	return lookup->missing;
}

/* The longest ending in the trie, where endings stand backwards. */
__noinline __u32 policy_backwards(struct policy_work *work, __u32 table, __u32 at, __u32 length)
{
	__u32 *result;

	if (!work)
		return SECD_POLICY_NONE;
	at += length;
	if (length > SECD_POLICY_TRIE_MAX)
		length = SECD_POLICY_TRIE_MAX;
	work->prefix.table = table;
	work->prefix.bits = 32 + 8 * length;
	/* What stands in front of a short text is taken along: `bits` leaves it out. */
#pragma clang loop unroll(disable)
	for (__u32 n = 0; n < SECD_POLICY_TRIE_MAX / 8; n++) {
		at -= 8;
		bounded(at, SECD_SCRATCH_RECORD - 1);
		if (at > SECD_SCRATCH_RECORD - 8)
			break;
		((__u64 *)work->prefix.data)[n] =
			__builtin_bswap64(*(const __u64 *)(work->scratch.record + at));
	}
	result = policy_prefix_find(work);
	return result ? *result : SECD_POLICY_NONE;
}

/* The result of whole text by its endings. */
__noinline __u32 policy_ending(struct policy_work *work, struct secd_policy_lookup *lookup, __u32 at,
			       __u32 length)
{
	__u32 *result;

	if (!work || !lookup)
		return 0;
	for (__u32 n = 0; n < SECD_POLICY_LENGTHS_MAX && n < lookup->length_count; n++) {
		__u32 bytes = lookup->lengths[n].bytes;

		if (bytes > length)
			continue;
		policy_hash(work, at + length - bytes, bytes, lookup->table + 2);
		result = policy_key_find(work);
		if (result)
			return *result;
	}
	if (lookup->flags & SECD_POLICY_LOOKUP_TRIE) {
		__u32 found = policy_backwards(work, lookup->table + 2, at, length);

		if (found != SECD_POLICY_NONE)
			return found;
	}
	return lookup->missing;
}

/* The result of an address, `bytes` long (4 or 16). */
__noinline __u32 policy_network(struct policy_work *work, struct secd_policy_lookup *lookup, __u64 high,
				__u64 low, __u32 bytes)
{
	__u32 *result;

	if (!work || !lookup)
		return 0;
	work->prefix.table = lookup->table + (bytes == 16);
	work->prefix.bits = 32 + 8 * bytes;
	*(__u64 *)work->prefix.data = high;
	*(__u64 *)(work->prefix.data + 8) = low;
	result = policy_prefix_find(work);
	return result ? *result : lookup->missing;
}

#endif
