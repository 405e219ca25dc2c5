// SPDX-License-Identifier: GPL-2.0
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>

#include "compat.h"
#include "control.h"
#include "device.h"
#include "endpoint.h"
#include "endpointfd.h"
#include "episode.h"
#include "group.h"
#include "lease.h"
#include "main.h"
#include "object.h"
#include "process.h"
#include "processfd.h"

static bool open_same_uid;
module_param(open_same_uid, bool, 0644);
MODULE_PARM_DESC(open_same_uid,
		 "A user may open own processes without their consent (default N)");

static u64 uring_features(void)
{
	if (!IS_ENABLED(CONFIG_IO_URING))
		return 0;
	return PROXYIPC_FEATURE_URING |
	       (PROXYIPC_URING_CAN_WAIT ? PROXYIPC_FEATURE_URING_WAIT : 0);
}

/**
 * proxyipc_device_info_ioctl() - PROXYIPC_IOC_DEVICE_INFO
 * @file: the device
 * @arg: struct proxyipc_device_info
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_device_info_ioctl(struct file *file, void *arg, void __user *user)
{
	struct proxyipc_device_info *params = arg;

	if (params->flags || params->__reserved)
		return -EINVAL;
	*params = (struct proxyipc_device_info){
		.size = params->size,
		.out_version = PROXYIPC_ABI_VERSION,
		.out_words = PROXYIPC_WORDS,
		.out_data_max = PROXYIPC_DATA_MAX,
		.out_queue_max = PROXYIPC_QUEUE_MAX,
		.out_features = PROXYIPC_FEATURE_CONTROL |
				PROXYIPC_FEATURE_WATCHDOG |
				PROXYIPC_FEATURE_FAULTS |
				PROXYIPC_FEATURE_REGS |
				PROXYIPC_FEATURE_GROUPS |
				uring_features(),
		.out_lease_default = PROXYIPC_LEASE_DEFAULT,
		.out_lease_max = PROXYIPC_LEASE_MAX,
		.out_holds_max = READ_ONCE(proxyipc_holds_per_user),
	};
	return proxyipc_params_export(user, params, sizeof(*params));
}

/**
 * proxyipc_endpoint_create_ioctl() - PROXYIPC_IOC_ENDPOINT_CREATE
 * @file: the device
 * @arg: struct proxyipc_endpoint_create
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_endpoint_create_ioctl(struct file *file, void *arg,
				    void __user *user)
{
	struct proxyipc_endpoint_create *params = arg;
	struct proxyipc_endpoint *ep;

	if (params->flags || params->queue_limit > PROXYIPC_QUEUE_MAX)
		return -EINVAL;
	ep = proxyipc_endpoint_new(params->queue_limit ?: PROXYIPC_QUEUE_DEFAULT);
	if (!ep)
		return -ENOMEM;
	return proxyipc_endpointfd_publish(ep, params, &params->out_fd, user,
					   sizeof(*params));
}

/* The task that @params names, with a reference. */
static struct task_struct *
open_find_task(const struct proxyipc_process_open *params)
{
	struct task_struct *task;
	struct pid *pid;
	pid_t tgid, found;

	if (params->tgid < 0 || params->tid < 0)
		return ERR_PTR(-EINVAL);
	if (!params->tgid && !params->tid)
		return get_task_struct(current);

	tgid = params->tgid ?: task_tgid_vnr(current);
	pid = find_get_pid(params->tid ?: tgid);
	task = get_pid_task(pid, PIDTYPE_PID);
	put_pid(pid);
	if (!task)
		return ERR_PTR(-ESRCH);
	found = task_tgid_vnr(task);
	if (found == tgid)
		return task;
	put_task_struct(task);
	/* One that was reaped just now belongs to nothing any more. */
	return ERR_PTR(found ? -EINVAL : -ESRCH);
}

/*
 * Tasks that have no way back to user mode, that may hold locks where they would
 * park, or that a system can't do without.
 */
static bool open_is_refused(struct task_struct *task)
{
	return READ_ONCE(task->flags) & PROXYIPC_PF_WORKER ||
	       READ_ONCE(task->signal->flags) & SIGNAL_UNKILLABLE;
}

/*
 * Is @task, as far as can be told from outside the kernel, one that the caller
 * could debug for being of the same user? What an LSM would say can't be told.
 */
static bool open_is_same_user(const struct cred *target, bool dumpable)
{
	const struct cred *cred = current_cred();

	return dumpable && cred->user_ns == target->user_ns &&
	       uid_eq(cred->uid, target->uid) &&
	       uid_eq(cred->uid, target->euid) &&
	       uid_eq(cred->uid, target->suid) &&
	       gid_eq(cred->gid, target->gid) &&
	       gid_eq(cred->gid, target->egid) &&
	       gid_eq(cred->gid, target->sgid) &&
	       cap_issubset(target->cap_permitted, cred->cap_permitted);
}

