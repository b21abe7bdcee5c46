/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/site.c - places in programs, with their callers.
 *
 * A node is a place and a parent node, the call that led to it. Nodes are
 * shared by all processes: a place is kept as (module, offset). Each thread
 * keeps the calls it is in, and looks their nodes up only when an access is
 * recorded.
 */
#include "suites/racecheck/runtime/runtime.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

enum { OBJECT_MAX = 128 };

struct object {
	uintptr_t low, high, base;
	uint32_t module;
};

static struct object objects[OBJECT_MAX];
static _Atomic uint32_t object_count;
static _Atomic uint32_t object_lock;

void site_forget_modules(void)
{
	atomic_store(&object_count, 0);
	atomic_store(&object_lock, 0);
}

static uint32_t module_find(const char *path)
{
	uint32_t count;
	uint32_t index;

	lock_take(&session->lock);
	count = session->module_count;
	for (index = 0; index < count; index++) {
		if (strcmp(session->module[index].path, path) == 0)
			break;
	}
	if (index == count && count < MODULE_MAX) {
		strncpy(session->module[index].path, path, sizeof(session->module[index].path) - 1);
		atomic_store(&session->module_count, count + 1);
	}
	lock_give(&session->lock);
	return index < MODULE_MAX ? index + 1 : 0;
}

static bool object_add(uintptr_t place, struct object *out)
{
	struct dl_find_object found;
	char path[1024];
	uint32_t count;

	if (_dl_find_object((void *)place, &found) != 0)
		return false;
	strncpy(path, found.dlfo_link_map->l_name, sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	if (path[0] == '\0') {
		long bytes = sys_call3(SYS_readlink, "/proc/self/exe", path, sizeof(path) - 1);

		path[bytes > 0 ? bytes : 0] = '\0';
	}
	*out = (struct object){
		.low = (uintptr_t)found.dlfo_map_start,
		.high = (uintptr_t)found.dlfo_map_end,
		.base = found.dlfo_link_map->l_addr,
		.module = module_find(path),
	};
	lock_take(&object_lock);
	count = object_count;
	if (count < OBJECT_MAX) {
		objects[count] = *out;
		atomic_store(&object_count, count + 1);
	}
	lock_give(&object_lock);
	return true;
}

/* A place as every process knows it: module << 48 | offset + 1. */
static uint64_t place_global(uintptr_t place)
{
	struct object object;
	uint32_t count = object_count;

	for (uint32_t i = 0; i < count; i++) {
		if (place >= objects[i].low && place < objects[i].high)
			return (uint64_t)objects[i].module << 48 | (place - objects[i].base + 1);
	}
	if (object_add(place, &object))
		return (uint64_t)object.module << 48 | (place - object.base + 1);
	return (place & ((1ull << 48) - 1)) + 1;
}

/* Finds or makes the shared node; 0 if the table is full. */
static uint32_t node_find(uint64_t place, uint32_t parent)
{
	uint64_t hash = (place ^ (uint64_t)parent << 32 ^ parent) * 0x9e3779b97f4a7c15ull;
	uint32_t index = (uint32_t)(hash >> 42) % (NODE_MAX - 1);

	for (uint32_t tries = 0; tries < 64; tries++, index = (index + 1) % (NODE_MAX - 1)) {
		struct node *node = &session->node[index];
		uint32_t ready = atomic_load_explicit(&node->is_ready, memory_order_acquire);

		if (ready == 0 && session->node_count < NODE_MAX / 4 * 3 &&
		    atomic_compare_exchange_strong(&node->is_ready, &ready, 1)) {
			node->place = place;
			node->parent = parent;
			atomic_fetch_add_explicit(&session->node_count, 1, memory_order_relaxed);
			atomic_store_explicit(&node->is_ready, 2, memory_order_release);
			return index + 1;
		}
		for (int spins = 0; ready == 1 && spins < 1000; spins++)
			ready = atomic_load_explicit(&node->is_ready, memory_order_acquire);
		if (ready == 2 && node->place == place && node->parent == parent)
			return index + 1;
	}
	/* Too many stacks: the place alone has to do. */
	return parent != 0 ? node_find(place, 0) : 0;
}

static uint32_t node_cached(struct thread *t, uintptr_t place, uint32_t parent)
{
	struct site *site = site_slot(t, place, parent);

	if (LIKELY(site->place == place && site->parent == parent && site->node != 0))
		return site->node;
	*site = (struct site){place, parent, node_find(place_global(place), parent)};
	return site->node;
}

/* The node of the call that the calling function was entered by. */
static uint32_t stack_node(struct thread *t)
{
	uint32_t depth = t->depth < SHADOW_STACK ? t->depth : SHADOW_STACK;
	uint32_t from = depth;
	uint32_t node = 0;

	while (from > 0 && t->stack[from - 1].node == 0)
		from--;
	if (from > 0)
		node = t->stack[from - 1].node;
	for (; from < depth; from++) {
		node = node_cached(t, t->stack[from].place, node);
		t->stack[from].node = node;
	}
	return node;
}

uint32_t site_node_slow(struct thread *t, uintptr_t place)
{
	if (place == 0)
		return 0;
	return node_cached(t, place, stack_node(t));
}
