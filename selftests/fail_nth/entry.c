// SPDX-License-Identifier: GPL-2.0
/* Who invokes. The peer is the server, or what is queued. */
#define _GNU_SOURCE
#include "cases.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "objects.h"
#include "proc.h"

/*
 * CALL. What can't be copied in was never sent. If the answer can't be copied
 * out the call is over all the same; the next attempt is another call. Either way
 * every call that the server received, it could answer: once.
 */

static int prepare_call_with(struct stage *s, bool data)
{
	struct proxyipc_entry_call *arg = &s->arg.call;

	arg->size = sizeof(*arg);
	arg->message.words[0] = ASK;
	if (data) {
		arg->message.data = address(s->out);
		arg->message.data_len = DATA_LEN;
		arg->reply.data = address(s->in);
		arg->reply.data_len = DATA_LEN;
	}
	return server_start(s);
}

static int prepare_call(struct stage *s)
{
	return prepare_call_with(s, false);
}

static int prepare_call_data(struct stage *s)
{
	return prepare_call_with(s, true);
}

static int prepare_call_proxied(struct stage *s)
{
	return stage_set_receiver(s) ?: prepare_call(s);
}

static int prepare_call_proxied_data(struct stage *s)
{
	return stage_set_receiver(s) ?: prepare_call_data(s);
}

static int run_call(struct stage *s)
{
	return command(s->entry, PROXYIPC_IOC_ENTRY_CALL, &s->arg);
}

static int run_call_proxied(struct stage *s)
{
	return command(s->proxy, PROXYIPC_IOC_ENTRY_CALL, &s->arg);
}

static const char *undone_call(struct stage *s, int error)
{
	if (s->server.calls > 1)
		return "called more than once";
	if (s->server.calls && error != -EFAULT)
		return "an answered call fails for another reason";
	return NULL;
}

/* After the server has stopped: it may be a moment behind its answer. */
static const char *done_call(struct stage *s)
{
	const struct proxyipc_entry_call *arg = &s->arg.call;

	server_stop(s);
	if (arg->reply.words[0] != ANSWER)
		return "another answer";
	if (arg->message.data_len &&
	    (arg->reply.data_len != DATA_LEN ||
	     memcmp(s->in, s->out, DATA_LEN)))
		return "other data";
	if (s->server.calls != s->server.replies)
		return "a call had another result than its answer";
	return s->server.calls > 2 ? "a call was received twice" : NULL;
}

const struct sweep_case case_call = {
	.name = "call",
	.cmd = PROXYIPC_IOC_ENTRY_CALL,
	.prepare = prepare_call,
	.run = run_call,
	.undone = undone_call,
	.done = done_call,
};

const struct sweep_case case_call_data = {
	.name = "call_data",
	.cmd = PROXYIPC_IOC_ENTRY_CALL,
	.prepare = prepare_call_data,
	.run = run_call,
	.undone = undone_call,
	.done = done_call,
};

const struct sweep_case case_call_proxied = {
	.name = "call_proxied",
	.cmd = PROXYIPC_IOC_ENTRY_CALL,
	.prepare = prepare_call_proxied,
	.run = run_call_proxied,
	.undone = undone_call,
	.done = done_call,
};

const struct sweep_case case_call_proxied_data = {
	.name = "call_proxied_data",
	.cmd = PROXYIPC_IOC_ENTRY_CALL,
	.prepare = prepare_call_proxied_data,
	.run = run_call_proxied,
	.undone = undone_call,
	.done = done_call,
};

/*
 * SEND
 */

static void prepare_send_with(struct stage *s, bool data)
{
	s->arg.send.size = sizeof(s->arg.send);
	good_answer(s, &s->arg.send.message, data);
}

static int prepare_send(struct stage *s)
{
	prepare_send_with(s, false);
	return 0;
}

static int prepare_send_data(struct stage *s)
{
	prepare_send_with(s, true);
	return 0;
}

static int prepare_send_proxied(struct stage *s)
{
	prepare_send_with(s, false);
	return stage_set_receiver(s);
}

static int prepare_send_proxied_data(struct stage *s)
{
	prepare_send_with(s, true);
	return stage_set_receiver(s);
}

static int run_send(struct stage *s)
{
	return command(s->entry, PROXYIPC_IOC_ENTRY_SEND, &s->arg);
}

static int run_send_proxied(struct stage *s)
{
	return command(s->proxy, PROXYIPC_IOC_ENTRY_SEND, &s->arg);
}

static const char *check_sent(struct stage *s)
{
	struct proxyipc_endpoint_recv recv = {
		.received = { .data = address(s->in), .data_size = DATA_LEN },
	};
	__u32 len = s->arg.send.message.data_len;

	if (endpoint_recv_now(s->endpoint, &recv))
		return "nothing was sent";
	s->got = recv.received;
	if (s->got.out_kind != PROXYIPC_KIND_SEND ||
	    s->got.out_words[0] != ANSWER || s->got.out_data_len != len ||
	    memcmp(s->in, s->out, len))
		return "something else was sent";
	return is_empty(s) ? NULL : "sent twice";
}

static const char *check_sent_proxied(struct stage *s)
{
	const char *wrong = check_sent(s);

	if (wrong)
		return wrong;
	if (!target_is_held(s, 1))
		return "the target isn't held";
	return endpoint_resume(s->endpoint, s->got.out_cap) ?
	       "the target can't be resumed" : NULL;
}

const struct sweep_case case_send = {
	.name = "send",
	.cmd = PROXYIPC_IOC_ENTRY_SEND,
	.prepare = prepare_send,
	.run = run_send,
	.done = check_sent,
};

