// SPDX-License-Identifier: GPL-2.0
#include <linux/binfmts.h>
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>

#include <asm/syscall.h>

#include "compat.h"
#include "expiry.h"
#include "group.h"
#include "identity.h"
#include "thread.h"

static bool cred_is_same(const struct cred *then, const struct cred *now)
{
	return then == now ||
	       (uid_eq(then->uid, now->uid) &&
		uid_eq(then->euid, now->euid) &&
		uid_eq(then->suid, now->suid) &&
		gid_eq(then->gid, now->gid) &&
		gid_eq(then->egid, now->egid) &&
		gid_eq(then->sgid, now->sgid) &&
		then->user_ns == now->user_ns &&
		cap_issubset(now->cap_permitted, then->cap_permitted));
}

/**
 * proxyipc_identity_fits() - is this thread still who it was?
 * @identity: of it, or of its group
 * @task: the thread; the caller has a reference, or a lock that keeps it
 *
 * Context: any.
 *
 * Return: true if so.
 */
bool proxyipc_identity_fits(const struct proxyipc_identity *identity,
			    const struct task_struct *task)
{
	bool same;

	rcu_read_lock();
	same = cred_is_same(identity->cred, __task_cred(task));
	rcu_read_unlock();
	return same;
}

/**
 * proxyipc_identity_revoke_locked() - the target is somebody else now
 * @identity: who knew it loses the holds on it
 *
 * The threads of a group notice when they look; the reconcile work sees that
 * they do.
 *
 * Context: any.
 */
void proxyipc_identity_revoke_locked(struct proxyipc_identity *identity)
{
	struct proxyipc_target *target = identity->target;
	struct proxyipc_hold *hold, *next;

	lockdep_assert_held(&target->lock);

	if (identity->stale)
		return;
	identity->stale = true;
	proxyipc_identity_forget_faults_locked(identity);
	/* To the front, where proxyipc_target_next_ended() looks. */
	list_move(&identity->link, &target->identities);
	list_for_each_entry_safe(hold, next, &target->holds, link)
		if (hold->identity == identity)
			proxyipc_hold_unlink_locked(hold);
	proxyipc_target_reconcile_locked(target);
}

/*
 * Of a group the main thread is asked here, unless it has exited and its credentials
 * are those of the past; and all of them when it is held.
 */
static bool identity_fits_locked(struct proxyipc_identity *identity)
{
	struct proxyipc_target *target = identity->target;
	struct proxyipc_thread *leader;

	lockdep_assert_held(&target->lock);

	if (!target->is_group)
		return proxyipc_identity_fits(identity, target->task);
	leader = proxyipc_target_group(target)->leader;
	return !leader || !proxyipc_task_counts(leader->target.task) ||
	       proxyipc_identity_fits(identity, leader->target.task);
}

/**
 * proxyipc_identity_check_locked() - may this target still be operated on?
 * @identity: the one that is looked at; a target may have any number of them
 *
 * Context: any.
 *
 * Return: 0, -ESTALE or -ESRCH.
 */
int proxyipc_identity_check_locked(struct proxyipc_identity *identity)
{
	struct proxyipc_target *target = identity->target;

	lockdep_assert_held(&target->lock);

	if (!identity->stale && !target->dead && !identity_fits_locked(identity))
		proxyipc_identity_revoke_locked(identity);
	if (identity->stale)
		return -ESTALE;
	return target->dead ? -ESRCH : 0;
}

/**
 * proxyipc_identity_check_alive_locked() - can there be a new hold on this target?
 * @identity: by whose authority
 *
 * One that is dying can't be held any more.
 *
 * Context: any.
 *
 * Return: as proxyipc_identity_check_locked().
 */
int proxyipc_identity_check_alive_locked(struct proxyipc_identity *identity)
{
	struct proxyipc_target *target = identity->target;
	int ret = proxyipc_identity_check_locked(identity);

	if (!ret && (target->is_group ?
		     proxyipc_group_is_dying(proxyipc_target_group(target)) :
		     proxyipc_task_is_dying(target->task)))
		ret = -ESRCH;
	return ret;
}

static struct proxyipc_target *identity_get_target(struct task_struct *task,
						   bool group,
						   work_func_t reconcile)
{
	struct proxyipc_thread *thread;
	struct proxyipc_group *record;

	if (group) {
		record = proxyipc_group_get(task, reconcile);
		return IS_ERR(record) ? ERR_CAST(record) : &record->target;
	}
	thread = proxyipc_thread_get(task, NULL, reconcile);
	return IS_ERR(thread) ? ERR_CAST(thread) : &thread->target;
}

static int identity_join_locked(struct proxyipc_identity *identity)
{
	struct proxyipc_target *target = identity->target;
	int ret;

	lockdep_assert_held(&target->lock);

	list_add_tail(&identity->link, &target->identities);
	/*
	 * PF_EXITING is set, or the last thread counted off, before the exit probe
	 * looks for the record: if it looked too early to find this one, that is
	 * seen here.
	 */
	smp_mb();
	ret = proxyipc_identity_check_alive_locked(identity);
	/* A reconcile work must not find what is about to be freed. */
	if (ret)
		list_del_init(&identity->link);
	return ret;
}

