/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tables of a hook in a generation: what is read there, how it is judged, and what rules do. */
#ifndef SECD_ABI_POLICY_HOOK_H
#define SECD_ABI_POLICY_HOOK_H

#include "policy.h"
#include "policy_steps.h"

/* Value of the pool `secd_policy_rows`. Bit n of the summary: words[n] is not 0. */
struct secd_policy_row {
	__u64 summary;
	__u64 words[SECD_POLICY_WORDS];
};
SECD_SIZE(secd_policy_row, 520);

/* Value of the pool `secd_policy_starts`: numbers from `start` to the next start. */
struct secd_policy_start {
	__u64 start;              /* sort order: signed numbers with their top bit turned */
	__u32 result;
	__u32 reserved;
};
SECD_SIZE(secd_policy_start, 16);

/* Key of `secd_policy_keys` (hash, one per slot), value __u32 result: see "Keys" in the page. */
struct secd_policy_key {
	__u64 hash[2];
};
SECD_SIZE(secd_policy_key, 16);

/* Key of `secd_policy_tries` (LPM trie, one per slot), value __u32 result. */
struct secd_policy_prefix {
	__u32 bits;               /* 32 and those of `data` */
	__u32 table;
	__u8  data[SECD_POLICY_TRIE_MAX];
};
SECD_SIZE(secd_policy_prefix, 256);

/* How a value becomes a result (secd_policy_lookup.family). */
#define SECD_POLICY_NUMBERS    1   /* binary search in starts[first ..< first + count] */
#define SECD_POLICY_TEXT       2   /* whole: key (table); beginnings: key or trie (table + 1) */
#define SECD_POLICY_ENDINGS    3   /* key (table + 2) of the last bytes; trie (table + 2): backwards */
#define SECD_POLICY_NETWORKS   4   /* trie (table) IPv4, (table + 1) IPv6 */
#define SECD_POLICY_COMPONENTS 5   /* of a kernel path, by hashes of its components: whole (table),
				    * beginnings (table + 1), those cut in a component (table + 3) */
/* Numbers of tables are multiples of this, from 4, and differ within a generation. */
#define SECD_POLICY_TABLE_STEP 4

#define SECD_POLICY_LOOKUP_SIGNED (1U << 0)   /* NUMBERS sort as signed */
#define SECD_POLICY_LOOKUP_TRIE   (1U << 1)   /* TEXT, ENDINGS: the trie has them, too; `lengths` only
					       * those that are longer than the trie's keys */
#define SECD_POLICY_LOOKUP_WHOLE  (1U << 2)   /* TEXT, COMPONENTS: the table has whole texts */

/*
 * TEXT, ENDINGS: `lengths[n].bytes`, longest first. COMPONENTS: a beginning of `whole` complete
 * components and `bytes` of the next, most complete components first, then most bytes.
 */
struct secd_policy_length {
	__u16 bytes;
	__u16 whole;
};
SECD_SIZE(secd_policy_length, 4);

struct secd_policy_lookup {
	__u8  family;
	__u8  flags;              /* SECD_POLICY_LOOKUP_* */
	__u16 length_count;
	__u32 table;
	__u32 first;
	__u32 count;
	__u32 missing;            /* result of what is in no key */
	struct secd_policy_length lengths[SECD_POLICY_LENGTHS_MAX];
};
SECD_LAYOUT(secd_policy_lookup, lengths, 20);
SECD_SIZE(secd_policy_lookup, 52);

/* What a dimension judges (secd_policy_dimension.input). */
#define SECD_POLICY_IN_COLUMN         1   /* a facet of a column, by `lookup`; the result is a row */
#define SECD_POLICY_IN_PROCESS        2   /* class `slot` of the process; `index` gives the row */
#define SECD_POLICY_IN_FACT           3   /* a number of the process (`fact`), by `lookup`; likewise */
#define SECD_POLICY_IN_WORKLOAD       4   /* class of the cgroup; `index` gives the row */
/* Bits: `index` gives a row for each bit that a rule asks for, SECD_POLICY_NONE for others. */
#define SECD_POLICY_IN_COLUMN_BITS    5
#define SECD_POLICY_IN_GAINED_BITS    6   /* bits of `column` that `other` has not */
#define SECD_POLICY_IN_FACT_BITS      7
#define SECD_POLICY_IN_MARKS          8   /* of the process and all above */
#define SECD_POLICY_IN_MARKS_ABOVE    9   /* of those above only */
/* Rules that ask for something by `lookup.first` in the pool `secd_policy_starts`. */
#define SECD_POLICY_IN_TEXTS         10   /* an automaton of texts inside of a facet of `column`;
					   * `lookup.missing`: rules whose text is everywhere */
