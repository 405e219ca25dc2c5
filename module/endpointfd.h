/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_ENDPOINTFD_H
#define _PROXYIPC_ENDPOINTFD_H

/**
 * DOC: Endpoint descriptor
 *
 * The right to receive at an endpoint, and to use the caps that its messages
 * brought. Of a cap it makes no difference to the receiver whether it names a
 * plain call or a held process: REPLY and DROP take both.
 */

#include <linux/types.h>

struct file;
struct proxyipc_endpoint;
struct proxyipc_waiter;

int proxyipc_endpointfd_publish(struct proxyipc_endpoint *ep, void *params,
				s32 *out_fd, void __user *user, size_t size);

long proxyipc_endpoint_mint_ioctl(struct file *file, void *arg,
				  void __user *user);
long proxyipc_endpoint_recv_ioctl(struct file *file, void *arg,
				  void __user *user);
long proxyipc_endpoint_recv_begin(struct file *file, void *arg,
				  void __user *user,
				  struct proxyipc_waiter **waiter);
long proxyipc_endpoint_reply_ioctl(struct file *file, void *arg,
				   void __user *user);
long proxyipc_endpoint_reply_recv_ioctl(struct file *file, void *arg,
					void __user *user);
long proxyipc_endpoint_reply_recv_begin(struct file *file, void *arg,
					void __user *user,
					struct proxyipc_waiter **waiter);
long proxyipc_endpoint_resume_ioctl(struct file *file, void *arg,
				    void __user *user);
long proxyipc_endpoint_fetch_ioctl(struct file *file, void *arg,
				   void __user *user);
long proxyipc_endpoint_drop_ioctl(struct file *file, void *arg,
				  void __user *user);

extern const struct file_operations proxyipc_endpoint_fops;

#endif /* _PROXYIPC_ENDPOINTFD_H */
