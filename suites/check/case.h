/* SPDX-License-Identifier: MIT */
/*
 * suites/check/case.h - what a case of a suite is written with.
 *
 * A case states one promise of the contract as a sentence. It runs in a process
 * of its own, the case process, for each transport that makes the promise; its
 * peers are processes or threads below that. Each of them is an actor: it has a
 * report in shared memory and never calls CMocka; a CHECK_ that fails writes the
 * report and leaves the actor by longjmp. The parent reads the reports, kills
 * what hangs, and asserts.
 *
 * The five verdicts: passed; failed; broken (set-up failed); skipped (this machine
 * can't); not promised (a capability word is absent).
 */
#ifndef CHECK_CASE_H
#define CHECK_CASE_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/clock.h"
#include "ipc/transport.h"

struct check;
struct report;

/* How the peers of a case run. */
enum check_model {
	MODEL_PROCESSES,
	MODEL_THREADS,
};

/* How often a case runs for one transport, and with what peers. */
enum case_runs {
	EACH_WAIT = 1u << 0,    /* once in each wait that the transport can */
	EACH_MODEL = 1u << 1,   /* once as processes, once as threads */
	IN_PROCESSES = 1u << 2, /* its peers die: as processes only */
	ALONE = 1u << 3,        /* one thread is both ends */
	ALONE_TOO = 1u << 4,    /* has peers, but where a transport allows one, that is enough */
};

/* One row of a suite's file. The rows end with one without a name. */
struct check_case {
	const char *name;    /* the sentence, [a-z0-9_]+ */
	const char *clauses; /* "C03 C04"; the first is to blame where a check names none */
	uint32_t needs;      /* enum ipc_cap, or-ed: absent in the transport, it is not promised */
	uint32_t lacks;      /* the case is about transports without these words only */
	unsigned runs;       /* enum case_runs, or-ed */
	void (*run)(struct check *check);
};

/*
 * Ends this actor unless condition holds. clause is the one that is broken, or null
 * for the case's own; the text says what was seen.
 */
#define CHECK_THAT(condition, clause, ...)                                                         \
	do {                                                                                       \
		if (!(condition))                                                                  \
			report_fail(clause, __VA_ARGS__);                                          \
	} while (0)

/* As CHECK_THAT, for what is no promise of the transport: the verdict is broken. */
#define CHECK_SETUP(condition, ...)                                                                \
	do {                                                                                       \
		if (!(condition))                                                                  \
			report_broken(__VA_ARGS__);                                                \
	} while (0)

