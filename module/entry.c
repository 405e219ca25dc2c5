// SPDX-License-Identifier: GPL-2.0
#include <linux/err.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "call.h"
#include "endpoint.h"
#include "entry.h"
#include "episode.h"
#include "main.h"
#include "object.h"
#include "process.h"
#include "trace.h"
#include "waiter.h"

#define ENTRY_RIGHTS \
	(PROXYIPC_RIGHT_CALL | PROXYIPC_RIGHT_SEND | PROXYIPC_RIGHT_NOTIFY)

/**
 * struct proxyipc_entry - private data of an entry's file
 * @endpoint: what it invokes, with a reference; or NULL
 * @process: of a proxy entry, likewise; one of both is set
 * @allows: rights and payload
 */
struct proxyipc_entry {
	struct proxyipc_endpoint *endpoint;
	struct proxyipc_process *process;
	struct proxyipc_entry_rights allows;
};

static void entry_free(void *object)
{
	struct proxyipc_entry *entry = object;

	proxyipc_endpoint_put(entry->endpoint);
	proxyipc_process_put(entry->process);
	kfree(entry);
}

static int entry_release(struct inode *inode, struct file *file)
{
	entry_free(file->private_data);
	return 0;
}

/* One path for plain and proxy entries: hand the call over. */
static int entry_submit(struct proxyipc_entry *entry, struct proxyipc_call *call,
			u32 flags)
{
	bool nonblock = flags & PROXYIPC_NONBLOCK;
	int ret;

	trace_proxyipc_invoke(call->id, call->kind, entry->process);
	if (entry->process)
		ret = proxyipc_episode_submit(entry->process, call, nonblock);
	else
		ret = proxyipc_endpoint_submit(entry->endpoint, call, nonblock);
	if (ret)
		trace_proxyipc_abort(call->id, ret);
	return ret;
}

/* And take it back, for proxyipc_call_wait(). */
static void entry_withdraw(struct proxyipc_call *call, void *object, int error)
{
	struct proxyipc_entry *entry = object;

	if (entry->process)
		proxyipc_episode_withdraw(call, entry->process, error);
	else
		proxyipc_endpoint_withdraw(call, entry->endpoint, error);
}

static int entry_invoke(struct proxyipc_entry *entry, struct proxyipc_call *call,
			u32 flags, u64 deadline)
{
	return entry_submit(entry, call, flags) ?:
	       proxyipc_call_wait(call, deadline, entry_withdraw, entry);
}

static int entry_export_reply(const struct proxyipc_call *call,
			      struct proxyipc_message *reply,
			      struct proxyipc_message __user *user)
{
	int ret;

	ret = proxyipc_body_export_data(&call->reply, reply->data);
	if (ret)
		return ret;
	memcpy(reply->words, call->reply.words, sizeof(reply->words));
	reply->data_len = call->reply.data_len;
	return copy_to_user(user, reply, sizeof(*reply)) ? -EFAULT : 0;
}

static struct proxyipc_call *entry_new_call(const struct proxyipc_entry *entry,
					    const struct proxyipc_entry_call *params)
{
	struct proxyipc_call *call;

	if (params->flags & ~PROXYIPC_NONBLOCK || params->reply.__reserved)
		return ERR_PTR(-EINVAL);
	if (!(entry->allows.rights & PROXYIPC_RIGHT_CALL))
		return ERR_PTR(-EACCES);

	call = proxyipc_call_new(PROXYIPC_KIND_CALL, entry->allows.payload,
				 &params->message);
	if (!IS_ERR(call))
		call->reply_size = min_t(u32, params->reply.data_len,
					 PROXYIPC_DATA_MAX);
	return call;
}

static struct proxyipc_call *entry_new_send(const struct proxyipc_entry *entry,
					    const struct proxyipc_entry_send *params)
{
	if (params->flags & ~PROXYIPC_NONBLOCK)
		return ERR_PTR(-EINVAL);
	if (!(entry->allows.rights & PROXYIPC_RIGHT_SEND))
		return ERR_PTR(-EACCES);

	return proxyipc_call_new(PROXYIPC_KIND_SEND, entry->allows.payload,
				 &params->message);
}

