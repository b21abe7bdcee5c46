/* SPDX-License-Identifier: MIT */
/* workloads/delay.c - a transport made slower by a known time, to test the measuring. */
#include "workloads/delay.h"

#include "ipc/clock.h"
#include "ipc/cpu.h"
#include "workloads/random.h"

#define CALIBRATION_WAITS 2000u

/* Written by delay_wrap(), before any peer exists; but for random, of which each peer has its own.
 */
static struct ipc_transport wrapper;
static const struct ipc_transport *wrapped;
static uint64_t wait_ns;
static uint64_t wait_one_in;
static _Thread_local struct random random_of_peer;

static void wait_for(uint64_t duration_ns)
{
	uint64_t start_ns = clock_now_ns();

	while (clock_now_ns() - start_ns < duration_ns)
		cpu_relax();
}

static void delay(void)
{
	if (wait_one_in > 1) {
		if (random_of_peer.state == 0)
			random_of_peer.state = clock_now_ns();
		if (random_below(&random_of_peer, wait_one_in) != 0)
			return;
	}
	wait_for(wait_ns);
}

static int delayed_channel_create(struct ipc_channel **out,
                                  const struct ipc_channel_options *options)
{
	int ret = wrapped->channel_create(out, options);

	if (ret == 0)
		(*out)->transport = &wrapper;
	return ret;
}

static int delayed_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                                 enum ipc_role role)
{
	int ret = wrapped->endpoint_open(out, channel, role);

	if (ret == 0)
		(*out)->transport = &wrapper;
	return ret;
}

static int delayed_send(struct ipc_endpoint *endpoint, const void *data, size_t data_bytes,
                        uint64_t deadline_ns, unsigned flags)
{
	delay();
	return wrapped->send(endpoint, data, data_bytes, deadline_ns, flags);
}

static int delayed_claim(struct ipc_endpoint *endpoint, void **out, size_t data_bytes,
                         uint64_t deadline_ns)
{
	delay();
	return wrapped->claim(endpoint, out, data_bytes, deadline_ns);
}

/* Returns how much longer than asked a short wait takes, on average. */
static uint64_t find_excess_ns(uint64_t duration_ns)
{
	uint64_t start_ns = clock_now_ns();
	uint64_t mean_ns;

	for (unsigned i = 0; i < CALIBRATION_WAITS; i++)
		wait_for(duration_ns);
	mean_ns = (clock_now_ns() - start_ns) / CALIBRATION_WAITS;
	return mean_ns > duration_ns ? mean_ns - duration_ns : 0;
}

const struct ipc_transport *delay_wrap(const struct ipc_transport *inner, uint64_t delay_ns,
                                       uint64_t one_in)
{
	/* A few long waits tell no more of the excess than short ones do, and take longer. */
	uint64_t excess_ns = find_excess_ns(delay_ns < NS_PER_US ? delay_ns : NS_PER_US);

	wrapped = inner;
	wrapper = *inner;
	wrapper.channel_create = delayed_channel_create;
	wrapper.endpoint_open = delayed_endpoint_open;
	wrapper.send = delayed_send;
	if (inner->claim)
		wrapper.claim = delayed_claim;
	wait_ns = delay_ns > excess_ns ? delay_ns - excess_ns : 0;
	wait_one_in = one_in;
	return &wrapper;
}
