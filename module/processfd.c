// SPDX-License-Identifier: GPL-2.0
#include <linux/cred.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "call.h"
#include "endpoint.h"
#include "entry.h"
#include "episode.h"
#include "lease.h"
#include "main.h"
#include "manual.h"
#include "object.h"
#include "process.h"
#include "processfd.h"
#include "receiver.h"
#include "regs.h"
#include "reply.h"

/**
 * struct proxyipc_processfd - private data of a process object's file
 * @process: the object, with a reference; constant
 * @manual: the hold by hand of this file
 */
struct proxyipc_processfd {
	struct proxyipc_process *process;
	struct proxyipc_manual manual;
};

static struct proxyipc_process *file_process(struct file *file)
{
	struct proxyipc_processfd *processfd = file->private_data;

	return processfd->process;
}

static void processfd_free(void *object)
{
	struct proxyipc_processfd *processfd = object;

	proxyipc_manual_deinit(&processfd->manual);
	proxyipc_process_put(processfd->process);
	kfree(processfd);
}

static int process_release(struct inode *inode, struct file *file)
{
	processfd_free(file->private_data);
	return 0;
}

static __poll_t process_poll(struct file *file, poll_table *table)
{
	struct proxyipc_process *process = file_process(file);
	struct proxyipc_manual *manual;
	__poll_t mask = 0;

	poll_wait(file, &process->wait, table);
	if (proxyipc_process_check(process))
		mask |= EPOLLHUP;
	spin_lock(&process->lock);
	if (process->ended)
		mask |= EPOLLHUP;
	if (process->episode.state == PROXYIPC_EPISODE_DELIVERED ||
	    process->episode.state == PROXYIPC_EPISODE_RECEIVED)
		mask |= EPOLLIN;
	list_for_each_entry(manual, &process->manual, link)
		if (manual->since)
			mask |= EPOLLIN;
	spin_unlock(&process->lock);
	return mask;
}

static int process_mmap(struct file *file, struct vm_area_struct *vma)
{
	return proxyipc_identity_map(&file_process(file)->identity, vma);
}

/**
 * proxyipc_process_mint_ioctl() - PROXYIPC_IOC_PROCESS_MINT
 * @file: the process object
 * @arg: struct proxyipc_process_mint
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_process_mint_ioctl(struct file *file, void *arg, void __user *user)
{
	struct proxyipc_process *process = file_process(file);
	struct proxyipc_process_mint *params = arg;
	const struct proxyipc_entry_rights rights = {
		.rights = params->rights,
		.notice_mask = params->notice_mask,
		.payload = params->payload,
	};
	int ret;

	if (params->flags)
		return -EINVAL;
	ret = proxyipc_process_check(process);
	if (ret)
		return ret;
	return proxyipc_entry_publish(NULL, process, &rights, params,
				      &params->out_fd, user, sizeof(*params));
}

/* What an entry names that is to go into a slot; -1 for none, which is NULL. */
static int get_slot_endpoint(int fd, struct proxyipc_endpoint **ep, u64 *payload)
{
	*ep = NULL;
	*payload = 0;
	if (fd == -1)
		return 0;
	return fd < -1 ? -EINVAL : proxyipc_entry_get_endpoint(fd, ep, payload);
}

/**
 * proxyipc_process_set_receiver_ioctl() - PROXYIPC_IOC_PROCESS_SET_RECEIVER
 * @file: the process object
 * @arg: struct proxyipc_process_set_receiver
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_process_set_receiver_ioctl(struct file *file, void *arg,
					 void __user *user)
{
	struct proxyipc_process_set_receiver *params = arg;
	struct proxyipc_process *process = file_process(file);
	struct proxyipc_endpoint *ep;
	u64 payload;
	int ret;

	if (params->flags || params->__reserved)
		return -EINVAL;
	ret = proxyipc_process_check(process) ?:
	      get_slot_endpoint(params->entry_fd, &ep, &payload);
	if (ret)
		return ret;
	ret = proxyipc_process_set_receiver(process, ep, payload);
	proxyipc_endpoint_put(ep);
	return ret;
}

static bool policy_is_known(u32 policy)
{
	return policy == PROXYIPC_POLICY_RESUME || policy == PROXYIPC_POLICY_KILL;
}

/* Is this one that may kill, and if so, may the caller? */
static int policy_check_authority(struct proxyipc_process *process,
				  const struct proxyipc_process_policy *policy)
{
	if (policy->receiver_death != PROXYIPC_POLICY_KILL &&
	    policy->lease_end != PROXYIPC_POLICY_KILL)
		return 0;
	return proxyipc_process_may_kill(process, current_cred()) ? 0 : -EPERM;
}

