/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_WAITER_H
#define _PROXYIPC_WAITER_H

/**
 * DOC: Waiter
 *
 * Who waits in a wait queue of ours is one of two things. A command that came by
 * ioctl(2) has a task, which sleeps there. One that came through io_uring has none to
 * spare: it is a waiter, an entry in the same queue, woken by the same wake-ups. Who
 * wakes needn't know which of both it is, and there is no second way for messages.
 *
 * A waiter does nothing by itself. When it is woken, or its deadline comes, the task
 * that submitted the command is asked to attempt it once more; like a task that was
 * woken it may find that another was faster, and waits on. When the ring goes away
 * it is given up instead.
 *
 * What is waited for, and what becomes of it, is the owner's, who embeds the struct
 * and fills in the first part.
 */

#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/types.h>
#include <linux/wait.h>

struct io_uring_cmd;
struct proxyipc_waiter;

/**
 * struct proxyipc_waiter_ops - what a waiter waits for
 * @is_due: would an attempt succeed now? Called while it is in the queue.
 * @attempt: do it, in the task that submitted it. Returns the result of the command,
 *	or -EIOCBQUEUED if there is still something to wait for.
 * @give_up: undo what can be undone, because of the given error: the deadline came,
 *	or the ring goes. No user memory may be touched. Returns the result of the
 *	command, or 0 if it came just before; an attempt fetches that.
 * @release: free it
 */
struct proxyipc_waiter_ops {
	bool (*is_due)(struct proxyipc_waiter *waiter);
	int (*attempt)(struct proxyipc_waiter *waiter);
	int (*give_up)(struct proxyipc_waiter *waiter, int error);
	void (*release)(struct proxyipc_waiter *waiter);
};

/**
 * struct proxyipc_waiter - a command without a task
 * @ops: constant, as what follows
 * @queue: where it waits; lives at least as long as it does
 * @exclusive: a wake-up is for one of those who wait
 * @deadline: CLOCK_MONOTONIC nanoseconds, 0 for none
 * @cmd: the command; constant
 * @entry: in @queue, while it waits
 * @timer: the deadline
 * @cancelled: it is to be given up; under the ring's lock
 * @woken: somebody has seen to it that it is attempted, or given up: nobody else
 *	may
 */
struct proxyipc_waiter {
	const struct proxyipc_waiter_ops *ops;
	struct wait_queue_head *queue;
	bool exclusive;
	u64 deadline;

	struct io_uring_cmd *cmd;
	struct wait_queue_entry entry;
	struct hrtimer timer;
	bool cancelled;
	atomic_t woken;
};

int proxyipc_waiter_wait(struct proxyipc_waiter *waiter,
			 struct io_uring_cmd *cmd, unsigned int issue_flags);
void proxyipc_waiter_cancel(struct io_uring_cmd *cmd, unsigned int issue_flags);

#endif /* _PROXYIPC_WAITER_H */
