// SPDX-License-Identifier: GPL-2.0
/*
 * Every state of a call times everybody who dies, closes, is signalled or times
 * out, each with its defined result for caller, receiver and target; through a
 * plain entry and through a proxy entry. What only a proxied call has, its
 * target and its place in a line, is in episode_states_test.c.
 */
#include <signal.h>

#include "proxyipc_test.h"
#include "call_stage.h"

FIXTURE(call) {
	struct stage s;
};

FIXTURE_VARIANT(call) {
	bool proxied;
};

FIXTURE_VARIANT_ADD(call, plain) { false };
FIXTURE_VARIANT_ADD(call, proxied) { true };

FIXTURE_SETUP(call)
{
	ASSERT_EQ(0, stage_open(&self->s, variant->proxied, 0));
}

FIXTURE_TEARDOWN(call)
{
	stage_close(&self->s);
}

/*
 * Queued
 */

TEST_F(call, queued_is_taken_back_by_a_signal_as_if_it_had_never_been)
{
	struct stage *s = &self->s;

	ASSERT_EQ(0, queue_call(s));
	EXPECT_TRUE(during(s));
	ASSERT_EQ(0, helper_signal(&s->caller, SIGUSR1));
	EXPECT_EQ(-EINTR, helper_finish(&s->caller));
	EXPECT_EMPTY(s->endpoint);
	EXPECT_TRUE(after(s));
	EXPECT_TRUE(next_call_works(s));
}

TEST_F(call, queued_restarts_after_a_signal_and_arrives_once)
{
	struct stage *s = &self->s;
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_EQ(0, queue_call(s));
	ASSERT_EQ(0, helper_signal(&s->caller, SIGUSR2));
	ASSERT_TRUE(eventually(s->caller.page->signals == 1));
	ASSERT_EQ(0, endpoint_recv(s->endpoint, &recv));
	EXPECT_EQ(1ULL, recv.received.out_words[0]);
	EXPECT_EMPTY(s->endpoint);
	EXPECT_TRUE(during(s));
	EXPECT_EQ(0, endpoint_reply(s->endpoint, recv.received.out_cap, 2));
	EXPECT_EQ(0, helper_finish(&s->caller));
	EXPECT_ANSWER(2, &s->caller.page->arg.call.reply);
	if (variant->proxied)
		EXPECT_EQ(0, endpoint_resume(s->endpoint,
					     recv.received.out_cap));
	EXPECT_TRUE(after(s));
}

TEST_F(call, queued_is_withdrawn_when_its_caller_is_killed)
{
	struct stage *s = &self->s;

	ASSERT_EQ(0, queue_call(s));
	ASSERT_EQ(0, helper_kill(&s->caller));
	EXPECT_EMPTY(s->endpoint);
	EXPECT_TRUE(after(s));
}

TEST_F(call, queued_is_withdrawn_at_its_deadline)
{
	struct stage *s = &self->s;

	ASSERT_EQ(0, queue_call_until(s, deadline_ms(1000)));
	EXPECT_EQ(-ETIMEDOUT, helper_finish(&s->caller));
	EXPECT_EMPTY(s->endpoint);
	EXPECT_TRUE(after(s));
	EXPECT_TRUE(next_call_works(s));
}

TEST_F(call, queued_is_epipe_when_the_endpoint_closes)
{
	struct stage *s = &self->s;

	ASSERT_EQ(0, queue_call(s));
	close_endpoint(s);
	EXPECT_EQ(-EPIPE, helper_finish(&s->caller));
	EXPECT_TRUE(after(s));
	EXPECT_EQ(-EPIPE, entry_call_until(variant->proxied ? s->proxy :
					   s->entry, 1, 0));
	EXPECT_TRUE(after(s));
}

TEST_F(call, queued_stays_for_other_receivers_when_one_dies)
{
	struct stage *s = &self->s;
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_EQ(0, queue_call(s));
	ASSERT_EQ(0, helper_kill(&s->receiver));
	EXPECT_FALSE(helper_done(&s->caller));
	EXPECT_TRUE(during(s));
	ASSERT_EQ(0, endpoint_recv(s->endpoint, &recv));
	EXPECT_EQ(1ULL, recv.received.out_words[0]);
	EXPECT_EQ(0, endpoint_drop(s->endpoint, recv.received.out_cap));
	EXPECT_EQ(-ECANCELED, helper_finish(&s->caller));
	EXPECT_TRUE(after(s));
}

