/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cmd_conformance.c - ipccheck conformance: one contract, every transport.
 *
 * Each run is a CMocka test of the transport's group; what is not promised is
 * listed after it, so that it is never taken for a pass.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "ipc/registry.h"
#include "suites/check/command.h"
#include "suites/check/conformance.h"
#include "suites/check/faulty/fault.h"
#include "suites/check/runner.h"

#define WHY_BYTES 256

enum conformance_key {
	KEY_CASE = 0x100,
	KEY_FAULT,
	KEY_FULL,
	KEY_LIST,
	KEY_PLUGIN,
	KEY_SEED,
	KEY_TRANSPORT,
};

struct conformance_arguments {
	const char *transport; /* null: all */
	const char *plugin;
	const struct fault *fault; /* null: none */
	const char *pattern;
	uint64_t seed;
	bool has_seed;
	bool is_full;
	bool is_list;
};

static const struct argp_option conformance_options[] = {
	{"case", KEY_CASE, "GLOB", 0, "Only the cases whose name matches", 0},
	{"fault", KEY_FAULT, "NAME", 0,
         "Give the transport (default: pipe) a fault first; see ipccheck faulty --list", 0},
	{"full", KEY_FULL, NULL, 0, "The contract's own counts and time bounds, on a quiet machine",
         0},
	{"list", KEY_LIST, NULL, 0, "List the cases with their clauses, run none", 0},
	{"plugin", KEY_PLUGIN, "FILE", 0,
         "Load the transports of a plug-in; test those alone unless --transport is given", 0},
	{"seed", KEY_SEED, "N", 0, "Seed of sizes, pauses and contents (default: random, printed)",
         0},
	{"transport", KEY_TRANSPORT, "NAME", 0, "Only this transport (default: all)", 0},
	{0},
};

static error_t conformance_parse(int key, char *value, struct argp_state *state)
{
	struct conformance_arguments *arguments = state->input;

	switch (key) {
	case KEY_CASE:
		arguments->pattern = value;
		return 0;
	case KEY_FAULT:
		arguments->fault = fault_find(value);
		if (!arguments->fault)
			exit(command_usage_error(
				"conformance",
				"--fault '%s': there is none; see ipccheck faulty --list", value));
		return 0;
	case KEY_FULL:
		arguments->is_full = true;
		return 0;
	case KEY_LIST:
		arguments->is_list = true;
		return 0;
	case KEY_PLUGIN:
		arguments->plugin = value;
		return 0;
	case KEY_SEED:
		if (!command_parse_number(value, UINT64_MAX, &arguments->seed))
			exit(command_usage_error("conformance",
			                         "--seed '%s': not a number; give 0 to %llu", value,
			                         (unsigned long long)UINT64_MAX));
		arguments->has_seed = true;
		return 0;
	case KEY_TRANSPORT:
		arguments->transport = value;
		return 0;
	case ARGP_KEY_ARG:
		exit(command_usage_error("conformance", "'%s': an argument; give --transport %s",
		                         value, value));
	default:
		return command_parse_other(key, state);
	}
}

static const struct argp conformance_argp = {
	.options = conformance_options,
	.parser = conformance_parse,
	.doc = "Runs every clause of the contract against each transport.",
};

static const struct check_case *const suite[] = {
#define CONFORMANCE_CASES(name) conformance_##name,
#include "registered_conformances.inc"
#undef CONFORMANCE_CASES
};

int conformance_runs(struct runs *runs, const struct ipc_transport *transport,
                     const struct check_settings *settings, const char *pattern)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < sizeof(suite) / sizeof(suite[0]); i++)
		ret = runs_add(runs, suite[i], transport, settings, pattern);
	return ret;
}

/* What the tests of a group are given: CMocka passes one pointer. */
struct test {
	struct run *run;
	const struct conformance_arguments *arguments;
};

/* C42: the line that runs this again. */
static void print_replay(const struct run *run, const struct conformance_arguments *arguments)
{
	const struct fault *fault = arguments->fault;

	print_message(
		"  replay: ipccheck conformance%s%s --transport %s%s%s --case '%s' --seed %llu%s\n",
		arguments->plugin ? " --plugin " : "", arguments->plugin ? arguments->plugin : "",
		fault ? arguments->transport : run->transport->name, fault ? " --fault " : "",
		fault ? fault->name : "", run->name, (unsigned long long)run->settings->seed,
		run->settings->is_full ? " --full" : "");
}

/* The CMocka test: everything happens in the case process, this asserts. */
static void run_and_assert(void **state)
{
	const struct test *test = *state;
	struct run *run = test->run;

	run_execute(run);
	if (run->counts[0])
		print_message("  counts: %s\n", run->counts);
	if (run->verdict == VERDICT_SKIPPED) {
		print_message("  skipped: %s\n", run->text);
		skip();
	}
	if (run->verdict == VERDICT_PASSED)
		return;
	print_message("  %s: %s: %s\n", verdict_text(run->verdict), run->clause, run->text);
	print_replay(run, test->arguments);
	fail_msg("%s %s: %s: %s", run->name, verdict_text(run->verdict), run->clause, run->text);
}

/* Prints the total of a verdict and, but for passes, the names. Returns the total. */
static size_t print_verdict(const struct runs *runs, enum verdict verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < runs->count; i++)
		count += runs->items[i].verdict == verdict;
	print_message("%s: %zu %s\n", runs->count > 0 ? runs->items[0].transport->name : "none",
	              count, verdict_text(verdict));
	for (size_t i = 0; verdict != VERDICT_PASSED && i < runs->count; i++) {
		const struct run *run = &runs->items[i];

		if (run->verdict == verdict)
			print_message("  %s (%s): %s\n", run->name, run->subject->clauses,
			              run->text);
	}
	return count;
}

