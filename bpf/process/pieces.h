/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Long argument lists and environments: pieces on the observation ring, read from user memory
 * straight into the ring, each with the image it belongs to and its place in the whole.
 */
#ifndef SECD_PROCESS_PIECES_H
#define SECD_PROCESS_PIECES_H

#include "../lib/emit.h"

struct pieces {
	struct secd_image image;
	__u64 address;
	__u64 time_ns;
	__u32 first;      /* offset in the whole where this walk began */
	__u32 total;
	__u32 kind;
	__u32 reserved;
};

static long piece_step(__u32 index, struct pieces *pieces)
{
	__u32 offset = pieces->first + index * SECD_PIECE_MAX;
	struct secd_stream *stream;
	struct secd_piece *piece;
	struct secd_record head;
	__u32 length;

	if (offset >= pieces->total)
		return 1;
	length = pieces->total - offset;
	if (length > SECD_PIECE_MAX)
		length = SECD_PIECE_MAX;
	stream = record_begin(&head, pieces->kind, SECD_RING_OBSERVATION, pieces->time_ns);
	if (!stream)
		return 1;
	piece = bpf_ringbuf_reserve(&secd_observation, sizeof(*piece) + SECD_PIECE_MAX, 0);
	if (!piece) {
		record_lost(stream, pieces->kind);
		return 0;
	}
	head.size = sizeof(*piece) + length;
	piece->head = head;
	piece->image = pieces->image;
	piece->offset = offset;
	piece->length = length;
	piece->total = pieces->total;
	piece->flags = 0;
	if (length == 0 || length > SECD_PIECE_MAX)
		length = 1;
	if (bpf_probe_read_user((void *)(piece + 1), length,
				(void *)(pieces->address + (offset - pieces->first))))
		piece->flags = SECD_PIECE_FAULT;
	/* Each is 32 KiB: a few long lists fill the ring while the reader sleeps. */
	bpf_ringbuf_submit(piece, wakeup_flag(SECD_RING_OBSERVATION, 0, false));
	return 0;
}

static __always_inline void pieces_send(struct task_struct *task, const struct secd_image *image,
					__u32 kind, __u64 address, __u32 first, __u64 total,
					__u64 now)
{
	struct pieces pieces = {
		.image = *image,
		.address = address,
		.time_ns = now,
		.first = first,
		.total = total > 0xffffffff ? 0xffffffff : total,
		.kind = kind,
	};

	if (pieces.total > first)
		bpf_loop(SECD_PIECES_MAX, piece_step, &pieces, 0);
}

/* Before the exec record, so that whoever reads that finds the pieces in their ring. Returns
 * whether there were any. */
static __always_inline bool pieces_of_exec(struct task_struct *task, struct secd_exec *exec,
					   __u64 now)
{
	struct mm_struct *mm = kload(task, mm);
	bool any = false;
	__u64 start, total;

	if (exec->arguments_total > exec->arguments_length) {
		pieces_send(task, &exec->image, SECD_KIND_ARGUMENTS,
			    kload(mm, arg_start) + exec->arguments_length, exec->arguments_length,
			    exec->arguments_total, now);
		any = true;
	}
	if (secd_agent.flags & SECD_AGENT_ENVIRONMENT) {
		start = kload(mm, env_start);
		total = kload(mm, env_end) - start;
		exec->environment_total = total > 0xffffffff ? 0xffffffff : total;
		pieces_send(task, &exec->image, SECD_KIND_ENVIRONMENT, start, 0, total, now);
		any = true;
	}
	return any;
}

#endif
