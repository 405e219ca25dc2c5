// SPDX-License-Identifier: GPL-2.0
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/jobctl.h>
#include <linux/sched/task_stack.h>

#include <asm/syscall.h>

#include "compat.h"
#include "control.h"
#include "expiry.h"
#include "group.h"
#include "identity.h"
#include "thread.h"

/**
 * proxyipc_thread_look() - see what a thread is doing
 * @thread: its record
 * @look: receives it
 *
 * The registers are read only if it is held. Its stack is there: a task that isn't
 * dead has not passed its exit probe, which takes the lock.
 *
 * Context: process or atomic.
 */
void proxyipc_thread_look(struct proxyipc_thread *thread,
			  struct proxyipc_look *look)
{
	struct proxyipc_target *target = &thread->target;
	struct pt_regs *regs;
	unsigned long flags;

	*look = (struct proxyipc_look){ .syscall = -1 };

	raw_spin_lock_irqsave(&target->lock, flags);
	look->holds = target->nr_holds;
	look->threads = !target->dead;
	if (target->dead) {
		look->state = PROXYIPC_STATE_GONE;
	} else if (target->nr_holds &&
		   !proxyipc_thread_is_deferring_locked(thread)) {
		look->parked = thread->parked;
		look->armed = !thread->parked;
		look->state = thread->parked ? PROXYIPC_STATE_PARKED :
					       PROXYIPC_STATE_ARMED;
		regs = task_pt_regs(target->task);
		/* The next program's entry, perhaps, and that may be nobody's business. */
		if (!proxyipc_thread_is_amid_exec_locked(thread))
			look->ip = instruction_pointer(regs);
		look->syscall = syscall_get_nr(target->task, regs);
	}
	raw_spin_unlock_irqrestore(&target->lock, flags);
}

/**
 * proxyipc_identity_look() - see what a target is doing
 * @identity: whom the process object was opened on
 * @look: receives it
 *
 * Context: process or atomic. Takes time for each thread of a group.
 */
void proxyipc_identity_look(struct proxyipc_identity *identity,
			    struct proxyipc_look *look)
{
	struct proxyipc_target *target = identity->target;

	if (target->is_group)
		proxyipc_group_look(proxyipc_target_group(target), look);
	else
		proxyipc_thread_look(proxyipc_target_thread(target), look);
}

/**
 * proxyipc_identity_look_at() - see what one thread is doing
 * @task: the thread
 * @look: receives it
 *
 * Context: process or atomic.
 */
void proxyipc_identity_look_at(struct task_struct *task,
			       struct proxyipc_look *look)
{
	struct proxyipc_thread *thread = proxyipc_thread_find(task);

	if (thread) {
		proxyipc_thread_look(thread, look);
		proxyipc_thread_put(thread);
	} else {
		*look = (struct proxyipc_look){
			.syscall = -1,
			.threads = !task->exit_state,
			.state = task->exit_state ? PROXYIPC_STATE_GONE :
						    PROXYIPC_STATE_RUNNABLE,
		};
	}
}

/**
 * proxyipc_identity_look_at_each() - see what each thread of a group is doing
 * @identity: whom the process object was opened on, a group
 * @show: called for each, under RCU
 * @arg: for @show
 *
 * Context: process or atomic.
 */
void proxyipc_identity_look_at_each(struct proxyipc_identity *identity,
				    void (*show)(struct task_struct *task,
						 const struct proxyipc_look *look,
						 void *arg),
				    void *arg)
{
	struct proxyipc_group *group = proxyipc_target_group(identity->target);
	struct task_struct *task;
	struct proxyipc_look look;

	rcu_read_lock();
	list_for_each_entry_rcu(task, proxyipc_group_threads(group),
				thread_node) {
		if (!proxyipc_task_counts(task))
			continue;
		proxyipc_identity_look_at(task, &look);
		show(task, &look, arg);
	}
	rcu_read_unlock();
}

static void observe_page_locked(struct proxyipc_thread *thread,
				struct proxyipc_life *life)
{
	lockdep_assert_held(&thread->target.lock);

	proxyipc_control_keepalive(&thread->control, &life->keepalive);
	life->idle = proxyipc_control_is_idle(&thread->control);
}

