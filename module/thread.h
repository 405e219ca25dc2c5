/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_THREAD_H
#define _PROXYIPC_THREAD_H

/**
 * DOC: Thread record
 *
 * Per target thread there is one record, shared by all process objects on it: the
 * list of its holds, and one callback that is queued as task work (TWA_RESUME). The
 * callback runs in the target when that returns to user mode, and sleeps there while
 * there is a hold. A sleeping system call isn't woken for it, so it never notices.
 *
 * A record is, under its lock, in one of these states:
 *
 * - *free*: no hold, callback not queued
 * - *armed*: a hold, callback queued; the target is in the kernel, or will be as
 *   soon as an interrupt reaches its CPU
 * - *parked*: a hold, the target sleeps in the callback
 * - *in exec*: a hold, and the callback ran amid execve(2), where it may not
 *   sleep; the exec probe queues it again. That stage of an exec can't fail back
 *   to the old program, so no user code runs in between.
 * - *dead*: the target passed its exit probe; nothing can be held any more
 *
 * - *deferred*: a hold that isn't in effect, and the target runs: it is in a
 *   section of its own ("not now", control.h), and the callback let it go on
 *
 * armed, no hold -> the callback finds nothing to do -> free.
 *
 * What makes a hold certain ("confirmed") is an interrupt on the CPU where the
 * target runs, after the callback was queued: its way back to user mode leads
 * through the callback. The argument about memory order is in
 * Documentation/locking.rst, section "Why a confirmed hold is one".
 *
 * The files here and in hold.h, identity.h, group.h are one room: they are the only
 * ones that touch another task's ability to run.
 */

#include <linux/hrtimer.h>
#include <linux/rcuwait.h>
#include <linux/task_work.h>
#include <linux/types.h>

#include "control.h"
#include "fault.h"
#include "hold.h"
#include "target.h"

/**
 * struct proxyipc_thread - record of one target thread
 * @target: what it has in common with a group
 * @work: the callback; belongs to task work while @queued
 * @tries: how often the callback has stepped back; only the target touches it
 * @fault: that the callback has to deal with, signal 0 for none; only the target
 *	touches it
 * @fault_target: the thread or the group, with a reference, that @faulted is of;
 *	only the target touches it
 * @faulted: who was told of @fault and may have it retried, or NULL; this and
 *	@retry are under the lock of @fault_target
 * @retry: @fault is to be retried
 *
 * All that follows is under the lock of @target.
 *
 * @nr_confirmed: how many of the holds are in effect
 * @held_since: since when there is such a one; CLOCK_MONOTONIC nanoseconds
 * @control: the control page
 * @defer_end: when the present deferral, or the latest that no hold took effect
 *	after, has to end; CLOCK_MONOTONIC nanoseconds, 0 if there is none
 * @defer_timer: ends it; armed only while there are holds. It has no reference: it
 *	runs in an interrupt, and the record is freed after a grace period.
 * @queueings: how often the callback was queued
 * @wait: the target, while it decides whether to park or is parked
 * @group: its thread group, with a reference, while that has to do with it; the
 *	record then has one more reference itself
 * @shared: stands for all holds on @group; of no identity
 * @spare: a record for the next thread that this one creates, or NULL
 * @queued: the callback is queued; cleared by it before it looks at the holds
 * @parked: the target sleeps in the callback
 * @in_exec: the callback ran inside an exec, the exec probe queues it again
 */
struct proxyipc_thread {
	struct proxyipc_target target;
	struct callback_head work;
	unsigned int tries;
	struct proxyipc_fault fault;
	struct proxyipc_target *fault_target;
	struct proxyipc_identity *faulted;
	bool retry;

	unsigned int nr_confirmed;
	u64 held_since;
	struct proxyipc_control_page control;
	u64 defer_end;
	struct hrtimer defer_timer;
	u64 queueings;
	struct rcuwait wait;
	struct proxyipc_group *group;
	struct proxyipc_hold shared;
	struct proxyipc_thread *spare;
	bool queued;
	bool parked;
	bool in_exec;
};

/* thread.c: the record and its callback */
struct proxyipc_thread *proxyipc_thread_peek(struct task_struct *task);
struct proxyipc_thread *proxyipc_thread_find(struct task_struct *task);
struct proxyipc_thread *proxyipc_thread_get(struct task_struct *task,
					    struct file *pin,
					    work_func_t reconcile);
void proxyipc_thread_put(struct proxyipc_thread *thread);
void proxyipc_thread_free(struct rcu_head *rcu);
int proxyipc_thread_refill(struct proxyipc_thread *thread);
int proxyipc_thread_queue_locked(struct proxyipc_thread *thread);
bool proxyipc_thread_is_amid_exec_locked(const struct proxyipc_thread *thread);
void proxyipc_thread_exits(struct task_struct *task);

/* look.c: what it is doing */
void proxyipc_thread_look(struct proxyipc_thread *thread,
			  struct proxyipc_look *look);

/* confirm.c: its holds */
void proxyipc_thread_add_locked(struct proxyipc_thread *thread,
				struct proxyipc_hold *hold);
void proxyipc_thread_unlink_locked(struct proxyipc_thread *thread,
				   struct proxyipc_hold *hold);
void proxyipc_thread_take_effect_locked(struct proxyipc_thread *thread);
void proxyipc_task_kick(struct task_struct *task);
int proxyipc_thread_confirm(struct proxyipc_thread *thread,
			    struct proxyipc_hold *hold);

/* defer.c: what it defers */
bool proxyipc_thread_defers_locked(struct proxyipc_thread *thread);
bool proxyipc_thread_is_deferring_locked(struct proxyipc_thread *thread);
void proxyipc_thread_end_deferral_locked(struct proxyipc_thread *thread);
void proxyipc_thread_leave_section_locked(struct proxyipc_thread *thread);
void proxyipc_thread_settle_locked(struct proxyipc_thread *thread);
enum hrtimer_restart proxyipc_thread_defer_timer(struct hrtimer *timer);

/* catch.c: its faults */
bool proxyipc_thread_report_fault(struct proxyipc_thread *thread);
void proxyipc_thread_settle_fault(struct proxyipc_thread *thread);

static inline struct proxyipc_thread *
proxyipc_target_thread(struct proxyipc_target *target)
{
	return container_of(target, struct proxyipc_thread, target);
}

#endif /* _PROXYIPC_THREAD_H */
