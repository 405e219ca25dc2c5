// SPDX-License-Identifier: GPL-2.0
/* RECV of everything that there is to receive: a failure loses nothing. */
#define _GNU_SOURCE
#include "cases.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include "clock.h"
#include "objects.h"
#include "proc.h"

static void prepare_recv(struct stage *s, __u32 flags)
{
	s->arg.recv.size = sizeof(s->arg.recv);
	s->arg.recv.flags = flags;
	s->arg.recv.received.data = address(s->in);
	s->arg.recv.received.data_size = DATA_LEN;
}

static int run_recv(struct stage *s)
{
	return command(s->endpoint, PROXYIPC_IOC_ENDPOINT_RECV, &s->arg);
}

static const char *nothing_more(struct stage *s)
{
	return is_empty(s) ? NULL : "it was received twice";
}

static int prepare_call(struct stage *s)
{
	prepare_recv(s, PROXYIPC_NONBLOCK);
	return stage_call(s, s->caller_entry);
}

static const char *done_call(struct stage *s)
{
	const struct proxyipc_received *got = &s->arg.recv.received;

	if (!is_call(s, got) || got->out_payload != ENTRY_PAYLOAD)
		return "another message";
	if (endpoint_reply(s->endpoint, got->out_cap, ANSWER) ||
	    !caller_got_answer(s, false))
		return "the call can't be answered";
	return nothing_more(s);
}

const struct sweep_case case_recv_call = {
	.name = "recv_call",
	.cmd = PROXYIPC_IOC_ENDPOINT_RECV,
	.prepare = prepare_call,
	.run = run_recv,
	.done = done_call,
};

static int prepare_send(struct stage *s)
{
	struct proxyipc_entry_send send = { .size = sizeof(send) };
	int ret;

	prepare_recv(s, PROXYIPC_NONBLOCK);
	good_answer(s, &send.message, true);
	ret = command(s->entry, PROXYIPC_IOC_ENTRY_SEND, &send);
	/* A second one behind it: the order stays. */
	return ret ?: entry_send_now(s->entry, 7);
}

static const char *done_send(struct stage *s)
{
	const struct proxyipc_received *got = &s->arg.recv.received;
	struct proxyipc_endpoint_recv next = { .size = 0 };

	if (got->out_kind != PROXYIPC_KIND_SEND ||
	    got->out_words[0] != ANSWER || got->out_data_len != DATA_LEN)
		return "another message";
	if (endpoint_recv_now(s->endpoint, &next) ||
	    next.received.out_words[0] != 7)
		return "the next message is another one";
	return nothing_more(s);
}

const struct sweep_case case_recv_send = {
	.name = "recv_send",
	.cmd = PROXYIPC_IOC_ENDPOINT_RECV,
	.prepare = prepare_send,
	.run = run_recv,
	.done = done_send,
};

static int prepare_notice(struct stage *s)
{
	prepare_recv(s, PROXYIPC_NONBLOCK);
	return entry_notify(s->entry, 0x5);
}

static const char *done_notice(struct stage *s)
{
	const struct proxyipc_received *got = &s->arg.recv.received;

	if (got->out_kind != PROXYIPC_KIND_NOTICE || got->out_notices != 0x5)
		return "other notices";
	return nothing_more(s);
}

const struct sweep_case case_recv_notice = {
	.name = "recv_notice",
	.cmd = PROXYIPC_IOC_ENDPOINT_RECV,
	.prepare = prepare_notice,
	.run = run_recv,
	.done = done_notice,
};

static int prepare_proxied_call(struct stage *s)
{
	int ret = stage_set_receiver(s);

	prepare_recv(s, PROXYIPC_NONBLOCK);
	return ret ?: stage_call(s, s->caller_proxy);
}

static const char *done_proxied_call(struct stage *s)
{
	const struct proxyipc_received *got = &s->arg.recv.received;

	if (!is_call(s, got) || got->out_payload != ENTRY_PAYLOAD ||
	    got->out_proxy_payload != PROXY_PAYLOAD ||
	    !(got->out_flags & PROXYIPC_RECEIVED_PROXIED) ||
	    !held_state(got->out_state))
		return "another message";
	if (!target_is_held(s, 1))
		return "the target isn't held";
	if (endpoint_resume_reply(s->endpoint, got->out_cap, ANSWER) ||
	    !caller_got_answer(s, false))
		return "the call can't be answered";
	return nothing_more(s);
}

