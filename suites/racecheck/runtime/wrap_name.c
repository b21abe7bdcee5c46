/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/runtime/wrap_name.c - names of files, as locks and as flags.
 *
 * A file that is made with O_EXCL and removed again is a lock: its name carries
 * the clock. To find a file is to come after whoever made it. What a call will do
 * to a name is asked of the kernel before it, since the clock must be there first.
 */
#include "suites/racecheck/runtime/wrap.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suites/racecheck/runtime/fd.h"

/* The key of a name: its directory's identity and its last part. */
static struct channel_key name_key(int directory, const char *path)
{
	const char *last = strrchr(path, '/');
	char parent[PATH_MAX];
	struct stat status = {0};
	uint64_t hash = 0xcbf29ce484222325ull;
	size_t bytes = last ? (size_t)(last - path) + 1 : 0;

	if (bytes >= sizeof(parent))
		bytes = 0;
	memcpy(parent, path, bytes);
	parent[bytes] = '\0';
	sys_call4(SYS_newfstatat, directory, bytes != 0 ? parent : ".", &status, 0);
	for (last = last ? last + 1 : path; *last; last++)
		hash = (hash ^ (unsigned char)*last) * 0x100000001b3ull;
	return (struct channel_key){CHANNEL_NAME, hash ^ status.st_ino, status.st_dev};
}

static struct channel_key name_key_busy(int directory, const char *path)
{
	struct channel_key key;

	BUSY(key = name_key(directory, path));
	return key;
}

static struct channel_key made_key(int directory, const char *path)
{
	struct channel_key key = name_key_busy(directory, path);

	key.kind = CHANNEL_NAME_MADE;
	return key;
}

/* Returns 0 if there is something of that name, or -errno. */
static long name_find(int directory, const char *path, int flags)
{
	struct stat status;

	return sys_call4(SYS_newfstatat, directory, path, &status, flags);
}

/* False: the path can't be read, or ends nowhere. */
static bool is_readable(int directory, const char *path)
{
	long found = name_find(directory, path, AT_SYMLINK_NOFOLLOW);

	return found != -EFAULT && found != -ENAMETOOLONG;
}

/* Says that a call reads path. False: it can't, and will fail. */
static bool path_read(int directory, const char *path, uintptr_t place)
{
	if (!is_readable(directory, path))
		return false;
	touch(path, strlen(path) + 1, false, place);
	return true;
}

/* Before a name may be made: if it is absent, the clock goes to whoever finds it. True: it did. */
static bool name_making(int directory, const char *path, int flags, enum edge edge)
{
	fd_changing(CHANGE_NAME, edge);
	if (name_find(directory, path, flags) != -ENOENT)
		return false;
	channel_release(made_key(directory, path), edge);
	return true;
}

/*
 * After the caller, and nobody else, made a name. is_told: as name_making() returned; false,
 * if another took the name away since.
 */
static void name_made(int directory, const char *path, bool is_told, enum edge edge)
{
	if (!is_told)
		channel_release(made_key(directory, path), edge);
	channel_acquire(name_key_busy(directory, path), edge);
}

static void name_looked_up(int directory, const char *path, bool is_there, enum edge edge)
{
	struct channel_key key = name_key_busy(directory, path);

	key.kind = is_there ? CHANNEL_NAME_MADE : CHANNEL_NAME;
	channel_acquire(key, edge);
}

/* Did open() tell something of the name? Who may have made it has only if O_EXCL says so. */
static bool opened(int fd, int flags)
{
	if (flags & O_CREAT)
		return fd >= 0 && (flags & O_EXCL);
	return fd >= 0 || errno == ENOENT;
}

