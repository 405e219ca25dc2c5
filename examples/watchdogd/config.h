/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* The configuration file, watchdogd.conf(5), as values. */
#ifndef WATCHDOGD_CONFIG_H
#define WATCHDOGD_CONFIG_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What is done about a service that gives no sign of life any more. */
enum action {
	ACTION_REPORT,		/* say so, with evidence, and let it go on */
	ACTION_RESTART,		/* and kill it, and start it again */
	ACTION_KILL,		/* and kill it */
};

/* When a service that ended is started again. */
enum restart {
	RESTART_ALWAYS,
	RESTART_FAILURE,	/* it was killed, or its exit status isn't 0 */
	RESTART_NEVER,
};

/* How a service gives signs of life. */
enum alive {
	ALIVE_NOTIFY,		/* WATCHDOG=1 to NOTIFY_SOCKET, as for systemd */
	ALIVE_PROBE,		/* a command that succeeds */
	ALIVE_PAGE,		/* proxyipc_keepalive(), its control page */
};

/* Whose messages to a service's NOTIFY_SOCKET count. */
enum notify_access {
	NOTIFY_MAIN,		/* its main process's */
	NOTIFY_ALL,		/* and of all that descend from it */
};

/**
 * struct service_config - one service, as configured
 * @name: its title
 * @command: program and arguments, ended by NULL; NULL: it is only adopted
 * @environment: NAME=VALUE, added to the daemon's own, ended by NULL
 * @directory: where it starts, or NULL
 * @user: as whom, or NULL: as the daemon
 * @uid: of @user
 * @gid: of @user
 * @adopt: file with the process id of a service that somebody else starts, or NULL
 * @alive: how it gives signs of life
 * @notify_access: from whom they count
 * @probe: command that asks for one, ended by NULL; or NULL
 * @probe_interval: from one to the next, nanoseconds, as are all times
 * @probe_timeout: how long it may take
 * @timeout: how long the service may go without a sign of life; 0: for ever
 * @pretimeout: how long before that it is reported for the first time; 0: it isn't
 * @start_timeout: how long the first sign may take
 * @stop_timeout: how long it may take to end
 * @on_timeout: what is done at the timeout
 * @on_starved: the same, if it didn't get the CPU that it wanted
 * @restart: when it is started again
 * @backoff: pause before it is; twice as long each time
 * @backoff_max: but no longer than this
 * @backoff_reset: who ran for so long begins anew with @backoff
 * @faults: signals of the faults to report, proxyipc_signal_bit() of each
 */
struct service_config {
	const char *name;
	char **command;
	char **environment;
	const char *directory;
	const char *user;
	uid_t uid;
	gid_t gid;
	const char *adopt;
	enum alive alive;
	enum notify_access notify_access;
	char **probe;
	__u64 probe_interval;
	__u64 probe_timeout;
	__u64 timeout;
	__u64 pretimeout;
	__u64 start_timeout;
	__u64 stop_timeout;
	enum action on_timeout;
	enum action on_starved;
	enum restart restart;
	__u64 backoff;
	__u64 backoff_max;
	__u64 backoff_reset;
	__u64 faults;
};

/**
 * struct config - a configuration
 * @users: who keeps it
 * @file: what the strings in it belong to
 * @json: the log is JSON
 * @runtime_dir: folder for the services' sockets
 * @hold_max: for how long a service is held at most while evidence is taken
 * @hardware: watchdog device to feed, or NULL
 * @hardware_timeout: what that is set to; nanoseconds, a multiple of a second
 * @count: of @services
 * @services: the services
 */
struct config {
	unsigned int users;
	struct cfg_t *file;
	bool json;
	const char *runtime_dir;
	__u64 hold_max;
	const char *hardware;
	__u64 hardware_timeout;
	size_t count;
	struct service_config *services;
};

/*
 * NULL if anything in it is wrong. What, is given to @complain, "FILE:LINE: WORDS",
 * once for each mistake that can be told from the others.
 */
struct config *config_read(const char *path, void (*complain)(const char *text));

/* It goes when nobody keeps it any more; who has read it does. */
struct config *config_get(struct config *config);
void config_put(struct config *config);

/* The service of that name, or NULL. */
const struct service_config *config_find(const struct config *config, const char *name);

#endif /* WATCHDOGD_CONFIG_H */
