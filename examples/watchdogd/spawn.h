/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* Processes that the daemon starts: services, which agree to be held, and probes. */
#ifndef WATCHDOGD_SPAWN_H
#define WATCHDOGD_SPAWN_H

#include <signal.h>
#include <sys/types.h>

struct service_config;

/**
 * struct spawn_failure - why a program could not be started
 * @error: error number
 * @what: that went wrong, a word or two
 */
struct spawn_failure {
	int error;
	char what[64];
};

/* The signal mask that the daemon itself was started with: its children's. */
void spawn_set_signals(const sigset_t *signals);

/*
 * Starts the service as its user, in a session of its own, with @socket (NULL for
 * none) as NOTIFY_SOCKET. Returns a process object on all threads that it will have, or
 * -1 and why. Waits until the program is executed.
 */
int spawn_service(int device, const struct service_config *config, const char *socket,
		  pid_t *pid, struct spawn_failure *failure);

/* Starts its probe, as that user and in a process group of its own; 0 or -errno. */
int spawn_probe(const struct service_config *config, pid_t *pid);

/*
 * A process object on a process that somebody else started, by its pidfd: or a negative
 * error of proxyipc_process_open_pidfd(), which wants CAP_SYS_PTRACE.
 */
int open_adopted(int device, int pidfd);

#endif /* WATCHDOGD_SPAWN_H */
