/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a generation of policies looks like in maps. docs/policy-engine.md says how it is judged.
 *
 * A generation is one set of tables. Its tables hang in slot `generation & 1` of the maps of maps
 * below; the other slot is filled in peace, then one word (secd_policy_control.generation) names it.
 */
#ifndef SECD_ABI_POLICY_H
#define SECD_ABI_POLICY_H

#include "types.h"

/* Selectors of all policies at one hook: a row is a word of summary and so many words of bits. */
#define SECD_POLICY_WORDS              64
#define SECD_POLICY_RULES_MAX        4096
/* Judged at one hook, entry and return together: a loop of the programs, unrolled by the verifier. */
#define SECD_POLICY_DIMENSIONS_MAX     32
/* Read at one hook, for all policies together. */
#define SECD_POLICY_COLUMNS_MAX        16
/* Pointers from an argument to the value: as many as a path has members. */
#define SECD_POLICY_STEPS_MAX          16
/* Distinct lengths of one table that are looked up by hash; more go into the trie. */
#define SECD_POLICY_LENGTHS_MAX         8
/* Facts about a process that are looked up once per image and generation. */
#define SECD_POLICY_PROCESS_TABLES_MAX 16
/* Arguments of a program that are looked through for one by position, its name among them. */
#define SECD_POLICY_ARGUMENTS_MAX      32
/* Kinds of facts that give marks: whole binaries, their endings, two kinds of process numbers. */
#define SECD_POLICY_LINEAGES_MAX        4
/* Predicates that descendants inherit, in words of bits. */
#define SECD_POLICY_MARK_WORDS          4
/* Bytes of text in the trie: with its head the key is 256. */
#define SECD_POLICY_TRIE_MAX          248
/* Components that the walk of a kernel path keeps, from the root on. A power of two: the walk comes from the
 * leaf, and they are a ring. */
#define SECD_POLICY_COMPONENTS_MAX     64

/*
 * Pools: maps of maps with the key slot * CHUNKS + (index / PER_CHUNK), and inside index % PER_CHUNK.
 * Arrays in a map of maps must all have one size, so a pool grows by chunks; chunks that are not
 * needed stay empty. (Arrays of any size exist, but each look-up then is a call: 12 ns.)
 */
#define SECD_POLICY_SLOTS                2
#define SECD_POLICY_HOOK_CHUNKS       4096   /* one hook each */
#define SECD_POLICY_ROW_CHUNKS         256
#define SECD_POLICY_ROWS_PER_CHUNK     256
#define SECD_POLICY_START_CHUNKS       256
#define SECD_POLICY_STARTS_PER_CHUNK  1024
#define SECD_POLICY_INDEX_CHUNKS       256
#define SECD_POLICY_INDEX_PER_CHUNK   4096
#define SECD_POLICY_RULE_CHUNKS        256
#define SECD_POLICY_RULES_PER_CHUNK    256

/* Not there: of a row, a pool index, a column, a counter. */
#define SECD_POLICY_NONE      0xffffffffU
/* In place of a class: the value is known not to exist; it could not be read. */
#define SECD_POLICY_ABSENT    0xfffffffeU
#define SECD_POLICY_UNREADABLE 0xfffffffdU

/* Array `secd_policy_control`, one entry, mapped by user space: the word that flips. 0 = no policy. */
struct secd_policy_control {
	__u32 generation;
	__u32 epoch;              /* its lowest bit says which map calls are counted in */
};
SECD_SIZE(secd_policy_control, 8);

/* Two lanes of eight secret factors, and two first states. */
#define SECD_POLICY_SEEDS 18

/* Frozen .rodata `secd_policy_setup`, set before the programs load. */
struct secd_policy_setup {
	__u64 seed[SECD_POLICY_SEEDS];   /* random, per start of the daemon: "Keys" in the page */
	__u32 host_ns[10];        /* inode numbers of PID 1's namespaces, in the order of secd_namespaces */
	__u32 hook;               /* of a program without cookie; 0 = the cookie says; of a guard, its
				   * place among `secd_policy_enforced` */
	__u32 arguments;          /* of the function or raw tracepoint that a program is loaded for */
	/* Of a raw tracepoint that stands for a function: only calls with this argument are meant. */
	__u32 only_argument;      /* its position and 1; 0 = all calls */
	__u32 only_value;
};
SECD_LAYOUT(secd_policy_setup, host_ns, 144);
SECD_SIZE(secd_policy_setup, 200);

