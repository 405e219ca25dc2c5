// SPDX-License-Identifier: GPL-2.0
#include <linux/bitops.h>
#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "actor.h"
#include "call.h"
#include "endpoint.h"
#include "episode.h"
#include "lease.h"
#include "main.h"
#include "manual.h"
#include "object.h"
#include "process.h"
#include "receiver.h"
#include "trace.h"

/* After a lease ran out: long enough for a tick to pass while it runs. */
#define EPISODE_REST_NS		(2 * (u64)TICK_NSEC)

/*
 * Which thread group handles which episode, for the exit probe. Raw, because the
 * probe runs where a lock that sleeps on PREEMPT_RT may not be taken.
 */
static DEFINE_HASHTABLE(handlings, 8);
static DEFINE_RAW_SPINLOCK(handling_lock);

static bool episode_is_confirmed(const struct proxyipc_process *process)
{
	return process->episode.state == PROXYIPC_EPISODE_DELIVERED ||
	       process->episode.state == PROXYIPC_EPISODE_RECEIVED;
}

static bool something_waits(const struct proxyipc_process *process)
{
	return process->fault.signal || process->causes || process->notices ||
	       !list_empty(&process->waiting);
}

static void handler_set_locked(struct proxyipc_process *process)
{
	struct pid *tgid = get_pid(task_tgid(current));

	lockdep_assert_held(&process->lock);

	process->episode.handler = tgid;
	raw_spin_lock_irq(&handling_lock);
	process->handler_died = false;
	hash_add(handlings, &process->handling, (unsigned long)tgid);
	raw_spin_unlock_irq(&handling_lock);
}

static void handler_clear_locked(struct proxyipc_process *process)
{
	lockdep_assert_held(&process->lock);

	if (!process->episode.handler)
		return;
	raw_spin_lock_irq(&handling_lock);
	hash_del(&process->handling);
	raw_spin_unlock_irq(&handling_lock);
	put_pid(process->episode.handler);
	process->episode.handler = NULL;
}

/* What nobody sent begins an episode, of several the first kind. */
static void begin_by_cause_locked(struct proxyipc_process *process)
{
	struct proxyipc_episode_state *episode = &process->episode;

	lockdep_assert_held(&process->lock);

	episode->kind = __ffs(process->causes);
	episode->token = proxyipc_next_id();
	process->causes &= ~BIT(episode->kind);
	memcpy(episode->words, process->watchdog_words, sizeof(episode->words));
	trace_proxyipc_invoke(episode->token, episode->kind, true);
}

/*
 * A fault first, since the target can't go on without it, then what else nobody sent,
 * then notices, then calls and sends in the order in which they came.
 */
static void episode_begin_locked(struct proxyipc_process *process)
{
	struct proxyipc_episode_state *episode = &process->episode;
	struct proxyipc_call *call;

	lockdep_assert_held(&process->lock);

	*episode = (struct proxyipc_episode_state){
		.state = PROXYIPC_EPISODE_HOLDING,
	};
	if (process->receiver)
		episode->receiver = proxyipc_receiver_get(process->receiver);
	if (process->fault.signal) {
		episode->kind = PROXYIPC_KIND_FAULT;
		episode->token = proxyipc_next_id();
		proxyipc_fault_export(&process->fault, episode->words);
		process->fault.signal = 0;
		trace_proxyipc_invoke(episode->token, episode->kind, true);
		return;
	}
	if (process->causes) {
		begin_by_cause_locked(process);
		return;
	}
	if (process->notices) {
		episode->kind = PROXYIPC_KIND_NOTICE;
		episode->token = proxyipc_next_id();
		swap(episode->notices, process->notices);
		trace_proxyipc_invoke(episode->token, episode->kind, true);
		return;
	}
	/* The reference of the list becomes the episode's. */
	call = list_first_entry(&process->waiting, struct proxyipc_call,
				node.link);
	list_del_init(&call->node.link);
	process->nr_waiting--;
	episode->kind = call->kind;
	episode->token = call->id;
	episode->call = call;
}

static void tick_arm_locked(struct proxyipc_process *process, u64 delay)
{
	lockdep_assert_held(&process->lock);

	/* If it is armed it has a reference already. */
	if (hrtimer_try_to_cancel(&process->timer) != 1)
		proxyipc_process_get(process);
	process->tick_at = proxyipc_lease_end(ktime_get_ns(), delay);
	hrtimer_start(&process->timer, ns_to_ktime(process->tick_at),
		      HRTIMER_MODE_ABS);
}

