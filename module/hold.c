// SPDX-License-Identifier: GPL-2.0
#include <linux/anon_inodes.h>
#include <linux/binfmts.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/rcuwait.h>
#include <linux/refcount.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include <asm/syscall.h>

#include "compat.h"
#include "control.h"
#include "fault.h"
#include "hold.h"
#include "main.h"

/* Times that the callback steps behind other task work before it parks. */
#define HOLD_REQUEUES		16

/* Rounds of queueing and interrupting before a confirmation gives up. */
#define HOLD_CONFIRM_ROUNDS	64

/* Steps along the chain of held receivers in search of a deadlock. */
#define HOLD_WALK_MAX		8

/**
 * struct proxyipc_thread - record of one target thread
 * @task: the target; holds a reference; constant
 * @pin: keeps the module while the record lives; constant
 * @ref: identities, the queued callback, the queued reconcile work
 * @node: in the table of records; under threads_lock, read under RCU
 * @rcu: frees it and its control page
 * @work: the callback; belongs to task work while @queued
 * @tries: how often the callback has stepped back; only the target touches it
 * @reconcile: tells the owners of identities that theirs has ended
 * @fault: that the callback has to deal with, signal 0 for none; only the target
 *	touches it
 * @lock: raw, protects what follows
 * @holds: the holds, oldest first
 * @nr_holds: how many
 * @nr_confirmed: how many of them are in effect
 * @held_since: since when there is such a one; CLOCK_MONOTONIC nanoseconds
 * @control: the control page
 * @defer_end: when the present deferral, or the latest that no hold took effect
 *	after, has to end; CLOCK_MONOTONIC nanoseconds, 0 if there is none
 * @defer_timer: ends it; armed only while there are holds. It has no reference: it
 *	runs in an interrupt, and the record is freed after a grace period.
 * @queueings: how often the callback was queued
 * @nr_standstills: how often that was more than 0, so far
 * @identities: of all process objects on this thread
 * @catchers: who is told of faults, by signal; NULL: nobody
 * @fault_works: how
 * @faulted: who was told of @fault and may have it retried, or NULL
 * @retry: @fault is to be retried
 * @wait: the target, while it decides whether to park or is parked
 * @queued: the callback is queued; cleared by it before it looks at @holds
 * @parked: the target sleeps in the callback
 * @in_exec: the callback ran inside an exec, the exec probe queues it again
 * @dead: the target is past its exit probe
 */
struct proxyipc_thread {
	struct task_struct *task;
	struct file *pin;
	refcount_t ref;
	struct hlist_node node;
	struct rcu_head rcu;
	struct callback_head work;
	unsigned int tries;
	struct work_struct reconcile;
	struct proxyipc_fault fault;

	raw_spinlock_t lock;
	struct list_head holds;
	unsigned int nr_holds;
	unsigned int nr_confirmed;
	u64 held_since;
	struct proxyipc_control_page control;
	u64 defer_end;
	struct hrtimer defer_timer;
	u64 queueings;
	u64 nr_standstills;
	struct list_head identities;
	struct proxyipc_identity *catchers[PROXYIPC_FAULT_LAST + 1];
	const struct proxyipc_fault_works *fault_works;
	struct proxyipc_identity *faulted;
	bool retry;
	struct rcuwait wait;
	bool queued;
	bool parked;
	bool in_exec;
	bool dead;
};

#ifdef PROXYIPC_TASK_WORK_ADD_BY_KPROBE
DEFINE_STATIC_CALL_NULL(proxyipc_task_work_add, task_work_add);
#endif

static DEFINE_HASHTABLE(threads, 8);
static DEFINE_RAW_SPINLOCK(threads_lock);

static const struct file_operations hold_pin_fops = {
	.owner = THIS_MODULE,
};

/* True if @task will not execute another user instruction whatever we do. */
static bool task_is_dying(struct task_struct *task)
{
	struct task_struct *exec = READ_ONCE(task->signal->group_exec_task);

	return READ_ONCE(task->flags) & (PF_EXITING | PF_POSTCOREDUMP) ||
	       READ_ONCE(task->signal->flags) & SIGNAL_GROUP_EXIT ||
	       (exec && exec != task) ||
	       __fatal_signal_pending(task);
}

/*
 * Is the current task in the part of execve() that has its cred_guard_mutex? It
 * can't fail back to the old program from where task work runs in that part, and
 * the exec probe follows. Behind the probe PTRACE_EVENT_EXEC runs task work once
 * more, without the mutex and with in_execve still set: who gave way there would
 * never be queued again, hence not in_execve.
 */
static bool current_is_amid_exec(void)
{
	return proxyipc_mutex_is_mine(&current->signal->cred_guard_mutex);
}

/*
 * May the current task sleep in the callback? One that is dying must not: it
 * runs task work before PF_EXITING is set, SIGKILL has been consumed by then,
 * and nothing could wake it. One amid an exec must not: io_uring runs task work
 * there, and others wait for the mutex. A worker of io_uring or vhost has no way
 * back to user mode and may hold locks of its ring.
 */
static bool current_may_park(void)
{
	return !(current->flags & PROXYIPC_PF_WORKER) && current->mm &&
	       !current_is_amid_exec() && !current->signal->group_exec_task &&
	       !task_is_dying(current);
}

/*
 * A vCPU thread parks inside KVM_RUN with vcpu->mutex held and its preempt
 * notifiers registered: there it may not be frozen, since whoever waits for the
 * mutex couldn't be.
 */
static unsigned int park_state(void)
{
#ifdef CONFIG_PREEMPT_NOTIFIERS
	if (!hlist_empty(&current->preempt_notifiers))
		return TASK_KILLABLE | TASK_NOLOAD;
#endif
	return TASK_KILLABLE | TASK_NOLOAD | TASK_FREEZABLE;
}

