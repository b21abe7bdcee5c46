/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_export.c - ipcbench export: whole sessions as lines of JSON. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "results/exchange.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"

struct exporting {
	const struct cli *cli;
	struct store *store;
	char (*uuids)[SESSION_UUID_BYTES]; /* of all sessions, where none is named */
	size_t uuids_count;
	size_t unfinished; /* that were left out */
	char why[512];
};

/* Notes a session that has ended; one that has not may go on, and is not whole. */
static int on_session(void *context, const struct session *session)
{
	struct exporting *self = context;
	void *grown;

	if (strcmp(session->status, "running") == 0) {
		self->unfinished++;
		return 0;
	}
	grown = realloc(self->uuids, (self->uuids_count + 1) * sizeof(*self->uuids));
	if (!grown)
		return -ENOMEM;
	self->uuids = grown;
	memcpy(self->uuids[self->uuids_count++], session->uuid, SESSION_UUID_BYTES);
	return 0;
}

static int write_all(FILE *out, const void *what)
{
	struct exporting *self = (struct exporting *)what;
	const struct cli *cli = self->cli;
	int ret = 0;

	for (int i = 0; i < cli->arguments_count && ret == 0; i++)
		ret = exchange_write(out, self->store, cli->arguments[i], self->why,
		                     sizeof(self->why));
	for (size_t i = 0; i < self->uuids_count && ret == 0; i++)
		ret = exchange_write(out, self->store, self->uuids[i], self->why,
		                     sizeof(self->why));
	return ret;
}

/* Finds the sessions, or only checks that each that is named is one. Returns 0, or -errno. */
static int find(struct exporting *self)
{
	static const struct store_query all;
	static const struct store_reader none;
	int ret = 0;

	if (self->cli->arguments_count == 0)
		return store_list(self->store, &all, on_session, self, self->why,
		                  sizeof(self->why));
	for (int i = 0; i < self->cli->arguments_count && ret == 0; i++)
		ret = store_read(self->store, self->cli->arguments[i], &none, self->why,
		                 sizeof(self->why));
	return ret;
}

static int export_all(struct exporting *self)
{
	int status;
	int ret = find(self);

	if (ret == 0 && self->cli->arguments_count == 0 && self->uuids_count == 0) {
		cli_error("the history holds no session that has ended; 'ipcbench run' adds one");
		return STATUS_FAILED;
	}
	if (ret < 0) {
		cli_error("%s", self->why[0] != '\0' ? self->why : strerror(-ret));
		return STATUS_FAILED;
	}
	status = cli_write_with(self->cli, write_all, self);
	if (status != STATUS_DONE && self->why[0] != '\0')
		cli_error("%s", self->why);
	if (self->unfinished > 0)
		cli_error("%zu sessions are left out, which run or were killed; name one to have "
		          "what there is of it",
		          self->unfinished);
	return status;
}

static int export_run(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "export",
		.arguments = "[SESSION...]",
		.summary = "Writes whole sessions as lines of JSON, for 'ipcbench import'",
		.text = "SESSION is 'latest' or the start of a uuid; without one, all sessions "
			"that "
			"have ended are written, the oldest first.",
		.options = CLI_STORE | CLI_OUTPUT,
		.arguments_max = CLI_ARGUMENTS_MAX,
	};
	struct cli cli;
	struct exporting self = {.cli = &cli};
	int status;

	if (cli_parse(&spec, argc, argv, &cli) != STATUS_DONE)
		return STATUS_USAGE;
	if (store_open(&self.store, cli.store, STORE_READ, self.why, sizeof(self.why)) < 0) {
		cli_error("%s", self.why);
		return STATUS_FAILED;
	}
	status = export_all(&self);
	store_close(self.store);
	free(self.uuids);
	return status;
}

const struct command command_export = {
	.name = "export",
	.summary = "write whole sessions as lines of JSON",
	.run = export_run,
};
