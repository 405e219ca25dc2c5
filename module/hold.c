// SPDX-License-Identifier: GPL-2.0
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "compat.h"
#include "control.h"
#include "group.h"
#include "hold.h"
#include "identity.h"
#include "thread.h"

/**
 * proxyipc_hold_init() - prepare a hold
 * @hold: to be initialised
 * @identity: by whose authority, must outlive it; NULL for that of a thread that
 *	stands for all those on its group
 */
void proxyipc_hold_init(struct proxyipc_hold *hold,
			struct proxyipc_identity *identity)
{
	hold->identity = identity;
	hold->holder = NULL;
	hold->defer_max = 0;
	hold->confirmed = false;
	hold->deferred = false;
	INIT_LIST_HEAD(&hold->link);
}

/**
 * proxyipc_hold_deinit() - the hold's memory is about to go
 * @hold: must have been dropped
 */
void proxyipc_hold_deinit(struct proxyipc_hold *hold)
{
	WARN_ON_ONCE(!list_empty(&hold->link));
	put_pid(hold->holder);
	hold->holder = NULL;
}

/* Of a group: its threads learn of it when the hold is confirmed. */
static void group_add_locked(struct proxyipc_target *target,
			     struct proxyipc_hold *hold)
{
	lockdep_assert_held(&target->lock);

	list_add_tail(&hold->link, &target->holds);
	if (!target->nr_holds++)
		target->nr_standstills++;
}

static int hold_add_locked(struct proxyipc_hold *hold)
{
	struct proxyipc_target *target = hold->identity->target;
	int ret;

	lockdep_assert_held(&target->lock);

	ret = proxyipc_identity_check_alive_locked(hold->identity);
	if (ret)
		return ret;
	hold->defer_until = ktime_get_ns() + hold->defer_max;
	if (target->is_group) {
		group_add_locked(target, hold);
		return 0;
	}
	ret = proxyipc_thread_queue_locked(proxyipc_target_thread(target));
	if (!ret)
		proxyipc_thread_add_locked(proxyipc_target_thread(target), hold);
	return ret;
}

/**
 * proxyipc_hold_add() - give a target a reason not to run
 * @hold: not held yet
 * @holder: the thread that is expected to resume, or NULL
 *
 * The target may still execute user code until proxyipc_hold_confirm().
 *
 * Context: process or atomic.
 *
 * Return: 0, -ESRCH if the target is gone or dying, -ESTALE if it changed.
 */
int proxyipc_hold_add(struct proxyipc_hold *hold, struct pid *holder)
{
	struct proxyipc_target *target = hold->identity->target;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&target->lock, flags);
	ret = hold_add_locked(hold);
	if (!ret) {
		swap(hold->holder, holder);
		get_pid(hold->holder);
	} else {
		holder = NULL;
	}
	raw_spin_unlock_irqrestore(&target->lock, flags);
	put_pid(holder);
	return ret;
}

/**
 * proxyipc_hold_confirm() - make sure that a held target does not run
 * @hold: added before
 *
 * When this returns 0 the target executes no further user instruction until the
 * hold is dropped, of a group none of its threads, those that are born meanwhile
 * included. It does not wait for the target's system call, nor for the end of a
 * section in which it defers the hold.
 *
 * Context: process, interrupts on, no locks. For a thread it doesn't sleep, but
 * waits for an interrupt on another CPU; for a group it may sleep.
 *
 * Return: 0; -EINPROGRESS if the target defers it: @hold->identity->settled() will
 * be called, and then it is to be confirmed again; -ESRCH or -ESTALE if the target
 * died or changed meanwhile, or the hold was dropped (-ESTALE), it is gone then;
 * -EAGAIN if the target ran its task work without parking in every one of many
 * rounds, which only something unknown to us could cause; of a group -ENOMEM if
 * there is no memory for the records of its threads.
 */
int proxyipc_hold_confirm(struct proxyipc_hold *hold)
{
	struct proxyipc_target *target = hold->identity->target;

	return target->is_group ?
	       proxyipc_group_confirm(proxyipc_target_group(target), hold) :
	       proxyipc_thread_confirm(proxyipc_target_thread(target), hold);
}

/**
 * proxyipc_hold_tell() - tell the target, in its control page, what happened to it
 * @hold: confirmed; it may have been dropped since
 * @notices: bits that began an episode
 *
 * Once for each episode, of which several may share a hold. A group is told in the
 * page of its main thread.
 *
 * Context: process.
 */
