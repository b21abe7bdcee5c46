/* SPDX-License-Identifier: MIT */
/*
 * ipc/sockets.c - connected Unix sockets without a name, and their buffers.
 *
 * The kernel charges the sender's buffer for a message and for its bookkeeping
 * until the receiver has taken it. It grants SO_SNDBUF twice what is asked, but
 * at most twice net.core.wmem_max, and refuses a message that is longer than
 * the grant less SOCKETS_RESERVE_BYTES (net/unix/af_unix.c, unix_dgram_sendmsg).
 */
#include "ipc/sockets.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/limits.h"

#define SOCKETS_RESERVE_BYTES 32u
#define SOCKETS_WMEM_DEFAULT_BYTES 212992u
/* A buffer is rounded up to a power of two at worst, and has two heads. */
#define SOCKETS_OVERHEAD_BYTES 1024u

static size_t sockets_granted(int fd)
{
	int bytes = 0;
	socklen_t length = sizeof(bytes);

	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, &length) < 0 || bytes < 0)
		return 0;
	return (size_t)bytes;
}

/* Asks for room for all slots; less of it only means earlier backpressure. */
static void sockets_grow(int fd, const struct ipc_channel_options *options)
{
	size_t each = options->message_bytes_max + SOCKETS_OVERHEAD_BYTES;
	size_t wanted = options->slot_count < INT_MAX / each ? options->slot_count * each : INT_MAX;
	int bytes = (int)wanted;

	if (2 * wanted > sockets_granted(fd))
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

int sockets_open_pair(int fds[2], int type, const struct ipc_channel_options *options)
{
	int made[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, made) < 0)
		return -errno;
	sockets_grow(made[IPC_PRODUCER], options);
	if (type != SOCK_STREAM && options->message_bytes_max + SOCKETS_RESERVE_BYTES >
	                                   sockets_granted(made[IPC_PRODUCER])) {
		close(made[0]);
		close(made[1]);
		return -EMSGSIZE;
	}
	fds[0] = made[0];
	fds[1] = made[1];
	return 0;
}

int sockets_probe(int type, char *why, size_t why_bytes)
{
	int fds[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) < 0)
		return limits_refuse_call(why, why_bytes, -errno, "socketpair",
		                          "Unix sockets (CONFIG_UNIX)");
	close(fds[0]);
	close(fds[1]);
	return 0;
}

int sockets_check(const struct ipc_transport *transport, const struct ipc_channel_options *options,
                  char *why, size_t why_bytes)
{
	uint64_t most = limits_sysctl("net/core/wmem_max", SOCKETS_WMEM_DEFAULT_BYTES);

	if (most > INT_MAX / 2)
		most = INT_MAX / 2;
	return limits_check(transport, options, (size_t)(2 * most) - SOCKETS_RESERVE_BYTES,
	                    "2 x net.core.wmem_max", why, why_bytes);
}
