// SPDX-License-Identifier: GPL-2.0
/*
 * The states that only a proxied call has: its target may die and its lease may
 * run out, it may be answered while the target stays held, and it may have to
 * wait for another episode to end.
 */
#include <pthread.h>
#include <signal.h>

#include "proxyipc_test.h"
#include "call_stage.h"

FIXTURE(episode) {
	struct stage s;
};

FIXTURE_SETUP(episode)
{
	ASSERT_EQ(0, stage_open(&self->s, true, 0));
}

FIXTURE_TEARDOWN(episode)
{
	stage_close(&self->s);
}

/* What an event about the stage's target looks like. */
static struct proxyipc_received event(__u32 events, __u64 token, __u32 state)
{
	return (struct proxyipc_received) {
		.out_kind = PROXYIPC_KIND_EVENT,
		.out_events = events,
		.out_state = state,
		.out_token = token,
		.out_payload = 1,
		.out_sender_uid = 65534,
		.out_sender_gid = 65534,
	};
}

/* The receiver can do nothing more about the hold. */
#define EXPECT_DEAD(s_, got_)						\
do {									\
	EXPECT_EQ(-ESTALE, endpoint_reply((s_)->endpoint,		\
					  (got_)->out_cap, 0));		\
	EXPECT_EQ(-ESTALE, endpoint_resume((s_)->endpoint,		\
					   (got_)->out_cap));		\
	EXPECT_EQ(-ESTALE, endpoint_fetch((s_)->endpoint,		\
					  (got_)->out_cap));		\
	EXPECT_EQ(-ESTALE, endpoint_drop((s_)->endpoint,		\
					 (got_)->out_cap));		\
} while (0)

/*
 * The target dies
 */

TEST_F(episode, target_killed_while_the_call_is_queued_is_esrch)
{
	struct stage *s = &self->s;
	struct proxyipc_received want =
		event(PROXYIPC_EVENT_TARGET_GONE, 0, PROXYIPC_STATE_GONE);
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_EQ(0, queue_call(s));
	ASSERT_EQ(0, target_kill(&s->t));
	EXPECT_EQ(-ESRCH, helper_finish(&s->caller));
	/* The message was withdrawn: what is there is the event. */
	ASSERT_EQ(0, endpoint_recv(s->endpoint, &recv));
	want.out_token = recv.received.out_token;
	EXPECT_RECEIVED(&want, &recv.received);
	EXPECT_EMPTY(s->endpoint);
}

TEST_F(episode, target_killed_while_the_call_is_received_is_esrch)
{
	struct stage *s = &self->s;
	struct proxyipc_received got = receive_call(s), want;
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_NE(0ULL, got.out_cap);
	ASSERT_EQ(0, target_kill(&s->t));
	EXPECT_EQ(-ESRCH, helper_finish(&s->caller));
	ASSERT_EQ(0, endpoint_recv(s->endpoint, &recv));
	want = event(PROXYIPC_EVENT_TARGET_GONE, got.out_token,
		     PROXYIPC_STATE_GONE);
	EXPECT_RECEIVED(&want, &recv.received);
	EXPECT_EMPTY(s->endpoint);
	EXPECT_DEAD(s, &got);
}

TEST_F(episode, target_killed_without_an_episode_is_an_event_too)
{
	struct stage *s = &self->s;
	struct proxyipc_received want =
		event(PROXYIPC_EVENT_TARGET_GONE, 0, PROXYIPC_STATE_GONE);
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_EQ(0, target_kill(&s->t));
	ASSERT_TRUE(eventually(readable(s->endpoint)));
	/* Events that can't be copied out aren't lost either. */
	EXPECT_EQ(-EFAULT, endpoint_recv_readonly(s->endpoint));
	ASSERT_EQ(0, endpoint_recv(s->endpoint, &recv));
	EXPECT_RECEIVED(&want, &recv.received);
	EXPECT_EMPTY(s->endpoint);
}

TEST_F(episode, invoking_a_target_that_is_gone_is_esrch)
{
	struct stage *s = &self->s;

	ASSERT_EQ(0, target_kill(&s->t));
	ASSERT_TRUE(wait_for_state(s->t.process, PROXYIPC_STATE_GONE));
	EXPECT_EQ(-ESRCH, entry_call_until(s->proxy, 1, 0));
	EXPECT_EQ(-ESRCH, entry_send(s->proxy, 1));
	EXPECT_EQ(-ESRCH, entry_send_now(s->proxy, 1));
	EXPECT_EQ(-ESRCH, entry_notify(s->proxy, 1));
}

