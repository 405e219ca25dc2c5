/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_WATCHDOG_H
#define _PROXYIPC_WATCHDOG_H

/**
 * DOC: Watchdog
 *
 * Of a process object: tells its receiver when the target has not kept alive for
 * too long, and what it did instead. expiry.h says when that is; here is who looks,
 * and at what.
 *
 * The clock is one hrtimer, which looks at the target from hard interrupt context
 * and never waits for anything. What it finds out it leaves with the watchdog,
 * and queues a work; that begins an episode (episode.c). The state is constant: a
 * pretimeout that the work didn't take yet is replaced by the timeout, and behind a
 * timeout the clock waits.
 *
 * Lifetime: the watchdog is part of its process object and ends with it. The timer
 * has no reference to that, or a watchdog would keep an object that nobody else
 * has any more; when it expires it takes one, if there still is any, for the work.
 * Whoever frees the object waits for the timer before.
 */

#include <linux/atomic.h>
#include <linux/hrtimer.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/proxyipc.h>

#include "expiry.h"

struct proxyipc_identity;
struct proxyipc_user;

/**
 * struct proxyipc_watchdog - a process object's
 * @identity: the target; constant
 * @user: who pays for the samples; constant
 * @get: takes a reference to the process object, or fails; constant
 * @timer: takes the samples; runs while @expiry.timeout is set
 * @work: begins an episode; pending with a reference
 * @keepalives: by PROCESS_KEEPALIVE
 * @rate: samples per second that @user is charged with; under process->lock
 * @lock: raw, protects what follows
 * @expiry: the clock
 * @seen: what showed life, at the last sample
 * @standstills: how often the target had been held, at the last sample
 * @unread: the clocks have not been read since the present silence began
 * @stood: something kept it from running, at the last sample
 * @queued: @work is pending
 * @words: of the stage that @work is to report; all 0: none
 * @expiries: how often it expired so far, pretimeouts not counted
 */
struct proxyipc_watchdog {
	struct proxyipc_identity *identity;
	struct proxyipc_user *user;
	bool (*get)(struct proxyipc_watchdog *watchdog);
	struct hrtimer timer;
	struct work_struct work;
	atomic_t keepalives;
	unsigned int rate;

	raw_spinlock_t lock;
	struct proxyipc_expiry expiry;
	u64 seen;
	u64 standstills;
	bool unread;
	bool stood;
	bool queued;
	u64 words[PROXYIPC_WORDS];
	u64 expiries;
};

void proxyipc_watchdog_init(struct proxyipc_watchdog *watchdog,
			    struct proxyipc_identity *identity,
			    struct proxyipc_user *user,
			    bool (*get)(struct proxyipc_watchdog *watchdog),
			    work_func_t work);
void proxyipc_watchdog_deinit(struct proxyipc_watchdog *watchdog);
int proxyipc_watchdog_set(struct proxyipc_watchdog *watchdog, u64 timeout,
			  u64 pretimeout);
void proxyipc_watchdog_keepalive(struct proxyipc_watchdog *watchdog);
bool proxyipc_watchdog_take(struct proxyipc_watchdog *watchdog, u64 *words);
void proxyipc_watchdog_info(struct proxyipc_watchdog *watchdog,
			    struct proxyipc_process_info *info);

#endif /* _PROXYIPC_WATCHDOG_H */
