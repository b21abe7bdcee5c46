/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/connection.c - a connection that is accepted; the twin writes the data
 * after connecting.
 *
 * That a connection is made is the signal: no byte is sent over it.
 *
 * case: connection
 * models: threads processes
 * forms: accept accept4 tcp
 * truth: correct free, broken racy
 * tier: L
 * missing: connection
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "suites/check/races/race.h"

struct shared {
	int listener;
	int data;
	int seen;
};

#ifdef FORM_TCP
#define FAMILY AF_INET
#else
#define FAMILY AF_UNIX
#endif

/* Where the listener is; set before the peers exist. */
static struct sockaddr_storage address;
static socklen_t address_bytes = sizeof(address);

static void meet(void)
{
	int fd = socket(FAMILY, SOCK_STREAM, 0);

	must(fd >= 0);
	must(connect(fd, (struct sockaddr *)&address, address_bytes) == 0);
}

static void await(int listener)
{
#ifdef FORM_ACCEPT4
	must(accept4(listener, NULL, NULL, SOCK_CLOEXEC) >= 0);
#else
	must(accept(listener, NULL, NULL) >= 0);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	meet();
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	await(shared->listener);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	shared->listener = socket(FAMILY, SOCK_STREAM, 0);
	must(shared->listener >= 0);
#ifdef FORM_TCP
	address.ss_family = AF_INET;
	((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(shared->listener, (struct sockaddr *)&address, sizeof(struct sockaddr_in)) == 0);
#else
	/* No name: the kernel draws one that is in no folder. */
	address.ss_family = AF_UNIX;
	must(bind(shared->listener, (struct sockaddr *)&address, sizeof(sa_family_t)) == 0);
#endif
	must(getsockname(shared->listener, (struct sockaddr *)&address, &address_bytes) == 0);
	must(listen(shared->listener, 1) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
