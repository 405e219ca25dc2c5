// SPDX-License-Identifier: GPL-2.0
/*
 * The end of an episode: by cap or by token, with or without an answer to the
 * call in the reply slot, and by names that are dead.
 */
#include <signal.h>

#include "proxyipc_test.h"
#include "proxy_stage.h"

FIXTURE(resume) {
	struct proxy_stage s;
};

FIXTURE_SETUP(resume)
{
	ASSERT_EQ(0, proxy_stage_open(&self->s));
}

FIXTURE_TEARDOWN(resume)
{
	proxy_stage_close(&self->s);
}

static int resume_by_token(struct proxy_stage *s, __u64 token, __u32 flags,
			   __u64 word)
{
	struct proxyipc_process_resume resume = {
		.size = sizeof(resume),
		.flags = flags,
		.token = token,
		.message.words[0] = word,
	};

	return command(s->t.process, PROXYIPC_IOC_PROCESS_RESUME, &resume);
}

/*
 * By cap, by token
 */

TEST_F(resume, by_cap_ends_the_hold_and_both_names)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);

	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
	EXPECT_EQ(-ESTALE, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_EQ(-ESTALE, process_resume(s->t.process, got.out_token));
}

TEST_F(resume, by_token_ends_the_hold_and_both_names)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);

	EXPECT_EQ(0, process_resume(s->t.process, got.out_token));
	EXPECT_TRUE(runs_free(s));
	EXPECT_EQ(-ESTALE, process_resume(s->t.process, got.out_token));
	EXPECT_EQ(-ESTALE, endpoint_resume(s->endpoint, got.out_cap));
}

TEST_F(resume, by_drop_ends_the_hold)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);

	EXPECT_EQ(0, endpoint_drop(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
	EXPECT_EQ(-ESTALE, process_resume(s->t.process, got.out_token));
}

TEST_F(resume, dead_names_change_nothing)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received old = proxied_send(s, 1), now;

	ASSERT_EQ(0, endpoint_resume(s->endpoint, old.out_cap));
	now = proxied_call(s);
	ASSERT_NE(0ULL, now.out_cap);
	EXPECT_EQ(-ESTALE, endpoint_resume(s->endpoint, old.out_cap));
	EXPECT_EQ(-ESTALE, endpoint_resume_reply(s->endpoint, old.out_cap, 1));
	EXPECT_EQ(-ESTALE, endpoint_reply(s->endpoint, old.out_cap, 1));
	EXPECT_EQ(-ESTALE, endpoint_fetch(s->endpoint, old.out_cap));
	EXPECT_EQ(-ESTALE, endpoint_drop(s->endpoint, old.out_cap));
	EXPECT_EQ(-ESTALE, process_resume(s->t.process, old.out_token));
	EXPECT_EQ(-ESTALE, process_reply(s->t.process, old.out_token, 1));
	EXPECT_EQ(-ESTALE, process_fetch_reply(s->t.process, old.out_token));
	EXPECT_TRUE(stands_held(s));
	EXPECT_FALSE(helper_done(&s->h));
	EXPECT_EQ(0, endpoint_resume_reply(s->endpoint, now.out_cap, 4));
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_ANSWER(4, &s->h.page->arg.call.reply);
}

TEST_F(resume, token_0_names_nothing)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);

	ASSERT_NE(0ULL, got.out_cap);
	EXPECT_EQ(-ESTALE, process_resume(s->t.process, 0));
	EXPECT_EQ(-ESTALE, process_reply(s->t.process, 0, 1));
	EXPECT_EQ(-ESTALE, process_fetch_reply(s->t.process, 0));
	EXPECT_TRUE(stands_held(s));
	EXPECT_FALSE(helper_done(&s->h));
}

TEST_F(resume, tokens_that_never_were_name_nothing)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);
	unsigned int bit;

	ASSERT_NE(0ULL, got.out_token);
	EXPECT_EQ(-ESTALE, process_resume(s->t.process, ~0ULL));
	for (bit = 0; bit < 64; bit++)
		EXPECT_EQ(-ESTALE, process_resume(s->t.process,
						  got.out_token ^ 1ULL << bit));
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, process_resume(s->t.process, got.out_token));
}

/* The other object's holds are none of this object's business. */
TEST_F(resume, token_of_another_process_object_is_estale)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);
	int other = process_open(s->t.h.pid, 0, 0);

	ASSERT_LE(0, other);
	EXPECT_EQ(-ESTALE, process_resume(other, got.out_token));
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, process_resume(s->t.process, got.out_token));
	close(other);
}

