/* SPDX-License-Identifier: MIT */
/* suites/bench/semantics.c - what transports promise, as data for a report. */
#include "suites/bench/semantics.h"

#include "ipc/registry.h"

/* The clauses of the contract, as ipccheck names them. */
static const struct report_clause clauses[] = {
	{"C01", "Intact: every byte of a message arrives as it was sent, and nothing is added."},
	{"C02", "Order: first in, first out for each producer."},
	{"C03", "No loss while both ends live."},
	{"C04", "No duplicate."},
	{"C05",
         "Boundaries are kept for every size up to the largest; one byte more is refused, and "
         "nothing of it is sent."},
	{"C06", "An empty message arrives as one, and differs from hang-up."},
	{"C07", "Back-pressure: exactly once with a consumer far slower than its producer."},
	{"C09", "Priority: strict between classes, first in first out inside one."},
	{"C10",
         "Whole or invisible: a message is never seen before it is complete, nor one that was "
         "lent and not committed."},
	{"C11", "With a deadline of 0, send and receive never block."},
	{"C12", "A deadline is kept: never early, and not much late."},
	{"C13", "A send that waits for room in the kernel wakes soon after there is some."},
	{"C14", "A receive that waits in the kernel takes at most 1 % of a CPU."},
	{"C15",
         "No lost wake-up, with both ends asleep between messages; and a peer that spins gets "
         "each one."},
	{"C17", "Shutdown wakes every blocked peer, not one."},
	{"C18", "A peer's death is told to the other, however it dies, and a living one is never "
                "taken for dead."},
	{"C19", "A survivor never hangs: each call returns by its deadline."},
	{"C20", "After a death the survivors go on exchanging messages."},
	{"C21", "A torn or corrupt message is never delivered as good."},
	{"C26",
         "After close all is as before: descriptors, mappings, threads, names, kernel objects."},
	{"C31", "Many producers, or many consumers, at once: still each message once and whole."},
	{"C33",
         "Peers may be threads of one process: no data race is found there, and processes keep "
         "the same contract."},
	{"C35", "Objects are their owner's alone, whatever the umask."},
	{"C37", "Shared memory can't be cut under a peer: it is sealed, and seals and size are "
                "verified."},
	{"C39",
         "A hostile peer causes an error, not damage: what it writes is checked before use."},
};

/* Which capability words make a promise: all of these, and none of those. */
static const struct {
	struct report_promise promise;
	uint32_t needs;
	uint32_t lacks;
} rows[] = {
	{{"told of a death", "C18", "Nobody is told: a survivor waits until its deadline.", NULL,
          "told"},
         IPC_CAP_HANGUP,
         0},
	{{"others survive a death", "C20", "A peer that dies may end the channel for all.", NULL,
          "survives"},
         IPC_CAP_SURVIVES,
         0},
	{{"distrusts the peer", "C39", "Peers trust each other: what one writes, the other obeys.",
          "The kernel stands between the peers.", "distrust"},
         IPC_CAP_DISTRUSTS_PEER,
         0},
	{{"own boundaries", "C05",
          "The mechanism is a stream: the transport adds a length to each "
          "message.",
          NULL, "boundaries"},
         IPC_CAP_MESSAGE,
         0},
	{{"empty messages", "C06", "A message has at least one byte.", NULL, "empty"},
         IPC_CAP_EMPTY,
         0},
	{{"priorities", "C09", "All messages are of one class.", NULL, "priorities"},
         IPC_CAP_PRIORITY,
         0},
	{{"lent memory", "C10", "Each message is copied in and out.", NULL, "in_place"},
         IPC_CAP_ZERO_COPY,
         0},
	{{"many producers", "C31", "One producer a channel.", NULL, "many_producers"},
         IPC_CAP_MULTI_PRODUCER,
         0},
	{{"many consumers", "C31", "One consumer a channel.", NULL, "many_consumers"},
         IPC_CAP_MULTI_CONSUMER,
         0},
	{{"broadcast", "C31", "A message goes to one consumer.", NULL, "broadcast"},
         IPC_CAP_BROADCAST,
         0},
	{{"never blocks at 0", "C11", "A call may block.", NULL, NULL}, IPC_CAP_NOWAIT, 0},
	{{"waits asleep", "C14", "A peer that waits takes a CPU.", NULL, NULL}, IPC_CAP_BLOCK, 0},
	{{"waits spinning", "C15", "A peer always waits in the kernel.", NULL, NULL},
         IPC_CAP_SPIN,
         0},
	{{"processes", "C33", "Peers are threads of one process: one crash ends them all.", NULL,
          "processes"},
         0,
         IPC_CAP_ONE_PROCESS},
	{{"threads", "C33", "Peers are processes.", NULL, NULL}, IPC_CAP_THREADS, 0},
};

enum { PROMISES = sizeof(rows) / sizeof(rows[0]) };
_Static_assert(PROMISES <= REPORT_PROMISES_MAX, "a bit for each promise");

void semantics_fill(struct report_semantics *semantics)
{
	const struct ipc_transport *transport;

	*semantics = (struct report_semantics){
		.clauses = clauses,
		.clauses_count = sizeof(clauses) / sizeof(clauses[0]),
		.promises_count = PROMISES,
	};
	for (size_t j = 0; j < PROMISES; j++)
		semantics->promises[j] = rows[j].promise;
	for (size_t i = 0; (transport = registry_at(i)) && i < REPORT_SEMANTICS_MAX; i++) {
		struct report_transport *out =
			&semantics->transports[semantics->transports_count++];

		*out = (struct report_transport){
			.name = transport->name,
			.summary = transport->summary,
			.is_yardstick = transport->caps & IPC_CAP_ONE_PEER,
		};
		for (size_t j = 0; j < PROMISES; j++) {
			if ((transport->caps & rows[j].needs) == rows[j].needs &&
			    !(transport->caps & rows[j].lacks))
				out->promises |= 1u << j;
			if (rows[j].promise.needless &&
			    !(transport->caps & IPC_CAP_SHARED_MEMORY) &&
			    !(transport->caps & IPC_CAP_ONE_PROCESS))
				out->needless |= 1u << j;
		}
	}
}

void semantics_add(struct report_builder *builder)
{
	struct report_semantics semantics;

	semantics_fill(&semantics);
	report_set_semantics(builder, &semantics);
}
