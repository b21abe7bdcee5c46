/* SPDX-License-Identifier: MIT */
/* workloads/tasks/image_folder.c - the user's picture files, as tasks of the pool. */
#include "workloads/tasks/image_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "workloads/tasks/image.h"

/* What is listed before it is known how many there are. */
struct list {
	char **paths;
	size_t count;
};

static int list_add(struct list *list, const char *folder, const char *name)
{
	char **grown = reallocarray(list->paths, list->count + 1, sizeof(*grown));
	char *path;

	if (!grown)
		return -ENOMEM;
	list->paths = grown;
	if (asprintf(&path, "%s%s%s", folder, folder[0] ? "/" : "", name) < 0)
		return -ENOMEM;
	list->paths[list->count++] = path;
	return list->count > IMAGE_FILES_MAX ? -E2BIG : 0;
}

static void list_release(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->paths[i]);
	free(list->paths);
}

static int is_png_name(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 4 &&
	       strcasecmp(entry->d_name + length - 4, ".png") == 0;
}

/* Adds a file, or the PNG files of a folder in the order of their names. */
static int list_path(struct list *list, const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_png_name, alphasort);
	int ret = 0;

	if (count < 0)
		return errno == ENOTDIR || errno == ENOENT ? list_add(list, "", path) : -errno;
	for (int i = 0; i < count; i++) {
		if (ret == 0)
			ret = list_add(list, path, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Looks at each file: its size, and whether another one is to have the same result. */
static void look(struct image_folder *folder)
{
	for (uint32_t i = 0; i < folder->files_count; i++) {
		struct image_file *file = &folder->files[i];
		struct image image;

		if (image_read_size(file->path, &image, file->failure, sizeof(file->failure)) < 0)
			continue;
		for (uint32_t j = 0; j < i && file->failure[0] == '\0'; j++) {
			if (strcmp(base_name(folder->files[j].path), base_name(file->path)) == 0)
				snprintf(file->failure, sizeof(file->failure),
				         "another file has this name: its result would be "
				         "overwritten");
		}
		if ((size_t)image.width * image.height > folder->pixels_max)
			folder->pixels_max = (size_t)image.width * image.height;
	}
}

/* Fails a file, once: the first cause is the one to tell. */
static void fail_file(struct image_file *file, const char *cause)
{
	if (file->failure[0] == '\0')
		snprintf(file->failure, sizeof(file->failure), "%s", cause);
}

/* Reads the next file that can be read. Returns its message's bytes, or -ENODATA. */
static ssize_t folder_fill(void *context, uint64_t id, void *room, size_t room_bytes)
{
	struct image_folder *folder = context;
	unsigned char *pixels = (unsigned char *)room + sizeof(struct image);
	uint32_t index = folder->file_of_task[id];

	/* A task whose worker died is asked for again: UINT32_MAX is one that is new. */
	for (bool is_new = index == UINT32_MAX;; is_new = true) {
		struct image_file *file;
		struct image image;

		if (is_new)
			index = folder->next++;
		if (index >= folder->files_count)
			return -ENODATA;
		file = &folder->files[index];
		if (file->failure[0] != '\0' ||
		    image_read(file->path, &image, pixels, room_bytes - sizeof(image),
		               file->failure, sizeof(file->failure)) < 0)
			continue;
		image.operations = folder->operations | IMAGE_ENCODE;
		memcpy(room, &image, sizeof(image));
		folder->file_of_task[id] = index;
		return (ssize_t)(sizeof(image) + image_bytes(&image));
	}
}

static int folder_take(void *context, uint64_t id, int status, const void *result, size_t bytes)
{
	struct image_folder *folder = context;
	struct image_file *file = &folder->files[folder->file_of_task[id]];
	char path[4096];
	int ret;

	if (status < 0 || bytes < sizeof(struct image)) {
		fail_file(file, strerror(status < 0 ? -status : EBADMSG));
		return 0;
	}
	ret = snprintf(path, sizeof(path), "%s/processed_%s", folder->to, base_name(file->path));
	ret = ret < (int)sizeof(path)
	              ? image_write_file(path, (const unsigned char *)result + sizeof(struct image),
	                                 bytes - sizeof(struct image))
	              : -ENAMETOOLONG;
	if (ret < 0)
		fail_file(file, strerror(-ret));
	else
		file->is_done = 1;
	return 0;
}

static int make_folder(const char *path, char *why, size_t why_bytes)
{
	int ret;

	if (mkdir(path, 0777) == 0 || errno == EEXIST)
		return 0;
	ret = -errno;
	snprintf(why, why_bytes, "folder '%s' can't be made: %s", path, strerror(errno));
	return ret;
}

/* Takes the listed paths over into memory that peers will share. */
static int fill_files(struct image_folder *folder, const struct list *list, char *why,
                      size_t why_bytes)
{
	folder->files_bytes = list->count * sizeof(*folder->files);
	folder->files = mmap(NULL, folder->files_bytes, PROT_READ | PROT_WRITE,
	                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (folder->files == MAP_FAILED) {
		folder->files = NULL;
		return -ENOMEM;
	}
	folder->file_of_task = malloc((list->count + 1) * sizeof(*folder->file_of_task));
	if (!folder->file_of_task)
		return -ENOMEM;
	/* One more: the task that finds no file. */
	for (size_t i = 0; i <= list->count; i++)
		folder->file_of_task[i] = UINT32_MAX;
	for (size_t i = 0; i < list->count; i++) {
		struct image_file *file = &folder->files[folder->files_count++];

		if (snprintf(file->path, sizeof(file->path), "%s", list->paths[i]) >=
		    (int)sizeof(file->path)) {
			snprintf(why, why_bytes, "a path is too long: %s", list->paths[i]);
			return -ENAMETOOLONG;
		}
	}
	look(folder);
	return 0;
}

int image_folder_create(struct image_folder **out, const char *const *paths, size_t paths_count,
                        const char *to, uint32_t operations, char *why, size_t why_bytes)
{
	struct image_folder *folder = calloc(1, sizeof(*folder));
	struct list list = {0};
	int ret = 0;

	if (!folder)
		return -ENOMEM;
	folder->operations = operations;
	folder->to = to;
	folder->source = (struct pool_source){folder, folder_fill, folder_take};
	for (size_t i = 0; i < paths_count && ret == 0; i++) {
		ret = list_path(&list, paths[i]);
		if (ret < 0)
			snprintf(why, why_bytes, "'%s' can't be listed: %s", paths[i],
			         strerror(-ret));
	}
	if (ret == 0 && list.count == 0) {
		ret = -ENOENT;
		snprintf(why, why_bytes, "there is no PNG file in '%s'",
		         paths_count > 0 ? paths[0] : "");
	}
	if (ret == 0)
		ret = make_folder(to, why, why_bytes);
	if (ret == 0)
		ret = fill_files(folder, &list, why, why_bytes);
	list_release(&list);
	if (ret < 0) {
		if (why[0] == '\0')
			snprintf(why, why_bytes, "%s", strerror(-ret));
		image_folder_destroy(folder);
		return ret;
	}
	*out = folder;
	return 0;
}

void image_folder_destroy(struct image_folder *folder)
{
	if (!folder)
		return;
	if (folder->files)
		munmap(folder->files, folder->files_bytes);
	free(folder->file_of_task);
	free(folder);
}

int image_folder_draw(const char *path, uint32_t count, uint32_t width, uint64_t seed, char *why,
                      size_t why_bytes)
{
	const struct image image = {
		.width = width,
		.height = width * 3 / 4 > 0 ? width * 3 / 4 : 1,
		.channels = IMAGE_CHANNELS,
	};
	size_t out_bytes = image_message_bytes((size_t)image.width * image.height);
	unsigned char *pixels = malloc(image_bytes(&image));
	unsigned char *encoded = malloc(out_bytes);
	int ret = pixels && encoded ? make_folder(path, why, why_bytes) : -ENOMEM;

	for (uint32_t i = 0; i < count && ret == 0; i++) {
		char name[4096];
		ssize_t bytes;

		image_draw(seed, i, &image, pixels);
		bytes = image_encode(&image, pixels, encoded, out_bytes);
		ret = (int)(bytes < 0 ? bytes : 0);
		if (snprintf(name, sizeof(name), "%s/picture_%04u.png", path, i + 1) >=
		    (int)sizeof(name))
			ret = -ENAMETOOLONG;
		if (ret == 0)
			ret = image_write_file(name, encoded, (size_t)bytes);
		if (ret < 0)
			snprintf(why, why_bytes, "'%s' can't be written: %s", name, strerror(-ret));
	}
	free(pixels);
	free(encoded);
	return ret;
}
