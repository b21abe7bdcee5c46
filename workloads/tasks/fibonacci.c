/* SPDX-License-Identifier: MIT */
/*
 * workloads/tasks/fibonacci.c - the sequence of n terms, 0 and 1 first: work for the CPU alone.
 *
 * Terms that fit 64 bits (the first FIBONACCI_WORDS) come back one by one. Of a
 * longer sequence, whose terms GMP adds, the last term comes back whole, after a
 * digest of all of them.
 */
#include "workloads/tasks/task.h"

#include <errno.h>
#include <gmp.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/tasks/fibonacci.h"

/* Terms added between two looks at the lock: a few microseconds even for long ones. */
#define TERMS_PER_CHECKPOINT 16u
#define AMOUNT_MAX 200000u

/* Bits that one more term adds: log2 of the golden ratio, rounded up, in millionths. */
#define BITS_PER_MILLION_TERMS 694242u

struct fibonacci {
	mpz_t earlier;
	mpz_t later;
};

void fibonacci_words(uint64_t *out, uint32_t count)
{
	uint64_t a = 0;
	uint64_t b = 1;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t next = a + b;

		out[i] = a;
		a = b;
		b = next;
	}
}

static size_t term_bytes_max(uint32_t terms)
{
	return (size_t)terms * BITS_PER_MILLION_TERMS / 1000000u / 8u + 2u * sizeof(mp_limb_t);
}

static size_t fibonacci_bytes_max(uint32_t amount)
{
	uint32_t words = amount < FIBONACCI_WORDS ? amount : FIBONACCI_WORDS;
	size_t one_by_one = words * sizeof(uint64_t);
	size_t last = sizeof(uint64_t) + term_bytes_max(amount);

	/* A sequence that is shorter than the amount may still be the larger result. */
	return amount <= FIBONACCI_WORDS || last < one_by_one ? one_by_one : last;
}

static int fibonacci_open(struct task_peer *self)
{
	struct fibonacci *own = malloc(sizeof(*own));

	if (!own)
		return task_fail(self, -ENOMEM, "no memory for two terms");
	/* At their full size at once, so that no task pays for growing them. */
	mpz_init2(own->earlier, 8 * term_bytes_max(self->amount));
	mpz_init2(own->later, 8 * term_bytes_max(self->amount));
	self->own = own;
	return 0;
}

static void fibonacci_close(struct task_peer *self)
{
	struct fibonacci *own = self->own;

	mpz_clear(own->earlier);
	mpz_clear(own->later);
	free(own);
}

/* The input is the number of terms: half of the inputs ask for one less. */
static ssize_t fibonacci_make(struct task_peer *self, uint32_t index, void *input)
{
	uint32_t terms = self->amount > 1 ? self->amount - index % 2 : self->amount;

	memcpy(input, &terms, sizeof(terms));
	return sizeof(terms);
}

/* Adds a term to the digest: FNV-1a over its words. */
static uint64_t digest_term(uint64_t digest, const mpz_t term)
{
	size_t limbs = mpz_size(term);

	for (size_t i = 0; i < limbs; i++)
		digest = (digest ^ mpz_getlimbn(term, (mp_size_t)i)) * UINT64_C(0x100000001b3);
	return digest;
}

static ssize_t compute_large(struct task_peer *self, uint32_t terms, unsigned char *result)
{
	struct fibonacci *own = self->own;
	uint64_t digest = UINT64_C(0xcbf29ce484222325);
	size_t bytes = 0;

	mpz_set_ui(own->earlier, 0);
	mpz_set_ui(own->later, 1);
	for (uint32_t i = 1; i < terms; i++) {
		/* The earlier of two terms becomes the one after the later. */
		digest = digest_term(digest, own->earlier);
		mpz_add(own->earlier, own->earlier, own->later);
		mpz_swap(own->earlier, own->later);
		if (i % TERMS_PER_CHECKPOINT == 0)
			task_checkpoint(self);
	}
	digest = digest_term(digest, own->earlier);
	memcpy(result, &digest, sizeof(digest));
	mpz_export(result + sizeof(digest), &bytes, -1, 1, -1, 0, own->earlier);
	return (ssize_t)(sizeof(digest) + bytes);
}

static ssize_t fibonacci_compute(struct task_peer *self, const void *input, size_t input_bytes,
                                 void *result)
{
	uint64_t words[FIBONACCI_WORDS];
	uint32_t terms;

	if (input_bytes != sizeof(terms))
		return task_fail(self, -EBADMSG, "an input of %zu bytes is no number of terms",
		                 input_bytes);
	memcpy(&terms, input, sizeof(terms));
	if (terms > self->amount)
		return task_fail(self, -EBADMSG, "%u terms were asked for, %u agreed", terms,
		                 self->amount);
	if (terms > FIBONACCI_WORDS)
		return compute_large(self, terms, result);
	fibonacci_words(words, terms);
	memcpy(result, words, terms * sizeof(*words));
	return (ssize_t)(terms * sizeof(*words));
}

const struct task task_fibonacci = {
	.name = "fibonacci",
	.summary = "the sequence of n terms, by GMP where they are large: CPU only",
	.amount_unit = "terms",
	.amount_default = 10000,
	.amount_max = AMOUNT_MAX,
	.amount_light = 1000,
	.input_count = 2,
	.explanation =
		"A task is the number of terms; its result is the terms, or the last of them "
		"after a digest of all where they exceed 64 bits. Nothing but the CPU is "
		"needed, and a few bytes are carried.",
	.bytes_max = fibonacci_bytes_max,
	.open = fibonacci_open,
	.close = fibonacci_close,
	.make = fibonacci_make,
	.compute = fibonacci_compute,
};
