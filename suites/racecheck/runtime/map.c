/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/map.c - from an address to the shadow of its page.
 *
 * A table of one entry per page of the address space leads to private pages in
 * the private arena, and to shared pages in the shared one. A shared page is
 * known by (region, page in it), so that two addresses of one byte, in one
 * process or two, meet in the same shadow. The table is filled when a page is
 * first touched.
 */
#include "suites/racecheck/runtime/runtime.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { AREA_MAX = 8192 };

/* A shared mapping in this process. */
struct area {
	uintptr_t low, high;
	uint32_t region; /* index */
	uint64_t page;   /* in the region, of low */
};

static struct area areas[AREA_MAX];
static uint32_t area_count;
static _Atomic uint32_t area_lock;

void map_forked(void)
{
	atomic_store(&area_lock, 0);
	for (uint32_t i = 0; i < area_count; i++)
		atomic_fetch_add(&session->region[areas[i].region].mappings, 1);
}

static uint32_t region_find(enum region_kind kind, const uint64_t key[3], const char *name)
{
	uint32_t count;
	uint32_t index;

	lock_take(&session->lock);
	count = session->region_count;
	for (index = 0; index < count; index++) {
		struct region *region = &session->region[index];

		if (region->kind == (uint32_t)kind &&
		    memcmp(region->key, key, sizeof(region->key)) == 0)
			break;
	}
	if (index == REGION_MAX) {
		no_verdict("more than %d shared mappings", REGION_MAX);
		index = REGION_MAX - 1;
	} else if (index == count) {
		struct region *region = &session->region[index];

		region->kind = kind;
		memcpy(region->key, key, sizeof(region->key));
		snprintf(region->name, sizeof(region->name), "%s", name);
		atomic_store(&session->region_count, count + 1);
	}
	lock_give(&session->lock);
	return index;
}

static void area_add(uintptr_t address, size_t bytes, uint32_t region, uint64_t page)
{
	uintptr_t high = (address + bytes + 4095) & ~(uintptr_t)4095;

	lock_take(&area_lock);
	if (area_count < AREA_MAX)
		areas[area_count++] = (struct area){address, high, region, page};
	else
		no_verdict("more than %d shared mappings in a process", AREA_MAX);
	lock_give(&area_lock);
	atomic_fetch_add(&session->region[region].mappings, 1);
	atomic_fetch_add(&tlb_generation, 1);
}

/* Reads what a link in /proc/self/fd points to. */
static void fd_name(int fd, char *name, size_t bytes)
{
	char path[32];
	long length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = sys_call3(SYS_readlink, path, name, bytes - 1);
	name[length > 0 ? length : 0] = '\0';
}

static void key_of(const struct statx *status, uint64_t key[3])
{
	key[0] = makedev(status->stx_dev_major, status->stx_dev_minor);
	key[1] = status->stx_ino;
	/* An inode number may come again after unlink: the time of birth tells them apart. */
	key[2] = status->stx_mask & STATX_BTIME ? (uint64_t)status->stx_btime.tv_sec * 1000000000u +
	                                                  status->stx_btime.tv_nsec
	                                        : 0;
}

void map_add_anonymous(uintptr_t address, size_t bytes)
{
	uint64_t key[3] = {atomic_fetch_add(&session->unique, 1), 0, 0};

	area_add(address, bytes, region_find(REGION_ANONYMOUS, key, "anonymous"), 0);
}

void map_add_sysv(uintptr_t address, size_t bytes, int id)
{
	uint64_t key[3] = {(uint64_t)id, 0, 0};
	char name[NAME_BYTES];

	snprintf(name, sizeof(name), "System V segment %d", id);
	area_add(address, bytes, region_find(REGION_SYSV, key, name), 0);
}

void map_add_file(uintptr_t address, size_t bytes, int fd, uint64_t offset)
{
	struct statx status = {0};
	uint64_t key[3];
	char name[256];

	if (sys_call6(SYS_statx, fd, (long)"", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME,
	              (long)&status, 0) < 0)
		return;
	fd_name(fd, name, sizeof(name));
	if (strstr(name, "io_uring")) {
		key[0] = atomic_fetch_add(&session->unique, 1);
		key[1] = key[2] = 0;
		area_add(address, bytes, region_find(REGION_RING, key, "io_uring"), 0);
	} else if (S_ISCHR(status.stx_mode) && status.stx_rdev_major == 1) {
		map_add_anonymous(address, bytes); /* /dev/zero */
	} else {
		key_of(&status, key);
		area_add(address, bytes, region_find(REGION_FILE, key, name), offset >> 12);
	}
}

/* Empties the table's entries of a range; private pages are given back. */
static void table_clear(uintptr_t address, uintptr_t end)
{
	for (uintptr_t page = address >> 12; page < (end + 4095) >> 12; page++) {
		uint32_t entry = atomic_load_explicit(&mmu_table[page], memory_order_relaxed);

		if (entry == 0)
			continue;
		atomic_store(&mmu_table[page], 0);
		if (!(entry & MMU_SHARED))
			page_free(&arenas[ARENA_PRIVATE], entry);
	}
}

