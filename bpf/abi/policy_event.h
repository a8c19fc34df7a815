/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The record of the policy engine: one per event, with all rules that decided. */
#ifndef SECD_ABI_POLICY_EVENT_H
#define SECD_ABI_POLICY_EVENT_H

#include "process.h"
#include "policy.h"

#define SECD_POLICY_EVENT_RETURNED   (1U << 0)  /* `result` is what the call returned */
#define SECD_POLICY_EVENT_LOST_ENTRY (1U << 1)  /* no room to wait for the return: told before it */
#define SECD_POLICY_EVENT_COMPAT     (1U << 2)  /* a 32-bit call: int 0x80, sysenter */
#define SECD_POLICY_EVENT_X32        (1U << 3)
#define SECD_POLICY_EVENT_KILLED     (1U << 4)
#define SECD_POLICY_EVENT_SIGNALLED  (1U << 5)
#define SECD_POLICY_EVENT_DENIED     (1U << 6)
#define SECD_POLICY_EVENT_FAILED     (1U << 7)  /* a signal was not sent, a program not changed, or this
						 * mechanism cannot refuse */
#define SECD_POLICY_EVENT_REJUDGED   (1U << 8)  /* judged when it returned: the generation of the call
						 * was gone by then */
#define SECD_POLICY_EVENT_INTERRUPT  (1U << 9)  /* in an interrupt: `image` is who ran when it came … */
#define SECD_POLICY_EVENT_TRACKED    (1U << 10) /* … or, then and in threads of the kernel, the process
						 * that the socket is tied to (TrackSock) */
#define SECD_POLICY_EVENT_CHANGED    (1U << 11) /* memory or registers of the program: Set, Override */

/* Sets of rules, in this order. */
#define SECD_POLICY_SET_TOLD       0   /* decided for their groups, and tell */
#define SECD_POLICY_SET_UNCERTAIN  1   /* of those: a condition could not be decided */
#define SECD_POLICY_SET_ENFORCED   2   /* acted */
#define SECD_POLICY_SET_MONITORED  3   /* would have acted */
#define SECD_POLICY_SETS           4

#define SECD_POLICY_VALUE_PRESENT    0
#define SECD_POLICY_VALUE_TRUNCATED  1
#define SECD_POLICY_VALUE_ABSENT     2
#define SECD_POLICY_VALUE_UNREADABLE 3

#define SECD_POLICY_VALUE_NUMBER     1   /* `number` */
#define SECD_POLICY_VALUE_TEXT       2   /* bytes, as the program passed them */
#define SECD_POLICY_VALUE_PATH       3   /* bytes: the host's path, kernel's; `number` = file mode,
					  * `path_flags` SECD_PATH_*, `root` as in secd_path */
#define SECD_POLICY_VALUE_ENDPOINT   4   /* bytes: struct secd_policy_endpoint */
#define SECD_POLICY_VALUE_CREDENTIALS    5   /* bytes: struct secd_credentials */
#define SECD_POLICY_VALUE_USER_NAMESPACE 6   /* bytes: struct secd_policy_user_namespace */
#define SECD_POLICY_VALUE_BPF_PROGRAM    7   /* bytes: struct secd_policy_bpf_program */
#define SECD_POLICY_VALUE_BPF_MAP        8   /* bytes: struct secd_policy_bpf_map */
#define SECD_POLICY_VALUE_PERF_EVENT     9   /* bytes: struct secd_policy_perf_event */

/* `number` of a module, whose name is TEXT: its taints in the lower half, and */
#define SECD_POLICY_MODULE_JUDGED (1ULL << 62)   /* its signature was looked at … */
#define SECD_POLICY_MODULE_SIGNED (1ULL << 63)   /* … and is valid */

/* A value of a column. Its bytes lie at `offset` of the record. */
struct secd_policy_value {
	__u16 column;
	__u8  state;              /* SECD_POLICY_VALUE_PRESENT, … */
	__u8  kind;               /* SECD_POLICY_VALUE_NUMBER, … */
	__u32 length;             /* bytes in the record */
	__u64 number;
	__u32 offset;
	__u16 path_flags;
	__u16 root;
};
SECD_LAYOUT(secd_policy_value, number, 8);
SECD_SIZE(secd_policy_value, 24);

/* A socket, a packet, or an address (source only). Addresses as in secd_socket: IPv4 in the first 4 bytes. */
struct secd_policy_endpoint {
	__u8  source[16];
	__u8  destination[16];
	__u16 source_port;
	__u16 destination_port;
	__u16 family;
	__u16 type;
	__u16 protocol;
	__u16 state;
	__u32 reserved;
	__u64 cookie;
	__u32 mark;
	__u32 priority;
	/* Of a packet. */
	__u32 length;
	__u32 hash;
	__u32 path_length;        /* elements of its IPsec path … */
	__u32 path_offloaded;     /* … and those that the hardware handled */
};
SECD_LAYOUT(secd_policy_endpoint, source_port, 32);
SECD_LAYOUT(secd_policy_endpoint, mark, 56);
SECD_SIZE(secd_policy_endpoint, 80);

struct secd_policy_user_namespace {
	__u32 level;
	__u32 owner;
	__u32 group;
	__u32 inode;
};
SECD_SIZE(secd_policy_user_namespace, 16);

/* A program, or what bpf(2) was asked to load. */
struct secd_policy_bpf_program {
	__u32 type;
	__u32 instructions;
	__u8  name[16];
};
SECD_SIZE(secd_policy_bpf_program, 24);

struct secd_policy_bpf_map {
	__u32 type;
	__u32 key_size;
	__u32 value_size;
	__u32 entries;
	__u8  name[16];
};
SECD_SIZE(secd_policy_bpf_map, 32);

#define SECD_POLICY_FUNCTION_MAX 128   /* KSYM_NAME_LEN until 6.0 */
struct secd_policy_perf_event {
	__u32 type;
	__u32 reserved;
	__u64 config;
	__u64 offset;             /* of a probe in its function */
	__u8  function[SECD_POLICY_FUNCTION_MAX];
};
SECD_SIZE(secd_policy_perf_event, 152);
/* The largest of those, with the room that it is read into. */
#define SECD_POLICY_OBJECT_MAX 176

/*
 * Tail, in this order: for each set of `summary` the words whose bits are set in it, lowest first
 * (__u64); `values` values; kernel stack and user stack (`stack_frames` addresses each); the bytes of
 * the values.
 */
struct secd_policy_event {
	struct secd_record head;
	struct secd_image image;
	__u64 cgroup_id;
	__u32 tid;
	__u32 generation;
	__u32 hook;
	__u32 flags;              /* SECD_POLICY_EVENT_* */
	__u16 mechanism;          /* SECD_POLICY_BY_* */
	__u16 values;
	__u16 kernel_frames;
	__u16 user_frames;
	__s64 result;             /* with RETURNED */
	__u64 call_ns;            /* with RETURNED: when the call was made, else 0 */
	__u64 held_back;          /* records of the same key that rate limits did not send since the last */
	__u64 summary[SECD_POLICY_SETS];
};
SECD_LAYOUT(secd_policy_event, image, 32);
SECD_LAYOUT(secd_policy_event, cgroup_id, 48);
SECD_LAYOUT(secd_policy_event, mechanism, 72);
SECD_LAYOUT(secd_policy_event, result, 80);
SECD_LAYOUT(secd_policy_event, summary, 104);
SECD_SIZE(secd_policy_event, 136);

#endif
