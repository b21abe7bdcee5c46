/* SPDX-License-Identifier: MIT */
/* suites/check/unit/assembly.c - tests of suites/racecheck/launcher/assembly.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites/racecheck/launcher/assembly.h"

/* Wraps text into *out, for free(). Returns what was wrapped. */
static int wrap(const char *text, char **out)
{
	size_t bytes = 0;
	FILE *file = open_memstream(out, &bytes);
	int count;

	assert_non_null(file);
	count = assembly_wrap(text, strlen(text), file);
	assert_int_equal(fclose(file), 0);
	return count;
}

static size_t lines_of(const char *text)
{
	size_t count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void what_touches_no_memory_is_left_alone(void **state)
{
	static const char *const texts[] = {
		"int f(void) { __asm__ volatile(\"mfence\"); return 0; }",
		"void f(void) { asm(\"\" : : : \"memory\"); }",
		"void f(int *p) { asm(\"\" : : \"r\"(p) : \"memory\"); }",
		"void f(int a) { asm(\"nop\" : : \"rm\"(a + 1), \"ir\"(5)); }",
		"void f(void) { asm(\"setc %0\" : \"=@ccc\"(a)); }",
		"long f(long a) { register long r10 __asm__(\"r10\") = a; "
		"asm(\"syscall\" : : \"r\"(r10), \"r\"(p) : \"memory\"); }",
		"void f(int a) { asm(\"\" : \"+r\"(a)); }",
		"void f(int *a) { asm(\"\" : : \"r\"(a)); }",
		"extern int scanf_ (void) __asm__(\"\" \"scanf\"); int x;",
		"__asm__(\".globl a\");",
		"const char *text = \"asm(\\\"xchgl %0\\\" : \\\"+m\\\"(a));\"; char c = '\\'';",
		"int my_asm(int a); int b(void) { return my_asm(1); }",
		"# 1 \"asm.h\"\nint a;\n",
		"void f(void) { asm(\"unfinished\" : \"+m\"(",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *out;

		assert_int_equal(wrap(texts[i], &out), 0);
		assert_string_equal(out, texts[i]);
		free(out);
	}
}

static void a_memory_operand_is_released_before_and_acquired_after(void **state)
{
	char *out;
	const char *before;
	const char *statement;

	(void)state;
	assert_int_equal(wrap("void f(struct s *s) {\n\tif (s)\n\t\tasm volatile(\"xchgl %0, %1\"\n"
	                      "# 4 \"a.c\"\n: \"+r\"(old), [w] \"+m\"(s->w[(1)]) : : \"memory\");\n"
	                      "\telse g();\n}\n",
	                      &out),
	                 1);
	assert_non_null(strstr(out, "racecheck_1 = &(s->w[(1)]); "));
	before = strstr(out, "racecheck_before_assembly(racecheck_1); ");
	statement = strstr(out, "asm volatile(\"xchgl %0, %1\"");
	assert_non_null(before);
	assert_true(before < statement);
	assert_non_null(strstr(statement, "racecheck_after_assembly(racecheck_1); });\n\telse"));
	/* What follows stays on its line. */
	assert_int_equal(lines_of(out), 7);
	free(out);
}

static void a_pointer_counts_where_memory_is_clobbered(void **state)
{
	char *out;

	(void)state;
	assert_int_equal(wrap("asm(\"lock; incl (%0)\" : : \"r\"(p) : \"cc\", \"memory\");", &out),
	                 1);
	assert_non_null(strstr(out, "if (__builtin_classify_type(p) == 5) "
	                            "racecheck_before_assembly(racecheck_0); "));
	free(out);
}

static void what_is_only_read_is_not_released(void **state)
{
	char *out;

	(void)state;
	assert_int_equal(wrap("asm(\"movl %1, %0\" : \"=r\"(v) : \"m\"(*p));", &out), 1);
	assert_null(strstr(out, "before_assembly(racecheck_"));
	assert_non_null(strstr(out, "after_assembly(racecheck_0)"));
	free(out);
}

/* The value of an operand is written twice more: it must not do anything. */
static void an_operand_with_effects_is_left_out(void **state)
{
	static const char *const values[] = {"*p++",   "*(p = q)",     "*next()",
	                                     "a[--i]", "*next (here)", "a[i <<= 1]"};
	static const char *const harmless[] = {"a[b == c]", "a[b <= c]", "a[i << 1]",
	                                       "*(volatile __typeof__(*p) *)p",
	                                       "*(char(*)[sizeof(int)])p"};

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char text[128];
		char *out;

		snprintf(text, sizeof(text), "asm(\"incl %%0\" : \"+m\"(%s));", values[i]);
		assert_int_equal(wrap(text, &out), 0);
		free(out);
	}
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		char text[128];
		char *out;

		snprintf(text, sizeof(text), "asm(\"incl %%0\" : \"+m\"(%s));", harmless[i]);
		assert_int_equal(wrap(text, &out), 1);
		free(out);
	}
}

const struct CMUnitTest unit_assembly_tests[] = {
	cmocka_unit_test(what_touches_no_memory_is_left_alone),
	cmocka_unit_test(a_memory_operand_is_released_before_and_acquired_after),
	cmocka_unit_test(a_pointer_counts_where_memory_is_clobbered),
	cmocka_unit_test(what_is_only_read_is_not_released),
	cmocka_unit_test(an_operand_with_effects_is_left_out),
};
const size_t unit_assembly_tests_count =
	sizeof(unit_assembly_tests) / sizeof(unit_assembly_tests[0]);
