/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_HOLD_H
#define _PROXYIPC_HOLD_H

/**
 * DOC: Hold
 *
 * A hold is one reason why a thread may not run user code; the thread runs when
 * it has none. Per target thread there is one record, struct proxyipc_thread,
 * shared by all process objects on it: the list of its holds, and one callback
 * that is queued as task work (TWA_RESUME). The callback runs in the target when
 * that returns to user mode, and sleeps there while there is a hold. A sleeping
 * system call isn't woken for it, so it never notices.
 *
 * A record is, under its lock, in one of these states:
 *
 * - *free*: no hold, callback not queued
 * - *armed*: a hold, callback queued; the target is in the kernel, or will be as
 *   soon as an interrupt reaches its CPU
 * - *parked*: a hold, the target sleeps in the callback
 * - *in exec*: a hold, and the callback ran amid execve(2), where it may not
 *   sleep; the exec probe queues it again. That stage of an exec can't fail back
 *   to the old program, so no user code runs in between.
 * - *dead*: the target passed its exit probe; nothing can be held any more
 *
 * - *deferred*: a hold that isn't in effect, and the target runs: it is in a
 *   section of its own ("not now", control.h), and the callback let it go on
 *
 * armed, no hold -> the callback finds nothing to do -> free.
 *
 * What makes a hold certain ("confirmed") is an interrupt on the CPU where the
 * target runs, after the callback was queued: its way back to user mode leads
 * through the callback. The argument about memory order is in
 * Documentation/locking.rst, section "Why a confirmed hold is one".
 *
 * A deferral is decided while the target isn't in user mode: by the callback, or,
 * for a target that the callback hasn't reached, by who confirms a hold. It ends
 * when the target leaves its section (YIELD), or at its bound. Whichever comes
 * first queues the callback, and with that the holds take effect, all of them
 * together. From then on, until none is left, nothing is deferred.
 * A fault of the target is one more thing that queues the callback: a probe, in the
 * target, notes it down where its signal is generated, and get_signal() runs task
 * work before it takes the signal. So the owner of the identity that asked for that
 * signal hears of it in the callback, adds its hold, and the callback parks as it
 * always does. Whoever drops that hold may say before that the fault is to be
 * retried: then the callback discards the signal when it leaves.
 *
 * An identity is what the target's credentials were when a process object was
 * opened on it. When they change, the identity is stale and its holds are gone.
 *
 * Lifetime: a record lives while an identity, a queued callback or a queued
 * reconcile work refers to it. With it lives a pin file, and with that the
 * module: a target that sleeps for hours with our callback queued keeps the
 * module loaded. The last put drops the pin file as its last act, after which
 * nothing sleeps; module exit waits for those last instructions with
 * synchronize_rcu_tasks().
 */

#include <linux/list.h>
#include <linux/proxyipc.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct cred;
struct linux_binprm;
struct kernel_siginfo;
struct pid;
struct proxyipc_fault;
struct proxyipc_thread;
struct task_struct;
struct vm_area_struct;

/**
 * struct proxyipc_identity - whom a process object was opened on
 * @thread: record of the target; holds a reference; constant
 * @cred: its credentials at open; constant
 * @link: in the thread's list until the owner was told of the end; under
 *	thread->lock
 * @stale: the target's credentials are no longer those; under thread->lock, once
 * @settled: called under thread->lock, perhaps in hard interrupt, when the
 *	deferral of one of its holds has ended: that can be confirmed now. Set by
 *	the owner before proxyipc_identity_init(); may be NULL if no hold of it
 *	can be deferred.
 */
struct proxyipc_identity {
	struct proxyipc_thread *thread;
	const struct cred *cred;
	struct list_head link;
	bool stale;
	void (*settled)(struct proxyipc_identity *identity);
};

/**
 * struct proxyipc_fault_works - who is told of faults
 * @get: takes a reference to the identity's owner, or returns false if that is
 *	being freed; called under a raw lock
 * @raised: in the target, before the signal is delivered; drops the reference.
 *	Holds that it adds are obeyed before the target goes on.
 */
struct proxyipc_fault_works {
	bool (*get)(struct proxyipc_identity *identity);
	void (*raised)(struct proxyipc_identity *identity,
		       const struct proxyipc_fault *fault);
};

