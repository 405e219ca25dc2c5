/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_WAIT_H
#define _PROXYIPC_WAIT_H

/**
 * DOC: How the module waits
 *
 * Every wait of an operation is freezable, doesn't count into the load average
 * and has a deadline or a signal that ends it. The states are given to
 * prepare_to_wait(), the sleep is proxyipc_wait_until().
 */

#include <linux/hrtimer.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "lease.h"

#define PROXYIPC_WAIT_FLAGS	(TASK_FREEZABLE | TASK_NOLOAD)
#define PROXYIPC_WAIT_SIGNAL	(TASK_INTERRUPTIBLE | PROXYIPC_WAIT_FLAGS)
#define PROXYIPC_WAIT_KILL	(TASK_KILLABLE | PROXYIPC_WAIT_FLAGS)

/**
 * proxyipc_wait_until() - sleep in the state already set
 * @deadline: CLOCK_MONOTONIC nanoseconds, 0 for none
 *
 * Return: false if the deadline passed, true if something woke the task.
 */
static inline bool proxyipc_wait_until(u64 deadline)
{
	ktime_t expires = proxyipc_deadline_time(deadline);

	return schedule_hrtimeout_range(deadline ? &expires : NULL,
					current->timer_slack_ns,
					HRTIMER_MODE_ABS) != 0;
}

#endif /* _PROXYIPC_WAIT_H */
