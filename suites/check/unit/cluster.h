/* SPDX-License-Identifier: MIT */
/*
 * suites/check/unit/cluster.h - a PostgreSQL server of the tests' own.
 *
 * It has a folder of its own, listens on a socket in there and on no port, and is run
 * by an unprivileged user. A process beside the tests ends it and removes the folder
 * when they end, killed or not.
 */
#ifndef SUITES_CHECK_UNIT_CLUSTER_H
#define SUITES_CHECK_UNIT_CLUSTER_H

/*
 * Returns the folder of the server's socket, starting it at the first call; or null with
 * the cause in *why. Waits at most for two minutes.
 */
const char *cluster_socket(const char **why);

/* Ends the server, if it was started, and waits until its folder is gone. */
void cluster_stop(void);

#endif
