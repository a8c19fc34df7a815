/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of the process sensor, and the record of a process that the kernel side keeps. */
#ifndef SECD_ABI_PROCESS_H
#define SECD_ABI_PROCESS_H

#include "record.h"

/* Linux PATH_MAX: no path handed to a system call is longer, terminator included. */
#define SECD_PATH_MAX          4096
/* argv bytes that travel inside the exec record; the rest follows in pieces. */
#define SECD_ARGUMENTS_INLINE  4096
/* Bytes of one argv piece: with its head it stays a page multiple below 32 KiB. */
#define SECD_PIECE_MAX        32640
/* argv + environment of Linux end at a quarter of the stack limit; 2 MiB by default. */
#define SECD_PIECES_MAX          66
#define SECD_TTY_MAX             32
#define SECD_COMM_MAX            16

/* Identity of a process image: the time it began (CLOCK_BOOTTIME) and its tgid. */
struct secd_image {
	__u64 start_ns;
	__u32 pid;       /* tgid in the initial pid namespace */
	__u32 reserved;
};
SECD_SIZE(secd_image, 16);

struct secd_credentials {
	__u32 uid, gid, euid, egid, suid, sgid, fsuid, fsgid;
	__u32 securebits;
	__u32 user_ns_level;
	__u32 user_ns_owner;
	__u32 user_ns_group;
	__u64 permitted, effective, inheritable, bounding, ambient;
};
SECD_LAYOUT(secd_credentials, securebits, 32);
SECD_LAYOUT(secd_credentials, permitted, 48);
SECD_SIZE(secd_credentials, 88);

/* Inode numbers of namespaces; 0 = could not be read. */
struct secd_namespaces {
	__u32 uts, ipc, mnt, pid, pid_for_children, net, time, time_for_children, cgroup, user;
};
SECD_SIZE(secd_namespaces, 40);

/* A file's identity. `device` is the kernel's s_dev (major << 20 | minor). */
struct secd_inode {
	__u64 number;
	__u64 ctime_ns;
	__u32 device;
	__u32 generation;
	__u32 links;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u64 size;
};
SECD_SIZE(secd_inode, 48);

/*
 * A path in the tail of a record. The bytes are the host's view (up to the root of the mount
 * namespace). `root` is where the process's own root lies in them: `/srv/jail/bin/sh` with
 * root 9 is `/bin/sh` inside. SECD_PATH_OUTSIDE: the file is not below the process's root.
 */
struct secd_path {
	__u16 length;    /* bytes in the tail, no terminator */
	__u16 root;
	__u32 flags;     /* SECD_PATH_* */
};
SECD_SIZE(secd_path, 8);
#define SECD_PATH_OUTSIDE    0xffff      /* in `root` */
#define SECD_PATH_TRUNCATED  (1U << 0)   /* longer than SECD_PATH_MAX: the front is cut */
#define SECD_PATH_DELETED    (1U << 1)   /* no name leads to it any more */
#define SECD_PATH_UNREADABLE (1U << 2)   /* a dentry could not be read */
#define SECD_PATH_DETACHED   (1U << 3)   /* its mount is in no namespace (memfd, lazy umount) */
#define SECD_PATH_USER       (1U << 4)   /* the string a process passed, not resolved */

/* Flags of an image (`secd_exec.flags`, `secd_fork.flags`, `secd_process.flags`). */
#define SECD_IMAGE_EXECVE        (1U << 0)
#define SECD_IMAGE_CLONE         (1U << 1)
#define SECD_IMAGE_SEEDED        (1U << 2)   /* older than the daemon */
#define SECD_IMAGE_INIT_TREE     (1U << 3)   /* descends from PID 1 of its pid namespace */
#define SECD_IMAGE_ARGV_CUT      (1U << 4)   /* more argv than pieces carry */
#define SECD_IMAGE_ARGV_FAULT    (1U << 5)   /* a page of argv was not resident */
#define SECD_IMAGE_SETUID        (1U << 6)   /* euid came from the file's setuid bit */
#define SECD_IMAGE_SETGID        (1U << 7)
#define SECD_IMAGE_FILE_CAPS     (1U << 8)   /* permitted grew through file capabilities */
#define SECD_IMAGE_FILELESS      (1U << 9)   /* memfd or other file without a name */
#define SECD_IMAGE_SCRIPT        (1U << 10)  /* `#!`: filename is the script */
#define SECD_IMAGE_NON_LEADER    (1U << 11)  /* a thread other than the leader called execve */
#define SECD_IMAGE_SECURE_EXEC   (1U << 12)  /* AT_SECURE */
#define SECD_IMAGE_PRIV_UNKNOWN  (1U << 13)  /* no hook here saw the old credentials */
#define SECD_IMAGE_KERNEL_THREAD (1U << 14)
/* What a file added to its caller's rights. */
#define SECD_IMAGE_RAISED        (SECD_IMAGE_SETUID | SECD_IMAGE_SETGID | SECD_IMAGE_FILE_CAPS)
#define SECD_IMAGE_RECONSTRUCTED (1U << 15)  /* its fork was not seen; parent from the kernel */
#define SECD_IMAGE_OUT_OF_SCOPE  (1U << 16)  /* began outside the daemon's scope: kept, not told */
#define SECD_IMAGE_OWN_MOUNTS    (1U << 17)  /* executed in another mount namespace than the host's, or forked
					      * from such a process: not a runtime's helper */

