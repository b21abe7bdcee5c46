/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/stream_end.c - the last line of a stream of the library, and its end;
 * the twin writes the data between them.
 *
 * What closes a stream tells nobody who has read a line alone. In a form of parts the line comes
 * in two, and the second is read into a buffer that was not empty.
 *
 * case: stream_end
 * models: threads processes
 * forms: fclose read unix tcp parts parts_tcp
 * truth: correct free, broken racy
 * tier: L
 * missing: stream
 * pairs: write/read
 * outcomes: correct fresh, broken fresh
 * oracle: none: the reader comes when all is there
 */
#include <netinet/in.h>
#include <sys/socket.h>

#include "suites/check/races/race.h"

#if defined(FORM_PARTS) || defined(FORM_PARTS_TCP)
#define HAS_PARTS true
#else
#define HAS_PARTS false
#endif

struct shared {
	int ends[2];
	_Atomic bool is_begun; /* the line's first part was read */
	_Atomic bool is_ended; /* the stream was closed */
	int data;
	int seen;
};

#if defined(FORM_TCP) || defined(FORM_PARTS_TCP)
static void connect_ends(int ends[2])
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t bytes = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	must(listener >= 0 && bind(listener, (struct sockaddr *)&address, bytes) == 0);
	must(getsockname(listener, (struct sockaddr *)&address, &bytes) == 0);
	must(listen(listener, 1) == 0);
	ends[1] = socket(AF_INET, SOCK_STREAM, 0);
	must(ends[1] >= 0 && connect(ends[1], (struct sockaddr *)&address, bytes) == 0);
	ends[0] = accept(listener, NULL, NULL);
	must(ends[0] >= 0);
}
#elif defined(FORM_UNIX)
static void connect_ends(int ends[2])
{
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
}
#else
static void connect_ends(int ends[2])
{
	must(pipe(ends) == 0);
}
#endif

static void writer(void *memory)
{
	struct shared *shared = memory;
	FILE *file = fdopen(shared->ends[1], "w");

	must(file != NULL);
	if (HAS_PARTS) {
		must(fputs("a\nx", file) >= 0 && fflush(file) == 0);
		race_until(atomic_load_explicit(&shared->is_begun, memory_order_relaxed));
	}
	in_correct(shared->data = 42);
	must(fputs("x\n", file) >= 0 && fflush(file) == 0);
	in_broken(shared->data = 42); /* race: write write */
	must(fclose(file) == 0);
	atomic_store_explicit(&shared->is_ended, true, memory_order_relaxed);
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	FILE *file = fdopen(shared->ends[0], "r");
	char line[8];

	must(file != NULL);
	if (HAS_PARTS) {
		must(fgets(line, sizeof(line), file) == line);
		atomic_store_explicit(&shared->is_begun, true, memory_order_relaxed);
	}
	/* That it is closed orders nothing. */
	race_until(atomic_load_explicit(&shared->is_ended, memory_order_relaxed));
#ifdef FORM_READ
	must(read(fileno(file), line, 2) == 2);
#else
	must(fgets(line, sizeof(line), file) == line);
#endif
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	connect_ends(shared->ends);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
