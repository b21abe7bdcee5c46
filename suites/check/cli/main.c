/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/main.c - runs one group of the command-line tests, by its name.
 *
 * A group is <group>.c, which defines cli_<group>_tests[] and its count, and one
 * line, add_cli(<group>).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#define CLI_GROUP(name)                                                                            \
	extern const struct CMUnitTest cli_##name##_tests[];                                       \
	extern const size_t cli_##name##_tests_count;
#include "registered_groups.inc"
#undef CLI_GROUP

static const struct group {
	const char *name;
	const struct CMUnitTest *tests;
	const size_t *tests_count;
} groups[] = {
#define CLI_GROUP(name) {#name, cli_##name##_tests, &cli_##name##_tests_count},
#include "registered_groups.inc"
#undef CLI_GROUP
};

int main(int argc, char **argv)
{
	/* A peer whose runner was killed becomes a child of this process. */
	if (argc != 2 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
		fprintf(stderr, "check_cli: give the name of one group\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		const struct group *group = &groups[i];

		if (strcmp(group->name, argv[1]) == 0)
			return _cmocka_run_group_tests(group->name, group->tests,
			                               *group->tests_count, NULL, NULL) != 0;
	}
	fprintf(stderr, "check_cli: there is no group '%s'\n", argv[1]);
	return 2;
}
