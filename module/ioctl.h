/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_IOCTL_H
#define _PROXYIPC_IOCTL_H

/*
 * The table of commands, for those who have a command executed: ioctl(2), and
 * io_uring. Its entry proxyipc_ioctl() is declared in object.h.
 */

#include <linux/fs.h>
#include <linux/proxyipc.h>

/**
 * struct proxyipc_command - one row of the table
 * @fops: of the kind of file that has the command
 * @handler: what it does; flags, reserved fields and values are its to check
 * @size: of the argument, as this kernel knows it
 * @min_size: of the argument, as first published
 */
struct proxyipc_command {
	const struct file_operations *fops;
	long (*handler)(struct file *file, void *arg, void __user *user);
	size_t size;
	size_t min_size;
};

union proxyipc_any_params {
	u32 size;
	struct proxyipc_device_info device_info;
	struct proxyipc_endpoint_create endpoint_create;
	struct proxyipc_process_open process_open;
	struct proxyipc_endpoint_mint endpoint_mint;
	struct proxyipc_endpoint_recv endpoint_recv;
	struct proxyipc_endpoint_reply endpoint_reply;
	struct proxyipc_endpoint_reply_recv endpoint_reply_recv;
	struct proxyipc_endpoint_resume endpoint_resume;
	struct proxyipc_endpoint_fetch endpoint_fetch;
	struct proxyipc_endpoint_drop endpoint_drop;
	struct proxyipc_entry_call entry_call;
	struct proxyipc_entry_send entry_send;
	struct proxyipc_entry_notify entry_notify;
	struct proxyipc_process_mint process_mint;
	struct proxyipc_process_set_receiver process_set_receiver;
	struct proxyipc_process_hold process_hold;
	struct proxyipc_process_resume process_resume;
	struct proxyipc_process_reply process_reply;
	struct proxyipc_process_fetch_reply process_fetch_reply;
	struct proxyipc_process_info process_info;
	struct proxyipc_process_yield process_yield;
	struct proxyipc_process_set_watchdog process_set_watchdog;
	struct proxyipc_process_keepalive process_keepalive;
	struct proxyipc_process_set_faults process_set_faults;
	struct proxyipc_process_get_regs process_get_regs;
	struct proxyipc_process_set_policy process_set_policy;
	struct proxyipc_reply_send reply_send;
};

const struct proxyipc_command *proxyipc_command_find(const struct file *file,
						     unsigned int number);
int proxyipc_command_import(const struct proxyipc_command *command,
			    union proxyipc_any_params *params,
			    void __user *user);

#endif /* _PROXYIPC_IOCTL_H */
