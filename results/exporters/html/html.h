/* SPDX-License-Identifier: MIT */
/*
 * results/exporters/html/html.h - HTML and SVG as text: escaping, numbers, elements.
 *
 * Nothing here fails: a failed write is seen at the end, by exporter_error().
 */
#ifndef RESULTS_EXPORTERS_HTML_HTML_H
#define RESULTS_EXPORTERS_HTML_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Writes text for use between tags or inside a quoted attribute. What is no UTF-8, no
 * printing character, or turns the direction of what follows, becomes '?'.
 */
void html_text(FILE *out, const char *text);

/* Writes a cell's name, which may be broken behind its parts. */
void html_name(FILE *out, const char *name);

/* Writes text into the path of a data: URI that stands in a single-quoted attribute. */
void html_uri(FILE *out, const char *text);

/* Writes a coordinate: at most one decimal, which an integer lacks. */
void html_number(FILE *out, double number);

/* Where a text in a drawing is anchored. */
enum html_anchor {
	HTML_START,
	HTML_MIDDLE,
	HTML_END,
};

/* Writes a text of a drawing, at x and its baseline y. kind is its class. */
void html_label(FILE *out, double x, double y, enum html_anchor anchor, const char *kind,
                const char *text);

/* Writes a line of a drawing. kind is its class. */
void html_line(FILE *out, double x1, double y1, double x2, double y2, const char *kind);

/* Writes a point of a path: "M" or "L", then its coordinates. */
void html_point(FILE *out, char command, double x, double y);

/* Returns the width of a label, about, at the size that drawings have. */
double html_label_width(const char *text);

#endif
