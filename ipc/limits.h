/* SPDX-License-Identifier: MIT */
/*
 * ipc/limits.h - what a transport and this machine allow, said in one line.
 *
 * The optional check() of a transport and its channel_create() ask the same
 * questions; both go through here, so that a skip and a failure have one cause.
 */
#ifndef IPC_LIMITS_H
#define IPC_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "ipc/transport.h"

/* Room for a why line of probe() and check(). */
#define LIMITS_WHY_BYTES 256

/* Writes the line that format makes into why. Returns error, a negative errno. */
int limits_refuse(char *why, size_t why_bytes, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * The same for a system call that a transport can't do without. EPERM and ENOSYS are how a
 * seccomp filter answers; feature: what of the kernel's the call needs, as "System V queues
 * (CONFIG_SYSVIPC)".
 */
int limits_refuse_call(char *why, size_t why_bytes, int error, const char *call,
                       const char *feature);

/*
 * Checks the options that every transport checks: counts, slots and waits
 * against the capabilities, and message_bytes_max against bytes_max, whose
 * cause is limit ("PIPE_BUF with many producers"), and against memory.
 *
 * Returns 0, or -errno with one line in why: -EINVAL, -EMSGSIZE, -ENOMEM.
 */
int limits_check(const struct ipc_transport *transport, const struct ipc_channel_options *options,
                 size_t bytes_max, const char *limit, char *why, size_t why_bytes);

/*
 * Checks that count pieces of bytes each are at most a quarter of the memory that is
 * available: a round trip has two channels, and both peers have buffers of their own.
 * What is over it would not be refused by the kernel, but cost other processes their
 * lives. Returns 0, or -ENOMEM with one line in why.
 */
int limits_check_memory(size_t count, size_t bytes, char *why, size_t why_bytes);

/* Returns one line on a positive errno, as strerror(), which names the limit behind it. */
const char *limits_error(int error);

/* Returns a number under /proc/sys ("fs/mqueue/msg_max"), or unknown if it can't be read. */
uint64_t limits_sysctl(const char *path, uint64_t unknown);

/* Runs the transport's check(), if there is one, without its line of text. */
int limits_allow(const struct ipc_transport *transport, const struct ipc_channel_options *options);

#endif
