/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_IDENTITY_H
#define _PROXYIPC_IDENTITY_H

/**
 * DOC: Identity
 *
 * Whom a process object was opened on: a thread or a thread group, and what its
 * credentials were then. When they change the identity is *stale* and its holds are
 * gone. Of a group that goes for each of its threads: one that has become somebody
 * else makes the identity stale.
 */

#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/proxyipc.h>

struct cred;
struct linux_binprm;
struct kernel_siginfo;
struct proxyipc_fault;
struct proxyipc_reading;
struct proxyipc_target;
struct proxyipc_thread;
struct task_struct;
struct vm_area_struct;

/**
 * struct proxyipc_identity - whom a process object was opened on
 * @target: record of the thread or the group; holds a reference; constant
 * @cred: its credentials at open; constant
 * @link: in the target's list until the owner was told of the end; under
 *	target->lock
 * @stale: the target's credentials are no longer those; under target->lock, once
 * @faulting: the thread whose fault the owner deals with, or NULL; under
 *	target->lock
 * @settled: called under target->lock, perhaps in hard interrupt, when the
 *	deferral of one of its holds has ended: that can be confirmed now. Set by
 *	the owner before proxyipc_identity_init(); may be NULL if no hold of it
 *	can be deferred.
 */
struct proxyipc_identity {
	struct proxyipc_target *target;
	const struct cred *cred;
	struct list_head link;
	bool stale;
	struct proxyipc_thread *faulting;
	void (*settled)(struct proxyipc_identity *identity);
};

/**
 * struct proxyipc_fault_works - who is told of faults
 * @get: takes a reference to the identity's owner, or returns false if that is
 *	being freed; called under a raw lock
 * @raised: in the thread at fault, before the signal is delivered; drops the
 *	reference. Holds that it adds are obeyed before the thread goes on. Of a group
 *	it hears of one fault at a time.
 */
struct proxyipc_fault_works {
	bool (*get)(struct proxyipc_identity *identity);
	void (*raised)(struct proxyipc_identity *identity,
		       const struct proxyipc_fault *fault);
};

/**
 * struct proxyipc_look - what a glance at a target shows
 * @state: one of &enum proxyipc_state; of a group that of all its threads together
 * @holds: number of its holds, in effect or not
 * @ip: its instruction pointer in user mode, if held; of a group the main thread's
 * @syscall: the system call that it is in or has just finished, -1 if none or
 *	not held; of a group the main thread's
 * @threads: how many threads there are, those that are about to end not counted
 * @armed: how many of them are held and in the kernel
 * @parked: how many are held and asleep in our code
 */
struct proxyipc_look {
	u32 state;
	u32 holds;
	u64 ip;
	s32 syscall;
	u32 threads;
	u32 armed;
	u32 parked;
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
			   struct task_struct *task, bool group,
			   work_func_t reconcile);
void proxyipc_identity_deinit(struct proxyipc_identity *identity);
int proxyipc_identity_check(struct proxyipc_identity *identity);
void proxyipc_identity_look(struct proxyipc_identity *identity,
			    struct proxyipc_look *look);
void proxyipc_identity_look_at(struct task_struct *task,
			       struct proxyipc_look *look);
void proxyipc_identity_look_at_each(struct proxyipc_identity *identity,
				    void (*show)(struct task_struct *task,
						 const struct proxyipc_look *look,
						 void *arg),
				    void *arg);
void proxyipc_identity_observe(struct proxyipc_identity *identity,
			       struct proxyipc_life *life);
void proxyipc_identity_read_clocks(struct proxyipc_identity *identity,
				   const struct proxyipc_reading *last,
				   struct proxyipc_reading *now);
bool proxyipc_identity_is_kept(struct proxyipc_identity *identity);
u64 proxyipc_identity_stretch(struct proxyipc_identity *identity);
struct task_struct *proxyipc_identity_task(struct proxyipc_identity *identity);
bool proxyipc_identity_is_group(const struct proxyipc_identity *identity);
bool proxyipc_identity_has(const struct proxyipc_identity *identity,
			   const struct task_struct *task);
int proxyipc_identity_yield(struct proxyipc_identity *identity);
int proxyipc_identity_map(struct proxyipc_identity *identity,
			  struct vm_area_struct *vma);

int proxyipc_identity_set_faults(struct proxyipc_identity *identity, u64 signals,
				 const struct proxyipc_fault_works *works);
pid_t proxyipc_identity_faulting(struct proxyipc_identity *identity);
void proxyipc_identity_end_fault(struct proxyipc_identity *identity, bool retry);

struct proxyipc_identity *
proxyipc_target_next_ended(struct work_struct *reconcile, int *error,
			   bool (*get)(struct proxyipc_identity *));
void proxyipc_target_put_reconciled(struct work_struct *reconcile);

/* For the other files of this room: under target->lock */
bool proxyipc_identity_fits(const struct proxyipc_identity *identity,
			    const struct task_struct *task);
void proxyipc_identity_revoke_locked(struct proxyipc_identity *identity);
int proxyipc_identity_check_locked(struct proxyipc_identity *identity);
int proxyipc_identity_check_alive_locked(struct proxyipc_identity *identity);
void proxyipc_identity_forget_faults_locked(struct proxyipc_identity *identity);

void proxyipc_identity_exec_probe(void *data, struct task_struct *task,
				  pid_t old_pid, struct linux_binprm *bprm);
void proxyipc_identity_signal_probe(void *data, int signal,
				    struct kernel_siginfo *info,
				    struct task_struct *task, int group, int result);

#endif /* _PROXYIPC_IDENTITY_H */
