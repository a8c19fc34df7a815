/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one event needs while it is judged: arguments, values that were read, rows, sets of rules, and
 * the bytes that its record will carry. Claimed as lib/scratch.h says, and for the same reasons.
 */
#ifndef SECD_TRACE_WORK_H
#define SECD_TRACE_WORK_H

#include "../abi/policy_event.h"
#include "../lib/actor.h"
#include "../lib/counters.h"
#include "../lib/path.h"
#include "hash.h"
#include "tables.h"

/*
 * In scratch.record: bytes of values grow from POLICY_BYTES; when the record is sent, what stands in front of
 * them is written so that it ends there. From POLICY_ASIDE on: text that no record carries.
 */
#define POLICY_BYTES 4608
#define POLICY_ASIDE SECD_SCRATCH_LAST_START
/* Where the last text of a full capacity may begin. */
#define POLICY_LAST_TEXT (POLICY_ASIDE - SECD_PATH_MAX - SECD_HASH_BLOCK)
#define POLICY_TEXT_MASK 8191
_Static_assert(POLICY_LAST_TEXT <= POLICY_TEXT_MASK, "a mask keeps every place");
#define POLICY_STACK_FRAMES 127
#define POLICY_FRONT_MAX                                                                        \
	(sizeof(struct secd_policy_event) + SECD_POLICY_SETS * SECD_POLICY_WORDS * 8 +          \
	 SECD_POLICY_COLUMNS_MAX * sizeof(struct secd_policy_value) + 2 * POLICY_STACK_FRAMES * 8)
_Static_assert(POLICY_FRONT_MAX <= POLICY_BYTES, "the front of a record fits");

/* A file as the kernel has it; 0 = none. */
struct policy_file {
	__u64 mnt;
	__u64 dentry;
	__u64 inode;
};

/*
 * Where the walk of a path is. Not on the stack: there the verifier would count every step by its depth and
 * never come to an end.
 */
struct component_walk {
	__u64 dentry;
	__u64 mount;              /* struct mount; 0 = only names of one file system */
	__u32 depth;
	__u32 state;              /* of the value */
	/* The mount that was left last: the root of it, and how deep the walk was there. */
	__u64 below_dentry;
	__u64 below_mount;
	__u32 below_depth;
	__u32 column;             /* whose path it was, and 1; 0 = nobody's */
};

/* Where the text of a walked path goes on. */
struct text_walk {
	__u32 left;               /* components, the leaf's is 0 */
	__u32 at;                 /* in scratch.record */
	__u32 flags;              /* SECD_PATH_* */
	__u32 reserved;
};

/* What is read for a value: a pointer, or the number itself. */
struct column_start {
	__u64 value;
	__u64 address;            /* where a number stands; 0 = `value` is it */
	__u32 failed;
	__u32 place;              /* of DATA_LOC */
};

/* A list of pieces that is read (pieces.h). */
struct pieces_walk {
	__u64 list;
	__u64 skipped;            /* bytes of the first piece that are done already */
	__u64 total;              /* bytes of all pieces */
	__u64 base;               /* of the piece at hand */
	__u64 length;
	__u64 narrow;             /* as a 32-bit program lists it */
	__u32 begin;              /* of the bytes in scratch.record */
	__u32 kept;
	__u32 capacity;
	__u32 flags;
	__u32 state;
	__u32 count;
};

/* All rules, and a row for each dimension; a power of two, so that indices can be masked. */
#define POLICY_ROWS 64
#define POLICY_ROWS_USED (SECD_POLICY_DIMENSIONS_MAX + 1)

