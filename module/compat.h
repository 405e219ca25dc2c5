/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_COMPAT_H
#define _PROXYIPC_COMPAT_H

/**
 * DOC: Differences between kernels
 *
 * The only file that knows that kernels differ. A name defined here behaves the
 * same on all that are supported; everything above uses it without a condition.
 */

#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/task_work.h>
#include <linux/user_namespace.h>

/* Without the flag, KASAN kernels may allocate while a work is queued. */
#ifdef PROXYIPC_HAS_TWAF_NO_ALLOC
#define PROXYIPC_TWA_RESUME	(TWA_RESUME | TWAF_NO_ALLOC)
#else
#define PROXYIPC_TWA_RESUME	TWA_RESUME
#endif

/* Threads that a driver made out of a user process (vhost), since 6.4. */
#ifdef PF_USER_WORKER
#define PROXYIPC_PF_WORKER	(PF_KTHREAD | PF_IO_WORKER | PF_USER_WORKER)
#else
#define PROXYIPC_PF_WORKER	(PF_KTHREAD | PF_IO_WORKER)
#endif

/*
 * Does the current task hold this mutex? mutex_is_locked() says only that somebody
 * does. The low bits of the owner are flags of the mutex.
 */
static inline bool proxyipc_mutex_is_mine(struct mutex *lock)
{
#ifdef CONFIG_PREEMPT_RT
	unsigned long owner = (unsigned long)READ_ONCE(lock->rtmutex.owner);
#else
	unsigned long owner = atomic_long_read(&lock->owner);
#endif

	return (owner & ~7UL) == (unsigned long)current;
}

/*
 * Who may look into the memory of a program: anybody of its user if it is
 * dumpable, else who has the capability in the user namespace that the memory
 * belongs to. Both are the mm's, on later kernels the exec's.
 */
#ifdef PROXYIPC_HAS_EXEC_STATE

#include <linux/sched/exec_state.h>

static inline bool proxyipc_current_is_dumpable(void)
{
	const struct task_exec_state *state;
	bool dumpable;

	rcu_read_lock();
	state = rcu_dereference(current->exec_state);
	dumpable = READ_ONCE(state->dumpable) == TASK_DUMPABLE_OWNER;
	rcu_read_unlock();
	return dumpable;
}

/* The namespace, with a reference; NULL if the task has no memory any more. */
static inline struct user_namespace *
proxyipc_memory_of_task(struct task_struct *task, bool *dumpable)
{
	const struct task_exec_state *state;
	struct user_namespace *ns;

	rcu_read_lock();
	state = rcu_dereference(task->exec_state);
	*dumpable = READ_ONCE(state->dumpable) == TASK_DUMPABLE_OWNER;
	ns = READ_ONCE(task->mm) ? get_user_ns(state->user_ns) : NULL;
	rcu_read_unlock();
	return ns;
}

#else

static inline bool proxyipc_current_is_dumpable(void)
{
	return get_dumpable(current->mm) == SUID_DUMP_USER;
}

/* The namespace, with a reference; NULL if the task has no memory any more. */
static inline struct user_namespace *
proxyipc_memory_of_task(struct task_struct *task, bool *dumpable)
{
	struct mm_struct *mm = get_task_mm(task);
	struct user_namespace *ns;

	if (!mm)
		return NULL;
	*dumpable = get_dumpable(mm) == SUID_DUMP_USER;
	ns = get_user_ns(mm->user_ns);
	mmput(mm);
	return ns;
}

#endif

/*
 * Take a signal that isn't in @others off the current task's queue, or off that of
 * its process if its own has none. Under siglock.
 */
static inline void proxyipc_dequeue_own_signal(sigset_t *others)
{
	kernel_siginfo_t info;
	enum pid_type type;

#ifdef PROXYIPC_HAS_DEQUEUE_OF_CURRENT
	dequeue_signal(others, &info, &type);
#else
	dequeue_signal(current, others, &info, &type);
#endif
}

/* What the processor said when the current task last did something wrong. */
#ifdef CONFIG_X86

static inline u64 proxyipc_current_trap(void)
{
	return current->thread.trap_nr;
}

static inline u64 proxyipc_current_trap_error(void)
{
	return current->thread.error_code;
}

#else

static inline u64 proxyipc_current_trap(void)
{
	return 0;
}

static inline u64 proxyipc_current_trap_error(void)
{
	return 0;
}

#endif