static bool cred_is_same(const struct cred *then, const struct cred *now)
{
	return then == now ||
	       (uid_eq(then->uid, now->uid) &&
		uid_eq(then->euid, now->euid) &&
		uid_eq(then->suid, now->suid) &&
		gid_eq(then->gid, now->gid) &&
		gid_eq(then->egid, now->egid) &&
		gid_eq(then->sgid, now->sgid) &&
		then->user_ns == now->user_ns &&
		cap_issubset(now->cap_permitted, then->cap_permitted));
}

static void hold_unlink_locked(struct proxyipc_thread *thread,
			       struct proxyipc_hold *hold)
{
	lockdep_assert_held(&thread->lock);

	if (list_empty(&hold->link))
		return;
	list_del_init(&hold->link);
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
	if (!--thread->nr_holds) {
		rcuwait_wake_up(&thread->wait);
		/* If it fires just now it will find no hold. */
		hrtimer_try_to_cancel(&thread->defer_timer);
	}
}

/* Who was told that a hold is deferred is told that this is over. */
static void thread_settle_locked(struct proxyipc_thread *thread)
{
	struct proxyipc_hold *hold;

	lockdep_assert_held(&thread->lock);

	list_for_each_entry(hold, &thread->holds, link) {
		if (!hold->deferred)
			continue;
		hold->deferred = false;
		hold->identity->settled(hold->identity);
	}
}

/* No hold is deferred any more, and what comes next has the whole bound. */
static void thread_end_deferral_locked(struct proxyipc_thread *thread)
{
	lockdep_assert_held(&thread->lock);

	if (!thread->defer_end)
		return;
	thread->defer_end = 0;
	proxyipc_control_set_pending(&thread->control, false);
	hrtimer_try_to_cancel(&thread->defer_timer);
}

/*
 * The target isn't in user mode, and won't be before the callback has looked at
 * the holds: all that are on the list are in effect, whoever wanted to know it of
 * one of them. Only this begins a new account of what the target may defer.
 */
static void thread_take_effect_locked(struct proxyipc_thread *thread)
{
	struct proxyipc_hold *hold;

	lockdep_assert_held(&thread->lock);

	if (!thread->nr_confirmed)
		thread->held_since = ktime_get_ns();
	list_for_each_entry(hold, &thread->holds, link) {
		if (!hold->confirmed)
			thread->nr_confirmed++;
		hold->confirmed = true;
	}
	thread_settle_locked(thread);
	thread_end_deferral_locked(thread);
}

/* Until when the holds can be deferred: what the least patient of them grants. */
static u64 thread_defer_end_locked(struct proxyipc_thread *thread)
{
	u64 end = thread->defer_end ?: U64_MAX;
	struct proxyipc_hold *hold;

	lockdep_assert_held(&thread->lock);

	list_for_each_entry(hold, &thread->holds, link)
		end = min(end, hold->defer_until);
	return end;
}

/*
 * Do the holds have to wait for the end of a section of the target? To be asked
 * while that isn't in user mode; it goes on as if there were no hold then, until
 * its YIELD or the bound. The bound is kept when the holds are dropped or the
 * target yields to nobody in particular: one who says "not now" for ever gains it
 * once for each hold that takes effect.
 */
