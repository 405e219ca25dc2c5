/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * A service: its life from start to end, over and over. Three files share it:
 *
 *	service.c	starting, adopting, stopping, what follows its end
 *	alive.c		its signs of life, and the kernel's watchdog that waits for them
 *	stall.c		what happens when that, or a fault, says that something is wrong
 */
#ifndef WATCHDOGD_SERVICE_H
#define WATCHDOGD_SERVICE_H

#include "config.h"
#include "loop.h"
#include "notify.h"
#include "probe.h"

#include <proxyipc.h>
#include <stdbool.h>

struct evidence;

enum service_state {
	SERVICE_DOWN,		/* no process; @timer may be set to change that */
	SERVICE_STARTING,	/* has given no sign of life yet */
	SERVICE_RUNNING,
	SERVICE_STOPPING,	/* told to end, or said that it does */
};

/**
 * struct host - what all services share
 * @device: /dev/proxyipc
 * @endpoint: where messages about services arrive
 * @receiver: watches @endpoint
 * @config: the configuration in force
 * @services: the services
 * @ending: the daemon ends as soon as nothing runs
 */
struct host {
	int device;
	int endpoint;
	struct watch receiver;
	struct config *config;
	struct service *services;
	bool ending;
};

/**
 * struct service - a service
 * @next: in the list of all
 * @host: what it shares with the others
 * @owner: the configuration that @config belongs to
 * @config: how it is to be; what it is run as takes effect when it is started next
 * @name: of it
 * @state: how far it is
 * @removed: goes when it has ended
 * @adopted: somebody else started it
 * @refused: why it could not be adopted at the last try, or NULL
 * @instance: names this run of it, never 0, never used again
 * @pid: its main process, 0: none
 * @pidfd: the same, -1: none
 * @process: process object on all of its threads, -1: none
 * @ended: watches @pidfd
 * @timer: of its state: start again, adopt, or give up waiting for its end
 * @pause: how long the next pause before a start will be, nanoseconds
 * @started_at: when it was
 * @killed: why the daemon killed it, or NULL
 * @again: whatever its end looks like, it is started again
 * @notify: its socket
 * @probe: its probe
 * @probe_failed: the last one did
 * @timeout: what its watchdog is set to when it runs; it may have asked for another
 * @pretimeout: likewise
 * @triggered: it said itself that something is wrong
 * @stalled_at: when it was found stalled first, since its last sign of life; or 0
 * @own_delay: cpu_delay() of the daemon at that sign of life
 * @faults: how many it has survived
 * @evidence: who takes it, or NULL
 * @reports: those that are being made
 * @status: what it said last
 */
struct service {
	struct service *next;
	struct host *host;
	struct config *owner;
	const struct service_config *config;
	const char *name;
	enum service_state state;
	bool removed;
	bool adopted;
	const char *refused;
	__u64 instance;
	pid_t pid;
	int pidfd;
	int process;
	struct watch ended;
	struct timer timer;
	__u64 pause;
	__u64 started_at;
	const char *killed;
	bool again;
	struct notify notify;
	struct probe probe;
	bool probe_failed;
	__u64 timeout;
	__u64 pretimeout;
	bool triggered;
	__u64 stalled_at;
	__u64 own_delay;
	unsigned int faults;
	struct evidence *evidence;
	unsigned int reports;
	char status[256];
};

/* --- service.c --- */

/* Services of @config that aren't there are made and started, others follow it. */
void services_configure(struct host *host, struct config *config);

/* All are told to end, adopted ones are let go; when they are gone loop_end() is called. */
void services_stop(struct host *host);

/* Kills it and all of its process group. @why is a constant. */
void service_kill(struct service *service, const char *why, bool again);

/* It said that it ends: it gets as long as it would if it had been told to. */
void service_stopping(struct service *service, __u64 patience);

/* The service whose run that is, or NULL. */
struct service *service_find(struct host *host, __u64 instance);

/* A removed one that nobody needs any more goes. */
void service_put(struct service *service);

/* --- alive.c --- */

/* It has a process, and gets no other before alive_end(). */
void alive_begin(struct service *service);
void alive_end(struct service *service);

/* Its configuration changed while it runs. */
void alive_configure(struct service *service);

/* Its timeout has come, and was told of: what counts from there begins anew. */
void alive_begin_anew(struct service *service);

/* --- stall.c --- */

/* A message about a service arrives at the endpoint. */
void stall_receive(void *host);

#endif /* WATCHDOGD_SERVICE_H */
