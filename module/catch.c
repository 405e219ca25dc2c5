// SPDX-License-Identifier: GPL-2.0
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/sched.h>

#include "compat.h"
#include "fault.h"
#include "group.h"
#include "identity.h"
#include "thread.h"

/*
 * A fault of the target is one more thing that queues the callback: a probe, in the
 * target, notes it down where its signal is generated, and get_signal() runs task
 * work before it takes the signal. So the owner of the identity that asked for that
 * signal hears of it in the callback, adds its hold, and the callback parks as it
 * always does. Whoever drops that hold may say before that the fault is to be
 * retried: then the callback discards the signal when it leaves.
 *
 * A thread is asked before its group. An owner deals with one fault at a time; of a
 * group, where several threads can be at one, the others wait for their turn in the
 * callback, held as all are.
 */

/* Threads of a group that somebody catches faults of all have records. */
static void catch_count_locked(struct proxyipc_target *target)
{
	bool any = false;
	int signal;

	lockdep_assert_held(&target->lock);

	if (!target->is_group)
		return;
	for (signal = 1; signal <= PROXYIPC_FAULT_LAST; signal++)
		if (target->catchers.of[signal])
			any = true;
	proxyipc_target_group(target)->catching = any;
}

/**
 * proxyipc_identity_forget_faults_locked() - its owner isn't told of faults any more
 * @identity: whom the process object was opened on
 *
 * Nor is it asked what to do with the one that it was told of.
 *
 * Context: any.
 */
void proxyipc_identity_forget_faults_locked(struct proxyipc_identity *identity)
{
	struct proxyipc_target *target = identity->target;
	int signal;

	lockdep_assert_held(&target->lock);

	for (signal = 1; signal <= PROXYIPC_FAULT_LAST; signal++)
		if (target->catchers.of[signal] == identity)
			target->catchers.of[signal] = NULL;
	catch_count_locked(target);
	if (identity->faulting)
		identity->faulting->faulted = NULL;
	identity->faulting = NULL;
}

/* The group that the current thread has joined, with a reference, or NULL. */
static struct proxyipc_target *catch_get_group(struct proxyipc_thread *thread)
{
	struct proxyipc_target *target = NULL;

	raw_spin_lock_irq(&thread->target.lock);
	if (thread->group) {
		target = &thread->group->target;
		proxyipc_target_get(target);
	}
	raw_spin_unlock_irq(&thread->target.lock);
	return target;
}

/*
 * Find who asked @target for this signal, and make it the one who deals with the
 * fault; with a reference to the owner.
 */
static struct proxyipc_identity *catch_begin(struct proxyipc_thread *thread,
					     struct proxyipc_target *target)
{
	struct proxyipc_identity *catcher;

	raw_spin_lock_irq(&target->lock);
	catcher = target->catchers.of[thread->fault.signal];
	if (catcher && catcher->faulting) {
		catcher = ERR_PTR(-EBUSY);
	} else if (catcher && target->fault_works->get(catcher)) {
		catcher->faulting = thread;
		thread->faulted = catcher;
		thread->retry = false;
		thread->fault_target = target;
		proxyipc_target_get(target);
	} else {
		catcher = NULL;
	}
	raw_spin_unlock_irq(&target->lock);
	return catcher;
}

/**
 * proxyipc_thread_report_fault() - tell who asked for it that there is a fault
 * @thread: of the current task, which is at a fault and may sleep
 *
 * What the owner holds, the caller obeys.
 *
 * Context: the callback. No locks.
 *
 * Return: true if the owner has another fault to deal with, and this is to be
 * called again after that.
 */
bool proxyipc_thread_report_fault(struct proxyipc_thread *thread)
{
	struct proxyipc_identity *catcher;
	struct proxyipc_target *group;

	catcher = catch_begin(thread, &thread->target);
	if (!catcher) {
		group = catch_get_group(thread);
		if (!group)
			return false;
		catcher = catch_begin(thread, group);
		proxyipc_target_put(group);
	}
	if (IS_ERR_OR_NULL(catcher))
		return catcher;
	thread->fault_target->fault_works->raised(catcher, &thread->fault);
	return false;
}

/**
 * proxyipc_thread_settle_fault() - the holds on account of the fault are gone
 * @thread: of the current task; it may have had none
 *
 * Without a word it is delivered.
 *
 * Context: the callback. No locks.
 */
void proxyipc_thread_settle_fault(struct proxyipc_thread *thread)
{
	struct proxyipc_target *target = thread->fault_target;
	bool retry = false;

	if (target) {
		raw_spin_lock_irq(&target->lock);
		swap(retry, thread->retry);
		if (thread->faulted)
			thread->faulted->faulting = NULL;
		thread->faulted = NULL;
		raw_spin_unlock_irq(&target->lock);
		thread->fault_target = NULL;
		proxyipc_target_put(target);
	}
	if (retry)
		proxyipc_fault_discard(&thread->fault);
	thread->fault.signal = 0;
}

