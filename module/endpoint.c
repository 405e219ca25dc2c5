// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "actor.h"
#include "call.h"
#include "endpoint.h"
#include "main.h"
#include "trace.h"

/**
 * proxyipc_endpoint_new() - make an endpoint
 * @queue_limit: most sends that wait
 *
 * Context: may sleep. The current thread is taken for its receiver until one
 * receives.
 *
 * Return: the endpoint, with one reference, or NULL without memory.
 */
struct proxyipc_endpoint *proxyipc_endpoint_new(u32 queue_limit)
{
	struct proxyipc_endpoint *ep;

	ep = kzalloc(sizeof(*ep), GFP_KERNEL_ACCOUNT);
	if (!ep)
		return NULL;

	kref_init(&ep->ref);
	ep->queue_limit = queue_limit;
	spin_lock_init(&ep->lock);
	INIT_LIST_HEAD(&ep->queue);
	INIT_LIST_HEAD(&ep->blocked);
	proxyipc_node_init(&ep->notice_node, PROXYIPC_NODE_NOTICES);
	INIT_LIST_HEAD(&ep->receivers);
	ep->receiver = get_pid(proxyipc_actor());
	init_waitqueue_head(&ep->wait);
	init_waitqueue_head(&ep->changed);
	return ep;
}

/**
 * proxyipc_endpoint_get() - one more reference
 * @ep: the endpoint
 *
 * Return: @ep.
 */
struct proxyipc_endpoint *proxyipc_endpoint_get(struct proxyipc_endpoint *ep)
{
	kref_get(&ep->ref);
	return ep;
}

static void endpoint_free(struct kref *ref)
{
	struct proxyipc_endpoint *ep =
		container_of(ref, struct proxyipc_endpoint, ref);

	WARN_ON_ONCE(!list_empty(&ep->queue));
	WARN_ON_ONCE(!list_empty(&ep->blocked));
	WARN_ON_ONCE(!list_empty(&ep->receivers));
	WARN_ON_ONCE(ep->caps.slots);
	put_pid(ep->receiver);
	kfree(ep);
}

/**
 * proxyipc_endpoint_put() - one reference less
 * @ep: the endpoint; NULL is fine. If it is the last it must be dead.
 *
 * Context: process, also under locks.
 */
void proxyipc_endpoint_put(struct proxyipc_endpoint *ep)
{
	if (ep)
		kref_put(&ep->ref, endpoint_free);
}

/**
 * proxyipc_endpoint_is_dead() - is nobody left to receive?
 * @ep: the endpoint
 *
 * Return: true if so; it stays so.
 */
bool proxyipc_endpoint_is_dead(struct proxyipc_endpoint *ep)
{
	return READ_ONCE(ep->dead);
}

/**
 * proxyipc_endpoint_receiver() - who is expected to receive
 * @ep: the endpoint
 *
 * Return: the thread that last received, or else created it, with a reference.
 */
struct pid *proxyipc_endpoint_receiver(struct proxyipc_endpoint *ep)
{
	struct pid *pid;

	spin_lock(&ep->lock);
	pid = get_pid(ep->receiver);
	spin_unlock(&ep->lock);
	return pid;
}

/**
 * proxyipc_endpoint_queue_locked() - put a node behind all others
 * @ep: alive
 * @node: in no queue; what it is embedded in stays referenced while it is
 */
void proxyipc_endpoint_queue_locked(struct proxyipc_endpoint *ep,
				    struct proxyipc_node *node)
{
	lockdep_assert_held(&ep->lock);

