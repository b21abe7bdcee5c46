/* SPDX-License-Identifier: MIT */
/* results/environment_process.c - where and as what this process runs: cgroup, limits, build. */
#include "results/environment_facts.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "build_info.h"
#include "revision_info.h"

#define BUILD_ID_BYTES 32

static const struct limit_fact {
	const char *name;
	__rlimit_resource_t resource;
} limit_facts[] = {
	{"rlimit_mqueue_bytes", RLIMIT_MSGQUEUE}, {"rlimit_locked_bytes", RLIMIT_MEMLOCK},
	{"rlimit_descriptors", RLIMIT_NOFILE},    {"rlimit_realtime_priority", RLIMIT_RTPRIO},
	{"rlimit_processes", RLIMIT_NPROC},
};

static void collect_limits(struct facts *facts)
{
	char path[4096];
	struct statvfs shm;

	for (size_t i = 0; i < sizeof(limit_facts) / sizeof(limit_facts[0]); i++) {
		const struct limit_fact *fact = &limit_facts[i];
		struct rlimit limit;

		if (getrlimit(fact->resource, &limit) < 0)
			facts_set(facts, FACTS_RECORDED, fact->name, NULL, -errno);
		else if (limit.rlim_cur == RLIM_INFINITY)
			facts_set_text(facts, FACTS_RECORDED, fact->name, "unlimited");
		else
			facts_set_integer(facts, FACTS_RECORDED, fact->name,
			                  (long long)limit.rlim_cur);
	}
	snprintf(path, sizeof(path), "%s/dev/shm", facts->root);
	if (statvfs(path, &shm) < 0) {
		facts_set(facts, FACTS_RECORDED, "dev_shm_bytes", NULL, -errno);
		facts_set(facts, FACTS_RECORDED, "dev_shm_bytes_free", NULL, -errno);
		return;
	}
	facts_set_integer(facts, FACTS_RECORDED, "dev_shm_bytes",
	                  (long long)(shm.f_blocks * shm.f_frsize));
	facts_set_integer(facts, FACTS_RECORDED, "dev_shm_bytes_free",
	                  (long long)(shm.f_bavail * shm.f_frsize));
}

/* Finds the path of the process in cgroup 2: the line "0::/path". Returns whether there is one. */
static bool find_cgroup(char *lines, const char **out)
{
	for (char *line = lines; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "0::/", 4) == 0) {
			line[strcspn(line, "\n")] = '\0';
			/* "/" alone would double the slash of what follows. */
			*out = line[4] == '\0' ? "" : line + 3;
			return true;
		}
	}
	return false;
}

/* Sets a fact from a file of the process's cgroup. */
static void collect_cgroup_file(struct facts *facts, enum facts_group group, const char *name,
                                const char *cgroup, const char *file)
{
	char path[4096];
	char text[FACTS_TEXT_BYTES];
	int ret = -ENAMETOOLONG;

	if (snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s", cgroup, file) < (int)sizeof(path))
		ret = facts_read(facts, path, text, sizeof(text));
	for (char *c = text; ret == 0 && *c; c++) {
		if (*c == '\n')
			*c = ';';
	}
	facts_set(facts, group, name, ret == 0 ? json_string(text) : NULL, ret);
}

static void collect_cgroup(struct facts *facts)
{
	char text[FACTS_TEXT_BYTES];
	char path[4096];
	const char *cgroup = "";
	struct stat status;
	int ret;

	snprintf(path, sizeof(path), "%s/sys/fs/cgroup/cgroup.controllers", facts->root);
	if (stat(path, &status) < 0) {
		/* Version 1: its folder of the CPU controller, as a container sees it. */
		snprintf(path, sizeof(path), "%s/sys/fs/cgroup/cpu", facts->root);
		ret = stat(path, &status) < 0 ? -errno : 0;
		facts_set(facts, FACTS_ENVIRONMENT, "cgroup", ret == 0 ? json_integer(1) : NULL,
		          ret);
		collect_cgroup_file(facts, FACTS_ENVIRONMENT, "cgroup_cpu_quota", "/cpu",
		                    "cpu.cfs_quota_us");
		collect_cgroup_file(facts, FACTS_RECORDED, "cgroup_memory_max", "/memory",
		                    "memory.limit_in_bytes");
		collect_cgroup_file(facts, FACTS_RECORDED, "cgroup_cpu_stat", "/cpu", "cpu.stat");
		return;
	}
	ret = facts_read(facts, "/proc/self/cgroup", text, sizeof(text));
	if (ret == 0 && !find_cgroup(text, &cgroup))
		cgroup = "";
	facts_set_integer(facts, FACTS_ENVIRONMENT, "cgroup", 2);
	collect_cgroup_file(facts, FACTS_ENVIRONMENT, "cgroup_cpu_quota", cgroup, "cpu.max");
	collect_cgroup_file(facts, FACTS_RECORDED, "cgroup_memory_max", cgroup, "memory.max");
	collect_cgroup_file(facts, FACTS_RECORDED, "cgroup_cpu_stat", cgroup, "cpu.stat");
}

static void collect_container(struct facts *facts)
{
	static const struct {
		const char *path;
		const char *name;
	} marks[] = {
		{"/.dockerenv", "docker"},
		{"/run/.containerenv", "podman"},
	};
	char text[256];
	char path[4096];
	struct stat status;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", facts->root, marks[i].path);
		if (stat(path, &status) == 0) {
			facts_set_text(facts, FACTS_ENVIRONMENT, "container", marks[i].name);
			return;
		}
	}
	if (facts_read(facts, "/run/systemd/container", text, sizeof(text)) == 0)
		facts_set_text(facts, FACTS_ENVIRONMENT, "container", text);
	else
		facts_set_text(facts, FACTS_ENVIRONMENT, "container", "none");
}

