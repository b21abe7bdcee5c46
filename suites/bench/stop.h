/* SPDX-License-Identifier: MIT */
/* suites/bench/stop.h - SIGINT and SIGTERM as something to read, so that nothing is cut short. */
#ifndef SUITES_BENCH_STOP_H
#define SUITES_BENCH_STOP_H

#include <signal.h>
#include <stdbool.h>

struct stop {
	int fd; /* readable once a signal has come */
	sigset_t mask_before;
};

/* Takes both signals from now on. Returns 0, or -errno; stop_release() is due either way. */
int stop_catch(struct stop *stop);

/* Returns the signal that came, or 0. */
int stop_signal(const struct stop *stop);

/* Says, without taking it, whether a signal has come to fd; -1 has none. */
bool stop_is_due(int fd);

/* Lets signals do again what they did before. */
void stop_release(struct stop *stop);

#endif
