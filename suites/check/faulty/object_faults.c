/* SPDX-License-Identifier: MIT */
/* suites/check/faulty/object_faults.c - what is left, leaked, or open to others. */
#include "suites/check/faulty/fault.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEAK_BYTES ((size_t)16 << 10)

static void leak_descriptor(struct faulty_endpoint *self)
{
	(void)self;
	(void)!open("/dev/null", O_RDONLY | O_CLOEXEC);
}

const struct fault fault_leaks_a_descriptor = {
	.name = "leaks_a_descriptor",
	.clause = "C26",
	.summary = "each opened end leaves a descriptor",
	.opening = leak_descriptor,
};

static int leak_on_error(struct faulty_channel *self, int ret)
{
	(void)self;
	if (ret < 0)
		(void)!open("/dev/null", O_RDONLY | O_CLOEXEC);
	return ret;
}

const struct fault fault_leaks_on_error = {
	.name = "leaks_on_error",
	.clause = "C26",
	.summary = "a channel that can't be created leaves a descriptor",
	.created = leak_on_error,
};

static int leak_mapping(struct faulty_channel *self, int ret)
{
	(void)self;
	(void)!mmap(NULL, 1, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return ret;
}

const struct fault fault_leaks_a_mapping = {
	.name = "leaks_a_mapping",
	.clause = "C26",
	.summary = "each channel leaves a shared mapping",
	.created = leak_mapping,
};

static int leave_process(struct faulty_channel *self, int ret)
{
	static bool is_left; /* One is enough. */

	(void)self;
	if (ret == 0 && !is_left) {
		is_left = true;
		if (fork() == 0) {
			pause();
			_exit(0);
		}
	}
	return ret;
}

const struct fault fault_leaves_a_process = {
	.name = "leaves_a_process",
	.clause = "C26",
	.also = "C18 C17 C12 C06 C27 C28", /* it keeps every end open */
	.summary = "each channel starts a process that nobody ends",
	.created = leave_process,
};

/* Where what is leaked is kept, or a compiler would leave it out. */
static void *leaked;

static int leak_memory(struct faulty_channel *self, int ret)
{
	void **block = malloc(LEAK_BYTES);

	(void)self;
	if (block) {
		memset(block, 1, LEAK_BYTES);
		*block = leaked;
		leaked = block;
	}
	return ret;
}

const struct fault fault_leaks_memory = {
	.name = "leaks_memory",
	.clause = "C27",
	.summary = "each channel leaves 16 KiB of memory",
	.created = leak_memory,
};

static int be_inherited(struct faulty_channel *self, int ret)
{
	if (ret == 0)
		self->fd = open("/dev/null", O_RDONLY);
	return ret;
}

const struct fault fault_is_inherited_by_exec = {
	.name = "is_inherited_by_exec",
	.clause = "C36",
	.summary = "a descriptor is not close-on-exec",
	.created = be_inherited,
};

static int make_memfd(struct faulty_channel *self, mode_t mode)
{
	self->fd = memfd_create("faulty", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	return self->fd < 0 ? self->fd : fchmod(self->fd, mode);
}

static int be_readable(struct faulty_channel *self, int ret)
{
	if (ret == 0)
		(void)make_memfd(self, 0644);
	return ret;
}

const struct fault fault_is_readable_by_others = {
	.name = "is_readable_by_others",
	.clause = "C35",
	.summary = "an object has mode 0644",
	.created = be_readable,
};

static int be_unsealed(struct faulty_channel *self, int ret)
{
	if (ret == 0)
		(void)make_memfd(self, 0600);
	return ret;
}

const struct fault fault_is_not_sealed = {
	.name = "is_not_sealed",
	.clause = "C37",
	.summary = "a memfd lacks its seals",
	.transport = "shm_ring",
	.needs = IPC_CAP_SHARED_MEMORY,
	.created = be_unsealed,
};

static int be_guessable(struct faulty_channel *self, int ret)
{
	char name[64];

	if (ret < 0)
		return ret;
	snprintf(name, sizeof(name), "/ipccheck-faulty-%d", (int)getpid());
	self->fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	shm_unlink(name);
	(void)!fchmod(self->fd, 0600);
	return ret;
}

const struct fault fault_has_a_name_to_guess = {
	.name = "has_a_name_to_guess",
	.clause = "C36",
	.summary = "a name holds nothing but a process id",
	.created = be_guessable,
};
