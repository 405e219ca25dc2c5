// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "actor.h"
#include "compat.h"
#include "lease.h"
#include "main.h"
#include "manual.h"
#include "object.h"
#include "process.h"
#include "trace.h"
#include "wait.h"
#include "waiter.h"

static void manual_end_locked(struct proxyipc_manual *manual)
{
	struct proxyipc_process *process = manual->process;

	lockdep_assert_held(&process->lock);

	trace_proxyipc_resume(manual->token, 0);
	proxyipc_hold_drop(&manual->hold);
	proxyipc_user_uncharge(process->user);
	list_del_init(&manual->link);
	manual->token = 0;
	manual->since = 0;
	/* If it fires just now, the work will find no token. */
	hrtimer_try_to_cancel(&manual->timer);
	wake_up_poll(&process->wait, EPOLLIN);
}

/* Hard interrupt: all that matters takes locks that may not be taken here. */
static enum hrtimer_restart manual_timer(struct hrtimer *timer)
{
	struct proxyipc_manual *manual =
		container_of(timer, struct proxyipc_manual, timer);

	queue_work(proxyipc_workqueue, &manual->expire);
	return HRTIMER_NORESTART;
}

static void manual_expire(struct work_struct *work)
{
	struct proxyipc_manual *manual =
		container_of(work, struct proxyipc_manual, expire);

	spin_lock(&manual->process->lock);
	/* One that began after the timer fired has a timer of its own. */
	if (manual->token &&
	    proxyipc_lease_is_over(manual->lease_end, ktime_get_ns()))
		manual_end_locked(manual);
	spin_unlock(&manual->process->lock);
}

/**
 * proxyipc_manual_init() - prepare the hold by hand of an open file
 * @manual: to be initialised
 * @process: the process object; must outlive it
 */
void proxyipc_manual_init(struct proxyipc_manual *manual,
			  struct proxyipc_process *process)
{
	manual->process = process;
	proxyipc_hold_init(&manual->hold, &process->identity);
	proxyipc_hrtimer_setup(&manual->timer, manual_timer);
	INIT_WORK(&manual->expire, manual_expire);
	INIT_LIST_HEAD(&manual->link);
	manual->token = 0;
	manual->since = 0;
}

/**
 * proxyipc_manual_deinit() - the open file is closed: its hold ends
 * @manual: initialised
 *
 * Context: may sleep.
 */
void proxyipc_manual_deinit(struct proxyipc_manual *manual)
{
	spin_lock(&manual->process->lock);
	if (manual->token)
		manual_end_locked(manual);
	spin_unlock(&manual->process->lock);
	hrtimer_cancel(&manual->timer);
	cancel_work_sync(&manual->expire);
	proxyipc_hold_deinit(&manual->hold);
}

static void manual_set_lease_locked(struct proxyipc_manual *manual, u64 lease)
{
	lockdep_assert_held(&manual->process->lock);

	manual->lease_end = proxyipc_lease_end(ktime_get_ns(), lease);
	hrtimer_start(&manual->timer, ns_to_ktime(manual->lease_end),
		      HRTIMER_MODE_ABS);
}

static int manual_begin_locked(struct proxyipc_manual *manual, u64 lease,
			       u64 defer_max)
{
	struct proxyipc_process *process = manual->process;
	int ret;

	lockdep_assert_held(&process->lock);

	if (process->ended)
		return process->ended;
	if (manual->token)
		return -EBUSY;
	ret = proxyipc_user_charge(process->user);
	if (ret)
		return ret;
	manual->hold.defer_max = defer_max;
	ret = proxyipc_hold_add(&manual->hold, proxyipc_actor());
	if (ret) {
		proxyipc_user_uncharge(process->user);
		return ret;
	}
	manual->token = proxyipc_next_id();
	list_add_tail(&manual->link, &process->manual);
	manual_set_lease_locked(manual, lease);
	trace_proxyipc_hold(manual->token,
			    proxyipc_identity_task(&process->identity)->pid);
	return 0;
}

/*
 * The target defers the hold: wait for the end of that. It comes at the latest at
 * the bound, by a timer.
 */
