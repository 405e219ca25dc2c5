/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_EPISODE_H
#define _PROXYIPC_EPISODE_H

/*
 * What happens to a process object: see DOC: Episode in process.h. The functions
 * here are all the ways in which an episode begins, goes on and ends.
 */

#include <linux/types.h>

struct proxyipc_body;
struct proxyipc_call;
struct proxyipc_endpoint;
struct proxyipc_hold;
struct proxyipc_process;
struct proxyipc_process_works;
struct proxyipc_receiver;
struct task_struct;

/* What a resume may say of the target, beside the reply. */
#define PROXYIPC_RESUME_VERDICT \
	(PROXYIPC_RESUME_STOP | PROXYIPC_RESUME_RETRY | PROXYIPC_RESUME_KILL)

extern const struct proxyipc_process_works proxyipc_episode_works;

int proxyipc_episode_submit(struct proxyipc_process *process,
			    struct proxyipc_call *call, bool nonblock);
void proxyipc_episode_withdraw(struct proxyipc_call *call, void *object,
			       int error);
int proxyipc_episode_notify(struct proxyipc_process *process, u64 notices,
			    u32 *state);

bool proxyipc_episode_pick(struct proxyipc_process *process, u64 token);
void proxyipc_episode_unpick(struct proxyipc_process *process, u64 token);

bool proxyipc_episode_is_received(struct proxyipc_process *process, u64 token);
int proxyipc_episode_reply(struct proxyipc_process *process, u64 token,
			   struct proxyipc_body *reply);
struct proxyipc_call *
proxyipc_episode_fetch_reply(struct proxyipc_process *process, u64 token);
int proxyipc_episode_resume(struct proxyipc_process *process, u64 token,
			    struct proxyipc_body *reply, u32 flags);
bool proxyipc_episode_verdict_is_valid(u32 flags);
int proxyipc_episode_set_faults(struct proxyipc_process *process, u64 signals);

int proxyipc_episode_set_watchdog(struct proxyipc_process *process, u64 timeout,
				  u64 pretimeout);

struct proxyipc_hold *
proxyipc_episode_find_locked(struct proxyipc_process *process, u64 token);

void proxyipc_episode_endpoint_closed(struct proxyipc_endpoint *ep);
void proxyipc_episode_task_exits(struct task_struct *task);

#endif /* _PROXYIPC_EPISODE_H */