/**
 * struct proxyipc_hold - one reason why a thread may not run user code
 * @identity: by whose authority; constant, outlives the hold
 * @link: in the thread's list while it holds; under thread->lock
 * @holder: the thread that is expected to resume, or NULL; under thread->lock
 * @defer_max: for how long the target may defer it, nanoseconds, 0: not at all;
 *	set before it is added, 0 at first
 * @defer_until: until when that is; constant while it is on
 * @confirmed: in effect, and so until it is dropped; under thread->lock
 * @deferred: its owner was told -EINPROGRESS and waits for @identity->settled;
 *	under thread->lock
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

/**
 * struct proxyipc_look - what a glance at a target shows
 * @state: one of &enum proxyipc_state
 * @holds: number of its holds, in effect or not
 * @ip: its instruction pointer in user mode, if held
 * @syscall: the system call that it is in or has just finished, -1 if none or
 *	not held
 */
struct proxyipc_look {
	u32 state;
	u32 holds;
	u64 ip;
	s32 syscall;
};

/**
 * struct proxyipc_life - what a target shows of life, and whether it could
 * @holds: number of its holds
 * @standstills: how often it was held so far, by one hold or several at a time
 * @keepalive: &proxyipc_control.keepalive; 0 without a control page
 * @idle: &proxyipc_control.idle is set
 */
struct proxyipc_life {
	u32 holds;
	u64 standstills;
	u32 keepalive;
	bool idle;
};

int proxyipc_identity_init(struct proxyipc_identity *identity,
			   struct task_struct *task, work_func_t reconcile);
void proxyipc_identity_deinit(struct proxyipc_identity *identity);
int proxyipc_identity_check(struct proxyipc_identity *identity);
void proxyipc_identity_look(struct proxyipc_identity *identity,
			    struct proxyipc_look *look);
void proxyipc_identity_observe(struct proxyipc_identity *identity,
			       struct proxyipc_life *life);
struct task_struct *proxyipc_identity_task(struct proxyipc_identity *identity);
int proxyipc_identity_yield(struct proxyipc_identity *identity);
int proxyipc_identity_map(struct proxyipc_identity *identity,
			  struct vm_area_struct *vma);
int proxyipc_identity_set_faults(struct proxyipc_identity *identity, u64 signals,
				 const struct proxyipc_fault_works *works);
void proxyipc_identity_retry_fault(struct proxyipc_identity *identity);

struct proxyipc_identity *
proxyipc_thread_next_ended(struct work_struct *reconcile, int *error,
			   bool (*get)(struct proxyipc_identity *));
void proxyipc_thread_put_reconciled(struct work_struct *reconcile);

void proxyipc_hold_init(struct proxyipc_hold *hold,
			struct proxyipc_identity *identity);
void proxyipc_hold_deinit(struct proxyipc_hold *hold);
int proxyipc_hold_add(struct proxyipc_hold *hold, struct pid *holder);
int proxyipc_hold_confirm(struct proxyipc_hold *hold);
void proxyipc_hold_tell(struct proxyipc_hold *hold, u64 notices);
void proxyipc_hold_set_holder(struct proxyipc_hold *hold, struct pid *holder);
bool proxyipc_hold_is_on(struct proxyipc_hold *hold);
bool proxyipc_hold_is_deferred(struct proxyipc_hold *hold);
int proxyipc_hold_inspect(struct proxyipc_hold *hold,
			  int (*inspect)(struct task_struct *task, void *arg),
			  void *arg, u32 *state);
void proxyipc_hold_stop(struct proxyipc_hold *hold);
void proxyipc_hold_kill(struct proxyipc_hold *hold);
void proxyipc_hold_drop(struct proxyipc_hold *hold);
bool proxyipc_hold_would_deadlock(struct proxyipc_identity *identity,
				  struct pid *holder);

void proxyipc_hold_exec_probe(void *data, struct task_struct *task,
			      pid_t old_pid, struct linux_binprm *bprm);
void proxyipc_hold_task_exits(struct task_struct *task);
void proxyipc_hold_signal_probe(void *data, int signal,
				struct kernel_siginfo *info,
				struct task_struct *task, int group, int result);

#endif /* _PROXYIPC_HOLD_H */