#define SECD_POLICY_IN_ARGUMENT_TEXTS 11  /* the same inside of argument `other` of the process */
#define SECD_POLICY_IN_EXPRESSIONS   12   /* `lookup.count` steps */

/*
 * `secd_policy_workloads` (hash, one per slot): cgroup id -> class. Classes of containers have the flag: they
 * count only for processes with mounts of their own. The key 0, which no cgroup has, is what runs in none.
 */
#define SECD_POLICY_CLASS_CONTAINER (1U << 31)
#define SECD_POLICY_HOST_CGROUP     0ULL

/* Facets of a column, numbered as PolicyModel.Facet's cases. */
#define SECD_POLICY_FACET_NUMBER       0
#define SECD_POLICY_FACET_TEXT         1
#define SECD_POLICY_FACET_PATH         2
#define SECD_POLICY_FACET_FILE_TYPE    3
#define SECD_POLICY_FACET_SOURCE       4
#define SECD_POLICY_FACET_DESTINATION  5
#define SECD_POLICY_FACET_SOURCE_PORT  6
#define SECD_POLICY_FACET_DEST_PORT    7
#define SECD_POLICY_FACET_PROTOCOL     8
#define SECD_POLICY_FACET_FAMILY       9
#define SECD_POLICY_FACET_STATE       10

/* Facts about the process; namespaces are 16 + the position in secd_namespaces. */
#define SECD_POLICY_FACT_BINARY          1
#define SECD_POLICY_FACT_PARENT_BINARY   2
#define SECD_POLICY_FACT_ARGUMENT        3   /* `argument` says which, 0 = behind the program's name */
#define SECD_POLICY_FACT_PID             4
#define SECD_POLICY_FACT_PID_IN_NS       5
#define SECD_POLICY_FACT_EFFECTIVE       6
#define SECD_POLICY_FACT_INHERITABLE     7
#define SECD_POLICY_FACT_PERMITTED       8
/* Bits: what differs from exec; namespaces by their position in secd_namespaces. */
#define SECD_POLICY_FACT_NAMESPACES_CHANGED  9
#define SECD_POLICY_FACT_EFFECTIVE_CHANGED   10
#define SECD_POLICY_FACT_INHERITABLE_CHANGED 11
#define SECD_POLICY_FACT_PERMITTED_CHANGED   12
#define SECD_POLICY_FACT_NAMESPACE      16   /* … 25; 0 where it is the host's */
/* Flag: capabilities count in the initial user namespace only, elsewhere they are 0. */
#define SECD_POLICY_FACT_INITIAL_ONLY (1U << 0)

struct secd_policy_dimension {
	__u8  input;              /* SECD_POLICY_IN_* */
	__u8  facet;
	__u8  fact;
	__u8  fact_flags;
	__u16 column;
	__u16 other;              /* column of GAINED_BITS; argument of ARGUMENT_TEXTS; columns of
				   * EXPRESSIONS, by bit */
	__u32 slot;               /* of PROCESS: position in secd_policy_generation.tables */
	__u32 index;              /* first in the pool `secd_policy_indexes`; NONE: the result is the row */
	__u32 index_count;
	/* Rows of class dimensions. */
	__u32 absent_row;
	__u32 unreadable_row;
	__u32 constrained_row;    /* rules that are uncertain where the value is */
	/* Rows of bit dimensions. Of them only TEXTS use `constrained_row`: all that ask for one. */
	__u32 free_row;
	__u32 positive_row;       /* and of PROCESS on files: rules that hold where one of them is named */
	__u32 negative_row;
	__u32 unknown_row;
	struct secd_policy_lookup lookup;
};
SECD_LAYOUT(secd_policy_dimension, slot, 8);
SECD_LAYOUT(secd_policy_dimension, absent_row, 20);
SECD_LAYOUT(secd_policy_dimension, lookup, 48);
SECD_SIZE(secd_policy_dimension, 100);

