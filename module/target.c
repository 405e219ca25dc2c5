// SPDX-License-Identifier: GPL-2.0
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "compat.h"
#include "group.h"
#include "main.h"
#include "target.h"
#include "thread.h"

static DEFINE_HASHTABLE(targets, 8);
static DEFINE_RAW_SPINLOCK(targets_lock);

static const struct file_operations target_pin_fops = {
	.owner = THIS_MODULE,
};

/**
 * proxyipc_target_pin() - a file that keeps the module
 *
 * Context: may sleep.
 *
 * Return: the file, or -ENOMEM, -ENFILE.
 */
struct file *proxyipc_target_pin(void)
{
	return anon_inode_getfile("[proxyipc-pin]", &target_pin_fops, NULL, 0);
}

/**
 * proxyipc_target_init() - prepare a record
 * @target: all zero
 * @reconcile: see proxyipc_identity_init()
 *
 * It has one reference. Its lock is initialised by who makes it, since those of
 * threads and of groups are two classes.
 */
void proxyipc_target_init(struct proxyipc_target *target, work_func_t reconcile)
{
	refcount_set(&target->ref, 1);
	INIT_WORK(&target->reconcile, reconcile);
	INIT_LIST_HEAD(&target->holds);
	INIT_LIST_HEAD(&target->identities);
}

/**
 * proxyipc_target_name() - say what a record is of
 * @target: the record
 * @key: the thread or the group
 * @task: the thread, or one of the group; a reference is taken
 * @pin: the reference passes
 *
 * Context: any.
 */
void proxyipc_target_name(struct proxyipc_target *target, const void *key,
			  struct task_struct *task, struct file *pin)
{
	target->key = key;
	target->task = get_task_struct(task);
	target->pin = pin;
}

/**
 * proxyipc_target_peek() - find a record without taking a reference
 * @key: the thread or the group
 *
 * Context: any; under RCU, which keeps it.
 *
 * Return: the record or NULL.
 */
struct proxyipc_target *proxyipc_target_peek(const void *key)
{
	struct proxyipc_target *target;

	hash_for_each_possible_rcu(targets, target, node, (unsigned long)key)
		if (target->key == key && refcount_read(&target->ref))
			break;
	return target;
}

/**
 * proxyipc_target_find() - find a record
 * @key: the thread or the group
 *
 * Context: any.
 *
 * Return: the record, with a reference, or NULL.
 */
struct proxyipc_target *proxyipc_target_find(const void *key)
{
	struct proxyipc_target *target;

	rcu_read_lock();
	hash_for_each_possible_rcu(targets, target, node, (unsigned long)key)
		if (target->key == key && refcount_inc_not_zero(&target->ref))
			break;
	rcu_read_unlock();
	return target;
}

/**
 * proxyipc_target_insert() - have a record found
 * @fresh: named
 *
 * Context: any.
 *
 * Return: NULL, or the record that there is already, with a reference: @fresh is
 * still the caller's.
 */
struct proxyipc_target *proxyipc_target_insert(struct proxyipc_target *fresh)
{
	struct proxyipc_target *target;
	unsigned long flags;

	raw_spin_lock_irqsave(&targets_lock, flags);
	target = proxyipc_target_find(fresh->key);
	if (!target)
		hash_add_rcu(targets, &fresh->node, (unsigned long)fresh->key);
	raw_spin_unlock_irqrestore(&targets_lock, flags);
	return target;
}

/**
 * proxyipc_target_get() - one more reference
 * @target: the record
 */
void proxyipc_target_get(struct proxyipc_target *target)
{
	refcount_inc(&target->ref);
}

/**
 * proxyipc_target_put() - one reference less
 * @target: the record
 *
 * Context: any but hard interrupt.
 */
void proxyipc_target_put(struct proxyipc_target *target)
{
	struct file *pin = target->pin;
	unsigned long flags;

	if (!refcount_dec_and_test(&target->ref))
		return;

	raw_spin_lock_irqsave(&targets_lock, flags);
	hash_del_rcu(&target->node);
	raw_spin_unlock_irqrestore(&targets_lock, flags);
	put_task_struct(target->task);
	/* By ourselves, since it frees more than that; module exit waits for it. */
	call_rcu(&target->rcu, target->is_group ? proxyipc_group_free :
						  proxyipc_thread_free);
	/* Last: from here on the module may go. */
	fput(pin);
}

/**
 * proxyipc_target_reconcile_locked() - have the owners of ended identities told
 * @target: the record; the caller has a reference, so this isn't the last
 *
 * Context: any; they are told in process context.
 */
void proxyipc_target_reconcile_locked(struct proxyipc_target *target)
{
	lockdep_assert_held(&target->lock);

	refcount_inc(&target->ref);
	if (!queue_work(proxyipc_workqueue, &target->reconcile))
		refcount_dec(&target->ref);
}

/**
 * proxyipc_task_is_dying() - will this execute no user instruction whatever we do?
 * @task: the task
 *
 * Return: true if so.
 */
bool proxyipc_task_is_dying(struct task_struct *task)
{
	struct task_struct *exec = READ_ONCE(task->signal->group_exec_task);

	return READ_ONCE(task->flags) & (PF_EXITING | PF_POSTCOREDUMP) ||
	       READ_ONCE(task->signal->flags) & SIGNAL_GROUP_EXIT ||
	       (exec && exec != task) ||
	       __fatal_signal_pending(task);
}

/**
 * proxyipc_task_counts() - does this task run user code, or could it?
 * @task: the task
 *
 * Return: false if it is dying, or a worker, which has no way back to user mode.
 */
bool proxyipc_task_counts(struct task_struct *task)
{
	return !(READ_ONCE(task->flags) & PROXYIPC_PF_WORKER) &&
	       !proxyipc_task_is_dying(task);
}