static bool thread_defers_locked(struct proxyipc_thread *thread)
{
	u64 end;

	lockdep_assert_held(&thread->lock);

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

/* Has that been decided, and its end not come? The timer is what knows it. */
static bool thread_is_deferring_locked(struct proxyipc_thread *thread)
{
	lockdep_assert_held(&thread->lock);

	return hrtimer_is_queued(&thread->defer_timer);
}

/*
 * Have the owners of ended identities told, in process context. The record can't
 * go away here: whoever calls has a reference.
 */
static void thread_reconcile_locked(struct proxyipc_thread *thread)
{
	lockdep_assert_held(&thread->lock);

	refcount_inc(&thread->ref);
	if (!queue_work(proxyipc_workqueue, &thread->reconcile))
		refcount_dec(&thread->ref);
}

/* Its owner isn't told of faults any more, nor asked what to do with one. */
static void identity_forget_faults_locked(struct proxyipc_identity *identity)
{
	struct proxyipc_thread *thread = identity->thread;
	int signal;

	lockdep_assert_held(&thread->lock);

	for (signal = 1; signal <= PROXYIPC_FAULT_LAST; signal++)
		if (thread->catchers[signal] == identity)
			thread->catchers[signal] = NULL;
	if (thread->faulted == identity)
		thread->faulted = NULL;
}

/* The target is somebody else now: whoever knew it loses the holds on it. */
static void identity_revoke_locked(struct proxyipc_identity *identity)
{
	struct proxyipc_thread *thread = identity->thread;
	struct proxyipc_hold *hold, *next;

	lockdep_assert_held(&thread->lock);

	identity->stale = true;
	identity_forget_faults_locked(identity);
	/* To the front, where proxyipc_thread_next_ended() looks. */
	list_move(&identity->link, &thread->identities);
	list_for_each_entry_safe(hold, next, &thread->holds, link)
		if (hold->identity == identity)
			hold_unlink_locked(thread, hold);
	thread_reconcile_locked(thread);
}

static bool identity_is_same(const struct proxyipc_identity *identity)
{
	bool same;

	rcu_read_lock();
	same = cred_is_same(identity->cred, __task_cred(identity->thread->task));
	rcu_read_unlock();
	return same;
}

/* Looks at one identity alone: a thread may have any number of them. */
static int identity_check_locked(struct proxyipc_identity *identity)
{
	struct proxyipc_thread *thread = identity->thread;

	lockdep_assert_held(&thread->lock);

	if (!identity->stale && !thread->dead && !identity_is_same(identity))
		identity_revoke_locked(identity);
	if (identity->stale)
		return -ESTALE;
	return thread->dead ? -ESRCH : 0;
}

/* As above, for a new hold: one that is dying can't be held any more. */
static int identity_check_alive_locked(struct proxyipc_identity *identity)
{
	int ret = identity_check_locked(identity);

	if (!ret && task_is_dying(identity->thread->task))
		ret = -ESRCH;
	return ret;
}

/* A hold by somebody who knew the target as somebody else, or NULL. */
static struct proxyipc_hold *thread_stale_hold_locked(struct proxyipc_thread *thread)
{
	struct proxyipc_hold *hold;

	lockdep_assert_held(&thread->lock);

	list_for_each_entry(hold, &thread->holds, link)
		if (!identity_is_same(hold->identity))
			return hold;
	return NULL;
}

static bool thread_must_park_locked(struct proxyipc_thread *thread)
{
	struct proxyipc_hold *hold;

	lockdep_assert_held(&thread->lock);

	if (list_empty(&thread->holds) || !current_may_park())
		return false;
	/* Each turn takes a hold away. */
	while ((hold = thread_stale_hold_locked(thread)))
		identity_revoke_locked(hold->identity);
	if (list_empty(&thread->holds) || thread_defers_locked(thread))
		return false;
	thread_take_effect_locked(thread);
	return true;
}

static void thread_free(struct rcu_head *rcu)
{
	struct proxyipc_thread *thread =
		container_of(rcu, struct proxyipc_thread, rcu);

	proxyipc_control_free(&thread->control);
	kfree(thread);
}

static void thread_put(struct proxyipc_thread *thread)
{
	struct file *pin = thread->pin;
	unsigned long flags;

	if (!refcount_dec_and_test(&thread->ref))
		return;

	raw_spin_lock_irqsave(&threads_lock, flags);
	hash_del_rcu(&thread->node);
	raw_spin_unlock_irqrestore(&threads_lock, flags);
	put_task_struct(thread->task);
	/* By ourselves, since it frees a page; module exit waits for it. */
	call_rcu(&thread->rcu, thread_free);
	/* Last: from here on the module may go. */
	fput(pin);
}

/*
 * Other task work first. Task work is last in, first out: parking at once would
 * withhold the target's own deferred fput(), and with it an end of file that
 * somebody waits for. A bounded number of times: task_work_run() drains in a
 * loop and would spin on a work that always queues itself again. @queued stays
 * set meanwhile.
 */
static bool callback_steps_back(struct proxyipc_thread *thread)
{
	return (thread->work.next || task_work_pending(current)) &&
	       !(current->flags & PF_EXITING) &&
	       thread->tries++ < HOLD_REQUEUES &&
	       !proxyipc_task_work_add(current, &thread->work, TWA_NONE);
}

/* Tell who asked for it that there is a fault. What it holds, the caller obeys. */
static void thread_report_fault(struct proxyipc_thread *thread)
{
	const struct proxyipc_fault_works *works;
	struct proxyipc_identity *catcher;

	raw_spin_lock_irq(&thread->lock);
	works = thread->fault_works;
	catcher = thread->catchers[thread->fault.signal];
	if (catcher && (!current_may_park() || !works->get(catcher)))
		catcher = NULL;
	thread->faulted = catcher;
	raw_spin_unlock_irq(&thread->lock);
	if (catcher)
		works->raised(catcher, &thread->fault);
}

/* The holds on account of the fault are gone. Without a word it is delivered. */
static void thread_settle_fault(struct proxyipc_thread *thread)
{
	bool retry;

	raw_spin_lock_irq(&thread->lock);
	retry = thread->retry;
	thread->retry = false;
	thread->faulted = NULL;
	raw_spin_unlock_irq(&thread->lock);
	if (retry)
		proxyipc_fault_discard(&thread->fault);
	thread->fault.signal = 0;
}

/* Runs in the target, on its way back to user mode, or when it exits. */
static void hold_callback(struct callback_head *work)
{
	struct proxyipc_thread *thread =
		container_of(work, struct proxyipc_thread, work);

	if (callback_steps_back(thread))
		return;
	thread->tries = 0;
	if (thread->fault.signal)
		thread_report_fault(thread);

	raw_spin_lock_irq(&thread->lock);
	/*
	 * Before looking at the holds: a hold added from now on queues the
	 * callback again, one added before is seen below.
	 */
	thread->queued = false;
	prepare_to_rcuwait(&thread->wait);
	for (;;) {
		/* Before the condition, so that no wake-up is missed. */
		set_current_state(park_state());
		thread->parked = thread_must_park_locked(thread);
		if (!thread->parked)
			break;
		raw_spin_unlock_irq(&thread->lock);
		schedule();
		raw_spin_lock_irq(&thread->lock);
	}
	finish_rcuwait(&thread->wait);
	thread->in_exec = current_is_amid_exec() && !list_empty(&thread->holds);
	raw_spin_unlock_irq(&thread->lock);

	if (thread->fault.signal)
		thread_settle_fault(thread);
	thread_put(thread);
}

static int thread_queue_locked(struct proxyipc_thread *thread)
{
	int ret;

	lockdep_assert_held(&thread->lock);

	if (thread->queued || thread->parked)
		return 0;

	thread->queued = true;
	refcount_inc(&thread->ref);
	ret = proxyipc_task_work_add(thread->task, &thread->work,
				     PROXYIPC_TWA_RESUME);
	if (ret) {
		thread->queued = false;
		refcount_dec(&thread->ref);
	} else {
		thread->queueings++;
	}
	return ret;
}

/*
 * A deferral has reached its bound. In an interrupt nobody can be waited for, so
 * the callback is queued, which is all if the target runs on this CPU, and the
 * owners of the holds confirm them in process context.
 */
static enum hrtimer_restart thread_defer_timer(struct hrtimer *timer)
{
	struct proxyipc_thread *thread =
		container_of(timer, struct proxyipc_thread, defer_timer);
	unsigned long flags;

	raw_spin_lock_irqsave(&thread->lock, flags);
	/* Cancelled or started again too late to be seen: not its end, then. */
	if (thread->nr_holds && thread->defer_end &&
	    ktime_get_ns() >= thread->defer_end) {
		/* One that exits can't fail to have its holds taken off. */
		thread_queue_locked(thread);
		thread_settle_locked(thread);
	}
	raw_spin_unlock_irqrestore(&thread->lock, flags);
	return HRTIMER_NORESTART;
}

/* For the probe that may not drop a reference: under RCU, and without one. */
static struct proxyipc_thread *thread_peek(struct task_struct *task)
{
	struct proxyipc_thread *thread;

	hash_for_each_possible_rcu(threads, thread, node, (unsigned long)task)
		if (thread->task == task && refcount_read(&thread->ref))
			break;
	return thread;
}

static struct proxyipc_thread *thread_find(struct task_struct *task)
{
	struct proxyipc_thread *thread;

	rcu_read_lock();
	hash_for_each_possible_rcu(threads, thread, node, (unsigned long)task)
		if (thread->task == task && refcount_inc_not_zero(&thread->ref))
			break;
	rcu_read_unlock();
	return thread;
}

static struct proxyipc_thread *thread_new(struct task_struct *task,
					  work_func_t reconcile)
{
	struct proxyipc_thread *thread;
	struct file *pin;

	thread = kzalloc(sizeof(*thread), GFP_KERNEL_ACCOUNT);
	if (!thread)
		return ERR_PTR(-ENOMEM);
	pin = anon_inode_getfile("[proxyipc-pin]", &hold_pin_fops, NULL, 0);
	if (IS_ERR(pin)) {
		kfree(thread);
		return ERR_CAST(pin);
	}

	thread->task = get_task_struct(task);
	thread->pin = pin;
	refcount_set(&thread->ref, 1);
	init_task_work(&thread->work, hold_callback);
	INIT_WORK(&thread->reconcile, reconcile);
	proxyipc_hrtimer_setup(&thread->defer_timer, thread_defer_timer);
	raw_spin_lock_init(&thread->lock);
	INIT_LIST_HEAD(&thread->holds);
	INIT_LIST_HEAD(&thread->identities);
	rcuwait_init(&thread->wait);
	return thread;
}

/* The record of @task, made if there is none. */
static struct proxyipc_thread *thread_get(struct task_struct *task,
					  work_func_t reconcile)
{
	struct proxyipc_thread *thread, *fresh;

	thread = thread_find(task);
	if (thread)
		return thread;

	fresh = thread_new(task, reconcile);
	if (IS_ERR(fresh))
		return fresh;

	raw_spin_lock_irq(&threads_lock);
	thread = thread_find(task);
	if (!thread)
		hash_add_rcu(threads, &fresh->node, (unsigned long)task);
	raw_spin_unlock_irq(&threads_lock);

	if (thread) {
		put_task_struct(task);
		fput(fresh->pin);
		kfree(fresh);
	}
	return thread ?: fresh;
}

/**
 * proxyipc_identity_init() - name a thread as it is now
 * @identity: to be initialised
 * @task: the target; the caller has a reference
 * @reconcile: runs in process context after the target died or its identity
 *	changed; calls proxyipc_thread_next_ended() until that returns NULL, then
 *	proxyipc_thread_put_reconciled(). The same function for all identities.
 *
 * Context: may sleep.
 *
 * Return: 0, -ESRCH if @task is exiting, -ENOMEM, -ENFILE.
 */
int proxyipc_identity_init(struct proxyipc_identity *identity,
			   struct task_struct *task, work_func_t reconcile)
{
	struct proxyipc_thread *thread = thread_get(task, reconcile);
	int ret;

	if (IS_ERR(thread))
		return PTR_ERR(thread);

	identity->thread = thread;
	identity->cred = get_task_cred(task);
	identity->stale = false;
	INIT_LIST_HEAD(&identity->link);

	raw_spin_lock_irq(&thread->lock);
	list_add_tail(&identity->link, &thread->identities);
	/*
	 * PF_EXITING is set before the exit probe looks for the record: if it
	 * looked too early to find this one, the flag is seen here.
	 */
	smp_mb();
	ret = identity_check_alive_locked(identity);
	/* A reconcile work must not find what is about to be freed. */
	if (ret)
		list_del_init(&identity->link);
	raw_spin_unlock_irq(&thread->lock);
	if (ret)
		proxyipc_identity_deinit(identity);
	return ret;
}

/**
 * proxyipc_identity_deinit() - forget a thread
 * @identity: must have no hold any more
 *
 * Context: any but hard interrupt.
 */
void proxyipc_identity_deinit(struct proxyipc_identity *identity)
{
	struct proxyipc_thread *thread = identity->thread;
	unsigned long flags;

	raw_spin_lock_irqsave(&thread->lock, flags);
	list_del_init(&identity->link);
	identity_forget_faults_locked(identity);
	raw_spin_unlock_irqrestore(&thread->lock, flags);
	put_cred(identity->cred);
	thread_put(thread);
}

/**
 * proxyipc_identity_check() - may this target still be operated on?
 * @identity: whom the process object was opened on
 *
 * Context: process or atomic.
 *
 * Return: 0, -ESRCH if it is gone, -ESTALE if it is somebody else now; its holds
 * by this identity are dropped then.
 */
int proxyipc_identity_check(struct proxyipc_identity *identity)
{
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&identity->thread->lock, flags);
	ret = identity_check_locked(identity);
	raw_spin_unlock_irqrestore(&identity->thread->lock, flags);
	return ret;
}