void proxyipc_hold_tell(struct proxyipc_hold *hold, u64 notices)
{
	struct proxyipc_target *target = hold->identity->target;
	struct proxyipc_thread *thread;

	if (target->is_group) {
		thread = proxyipc_group_get_leader(proxyipc_target_group(target));
	} else {
		thread = proxyipc_target_thread(target);
		proxyipc_target_get(target);
	}
	if (!thread)
		return;
	raw_spin_lock_irq(&thread->target.lock);
	proxyipc_control_took_effect(&thread->control, notices);
	raw_spin_unlock_irq(&thread->target.lock);
	proxyipc_thread_put(thread);
}

/**
 * proxyipc_hold_set_holder() - somebody else is expected to resume
 * @hold: the hold
 * @holder: the thread, or NULL
 *
 * Context: process.
 */
void proxyipc_hold_set_holder(struct proxyipc_hold *hold, struct pid *holder)
{
	struct proxyipc_target *target = hold->identity->target;

	get_pid(holder);
	raw_spin_lock_irq(&target->lock);
	swap(hold->holder, holder);
	raw_spin_unlock_irq(&target->lock);
	put_pid(holder);
}

/**
 * proxyipc_hold_is_on() - does it hold?
 * @hold: the hold
 *
 * Return: false if it was dropped, or the target died or changed.
 */
bool proxyipc_hold_is_on(struct proxyipc_hold *hold)
{
	struct proxyipc_target *target = hold->identity->target;
	bool on;

	raw_spin_lock_irq(&target->lock);
	on = !list_empty(&hold->link);
	raw_spin_unlock_irq(&target->lock);
	return on;
}

/*
 * Is @task asleep? Then it stays so until the lock is released, since a wake-up
 * takes that first, and what it left in its registers is seen as it left it. A
 * task that waits for a CPU is not asleep: it may get one at any moment. The order
 * is that of a wake-up, read in reverse, see try_to_wake_up().
 */
static bool task_is_asleep_locked(struct task_struct *task)
{
	unsigned int state = READ_ONCE(task->__state);

	lockdep_assert_held(&task->pi_lock);

	/* A wake-up can be under way without the lock. */
	if (state == TASK_RUNNING || state == TASK_WAKING)
		return false;
	/* If it was awake before, on_rq = 1 came before this state. */
	smp_rmb();
	if (READ_ONCE(task->on_rq))
		return false;
	/* It leaves the run queue while on_cpu = 1. */
	smp_rmb();
	/* Acquire: its registers are saved before it leaves the CPU. */
	return !smp_load_acquire(&task->on_cpu);
}

static int inspect_locked(struct proxyipc_thread *thread,
			  const struct proxyipc_hold *hold,
			  int (*inspect)(struct task_struct *task, void *arg),
			  void *arg, u32 *state)
{
	struct task_struct *task = thread->target.task;
	int ret = -EAGAIN;

	lockdep_assert_held(&thread->target.lock);

	*state = thread->parked ? PROXYIPC_STATE_PARKED : PROXYIPC_STATE_ARMED;
	raw_spin_lock(&task->pi_lock);
	if (hold->confirmed && task_is_asleep_locked(task) &&
	    !proxyipc_thread_is_amid_exec_locked(thread))
		ret = inspect(task, arg);
	raw_spin_unlock(&task->pi_lock);
	return ret;
}

/* Is a hold on a group on, by somebody who knows this thread as it is? */
static bool hold_fits_thread(struct proxyipc_hold *hold, struct task_struct *task)
{
	struct proxyipc_target *target = hold->identity->target;
	bool fits;

	raw_spin_lock(&target->lock);
	fits = !list_empty(&hold->link) &&
	       proxyipc_identity_fits(hold->identity, task);
	raw_spin_unlock(&target->lock);
	return fits;
}

/* The hold on the group is on; that on the thread, which stands for it, may not be. */
static int inspect_of_group(struct proxyipc_hold *hold, struct task_struct *task,
			    int (*inspect)(struct task_struct *task, void *arg),
			    void *arg, u32 *state)
{
	struct proxyipc_thread *thread = proxyipc_thread_find(task);
	int ret;

	if (!thread)
		return proxyipc_task_counts(task) ? -EAGAIN : -ESRCH;
	raw_spin_lock_irq(&thread->target.lock);
	if (thread->target.dead || !proxyipc_task_counts(task))
		ret = -ESRCH;
	else if (!hold_fits_thread(hold, task))
		ret = -ESTALE;
	else
		ret = inspect_locked(thread, &thread->shared, inspect, arg, state);
	raw_spin_unlock_irq(&thread->target.lock);
	proxyipc_thread_put(thread);
	return ret;
}

