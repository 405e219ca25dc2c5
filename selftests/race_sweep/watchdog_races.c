// SPDX-License-Identifier: GPL-2.0
/* The expiry of a watchdog, and what is done at that moment. */
#include "races.h"

#include "objects.h"

#define TIMEOUT		(2 * NS_PER_MS)

static bool watched_target(struct stage *s)
{
	if (!new_target(s))
		return false;
	s->proxy = process_mint(s->process, 2, RIGHTS_ALL, NOTICES_ALL);
	return s->proxy >= 0;
}

/* s->token2: how often it expired before. */
static bool set_watchdog(struct stage *s)
{
	s->token2 = process_expiries(s->process);
	s->at = now_ns() + TIMEOUT;
	return !process_set_watchdog(s->process, TIMEOUT, 0);
}

static bool prepare_watched(struct stage *s)
{
	return is_free(s) && new_endpoint(s) &&
	       !process_set_receiver(s->process, s->entry) && set_watchdog(s);
}

static int take_watchdog_away(struct stage *s)
{
	return process_set_watchdog(s->process, 0, 0);
}

static int keep_alive(struct stage *s)
{
	return process_keepalive(s->process);
}

static int kill_it(struct stage *s)
{
	return kill(s->target.pid, SIGKILL);
}

static __u64 expired(struct stage *s)
{
	return process_expiries(s->process) - s->token2;
}

/* The message, which is never early. */
static bool is_told_of_the_expiry(struct stage *s)
{
	const __u64 *words = s->recv[A].received.out_words;

	return receive(s) && s->recv[A].received.out_kind == PROXYIPC_KIND_WATCHDOG &&
	       words[PROXYIPC_WATCHDOG_WORD_SINCE] >= TIMEOUT &&
	       words[PROXYIPC_WATCHDOG_WORD_AT] >= s->at && stands(s) &&
	       !endpoint_resume(s->endpoint, s->cap);
}

/*
 * Once it is taken away, what it had to report has begun an episode or never will. It can
 * have expired again before its target was held, on a machine that stands still for a
 * timeout: there is one message all the same.
 */
static enum order judge_x_expiry(struct stage *s)
{
	REQUIRE(result(s, A) == 0);
	REQUIRE(take_watchdog_away(s) == 0);
	if (process_episode(s->process) != PROXYIPC_EPISODE_NONE) {
		REQUIRE(expired(s) >= 1);
		REQUIRE(is_told_of_the_expiry(s));
	}
	REQUIRE(is_empty(s->endpoint));
	REQUIRE(is_free(s));
	REQUIRE(runs(s));
	return expired(s) ? B_FIRST : A_FIRST;
}

const struct race set_watchdog_x_expiry = {
	.b_by = BY_TIME,
	.begin = watched_target,
	.prepare = prepare_watched,
	.a = take_watchdog_away,
	.judge = judge_x_expiry,
};

const struct race keepalive_x_expiry = {
	.b_by = BY_TIME,
	.begin = watched_target,
	.prepare = prepare_watched,
	.a = keep_alive,
	.judge = judge_x_expiry,
};

static bool prepare_watched_child(struct stage *s)
{
	return new_target(s) && new_proxy(s) && set_watchdog(s);
}

/* Held for that or not, it dies, and that is all that its receiver is told. */
static enum order judge_kill_x_expiry(struct stage *s)
{
	REQUIRE(result(s, A) == 0);
	REQUIRE(died(s));
	REQUIRE(is_free(s));
	REQUIRE(is_told_of_the_end(s));
	return expired(s) ? B_FIRST : A_FIRST;
}

const struct race kill_x_expiry = {
	.b_by = BY_TIME,
	.prepare = prepare_watched_child,
	.a = kill_it,
	.judge = judge_kill_x_expiry,
};
