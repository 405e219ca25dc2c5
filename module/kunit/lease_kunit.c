// SPDX-License-Identifier: GPL-2.0
/* lease.h has no .c of its own: this one is simply linked in. */
#include <kunit/test.h>

#include "lease.h"

static void no_lease_asked_for_is_the_default(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, proxyipc_lease_check(0, false));
	KUNIT_EXPECT_EQ(test, 10ULL * NSEC_PER_SEC, proxyipc_lease_of_process(0));
	KUNIT_EXPECT_EQ(test, 1ULL, proxyipc_lease_of_process(1));
	KUNIT_EXPECT_EQ(test, PROXYIPC_LEASE_CEILING,
			proxyipc_lease_of_process(PROXYIPC_LEASE_CEILING));
}

static void longest_lease_is_allowed_and_no_more(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, proxyipc_lease_check(PROXYIPC_LEASE_MAX, false));
	KUNIT_EXPECT_EQ(test, -EPERM,
			proxyipc_lease_check(PROXYIPC_LEASE_MAX + 1, false));
	KUNIT_EXPECT_EQ(test, -EPERM, proxyipc_lease_check(U64_MAX, false));
}

static void privilege_allows_more_up_to_the_ceiling(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0,
			proxyipc_lease_check(PROXYIPC_LEASE_MAX + 1, true));
	KUNIT_EXPECT_EQ(test, 0,
			proxyipc_lease_check(PROXYIPC_LEASE_CEILING, true));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			proxyipc_lease_check(PROXYIPC_LEASE_CEILING + 1, true));
	KUNIT_EXPECT_EQ(test, -EINVAL, proxyipc_lease_check(U64_MAX, true));
}

static void hold_may_shorten_the_lease_of_its_object_only(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 1000ULL, proxyipc_lease_of_hold(0, 1000));
	KUNIT_EXPECT_EQ(test, 1ULL, proxyipc_lease_of_hold(1, 1000));
	KUNIT_EXPECT_EQ(test, 1000ULL, proxyipc_lease_of_hold(1000, 1000));
	KUNIT_EXPECT_EQ(test, 0ULL, proxyipc_lease_of_hold(1001, 1000));
	KUNIT_EXPECT_EQ(test, 0ULL, proxyipc_lease_of_hold(U64_MAX, 1000));
}

static void lease_ends_no_later_than_time_does(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 30ULL, proxyipc_lease_end(10, 20));
	KUNIT_EXPECT_EQ(test, (u64)KTIME_MAX - 1,
			proxyipc_lease_end(KTIME_MAX - 21, 20));
	KUNIT_EXPECT_EQ(test, (u64)KTIME_MAX,
			proxyipc_lease_end(KTIME_MAX - 19, 20));
	KUNIT_EXPECT_EQ(test, (u64)KTIME_MAX, proxyipc_lease_end(KTIME_MAX, 1));
	KUNIT_EXPECT_EQ(test, (u64)KTIME_MAX, proxyipc_lease_end(10, U64_MAX));
}

static void lease_is_over_from_its_end_on_and_never_before(struct kunit *test)
{
	u64 end = proxyipc_lease_end(100, 50);

	KUNIT_EXPECT_FALSE(test, proxyipc_lease_is_over(end, 100));
	KUNIT_EXPECT_FALSE(test, proxyipc_lease_is_over(end, 149));
	KUNIT_EXPECT_TRUE(test, proxyipc_lease_is_over(end, 150));
	KUNIT_EXPECT_TRUE(test, proxyipc_lease_is_over(end, U64_MAX));
}

static void deadline_too_far_away_is_the_last_time_that_there_is(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ns_to_ktime(1), proxyipc_deadline_time(1));
	KUNIT_EXPECT_EQ(test, (ktime_t)KTIME_MAX - 1,
			proxyipc_deadline_time(KTIME_MAX - 1));
	KUNIT_EXPECT_EQ(test, (ktime_t)KTIME_MAX,
			proxyipc_deadline_time((u64)KTIME_MAX + 1));
	KUNIT_EXPECT_EQ(test, (ktime_t)KTIME_MAX, proxyipc_deadline_time(U64_MAX));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(no_lease_asked_for_is_the_default),
	KUNIT_CASE(longest_lease_is_allowed_and_no_more),
	KUNIT_CASE(privilege_allows_more_up_to_the_ceiling),
	KUNIT_CASE(hold_may_shorten_the_lease_of_its_object_only),
	KUNIT_CASE(lease_ends_no_later_than_time_does),
	KUNIT_CASE(lease_is_over_from_its_end_on_and_never_before),
	KUNIT_CASE(deadline_too_far_away_is_the_last_time_that_there_is),
	{}
};

static struct kunit_suite suite = {
	.name = "proxyipc_lease",
	.test_cases = cases,
};

kunit_test_suite(suite);
