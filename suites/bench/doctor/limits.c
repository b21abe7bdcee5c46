/* SPDX-License-Identifier: MIT */
/*
 * suites/bench/doctor/limits.c - checks of the limits that the default cells run into.
 *
 * A row names a fact, the least that cells of 64 bytes with 64 messages on their way
 * need, and how it is raised. Cells of larger messages may need more; 'ipcbench list'
 * and the reason of a skip name what.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites/bench/doctor/check.h"

struct limit {
	const char *fact;
	const char *name; /* for people */
	double least;
	const char *cells;  /* what is skipped or slower below it */
	const char *advice; /* with the value that suffices */
};

/* Reads a limit; "unlimited" is more than anything. Returns false where it is not known. */
static bool read_limit(const struct doctor_evidence *evidence, const char *fact, double *out)
{
	const char *text = check_text(evidence, fact);

	if (text && strcmp(text, "unlimited") == 0) {
		*out = __builtin_inf();
		return true;
	}
	return check_number(evidence->before, fact, out);
}

/* Judges rows: the first that is too low is the finding. */
static void judge(const struct doctor_evidence *evidence, const struct limit *rows, size_t count,
                  struct doctor_finding *out)
{
	size_t used = 0;
	size_t known = 0;
	char list[DOCTOR_TEXT_BYTES] = "";

	for (size_t i = 0; i < count; i++) {
		double value;

		if (!read_limit(evidence, rows[i].fact, &value))
			continue;
		known++;
		if (value < rows[i].least) {
			check_say(out, DOCTOR_WARN, value, "%s is %.0f, %s need%s %.0f",
			          rows[i].name, value, rows[i].cells,
			          strchr(rows[i].cells, ' ') ? "" : "s", rows[i].least);
			check_advise(out, "%s", rows[i].advice);
			return;
		}
		if (used < sizeof(list) - 1)
			used += (size_t)snprintf(list + used, sizeof(list) - used,
			                         value > 1e18 ? "%s%s unlimited" : "%s%s %.0f",
			                         used > 0 ? ", " : "", rows[i].name, value);
	}
	if (known == 0)
		check_say(out, DOCTOR_INFO, 0, "%s can't be read", rows[0].name);
	else
		check_say(out, DOCTOR_OK, 0, "%s", list);
}

#define JUDGE(rows) judge(evidence, rows, sizeof(rows) / sizeof((rows)[0]), out)

DOCTOR_CHECK(limits_mqueue)
{
	static const struct limit rows[] = {
		/* Two queues of ten messages of 64 bytes, each with the kernel's own 80 bytes. */
		{"rlimit_mqueue_bytes", "RLIMIT_MSGQUEUE", 4096, "cells of posix_mq",
	         "ulimit -q 819200"},
		{"mqueue_messages_max", "fs.mqueue.msg_max", 10, "cells of posix_mq",
	         "sysctl fs.mqueue.msg_max=10"},
		{"mqueue_message_bytes_max", "fs.mqueue.msgsize_max", 64, "cells of posix_mq",
	         "sysctl fs.mqueue.msgsize_max=8192"},
		{"mqueue_queues_max", "fs.mqueue.queues_max", 2, "cells of posix_mq",
	         "sysctl fs.mqueue.queues_max=256"},
	};

	JUDGE(rows);
}

DOCTOR_CHECK(limits_sysv)
{
	static const struct limit rows[] = {
		{"sysv_message_bytes_max", "kernel.msgmax", 64, "cells of sysv_mq",
	         "sysctl kernel.msgmax=8192"},
		{"sysv_queue_bytes_max", "kernel.msgmnb", 64 * 64, "cells of sysv_mq",
	         "sysctl kernel.msgmnb=16384"},
		{"sysv_queues_max", "kernel.msgmni", 2, "cells of sysv_mq",
	         "sysctl kernel.msgmni=32000"},
	};

	JUDGE(rows);
}

DOCTOR_CHECK(limits_pipe)
{
	static const struct limit rows[] = {
		{"pipe_bytes_max", "fs.pipe-max-size", 65536, "cells of pipe",
	         "sysctl fs.pipe-max-size=1048576"},
		/* A user over the soft limit gets pipes of two pages, without a word. */
		{"pipe_user_pages_soft", "fs.pipe-user-pages-soft", 64, "cells of pipe",
	         "sysctl fs.pipe-user-pages-soft=16384"},
	};

	JUDGE(rows);
}

DOCTOR_CHECK(limits_socket)
{
	static const struct limit rows[] = {
		{"socket_send_bytes_max", "net.core.wmem_max", 65536, "cells of sockets",
	         "sysctl net.core.wmem_max=212992"},
		{"socket_receive_bytes_max", "net.core.rmem_max", 65536, "cells of sockets",
	         "sysctl net.core.rmem_max=212992"},
		{"unix_datagrams_max", "net.unix.max_dgram_qlen", 1, "cells of unix_dgram",
	         "sysctl net.unix.max_dgram_qlen=512"},
	};

	JUDGE(rows);
}

DOCTOR_CHECK(limits_shm)
{
	static const struct limit rows[] = {
		{"dev_shm_bytes_free", "free bytes of /dev/shm", 1 << 20, "cells of shared memory",
	         "mount -o remount,size=1G /dev/shm"},
	};

	JUDGE(rows);
}

DOCTOR_CHECK(limits_locked)
{
	static const struct limit rows[] = {
		{"rlimit_locked_bytes", "RLIMIT_MEMLOCK", 1 << 16, "rings of io_uring",
	         "ulimit -l 8192"},
	};

	JUDGE(rows);
}

DOCTOR_CHECK(limits_descriptors)
{
	static const struct limit rows[] = {
		{"rlimit_descriptors", "RLIMIT_NOFILE", 256, "pools of peers", "ulimit -n 1024"},
		{"rlimit_processes", "RLIMIT_NPROC", 128, "pools of peers", "ulimit -u 1024"},
	};

	JUDGE(rows);
}

DOCTOR_CHECK(limits_uring)
{
	double disabled;

	if (!check_number(evidence->before, "io_uring_disabled", &disabled)) {
		check_say(out, DOCTOR_INFO, 0,
		          "no kernel.io_uring_disabled: older than Linux 6.6, or no io_uring");
		return;
	}
	check_say(out, disabled > 0 ? DOCTOR_WARN : DOCTOR_OK, disabled,
	          "kernel.io_uring_disabled is %.0f%s", disabled,
	          disabled > 1   ? ": cells of io_uring are skipped"
	          : disabled > 0 ? ": cells of io_uring need a group or CAP_SYS_ADMIN"
	                         : "");
	if (disabled > 0)
		check_advise(out, "sysctl kernel.io_uring_disabled=0");
}
