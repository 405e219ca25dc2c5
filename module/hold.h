/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_HOLD_H
#define _PROXYIPC_HOLD_H

/**
 * DOC: Hold
 *
 * A hold is one reason why a target, a thread or a thread group, may not run user
 * code; it runs when it has none. Process objects hold by what is here. Where it
 * happens is one room of several files, from the bottom up:
 *
 * - target.h: the record of what can be held
 * - thread.h: that of a thread, and the callback in which it sleeps; confirm.c, how a
 *   hold on it becomes certain; defer.c, how it says "not now"; catch.c, how its
 *   faults are heard of; look.c, what it is doing
 * - group.h: that of a thread group, which is held by holding its threads
 * - identity.h: whom a process object was opened on
 * - deadlock.c: whether somebody is left to resume
 */

#include <linux/list.h>
#include <linux/types.h>

struct pid;
struct proxyipc_identity;
struct task_struct;

/**
 * struct proxyipc_hold - one reason why a target may not run user code
 * @identity: by whose authority, constant, outlives the hold; NULL for the one of a
 *	thread that stands for all those on its group
 * @link: in the target's list while it holds; under target->lock
 * @holder: the thread that is expected to resume, or NULL; under target->lock
 * @defer_max: for how long the target may defer it, nanoseconds, 0: not at all;
 *	set before it is added, 0 at first
 * @defer_until: until when that is; constant while it is on
 * @confirmed: in effect, and so until it is dropped; under target->lock
 * @deferred: its owner was told -EINPROGRESS and waits for @identity->settled;
 *	under target->lock
 */
struct proxyipc_hold {
	struct proxyipc_identity *identity;
	struct list_head link;
	struct pid *holder;
	u64 defer_max;
	u64 defer_until;
	bool confirmed;
	bool deferred;
};

void proxyipc_hold_init(struct proxyipc_hold *hold,
			struct proxyipc_identity *identity);
void proxyipc_hold_deinit(struct proxyipc_hold *hold);
int proxyipc_hold_add(struct proxyipc_hold *hold, struct pid *holder);
int proxyipc_hold_confirm(struct proxyipc_hold *hold);
void proxyipc_hold_tell(struct proxyipc_hold *hold, u64 notices);
void proxyipc_hold_set_holder(struct proxyipc_hold *hold, struct pid *holder);
bool proxyipc_hold_is_on(struct proxyipc_hold *hold);
bool proxyipc_hold_is_deferred(struct proxyipc_hold *hold);
int proxyipc_hold_inspect(struct proxyipc_hold *hold, struct task_struct *task,
			  int (*inspect)(struct task_struct *task, void *arg),
			  void *arg, u32 *state);
void proxyipc_hold_stop(struct proxyipc_hold *hold);
void proxyipc_hold_kill(struct proxyipc_hold *hold);
void proxyipc_hold_drop(struct proxyipc_hold *hold);
void proxyipc_hold_unlink_locked(struct proxyipc_hold *hold);
bool proxyipc_hold_would_deadlock(struct proxyipc_identity *identity,
				  struct pid *holder);

#endif /* _PROXYIPC_HOLD_H */
