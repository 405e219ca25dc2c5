// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "actor.h"
#include "call.h"
#include "main.h"
#include "trace.h"
#include "wait.h"

/**
 * proxyipc_call_new() - prepare a call or send
 * @kind: PROXYIPC_KIND_CALL or PROXYIPC_KIND_SEND
 * @payload: of the entry that is invoked
 * @message: what to send
 *
 * Context: may sleep; the current task is the sender.
 *
 * Return: the call, with one reference, or an error pointer as of
 * proxyipc_body_import().
 */
struct proxyipc_call *proxyipc_call_new(u32 kind, u64 payload,
					const struct proxyipc_message *message)
{
	struct proxyipc_call *call;
	int ret;

	call = kzalloc(sizeof(*call), GFP_KERNEL_ACCOUNT);
	if (!call)
		return ERR_PTR(-ENOMEM);
	ret = proxyipc_body_import(&call->message, message);
	if (ret) {
		kfree(call);
		return ERR_PTR(ret);
	}

	kref_init(&call->ref);
	call->id = proxyipc_next_id();
	call->kind = kind;
	call->payload = payload;
	call->tgid = get_pid(task_tgid(current));
	call->tid = get_pid(proxyipc_actor());
	current_uid_gid(&call->uid, &call->gid);
	init_waitqueue_head(&call->wait);
	call->state = PROXYIPC_CALL_QUEUED;
	proxyipc_node_init(&call->node, PROXYIPC_NODE_CALL);
	INIT_LIST_HEAD(&call->blocked_link);
	return call;
}

/**
 * proxyipc_call_get() - one more reference
 * @call: the call
 *
 * Return: @call.
 */
struct proxyipc_call *proxyipc_call_get(struct proxyipc_call *call)
{
	kref_get(&call->ref);
	return call;
}

static void call_free(struct proxyipc_call *call)
{
	WARN_ON_ONCE(proxyipc_node_is_queued(&call->node));
	WARN_ON_ONCE(!list_empty(&call->blocked_link));
	proxyipc_body_deinit(&call->message);
	proxyipc_body_deinit(&call->reply);
	put_pid(call->tgid);
	put_pid(call->tid);
	kfree(call);
}

static void call_cleanup(struct work_struct *work)
{
	call_free(container_of(work, struct proxyipc_call, cleanup));
}

/* The last reference may go under a lock; vfree() sleeps. */
static void call_release(struct kref *ref)
{
	struct proxyipc_call *call = container_of(ref, struct proxyipc_call, ref);

	if (is_vmalloc_addr(call->message.data) ||
	    is_vmalloc_addr(call->reply.data)) {
		INIT_WORK(&call->cleanup, call_cleanup);
		queue_work(proxyipc_workqueue, &call->cleanup);
	} else {
		call_free(call);
	}
}

/**
 * proxyipc_call_put() - one reference less
 * @call: the call; NULL is fine
 *
 * Context: process, also under locks.
 */
void proxyipc_call_put(struct proxyipc_call *call)
{
	if (call)
		kref_put(&call->ref, call_release);
}

static int call_done_locked(struct proxyipc_call *call, int result)
{
	lockdep_assert_held(&call->wait.lock);

	if (call->state == PROXYIPC_CALL_DONE)
		return -ESRCH;
	call->state = PROXYIPC_CALL_DONE;
	call->result = result;
	/* Under the lock: the sender can't be gone and asleep elsewhere. */
	wake_up_locked(&call->wait);
	return 0;
}

/**
 * proxyipc_call_pick() - a receiver has copied the message out
 * @call: the call
 *
 * Return: false if the sender took it back before.
 */
bool proxyipc_call_pick(struct proxyipc_call *call)
{
	bool picked;

	spin_lock(&call->wait.lock);
	if (call->state == PROXYIPC_CALL_DONE) {
		/* A send that was accepted earlier, or withdrawn. */
		picked = call->kind == PROXYIPC_KIND_SEND && !call->result;
	} else {
		picked = call->state == PROXYIPC_CALL_QUEUED;
		if (call->kind == PROXYIPC_KIND_SEND)
			call_done_locked(call, 0);
		else
			call->state = PROXYIPC_CALL_PICKED;
	}
	spin_unlock(&call->wait.lock);
	return picked;
}

/**
 * proxyipc_call_finish() - give a call its result, without a reply
 * @call: the call
 * @result: 0 (a send was accepted) or a negative errno
 *
 * Return: 0, or -ESRCH if it has its result already.
 */
int proxyipc_call_finish(struct proxyipc_call *call, int result)
{
	int ret;

	spin_lock(&call->wait.lock);
	ret = call_done_locked(call, result);
	spin_unlock(&call->wait.lock);
	if (!ret && result)
		trace_proxyipc_abort(call->id, result);
	return ret;
}

