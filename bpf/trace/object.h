/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Kernel objects that events show member by member: sockets, packets, credentials, BPF, perf, modules. */
#ifndef SECD_TRACE_OBJECT_H
#define SECD_TRACE_OBJECT_H

#include "../lib/credentials.h"
#include "address.h"
#include "packet.h"

/* Of union bpf_attr (include/uapi/linux/bpf.h), as BPF_PROG_LOAD has it. */
#define BPF_ATTR_TYPE  0
#define BPF_ATTR_COUNT 4
#define BPF_ATTR_NAME  48
#define BPF_ATTR_BYTES 64

static __always_inline __u32 object_close(struct policy_work *work, struct secd_policy_value *value,
					  __u32 kind, __u32 at, __u32 length)
{
	value->kind = kind;
	column_close(work, value, at, length);
	return SECD_POLICY_VALUE_PRESENT;
}

static __always_inline void object_user_namespace(struct secd_policy_user_namespace *out,
						  struct user_namespace *user_ns)
{
	out->level = kload(user_ns, level);
	out->owner = kload(user_ns, owner.val);
	out->group = kload(user_ns, group.val);
	out->inode = kload(user_ns, ns.inum);
}

/* What bpf(2) was asked to load: of the program, or the kernel's copy of it. */
static __always_inline bool object_bpf_attr(struct secd_policy_bpf_program *out, __u64 pointer, bool user)
{
	__u8 *bytes = (__u8 *)(out + 1);
	long failed;

	if (user)
		failed = bpf_probe_read_user(bytes, BPF_ATTR_BYTES, (void *)pointer);
	else
		failed = bpf_probe_read_kernel(bytes, BPF_ATTR_BYTES, (void *)pointer);
	if (failed)
		return false;
	out->type = *(__u32 *)(bytes + BPF_ATTR_TYPE);
	out->instructions = *(__u32 *)(bytes + BPF_ATTR_COUNT);
	__builtin_memcpy(out->name, bytes + BPF_ATTR_NAME, sizeof(out->name));
	return true;
}

static __always_inline void object_bpf_program(struct secd_policy_bpf_program *out, struct bpf_prog *program)
{
	struct bpf_prog_aux *aux = kload(program, aux);

	out->type = kload(program, type);
	out->instructions = kload(program, len);
	bpf_probe_read_kernel(out->name, sizeof(out->name), (void *)aux + bpf_core_field_offset(aux->name));
}

static __always_inline void object_bpf_map(struct secd_policy_bpf_map *out, __u64 pointer)
{
	struct bpf_map___shown *map = (void *)pointer;

	out->type = BPF_CORE_READ(map, map_type);
	out->key_size = BPF_CORE_READ(map, key_size);
	out->value_size = BPF_CORE_READ(map, value_size);
	out->entries = BPF_CORE_READ(map, max_entries);
	bpf_probe_read_kernel(out->name, sizeof(out->name), (void *)map + bpf_core_field_offset(map->name));
}

static __always_inline void object_perf_event(struct secd_policy_perf_event *out, __u64 pointer)
{
	struct perf_event *event = (void *)pointer;
	__u64 function = BPF_CORE_READ(event, attr.config1);

	out->type = BPF_CORE_READ(event, attr.type);
	out->config = BPF_CORE_READ(event, attr.config);
	out->offset = BPF_CORE_READ(event, attr.config2);
	if (bpf_probe_read_user_str(out->function, sizeof(out->function), (void *)function) < 0)
		out->function[0] = 0;
}

/* The name of a module is text; the rest is told beside it. */
static __always_inline __u32 object_module(struct policy_work *work, struct secd_policy_value *value,
					   __u64 pointer)
{
	struct module *module = (void *)pointer;
	__u64 facts;

	value->kind = SECD_POLICY_VALUE_TEXT;
	if (!bpf_core_type_exists(struct module)) /* a kernel without modules */
		return SECD_POLICY_VALUE_UNREADABLE;
	facts = (__u32)BPF_CORE_READ(module, taints);
	if (bpf_core_field_exists(module->sig_ok)) {
		facts |= SECD_POLICY_MODULE_JUDGED;
		if (BPF_CORE_READ(module, sig_ok))
			facts |= SECD_POLICY_MODULE_SIGNED;
	}
	value->number = facts;
	return text_read_string(work, value, pointer + bpf_core_field_offset(module->name),
				sizeof(module->name), false);
}

