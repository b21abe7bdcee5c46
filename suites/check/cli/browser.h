/* SPDX-License-Identifier: MIT */
/*
 * suites/check/cli/browser.h - a headless Chromium, driven over a pipe of its own.
 *
 * It speaks the DevTools protocol: one JSON object a message, a null byte after each,
 * to descriptor 3 and from descriptor 4. No port is opened and nothing is fetched.
 */
#ifndef CHECK_CLI_BROWSER_H
#define CHECK_CLI_BROWSER_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct browser;

/* Returns the program that there is, or null. */
const char *browser_program(void);

/* Starts it, with what it writes in folder. A CMocka assertion fails if it can't be started. */
struct browser *browser_start(const char *program, const char *folder);

/* Ends it and all its processes. Null is allowed. */
void browser_stop(struct browser *browser);

/*
 * Shows a file in a window of this width, in light or dark, on screen or as printed,
 * with scripts or without, and waits until it is loaded.
 */
struct browser_view {
	int width;
	bool is_dark;
	bool is_print;
	bool is_scriptless;
};
void browser_show(struct browser *browser, const char *path, const struct browser_view *view);

/* Returns what a script gives in the page, for json_decref(). Fails if it throws. */
json_t *browser_evaluate(struct browser *browser, const char *script);

/* Moves the pointer there. */
void browser_point(struct browser *browser, double x, double y);

/* Returns how many errors the page has had so far; the first of them is in *what. */
size_t browser_errors(const struct browser *browser, const char **what);

#endif
