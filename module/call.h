/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_CALL_H
#define _PROXYIPC_CALL_H

/**
 * DOC: Call
 *
 * One invocation by CALL or SEND: the message, who sent it, and its one result.
 * Its state is under the lock of its wait queue::
 *
 *   QUEUED --picked up--> PICKED --+--> DONE (result, and the reply if that is 0)
 *      |                           |
 *      +--refused, withdrawn, gone-+
 *
 * DONE is entered once, by whoever gets there first: the reply, the cancelling,
 * the end of the endpoint or of the target, the sender's signal or deadline. All
 * that come later get -ESRCH. A SEND is DONE as soon as it is accepted, and may
 * be picked up after that.
 *
 * A call lives by references: its sender's while that waits, the queue's while it
 * is in one, a cap's, a reply slot's or a reply object's. Only the sender waits
 * on it.
 */

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "message.h"

struct pid;

/**
 * enum proxyipc_call_state - see DOC: Call
 * @PROXYIPC_CALL_QUEUED: nobody has it yet; the sender may take it back
 * @PROXYIPC_CALL_PICKED: the receiver has it
 * @PROXYIPC_CALL_DONE: it has its result
 */
enum proxyipc_call_state {
	PROXYIPC_CALL_QUEUED,
	PROXYIPC_CALL_PICKED,
	PROXYIPC_CALL_DONE,
};

/**
 * struct proxyipc_call - one CALL or SEND
 * @ref: memory
 * @id: the same in all its tracepoints; the token of the episode that it begins
 * @kind: PROXYIPC_KIND_CALL or PROXYIPC_KIND_SEND; constant
 * @message: what is sent; constant
 * @payload: of the entry that was invoked; constant
 * @reply_size: most bytes that the sender takes back; constant
 * @tgid: the sender's process; reference; constant
 * @tid: the sender's thread; reference; constant
 * @uid: the sender's user; constant
 * @gid: the sender's group; constant
 * @wait: the sender waits here; its lock protects @state, @result, @reply
 * @state: see above
 * @result: 0 or a negative errno, once DONE
 * @reply: the answer to a CALL, once DONE with result 0
 * @node: in an endpoint's queue (under endpoint->lock) or among those that wait
 *	for an episode (under process->lock); a reference goes with it
 * @blocked_link: in the endpoint's list of sends beyond its limit
 * @cap: reserved in the endpoint's table, 0 if none; under endpoint->lock
 * @cleanup: frees it where that may sleep
 */
struct proxyipc_call {
	struct kref ref;
	u64 id;
	u32 kind;
	u32 reply_size;
	struct proxyipc_body message;
	u64 payload;
	struct pid *tgid;
	struct pid *tid;
	kuid_t uid;
	kgid_t gid;

	wait_queue_head_t wait;
	enum proxyipc_call_state state;
	int result;
	struct proxyipc_body reply;

	struct proxyipc_node node;
	struct list_head blocked_link;
	u64 cap;
	struct work_struct cleanup;
};

struct proxyipc_call *proxyipc_call_new(u32 kind, u64 payload,
					const struct proxyipc_message *message);
struct proxyipc_call *proxyipc_call_get(struct proxyipc_call *call);
void proxyipc_call_put(struct proxyipc_call *call);

bool proxyipc_call_pick(struct proxyipc_call *call);
int proxyipc_call_finish(struct proxyipc_call *call, int result);
int proxyipc_call_reply(struct proxyipc_call *call, struct proxyipc_body *reply);
bool proxyipc_call_withdraw(struct proxyipc_call *call, int result);
bool proxyipc_call_is_done(struct proxyipc_call *call);

int proxyipc_call_wait(struct proxyipc_call *call, u64 deadline,
		       void (*withdraw)(struct proxyipc_call *call,
					void *object, int error),
		       void *object);

#endif /* _PROXYIPC_CALL_H */
