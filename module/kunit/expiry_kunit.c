// SPDX-License-Identifier: GPL-2.0
/* expiry.h has no .c of its own: this one is simply linked in. */
#include <kunit/test.h>

#include "expiry.h"

#define MS	NSEC_PER_MSEC

/* A clock that began at @at. */
static struct proxyipc_expiry expiry_at(u64 timeout, u64 pretimeout, u64 at)
{
	struct proxyipc_expiry expiry = {
		.timeout = timeout,
		.pretimeout = pretimeout,
	};

	proxyipc_expiry_alive(&expiry, &(struct proxyipc_reading){ .at = at });
	return expiry;
}

/* A sample that took no time and saw nothing. */
static u32 silent_at(struct proxyipc_expiry *expiry, u64 at)
{
	return proxyipc_expiry_silent(expiry, at,
				      &(struct proxyipc_reading){ .at = at });
}

static void stood_at(struct proxyipc_expiry *expiry, u64 at)
{
	proxyipc_expiry_stood(expiry, &(struct proxyipc_reading){ .at = at });
}

static void timeouts_have_limits(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, proxyipc_expiry_check(0, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, proxyipc_expiry_check(0, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, proxyipc_expiry_check(MS - 1, 0));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_expiry_check(MS, 0));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_expiry_check(PROXYIPC_WATCHDOG_MAX, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			proxyipc_expiry_check(PROXYIPC_WATCHDOG_MAX + 1, 0));
	KUNIT_EXPECT_EQ(test, -EINVAL, proxyipc_expiry_check(U64_MAX, 0));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_expiry_check(MS, MS - 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, proxyipc_expiry_check(MS, MS));
	KUNIT_EXPECT_EQ(test, -EINVAL, proxyipc_expiry_check(MS, U64_MAX));
}

static void samples_are_neither_too_often_nor_too_seldom(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 250000ULL, proxyipc_expiry_interval(MS));
	KUNIT_EXPECT_EQ(test, 250000ULL, proxyipc_expiry_interval(5 * MS / 2));
	KUNIT_EXPECT_EQ(test, 500000ULL, proxyipc_expiry_interval(5 * MS));
	KUNIT_EXPECT_EQ(test, 10ULL * MS, proxyipc_expiry_interval(100 * MS));
	KUNIT_EXPECT_EQ(test, 10ULL * MS,
			proxyipc_expiry_interval(PROXYIPC_WATCHDOG_MAX));
}

static void expires_at_its_timeout_and_not_before(struct kunit *test)
{
	struct proxyipc_expiry expiry = expiry_at(10 * MS, 0, 1000);

	KUNIT_EXPECT_EQ(test, 0U, silent_at(&expiry, 1000));
	KUNIT_EXPECT_EQ(test, 0U, silent_at(&expiry, 1000 + 10 * MS - 1));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_WATCHDOG_TIMEOUT,
			silent_at(&expiry, 1000 + 10 * MS));
}

/* Whatever came between the first clock and the word may have come in time. */
static void sample_that_took_long_expires_by_its_first_clock(struct kunit *test)
{
	struct proxyipc_expiry expiry = expiry_at(10 * MS, 0, 0);
	struct proxyipc_reading after = { .at = 20 * MS };

	KUNIT_EXPECT_EQ(test, 0U,
			proxyipc_expiry_silent(&expiry, 10 * MS - 1, &after));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_WATCHDOG_TIMEOUT,
			proxyipc_expiry_silent(&expiry, 10 * MS, &after));
}

static void silence_begins_behind_the_sample_that_saw_life(struct kunit *test)
{
	struct proxyipc_expiry expiry = expiry_at(10 * MS, 0, 0);

	proxyipc_expiry_alive(&expiry, &(struct proxyipc_reading){ .at = 9 * MS });
	KUNIT_EXPECT_EQ(test, 0U, silent_at(&expiry, 19 * MS - 1));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_WATCHDOG_TIMEOUT,
			silent_at(&expiry, 19 * MS));
}

static void time_in_which_it_stood_does_not_count(struct kunit *test)
{
	struct proxyipc_expiry expiry = expiry_at(10 * MS, 0, 0);

	KUNIT_EXPECT_EQ(test, 0U, silent_at(&expiry, 6 * MS));
	stood_at(&expiry, 7 * MS);
	stood_at(&expiry, 1000 * MS);
	KUNIT_EXPECT_EQ(test, 0U, silent_at(&expiry, 1004 * MS - 1));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_WATCHDOG_TIMEOUT,
			silent_at(&expiry, 1004 * MS));
}

