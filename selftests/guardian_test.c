// SPDX-License-Identifier: GPL-2.0
/*
 * What becomes of an episode when its receiver dies, or its lease runs out: the guardian
 * takes it over, or the target is resumed or killed. The caller gets its one result in
 * every case.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"
#include "proxy_stage.h"

#define GUARDIAN_PAYLOAD	0x3333ULL
#define LEASE_NS		(300 * NS_PER_MS * slowness())

#define RESUME	PROXYIPC_POLICY_RESUME
#define KILL	PROXYIPC_POLICY_KILL

FIXTURE(guardian) {
	struct proxy_stage s;
	struct helper receiver;	/* can be killed */
	int nr;			/* its number of the stage's endpoint */
	int endpoint;		/* the guardian's */
	int entry;
};

FIXTURE_SETUP(guardian)
{
	ASSERT_EQ(0, proxy_stage_open(&self->s));
	self->receiver = helper_new();
	self->nr = helper_give(&self->receiver, self->s.endpoint);
	ASSERT_LE(0, self->nr);
	self->endpoint = endpoint_new();
	self->entry = entry_new(self->endpoint, GUARDIAN_PAYLOAD, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_EQ(0, process_set_policy(self->s.t.process, self->entry, RESUME, RESUME));
}

FIXTURE_TEARDOWN(guardian)
{
	helper_kill(&self->receiver);
	proxy_stage_close(&self->s);
	close_fd(&self->entry);
	close_fd(&self->endpoint);
}

/* The receiver has the oldest message; what it got. */
static struct proxyipc_received received_elsewhere(struct _test_data_guardian *self)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };

	if (helper_do(&self->receiver, self->nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
		      sizeof(recv)))
		return (struct proxyipc_received) { .out_cap = 0 };
	return self->receiver.page->arg.recv.received;
}

/* A call of the stage's helper, which the receiver has. */
static struct proxyipc_received call_elsewhere(struct _test_data_guardian *self)
{
	if (helper_call(&self->s.h, self->s.nr, 1))
		return (struct proxyipc_received) { .out_cap = 0 };
	return received_elsewhere(self);
}

/* It isn't in anybody's hands any more, though the test can still receive there. */
static int receiver_dies(struct _test_data_guardian *self)
{
	return helper_kill(&self->receiver);
}

/* What the guardian gets is what the receiver got, but for the names of its own. */
#define EXPECT_TAKEN_OVER(first_, got_)					\
do {									\
	struct proxyipc_received want_ = *(first_);			\
									\
	EXPECT_NE(0ULL, (got_)->out_cap);				\
	EXPECT_TRUE(held_state((got_)->out_state));			\
	want_.out_cap = (got_)->out_cap;				\
	want_.out_state = (got_)->out_state;				\
	want_.out_payload = GUARDIAN_PAYLOAD;				\
	want_.out_flags |= PROXYIPC_RECEIVED_REDELIVERED;		\
	EXPECT_RECEIVED(&want_, got_);					\
} while (0)

/*
 * The guardian takes over
 */

TEST_F(guardian, gets_the_call_whose_receiver_was_killed_and_answers_it)
{
	struct proxyipc_received first = call_elsewhere(self), got;

	ASSERT_NE(0ULL, first.out_cap);
	ASSERT_EQ(0, receiver_dies(self));
	got = receive(self->endpoint);
	EXPECT_TAKEN_OVER(&first, &got);
	EXPECT_TRUE(stands_held(&self->s));
	EXPECT_FALSE(helper_done(&self->s.h));
	EXPECT_EQ(0, endpoint_resume_reply(self->endpoint, got.out_cap, 9));
	EXPECT_EQ(0, helper_finish(&self->s.h));
	EXPECT_ANSWER(9, &self->s.h.page->arg.call.reply);
	EXPECT_TRUE(runs_free(&self->s));
	EXPECT_EMPTY(self->endpoint);
	EXPECT_EMPTY(self->s.endpoint);
}

