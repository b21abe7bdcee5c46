/* SPDX-License-Identifier: MIT */
/* suites/bench/cli.c - the command line: options that commands share, and errors. */
#include "suites/bench/cli.h"

#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/registry.h"
#include "suites/bench/command.h"

#define BUDGET_MS_MAX (24ull * 3600 * 1000)
#define DRAW_MAX 10000u
/* Room for what is added to the name of an output while it is written. */
#define OUTPUT_ASIDE_BYTES 32u

/* Every option there is; a command picks its own by their bits. */
static const struct {
	unsigned bit;
	struct argp_option option;
} catalogue[] = {
	{CLI_PLUGIN, {"plugin", 'p', "FILE", 0, "Load the transports of a plug-in (a path)", 0}},
	{CLI_STORE,
         {"store", 's', "FILE", 0,
          "The history to use, a file or postgresql://... (default: in XDG_DATA_HOME)", 0}},
	{CLI_FORMAT, {"format", 'f', "NAME", 0, "How to write the result (default: text)", 0}},
	{CLI_OUTPUT, {"output", 'o', "FILE", 0, "Write the result there, not to stdout", 0}},
	{CLI_SEED, {"seed", 'S', "N", 0, "Repeat the order and the data of an earlier run", 0}},
	{CLI_BUDGET, {"budget", 'b', "TIME", 0, "Measure for about so long, as 45s or 2m", 0}},
	{CLI_DRY_RUN, {"dry-run", 'n', NULL, 0, "Say what would be done, and do nothing", 0}},
	{CLI_QUIET, {"quiet", 'q', NULL, 0, "Show no progress", 0}},
	{CLI_OPERATIONS,
         {"operations", 'O', "LIST", 0, "What to do to each picture (default: all)", 0}},
	{CLI_DRAW, {"draw", 'd', "N", 0, "First draw N pictures by the seed into FOLDER", 0}},
	{CLI_POWER,
         {"require-power", 'R', "PERCENT", 0, "Fail (5) where an effect of that size can't be seen",
          0}},
	{CLI_AA, {"aa", 'a', "N", 0, "Make N comparisons of a program with itself", 0}},
	{CLI_INJECT, {"inject", 'i', "PERCENT", 0, "Slow one arm down by so much, and find it", 0}},
	{CLI_QUANTILE,
         {"quantile", 'Q', "NAME", 0, "Slow it down by a share of p50 (default) or p99", 0}},
	{CLI_TRIALS, {"trials", 't', "N", 0, "So often at each placement (default: 20)", 0}},
	{CLI_NOTE, {"note", 'm', "TEXT", 0, "Why, in one line, for whoever reads it later", 0}},
	{CLI_REPLAY,
         {"replay", 'r', "SESSION", 0, "Draw from the rounds of a stored session of ab", 0}},
	{CLI_STRICT, {"strict", 'x', NULL, 0, "Fail on warnings too", 0}},
};

enum { CATALOGUE_COUNT = sizeof(catalogue) / sizeof(catalogue[0]) };

struct parse {
	const struct cli_spec *spec;
	struct cli *cli;
	int status;
};

void cli_error(const char *format, ...)
{
	va_list arguments;

	fflush(stdout);
	fprintf(stderr, "ipcbench: ");
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

static int parse_quantile(const char *text, bool *is_p99)
{
	*is_p99 = strcmp(text, "p99") == 0;
	if (*is_p99 || strcmp(text, "p50") == 0)
		return STATUS_DONE;
	cli_error("quantile '%s' is unknown; there are: p50, p99", text);
	return STATUS_USAGE;
}

static int parse_number(const char *name, const char *text, uint64_t *out)
{
	/* A seed may use all 64 bits; K and M mean nothing to it. */
	char *end;

	errno = 0;
	if (text[0] >= '0' && text[0] <= '9') {
		*out = strtoull(text, &end, 10);
		if (errno == 0 && *end == '\0')
			return STATUS_DONE;
	}
	cli_error("--%s '%s' is no number from 0 to 18446744073709551615", name, text);
	return STATUS_USAGE;
}

static int parse_count(const char *name, const char *text, uint64_t max, uint64_t *out)
{
	if (request_parse_number(text, 1, max, out) == 0)
		return STATUS_DONE;
	cli_error("--%s '%s' is no number from 1 to %llu", name, text, (unsigned long long)max);
	return STATUS_USAGE;
}

static int parse_budget(const char *text, uint64_t *out_ms)
{
	static const struct {
		const char *suffix;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	size_t digits = strspn(text, "0123456789");
	uint64_t value = digits > 0 && digits < 10 ? strtoull(text, NULL, 10) : 0;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text + digits, units[i].suffix) == 0 && value > 0 &&
		    value <= BUDGET_MS_MAX / units[i].ms) {
			*out_ms = value * units[i].ms;
			return STATUS_DONE;
		}
	}
	cli_error("--budget '%s' is no time up to 24h; write it like 45s, 500ms or 2m", text);
	return STATUS_USAGE;
}

