/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/socket.c - connected sockets; the twin writes the data after the byte.
 *
 * In udp_next another datagram follows, before the first is taken; in udp_early one came
 * before there was a socket to take it.
 *
 * case: socket
 * models: threads processes
 * forms: unix tcp udp udp_next udp_early
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
	int ends[2];
	_Atomic bool is_sent;
	int data;
	int seen;
};

#ifdef FORM_UNIX
#define FAMILY AF_UNIX
#else
#define FAMILY AF_INET
#endif
#if defined(FORM_UDP) || defined(FORM_UDP_NEXT) || defined(FORM_UDP_EARLY)
#define TYPE SOCK_DGRAM
#else
#define TYPE SOCK_STREAM
#endif

#ifdef FORM_UDP_EARLY
/* Sends a datagram to where nobody takes it, and binds a socket there. */
static int bind_late(int listener, const struct sockaddr *address, socklen_t bytes, int sender)
{
	must(close(listener) == 0);
	must(sendto(sender, "x", 1, 0, address, bytes) == 1);
	listener = socket(FAMILY, TYPE, 0);
	must(listener >= 0 && bind(listener, address, bytes) == 0);
	return listener;
}
#endif

/* Makes the two ends as strangers would, by an address. */
static void connect_ends(int ends[2])
{
	struct sockaddr_storage address = {.ss_family = FAMILY};
	socklen_t bytes = FAMILY == AF_UNIX ? sizeof(sa_family_t) : sizeof(struct sockaddr_in);
	int listener = socket(FAMILY, TYPE, 0);

	must(listener >= 0);
	if (FAMILY == AF_INET)
		((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(listener, (struct sockaddr *)&address, bytes) == 0);
	bytes = sizeof(address);
	must(getsockname(listener, (struct sockaddr *)&address, &bytes) == 0);
	must(TYPE == SOCK_DGRAM || listen(listener, 1) == 0);
	ends[1] = socket(FAMILY, TYPE, 0);
	must(ends[1] >= 0);
#ifdef FORM_UDP_EARLY
	listener = bind_late(listener, (struct sockaddr *)&address, bytes, ends[1]);
#endif
	must(connect(ends[1], (struct sockaddr *)&address, bytes) == 0);
	ends[0] = TYPE == SOCK_DGRAM ? listener : accept(listener, NULL, NULL);
	must(ends[0] >= 0);
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	must(send(shared->ends[1], "x", 1, 0) == 1);
	in_broken(shared->data = window(42)); /* race: write write */
#ifdef FORM_UDP_NEXT
	must(send(shared->ends[1], "y", 1, 0) == 1);
	atomic_store_explicit(&shared->is_sent, true, memory_order_relaxed);
#endif
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	char byte;

#ifdef FORM_UDP_NEXT
	/* That it is there orders nothing: it is not taken. */
	race_until(atomic_load_explicit(&shared->is_sent, memory_order_relaxed));
#endif
	must(recv(shared->ends[0], &byte, 1, 0) == 1);
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