/* Array `secd_policy_calls`: syscall → hooks. Not of a generation: a hook keeps its number. */
#define SECD_POLICY_CALLS        2048
#define SECD_POLICY_CALLS_COMPAT 1024   /* 32-bit numbers (int 0x80, sysenter) begin here; x32's
					 * stand at the number without its bit 30 */
/* What 32-bit programs call through socketcall(2): behind it by its first argument, 1 to 20. */
#define SECD_POLICY_CALLS_SOCKET 1984
#define SECD_POLICY_SOCKET_CALLS   20
/* secd_policy_call.listed of socketcall(2) itself. */
#define SECD_POLICY_LISTED_SOCKET 255
/* In secd_policy_call.refuses: `enforcers` of some policy name the call. */
#define SECD_POLICY_CALL_ENFORCED (1U << 15)
struct secd_policy_call {
	__u32 enter;              /* hook, judged before the call; 0 = none */
	__u32 exit;               /* hook, judged when the call returns; 0 = none */
	__u32 waits;              /* hook that waits: judged before the call and at its return; 0 = none */
	__u32 listed;             /* of 32-bit calls: so many arguments are words in memory at the first
				   * one; SECD_POLICY_LISTED_SOCKET = hooks stand at CALLS_SOCKET */
	__u32 refuses;            /* hook, judged before the call, which guards then refuse; 0 = none;
				   * SECD_POLICY_CALL_ENFORCED */
};
SECD_SIZE(secd_policy_call, 20);

/*
 * Key of the hash `secd_policy_enforced`, value __u32: calls that policies name in `enforcers`. Not of a
 * generation: a policy's number as an enforcer is given once.
 */
#define SECD_POLICY_ENFORCED_MAX 32768
struct secd_policy_enforced {
	__u32 enforcer;
	__u32 call;               /* place in `secd_policy_calls`; of other functions, from CALLS on, the
				   * secd_policy_setup.hook of their guard, or ENFORCED_PLACES and a place
				   * of cgroup programs */
};
SECD_SIZE(secd_policy_enforced, 8);
#define SECD_POLICY_ENFORCED_PLACES 0x10000
/* No call: stands as long as the enforcer does. */
#define SECD_POLICY_ENFORCED_ALIVE 0xffffffffU

/* Key of the hash `secd_policy_waiting`: calls that matched and have not returned. Their values are the
 * programs' own. */
struct secd_policy_waiting_key {
	__u64 task;               /* address of the thread's task: its number changes when it calls execve */
	__u32 hook;
	__u32 frame;              /* of a function of a program: calls of one thread differ by it; else 0 */
};
SECD_SIZE(secd_policy_waiting_key, 16);

/*
 * Array `secd_policy_places`: cgroup programs → hooks. Up to four hooks are judged at one place, as
 * security_socket_connect and tcp_connect are when a process connects; the first that denies ends it.
 */
#define SECD_POLICY_PLACE_CONNECT  0   /* connect4, connect6 */
#define SECD_POLICY_PLACE_SEND     1   /* sendmsg4, sendmsg6: with an address */
#define SECD_POLICY_PLACE_BIND     2   /* bind4, bind6 */
#define SECD_POLICY_PLACE_RELEASE  3   /* sock_release, of TCP */
#define SECD_POLICY_PLACE_UNIX     4   /* connect_unix */
#define SECD_POLICY_PLACE_DEVICE   5   /* dev */
#define SECD_POLICY_PLACE_CREATE   6   /* sock_create */
#define SECD_POLICY_PLACES         8
#define SECD_POLICY_PLACE_HOOKS    4
struct secd_policy_place {
	__u32 hook[SECD_POLICY_PLACE_HOOKS];   /* 0 = none */
};
SECD_SIZE(secd_policy_place, 16);

/* Value of the per-CPU array `secd_policy_counters`: numbers are user space's, kept over generations.
 * Rules that only Post are not counted here: their records can be. */
struct secd_policy_counter {
	__u64 decided;            /* the rule was the one of its group */
	__u64 held_back;          /* records that its rate limit did not send */
	__u64 enforced;
	__u64 monitored;          /* would have enforced */
	__u64 uncounted;          /* calls whose key found no room in the map of counts */
};
SECD_SIZE(secd_policy_counter, 40);

/* Key of `secd_policy_counts_0` and `_1` (hashes), value __u64: calls since the epoch began. */
struct secd_policy_count_key {
	__u64 values[2];          /* hash of the values that the calls have in common: "Counts" in the page */
	__u32 counter;            /* the rule, by its lasting number */
	__u32 reserved;
};
SECD_SIZE(secd_policy_count_key, 24);

#endif