static int load_plugin(const char *path)
{
	char why[PATH_MAX];

	if (registry_load(path, why, sizeof(why)) == 0)
		return STATUS_DONE;
	cli_error("plug-in '%s': %s", path, why);
	return STATUS_USAGE;
}

static int keep_plugin(struct cli *cli, const char *path)
{
	if (cli->plugins_count == CLI_PLUGINS_MAX) {
		cli_error("more than %d plug-ins", CLI_PLUGINS_MAX);
		return STATUS_USAGE;
	}
	cli->plugins[cli->plugins_count++] = path;
	return STATUS_DONE;
}

static int parse_option(struct parse *parse, int key, char *value)
{
	struct cli *cli = parse->cli;

	switch (key) {
	case 'p':
		return parse->spec->keeps_plugins ? keep_plugin(cli, value) : load_plugin(value);
	case 's':
		cli->store = value;
		break;
	case 'f':
		cli->format = value;
		break;
	case 'o':
		cli->output = value;
		break;
	case 'S':
		return parse_number("seed", value, &cli->seed);
	case 'b':
		return parse_budget(value, &cli->budget_ms);
	case 'O':
		cli->operations = value;
		break;
	case 'd':
		return parse_count("draw", value, DRAW_MAX, &cli->draw);
	case 'n':
		cli->is_dry_run = true;
		break;
	case 'q':
		cli->is_quiet = true;
		break;
	case 'R':
		return parse_count("require-power", value, 1000, &cli->power_percent);
	case 'a':
		return parse_count("aa", value, 100000, &cli->aa);
	case 'i':
		return parse_count("inject", value, 1000, &cli->inject_percent);
	case 't':
		return parse_count("trials", value, 100000, &cli->trials);
	case 'Q':
		return parse_quantile(value, &cli->is_p99);
	case 'm':
		cli->note = value;
		break;
	case 'r':
		cli->replay = value;
		break;
	case 'x':
		cli->is_strict = true;
		break;
	default:
		break;
	}
	return STATUS_DONE;
}

static error_t parse_key(int key, char *value, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct cli *cli = parse->cli;

	if (key == ARGP_KEY_ARG) {
		if (cli->arguments_count == parse->spec->arguments_max) {
			cli_error("'%s' is one argument too many; see 'ipcbench %s --help'", value,
			          parse->spec->command);
			parse->status = STATUS_USAGE;
			return EINVAL;
		}
		cli->arguments[cli->arguments_count++] = value;
		return 0;
	}
	if (key >= 128 || key <= 0)
		return ARGP_ERR_UNKNOWN;
	parse->status = parse_option(parse, key, value);
	return parse->status == STATUS_DONE ? 0 : EINVAL;
}

/* Finds the option that a long name, or its unambiguous start, stands for. */
static const struct argp_option *find_option(const struct argp_option *options, const char *name,
                                             size_t name_bytes)
{
	const struct argp_option *found = NULL;

	for (; options->name; options++) {
		if (strncmp(options->name, name, name_bytes) != 0)
			continue;
		if (options->name[name_bytes] == '\0')
			return options;
		if (found)
			return NULL;
		found = options;
	}
	return found;
}

/*
 * Refuses what argp would refuse, but in one line with its remedy: argp writes two
 * and exits by itself.
 */
static int check_options(const struct cli_spec *spec, const struct argp_option *options, int argc,
                         char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *name = argv[i] + 2;
		size_t name_bytes = strcspn(argv[i], "=") - 2;
		const struct argp_option *option = NULL;
		bool has_value = strchr(argv[i], '=');

		if (argv[i][0] != '-' || argv[i][1] == '\0')
			continue;
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--usage") == 0)
			continue;
		if (argv[i][1] == '-') {
			option = find_option(options, name, name_bytes);
		} else {
			for (const struct argp_option *o = options; o->name && !option; o++)
				option = o->key == argv[i][1] ? o : NULL;
			has_value = argv[i][2] != '\0';
		}
		if (!option) {
			cli_error("option '%s' is unknown; see 'ipcbench %s --help'", argv[i],
			          spec->command);
			return STATUS_USAGE;
		}
		if (!option->arg && has_value) {
			cli_error("option '--%s' takes no value, not '%s'", option->name, argv[i]);
			return STATUS_USAGE;
		}
		if (option->arg && !has_value && ++i >= argc) {
			cli_error("option '--%s' needs a value: --%s %s", option->name,
			          option->name, option->arg);
			return STATUS_USAGE;
		}
	}
	return STATUS_DONE;
}

