/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_ENDPOINT_H
#define _PROXYIPC_ENDPOINT_H

/**
 * DOC: Endpoint
 *
 * A queue of messages and the table of caps of those who receive there. What is
 * queued is one of three kinds of node, in the order in which they came:
 *
 * - a call, with a reference to it
 * - the endpoint's own node: notice bits were posted
 * - a receiver's node (see receiver.h): an episode's message, or events
 *
 * Receiving takes a node off under the lock, copies the message out without it,
 * and then commits: only that is the pick-up. If the copy-out fails the node goes
 * back to the head; if the sender took the message back meanwhile, the next one
 * is received.
 *
 * Sends are bounded: one beyond the limit is queued in its place, but its sender
 * waits until enough before it were received. Calls need no bound, their callers
 * wait anyway.
 *
 * Lifetime: descriptors, entries and receivers have references to the memory. At
 * the last close of a descriptor the endpoint is dead, for ever: nothing is
 * queued any more, and all that was queued or picked up gets its result.
 */

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "cap.h"
#include "message.h"

#define PROXYIPC_QUEUE_DEFAULT	64U
#define PROXYIPC_QUEUE_MAX	4096U

struct pid;
struct proxyipc_call;

/**
 * struct proxyipc_endpoint - a receive queue
 * @ref: memory
 * @queue_limit: most sends that wait; constant
 * @lock: protects what follows
 * @dead: the last descriptor was closed
 * @queue: nodes of calls and receivers, and @notice_node, oldest first
 * @nr_queued: how many
 * @nr_sends: accepted sends that were not picked up yet
 * @blocked: sends beyond the limit, oldest first, by call->blocked_link
 * @notices: posted bits; @notice_node is queued while they are not zero
 * @notice_node: place of the notices in the queue
 * @caps: names of calls and receivers
 * @receivers: of process objects whose receiver slot names this endpoint
 * @receiver: thread that last received here, or created it; reference
 * @wait: receivers wait here, one is woken per message; and poll
 * @changed: poll of entries waits here: there is room, or the endpoint is dead
 */
struct proxyipc_endpoint {
	struct kref ref;
	u32 queue_limit;

	/* under @lock */
	spinlock_t lock;
	bool dead;
	struct list_head queue;
	unsigned int nr_queued;
	unsigned int nr_sends;
	struct list_head blocked;
	u64 notices;
	struct proxyipc_node notice_node;
	struct proxyipc_cap_table caps;
	struct list_head receivers;
	struct pid *receiver;

	wait_queue_head_t wait;
	wait_queue_head_t changed;
};

struct proxyipc_endpoint *proxyipc_endpoint_new(u32 queue_limit);
struct proxyipc_endpoint *proxyipc_endpoint_get(struct proxyipc_endpoint *ep);
void proxyipc_endpoint_put(struct proxyipc_endpoint *ep);
void proxyipc_endpoint_kill(struct proxyipc_endpoint *ep);
bool proxyipc_endpoint_is_dead(struct proxyipc_endpoint *ep);
struct pid *proxyipc_endpoint_receiver(struct proxyipc_endpoint *ep);

void proxyipc_endpoint_queue_locked(struct proxyipc_endpoint *ep,
				    struct proxyipc_node *node);
void proxyipc_endpoint_requeue_locked(struct proxyipc_endpoint *ep,
				      struct proxyipc_node *node);
void proxyipc_endpoint_unqueue_locked(struct proxyipc_endpoint *ep,
				      struct proxyipc_node *node);
u64 proxyipc_endpoint_reserve(struct proxyipc_endpoint *ep, int *error)
	__acquires(&ep->lock);

int proxyipc_endpoint_submit(struct proxyipc_endpoint *ep,
			     struct proxyipc_call *call, bool nonblock);
void proxyipc_endpoint_withdraw(struct proxyipc_call *call, void *object,
				int error);
bool proxyipc_endpoint_pick(struct proxyipc_endpoint *ep,
			    struct proxyipc_call *call);
void proxyipc_endpoint_unpick(struct proxyipc_endpoint *ep,
			      struct proxyipc_call *call);
bool proxyipc_endpoint_names_call(struct proxyipc_endpoint *ep, u64 cap);
int proxyipc_endpoint_take_call(struct proxyipc_endpoint *ep, u64 cap,
				u32 data_len, struct proxyipc_call **call);
int proxyipc_endpoint_notify(struct proxyipc_endpoint *ep, u64 notices);
void proxyipc_endpoint_unpick_notices(struct proxyipc_endpoint *ep, u64 notices);

#endif /* _PROXYIPC_ENDPOINT_H */