static void tick_cancel_locked(struct proxyipc_process *process)
{
	lockdep_assert_held(&process->lock);

	/* If it fires just now, the work will find nothing to do. */
	if (hrtimer_try_to_cancel(&process->timer) == 1)
		proxyipc_process_put(process);
}

/* Begin of a standstill. */
static int standstill_begin_locked(struct proxyipc_process *process)
{
	struct pid *holder;
	int ret;

	lockdep_assert_held(&process->lock);

	if (!process->episode.receiver)
		return -ENOTCONN;
	if (proxyipc_endpoint_is_dead(process->episode.receiver->endpoint))
		return -EPIPE;

	ret = proxyipc_user_charge(process->user);
	if (ret)
		return ret;
	holder = proxyipc_endpoint_receiver(process->episode.receiver->endpoint);
	process->hold.defer_max = process->defer_max;
	process->deferred = false;
	ret = proxyipc_hold_add(&process->hold, holder);
	put_pid(holder);
	if (ret) {
		proxyipc_user_uncharge(process->user);
		return ret;
	}
	trace_proxyipc_hold(process->episode.token,
			    proxyipc_identity_task(&process->identity)->pid);
	/* The standstill itself keeps the object. */
	proxyipc_process_get(process);
	tick_arm_locked(process, process->lease);
	return 0;
}

/* End of a standstill; the caller has another reference to the object. */
static void standstill_end_locked(struct proxyipc_process *process, bool rest)
{
	lockdep_assert_held(&process->lock);

	proxyipc_hold_drop(&process->hold);
	proxyipc_user_uncharge(process->user);
	if (rest) {
		process->episode.state = PROXYIPC_EPISODE_RESTING;
		tick_arm_locked(process, EPISODE_REST_NS);
	} else {
		tick_cancel_locked(process);
	}
	wake_up_poll(&process->wait, EPOLLIN | EPOLLOUT);
	proxyipc_process_put(process);
}

/*
 * The system call that the target is in can only be told now that it is held; and
 * only to who may see its registers.
 */
static void watchdog_look_locked(struct proxyipc_process *process)
{
	struct proxyipc_look look;

	lockdep_assert_held(&process->lock);

	if (!process->sees_addresses)
		return;
	proxyipc_identity_look(&process->identity, &look);
	process->episode.words[PROXYIPC_WATCHDOG_WORD_SYSCALL] = (s64)look.syscall;
}

/* To the episode's receiver or, when that died, to the guardian. */
static int episode_send_letter_locked(struct proxyipc_process *process,
				      struct proxyipc_receiver *receiver)
{
	struct proxyipc_episode_state *episode = &process->episode;
	struct proxyipc_letter letter = {
		.token = episode->token,
		.kind = episode->kind,
		.redelivered = receiver != episode->receiver,
		.call = episode->call,
		.notices = episode->notices,
	};
	int ret;

	lockdep_assert_held(&process->lock);

	memcpy(letter.words, episode->words, sizeof(letter.words));
	ret = proxyipc_receiver_deliver(receiver, &letter);
	trace_proxyipc_deliver(episode->token, ret);
	if (!ret)
		episode->state = PROXYIPC_EPISODE_DELIVERED;
	return ret;
}

/* The hold is confirmed: the message may go. */
static int episode_deliver_locked(struct proxyipc_process *process)
{
	struct proxyipc_episode_state *episode = &process->episode;
	int ret;

	lockdep_assert_held(&process->lock);

	if (!episode->receiver)
		return -ENOTCONN;
	if (episode->kind == PROXYIPC_KIND_WATCHDOG)
		watchdog_look_locked(process);
	ret = episode_send_letter_locked(process, episode->receiver);
	if (ret)
		return ret;

	/* A deferral isn't paid for by the lease. */
	if (process->deferred)
		tick_arm_locked(process, process->lease);
	process->deferred = false;
	episode->since = ktime_get_ns();
	process->nr_episodes++;
	proxyipc_hold_tell(&process->hold, episode->notices);
	if (episode->kind == PROXYIPC_KIND_CALL)
		episode->reply = proxyipc_call_get(episode->call);
	else if (episode->kind == PROXYIPC_KIND_SEND)
		proxyipc_call_finish(episode->call, 0);
	else if (episode->kind == PROXYIPC_KIND_FAULT)
		proxyipc_hold_drop(&process->fault_hold);
	wake_up_poll(&process->wait, EPOLLIN);
	return 0;
}

/* The episode doesn't use its receiver any more. */
static void episode_leave_receiver_locked(struct proxyipc_process *process,
					  u32 events, u64 notices)
{
	struct proxyipc_episode_state *episode = &process->episode;

	lockdep_assert_held(&process->lock);

	if (!episode->receiver)
		return;
	proxyipc_receiver_close(episode->receiver, events, episode->token, notices);
	if (!proxyipc_process_has_slot(process, episode->receiver))
		proxyipc_receiver_detach(episode->receiver);
	proxyipc_receiver_put(episode->receiver);
	episode->receiver = NULL;
}

