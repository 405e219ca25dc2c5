// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/slab.h>

#include "endpoint.h"
#include "main.h"
#include "receiver.h"

/**
 * proxyipc_receiver_new() - prepare all that deliveries will need
 * @ep: where they go
 * @payload: of the entry by which they go there
 * @process: where they come from
 *
 * Context: may sleep.
 *
 * Return: the receiver, with one reference, or -EPIPE, -ENOBUFS, -ENOMEM.
 */
struct proxyipc_receiver *
proxyipc_receiver_new(struct proxyipc_endpoint *ep, u64 payload,
		      struct proxyipc_process *process)
{
	struct proxyipc_receiver *receiver;
	int ret;

	receiver = kzalloc(sizeof(*receiver), GFP_KERNEL_ACCOUNT);
	if (!receiver)
		return ERR_PTR(-ENOMEM);

	kref_init(&receiver->ref);
	receiver->endpoint = proxyipc_endpoint_get(ep);
	receiver->payload = payload;
	receiver->process = process;
	proxyipc_node_init(&receiver->node, PROXYIPC_NODE_RECEIVER);
	INIT_LIST_HEAD(&receiver->link);

	receiver->cap = proxyipc_endpoint_reserve(ep, &ret);
	if (receiver->cap) {
		proxyipc_caps_set(&ep->caps, receiver->cap,
				  PROXYIPC_CAP_RECEIVER, receiver);
		list_add_tail(&receiver->link, &ep->receivers);
		ret = 0;
	}
	spin_unlock(&ep->lock);
	if (ret) {
		proxyipc_receiver_put(receiver);
		return ERR_PTR(ret);
	}
	return receiver;
}

/**
 * proxyipc_receiver_get() - one more reference
 * @receiver: the receiver
 *
 * Return: @receiver.
 */
struct proxyipc_receiver *proxyipc_receiver_get(struct proxyipc_receiver *receiver)
{
	kref_get(&receiver->ref);
	return receiver;
}

static void receiver_free(struct kref *ref)
{
	struct proxyipc_receiver *receiver =
		container_of(ref, struct proxyipc_receiver, ref);
	struct proxyipc_endpoint *ep = receiver->endpoint;

	WARN_ON_ONCE(proxyipc_node_is_queued(&receiver->node));
	proxyipc_endpoint_put(ep);
	kfree(receiver);
}

/**
 * proxyipc_receiver_put() - one reference less
 * @receiver: the receiver; NULL is fine
 *
 * Context: process, also under locks but the endpoint's.
 */
void proxyipc_receiver_put(struct proxyipc_receiver *receiver)
{
	if (receiver)
		kref_put(&receiver->ref, receiver_free);
}

static void receiver_queue_locked(struct proxyipc_receiver *receiver)
{
	lockdep_assert_held(&receiver->endpoint->lock);

	if (proxyipc_node_is_queued(&receiver->node))
		return;
	proxyipc_receiver_get(receiver);
	proxyipc_endpoint_queue_locked(receiver->endpoint, &receiver->node);
}

/* As above, at the head: it was on its way already. */
static void receiver_requeue_locked(struct proxyipc_receiver *receiver)
{
	lockdep_assert_held(&receiver->endpoint->lock);

	if (proxyipc_node_is_queued(&receiver->node))
		return;
	proxyipc_receiver_get(receiver);
	proxyipc_endpoint_requeue_locked(receiver->endpoint, &receiver->node);
}

/**
 * proxyipc_receiver_deliver() - an episode's message is ready
 * @receiver: of the episode
 * @letter: the message; @letter->call stays until proxyipc_receiver_close()
 *
 * Context: under process->lock.
 *
 * Return: 0 or -EPIPE.
 */
int proxyipc_receiver_deliver(struct proxyipc_receiver *receiver,
			      const struct proxyipc_letter *letter)
{
	struct proxyipc_endpoint *ep = receiver->endpoint;
	int ret = 0;

	spin_lock(&ep->lock);
	if (ep->dead) {
		ret = -EPIPE;
	} else {
		receiver->cap = proxyipc_caps_renew(&ep->caps, receiver->cap);
		receiver->letter = *letter;
		receiver->waiting = true;
		receiver_queue_locked(receiver);
	}
	spin_unlock(&ep->lock);
	return ret;
}

