// SPDX-License-Identifier: GPL-2.0
/*
 * One waits for what the other does. A wake-up that is lost shows as a deadline
 * that passes. Both orders give the same, but who waits goes to sleep or doesn't.
 */
#include "races.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clock.h"
#include "objects.h"

static int send_now(struct stage *s)
{
	return entry_send_now(s->entry, s->nr);
}

static int notify_it(struct stage *s)
{
	return entry_notify(s->entry, 1);
}

static int receive_it(struct stage *s)
{
	return endpoint_recv(s->endpoint, &s->recv[A]);
}

static int receive_now(struct stage *s)
{
	return endpoint_recv_now(s->endpoint, &s->recv[B]);
}

/* What poll() says, in the end. */
static int poll_for(int fd, int events)
{
	struct pollfd poller = { .fd = fd, .events = events };
	int ret = poll(&poller, 1, PATIENCE_MS);

	if (ret <= 0)
		return ret < 0 ? -errno : -ETIMEDOUT;
	return poller.revents;
}

/* Receives B's message, or its notice. */
static enum order judge_woken(struct stage *s)
{
	REQUIRE(result(s, A) == 0);
	REQUIRE(result(s, B) == 0);
	REQUIRE(is_empty(s->endpoint));
	return order_by_sleep(s, A);
}

const struct race waiting_recv_x_send = {
	.prepare = new_endpoint,
	.a = receive_it,
	.b = send_now,
	.judge = judge_woken,
};

static int poll_endpoint(struct stage *s)
{
	return poll_for(s->endpoint, POLLIN);
}

static enum order judge_polled(struct stage *s)
{
	REQUIRE(result(s, A) == POLLIN);
	REQUIRE(result(s, B) == 0);
	REQUIRE(receive_now(s) == 0);
	REQUIRE(is_empty(s->endpoint));
	return order_by_sleep(s, A);
}

const struct race poll_x_notify = {
	.prepare = new_endpoint,
	.a = poll_endpoint,
	.b = notify_it,
	.judge = judge_polled,
};

/* Edge-triggered: there is one wake-up, or it stays asleep. */
static bool prepare_epoll(struct stage *s)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	s->other = epoll_create1(EPOLL_CLOEXEC);
	return s->other >= 0 && new_endpoint(s) &&
	       !epoll_ctl(s->other, EPOLL_CTL_ADD, s->endpoint, &event);
}

static int wait_for_edge(struct stage *s)
{
	struct epoll_event event;

	return epoll_wait(s->other, &event, 1, PATIENCE_MS) == 1 ? POLLIN : -ETIMEDOUT;
}

const struct race epoll_x_send = {
	.prepare = prepare_epoll,
	.a = wait_for_edge,
	.b = send_now,
	.judge = judge_polled,
};

/*
 * A queue that is full
 */

static bool prepare_full(struct stage *s)
{
	s->endpoint = endpoint_new_limit(1);
	s->entry = entry_new(s->endpoint, 1, RIGHTS_ALL, NOTICES_ALL);
	return entry_send_now(s->entry, 0) == 0;
}

static int send_beyond(struct stage *s)
{
	return entry_send(s->entry, s->nr);
}

static enum order judge_room(struct stage *s)
{
	REQUIRE(result(s, A) == 0);
	REQUIRE(result(s, B) == 0);
	REQUIRE(s->recv[B].received.out_words[0] == 0);
	REQUIRE(receive_now(s) == 0);
	REQUIRE(s->recv[B].received.out_words[0] == s->nr);
	REQUIRE(is_empty(s->endpoint));
	return order_by_sleep(s, A);
}

const struct race waiting_send_x_recv = {
	.prepare = prepare_full,
	.a = send_beyond,
	.b = receive_now,
	.judge = judge_room,
};

/*
 * The end of it
 */

static int poll_for_end(struct stage *s)
{
	return poll_for(s->entry, 0);
}

static int close_endpoint(struct stage *s)
{
	return close(s->endpoint);
}

static enum order judge_polled_end(struct stage *s)
{
	REQUIRE(result(s, A) > 0 && result(s, A) & POLLHUP);
	REQUIRE(result(s, B) == 0);
	REQUIRE(entry_send_now(s->entry, 0) == -EPIPE);
	return order_by_sleep(s, A);
}

const struct race poll_entry_x_close = {
	.prepare = new_endpoint,
	.a = poll_for_end,
	.b = close_endpoint,
	.judge = judge_polled_end,
};

/*
 * A process object: is its target held?
 */

static int poll_process(struct stage *s)
{
	return poll_for(s->process, POLLIN);
}

static bool prepare_free(struct stage *s)
{
	return is_free(s);
}

static int hold_it(struct stage *s)
{
	return process_hold(s->process, &s->token);
}

static enum order judge_polled_hold(struct stage *s)
{
	REQUIRE(result(s, A) == POLLIN);
	REQUIRE(held_state(result(s, B)));
	REQUIRE(process_resume(s->process, s->token) == 0);
	REQUIRE(!(poll_events(s->process) & POLLIN));
	REQUIRE(runs(s));
	return order_by_sleep(s, A);
}

const struct race poll_process_x_hold = {
	.begin = new_target,
	.prepare = prepare_free,
	.a = poll_process,
	.b = hold_it,
	.judge = judge_polled_hold,
};