TEST_F(guardian, gets_the_call_whose_endpoint_closed_before_anybody_received)
{
	struct proxyipc_received got;

	ASSERT_EQ(0, helper_call(&self->s.h, self->s.nr, 1));
	ASSERT_TRUE(wait_for_episode(self->s.t.process, PROXYIPC_EPISODE_DELIVERED));
	ASSERT_EQ(0, receiver_dies(self));
	close_fd(&self->s.endpoint);
	got = receive(self->endpoint);
	EXPECT_EQ((__u32)PROXYIPC_KIND_CALL, got.out_kind);
	EXPECT_EQ((__u32)(PROXYIPC_RECEIVED_PROXIED | PROXYIPC_RECEIVED_REDELIVERED),
		  got.out_flags);
	EXPECT_EQ(1ULL, got.out_words[0]);
	EXPECT_TRUE(stands_held(&self->s));
	EXPECT_EQ(0, endpoint_resume_reply(self->endpoint, got.out_cap, 9));
	EXPECT_EQ(0, helper_finish(&self->s.h));
	EXPECT_TRUE(runs_free(&self->s));
}

TEST_F(guardian, gets_the_call_whose_receiver_closed_its_endpoint)
{
	struct proxyipc_received first = call_elsewhere(self), got;

	ASSERT_NE(0ULL, first.out_cap);
	close_fd(&self->s.endpoint);
	ASSERT_EQ(0, helper_close(&self->receiver, self->nr));
	got = receive(self->endpoint);
	EXPECT_TAKEN_OVER(&first, &got);
	EXPECT_EQ(0, endpoint_resume_reply(self->endpoint, got.out_cap, 9));
	EXPECT_EQ(0, helper_finish(&self->s.h));
	EXPECT_TRUE(runs_free(&self->s));
}

