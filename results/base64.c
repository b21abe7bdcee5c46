/* SPDX-License-Identifier: MIT */
/* results/base64.c - bytes as text: Base64 of RFC 4648, section 4, with padding. */
#include "results/base64.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(const unsigned char *data, size_t bytes)
{
	char *out = malloc((bytes + 2) / 3 * 4 + 1);
	char *at = out;

	if (!out)
		return NULL;
	for (size_t i = 0; i < bytes; i += 3) {
		uint32_t group = (uint32_t)data[i] << 16;

		if (i + 1 < bytes)
			group |= (uint32_t)data[i + 1] << 8;
		if (i + 2 < bytes)
			group |= data[i + 2];
		*at++ = digits[group >> 18];
		*at++ = digits[group >> 12 & 63];
		*at++ = i + 1 < bytes ? digits[group >> 6 & 63] : '=';
		*at++ = i + 2 < bytes ? digits[group & 63] : '=';
	}
	*at = '\0';
	return out;
}

int base64_decode(unsigned char **out, size_t *out_bytes, const char *text)
{
	size_t length = strlen(text);
	size_t padding = length > 0 && text[length - 1] == '=' ? 1 : 0;
	unsigned char *data;
	size_t bytes = 0;

	if (length % 4 != 0)
		return -EBADMSG;
	if (padding == 1 && text[length - 2] == '=')
		padding = 2;
	data = malloc(length / 4 * 3 + 1);
	if (!data)
		return -ENOMEM;
	for (size_t i = 0; i < length; i += 4) {
		uint32_t group = 0;

		for (size_t j = i; j < i + 4; j++) {
			const char *digit =
				j >= length - padding ? digits : strchr(digits, text[j]);

			if (!digit) {
				free(data);
				return -EBADMSG;
			}
			group = group << 6 | (uint32_t)(digit - digits);
		}
		data[bytes++] = (unsigned char)(group >> 16);
		data[bytes++] = (unsigned char)(group >> 8);
		data[bytes++] = (unsigned char)group;
	}
	*out = data;
	*out_bytes = bytes - padding;
	return 0;
}
