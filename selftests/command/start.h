/* SPDX-License-Identifier: GPL-2.0 */
/* Starting the proxyipc command as a shell would, and reading what it prints. */
#ifndef PROXYIPC_COMMAND_START_H
#define PROXYIPC_COMMAND_START_H

#include <sys/types.h>

struct who;

#define TEXT_SIZE	65536

/**
 * struct started - the command, while it runs and after it
 * @pid: of it; -errno if it couldn't be started, 0 once reaped
 * @out: where it prints
 * @err: where it complains
 * @said: what it printed, so far as it was read
 * @complained: what it complained about, all of it once it ended
 */
struct started {
	pid_t pid;
	int out;
	int err;
	char said[TEXT_SIZE];
	char complained[TEXT_SIZE];
};

/*
 * Starts "proxyipc ARGUMENT...", NULL after the last; as @who, NULL for whoever the
 * test is. It dies with the test.
 */
void command_start(struct started *started, const struct who *who, ...);

/* Its next line, in a buffer that the next call overwrites; NULL if none comes. */
const char *command_line(struct started *started);
const char *command_complaint(struct started *started);

/*
 * Waits for its end, and reads the rest: its exit status; -ETIMEDOUT if it doesn't
 * end in good time, minus 1000 minus the signal's number if one ended it.
 */
int command_end(struct started *started);

/* Kills it, if it is still there. */
void command_kill(struct started *started);

/*
 * The descriptor of a process object that process @pid has, in this process; or -errno.
 * That of run, which fills the receiver slot when the program may already run: with
 * that filled.
 */
int command_take_process(pid_t pid);

#define KILLED_BY(signo)	(-1000 - (signo))

/* Both, for commands that end by themselves. */
#define command_run(started_, who_, ...) ({				\
	command_start(started_, who_, __VA_ARGS__, NULL);		\
	command_end(started_);						\
})

#endif /* PROXYIPC_COMMAND_START_H */
