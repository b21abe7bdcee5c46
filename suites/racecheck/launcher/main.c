/* SPDX-License-Identifier: MIT */
/* suites/racecheck/launcher/main.c - the `racecheck` command. */
#include "suites/racecheck/launcher/launcher.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"Usage: racecheck COMMAND [OPTION...] [ARGUMENT...]\n"
	"Finds data races between threads, and between processes that share memory.\n"
	"\n"
	"  cc           compile and link with gcc or clang, for checking\n"
	"  run          run a program that was built so, and all that it starts\n"
	"\n"
	"  -?, --help     print this, or with a command its options\n"
	"  -V, --version  print the version\n";

int usage_error(const char *command, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "racecheck%s%s: ", *command ? " " : "", command);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	return EXIT_USAGE;
}

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

static int print(const char *text)
{
	return fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? 0 : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (strcmp(command, "cc") == 0)
		return cc_main(argc - 1, argv + 1);
	if (strcmp(command, "run") == 0)
		return run_main(argc - 1, argv + 1);
	if (strcmp(command, "--help") == 0 || strcmp(command, "-?") == 0)
		return print(help);
	if (strcmp(command, "--version") == 0 || strcmp(command, "-V") == 0)
		return print("racecheck " RACECHECK_VERSION "\n");
	if (argc < 2)
		return usage_error("", "no command given; see racecheck --help");
	return usage_error("", "there is no command '%s'; see racecheck --help", command);
}
