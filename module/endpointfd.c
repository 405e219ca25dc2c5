// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "call.h"
#include "endpoint.h"
#include "endpointfd.h"
#include "entry.h"
#include "episode.h"
#include "main.h"
#include "object.h"
#include "process.h"
#include "processfd.h"
#include "receive.h"
#include "receiver.h"
#include "reply.h"

static void endpointfd_free(void *object)
{
	struct proxyipc_endpoint *ep = object;

	proxyipc_endpoint_kill(ep);
	proxyipc_receiver_strip(ep);
	proxyipc_episode_endpoint_closed(ep);
	proxyipc_endpoint_put(ep);
}

static int endpoint_release(struct inode *inode, struct file *file)
{
	endpointfd_free(file->private_data);
	return 0;
}

static __poll_t endpoint_poll(struct file *file, poll_table *table)
{
	struct proxyipc_endpoint *ep = file->private_data;

	poll_wait(file, &ep->wait, table);
	return READ_ONCE(ep->nr_queued) ? EPOLLIN | EPOLLRDNORM : 0;
}

static void endpoint_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct proxyipc_endpoint *ep = file->private_data;
	unsigned int blocked = 0;
	struct list_head *link;

	seq_puts(m, "proxyipc:\tendpoint\n");
	spin_lock(&ep->lock);
	list_for_each(link, &ep->blocked)
		blocked++;
	seq_printf(m, "queued:\t%u\nsends:\t%u/%u\nblocked:\t%u\n",
		   ep->nr_queued, ep->nr_sends, ep->queue_limit, blocked);
	seq_printf(m, "notices:\t%#llx\nreceiver:\t%d\n", ep->notices,
		   pid_vnr(ep->receiver));
	spin_unlock(&ep->lock);
}

/*
 * The held process that a cap names, with a reference, and its episode. The cap
 * is good only as long as that goes on; whoever uses the token checks again.
 */
static struct proxyipc_process *endpoint_find_process(struct proxyipc_endpoint *ep,
						      u64 cap, u64 *token)
{
	struct proxyipc_process *process = NULL;
	struct proxyipc_receiver *receiver;
	void *object;
	int ret;

	spin_lock(&ep->lock);
	if (proxyipc_caps_find(&ep->caps, cap, &object) == PROXYIPC_CAP_RECEIVER) {
		receiver = object;
		process = receiver->process;
		*token = receiver->letter.token;
		if (!proxyipc_process_tryget(process))
			process = NULL;
	}
	spin_unlock(&ep->lock);
	if (!process)
		return ERR_PTR(-ESTALE);

	ret = proxyipc_episode_is_received(process, *token) ?
	      proxyipc_process_check(process) : -ESTALE;
	if (ret) {
		proxyipc_process_put(process);
		return ERR_PTR(ret);
	}
	return process;
}

/*
 * Answer what a cap names. @used: it can't be answered by this cap any more.
 */
static int endpoint_answer(struct proxyipc_endpoint *ep, u64 cap,
			   struct proxyipc_body *body, bool *used)
{
	struct proxyipc_process *process;
	struct proxyipc_call *call;
	u64 token;
	int ret;

	ret = proxyipc_endpoint_take_call(ep, cap, body->data_len, &call);
	if (!ret) {
		*used = true;
		ret = proxyipc_call_reply(call, body);
		proxyipc_call_put(call);
		return ret;
	}
	if (ret != -ESTALE)
		return ret;

	process = endpoint_find_process(ep, cap, &token);
	if (IS_ERR(process))
		return PTR_ERR(process);
	ret = proxyipc_episode_reply(process, token, body);
	*used = !ret;
	proxyipc_process_put(process);
	return ret;
}

/* Resume the held process that a cap names; @body is NULL without an answer. */
static int endpoint_resume(struct proxyipc_endpoint *ep, u64 cap,
			   struct proxyipc_body *body, u32 flags, bool *used)
{
	struct proxyipc_process *process;
	u64 token;
	int ret;

