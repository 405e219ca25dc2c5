// SPDX-License-Identifier: GPL-2.0
#include <kunit/test.h>

#include "../episode.c"

#include "target.h"

/*
 * Whatever ends by itself is ended by the tests, at the time of their choice:
 * the lease of the process object is longer than any test.
 */
#define LEASE		PROXYIPC_LEASE_CEILING

struct fixture {
	struct task_struct *task;
	struct proxyipc_process *process;
	struct proxyipc_endpoint *ep;
};

static int episode_init(struct kunit *test)
{
	struct fixture *f;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	test->priv = f;
	f->ep = proxyipc_endpoint_new(1);
	if (!f->ep)
		return -ENOMEM;
	f->task = target_new();
	if (IS_ERR(f->task))
		return PTR_ERR(f->task);
	f->process = proxyipc_process_new(f->task, false, LEASE,
					  &proxyipc_episode_works);
	if (IS_ERR(f->process))
		return PTR_ERR(f->process);
	return proxyipc_process_set_receiver(f->process, f->ep, 0x55);
}

static void end_target(struct fixture *f)
{
	if (!IS_ERR_OR_NULL(f->task))
		target_end(f->task);
	f->task = NULL;
	flush_workqueue(proxyipc_workqueue);
}

/* As the last close of the endpoint does. */
static void close_endpoint(struct fixture *f)
{
	if (!f->ep)
		return;
	proxyipc_endpoint_kill(f->ep);
	proxyipc_receiver_strip(f->ep);
	proxyipc_episode_endpoint_closed(f->ep);
	proxyipc_endpoint_put(f->ep);
	f->ep = NULL;
}

static void episode_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f)
		return;
	end_target(f);
	close_endpoint(f);
	if (!IS_ERR_OR_NULL(f->process))
		proxyipc_process_put(f->process);
}

static enum proxyipc_episode state(struct fixture *f)
{
	return f->process->episode.state;
}

static u64 token(struct fixture *f)
{
	return f->process->episode.token;
}

static bool held(struct fixture *f)
{
	return proxyipc_hold_is_on(&f->process->hold);
}

/* Submitted, with a reference of the test's. */
static struct proxyipc_call *submit(struct kunit *test, u32 kind)
{
	static const struct proxyipc_message message = { .words = { 1 } };
	struct fixture *f = test->priv;
	struct proxyipc_call *call;

	call = proxyipc_call_new(kind, 0, &message);
	KUNIT_ASSERT_FALSE(test, IS_ERR(call));
	KUNIT_EXPECT_EQ(test, 0,
			proxyipc_episode_submit(f->process, call, false));
	return call;
}

/* Takes what was delivered, as receive_take() and receive_commit() do. */
static bool receive(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_receiver *receiver;
	struct proxyipc_node *node;
	u64 token;

	spin_lock(&f->ep->lock);
	node = list_first_entry_or_null(&f->ep->queue, struct proxyipc_node, link);
	if (!node) {
		spin_unlock(&f->ep->lock);
		return false;
	}
	proxyipc_endpoint_unqueue_locked(f->ep, node);
	receiver = container_of(node, struct proxyipc_receiver, node);
	receiver->waiting = false;
	token = receiver->letter.token;
	spin_unlock(&f->ep->lock);
	proxyipc_receiver_put(receiver);
	return proxyipc_episode_pick(f->process, token);
}

/* The lease, or the rest, is over now. */
static void let_time_pass(struct fixture *f)
{
	spin_lock(&f->process->lock);
	/* The reference of the timer goes to the work, which is called here. */
	if (hrtimer_try_to_cancel(&f->process->timer) != 1)
		proxyipc_process_get(f->process);
	f->process->tick_at = 1;
	spin_unlock(&f->process->lock);
	episode_tick(&f->process->tick);
}

