// SPDX-License-Identifier: GPL-2.0
/*
 * The cgroup freezers and a held target: neither lets it slip, whatever the
 * order. (A cgroup of version 2 isn't frozen before a parked target in it is
 * resumed, a documented limit: E5.)
 */
#include "proxyipc_test.h"
#include "freezer.h"
#include "hold_helpers.h"

FIXTURE(freeze) {
	struct child target;	/* in a cgroup of its own */
	int process;
	atomic_uint *counter;
	struct freezer freezer;
	__u64 token;
};

FIXTURE_VARIANT(freeze) {
	const struct freezer_kind *kind;
};

FIXTURE_VARIANT_ADD(freeze, v1) { .kind = &freezer_v1 };
FIXTURE_VARIANT_ADD(freeze, v2) { .kind = &freezer_v2 };

FIXTURE_SETUP(freeze)
{
	int ret;

	self->process = -1;
	self->target = child_new(child_spin, -1, -1);
	ASSERT_LT(0, self->target.pid);
	ret = freezer_new(&self->freezer, variant->kind, self->target.pid);
	if (ret == -ENODEV)
		SKIP(return, "no %s with %s", variant->kind->type, variant->kind->option);
	ASSERT_EQ(0, ret);
	self->counter = &self->target.page->counter[0];
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
	ASSERT_TRUE(counts(self->counter));
}

FIXTURE_TEARDOWN(freeze)
{
	close_fd(&self->process);
	if (self->freezer.folder[0])
		freezer_thaw(&self->freezer);
	child_kill(&self->target);
	freezer_end(&self->freezer);
}

#define HOLD() \
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)))
#define RESUME() \
	ASSERT_EQ(0, process_resume(self->process, self->token))
#define FREEZE() \
	ASSERT_EQ(0, freezer_freeze(&self->freezer))
#define THAW() \
	ASSERT_EQ(0, freezer_thaw(&self->freezer))

#define EXPECT_HELD_AT(before) do {					\
	EXPECT_TRUE(held_state(process_state(self->process)));		\
	EXPECT_EQ(1, process_holds(self->process));			\
	EXPECT_TRUE(stands_still(self->counter));			\
	EXPECT_EQ(before, *self->counter);				\
} while (0)

TEST_F(freeze, and_thaw_of_parked_target_keep_the_hold)
{
	unsigned int before;

	HOLD();
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	before = *self->counter;
	for (int i = 0; i < 3; i++) {
		FREEZE();
		EXPECT_HELD_AT(before);
		THAW();
		EXPECT_HELD_AT(before);
	}
	RESUME();
	EXPECT_TRUE(counts(self->counter));
}

/* The first version is done with a parked target, the second waits for its resume. */
TEST_F(freeze, of_parked_target_completes_if_it_is_of_the_first_version)
{
	bool v1 = variant->kind == &freezer_v1;

	HOLD();
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	FREEZE();
	EXPECT_TRUE(v1 ? eventually(freezer_is_frozen(&self->freezer)) :
			 stands_still(self->counter));
	EXPECT_EQ(v1, freezer_is_frozen(&self->freezer));
	EXPECT_EQ(PROXYIPC_STATE_PARKED, process_state(self->process));
}

TEST_F(freeze, of_parked_target_takes_effect_at_resume_at_the_latest)
{
	unsigned int before;

	HOLD();
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	before = *self->counter;
	FREEZE();
	RESUME();
	EXPECT_TRUE(eventually(freezer_is_frozen(&self->freezer)));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(before, *self->counter);
	THAW();
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(freeze, before_the_hold_and_thaw_in_it_keep_the_hold)
{
	unsigned int before;

	FREEZE();
	ASSERT_TRUE(eventually(freezer_is_frozen(&self->freezer)));
	before = *self->counter;
	HOLD();
	THAW();
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_HELD_AT(before);
	RESUME();
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(freeze, before_the_hold_outlasts_it)
{
	unsigned int before;

	FREEZE();
	ASSERT_TRUE(eventually(freezer_is_frozen(&self->freezer)));
	before = *self->counter;
	HOLD();
	RESUME();
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(before, *self->counter);
	EXPECT_EQ(0, process_holds(self->process));
	THAW();
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(freeze, of_parked_target_lets_sigkill_through)
{
	HOLD();
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	FREEZE();
	kill(self->target.pid, SIGKILL);
	/* The first version's freezer lets nobody die before the thaw. */
	if (variant->kind == &freezer_v1)
		THAW();
	EXPECT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
}

TEST_HARNESS_MAIN