TEST_F(episode, target_that_exits_by_itself_while_armed_ends_its_episode)
{
	struct stage *s = &self->s;
	struct target t = target_block();
	int proxy = process_mint(t.process, 0, RIGHTS_ALL, 0);
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_LE(0, proxy);
	ASSERT_EQ(0, process_set_receiver(t.process, s->entry));
	ASSERT_EQ(0, entry_send(proxy, 1));
	ASSERT_EQ(0, endpoint_recv(s->endpoint, &recv));
	/* A signal that ends it, not one that the kernel forces on it. */
	ASSERT_EQ(0, helper_signal(&t.h, SIGTERM));
	ASSERT_EQ(0, endpoint_recv(s->endpoint, &recv));
	EXPECT_EQ((__u32)PROXYIPC_EVENT_TARGET_GONE, recv.received.out_events);
	EXPECT_TRUE(wait_for_state(t.process, PROXYIPC_STATE_GONE));
	target_kill(&t);
	close_fd(&t.process);
	close_fd(&proxy);
}

/*
 * Answered, and the target still held
 */

TEST_F(episode, answered_call_is_over_for_its_caller_and_the_target_stays_held)
{
	struct stage *s = &self->s;
	struct proxyipc_received got = receive_call(s);

	ASSERT_NE(0ULL, got.out_cap);
	EXPECT_EQ(0, endpoint_reply(s->endpoint, got.out_cap, 4));
	EXPECT_EQ(0, helper_finish(&s->caller));
	EXPECT_ANSWER(4, &s->caller.page->arg.call.reply);
	EXPECT_TRUE(during(s));
	/* "The reply slot is empty" */
	EXPECT_EQ(-ESRCH, endpoint_reply(s->endpoint, got.out_cap, 5));
	EXPECT_EQ(-ESRCH, process_reply(s->t.process, got.out_token, 5));
	EXPECT_EQ(-ESRCH, process_fetch_reply(s->t.process, got.out_token));
	EXPECT_TRUE(during(s));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(after(s));
}

TEST_F(episode, answered_call_leaves_a_hold_that_ends_with_its_receiver)
{
	struct stage *s = &self->s;
	struct proxyipc_received got = receive_call_elsewhere(s);

	ASSERT_NE(0ULL, got.out_cap);
	EXPECT_EQ(0, endpoint_reply(s->endpoint, got.out_cap, 4));
	EXPECT_EQ(0, helper_finish(&s->caller));
	EXPECT_TRUE(during(s));
	ASSERT_EQ(0, helper_kill(&s->receiver));
	EXPECT_TRUE(eventually(process_holds(s->t.process) == 0));
	EXPECT_TRUE(after(s));
	EXPECT_DEAD(s, &got);
}

TEST_F(episode, sent_message_holds_until_its_receiver_is_killed)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct stage *s = &self->s;

	ASSERT_EQ(0, entry_send(s->proxy, 1));
	ASSERT_EQ(0, helper_do(&s->receiver, s->receiver_nr,
			       PROXYIPC_IOC_ENDPOINT_RECV, &recv, sizeof(recv)));
	EXPECT_TRUE(during(s));
	ASSERT_EQ(0, helper_kill(&s->receiver));
	EXPECT_TRUE(eventually(process_holds(s->t.process) == 0));
	EXPECT_TRUE(after(s));
}

TEST_F(episode, sent_message_that_was_not_received_holds_until_the_last_close)
{
	struct stage *s = &self->s;

	ASSERT_EQ(0, entry_send(s->proxy, 1));
	EXPECT_TRUE(during(s));
	ASSERT_EQ(0, helper_kill(&s->receiver));
	EXPECT_TRUE(during(s));
	close_fd(&s->endpoint);
	EXPECT_TRUE(after(s));
}

struct receiving_thread {
	struct stage *s;
	struct proxyipc_received got;
};

static void *receive_and_exit(void *arg)
{
	struct receiving_thread *thread = arg;

	thread->got = receive_call(thread->s);
	return NULL;
}

/* Who has it is the process: its threads come and go. */
TEST_F(episode, received_call_outlives_the_thread_that_received_it)
{
	struct receiving_thread thread = { .s = &self->s };
	struct stage *s = &self->s;
	pthread_t id;

	ASSERT_EQ(0, pthread_create(&id, NULL, receive_and_exit, &thread));
	ASSERT_EQ(0, pthread_join(id, NULL));
	ASSERT_NE(0ULL, thread.got.out_cap);
	EXPECT_TRUE(during(s));
	EXPECT_FALSE(helper_done(&s->caller));
	EXPECT_EQ(0, endpoint_resume_reply(s->endpoint, thread.got.out_cap, 6));
	EXPECT_EQ(0, helper_finish(&s->caller));
	EXPECT_ANSWER(6, &s->caller.page->arg.call.reply);
	EXPECT_TRUE(after(s));
}

