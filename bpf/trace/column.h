/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading a column: from an argument to a value, each at most once for an event. */
#ifndef SECD_TRACE_COLUMN_H
#define SECD_TRACE_COLUMN_H

#include "address.h"
#include "file.h"
#include "object.h"
#include "pieces.h"
#ifdef SECD_POLICY_OF_SUBJECT
#include "subject_file.h"
#endif

static __always_inline __u64 column_origin(struct policy_work *work,
					   const struct secd_policy_column *column)
{
	if (column->from == SECD_POLICY_FROM_ARGUMENT)
		return work->arguments[column->position & 15];
	if (column->from == SECD_POLICY_FROM_RETURN)
		return work->result;
	if (column->from == SECD_POLICY_FROM_TASK)
		return bpf_get_current_task();
	return work->fields + column->position;
}

/* A member on the way to a value, or the value. */
static __always_inline long column_load(const struct secd_policy_column *column, void *to, __u32 size,
					__u64 address)
{
	if (column->flags & SECD_POLICY_COLUMN_OWN)
		return bpf_probe_read_user(to, size, (void *)address);
	return bpf_probe_read_kernel(to, size, (void *)address);
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
	if (column->from == SECD_POLICY_FROM_ARGUMENT && (work->missing & 1U << (column->position & 15))) {
		start->failed = SECD_POLICY_VALUE_UNREADABLE;
		return;
	}
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
		if (column_load(column, &start->value, sizeof(start->value), start->address)) {
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
	if (column_load(column, &start->value, sizeof(start->value), start->address))
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
		    column_load(column, &number, width, start->address))
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

static __always_inline __u64 column_size(struct policy_work *work,
					 const struct secd_policy_column *column, __u64 otherwise)
{
	return column->size_argument == 0xff ? otherwise
					     : work->arguments[column->size_argument & 15];
}

static __always_inline bool is_filled(__u32 reader)
{
	return reader == SECD_POLICY_READ_BUFFER || reader == SECD_POLICY_READ_PIECES;
}

/* Bytes of a buffer: what is read when the call returns is what the call has put there. */
static __always_inline __u64 column_filled(struct policy_work *work, const struct secd_policy_column *column,
					   __u64 size)
{
	if (!(column->flags & SECD_POLICY_COLUMN_RETURN) || work->result >= size)
		return size;
	return work->result;
}

/* A buffer in pieces, which the program has listed. */
static __always_inline __u32 column_read_pieces(struct policy_work *work,
						const struct secd_policy_column *column, __u32 index,
						__u64 pointer)
{
	__u32 flags = 0;

	if (column->flags & SECD_POLICY_COLUMN_USER)
		flags = PIECES_LIST_USER | PIECES_DATA_USER;
	if (flags && (work->flags & SECD_POLICY_EVENT_COMPAT))
		flags |= PIECES_COMPAT;
	work->pieces.flags = flags;
	work->pieces.skipped = 0;
	return policy_pieces(work, index, pointer, column_size(work, column, 1),
			     column_filled(work, column, ~0ULL));
}

/* Reads what a pointer leads to. */
static __always_inline __u32 column_read_pointer(struct policy_work *work,
						 struct secd_policy_column *column,
						 struct secd_policy_value *value,
						 struct policy_file *file, __u64 pointer)
{
	__u32 reader = column->reader;
	bool user = column->flags & SECD_POLICY_COLUMN_USER;

#ifdef SECD_POLICY_OF_SUBJECT
	if (reader == SECD_POLICY_READ_SUBJECT)
		return subject_read_file(work, value, file);
#endif
	if (reader == SECD_POLICY_READ_DESCRIPTOR || reader == SECD_POLICY_READ_FILE ||
	    reader == SECD_POLICY_READ_PATH || reader == SECD_POLICY_READ_DENTRY ||
	    reader == SECD_POLICY_READ_BINPRM)
		return file_read_by(work, value, file, reader, pointer);
	/* What a call that failed was to fill says nothing. */
	if (!pointer || ((column->flags & SECD_POLICY_COLUMN_RETURN) && is_filled(reader) &&
			 (__s64)work->result < 0))
		return SECD_POLICY_VALUE_ABSENT;
	if ((reader >= SECD_POLICY_READ_PACKET && reader <= SECD_POLICY_READ_LOAD_INFO) ||
	    reader == SECD_POLICY_READ_SOCK || reader == SECD_POLICY_READ_SOCKET)
		return policy_object(work, value->column, reader, pointer, user);
	if (reader == SECD_POLICY_READ_ADDRESS)
		return address_read(work, value, pointer, column_size(work, column, 28), user);
	value->kind = SECD_POLICY_VALUE_TEXT;
	if (reader == SECD_POLICY_READ_PIECES)
		return column_read_pieces(work, column, value->column, pointer);
	if (reader == SECD_POLICY_READ_ITERATOR)
		return pieces_of_iterator(work, value, value->column, pointer);
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
		__u32 *place = &work->start.place; /* offset in the record, and above it the length */

		if (bpf_probe_read_kernel(place, sizeof(*place), (void *)pointer))
			return SECD_POLICY_VALUE_UNREADABLE;
		return text_read_string(work, value, work->fields + (*place & 0xffff), column->capacity,
					false);
	}
	if (reader == SECD_POLICY_READ_BUFFER) {
		value->number = column_filled(work, column, column_size(work, column, column->capacity));
		return text_read_buffer(work, value, pointer, value->number, column->capacity, user);
	}
	return text_read_string(work, value, pointer, column->capacity, user);
}

/* Reads a column that was not read yet; its value stands in work->values then. */
__noinline int column_read(struct policy_work *work, struct secd_policy_hook *hook, __u32 index)
{
	struct secd_policy_column *column;
	struct secd_policy_value *value;
	struct column_start *start;
	__u64 pointer;

	bounded(index, SECD_POLICY_COLUMNS_MAX - 1);
	if (!work || !hook || (work->read & 1U << index))
		return 0;
	column = &hook->column[index];
	value = &work->values[index];
	__builtin_memset(value, 0, sizeof(*value));
	value->column = index;
	value->kind = SECD_POLICY_VALUE_NUMBER;
	if ((column->flags & SECD_POLICY_COLUMN_RETURN) && !work->returning) {
		value->state = SECD_POLICY_VALUE_UNREADABLE;
		return 0;
	}
	work->read |= 1U << index;
	start = &work->start;
	column_follow(work, column, start);
	if (start->failed) {
		value->state = start->failed;
		return 0;
	}
	if (column->reader == SECD_POLICY_READ_NUMBER) {
		value->state = column_number(column, start, &value->number);
		return 0;
	}
	pointer = column_pointer(column, start);
	if (start->failed)
		value->state = start->failed;
	else
		value->state = column_read_pointer(work, column, value, &work->files[index], pointer);
	if (column->flags & SECD_POLICY_COLUMN_PEER)
		sock_add_peer(work, value);
	return 0;
}

#endif
