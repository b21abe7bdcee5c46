/* SPDX-License-Identifier: MIT */
/*
 * ipc/transport.h - the contract between a transport and whatever drives it.
 *
 * A transport is one IPC mechanism. It makes channels; a channel is one-way and
 * is created before the peers exist, so that fork() can share it; each peer
 * then opens its own endpoint. A round trip uses two channels.
 *
 * Every function returns 0 or -errno; a count is >= 0 or -errno. None prints,
 * exits, or returns -EINTR. Outputs are set only on success. Errors, with the
 * same meaning everywhere:
 *
 *   -EAGAIN     would have to wait, and the deadline was 0
 *   -ETIMEDOUT  the deadline passed; nothing was sent or taken
 *   -EPIPE      every peer at the other end has gone (IPC_CAP_HANGUP)
 *   -EMSGSIZE   over message_bytes_max, or over the mechanism's own limit
 *   -EINVAL     an empty message without IPC_CAP_EMPTY, or a bad option
 *   -EBADMSG    the peer wrote an impossible state; the channel is dead
 *
 * A process that owns endpoints must ignore SIGPIPE. A transport may install a
 * handler for the real-time signal SIGRTMAX - 1, by which deadlines end native
 * calls that have no timeout.
 *
 * This is the only header a plug-in includes. Members are only ever appended;
 * when that promise must be broken, IPC_TRANSPORT_ABI grows by one. (ABI 1 is a
 * draft until plug-ins of four foreign libraries exist: rebuild yours till then.)
 */
#ifndef IPC_TRANSPORT_H
#define IPC_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define IPC_TRANSPORT_ABI 1u

/*
 * What a transport promises. What is not declared is neither tested nor
 * measured: it is reported as "not promised". The words are those of the
 * conformance suite's clauses.
 */
enum ipc_cap {
	IPC_CAP_NOWAIT = 1u << 0,          /* a deadline of 0 never blocks */
	IPC_CAP_BLOCK = 1u << 1,           /* waits in the kernel (IPC_WAIT_BLOCK) */
	IPC_CAP_SPIN = 1u << 2,            /* waits on the CPU (IPC_WAIT_SPIN) */
	IPC_CAP_EMPTY = 1u << 3,           /* a message may have 0 bytes */
	IPC_CAP_PRIORITY = 1u << 4,        /* a message has a class: IPC_PRIORITY() */
	IPC_CAP_ZERO_COPY = 1u << 5,       /* has claim, commit, abort; peek, release */
	IPC_CAP_MULTI_PRODUCER = 1u << 6,  /* many endpoints may send at once */
	IPC_CAP_MULTI_CONSUMER = 1u << 7,  /* many endpoints compete for messages */
	IPC_CAP_BROADCAST = 1u << 8,       /* every consumer gets every message */
	IPC_CAP_HANGUP = 1u << 9,          /* a gone peer process is told: -EPIPE */
	IPC_CAP_SURVIVES = 1u << 10,       /* the rest go on after a peer's death */
	IPC_CAP_SHARED_MEMORY = 1u << 11,  /* peers synchronise in user space */
	IPC_CAP_DISTRUSTS_PEER = 1u << 12, /* values from the peer are checked */
	IPC_CAP_THREADS = 1u << 13,        /* peers may be threads of one process */
	IPC_CAP_MESSAGE = 1u << 14,        /* the mechanism itself keeps boundaries */
	IPC_CAP_ONE_PROCESS = 1u << 15,    /* peers can't be processes */
	IPC_CAP_ONE_PEER = 1u << 16,       /* one peer must be both ends */
};

enum ipc_role {
	IPC_PRODUCER,
	IPC_CONSUMER,
};

/* How a call waits. An option of the channel: it decides most latency. */
enum ipc_wait {
	IPC_WAIT_BLOCK,  /* in the kernel; needs IPC_CAP_BLOCK */
	IPC_WAIT_SPIN,   /* on the CPU; needs IPC_CAP_SPIN */
	IPC_WAIT_HYBRID, /* spins for spin_ns, then blocks; needs both */
};

enum ipc_flag {
	IPC_MORE = 1u << 0, /* may be held back until a send without it, or flush() */
};

