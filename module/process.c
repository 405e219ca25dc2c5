// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat.h"
#include "endpoint.h"
#include "main.h"
#include "object.h"
#include "process.h"
#include "receiver.h"

/* Under a raw lock: all that is to be done needs others. A hold has a reference. */
static void process_identity_settled(struct proxyipc_identity *identity)
{
	proxyipc_process_settle(container_of(identity, struct proxyipc_process,
					     identity));
}

static bool process_get_of_watchdog(struct proxyipc_watchdog *watchdog)
{
	return proxyipc_process_tryget(container_of(watchdog,
						    struct proxyipc_process,
						    watchdog));
}

static void process_free_work(struct work_struct *work);

/**
 * proxyipc_process_new() - make a process object
 * @task: its target, or a thread of it
 * @group: its target is that one's thread group
 * @lease: longest standstill, nanoseconds
 * @works: the layer above
 *
 * Context: may sleep. Holds are charged to the current user.
 *
 * Return: the object, with one reference, or -ESRCH, -ESTALE, -ENOMEM, -ENFILE.
 */
struct proxyipc_process *
proxyipc_process_new(struct task_struct *task, bool group, u64 lease,
		     const struct proxyipc_process_works *works)
{
	struct proxyipc_process *process;
	int ret = -ENOMEM;

	process = kzalloc(sizeof(*process), GFP_KERNEL_ACCOUNT);
	if (!process)
		return ERR_PTR(-ENOMEM);
	process->user = proxyipc_user_get(current_uid());
	if (!process->user)
		goto err_free;

	kref_init(&process->ref);
	process->id = proxyipc_next_id();
	process->lease = lease;
	init_waitqueue_head(&process->wait);
	proxyipc_hold_init(&process->hold, &process->identity);
	proxyipc_hold_init(&process->fault_hold, &process->identity);
	proxyipc_hrtimer_setup(&process->timer, works->timer);
	INIT_WORK(&process->tick, works->tick);
	INIT_WORK(&process->settled, works->settled);
	INIT_WORK(&process->orphaned, works->orphaned);
	INIT_WORK(&process->freeing, process_free_work);
	proxyipc_watchdog_init(&process->watchdog, &process->identity,
			       process->user, process_get_of_watchdog,
			       works->expired);
	spin_lock_init(&process->lock);
	INIT_LIST_HEAD(&process->waiting);
	INIT_LIST_HEAD(&process->manual);

	process->identity.settled = process_identity_settled;
	/* Last: from here on the object can be told that it ended. */
	ret = proxyipc_identity_init(&process->identity, task, group,
				     works->reconcile);
	if (ret)
		goto err_user;
	return process;

err_user:
	proxyipc_user_put(process->user);
err_free:
	kfree(process);
	return ERR_PTR(ret);
}

/**
 * proxyipc_process_get() - one more reference
 * @process: the process object
 *
 * Context: any.
 *
 * Return: @process.
 */
struct proxyipc_process *proxyipc_process_get(struct proxyipc_process *process)
{
	kref_get(&process->ref);
	return process;
}

/**
 * proxyipc_process_tryget() - one more reference, if there still is one
 * @process: the process object; something keeps its memory
 *
 * Context: any.
 *
 * Return: false if it is being freed.
 */
bool proxyipc_process_tryget(struct proxyipc_process *process)
{
	return kref_get_unless_zero(&process->ref);
}

/**
 * proxyipc_process_settle() - go on with what waits, in process context
 * @process: the process object; the caller, or a hold, has a reference
 *
 * Context: any.
 */
void proxyipc_process_settle(struct proxyipc_process *process)
{
	proxyipc_process_get(process);
	/* Not the last reference. */
	if (!queue_work(proxyipc_workqueue, &process->settled))
		proxyipc_process_put(process);
}

static void slot_free(struct proxyipc_receiver *receiver)
{
	if (!receiver)
		return;
	proxyipc_receiver_detach(receiver);
	proxyipc_receiver_put(receiver);
}

