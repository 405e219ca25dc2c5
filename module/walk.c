// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "compat.h"
#include "expiry.h"
#include "group.h"
#include "identity.h"
#include "thread.h"

/*
 * Going through the threads of a group: to hold all of them, and to see what they
 * are doing. group.h says why one pass that finds nothing to do is enough.
 */

/* How many threads are taken from the list in one pass, to be held afterwards. */
#define WALK_BATCH	64

/* Passes before it is given up: 10^5 threads and more. */
#define WALK_PASSES	4096

/**
 * struct walk_pass - what one pass over the threads has found
 * @group: whose
 * @hold: that is to be confirmed; NULL: they are only to join
 * @births: of the group, before the pass
 * @todo: threads that something has to be done about, with references
 * @nr_todo: how many
 * @nr_deferred: how many defer the hold
 * @stranger: one has other credentials
 */
struct walk_pass {
	struct proxyipc_group *group;
	struct proxyipc_hold *hold;
	u64 births;
	struct task_struct *todo[WALK_BATCH];
	unsigned int nr_todo;
	unsigned int nr_deferred;
	bool stranger;
};

/* Has the thread all that it needs to be held, and children that it has? */
static bool thread_is_ready_locked(struct proxyipc_thread *thread,
				   const struct walk_pass *pass)
{
	lockdep_assert_held(&thread->target.lock);

	/* One that is asleep in the callback creates no others, while it is. */
	return thread->spare || (pass->hold && thread->parked);
}

static bool thread_needs_hold_locked(struct proxyipc_thread *thread,
				     struct walk_pass *pass)
{
	lockdep_assert_held(&thread->target.lock);

	if (thread->target.dead)
		return false;
	if (thread->group != pass->group || !thread_is_ready_locked(thread, pass))
		return true;
	if (!pass->hold)
		return false;
	if (list_empty(&thread->shared.link))
		return true;
	/*
	 * It is waited for: who settles that has this one confirmed again. But not
	 * if it was granted more time than this hold grants it.
	 */
	if (thread->shared.deferred &&
	    thread->shared.defer_until <= pass->hold->defer_until) {
		pass->nr_deferred++;
		return false;
	}
	return !thread->shared.confirmed;
}

static bool pass_has_to_do(struct walk_pass *pass, struct task_struct *task)
{
	struct proxyipc_thread *thread;
	bool needs;

	if (!proxyipc_task_counts(task))
		return false;
	if (pass->hold && !proxyipc_identity_fits(pass->hold->identity, task)) {
		pass->stranger = true;
		return false;
	}
	thread = proxyipc_thread_peek(task);
	if (!thread)
		return true;
	raw_spin_lock_irq(&thread->target.lock);
	needs = thread_needs_hold_locked(thread, pass);
	raw_spin_unlock_irq(&thread->target.lock);
	return needs;
}

static void walk_look(struct walk_pass *pass)
{
	struct task_struct *task;

	pass->nr_todo = 0;
	pass->nr_deferred = 0;
	pass->stranger = false;
	rcu_read_lock();
	list_for_each_entry_rcu(task, proxyipc_group_threads(pass->group),
				thread_node) {
		if (!pass_has_to_do(pass, task))
			continue;
		pass->todo[pass->nr_todo++] = get_task_struct(task);
		if (pass->nr_todo == WALK_BATCH)
			break;
	}
	rcu_read_unlock();
	/* Nobody is to be held by who doesn't know him: that is the end of it. */
	while (pass->stranger && pass->nr_todo)
		put_task_struct(pass->todo[--pass->nr_todo]);
}

/*
 * A pass leaves out who is about to die; but he may be in user mode yet. Another thread
 * executes a program, say, and kills the others one by one, under siglock: when that is
 * over all of them have SIGKILL, and an interrupt shows it to them.
 */
static void walk_kick_dying(struct walk_pass *pass)
{
	struct sighand_struct *sighand;
	struct task_struct *task;

	rcu_read_lock();
	list_for_each_entry_rcu(task, proxyipc_group_threads(pass->group),
				thread_node) {
		if (!proxyipc_task_is_dying(task) ||
		    READ_ONCE(task->flags) & (PF_EXITING | PROXYIPC_PF_WORKER))
			continue;
		sighand = rcu_dereference(task->sighand);
		if (sighand) {
			spin_lock_irq(&sighand->siglock);
			spin_unlock_irq(&sighand->siglock);
		}
		proxyipc_task_kick(task);
	}
	rcu_read_unlock();
}

