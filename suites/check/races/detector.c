/* SPDX-License-Identifier: MIT */
/* suites/check/races/detector.c - the table of builds and detectors. */
#include "suites/check/races/detector.h"

#include <errno.h>
#include <string.h>

#include "suites/check/races/judge.h"

const struct build builds[BUILD_KIND_COUNT] = {
	[BUILD_PLAIN] = {.name = "plain", .compiler = {"gcc"}, .flags = {"-latomic"}},
	[BUILD_OUTCOME] = {.name = "outcome",
                           .compiler = {"gcc"},
                           .flags = {"-DOUTCOME", "-latomic"}},
	[BUILD_TSAN_GCC] = {.name = "tsan_gcc",
                            .compiler = {"gcc"},
                            .flags = {"-fsanitize=thread", "-Wno-tsan"}},
	[BUILD_TSAN_CLANG] = {.name = "tsan_clang",
                              .compiler = {"clang"},
                              .flags = {"-fsanitize=thread"}},
	[BUILD_RACECHECK_GCC] = {.name = "racecheck_gcc", .compiler = {"racecheck", "cc", "gcc"}},
	[BUILD_RACECHECK_CLANG] = {.name = "racecheck_clang",
                                   .compiler = {"racecheck", "cc", "clang"}},
	/* Watchpoints are samples: they need an access more than once. */
	[BUILD_WATCHPOINTS] = {.name = "watchpoints",
                               .compiler = {"racecheck", "cc", "gcc"},
                               .flags = {"-DROUNDS=20000"}},
};

/* What helps against a layout of memory that TSan refuses to run in. */
#define WITHOUT_RANDOMISATION "setarch", "-R"
#define TSAN_OPTIONS "TSAN_OPTIONS=exitcode=66 atexit_sleep_ms=0 report_thread_leaks=0"

const struct detector detectors[] = {
	{
		.name = "plain",
		.tools = {"gcc"},
		.build = BUILD_PLAIN,
		.run_divisor = 1,
		.is_outcome = true,
		.limit_s = 35,
		.judge = judge_outcome,
	},
	{
		.name = "outcome",
		.tools = {"gcc"},
		.build = BUILD_OUTCOME,
		.run_divisor = 1,
		.is_outcome = true,
		.limit_s = 35,
		.judge = judge_outcome,
	},
	{
		.name = "tsan_gcc",
		.tools = {"gcc", "setarch"},
		.build = BUILD_TSAN_GCC,
		.runner = {WITHOUT_RANDOMISATION},
		.environment = {TSAN_OPTIONS},
		.run_divisor = 1,
		.has_pairs = true,
		.limit_s = 35,
		.judge = judge_tsan,
	},
	{
		.name = "tsan_clang",
		.tools = {"clang", "setarch"},
		.build = BUILD_TSAN_CLANG,
		.runner = {WITHOUT_RANDOMISATION},
		.environment = {TSAN_OPTIONS},
		.run_divisor = 1,
		.has_pairs = true,
		.limit_s = 35,
		.judge = judge_tsan,
	},
	{
		.name = "helgrind",
		.tools = {"gcc", "valgrind"},
		.build = BUILD_PLAIN,
		.runner = {"valgrind", "--tool=helgrind", "--trace-children=yes"},
		.run_divisor = 4,
		.has_pairs = true,
		.limit_s = 35,
		.judge = judge_helgrind,
	},
	{
		.name = "drd",
		.tools = {"gcc", "valgrind"},
		.build = BUILD_PLAIN,
		.runner = {"valgrind", "--tool=drd", "--trace-children=yes"},
		.run_divisor = 4,
		.limit_s = 35,
		.judge = judge_drd,
	},
	{
		.name = "racecheck_gcc",
		.tools = {"gcc", "racecheck"},
		.build = BUILD_RACECHECK_GCC,
		.runner = {"racecheck", "run", "--format", "jsonl"},
		.run_divisor = 1,
		.has_pairs = true,
		.is_ours = true,
		.limit_s = 35,
		.judge = judge_racecheck,
	},
	{
		.name = "racecheck_clang",
		.tools = {"clang", "racecheck"},
		.build = BUILD_RACECHECK_CLANG,
		.runner = {"racecheck", "run", "--format", "jsonl"},
		.run_divisor = 1,
		.has_pairs = true,
		.is_ours = true,
		.limit_s = 35,
		.judge = judge_racecheck,
	},
	{
		.name = "watchpoints",
		.tools = {"gcc", "racecheck"},
		.build = BUILD_WATCHPOINTS,
		.runner = {"racecheck", "run", "--watch", "--format", "jsonl"},
		.run_divisor = 1,
		.has_pairs = true,
		.is_ours = true,
		.limit_s = 35,
		.judge = judge_racecheck,
	},
};

const size_t detector_count = sizeof(detectors) / sizeof(detectors[0]);

ssize_t detector_find(const char *name)
{
	for (size_t i = 0; i < detector_count; i++) {
		if (strcmp(detectors[i].name, name) == 0)
			return (ssize_t)i;
	}
	return -ENOENT;
}