void map_remove(uintptr_t address, size_t bytes)
{
	uintptr_t end = (address + bytes + 4095) & ~(uintptr_t)4095;

	if (end >> 47 != 0 || end <= address)
		return;
	lock_take(&area_lock);
	for (uint32_t i = 0; i < area_count; i++) {
		struct area *area = &areas[i];
		struct area tail = *area;

		if (area->low >= end || area->high <= address)
			continue;
		if (area->high > end && area->low < address && area_count < AREA_MAX) {
			tail.low = end;
			tail.page += (end - area->low) >> 12;
			areas[area_count++] = tail;
			area->high = address;
		} else if (area->high > end) {
			area->page += (end - area->low) >> 12;
			area->low = end;
		} else if (area->low < address) {
			area->high = address;
		} else {
			atomic_fetch_sub(&session->region[area->region].mappings, 1);
			*area = areas[--area_count];
			i--;
		}
	}
	lock_give(&area_lock);
	atomic_fetch_add(&tlb_generation, 1);
	table_clear(address, end);
}

static bool area_find(uintptr_t address, struct area *out)
{
	bool is_found = false;

	lock_take(&area_lock);
	for (uint32_t i = 0; i < area_count && !is_found; i++) {
		if (address >= areas[i].low && address < areas[i].high) {
			*out = areas[i];
			is_found = true;
		}
	}
	lock_give(&area_lock);
	return is_found;
}

/* The region of an open file; REGION_MAX: nobody has mapped it. */
static uint32_t region_known(int fd, uint64_t inode)
{
	uint32_t count = atomic_load(&session->region_count);
	struct statx status = {0};
	uint64_t key[3];

	for (uint32_t index = 0; index < count; index++) {
		const struct region *region = &session->region[index];

		if (region->kind != REGION_FILE || region->key[1] != inode)
			continue;
		if (status.stx_mask == 0 &&
		    sys_call6(SYS_statx, fd, (long)"", AT_EMPTY_PATH,
		              STATX_BASIC_STATS | STATX_BTIME, (long)&status, 0) < 0)
			return REGION_MAX;
		key_of(&status, key);
		if (memcmp(region->key, key, sizeof(key)) == 0)
			return index;
	}
	return REGION_MAX;
}

/* The address of a byte of a region, if bytes from there are in one of the areas; else 0. */
static uintptr_t area_address(uint32_t region, uint64_t offset, size_t bytes)
{
	uintptr_t address = 0;

	lock_take(&area_lock);
	for (uint32_t i = 0; i < area_count && address == 0; i++) {
		uint64_t first = areas[i].page << 12;

		if (areas[i].region == region && offset >= first &&
		    offset + bytes <= first + (areas[i].high - areas[i].low))
			address = areas[i].low + (uintptr_t)(offset - first);
	}
	lock_give(&area_lock);
	return address;
}

