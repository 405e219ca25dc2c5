/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_ACTOR_H
#define _PROXYIPC_ACTOR_H

/*
 * Who sends, receives and holds: the current task, or whoever that works for.
 */

#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

/**
 * proxyipc_actor_is_worker() - is the current task a worker of io_uring?
 *
 * One that sleeps in a command is told by a signal of any kind that the command is
 * cancelled: it has no handlers, and the command isn't restarted.
 *
 * Return: true if so.
 */
static inline bool proxyipc_actor_is_worker(void)
{
	return current->flags & PF_IO_WORKER;
}

/**
 * proxyipc_actor() - the thread that acts
 *
 * A worker of io_uring is a thread of the process that has the ring. Nobody knows it,
 * and it is never held; so the process's first thread stands for it, there being no
 * way to tell whose of its threads the ring is.
 *
 * Return: the thread, without a reference of its own; valid as long as the current
 * task runs.
 */
static inline struct pid *proxyipc_actor(void)
{
	return proxyipc_actor_is_worker() ? task_tgid(current) :
					    task_pid(current);
}

#endif /* _PROXYIPC_ACTOR_H */
