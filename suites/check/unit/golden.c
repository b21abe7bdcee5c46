/* SPDX-License-Identifier: MIT */
/* suites/check/unit/golden.c - what a test writes, held against a file. */
#include "suites/check/unit/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN_BYTES_MAX 262144

static void golden_path(char *out, size_t out_bytes, const char *name)
{
	assert_true(snprintf(out, out_bytes, "%s/%s", CHECK_GOLDEN, name) < (int)out_bytes);
}

static void write_golden(const char *name, const char *text, size_t bytes)
{
	char path[4096];
	FILE *file;

	golden_path(path, sizeof(path), name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, bytes, file), bytes);
	assert_int_equal(fclose(file), 0);
}

void golden_assert(const char *name, const char *text, size_t bytes)
{
	static char golden[GOLDEN_BYTES_MAX];
	const char *what = getenv("GOLDEN");
	char path[4096];
	size_t golden_bytes;
	FILE *file;

	if (what && strcmp(what, "write") == 0)
		write_golden(name, text, bytes);
	golden_path(path, sizeof(path), name);
	file = fopen(path, "re");
	if (!file)
		fail_msg("%s is absent: make it with GOLDEN=write", path);
	golden_bytes = fread(golden, 1, sizeof(golden) - 1, file);
	fclose(file);
	golden[golden_bytes] = '\0';
	/* As strings, so that a failure shows both. */
	assert_string_equal(text, golden);
	assert_int_equal(bytes, golden_bytes);
}
