// SPDX-License-Identifier: GPL-2.0
/* "Not now": a section of the target ends while somebody holds it, or gives that up. */
#include "races.h"

#include <errno.h>

#include <proxyipc.h>

#include "objects.h"

/* Long enough for what isn't about the bound, and short enough to wait for. */
#define LONGEST_BOUND	(100 * NS_PER_MS)
#define BOUND		(2 * NS_PER_MS)

/* Of what nobody resumes, on a machine that stood still for that bound. */
#define LEASE		NS_PER_S

/* The target's own. */
static struct proxyipc_control *control;
static int own;

static void map_page(struct child_page *page)
{
	own = process_open(0, 0, 0);
	page->error = proxyipc_process_map(own, &control);
	if (page->error)
		_exit(1);
}

static void enter_section(void)
{
	proxyipc_defer(control);
}

/* Outside of its sections nobody waits for their end. */
static int leave_section(struct stage *s)
{
	return proxyipc_undefer(control, own) ?: (int)control->pending;
}

static bool target_with_sections(struct stage *s)
{
	if (!acting_target(s, -1, map_page, enter_section))
		return false;
	s->process = process_open_deferring(s->target.pid, LEASE, LONGEST_BOUND);
	s->proxy = process_mint(s->process, 2, RIGHTS_ALL, NOTICES_ALL);
	return s->proxy >= 0;
}

static bool prepare_section(struct stage *s)
{
	return is_free(s) && is_ready(s);
}

static int hold_it(struct stage *s)
{
	return process_hold(s->process, &s->token);
}

/* Whoever holds in time waits for the end of the section, and then it stands. */
static enum order judge_hold_x_yield(struct stage *s)
{
	REQUIRE(held_state(result(s, A)));
	REQUIRE(process_holds(s->process) == 1);
	REQUIRE(stands(s));
	REQUIRE(process_resume(s->process, s->token) == 0);
	REQUIRE(has_acted(s));
	REQUIRE(result(s, B) == 0);
	REQUIRE(runs(s));
	return order_by_sleep(s, A);
}

const struct race hold_x_yield = {
	.b_by = BY_CHILD,
	.begin = target_with_sections,
	.prepare = prepare_section,
	.a = hold_it,
	.b = leave_section,
	.judge = judge_hold_x_yield,
};

/*
 * The caller takes a call back that is deferred
 */

/* How many episodes of the object were confirmed so far. */
static __u64 episodes(struct stage *s)
{
	struct proxyipc_process_info info;

	return process_info(s->process, &info) ? 0 : info.out_episodes;
}

static bool call_is_begun(struct stage *s)
{
	return process_episode(s->process) != PROXYIPC_EPISODE_NONE;
}

/* Not received, so the signal counts: the deferral was over before that, or wasn't. */
static enum order judge_taken_back(struct stage *s)
{
	REQUIRE(result(s, A) == 0);
	REQUIRE(s->caller.result == -EINTR);
	REQUIRE(is_empty(s->endpoint));
	REQUIRE(is_free(s));
	REQUIRE(episodes(s) - s->token2 <= 1);
	return episodes(s) == s->token2 ? A_FIRST : B_FIRST;
}

static bool begin_signal_and_sections(struct stage *s)
{
	return handle_signal(s) && target_with_sections(s);
}

static bool prepare_deferred_call(struct stage *s)
{
	if (!prepare_section(s) || !new_endpoint(s) ||
	    process_set_receiver(s->process, s->entry))
		return false;
	s->token2 = episodes(s);
	s->at = now_ns();
	caller_starts(s, s->proxy, 0);
	return soon(call_is_begun(s));
}

/*
 * A target that is held before it is through the gate keeps everybody there until the
 * lease ends; that it was held before the bound must not be.
 */
static bool bound_came_first(struct stage *s)
{
	return s->caller.result == -EOWNERDEAD &&
	       now_ns() - s->at >= LONGEST_BOUND + LEASE;
}

static enum order judge_signal_x_yield(struct stage *s)
{
	enum order order;

