/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An event that is judged for another process: it waits in the kernel for fanotify's answer, and the daemon's
 * thread that answers runs the program on it (docs/policy-engine.md, "Files by fanotify").
 */
#ifndef SECD_ABI_POLICY_SUBJECT_H
#define SECD_ABI_POLICY_SUBJECT_H

#include "policy.h"

/* Bytes of a path. */
#define SECD_POLICY_SUBJECT_NAME_MAX 4096

/*
 * Array `secd_policy_subject`, one entry, mapped by user space: written before the program `on_file` runs, by
 * the one thread that runs it.
 */
struct secd_policy_subject {
	__u32 hook;
	__u32 tid;                /* who waits, in the initial pid namespace */
	__s32 descriptor;         /* the file, among the daemon's own descriptors */
	__u32 name_length;        /* bytes of `name`; 0 = as a walk from the file finds it */
	__u32 known;              /* arguments that fanotify tells, by bit */
	__u32 tgid;               /* of the program: the process of `tid` */
	__u64 task;               /* of the program: the thread, held while it runs */
	__u64 arguments[8];
	__u8  name[SECD_POLICY_SUBJECT_NAME_MAX];   /* of the file in a policy, however it was opened */
};
SECD_LAYOUT(secd_policy_subject, task, 24);
SECD_LAYOUT(secd_policy_subject, arguments, 32);
SECD_LAYOUT(secd_policy_subject, name, 96);
SECD_SIZE(secd_policy_subject, 4192);

/* What the program returns: 0 = not judged; else JUDGED, with the errno of a call that is refused. */
#define SECD_POLICY_SUBJECT_JUDGED (1U << 16)
#define SECD_POLICY_SUBJECT_ERRNO  4095

#endif