/**
 * proxyipc_call_reply() - answer a call
 * @call: picked up before
 * @reply: the answer; its bytes move to the call if this succeeds
 *
 * Return: 0; -EMSGSIZE if the sender has no room for it, it still waits then;
 * -ESRCH if the call has its result already.
 */
int proxyipc_call_reply(struct proxyipc_call *call, struct proxyipc_body *reply)
{
	int ret;

	if (reply->data_len > call->reply_size)
		return -EMSGSIZE;

	spin_lock(&call->wait.lock);
	ret = call_done_locked(call, 0);
	if (!ret)
		proxyipc_body_move(&call->reply, reply);
	spin_unlock(&call->wait.lock);
	trace_proxyipc_reply(call->id, ret);
	return ret;
}

/**
 * proxyipc_call_withdraw() - the sender takes a call back, if it still can
 * @call: the call
 * @result: why
 *
 * Return: true if nobody had picked it up. The caller takes it out of its queue.
 */
bool proxyipc_call_withdraw(struct proxyipc_call *call, int result)
{
	bool withdrawn;

	spin_lock(&call->wait.lock);
	withdrawn = call->state == PROXYIPC_CALL_QUEUED;
	if (withdrawn)
		call_done_locked(call, result);
	spin_unlock(&call->wait.lock);
	if (withdrawn)
		trace_proxyipc_abort(call->id, result);
	return withdrawn;
}

/**
 * proxyipc_call_is_done() - has it got its result?
 * @call: the call
 *
 * Return: true if so; it stays so.
 */
bool proxyipc_call_is_done(struct proxyipc_call *call)
{
	bool done;

	spin_lock(&call->wait.lock);
	done = call->state == PROXYIPC_CALL_DONE;
	spin_unlock(&call->wait.lock);
	return done;
}

static enum proxyipc_call_state call_state(struct proxyipc_call *call)
{
	return READ_ONCE(call->state);
}

/*
 * Which signals are a reason to give a call up? Before the pick-up any, afterwards
 * only a fatal one: whoever answers by then may already have done what it was asked
 * for. But a worker of io_uring that isn't wanted any more must not go on.
 */
static bool call_heeds_any_signal(enum proxyipc_call_state state)
{
	return state == PROXYIPC_CALL_QUEUED || proxyipc_actor_is_worker();
}

/* Sleep until the call is done, or there is a reason to give it up. */
static int call_sleep(struct proxyipc_call *call, u64 deadline)
{
	enum proxyipc_call_state state;
	bool in_time = true;
	unsigned int mode;
	DEFINE_WAIT(wait);
	int ret = 0;

	for (;;) {
		mode = call_heeds_any_signal(call_state(call)) ?
		       PROXYIPC_WAIT_SIGNAL : PROXYIPC_WAIT_KILL;
		prepare_to_wait(&call->wait, &wait, mode);
		state = call_state(call);
		if (state == PROXYIPC_CALL_DONE)
			break;
		if (!in_time) {
			ret = -ETIMEDOUT;
			break;
		}
		if (call_heeds_any_signal(state) ? signal_pending(current) :
						   fatal_signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		in_time = proxyipc_wait_until(deadline);
	}
	finish_wait(&call->wait, &wait);
	return ret;
}

/**
 * proxyipc_call_wait() - wait for the result of a call
 * @call: submitted before; the current task is its sender
 * @deadline: CLOCK_MONOTONIC nanoseconds, 0 for none
 * @withdraw: takes the call out of wherever @object keeps it, giving it the
 *	result @error, if nobody has picked it up yet
 * @object: for @withdraw
 *
 * Context: may sleep. No locks.
 *
 * Return: the result: 0 or a negative errno.
 */
int proxyipc_call_wait(struct proxyipc_call *call, u64 deadline,
		       void (*withdraw)(struct proxyipc_call *call,
					void *object, int error),
		       void *object)
{
	int ret;

	for (;;) {
		ret = call_sleep(call, deadline);
		if (!ret)
			break;
		withdraw(call, object, ret);
		/*
		 * It may have been picked up just now. Then a signal that isn't
		 * fatal is none of its business any more; otherwise it is
		 * abandoned, and the answer will find nobody.
		 */
		if (ret == -ERESTARTSYS && !fatal_signal_pending(current) &&
		    !proxyipc_actor_is_worker() && !proxyipc_call_is_done(call))
			continue;
		proxyipc_call_finish(call, ret == -ERESTARTSYS ? -EINTR : ret);
		break;
	}
	/*
	 * Whoever finished it did so under the lock; having taken that once
	 * more, no late wake-up can reach this task in its next sleep.
	 */
	proxyipc_call_is_done(call);
	return call->result;
}