struct secd_fork {
	struct secd_record head;
	struct secd_image image;
	struct secd_image parent;
	__u64 cgroup_id;
	__u32 flags;
	__u32 tid;              /* of the thread that called fork */
	__u32 pid_ns;
	__u32 pid_in_ns;
	__u64 clone_start_ns;   /* start_boottime of the new task */
	char  comm[SECD_COMM_MAX];
};
SECD_LAYOUT(secd_fork, image, 32);
SECD_LAYOUT(secd_fork, parent, 48);
SECD_LAYOUT(secd_fork, cgroup_id, 64);
SECD_LAYOUT(secd_fork, clone_start_ns, 88);
SECD_SIZE(secd_fork, 112);

/* Tail, in this order: binary, cwd, filename, interp (strings), arguments, cgroup path. */
struct secd_exec {
	struct secd_record head;
	struct secd_image image;
	struct secd_image parent;
	struct secd_image previous;      /* the image this process ran before */
	struct secd_credentials credentials;
	struct secd_namespaces namespaces;
	__u64 cgroup_id;
	__u64 process_start_ns;          /* start_boottime of the task: survives exec */
	struct secd_inode binary_inode;
	struct secd_path binary;
	struct secd_path cwd;
	__u32 flags;                     /* SECD_IMAGE_* */
	__u32 tid;                       /* of the thread that called execve, before it led */
	__u32 loginuid;
	__u32 sessionid;
	__u32 pid_in_ns;
	__u32 argc;
	__u32 environment_total;         /* bytes of the environment, where it was asked for */
	__u32 old_euid;                  /* with SETUID, SETGID, FILE_CAPS: before the raise */
	__u32 old_egid;
	__u32 arguments_total;           /* bytes of argv, terminators included */
	__u64 old_permitted;
	__u16 filename_length;           /* as given to execve */
	__u16 interp_length;             /* of a script, else 0 */
	__u16 arguments_length;          /* bytes of argv in this record */
	__u16 cgroup_path_length;        /* only in records that user space made */
	char  comm[SECD_COMM_MAX];
	char  tty[SECD_TTY_MAX];
};
SECD_LAYOUT(secd_exec, image, 32);
SECD_LAYOUT(secd_exec, credentials, 80);
SECD_LAYOUT(secd_exec, namespaces, 168);
SECD_LAYOUT(secd_exec, cgroup_id, 208);
SECD_LAYOUT(secd_exec, binary_inode, 224);
SECD_LAYOUT(secd_exec, binary, 272);
SECD_LAYOUT(secd_exec, flags, 288);
SECD_LAYOUT(secd_exec, old_permitted, 328);
SECD_LAYOUT(secd_exec, filename_length, 336);
SECD_LAYOUT(secd_exec, comm, 344);
SECD_SIZE(secd_exec, 392);

/* What a process used; all counters of the kernel, threads that ended included. */
struct secd_usage {
	__u64 cpu_ns;            /* se.sum_exec_runtime: exact, not ticks */
	__u64 read_bytes;        /* from storage */
	__u64 write_bytes;
	__u64 read_chars;        /* through read(2) and friends */
	__u64 write_chars;
};
SECD_SIZE(secd_usage, 40);

#define SECD_EXIT_IMAGE_RSS_KNOWN (1U << 0)
#define SECD_EXIT_OUT_OF_SCOPE    (1U << 1)   /* began and ended outside: kept, not told */

struct secd_exit {
	struct secd_record head;
	struct secd_image image;
	struct secd_image parent;
	struct secd_usage since_exec;
	struct secd_usage since_fork;
	__u64 process_start_ns;
	__u64 image_rss_bytes;      /* peak since exec; only with IMAGE_RSS_KNOWN */
	__u64 process_rss_bytes;    /* peak since fork */
	__u32 status;               /* as wait(2) reports: code << 8 | signal */
	__u32 tid;                  /* the last thread */
	__u32 flags;                /* SECD_EXIT_* */
	__u32 threads;              /* that ended, the last one included */
};
SECD_LAYOUT(secd_exit, since_exec, 64);
SECD_LAYOUT(secd_exit, process_start_ns, 144);
SECD_LAYOUT(secd_exit, status, 168);
SECD_SIZE(secd_exit, 184);

