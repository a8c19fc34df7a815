/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A kernel path as hashes of its components, without copying a name: one walk from the leaf to the root of
 * the mount namespace, then the hashes of all beginnings, root first. See lib/path.h for what a walk without
 * locks can see.
 */
#ifndef SECD_TRACE_WALK_H
#define SECD_TRACE_WALK_H

#include "../lib/path.h"
#include "lookup.h"

/*
 * Steps of the walk: components, and mounts that are crossed. More components than a path has that fits into
 * SECD_PATH_MAX; a file below them, which only who changes directory on the way can name, is unreadable.
 */
#define POLICY_WALK_STEPS (SECD_PATH_MAX / 2 + 32)
/* Steps that one call makes: calls cost more than what they do. */
#define POLICY_WALK_STRIDE 8
/* Components whose hashes are joined without a callback. */
#define POLICY_USUAL_DEPTH 12
/* Blocks of the longest name. */
#define POLICY_NAME_BLOCKS (SECD_NAME_MAX / SECD_HASH_BLOCK + 1)

/* One block of a name in kernel memory; what lies behind the name is masked. */
static __always_inline void name_block(struct text_hash *hash, __u64 name, __u32 length)
{
	__u64 words[4] = {};

#ifdef SECD_PROBE_READS
	if (length > SECD_HASH_BLOCK)
		length = SECD_HASH_BLOCK;
	bounded(length, 63);
	if (length <= SECD_HASH_BLOCK)
		bpf_probe_read_kernel(words, length, (void *)name);
#else
	words[0] = word_at(name);
	if (length <= 8) {
		hash_word(hash, words[0], length);
		return;
	}
	words[1] = word_at(name + 8);
	words[2] = word_at(name + 16);
	words[3] = word_at(name + 24);
	if (length > SECD_HASH_BLOCK)
		length = SECD_HASH_BLOCK;
#endif
	hash_words(hash, words[0], words[1], words[2], words[3], length);
}

struct name_walk {
	struct policy_work *work;
	struct text_hash *hash;
	__u32 at;
	__u32 length;
};

static long name_step(__u32 block, struct name_walk *walk)
{
	__u32 at = walk->at, done = block * SECD_HASH_BLOCK;
	struct dentry *dentry;

	if (done >= walk->length)
		return 1;
	bounded(at, SECD_POLICY_COMPONENTS_MAX - 1);
	dentry = kcast(dentry, walk->work->dentries[at]);
	name_block(walk->hash, (__u64)kload(dentry, d_name.name) + done, walk->length - done);
	return 0;
}

/* A name of more than one block. */
__noinline int policy_long_name(struct policy_work *work, struct text_hash *hash, __u32 at, __u32 length)
{
	struct name_walk walk = { .work = work, .hash = hash, .at = at, .length = length };

	if (!work || !hash)
		return 0;
	bpf_loop(POLICY_NAME_BLOCKS, name_step, &walk, 0);
	return 0;
}

/* Hashes the first `length` bytes of the name of work->dentries[at], which is `dentry`. */
static __always_inline void name_hash(struct policy_work *work, struct text_hash *hash, __u32 at,
				      struct dentry *dentry, __u32 length)
{
	hash_begin(hash);
	if (length <= SECD_HASH_BLOCK)
		name_block(hash, (__u64)kload(dentry, d_name.name), length);
	else
		policy_long_name(work, hash, at, length);
}

struct stride_context {
	struct policy_work *work;
};

/* One step up; returns 1 at the root. */
static __always_inline long component_step(struct policy_work *work)
{
	struct component_walk *walk = &work->walk;
	struct dentry *dentry = kcast(dentry, walk->dentry);
	__u64 parent = (__u64)kload(dentry, d_parent), mount_root = 0, above;
	__u32 depth = walk->depth;
	struct mount *mount;

	if (walk->mount) {
		mount = kcast(mount, walk->mount);
		mount_root = (__u64)kload(mount, mnt.mnt_root);
		if (mount_root == walk->dentry) {
			above = (__u64)kload(mount, mnt_parent);
			if (above == walk->mount || !above) {
				walk->state = SECD_POLICY_VALUE_PRESENT;
				return 1;
			}
			walk->below_dentry = walk->dentry;
			walk->below_mount = walk->mount;
			walk->below_depth = depth;
			walk->dentry = (__u64)kload(mount, mnt_mountpoint);
			walk->mount = above;
			return 0;
		}
	}
	if (parent == walk->dentry || !parent) {
		/* Under a mount, but not below its root: in no tree, as a pipe, a socket, a memfd. */
		walk->state = walk->mount ? SECD_POLICY_VALUE_ABSENT : SECD_POLICY_VALUE_PRESENT;
		return 1;
	}
	walk->depth = depth + 1;
	/* Of a deeper path those next to the root are left: the beginnings, which is what policies name. */
	bounded(depth, SECD_POLICY_COMPONENTS_MAX - 1);
	work->dentries[depth] = walk->dentry;
	name_hash(work, &work->components[depth], depth, dentry, kload(dentry, d_name.len));
	walk->dentry = parent;
	return 0;
}

