/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_stdio.c - streams of libc, over pipes and sockets.
 *
 * libc reads and writes descriptors out of sight, when its buffer is empty or
 * full. What is written releases to the channel as a whole, at each call that
 * may flush. What is read is known by its number of bytes, from how many are
 * left in the kernel: one buffer's worth may hold several messages, and then
 * the reader comes after all of them.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "suites/racecheck/runtime/fd.h"
#include "suites/racecheck/runtime/process.h"

/* Declared here: libc's headers give them other names. */
int __isoc99_vfscanf(FILE *file, const char *format, va_list arguments);
int __isoc23_vfscanf(FILE *file, const char *format, va_list arguments);

enum { WRITTEN_MAX = 1024 };

/* Descriptors that streams were written to: exit() flushes them. */
static _Atomic bool is_written[WRITTEN_MAX];

static bool is_carrier(const struct fd_look *look)
{
	return look->type == FD_PIPE || look->type == FD_STREAM || look->type == FD_MESSAGE ||
	       look->type == FD_FILE;
}

/* Before bytes may go out. Under the scheduler a full pipe is waited for outside. */
static bool output_begin(int fd, enum edge edge)
{
	struct fd_look look;
	bool is_outside;

	if (fd < 0)
		return false;
	BUSY(fd_look(fd, &look));
	if (!is_carrier(&look))
		return false;
	if (fd < WRITTEN_MAX)
		is_written[fd] = true;
	channel_release(look.write, edge);
	if (look.type == FD_FILE)
		fd_changing(CHANGE_DATA, edge);
	is_outside = is_scheduled && look.type != FD_FILE && fd_poll(fd, POLLOUT) == 0;
	if (is_outside)
		schedule_outside(edge);
	return is_outside;
}

static void output_end(bool is_outside)
{
	if (is_outside)
		schedule_inside();
	schedule_wake();
	call_end();
}

void stdio_ending(void)
{
	for (int fd = 0; fd < WRITTEN_MAX; fd++) {
		struct fd_look look;

		if (!is_written[fd])
			continue;
		BUSY(fd_look(fd, &look));
		if (is_carrier(&look))
			channel_release(look.write, EDGE_fflush);
	}
}

