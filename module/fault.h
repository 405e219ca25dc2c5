/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_FAULT_H
#define _PROXYIPC_FAULT_H

/**
 * DOC: Fault
 *
 * An instruction of a program that could not be executed, and the signal that the
 * kernel generated for it. This is what a fault is, how one is told from all other
 * signals, and how it is undone; who is told of it is up to hold.h and episode.h.
 *
 * A fault exists from when its signal is generated (a probe, in the task itself,
 * with interrupts off) until the signal is taken out of the task's queue: by
 * get_signal(), which runs task work first, or by proxyipc_fault_discard(), and
 * then it never was: the instruction is executed again.
 *
 * Only what the processor said of an instruction in user mode counts. What the
 * kernel sends to a task that it has condemned (a failed exec, seccomp, a signal
 * frame that can't be written) must stay fatal, and what a program sends to itself
 * is its own affair.
 */

#include <linux/types.h>

struct kernel_siginfo;
struct task_struct;

/* define PROXYIPC_FAULT_LAST - the highest of the five signals, on all machines */
#define PROXYIPC_FAULT_LAST	11

struct proxyipc_identity;

/**
 * struct proxyipc_catchers - who is told of faults
 * @of: by signal; NULL: nobody
 */
struct proxyipc_catchers {
	struct proxyipc_identity *of[PROXYIPC_FAULT_LAST + 1];
};

/**
 * struct proxyipc_fault - one fault
 * @signal: its signal, 0 for none
 * @code: si_code of that
 * @address: si_addr of that, 0 if it has none
 * @ip: of the instruction, or of the one behind it for most of SIGTRAP
 * @trap: as the processor numbers it, 0 if that isn't known
 * @error: what the processor said of it, 0 likewise
 */
struct proxyipc_fault {
	int signal;
	int code;
	u64 address;
	u64 ip;
	u64 trap;
	u64 error;
};

bool proxyipc_fault_signals_are_valid(u64 signals);
bool proxyipc_fault_is_genuine(int signal, const struct kernel_siginfo *info,
			       struct task_struct *task, int group, int result);
void proxyipc_fault_read(struct proxyipc_fault *fault,
			 const struct kernel_siginfo *info);
void proxyipc_fault_discard(const struct proxyipc_fault *fault);
void proxyipc_fault_export(const struct proxyipc_fault *fault, u64 *words);

#endif /* _PROXYIPC_FAULT_H */
