/* SPDX-License-Identifier: MIT */
/*
 * workloads/tasks/image.h - pictures: pixels in a message, PNG files, what is done to them.
 *
 * A picture is rows of 8-bit samples, width * channels bytes each, without gaps.
 */
#ifndef WORKLOADS_TASKS_IMAGE_H
#define WORKLOADS_TASKS_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "workloads/tasks/task.h"

/* What shall be done to a picture, in this order. */
enum image_operation {
	IMAGE_BLUR = 1u << 0,   /* the mean of the square IMAGE_BLUR_RADIUS around each pixel */
	IMAGE_GREY = 1u << 1,   /* one channel: luma of Rec. 601 */
	IMAGE_RESIZE = 1u << 2, /* half as wide and high: the mean of 2 by 2 pixels */
	IMAGE_ENCODE = 1u << 3, /* the result is a PNG file, not pixels */
};

#define IMAGE_ALL (IMAGE_BLUR | IMAGE_GREY | IMAGE_RESIZE)
#define IMAGE_BLUR_RADIUS 3u
#define IMAGE_CHANNELS 3u
/* More than any camera makes; and its pixels fit a message. */
#define IMAGE_SIDE_MAX 16384u

/* In a message the pixels follow this. */
struct image {
	uint32_t width;
	uint32_t height;
	uint32_t channels;
	uint32_t operations; /* enum image_operation, or-ed */
};

/* Returns the bytes of its pixels. */
static inline size_t image_bytes(const struct image *image)
{
	return (size_t)image->width * image->height * image->channels;
}

/* Returns the bytes of a message that holds a picture of so many pixels, or what becomes of it. */
size_t image_message_bytes(size_t pixels);

/* Draws the picture of an index: the same for the same seed. image says its size. */
void image_draw(uint64_t seed, uint32_t index, const struct image *image, unsigned char *pixels);

/*
 * Does image->operations but IMAGE_ENCODE to pixels. scratch has room for two such
 * pictures; the result, whose size *out says, is written at result. peer hands its
 * lock over between rows.
 */
void image_process(struct task_peer *peer, const struct image *image, const unsigned char *pixels,
                   unsigned char *scratch, struct image *out, unsigned char *result);

/*
 * Reads the size of a PNG file, or all of it, as three channels of 8 bits. pixels
 * has room for bytes_max. Returns 0, or -errno with one line in why: -ENOENT,
 * -EACCES, -EBADMSG (no PNG, or damaged), -EFBIG (over bytes_max or
 * IMAGE_SIDE_MAX).
 */
int image_read_size(const char *path, struct image *out, char *why, size_t why_bytes);
int image_read(const char *path, struct image *out, unsigned char *pixels, size_t bytes_max,
               char *why, size_t why_bytes);

/* Writes a picture as a PNG into memory. Returns its bytes, or -errno: -ENOSPC, -EIO. */
ssize_t image_encode(const struct image *image, const unsigned char *pixels, void *out,
                     size_t out_bytes);

/* Writes a file: all of it under its name, or nothing. Returns 0, or -errno. */
int image_write_file(const char *path, const void *data, size_t data_bytes);

#endif