static void call_goes_through_all_states(struct kunit *test)
{
	struct proxyipc_body body = { .words = { 42 } };
	struct fixture *f = test->priv;
	struct proxyipc_call *call;

	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_NONE, state(f));
	call = submit(test, PROXYIPC_KIND_CALL);
	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_DELIVERED, state(f));
	KUNIT_EXPECT_TRUE(test, held(f));
	KUNIT_EXPECT_EQ(test, call->id, token(f));
	KUNIT_EXPECT_FALSE(test, proxyipc_episode_is_received(f->process, token(f)));
	KUNIT_EXPECT_TRUE(test, receive(test));
	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_RECEIVED, state(f));
	KUNIT_EXPECT_TRUE(test, proxyipc_episode_is_received(f->process, token(f)));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_episode_resume(f->process, token(f),
							 &body, 0));
	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_NONE, state(f));
	KUNIT_EXPECT_FALSE(test, held(f));
	KUNIT_EXPECT_EQ(test, 0, call->result);
	KUNIT_EXPECT_EQ(test, 42ULL, call->reply.words[0]);
	KUNIT_EXPECT_EQ(test, 1ULL, f->process->nr_episodes);
	KUNIT_EXPECT_EQ(test, 1U, kref_read(&call->ref));
	proxyipc_call_put(call);
}

static void send_is_accepted_when_its_hold_is_confirmed(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_call *call = submit(test, PROXYIPC_KIND_SEND);

	KUNIT_EXPECT_TRUE(test, proxyipc_call_is_done(call));
	KUNIT_EXPECT_EQ(test, 0, call->result);
	KUNIT_EXPECT_NULL(test, f->process->episode.reply);
	KUNIT_EXPECT_TRUE(test, receive(test));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_episode_resume(f->process, token(f),
							 NULL, 0));
	KUNIT_EXPECT_FALSE(test, held(f));
	proxyipc_call_put(call);
}

static void episodes_take_turns_notices_first_then_in_order(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_call *calls[3];
	u32 posted;
	int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		calls[i] = submit(test, PROXYIPC_KIND_CALL);
	KUNIT_EXPECT_EQ(test, calls[0]->id, token(f));
	KUNIT_EXPECT_EQ(test, 2U, f->process->nr_waiting);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_episode_notify(f->process, 0x1, &posted));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_NOTIFIED_PENDING, posted);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_episode_notify(f->process, 0x6, &posted));

	proxyipc_episode_resume(f->process, token(f), NULL, 0);
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_KIND_NOTICE, f->process->episode.kind);
	KUNIT_EXPECT_EQ(test, 0x7ULL, f->process->episode.notices);
	KUNIT_EXPECT_EQ(test, 0ULL, f->process->notices);
	for (i = 1; i < ARRAY_SIZE(calls); i++) {
		KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_DELIVERED, state(f));
		proxyipc_episode_resume(f->process, token(f), NULL, 0);
		KUNIT_EXPECT_EQ(test, calls[i]->id, token(f));
		KUNIT_EXPECT_TRUE(test, held(f));
	}
	proxyipc_episode_resume(f->process, token(f), NULL, 0);
	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_NONE, state(f));
	KUNIT_EXPECT_EQ(test, 0U, f->process->nr_waiting);
	KUNIT_EXPECT_EQ(test, 4ULL, f->process->nr_episodes);
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		KUNIT_EXPECT_EQ(test, -ECANCELED, calls[i]->result);
		proxyipc_call_put(calls[i]);
	}
}

static void chained_episodes_share_one_lease(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_call *first, *second;
	u64 now, end;

	now = ktime_get_ns();
	first = submit(test, PROXYIPC_KIND_CALL);
	end = f->process->tick_at;
	KUNIT_EXPECT_GE(test, end, now + LEASE);
	second = submit(test, PROXYIPC_KIND_CALL);
	proxyipc_episode_resume(f->process, token(f), NULL, 0);
	KUNIT_EXPECT_EQ(test, second->id, token(f));
	KUNIT_EXPECT_EQ(test, end, f->process->tick_at);

	/* A standstill of its own has a lease of its own. */
	proxyipc_episode_resume(f->process, token(f), NULL, 0);
	proxyipc_call_put(second);
	second = submit(test, PROXYIPC_KIND_CALL);
	KUNIT_EXPECT_GT(test, f->process->tick_at, end);
	proxyipc_call_put(first);
	proxyipc_call_put(second);
}