TEST_F(resume, tokens_and_caps_are_never_reused)
{
	enum { EPISODES = 200 };
	struct proxy_stage *s = &self->s;
	__u64 tokens[EPISODES], caps[EPISODES];
	struct proxyipc_received got;
	int i, j;

	for (i = 0; i < EPISODES; i++) {
		got = proxied_send(s, i);
		tokens[i] = got.out_token;
		caps[i] = got.out_cap;
		ASSERT_NE(0ULL, tokens[i]);
		ASSERT_NE(0ULL, caps[i]);
		ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
		for (j = 0; j < i; j++) {
			ASSERT_NE(tokens[j], tokens[i]);
			ASSERT_NE(caps[j], caps[i]);
		}
	}
}

/* Whoever has the process object may end an episode that nobody received. */
TEST_F(resume, of_an_episode_that_was_not_received_withdraws_its_message)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_process_info info;

	ASSERT_EQ(0, helper_call(&s->h, s->nr, 1));
	ASSERT_TRUE(wait_for_episode(s->t.process, PROXYIPC_EPISODE_DELIVERED));
	ASSERT_EQ(0, process_info(s->t.process, &info));
	EXPECT_EQ(0, process_resume(s->t.process, info.out_token));
	EXPECT_EQ(-ECANCELED, helper_finish(&s->h));
	EXPECT_EMPTY(s->endpoint);
	EXPECT_TRUE(runs_free(s));
}

TEST_F(resume, of_a_sent_message_that_was_not_received_loses_it)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_process_info info;

	ASSERT_EQ(0, entry_send(s->proxy, 1));
	ASSERT_EQ(0, process_info(s->t.process, &info));
	EXPECT_EQ(0, process_resume(s->t.process, info.out_token));
	EXPECT_EMPTY(s->endpoint);
	EXPECT_TRUE(runs_free(s));
}

/*
 * The reply slot
 */

TEST_F(resume, without_an_answer_is_ecanceled_for_the_call_in_the_slot)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);

	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_EQ(-ECANCELED, helper_finish(&s->h));
	EXPECT_TRUE(runs_free(s));
	got = proxied_call(s);
	EXPECT_EQ(0, process_resume(s->t.process, got.out_token));
	EXPECT_EQ(-ECANCELED, helper_finish(&s->h));
	EXPECT_TRUE(runs_free(s));
}

TEST_F(resume, by_token_can_carry_the_answer)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);

	EXPECT_EQ(0, resume_by_token(s, got.out_token, PROXYIPC_RESUME_REPLY,
				     6));
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_ANSWER(6, &s->h.page->arg.call.reply);
	EXPECT_TRUE(runs_free(s));
}

TEST_F(resume, reply_by_cap_answers_and_the_target_stays_held)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);

	EXPECT_EQ(0, endpoint_reply(s->endpoint, got.out_cap, 7));
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_ANSWER(7, &s->h.page->arg.call.reply);
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
}

TEST_F(resume, reply_by_token_answers_and_the_target_stays_held)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);

	EXPECT_EQ(0, process_reply(s->t.process, got.out_token, 8));
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_ANSWER(8, &s->h.page->arg.call.reply);
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, process_resume(s->t.process, got.out_token));
	EXPECT_TRUE(runs_free(s));
}

TEST_F(resume, fetched_reply_can_be_answered_after_the_resume)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);
	int reply = process_fetch_reply(s->t.process, got.out_token);

	ASSERT_LE(0, reply);
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(-ESRCH, process_fetch_reply(s->t.process, got.out_token));
	EXPECT_EQ(-ESRCH, process_reply(s->t.process, got.out_token, 1));
	EXPECT_EQ(-ESRCH, endpoint_reply(s->endpoint, got.out_cap, 1));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
	EXPECT_FALSE(helper_done(&s->h));
	EXPECT_EQ(0, reply_send(reply, 9));
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_ANSWER(9, &s->h.page->arg.call.reply);
	close(reply);
}

TEST_F(resume, fetched_reply_is_not_touched_by_the_next_episode)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);
	int reply = process_fetch_reply(s->t.process, got.out_token);

	ASSERT_LE(0, reply);
	ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	got = proxied_send(s, 2);
	EXPECT_EQ(-ESRCH, endpoint_reply(s->endpoint, got.out_cap, 1));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_FALSE(helper_done(&s->h));
	EXPECT_EQ(0, reply_send(reply, 9));
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_ANSWER(9, &s->h.page->arg.call.reply);
	close(reply);
}

