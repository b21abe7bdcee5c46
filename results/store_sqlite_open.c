/* SPDX-License-Identifier: MIT */
/*
 * results/store_sqlite_open.c - opens a history, and says what is wrong with it.
 *
 * A file may come from anybody: it is never trusted to be a history, nor to be
 * whole. To read one must neither change it nor leave files beside it that shut
 * its owner out; see open_to_read().
 */
#include "results/store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define PATH_BYTES 4200
#define CHECK_NS 1000000000u /* most time for the check of all pages */

uint64_t store_sqlite_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Called by SQLite every so many steps; not 0 stops the query. */
static int is_late(void *context)
{
	const struct store_sqlite *self = context;

	return self->deadline_ns != 0 && store_sqlite_now_ns() > self->deadline_ns;
}

/* Returns the -errno that an error of SQLite stands for. */
static int errno_of(sqlite3 *db)
{
	int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM;
	int system = db ? sqlite3_system_errno(db) : 0;

	switch (code & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return system == EACCES ? -EACCES : -EROFS;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return system > 0 ? -system : -EACCES;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CONSTRAINT:
		return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY
		               ? -EEXIST
		               : -EINVAL;
	case SQLITE_IOERR:
		/* A failed read of a short file leaves no errno: the file is damaged. */
		return system == ENOSPC || system == EDQUOT ? -ENOSPC : system > 0 ? -system : -EIO;
	case SQLITE_INTERRUPT:
		return -ETIMEDOUT;
	default:
		/* Not a database, corrupt, or tables that are not ours. */
		return -EBADMSG;
	}
}

int store_sqlite_fail(sqlite3 *db, const char *path, char *why, size_t why_bytes)
{
	int ret = errno_of(db);

	switch (ret) {
	case -ENOSPC:
		snprintf(why, why_bytes,
		         "%s: the disk is full; free some space, or name another file with --store",
		         path);
		break;
	case -EROFS:
	case -EACCES:
	case -EPERM:
		snprintf(why, why_bytes,
		         "%s: this user can't write the file or its folder; change that, or name "
		         "another file with --store",
		         path);
		break;
	case -EBUSY:
		snprintf(why, why_bytes,
		         "%s: another program has locked it for more than %d s; wait, or name "
		         "another file with --store",
		         path, STORE_BUSY_MS / 1000);
		break;
	case -EBADMSG:
		snprintf(why, why_bytes,
		         "%s: not a history of ipcbench, or damaged (%s); name another file with "
		         "--store",
		         path, sqlite3_errmsg(db));
		break;
	case -EEXIST:
		snprintf(why, why_bytes, "%s: it is there already (%s)", path, sqlite3_errmsg(db));
		break;
	case -ETIMEDOUT:
		snprintf(why, why_bytes, "%s: reading it took too long", path);
		break;
	default:
		snprintf(why, why_bytes, "%s: %s (%s)", path, strerror(-ret),
		         db ? sqlite3_errmsg(db) : "");
		break;
	}
	return ret;
}

