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

/* Whatever visibility the source asks for, the runtime is elsewhere. */
#define VISIBLE "__attribute__((visibility(\"default\")))"

enum {
	OPERANDS_MAX = 30,     /* the most that gcc takes */
	CONSTRAINT_BYTES = 64, /* of which more does not matter */
};

/* A part of the text. */
struct span {
	const char *at;
	size_t bytes;
};

struct operand {
	struct span value;
	bool is_memory;
	bool is_written;
};

struct statement {
	const char *text;  /* of the whole source */
	const char *start; /* at its keyword */
	const char *end;   /* behind its closing parenthesis */
	struct operand operands[OPERANDS_MAX];
	size_t operand_count;
	bool clobbers_memory;
	bool is_pinned; /* an operand is kept in a register that was named */
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

/* Says whether what is in front of a parenthesis is called, not a type or an operator. */
static bool is_called(struct span value, size_t paren)
{
	static const char *const operators[] = {"sizeof",        "typeof",   "__typeof__",
	                                        "__typeof",      "_Alignof", "__alignof__",
	                                        "__extension__", NULL};
	size_t end = paren;
	size_t start;
	const char *inside = skip_blanks(value.at + paren + 1);

	while (end > 0 && isspace((unsigned char)value.at[end - 1]))
		end--;
	start = end;
	while (start > 0 && is_word(value.at[start - 1]))
		start--;
	/* As in char (*)[n]. */
	return start < end && *inside != '*' &&
	       !span_is((struct span){value.at + start, end - start}, operators);
}

/* Says whether to evaluate a value once more would do something once more. */
static bool has_effects(struct span value)
{
	for (size_t i = 0; i < value.bytes; i++) {
		char before = i > 0 ? value.at[i - 1] : ' ';
		char c = value.at[i];
		char next = i + 1 < value.bytes ? value.at[i + 1] : ' ';
		bool is_shift = i > 1 && strchr("<>", before) && value.at[i - 2] == before;

		if (((c == '+' || c == '-') && next == c) || (c == '(' && is_called(value, i)) ||
		    (c == '=' && next != '=' && (is_shift || !strchr("=!<>", before))))
			return true;
	}
	return false;
}

/*
 * Says whether a value is a variable that the text keeps in a register of its choice:
 * a call before the statement would spoil it.
 */
static bool is_pinned(struct span value, const char *text, const char *end)
{
	static const char *const keywords[] = {"asm", "__asm", "__asm__", NULL};
	struct span name = take_word(value.at);
	const char *at = text;

	if (name.bytes == 0 || skip_blanks(name.at + name.bytes) < value.at + value.bytes)
		return false;
	while (at < end && (at = memmem(at, (size_t)(end - at), name.at, name.bytes))) {
		const char *behind = at + name.bytes;
		bool is_whole = (at == text || !is_word(at[-1])) && !is_word(*behind);

		if (is_whole && span_is(take_word(skip_blanks(behind)), keywords))
			return true;
		at = behind;
	}
	return false;
}

/* Notes an operand whose constraint and value these are. */
static void note_operand(struct statement *statement, const char *constraint, struct span value)
{
	bool is_written = strchr(constraint, '=') || strchr(constraint, '+');
	/* Where the compiler may choose a register, the value need not have an address. */
	bool is_memory =
		strpbrk(constraint, "moV") && constraint[strspn(constraint, "=+&%*,moV")] == '\0';
	bool is_register =
		strpbrk(constraint, "rqabcdSDRQlg0123456789") && !strpbrk(constraint, "@=mofxtuvw");

	if (statement->operand_count < OPERANDS_MAX && !has_effects(value) &&
	    (is_memory || is_register))
		statement->operands[statement->operand_count++] =
			(struct operand){value, is_memory, is_written};
}

/* Puts literals that stand side by side together. Returns what follows them. */
static const char *take_literals(const char *at, char *out, size_t out_bytes)
{
	size_t used = 0;

	for (; *at == '"'; at = skip_blanks(at)) {
		const char *end = skip_literal(at);

		for (at++; at + 1 < end; at++) {
			if (used + 1 < out_bytes)
				out[used++] = *at;
		}
		at = end;
	}
	out[used] = '\0';
	return at;
}

/* Reads one operand, or a clobber. Returns what follows it, or null. */
static const char *parse_operand(struct statement *statement, const char *at, bool is_clobber)
{
	char constraint[CONSTRAINT_BYTES];
	struct span value;
	const char *close;

	if (*at == '[') {
		close = find_close(at);
		if (!close)
			return NULL;
		at = skip_blanks(close + 1);
	}
	if (*at != '"')
		return NULL;
	at = take_literals(at, constraint, sizeof(constraint));
	if (is_clobber) {
		statement->clobbers_memory |= strcmp(constraint, "memory") == 0;
		return at;
	}
	close = *at == '(' ? find_close(at) : NULL;
	if (!close)
		return NULL;
	at = skip_blanks(at + 1);
	value = (struct span){at, (size_t)(close - at)};
	statement->is_pinned |= is_pinned(value, statement->text, statement->start);
	note_operand(statement, constraint, value);
	return skip_blanks(close + 1);
}

/* Skips what stands between the keyword and the parenthesis. Null: it is no statement. */
static const char *skip_qualifiers(const char *at)
{
	static const char *const qualifiers[] = {"volatile", "__volatile", "__volatile__", "inline",
	                                         "__inline", "__inline__", "goto",         NULL};

	for (at = skip_blanks(at); is_word(*at); at = skip_blanks(at)) {
		struct span word = take_word(at);

		if (!span_is(word, qualifiers))
			return NULL;
		at += word.bytes;
	}
	return *at == '(' ? at : NULL;
}

/* Reads the statement in text whose keyword is at start. Returns false if it has no operands. */
static bool parse_statement(struct statement *statement, const char *text, const char *start,
                            const char *at)
{
	char template[CONSTRAINT_BYTES];
	const char *close;
	int section = 0;

	*statement = (struct statement){.text = text, .start = start};
	at = skip_qualifiers(at);
	close = at ? find_close(at) : NULL;
	if (!close || *skip_blanks(close + 1) != ';')
		return false;
	statement->end = close + 1;
	at = take_literals(skip_blanks(at + 1), template, sizeof(template));
	/* Nothing is done in it: a barrier to the compiler alone. */
	if (template[strspn(template, " \t")] == '\0')
		return false;
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

static bool is_sync(const struct statement *statement, const struct operand *operand)
{
	return operand->is_memory || statement->clobbers_memory;
}

static bool is_lock(const struct statement *statement)
{
	for (size_t i = 0; i < statement->operand_count; i++) {
		if (is_sync(statement, &statement->operands[i]))
			return !statement->is_pinned;
	}
	return false;
}

/* Writes the condition under which an operand is an address: a number is none. */
static void put_condition(const struct operand *operand, FILE *out)
{
	if (operand->is_memory)
		return;
	fputs("if (__builtin_classify_type(", out);
	put_value(operand->value, out);
	fputs(") == 5) ", out); /* the class of pointers */
}

/* Keeps where the operands are: afterwards they may be somebody else's. */
static void put_addresses(const struct statement *statement, FILE *out)
{
	for (size_t i = 0; i < statement->operand_count; i++) {
		const struct operand *operand = &statement->operands[i];

		if (!is_sync(statement, operand))
			continue;
		fprintf(out, "const volatile void *racecheck_%zu = ", i);
		if (operand->is_memory) {
			fputs("&(", out);
			put_value(operand->value, out);
			fputs("); ", out);
		} else {
			fputs("__builtin_choose_expr(__builtin_classify_type(", out);
			put_value(operand->value, out);
			fputs(") == 5, (", out);
			put_value(operand->value, out);
			fputs("), (const volatile void *)0); ", out);
		}
	}
}

/* Calls a function of the runtime for each operand that a lock may be in. */
static void put_calls(const struct statement *statement, const char *function, bool is_release,
                      FILE *out)
{
	for (size_t i = 0; i < statement->operand_count; i++) {
		const struct operand *operand = &statement->operands[i];

		/* What is only read releases nothing. */
		if (!is_sync(statement, operand) ||
		    (is_release && operand->is_memory && !operand->is_written))
			continue;
		put_condition(operand, out);
		fprintf(out, "%s(racecheck_%zu); ", function, i);
	}
}

/* An expression, so that it may be all that an if has. */
static void put_wrapped(const struct statement *statement, FILE *out)
{
	fputs("__extension__({ extern void " BEFORE "(const volatile void *) " VISIBLE
	      "; extern void " AFTER "(const volatile void *) " VISIBLE "; ",
	      out);
	put_addresses(statement, out);
	put_calls(statement, BEFORE, true, out);
	fwrite(statement->start, 1, (size_t)(statement->end - statement->start), out);
	fputs("; ", out);
	put_calls(statement, AFTER, false, out);
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
		if (span_is(word, keywords) &&
		    parse_statement(&statement, text, at, at + word.bytes) && is_lock(&statement)) {
			fwrite(done, 1, (size_t)(at - done), out);
			put_wrapped(&statement, out);
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
