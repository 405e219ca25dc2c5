// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/sched.h>

#include "main.h"
#include "manual.h"
#include "object.h"
#include "process.h"
#include "trace.h"

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
	/* If it runs already it will find no token. */
	cancel_delayed_work(&manual->expire);
	wake_up_poll(&process->wait, EPOLLIN);
}

static void manual_expire(struct work_struct *work)
{
	struct proxyipc_manual *manual =
		container_of(to_delayed_work(work), struct proxyipc_manual,
			     expire);

	u64 now = ktime_get_ns();

	spin_lock(&manual->process->lock);
	if (!manual->token) {
		/* Cancelled too late. */
	} else if (now >= manual->lease_end) {
		manual_end_locked(manual);
	} else {
		/* Jiffies lag behind; or it is a hold that began just now. */
		mod_delayed_work(proxyipc_workqueue, &manual->expire,
				 nsecs_to_jiffies(manual->lease_end - now) + 1);
	}
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
	INIT_DELAYED_WORK(&manual->expire, manual_expire);
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
	cancel_delayed_work_sync(&manual->expire);
	proxyipc_hold_deinit(&manual->hold);
}

static int manual_begin_locked(struct proxyipc_manual *manual, u64 lease)
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
	ret = proxyipc_hold_add(&manual->hold, task_pid(current));
	if (ret) {
		proxyipc_user_uncharge(process->user);
		return ret;
	}
	manual->token = proxyipc_next_id();
	manual->lease_end = ktime_get_ns() + lease;
	list_add_tail(&manual->link, &process->manual);
	mod_delayed_work(proxyipc_workqueue, &manual->expire,
			 nsecs_to_jiffies(lease) + 1);
	trace_proxyipc_hold(manual->token,
			    proxyipc_identity_task(&process->identity)->pid);
	return 0;
}

/**
 * proxyipc_manual_hold() - hold a target by hand
 * @manual: of the open file
 * @lease: how long at most, nanoseconds
 * @token: receives its name
 *
 * Context: process, no locks.
 *
 * Return: 0: the target executes no user code; -EBUSY, -EDEADLK, -EDQUOT,
 * -ESRCH, -ESTALE, -EAGAIN.
 */
int proxyipc_manual_hold(struct proxyipc_manual *manual, u64 lease, u64 *token)
{
	struct proxyipc_process *process = manual->process;
	int ret;

	if (proxyipc_hold_would_deadlock(&process->identity, task_pid(current)))
		return -EDEADLK;

	spin_lock(&process->lock);
	ret = manual_begin_locked(manual, lease);
	*token = manual->token;
	spin_unlock(&process->lock);
	if (ret)
		return ret;

	ret = proxyipc_hold_confirm(&manual->hold);
	trace_proxyipc_confirm(*token, ret);

	spin_lock(&process->lock);
	if (manual->token != *token) {
		/* It ended meanwhile: its target did, or a tiny lease. */
		ret = process->ended ?: -ESTALE;
	} else if (ret) {
		manual_end_locked(manual);
	} else {
		manual->since = ktime_get_ns();
		wake_up_poll(&process->wait, EPOLLIN);
	}
	spin_unlock(&process->lock);
	return ret;
}

/**
 * proxyipc_manual_resume() - end a hold by hand
 * @process: the process object
 * @token: names the hold, through whichever open file it was made
 * @reply: a reply was given, which makes no sense
 * @stop: hand the target over to a debugger
 *
 * Context: process.
 *
 * Return: 0, -ESTALE, or -EINVAL for @reply.
 */
int proxyipc_manual_resume(struct proxyipc_process *process, u64 token,
			   bool reply, bool stop)
{
	struct proxyipc_manual *manual;
	int ret = -ESTALE;

	spin_lock(&process->lock);
	list_for_each_entry(manual, &process->manual, link) {
		if (manual->token != token)
			continue;
		ret = reply ? -EINVAL : 0;
		if (ret)
			break;
		if (stop)
			proxyipc_hold_stop(&manual->hold);
		manual_end_locked(manual);
		break;
	}
	spin_unlock(&process->lock);
	return ret;
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