/**
 * proxyipc_identity_task() - the target
 * @identity: whom the process object was opened on
 *
 * Return: the task, as long as @identity lives; it may be a dead one.
 */
struct task_struct *proxyipc_identity_task(struct proxyipc_identity *identity)
{
	return identity->thread->task;
}

static bool faults_are_free_locked(struct proxyipc_identity *identity, u64 signals)
{
	struct proxyipc_thread *thread = identity->thread;
	int signal;

	lockdep_assert_held(&thread->lock);

	for (signal = 1; signal <= PROXYIPC_FAULT_LAST; signal++)
		if (signals & BIT_ULL(signal - 1) && thread->catchers[signal] &&
		    thread->catchers[signal] != identity)
			return false;
	return true;
}

/**
 * proxyipc_identity_set_faults() - be told of faults of the target
 * @identity: whom the process object was opened on
 * @signals: bit n - 1 for signal n; those that are not among them are given up
 * @works: how; the same for all identities
 *
 * Context: process or atomic.
 *
 * Return: 0, -EBUSY if somebody else is told of one of them, -ESRCH, -ESTALE.
 */
int proxyipc_identity_set_faults(struct proxyipc_identity *identity, u64 signals,
				 const struct proxyipc_fault_works *works)
{
	struct proxyipc_thread *thread = identity->thread;
	unsigned long flags;
	int ret, signal;

	raw_spin_lock_irqsave(&thread->lock, flags);
	ret = identity_check_alive_locked(identity);
	if (!ret && !faults_are_free_locked(identity, signals))
		ret = -EBUSY;
	for (signal = 1; !ret && signal <= PROXYIPC_FAULT_LAST; signal++) {
		if (signals & BIT_ULL(signal - 1))
			thread->catchers[signal] = identity;
		else if (thread->catchers[signal] == identity)
			thread->catchers[signal] = NULL;
	}
	thread->fault_works = works;
	raw_spin_unlock_irqrestore(&thread->lock, flags);
	return ret;
}

