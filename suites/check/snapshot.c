/* SPDX-License-Identifier: MIT */
/* suites/check/snapshot.c - what a process holds, and what is left after a case (C26). */
#include "suites/check/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/clock.h"
#include "ipc/names_entry.h"

#define LINE_BYTES 320
#define NAMES_FACTOR 8
#define POLL_NS (2 * NS_PER_MS)

__attribute__((format(printf, 2, 3))) static int snapshot_add(struct snapshot *snapshot,
                                                              const char *format, ...)
{
	va_list arguments;
	char line[LINE_BYTES];
	char *copy;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (snapshot->count == snapshot->capacity) {
		size_t capacity = 2 * snapshot->capacity + 64;
		char **lines = realloc(snapshot->lines, capacity * sizeof(*lines));

		if (!lines)
			return -ENOMEM;
		snapshot->lines = lines;
		snapshot->capacity = capacity;
	}
	copy = strdup(line);
	if (!copy)
		return -ENOMEM;
	snapshot->lines[snapshot->count++] = copy;
	return 0;
}

/* Lists /proc/self/fd, but for the descriptor that lists it. */
static int add_descriptors(struct snapshot *snapshot)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;
	int ret = 0;

	if (!folder)
		return -errno;
	while (ret == 0 && (entry = readdir(folder))) {
		char target[256];
		ssize_t bytes;

		if (entry->d_name[0] == '.' || strtol(entry->d_name, NULL, 10) == dirfd(folder))
			continue;
		bytes = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);
		if (bytes < 0)
			continue;
		target[bytes] = '\0';
		ret = snapshot_add(snapshot, "descriptor %s: %s", entry->d_name, target);
	}
	closedir(folder);
	return ret;
}

static int add_threads(struct snapshot *snapshot)
{
	DIR *folder = opendir("/proc/self/task");
	const struct dirent *entry;
	int ret = 0;

	if (!folder)
		return -errno;
	while (ret == 0 && (entry = readdir(folder))) {
		if (entry->d_name[0] != '.')
			ret = snapshot_add(snapshot, "thread %s", entry->d_name);
	}
	closedir(folder);
	return ret;
}

/* Calls add with each line of a file; a file that is not there has none. */
static int add_lines(struct snapshot *snapshot, const char *path,
                     int (*add)(struct snapshot *snapshot, const char *line))
{
	FILE *file = fopen(path, "re");
	char line[512];
	int ret = 0;

	if (!file)
		return 0;
	while (ret == 0 && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		ret = add(snapshot, line);
	}
	fclose(file);
	return ret;
}

/* Shared mappings only: private memory is the allocator's, and judged by its size (C27). */
static int add_mapping(struct snapshot *snapshot, const char *line)
{
	char permissions[8];
	int path_at = 0;

	if (sscanf(line, "%*s %7s %*s %*s %*s %n", permissions, &path_at) != 1 || path_at == 0 ||
	    !strchr(permissions, 's'))
		return 0;
	return snapshot_add(snapshot, "shared mapping %.*s %s", (int)strcspn(line, " "), line,
	                    line + path_at);
}

static int add_timer(struct snapshot *snapshot, const char *line)
{
	return strncmp(line, "ID:", 3) == 0 ? snapshot_add(snapshot, "timer %s", line + 4) : 0;
}

/* Says whether a process is this one or its child; 0 is nobody yet. */
static bool is_ours(unsigned pid)
{
	char path[64];
	FILE *file;
	unsigned parent = 0;

	if (pid == 0 || pid == (unsigned)getpid())
		return true;
	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return true; /* Dead: perhaps a peer. */
	if (fscanf(file, "%*u (%*[^)]) %*c %u", &parent) != 1)
		parent = 0;
	fclose(file);
	return parent == (unsigned)getpid();
}

