/* SPDX-License-Identifier: MIT */
/*
 * workloads/payload.h - what a message holds, so that its consumer can tell that
 * it is the one due, whole and unaltered.
 *
 * From PAYLOAD_HEADER_BYTES up a message carries a CRC32C (RFC 3720, appendix
 * B.4), its producer, sequence and length, and then bytes made from the seed.
 * Below that it is the low bytes of mix(seed, producer, sequence), which the
 * consumer computes and compares. Nothing is added to the size asked for.
 */
#ifndef WORKLOADS_PAYLOAD_H
#define WORKLOADS_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PAYLOAD_HEADER_BYTES 32u

/* How much of a message is written by the producer and read by the consumer. */
enum payload_touch {
	PAYLOAD_TOUCH_FULL,
	PAYLOAD_TOUCH_HEADER, /* the first PAYLOAD_HEADER_BYTES only */
};

/* The message that is due. */
struct payload {
	uint64_t seed;
	uint64_t sequence;
	uint32_t producer;
	enum payload_touch touch;
};

/* What payload_check() found. */
enum payload_verdict {
	PAYLOAD_GOOD,
	PAYLOAD_WRONG_SIZE,     /* truncated, or another message's size */
	PAYLOAD_TORN,           /* the bytes don't belong together */
	PAYLOAD_LOST,           /* a later message of this producer: those before it are missing */
	PAYLOAD_REPEATED,       /* an earlier message of this producer */
	PAYLOAD_WRONG_PRODUCER, /* whole, but from another producer */
};

/* Returns one line for people: what the verdict means. */
const char *payload_verdict_text(enum payload_verdict verdict);

/* Returns a number that every bit of the arguments changes (the finaliser of splitmix64). */
static inline uint64_t payload_mix(uint64_t seed, uint32_t producer, uint64_t sequence)
{
	uint64_t x = seed + sequence * UINT64_C(0x9e3779b97f4a7c15) +
	             producer * UINT64_C(0xd1342543de82ef95);

	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* For messages of PAYLOAD_HEADER_BYTES and more; use payload_fill() and payload_check(). */
void payload_fill_large(void *data, size_t data_bytes, const struct payload *due);
enum payload_verdict payload_check_large(const void *data, size_t data_bytes,
                                         const struct payload *due);

/* For messages of 9 to PAYLOAD_HEADER_BYTES - 1 bytes. */
void payload_fill_medium(void *data, size_t data_bytes, const struct payload *due);
enum payload_verdict payload_check_medium(const void *data, size_t data_bytes,
                                          const struct payload *due);

/* Writes the message that is due into data, data_bytes of it. */
static inline void payload_fill(void *data, size_t data_bytes, const struct payload *due)
{
	uint64_t word;

	if (data_bytes >= PAYLOAD_HEADER_BYTES) {
		payload_fill_large(data, data_bytes, due);
	} else if (data_bytes > sizeof(word)) {
		payload_fill_medium(data, data_bytes, due);
	} else {
		word = payload_mix(due->seed, due->producer, due->sequence);
		memcpy(data, &word, data_bytes);
	}
}

/*
 * Compares what arrived (arrived_bytes at data) with the message that is due, of
 * data_bytes. Below PAYLOAD_HEADER_BYTES a message doesn't say which it is: any
 * other one is PAYLOAD_TORN.
 */
static inline enum payload_verdict payload_check(const void *data, size_t arrived_bytes,
                                                 size_t data_bytes, const struct payload *due)
{
	uint64_t word;

	if (arrived_bytes != data_bytes)
		return PAYLOAD_WRONG_SIZE;
	if (data_bytes >= PAYLOAD_HEADER_BYTES)
		return payload_check_large(data, data_bytes, due);
	if (data_bytes > sizeof(word))
		return payload_check_medium(data, data_bytes, due);
	word = payload_mix(due->seed, due->producer, due->sequence);
	return memcmp(data, &word, data_bytes) == 0 ? PAYLOAD_GOOD : PAYLOAD_TORN;
}

/* Reads the producer and sequence that a message of PAYLOAD_HEADER_BYTES and more claims. */
void payload_claims(const void *data, uint32_t *producer, uint64_t *sequence);

/* Returns the CRC32C of data, continuing crc (0 to start). */
uint32_t payload_crc32c(uint32_t crc, const void *data, size_t data_bytes);

#endif
