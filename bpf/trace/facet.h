/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A facet of a column's value → a result: a row or a class, or why there is none. */
#ifndef SECD_TRACE_FACET_H
#define SECD_TRACE_FACET_H

#include "column.h"
#include "path_text.h"

/* The number of a facet; false where the value has none. */
static __always_inline bool facet_number(struct policy_work *work, const struct secd_policy_value *value,
					 __u32 facet, __u64 *number)
{
	struct secd_policy_endpoint *endpoint;
	__u32 at = value->offset;

	*number = value->number;
	if (facet == SECD_POLICY_FACET_NUMBER)
		return true;
	if (facet == SECD_POLICY_FACET_FILE_TYPE) {
		*number &= SECD_S_IFMT;
		return value->kind == SECD_POLICY_VALUE_PATH;
	}
	if (value->kind != SECD_POLICY_VALUE_ENDPOINT) /* the family of an address of AF_UNIX */
		return facet == SECD_POLICY_FACET_FAMILY;
	endpoint = value_bytes(work, at);
	if (!endpoint)
		return false;
	switch (facet) {
	case SECD_POLICY_FACET_FAMILY:
		*number = endpoint->family;
		break;
	case SECD_POLICY_FACET_PROTOCOL:
		*number = endpoint->protocol;
		break;
	case SECD_POLICY_FACET_STATE:
		*number = endpoint->state;
		break;
	case SECD_POLICY_FACET_DEST_PORT:
		*number = endpoint->destination_port;
		break;
	default:
		*number = endpoint->source_port;
	}
	return facet == SECD_POLICY_FACET_FAMILY || family_is_ip(endpoint->family);
}

/* Turns a file into text, once. */
static __always_inline void value_make_text(struct policy_work *work, struct secd_policy_value *value,
					    struct policy_file *file)
{
	struct secd_path path = {};
	__u32 at = work->end;
	struct dentry *dentry;

	if (value->kind != SECD_POLICY_VALUE_PATH || value->length)
		return;
	dentry = kcast(dentry, file->dentry);
	if (kload(dentry, d_name.len) == 0) { /* a pipe: it has no name */
		value->path_flags = SECD_PATH_DETACHED;
		return;
	}
	if (at > POLICY_LAST_TEXT) {
		value->state = SECD_POLICY_VALUE_UNREADABLE;
		return;
	}
	policy_path_of_column(work, value->column, at, &path);
	value->path_flags = path.flags;
	value->root = path.root;
	if (path.flags & SECD_PATH_UNREADABLE)
		value->state = SECD_POLICY_VALUE_UNREADABLE;
	else if (path.flags & SECD_PATH_TRUNCATED)
		value->state = SECD_POLICY_VALUE_TRUNCATED;
	column_close(work, value, at, path.length);
}

/* Truncated paths of the kernel lack their beginning: nothing is known of them. */
static __always_inline bool value_has_beginning(const struct secd_policy_value *value)
{
	return value->kind != SECD_POLICY_VALUE_PATH || value->state == SECD_POLICY_VALUE_PRESENT;
}

static __always_inline __u32 facet_network(struct policy_work *work, struct secd_policy_lookup *lookup,
					   const struct secd_policy_value *value, __u32 facet)
{
	struct secd_policy_endpoint *endpoint;
	__u32 at = value->offset;
	__u64 *address;

	if (value->kind != SECD_POLICY_VALUE_ENDPOINT)
		return SECD_POLICY_ABSENT;
	endpoint = value_bytes(work, at);
	if (!endpoint || !family_is_ip(endpoint->family))
		return SECD_POLICY_ABSENT;
	address = (__u64 *)(facet == SECD_POLICY_FACET_DESTINATION ? endpoint->destination
								    : endpoint->source);
	return policy_network(work, lookup, address[0], address[1],
			      endpoint->family == SECD_AF_INET ? 4 : 16);
}

/* The result of a dimension whose input is a column. */
static __always_inline __u32 facet_result(struct policy_work *work, struct secd_policy_hook *hook,
					  struct secd_policy_dimension *dimension)
{
	struct secd_policy_value *value;
	__u32 column = dimension->column;
	__u64 number;

	bounded(column, SECD_POLICY_COLUMNS_MAX - 1);
	if (!(work->read >> column & 1))
		column_read(work, hook, column);
	value = &work->values[column];
	if (value->state == SECD_POLICY_VALUE_ABSENT)
		return SECD_POLICY_ABSENT;
	if (value->state == SECD_POLICY_VALUE_UNREADABLE)
		return SECD_POLICY_UNREADABLE;
	if (dimension->lookup.family == SECD_POLICY_NUMBERS) {
		if (!facet_number(work, value, dimension->facet, &number))
			return SECD_POLICY_ABSENT;
		return policy_search(work->slot, &dimension->lookup, number);
	}
	if (dimension->lookup.family == SECD_POLICY_NETWORKS)
		return facet_network(work, &dimension->lookup, value, dimension->facet);
	if (dimension->lookup.family == SECD_POLICY_COMPONENTS) {
		__u32 state;

		if (work->walk.column != column + 1)
			policy_walk(work, &work->files[column]);
		work->walk.column = column + 1;
		state = work->walk.state;
		if (state == SECD_POLICY_VALUE_PRESENT)
			return policy_components(work, &dimension->lookup);
		return state == SECD_POLICY_VALUE_ABSENT ? SECD_POLICY_ABSENT : SECD_POLICY_UNREADABLE;
	}
	value_make_text(work, value, &work->files[column]);
	if (value->kind == SECD_POLICY_VALUE_PATH && !value->length)
		return SECD_POLICY_ABSENT;
	if (!value_has_beginning(value))
		return SECD_POLICY_UNREADABLE;
	if (dimension->lookup.family == SECD_POLICY_TEXT)
		return policy_text(work, &dimension->lookup, value->offset, value->length,
				   value->state == SECD_POLICY_VALUE_TRUNCATED);
	if (value->state == SECD_POLICY_VALUE_TRUNCATED)
		return SECD_POLICY_UNREADABLE;
	return policy_ending(work, &dimension->lookup, value->offset, value->length);
}

#endif
