/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Records of the socket sensor, and the socket record kept per socket. */
#ifndef SECD_ABI_SOCKET_H
#define SECD_ABI_SOCKET_H

#include "process.h"

/* sun_path of sockaddr_un: 108 bytes on Linux, abstract names included. */
#define SECD_UNIX_PATH_MAX 108
/* A DNS message over UDP with EDNS0 is at most 4096; 512 without. Of what is longer, and of a piece of a
 * TCP stream, the rest is not sent: `secd_dns.total` tells it. */
#define SECD_DNS_MAX 4096

/* What happened; append only. */
#define SECD_SOCKET_CREATED      1
#define SECD_SOCKET_BOUND        2
#define SECD_SOCKET_LISTENING    3
#define SECD_SOCKET_CONNECTING   4   /* attempt */
#define SECD_SOCKET_CONNECTED    5
#define SECD_SOCKET_FAILED       6   /* connect failed: `error` */
#define SECD_SOCKET_ACCEPTED     7
#define SECD_SOCKET_CLOSED       8
#define SECD_SOCKET_HANDED_OVER  9   /* used by another process than before */
#define SECD_SOCKET_DATAGRAM    10   /* first datagram to or from a peer */
#define SECD_SOCKET_SEEDED      11   /* older than the daemon; found by the iterator */

/* Why a fact about the owner of a socket is not known (`owner_unknown`). */
#define SECD_OWNER_KNOWN            0
#define SECD_OWNER_BEFORE_START     1  /* the socket is older than the daemon */
#define SECD_OWNER_NOT_YET_USED     2  /* accepted, and no process has touched it */
#define SECD_OWNER_NO_PROCESS       3  /* the kernel itself (softirq, timer, kernel socket) */
#define SECD_OWNER_STORAGE_FULL     4

#define SECD_SOCKET_FLAG_TOTALS_EXACT   (1U << 0)  /* byte and packet totals are complete */
#define SECD_SOCKET_FLAG_ABSTRACT       (1U << 1)  /* Unix name starts with NUL */
#define SECD_SOCKET_FLAG_INCOMING       (1U << 2)  /* DATAGRAM: received; CLOSED: accepted side */
#define SECD_SOCKET_FLAG_PACKETS_KNOWN  (1U << 3)
#define SECD_SOCKET_FLAG_RESET          (1U << 4)  /* closed by RST or error */
#define SECD_SOCKET_FLAG_PEER_LIMIT     (1U << 5)  /* SECD_UDP_PEERS_MAX reached: not told */
#define SECD_SOCKET_FLAG_USER_LIMIT     (1U << 6)  /* SECD_HANDOVERS_MAX likewise */
#define SECD_SOCKET_FLAG_NOTICED_LATE   (1U << 7)  /* CLOSED: found by the audit, some time after */

/* DATAGRAM records of one socket: a resolver has thousands of peers, a flood millions. */
#define SECD_UDP_PEERS_MAX   4096
/* HANDED_OVER records of one socket: a pre-forking server has tens of workers. */
#define SECD_HANDOVERS_MAX     64
/* Users that a socket remembers, so that parent and child taking turns are told once. */
#define SECD_SOCKET_USERS       8

struct secd_socket {
	struct secd_record head;
	__u64 cookie;                  /* 0: this kind of socket is known by `inode` only */
	struct secd_image user;        /* who does this; start_ns 0 = see owner_unknown */
	struct secd_image creator;
	struct secd_image acceptor;    /* start_ns 0 where nobody accepted */
	struct secd_image previous;    /* HANDED_OVER: the user before */
	__u8  local[16];               /* network order; IPv4 in the first four bytes */
	__u8  remote[16];
	__u16 local_port;              /* host order */
	__u16 remote_port;
	__u16 family;                  /* AF_* */
	__u16 type;                    /* SOCK_* */
	__u16 protocol;                /* IPPROTO_*, NETLINK_*, ETH_P_* (host order) */
	__u16 event;                   /* SECD_SOCKET_* */
	__u16 error;                   /* errno of FAILED, else sk_err at close */
	__u16 owner_unknown;           /* SECD_OWNER_* about `user` */
	__u32 flags;                   /* SECD_SOCKET_FLAG_* */
	__u32 tid;
	__u32 net_ns;
	__u32 uid;                     /* of the acting thread, initial user namespace */
	__u64 cgroup_id;
	__u64 opened_ns;               /* CLOCK_BOOTTIME of creation or accept; 0 = unknown */
	__u64 connected_ns;            /* of the attempt (CONNECTED) or of establishment (CLOSED) */
	__u64 bytes_sent;
	__u64 bytes_received;
	__u64 packets_sent;
	__u64 packets_received;
	__u32 retransmits;
	__u32 rtt_us;                  /* smoothed, TCP */
	__u32 backlog;                 /* LISTENING */
	__u16 path_length;             /* Unix name in the tail */
	__u16 state;                   /* TCP state after the event */
	__u64 inode;                   /* in sockfs, as in /proc/PID/fd; 0 = not known here */
	__u32 peers;                   /* CLOSED of UDP: DATAGRAM records sent */
	__u32 untold;                  /* datagrams of peers beyond SECD_UDP_PEERS_MAX */
};
SECD_LAYOUT(secd_socket, cookie, 32);
SECD_LAYOUT(secd_socket, user, 40);
SECD_LAYOUT(secd_socket, local, 104);
SECD_LAYOUT(secd_socket, local_port, 136);
SECD_LAYOUT(secd_socket, flags, 152);
SECD_LAYOUT(secd_socket, cgroup_id, 168);
SECD_LAYOUT(secd_socket, bytes_sent, 192);
SECD_LAYOUT(secd_socket, retransmits, 224);
SECD_LAYOUT(secd_socket, inode, 240);
SECD_LAYOUT(secd_socket, peers, 248);
SECD_SIZE(secd_socket, 256);

