/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/names.c - tests of ipc/names.c and ipc/names_clean.c, with
 * XDG_RUNTIME_DIR set to a folder of their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/names.h"

#define PATH_BYTES 512

struct fixture {
	char runtime[64];
	char directory[128]; /* of the names */
	char *runtime_before;
	mode_t umask_before;
	pid_t owner; /* a child that holds names; 0: none */
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *before = getenv("XDG_RUNTIME_DIR");

	if (!f)
		return -1;
	snprintf(f->runtime, sizeof(f->runtime), "/tmp/ipccheck-names-XXXXXX");
	if (!mkdtemp(f->runtime))
		return -1;
	snprintf(f->directory, sizeof(f->directory), "%s/ipcbench", f->runtime);
	f->runtime_before = before ? strdup(before) : NULL;
	setenv("XDG_RUNTIME_DIR", f->runtime, 1);
	/* The tests count; a run of this user that was killed may have left some in /tmp. */
	(void)names_clean(false, NULL, NULL);
	f->umask_before = umask(0);
	umask(f->umask_before);
	*state = f;
	return 0;
}

/* Never through a symbolic link: what it points to is not ours to empty. */
static void remove_all(const char *path)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *entries = folder >= 0 ? fdopendir(folder) : NULL;
	const struct dirent *entry;

	while (entries && (entry = readdir(entries)))
		(void)unlinkat(dirfd(entries), entry->d_name, 0);
	if (entries)
		closedir(entries);
	else if (folder >= 0)
		close(folder);
	(void)rmdir(path);
	(void)unlink(path);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->owner > 0) {
		kill(f->owner, SIGKILL);
		waitpid(f->owner, NULL, 0);
	}
	umask(f->umask_before);
	remove_all(f->directory);
	remove_all(f->runtime);
	if (f->runtime_before)
		setenv("XDG_RUNTIME_DIR", f->runtime_before, 1);
	else
		unsetenv("XDG_RUNTIME_DIR");
	free(f->runtime_before);
	free(f);
	return 0;
}

/* Counts the files in the directory of names; -1: it is not there. */
static int count_entries(const struct fixture *f)
{
	DIR *entries = opendir(f->directory);
	const struct dirent *entry;
	int count = 0;

	if (!entries)
		return -1;
	while ((entry = readdir(entries)))
		count += entry->d_name[0] != '.';
	closedir(entries);
	return count;
}

static void entry_path(const struct fixture *f, const char *entry, char *path)
{
	snprintf(path, PATH_BYTES, "%s/%s", f->directory, entry);
}

/* What the children of these tests leave. */
struct left {
	struct name name;
	int queue_id;
	char path[PATH_BYTES]; /* of a folder */
};

typedef int leave(struct left *left);

static int leave_fifo(struct left *left)
{
	return names_add(&left->name, NAME_FIFO);
}

static int leave_entry(struct left *left)
{
	return names_add(&left->name, NAME_POSIX_MQ);
}

static int leave_posix_mq(struct left *left)
{
	struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 1};
	int ret = names_add(&left->name, NAME_POSIX_MQ);

	if (ret < 0)
		return ret;
	return mq_open(left->name.object, O_RDWR | O_CREAT | O_EXCL, 0600, &attributes) < 0 ? -errno
	                                                                                    : 0;
}

static int make_queue(struct left *left, int mode)
{
	int ret = names_add(&left->name, NAME_SYSV_MQ);

	if (ret < 0)
		return ret;
	left->queue_id = msgget(IPC_PRIVATE, IPC_CREAT | mode);
	return left->queue_id < 0 ? -errno : 0;
}

static int leave_sysv_mq(struct left *left)
{
	struct msqid_ds queue;
	int ret = make_queue(left, 0600);

	if (ret < 0)
		return ret;
	if (msgctl(left->queue_id, IPC_STAT, &queue) < 0)
		return -errno;
	return names_record_queue(&left->name, left->queue_id, queue.msg_ctime);
}

/* As a process that dies before it has entered the queue's number. */
static int leave_pending_sysv_mq(struct left *left)
{
	return make_queue(left, 0);
}

/* An entry whose queue was removed, and its number given to a later one. */
static int leave_reused_sysv_mq(struct left *left)
{
	int ret = make_queue(left, 0600);

	return ret < 0 ? ret : names_record_queue(&left->name, left->queue_id, 1);
}

