// SPDX-License-Identifier: GPL-2.0
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "compat.h"
#include "group.h"
#include "identity.h"
#include "thread.h"

/* Times that the callback steps behind other task work before it parks. */
#define THREAD_REQUEUES		16

#ifdef PROXYIPC_TASK_WORK_ADD_BY_KPROBE
DEFINE_STATIC_CALL_NULL(proxyipc_task_work_add, task_work_add);
#endif

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
	       !proxyipc_task_is_dying(current);
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

/* A hold by somebody who knew the target as somebody else, or NULL. */
static struct proxyipc_hold *stale_hold_locked(struct proxyipc_thread *thread)
{
	struct proxyipc_hold *hold;

	lockdep_assert_held(&thread->target.lock);

	list_for_each_entry(hold, &thread->target.holds, link)
		if (hold->identity &&
		    !proxyipc_identity_fits(hold->identity, thread->target.task))
			return hold;
	return NULL;
}

static bool callback_must_park_locked(struct proxyipc_thread *thread)
{
	struct proxyipc_hold *hold;

	lockdep_assert_held(&thread->target.lock);

	if (!current_may_park())
		return false;
	/* Each turn takes a hold away. */
	while ((hold = stale_hold_locked(thread)))
		proxyipc_identity_revoke_locked(hold->identity);
	proxyipc_group_check_locked(thread);
	if (list_empty(&thread->target.holds)) {
		/* Given up after the target had yielded to it, perhaps. */
		proxyipc_thread_leave_section_locked(thread);
		return false;
	}
	if (proxyipc_thread_defers_locked(thread))
		return false;
	proxyipc_thread_take_effect_locked(thread);
	return true;
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
	       thread->tries++ < THREAD_REQUEUES &&
	       !proxyipc_task_work_add(current, &thread->work, TWA_NONE);
}

/* A thread that its group watches for faults is to have a record for the next. */
static void callback_refill(struct proxyipc_thread *thread)
{
	bool wanted;

	raw_spin_lock_irq(&thread->target.lock);
	wanted = proxyipc_group_wants_spare_locked(thread);
	raw_spin_unlock_irq(&thread->target.lock);
	/* Without one, faults of the next are delivered as if nobody had asked. */
	if (wanted && current_may_park())
		proxyipc_thread_refill(thread);
}

/*
 * Is somebody to be told of this fault who has another one to deal with? To be asked
 * again when that is over, of which the end of the holds is a sign; but they may not
 * have come yet.
 */
static bool callback_report_fault(struct proxyipc_thread *thread)
{
	if (!thread->fault.signal || !current_may_park() ||
	    !proxyipc_thread_report_fault(thread))
		return false;
	set_current_state(park_state());
	schedule_timeout(1);
	return true;
}

/* Sleep as long as there is a hold. */
static void callback_park(struct proxyipc_thread *thread)
{
	lockdep_assert_held(&thread->target.lock);

	prepare_to_rcuwait(&thread->wait);
	for (;;) {
		/* Before the condition, so that no wake-up is missed. */
		set_current_state(park_state());
		thread->parked = callback_must_park_locked(thread);
		if (!thread->parked)
			break;
		raw_spin_unlock_irq(&thread->target.lock);
		schedule();
		raw_spin_lock_irq(&thread->target.lock);
	}
	finish_rcuwait(&thread->wait);
	thread->in_exec = current_is_amid_exec() &&
			  !list_empty(&thread->target.holds);
}

/* Runs in the target, on its way back to user mode, or when it exits. */
static void thread_callback(struct callback_head *work)
{
	struct proxyipc_thread *thread =
		container_of(work, struct proxyipc_thread, work);
	bool again;

	if (callback_steps_back(thread))
		return;
	thread->tries = 0;
	callback_refill(thread);
	again = callback_report_fault(thread);

	raw_spin_lock_irq(&thread->target.lock);
	/*
	 * Before looking at the holds: a hold added from now on queues the
	 * callback again, one added before is seen below.
	 */
	thread->queued = false;
	callback_park(thread);
	while (again) {
		raw_spin_unlock_irq(&thread->target.lock);
		again = callback_report_fault(thread);
		raw_spin_lock_irq(&thread->target.lock);
		callback_park(thread);
	}
	raw_spin_unlock_irq(&thread->target.lock);

	proxyipc_thread_settle_fault(thread);
	proxyipc_thread_put(thread);
}

/**
 * proxyipc_thread_queue_locked() - have the callback run before the next user code
 * @thread: the record
 *
 * Context: any.
 *
 * Return: 0, or -ESRCH if the target has exited.
 */
int proxyipc_thread_queue_locked(struct proxyipc_thread *thread)
{
	int ret;

	lockdep_assert_held(&thread->target.lock);

	if (thread->queued || thread->parked)
		return 0;

	thread->queued = true;
	proxyipc_target_get(&thread->target);
	ret = proxyipc_task_work_add(thread->target.task, &thread->work,
				     PROXYIPC_TWA_RESUME);
	if (ret) {
		thread->queued = false;
		/* Not the last: the caller has one. */
		refcount_dec(&thread->target.ref);
	} else {
		thread->queueings++;
	}
	return ret;
}

/**
 * proxyipc_thread_free() - the memory of a record
 * @rcu: its target's
 */