/* What the iterator writes for each holder of a socket: the record, and the Unix name it has. */
struct secd_socket_seed {
	struct secd_socket socket;
	__u8  path[SECD_UNIX_PATH_MAX];
	__u32 reserved;
};
SECD_LAYOUT(secd_socket_seed, path, 256);
SECD_SIZE(secd_socket_seed, 368);

/* Marks of `secd_socket_state`, not seen by user space. */
#define SECD_SOCKET_MARK_CLOSED       (1U << 0)  /* CLOSED has been sent */
#define SECD_SOCKET_MARK_CONNECTING   (1U << 1)  /* CONNECTING has been sent, no outcome yet */
#define SECD_SOCKET_MARK_FAILED       (1U << 2)  /* FAILED has been sent, connect(2) may not know */
#define SECD_SOCKET_MARK_NOT_ACCEPTED (1U << 3)  /* no process has touched this connection */

/* The key of a socket is its cookie; of families that have none, the inode number with this bit. */
#define SECD_SOCKET_KEY_INODE (1ULL << 63)

/* The kernel's own record of a socket, map `secd_sockets`. */
struct secd_socket_state {
	struct secd_image user;
	struct secd_image creator;
	struct secd_image acceptor;
	__u64 user_key;                /* tgid << 32 | exec count: what tells `user` from others */
	__u64 opened_ns;
	__u64 connected_ns;            /* the attempt while CONNECTING, then establishment */
	__u64 bytes_sent;              /* TCP keeps its own totals */
	__u64 bytes_received;
	__u64 packets_sent;
	__u64 packets_received;
	__u64 cgroup_id;
	__u64 cookie;
	__u64 inode;
	__u64 object;                  /* the kernel's struct sock (IP) or socket: for the audit only */
	__u64 users[SECD_SOCKET_USERS]; /* keys of those told about, a ring */
	__u8  sent_to[16];             /* the last peer each way: most sockets have one */
	__u8  received_from[16];
	__u16 sent_to_port;
	__u16 received_from_port;
	__u16 owner_unknown;
	__u16 handovers;
	__u32 marks;                   /* SECD_SOCKET_MARK_* */
	__u32 flags;                   /* SECD_SOCKET_FLAG_* */
	__u32 peers;                   /* DATAGRAM records sent */
	__u32 untold;                  /* datagrams of peers beyond SECD_UDP_PEERS_MAX */
	__u32 uid;
	__u32 net_ns;
	__u16 family;
	__u16 type;
	__u16 protocol;                /* as socket(2) got it: not every struct sock keeps it */
	__u16 reserved;
};
SECD_LAYOUT(secd_socket_state, user_key, 48);
SECD_LAYOUT(secd_socket_state, users, 136);
SECD_LAYOUT(secd_socket_state, sent_to, 200);
SECD_LAYOUT(secd_socket_state, marks, 240);
SECD_SIZE(secd_socket_state, 272);

/* Key of the table of UDP peers that have been told about. */
struct secd_socket_peer {
	__u64 cookie;
	__u8  address[16];
	__u16 port;                    /* host order */
	__u16 incoming;
	__u32 reserved;
};
SECD_SIZE(secd_socket_peer, 32);

/* A DNS answer as a process received it; the message follows. Parsed in user space. */
struct secd_dns {
	struct secd_record head;
	struct secd_image image;
	__u64 cookie;
	__u32 length;                  /* bytes that follow */
	__u32 total;                   /* bytes that came; more than length = cut */
	__u32 sequence;                /* STREAM: of the first byte */
	__u32 flags;                   /* SECD_DNS_* */
};
SECD_SIZE(secd_dns, 72);
#define SECD_DNS_STREAM (1U << 0)      /* a piece of a TCP stream: messages with their length before them */

#endif