TEST_F(guardian, gets_a_message_that_was_sent)
{
	struct proxyipc_received first, got;

	ASSERT_EQ(0, entry_send(self->s.proxy, 5));
	first = received_elsewhere(self);
	ASSERT_EQ(5ULL, first.out_words[0]);
	ASSERT_EQ(0, receiver_dies(self));
	got = receive(self->endpoint);
	EXPECT_TAKEN_OVER(&first, &got);
	EXPECT_TRUE(stands_held(&self->s));
	EXPECT_EQ(0, endpoint_resume(self->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(&self->s));
}

TEST_F(guardian, gets_the_notices)
{
	struct proxyipc_received first, got;

	ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(self->s.proxy, 6));
	first = received_elsewhere(self);
	ASSERT_EQ(6ULL, first.out_notices);
	ASSERT_EQ(0, receiver_dies(self));
	got = receive(self->endpoint);
	EXPECT_TAKEN_OVER(&first, &got);
	EXPECT_EQ(0, endpoint_resume(self->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(&self->s));
}

/* Other holders of the endpoint may be guardians: those who live on. */
TEST_F(guardian, may_receive_where_the_dead_one_did)
{
	struct proxyipc_received first, got;

	ASSERT_EQ(0, process_set_policy(self->s.t.process, self->s.entry, RESUME, RESUME));
	first = call_elsewhere(self);
	ASSERT_NE(0ULL, first.out_cap);
	ASSERT_EQ(0, receiver_dies(self));
	got = receive(self->s.endpoint);
	EXPECT_EQ(first.out_token, got.out_token);
	EXPECT_EQ((__u32)(PROXYIPC_RECEIVED_PROXIED | PROXYIPC_RECEIVED_REDELIVERED),
		  got.out_flags);
	EXPECT_EQ(-ESTALE, endpoint_resume(self->s.endpoint, first.out_cap));
	EXPECT_EQ(0, endpoint_resume_reply(self->s.endpoint, got.out_cap, 9));
	EXPECT_EQ(0, helper_finish(&self->s.h));
	EXPECT_TRUE(runs_free(&self->s));
}

TEST_F(guardian, makes_the_dead_receivers_cap_stale_and_leaves_the_token_good)
{
	struct proxyipc_received first = call_elsewhere(self), got;

	ASSERT_NE(0ULL, first.out_cap);
	ASSERT_EQ(0, receiver_dies(self));
	ASSERT_TRUE(eventually(readable(self->endpoint)));
	EXPECT_EQ(-ESTALE, endpoint_resume(self->s.endpoint, first.out_cap));
	EXPECT_EQ(-ESTALE, endpoint_reply(self->s.endpoint, first.out_cap, 1));
	EXPECT_EQ(-ESTALE, process_reply(self->s.t.process, first.out_token, 1));
	got = receive(self->endpoint);
	EXPECT_EQ(0, process_reply(self->s.t.process, got.out_token, 8));
	EXPECT_EQ(0, helper_finish(&self->s.h));
	EXPECT_EQ(0, process_resume(self->s.t.process, first.out_token));
	EXPECT_TRUE(runs_free(&self->s));
}

/* A receive that fails to copy out loses nothing, here as elsewhere. */
TEST_F(guardian, that_cannot_copy_out_gets_it_again)
{
	struct proxyipc_received first = call_elsewhere(self), got;

	ASSERT_NE(0ULL, first.out_cap);
	ASSERT_EQ(0, receiver_dies(self));
	ASSERT_TRUE(eventually(readable(self->endpoint)));
	EXPECT_EQ(-EFAULT, endpoint_recv_readonly(self->endpoint));
	got = receive(self->endpoint);
	EXPECT_TAKEN_OVER(&first, &got);
	EXPECT_EQ(0, endpoint_resume_reply(self->endpoint, got.out_cap, 9));
	EXPECT_EQ(0, helper_finish(&self->s.h));
}

TEST_F(guardian, finds_the_reply_slot_empty_if_the_dead_one_had_answered)
{
	struct proxyipc_received first = call_elsewhere(self), got;
	struct proxyipc_endpoint_reply reply = {
		.size = sizeof(reply),
		.cap = first.out_cap,
		.message.words[0] = 4,
	};

	ASSERT_NE(0ULL, first.out_cap);
	ASSERT_EQ(0, helper_do(&self->receiver, self->nr, PROXYIPC_IOC_ENDPOINT_REPLY,
			       &reply, sizeof(reply)));
	EXPECT_EQ(0, helper_finish(&self->s.h));
	EXPECT_ANSWER(4, &self->s.h.page->arg.call.reply);
	ASSERT_EQ(0, receiver_dies(self));
	got = receive(self->endpoint);
	EXPECT_TAKEN_OVER(&first, &got);
	EXPECT_EQ(-ESRCH, endpoint_reply(self->endpoint, got.out_cap, 5));
	EXPECT_EQ(0, endpoint_resume(self->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(&self->s));
}

/* The right to answer went its own way, and the message is still told. */
TEST_F(guardian, finds_the_reply_slot_empty_if_it_was_fetched)
{
	struct proxyipc_received first = call_elsewhere(self), got;
	int reply;

	ASSERT_NE(0ULL, first.out_cap);
	reply = process_fetch_reply(self->s.t.process, first.out_token);
	ASSERT_LE(0, reply);
	ASSERT_EQ(0, receiver_dies(self));
	got = receive(self->endpoint);
	EXPECT_TAKEN_OVER(&first, &got);
	EXPECT_EQ(-ESRCH, endpoint_reply(self->endpoint, got.out_cap, 5));
	EXPECT_EQ(0, endpoint_resume(self->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(&self->s));
	EXPECT_FALSE(helper_done(&self->s.h));
	EXPECT_EQ(0, reply_send(reply, 7));
	EXPECT_EQ(0, helper_finish(&self->s.h));
	EXPECT_ANSWER(7, &self->s.h.page->arg.call.reply);
	close_fd(&reply);
}

TEST_F(guardian, goes_before_those_who_wait_for_their_turn)
{
	struct proxyipc_received first, got;

	ASSERT_EQ(0, entry_send(self->s.proxy, 5));
	first = received_elsewhere(self);
	ASSERT_EQ(5ULL, first.out_words[0]);
	ASSERT_EQ(0, helper_call(&self->s.h, self->s.nr, 6));
	ASSERT_EQ(1, process_waiting(self->s.t.process));
	ASSERT_EQ(0, receiver_dies(self));
	got = receive(self->endpoint);
	EXPECT_TAKEN_OVER(&first, &got);
	EXPECT_EMPTY(self->s.endpoint);
	EXPECT_EQ(0, endpoint_resume(self->endpoint, got.out_cap));
	/* The next one goes to the receiver slot as ever. */
	got = receive(self->s.endpoint);
	EXPECT_EQ(6ULL, got.out_words[0]);
	EXPECT_EQ((__u32)PROXYIPC_RECEIVED_PROXIED, got.out_flags);
	EXPECT_EQ(0, endpoint_resume_reply(self->s.endpoint, got.out_cap, 9));
	EXPECT_EQ(0, helper_finish(&self->s.h));
	EXPECT_TRUE(runs_free(&self->s));
	EXPECT_EMPTY(self->endpoint);
}

/* Somebody had received it: a signal is no business of the call any more. */
TEST_F(guardian, answers_a_caller_that_got_a_signal_meanwhile)
{
	struct proxyipc_received first = call_elsewhere(self), got;

	ASSERT_NE(0ULL, first.out_cap);
	ASSERT_EQ(0, receiver_dies(self));
	ASSERT_TRUE(eventually(readable(self->endpoint)));
	ASSERT_EQ(0, helper_signal(&self->s.h, SIGUSR1));
	got = receive(self->endpoint);
	EXPECT_TAKEN_OVER(&first, &got);
	EXPECT_EQ(0, endpoint_resume_reply(self->endpoint, got.out_cap, 9));
	EXPECT_EQ(0, helper_finish(&self->s.h));
}

TEST_F(guardian, gets_nothing_of_a_call_that_was_taken_back_before_anybody_received)
{
	ASSERT_EQ(0, helper_call(&self->s.h, self->s.nr, 1));
	ASSERT_TRUE(wait_for_episode(self->s.t.process, PROXYIPC_EPISODE_DELIVERED));
	ASSERT_EQ(0, receiver_dies(self));
	close_fd(&self->s.endpoint);
	ASSERT_TRUE(readable(self->endpoint));
	ASSERT_EQ(0, helper_signal(&self->s.h, SIGUSR1));
	EXPECT_EQ(-EINTR, helper_finish(&self->s.h));
	EXPECT_EMPTY(self->endpoint);
	EXPECT_TRUE(runs_free(&self->s));
}

TEST_F(guardian, has_no_more_time_than_the_lease_leaves)
{
	struct target t = target_spin_lease(LEASE_NS);
	int proxy = process_mint(t.process, PROXY_PAYLOAD, RIGHTS_ALL, NOTICES_ALL);
	struct proxyipc_process_info before, after;
	struct proxyipc_received got;

	ASSERT_LE(0, proxy);
	ASSERT_EQ(0, process_set_receiver(t.process, self->s.entry));
	ASSERT_EQ(0, process_set_policy(t.process, self->entry, RESUME, RESUME));
	ASSERT_EQ(0, entry_send(proxy, 5));
	got = received_elsewhere(self);
	ASSERT_EQ(5ULL, got.out_words[0]);
	ASSERT_EQ(0, process_info(t.process, &before));
	ASSERT_EQ(0, receiver_dies(self));
	got = receive(self->endpoint);
	/* It may be over by now, on a slow machine; then the event says so. */
	if (!got.out_events) {
		ASSERT_EQ(0, process_info(t.process, &after));
		if (after.out_token)
			EXPECT_EQ(before.out_lease_end, after.out_lease_end);
		got = receive(self->endpoint);
	}
	EXPECT_EQ((__u32)PROXYIPC_EVENT_LEASE_EXPIRED, got.out_events);
	EXPECT_EQ(before.out_token, got.out_token);
	EXPECT_LE(before.out_lease_end, now_ns());
	EXPECT_TRUE(target_counts(&t));
	target_kill(&t);
	close_fd(&t.process);
	close_fd(&proxy);
}

/*
 * There is no guardian, or no more
 */

TEST_F(guardian, that_dies_too_leaves_the_caller_eownerdead_and_the_target_running)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct proxyipc_received first = call_elsewhere(self);
	struct helper second = helper_new();
	int nr = helper_give(&second, self->endpoint);

	ASSERT_NE(0ULL, first.out_cap);
	ASSERT_LE(0, nr);
	ASSERT_EQ(0, receiver_dies(self));
	ASSERT_EQ(0, helper_do(&second, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
			       sizeof(recv)));
	EXPECT_EQ(first.out_token, second.page->arg.recv.received.out_token);
	EXPECT_TRUE(stands_held(&self->s));
	ASSERT_EQ(0, helper_kill(&second));
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&self->s.h));
	EXPECT_TRUE(eventually(process_holds(self->s.t.process) == 0));
	EXPECT_TRUE(runs_free(&self->s));
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(guardian, that_closes_without_receiving_leaves_the_caller_eownerdead)
{
	struct proxyipc_received first = call_elsewhere(self);

	ASSERT_NE(0ULL, first.out_cap);
	ASSERT_EQ(0, receiver_dies(self));
	ASSERT_TRUE(eventually(readable(self->endpoint)));
	EXPECT_TRUE(stands_held(&self->s));
	close_fd(&self->endpoint);
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&self->s.h));
	EXPECT_TRUE(runs_free(&self->s));
}

