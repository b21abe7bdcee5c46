/* SPDX-License-Identifier: MIT */
/*
 * workloads/tasks/image.c - pictures as a task: much to carry, and some CPU for it.
 *
 * The pixels come in a message and leave in one, in place where the transport lends
 * its memory: hundreds of KiB to many MiB. The amount is the width of a picture;
 * its height is three quarters of that.
 */
#include "workloads/tasks/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t image_message_bytes(size_t pixels)
{
	size_t bytes = pixels * IMAGE_CHANNELS;

	/* A PNG of grain alone is a little larger than its pixels. */
	return sizeof(struct image) + bytes + bytes / 128 + 4096;
}

static struct image image_of_amount(uint32_t amount)
{
	return (struct image){
		.width = amount,
		.height = amount * 3 / 4 > 0 ? amount * 3 / 4 : 1,
		.channels = IMAGE_CHANNELS,
		.operations = IMAGE_ALL,
	};
}

static size_t image_task_bytes_max(uint32_t amount)
{
	struct image image = image_of_amount(amount);

	return image_message_bytes((size_t)image.width * image.height);
}

/* Between operations two pictures are kept; they grow with what comes. */
struct scratch {
	unsigned char *data;
	size_t bytes;
};

static int image_open(struct task_peer *self)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));

	if (!scratch)
		return task_fail(self, -ENOMEM, "no memory for a picture");
	self->own = scratch;
	return 0;
}

static void image_close(struct task_peer *self)
{
	struct scratch *scratch = self->own;

	free(scratch->data);
	free(scratch);
}

static ssize_t image_make(struct task_peer *self, uint32_t index, void *input)
{
	struct image image = image_of_amount(self->amount);

	memcpy(input, &image, sizeof(image));
	image_draw(self->seed, index, &image, (unsigned char *)input + sizeof(image));
	return (ssize_t)(sizeof(image) + image_bytes(&image));
}

/* Makes room for two pictures, and one more where the result is encoded. */
static int reserve(struct task_peer *self, const struct image *image)
{
	struct scratch *scratch = self->own;
	size_t wanted = 3 * image_bytes(image);
	unsigned char *data;

	if (wanted <= scratch->bytes)
		return 0;
	data = realloc(scratch->data, wanted);
	if (!data)
		return task_fail(self, -ENOMEM, "no memory for a picture of %u by %u", image->width,
		                 image->height);
	scratch->data = data;
	scratch->bytes = wanted;
	return 0;
}

static ssize_t image_compute(struct task_peer *self, const void *input, size_t input_bytes,
                             void *result)
{
	struct scratch *scratch = self->own;
	unsigned char *after = (unsigned char *)result + sizeof(struct image);
	const unsigned char *pixels = (const unsigned char *)input + sizeof(struct image);
	unsigned char *last = after;
	struct image image;
	struct image out;
	ssize_t bytes;
	int ret;

	if (input_bytes < sizeof(image))
		return task_fail(self, -EBADMSG, "%zu bytes are no picture", input_bytes);
	memcpy(&image, input, sizeof(image));
	if (image.width == 0 || image.width > IMAGE_SIDE_MAX || image.height == 0 ||
	    image.height > IMAGE_SIDE_MAX || image.channels != IMAGE_CHANNELS ||
	    input_bytes != sizeof(image) + image_bytes(&image))
		return task_fail(self, -EBADMSG, "a picture of %u by %u by %u in %zu bytes",
		                 image.width, image.height, image.channels, input_bytes);
	ret = reserve(self, &image);
	if (ret < 0)
		return ret;
	if (image.operations & IMAGE_ENCODE)
		last = scratch->data + 2 * image_bytes(&image);
	image_process(self, &image, pixels, scratch->data, &out, last);
	bytes = (ssize_t)image_bytes(&out);
	if (image.operations & IMAGE_ENCODE) {
		bytes = image_encode(&out, last, after,
		                     image_message_bytes((size_t)image.width * image.height) -
		                             sizeof(out));
		if (bytes < 0)
			return task_fail(self, (int)bytes, "can't be encoded");
	}
	memcpy(result, &out, sizeof(out));
	return (ssize_t)sizeof(out) + bytes;
}

const struct task task_image = {
	.name = "image",
	.summary = "pictures: blurred, made grey, halved; their pixels are carried",
	.amount_unit = "pixels of width",
	.amount_default = 640,
	.amount_max = 4096,
	.amount_light = 32,
	.input_count = 4,
	.explanation = "A task is the pixels of a picture that a seed draws, three bytes each; its "
		       "result is that picture blurred, in grey, and half as wide and high. Where "
		       "the transport lends its memory the pixels are written and read there.",
	.bytes_max = image_task_bytes_max,
	.open = image_open,
	.close = image_close,
	.make = image_make,
	.compute = image_compute,
};
