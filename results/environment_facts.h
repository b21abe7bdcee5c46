/* SPDX-License-Identifier: MIT */
/*
 * results/environment_facts.h - where environment*.c collect what they find. Private.
 *
 * A fact has a name and a group, which decides whether it is hashed. What can't
 * be read is null and leaves its errno under "unread".
 */
#ifndef RESULTS_ENVIRONMENT_FACTS_H
#define RESULTS_ENVIRONMENT_FACTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define FACTS_TEXT_BYTES 16384

enum facts_group {
	FACTS_MACHINE,     /* hashed into the machine's key */
	FACTS_ENVIRONMENT, /* hashed into the environment's key */
	FACTS_RECORDED,    /* kept beside them */
	FACTS_GROUPS,
};

struct facts {
	const char *root; /* "" or a folder with a made-up proc and sys */
	json_t *groups[FACTS_GROUPS];
	json_t *unread; /* name -> errno */
	bool is_out_of_memory;
};

/*
 * Sets a fact. value is taken over; null is written as JSON null. error is 0, or
 * the -errno that left the fact unread.
 */
void facts_set(struct facts *facts, enum facts_group group, const char *name, json_t *value,
               int error);

/* Sets a fact to a string or an integer. */
void facts_set_text(struct facts *facts, enum facts_group group, const char *name,
                    const char *text);
void facts_set_integer(struct facts *facts, enum facts_group group, const char *name,
                       long long value);

/*
 * Reads a file below the root, at most out_bytes - 1 of it, without the last line
 * feed. Control characters and bytes above ASCII become '?', tabs become spaces.
 * Returns 0, or -errno.
 */
int facts_read(const struct facts *facts, const char *path, char *out, size_t out_bytes);

/* Returns a JSON integer if text is one (decimal, 18 digits at most), else a JSON string. */
json_t *facts_scalar(const char *text);

/* Collects what stands in files by itself. */
void facts_collect_files(struct facts *facts);

/* Collects processor, topology, caches, memory, hypervisor. */
void facts_collect_machine(struct facts *facts);

/* Collects cgroup, container, limits and build of this process. */
void facts_collect_process(struct facts *facts);

#endif
