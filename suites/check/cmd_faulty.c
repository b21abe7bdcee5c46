/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cmd_faulty.c - ipccheck faulty: proves that the suite finds what is wrong.
 *
 * A fault is caught when the clause it names fails in the conformance suite, and no
 * other clause does, but for those that it breaks by its nature.
 */
#include "suites/check/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/registry.h"
#include "suites/check/conformance.h"
#include "suites/check/faulty/fault.h"

#define WHY_BYTES 256
#define DEFAULT_SEED 1
/* Once caught so often and so long tried, the rest would only take time. */
#define CAUGHT_ENOUGH 2
#define TRIED_ENOUGH_NS (3 * NS_PER_S)

enum faulty_key {
	KEY_FAULT = 0x100,
	KEY_LIST,
	KEY_SEED,
	KEY_TRANSPORT,
	KEY_VERBOSE,
};

struct faulty_arguments {
	const char *fault;     /* null: all */
	const char *transport; /* null: the fault's own */
	uint64_t seed;
	bool is_list;
	bool is_verbose;
};

static const struct argp_option faulty_options[] = {
	{"fault", KEY_FAULT, "NAME", 0, "Only this fault (default: all)", 0},
	{"list", KEY_LIST, NULL, 0, "List the faults with the clauses that must catch them", 0},
	{"seed", KEY_SEED, "N", 0, "Seed of sizes, pauses and contents (default: 1)", 0},
	{"transport", KEY_TRANSPORT, "NAME", 0,
         "The transport that gets the fault (default: pipe, or one that the fault needs)", 0},
	{"verbose", KEY_VERBOSE, NULL, 0, "Print each case that fails", 0},
	{0},
};

static error_t faulty_parse(int key, char *value, struct argp_state *state)
{
	struct faulty_arguments *arguments = state->input;

	switch (key) {
	case KEY_FAULT:
		arguments->fault = value;
		return 0;
	case KEY_LIST:
		arguments->is_list = true;
		return 0;
	case KEY_SEED:
		if (!command_parse_number(value, UINT64_MAX, &arguments->seed))
			exit(command_usage_error("faulty", "--seed '%s': not a number", value));
		return 0;
	case KEY_TRANSPORT:
		arguments->transport = value;
		return 0;
	case KEY_VERBOSE:
		arguments->is_verbose = true;
		return 0;
	case ARGP_KEY_ARG:
		exit(command_usage_error("faulty", "'%s': an argument; give --fault %s", value,
		                         value));
	default:
		return command_parse_other(key, state);
	}
}

static const struct argp faulty_argp = {
	.options = faulty_options,
	.parser = faulty_parse,
	.doc = "Wraps a transport in each fault, and proves that the clause it breaks fails.",
};

/* Says whether a list of clauses, "C03 C04", has this one. */
static bool has_clause(const char *clauses, const char *clause)
{
	size_t bytes = strlen(clause);

	for (; clauses && *clauses; clauses += strspn(clauses, " ")) {
		size_t word = strcspn(clauses, " ");

		if (word == bytes && strncmp(clauses, clause, bytes) == 0)
			return true;
		clauses += word;
	}
	return false;
}

/* One wait and one model show a fault as well as all do. */
static bool is_first_variant(const struct runs *runs, size_t index)
{
	return runs->items[index].verdict == VERDICT_NONE &&
	       (index == 0 || runs->items[index - 1].subject != runs->items[index].subject);
}

struct tally {
	size_t ran;
	size_t caught;
	size_t strayed; /* failed by a clause that has nothing to do with the fault */
	const struct run *first;
	const struct run *stray;
};

static void tally_run(struct tally *tally, struct run *run, const struct fault *fault,
                      bool is_verbose)
{
	run_execute(run);
	tally->ran++;
	if (run->verdict == VERDICT_PASSED || run->verdict == VERDICT_SKIPPED)
		return;
	if (is_verbose)
		printf("  %s %s: %s: %s\n", verdict_text(run->verdict), run->name, run->clause,
		       run->text);
	if (run->verdict == VERDICT_FAILED && strcmp(run->clause, fault->clause) == 0) {
		if (tally->caught++ == 0)
			tally->first = run;
	} else if (run->verdict != VERDICT_FAILED || !has_clause(fault->also, run->clause)) {
		if (tally->strayed++ == 0)
			tally->stray = run;
	}
}