const struct sweep_case case_send_data = {
	.name = "send_data",
	.cmd = PROXYIPC_IOC_ENTRY_SEND,
	.prepare = prepare_send_data,
	.run = run_send,
	.done = check_sent,
};

const struct sweep_case case_send_proxied = {
	.name = "send_proxied",
	.cmd = PROXYIPC_IOC_ENTRY_SEND,
	.prepare = prepare_send_proxied,
	.run = run_send_proxied,
	.done = check_sent_proxied,
};

const struct sweep_case case_send_proxied_data = {
	.name = "send_proxied_data",
	.cmd = PROXYIPC_IOC_ENTRY_SEND,
	.prepare = prepare_send_proxied_data,
	.run = run_send_proxied,
	.done = check_sent_proxied,
};

/*
 * A send that has to wait for room: another thread receives once it sees it
 * asleep, or is told that it failed.
 */

static atomic_int begun, failed_early;
static pthread_t late_receiver;
static pid_t sender_tid;

static void *receive_late(void *arg)
{
	struct stage *s = arg;
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	eventually(begun);
	eventually(failed_early ||
		   proc_asleep_in_ioctl(sender_tid, s->file,
					PROXYIPC_IOC_ENTRY_SEND));
	endpoint_recv_now(s->made, &recv);
	return NULL;
}

/* An endpoint of its own, with room for one and that taken. */
static int prepare_send_waits(struct stage *s)
{
	int ret;

	prepare_send_with(s, true);
	s->made = endpoint_new_limit(1);
	s->file = entry_new(s->made, 0, RIGHTS_ALL, 0);
	ret = entry_send_now(s->file, 7);
	begun = 0;
	failed_early = 0;
	sender_tid = gettid();
	return ret ?: -pthread_create(&late_receiver, NULL, receive_late, s);
}

static int run_send_waits(struct stage *s)
{
	begun = 1;
	return command(s->file, PROXYIPC_IOC_ENTRY_SEND, &s->arg);
}

static const char *undone_send_waits(struct stage *s, int error)
{
	failed_early = 1;
	pthread_join(late_receiver, NULL);
	return NULL;
}

static const char *done_send_waits(struct stage *s)
{
	struct proxyipc_endpoint_recv recv = {
		.received = { .data = address(s->in), .data_size = DATA_LEN },
	};

	if (!failed_early)
		pthread_join(late_receiver, NULL);
	if (endpoint_recv_now(s->made, &recv) ||
	    recv.received.out_words[0] != ANSWER ||
	    memcmp(s->in, s->out, DATA_LEN))
		return "something else was sent";
	return endpoint_recv_now(s->made, &recv) == -EAGAIN ?
	       NULL : "sent twice";
}

const struct sweep_case case_send_waits = {
	.name = "send_waits",
	.cmd = PROXYIPC_IOC_ENTRY_SEND,
	.prepare = prepare_send_waits,
	.run = run_send_waits,
	.undone = undone_send_waits,
	.done = done_send_waits,
};

/*
 * NOTIFY: the bits are posted whether or not that can be said; posting them
 * again changes nothing.
 */

static int prepare_notify(struct stage *s)
{
	s->arg.notify.size = sizeof(s->arg.notify);
	s->arg.notify.notices = 0x3;
	return 0;
}

static int prepare_notify_proxied(struct stage *s)
{
	return stage_set_receiver(s) ?: prepare_notify(s);
}

static int run_notify(struct stage *s)
{
	return command(s->entry, PROXYIPC_IOC_ENTRY_NOTIFY, &s->arg);
}

static int run_notify_proxied(struct stage *s)
{
	return command(s->proxy, PROXYIPC_IOC_ENTRY_NOTIFY, &s->arg);
}

static const char *undone_notify(struct stage *s, int error)
{
	/* It allocates nothing, so there is one thing that can go wrong. */
	return error == -EFAULT ? NULL : "a notice that fails for another reason";
}

static const char *check_noticed(struct stage *s)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (endpoint_recv_now(s->endpoint, &recv) ||
	    recv.received.out_kind != PROXYIPC_KIND_NOTICE ||
	    recv.received.out_notices != 0x3)
		return "other notices, or none";
	s->got = recv.received;
	return is_empty(s) ? NULL : "noticed twice";
}

static const char *done_notify(struct stage *s)
{
	if (s->arg.notify.out_posted != 0x3 ||
	    s->arg.notify.out_state != PROXYIPC_NOTIFIED_POSTED)
		return "it says that others were posted";
	return check_noticed(s);
}

/* Posted a second time, they are the next episode's. */
static const char *done_notify_proxied(struct stage *s)
{
	__u32 state = s->arg.notify.out_state;
	const char *wrong = check_noticed(s);

	if (wrong)
		return wrong;
	if (!target_is_held(s, 1))
		return "the target isn't held";
	if (endpoint_resume(s->endpoint, s->got.out_cap))
		return "the target can't be resumed";
	if (state == PROXYIPC_NOTIFIED_CONFIRMED)
		return is_empty(s) ? NULL : "noticed twice";
	wrong = check_noticed(s);
	if (!wrong && endpoint_resume(s->endpoint, s->got.out_cap))
		return "the target can't be resumed";
	return wrong;
}

const struct sweep_case case_notify = {
	.name = "notify",
	.cmd = PROXYIPC_IOC_ENTRY_NOTIFY,
	.prepare = prepare_notify,
	.run = run_notify,
	.undone = undone_notify,
	.done = done_notify,
};

const struct sweep_case case_notify_proxied = {
	.name = "notify_proxied",
	.cmd = PROXYIPC_IOC_ENTRY_NOTIFY,
	.prepare = prepare_notify_proxied,
	.run = run_notify_proxied,
	.undone = undone_notify,
	.done = done_notify_proxied,
};