/* Have one thread join and, if that is what it is about, held. */
static int walk_do_one(struct walk_pass *pass, struct task_struct *task)
{
	struct proxyipc_thread *thread;
	int ret;

	thread = proxyipc_group_join(pass->group, task);
	if (IS_ERR(thread))
		return PTR_ERR(thread) == -ESRCH ? 0 : PTR_ERR(thread);
	ret = proxyipc_thread_refill(thread);
	if (!ret && pass->hold)
		ret = proxyipc_thread_confirm(thread, &thread->shared);
	proxyipc_thread_put(thread);
	/* What it has become meanwhile the next pass will see. */
	return ret == -ESRCH || ret == -ESTALE || ret == -EINPROGRESS ? 0 : ret;
}

static int walk_do(struct walk_pass *pass)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < pass->nr_todo; i++) {
		if (!ret)
			ret = walk_do_one(pass, pass->todo[i]);
		put_task_struct(pass->todo[i]);
		cond_resched();
	}
	return ret;
}

/*
 * Before a pass. From here on who settles a deferral tells the owner of the hold, who
 * then confirms it again: if that wasn't necessary nothing is lost.
 */
static int walk_begin(struct walk_pass *pass)
{
	struct proxyipc_target *target = &pass->group->target;
	struct proxyipc_hold *hold = pass->hold;
	int ret = 0;

	raw_spin_lock_irq(&target->lock);
	pass->births = pass->group->births;
	if (hold)
		ret = proxyipc_identity_check_alive_locked(hold->identity);
	if (hold && !ret && list_empty(&hold->link))
		ret = -ESTALE;
	if (hold && !ret && !hold->confirmed)
		hold->deferred = true;
	raw_spin_unlock_irq(&target->lock);
	return ret;
}

/*
 * Behind a pass that found nothing to do. Returns -EAGAIN if a thread was born
 * meanwhile, which it may have missed.
 */
static int walk_end(struct walk_pass *pass)
{
	struct proxyipc_target *target = &pass->group->target;
	struct proxyipc_hold *hold = pass->hold;
	int ret = 0;

	raw_spin_lock_irq(&target->lock);
	if (pass->stranger)
		proxyipc_identity_revoke_locked(hold->identity);
	if (hold)
		ret = proxyipc_identity_check_alive_locked(hold->identity);
	if (ret) {
		/* It has ended. */
	} else if (hold && list_empty(&hold->link)) {
		ret = -ESTALE;
	} else if (pass->births != pass->group->births) {
		ret = -EAGAIN;
	} else if (hold && pass->nr_deferred) {
		ret = -EINPROGRESS;
	} else if (hold) {
		hold->deferred = false;
		hold->confirmed = true;
	}
	raw_spin_unlock_irq(&target->lock);
	return ret;
}

static int walk(struct walk_pass *pass)
{
	unsigned int round;
	int ret;

	for (round = 0; round < WALK_PASSES; round++) {
		ret = walk_begin(pass);
		if (ret)
			return ret;
		walk_look(pass);
		if (pass->nr_todo) {
			ret = walk_do(pass);
			if (ret && ret != -EAGAIN)
				return ret;
		} else {
			walk_kick_dying(pass);
			ret = walk_end(pass);
			if (ret != -EAGAIN)
				return ret;
		}
	}
	return -EAGAIN;
}

/**
 * proxyipc_group_confirm() - make sure that no thread of a held group runs
 * @group: the record
 * @hold: added before
 *
 * Context: process, no locks. May sleep.
 *
 * Return: as proxyipc_hold_confirm().
 */
int proxyipc_group_confirm(struct proxyipc_group *group,
			   struct proxyipc_hold *hold)
{
	struct walk_pass pass = { .group = group, .hold = hold };

	return walk(&pass);
}

/**
 * proxyipc_group_join_all() - have all threads join, and each that is born
 * @group: the record, with @catching set
 *
 * Context: process, no locks. May sleep.
 *
 * Return: 0, -ENOMEM or -EAGAIN.
 */
int proxyipc_group_join_all(struct proxyipc_group *group)
{
	struct walk_pass pass = { .group = group };

	return walk(&pass);
}