/* A folder in the fixture's, with a file in it. */
static int leave_folder(struct left *left)
{
	char file[sizeof(left->path) + 8];
	int ret = names_add_folder(&left->name, getenv("XDG_RUNTIME_DIR"), left->path,
	                           sizeof(left->path));
	int fd;

	if (ret < 0)
		return ret;
	snprintf(file, sizeof(file), "%s/work.db", left->path);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : close(fd);
}

/* Runs leave() in a child that lives on (is_alive) or is killed, and fills *left. */
static void leave_in_child(struct fixture *f, leave *leave_names, bool is_alive, struct left *left)
{
	int fds[2];
	int status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct left made = {0};

		if (leave_names(&made) < 0 || write(fds[1], &made, sizeof(made)) != sizeof(made))
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], left, sizeof(*left)), sizeof(*left));
	close(fds[0]);
	f->owner = pid;
	if (is_alive)
		return;
	f->owner = 0;
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static bool queue_exists(int id)
{
	struct msqid_ds queue;

	return msgctl(id, IPC_STAT, &queue) == 0 || errno == EACCES;
}

static void a_name_is_entered_and_removed_with_its_directory(void **state)
{
	struct fixture *f = *state;
	struct name name;

	assert_int_equal(names_add(&name, NAME_POSIX_MQ), 0);
	assert_int_equal(strlen(name.object), strlen("/ipcbench-") + 32);
	assert_int_equal(count_entries(f), 1);
	names_remove(&name);
	assert_int_equal(count_entries(f), -1);
	names_remove(&name); /* twice is harmless */
}

static void two_names_are_never_alike(void **state)
{
	struct name names[2];

	(void)state;
	assert_int_equal(names_add(&names[0], NAME_POSIX_MQ), 0);
	assert_int_equal(names_add(&names[1], NAME_POSIX_MQ), 0);
	assert_string_not_equal(names[0].object, names[1].object);
	names_remove(&names[0]);
	names_remove(&names[1]);
}

static void the_modes_are_private_under_any_umask(void **state)
{
	static const mode_t masks[] = {0, 0777};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		char path[PATH_BYTES];
		struct stat status;
		struct name name;

		umask(masks[i]);
		assert_int_equal(names_add(&name, NAME_FIFO), 0);
		umask(f->umask_before);
		assert_int_equal(stat(f->directory, &status), 0);
		assert_int_equal(status.st_mode, S_IFDIR | 0700);
		entry_path(f, name.entry, path);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode, S_IFIFO | 0600);
		names_remove(&name);
	}
}

static void a_directory_that_others_may_use_is_refused(void **state)
{
	struct fixture *f = *state;
	struct name name;
	char why[256] = "";

	assert_int_equal(mkdir(f->directory, 0700), 0);
	assert_int_equal(chmod(f->directory, 0750), 0);
	assert_int_equal(names_add(&name, NAME_FIFO), -EACCES);
	assert_int_equal(names_refuse(-EACCES, why, sizeof(why)), -EACCES);
	assert_non_null(strstr(why, "XDG_RUNTIME_DIR"));
}

