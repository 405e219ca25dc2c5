/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_RECEIVER_H
#define _PROXYIPC_RECEIVER_H

/**
 * DOC: Receiver
 *
 * What SET_RECEIVER puts into the receiver slot of a process object: which
 * endpoint its proxied messages go to, by which entry, and all that delivering
 * there will need: a cap, and one node in the endpoint's queue. So a delivery
 * allocates nothing and cannot fail, but for the endpoint being closed.
 *
 * The node stands for an episode's message, for events, or for both. Events are
 * states, OR-ed together; they outlast the episode and even the process object,
 * the message does not.
 *
 * A process object has two of them, the second for its guardian. A receiver is
 * referred to by its slot, by the episode that uses it (which may be another one than
 * the slot's, after SET_RECEIVER), and by the queue. While a slot or an episode uses
 * it, it points to the process object.
 */

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>

#include "message.h"

struct proxyipc_call;
struct proxyipc_endpoint;
struct proxyipc_process;

/**
 * struct proxyipc_letter - an episode's message, as its receiver will see it
 * @token: names the episode; 0: there is none
 * @kind: one of &enum proxyipc_kind
 * @call: that began the episode, or NULL; kept by the episode
 * @notices: that began it
 * @words: the message, if there is neither
 * @redelivered: its first receiver is gone
 */
struct proxyipc_letter {
	u64 token;
	u32 kind;
	bool redelivered;
	struct proxyipc_call *call;
	u64 notices;
	u64 words[PROXYIPC_WORDS];
};

/**
 * struct proxyipc_receiver - where proxied messages go
 * @ref: memory
 * @endpoint: with a reference; constant
 * @payload: of the entry in the receiver slot; constant
 * @node: in the endpoint's queue, with a reference; this and what follows is
 *	under endpoint->lock
 * @link: in the endpoint's list of receivers; empty once that is dead
 * @process: NULL once no slot and no episode uses this
 * @cap: names the process object to the endpoint's receivers
 * @letter: the episode's message
 * @waiting: @letter waits to be received
 * @events: wait to be received
 * @events_token: hold that they are about
 * @notices: that began that hold and were not received; told with @events
 */
struct proxyipc_receiver {
	struct kref ref;
	struct proxyipc_endpoint *endpoint;
	u64 payload;

	struct proxyipc_node node;
	struct list_head link;
	struct proxyipc_process *process;
	u64 cap;
	struct proxyipc_letter letter;
	bool waiting;
	u32 events;
	u64 events_token;
	u64 notices;
};

struct proxyipc_receiver *
proxyipc_receiver_new(struct proxyipc_endpoint *ep, u64 payload,
		      struct proxyipc_process *process);
struct proxyipc_receiver *proxyipc_receiver_get(struct proxyipc_receiver *receiver);
void proxyipc_receiver_put(struct proxyipc_receiver *receiver);

int proxyipc_receiver_deliver(struct proxyipc_receiver *receiver,
			      const struct proxyipc_letter *letter);
void proxyipc_receiver_undeliver(struct proxyipc_receiver *receiver, u64 token);
void proxyipc_receiver_close(struct proxyipc_receiver *receiver, u32 events,
			     u64 token, u64 notices);
void proxyipc_receiver_unpick_events(struct proxyipc_receiver *receiver,
				     u32 events, u64 token, u64 notices);
void proxyipc_receiver_detach(struct proxyipc_receiver *receiver);
void proxyipc_receiver_strip(struct proxyipc_endpoint *ep);

#endif /* _PROXYIPC_RECEIVER_H */
