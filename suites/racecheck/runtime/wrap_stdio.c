/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_stdio.c - streams of libc, over pipes and sockets.
 *
 * libc reads and writes descriptors out of sight, when its buffer is empty or
 * full. How many bytes went out is known after the call, from what was in the
 * buffer before, what came to it, and what is left; readers wait for that. How
 * many came in is known from what is left in the kernel: one buffer's worth may
 * hold several messages, and then the reader comes after all of them.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/ioctl.h>
#include <wchar.h>

#include "suites/racecheck/runtime/fd.h"
#include "suites/racecheck/runtime/process.h"

/* Declared here: libc's headers give them other names. */
int __isoc99_vfscanf(FILE *file, const char *format, va_list arguments);
int __isoc23_vfscanf(FILE *file, const char *format, va_list arguments);

enum { WRITTEN_MAX = 1024, TRIES_MAX = 16 };

/* Streams that were written to, by descriptor: exit() flushes them. */
static FILE *_Atomic streams[WRITTEN_MAX];

/* A call that may write out a stream's buffer. */
struct output {
	FILE *file; /* null: a call without a buffer */
	struct fd_look look;
	size_t pending;
	bool is_counted; /* its bytes are put where they went */
	bool is_outside;
	enum edge edge;
};

/* The counted call that the thread is in, or was cancelled in. */
static _Thread_local struct output current;

static bool is_carrier(const struct fd_look *look)
{
	return look->type == FD_PIPE || look->type == FD_STREAM || look->type == FD_MESSAGE ||
	       look->type == FD_FILE;
}

static void note_written(int fd, FILE *file)
{
	if (fd >= 0 && fd < WRITTEN_MAX)
		atomic_store_explicit(&streams[fd], file, memory_order_relaxed);
}

static void announce(const struct output *output)
{
	struct channel_ref ref = channel_at(output->look.write);

	channel_open(ref);
	channel_stream_begin(ref);
	lock_give(&ref.channel->lock); /* nothing to wake anybody for */
}

/* Before bytes may go out. Under the scheduler a full pipe is waited for outside. */
static struct output output_begin(int fd, FILE *file, enum edge edge)
{
	struct output output = {.file = file, .edge = edge};

	if (fd < 0)
		return output;
	BUSY(fd_look(fd, &output.look));
	if (!is_carrier(&output.look))
		return output;
	if (file)
		note_written(fd, file);
	/* What is pending in a stream of wide characters is not yet bytes. */
	output.is_counted = !edge_is_off(edge) && (!file || fwide(file, 0) <= 0) &&
	                    (output.look.type == FD_PIPE || output.look.type == FD_STREAM);
	if (output.is_counted) {
		if (file) {
			REAL(flockfile)(file);
			output.pending = __fpending(file);
		}
		BUSY(announce(&output));
		current = output;
	} else {
		channel_release(output.look.write, edge);
	}
	if (output.look.type == FD_FILE)
		fd_changing(CHANGE_DATA, edge);
	output.is_outside =
		is_scheduled && output.look.type != FD_FILE && fd_poll(fd, POLLOUT) == 0;
	if (output.is_outside)
		schedule_outside(edge);
	return output;
}

/* produced: bytes that came to the stream; negative: not known, the call failed. */
static void output_count(const struct output *output, long produced)
{
	struct channel_ref ref = channel_at(output->look.write);
	size_t left = output->file ? __fpending(output->file) : 0;
	size_t all = output->pending + (produced > 0 ? (size_t)produced : 0);
	size_t gone = produced >= 0 && all > left ? all - left : 0;

	channel_open(ref);
	channel_stream_end(ref, gone);
	if (gone > 0)
		channel_close(ref);
	else
		lock_give(&ref.channel->lock);
}

static void output_settle(const struct output *output, long produced)
{
	current.is_counted = false;
	BUSY(output_count(output, produced));
	if (output->file)
		REAL(funlockfile)(output->file);
	context_advance();
	BUSY(context_log(output->edge, false));
}

static void output_end(const struct output *output, long produced)
{
	int error = errno;

	if (output->is_outside)
		schedule_inside();
	if (output->is_counted)
		output_settle(output, produced);
	schedule_wake();
	errno = error;
}

void stdio_thread_ending(void)
{
	if (current.is_counted)
		output_settle(&current, -1);
}

static int flush(FILE *file, enum edge edge)
{
	struct output output = output_begin(fileno(file), file, edge);
	int ret = REAL(fflush)(file);

	output_end(&output, ret);
	return ret;
}

int stdio_closing(FILE *file, enum edge edge)
{
	int ret = __fpending(file) > 0 ? flush(file, edge) : 0;

	/* freopen() may have given it another descriptor since. */
	for (int fd = 0; fd < WRITTEN_MAX; fd++) {
		if (atomic_load_explicit(&streams[fd], memory_order_relaxed) == file)
			note_written(fd, NULL);
	}
	return ret;
}

void stdio_ending(void)
{
	for (int fd = 0; fd < WRITTEN_MAX; fd++) {
		FILE *file = streams[fd];

		if (file && fileno(file) == fd && __fpending(file) > 0)
			flush(file, EDGE_fflush);
	}
}

/*
 * OUTPUT: a call that may write out file's buffer; produced: the bytes it put there, by ret.
 * No point of the scheduler: it waits for none.
 */
