// SPDX-License-Identifier: GPL-2.0
#include <linux/errno.h>
#include <linux/ktime.h>

#include "compat.h"
#include "lease.h"
#include "waiter.h"

/*
 * Of several that wake a waiter at a time, the one that gets true here sees to it
 * that the command goes on; the others leave it alone, it may be freed.
 */
static bool waiter_claim(struct proxyipc_waiter *waiter)
{
	return !atomic_xchg(&waiter->woken, 1);
}

static struct proxyipc_waiter **cmd_waiter(struct io_uring_cmd *cmd)
{
	BUILD_BUG_ON(sizeof(struct proxyipc_waiter *) > sizeof(cmd->pdu));
	return (struct proxyipc_waiter **)cmd->pdu;
}

/* It is woken, by itself: out of the queue, and whoever would wake it is done. */
static void waiter_leave(struct proxyipc_waiter *waiter)
{
	/* Takes the lock, so the wake-up that claimed it is over. */
	remove_wait_queue(waiter->queue, &waiter->entry);
	if (waiter->deadline)
		hrtimer_cancel(&waiter->timer);
}

static void waiter_work(struct io_uring_cmd *cmd, unsigned int issue_flags,
			bool too_late);
PROXYIPC_URING_WORK(waiter_in_task, waiter_work)

/* Called under the lock of the queue. Not for us if it returns 0. */
static int waiter_wake(struct wait_queue_entry *entry, unsigned int mode,
		       int flags, void *key)
{
	struct proxyipc_waiter *waiter =
		container_of(entry, struct proxyipc_waiter, entry);

	/* It would take the wake-up, which is for one, and never do anything with it. */
	if (waiter->exclusive && proxyipc_uring_is_deserted(waiter->cmd))
		return 0;
	if (!waiter_claim(waiter))
		return 0;
	list_del_init(&entry->entry);
	proxyipc_uring_do_in_task(waiter->cmd, waiter_in_task);
	return 1;
}

static enum hrtimer_restart waiter_timer(struct hrtimer *timer)
{
	struct proxyipc_waiter *waiter =
		container_of(timer, struct proxyipc_waiter, timer);

	if (waiter_claim(waiter))
		proxyipc_uring_do_in_task(waiter->cmd, waiter_in_task);
	return HRTIMER_NORESTART;
}

static void waiter_enter(struct proxyipc_waiter *waiter)
{
	atomic_set(&waiter->woken, 0);
	if (waiter->exclusive)
		add_wait_queue_exclusive(waiter->queue, &waiter->entry);
	else
		add_wait_queue(waiter->queue, &waiter->entry);
	if (waiter->deadline)
		hrtimer_start(&waiter->timer,
			      proxyipc_deadline_time(waiter->deadline),
			      HRTIMER_MODE_ABS);
	/*
	 * It may have come before we were in the queue. Whoever makes it due does so
	 * before taking the queue's lock to wake: so we see it, or are woken.
	 */
	if (waiter->ops->is_due(waiter) && waiter_claim(waiter))
		proxyipc_uring_do_in_task(waiter->cmd, waiter_in_task);
}

static int waiter_attempt(struct proxyipc_waiter *waiter)
{
	int ret = waiter->ops->attempt(waiter);

	if (ret != -EIOCBQUEUED || !waiter->deadline ||
	    ktime_get_ns() < waiter->deadline)
		return ret;
	return waiter->ops->give_up(waiter, -ETIMEDOUT) ?:
	       waiter->ops->attempt(waiter);
}

/*
 * In the task that submitted it; or, if that or the ring is on its way out, wherever
 * io_uring does it then. Like all that completes, under the ring's lock.
 */
static void waiter_work(struct io_uring_cmd *cmd, unsigned int issue_flags,
			bool too_late)
{
	struct proxyipc_waiter *waiter = *cmd_waiter(cmd);
	int ret;

	waiter_leave(waiter);
	if (too_late || waiter->cancelled)
		ret = waiter->ops->give_up(waiter, -EINTR) ?: -EINTR;
	else
		ret = waiter_attempt(waiter);
	if (ret == -EIOCBQUEUED) {
		waiter_enter(waiter);
		return;
	}
	waiter->ops->release(waiter);
	proxyipc_uring_done(cmd, ret, issue_flags);
}

/**
 * proxyipc_waiter_wait() - have a command wait
 * @waiter: what it waits for; belongs to the command from now on
 * @cmd: the command, which is being issued
 * @issue_flags: as it was issued
 *
 * Context: the task that submits it, under the ring's lock.
 *
 * Return: -EIOCBQUEUED.
 */
int proxyipc_waiter_wait(struct proxyipc_waiter *waiter,
			 struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	waiter->cmd = cmd;
	waiter->cancelled = false;
	*cmd_waiter(cmd) = waiter;
	init_waitqueue_func_entry(&waiter->entry, waiter_wake);
	proxyipc_hrtimer_setup(&waiter->timer, waiter_timer);
	/* From here on it ends by completion only. */
	proxyipc_uring_mark_cancelable(cmd, issue_flags);
	waiter_enter(waiter);
	return -EIOCBQUEUED;
}

/**
 * proxyipc_waiter_cancel() - the ring goes, or the task that submitted the command
 * @cmd: one that waits
 * @issue_flags: as given with the news
 *
 * Context: process, perhaps none of the ring's; under the ring's lock.
 */
void proxyipc_waiter_cancel(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct proxyipc_waiter *waiter = *cmd_waiter(cmd);

	waiter->cancelled = true;
	/* The task may be stopped or held, so who knows when it does its part. */
	proxyipc_uring_unmark_cancelable(cmd);
	/* Or else it is about to be attempted, and finds that it was cancelled. */
	if (!waiter_claim(waiter))
		return;
	if (proxyipc_uring_is_for_task_only(cmd))
		proxyipc_uring_do_in_task(cmd, waiter_in_task);
	else
		waiter_work(cmd, issue_flags, true);
}
