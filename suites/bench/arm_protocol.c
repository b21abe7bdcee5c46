/* SPDX-License-Identifier: MIT */
/* suites/bench/arm_protocol.c - what ab and an arm say to each other. */
#include "suites/bench/arm_protocol.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "ipc/clock.h"

int arm_message_init(struct arm_message *message)
{
	*message = (struct arm_message){.buffer = malloc(ARM_MESSAGE_BYTES_MAX + 1)};
	return message->buffer ? 0 : -ENOMEM;
}

void arm_message_release(struct arm_message *message)
{
	free(message->buffer);
	*message = (struct arm_message){0};
}

int arm_writer_open(struct arm_writer *writer)
{
	*writer = (struct arm_writer){0};
	writer->out = open_memstream(&writer->text, &writer->bytes);
	return writer->out ? 0 : -ENOMEM;
}

static int send_parts(int fd, struct iovec *parts, size_t parts_count)
{
	const struct msghdr packet = {.msg_iov = parts, .msg_iovlen = parts_count};
	ssize_t sent;

	do {
		sent = sendmsg(fd, &packet, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return 0;
	return errno == ECONNRESET ? -EPIPE : -errno;
}

int arm_writer_send(struct arm_writer *writer, int fd, const void *blob, size_t blob_bytes)
{
	int ret = fclose(writer->out) == 0 ? 0 : -ENOMEM;
	struct iovec parts[] = {
		{.iov_base = writer->text, .iov_len = writer->bytes},
		{.iov_base = "\n", .iov_len = blob ? 1 : 0},
		{.iov_base = (void *)blob, .iov_len = blob_bytes},
	};

	if (ret == 0)
		ret = send_parts(fd, parts, blob ? 3 : 1);
	free(writer->text);
	*writer = (struct arm_writer){0};
	return ret;
}

int arm_say(int fd, const char *format, ...)
{
	struct arm_writer writer;
	va_list arguments;
	int ret = arm_writer_open(&writer);

	if (ret < 0)
		return ret;
	va_start(arguments, format);
	vfprintf(writer.out, format, arguments);
	va_end(arguments);
	fputc('\n', writer.out);
	return arm_writer_send(&writer, fd, NULL, 0);
}

/* Waits until there is something to read. Returns 0 or -errno, as arm_receive(). */
static int await_packet(int fd, uint64_t until_ns, int stop_fd)
{
	struct pollfd fds[2] = {
		{.fd = fd, .events = POLLIN},
		{.fd = stop_fd, .events = POLLIN},
	};
	int ready;

	do {
		uint64_t now_ns = clock_now_ns();
		struct timespec rest = clock_timespec(until_ns > now_ns ? until_ns - now_ns : 0);

		ready = ppoll(fds, 2, &rest, NULL);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return -errno;
	if (fds[1].revents)
		return -EINTR;
	return ready == 0 ? -ETIMEDOUT : 0;
}

/* Ends each line with a zero and finds the bytes behind the empty one. */
static int split(struct arm_message *message)
{
	char *at = message->buffer;
	char *end = message->buffer + message->bytes;

	while (at < end) {
		char *newline = memchr(at, '\n', (size_t)(end - at));

		if (!newline || memchr(at, '\0', (size_t)(newline - at)))
			return -EBADMSG;
		*newline = '\0';
		if (newline == at) {
			message->blob = (const unsigned char *)newline + 1;
			message->blob_bytes = (size_t)(end - newline - 1);
			message->bytes = (size_t)(at - message->buffer);
			break;
		}
		at = newline + 1;
	}
	return message->bytes > 0 ? 0 : -EBADMSG;
}

int arm_receive(int fd, struct arm_message *message, uint64_t until_ns, int stop_fd)
{
	int ret = await_packet(fd, until_ns, stop_fd);
	ssize_t got;

	if (ret < 0)
		return ret;
	got = recv(fd, message->buffer, ARM_MESSAGE_BYTES_MAX + 1, MSG_DONTWAIT);
	if (got < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (got == 0)
		return -EPIPE;
	if (got > (ssize_t)ARM_MESSAGE_BYTES_MAX)
		return -EBADMSG;
	message->bytes = (size_t)got;
	message->blob = NULL;
	message->blob_bytes = 0;
	return split(message);
}

const char *arm_next_line(const struct arm_message *message, const char *line)
{
	const char *next = line + strlen(line) + 1;

	return next < message->buffer + message->bytes ? next : NULL;
}

bool arm_line_is(const char *line, const char *verb)
{
	size_t verb_bytes = strlen(verb);

	return strncmp(line, verb, verb_bytes) == 0 &&
	       (line[verb_bytes] == ' ' || line[verb_bytes] == '\0');
}

/* Returns where the value of a key starts, or null. */
static const char *find_value(const char *line, const char *key)
{
	size_t key_bytes = strlen(key);
	const char *text = strstr(line, " text=");

	for (const char *at = strchr(line, ' '); at; at = strchr(at + 1, ' ')) {
		if (text && at > text)
			return NULL; /* What looks like a key there is part of the text. */
		if (strncmp(at + 1, key, key_bytes) == 0 && at[1 + key_bytes] == '=')
			return at + key_bytes + 2;
	}
	return NULL;
}

int arm_number(const char *line, const char *key, uint64_t *out)
{
	const char *value = find_value(line, key);
	unsigned long long number;
	char *end;

	if (!value || value[0] < '0' || value[0] > '9')
		return -EBADMSG;
	errno = 0;
	number = strtoull(value, &end, 10);
	if (errno != 0 || (*end != ' ' && *end != '\0'))
		return -EBADMSG;
	*out = number;
	return 0;
}

int arm_word(const char *line, const char *key, char *out, size_t out_bytes)
{
	const char *value = find_value(line, key);
	size_t bytes;

	if (!value)
		return -EBADMSG;
	bytes = strcmp(key, "text") == 0 ? strlen(value) : strcspn(value, " ");
	if (bytes >= out_bytes)
		bytes = out_bytes - 1;
	memcpy(out, value, bytes);
	out[bytes] = '\0';
	return 0;
}