static long component_stride(__u32 index, struct stride_context *context)
{
#pragma unroll
	for (int n = 0; n < POLICY_WALK_STRIDE; n++)
		if (component_step(context->work))
			return 1;
	return 0;
}

/* The hash of a beginning from that of one component less. */
static __always_inline void beginning_add(struct policy_work *work, __u32 whole)
{
	__u32 at = work->walk.depth - 1 - whole;
	struct text_hash *above, *below, *component;

	bounded(at, SECD_POLICY_COMPONENTS_MAX - 1);
	bounded(whole, SECD_POLICY_COMPONENTS_MAX - 1);
	component = &work->components[at];
	above = &work->paths[whole];
	below = &work->paths[whole + 1];
	below->lane[0] = hash_mix(above->lane[0] + component->lane[0]);
	below->lane[1] = hash_mix(above->lane[1] + component->lane[1]);
}

static long beginning_step(__u32 index, struct stride_context *context)
{
	beginning_add(context->work, index + POLICY_USUAL_DEPTH);
	return 0;
}

/*
 * Hashes of a file's path: work->paths[n] is the beginning of n components, work->depth the whole; of a path
 * that is deeper than SECD_POLICY_COMPONENTS_MAX so many beginnings.
 */
__noinline __u32 policy_walk(struct policy_work *work, struct policy_file *file)
{
	struct stride_context context = { .work = work };
	__u32 depth;

	if (!work || !file)
		return SECD_POLICY_VALUE_UNREADABLE;
	work->walk.dentry = file->dentry;
	work->walk.mount = file->mnt ? (__u64)mount_of((const struct vfsmount *)file->mnt) : 0;
	work->walk.depth = 0;
	work->walk.below_dentry = 0;
	work->walk.column = 0;
	work->walk.state = SECD_POLICY_VALUE_UNREADABLE; /* until the root is reached */
	bpf_loop(POLICY_WALK_STEPS / POLICY_WALK_STRIDE, component_stride, &context, 0);
	depth = work->walk.depth;
	work->depth = depth;
	if (depth > SECD_POLICY_COMPONENTS_MAX)
		depth = SECD_POLICY_COMPONENTS_MAX;
	hash_begin(&work->paths[0]);
	for (__u32 n = 0; n < POLICY_USUAL_DEPTH && n < depth; n++)
		beginning_add(work, n);
	if (depth > POLICY_USUAL_DEPTH)
		bpf_loop(depth - POLICY_USUAL_DEPTH, beginning_step, &context, 0);
	return work->walk.state;
}

/* Makes the key of a beginning whose last component is cut; false where the name is shorter. */
__noinline int walk_key_of_part(struct policy_work *work, __u32 table, __u32 whole, __u32 bytes)
{
	struct text_hash name = {};
	__u32 at, beginning = whole;
	struct dentry *dentry;

	if (!work)
		return false;
	at = work->depth - 1 - whole;
	bounded(at, SECD_POLICY_COMPONENTS_MAX - 1);
	bounded(beginning, SECD_POLICY_COMPONENTS_MAX - 1);
	dentry = kcast(dentry, work->dentries[at]);
	if (kload(dentry, d_name.len) < bytes)
		return false;
	name_hash(work, &name, at, dentry, bytes);
	name.lane[0] = hash_mix(work->paths[beginning].lane[0] + name.lane[0]);
	name.lane[1] = hash_mix(work->paths[beginning].lane[1] + name.lane[1]);
	hash_key(&work->key, &name, table, whole + 1);
	return true;
}

/* The result of the path that was walked last. */
static __always_inline __u32 policy_components(struct policy_work *work, struct secd_policy_lookup *lookup)
{
	__u32 *result, depth = work->depth, whole_depth = depth, table = lookup->table;

	/* No whole path of a policy is deeper. */
	if (lookup->flags & SECD_POLICY_LOOKUP_WHOLE && depth <= SECD_POLICY_COMPONENTS_MAX) {
		bounded(whole_depth, 127);
		if (whole_depth > SECD_POLICY_COMPONENTS_MAX)
			return lookup->missing;
		barrier_var(whole_depth); /* one register: older verifiers forget bounds in memory */
		hash_key(&work->key, &work->paths[whole_depth], table, whole_depth);
		result = policy_key_find(work);
		if (result)
			return *result;
	}
	for (__u32 n = 0; n < SECD_POLICY_LENGTHS_MAX && n < lookup->length_count; n++) {
		__u32 whole = lookup->lengths[n].whole, bytes = lookup->lengths[n].bytes;

		if (whole >= depth)
			continue;
		if (bytes) {
			if (!walk_key_of_part(work, table + 3, whole, bytes))
				continue;
		} else {
			bounded(whole, SECD_POLICY_COMPONENTS_MAX - 1);
			hash_key(&work->key, &work->paths[whole], table + 1, whole);
		}
		result = policy_key_find(work);
		if (result)
			return *result;
	}
	return lookup->missing;
}

#endif