/**
 * proxyipc_process_set_policy_ioctl() - PROXYIPC_IOC_PROCESS_SET_POLICY
 * @file: the process object
 * @arg: struct proxyipc_process_set_policy
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_process_set_policy_ioctl(struct file *file, void *arg,
				       void __user *user)
{
	struct proxyipc_process_set_policy *params = arg;
	struct proxyipc_process *process = file_process(file);
	struct proxyipc_process_policy policy = {
		.receiver_death = params->receiver_death,
		.lease_end = params->lease_end,
	};
	struct proxyipc_endpoint *guardian;
	u64 payload;
	int ret;

	if (params->flags || params->__reserved ||
	    !policy_is_known(params->receiver_death) ||
	    !policy_is_known(params->lease_end))
		return -EINVAL;
	ret = proxyipc_process_check(process) ?:
	      policy_check_authority(process, &policy) ?:
	      get_slot_endpoint(params->guardian_fd, &guardian, &payload);
	if (ret)
		return ret;
	policy.cred = get_current_cred();
	ret = proxyipc_process_set_policy(process, &policy, guardian, payload);
	if (ret)
		put_cred(policy.cred);
	proxyipc_endpoint_put(guardian);
	return ret;
}

/* May it be held so? @lease and @defer_max receive for how long at most. */
static int hold_prepare(struct proxyipc_process *process,
			const struct proxyipc_process_hold *params, u64 *lease,
			u64 *defer_max)
{
	bool nodefer = params->flags & PROXYIPC_HOLD_NODEFER;
	int ret;

	*lease = proxyipc_lease_of_hold(params->lease, process->lease);
	*defer_max = nodefer ? 0 : process->defer_max;
	if (params->flags & ~PROXYIPC_HOLD_NODEFER || params->__reserved ||
	    !*lease)
		return -EINVAL;
	ret = proxyipc_process_check(process);
	if (ret)
		return ret;
	/* As it was opened: the caller may have got the descriptor from anybody. */
	return nodefer && !process->overrides_defer ? -EPERM : 0;
}

/**
 * proxyipc_process_hold_ioctl() - PROXYIPC_IOC_PROCESS_HOLD
 * @file: the process object
 * @arg: struct proxyipc_process_hold
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_process_hold_ioctl(struct file *file, void *arg, void __user *user)
{
	struct proxyipc_processfd *processfd = file->private_data;
	struct proxyipc_process_hold *params = arg;
	u64 lease, defer_max;
	int ret;

	ret = hold_prepare(processfd->process, params, &lease, &defer_max);
	if (ret)
		return ret;
	ret = proxyipc_manual_hold(&processfd->manual, lease, defer_max,
				   &params->out_token, &params->out_state);
	return ret ?: proxyipc_manual_export(processfd->process, params, user);
}

/**
 * proxyipc_process_hold_begin() - PROXYIPC_IOC_PROCESS_HOLD, from a ring
 * @file: the process object
 * @arg: struct proxyipc_process_hold
 * @user: where it came from
 * @waiter: receives what waits
 *
 * Return: as documented for the command; -EIOCBQUEUED, with @waiter, if it waits.
 */
long proxyipc_process_hold_begin(struct file *file, void *arg, void __user *user,
				 struct proxyipc_waiter **waiter)
{
	struct proxyipc_processfd *processfd = file->private_data;
	struct proxyipc_process_hold *params = arg;
	u64 lease, defer_max;
	int ret;

	ret = hold_prepare(processfd->process, params, &lease, &defer_max);
	if (ret)
		return ret;
	ret = proxyipc_manual_hold_begin(&processfd->manual, lease, defer_max,
					 params, user, waiter);
	return ret ?: proxyipc_manual_export(processfd->process, params, user);
}

