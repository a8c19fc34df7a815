// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The socket sensor.
 *
 * hook                                          what it does
 * cgroup/sock_create | fentry/security_socket_post_create     CREATED (IP; the second: all)
 * cgroup/post_bind4, 6 | fexit/inet_bind, inet6_bind          BOUND (IP)
 * cgroup type 49 (6.7+) | fentry/unix_*_connect               CONNECTING (Unix)
 * tp_btf/inet_sock_set_state                                  the life of a TCP connection
 * fexit/inet_stream_connect, inet_dgram_connect               outcomes it does not show
 * fexit/inet_accept                                           ACCEPTED (TCP)
 * cgroup/sock_release | fentry/inet_release                   CLOSED (IP, not connected TCP)
 * tp_btf/sock_send_length, sock_recv_length (6.3+)            users, totals
 * fexit/inet_sendmsg, unix_stream_sendmsg, …                  the same, every kernel
 * cgroup/sendmsg4, 6                                          UDP peers written to
 * cgroup_skb/ingress                                          UDP peers heard from; DNS by UDP and TCP
 * fexit/unix_*, fentry/sock_close                             Unix; CLOSED of the rest
 * tracepoint/syscalls/sys_exit_*, sys_enter_close             all of these without fentry
 * iter/task_file                                              sockets older than the daemon
 * syscall (the daemon runs it once a second)                  CLOSED that no hook showed
 *
 * The loader picks one mechanism per function (Sources/Sensors) and leaves the others unloaded.
 */
#include "../kernel/access.h"
#include "audit.h"
#include "descriptor.h"
#include "direct.h"
#include "inet.h"
#include "ingress.h"
#include "seed.h"
#include "tcp.h"
#include "transfer.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_tcp_state, struct sock *sk, int old, int new)
{
	return tcp_state_changed(sk, old, new);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send_length, struct sock *sk, int result, int flags)
{
	return socket_moved(sk, result, false);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_receive_length, struct sock *sk, int result, int flags)
{
	return socket_moved(sk, result, true);
}

SEC("cgroup_skb/ingress")
int on_ingress(struct __sk_buff *skb)
{
	if (skb->remote_port == SECD_DNS_REMOTE && dns_stream(skb))
		return 1;
	return udp_arrived(skb);
}

#ifndef SECD_PROBE_READS
/* Not for 6.1, where these may not read task storage; it has fentry for all of them. */
SEC("cgroup/sock_create")
int on_sock_create(struct bpf_sock *ctx)
{
	inet_created(bpf_cast_to_kern_ctx(ctx), bpf_get_socket_cookie(ctx));
	return 1;
}

SEC("cgroup/post_bind4")
int on_post_bind4(struct bpf_sock *ctx)
{
	inet_bound(bpf_cast_to_kern_ctx(ctx));
	return 1;
}

SEC("cgroup/post_bind6")
int on_post_bind6(struct bpf_sock *ctx)
{
	inet_bound(bpf_cast_to_kern_ctx(ctx));
	return 1;
}

SEC("cgroup/sock_release")
int on_sock_release(struct bpf_sock *ctx)
{
	inet_released(bpf_cast_to_kern_ctx(ctx));
	return 1;
}

SEC("cgroup/sendmsg4")
int on_sendmsg4(struct bpf_sock_addr *ctx)
{
	struct bpf_sock_addr_kern *call = bpf_cast_to_kern_ctx(ctx);

	return peer_addressed(ctx, call->sk, false);
}

SEC("cgroup/sendmsg6")
int on_sendmsg6(struct bpf_sock_addr *ctx)
{
	struct bpf_sock_addr_kern *call = bpf_cast_to_kern_ctx(ctx);

	return peer_addressed(ctx, call->sk, true);
}

/* Attach type 49, BPF_CGROUP_UNIX_CONNECT (6.7+): the loader sets it, libbpf 1.1 has no name. */
SEC("cgroup/connect4")
int on_unix_connect(struct bpf_sock_addr *ctx)
{
	struct bpf_sock_addr_kern *call = bpf_cast_to_kern_ctx(ctx);

	unix_connecting(call->sk, call->uaddr, call->uaddrlen);
	return 1;
}
#endif

