/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_KUNIT_TARGET_H
#define _PROXYIPC_KUNIT_TARGET_H

/*
 * A target for the tests: a kernel thread that never runs, so that whatever is
 * held stays as it is. (No user can get at one: PROCESS_OPEN refuses them.) A
 * callback queued on it runs when it ends.
 */

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

static inline int target_never(void *unused)
{
	return 0;
}

static inline struct task_struct *target_new(void)
{
	struct task_struct *task;

	task = kthread_create(target_never, NULL, "proxyipc-target");
	if (!IS_ERR(task))
		get_task_struct(task);
	return task;
}

/* Ends it, and waits until it is past its exit probe and its task work. */
static inline void target_end(struct task_struct *task)
{
	kthread_stop(task);
	while (READ_ONCE(task->__state) != TASK_DEAD)
		usleep_range(100, 1000);
	put_task_struct(task);
}

#endif /* _PROXYIPC_KUNIT_TARGET_H */
