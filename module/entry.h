/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_ENTRY_H
#define _PROXYIPC_ENTRY_H

/**
 * DOC: Entry
 *
 * The capability to invoke: an endpoint, or (a proxy entry) a process object.
 * Carries a payload, which its holder can't change, and rights. Constant from
 * its minting to its close.
 */

#include <linux/types.h>

struct file;
struct proxyipc_endpoint;
struct proxyipc_process;
struct proxyipc_waiter;

/**
 * struct proxyipc_entry_rights - what an entry allows, and what it says
 * @rights: PROXYIPC_RIGHT_CALL and the like
 * @notice_mask: notices that may be posted
 * @payload: what the receiver sees
 */
struct proxyipc_entry_rights {
	u32 rights;
	u64 notice_mask;
	u64 payload;
};

int proxyipc_entry_publish(struct proxyipc_endpoint *ep,
			   struct proxyipc_process *process,
			   const struct proxyipc_entry_rights *rights,
			   void *params, s32 *out_fd, void __user *user,
			   size_t size);
int proxyipc_entry_get_endpoint(int fd, struct proxyipc_endpoint **ep,
				u64 *payload);

long proxyipc_entry_call_ioctl(struct file *file, void *arg, void __user *user);
long proxyipc_entry_send_ioctl(struct file *file, void *arg, void __user *user);
long proxyipc_entry_call_begin(struct file *file, void *arg, void __user *user,
			       struct proxyipc_waiter **waiter);
long proxyipc_entry_send_begin(struct file *file, void *arg, void __user *user,
			       struct proxyipc_waiter **waiter);
long proxyipc_entry_notify_ioctl(struct file *file, void *arg,
				 void __user *user);

extern const struct file_operations proxyipc_entry_fops;

#endif /* _PROXYIPC_ENTRY_H */
