/* SPDX-License-Identifier: MIT */
/* workloads/placement.c - which CPUs the peers of a cell are pinned to. */
#include "workloads/placement.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>

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

/* Finds the first pair of allowed CPUs that stand to each other as asked. */
static int find_pair(enum placement placement, const cpu_set_t *allowed, int pair[2])
{
	for (int i = 0; i < CPU_SETSIZE; i++) {
		struct cpu_place a;

		if (!CPU_ISSET((size_t)i, allowed))
			continue;
		if (placement == PLACEMENT_SAME_CORE) {
			pair[0] = i;
			pair[1] = i;
			return 0;
		}
		a = place_of(i);
		for (int j = i + 1; j < CPU_SETSIZE; j++) {
			if (!CPU_ISSET((size_t)j, allowed) || !fits(placement, a, place_of(j)))
				continue;
			pair[0] = i;
			pair[1] = j;
			return 0;
		}
	}
	return -ENODEV;
}

int placement_cpus(enum placement placement, int *cpus, size_t count, char *why, size_t why_bytes)
{
	int pair[2] = {-1, -1};
	char name[RUN_NAME_BYTES];
	cpu_set_t allowed;

	if (placement != PLACEMENT_UNPINNED) {
		cell_format_value(CELL_PLACEMENT, placement, name, sizeof(name));
		if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0) {
			snprintf(why, why_bytes, "more than %d CPUs: placement '%s' is unknown",
			         CPU_SETSIZE, name);
			return -ENODEV;
		}
		if (find_pair(placement, &allowed, pair) < 0) {
			snprintf(why, why_bytes,
			         "no two of the %d CPUs that may be used here are '%s'",
			         CPU_COUNT(&allowed), name);
			return -ENODEV;
		}
	}
	for (size_t i = 0; i < count; i++)
		cpus[i] = pair[i % 2];
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
