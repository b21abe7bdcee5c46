/* SPDX-License-Identifier: MIT */
/* workloads/placement.c - which CPUs the peers of a cell are pinned to. */
#include "workloads/placement.h"

#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>

/* More peers than this share the CPUs that were found. */
#define PLACES_MAX 64

const char *const placement_names[] = {
	[PLACEMENT_SAME_CORE] = "same_core",   [PLACEMENT_SMT_SIBLING] = "smt_sibling",
	[PLACEMENT_CROSS_CORE] = "cross_core", [PLACEMENT_CROSS_SOCKET] = "cross_socket",
	[PLACEMENT_UNPINNED] = "unpinned",     NULL,
};

struct cpu_place {
	int cpu;
	int core;
	int socket;
};

static int read_topology(int cpu, const char *fact)
{
	char path[128];
	FILE *file;
	int value;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/topology/%s", cpu, fact);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

/* Without a readable topology each CPU counts as a core of its own in one socket. */
static struct cpu_place place_of(int cpu)
{
	int core = read_topology(cpu, "core_id");
	int socket = read_topology(cpu, "physical_package_id");

	return (struct cpu_place){cpu, core < 0 ? cpu : core, socket < 0 ? 0 : socket};
}

static int fits(enum placement placement, struct cpu_place a, struct cpu_place b)
{
	switch (placement) {
	case PLACEMENT_SMT_SIBLING:
		return a.socket == b.socket && a.core == b.core;
	case PLACEMENT_CROSS_CORE:
		return a.socket == b.socket && a.core != b.core;
	case PLACEMENT_CROSS_SOCKET:
		return a.socket != b.socket;
	default:
		return 0;
	}
}

/* The places of CPUs, each read when it is first asked for: it takes two files. */
struct topology {
	bool is_read[CPU_SETSIZE];
	struct cpu_place places[CPU_SETSIZE];
};

static struct cpu_place topology_place(struct topology *topology, int cpu)
{
	if (!topology->is_read[cpu]) {
		topology->places[cpu] = place_of(cpu);
		topology->is_read[cpu] = true;
	}
	return topology->places[cpu];
}

/*
 * Finds the allowed CPUs from first on that all stand to each other as asked, count at
 * most. Returns how many.
 */
static size_t find_from(int first, enum placement placement, const cpu_set_t *allowed,
                        struct topology *topology, int *cpus, size_t count)
{
	size_t found = 0;

	for (int cpu = first; cpu < CPU_SETSIZE && found < count; cpu++) {
		size_t fitting = 0;

		if (!CPU_ISSET((size_t)cpu, allowed))
			continue;
		while (fitting < found && fits(placement, topology_place(topology, cpus[fitting]),
		                               topology_place(topology, cpu)))
			fitting++;
		if (fitting == found)
			cpus[found++] = cpu;
	}
	return found;
}

/*
 * Finds the first allowed CPUs that all stand to each other as asked, count at most.
 * Returns how many: one for same_core, else at least two, or 0.
 */
static size_t find_cpus(enum placement placement, const cpu_set_t *allowed, int *cpus, size_t count)
{
	struct topology topology = {0};

	if (placement == PLACEMENT_SAME_CORE)
		return find_from(0, placement, allowed, &topology, cpus, 1);
	if (count > PLACES_MAX)
		count = PLACES_MAX;
	for (int first = 0; first < CPU_SETSIZE; first++) {
		size_t found;

		if (!CPU_ISSET((size_t)first, allowed))
			continue;
		found = find_from(first, placement, allowed, &topology, cpus, count);
		if (found >= 2)
			return found;
	}
	return 0;
}

int placement_cpus(enum placement placement, int *cpus, size_t count, char *why, size_t why_bytes)
{
	int found[PLACES_MAX] = {-1};
	size_t found_count = 1;
	cpu_set_t allowed;

	if (placement != PLACEMENT_UNPINNED) {
		if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0) {
			snprintf(why, why_bytes, "more than %d CPUs: placement '%s' is unknown",
			         CPU_SETSIZE, placement_names[placement]);
			return -ENODEV;
		}
		found_count = find_cpus(placement, &allowed, found, count < 2 ? 2 : count);
		if (found_count == 0) {
			snprintf(why, why_bytes,
			         "no two of the %d CPUs that may be used here are '%s'",
			         CPU_COUNT(&allowed), placement_names[placement]);
			return -ENODEV;
		}
	}
	for (size_t i = 0; i < count; i++)
		cpus[i] = found[i % found_count];
	return 0;
}

int placement_pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return 0;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) < 0 ? -errno : 0;
}
