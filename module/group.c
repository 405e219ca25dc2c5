// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "compat.h"
#include "group.h"
#include "identity.h"
#include "thread.h"

/**
 * proxyipc_group_is_dying() - will none of it execute a user instruction?
 * @group: the record
 *
 * Context: any.
 *
 * Return: true if so, whatever we do.
 */
bool proxyipc_group_is_dying(const struct proxyipc_group *group)
{
	struct signal_struct *signal = group->target.task->signal;

	return READ_ONCE(signal->flags) & SIGNAL_GROUP_EXIT ||
	       !atomic_read(&signal->live);
}

/**
 * proxyipc_group_some_thread() - a thread that stands for its group
 * @task: one of the group
 *
 * Context: any.
 *
 * Return: @task or, if that is about to end, another one that isn't; with a
 * reference. @task if all are.
 */
struct task_struct *proxyipc_group_some_thread(struct task_struct *task)
{
	struct task_struct *found = task, *other;

	rcu_read_lock();
	if (!proxyipc_task_counts(task)) {
		list_for_each_entry_rcu(other, &task->signal->thread_head,
					thread_node) {
			if (!proxyipc_task_counts(other))
				continue;
			found = other;
			break;
		}
	}
	get_task_struct(found);
	rcu_read_unlock();
	return found;
}

/* What all the holds on the group ask of one thread. */
static bool group_holds(struct proxyipc_group *group, u64 *defer_until)
{
	struct proxyipc_hold *hold;
	u64 until = U64_MAX;
	bool holds;

	raw_spin_lock(&group->target.lock);
	holds = group->target.nr_holds;
	list_for_each_entry(hold, &group->target.holds, link)
		until = min(until, hold->defer_until);
	raw_spin_unlock(&group->target.lock);
	*defer_until = until;
	return holds;
}

/*
 * Make the hold that stands for those on the group what it should be. If @queue, see
 * that the callback looks at it, also if it is on already: there may be a new one on
 * the group, less patient than those before.
 */
static void thread_sync_locked(struct proxyipc_thread *thread, bool queue)
{
	struct proxyipc_hold *shared = &thread->shared;

	lockdep_assert_held(&thread->target.lock);

	if (!thread->group || thread->target.dead)
		return;
	if (!group_holds(thread->group, &shared->defer_until)) {
		proxyipc_thread_unlink_locked(thread, shared);
		return;
	}
	/* Fails if it has exited: then it needs none. */
	if (queue && proxyipc_thread_queue_locked(thread))
		return;
	if (list_empty(&shared->link))
		proxyipc_thread_add_locked(thread, shared);
}

static int thread_join_locked(struct proxyipc_thread *thread,
			      struct proxyipc_group *group)
{
	lockdep_assert_held(&thread->target.lock);

	/* Against its exit probe: see identity_join_locked(). */
	smp_mb();
	if (thread->target.dead ||
	    READ_ONCE(thread->target.task->flags) & PF_EXITING)
		return -ESRCH;
	if (!thread->group) {
		proxyipc_target_get(&group->target);
		proxyipc_target_get(&thread->target);
		thread->group = group;
	}
	thread_sync_locked(thread, true);
	return 0;
}

/**
 * proxyipc_group_join() - have a thread take part in what happens to its group
 * @group: the record
 * @task: the thread; the caller has a reference
 *
 * Context: may sleep.
 *
 * Return: its record, with a reference; -ESRCH if it exits, -ENOMEM.
 */
struct proxyipc_thread *proxyipc_group_join(struct proxyipc_group *group,
					    struct task_struct *task)
{
	struct proxyipc_thread *thread;
	int ret;

	thread = proxyipc_thread_get(task, group->target.pin,
				     group->target.reconcile.func);
	if (IS_ERR(thread))
		return thread;
	raw_spin_lock_irq(&thread->target.lock);
	ret = thread_join_locked(thread, group);
	raw_spin_unlock_irq(&thread->target.lock);
	if (!ret)
		return thread;
	proxyipc_thread_put(thread);
	return ERR_PTR(ret);
}

/**
 * proxyipc_group_leave_locked() - a thread has no more to do with its group
 * @thread: its record
 *
 * Context: any.
 *
 * Return: the group; the caller has to put it, and @thread once more than he has
 * references to it. NULL: it had not joined.
 */
struct proxyipc_group *proxyipc_group_leave_locked(struct proxyipc_thread *thread)
{
	struct proxyipc_group *group = thread->group;

	lockdep_assert_held(&thread->target.lock);

