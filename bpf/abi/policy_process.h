/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a generation asks of processes, and what is kept with them. */
#ifndef SECD_ABI_POLICY_PROCESS_H
#define SECD_ABI_POLICY_PROCESS_H

#include "policy_hook.h"
#include "process.h"

/* Array of one entry per slot, `secd_policy_generations`. */
struct secd_policy_process_table {
	__u8  fact;               /* BINARY, PARENT_BINARY, ARGUMENT */
	__u8  reserved;
	__u16 argument;
	struct secd_policy_lookup lookup;   /* the result is a class */
};
SECD_SIZE(secd_policy_process_table, 56);

/* A fact about processes → the marks that it gives. */
struct secd_policy_lineage {
	__u8  fact;               /* BINARY, PID, PID_IN_NS */
	__u8  reserved[3];
	__u32 unreadable_row;     /* its words are the marks that are unknown where the fact is */
	struct secd_policy_lookup lookup;   /* result: a row whose words are marks; NONE = no mark */
};
SECD_SIZE(secd_policy_lineage, 60);

struct secd_policy_generation {
	__u32 generation;         /* as in the control word; another: the slot is being filled */
	__u32 tables;
	__u32 lineages;
	__u32 reserved;
	struct secd_policy_process_table table[SECD_POLICY_PROCESS_TABLES_MAX];
	struct secd_policy_lineage lineage[SECD_POLICY_LINEAGES_MAX];
};
SECD_LAYOUT(secd_policy_generation, table, 16);
SECD_LAYOUT(secd_policy_generation, lineage, 912);
SECD_SIZE(secd_policy_generation, 1152);

/*
 * Task storage `secd_policy_origins`, at the group leader: what a process had at exec, or got from its parent
 * at fork; while a generation asks what has changed. User space writes it for older processes.
 */
struct secd_policy_origin {
	struct secd_namespaces namespaces;
	__u64 effective;
	__u64 inheritable;
	__u64 permitted;
	__u64 is_known;           /* 0 = not written yet */
};
SECD_LAYOUT(secd_policy_origin, effective, 40);
SECD_SIZE(secd_policy_origin, 72);

/*
 * Task storage `secd_policy_scripts`, at the group leader: the file that execve was given, where another
 * one runs it (#!, binfmt_misc); while a generation asks for files of processes. Made at exec, copied at
 * fork; user space writes it for older processes. Its size fits into 4 KiB with the kernel's own head.
 */
#define SECD_POLICY_SCRIPT_MAX 3840
#define SECD_POLICY_ANY_IMAGE  0xffffffffU

struct secd_policy_script {
	__u32 image;              /* self_exec_id of its image, or ANY_IMAGE; another: there is none */
	__u32 is_unreadable;      /* there is one, and its path is not known */
	__u32 length;
	__u32 reserved;
	__u64 text[SECD_POLICY_SCRIPT_MAX / 8];   /* `length` bytes, as words for Swift's sake */
};
SECD_LAYOUT(secd_policy_script, text, 16);
SECD_SIZE(secd_policy_script, 3856);

/* In `classes`: the script of the process has a class, too, which stands in `scripts`. */
#define SECD_POLICY_CLASS_PAIR (1U << 30)

/*
 * Task storage `secd_policy_processes`, at the group leader: made when a process first comes to a
 * hook that asks for it, and the programs' own. Computed again where generation or image differ.
 */
struct secd_policy_process {
	__u32 generation;         /* `classes` are of it … */
	__u32 image;              /* … and of the image with this self_exec_id */
	__u32 marks_generation;   /* the marks likewise */
	__u32 marks_image;
	__u32 ancestry;           /* generation of the ancestry that was used; another: look again */
	__u32 reserved;
	__u32 classes[SECD_POLICY_PROCESS_TABLES_MAX];
	__u64 marks[SECD_POLICY_MARK_WORDS];
	__u64 marks_unknown[SECD_POLICY_MARK_WORDS];
	__u64 above[SECD_POLICY_MARK_WORDS];
	__u64 above_unknown[SECD_POLICY_MARK_WORDS];
	__u32 scripts[SECD_POLICY_PROCESS_TABLES_MAX];   /* where `classes` has CLASS_PAIR: the other */
};
SECD_LAYOUT(secd_policy_process, classes, 24);
SECD_LAYOUT(secd_policy_process, marks, 88);
SECD_LAYOUT(secd_policy_process, scripts, 216);
SECD_SIZE(secd_policy_process, 280);

/* Marks of the processes above one, for one generation. */
struct secd_policy_above {
	__u32 generation;         /* another than that of the slot: all unknown */
	__u32 reserved;
	__u64 set[SECD_POLICY_MARK_WORDS];
	__u64 unknown[SECD_POLICY_MARK_WORDS];   /* disjoint from `set` */
};
SECD_SIZE(secd_policy_above, 72);

/*
 * Task storage `secd_policy_ancestries`, at the group leader, by slot of the generation. Written at
 * fork, and by user space for processes that are older than a generation.
 */
struct secd_policy_ancestry {
	struct secd_policy_above slot[SECD_POLICY_SLOTS];
};
SECD_SIZE(secd_policy_ancestry, 144);

#endif
