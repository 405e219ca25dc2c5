// SPDX-License-Identifier: GPL-2.0
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>
#include <linux/proxyipc.h>

#include "device.h"
#include "endpointfd.h"
#include "entry.h"
#include "object.h"
#include "processfd.h"
#include "reply.h"

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

/* The last field of the first version pins the layout of all that precede it. */
#define COMMAND(object, OBJECT, kind, verb, VERB, last, pinned)		\
	[_IOC_NR(PROXYIPC_IOC_##OBJECT##_##VERB)] = {			\
		.fops = &proxyipc_##kind##_fops,			\
		.handler = proxyipc_##object##_##verb##_ioctl,		\
		.size = sizeof(struct proxyipc_##object##_##verb) +	\
			BUILD_BUG_ON_ZERO(sizeof(struct proxyipc_##object##_##verb) != (pinned)), \
		.min_size = offsetofend(struct proxyipc_##object##_##verb, last), \
	}

static const struct proxyipc_command commands[] = {
	COMMAND(device, DEVICE, device, info, INFO, __reserved, 56),
	COMMAND(endpoint, ENDPOINT, device, create, CREATE, out_fd, 16),
	COMMAND(process, PROCESS, device, open, OPEN, __reserved, 40),
	COMMAND(endpoint, ENDPOINT, endpoint, mint, MINT, out_fd, 32),
	COMMAND(endpoint, ENDPOINT, endpoint, recv, RECV, received, 176),
	COMMAND(endpoint, ENDPOINT, endpoint, reply, REPLY, message, 96),
	COMMAND(endpoint, ENDPOINT, endpoint, reply_recv, REPLY_RECV, received, 264),
	COMMAND(endpoint, ENDPOINT, endpoint, resume, RESUME, message, 96),
	COMMAND(endpoint, ENDPOINT, endpoint, fetch, FETCH, __reserved, 24),
	COMMAND(endpoint, ENDPOINT, endpoint, drop, DROP, cap, 16),
	COMMAND(entry, ENTRY, entry, call, CALL, reply, 176),
	COMMAND(entry, ENTRY, entry, send, SEND, message, 96),
	COMMAND(entry, ENTRY, entry, notify, NOTIFY, __reserved, 32),
	COMMAND(process, PROCESS, process, mint, MINT, out_fd, 32),
	COMMAND(process, PROCESS, process, set_receiver, SET_RECEIVER, __reserved, 16),
	COMMAND(process, PROCESS, process, hold, HOLD, __reserved, 32),
	COMMAND(process, PROCESS, process, resume, RESUME, message, 96),
	COMMAND(process, PROCESS, process, reply, REPLY, message, 96),
	COMMAND(process, PROCESS, process, fetch_reply, FETCH_REPLY, __reserved, 24),
	COMMAND(process, PROCESS, process, info, INFO, tid, 144),
	COMMAND(process, PROCESS, process, yield, YIELD, flags, 8),
	COMMAND(process, PROCESS, process, set_watchdog, SET_WATCHDOG, out_interval, 32),
	COMMAND(process, PROCESS, process, keepalive, KEEPALIVE, flags, 8),
	COMMAND(process, PROCESS, process, set_faults, SET_FAULTS, signals, 16),
	COMMAND(process, PROCESS, process, get_regs, GET_REGS, tid, 56),
	COMMAND(process, PROCESS, process, set_policy, SET_POLICY, __reserved, 24),
	COMMAND(reply, REPLY, reply, send, SEND, message, 88),
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

static const struct proxyipc_command *find_command(const struct file *file,
						   unsigned int number)
{
	const struct proxyipc_command *command;
	unsigned int nr = _IOC_NR(number);

	if (number != _IO(PROXYIPC_IOC_TYPE, nr) || nr >= ARRAY_SIZE(commands))
		return NULL;
	command = &commands[array_index_nospec(nr, ARRAY_SIZE(commands))];
	return command->fops == file->f_op ? command : NULL;
}

/**
 * proxyipc_ioctl() - every command of every kind of descriptor
 * @file: the descriptor
 * @number: the command
 * @arg: address of its argument
 *
 * Return: what the command returns; -ENOTTY if this kind has no such command.
 */
long proxyipc_ioctl(struct file *file, unsigned int number, unsigned long arg)
{
	const struct proxyipc_command *command = find_command(file, number);
	void __user *user = (void __user *)arg;
	union proxyipc_any_params params;
	u32 size;
	int ret;

	if (!command)
		return -ENOTTY;
	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < command->min_size)
		return -EINVAL;
	/* No struct gets that long, and its tail would be read byte by byte. */
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(&params, command->size, user, size);
	if (ret)
		return ret;
	/* What was checked is what counts, whatever is there by now. */
	params.size = size;
	return command->handler(file, &params, user);
}