static void target_runs_between_a_lease_and_the_next_episode(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_call *first = submit(test, PROXYIPC_KIND_CALL);
	struct proxyipc_call *second = submit(test, PROXYIPC_KIND_CALL);

	receive(test);
	let_time_pass(f);
	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_RESTING, state(f));
	KUNIT_EXPECT_FALSE(test, held(f));
	KUNIT_EXPECT_EQ(test, -EOWNERDEAD, first->result);
	KUNIT_EXPECT_FALSE(test, proxyipc_call_is_done(second));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_EVENT_LEASE_EXPIRED,
			f->process->receiver->events);
	KUNIT_EXPECT_EQ(test, first->id, f->process->receiver->events_token);

	let_time_pass(f);
	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_DELIVERED, state(f));
	KUNIT_EXPECT_EQ(test, second->id, token(f));
	KUNIT_EXPECT_TRUE(test, held(f));
	proxyipc_call_put(first);
	proxyipc_call_put(second);
}

static void tick_that_comes_too_early_changes_nothing(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_call *call = submit(test, PROXYIPC_KIND_CALL);

	/* Of a timer that fired just when it was cancelled. */
	proxyipc_process_get(f->process);
	episode_tick(&f->process->tick);
	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_DELIVERED, state(f));
	KUNIT_EXPECT_TRUE(test, held(f));
	proxyipc_episode_resume(f->process, token(f), NULL, 0);
	proxyipc_process_get(f->process);
	episode_tick(&f->process->tick);
	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_NONE, state(f));
	proxyipc_call_put(call);
}

static void nothing_begins_while_the_target_rests(struct kunit *test)
{
	static const struct proxyipc_message message = {};
	struct fixture *f = test->priv;
	struct proxyipc_call *call;
	u32 posted;

	proxyipc_episode_notify(f->process, 0x1, &posted);
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_NOTIFIED_CONFIRMED, posted);
	let_time_pass(f);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_episode_notify(f->process, 0x2, &posted));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_NOTIFIED_PENDING, posted);
	KUNIT_EXPECT_FALSE(test, held(f));
	call = proxyipc_call_new(PROXYIPC_KIND_CALL, 0, &message);
	KUNIT_ASSERT_FALSE(test, IS_ERR(call));
	KUNIT_EXPECT_EQ(test, -EAGAIN,
			proxyipc_episode_submit(f->process, call, true));
	proxyipc_call_put(call);
	/* The notices of the hold that ended unreceived are told with its end. */
	KUNIT_EXPECT_EQ(test, 0x1ULL, f->process->receiver->notices);
	let_time_pass(f);
	KUNIT_EXPECT_EQ(test, 0x2ULL, f->process->episode.notices);
}

static void resume_takes_no_token_but_that_of_the_episode(struct kunit *test)
{
	struct proxyipc_body body = {};
	struct fixture *f = test->priv;
	struct proxyipc_call *call = submit(test, PROXYIPC_KIND_CALL);
	u64 good = token(f);

	KUNIT_EXPECT_EQ(test, -ESTALE,
			proxyipc_episode_resume(f->process, 0, NULL, 0));
	KUNIT_EXPECT_EQ(test, -ESTALE,
			proxyipc_episode_resume(f->process, good + 1, NULL, 0));
	/* An answer to what nobody has received can't be one. */
	KUNIT_EXPECT_EQ(test, -ESTALE,
			proxyipc_episode_resume(f->process, good, &body, 0));
	KUNIT_EXPECT_TRUE(test, held(f));
	KUNIT_EXPECT_EQ(test, 0,
			proxyipc_episode_resume(f->process, good, NULL, 0));
	KUNIT_EXPECT_EQ(test, -ESTALE,
			proxyipc_episode_resume(f->process, good, NULL, 0));
	/* No episode: the token of none isn't one. */
	KUNIT_EXPECT_EQ(test, -ESTALE,
			proxyipc_episode_resume(f->process, 0, NULL, 0));
	proxyipc_call_put(call);
}

