/* SPDX-License-Identifier: MIT */
/* results/exporters/verdict/line.c - a line that fits a terminal. */
#include "results/exporters/verdict/line.h"

#include <stdarg.h>
#include <string.h>

#include "results/exporters/text_units.h"

#define LINE_BYTES 4096
#define INDENT 2u

/* Returns the columns of the first bytes of text. */
static size_t width_of(char *text, size_t bytes)
{
	char held = text[bytes];
	size_t width;

	text[bytes] = '\0';
	width = text_width(text);
	text[bytes] = held;
	return width;
}

void verdict_put_line(FILE *out, const struct verdict_style *style, const char *format, ...)
{
	char line[LINE_BYTES];
	size_t column = 0;
	size_t blanks = 0;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	for (char *word = line; *word != '\0'; word += blanks) {
		size_t bytes = strcspn(word, " ");
		size_t width = width_of(word, bytes);

		if (style->width > 0 && column > INDENT && column + blanks + width > style->width) {
			fprintf(out, "\n%*s", (int)INDENT, "");
			column = INDENT;
		} else {
			fprintf(out, "%*s", (int)blanks, "");
			column += blanks;
		}
		fwrite(word, 1, bytes, out);
		column += width;
		word += bytes;
		blanks = strspn(word, " ");
	}
	fputc('\n', out);
}
