/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the daemon tells the programs before they load (frozen .rodata `secd_agent`). */
#ifndef SECD_ABI_AGENT_H
#define SECD_ABI_AGENT_H

#include "types.h"

#define SECD_AGENT_ENVIRONMENT   (1U << 0)  /* send the environment of every exec */
#define SECD_AGENT_FORK_RECORDS  (1U << 1)
#define SECD_AGENT_EXEC_PREPARED (1U << 2)  /* a hook before exec sees the old credentials */

struct secd_agent {
	__u32 flags;          /* SECD_AGENT_* */
	__u32 pid;            /* the daemon in the initial pid namespace; its sockets are skipped */
	__u64 net_scope;      /* inode of the network namespace to watch, 0 = all */
	__u64 cgroup_scope;   /* id of the cgroup at the top of the scope, 0 = all */
	__u32 cgroup_level;   /* depth of that cgroup below the root of the hierarchy */
	__u32 wake_bytes;     /* fill of a ring from which its reader is woken */
	__u32 host_mnt;       /* inode of the host's mount namespace, 0 = not known */
	__u32 cgroup_hierarchy;  /* the kernel's number of that of workloads, 0 = v2 */
	__u32 cgroup_subsystem;  /* of v1: place of a controller of it in css_set.subsys */
	__u32 reserved;
};
SECD_LAYOUT(secd_agent, host_mnt, 32);
SECD_LAYOUT(secd_agent, cgroup_hierarchy, 36);
SECD_SIZE(secd_agent, 48);

#endif