/**
 * proxyipc_identity_retry_fault() - have the instruction at fault executed again
 * @identity: whose owner was told of the fault, and holds the target
 *
 * Comes true when the target leaves the callback. Not for one that left it already.
 *
 * Context: process or atomic.
 */
void proxyipc_identity_retry_fault(struct proxyipc_identity *identity)
{
	struct proxyipc_thread *thread = identity->thread;
	unsigned long flags;

	raw_spin_lock_irqsave(&thread->lock, flags);
	if (thread->faulted == identity)
		thread->retry = true;
	raw_spin_unlock_irqrestore(&thread->lock, flags);
}

/**
 * proxyipc_identity_map() - map the control page of a target
 * @identity: whom the process object was opened on
 * @vma: of the current task, being made
 *
 * Context: mmap_lock held for writing.
 *
 * Return: 0, -EPERM if the current task doesn't share the target's memory,
 * -EINVAL, -ENOMEM, -ESRCH, -ESTALE.
 */
int proxyipc_identity_map(struct proxyipc_identity *identity,
			  struct vm_area_struct *vma)
{
	struct proxyipc_thread *thread = identity->thread;

	return proxyipc_identity_check(identity) ?:
	       proxyipc_control_map(&thread->control, &thread->lock,
				    thread->task, vma);
}

/*
 * Amid an exec the registers are neither the old program's nor the new one's, and
 * whose they become isn't known yet. One that is parked has that behind it.
 */
static bool thread_is_amid_exec_locked(struct proxyipc_thread *thread)
{
	lockdep_assert_held(&thread->lock);

	return thread->in_exec || (thread->task->in_execve && !thread->parked);
}

/**
 * proxyipc_identity_look() - see what a target is doing
 * @identity: whom the process object was opened on
 * @look: receives it
 *
 * The registers are read only if the target is held. Its stack is there: a task
 * that isn't dead has not passed its exit probe, which takes the lock.
 *
 * Context: process or atomic.
 */
void proxyipc_identity_look(struct proxyipc_identity *identity,
			    struct proxyipc_look *look)
{
	struct proxyipc_thread *thread = identity->thread;
	struct pt_regs *regs;
	unsigned long flags;

	*look = (struct proxyipc_look){ .syscall = -1 };

	raw_spin_lock_irqsave(&thread->lock, flags);
	look->holds = thread->nr_holds;
	if (thread->dead) {
		look->state = PROXYIPC_STATE_GONE;
	} else if (thread->nr_holds && !thread_is_deferring_locked(thread)) {
		look->state = thread->parked ? PROXYIPC_STATE_PARKED :
					       PROXYIPC_STATE_ARMED;
		regs = task_pt_regs(thread->task);
		/* The next program's entry, perhaps, and that may be nobody's business. */
		if (!thread_is_amid_exec_locked(thread))
			look->ip = instruction_pointer(regs);
		look->syscall = syscall_get_nr(thread->task, regs);
	}
	raw_spin_unlock_irqrestore(&thread->lock, flags);
}

/**
 * proxyipc_identity_yield() - the target leaves a section that holds wait for
 * @identity: whom the process object was opened on
 *
 * Context: process.
 *
 * Return: 0, and the holds take effect before the target is in user mode again;
 * -EPERM if the current task isn't the target; -ESRCH or -ESTALE.
 */