TEST_F(resume, slot_of_a_send_or_notice_is_empty)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);

	EXPECT_EQ(-ESRCH, endpoint_reply(s->endpoint, got.out_cap, 1));
	EXPECT_EQ(-ESRCH, process_reply(s->t.process, got.out_token, 1));
	EXPECT_EQ(-ESRCH, process_fetch_reply(s->t.process, got.out_token));
	EXPECT_TRUE(stands_held(s));
	ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(s->proxy, 1));
	got = receive(s->endpoint);
	EXPECT_EQ(-ESRCH, endpoint_reply(s->endpoint, got.out_cap, 1));
	EXPECT_EQ(-ESRCH, process_fetch_reply(s->t.process, got.out_token));
	EXPECT_TRUE(stands_held(s));
}

TEST_F(resume, call_cannot_be_answered_before_it_is_received)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_process_info info;
	struct proxyipc_received got;
	int reply;

	ASSERT_EQ(0, helper_call(&s->h, s->nr, 1));
	ASSERT_TRUE(wait_for_episode(s->t.process, PROXYIPC_EPISODE_DELIVERED));
	ASSERT_EQ(0, process_info(s->t.process, &info));
	EXPECT_GT(0, process_reply(s->t.process, info.out_token, 1));
	reply = process_fetch_reply(s->t.process, info.out_token);
	EXPECT_GT(0, reply);
	EXPECT_FALSE(helper_done(&s->h));
	got = receive(s->endpoint);
	EXPECT_EQ(0, endpoint_resume_reply(s->endpoint, got.out_cap, 2));
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_ANSWER(2, &s->h.page->arg.call.reply);
}

TEST_F(resume, too_large_an_answer_is_emsgsize_and_the_target_stays_held)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);
	struct proxyipc_endpoint_resume by_cap = {
		.size = sizeof(by_cap),
		.flags = PROXYIPC_RESUME_REPLY,
		.cap = got.out_cap,
		.message.data = address("x"),
		.message.data_len = 1,
	};
	struct proxyipc_process_resume by_token = {
		.size = sizeof(by_token),
		.flags = PROXYIPC_RESUME_REPLY,
		.token = got.out_token,
		.message.data = address("x"),
		.message.data_len = 1,
	};

	EXPECT_EQ(-EMSGSIZE, command(s->endpoint, PROXYIPC_IOC_ENDPOINT_RESUME,
				     &by_cap));
	EXPECT_EQ(-EMSGSIZE, command(s->t.process, PROXYIPC_IOC_PROCESS_RESUME,
				     &by_token));
	EXPECT_TRUE(stands_held(s));
	EXPECT_FALSE(helper_done(&s->h));
	EXPECT_EQ(0, endpoint_resume_reply(s->endpoint, got.out_cap, 3));
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_ANSWER(3, &s->h.page->arg.call.reply);
}

TEST_F(resume, with_an_answer_for_a_caller_that_is_gone_resumes_and_is_esrch)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);

	ASSERT_NE(0ULL, got.out_cap);
	ASSERT_EQ(0, helper_kill(&s->h));
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(-ESRCH, endpoint_resume_reply(s->endpoint, got.out_cap, 3));
	EXPECT_TRUE(runs_free(s));
	EXPECT_EQ(-ESTALE, endpoint_resume(s->endpoint, got.out_cap));
}

TEST_F(resume, with_an_answer_by_token_for_a_caller_that_is_gone_likewise)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);

	ASSERT_NE(0ULL, got.out_cap);
	ASSERT_EQ(0, helper_kill(&s->h));
	EXPECT_EQ(-ESRCH, resume_by_token(s, got.out_token,
					  PROXYIPC_RESUME_REPLY, 3));
	EXPECT_TRUE(runs_free(s));
}

/*
 * REPLY_RECV
 */

TEST_F(resume, reply_recv_answers_only_unless_it_is_told_to_resume)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);
	struct proxyipc_endpoint_reply_recv both = {
		.size = sizeof(both),
		.flags = PROXYIPC_NONBLOCK,
		.cap = got.out_cap,
		.message.words[0] = 5,
	};

	EXPECT_EQ(-EAGAIN, command(s->endpoint,
				   PROXYIPC_IOC_ENDPOINT_REPLY_RECV, &both));
	EXPECT_EQ(0ULL, both.cap);
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_ANSWER(5, &s->h.page->arg.call.reply);
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
}

