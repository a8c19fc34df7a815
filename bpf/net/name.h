/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of Unix sockets. */
#ifndef SECD_NET_NAME_H
#define SECD_NET_NAME_H

#include "record.h"

/* Bytes of sockaddr_un before sun_path. */
#define SECD_UNIX_FAMILY_SIZE 2

/*
 * Copies a Unix name behind a record; `length` counts the family before it. An abstract name is all
 * of its bytes, a path ends at its terminator, and callers pass the whole of sun_path for it.
 */
static __always_inline __u32 unix_name(__u8 *out, struct secd_socket *record, const char *name,
				       __u32 length, bool user)
{
	long result;

	if (length <= SECD_UNIX_FAMILY_SIZE)
		return 0;
	length -= SECD_UNIX_FAMILY_SIZE;
	if (length > SECD_UNIX_PATH_MAX)
		length = SECD_UNIX_PATH_MAX; /* the kernel adds a terminator to a full one */
	bounded(length, 127);
	result = user ? bpf_probe_read_user(out, length, name) :
			bpf_probe_read_kernel(out, length, name);
	if (result)
		return 0;
	if (out[0] == 0) {
		record->flags |= SECD_SOCKET_FLAG_ABSTRACT;
		return length;
	}
	out[length] = 0;
	result = bpf_probe_read_kernel_str(out, SECD_UNIX_PATH_MAX + 1, out);
	return result > 1 && result <= SECD_UNIX_PATH_MAX + 1 ? result - 1 : 0;
}

/* The name of this end, or of the other one: only one of two connected ends has a name. */
static __always_inline __u32 unix_own_name(__u8 *out, struct secd_socket *record, struct sock *sk)
{
	struct unix_sock *end = kcast(unix_sock, sk);
	struct unix_address *address = kload(end, addr);
	struct sock *peer;

	if (!address) {
		peer = kload(end, peer);
		if (!peer)
			return 0;
		end = kcast(unix_sock, peer);
		address = kload(end, addr);
		if (!address)
			return 0;
	}
	address = kcast(unix_address, address);
	return unix_name(out, record,
			 (const char *)address + bpf_core_field_offset(struct unix_address, name) +
				 SECD_UNIX_FAMILY_SIZE,
			 kload(address, len), false);
}

#endif