/**
 * proxyipc_group_check_threads() - is each of them who the group is said to be?
 * @group: the record
 * @identity: of the group
 *
 * Context: process or atomic.
 *
 * Return: 0 or -ESTALE.
 */
int proxyipc_group_check_threads(struct proxyipc_group *group,
				 struct proxyipc_identity *identity)
{
	struct task_struct *task;
	int ret = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(task, proxyipc_group_threads(group),
				thread_node)
		if (proxyipc_task_counts(task) &&
		    !proxyipc_identity_fits(identity, task))
			ret = -ESTALE;
	rcu_read_unlock();
	return ret;
}

/* One that hasn't run yet, and will be held before it does, isn't counted. */
static void look_add(struct proxyipc_look *look, struct task_struct *task)
{
	struct proxyipc_thread *thread;

	if (!proxyipc_task_counts(task) || READ_ONCE(task->__state) & TASK_NEW)
		return;
	thread = proxyipc_thread_peek(task);
	if (!thread) {
		/* If it has exited meanwhile its record went after PF_EXITING came. */
		smp_rmb();
		look->threads += proxyipc_task_counts(task);
		return;
	}
	raw_spin_lock_irq(&thread->target.lock);
	/* It may have exited just now. */
	look->threads += !thread->target.dead;
	if (thread->shared.confirmed && thread->parked)
		look->parked++;
	else if (thread->shared.confirmed)
		look->armed++;
	raw_spin_unlock_irq(&thread->target.lock);
}

static u32 look_state(const struct proxyipc_look *look)
{
	if (!look->holds || look->armed + look->parked < look->threads)
		return PROXYIPC_STATE_RUNNABLE;
	return look->armed || !look->threads ? PROXYIPC_STATE_ARMED :
					       PROXYIPC_STATE_PARKED;
}

/**
 * proxyipc_group_look() - see what a group is doing
 * @group: the record
 * @look: receives it
 *
 * Context: process.
 */
void proxyipc_group_look(struct proxyipc_group *group,
			 struct proxyipc_look *look)
{
	struct proxyipc_thread *leader = proxyipc_group_get_leader(group);
	struct task_struct *task;

	*look = (struct proxyipc_look){ .syscall = -1 };
	if (leader) {
		proxyipc_thread_look(leader, look);
		proxyipc_thread_put(leader);
	}
	look->threads = 0;
	look->armed = 0;
	look->parked = 0;
	look->holds = READ_ONCE(group->target.nr_holds);
	if (READ_ONCE(group->target.dead)) {
		look->state = PROXYIPC_STATE_GONE;
		return;
	}
	rcu_read_lock();
	list_for_each_entry_rcu(task, proxyipc_group_threads(group),
				thread_node)
		look_add(look, task);
	rcu_read_unlock();
	look->state = look_state(look);
}

/**
 * proxyipc_group_read_clocks() - what all threads together have used
 * @group: the record
 * @last: what this said before
 * @now: its @at is set; receives the rest. Time that threads spent side by side
 *	counts for each of them. Of those that have exited the waiting is forgotten.
 *
 * Context: any, also hard interrupt.
 */
void proxyipc_group_read_clocks(struct proxyipc_group *group,
				const struct proxyipc_reading *last,
				struct proxyipc_reading *now)
{
	u64 elapsed = now->at - last->at, before = last->delay;
	struct task_struct *task;

	now->cpu = READ_ONCE(group->target.task->signal->sum_sched_runtime);
	now->delay = 0;
	rcu_read_lock();
	list_for_each_entry_rcu(task, proxyipc_group_threads(group),
				thread_node) {
		now->cpu += READ_ONCE(task->se.sum_exec_runtime);
		now->delay += proxyipc_task_delay(task, before, elapsed);
		before = 0;
	}
	rcu_read_unlock();
}

/**
 * proxyipc_group_stretch() - the longest that one of its threads has been on a CPU
 * @group: the record
 *
 * Context: any, also hard interrupt.
 *
 * Return: nanoseconds, without a break; 0 if none is.
 */
u64 proxyipc_group_stretch(struct proxyipc_group *group)
{
	struct task_struct *task;
	u64 stretch = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(task, proxyipc_group_threads(group),
				thread_node)
		stretch = max(stretch, proxyipc_task_stretch(task));
	rcu_read_unlock();
	return stretch;
}
