// SPDX-License-Identifier: GPL-2.0
#include <linux/build_bug.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "compat.h"
#include "control.h"

/* A page of its own, to be mapped: nothing else may be in it. */
static_assert(PROXYIPC_CONTROL_SIZE == PAGE_SIZE);
static_assert(sizeof(struct proxyipc_control) == 128);
static_assert(offsetof(struct proxyipc_control, pending) == 64);
static_assert(offsetof(struct proxyipc_control, notices) == 72);

static void control_put(struct proxyipc_control *control)
{
	if (control)
		put_page(virt_to_page(control));
}

/*
 * The live page, made of *@fresh if there is none, with another reference. The
 * memory that it is mapped into must still be that of the target, and is looked
 * at under the lock: an exec gives the target its new memory before the exec probe
 * retires the page, under this lock too. So no program ever has the page of the
 * next one.
 */
static struct proxyipc_control *
control_get_live_locked(struct proxyipc_control_page *page,
			struct task_struct *task, struct mm_struct *mm,
			struct proxyipc_control **fresh)
{
	struct mm_struct *target = READ_ONCE(task->mm);

	if (target != mm)
		return ERR_PTR(target ? -EPERM : -ESRCH);
	if (!page->live) {
		swap(page->live, *fresh);
		page->live->episodes = page->episodes;
		page->live->held_ns = page->held_ns;
		page->live->notices = page->notices;
		page->notices = 0;
	}
	get_page(virt_to_page(page->live));
	return page->live;
}

/**
 * proxyipc_control_map() - map the control page of a thread
 * @page: the page
 * @lock: protects @page
 * @task: the thread
 * @vma: of the current task, being made
 *
 * Context: mmap_lock held for writing, no other locks. May sleep.
 *
 * Return: 0, -EINVAL, -EPERM if the current task doesn't share memory with @task,
 * -ESRCH if that has none any more, -ENOMEM.
 */
int proxyipc_control_map(struct proxyipc_control_page *page,
			 raw_spinlock_t *lock, struct task_struct *task,
			 struct vm_area_struct *vma)
{
	struct proxyipc_control *live, *fresh, *retired;
	int ret;

	/* Not to be allocated for one who may not; decided below. */
	if (READ_ONCE(task->mm) != vma->vm_mm)
		return READ_ONCE(task->mm) ? -EPERM : -ESRCH;
	if (!(vma->vm_flags & VM_SHARED) ||
	    vma->vm_end - vma->vm_start != PROXYIPC_CONTROL_SIZE)
		return -EINVAL;

	fresh = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return -ENOMEM;
	raw_spin_lock_irq(lock);
	live = control_get_live_locked(page, task, vma->vm_mm, &fresh);
	retired = page->retired;
	page->retired = NULL;
	raw_spin_unlock_irq(lock);
	control_put(retired);
	control_put(fresh);
	if (IS_ERR(live))
		return PTR_ERR(live);

	/* Neither a child nor a longer mapping is to have it. */
	proxyipc_vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND);
	ret = vm_insert_page(vma, vma->vm_start, virt_to_page(live));
	control_put(live);
	return ret;
}

/**
 * proxyipc_control_retire() - the thread executes another program
 * @page: under its lock
 *
 * What the target said in the page is forgotten, what it was told goes on in the
 * next one.
 *
 * Context: any. There can be no retired page already: the live one was made by
 * proxyipc_control_map(), which frees that.
 */
void proxyipc_control_retire(struct proxyipc_control_page *page)
{
	if (!page->live)
		return;
	WARN_ON_ONCE(page->retired);
	page->notices = READ_ONCE(page->live->notices);
	page->retired = page->live;
	page->live = NULL;
}

/**
 * proxyipc_control_free() - the record of the thread is about to go
 * @page: nobody else sees it any more
 *
 * Who has it mapped keeps it.
 */
void proxyipc_control_free(struct proxyipc_control_page *page)
{
	control_put(page->live);
	control_put(page->retired);
}