/**
 * proxyipc_receiver_undeliver() - a message could not be copied out
 * @receiver: of the episode, which is still unreceived
 * @token: of the message
 *
 * Context: under process->lock.
 */
void proxyipc_receiver_undeliver(struct proxyipc_receiver *receiver, u64 token)
{
	struct proxyipc_endpoint *ep = receiver->endpoint;

	spin_lock(&ep->lock);
	if (!ep->dead && receiver->letter.token == token) {
		receiver->waiting = true;
		receiver_requeue_locked(receiver);
	}
	spin_unlock(&ep->lock);
}

/**
 * proxyipc_receiver_close() - an episode is over, or something happened outside
 * @receiver: of the episode, or in the receiver slot
 * @events: what to tell, 0 for nothing
 * @token: of the hold that @events are about, 0 for none
 * @notices: that began it and were not received; told with @events
 *
 * A message that wasn't received is withdrawn. The queue of a dead endpoint is emptied by
 * proxyipc_receiver_strip() alone.
 *
 * Context: under process->lock.
 */
void proxyipc_receiver_close(struct proxyipc_receiver *receiver, u32 events,
			     u64 token, u64 notices)
{
	struct proxyipc_endpoint *ep = receiver->endpoint;
	bool unqueued = false;

	spin_lock(&ep->lock);
	if (events && !ep->dead) {
		receiver->events |= events;
		receiver->notices |= notices;
		/* Of several, the last; an event outside a hold has none. */
		if (token)
			receiver->events_token = token;
		receiver_queue_locked(receiver);
	} else if (!receiver->events && !ep->dead &&
		   proxyipc_node_is_queued(&receiver->node)) {
		proxyipc_endpoint_unqueue_locked(ep, &receiver->node);
		unqueued = true;
	}
	receiver->waiting = false;
	receiver->letter = (struct proxyipc_letter){};
	spin_unlock(&ep->lock);
	if (unqueued)
		proxyipc_receiver_put(receiver);
}

/**
 * proxyipc_receiver_unpick_events() - events could not be copied out
 * @receiver: whose they were
 * @events: what was taken from it
 * @token: likewise
 * @notices: likewise
 */
void proxyipc_receiver_unpick_events(struct proxyipc_receiver *receiver,
				     u32 events, u64 token, u64 notices)
{
	struct proxyipc_endpoint *ep = receiver->endpoint;

	spin_lock(&ep->lock);
	if (!receiver->events)
		receiver->events_token = token;
	receiver->events |= events;
	receiver->notices |= notices;
	receiver_requeue_locked(receiver);
	spin_unlock(&ep->lock);
}

/**
 * proxyipc_receiver_detach() - no slot and no episode uses it any more
 * @receiver: the receiver; what it has queued will still be received
 *
 * Context: process, also under process->lock.
 */
void proxyipc_receiver_detach(struct proxyipc_receiver *receiver)
{
	struct proxyipc_endpoint *ep = receiver->endpoint;

	spin_lock(&ep->lock);
	receiver->process = NULL;
	list_del_init(&receiver->link);
	proxyipc_caps_release(&ep->caps, receiver->cap);
	spin_unlock(&ep->lock);
}

/**
 * proxyipc_receiver_strip() - empty the queue of a dead endpoint
 * @ep: dead; its calls and notices are out already
 *
 * Context: process.
 */
void proxyipc_receiver_strip(struct proxyipc_endpoint *ep)
{
	struct proxyipc_node *node, *next;
	LIST_HEAD(nodes);

	spin_lock(&ep->lock);
	list_for_each_entry_safe(node, next, &ep->queue, link) {
		proxyipc_endpoint_unqueue_locked(ep, node);
		container_of(node, struct proxyipc_receiver, node)->waiting = false;
		list_add_tail(&node->link, &nodes);
	}
	spin_unlock(&ep->lock);

	list_for_each_entry_safe(node, next, &nodes, link) {
		list_del_init(&node->link);
		proxyipc_receiver_put(container_of(node, struct proxyipc_receiver,
						   node));
	}
}