/* How a column is read (secd_policy_column.reader). */
#define SECD_POLICY_READ_NUMBER          1   /* `width` bytes */
#define SECD_POLICY_READ_STRING          2   /* NUL-terminated */
#define SECD_POLICY_READ_BUFFER          3   /* as long as argument `size_argument` says */
#define SECD_POLICY_READ_DESCRIPTOR      4   /* number of an open file → its path */
#define SECD_POLICY_READ_FILE            5   /* struct file * */
#define SECD_POLICY_READ_PATH            6   /* struct path * */
#define SECD_POLICY_READ_DENTRY          7   /* struct dentry *: names up to the root of its file system */
#define SECD_POLICY_READ_FILENAME        8   /* struct filename * */
#define SECD_POLICY_READ_ADDRESS         9   /* struct sockaddr *; length in `size_argument` if any */
#define SECD_POLICY_READ_SOCK           10   /* struct sock * */
#define SECD_POLICY_READ_SOCKET         11   /* struct socket * */
#define SECD_POLICY_READ_BINPRM         12   /* struct linux_binprm *: the file that will run */
#define SECD_POLICY_READ_FIELD_STRING   13   /* tracepoint: char[] of `width` bytes in the record */
#define SECD_POLICY_READ_DATA_LOC       14   /* tracepoint: __data_loc */
#define SECD_POLICY_READ_PIECES         15   /* struct iovec *, `size_argument` of them */
#define SECD_POLICY_READ_ITERATOR       16   /* struct iov_iter * */
/* Objects: what is shown of them, see SECD_POLICY_VALUE_*. */
#define SECD_POLICY_READ_PACKET         17   /* struct sk_buff * */
#define SECD_POLICY_READ_CREDENTIALS    18   /* struct cred * */
#define SECD_POLICY_READ_USER_NAMESPACE 19   /* struct user_namespace * */
#define SECD_POLICY_READ_BPF_ATTR       20   /* union bpf_attr * */
#define SECD_POLICY_READ_BPF_PROGRAM    21   /* struct bpf_prog * */
#define SECD_POLICY_READ_BPF_MAP        22   /* struct bpf_map * */
#define SECD_POLICY_READ_PERF_EVENT     23   /* struct perf_event * */
#define SECD_POLICY_READ_MODULE         24   /* struct module * */
#define SECD_POLICY_READ_LOAD_INFO      25   /* struct load_info * */
#define SECD_POLICY_READ_SUBJECT        30   /* the file that fanotify asks about, as text */

/* Where the reader starts. */
#define SECD_POLICY_FROM_ARGUMENT   1   /* `position`: of a function, or of a syscall */
#define SECD_POLICY_FROM_RETURN     2
#define SECD_POLICY_FROM_TASK       3   /* the running task_struct */
#define SECD_POLICY_FROM_FIELD      4   /* `position`: offset in a tracepoint's record, or in saved
					 * registers */

#define SECD_POLICY_COLUMN_SIGNED   (1U << 0)   /* NUMBER: extended by its sign */
#define SECD_POLICY_COLUMN_USER     (1U << 1)   /* the pointer is of user space */
#define SECD_POLICY_COLUMN_RETURN   (1U << 2)   /* read when the call returns */
#define SECD_POLICY_COLUMN_SHOWN    (1U << 3)   /* events carry it */
#define SECD_POLICY_COLUMN_INSIDE   (1U << 4)   /* the last step leads to the value, not to a pointer */
#define SECD_POLICY_COLUMN_OWN      (1U << 6)   /* the steps go through memory of the program */
#define SECD_POLICY_COLUMN_PEER     (1U << 5)   /* SOCK, SOCKET in a cgroup program: the socket has no
						 * destination yet, the call's address is it */

/*
 * `steps` are offsets of members, the last one of the value: with the start p and steps a, b, c the
 * value is at *(*(p + a) + b) + c. A NUMBER with steps is read there; a NUMBER without is p itself.
 */
