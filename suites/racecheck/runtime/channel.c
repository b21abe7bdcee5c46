/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/channel.c - clocks that flow through the kernel.
 *
 * A channel is a queue of releases, each with a number of units: bytes of a
 * stream, a message, a post of a semaphore. Taking units orders the caller
 * after exactly the releases that put them. The channel's lock is held over
 * the system call, which must not block then, so that both queues agree.
 */
#include "suites/racecheck/runtime/channel.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

enum { SEGMENT_MAX = 1 << 16, SEGMENT_CLASS = 0, CHANNEL_CLASS = 1 };
_Static_assert(sizeof(struct channel) <= ARENA_UNIT_BYTES << CHANNEL_CLASS, "a block's size");

static struct channel *channel_of(struct arena *arena, uint32_t unit)
{
	return arena_at(arena, unit);
}

static struct segment *segment_of(struct arena *arena, uint32_t unit)
{
	return arena_at(arena, unit);
}

struct channel_ref channel_at(struct channel_key key)
{
	struct arena *arena = &arenas[ARENA_SHARED];
	uint64_t hash = (key.a * 0x9e3779b97f4a7c15ull ^ key.b * 0xc2b2ae3d27d4eb4full ^ key.kind) *
	                0x9e3779b97f4a7c15ull;
	_Atomic uint32_t *bucket = &session->channel[hash >> 50];
	uint32_t head = atomic_load(bucket);
	uint32_t fresh = 0;

	for (;;) {
		for (uint32_t unit = head; unit != 0; unit = channel_of(arena, unit)->next) {
			struct channel *channel = channel_of(arena, unit);

			if (channel->key.kind == key.kind && channel->key.a == key.a &&
			    channel->key.b == key.b) {
				if (fresh != 0)
					arena_give(arena, fresh, CHANNEL_CLASS);
				return (struct channel_ref){arena, channel};
			}
		}
		if (fresh == 0)
			fresh = arena_take(arena, CHANNEL_CLASS);
		channel_of(arena, fresh)->key = key;
		channel_of(arena, fresh)->next = head;
		if (atomic_compare_exchange_strong(bucket, &head, fresh))
			return (struct channel_ref){arena, channel_of(arena, fresh)};
	}
}

struct channel_ref channel_in(struct sync_ref ref)
{
	lock_take(&ref.sync->lock);
	if (ref.sync->channel == 0)
		ref.sync->channel = arena_take(ref.arena, CHANNEL_CLASS);
	lock_give(&ref.sync->lock);
	return (struct channel_ref){ref.arena, channel_of(ref.arena, ref.sync->channel)};
}

void channel_open(struct channel_ref ref)
{
	lock_take(&ref.channel->lock);
}

void channel_close(struct channel_ref ref)
{
	atomic_fetch_add(&ref.channel->version, 1);
	lock_give(&ref.channel->lock);
	lock_wake(&ref.channel->version);
}

static void put_segment(struct channel_ref ref, uint64_t units, uint32_t tag)
{
	struct channel *channel = ref.channel;
	uint32_t unit = arena_take(ref.arena, SEGMENT_CLASS);
	struct segment *segment = segment_of(ref.arena, unit);

	segment->tag = tag;
	segment->units = units;
	clock_store(ref.arena, &segment->clock, self.context->clock);
	if (channel->tail != 0)
		segment_of(ref.arena, channel->tail)->next = unit;
	else
		channel->head = unit;
	channel->tail = unit;
	channel->units += units;
	clock_add(ref.arena, &channel->all, self.context->clock);
	if (channel->is_mixed)
		clock_add(ref.arena, &segment->clock, arena_at(ref.arena, channel->all.unit));
	if (++channel->count > SEGMENT_MAX) {
		/* Nobody reads here: the two oldest become one. */
		struct segment *oldest = segment_of(ref.arena, channel->head);
		struct segment *second = segment_of(ref.arena, oldest->next);

		if (oldest->clock.unit != 0)
			clock_take(ref.arena, &oldest->clock,
			           arena_at(ref.arena, second->clock.unit));
		second->units += oldest->units;
		clock_drop(ref.arena, &oldest->clock);
		unit = channel->head;
		channel->head = oldest->next;
		arena_give(ref.arena, unit, SEGMENT_CLASS);
		channel->count--;
	}
}

