/* SPDX-License-Identifier: MIT */
/*
 * results/exchange.h - whole sessions as lines of JSON, to carry from store to store.
 *
 * A session is one line of type "session", a line of type "run" for each round of each
 * cell and arm, one of type "skip" for each cell that was left out, one of type "note" for
 * what it says as a whole, and one of type "end" that counts them: so a file that was cut is known
 * as such. Histograms are the bytes of histogram_encode() in Base64, which merge. Further members
 * are ignored, a further type of line too, so that later versions may add some; another "schema" is
 * refused.
 */
#ifndef RESULTS_EXCHANGE_H
#define RESULTS_EXCHANGE_H

#include <stddef.h>
#include <stdio.h>

#include "results/store.h"

#define EXCHANGE_SCHEMA "ipcbench/1"

/*
 * Writes a session, named as for store_read(). Returns 0, or -errno with a cause in why:
 * those of store_read(), -ENOMEM, those of writing to out.
 */
int exchange_write(FILE *out, struct store *store, const char *reference, char *why,
                   size_t why_bytes);

/* What was done with the sessions of a file. */
struct exchange_count {
	size_t imported;
	size_t known; /* there already, by uuid, and left as they were */
};

/*
 * Reads in from its start to its end, and stores nothing. in can be rewound.
 *
 * Returns 0, or -errno with a cause in why that names the line: -EBADMSG (no sessions of
 * ipcbench, damaged, or cut), -EPROTO (another schema, mostly newer), -EFBIG (a line of
 * more than 64 MB), -ENOMEM, -EIO.
 */
int exchange_check(FILE *in, char *why, size_t why_bytes);

/*
 * Reads a file that has been checked, from its start. Each session is stored in one
 * transaction, unless it is there; one that had not ended is stored as "interrupted".
 * Returns as exchange_check() and store_begin(); then the sessions before are stored.
 */
int exchange_import(FILE *in, struct store *store, struct exchange_count *count, char *why,
                    size_t why_bytes);

#endif