	if (group)
		proxyipc_thread_unlink_locked(thread, &thread->shared);
	thread->group = NULL;
	return group;
}

/* Nobody knows the group any more? Somebody may again, at any moment. */
static bool group_is_forgotten(struct proxyipc_group *group)
{
	bool forgotten;

	raw_spin_lock(&group->target.lock);
	forgotten = !group->nr_identities;
	raw_spin_unlock(&group->target.lock);
	return forgotten;
}

static void thread_leave_forgotten(struct proxyipc_thread *thread)
{
	struct proxyipc_group *group = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&thread->target.lock, flags);
	if (thread->group && group_is_forgotten(thread->group))
		group = proxyipc_group_leave_locked(thread);
	raw_spin_unlock_irqrestore(&thread->target.lock, flags);
	if (group) {
		proxyipc_target_put(&group->target);
		proxyipc_thread_put(thread);
	}
}

/**
 * proxyipc_group_forget() - one less that knows it
 * @group: the record; the caller has a reference
 *
 * Context: process.
 */
void proxyipc_group_forget(struct proxyipc_group *group)
{
	struct proxyipc_thread *thread, *leader = NULL;
	struct task_struct *task;
	bool last;

	raw_spin_lock_irq(&group->target.lock);
	last = !--group->nr_identities;
	if (last)
		swap(group->leader, leader);
	raw_spin_unlock_irq(&group->target.lock);
	proxyipc_thread_put(leader);
	if (!last)
		return;

	/* Who joins from now on does so for somebody else, who also knows it. */
	rcu_read_lock();
	list_for_each_entry_rcu(task, proxyipc_group_threads(group),
				thread_node) {
		thread = proxyipc_thread_find(task);
		if (thread)
			thread_leave_forgotten(thread);
		proxyipc_thread_put(thread);
	}
	rcu_read_unlock();
}

/**
 * proxyipc_group_free() - the memory of a record
 * @rcu: its target's
 */
void proxyipc_group_free(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct proxyipc_group, target.rcu));
}

static struct proxyipc_group *group_new(struct task_struct *task,
					work_func_t reconcile)
{
	struct proxyipc_target *found;
	struct proxyipc_group *fresh;
	struct file *pin;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	pin = proxyipc_target_pin();
	if (IS_ERR(pin)) {
		kfree(fresh);
		return ERR_CAST(pin);
	}
	proxyipc_target_init(&fresh->target, reconcile);
	raw_spin_lock_init(&fresh->target.lock);
	fresh->target.is_group = true;
	proxyipc_target_name(&fresh->target, task->signal, task, pin);
	found = proxyipc_target_insert(&fresh->target);
	if (!found)
		return fresh;
	put_task_struct(task);
	kfree(fresh);
	fput(pin);
	return proxyipc_target_group(found);
}

/**
 * proxyipc_group_get() - the record of a thread group, made if there is none
 * @task: a thread of it; the caller has a reference
 * @reconcile: see proxyipc_identity_init()
 *
 * Context: may sleep.
 *
 * Return: the record, with a reference, to be given back by
 * proxyipc_group_forget() and proxyipc_target_put(); or -ENOMEM, -ENFILE.
 */
struct proxyipc_group *proxyipc_group_get(struct task_struct *task,
					  work_func_t reconcile)
{
	struct proxyipc_target *found = proxyipc_target_find(task->signal);
	struct proxyipc_group *group;

	group = found ? proxyipc_target_group(found) : group_new(task, reconcile);
	if (IS_ERR(group))
		return group;
	raw_spin_lock_irq(&group->target.lock);
	group->nr_identities++;
	raw_spin_unlock_irq(&group->target.lock);
	return group;
}

/* The main thread, with a reference; NULL if the whole group has been reaped. */
static struct task_struct *group_get_main_task(struct proxyipc_group *group)
{
	struct pid *tgid = get_task_pid(group->target.task, PIDTYPE_TGID);
	struct task_struct *task = get_pid_task(tgid, PIDTYPE_TGID);

	put_pid(tgid);
	return task;
}

static struct proxyipc_thread *group_find_leader(struct proxyipc_group *group)
{
	struct task_struct *task = group_get_main_task(group);
	struct proxyipc_thread *leader;

	if (!task)
		return NULL;
	leader = proxyipc_thread_find(task);
	put_task_struct(task);
	return leader;
}

/**
 * proxyipc_group_get_leader() - the record of the main thread, if there is one
 * @group: the record
 *
 * Context: any but hard interrupt.
 *
 * Return: its record, with a reference, or NULL.
 */
