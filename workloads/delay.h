/* SPDX-License-Identifier: MIT */
/*
 * workloads/delay.h - a transport made slower by a known time, to test the measuring.
 *
 * It is the transport that it wraps, but that a send, or every so many sends at
 * random, first lets time pass on the CPU.
 */
#ifndef WORKLOADS_DELAY_H
#define WORKLOADS_DELAY_H

#include <stdint.h>

#include "ipc/transport.h"

/*
 * Wraps a transport. one_in is 1 (each send) or more. There is one wrapper in a
 * process: call it before any peer exists, and not while another is in use. The
 * cost of looking at the clock is taken off the delay, as far as it goes.
 */
const struct ipc_transport *delay_wrap(const struct ipc_transport *inner, uint64_t delay_ns,
                                       uint64_t one_in);

#endif