/**
 * proxyipc_entry_call_ioctl() - PROXYIPC_IOC_ENTRY_CALL
 * @file: the entry
 * @arg: struct proxyipc_entry_call
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_entry_call_ioctl(struct file *file, void *arg, void __user *user)
{
	struct proxyipc_entry_call __user *user_params = user;
	struct proxyipc_entry *entry = file->private_data;
	struct proxyipc_entry_call *params = arg;
	struct proxyipc_call *call;
	int ret;

	call = entry_new_call(entry, params);
	if (IS_ERR(call))
		return PTR_ERR(call);
	ret = entry_invoke(entry, call, params->flags, params->deadline);
	if (!ret)
		ret = entry_export_reply(call, &params->reply,
					 &user_params->reply);
	proxyipc_call_put(call);
	return ret;
}

/**
 * proxyipc_entry_send_ioctl() - PROXYIPC_IOC_ENTRY_SEND
 * @file: the entry
 * @arg: struct proxyipc_entry_send
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_entry_send_ioctl(struct file *file, void *arg, void __user *user)
{
	struct proxyipc_entry *entry = file->private_data;
	struct proxyipc_entry_send *params = arg;
	struct proxyipc_call *call;
	int ret;

	call = entry_new_send(entry, params);
	if (IS_ERR(call))
		return PTR_ERR(call);
	ret = entry_invoke(entry, call, params->flags, params->deadline);
	proxyipc_call_put(call);
	return ret;
}

/**
 * struct entry_waiter - a call or send whose result is waited for without a task
 * @waiter: waits for it
 * @entry: what was invoked; the command has its file
 * @call: with a reference
 * @reply: of a call: where there is room for the bytes of its reply
 * @user: likewise: where the reply goes; NULL of a send
 */
struct entry_waiter {
	struct proxyipc_waiter waiter;
	struct proxyipc_entry *entry;
	struct proxyipc_call *call;
	struct proxyipc_message reply;
	struct proxyipc_message __user *user;
};

static struct entry_waiter *to_invocation(struct proxyipc_waiter *waiter)
{
	return container_of(waiter, struct entry_waiter, waiter);
}

static bool invocation_is_due(struct proxyipc_waiter *waiter)
{
	return proxyipc_call_is_done(to_invocation(waiter)->call);
}

static int invocation_attempt(struct proxyipc_waiter *waiter)
{
	struct entry_waiter *invocation = to_invocation(waiter);
	struct proxyipc_call *call = invocation->call;

	if (!proxyipc_call_is_done(call))
		return -EIOCBQUEUED;
	if (call->result || !invocation->user)
		return call->result;
	return entry_export_reply(call, &invocation->reply, invocation->user);
}

static int invocation_give_up(struct proxyipc_waiter *waiter, int error)
{
	struct entry_waiter *invocation = to_invocation(waiter);

	entry_withdraw(invocation->call, invocation->entry, error);
	/* If it was picked up it is abandoned: the answer will find nobody. */
	proxyipc_call_finish(invocation->call, error);
	return invocation->call->result;
}

static void invocation_release(struct proxyipc_waiter *waiter)
{
	struct entry_waiter *invocation = to_invocation(waiter);

	proxyipc_call_put(invocation->call);
	kfree(invocation);
}

static const struct proxyipc_waiter_ops invocation_ops = {
	.is_due = invocation_is_due,
	.attempt = invocation_attempt,
	.give_up = invocation_give_up,
	.release = invocation_release,
};

/* Hand @call over, whose reference moves. As for proxyipc_call_wait(), but begins. */
static int entry_begin(struct proxyipc_entry *entry, struct proxyipc_call *call,
		       u32 flags, const struct entry_waiter *template,
		       struct proxyipc_waiter **waiter)
{
	struct entry_waiter *invocation;
	int ret;