/*
 * Received
 */

TEST_F(call, received_goes_on_whatever_signal_comes)
{
	struct stage *s = &self->s;
	struct proxyipc_received got = receive_call(s);

	ASSERT_NE(0ULL, got.out_cap);
	ASSERT_EQ(0, helper_signal(&s->caller, SIGUSR1));
	ASSERT_EQ(0, helper_signal(&s->caller, SIGUSR2));
	EXPECT_TRUE(proc_signal_pending(s->caller.pid, SIGUSR1));
	EXPECT_TRUE(proc_signal_pending(s->caller.pid, SIGUSR2));
	EXPECT_TRUE(eventually(helper_asleep(&s->caller)));
	EXPECT_TRUE(during(s));
	EXPECT_EQ(0, endpoint_reply(s->endpoint, got.out_cap, 3));
	EXPECT_EQ(0, helper_finish(&s->caller));
	EXPECT_ANSWER(3, &s->caller.page->arg.call.reply);
	EXPECT_EQ(2U, s->caller.page->signals);
	if (variant->proxied)
		EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(after(s));
}

TEST_F(call, received_is_esrch_to_answer_once_its_caller_was_killed)
{
	struct stage *s = &self->s;
	struct proxyipc_received got = receive_call(s);

	ASSERT_NE(0ULL, got.out_cap);
	ASSERT_EQ(0, helper_kill(&s->caller));
	/* The episode goes on without the caller. */
	EXPECT_TRUE(during(s));
	EXPECT_EQ(-ESRCH, endpoint_reply(s->endpoint, got.out_cap, 3));
	EXPECT_TRUE(during(s));
	EXPECT_EQ(variant->proxied ? 0 : -ESTALE,
		  endpoint_drop(s->endpoint, got.out_cap));
	EXPECT_EMPTY(s->endpoint);
	EXPECT_TRUE(after(s));
}

TEST_F(call, received_is_etimedout_at_its_deadline_and_the_late_answer_esrch)
{
	struct stage *s = &self->s;
	struct proxyipc_received got;

	got = receive_call_until(s, deadline_ms(1000));
	ASSERT_NE(0ULL, got.out_cap);
	EXPECT_EQ(-ETIMEDOUT, helper_finish(&s->caller));
	EXPECT_TRUE(during(s));
	EXPECT_EQ(-ESRCH, endpoint_reply(s->endpoint, got.out_cap, 3));
	EXPECT_TRUE(during(s));
	EXPECT_EQ(variant->proxied ? 0 : -ESTALE,
		  endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(after(s));
	EXPECT_TRUE(next_call_works(s));
}

TEST_F(call, received_is_eownerdead_when_the_endpoint_closes)
{
	struct stage *s = &self->s;
	struct proxyipc_received got = receive_call(s);

	ASSERT_NE(0ULL, got.out_cap);
	EXPECT_TRUE(during(s));
	close_endpoint(s);
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&s->caller));
	EXPECT_TRUE(after(s));
}

TEST_F(call, received_goes_on_when_another_descriptor_of_the_endpoint_closes)
{
	struct stage *s = &self->s;
	struct proxyipc_received got = receive_call(s);

	ASSERT_NE(0ULL, got.out_cap);
	ASSERT_EQ(0, helper_close(&s->receiver, s->receiver_nr));
	EXPECT_FALSE(helper_done(&s->caller));
	EXPECT_TRUE(during(s));
	EXPECT_EQ(0, endpoint_reply(s->endpoint, got.out_cap, 4));
	EXPECT_EQ(0, helper_finish(&s->caller));
}

TEST_F(call, received_is_ecanceled_when_it_is_dropped)
{
	struct stage *s = &self->s;
	struct proxyipc_received got = receive_call(s);

	ASSERT_NE(0ULL, got.out_cap);
	EXPECT_EQ(0, endpoint_drop(s->endpoint, got.out_cap));
	EXPECT_EQ(-ECANCELED, helper_finish(&s->caller));
	EXPECT_EQ(-ESTALE, endpoint_drop(s->endpoint, got.out_cap));
	EXPECT_TRUE(after(s));
	EXPECT_TRUE(next_call_works(s));
}

