/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For the tests of a call's states: a caller, two receivers of one endpoint, and
 * a target, each of which can die on its own.
 */
#ifndef PROXYIPC_CALL_STAGE_H
#define PROXYIPC_CALL_STAGE_H

#include "proxyipc_test.h"

struct stage {
	int endpoint;
	int entry;
	struct target t;	/* counts; its receiver is the entry */
	int proxy;
	bool proxied;		/* is it the proxy entry that is invoked? */
	struct helper caller;
	int nr;			/* its number of what it invokes */
	struct helper receiver;	/* has the endpoint, as this process does */
	int receiver_nr;	/* its number of that */
};

static inline int stage_open(struct stage *s, bool proxied, __u64 lease)
{
	s->endpoint = endpoint_new();
	s->entry = entry_new(s->endpoint, 1, RIGHTS_ALL, NOTICES_ALL);
	s->t = target_spin_lease(lease);
	s->proxy = process_mint(s->t.process, 2, RIGHTS_ALL, NOTICES_ALL);
	s->proxied = proxied;
	s->caller = helper_new();
	s->nr = helper_give(&s->caller, proxied ? s->proxy : s->entry);
	s->receiver = helper_new();
	s->receiver_nr = helper_give(&s->receiver, s->endpoint);
	if (s->nr < 0 || s->receiver_nr < 0)
		return -ENODEV;
	return process_set_receiver(s->t.process, s->entry);
}

static inline void stage_close(struct stage *s)
{
	target_kill(&s->t);
	helper_kill(&s->caller);
	helper_kill(&s->receiver);
	close_fd(&s->proxy);
	close_fd(&s->t.process);
	close_fd(&s->entry);
	close_fd(&s->endpoint);
}

/* The caller calls, and the message is in the queue. */
static inline int queue_call_until(struct stage *s, __u64 deadline)
{
	struct proxyipc_entry_call call = {
		.size = sizeof(call),
		.deadline = deadline,
		.message.words[0] = 1,
	};
	int ret;

	ret = helper_start(&s->caller, s->nr, PROXYIPC_IOC_ENTRY_CALL, &call,
			   sizeof(call));
	if (ret)
		return ret;
	return eventually(readable(s->endpoint)) ? 0 : -EINPROGRESS;
}

static inline int queue_call(struct stage *s)
{
	return queue_call_until(s, 0);
}

/* What this process receives of such a call; all zeros if it doesn't. */
static inline struct proxyipc_received
receive_call_until(struct stage *s, __u64 deadline)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (queue_call_until(s, deadline) || endpoint_recv(s->endpoint, &recv))
		memset(&recv, 0, sizeof(recv));
	return recv.received;
}

static inline struct proxyipc_received receive_call(struct stage *s)
{
	return receive_call_until(s, 0);
}

/* What the other receiver receives of it. */
static inline struct proxyipc_received receive_call_elsewhere(struct stage *s)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };

	if (queue_call(s) ||
	    helper_do(&s->receiver, s->receiver_nr, PROXYIPC_IOC_ENDPOINT_RECV,
		      &recv, sizeof(recv)))
		memset(&recv, 0, sizeof(recv));
	else
		recv = s->receiver.page->arg.recv;
	return recv.received;
}

/* Closes the endpoint everywhere. */
static inline void close_endpoint(struct stage *s)
{
	close_fd(&s->endpoint);
	helper_close(&s->receiver, s->receiver_nr);
}

/* Is the target as it should be while the call goes on? */
static inline bool during(struct stage *s)
{
	return !s->proxied || (target_counter_stands_still(&s->t) &&
			       held_state(process_state(s->t.process)));
}

/* And when it is over? A plain call never touches it. */
static inline bool after(struct stage *s)
{
	struct proxyipc_process_info info;

	return !process_info(s->t.process, &info) &&
	       info.out_state == PROXYIPC_STATE_RUNNABLE && !info.out_holds &&
	       info.out_episode == PROXYIPC_EPISODE_NONE && !info.out_token &&
	       !info.out_waiting && target_counts(&s->t);
}

/* Does a further call work as if nothing had been? */
static inline bool next_call_works(struct stage *s)
{
	struct proxyipc_received got = receive_call(s);
	int ret;

	if (s->proxied)
		ret = endpoint_resume_reply(s->endpoint, got.out_cap, 99);
	else
		ret = endpoint_reply(s->endpoint, got.out_cap, 99);
	return !ret && !helper_finish(&s->caller) &&
	       s->caller.page->arg.call.reply.words[0] == 99 &&
	       !readable(s->endpoint) && after(s);
}

#endif /* PROXYIPC_CALL_STAGE_H */
