// SPDX-License-Identifier: GPL-2.0
/* The endpoint's commands but RECV, which receive.c has. */
#include "cases.h"

#include <errno.h>
#include <stddef.h>

#include "clock.h"
#include "objects.h"
#include "proc.h"

static int prepare_mint(struct stage *s)
{
	s->arg.mint = (struct proxyipc_endpoint_mint){
		.size = sizeof(s->arg.mint),
		.payload = 7,
		.rights = PROXYIPC_RIGHT_SEND,
	};
	return 0;
}

static int run_mint(struct stage *s)
{
	int ret = command(s->endpoint, PROXYIPC_IOC_ENDPOINT_MINT, &s->arg);

	if (!ret)
		s->made = s->arg.mint.out_fd;
	return ret;
}

static const char *done_mint(struct stage *s)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (entry_send_now(s->made, ASK) ||
	    endpoint_recv_now(s->endpoint, &recv) ||
	    recv.received.out_payload != 7)
		return "the new entry doesn't send";
	return NULL;
}

const struct sweep_case case_endpoint_mint = {
	.name = "endpoint_mint",
	.cmd = PROXYIPC_IOC_ENDPOINT_MINT,
	.makes = 1,
	.prepare = prepare_mint,
	.run = run_mint,
	.done = done_mint,
};

/*
 * A call that was received, plain or proxied
 */

static int plain_call(struct stage *s)
{
	return stage_call_received(s, s->caller_entry);
}

static int proxied_call(struct stage *s)
{
	int ret = stage_set_receiver(s);

	return ret ?: stage_call_received(s, s->caller_proxy);
}

static const char *answered(struct stage *s, bool data)
{
	if (!caller_got_answer(s, data))
		return "the caller didn't get the answer";
	return is_empty(s) ? NULL : "something more to receive";
}

static const char *done_answer(struct stage *s)
{
	return answered(s, false);
}

static const char *done_answer_data(struct stage *s)
{
	return answered(s, true);
}

/*
 * REPLY
 */

static int prepare_reply_to(struct stage *s, int ret, bool data)
{
	s->arg.reply.size = sizeof(s->arg.reply);
	s->arg.reply.cap = s->got.out_cap;
	good_answer(s, &s->arg.reply.message, data);
	return ret;
}

static int prepare_reply(struct stage *s)
{
	return prepare_reply_to(s, plain_call(s), false);
}

static int prepare_reply_data(struct stage *s)
{
	return prepare_reply_to(s, plain_call(s), true);
}

static int prepare_reply_proxied(struct stage *s)
{
	return prepare_reply_to(s, proxied_call(s), false);
}

static int prepare_reply_proxied_data(struct stage *s)
{
	return prepare_reply_to(s, proxied_call(s), true);
}

static int run_reply(struct stage *s)
{
	return command(s->endpoint, PROXYIPC_IOC_ENDPOINT_REPLY, &s->arg);
}

static const char *still_held(struct stage *s)
{
	return target_is_held(s, 1) ? NULL : "the target isn't held any more";
}

static const char *done_answer_held(struct stage *s)
{
	return done_answer(s) ?: still_held(s);
}

static const char *done_answer_data_held(struct stage *s)
{
	return done_answer_data(s) ?: still_held(s);
}

const struct sweep_case case_reply = {
	.name = "reply",
	.cmd = PROXYIPC_IOC_ENDPOINT_REPLY,
	.prepare = prepare_reply,
	.run = run_reply,
	.done = done_answer,
};

const struct sweep_case case_reply_data = {
	.name = "reply_data",
	.cmd = PROXYIPC_IOC_ENDPOINT_REPLY,
	.prepare = prepare_reply_data,
	.run = run_reply,
	.done = done_answer_data,
};

const struct sweep_case case_reply_proxied = {
	.name = "reply_proxied",
	.cmd = PROXYIPC_IOC_ENDPOINT_REPLY,
	.prepare = prepare_reply_proxied,
	.run = run_reply,
	.done = done_answer_held,
};

const struct sweep_case case_reply_proxied_data = {
	.name = "reply_proxied_data",
	.cmd = PROXYIPC_IOC_ENDPOINT_REPLY,
	.prepare = prepare_reply_proxied_data,
	.run = run_reply,
	.done = done_answer_data_held,
};

/*
 * REPLY_RECV: answers with data, then receives a send that is there already.
 * What fails is the first half, and nothing was done; or the second, and the cap
 * in the argument says that the first was.
 */