/* As su and sudo leave it behind: what is not ours is passed over, for /tmp. */
static void a_runtime_folder_of_somebody_else_is_passed_over(void **state)
{
	struct fixture *f = *state;
	char file[128];
	struct name name;

	snprintf(file, sizeof(file), "%s/file", f->runtime);
	close(open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	setenv("XDG_RUNTIME_DIR", file, 1);
	assert_int_equal(names_add(&name, NAME_FIFO), 0);
	names_remove(&name);
	unlink(file);

	/* Root can give a folder away; for others the root folder is another's. */
	if (geteuid() == 0)
		assert_int_equal(chown(f->runtime, 1, 1), 0);
	setenv("XDG_RUNTIME_DIR", geteuid() == 0 ? f->runtime : "/", 1);
	assert_int_equal(names_add(&name, NAME_FIFO), 0);
	assert_int_equal(access(f->directory, F_OK), -1);
	assert_int_equal(names_clean(true, NULL, NULL), 0);
	names_remove(&name);
}

static void a_symbolic_link_in_its_place_is_refused(void **state)
{
	struct fixture *f = *state;
	struct name name;

	assert_int_equal(symlink(f->runtime, f->directory), 0);
	assert_int_equal(names_add(&name, NAME_FIFO), -EACCES);
	assert_int_equal(names_clean(false, NULL, NULL), -EACCES);
}

static void a_child_does_not_remove_its_parents_name(void **state)
{
	struct fixture *f = *state;
	struct name name;
	pid_t pid;

	assert_int_equal(names_add(&name, NAME_FIFO), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		names_remove(&name);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	assert_int_equal(count_entries(f), 1);
	names_remove(&name);
}

struct visits {
	int count;
	char kind[16];
	char object[PATH_BYTES];
	int ret;
};

static void visit(void *context, const char *kind, const char *object, int ret)
{
	struct visits *visits = context;

	visits->count++;
	snprintf(visits->kind, sizeof(visits->kind), "%s", kind);
	snprintf(visits->object, sizeof(visits->object), "%s", object);
	visits->ret = ret;
}

static void clean_removes_what_a_dead_owner_left(void **state)
{
	static const struct {
		leave *leave_names;
		const char *kind;
	} cases[] = {
		{leave_fifo, "fifo"},       {leave_posix_mq, "posix_mq"},
		{leave_sysv_mq, "sysv_mq"}, {leave_pending_sysv_mq, "sysv_mq"},
		{leave_folder, "folder"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct visits visits = {0};
		struct left left;

		leave_in_child(f, cases[i].leave_names, false, &left);
		assert_int_equal(names_clean(true, visit, &visits), 1);
		assert_string_equal(visits.kind, cases[i].kind);
		assert_int_equal(count_entries(f), 1);
		assert_int_equal(names_clean(false, visit, &visits), 1);
		assert_int_equal(visits.count, 2);
		assert_int_equal(visits.ret, 0);
		assert_int_equal(count_entries(f), -1);
		if (left.name.kind == NAME_SYSV_MQ)
			assert_false(queue_exists(left.queue_id));
		if (left.name.kind == NAME_POSIX_MQ)
			assert_int_equal(mq_open(left.name.object, O_RDONLY), -1);
		if (left.name.kind == NAME_FOLDER)
			assert_int_equal(access(left.path, F_OK), -1);
		assert_int_equal(names_clean(false, visit, &visits), 0);
	}
}

static void an_entry_whose_object_is_not_there_is_dropped_in_silence(void **state)
{
	struct fixture *f = *state;
	struct visits visits = {0};
	struct left left;

	leave_in_child(f, leave_entry, false, &left);
	assert_int_equal(names_clean(true, visit, &visits), 0);
	assert_int_equal(names_clean(false, visit, &visits), 0);
	assert_int_equal(visits.count, 0);
	assert_int_equal(count_entries(f), -1);
}

static void clean_follows_no_entry_to_another_folder(void **state)
{
	struct fixture *f = *state;
	struct visits visits = {0};
	struct left left;
	char path[PATH_BYTES];

	leave_in_child(f, leave_folder, false, &left);
	entry_path(f, left.name.entry, path);
	assert_int_equal(unlink(path), 0);
	/* To a folder of ours that has another name: nobody of us has made that entry. */
	assert_int_equal(symlink(f->runtime, path), 0);
	assert_int_equal(names_clean(false, visit, &visits), 0);
	assert_int_equal(visits.count, 0);
	assert_int_equal(access(left.path, F_OK), 0);
	assert_int_equal(unlink(path), 0);
	remove_all(left.path);
}

static void clean_leaves_what_a_live_owner_has(void **state)
{
	struct fixture *f = *state;
	struct left left;

	leave_in_child(f, leave_fifo, true, &left);
	assert_int_equal(names_clean(false, NULL, NULL), 0);
	assert_int_equal(count_entries(f), 1);
}

static void an_owner_that_is_not_yet_reaped_is_dead(void **state)
{
	struct fixture *f = *state;
	struct left left;
	siginfo_t info;

	leave_in_child(f, leave_fifo, true, &left);
	kill(f->owner, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)f->owner, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(names_clean(false, NULL, NULL), 1);
}

static void a_queue_whose_number_was_used_again_is_left(void **state)
{
	struct fixture *f = *state;
	struct left left;

	leave_in_child(f, leave_reused_sysv_mq, false, &left);
	assert_int_equal(names_clean(false, NULL, NULL), 0);
	assert_true(queue_exists(left.queue_id));
	assert_int_equal(count_entries(f), -1);
	msgctl(left.queue_id, IPC_RMID, NULL);
}

/* Copies an entry of a dead owner to a file whose name differs from it in one way. */
static void clean_leaves_files_that_are_no_entries(void **state)
{
	static const char *const changes[] = {"%s.1", "x%s", "%s ", "+%s", "%s.1.2.3"};
	struct fixture *f = *state;
	char path[PATH_BYTES];
	char text[PATH_BYTES / 2];
	struct left left;
	int made = 0;

	leave_in_child(f, leave_entry, false, &left);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		const char *tail = strchr(changes[i], 's') + 1;

		snprintf(text, sizeof(text), "%.*s%s%s",
		         (int)(strchr(changes[i], '%') - changes[i]), changes[i], left.name.entry,
		         tail);
		entry_path(f, text, path);
		assert_int_equal(close(open(path, O_CREAT | O_EXCL | O_WRONLY, 0600)), 0);
		made++;
	}
	/* Rightly named, but a link, and a file with something in it. */
	memcpy(text, left.name.entry, sizeof(left.name.entry));
	text[strlen(text) - 1] = text[strlen(text) - 1] == '0' ? '1' : '0';
	entry_path(f, text, path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	/* Another digit than above, or the entry's own name might come back. */
	text[strlen(text) - 2] = text[strlen(text) - 2] == 'f' ? 'e' : 'f';
	entry_path(f, text, path);
	{
		int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);

		assert_int_equal(write(fd, "x", 1), 1);
		close(fd);
	}
	assert_int_equal(names_clean(false, NULL, NULL), 0);
	assert_int_equal(count_entries(f), made + 2);
}

static void an_owner_whose_pid_was_used_again_is_dead(void **state)
{
	struct fixture *f = *state;
	char path[PATH_BYTES];
	char again[PATH_BYTES];
	char *start;
	struct left left;

	/* This process has the pid, but started at another time. */
	leave_in_child(f, leave_fifo, false, &left);
	start = strchr(strchr(left.name.entry, '.') + 1, '.');
	snprintf(again, sizeof(again), "%s/fifo.%d%s", f->directory, (int)getpid(), start);
	entry_path(f, left.name.entry, path);
	again[strlen(again) - 1] = '0';
	assert_int_equal(mkfifo(again, 0600), 0);
	assert_int_equal(names_clean(false, NULL, NULL), 2);
}

/* Adds and removes; in a child: no asserts. Returns how many could not be added. */
static int add_and_remove(int count)
{
	int refused = 0;

	for (int i = 0; i < count; i++) {
		struct name name;

		if (names_add(&name, NAME_POSIX_MQ) == 0)
			names_remove(&name);
		else
			refused++;
	}
	return refused;
}

static void a_name_is_entered_though_others_take_the_directory_away(void **state)
{
	pid_t children[3];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(add_and_remove(500) > 0);
	}
	for (size_t i = 0; i < 3; i++) {
		int status = -1;

		assert_int_not_equal(children[i], -1);
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

const struct CMUnitTest unit_names_tests[] = {
	TEST(a_name_is_entered_and_removed_with_its_directory),
	TEST(two_names_are_never_alike),
	TEST(the_modes_are_private_under_any_umask),
	TEST(a_directory_that_others_may_use_is_refused),
	TEST(a_runtime_folder_of_somebody_else_is_passed_over),
	TEST(a_symbolic_link_in_its_place_is_refused),
	TEST(a_child_does_not_remove_its_parents_name),
	TEST(clean_removes_what_a_dead_owner_left),
	TEST(an_entry_whose_object_is_not_there_is_dropped_in_silence),
	TEST(clean_follows_no_entry_to_another_folder),
	TEST(clean_leaves_what_a_live_owner_has),
	TEST(an_owner_that_is_not_yet_reaped_is_dead),
	TEST(a_queue_whose_number_was_used_again_is_left),
	TEST(clean_leaves_files_that_are_no_entries),
	TEST(an_owner_whose_pid_was_used_again_is_dead),
	TEST(a_name_is_entered_though_others_take_the_directory_away),
};
const size_t unit_names_tests_count = sizeof(unit_names_tests) / sizeof(unit_names_tests[0]);