/*
 * The episode is over; the hold isn't touched. Whoever still waits for a result
 * gets @result, and the receiver is told of @events.
 */
static void episode_close_locked(struct proxyipc_process *process, int result,
				 u32 events)
{
	struct proxyipc_episode_state *episode = &process->episode;

	lockdep_assert_held(&process->lock);

	if (episode_is_confirmed(process))
		process->held_ns += ktime_get_ns() - episode->since;
	episode_leave_receiver_locked(process, events,
				      episode->handler ? 0 : episode->notices);
	handler_clear_locked(process);
	if (episode->kind == PROXYIPC_KIND_FAULT) {
		proxyipc_identity_end_fault(&process->identity, episode->retry);
		proxyipc_hold_drop(&process->fault_hold);
	}
	/* For a call both are the same; it gets its result once. */
	if (episode->call && !episode->fetched)
		proxyipc_call_finish(episode->call, result);
	proxyipc_call_put(episode->call);
	proxyipc_call_put(episode->reply);
	*episode = (struct proxyipc_episode_state){};
}

/*
 * End the episode in progress, whatever its state. What waits begins the next one
 * before the target runs, unless the target is to run first or can't any more.
 */
static void episode_end_locked(struct proxyipc_process *process, int result,
			       u32 events, bool rest)
{
	bool confirmed = episode_is_confirmed(process);

	lockdep_assert_held(&process->lock);

	trace_proxyipc_resume(process->episode.token,
			      result == -ECANCELED ? 0 : result);
	episode_close_locked(process, result, events);
	while (confirmed && !rest && !process->ended &&
	       something_waits(process) &&
	       proxyipc_hold_is_on(&process->hold)) {
		episode_begin_locked(process);
		result = episode_deliver_locked(process);
		if (!result)
			return;
		episode_close_locked(process, result, 0);
	}
	/* Whoever began a deferred one has left it to us. */
	if (!confirmed && !rest && !process->ended && something_waits(process))
		proxyipc_process_settle(process);
	standstill_end_locked(process, rest);
}

/* The result @ret of a confirmation, of the episode @token. */
static int episode_confirmed_locked(struct proxyipc_process *process, u64 token,
				    int ret)
{
	lockdep_assert_held(&process->lock);

	/* Ended by its sender, its lease, its target. */
	if (process->episode.token != token)
		return process->ended ?: -EAGAIN;
	/* Two may have confirmed it, when a deferral was just over. */
	if (process->episode.state != PROXYIPC_EPISODE_HOLDING)
		return 0;
	if (ret == -EINPROGRESS) {
		process->deferred = true;
		tick_arm_locked(process, process->lease + process->defer_max);
		return ret;
	}
	ret = ret ?: episode_deliver_locked(process);
	if (ret)
		episode_end_locked(process, ret, 0, false);
	return ret;
}

/* Of an episode that is HOLDING. Drops the lock meanwhile. */
static int episode_confirm_locked(struct proxyipc_process *process)
{
	u64 token = process->episode.token;
	int ret;

	lockdep_assert_held(&process->lock);

	spin_unlock(&process->lock);
	ret = proxyipc_hold_confirm(&process->hold);
	trace_proxyipc_confirm(token, ret);
	spin_lock(&process->lock);
	return episode_confirmed_locked(process, token, ret);
}

/*
 * The receiver is gone: the guardian gets the same message. Neither the hold nor the end
 * of its lease changes. A guardian that can't be reached, or couldn't resume, is none.
 */
static int episode_redeliver_locked(struct proxyipc_process *process)
{
	struct proxyipc_episode_state *episode = &process->episode;
	struct proxyipc_receiver *guardian = process->guardian;
	struct pid *holder;
	int ret;

	lockdep_assert_held(&process->lock);

	if (!guardian || guardian == episode->receiver)
		return -ENOTCONN;
	holder = proxyipc_endpoint_receiver(guardian->endpoint);
	if (proxyipc_hold_would_deadlock(&process->identity, holder))
		ret = -EDEADLK;
	else
		ret = episode_send_letter_locked(process, guardian);
	if (!ret) {
		proxyipc_hold_set_holder(&process->hold, holder);
		handler_clear_locked(process);
		episode_leave_receiver_locked(process, 0, 0);
		episode->receiver = proxyipc_receiver_get(guardian);
		episode->redelivered = true;
	}
	put_pid(holder);
	return ret;
}

