// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "call.h"
#include "main.h"
#include "reply.h"

/**
 * struct proxyipc_reply - the right to answer one call
 * @call: with a reference; NULL only until proxyipc_reply_fill()
 */
struct proxyipc_reply {
	struct proxyipc_call *call;
};

/**
 * proxyipc_reply_new() - make a reply object without a right
 *
 * Return: the object, or NULL without memory.
 */
struct proxyipc_reply *proxyipc_reply_new(void)
{
	return kzalloc(sizeof(struct proxyipc_reply), GFP_KERNEL_ACCOUNT);
}

/**
 * proxyipc_reply_fill() - move the right to answer to a reply object
 * @reply: fresh
 * @call: the call; its reference moves
 */
void proxyipc_reply_fill(struct proxyipc_reply *reply, struct proxyipc_call *call)
{
	reply->call = call;
}

static void reply_free(void *object)
{
	struct proxyipc_reply *reply = object;

	if (reply->call)
		proxyipc_call_finish(reply->call, -ECANCELED);
	proxyipc_call_put(reply->call);
	kfree(reply);
}

static int reply_release(struct inode *inode, struct file *file)
{
	reply_free(file->private_data);
	return 0;
}

static __poll_t reply_poll(struct file *file, poll_table *table)
{
	struct proxyipc_reply *reply = file->private_data;

	poll_wait(file, &reply->call->wait, table);
	return proxyipc_call_is_done(reply->call) ? EPOLLHUP : EPOLLOUT;
}

static void reply_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct proxyipc_reply *reply = file->private_data;

	seq_puts(m, "proxyipc:\treply\n");
	seq_printf(m, "call:\t%llu\n", reply->call->id);
	seq_printf(m, "state:\t%s\n", proxyipc_call_is_done(reply->call) ?
		   "done" : "unanswered");
}

/**
 * proxyipc_reply_send_ioctl() - PROXYIPC_IOC_REPLY_SEND
 * @file: the reply object
 * @arg: struct proxyipc_reply_send
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_reply_send_ioctl(struct file *file, void *arg, void __user *user)
{
	struct proxyipc_reply *reply = file->private_data;
	struct proxyipc_reply_send *params = arg;
	struct proxyipc_body body;
	int ret;

	if (params->flags)
		return -EINVAL;
	ret = proxyipc_body_import(&body, &params->message);
	if (ret)
		return ret;
	ret = proxyipc_call_reply(reply->call, &body);
	proxyipc_body_deinit(&body);
	return ret;
}

const struct file_operations proxyipc_reply_fops = {
	.owner = THIS_MODULE,
	.release = reply_release,
	.poll = reply_poll,
	.unlocked_ioctl = proxyipc_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.uring_cmd = proxyipc_uring_cmd,
	.show_fdinfo = reply_show_fdinfo,
	.llseek = noop_llseek,
};

const struct proxyipc_object_type proxyipc_reply_type = {
	.name = "[proxyipc-reply]",
	.fops = &proxyipc_reply_fops,
	.release = reply_free,
};