struct proxyipc_thread *proxyipc_group_get_leader(struct proxyipc_group *group)
{
	struct proxyipc_thread *leader;
	unsigned long flags;

	raw_spin_lock_irqsave(&group->target.lock, flags);
	leader = group->leader;
	if (leader)
		proxyipc_target_get(&leader->target);
	raw_spin_unlock_irqrestore(&group->target.lock, flags);
	return leader ?: group_find_leader(group);
}

/**
 * proxyipc_group_leader() - the record of the main thread, made if there is none
 * @group: the record
 *
 * It stays known, so that its control page outlives it.
 *
 * Context: may sleep.
 *
 * Return: its record, with a reference; -ESRCH if it has exited, -ENOMEM.
 */
struct proxyipc_thread *proxyipc_group_leader(struct proxyipc_group *group)
{
	struct proxyipc_thread *leader = READ_ONCE(group->leader);
	struct task_struct *task;

	if (leader)
		return proxyipc_group_get_leader(group) ?: ERR_PTR(-ESRCH);
	task = group_get_main_task(group);
	if (!task)
		return ERR_PTR(-ESRCH);
	leader = proxyipc_group_join(group, task);
	put_task_struct(task);
	if (IS_ERR(leader))
		return leader;

	raw_spin_lock_irq(&group->target.lock);
	/* An exec may have made another one that. */
	if (!group->leader && group->nr_identities && !group->target.dead &&
	    thread_group_leader(leader->target.task)) {
		group->leader = leader;
		proxyipc_target_get(&leader->target);
	}
	raw_spin_unlock_irq(&group->target.lock);
	return leader;
}

/**
 * proxyipc_group_replace_leader() - another thread is the main thread now
 * @group: the record
 * @leader: its record; NULL: it has none, or there is none
 *
 * Context: any but hard interrupt.
 */
void proxyipc_group_replace_leader(struct proxyipc_group *group,
				   struct proxyipc_thread *leader)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&group->target.lock, flags);
	if (leader && group->nr_identities)
		proxyipc_target_get(&leader->target);
	else
		leader = NULL;
	swap(group->leader, leader);
	raw_spin_unlock_irqrestore(&group->target.lock, flags);
	proxyipc_thread_put(leader);
}

/**
 * proxyipc_group_sync() - tell the threads what the group's holds are now
 * @group: the record
 *
 * For the better: it wakes those that no hold is on any more. New holds are for
 * proxyipc_group_confirm().
 *
 * Context: process or atomic.
 */
void proxyipc_group_sync(struct proxyipc_group *group)
{
	struct proxyipc_thread *thread;
	struct task_struct *task;

	rcu_read_lock();
	list_for_each_entry_rcu(task, proxyipc_group_threads(group),
				thread_node) {
		thread = proxyipc_thread_peek(task);
		if (!thread)
			continue;
		raw_spin_lock_irq(&thread->target.lock);
		if (!list_empty(&thread->shared.link))
			thread_sync_locked(thread, false);
		raw_spin_unlock_irq(&thread->target.lock);
	}
	rcu_read_unlock();
}

/**
 * proxyipc_group_check_locked() - a thread asks its group whether to go on
 * @thread: of the current task
 *
 * Who knew the group as somebody else loses his holds.
 *
 * Context: the callback.
 */
void proxyipc_group_check_locked(struct proxyipc_thread *thread)
{
	struct proxyipc_identity *identity, *next;
	struct proxyipc_group *group = thread->group;

	lockdep_assert_held(&thread->target.lock);

	if (!group)
		return;
	raw_spin_lock(&group->target.lock);
	list_for_each_entry_safe(identity, next, &group->target.identities, link)
		if (!identity->stale && !proxyipc_identity_fits(identity, current))
			proxyipc_identity_revoke_locked(identity);
	raw_spin_unlock(&group->target.lock);
	thread_sync_locked(thread, false);
}

/**
 * proxyipc_group_settle_locked() - a thread doesn't defer any more
 * @thread: its record
 *
 * Context: any, also hard interrupt.
 */
void proxyipc_group_settle_locked(struct proxyipc_thread *thread)
{
	struct proxyipc_group *group = thread->group;
	struct proxyipc_hold *hold;

	lockdep_assert_held(&thread->target.lock);

	if (!group)
		return;
	raw_spin_lock(&group->target.lock);
	list_for_each_entry(hold, &group->target.holds, link) {
		if (!hold->deferred)
			continue;
		hold->deferred = false;
		hold->identity->settled(hold->identity);
	}
	raw_spin_unlock(&group->target.lock);
}