/* Nobody has handled it: what the policy says is done before the target can run. */
static void policy_apply_locked(struct proxyipc_process *process, u32 policy)
{
	lockdep_assert_held(&process->lock);

	if (policy == PROXYIPC_POLICY_KILL &&
	    proxyipc_process_may_kill(process, process->policy.cred))
		proxyipc_hold_kill(&process->hold);
}

/* The receiver of a confirmed episode is gone. */
static void episode_orphan_locked(struct proxyipc_process *process)
{
	lockdep_assert_held(&process->lock);

	if (!episode_redeliver_locked(process))
		return;
	policy_apply_locked(process, process->policy.receiver_death);
	episode_end_locked(process, process->episode.picked ? -EOWNERDEAD : -EPIPE,
			   0, false);
}

/*
 * Begin what waits, if nothing is in progress. Drops the lock while it confirms.
 *
 * Returns the error of the first episode that it began, -EINPROGRESS if the target
 * defers that, or 0.
 */
static int episode_advance_locked(struct proxyipc_process *process)
{
	bool first = true;
	int ret, first_ret = 0;

	lockdep_assert_held(&process->lock);

	while (process->episode.state == PROXYIPC_EPISODE_NONE &&
	       something_waits(process)) {
		episode_begin_locked(process);
		ret = process->ended ?: standstill_begin_locked(process);
		if (ret)
			episode_close_locked(process, ret, 0);
		else
			ret = episode_confirm_locked(process);
		if (first)
			first_ret = ret;
		first = false;
	}
	return first_ret;
}

/* May there be an episode at all? Called without locks. */
static int episode_precheck(struct proxyipc_process *process)
{
	struct proxyipc_receiver *receiver;
	struct pid *holder;
	int ret;

	ret = proxyipc_process_check(process);
	if (ret)
		return ret;

	spin_lock(&process->lock);
	receiver = process->receiver;
	if (receiver)
		proxyipc_receiver_get(receiver);
	spin_unlock(&process->lock);
	if (!receiver)
		return -ENOTCONN;

	if (proxyipc_endpoint_is_dead(receiver->endpoint)) {
		ret = -EPIPE;
	} else {
		holder = proxyipc_endpoint_receiver(receiver->endpoint);
		if (proxyipc_hold_would_deadlock(&process->identity, holder))
			ret = -EDEADLK;
		put_pid(holder);
	}
	proxyipc_receiver_put(receiver);
	return ret;
}

/**
 * proxyipc_episode_submit() - invoke a proxy entry by call or send
 * @process: the process object
 * @call: fresh
 * @nonblock: fail rather than wait for an episode in progress to end
 *
 * Context: may sleep.
 *
 * Return: 0: wait for its result, which may be there already. Else it was not
 * queued: -ENOTCONN, -EPIPE, -EDEADLK, -EAGAIN, -ESRCH or -ESTALE.
 */
int proxyipc_episode_submit(struct proxyipc_process *process,
			    struct proxyipc_call *call, bool nonblock)
{
	int ret = episode_precheck(process);

	if (ret)
		return ret;

	spin_lock(&process->lock);
	if (process->ended) {
		ret = process->ended;
	} else if (nonblock && (process->episode.state != PROXYIPC_EPISODE_NONE ||
				something_waits(process))) {
		ret = -EAGAIN;
	} else {
		proxyipc_call_get(call);
		list_add_tail(&call->node.link, &process->waiting);
		process->nr_waiting++;
		episode_advance_locked(process);
	}
	spin_unlock(&process->lock);
	return ret;
}

/**
 * proxyipc_episode_withdraw() - take a call or send back
 * @call: submitted
 * @object: the process object
 * @error: the result it gets, if nobody has picked it up
 *
 * For proxyipc_call_wait().
 */
void proxyipc_episode_withdraw(struct proxyipc_call *call, void *object,
			       int error)
{
	struct proxyipc_process *process = object;

	spin_lock(&process->lock);
	if (!proxyipc_call_withdraw(call, error)) {
		/* Picked up, or done. */
	} else if (proxyipc_node_is_queued(&call->node)) {
		list_del_init(&call->node.link);
		process->nr_waiting--;
		proxyipc_call_put(call);
	} else if (process->episode.call == call) {
		episode_end_locked(process, error, 0, false);
	}
	spin_unlock(&process->lock);
}

/**
 * proxyipc_episode_notify() - invoke a proxy entry by notice
 * @process: the process object
 * @notices: bits
 * @state: receives one of &enum proxyipc_notified
 *
 * Context: process. Doesn't wait for an episode in progress.
 *
 * Return: 0, -ENOTCONN, -EPIPE, -EDEADLK, -EDQUOT, -ESRCH, -ESTALE or -EAGAIN.
 */
