/* SPDX-License-Identifier: MIT */
/* results/base64.h - bytes as text: Base64 of RFC 4648, section 4, with padding. */
#ifndef RESULTS_BASE64_H
#define RESULTS_BASE64_H

#include <stddef.h>

/* Returns the bytes as text, for free(), or null without memory. */
char *base64_encode(const unsigned char *data, size_t bytes);

/*
 * Reads what base64_encode() wrote; *out is the caller's, for free(). Returns 0, or
 * -errno: -EBADMSG (anything else), -ENOMEM.
 */
int base64_decode(unsigned char **out, size_t *out_bytes, const char *text);

#endif