TEST_F(guardian, that_closes_leaves_epipe_if_nobody_ever_received)
{
	ASSERT_EQ(0, helper_call(&self->s.h, self->s.nr, 1));
	ASSERT_TRUE(wait_for_episode(self->s.t.process, PROXYIPC_EPISODE_DELIVERED));
	ASSERT_EQ(0, receiver_dies(self));
	close_fd(&self->s.endpoint);
	EXPECT_TRUE(stands_held(&self->s));
	close_fd(&self->endpoint);
	EXPECT_EQ(-EPIPE, helper_finish(&self->s.h));
	EXPECT_TRUE(runs_free(&self->s));
}

TEST_F(guardian, that_is_gone_already_is_none)
{
	struct proxyipc_received first = call_elsewhere(self);

	ASSERT_NE(0ULL, first.out_cap);
	close_fd(&self->endpoint);
	ASSERT_EQ(0, receiver_dies(self));
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&self->s.h));
	EXPECT_TRUE(eventually(process_holds(self->s.t.process) == 0));
	EXPECT_TRUE(runs_free(&self->s));
}

TEST_F(guardian, can_be_taken_away_while_the_receiver_has_the_call)
{
	struct proxyipc_received first = call_elsewhere(self);

	ASSERT_NE(0ULL, first.out_cap);
	ASSERT_EQ(0, process_set_policy(self->s.t.process, -1, RESUME, RESUME));
	ASSERT_EQ(0, receiver_dies(self));
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&self->s.h));
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(guardian, that_has_the_call_keeps_it_when_its_slot_is_emptied)
{
	struct proxyipc_received first = call_elsewhere(self), got;

	ASSERT_NE(0ULL, first.out_cap);
	ASSERT_EQ(0, receiver_dies(self));
	got = receive(self->endpoint);
	ASSERT_EQ(0, process_set_policy(self->s.t.process, -1, RESUME, RESUME));
	EXPECT_TRUE(stands_held(&self->s));
	EXPECT_EQ(0, endpoint_resume_reply(self->endpoint, got.out_cap, 9));
	EXPECT_EQ(0, helper_finish(&self->s.h));
	EXPECT_TRUE(runs_free(&self->s));
}

