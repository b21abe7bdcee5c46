/* SPDX-License-Identifier: MIT */
/*
 * suites/racecheck/launcher/assembly.c - makes the runtime see locks in inline assembly.
 *
 * The compilers instrument no operand of an asm statement, so that a lock written in it
 * orders nothing and all that it protects looks like a race. What such a statement does
 * to memory is not worked out: each of its operands there is taken for one that is
 * exchanged atomically, which is what a lock's acquisition does; a plain store that
 * ends it is ordered the same way on x86 (Intel SDM 3A, 8.2.2) and in any asm that is
 * a release by its author's intent.
 */
#include "suites/racecheck/launcher/assembly.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Functions of the runtime. */
#define BEFORE "racecheck_before_assembly"
#define AFTER "racecheck_after_assembly"

enum { OPERANDS_MAX = 30 }; /* the most that gcc takes */

/* A part of the text. */
struct span {
	const char *at;
	size_t bytes;
};

struct operand {
	struct span value;
	bool is_memory;
};

struct statement {
	const char *end; /* behind its closing parenthesis */
	struct operand operands[OPERANDS_MAX];
	size_t operand_count;
	bool clobbers_memory;
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Returns what follows a literal whose opening quote is at. */
static const char *skip_literal(const char *at)
{
	char quote = *at++;

	while (*at && *at != quote)
		at += at[0] == '\\' && at[1] ? 2 : 1;
	return *at ? at + 1 : at;
}

/* Skips blanks, and the lines in which the preprocessor says where it is. */
static const char *skip_blanks(const char *at)
{
	for (;;) {
		while (isspace((unsigned char)*at))
			at++;
		if (*at != '#')
			return at;
		at += strcspn(at, "\n");
	}
}

static bool span_is(struct span span, const char *const *words)
{
	for (size_t i = 0; words[i]; i++) {
		if (strlen(words[i]) == span.bytes && memcmp(words[i], span.at, span.bytes) == 0)
			return true;
	}
	return false;
}

static struct span take_word(const char *at)
{
	struct span word = {at, 0};

