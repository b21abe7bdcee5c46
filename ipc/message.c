/* SPDX-License-Identifier: MIT */
/* ipc/message.c - the endpoint of a mechanism that keeps message boundaries. */
#include "ipc/message.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

void message_endpoint_init(struct message_endpoint *endpoint, const struct ipc_transport *transport,
                           const struct ipc_channel_options *options, blocking_attempt *attempt,
                           int fd, int fd_nowait)
{
	*endpoint = (struct message_endpoint){
		.base.transport = transport,
		.blocking = {.wait = options->wait, .spin_ns = options->spin_ns},
		.attempt = attempt,
		.fd = fd,
		.fd_nowait = fd_nowait,
		.message_bytes_max = options->message_bytes_max,
	};
}

int message_endpoint_open(struct ipc_endpoint **out, const struct ipc_transport *transport,
                          const struct ipc_channel_options *options, blocking_attempt *attempt,
                          int fd, int fd_nowait)
{
	struct message_endpoint *self = malloc(sizeof(*self));

	if (!self)
		return -ENOMEM;
	message_endpoint_init(self, transport, options, attempt, fd, fd_nowait);
	*out = &self->base;
	return 0;
}

void message_endpoint_close(struct ipc_endpoint *endpoint)
{
	if (!endpoint)
		return;
	blocking_release(&((struct message_endpoint *)endpoint)->blocking);
	free(endpoint);
}

int message_endpoint_send(struct ipc_endpoint *endpoint, const void *data, size_t data_bytes,
                          uint64_t deadline_ns, unsigned flags)
{
	struct message_endpoint *self = (struct message_endpoint *)endpoint;
	ssize_t ret;

	if (data_bytes > self->message_bytes_max)
		return -EMSGSIZE;
	if (data_bytes == 0 && !(endpoint->transport->caps & IPC_CAP_EMPTY))
		return -EINVAL;
	self->data.from = data;
	self->data_bytes = data_bytes;
	self->level = (flags >> IPC_PRIORITY_SHIFT) & IPC_PRIORITY_MAX;
	ret = blocking_call(&self->blocking, self->attempt, self,
	                    ipc_deadline(endpoint, deadline_ns));
	return ret < 0 ? (int)ret : 0;
}

ssize_t message_endpoint_recv(struct ipc_endpoint *endpoint, void *data, size_t data_bytes_max,
                              uint64_t deadline_ns)
{
	struct message_endpoint *self = (struct message_endpoint *)endpoint;
	ssize_t ret;

	if (data_bytes_max < self->message_bytes_max)
		return -EMSGSIZE;
	self->data.to = data;
	self->data_bytes = self->message_bytes_max;
	ret = blocking_call(&self->blocking, self->attempt, self,
	                    ipc_deadline(endpoint, deadline_ns));
	/* Longer than this channel carries: whoever sent it does not keep to the contract. */
	if (ret > 0 && (size_t)ret > self->message_bytes_max)
		return -EBADMSG;
	return ret;
}

ssize_t message_send_socket(void *endpoint, bool nowait)
{
	struct message_endpoint *self = endpoint;
	ssize_t ret = send(self->fd, self->data.from, self->data_bytes,
	                   MSG_NOSIGNAL | (nowait ? MSG_DONTWAIT : 0));

	if (ret >= 0)
		return 0;
	switch (errno) {
	case ECONNREFUSED: /* a datagram socket's first word of a gone peer */
	case ENOTCONN:     /* and its later ones */
	case ECONNRESET:
		return -EPIPE;
	case ENOBUFS: /* no memory for a message of this size now */
		return -ENOMEM;
	default:
		return -errno;
	}
}

ssize_t message_recv_datagram(void *endpoint, bool nowait)
{
	struct message_endpoint *self = endpoint;
	/* MSG_TRUNC asks for the true size, so that a cut message is seen. */
	ssize_t ret = recv(self->fd, self->data.to, self->data_bytes,
	                   MSG_TRUNC | (nowait ? MSG_DONTWAIT : 0));

	return ret < 0 ? -errno : ret;
}
