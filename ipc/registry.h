/* SPDX-License-Identifier: MIT */
/* ipc/registry.h - the transports this program knows, built in and loaded. */
#ifndef IPC_REGISTRY_H
#define IPC_REGISTRY_H

#include "ipc/transport.h"

/* Each built-in transport; declared here so that its definition is checked against it. */
#define IPC_TRANSPORT(name) extern const struct ipc_transport transport_##name;
#include "registered_transports.inc"
#undef IPC_TRANSPORT

/*
 * Loads a plug-in and adds its transports. The path must hold a '/': nothing is
 * searched. The file must be a regular file that belongs to root or to this user
 * and that no one else can write; a plug-in once loaded is trusted.
 *
 * The plug-in is never unloaded. Call it from main(), before any peer exists.
 * Returns 0, or -errno with one line in why: -ENOENT, -EACCES (another owner or
 * writable), -EINVAL (not a path to a regular file), -ENOEXEC (not loadable, or
 * no ipc_plugin symbol), -EPROTO (another ABI, or an incomplete table), -EEXIST
 * (a name is taken), -ENOSPC (too many).
 */
int registry_load(const char *path, char *why, size_t why_bytes);

/*
 * Adds one transport, as registry_load() does with each of a plug-in's: for
 * programs that wrap another transport. *transport must outlive the registry's use.
 */
int registry_add(const struct ipc_transport *transport, char *why, size_t why_bytes);

/* Returns the transport called name, or null. */
const struct ipc_transport *registry_find(const char *name);

/* Returns the transport at index, or null past the last one. */
const struct ipc_transport *registry_at(size_t index);

#endif
