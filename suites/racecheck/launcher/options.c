/* SPDX-License-Identifier: MIT */
/* suites/racecheck/launcher/options.c - the command line of `racecheck run`. */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "suites/racecheck/launcher/launcher.h"

enum options_key {
	KEY_SEED = 0x100,
	KEY_DEPTH,
	KEY_STEPS,
	KEY_EXHAUSTIVE,
	KEY_WEAK,
	KEY_NO_DELAYS,
	KEY_WATCH,
	KEY_WATCH_EVERY,
	KEY_TIMEOUT,
	KEY_FORMAT,
	KEY_OUTPUT,
	KEY_SWITCH_OFF,
	KEY_FIRST_EPOCH,
};

static const struct argp_option run_options[] = {
	{"seed", KEY_SEED, "N", 0, "Run one thread at a time, in an order drawn from N", 0},
	{"depth", KEY_DEPTH, "N", 0, "Change points of a seed's order, plus one (3)", 0},
	{"steps", KEY_STEPS, "N", 0, "Steps a run is thought to take, for the change points (100)",
         0},
	{"exhaustive", KEY_EXHAUSTIVE, "N", 0, "Run all orders of up to 2 preemptions, at most N",
         0},
	{"weak", KEY_WEAK, "MODEL", 0, "Hold atomic stores back, as tso or as pso", 0},
	{"no-delays", KEY_NO_DELAYS, NULL, 0, "Don't vary the order by random delays", 0},
	{"watch", KEY_WATCH, NULL, 0, "Watch sampled accesses instead of following clocks", 0},
	{"watch-every", KEY_WATCH_EVERY, "N", 0, "Watch one access in about N (500)", 0},
	{"timeout", KEY_TIMEOUT, "S", 0, "Give no verdict after S seconds (600; 0: never)", 0},
	{"format", KEY_FORMAT, "FORMAT", 0, "text (to stderr), jsonl or sarif (to stdout)", 0},
	{"output", KEY_OUTPUT, "FILE", 0, "Write the reports there", 0},
	{"switch-off", KEY_SWITCH_OFF, "LIST", 0, "Ignore these calls or checks, to test tests", 0},
	{"first-epoch", KEY_FIRST_EPOCH, "N", 0, "Start the clocks at N, to test the detector", 0},
	{"help", '?', NULL, 0, "Give this help list", -1},
	{0},
};

/* Reads a number or exits. */
static uint64_t parse_number(const char *option, const char *value, uint64_t low, uint64_t high)
{
	uint64_t number;
	char *end;

	errno = 0;
	number = strtoumax(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || value[0] < '0' || value[0] > '9' ||
	    number < low || number > high)
		exit(usage_error("run", "--%s %s: give a number from %" PRIu64 " to %" PRIu64,
		                 option, value, low, high));
	return number;
}

static uint32_t parse_count(const char *option, const char *value, uint32_t low, uint32_t high)
{
	return (uint32_t)parse_number(option, value, low, high);
}

static enum report_format parse_format(const char *value)
{
	static const char *const names[] = {"text", "jsonl", "sarif"};

	for (int i = 0; i < 3; i++) {
		if (strcmp(value, names[i]) == 0)
			return (enum report_format)i;
	}
	exit(usage_error("run", "--format %s: give text, jsonl or sarif", value));
}

static enum weak_mode parse_weak(const char *value)
{
	if (strcmp(value, "tso") == 0)
		return WEAK_TSO;
	if (strcmp(value, "pso") == 0)
		return WEAK_PSO;
	exit(usage_error("run", "--weak %s: give tso or pso", value));
}

/* A name in a list that is none would test nothing. */
static const char *parse_edges(const char *value)
{
	for (const char *at = value; *at;) {
		size_t bytes = strcspn(at, ",");
		uint32_t edge = 1;

		while (edge < EDGE_COUNT &&
		       (strncmp(edge_name(edge), at, bytes) != 0 || edge_name(edge)[bytes] != '\0'))
			edge++;
		if (!edge_orders(edge))
			exit(usage_error("run",
			                 "--switch-off %.*s: no call that orders memory, and no "
			                 "check; edges.def in the source lists them",
			                 (int)bytes, at));
		at += bytes + (at[bytes] == ',');
	}
	return value;
}

_Noreturn static void refuse(const struct argp_state *state)
{
	int index = state->next < state->argc ? state->next : state->argc - 1;

	/* An option that was read whole is behind next. */
	if (index > 1 && state->argv[index][0] != '-')
		index--;
	exit(usage_error(
		"run",
		"'%s': unknown option, or a value missing or too many; see racecheck run --help",
		state->argv[index]));
}

static error_t parse(int key, char *value, struct argp_state *state);

static const struct argp run_argp = {
	.options = run_options,
	.parser = parse,
	.args_doc = "PROGRAM [ARGUMENT...]",
	.doc = "Runs a program that `racecheck cc` linked, and all that it starts, and reports its "
	       "data races.\v"
	       "Exit status: 66 a race was found, 3 no verdict, 2 usage; else the program's own.",
};

static error_t parse_choice(int key, char *value, struct run_options *options)
{
	switch (key) {
	case KEY_WEAK:
		options->weak = parse_weak(value);
		return 0;
	case KEY_NO_DELAYS:
		options->has_no_delays = true;
		return 0;
	case KEY_WATCH:
		options->is_watching = true;
		return 0;
	case KEY_FORMAT:
		options->format = parse_format(value);
		return 0;
	case KEY_OUTPUT:
		options->output = value;
		return 0;
	case KEY_SWITCH_OFF:
		options->switched_off = parse_edges(value);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct run_options *options = state->input;

	switch (key) {
	case KEY_SEED:
		options->seed = parse_number("seed", value, 0, UINT64_MAX);
		options->has_seed = true;
		return 0;
	case KEY_DEPTH:
		options->depth = parse_count("depth", value, 1, PREEMPTION_MAX);
		return 0;
	case KEY_STEPS:
		options->steps = parse_count("steps", value, 1, UINT32_MAX);
		return 0;
	case KEY_EXHAUSTIVE:
		options->exhaustive = parse_count("exhaustive", value, 1, UINT32_MAX);
		return 0;
	case KEY_WATCH_EVERY:
		options->watch_every = parse_count("watch-every", value, 1, UINT32_MAX);
		return 0;
	case KEY_TIMEOUT:
		options->timeout_s = parse_count("timeout", value, 0, UINT32_MAX);
		return 0;
	case KEY_FIRST_EPOCH:
		options->first_epoch = parse_number("first-epoch", value, 1, 1ull << 62);
		return 0;
	case '?':
		argp_help(&run_argp, stdout, ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK,
		          (char[]){"racecheck run"});
		exit(fflush(stdout) == 0 ? 0 : EXIT_USAGE);
	case ARGP_KEY_ARG:
		/* The rest is the program's. */
		options->program = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		exit(usage_error("run", "no program given; see racecheck run --help"));
	case ARGP_KEY_ERROR:
		refuse(state);
	default:
		return parse_choice(key, value, options);
	}
}

void options_parse(int argc, char **argv, struct run_options *options)
{
	/* Argp's own message has a second line, and its help would be the program's option. */
	argp_parse(&run_argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP | ARGP_NO_ERRS, NULL,
	           options);
}
