/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/broken.c - a plug-in of transports that go wrong in mid-run, each in
 * one way: a round over them must become an error, and never a number or a hang.
 */
#include "ipc/plugin.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>

#define BROKEN_BYTES_MAX 4096u
/* The send that goes wrong, counted by each process; past the messages of a warm-up's start. */
#define BROKEN_SEND 100u

static const struct ipc_transport swallows;
static const struct ipc_transport lies;
static const struct ipc_transport dies;
static const struct ipc_transport hangs;

static unsigned send_count;

static int broken_probe(char *why, size_t why_bytes)
{
	return (void)why, (void)why_bytes, 0;
}

static int broken_open_both(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds);
}

static ssize_t broken_put(int fd, void *data, size_t data_bytes)
{
	return send(fd, data, data_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static ssize_t broken_get(int fd, void *data, size_t data_bytes)
{
	return recv(fd, data, data_bytes, MSG_DONTWAIT);
}

/* Does what the transport's name says. Returns whether the message shall still be sent. */
static bool go_wrong(const struct ipc_transport *transport, unsigned char *data)
{
	if (transport == &lies)
		data[0] ^= 1;
	if (transport == &dies)
		raise(SIGKILL);
	while (transport == &hangs)
		pause();
	return transport != &swallows;
}

static int broken_send(struct ipc_endpoint *endpoint, const void *data, size_t data_bytes,
                       uint64_t deadline_ns, unsigned flags)
{
	unsigned char copy[BROKEN_BYTES_MAX];
	ssize_t ret;

	(void)flags;
	if (data_bytes == 0)
		return -EINVAL;
	if (data_bytes > plugin_bytes_max(endpoint))
		return -EMSGSIZE;
	for (size_t i = 0; i < data_bytes; i++)
		copy[i] = ((const unsigned char *)data)[i];
	if (++send_count == BROKEN_SEND && !go_wrong(endpoint->transport, copy))
		return 0;
	ret = plugin_call(endpoint, broken_put, POLLOUT, copy, data_bytes, deadline_ns);
	return ret < 0 ? (int)ret : 0;
}

static ssize_t broken_recv(struct ipc_endpoint *endpoint, void *data, size_t data_bytes_max,
                           uint64_t deadline_ns)
{
	ssize_t ret;

	if (data_bytes_max < plugin_bytes_max(endpoint))
		return -EMSGSIZE;
	ret = plugin_call(endpoint, broken_get, POLLIN, data, data_bytes_max, deadline_ns);
	return ret == 0 ? -EPIPE : ret;
}

/* One of them; they differ in what go_wrong() does. */
#define BROKEN(fault)                                                                              \
	static int fault##_create(struct ipc_channel **out,                                        \
	                          const struct ipc_channel_options *options)                       \
	{                                                                                          \
		return plugin_channel_create(out, &fault, options, BROKEN_BYTES_MAX,               \
		                             broken_open_both);                                    \
	}                                                                                          \
	static const struct ipc_transport fault = {                                                \
		.abi = IPC_TRANSPORT_ABI,                                                          \
		.size = sizeof(struct ipc_transport),                                              \
		.name = #fault,                                                                    \
		.summary = "goes wrong in mid-run",                                                \
		.caps = IPC_CAP_NOWAIT | IPC_CAP_BLOCK | IPC_CAP_HANGUP | IPC_CAP_THREADS |        \
	                IPC_CAP_MESSAGE,                                                           \
		.probe = broken_probe,                                                             \
		.channel_create = fault##_create,                                                  \
		.channel_drop = plugin_channel_drop,                                               \
		.channel_destroy = plugin_channel_destroy,                                         \
		.endpoint_open = plugin_endpoint_open,                                             \
		.endpoint_close = plugin_endpoint_close,                                           \
		.send = broken_send,                                                               \
		.recv = broken_recv,                                                               \
	}

BROKEN(swallows);
BROKEN(lies);
BROKEN(dies);
BROKEN(hangs);

static const struct ipc_transport *const transports[] = {&swallows, &lies, &dies, &hangs};

extern const struct ipc_plugin ipc_plugin;
IPC_PLUGIN_EXPORT const struct ipc_plugin ipc_plugin = {
	.abi = IPC_TRANSPORT_ABI,
	.transport_count = sizeof(transports) / sizeof(transports[0]),
	.transports = transports,
};
