/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading a column: from an argument to a value, each at most once for an event. */
#ifndef SECD_TRACE_COLUMN_H
#define SECD_TRACE_COLUMN_H

#include "../kernel/trace_types.h"
#include "../lib/descriptor.h"
#include "../lib/sock.h"
#include "work.h"

/* What is read for a value: a pointer, or the number itself. */
struct column_start {
	__u64 value;
	__u64 address;            /* where a number stands; 0 = `value` is it */
	__u32 failed;
	__u32 reserved;
};

static __always_inline __u64 column_origin(struct policy_work *work,
					   const struct secd_policy_column *column)
{
	if (column->from == SECD_POLICY_FROM_ARGUMENT)
		return work->arguments[column->position & 7];
	if (column->from == SECD_POLICY_FROM_RETURN)
		return work->result;
	if (column->from == SECD_POLICY_FROM_TASK)
		return bpf_get_current_task();
	return work->fields + column->position;
}

/* Follows the steps of a column. */
static __always_inline void column_follow(struct policy_work *work,
					  const struct secd_policy_column *column,
					  struct column_start *start)
{
	__u32 last = column->step_count - 1;

	start->value = column_origin(work, column);
	start->address = 0;
	start->failed = 0;
	if (column->from == SECD_POLICY_FROM_FIELD)
		start->address = start->value;
	if (!column->step_count)
		return;
	for (__u32 n = 0; n < SECD_POLICY_STEPS_MAX && n < column->step_count; n++) {
		start->address = start->value + column->steps[n];
		if (!start->value) {
			start->address = 0;
			start->failed = SECD_POLICY_VALUE_ABSENT;
			return;
		}
		if (n == last)
			break;
		if (bpf_probe_read_kernel(&start->value, sizeof(start->value), (void *)start->address)) {
			start->failed = SECD_POLICY_VALUE_UNREADABLE;
			return;
		}
	}
}

/* The pointer that readers other than NUMBER begin with. */
static __always_inline __u64 column_pointer(const struct secd_policy_column *column,
					    struct column_start *start)
{
	if (!start->address)
		return start->value;
	if ((column->flags & SECD_POLICY_COLUMN_INSIDE) ||
	    column->reader == SECD_POLICY_READ_FIELD_STRING ||
	    column->reader == SECD_POLICY_READ_DATA_LOC)
		return start->address;
	if (bpf_probe_read_kernel(&start->value, sizeof(start->value), (void *)start->address))
		start->failed = SECD_POLICY_VALUE_UNREADABLE;
	return start->value;
}

static __always_inline __u32 column_number(const struct secd_policy_column *column,
					   struct column_start *start, __u64 *out)
{
	__u32 width = column->width, shift;
	__u64 number = start->value;

	if (start->address) {
		number = 0;
		if (width > 8 || width == 0 ||
		    bpf_probe_read_kernel(&number, width, (void *)start->address))
			return SECD_POLICY_VALUE_UNREADABLE;
	}
	if (column->bit_size) {
		shift = 64 - column->bit_size;
		number >>= column->bit_offset & 63;
	} else {
		shift = 64 - 8 * width;
	}
	number <<= shift & 63;
	if (column->flags & SECD_POLICY_COLUMN_SIGNED)
		number = (__u64)((__s64)number >> (shift & 63));
	else
		number >>= shift & 63;
	*out = number;
	return SECD_POLICY_VALUE_PRESENT;
}

/* Books the bytes of a value; the next begins at a multiple of 8. */
static __always_inline void column_close(struct policy_work *work, struct secd_policy_value *value,
					 __u32 at, __u32 length)
{
	__u32 end = at + length;

	value->offset = at;
	value->length = length;
	work->end = (end + 7) & ~7U;
}

static __always_inline __u32 text_read_string(struct policy_work *work, struct secd_policy_value *value,
					      __u64 address, __u32 capacity, bool user)
{
	__u32 at = work->end, state = SECD_POLICY_VALUE_PRESENT;
	char next = 0;
	long length;

	/* Else clang joins the tests of the bound with others, and older verifiers lose it. */
	barrier_var(capacity);
	if (at > POLICY_LAST_TEXT || capacity > SECD_PATH_MAX)
		return SECD_POLICY_VALUE_UNREADABLE;
	barrier_var(capacity);
	if (capacity == 0)
		return SECD_POLICY_VALUE_UNREADABLE;
	if (user)
		length = bpf_probe_read_user_str(work->scratch.record + at, capacity, (void *)address);
	else
		length = bpf_probe_read_kernel_str(work->scratch.record + at, capacity, (void *)address);
	if (length < 0 || length > SECD_PATH_MAX)
		return SECD_POLICY_VALUE_UNREADABLE;
	if (length == capacity) { /* full: perhaps to the byte */
		address += length - 1;
		if (user)
			bpf_probe_read_user(&next, 1, (void *)address);
		else
			bpf_probe_read_kernel(&next, 1, (void *)address);
		if (next)
			state = SECD_POLICY_VALUE_TRUNCATED;
	}
	column_close(work, value, at, length ? length - 1 : 0);
	return state;
}

