// SPDX-License-Identifier: GPL-2.0
/* Episodes: what begins one and what ends it, against each other. */
#include "races.h"

#include <errno.h>
#include <unistd.h>

#include "clock.h"
#include "objects.h"

static bool proxied_target(struct stage *s)
{
	if (!new_target(s))
		return false;
	s->proxy = process_mint(s->process, 2, RIGHTS_ALL, NOTICES_ALL);
	return s->proxy >= 0;
}

/* A new endpoint in the receiver slot, and nothing in progress. */
static bool prepare_slot(struct stage *s)
{
	return is_free(s) && new_endpoint(s) &&
	       !process_set_receiver(s->process, s->entry);
}

static int send_it(struct stage *s)
{
	return entry_send(s->proxy, s->nr);
}

static int call_it(struct stage *s)
{
	return entry_call_until(s->proxy, s->nr, deadline_ms(PATIENCE_MS));
}

static int notify_it(struct stage *s)
{
	return entry_notify(s->proxy, 4);
}

static int close_endpoint(struct stage *s)
{
	return close(s->endpoint);
}

static int receive_by_b(struct stage *s)
{
	return endpoint_recv_now(s->endpoint, &s->recv[B]);
}

static int resume_by_token(struct stage *s)
{
	return process_resume(s->process, s->token);
}

static int resume_by_cap(struct stage *s)
{
	return endpoint_resume(s->endpoint, s->cap);
}

/* The receiver has the next one, and resumes. */
static bool comes_and_resumes(struct stage *s, enum proxyipc_kind kind)
{
	return receive(s) && s->recv[A].received.out_kind == kind &&
	       held_state(process_state(s->process)) && stands(s) &&
	       !resume_by_cap(s);
}

/*
 * The endpoint is closed
 */

