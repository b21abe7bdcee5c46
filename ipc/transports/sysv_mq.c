/* SPDX-License-Identifier: MIT */
/*
 * ipc/transports/sysv_mq.c - a private System V message queue.
 *
 * It has a number and no name, and lives until it is removed: names.h knows it.
 * A message's type is its priority, the highest class being type 1, since
 * msgrcv() with a negative type takes the lowest first. The type stands in front
 * of the payload, so that each side copies once more than the kernel does.
 */
#include "ipc/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/limits.h"
#include "ipc/message.h"
#include "ipc/names.h"

/* The kernel's defaults, where /proc can't be read. */
#define MSGMAX_DEFAULT 8192u
#define MSGMNB_DEFAULT 16384u
#define TYPE_COUNT ((long)IPC_PRIORITY_MAX + 1)

struct sysv_mq_channel {
	struct ipc_channel base;
	struct ipc_channel_options options;
	struct name name;
	int id;
};

struct sysv_mq_endpoint {
	struct message_endpoint message;
	struct msgbuf *buffer;
};

static int sysv_mq_check(const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	size_t msgmax = (size_t)limits_sysctl("kernel/msgmax", MSGMAX_DEFAULT);
	size_t msgmnb = (size_t)limits_sysctl("kernel/msgmnb", MSGMNB_DEFAULT);

	if (msgmnb < msgmax)
		return limits_check(&transport_sysv_mq, options, msgmnb, "kernel.msgmnb", why,
		                    why_bytes);
	return limits_check(&transport_sysv_mq, options, msgmax, "kernel.msgmax", why, why_bytes);
}

/*
 * Sets the queue's mode, and its capacity to the slots asked for. A queue counts
 * bytes of payload, and messages up to the same number.
 */
static int sysv_mq_configure(int id, const struct ipc_channel_options *options)
{
	struct msqid_ds queue;
	size_t most = (size_t)limits_sysctl("kernel/msgmnb", MSGMNB_DEFAULT);
	size_t each = options->message_bytes_max > 0 ? options->message_bytes_max : 1;
	size_t wanted = options->slot_count < most / each ? options->slot_count * each : most;

	/* Not IPC_STAT first: without mode bits only root may read it. */
	memset(&queue, 0, sizeof(queue));
	queue.msg_perm.uid = geteuid();
	queue.msg_perm.gid = getegid();
	queue.msg_perm.mode = S_IRUSR | S_IWUSR;
	queue.msg_qbytes = wanted;
	return msgctl(id, IPC_SET, &queue) < 0 ? -errno : 0;
}

/* Enters the queue's number and its time of creation, which IPC_SET changes. */
static int sysv_mq_record(struct name *name, int id, int command)
{
	struct msqid_ds queue;

	if (msgctl(id, command, &queue) < 0)
		return -errno;
	return names_record_queue(name, id, queue.msg_ctime);
}

/* Makes the queue, without mode bits until its number is entered: see names_clean.c. */
static int sysv_mq_open(struct sysv_mq_channel *self)
{
	int ret = names_add(&self->name, NAME_SYSV_MQ);

	if (ret < 0)
		return ret;
	self->id = msgget(IPC_PRIVATE, IPC_CREAT);
	if (self->id < 0) {
		ret = -errno;
		names_remove(&self->name);
		return ret;
	}
	ret = names_record_queue(&self->name, self->id, time(NULL));
	if (ret == 0)
		ret = sysv_mq_configure(self->id, &self->options);
	if (ret == 0)
		ret = sysv_mq_record(&self->name, self->id, IPC_STAT);
	if (ret < 0) {
		msgctl(self->id, IPC_RMID, NULL);
		names_remove(&self->name);
	}
	return ret;
}

static void sysv_mq_close(struct sysv_mq_channel *self)
{
	/* Only the process that made it: a child that cleans up leaves it to its parent. */
	if (self->name.owner == getpid())
		msgctl(self->id, IPC_RMID, NULL);
	names_remove(&self->name);
}

static int sysv_mq_probe(char *why, size_t why_bytes)
{
	struct sysv_mq_channel trial = {
		.options = {.message_bytes_max = 1, .slot_count = 1},
	};
	int ret = sysv_mq_open(&trial);

	switch (ret) {
	case 0:
		sysv_mq_close(&trial);
		return 0;
	case -ENOSPC:
		return limits_refuse(why, why_bytes, ret,
		                     "all of kernel.msgmni = %ju queues exist, see ipcs -q",
		                     (uintmax_t)limits_sysctl("kernel/msgmni", 0));
	case -ENOSYS:
	case -EPERM:
		return limits_refuse_call(why, why_bytes, ret, "msgget",
		                          "System V queues (CONFIG_SYSVIPC)");
	default:
		return names_refuse(ret, why, why_bytes);
	}
}

