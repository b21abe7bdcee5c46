/* SPDX-License-Identifier: MIT */
/* results/exporters/html/html.c - HTML and SVG as text: escaping, numbers, elements. */
#include "results/exporters/html/html.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "results/exporters/text_units.h"
#include "results/run.h"

#define LABEL_CHARACTER 6.1 /* average width at the labels' size, on the wide side */

/*
 * Reads one character of UTF-8 (RFC 3629). Returns its bytes, or 0 where there is
 * none: stray, overlong, a surrogate, above U+10FFFF.
 */
static size_t read_character(const unsigned char *text, uint32_t *out)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = text[0] < 0x80             ? 1
	                : (text[0] & 0xe0) == 0xc0 ? 2
	                : (text[0] & 0xf0) == 0xe0 ? 3
	                : (text[0] & 0xf8) == 0xf0 ? 4
	                                           : 0;
	uint32_t code = length == 1 ? text[0] : text[0] & (0xffu >> (length + 1));

	if (length == 0)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3fu);
	}
	if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	*out = code;
	return length;
}

/* Says whether a character shows itself and nothing else. */
static bool is_plain(uint32_t code)
{
	bool is_control = code < 0x20 || (code >= 0x7f && code < 0xa0);
	bool turns = code == 0x200e || code == 0x200f || (code >= 0x2028 && code <= 0x202e) ||
	             (code >= 0x2066 && code <= 0x2069);

	return code == '\n' || (!is_control && !turns && code != 0xfeff);
}

void html_text(FILE *out, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	while (*c != '\0') {
		uint32_t code = 0;
		size_t length = read_character(c, &code);

		if (length == 0 || !is_plain(code))
			fputc('?', out);
		else if (code == '&')
			fputs("&amp;", out);
		else if (code == '<')
			fputs("&lt;", out);
		else if (code == '>')
			fputs("&gt;", out);
		else if (code == '"')
			fputs("&quot;", out);
		else if (code == '\'')
			fputs("&#39;", out);
		else
			fwrite(c, 1, length, out);
		c += length > 0 ? length : 1;
	}
}

void html_name(FILE *out, const char *name)
{
	while (*name != '\0') {
		size_t bytes = strcspn(name, "/");
		char part[RUN_CELL_BYTES];

		snprintf(part, sizeof(part), "%.*s", (int)bytes, name);
		html_text(out, part);
		name += bytes;
		if (*name == '/') {
			fputs("/<wbr>", out);
			name++;
		}
	}
}

void html_uri(FILE *out, const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
		/* The rest is left as it is (WHATWG URL, C0 control percent-encode set). */
		if (*c < 0x20 || *c >= 0x7f || strchr("%#'&<>", *c))
			fprintf(out, "%%%02X", *c);
		else
			fputc(*c, out);
	}
}

void html_number(FILE *out, double number)
{
	double tenths = round(number * 10.0);

	if (tenths == 0.0)
		fputc('0', out);
	else if (fmod(tenths, 10.0) == 0.0)
		fprintf(out, "%.0f", tenths / 10.0);
	else
		fprintf(out, "%.1f", tenths / 10.0);
}

void html_label(FILE *out, double x, double y, enum html_anchor anchor, const char *kind,
                const char *text)
{
	static const char *const anchors[] = {"", " text-anchor=middle", " text-anchor=end"};

	fputs("<text x=", out);
	html_number(out, x);
	fputs(" y=", out);
	html_number(out, y);
	fprintf(out, "%s", anchors[anchor]);
	if (kind[0] != '\0')
		fprintf(out, " class=\"%s\"", kind);
	fputc('>', out);
	html_text(out, text);
	fputs("</text>", out);
}

void html_point(FILE *out, char command, double x, double y)
{
	fputc(command, out);
	html_number(out, x);
	fputc(' ', out);
	html_number(out, y);
}

void html_line(FILE *out, double x1, double y1, double x2, double y2, const char *kind)
{
	fprintf(out, "<path class=\"%s\" d=\"", kind);
	html_point(out, 'M', x1, y1);
	html_point(out, 'L', x2, y2);
	fputs("\"/>", out);
}

double html_label_width(const char *text)
{
	return (double)text_width(text) * LABEL_CHARACTER;
}
