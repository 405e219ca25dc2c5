/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_MESSAGE_H
#define _PROXYIPC_MESSAGE_H

/**
 * DOC: Message
 *
 * A few words and, rarely, a buffer of bytes: what a call or a send carries, and
 * what a reply carries back. A message is copied in before any lock is taken and
 * copied out after all are released; in between it belongs to one owner, the
 * call, and is constant. The words live inside their owner, so a message without
 * bytes allocates nothing.
 */

#include <linux/list.h>
#include <linux/types.h>
#include <linux/proxyipc.h>

/**
 * struct proxyipc_body - a message inside the kernel
 * @words: the words
 * @data: the bytes, or NULL
 * @data_len: how many
 */
struct proxyipc_body {
	u64 words[PROXYIPC_WORDS];
	void *data;
	u32 data_len;
};

/**
 * enum proxyipc_node_type - what is queued
 * @PROXYIPC_NODE_CALL: a call or send
 * @PROXYIPC_NODE_NOTICES: the notices of the endpoint
 * @PROXYIPC_NODE_RECEIVER: an episode's message, or events
 */
enum proxyipc_node_type {
	PROXYIPC_NODE_CALL,
	PROXYIPC_NODE_NOTICES,
	PROXYIPC_NODE_RECEIVER,
};

/**
 * struct proxyipc_node - a place in a queue
 * @link: empty if in none
 * @type: what it is embedded in
 */
struct proxyipc_node {
	struct list_head link;
	enum proxyipc_node_type type;
};

static inline void proxyipc_node_init(struct proxyipc_node *node,
				      enum proxyipc_node_type type)
{
	INIT_LIST_HEAD(&node->link);
	node->type = type;
}

static inline bool proxyipc_node_is_queued(const struct proxyipc_node *node)
{
	return !list_empty(&node->link);
}

int proxyipc_body_import(struct proxyipc_body *body,
			 const struct proxyipc_message *message);
void proxyipc_body_deinit(struct proxyipc_body *body);
void proxyipc_body_move(struct proxyipc_body *to, struct proxyipc_body *from);
int proxyipc_body_export_data(const struct proxyipc_body *body, u64 address);
bool proxyipc_message_is_zero(const struct proxyipc_message *message);

#endif /* _PROXYIPC_MESSAGE_H */
