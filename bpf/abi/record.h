/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The head of every record in every ring, and the accounting that proves a stream whole.
 *
 * A program takes a sequence number from its (ring, CPU) counter *before* it asks the ring
 * for space. A record that finds no space leaves a hole in the numbers and adds one to
 * `lost`, so user space can tell a hole from a record that is merely late, also at the end.
 */
#ifndef SECD_ABI_RECORD_H
#define SECD_ABI_RECORD_H

#include "types.h"

/* Raised on any incompatible change; the daemon refuses to read another number. */
#define SECD_ABI_VERSION 1

/* Rings by priority: noise in a lower one can never displace a record of a higher one. */
#define SECD_RING_LIFECYCLE    0
#define SECD_RING_VERDICT      1
#define SECD_RING_OBSERVATION  2
#define SECD_RING_COUNT        3

/* Record kinds. Append only: numbers stand in captures and in loss counters. */
#define SECD_KIND_NONE           0
#define SECD_KIND_FORK           1
#define SECD_KIND_EXEC           2
#define SECD_KIND_EXIT           3
#define SECD_KIND_CREDENTIALS    4
#define SECD_KIND_ARGUMENTS      5  /* a piece of argv beyond the exec record */
#define SECD_KIND_ENVIRONMENT    6  /* a piece of the environment, on request */
#define SECD_KIND_CGROUP         7  /* a cgroup came or went */
#define SECD_KIND_SOCKET         8
#define SECD_KIND_FILE           9
#define SECD_KIND_DNS           10
#define SECD_KIND_TEST          11  /* load generators of secbench and of the tests */
#define SECD_KIND_POLICY        12  /* an event that rules of policies decided on */
#define SECD_KIND_COUNT         16  /* room in the loss counters */

struct secd_record {
	__u32 size;       /* bytes, this head and everything behind it */
	__u16 kind;       /* SECD_KIND_* */
	__u8  ring;       /* SECD_RING_* */
	__u8  version;    /* SECD_ABI_VERSION */
	__u64 sequence;   /* from 1, per ring and CPU, since the maps were made */
	__u64 time_ns;    /* CLOCK_BOOTTIME */
	__u32 cpu;
	__u32 reserved;
};
SECD_LAYOUT(secd_record, sequence, 8);
SECD_LAYOUT(secd_record, time_ns, 16);
SECD_LAYOUT(secd_record, cpu, 24);
SECD_SIZE(secd_record, 32);

/* One per (ring, CPU), in the per-CPU array `secd_streams`. */
struct secd_stream {
	__u64 sequence;                 /* the last number given */
	__u64 lost;                     /* numbers given whose record found no space */
	__u64 lost_by_kind[SECD_KIND_COUNT];
	__u64 bytes;                    /* submitted, for the status page */
};
SECD_LAYOUT(secd_stream, lost, 8);
SECD_LAYOUT(secd_stream, lost_by_kind, 16);
SECD_SIZE(secd_stream, 16 + 8 * SECD_KIND_COUNT + 8);

/*
 * Written by user space before it sleeps, read by programs that want the reader's attention
 * (verdicts, a filling ring): the producer that clears `wanted` is the one that wakes, so at
 * most one wakeup (3 us here) is paid per sleep of the reader.
 */
struct secd_reader {
	__u32 wanted[SECD_RING_COUNT];
	__u32 reserved;
};
SECD_SIZE(secd_reader, 16);

/* Failures inside programs, by place; array `secd_counters`, per CPU. Append only. */
#define SECD_COUNTER_SCRATCH_BUSY      0  /* every scratch buffer of the CPU was taken */
#define SECD_COUNTER_NO_PROCESS        1  /* a task without a process record */
#define SECD_COUNTER_STORAGE_FULL      2  /* task or socket storage could not be made */
#define SECD_COUNTER_ARGUMENTS_FAULT   3  /* argv page not resident */
#define SECD_COUNTER_PATH_FAULT        4  /* a dentry or mount could not be read */
#define SECD_COUNTER_OUT_OF_SCOPE      5  /* events of other scopes, ignored on purpose */
#define SECD_COUNTER_MAP_FULL          6  /* a bounded map refused an entry */
#define SECD_COUNTER_MAPPING_BUSY      7  /* a mapping could not be looked at: its lock was taken */
#define SECD_COUNTER_PATH_TOO_LONG     8  /* deeper than a path can be: not compared with watched ones */
#define SECD_COUNTER_PEERS_UNTOLD      9  /* UDP datagrams of peers beyond SECD_UDP_PEERS_MAX */
#define SECD_COUNTER_COUNT            16

#endif