/* key msqid perms cbytes qnum lspid lrpid uid ... */
static int add_message_queue(struct snapshot *snapshot, const char *line)
{
	unsigned id;
	unsigned sender;
	unsigned receiver;
	unsigned user;

	if (sscanf(line, "%*s %u %*s %*s %*s %u %u %u", &id, &sender, &receiver, &user) != 4 ||
	    user != geteuid() || !is_ours(sender) || !is_ours(receiver))
		return 0;
	return snapshot_add(snapshot, "System V message queue %u", id);
}

/* key shmid perms size cpid lpid nattch uid ... */
static int add_segment(struct snapshot *snapshot, const char *line)
{
	unsigned id;
	unsigned creator;
	unsigned user;

	if (sscanf(line, "%*s %u %*s %*s %u %*s %*s %u", &id, &creator, &user) != 3 ||
	    user != geteuid() || !is_ours(creator))
		return 0;
	return snapshot_add(snapshot, "System V segment %u", id);
}

/* key semid perms nsems uid ... */
static int add_semaphores(struct snapshot *snapshot, const char *line)
{
	unsigned id;
	unsigned user;

	int pid;

	if (sscanf(line, "%*s %u %*s %*s %u", &id, &user) != 2 || user != geteuid())
		return 0;
	/* Who made it is not told; who used it last is. */
	pid = semctl((int)id, 0, GETPID);
	if (pid <= 0 || !is_ours((unsigned)pid))
		return 0;
	return snapshot_add(snapshot, "System V semaphore set %u", id);
}

/* Lists what this user owns in a folder; one that is not there has nothing. */
static int add_names(struct snapshot *snapshot, const char *path)
{
	DIR *folder = opendir(path);
	const struct dirent *entry;
	int ret = 0;

	if (!folder)
		return 0;
	while (ret == 0 && (entry = readdir(folder))) {
		struct stat status;

		if (entry->d_name[0] == '.' ||
		    fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
		    status.st_uid != geteuid())
			continue;
		ret = snapshot_add(snapshot, "name %s/%s", path, entry->d_name);
	}
	closedir(folder);
	return ret;
}

/* Lists this process's entries in our own register of names. */
static int add_register(struct snapshot *snapshot)
{
	int ret = 0;
	int fd;

	for (int place = 0; ret == 0 && (fd = entry_open_place(place, false)) != -EINVAL; place++) {
		DIR *folder = fd < 0 ? NULL : fdopendir(fd);
		const struct dirent *file;
		struct entry entry;

		if (!folder)
			continue;
		while (ret == 0 && (file = readdir(folder))) {
			if (entry_parse(&entry, file->d_name) && entry.pid == (uint32_t)getpid())
				ret = snapshot_add(snapshot, "registered name %s", file->d_name);
		}
		closedir(folder);
	}
	return ret;
}

static int add_child(struct snapshot *snapshot)
{
	siginfo_t info = {0};

	if (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT) < 0)
		return 0;
	return snapshot_add(snapshot, "child process %d", (int)info.si_pid);
}

/* Says whether a process maps a file: by its inode, since sem_open() maps it under another name. */
static bool maps(const char *pid, const struct stat *status)
{
	char file_name[32];
	char line[512];
	bool found = false;
	FILE *file;

	snprintf(file_name, sizeof(file_name), "/proc/%.16s/maps", pid);
	file = fopen(file_name, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		unsigned major_number;
		unsigned minor_number;
		unsigned long inode;

		found = sscanf(line, "%*s %*s %*s %x:%x %lu", &major_number, &minor_number,
		               &inode) == 3 &&
		        inode == status->st_ino &&
		        makedev(major_number, minor_number) == status->st_dev;
	}
	if (file)
		fclose(file);
	return found;
}

/*
 * Says whether a line names what some stranger uses, or what has gone since: names are
 * the machine's, and a new one may be another program's.
 */