	/* First: once it was handed over nothing may fail. */
	invocation = kmemdup(template, sizeof(*template), GFP_KERNEL_ACCOUNT);
	if (!invocation) {
		proxyipc_call_put(call);
		return -ENOMEM;
	}
	invocation->waiter.ops = &invocation_ops;
	invocation->waiter.queue = &call->wait;
	invocation->entry = entry;
	invocation->call = call;

	ret = entry_submit(entry, call, flags) ?:
	      invocation_attempt(&invocation->waiter);
	if (ret == -EIOCBQUEUED)
		*waiter = &invocation->waiter;
	else
		invocation_release(&invocation->waiter);
	return ret;
}

/**
 * proxyipc_entry_call_begin() - PROXYIPC_IOC_ENTRY_CALL, from a ring
 * @file: the entry
 * @arg: struct proxyipc_entry_call
 * @user: where it came from
 * @waiter: receives what waits
 *
 * Return: as documented for the command; -EIOCBQUEUED, with @waiter, if it waits.
 */
long proxyipc_entry_call_begin(struct file *file, void *arg, void __user *user,
			       struct proxyipc_waiter **waiter)
{
	struct proxyipc_entry_call __user *user_params = user;
	struct proxyipc_entry *entry = file->private_data;
	struct proxyipc_entry_call *params = arg;
	const struct entry_waiter template = {
		.waiter.deadline = params->deadline,
		.reply = params->reply,
		.user = &user_params->reply,
	};
	struct proxyipc_call *call = entry_new_call(entry, params);

	if (IS_ERR(call))
		return PTR_ERR(call);
	return entry_begin(entry, call, params->flags, &template, waiter);
}

/**
 * proxyipc_entry_send_begin() - PROXYIPC_IOC_ENTRY_SEND, from a ring
 * @file: the entry
 * @arg: struct proxyipc_entry_send
 * @user: where it came from
 * @waiter: receives what waits
 *
 * Return: as documented for the command; -EIOCBQUEUED, with @waiter, if it waits.
 */
long proxyipc_entry_send_begin(struct file *file, void *arg, void __user *user,
			       struct proxyipc_waiter **waiter)
{
	struct proxyipc_entry *entry = file->private_data;
	struct proxyipc_entry_send *params = arg;
	const struct entry_waiter template = {
		.waiter.deadline = params->deadline,
	};
	struct proxyipc_call *call = entry_new_send(entry, params);

	if (IS_ERR(call))
		return PTR_ERR(call);
	return entry_begin(entry, call, params->flags, &template, waiter);
}

/**
 * proxyipc_entry_notify_ioctl() - PROXYIPC_IOC_ENTRY_NOTIFY
 * @file: the entry
 * @arg: struct proxyipc_entry_notify
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_entry_notify_ioctl(struct file *file, void *arg, void __user *user)
{
	struct proxyipc_entry *entry = file->private_data;
	struct proxyipc_entry_notify *params = arg;
	int ret;

	if (params->flags || params->__reserved || !params->notices)
		return -EINVAL;
	params->out_posted = params->notices & entry->allows.notice_mask;
	if (!(entry->allows.rights & PROXYIPC_RIGHT_NOTIFY) ||
	    !params->out_posted)
		return -EACCES;

	if (entry->process) {
		ret = proxyipc_episode_notify(entry->process,
					      params->out_posted,
					      &params->out_state);
	} else {
		params->out_state = PROXYIPC_NOTIFIED_POSTED;
		ret = proxyipc_endpoint_notify(entry->endpoint,
					       params->out_posted);
	}
	/* The bits are posted whether or not the caller can be told. */
	return ret ?: proxyipc_params_export(user, params, sizeof(*params));
}

static __poll_t entry_poll(struct file *file, poll_table *table)
{
	struct proxyipc_entry *entry = file->private_data;
	struct proxyipc_endpoint *ep = entry->endpoint;
	__poll_t mask = 0;

	if (entry->process) {
		poll_wait(file, &entry->process->wait, table);
		return proxyipc_process_poll_entry(entry->process);
	}

	poll_wait(file, &ep->changed, table);
	spin_lock(&ep->lock);
	if (ep->dead)
		mask |= EPOLLHUP | EPOLLERR;
	else if (ep->nr_sends < ep->queue_limit)
		mask |= EPOLLOUT;
	spin_unlock(&ep->lock);
	return mask;
}