TEST_F(call, received_is_eownerdead_when_the_only_receiver_is_killed)
{
	struct stage *s = &self->s;
	struct proxyipc_received got = receive_call_elsewhere(s);

	ASSERT_NE(0ULL, got.out_cap);
	close_fd(&s->endpoint);
	EXPECT_TRUE(during(s));
	ASSERT_EQ(0, helper_kill(&s->receiver));
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&s->caller));
	EXPECT_TRUE(after(s));
}

/*
 * The endpoint is open elsewhere when the receiver dies. What counts for a hold
 * is the process that picked it up; a plain call can still be answered by
 * whoever has the endpoint.
 */
TEST_F(call, received_by_a_process_that_is_killed_while_others_have_the_endpoint)
{
	struct stage *s = &self->s;
	struct proxyipc_received got = receive_call_elsewhere(s);

	ASSERT_NE(0ULL, got.out_cap);
	EXPECT_TRUE(during(s));
	ASSERT_EQ(0, helper_kill(&s->receiver));
	if (variant->proxied) {
		EXPECT_EQ(-EOWNERDEAD, helper_finish(&s->caller));
		EXPECT_EQ(-ESTALE, endpoint_reply(s->endpoint, got.out_cap, 5));
		EXPECT_EQ(-ESTALE, process_resume(s->t.process, got.out_token));
	} else {
		EXPECT_FALSE(helper_done(&s->caller));
		EXPECT_EQ(0, endpoint_reply(s->endpoint, got.out_cap, 5));
		EXPECT_EQ(0, helper_finish(&s->caller));
		EXPECT_ANSWER(5, &s->caller.page->arg.call.reply);
	}
	EXPECT_EMPTY(s->endpoint);
	EXPECT_TRUE(after(s));
	EXPECT_TRUE(next_call_works(s));
}

/* Who closes its own descriptor is not dead: it may have passed the cap on. */
TEST_F(call, received_by_a_process_that_closes_while_others_have_the_endpoint)
{
	struct stage *s = &self->s;
	struct proxyipc_received got = receive_call_elsewhere(s);

	ASSERT_NE(0ULL, got.out_cap);
	ASSERT_EQ(0, helper_close(&s->receiver, s->receiver_nr));
	EXPECT_FALSE(helper_done(&s->caller));
	EXPECT_TRUE(during(s));
	EXPECT_EQ(0, endpoint_reply(s->endpoint, got.out_cap, 6));
	EXPECT_EQ(0, helper_finish(&s->caller));
	EXPECT_ANSWER(6, &s->caller.page->arg.call.reply);
	if (variant->proxied)
		EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(after(s));
}

/*
 * Fetched: the right to answer is a reply object, whatever becomes of endpoint
 * and target
 */

/* A reply object for a call of the helper; a proxied target stays held. */
static int fetch_call(struct stage *s, struct proxyipc_received *got)
{
	*got = receive_call(s);
	if (s->proxied)
		return process_fetch_reply(s->t.process, got->out_token);
	return endpoint_fetch(s->endpoint, got->out_cap);
}

TEST_F(call, fetched_goes_on_when_the_endpoint_closes)
{
	struct stage *s = &self->s;
	struct proxyipc_received got;
	int reply = fetch_call(s, &got);

	ASSERT_LE(0, reply);
	close_endpoint(s);
	EXPECT_TRUE(after(s));
	EXPECT_FALSE(helper_done(&s->caller));
	EXPECT_EQ(0, reply_send(reply, 7));
	EXPECT_EQ(0, helper_finish(&s->caller));
	EXPECT_ANSWER(7, &s->caller.page->arg.call.reply);
	close(reply);
}

