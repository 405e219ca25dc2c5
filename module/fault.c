// SPDX-License-Identifier: GPL-2.0
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/log2.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/signal.h>
#include <linux/proxyipc.h>
#include <trace/events/signal.h>

#include <asm/syscall.h>

#include "compat.h"
#include "fault.h"

#define SIGNAL_BIT(signal)	BIT_ULL((signal) - 1)

#define FAULT_SIGNALS							\
	(SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGBUS) | \
	 SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSEGV))

/**
 * proxyipc_fault_signals_are_valid() - are these signals of faults?
 * @signals: bit n - 1 for signal n
 *
 * Return: true if there is no other signal among them; none at all is fine.
 */
bool proxyipc_fault_signals_are_valid(u64 signals)
{
	BUILD_BUG_ON(ilog2(FAULT_SIGNALS) + 1 != PROXYIPC_FAULT_LAST);

	return !(signals & ~FAULT_SIGNALS);
}

static bool signal_is_of_fault(int signal)
{
	return signal <= PROXYIPC_FAULT_LAST && FAULT_SIGNALS & SIGNAL_BIT(signal);
}

static bool info_is_special(const struct kernel_siginfo *info)
{
	return info == SEND_SIG_NOINFO || info == SEND_SIG_PRIV;
}

/*
 * May the processor have caused this? Codes of senders are not positive. SI_KERNEL
 * stands for everything that has no better code, and among that for what must stay
 * fatal; but a SIGTRAP of the kernel is never that, and a breakpoint has no other
 * code on x86. Broken memory is no fault of an instruction, nor is an event of
 * perf.
 */
static bool code_is_of_fault(int signal, int code)
{
	if (signal == SIGTRAP)
		return code > 0 && code <= SI_KERNEL && code != TRAP_PERF;
	if (signal == SIGBUS && (code == BUS_MCEERR_AR || code == BUS_MCEERR_AO))
		return false;
	return code > 0 && code < SI_KERNEL;
}

/**
 * proxyipc_fault_is_genuine() - does this signal stand for a fault?
 * @signal: the signal
 * @info: what is known of it, or one of the kernel's special values
 * @task: to whom it was sent
 * @group: to the whole thread group?
 * @result: TRACE_SIGNAL_DELIVERED or what happened instead
 *
 * For the probe of signal_generate, whose arguments these are. A program can send
 * itself a signal with any content: but then it is in a system call, and a program
 * at a fault isn't. A traced one is its tracer's.
 *
 * Context: any.
 *
 * Return: true if so. Quickly false for all signals but five.
 */
bool proxyipc_fault_is_genuine(int signal, const struct kernel_siginfo *info,
			       struct task_struct *task, int group, int result)
{
	return signal_is_of_fault(signal) && task == current && !group &&
	       result == TRACE_SIGNAL_DELIVERED &&
	       !info_is_special(info) &&
	       code_is_of_fault(signal, info->si_code) &&
	       syscall_get_nr(current, task_pt_regs(current)) == -1 &&
	       !current->in_execve && !current->ptrace;
}

/**
 * proxyipc_fault_read() - note down what there is to know
 * @fault: receives it
 * @info: of a genuine fault of the current task, just now
 *
 * Context: any.
 */
void proxyipc_fault_read(struct proxyipc_fault *fault,
			 const struct kernel_siginfo *info)
{
	*fault = (struct proxyipc_fault){
		.signal = info->si_signo,
		.code = info->si_code,
		.ip = instruction_pointer(task_pt_regs(current)),
		.trap = proxyipc_current_trap(),
		.error = proxyipc_current_trap_error(),
	};
	/* In its place SI_KERNEL has a sender. */
	if (info->si_code != SI_KERNEL)
		fault->address = (unsigned long)info->si_addr;
}

static bool info_is_of_fault(const struct kernel_siginfo *info,
			     const struct proxyipc_fault *fault)
{
	return info->si_signo == fault->signal && info->si_code == fault->code &&
	       (fault->code == SI_KERNEL ||
		(unsigned long)info->si_addr == fault->address);
}

/* Is it still in the task's own queue? Another thread may have ignored it since. */
static bool fault_is_pending_locked(const struct proxyipc_fault *fault)
{
	struct sigqueue *entry;

	lockdep_assert_held(&current->sighand->siglock);

	list_for_each_entry(entry, &current->pending.list, list)
		if (info_is_of_fault(&entry->info, fault))
			return true;
	return false;
}

/**
 * proxyipc_fault_discard() - have the instruction executed again
 * @fault: of the current task, whose signal was generated and not yet delivered
 *
 * Takes this signal out of the task's own queue, and no other: one that somebody
 * sent to the process meanwhile is delivered. Nothing happens if it is no longer
 * there, nor to one that the kernel wants to be fatal.
 *
 * Context: the task itself, before it looks for signals. No locks.
 */
void proxyipc_fault_discard(const struct proxyipc_fault *fault)
{
	/* Its own, which nobody takes away from it. */
	struct sighand_struct *sighand = rcu_dereference_protected(current->sighand, 1);
	sigset_t others;

	siginitsetinv(&others, sigmask(fault->signal));
	spin_lock_irq(&sighand->siglock);
	/* In the own queue it is the first to be found: the shared one stays. */
	if (!(sighand->action[fault->signal - 1].sa.sa_flags & SA_IMMUTABLE) &&
	    fault_is_pending_locked(fault))
		proxyipc_dequeue_own_signal(&others);
	spin_unlock_irq(&sighand->siglock);
}

/**
 * proxyipc_fault_export() - as a receiver sees it
 * @fault: the fault
 * @words: of the message, all zero
 */
void proxyipc_fault_export(const struct proxyipc_fault *fault, u64 *words)
{
	words[PROXYIPC_FAULT_SIGNAL] = fault->signal;
	words[PROXYIPC_FAULT_CODE] = fault->code;
	words[PROXYIPC_FAULT_ADDRESS] = fault->address;
	words[PROXYIPC_FAULT_IP] = fault->ip;
	words[PROXYIPC_FAULT_TRAP] = fault->trap;
	words[PROXYIPC_FAULT_ERROR] = fault->error;
}