int store_sqlite_exec(struct store_sqlite *self, const char *sql, char *why, size_t why_bytes)
{
	if (sqlite3_exec(self->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_sqlite_fail(self->db, self->base.name, why, why_bytes);
	return 0;
}

int store_sqlite_integer(struct store_sqlite *self, const char *sql, sqlite3_int64 *out, char *why,
                         size_t why_bytes)
{
	sqlite3_stmt *statement = NULL;
	int ret = 0;

	if (sqlite3_prepare_v2(self->db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		*out = sqlite3_column_int64(statement, 0);
	else
		ret = store_sqlite_fail(self->db, self->base.name, why, why_bytes);
	sqlite3_finalize(statement);
	return ret;
}

/* Makes the folders of a path. Returns 0, or -errno. */
static int make_folders(const char *path, char *why, size_t why_bytes)
{
	char folder[PATH_BYTES];
	size_t length = strlen(path);

	if (length >= sizeof(folder))
		return -ENAMETOOLONG;
	for (size_t i = 1; i < length; i++) {
		if (path[i] != '/')
			continue;
		memcpy(folder, path, i);
		folder[i] = '\0';
		if (mkdir(folder, 0700) < 0 && errno != EEXIST && errno != EISDIR) {
			int ret = -errno;

			/* An old folder may be unwritable and yet hold the history. */
			if (access(folder, F_OK) == 0)
				continue;
			snprintf(why, why_bytes,
			         "%s: can't make the folder %s (%s); name another file with "
			         "--store",
			         path, folder, strerror(-ret));
			return ret;
		}
	}
	return 0;
}

/*
 * Looks at the file before SQLite does, which would wait for a FIFO and take
 * anything for a new database. Returns 1 if it is absent or empty, 0 if it looks
 * like a database, or -errno.
 */
static int look_at(const char *path, char *why, size_t why_bytes)
{
	static const char magic[16] = "SQLite format 3";
	char start[16];
	struct stat status;
	ssize_t got;
	int fd;
	int ret;

	if (stat(path, &status) < 0) {
		ret = -errno;
		if (ret == -ENOENT)
			return 1;
		goto fail;
	}
	if (!S_ISREG(status.st_mode)) {
		snprintf(why, why_bytes, "%s: %s, not a file; name a file with --store", path,
		         S_ISDIR(status.st_mode) ? "a folder" : "a device or pipe");
		return S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		ret = -errno;
		goto fail;
	}
	got = read(fd, start, sizeof(start));
	ret = got < 0 ? -errno : 0;
	close(fd);
	if (ret < 0)
		goto fail;
	if (got == 0)
		return 1;
	if (got < (ssize_t)sizeof(start) || memcmp(start, magic, sizeof(magic)) != 0) {
		snprintf(why, why_bytes,
		         "%s: not a history of ipcbench (no SQLite file); name another file with "
		         "--store",
		         path);
		return -EBADMSG;
	}
	return 0;

fail:
	snprintf(why, why_bytes, "%s: %s; name another file with --store", path, strerror(-ret));
	return ret;
}

/* SQLite names no cause where it can't make a file beside the history. Returns 0, or -errno. */
static int check_writable(const char *path, char *why, size_t why_bytes)
{
	int ret;

	if (access(path, W_OK) == 0)
		return 0;
	ret = -errno;
	snprintf(why, why_bytes, "%s: %s; name another file with --store", path, strerror(-ret));
	return ret;
}

/* Makes the file with a mode of our own, under any umask. Returns 0, or -errno. */
static int create_file(const char *path, bool *is_created, char *why, size_t why_bytes)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	*is_created = fd >= 0;
	if (fd < 0 && errno != EEXIST) {
		int ret = -errno;

		snprintf(why, why_bytes, "%s: can't be made (%s); name another file with --store",
		         path, strerror(-ret));
		return ret;
	}
	if (fd >= 0) {
		fchmod(fd, 0600);
		close(fd);
	}
	return 0;
}

/* Says whether the file lies on a network, where a write-ahead log can't be shared. */
static bool is_on_network(const char *path)
{
	static const unsigned magics[] = {
		0x6969,     /* NFS */
		0x517b,     /* SMB */
		0xff534d42, /* CIFS */
		0xfe534d42, /* SMB2 */
		0x01021997, /* 9P */
		0x73757245, /* Coda */
		0x5346414f, /* AFS */
	};
	struct statfs status;

	if (statfs(path, &status) < 0)
		return false;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		if ((unsigned)status.f_type == magics[i])
			return true;
	}
	return false;
}

/* Sets what holds for every connection: nothing in the file is trusted. Returns 0, or -errno. */
static int harden(struct store_sqlite *self, char *why, size_t why_bytes)
{
	static const struct {
		int option;
		int value;
	} options[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0}, {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0},        {SQLITE_DBCONFIG_DQS_DDL, 0},
	};
	static const struct {
		int limit;
		int value;
	} limits[] = {
		{SQLITE_LIMIT_LENGTH, 1000000},   {SQLITE_LIMIT_SQL_LENGTH, 100000},
		{SQLITE_LIMIT_COLUMN, 100},       {SQLITE_LIMIT_EXPR_DEPTH, 50},
		{SQLITE_LIMIT_VDBE_OP, 25000},    {SQLITE_LIMIT_ATTACHED, 0},
		{SQLITE_LIMIT_TRIGGER_DEPTH, 10}, {SQLITE_LIMIT_WORKER_THREADS, 0},
	};

	sqlite3_extended_result_codes(self->db, 1);
	sqlite3_busy_timeout(self->db, STORE_BUSY_MS);
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		sqlite3_db_config(self->db, options[i].option, options[i].value, NULL);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		sqlite3_limit(self->db, limits[i].limit, limits[i].value);
	sqlite3_progress_handler(self->db, 1000, is_late, self);
	return store_sqlite_exec(self,
	                         "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"
	                         "PRAGMA foreign_keys=ON; PRAGMA synchronous=NORMAL",
	                         why, why_bytes);
}

/*
 * Checks the pages, as many as CHECK_NS allows: a history of gigabytes must not
 * delay every command. What is not reached shows where it is read. Returns 0, or -errno.
 */
static int check_pages(struct store_sqlite *self, char *why, size_t why_bytes)
{
	sqlite3_stmt *statement = NULL;
	int ret = 0;
	int code;

	self->deadline_ns = store_sqlite_now_ns() + CHECK_NS;
	code = sqlite3_prepare_v2(self->db, "PRAGMA quick_check(1)", -1, &statement, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		const char *finding = (const char *)sqlite3_column_text(statement, 0);

		if (!finding || strcmp(finding, "ok") != 0) {
			snprintf(why, why_bytes,
			         "%s: damaged (%.100s); put back a copy, or name another file "
			         "with --store",
			         self->base.name, finding ? finding : "no memory");
			/* One line: the finding may have several. */
			why[strcspn(why, "\n")] = '\0';
			ret = -EBADMSG;
		}
	} else if ((code & 0xff) != SQLITE_INTERRUPT) {
		ret = store_sqlite_fail(self->db, self->base.name, why, why_bytes);
	}
	sqlite3_finalize(statement);
	self->deadline_ns = 0;
	return ret;
}

/* Turns the write-ahead log on. Several processes may try at once: only one can. */
static int set_journal(struct store_sqlite *self, char *why, size_t why_bytes)
{
	const char *sql = is_on_network(self->base.name) ? "PRAGMA journal_mode=DELETE"
	                                                 : "PRAGMA journal_mode=WAL";
	uint64_t deadline_ns = store_sqlite_now_ns() + STORE_BUSY_MS * 1000000u;
	struct timespec pause = {.tv_nsec = 5000000};
	int ret;

	for (;;) {
		/* SQLite does not wait for this lock by itself, so we do. */
		ret = store_sqlite_exec(self, sql, why, why_bytes);
		if (ret != -EBUSY || store_sqlite_now_ns() > deadline_ns)
			return ret;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
	}
}

static int connect_to(struct store_sqlite *self, const char *name, int flags, char *why,
                      size_t why_bytes)
{
	sqlite3_close(self->db);
	self->db = NULL;
	if (sqlite3_open_v2(name, &self->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return store_sqlite_fail(self->db, self->base.name, why, why_bytes);
	return harden(self, why, why_bytes);
}

static int open_to_write(struct store_sqlite *self, char *why, size_t why_bytes)
{
	bool is_created = false;
	int ret = make_folders(self->base.name, why, why_bytes);

	if (ret == 0)
		ret = look_at(self->base.name, why, why_bytes);
	if (ret == 0)
		ret = check_writable(self->base.name, why, why_bytes);
	else if (ret == 1)
		ret = create_file(self->base.name, &is_created, why, why_bytes);
	if (ret < 0)
		return ret;
	ret = connect_to(self, self->base.name, SQLITE_OPEN_READWRITE, why, why_bytes);
	if (ret == 0)
		ret = store_schema_check(self, true, why, why_bytes);
	if (ret == 0)
		ret = check_pages(self, why, why_bytes);
	if (ret == 0)
		ret = set_journal(self, why, why_bytes);
	if (ret == 0)
		ret = store_schema_migrate(self, store_schema_migrations, store_schema_version, why,
		                           why_bytes);
	if (ret < 0 && is_created) {
		/* Nothing was stored: leave nothing. */
		sqlite3_close(self->db);
		self->db = NULL;
		unlink(self->base.name);
	}
	return ret;
}

/* Writes "file:...?immutable=1" for a path. Returns 0, or -ENAMETOOLONG. */
static int immutable_name(char *out, size_t out_bytes, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._-";
	size_t filled = (size_t)snprintf(out, out_bytes, "file:");

	for (; *path != '\0'; path++) {
		const char *form = strchr(plain, *path) ? "%c" : "%%%02x";

		if (filled + 4 >= out_bytes)
			return -ENAMETOOLONG;
		filled += (size_t)snprintf(out + filled, out_bytes - filled, form,
		                           (unsigned char)*path);
	}
	return snprintf(out + filled, out_bytes - filled, "?immutable=1") <
	                       (int)(out_bytes - filled)
	               ? 0
	               : -ENAMETOOLONG;
}

/* Says whether a write-ahead log with something in it lies beside the file. */
static bool has_log(const char *path)
{
	char log[PATH_BYTES + 8];
	struct stat status;

	snprintf(log, sizeof(log), "%s-wal", path);
	return stat(log, &status) == 0 && status.st_size > 0;
}

/* Says whether the file and its folder are this user's own, to be written. */
static bool is_own(const char *path)
{
	char folder[PATH_BYTES];
	const char *slash = strrchr(path, '/');
	struct stat status;

	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path + 1), path);
	return stat(path, &status) == 0 && status.st_uid == geteuid() &&
	       (status.st_mode & S_IWUSR) != 0 && access(path, W_OK) == 0 &&
	       access(folder, W_OK) == 0;
}

/*
 * A history with a write-ahead log can't be read without a shared index beside it.
 * SQLite makes that index and, if it may not write, leaves it behind: root would
 * shut out the owner. So: our own history is opened as writers do, which cleans
 * up after itself, and told to write nothing; another's is read as a file that does
 * not change, unless its log says that it does.
 */
static int open_to_read(struct store_sqlite *self, char *why, size_t why_bytes)
{
	char name[3 * PATH_BYTES];
	int ret = look_at(self->base.name, why, why_bytes);

	if (ret < 0)
		return ret;
	if (ret == 1) {
		bool is_absent = access(self->base.name, F_OK) < 0;

		snprintf(why, why_bytes, "%s: %s; 'ipcbench run' makes a history", self->base.name,
		         is_absent ? "there is no such file" : "the file is empty");
		return is_absent ? -ENOENT : -EBADMSG;
	}
	if (is_own(self->base.name)) {
		ret = connect_to(self, self->base.name, SQLITE_OPEN_READWRITE, why, why_bytes);
	} else if (has_log(self->base.name)) {
		ret = connect_to(self, self->base.name, SQLITE_OPEN_READONLY, why, why_bytes);
	} else {
		ret = immutable_name(name, sizeof(name), self->base.name);
		if (ret == 0)
			ret = connect_to(self, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, why,
			                 why_bytes);
	}
	if (ret == 0)
		ret = store_sqlite_exec(self, "PRAGMA query_only=ON", why, why_bytes);
	if (ret == 0)
		ret = store_schema_check(self, false, why, why_bytes);
	if (ret == 0)
		ret = check_pages(self, why, why_bytes);
	return ret;
}

int store_sqlite_open(struct store **out, const char *path, enum store_access access, char *why,
                      size_t why_bytes)
{
	struct store_sqlite *self = calloc(1, sizeof(*self));
	int ret;

	if (!self)
		return -ENOMEM;
	self->base.backend = &store_backend_sqlite;
	/* "./" in front: SQLite must take no path for a name like ":memory:". */
	if (asprintf(&self->base.name, "%s%s", path[0] == '/' ? "" : "./", path) < 0) {
		free(self);
		return -ENOMEM;
	}
	if (access == STORE_WRITE)
		ret = open_to_write(self, why, why_bytes);
	else
		ret = open_to_read(self, why, why_bytes);
	if (ret < 0) {
		store_sqlite_close(&self->base);
		return ret;
	}
	*out = &self->base;
	return 0;
}

void store_sqlite_close(struct store *store)
{
	struct store_sqlite *self = (struct store_sqlite *)store;

	for (size_t i = 0; i < self->statements_count; i++)
		sqlite3_finalize(self->statements[i].statement);
	sqlite3_close(self->db);
	free(self->base.name);
	free(self);
}
