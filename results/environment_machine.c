/* SPDX-License-Identifier: MIT */
/*
 * results/environment_machine.c - what machine this is: what is bought, not what is set.
 *
 * Nothing that moves by itself may enter: a machine whose key hashed bogomips
 * became two machines when its fourth digit moved.
 */
#include "results/environment_facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define CPU_FOLDER "/sys/devices/system/cpu"
#define CPUS_MAX 4096
#define CACHES_MAX 8

/*
 * Facts of /proc/cpuinfo, by the names of x86 and of ARM. The first line that has the
 * name counts: that of the first processor, or of the board, which follows them all.
 */
static const struct cpu_fact {
	enum facts_group group;
	const char *name;
	const char *keys[2];
} cpu_facts[] = {
	{FACTS_MACHINE, "cpu_vendor", {"vendor_id", "CPU implementer"}},
	{FACTS_MACHINE, "cpu_family", {"cpu family", "CPU architecture"}},
	{FACTS_MACHINE, "cpu_model", {"model", "CPU part"}},
	{FACTS_MACHINE, "cpu_stepping", {"stepping", "CPU revision"}},
	{FACTS_RECORDED, "cpu_name", {"model name", "Model"}},
	{FACTS_RECORDED, "cpu_microcode", {"microcode", NULL}},
	{FACTS_RECORDED, "cpu_mhz", {"cpu MHz", NULL}},
	{FACTS_RECORDED, "cpu_bogomips", {"bogomips", "BogoMIPS"}},
	{FACTS_RECORDED, "cpu_flags", {"flags", "Features"}},
};

/* Finds "key : value" in lines. Returns whether it did; value is cut to out_bytes. */
static bool find_value(const char *lines, const char *key, char *out, size_t out_bytes)
{
	size_t key_length = strlen(key);

	for (const char *line = lines; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *value;
		size_t length;

		if (strncmp(line, key, key_length) != 0)
			continue;
		value = line + key_length + strspn(line + key_length, " ");
		if (*value != ':')
			continue;
		value += 1 + strspn(value + 1, " ");
		length = strcspn(value, "\n");
		if (length >= out_bytes)
			length = out_bytes - 1;
		memcpy(out, value, length);
		out[length] = '\0';
		return true;
	}
	return false;
}

/* Counts the CPUs of a list like "0-3,8,10-11". Returns 0 if it is no such list. */
static unsigned count_list(const char *list)
{
	unsigned count = 0;

	while (*list != '\0') {
		char *end;
		unsigned long first = strtoul(list, &end, 10);
		unsigned long last = first;

		if (end == list)
			return 0;
		if (*end == '-') {
			list = end + 1;
			last = strtoul(list, &end, 10);
			if (end == list)
				return 0;
		}
		if (last < first || last - first >= CPUS_MAX)
			return 0;
		count += (unsigned)(last - first + 1);
		if (*end != '\0' && *end != ',')
			return 0;
		list = *end == ',' ? end + 1 : end;
	}
	return count;
}

/* Counts the processors of cpuinfo; x86 and ARM have one "processor : N" line for each. */
static unsigned count_processors(const char *cpuinfo)
{
	unsigned count = 0;

	for (const char *line = cpuinfo; *line; line += strcspn(line, "\n"), line += *line == '\n')
		count += strncmp(line, "processor", 9) == 0 &&
		         line[9 + strspn(line + 9, " ")] == ':';
	return count;
}

/*
 * Counts the CPUs where /sys does not tell, as in a sandbox: from cpuinfo, and for this
 * machine from the C library, which asks for the affinity in the end.
 */
static void collect_cpus(struct facts *facts)
{
	char text[FACTS_TEXT_BYTES];
	long count = 0;
	int ret = facts_read(facts, CPU_FOLDER "/present", text, sizeof(text));

	if (ret == 0)
		count = count_list(text);
	/* A cpuinfo that does not fit is cut, and would count too few. */
	if (count == 0 && facts_read(facts, "/proc/cpuinfo", text, sizeof(text)) == 0 &&
	    strlen(text) < sizeof(text) - 1)
		count = count_processors(text);
	if (count == 0 && facts->root[0] == '\0')
		count = sysconf(_SC_NPROCESSORS_CONF);
	if (count <= 0)
		facts_set(facts, FACTS_MACHINE, "cpus", NULL, ret < 0 ? ret : -EBADMSG);
	else
		facts_set_integer(facts, FACTS_MACHINE, "cpus", count);
}

/* Sets a fact to the number of members of the list in a file. */
static void collect_count(struct facts *facts, const char *name, const char *path)
{
	char text[FACTS_TEXT_BYTES];
	unsigned count = 0;
	int ret = facts_read(facts, path, text, sizeof(text));

	if (ret == 0) {
		count = count_list(text);
		ret = count > 0 ? 0 : -EBADMSG;
	}
	facts_set(facts, FACTS_MACHINE, name, ret == 0 ? json_integer(count) : NULL, ret);
}

/* Says where the machine runs: "none", a hypervisor's name, or that there is one without. */
static void collect_hypervisor(struct facts *facts, const char *cpuinfo)
{
	char text[FACTS_TEXT_BYTES];
	char flags[FACTS_TEXT_BYTES];

	if (facts_read(facts, "/sys/hypervisor/type", text, sizeof(text)) == 0) {
		facts_set_text(facts, FACTS_MACHINE, "hypervisor", text);
	} else if (!find_value(cpuinfo, "flags", flags, sizeof(flags))) {
		facts_set(facts, FACTS_MACHINE, "hypervisor", NULL, -ENOENT);
	} else if (!strstr(flags, " hypervisor")) {
		facts_set_text(facts, FACTS_MACHINE, "hypervisor", "none");
	} else if (facts_read(facts, "/sys/class/dmi/id/sys_vendor", text, sizeof(text)) == 0) {
		facts_set_text(facts, FACTS_MACHINE, "hypervisor", text);
	} else {
		facts_set_text(facts, FACTS_MACHINE, "hypervisor", "unnamed");
	}
}

