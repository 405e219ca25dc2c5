/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_REPLY_H
#define _PROXYIPC_REPLY_H

/**
 * DOC: Reply object
 *
 * A descriptor that is the right to answer one call, once. The right moves to it,
 * from an endpoint's table or from a reply slot. Closing it unanswered gives the
 * caller -ECANCELED.
 */

#include <linux/types.h>

#include "object.h"

struct proxyipc_call;
struct proxyipc_reply;

struct proxyipc_reply *proxyipc_reply_new(void);
extern const struct proxyipc_object_type proxyipc_reply_type;
void proxyipc_reply_fill(struct proxyipc_reply *reply, struct proxyipc_call *call);

long proxyipc_reply_send_ioctl(struct file *file, void *arg, void __user *user);

extern const struct file_operations proxyipc_reply_fops;

#endif /* _PROXYIPC_REPLY_H */