struct secd_credentials_change {
	struct secd_record head;
	struct secd_image image;
	struct secd_credentials old;
	struct secd_credentials new;
	__u32 tid;
	__u32 user_ns;
	__u32 syscall;              /* x86-64 number; ~0 where the mechanism does not know it */
	__u32 flags;                /* SECD_IMAGE_OUT_OF_SCOPE */
};
SECD_LAYOUT(secd_credentials_change, old, 48);
SECD_LAYOUT(secd_credentials_change, new, 136);
SECD_LAYOUT(secd_credentials_change, tid, 224);
SECD_SIZE(secd_credentials_change, 240);

/* A piece of argv or of the environment; the bytes follow. */
struct secd_piece {
	struct secd_record head;
	struct secd_image image;
	__u32 offset;               /* of these bytes in the whole */
	__u32 length;               /* bytes that follow */
	__u32 total;                /* bytes of the whole */
	__u32 flags;                /* SECD_PIECE_* */
};
SECD_LAYOUT(secd_piece, offset, 48);
SECD_SIZE(secd_piece, 64);
#define SECD_PIECE_FAULT (1U << 0)   /* the page was not resident: the bytes are zero */

#define SECD_CGROUP_MADE     1
#define SECD_CGROUP_REMOVED  2

/* A cgroup of the hierarchy that tells workloads; its path follows. */
struct secd_cgroup {
	struct secd_record head;
	__u64 id;
	__u64 parent_id;
	__u32 change;               /* SECD_CGROUP_MADE, SECD_CGROUP_REMOVED */
	__u32 path_length;
};
SECD_SIZE(secd_cgroup, 56);

/*
 * The kernel's own record of a process (lib/process.h says where it lies). It is the truth;
 * the process tree of user space is a cache of it.
 */
struct secd_process {
	/* One cache line: what is looked at most. */
	struct secd_image image;         /* start_ns 0: not described yet */
	struct secd_image parent;
	__u64 process_start_ns;          /* start_boottime of the leader; survives exec */
	__u64 maxrss_at_exec;            /* pages */
	__u32 flags;                     /* SECD_IMAGE_* */
	__u32 exited;                    /* when the last thread ended (slot_time), set once; 0 = lives */
	__u32 threads_ended;
	/* Threads since the fork, or since the exec on top of those that had ended; 0 = unknown. */
	__u32 threads_started;
	struct secd_usage dead;          /* summed from threads that ended */
	struct secd_usage at_exec;       /* what the process had used when the image began */
	struct secd_credentials credentials;
	__u64 old_permitted;
	__u32 old_euid;
	__u32 old_egid;
	__u64 workload;                  /* room for the workload id */
};
SECD_LAYOUT(secd_process, process_start_ns, 32);
SECD_LAYOUT(secd_process, flags, 48);
SECD_LAYOUT(secd_process, dead, 64);
SECD_LAYOUT(secd_process, credentials, 144);
SECD_SIZE(secd_process, 256);

/*
 * One process found by the task iterator at start. Tail, in this order: binary, cwd. What the
 * kernel cannot read from another process (argv) is added by user space from procfs.
 */
struct secd_seed {
	__u32 size;                      /* bytes, this head and the strings */
	__u32 flags;                     /* SECD_IMAGE_* */
	struct secd_image image;
	struct secd_image parent;
	struct secd_credentials credentials;
	struct secd_namespaces namespaces;
	__u64 cgroup_id;
	__u64 process_start_ns;
	struct secd_inode binary_inode;
	struct secd_path binary;
	struct secd_path cwd;
	__u32 loginuid;
	__u32 sessionid;
	__u32 pid_in_ns;
	__u32 reserved;
	char  comm[SECD_COMM_MAX];
	char  tty[SECD_TTY_MAX];
};
SECD_LAYOUT(secd_seed, credentials, 40);
SECD_LAYOUT(secd_seed, namespaces, 128);
SECD_LAYOUT(secd_seed, cgroup_id, 168);
SECD_LAYOUT(secd_seed, binary_inode, 184);
SECD_LAYOUT(secd_seed, binary, 232);
SECD_LAYOUT(secd_seed, comm, 264);
SECD_SIZE(secd_seed, 312);

#endif
