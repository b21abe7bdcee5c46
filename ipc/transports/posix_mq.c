/* SPDX-License-Identifier: MIT */
/*
 * ipc/transports/posix_mq.c - a POSIX message queue without a name.
 *
 * The name is unlinked as soon as the queue was opened twice: once to wait and
 * once with O_NONBLOCK, which belongs to the open file. What outlives a peer is
 * delivered, but nobody is told of its death. A queue has as many slots as the
 * limits allow, which may be fewer than asked for.
 */
#include "ipc/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/limits.h"
#include "ipc/message.h"
#include "ipc/names.h"

/* The kernel's defaults, where /proc can't be read. */
#define MSG_MAX_DEFAULT 10u
#define MSGSIZE_MAX_DEFAULT 8192u
#define QUEUES_MAX_DEFAULT 256u
/* What the kernel adds to a message's size when it charges RLIMIT_MSGQUEUE, at most. */
#define SLOT_OVERHEAD_BYTES 128u
/* One channel takes at most this part of RLIMIT_MSGQUEUE: a round trip needs two. */
#define LIMIT_SHARE 4u

struct posix_mq_channel {
	struct ipc_channel base;
	struct ipc_channel_options options;
	int fd;
	int fd_nowait;
};

/* A queue can't be made for messages of 0 bytes. */
static size_t posix_mq_slot_bytes(const struct ipc_channel_options *options)
{
	return options->message_bytes_max > 0 ? options->message_bytes_max : 1;
}

static rlim_t posix_mq_limit(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_MSGQUEUE, &limit) < 0 ? RLIM_INFINITY : limit.rlim_cur;
}

/* Returns how many of the slots asked for the limits allow, at least 1. */
static size_t posix_mq_slots(const struct ipc_channel_options *options)
{
	uint64_t most = limits_sysctl("fs/mqueue/msg_max", MSG_MAX_DEFAULT);
	uint64_t slots = options->slot_count < most ? options->slot_count : most;
	rlim_t limit = posix_mq_limit();

	if (limit != RLIM_INFINITY) {
		uint64_t each = posix_mq_slot_bytes(options) + SLOT_OVERHEAD_BYTES;

		if (slots > limit / LIMIT_SHARE / each)
			slots = limit / LIMIT_SHARE / each;
	}
	return slots > 0 ? (size_t)slots : 1;
}

