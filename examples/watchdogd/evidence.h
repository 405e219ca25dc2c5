/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * Evidence: the stacks of all threads of a service. Taken by a process of its own for
 * each service, which has read everything ahead of time, so that the service stands
 * still for a short time only; and so that neither a huge program, nor one whose memory
 * or debug information is damaged, can delay or end the daemon.
 */
#ifndef WATCHDOGD_EVIDENCE_H
#define WATCHDOGD_EVIDENCE_H

#include "loop.h"

#include <sys/types.h>

struct evidence;

/*
 * Starts the process that takes evidence of process @pid, by @process, a process object
 * on all of that; NULL if it can't.
 */
struct evidence *evidence_new(int device, int process, pid_t pid);

/* Is it ready and has nothing to do? And: has it something to do? */
bool evidence_prepared(const struct evidence *evidence);
bool evidence_busy(const struct evidence *evidence);

/**
 * struct evidence_order - of which moment evidence is taken
 * @token: the hold on the service; 0: nothing holds it, that is done when it is prepared
 * @at_fault: the thread whose instruction could not be executed, or 0
 * @ending: it may well be gone as soon as it isn't held any more
 */
struct evidence_order {
	__u64 token;
	pid_t at_fault;
	bool ending;
};

/*
 * Takes it. @walked is called when the service needs not be held any more: the stacks
 * are walked, or it took longer than @patience, or can't be done. After that @done, with
 * the stacks as text, or NULL and why there are none.
 */
void evidence_take(struct evidence *evidence, const struct evidence_order *order,
		   __u64 patience, void (*walked)(void *arg),
		   void (*done)(void *arg, const char *stacks, const char *why), void *arg);

/* It isn't needed any more; if it has something to do, not after that. */
void evidence_leave(struct evidence *evidence);

#endif /* WATCHDOGD_EVIDENCE_H */