int cli_parse(const struct cli_spec *spec, int argc, char **argv, struct cli *out)
{
	struct argp_option options[CATALOGUE_COUNT + 1] = {{0}};
	char doc[2048];
	char name[64];
	const struct argp argp = {
		.options = options,
		.parser = parse_key,
		.args_doc = spec->arguments,
		.doc = doc,
	};
	struct parse parse = {.spec = spec, .cli = out, .status = STATUS_DONE};
	size_t count = 0;

	for (size_t i = 0; i < CATALOGUE_COUNT; i++) {
		if (catalogue[i].bit & spec->options)
			options[count++] = catalogue[i].option;
	}
	*out = (struct cli){0};
	if (getrandom(&out->seed, sizeof(out->seed), 0) < 0)
		out->seed = (uint64_t)getpid();
	out->seed >>= 32; /* Short enough to be typed again. */
	if (check_options(spec, options, argc, argv) != STATUS_DONE)
		return STATUS_USAGE;
	snprintf(doc, sizeof(doc), "%s.\v%s", spec->summary, spec->text ? spec->text : "");
	snprintf(name, sizeof(name), "ipcbench %s", spec->command);
	argv[0] = name;
	argp_parse(&argp, argc, argv, 0, NULL, &parse);
	return parse.status;
}

int cli_request(const struct cli *cli, struct request *out)
{
	char why[1024];

	request_init(out);
	for (int i = 0; i < cli->arguments_count; i++) {
		if (request_add(out, cli->arguments[i], why, sizeof(why)) < 0) {
			cli_error("%s", why);
			return STATUS_USAGE;
		}
	}
	return STATUS_DONE;
}

int cli_exporter(const struct cli *cli, const struct exporter **out)
{
	char known[256] = "";
	size_t used = 0;
	const struct exporter *exporter = exporter_find(cli->format ? cli->format : "text");

	if (exporter) {
		*out = exporter;
		return STATUS_DONE;
	}
	for (size_t i = 0; (exporter = exporter_at(i)) && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
		                         i > 0 ? ", " : "", exporter->name);
	cli_error("format '%s' is unknown; there are: %s", cli->format, known);
	return STATUS_USAGE;
}

int cli_verdict_exporter(const struct cli *cli, const struct verdict_exporter **out)
{
	char known[256] = "";
	size_t used = 0;
	const struct verdict_exporter *exporter =
		verdict_exporter_find(cli->format ? cli->format : "text");

	if (exporter) {
		*out = exporter;
		return STATUS_DONE;
	}
	for (size_t i = 0; (exporter = verdict_exporter_at(i)) && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
		                         i > 0 ? ", " : "", exporter->name);
	cli_error("format '%s' is unknown for a comparison; there are: %s", cli->format, known);
	return STATUS_USAGE;
}

int cli_text_or_json(const struct cli *cli, bool *is_json)
{
	const char *format = cli->format ? cli->format : "text";

	*is_json = strcmp(format, "json") == 0;
	if (*is_json || strcmp(format, "text") == 0)
		return STATUS_DONE;
	cli_error("format '%s' is unknown here; there are: text, json", format);
	return STATUS_USAGE;
}

/* What a name leads to decides how it is written; renaming a file over a device would end the
 * device. */
static bool is_written_in_place(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

static bool is_folder(const char *path)
{
	struct stat status;

	return path && stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Where a file is replaced, its folder is what must be writable. Returns 0 or -errno. */
static int find_output_fault(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	if (is_written_in_place(path))
		return access(path, W_OK) < 0 ? -errno : 0;
	if (path[0] == '\0' || strlen(path) + OUTPUT_ASIDE_BYTES > sizeof(folder))
		return path[0] == '\0' ? -ENOENT : -ENAMETOOLONG;
	if (slash)
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path + 1), path);
	return access(slash ? folder : ".", W_OK | X_OK) < 0 ? -errno : 0;
}

static int output_fault(const struct cli *cli, int error)
{
	if (cli->output)
		cli_error("can't write '%s': %s; name another file with --output", cli->output,
		          strerror(-error));
	else
		cli_error("can't write to stdout: %s", strerror(-error));
	return STATUS_FAILED;
}

int cli_check_output(const struct cli *cli, bool takes_folder)
{
	int ret;

	if (!cli->output)
		return STATUS_DONE;
	ret = is_folder(cli->output) && !takes_folder ? -EISDIR : find_output_fault(cli->output);
	return ret < 0 ? output_fault(cli, ret) : STATUS_DONE;
}