TEST_F(resume, reply_recv_resumes_with_the_answer_and_receives_the_next)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);
	struct proxyipc_endpoint_reply_recv both = {
		.size = sizeof(both),
		.flags = PROXYIPC_NONBLOCK | PROXYIPC_RESUME_REPLY,
		.cap = got.out_cap,
		.message.words[0] = 5,
	};

	ASSERT_EQ(0, entry_send(s->entry, 6));
	EXPECT_EQ(0, command(s->endpoint, PROXYIPC_IOC_ENDPOINT_REPLY_RECV,
			     &both));
	EXPECT_EQ(0ULL, both.cap);
	EXPECT_EQ(6ULL, both.received.out_words[0]);
	EXPECT_EQ(0U, both.received.out_flags);
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_ANSWER(5, &s->h.page->arg.call.reply);
	EXPECT_TRUE(runs_free(s));
}

static struct proxyipc_endpoint_reply_recv reply_recv_of(__u64 cap, __u32 flags)
{
	return (struct proxyipc_endpoint_reply_recv) {
		.size = sizeof(struct proxyipc_endpoint_reply_recv),
		.flags = PROXYIPC_NONBLOCK | flags,
		.cap = cap,
	};
}

TEST_F(resume, reply_recv_resumes_without_an_answer_too)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);
	struct proxyipc_endpoint_reply_recv both =
		reply_recv_of(got.out_cap, PROXYIPC_RESUME_ONLY);

	ASSERT_EQ(0, entry_send(s->entry, 6));
	EXPECT_EQ(0, command(s->endpoint, PROXYIPC_IOC_ENDPOINT_REPLY_RECV,
			     &both));
	EXPECT_EQ(0ULL, both.cap);
	EXPECT_EQ(6ULL, both.received.out_words[0]);
	EXPECT_EQ(-ECANCELED, helper_finish(&s->h));
	EXPECT_TRUE(runs_free(s));
}

TEST_F(resume, reply_recv_resumes_one_and_receives_its_successor)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);
	struct proxyipc_endpoint_reply_recv both =
		reply_recv_of(got.out_cap, PROXYIPC_RESUME_ONLY);
	unsigned int before = target_counter(&s->t);

	ASSERT_EQ(PROXYIPC_NOTIFIED_PENDING, entry_notify(s->proxy, 4));
	EXPECT_EQ(0, command(s->endpoint, PROXYIPC_IOC_ENDPOINT_REPLY_RECV,
			     &both));
	EXPECT_EQ(4ULL, both.received.out_notices);
	EXPECT_NE(got.out_token, both.received.out_token);
	EXPECT_EQ(before, target_counter(&s->t));
	EXPECT_TRUE(stands_held(s));
}

TEST_F(resume, reply_recv_wants_flags_that_make_sense_and_else_does_nothing)
{
	static const __u32 wrong[] = {
		PROXYIPC_RESUME_REPLY | PROXYIPC_RESUME_ONLY,
		PROXYIPC_RESUME_STOP,
	};
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);
	struct proxyipc_endpoint_reply_recv both;
	unsigned int i;

	ASSERT_EQ(0, entry_send(s->entry, 6));
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		both = reply_recv_of(got.out_cap, wrong[i]);
		EXPECT_EQ(-EINVAL, command(s->endpoint,
					   PROXYIPC_IOC_ENDPOINT_REPLY_RECV,
					   &both));
		EXPECT_EQ(got.out_cap, both.cap);
	}
	/* "must be zero without one" */
	both = reply_recv_of(got.out_cap, PROXYIPC_RESUME_ONLY);
	both.message.words[7] = 1;
	EXPECT_EQ(-EINVAL, command(s->endpoint,
				   PROXYIPC_IOC_ENDPOINT_REPLY_RECV, &both));
	EXPECT_TRUE(readable(s->endpoint));
	EXPECT_FALSE(helper_done(&s->h));
	EXPECT_TRUE(stands_held(s));
}

TEST_F(resume, reply_recv_with_cap_0_ignores_what_to_answer)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_endpoint_reply_recv both =
		reply_recv_of(0, PROXYIPC_RESUME_ONLY | PROXYIPC_RESUME_STOP);

	both.message.words[0] = 1;
	ASSERT_EQ(0, entry_send(s->entry, 6));
	EXPECT_EQ(0, command(s->endpoint, PROXYIPC_IOC_ENDPOINT_REPLY_RECV,
			     &both));
	EXPECT_EQ(6ULL, both.received.out_words[0]);
}