static void reply_slot_is_emptied_once(struct kunit *test)
{
	struct proxyipc_body body = { .words = { 5 } };
	struct fixture *f = test->priv;
	struct proxyipc_call *call = submit(test, PROXYIPC_KIND_CALL);

	KUNIT_EXPECT_EQ(test, -ESTALE,
			proxyipc_episode_reply(f->process, token(f), &body));
	receive(test);
	body.data_len = 1;
	KUNIT_EXPECT_EQ(test, -EMSGSIZE,
			proxyipc_episode_reply(f->process, token(f), &body));
	KUNIT_EXPECT_FALSE(test, proxyipc_call_is_done(call));
	body.data_len = 0;
	KUNIT_EXPECT_EQ(test, 0,
			proxyipc_episode_reply(f->process, token(f), &body));
	KUNIT_EXPECT_EQ(test, 0, call->result);
	KUNIT_EXPECT_TRUE(test, held(f));
	KUNIT_EXPECT_EQ(test, -ESRCH,
			proxyipc_episode_reply(f->process, token(f), &body));
	/* Resumed all the same, though nobody waits for the answer. */
	KUNIT_EXPECT_EQ(test, -ESRCH, proxyipc_episode_resume(f->process, token(f),
							      &body, 0));
	KUNIT_EXPECT_FALSE(test, held(f));
	KUNIT_EXPECT_EQ(test, 0, call->result);
	proxyipc_call_put(call);
}

static void fetched_reply_outlives_the_episode(struct kunit *test)
{
	struct proxyipc_body body = { .words = { 5 } };
	struct fixture *f = test->priv;
	struct proxyipc_call *call = submit(test, PROXYIPC_KIND_CALL), *fetched;

	fetched = proxyipc_episode_fetch_reply(f->process, token(f));
	KUNIT_EXPECT_EQ(test, -ESTALE, PTR_ERR_OR_ZERO(fetched));
	receive(test);
	fetched = proxyipc_episode_fetch_reply(f->process, token(f));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ESRCH),
			    proxyipc_episode_fetch_reply(f->process, token(f)));
	KUNIT_ASSERT_PTR_EQ(test, call, fetched);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_episode_resume(f->process, token(f),
							 NULL, 0));
	KUNIT_EXPECT_FALSE(test, proxyipc_call_is_done(call));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_call_reply(fetched, &body));
	KUNIT_EXPECT_EQ(test, 0, call->result);
	proxyipc_call_put(fetched);
	KUNIT_EXPECT_EQ(test, 1U, kref_read(&call->ref));
	proxyipc_call_put(call);
}

static void sender_takes_back_what_waits_and_what_was_delivered(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_call *first = submit(test, PROXYIPC_KIND_CALL);
	struct proxyipc_call *second = submit(test, PROXYIPC_KIND_CALL);
	struct proxyipc_call *third = submit(test, PROXYIPC_KIND_CALL);

	proxyipc_episode_withdraw(second, f->process, -EINTR);
	KUNIT_EXPECT_EQ(test, 1U, f->process->nr_waiting);
	KUNIT_EXPECT_EQ(test, first->id, token(f));
	proxyipc_episode_withdraw(first, f->process, -ETIMEDOUT);
	/* The hold goes on for whom it is the turn of. */
	KUNIT_EXPECT_EQ(test, third->id, token(f));
	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_DELIVERED, state(f));
	KUNIT_EXPECT_EQ(test, 1U, f->ep->nr_queued);
	proxyipc_episode_withdraw(third, f->process, -EINTR);
	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_NONE, state(f));
	KUNIT_EXPECT_EQ(test, 0U, f->ep->nr_queued);
	KUNIT_EXPECT_FALSE(test, held(f));

	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, first->result);
	KUNIT_EXPECT_EQ(test, -EINTR, second->result);
	KUNIT_EXPECT_EQ(test, -EINTR, third->result);
	proxyipc_call_put(first);
	proxyipc_call_put(second);
	proxyipc_call_put(third);
}

