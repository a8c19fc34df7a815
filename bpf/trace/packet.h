/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets → endpoints: IP headers and ports, where the kernel has parsed or written them. */
#ifndef SECD_TRACE_PACKET_H
#define SECD_TRACE_PACKET_H

#include "../kernel/objects.h"
#include "../lib/sock.h"
#include "text.h"

/* What skb->transport_header is before anybody has set it (include/linux/skbuff.h). */
#define PACKET_HEADER_UNSET 0xffff

struct packet_bytes {
	__u8 network[40];        /* the header of IPv6, or of IPv4 and what follows */
	__be16 ports[2];
};

static __always_inline bool protocol_has_ports(__u32 protocol)
{
	return protocol == 6 /* TCP */ || protocol == 17 /* UDP */ || protocol == 33 /* DCCP */ ||
	       protocol == 132 /* SCTP */ || protocol == 136 /* UDP-Lite */;
}

/* Where the packet's IPsec path is counted. */
static __always_inline void packet_path(struct secd_policy_endpoint *endpoint, struct sk_buff *skb)
{
	struct skb_ext *extensions;
	__u8 offset = 0;
	__u32 id;

	if (!bpf_core_enum_value_exists(enum skb_ext_id___ipsec, SKB_EXT_SEC_PATH___ipsec))
		return;
	id = bpf_core_enum_value(enum skb_ext_id___ipsec, SKB_EXT_SEC_PATH___ipsec) & 7;
	if (!(kload(skb, active_extensions) >> id & 1))
		return;
	extensions = kload(skb, extensions);
	bpf_probe_read_kernel(&offset, 1,
			      (void *)extensions + bpf_core_field_offset(struct skb_ext, offset) + id);
	/* struct sec_path: two counts. */
	bpf_probe_read_kernel(&endpoint->path_length, 8, (void *)extensions + 8 * offset);
}

static __always_inline void packet_addresses(struct secd_policy_endpoint *endpoint, struct sk_buff *skb,
					     struct packet_bytes *bytes)
{
	__u64 head = (__u64)kload(skb, head);
	__u32 network = kload(skb, network_header), transport = kload(skb, transport_header), length;
	__u32 version;

	if (bpf_probe_read_kernel(bytes->network, sizeof(bytes->network), (void *)(head + network)))
		return;
	version = bytes->network[0] >> 4;
	if (version == 4) {
		endpoint->family = SECD_AF_INET;
		endpoint->protocol = bytes->network[9];
		__builtin_memcpy(endpoint->source, bytes->network + 12, 4);
		__builtin_memcpy(endpoint->destination, bytes->network + 16, 4);
		length = 4 * (bytes->network[0] & 15);
	} else if (version == 6) {
		endpoint->family = SECD_AF_INET6;
		endpoint->protocol = bytes->network[6];
		__builtin_memcpy(endpoint->source, bytes->network + 8, 16);
		__builtin_memcpy(endpoint->destination, bytes->network + 24, 16);
		length = 40;
	} else {
		return;
	}
	if (!protocol_has_ports(endpoint->protocol))
		return;
	if (transport == PACKET_HEADER_UNSET || transport <= network)
		transport = network + length;
	if (bpf_probe_read_kernel(bytes->ports, sizeof(bytes->ports), (void *)(head + transport)))
		return;
	endpoint->source_port = host_order(bytes->ports[0]);
	endpoint->destination_port = host_order(bytes->ports[1]);
}

/* A packet of another family than IP has no addresses that are known here. */
static __always_inline __u32 packet_read(struct policy_work *work, struct secd_policy_value *value,
					 struct sk_buff *skb)
{
	struct secd_policy_endpoint *endpoint;
	__u32 at = work->end, protocol = host_order(kload(skb, protocol));
	struct packet_bytes *bytes;

	value->kind = SECD_POLICY_VALUE_ENDPOINT;
	endpoint = value_bytes(work, at);
	if (!endpoint)
		return SECD_POLICY_VALUE_UNREADABLE;
	bytes = (void *)endpoint + sizeof(*endpoint);
	__builtin_memset(endpoint, 0, sizeof(*endpoint));
	__builtin_memset(bytes, 0, sizeof(*bytes));
	endpoint->length = kload(skb, len);
	endpoint->hash = kload(skb, hash);
	endpoint->priority = kload(skb, priority);
	endpoint->mark = kload(skb, mark);
	packet_path(endpoint, skb);
	/* ETH_P_IP, ETH_P_IPV6; 0 on its way out, until the device is known. */
	if (protocol == 0x0800 || protocol == 0x86dd || !protocol)
		packet_addresses(endpoint, skb, bytes);
	column_close(work, value, at, sizeof(*endpoint));
	return SECD_POLICY_VALUE_PRESENT;
}

#endif