TEST_F(guardian, that_has_the_call_is_told_that_the_target_is_gone)
{
	struct proxyipc_received first = call_elsewhere(self), got;

	ASSERT_NE(0ULL, first.out_cap);
	ASSERT_EQ(0, receiver_dies(self));
	got = receive(self->endpoint);
	ASSERT_EQ(first.out_token, got.out_token);
	ASSERT_EQ(0, target_kill(&self->s.t));
	EXPECT_EQ(-ESRCH, helper_finish(&self->s.h));
	got = receive(self->endpoint);
	EXPECT_EQ((__u32)PROXYIPC_EVENT_TARGET_GONE, got.out_events);
	/* And who is in the receiver slot. */
	got = receive(self->s.endpoint);
	EXPECT_EQ((__u32)PROXYIPC_EVENT_TARGET_GONE, got.out_events);
}

/*
 * Kill
 */

/* It is killed as it stands: not one instruction more. */
#define EXPECT_KILLED_AT(count_, t_)					\
do {									\
	EXPECT_TRUE(wait_for_state((t_)->process, PROXYIPC_STATE_GONE));	\
	EXPECT_EQ(count_, target_counter(t_));				\
} while (0)

TEST_F(guardian, policy_kills_the_target_of_a_receiver_that_dies)
{
	struct proxyipc_received first;
	unsigned int count;

	ASSERT_EQ(0, process_set_policy(self->s.t.process, -1, KILL, RESUME));
	first = call_elsewhere(self);
	ASSERT_NE(0ULL, first.out_cap);
	count = target_counter(&self->s.t);
	ASSERT_EQ(0, receiver_dies(self));
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&self->s.h));
	EXPECT_KILLED_AT(count, &self->s.t);
}

