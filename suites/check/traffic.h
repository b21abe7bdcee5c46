/* SPDX-License-Identifier: MIT */
/*
 * suites/check/traffic.h - producers and consumers that move verified messages.
 *
 * Every consumer logs what came, and in which order; afterwards the logs are
 * compared with what was sent, as multisets: lost (C03), repeated (C04), out of
 * order per producer at a consumer (C02), altered (C01), another size (C05).
 */
#ifndef CHECK_TRAFFIC_H
#define CHECK_TRAFFIC_H

#include "suites/check/case.h"

struct traffic {
	/*
	 * The clause to blame, whatever is wrong; null: C01 to C05, each for its own.
	 * A case that blames its own has called traffic_control() first.
	 */
	const char *clause;
	uint32_t producer_count;
	uint32_t consumer_count;
	uint64_t message_count; /* of each producer */
	/* Either sizes in turn, or sizes from bytes_min to bytes_max by the seed. */
	const size_t *sizes;
	size_t sizes_count;
	size_t bytes_min;
	size_t bytes_max;
	size_t message_bytes_max; /* of the channel; 0: the largest size */
	size_t slot_count;
	uint64_t position_start;
	uint64_t consumer_pause_ns;       /* after each message */
	uint64_t producer_pause_ns;       /* up to this, by the seed, before each message */
	void (*start)(struct peer *peer); /* null, or called in each peer before it opens its end */
};

/*
 * Makes a channel, moves the traffic over it by peers of the case's model (a
 * transport of one peer: by the case alone), and judges the logs. With more than
 * one producer or consumer a message has at least PAYLOAD_HEADER_BYTES.
 */
void traffic_run(struct check *check, const struct traffic *traffic);

/*
 * Moves a little traffic between two peers, undisturbed: what fails here is not due
 * to what the case is about.
 */
void traffic_control(struct check *check);

/*
 * Judges a message that came while producers may die: it must be one of producer
 * 0's, of the given size range, whole. Returns its sequence. clause is blamed.
 */
uint64_t traffic_judge(struct check *check, const char *clause, const void *data, ssize_t bytes,
                       const struct traffic *traffic);

/* Returns the size of a message. */
size_t traffic_bytes(const struct check *check, const struct traffic *traffic, uint32_t producer,
                     uint64_t sequence);

#endif
