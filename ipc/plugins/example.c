/* SPDX-License-Identifier: MIT */
/*
 * ipc/plugins/example.c - a whole plug-in: one transport, a pair of SEQPACKET
 * sockets. Start from a copy; ipc-transport(7) says what each member promises.
 */
#include "ipc/plugin.h"

#include <sys/socket.h>

#define EXAMPLE_BYTES_MAX 65536u /* what every default SO_SNDBUF has room for */

static const struct ipc_transport example;

static int example_probe(char *why, size_t why_bytes)
{
	return (void)why, (void)why_bytes, 0; /* Linux always has these sockets. */
}

static int example_open_both(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds);
}

static int example_create(struct ipc_channel **out, const struct ipc_channel_options *options)
{
	return plugin_channel_create(out, &example, options, EXAMPLE_BYTES_MAX, example_open_both);
}

static ssize_t example_put(int fd, void *data, size_t data_bytes)
{
	return send(fd, data, data_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int example_send(struct ipc_endpoint *endpoint, const void *data, size_t data_bytes,
                        uint64_t deadline_ns, unsigned flags)
{
	ssize_t ret;

	(void)flags;         /* No priorities; that more follows helps no socket. */
	if (data_bytes == 0) /* It would look like the end of file. */
		return -EINVAL;
	if (data_bytes > plugin_bytes_max(endpoint))
		return -EMSGSIZE;
	ret = plugin_call(endpoint, example_put, POLLOUT, (void *)data, data_bytes, deadline_ns);
	return ret < 0 ? (int)ret : 0;
}

static ssize_t example_get(int fd, void *data, size_t data_bytes)
{
	return recv(fd, data, data_bytes, MSG_DONTWAIT);
}

static ssize_t example_recv(struct ipc_endpoint *endpoint, void *data, size_t data_bytes_max,
                            uint64_t deadline_ns)
{
	ssize_t ret;

	if (data_bytes_max < plugin_bytes_max(endpoint))
		return -EMSGSIZE;
	ret = plugin_call(endpoint, example_get, POLLIN, data, data_bytes_max, deadline_ns);
	return ret == 0 ? -EPIPE : ret;
}

static const struct ipc_transport example = {
	.abi = IPC_TRANSPORT_ABI,
	.size = sizeof(struct ipc_transport),
	.name = "example",
	.summary = "plug-in to start from: a pair of SEQPACKET sockets",
	.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_MULTI_PRODUCER | IPC_CAP_MULTI_CONSUMER |
                IPC_CAP_HANGUP | IPC_CAP_THREADS | IPC_CAP_MESSAGE,
	.probe = example_probe,
	.channel_create = example_create,
	.channel_drop = plugin_channel_drop,
	.channel_destroy = plugin_channel_destroy,
	.endpoint_open = plugin_endpoint_open,
	.endpoint_close = plugin_endpoint_close,
	.send = example_send,
	.recv = example_recv,
};

static const struct ipc_transport *const transports[] = {&example};

extern const struct ipc_plugin ipc_plugin;
IPC_PLUGIN_EXPORT const struct ipc_plugin ipc_plugin = {IPC_TRANSPORT_ABI, 1, transports};