	process = endpoint_find_process(ep, cap, &token);
	if (IS_ERR(process))
		return PTR_ERR(process);
	ret = proxyipc_episode_resume(process, token, body, flags);
	*used = ret != -EMSGSIZE && ret != -ESTALE && ret != -EINVAL && ret != -EPERM;
	proxyipc_process_put(process);
	return ret;
}

/**
 * proxyipc_endpoint_mint_ioctl() - PROXYIPC_IOC_ENDPOINT_MINT
 * @file: the endpoint
 * @arg: struct proxyipc_endpoint_mint
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_endpoint_mint_ioctl(struct file *file, void *arg,
				  void __user *user)
{
	struct proxyipc_endpoint_mint *params = arg;
	const struct proxyipc_entry_rights rights = {
		.rights = params->rights,
		.notice_mask = params->notice_mask,
		.payload = params->payload,
	};

	if (params->flags)
		return -EINVAL;
	return proxyipc_entry_publish(file->private_data, NULL, &rights, params,
				      &params->out_fd, user, sizeof(*params));
}

static bool recv_is_valid(const struct proxyipc_endpoint_recv *params)
{
	return !(params->flags & ~PROXYIPC_NONBLOCK) &&
	       !params->received.__reserved;
}

/**
 * proxyipc_endpoint_recv_ioctl() - PROXYIPC_IOC_ENDPOINT_RECV
 * @file: the endpoint
 * @arg: struct proxyipc_endpoint_recv
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_endpoint_recv_ioctl(struct file *file, void *arg,
				  void __user *user)
{
	struct proxyipc_endpoint_recv __user *user_params = user;
	struct proxyipc_endpoint_recv *params = arg;

	if (!recv_is_valid(params))
		return -EINVAL;
	return proxyipc_receive(file->private_data, &params->received,
				&user_params->received,
				params->flags & PROXYIPC_NONBLOCK,
				params->deadline);
}

/**
 * proxyipc_endpoint_recv_begin() - PROXYIPC_IOC_ENDPOINT_RECV, from a ring
 * @file: the endpoint
 * @arg: struct proxyipc_endpoint_recv
 * @user: where it came from
 * @waiter: receives what waits
 *
 * Return: as documented for the command, or as proxyipc_receive_begin().
 */
long proxyipc_endpoint_recv_begin(struct file *file, void *arg,
				  void __user *user,
				  struct proxyipc_waiter **waiter)
{
	struct proxyipc_endpoint_recv __user *user_params = user;
	struct proxyipc_endpoint_recv *params = arg;

	if (!recv_is_valid(params))
		return -EINVAL;
	return proxyipc_receive_begin(file->private_data, &params->received,
				      &user_params->received,
				      params->flags & PROXYIPC_NONBLOCK,
				      params->deadline, waiter);
}

/**
 * proxyipc_endpoint_reply_ioctl() - PROXYIPC_IOC_ENDPOINT_REPLY
 * @file: the endpoint
 * @arg: struct proxyipc_endpoint_reply
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_endpoint_reply_ioctl(struct file *file, void *arg,
				   void __user *user)
{
	struct proxyipc_endpoint_reply *params = arg;
	struct proxyipc_body body;
	bool used;
	int ret;

	if (params->flags)
		return -EINVAL;
	ret = proxyipc_body_import(&body, &params->message);
	if (ret)
		return ret;
	ret = endpoint_answer(file->private_data, params->cap, &body, &used);
	proxyipc_body_deinit(&body);
	return ret;
}

#define RESUME_ANY	(PROXYIPC_RESUME_REPLY | PROXYIPC_RESUME_ONLY)

static bool reply_recv_is_valid(const struct proxyipc_endpoint_reply_recv *params)
{
	u32 resume = params->flags & RESUME_ANY;

	if (params->flags & ~(PROXYIPC_NONBLOCK | RESUME_ANY |
			      PROXYIPC_RESUME_VERDICT) ||
	    !proxyipc_episode_verdict_is_valid(params->flags) ||
	    params->received.__reserved)
		return false;
	if (resume == RESUME_ANY ||
	    (params->flags & PROXYIPC_RESUME_VERDICT && !resume))
		return false;
	/* Restarted after the first half was done: @message is still there. */
	if (!params->cap)
		return true;
	return resume != PROXYIPC_RESUME_ONLY ||
	       proxyipc_message_is_zero(&params->message);
}