static bool run_group(struct runs *runs, const struct conformance_arguments *arguments)
{
	struct CMUnitTest *tests = calloc(runs->count, sizeof(*tests));
	struct test *states = calloc(runs->count, sizeof(*states));
	size_t count = 0;
	bool is_good = tests && states;

	for (size_t i = 0; is_good && i < runs->count; i++) {
		if (runs->items[i].verdict == VERDICT_NOT_PROMISED)
			continue;
		states[count] = (struct test){&runs->items[i], arguments};
		tests[count] = (struct CMUnitTest){
			.name = runs->items[i].name,
			.test_func = run_and_assert,
			.initial_state = &states[count],
		};
		count++;
	}
	if (is_good && count > 0)
		is_good = _cmocka_run_group_tests("conformance", tests, count, NULL, NULL) == 0;
	free(states);
	free(tests);
	return is_good;
}

enum outcome {
	OUTCOME_PASSED,
	OUTCOME_FAILED,
	OUTCOME_UNAVAILABLE, /* probe says that this machine can't */
	OUTCOME_NONE,        /* no case ran */
};

static enum outcome test_transport(const struct ipc_transport *transport,
                                   const struct check_settings *settings,
                                   const struct conformance_arguments *arguments)
{
	char why[WHY_BYTES] = "";
	struct runs runs = {0};
	bool is_good;
	size_t ran;
	size_t skipped;
	int ret;

	print_message("%s: seed %llu, %s counts\n", transport->name,
	              (unsigned long long)settings->seed, settings->is_full ? "full" : "quick");
	ret = transport->probe(why, sizeof(why));
	if (ret < 0) {
		print_message("%s: skipped, all cases: %s\n", transport->name,
		              why[0] ? why : "no cause given, which breaks C41");
		return why[0] ? OUTCOME_UNAVAILABLE : OUTCOME_FAILED;
	}
	if (conformance_runs(&runs, transport, settings, arguments->pattern) < 0) {
		runs_release(&runs);
		return OUTCOME_FAILED;
	}
	is_good = run_group(&runs, arguments);
	ran = print_verdict(&runs, VERDICT_PASSED);
	ran += print_verdict(&runs, VERDICT_FAILED);
	ran += print_verdict(&runs, VERDICT_BROKEN);
	skipped = print_verdict(&runs, VERDICT_SKIPPED);
	print_verdict(&runs, VERDICT_NOT_PROMISED);
	runs_release(&runs);
	if (!is_good)
		return OUTCOME_FAILED;
	/* A pattern may select only what is skipped; a whole suite may not. */
	if (ran == 0 && !(skipped > 0 && arguments->pattern))
		return OUTCOME_NONE;
	return OUTCOME_PASSED;
}

static void list_cases(void)
{
	for (size_t i = 0; i < sizeof(suite) / sizeof(suite[0]); i++) {
		for (const struct check_case *row = suite[i]; row->name; row++)
			printf("%-14s %s\n", row->clauses, row->name);
	}
}

/* Tests the transports from first on, or the one that is named. */
static int test_transports(size_t first, const struct conformance_arguments *arguments)
{
	struct check_settings settings = check_settings_make(arguments->is_full, arguments->seed);
	const struct ipc_transport *transport;
	int status = CHECK_EXIT_PASSED;
	size_t tested = 0;
	size_t none = 0;

	for (size_t i = first; (transport = registry_at(i)); i++) {
		enum outcome outcome;

		if (arguments->transport && strcmp(arguments->transport, transport->name) != 0)
			continue;
		if (arguments->fault)
			transport = faulty_wrap(arguments->fault, transport);
		outcome = test_transport(transport, &settings, arguments);
		tested++;
		none += outcome == OUTCOME_NONE;
		if (outcome == OUTCOME_FAILED || (outcome == OUTCOME_NONE && !arguments->pattern))
			status = CHECK_EXIT_FAILED;
	}
	if (tested == none) {
		print_message("no case ran: that is a failure\n");
		status = CHECK_EXIT_FAILED;
	}
	return status;
}

static size_t registry_count(void)
{
	size_t count = 0;

	while (registry_at(count))
		count++;
	return count;
}

static int conformance_command(int argc, char **argv)
{
	struct conformance_arguments arguments = {0};
	char why[WHY_BYTES] = "";
	size_t first = 0;

	command_parse(&conformance_argp, argc, argv, &arguments);
	if (arguments.fault && !arguments.transport)
		arguments.transport = FAULT_TRANSPORT;
	if (arguments.is_list) {
		list_cases();
		return CHECK_EXIT_PASSED;
	}
	if (arguments.plugin) {
		if (!arguments.transport)
			first = registry_count();
		if (registry_load(arguments.plugin, why, sizeof(why)) < 0)
			return command_usage_error("conformance", "--plugin '%s': %s",
			                           arguments.plugin, why);
	}
	if (arguments.transport && !registry_find(arguments.transport))
		return command_usage_error("conformance",
		                           "--transport '%s': there is none; see ipcbench list",
		                           arguments.transport);
	if (!arguments.has_seed &&
	    getrandom(&arguments.seed, sizeof(arguments.seed), 0) != sizeof(arguments.seed))
		return command_usage_error("conformance", "getrandom failed; give --seed N");
	return test_transports(first, &arguments);
}

const struct check_command command_conformance = {
	.name = "conformance",
	.summary = "every clause of the contract, for every transport",
	.run = conformance_command,
};