static int prepare_reply_recv_with(struct stage *s, int ret, __u32 flags)
{
	struct proxyipc_endpoint_reply_recv *arg = &s->arg.reply_recv;

	arg->size = sizeof(*arg);
	arg->flags = flags | PROXYIPC_NONBLOCK;
	arg->cap = s->got.out_cap;
	if (!(flags & PROXYIPC_RESUME_ONLY))
		good_answer(s, &arg->message, true);
	return ret ?: entry_send_now(s->entry, 7);
}

static int prepare_reply_recv(struct stage *s)
{
	return prepare_reply_recv_with(s, plain_call(s), 0);
}

static int prepare_resume_reply(struct stage *s)
{
	return prepare_reply_recv_with(s, proxied_call(s), PROXYIPC_RESUME_REPLY);
}

static int prepare_resume_only(struct stage *s)
{
	return prepare_reply_recv_with(s, proxied_call(s), PROXYIPC_RESUME_ONLY);
}

static int prepare_resume_stop(struct stage *s)
{
	return prepare_reply_recv_with(s, proxied_call(s),
				       PROXYIPC_RESUME_REPLY |
				       PROXYIPC_RESUME_STOP);
}

static int run_reply_recv(struct stage *s)
{
	return command(s->endpoint, PROXYIPC_IOC_ENDPOINT_REPLY_RECV, &s->arg);
}

static const char *undone_reply_recv(struct stage *s, int error)
{
	bool answered = !s->arg.reply_recv.cap;

	if (answered ? helper_finish(&s->caller) == -EINPROGRESS :
		       helper_done(&s->caller))
		return "the cap doesn't say whether the caller was answered";
	return readable(s->endpoint) ? NULL : "the next message is lost";
}

static const char *received_next(struct stage *s)
{
	const struct proxyipc_endpoint_reply_recv *arg = &s->arg.reply_recv;

	if (arg->cap)
		return "the cap is still there";
	if (arg->received.out_kind != PROXYIPC_KIND_SEND ||
	    arg->received.out_words[0] != 7)
		return "the next message is another one";
	return NULL;
}

static const char *done_reply_recv(struct stage *s)
{
	return received_next(s) ?: done_answer_data(s);
}

static const char *done_resume_only(struct stage *s)
{
	if (!caller_got_error(s, -ECANCELED))
		return "the caller wasn't told";
	return received_next(s) ?: is_empty(s) ? NULL : "a message twice";
}

static const char *is_stopped(struct stage *s)
{
	if (process_holds(s->t.process))
		return "the target is still held";
	/* What it waits for comes; it stops before it counts that. */
	target_poke(&s->t);
	if (!eventually(proc_state(s->t.h.pid) == 'T'))
		return "the target isn't stopped";
	return target_counter(&s->t) ? "the target ran before it stopped" : NULL;
}

static const char *done_reply_recv_stop(struct stage *s)
{
	return done_reply_recv(s) ?: is_stopped(s);
}

const struct sweep_case case_reply_recv = {
	.name = "reply_recv",
	.cmd = PROXYIPC_IOC_ENDPOINT_REPLY_RECV,
	.prepare = prepare_reply_recv,
	.run = run_reply_recv,
	.undone = undone_reply_recv,
	.done = done_reply_recv,
};

const struct sweep_case case_reply_recv_resume_reply = {
	.name = "reply_recv_resume_reply",
	.cmd = PROXYIPC_IOC_ENDPOINT_REPLY_RECV,
	.prepare = prepare_resume_reply,
	.run = run_reply_recv,
	.undone = undone_reply_recv,
	.done = done_reply_recv,
};

const struct sweep_case case_reply_recv_resume_only = {
	.name = "reply_recv_resume_only",
	.cmd = PROXYIPC_IOC_ENDPOINT_REPLY_RECV,
	.prepare = prepare_resume_only,
	.run = run_reply_recv,
	.undone = undone_reply_recv,
	.done = done_resume_only,
};

const struct sweep_case case_reply_recv_resume_stop = {
	.name = "reply_recv_resume_stop",
	.cmd = PROXYIPC_IOC_ENDPOINT_REPLY_RECV,
	.prepare = prepare_resume_stop,
	.run = run_reply_recv,
	.undone = undone_reply_recv,
	.done = done_reply_recv_stop,
};

/*
 * RESUME
 */

static int prepare_resume_with(struct stage *s, __u32 flags)
{
	int ret = proxied_call(s);

	s->arg.resume.size = sizeof(s->arg.resume);
	s->arg.resume.flags = flags;
	s->arg.resume.cap = s->got.out_cap;
	if (flags & PROXYIPC_RESUME_REPLY)
		good_answer(s, &s->arg.resume.message, true);
	return ret;
}

static int prepare_resume(struct stage *s)
{
	return prepare_resume_with(s, 0);
}