TEST_F(resume, reply_recv_may_hand_the_target_over)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);
	struct proxyipc_endpoint_reply_recv both =
		reply_recv_of(got.out_cap, PROXYIPC_RESUME_ONLY |
					   PROXYIPC_RESUME_STOP);

	EXPECT_EQ(-EAGAIN, command(s->endpoint,
				   PROXYIPC_IOC_ENDPOINT_REPLY_RECV, &both));
	EXPECT_EQ(0ULL, both.cap);
	EXPECT_TRUE(eventually(proc_state(s->t.h.pid) == 'T'));
	ASSERT_EQ(0, helper_signal(&s->t.h, SIGCONT));
	EXPECT_TRUE(target_counts(&s->t));
}

/* A plain call has nothing to resume. */
TEST_F(resume, of_a_plain_call_is_refused_and_the_call_stays)
{
	struct proxy_stage *s = &self->s;
	int nr = helper_give(&s->h, s->entry);
	struct proxyipc_received got;

	ASSERT_EQ(0, helper_call(&s->h, nr, 1));
	got = receive(s->endpoint);
	EXPECT_EQ(-ESTALE, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_EQ(-ESTALE, endpoint_resume_reply(s->endpoint, got.out_cap, 2));
	EXPECT_FALSE(helper_done(&s->h));
	EXPECT_EQ(0, endpoint_reply(s->endpoint, got.out_cap, 3));
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_ANSWER(3, &s->h.page->arg.call.reply);
}

/*
 * FETCH
 */

TEST_F(resume, fetch_gives_another_descriptor_of_the_process_object)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);
	int process = endpoint_fetch(s->endpoint, got.out_cap);
	struct proxyipc_process_info info;

	ASSERT_LE(0, process);
	ASSERT_EQ(0, process_info(process, &info));
	EXPECT_EQ(s->t.h.pid, info.out_tgid);
	EXPECT_EQ(got.out_token, info.out_token);
	/* The cap stays, and so does the reply in the slot. */
	EXPECT_EQ(0, process_reply(process, got.out_token, 4));
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_ANSWER(4, &s->h.page->arg.call.reply);
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, close(process));
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
}

TEST_F(resume, fetched_descriptor_outlives_the_episode)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);
	int process = endpoint_fetch(s->endpoint, got.out_cap);
	__u64 token;

	ASSERT_LE(0, process);
	EXPECT_EQ(0, process_resume(process, got.out_token));
	EXPECT_TRUE(runs_free(s));
	EXPECT_TRUE(held_state(process_hold(process, &token)));
	EXPECT_TRUE(stands_held(s));
	/* A hold by hand belongs to the open file it was made through. */
	EXPECT_EQ(0, close(process));
	EXPECT_TRUE(runs_free(s));
}

/*
 * RESUME_STOP
 */

TEST_F(resume, with_stop_hands_the_target_over_before_it_runs)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);
	struct proxyipc_endpoint_resume resume = {
		.size = sizeof(resume),
		.flags = PROXYIPC_RESUME_STOP,
		.cap = got.out_cap,
	};
	unsigned int before = target_counter(&s->t);

	EXPECT_EQ(0, command(s->endpoint, PROXYIPC_IOC_ENDPOINT_RESUME,
			     &resume));
	EXPECT_TRUE(eventually(proc_state(s->t.h.pid) == 'T'));
	EXPECT_EQ(before, target_counter(&s->t));
	EXPECT_EQ(0, process_holds(s->t.process));
	ASSERT_EQ(0, helper_signal(&s->t.h, SIGCONT));
	EXPECT_TRUE(target_counts(&s->t));
}

TEST_F(resume, with_stop_by_token_and_an_answer)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s);
	unsigned int before = target_counter(&s->t);

	EXPECT_EQ(0, resume_by_token(s, got.out_token, PROXYIPC_RESUME_REPLY |
				     PROXYIPC_RESUME_STOP, 3));
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_ANSWER(3, &s->h.page->arg.call.reply);
	EXPECT_TRUE(eventually(proc_state(s->t.h.pid) == 'T'));
	EXPECT_EQ(before, target_counter(&s->t));
	ASSERT_EQ(0, helper_signal(&s->t.h, SIGCONT));
	EXPECT_TRUE(target_counts(&s->t));
}

TEST_HARNESS_MAIN
