/* SPDX-License-Identifier: MIT */
/* suites/check/cli/browser.c - a headless Chromium, driven over a pipe of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "suites/check/cli/browser.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/clock.h"

#define LIMIT_NS (30ull * 1000 * 1000 * 1000)
#define PATH_BYTES 512
#define ERROR_BYTES 512

/* Where Chromium reads commands and writes answers. */
#define COMMAND_FD 3
#define ANSWER_FD 4
/* Ours while it starts: dup2() to the same number would leave close-on-exec set. */
#define SPARE_FD 20

struct browser {
	pid_t pid;
	int command_fd;
	int answer_fd;
	int next_id;
	char *buffer; /* what was read and is no whole message yet */
	size_t buffer_bytes;
	size_t buffer_capacity;
	char session[128];
	bool is_loaded;
	size_t errors;
	char error[ERROR_BYTES];
};

extern char **environ;

const char *browser_program(void)
{
	static const char *const programs[] = {"/usr/bin/chromium", "/usr/bin/chromium-browser",
	                                       "/usr/bin/google-chrome"};

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (access(programs[i], X_OK) == 0)
			return programs[i];
	}
	return NULL;
}

/* Keeps the first error of a page, and counts all. */
static void keep_error(struct browser *browser, const json_t *params)
{
	char *text = json_dumps(params, JSON_COMPACT);

	if (browser->errors++ == 0)
		snprintf(browser->error, sizeof(browser->error), "%s", text ? text : "");
	free(text);
}

/* Takes note of what the browser says by itself. */
static void take_event(struct browser *browser, const json_t *message)
{
	const char *method = json_string_value(json_object_get(message, "method"));
	const json_t *params = json_object_get(message, "params");

	if (!method)
		return;
	if (strcmp(method, "Page.loadEventFired") == 0) {
		browser->is_loaded = true;
	} else if (strcmp(method, "Runtime.exceptionThrown") == 0) {
		keep_error(browser, params);
	} else if (strcmp(method, "Log.entryAdded") == 0) {
		const char *level = json_string_value(
			json_object_get(json_object_get(params, "entry"), "level"));

		if (level && (strcmp(level, "error") == 0 || strcmp(level, "warning") == 0))
			keep_error(browser, params);
	}
}

/* Reads more, within the limit. */
static void read_more(struct browser *browser, uint64_t deadline_ns)
{
	struct pollfd poll_fd = {.fd = browser->answer_fd, .events = POLLIN};
	uint64_t now_ns = clock_now_ns();
	ssize_t got;

	if (now_ns >= deadline_ns || poll(&poll_fd, 1, (int)((deadline_ns - now_ns) / 1000000)) < 1)
		fail_msg("the browser did not answer in time");
	if (browser->buffer_bytes == browser->buffer_capacity) {
		browser->buffer_capacity = 2 * browser->buffer_capacity + 65536;
		browser->buffer = realloc(browser->buffer, browser->buffer_capacity);
		assert_non_null(browser->buffer);
	}
	got = read(browser->answer_fd, browser->buffer + browser->buffer_bytes,
	           browser->buffer_capacity - browser->buffer_bytes);
	if (got <= 0)
		fail_msg("the browser has gone");
	browser->buffer_bytes += (size_t)got;
}

/* Returns the next message, for json_decref(). */
static json_t *read_message(struct browser *browser, uint64_t deadline_ns)
{
	size_t searched = 0;
	json_t *message;
	char *end;

	for (;;) {
		end = browser->buffer_bytes > searched ? memchr(browser->buffer + searched, '\0',
		                                                browser->buffer_bytes - searched)
		                                       : NULL;
		if (end)
			break;
		searched = browser->buffer_bytes;
		read_more(browser, deadline_ns);
	}
	message = json_loads(browser->buffer, 0, NULL);
	assert_non_null(message);
	browser->buffer_bytes -= (size_t)(end + 1 - browser->buffer);
	memmove(browser->buffer, end + 1, browser->buffer_bytes);
	return message;
}

/* Calls a method, whose parameters are taken over. Returns its result, for json_decref(). */
static json_t *call(struct browser *browser, const char *method, json_t *params)
{
	uint64_t deadline_ns = clock_now_ns() + LIMIT_NS;
	int id = ++browser->next_id;
	json_t *request = json_pack("{s:i, s:s, s:o}", "id", id, "method", method, "params",
	                            params ? params : json_object());
	char *text;
	size_t bytes;

	assert_non_null(request);
	if (browser->session[0] != '\0')
		json_object_set_new(request, "sessionId", json_string(browser->session));
	text = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	assert_non_null(text);
	/* With the null byte after it. */
	bytes = strlen(text) + 1;
	for (size_t done = 0; done < bytes;) {
		ssize_t put = write(browser->command_fd, text + done, bytes - done);

		if (put < 0)
			fail_msg("the browser takes no command: %s", strerror(errno));
		done += (size_t)put;
	}
	free(text);
	for (;;) {
		json_t *message = read_message(browser, deadline_ns);
		json_t *result;

		if (json_integer_value(json_object_get(message, "id")) != id) {
			take_event(browser, message);
			json_decref(message);
			continue;
		}
		result = json_incref(json_object_get(message, "result"));
		if (!result)
			fail_msg("%s: %s", method, json_dumps(message, JSON_COMPACT));
		json_decref(message);
		return result;
	}
}

static void do_call(struct browser *browser, const char *method, json_t *params)
{
	json_decref(call(browser, method, params));
}

