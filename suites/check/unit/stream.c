/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/stream.c - tests of ipc/stream.c, on a mechanism of our own:
 * a move that passes as many bytes as a script says, down to one at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/stream.h"

#define WIRE_BYTES 4096
/* A short message goes as one piece, a long one as header and payload. */
#define SHORT_BYTES_MAX 64u
#define LONG_BYTES_MAX (STREAM_SHORT_BYTES_MAX + 64u)

/* What both ends share in place of a pipe. */
struct wire {
	unsigned char bytes[WIRE_BYTES];
	size_t head;
	size_t tail;
	size_t room; /* bytes that may still be written */
	size_t step; /* bytes that one move passes at most */
	bool is_closed;
};

struct fixture {
	struct wire wire;
	struct stream producer;
	struct stream consumer;
	struct ipc_channel_options options;
	unsigned char data[LONG_BYTES_MAX + 1];
};

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static ssize_t wire_write(struct stream *stream, uint64_t deadline_ns)
{
	struct wire *wire = stream->driver;
	size_t left = least(wire->step, wire->room);
	size_t moved = 0;

	if (wire->is_closed)
		return -EPIPE;
	if (left == 0)
		return deadline_ns == 0 ? -EAGAIN : -ETIMEDOUT;
	for (int i = 0; i < stream->iov_count && moved < left; i++) {
		size_t bytes = least(stream->iov[i].iov_len, left - moved);

		memcpy(wire->bytes + wire->tail, stream->iov[i].iov_base, bytes);
		wire->tail += bytes;
		moved += bytes;
	}
	wire->room -= moved;
	return (ssize_t)moved;
}

static ssize_t wire_read(struct stream *stream, uint64_t deadline_ns)
{
	struct wire *wire = stream->driver;
	size_t left = least(wire->step, wire->tail - wire->head);
	size_t moved = 0;

	if (left == 0 && wire->is_closed)
		return 0;
	if (left == 0)
		return deadline_ns == 0 ? -EAGAIN : -ETIMEDOUT;
	for (int i = 0; i < stream->iov_count && moved < left; i++) {
		size_t bytes = least(stream->iov[i].iov_len, left - moved);

		memcpy(stream->iov[i].iov_base, wire->bytes + wire->head, bytes);
		wire->head += bytes;
		moved += bytes;
	}
	return (ssize_t)moved;
}

static int set_up(void **state, size_t message_bytes_max)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->options = (struct ipc_channel_options){
		.message_bytes_max = message_bytes_max,
		.slot_count = 1,
	};
	if (stream_init(&f->producer, wire_write, &f->options, -1, -1) < 0 ||
	    stream_init(&f->consumer, wire_read, &f->options, -1, -1) < 0)
		return -1;
	f->wire.room = WIRE_BYTES;
	f->wire.step = WIRE_BYTES;
	f->producer.driver = &f->wire;
	f->consumer.driver = &f->wire;
	*state = f;
	return 0;
}

static int set_up_short(void **state)
{
	return set_up(state, SHORT_BYTES_MAX);
}

static int set_up_long(void **state)
{
	return set_up(state, LONG_BYTES_MAX);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	f->wire.is_closed = true;
	stream_close(&f->producer, IPC_PRODUCER, 0);
	stream_close(&f->consumer, IPC_CONSUMER, 0);
	free(f);
	return 0;
}

static void expect_message(struct fixture *f, const char *text)
{
	size_t max = f->options.message_bytes_max;

	memset(f->data, 0, sizeof(f->data));
	assert_int_equal(stream_recv(&f->consumer, f->data, max, 0), strlen(text));
	assert_memory_equal(f->data, text, strlen(text));
}

static void expect_error(struct fixture *f, int error)
{
	assert_int_equal(stream_recv(&f->consumer, f->data, f->options.message_bytes_max, 0),
	                 error);
}

static void messages_keep_their_boundaries_in_one_read(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(stream_send(&f->producer, "one", 3, 0), 0);
	assert_int_equal(stream_send(&f->producer, "", 0, 0), 0);
	assert_int_equal(stream_send(&f->producer, "three", 5, 0), 0);
	expect_message(f, "one");
	expect_message(f, "");
	expect_message(f, "three");
}

static void a_message_arrives_whole_a_byte_at_a_time(void **state)
{
	struct fixture *f = *state;

	f->wire.step = 1;
	assert_int_equal(stream_send(&f->producer, "piecemeal", 9, 0), 0);
	expect_message(f, "piecemeal");
	expect_error(f, -EAGAIN);
}

