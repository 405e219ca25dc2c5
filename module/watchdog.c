// SPDX-License-Identifier: GPL-2.0
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "compat.h"
#include "identity.h"
#include "main.h"
#include "object.h"
#include "trace.h"
#include "watchdog.h"

/* Whatever changes when the target keeps alive, or somebody for it. */
static u64 watchdog_read(struct proxyipc_watchdog *watchdog,
			 const struct proxyipc_life *life)
{
	return (u64)life->keepalive << 32 | (u32)atomic_read(&watchdog->keepalives);
}

static void watchdog_read_clocks(struct proxyipc_watchdog *watchdog,
				 struct proxyipc_reading *now)
{
	now->at = ktime_get_ns();
	proxyipc_identity_read_clocks(watchdog->identity, &watchdog->expiry.last, now);
}

/*
 * The same where it takes time for each thread of a group: only if it matters, which
 * is once when a silence begins, one sample late, when it is interrupted and goes on,
 * and when a stage is due. @stood and @stands are of this sample, @changed says that it
 * ends the silence.
 */
static void watchdog_read_some(struct proxyipc_watchdog *watchdog, u64 before,
			       bool changed, bool stood, bool stands,
			       struct proxyipc_reading *now)
{
	struct proxyipc_expiry *expiry = &watchdog->expiry;
	bool begins = stood && !watchdog->stood, ends = stood && !stands;
	bool due = !stood && before >= expiry_due(expiry);

	lockdep_assert_held(&watchdog->lock);

	*now = expiry->last;
	now->at = ktime_get_ns();
	if (changed || !(watchdog->unread || begins || ends || due))
		return;
	proxyipc_identity_read_clocks(watchdog->identity, &expiry->last, now);
	if (watchdog->unread) {
		expiry->start.cpu = now->cpu;
		expiry->start.delay = now->delay;
	}
	/* What it used before it stood is the silence's, and only that. */
	if (watchdog->unread || begins) {
		expiry->last.cpu = now->cpu;
		expiry->last.delay = now->delay;
	}
	watchdog->unread = false;
}

/* What the receiver will be told. The system call is filled in once it is held. */
static void watchdog_report_locked(struct proxyipc_watchdog *watchdog, u32 stage)
{
	struct task_struct *task = proxyipc_identity_task(watchdog->identity);
	struct proxyipc_reading passed =
		proxyipc_expiry_passed(&watchdog->expiry,
				       proxyipc_identity_stretch(watchdog->identity));
	u64 *words = watchdog->words;

	lockdep_assert_held(&watchdog->lock);

	words[PROXYIPC_WATCHDOG_WORD_STAGE] = stage;
	words[PROXYIPC_WATCHDOG_WORD_CAUSE] = proxyipc_expiry_cause(&passed);
	words[PROXYIPC_WATCHDOG_WORD_SINCE] = passed.at;
	words[PROXYIPC_WATCHDOG_WORD_CPU] = passed.cpu;
	words[PROXYIPC_WATCHDOG_WORD_DELAY] = passed.delay;
	words[PROXYIPC_WATCHDOG_WORD_SYSCALL] = -1;
	words[PROXYIPC_WATCHDOG_WORD_TIMEOUT] = watchdog->expiry.timeout;
	words[PROXYIPC_WATCHDOG_WORD_AT] = watchdog->expiry.last.at;
	trace_proxyipc_watchdog(task->pid, words);

	/*
	 * The work takes its flag away before all else, so if that isn't set the
	 * work isn't pending: the reference is never one too many, and needs not
	 * be put here, where it must not be the last.
	 */
	if (!watchdog->queued && watchdog->get(watchdog)) {
		watchdog->queued = true;
		queue_work(proxyipc_workqueue, &watchdog->work);
	}
}

static void watchdog_sample_locked(struct proxyipc_watchdog *watchdog)
{
	struct proxyipc_expiry *expiry = &watchdog->expiry;
	struct proxyipc_reading after;
	struct proxyipc_life life;
	bool stands, stood, changed;
	u64 before, seen;
	u32 stage;

	lockdep_assert_held(&watchdog->lock);

	before = ktime_get_ns();
	proxyipc_identity_observe(watchdog->identity, &life);
	stands = life.holds || life.idle ||
		 proxyipc_identity_is_kept(watchdog->identity);
	seen = watchdog_read(watchdog, &life);
	/* All of it was read after the one clock and before the other. */
	smp_rmb();
	/* While a timeout waits for the work, what it says stays true: no second one. */
	changed = seen != watchdog->seen ||
		  watchdog->words[PROXYIPC_WATCHDOG_WORD_STAGE] ==
		  PROXYIPC_WATCHDOG_TIMEOUT;
	stood = stands || watchdog->stood ||
		life.standstills != watchdog->standstills;
	if (proxyipc_identity_is_group(watchdog->identity) &&
	    !PROXYIPC_TASK_DELAY_IS_SAMPLED)
		watchdog_read_some(watchdog, before, changed, stood, stands, &after);
	else
		watchdog_read_clocks(watchdog, &after);
	watchdog->stood = stands;
	watchdog->standstills = life.standstills;

	if (changed) {
		watchdog->seen = seen;
		watchdog->unread = true;
		proxyipc_expiry_alive(expiry, &after);
		return;
	}
	if (stood) {
		proxyipc_expiry_stood(expiry, &after);
		return;
	}
	stage = proxyipc_expiry_silent(expiry, before, &after);
	if (!stage)
		return;
	watchdog_report_locked(watchdog, stage);
	if (stage == PROXYIPC_WATCHDOG_TIMEOUT) {
		watchdog->expiries++;
		proxyipc_expiry_alive(expiry, &after);
	}
}