static int manual_wait(struct proxyipc_manual *manual)
{
	struct proxyipc_process *process = manual->process;
	DEFINE_WAIT(wait);
	int ret = 0;

	for (;;) {
		prepare_to_wait(&process->wait, &wait, PROXYIPC_WAIT_SIGNAL);
		if (!proxyipc_hold_is_deferred(&manual->hold))
			break;
		if (signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		proxyipc_wait_until(0);
	}
	finish_wait(&process->wait, &wait);
	return ret;
}

static int manual_begin(struct proxyipc_manual *manual, u64 lease, u64 defer_max,
			u64 *token)
{
	struct proxyipc_process *process = manual->process;
	int ret;

	if (proxyipc_hold_would_deadlock(&process->identity, proxyipc_actor()))
		return -EDEADLK;

	spin_lock(&process->lock);
	ret = manual_begin_locked(manual, lease, defer_max);
	*token = manual->token;
	spin_unlock(&process->lock);
	return ret;
}

/*
 * Confirm the hold @token. -EINPROGRESS: the target has something to say to that, try
 * again when it isn't deferred any more. @deferred: false at first.
 */
static int manual_confirm(struct proxyipc_manual *manual, u64 token, u64 lease,
			  bool *deferred)
{
	struct proxyipc_process *process = manual->process;
	int ret = proxyipc_hold_confirm(&manual->hold);

	trace_proxyipc_confirm(token, ret);
	if (ret != -EINPROGRESS && !*deferred)
		return ret;

	/* A deferral isn't paid for by the lease. */
	spin_lock(&process->lock);
	if (manual->token == token)
		manual_set_lease_locked(manual, ret == -EINPROGRESS ?
					lease + manual->hold.defer_max : lease);
	spin_unlock(&process->lock);
	*deferred = true;
	return ret;
}

/* The hold @token is confirmed, or will never be, as @ret says. */
static int manual_settle(struct proxyipc_manual *manual, u64 token, int ret,
			 u32 *state)
{
	struct proxyipc_process *process = manual->process;
	struct proxyipc_look look;

	spin_lock(&process->lock);
	/*
	 * While the token is there the lease goes on, so what is said now of the
	 * target is true. Its end and its new identity drop the hold before they
	 * come here.
	 */
	proxyipc_identity_look(&process->identity, &look);
	*state = look.state;
	if (!ret && look.state == PROXYIPC_STATE_GONE)
		ret = -ESRCH;
	else if (!ret && look.state == PROXYIPC_STATE_RUNNABLE)
		ret = -ESTALE;
	if (manual->token != token) {
		/* It ended meanwhile: its target did, or a tiny lease. */
		ret = process->ended ?: -ESTALE;
	} else if (ret) {
		manual_end_locked(manual);
	} else {
		manual->since = ktime_get_ns();
		proxyipc_hold_tell(&manual->hold, 0);
		wake_up_poll(&process->wait, EPOLLIN);
	}
	spin_unlock(&process->lock);
	return ret;
}

/**
 * proxyipc_manual_hold() - hold a target by hand
 * @manual: of the open file
 * @lease: how long at most, nanoseconds
 * @defer_max: how long the target may defer it, nanoseconds, 0: not at all
 * @token: receives its name
 * @state: receives what the target is, armed or parked
 *
 * Context: process, no locks. Waits for the end of a deferral.
 *
 * Return: 0: the target executes no user code; -EBUSY, -EDEADLK, -EDQUOT,
 * -ESRCH, -ESTALE, -EAGAIN, -ERESTARTSYS.
 */
int proxyipc_manual_hold(struct proxyipc_manual *manual, u64 lease,
			 u64 defer_max, u64 *token, u32 *state)
{
	bool deferred = false;
	int ret;

	ret = manual_begin(manual, lease, defer_max, token);
	if (ret)
		return ret;
	for (;;) {
		ret = manual_confirm(manual, *token, lease, &deferred);
		if (ret != -EINPROGRESS)
			break;
		ret = manual_wait(manual);
		if (ret)
			break;
	}
	return manual_settle(manual, *token, ret, state);
}

/**
 * proxyipc_manual_export() - tell the holder of its hold
 * @process: the process object
 * @params: the argument of the command, with its result
 * @user: where it goes
 *
 * A hold of which nobody knows the token ends.
 *
 * Context: may sleep.
 *
 * Return: 0 or -EFAULT.
 */
int proxyipc_manual_export(struct proxyipc_process *process,
			   const struct proxyipc_process_hold *params,
			   void __user *user)
{
	int ret = proxyipc_params_export(user, params, sizeof(*params));

	if (ret)
		proxyipc_manual_resume(process, params->out_token, false, 0);
	return ret;
}

/**
 * struct manual_waiter - a hold by hand that waits without a task
 * @waiter: waits for the end of a deferral
 * @manual: of the open file, which the command has
 * @lease: as in proxyipc_manual_hold()
 * @params: the argument of the command
 * @user: where it came from
 */
struct manual_waiter {
	struct proxyipc_waiter waiter;
	struct proxyipc_manual *manual;
	u64 lease;
	struct proxyipc_process_hold params;
	void __user *user;
};

static struct manual_waiter *to_hold(struct proxyipc_waiter *waiter)
{
	return container_of(waiter, struct manual_waiter, waiter);
}

static bool manual_is_due(struct proxyipc_waiter *waiter)
{
	return !proxyipc_hold_is_deferred(&to_hold(waiter)->manual->hold);
}

static int manual_attempt(struct proxyipc_waiter *waiter)
{
	struct manual_waiter *hold = to_hold(waiter);
	struct proxyipc_process_hold *params = &hold->params;
	bool deferred = true;
	int ret;

	if (!manual_is_due(waiter))
		return -EIOCBQUEUED;
	ret = manual_confirm(hold->manual, params->out_token, hold->lease,
			     &deferred);
	if (ret == -EINPROGRESS)
		return -EIOCBQUEUED;
	ret = manual_settle(hold->manual, params->out_token, ret,
			    &params->out_state);
	return ret ?: proxyipc_manual_export(hold->manual->process, params,
					     hold->user);
}

static int manual_give_up(struct proxyipc_waiter *waiter, int error)
{
	struct manual_waiter *hold = to_hold(waiter);
	u32 state;

	return manual_settle(hold->manual, hold->params.out_token, error, &state);
}

static void manual_release(struct proxyipc_waiter *waiter)
{
	kfree(to_hold(waiter));
}

static const struct proxyipc_waiter_ops manual_ops = {
	.is_due = manual_is_due,
	.attempt = manual_attempt,
	.give_up = manual_give_up,
	.release = manual_release,
};

/**
 * proxyipc_manual_hold_begin() - hold a target by hand, or wait without a task
 * @manual: of the open file
 * @lease: as in proxyipc_manual_hold()
 * @defer_max: likewise
 * @params: the argument of the command; receives the result
 * @user: where it came from, and goes if the command had to wait
 * @waiter: receives what waits
 *
 * Context: process, no locks.
 *
 * Return: as proxyipc_manual_hold(); -EIOCBQUEUED, with @waiter, if the target defers
 * it; or -ENOMEM.
 */
int proxyipc_manual_hold_begin(struct proxyipc_manual *manual, u64 lease,
			       u64 defer_max, struct proxyipc_process_hold *params,
			       void __user *user, struct proxyipc_waiter **waiter)
{
	struct manual_waiter *hold;
	bool deferred = false;
	int ret;

	hold = kzalloc(sizeof(*hold), GFP_KERNEL_ACCOUNT);
	if (!hold)
		return -ENOMEM;
	ret = manual_begin(manual, lease, defer_max, &params->out_token);
	if (ret)
		goto out;
	ret = manual_confirm(manual, params->out_token, lease, &deferred);
	if (ret != -EINPROGRESS) {
		ret = manual_settle(manual, params->out_token, ret,
				    &params->out_state);
		goto out;
	}
	hold->waiter.ops = &manual_ops;
	hold->waiter.queue = &manual->process->wait;
	hold->manual = manual;
	hold->lease = lease;
	hold->params = *params;
	hold->user = user;
	*waiter = &hold->waiter;
	return -EIOCBQUEUED;
out:
	kfree(hold);
	return ret;
}

/**
 * proxyipc_manual_resume() - end a hold by hand
 * @process: the process object
 * @token: names the hold, through whichever open file it was made
 * @reply: a reply was given, which makes no sense
 * @flags: %PROXYIPC_RESUME_STOP, _KILL; _RETRY makes no sense either
 *
 * Context: process.
 *
 * Return: 0, -ESTALE, -EPERM to kill, or -EINVAL for what makes no sense.
 */
int proxyipc_manual_resume(struct proxyipc_process *process, u64 token,
			   bool reply, u32 flags)
{
	struct proxyipc_manual *manual;
	int ret = -ESTALE;

	spin_lock(&process->lock);
	list_for_each_entry(manual, &process->manual, link) {
		if (manual->token != token)
			continue;
		ret = 0;
		if (reply || flags & PROXYIPC_RESUME_RETRY)
			ret = -EINVAL;
		else if (flags & PROXYIPC_RESUME_KILL &&
			 !proxyipc_process_may_kill(process, current_cred()))
			ret = -EPERM;
		if (ret)
			break;
		if (flags & PROXYIPC_RESUME_STOP)
			proxyipc_hold_stop(&manual->hold);
		if (flags & PROXYIPC_RESUME_KILL)
			proxyipc_hold_kill(&manual->hold);
		manual_end_locked(manual);
		break;
	}
	spin_unlock(&process->lock);
	return ret;
}

/**
 * proxyipc_manual_find_locked() - the hold that a token names
 * @process: the process object
 * @token: through whichever open file it was made
 *
 * Return: the hold, or NULL if there is no such one that is confirmed.
 */
struct proxyipc_hold *
proxyipc_manual_find_locked(struct proxyipc_process *process, u64 token)
{
	struct proxyipc_manual *manual;

	lockdep_assert_held(&process->lock);

	list_for_each_entry(manual, &process->manual, link)
		if (manual->token == token && manual->since)
			return &manual->hold;
	return NULL;
}

/**
 * proxyipc_manual_end_all_locked() - the target is gone or somebody else
 * @process: the process object
 */
void proxyipc_manual_end_all_locked(struct proxyipc_process *process)
{
	struct proxyipc_manual *manual, *next;

	lockdep_assert_held(&process->lock);

	list_for_each_entry_safe(manual, next, &process->manual, link)
		manual_end_locked(manual);
}