static __always_inline __u32 text_read_buffer(struct policy_work *work, struct secd_policy_value *value,
					      __u64 address, __u64 length, __u32 capacity, bool user)
{
	__u32 at = work->end, state = SECD_POLICY_VALUE_PRESENT, bytes;
	long failed = 0;

	if (at > POLICY_LAST_TEXT || capacity > SECD_PATH_MAX)
		return SECD_POLICY_VALUE_UNREADABLE;
	bytes = length;
	if (length > capacity) {
		bytes = capacity;
		state = SECD_POLICY_VALUE_TRUNCATED;
	}
	barrier_var(bytes); /* the bound that follows is for the verifier; clang knows it */
	if (bytes > SECD_PATH_MAX)
		return SECD_POLICY_VALUE_UNREADABLE;
	if (bytes && user)
		failed = bpf_probe_read_user(work->scratch.record + at, bytes, (void *)address);
	else if (bytes)
		failed = bpf_probe_read_kernel(work->scratch.record + at, bytes, (void *)address);
	if (failed)
		return SECD_POLICY_VALUE_UNREADABLE;
	column_close(work, value, at, bytes);
	return state;
}

/* The mount and the name of an open file. */
static __always_inline __u32 file_read(struct secd_policy_value *value, struct policy_file *file,
				       struct file *opened)
{
	if (!opened)
		return SECD_POLICY_VALUE_ABSENT;
	file->mnt = (__u64)kload(opened, f_path.mnt);
	file->dentry = (__u64)kload(opened, f_path.dentry);
	file->inode = (__u64)kload(opened, f_inode);
	return file->dentry ? SECD_POLICY_VALUE_PRESENT : SECD_POLICY_VALUE_UNREADABLE;
}

static __always_inline __u32 file_read_path(struct policy_file *file, __u64 mnt, struct dentry *dentry)
{
	file->mnt = mnt;
	file->dentry = (__u64)dentry;
	file->inode = dentry ? (__u64)kload(kcast(dentry, dentry), d_inode) : 0;
	return dentry ? SECD_POLICY_VALUE_PRESENT : SECD_POLICY_VALUE_UNREADABLE;
}

static __always_inline __u32 file_read_by(struct policy_work *work, struct secd_policy_value *value,
					  struct policy_file *file, __u32 reader, __u64 pointer)
{
	struct inode *inode;
	struct path *path;
	__u32 state;