static enum hrtimer_restart watchdog_timer(struct hrtimer *timer)
{
	struct proxyipc_watchdog *watchdog =
		container_of(timer, struct proxyipc_watchdog, timer);
	unsigned long flags;

	raw_spin_lock_irqsave(&watchdog->lock, flags);
	watchdog_sample_locked(watchdog);
	hrtimer_set_expires(timer,
			    ns_to_ktime(proxyipc_expiry_next(&watchdog->expiry)));
	raw_spin_unlock_irqrestore(&watchdog->lock, flags);
	return HRTIMER_RESTART;
}

/**
 * proxyipc_watchdog_init() - a watchdog that isn't set
 * @watchdog: to be initialised
 * @identity: the target; must outlive it
 * @user: who pays; must outlive it
 * @get: takes a reference to the owner, or returns false if that is being freed;
 *	called in hard interrupt context
 * @work: begins an episode with what proxyipc_watchdog_take() says, and puts that
 *	reference
 */
void proxyipc_watchdog_init(struct proxyipc_watchdog *watchdog,
			    struct proxyipc_identity *identity,
			    struct proxyipc_user *user,
			    bool (*get)(struct proxyipc_watchdog *watchdog),
			    work_func_t work)
{
	watchdog->identity = identity;
	watchdog->user = user;
	watchdog->get = get;
	proxyipc_hrtimer_setup(&watchdog->timer, watchdog_timer);
	INIT_WORK(&watchdog->work, work);
	raw_spin_lock_init(&watchdog->lock);
}

/**
 * proxyipc_watchdog_deinit() - the watchdog's memory is about to go
 * @watchdog: nobody has a reference to its owner any more, nor has @work
 *
 * Context: process.
 */
void proxyipc_watchdog_deinit(struct proxyipc_watchdog *watchdog)
{
	WARN_ON_ONCE(proxyipc_watchdog_set(watchdog, 0, 0));
}

/**
 * proxyipc_watchdog_set() - set it, or take it away
 * @watchdog: whatever it was set to is gone, and what it was about to report
 * @timeout: nanoseconds, 0: none; checked by proxyipc_expiry_check()
 * @pretimeout: likewise
 *
 * Context: process, under process->lock or when nobody else can.
 *
 * Return: 0, or -EDQUOT: nothing was changed.
 */
int proxyipc_watchdog_set(struct proxyipc_watchdog *watchdog, u64 timeout,
			  u64 pretimeout)
{
	struct proxyipc_reading now;
	struct proxyipc_life life;
	unsigned int rate = 0;
	int ret;

	if (timeout)
		rate = div64_u64(NSEC_PER_SEC, proxyipc_expiry_interval(timeout));
	ret = proxyipc_user_charge_samples(watchdog->user, watchdog->rate, rate);
	if (ret)
		return ret;
	watchdog->rate = rate;

	/* Waits for a sample that is being taken; it waits for nothing. */
	hrtimer_cancel(&watchdog->timer);

	proxyipc_identity_observe(watchdog->identity, &life);
	raw_spin_lock_irq(&watchdog->lock);
	memset(watchdog->words, 0, sizeof(watchdog->words));
	watchdog->expiry = (struct proxyipc_expiry){
		.timeout = timeout,
		.pretimeout = pretimeout,
	};
	if (timeout) {
		watchdog->standstills = life.standstills;
		watchdog->stood = false;
		watchdog->seen = watchdog_read(watchdog, &life);
		watchdog_read_clocks(watchdog, &now);
		watchdog->unread = false;
		proxyipc_expiry_alive(&watchdog->expiry, &now);
		hrtimer_start(&watchdog->timer,
			      ns_to_ktime(proxyipc_expiry_next(&watchdog->expiry)),
			      HRTIMER_MODE_ABS);
	}
	raw_spin_unlock_irq(&watchdog->lock);
	return 0;
}

/**
 * proxyipc_watchdog_keepalive() - keep alive on behalf of the target
 * @watchdog: one that isn't set is fine
 */
void proxyipc_watchdog_keepalive(struct proxyipc_watchdog *watchdog)
{
	atomic_inc(&watchdog->keepalives);
}

/**
 * proxyipc_watchdog_take() - what is there to report?
 * @watchdog: from its work, before all else
 * @words: receives the message
 *
 * Context: process, under process->lock.
 *
 * Return: false if there is nothing any more.
 */
bool proxyipc_watchdog_take(struct proxyipc_watchdog *watchdog, u64 *words)
{
	bool any;

	raw_spin_lock_irq(&watchdog->lock);
	watchdog->queued = false;
	any = watchdog->words[PROXYIPC_WATCHDOG_WORD_STAGE];
	if (any)
		memcpy(words, watchdog->words, sizeof(watchdog->words));
	memset(watchdog->words, 0, sizeof(watchdog->words));
	raw_spin_unlock_irq(&watchdog->lock);
	return any;
}

/**
 * proxyipc_watchdog_info() - its part of PROCESS_INFO
 * @watchdog: the watchdog
 * @info: is written
 */
void proxyipc_watchdog_info(struct proxyipc_watchdog *watchdog,
			    struct proxyipc_process_info *info)
{
	struct proxyipc_expiry *expiry = &watchdog->expiry;

	raw_spin_lock_irq(&watchdog->lock);
	info->out_watchdog_timeout = expiry->timeout;
	info->out_watchdog_pretimeout = expiry->pretimeout;
	if (expiry->timeout)
		info->out_watchdog_since = expiry->last.at - expiry->start.at;
	info->out_watchdog_expiries = watchdog->expiries;
	raw_spin_unlock_irq(&watchdog->lock);
}
