/* SPDX-License-Identifier: GPL-2.0 */
/* Starting watchdogd as a person would, and reading its log. */
#ifndef PROXYIPC_WATCHDOGD_DAEMON_H
#define PROXYIPC_WATCHDOGD_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LOG_SIZE	(1 << 20)

/* As long as a loaded machine that emulates another may take to start something. */
#define DAEMON_PATIENCE_MS	(6 * PATIENCE_MS)

/**
 * struct daemon - the daemon
 * @pid: of it, 0: none
 * @uid: as whom it is run, 0: as root
 * @no_device: it sees no /dev/proxyipc
 * @log: where its log comes from
 * @over: there will be no more
 * @folder: for its files, and those of its services
 * @file: its configuration
 * @cgroup: that it is in, as a service manager would have it
 * @text: its log so far
 * @len: of that
 * @at: where daemon_event() goes on
 */
struct daemon {
	pid_t pid;
	uid_t uid;
	bool no_device;
	int log;
	bool over;
	char folder[64];
	char file[80];
	char cgroup[64];
	char text[LOG_SIZE];
	size_t len;
	size_t at;
};

/*
 * A folder of its own; in @config, what says FOLDER is that, and ~3s is 3s, or as much
 * longer as this kernel is slower. 0 or -errno.
 */
int daemon_new(struct daemon *daemon);
int daemon_configure(struct daemon *daemon, const char *config);
int daemon_start(struct daemon *daemon, const char *config);

/* "watchdogd --check" of the file: its exit status; what it says is in daemon->text. */
int daemon_check(struct daemon *daemon);

/* SIGTERM, and waits: its exit status, -ETIMEDOUT if it doesn't end. */
int daemon_end(struct daemon *daemon);

/* Kills it, and all that it started, if that is still there. */
void daemon_clean(struct daemon *daemon);

/*
 * The next event of that name about that service (NULL: any), and of that id (0: any):
 * its line, in a buffer that the next call overwrites; NULL if none comes in good time.
 */
const char *daemon_event(struct daemon *daemon, const char *event, const char *service,
			 unsigned long long id);

/*
 * The next stall of that service at that stage, which others may come before: where a
 * processor stood still for long enough, the first stage is passed over. If @stacks isn't
 * NULL the next one of which there are stacks, for which a thread must have got a
 * processor within a tenth of a second; they go there.
 */
const char *daemon_stall(struct daemon *daemon, const char *service, const char *stage,
			 const char **stacks);

/* As daemon_event(), from the beginning of the log, of what there is by now. */
const char *daemon_said(struct daemon *daemon, const char *event, const char *service);

/* Reads for so long what there is to read. */
void daemon_listen(struct daemon *daemon, unsigned int ms);

/* The stacks that belong to event @id: from its next event, in a buffer likewise. */
const char *daemon_stacks(struct daemon *daemon, unsigned long long id);

/* A value of an event's line: as text ("" if it isn't there), and as a number. */
const char *event_value(const char *line, const char *key);
long long event_number_of(const char *line, const char *key);

/* The process of that name, 0 if there is none. */
pid_t process_named(const char *name);

#endif /* PROXYIPC_WATCHDOGD_DAEMON_H */
