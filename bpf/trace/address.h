/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses of programs, and sockets → endpoints. */
#ifndef SECD_TRACE_ADDRESS_H
#define SECD_TRACE_ADDRESS_H

#include "../kernel/objects.h"
#include "../lib/sock.h"
#include "text.h"

/* Bytes of sun_path, include/uapi/linux/un.h. */
#define SECD_SUN_PATH 108

/*
 * sun_path: an abstract name, which begins with NUL, is as long as the address says; a path ends with a NUL,
 * which callers leave out, or have many of.
 */
static __always_inline __u32 unix_name_read(struct policy_work *work, struct secd_policy_value *value,
					    __u64 address, __u64 length, bool user)
{
	__u32 *first = &work->start.place, state;
	long failed;

	*first = 0;
	if (user)
		failed = bpf_probe_read_user(first, 1, (void *)address);
	else
		failed = bpf_probe_read_kernel(first, 1, (void *)address);
	if (failed)
		return SECD_POLICY_VALUE_UNREADABLE;
	if (!*first)
		return text_read_buffer(work, value, address, length, SECD_SUN_PATH, user);
	if (length > SECD_SUN_PATH)
		length = SECD_SUN_PATH;
	state = text_read_string(work, value, address, length + 1, user);
	/* Behind the address there may be anything. */
	return state == SECD_POLICY_VALUE_TRUNCATED ? SECD_POLICY_VALUE_PRESENT : state;
}

/* struct sockaddr: family, port, address; a path of AF_UNIX is text. */
static __always_inline __u32 address_read(struct policy_work *work, struct secd_policy_value *value,
					  __u64 address, __u64 length, bool user)
{
	struct secd_policy_endpoint *endpoint;
	__u32 at = work->end;
	__u16 family = 0;
	__u8 *bytes;
	long failed;

	if (!address || length == 0)
		return SECD_POLICY_VALUE_ABSENT;
	if (user)
		failed = bpf_probe_read_user(&family, sizeof(family), (void *)address);
	else
		failed = bpf_probe_read_kernel(&family, sizeof(family), (void *)address);
	if (failed)
		return SECD_POLICY_VALUE_UNREADABLE;
	value->number = family;
	if (family == SECD_AF_UNIX) {
		value->kind = SECD_POLICY_VALUE_TEXT;
		if (length <= 2)
			return SECD_POLICY_VALUE_ABSENT;
		return unix_name_read(work, value, address + 2, length - 2, user);
	}
	value->kind = SECD_POLICY_VALUE_ENDPOINT;
	/* The address is read behind where the endpoint will be, and copied. */
	endpoint = value_bytes(work, at);
	if (!endpoint)
		return SECD_POLICY_VALUE_UNREADABLE;
	bytes = (__u8 *)endpoint + sizeof(*endpoint);
	__builtin_memset(endpoint, 0, sizeof(*endpoint) + 32);
	if (length > 28) /* sizeof(struct sockaddr_in6) */
		length = 28;
	barrier_var(length);
	if (length > 28)
		return SECD_POLICY_VALUE_UNREADABLE;
	if (user)
		failed = bpf_probe_read_user(bytes, length, (void *)address);
	else
		failed = bpf_probe_read_kernel(bytes, length, (void *)address);
	if (failed)
		return SECD_POLICY_VALUE_UNREADABLE;
	endpoint->family = family;
	endpoint->source_port = host_order(*(__be16 *)(bytes + 2));
	if (family == SECD_AF_INET)
		__builtin_memcpy(endpoint->source, bytes + 4, 4);
	else if (family == SECD_AF_INET6)
		__builtin_memcpy(endpoint->source, bytes + 8, 16);
	column_close(work, value, at, sizeof(*endpoint));
	return SECD_POLICY_VALUE_PRESENT;
}

static __always_inline __u32 sock_read(struct policy_work *work, struct secd_policy_value *value,
				       struct sock *sk)
{
	struct secd_policy_endpoint *endpoint;
	__u32 at = work->end;

	if (!sk)
		return SECD_POLICY_VALUE_ABSENT;
	value->kind = SECD_POLICY_VALUE_ENDPOINT;
	endpoint = value_bytes(work, at);
	if (!endpoint)
		return SECD_POLICY_VALUE_UNREADABLE;
	__builtin_memset(endpoint, 0, sizeof(*endpoint));
	endpoint->family = kload(sk, __sk_common.skc_family);
	endpoint->type = kload(sk, sk_type);
	endpoint->protocol = kload(sk, sk_protocol);
	endpoint->state = kload(sk, __sk_common.skc_state);
	endpoint->cookie = kload(sk, __sk_common.skc_cookie.counter);
	endpoint->mark = kload(kcast(sock___options, sk), sk_mark);
	endpoint->priority = kload(kcast(sock___options, sk), sk_priority);
	if (family_is_ip(endpoint->family)) {
		endpoint->source_port = kload(sk, __sk_common.skc_num);
		endpoint->destination_port = host_order(kload(sk, __sk_common.skc_dport));
	}
	if (endpoint->family == SECD_AF_INET) {
		address_set4(endpoint->source, kload(sk, __sk_common.skc_rcv_saddr));
		address_set4(endpoint->destination, kload(sk, __sk_common.skc_daddr));
	} else if (endpoint->family == SECD_AF_INET6) {
		address_load6(endpoint->source, sk, skc_v6_rcv_saddr);
		address_load6(endpoint->destination, sk, skc_v6_daddr);
	}
	column_close(work, value, at, sizeof(*endpoint));
	return SECD_POLICY_VALUE_PRESENT;
}

/* The address of a call that gives a socket its destination, as that destination. */
static __always_inline void sock_add_peer(struct policy_work *work, struct secd_policy_value *value)
{
	struct secd_policy_endpoint *endpoint;
	__u32 at = value->offset;
	__be16 port = 0;

	if (value->state != SECD_POLICY_VALUE_PRESENT)
		return;
	endpoint = value_bytes(work, at);
	if (!endpoint || !family_is_ip(endpoint->family))
		return;
	/* struct sockaddr_in, sockaddr_in6: family, port, then IPv4; IPv6 behind the flow label. */
	bpf_probe_read_kernel(&port, sizeof(port), (void *)(work->fields + 2));
	endpoint->destination_port = host_order(port);
	if (endpoint->family == SECD_AF_INET)
		bpf_probe_read_kernel(endpoint->destination, 4, (void *)(work->fields + 4));
	else
		bpf_probe_read_kernel(endpoint->destination, 16, (void *)(work->fields + 8));
}

#endif