static bool is_strangers(const char *line)
{
	static const char prefix[] = "name ";
	const struct dirent *entry;
	struct stat status;
	bool found = false;
	DIR *folder;

	if (strncmp(line, prefix, strlen(prefix)) != 0)
		return false;
	if (lstat(line + strlen(prefix), &status) < 0)
		return errno == ENOENT;
	folder = opendir("/proc");
	while (folder && !found && (entry = readdir(folder))) {
		unsigned long pid = strtoul(entry->d_name, NULL, 10);

		found = pid > 0 && !is_ours((unsigned)pid) && maps(entry->d_name, &status);
	}
	if (folder)
		closedir(folder);
	return found;
}

static int compare_lines(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

int snapshot_take(struct snapshot *snapshot)
{
	int ret;

	*snapshot = (struct snapshot){0};
	ret = add_descriptors(snapshot);
	if (ret == 0)
		ret = add_threads(snapshot);
	if (ret == 0)
		ret = add_lines(snapshot, "/proc/self/maps", add_mapping);
	if (ret == 0)
		ret = add_lines(snapshot, "/proc/self/timers", add_timer);
	if (ret == 0)
		ret = add_lines(snapshot, "/proc/sysvipc/msg", add_message_queue);
	if (ret == 0)
		ret = add_lines(snapshot, "/proc/sysvipc/shm", add_segment);
	if (ret == 0)
		ret = add_lines(snapshot, "/proc/sysvipc/sem", add_semaphores);
	if (ret == 0)
		ret = add_names(snapshot, "/dev/shm");
	if (ret == 0)
		ret = add_names(snapshot, "/dev/mqueue");
	if (ret == 0)
		ret = add_register(snapshot);
	if (ret == 0)
		ret = add_child(snapshot);
	if (ret == 0 && snapshot->count > 0)
		qsort(snapshot->lines, snapshot->count, sizeof(*snapshot->lines), compare_lines);
	return ret;
}

void snapshot_release(struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++)
		free(snapshot->lines[i]);
	free(snapshot->lines);
	*snapshot = (struct snapshot){0};
}

size_t snapshot_compare(const struct snapshot *before, const struct snapshot *after, char *text,
                        size_t text_bytes)
{
	size_t used = 0;
	size_t added = 0;

	text[0] = '\0';
	for (size_t i = 0; i < after->count; i++) {
		int bytes;

		if (before->count > 0 && bsearch(&after->lines[i], before->lines, before->count,
		                                 sizeof(*before->lines), compare_lines))
			continue;
		if (is_strangers(after->lines[i]))
			continue;
		bytes = snprintf(text + used, text_bytes - used, "%s%s", added > 0 ? "; " : "",
		                 after->lines[i]);
		added++;
		if (bytes > 0 && (size_t)bytes < text_bytes - used)
			used += (size_t)bytes;
		else
			text[used] = '\0'; /* It does not fit; the count says that there is more. */
	}
	return added;
}

/* Says whether all that a text of snapshot_compare() lists are names of the whole machine. */
static bool is_names_only(const char *text)
{
	static const char *const kinds[] = {"name /", "System V "};

	while (text && *text) {
		if (strncmp(text, kinds[0], strlen(kinds[0])) != 0 &&
		    strncmp(text, kinds[1], strlen(kinds[1])) != 0)
			return false;
		text = strstr(text, "; ");
		if (text)
			text += strlen("; ");
	}
	return true;
}

size_t snapshot_settle(const struct snapshot *before, unsigned long long wait_ns, char *text,
                       size_t text_bytes)
{
	uint64_t start_ns = clock_now_ns();

	for (;;) {
		struct snapshot now;
		size_t added;
		int ret = snapshot_take(&now);

		added = ret == 0 ? snapshot_compare(before, &now, text, text_bytes) : 1;
		snapshot_release(&now);
		if (ret < 0)
			snprintf(text, text_bytes, "can't look: %s", strerror(-ret));
		/* A name may be a stranger's whose user is dead or yet to come: it goes with its
		 * test. */
		if (added == 0 ||
		    clock_now_ns() - start_ns >= (is_names_only(text) ? NAMES_FACTOR : 1) * wait_ns)
			return added;
		clock_sleep_until(clock_now_ns() + POLL_NS);
	}
}
