/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of the file sensor. */
#ifndef SECD_ABI_FILE_H
#define SECD_ABI_FILE_H

#include "process.h"

#define SECD_FILE_OPEN_WRITE  1   /* truncate(2) too: with O_WRONLY and O_TRUNC */
#define SECD_FILE_CREATE      2
#define SECD_FILE_DELETE      3
#define SECD_FILE_RENAME      4
#define SECD_FILE_LINK        5
#define SECD_FILE_CHMOD       6
#define SECD_FILE_CHOWN       7
#define SECD_FILE_MAP_EXEC    8

/* Where the path came from; enforcement may trust only the first. */
#define SECD_FILE_SOURCE_KERNEL  1   /* struct file or dentry */
#define SECD_FILE_SOURCE_USER    2   /* the caller's string, joined with its directory */

/* The most path rules a configuration may hold: two verifier-bounded words of a bit set. */
#define SECD_FILE_WATCH_MAX    128
/* In `watch` and `target_watch`: no configured path covers it. */
#define SECD_FILE_NOT_WATCHED  0xffffffffU
/* Bytes of a watched prefix; longer ones are refused by the configuration. */
#define SECD_FILE_PREFIX_MAX   248

/*
 * Key of the LPM trie `secd_watched_paths`; the value is a __u32 watch number.
 *
 * A watched path is stored with a slash at its end, and a path is looked up with one: so
 * "/etc/" covers "/etc" and "/etc/x" but not "/etcetera". The root is "/".
 */
struct secd_file_prefix {
	__u32 bits;
	__u8  path[SECD_FILE_PREFIX_MAX];
};
SECD_SIZE(secd_file_prefix, 252);

/* Tail, in this order: path, target (the new name of a rename or link). */
struct secd_file {
	struct secd_record head;
	struct secd_image image;
	struct secd_inode inode;
	struct secd_path path;
	struct secd_path target;
	__u64 cgroup_id;
	__u32 operation;        /* SECD_FILE_* */
	__u32 source;           /* SECD_FILE_SOURCE_* */
	__u32 flags;            /* O_*, PROT_*, RENAME_*, AT_*: as the call had them */
	__u32 mode;             /* CHMOD, CREATE: new mode; of a new file without the umask's bits */
	__u32 uid;              /* CHOWN: new owner, ~0 = unchanged */
	__u32 gid;
	__s32 result;           /* as the call returned: 0, a descriptor, or -errno; MAP_EXEC: 0 */
	__u32 tid;
	__u32 watch;            /* number of the configured path that covers the path … */
	__u32 target_watch;     /* … and the target, or SECD_FILE_NOT_WATCHED */
};
SECD_LAYOUT(secd_file, image, 32);
SECD_LAYOUT(secd_file, inode, 48);
SECD_LAYOUT(secd_file, path, 96);
SECD_LAYOUT(secd_file, cgroup_id, 112);
SECD_LAYOUT(secd_file, operation, 120);
SECD_SIZE(secd_file, 160);

#endif