/* CAP_SYS_PTRACE over the target and, if that isn't dumpable, over its memory. */
static bool open_is_tracer(const struct cred *target,
			   struct user_namespace *memory, bool dumpable)
{
	return ns_capable(target->user_ns, CAP_SYS_PTRACE) &&
	       (dumpable || ns_capable(memory, CAP_SYS_PTRACE));
}

/*
 * May the caller operate on the target, of which @task is? @process has recorded who that is, so
 * whatever it becomes while this looks at it, or later, is noticed.
 */
static int open_check_authority(struct proxyipc_process *process,
				struct task_struct *task)
{
	const struct cred *target = process->identity.cred;
	struct user_namespace *memory;
	struct pid *tgid;
	bool dumpable;
	int ret = 0;

	memory = proxyipc_memory_of_task(task, &dumpable);
	if (!memory)
		return -ESRCH;
	process->enrolled = same_thread_group(task, current);
	process->overrides_defer = !process->enrolled &&
				   open_is_tracer(target, memory, dumpable);
	process->sees_addresses = process->enrolled || process->overrides_defer;
	if (!process->sees_addresses &&
	    !(READ_ONCE(open_same_uid) && open_is_same_user(target, dumpable)))
		ret = -EPERM;
	put_user_ns(memory);

	/* Whatever kill(2) says, an LSM's word included. */
	if (!ret && !same_thread_group(task, current)) {
		tgid = get_task_pid(task, PIDTYPE_TGID);
		ret = kill_pid(tgid, 0, 0);
		put_pid(tgid);
	}
	return ret ?: proxyipc_process_check(process);
}

/* Whether the caller may is asked only if it matters: the answer is audited. */
static int open_check_lease(u64 asked)
{
	return proxyipc_lease_check(asked, asked > PROXYIPC_LEASE_MAX &&
					   capable(CAP_SYS_RESOURCE));
}

/**
 * proxyipc_process_open_ioctl() - PROXYIPC_IOC_PROCESS_OPEN
 * @file: the device
 * @arg: struct proxyipc_process_open
 * @user: where it came from
 *
 * Return: as documented for the command.
 */
long proxyipc_process_open_ioctl(struct file *file, void *arg,
				 void __user *user)
{
	struct proxyipc_process_open *params = arg;
	struct task_struct *task, *member;
	struct proxyipc_process *process;
	bool group;
	int ret;

	if (params->flags & ~PROXYIPC_OPEN_GROUP || params->__reserved ||
	    params->defer_max > PROXYIPC_DEFER_MAX)
		return -EINVAL;
	ret = open_check_lease(params->lease);
	if (ret)
		return ret;
	group = params->flags & PROXYIPC_OPEN_GROUP;
	task = open_find_task(params);
	if (IS_ERR(task))
		return PTR_ERR(task);
	if (group) {
		/* That one may have exited, and others not. */
		member = task;
		task = proxyipc_group_some_thread(member);
		put_task_struct(member);
	}

	if (open_is_refused(task))
		process = ERR_PTR(-EOPNOTSUPP);
	else
		process = proxyipc_process_new(task, group,
					       proxyipc_lease_of_process(params->lease),
					       &proxyipc_episode_works);
	if (IS_ERR(process)) {
		put_task_struct(task);
		return PTR_ERR(process);
	}

	process->defer_max = params->defer_max ?: PROXYIPC_DEFER_DEFAULT;
	ret = open_check_authority(process, task);
	put_task_struct(task);
	if (!ret)
		ret = proxyipc_processfd_publish(process, params,
						 &params->out_fd, user,
						 sizeof(*params));
	proxyipc_process_put(process);
	return ret;
}

static void device_show_fdinfo(struct seq_file *m, struct file *file)
{
	seq_puts(m, "proxyipc:\tdevice\n");
	seq_printf(m, "version:\t%u\n", PROXYIPC_ABI_VERSION);
	seq_printf(m, "open-same-uid:\t%d\n", READ_ONCE(open_same_uid));
	seq_printf(m, "holds-per-user:\t%u\n",
		   READ_ONCE(proxyipc_holds_per_user));
}

const struct file_operations proxyipc_device_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = proxyipc_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = device_show_fdinfo,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "proxyipc",
	.fops = &proxyipc_device_fops,
	/* Safe for everybody: see open_check_authority(). */
	.mode = 0666,
};

/**
 * proxyipc_device_init() - make /dev/proxyipc
 *
 * Return: 0 or a negative errno.
 */
int proxyipc_device_init(void)
{
	return misc_register(&device);
}

/**
 * proxyipc_device_exit() - remove /dev/proxyipc
 */
void proxyipc_device_exit(void)
{
	misc_deregister(&device);
}