/* An episode keeps its process object as long as it goes on. */
TEST_F(episode, received_call_outlives_all_descriptors_of_the_process_object)
{
	struct stage *s = &self->s;
	struct proxyipc_received got = receive_call(s);

	ASSERT_NE(0ULL, got.out_cap);
	close_fd(&s->proxy);
	close_fd(&s->t.process);
	EXPECT_TRUE(target_counter_stands_still(&s->t));
	EXPECT_FALSE(helper_done(&s->caller));
	s->t.process = endpoint_fetch(s->endpoint, got.out_cap);
	ASSERT_LE(0, s->t.process);
	EXPECT_TRUE(during(s));
	EXPECT_EQ(0, endpoint_resume_reply(s->endpoint, got.out_cap, 6));
	EXPECT_EQ(0, helper_finish(&s->caller));
	EXPECT_TRUE(after(s));
}

TEST_F(episode, queued_message_outlives_all_descriptors_of_the_process_object)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct stage *s = &self->s;

	ASSERT_EQ(0, entry_send(s->proxy, 3));
	ASSERT_EQ(0, helper_close(&s->caller, s->nr));
	close_fd(&s->proxy);
	close_fd(&s->t.process);
	EXPECT_TRUE(target_counter_stands_still(&s->t));
	ASSERT_EQ(0, endpoint_recv_now(s->endpoint, &recv));
	EXPECT_EQ(3ULL, recv.received.out_words[0]);
	EXPECT_EQ(0, endpoint_resume(s->endpoint, recv.received.out_cap));
	EXPECT_TRUE(target_counts(&s->t));
}

/*
 * Waiting for another episode to end
 */

/* An episode of a send, received: the helper's call will have to wait for it. */
static struct proxyipc_received begin_other(struct stage *s)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (entry_send(s->proxy, 50) || endpoint_recv(s->endpoint, &recv))
		memset(&recv, 0, sizeof(recv));
	return recv.received;
}

static int wait_in_line_until(struct stage *s, __u64 deadline)
{
	struct proxyipc_entry_call call = {
		.size = sizeof(call),
		.deadline = deadline,
		.message.words[0] = 1,
	};
	int ret;

	ret = helper_start(&s->caller, s->nr, PROXYIPC_IOC_ENTRY_CALL, &call,
			   sizeof(call));
	if (ret)
		return ret;
	return eventually(process_waiting(s->t.process) == 1) ?
	       0 : -EINPROGRESS;
}

static int wait_in_line(struct stage *s)
{
	return wait_in_line_until(s, 0);
}

/* Nobody waits, nothing was delivered, and the other episode goes on. */
#define EXPECT_ONLY_OTHER(s_, other_)					\
do {									\
	EXPECT_EQ(0, process_waiting((s_)->t.process));			\
	EXPECT_TRUE(during(s_));					\
	EXPECT_EQ(0, endpoint_resume((s_)->endpoint, (other_)->out_cap)); \
	EXPECT_EMPTY((s_)->endpoint);					\
	EXPECT_TRUE(after(s_));						\
} while (0)

TEST_F(episode, waiting_call_is_eintr_on_a_signal_and_nothing_is_delivered)
{
	struct stage *s = &self->s;
	struct proxyipc_received other = begin_other(s);

	ASSERT_NE(0ULL, other.out_cap);
	ASSERT_EQ(0, wait_in_line(s));
	ASSERT_EQ(0, helper_signal(&s->caller, SIGUSR1));
	EXPECT_EQ(-EINTR, helper_finish(&s->caller));
	EXPECT_ONLY_OTHER(s, &other);
}

