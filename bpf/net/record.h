/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Socket records: what is common to all of them, and the way out. */
#ifndef SECD_NET_RECORD_H
#define SECD_NET_RECORD_H

#include "../lib/emit.h"
#include "../lib/scratch.h"
#include "state.h"

/* Bit N: events of number N are sent. What is off costs nothing. */
const volatile __u32 secd_socket_events = ~0U;

static __always_inline bool socket_event_wanted(__u32 event)
{
	return secd_socket_events & (1U << event);
}

/* What the record of the socket knows. */
static __always_inline void record_state(struct secd_socket *record,
					 const struct secd_socket_state *state)
{
	record->cookie = state->cookie;
	record->user = state->user;
	record->creator = state->creator;
	record->acceptor = state->acceptor;
	record->owner_unknown = state->owner_unknown;
	record->flags |= state->flags & ~(SECD_SOCKET_FLAG_TOTALS_EXACT |
					  SECD_SOCKET_FLAG_PACKETS_KNOWN);
	record->net_ns = state->net_ns;
	record->uid = state->uid;
	record->cgroup_id = state->cgroup_id;
	record->opened_ns = state->opened_ns;
	record->connected_ns = state->connected_ns;
	record->inode = state->inode;
}

static __always_inline void record_actor(struct secd_socket *record, const struct actor *actor)
{
	record->user = actor->image;
	record->owner_unknown = SECD_OWNER_KNOWN;
	record->tid = actor->tid;
	record->uid = actor->uid;
	record->cgroup_id = actor->cgroup_id;
	record->net_ns = actor->net_ns;
}

/* Totals that we keep ourselves (all but TCP). */
static __always_inline void record_totals(struct secd_socket *record,
					  const struct secd_socket_state *state)
{
	record->bytes_sent = state->bytes_sent;
	record->bytes_received = state->bytes_received;
	record->packets_sent = state->packets_sent;
	record->packets_received = state->packets_received;
	record->peers = state->peers;
	record->untold = state->untold;
	record->flags |= state->flags &
			 (SECD_SOCKET_FLAG_TOTALS_EXACT | SECD_SOCKET_FLAG_PACKETS_KNOWN);
}

static __always_inline void socket_send(struct secd_socket *record, __u32 event, __u64 now)
{
	if (!socket_event_wanted(event))
		return;
	record->event = event;
	emit(&record->head, sizeof(*record), SECD_KIND_SOCKET, SECD_RING_OBSERVATION, now);
}

/* Records with a Unix name are built in scratch; `length` bytes of name stand behind them. */
static __always_inline struct secd_socket *record_claim(struct secd_scratch **scratch)
{
	struct secd_socket *record;

	*scratch = scratch_claim();
	if (!*scratch)
		return NULL;
	record = (struct secd_socket *)(*scratch)->record;
	__builtin_memset(record, 0, sizeof(*record));
	return record;
}

static __always_inline void record_release(struct secd_scratch *scratch, __u32 length, __u64 now)
{
	struct secd_socket *record = (struct secd_socket *)scratch->record;

	record->path_length = length;
	bounded(length, 127);
	emit(&record->head, sizeof(*record) + length, SECD_KIND_SOCKET, SECD_RING_OBSERVATION, now);
	scratch_release(scratch);
}

#endif
