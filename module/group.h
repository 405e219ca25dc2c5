/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_GROUP_H
#define _PROXYIPC_GROUP_H

/**
 * DOC: Thread group
 *
 * A hold on a group holds each of its threads, among them those that are born
 * meanwhile. It is the threads that stand still, so it is their records that do all
 * the work: the group has its own record, with the holds on it, and each thread has
 * one hold more, @shared, that stands for all of those together. It is on when the
 * group has holds. Whoever changes that goes through the threads afterwards, one
 * after the other, and makes each one's @shared what it should be by then
 * (*synchronising* it): no lock is held over all threads, and who comes late finds
 * the same answer.
 *
 * A thread *joins* the group's record, and gets a record of its own, when that is
 * first held; it leaves when it exits, or when nobody knows the group any more.
 * Nothing is done for the threads of a group that is merely known.
 *
 * While there are holds, a thread that is still in the kernel may create another. The
 * probe of fork(2), where nothing can be allocated, gives that one the record that
 * its parent has in spare, with the hold on. A thread counts as held when it is, and
 * either sleeps in the callback or has such a spare: it can use up no more than one
 * before it sleeps. So a hold is *confirmed* by one pass over all threads that finds
 * each of them held, and during which none was born (@births): whoever is born later
 * has a parent that the pass has seen, and a record.
 *
 * Faults are routed for threads that have joined: so a group whose faults somebody
 * asked for gives each new thread a record by the same way, and its callback, before
 * it first returns to user mode, fills up the spare.
 */

#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/types.h>

#include "target.h"

struct proxyipc_hold;
struct proxyipc_identity;
struct proxyipc_look;
struct proxyipc_reading;
struct proxyipc_thread;
struct task_struct;

/**
 * struct proxyipc_group - record of a thread group
 * @target: what it has in common with a thread; its @task is one that once was of it
 *
 * All that follows is under the lock of @target.
 *
 * @nr_identities: how many there are: with none, threads leave
 * @leader: record of the main thread, with a reference, whose control page is that
 *	of the group; NULL if it is to be found
 * @births: how many threads were created since there is this record
 * @catching: somebody asked for faults
 */
struct proxyipc_group {
	struct proxyipc_target target;

	unsigned int nr_identities;
	struct proxyipc_thread *leader;
	u64 births;
	bool catching;
};

/*
 * For list_for_each_entry_rcu(), by thread_node. Not the kernel's own macro, whose
 * check for lockdep isn't for modules.
 */
static inline struct list_head *proxyipc_group_threads(struct proxyipc_group *group)
{
	return &group->target.task->signal->thread_head;
}

static inline struct proxyipc_group *
proxyipc_target_group(struct proxyipc_target *target)
{
	return container_of(target, struct proxyipc_group, target);
}

struct proxyipc_group *proxyipc_group_get(struct task_struct *task,
					  work_func_t reconcile);
void proxyipc_group_forget(struct proxyipc_group *group);
void proxyipc_group_free(struct rcu_head *rcu);
struct task_struct *proxyipc_group_some_thread(struct task_struct *task);
bool proxyipc_group_is_dying(const struct proxyipc_group *group);

struct proxyipc_thread *proxyipc_group_join(struct proxyipc_group *group,
					    struct task_struct *task);
struct proxyipc_thread *proxyipc_group_leader(struct proxyipc_group *group);
struct proxyipc_thread *proxyipc_group_get_leader(struct proxyipc_group *group);
void proxyipc_group_sync(struct proxyipc_group *group);

/* walk.c: going through its threads */
int proxyipc_group_check_threads(struct proxyipc_group *group,
				 struct proxyipc_identity *identity);
int proxyipc_group_join_all(struct proxyipc_group *group);
int proxyipc_group_confirm(struct proxyipc_group *group,
			   struct proxyipc_hold *hold);
void proxyipc_group_look(struct proxyipc_group *group,
			 struct proxyipc_look *look);
void proxyipc_group_read_clocks(struct proxyipc_group *group,
				const struct proxyipc_reading *last,
				struct proxyipc_reading *now);
u64 proxyipc_group_stretch(struct proxyipc_group *group);

/* For a thread's callback and probes: under the lock of its record */
void proxyipc_group_check_locked(struct proxyipc_thread *thread);
void proxyipc_group_settle_locked(struct proxyipc_thread *thread);
bool proxyipc_group_wants_spare_locked(struct proxyipc_thread *thread);
struct proxyipc_group *proxyipc_group_leave_locked(struct proxyipc_thread *thread);
void proxyipc_group_replace_leader(struct proxyipc_group *group,
				   struct proxyipc_thread *leader);

void proxyipc_group_fork_probe(void *data, struct task_struct *parent,
			       struct task_struct *child);
void proxyipc_group_ends(struct task_struct *task);

#endif /* _PROXYIPC_GROUP_H */
