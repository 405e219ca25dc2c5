// SPDX-License-Identifier: GPL-2.0
#include <kunit/test.h>

#include "../hold.c"

#include "fixture.h"

static void hold_queues_the_callback_once(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_hold first, second;

	proxyipc_hold_init(&first, &f->identity);
	proxyipc_hold_init(&second, &f->other);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_hold_add(&first, NULL));
	KUNIT_EXPECT_TRUE(test, f->thread->queued);
	KUNIT_EXPECT_EQ(test, 3U, refcount_read(&f->thread->target.ref));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_hold_add(&second, NULL));
	KUNIT_EXPECT_EQ(test, 3U, refcount_read(&f->thread->target.ref));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_STATE_ARMED, state_of(f));
	proxyipc_hold_drop(&first);
	proxyipc_hold_drop(&second);
	/* It runs and finds nothing to do. */
	KUNIT_EXPECT_TRUE(test, f->thread->queued);
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_STATE_RUNNABLE, state_of(f));
	proxyipc_hold_deinit(&first);
	proxyipc_hold_deinit(&second);
}

static void target_is_held_until_its_last_hold_is_dropped(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_hold holds[4];
	int i;

	for (i = 0; i < ARRAY_SIZE(holds); i++) {
		proxyipc_hold_init(&holds[i], i % 2 ? &f->identity : &f->other);
		KUNIT_EXPECT_EQ(test, 0, proxyipc_hold_add(&holds[i], NULL));
		KUNIT_EXPECT_EQ(test, (unsigned int)i + 1, holds_of(f));
	}
	/* In an order that is neither of the natural ones. */
	proxyipc_hold_drop(&holds[2]);
	proxyipc_hold_drop(&holds[0]);
	KUNIT_EXPECT_FALSE(test, proxyipc_hold_is_on(&holds[0]));
	KUNIT_EXPECT_TRUE(test, proxyipc_hold_is_on(&holds[1]));
	KUNIT_EXPECT_FALSE(test, proxyipc_hold_is_on(&holds[2]));
	KUNIT_EXPECT_TRUE(test, proxyipc_hold_is_on(&holds[3]));
	proxyipc_hold_drop(&holds[3]);
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_STATE_ARMED, state_of(f));
	proxyipc_hold_drop(&holds[1]);
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_STATE_RUNNABLE, state_of(f));
	for (i = 0; i < ARRAY_SIZE(holds); i++)
		proxyipc_hold_deinit(&holds[i]);
}

static void hold_is_dropped_once(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_hold first, second;

	proxyipc_hold_init(&first, &f->identity);
	proxyipc_hold_init(&second, &f->identity);
	proxyipc_hold_drop(&first);
	proxyipc_hold_add(&first, NULL);
	proxyipc_hold_add(&second, NULL);
	proxyipc_hold_drop(&first);
	proxyipc_hold_drop(&first);
	KUNIT_EXPECT_EQ(test, 1U, holds_of(f));
	proxyipc_hold_drop(&second);
	KUNIT_EXPECT_EQ(test, 0U, holds_of(f));
	proxyipc_hold_deinit(&first);
	proxyipc_hold_deinit(&second);
}

static void confirm_needs_a_queued_callback_or_a_parked_target(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_hold hold;

	proxyipc_hold_init(&hold, &f->identity);
	proxyipc_hold_add(&hold, NULL);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_hold_confirm(&hold));
	/* Dropped by somebody else, before it was confirmed. */
	proxyipc_hold_drop(&hold);
	KUNIT_EXPECT_EQ(test, -ESTALE, proxyipc_hold_confirm(&hold));
	proxyipc_hold_deinit(&hold);
}

static void parked_target_needs_no_callback(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_hold hold;

	proxyipc_hold_init(&hold, &f->identity);
	/* As hold_callback() leaves it while it sleeps. */
	f->thread->parked = true;
	KUNIT_EXPECT_EQ(test, 0, proxyipc_hold_add(&hold, NULL));
	KUNIT_EXPECT_FALSE(test, f->thread->queued);
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_STATE_PARKED, state_of(f));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_hold_confirm(&hold));
	KUNIT_EXPECT_FALSE(test, f->thread->queued);
	proxyipc_hold_drop(&hold);
	f->thread->parked = false;
	proxyipc_hold_deinit(&hold);
}

static void holder_is_the_last_that_was_named(struct kunit *test)
{
	struct fixture *f = test->priv;
	unsigned int before = refcount_read(&f->pid->count);
	struct proxyipc_hold hold;

	proxyipc_hold_init(&hold, &f->identity);
	proxyipc_hold_add(&hold, f->pid);
	KUNIT_EXPECT_PTR_EQ(test, f->pid, hold.holder);
	KUNIT_EXPECT_EQ(test, before + 1, refcount_read(&f->pid->count));
	proxyipc_hold_set_holder(&hold, f->pid);
	KUNIT_EXPECT_EQ(test, before + 1, refcount_read(&f->pid->count));
	proxyipc_hold_drop(&hold);
	KUNIT_EXPECT_NULL(test, hold.holder);
	KUNIT_EXPECT_EQ(test, before, refcount_read(&f->pid->count));
	proxyipc_hold_deinit(&hold);
}

static void deadlock_is_seen_through_those_who_hold(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_identity me;
	struct proxyipc_hold hold;

	/* The target may not resume itself; anybody else may. */
	KUNIT_EXPECT_TRUE(test, proxyipc_hold_would_deadlock(&f->identity,
							     task_pid(f->task)));
	KUNIT_EXPECT_FALSE(test, proxyipc_hold_would_deadlock(&f->identity,
							      f->pid));
	KUNIT_EXPECT_FALSE(test, proxyipc_hold_would_deadlock(&f->identity,
							      NULL));

	/* The target holds this thread: it must not be held by it in turn. */
	KUNIT_ASSERT_EQ(test, 0, proxyipc_identity_init(&me, current, false,
							reconcile));
	proxyipc_hold_init(&hold, &me);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_hold_add(&hold, task_pid(f->task)));
	KUNIT_EXPECT_TRUE(test, proxyipc_hold_would_deadlock(&f->identity,
							     f->pid));
	proxyipc_hold_set_holder(&hold, NULL);
	KUNIT_EXPECT_FALSE(test, proxyipc_hold_would_deadlock(&f->identity,
							      f->pid));
	proxyipc_hold_drop(&hold);
	proxyipc_hold_deinit(&hold);
	proxyipc_identity_deinit(&me);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(hold_queues_the_callback_once),
	KUNIT_CASE(target_is_held_until_its_last_hold_is_dropped),
	KUNIT_CASE(hold_is_dropped_once),
	KUNIT_CASE(confirm_needs_a_queued_callback_or_a_parked_target),
	KUNIT_CASE(parked_target_needs_no_callback),
	KUNIT_CASE(holder_is_the_last_that_was_named),
	KUNIT_CASE(deadlock_is_seen_through_those_who_hold),
	{}
};

static struct kunit_suite suite = {
	.name = "proxyipc_hold",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
