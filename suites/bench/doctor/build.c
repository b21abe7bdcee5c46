/* SPDX-License-Identifier: MIT */
/* suites/bench/doctor/build.c - checks of what was built, and from what. */
#include <errno.h>
#include <string.h>

#include "suites/bench/doctor/check.h"

DOCTOR_CHECK(build_debug)
{
	const char *flags = check_text(evidence, "flags");
	const char *sanitizer = check_text(evidence, "sanitizer");
	const char *level = NULL;

	for (const char *at = flags ? strstr(flags, "-O") : NULL; at; at = strstr(at + 2, "-O"))
		level = at; /* the last one counts */
	if (!flags || !sanitizer) {
		check_say(out, DOCTOR_INFO, 0, "it is not known how this was built");
		return;
	}
	if (sanitizer[0] != '\0' && strcmp(sanitizer, "none") != 0)
		check_say(out, DOCTOR_FAIL, 1, "built with the %s sanitizer: it measures that",
		          sanitizer);
	else if (!level || level[2] == '0' || level[2] == 'g')
		check_say(out, DOCTOR_FAIL, 1,
		          "an unoptimised build: it measures the compiler (%s)", flags);
	else if (!strstr(flags, "-DNDEBUG"))
		check_say(out, DOCTOR_FAIL, 1, "built with assertions: they are measured too (%s)",
		          flags);
	else
		check_say(out, DOCTOR_OK, 0, "an optimised build without assertions (%s)", flags);
	if (out->level == DOCTOR_FAIL)
		check_advise(out, "cmake --workflow --preset release");
}

DOCTOR_CHECK(git_dirty)
{
	if (evidence->git_error < 0) {
		check_say(out, DOCTOR_INFO, 0, "no git repository here, or no git: %s",
		          strerror(-evidence->git_error));
		return;
	}
	check_say(out, evidence->is_git_dirty ? DOCTOR_WARN : DOCTOR_OK, evidence->is_git_dirty,
	          evidence->is_git_dirty
	                  ? "the working tree here has changes: a number of it names no commit"
	                  : "the working tree here is a commit");
	if (evidence->is_git_dirty)
		check_advise(out, "git commit, before a baseline is taken");
}
