/* Looks at text sixteen bytes at a time; Swift's own vectors do not become single instructions here. */
#ifndef SECD_TEXT_SCAN_H
#define SECD_TEXT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "digits.h"

typedef uint8_t secd_bytes __attribute__((vector_size(16)));
typedef uint64_t secd_words __attribute__((vector_size(16)));

/* Of sixteen bytes: 0xff where one is a control, a quote, a backslash, DEL or not ASCII (RFC 8259, section 7). */
static inline secd_words secd_escapes(secd_bytes text)
{
	const secd_bytes space = (secd_bytes){} + 0x20;

	return (secd_words)((secd_bytes)(text - space >= (secd_bytes){} + 0x5f) |
			    (secd_bytes)(text == (secd_bytes){} + '"') |
			    (secd_bytes)(text == (secd_bytes){} + '\\'));
}

static inline bool secd_needs_escape(secd_bytes text)
{
	secd_words found = secd_escapes(text);

	return (found[0] | found[1]) != 0;
}

static inline bool secd_byte_needs_escape(uint8_t byte)
{
	return (uint8_t)(byte - 0x20) >= 0x5f || byte == '"' || byte == '\\';
}

/* Short texts as one vector: the ends overlap, the rest is filled with blanks. */
static inline secd_bytes secd_short_text(const uint8_t *text, size_t length)
{
	uint64_t first = 0x2020202020202020, last = first;

	if (length >= 8) {
		memcpy(&first, text, 8);
		memcpy(&last, text + length - 8, 8);
	} else if (length >= 4) {
		memcpy(&first, text, 4);
		memcpy(&last, text + length - 4, 4);
	} else if (length > 0) {
		first = (first & ~(uint64_t)0xffffff) | text[0] | (uint64_t)text[length / 2] << 8 |
			(uint64_t)text[length - 1] << 16;
	}
	return (secd_bytes)(secd_words){ first, last };
}

/*
 * Copies a text that needs no escape; false where it needs one, and then nothing counts that was written.
 * `to` must have room for `length` bytes.
 */
static inline bool secd_copy_plain(uint8_t *to, const uint8_t *from, size_t length)
{
	secd_bytes piece;
	size_t index = 0;

	if (length < 16) {
		if (secd_needs_escape(secd_short_text(from, length)))
			return false;
		if (length >= 8) {
			memcpy(to, from, 8);
			memcpy(to + length - 8, from + length - 8, 8);
		} else if (length >= 4) {
			memcpy(to, from, 4);
			memcpy(to + length - 4, from + length - 4, 4);
		} else if (length > 0) {
			to[length / 2] = from[length / 2];
			to[0] = from[0];
			to[length - 1] = from[length - 1];
		}
		return true;
	}
	for (; index + 16 <= length; index += 16) {
		memcpy(&piece, from + index, 16);
		if (secd_needs_escape(piece))
			return false;
		memcpy(to + index, &piece, 16);
	}
	/* The last sixteen bytes again, instead of the rest one by one. */
	memcpy(&piece, from + length - 16, 16);
	if (secd_needs_escape(piece))
		return false;
	memcpy(to + length - 16, &piece, 16);
	return true;
}

/* Length of the beginning that needs no escape. */
static inline size_t secd_plain_prefix(const uint8_t *text, size_t length)
{
	secd_bytes piece;
	size_t index = 0;

	for (; index + 16 <= length; index += 16) {
		secd_words found;

		memcpy(&piece, text + index, 16);
		found = secd_escapes(piece);
		if (found[0])
			return index + ((size_t)__builtin_ctzll(found[0]) >> 3);
		if (found[1])
			return index + 8 + ((size_t)__builtin_ctzll(found[1]) >> 3);
	}
	while (index < length && !secd_byte_needs_escape(text[index]))
		index++;
	return index;
}

/* Where a byte stands first, or `length`. */
static inline size_t secd_find_byte(const uint8_t *text, size_t length, uint8_t byte)
{
	const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
	size_t index = 0;

	for (; index + 8 <= length; index += 8) {
		uint64_t word;

		memcpy(&word, text + index, 8);
		word ^= ones * byte;
		/* The lowest set bit of the classic zero-byte test is exact (Hacker's Delight, 6-1). */
		word = (word - ones) & ~word & highs;
		if (word)
			return index + ((size_t)__builtin_ctzll(word) >> 3);
	}
	while (index < length && text[index] != byte)
		index++;
	return index;
}

#endif