int proxyipc_identity_yield(struct proxyipc_identity *identity)
{
	struct proxyipc_thread *thread = identity->thread;
	int ret;

	raw_spin_lock_irq(&thread->lock);
	ret = identity_check_locked(identity);
	if (!ret && thread->task != current)
		ret = -EPERM;
	if (!ret && thread->nr_holds) {
		/* The bound stays: it ends only if this is the end of a section. */
		ret = thread_queue_locked(thread);
	} else if (!ret && !proxyipc_control_defers(&thread->control)) {
		/* Nobody waits any more. A section was left all the same. */
		thread_end_deferral_locked(thread);
	}
	raw_spin_unlock_irq(&thread->lock);
	return ret;
}

/**
 * proxyipc_identity_observe() - see what a target shows of life
 * @identity: whom the process object was opened on
 * @life: receives it
 *
 * A hold counts from the moment that it is added, be it deferred or not confirmed
 * yet.
 *
 * Context: any, also hard interrupt.
 */
void proxyipc_identity_observe(struct proxyipc_identity *identity,
			       struct proxyipc_life *life)
{
	struct proxyipc_thread *thread = identity->thread;
	unsigned long flags;

	*life = (struct proxyipc_life){};

	raw_spin_lock_irqsave(&thread->lock, flags);
	life->holds = thread->nr_holds;
	life->standstills = thread->nr_standstills;
	proxyipc_control_keepalive(&thread->control, &life->keepalive);
	life->idle = proxyipc_control_is_idle(&thread->control);
	raw_spin_unlock_irqrestore(&thread->lock, flags);
}

/**
 * proxyipc_thread_next_ended() - next identity whose owner is to be told
 * @reconcile: the work that is running
 * @error: receives -ESRCH or -ESTALE
 * @get: takes a reference to the identity's owner, or returns false if that is
 *	being freed; called under a raw lock
 *
 * Return: an identity for which @get returned true, or NULL if all were told.
 */
struct proxyipc_identity *
proxyipc_thread_next_ended(struct work_struct *reconcile, int *error,
			   bool (*get)(struct proxyipc_identity *))
{
	struct proxyipc_thread *thread =
		container_of(reconcile, struct proxyipc_thread, reconcile);
	struct proxyipc_identity *identity;

	raw_spin_lock_irq(&thread->lock);
	for (;;) {
		identity = list_first_entry_or_null(&thread->identities,
						    struct proxyipc_identity,
						    link);
		if (!identity || !(identity->stale || thread->dead)) {
			identity = NULL;
			break;
		}
		/* It has ended for good: nobody looks for it here any more. */
		list_del_init(&identity->link);
		if (get(identity)) {
			*error = identity->stale ? -ESTALE : -ESRCH;
			break;
		}
	}
	raw_spin_unlock_irq(&thread->lock);
	return identity;
}

/**
 * proxyipc_thread_put_reconciled() - end of a reconcile work
 * @reconcile: the work that is running
 */
void proxyipc_thread_put_reconciled(struct work_struct *reconcile)
{
	thread_put(container_of(reconcile, struct proxyipc_thread, reconcile));
}

/**
 * proxyipc_hold_init() - prepare a hold
 * @hold: to be initialised
 * @identity: by whose authority; must outlive it
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

/**
 * proxyipc_hold_add() - give a thread a reason not to run
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
	struct proxyipc_thread *thread = hold->identity->thread;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&thread->lock, flags);
	ret = identity_check_alive_locked(hold->identity);
	if (!ret)
		ret = thread_queue_locked(thread);
	if (!ret) {
		hold->defer_until = ktime_get_ns() + hold->defer_max;
		list_add_tail(&hold->link, &thread->holds);
		if (!thread->nr_holds++)
			thread->nr_standstills++;
		/* The target doesn't run already, and won't before this is dropped. */
		if (thread->nr_confirmed)
			thread_take_effect_locked(thread);
		swap(hold->holder, holder);
		get_pid(hold->holder);
	} else {
		holder = NULL;
	}
	raw_spin_unlock_irqrestore(&thread->lock, flags);
	put_pid(holder);
	return ret;
}

static void hold_interrupt(void *unused)
{
	/* The way out of the interrupt is what matters. */
}

/*
 * After the callback was queued: see to it that the target isn't in user mode
 * without knowing. It is safe to leave it alone only if it is neither running
 * nor about to: a switch between threads of one mm has no full barrier between
 * on_cpu = 1 and the check of its flags, so on_cpu == 0 alone proves nothing;
 * on_rq == 0 does, because the wake-up that must come first takes the run queue
 * lock. Otherwise interrupt the CPU it is on, and again if it moved meanwhile.
 */
static void hold_kick(struct task_struct *task)
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
		smp_call_function_single(cpu, hold_interrupt, NULL, 1);
	} while (READ_ONCE(task->on_cpu) && task_cpu(task) != cpu);
}

/*
 * One look of a confirmation. @kicked is the number of the queueing after which
 * the target was interrupted last: if the callback still is queued by that, the
 * target hasn't been in user mode since. A callback that was queued again, at the
 * end of a deferral for instance, proves nothing to who interrupted before.
 *
 * Returns -EAGAIN if the target has to be interrupted and looked at again.
 */
static int hold_look_locked(struct proxyipc_thread *thread,
			    struct proxyipc_hold *hold, u64 kicked)
{
	/* It has the callback before it, or is in it: one that was just resumed. */
	bool is_out = thread->queued || thread->parked;

	lockdep_assert_held(&thread->lock);

	if (list_empty(&hold->link))
		return identity_check_locked(hold->identity) ?: -ESTALE;
	if (hold->confirmed)
		return 0;
	if (thread->queued && thread->queueings != kicked)
		return -EAGAIN;
	/* Else the callback has let it go. */
	if (is_out ? thread_defers_locked(thread) :
		     thread_is_deferring_locked(thread)) {
		hold->deferred = true;
		return -EINPROGRESS;
	}
	if (is_out || thread->in_exec) {
		thread_take_effect_locked(thread);
		return 0;
	}
	return identity_check_alive_locked(hold->identity) ?:
	       thread_queue_locked(thread) ?: -EAGAIN;
}