TEST_F(episode, waiting_call_goes_on_waiting_after_a_signal_that_restarts)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct stage *s = &self->s;
	struct proxyipc_received other = begin_other(s);

	ASSERT_NE(0ULL, other.out_cap);
	ASSERT_EQ(0, wait_in_line(s));
	ASSERT_EQ(0, helper_signal(&s->caller, SIGUSR2));
	ASSERT_TRUE(eventually(s->caller.page->signals == 1));
	ASSERT_TRUE(eventually(process_waiting(s->t.process) == 1));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, other.out_cap));
	ASSERT_EQ(0, endpoint_recv(s->endpoint, &recv));
	EXPECT_EQ(1ULL, recv.received.out_words[0]);
	EXPECT_EQ(0, endpoint_resume_reply(s->endpoint, recv.received.out_cap,
					   2));
	EXPECT_EQ(0, helper_finish(&s->caller));
	EXPECT_EMPTY(s->endpoint);
	EXPECT_TRUE(after(s));
}

TEST_F(episode, waiting_call_is_withdrawn_when_its_caller_is_killed)
{
	struct stage *s = &self->s;
	struct proxyipc_received other = begin_other(s);

	ASSERT_NE(0ULL, other.out_cap);
	ASSERT_EQ(0, wait_in_line(s));
	ASSERT_EQ(0, helper_kill(&s->caller));
	EXPECT_ONLY_OTHER(s, &other);
}

TEST_F(episode, waiting_call_is_etimedout_at_its_deadline)
{
	struct stage *s = &self->s;
	struct proxyipc_received other = begin_other(s);

	ASSERT_NE(0ULL, other.out_cap);
	ASSERT_EQ(0, wait_in_line_until(s, deadline_ms(1000)));
	EXPECT_EQ(-ETIMEDOUT, helper_finish(&s->caller));
	EXPECT_ONLY_OTHER(s, &other);
}

TEST_F(episode, waiting_call_is_esrch_when_the_target_is_killed)
{
	struct stage *s = &self->s;
	struct proxyipc_received other = begin_other(s);

	ASSERT_NE(0ULL, other.out_cap);
	ASSERT_EQ(0, wait_in_line(s));
	ASSERT_EQ(0, target_kill(&s->t));
	EXPECT_EQ(-ESRCH, helper_finish(&s->caller));
}

TEST_F(episode, waiting_call_is_epipe_when_the_endpoint_closes)
{
	struct stage *s = &self->s;
	struct proxyipc_received other = begin_other(s);

	ASSERT_NE(0ULL, other.out_cap);
	ASSERT_EQ(0, wait_in_line(s));
	close_endpoint(s);
	EXPECT_EQ(-EPIPE, helper_finish(&s->caller));
	EXPECT_TRUE(after(s));
}

TEST_F(episode, waiting_call_is_enotconn_when_the_slot_was_emptied)
{
	struct stage *s = &self->s;
	struct proxyipc_received other = begin_other(s);

	ASSERT_NE(0ULL, other.out_cap);
	ASSERT_EQ(0, wait_in_line(s));
	ASSERT_EQ(0, process_set_receiver(s->t.process, -1));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, other.out_cap));
	EXPECT_EQ(-ENOTCONN, helper_finish(&s->caller));
	EXPECT_TRUE(after(s));
}

TEST_F(episode, waiting_call_begins_when_the_receiver_of_the_other_is_killed)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct stage *s = &self->s;

	ASSERT_EQ(0, entry_send(s->proxy, 50));
	ASSERT_EQ(0, helper_do(&s->receiver, s->receiver_nr,
			       PROXYIPC_IOC_ENDPOINT_RECV, &recv, sizeof(recv)));
	ASSERT_EQ(0, wait_in_line(s));
	ASSERT_EQ(0, helper_kill(&s->receiver));
	ASSERT_EQ(0, endpoint_recv(s->endpoint, &recv));
	EXPECT_EQ(1ULL, recv.received.out_words[0]);
	EXPECT_TRUE(during(s));
	EXPECT_EQ(0, endpoint_resume_reply(s->endpoint, recv.received.out_cap,
					   2));
	EXPECT_EQ(0, helper_finish(&s->caller));
	EXPECT_TRUE(after(s));
}

/*
 * The lease runs out
 */

#define LEASE	NS_PER_S

FIXTURE(short_lease) {
	struct stage s;
};

FIXTURE_SETUP(short_lease)
{
	ASSERT_EQ(0, stage_open(&self->s, true, LEASE));
}

FIXTURE_TEARDOWN(short_lease)
{
	stage_close(&self->s);
}

/* The event about it, as the receiver gets it. */
static struct proxyipc_received receive_event(struct stage *s)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (endpoint_recv(s->endpoint, &recv))
		memset(&recv, 0, sizeof(recv));
	return recv.received;
}

