/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef _PROXYIPC_COMMAND_RUN_H
#define _PROXYIPC_COMMAND_RUN_H

#include <proxyipc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct supervision - a program and how it is supervised
 * @argv: what to execute
 * @json: messages are printed as JSON
 * @device: from proxyipc_open()
 * @pid: of the program
 * @process: the process object of the whole program
 * @endpoint: where its proxied messages arrive
 * @signals: this program's, SIGCHLD among them
 * @timeout: of the watchdog, nanoseconds; 0: there is none
 * @pretimeout: likewise
 * @kill_by: the signal that ends the program at the timeout; 0: it goes on
 * @told: a bit for each stage of the watchdog that was told of the present silence
 * @keepalives: how often the program had kept alive then
 */
struct supervision {
	char **argv;
	bool json;
	int device;
	pid_t pid;
	int process;
	int endpoint;
	int signals;
	uint64_t timeout;
	uint64_t pretimeout;
	int kill_by;
	unsigned int told;
	long long keepalives;
};

/*
 * run_start.c: starts the program, with everything set up and this program's signals
 * caught; 0, or what to exit with. It has said why.
 */
int start_program(struct supervision *s);

/*
 * run.c: the hold that @message told of is over; a caller is answered by zeros.
 */
void resume_program(const struct supervision *s, const struct proxyipc_received *message);

/* run_watchdog.c: reports the program that doesn't keep alive, and resumes or ends it. */
void handle_watchdog(struct supervision *s, const struct proxyipc_received *message);

#endif /* _PROXYIPC_COMMAND_RUN_H */
