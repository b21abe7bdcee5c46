/* SPDX-License-Identifier: MIT */
/* suites/check/cmd_races.c - ipccheck races: the corpus of races against the detectors. */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites/check/command.h"
#include "suites/check/races/mutation.h"

enum races_key {
	KEY_CASE = 0x100,
	KEY_MODEL,
	KEY_TWIN,
	KEY_DETECTOR,
	KEY_FORMS,
	KEY_RUNS,
	KEY_JOBS,
	KEY_FORMAT,
	KEY_EXPECT,
	KEY_OUTCOMES,
	KEY_LIST,
	KEY_MUTATION,
	KEY_WITHOUT,
	KEY_SOURCE,
	KEY_PROGRAMS,
	KEY_RACECHECK,
	KEY_VERBOSE,
};

struct races_arguments {
	struct score_request request;
	bool is_list;
	bool is_mutation;
	const char *mutation; /* edges and checks, with commas between; null: all */
};

static const struct argp_option races_options[] = {
	{"case", KEY_CASE, "GLOB", 0, "Run these cases only, their further forms included", 0},
	{"model", KEY_MODEL, "MODEL", 0, "threads or processes only", 0},
	{"twin", KEY_TWIN, "TWIN", 0, "correct or broken only", 0},
	{"detector", KEY_DETECTOR, "NAMES", 0, "Ask these only, with commas between", 0},
	{"forms", KEY_FORMS, NULL, 0, "Also run the further forms of each case", 0},
	{"runs", KEY_RUNS, "N", 0, "Runs of each (20; Valgrind's tools a quarter of it)", 0},
	{"jobs", KEY_JOBS, "N", 0, "Programs at a time (2)", 0},
	{"format", KEY_FORMAT, "FORMAT", 0, "text or json", 0},
	{"expect", KEY_EXPECT, NULL, 0, "Fail unless each verdict is the truth", 0},
	{"outcomes", KEY_OUTCOMES, NULL, 0,
         "Only see whether each outcome that can be forced is seen in each run", 0},
	{"list", KEY_LIST, NULL, 0, "List the cases and what is true of them", 0},
	{"mutation", KEY_MUTATION, "NAMES", OPTION_ARG_OPTIONAL,
         "Take each edge and check, or these, out of our detector in turn: a case must notice", 0},
	{"without", KEY_WITHOUT, "NAME", 0, "Take this edge or check out of our detector", 0},
	{"source", KEY_SOURCE, "DIR", 0, "The source tree that holds the cases", 0},
	{"programs", KEY_PROGRAMS, "DIR", 0, "Build the programs there, or find them built", 0},
	{"racecheck", KEY_RACECHECK, "FILE", 0, "Our detector", 0},
	{"verbose", KEY_VERBOSE, NULL, 0, "Show each run's command and output", 0},
	{0},
};

static unsigned parse_count(const char *option, const char *value, uint64_t count_max)
{
	uint64_t count;

	if (!command_parse_number(value, count_max, &count) || count == 0)
		exit(command_usage_error("races", "--%s %s: give a number from 1 to %u", option,
		                         value, (unsigned)count_max));
	return (unsigned)count;
}

static const char *parse_word(const char *option, const char *value, const char *one,
                              const char *two)
{
	if (strcmp(value, one) != 0 && strcmp(value, two) != 0)
		exit(command_usage_error("races", "--%s %s: give %s or %s", option, value, one,
		                         two));
	return value;
}

static void parse_detectors(struct score_request *request, const char *value)
{
	memset(request->is_asked, 0, sizeof(request->is_asked));
	while (*value) {
		char name[RACE_WORD_BYTES];
		ssize_t index;

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(value, ","), value);
		index = detector_find(name);
		if (index < 0)
			exit(command_usage_error("races",
			                         "--detector %s: there is none such; give plain, "
			                         "outcome, tsan_gcc, tsan_clang, helgrind, drd, "
			                         "racecheck_gcc, racecheck_clang or watchpoints",
			                         name));
		request->is_asked[index] = true;
		value += strcspn(value, ",");
		value += *value == ',';
	}
}

