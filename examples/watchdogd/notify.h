/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * The receiving end of sd_notify(3): a socket for each service, by which programs that
 * were written for systemd's watchdog say that they are ready and alive.
 */
#ifndef WATCHDOGD_NOTIFY_H
#define WATCHDOGD_NOTIFY_H

#include "loop.h"

#include <sys/types.h>
#include <sys/un.h>

struct service_config;

/**
 * struct said - what one message says, of what means something here
 * @ready: it is started
 * @alive: a sign of life
 * @trigger: it found out by itself that something is wrong
 * @stopping: it is about to end
 * @extend: it needs so much more time to start or stop, nanoseconds; 0: not said
 * @timeout: what its timeout should be from now on, nanoseconds; 0: not said
 * @status: how it is, for people; empty: not said
 */
struct said {
	bool ready;
	bool alive;
	bool trigger;
	bool stopping;
	__u64 extend;
	__u64 timeout;
	char status[256];
};

/**
 * struct notify - the socket of a service
 * @fd: socket, -1: none
 * @path: where it is
 * @watch: of @fd
 * @root: process whose messages count
 * @descendants: those of its descendants do too
 * @said: told of a message
 * @rejected: told of who sent one that doesn't count, not too often
 * @arg: for both
 * @rejected_at: when it was told last
 */
struct notify {
	int fd;
	struct sockaddr_un path;
	struct watch watch;
	pid_t root;
	bool descendants;
	void (*said)(void *arg, const struct said *said);
	void (*rejected)(void *arg, pid_t sender);
	void *arg;
	__u64 rejected_at;
};

/* @folder: where sockets go. Only the service's user may write to it. 0 or -errno. */
int notify_open(struct notify *notify, const char *folder, const struct service_config *config);

/* From now on messages of @root and perhaps its descendants are read. */
void notify_begin(struct notify *notify, pid_t root,
		  void (*said)(void *arg, const struct said *said),
		  void (*rejected)(void *arg, pid_t sender), void *arg);
void notify_close(struct notify *notify);

#endif /* WATCHDOGD_NOTIFY_H */