static int reply_recv_answer(struct proxyipc_endpoint *ep,
			     const struct proxyipc_endpoint_reply_recv *params,
			     bool *used)
{
	struct proxyipc_body body;
	int ret;

	if (params->flags & PROXYIPC_RESUME_ONLY)
		return endpoint_resume(ep, params->cap, NULL, params->flags,
				       used);

	ret = proxyipc_body_import(&body, &params->message);
	if (ret)
		return ret;
	if (params->flags & PROXYIPC_RESUME_REPLY)
		ret = endpoint_resume(ep, params->cap, &body, params->flags,
				      used);
	else
		ret = endpoint_answer(ep, params->cap, &body, used);
	proxyipc_body_deinit(&body);
	return ret;
}

/* The first half of REPLY_RECV. */
static int reply_recv_first(struct proxyipc_endpoint *ep,
			    const struct proxyipc_endpoint_reply_recv *params,
			    struct proxyipc_endpoint_reply_recv __user *user)
{
	bool used = false;
	int ret;

	if (!reply_recv_is_valid(params))
		return -EINVAL;
	if (!params->cap)
		return 0;
	ret = reply_recv_answer(ep, params, &used);
	/* At once: a restart after a signal must not do it again. */
	if (used && put_user(0ULL, &user->cap))
		return -EFAULT;
	return ret;
}

/**
 * proxyipc_endpoint_reply_recv_ioctl() - PROXYIPC_IOC_ENDPOINT_REPLY_RECV
 * @file: the endpoint
 * @arg: struct proxyipc_endpoint_reply_recv
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_endpoint_reply_recv_ioctl(struct file *file, void *arg,
					void __user *user)
{
	struct proxyipc_endpoint_reply_recv __user *user_params = user;
	struct proxyipc_endpoint_reply_recv *params = arg;
	int ret;

	ret = reply_recv_first(file->private_data, params, user_params);
	if (ret)
		return ret;
	return proxyipc_receive(file->private_data, &params->received,
				&user_params->received,
				params->flags & PROXYIPC_NONBLOCK,
				params->deadline);
}

/**
 * proxyipc_endpoint_reply_recv_begin() - PROXYIPC_IOC_ENDPOINT_REPLY_RECV, from a ring
 * @file: the endpoint
 * @arg: struct proxyipc_endpoint_reply_recv
 * @user: where it came from
 * @waiter: receives what waits
 *
 * Begun again it doesn't answer again: there is no cap any more.
 *
 * Return: as documented for the command, or as proxyipc_receive_begin().
 */
long proxyipc_endpoint_reply_recv_begin(struct file *file, void *arg,
					void __user *user,
					struct proxyipc_waiter **waiter)
{
	struct proxyipc_endpoint_reply_recv __user *user_params = user;
	struct proxyipc_endpoint_reply_recv *params = arg;
	int ret;

	ret = reply_recv_first(file->private_data, params, user_params);
	if (ret)
		return ret;
	return proxyipc_receive_begin(file->private_data, &params->received,
				      &user_params->received,
				      params->flags & PROXYIPC_NONBLOCK,
				      params->deadline, waiter);
}

