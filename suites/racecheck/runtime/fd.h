/* SPDX-License-Identifier: MIT */
/* suites/racecheck/runtime/fd.h - what a descriptor is, by an identity all processes share. */
#ifndef RACECHECK_FD_H
#define RACECHECK_FD_H

#include <sys/socket.h>

#include "suites/racecheck/runtime/channel.h"

enum fd_type {
	FD_BAD,
	FD_PLAIN, /* no order: a directory, a device */
	FD_FILE,
	FD_TERMINAL,
	FD_PIPE,
	FD_STREAM,  /* a socket of bytes */
	FD_MESSAGE, /* a socket of messages, none lost */
	FD_LOSSY,   /* a socket of messages that may get lost */
	FD_LISTEN,
	FD_EVENTFD,
	FD_SIGNALFD,
	FD_TIMERFD,
	FD_EPOLL,
	FD_INOTIFY,
	FD_PIDFD,
	FD_QUEUE, /* POSIX message queue */
	FD_UNCOVERED,
};

struct fd_look {
	enum fd_type type;
	struct channel_key read, write; /* where this end takes from and puts to */
	uint64_t device, inode;
	bool is_reliable; /* FIONREAD tells all that is on its way */
	char name[48];    /* of an uncovered kind */
};

/* Finds out what fd is. Leaves errno alone. */
void fd_look(int fd, struct fd_look *out);
/* Key of a place that sockets are bound to or sent to. */
struct channel_key fd_address_key(const struct sockaddr *address, socklen_t bytes);
/* The port an Internet socket is bound to, 0 if to none. */
uint32_t fd_port(int fd);
/* Did a socket's receive buffer ever lack the room for a datagram, or is that not known? */
bool fd_has_lost(int fd);
/* Messages that were sent before a socket was bound to their address are not for it. */
void fd_bound(int fd);
/* Notes that two sockets are each other's ends. */
void fd_pair(int one, int other);
/* Releases to whoever will see that fd was closed; drops locks that go with it. */
void fd_closed(int fd, enum edge edge);
/* Releases to whoever will see that a socket was shut down for writing. */
void fd_shut(int fd);
/* As fd_closed() for all open descriptors from first to last. */
void fd_closed_range(unsigned first, unsigned last, enum edge edge);
/* The same for all descriptors, before the process ends or executes. */
void fd_closed_all(bool is_exec);
/* Is the descriptor in non-blocking mode? */
bool fd_is_nonblocking(int fd);
/*
 * What inotify tells of. Which watches a file is under is not known: all of them are taken
 * to be told of every change of the kind.
 */
enum fd_change { CHANGE_DATA, CHANGE_NAME, CHANGE_CLOSE };
/* Before a file is changed: releases to whoever is told of it. */
void fd_changing(enum fd_change change, enum edge edge);
/* Orders the caller after changes of the kinds that are in a mask of inotify's. */
void fd_changed(uint32_t mask, enum edge edge);
/* All that an inotify descriptor is to tell of, as a mask. */
uint32_t fd_watch_mask(int fd);
/* How long a blocking call on a socket waits, by an option as SO_RCVTIMEO, in ms; -1: for ever. */
int fd_timeout(int fd, int option);
/* Releases to whoever writes to what fd took from, and is told that nobody reads there. */
void fd_hung_up(int fd, enum edge edge);
/* How many bytes a pipe can take now at most. */
uint64_t fd_pipe_room(int fd);
/* The process a pidfd stands for; 0: none. */
#define FD_PID_REAPED UINT32_MAX /* the one that it stood for */
uint32_t fd_pid(int fd);
/* Polls without waiting. Returns revents. */
int fd_poll(int fd, int events);
/*
 * Waits until fd is ready or timeout_ms passed (-1: for ever). Returns 0, or
 * -EINTR or -ETIMEDOUT.
 */
int fd_wait(int fd, int events, int timeout_ms, enum edge edge);

/* wrap_file.c: the file's locks that go when fd is closed were held until now. */
void locks_closed(int fd, uint64_t device, uint64_t inode);

/* wrap_signal.c: releases to whoever takes a signal of a process; pid as in kill(). */
void signal_sent(pid_t pid, int number, enum edge edge);
/* The same: a signal of the calling process was taken. */
void signal_taken(int number, int code, uint32_t child, enum edge edge);

#endif