static void received_episode_goes_on_without_its_sender(struct kunit *test)
{
	struct proxyipc_body body = {};
	struct fixture *f = test->priv;
	struct proxyipc_call *call = submit(test, PROXYIPC_KIND_CALL);

	receive(test);
	proxyipc_episode_withdraw(call, f->process, -EINTR);
	KUNIT_EXPECT_FALSE(test, proxyipc_call_is_done(call));
	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_RECEIVED, state(f));
	/* What proxyipc_call_wait() does for a fatal signal. */
	proxyipc_call_finish(call, -EINTR);
	KUNIT_EXPECT_TRUE(test, held(f));
	KUNIT_EXPECT_EQ(test, -ESRCH,
			proxyipc_episode_reply(f->process, token(f), &body));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_episode_resume(f->process, token(f),
							 NULL, 0));
	KUNIT_EXPECT_EQ(test, -EINTR, call->result);
	proxyipc_call_put(call);
}

static void message_of_an_ended_episode_is_not_picked_up(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_call *call = submit(test, PROXYIPC_KIND_CALL);
	u64 old = token(f);

	proxyipc_episode_resume(f->process, old, NULL, 0);
	KUNIT_EXPECT_FALSE(test, proxyipc_episode_pick(f->process, old));
	proxyipc_episode_unpick(f->process, old);
	KUNIT_EXPECT_EQ(test, 0U, f->ep->nr_queued);
	KUNIT_EXPECT_FALSE(test, proxyipc_episode_pick(f->process, 0));
	proxyipc_call_put(call);
}

static void no_receiver_is_never_a_silent_hold(struct kunit *test)
{
	static const struct proxyipc_message message = {};
	struct fixture *f = test->priv;
	struct proxyipc_call *call;
	u32 posted;

	proxyipc_process_set_receiver(f->process, NULL, 0);
	call = proxyipc_call_new(PROXYIPC_KIND_CALL, 0, &message);
	KUNIT_ASSERT_FALSE(test, IS_ERR(call));
	KUNIT_EXPECT_EQ(test, -ENOTCONN,
			proxyipc_episode_submit(f->process, call, false));
	KUNIT_EXPECT_EQ(test, -ENOTCONN,
			proxyipc_episode_notify(f->process, 1, &posted));
	KUNIT_EXPECT_FALSE(test, held(f));

	KUNIT_EXPECT_EQ(test, 0,
			proxyipc_process_set_receiver(f->process, f->ep, 0));
	close_endpoint(f);
	KUNIT_EXPECT_EQ(test, -EPIPE,
			proxyipc_episode_submit(f->process, call, false));
	KUNIT_EXPECT_EQ(test, -EPIPE,
			proxyipc_episode_notify(f->process, 1, &posted));
	KUNIT_EXPECT_FALSE(test, held(f));
	KUNIT_EXPECT_EQ(test, 0ULL, f->process->notices);
	KUNIT_EXPECT_EQ(test, 1U, kref_read(&call->ref));
	proxyipc_call_put(call);
}