static void a_message_too_long_leaves_nothing_behind(void **state)
{
	struct fixture *f = *state;
	size_t max = f->options.message_bytes_max;

	assert_int_equal(stream_send(&f->producer, f->data, max + 1, 0), -EMSGSIZE);
	assert_int_equal(f->wire.tail, 0);
}

static void a_send_without_room_leaves_nothing_behind(void **state)
{
	struct fixture *f = *state;

	f->wire.room = 0;
	assert_int_equal(stream_send(&f->producer, "no", 2, 0), -EAGAIN);
	assert_int_equal(stream_send(&f->producer, "no", 2, 1), -ETIMEDOUT);
	f->wire.room = WIRE_BYTES;
	assert_int_equal(stream_send(&f->producer, "yes", 3, 0), 0);
	expect_message(f, "yes");
}

static void a_message_that_began_is_accepted_and_written_later(void **state)
{
	struct fixture *f = *state;

	for (size_t room = 1; room < STREAM_HEADER_BYTES + 5; room++) {
		f->wire = (struct wire){.room = room, .step = WIRE_BYTES};
		assert_int_equal(stream_send(&f->producer, "begun", 5, 0), 0);
		expect_error(f, -EAGAIN);
		assert_int_equal(stream_flush(&f->producer, 0), -EAGAIN);
		f->wire.room = WIRE_BYTES;
		/* Before the next message, and without being asked. */
		assert_int_equal(stream_send(&f->producer, "next", 4, 0), 0);
		expect_message(f, "begun");
		expect_message(f, "next");
	}
}

static void closing_writes_what_was_kept(void **state)
{
	struct fixture *f = *state;

	f->wire.room = 3;
	assert_int_equal(stream_send(&f->producer, "kept", 4, 0), 0);
	f->wire.room = WIRE_BYTES;
	stream_close(&f->producer, IPC_PRODUCER, 0);
	expect_message(f, "kept");
	assert_int_equal(stream_init(&f->producer, wire_write, &f->options, -1, -1), 0);
}

static void a_gone_producer_is_told_after_its_last_message(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(stream_send(&f->producer, "last", 4, 0), 0);
	f->wire.is_closed = true;
	expect_message(f, "last");
	expect_error(f, -EPIPE);
	assert_int_equal(stream_send(&f->producer, "more", 4, 0), -EPIPE);
}

static void a_message_cut_short_is_never_delivered(void **state)
{
	struct fixture *f = *state;

	for (size_t room = 1; room < STREAM_HEADER_BYTES + 4; room++) {
		f->wire = (struct wire){.room = room, .step = WIRE_BYTES};
		f->producer.rest_bytes = 0;
		f->consumer.rest_bytes = 0;
		assert_int_equal(stream_send(&f->producer, "torn", 4, 0), 0);
		f->wire.is_closed = true;
		expect_error(f, -EPIPE);
	}
}

static void an_impossible_length_kills_the_stream(void **state)
{
	struct fixture *f = *state;
	const uint32_t length = (uint32_t)f->options.message_bytes_max + 1;

	memcpy(f->wire.bytes, &length, sizeof(length));
	f->wire.tail = sizeof(length) + 8;
	expect_error(f, -EBADMSG);
	expect_error(f, -EBADMSG);
}

static void a_buffer_too_small_takes_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(stream_send(&f->producer, "safe", 4, 0), 0);
	assert_int_equal(stream_recv(&f->consumer, f->data, f->options.message_bytes_max - 1, 0),
	                 -EMSGSIZE);
	expect_message(f, "safe");
}

#define SHORT(name)                                                                                \
	{                                                                                          \
#name ".short", name, set_up_short, tear_down, NULL                                \
	}
#define LONG(name)                                                                                 \
	{                                                                                          \
#name ".long", name, set_up_long, tear_down, NULL                                  \
	}
#define TEST(name) SHORT(name), LONG(name)

const struct CMUnitTest unit_stream_tests[] = {
	TEST(messages_keep_their_boundaries_in_one_read),
	TEST(a_message_arrives_whole_a_byte_at_a_time),
	TEST(a_message_too_long_leaves_nothing_behind),
	TEST(a_send_without_room_leaves_nothing_behind),
	TEST(a_message_that_began_is_accepted_and_written_later),
	TEST(closing_writes_what_was_kept),
	TEST(a_gone_producer_is_told_after_its_last_message),
	TEST(a_message_cut_short_is_never_delivered),
	TEST(an_impossible_length_kills_the_stream),
	TEST(a_buffer_too_small_takes_nothing),
};
const size_t unit_stream_tests_count = sizeof(unit_stream_tests) / sizeof(unit_stream_tests[0]);