	list_add_tail(&node->link, &ep->queue);
	ep->nr_queued++;
	wake_up_poll(&ep->wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * proxyipc_endpoint_requeue_locked() - put a node back that was being received
 * @ep: alive
 * @node: likewise
 */
void proxyipc_endpoint_requeue_locked(struct proxyipc_endpoint *ep,
				      struct proxyipc_node *node)
{
	lockdep_assert_held(&ep->lock);

	list_add(&node->link, &ep->queue);
	ep->nr_queued++;
	wake_up_poll(&ep->wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * proxyipc_endpoint_unqueue_locked() - take a node out
 * @ep: the endpoint
 * @node: in its queue
 */
void proxyipc_endpoint_unqueue_locked(struct proxyipc_endpoint *ep,
				      struct proxyipc_node *node)
{
	lockdep_assert_held(&ep->lock);

	list_del_init(&node->link);
	ep->nr_queued--;
}

static int endpoint_grow_caps(struct proxyipc_endpoint *ep, u32 capacity)
{
	struct proxyipc_cap_slot *slots;

	if (!capacity)
		return -ENOBUFS;
	slots = proxyipc_caps_alloc_slots(capacity);
	if (!slots)
		return -ENOMEM;

	spin_lock(&ep->lock);
	if (!ep->dead)
		slots = proxyipc_caps_grow(&ep->caps, slots, capacity);
	spin_unlock(&ep->lock);
	kvfree(slots);
	return 0;
}

/**
 * proxyipc_endpoint_reserve() - reserve a cap, and lock the endpoint
 * @ep: the endpoint
 * @error: receives -EPIPE, -ENOBUFS or -ENOMEM if it returns 0
 *
 * Context: may sleep. Returns with the endpoint's lock taken in any case.
 *
 * Return: the cap, or 0.
 */
u64 proxyipc_endpoint_reserve(struct proxyipc_endpoint *ep, int *error)
	__acquires(&ep->lock)
{
	u32 capacity;
	u64 cap;

	spin_lock(&ep->lock);
	for (;;) {
		*error = -EPIPE;
		if (ep->dead)
			return 0;
		cap = proxyipc_caps_reserve(&ep->caps);
		if (cap)
			return cap;
		capacity = proxyipc_caps_next_capacity(&ep->caps);
		spin_unlock(&ep->lock);
		*error = endpoint_grow_caps(ep, capacity);
		spin_lock(&ep->lock);
		if (*error)
			return 0;
	}
}

/* There is room: the senders that waited for it go on, oldest first. */
static void endpoint_accept_locked(struct proxyipc_endpoint *ep)
{
	struct proxyipc_call *call;

	lockdep_assert_held(&ep->lock);

	while (ep->nr_sends < ep->queue_limit && !list_empty(&ep->blocked)) {
		call = list_first_entry(&ep->blocked, struct proxyipc_call,
					blocked_link);
		list_del_init(&call->blocked_link);
		/* Fails if its sender is just taking it back. */
		if (!proxyipc_call_finish(call, 0))
			ep->nr_sends++;
	}
	if (ep->nr_sends < ep->queue_limit)
		wake_up_poll(&ep->changed, EPOLLOUT);
}

static int endpoint_admit_send_locked(struct proxyipc_endpoint *ep,
				      struct proxyipc_call *call, bool nonblock)
{
	lockdep_assert_held(&ep->lock);

	if (ep->nr_sends < ep->queue_limit && list_empty(&ep->blocked)) {
		ep->nr_sends++;
		proxyipc_call_finish(call, 0);
		return 0;
	}
	if (nonblock)
		return -EAGAIN;
	list_add_tail(&call->blocked_link, &ep->blocked);
	return 0;
}

/**
 * proxyipc_endpoint_submit() - queue a call or send
 * @ep: the endpoint
 * @call: fresh
 * @nonblock: rather fail than let a send wait for room
 *
 * Context: may sleep.
 *
 * Return: 0: wait for its result, which may be there already. -EPIPE, -EAGAIN,
 * -ENOBUFS or -ENOMEM: it wasn't queued.
 */
int proxyipc_endpoint_submit(struct proxyipc_endpoint *ep,
			     struct proxyipc_call *call, bool nonblock)
{
	int ret = 0;

	if (call->kind == PROXYIPC_KIND_CALL) {
		call->cap = proxyipc_endpoint_reserve(ep, &ret);
		if (call->cap)
			ret = 0;
	} else {
		spin_lock(&ep->lock);
		ret = ep->dead ? -EPIPE :
		      endpoint_admit_send_locked(ep, call, nonblock);
	}
	if (!ret) {
		trace_proxyipc_deliver(call->id, 0);
		proxyipc_call_get(call);
		proxyipc_endpoint_queue_locked(ep, &call->node);
	}
	spin_unlock(&ep->lock);
	return ret;
}

/* The call is in no queue and no table any more; who had it there, puts it. */
static void endpoint_forget_locked(struct proxyipc_endpoint *ep,
				   struct proxyipc_call *call)
{
	lockdep_assert_held(&ep->lock);

	if (call->cap)
		proxyipc_caps_release(&ep->caps, call->cap);
	call->cap = 0;
	list_del_init(&call->blocked_link);
}

/**
 * proxyipc_endpoint_withdraw() - take a call or send back
 * @call: submitted
 * @object: the endpoint
 * @error: the result it gets, if nobody has picked it up
 *
 * For proxyipc_call_wait().
 */
void proxyipc_endpoint_withdraw(struct proxyipc_call *call, void *object,
				int error)
{
	struct proxyipc_endpoint *ep = object;
	bool queued;

	if (!proxyipc_call_withdraw(call, error))
		return;

	spin_lock(&ep->lock);
	endpoint_forget_locked(ep, call);
	/*
	 * Else a receiver is copying it out, and will find it withdrawn; or the
	 * endpoint is being killed, and all that was queued is accounted for.
	 */
	queued = !ep->dead && proxyipc_node_is_queued(&call->node);
	if (queued)
		proxyipc_endpoint_unqueue_locked(ep, &call->node);
	spin_unlock(&ep->lock);
	if (queued)
		proxyipc_call_put(call);
}

/**
 * proxyipc_endpoint_pick() - the message of a call has been copied out
 * @ep: the endpoint
 * @call: taken from its queue, with the reference that the queue had
 *
 * That reference goes to the cap, or is put.
 *
 * Return: false if the sender took it back meanwhile.
 */
bool proxyipc_endpoint_pick(struct proxyipc_endpoint *ep,
			    struct proxyipc_call *call)
{
	bool picked, accepted;

	spin_lock(&ep->lock);
	accepted = list_empty(&call->blocked_link);
	list_del_init(&call->blocked_link);
	picked = proxyipc_call_pick(call);
	if (picked && call->kind == PROXYIPC_KIND_CALL) {
		proxyipc_caps_set(&ep->caps, call->cap, PROXYIPC_CAP_CALL, call);
		spin_unlock(&ep->lock);
		return true;
	}
	if (picked && accepted) {
		ep->nr_sends--;
		endpoint_accept_locked(ep);
	}
	spin_unlock(&ep->lock);
	proxyipc_call_put(call);
	return picked;
}

/**
 * proxyipc_endpoint_unpick() - the message of a call could not be copied out
 * @ep: the endpoint
 * @call: as in proxyipc_endpoint_pick()
 */
void proxyipc_endpoint_unpick(struct proxyipc_endpoint *ep,
			      struct proxyipc_call *call)
{
	bool withdrawn;

	spin_lock(&ep->lock);
	/* A call that was withdrawn has no cap, a send no place among either. */
	withdrawn = proxyipc_call_is_done(call) &&
		    (call->kind == PROXYIPC_KIND_CALL || call->result);
	if (!withdrawn)
		proxyipc_endpoint_requeue_locked(ep, &call->node);
	spin_unlock(&ep->lock);
	if (withdrawn)
		proxyipc_call_put(call);
}

/**
 * proxyipc_endpoint_names_call() - does a cap name a call?
 * @ep: the endpoint
 * @cap: any number
 *
 * Return: true if it does now.
 */
bool proxyipc_endpoint_names_call(struct proxyipc_endpoint *ep, u64 cap)
{
	void *object;
	bool names;

	spin_lock(&ep->lock);
	names = proxyipc_caps_find(&ep->caps, cap, &object) == PROXYIPC_CAP_CALL;
	spin_unlock(&ep->lock);
	return names;
}

/**
 * proxyipc_endpoint_take_call() - use a cap up
 * @ep: the endpoint
 * @cap: any number
 * @data_len: how many bytes the call is about to be answered with
 * @call: receives the call that it named, with the reference that the cap had
 *
 * Of several that use a cap at a time, one gets the call.
 *
 * Return: 0; -ESTALE; -EMSGSIZE, the cap is still good.
 */
int proxyipc_endpoint_take_call(struct proxyipc_endpoint *ep, u64 cap,
				u32 data_len, struct proxyipc_call **call)
{
	int ret = -ESTALE;
	void *object;

	spin_lock(&ep->lock);
	if (proxyipc_caps_find(&ep->caps, cap, &object) == PROXYIPC_CAP_CALL) {
		*call = object;
		ret = data_len > (*call)->reply_size ? -EMSGSIZE : 0;
		if (!ret)
			endpoint_forget_locked(ep, *call);
	}
	spin_unlock(&ep->lock);
	return ret;
}

/**
 * proxyipc_endpoint_notify() - post notices
 * @ep: the endpoint
 * @notices: bits
 *
 * Return: 0 or -EPIPE.
 */
int proxyipc_endpoint_notify(struct proxyipc_endpoint *ep, u64 notices)
{
	int ret = 0;

	spin_lock(&ep->lock);
	if (ep->dead) {
		ret = -EPIPE;
	} else {
		ep->notices |= notices;
		if (!proxyipc_node_is_queued(&ep->notice_node))
			proxyipc_endpoint_queue_locked(ep, &ep->notice_node);
	}
	spin_unlock(&ep->lock);
	return ret;
}

/**
 * proxyipc_endpoint_unpick_notices() - notices could not be copied out
 * @ep: the endpoint
 * @notices: what was taken from it
 */
void proxyipc_endpoint_unpick_notices(struct proxyipc_endpoint *ep, u64 notices)
{
	spin_lock(&ep->lock);
	ep->notices |= notices;
	if (!proxyipc_node_is_queued(&ep->notice_node))
		proxyipc_endpoint_requeue_locked(ep, &ep->notice_node);
	spin_unlock(&ep->lock);
}

/*
 * Moves calls, with the references that the queue and the caps had, to @orphans.
 * Receivers' nodes stay: their process objects end them.
 */
static void endpoint_strip_locked(struct proxyipc_endpoint *ep,
				  struct list_head *orphans)
{
	struct proxyipc_cap_slot *slot = ep->caps.slots;
	struct proxyipc_node *node, *next;
	struct proxyipc_call *call;

	lockdep_assert_held(&ep->lock);

	list_for_each_entry_safe(node, next, &ep->queue, link) {
		if (node->type == PROXYIPC_NODE_RECEIVER)
			continue;
		proxyipc_endpoint_unqueue_locked(ep, node);
		if (node->type == PROXYIPC_NODE_CALL) {
			call = container_of(node, struct proxyipc_call, node);
			list_del_init(&call->blocked_link);
			call->cap = 0;
			list_add_tail(&node->link, orphans);
		}
	}
	for (; slot && slot < ep->caps.slots + ep->caps.capacity; slot++) {
		if (slot->type != PROXYIPC_CAP_CALL)
			continue;
		call = slot->object;
		call->cap = 0;
		list_add_tail(&call->node.link, orphans);
	}
}

/**
 * proxyipc_endpoint_kill() - the last descriptor was closed
 * @ep: the endpoint, which nobody is receiving from
 *
 * All calls get their result: -EPIPE if nobody had picked them up, else
 * -EOWNERDEAD.
 *
 * Context: may sleep.
 */
void proxyipc_endpoint_kill(struct proxyipc_endpoint *ep)
{
	struct proxyipc_cap_slot *slots;
	struct proxyipc_call *call, *next;
	LIST_HEAD(orphans);

	spin_lock(&ep->lock);
	WRITE_ONCE(ep->dead, true);
	ep->notices = 0;
	endpoint_strip_locked(ep, &orphans);
	slots = ep->caps.slots;
	ep->caps = (struct proxyipc_cap_table){};
	spin_unlock(&ep->lock);

	wake_up_poll(&ep->changed, EPOLLHUP | EPOLLERR | EPOLLOUT);
	list_for_each_entry_safe(call, next, &orphans, node.link) {
		list_del_init(&call->node.link);
		if (!proxyipc_call_withdraw(call, -EPIPE))
			proxyipc_call_finish(call, -EOWNERDEAD);
		proxyipc_call_put(call);
	}
	kvfree(slots);
}