/* A send flag: priority class 0 (lowest, the default) to IPC_PRIORITY_MAX. */
#define IPC_PRIORITY_SHIFT 8u
#define IPC_PRIORITY_MAX 31u
#define IPC_PRIORITY(level) ((unsigned)(level) << IPC_PRIORITY_SHIFT)

/* A deadline that stands for the endpoint's own, its deadline_ns. */
#define IPC_DEADLINE_PEER UINT64_MAX

struct ipc_channel_options {
	uint32_t size; /* sizeof(struct ipc_channel_options), as compiled */
	enum ipc_wait wait;
	size_t message_bytes_max; /* largest message either side will pass */
	size_t slot_count;        /* messages in flight before backpressure; rings round it up */
	uint32_t producer_count;  /* endpoints that will be opened in each role */
	uint32_t consumer_count;
	uint64_t spin_ns;        /* IPC_WAIT_HYBRID: how long to spin; 0 where peers share a CPU */
	uint64_t position_start; /* where free-running indices start; for tests of wrap-around */
};

struct ipc_transport;

/* Base of every channel; a transport embeds it as its first member. */
struct ipc_channel {
	const struct ipc_transport *transport;
};

/* Base of every endpoint, embedded first. It belongs to the one peer that opened it. */
struct ipc_endpoint {
	const struct ipc_transport *transport;
	uint64_t deadline_ns; /* the peer's own; set by ipc_endpoint_open() */
};

struct ipc_transport {
	uint32_t abi;        /* IPC_TRANSPORT_ABI */
	uint32_t size;       /* sizeof(struct ipc_transport), as compiled */
	const char *name;    /* [a-z0-9_]+, unique, used on the command line */
	const char *summary; /* one line, no full stop */
	uint32_t caps;       /* enum ipc_cap, or-ed */

	/*
	 * Says whether this machine can run the transport. Required.
	 *
	 * Returns 0, or -errno with one line in why that names the cause: the
	 * kernel feature, the sysctl and its value, the limit, the policy.
	 */
	int (*probe)(char *why, size_t why_bytes);

	/*
	 * Creates a channel, in the parent, before any peer exists. Required.
	 * Only what survives fork() may be created here: descriptors, names,
	 * shared mappings; no threads, no library contexts. A shared mapping is
	 * made here and never again in endpoint_open(), so that threads share one.
	 *
	 * On success *out is the caller's, to be given to channel_destroy().
	 * Returns 0, or -errno: -EMSGSIZE (message_bytes_max is over the
	 * mechanism's limit), -EINVAL (an option without its capability),
	 * -EMFILE, -ENOSPC, -ENOMEM (a limit of this machine).
	 */
	int (*channel_create)(struct ipc_channel **out, const struct ipc_channel_options *options);

	/*
	 * Gives up what this process holds for one role, so that the exit of the
	 * last peer in that role is seen. Called after fork(): by a producer for
	 * IPC_CONSUMER, by a consumer for IPC_PRODUCER, by the parent for both;
	 * never when the peers are threads. Optional: null if nothing is held.
	 */
	void (*channel_drop)(struct ipc_channel *channel, enum ipc_role role);

	/*
	 * Destroys a channel and its names, in the parent, after its endpoints
	 * were closed. Null is allowed. Required.
	 */
	void (*channel_destroy)(struct ipc_channel *channel);

	/*
	 * Opens this peer's end, inside the peer; a peer calls it through
	 * ipc_endpoint_open(). Required. Never waits for the other end.
	 *
	 * On success *out is the caller's, to be given to endpoint_close() by
	 * the same thread, before channel_destroy(). Returns 0, or -errno.
	 */
	int (*endpoint_open)(struct ipc_endpoint **out, struct ipc_channel *channel,
	                     enum ipc_role role);

	/*
	 * Closes an end. Null is allowed. Required. A transport that still holds
	 * part of an accepted message waits for room, at most until the
	 * endpoint's own deadline.
	 */
	void (*endpoint_close)(struct ipc_endpoint *endpoint);

