// SPDX-License-Identifier: GPL-2.0
/*
 * A target that changes its own identity. What was recorded when it was opened
 * are its real, effective and saved ids, its user namespace and its permitted
 * capabilities, which may shrink.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>

#define ALICE	1000
#define SAME	(-1)

static int change_uid(void)
{
	return syscall(SYS_setresuid, ALICE, SAME, SAME);
}

static int change_effective_uid(void)
{
	return syscall(SYS_setresuid, SAME, ALICE, SAME);
}

static int change_saved_uid(void)
{
	return syscall(SYS_setresuid, SAME, SAME, ALICE);
}

static int change_gid(void)
{
	return syscall(SYS_setresgid, ALICE, SAME, SAME);
}

static int change_effective_gid(void)
{
	return syscall(SYS_setresgid, SAME, ALICE, SAME);
}

static int change_saved_gid(void)
{
	return syscall(SYS_setresgid, SAME, SAME, ALICE);
}

static int change_to_what_it_is(void)
{
	return syscall(SYS_setresgid, 0, 0, 0) ?: syscall(SYS_setresuid, 0, 0, 0);
}

static int drop_a_capability(void)
{
	return keep_capabilities(((1ULL << CAP_LAST_CAP << 1) - 1) &
				 ~(1ULL << CAP_SYS_TIME));
}

static int drop_all_capabilities(void)
{
	return keep_capabilities(0);
}

static int enter_user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

FIXTURE(identity) {
	struct child target;	/* root's */
	int process;
	__u64 token;
};

FIXTURE_VARIANT(identity) {
	int (*change)(void);
	bool kept;
};

FIXTURE_VARIANT_ADD(identity, change_uid) {
	.change = change_uid,
	.kept = false,
};

FIXTURE_VARIANT_ADD(identity, change_effective_uid) {
	.change = change_effective_uid,
	.kept = false,
};

FIXTURE_VARIANT_ADD(identity, change_saved_uid) {
	.change = change_saved_uid,
	.kept = false,
};

FIXTURE_VARIANT_ADD(identity, change_gid) {
	.change = change_gid,
	.kept = false,
};

FIXTURE_VARIANT_ADD(identity, change_effective_gid) {
	.change = change_effective_gid,
	.kept = false,
};

FIXTURE_VARIANT_ADD(identity, change_saved_gid) {
	.change = change_saved_gid,
	.kept = false,
};

FIXTURE_VARIANT_ADD(identity, change_to_what_it_is) {
	.change = change_to_what_it_is,
	.kept = true,
};

FIXTURE_VARIANT_ADD(identity, drop_a_capability) {
	.change = drop_a_capability,
	.kept = true,
};

FIXTURE_VARIANT_ADD(identity, drop_all_capabilities) {
	.change = drop_all_capabilities,
	.kept = true,
};

FIXTURE_VARIANT_ADD(identity, enter_user_namespace) {
	.change = enter_user_namespace,
	.kept = false,
};

static int (*change)(void);

/* Counts, changes when told, counts on. */
static void change_when_told(struct child_page *page)
{
	page->phase = 1;
	while (!page->go)
		page->counter[0]++;
	page->error = change();
	page->phase = 2;
	for (;;)
		page->counter[0]++;
}

FIXTURE_SETUP(identity)
{
	change = variant->change;
	self->target = child_new(change_when_told, -1, -1);
	ASSERT_LT(0, self->target.pid);
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
	ASSERT_TRUE(child_reaches(&self->target, 1));
}

FIXTURE_TEARDOWN(identity)
{
	child_kill(&self->target);
}

#define CHANGE() do {							\
	child_go(&self->target, 1);					\
	ASSERT_TRUE(child_reaches(&self->target, 2));			\
	ASSERT_EQ(0, self->target.page->error);				\
} while (0)

TEST_F(identity, that_changed_can_not_be_held)
{
	atomic_uint *counter = &self->target.page->counter[0];
	int expected = variant->kept ? 0 : -ESTALE;
	int ret;

	CHANGE();
	ret = process_hold(self->process, &self->token);
	EXPECT_EQ(expected, ret > 0 ? 0 : ret);
	EXPECT_TRUE(variant->kept ? stands_still(counter) : counts(counter));
}

TEST_F(identity, that_changed_makes_the_object_stale)
{
	int expected = variant->kept ? 0 : -ESTALE;
	struct proxyipc_process_info info;
	int ret;

	CHANGE();
	EXPECT_EQ(expected, process_info(self->process, &info));
	ret = process_mint(self->process, 0, RIGHTS_ALL, 0);
	EXPECT_EQ(expected, ret > 0 ? 0 : ret);
}

/* The hold is older than the change, which its resume lets happen. */
TEST_F(identity, that_changed_after_a_hold_is_noticed_by_the_next)
{
	int expected = variant->kept ? 0 : -ESTALE;
	int ret;

	for (int i = 0; i < 5; i++) {
		ASSERT_LT(0, process_hold(self->process, &self->token));
		ASSERT_EQ(0, process_resume(self->process, self->token));
	}
	CHANGE();
	ret = process_hold(self->process, &self->token);
	EXPECT_EQ(expected, ret > 0 ? 0 : ret);
}

TEST_HARNESS_MAIN
