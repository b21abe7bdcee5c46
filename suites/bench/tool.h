/* SPDX-License-Identifier: MIT */
/* suites/bench/tool.h - runs another program to its end, with a limit. */
#ifndef SUITES_BENCH_TOOL_H
#define SUITES_BENCH_TOOL_H

#include <stddef.h>
#include <stdint.h>

/*
 * Runs argv[0], found by PATH, without input. Its output goes to out_fd, or nowhere
 * (-1). It is killed at until_ns, or when stop_fd is readable (-1: none).
 *
 * Returns its exit status, or -errno: -ENOENT (no such program), -ETIMEDOUT, -EINTR
 * (stop_fd), -ECHILD (killed by a signal).
 */
int tool_run(const char *const *argv, int out_fd, uint64_t until_ns, int stop_fd);

/* Runs it and keeps the first line of what it says. Returns as tool_run(). */
int tool_ask(const char *const *argv, char *line, size_t line_bytes, uint64_t until_ns,
             int stop_fd);

#endif
