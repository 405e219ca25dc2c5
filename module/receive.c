// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>

#include "actor.h"
#include "call.h"
#include "endpoint.h"
#include "episode.h"
#include "main.h"
#include "process.h"
#include "receive.h"
#include "receiver.h"
#include "trace.h"
#include "wait.h"
#include "waiter.h"

/**
 * struct proxyipc_pickup - a message that is being received
 * @call: whose message it is, with a reference; NULL for notices and events
 * @cap: what names it, or 0
 * @notices: the bits, of a notice, or of one that ended with @events
 * @receiver: of a proxied message or of events, with a reference, or NULL
 * @process: the held one, of a proxied message, with a reference, or NULL
 * @letter: the proxied message
 * @events: what happened
 * @events_token: to which hold
 */
struct proxyipc_pickup {
	struct proxyipc_call *call;
	u64 cap;
	u64 notices;
	struct proxyipc_receiver *receiver;
	struct proxyipc_process *process;
	struct proxyipc_letter letter;
	u32 events;
	u64 events_token;
};

/* A receiver's node: events first, the message stays queued behind them. */
static void take_receiver_locked(struct proxyipc_endpoint *ep,
				 struct proxyipc_receiver *receiver,
				 struct proxyipc_pickup *pickup)
{
	lockdep_assert_held(&ep->lock);

	pickup->receiver = proxyipc_receiver_get(receiver);
	if (receiver->events) {
		swap(pickup->events, receiver->events);
		swap(pickup->notices, receiver->notices);
		swap(pickup->events_token, receiver->events_token);
		return;
	}
	receiver->waiting = false;
	pickup->letter = receiver->letter;
	pickup->cap = receiver->cap;
	pickup->notices = receiver->letter.notices;
	/* The episode keeps both, and can't end while the lock is held. */
	pickup->process = proxyipc_process_get(receiver->process);
	if (receiver->letter.call)
		pickup->call = proxyipc_call_get(receiver->letter.call);
}

/* Returns true if there was something. */
static bool receive_take(struct proxyipc_endpoint *ep,
			 struct proxyipc_pickup *pickup)
{
	struct pid *self = proxyipc_actor(), *previous = NULL;
	struct proxyipc_receiver *receiver = NULL;
	struct proxyipc_node *node;

	*pickup = (struct proxyipc_pickup){};

	spin_lock(&ep->lock);
	if (ep->receiver != self) {
		previous = ep->receiver;
		ep->receiver = get_pid(self);
	}
	node = list_first_entry_or_null(&ep->queue, struct proxyipc_node, link);
	if (!node)
		goto out;

	switch (node->type) {
	case PROXYIPC_NODE_CALL:
		proxyipc_endpoint_unqueue_locked(ep, node);
		pickup->call = container_of(node, struct proxyipc_call, node);
		pickup->cap = pickup->call->cap;
		break;
	case PROXYIPC_NODE_NOTICES:
		proxyipc_endpoint_unqueue_locked(ep, node);
		swap(pickup->notices, ep->notices);
		break;
	case PROXYIPC_NODE_RECEIVER:
		receiver = container_of(node, struct proxyipc_receiver, node);
		take_receiver_locked(ep, receiver, pickup);
		if (receiver->waiting)
			receiver = NULL;
		else
			proxyipc_endpoint_unqueue_locked(ep, node);
		break;
	}
out:
	spin_unlock(&ep->lock);
	put_pid(previous);
	proxyipc_receiver_put(receiver);
	return node;
}

/* The wake-up for another message may have hit us, or one was for two. */
static void receive_pass_on(struct proxyipc_endpoint *ep)
{
	if (READ_ONCE(ep->nr_queued))
		wake_up_poll(&ep->wait, EPOLLIN | EPOLLRDNORM);
}

static int receive_wait(struct proxyipc_endpoint *ep,
			struct proxyipc_pickup *pickup, bool nonblock,
			u64 deadline)
{
	bool in_time = true;
	DEFINE_WAIT(wait);
	int ret = 0;

	if (receive_take(ep, pickup))
		return 0;
	if (nonblock)
		return -EAGAIN;

	for (;;) {
		prepare_to_wait_exclusive(&ep->wait, &wait, PROXYIPC_WAIT_SIGNAL);
		if (receive_take(ep, pickup))
			break;
		if (!in_time)
			ret = -ETIMEDOUT;
		else if (signal_pending(current))
			ret = -ERESTARTSYS;
		if (ret)
			break;
		in_time = proxyipc_wait_until(deadline);
	}
	finish_wait(&ep->wait, &wait);
	receive_pass_on(ep);
	return ret;
}

