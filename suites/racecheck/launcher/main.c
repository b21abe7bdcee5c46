/* SPDX-License-Identifier: MIT */
/* suites/racecheck/launcher/main.c - the `racecheck` command. */
#include "suites/racecheck/launcher/launcher.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"usage: racecheck cc COMPILER ARGS...\n"
	"       racecheck run [OPTIONS] PROGRAM ARGS...\n"
	"\n"
	"Finds data races between threads and between processes that share memory.\n"
	"\n"
	"  cc               compile and link with gcc or clang, for checking\n"
	"  run              run a program that was built so, and all it starts\n"
	"\n"
	"options of run:\n"
	"  --seed N         one context at a time, in an order drawn from N\n"
	"  --depth N        preemptions of a seed's order plus one (default 3)\n"
	"  --steps N        steps the run is expected to take (default 100)\n"
	"  --exhaustive N   all orders of up to 2 preemptions, at most N runs\n"
	"  --weak MODEL     hold atomic stores back: tso or pso\n"
	"  --no-delays      no random delays to vary the order\n"
	"  --watch          watchpoints by sampling instead of clocks\n"
	"  --watch-every N  stall one access in about N (default 500)\n"
	"  --timeout S      no verdict after S seconds (default 600, 0: never)\n"
	"  --format FORMAT  text (to stderr), jsonl or sarif (to stdout)\n"
	"  --output FILE    write reports to FILE\n"
	"  --switch-off LIST  take edges and checks out, to test tests\n"
	"  --first-epoch N  start clocks at N, to test the detector\n"
	"\n"
	"exit status of run: 66 a race was found, 3 no verdict, 2 usage,\n"
	"otherwise the program's own\n";

const char *launcher_folder(void)
{
	static char folder[PATH_MAX];
	ssize_t bytes;
	char *slash;

	if (folder[0] != '\0')
		return folder;
	bytes = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
	folder[bytes > 0 ? bytes : 0] = '\0';
	slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	return folder;
}

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "cc") == 0)
		return cc_main(argc - 2, argv + 2);
	if (argc >= 2 && strcmp(argv[1], "run") == 0)
		return run_main(argc - 2, argv + 2);
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(usage, stdout);
		return fflush(stdout) == 0 ? 0 : EXIT_USAGE;
	}
	fputs(usage, stderr);
	return EXIT_USAGE;
}