/* The main thread's page is the group's: it is to be found where nobody can wait. */
static int identity_init_group(struct proxyipc_identity *identity)
{
	struct proxyipc_group *group = proxyipc_target_group(identity->target);
	struct proxyipc_thread *leader;

	leader = proxyipc_group_leader(group);
	if (!IS_ERR(leader))
		proxyipc_thread_put(leader);
	else if (PTR_ERR(leader) != -ESRCH)
		return PTR_ERR(leader);
	return proxyipc_group_check_threads(group, identity);
}

/**
 * proxyipc_identity_init() - name a thread or a thread group as it is now
 * @identity: to be initialised
 * @task: the target, or a thread of it; the caller has a reference
 * @group: the thread group it is
 * @reconcile: runs in process context after the target died or its identity
 *	changed; calls proxyipc_target_next_ended() until that returns NULL, then
 *	proxyipc_target_put_reconciled(). The same function for all identities.
 *
 * Context: may sleep.
 *
 * Return: 0, -ESRCH if the target is exiting, -ESTALE if the threads of a group
 * don't have the same credentials, -ENOMEM, -ENFILE.
 */
int proxyipc_identity_init(struct proxyipc_identity *identity,
			   struct task_struct *task, bool group,
			   work_func_t reconcile)
{
	struct proxyipc_target *target = identity_get_target(task, group, reconcile);
	int ret;

	if (IS_ERR(target))
		return PTR_ERR(target);

	identity->target = target;
	identity->cred = get_task_cred(task);
	identity->stale = false;
	identity->faulting = NULL;
	INIT_LIST_HEAD(&identity->link);

	/* Nothing else can fail once it is in the list, where others find it. */
	ret = group ? identity_init_group(identity) : 0;
	if (!ret) {
		raw_spin_lock_irq(&target->lock);
		ret = identity_join_locked(identity);
		raw_spin_unlock_irq(&target->lock);
	}
	if (ret)
		proxyipc_identity_deinit(identity);
	return ret;
}

/**
 * proxyipc_identity_deinit() - forget a target
 * @identity: must have no hold any more
 *
 * Context: process.
 */
void proxyipc_identity_deinit(struct proxyipc_identity *identity)
{
	struct proxyipc_target *target = identity->target;

	raw_spin_lock_irq(&target->lock);
	list_del_init(&identity->link);
	proxyipc_identity_forget_faults_locked(identity);
	raw_spin_unlock_irq(&target->lock);
	put_cred(identity->cred);
	if (target->is_group)
		proxyipc_group_forget(proxyipc_target_group(target));
	proxyipc_target_put(target);
}

/**
 * proxyipc_identity_check() - may this target still be operated on?
 * @identity: whom the process object was opened on
 *
 * Context: process or atomic.
 *
 * Return: 0, -ESRCH if it is gone, -ESTALE if it is somebody else now; its holds
 * by this identity are dropped then.
 */
int proxyipc_identity_check(struct proxyipc_identity *identity)
{
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&identity->target->lock, flags);
	ret = proxyipc_identity_check_locked(identity);
	raw_spin_unlock_irqrestore(&identity->target->lock, flags);
	return ret;
}

/**
 * proxyipc_identity_task() - the target
 * @identity: whom the process object was opened on
 *
 * Return: the task, of a group one that is or was of it, as long as @identity lives;
 * it may be a dead one.
 */
struct task_struct *proxyipc_identity_task(struct proxyipc_identity *identity)
{
	return identity->target->task;
}

/**
 * proxyipc_identity_is_group() - thread or thread group?
 * @identity: whom the process object was opened on
 *
 * Return: true if it is a group.
 */
bool proxyipc_identity_is_group(const struct proxyipc_identity *identity)
{
	return identity->target->is_group;
}

/**
 * proxyipc_identity_has() - is this thread the target, or of it?
 * @identity: whom the process object was opened on
 * @task: the thread
 *
 * Return: true if so.
 */
bool proxyipc_identity_has(const struct proxyipc_identity *identity,
			   const struct task_struct *task)
{
	const void *key = identity->target->key;

	return key == (identity->target->is_group ? (void *)task->signal :
						    (void *)task);
}

/* The record, with a reference, whose control page is at this page's offset. */
static struct proxyipc_thread *map_get_thread(struct proxyipc_identity *identity,
					      unsigned long offset)
{
	struct proxyipc_target *target = identity->target;

	if (offset > (target->is_group ? 1 : 0))
		return ERR_PTR(-EINVAL);
	if (!target->is_group) {
		proxyipc_target_get(target);
		return proxyipc_target_thread(target);
	}
	if (!offset)
		return proxyipc_group_leader(proxyipc_target_group(target));
	if (!proxyipc_identity_has(identity, current))
		return ERR_PTR(-EPERM);
	return proxyipc_group_join(proxyipc_target_group(target), current);
}