static void export_sender(const struct proxyipc_call *call,
			  struct proxyipc_received *received)
{
	received->out_sender_tgid = pid_vnr(call->tgid);
	received->out_sender_tid = pid_vnr(call->tid);
	received->out_sender_uid = from_kuid_munged(current_user_ns(), call->uid);
	received->out_sender_gid = from_kgid_munged(current_user_ns(), call->gid);
}

static void export_letter(const struct proxyipc_pickup *pickup,
			  struct proxyipc_received *received)
{
	struct proxyipc_look look;

	received->out_kind = pickup->letter.kind;
	received->out_flags = PROXYIPC_RECEIVED_PROXIED;
	if (pickup->letter.redelivered)
		received->out_flags |= PROXYIPC_RECEIVED_REDELIVERED;
	received->out_token = pickup->letter.token;
	memcpy(received->out_words, pickup->letter.words,
	       sizeof(received->out_words));
	/* By a number that means something to who receives it. */
	if (pickup->letter.kind == PROXYIPC_KIND_FAULT)
		received->out_words[PROXYIPC_FAULT_TID] =
			proxyipc_identity_faulting(&pickup->process->identity);
	proxyipc_identity_look(&pickup->process->identity, &look);
	received->out_state = look.state;
}

static u32 pickup_kind(const struct proxyipc_pickup *pickup)
{
	if (pickup->events)
		return PROXYIPC_KIND_EVENT;
	return pickup->call ? pickup->call->kind : PROXYIPC_KIND_NOTICE;
}

static void export_pickup(const struct proxyipc_pickup *pickup,
			  struct proxyipc_received *received)
{
	const struct proxyipc_call *call = pickup->call;

	*received = (struct proxyipc_received){
		.data = received->data,
		.data_size = received->data_size,
		.out_kind = pickup_kind(pickup),
		.out_cap = pickup->cap,
		.out_token = pickup->events_token,
		.out_events = pickup->events,
		.out_state = pickup->events & PROXYIPC_EVENT_TARGET_GONE ?
			     PROXYIPC_STATE_GONE : PROXYIPC_STATE_RUNNABLE,
		.out_notices = pickup->notices,
		.out_sender_uid = from_kuid_munged(current_user_ns(),
						   INVALID_UID),
		.out_sender_gid = from_kgid_munged(current_user_ns(),
						   INVALID_GID),
	};
	if (pickup->receiver)
		received->out_payload = pickup->receiver->payload;
	if (pickup->process)
		export_letter(pickup, received);
	if (call) {
		if (pickup->receiver)
			received->out_proxy_payload = call->payload;
		else
			received->out_payload = call->payload;
		received->out_data_len = call->message.data_len;
		received->out_reply_size = call->reply_size;
		memcpy(received->out_words, call->message.words,
		       sizeof(received->out_words));
		export_sender(call, received);
	}
}

static int receive_copy_out(const struct proxyipc_pickup *pickup,
			    struct proxyipc_received *received,
			    struct proxyipc_received __user *user)
{
	int ret;

	export_pickup(pickup, received);
	if (received->out_data_len > received->data_size) {
		if (put_user(received->out_data_len, &user->out_data_len))
			return -EFAULT;
		return -EMSGSIZE;
	}
	if (pickup->call) {
		ret = proxyipc_body_export_data(&pickup->call->message,
						received->data);
		if (ret)
			return ret;
	}
	return copy_to_user(user, received, sizeof(*received)) ? -EFAULT : 0;
}

/* The copy-out succeeded. Returns false if the message is no more. */
static bool receive_commit(struct proxyipc_endpoint *ep,
			   struct proxyipc_pickup *pickup)
{
	bool picked = true;

	if (pickup->process)
		picked = proxyipc_episode_pick(pickup->process,
					       pickup->letter.token);
	else if (pickup->call)
		/* Takes the reference. */
		picked = proxyipc_endpoint_pick(ep, pickup->call);
	return picked;
}

/* The copy-out failed: nothing is lost. */
static void receive_undo(struct proxyipc_endpoint *ep,
			 struct proxyipc_pickup *pickup)
{
	if (pickup->process)
		proxyipc_episode_unpick(pickup->process, pickup->letter.token);
	else if (pickup->events)
		proxyipc_receiver_unpick_events(pickup->receiver, pickup->events,
						pickup->events_token,
						pickup->notices);
	else if (pickup->call)
		/* Takes the reference. */
		proxyipc_endpoint_unpick(ep, pickup->call);
	else
		proxyipc_endpoint_unpick_notices(ep, pickup->notices);
}