/**
 * proxyipc_hold_confirm() - make sure that a held thread does not run
 * @hold: added before
 *
 * When this returns 0 the target executes no further user instruction until the
 * hold is dropped. It does not wait for the target's system call, nor for the end
 * of a section in which it defers the hold.
 *
 * Context: process, interrupts on, no locks. Doesn't sleep, but waits for an
 * interrupt on another CPU.
 *
 * Return: 0; -EINPROGRESS if the target defers it: @hold->identity->settled() will
 * be called, and then it is to be confirmed again; -ESRCH or -ESTALE if the target
 * died or changed meanwhile, or the hold was dropped (-ESTALE), it is gone then;
 * -EAGAIN if the target ran its task work without parking in every one of many
 * rounds, which only something unknown to us could cause.
 */
int proxyipc_hold_confirm(struct proxyipc_hold *hold)
{
	struct proxyipc_thread *thread = hold->identity->thread;
	unsigned int round;
	u64 kicked = 0;
	int ret;

	for (round = 0; ; round++) {
		raw_spin_lock_irq(&thread->lock);
		ret = hold_look_locked(thread, hold, kicked);
		kicked = thread->queueings;
		raw_spin_unlock_irq(&thread->lock);
		if (ret != -EAGAIN || round == HOLD_CONFIRM_ROUNDS)
			return ret;
		hold_kick(thread->task);
	}
}

/**
 * proxyipc_hold_tell() - tell the target, in its control page, what happened to it
 * @hold: confirmed; it may have been dropped since
 * @notices: bits that began an episode
 *
 * Once for each episode, of which several may share a hold.
 *
 * Context: process or atomic.
 */
