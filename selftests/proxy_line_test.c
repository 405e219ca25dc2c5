// SPDX-License-Identifier: GPL-2.0
/*
 * No nesting: while an episode is in progress calls and sends wait in line and
 * notices accumulate; at its end they begin the next one, in order, notices
 * first, before the target runs.
 */
#include <signal.h>

#include "proxyipc_test.h"
#include "proxy_stage.h"

#define WAITERS	3

FIXTURE(line) {
	struct proxy_stage s;
	struct helper h[WAITERS];	/* who wait */
	int nr[WAITERS];		/* their numbers of the proxy entry */
};

FIXTURE_SETUP(line)
{
	int i;

	ASSERT_EQ(0, proxy_stage_open(&self->s));
	for (i = 0; i < WAITERS; i++) {
		self->h[i] = helper_new();
		self->nr[i] = helper_give(&self->h[i], self->s.proxy);
		ASSERT_LE(0, self->nr[i]);
	}
}

FIXTURE_TEARDOWN(line)
{
	int i;

	for (i = 0; i < WAITERS; i++)
		helper_kill(&self->h[i]);
	proxy_stage_close(&self->s);
}

/* Waiter @i calls with @word; there are @waiting then. */
static bool line_up_call(struct _test_data_line *self, int i, __u64 word,
			 int waiting)
{
	struct proxyipc_entry_call call = {
		.size = sizeof(call),
		.message.words[0] = word,
	};

	return !helper_start(&self->h[i], self->nr[i], PROXYIPC_IOC_ENTRY_CALL,
			     &call, sizeof(call)) &&
	       eventually(process_waiting(self->s.t.process) == waiting);
}

static bool line_up_send(struct _test_data_line *self, int i, __u64 word,
			 int waiting)
{
	struct proxyipc_entry_send send = {
		.size = sizeof(send),
		.message.words[0] = word,
	};

	return !helper_start(&self->h[i], self->nr[i], PROXYIPC_IOC_ENTRY_SEND,
			     &send, sizeof(send)) &&
	       eventually(process_waiting(self->s.t.process) == waiting);
}

TEST_F(line, only_one_message_is_delivered_at_a_time)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);

	ASSERT_TRUE(line_up_call(self, 0, 2, 1));
	ASSERT_TRUE(line_up_send(self, 1, 3, 2));
	EXPECT_EQ(PROXYIPC_NOTIFIED_PENDING, entry_notify(s->proxy, 1));
	EXPECT_EMPTY(s->endpoint);
	EXPECT_EQ(1, process_holds(s->t.process));
	EXPECT_FALSE(helper_done(&self->h[0]));
	EXPECT_FALSE(helper_done(&self->h[1]));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(readable(s->endpoint));
	EXPECT_EQ((__u32)PROXYIPC_KIND_NOTICE,
		  receive(s->endpoint).out_kind);
	EXPECT_EMPTY(s->endpoint);
}

TEST_F(line, nonblock_is_eagain_while_an_episode_is_in_progress)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_entry_call call = {
		.size = sizeof(call),
		.flags = PROXYIPC_NONBLOCK,
	};
	struct proxyipc_received got;

	ASSERT_EQ(0, entry_send_now(s->proxy, 1));
	/* Delivered, then received. */
	EXPECT_EQ(-EAGAIN, entry_send_now(s->proxy, 2));
	EXPECT_EQ(-EAGAIN, command(s->proxy, PROXYIPC_IOC_ENTRY_CALL, &call));
	got = receive(s->endpoint);
	EXPECT_EQ(-EAGAIN, entry_send_now(s->proxy, 2));
	EXPECT_EQ(-EAGAIN, command(s->proxy, PROXYIPC_IOC_ENTRY_CALL, &call));
	EXPECT_EMPTY(s->endpoint);
	EXPECT_EQ(0, process_waiting(s->t.process));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
	EXPECT_EQ(0, entry_send_now(s->proxy, 3));
	EXPECT_EQ(3ULL, receive(s->endpoint).out_words[0]);
}

