/* SPDX-License-Identifier: MIT */
/*
 * suites/check/races/cases/sysv_msg.c - a System V message queue; the twin writes the data after
 * the message.
 *
 * case: sysv_msg
 * models: threads processes
 * forms: message removed
 * truth: correct free, broken racy
 * tier: L
 * missing: message queue
 * pairs: write/read
 * outcomes: correct fresh, broken fresh stale
 * forced: stale
 * oracle: the reader sees what the writer wrote before it signalled
 */
#include <sys/ipc.h>
#include <sys/msg.h>

#include "suites/check/races/race.h"

struct shared {
	int queue;
	int data;
	int seen;
};

struct message {
	long type;
	char byte;
};

static void writer(void *memory)
{
	struct shared *shared = memory;

	in_correct(shared->data = window(42));
#ifdef FORM_REMOVED
	must(msgctl(shared->queue, IPC_RMID, NULL) == 0);
#else
	must(msgsnd(shared->queue, &(struct message){.type = 1}, 1, 0) == 0);
#endif
	in_broken(shared->data = window(42)); /* race: write write */
}

static void reader(void *memory)
{
	struct shared *shared = memory;
	struct message message;

#ifdef FORM_REMOVED
	must(msgrcv(shared->queue, &message, 1, 0, 0) < 0);
	must(errno == EIDRM || errno == EINVAL);
#else
	must(msgrcv(shared->queue, &message, 1, 0, 0) == 1);
#endif
	shared->seen = shared->data; /* race: read read */
}

int main(int argc, char **argv)
{
	struct shared *shared = race_begin(argc, argv, sizeof(*shared));

	shared->queue = msgget(IPC_PRIVATE, 0600);
	must_have("System V message queues", shared->queue >= 0);
	race_peers(shared, reader, writer);
	msgctl(shared->queue, IPC_RMID, NULL);
	race_outcome(shared->seen == 42 ? "fresh" : "stale", 1);
	return race_end();
}
