/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef _PROXYIPC_COMMAND_STACKS_H
#define _PROXYIPC_COMMAND_STACKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct output;

/**
 * struct stacks - whose stacks, and what came of it
 * @device: from proxyipc_open(), to hold them by; not needed with @token
 * @pid: the process
 * @tid: the one thread of it, 0 for all
 * @process: a process object that is held already by @token: what that holds is walked
 * @token: that hold, 0 if there is none
 * @walked: called as soon as all that was held for this runs again: @token isn't
 *	needed any more, and what is still to be done may take long; may be NULL
 * @arg: for it
 * @threads: how many there were
 * @held: how many of them were held
 * @held_us: for how long, microseconds
 */
struct stacks {
	int device;
	pid_t pid;
	pid_t tid;
	int process;
	uint64_t token;
	void (*walked)(void *arg);
	void *arg;
	unsigned int threads;
	unsigned int held;
	uint64_t held_us;
};

/*
 * Adds them to @output: lines, or with @json the table "frames". Returns the number
 * of threads that have one, or a negative error; of those, -ENOSYS says that this
 * program was built without libproxyipc-backtrace.
 */
int stacks_add(struct output *output, bool json, struct stacks *stacks);

/* Why there are none, for people. */
const char *stacks_strerror(int error);

#endif /* _PROXYIPC_COMMAND_STACKS_H */