/**
 * proxyipc_group_wants_spare_locked() - is a thread to have a spare record?
 * @thread: its record
 *
 * Context: any.
 *
 * Return: true if so, and it has none.
 */
bool proxyipc_group_wants_spare_locked(struct proxyipc_thread *thread)
{
	lockdep_assert_held(&thread->target.lock);

	return thread->group && READ_ONCE(thread->group->catching) &&
	       !thread->spare;
}

/* A thread is born, and its parent's spare record is its own. It has not run yet. */
static void group_adopt(struct proxyipc_group *group,
			struct proxyipc_thread *thread, struct task_struct *child)
{
	struct proxyipc_target *found;
	unsigned long flags;

	proxyipc_target_name(&thread->target, child, child,
			     get_file(group->target.pin));
	/* Who goes through the threads may have been here first. */
	found = proxyipc_target_insert(&thread->target);
	if (found) {
		/* Named, but never found: it has no other reference. */
		proxyipc_target_put(&thread->target);
		thread = proxyipc_target_thread(found);
	}
	raw_spin_lock_irqsave(&thread->target.lock, flags);
	thread_join_locked(thread, group);
	if (READ_ONCE(group->catching))
		proxyipc_thread_queue_locked(thread);
	/* It has no control page in which it could defer anything. */
	if (!list_empty(&thread->shared.link))
		proxyipc_thread_take_effect_locked(thread);
	raw_spin_unlock_irqrestore(&thread->target.lock, flags);
	/* Who made all threads leave may not have seen it. */
	thread_leave_forgotten(thread);
	proxyipc_thread_put(thread);
}

/* Takes the spare record of the current thread, and has it looked after. */
static struct proxyipc_thread *current_take_spare(struct proxyipc_group *group)
{
	struct proxyipc_thread *thread = proxyipc_thread_find(current);
	struct proxyipc_thread *spare = NULL;
	unsigned long flags;

	if (!thread)
		return NULL;
	raw_spin_lock_irqsave(&thread->target.lock, flags);
	swap(thread->spare, spare);
	if (READ_ONCE(group->catching))
		proxyipc_thread_queue_locked(thread);
	raw_spin_unlock_irqrestore(&thread->target.lock, flags);
	proxyipc_thread_put(thread);
	return spare;
}

/**
 * proxyipc_group_fork_probe() - sched_process_fork
 * @data: unused
 * @parent: the current task
 * @child: what it has created: it can be found, and has not run
 *
 * Context: atomic; or preemptible, on kernels that call probes so. Allocates
 * nothing.
 */
void proxyipc_group_fork_probe(void *data, struct task_struct *parent,
			       struct task_struct *child)
{
	struct proxyipc_target *found;
	struct proxyipc_thread *spare;
	struct proxyipc_group *group;
	unsigned long flags;
	bool wanted;

	if (parent->signal != child->signal)
		return;
	found = proxyipc_target_find(child->signal);
	if (!found)
		return;
	group = proxyipc_target_group(found);

	/*
	 * A hold is added before the pass over the threads begins, and @births read
	 * after that: so the pass sees this one, or sees that it missed one, or the
	 * hold is seen here.
	 */
	raw_spin_lock_irqsave(&group->target.lock, flags);
	group->births++;
	wanted = group->target.nr_holds || group->catching;
	raw_spin_unlock_irqrestore(&group->target.lock, flags);

	spare = wanted ? current_take_spare(group) : NULL;
	if (spare)
		group_adopt(group, spare, child);
	proxyipc_target_put(&group->target);
}

/**
 * proxyipc_group_ends() - from the probe of sched_process_exit
 * @task: the current task, perhaps the last of its group
 *
 * Context: as proxyipc_group_fork_probe().
 */
void proxyipc_group_ends(struct task_struct *task)
{
	struct proxyipc_thread *leader = NULL;
	struct proxyipc_hold *hold, *next;
	struct proxyipc_target *target;
	unsigned long flags;

	if (atomic_read(&task->signal->live))
		return;
	target = proxyipc_target_find(task->signal);
	if (!target)
		return;

	raw_spin_lock_irqsave(&target->lock, flags);
	target->dead = true;
	list_for_each_entry_safe(hold, next, &target->holds, link)
		proxyipc_hold_unlink_locked(hold);
	swap(proxyipc_target_group(target)->leader, leader);
	proxyipc_target_reconcile_locked(target);
	raw_spin_unlock_irqrestore(&target->lock, flags);
	proxyipc_thread_put(leader);
	proxyipc_target_put(target);
}
