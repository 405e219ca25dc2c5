/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * A probe: a command that is run again and again, and succeeds when its service is
 * well. It has a deadline of its own, and nobody waits for it.
 */
#ifndef WATCHDOGD_PROBE_H
#define WATCHDOGD_PROBE_H

#include "loop.h"

#include <sys/types.h>

struct service_config;

/**
 * struct probe - the probe of a service
 * @config: the service's; its probe is NULL for one that has none
 * @done: told of the result: NULL for success, or what went wrong
 * @arg: for @done
 * @pid: of the command, 0 while there is none
 * @pidfd: the same
 * @ended: watches @pidfd
 * @next: when it is run again
 * @deadline: when it is given up
 * @late: it was given up
 * @delay: for how long those that failed since the last success waited for a CPU
 */
struct probe {
	const struct service_config *config;
	void (*done)(void *arg, const char *why);
	void *arg;
	pid_t pid;
	int pidfd;
	struct watch ended;
	struct timer next;
	struct timer deadline;
	bool late;
	__u64 delay;
};

/* The first one is run after the interval. */
void probe_begin(struct probe *probe, const struct service_config *config,
		 void (*done)(void *arg, const char *why), void *arg);
void probe_end(struct probe *probe);

/* For how long it has been kept from succeeding by a lack of CPUs, nanoseconds. */
__u64 probe_delay(const struct probe *probe);

#endif /* WATCHDOGD_PROBE_H */