/* Sets the seccomp mode of this process: 0 none, 1 strict, 2 a filter. */
static void collect_seccomp(struct facts *facts)
{
	char text[FACTS_TEXT_BYTES];
	int mode;
	const char *line;
	int ret = facts_read(facts, "/proc/self/status", text, sizeof(text));

	line = ret == 0 ? strstr(text, "\nSeccomp:") : NULL;
	if (line && sscanf(line, " Seccomp: %d", &mode) == 1)
		facts_set_integer(facts, FACTS_ENVIRONMENT, "seccomp", mode);
	else
		facts_set(facts, FACTS_ENVIRONMENT, "seccomp", NULL, ret < 0 ? ret : -ENOENT);
}

static void collect_scheduling(struct facts *facts)
{
	cpu_set_t set;
	json_t *cpus = json_array();
	int slack_ns = prctl(PR_GET_TIMERSLACK);

	if (sched_getaffinity(0, sizeof(set), &set) < 0) {
		json_decref(cpus);
		facts_set(facts, FACTS_RECORDED, "cpus_allowed", NULL, -errno);
	} else {
		for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
			if (CPU_ISSET(cpu, &set) &&
			    json_array_append_new(cpus, json_integer((json_int_t)cpu)))
				facts->is_out_of_memory = true;
		}
		facts_set(facts, FACTS_RECORDED, "cpus_allowed", cpus, 0);
	}
	facts_set_integer(facts, FACTS_RECORDED, "scheduling_policy", sched_getscheduler(0));
	facts_set(facts, FACTS_RECORDED, "timer_slack_ns",
	          slack_ns >= 0 ? json_integer(slack_ns) : NULL, slack_ns >= 0 ? 0 : -errno);
}

/* Writes the build-id of the first object that is walked: this program. Returns 1 to stop. */
static int find_build_id(struct dl_phdr_info *object, size_t object_bytes, void *context)
{
	char *out = context;

	(void)object_bytes;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		const unsigned char *at =
			(const unsigned char *)(object->dlpi_addr + segment->p_vaddr);
		const unsigned char *end = at + segment->p_memsz;
		ElfW(Nhdr) note;

		if (segment->p_type != PT_NOTE)
			continue;
		while ((size_t)(end - at) >= sizeof(note)) {
			size_t name_bytes;

			memcpy(&note, at, sizeof(note));
			name_bytes = (note.n_namesz + 3u) & ~3u;
			at += sizeof(note) + name_bytes;
			if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU")) {
				for (size_t j = 0; j < note.n_descsz && j < BUILD_ID_BYTES; j++)
					snprintf(out + 2 * j, 3, "%02x", at[j]);
				return 1;
			}
			at += (note.n_descsz + 3u) & ~3u;
		}
	}
	return 1;
}

static void collect_build(struct facts *facts)
{
	char build_id[2 * BUILD_ID_BYTES + 1] = "";
	char libc[64];

	snprintf(libc, sizeof(libc), "glibc %s", gnu_get_libc_version());
	dl_iterate_phdr(find_build_id, build_id);
	if (build_id[0] != '\0')
		facts_set_text(facts, FACTS_RECORDED, "build_id", build_id);
	else
		facts_set(facts, FACTS_RECORDED, "build_id", NULL, -ENOENT);
	/* The commit is what is compared, and so no part of the key. */
	if (BUILD_GIT_SHA[0] != '\0')
		facts_set_text(facts, FACTS_RECORDED, "git_sha", BUILD_GIT_SHA);
	else
		facts_set(facts, FACTS_RECORDED, "git_sha", NULL, -ENOENT);
	facts_set(facts, FACTS_RECORDED, "git_dirty", json_boolean(BUILD_GIT_DIRTY), 0);
	facts_set_text(facts, FACTS_ENVIRONMENT, "libc", libc);
	facts_set_text(facts, FACTS_ENVIRONMENT, "compiler", BUILD_COMPILER);
	facts_set_text(facts, FACTS_ENVIRONMENT, "flags", BUILD_FLAGS);
	facts_set_text(facts, FACTS_ENVIRONMENT, "build_type", BUILD_TYPE);
	facts_set_text(facts, FACTS_ENVIRONMENT, "sanitizer", BUILD_SANITIZER);
}

void facts_collect_process(struct facts *facts)
{
	collect_cgroup(facts);
	collect_container(facts);
	collect_seccomp(facts);
	collect_limits(facts);
	collect_scheduling(facts);
	collect_build(facts);
}