static error_t races_parse(int key, char *value, struct argp_state *state)
{
	struct races_arguments *arguments = state->input;
	struct score_request *request = &arguments->request;

	switch (key) {
	case KEY_CASE:
		request->case_glob = value;
		return 0;
	case KEY_MODEL:
		request->model = parse_word("model", value, "threads", "processes");
		return 0;
	case KEY_TWIN:
		request->twin = parse_word("twin", value, "correct", "broken");
		return 0;
	case KEY_DETECTOR:
		parse_detectors(request, value);
		return 0;
	case KEY_FORMS:
		request->has_forms = true;
		return 0;
	case KEY_RUNS:
		request->run_count = parse_count("runs", value, 200);
		return 0;
	case KEY_JOBS:
		request->job_count = parse_count("jobs", value, 16);
		return 0;
	case KEY_FORMAT:
		request->is_json = strcmp(parse_word("format", value, "text", "json"), "json") == 0;
		return 0;
	case KEY_EXPECT:
		request->is_expecting = true;
		return 0;
	case KEY_OUTCOMES:
		request->is_forcing = true;
		parse_detectors(request, "outcome");
		return 0;
	case KEY_LIST:
		arguments->is_list = true;
		return 0;
	case KEY_MUTATION:
		arguments->is_mutation = true;
		arguments->mutation = value;
		return 0;
	case KEY_WITHOUT:
		request->disabled = value;
		return 0;
	case KEY_SOURCE:
		request->root = value;
		return 0;
	case KEY_PROGRAMS:
		request->programs = value;
		return 0;
	case KEY_RACECHECK:
		request->racecheck = value;
		return 0;
	case KEY_VERBOSE:
		request->is_verbose = true;
		return 0;
	default:
		return command_parse_other(key, state);
	}
}

static const struct argp races_argp = {
	.options = races_options,
	.parser = races_parse,
	.doc = "Runs programs with known races under several detectors, and counts who is right.",
};

static void print_list(const struct score *score)
{
	const struct race_case *last = NULL;

	for (size_t i = 0; i < score->cell_count; i++) {
		const struct race_case *subject = score->cells[i].subject;

		if (subject == last)
			continue;
		last = subject;
		printf("%-28s %c  %-8s %-10s correct %s, broken %s; missing: %s\n", subject->name,
		       subject->tier, subject->has_model[RACE_THREADS] ? "threads" : "",
		       subject->has_model[RACE_PROCESSES] ? "processes" : "",
		       subject->is_racy[RACE_CORRECT] ? "racy" : "free",
		       subject->is_racy[RACE_BROKEN] ? "racy" : "free", subject->missing);
	}
}

static int races_score(const struct races_arguments *arguments)
{
	const struct score_request *request = &arguments->request;
	struct score score;
	int status = CHECK_EXIT_FAILED;
	int ret = score_select(&score, request);

	if (ret < 0)
		fprintf(stderr, "ipccheck races: %s\n",
		        score.catalogue.problem[0] ? score.catalogue.problem
		        : ret == -ENOENT           ? "no case is selected; see --list"
		        : ret == -ENODEV           ? "the cases need another machine"
		                                   : strerror(-ret));
	if (ret == -ENODEV)
		printf("skipped: another machine is needed\n");
	if (ret < 0)
		goto release;
	if (arguments->is_list) {
		print_list(&score);
		status = CHECK_EXIT_PASSED;
		goto release;
	}
	ret = score_run(&score);
	if (ret < 0) {
		fprintf(stderr, "ipccheck races: %s\n", strerror(-ret));
		goto release;
	}
	if (request->is_json)
		ret = score_print_json(&score);
	else
		score_print_text(&score);
	status = ret < 0 || (request->is_expecting && score_print_failures(&score) > 0)
	                 ? CHECK_EXIT_FAILED
	                 : CHECK_EXIT_PASSED;
release:
	score_release(&score);
	return status;
}

static int races_command(int argc, char **argv)
{
	struct races_arguments arguments = {
		.request = {.root = RACES_SOURCE,
	                    .racecheck = RACES_RACECHECK,
	                    .run_count = 20,
	                    .job_count = 2},
	};

	memset(arguments.request.is_asked, true, sizeof(arguments.request.is_asked));
	command_parse(&races_argp, argc, argv, &arguments);
	if (arguments.is_mutation)
		return mutation_run(&arguments.request, arguments.mutation);
	return races_score(&arguments);
}

const struct check_command command_races = {
	.name = "races",
	.summary = "programs with known races against several detectors",
	.run = races_command,
};