int proxyipc_episode_notify(struct proxyipc_process *process, u64 notices,
			    u32 *state)
{
	int ret = episode_precheck(process);

	if (ret)
		return ret;

	spin_lock(&process->lock);
	ret = process->ended;
	if (!ret) {
		process->notices |= notices;
		*state = PROXYIPC_NOTIFIED_PENDING;
		if (process->episode.state == PROXYIPC_EPISODE_NONE) {
			*state = PROXYIPC_NOTIFIED_CONFIRMED;
			ret = episode_advance_locked(process);
		}
		if (ret == -EINPROGRESS) {
			*state = PROXYIPC_NOTIFIED_DEFERRED;
			ret = 0;
		}
	}
	spin_unlock(&process->lock);
	return ret;
}

/**
 * proxyipc_episode_pick() - the message has been copied out: it is received
 * @process: the process object
 * @token: the episode
 *
 * Context: the receiver.
 *
 * Return: false if the episode ended meanwhile.
 */
bool proxyipc_episode_pick(struct proxyipc_process *process, u64 token)
{
	struct proxyipc_episode_state *episode = &process->episode;
	bool picked;

	spin_lock(&process->lock);
	picked = episode->token == token &&
		 episode->state == PROXYIPC_EPISODE_DELIVERED &&
		 (episode->kind != PROXYIPC_KIND_CALL ||
		  proxyipc_call_pick(episode->call) || episode->picked);
	if (picked) {
		episode->state = PROXYIPC_EPISODE_RECEIVED;
		episode->picked = true;
		handler_set_locked(process);
		proxyipc_hold_set_holder(&process->hold, proxyipc_actor());
	}
	spin_unlock(&process->lock);
	return picked;
}

/**
 * proxyipc_episode_unpick() - the message could not be copied out
 * @process: the process object
 * @token: the episode
 */
void proxyipc_episode_unpick(struct proxyipc_process *process, u64 token)
{
	spin_lock(&process->lock);
	if (process->episode.token == token &&
	    process->episode.state == PROXYIPC_EPISODE_DELIVERED)
		proxyipc_receiver_undeliver(process->episode.receiver, token);
	spin_unlock(&process->lock);
}

/* Answer what is in the reply slot. The slot is empty then, unless -EMSGSIZE. */
static int episode_reply_locked(struct proxyipc_process *process,
				struct proxyipc_body *reply)
{
	struct proxyipc_episode_state *episode = &process->episode;
	int ret;

	lockdep_assert_held(&process->lock);

	if (!episode->reply)
		return -ESRCH;
	ret = proxyipc_call_reply(episode->reply, reply);
	if (ret == -EMSGSIZE)
		return ret;
	proxyipc_call_put(episode->reply);
	episode->reply = NULL;
	return ret;
}

static bool episode_is_received(const struct proxyipc_process *process, u64 token)
{
	return token && process->episode.token == token &&
	       process->episode.state == PROXYIPC_EPISODE_RECEIVED;
}

/**
 * proxyipc_episode_find_locked() - the hold of an episode
 * @process: the process object
 * @token: the episode
 *
 * Return: the hold, or NULL if there is no such one that is confirmed.
 */
struct proxyipc_hold *
proxyipc_episode_find_locked(struct proxyipc_process *process, u64 token)
{
	lockdep_assert_held(&process->lock);

	return episode_is_confirmed(process) && process->episode.token == token ?
	       &process->hold : NULL;
}

/**
 * proxyipc_episode_is_received() - does its receiver have this episode?
 * @process: the process object
 * @token: the episode
 *
 * Return: true if so.
 */
bool proxyipc_episode_is_received(struct proxyipc_process *process, u64 token)
{
	bool received;

	spin_lock(&process->lock);
	received = episode_is_received(process, token);
	spin_unlock(&process->lock);
	return received;
}

/**
 * proxyipc_episode_reply() - answer the call in the reply slot
 * @process: the process object
 * @token: the episode, which must have been received
 * @reply: the answer; its bytes move if this succeeds
 *
 * Return: 0, -ESTALE, -ESRCH or -EMSGSIZE.
 */
int proxyipc_episode_reply(struct proxyipc_process *process, u64 token,
			   struct proxyipc_body *reply)
{
	int ret = -ESTALE;

	spin_lock(&process->lock);
	if (episode_is_received(process, token))
		ret = episode_reply_locked(process, reply);
	spin_unlock(&process->lock);
	return ret;
}

