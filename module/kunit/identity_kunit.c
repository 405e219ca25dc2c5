// SPDX-License-Identifier: GPL-2.0
#include <kunit/test.h>

#include "../identity.c"

#include "fixture.h"

static void thread_has_one_record(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_PTR_EQ(test, f->thread, proxyipc_target_thread(f->other.target));
	KUNIT_EXPECT_EQ(test, 2U, refcount_read(&f->thread->target.ref));
	KUNIT_EXPECT_PTR_EQ(test, f->task,
			    proxyipc_identity_task(&f->identity));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_STATE_RUNNABLE, state_of(f));
}

/* Each part of an identity in turn; false if there are no more. */
static bool change(struct cred *cred, int part)
{
	switch (part) {
	case 0:
		cred->uid = KUIDT_INIT(4711);
		break;
	case 1:
		cred->euid = KUIDT_INIT(4711);
		break;
	case 2:
		cred->suid = KUIDT_INIT(4711);
		break;
	case 3:
		cred->gid = KGIDT_INIT(4711);
		break;
	case 4:
		cred->egid = KGIDT_INIT(4711);
		break;
	case 5:
		cred->sgid = KGIDT_INIT(4711);
		break;
	case 6:
		cred->user_ns = NULL;
		break;
	default:
		return false;
	}
	return true;
}

static void identity_is_the_same_as_long_as_each_part_is(struct kunit *test)
{
	/* Copies to compare, not credentials of anybody: no references. */
	struct cred then = *current_cred(), now = then;
	int part;

	KUNIT_EXPECT_TRUE(test, cred_is_same(&then, &then));
	KUNIT_EXPECT_TRUE(test, cred_is_same(&then, &now));
	for (part = 0; change(&now, part); part++) {
		KUNIT_EXPECT_FALSE_MSG(test, cred_is_same(&then, &now),
				       "part %d", part);
		now = then;
	}

	/* Who loses capabilities is no more dangerous to hold than before. */
	cap_clear(now.cap_permitted);
	KUNIT_EXPECT_TRUE(test, cred_is_same(&then, &now));
	cap_raise(now.cap_permitted, CAP_KILL);
	cap_clear(then.cap_permitted);
	KUNIT_EXPECT_FALSE(test, cred_is_same(&then, &now));
}

static void changed_identity_loses_its_holds_and_no_others(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_hold mine[2], others;
	int i;

	proxyipc_hold_init(&others, &f->other);
	for (i = 0; i < ARRAY_SIZE(mine); i++) {
		proxyipc_hold_init(&mine[i], &f->identity);
		proxyipc_hold_add(&mine[i], NULL);
		if (!i)
			proxyipc_hold_add(&others, NULL);
	}
	raw_spin_lock_irq(&f->thread->target.lock);
	proxyipc_identity_revoke_locked(&f->identity);
	raw_spin_unlock_irq(&f->thread->target.lock);

	KUNIT_EXPECT_EQ(test, 1U, holds_of(f));
	KUNIT_EXPECT_TRUE(test, proxyipc_hold_is_on(&others));
	KUNIT_EXPECT_EQ(test, -ESTALE, proxyipc_identity_check(&f->identity));
	KUNIT_EXPECT_EQ(test, -ESTALE, proxyipc_hold_add(&mine[0], NULL));
	KUNIT_EXPECT_EQ(test, -ESTALE, proxyipc_hold_confirm(&mine[1]));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_identity_check(&f->other));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_hold_confirm(&others));
	proxyipc_hold_drop(&others);
	for (i = 0; i < ARRAY_SIZE(mine); i++)
		proxyipc_hold_deinit(&mine[i]);
	proxyipc_hold_deinit(&others);
}

static int wanted;

static bool get(struct proxyipc_identity *identity)
{
	return wanted-- > 0;
}

static void owners_are_told_of_an_ended_identity_once(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct work_struct *work = &f->thread->target.reconcile;
	int error = 0;

	wanted = 10;
	KUNIT_EXPECT_NULL(test, proxyipc_target_next_ended(work, &error, get));
	raw_spin_lock_irq(&f->thread->target.lock);
	/* The second in the list: it must be found behind one that goes on. */
	proxyipc_identity_revoke_locked(&f->other);
	raw_spin_unlock_irq(&f->thread->target.lock);
	KUNIT_EXPECT_PTR_EQ(test, &f->other,
			    proxyipc_target_next_ended(work, &error, get));
	KUNIT_EXPECT_EQ(test, -ESTALE, error);
	KUNIT_EXPECT_NULL(test, proxyipc_target_next_ended(work, &error, get));
}

static void owner_that_is_being_freed_is_passed_over(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct work_struct *work = &f->thread->target.reconcile;
	int error = 0;

	end_target(f);
	wanted = 0;
	KUNIT_EXPECT_NULL(test, proxyipc_target_next_ended(work, &error, get));
	KUNIT_EXPECT_TRUE(test, list_empty(&f->thread->target.identities));
}

static void end_of_the_target_ends_every_hold(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct work_struct *work = &f->thread->target.reconcile;
	struct proxyipc_hold mine, others;
	int error = 0;

	proxyipc_hold_init(&mine, &f->identity);
	proxyipc_hold_init(&others, &f->other);
	proxyipc_hold_add(&mine, NULL);
	proxyipc_hold_add(&others, f->pid);
	end_target(f);

	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_STATE_GONE, state_of(f));
	KUNIT_EXPECT_EQ(test, 0U, holds_of(f));
	KUNIT_EXPECT_FALSE(test, proxyipc_hold_is_on(&mine));
	KUNIT_EXPECT_EQ(test, -ESRCH, proxyipc_identity_check(&f->identity));
	KUNIT_EXPECT_EQ(test, -ESRCH, proxyipc_hold_add(&mine, NULL));
	KUNIT_EXPECT_EQ(test, -ESRCH, proxyipc_hold_confirm(&others));
	/* Its callback ran at its end, and gave its reference back. */
	KUNIT_EXPECT_FALSE(test, f->thread->queued);
	KUNIT_EXPECT_EQ(test, 2U, refcount_read(&f->thread->target.ref));
	wanted = 10;
	KUNIT_EXPECT_NOT_NULL(test,
			      proxyipc_target_next_ended(work, &error, get));
	KUNIT_EXPECT_EQ(test, -ESRCH, error);
	proxyipc_hold_deinit(&mine);
	proxyipc_hold_deinit(&others);
}

static void dead_target_cannot_be_opened(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct task_struct *task = get_task_struct(f->task);
	struct proxyipc_identity late;

	end_target(f);
	KUNIT_EXPECT_EQ(test, -ESRCH,
			proxyipc_identity_init(&late, task, false, reconcile));
	KUNIT_EXPECT_EQ(test, 2U, refcount_read(&f->thread->target.ref));
	put_task_struct(task);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(thread_has_one_record),
	KUNIT_CASE(identity_is_the_same_as_long_as_each_part_is),
	KUNIT_CASE(changed_identity_loses_its_holds_and_no_others),
	KUNIT_CASE(owners_are_told_of_an_ended_identity_once),
	KUNIT_CASE(owner_that_is_being_freed_is_passed_over),
	KUNIT_CASE(end_of_the_target_ends_every_hold),
	KUNIT_CASE(dead_target_cannot_be_opened),
	{}
};

static struct kunit_suite suite = {
	.name = "proxyipc_identity",
	.init = fixture_init,
	.exit = fixture_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