void channel_put(struct channel_ref ref, uint64_t units, uint32_t tag)
{
	ref.channel->is_mixed |= ref.channel->streams > 0;
	put_segment(ref, units, tag);
}

/* Unlinks a segment; before is the one in front of it, or 0. */
static void segment_remove(struct channel_ref ref, uint32_t unit, uint32_t before)
{
	struct channel *channel = ref.channel;
	struct segment *segment = segment_of(ref.arena, unit);

	if (before != 0)
		segment_of(ref.arena, before)->next = segment->next;
	else
		channel->head = segment->next;
	if (channel->tail == unit)
		channel->tail = before;
	channel->count--;
	clock_drop(ref.arena, &segment->clock);
	arena_give(ref.arena, unit, SEGMENT_CLASS);
}

static bool take_units(struct channel_ref ref, uint64_t units, uint32_t tag, bool is_joined)
{
	struct channel *channel = ref.channel;
	uint32_t unit = channel->head;
	uint32_t before = 0;

	while (units > 0 && unit != 0) {
		struct segment *segment = segment_of(ref.arena, unit);
		uint32_t next = segment->next;

		if (tag == ANY_TAG || segment->tag == tag) {
			uint64_t part = segment->units < units ? segment->units : units;

			if (is_joined)
				clock_take(ref.arena, &segment->clock, self.context->clock);
			segment->units -= part;
			channel->units -= part;
			units -= part;
			if (segment->units == 0)
				segment_remove(ref, unit, before);
			else
				before = unit;
		} else {
			before = unit;
		}
		unit = next;
	}
	if (channel->streams > 0)
		channel->owed += (uint32_t)units;
	return units == 0;
}

bool channel_get(struct channel_ref ref, uint64_t units, uint32_t tag)
{
	return take_units(ref, units, tag, true);
}

void channel_stream_begin(struct channel_ref ref)
{
	clock_add(ref.arena, &ref.channel->all, self.context->clock);
	ref.channel->is_mixed |= ref.channel->streams > 0;
	ref.channel->streams++;
	ref.channel->streamer = self.tid;
}

void channel_stream_end(struct channel_ref ref, uint64_t units)
{
	uint64_t paid = ref.channel->owed < units ? ref.channel->owed : units;

	ref.channel->owed -= (uint32_t)paid;
	if (units > paid)
		put_segment(ref, units - paid, 0);
	if (ref.channel->streams > 0)
		ref.channel->streams--;
	if (ref.channel->streams == 0) {
		ref.channel->owed = 0;
		ref.channel->is_mixed = false;
	}
}

void channel_await_streams(struct channel_ref ref)
{
	enum { TRIES = 40 };
	const struct timespec pause = {.tv_nsec = 20000};

	if (ref.channel->streams == 0 || is_scheduled)
		return;
	for (int i = 0; i < TRIES && ref.channel->streams > 0; i++) {
		lock_give(&ref.channel->lock);
		sys_call2(SYS_nanosleep, &pause, 0);
		lock_take(&ref.channel->lock);
	}
	if (ref.channel->streams > 0 && is_dead(ref.channel->streamer))
		ref.channel->streams = 0;
}

void channel_drop(struct channel_ref ref, uint64_t units)
{
	take_units(ref, units, ANY_TAG, false);
}

void channel_clear(struct channel_ref ref)
{
	while (ref.channel->head != 0)
		segment_remove(ref, ref.channel->head, 0);
	ref.channel->units = 0;
}

void channel_peek(struct channel_ref ref)
{
	channel_copy(ref, 1);
}