/* OUTPUT: a call that may write out file's buffer. No point of the scheduler: it waits for none. */
#define OUTPUT(name, ret_type, parameters, arguments, file, touched)                               \
	INTERPOSE ret_type name parameters                                                         \
	{                                                                                          \
		bool is_outside;                                                                   \
		ret_type ret;                                                                      \
                                                                                                   \
		if (!call_enter(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		touched;                                                                           \
		is_outside = output_begin(fileno(file), EDGE_##name);                              \
		ret = REAL(name) arguments;                                                        \
		output_end(is_outside);                                                            \
		return ret;                                                                        \
	}

OUTPUT(fwrite, size_t, (const void *data, size_t bytes, size_t count, FILE *file),
       (data, bytes, count, file), file, READS(data, bytes *count))
OUTPUT(fputs, int, (const char *text, FILE *file), (text, file), file,
       READS(text, strlen(text) + 1))
OUTPUT(fputc, int, (int byte, FILE *file), (byte, file), file, (void)0)
OUTPUT(putc, int, (int byte, FILE *file), (byte, file), file, (void)0)
OUTPUT(putchar, int, (int byte), (byte), stdout, (void)0)
OUTPUT(__overflow, int, (FILE * file, int byte), (file, byte), file, (void)0)
OUTPUT(vfprintf, int, (FILE * file, const char *format, va_list arguments),
       (file, format, arguments), file, touch_format(format, arguments, CALLER))

#define PRINT(name, parameters, last, file)                                                        \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		va_list arguments;                                                                 \
		int ret;                                                                           \
                                                                                                   \
		self.forwarder = self.forwarder ? self.forwarder : CALLER;                         \
		va_start(arguments, last);                                                         \
		ret = vfprintf(file, format, arguments);                                           \
		va_end(arguments);                                                                 \
		self.forwarder = 0;                                                                \
		return ret;                                                                        \
	}

PRINT(fprintf, (FILE * file, const char *format, ...), format, file)
PRINT(printf, (const char *format, ...), format, stdout)
PRINT(__fprintf_chk, (FILE * file, __attribute__((unused)) int flag, const char *format, ...),
      format, file)
PRINT(__printf_chk, (__attribute__((unused)) int flag, const char *format, ...), format, stdout)

INTERPOSE int vprintf(const char *format, va_list arguments)
{
	return vfprintf(stdout, format, arguments);
}

INTERPOSE int vdprintf(int fd, const char *format, va_list arguments)
{
	bool is_outside;
	int ret;

	if (!call_enter(EDGE_vdprintf, CALLER))
		return REAL(vdprintf)(fd, format, arguments);
	touch_format(format, arguments, CALLER);
	is_outside = output_begin(fd, EDGE_vdprintf);
	ret = REAL(vdprintf)(fd, format, arguments);
	output_end(is_outside);
	return ret;
}

INTERPOSE int dprintf(int fd, const char *format, ...)
{
	va_list arguments;
	int ret;

	va_start(arguments, format);
	ret = vdprintf(fd, format, arguments);
	va_end(arguments);
	return ret;
}

INTERPOSE int fflush(FILE *file)
{
	bool is_outside = false;
	int ret;

	if (!call_enter(EDGE_fflush, CALLER))
		return REAL(fflush)(file);
	if (file)
		is_outside = output_begin(fileno(file), EDGE_fflush);
	else
		stdio_ending();
	ret = REAL(fflush)(file);
	output_end(is_outside);
	return ret;
}

INTERPOSE int fclose(FILE *file)
{
	bool is_outside;
	int fd = fileno(file);
	int ret;

	if (!call_enter(EDGE_fclose, CALLER))
		return REAL(fclose)(file);
	is_outside = output_begin(fd, EDGE_fclose);
	if (fd >= 0)
		BUSY(fd_closed(fd, EDGE_fclose));
	ret = REAL(fclose)(file);
	output_end(is_outside);
	return ret;
}

/* ---- input ---- */

struct input {
	FILE *file;
	struct fd_look look;
	bool is_buffered; /* there was something in libc's buffer before the call */
	enum edge edge;
};

static struct input input_begin(FILE *file, enum edge edge)
{
	struct input input = {
		.file = file,
		.is_buffered = file->_IO_read_ptr < file->_IO_read_end,
		.edge = edge,
	};
	int fd = fileno(file);

	if (fd >= 0)
		BUSY(fd_look(fd, &input.look));
	/* Under the scheduler the call is made when there is something to read. */
	while (is_scheduled && !input.is_buffered && is_carrier(&input.look) &&
	       fd_poll(fd, POLLIN) == 0)
		schedule_block(edge, 0);
	return input;
}

/* Orders the caller after those whose bytes are no longer in the kernel. */
static void take_missing(const struct input *input, struct channel_ref ref)
{
	int waiting = 0;
	uint64_t bytes;

	if (!input->look.is_reliable ||
	    sys_call3(SYS_ioctl, fileno(input->file), FIONREAD, &waiting) < 0 ||
	    ref.channel->units <= (uint64_t)waiting) {
		if (!input->is_buffered)
			channel_get_all(ref);
		return;
	}
	bytes = ref.channel->units - (uint64_t)waiting;
	channel_get(ref, bytes, ANY_TAG);
	if (input->look.type == FD_PIPE)
		channel_empty(ref, bytes);
}

static void input_taken(const struct input *input)
{
	struct channel_ref ref;

	if (edge_is_off(input->edge))
		return;
	if (input->look.type == FD_FILE) {
		channel_acquire(input->look.read, input->edge);
		return;
	}
	if (!is_carrier(&input->look))
		return;
	ref = channel_at(input->look.read);
	channel_open(ref);
	take_missing(input, ref);
	if (feof(input->file)) {
		clock_take(ref.arena, &ref.channel->ended, self.context->clock);
		context_join_gone(false);
	}
	clock_add(ref.arena, &ref.channel->taken, self.context->clock);
	channel_close(ref);
	context_advance();
	context_log(input->edge, true);
}

static void input_end(const struct input *input)
{
	int error = errno;

	BUSY(input_taken(input));
	schedule_wake();
	call_end();
	errno = error;
}

/* INPUT: a call that reads from file; touched: what it wrote to, by ret. */
#define INPUT(name, ret_type, parameters, arguments, file, touched)                                \
	INTERPOSE ret_type name parameters                                                         \
	{                                                                                          \
		struct input input;                                                                \
		ret_type ret;                                                                      \
                                                                                                   \
		if (!call_begin(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		input = input_begin(file, EDGE_##name);                                            \
		ret = REAL(name) arguments;                                                        \
		input_end(&input);                                                                 \
		touched;                                                                           \
		return ret;                                                                        \
	}

INPUT(fread, size_t, (void *data, size_t bytes, size_t count, FILE *file),
      (data, bytes, count, file), file, WRITES(data, bytes *ret))
INPUT(fgets, char *, (char *text, int room, FILE *file), (text, room, file), file,
      if (ret) WRITES(text, strlen(text) + 1))
INPUT(fgetc, int, (FILE * file), (file), file, (void)0)
INPUT(getc, int, (FILE * file), (file), file, (void)0)
INPUT(getchar, int, (void), (), stdin, (void)0)
INPUT(getdelim, ssize_t, (char **line, size_t *room, int end, FILE *file), (line, room, end, file),
      file, if (ret > 0) WRITES(*line, (size_t)ret + 1))
INPUT(__getdelim, ssize_t, (char **line, size_t *room, int end, FILE *file),
      (line, room, end, file), file, if (ret > 0) WRITES(*line, (size_t)ret + 1))
INPUT(getline, ssize_t, (char **line, size_t *room, FILE *file), (line, room, file), file,
      if (ret > 0) WRITES(*line, (size_t)ret + 1))
INPUT(__uflow, int, (FILE * file), (file), file, (void)0)

/*
 * SCAN: one of libc's families of scanf(), of which the compiler's headers choose the one
 * that a program means.
 */
#define SCAN(family)                                                                               \
	static int family##_scan(FILE *file, const char *format, va_list arguments,                \
	                         uintptr_t place)                                                  \
	{                                                                                          \
		struct input input;                                                                \
		va_list written;                                                                   \
		int ret;                                                                           \
                                                                                                   \
		if (!call_begin(EDGE_##family##_vfscanf, place))                                   \
			return REAL(family##_vfscanf)(file, format, arguments);                    \
		va_copy(written, arguments);                                                       \
		input = input_begin(file, EDGE_##family##_vfscanf);                                \
		ret = REAL(family##_vfscanf)(file, format, arguments);                             \
		input_end(&input);                                                                 \
		touch_scanned(format, written, ret, place);                                        \
		va_end(written);                                                                   \
		return ret;                                                                        \
	}                                                                                          \
                                                                                                   \
	INTERPOSE int family##_vfscanf(FILE *file, const char *format, va_list arguments)          \
	{                                                                                          \
		return family##_scan(file, format, arguments, CALLER);                             \
	}                                                                                          \
                                                                                                   \
	INTERPOSE int family##_vscanf(const char *format, va_list arguments)                       \
	{                                                                                          \
		return family##_scan(stdin, format, arguments, CALLER);                            \
	}                                                                                          \
                                                                                                   \
	INTERPOSE int family##_fscanf(FILE *file, const char *format, ...)                         \
	{                                                                                          \
		va_list arguments;                                                                 \
		int ret;                                                                           \
                                                                                                   \
		va_start(arguments, format);                                                       \
		ret = family##_scan(file, format, arguments, CALLER);                              \
		va_end(arguments);                                                                 \
		return ret;                                                                        \
	}                                                                                          \
                                                                                                   \
	INTERPOSE int family##_scanf(const char *format, ...)                                      \
	{                                                                                          \
		va_list arguments;                                                                 \
		int ret;                                                                           \
                                                                                                   \
		va_start(arguments, format);                                                       \
		ret = family##_scan(stdin, format, arguments, CALLER);                             \
		va_end(arguments);                                                                 \
		return ret;                                                                        \
	}

SCAN(__isoc99)
SCAN(__isoc23)