	/*
	 * Sends one message of data_bytes bytes. Required. All of it is sent or
	 * none. The caller keeps data, before and after. Waits while the channel
	 * is full, until deadline_ns: absolute CLOCK_MONOTONIC nanoseconds, 0 (never
	 * wait) or IPC_DEADLINE_PEER. flags: IPC_MORE, IPC_PRIORITY().
	 *
	 * Returns 0, or -errno: -EAGAIN, -ETIMEDOUT, -EPIPE, -EMSGSIZE (nothing
	 * sent), -EINVAL, -EBADMSG.
	 */
	int (*send)(struct ipc_endpoint *endpoint, const void *data, size_t data_bytes,
	            uint64_t deadline_ns, unsigned flags);

	/*
	 * Receives one message into data. Required. Waits while the channel is
	 * empty, until deadline_ns (as in send). What had been sent before a
	 * producer went is delivered before -EPIPE is.
	 *
	 * Returns the message's size in bytes, or -errno: -EAGAIN, -ETIMEDOUT,
	 * -EPIPE, -EBADMSG, -EMSGSIZE (data_bytes_max is under the channel's
	 * message_bytes_max; nothing was taken).
	 */
	ssize_t (*recv)(struct ipc_endpoint *endpoint, void *data, size_t data_bytes_max,
	                uint64_t deadline_ns);

	/*
	 * Sends without a copy: claim() lends room for data_bytes bytes at *out,
	 * aligned for any type, until commit() makes it a message or abort()
	 * gives it back. At most one claim at a time. All three or none;
	 * IPC_CAP_ZERO_COPY says which. claim() waits and fails as send() does.
	 */
	int (*claim)(struct ipc_endpoint *endpoint, void **out, size_t data_bytes,
	             uint64_t deadline_ns);
	void (*commit)(struct ipc_endpoint *endpoint, unsigned flags);
	void (*abort)(struct ipc_endpoint *endpoint);

	/*
	 * Receives without a copy: peek() lends the next message at *out until
	 * release(). At most one at a time. Both or none. peek() returns the
	 * message's size in bytes, and waits and fails as recv() does.
	 */
	ssize_t (*peek)(struct ipc_endpoint *endpoint, const void **out, uint64_t deadline_ns);
	void (*release)(struct ipc_endpoint *endpoint);

	/*
	 * Publishes what IPC_MORE held back. Optional: null if nothing is ever
	 * held back. Does not wait. Returns 0, or -errno as send() does.
	 */
	int (*flush)(struct ipc_endpoint *endpoint);

	/*
	 * Says whether channel_create() would take these options here, without
	 * making a channel. Optional: null if only probe() can know.
	 *
	 * Returns 0, or -errno with one line in why, as probe() does.
	 */
	int (*check)(const struct ipc_channel_options *options, char *why, size_t why_bytes);
};

/* What a plug-in exports, under the symbol name IPC_PLUGIN_SYMBOL. */
struct ipc_plugin {
	uint32_t abi; /* IPC_TRANSPORT_ABI */
	uint32_t transport_count;
	const struct ipc_transport *const *transports;
};

#define IPC_PLUGIN_SYMBOL "ipc_plugin"
#define IPC_PLUGIN_EXPORT __attribute__((visibility("default")))

/*
 * Opens this peer's end of a channel; calls that are given IPC_DEADLINE_PEER
 * wait until deadline_ns at most. Ownership and errors: endpoint_open().
 */
static inline int ipc_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                                    enum ipc_role role, uint64_t deadline_ns)
{
	int ret = channel->transport->endpoint_open(out, channel, role);

	if (ret == 0)
		(*out)->deadline_ns = deadline_ns;
	return ret;
}

/* Returns the deadline of a call, with IPC_DEADLINE_PEER resolved. */
static inline uint64_t ipc_deadline(const struct ipc_endpoint *endpoint, uint64_t deadline_ns)
{
	return deadline_ns == IPC_DEADLINE_PEER ? endpoint->deadline_ns : deadline_ns;
}

static inline int ipc_send(struct ipc_endpoint *endpoint, const void *data, size_t data_bytes,
                           uint64_t deadline_ns, unsigned flags)
{
	return endpoint->transport->send(endpoint, data, data_bytes, deadline_ns, flags);
}

static inline ssize_t ipc_recv(struct ipc_endpoint *endpoint, void *data, size_t data_bytes_max,
                               uint64_t deadline_ns)
{
	return endpoint->transport->recv(endpoint, data, data_bytes_max, deadline_ns);
}

#endif
