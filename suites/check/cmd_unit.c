/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cmd_unit.c - ipccheck unit: the unit tests of the libraries' modules.
 *
 * unit/<module>.c defines unit_<module>_tests[] and unit_<module>_tests_count; the
 * line register(check unit <module>) makes the rest follow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites/check/command.h"

#define CHECK_UNIT(name)                                                                           \
	extern const struct CMUnitTest unit_##name##_tests[];                                      \
	extern const size_t unit_##name##_tests_count;
#include "registered_units.inc"
#undef CHECK_UNIT

static const struct unit {
	const char *name;
	const struct CMUnitTest *tests;
	const size_t *tests_count;
} units[] = {
#define CHECK_UNIT(name) {#name, unit_##name##_tests, &unit_##name##_tests_count},
#include "registered_units.inc"
#undef CHECK_UNIT
};

enum { UNIT_COUNT = sizeof(units) / sizeof(units[0]) };

enum unit_key {
	KEY_LIST = 0x100,
};

struct unit_arguments {
	const char *module; /* null: all */
	bool is_list;
};

static const struct argp_option unit_options[] = {
	{"list", KEY_LIST, NULL, 0, "List the modules and the number of their tests", 0},
	{0},
};

static error_t unit_parse(int key, char *value, struct argp_state *state)
{
	struct unit_arguments *arguments = state->input;

	switch (key) {
	case KEY_LIST:
		arguments->is_list = true;
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->module)
			exit(command_usage_error(
				"unit", "'%s': a second module; give one, or none for all", value));
		arguments->module = value;
		return 0;
	default:
		return command_parse_other(key, state);
	}
}

static const struct argp unit_argp = {
	.options = unit_options,
	.parser = unit_parse,
	.args_doc = "[MODULE]",
	.doc = "Runs the unit tests of one module, or of all.",
};

static int unit_run(const struct unit *unit)
{
	if (*unit->tests_count == 0) {
		fprintf(stderr, "ipccheck unit: %s has no tests\n", unit->name);
		return CHECK_EXIT_FAILED;
	}
	return _cmocka_run_group_tests(unit->name, unit->tests, *unit->tests_count, NULL, NULL) == 0
	               ? CHECK_EXIT_PASSED
	               : CHECK_EXIT_FAILED;
}

static int unit_command(int argc, char **argv)
{
	struct unit_arguments arguments = {0};
	int status = CHECK_EXIT_PASSED;
	bool is_found = false;

	command_parse(&unit_argp, argc, argv, &arguments);
	for (size_t i = 0; i < UNIT_COUNT; i++) {
		if (arguments.module && strcmp(arguments.module, units[i].name) != 0)
			continue;
		is_found = true;
		if (arguments.is_list)
			printf("%s %zu\n", units[i].name, *units[i].tests_count);
		else if (unit_run(&units[i]) != CHECK_EXIT_PASSED)
			status = CHECK_EXIT_FAILED;
	}
	if (!is_found)
		return command_usage_error("unit",
		                           "there is no module '%s'; see ipccheck unit --list",
		                           arguments.module);
	return status;
}

const struct check_command command_unit = {
	.name = "unit",
	.summary = "the unit tests of the libraries' modules",
	.run = unit_command,
};