static void standing_for_ever_never_expires(struct kunit *test)
{
	struct proxyipc_expiry expiry = expiry_at(MS, 0, 0);
	u64 at;

	for (at = 0; at < 3600 * 1000 * MS; at += 60 * 1000 * MS)
		stood_at(&expiry, at);
	KUNIT_EXPECT_EQ(test, 0U, silent_at(&expiry, expiry.last.at));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_WATCHDOG_TIMEOUT,
			silent_at(&expiry, expiry.last.at + MS));
}

static void pretimeout_is_told_once(struct kunit *test)
{
	struct proxyipc_expiry expiry = expiry_at(10 * MS, 4 * MS, 0);

	KUNIT_EXPECT_EQ(test, 0U, silent_at(&expiry, 6 * MS - 1));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_WATCHDOG_PRETIMEOUT,
			silent_at(&expiry, 6 * MS));
	KUNIT_EXPECT_EQ(test, 0U, silent_at(&expiry, 7 * MS));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_WATCHDOG_TIMEOUT,
			silent_at(&expiry, 10 * MS));
}

static void pretimeout_is_told_again_after_it_was_alive(struct kunit *test)
{
	struct proxyipc_expiry expiry = expiry_at(10 * MS, 4 * MS, 0);

	silent_at(&expiry, 6 * MS);
	proxyipc_expiry_alive(&expiry, &(struct proxyipc_reading){ .at = 7 * MS });
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_WATCHDOG_PRETIMEOUT,
			silent_at(&expiry, 13 * MS));
}

static void both_stages_at_once_are_the_second(struct kunit *test)
{
	struct proxyipc_expiry expiry = expiry_at(10 * MS, 4 * MS, 0);

	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_WATCHDOG_TIMEOUT,
			silent_at(&expiry, 11 * MS));
}

static void next_sample_is_no_later_than_the_next_stage(struct kunit *test)
{
	struct proxyipc_expiry expiry = expiry_at(10 * MS, 4 * MS, 0);

	KUNIT_EXPECT_EQ(test, (u64)MS, proxyipc_expiry_next(&expiry));
	silent_at(&expiry, 11 * MS / 2);
	KUNIT_EXPECT_EQ(test, 6ULL * MS, proxyipc_expiry_next(&expiry));
	silent_at(&expiry, 6 * MS);
	KUNIT_EXPECT_EQ(test, 7ULL * MS, proxyipc_expiry_next(&expiry));
	silent_at(&expiry, 19 * MS / 2);
	KUNIT_EXPECT_EQ(test, 10ULL * MS, proxyipc_expiry_next(&expiry));
}

/* All phases of a keepalive between two samples: how late, and never early. */
static void lateness_is_one_interval_at_most(struct kunit *test)
{
	u64 interval = proxyipc_expiry_interval(10 * MS), alive, at;
	struct proxyipc_expiry expiry;

	for (alive = 1; alive <= 3 * MS; alive += 1000) {
		bool seen = false;

		expiry = expiry_at(10 * MS, 0, 0);
		for (;;) {
			at = proxyipc_expiry_next(&expiry);
			if (!seen && at >= alive) {
				seen = true;
				proxyipc_expiry_alive(&expiry,
						      &(struct proxyipc_reading){ .at = at });
			} else if (silent_at(&expiry, at)) {
				break;
			}
		}
		KUNIT_ASSERT_GE(test, at, alive + 10 * MS);
		KUNIT_ASSERT_LT(test, at, alive + 10 * MS + interval);
	}
}

static void what_was_spent_while_it_stood_is_left_out(struct kunit *test)
{
	struct proxyipc_expiry expiry = expiry_at(10 * MS, 0, 0);
	struct proxyipc_reading passed;

	proxyipc_expiry_silent(&expiry, 4 * MS, &(struct proxyipc_reading){
		.at = 4 * MS, .cpu = MS, .delay = 2 * MS });
	proxyipc_expiry_stood(&expiry, &(struct proxyipc_reading){
		.at = 100 * MS, .cpu = 20 * MS, .delay = 30 * MS });
	proxyipc_expiry_silent(&expiry, 110 * MS, &(struct proxyipc_reading){
		.at = 110 * MS, .cpu = 22 * MS, .delay = 33 * MS });
	passed = proxyipc_expiry_passed(&expiry, 0);
	KUNIT_EXPECT_EQ(test, 14ULL * MS, passed.at);
	KUNIT_EXPECT_EQ(test, 3ULL * MS, passed.cpu);
	KUNIT_EXPECT_EQ(test, 5ULL * MS, passed.delay);
}

