/* SPDX-License-Identifier: MIT */
/*
 * ipc/names.h - our own register of the named kernel objects that we make.
 *
 * A process that is killed leaves its names behind, and not every kind can be
 * listed (/dev/mqueue may not be mounted). So each name is first entered in a
 * directory of mode 0700: $XDG_RUNTIME_DIR/ipcbench, or /tmp/ipcbench-UID where
 * that variable names no folder of this user's own. An entry is an empty file whose
 * name says it all, so that it is there whole or not at all:
 *
 *   KIND.PID.START.PIDNS.IPCNS.RANDOM[.ID.TIME]
 *
 * PID and START (clock ticks since boot) are the owner; PIDNS and IPCNS are its
 * namespaces; RANDOM is 128 bits in hexadecimal; ID and TIME are a System V
 * queue's number and its time of creation. A FIFO is its own entry; that of a
 * folder of files is a symbolic link to it.
 */
#ifndef IPC_NAMES_H
#define IPC_NAMES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

enum name_kind {
	NAME_FIFO,
	NAME_POSIX_MQ,
	NAME_SYSV_MQ,
	NAME_FOLDER,
};

#define NAME_ENTRY_BYTES 192
#define NAME_OBJECT_BYTES 48

/* One entry; it is valid from a names_add() that succeeded to names_remove(). */
struct name {
	enum name_kind kind;
	pid_t owner; /* only the process that made a name removes it */
	char entry[NAME_ENTRY_BYTES];
	char object[NAME_OBJECT_BYTES]; /* NAME_POSIX_MQ: what to give to mq_open() */
};

/*
 * Enters a new name of this process. A FIFO is made at once, of mode 0600 under
 * any umask; other objects are made by the caller, afterwards.
 *
 * Returns 0, or -errno: -EACCES (the directory belongs to another user, is a
 * symbolic link, or others may use it), -ENOENT (/proc is not mounted), -ENOSPC.
 */
int names_add(struct name *out, enum name_kind kind);

/*
 * Enters a new folder of this process and makes it, of mode 0700, in parent: its path
 * is left in path. Of what it holds only files are removed with it.
 *
 * Returns 0, or -errno as names_add(), and: -ENAMETOOLONG (path_bytes, or parent), and
 * what mkdir() and realpath() say of parent.
 */
int names_add_folder(struct name *out, const char *parent, char *path, size_t path_bytes);

/* Removes the files in a folder, the folder, and its entry. As names_remove() otherwise. */
void names_remove_folder(struct name *name, const char *path);

/* Writes into why, in one line, what an error of names_add() means. Returns error. */
int names_refuse(int error, char *why, size_t why_bytes);

/* Adds a System V queue's number and time of creation to its entry. Returns 0 or -errno. */
int names_record_queue(struct name *name, int id, time_t time);

/* Opens a FIFO of ours with flags, O_NOFOLLOW and O_CLOEXEC. Returns a descriptor or -errno. */
int names_open_fifo(const struct name *name, int flags);

/*
 * Removes the entry, with a FIFO the FIFO too, and the directory if it is now
 * empty; other objects are removed by the caller, before. In another process
 * than the one that made it, does nothing.
 */
void names_remove(struct name *name);

/*
 * Called for each object that a dead owner left; removed is false in a dry run,
 * and where ret (-errno) says why it could not be removed.
 */
typedef void names_visit(void *context, const char *kind, const char *object, int ret);

/*
 * Removes the objects and entries of owners that are dead, and nothing else: not
 * what a live owner has, not a file that is no entry, not a queue whose number
 * was given to another. In a dry run only visits them. visit may be null.
 *
 * Returns how many objects were (or would be) removed, or -errno: as names_add().
 */
int names_clean(bool dry_run, names_visit *visit, void *context);

#endif