TEST_F(guardian, policy_kills_only_when_the_guardian_is_gone_too)
{
	struct proxyipc_received first;
	unsigned int count;

	ASSERT_EQ(0, process_set_policy(self->s.t.process, self->entry, KILL, RESUME));
	first = call_elsewhere(self);
	ASSERT_NE(0ULL, first.out_cap);
	count = target_counter(&self->s.t);
	ASSERT_EQ(0, receiver_dies(self));
	ASSERT_TRUE(eventually(readable(self->endpoint)));
	EXPECT_TRUE(stands_held(&self->s));
	close_fd(&self->endpoint);
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&self->s.h));
	EXPECT_KILLED_AT(count, &self->s.t);
}

TEST_F(guardian, policy_kills_the_target_whose_lease_ran_out)
{
	struct target t = target_spin_lease(LEASE_NS);
	int proxy = process_mint(t.process, 0, RIGHTS_ALL, 0);
	struct proxyipc_received got;
	unsigned int count;

	ASSERT_LE(0, proxy);
	ASSERT_EQ(0, process_set_receiver(t.process, self->s.entry));
	ASSERT_EQ(0, process_set_policy(t.process, -1, RESUME, KILL));
	ASSERT_EQ(0, entry_send(proxy, 5));
	count = target_counter(&t);
	EXPECT_KILLED_AT(count, &t);
	got = receive(self->s.endpoint);
	if (!got.out_events)	/* the message itself, in time */
		got = receive(self->s.endpoint);
	EXPECT_TRUE(got.out_events & PROXYIPC_EVENT_LEASE_EXPIRED);
	target_kill(&t);
	close_fd(&t.process);
	close_fd(&proxy);
}