int cli_write_with(const struct cli *cli, int (*write)(FILE *out, const void *what),
                   const void *what)
{
	bool is_replaced = cli->output && !is_written_in_place(cli->output);
	char aside[PATH_MAX];
	FILE *file = stdout;
	int ret;

	if (is_replaced && snprintf(aside, sizeof(aside), "%s.%d.part", cli->output,
	                            (int)getpid()) >= (int)sizeof(aside))
		return output_fault(cli, -ENAMETOOLONG);
	if (cli->output) {
		file = fopen(is_replaced ? aside : cli->output, "we");
		if (!file)
			return output_fault(cli, -errno);
	}
	ret = write(file, what);
	if (fflush(file) != 0 && ret == 0)
		ret = -errno;
	if (cli->output && fclose(file) != 0 && ret == 0)
		ret = -errno;
	if (is_replaced) {
		if (ret == 0 && rename(aside, cli->output) < 0)
			ret = -errno;
		if (ret < 0)
			unlink(aside);
	}
	return ret == 0 ? STATUS_DONE : output_fault(cli, ret);
}

struct export
{
	const struct exporter *exporter;
	const struct report *report;
	const struct report_cell *cell; /* null: the whole report */
};

static int write_export(FILE *out, const void *what)
{
	const struct export *export = what;

	if (export->cell)
		return export->exporter->write_cell(out, export->report, export->cell);
	return export->exporter->write(out, export->report);
}

/* Writes a file a cell into the folder, named after the cell. Returns an exit status. */
static int write_cells(const struct cli *cli, const struct exporter *exporter,
                       const struct report *report)
{
	struct export export = {exporter, report, NULL};
	char path[PATH_MAX];
	struct cli each = *cli;
	int status = STATUS_DONE;

	each.output = path;
	for (size_t i = 0; i < report->cells_count && status == STATUS_DONE; i++) {
		char name[RUN_CELL_BYTES + RUN_ARM_BYTES + 1];

		export.cell = &report->cells[i];
		if (!export.cell->histogram)
			continue; /* throughput has no percentiles */
		snprintf(name, sizeof(name), "%s%s%s", export.cell->cell.name,
		         export.cell->arm[0] != '\0' ? "." : "", export.cell->arm);
		for (char *c = name; *c; c++)
			*c = *c == '/' ? '.' : *c;
		if (snprintf(path, sizeof(path), "%s/%s.%s", cli->output, name, exporter->name) >=
		    (int)sizeof(path)) {
			cli_error("'%s' is too long a path", cli->output);
			return STATUS_FAILED;
		}
		status = cli_write_with(&each, write_export, &export);
	}
	return status;
}

int cli_write(const struct cli *cli, const struct exporter *exporter, const struct report *report)
{
	const struct export export = {exporter, report, NULL};

	if (exporter->write_cell && is_folder(cli->output))
		return write_cells(cli, exporter, report);
	return cli_write_with(cli, write_export, &export);
}

/*
 * Takes the password out of the URI of a database, which is stored and shown with the
 * line; who repeats it has the password elsewhere. In place: it only gets shorter.
 */
static void drop_password(char *argument)
{
	char *user = strstr(argument, "postgresql://");
	char *parameter = strstr(argument, "password=");
	char *host;
	char *colon;

	if (!user)
		user = strstr(argument, "postgres://");
	if (!user)
		return;
	if (parameter) {
		char *end = parameter + strcspn(parameter, "&");

		memmove(parameter, end, strlen(end) + 1);
	}
	user = strstr(user, "://") + 3;
	host = user + strcspn(user, "/?");
	while (host > user && *host != '@')
		host--;
	colon = memchr(user, ':', (size_t)(host - user));
	if (colon)
		memmove(colon, host, strlen(host) + 1);
}

/* Writes an argument so that a shell reads it as it is. */
static void quote(FILE *out, const char *argument)
{
	if (argument[0] != '\0' && !argument[strcspn(argument, " \t\n\"'\\$`*?[]{}()<>|&;#~!")]) {
		fputs(argument, out);
		return;
	}
	fputc('\'', out);
	for (const char *c = argument; *c; c++) {
		if (*c == '\'')
			fputs("'\\''", out);
		else
			fputc(*c, out);
	}
	fputc('\'', out);
}

char *cli_quote_line(int argc, char **argv)
{
	char *line = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&line, &bytes);

	if (!out)
		return NULL;
	fputs("ipcbench", out);
	for (int i = 0; i < argc; i++) {
		char *argument = strdup(argv[i]);

		if (!argument) {
			fclose(out);
			free(line);
			return NULL;
		}
		drop_password(argument);
		fputc(' ', out);
		quote(out, argument);
		free(argument);
	}
	return fclose(out) == 0 ? line : NULL;
}

char *cli_show_line(const struct cli *cli, const char *uuid)
{
	char start[9];
	char *words[] = {"report", start,         "--format", "html",
	                 "-o",     "report.html", "--store",  (char *)cli->store};

	snprintf(start, sizeof(start), "%s", uuid);
	return cli_quote_line(cli->store ? 8 : 6, words);
}