/**
 * proxyipc_process_resume_ioctl() - PROXYIPC_IOC_PROCESS_RESUME
 * @file: the process object
 * @arg: struct proxyipc_process_resume
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_process_resume_ioctl(struct file *file, void *arg,
				   void __user *user)
{
	struct proxyipc_process *process = file_process(file);
	struct proxyipc_process_resume *params = arg;
	bool reply = params->flags & PROXYIPC_RESUME_REPLY;
	struct proxyipc_body body = {};
	int ret;

	if (params->flags & ~(PROXYIPC_RESUME_REPLY | PROXYIPC_RESUME_VERDICT) ||
	    !proxyipc_episode_verdict_is_valid(params->flags) ||
	    (!reply && !proxyipc_message_is_zero(&params->message)))
		return -EINVAL;
	ret = proxyipc_process_check(process);
	if (ret)
		return ret;
	if (reply) {
		ret = proxyipc_body_import(&body, &params->message);
		if (ret)
			return ret;
	}
	ret = proxyipc_episode_resume(process, params->token,
				      reply ? &body : NULL, params->flags);
	if (ret == -ESTALE && params->token)
		ret = proxyipc_manual_resume(process, params->token, reply,
					     params->flags);
	proxyipc_body_deinit(&body);
	return ret;
}

/**
 * proxyipc_process_reply_ioctl() - PROXYIPC_IOC_PROCESS_REPLY
 * @file: the process object
 * @arg: struct proxyipc_process_reply
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_process_reply_ioctl(struct file *file, void *arg,
				  void __user *user)
{
	struct proxyipc_process *process = file_process(file);
	struct proxyipc_process_reply *params = arg;
	struct proxyipc_body body;
	int ret;

	if (params->flags)
		return -EINVAL;
	ret = proxyipc_process_check(process);
	if (ret)
		return ret;
	ret = proxyipc_body_import(&body, &params->message);
	if (ret)
		return ret;
	ret = proxyipc_episode_reply(process, params->token, &body);
	proxyipc_body_deinit(&body);
	return ret;
}

/**
 * proxyipc_process_fetch_reply_ioctl() - PROXYIPC_IOC_PROCESS_FETCH_REPLY
 * @file: the process object
 * @arg: struct proxyipc_process_fetch_reply
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_process_fetch_reply_ioctl(struct file *file, void *arg,
					void __user *user)
{
	struct proxyipc_process *process = file_process(file);
	struct proxyipc_process_fetch_reply *params = arg;
	struct proxyipc_publication publication;
	struct proxyipc_reply *reply;
	struct proxyipc_call *call;
	int ret;

	if (params->flags || params->__reserved)
		return -EINVAL;
	ret = proxyipc_process_check(process);
	if (ret)
		return ret;
	reply = proxyipc_reply_new();
	if (!reply)
		return -ENOMEM;
	ret = proxyipc_object_prepare(&publication, &proxyipc_reply_type, reply,
				      params, &params->out_fd, user,
				      sizeof(*params));
	if (ret)
		return ret;

	/* The right moves only now that nothing else can fail. */
	call = proxyipc_episode_fetch_reply(process, params->token);
	if (IS_ERR(call)) {
		proxyipc_object_abort(&publication);
		return PTR_ERR(call);
	}
	proxyipc_reply_fill(reply, call);
	proxyipc_object_commit(&publication);
	return 0;
}

/**
 * proxyipc_process_set_watchdog_ioctl() - PROXYIPC_IOC_PROCESS_SET_WATCHDOG
 * @file: the process object
 * @arg: struct proxyipc_process_set_watchdog
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_process_set_watchdog_ioctl(struct file *file, void *arg,
					 void __user *user)
{
	struct proxyipc_process_set_watchdog *params = arg;
	struct proxyipc_process *process = file_process(file);
	int ret;

	if (params->flags ||
	    proxyipc_expiry_check(params->timeout, params->pretimeout))
		return -EINVAL;
	ret = proxyipc_process_check(process);
	if (ret)
		return ret;
	params->out_interval = params->timeout ?
			       proxyipc_expiry_interval(params->timeout) : 0;
	/* First: once it is set it may expire before there is time to undo it. */
	ret = proxyipc_params_export(user, params, sizeof(*params));
	if (ret)
		return ret;
	return proxyipc_episode_set_watchdog(process, params->timeout,
					     params->pretimeout);
}

