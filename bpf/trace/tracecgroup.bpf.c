// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The policy engine where a call can be refused, and no signal sent.
 *
 * hook                       what it does
 * cgroup/connect4, 6         security_socket_connect, tcp_connect: IP
 * cgroup/connect4 as type 49 security_socket_connect: Unix sockets
 * cgroup/sendmsg4, 6         security_socket_sendmsg: datagrams with an address
 * cgroup/bind4, 6            security_socket_bind: IP
 * cgroup/sock_release        tcp_close, by processes; cannot refuse
 * cgroup/dev                 devcgroup_check_permission
 * cgroup/sock_create         security_socket_create: IP
 */
#define SECD_POLICY_NO_SIGNALS
#include "../kernel/access.h"
#include "cgroup.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#ifndef SECD_PROBE_READS
/* Not for 6.1, where these may not read task storage; it has LSM for all of them. */
SEC("cgroup/connect4")
int on_connect4(struct bpf_sock_addr *ctx)
{
	return place_met(ctx, SECD_POLICY_PLACE_CONNECT, SECD_SOCKADDR4_LENGTH);
}

SEC("cgroup/connect6")
int on_connect6(struct bpf_sock_addr *ctx)
{
	return place_met(ctx, SECD_POLICY_PLACE_CONNECT, SECD_SOCKADDR6_LENGTH);
}

/* Attach type 49, BPF_CGROUP_UNIX_CONNECT (6.7+): the loader sets it, libbpf 1.1 has no name. */
SEC("cgroup/connect4")
int on_connect_unix(struct bpf_sock_addr *ctx)
{
	return place_met(ctx, SECD_POLICY_PLACE_UNIX, 0);
}

SEC("cgroup/sendmsg4")
int on_sendmsg4(struct bpf_sock_addr *ctx)
{
	return place_met(ctx, SECD_POLICY_PLACE_SEND, SECD_SOCKADDR4_LENGTH);
}

SEC("cgroup/sendmsg6")
int on_sendmsg6(struct bpf_sock_addr *ctx)
{
	return place_met(ctx, SECD_POLICY_PLACE_SEND, SECD_SOCKADDR6_LENGTH);
}

SEC("cgroup/bind4")
int on_bind4(struct bpf_sock_addr *ctx)
{
	return place_met(ctx, SECD_POLICY_PLACE_BIND, SECD_SOCKADDR4_LENGTH);
}

SEC("cgroup/bind6")
int on_bind6(struct bpf_sock_addr *ctx)
{
	return place_met(ctx, SECD_POLICY_PLACE_BIND, SECD_SOCKADDR6_LENGTH);
}

SEC("cgroup/sock_release")
int on_release(struct bpf_sock *ctx)
{
	return place_released(ctx);
}

SEC("cgroup/sock_create")
int on_create(struct bpf_sock *ctx)
{
	return place_created(ctx);
}

SEC("cgroup/dev")
int on_device(struct bpf_cgroup_dev_ctx *ctx)
{
	return place_device(ctx);
}
#endif
