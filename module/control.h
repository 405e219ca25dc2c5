/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_CONTROL_H
#define _PROXYIPC_CONTROL_H

/**
 * DOC: Control page
 *
 * Memory that a target thread shares with us, so that what it says often costs it
 * no system call: struct proxyipc_control. It is part of the thread's record
 * (thread.h), whose lock protects the pointers here; not what is in the page, which
 * user space writes at any time. We read single words, once each, and what we
 * write is news to the target and never read back.
 *
 * A page belongs to one program. When its thread executes another, the page is
 * *retired*: who still has it mapped, because he shared the memory of the old
 * program, keeps it and no longer reaches us; the new program gets a fresh one
 * when it maps. A retired page is freed in process context, at the next mmap or
 * with the record, never in the exec probe.
 */

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/proxyipc.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/types.h>

/* How long a target may defer a hold, nanoseconds. */
#define PROXYIPC_DEFER_DEFAULT	((u64)NSEC_PER_MSEC)
#define PROXYIPC_DEFER_MAX	(100 * (u64)NSEC_PER_MSEC)

struct task_struct;
struct vm_area_struct;

/**
 * struct proxyipc_control_page - the control page of one thread
 * @live: of the program that runs, with a reference to the page; or NULL: nobody
 *	has mapped it
 * @retired: of a program before that, with a reference, or NULL
 * @notices: &proxyipc_control.notices of holds that took effect while there was
 *	no page, for the next one
 * @episodes: how many holds took effect
 * @held_ns: for how long the thread was held, without the hold in effect
 *
 * All under the lock of the thread's record.
 */
struct proxyipc_control_page {
	struct proxyipc_control *live;
	struct proxyipc_control *retired;
	u64 notices;
	u64 episodes;
	u64 held_ns;
};

int proxyipc_control_map(struct proxyipc_control_page *page,
			 raw_spinlock_t *lock, struct task_struct *task,
			 struct vm_area_struct *vma);
void proxyipc_control_retire(struct proxyipc_control_page *page);
void proxyipc_control_free(struct proxyipc_control_page *page);

/**
 * proxyipc_control_took_effect() - tell the target of a hold
 * @page: under its lock
 * @notices: bits that began it
 *
 * The target may take bits out of the page at the same time, hence atomic.
 */
static inline void proxyipc_control_took_effect(struct proxyipc_control_page *page,
						u64 notices)
{
	page->episodes++;
	if (!page->live) {
		page->notices |= notices;
		return;
	}
	atomic64_or(notices, (atomic64_t *)&page->live->notices);
	WRITE_ONCE(page->live->episodes, page->episodes);
}

/**
 * proxyipc_control_was_held() - tell the target for how long it was held
 * @page: under its lock
 * @ns: for how long this time
 */
static inline void proxyipc_control_was_held(struct proxyipc_control_page *page,
					     u64 ns)
{
	page->held_ns += ns;
	if (page->live)
		WRITE_ONCE(page->live->held_ns, page->held_ns);
}

/**
 * proxyipc_control_defers() - does the target say "not now"?
 * @page: under its lock
 *
 * Context: any, also hard interrupt.
 */
static inline bool proxyipc_control_defers(const struct proxyipc_control_page *page)
{
	return page->live && READ_ONCE(page->live->defer);
}

/**
 * proxyipc_control_set_pending() - say whether a hold waits for the target
 * @page: under its lock
 * @pending: whether
 *
 * Context: any, also hard interrupt.
 */
static inline void proxyipc_control_set_pending(struct proxyipc_control_page *page,
						bool pending)
{
	if (page->live)
		WRITE_ONCE(page->live->pending, pending);
}

/**
 * proxyipc_control_keepalive() - the target's sign of life
 * @page: under its lock
 * @keepalive: receives it
 *
 * Context: any, also hard interrupt.
 *
 * Return: false if the target has no page.
 */
static inline bool proxyipc_control_keepalive(const struct proxyipc_control_page *page,
					      u32 *keepalive)
{
	if (!page->live)
		return false;
	*keepalive = READ_ONCE(page->live->keepalive);
	return true;
}

/**
 * proxyipc_control_is_idle() - does the target say that it has nothing to do?
 * @page: under its lock
 *
 * Context: any, also hard interrupt.
 */
static inline bool proxyipc_control_is_idle(const struct proxyipc_control_page *page)
{
	return page->live && READ_ONCE(page->live->idle);
}

#endif /* _PROXYIPC_CONTROL_H */