/* What a probe of sched_process_exit is called with. */
#ifdef PROXYIPC_HAS_EXIT_GROUP_DEAD
#define PROXYIPC_EXIT_PROBE_ARGS \
	void *data, struct task_struct *task, bool group_dead
#else
#define PROXYIPC_EXIT_PROBE_ARGS	void *data, struct task_struct *task
#endif

/* hrtimer_init() until 6.12, hrtimer_setup() since 6.13. */
static inline void
proxyipc_hrtimer_setup(struct hrtimer *timer,
		       enum hrtimer_restart (*function)(struct hrtimer *))
{
#ifdef PROXYIPC_HAS_HRTIMER_SETUP
	hrtimer_setup(timer, function, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
#else
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	timer->function = function;
#endif
}

/* Flags of a mapping that is being made; they are no plain field since 6.3. */
static inline void proxyipc_vm_flags_set(struct vm_area_struct *vma,
					 unsigned long flags)
{
#ifdef PROXYIPC_HAS_VM_FLAGS_SET
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

/*
 * What the scheduler knows of the time that a task has waited for a CPU, and of
 * how long it has been on the one that it is on; in nanoseconds. Both are read while
 * they change, and may be wrong by one turn: they are for telling people.
 */
#ifdef CONFIG_SCHED_INFO

static inline u64 proxyipc_since(struct task_struct *task, u64 time)
{
	u64 now = cpu_clock(task_cpu(task));

	return now > time ? now - time : 0;
}

/* Need it be asked again and again? */
#define PROXYIPC_TASK_DELAY_IS_SAMPLED	false

/* @before and @elapsed: what this said before, and how long ago that was. */
static inline u64 proxyipc_task_delay(struct task_struct *task, u64 before,
				      u64 elapsed)
{
	u64 queued = READ_ONCE(task->sched_info.last_queued);

	return READ_ONCE(task->sched_info.run_delay) +
	       (queued ? proxyipc_since(task, queued) : 0);
}

static inline u64 proxyipc_task_stretch(struct task_struct *task)
{
	return READ_ONCE(task->on_cpu) ?
	       proxyipc_since(task, READ_ONCE(task->sched_info.last_arrival)) : 0;
}

#else /* it keeps no count: judge by this moment, and by the tick */

#define PROXYIPC_TASK_DELAY_IS_SAMPLED	true

static inline u64 proxyipc_task_delay(struct task_struct *task, u64 before,
				      u64 elapsed)
{
	bool waits = task_is_running(task) && !READ_ONCE(task->on_cpu);

	return before + (waits ? elapsed : 0);
}

static inline u64 proxyipc_task_stretch(struct task_struct *task)
{
	return READ_ONCE(task->on_cpu) ? TICK_NSEC : 0;
}

#endif

/*
 * Commands through io_uring. A command can wait without a thread where the kernel
 * cancels those that do when their ring goes; elsewhere they would keep the ring, and
 * whoever exits with it, for ever.
 */
#ifdef PROXYIPC_HAS_URING_CANCEL

#include <linux/io_uring/cmd.h>

#define PROXYIPC_URING_CAN_WAIT	true

/* What the submitter wrote into its entry of the ring, which it may still write to. */
static inline const void *proxyipc_uring_payload(struct io_uring_cmd *cmd)
{
	return cmd->sqe->cmd;
}

static inline bool proxyipc_uring_is_cancel(unsigned int issue_flags)
{
	return issue_flags & IO_URING_F_CANCEL;
}

#define proxyipc_uring_mark_cancelable	io_uring_cmd_mark_cancelable

/*
 * It was cancelled, and will complete. Who cancels asks again at once, and forever, what
 * is marked and doesn't complete meanwhile; and io_uring has no function for this.
 * Under the ring's lock.
 */
static inline void proxyipc_uring_unmark_cancelable(struct io_uring_cmd *cmd)
{
	if (!(cmd->flags & IORING_URING_CMD_CANCELABLE))
		return;
	cmd->flags &= ~IORING_URING_CMD_CANCELABLE;
	hlist_del_init(&cmd_to_io_kiocb(cmd)->hash_node);
}

/*
 * In a ring with DEFER_TASKRUN only its task may complete anything. 6.12 insists on
 * that even when it cancels by a work item because the ring goes.
 */
static inline bool proxyipc_uring_is_for_task_only(struct io_uring_cmd *cmd)
{
	return cmd_to_io_kiocb(cmd)->ctx->flags & IORING_SETUP_DEFER_TASKRUN;
}

/* Is that task gone? Then nothing is done in the ring until it is closed. */
static inline bool proxyipc_uring_is_deserted(struct io_uring_cmd *cmd)
{
	return proxyipc_uring_is_for_task_only(cmd) &&
	       io_uring_cmd_get_task(cmd)->flags & PF_EXITING;
}

#else

#include <linux/io_uring.h>

#define PROXYIPC_URING_CAN_WAIT	false

static inline const void *proxyipc_uring_payload(struct io_uring_cmd *cmd)
{
	return cmd->cmd;
}

static inline bool proxyipc_uring_is_cancel(unsigned int issue_flags)
{
	return false;
}

static inline void proxyipc_uring_mark_cancelable(struct io_uring_cmd *cmd,
						  unsigned int issue_flags)
{
}

static inline void proxyipc_uring_unmark_cancelable(struct io_uring_cmd *cmd)
{
}

static inline bool proxyipc_uring_is_for_task_only(struct io_uring_cmd *cmd)
{
	return false;
}

static inline bool proxyipc_uring_is_deserted(struct io_uring_cmd *cmd)
{
	return false;
}

#endif

/*
 * Did the submitter set flags, IORING_URING_CMD_FIXED and the like? The upper ones are
 * io_uring's own.
 */
static inline bool proxyipc_uring_has_flags(struct io_uring_cmd *cmd)
{
	return cmd->flags & GENMASK(23, 0);
}

/* A ring with large completions has a second result, of which we make no use. */
static inline void proxyipc_uring_done(struct io_uring_cmd *cmd, int result,
				       unsigned int issue_flags)
{
#ifdef PROXYIPC_HAS_URING_DONE32
	io_uring_cmd_done(cmd, result, issue_flags);
#else
	io_uring_cmd_done(cmd, result, 0, issue_flags);
#endif
}

/*
 * PROXYIPC_URING_WORK(name, function) makes a name to be given to
 * proxyipc_uring_do_in_task(): the task that submitted the command calls @function
 * with it, the flags to complete it with, and whether it is too late for anything else,
 * and then it isn't that task who calls.
 */
#define proxyipc_uring_do_in_task	io_uring_cmd_complete_in_task

#ifdef PROXYIPC_HAS_URING_TW_REQ
#define PROXYIPC_URING_WORK(name, function)				\
	static void name(struct io_tw_req req, io_tw_token_t tw)	\
	{								\
		function(io_uring_cmd_from_tw(req),			\
			 IO_URING_CMD_TASK_WORK_ISSUE_FLAGS,		\
			 tw.cancel || proxyipc_uring_is_orphan());	\
	}
#else
#ifndef PROXYIPC_HAS_URING_TASK_DEAD
#define IO_URING_F_TASK_DEAD	0
#endif
#define PROXYIPC_URING_WORK(name, function)				\
	static void name(struct io_uring_cmd *cmd, unsigned int flags)	\
	{								\
		function(cmd, flags, flags & IO_URING_F_TASK_DEAD ||	\
			 proxyipc_uring_is_orphan());			\
	}
#endif

static inline bool proxyipc_uring_is_orphan(void)
{
	return current->flags & (PF_KTHREAD | PF_EXITING);
}

/*
 * task_work_add(), exported or not: distributions export it for binder, vanilla
 * kernels don't. Its address is then found once at load, through a kprobe.
 */
#ifdef PROXYIPC_TASK_WORK_ADD_BY_KPROBE

#include <linux/kprobes.h>
#include <linux/static_call.h>

/*
 * A static call, that is a direct one. An indirect one would have to land on the
 * function's ENDBR: kprobes point behind that, and the kernel overwrites it in
 * functions that it knows to be called directly only.
 */
DECLARE_STATIC_CALL(proxyipc_task_work_add, task_work_add);
#define proxyipc_task_work_add(task, work, mode) \
	static_call(proxyipc_task_work_add)(task, work, mode)

static inline int proxyipc_compat_init(void)
{
	struct kprobe probe = { .symbol_name = "task_work_add" };
	int ret = register_kprobe(&probe);

	if (ret) {
		pr_err("task_work_add() isn't exported and can't be found: %d\n",
		       ret);
		return ret;
	}
	static_call_update(proxyipc_task_work_add, (void *)probe.addr);
	unregister_kprobe(&probe);
	pr_info("task_work_add() isn't exported, found it through a kprobe\n");
	return 0;
}

#else

#define proxyipc_task_work_add	task_work_add

static inline int proxyipc_compat_init(void)
{
	return 0;
}

#endif

#endif /* _PROXYIPC_COMPAT_H */
