/* SPDX-License-Identifier: MIT */
/* ipc/names_entry.h - one entry of names.h: its text, its owner, its directory. */
#ifndef IPC_NAMES_ENTRY_H
#define IPC_NAMES_ENTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "ipc/names.h"

#define ENTRY_RANDOM_BYTES 16

struct entry {
	enum name_kind kind;
	uint32_t pid;
	uint64_t start; /* of the owner, in clock ticks since boot */
	uint64_t pid_namespace;
	uint64_t ipc_namespace;
	char random[2 * ENTRY_RANDOM_BYTES + 1];
	bool has_queue;
	int queue_id;
	int64_t queue_time;
};

/* Sets the owner and the namespaces to this process's. Returns 0 or -errno. */
int entry_describe_self(struct entry *entry);

/* Writes the entry's file name, of NAME_ENTRY_BYTES, and the name of its object. */
void entry_format(const struct entry *entry, char *text);
void entry_object(const struct entry *entry, char *text);
const char *entry_kind(enum name_kind kind);

/* Writes the path of an entry's folder in a parent. Returns 0, or -ENAMETOOLONG. */
int entry_folder_path(const struct entry *entry, const char *parent, char *path, size_t path_bytes);

/*
 * Removes a folder of this user's and the files in it; a dry run only looks. Returns
 * 0, or -errno: -ENOENT (there is none), -EACCES (it is another user's, or a link).
 */
int entry_clear_folder(const char *path, bool dry_run);

/* Reads a file name. Returns false if names_add() would not have written just that. */
bool entry_parse(struct entry *out, const char *text);

/* Says whether the owner is known to be dead; self is entry_describe_self() of the caller. */
bool entry_is_orphan(const struct entry *entry, const struct entry *self);

/*
 * Opens the directory, made first if create is set, after a check that it is a
 * directory of this user's that nobody else may use. Returns a descriptor or
 * -errno: -ENOENT, -EACCES.
 */
int entry_open_directory(bool create);

/* Opens the directory at one of the places where it may be: index 0, 1. -EINVAL: no such place. */
int entry_open_place(int index, bool create);

/*
 * Removes the file of an entry, and every place's directory that is empty. By
 * path, since a process may have no descriptor left; the directory that was
 * checked when the entry was made can't have been replaced by another user.
 */
void entry_remove(const char *text);

/* Removes every place's directory that is empty. */
void entry_remove_directory(void);

#endif
