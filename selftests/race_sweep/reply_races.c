// SPDX-License-Identifier: GPL-2.0
/* Everything that may end a call, against each other: it gets one result. */
#include "races.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "objects.h"

/* When a deadline passes that is a race's second side: late enough to get ready. */
#define LEAD_NS		(NS_PER_MS / 2)

static bool prepare_received(struct stage *s)
{
	return new_endpoint(s) && caller_calls(s, s->entry, 0) && receive(s);
}

static int reply_it(struct stage *s)
{
	return endpoint_reply(s->endpoint, s->cap, s->nr);
}

static int reply_zero(struct stage *s)
{
	return endpoint_reply(s->endpoint, s->cap, 0);
}

static int drop_it(struct stage *s)
{
	return endpoint_drop(s->endpoint, s->cap);
}

static int fetch_it(struct stage *s)
{
	return endpoint_fetch(s->endpoint, s->cap);
}

static int close_endpoint(struct stage *s)
{
	return close(s->endpoint);
}

/* The cap is used up, for all of its uses. */
static bool cap_is_dead(struct stage *s)
{
	return reply_it(s) == -ESTALE && drop_it(s) == -ESTALE &&
	       fetch_it(s) == -ESTALE && is_empty(s->endpoint);
}

static enum order judge_reply_x_drop(struct stage *s)
{
	int got = caller_result(s);

	REQUIRE(result(s, A) == 0 || result(s, A) == -ESTALE);
	REQUIRE(result(s, B) == (result(s, A) ? 0 : -ESTALE));
	REQUIRE(got == (result(s, A) ? -ECANCELED : 0));
	REQUIRE(got || s->caller.answer == s->nr);
	REQUIRE(cap_is_dead(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race reply_x_drop = {
	.prepare = prepare_received,
	.a = reply_it,
	.b = drop_it,
	.judge = judge_reply_x_drop,
};

static enum order judge_reply_x_reply(struct stage *s)
{
	REQUIRE(result(s, A) == 0 || result(s, A) == -ESTALE);
	REQUIRE(result(s, B) == (result(s, A) ? 0 : -ESTALE));
	REQUIRE(caller_got(s, result(s, A) ? 0 : s->nr));
	REQUIRE(cap_is_dead(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race reply_x_reply = {
	.prepare = prepare_received,
	.a = reply_it,
	.b = reply_zero,
	.judge = judge_reply_x_reply,
};

/* Fetched, the right to answer is in the reply object, and still good. */
static enum order judge_fetch_x_drop(struct stage *s)
{
	if (result(s, A) >= 0) {
		REQUIRE(result(s, B) == -ESTALE);
		REQUIRE(reply_send(result(s, A), s->nr) == 0);
		REQUIRE(caller_got(s, s->nr));
		REQUIRE(reply_send(result(s, A), s->nr) == -ESRCH);
	} else {
		REQUIRE(result(s, A) == -ESTALE);
		REQUIRE(result(s, B) == 0);
		REQUIRE(caller_result(s) == -ECANCELED);
	}
	REQUIRE(cap_is_dead(s));
	return result(s, A) >= 0 ? A_FIRST : B_FIRST;
}

const struct race fetch_x_drop = {
	.prepare = prepare_received,
	.a = fetch_it,
	.b = drop_it,
	.judge = judge_fetch_x_drop,
};

static enum order judge_reply_x_close(struct stage *s)
{
	int got = caller_result(s);

	REQUIRE(result(s, A) == 0 || result(s, A) == -EBADF);
	REQUIRE(result(s, B) == 0);
	REQUIRE(got == (result(s, A) ? -EOWNERDEAD : 0));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race reply_x_close = {
	.prepare = prepare_received,
	.a = reply_it,
	.b = close_endpoint,
	.judge = judge_reply_x_close,
};

/*
 * The caller's deadline
 */

static bool prepare_deadline(struct stage *s)
{
	s->at = now_ns() + LEAD_NS;
	return new_endpoint(s) && caller_calls(s, s->entry, s->at);
}

/* It may pass before that, on a slow machine: then there is nothing to receive. */
static bool prepare_received_deadline(struct stage *s)
{
	bool called = prepare_deadline(s);

	s->cap = 0;
	if (endpoint_recv_now(s->endpoint, &s->recv[A]) == 0)
		s->cap = s->recv[A].received.out_cap;
	return called;
}

static enum order judge_reply_x_deadline(struct stage *s)
{
	int got = caller_result(s);

	REQUIRE(got == 0 || got == -ETIMEDOUT);
	REQUIRE(result(s, A) == (!got ? 0 : s->cap ? -ESRCH : -ESTALE));
	REQUIRE(cap_is_dead(s));
	return got ? B_FIRST : A_FIRST;
}

const struct race reply_x_deadline = {
	.b_by = BY_TIME,
	.prepare = prepare_received_deadline,
	.a = reply_it,
	.judge = judge_reply_x_deadline,
};

/*
 * A signal for the caller
 */

static void do_nothing(int signo)
{
	(void)signo;
}

/* Without SA_RESTART. */
bool handle_signal(struct stage *s)
{
	struct sigaction action = { .sa_handler = do_nothing };

	return !sigaction(SIGUSR1, &action, NULL);
}

int signal_caller(struct stage *s)
{
	return syscall(SYS_tgkill, getpid(), s->caller.tid, SIGUSR1);
}

static bool prepare_called(struct stage *s)
{
	return new_endpoint(s) && caller_calls(s, s->entry, 0);
}

static int receive_by_b(struct stage *s)
{
	return endpoint_recv_now(s->endpoint, &s->recv[B]);
}

/* Taken back as if never sent, or received: then the signal doesn't count. */
static enum order judge_signal_x_recv(struct stage *s)
{
	REQUIRE(result(s, A) == 0);
	REQUIRE(result(s, B) == 0 || result(s, B) == -EAGAIN);
	if (result(s, B)) {
		REQUIRE(caller_result(s) == -EINTR);
	} else {
		REQUIRE(endpoint_reply(s->endpoint, s->recv[B].received.out_cap,
				       s->nr) == 0);
		REQUIRE(caller_got(s, s->nr));
	}
	REQUIRE(is_empty(s->endpoint));
	return result(s, B) ? A_FIRST : B_FIRST;
}

const struct race signal_x_recv = {
	.asynchronous = true,
	.begin = handle_signal,
	.prepare = prepare_called,
	.a = signal_caller,
	.b = receive_by_b,
	.judge = judge_signal_x_recv,
};

/*
 * The caller dies
 */

#define DEATH_NS	(50 * 1000 * 1000)

static void call_once(struct child_page *page)
{
	page->result = entry_call_until(page->fd[0], 1, 0);
	page->phase = 1;
	for (;;)
		pause();
}

static bool prepare_child_calls(struct stage *s)
{
	return new_endpoint(s) && race_child(&s->target, call_once, s->entry, -1) && receive(s);
}

static int kill_it(struct stage *s)
{
	return kill(s->target.pid, SIGKILL);
}

/* Answered, or dead before: then the answer is too late, once. */
static enum order judge_reply_x_kill(struct stage *s)
{
	REQUIRE(result(s, A) == 0 || result(s, A) == -ESRCH);
	REQUIRE(result(s, B) == 0);
	REQUIRE(killed_by(child_ends(&s->target), SIGKILL));
	REQUIRE(cap_is_dead(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race reply_x_kill = {
	.longest = DEATH_NS,
	.asynchronous = true,
	.prepare = prepare_child_calls,
	.a = reply_it,
	.b = kill_it,
	.judge = judge_reply_x_kill,
};