#define OPEN(name, parameters, directory, real_call)                                               \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		va_list arguments;                                                                 \
		mode_t mode;                                                                       \
		bool is_told = false;                                                              \
		int fd;                                                                            \
                                                                                                   \
		va_start(arguments, flags);                                                        \
		mode = va_arg(arguments, mode_t);                                                  \
		va_end(arguments);                                                                 \
		if (!path_read(directory, path, CALLER))                                           \
			return real_call;                                                          \
		if ((flags & O_CREAT) && call_begin(EDGE_##name, CALLER)) {                        \
			is_told = name_making(directory, path,                                     \
			                      flags & O_EXCL ? AT_SYMLINK_NOFOLLOW : 0,            \
			                      EDGE_##name);                                        \
			call_end();                                                                \
		}                                                                                  \
		fd = real_call;                                                                    \
		if (!opened(fd, flags) || !call_begin(EDGE_##name, CALLER))                        \
			return fd;                                                                 \
		if (flags & O_CREAT)                                                               \
			name_made(directory, path, is_told, EDGE_##name);                          \
		else                                                                               \
			name_looked_up(directory, path, fd >= 0, EDGE_##name);                     \
		call_end();                                                                        \
		return fd;                                                                         \
	}

/* The ends of a fifo, by its identity; false: path is none, or it is opened as both. */
static bool fifo_ends(int directory, const char *path, int flags, struct channel_key *own,
                      struct channel_key *other)
{
	struct stat status = {0};
	bool is_writer = (flags & O_ACCMODE) == O_WRONLY;

	if ((flags & O_PATH) || (flags & O_ACCMODE) == O_RDWR ||
	    sys_call4(SYS_newfstatat, directory, path, &status, 0) < 0 || !S_ISFIFO(status.st_mode))
		return false;
	*own = (struct channel_key){is_writer ? CHANNEL_FIFO_WRITER : CHANNEL_FIFO_READER,
	                            status.st_ino, status.st_dev};
	*other = *own;
	other->kind = is_writer ? CHANNEL_FIFO_READER : CHANNEL_FIFO_WRITER;
	return true;
}

/* A fifo waits in open() for its other end: both come after what the other did before. */
static int open_outside(int directory, const char *path, int flags, mode_t mode, enum edge edge,
                        uintptr_t place)
{
	struct channel_key own;
	struct channel_key other;
	int fd;

	if (!path || !fifo_ends(directory, path, flags, &own, &other) || !call_begin(edge, place))
		return REAL(openat)(directory, path, flags, mode);
	channel_release(own, edge);
	schedule_outside(edge);
	fd = REAL(openat)(directory, path, flags, mode);
	schedule_inside();
	/* With O_NONBLOCK a reader comes without a writer, but no writer without a reader. */
	if (fd >= 0 && (!(flags & O_NONBLOCK) || (flags & O_ACCMODE) == O_WRONLY))
		channel_acquire(other, edge);
	call_end();
	return fd;
}

OPEN(open, (const char *path, int flags, ...), AT_FDCWD,
     open_outside(AT_FDCWD, path, flags, mode, EDGE_open, CALLER))
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD,
     open_outside(AT_FDCWD, path, flags, mode, EDGE_open64, CALLER))
OPEN(openat, (int directory, const char *path, int flags, ...), directory,
     open_outside(directory, path, flags, mode, EDGE_openat, CALLER))
OPEN(openat64, (int directory, const char *path, int flags, ...), directory,
     open_outside(directory, path, flags, mode, EDGE_openat64, CALLER))

/* REMOVE: a name goes away; whoever makes it anew comes after. MAKE: the reverse. */
#define REMOVE(name, parameters, arguments, directory, path)                                       \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		if (path_read(directory, path, CALLER) && call_begin(EDGE_##name, CALLER)) {       \
			fd_changing(CHANGE_NAME, EDGE_##name);                                     \
			channel_release(name_key_busy(directory, path), EDGE_##name);              \
			call_end();                                                                \
		}                                                                                  \
		return REAL(name) arguments;                                                       \
	}

#define MAKE(name, parameters, arguments, directory, path, edge)                                   \
	INTERPOSE int name parameters                                                              \
	{                                                                                          \
		bool is_told = false;                                                              \
		int ret;                                                                           \
                                                                                                   \
		if (path_read(directory, path, CALLER) && call_begin(EDGE_##name, CALLER)) {       \
			is_told = name_making(directory, path, AT_SYMLINK_NOFOLLOW, edge);         \
			call_end();                                                                \
		}                                                                                  \
		ret = REAL(name) arguments;                                                        \
		if (ret == 0 && call_begin(EDGE_##name, CALLER)) {                                 \
			name_made(directory, path, is_told, edge);                                 \
			call_end();                                                                \
		}                                                                                  \
		return ret;                                                                        \
	}

REMOVE(unlink, (const char *path), (path), AT_FDCWD, path)
REMOVE(unlinkat, (int directory, const char *path, int flags), (directory, path, flags), directory,
       path)
REMOVE(rmdir, (const char *path), (path), AT_FDCWD, path)

/* The old name goes away, and the new one comes, in the place of one that was there or not. */
static void renaming(int from_directory, const char *from, int directory, const char *to,
                     enum edge name, uintptr_t place)
{
	if (!path_read(from_directory, from, place) || !path_read(directory, to, place) ||
	    !call_begin(name, place))
		return;
	fd_changing(CHANGE_NAME, EDGE_rename);
	channel_release(name_key_busy(from_directory, from), EDGE_rename);
	channel_release(made_key(directory, to), EDGE_rename);
	call_end();
}

INTERPOSE int rename(const char *from, const char *to)
{
	renaming(AT_FDCWD, from, AT_FDCWD, to, EDGE_rename, CALLER);
	return REAL(rename)(from, to);
}

INTERPOSE int renameat(int from_directory, const char *from, int directory, const char *to)
{
	renaming(from_directory, from, directory, to, EDGE_renameat, CALLER);
	return REAL(renameat)(from_directory, from, directory, to);
}

INTERPOSE int renameat2(int from_directory, const char *from, int directory, const char *to,
                        unsigned flags)
{
	renaming(from_directory, from, directory, to, EDGE_renameat2, CALLER);
	return REAL(renameat2)(from_directory, from, directory, to, flags);
}

MAKE(mkdir, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path, EDGE_mkdir)
MAKE(mkdirat, (int directory, const char *path, mode_t mode), (directory, path, mode), directory,
     path, EDGE_mkdir)
MAKE(link, (const char *from, const char *path), (from, path), AT_FDCWD, path, EDGE_link)
MAKE(linkat, (int from_directory, const char *from, int directory, const char *path, int flags),
     (from_directory, from, directory, path, flags), directory, path, EDGE_link)
MAKE(symlink, (const char *from, const char *path), (from, path), AT_FDCWD, path, EDGE_symlink)
MAKE(symlinkat, (const char *from, int directory, const char *path), (from, directory, path),
     directory, path, EDGE_symlink)

/* ---- being told of changes ---- */

INTERPOSE int inotify_init1(int flags)
{
	if (session)
		atomic_store(&session->has_inotify, 1);
	return REAL(inotify_init1)(flags);
}

INTERPOSE int inotify_init(void)
{
	if (session)
		atomic_store(&session->has_inotify, 1);
	return REAL(inotify_init)();
}

/* ---- calls that are renamed in checked code only: the plain names are libc's own ---- */

static void looked_up(int directory, const char *path, bool is_there, uintptr_t place)
{
	int error = errno;

	if (path && (is_there || error == ENOENT)) {
		touch(path, strlen(path) + 1, false, place);
		if (call_begin(EDGE_open, place)) {
			name_looked_up(directory, path, is_there, EDGE_open);
			call_end();
		}
	}
	errno = error;
}

EXPORT int __wrap_access(const char *path, int mode)
{
	int ret = access(path, mode);

	looked_up(AT_FDCWD, path, ret == 0, CALLER);
	return ret;
}

EXPORT int __wrap_faccessat(int directory, const char *path, int mode, int flags)
{
	int ret = faccessat(directory, path, mode, flags);

	looked_up(directory, path, ret == 0, CALLER);
	return ret;
}

EXPORT int __wrap_statx(int directory, const char *path, int flags, unsigned mask,
                        struct statx *out)
{
	int ret = statx(directory, path, flags, mask, out);

	if (ret == 0)
		WRITES(out, sizeof(*out));
	looked_up(directory, path, ret == 0, CALLER);
	return ret;
}

#define FOPEN(name)                                                                                \
	EXPORT FILE *__wrap_##name(const char *path, const char *mode)                             \
	{                                                                                          \
		FILE *file;                                                                        \
                                                                                                   \
		if (*mode != 'r' && path_read(AT_FDCWD, path, CALLER) &&                           \
		    call_begin(EDGE_open, CALLER)) {                                               \
			name_making(AT_FDCWD, path, 0, EDGE_open);                                 \
			call_end();                                                                \
		}                                                                                  \
		file = name(path, mode);                                                           \
		if (*mode == 'r')                                                                  \
			looked_up(AT_FDCWD, path, file != NULL, CALLER);                           \
		return file;                                                                       \
	}

FOPEN(fopen)
FOPEN(fopen64)

/* STATE: a call that fills *out with the state of a file of that name. */
#define STATE(name, parameters, arguments, directory)                                              \
	EXPORT int __wrap_##name parameters;                                                       \
	EXPORT int __wrap_##name parameters                                                        \
	{                                                                                          \
		int ret = name arguments;                                                          \
                                                                                                   \
		if (ret == 0)                                                                      \
			WRITES(out, sizeof(*out));                                                 \
		looked_up(directory, path, ret == 0, CALLER);                                      \
		return ret;                                                                        \
	}

STATE(stat, (const char *path, struct stat *out), (path, out), AT_FDCWD)
STATE(stat64, (const char *path, struct stat64 *out), (path, out), AT_FDCWD)
STATE(lstat, (const char *path, struct stat *out), (path, out), AT_FDCWD)
STATE(lstat64, (const char *path, struct stat64 *out), (path, out), AT_FDCWD)
STATE(fstatat, (int directory, const char *path, struct stat *out, int flags),
      (directory, path, out, flags), directory)
STATE(fstatat64, (int directory, const char *path, struct stat64 *out, int flags),
      (directory, path, out, flags), directory)

static ssize_t link_read(ssize_t ret, int directory, const char *path, void *out, uintptr_t place)
{
	if (ret > 0)
		touch(out, (size_t)ret, true, place);
	looked_up(directory, path, ret >= 0, place);
	return ret;
}

EXPORT ssize_t __wrap_readlink(const char *path, char *out, size_t room)
{
	return link_read(readlink(path, out, room), AT_FDCWD, path, out, CALLER);
}

EXPORT ssize_t __wrap_readlinkat(int directory, const char *path, char *out, size_t room)
{
	return link_read(readlinkat(directory, path, out, room), directory, path, out, CALLER);
}