/**
 * proxyipc_hold_inspect() - look into a held target while that can't run
 * @hold: the hold; of a group its owner keeps it from being dropped
 * @task: the thread to look into, of the target
 * @inspect: looks into it; called with interrupts off, under raw locks
 * @arg: for @inspect
 * @state: receives what the thread is, armed or parked
 *
 * While @inspect runs the hold is on and the thread asleep, with its stack and its
 * memory. Only a tracer, if it has one, can change its registers.
 *
 * Context: process.
 *
 * Return: what @inspect returns; -EAGAIN if the thread isn't asleep, or is amid an
 * exec, or the hold isn't in effect yet; -ESRCH if it is gone or dying, -ESTALE if
 * the target changed or the hold is off.
 */
int proxyipc_hold_inspect(struct proxyipc_hold *hold, struct task_struct *task,
			  int (*inspect)(struct task_struct *task, void *arg),
			  void *arg, u32 *state)
{
	struct proxyipc_target *target = hold->identity->target;
	int ret;

	raw_spin_lock_irq(&target->lock);
	ret = proxyipc_identity_check_alive_locked(hold->identity);
	if (!ret && list_empty(&hold->link))
		ret = -ESTALE;
	if (!ret && !target->is_group)
		ret = inspect_locked(proxyipc_target_thread(target), hold, inspect,
				     arg, state);
	raw_spin_unlock_irq(&target->lock);
	if (!ret && target->is_group)
		ret = inspect_of_group(hold, task, inspect, arg, state);
	return ret;
}

/**
 * proxyipc_hold_is_deferred() - does its owner still have to wait?
 * @hold: whose confirmation said -EINPROGRESS
 *
 * Return: false if it is to be confirmed again, or was dropped.
 */
bool proxyipc_hold_is_deferred(struct proxyipc_hold *hold)
{
	struct proxyipc_target *target = hold->identity->target;
	bool deferred;

	raw_spin_lock_irq(&target->lock);
	deferred = hold->deferred;
	raw_spin_unlock_irq(&target->lock);
	return deferred;
}

/* A group is sent its own, which any of its threads takes. */
static void hold_send_signal(struct proxyipc_hold *hold, int signal)
{
	struct proxyipc_target *target = hold->identity->target;
	struct pid *tgid;

	if (!target->is_group) {
		send_sig(signal, target->task, 1);
		return;
	}
	tgid = get_task_pid(target->task, PIDTYPE_TGID);
	kill_pid(tgid, signal, 1);
	put_pid(tgid);
}

/**
 * proxyipc_hold_stop() - hand the target over to a debugger
 * @hold: about to be dropped
 *
 * SIGSTOP is pending when the target leaves the callback, and stops it before it
 * executes a user instruction; of a group, before the thread does that takes the
 * signal, and the others as SIGSTOP always stops them.
 *
 * Context: process.
 */
void proxyipc_hold_stop(struct proxyipc_hold *hold)
{
	if (proxyipc_hold_is_on(hold))
		hold_send_signal(hold, SIGSTOP);
}

/**
 * proxyipc_hold_kill() - the target is not to run again
 * @hold: about to be dropped
 *
 * SIGKILL is pending when the target leaves the callback.
 *
 * Context: process.
 */
void proxyipc_hold_kill(struct proxyipc_hold *hold)
{
	/* Not one that became somebody else since. */
	if (!proxyipc_identity_check(hold->identity) && proxyipc_hold_is_on(hold))
		hold_send_signal(hold, SIGKILL);
}

/**
 * proxyipc_hold_unlink_locked() - take the reason away, under target->lock
 * @hold: one that isn't held is fine. The threads of a group are to be told
 *	afterwards, by proxyipc_group_sync().
 *
 * Context: any.
 */
void proxyipc_hold_unlink_locked(struct proxyipc_hold *hold)
{
	struct proxyipc_target *target = hold->identity->target;

	lockdep_assert_held(&target->lock);

	if (!target->is_group) {
		proxyipc_thread_unlink_locked(proxyipc_target_thread(target), hold);
		return;
	}
	if (list_empty(&hold->link))
		return;
	list_del_init(&hold->link);
	hold->confirmed = false;
	hold->deferred = false;
	target->nr_holds--;
}

/**
 * proxyipc_hold_drop() - take the reason away
 * @hold: one that isn't held is fine
 *
 * Context: process.
 */
void proxyipc_hold_drop(struct proxyipc_hold *hold)
{
	struct proxyipc_target *target = hold->identity->target;
	bool last;

	raw_spin_lock_irq(&target->lock);
	last = target->nr_holds;
	proxyipc_hold_unlink_locked(hold);
	last = last && !target->nr_holds;
	raw_spin_unlock_irq(&target->lock);
	if (last && target->is_group)
		proxyipc_group_sync(proxyipc_target_group(target));
	proxyipc_hold_set_holder(hold, NULL);
}