static void entry_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct proxyipc_entry *entry = file->private_data;
	u32 rights = entry->allows.rights;

	seq_printf(m, "proxyipc:\t%s\n",
		   entry->process ? "proxy entry" : "entry");
	seq_printf(m, "rights:\t%s%s%s\n",
		   rights & PROXYIPC_RIGHT_CALL ? " call" : "",
		   rights & PROXYIPC_RIGHT_SEND ? " send" : "",
		   rights & PROXYIPC_RIGHT_NOTIFY ? " notify" : "");
	seq_printf(m, "notice-mask:\t%#llx\n", entry->allows.notice_mask);
	if (entry->process)
		seq_printf(m, "object:\t%llu\ntarget:\t%d\n",
			   entry->process->id,
			   task_pid_vnr(proxyipc_identity_task(&entry->process->identity)));
	else
		seq_printf(m, "receiver:\t%s\n",
			   proxyipc_endpoint_is_dead(entry->endpoint) ?
			   "gone" : "present");
}

const struct file_operations proxyipc_entry_fops = {
	.owner = THIS_MODULE,
	.release = entry_release,
	.poll = entry_poll,
	.unlocked_ioctl = proxyipc_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.uring_cmd = proxyipc_uring_cmd,
	.show_fdinfo = entry_show_fdinfo,
	.llseek = noop_llseek,
};

static const struct proxyipc_object_type entry_type = {
	.name = "[proxyipc-entry]",
	.fops = &proxyipc_entry_fops,
	.release = entry_free,
};

/**
 * proxyipc_entry_publish() - mint an entry
 * @ep: what it invokes, or NULL
 * @process: what a proxy entry invokes, or NULL; one of both is given
 * @rights: what it allows, checked here
 * @params: as in proxyipc_object_publish()
 * @out_fd: likewise
 * @user: likewise
 * @size: likewise
 *
 * Context: may sleep.
 *
 * Return: 0, -EINVAL for rights that make no sense, or as
 * proxyipc_object_publish().
 */
int proxyipc_entry_publish(struct proxyipc_endpoint *ep,
			   struct proxyipc_process *process,
			   const struct proxyipc_entry_rights *rights,
			   void *params, s32 *out_fd, void __user *user,
			   size_t size)
{
	struct proxyipc_entry *entry;

	if (!rights->rights || rights->rights & ~ENTRY_RIGHTS)
		return -EINVAL;
	if (rights->notice_mask && !(rights->rights & PROXYIPC_RIGHT_NOTIFY))
		return -EINVAL;

	entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return -ENOMEM;
	entry->endpoint = ep ? proxyipc_endpoint_get(ep) : NULL;
	entry->process = process ? proxyipc_process_get(process) : NULL;
	entry->allows = *rights;
	return proxyipc_object_publish(&entry_type, entry, params, out_fd, user,
				       size);
}

/**
 * proxyipc_entry_get_endpoint() - what an entry for a receiver slot names
 * @fd: a plain entry with the right to send
 * @ep: receives the endpoint, with a reference
 * @payload: receives the entry's payload
 *
 * Return: 0, -EBADF (not open), -EINVAL (not a plain entry), -EACCES.
 */
int proxyipc_entry_get_endpoint(int fd, struct proxyipc_endpoint **ep,
				u64 *payload)
{
	struct file *file = fget(fd);
	struct proxyipc_entry *entry;
	int ret = 0;

	if (!file)
		return -EBADF;
	entry = file->private_data;
	if (file->f_op != &proxyipc_entry_fops || !entry->endpoint) {
		ret = -EINVAL;
	} else if (!(entry->allows.rights & PROXYIPC_RIGHT_SEND)) {
		ret = -EACCES;
	} else {
		*ep = proxyipc_endpoint_get(entry->endpoint);
		*payload = entry->allows.payload;
	}
	fput(file);
	return ret;
}