static void collect_cpuinfo(struct facts *facts)
{
	char text[FACTS_TEXT_BYTES];
	char value[FACTS_TEXT_BYTES];
	int ret = facts_read(facts, "/proc/cpuinfo", text, sizeof(text));

	if (ret < 0)
		text[0] = '\0';
	for (size_t i = 0; i < sizeof(cpu_facts) / sizeof(cpu_facts[0]); i++) {
		const struct cpu_fact *fact = &cpu_facts[i];

		if (find_value(text, fact->keys[0], value, sizeof(value)) ||
		    (fact->keys[1] && find_value(text, fact->keys[1], value, sizeof(value))))
			facts_set(facts, fact->group, fact->name, facts_scalar(value), 0);
		else
			facts_set(facts, fact->group, fact->name, NULL, ret < 0 ? ret : -ENOENT);
	}
	collect_hypervisor(facts, text);
}

/* Counts the different packages of the CPUs. */
static void collect_sockets(struct facts *facts)
{
	static const char form[] = CPU_FOLDER "/cpu%u/topology/physical_package_id";
	bool is_seen[CPUS_MAX] = {false};
	unsigned count = 0;
	int ret = -ENOENT;

	for (unsigned cpu = 0; cpu < CPUS_MAX; cpu++) {
		char path[128];
		char text[32];
		unsigned long package;

		snprintf(path, sizeof(path), form, cpu);
		ret = facts_read(facts, path, text, sizeof(text));
		if (ret < 0)
			break; /* the first CPU that is absent or off ends the count */
		package = strtoul(text, NULL, 10);
		if (package < CPUS_MAX && !is_seen[package]) {
			is_seen[package] = true;
			count++;
		}
	}
	facts_set(facts, FACTS_MACHINE, "sockets", count > 0 ? json_integer(count) : NULL,
	          count > 0 ? 0 : ret);
}

/* Lists the caches of the first CPU: "1 Data 32K". */
static void collect_caches(struct facts *facts)
{
	static const char *const parts[] = {"level", "type", "size"};
	json_t *caches = json_array();
	int ret = 0;

	for (unsigned i = 0; caches && i < CACHES_MAX; i++) {
		char cache[128] = "";
		size_t filled = 0;

		for (size_t j = 0; j < 3; j++) {
			char path[128];
			char text[32];

			snprintf(path, sizeof(path), CPU_FOLDER "/cpu0/cache/index%u/%s", i,
			         parts[j]);
			ret = facts_read(facts, path, text, sizeof(text));
			if (ret < 0)
				break;
			filled += (size_t)snprintf(cache + filled, sizeof(cache) - filled, "%s%s",
			                           j ? " " : "", text);
		}
		if (ret < 0)
			break;
		json_array_append_new(caches, json_string(cache));
	}
	if (json_array_size(caches) == 0) {
		json_decref(caches);
		facts_set(facts, FACTS_MACHINE, "caches", NULL, ret < 0 ? ret : -ENOMEM);
		return;
	}
	facts_set(facts, FACTS_MACHINE, "caches", caches, 0);
}

/* Sets the class of memory: the least power of two GiB that holds it. */
static void collect_memory(struct facts *facts)
{
	static const struct {
		const char *name;
		const char *key;
	} moving[] = {
		{"memory_available", "MemAvailable"},
		{"swap", "SwapTotal"},
		{"swap_free", "SwapFree"},
	};
	char text[FACTS_TEXT_BYTES];
	char value[64];
	unsigned long kib = 0;
	unsigned long gib = 1;
	int ret = facts_read(facts, "/proc/meminfo", text, sizeof(text));

	if (ret < 0)
		text[0] = '\0';
	if (find_value(text, "MemTotal", value, sizeof(value)))
		kib = strtoul(value, NULL, 10);
	while (gib * 1048576 < kib && gib < 1ul << 40)
		gib *= 2;
	facts_set(facts, FACTS_MACHINE, "ram_gib_class",
	          kib > 0 ? json_integer((json_int_t)gib) : NULL,
	          kib > 0 ? 0 : (ret < 0 ? ret : -EBADMSG));
	for (size_t i = 0; i < sizeof(moving) / sizeof(moving[0]); i++) {
		if (find_value(text, moving[i].key, value, sizeof(value)))
			facts_set_text(facts, FACTS_RECORDED, moving[i].name, value);
		else
			facts_set(facts, FACTS_RECORDED, moving[i].name, NULL,
			          ret < 0 ? ret : -ENOENT);
	}
}

static void collect_architecture(struct facts *facts)
{
	char text[64];
	struct utsname names;

	/* The file is there from Linux 6.1 on, and in made-up roots. */
	if (facts_read(facts, "/proc/sys/kernel/arch", text, sizeof(text)) == 0)
		facts_set_text(facts, FACTS_MACHINE, "architecture", text);
	else if (uname(&names) == 0)
		facts_set_text(facts, FACTS_MACHINE, "architecture", names.machine);
	else
		facts_set(facts, FACTS_MACHINE, "architecture", NULL, -errno);
}

void facts_collect_machine(struct facts *facts)
{
	collect_architecture(facts);
	collect_cpuinfo(facts);
	collect_cpus(facts);
	collect_count(facts, "threads_per_core", CPU_FOLDER "/cpu0/topology/thread_siblings_list");
	collect_count(facts, "numa_nodes", "/sys/devices/system/node/online");
	collect_sockets(facts);
	collect_caches(facts);
	collect_memory(facts);
}