void proxyipc_hold_tell(struct proxyipc_hold *hold, u64 notices)
{
	struct proxyipc_thread *thread = hold->identity->thread;
	unsigned long flags;

	raw_spin_lock_irqsave(&thread->lock, flags);
	proxyipc_control_took_effect(&thread->control, notices);
	raw_spin_unlock_irqrestore(&thread->lock, flags);
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
	struct proxyipc_thread *thread = hold->identity->thread;

	get_pid(holder);
	raw_spin_lock_irq(&thread->lock);
	swap(hold->holder, holder);
	raw_spin_unlock_irq(&thread->lock);
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
	struct proxyipc_thread *thread = hold->identity->thread;
	bool on;

	raw_spin_lock_irq(&thread->lock);
	on = !list_empty(&hold->link);
	raw_spin_unlock_irq(&thread->lock);
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

/**
 * proxyipc_hold_inspect() - look into a held target while that can't run
 * @hold: the hold
 * @inspect: looks into it; called with interrupts off, under raw locks
 * @arg: for @inspect
 * @state: receives what the target is, armed or parked
 *
 * While @inspect runs the hold is on and the target asleep, with its stack and its
 * memory. Only a tracer, if it has one, can change its registers.
 *
 * Context: process.
 *
 * Return: what @inspect returns; -EAGAIN if the target isn't asleep, or is amid an
 * exec, or the hold isn't in effect yet; -ESRCH if it is gone or dying, -ESTALE if
 * it changed or the hold is off.
 */
int proxyipc_hold_inspect(struct proxyipc_hold *hold,
			  int (*inspect)(struct task_struct *task, void *arg),
			  void *arg, u32 *state)
{
	struct proxyipc_thread *thread = hold->identity->thread;
	struct task_struct *task = thread->task;
	int ret;

	raw_spin_lock_irq(&thread->lock);
	ret = identity_check_alive_locked(hold->identity);
	if (!ret && list_empty(&hold->link))
		ret = -ESTALE;
	if (!ret) {
		*state = thread->parked ? PROXYIPC_STATE_PARKED :
					  PROXYIPC_STATE_ARMED;
		raw_spin_lock(&task->pi_lock);
		if (hold->confirmed && task_is_asleep_locked(task) &&
		    !thread_is_amid_exec_locked(thread))
			ret = inspect(task, arg);
		else
			ret = -EAGAIN;
		raw_spin_unlock(&task->pi_lock);
	}
	raw_spin_unlock_irq(&thread->lock);
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
	struct proxyipc_thread *thread = hold->identity->thread;
	bool deferred;

	raw_spin_lock_irq(&thread->lock);
	deferred = hold->deferred;
	raw_spin_unlock_irq(&thread->lock);
	return deferred;
}

/**
 * proxyipc_hold_stop() - hand the target over to a debugger
 * @hold: about to be dropped
 *
 * SIGSTOP is pending when the target leaves the callback, and stops it before it
 * executes a user instruction.
 *
 * Context: process.
 */
void proxyipc_hold_stop(struct proxyipc_hold *hold)
{
	if (proxyipc_hold_is_on(hold))
		send_sig(SIGSTOP, hold->identity->thread->task, 1);
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
		send_sig(SIGKILL, hold->identity->thread->task, 1);
}

/**
 * proxyipc_hold_drop() - take the reason away
 * @hold: one that isn't held is fine
 *
 * Context: process.
 */
void proxyipc_hold_drop(struct proxyipc_hold *hold)
{
	struct proxyipc_thread *thread = hold->identity->thread;

	raw_spin_lock_irq(&thread->lock);
	hold_unlink_locked(thread, hold);
	raw_spin_unlock_irq(&thread->lock);
	proxyipc_hold_set_holder(hold, NULL);
}

/* Is @task held by @target? Else @next is one who holds it, with a reference. */
static bool held_by(struct task_struct *task, struct task_struct *target,
		    struct pid **next)
{
	struct proxyipc_thread *thread = thread_find(task);
	struct proxyipc_hold *hold;
	bool found = false;

	if (!thread)
		return false;

	raw_spin_lock_irq(&thread->lock);
	rcu_read_lock();
	list_for_each_entry(hold, &thread->holds, link) {
		if (!hold->holder)
			continue;
		found = pid_task(hold->holder, PIDTYPE_PID) == target;
		if (found)
			break;
		if (!*next)
			*next = get_pid(hold->holder);
	}
	rcu_read_unlock();
	raw_spin_unlock_irq(&thread->lock);
	thread_put(thread);
	return found;
}

/* Does @parent wait in vfork() for @child to exec or exit? */
static bool waits_in_vfork(struct task_struct *parent, struct task_struct *child)
{
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
 * Finds what can be seen: the holder is the target, or waits for it in vfork(),
 * or is held by somebody who is, and so on for a bounded number of steps. What
 * it can't see is ended by the lease.
 *
 * Context: process.
 *
 * Return: true if not.
 */
bool proxyipc_hold_would_deadlock(struct proxyipc_identity *identity,
				  struct pid *holder)
{
	struct task_struct *target = identity->thread->task;
	struct task_struct *task;
	struct pid *next;
	bool found = false;
	int step;

	get_pid(holder);
	for (step = 0; holder && !found && step < HOLD_WALK_MAX; step++) {
		task = get_pid_task(holder, PIDTYPE_PID);
		put_pid(holder);
		next = NULL;
		if (task) {
			found = task == target || waits_in_vfork(task, target) ||
				held_by(task, target, &next);
			put_task_struct(task);
		}
		holder = next;
	}
	put_pid(holder);
	return found;
}

/*
 * Set-id, or unreadable: a program that its user may not look into. What the
 * image says of itself by its dumpable flag depends on a sysctl; ask both.
 */
static bool exec_is_privileged(const struct linux_binprm *bprm)
{
	return bprm->secureexec ||
	       bprm->interp_flags & BINPRM_FLAGS_ENFORCE_NONDUMP ||
	       !proxyipc_current_is_dumpable();
}

/**
 * proxyipc_hold_exec_probe() - sched_process_exec
 * @data: unused
 * @task: the current task, with its new program and credentials
 * @old_pid: unused
 * @bprm: how it got them
 *
 * A set-id or unreadable program is somebody else, even where the ids happen to
 * be the same. Otherwise a callback that ran inside the exec is queued again.
 *
 * Context: atomic; or preemptible, on kernels that call probes so.
 */
void proxyipc_hold_exec_probe(void *data, struct task_struct *task,
			      pid_t old_pid, struct linux_binprm *bprm)
{
	struct proxyipc_thread *thread = thread_find(task);
	struct proxyipc_identity *identity, *next;
	unsigned long flags;

	if (!thread)
		return;

	raw_spin_lock_irqsave(&thread->lock, flags);
	list_for_each_entry_safe(identity, next, &thread->identities, link)
		if (!identity->stale && (exec_is_privileged(bprm) ||
					 !identity_is_same(identity)))
			identity_revoke_locked(identity);
	thread->in_exec = false;
	/* What the old program deferred, the new one doesn't. */
	thread_end_deferral_locked(thread);
	proxyipc_control_retire(&thread->control);
	/* Can't fail: the task is current and doesn't exit. */
	if (!list_empty(&thread->holds))
		thread_queue_locked(thread);
	raw_spin_unlock_irqrestore(&thread->lock, flags);
	thread_put(thread);
}

/**
 * proxyipc_hold_task_exits() - from the probe of sched_process_exit, of a target
 * @task: the current task, PF_EXITING is set
 *
 * Context: as proxyipc_hold_exec_probe().
 */
void proxyipc_hold_task_exits(struct task_struct *task)
{
	struct proxyipc_thread *thread = thread_find(task);
	struct proxyipc_hold *hold, *next;
	unsigned long flags;

	if (!thread)
		return;

	raw_spin_lock_irqsave(&thread->lock, flags);
	thread->dead = true;
	list_for_each_entry_safe(hold, next, &thread->holds, link)
		hold_unlink_locked(thread, hold);
	thread_reconcile_locked(thread);
	raw_spin_unlock_irqrestore(&thread->lock, flags);
	thread_put(thread);
}

/**
 * proxyipc_hold_signal_probe() - signal_generate
 * @data: unused
 * @signal: as in proxyipc_fault_is_genuine()
 * @info: likewise
 * @task: likewise
 * @group: likewise
 * @result: likewise
 *
 * Notes a fault down and sees that the callback runs before its signal is
 * delivered. A second one before the callback came to the first is delivered.
 *
 * Context: under siglock of @task, interrupts off. Wakes nobody and keeps no
 * reference: dropping the last one is not for here.
 */
void proxyipc_hold_signal_probe(void *data, int signal,
				struct kernel_siginfo *info,
				struct task_struct *task, int group, int result)
{
	struct proxyipc_thread *thread;
	unsigned long flags;

	if (!proxyipc_fault_is_genuine(signal, info, task, group, result))
		return;

	rcu_read_lock();
	thread = thread_peek(task);
	if (thread) {
		raw_spin_lock_irqsave(&thread->lock, flags);
		/* Whoever catches it has a reference to the record. */
		if (thread->catchers[signal] && !thread->fault.signal &&
		    !thread_queue_locked(thread))
			proxyipc_fault_read(&thread->fault, info);
		raw_spin_unlock_irqrestore(&thread->lock, flags);
	}
	rcu_read_unlock();
}