/* Runs the cases of the fault's own clause, then the others. */
static void tally_runs(struct tally *tally, struct runs *runs, const struct fault *fault,
                       bool is_verbose)
{
	uint64_t start_ns = clock_now_ns();

	for (int is_own = 1; is_own >= 0; is_own--) {
		for (size_t i = 0; i < runs->count; i++) {
			struct run *run = &runs->items[i];

			if (has_clause(run->subject->clauses, fault->clause) != is_own ||
			    run->verdict != VERDICT_NONE || !run->is_chosen)
				continue;
			if (tally->caught >= CAUGHT_ENOUGH &&
			    clock_now_ns() - start_ns > TRIED_ENOUGH_NS)
				return;
			tally_run(tally, run, fault, is_verbose);
		}
	}
}

/* Prints what became of a fault. Returns an enum check_exit. */
static int conclude(const struct tally *tally, const struct fault *fault, const char *transport)
{
	if (tally->stray) {
		printf("%s on %s: %s fails as well, in %s: %s\n", fault->name, transport,
		       tally->stray->clause, tally->stray->name, tally->stray->text);
		return CHECK_EXIT_FAILED;
	}
	if (tally->caught == 0) {
		printf("%s on %s: not caught; %s passed in all of %zu cases\n", fault->name,
		       transport, fault->clause, tally->ran);
		return CHECK_EXIT_FAILED;
	}
	printf("%s on %s: caught by %s in %zu of %zu cases, first by %s: %s\n", fault->name,
	       transport, fault->clause, tally->caught, tally->ran, tally->first->name,
	       tally->first->text);
	return CHECK_EXIT_PASSED;
}

static int try_fault(const struct fault *fault, const struct ipc_transport *inner,
                     const struct faulty_arguments *arguments)
{
	struct check_settings settings = check_settings_make(false, arguments->seed);
	struct tally tally = {0};
	struct runs runs = {0};
	char why[WHY_BYTES] = "";
	int status;

	if (fault->needs & ~inner->caps) {
		printf("skipped: %s breaks a promise that %s does not make\n", fault->name,
		       inner->name);
		return CHECK_EXIT_PASSED;
	}
	if (inner->probe(why, sizeof(why)) < 0) {
		printf("skipped: %s on %s: %s\n", fault->name, inner->name, why);
		return CHECK_EXIT_PASSED;
	}
	/* Hangs are part of the plan: no need to be as patient as with others. */
	settings.patience_ns = 2 * NS_PER_S;
	settings.overdue_ns = 3 * NS_PER_S / 2;
	settings.limit_ns = 10 * NS_PER_S;
	if (conformance_runs(&runs, faulty_wrap(fault, inner), &settings, NULL) < 0) {
		runs_release(&runs);
		return CHECK_EXIT_FAILED;
	}
	for (size_t i = 0; i < runs.count; i++)
		runs.items[i].is_chosen = is_first_variant(&runs, i);
	tally_runs(&tally, &runs, fault, arguments->is_verbose);
	status = conclude(&tally, fault, inner->name);
	runs_release(&runs);
	return status;
}

static int faulty_command(int argc, char **argv)
{
	struct faulty_arguments arguments = {.seed = DEFAULT_SEED};
	const struct fault *fault;
	int status = CHECK_EXIT_PASSED;
	bool is_found = false;

	command_parse(&faulty_argp, argc, argv, &arguments);
	if (arguments.transport && !registry_find(arguments.transport))
		return command_usage_error("faulty",
		                           "--transport '%s': there is none; see ipcbench list",
		                           arguments.transport);
	for (size_t i = 0; (fault = fault_at(i)); i++) {
		const char *name = arguments.transport ? arguments.transport
		                   : fault->transport  ? fault->transport
		                                       : FAULT_TRANSPORT;

		if (arguments.fault && strcmp(arguments.fault, fault->name) != 0)
			continue;
		is_found = true;
		if (arguments.is_list)
			printf("%-4s %s: %s\n", fault->clause, fault->name, fault->summary);
		else if (try_fault(fault, registry_find(name), &arguments) != CHECK_EXIT_PASSED)
			status = CHECK_EXIT_FAILED;
		fflush(stdout);
	}
	if (!is_found)
		return command_usage_error(
			"faulty", "--fault '%s': there is none; see ipccheck faulty --list",
			arguments.fault);
	return status;
}

const struct check_command command_faulty = {
	.name = "faulty",
	.summary = "proof that the clauses catch transports broken on purpose",
	.run = faulty_command,
};
