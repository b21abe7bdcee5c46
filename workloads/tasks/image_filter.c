/* SPDX-License-Identifier: MIT */
/*
 * workloads/tasks/image_filter.c - what is done to pixels, in whole numbers.
 *
 * No floating point: each peer computes the same bytes, whatever it was compiled to.
 */
#include "workloads/tasks/image.h"

#include <string.h>

#include "workloads/payload.h"

#define BLUR_WIDTH (2u * IMAGE_BLUR_RADIUS + 1u)

static uint32_t clamp(int64_t position, uint32_t count)
{
	return position < 0 ? 0 : position >= count ? count - 1 : (uint32_t)position;
}

/*
 * Replaces each of count samples, step bytes apart, by the mean of those around it;
 * the outermost sample stands for those beyond it.
 */
static void blur_line(const unsigned char *from, unsigned char *to, uint32_t count, size_t step)
{
	const int64_t radius = IMAGE_BLUR_RADIUS;
	uint32_t sum = 0;

	for (int64_t i = -radius; i <= radius; i++)
		sum += from[clamp(i, count) * step];
	for (int64_t i = 0; i < count; i++) {
		to[(size_t)i * step] = (unsigned char)((sum + BLUR_WIDTH / 2) / BLUR_WIDTH);
		sum += from[clamp(i + radius + 1, count) * step];
		sum -= from[clamp(i - radius, count) * step];
	}
}

/* Blurs columns a row at a time, so that memory is read in its order; sums has a row. */
static void blur_columns(struct task_peer *peer, const struct image *image,
                         const unsigned char *from, unsigned char *to)
{
	size_t row_bytes = (size_t)image->width * image->channels;
	const int64_t radius = IMAGE_BLUR_RADIUS;
	uint32_t sums[256];

	for (size_t start = 0; start < row_bytes; start += 256) {
		size_t count = row_bytes - start < 256 ? row_bytes - start : 256;

		memset(sums, 0, sizeof(sums));
		for (int64_t y = -radius; y <= radius; y++) {
			const unsigned char *row =
				from + clamp(y, image->height) * row_bytes + start;

			for (size_t x = 0; x < count; x++)
				sums[x] += row[x];
		}
		for (int64_t y = 0; y < image->height; y++) {
			const unsigned char *in =
				from + clamp(y + radius + 1, image->height) * row_bytes + start;
			const unsigned char *out =
				from + clamp(y - radius, image->height) * row_bytes + start;
			unsigned char *row = to + (size_t)y * row_bytes + start;

			for (size_t x = 0; x < count; x++) {
				row[x] = (unsigned char)((sums[x] + BLUR_WIDTH / 2) / BLUR_WIDTH);
				sums[x] = sums[x] + in[x] - out[x];
			}
		}
		task_checkpoint(peer);
	}
}

static void blur(struct task_peer *peer, const struct image *image, const unsigned char *from,
                 unsigned char *between, unsigned char *to)
{
	size_t row_bytes = (size_t)image->width * image->channels;

	for (uint32_t y = 0; y < image->height; y++) {
		for (uint32_t c = 0; c < image->channels; c++)
			blur_line(from + y * row_bytes + c, between + y * row_bytes + c,
			          image->width, image->channels);
		task_checkpoint(peer);
	}
	blur_columns(peer, image, between, to);
}

/* Rec. 601: 0.299 R + 0.587 G + 0.114 B, in 256ths. */
static void grey(struct task_peer *peer, struct image *image, const unsigned char *from,
                 unsigned char *to)
{
	for (uint32_t y = 0; y < image->height; y++) {
		for (uint32_t x = 0; x < image->width; x++, from += image->channels)
			*to++ = (unsigned char)((77u * from[0] + 150u * from[1] + 29u * from[2] +
			                         128u) >>
			                        8);
		task_checkpoint(peer);
	}
	image->channels = 1;
}

/* A side of one pixel stays one; an odd last row or column is left out. */
static void halve(struct task_peer *peer, struct image *image, const unsigned char *from,
                  unsigned char *to)
{
	size_t row_bytes = (size_t)image->width * image->channels;
	struct image half = *image;

	half.width = image->width > 1 ? image->width / 2 : 1;
	half.height = image->height > 1 ? image->height / 2 : 1;
	for (uint32_t y = 0; y < half.height; y++) {
		const unsigned char *upper = from + 2 * y * row_bytes;
		const unsigned char *lower = image->height > 1 ? upper + row_bytes : upper;
		size_t right = image->width > 1 ? image->channels : 0;

		for (uint32_t x = 0; x < half.width; x++) {
			for (uint32_t c = 0; c < image->channels; c++) {
				size_t at = (size_t)2 * x * image->channels + c;

				uint32_t sum = (uint32_t)upper[at] + upper[at + right] + lower[at] +
				               lower[at + right];

				*to++ = (unsigned char)((sum + 2u) / 4u);
			}
		}
		task_checkpoint(peer);
	}
	*image = half;
}

void image_process(struct task_peer *peer, const struct image *image, const unsigned char *pixels,
                   unsigned char *scratch, struct image *out, unsigned char *result)
{
	size_t bytes = image_bytes(image);
	unsigned operations = image->operations;
	const unsigned char *from = pixels;

	*out = *image;
	if (operations & IMAGE_BLUR) {
		unsigned char *to =
			operations & (IMAGE_GREY | IMAGE_RESIZE) ? scratch + bytes : result;

		blur(peer, out, from, scratch, to);
		from = to;
	}
	if ((operations & IMAGE_GREY) && out->channels == IMAGE_CHANNELS) {
		unsigned char *to = operations & IMAGE_RESIZE ? scratch : result;

		grey(peer, out, from, to);
		from = to;
	}
	if (operations & IMAGE_RESIZE) {
		halve(peer, out, from, result);
		from = result;
	}
	if (from != result)
		memmove(result, from, image_bytes(out));
}

/* Slopes of colour, a grid, and grain: something for each operation to show, and to compress. */
void image_draw(uint64_t seed, uint32_t index, const struct image *image, unsigned char *pixels)
{
	uint64_t form = payload_mix(seed, index, 0);
	uint32_t step = 16 + (uint32_t)(form >> 8 & 31);

	for (uint32_t y = 0; y < image->height; y++) {
		for (uint32_t x = 0; x < image->width; x++) {
			uint64_t grain = payload_mix(form, y, x);
			uint32_t line = x % step == 0 || y % step == 0 ? 96 : 0;

			for (uint32_t c = 0; c < image->channels; c++) {
				uint32_t slope = (x * (uint32_t)(1 + (form >> (16 + 4 * c) & 3)) +
				                  y * (uint32_t)(1 + (form >> (32 + 4 * c) & 3))) /
				                 8;

				*pixels++ = (unsigned char)(slope + line +
				                            (uint32_t)(grain >> (8 * c) & 7));
			}
		}
	}
}