_Noreturn void report_fail(const char *clause, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
_Noreturn void report_broken(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Ends the case as skipped, with the cause: an errno, a sysctl, a limit, a policy. */
_Noreturn void report_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Returns errno's name and text for an -errno, or "n" for a count. Static memory per thread. */
const char *report_result(ssize_t ret);

/*
 * What a case asks.
 */
const struct ipc_transport *check_transport(const struct check *check);
enum ipc_wait check_wait(const struct check *check);
enum check_model check_model(const struct check *check);
bool check_is_full(const struct check *check);
bool check_has(const struct check *check, uint32_t caps);
uint64_t check_seed(const struct check *check);

/* Returns the next number of the case's own seeded sequence; each actor has its own. */
uint64_t check_random(struct check *check);

/*
 * Returns how many of what the case shall do: quick, or full under --full; fewer
 * under a sanitizer. The number is printed with the verdict.
 */
uint64_t check_count(struct check *check, const char *what, uint64_t quick, uint64_t full);

/* Returns a time ns from now. */
static inline uint64_t from_now(uint64_t ns)
{
	return clock_now_ns() + ns;
}

/* Returns a deadline that a working transport never meets, however loaded the machine. */
uint64_t patience(const struct check *check);

/*
 * Channels and endpoints. What a case leaves open is closed when it ends.
 */

/* Returns options for messages of up to bytes, one producer and one consumer, in the case's wait.
 */
struct ipc_channel_options check_options(const struct check *check, size_t message_bytes_max,
                                         size_t slot_count);

/* Creates a channel. A size or a limit that this machine refuses ends the case as skipped. */
struct ipc_channel *channel_make(struct check *check, const struct ipc_channel_options *options);
/* Returns 0, or -errno; for cases about refusals. */
int channel_try(struct check *check, struct ipc_channel **out,
                const struct ipc_channel_options *options);
/* Returns the largest message, of at most bytes_max, that a channel of the slots takes here. */
size_t channel_largest(struct check *check, size_t slot_count, size_t bytes_max);
void channel_end(struct check *check, struct ipc_channel *channel);

/*
 * Opens this actor's end. In model processes the actor first drops the channel's
 * other end, unless the case is one actor: then both stay. The endpoint's own
 * deadline is patience().
 */
struct ipc_endpoint *end_open(struct check *check, struct ipc_channel *channel, enum ipc_role role);
void end_close(struct check *check, struct ipc_endpoint *endpoint);
/* Gives up both ends in the case process, after its peers were started. */
void channel_leave(struct check *check, struct ipc_channel *channel);

/*
 * Calls through the interface, so that the watchdog knows who hangs where. A
 * deadline is absolute, 0 or IPC_DEADLINE_PEER. They return what the transport did;
 * -EINTR, a return before the deadline, or -EAGAIN in the place of -ETIMEDOUT fails.
 */
int call_send(struct ipc_endpoint *endpoint, const void *data, size_t bytes, uint64_t deadline_ns,
              unsigned flags);
ssize_t call_recv(struct ipc_endpoint *endpoint, void *data, size_t bytes_max,
                  uint64_t deadline_ns);

/*
 * Sends the message of this sequence, bytes long, and receives the one that is
 * due; a lost, repeated, swapped, torn or truncated one is blamed on the clause it
 * breaks. Both wait until patience() at most.
 */
void message_send(struct check *check, struct ipc_endpoint *endpoint, uint32_t producer,
                  uint64_t sequence, size_t bytes);
void message_receive(struct check *check, struct ipc_endpoint *endpoint, uint32_t producer,
                     uint64_t sequence, size_t bytes);
/* Sends as message_send() does, and returns what send did. */
int message_offer(struct check *check, struct ipc_endpoint *endpoint, uint32_t producer,
                  uint64_t sequence, size_t bytes, uint64_t deadline_ns);
/*
 * Offers messages of producer 0 to a full channel until one is refused; returns
 * how. A kernel may find room in a channel that was full (TCP merges what it
 * holds): what it takes is counted in *sequence. length_ns is how far from now each
 * deadline is; 0 is a deadline of 0.
 */
int message_offer_full(struct check *check, struct ipc_endpoint *endpoint, uint64_t *sequence,
                       size_t bytes, uint64_t length_ns);
/* Says that nothing more comes, without waiting long. clause is to blame if it does; null: C04. */
void message_none(struct check *check, struct ipc_endpoint *endpoint, const char *clause);
/* Sends messages from sequence on until none is taken; returns how many were. */
uint64_t message_fill(struct check *check, struct ipc_endpoint *endpoint, uint32_t producer,
                      uint64_t sequence, size_t bytes);
/* Receives count messages of producer 0 from sequence on, and says that no more come. */
void message_drain(struct check *check, struct ipc_endpoint *producer,
                   struct ipc_endpoint *consumer, uint64_t sequence, uint64_t count, size_t bytes);

/*
 * Peers.
 */
#define PEERS_MAX 36

struct peer {
	struct check *check;
	unsigned index;
	void (*body)(struct peer *peer);
	void *argument; /* the case's; valid in the peer, shared only if it is in shared memory */
	struct report *report;
	pid_t pid; /* 0: a thread */
	bool is_joined;
	pthread_t thread;
};

/* Starts body in a peer of the case's model. */
struct peer *peer_start(struct check *check, void (*body)(struct peer *peer), void *argument);
/* As peer_start(), always as a process. */
struct peer *peer_fork(struct check *check, void (*body)(struct peer *peer), void *argument);
/* Waits for a peer's end; what it reported ends the case too. */
void peer_join(struct peer *peer);
/* Joins all that were started. */
void peers_await(struct check *check);
/* Stops a peer process; SIGCONT goes on with it. */
void peer_stop(struct peer *peer);
/* Kills a peer process; it stays a zombie unless it is to be reaped. */
void peer_kill(struct peer *peer, bool is_reaped);
/* Waits until the peer is inside a call, and asleep there where the wait lets it sleep. */
void peer_await_call(struct peer *peer);
/* Joins all, and forgets them, their reports and the flags: the next peer has index 0 again. */
void peers_renew(struct check *check);
/* Says whether the peer has ended. */
bool peer_is_done(const struct peer *peer);

/*
 * Flags: counters in shared memory by which actors of a case wait for each other.
 */
#define FLAGS_MAX 16

void flag_raise(struct check *check, unsigned flag);
uint32_t flag_read(const struct check *check, unsigned flag);
/* Waits until the flag was raised count times; longer than patience() is broken. */
void flag_await(struct check *check, unsigned flag, uint32_t count);

/* Returns zeroed memory that the peers share, until the case ends. */
void *shared_memory(struct check *check, size_t bytes);
void shared_memory_end(struct check *check, void *memory);

#endif