/**
 * proxyipc_process_keepalive_ioctl() - PROXYIPC_IOC_PROCESS_KEEPALIVE
 * @file: the process object
 * @arg: struct proxyipc_process_keepalive
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_process_keepalive_ioctl(struct file *file, void *arg,
				      void __user *user)
{
	struct proxyipc_process_keepalive *params = arg;
	struct proxyipc_process *process = file_process(file);
	int ret;

	if (params->flags)
		return -EINVAL;
	ret = proxyipc_process_check(process);
	if (!ret)
		proxyipc_watchdog_keepalive(&process->watchdog);
	return ret;
}

static void info_of_episode_locked(struct proxyipc_process *process,
				   struct proxyipc_process_info *info)
{
	struct proxyipc_episode_state *episode = &process->episode;

	lockdep_assert_held(&process->lock);

	info->out_episode = episode->state;
	info->out_kind = episode->kind;
	info->out_token = episode->token;
	info->out_since = episode->since;
	if (episode->token)
		info->out_lease_end = process->tick_at;
	info->out_episodes = process->nr_episodes;
	info->out_held_ns = process->held_ns;
	info->out_waiting = process->nr_waiting;
	if (episode->handler)
		info->out_receiver_tgid = pid_vnr(episode->handler);
}

/* Of the target as a whole or, if that was asked for, of one of its threads. */
static void process_info(struct proxyipc_process *process,
			 struct task_struct *task,
			 struct proxyipc_process_info *info)
{
	struct proxyipc_look look;

	proxyipc_identity_look(&process->identity, &look);
	info->out_threads = look.threads;
	info->out_threads_armed = look.armed;
	info->out_threads_parked = look.parked;
	if (info->tid)
		proxyipc_identity_look_at(task, &look);
	info->out_tgid = task_tgid_vnr(task);
	info->out_tid = task_pid_vnr(task);
	info->out_state = look.state;
	info->out_holds = look.holds;
	info->out_syscall = -1;
	if (process->sees_addresses) {
		info->out_ip = look.ip;
		info->out_syscall = look.syscall;
	}
	proxyipc_watchdog_info(&process->watchdog, info);
	spin_lock(&process->lock);
	info_of_episode_locked(process, info);
	spin_unlock(&process->lock);
}

