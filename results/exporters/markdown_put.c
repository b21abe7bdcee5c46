/* SPDX-License-Identifier: MIT */
/* results/exporters/markdown_put.c - text in the Markdown of GitHub that marks nothing up. */
#include "results/exporters/markdown_put.h"

#include <string.h>

void markdown_put_text(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			fputc(c == '\n' ? ' ' : '?', out);
		else if (strchr("\\`*[]<>|#&", c))
			fprintf(out, "&#%u;", c);
		/* No one is called by a report. */
		else if (c == '@')
			fputs("&#64;", out);
		else
			fputc(c, out);
	}
}

void markdown_put_code(FILE *out, const char *text)
{
	fputc('`', out);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f)
			fputc('?', out);
		else
			fputc(c == '`' ? '\'' : c, out);
	}
	fputc('`', out);
}