	while (is_word(at[word.bytes]))
		word.bytes++;
	return word;
}

/* Returns where the parenthesis that opens at is closed, or null. */
static const char *find_close(const char *at)
{
	size_t depth = 0;

	while (*at) {
		if (*at == '"' || *at == '\'') {
			at = skip_literal(at);
			continue;
		}
		depth += *at == '(' || *at == '[' || *at == '{';
		if ((*at == ')' || *at == ']' || *at == '}') && --depth == 0)
			return at;
		at++;
	}
	return NULL;
}

/* A second evaluation would do these again. */
static bool has_effects(struct span value)
{
	for (size_t i = 0; i + 1 < value.bytes; i++) {
		char a = value.at[i];
		char b = value.at[i + 1];

		if ((a == '+' && b == '+') || (a == '-' && b == '-') ||
		    (a == '=' && b != '=' && (i == 0 || !strchr("=!<>", value.at[i - 1]))) ||
		    (is_word(a) && b == '('))
			return true;
	}
	return false;
}

/* Notes an operand whose constraint and value these are. */
static void note_operand(struct statement *statement, struct span constraint, struct span value)
{
	bool is_output = memchr(constraint.at, '=', constraint.bytes) ||
	                 memchr(constraint.at, '+', constraint.bytes);
	bool is_memory = false;
	bool is_register = false;

	for (size_t i = 0; i < constraint.bytes; i++) {
		is_memory |= strchr("moVQ", constraint.at[i]) != NULL;
		is_register |= strchr("rqabcdSDR", constraint.at[i]) != NULL;
	}
	/* What a register holds before the statement is an output's own affair. */
	if (statement->operand_count < OPERANDS_MAX && !has_effects(value) &&
	    (is_memory || (is_register && !is_output)))
		statement->operands[statement->operand_count++] =
			(struct operand){value, is_memory};
}

/* Reads one operand, or a clobber. Returns what follows it, or null. */
static const char *parse_operand(struct statement *statement, const char *at, bool is_clobber)
{
	struct span constraint;
	const char *close;

	if (*at == '[') {
		close = find_close(at);
		if (!close)
			return NULL;
		at = skip_blanks(close + 1);
	}
	if (*at != '"')
		return NULL;
	constraint.at = at + 1;
	at = skip_literal(at);
	constraint.bytes = (size_t)(at - constraint.at) - 1;
	at = skip_blanks(at);
	if (is_clobber) {
		statement->clobbers_memory |=
			constraint.bytes == 6 && memcmp(constraint.at, "memory", 6) == 0;
		return at;
	}
	close = *at == '(' ? find_close(at) : NULL;
	if (!close)
		return NULL;
	note_operand(statement, constraint, (struct span){at + 1, (size_t)(close - at) - 1});
	return skip_blanks(close + 1);
}

/* Reads a statement behind its keyword. Returns false if it is none with operands. */
static bool parse_statement(struct statement *statement, const char *at)
{
	static const char *const qualifiers[] = {"volatile", "__volatile", "__volatile__", "inline",
	                                         "__inline", "__inline__", "goto",         NULL};
	const char *close;
	int section = 0;

	*statement = (struct statement){0};
	for (at = skip_blanks(at); is_word(*at); at = skip_blanks(at)) {
		struct span word = take_word(at);

		if (!span_is(word, qualifiers))
			return false;
		at += word.bytes;
	}
	close = *at == '(' ? find_close(at) : NULL;
	if (!close || *skip_blanks(close + 1) != ';')
		return false;
	statement->end = close + 1;
	for (at = skip_blanks(at + 1); *at == '"'; at = skip_blanks(at))
		at = skip_literal(at);
	while (at && at < close && section < 4) {
		if (*at == ':') {
			section++;
			at = skip_blanks(at + 1);
		} else if (*at == ',') {
			at = skip_blanks(at + 1);
		} else {
			at = parse_operand(statement, at, section == 3);
		}
	}
	return at != NULL;
}

static void put_value(struct span value, FILE *out)
{
	const char *end = value.at + value.bytes;

	for (const char *at = value.at; at < end; at++) {
		if (*at == '#')
			at += strcspn(at, "\n");
		if (at < end)
			fputc(*at == '\n' ? ' ' : *at, out);
	}
}

/* Calls a function of the runtime for each operand that a lock may be in. */
static void put_calls(const struct statement *statement, const char *function, FILE *out)
{
	for (size_t i = 0; i < statement->operand_count; i++) {
		const struct operand *operand = &statement->operands[i];

		if (operand->is_memory) {
			fprintf(out, "%s(&(", function);
			put_value(operand->value, out);
			fputs(")); ", out);
		} else if (statement->clobbers_memory) {
			/* A number is no address; 5 is the class of pointers. */
			fprintf(out,
			        "%s((const volatile void *)__builtin_choose_expr("
			        "__builtin_classify_type(",
			        function);
			put_value(operand->value, out);
			fputs(") == 5, (", out);
			put_value(operand->value, out);
			fputs("), 0)); ", out);
		}
	}
}

static bool is_lock(const struct statement *statement)
{
	for (size_t i = 0; i < statement->operand_count; i++) {
		if (statement->operands[i].is_memory || statement->clobbers_memory)
			return true;
	}
	return false;
}

/* An expression, so that it may be all that an if has. */
static void put_wrapped(const struct statement *statement, const char *at, FILE *out)
{
	fputs("__extension__({ extern void " BEFORE "(const volatile void *), " AFTER
	      "(const volatile void *); ",
	      out);
	put_calls(statement, BEFORE, out);
	fwrite(at, 1, (size_t)(statement->end - at), out);
	fputs("; ", out);
	put_calls(statement, AFTER, out);
	fputs("})", out);
}

int assembly_wrap(const char *text, size_t bytes, FILE *out)
{
	static const char *const keywords[] = {"asm", "__asm", "__asm__", NULL};
	const char *end = text + bytes;
	struct statement statement;
	const char *done = text;
	const char *at = text;
	int count = 0;

	while (at < end) {
		struct span word = take_word(at);

		if (word.bytes == 0) {
			bool is_marker = *at == '#' && (at == text || at[-1] == '\n');

			if (is_marker)
				at += strcspn(at, "\n");
			else
				at = *at == '"' || *at == '\'' ? skip_literal(at) : at + 1;
			continue;
		}
		if (span_is(word, keywords) && parse_statement(&statement, at + word.bytes) &&
		    is_lock(&statement)) {
			fwrite(done, 1, (size_t)(at - done), out);
			put_wrapped(&statement, at, out);
			done = statement.end;
			at = done;
			count++;
		} else {
			at += word.bytes;
		}
	}
	fwrite(done, 1, (size_t)(end - done), out);
	return ferror(out) ? -EIO : count;
}