TEST_F(call, fetched_goes_on_when_the_target_is_killed)
{
	struct stage *s = &self->s;
	struct proxyipc_received got;
	int reply = fetch_call(s, &got);

	ASSERT_LE(0, reply);
	ASSERT_EQ(0, target_kill(&s->t));
	EXPECT_TRUE(wait_for_state(s->t.process, PROXYIPC_STATE_GONE));
	EXPECT_FALSE(helper_done(&s->caller));
	EXPECT_EQ(0, reply_send(reply, 8));
	EXPECT_EQ(0, helper_finish(&s->caller));
	EXPECT_ANSWER(8, &s->caller.page->arg.call.reply);
	close(reply);
}

TEST_F(call, fetched_goes_on_whatever_signal_comes)
{
	struct stage *s = &self->s;
	struct proxyipc_received got;
	int reply = fetch_call(s, &got);

	ASSERT_LE(0, reply);
	ASSERT_EQ(0, helper_signal(&s->caller, SIGUSR1));
	EXPECT_TRUE(proc_signal_pending(s->caller.pid, SIGUSR1));
	EXPECT_EQ(0, reply_send(reply, 9));
	EXPECT_EQ(0, helper_finish(&s->caller));
	EXPECT_EQ(1U, s->caller.page->signals);
	close(reply);
}

TEST_F(call, fetched_is_ecanceled_when_the_reply_object_closes)
{
	struct stage *s = &self->s;
	struct proxyipc_received got;
	int reply = fetch_call(s, &got);

	ASSERT_LE(0, reply);
	close(reply);
	EXPECT_EQ(-ECANCELED, helper_finish(&s->caller));
	EXPECT_TRUE(during(s));
}

TEST_F(call, fetched_is_esrch_to_answer_once_its_caller_was_killed)
{
	struct stage *s = &self->s;
	struct proxyipc_received got;
	int reply = fetch_call(s, &got);

	ASSERT_LE(0, reply);
	ASSERT_EQ(0, helper_kill(&s->caller));
	EXPECT_EQ(-ESRCH, reply_send(reply, 7));
	EXPECT_TRUE(during(s));
	close(reply);
}

/*
 * Again and again
 */

TEST_F(call, closing_the_endpoint_again_and_again_leaves_nothing_behind)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct stage *s = &self->s;
	int i, received, result;

	ASSERT_EQ(0, helper_close(&s->receiver, s->receiver_nr));
	for (i = 0; i < 30; i++) {
		ASSERT_EQ(0, queue_call(s));
		received = i % 2 ? endpoint_recv_now(s->endpoint, &recv) : -1;
		close_fd(&s->endpoint);
		result = helper_finish(&s->caller);
		ASSERT_EQ(received ? -EPIPE : -EOWNERDEAD, result);
		ASSERT_TRUE(after(s));
		close_fd(&s->entry);
		ASSERT_EQ(0, helper_close(&s->caller, s->nr));
		s->endpoint = endpoint_new();
		s->entry = entry_new(s->endpoint, 1, RIGHTS_ALL, 0);
		ASSERT_EQ(0, process_set_receiver(s->t.process, s->entry));
		s->nr = helper_give(&s->caller, s->proxied ? s->proxy :
							     s->entry);
		ASSERT_LE(0, s->nr);
	}
}

/* The signal may come before the receive or after it, never both or neither. */
TEST_F(call, racing_with_a_signal_is_received_or_eintr)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct stage *s = &self->s;
	int i, received, result;
	volatile int spin;

	for (i = 0; i < 60; i++) {
		ASSERT_EQ(0, queue_call(s));
		ASSERT_EQ(0, helper_signal(&s->caller, SIGUSR1));
		for (spin = 0; spin < i % 6 * 1000; spin++)
			;
		received = endpoint_recv_now(s->endpoint, &recv);
		if (received) {
			ASSERT_EQ(-EAGAIN, received);
			ASSERT_EQ(-EINTR, helper_finish(&s->caller));
		} else {
			result = s->proxied ?
				endpoint_resume_reply(s->endpoint,
						      recv.received.out_cap, 1) :
				endpoint_reply(s->endpoint,
					       recv.received.out_cap, 1);
			ASSERT_EQ(0, result);
			ASSERT_EQ(0, helper_finish(&s->caller));
		}
		ASSERT_FALSE(readable(s->endpoint));
		ASSERT_TRUE(after(s));
	}
}

TEST_HARNESS_MAIN