/**
 * proxyipc_identity_map() - map the control page of a target
 * @identity: whom the process object was opened on
 * @vma: of the current task, being made. At offset 0 the page of the thread, of a
 *	group that of its main thread; of a group also, one page further, that of the
 *	current thread.
 *
 * Context: mmap_lock held for writing.
 *
 * Return: 0, -EPERM if the current task doesn't share the target's memory,
 * -EINVAL, -ENOMEM, -ESRCH, -ESTALE.
 */
int proxyipc_identity_map(struct proxyipc_identity *identity,
			  struct vm_area_struct *vma)
{
	struct proxyipc_thread *thread;
	int ret;

	ret = proxyipc_identity_check(identity);
	if (ret)
		return ret;
	thread = map_get_thread(identity, vma->vm_pgoff);
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	ret = proxyipc_control_map(&thread->control, &thread->target.lock,
				   thread->target.task, vma);
	proxyipc_thread_put(thread);
	return ret;
}

/**
 * proxyipc_target_next_ended() - next identity whose owner is to be told
 * @reconcile: the work that is running
 * @error: receives -ESRCH or -ESTALE
 * @get: takes a reference to the identity's owner, or returns false if that is
 *	being freed; called under a raw lock
 *
 * Context: process.
 *
 * Return: an identity for which @get returned true, or NULL if all were told.
 */
struct proxyipc_identity *
proxyipc_target_next_ended(struct work_struct *reconcile, int *error,
			   bool (*get)(struct proxyipc_identity *))
{
	struct proxyipc_target *target =
		container_of(reconcile, struct proxyipc_target, reconcile);
	struct proxyipc_identity *identity;

	raw_spin_lock_irq(&target->lock);
	for (;;) {
		identity = list_first_entry_or_null(&target->identities,
						    struct proxyipc_identity,
						    link);
		if (!identity || !(identity->stale || target->dead)) {
			identity = NULL;
			break;
		}
		/* It has ended for good: nobody looks for it here any more. */
		list_del_init(&identity->link);
		if (get(identity)) {
			*error = identity->stale ? -ESTALE : -ESRCH;
			break;
		}
	}
	raw_spin_unlock_irq(&target->lock);
	return identity;
}

/**
 * proxyipc_target_put_reconciled() - end of a reconcile work
 * @reconcile: the work that is running
 *
 * Context: process.
 */
void proxyipc_target_put_reconciled(struct work_struct *reconcile)
{
	struct proxyipc_target *target =
		container_of(reconcile, struct proxyipc_target, reconcile);

	/* Holds of those who were told are gone: its threads don't know it yet. */
	if (target->is_group)
		proxyipc_group_sync(proxyipc_target_group(target));
	proxyipc_target_put(target);
}

/*
 * Set-id, or unreadable: a program that its user may not look into. What the
 * image says of itself by its dumpable flag depends on a sysctl; ask both.
 */
static bool exec_is_privileged(const struct linux_binprm *bprm)
{
	return bprm->secureexec ||
	       bprm->interp_flags & BINPRM_FLAGS_ENFORCE_NONDUMP ||
	       !proxyipc_current_is_dumpable();
}

static void exec_revoke(struct proxyipc_target *target, struct task_struct *task,
			bool privileged)
{
	struct proxyipc_identity *identity, *next;
	unsigned long flags;

	raw_spin_lock_irqsave(&target->lock, flags);
	list_for_each_entry_safe(identity, next, &target->identities, link)
		if (!identity->stale &&
		    (privileged || !proxyipc_identity_fits(identity, task)))
			proxyipc_identity_revoke_locked(identity);
	raw_spin_unlock_irqrestore(&target->lock, flags);
}

static void exec_thread(struct proxyipc_thread *thread)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&thread->target.lock, flags);
	thread->in_exec = false;
	/* What the old program deferred, the new one doesn't. */
	proxyipc_thread_end_deferral_locked(thread);
	proxyipc_control_retire(&thread->control);
	/* Can't fail: the task is current and doesn't exit. */
	if (!list_empty(&thread->target.holds))
		proxyipc_thread_queue_locked(thread);
	raw_spin_unlock_irqrestore(&thread->target.lock, flags);
}

/**
 * proxyipc_identity_exec_probe() - sched_process_exec
 * @data: unused
 * @task: the current task, with its new program and credentials
 * @old_pid: unused
 * @bprm: how it got them
 *
 * A set-id or unreadable program is somebody else, even where the ids happen to
 * be the same. Otherwise a callback that ran inside the exec is queued again. The
 * task is the only one of its group by now, and the main thread.
 *
 * Context: atomic; or preemptible, on kernels that call probes so.
 */
void proxyipc_identity_exec_probe(void *data, struct task_struct *task,
				  pid_t old_pid, struct linux_binprm *bprm)
{
	struct proxyipc_thread *thread = proxyipc_thread_find(task);
	struct proxyipc_target *group = proxyipc_target_find(task->signal);
	bool privileged = exec_is_privileged(bprm);

	/* Before its threads look at what is left. */
	if (group) {
		exec_revoke(group, task, privileged);
		proxyipc_group_replace_leader(proxyipc_target_group(group), thread);
		proxyipc_target_put(group);
	}
	if (thread) {
		exec_revoke(&thread->target, task, privileged);
		exec_thread(thread);
		proxyipc_thread_put(thread);
	}
}