/* The scheduler's clocks go their own way. */
static void parts_are_never_more_than_the_whole(struct kunit *test)
{
	struct proxyipc_expiry expiry = {
		.start = { .at = 100, .cpu = 1000, .delay = 1000 },
	};
	struct proxyipc_reading passed;

	expiry.last = (struct proxyipc_reading){ 200, 900, 900 };
	passed = proxyipc_expiry_passed(&expiry, 0);
	KUNIT_EXPECT_EQ(test, 100ULL, passed.at);
	KUNIT_EXPECT_EQ(test, 0ULL, passed.cpu);
	KUNIT_EXPECT_EQ(test, 0ULL, passed.delay);

	expiry.last = (struct proxyipc_reading){ 200, 1060, 1070 };
	passed = proxyipc_expiry_passed(&expiry, 0);
	KUNIT_EXPECT_EQ(test, 60ULL, passed.cpu);
	KUNIT_EXPECT_EQ(test, 40ULL, passed.delay);

	expiry.last = (struct proxyipc_reading){ 200, U64_MAX, U64_MAX };
	passed = proxyipc_expiry_passed(&expiry, 0);
	KUNIT_EXPECT_EQ(test, 100ULL, passed.cpu);
	KUNIT_EXPECT_EQ(test, 0ULL, passed.delay);
}

static void stretch_on_a_cpu_is_cpu_time_before_it_is_accounted(struct kunit *test)
{
	struct proxyipc_expiry expiry = { .last = { .at = MS } };

	KUNIT_EXPECT_EQ(test, 0ULL, proxyipc_expiry_passed(&expiry, 0).cpu);
	KUNIT_EXPECT_EQ(test, (u64)MS / 2,
			proxyipc_expiry_passed(&expiry, MS / 2).cpu);
	KUNIT_EXPECT_EQ(test, (u64)MS,
			proxyipc_expiry_passed(&expiry, 4 * MS).cpu);
}

static void cause_is_what_most_of_the_time_was_spent_on(struct kunit *test)
{
	static const struct {
		struct proxyipc_reading passed;
		u32 cause;
	} cases[] = {
		/* at, cpu, delay */
		{ { 100, 100, 0 }, PROXYIPC_WATCHDOG_SPINNING },
		{ { 100, 0, 100 }, PROXYIPC_WATCHDOG_STARVED },
		{ { 100, 0, 0 }, PROXYIPC_WATCHDOG_BLOCKED },
		/* Its share of a CPU that many want. */
		{ { 100, 10, 90 }, PROXYIPC_WATCHDOG_SPINNING },
		{ { 100, 9, 91 }, PROXYIPC_WATCHDOG_STARVED },
		/* Half of the time. */
		{ { 100, 49, 0 }, PROXYIPC_WATCHDOG_BLOCKED },
		{ { 100, 50, 0 }, PROXYIPC_WATCHDOG_SPINNING },
		{ { 100, 0, 49 }, PROXYIPC_WATCHDOG_BLOCKED },
		{ { 100, 0, 50 }, PROXYIPC_WATCHDOG_STARVED },
		{ { 100, 20, 29 }, PROXYIPC_WATCHDOG_BLOCKED },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ(test, cases[i].cause,
				proxyipc_expiry_cause(&cases[i].passed));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(timeouts_have_limits),
	KUNIT_CASE(samples_are_neither_too_often_nor_too_seldom),
	KUNIT_CASE(expires_at_its_timeout_and_not_before),
	KUNIT_CASE(sample_that_took_long_expires_by_its_first_clock),
	KUNIT_CASE(silence_begins_behind_the_sample_that_saw_life),
	KUNIT_CASE(time_in_which_it_stood_does_not_count),
	KUNIT_CASE(standing_for_ever_never_expires),
	KUNIT_CASE(pretimeout_is_told_once),
	KUNIT_CASE(pretimeout_is_told_again_after_it_was_alive),
	KUNIT_CASE(both_stages_at_once_are_the_second),
	KUNIT_CASE(next_sample_is_no_later_than_the_next_stage),
	KUNIT_CASE(lateness_is_one_interval_at_most),
	KUNIT_CASE(what_was_spent_while_it_stood_is_left_out),
	KUNIT_CASE(parts_are_never_more_than_the_whole),
	KUNIT_CASE(stretch_on_a_cpu_is_cpu_time_before_it_is_accounted),
	KUNIT_CASE(cause_is_what_most_of_the_time_was_spent_on),
	{}
};

static struct kunit_suite suite = {
	.name = "proxyipc_expiry",
	.test_cases = cases,
};

kunit_test_suite(suite);
