/* SPDX-License-Identifier: MIT */
/* ipc/limits.c - what a transport and this machine allow, said in one line. */
#include "ipc/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

int limits_refuse(char *why, size_t why_bytes, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, why_bytes, format, arguments);
	va_end(arguments);
	return error;
}

const char *limits_error(int error)
{
	switch (error) {
	case EMFILE:
		return "no descriptors are left: RLIMIT_NOFILE";
	case ENFILE:
		return "no open files are left: fs.file-max";
	default:
		return strerror(error);
	}
}

int limits_refuse_call(char *why, size_t why_bytes, int error, const char *call,
                       const char *feature)
{
	switch (error) {
	case -EPERM:
	case -EACCES:
		return limits_refuse(why, why_bytes, error,
		                     "a seccomp filter, as of a container, forbids %s", call);
	case -ENOSYS:
		return limits_refuse(why, why_bytes, error,
		                     "the kernel has no %s, or a seccomp filter hides %s", feature,
		                     call);
	default:
		return limits_refuse(why, why_bytes, error, "%s: %s", call, limits_error(-error));
	}
}

static uint32_t limits_waits(enum ipc_wait wait)
{
	switch (wait) {
	case IPC_WAIT_BLOCK:
		return IPC_CAP_BLOCK;
	case IPC_WAIT_SPIN:
		return IPC_CAP_SPIN;
	case IPC_WAIT_HYBRID:
		return IPC_CAP_BLOCK | IPC_CAP_SPIN;
	}
	return UINT32_MAX;
}

/* What is less is not asked for: /proc/meminfo takes as long as making a small channel. */
#define MEMORY_SMALL_BYTES ((size_t)64 << 20)
/* One channel takes at most this part of the memory. */
#define MEMORY_SHARE 4u

/* Reads the first number of a file. Returns it, or unknown. */
static uint64_t read_number(const char *path, uint64_t unknown)
{
	char text[32];
	char *end;
	uint64_t value;
	ssize_t bytes;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return unknown;
	bytes = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (bytes <= 0)
		return unknown;
	text[bytes] = '\0';
	errno = 0;
	value = strtoumax(text, &end, 10);
	return errno == 0 && end != text ? value : unknown;
}

/* Returns what the kernel calls available, or free where /proc can't be read; in bytes. */
static uint64_t memory_available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	struct sysinfo info;
	char line[128];
	uint64_t kib;
	bool is_found = false;

	while (file && !is_found && fgets(line, sizeof(line), file))
		is_found = sscanf(line, "MemAvailable: %" SCNu64 " kB", &kib) == 1;
	if (file)
		fclose(file);
	if (is_found)
		return kib * 1024;
	return sysinfo(&info) < 0 ? UINT64_MAX : (uint64_t)info.freeram * info.mem_unit;
}

int limits_check_memory(size_t count, size_t bytes, char *why, size_t why_bytes)
{
	uint64_t most;
	uint64_t group;

	if (bytes == 0 || count <= MEMORY_SMALL_BYTES / bytes)
		return 0;
	most = memory_available();
	/* Of a container, which sees its own group as the topmost one; version 2, and 1. */
	group = read_number("/sys/fs/cgroup/memory.max", UINT64_MAX);
	most = group < most ? group : most;
	group = read_number("/sys/fs/cgroup/memory/memory.limit_in_bytes", UINT64_MAX);
	most = (group < most ? group : most) / MEMORY_SHARE;
	if (count <= most / bytes)
		return 0;
	return limits_refuse(why, why_bytes, -ENOMEM,
	                     "%zu slots of %zu bytes are over 1/%u of the memory that is "
	                     "available: %" PRIu64 " bytes",
	                     count, bytes, MEMORY_SHARE, most);
}

int limits_check(const struct ipc_transport *transport, const struct ipc_channel_options *options,
                 size_t bytes_max, const char *limit, char *why, size_t why_bytes)
{
	uint32_t waits = limits_waits(options->wait);

	if (options->slot_count == 0)
		return limits_refuse(why, why_bytes, -EINVAL, "a channel needs at least 1 slot");
	if ((transport->caps & waits) != waits)
		return limits_refuse(why, why_bytes, -EINVAL, "%s can't wait in this way",
		                     transport->name);
	if (options->producer_count > 1 && !(transport->caps & IPC_CAP_MULTI_PRODUCER))
		return limits_refuse(why, why_bytes, -EINVAL, "%s takes one producer, not %u",
		                     transport->name, options->producer_count);
	if (options->consumer_count > 1 &&
	    !(transport->caps & (IPC_CAP_MULTI_CONSUMER | IPC_CAP_BROADCAST)))
		return limits_refuse(why, why_bytes, -EINVAL, "%s takes one consumer, not %u",
		                     transport->name, options->consumer_count);
	if (options->message_bytes_max > bytes_max)
		return limits_refuse(why, why_bytes, -EMSGSIZE,
		                     "messages of %zu bytes are over %s: %zu bytes",
		                     options->message_bytes_max, limit, bytes_max);
	return limits_check_memory(1, options->message_bytes_max, why, why_bytes);
}

uint64_t limits_sysctl(const char *path, uint64_t unknown)
{
	char name[128];

	snprintf(name, sizeof(name), "/proc/sys/%s", path);
	return read_number(name, unknown);
}

int limits_allow(const struct ipc_transport *transport, const struct ipc_channel_options *options)
{
	char why[LIMITS_WHY_BYTES];

	return transport->check ? transport->check(options, why, sizeof(why)) : 0;
}
