/* SPDX-License-Identifier: MIT */
/* workloads/tasks/image_png.c - pictures from and to PNG files, by libpng's simple interface. */
#include "workloads/tasks/image.h"

#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096

static int refuse(char *why, size_t why_bytes, int error, const char *cause)
{
	snprintf(why, why_bytes, "%s", cause);
	return error;
}

/* Opens the file and reads its header. On success png_image_free() is due. */
static int begin(const char *path, png_image *png, FILE **file, char *why, size_t why_bytes)
{
	*file = fopen(path, "re");
	if (!*file) {
		int error = -errno;

		return refuse(why, why_bytes, error, strerror(-error));
	}
	*png = (png_image){.version = PNG_IMAGE_VERSION};
	if (!png_image_begin_read_from_stdio(png, *file)) {
		snprintf(why, why_bytes, "not a PNG that can be read: %s", png->message);
		fclose(*file);
		return -EBADMSG;
	}
	if (png->width > IMAGE_SIDE_MAX || png->height > IMAGE_SIDE_MAX) {
		snprintf(why, why_bytes, "%u by %u pixels are more than %u by %u", png->width,
		         png->height, IMAGE_SIDE_MAX, IMAGE_SIDE_MAX);
		png_image_free(png);
		fclose(*file);
		return -EFBIG;
	}
	png->format = PNG_FORMAT_RGB;
	return 0;
}

int image_read_size(const char *path, struct image *out, char *why, size_t why_bytes)
{
	png_image png;
	FILE *file;
	int ret = begin(path, &png, &file, why, why_bytes);

	if (ret < 0)
		return ret;
	*out = (struct image){.width = png.width, .height = png.height, .channels = IMAGE_CHANNELS};
	png_image_free(&png);
	fclose(file);
	return 0;
}

int image_read(const char *path, struct image *out, unsigned char *pixels, size_t bytes_max,
               char *why, size_t why_bytes)
{
	/* What is transparent shows white. */
	static const png_color white = {255, 255, 255};
	struct image image;
	png_image png;
	FILE *file;
	int ret = begin(path, &png, &file, why, why_bytes);

	if (ret < 0)
		return ret;
	image = (struct image){
		.width = png.width, .height = png.height, .channels = IMAGE_CHANNELS};
	if (image_bytes(&image) > bytes_max) {
		ret = refuse(why, why_bytes, -EFBIG, "it has grown since it was looked at");
	} else if (!png_image_finish_read(&png, &white, pixels, 0, NULL)) {
		snprintf(why, why_bytes, "damaged: %s", png.message);
		ret = -EBADMSG;
	}
	png_image_free(&png);
	fclose(file);
	if (ret == 0)
		*out = image;
	return ret;
}

ssize_t image_encode(const struct image *image, const unsigned char *pixels, void *out,
                     size_t out_bytes)
{
	png_image png = {
		.version = PNG_IMAGE_VERSION,
		.width = image->width,
		.height = image->height,
		.format = image->channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB,
		.flags = PNG_IMAGE_FLAG_FAST,
	};
	png_alloc_size_t bytes = out_bytes;
	int done = png_image_write_to_memory(&png, out, &bytes, 0, pixels, 0, NULL);

	png_image_free(&png);
	if (!done)
		return bytes > out_bytes ? -ENOSPC : -EIO;
	return (ssize_t)bytes;
}

int image_write_file(const char *path, const void *data, size_t data_bytes)
{
	char aside[PATH_BYTES];
	FILE *file;
	int ret = 0;

	if (snprintf(aside, sizeof(aside), "%s.%d.part", path, (int)getpid()) >= (int)sizeof(aside))
		return -ENAMETOOLONG;
	file = fopen(aside, "we");
	if (!file)
		return -errno;
	if (fwrite(data, 1, data_bytes, file) != data_bytes)
		ret = -EIO;
	if (fclose(file) != 0 && ret == 0)
		ret = -errno;
	if (ret == 0 && rename(aside, path) < 0)
		ret = -errno;
	if (ret < 0)
		unlink(aside);
	return ret;
}