static void sysv_mq_channel_destroy(struct ipc_channel *channel)
{
	if (!channel)
		return;
	sysv_mq_close((struct sysv_mq_channel *)channel);
	free(channel);
}

static int sysv_mq_channel_create(struct ipc_channel **out,
                                  const struct ipc_channel_options *options)
{
	struct sysv_mq_channel *self;
	int ret = limits_allow(&transport_sysv_mq, options);

	if (ret < 0)
		return ret;
	self = malloc(sizeof(*self));
	if (!self)
		return -ENOMEM;
	*self = (struct sysv_mq_channel){
		.base.transport = &transport_sysv_mq,
		.options = *options,
	};
	ret = sysv_mq_open(self);
	if (ret < 0) {
		free(self);
		return ret;
	}
	*out = &self->base;
	return 0;
}

/* Translates an error of msgsnd() or msgrcv(). */
static ssize_t sysv_mq_error(int error)
{
	switch (error) {
	case ENOMSG: /* msgrcv()'s word for EAGAIN */
		return -EAGAIN;
	case E2BIG: /* longer than this channel carries */
		return -EBADMSG;
	case EIDRM: /* the queue was removed under us */
	case EINVAL:
		return -EPIPE;
	default:
		return -error;
	}
}

static ssize_t sysv_mq_attempt_send(void *endpoint, bool nowait)
{
	struct sysv_mq_endpoint *self = endpoint;

	return msgsnd(self->message.fd, self->buffer, self->message.data_bytes,
	              nowait ? IPC_NOWAIT : 0) < 0
	               ? sysv_mq_error(errno)
	               : 0;
}

static ssize_t sysv_mq_attempt_recv(void *endpoint, bool nowait)
{
	struct sysv_mq_endpoint *self = endpoint;
	ssize_t ret = msgrcv(self->message.fd, self->buffer, self->message.data_bytes, -TYPE_COUNT,
	                     nowait ? IPC_NOWAIT : 0);

	return ret < 0 ? sysv_mq_error(errno) : ret;
}

static int sysv_mq_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                                 enum ipc_role role)
{
	struct sysv_mq_channel *from = (struct sysv_mq_channel *)channel;
	struct sysv_mq_endpoint *self = malloc(sizeof(*self));

	if (!self)
		return -ENOMEM;
	message_endpoint_init(&self->message, &transport_sysv_mq, &from->options,
	                      role == IPC_PRODUCER ? sysv_mq_attempt_send : sysv_mq_attempt_recv,
	                      from->id, -1);
	self->buffer = malloc(sizeof(*self->buffer) + from->options.message_bytes_max);
	if (!self->buffer) {
		free(self);
		return -ENOMEM;
	}
	*out = &self->message.base;
	return 0;
}

static void sysv_mq_endpoint_close(struct ipc_endpoint *endpoint)
{
	if (!endpoint)
		return;
	free(((struct sysv_mq_endpoint *)endpoint)->buffer);
	message_endpoint_close(endpoint);
}

static int sysv_mq_send(struct ipc_endpoint *endpoint, const void *data, size_t data_bytes,
                        uint64_t deadline_ns, unsigned flags)
{
	struct sysv_mq_endpoint *self = (struct sysv_mq_endpoint *)endpoint;
	long level = (flags >> IPC_PRIORITY_SHIFT) & IPC_PRIORITY_MAX;

	if (data_bytes > self->message.message_bytes_max)
		return -EMSGSIZE;
	self->buffer->mtype = TYPE_COUNT - level;
	memcpy(self->buffer->mtext, data, data_bytes);
	return message_endpoint_send(endpoint, self->buffer->mtext, data_bytes, deadline_ns, flags);
}

static ssize_t sysv_mq_recv(struct ipc_endpoint *endpoint, void *data, size_t data_bytes_max,
                            uint64_t deadline_ns)
{
	struct sysv_mq_endpoint *self = (struct sysv_mq_endpoint *)endpoint;
	ssize_t ret =
		message_endpoint_recv(endpoint, self->buffer->mtext, data_bytes_max, deadline_ns);

	if (ret > 0)
		memcpy(data, self->buffer->mtext, (size_t)ret);
	return ret;
}

const struct ipc_transport transport_sysv_mq = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "sysv_mq",
	.summary = "private System V message queue",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_SPIN | IPC_CAP_EMPTY | IPC_CAP_PRIORITY |
                IPC_CAP_MULTI_PRODUCER | IPC_CAP_MULTI_CONSUMER | IPC_CAP_SURVIVES |
                IPC_CAP_THREADS | IPC_CAP_MESSAGE,
	.probe = sysv_mq_probe,
	.channel_create = sysv_mq_channel_create,
	.channel_destroy = sysv_mq_channel_destroy,
	.endpoint_open = sysv_mq_endpoint_open,
	.endpoint_close = sysv_mq_endpoint_close,
	.send = sysv_mq_send,
	.recv = sysv_mq_recv,
	.check = sysv_mq_check,
};
