/* SPDX-License-Identifier: MIT */
/*
 * workloads/request.h - what a user asked for: filters, as typed values.
 *
 * A filter is key:value[,value...]. A value is a name or a glob of names; a number
 * (decimal, with K or M for 1024 and 1024 squared), a range low..high, or '*'. A
 * leading '!' excludes instead. A filter with a '/' is a cell's name, in which
 * each part may be a glob; a cell must match one of the names, if there are any.
 * '*' alone leaves out real work, which has to be named.
 */
#ifndef WORKLOADS_REQUEST_H
#define WORKLOADS_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workloads/cell.h"

#define REQUEST_VALUES_MAX 64
#define REQUEST_SELECTIONS_MAX 32
#define REQUEST_ROUNDS_MAX 1000
#define REQUEST_SIZE_MAX ((uint64_t)1 << 30)

/* The values that a key may take; count 0: not named, so its defaults. */
struct request_values {
	uint64_t values[REQUEST_VALUES_MAX];
	size_t count;
};

/* One value list a key, as one cell name gives it or as all key filters together do. */
struct selection {
	struct request_values keys[CELL_KEYS];
};

struct request {
	struct selection filters;
	struct selection excluded;
	struct selection names[REQUEST_SELECTIONS_MAX];
	size_t names_count;
	uint64_t rounds;  /* 0: not named */
	uint64_t time_ms; /* measured part of a round; 0: not named */
};

/* Makes an empty request. */
void request_init(struct request *request);

/*
 * Adds one filter. Returns 0, or -EINVAL with one line in why that names the
 * key, the value and what would be right. The registry must be complete.
 */
int request_add(struct request *request, const char *filter, char *why, size_t why_bytes);

/*
 * Reads a decimal number with an optional K (1024) or M (1048576), from min to
 * max. Returns 0, or -EINVAL; *out is set on success only.
 */
int request_parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);

#endif