void channel_copy(struct channel_ref ref, uint64_t units)
{
	uint32_t unit = ref.channel->head;

	while (units > 0 && unit != 0) {
		struct segment *segment = segment_of(ref.arena, unit);

		clock_take(ref.arena, &segment->clock, self.context->clock);
		units -= segment->units < units ? segment->units : units;
		unit = segment->next;
	}
}

static struct channel_ref room_of(struct channel_ref ref)
{
	return (struct channel_ref){ref.arena, channel_of(ref.arena, ref.channel->room)};
}

void channel_bound(struct channel_ref ref, uint64_t free_units)
{
	if (ref.channel->room != 0)
		return;
	ref.channel->room = arena_take(ref.arena, CHANNEL_CLASS);
	room_of(ref).channel->free_units = free_units;
}

void channel_fill(struct channel_ref ref, uint64_t units)
{
	struct channel *room;
	uint64_t part;

	if (ref.channel->room == 0)
		return;
	room = room_of(ref).channel;
	part = room->free_units < units ? room->free_units : units;
	room->free_units -= part;
	channel_get(room_of(ref), units - part, ANY_TAG);
}

void channel_empty(struct channel_ref ref, uint64_t units)
{
	if (ref.channel->room != 0 && units != 0)
		channel_put(room_of(ref), units, 0);
}

void channel_got_room(struct channel_ref ref)
{
	if (ref.channel->is_full)
		clock_take(ref.arena, &ref.channel->taken, self.context->clock);
	ref.channel->is_full = 0;
}

void channel_peek_room(struct channel_ref ref)
{
	if (ref.channel->room != 0 && room_of(ref).channel->free_units == 0)
		channel_peek(room_of(ref));
}

void channel_get_all(struct channel_ref ref)
{
	clock_take(ref.arena, &ref.channel->all, self.context->clock);
}

void channel_get_everything(void)
{
	struct arena *arena = &arenas[ARENA_SHARED];

	for (uint32_t i = 0; i < CHANNEL_BUCKETS; i++) {
		uint32_t unit = atomic_load(&session->channel[i]);

		for (; unit != 0; unit = channel_of(arena, unit)->next) {
			struct channel *channel = channel_of(arena, unit);

			/* Held by another, or by the caller itself: a torn clock only grows. */
			clock_take(arena, &channel->all, self.context->clock);
		}
	}
	self.context->clock[self.slot] = self.epoch;
}

void channel_release(struct channel_key key, enum edge edge)
{
	struct channel_ref ref;

	if (edge_is_off(edge))
		return;
	self.busy++;
	ref = channel_at(key);
	lock_take(&ref.channel->lock);
	clock_add(ref.arena, &ref.channel->all, self.context->clock);
	lock_give(&ref.channel->lock);
	context_advance();
	context_log(edge, false);
	self.busy--;
}

void channel_acquire(struct channel_key key, enum edge edge)
{
	struct channel_ref ref;

	if (edge_is_off(edge))
		return;
	self.busy++;
	ref = channel_at(key);
	lock_take(&ref.channel->lock);
	channel_get_all(ref);
	lock_give(&ref.channel->lock);
	context_log(edge, true);
	self.busy--;
}

bool channel_learn(struct channel_key key, uint64_t *known)
{
	struct channel_ref ref = channel_at(key);
	bool is_released;

	lock_take(&ref.channel->lock);
	is_released = ref.channel->all.unit != 0;
	clock_take(ref.arena, &ref.channel->all, known);
	lock_give(&ref.channel->lock);
	return is_released;
}

bool channel_await(struct channel_ref ref, uint32_t version, enum edge edge, uint64_t deadline_ns)
{
	uint64_t now;

	if (is_scheduled) {
		bool has_time = schedule_block(edge, deadline_ns);

		pthread_testcancel();
		return has_time;
	}
	now = now_ns(CLOCK_MONOTONIC);
	if (deadline_ns != 0 && now >= deadline_ns)
		return false;
	/* A stranger moves no version: look again by and by. */
	lock_wait(&ref.channel->version, version, 5000000);
	return true;
}