/**
 * proxyipc_process_info_ioctl() - PROXYIPC_IOC_PROCESS_INFO
 * @file: the process object
 * @arg: struct proxyipc_process_info
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_process_info_ioctl(struct file *file, void *arg, void __user *user)
{
	struct proxyipc_process *process = file_process(file);
	struct proxyipc_process_info *params = arg;
	struct task_struct *task;

	if (params->flags || params->__reserved || params->tid < 0)
		return -EINVAL;
	if (proxyipc_process_check(process) == -ESTALE)
		return -ESTALE;
	task = proxyipc_process_find_thread(process, params->tid);
	if (IS_ERR(task))
		return PTR_ERR(task);

	*params = (struct proxyipc_process_info){
		.size = params->size,
		.tid = params->tid,
	};
	process_info(process, task, params);
	put_task_struct(task);
	return proxyipc_params_export(user, params, sizeof(*params));
}

/**
 * proxyipc_process_yield_ioctl() - PROXYIPC_IOC_PROCESS_YIELD
 * @file: the process object
 * @arg: struct proxyipc_process_yield
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_process_yield_ioctl(struct file *file, void *arg, void __user *user)
{
	struct proxyipc_process_yield *params = arg;

	if (params->flags)
		return -EINVAL;
	return proxyipc_identity_yield(&file_process(file)->identity);
}

/**
 * proxyipc_process_set_faults_ioctl() - PROXYIPC_IOC_PROCESS_SET_FAULTS
 * @file: the process object
 * @arg: struct proxyipc_process_set_faults
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_process_set_faults_ioctl(struct file *file, void *arg,
				       void __user *user)
{
	struct proxyipc_process *process = file_process(file);
	struct proxyipc_process_set_faults *params = arg;

	if (params->flags || !proxyipc_fault_signals_are_valid(params->signals))
		return -EINVAL;
	if (!process->sees_addresses)
		return -EPERM;
	return proxyipc_episode_set_faults(process, params->signals);
}

/**
 * proxyipc_process_get_regs_ioctl() - PROXYIPC_IOC_PROCESS_GET_REGS
 * @file: the process object
 * @arg: struct proxyipc_process_get_regs
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_process_get_regs_ioctl(struct file *file, void *arg,
				     void __user *user)
{
	struct proxyipc_process *process = file_process(file);
	struct proxyipc_process_get_regs *params = arg;
	int ret;

	if (params->flags & ~PROXYIPC_NONBLOCK || params->tid < 0)
		return -EINVAL;
	ret = proxyipc_process_check(process);
	if (ret)
		return ret;
	if (!process->sees_addresses)
		return -EPERM;
	ret = proxyipc_regs_get(process, params, user);
	return ret ?: proxyipc_params_export(user, params, sizeof(*params));
}

static const char * const state_names[] = {
	[PROXYIPC_STATE_RUNNABLE] = "runnable",
	[PROXYIPC_STATE_ARMED] = "armed",
	[PROXYIPC_STATE_PARKED] = "parked",
	[PROXYIPC_STATE_GONE] = "gone",
};

static const char * const episode_names[] = {
	[PROXYIPC_EPISODE_NONE] = "none",
	[PROXYIPC_EPISODE_HOLDING] = "holding",
	[PROXYIPC_EPISODE_DELIVERED] = "delivered",
	[PROXYIPC_EPISODE_RECEIVED] = "received",
	[PROXYIPC_EPISODE_RESTING] = "resting",
};

static const char *kind_name(u32 kind)
{
	switch (kind) {
	case PROXYIPC_KIND_CALL:
		return "call";
	case PROXYIPC_KIND_SEND:
		return "send";
	case PROXYIPC_KIND_NOTICE:
		return "notice";
	case PROXYIPC_KIND_WATCHDOG:
		return "watchdog";
	case PROXYIPC_KIND_FAULT:
		return "fault";
	default:
		return "unknown";
	}
}

/* How long a hold lasts and how long it may still last; @since 0: not confirmed. */
static void show_times(struct seq_file *m, u64 since, u64 lease_end)
{
	u64 now = ktime_get_ns();

	seq_printf(m, " for %llu us, %llu us left",
		   since ? div_u64(now - since, NSEC_PER_USEC) : 0,
		   lease_end > now ? div_u64(lease_end - now, NSEC_PER_USEC) : 0);
}

static void show_episode(struct seq_file *m, const struct proxyipc_process_info *info)
{
	seq_printf(m, "episode:\t%s", episode_names[info->out_episode]);
	if (info->out_token) {
		seq_printf(m, " token %llu receiver %d", info->out_token,
			   info->out_receiver_tgid);
		show_times(m, info->out_since, info->out_lease_end);
		seq_printf(m, ", by %s", kind_name(info->out_kind));
	}
	seq_putc(m, '\n');
}

static const char * const policy_names[] = {
	[PROXYIPC_POLICY_RESUME] = "resume",
	[PROXYIPC_POLICY_KILL] = "kill",
};

static const char *slot_name(const struct proxyipc_receiver *receiver)
{
	if (!receiver)
		return "empty";
	return proxyipc_endpoint_is_dead(receiver->endpoint) ? "gone" : "set";
}

static void show_thread(struct task_struct *task,
			const struct proxyipc_look *look, void *arg)
{
	struct seq_file *m = arg;

	seq_printf(m, "thread:\t%d %s\n", task_pid_vnr(task),
		   state_names[look->state]);
}