const struct sweep_case case_recv_proxied_call = {
	.name = "recv_proxied_call",
	.cmd = PROXYIPC_IOC_ENDPOINT_RECV,
	.prepare = prepare_proxied_call,
	.run = run_recv,
	.done = done_proxied_call,
};

static int prepare_proxied_notice(struct stage *s)
{
	int ret = stage_set_receiver(s);

	prepare_recv(s, PROXYIPC_NONBLOCK);
	if (!ret)
		ret = entry_notify(s->proxy, 0x6);
	return ret == PROXYIPC_NOTIFIED_CONFIRMED ? 0 : -EPROTO;
}

static const char *done_proxied_notice(struct stage *s)
{
	const struct proxyipc_received *got = &s->arg.recv.received;

	if (got->out_kind != PROXYIPC_KIND_NOTICE || got->out_notices != 0x6 ||
	    !(got->out_flags & PROXYIPC_RECEIVED_PROXIED))
		return "other notices";
	if (endpoint_resume(s->endpoint, got->out_cap))
		return "the target can't be resumed";
	return nothing_more(s);
}

const struct sweep_case case_recv_proxied_notice = {
	.name = "recv_proxied_notice",
	.cmd = PROXYIPC_IOC_ENDPOINT_RECV,
	.prepare = prepare_proxied_notice,
	.run = run_recv,
	.done = done_proxied_notice,
};

/* The end of a target that was held by notices: a token and bits to tell. */
static int prepare_event(struct stage *s)
{
	int ret = prepare_proxied_notice(s);
	struct proxyipc_process_info info;

	if (ret || process_info(s->t.process, &info))
		return ret ?: -EPROTO;
	s->token = info.out_token;
	target_kill(&s->t);
	if (!wait_for_state(s->t.process, PROXYIPC_STATE_GONE) ||
	    !wait_for_episode(s->t.process, PROXYIPC_EPISODE_NONE))
		return -ETIMEDOUT;
	return 0;
}

static const char *done_event(struct stage *s)
{
	const struct proxyipc_received *got = &s->arg.recv.received;

	if (got->out_kind != PROXYIPC_KIND_EVENT ||
	    got->out_events != PROXYIPC_EVENT_TARGET_GONE ||
	    got->out_token != s->token || got->out_notices != 0x6)
		return "another event";
	return nothing_more(s);
}

const struct sweep_case case_recv_event = {
	.name = "recv_event",
	.cmd = PROXYIPC_IOC_ENDPOINT_RECV,
	.prepare = prepare_event,
	.run = run_recv,
	.done = done_event,
};

/*
 * A receive that has to wait: another thread sends once it sees it asleep. If it
 * fails before, that thread is told, and sends all the same. It keeps quiet until
 * the receive begins: the descriptors that it uses are this process's too.
 */

static atomic_int begun, failed_early;
static pthread_t late_sender;
static pid_t receiver_tid;

static void *send_late(void *arg)
{
	struct stage *s = arg;

	eventually(begun);
	eventually(failed_early ||
		   proc_asleep_in_ioctl(receiver_tid, s->endpoint,
					PROXYIPC_IOC_ENDPOINT_RECV));
	entry_send(s->entry, 7);
	return NULL;
}

static int prepare_waits(struct stage *s)
{
	prepare_recv(s, 0);
	s->arg.recv.deadline = deadline_ms(2 * PATIENCE_MS);
	begun = 0;
	failed_early = 0;
	receiver_tid = gettid();
	return -pthread_create(&late_sender, NULL, send_late, s);
}

static int run_waits(struct stage *s)
{
	begun = 1;
	return run_recv(s);
}

static const char *undone_waits(struct stage *s, int error)
{
	/* Failed before or after the message came: it is there, once. */
	failed_early = 1;
	pthread_join(late_sender, NULL);
	return readable(s->endpoint) ? NULL : "the message is lost";
}

static const char *done_waits(struct stage *s)
{
	if (!failed_early)
		pthread_join(late_sender, NULL);
	if (s->arg.recv.received.out_words[0] != 7)
		return "another message";
	return nothing_more(s);
}

const struct sweep_case case_recv_waits = {
	.name = "recv_waits",
	.cmd = PROXYIPC_IOC_ENDPOINT_RECV,
	.prepare = prepare_waits,
	.run = run_waits,
	.undone = undone_waits,
	.done = done_waits,
};
