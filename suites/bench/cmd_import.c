/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_import.c - ipcbench import: sessions that were exported, into a history. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "results/exchange.h"
#include "suites/bench/cli.h"
#include "suites/bench/command.h"

/* Copies stdin to a file that has no name: it is read twice. Null after a failure. */
static FILE *copy_stdin(void)
{
	FILE *copy = tmpfile();
	char buffer[65536];
	size_t bytes;

	while (copy && (bytes = fread(buffer, 1, sizeof(buffer), stdin)) > 0) {
		if (fwrite(buffer, 1, bytes, copy) != bytes)
			break;
	}
	if (copy && (ferror(stdin) || ferror(copy) || fflush(copy) != 0)) {
		fclose(copy);
		return NULL;
	}
	return copy;
}

/* Opens what is named. A pipe is refused: it can't be read twice. Null with errno set. */
static FILE *open_file(const char *name)
{
	struct stat status;
	int fd;

	if (strcmp(name, "-") == 0)
		return copy_stdin();
	/* Not to wait for the writer of a pipe. */
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
		close(fd);
		errno = S_ISDIR(status.st_mode) ? EISDIR : ESPIPE;
		return NULL;
	}
	return fdopen(fd, "r");
}

/* Imports an open file. Returns an exit status. */
static int import(const struct cli *cli, FILE *in, const char *name)
{
	struct exchange_count count;
	struct store *store;
	char why[512] = "";
	int ret = exchange_check(in, why, sizeof(why));

	if (ret < 0) {
		cli_error("%s: %s", name, why[0] != '\0' ? why : strerror(-ret));
		return STATUS_FAILED;
	}
	ret = store_open(&store, cli->store, STORE_WRITE, why, sizeof(why));
	if (ret < 0) {
		cli_error("%s", why[0] != '\0' ? why : strerror(-ret));
		return STATUS_FAILED;
	}
	ret = exchange_import(in, store, &count, why, sizeof(why));
	store_close(store);
	if (ret < 0) {
		cli_error("%s: %s", name, why[0] != '\0' ? why : strerror(-ret));
		return STATUS_FAILED;
	}
	printf("%zu sessions imported, %zu were there already\n", count.imported, count.known);
	return STATUS_DONE;
}

static int import_run(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "import",
		.arguments = "FILE",
		.summary = "Stores sessions that 'ipcbench export' wrote; '-' is stdin",
		.text = "A session that is there already, by its uuid, is left as it is. The whole "
			"file "
			"is checked before anything is stored.",
		.options = CLI_STORE,
		.arguments_max = 1,
	};
	struct cli cli;
	const char *name;
	FILE *in;
	int status;

	if (cli_parse(&spec, argc, argv, &cli) != STATUS_DONE)
		return STATUS_USAGE;
	if (cli.arguments_count == 0) {
		cli_error("import needs a file that 'ipcbench export' wrote, or '-' for stdin");
		return STATUS_USAGE;
	}
	name = cli.arguments[0];
	in = open_file(name);
	if (!in) {
		cli_error("%s: can't be read: %s%s", name, strerror(errno),
		          errno == ESPIPE ? "; give '-' and a redirection" : "");
		return STATUS_FAILED;
	}
	status = import(&cli, in, name);
	fclose(in);
	return status;
}

const struct command command_import = {
	.name = "import",
	.summary = "store sessions that were exported",
	.run = import_run,
};