/* What commit and undo left. The reference to a plain call they took. */
static void pickup_deinit(struct proxyipc_pickup *pickup)
{
	if (pickup->process)
		proxyipc_call_put(pickup->call);
	proxyipc_process_put(pickup->process);
	proxyipc_receiver_put(pickup->receiver);
}

/**
 * proxyipc_receive() - receive the oldest message
 * @ep: the endpoint
 * @received: the argument of the command; overwritten with the message
 * @user: where it goes
 * @nonblock: fail rather than wait
 * @deadline: CLOCK_MONOTONIC nanoseconds, 0 for none
 *
 * Context: may sleep. No locks.
 *
 * Return: 0, -EAGAIN, -ETIMEDOUT, -ERESTARTSYS, -EMSGSIZE or -EFAULT.
 */
int proxyipc_receive(struct proxyipc_endpoint *ep,
		     struct proxyipc_received *received,
		     struct proxyipc_received __user *user, bool nonblock,
		     u64 deadline)
{
	struct proxyipc_pickup pickup;
	bool picked = false;
	int ret;

	while (!picked) {
		ret = receive_wait(ep, &pickup, nonblock, deadline);
		if (ret)
			return ret;
		ret = receive_copy_out(&pickup, received, user);
		if (ret) {
			receive_undo(ep, &pickup);
			picked = true;
		} else {
			picked = receive_commit(ep, &pickup);
		}
		pickup_deinit(&pickup);
	}
	return ret;
}

/**
 * struct receive_waiter - a receive that waits without a task
 * @waiter: waits for a message in @ep
 * @ep: the endpoint; the command has its file
 * @received: as in proxyipc_receive()
 * @user: likewise
 */
struct receive_waiter {
	struct proxyipc_waiter waiter;
	struct proxyipc_endpoint *ep;
	struct proxyipc_received received;
	struct proxyipc_received __user *user;
};

static struct receive_waiter *to_receive(struct proxyipc_waiter *waiter)
{
	return container_of(waiter, struct receive_waiter, waiter);
}

static bool receive_is_due(struct proxyipc_waiter *waiter)
{
	return READ_ONCE(to_receive(waiter)->ep->nr_queued);
}

static int receive_attempt(struct proxyipc_waiter *waiter)
{
	struct receive_waiter *receive = to_receive(waiter);
	int ret;

	ret = proxyipc_receive(receive->ep, &receive->received, receive->user,
			       true, 0);
	if (ret == -EAGAIN)
		return -EIOCBQUEUED;
	receive_pass_on(receive->ep);
	return ret;
}

static int receive_give_up(struct proxyipc_waiter *waiter, int error)
{
	receive_pass_on(to_receive(waiter)->ep);
	return error;
}

static void receive_release(struct proxyipc_waiter *waiter)
{
	kfree(to_receive(waiter));
}

static const struct proxyipc_waiter_ops receive_ops = {
	.is_due = receive_is_due,
	.attempt = receive_attempt,
	.give_up = receive_give_up,
	.release = receive_release,
};

/**
 * proxyipc_receive_begin() - receive the oldest message, or wait without a task
 * @ep: as in proxyipc_receive()
 * @received: likewise; copied if it has to wait
 * @user: likewise; must stay until it has been received
 * @nonblock: likewise
 * @deadline: likewise
 * @waiter: receives what waits
 *
 * If it has to wait it has done nothing yet.
 *
 * Return: as proxyipc_receive(); -EIOCBQUEUED, with @waiter, if it has to wait; or
 * -ENOMEM.
 */
int proxyipc_receive_begin(struct proxyipc_endpoint *ep,
			   struct proxyipc_received *received,
			   struct proxyipc_received __user *user, bool nonblock,
			   u64 deadline, struct proxyipc_waiter **waiter)
{
	struct receive_waiter *receive;
	int ret;

	ret = proxyipc_receive(ep, received, user, true, 0);
	if (ret != -EAGAIN || nonblock)
		return ret;

	receive = kzalloc(sizeof(*receive), GFP_KERNEL_ACCOUNT);
	if (!receive)
		return -ENOMEM;
	receive->waiter.ops = &receive_ops;
	receive->waiter.queue = &ep->wait;
	receive->waiter.exclusive = true;
	receive->waiter.deadline = deadline;
	receive->ep = ep;
	receive->received = *received;
	receive->user = user;
	*waiter = &receive->waiter;
	return -EIOCBQUEUED;
}