TEST_F(guardian, policy_that_kills_at_the_lease_leaves_a_resumed_target_alone)
{
	struct proxyipc_received got;

	ASSERT_EQ(0, process_set_policy(self->s.t.process, -1, KILL, KILL));
	got = proxied_send(&self->s, 5);
	ASSERT_NE(0ULL, got.out_cap);
	EXPECT_EQ(0, endpoint_resume(self->s.endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(&self->s));
	/* Its receiver dies, but has nothing of its any more. */
	ASSERT_EQ(0, receiver_dies(self));
	close_fd(&self->s.endpoint);
	EXPECT_TRUE(target_counts(&self->s.t));
}

struct policy_words {
	int process;
	__u32 receiver_death;
};

static struct policy_words next_policy;

static void set_policy_as_user(struct child_page *page)
{
	struct who bob = plain_user(1001);

	page->error = become(&bob);
	page->result = process_set_policy(next_policy.process, -1,
					  next_policy.receiver_death, RESUME);
	page->phase = 1;
}

static int set_policy_by_user(int process, __u32 receiver_death)
{
	struct child c;

	next_policy = (struct policy_words) { process, receiver_death };
	c = child_new(set_policy_as_user, -1, process);
	if (c.pid < 0 || !exited_with(child_ends(&c), 0) || !c.page->phase || c.page->error)
		return -EINPROGRESS;
	return c.page->result;
}

/* Who holds the descriptor may hold the target. To kill it takes more. */
TEST_F(guardian, policy_kill_takes_the_right_to_kill)
{
	struct who alice = plain_user(1000);
	struct child c = child_spin_as(&alice);
	int process;

	ASSERT_LT(0, c.pid);
	process = process_open(c.pid, 0, 0);
	ASSERT_LE(0, process);
	EXPECT_EQ(-EPERM, set_policy_by_user(process, KILL));
	EXPECT_EQ(0, set_policy_by_user(process, RESUME));
	EXPECT_EQ(0, process_set_policy(process, -1, KILL, KILL));
	/* The target agreed to it by opening itself, whoever sets it. */
	EXPECT_EQ(0, set_policy_by_user(self->s.t.process, KILL));
	close_fd(&process);
	child_kill(&c);
}

static __u64 next_token;

static void kill_as_user(struct child_page *page)
{
	struct who bob = plain_user(1001);

	page->error = become(&bob);
	page->result = process_resume_flags(next_policy.process, next_token,
					    PROXYIPC_RESUME_KILL);
	page->phase = 1;
}

static int kill_by_user(int process, __u64 token)
{
	struct child c;

	next_policy.process = process;
	next_token = token;
	c = child_new(kill_as_user, -1, process);
	if (c.pid < 0 || !exited_with(child_ends(&c), 0) || !c.page->phase || c.page->error)
		return -EINPROGRESS;
	return c.page->result;
}

/* The same of a resume that kills, of a hold by hand and of an episode. */
TEST_F(guardian, resume_that_kills_takes_the_right_to_kill)
{
	struct who alice = plain_user(1000);
	struct child c = child_spin_as(&alice);
	int process, proxy;
	__u64 token;

	ASSERT_LT(0, c.pid);
	process = process_open(c.pid, 0, 0);
	ASSERT_LE(0, process);
	ASSERT_TRUE(held_state(process_hold(process, &token)));
	EXPECT_EQ(-EPERM, kill_by_user(process, token));
	EXPECT_EQ(0, process_resume(process, token));
	ASSERT_EQ(0, process_set_receiver(process, self->s.entry));
	proxy = process_mint(process, 0, RIGHTS_ALL, 0);
	ASSERT_LE(0, proxy);
	ASSERT_EQ(0, entry_send(proxy, 1));
	token = receive(self->s.endpoint).out_token;
	EXPECT_EQ(-EPERM, kill_by_user(process, token));
	/* Nothing was changed. */
	EXPECT_EQ(0, process_resume_flags(process, token, PROXYIPC_RESUME_KILL));
	EXPECT_TRUE(wait_for_state(process, PROXYIPC_STATE_GONE));
	close_fd(&proxy);
	close_fd(&process);
	child_kill(&c);
}

/*
 * SET_POLICY
 */

TEST_F(guardian, policy_that_is_unknown_is_einval)
{
	EXPECT_EQ(-EINVAL, process_set_policy(self->s.t.process, -1, KILL + 1, RESUME));
	EXPECT_EQ(-EINVAL, process_set_policy(self->s.t.process, -1, RESUME, KILL + 1));
	EXPECT_EQ(-EINVAL, process_set_policy(self->s.t.process, -2, RESUME, RESUME));
}

TEST_F(guardian, must_be_a_plain_entry_that_may_be_sent_to)
{
	int weak = entry_new(self->endpoint, 0, PROXYIPC_RIGHT_CALL, 0), closed = dup(2);

	ASSERT_LE(0, weak);
	ASSERT_LE(0, closed);
	close(closed);
	EXPECT_EQ(-EACCES, process_set_policy(self->s.t.process, weak, RESUME, RESUME));
	EXPECT_EQ(-EBADF, process_set_policy(self->s.t.process, closed, RESUME, RESUME));
	EXPECT_EQ(-EINVAL, process_set_policy(self->s.t.process, self->s.proxy, RESUME,
					      RESUME));
	EXPECT_EQ(-EINVAL, process_set_policy(self->s.t.process, self->endpoint, RESUME,
					      RESUME));
	close_fd(&weak);
}

TEST_F(guardian, that_is_gone_is_epipe)
{
	close_fd(&self->endpoint);
	EXPECT_EQ(-EPIPE, process_set_policy(self->s.t.process, self->entry, RESUME,
					     RESUME));
}

TEST_F(guardian, that_is_the_target_itself_is_edeadlk)
{
	int process = process_open(0, 0, 0);

	ASSERT_LE(0, process);
	EXPECT_EQ(-EDEADLK, process_set_policy(process, self->entry, RESUME, RESUME));
	EXPECT_EQ(0, process_set_policy(process, -1, RESUME, RESUME));
	close_fd(&process);
}

TEST_F(guardian, of_a_target_that_is_gone_is_esrch)
{
	ASSERT_EQ(0, target_kill(&self->s.t));
	ASSERT_TRUE(wait_for_state(self->s.t.process, PROXYIPC_STATE_GONE));
	EXPECT_EQ(-ESRCH, process_set_policy(self->s.t.process, self->entry, RESUME,
					     RESUME));
}

/* A command that fails leaves what was set before. */
TEST_F(guardian, stays_when_another_is_refused)
{
	struct proxyipc_received first, got;

	ASSERT_EQ(-EINVAL, process_set_policy(self->s.t.process, -1, KILL + 1, RESUME));
	ASSERT_EQ(-EINVAL, process_set_policy(self->s.t.process, self->s.proxy, RESUME,
					      RESUME));
	first = call_elsewhere(self);
	ASSERT_NE(0ULL, first.out_cap);
	ASSERT_EQ(0, receiver_dies(self));
	got = receive(self->endpoint);
	EXPECT_TAKEN_OVER(&first, &got);
	EXPECT_EQ(0, endpoint_resume_reply(self->endpoint, got.out_cap, 9));
	EXPECT_EQ(0, helper_finish(&self->s.h));
}

TEST_HARNESS_MAIN