static void new_receiver_counts_from_the_next_episode_on(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_call *call = submit(test, PROXYIPC_KIND_CALL);
	struct proxyipc_receiver *old = f->process->receiver;

	KUNIT_EXPECT_EQ(test, 0,
			proxyipc_process_set_receiver(f->process, f->ep, 0x66));
	KUNIT_EXPECT_PTR_EQ(test, old, f->process->episode.receiver);
	KUNIT_EXPECT_TRUE(test, receive(test));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_episode_resume(f->process, token(f),
							 NULL, 0));
	proxyipc_call_put(call);
	call = submit(test, PROXYIPC_KIND_CALL);
	KUNIT_EXPECT_EQ(test, 0x66ULL, f->process->episode.receiver->payload);
	proxyipc_call_put(call);
}

static void closed_endpoint_ends_the_episode(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_call *received = submit(test, PROXYIPC_KIND_CALL);
	struct proxyipc_call *waiting = submit(test, PROXYIPC_KIND_CALL);

	receive(test);
	close_endpoint(f);
	KUNIT_EXPECT_EQ(test, -EOWNERDEAD, received->result);
	/* Its turn came, and there was nobody to deliver it to. */
	KUNIT_EXPECT_EQ(test, -EPIPE, waiting->result);
	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_NONE, state(f));
	KUNIT_EXPECT_FALSE(test, held(f));
	proxyipc_call_put(received);
	proxyipc_call_put(waiting);
}

static void death_of_the_receiver_ends_the_episode(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_call *first = submit(test, PROXYIPC_KIND_CALL);
	struct proxyipc_call *second = submit(test, PROXYIPC_KIND_CALL);

	receive(test);
	/* Queued for the handler before this one, say: nobody died. */
	proxyipc_process_get(f->process);
	episode_orphaned(&f->process->orphaned);
	KUNIT_EXPECT_EQ(test, first->id, token(f));

	f->process->handler_died = true;
	proxyipc_process_get(f->process);
	episode_orphaned(&f->process->orphaned);
	KUNIT_EXPECT_EQ(test, -EOWNERDEAD, first->result);
	/* Nobody has received the next one: it stays for who else may. */
	KUNIT_EXPECT_EQ(test, second->id, token(f));
	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_DELIVERED, state(f));
	KUNIT_EXPECT_NULL(test, f->process->episode.handler);
	proxyipc_process_get(f->process);
	episode_orphaned(&f->process->orphaned);
	KUNIT_EXPECT_EQ(test, second->id, token(f));
	proxyipc_call_put(first);
	proxyipc_call_put(second);
}

static void end_of_the_target_ends_everything_for_ever(struct kunit *test)
{
	static const struct proxyipc_message message = {};
	struct fixture *f = test->priv;
	struct proxyipc_call *received = submit(test, PROXYIPC_KIND_CALL);
	struct proxyipc_call *waiting = submit(test, PROXYIPC_KIND_SEND), *late;
	u32 posted;

	receive(test);
	proxyipc_episode_notify(f->process, 1, &posted);
	end_target(f);
	KUNIT_EXPECT_EQ(test, -ESRCH, received->result);
	KUNIT_EXPECT_EQ(test, -ESRCH, waiting->result);
	KUNIT_EXPECT_EQ(test, 0ULL, f->process->notices);
	KUNIT_EXPECT_EQ(test, PROXYIPC_EPISODE_NONE, state(f));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_EVENT_TARGET_GONE,
			f->process->receiver->events);
	late = proxyipc_call_new(PROXYIPC_KIND_CALL, 0, &message);
	KUNIT_ASSERT_FALSE(test, IS_ERR(late));
	KUNIT_EXPECT_EQ(test, -ESRCH,
			proxyipc_episode_submit(f->process, late, false));
	KUNIT_EXPECT_EQ(test, -ESRCH,
			proxyipc_episode_notify(f->process, 1, &posted));
	/* The test's reference to the object is the last. */
	KUNIT_EXPECT_EQ(test, 1U, kref_read(&f->process->ref));
	proxyipc_call_put(received);
	proxyipc_call_put(waiting);
	proxyipc_call_put(late);
}

