/* SPDX-License-Identifier: MIT */
/* ipc/registry.c - the transports this program knows, built in and loaded. */
#include "ipc/registry.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOADED_MAX 32
/* What tables and the history have room for. */
#define NAME_LENGTH_MAX 31

static const struct ipc_transport *const builtin[] = {
#define IPC_TRANSPORT(name) &transport_##name,
#include "registered_transports.inc"
#undef IPC_TRANSPORT
};

enum { BUILTIN_COUNT = sizeof(builtin) / sizeof(builtin[0]) };

/* Written by registry_add() only, before any peer exists. */
static struct ipc_transport loaded[LOADED_MAX];
static size_t loaded_count;

const struct ipc_transport *registry_at(size_t index)
{
	if (index < BUILTIN_COUNT)
		return builtin[index];
	index -= BUILTIN_COUNT;
	return index < loaded_count ? &loaded[index] : NULL;
}

const struct ipc_transport *registry_find(const char *name)
{
	const struct ipc_transport *transport;

	for (size_t i = 0; (transport = registry_at(i)); i++) {
		if (strcmp(transport->name, name) == 0)
			return transport;
	}
	return NULL;
}

/* Returns what a table lacks, or null. */
static const char *missing_member(const struct ipc_transport *t)
{
	bool has_zero_copy = t->claim && t->commit && t->abort && t->peek && t->release;

	if (!t->name || t->name[strspn(t->name, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0' ||
	    t->name[0] == '\0' || strlen(t->name) > NAME_LENGTH_MAX)
		return "a name of [a-z0-9_]+, at most 31 long";
	if (!t->summary)
		return "a summary";
	if (!t->probe || !t->channel_create || !t->channel_destroy || !t->endpoint_open ||
	    !t->endpoint_close || !t->send || !t->recv)
		return "a required function";
	if (!(t->caps & (IPC_CAP_BLOCK | IPC_CAP_SPIN)))
		return "a way to wait (IPC_CAP_BLOCK or IPC_CAP_SPIN)";
	if ((t->caps & IPC_CAP_ZERO_COPY) && !has_zero_copy)
		return "the functions that IPC_CAP_ZERO_COPY promises";
	return NULL;
}

int registry_add(const struct ipc_transport *transport, char *why, size_t why_bytes)
{
	struct ipc_transport copy = {0};
	const char *missing;

	if (transport->abi != IPC_TRANSPORT_ABI) {
		snprintf(why, why_bytes, "its transport has ABI %u, this program has ABI %u",
		         transport->abi, IPC_TRANSPORT_ABI);
		return -EPROTO;
	}
	/* Built against an older header it is shorter: what it lacks stays null. */
	memcpy(&copy, transport, transport->size < sizeof(copy) ? transport->size : sizeof(copy));
	missing = missing_member(&copy);
	if (missing) {
		snprintf(why, why_bytes, "its transport '%s' lacks %s", copy.name ? copy.name : "?",
		         missing);
		return -EPROTO;
	}
	if (registry_find(copy.name)) {
		snprintf(why, why_bytes, "there is a transport called '%s' already", copy.name);
		return -EEXIST;
	}
	if (loaded_count == LOADED_MAX) {
		snprintf(why, why_bytes, "more than %d transports are loaded", LOADED_MAX);
		return -ENOSPC;
	}
	loaded[loaded_count++] = copy;
	return 0;
}

/* Checks what can be checked of a path before the code behind it runs. */
static int check_file(const char *path, char *why, size_t why_bytes)
{
	struct stat status;

	if (!strchr(path, '/')) {
		snprintf(why, why_bytes, "not a path; write ./%s, nothing is searched", path);
		return -EINVAL;
	}
	if (stat(path, &status) < 0) {
		int ret = -errno;

		snprintf(why, why_bytes, "%s; give the path of a library built for this program",
		         strerror(-ret));
		return ret;
	}
	if (!S_ISREG(status.st_mode)) {
		snprintf(why, why_bytes,
		         "not a regular file; give the path of a library built for this program");
		return -EINVAL;
	}
	if (status.st_uid != 0 && status.st_uid != geteuid()) {
		snprintf(why, why_bytes, "belongs to uid %u, neither root nor this user",
		         (unsigned)status.st_uid);
		return -EACCES;
	}
	if (status.st_mode & (S_IWGRP | S_IWOTH)) {
		snprintf(why, why_bytes, "others can write it (mode %04o); chmod go-w",
		         (unsigned)(status.st_mode & 07777));
		return -EACCES;
	}
	return 0;
}

int registry_load(const char *path, char *why, size_t why_bytes)
{
	const struct ipc_plugin *plugin;
	void *handle;
	int ret;

	ret = check_file(path, why, why_bytes);
	if (ret < 0)
		return ret;
	/* Bind now: a symbol first resolved while measuring would be measured. */
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		snprintf(why, why_bytes, "%s", dlerror());
		return -ENOEXEC;
	}
	plugin = dlsym(handle, IPC_PLUGIN_SYMBOL);
	if (!plugin) {
		snprintf(why, why_bytes, "it exports no object '%s'; see ipc/transport.h",
		         IPC_PLUGIN_SYMBOL);
		return -ENOEXEC;
	}
	if (plugin->abi != IPC_TRANSPORT_ABI) {
		snprintf(why, why_bytes, "it has ABI %u, this program has ABI %u", plugin->abi,
		         IPC_TRANSPORT_ABI);
		return -EPROTO;
	}
	if (plugin->transport_count == 0 || !plugin->transports) {
		snprintf(why, why_bytes, "it holds no transport");
		return -EPROTO;
	}
	for (uint32_t i = 0; i < plugin->transport_count; i++) {
		if (!plugin->transports[i]) {
			snprintf(why, why_bytes, "its transport %u is null", i);
			return -EPROTO;
		}
		ret = registry_add(plugin->transports[i], why, why_bytes);
		if (ret < 0)
			return ret;
	}
	return 0;
}
