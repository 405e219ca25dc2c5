/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * What a client of supervisor.c says to it, and what it answers: the words of
 * their messages. The client gets the entry to call from the supervisor's door,
 * a Unix socket that sends it to whoever connects.
 */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

/* Words of the request: "hold the program and look what it is doing". */
enum ask {
	ASK_HOLD_NS,		/* for how long, at most HOLD_MAX_NS */
};

/* Words of the answer. Times are CLOCK_MONOTONIC nanoseconds. */
enum seen {
	SEEN_ERROR,		/* 0, or a positive error number: nothing was seen */
	SEEN_STATE,		/* enum proxyipc_state when the supervisor looked, ... */
	SEEN_STATE_AFTER,	/* ... and before it was resumed */
	SEEN_SYSCALL,		/* number of its system call, ~0 for none */
	SEEN_IP,		/* where in its program it is */
	SEEN_SINCE,		/* when it was held */
	SEEN_UNTIL,		/* just before it was resumed */
};

/* Less than the lease of a hold: 10 s unless the process object was opened otherwise. */
#define HOLD_MAX_NS	8000000000ULL

#endif /* SUPERVISOR_H */
