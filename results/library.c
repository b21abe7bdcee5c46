/* SPDX-License-Identifier: MIT */
/* results/library.c - shared libraries that are loaded when something first needs them. */
#include "results/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int load(const struct library *library, char *why, size_t why_bytes)
{
	void *handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);

	if (!handle) {
		snprintf(why, why_bytes, "%s; install the package that has it", dlerror());
		return -ENOENT;
	}
	for (size_t i = 0; i < library->names_count; i++) {
		void *found = dlsym(handle, library->names[i]);

		if (!found) {
			snprintf(why, why_bytes,
			         "%s has no %s; install the version that this was "
			         "built with",
			         library->file, library->names[i]);
			dlclose(handle);
			return -ENOSYS;
		}
		memcpy((char *)library->table + i * sizeof(found), &found, sizeof(found));
	}
	return 0;
}

int library_load(struct library *library, char *why, size_t why_bytes)
{
	int ret = 0;

	pthread_mutex_lock(&lock);
	if (!library->is_loaded) {
		ret = load(library, why, why_bytes);
		library->is_loaded = ret == 0;
	}
	pthread_mutex_unlock(&lock);
	return ret;
}
