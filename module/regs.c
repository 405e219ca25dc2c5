// SPDX-License-Identifier: GPL-2.0
#include <linux/elf.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/regset.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#ifdef CONFIG_X86_64
#include <asm/cpufeature.h>
#include <asm/segment.h>
#endif

#include "episode.h"
#include "hold.h"
#include "manual.h"
#include "process.h"
#include "regs.h"
#include "wait.h"

/* Between looks at a target that runs: most have little left to do. */
#define REGS_PAUSE_FIRST	(20 * (u64)NSEC_PER_USEC)
#define REGS_PAUSE_LAST		NSEC_PER_MSEC

/**
 * struct regs_copy - what is read
 * @note: which registers
 * @machine: whose layout they have
 * @buffer: where they go
 * @size: room there
 * @len: how many bytes there are; more than @size and none were read
 */
struct regs_copy {
	u32 note;
	u32 machine;
	void *buffer;
	u32 size;
	u32 len;
};

/*
 * Those whose regset_get() neither sleeps nor takes a lock, which it may not do
 * where it is called from here.
 */
static bool regs_are_known(u32 note)
{
	return note == NT_PRSTATUS || note == NT_PRFPREG ||
	       (IS_ENABLED(CONFIG_X86) && note == NT_X86_XSTATE);
}

static const struct user_regset *
regs_find(const struct user_regset_view *view, u32 note)
{
	unsigned int i;

	for (i = 0; i < view->n; i++)
		if (view->regsets[i].core_note_type == note)
			return &view->regsets[i];
	return NULL;
}

/*
 * Without FSGSBASE the kernel asks a segment's descriptor for its base, and takes
 * a mutex if that is in a local descriptor table. A tracer may put such a segment
 * there at any moment: of a stopped target it writes the registers without a lock.
 */
static bool regs_may_sleep(struct task_struct *task, u32 note)
{
#ifdef CONFIG_X86_64
	return note == NT_PRSTATUS && !boot_cpu_has(X86_FEATURE_FSGSBASE) &&
	       (READ_ONCE(task->ptrace) ||
		(task->thread.fsindex | task->thread.gsindex) & SEGMENT_TI_MASK);
#else
	return false;
#endif
}

/* Called by proxyipc_hold_inspect(): the target is asleep. */
static int regs_copy(struct task_struct *task, void *arg)
{
	struct regs_copy *copy = arg;
	const struct user_regset_view *view = task_user_regset_view(task);
	const struct user_regset *regset = regs_find(view, copy->note);

	if (!regset || regs_may_sleep(task, copy->note))
		return -ENODATA;

	copy->machine = view->e_machine;
	copy->len = regset->n * regset->size;
	if (copy->len > copy->size)
		return -EMSGSIZE;
	/* What it has no room for it leaves out, but there is room. */
	return regset_get(task, regset, copy->len, copy->buffer) < 0 ?
	       -ENODATA : 0;
}

/* One look, by the hold that @token names; -EAGAIN if the target isn't asleep. */
static int regs_try(struct proxyipc_process *process, struct task_struct *task,
		    u64 token, struct regs_copy *copy, u32 *state)
{
	struct proxyipc_hold *hold;
	int ret;

	ret = proxyipc_process_check(process);
	if (ret)
		return ret;

	spin_lock(&process->lock);
	hold = proxyipc_episode_find_locked(process, token) ?:
	       proxyipc_manual_find_locked(process, token);
	if (hold)
		ret = proxyipc_hold_inspect(hold, task, regs_copy, copy, state);
	else
		ret = process->ended ?: -ESTALE;
	spin_unlock(&process->lock);
	return ret;
}

static int regs_pause(u64 pause, u64 deadline)
{
	u64 now = ktime_get_ns();
	int ret = 0;

	if (deadline && now >= deadline)
		return -ETIMEDOUT;

	set_current_state(PROXYIPC_WAIT_SIGNAL);
	if (signal_pending(current))
		ret = -ERESTARTSYS;
	else
		proxyipc_wait_until(deadline ? min(now + pause, deadline) :
					       now + pause);
	__set_current_state(TASK_RUNNING);
	return ret;
}

static int regs_wait(struct proxyipc_process *process, struct task_struct *task,
		     struct proxyipc_process_get_regs *params,
		     struct regs_copy *copy)
{
	u64 pause = REGS_PAUSE_FIRST;
	int ret;

	for (;;) {
		ret = regs_try(process, task, params->token, copy,
			       &params->out_state);
		if (ret != -EAGAIN || params->flags & PROXYIPC_NONBLOCK)
			return ret;
		ret = regs_pause(pause, params->deadline);
		if (ret)
			return ret;
		pause = min_t(u64, 2 * pause, REGS_PAUSE_LAST);
	}
}

/**
 * proxyipc_regs_get() - copy registers of a held target to the caller
 * @process: the process object
 * @params: its fields are checked, but for @note; the results go there
 * @user: where it came from
 *
 * Context: may sleep. No locks.
 *
 * Return: 0; -EINVAL, -ENODATA, -EAGAIN, -ETIMEDOUT, -ERESTARTSYS, -EMSGSIZE,
 * -ESTALE, -ESRCH, -EFAULT or -ENOMEM.
 */
int proxyipc_regs_get(struct proxyipc_process *process,
		      struct proxyipc_process_get_regs *params,
		      struct proxyipc_process_get_regs __user *user)
{
	struct regs_copy copy = {
		.note = params->note,
		.size = min_t(u32, params->data_size, PROXYIPC_DATA_MAX),
	};
	struct task_struct *task;
	int ret;

	if (!regs_are_known(params->note))
		return -EINVAL;
	task = proxyipc_process_find_thread(process, params->tid);
	if (IS_ERR(task))
		return PTR_ERR(task);

	/* Zeroed: whatever a regset doesn't fill in says nothing. */
	copy.buffer = kvzalloc(max(copy.size, 1U), GFP_KERNEL_ACCOUNT);
	if (!copy.buffer) {
		put_task_struct(task);
		return -ENOMEM;
	}
	ret = regs_wait(process, task, params, &copy);
	put_task_struct(task);
	if (!ret && copy_to_user(u64_to_user_ptr(params->data), copy.buffer,
				 copy.len))
		ret = -EFAULT;
	kvfree(copy.buffer);

	if (ret == -EMSGSIZE && put_user(copy.len, &user->out_data_len))
		ret = -EFAULT;
	params->out_data_len = copy.len;
	params->out_machine = copy.machine;
	return ret;
}
