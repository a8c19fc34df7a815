/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Buffers in pieces (struct iovec, struct iov_iter) → text. */
#ifndef SECD_TRACE_PIECES_H
#define SECD_TRACE_PIECES_H

#include "../kernel/objects.h"
#include "text.h"

/* UIO_MAXIOV, include/uapi/linux/uio.h. */
#define POLICY_PIECES_MAX 1024

/* Memory of the program, or of the kernel. */
#define PIECES_LIST_USER (1U << 0)   /* the list */
#define PIECES_DATA_USER (1U << 1)   /* the bytes */
#define PIECES_COMPAT    (1U << 2)   /* the list is of a 32-bit program */

struct pieces_context {
	struct policy_work *work;
};

/* The piece at hand. */
static __always_inline long piece_of(struct pieces_walk *walk, __u32 index)
{
	long failed;

	if (walk->flags & PIECES_COMPAT) {
		failed = bpf_probe_read_user(&walk->narrow, 8, (void *)(walk->list + 8 * index));
		walk->base = (__u32)walk->narrow;
		walk->length = walk->narrow >> 32;
		return failed;
	}
	if (walk->flags & PIECES_LIST_USER)
		return bpf_probe_read_user(&walk->base, 16, (void *)(walk->list + 16 * index));
	return bpf_probe_read_kernel(&walk->base, 16, (void *)(walk->list + 16 * index));
}

static long piece_step(__u32 index, struct pieces_context *context)
{
	struct pieces_walk *walk = &context->work->pieces;
	__u32 at = walk->begin + walk->kept;
	__u64 part;
	void *bytes;
	long failed;

	if (index >= walk->count)
		return 1;
	if (piece_of(walk, index)) {
		walk->state = SECD_POLICY_VALUE_UNREADABLE;
		return 1;
	}
	if (index == 0 && walk->skipped <= walk->length) {
		walk->base += walk->skipped;
		walk->length -= walk->skipped;
	}
	walk->total += walk->length;
	part = walk->capacity - walk->kept;
	if (part > walk->length)
		part = walk->length;
	bounded(at, SECD_SCRATCH_RECORD - 1);
	barrier_var(part);
	if (!part || part > SECD_PATH_MAX || at > POLICY_ASIDE)
		return 0;
	bytes = context->work->scratch.record + at;
	if (walk->flags & PIECES_DATA_USER)
		failed = bpf_probe_read_user(bytes, part, (void *)walk->base);
	else
		failed = bpf_probe_read_kernel(bytes, part, (void *)walk->base);
	if (failed) {
		walk->state = SECD_POLICY_VALUE_UNREADABLE;
		return 1;
	}
	walk->kept += part;
	return 0;
}

/*
 * Reads `count` pieces of a list, of `limit` bytes at most, into the value of a column. value->number is what
 * all pieces have together; flags and skipped bytes stand in work->pieces.
 */
__noinline __u32 policy_pieces(struct policy_work *work, __u32 index, __u64 list, __u64 count, __u64 limit)
{
	struct pieces_context context = { .work = work };
	struct secd_policy_value *value;
	struct pieces_walk *walk;

	bounded(index, SECD_POLICY_COLUMNS_MAX - 1);
	if (!work || work->end > POLICY_LAST_TEXT)
		return SECD_POLICY_VALUE_UNREADABLE;
	value = &work->values[index];
	walk = &work->pieces;
	walk->list = list;
	walk->total = 0;
	walk->kept = 0;
	walk->state = 0;
	walk->begin = work->end;
	walk->capacity = limit < SECD_PATH_MAX ? limit : SECD_PATH_MAX;
	walk->count = count < POLICY_PIECES_MAX ? count : POLICY_PIECES_MAX;
	bpf_loop(POLICY_PIECES_MAX, piece_step, &context, 0);
	if (walk->state)
		return walk->state;
	if (walk->total > limit)
		walk->total = limit;
	value->number = walk->total;
	column_close(work, value, walk->begin, walk->kept);
	return walk->kept < walk->total ? SECD_POLICY_VALUE_TRUNCATED : SECD_POLICY_VALUE_PRESENT;
}

/* The bytes of an iov_iter, as it stands when the function is called. */
static __always_inline __u32 pieces_of_iterator(struct policy_work *work, struct secd_policy_value *value,
						__u32 index, __u64 pointer)
{
	struct iov_iter *iterator = (void *)pointer;
	struct iov_iter___before_64 *before = (void *)pointer;
	__u32 type = BPF_CORE_READ(iterator, iter_type);
	__u64 list, count = BPF_CORE_READ(iterator, count), offset = BPF_CORE_READ(iterator, iov_offset);

	if (bpf_core_field_exists(iterator->ubuf) && type == bpf_core_enum_value(enum iter_type, ITER_UBUF)) {
		value->number = count;
		return text_read_buffer(work, value, (__u64)BPF_CORE_READ(iterator, ubuf) + offset, count,
					SECD_PATH_MAX, true);
	}
	if (type != bpf_core_enum_value(enum iter_type, ITER_IOVEC) &&
	    type != bpf_core_enum_value(enum iter_type, ITER_KVEC))
		return SECD_POLICY_VALUE_UNREADABLE; /* pages, which have no address here */
	if (bpf_core_field_exists(iterator->__iov))
		list = (__u64)BPF_CORE_READ(iterator, __iov);
	else
		list = (__u64)BPF_CORE_READ(before, iov);
	work->pieces.flags = type == bpf_core_enum_value(enum iter_type, ITER_IOVEC) ? PIECES_DATA_USER : 0;
	work->pieces.skipped = offset;
	return policy_pieces(work, index, list, BPF_CORE_READ(iterator, nr_segs), count);
}

#endif