static int prepare_resume_reply_data(struct stage *s)
{
	return prepare_resume_with(s, PROXYIPC_RESUME_REPLY);
}

static int prepare_resume_and_stop(struct stage *s)
{
	return prepare_resume_with(s, PROXYIPC_RESUME_STOP);
}

static int run_resume(struct stage *s)
{
	return command(s->endpoint, PROXYIPC_IOC_ENDPOINT_RESUME, &s->arg);
}

static const char *given_up(struct stage *s)
{
	if (!caller_got_error(s, -ECANCELED))
		return "the caller wasn't told";
	return is_empty(s) ? NULL : "something more to receive";
}

static const char *done_resume_stop(struct stage *s)
{
	return given_up(s) ?: is_stopped(s);
}

const struct sweep_case case_resume = {
	.name = "resume",
	.cmd = PROXYIPC_IOC_ENDPOINT_RESUME,
	.prepare = prepare_resume,
	.run = run_resume,
	.done = given_up,
};

const struct sweep_case case_resume_reply_data = {
	.name = "resume_reply_data",
	.cmd = PROXYIPC_IOC_ENDPOINT_RESUME,
	.prepare = prepare_resume_reply_data,
	.run = run_resume,
	.done = done_answer_data,
};

const struct sweep_case case_resume_stop = {
	.name = "resume_stop",
	.cmd = PROXYIPC_IOC_ENDPOINT_RESUME,
	.prepare = prepare_resume_and_stop,
	.run = run_resume,
	.done = done_resume_stop,
};

/*
 * FETCH
 */

static int prepare_fetch_with(struct stage *s, int ret)
{
	s->arg.fetch.size = sizeof(s->arg.fetch);
	s->arg.fetch.cap = s->got.out_cap;
	return ret;
}

static int prepare_fetch_reply(struct stage *s)
{
	return prepare_fetch_with(s, plain_call(s));
}

static int prepare_fetch_process(struct stage *s)
{
	return prepare_fetch_with(s, proxied_call(s));
}

static int run_fetch(struct stage *s)
{
	int ret = command(s->endpoint, PROXYIPC_IOC_ENDPOINT_FETCH, &s->arg);

	if (!ret)
		s->made = s->arg.fetch.out_fd;
	return ret;
}

static const char *done_fetch_reply(struct stage *s)
{
	/* It moved: the cap is dead, the reply object good. */
	if (endpoint_reply(s->endpoint, s->got.out_cap, 1) != -ESTALE)
		return "the right to answer is still where it was";
	if (reply_send(s->made, ANSWER))
		return "the right to answer didn't move";
	return done_answer(s);
}

static const char *done_fetch_process(struct stage *s)
{
	if (process_reply(s->made, s->got.out_token, ANSWER) ||
	    endpoint_resume(s->endpoint, s->got.out_cap))
		return "the process object and the cap don't name the same";
	return done_answer(s);
}

const struct sweep_case case_fetch_reply_of_call = {
	.name = "fetch_reply_of_call",
	.cmd = PROXYIPC_IOC_ENDPOINT_FETCH,
	.makes = 1,
	.prepare = prepare_fetch_reply,
	.run = run_fetch,
	.done = done_fetch_reply,
};

const struct sweep_case case_fetch_process = {
	.name = "fetch_process",
	.cmd = PROXYIPC_IOC_ENDPOINT_FETCH,
	.makes = 1,
	.prepare = prepare_fetch_process,
	.run = run_fetch,
	.done = done_fetch_process,
};

/*
 * DROP
 */

static int prepare_drop_with(struct stage *s, int ret)
{
	s->arg.drop.size = sizeof(s->arg.drop);
	s->arg.drop.cap = s->got.out_cap;
	return ret;
}

static int prepare_drop_call(struct stage *s)
{
	return prepare_drop_with(s, plain_call(s));
}

static int prepare_drop_proxied(struct stage *s)
{
	return prepare_drop_with(s, proxied_call(s));
}

static int run_drop(struct stage *s)
{
	return command(s->endpoint, PROXYIPC_IOC_ENDPOINT_DROP, &s->arg);
}

const struct sweep_case case_drop_call = {
	.name = "drop_call",
	.cmd = PROXYIPC_IOC_ENDPOINT_DROP,
	.prepare = prepare_drop_call,
	.run = run_drop,
	.done = given_up,
};

const struct sweep_case case_drop_proxied = {
	.name = "drop_proxied",
	.cmd = PROXYIPC_IOC_ENDPOINT_DROP,
	.prepare = prepare_drop_proxied,
	.run = run_drop,
	.done = given_up,
};
