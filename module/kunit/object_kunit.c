// SPDX-License-Identifier: GPL-2.0
#include <kunit/test.h>

#include "../object.c"

/* Nobody's: far from the users of the system that the tests run on. */
#define ALICE	KUIDT_INIT(2000000001)
#define BOB	KUIDT_INIT(2000000002)

static void user_is_one_as_long_as_he_has_objects(struct kunit *test)
{
	struct proxyipc_user *alice = proxyipc_user_get(ALICE);
	struct proxyipc_user *again = proxyipc_user_get(ALICE);
	struct proxyipc_user *bob = proxyipc_user_get(BOB);

	KUNIT_ASSERT_NOT_NULL(test, alice);
	KUNIT_EXPECT_PTR_EQ(test, alice, again);
	KUNIT_EXPECT_PTR_NE(test, alice, bob);
	KUNIT_EXPECT_EQ(test, 2U, alice->objects);
	proxyipc_user_put(again);
	spin_lock(&user_lock);
	KUNIT_EXPECT_PTR_EQ(test, alice, user_find_locked(ALICE));
	spin_unlock(&user_lock);
	proxyipc_user_put(alice);
	spin_lock(&user_lock);
	KUNIT_EXPECT_NULL(test, user_find_locked(ALICE));
	KUNIT_EXPECT_PTR_EQ(test, bob, user_find_locked(BOB));
	spin_unlock(&user_lock);
	proxyipc_user_put(bob);
	proxyipc_user_put(NULL);
}

static void each_user_has_as_many_holds_as_the_limit_says(struct kunit *test)
{
	struct proxyipc_user *alice = proxyipc_user_get(ALICE);
	struct proxyipc_user *bob = proxyipc_user_get(BOB);
	unsigned int limit = proxyipc_holds_per_user;

	KUNIT_ASSERT_NOT_NULL(test, alice);
	KUNIT_ASSERT_NOT_NULL(test, bob);
	proxyipc_holds_per_user = 2;
	KUNIT_EXPECT_EQ(test, 0, proxyipc_user_charge(alice));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_user_charge(alice));
	KUNIT_EXPECT_EQ(test, -EDQUOT, proxyipc_user_charge(alice));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_user_charge(bob));
	/* What was refused was not counted. */
	proxyipc_user_uncharge(alice);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_user_charge(alice));
	KUNIT_EXPECT_EQ(test, -EDQUOT, proxyipc_user_charge(alice));
	proxyipc_holds_per_user = limit;

	proxyipc_user_uncharge(alice);
	proxyipc_user_uncharge(alice);
	proxyipc_user_uncharge(bob);
	proxyipc_user_put(alice);
	proxyipc_user_put(bob);
}

static void lower_limit_refuses_but_takes_no_hold_away(struct kunit *test)
{
	struct proxyipc_user *alice = proxyipc_user_get(ALICE);
	unsigned int limit = proxyipc_holds_per_user;

	KUNIT_ASSERT_NOT_NULL(test, alice);
	proxyipc_holds_per_user = 2;
	proxyipc_user_charge(alice);
	proxyipc_user_charge(alice);
	proxyipc_holds_per_user = 1;
	proxyipc_user_uncharge(alice);
	KUNIT_EXPECT_EQ(test, -EDQUOT, proxyipc_user_charge(alice));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&alice->holds));
	proxyipc_user_uncharge(alice);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_user_charge(alice));
	proxyipc_holds_per_user = limit;

	proxyipc_user_uncharge(alice);
	proxyipc_user_put(alice);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(user_is_one_as_long_as_he_has_objects),
	KUNIT_CASE(each_user_has_as_many_holds_as_the_limit_says),
	KUNIT_CASE(lower_limit_refuses_but_takes_no_hold_away),
	{}
};

static struct kunit_suite suite = {
	.name = "proxyipc_object",
	.test_cases = cases,
};

kunit_test_suite(suite);
