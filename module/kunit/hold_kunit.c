// SPDX-License-Identifier: GPL-2.0
#include <kunit/test.h>

#include "../hold.c"

#include "target.h"

struct fixture {
	struct task_struct *task;
	struct proxyipc_identity identity;
	struct proxyipc_identity other;
	struct proxyipc_thread *thread;
	struct pid *pid;
};

/* The tests tell by hand whom they want told; nobody else needs to know. */
static void reconcile(struct work_struct *work)
{
	proxyipc_thread_put_reconciled(work);
}

static int hold_init(struct kunit *test)
{
	struct fixture *f;
	int ret;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	f->task = target_new();
	if (IS_ERR(f->task))
		return PTR_ERR(f->task);
	ret = proxyipc_identity_init(&f->identity, f->task, reconcile) ?:
	      proxyipc_identity_init(&f->other, f->task, reconcile);
	f->thread = f->identity.thread;
	f->pid = task_pid(current);
	test->priv = f;
	return ret;
}

static void end_target(struct fixture *f)
{
	if (f->task)
		target_end(f->task);
	f->task = NULL;
	flush_workqueue(proxyipc_workqueue);
}

static void hold_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	end_target(f);
	proxyipc_identity_deinit(&f->other);
	proxyipc_identity_deinit(&f->identity);
}

static u32 state_of(struct fixture *f)
{
	struct proxyipc_look look;

	proxyipc_identity_look(&f->identity, &look);
	return look.state;
}

static unsigned int holds_of(struct fixture *f)
{
	struct proxyipc_look look;

	proxyipc_identity_look(&f->identity, &look);
	return look.holds;
}

static void thread_has_one_record(struct kunit *test)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_PTR_EQ(test, f->thread, f->other.thread);
	KUNIT_EXPECT_EQ(test, 2U, refcount_read(&f->thread->ref));
	KUNIT_EXPECT_PTR_EQ(test, f->task,
			    proxyipc_identity_task(&f->identity));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_STATE_RUNNABLE, state_of(f));
}

static void hold_queues_the_callback_once(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_hold first, second;

	proxyipc_hold_init(&first, &f->identity);
	proxyipc_hold_init(&second, &f->other);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_hold_add(&first, NULL));
	KUNIT_EXPECT_TRUE(test, f->thread->queued);
	KUNIT_EXPECT_EQ(test, 3U, refcount_read(&f->thread->ref));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_hold_add(&second, NULL));
	KUNIT_EXPECT_EQ(test, 3U, refcount_read(&f->thread->ref));
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
	KUNIT_ASSERT_EQ(test, 0, proxyipc_identity_init(&me, current, reconcile));
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
	raw_spin_lock_irq(&f->thread->lock);
	identity_revoke_locked(&f->identity);
	raw_spin_unlock_irq(&f->thread->lock);

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
	struct work_struct *work = &f->thread->reconcile;
	int error = 0;

	wanted = 10;
	KUNIT_EXPECT_NULL(test, proxyipc_thread_next_ended(work, &error, get));
	raw_spin_lock_irq(&f->thread->lock);
	/* The second in the list: it must be found behind one that goes on. */
	identity_revoke_locked(&f->other);
	raw_spin_unlock_irq(&f->thread->lock);
	KUNIT_EXPECT_PTR_EQ(test, &f->other,
			    proxyipc_thread_next_ended(work, &error, get));
	KUNIT_EXPECT_EQ(test, -ESTALE, error);
	KUNIT_EXPECT_NULL(test, proxyipc_thread_next_ended(work, &error, get));
}

static void owner_that_is_being_freed_is_passed_over(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct work_struct *work = &f->thread->reconcile;
	int error = 0;

	end_target(f);
	wanted = 0;
	KUNIT_EXPECT_NULL(test, proxyipc_thread_next_ended(work, &error, get));
	KUNIT_EXPECT_TRUE(test, list_empty(&f->thread->identities));
}

static void end_of_the_target_ends_every_hold(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct work_struct *work = &f->thread->reconcile;
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
	KUNIT_EXPECT_EQ(test, 2U, refcount_read(&f->thread->ref));
	wanted = 10;
	KUNIT_EXPECT_NOT_NULL(test,
			      proxyipc_thread_next_ended(work, &error, get));
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
			proxyipc_identity_init(&late, task, reconcile));
	KUNIT_EXPECT_EQ(test, 2U, refcount_read(&f->thread->ref));
	put_task_struct(task);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(thread_has_one_record),
	KUNIT_CASE(hold_queues_the_callback_once),
	KUNIT_CASE(target_is_held_until_its_last_hold_is_dropped),
	KUNIT_CASE(hold_is_dropped_once),
	KUNIT_CASE(confirm_needs_a_queued_callback_or_a_parked_target),
	KUNIT_CASE(parked_target_needs_no_callback),
	KUNIT_CASE(holder_is_the_last_that_was_named),
	KUNIT_CASE(deadlock_is_seen_through_those_who_hold),
	KUNIT_CASE(identity_is_the_same_as_long_as_each_part_is),
	KUNIT_CASE(changed_identity_loses_its_holds_and_no_others),
	KUNIT_CASE(owners_are_told_of_an_ended_identity_once),
	KUNIT_CASE(owner_that_is_being_freed_is_passed_over),
	KUNIT_CASE(end_of_the_target_ends_every_hold),
	KUNIT_CASE(dead_target_cannot_be_opened),
	{}
};

static struct kunit_suite suite = {
	.name = "proxyipc_hold",
	.init = hold_init,
	.exit = hold_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
