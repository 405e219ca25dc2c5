/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_MANUAL_H
#define _PROXYIPC_MANUAL_H

/**
 * DOC: Hold by hand
 *
 * PROCESS_HOLD: a hold without a message, for those who don't need the proxy
 * entry or build something like it themselves. It belongs to one open file of
 * the process object and is listed in that, so that resume finds it by token.
 */

#include <linux/hrtimer.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "hold.h"

struct proxyipc_process;
struct proxyipc_process_hold;
struct proxyipc_waiter;

/**
 * struct proxyipc_manual - the hold by hand of one open file
 * @process: whose; kept by the file; constant
 * @hold: the hold
 * @timer: end of its lease
 * @expire: what is done then
 * @link: in process->manual while @token is set; this and what follows is under
 *	process->lock
 * @token: names the hold, 0 if there is none
 * @since: when it was confirmed, 0 if it wasn't
 * @lease_end: when it ends
 */
struct proxyipc_manual {
	struct proxyipc_process *process;
	struct proxyipc_hold hold;
	struct hrtimer timer;
	struct work_struct expire;
	struct list_head link;
	u64 token;
	u64 since;
	u64 lease_end;
};

void proxyipc_manual_init(struct proxyipc_manual *manual,
			  struct proxyipc_process *process);
void proxyipc_manual_deinit(struct proxyipc_manual *manual);
int proxyipc_manual_hold(struct proxyipc_manual *manual, u64 lease,
			 u64 defer_max, u64 *token, u32 *state);
int proxyipc_manual_hold_begin(struct proxyipc_manual *manual, u64 lease,
			       u64 defer_max, struct proxyipc_process_hold *params,
			       void __user *user, struct proxyipc_waiter **waiter);
int proxyipc_manual_export(struct proxyipc_process *process,
			   const struct proxyipc_process_hold *params,
			   void __user *user);
int proxyipc_manual_resume(struct proxyipc_process *process, u64 token,
			   bool reply, u32 flags);
struct proxyipc_hold *
proxyipc_manual_find_locked(struct proxyipc_process *process, u64 token);
void proxyipc_manual_end_all_locked(struct proxyipc_process *process);

#endif /* _PROXYIPC_MANUAL_H */