/**
 * proxyipc_endpoint_resume_ioctl() - PROXYIPC_IOC_ENDPOINT_RESUME
 * @file: the endpoint
 * @arg: struct proxyipc_endpoint_resume
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_endpoint_resume_ioctl(struct file *file, void *arg,
				    void __user *user)
{
	struct proxyipc_endpoint_resume *params = arg;
	bool reply = params->flags & PROXYIPC_RESUME_REPLY;
	struct proxyipc_body body = {};
	bool used;
	int ret;

	if (params->flags & ~(PROXYIPC_RESUME_REPLY | PROXYIPC_RESUME_VERDICT) ||
	    !proxyipc_episode_verdict_is_valid(params->flags) ||
	    (!reply && !proxyipc_message_is_zero(&params->message)))
		return -EINVAL;
	if (reply) {
		ret = proxyipc_body_import(&body, &params->message);
		if (ret)
			return ret;
	}
	ret = endpoint_resume(file->private_data, params->cap,
			      reply ? &body : NULL, params->flags, &used);
	proxyipc_body_deinit(&body);
	return ret;
}

static int endpoint_fetch_reply(struct proxyipc_endpoint *ep,
				struct proxyipc_endpoint_fetch *params,
				void __user *user)
{
	struct proxyipc_publication publication;
	struct proxyipc_reply *reply;
	struct proxyipc_call *call;
	int ret;

	reply = proxyipc_reply_new();
	if (!reply)
		return -ENOMEM;
	ret = proxyipc_object_prepare(&publication, &proxyipc_reply_type, reply,
				      params, &params->out_fd, user,
				      sizeof(*params));
	if (ret)
		return ret;

	/* The right moves only now that nothing else can fail. */
	ret = proxyipc_endpoint_take_call(ep, params->cap, 0, &call);
	if (ret) {
		proxyipc_object_abort(&publication);
		return ret;
	}
	proxyipc_reply_fill(reply, call);
	proxyipc_object_commit(&publication);
	return 0;
}

/**
 * proxyipc_endpoint_fetch_ioctl() - PROXYIPC_IOC_ENDPOINT_FETCH
 * @file: the endpoint
 * @arg: struct proxyipc_endpoint_fetch
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_endpoint_fetch_ioctl(struct file *file, void *arg,
				   void __user *user)
{
	struct proxyipc_endpoint_fetch *params = arg;
	struct proxyipc_endpoint *ep = file->private_data;
	struct proxyipc_process *process;
	u64 token;
	int ret;

	if (params->flags || params->__reserved)
		return -EINVAL;

	if (proxyipc_endpoint_names_call(ep, params->cap))
		return endpoint_fetch_reply(ep, params, user);

	process = endpoint_find_process(ep, params->cap, &token);
	if (IS_ERR(process))
		return PTR_ERR(process);
	ret = proxyipc_processfd_publish(process, params, &params->out_fd, user,
					 sizeof(*params));
	proxyipc_process_put(process);
	return ret;
}

/**
 * proxyipc_endpoint_drop_ioctl() - PROXYIPC_IOC_ENDPOINT_DROP
 * @file: the endpoint
 * @arg: struct proxyipc_endpoint_drop
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_endpoint_drop_ioctl(struct file *file, void *arg,
				  void __user *user)
{
	struct proxyipc_endpoint *ep = file->private_data;
	struct proxyipc_endpoint_drop *params = arg;
	struct proxyipc_call *call;
	bool used;

	if (params->flags)
		return -EINVAL;

	if (proxyipc_endpoint_take_call(ep, params->cap, 0, &call))
		return endpoint_resume(ep, params->cap, NULL, 0, &used);
	proxyipc_call_finish(call, -ECANCELED);
	proxyipc_call_put(call);
	return 0;
}

const struct file_operations proxyipc_endpoint_fops = {
	.owner = THIS_MODULE,
	.release = endpoint_release,
	.poll = endpoint_poll,
	.unlocked_ioctl = proxyipc_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.uring_cmd = proxyipc_uring_cmd,
	.show_fdinfo = endpoint_show_fdinfo,
	.llseek = noop_llseek,
};

static const struct proxyipc_object_type endpointfd_type = {
	.name = "[proxyipc-endpoint]",
	.fops = &proxyipc_endpoint_fops,
	.release = endpointfd_free,
};

/**
 * proxyipc_endpointfd_publish() - the descriptor of a new endpoint
 * @ep: the endpoint; its reference moves
 * @params: as in proxyipc_object_publish()
 * @out_fd: likewise
 * @user: likewise
 * @size: likewise
 *
 * Context: may sleep.
 *
 * Return: as proxyipc_object_publish().
 */
int proxyipc_endpointfd_publish(struct proxyipc_endpoint *ep, void *params,
				s32 *out_fd, void __user *user, size_t size)
{
	return proxyipc_object_publish(&endpointfd_type, ep, params, out_fd,
				       user, size);
}
