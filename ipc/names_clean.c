/* SPDX-License-Identifier: MIT */
/* ipc/names_clean.c - removes the named objects that dead owners left. */
#include "ipc/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdint.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/names_entry.h"

/* A queue without an entry's number was made within this time of the entry. */
#define PENDING_SECONDS 2

struct cleaning {
	struct entry self;
	bool dry_run;
	names_visit *visit;
	void *context;
	int directory;
	int count;
};

static bool queue_is_ours(const struct msqid_ds *queue, unsigned mode)
{
	return queue->msg_perm.__key == IPC_PRIVATE && queue->msg_perm.cuid == geteuid() &&
	       (queue->msg_perm.mode & 0777u) == mode;
}

/* Returns the highest index of a queue, or -1. */
static int queue_index_last(void)
{
	struct msginfo info;

	return msgctl(0, MSG_INFO, (struct msqid_ds *)(void *)&info);
}

/* Reads a queue, also one without mode bits. Returns 0 or -ENOENT. */
static int read_queue(int id, struct msqid_ds *queue)
{
	int index_last = queue_index_last();

	for (int index = 0; index <= index_last; index++) {
		if (msgctl(index, MSG_STAT_ANY, queue) == id)
			return 0;
	}
	return -ENOENT;
}

/* Removes a recorded queue, unless its number now belongs to a later one. */
static int remove_queue(const struct entry *entry, bool dry_run)
{
	struct msqid_ds queue;
	int ret = read_queue(entry->queue_id, &queue);

	if (ret < 0)
		return ret;
	if (!queue_is_ours(&queue, S_IRUSR | S_IWUSR) && !queue_is_ours(&queue, 0))
		return -ENOENT;
	if ((int64_t)queue.msg_ctime != entry->queue_time)
		return -ENOENT;
	if (!dry_run && msgctl(entry->queue_id, IPC_RMID, NULL) < 0)
		return -errno;
	return 0;
}

/*
 * Finds the queue of an owner that died between making it and recording its
 * number. Such a queue is private, has no mode bits yet, was never used, and is
 * as old as the entry; of two that match none is taken. Returns 0 or -ENOENT.
 */
static int find_pending_queue(struct entry *entry, time_t entry_time)
{
	int index_last = queue_index_last();
	int found = 0;

	for (int index = 0; index <= index_last; index++) {
		struct msqid_ds queue;
		int id = msgctl(index, MSG_STAT_ANY, &queue);

		if (id < 0 || !queue_is_ours(&queue, 0) || queue.msg_qnum != 0 ||
		    queue.msg_lspid != 0 || queue.msg_lrpid != 0 ||
		    queue.msg_ctime < entry_time - 1 ||
		    queue.msg_ctime > entry_time + PENDING_SECONDS)
			continue;
		entry->queue_id = id;
		entry->queue_time = queue.msg_ctime;
		found++;
	}
	return found == 1 ? 0 : -ENOENT;
}

/* Returns the type that the file of an entry has. */
static mode_t entry_type(enum name_kind kind)
{
	switch (kind) {
	case NAME_FIFO:
		return S_IFIFO;
	case NAME_FOLDER:
		return S_IFLNK;
	default:
		return S_IFREG;
	}
}

/* Reads where a folder's entry leads: to what its name says. Returns 0, or -EBADMSG. */
static int read_folder(const struct cleaning *cleaning, const char *text, const struct entry *entry,
                       char *path)
{
	char parent[PATH_MAX];
	char again[PATH_MAX];
	ssize_t bytes = readlinkat(cleaning->directory, text, path, PATH_MAX - 1);
	char *slash;

	if (bytes <= 0)
		return -EBADMSG;
	path[bytes] = '\0';
	memcpy(parent, path, (size_t)bytes + 1);
	slash = strrchr(parent, '/');
	if (!slash || parent[0] != '/')
		return -EBADMSG;
	*slash = '\0';
	if (entry_folder_path(entry, parent, again, sizeof(again)) < 0 || strcmp(again, path) != 0)
		return -EBADMSG;
	return 0;
}

/*
 * Removes an orphan's object; path is a folder's. Returns 0, or -errno: -ENOENT (there
 * is none any more).
 */
static int remove_object(const struct cleaning *cleaning, struct entry *entry,
                         const struct stat *status, const char *path)
{
	char object[NAME_OBJECT_BYTES];
	mqd_t queue;

	switch (entry->kind) {
	case NAME_FIFO:
		return 0; /* The entry is the object. */
	case NAME_POSIX_MQ:
		entry_object(entry, object);
		if (!cleaning->dry_run)
			return mq_unlink(object) < 0 ? -errno : 0;
		queue = mq_open(object, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (queue == (mqd_t)-1)
			return errno == EACCES ? 0 : -errno;
		mq_close(queue);
		return 0;
	case NAME_SYSV_MQ:
		if (!entry->has_queue && find_pending_queue(entry, status->st_mtime) < 0)
			return -ENOENT;
		return remove_queue(entry, cleaning->dry_run);
	case NAME_FOLDER:
		return entry_clear_folder(path, cleaning->dry_run);
	}
	return -EINVAL;
}

static void clean_entry(struct cleaning *cleaning, const char *text)
{
	char object[PATH_MAX];
	struct entry entry;
	struct stat status;
	int ret;

	if (!entry_parse(&entry, text) ||
	    fstatat(cleaning->directory, text, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if ((status.st_mode & S_IFMT) != entry_type(entry.kind) || status.st_uid != geteuid() ||
	    (entry.kind != NAME_FOLDER && status.st_size != 0) ||
	    !entry_is_orphan(&entry, &cleaning->self))
		return;
	if (entry.kind == NAME_FOLDER && read_folder(cleaning, text, &entry, object) < 0)
		return;
	ret = remove_object(cleaning, &entry, &status, object);
	if (!cleaning->dry_run && (ret == 0 || ret == -ENOENT))
		(void)unlinkat(cleaning->directory, text, 0);
	if (ret == -ENOENT)
		return; /* It had died before it made the object, or after it had removed it. */
	if (entry.kind != NAME_FOLDER)
		entry_object(&entry, object);
	if (cleaning->visit)
		cleaning->visit(cleaning->context, entry_kind(entry.kind), object, ret);
	if (ret == 0)
		cleaning->count++;
}

static int clean_place(struct cleaning *cleaning)
{
	DIR *entries = fdopendir(cleaning->directory);
	const struct dirent *entry;

	if (!entries) {
		int ret = -errno;

		close(cleaning->directory);
		return ret;
	}
	while ((entry = readdir(entries)))
		clean_entry(cleaning, entry->d_name);
	closedir(entries);
	return 0;
}

int names_clean(bool dry_run, names_visit *visit, void *context)
{
	struct cleaning cleaning = {.dry_run = dry_run, .visit = visit, .context = context};
	int ret = entry_describe_self(&cleaning.self);

	if (ret < 0)
		return ret;
	for (int index = 0;; index++) {
		cleaning.directory = entry_open_place(index, false);
		if (cleaning.directory == -EINVAL)
			break;
		if (cleaning.directory == -ENOENT)
			continue;
		if (cleaning.directory < 0)
			return cleaning.directory;
		ret = clean_place(&cleaning);
		if (ret < 0)
			return ret;
	}
	if (!dry_run)
		entry_remove_directory();
	return cleaning.count;
}
