// SPDX-License-Identifier: GPL-2.0
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "device.h"
#include "endpointfd.h"
#include "entry.h"
#include "ioctl.h"
#include "object.h"
#include "processfd.h"
#include "reply.h"

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

/**
 * proxyipc_command_find() - the command that a number names
 * @file: the descriptor that it was given for
 * @number: any number
 *
 * Return: the command, or NULL if this kind of descriptor has no such one.
 */
const struct proxyipc_command *proxyipc_command_find(const struct file *file,
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
 * proxyipc_command_import() - copy the argument of a command in
 * @command: the command
 * @params: receives it, as this kernel knows it
 * @user: where it is
 *
 * Context: may sleep.
 *
 * Return: 0, -EINVAL, -E2BIG or -EFAULT.
 */
int proxyipc_command_import(const struct proxyipc_command *command,
			    union proxyipc_any_params *params,
			    void __user *user)
{
	u32 size;
	int ret;

	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < command->min_size)
		return -EINVAL;
	/* No struct gets that long, and its tail would be read byte by byte. */
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(params, command->size, user, size);
	if (ret)
		return ret;
	/* What was checked is what counts, whatever is there by now. */
	params->size = size;
	return 0;
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
	const struct proxyipc_command *command =
		proxyipc_command_find(file, number);
	void __user *user = (void __user *)arg;
	union proxyipc_any_params params;
	int ret;

	if (!command)
		return -ENOTTY;
	ret = proxyipc_command_import(command, &params, user);
	if (ret)
		return ret;
	return command->handler(file, &params, user);
}
