/* SPDX-License-Identifier: MIT */
/*
 * results/environment_files.c - the facts that stand in a file by themselves.
 *
 * One row a fact. A fact belongs to the environment if a change of it may change a
 * number, and is only recorded if it moves by itself or is a limit that shows as a
 * skipped cell.
 */
#include "results/environment_facts.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How the text of a file becomes a value; text may be changed. Null: it is not as expected. */
typedef json_t *fact_parser(char *text);

struct file_fact {
	const char *name;
	const char *path;
	fact_parser *parse;
};

int facts_read(const struct facts *facts, const char *path, char *out, size_t out_bytes)
{
	char full[4096];
	size_t filled = 0;
	ssize_t got = 0;
	int fd;
	int ret = 0;

	if (snprintf(full, sizeof(full), "%s%s", facts->root, path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	/* A made-up file may be a FIFO; it must not hang us. */
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	while (filled < out_bytes - 1) {
		got = read(fd, out + filled, out_bytes - 1 - filled);
		if (got <= 0)
			break;
		filled += (size_t)got;
	}
	if (got < 0)
		ret = -errno;
	close(fd);
	if (ret < 0)
		return ret;
	while (filled > 0 && isspace((unsigned char)out[filled - 1]))
		filled--;
	out[filled] = '\0';
	for (size_t i = 0; i < filled; i++) {
		unsigned char c = (unsigned char)out[i];

		if (c == '\t' || c == '\0')
			out[i] = ' ';
		else if (c != '\n' && (c < 0x20 || c >= 0x7f))
			out[i] = '?';
	}
	return 0;
}

json_t *facts_scalar(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (digits > 0 && digits <= 18 && text[digits] == '\0')
		return json_integer(strtoll(text, NULL, 10));
	return json_string(text);
}

void facts_set(struct facts *facts, enum facts_group group, const char *name, json_t *value,
               int error)
{
	if (json_object_set_new(facts->groups[group], name, value ? value : json_null()) < 0)
		facts->is_out_of_memory = true;
	if (error < 0 && json_object_set_new(facts->unread, name, json_integer(-error)) < 0)
		facts->is_out_of_memory = true;
}

void facts_set_text(struct facts *facts, enum facts_group group, const char *name, const char *text)
{
	facts_set(facts, group, name, json_string(text), 0);
}

void facts_set_integer(struct facts *facts, enum facts_group group, const char *name,
                       long long value)
{
	facts_set(facts, group, name, json_integer(value), 0);
}

/* The first line; an integer if it is one. */
static json_t *first_line(char *text)
{
	text[strcspn(text, "\n")] = '\0';
	return facts_scalar(text);
}

/* All lines, joined by "; ". */
static json_t *all_lines(char *text)
{
	for (char *c = text; *c; c++) {
		if (*c == '\n')
			*c = ';';
	}
	return json_string(text);
}

/* "always [madvise] never" is madvise. */
static json_t *choice(char *text)
{
	char *start = strchr(text, '[');
	char *end = start ? strchr(start, ']') : NULL;

	if (!end)
		return NULL;
	*end = '\0';
	return json_string(start + 1);
}

/* The model of preemption, a word of the kernel's version: "#1 SMP PREEMPT_DYNAMIC Debian ...". */
static json_t *preemption(char *text)
{
	char *start = strstr(text, "PREEMPT");

	if (!start)
		return json_string("none or voluntary");
	start[strcspn(start, " ")] = '\0';
	return json_string(start);
}

/* The fields of a line apart by any white space: "4096  131072 6291456". */
static json_t *fields(char *text)
{
	json_t *array = json_array();
	char *rest = text;

	while (array && *(rest += strspn(rest, " \n")) != '\0') {
		size_t length = strcspn(rest, " \n");
		bool is_last = rest[length] == '\0';

		rest[length] = '\0';
		if (json_array_append_new(array, facts_scalar(rest)) < 0) {
			json_decref(array);
			return NULL;
		}
		rest += length + (is_last ? 0 : 1);
	}
	return array;
}

/* The seventh number after "cpu": time stolen by the hypervisor, in ticks, since the start. */
static json_t *steal_ticks(char *text)
{
	long long steal;

	if (sscanf(text, "cpu %*s %*s %*s %*s %*s %*s %*s %lld", &steal) != 1)
		return NULL;
	return json_integer(steal);
}

static const struct file_fact environment_facts[] = {
	{"kernel", "/proc/sys/kernel/osrelease", first_line},
	{"preemption", "/proc/sys/kernel/version", preemption},
	{"clock_source", "/sys/devices/system/clocksource/clocksource0/current_clocksource",
         first_line},
	{"cpufreq_driver", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", first_line},
	{"cpufreq_governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", first_line},
	{"cpufreq_boost", "/sys/devices/system/cpu/cpufreq/boost", first_line},
	{"intel_no_turbo", "/sys/devices/system/cpu/intel_pstate/no_turbo", first_line},
	{"idle_driver", "/sys/devices/system/cpu/cpuidle/current_driver", first_line},
	{"idle_governor", "/sys/devices/system/cpu/cpuidle/current_governor_ro", first_line},
	{"smt", "/sys/devices/system/cpu/smt/control", first_line},
	{"cpus_isolated", "/sys/devices/system/cpu/isolated", first_line},
	{"cpus_nohz_full", "/sys/devices/system/cpu/nohz_full", first_line},
	{"cpus_online", "/sys/devices/system/cpu/online", first_line},
	{"transparent_huge_pages", "/sys/kernel/mm/transparent_hugepage/enabled", choice},
};

static const struct file_fact recorded_facts[] = {
	{"host_name", "/proc/sys/kernel/hostname", first_line},
	{"kernel_version", "/proc/sys/kernel/version", first_line},
	{"kernel_command_line", "/proc/cmdline", first_line},
	{"boot_id", "/proc/sys/kernel/random/boot_id", first_line},
	{"clock_sources", "/sys/devices/system/clocksource/clocksource0/available_clocksource",
         fields},
	{"cpu_frequency_khz", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", first_line},
	{"halt_poll_ns", "/sys/module/haltpoll/parameters/guest_halt_poll_ns", first_line},
	{"throttle_count", "/sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count",
         first_line},
	{"temperature_millicelsius", "/sys/class/thermal/thermal_zone0/temp", first_line},
	{"uptime_seconds", "/proc/uptime", fields},
	{"load", "/proc/loadavg", fields},
	{"pressure_cpu", "/proc/pressure/cpu", all_lines},
	{"steal_ticks", "/proc/stat", steal_ticks},
	{"address_randomisation", "/proc/sys/kernel/randomize_va_space", first_line},
	{"perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid", first_line},
	{"ptrace_scope", "/proc/sys/kernel/yama/ptrace_scope", first_line},
	{"security_modules", "/sys/kernel/security/lsm", first_line},
	{"mqueue_messages_max", "/proc/sys/fs/mqueue/msg_max", first_line},
	{"mqueue_message_bytes_max", "/proc/sys/fs/mqueue/msgsize_max", first_line},
	{"mqueue_queues_max", "/proc/sys/fs/mqueue/queues_max", first_line},
	{"pipe_bytes_max", "/proc/sys/fs/pipe-max-size", first_line},
	{"pipe_user_pages_soft", "/proc/sys/fs/pipe-user-pages-soft", first_line},
	{"pipe_user_pages_hard", "/proc/sys/fs/pipe-user-pages-hard", first_line},
	{"sysv_message_bytes_max", "/proc/sys/kernel/msgmax", first_line},
	{"sysv_queue_bytes_max", "/proc/sys/kernel/msgmnb", first_line},
	{"sysv_queues_max", "/proc/sys/kernel/msgmni", first_line},
	{"sysv_semaphores", "/proc/sys/kernel/sem", fields},
	{"sysv_segment_bytes_max", "/proc/sys/kernel/shmmax", first_line},
	{"sysv_segment_pages_all", "/proc/sys/kernel/shmall", first_line},
	{"sysv_segments_max", "/proc/sys/kernel/shmmni", first_line},
	{"socket_receive_bytes", "/proc/sys/net/core/rmem_default", first_line},
	{"socket_receive_bytes_max", "/proc/sys/net/core/rmem_max", first_line},
	{"socket_send_bytes", "/proc/sys/net/core/wmem_default", first_line},
	{"socket_send_bytes_max", "/proc/sys/net/core/wmem_max", first_line},
	{"tcp_receive_bytes", "/proc/sys/net/ipv4/tcp_rmem", fields},
	{"tcp_send_bytes", "/proc/sys/net/ipv4/tcp_wmem", fields},
	{"unix_datagrams_max", "/proc/sys/net/unix/max_dgram_qlen", first_line},
	{"io_uring_disabled", "/proc/sys/kernel/io_uring_disabled", first_line},
};

/* Collects every file of the folder of mitigations, as an object. */
static void collect_mitigations(struct facts *facts)
{
	static const char folder[] = "/sys/devices/system/cpu/vulnerabilities";
	char path[4096];
	char text[FACTS_TEXT_BYTES];
	struct dirent *entry;
	json_t *object;
	DIR *dir;

	snprintf(path, sizeof(path), "%s%s", facts->root, folder);
	dir = opendir(path);
	if (!dir) {
		facts_set(facts, FACTS_ENVIRONMENT, "mitigations", NULL, -errno);
		return;
	}
	object = json_object();
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (facts_read(facts, path, text, sizeof(text)) == 0 && object &&
		    json_object_set_new(object, entry->d_name, first_line(text)) < 0)
			facts->is_out_of_memory = true;
	}
	closedir(dir);
	facts_set(facts, FACTS_ENVIRONMENT, "mitigations", object, 0);
}

/* Collects the power supplies as "Mains 1" (on line) or "Battery Discharging", by name. */
static void collect_power(struct facts *facts)
{
	static const char folder[] = "/sys/class/power_supply";
	char path[4096];
	struct dirent *entry;
	json_t *object;
	DIR *dir;

	snprintf(path, sizeof(path), "%s%s", facts->root, folder);
	dir = opendir(path);
	if (!dir) {
		facts_set(facts, FACTS_RECORDED, "power_supplies", NULL, -errno);
		return;
	}
	object = json_object();
	while ((entry = readdir(dir))) {
		char type[64];
		char state[64];
		bool is_battery;

		snprintf(path, sizeof(path), "%s/%s/type", folder, entry->d_name);
		if (entry->d_name[0] == '.' || facts_read(facts, path, type, sizeof(type)) < 0)
			continue;
		is_battery = strcmp(type, "Battery") == 0;
		snprintf(path, sizeof(path), "%s/%s/%s", folder, entry->d_name,
		         is_battery ? "status" : "online");
		if (facts_read(facts, path, state, sizeof(state)) == 0 &&
		    json_object_set_new(object, entry->d_name, json_sprintf("%s %s", type, state)) <
		            0)
			facts->is_out_of_memory = true;
	}
	closedir(dir);
	facts_set(facts, FACTS_RECORDED, "power_supplies", object, 0);
}

static void collect_all(struct facts *facts, enum facts_group group, const struct file_fact *rows,
                        size_t count)
{
	char text[FACTS_TEXT_BYTES];

	for (size_t i = 0; i < count; i++) {
		int ret = facts_read(facts, rows[i].path, text, sizeof(text));
		json_t *value = ret == 0 ? rows[i].parse(text) : NULL;

		if (ret == 0 && !value)
			ret = -EBADMSG;
		facts_set(facts, group, rows[i].name, value, ret);
	}
}

void facts_collect_files(struct facts *facts)
{
	collect_all(facts, FACTS_ENVIRONMENT, environment_facts,
	            sizeof(environment_facts) / sizeof(environment_facts[0]));
	collect_all(facts, FACTS_RECORDED, recorded_facts,
	            sizeof(recorded_facts) / sizeof(recorded_facts[0]));
	collect_mitigations(facts);
	collect_power(facts);
}
