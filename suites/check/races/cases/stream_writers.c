/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/stream_writers.c - two peers write lines to one pipe, each by a stream
 * of the library; the twin writes the data after its line.
 *
 * Whose line comes first only the pipe knows; the reader takes one at a time.
 *
 * case: stream_writers
 * models: threads processes
 * truth: correct free, broken racy
 * tier: L
 * missing: stream
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer of a line wrote before it
 */
#include "suites/check/races/race.h"

enum { WRITERS = 2, LINE = 8 };

struct shared {
	int ends[2];
	_Atomic int next;
	int data[WRITERS][ROUNDS];
	bool is_stale;
};

static void writer(void *memory)
{
	struct shared *shared = memory;
	int self = atomic_fetch_add_explicit(&shared->next, 1, memory_order_relaxed);
	FILE *file = fdopen(dup(shared->ends[1]), "w");

	must(file != NULL);
	for (int i = 0; i < ROUNDS; i++) {
		in_correct(shared->data[self][i] = window(42));
		must(fprintf(file, "%d %05d\n", self, i) == LINE && fflush(file) == 0);
		in_broken(shared->data[self][i] = window(42)); /* race: write write */
	}
	must(fclose(file) == 0);
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	char line[LINE + 1] = {0};
	int self;
	int i;

	for (int lines = 0; lines < WRITERS * ROUNDS; lines++) {
		must(read(shared->ends[0], line, LINE) == LINE);
		must(sscanf(line, "%d %d", &self, &i) == 2);
		if (shared->data[self][i] != 42) /* race: read read */
			shared->is_stale = true;
	}
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	must(pipe(shared->ends) == 0);
	race_peers(shared, reader, writer, writer);
	race_outcome(shared->is_stale ? "stale" : "fresh", 1);
	return race_end();
}
