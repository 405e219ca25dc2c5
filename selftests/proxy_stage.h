/* SPDX-License-Identifier: GPL-2.0 */
/* For the tests of proxy entries: a target, its receiver, and who invokes it. */
#ifndef PROXYIPC_PROXY_STAGE_H
#define PROXYIPC_PROXY_STAGE_H

#include "proxyipc_test.h"

#define RECEIVER_PAYLOAD	0x1111ULL	/* of the entry in the slot */
#define PROXY_PAYLOAD		0x2222ULL	/* of the proxy entry */

struct proxy_stage {
	int endpoint;
	int entry;		/* all rights, in the receiver slot */
	struct target t;	/* counts */
	int proxy;		/* all rights, all notices */
	struct helper h;	/* invokes it */
	int nr;			/* its number of the proxy entry */
};

static inline int proxy_stage_open(struct proxy_stage *s)
{
	s->endpoint = endpoint_new();
	s->entry = entry_new(s->endpoint, RECEIVER_PAYLOAD, RIGHTS_ALL,
			     NOTICES_ALL);
	s->t = target_spin();
	s->proxy = process_mint(s->t.process, PROXY_PAYLOAD, RIGHTS_ALL,
				NOTICES_ALL);
	s->h = helper_new();
	s->nr = helper_give(&s->h, s->proxy);
	if (s->nr < 0)
		return -ENODEV;
	return process_set_receiver(s->t.process, s->entry);
}

static inline void proxy_stage_close(struct proxy_stage *s)
{
	target_kill(&s->t);
	helper_kill(&s->h);
	close_fd(&s->proxy);
	close_fd(&s->t.process);
	close_fd(&s->entry);
	close_fd(&s->endpoint);
}

/* What comes next, all zeros if nothing comes. */
static inline struct proxyipc_received receive(int endpoint)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (endpoint_recv(endpoint, &recv))
		memset(&recv, 0, sizeof(recv));
	return recv.received;
}

/* A call of the helper, received. */
static inline struct proxyipc_received proxied_call(struct proxy_stage *s)
{
	if (helper_call(&s->h, s->nr, 1))
		return (struct proxyipc_received) { .out_cap = 0 };
	return receive(s->endpoint);
}

/* A send of this process, received. */
static inline struct proxyipc_received proxied_send(struct proxy_stage *s,
						    __u64 word)
{
	if (entry_send(s->proxy, word))
		return (struct proxyipc_received) { .out_cap = 0 };
	return receive(s->endpoint);
}

static inline bool stands_held(struct proxy_stage *s)
{
	return target_counter_stands_still(&s->t) &&
	       held_state(process_state(s->t.process));
}

/* Runs, and no trace of a hold or an episode is left. */
static inline bool runs_free(struct proxy_stage *s)
{
	struct proxyipc_process_info info;

	return !process_info(s->t.process, &info) &&
	       info.out_state == PROXYIPC_STATE_RUNNABLE && !info.out_holds &&
	       info.out_episode == PROXYIPC_EPISODE_NONE && !info.out_kind &&
	       !info.out_token && !info.out_since && !info.out_waiting &&
	       target_counts(&s->t);
}

#endif /* PROXYIPC_PROXY_STAGE_H */
