/* SPDX-License-Identifier: MIT */
/* suites/bench/cmd_doctor.c - ipcbench doctor: is this machine fit to measure on? */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "suites/bench/cli.h"
#include "suites/bench/command.h"
#include "suites/bench/doctor_probes.h"
#include "suites/bench/stop.h"

#define CHECKS_MAX 64

struct examination {
	struct cli cli;
	bool is_json;
	const struct doctor_check *checks[CHECKS_MAX];
	struct doctor_finding findings[CHECKS_MAX];
	size_t count;
	struct doctor_evidence evidence;
	enum doctor_level worst;
};

/* Takes the checks that are asked for; all, if none is. */
static int choose(struct examination *all)
{
	const struct cli *cli = &all->cli;
	bool is_found[CLI_ARGUMENTS_MAX] = {false};
	const struct doctor_check *check;

	for (size_t i = 0; (check = doctor_at(i)) && all->count < CHECKS_MAX; i++) {
		bool is_wanted = cli->arguments_count == 0;

		for (int j = 0; j < cli->arguments_count; j++) {
			if (fnmatch(cli->arguments[j], check->id, 0) == 0)
				is_wanted = is_found[j] = true;
		}
		if (is_wanted)
			all->checks[all->count++] = check;
	}
	for (int j = 0; j < cli->arguments_count; j++) {
		if (is_found[j])
			continue;
		cli_error("no check is called '%s'; 'ipcbench doctor' without arguments runs all, "
		          "see also 'ipcbench doctor --help'",
		          cli->arguments[j]);
		return STATUS_USAGE;
	}
	return STATUS_DONE;
}

static int write_json(FILE *out, const struct examination *all)
{
	json_t *list = json_array();
	json_t *whole;
	int ret;

	for (size_t i = 0; i < all->count; i++)
		json_array_append_new(list, doctor_json(all->checks[i], &all->findings[i]));
	whole = json_pack("{s:s, s:s, s:o}", "schema", "ipcbench/1", "worst",
	                  doctor_level_names[all->worst], "findings", list);
	ret = json_dumpf(whole, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) < 0 ? -EIO : 0;
	fputc('\n', out);
	json_decref(whole);
	return ret;
}

static int write_text(FILE *out, const struct examination *all)
{
	struct environment *environment;
	char line[512];
	int ret = environment_capture(&environment, "");

	if (ret < 0)
		return ret;
	environment_describe(environment, line, sizeof(line));
	environment_destroy(environment);
	fprintf(out, "%s\n\n", line);
	for (size_t i = 0; i < all->count; i++) {
		const struct doctor_finding *finding = &all->findings[i];

		fprintf(out, "%-4s  %-18s  %s\n", doctor_level_names[finding->level],
		        all->checks[i]->id, finding->text);
		if (finding->advice[0] != '\0')
			fprintf(out, "      %-18s  > %s\n", "", finding->advice);
	}
	return ferror(out) ? -EIO : 0;
}

static int write_findings(FILE *out, const void *what)
{
	const struct examination *all = what;

	return all->is_json ? write_json(out, all) : write_text(out, all);
}

/* Gathers what the chosen checks need, and judges it. Returns an exit status. */
static int examine(struct examination *all)
{
	unsigned probes = 0;
	struct stop stop;
	int signal_number;
	int ret;

	for (size_t i = 0; i < all->count; i++)
		probes |= all->checks[i]->probes;
	if (stop_catch(&stop) < 0) {
		cli_error("signals can't be caught");
		stop_release(&stop);
		return STATUS_FAILED;
	}
	ret = doctor_evidence_gather(&all->evidence, "", probes, stop.fd);
	signal_number = stop_signal(&stop);
	stop_release(&stop);
	if (signal_number)
		return STATUS_SIGNAL + signal_number;
	if (ret < 0) {
		cli_error("the environment can't be captured: %s", strerror(-ret));
		return STATUS_FAILED;
	}
	for (size_t i = 0; i < all->count; i++) {
		doctor_run(all->checks[i], &all->evidence, &all->findings[i]);
		if (all->findings[i].level > all->worst)
			all->worst = all->findings[i].level;
	}
	return cli_write_with(&all->cli, write_findings, all);
}

static int run_doctor(int argc, char **argv)
{
	static const struct cli_spec spec = {
		.command = "doctor",
		.arguments = "[CHECK...]",
		.summary = "Checks whether this machine is fit to measure on; changes nothing",
		.text = "CHECK is a name or a glob, as 'limits.*'; all by default, in about 5 s. "
			"Commands that would tune the machine are printed behind '>' and never "
			"run. Exits with 3 if a check fails, with --strict on warnings too.",
		.options = CLI_FORMAT | CLI_STRICT | CLI_PLUGIN | CLI_OUTPUT,
		.arguments_max = CHECKS_MAX,
	};
	struct examination all = {0};
	int status;

	if (cli_parse(&spec, argc, argv, &all.cli) != STATUS_DONE ||
	    cli_text_or_json(&all.cli, &all.is_json) != STATUS_DONE || choose(&all) != STATUS_DONE)
		return STATUS_USAGE;
	status = examine(&all);
	doctor_evidence_release(&all.evidence);
	if (status == STATUS_DONE &&
	    (all.worst == DOCTOR_FAIL || (all.worst == DOCTOR_WARN && all.cli.is_strict)))
		status = STATUS_FAILED;
	return status;
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "check whether this machine is fit to measure on",
	.run = run_doctor,
};