	REQUIRE(caller_result(s) != -EINPROGRESS);
	order = bound_came_first(s) ? A_FIRST : judge_taken_back(s);
	if (order == WRONG)
		return WRONG;
	REQUIRE(has_acted(s));
	REQUIRE(result(s, B) == 0);
	REQUIRE(runs(s));
	return order;
}

const struct race proxied_signal_x_yield = {
	.b_by = BY_CHILD,
	.begin = begin_signal_and_sections,
	.prepare = prepare_deferred_call,
	.a = signal_caller,
	.b = leave_section,
	.judge = judge_signal_x_yield,
};

/*
 * The bound
 */

static void defer_for_ever(struct child_page *page)
{
	map_page(page);
	enter_section();
	child_spin(page);
}

static bool begin_signal_and_bound(struct stage *s)
{
	if (!handle_signal(s) || !race_child(&s->target, defer_for_ever, -1, -1) ||
	    !soon(s->target.page->phase))
		return false;
	s->process = process_open_deferring(s->target.pid, 0, BOUND);
	s->proxy = process_mint(s->process, 2, RIGHTS_ALL, NOTICES_ALL);
	return s->proxy >= 0;
}

/* A hold that takes effect first: of what was granted before nothing may be left. */
static bool prepare_bound(struct stage *s)
{
	if (!is_free(s) || process_hold(s->process, &s->token) < 0 ||
	    process_resume(s->process, s->token) || !new_endpoint(s) ||
	    process_set_receiver(s->process, s->entry))
		return false;
	s->token2 = episodes(s);
	s->at = now_ns() + BOUND;
	caller_starts(s, s->proxy, 0);
	return soon(call_is_begun(s));
}

static enum order judge_signal_x_bound(struct stage *s)
{
	enum order order;

	REQUIRE(caller_result(s) != -EINPROGRESS);
	order = judge_taken_back(s);
	if (order == WRONG)
		return WRONG;
	REQUIRE(runs(s));
	return order;
}

const struct race proxied_signal_x_bound = {
	.b_by = BY_TIME,
	.begin = begin_signal_and_bound,
	.prepare = prepare_bound,
	.a = signal_caller,
	.judge = judge_signal_x_bound,
};

/*
 * The page is mapped for the first time while a notice comes: it tells of that, whether
 * it was there in time or not.
 */

#define BIT_OF_NOTICE	4ULL

/* What it said at once, and what it says since. */
#define AT_ONCE		result
#define EPISODES	counter[0]
#define NOTICES		counter[1]

static int map_it(struct stage *s)
{
	struct child_page *page = s->target.page;

	map_page(page);
	page->AT_ONCE = __atomic_load_n(&control->episodes, __ATOMIC_SEQ_CST);
	return 0;
}

static void map_and_look(struct child_page *page)
{
	page->phase = 1;
	race_b(the_stage);
	for (;;) {
		page->EPISODES = __atomic_load_n(&control->episodes, __ATOMIC_SEQ_CST);
		page->NOTICES = __atomic_load_n(&control->notices, __ATOMIC_SEQ_CST);
	}
}

static bool prepare_without_page(struct stage *s)
{
	if (!race_child(&s->target, map_and_look, -1, -1) || !soon(s->target.page->phase))
		return false;
	s->process = child_open(&s->target);
	return s->process >= 0 && new_proxy(s);
}

static int notify_it(struct stage *s)
{
	return entry_notify(s->proxy, BIT_OF_NOTICE);
}

static enum order judge_notify_x_map(struct stage *s)
{
	struct child_page *page = s->target.page;

	REQUIRE(result(s, A) == PROXYIPC_NOTIFIED_CONFIRMED);
	REQUIRE(receive(s));
	REQUIRE(s->recv[A].received.out_notices == BIT_OF_NOTICE);
	REQUIRE(endpoint_resume(s->endpoint, s->cap) == 0);
	REQUIRE(has_acted(s));
	REQUIRE(soon(page->EPISODES == 1 && page->NOTICES == BIT_OF_NOTICE));
	REQUIRE(died(s));
	return page->AT_ONCE ? A_FIRST : B_FIRST;
}

const struct race proxied_notify_x_map = {
	.b_by = BY_CHILD,
	.prepare = prepare_without_page,
	.a = notify_it,
	.b = map_it,
	.judge = judge_notify_x_map,
};
