/* SPDX-License-Identifier: MIT */
/* ipc/names_entry.c - one entry of names.h: its text, its owner, its directory. */
#include "ipc/names_entry.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 512

static const char *const kinds[] = {
	[NAME_FIFO] = "fifo",
	[NAME_POSIX_MQ] = "posix_mq",
	[NAME_SYSV_MQ] = "sysv_mq",
	[NAME_FOLDER] = "folder",
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

const char *entry_kind(enum name_kind kind)
{
	return kinds[kind];
}

void entry_format(const struct entry *entry, char *text)
{
	int bytes = snprintf(text, NAME_ENTRY_BYTES,
	                     "%s.%" PRIu32 ".%" PRIu64 ".%" PRIu64 ".%" PRIu64 ".%s",
	                     kinds[entry->kind], entry->pid, entry->start, entry->pid_namespace,
	                     entry->ipc_namespace, entry->random);

	if (entry->has_queue)
		snprintf(text + bytes, (size_t)(NAME_ENTRY_BYTES - bytes), ".%d.%" PRId64,
		         entry->queue_id, entry->queue_time);
}

void entry_object(const struct entry *entry, char *text)
{
	switch (entry->kind) {
	case NAME_POSIX_MQ:
		snprintf(text, NAME_OBJECT_BYTES, "/ipcbench-%s", entry->random);
		break;
	case NAME_SYSV_MQ:
		snprintf(text, NAME_OBJECT_BYTES, "queue %d", entry->queue_id);
		break;
	case NAME_FIFO:
	case NAME_FOLDER:
		snprintf(text, NAME_OBJECT_BYTES, "%s", entry->random);
		break;
	}
}

bool entry_parse(struct entry *out, const char *text)
{
	struct entry entry = {0};
	char kind[16];
	char again[NAME_ENTRY_BYTES];
	int fields = sscanf(text,
	                    "%15[a-z_].%10" SCNu32 ".%20" SCNu64 ".%20" SCNu64 ".%20" SCNu64 "."
	                    "%32[0-9a-f].%10d.%20" SCNd64,
	                    kind, &entry.pid, &entry.start, &entry.pid_namespace,
	                    &entry.ipc_namespace, entry.random, &entry.queue_id, &entry.queue_time);
	size_t index = 0;

	if (fields != 6 && fields != 8)
		return false;
	while (index < KIND_COUNT && strcmp(kind, kinds[index]) != 0)
		index++;
	if (index == KIND_COUNT || strlen(entry.random) != 2 * ENTRY_RANDOM_BYTES)
		return false;
	entry.kind = (enum name_kind)index;
	entry.has_queue = fields == 8;
	if (entry.has_queue && entry.kind != NAME_SYSV_MQ)
		return false;
	/* What scanf lets pass (signs, spaces, a tail) does not come back the same. */
	entry_format(&entry, again);
	if (strcmp(text, again) != 0)
		return false;
	*out = entry;
	return true;
}

/*
 * Reads the start time of a process and whether it still runs: a zombie whose
 * threads have all gone does not. Returns 0, or -errno: -ENOENT.
 */
static int read_process(uint32_t pid, uint64_t *start, bool *is_running)
{
	char path[64];
	char text[1024];
	char state;
	long threads;
	const char *after_name;
	ssize_t bytes;
	int fd;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	bytes = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (bytes <= 0)
		return -ENOENT; /* It ended between the two calls. */
	text[bytes] = '\0';
	/* A name may hold spaces and brackets; nothing after it does. */
	after_name = strrchr(text, ')');
	if (!after_name ||
	    sscanf(after_name,
	           ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %ld %*d "
	           "%" SCNu64,
	           &state, &threads, start) != 3)
		return -EPROTO;
	*is_running = !((state == 'Z' || state == 'X') && threads <= 1);
	return 0;
}

static int read_namespace(const char *path, uint64_t *out)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return -errno;
	*out = (uint64_t)status.st_ino;
	return 0;
}

int entry_describe_self(struct entry *entry)
{
	bool is_running;
	int ret;

	entry->pid = (uint32_t)getpid();
	ret = read_process(entry->pid, &entry->start, &is_running);
	if (ret < 0)
		return ret;
	ret = read_namespace("/proc/self/ns/pid", &entry->pid_namespace);
	if (ret < 0)
		return ret;
	return read_namespace("/proc/self/ns/ipc", &entry->ipc_namespace);
}

bool entry_is_orphan(const struct entry *entry, const struct entry *self)
{
	uint64_t start;
	bool is_running;
	int ret;

	/* From here, another namespace's processes and objects can't be judged. */
	if (entry->pid_namespace != self->pid_namespace ||
	    entry->ipc_namespace != self->ipc_namespace)
		return false;
	ret = read_process(entry->pid, &start, &is_running);
	if (ret == -ENOENT)
		return kill((pid_t)entry->pid, 0) < 0 && errno == ESRCH;
	if (ret < 0)
		return false;
	return start != entry->start || !is_running;
}

/*
 * Returns the folder that XDG_RUNTIME_DIR names, or null if it is not this user's own
 * folder: under su, sudo or in a container the variable may be somebody else's.
 */
static const char *runtime_folder(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	struct stat status;

	if (!runtime || runtime[0] != '/' || stat(runtime, &status) < 0 ||
	    !S_ISDIR(status.st_mode) || status.st_uid != geteuid())
		return NULL;
	return runtime;
}

/* Writes the path of a place. Returns 0, or -errno: -EINVAL (no such place), -ENAMETOOLONG. */
static int place_path(int index, char *path)
{
	const char *runtime = runtime_folder();
	int bytes;

	if (runtime && index == 0)
		bytes = snprintf(path, PATH_BYTES, "%s/ipcbench", runtime);
	else if (index == (runtime ? 1 : 0))
		bytes = snprintf(path, PATH_BYTES, "/tmp/ipcbench-%u", (unsigned)geteuid());
	else
		return -EINVAL;
	return bytes < PATH_BYTES ? 0 : -ENAMETOOLONG;
}

int entry_open_place(int index, bool create)
{
	char path[PATH_BYTES];
	struct stat status;
	int ret = place_path(index, path);
	int fd;

	if (ret < 0)
		return ret;
	/* The umask may have taken our own bits away; nobody else can have replaced it. */
	if (create && mkdir(path, S_IRWXU) == 0 && chmod(path, S_IRWXU) < 0)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP || errno == ENOTDIR ? -EACCES : -errno;
	if (fstat(fd, &status) < 0 || status.st_uid != geteuid() ||
	    (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		close(fd);
		return -EACCES;
	}
	return fd;
}

int entry_open_directory(bool create)
{
	int first = entry_open_place(0, create);
	int second;

	/* -ENOENT: it was taken away since it was looked at, or there is none yet to open. */
	if (first != -ENOENT && first != -EROFS)
		return first;
	second = entry_open_place(1, create);
	return second == -EINVAL ? first : second;
}

void entry_remove(const char *text)
{
	char directory[PATH_BYTES];
	char path[PATH_BYTES + NAME_ENTRY_BYTES];

	for (int index = 0; place_path(index, directory) == 0; index++) {
		snprintf(path, sizeof(path), "%s/%s", directory, text);
		if (unlink(path) == 0)
			break;
	}
	entry_remove_directory();
}

void entry_remove_directory(void)
{
	char path[PATH_BYTES];

	for (int index = 0; place_path(index, path) == 0; index++)
		(void)rmdir(path);
}