struct secd_policy_column {
	__u8  reader;             /* SECD_POLICY_READ_* */
	__u8  from;               /* SECD_POLICY_FROM_* */
	__u16 position;
	__u8  size_argument;      /* 0xff = none */
	__u8  width;
	__u8  flags;              /* SECD_POLICY_COLUMN_* */
	__u8  step_count;
	__u8  bit_offset;         /* of a bit field in the number that was read */
	__u8  bit_size;           /* 0 = no bit field */
	__u16 reserved;
	__u32 capacity;           /* bytes of text that are kept at most */
	__u32 steps[SECD_POLICY_STEPS_MAX];
};
SECD_LAYOUT(secd_policy_column, capacity, 12);
SECD_SIZE(secd_policy_column, 80);

/* Judged when the call is made, the rules that hold kept, the record sent when it returns. */
#define SECD_POLICY_HOOK_WAITS   (1U << 0)
/* A rule of the hook has a rate limit, or counts by values: they are read before it decides. */
#define SECD_POLICY_HOOK_RATES   (1U << 1)
/* Classes of the process are asked for: IN_PROCESS. */
#define SECD_POLICY_HOOK_CLASSES (1U << 2)
/* Marks are: IN_MARKS, IN_MARKS_ABOVE. */
#define SECD_POLICY_HOOK_MARKS   (1U << 3)
/* With WAITS: judged again when the call returns, where a condition was unknown and nothing was done at the
 * call. Memory of the program that was not there before the call has read it is there then. */
#define SECD_POLICY_HOOK_AGAIN   (1U << 4)
/* A rule of the hook ties sockets to processes: they are read before it decides. */
#define SECD_POLICY_HOOK_SOCKETS (1U << 5)
/* A tracepoint of the end of a system call: only calls that succeed are meant. */
#define SECD_POLICY_HOOK_SUCCEEDS (1U << 6)

/* Pool `secd_policy_hooks`: chunk = hook number, one entry; no chunk, or zeros, = not in
 * this generation. */
struct secd_policy_hook {
	__u32 flags;              /* SECD_POLICY_HOOK_* */
	__u16 mechanism;          /* SECD_POLICY_BY_*, as user space attached it; copied into records */
	__u16 words;              /* words of rows that are in use */
	__u16 dimensions;         /* judged when the call is made; they stand first … */
	__u16 return_dimensions;  /* … and those judged when it returns behind them */
	__u16 columns;
	__u16 reserved;
	__u32 rules;              /* first in the pool `secd_policy_rules` */
	__u32 all_row;            /* every rule of the hook */
	__u32 plain_row;          /* rules that are alone in their group and do nothing but Post */
	__u32 report_only_row;    /* rules that give way where a condition is unknown */
	__u32 since;              /* BY_GUARD: the first of the generations without a break that have it */
	__u32 reserved2;
	struct secd_policy_dimension dimension[SECD_POLICY_DIMENSIONS_MAX];
	struct secd_policy_column column[SECD_POLICY_COLUMNS_MAX];
};
SECD_LAYOUT(secd_policy_hook, rules, 16);
SECD_LAYOUT(secd_policy_hook, dimension, 40);
SECD_LAYOUT(secd_policy_hook, column, 3240);
SECD_SIZE(secd_policy_hook, 4520);

#define SECD_POLICY_BY_SYS_ENTER        1   /* tp_btf, all system calls */
#define SECD_POLICY_BY_SYS_EXIT         2
#define SECD_POLICY_BY_SYSCALL_POINT    3   /* tracepoint/syscalls */
#define SECD_POLICY_BY_TRACEPOINT       4
#define SECD_POLICY_BY_RAW_TRACEPOINT   5
#define SECD_POLICY_BY_CGROUP           6
#define SECD_POLICY_BY_LSM              7
#define SECD_POLICY_BY_FENTRY           8
#define SECD_POLICY_BY_FMOD_RET         9
#define SECD_POLICY_BY_KPROBE          10
#define SECD_POLICY_BY_UPROBE          11
#define SECD_POLICY_BY_GUARD           12   /* tp_btf/sys_enter; guards refuse the call (trace/refuse.h) */
#define SECD_POLICY_BY_KPROBE_MULTI    13   /* one link for many functions; the program of KPROBE */
#define SECD_POLICY_BY_FANOTIFY        20   /* asked by the daemon: policy_subject.h */

