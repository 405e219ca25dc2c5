// SPDX-License-Identifier: GPL-2.0
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/smp.h>

#include "compat.h"
#include "group.h"
#include "identity.h"
#include "thread.h"

/* Rounds of queueing and interrupting before a confirmation gives up. */
#define CONFIRM_ROUNDS		64

/**
 * proxyipc_thread_unlink_locked() - take a reason not to run away
 * @thread: its record
 * @hold: one that is off is fine
 *
 * Context: any.
 */
void proxyipc_thread_unlink_locked(struct proxyipc_thread *thread,
				   struct proxyipc_hold *hold)
{
	lockdep_assert_held(&thread->target.lock);

	if (list_empty(&hold->link))
		return;
	list_del_init(&hold->link);
	/* One that exits in its section: what waits for the others may go on. */
	if (hold->deferred && !hold->identity)
		proxyipc_group_settle_locked(thread);
	hold->deferred = false;
	if (hold->confirmed) {
		hold->confirmed = false;
		if (!--thread->nr_confirmed)
			proxyipc_control_was_held(&thread->control,
						  ktime_get_ns() -
						  thread->held_since);
	}
	/*
	 * Woken with the lock held, and the target decides to leave under the
	 * lock too: so it cannot be gone and asleep elsewhere when this hits.
	 * sigtimedwait(), which sleeps once, would take that for its end.
	 */
	if (!--thread->target.nr_holds) {
		rcuwait_wake_up(&thread->wait);
		/* If it fires just now it will find no hold. */
		hrtimer_try_to_cancel(&thread->defer_timer);
	}
}

/**
 * proxyipc_thread_take_effect_locked() - its holds are in effect
 * @thread: its record
 *
 * The target isn't in user mode, and won't be before the callback has looked at
 * the holds: all that are on the list are in effect, whoever wanted to know it of
 * one of them. Only this begins a new account of what the target may defer.
 *
 * Context: any.
 */
void proxyipc_thread_take_effect_locked(struct proxyipc_thread *thread)
{
	struct proxyipc_hold *hold;

	lockdep_assert_held(&thread->target.lock);

	if (!thread->nr_confirmed)
		thread->held_since = ktime_get_ns();
	list_for_each_entry(hold, &thread->target.holds, link) {
		if (!hold->confirmed)
			thread->nr_confirmed++;
		hold->confirmed = true;
	}
	proxyipc_thread_settle_locked(thread);
	proxyipc_thread_end_deferral_locked(thread);
}

/**
 * proxyipc_thread_add_locked() - give a thread a reason not to run
 * @thread: its record
 * @hold: not on; its @defer_until is set
 *
 * For the callback to obey; see that it runs.
 *
 * Context: any.
 */
void proxyipc_thread_add_locked(struct proxyipc_thread *thread,
				struct proxyipc_hold *hold)
{
	lockdep_assert_held(&thread->target.lock);

	list_add_tail(&hold->link, &thread->target.holds);
	if (!thread->target.nr_holds++)
		thread->target.nr_standstills++;
	/* The target doesn't run already, and won't before this is dropped. */
	if (thread->nr_confirmed)
		proxyipc_thread_take_effect_locked(thread);
}

static void confirm_interrupt(void *unused)
{
	/* The way out of the interrupt is what matters. */
}

/**
 * proxyipc_task_kick() - see to it that a task isn't in user mode without knowing
 * @task: it has a callback queued, or a signal, since before
 *
 * It is safe to leave it alone only if it is neither running
 * nor about to: a switch between threads of one mm has no full barrier between
 * on_cpu = 1 and the check of its flags, so on_cpu == 0 alone proves nothing;
 * on_rq == 0 does, because the wake-up that must come first takes the run queue
 * lock. Otherwise interrupt the CPU it is on, and again if it moved meanwhile.
 *
 * Context: process, interrupts on. Doesn't sleep, but waits for another CPU.
 */
void proxyipc_task_kick(struct task_struct *task)
{
	int cpu;

	/* Orders the queueing before the look at on_rq; see above. */
	smp_mb();
	if (task == current)
		return;
	if (!READ_ONCE(task->on_rq)) {
		/* on_cpu = 1 comes after on_rq = 1: read in reverse. */
		smp_rmb();
		if (!READ_ONCE(task->on_cpu))
			return;
	}
	do {
		cpu = task_cpu(task);
		smp_call_function_single(cpu, confirm_interrupt, NULL, 1);
	} while (READ_ONCE(task->on_cpu) && task_cpu(task) != cpu);
}

/* Can it be held at all, by who wants that? */
static int confirm_check_locked(struct proxyipc_thread *thread,
				struct proxyipc_hold *hold)
{
	lockdep_assert_held(&thread->target.lock);

	if (hold->identity)
		return proxyipc_identity_check_alive_locked(hold->identity);
	return thread->target.dead ||
	       proxyipc_task_is_dying(thread->target.task) ? -ESRCH : 0;
}

/*
 * One look of a confirmation. @kicked is the number of the queueing after which
 * the target was interrupted last: if the callback still is queued by that, the
 * target hasn't been in user mode since. A callback that was queued again, at the
 * end of a deferral for instance, proves nothing to who interrupted before.
 *
 * Returns -EAGAIN if the target has to be interrupted and looked at again.
 */
static int confirm_look_locked(struct proxyipc_thread *thread,
			       struct proxyipc_hold *hold, u64 kicked)
{
	/* It has the callback before it, or is in it: one that was just resumed. */
	bool is_out = thread->queued || thread->parked;

	lockdep_assert_held(&thread->target.lock);

	if (list_empty(&hold->link))
		return confirm_check_locked(thread, hold) ?: -ESTALE;
	if (hold->confirmed)
		return 0;
	if (thread->queued && thread->queueings != kicked)
		return -EAGAIN;
	/* Else the callback has let it go. */
	if (is_out ? proxyipc_thread_defers_locked(thread) :
		     proxyipc_thread_is_deferring_locked(thread)) {
		hold->deferred = true;
		return -EINPROGRESS;
	}
	if (is_out || thread->in_exec) {
		proxyipc_thread_take_effect_locked(thread);
		return 0;
	}
	return confirm_check_locked(thread, hold) ?:
	       proxyipc_thread_queue_locked(thread) ?: -EAGAIN;
}

/**
 * proxyipc_thread_confirm() - make sure that a held thread does not run
 * @thread: its record
 * @hold: added before
 *
 * See proxyipc_hold_confirm(); of no group, but perhaps the hold that stands for
 * those.
 *
 * Context: process, interrupts on, no locks. Doesn't sleep, but waits for an
 * interrupt on another CPU.
 *
 * Return: as proxyipc_hold_confirm().
 */
int proxyipc_thread_confirm(struct proxyipc_thread *thread,
			    struct proxyipc_hold *hold)
{
	unsigned int round;
	u64 kicked = 0;
	int ret;

	for (round = 0; ; round++) {
		raw_spin_lock_irq(&thread->target.lock);
		ret = confirm_look_locked(thread, hold, kicked);
		kicked = thread->queueings;
		raw_spin_unlock_irq(&thread->target.lock);
		if (ret != -EAGAIN || round == CONFIRM_ROUNDS)
			return ret;
		proxyipc_task_kick(thread->target.task);
	}
}