void proxyipc_thread_free(struct rcu_head *rcu)
{
	struct proxyipc_thread *thread =
		container_of(rcu, struct proxyipc_thread, target.rcu);

	proxyipc_control_free(&thread->control);
	kfree(thread->spare);
	kfree(thread);
}

/**
 * proxyipc_thread_put() - one reference less
 * @thread: the record; NULL is fine
 *
 * Context: any but hard interrupt.
 */
void proxyipc_thread_put(struct proxyipc_thread *thread)
{
	if (thread)
		proxyipc_target_put(&thread->target);
}

/**
 * proxyipc_thread_peek() - find a record without taking a reference
 * @task: the thread
 *
 * Context: any; under RCU, which keeps it.
 *
 * Return: the record or NULL.
 */
struct proxyipc_thread *proxyipc_thread_peek(struct task_struct *task)
{
	struct proxyipc_target *target = proxyipc_target_peek(task);

	return target ? proxyipc_target_thread(target) : NULL;
}

/**
 * proxyipc_thread_find() - find a record
 * @task: the thread
 *
 * Context: any.
 *
 * Return: the record, with a reference, or NULL.
 */
struct proxyipc_thread *proxyipc_thread_find(struct task_struct *task)
{
	struct proxyipc_target *target = proxyipc_target_find(task);

	return target ? proxyipc_target_thread(target) : NULL;
}

/* A record that isn't anybody's yet. */
static struct proxyipc_thread *thread_new(work_func_t reconcile)
{
	struct proxyipc_thread *thread;

	thread = kzalloc(sizeof(*thread), GFP_KERNEL_ACCOUNT);
	if (!thread)
		return NULL;
	proxyipc_target_init(&thread->target, reconcile);
	raw_spin_lock_init(&thread->target.lock);
	init_task_work(&thread->work, thread_callback);
	proxyipc_hold_init(&thread->shared, NULL);
	proxyipc_hrtimer_setup(&thread->defer_timer, proxyipc_thread_defer_timer);
	rcuwait_init(&thread->wait);
	return thread;
}

/**
 * proxyipc_thread_get() - the record of a thread, made if there is none
 * @task: the thread
 * @pin: of another record that the caller has, or NULL
 * @reconcile: see proxyipc_identity_init()
 *
 * Context: may sleep.
 *
 * Return: the record, with a reference, or -ENOMEM, -ENFILE.
 */
struct proxyipc_thread *proxyipc_thread_get(struct task_struct *task,
					    struct file *pin,
					    work_func_t reconcile)
{
	struct proxyipc_thread *fresh;
	struct proxyipc_target *found;

	found = proxyipc_target_find(task);
	if (found)
		return proxyipc_target_thread(found);

	fresh = thread_new(reconcile);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	pin = pin ? get_file(pin) : proxyipc_target_pin();
	if (IS_ERR(pin)) {
		kfree(fresh);
		return ERR_CAST(pin);
	}
	proxyipc_target_name(&fresh->target, task, task, pin);
	found = proxyipc_target_insert(&fresh->target);
	if (!found)
		return fresh;
	put_task_struct(task);
	kfree(fresh);
	fput(pin);
	return proxyipc_target_thread(found);
}

/**
 * proxyipc_thread_refill() - see to it that there is a spare record
 * @thread: the record, whose reconcile work the spare will have too
 *
 * Context: may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int proxyipc_thread_refill(struct proxyipc_thread *thread)
{
	struct proxyipc_thread *spare;

	if (READ_ONCE(thread->spare))
		return 0;
	spare = thread_new(thread->target.reconcile.func);
	if (!spare)
		return -ENOMEM;
	raw_spin_lock_irq(&thread->target.lock);
	if (!thread->spare)
		swap(thread->spare, spare);
	raw_spin_unlock_irq(&thread->target.lock);
	kfree(spare);
	return 0;
}

/**
 * proxyipc_thread_is_amid_exec_locked() - may its registers mean nothing?
 * @thread: the record
 *
 * Amid an exec they are neither the old program's nor the new one's, and whose they
 * become isn't known yet. One that is parked has that behind it.
 *
 * Return: true if so.
 */
bool proxyipc_thread_is_amid_exec_locked(const struct proxyipc_thread *thread)
{
	lockdep_assert_held(&thread->target.lock);

	return thread->in_exec ||
	       (thread->target.task->in_execve && !thread->parked);
}

/**
 * proxyipc_thread_exits() - from the probe of sched_process_exit, of a target
 * @task: the current task, PF_EXITING is set
 *
 * Context: atomic; or preemptible, on kernels that call probes so.
 */
void proxyipc_thread_exits(struct task_struct *task)
{
	struct proxyipc_thread *thread = proxyipc_thread_find(task);
	struct proxyipc_hold *hold, *next;
	struct proxyipc_group *group;
	unsigned long flags;

	if (!thread)
		return;

	raw_spin_lock_irqsave(&thread->target.lock, flags);
	thread->target.dead = true;
	list_for_each_entry_safe(hold, next, &thread->target.holds, link)
		proxyipc_thread_unlink_locked(thread, hold);
	proxyipc_target_reconcile_locked(&thread->target);
	group = proxyipc_group_leave_locked(thread);
	raw_spin_unlock_irqrestore(&thread->target.lock, flags);
	if (group) {
		proxyipc_target_put(&group->target);
		proxyipc_thread_put(thread);
	}
	proxyipc_thread_put(thread);
}
