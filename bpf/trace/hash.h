/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Text → 128 bits that nobody outside can predict. Text is hashed as a whole and only the hash is
 * compared, so who knows no seed must not be able to make two texts that meet: each word of 4 bytes
 * is multiplied with a secret factor of 64 bits, in two lanes. Two different blocks meet with a
 * probability of 2^-33 a lane, whatever is known of them; sums of blocks are mixed, then added to.
 * docs/policy-engine.md has the same in words, with examples.
 */
#ifndef SECD_TRACE_HASH_H
#define SECD_TRACE_HASH_H

#include "../kernel/access.h"
#include "../abi/policy_process.h"

const volatile struct secd_policy_setup secd_policy_setup = {};

#define SECD_HASH_BLOCK 32
/* Odd, bits spread evenly. */
#define SECD_HASH_FACTOR 0xd6e8feb86659fd93ULL

struct text_hash {
	__u64 lane[2];
};

static __always_inline __u64 hash_mix(__u64 x)
{
	x ^= x >> 32;
	x *= SECD_HASH_FACTOR;
	return x ^ x >> 29;
}

static __always_inline void hash_begin(struct text_hash *hash)
{
	hash->lane[0] = secd_policy_setup.seed[16];
	hash->lane[1] = secd_policy_setup.seed[17];
}

/* Adds 32 bytes, as four words of the machine. */
static __always_inline void hash_block(struct text_hash *hash, __u64 a, __u64 b, __u64 c, __u64 d)
{
	const volatile __u64 *seed = secd_policy_setup.seed;

#define SECD_HASH_LANE(k)                                                                       \
	((__u32)a * seed[k] + (a >> 32) * seed[k + 1] + (__u32)b * seed[k + 2] +                \
	 (b >> 32) * seed[k + 3] + (__u32)c * seed[k + 4] + (c >> 32) * seed[k + 5] +           \
	 (__u32)d * seed[k + 6] + (d >> 32) * seed[k + 7])
	hash->lane[0] = hash_mix(hash->lane[0] + SECD_HASH_LANE(0));
	hash->lane[1] = hash_mix(hash->lane[1] + SECD_HASH_LANE(8));
#undef SECD_HASH_LANE
}

/* The same of 8 bytes and zeros, which add nothing: most names of files. */
static __always_inline void hash_short(struct text_hash *hash, __u64 a)
{
	const volatile __u64 *seed = secd_policy_setup.seed;

	hash->lane[0] = hash_mix(hash->lane[0] + (__u32)a * seed[0] + (a >> 32) * seed[1]);
	hash->lane[1] = hash_mix(hash->lane[1] + (__u32)a * seed[8] + (a >> 32) * seed[9]);
}

/* The key of what was hashed in a table. */
static __always_inline void hash_key(struct secd_policy_key *key, const struct text_hash *hash,
				     __u32 table, __u32 length)
{
	__u64 salt = (__u64)table << 32 | length;

	key->hash[0] = hash_mix(hash->lane[0] ^ salt);
	key->hash[1] = hash_mix(hash->lane[1] + salt);
}

/* clang-format off */
#define SECD_TAIL_MASK(n) ((n) <= 0 ? 0 : (n) >= 8 ? ~0ULL : (1ULL << (8 * ((n) & 7))) - 1)
#define SECD_TAIL(n) \
	{ SECD_TAIL_MASK(n), SECD_TAIL_MASK((n) - 8), SECD_TAIL_MASK((n) - 16), SECD_TAIL_MASK((n) - 24) }
#define SECD_TAILS(n) \
	SECD_TAIL(n), SECD_TAIL((n) + 1), SECD_TAIL((n) + 2), SECD_TAIL((n) + 3), SECD_TAIL((n) + 4), \
	SECD_TAIL((n) + 5), SECD_TAIL((n) + 6), SECD_TAIL((n) + 7)
/* What is kept of four words of which n bytes count. A table, because branches multiply what the
 * verifier walks. */
const volatile __u64 secd_tail_masks[64][4] = {
	SECD_TAILS(0), SECD_TAILS(8), SECD_TAILS(16), SECD_TAILS(24), SECD_TAILS(32),
};
/* clang-format on */

/* Adds the first `length` bytes (0 to 32) of four words. */
static __always_inline void hash_words(struct text_hash *hash, __u64 a, __u64 b, __u64 c, __u64 d,
				       __u32 length)
{
	const volatile __u64 *masks;

	bounded(length, 63);
	masks = secd_tail_masks[length];
	hash_block(hash, a & masks[0], b & masks[1], c & masks[2], d & masks[3]);
}

/* The same of one word and a length of at most 8. */
static __always_inline void hash_word(struct text_hash *hash, __u64 a, __u32 length)
{
	bounded(length, 63);
	hash_short(hash, a & secd_tail_masks[length][0]);
}

#endif