static void process_free(struct kref *ref)
{
	struct proxyipc_process *process =
		container_of(ref, struct proxyipc_process, ref);

	WARN_ON_ONCE(process->episode.state != PROXYIPC_EPISODE_NONE &&
		     process->episode.state != PROXYIPC_EPISODE_RESTING);
	WARN_ON_ONCE(!list_empty(&process->waiting));
	WARN_ON_ONCE(!list_empty(&process->manual));
	proxyipc_watchdog_deinit(&process->watchdog);
	slot_free(process->receiver);
	slot_free(process->guardian);
	put_cred(process->policy.cred);
	proxyipc_hold_deinit(&process->hold);
	proxyipc_hold_deinit(&process->fault_hold);
	proxyipc_user_put(process->user);
	proxyipc_identity_deinit(&process->identity);
	kfree(process);
}

/**
 * proxyipc_process_put() - one reference less
 * @process: the process object; NULL is fine
 *
 * Context: process; under locks only if it isn't the last.
 */
void proxyipc_process_put(struct proxyipc_process *process)
{
	if (process)
		kref_put(&process->ref, process_free);
}

static void process_free_work(struct work_struct *work)
{
	struct proxyipc_process *process =
		container_of(work, struct proxyipc_process, freeing);

	process_free(&process->ref);
}

static void process_free_later(struct kref *ref)
{
	struct proxyipc_process *process =
		container_of(ref, struct proxyipc_process, ref);

	queue_work(proxyipc_workqueue, &process->freeing);
}

/**
 * proxyipc_process_put_late() - one reference less, where the last can't go at once
 * @process: the process object
 *
 * Context: any, also hard interrupt.
 */
void proxyipc_process_put_late(struct proxyipc_process *process)
{
	kref_put(&process->ref, process_free_later);
}

/**
 * proxyipc_process_check() - may it still be operated on?
 * @process: the process object
 *
 * The first thing that every operation does.
 *
 * Return: 0, -ESRCH if the target is gone, -ESTALE if it is somebody else.
 */
int proxyipc_process_check(struct proxyipc_process *process)
{
	return proxyipc_identity_check(&process->identity);
}

/**
 * proxyipc_process_find_thread() - a thread of the target
 * @process: the process object
 * @tid: its id in the caller's pid namespace; 0: the target or, of a group, its main
 *	thread
 *
 * Context: process.
 *
 * Return: the thread, with a reference; it may be a dead one if @tid is 0. -ESRCH if
 * there is none, -EINVAL if it is somebody else's.
 */
struct task_struct *
proxyipc_process_find_thread(struct proxyipc_process *process, pid_t tid)
{
	struct task_struct *task, *target;
	struct pid *pid;

	target = proxyipc_identity_task(&process->identity);
	if (!tid && !proxyipc_identity_is_group(&process->identity))
		return get_task_struct(target);

	pid = tid ? find_get_pid(tid) : get_task_pid(target, PIDTYPE_TGID);
	task = get_pid_task(pid, PIDTYPE_PID);
	put_pid(pid);
	if (!task)
		return tid ? ERR_PTR(-ESRCH) : get_task_struct(target);
	if (proxyipc_identity_has(&process->identity, task))
		return task;
	put_task_struct(task);
	return ERR_PTR(-EINVAL);
}

/*
 * What is to go into a slot: NULL for no endpoint, or a negative errno. Whoever
 * receives there must be able to resume.
 */
static struct proxyipc_receiver *slot_new(struct proxyipc_process *process,
					  struct proxyipc_endpoint *ep, u64 payload)
{
	struct pid *holder;
	bool deadlock;

	if (!ep)
		return NULL;
	holder = proxyipc_endpoint_receiver(ep);
	deadlock = proxyipc_hold_would_deadlock(&process->identity, holder);
	put_pid(holder);
	if (deadlock)
		return ERR_PTR(-EDEADLK);
	return proxyipc_receiver_new(ep, payload, process);
}

/* Put @receiver into @slot, and what was in there into @receiver. */
static void slot_swap_locked(struct proxyipc_process *process,
			     struct proxyipc_receiver **slot,
			     struct proxyipc_receiver **receiver)
{
	lockdep_assert_held(&process->lock);

	swap(*slot, *receiver);
	if (*receiver && *receiver != process->episode.receiver)
		proxyipc_receiver_detach(*receiver);
}

/**
 * proxyipc_process_set_receiver() - fill or empty the receiver slot
 * @process: the process object
 * @ep: where proxied messages go from the next episode on; NULL: nowhere
 * @payload: of the entry by which they go there
 *
 * Context: may sleep.
 *
 * Return: 0, -EPIPE, -EDEADLK, -ENOBUFS, -ENOMEM; -ESRCH or -ESTALE if the object
 * ended meanwhile.
 */