/**
 * proxyipc_identity_observe() - see what a target shows of life
 * @identity: whom the process object was opened on
 * @life: receives it
 *
 * A hold counts from the moment that it is added, be it deferred or not confirmed
 * yet. A group shows life in the page of its main thread.
 *
 * Context: any, also hard interrupt.
 */
void proxyipc_identity_observe(struct proxyipc_identity *identity,
			       struct proxyipc_life *life)
{
	struct proxyipc_target *target = identity->target;
	struct proxyipc_thread *leader;
	unsigned long flags;

	*life = (struct proxyipc_life){};

	raw_spin_lock_irqsave(&target->lock, flags);
	life->holds = target->nr_holds;
	life->standstills = target->nr_standstills;
	if (!target->is_group) {
		observe_page_locked(proxyipc_target_thread(target), life);
		raw_spin_unlock_irqrestore(&target->lock, flags);
		return;
	}
	/* The lock of a thread comes first. A leader that is dropped is freed later. */
	rcu_read_lock();
	leader = proxyipc_target_group(target)->leader;
	raw_spin_unlock_irqrestore(&target->lock, flags);
	if (leader) {
		raw_spin_lock_irqsave(&leader->target.lock, flags);
		observe_page_locked(leader, life);
		raw_spin_unlock_irqrestore(&leader->target.lock, flags);
	}
	rcu_read_unlock();
}

/**
 * proxyipc_identity_read_clocks() - what a target has used
 * @identity: whom the process object was opened on
 * @last: what this said before
 * @now: its @at is set; receives the rest
 *
 * Context: any, also hard interrupt. Takes time for each thread of a group.
 */
void proxyipc_identity_read_clocks(struct proxyipc_identity *identity,
				   const struct proxyipc_reading *last,
				   struct proxyipc_reading *now)
{
	struct proxyipc_target *target = identity->target;

	if (target->is_group) {
		proxyipc_group_read_clocks(proxyipc_target_group(target), last, now);
		return;
	}
	now->cpu = READ_ONCE(target->task->se.sum_exec_runtime);
	now->delay = proxyipc_task_delay(target->task, last->delay,
					 now->at - last->at);
}

/*
 * Stopped, in a trap of its tracer, or frozen: by the freezer of cgroup v2, which is a
 * flag that says that it shall be, or that of v1 and of suspend, which is a state.
 */
static bool task_is_kept(struct task_struct *task)
{
	return READ_ONCE(task->jobctl) &
	       (JOBCTL_STOPPED | JOBCTL_TRACED | JOBCTL_TRAP_FREEZE) ||
	       READ_ONCE(task->__state) & TASK_FROZEN;
}

/**
 * proxyipc_identity_is_kept() - is it kept from running, by something that isn't its
 * fault?
 * @identity: whom the process object was opened on; of a group one thread is asked, since
 *	what does that does it to all
 *
 * All of it is read while it changes: what is wrong now is right at the next sample.
 *
 * Context: any, also hard interrupt.
 *
 * Return: true if so.
 */
bool proxyipc_identity_is_kept(struct proxyipc_identity *identity)
{
	struct proxyipc_target *target = identity->target;
	struct task_struct *task;
	bool kept = false;

	if (!target->is_group)
		return task_is_kept(target->task);
	rcu_read_lock();
	list_for_each_entry_rcu(task,
				proxyipc_group_threads(proxyipc_target_group(target)),
				thread_node) {
		if (!proxyipc_task_counts(task))
			continue;
		kept = task_is_kept(task);
		break;
	}
	rcu_read_unlock();
	return kept;
}

/**
 * proxyipc_identity_stretch() - for how long it has been on a CPU without a break
 * @identity: whom the process object was opened on
 *
 * Context: any, also hard interrupt.
 *
 * Return: nanoseconds, of a group those of the thread that was longest; 0 if none is.
 */
u64 proxyipc_identity_stretch(struct proxyipc_identity *identity)
{
	struct proxyipc_target *target = identity->target;

	return target->is_group ?
	       proxyipc_group_stretch(proxyipc_target_group(target)) :
	       proxyipc_task_stretch(target->task);
}