static enum order judge_send_x_close(struct stage *s)
{
	REQUIRE(result(s, A) == 0 || result(s, A) == -EPIPE);
	REQUIRE(result(s, B) == 0);
	REQUIRE(send_it(s) == -EPIPE);
	REQUIRE(is_free(s));
	REQUIRE(runs(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race proxied_send_x_close = {
	.begin = proxied_target,
	.prepare = prepare_slot,
	.a = send_it,
	.b = close_endpoint,
	.judge = judge_send_x_close,
};

static enum order judge_call_x_close(struct stage *s)
{
	REQUIRE(result(s, A) == -EPIPE);
	REQUIRE(result(s, B) == 0);
	REQUIRE(is_free(s));
	REQUIRE(runs(s));
	return order_by_sleep(s, A);
}

const struct race proxied_call_x_close = {
	.begin = proxied_target,
	.prepare = prepare_slot,
	.a = call_it,
	.b = close_endpoint,
	.judge = judge_call_x_close,
};

/*
 * The slot is given to another endpoint: the message is in one of the two.
 */

static bool prepare_two_slots(struct stage *s)
{
	return prepare_slot(s) && new_endpoint2(s);
}

static int set_second(struct stage *s)
{
	return process_set_receiver(s->process, s->entry2);
}

static enum order judge_set_receiver(struct stage *s)
{
	bool first = readable(s->endpoint);

	REQUIRE(result(s, A) == 0);
	REQUIRE(result(s, B) == 0);
	REQUIRE(is_empty(first ? s->endpoint2 : s->endpoint));
	if (!first)
		s->endpoint = s->endpoint2;
	REQUIRE(comes_and_resumes(s, PROXYIPC_KIND_SEND));
	REQUIRE(is_empty(s->endpoint));
	REQUIRE(is_free(s));
	REQUIRE(runs(s));
	return first ? A_FIRST : B_FIRST;
}

const struct race proxied_send_x_set_receiver = {
	.begin = proxied_target,
	.prepare = prepare_two_slots,
	.a = send_it,
	.b = set_second,
	.judge = judge_set_receiver,
};

/*
 * An episode ends while something comes that begins the next one
 */

static bool prepare_sent(struct stage *s)
{
	return prepare_slot(s) && !send_it(s) && receive(s);
}

/* The bit waited for the resume, or came after it: it begins one more episode. */
static enum order judge_notify_x_resume(struct stage *s)
{
	REQUIRE(result(s, A) == PROXYIPC_NOTIFIED_PENDING ||
		result(s, A) == PROXYIPC_NOTIFIED_CONFIRMED);
	REQUIRE(result(s, B) == 0);
	REQUIRE(comes_and_resumes(s, PROXYIPC_KIND_NOTICE));
	REQUIRE(s->recv[A].received.out_notices == 4);
	REQUIRE(is_empty(s->endpoint));
	REQUIRE(is_free(s));
	REQUIRE(runs(s));
	return result(s, A) == PROXYIPC_NOTIFIED_PENDING ? A_FIRST : B_FIRST;
}

const struct race proxied_notify_x_resume = {
	.begin = proxied_target,
	.prepare = prepare_sent,
	.a = notify_it,
	.b = resume_by_cap,
	.judge = judge_notify_x_resume,
};

/* A full reply slot */

static bool prepare_called(struct stage *s)
{
	struct proxyipc_process_info info;

	if (!prepare_slot(s) || !caller_calls(s, s->proxy, 0) ||
	    process_info(s->process, &info))
		return false;
	s->token = info.out_token;
	return true;
}

static bool prepare_received(struct stage *s)
{
	return prepare_called(s) && receive(s);
}

static int receive_by_a(struct stage *s)
{
	return endpoint_recv_now(s->endpoint, &s->recv[A]);
}

/* Received or not, the call is cancelled, and the cap is dead. */
static enum order judge_recv_x_resume(struct stage *s)
{
	REQUIRE(result(s, A) == 0 || result(s, A) == -EAGAIN);
	REQUIRE(result(s, B) == 0);
	REQUIRE(caller_result(s) == -ECANCELED);
	if (!result(s, A)) {
		s->cap = s->recv[A].received.out_cap;
		REQUIRE(s->recv[A].received.out_token == s->token);
		REQUIRE(resume_by_cap(s) == -ESTALE);
	}
	REQUIRE(is_empty(s->endpoint));
	REQUIRE(is_free(s));
	REQUIRE(runs(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race proxied_recv_x_resume = {
	.begin = proxied_target,
	.prepare = prepare_called,
	.a = receive_by_a,
	.b = resume_by_token,
	.judge = judge_recv_x_resume,
};

static int fetch_reply(struct stage *s)
{
	return process_fetch_reply(s->process, s->token);
}

static enum order judge_fetch_reply(struct stage *s)
{
	REQUIRE(result(s, B) == 0);
	if (result(s, A) >= 0) {
		REQUIRE(reply_send(result(s, A), s->nr) == 0);
		REQUIRE(caller_got(s, s->nr));
	} else {
		REQUIRE(result(s, A) == -ESTALE);
		REQUIRE(caller_result(s) == -ECANCELED);
	}
	REQUIRE(is_free(s));
	REQUIRE(runs(s));
	return result(s, A) >= 0 ? A_FIRST : B_FIRST;
}

const struct race fetch_reply_x_resume = {
	.begin = proxied_target,
	.prepare = prepare_received,
	.a = fetch_reply,
	.b = resume_by_cap,
	.judge = judge_fetch_reply,
};

/*
 * The caller takes it back
 */

static bool begin_signal(struct stage *s)
{
	return handle_signal(s) && proxied_target(s);
}

static enum order judge_signal_x_recv(struct stage *s)
{
	REQUIRE(result(s, A) == 0);
	REQUIRE(result(s, B) == 0 || result(s, B) == -EAGAIN);
	if (result(s, B)) {
		REQUIRE(caller_result(s) == -EINTR);
	} else {
		REQUIRE(endpoint_resume_reply(s->endpoint, s->recv[B].received.out_cap,
					      s->nr) == 0);
		REQUIRE(caller_got(s, s->nr));
	}
	REQUIRE(is_empty(s->endpoint));
	REQUIRE(is_free(s));
	REQUIRE(runs(s));
	return result(s, B) ? A_FIRST : B_FIRST;
}

const struct race proxied_signal_x_recv = {
	.asynchronous = true,
	.begin = begin_signal,
	.prepare = prepare_called,
	.a = signal_caller,
	.b = receive_by_b,
	.judge = judge_signal_x_recv,
};

/*
 * The lease of the object
 */

#define LEASE_NS	NS_PER_MS

static bool leased_target(struct stage *s)
{
	if (!new_target(s))
		return false;
	s->process = process_open(s->target.pid, 0, LEASE_NS);
	s->proxy = process_mint(s->process, 2, RIGHTS_ALL, NOTICES_ALL);
	return s->proxy >= 0;
}

/* On a slow machine it may be over before anything is received. */
static bool prepare_leased(struct stage *s)
{
	struct proxyipc_process_info info;

	s->cap = 0;
	if (!prepare_slot(s))
		return false;
	s->at = now_ns() + LEASE_NS;
	send_it(s);
	if (!process_info(s->process, &info) && info.out_lease_end)
		s->at = info.out_lease_end;
	if (!endpoint_recv_now(s->endpoint, &s->recv[A]) &&
	    s->recv[A].received.out_kind == PROXYIPC_KIND_SEND)
		s->cap = s->recv[A].received.out_cap;
	return true;
}

/* Who received it is told of the lease's end, if that is what ended it. */
static enum order judge_resume_x_lease(struct stage *s)
{
	struct proxyipc_received *event = &s->recv[A].received;

	REQUIRE(result(s, A) == 0 || result(s, A) == -ESTALE);
	REQUIRE(is_free(s));
	REQUIRE(runs(s));
	if (result(s, A) && s->cap) {
		REQUIRE(receive(s));
		REQUIRE(event->out_kind == PROXYIPC_KIND_EVENT);
		REQUIRE(event->out_events == PROXYIPC_EVENT_LEASE_EXPIRED);
		REQUIRE(is_empty(s->endpoint));
	} else if (!result(s, A)) {
		REQUIRE(is_empty(s->endpoint));
	}
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race proxied_resume_x_lease = {
	.b_by = BY_TIME,
	.begin = leased_target,
	.prepare = prepare_leased,
	.a = resume_by_cap,
	.judge = judge_resume_x_lease,
};

/*
 * Another open file of the same object is closed, with a hold of its own
 */

static bool prepare_held_file(struct stage *s)
{
	if (!prepare_sent(s))
		return false;
	s->other = endpoint_fetch(s->endpoint, s->cap);
	return s->other >= 0 && process_hold(s->other, &s->token2) >= 0;
}

static int close_other(struct stage *s)
{
	return close(s->other);
}

static enum order judge_resume_x_close(struct stage *s)
{
	REQUIRE(result(s, A) == 0);
	REQUIRE(result(s, B) == 0);
	REQUIRE(is_free(s));
	REQUIRE(runs(s));
	return UNTOLD;
}

const struct race proxied_resume_x_close_of_held = {
	.begin = proxied_target,
	.prepare = prepare_held_file,
	.a = resume_by_cap,
	.b = close_other,
	.judge = judge_resume_x_close,
};