TEST_F(short_lease, end_while_received_is_eownerdead_and_an_event)
{
	struct stage *s = &self->s;
	struct proxyipc_received got = receive_call(s), lapse, want;

	ASSERT_NE(0ULL, got.out_cap);
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&s->caller));
	lapse = receive_event(s);
	want = event(PROXYIPC_EVENT_LEASE_EXPIRED, got.out_token,
		     lapse.out_state);
	EXPECT_RECEIVED(&want, &lapse);
	EXPECT_EMPTY(s->endpoint);
	EXPECT_DEAD(s, &got);
	EXPECT_EQ(-ESTALE, process_resume(s->t.process, got.out_token));
	EXPECT_TRUE(target_counts(&s->t));
	EXPECT_TRUE(next_call_works(s));
}

TEST_F(short_lease, end_while_queued_withdraws_the_message)
{
	struct stage *s = &self->s;
	struct proxyipc_received lapse;

	ASSERT_EQ(0, queue_call(s));
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&s->caller));
	lapse = receive_event(s);
	EXPECT_EQ((__u32)PROXYIPC_KIND_EVENT, lapse.out_kind);
	EXPECT_EQ((__u32)PROXYIPC_EVENT_LEASE_EXPIRED, lapse.out_events);
	EXPECT_EMPTY(s->endpoint);
	EXPECT_TRUE(target_counts(&s->t));
	EXPECT_TRUE(next_call_works(s));
}

TEST_F(short_lease, end_while_another_waits_lets_the_target_run_in_between)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct stage *s = &self->s;
	unsigned int before;

	ASSERT_NE(0ULL, begin_other(s).out_cap);
	ASSERT_EQ(0, wait_in_line(s));
	before = target_counter(&s->t);
	do {
		ASSERT_EQ(0, endpoint_recv(s->endpoint, &recv));
	} while (recv.received.out_kind == PROXYIPC_KIND_EVENT);
	EXPECT_EQ(1ULL, recv.received.out_words[0]);
	EXPECT_NE(before, target_counter(&s->t));
	EXPECT_EQ(0, endpoint_resume_reply(s->endpoint, recv.received.out_cap,
					   3));
	EXPECT_EQ(0, helper_finish(&s->caller));
}

TEST_F(short_lease, event_brings_the_notices_that_nobody_received)
{
	struct stage *s = &self->s;
	struct proxyipc_received lapse;

	ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(s->proxy, 0x50));
	ASSERT_TRUE(eventually(process_holds(s->t.process) == 0));
	lapse = receive_event(s);
	EXPECT_EQ((__u32)PROXYIPC_KIND_EVENT, lapse.out_kind);
	EXPECT_EQ((__u32)PROXYIPC_EVENT_LEASE_EXPIRED, lapse.out_events);
	EXPECT_EQ(0x50ULL, lapse.out_notices);
	EXPECT_EMPTY(s->endpoint);
}

TEST_F(short_lease, event_after_received_notices_brings_none)
{
	struct stage *s = &self->s;
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct proxyipc_received lapse;

	ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(s->proxy, 0x50));
	ASSERT_EQ(0, endpoint_recv(s->endpoint, &recv));
	EXPECT_EQ(0x50ULL, recv.received.out_notices);
	lapse = receive_event(s);
	EXPECT_EQ((__u32)PROXYIPC_EVENT_LEASE_EXPIRED, lapse.out_events);
	EXPECT_EQ(recv.received.out_token, lapse.out_token);
	EXPECT_EQ(0ULL, lapse.out_notices);
	EXPECT_EMPTY(s->endpoint);
}

/* Everybody was told: the target is gone a moment before that. */
static bool has_ended(int process)
{
	char text[1024];

	return !proc_fdinfo(process, text, sizeof(text)) &&
	       proc_field(text, "ended");
}

TEST_F(short_lease, event_tells_of_lapse_and_death_together)
{
	struct stage *s = &self->s;
	struct proxyipc_received got = receive_call(s), both;

	ASSERT_NE(0ULL, got.out_cap);
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&s->caller));
	ASSERT_TRUE(eventually(readable(s->endpoint)));
	ASSERT_EQ(0, target_kill(&s->t));
	ASSERT_TRUE(eventually(has_ended(s->t.process)));
	/* States, never a list. */
	both = receive_event(s);
	EXPECT_EQ((__u32)(PROXYIPC_EVENT_LEASE_EXPIRED |
			  PROXYIPC_EVENT_TARGET_GONE), both.out_events);
	EXPECT_EQ((__u32)PROXYIPC_STATE_GONE, both.out_state);
	EXPECT_EMPTY(s->endpoint);
}

TEST_HARNESS_MAIN