uintptr_t map_window(int fd, uint64_t inode, uint64_t offset, size_t bytes)
{
	const size_t window_bytes = 1ul << 30;
	uint64_t first = offset / window_bytes * window_bytes;
	uint32_t region = region_known(fd, inode);
	uintptr_t address;
	long low;

	if (region == REGION_MAX)
		return 0;
	address = area_address(region, offset, bytes);
	if (address != 0)
		return address;
	low = sys_call6(SYS_mmap, 0, (long)window_bytes, PROT_NONE,
	                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (low < 0)
		return 0;
	area_add((uintptr_t)low, window_bytes, region, first >> 12);
	return area_address(region, offset, bytes);
}

void map_move(uintptr_t from, size_t from_bytes, uintptr_t to, size_t to_bytes)
{
	struct area area;

	if (!area_find(from, &area)) {
		/* Private memory: what was recorded stays behind, the new place starts empty. */
		map_remove(from, from_bytes);
		map_remove(to, to_bytes);
		return;
	}
	if (from_bytes != 0)
		map_remove(from, from_bytes);
	map_remove(to, to_bytes);
	area_add(to, to_bytes, area.region, area.page + ((from - area.low) >> 12));
}

void map_remove_at(uintptr_t address)
{
	struct area area;

	if (area_find(address, &area))
		map_remove(area.low, area.high - area.low);
}

size_t map_length(uintptr_t address)
{
	struct area area;

	return area_find(address, &area) && area.low == address ? area.high - area.low : 0;
}

void map_where(uintptr_t address, uint32_t *region, uint64_t *offset)
{
	struct area area;

	*region = 0;
	*offset = address;
	if (area_find(address, &area)) {
		*region = area.region + 1;
		*offset = (area.page << 12) + (address - area.low);
	}
}

/* Steps down one level of a region's tree of blocks. */
static uint32_t block_step(_Atomic uint32_t *entry, unsigned class)
{
	struct arena *arena = &arenas[ARENA_SHARED];
	uint32_t unit = atomic_load_explicit(entry, memory_order_acquire);
	uint32_t none = 0;

	if (unit != 0)
		return unit;
	unit = arena_take(arena, class);
	if (atomic_compare_exchange_strong(entry, &none, unit))
		return unit;
	arena_give(arena, unit, class);
	return none;
}

static uint32_t shared_page(const struct area *area, uintptr_t address)
{
	struct arena *arena = &arenas[ARENA_SHARED];
	struct region *region = &session->region[area->region];
	uint64_t index = area->page + ((address - area->low) >> 12);
	_Atomic uint32_t *block;
	struct page *page;
	uint32_t unit;

	block = arena_at(arena, block_step(&region->top[(index >> 18) & 511], 5));
	block = arena_at(arena, block_step(&block[(index >> 9) & 511], 5));
	unit = block_step(&block[index & 511], 0);
	page = arena_at(arena, unit);
	page->region = (uint16_t)(area->region + 1);
	page->index = (uint32_t)index;
	page->is_ring = region->kind == REGION_RING ? (uint16_t)(1 + region->key[1]) : 0;
	return unit;
}

struct page *map_page(uintptr_t address, struct arena **arena)
{
	_Atomic uint32_t *slot = &mmu_table[(address & ((1ull << 47) - 1)) >> 12];
	uint32_t entry = atomic_load_explicit(slot, memory_order_acquire);
	uint32_t none = 0;
	struct area area;

	if (UNLIKELY(entry == 0)) {
		if (area_find(address, &area))
			entry = shared_page(&area, address) | MMU_SHARED;
		else
			entry = arena_take(&arenas[ARENA_PRIVATE], 0);
		if (!atomic_compare_exchange_strong(slot, &none, entry)) {
			if (!(entry & MMU_SHARED))
				arena_give(&arenas[ARENA_PRIVATE], entry, 0);
			entry = none;
		}
	}
	*arena = &arenas[entry & MMU_SHARED ? ARENA_SHARED : ARENA_PRIVATE];
	return arena_at(*arena, entry & ~MMU_SHARED);
}

struct page *map_find(uintptr_t address, struct arena **arena)
{
	return mmu_table[(address & ((1ull << 47) - 1)) >> 12] != 0 ? map_page(address, arena)
	                                                            : NULL;
}

static bool has_inode(const char *path, uint64_t inode, struct statx *out)
{
	return sys_call6(SYS_statx, AT_FDCWD, (long)path, 0, STATX_BASIC_STATS | STATX_BTIME,
	                 (long)out, 0) == 0 &&
	       out->stx_ino == inode;
}

/* The kernel shows the name a file was made by; it may have been renamed since. */
static bool find_status(const char *path, const char *hint, uint64_t inode, struct statx *out)
{
	return (hint && has_inode(hint, inode, out)) || has_inode(path, inode, out);
}

/* Adds one line of /proc/self/maps if it is a shared mapping not yet known. */
static void import_line(char *line, const char *hint)
{
	struct statx status = {0};
	uint64_t key[3];
	uint32_t region;
	uintptr_t low;
	uintptr_t high;
	uint64_t offset;
	uint64_t inode;
	uint64_t at;
	char *end;
	char *path = strchr(line, '/');

	low = strtoull(line, &end, 16);
	high = strtoull(end + 1, &end, 16);
	if (end[4] != 's' || map_length(low) != 0 || low == (uintptr_t)session)
		return;
	map_where(low, &region, &at);
	if (region != 0)
		return;
	offset = strtoull(end + 5, &end, 16);
	end = strchr(end + 1, ' '); /* behind the device */
	inode = end ? strtoull(end, NULL, 10) : 0;
	if (strstr(line, "anon_inode:[io_uring]")) {
		key[0] = atomic_fetch_add(&session->unique, 1);
		/* A library's: it is seen to submit by its calls. */
		key[1] = 1;
		key[2] = 0;
		region = region_find(REGION_RING, key, "io_uring");
	} else if (path && find_status(path, hint, inode, &status)) {
		key_of(&status, key);
		region = region_find(REGION_FILE, key, hint ? hint : path);
	} else {
		return;
	}
	area_add(low, high - low, region, offset >> 12);
	table_clear(low, high);
}

void map_import(const char *hint)
{
	char text[8192];
	size_t kept = 0;
	long fd = sys_call3(SYS_open, "/proc/self/maps", O_CLOEXEC, 0);
	long bytes;

	if (fd < 0)
		return;
	while ((bytes = sys_call3(SYS_read, fd, text + kept, sizeof(text) - 1 - kept)) > 0) {
		char *line = text;
		char *newline;

		kept += (size_t)bytes;
		text[kept] = '\0';
		while ((newline = strchr(line, '\n')) != NULL) {
			*newline = '\0';
			import_line(line, hint);
			line = newline + 1;
		}
		kept -= (size_t)(line - text);
		memmove(text, line, kept);
	}
	sys_call1(SYS_close, fd);
}
