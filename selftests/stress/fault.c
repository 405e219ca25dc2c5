// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "fault.h"

#include <errno.h>
#include <proxyipc.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "party.h"
#include "random.h"

#define SIGNAL(signo)	(1ULL << ((signo) - 1))

/* Nothing is mapped in the first pages. */
#define NOWHERE		((void *)16)

static _Thread_local sigjmp_buf skip;

static void leave_out(int signo)
{
	(void)signo;
	siglongjmp(skip, 1);
}

void fault_signals(void)
{
	struct sigaction action = { .sa_handler = leave_out };

	sigaction(SIGFPE, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

void fault_begin(int process)
{
	int ret = proxyipc_process_set_faults(process, SIGNAL(SIGFPE) | SIGNAL(SIGSEGV));

	/* This thread's object of a former program may be open somewhere. */
	if (ret && ret != -EBUSY)
		violation(self, 0, 0, "set faults: %s", strerrorname_np(-ret));
}

static void divide(struct cell *cell)
{
	asm volatile("xor %%edx, %%edx\n\tmov $1, %%eax\n\tdivl %0"
		     : : "m"(cell->divisor) : "eax", "edx", "memory");
}

static void read_nowhere(void)
{
	asm volatile("movb (%0), %%al" : : "r"(NOWHERE) : "al", "memory");
}

void fault_once(struct cell *cell)
{
	bool divides = chance(60);

	note(WHAT_FAULT, ident_of(self, self_life, 0), divides, 0);
	count(COUNT_FAULTS);
	cell->divisor = 0;
	if (sigsetjmp(skip, 1)) {
		count(COUNT_FAULTS_HANDLED);
		return;
	}
	if (divides)
		divide(cell);
	else
		read_nowhere();
	if (!divides || !cell->divisor)
		violation(self, ident_of(self, self_life, 0), 0,
			  "an instruction at fault was left out and no handler called");
	count(COUNT_FAULTS_MENDED);
}

/* Now and then it is tried again though nothing is better, and comes again. */
__u32 fault_verdict(const struct proxyipc_received *received)
{
	bool divides = received->out_words[PROXYIPC_FAULT_SIGNAL] == SIGFPE;
	struct cell *cell = find_cell(received->out_payload,
				      received->out_words[PROXYIPC_FAULT_TID]);

	if (received->out_words[PROXYIPC_FAULT_SIGNAL] != SIGSEGV && !divides)
		violation(-1, 0, received->out_token, "received a fault that nobody had");
	if (divides && cell && chance(60)) {
		cell->divisor = 1;
		return PROXYIPC_RESUME_RETRY;
	}
	if (chance(2))
		return PROXYIPC_RESUME_KILL;
	return chance(20) ? PROXYIPC_RESUME_RETRY : 0;
}

void fault_resumed(const struct proxyipc_received *received, __u32 verdict)
{
	if (ident_object(received->out_payload) == GROUP)
		count(COUNT_GROUP_FAULTS);
	count(verdict & PROXYIPC_RESUME_RETRY ? COUNT_FAULTS_RETRIED :
						COUNT_FAULTS_DELIVERED);
}