static void holds_by_hand_and_episodes_end_by_their_own_tokens(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_manual *first, *second;
	struct proxyipc_call *call;
	u64 tokens[2];
	u32 seen;

	first = kunit_kcalloc(test, 2, sizeof(*first), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, first);
	second = first + 1;
	proxyipc_manual_init(first, f->process);
	proxyipc_manual_init(second, f->process);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_manual_hold(first, LEASE, 0, &tokens[0],
						      &seen));
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_STATE_ARMED, seen);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_manual_hold(second, LEASE, 0, &tokens[1],
						      &seen));
	KUNIT_EXPECT_EQ(test, -EBUSY,
			proxyipc_manual_hold(first, LEASE, 0, &tokens[0], &seen));
	tokens[0] = first->token;
	call = submit(test, PROXYIPC_KIND_CALL);
	KUNIT_EXPECT_NE(test, tokens[0], tokens[1]);
	KUNIT_EXPECT_NE(test, tokens[1], token(f));

	KUNIT_EXPECT_EQ(test, -ESTALE, proxyipc_episode_resume(f->process, tokens[0],
							       NULL, 0));
	KUNIT_EXPECT_EQ(test, -ESTALE, proxyipc_manual_resume(f->process, token(f),
							      false, false));
	/* A reply to a hold that nobody called for is a mistake. */
	KUNIT_EXPECT_EQ(test, -EINVAL, proxyipc_manual_resume(f->process, tokens[0],
							      true, false));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_manual_resume(f->process, tokens[0],
							false, 0));
	KUNIT_EXPECT_EQ(test, -ESTALE, proxyipc_manual_resume(f->process, tokens[0],
							      false, false));
	KUNIT_EXPECT_FALSE(test, proxyipc_hold_is_on(&first->hold));
	KUNIT_EXPECT_TRUE(test, proxyipc_hold_is_on(&second->hold));
	KUNIT_EXPECT_TRUE(test, held(f));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_episode_resume(f->process, token(f),
							 NULL, 0));
	KUNIT_EXPECT_TRUE(test, proxyipc_hold_is_on(&second->hold));
	proxyipc_manual_deinit(second);
	KUNIT_EXPECT_TRUE(test, list_empty(&f->process->manual));
	proxyipc_manual_deinit(first);
	proxyipc_call_put(call);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(call_goes_through_all_states),
	KUNIT_CASE(send_is_accepted_when_its_hold_is_confirmed),
	KUNIT_CASE(episodes_take_turns_notices_first_then_in_order),
	KUNIT_CASE(chained_episodes_share_one_lease),
	KUNIT_CASE(target_runs_between_a_lease_and_the_next_episode),
	KUNIT_CASE(tick_that_comes_too_early_changes_nothing),
	KUNIT_CASE(nothing_begins_while_the_target_rests),
	KUNIT_CASE(resume_takes_no_token_but_that_of_the_episode),
	KUNIT_CASE(reply_slot_is_emptied_once),
	KUNIT_CASE(fetched_reply_outlives_the_episode),
	KUNIT_CASE(sender_takes_back_what_waits_and_what_was_delivered),
	KUNIT_CASE(received_episode_goes_on_without_its_sender),
	KUNIT_CASE(message_of_an_ended_episode_is_not_picked_up),
	KUNIT_CASE(no_receiver_is_never_a_silent_hold),
	KUNIT_CASE(new_receiver_counts_from_the_next_episode_on),
	KUNIT_CASE(closed_endpoint_ends_the_episode),
	KUNIT_CASE(death_of_the_receiver_ends_the_episode),
	KUNIT_CASE(end_of_the_target_ends_everything_for_ever),
	KUNIT_CASE(holds_by_hand_and_episodes_end_by_their_own_tokens),
	{}
};

static struct kunit_suite suite = {
	.name = "proxyipc_episode",
	.init = episode_init,
	.exit = episode_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