TEST_F(line, nonblock_call_still_waits_for_its_answer)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_entry_call call = {
		.size = sizeof(call),
		.flags = PROXYIPC_NONBLOCK,
	};
	struct proxyipc_received got;

	ASSERT_EQ(0, helper_start(&s->h, s->nr, PROXYIPC_IOC_ENTRY_CALL, &call,
				  sizeof(call)));
	got = receive(s->endpoint);
	ASSERT_NE(0ULL, got.out_cap);
	EXPECT_FALSE(helper_done(&s->h));
	EXPECT_EQ(0, endpoint_resume_reply(s->endpoint, got.out_cap, 2));
	EXPECT_EQ(0, helper_finish(&s->h));
}

TEST_F(line, waiting_calls_and_sends_get_their_turn_in_order)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);
	int i;

	ASSERT_TRUE(line_up_call(self, 0, 10, 1));
	ASSERT_TRUE(line_up_send(self, 1, 11, 2));
	ASSERT_TRUE(line_up_call(self, 2, 12, 3));
	for (i = 0; i < WAITERS; i++) {
		ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
		got = receive(s->endpoint);
		EXPECT_EQ(10ULL + i, got.out_words[0]);
		EXPECT_EQ(self->h[i].pid, got.out_sender_tgid);
		EXPECT_EQ(WAITERS - 1 - i, process_waiting(s->t.process));
	}
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_EQ(-ECANCELED, helper_finish(&self->h[0]));
	EXPECT_EQ(0, helper_finish(&self->h[1]));
	EXPECT_EQ(-ECANCELED, helper_finish(&self->h[2]));
	EXPECT_TRUE(runs_free(s));
	EXPECT_EMPTY(s->endpoint);
}

TEST_F(line, one_who_leaves_does_not_hold_up_the_others)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);

	ASSERT_TRUE(line_up_send(self, 0, 10, 1));
	ASSERT_TRUE(line_up_send(self, 1, 11, 2));
	ASSERT_TRUE(line_up_send(self, 2, 12, 3));
	ASSERT_EQ(0, helper_kill(&self->h[0]));
	ASSERT_EQ(0, helper_signal(&self->h[1], SIGUSR1));
	EXPECT_EQ(-EINTR, helper_finish(&self->h[1]));
	EXPECT_EQ(1, process_waiting(s->t.process));
	ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	got = receive(s->endpoint);
	EXPECT_EQ(12ULL, got.out_words[0]);
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
	EXPECT_EMPTY(s->endpoint);
}

TEST_F(line, target_does_not_run_between_an_episode_and_the_next_in_line)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);
	unsigned int before = target_counter(&s->t);
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_TRUE(line_up_send(self, 0, i, 1));
		ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
		/* The next has begun when the resume returns. */
		EXPECT_TRUE(held_state(process_state(s->t.process)));
		got = receive(s->endpoint);
		ASSERT_EQ((__u64)i, got.out_words[0]);
		EXPECT_EQ(0, helper_finish(&self->h[0]));
	}
	EXPECT_EQ(before, target_counter(&s->t));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
}

TEST_F(line, resume_by_token_begins_the_next_too)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1), next;
	unsigned int before = target_counter(&s->t);

	ASSERT_TRUE(line_up_call(self, 0, 2, 1));
	ASSERT_EQ(0, process_resume(s->t.process, got.out_token));
	next = receive(s->endpoint);
	EXPECT_EQ(2ULL, next.out_words[0]);
	EXPECT_NE(got.out_token, next.out_token);
	EXPECT_EQ(before, target_counter(&s->t));
	EXPECT_EQ(-ESTALE, process_resume(s->t.process, got.out_token));
	EXPECT_TRUE(stands_held(s));
}

/*
 * Notices
 */

TEST_F(line, notices_accumulate_and_begin_the_next_episode)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);
	unsigned int before = target_counter(&s->t);

	EXPECT_EQ(PROXYIPC_NOTIFIED_PENDING, entry_notify(s->proxy, 0x1));
	EXPECT_EQ(PROXYIPC_NOTIFIED_PENDING, entry_notify(s->proxy, 0x4));
	EXPECT_EQ(PROXYIPC_NOTIFIED_PENDING, entry_notify(s->proxy, 0x1));
	EXPECT_EMPTY(s->endpoint);
	ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	got = receive(s->endpoint);
	EXPECT_EQ((__u32)PROXYIPC_KIND_NOTICE, got.out_kind);
	EXPECT_EQ(0x5ULL, got.out_notices);
	EXPECT_EQ((__u32)PROXYIPC_RECEIVED_PROXIED, got.out_flags);
	EXPECT_EQ(RECEIVER_PAYLOAD, got.out_payload);
	EXPECT_EQ(before, target_counter(&s->t));
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
	EXPECT_EMPTY(s->endpoint);
}

