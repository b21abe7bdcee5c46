/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/wrap_map.c - the allocator, and what maps memory. */
#include "suites/racecheck/runtime/wrap.h"

#include <fcntl.h>
#include <malloc.h>
#include <semaphore.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>

/* glibc's own names for its allocator: they need no look-up. */
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *pointer, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *pointer);

enum { FREE_CHECKED = 1 << 20 };

static bool is_checked(void)
{
	return session && self.context && self.busy == 0 && other_threads != 0;
}

/* A new block is nobody's: what was recorded at its address is of an earlier one. */
static void *allocated(void *pointer)
{
	if (pointer && is_checked())
		BUSY(page_wipe((uintptr_t)pointer, malloc_usable_size(pointer)));
	return pointer;
}

INTERPOSE void *malloc(size_t bytes)
{
	return allocated(__libc_malloc(bytes));
}

INTERPOSE void *calloc(size_t count, size_t bytes)
{
	void *pointer = allocated(__libc_calloc(count, bytes));

	if (pointer && is_checked())
		shadow_access((uintptr_t)pointer, count * bytes, true, false, CALLER);
	return pointer;
}

/* To free a block is to write to it; the mark stays until the block is given out again. */
static void freed(void *pointer, uintptr_t place)
{
	size_t bytes = malloc_usable_size(pointer);

	/* The block may come back, wiped by whoever was given it. */
	self.recent_epoch = 0;
	shadow_access((uintptr_t)pointer, bytes < FREE_CHECKED ? bytes : FREE_CHECKED, true, false,
	              place);
	if (bytes > FREE_CHECKED)
		BUSY(page_wipe((uintptr_t)pointer + FREE_CHECKED, bytes - FREE_CHECKED));
}

INTERPOSE void free(void *pointer)
{
	if (pointer && is_checked())
		freed(pointer, CALLER);
	__libc_free(pointer);
}

INTERPOSE void *realloc(void *pointer, size_t bytes)
{
	size_t old_bytes;
	void *moved;

	if (!pointer)
		return allocated(__libc_realloc(pointer, bytes));
	if (!is_checked())
		return allocated(__libc_realloc(pointer, bytes));
	old_bytes = malloc_usable_size(pointer);
	freed(pointer, CALLER);
	moved = allocated(__libc_realloc(pointer, bytes));
	if (moved)
		shadow_access((uintptr_t)moved, old_bytes < bytes ? old_bytes : bytes, true, false,
		              CALLER);
	return moved;
}

INTERPOSE void *memalign(size_t alignment, size_t bytes)
{
	return allocated(__libc_memalign(alignment, bytes));
}

INTERPOSE void *aligned_alloc(size_t alignment, size_t bytes)
{
	return allocated(__libc_memalign(alignment, bytes));
}

INTERPOSE int posix_memalign(void **out, size_t alignment, size_t bytes)
{
	void *pointer;

	if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0)
		return EINVAL;
	pointer = allocated(__libc_memalign(alignment, bytes));
	if (!pointer)
		return ENOMEM;
	WRITES(out, sizeof(*out));
	*out = pointer;
	return 0;
}

/* ---- mappings ---- */

static void mapped(void *address, size_t bytes, int flags, int fd, uint64_t offset)
{
	int type = flags & MAP_TYPE;

	map_remove((uintptr_t)address, bytes);
	if (type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
		return;
	if (flags & MAP_ANONYMOUS)
		map_add_anonymous((uintptr_t)address, bytes);
	else
		map_add_file((uintptr_t)address, bytes, fd, offset);
}

INTERPOSE void *mmap(void *hint, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	long at = sys_call6(SYS_mmap, (long)hint, (long)bytes, protection, flags, fd, offset);

	if (at < 0 && at > -4096) {
		errno = (int)-at;
		return MAP_FAILED;
	}
	if (runtime_enter())
		BUSY(mapped((void *)at, bytes, flags, fd, (uint64_t)offset));
	return (void *)at;
}

INTERPOSE void *mmap64(void *hint, size_t bytes, int protection, int flags, int fd, off_t offset)
	__attribute__((alias("mmap")));

INTERPOSE int munmap(void *address, size_t bytes)
{
	long ret;

	/* Before: the address may be somebody else's as soon as it is free. */
	if (runtime_enter())
		BUSY(map_remove((uintptr_t)address, bytes));
	ret = sys_call2(SYS_munmap, address, bytes);
	if (ret == 0)
		return 0;
	errno = (int)-ret;
	return -1;
}

INTERPOSE void *mremap(void *old, size_t old_bytes, size_t bytes, int flags, ...)
{
	va_list arguments;
	void *wanted;
	long at;

	va_start(arguments, flags);
	wanted = flags & MREMAP_FIXED ? va_arg(arguments, void *) : NULL;
	va_end(arguments);
	at = sys_call6(SYS_mremap, (long)old, (long)old_bytes, (long)bytes, flags, (long)wanted, 0);
	if (at < 0 && at > -4096) {
		errno = (int)-at;
		return MAP_FAILED;
	}
	if (runtime_enter())
		BUSY(map_move((uintptr_t)old, old_bytes, (uintptr_t)at, bytes));
	return (void *)at;
}

INTERPOSE void *shmat(int id, const void *hint, int flags)
{
	void *address = REAL(shmat)(id, hint, flags);
	struct shmid_ds status;

	if (address != (void *)-1 && runtime_enter() && shmctl(id, IPC_STAT, &status) == 0) {
		BUSY({
			map_remove((uintptr_t)address, status.shm_segsz);
			map_add_sysv((uintptr_t)address, status.shm_segsz, id);
		});
	}
	return address;
}

INTERPOSE int shmdt(const void *address)
{
	size_t bytes = 0;
	int ret;

	if (runtime_enter())
		BUSY(bytes = map_length((uintptr_t)address));
	ret = REAL(shmdt)(address);
	if (ret == 0 && bytes != 0)
		BUSY(map_remove((uintptr_t)address, bytes));
	return ret;
}