/**
 * proxyipc_episode_fetch_reply() - take the call out of the reply slot
 * @process: the process object
 * @token: the episode, which must have been received
 *
 * Return: the call, with the slot's reference, or -ESTALE or -ESRCH.
 */
struct proxyipc_call *
proxyipc_episode_fetch_reply(struct proxyipc_process *process, u64 token)
{
	struct proxyipc_call *call = ERR_PTR(-ESTALE);

	spin_lock(&process->lock);
	if (episode_is_received(process, token)) {
		call = ERR_PTR(-ESRCH);
		if (process->episode.reply) {
			call = process->episode.reply;
			process->episode.reply = NULL;
			process->episode.fetched = true;
		}
	}
	spin_unlock(&process->lock);
	return call;
}

/**
 * proxyipc_episode_verdict_is_valid() - can a resume have these flags?
 * @flags: of a resume, any of them
 *
 * Return: false if they contradict each other.
 */
bool proxyipc_episode_verdict_is_valid(u32 flags)
{
	return !(flags & PROXYIPC_RESUME_KILL) ||
	       !(flags & (PROXYIPC_RESUME_STOP | PROXYIPC_RESUME_RETRY));
}

/* What is done to the target by its resume, before the hold is dropped. */
static void verdict_apply_locked(struct proxyipc_process *process, u32 flags)
{
	struct proxyipc_episode_state *episode = &process->episode;

	lockdep_assert_held(&process->lock);

	/* A debugger sees the fault happen again. */
	episode->retry = flags & (PROXYIPC_RESUME_RETRY | PROXYIPC_RESUME_STOP) &&
			 episode->kind == PROXYIPC_KIND_FAULT;
	if (flags & PROXYIPC_RESUME_STOP)
		proxyipc_hold_stop(&process->hold);
	if (flags & PROXYIPC_RESUME_KILL)
		proxyipc_hold_kill(&process->hold);
}

static int episode_resume_locked(struct proxyipc_process *process, u64 token,
				 struct proxyipc_body *reply, u32 flags)
{
	int ret = 0;

	lockdep_assert_held(&process->lock);

	if (!token || process->episode.token != token ||
	    !episode_is_confirmed(process) ||
	    (reply && !episode_is_received(process, token)))
		return -ESTALE;
	if (flags & PROXYIPC_RESUME_RETRY &&
	    process->episode.kind != PROXYIPC_KIND_FAULT)
		return -EINVAL;
	if (flags & PROXYIPC_RESUME_KILL &&
	    !proxyipc_process_may_kill(process, current_cred()))
		return -EPERM;
	if (reply)
		ret = episode_reply_locked(process, reply);
	if (ret == -EMSGSIZE)
		return ret;
	verdict_apply_locked(process, flags);
	episode_end_locked(process, -ECANCELED, 0, false);
	return ret;
}

/**
 * proxyipc_episode_resume() - end an episode
 * @process: the process object
 * @token: the episode; it need not have been received, if there is no @reply
 * @reply: the answer to the call in the reply slot, or NULL; its bytes move
 * @flags: %PROXYIPC_RESUME_STOP, _RETRY, _KILL
 *
 * Return: 0; -ESTALE, -EMSGSIZE, -EINVAL if there is no fault to retry, or -EPERM to
 * kill, nothing was changed; -ESRCH, resumed, but nobody waited for the reply.
 */
int proxyipc_episode_resume(struct proxyipc_process *process, u64 token,
			    struct proxyipc_body *reply, u32 flags)
{
	int ret;

	spin_lock(&process->lock);
	ret = episode_resume_locked(process, token, reply, flags);
	spin_unlock(&process->lock);
	return ret;
}

/* The target is gone or somebody else; @error is what everybody gets from now on. */
static void episode_target_ended(struct proxyipc_process *process, int error)
{
	u32 events = error == -ESRCH ? PROXYIPC_EVENT_TARGET_GONE :
				       PROXYIPC_EVENT_TARGET_CHANGED;
	const struct proxyipc_receiver *receiver;
	struct proxyipc_call *call, *next;

	spin_lock(&process->lock);
	process->ended = error;
	receiver = process->episode.receiver;
	if (process->episode.state == PROXYIPC_EPISODE_HOLDING ||
	    episode_is_confirmed(process))
		episode_end_locked(process, error, events, false);
	/* Who is in the slot is told too, if that is somebody else. */
	if (process->receiver && process->receiver != receiver)
		proxyipc_receiver_close(process->receiver, events, 0, 0);
	process->notices = 0;
	process->causes = 0;
	/* Can't fail: it costs nothing. */
	proxyipc_watchdog_set(&process->watchdog, 0, 0);
	process->fault.signal = 0;
	list_for_each_entry_safe(call, next, &process->waiting, node.link) {
		list_del_init(&call->node.link);
		proxyipc_call_finish(call, error);
		proxyipc_call_put(call);
	}
	process->nr_waiting = 0;
	proxyipc_manual_end_all_locked(process);
	spin_unlock(&process->lock);
	wake_up_poll(&process->wait, EPOLLHUP | EPOLLERR);
}

