/* SPDX-License-Identifier: MIT */
/* results/exporters/markdown_put.h - text in the Markdown of GitHub that marks nothing up. */
#ifndef RESULTS_EXPORTERS_MARKDOWN_PUT_H
#define RESULTS_EXPORTERS_MARKDOWN_PUT_H

#include <stdio.h>

/* Writes text in a table or a sentence so that nothing in it marks anything up. */
void markdown_put_text(FILE *out, const char *text);

/* Writes text as code, in which only a backquote and a new line mean something. */
void markdown_put_code(FILE *out, const char *text);

#endif
