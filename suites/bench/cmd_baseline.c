/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_baseline.c - ipcbench baseline: names for stored sessions. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ipc/clock.h"
#include "results/store_mark.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/references.h"

#define WHY_BYTES 512

struct listing {
	struct cli cli;
	struct store *store;
	bool is_json;
	FILE *out;
	json_t *array;
	size_t count;
};

static int fail(int ret, const char *why)
{
	cli_error("%s", why[0] != '\0' ? why : strerror(-ret));
	return STATUS_FAILED;
}

static uint64_t wall_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static int open_store(struct listing *self, enum store_access access)
{
	char why[WHY_BYTES] = "";
	int ret = store_open(&self->store, self->cli.store, access, why, sizeof(why));

	return ret < 0 ? fail(ret, why) : STATUS_DONE;
}

static int save(struct listing *self)
{
	const char *name = self->cli.arguments[1];
	const char *text = self->cli.arguments_count > 2 ? self->cli.arguments[2] : "latest";
	struct store_mark mark = {.kind = STORE_MARK_BASELINE, .name = name};
	struct reference reference;
	char why[WHY_BYTES] = "";
	int status = reference_check_name(name);
	int ret;

	if (status == STATUS_DONE)
		status = open_store(self, STORE_WRITE);
	if (status == STATUS_DONE)
		status = reference_find(self->store, text, &reference);
	if (status != STATUS_DONE)
		return status;
	mark.value = reference.uuid;
	mark.created_ns = wall_clock_ns();
	ret = store_mark_set(self->store, &mark, why, sizeof(why));
	if (ret < 0)
		return fail(ret, why);
	printf("baseline %s is session %.8s\n", name, reference.uuid);
	return STATUS_DONE;
}

static int on_mark(void *context, const struct store_mark *mark)
{
	struct listing *self = context;
	time_t seconds = (time_t)(mark->created_ns / NS_PER_S);
	char date[32] = "";
	struct tm utc;

	self->count++;
	if (gmtime_r(&seconds, &utc))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
	if (self->is_json)
		return json_array_append_new(self->array,
		                             json_pack("{s:s, s:s, s:s}", "name", mark->name,
		                                       "session", mark->value, "saved", date)) < 0
		               ? -ENOMEM
		               : 0;
	fprintf(self->out, "%-24s  %.36s  %s\n", mark->name, mark->value, date);
	return 0;
}

static int write_list(FILE *out, const void *what)
{
	/* The counter is the writer's own. */
	struct listing self = *(const struct listing *)what;
	char why[WHY_BYTES] = "";
	int ret;

	self.out = out;
	self.array = json_array();
	ret = self.array ? store_mark_list(self.store, STORE_MARK_BASELINE, on_mark, &self, why,
	                                   sizeof(why))
	                 : -ENOMEM;
	if (ret == 0 && self.is_json &&
	    (json_dumpf(self.array, out, JSON_COMPACT) < 0 || fputc('\n', out) == EOF))
		ret = -EIO;
	if (ret == 0 && !self.is_json && self.count == 0)
		fputs("no baseline; 'ipcbench baseline save NAME' names the latest session\n", out);
	json_decref(self.array);
	return ret;
}

static int list(struct listing *self)
{
	int status = open_store(self, STORE_READ);

	return status != STATUS_DONE ? status : cli_write_with(&self->cli, write_list, self);
}

static int forget(struct listing *self)
{
	char why[WHY_BYTES] = "";
	int status = open_store(self, STORE_WRITE);
	int ret;

	if (status != STATUS_DONE)
		return status;
	ret = store_mark_remove(self->store, STORE_MARK_BASELINE, self->cli.arguments[1], why,
	                        sizeof(why));
	if (ret == -ENOENT) {
		cli_error("there is no baseline '%.80s'; 'ipcbench baseline list' names them",
		          self->cli.arguments[1]);
		return STATUS_NOT_COMPARABLE;
	}
	return ret < 0 ? fail(ret, why) : STATUS_DONE;
}

static const struct {
	const char *name;
	int arguments_min;
	int arguments_max;
	const char *usage;
	int (*run)(struct listing *self);
} verbs[] = {
	{"save", 2, 3, "save NAME [REF]", save},
	{"list", 1, 1, "list", list},
	{"rm", 2, 2, "rm NAME", forget},
};

static int run_verb(struct listing *self)
{
	int count = self->cli.arguments_count;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]) && count > 0; i++) {
		if (strcmp(verbs[i].name, self->cli.arguments[0]) != 0)
			continue;
		if (count >= verbs[i].arguments_min && count <= verbs[i].arguments_max)
			return verbs[i].run(self);
		cli_error("'baseline %s' takes other arguments: ipcbench baseline %s",
		          verbs[i].name, verbs[i].usage);
		return STATUS_USAGE;
	}
	cli_error("'%s' is no verb of baseline; there are: save NAME [REF], list, rm NAME",
	          count > 0 ? self->cli.arguments[0] : "");
	return STATUS_USAGE;
}

static int run_baseline(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "baseline",
		.arguments = "save NAME [REF] | list | rm NAME",
		.summary = "Names stored sessions, to compare others with",
		.text = "REF is a session as in 'ipcbench compare --help'; without it, the latest "
			"one. "
			"A name that is saved again stands for the new session. 'rm' removes the "
			"name, "
			"not the session.",
		.options = CLI_STORE | CLI_FORMAT | CLI_OUTPUT,
		.arguments_max = 3,
	};
	struct listing self = {0};
	int status;

	if (cli_parse(&spec, argc, argv, &self.cli) != STATUS_DONE ||
	    cli_text_or_json(&self.cli, &self.is_json) != STATUS_DONE)
		return STATUS_USAGE;
	status = run_verb(&self);
	store_close(self.store);
	return status;
}

const struct command command_baseline = {
	.name = "baseline",
	.summary = "name stored sessions, to compare others with",
	.run = run_baseline,
};