static bool identity_get_process(struct proxyipc_identity *identity)
{
	return proxyipc_process_tryget(container_of(identity,
						    struct proxyipc_process,
						    identity));
}

/*
 * The target is at a fault, in the callback: this runs in the target itself. If it
 * can't be held for it the signal is delivered.
 */
static void episode_fault_raised(struct proxyipc_identity *identity,
				 const struct proxyipc_fault *fault)
{
	struct proxyipc_process *process =
		container_of(identity, struct proxyipc_process, identity);

	if (!episode_precheck(process)) {
		spin_lock(&process->lock);
		if (!process->ended &&
		    !proxyipc_hold_add(&process->fault_hold, NULL)) {
			process->fault = *fault;
			episode_advance_locked(process);
		}
		spin_unlock(&process->lock);
	}
	proxyipc_process_put(process);
}

static const struct proxyipc_fault_works episode_fault_works = {
	.get = identity_get_process,
	.raised = episode_fault_raised,
};

/**
 * proxyipc_episode_set_faults() - have faults of the target begin episodes
 * @process: the process object
 * @signals: bit n - 1 for signal n, of faults; none is fine
 *
 * Return: 0, -EBUSY, -ESRCH or -ESTALE.
 */
int proxyipc_episode_set_faults(struct proxyipc_process *process, u64 signals)
{
	return proxyipc_identity_set_faults(&process->identity, signals,
					    &episode_fault_works);
}

/* For all process objects of one thread: it is gone, or somebody else. */
static void episode_reconcile(struct work_struct *work)
{
	struct proxyipc_identity *identity;
	struct proxyipc_process *process;
	int error;

	while ((identity = proxyipc_target_next_ended(work, &error,
						      identity_get_process))) {
		process = container_of(identity, struct proxyipc_process,
				       identity);
		episode_target_ended(process, error);
		proxyipc_process_put(process);
		cond_resched();
	}
	proxyipc_target_put_reconciled(work);
}

static void episode_receiver_closed(struct proxyipc_process *process,
				    struct proxyipc_receiver *receiver)
{
	spin_lock(&process->lock);
	/* One that is HOLDING finds out when it delivers. */
	if (process->episode.receiver == receiver && episode_is_confirmed(process))
		episode_orphan_locked(process);
	spin_unlock(&process->lock);
	wake_up_poll(&process->wait, EPOLLHUP | EPOLLERR);
}

/**
 * proxyipc_episode_endpoint_closed() - nobody receives at an endpoint any more
 * @ep: dead
 *
 * Ends every episode that was delivered there.
 *
 * Context: process.
 */
void proxyipc_episode_endpoint_closed(struct proxyipc_endpoint *ep)
{
	struct proxyipc_receiver *receiver;
	struct proxyipc_process *process;

	for (;;) {
		spin_lock(&ep->lock);
		receiver = list_first_entry_or_null(&ep->receivers,
						    struct proxyipc_receiver,
						    link);
		if (!receiver) {
			spin_unlock(&ep->lock);
			return;
		}
		list_del_init(&receiver->link);
		proxyipc_receiver_get(receiver);
		process = receiver->process;
		if (process && !proxyipc_process_tryget(process))
			process = NULL;
		spin_unlock(&ep->lock);

		if (process) {
			episode_receiver_closed(process, receiver);
			proxyipc_process_put(process);
		}
		proxyipc_receiver_put(receiver);
	}
}

/* Hard interrupt: all that matters takes locks that may not be taken here. */
static enum hrtimer_restart episode_timer(struct hrtimer *timer)
{
	struct proxyipc_process *process =
		container_of(timer, struct proxyipc_process, timer);

	/*
	 * If the work is queued already it has a reference of its own; but it may be
	 * over by now, on another CPU, and this one the last.
	 */
	if (!queue_work(proxyipc_workqueue, &process->tick))
		proxyipc_process_put_late(process);
	return HRTIMER_NORESTART;
}

