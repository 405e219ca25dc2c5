/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The 22 waits: system calls that block, and what ends each of them.
 *
 * A wait runs in a child of its own, a cell of the matrix. The parent makes what
 * the wait is about (a pipe, a semaphore, ...), the child enters the system call
 * once and reports what it returned, and the parent brings the event about. All
 * calls are made by number: the C library would turn pause() into ppoll() and
 * the like on some machines, and /proc/PID/syscall is asked for that number.
 */
#ifndef PROXYIPC_WAIT_MATRIX_WAITS_H
#define PROXYIPC_WAIT_MATRIX_WAITS_H

#include <linux/types.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

/* Shared memory, written by the child. */
struct report {
	atomic_uint returned;	/* times the call came back */
	atomic_uint handled;	/* times the signal handler ran */
	atomic_uint done;	/* the rest is final */
	atomic_uint futex;	/* what the futex waits are about */
	int process_fd;			/* the child's own process object, or -errno */
	long result;			/* of the call, or -errno */
	bool again;			/* the event wasn't there exactly once */
	__u64 began;			/* CLOCK_MONOTONIC, nanoseconds */
	__u64 ended;
};

struct wait;

/* Handles of the method that stops the child, as it needs them. */
struct stop {
	int fd;
	__u64 token;
	char dir[96];
};

struct cell {
	const struct wait *wait;
	struct report *report;
	pid_t pid;		/* 0 or less if there is no child */
	__u64 timeout;		/* of sleeps, and of calls that have one */
	bool expires;		/* nothing but the timeout ends it */
	int fd[2];		/* -1, or what the wait is about */
	int id;			/* likewise, for System V IPC */
	struct stop stop;
	long sleeps;		/* times it had gone to sleep before the stop */
	const char *outcome;	/* NULL as long as nothing is wrong */
};

/*
 * @prepare and @wake run in the parent and return 0 or -errno; @wait and @again
 * in the child. @wait returns what the call returned (or -errno), and -EBADMSG
 * if what came with it (data, a status) is wrong.
 *
 * @wake is NULL for sleeps, @again where an event leaves nothing behind.
 * @expect is the result once the event has come, @expired the result once the
 * timeout has passed, 0 for a wait that isn't tried with that.
 */
struct wait {
	const char *name;
	long number;
	long expect;
	long expired;
	int (*prepare)(struct cell *c);
	long (*wait)(struct cell *c);
	int (*wake)(struct cell *c);
	bool (*again)(struct cell *c);
	void (*clean)(struct cell *c);
};

#define WAITS 22
extern const struct wait waits[WAITS];

#endif /* PROXYIPC_WAIT_MATRIX_WAITS_H */
