/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Objects that policies show as they are: packets, programs, maps, modules, buffers in pieces. */
#ifndef SECD_KERNEL_OBJECTS_H
#define SECD_KERNEL_OBJECTS_H

#include "kernel_types.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct skb_ext {
	__u8 offset[1];          /* in units of 8 bytes, by enum skb_ext_id */
};
struct sk_buff {
	struct sock *sk;
	unsigned int len;
	__u32 hash;
	__u32 priority;
	__u32 mark;
	__be16 protocol;
	__u16 transport_header;
	__u16 network_header;
	unsigned char *head;
	struct skb_ext *extensions;
	__u8 active_extensions;
};
/* Not all kernels have IPsec. */
enum skb_ext_id___ipsec {
	SKB_EXT_SEC_PATH___ipsec = 1,
};
struct sock___options {
	__u32 sk_priority;
	__u32 sk_mark;
};

struct bpf_prog_aux {
	char name[16];
};
enum bpf_prog_type___any {
	BPF_PROG_TYPE_NONE___any = 0,
};
struct bpf_prog {
	enum bpf_prog_type___any type;
	__u32 len;
	struct bpf_prog_aux *aux;
};
enum bpf_map_type___any {
	BPF_MAP_TYPE_NONE___any = 0,
};
struct bpf_map___shown {
	enum bpf_map_type___any map_type;
	__u32 key_size;
	__u32 value_size;
	__u32 max_entries;
	char name[16];
};
struct perf_event_attr___shown {
	__u32 type;
	__u64 config;
	__u64 config1;           /* of probes: the name of the function, in user memory */
	__u64 config2;           /* and the offset in it */
};
struct perf_event {
	struct perf_event_attr___shown attr;
};

struct module {
	char name[56];
	unsigned long taints;
	bool sig_ok;
};
struct load_info {
	const char *name;
	bool sig_ok;
};

/* A part of a buffer; those of the kernel (struct kvec) look alike. */
struct iovec {
	void *iov_base;
	__u64 iov_len;
};
struct iov_iter {
	__u8 iter_type;
	__u64 iov_offset;
	__u64 count;
	const struct iovec *__iov;
	void *ubuf;
	unsigned long nr_segs;
};
/* Until 6.3. */
struct iov_iter___before_64 {
	const struct iovec *iov;
};
/* Their order changed in 6.4. */
enum iter_type {
	ITER_UBUF,
	ITER_IOVEC,
	ITER_BVEC,
	ITER_KVEC,
};

#pragma clang attribute pop

#endif
