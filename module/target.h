/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_TARGET_H
#define _PROXYIPC_TARGET_H

/**
 * DOC: Target
 *
 * What can be held: a thread (thread.h) or a thread group (group.h). Both are
 * records of ours, one for each that anybody holds or watches; this is what they
 * have in common: who knows them, and the holds on them.
 *
 * Lifetime: a record lives while an identity, a queued callback, a queued reconcile
 * work or another record refers to it. With it lives a pin file, and with that the
 * module: a target that sleeps for hours with our callback queued keeps the module
 * loaded. The last put drops the pin file as its last act, after which nothing
 * sleeps; module exit waits for those last instructions with
 * synchronize_rcu_tasks().
 */

#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "fault.h"

struct file;
struct proxyipc_fault_works;
struct proxyipc_group;
struct proxyipc_hold;
struct proxyipc_identity;
struct proxyipc_thread;
struct task_struct;

/**
 * struct proxyipc_target - record of what can be held
 * @key: finds it: the task_struct of a thread, the signal_struct of a group; constant
 * @is_group: which of the two it is; constant
 * @task: the thread; of a group one that was of it, and keeps @key. Holds a
 *	reference; constant
 * @pin: keeps the module while the record lives; constant
 * @ref: who refers to it
 * @node: in the table of records; under targets_lock, read under RCU
 * @rcu: frees it
 * @reconcile: tells the owners of identities that theirs has ended
 * @lock: raw, protects what follows. That of a thread comes before that of its
 *	group.
 * @holds: the holds, oldest first
 * @nr_holds: how many
 * @nr_standstills: how often that was more than 0, so far
 * @identities: of all process objects on it that have not been told of their end
 * @catchers: who is told of faults
 * @fault_works: how
 * @dead: a thread past its exit probe, a group whose last thread is
 */
struct proxyipc_target {
	const void *key;
	bool is_group;
	struct task_struct *task;
	struct file *pin;
	refcount_t ref;
	struct hlist_node node;
	struct rcu_head rcu;
	struct work_struct reconcile;

	raw_spinlock_t lock;
	struct list_head holds;
	unsigned int nr_holds;
	u64 nr_standstills;
	struct list_head identities;
	struct proxyipc_catchers catchers;
	const struct proxyipc_fault_works *fault_works;
	bool dead;
};

struct file *proxyipc_target_pin(void);
void proxyipc_target_init(struct proxyipc_target *target, work_func_t reconcile);
void proxyipc_target_name(struct proxyipc_target *target, const void *key,
			  struct task_struct *task, struct file *pin);
struct proxyipc_target *proxyipc_target_peek(const void *key);
struct proxyipc_target *proxyipc_target_find(const void *key);
struct proxyipc_target *proxyipc_target_insert(struct proxyipc_target *fresh);
void proxyipc_target_get(struct proxyipc_target *target);
void proxyipc_target_put(struct proxyipc_target *target);
void proxyipc_target_reconcile_locked(struct proxyipc_target *target);
bool proxyipc_task_is_dying(struct task_struct *task);
bool proxyipc_task_counts(struct task_struct *task);

#endif /* _PROXYIPC_TARGET_H */
