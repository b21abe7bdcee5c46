/* SPDX-License-Identifier: MIT */
/* workloads/payload.c - what a message holds, and whether it is the one due. */
#include "workloads/payload.h"

#include <stdbool.h>

#define CRC32C_POLYNOMIAL UINT32_C(0x82f63b78) /* 0x1edc6f41, bits reversed */

struct header {
	uint32_t crc; /* of all that follows it, as far as it is touched */
	uint32_t producer;
	uint64_t sequence;
	uint64_t length;
	uint64_t seed;
};
_Static_assert(sizeof(struct header) == PAYLOAD_HEADER_BYTES, "the header has no padding");

const char *payload_verdict_text(enum payload_verdict verdict)
{
	switch (verdict) {
	case PAYLOAD_GOOD:
		return "is the one that was due";
	case PAYLOAD_WRONG_SIZE:
		return "has another size than was sent";
	case PAYLOAD_TORN:
		return "is torn or altered";
	case PAYLOAD_LOST:
		return "came too early: messages before it are lost or swapped";
	case PAYLOAD_REPEATED:
		return "came before: it is repeated or swapped";
	case PAYLOAD_WRONG_PRODUCER:
		return "is from another producer";
	}
	return "is unknown";
}

static uint32_t crc32c_bytes(uint32_t crc, const unsigned char *data, size_t data_bytes)
{
	for (size_t i = 0; i < data_bytes; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? CRC32C_POLYNOMIAL : 0);
	}
	return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t
crc32c_words(uint32_t crc, const unsigned char *data, size_t data_bytes)
{
	uint64_t wide = crc;

	for (; data_bytes >= sizeof(uint64_t); data += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, data, sizeof(word));
		wide = __builtin_ia32_crc32di(wide, word);
		data_bytes -= sizeof(word);
	}
	crc = (uint32_t)wide;
	for (; data_bytes > 0; data_bytes--)
		crc = __builtin_ia32_crc32qi(crc, *data++);
	return crc;
}

static bool has_crc32c_instruction(void)
{
	return __builtin_cpu_supports("sse4.2");
}
#else
static uint32_t crc32c_words(uint32_t crc, const unsigned char *data, size_t data_bytes)
{
	return crc32c_bytes(crc, data, data_bytes);
}

static bool has_crc32c_instruction(void)
{
	return false;
}
#endif

uint32_t payload_crc32c(uint32_t crc, const void *data, size_t data_bytes)
{
	crc = ~crc;
	crc = has_crc32c_instruction() ? crc32c_words(crc, data, data_bytes)
	                               : crc32c_bytes(crc, data, data_bytes);
	return ~crc;
}

static size_t touched_bytes(size_t data_bytes, const struct payload *due)
{
	return due->touch == PAYLOAD_TOUCH_HEADER ? PAYLOAD_HEADER_BYTES : data_bytes;
}

static uint32_t crc_of(const void *data, size_t data_bytes)
{
	const size_t skipped = sizeof(uint32_t);

	return payload_crc32c(0, (const unsigned char *)data + skipped, data_bytes - skipped);
}

void payload_fill_large(void *data, size_t data_bytes, const struct payload *due)
{
	unsigned char *bytes = data;
	size_t touched = touched_bytes(data_bytes, due);
	uint64_t word = payload_mix(due->seed, due->producer, due->sequence);
	struct header header = {
		.producer = due->producer,
		.sequence = due->sequence,
		.length = data_bytes,
		.seed = due->seed,
	};
	size_t at = sizeof(header);

	memcpy(bytes, &header, sizeof(header));
	/* A different word each time, so that a piece of another message shows. */
	for (; at + sizeof(word) <= touched; at += sizeof(word)) {
		memcpy(bytes + at, &word, sizeof(word));
		word += UINT64_C(0x9e3779b97f4a7c15);
	}
	memcpy(bytes + at, &word, touched - at);
	header.crc = crc_of(bytes, touched);
	memcpy(bytes, &header.crc, sizeof(header.crc));
}

enum payload_verdict payload_check_large(const void *data, size_t data_bytes,
                                         const struct payload *due)
{
	struct header header;

	memcpy(&header, data, sizeof(header));
	if (header.crc != crc_of(data, touched_bytes(data_bytes, due)) ||
	    header.length != data_bytes || header.seed != due->seed)
		return PAYLOAD_TORN;
	if (header.producer != due->producer)
		return PAYLOAD_WRONG_PRODUCER;
	if (header.sequence > due->sequence)
		return PAYLOAD_LOST;
	if (header.sequence < due->sequence)
		return PAYLOAD_REPEATED;
	return PAYLOAD_GOOD;
}

void payload_claims(const void *data, uint32_t *producer, uint64_t *sequence)
{
	struct header header;

	memcpy(&header, data, sizeof(header));
	*producer = header.producer;
	*sequence = header.sequence;
}

void payload_fill_medium(void *data, size_t data_bytes, const struct payload *due)
{
	uint64_t words[PAYLOAD_HEADER_BYTES / sizeof(uint64_t)];

	words[0] = payload_mix(due->seed, due->producer, due->sequence);
	for (size_t i = 1; i < sizeof(words) / sizeof(words[0]); i++)
		words[i] = payload_mix(words[0], due->producer, i);
	memcpy(data, words, data_bytes);
}

enum payload_verdict payload_check_medium(const void *data, size_t data_bytes,
                                          const struct payload *due)
{
	unsigned char wanted[PAYLOAD_HEADER_BYTES];

	payload_fill_medium(wanted, data_bytes, due);
	return memcmp(data, wanted, data_bytes) == 0 ? PAYLOAD_GOOD : PAYLOAD_TORN;
}