static void process_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct proxyipc_process *process = file_process(file);
	struct proxyipc_process_info info = {};
	struct proxyipc_manual *manual;
	struct task_struct *task;

	seq_printf(m, "proxyipc:\tprocess\nobject:\t%llu\n", process->id);
	if (proxyipc_process_check(process) == -ESTALE) {
		/* What it is by now is none of the holder's business. */
		seq_puts(m, "ended:\tidentity changed\n");
		return;
	}
	/* With nothing asked for there is always one. */
	task = proxyipc_process_find_thread(process, 0);
	process_info(process, task, &info);
	put_task_struct(task);
	if (proxyipc_identity_is_group(&process->identity))
		seq_printf(m, "target:\t%d\nthreads:\t%u armed %u parked %u\n",
			   info.out_tgid, info.out_threads,
			   info.out_threads_armed, info.out_threads_parked);
	else
		seq_printf(m, "target:\t%d/%d\n", info.out_tgid, info.out_tid);
	seq_printf(m, "state:\t%s\n",
		   info.out_holds && info.out_state == PROXYIPC_STATE_RUNNABLE ?
		   "deferred" : state_names[info.out_state]);
	seq_printf(m, "holds:\t%u\n", info.out_holds);
	show_episode(m, &info);
	seq_printf(m, "waiting:\t%u\nepisodes:\t%llu\nheld-us:\t%llu\n",
		   info.out_waiting, info.out_episodes,
		   div_u64(info.out_held_ns, NSEC_PER_USEC));
	if (info.out_watchdog_timeout)
		seq_printf(m, "watchdog:\ttimeout %llu us pretimeout %llu us silent for %llu us\n",
			   div_u64(info.out_watchdog_timeout, NSEC_PER_USEC),
			   div_u64(info.out_watchdog_pretimeout, NSEC_PER_USEC),
			   div_u64(info.out_watchdog_since, NSEC_PER_USEC));
	seq_printf(m, "expiries:\t%llu\n", info.out_watchdog_expiries);

	spin_lock(&process->lock);
	seq_printf(m, "receiver-slot:\t%s\nguardian:\t%s\n",
		   slot_name(process->receiver), slot_name(process->guardian));
	seq_printf(m, "policy:\treceiver-death %s lease-end %s\n",
		   policy_names[process->policy.receiver_death],
		   policy_names[process->policy.lease_end]);
	if (process->ended)
		seq_puts(m, "ended:\ttarget gone\n");
	list_for_each_entry(manual, &process->manual, link) {
		seq_printf(m, "held-by-hand:\ttoken %llu holder %d",
			   manual->token, pid_vnr(manual->hold.holder));
		show_times(m, manual->since, manual->lease_end);
		seq_putc(m, '\n');
	}
	spin_unlock(&process->lock);
	if (proxyipc_identity_is_group(&process->identity))
		proxyipc_identity_look_at_each(&process->identity, show_thread, m);
}

const struct file_operations proxyipc_process_fops = {
	.owner = THIS_MODULE,
	.release = process_release,
	.poll = process_poll,
	.mmap = process_mmap,
	.unlocked_ioctl = proxyipc_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.uring_cmd = proxyipc_uring_cmd,
	.show_fdinfo = process_show_fdinfo,
	.llseek = noop_llseek,
};

static const struct proxyipc_object_type processfd_type = {
	.name = "[proxyipc-process]",
	.fops = &proxyipc_process_fops,
	.release = processfd_free,
};

/**
 * proxyipc_processfd_publish() - another descriptor of a process object
 * @process: the object; a reference is taken
 * @params: as in proxyipc_object_publish()
 * @out_fd: likewise
 * @user: likewise
 * @size: likewise
 *
 * Context: may sleep.
 *
 * Return: 0, -ENOMEM, or as proxyipc_object_publish().
 */
int proxyipc_processfd_publish(struct proxyipc_process *process, void *params,
			       s32 *out_fd, void __user *user, size_t size)
{
	struct proxyipc_processfd *processfd;

	processfd = kzalloc(sizeof(*processfd), GFP_KERNEL_ACCOUNT);
	if (!processfd)
		return -ENOMEM;
	processfd->process = proxyipc_process_get(process);
	proxyipc_manual_init(&processfd->manual, process);
	return proxyipc_object_publish(&processfd_type, processfd, params,
				       out_fd, user, size);
}