struct policy_work {
	__u32 busy;
	__u32 buffer;             /* its number among those of the CPU */
	__u32 slot;
	__u32 returning;          /* the call has returned */
	__u32 again;              /* and is judged again: what was to be done at the call is done now */
	__u32 site;               /* in a program that is changed: the number of the place */
	__u64 result;
	__u64 task;               /* the running one, to load from: asking for it is a call */
	__u64 fields;             /* a tracepoint's record, or registers; in kernel memory */
	__u64 place;              /* on the stack that the hook was met on; 0 = that of the running task */
	__s32 verdict;            /* what the hook returns to the kernel, where it can */
	__u32 row_count;
	__u32 rows[POLICY_ROWS];
	__u64 summary;            /* words that may have rules left */
	__u32 is_computed;        /* `computed` is in use: what bit dimensions leave */
	/* The group that is being decided: the rule so far, and whether it gives way. */
	__u32 group;
	__u32 rule;
	__u32 rule_is_weak;
	__u32 depth;              /* components of the path that was walked last */
	__u32 front;              /* where the record's front is written, in scratch.record */
	__u32 kernel_frames;
	__u32 user_frames;
	__u64 left[SECD_POLICY_SETS];   /* words of the sets that the front does not have yet */
	struct text_hash hash;
	struct text_hash sum;     /* of all values that are shown */
	struct text_hash limit_sum;   /* the same, while those are hashed that calls are counted by */
	struct secd_policy_key key;
	struct secd_policy_prefix prefix;
	struct policy_file files[SECD_POLICY_COLUMNS_MAX];
	struct policy_file aside;                  /* the binary that is being classified … */
	struct secd_path aside_path;               /* … and its path, at POLICY_ASIDE */
	struct path_request request;
	struct secd_policy_row computed;
	struct secd_policy_row open;               /* rules that match and need a look */

	/* From here to `bits`: what a call keeps that is judged again when it returns (wait.h). */
	__u32 generation;
	__u32 hook;
	__u32 flags;              /* SECD_POLICY_EVENT_* */
	__u32 is_uncertain;       /* `uncertain` is in use */
	__u64 arguments[16];      /* six, of USDT probes twelve; masked indices reach sixteen */
	__u64 call_ns;
	__u32 missing;            /* arguments, by bit, that could not be read */
	__u32 frame;              /* of a function of a program: where its stack begins; else 0 */
	__u64 held_back;
	__u32 stacks;             /* SECD_POLICY_KERNEL_STACK, _USER_STACK that rules ask for */
	__u32 read;               /* columns that were read, by bit */
	__u32 shown;              /* columns that the record carries, by bit */
	__u32 end;                /* of bytes in scratch.record */
	__u64 socks[SECD_POLICY_COLUMNS_MAX];   /* addresses of sockets that were read … */
	__u32 sock_columns;       /* … by column, and which columns have one, by bit */
	__u32 reserved;
	struct secd_policy_value values[SECD_POLICY_COLUMNS_MAX];
	struct secd_policy_row uncertain;
	struct secd_policy_row matched;
	struct secd_policy_row sets[SECD_POLICY_SETS];

	__u64 bits[SECD_POLICY_MARK_WORDS];
	__u64 bits_unknown[SECD_POLICY_MARK_WORDS];
	struct text_hash components[SECD_POLICY_COMPONENTS_MAX];   /* leaf first */
	struct component_walk walk;
	struct text_walk text;
	__u64 dentries[SECD_POLICY_COMPONENTS_MAX];
	struct text_hash paths[SECD_POLICY_COMPONENTS_MAX + 1];    /* beginnings, by components */
	__u32 state;              /* of the automaton that runs over a text */
	__u32 stack_depth;        /* of the expression that is computed, and what its columns were */
	__u32 stack_flags;
	__u32 bit_index;          /* of the dimension whose bits are gathered: first in the pool … */
	__u32 bit_count;
	__u32 bit_words;          /* … and words of its rows */
	struct column_start start;                 /* of the column that is read */
	struct actor owner;                        /* whom a socket is tied to */
	struct pieces_walk pieces;
	struct secd_policy_origin origin;          /* what the process has now */
	__u64 stack[SECD_POLICY_EXPRESSION_STACK];
	struct secd_scratch scratch;
};
/* The most that a per-CPU value can have. */
_Static_assert(sizeof(struct policy_work) <= 32768, "fits a per-CPU map");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SECD_SCRATCH_BUFFERS);
	__type(key, __u32);
	__type(value, struct policy_work);
} secd_policy_work SEC(".maps");

static __always_inline struct policy_work *work_claim(void)
{
	struct policy_work *work;
	__u32 index;

#pragma unroll
	for (index = 0; index < SECD_SCRATCH_BUFFERS; index++) {
		__u32 key = index;

		work = bpf_map_lookup_elem(&secd_policy_work, &key);
		if (work && __sync_val_compare_and_swap(&work->busy, 0, 1) == 0) {
			work->buffer = index;
			return work;
		}
	}
	count(SECD_COUNTER_SCRATCH_BUSY);
	return NULL;
}

static __always_inline void work_release(struct policy_work *work)
{
	__sync_lock_test_and_set(&work->busy, 0);
}

#endif