/* The lease or the rest ends. The work had a reference. */
static void episode_tick(struct work_struct *work)
{
	struct proxyipc_process *process =
		container_of(work, struct proxyipc_process, tick);
	u64 now = ktime_get_ns();

	spin_lock(&process->lock);
	if (process->episode.state == PROXYIPC_EPISODE_NONE ||
	    !proxyipc_lease_is_over(process->tick_at, now)) {
		/* Cancelled too late; the timer is armed if it should be. */
	} else if (process->episode.state == PROXYIPC_EPISODE_RESTING) {
		process->episode.state = PROXYIPC_EPISODE_NONE;
		wake_up_poll(&process->wait, EPOLLOUT);
		episode_advance_locked(process);
	} else {
		policy_apply_locked(process, process->policy.lease_end);
		/* Whoever still confirms it will find it ended. */
		episode_end_locked(process, -EOWNERDEAD,
				   PROXYIPC_EVENT_LEASE_EXPIRED, true);
	}
	spin_unlock(&process->lock);
	proxyipc_process_put(process);
}

/* A deferral is over, or what was deferred is. The work had a reference. */
static void episode_settled(struct work_struct *work)
{
	struct proxyipc_process *process =
		container_of(work, struct proxyipc_process, settled);

	spin_lock(&process->lock);
	if (process->episode.state == PROXYIPC_EPISODE_HOLDING)
		episode_confirm_locked(process);
	episode_advance_locked(process);
	spin_unlock(&process->lock);
	/* And a hold by hand. */
	wake_up(&process->wait);
	proxyipc_process_put(process);
}

/* The receiver of an episode died. The work had a reference. */
static void episode_orphaned(struct work_struct *work)
{
	struct proxyipc_process *process =
		container_of(work, struct proxyipc_process, orphaned);
	bool died;

	spin_lock(&process->lock);
	raw_spin_lock_irq(&handling_lock);
	died = process->episode.handler && process->handler_died;
	raw_spin_unlock_irq(&handling_lock);
	/* It may be that of a later episode: then it died all the same. */
	if (died)
		episode_orphan_locked(process);
	spin_unlock(&process->lock);
	proxyipc_process_put(process);
}

/* The watchdog has something to report. The work had a reference. */
static void episode_expired(struct work_struct *work)
{
	struct proxyipc_process *process =
		container_of(work, struct proxyipc_process, watchdog.work);
	int ret = episode_precheck(process);

	spin_lock(&process->lock);
	/* With nobody to tell it to it is lost; PROCESS_INFO has counted it. */
	if (proxyipc_watchdog_take(&process->watchdog, process->watchdog_words) &&
	    !ret && !process->ended) {
		process->causes |= BIT(PROXYIPC_KIND_WATCHDOG);
		if (process->episode.state == PROXYIPC_EPISODE_NONE)
			episode_advance_locked(process);
	}
	spin_unlock(&process->lock);
	proxyipc_process_put(process);
}

/**
 * proxyipc_episode_set_watchdog() - set the watchdog, or take it away
 * @process: the process object
 * @timeout: nanoseconds, 0: none; checked by proxyipc_expiry_check()
 * @pretimeout: likewise
 *
 * What the one before had to report is forgotten, unless its episode has begun.
 *
 * Context: process.
 *
 * Return: 0, -EDQUOT, -ESRCH or -ESTALE.
 */
int proxyipc_episode_set_watchdog(struct proxyipc_process *process, u64 timeout,
				  u64 pretimeout)
{
	int ret;

	spin_lock(&process->lock);
	ret = process->ended ?: proxyipc_watchdog_set(&process->watchdog,
						      timeout, pretimeout);
	if (!ret)
		process->causes &= ~BIT(PROXYIPC_KIND_WATCHDOG);
	spin_unlock(&process->lock);
	return ret;
}

const struct proxyipc_process_works proxyipc_episode_works = {
	.reconcile = episode_reconcile,
	.timer = episode_timer,
	.tick = episode_tick,
	.settled = episode_settled,
	.orphaned = episode_orphaned,
	.expired = episode_expired,
};

/**
 * proxyipc_episode_task_exits() - from the probe of sched_process_exit, of a
 * receiver
 * @task: the current task
 *
 * Context: atomic; or preemptible, on kernels that call probes so.
 */
void proxyipc_episode_task_exits(struct task_struct *task)
{
	struct pid *tgid = task_tgid(task);
	struct proxyipc_process *process;
	unsigned long flags;

	if (atomic_read(&task->signal->live))
		return;

	raw_spin_lock_irqsave(&handling_lock, flags);
	hash_for_each_possible(handlings, process, handling, (unsigned long)tgid) {
		if (process->episode.handler != tgid)
			continue;
		process->handler_died = true;
		/* Not the last reference: a standstill has one. */
		proxyipc_process_get(process);
		if (!queue_work(proxyipc_workqueue, &process->orphaned))
			proxyipc_process_put(process);
	}
	raw_spin_unlock_irqrestore(&handling_lock, flags);
}
