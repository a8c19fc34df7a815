/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rings, sequence numbers and loss. See abi/record.h for the accounting rule.
 *
 * Submits never wake the reader by themselves: a wakeup of another core costs 6 to 7 us in a
 * guest, more than the whole record. The reader polls; the programs wake it once when it asked
 * (`wanted`) and a ring is filling or a verdict came.
 */
#ifndef SECD_LIB_EMIT_H
#define SECD_LIB_EMIT_H

#include "agent.h"
#include "counters.h"

/* Sizes are defaults: user space sets them before load (powers of two, at least 2 pages).
 * The observation ring must hold a whole 2 MiB argv in pieces. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} secd_lifecycle SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} secd_verdict SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} secd_observation SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SECD_RING_COUNT);
	__type(key, __u32);
	__type(value, struct secd_stream);
} secd_streams SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct secd_reader);
} secd_readers SEC(".maps");

static __always_inline void *ring_of(__u32 ring)
{
	if (ring == SECD_RING_LIFECYCLE)
		return &secd_lifecycle;
	if (ring == SECD_RING_VERDICT)
		return &secd_verdict;
	return &secd_observation;
}

/* Fills the head and takes the sequence number. `ring` must be a compile-time constant. */
static __always_inline struct secd_stream *record_begin(struct secd_record *head, __u32 kind,
							__u32 ring, __u64 time_ns)
{
	__u32 key = ring;
	struct secd_stream *stream = bpf_map_lookup_elem(&secd_streams, &key);

	if (!stream)
		return NULL;
	head->kind = kind;
	head->ring = ring;
	head->version = SECD_ABI_VERSION;
	head->time_ns = time_ns;
	head->cpu = bpf_get_smp_processor_id();
	head->reserved = 0;
	/* Atomic: an interrupt may emit between our read and our write on the same CPU. */
	head->sequence = __sync_fetch_and_add(&stream->sequence, 1) + 1;
	return stream;
}

/* Books a number that was taken and whose record could not be sent. */
static __always_inline void record_lost(struct secd_stream *stream, __u32 kind)
{
	__sync_fetch_and_add(&stream->lost, 1);
	if (kind < SECD_KIND_COUNT)
		__sync_fetch_and_add(&stream->lost_by_kind[kind], 1);
}

/* A ring's fill is looked at with every so many records of a CPU: 16 of the largest are 256 KiB. */
#define SECD_FILL_CHECK 16

/*
 * What cannot wait for the end of the reader's sleep: verdicts, and cgroups, because a container's events and
 * policies wait for the name that is asked for when its cgroup is told.
 */
static __always_inline bool is_urgent(__u32 ring, __u32 kind)
{
	return ring == SECD_RING_VERDICT || kind == SECD_KIND_CGROUP;
}

/* The flag with which to submit: wake only a reader that asked, once, for what is urgent or above the fill
 * mark. `sequence` of the record; 0 looks in any case. */
static __always_inline __u64 wakeup_flag(__u32 ring, __u64 sequence, bool urgent)
{
	__u32 zero = 0;
	struct secd_reader *reader;

	if (!urgent && (sequence & (SECD_FILL_CHECK - 1)))
		return BPF_RB_NO_WAKEUP;
	reader = bpf_map_lookup_elem(&secd_readers, &zero);
	if (!reader || !reader->wanted[ring])
		return BPF_RB_NO_WAKEUP;
	if (!urgent &&
	    bpf_ringbuf_query(ring_of(ring), BPF_RB_AVAIL_DATA) < secd_agent.wake_bytes)
		return BPF_RB_NO_WAKEUP;
	if (!__sync_lock_test_and_set(&reader->wanted[ring], 0))
		return BPF_RB_NO_WAKEUP;
	return BPF_RB_FORCE_WAKEUP;
}

/*
 * A place in the ring for a record of a fixed size, head filled in, the rest as it lies there: write
 * every byte. NULL with the loss booked. What is begun is sent with record_submit.
 */
static __always_inline void *record_reserve(__u32 size, __u32 kind, __u32 ring, __u64 time_ns)
{
	struct secd_record head, *record;
	struct secd_stream *stream = record_begin(&head, kind, ring, time_ns);

	if (!stream)
		return NULL;
	record = bpf_ringbuf_reserve(ring_of(ring), size, 0);
	if (!record) {
		record_lost(stream, kind);
		return NULL;
	}
	head.size = size;
	*record = head;
	stream->bytes += size;
	return record;
}

static __always_inline void record_submit(struct secd_record *record, __u32 ring)
{
	bpf_ringbuf_submit(record, wakeup_flag(ring, record->sequence, is_urgent(ring, 0)));
}

/* Sends a record that stands in memory. Returns 0, or -ENOSPC with the loss booked. */
static __always_inline long emit(struct secd_record *head, __u32 size, __u32 kind, __u32 ring,
				 __u64 time_ns)
{
	struct secd_stream *stream = record_begin(head, kind, ring, time_ns);
	long result;

	if (!stream)
		return -1;
	head->size = size;
	result = bpf_ringbuf_output(ring_of(ring), head, size,
				    wakeup_flag(ring, head->sequence, is_urgent(ring, kind)));
	if (result)
		record_lost(stream, kind);
	else
		stream->bytes += size;
	return result;
}

#endif
