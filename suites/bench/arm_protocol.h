/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/arm_protocol.h - what ab and an arm say to each other.
 *
 * An arm is a process of the build under test that measures at another's word. A
 * message is one packet of a SOCK_SEQPACKET pair: a line "verb key=value ...",
 * further lines, and after an empty line bytes. The key text, always last, takes
 * the rest of its line. Unknown keys are ignored, so that a later version can add some.
 *
 *   arm   hello protocol= tool=               once, first
 *   ab    plan, then a filter a line
 *   arm     cells, then lines "cell name= in_flight= metric= slices= hybrid=" or "skip name= text="
 *   ab    prepare cell= seed= round= warmup_ns= allowed_ns= spin_ns= tick_ns=
 *           delay_ns= one_in= pin=            the last three may be absent
 *   arm     ready operation_ns=               peers are warm and parked
 *   ab    slice operations= skipped= batch=   no answer
 *   ab    park
 *   arm     parked elapsed_ns=                peers are parked again
 *   ab    histogram
 *   arm     run metric= ..., lines "peer name= ...", the bytes of a loglin1 histogram
 *   ab    stop                                the arm exits
 *   arm     failed text=                      in place of any answer: the round is over
 *   arm     refused text=                     in place of cells: a filter is wrong
 */
#ifndef SUITES_BENCH_ARM_PROTOCOL_H
#define SUITES_BENCH_ARM_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define ARM_PROTOCOL 1u
#define ARM_MESSAGE_BYTES_MAX (160u * 1024)
#define ARM_CELLS_MAX 512u /* in one plan, so that it fits a message */

/* A message that came. Lines are terminated in place; line 0 has the verb. */
struct arm_message {
	char *buffer;
	size_t bytes;
	const unsigned char *blob; /* after the empty line; null: none */
	size_t blob_bytes;
};

/* A message to be written with stdio, then sent. */
struct arm_writer {
	char *text;
	size_t bytes;
	FILE *out; /* write here */
};

/* Makes room for messages. Returns 0, or -ENOMEM. */
int arm_message_init(struct arm_message *message);
void arm_message_release(struct arm_message *message);

/* Starts a message. Returns 0, or -ENOMEM. */
int arm_writer_open(struct arm_writer *writer);

/* Sends what was written, and blob behind it (null: none). Returns 0, or -errno; -EPIPE: gone. */
int arm_writer_send(struct arm_writer *writer, int fd, const void *blob, size_t blob_bytes);

/* Formats and sends one line. Errors as arm_writer_send(). */
int arm_say(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Waits for a message until until_ns. stop_fd: -1, or gives up when it is readable.
 * Returns 0, or -errno: -ETIMEDOUT, -EINTR (stop_fd), -EPIPE (the other has gone),
 * -EBADMSG (too long, or no line).
 */
int arm_receive(int fd, struct arm_message *message, uint64_t until_ns, int stop_fd);

/* Returns the line after this one, or null. The first is message->buffer. */
const char *arm_next_line(const struct arm_message *message, const char *line);

/* Says whether a line starts with this verb. */
bool arm_line_is(const char *line, const char *verb);

/* Finds a number in a line. Returns 0, or -EBADMSG (absent, or none). */
int arm_number(const char *line, const char *key, uint64_t *out);

/* Finds a word in a line, or the rest of it for the key text. Returns 0, or -EBADMSG. */
int arm_word(const char *line, const char *key, char *out, size_t out_bytes);

#endif
