// SPDX-License-Identifier: GPL-2.0
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/nospec.h>

#include "compat.h"
#include "endpointfd.h"
#include "entry.h"
#include "ioctl.h"
#include "object.h"
#include "processfd.h"
#include "reply.h"
#include "waiter.h"

/**
 * DOC: Commands through io_uring
 *
 * The commands of a server's and a client's loop are taken from rings as well, with the
 * same numbers and the same structs as by ioctl(2). What doesn't wait is done while it
 * is submitted, by the same handler. What may wait has a second handler, which begins
 * it and, if it has to wait, gives back a waiter (waiter.h) instead of sleeping.
 *
 * Where the kernel can't cancel a command (6.1), or the submitter asked for a thread
 * (IOSQE_ASYNC), io_uring has a worker of its own execute it, which sleeps in the first
 * handler like any other task. On such a kernel, what is tried before has to be
 * harmless: the worker begins anew.
 */

/**
 * struct uring_command - a command that rings may have executed
 * @known: false for all that aren't in the table
 * @repeatable: @begin has no effect if it has to wait, and can be called again
 * @begin: of one that may wait: as its handler, but gives back a waiter, together with
 *	-EIOCBQUEUED, where that sleeps
 */
struct uring_command {
	bool known;
	bool repeatable;
	long (*begin)(struct file *file, void *arg, void __user *user,
		      struct proxyipc_waiter **waiter);
};

#define AT_ONCE(OBJECT, VERB)						\
	[_IOC_NR(PROXYIPC_IOC_##OBJECT##_##VERB)] = { .known = true }
#define WAITS(object, OBJECT, verb, VERB, is_repeatable)		\
	[_IOC_NR(PROXYIPC_IOC_##OBJECT##_##VERB)] = {			\
		.known = true,						\
		.repeatable = is_repeatable,				\
		.begin = proxyipc_##object##_##verb##_begin,		\
	}

static const struct uring_command uring_commands[] = {
	WAITS(endpoint, ENDPOINT, recv, RECV, true),
	AT_ONCE(ENDPOINT, REPLY),
	WAITS(endpoint, ENDPOINT, reply_recv, REPLY_RECV, true),
	AT_ONCE(ENDPOINT, RESUME),
	AT_ONCE(ENDPOINT, DROP),
	WAITS(entry, ENTRY, call, CALL, false),
	WAITS(entry, ENTRY, send, SEND, false),
	AT_ONCE(ENTRY, NOTIFY),
	WAITS(process, PROCESS, hold, HOLD, false),
	AT_ONCE(PROCESS, RESUME),
	AT_ONCE(PROCESS, REPLY),
	AT_ONCE(PROCESS, KEEPALIVE),
	AT_ONCE(REPLY, SEND),
};

static const struct uring_command *uring_find(unsigned int number)
{
	unsigned int nr = _IOC_NR(number);
	const struct uring_command *found;

	if (nr >= ARRAY_SIZE(uring_commands))
		return NULL;
	found = &uring_commands[array_index_nospec(nr, ARRAY_SIZE(uring_commands))];
	return found->known ? found : NULL;
}

/* Where the argument is. It is in memory that the submitter may write to meanwhile. */
static int uring_argument(struct io_uring_cmd *cmd, void __user **user)
{
	const struct proxyipc_uring *payload = proxyipc_uring_payload(cmd);

	if (READ_ONCE(payload->__reserved))
		return -EINVAL;
	*user = u64_to_user_ptr(READ_ONCE(payload->argument));
	return 0;
}

/* By a worker of io_uring, which may sleep. */
static int uring_execute(struct io_uring_cmd *cmd,
			 const struct proxyipc_command *command, void *params,
			 void __user *user)
{
	int ret = command->handler(cmd->file, params, user);

	/* There is no system call to restart. */
	return ret == -ERESTARTSYS ? -EINTR : ret;
}

/* By the submitter, who must not sleep for long: he has the ring locked. */
static int uring_submit(struct io_uring_cmd *cmd,
			const struct proxyipc_command *command,
			const struct uring_command *in_ring, void *params,
			void __user *user, unsigned int issue_flags)
{
	struct proxyipc_waiter *waiter = NULL;
	int ret;

	if (!in_ring->begin)
		ret = command->handler(cmd->file, params, user);
	else if (PROXYIPC_URING_CAN_WAIT || in_ring->repeatable)
		ret = in_ring->begin(cmd->file, params, user, &waiter);
	else
		return -EAGAIN;

	if (waiter && PROXYIPC_URING_CAN_WAIT)
		return proxyipc_waiter_wait(waiter, cmd, issue_flags);
	if (waiter) {
		waiter->ops->release(waiter);
		return -EAGAIN;
	}
	if (ret != -EAGAIN)
		return ret;
	/* The result, and not the wish for a worker that it would be taken for. */
	proxyipc_uring_done(cmd, ret, issue_flags);
	return -EIOCBQUEUED;
}

static int uring_issue(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	const struct proxyipc_command *command =
		proxyipc_command_find(cmd->file, cmd->cmd_op);
	const struct uring_command *in_ring = uring_find(cmd->cmd_op);
	union proxyipc_any_params params;
	void __user *user;
	int ret;

	if (!command || !in_ring)
		return -ENOTTY;
	/* Success of one with IORING_URING_CMD_MULTISHOT may mean "not yet" to io_uring. */
	if (proxyipc_uring_has_flags(cmd))
		return -EINVAL;
	ret = uring_argument(cmd, &user) ?:
	      proxyipc_command_import(command, &params, user);
	if (ret)
		return ret;
	if (!(issue_flags & IO_URING_F_NONBLOCK))
		return uring_execute(cmd, command, &params, user);
	return uring_submit(cmd, command, in_ring, &params, user, issue_flags);
}

/**
 * proxyipc_uring_cmd() - a command from a ring, of every kind of descriptor
 * @cmd: the command
 * @issue_flags: who issues it, and how; or that it is to be cancelled
 *
 * Return: its result; -EIOCBQUEUED if it is completed by other means, -EAGAIN if a
 * worker is to execute it.
 */
int proxyipc_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	if (proxyipc_uring_is_cancel(issue_flags)) {
		proxyipc_waiter_cancel(cmd, issue_flags);
		return 0;
	}
	return uring_issue(cmd, issue_flags);
}
