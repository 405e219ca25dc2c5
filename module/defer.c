// SPDX-License-Identifier: GPL-2.0
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "control.h"
#include "group.h"
#include "identity.h"
#include "thread.h"

/**
 * proxyipc_thread_settle_locked() - who was told that a hold is deferred is told that
 * this is over
 * @thread: the record
 *
 * Context: any, also hard interrupt.
 */
void proxyipc_thread_settle_locked(struct proxyipc_thread *thread)
{
	struct proxyipc_hold *hold;

	lockdep_assert_held(&thread->target.lock);

	list_for_each_entry(hold, &thread->target.holds, link) {
		if (!hold->deferred)
			continue;
		hold->deferred = false;
		if (hold->identity)
			hold->identity->settled(hold->identity);
		else
			proxyipc_group_settle_locked(thread);
	}
}

/**
 * proxyipc_thread_end_deferral_locked() - what comes next has the whole bound
 * @thread: the record; no hold on it is deferred any more
 *
 * Context: any.
 */
void proxyipc_thread_end_deferral_locked(struct proxyipc_thread *thread)
{
	lockdep_assert_held(&thread->target.lock);

	if (!thread->defer_end)
		return;
	thread->defer_end = 0;
	proxyipc_control_set_pending(&thread->control, false);
	hrtimer_try_to_cancel(&thread->defer_timer);
}

/**
 * proxyipc_thread_leave_section_locked() - was a section left that nobody waits for?
 * @thread: the record; the target isn't in user mode, and there is no hold on it
 *
 * Context: any.
 */
void proxyipc_thread_leave_section_locked(struct proxyipc_thread *thread)
{
	lockdep_assert_held(&thread->target.lock);

	if (!proxyipc_control_defers(&thread->control))
		proxyipc_thread_end_deferral_locked(thread);
}

/* Until when the holds can be deferred: what the least patient of them grants. */
static u64 thread_defer_end_locked(struct proxyipc_thread *thread)
{
	u64 end = thread->defer_end ?: U64_MAX;
	struct proxyipc_hold *hold;

	lockdep_assert_held(&thread->target.lock);

	list_for_each_entry(hold, &thread->target.holds, link)
		end = min(end, hold->defer_until);
	return end;
}

/**
 * proxyipc_thread_defers_locked() - do the holds have to wait for the end of a section?
 * @thread: the record
 *
 * To be asked while the target isn't in user mode; it goes on as if there were no
 * hold then, until its YIELD or the bound. The bound is kept when the holds are
 * dropped or the target yields to nobody in particular: one who says "not now" for
 * ever gains it once for each hold that takes effect.
 *
 * Context: any.
 *
 * Return: true if so.
 */
bool proxyipc_thread_defers_locked(struct proxyipc_thread *thread)
{
	u64 end;

	lockdep_assert_held(&thread->target.lock);

	if (thread->nr_confirmed || !proxyipc_control_defers(&thread->control))
		return false;
	end = thread_defer_end_locked(thread);
	if (ktime_get_ns() >= end)
		return false;

	if (end != thread->defer_end || !hrtimer_is_queued(&thread->defer_timer))
		hrtimer_start(&thread->defer_timer, ns_to_ktime(end),
			      HRTIMER_MODE_ABS);
	thread->defer_end = end;
	proxyipc_control_set_pending(&thread->control, true);
	return true;
}

/**
 * proxyipc_thread_is_deferring_locked() - does the target run on in its section?
 * @thread: the record
 *
 * Has that been decided, and its end not come? The timer is what knows it.
 *
 * Return: true if so.
 */
bool proxyipc_thread_is_deferring_locked(struct proxyipc_thread *thread)
{
	lockdep_assert_held(&thread->target.lock);

	return hrtimer_is_queued(&thread->defer_timer);
}

/**
 * proxyipc_thread_defer_timer() - a deferral has reached its bound
 * @timer: of the record
 *
 * In an interrupt nobody can be waited for, so
 * the callback is queued, which is all if the target runs on this CPU, and the
 * owners of the holds confirm them in process context.
 *
 * Context: hard interrupt.
 *
 * Return: that it isn't to be started again.
 */
enum hrtimer_restart proxyipc_thread_defer_timer(struct hrtimer *timer)
{
	struct proxyipc_thread *thread =
		container_of(timer, struct proxyipc_thread, defer_timer);
	unsigned long flags;

	raw_spin_lock_irqsave(&thread->target.lock, flags);
	/* Cancelled or started again too late to be seen: not its end, then. */
	if (thread->target.nr_holds && thread->defer_end &&
	    ktime_get_ns() >= thread->defer_end) {
		/* One that exits can't fail to have its holds taken off. */
		proxyipc_thread_queue_locked(thread);
		proxyipc_thread_settle_locked(thread);
	}
	raw_spin_unlock_irqrestore(&thread->target.lock, flags);
	return HRTIMER_NORESTART;
}

/**
 * proxyipc_identity_yield() - the target leaves a section that holds wait for
 * @identity: whom the process object was opened on
 *
 * Context: process.
 *
 * Return: 0, and the holds take effect before the target is in user mode again;
 * -EPERM if the current task isn't the target, or of it; -ESRCH or -ESTALE.
 */
int proxyipc_identity_yield(struct proxyipc_identity *identity)
{
	struct proxyipc_thread *thread;
	int ret;

	ret = proxyipc_identity_check(identity);
	if (!ret && !proxyipc_identity_has(identity, current))
		ret = -EPERM;
	if (ret)
		return ret;
	/* One of a group may have nothing to do with us yet. */
	thread = proxyipc_thread_find(current);
	if (!thread)
		return 0;

	raw_spin_lock_irq(&thread->target.lock);
	if (thread->target.nr_holds) {
		/* The bound stays: it ends only if this is the end of a section. */
		ret = proxyipc_thread_queue_locked(thread);
	} else {
		proxyipc_thread_leave_section_locked(thread);
	}
	raw_spin_unlock_irq(&thread->target.lock);
	proxyipc_thread_put(thread);
	return ret;
}