/* What a rule does (secd_policy_rule.actions, .return_actions). */
#define SECD_POLICY_POST           (1U << 0)
#define SECD_POLICY_KILL           (1U << 1)
#define SECD_POLICY_SIGNAL         (1U << 2)
#define SECD_POLICY_OVERRIDE       (1U << 3)
#define SECD_POLICY_FREEZE         (1U << 4)   /* SIGSTOP */
#define SECD_POLICY_COUNT          (1U << 5)
#define SECD_POLICY_KERNEL_STACK   (1U << 6)
#define SECD_POLICY_USER_STACK     (1U << 7)
#define SECD_POLICY_KILL_TREE      (1U << 8)   /* the process here, the others by user space */
#define SECD_POLICY_KILL_CONTAINER (1U << 9)   /* likewise */
#define SECD_POLICY_TRACK          (1U << 10)  /* ties a socket to the process: TrackSock … */
#define SECD_POLICY_UNTRACK        (1U << 11)  /* … and UntrackSock */
#define SECD_POLICY_NOTIFY         (1U << 12)  /* the calls of `enforcers`: NotifyEnforcer */
#define SECD_POLICY_SET            (1U << 13)  /* `changes` of programs: Set; Override is OVERRIDE there */
#define SECD_POLICY_ENFORCES (SECD_POLICY_KILL | SECD_POLICY_SIGNAL | SECD_POLICY_OVERRIDE |   \
			      SECD_POLICY_FREEZE | SECD_POLICY_KILL_TREE |                     \
			      SECD_POLICY_KILL_CONTAINER | SECD_POLICY_NOTIFY | SECD_POLICY_SET)

#define SECD_POLICY_COUNTS         (1U << 31)  /* in secd_policy_rule.counts, also without columns */

#define SECD_POLICY_RULE_MONITOR   (1U << 0)   /* enforcing actions are told, not done */
/* In `flags` and, of what is done when the call returns, in `rate_scope`: the column of the socket that
 * TRACK and UNTRACK are about. */
#define SECD_POLICY_COLUMN_SHIFT   4

/* In `notice`: bits below the signal. */
#define SECD_POLICY_NOTICE_SIGNAL 16

#define SECD_POLICY_SCOPE_THREAD   0
#define SECD_POLICY_SCOPE_PROCESS  1
#define SECD_POLICY_SCOPE_GLOBAL   2
#define SECD_POLICY_SCOPE_MASK     3

/* Value of the pool `secd_policy_rules`, at secd_policy_hook.rules + bit. */
struct secd_policy_rule {
	__u32 actions;            /* when the call is made */
	__u32 return_actions;     /* when it returns */
	__u16 group;              /* rules of a group follow each other; the first that matches decides */
	__u8  flags;              /* SECD_POLICY_RULE_*, and a column */
	__u8  rate_scope;         /* SECD_POLICY_SCOPE_*, and a column */
	__u16 error;              /* of OVERRIDE, positive */
	__u8  signal;
	__u8  return_signal;
	__u32 counter;            /* in `secd_policy_counters`; NONE = no room was left */
	__u32 counts;             /* COUNT by key: SECD_POLICY_COUNTS and columns by bit; 0 = only the rule's
				   * number of decisions */
	__u64 rate_ns;            /* one event of a key per so long; 0 = all */
	__u32 enforcer;           /* of NOTIFY: whose calls */
	__u32 notice;             /* of NOTIFY: an error, positive, and above it a signal; 0 = none … */
	__u32 return_notice;      /* … when the call returns */
	__u32 changes;            /* of SET, and OVERRIDE in a program: the first secd_policy_change in
				   * the pool `secd_policy_starts` */
};
SECD_LAYOUT(secd_policy_rule, counter, 16);
SECD_LAYOUT(secd_policy_rule, enforcer, 32);
SECD_LAYOUT(secd_policy_rule, changes, 44);
SECD_SIZE(secd_policy_rule, 48);

#endif
