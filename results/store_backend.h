/* SPDX-License-Identifier: MIT */
/*
 * results/store_backend.h - what a kind of store provides. Private to results/store*.c.
 *
 * Each function does what the one of that name in store.h promises; its first
 * argument is never null.
 */
#ifndef RESULTS_STORE_BACKEND_H
#define RESULTS_STORE_BACKEND_H

#include "results/store.h"

struct store_backend {
	const char *prefix; /* of the paths that it opens; empty: of all others */
	int (*open)(struct store **out, const char *path, enum store_access access, char *why,
	            size_t why_bytes);
	void (*close)(struct store *store);
	int (*begin)(struct store *store, const struct session *session, char *why,
	             size_t why_bytes);
	int (*append)(struct store *store, const struct run *runs, size_t runs_count, char *why,
	              size_t why_bytes);
	int (*skip)(struct store *store, const struct run_cell *cell, const char *reason, char *why,
	            size_t why_bytes);
	int (*note)(struct store *store, const char *kind, const char *body, char *why,
	            size_t why_bytes);
	int (*finish)(struct store *store, const char *status, char *why, size_t why_bytes);
	int (*read)(struct store *store, const char *reference, const struct store_reader *reader,
	            char *why, size_t why_bytes);
	int (*sessions)(struct store *store, const char *environment_key,
	                char (*out)[SESSION_UUID_BYTES], size_t max, size_t *count, char *why,
	                size_t why_bytes);
};

/* Embedded first in each backend's own struct. */
struct store {
	const struct store_backend *backend;
};

extern const struct store_backend store_backend_sqlite;

#endif
