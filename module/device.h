/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_DEVICE_H
#define _PROXYIPC_DEVICE_H

/**
 * DOC: Device
 *
 * /dev/proxyipc, where objects come from, and the one place where authority over
 * a process is checked: at PROCESS_OPEN. Afterwards possession of the descriptor
 * is all, never the credentials of whoever uses it.
 */

#include <linux/types.h>

struct file;

long proxyipc_device_info_ioctl(struct file *file, void *arg, void __user *user);
long proxyipc_endpoint_create_ioctl(struct file *file, void *arg,
				    void __user *user);
long proxyipc_process_open_ioctl(struct file *file, void *arg,
				 void __user *user);

extern const struct file_operations proxyipc_device_fops;

int proxyipc_device_init(void);
void proxyipc_device_exit(void);

#endif /* _PROXYIPC_DEVICE_H */
