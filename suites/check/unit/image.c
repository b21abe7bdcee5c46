/* SPDX-License-Identifier: MIT */
/* suites/check/unit/image.c - tests of workloads/tasks/image*.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "suites/check/unit/folder.h"
#include "workloads/python/compare.h"
#include "workloads/tasks/image.h"
#include "workloads/tasks/image_folder.h"

/* Does the operations to a picture of three channels. Returns what it became. */
static struct image process(uint32_t width, uint32_t height, uint32_t operations,
                            const unsigned char *pixels, unsigned char *result)
{
	const struct image image = {width, height, IMAGE_CHANNELS, operations};
	struct task_peer peer = {0};
	unsigned char *scratch = malloc(2 * image_bytes(&image));
	struct image out;

	assert_non_null(scratch);
	image_process(&peer, &image, pixels, scratch, &out, result);
	free(scratch);
	return out;
}

static void grey_is_the_luma_of_rec_601(void **state)
{
	static const unsigned char pixels[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255};
	unsigned char result[4];
	struct image out = process(4, 1, IMAGE_GREY, pixels, result);

	(void)state;
	assert_int_equal(out.channels, 1);
	assert_int_equal(out.width, 4);
	assert_int_equal(result[0], 77); /* (77 * 255 + 128) / 256 */
	assert_int_equal(result[1], 149);
	assert_int_equal(result[2], 29);
	assert_int_equal(result[3], 255);
}

static void half_the_size_is_the_mean_of_four_pixels(void **state)
{
	unsigned char pixels[3 * 3 * 3] = {0};
	unsigned char result[sizeof(pixels)];
	struct image out;

	(void)state;
	/* The red of the upper left square: 10, 20, 30, 41. The third row and column go. */
	pixels[0] = 10;
	pixels[3] = 20;
	pixels[9] = 30;
	pixels[12] = 41;
	pixels[6] = 255;
	pixels[18] = 255;
	out = process(3, 3, IMAGE_RESIZE, pixels, result);
	assert_int_equal(out.width, 1);
	assert_int_equal(out.height, 1);
	assert_int_equal(result[0], 25); /* 101 / 4, rounded */
	assert_int_equal(result[1], 0);
}

static void blur_spreads_a_point_over_its_square(void **state)
{
	unsigned char pixels[9 * 9 * 3] = {0};
	unsigned char result[sizeof(pixels)];
	size_t middle = (4 * 9 + 4) * 3;

	(void)state;
	pixels[middle] = 245;
	process(9, 9, IMAGE_BLUR, pixels, result);
	/* 245 / 7 along the row, then 35 / 7 along the column. */
	assert_int_equal(result[middle], 5);
	assert_int_equal(result[middle - 3 * 3 * (9 + 1)], 5);
	assert_int_equal(result[middle - 4 * 3], 0);
	assert_int_equal(result[middle - 4 * 3 * 9], 0);
	assert_int_equal(result[middle + 1], 0);
}

static void blur_leaves_one_colour_as_it_is(void **state)
{
	unsigned char pixels[300 * 5 * 3]; /* wider than a block of columns */
	unsigned char result[sizeof(pixels)];

	(void)state;
	memset(pixels, 201, sizeof(pixels));
	process(300, 5, IMAGE_BLUR, pixels, result);
	assert_memory_equal(result, pixels, sizeof(pixels));
}

static void the_smallest_picture_goes_through_all(void **state)
{
	static const unsigned char pixel[3] = {9, 9, 9};
	unsigned char result[3];
	struct image out = process(1, 1, IMAGE_ALL, pixel, result);

	(void)state;
	assert_int_equal(out.width, 1);
	assert_int_equal(out.height, 1);
	assert_int_equal(result[0], 9);
}

static void a_seed_draws_the_same_picture_and_each_index_another(void **state)
{
	const struct image image = {40, 30, IMAGE_CHANNELS, 0};
	unsigned char first[40 * 30 * 3];
	unsigned char second[sizeof(first)];

	(void)state;
	image_draw(5, 1, &image, first);
	image_draw(5, 1, &image, second);
	assert_memory_equal(first, second, sizeof(first));
	image_draw(5, 2, &image, second);
	assert_memory_not_equal(first, second, sizeof(first));
}