/* Starts the program with its ends of the two pipes. Returns its process. */
static pid_t spawn(const char *program, const char *folder, int command_fd, int answer_fd)
{
	char profile[PATH_BYTES];
	char log[PATH_BYTES];
	const char *const argv[] = {
		program,
		"--headless",
		"--no-sandbox",
		"--disable-gpu",
		"--disable-quic",
		"--no-first-run",
		"--disable-background-networking",
		"--disable-component-update",
		"--disable-sync",
		"--disable-dev-shm-usage",
		"--remote-debugging-pipe",
		profile,
		"about:blank",
		NULL,
	};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char *before;
	pid_t pid;
	int ret;

	assert_true(snprintf(profile, sizeof(profile), "--user-data-dir=%s/profile", folder) <
	            (int)sizeof(profile));
	assert_true(snprintf(log, sizeof(log), "%s/browser.log", folder) < (int)sizeof(log));
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	assert_int_equal(posix_spawnattr_init(&attributes), 0);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT, 0600);
	posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	posix_spawn_file_actions_adddup2(&actions, command_fd, COMMAND_FD);
	posix_spawn_file_actions_adddup2(&actions, answer_fd, ANSWER_FD);
	/* It leaves a folder behind when it is killed: in the one that goes with the test. */
	before = getenv("TMPDIR") ? strdup(getenv("TMPDIR")) : NULL;
	setenv("TMPDIR", folder, 1);
	ret = posix_spawn(&pid, program, &actions, &attributes, (char *const *)(uintptr_t)argv,
	                  environ);
	if (before)
		setenv("TMPDIR", before, 1);
	else
		unsetenv("TMPDIR");
	free(before);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (ret != 0)
		fail_msg("can't start %s: %s", program, strerror(ret));
	return pid;
}

struct browser *browser_start(const char *program, const char *folder)
{
	struct browser *browser = calloc(1, sizeof(*browser));
	int commands[2];
	int answers[2];
	int spare[2];
	json_t *target;
	json_t *result;

	assert_non_null(browser);
	assert_int_equal(pipe2(commands, O_CLOEXEC), 0);
	assert_int_equal(pipe2(answers, O_CLOEXEC), 0);
	spare[0] = fcntl(commands[0], F_DUPFD_CLOEXEC, SPARE_FD);
	spare[1] = fcntl(answers[1], F_DUPFD_CLOEXEC, SPARE_FD);
	assert_true(spare[0] >= SPARE_FD && spare[1] >= SPARE_FD);
	close(commands[0]);
	close(answers[1]);
	browser->command_fd = commands[1];
	browser->answer_fd = answers[0];
	browser->pid = spawn(program, folder, spare[0], spare[1]);
	close(spare[0]);
	close(spare[1]);

	target = call(browser, "Target.createTarget", json_pack("{s:s}", "url", "about:blank"));
	result = call(browser, "Target.attachToTarget",
	              json_pack("{s:O, s:b}", "targetId", json_object_get(target, "targetId"),
	                        "flatten", 1));
	snprintf(browser->session, sizeof(browser->session), "%s",
	         json_string_value(json_object_get(result, "sessionId")));
	json_decref(result);
	json_decref(target);
	do_call(browser, "Page.enable", NULL);
	do_call(browser, "Runtime.enable", NULL);
	do_call(browser, "Log.enable", NULL);
	return browser;
}

void browser_stop(struct browser *browser)
{
	if (!browser)
		return;
	close(browser->command_fd);
	close(browser->answer_fd);
	/* Its processes are its group; those that moved to another are ended by its end. */
	kill(-browser->pid, SIGKILL);
	while (waitpid(-browser->pid, NULL, 0) > 0 || errno == EINTR)
		;
	free(browser->buffer);
	free(browser);
}

static void wait_until_loaded(struct browser *browser)
{
	uint64_t deadline_ns = clock_now_ns() + LIMIT_NS;

	while (!browser->is_loaded) {
		json_t *message = read_message(browser, deadline_ns);

		take_event(browser, message);
		json_decref(message);
	}
}

void browser_show(struct browser *browser, const char *path, const struct browser_view *view)
{
	char url[PATH_BYTES];

	assert_true(snprintf(url, sizeof(url), "file://%s", path) < (int)sizeof(url));
	do_call(browser, "Emulation.setDeviceMetricsOverride",
	        json_pack("{s:i, s:i, s:i, s:b}", "width", view->width, "height", 900,
	                  "deviceScaleFactor", 1, "mobile", 0));
	do_call(browser, "Emulation.setEmulatedMedia",
	        json_pack("{s:s, s:[{s:s, s:s}]}", "media", view->is_print ? "print" : "screen",
	                  "features", "name", "prefers-color-scheme", "value",
	                  view->is_dark ? "dark" : "light"));
	do_call(browser, "Emulation.setScriptExecutionDisabled",
	        json_pack("{s:b}", "value", view->is_scriptless));
	browser->is_loaded = false;
	do_call(browser, "Page.navigate", json_pack("{s:s}", "url", url));
	wait_until_loaded(browser);
}

json_t *browser_evaluate(struct browser *browser, const char *script)
{
	json_t *result = call(browser, "Runtime.evaluate",
	                      json_pack("{s:s, s:b, s:b}", "expression", script, "returnByValue", 1,
	                                "awaitPromise", 1));
	json_t *value = json_incref(json_object_get(json_object_get(result, "result"), "value"));

	if (json_object_get(result, "exceptionDetails"))
		fail_msg("%s", json_dumps(json_object_get(result, "exceptionDetails"), 0));
	json_decref(result);
	return value ? value : json_null();
}

void browser_point(struct browser *browser, double x, double y)
{
	do_call(browser, "Input.dispatchMouseEvent",
	        json_pack("{s:s, s:f, s:f}", "type", "mouseMoved", "x", x, "y", y));
}

size_t browser_errors(const struct browser *browser, const char **what)
{
	*what = browser->error;
	return browser->errors;
}
