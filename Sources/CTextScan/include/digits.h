/* Numbers and bytes as digits, eight digits at a time: one word holds them, so there is no loop over digits. */
#ifndef SECD_DIGITS_H
#define SECD_DIGITS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes that `secd_store_decimal` may write, whatever the number is. */
#define SECD_DECIMAL_ROOM 24

/* The eight digits of a number below 100,000,000 as values, the first in the lowest byte (little endian). */
static inline uint64_t secd_eight_digits(uint64_t value)
{
	/* Two halves of four digits, four pairs, eight digits: each step divides all parts at once. */
	uint64_t halves = value / 10000 | (value % 10000) << 32;
	uint64_t hundreds = (halves * 10486) >> 20 & 0x0000007f0000007f;
	uint64_t pairs = ((halves - hundreds * 100) << 16) + hundreds;
	uint64_t tens = (pairs * 103) >> 10 & 0x000f000f000f000f;

	return ((pairs - tens * 10) << 8) + tens;
}

static inline void secd_store_eight(uint8_t *to, uint64_t value)
{
	uint64_t text = secd_eight_digits(value) + 0x3030303030303030;

	memcpy(to, &text, 8);
}

/* Stores a number in decimal; `to` has SECD_DECIMAL_ROOM bytes. Returns the number of digits. */
static inline size_t secd_store_decimal(uint8_t *to, uint64_t value)
{
	uint64_t first = value, digits, text;
	size_t groups = 0, leading, length;

	if (value >= 100000000) {
		groups = value >= 10000000000000000 ? 2 : 1;
		first = groups == 2 ? value / 10000000000000000 : value / 100000000;
	}
	digits = secd_eight_digits(first);
	/* The last digit counts even when it is 0. */
	leading = (size_t)__builtin_ctzll(digits | (uint64_t)1 << 56) >> 3;
	text = (digits + 0x3030303030303030) >> (leading * 8);
	memcpy(to, &text, 8);
	length = 8 - leading;
	if (groups == 2) {
		secd_store_eight(to + length, value / 100000000 % 100000000);
		length += 8;
	}
	if (groups) {
		secd_store_eight(to + length, value % 100000000);
		length += 8;
	}
	return length;
}

/* Stores the nine digits of a number below 1,000,000,000. */
static inline void secd_store_nine(uint8_t *to, uint64_t value)
{
	to[0] = (uint8_t)('0' + value / 100000000);
	secd_store_eight(to + 1, value % 100000000);
}

/* Six bytes, the first in bits 40 to 47, as the eight digits of base64 (RFC 4648, section 4). */
static inline uint64_t secd_base64_digits(uint64_t bytes)
{
	const uint64_t ones = 0x0101010101010101, highs = ones << 7;
	uint64_t six;

	/* 2 x 24, 4 x 12, 8 x 6 bits. */
	six = (bytes & 0xffffff000000) << 8 | (bytes & 0xffffff);
	six = (six & 0x00fff00000fff000) << 4 | (six & 0x00000fff00000fff);
	six = (six & 0x0fc00fc00fc00fc0) << 2 | (six & 0x003f003f003f003f);
	/* 'A' and up, from 26 on 'a', from 52 on '0', 62 is '+', 63 is '/'; no byte overflows on the way. */
	return __builtin_bswap64(six + 65 * ones + 6 * (((six + (128 - 26) * ones) & highs) >> 7) +
				 3 * (((six + (128 - 63) * ones) & highs) >> 7) -
				 75 * (((six + (128 - 52) * ones) & highs) >> 7) -
				 15 * (((six + (128 - 62) * ones) & highs) >> 7));
}

/* The last `left` bytes, fewer than eight, of a text, at the top of a word. */
static inline uint64_t secd_last_bytes(const uint8_t *from, size_t length, size_t left)
{
	uint64_t word = 0;

	if (length >= 8) { /* what stands before them is shifted out */
		memcpy(&word, from + length - 8, 8);
		return __builtin_bswap64(word) << (64 - 8 * left);
	}
	for (size_t index = 0; index < left; index++)
		word |= (uint64_t)from[length - left + index] << (56 - 8 * index);
	return word;
}

/* Stores `length` bytes in base64 with padding; `to` has room for the text and eight bytes more. */
static inline size_t secd_store_base64(uint8_t *to, const uint8_t *from, size_t length)
{
	size_t index = 0, place = 0, left;
	uint64_t word, text;

	/* Eight bytes are loaded, six are used. */
	for (; index + 8 <= length; index += 6, place += 8) {
		memcpy(&word, from + index, 8);
		text = secd_base64_digits(__builtin_bswap64(word) >> 16);
		memcpy(to + place, &text, 8);
	}
	left = length - index;
	if (left == 0)
		return place;
	word = secd_last_bytes(from, length, left);
	text = secd_base64_digits(word >> 16);
	memcpy(to + place, &text, 8);
	if (left > 6) { /* seven */
		place += 8;
		left -= 6;
		text = secd_base64_digits((word & 0xffff) << 32);
		memcpy(to + place, &text, 8);
	}
	/* Digits behind the last byte are padding, up to a whole group of four. */
	place += (left * 8 + 5) / 6;
	for (; place % 4; place++)
		to[place] = '=';
	return place;
}

#endif