static bool faults_are_free_locked(struct proxyipc_identity *identity, u64 signals)
{
	struct proxyipc_target *target = identity->target;
	int signal;

	lockdep_assert_held(&target->lock);

	for (signal = 1; signal <= PROXYIPC_FAULT_LAST; signal++)
		if (signals & BIT_ULL(signal - 1) && target->catchers.of[signal] &&
		    target->catchers.of[signal] != identity)
			return false;
	return true;
}

static void catch_locked(struct proxyipc_identity *identity, u64 signals)
{
	struct proxyipc_target *target = identity->target;
	int signal;

	lockdep_assert_held(&target->lock);

	for (signal = 1; signal <= PROXYIPC_FAULT_LAST; signal++) {
		if (signals & BIT_ULL(signal - 1))
			target->catchers.of[signal] = identity;
		else if (target->catchers.of[signal] == identity)
			target->catchers.of[signal] = NULL;
	}
	catch_count_locked(target);
}

/**
 * proxyipc_identity_set_faults() - be told of faults of the target
 * @identity: whom the process object was opened on
 * @signals: bit n - 1 for signal n; those that are not among them are given up
 * @works: how; the same for all identities
 *
 * Context: may sleep.
 *
 * Return: 0, -EBUSY if somebody else is told of one of them, -ESRCH, -ESTALE; of a
 * group also -ENOMEM: then not all of its threads are heard of.
 */
int proxyipc_identity_set_faults(struct proxyipc_identity *identity, u64 signals,
				 const struct proxyipc_fault_works *works)
{
	struct proxyipc_target *target = identity->target;
	int ret;

	raw_spin_lock_irq(&target->lock);
	ret = proxyipc_identity_check_alive_locked(identity);
	if (!ret && !faults_are_free_locked(identity, signals))
		ret = -EBUSY;
	target->fault_works = works;
	if (!ret)
		catch_locked(identity, signals);
	raw_spin_unlock_irq(&target->lock);
	if (!ret && signals && target->is_group)
		ret = proxyipc_group_join_all(proxyipc_target_group(target));
	return ret;
}

/**
 * proxyipc_identity_end_fault() - the owner has dealt with the fault
 * @identity: whose owner was told of it, and holds the target
 * @retry: have the instruction executed again
 *
 * Comes true when the thread leaves the callback. Not for one that left it already.
 * From now on the owner can be told of another thread's.
 *
 * Context: process or atomic.
 */
void proxyipc_identity_end_fault(struct proxyipc_identity *identity, bool retry)
{
	struct proxyipc_target *target = identity->target;
	unsigned long flags;

	raw_spin_lock_irqsave(&target->lock, flags);
	if (identity->faulting) {
		identity->faulting->retry = retry;
		identity->faulting->faulted = NULL;
	}
	identity->faulting = NULL;
	raw_spin_unlock_irqrestore(&target->lock, flags);
}

/**
 * proxyipc_identity_faulting() - whose fault is it?
 * @identity: whose owner was told of the fault, and holds the target
 *
 * Context: process or atomic.
 *
 * Return: the thread's id in the caller's pid namespace; 0 if it isn't visible there,
 * or has left the callback.
 */
pid_t proxyipc_identity_faulting(struct proxyipc_identity *identity)
{
	struct proxyipc_target *target = identity->target;
	unsigned long flags;
	pid_t tid = 0;

	raw_spin_lock_irqsave(&target->lock, flags);
	if (identity->faulting)
		tid = task_pid_vnr(identity->faulting->target.task);
	raw_spin_unlock_irqrestore(&target->lock, flags);
	return tid;
}

/* A glance: who asked is found in the callback. */
static bool signal_is_caught_locked(struct proxyipc_thread *thread, int signal)
{
	lockdep_assert_held(&thread->target.lock);

	return READ_ONCE(thread->target.catchers.of[signal]) ||
	       (thread->group && READ_ONCE(thread->group->target.catchers.of[signal]));
}

/**
 * proxyipc_identity_signal_probe() - signal_generate
 * @data: unused
 * @signal: as in proxyipc_fault_is_genuine()
 * @info: likewise
 * @task: likewise
 * @group: likewise
 * @result: likewise
 *
 * Notes a fault down and sees that the callback runs before its signal is
 * delivered. A second one before the callback came to the first is delivered.
 *
 * Context: under siglock of @task, interrupts off. Wakes nobody and keeps no
 * reference: dropping the last one is not for here.
 */
void proxyipc_identity_signal_probe(void *data, int signal,
				    struct kernel_siginfo *info,
				    struct task_struct *task, int group, int result)
{
	struct proxyipc_thread *thread;
	unsigned long flags;

	if (!proxyipc_fault_is_genuine(signal, info, task, group, result))
		return;

	rcu_read_lock();
	thread = proxyipc_thread_peek(task);
	if (thread) {
		raw_spin_lock_irqsave(&thread->target.lock, flags);
		/* Whoever catches it has a reference to the record. */
		if (signal_is_caught_locked(thread, signal) &&
		    !thread->fault.signal &&
		    !proxyipc_thread_queue_locked(thread))
			proxyipc_fault_read(&thread->fault, info);
		raw_spin_unlock_irqrestore(&thread->target.lock, flags);
	}
	rcu_read_unlock();
}