static __always_inline __u32 object_load_info(struct policy_work *work, struct secd_policy_value *value,
					      __u64 pointer)
{
	struct load_info *info = (void *)pointer;
	__u64 facts = SECD_POLICY_MODULE_JUDGED;

	value->kind = SECD_POLICY_VALUE_TEXT;
	if (!bpf_core_type_exists(struct load_info))
		return SECD_POLICY_VALUE_UNREADABLE;
	if (bpf_core_field_exists(info->sig_ok) && BPF_CORE_READ(info, sig_ok))
		facts |= SECD_POLICY_MODULE_SIGNED;
	value->number = facts;
	return text_read_string(work, value, (__u64)BPF_CORE_READ(info, name),
				sizeof(((struct module *)0)->name), false);
}

/* A column is this socket. Only those of IP are touched outside of their processes. */
static __always_inline void object_note_socket(struct policy_work *work, __u32 column, struct sock *sk)
{
	if (!sk || !family_is_ip(kload(sk, __sk_common.skc_family)))
		return;
	bounded(column, SECD_POLICY_COLUMNS_MAX - 1);
	work->socks[column] = (__u64)sk;
	work->sock_columns |= 1U << column;
}

/* The object at `pointer` → the value of a column. */
__noinline __u32 policy_object(struct policy_work *work, __u32 index, __u32 reader, __u64 pointer, __u32 user)
{
	struct secd_policy_value *value;
	__u32 at;
	void *out;

	bounded(index, SECD_POLICY_COLUMNS_MAX - 1);
	if (!work)
		return SECD_POLICY_VALUE_UNREADABLE;
	value = &work->values[index];
	at = work->end;
	out = value_bytes(work, at);
	if (!out)
		return SECD_POLICY_VALUE_UNREADABLE;
	/* The largest of them, and what lies behind a program. */
	__builtin_memset(out, 0, SECD_POLICY_OBJECT_MAX);
	switch (reader) {
	case SECD_POLICY_READ_SOCKET:
		pointer = (__u64)kload(kcast(socket, pointer), sk);
		/* fallthrough */
	case SECD_POLICY_READ_SOCK:
		object_note_socket(work, index, kcast(sock, pointer));
		return sock_read(work, value, kcast(sock, pointer));
	case SECD_POLICY_READ_PACKET:
		object_note_socket(work, index, kload(kcast(sk_buff, pointer), sk));
		return packet_read(work, value, kcast(sk_buff, pointer));
	case SECD_POLICY_READ_CREDENTIALS:
		credentials_read_by(out, kcast(cred, pointer), out + sizeof(struct secd_credentials));
		return object_close(work, value, SECD_POLICY_VALUE_CREDENTIALS, at,
				    sizeof(struct secd_credentials));
	case SECD_POLICY_READ_USER_NAMESPACE:
		object_user_namespace(out, kcast(user_namespace, pointer));
		return object_close(work, value, SECD_POLICY_VALUE_USER_NAMESPACE, at,
				    sizeof(struct secd_policy_user_namespace));
	case SECD_POLICY_READ_BPF_ATTR:
		if (!object_bpf_attr(out, pointer, user))
			return SECD_POLICY_VALUE_UNREADABLE;
		return object_close(work, value, SECD_POLICY_VALUE_BPF_PROGRAM, at,
				    sizeof(struct secd_policy_bpf_program));
	case SECD_POLICY_READ_BPF_PROGRAM:
		object_bpf_program(out, kcast(bpf_prog, pointer));
		return object_close(work, value, SECD_POLICY_VALUE_BPF_PROGRAM, at,
				    sizeof(struct secd_policy_bpf_program));
	case SECD_POLICY_READ_BPF_MAP:
		object_bpf_map(out, pointer);
		return object_close(work, value, SECD_POLICY_VALUE_BPF_MAP, at,
				    sizeof(struct secd_policy_bpf_map));
	case SECD_POLICY_READ_PERF_EVENT:
		object_perf_event(out, pointer);
		return object_close(work, value, SECD_POLICY_VALUE_PERF_EVENT, at,
				    sizeof(struct secd_policy_perf_event));
	case SECD_POLICY_READ_MODULE:
		return object_module(work, value, pointer);
	default:
		return object_load_info(work, value, pointer);
	}
}

#endif
