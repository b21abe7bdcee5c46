/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/socketpair.c - a pair of sockets; the twin writes the data after the
 * byte.
 *
 * case: socketpair
 * models: threads processes
 * forms: send write sendto sendmsg sendmmsg dgram seqpacket
 * truth: correct free, broken racy
 * tier: L
 * missing: socket
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <sys/socket.h>
#include <sys/uio.h>

#include "suites/check/races/race.h"

struct shared {
	int ends[2];
	int data;
	int seen;
};

#if defined(FORM_DGRAM)
#define TYPE SOCK_DGRAM
#elif defined(FORM_SEQPACKET)
#define TYPE SOCK_SEQPACKET
#else
#define TYPE SOCK_STREAM
#endif

static void put(int fd)
{
	char byte = 1;
#if defined(FORM_SENDMSG) || defined(FORM_SENDMMSG)
	struct iovec part = {&byte, 1};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
#endif

#if defined(FORM_WRITE)
	must(write(fd, &byte, 1) == 1);
#elif defined(FORM_SENDTO)
	must(sendto(fd, &byte, 1, 0, NULL, 0) == 1);
#elif defined(FORM_SENDMSG)
	must(sendmsg(fd, &message.msg_hdr, 0) == 1);
#elif defined(FORM_SENDMMSG)
	must(sendmmsg(fd, &message, 1, 0) == 1);
#else
	must(send(fd, &byte, 1, 0) == 1);
#endif
}

static void get(int fd)
{
	char byte;
#if defined(FORM_SENDMSG) || defined(FORM_SENDMMSG)
	struct iovec part = {&byte, 1};
	struct mmsghdr message = {.msg_hdr = {.msg_iov = &part, .msg_iovlen = 1}};
#endif

#if defined(FORM_WRITE)
	must(read(fd, &byte, 1) == 1);
#elif defined(FORM_SENDTO)
	must(recvfrom(fd, &byte, 1, 0, NULL, NULL) == 1);
#elif defined(FORM_SENDMSG)
	must(recvmsg(fd, &message.msg_hdr, 0) == 1);
#elif defined(FORM_SENDMMSG)
	must(recvmmsg(fd, &message, 1, 0, NULL) == 1);
#else
	must(recv(fd, &byte, 1, 0) == 1);
#endif
}

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
	put(shared->ends[1]);
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;

	get(shared->ends[0]);
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	must(socketpair(AF_UNIX, TYPE, 0, shared->ends) == 0);
	race_peers(shared, reader, writer);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