TEST_F(line, notices_come_before_those_who_waited_longer)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);

	ASSERT_TRUE(line_up_call(self, 0, 2, 1));
	EXPECT_EQ(PROXYIPC_NOTIFIED_PENDING, entry_notify(s->proxy, 0x8));
	ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	got = receive(s->endpoint);
	EXPECT_EQ(0x8ULL, got.out_notices);
	EXPECT_EQ(1, process_waiting(s->t.process));
	ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	got = receive(s->endpoint);
	EXPECT_EQ(2ULL, got.out_words[0]);
	EXPECT_EQ(0ULL, got.out_notices);
	EXPECT_EQ(0, endpoint_resume_reply(s->endpoint, got.out_cap, 3));
	EXPECT_EQ(0, helper_finish(&self->h[0]));
	EXPECT_TRUE(runs_free(s));
}

/* The bits that began it are those that are seen; later ones begin the next. */
TEST_F(line, notices_during_an_episode_of_notices_begin_another)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got;
	__u64 seen = 0;
	int episodes = 0;

	EXPECT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(s->proxy, 0x1));
	got = receive(s->endpoint);
	EXPECT_EQ(0x1ULL, got.out_notices);
	EXPECT_EQ(PROXYIPC_NOTIFIED_PENDING, entry_notify(s->proxy, 0x3));
	while (got.out_cap) {
		seen |= got.out_notices;
		episodes++;
		ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
		if (!readable(s->endpoint))
			break;
		got = receive(s->endpoint);
		EXPECT_EQ(0x3ULL, got.out_notices);
	}
	EXPECT_EQ(0x3ULL, seen);
	EXPECT_EQ(2, episodes);
	EXPECT_TRUE(runs_free(s));
}

TEST_F(line, notices_are_constant_state)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);
	int i;

	for (i = 0; i < 1000; i++)
		ASSERT_EQ(PROXYIPC_NOTIFIED_PENDING,
			  entry_notify(s->proxy, 1ULL << (i % 64)));
	ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	got = receive(s->endpoint);
	EXPECT_EQ(~0ULL, got.out_notices);
	ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
	EXPECT_EMPTY(s->endpoint);
}

TEST_F(line, notices_pend_through_the_death_of_the_receiver)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct helper receiver = helper_new();
	int nr = helper_give(&receiver, s->endpoint);
	struct proxyipc_received got;

	ASSERT_LE(0, nr);
	ASSERT_EQ(0, entry_send(s->proxy, 1));
	ASSERT_EQ(0, helper_do(&receiver, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
			       sizeof(recv)));
	EXPECT_EQ(PROXYIPC_NOTIFIED_PENDING, entry_notify(s->proxy, 0x2));
	ASSERT_EQ(0, helper_kill(&receiver));
	got = receive(s->endpoint);
	EXPECT_EQ(0x2ULL, got.out_notices);
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
}

/*
 * The lease of a standstill
 */

TEST_F(line, lease_is_that_of_the_standstill_not_of_each_episode)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);
	struct proxyipc_process_info first, next;

	ASSERT_EQ(0, process_info(s->t.process, &first));
	ASSERT_TRUE(line_up_send(self, 0, 2, 1));
	sleep_ms(20);
	ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	got = receive(s->endpoint);
	ASSERT_EQ(0, process_info(s->t.process, &next));
	EXPECT_NE(first.out_token, next.out_token);
	EXPECT_LT(first.out_since, next.out_since);
	EXPECT_EQ(first.out_lease_end, next.out_lease_end);
	/* After a pause it is a new one. */
	ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
	got = proxied_send(s, 3);
	ASSERT_EQ(0, process_info(s->t.process, &next));
	EXPECT_LT(first.out_lease_end, next.out_lease_end);
	/* It counts from when holding began, a little before it was confirmed. */
	EXPECT_GE(next.out_since + 10 * NS_PER_S, next.out_lease_end);
	EXPECT_LE(first.out_since + 10 * NS_PER_S, next.out_lease_end);
}

TEST_HARNESS_MAIN