int proxyipc_process_set_receiver(struct proxyipc_process *process,
				  struct proxyipc_endpoint *ep, u64 payload)
{
	struct proxyipc_receiver *receiver = slot_new(process, ep, payload);
	int ret;

	if (IS_ERR(receiver))
		return PTR_ERR(receiver);

	spin_lock(&process->lock);
	/* One that comes too late would never be told of the end. */
	ret = process->ended;
	if (!ret)
		slot_swap_locked(process, &process->receiver, &receiver);
	spin_unlock(&process->lock);
	if (ret)
		slot_free(receiver);
	else
		proxyipc_receiver_put(receiver);
	wake_up_poll(&process->wait, EPOLLHUP | EPOLLOUT);
	return ret;
}

/**
 * proxyipc_process_set_policy() - say what becomes of an episode without a receiver
 * @process: the process object
 * @policy: what is done to the target; the reference to its credentials passes if this
 *	succeeds
 * @guardian: who gets the message of a receiver that died; NULL: nobody
 * @payload: of the entry by which it goes there
 *
 * Context: may sleep.
 *
 * Return: 0, -EPIPE, -EDEADLK, -ENOBUFS, -ENOMEM; -ESRCH or -ESTALE if the object
 * ended meanwhile.
 */
int proxyipc_process_set_policy(struct proxyipc_process *process,
				const struct proxyipc_process_policy *policy,
				struct proxyipc_endpoint *guardian, u64 payload)
{
	struct proxyipc_receiver *receiver = slot_new(process, guardian, payload);
	const struct cred *previous;
	int ret;

	if (IS_ERR(receiver))
		return PTR_ERR(receiver);

	spin_lock(&process->lock);
	ret = process->ended;
	if (!ret) {
		slot_swap_locked(process, &process->guardian, &receiver);
		previous = process->policy.cred;
		process->policy = *policy;
	}
	spin_unlock(&process->lock);
	if (ret) {
		slot_free(receiver);
	} else {
		proxyipc_receiver_put(receiver);
		put_cred(previous);
	}
	return ret;
}

/**
 * proxyipc_process_has_slot() - is this in a slot of the process object?
 * @process: the process object; its lock is held
 * @receiver: the receiver
 *
 * Return: true if so, and it is not to be detached.
 */
bool proxyipc_process_has_slot(const struct proxyipc_process *process,
			       const struct proxyipc_receiver *receiver)
{
	return receiver == process->receiver || receiver == process->guardian;
}

/**
 * proxyipc_process_may_kill() - may its target be killed by a policy?
 * @process: the process object
 * @cred: who wants it
 *
 * Yes if the target's own process opened it, and so agreed to what is done by it, or
 * by the rules of kill(2), the word of an LSM included.
 *
 * Context: process, also under process->lock.
 *
 * Return: true if so.
 */
bool proxyipc_process_may_kill(struct proxyipc_process *process,
			       const struct cred *cred)
{
	struct task_struct *task = proxyipc_identity_task(&process->identity);
	const struct cred *mine;
	struct pid *tgid;
	int ret;

	if (process->enrolled)
		return true;
	tgid = get_task_pid(task, PIDTYPE_TGID);
	mine = override_creds(cred);
	ret = kill_pid(tgid, 0, 0);
	revert_creds(mine);
	put_pid(tgid);
	return !ret;
}

/**
 * proxyipc_process_poll_entry() - what poll says of a proxy entry
 * @process: the process object that it names
 *
 * Return: EPOLLHUP and EPOLLERR if an invocation would find nobody; EPOLLOUT if
 * it would not have to wait for its turn.
 */
__poll_t proxyipc_process_poll_entry(struct proxyipc_process *process)
{
	__poll_t mask = 0;

	if (proxyipc_process_check(process))
		return EPOLLHUP | EPOLLERR;

	spin_lock(&process->lock);
	if (process->ended || !process->receiver ||
	    proxyipc_endpoint_is_dead(process->receiver->endpoint))
		mask |= EPOLLHUP | EPOLLERR;
	else if (process->episode.state == PROXYIPC_EPISODE_NONE)
		mask |= EPOLLOUT;
	spin_unlock(&process->lock);
	return mask;
}
