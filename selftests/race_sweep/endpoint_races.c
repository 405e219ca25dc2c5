// SPDX-License-Identifier: GPL-2.0
/* An endpoint is closed, or two receive from it. */
#include "races.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clock.h"
#include "objects.h"

static int send_it(struct stage *s)
{
	return entry_send(s->entry, s->nr);
}

static int call_it(struct stage *s)
{
	return entry_call_until(s->entry, s->nr, deadline_ms(PATIENCE_MS));
}

static int receive_by(struct stage *s, enum side side)
{
	return endpoint_recv_now(s->endpoint, &s->recv[side]);
}

static int receive_by_a(struct stage *s)
{
	return receive_by(s, A);
}

static int receive_by_b(struct stage *s)
{
	return receive_by(s, B);
}

static int close_endpoint(struct stage *s)
{
	return close(s->endpoint);
}

/* The entry tells everybody that its endpoint is no more. */
static bool is_orphaned(struct stage *s)
{
	return poll_events(s->entry) & POLLHUP &&
	       entry_send_now(s->entry, 0) == -EPIPE &&
	       entry_notify(s->entry, 1) == -EPIPE;
}

static enum order judge_accepted_or_closed(struct stage *s)
{
	REQUIRE(result(s, A) == 0 || result(s, A) == -EPIPE);
	REQUIRE(result(s, B) == 0);
	REQUIRE(is_orphaned(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race send_x_close = {
	.prepare = new_endpoint,
	.a = send_it,
	.b = close_endpoint,
	.judge = judge_accepted_or_closed,
};

/* It fails either way, but it may be asleep by then. */
static enum order judge_call_closed(struct stage *s)
{
	REQUIRE(result(s, A) == -EPIPE);
	REQUIRE(result(s, B) == 0);
	REQUIRE(is_orphaned(s));
	return order_by_sleep(s, A);
}

const struct race call_x_close = {
	.prepare = new_endpoint,
	.a = call_it,
	.b = close_endpoint,
	.judge = judge_call_closed,
};

static bool prepare_called(struct stage *s)
{
	return new_endpoint(s) && caller_calls(s, s->entry, 0);
}

/* Received and unanswered, or never received: exactly one error for the caller. */
static enum order judge_received_or_closed(struct stage *s)
{
	int got = caller_result(s);

	REQUIRE(result(s, A) == 0 || result(s, A) == -EBADF);
	REQUIRE(result(s, B) == 0);
	REQUIRE(got == (result(s, A) ? -EPIPE : -EOWNERDEAD));
	REQUIRE(is_orphaned(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race recv_x_close = {
	.prepare = prepare_called,
	.a = receive_by_a,
	.b = close_endpoint,
	.judge = judge_received_or_closed,
};

static enum order judge_one_receives(struct stage *s)
{
	enum side got = result(s, A) ? B : A;

	REQUIRE(result(s, got) == 0);
	REQUIRE(result(s, !got) == -EAGAIN);
	REQUIRE(s->recv[got].received.out_words[0] == s->nr);
	REQUIRE(endpoint_reply(s->endpoint, s->recv[got].received.out_cap, s->nr) == 0);
	REQUIRE(caller_got(s, s->nr));
	REQUIRE(is_empty(s->endpoint));
	return got == A ? A_FIRST : B_FIRST;
}

const struct race recv_x_recv = {
	.prepare = prepare_called,
	.a = receive_by_a,
	.b = receive_by_b,
	.judge = judge_one_receives,
};

/*
 * Notices
 */

#define FIRST_BIT	1ULL
#define SECOND_BIT	2ULL

static bool prepare_notified(struct stage *s)
{
	return new_endpoint(s) && entry_notify(s->entry, FIRST_BIT) >= 0;
}

static int notify_again(struct stage *s)
{
	return entry_notify(s->entry, SECOND_BIT);
}

/* Both bits at once, or one after the other: no bit is lost, none comes twice. */
static enum order judge_bits(struct stage *s)
{
	__u64 bits = s->recv[A].received.out_notices;

	REQUIRE(result(s, A) == 0);
	REQUIRE(result(s, B) == PROXYIPC_NOTIFIED_POSTED);
	REQUIRE(bits == FIRST_BIT || bits == (FIRST_BIT | SECOND_BIT));
	if (bits == FIRST_BIT) {
		REQUIRE(receive_by_a(s) == 0);
		REQUIRE(s->recv[A].received.out_notices == SECOND_BIT);
	}
	REQUIRE(is_empty(s->endpoint));
	return bits == FIRST_BIT ? A_FIRST : B_FIRST;
}

const struct race recv_x_notify = {
	.prepare = prepare_notified,
	.a = receive_by_a,
	.b = notify_again,
	.judge = judge_bits,
};

/*
 * epoll
 */

static bool prepare_epoll(struct stage *s)
{
	s->other = epoll_create1(EPOLL_CLOEXEC);
	return s->other >= 0 && new_endpoint(s) && entry_send_now(s->entry, 0) == 0;
}

static int watch_it(struct stage *s)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(s->other, EPOLL_CTL_ADD, s->endpoint, &event) ? -errno : 0;
}

/* What is closed isn't watched any more. */
static enum order judge_watched(struct stage *s)
{
	struct epoll_event event;

	REQUIRE(result(s, A) == 0 || result(s, A) == -EBADF);
	REQUIRE(result(s, B) == 0);
	REQUIRE(epoll_wait(s->other, &event, 1, 0) == 0);
	REQUIRE(is_orphaned(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race epoll_add_x_close = {
	.prepare = prepare_epoll,
	.a = watch_it,
	.b = close_endpoint,
	.judge = judge_watched,
};
