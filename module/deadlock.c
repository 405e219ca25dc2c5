// SPDX-License-Identifier: GPL-2.0
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "group.h"
#include "hold.h"
#include "identity.h"
#include "thread.h"

/* Steps along the chain of held receivers in search of a deadlock. */
#define DEADLOCK_WALK_MAX	8

/* Is one of the holds that of the target? Else @next is one who holds. */
static bool held_by_locked(struct proxyipc_target *held,
			   const struct proxyipc_identity *identity,
			   struct pid **next)
{
	struct proxyipc_hold *hold;
	struct task_struct *task;
	bool found = false;

	lockdep_assert_held(&held->lock);

	rcu_read_lock();
	list_for_each_entry(hold, &held->holds, link) {
		if (!hold->holder)
			continue;
		task = pid_task(hold->holder, PIDTYPE_PID);
		found = task && proxyipc_identity_has(identity, task);
		if (found)
			break;
		if (!*next)
			*next = get_pid(hold->holder);
	}
	rcu_read_unlock();
	return found;
}

static bool held_by(const void *key, const struct proxyipc_identity *identity,
		    struct pid **next)
{
	struct proxyipc_target *held = proxyipc_target_find(key);
	bool found;

	if (!held)
		return false;
	raw_spin_lock_irq(&held->lock);
	found = held_by_locked(held, identity, next);
	raw_spin_unlock_irq(&held->lock);
	proxyipc_target_put(held);
	return found;
}

/*
 * Is @task held, itself or with its group, by the target? Else @next is one who
 * holds it, with a reference.
 */
static bool task_is_held_by(struct task_struct *task,
			    const struct proxyipc_identity *identity,
			    struct pid **next)
{
	return held_by(task, identity, next) ||
	       held_by(task->signal, identity, next);
}

/* Does @parent wait in vfork() for the target to exec or exit? */
static bool waits_in_vfork(struct task_struct *parent,
			   struct proxyipc_identity *identity)
{
	struct task_struct *child = proxyipc_identity_task(identity);
	bool waits;

	rcu_read_lock();
	waits = READ_ONCE(child->vfork_done) &&
		rcu_dereference(child->real_parent) == parent;
	rcu_read_unlock();
	return waits;
}

/**
 * proxyipc_hold_would_deadlock() - could the one who must resume do so?
 * @identity: whom to hold
 * @holder: the thread that is expected to resume, or NULL
 *
 * Finds what can be seen: the holder is the target, or of it, or waits for it in
 * vfork(), or is held by somebody who is, and so on for a bounded number of steps.
 * What it can't see is ended by the lease.
 *
 * Context: process.
 *
 * Return: true if not.
 */
bool proxyipc_hold_would_deadlock(struct proxyipc_identity *identity,
				  struct pid *holder)
{
	struct task_struct *task;
	struct pid *next;
	bool found = false;
	int step;

	get_pid(holder);
	for (step = 0; holder && !found && step < DEADLOCK_WALK_MAX; step++) {
		task = get_pid_task(holder, PIDTYPE_PID);
		put_pid(holder);
		next = NULL;
		if (task) {
			found = proxyipc_identity_has(identity, task) ||
				waits_in_vfork(task, identity) ||
				task_is_held_by(task, identity, &next);
			put_task_struct(task);
		}
		holder = next;
	}
	put_pid(holder);
	return found;
}
