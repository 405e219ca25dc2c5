/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_RECEIVE_H
#define _PROXYIPC_RECEIVE_H

/**
 * DOC: Receive
 *
 * Taking a message: off the queue (under the endpoint's lock), out to the user
 * (without a lock), and then the commit, which is the pick-up. Between the first
 * and the last the message is this receiver's alone, but its sender may still
 * take it back, or its episode end: then the commit fails, and the next message
 * is received over it. If it can't be copied out, it goes back to the head of
 * the queue.
 */

#include <linux/types.h>

struct proxyipc_endpoint;
struct proxyipc_received;
struct proxyipc_waiter;

int proxyipc_receive(struct proxyipc_endpoint *ep,
		     struct proxyipc_received *received,
		     struct proxyipc_received __user *user, bool nonblock,
		     u64 deadline);
int proxyipc_receive_begin(struct proxyipc_endpoint *ep,
			   struct proxyipc_received *received,
			   struct proxyipc_received __user *user, bool nonblock,
			   u64 deadline, struct proxyipc_waiter **waiter);

#endif /* _PROXYIPC_RECEIVE_H */