/* Opens a queue twice and unlinks it. Returns 0, or -errno of mq_open(). */
static int posix_mq_open(struct posix_mq_channel *self, size_t slots)
{
	struct mq_attr attributes = {
		.mq_maxmsg = (long)slots,
		.mq_msgsize = (long)posix_mq_slot_bytes(&self->options),
	};
	struct name name;
	int ret = names_add(&name, NAME_POSIX_MQ);

	if (ret < 0)
		return ret;
	self->fd = mq_open(name.object, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR,
	                   &attributes);
	if (self->fd < 0) {
		ret = -errno;
		names_remove(&name);
		return ret;
	}
	/* The umask may have taken our own bits away. */
	if (fchmod(self->fd, S_IRUSR | S_IWUSR) < 0)
		ret = -errno;
	else
		self->fd_nowait = mq_open(name.object, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (ret == 0 && self->fd_nowait < 0)
		ret = -errno;
	mq_unlink(name.object);
	names_remove(&name);
	if (ret < 0) {
		mq_close(self->fd);
		self->fd = -1;
	}
	return ret;
}

static void posix_mq_close(struct posix_mq_channel *self)
{
	if (self->fd_nowait >= 0)
		mq_close(self->fd_nowait);
	if (self->fd >= 0)
		mq_close(self->fd);
}

static bool posix_mq_has_descriptors(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || errno != EMFILE;
}

/* Names the limit behind an error of posix_mq_open(). Returns -errno of the contract. */
static int posix_mq_refuse(int error, const struct ipc_channel_options *options, char *why,
                           size_t why_bytes)
{
	size_t bytes = posix_mq_slot_bytes(options);
	uint64_t most = limits_sysctl("fs/mqueue/msgsize_max", MSGSIZE_MAX_DEFAULT);

	switch (error) {
	case -EINVAL:
		if (bytes > most)
			return limits_refuse(why, why_bytes, -EMSGSIZE,
			                     "messages of %zu bytes are over "
			                     "fs.mqueue.msgsize_max = %ju",
			                     bytes, (uintmax_t)most);
		return limits_refuse(why, why_bytes, error,
		                     "fs.mqueue.msg_max = %ju does not allow one message",
		                     (uintmax_t)limits_sysctl("fs/mqueue/msg_max", 0));
	case -EMFILE:
		if (!posix_mq_has_descriptors())
			return limits_refuse(why, why_bytes, error,
			                     "no descriptors are left: RLIMIT_NOFILE");
		if (bytes > most)
			error = -EMSGSIZE;
		return limits_refuse(why, why_bytes, error,
		                     "RLIMIT_MSGQUEUE = %ju bytes leaves no room for a message "
		                     "of %zu bytes",
		                     (uintmax_t)posix_mq_limit(), bytes);
	case -ENOSPC:
		return limits_refuse(
			why, why_bytes, error, "all of fs.mqueue.queues_max = %ju queues exist",
			(uintmax_t)limits_sysctl("fs/mqueue/queues_max", QUEUES_MAX_DEFAULT));
	case -ENOSYS:
	case -EPERM:
		return limits_refuse_call(why, why_bytes, error, "mq_open",
		                          "POSIX message queues (CONFIG_POSIX_MQUEUE)");
	default:
		return names_refuse(error, why, why_bytes);
	}
}

static int posix_mq_check(const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	struct posix_mq_channel trial = {.options = *options, .fd = -1, .fd_nowait = -1};
	int ret = limits_check(&transport_posix_mq, options, LONG_MAX, "what mq_open() takes", why,
	                       why_bytes);

	if (ret < 0)
		return ret;
	/* The limits are soft for some and shared by all of a user's queues: try. */
	ret = posix_mq_open(&trial, 1);
	posix_mq_close(&trial);
	return ret < 0 ? posix_mq_refuse(ret, options, why, why_bytes) : 0;
}

static int posix_mq_probe(char *why, size_t why_bytes)
{
	const struct ipc_channel_options least = {
		.wait = IPC_WAIT_BLOCK,
		.message_bytes_max = 1,
		.slot_count = 1,
	};

	return posix_mq_check(&least, why, why_bytes);
}

static void posix_mq_channel_destroy(struct ipc_channel *channel)
{
	if (!channel)
		return;
	posix_mq_close((struct posix_mq_channel *)channel);
	free(channel);
}

static int posix_mq_channel_create(struct ipc_channel **out,
                                   const struct ipc_channel_options *options)
{
	struct posix_mq_channel *self;
	char why[LIMITS_WHY_BYTES];
	int ret = limits_check(&transport_posix_mq, options, LONG_MAX, "", why, sizeof(why));

	if (ret < 0)
		return ret;
	self = malloc(sizeof(*self));
	if (!self)
		return -ENOMEM;
	*self = (struct posix_mq_channel){
		.base.transport = &transport_posix_mq,
		.options = *options,
		.fd = -1,
		.fd_nowait = -1,
	};
	/* Other queues of this user may have taken part of the limit already. */
	for (size_t slots = posix_mq_slots(options); slots > 0; slots /= 2) {
		ret = posix_mq_open(self, slots);
		if (ret != -EMFILE)
			break;
	}
	if (ret < 0) {
		posix_mq_channel_destroy(&self->base);
		return posix_mq_refuse(ret, options, why, sizeof(why));
	}
	*out = &self->base;
	return 0;
}

static ssize_t posix_mq_attempt_send(void *endpoint, bool nowait)
{
	struct message_endpoint *self = endpoint;

	return mq_send(nowait ? self->fd_nowait : self->fd, self->data.from, self->data_bytes,
	               self->level) < 0
	               ? -errno
	               : 0;
}

static ssize_t posix_mq_attempt_recv(void *endpoint, bool nowait)
{
	struct message_endpoint *self = endpoint;
	char nothing;
	bool is_empty = self->data_bytes == 0;
	ssize_t ret =
		mq_receive(nowait ? self->fd_nowait : self->fd, is_empty ? &nothing : self->data.to,
	                   is_empty ? sizeof(nothing) : self->data_bytes, NULL);

	return ret < 0 ? -errno : ret;
}

static int posix_mq_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                                  enum ipc_role role)
{
	struct posix_mq_channel *from = (struct posix_mq_channel *)channel;

	return message_endpoint_open(out, &transport_posix_mq, &from->options,
	                             role == IPC_PRODUCER ? posix_mq_attempt_send
	                                                  : posix_mq_attempt_recv,
	                             from->fd, from->fd_nowait);
}

const struct ipc_transport transport_posix_mq = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "posix_mq",
	.summary = "POSIX message queue",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_SPIN | IPC_CAP_EMPTY | IPC_CAP_PRIORITY |
                IPC_CAP_MULTI_PRODUCER | IPC_CAP_MULTI_CONSUMER | IPC_CAP_SURVIVES |
                IPC_CAP_THREADS | IPC_CAP_MESSAGE,
	.probe = posix_mq_probe,
	.channel_create = posix_mq_channel_create,
	.channel_destroy = posix_mq_channel_destroy,
	.endpoint_open = posix_mq_endpoint_open,
	.endpoint_close = message_endpoint_close,
	.send = message_endpoint_send,
	.recv = message_endpoint_recv,
	.check = posix_mq_check,
};