	value->kind = SECD_POLICY_VALUE_PATH;
	if (reader == SECD_POLICY_READ_DESCRIPTOR) {
		state = file_read(value, file, file_of_descriptor(bpf_get_current_task_btf(), pointer));
	} else if (!pointer) {
		return SECD_POLICY_VALUE_ABSENT;
	} else if (reader == SECD_POLICY_READ_FILE) {
		state = file_read(value, file, kcast(file, pointer));
	} else if (reader == SECD_POLICY_READ_BINPRM) {
		struct linux_binprm *bprm = kcast(linux_binprm, pointer);

		state = file_read(value, file, kload(bprm, file));
	} else if (reader == SECD_POLICY_READ_PATH) {
		path = kcast(path, pointer);
		state = file_read_path(file, (__u64)kload(path, mnt), kload(path, dentry));
	} else {
		state = file_read_path(file, 0, (struct dentry *)pointer);
	}
	inode = kcast(inode, file->inode);
	if (state == SECD_POLICY_VALUE_PRESENT && inode)
		value->number = kload(inode, i_mode);
	return state;
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
	if (failed || at > POLICY_LAST_TEXT)
		return SECD_POLICY_VALUE_UNREADABLE;
	value->number = family;
	if (family == SECD_AF_UNIX) {
		value->kind = SECD_POLICY_VALUE_TEXT;
		if (length <= 2)
			return SECD_POLICY_VALUE_ABSENT;
		if (length > sizeof(struct sockaddr_un))
			length = sizeof(struct sockaddr_un);
		return text_read_buffer(work, value, address + 2, length - 2, 108, user);
	}
	value->kind = SECD_POLICY_VALUE_ENDPOINT;
	/* The address is read behind where the endpoint will be, and copied. */
	endpoint = (void *)(work->scratch.record + at);
	bytes = work->scratch.record + at + sizeof(*endpoint);
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
	if (at > POLICY_LAST_TEXT)
		return SECD_POLICY_VALUE_UNREADABLE;
	value->kind = SECD_POLICY_VALUE_ENDPOINT;
	endpoint = (void *)(work->scratch.record + at);
	__builtin_memset(endpoint, 0, sizeof(*endpoint));
	endpoint->family = kload(sk, __sk_common.skc_family);
	endpoint->type = kload(sk, sk_type);
	endpoint->protocol = kload(sk, sk_protocol);
	endpoint->state = kload(sk, __sk_common.skc_state);
	endpoint->cookie = kload(sk, __sk_common.skc_cookie.counter);
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

static __always_inline __u64 column_size(struct policy_work *work,
					 const struct secd_policy_column *column, __u64 otherwise)
{
	return column->size_argument == 0xff ? otherwise
					     : work->arguments[column->size_argument & 7];
}

/* The address of a call that gives a socket its destination, as that destination. */
static __always_inline void sock_add_peer(struct policy_work *work, struct secd_policy_value *value)
{
	struct secd_policy_endpoint *endpoint;
	__u32 at = value->offset;
	__be16 port = 0;

	if (value->state != SECD_POLICY_VALUE_PRESENT || at > POLICY_LAST_TEXT)
		return;
	endpoint = (void *)(work->scratch.record + at);
	/* struct sockaddr_in, sockaddr_in6: family, port, then IPv4; IPv6 behind the flow label. */
	bpf_probe_read_kernel(&port, sizeof(port), (void *)(work->fields + 2));
	endpoint->destination_port = host_order(port);
	if (endpoint->family == SECD_AF_INET)
		bpf_probe_read_kernel(endpoint->destination, 4, (void *)(work->fields + 4));
	else
		bpf_probe_read_kernel(endpoint->destination, 16, (void *)(work->fields + 8));
}

/* Reads what a pointer leads to. Its own function: the verifier walks it once, not for each path to it. */
__noinline __u32 column_read_pointer(struct policy_work *work, struct secd_policy_column *column,
				     struct secd_policy_value *value, struct policy_file *file,
				     __u64 pointer)
{
	__u32 reader;
	bool user;

	if (!work || !column || !value || !file)
		return SECD_POLICY_VALUE_UNREADABLE;
	reader = column->reader;
	user = column->flags & SECD_POLICY_COLUMN_USER;
	if (reader == SECD_POLICY_READ_DESCRIPTOR || reader == SECD_POLICY_READ_FILE ||
	    reader == SECD_POLICY_READ_PATH || reader == SECD_POLICY_READ_DENTRY ||
	    reader == SECD_POLICY_READ_BINPRM)
		return file_read_by(work, value, file, reader, pointer);
	if (!pointer)
		return SECD_POLICY_VALUE_ABSENT;
	if (reader == SECD_POLICY_READ_ADDRESS)
		return address_read(work, value, pointer, column_size(work, column, 28), user);
	if (reader == SECD_POLICY_READ_SOCK)
		return sock_read(work, value, kcast(sock, pointer));
	if (reader == SECD_POLICY_READ_SOCKET) {
		struct socket *socket = kcast(socket, pointer);

		return sock_read(work, value, kload(socket, sk));
	}
	value->kind = SECD_POLICY_VALUE_TEXT;
	if (reader == SECD_POLICY_READ_FILENAME) {
		struct filename *name = kcast(filename, pointer);

		pointer = (__u64)kload(name, name);
		return text_read_string(work, value, pointer, column->capacity, false);
	}
	if (reader == SECD_POLICY_READ_FIELD_STRING)
		return text_read_string(work, value, pointer,
					column->width < column->capacity ? column->width : column->capacity,
					false);
	if (reader == SECD_POLICY_READ_DATA_LOC) {
		__u32 place = 0; /* offset in the record, and above it the length */

		if (bpf_probe_read_kernel(&place, sizeof(place), (void *)pointer))
			return SECD_POLICY_VALUE_UNREADABLE;
		return text_read_string(work, value, work->fields + (place & 0xffff), column->capacity,
					false);
	}
	if (reader == SECD_POLICY_READ_BUFFER)
		return text_read_buffer(work, value, pointer, column_size(work, column, column->capacity),
					column->capacity, user);
	return text_read_string(work, value, pointer, column->capacity, user);
}

/* Reads a column that was not read yet; its value stands in work->values then. */
__noinline int column_read(struct policy_work *work, struct secd_policy_hook *hook, __u32 index)
{
	struct secd_policy_column *column;
	struct secd_policy_value *value;
	struct column_start start;
	__u64 pointer;

	bounded(index, SECD_POLICY_COLUMNS_MAX - 1);
	if (!work || !hook || (work->read & 1U << index))
		return 0;
	work->read |= 1U << index;
	column = &hook->column[index];
	value = &work->values[index];
	__builtin_memset(value, 0, sizeof(*value));
	value->column = index;
	value->kind = SECD_POLICY_VALUE_NUMBER;
	if ((column->flags & SECD_POLICY_COLUMN_RETURN) && !work->returning) {
		value->state = SECD_POLICY_VALUE_UNREADABLE;
		return 0;
	}
	column_follow(work, column, &start);
	if (start.failed) {
		value->state = start.failed;
		return 0;
	}
	if (column->reader == SECD_POLICY_READ_NUMBER) {
		value->state = column_number(column, &start, &value->number);
		return 0;
	}
	pointer = column_pointer(column, &start);
	if (start.failed)
		value->state = start.failed;
	else
		value->state = column_read_pointer(work, column, value, &work->files[index], pointer);
	if (column->flags & SECD_POLICY_COLUMN_PEER)
		sock_add_peer(work, value);
	return 0;
}

#endif
