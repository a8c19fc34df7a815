/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Cgroup programs, which may refuse: a process connects, sends to an address, binds, opens or makes a device.
 * Policies name kernel functions; what stands here for their arguments: 0 the struct socket, 1 the address in
 * kernel memory, 2 its length, 3 the struct sock. Where a socket is closed there is only the last; of a
 * device there are its type, major, minor and the access, as devcgroup_check_permission has them; of a new
 * socket its family, type and protocol, as security_socket_create has them.
 */
#ifndef SECD_TRACE_CGROUP_H
#define SECD_TRACE_CGROUP_H

#include "event.h"

/* Lengths of struct sockaddr_in and sockaddr_in6: the context does not always say. */
#define SECD_SOCKADDR4_LENGTH 16
#define SECD_SOCKADDR6_LENGTH 28

static __always_inline int address_judge(__u32 hook, struct bpf_sock_addr_kern *address, __u32 length)
{
	struct event event = event_begin(hook, false);
	struct sock *sk = address->sk;

	if (!event.work)
		return 0;
	event.work->arguments[0] = (__u64)kload(sk, sk_socket);
	event.work->arguments[1] = (__u64)address->uaddr;
	event.work->arguments[2] = length;
	event.work->arguments[3] = (__u64)sk;
	event.work->fields = (__u64)address->uaddr;
	return event_end(&event);
}

/*
 * Judges the hooks of a place; returns 0 where one refuses, as the kernel wants it, else 1.
 *
 * @length: of the address; 0 = the call says it
 */
static __always_inline int place_met(struct bpf_sock_addr *ctx, __u32 place, __u32 length)
{
	struct secd_policy_place *hooks = bpf_map_lookup_elem(&secd_policy_places, &place);
	struct bpf_sock_addr_kern *call = bpf_cast_to_kern_ctx(ctx);

	if (notices_at_place(place))
		return 0;
	if (!hooks)
		return 1;
	if (!length)
		length = call->uaddrlen;
	for (__u32 n = 0; n < SECD_POLICY_PLACE_HOOKS; n++) {
		if (!hooks->hook[n])
			break;
		if (address_judge(hooks->hook[n], call, length))
			return 0;
	}
	return 1;
}

static __always_inline int device_judge(__u32 hook, const struct bpf_cgroup_dev_ctx *device)
{
	struct event event = event_begin(hook, false);

	if (!event.work)
		return 0;
	/* The access stands above the type (include/uapi/linux/bpf.h). */
	event.work->arguments[0] = device->access_type & 0xffff;
	event.work->arguments[1] = device->major;
	event.work->arguments[2] = device->minor;
	event.work->arguments[3] = device->access_type >> 16;
	return event_end(&event);
}

/* A device is opened or made; returns 0 where a hook refuses, else 1. */
static __always_inline int place_device(const struct bpf_cgroup_dev_ctx *ctx)
{
	__u32 place = SECD_POLICY_PLACE_DEVICE;
	struct secd_policy_place *hooks = bpf_map_lookup_elem(&secd_policy_places, &place);

	if (!hooks)
		return 1;
	for (__u32 n = 0; n < SECD_POLICY_PLACE_HOOKS; n++) {
		if (!hooks->hook[n])
			break;
		if (device_judge(hooks->hook[n], ctx))
			return 0;
	}
	return 1;
}

static __always_inline int creation_judge(__u32 hook, const struct bpf_sock *sock)
{
	struct event event = event_begin(hook, false);

	if (!event.work)
		return 0;
	event.work->arguments[0] = sock->family;
	event.work->arguments[1] = sock->type;
	event.work->arguments[2] = sock->protocol;
	/* Not one of the kernel's own: for those nobody is asked. */
	event.work->arguments[3] = 0;
	return event_end(&event);
}

/* An IP socket is made; returns 0 where a hook refuses, else 1. */
static __always_inline int place_created(const struct bpf_sock *ctx)
{
	__u32 place = SECD_POLICY_PLACE_CREATE;
	struct secd_policy_place *hooks = bpf_map_lookup_elem(&secd_policy_places, &place);

	if (notices_at_place(place))
		return 0;
	if (!hooks)
		return 1;
	for (__u32 n = 0; n < SECD_POLICY_PLACE_HOOKS; n++) {
		if (!hooks->hook[n])
			break;
		if (creation_judge(hooks->hook[n], ctx))
			return 0;
	}
	return 1;
}

/* The last descriptor of a TCP socket goes: what tcp_close sees when a process closes it. Cannot refuse. */
static __always_inline int place_released(struct bpf_sock *ctx)
{
	struct sock *sk = bpf_cast_to_kern_ctx(ctx);
	__u32 place = SECD_POLICY_PLACE_RELEASE;
	struct secd_policy_place *hooks;

	if (kload(sk, sk_protocol) != SECD_IPPROTO_TCP)
		return 1;
	hooks = bpf_map_lookup_elem(&secd_policy_places, &place);
	if (!hooks)
		return 1;
	for (__u32 n = 0; n < SECD_POLICY_PLACE_HOOKS; n++) {
		struct event event = {};

		if (!hooks->hook[n])
			break;
		event = event_begin(hooks->hook[n], false);
		if (!event.work)
			continue;
		event.work->arguments[3] = (__u64)sk;
		event_end(&event);
	}
	return 1;
}

#endif
