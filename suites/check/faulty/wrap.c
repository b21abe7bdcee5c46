/* SPDX-License-Identifier: MIT */
/* suites/check/faulty/wrap.c - the transport that wraps another, with a fault. */
#include "suites/check/faulty/fault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Written by faulty_wrap() only, before any peer exists. */
static struct ipc_transport wrapper;
static const struct ipc_transport *wrapped;
static const struct fault *active;

static const struct fault *const faults[] = {
#define CHECK_FAULT(name) &fault_##name,
#include "registered_faults.inc"
#undef CHECK_FAULT
};

const struct fault *fault_at(size_t index)
{
	return index < sizeof(faults) / sizeof(faults[0]) ? faults[index] : NULL;
}

const struct fault *fault_find(const char *name)
{
	const struct fault *fault;

	for (size_t i = 0; (fault = fault_at(i)); i++) {
		if (strcmp(fault->name, name) == 0)
			return fault;
	}
	return NULL;
}

static int faulty_probe(char *why, size_t why_bytes)
{
	return wrapped->probe(why, why_bytes);
}

static int faulty_check(const struct ipc_channel_options *options, char *why, size_t why_bytes)
{
	return wrapped->check(options, why, why_bytes);
}

static void faulty_channel_destroy(struct ipc_channel *channel)
{
	struct faulty_channel *self = (struct faulty_channel *)channel;

	if (!self)
		return;
	wrapped->channel_destroy(self->inner);
	if (self->fd >= 0)
		close(self->fd);
	free(self);
}

static int faulty_channel_create(struct ipc_channel **out,
                                 const struct ipc_channel_options *options)
{
	struct faulty_channel *self = malloc(sizeof(*self));
	int ret;

	if (!self)
		return -ENOMEM;
	*self = (struct faulty_channel){
		.base.transport = &wrapper,
		.options = *options,
		.fd = -1,
	};
	ret = wrapped->channel_create(&self->inner, options);
	if (active->created)
		ret = active->created(self, ret);
	if (ret < 0) {
		faulty_channel_destroy(&self->base);
		return ret;
	}
	*out = &self->base;
	return 0;
}

static void faulty_channel_drop(struct ipc_channel *channel, enum ipc_role role)
{
	wrapped->channel_drop(((struct faulty_channel *)channel)->inner, role);
}

static void faulty_endpoint_close(struct ipc_endpoint *endpoint)
{
	struct faulty_endpoint *self = (struct faulty_endpoint *)endpoint;

	if (!self)
		return;
	if (self->inner)
		self->inner->deadline_ns = self->base.deadline_ns;
	wrapped->endpoint_close(self->inner);
	free(self->kept);
	free(self);
}

static int faulty_endpoint_open(struct ipc_endpoint **out, struct ipc_channel *channel,
                                enum ipc_role role)
{
	struct faulty_channel *from = (struct faulty_channel *)channel;
	struct faulty_endpoint *self = malloc(sizeof(*self));
	int ret;

	if (!self)
		return -ENOMEM;
	*self = (struct faulty_endpoint){
		.base.transport = &wrapper,
		.channel = from,
		.kept = malloc(from->options.message_bytes_max + 1),
		.kept_bytes = -1,
	};
	ret = self->kept ? 0 : -ENOMEM;
	if (ret == 0 && active->opening)
		active->opening(self);
	if (ret == 0)
		ret = wrapped->endpoint_open(&self->inner, from->inner, role);
	if (ret < 0) {
		faulty_endpoint_close(&self->base);
		return ret;
	}
	*out = &self->base;
	return 0;
}

int inner_send(struct faulty_endpoint *self, const void *data, size_t bytes, uint64_t deadline_ns,
               unsigned flags)
{
	return wrapped->send(self->inner, data, bytes, deadline_ns, flags);
}

ssize_t inner_recv(struct faulty_endpoint *self, void *data, size_t bytes_max, uint64_t deadline_ns)
{
	return wrapped->recv(self->inner, data, bytes_max, deadline_ns);
}

static int faulty_send(struct ipc_endpoint *endpoint, const void *data, size_t bytes,
                       uint64_t deadline_ns, unsigned flags)
{
	uint64_t due_ns = ipc_deadline(endpoint, deadline_ns);

	return (active->send ? active->send : inner_send)((struct faulty_endpoint *)endpoint, data,
	                                                  bytes, due_ns, flags);
}

static ssize_t faulty_recv(struct ipc_endpoint *endpoint, void *data, size_t bytes_max,
                           uint64_t deadline_ns)
{
	uint64_t due_ns = ipc_deadline(endpoint, deadline_ns);

	return (active->recv ? active->recv : inner_recv)((struct faulty_endpoint *)endpoint, data,
	                                                  bytes_max, due_ns);
}

static int faulty_claim(struct ipc_endpoint *endpoint, void **out, size_t bytes,
                        uint64_t deadline_ns)
{
	return wrapped->claim(((struct faulty_endpoint *)endpoint)->inner, out, bytes,
	                      ipc_deadline(endpoint, deadline_ns));
}

static void faulty_commit(struct ipc_endpoint *endpoint, unsigned flags)
{
	wrapped->commit(((struct faulty_endpoint *)endpoint)->inner, flags);
}

static void faulty_abort(struct ipc_endpoint *endpoint)
{
	if (active->abort)
		active->abort((struct faulty_endpoint *)endpoint);
	else
		wrapped->abort(((struct faulty_endpoint *)endpoint)->inner);
}

static ssize_t faulty_peek(struct ipc_endpoint *endpoint, const void **out, uint64_t deadline_ns)
{
	return wrapped->peek(((struct faulty_endpoint *)endpoint)->inner, out,
	                     ipc_deadline(endpoint, deadline_ns));
}

static void faulty_release(struct ipc_endpoint *endpoint)
{
	wrapped->release(((struct faulty_endpoint *)endpoint)->inner);
}

static int faulty_flush(struct ipc_endpoint *endpoint)
{
	return wrapped->flush(((struct faulty_endpoint *)endpoint)->inner);
}

const struct ipc_transport *faulty_wrap(const struct fault *fault,
                                        const struct ipc_transport *inner)
{
	active = fault;
	wrapped = inner;
	wrapper = (struct ipc_transport){
		.abi = IPC_TRANSPORT_ABI,
		.size = sizeof(wrapper),
		.name = fault->name,
		.summary = fault->summary,
		.caps = inner->caps,
		.probe = faulty_probe,
		.channel_create = faulty_channel_create,
		.channel_drop = inner->channel_drop ? faulty_channel_drop : NULL,
		.channel_destroy = faulty_channel_destroy,
		.endpoint_open = faulty_endpoint_open,
		.endpoint_close = faulty_endpoint_close,
		.send = faulty_send,
		.recv = faulty_recv,
		.claim = inner->claim ? faulty_claim : NULL,
		.commit = inner->commit ? faulty_commit : NULL,
		.abort = inner->abort ? faulty_abort : NULL,
		.peek = inner->peek ? faulty_peek : NULL,
		.release = inner->release ? faulty_release : NULL,
		.flush = inner->flush ? faulty_flush : NULL,
		.check = inner->check ? faulty_check : NULL,
	};
	return &wrapper;
}