SEC("tracepoint/syscalls/sys_exit_socket")
int on_socket_call(struct trace_event_raw_sys_exit *ctx)
{
	return created_by_call(ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_socketpair")
int on_socketpair_call(struct trace_event_raw_sys_exit *ctx)
{
	return pair_created_by_call(ctx->ret);
}

SEC("tracepoint/syscalls/sys_exit_bind")
int on_bind_call(struct trace_event_raw_sys_exit *ctx)
{
	return did_by_call(ctx->ret, SECD_SOCKET_BOUND);
}

SEC("tracepoint/syscalls/sys_exit_listen")
int on_listen_call(struct trace_event_raw_sys_exit *ctx)
{
	return did_by_call(ctx->ret, SECD_SOCKET_LISTENING);
}

SEC("tracepoint/syscalls/sys_exit_connect")
int on_connect_call(struct trace_event_raw_sys_exit *ctx)
{
	return connected_by_call(ctx->ret);
}

/* Also on sys_exit_accept4. */
SEC("tracepoint/syscalls/sys_exit_accept")
int on_accept_call(struct trace_event_raw_sys_exit *ctx)
{
	return accepted_by_call(ctx->ret);
}

SEC("tracepoint/syscalls/sys_enter_close")
int on_close_call(struct trace_event_raw_sys_enter *ctx)
{
	return closing_by_call(ctx->args[0]);
}

SEC("fentry/security_socket_post_create")
int BPF_PROG(on_create, struct socket *socket, int family, int type, int protocol, int kern)
{
	return created_directly(socket, family, protocol, kern);
}

SEC("fexit/inet_bind")
int BPF_PROG(on_bind4, struct socket *socket)
{
	return bound_directly(socket, returned(ctx));
}

SEC("fexit/inet6_bind")
int BPF_PROG(on_bind6, struct socket *socket)
{
	return bound_directly(socket, returned(ctx));
}

SEC("fentry/inet_release")
int BPF_PROG(on_release, struct socket *socket)
{
	return released_directly(socket);
}

SEC("fexit/inet_stream_connect")
int BPF_PROG(on_stream_connect, struct socket *socket, struct sockaddr *address)
{
	return inet_connected_directly(socket, address, returned(ctx));
}

SEC("fexit/inet_dgram_connect")
int BPF_PROG(on_dgram_connect, struct socket *socket, struct sockaddr *address)
{
	return inet_connected_directly(socket, address, returned(ctx));
}

SEC("fexit/inet_accept")
int BPF_PROG(on_accept, struct socket *listener, struct socket *socket)
{
	return inet_accepted_directly(listener, socket, returned(ctx));
}

SEC("fexit/unix_bind")
int BPF_PROG(on_unix_bind, struct socket *socket)
{
	return unix_did_directly(socket, SECD_SOCKET_BOUND, returned(ctx));
}

SEC("fexit/unix_listen")
int BPF_PROG(on_unix_listen, struct socket *socket)
{
	return unix_did_directly(socket, SECD_SOCKET_LISTENING, returned(ctx));
}

SEC("fentry/unix_stream_connect")
int BPF_PROG(on_unix_stream_connecting, struct socket *socket, struct sockaddr *address, int length)
{
	return unix_connecting_directly(socket, address, length);
}

SEC("fentry/unix_dgram_connect")
int BPF_PROG(on_unix_dgram_connecting, struct socket *socket, struct sockaddr *address, int length)
{
	return unix_connecting_directly(socket, address, length);
}

SEC("fexit/unix_stream_connect")
int BPF_PROG(on_unix_stream_connect, struct socket *socket, struct sockaddr *address, int length)
{
	return unix_connected_directly(socket, address, length, returned(ctx));
}

SEC("fexit/unix_dgram_connect")
int BPF_PROG(on_unix_dgram_connect, struct socket *socket, struct sockaddr *address, int length)
{
	return unix_connected_directly(socket, address, length, returned(ctx));
}

SEC("fexit/unix_accept")
int BPF_PROG(on_unix_accept, struct socket *listener, struct socket *socket)
{
	return unix_accepted_directly(listener, socket, returned(ctx));
}

SEC("fentry/sock_close")
int BPF_PROG(on_sock_close, struct inode *inode, struct file *file)
{
	return closed_directly(file);
}

SEC("fexit/inet_sendmsg")
int BPF_PROG(on_inet_send, struct socket *socket, struct msghdr *message)
{
	return inet_sent_directly(socket, message, returned(ctx));
}

SEC("fexit/inet6_sendmsg")
int BPF_PROG(on_inet6_send, struct socket *socket, struct msghdr *message)
{
	return inet_sent_directly(socket, message, returned(ctx));
}

SEC("fexit/inet_recvmsg")
int BPF_PROG(on_inet_receive, struct socket *socket)
{
	return moved_directly(socket, returned(ctx), true);
}

SEC("fexit/inet6_recvmsg")
int BPF_PROG(on_inet6_receive, struct socket *socket)
{
	return moved_directly(socket, returned(ctx), true);
}

SEC("fexit/unix_stream_sendmsg")
int BPF_PROG(on_unix_stream_send, struct socket *socket)
{
	return moved_directly(socket, returned(ctx), false);
}

SEC("fexit/unix_stream_recvmsg")
int BPF_PROG(on_unix_stream_receive, struct socket *socket)
{
	return moved_directly(socket, returned(ctx), true);
}

/* Sequenced packets are sent through it too. */
SEC("fexit/unix_dgram_sendmsg")
int BPF_PROG(on_unix_dgram_send, struct socket *socket)
{
	return moved_directly(socket, returned(ctx), false);
}

/* Not unix_dgram_recvmsg, which compilers put into the function for sequenced packets. */
SEC("fexit/__unix_dgram_recvmsg")
int BPF_PROG(on_unix_dgram_receive, struct sock *sk)
{
	return socket_moved(sk, returned(ctx), true);
}

SEC("iter/task_file")
int on_socket_file(struct bpf_iter__task_file *ctx)
{
	return socket_seeded(ctx);
}

SEC("syscall")
int on_audit(void *ctx)
{
	return sockets_audit();
}