static void a_file_gives_back_the_pixels_that_were_written(void **state)
{
	const struct image image = {33, 21, IMAGE_CHANNELS, 0};
	unsigned char pixels[33 * 21 * 3];
	unsigned char back[sizeof(pixels)];
	unsigned char encoded[sizeof(pixels) + 8192];
	struct folder *folder = *state;
	char path[PATH_MAX];
	char why[RUN_TEXT_BYTES] = "";
	struct image out;
	ssize_t bytes;

	folder_path(folder, path, sizeof(path), "a.png");
	image_draw(1, 0, &image, pixels);
	bytes = image_encode(&image, pixels, encoded, sizeof(encoded));
	assert_in_range(bytes, 100, sizeof(encoded));
	assert_int_equal(image_encode(&image, pixels, encoded, 50), -ENOSPC);
	bytes = image_encode(&image, pixels, encoded, sizeof(encoded));
	assert_int_equal(image_write_file(path, encoded, (size_t)bytes), 0);

	assert_int_equal(image_read_size(path, &out, why, sizeof(why)), 0);
	assert_int_equal(out.width, 33);
	assert_int_equal(out.height, 21);
	assert_int_equal(image_read(path, &out, back, sizeof(back), why, sizeof(why)), 0);
	assert_memory_equal(back, pixels, sizeof(pixels));
	assert_int_equal(image_read(path, &out, back, 100, why, sizeof(why)), -EFBIG);

	/* Cut short, it is damaged; without its signature, it is no PNG; gone, it is missing. */
	assert_int_equal(truncate(path, bytes / 2), 0);
	assert_int_equal(image_read(path, &out, back, sizeof(back), why, sizeof(why)), -EBADMSG);
	assert_non_null(strstr(why, "damaged"));
	assert_int_equal(truncate(path, 3), 0);
	assert_int_equal(image_read_size(path, &out, why, sizeof(why)), -EBADMSG);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(image_read_size(path, &out, why, sizeof(why)), -ENOENT);
}

static void cpython_makes_the_same_picture(void **state)
{
	static const char name[] = "PICTURE_RIGHT = ";
	enum { WIDTH = 160, HEIGHT = 120, BYTES = WIDTH * HEIGHT * IMAGE_CHANNELS };
	static unsigned char pixels[BYTES];
	static unsigned char result[BYTES];
	const char *said = strstr(python_compare_source, name);
	struct image out;

	(void)state;
	/* As picture() in compare.py draws it. */
	for (size_t i = 0; i < BYTES; i++)
		pixels[i] = (unsigned char)(i * 40503u >> 8);
	out = process(WIDTH, HEIGHT, IMAGE_ALL, pixels, result);
	assert_non_null(said);
	assert_int_equal(crc32(0, result, (uInt)image_bytes(&out)),
	                 strtoul(said + strlen(name), NULL, 16));
}

static void a_folder_without_a_picture_is_refused_by_its_name(void **state)
{
	struct image_folder *images;
	struct folder *folder = *state;
	char why[1024] = "";
	const char *path = folder->path;

	assert_int_equal(image_folder_create(&images, &path, 1, path, IMAGE_ALL, why, sizeof(why)),
	                 -ENOENT);
	assert_non_null(strstr(why, path));
}

const struct CMUnitTest unit_image_tests[] = {
	cmocka_unit_test(grey_is_the_luma_of_rec_601),
	cmocka_unit_test(half_the_size_is_the_mean_of_four_pixels),
	cmocka_unit_test(blur_spreads_a_point_over_its_square),
	cmocka_unit_test(blur_leaves_one_colour_as_it_is),
	cmocka_unit_test(the_smallest_picture_goes_through_all),
	cmocka_unit_test(a_seed_draws_the_same_picture_and_each_index_another),
	cmocka_unit_test(cpython_makes_the_same_picture),
	cmocka_unit_test_setup_teardown(a_file_gives_back_the_pixels_that_were_written, folder_make,
                                        folder_remove),
	cmocka_unit_test_setup_teardown(a_folder_without_a_picture_is_refused_by_its_name,
                                        folder_make, folder_remove),
};
const size_t unit_image_tests_count = sizeof(unit_image_tests) / sizeof(unit_image_tests[0]);