#define OUTPUT(name, ret_type, parameters, arguments, file, touched, produced)                     \
	INTERPOSE ret_type name parameters                                                         \
	{                                                                                          \
		struct output output;                                                              \
		ret_type ret;                                                                      \
                                                                                                   \
		if (!call_enter(EDGE_##name, CALLER))                                              \
			return REAL(name) arguments;                                               \
		touched;                                                                           \
		output = output_begin(fileno(file), file, EDGE_##name);                            \
		ret = REAL(name) arguments;                                                        \
		output_end(&output, (long)(produced));                                             \
		call_end();                                                                        \
		return ret;                                                                        \
	}

OUTPUT(fwrite, size_t, (const void *data, size_t bytes, size_t count, FILE *file),
       (data, bytes, count, file), file, READS(data, bytes *count),
       ret == count ? (long)(bytes * ret) : -1)
OUTPUT(fputs, int, (const char *text, FILE *file), (text, file), file,
       READS(text, strlen(text) + 1), ret < 0 ? ret : (long)strlen(text))
OUTPUT(puts, int, (const char *text), (text), stdout, READS(text, strlen(text) + 1),
       ret < 0 ? ret : (long)strlen(text) + 1)
OUTPUT(fputc, int, (int byte, FILE *file), (byte, file), file, (void)0, ret < 0 ? ret : 1)
OUTPUT(putc, int, (int byte, FILE *file), (byte, file), file, (void)0, ret < 0 ? ret : 1)
OUTPUT(putchar, int, (int byte), (byte), stdout, (void)0, ret < 0 ? ret : 1)
OUTPUT(__overflow, int, (FILE * file, int byte), (file, byte), file, (void)0, ret < 0 ? ret : 1)
OUTPUT(vfprintf, int, (FILE * file, const char *format, va_list arguments),
       (file, format, arguments), file, touch_format(format, arguments, CALLER), ret)

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
	struct output output;
	int ret;

	if (!call_enter(EDGE_vdprintf, CALLER))
		return REAL(vdprintf)(fd, format, arguments);
	touch_format(format, arguments, CALLER);
	output = output_begin(fd, NULL, EDGE_vdprintf);
	ret = REAL(vdprintf)(fd, format, arguments);
	output_end(&output, ret);
	call_end();
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
	int ret;

	if (!call_enter(EDGE_fflush, CALLER))
		return REAL(fflush)(file);
	if (!file)
		stdio_ending();
	ret = file ? flush(file, EDGE_fflush) : REAL(fflush)(NULL);
	call_end();
	return ret;
}

INTERPOSE int fclose(FILE *file)
{
	int fd = fileno(file);
	int flushed;
	int ret;

	if (!call_enter(EDGE_fclose, CALLER))
		return REAL(fclose)(file);
	flushed = stdio_closing(file, EDGE_fclose);
	if (fd >= 0)
		BUSY(fd_closed(fd, EDGE_fclose));
	ret = REAL(fclose)(file);
	schedule_wake();
	call_end();
	return flushed < 0 ? flushed : ret;
}

/* ---- input ---- */

struct input {
	FILE *file;
	struct fd_look look;
	bool is_buffered;      /* there was something in libc's buffer before the call */
	const char *from, *to; /* where it was */
	uint64_t taken;        /* from a socket of TCP until then */
	enum edge edge;
};

/* Bytes that were read from a socket of TCP since it was connected; 0: not known. */
static uint64_t tcp_taken(int fd)
{
	struct tcp_info info = {0};
	uint64_t before;
	int waiting = 0;
	int tries = 0;

	/* Both numbers of one moment, unless bytes come in all the while. */
	do {
		socklen_t bytes = sizeof(info);

		before = info.tcpi_bytes_received;
		sys_call3(SYS_ioctl, fd, FIONREAD, &waiting);
		if (sys_call6(SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, (long)&info, (long)&bytes,
		              0) < 0)
			return 0;
	} while (info.tcpi_bytes_received != before && ++tries < TRIES_MAX);
	return before - (uint64_t)waiting;
}

/* Did the call read from the descriptor, though there was something in the buffer? */
static bool is_refilled(const struct input *input)
{
	return input->file->_IO_read_end != input->to || input->file->_IO_read_ptr < input->from;
}

static struct input input_begin(FILE *file, enum edge edge)
{
	struct input input = {
		.file = file,
		.is_buffered = file->_IO_read_ptr < file->_IO_read_end,
		.from = file->_IO_read_ptr,
		.to = file->_IO_read_end,
		.edge = edge,
	};
	int fd = fileno(file);

	if (fd >= 0)
		BUSY(fd_look(fd, &input.look));
	if (input.look.type == FD_STREAM && !input.look.is_reliable)
		input.taken = tcp_taken(fd);
	/* Under the scheduler the call is made when there is something to read. */
	while (is_scheduled && !input.is_buffered && is_carrier(&input.look) &&
	       fd_poll(fd, POLLIN) == 0)
		schedule_block(edge, 0);
	return input;
}

/* Returns how many bytes of what is known to have been put are no longer in the kernel. */
static uint64_t missing_bytes(const struct input *input, struct channel_ref ref)
{
	int fd = fileno(input->file);
	int waiting = 0;

	if (input->look.type == FD_STREAM && !input->look.is_reliable)
		return tcp_taken(fd) - input->taken;
	if (!input->look.is_reliable || sys_call3(SYS_ioctl, fd, FIONREAD, &waiting) < 0 ||
	    ref.channel->units <= (uint64_t)waiting)
		return 0;
	return ref.channel->units - (uint64_t)waiting;
}

/* Orders the caller after those whose bytes are no longer in the kernel. */
static void take_missing(const struct input *input, struct channel_ref ref)
{
	uint64_t bytes;

	channel_await_streams(ref);
	bytes = missing_bytes(input, ref);
	if (bytes == 0 ? (!input->is_buffered && !feof(input->file)) || is_refilled(input)
	               : !channel_get(ref, bytes, ANY_TAG))
		channel_get_all(ref);
	if (input->look.type == FD_PIPE && bytes != 0)
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
