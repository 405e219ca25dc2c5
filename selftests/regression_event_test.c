// SPDX-License-Identifier: GPL-2.0
/* Events that were lost: somebody wasn't told how a hold, or its target, ended. */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#define FIRST_PAYLOAD	0x1111
#define SECOND_PAYLOAD	0x2222
#define BITS		0x8000000000000005ULL

/* What stands for nobody, in events. */
#define OVERFLOW_ID	65534

FIXTURE(event) {
	struct child target;	/* counts */
	int process;
	int proxy;
	int first, second;	/* endpoints; the first one's entry is in the slot */
};

static int set_receiver(int process, int endpoint, __u64 payload)
{
	int entry = entry_new(endpoint, payload, PROXYIPC_RIGHT_SEND, 0);
	int ret = process_set_receiver(process, entry);

	close_fd(&entry);
	return ret;
}

FIXTURE_SETUP(event)
{
	self->target = child_new(child_spin, -1, -1);
	ASSERT_LT(0, self->target.pid);
	self->first = endpoint_new();
	ASSERT_LE(0, self->first);
	self->second = endpoint_new();
	ASSERT_LE(0, self->second);
	self->process = -1;
}

FIXTURE_TEARDOWN(event)
{
	child_kill(&self->target);
}

#define START(lease) do {						\
	self->process = process_open(self->target.pid, 0, lease);	\
	ASSERT_LE(0, self->process);					\
	ASSERT_EQ(0, set_receiver(self->process, self->first, FIRST_PAYLOAD)); \
	self->proxy = process_mint(self->process, 0, RIGHTS_ALL, NOTICES_ALL); \
	ASSERT_LE(0, self->proxy);					\
} while (0)

/* The next message of @endpoint is this event, and there is no other. */
#define EXPECT_EVENT(endpoint, ...) do {				\
	struct proxyipc_endpoint_recv got = {};				\
	struct proxyipc_received want = {				\
		.out_kind = PROXYIPC_KIND_EVENT,			\
		.out_sender_uid = OVERFLOW_ID,				\
		.out_sender_gid = OVERFLOW_ID,				\
		__VA_ARGS__						\
	};								\
									\
	ASSERT_EQ(0, endpoint_recv(endpoint, &got));			\
	EXPECT_RECEIVED(&want, &got.received);				\
	EXPECT_EMPTY(endpoint);						\
} while (0)

static bool has_no_episode(int process)
{
	struct proxyipc_process_info info = {};

	return !process_info(process, &info) &&
	       info.out_episode == PROXYIPC_EPISODE_NONE;
}

/*
 * With an episode in progress only its own receiver was told that the target was
 * gone, and one that was put into the slot meanwhile waited for ever.
 */
#define END_AND_EXPECT_BOTH_TOLD(token) do {				\
	ASSERT_EQ(0, set_receiver(self->process, self->second, SECOND_PAYLOAD)); \
	ASSERT_TRUE(killed_by(child_kill(&self->target), SIGKILL));	\
	/* Until a work item gets to it the message can still be received. */ \
	ASSERT_TRUE(eventually(has_no_episode(self->process)));		\
	EXPECT_EVENT(self->first,					\
		     .out_events = PROXYIPC_EVENT_TARGET_GONE,		\
		     .out_state = PROXYIPC_STATE_GONE,			\
		     .out_payload = FIRST_PAYLOAD,		\
		     .out_token = (token));				\
	EXPECT_EVENT(self->second,					\
		     .out_events = PROXYIPC_EVENT_TARGET_GONE,		\
		     .out_state = PROXYIPC_STATE_GONE,			\
		     .out_payload = SECOND_PAYLOAD);		\
} while (0)

TEST_F(event, target_gone_reaches_the_episode_s_receiver_and_that_in_the_slot)
{
	struct proxyipc_endpoint_recv recv = {};

	START(0);
	ASSERT_EQ(0, entry_send(self->proxy, 1));
	ASSERT_EQ(0, endpoint_recv(self->first, &recv));
	END_AND_EXPECT_BOTH_TOLD(recv.received.out_token);
}

TEST_F(event, target_gone_reaches_both_though_the_message_was_not_received)
{
	struct proxyipc_process_info info = {};

	START(0);
	ASSERT_EQ(0, entry_send(self->proxy, 1));
	ASSERT_EQ(0, process_info(self->process, &info));
	ASSERT_EQ(PROXYIPC_EPISODE_DELIVERED, info.out_episode);
	END_AND_EXPECT_BOTH_TOLD(info.out_token);
}

TEST_F(event, target_gone_is_told_once_to_who_is_both)
{
	struct proxyipc_endpoint_recv recv = {};

	START(0);
	ASSERT_EQ(0, entry_send(self->proxy, 1));
	ASSERT_EQ(0, endpoint_recv(self->first, &recv));
	ASSERT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_EVENT(self->first,
		     .out_events = PROXYIPC_EVENT_TARGET_GONE,
		     .out_state = PROXYIPC_STATE_GONE,
		     .out_payload = FIRST_PAYLOAD,
		     .out_token = recv.received.out_token);
}

/* One that came when the target was gone would never have been told. */
TEST_F(event, target_gone_refuses_another_receiver)
{
	START(0);
	ASSERT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_EVENT(self->first,
		     .out_events = PROXYIPC_EVENT_TARGET_GONE,
		     .out_state = PROXYIPC_STATE_GONE,
		     .out_payload = FIRST_PAYLOAD);
	EXPECT_EQ(-ESRCH, set_receiver(self->process, self->second, SECOND_PAYLOAD));
	EXPECT_EMPTY(self->second);
}

/*
 * Notices that nobody had received when the lease ended went with the message that
 * was withdrawn: NOTIFY had promised that they would be seen.
 */
TEST_F(event, lease_expired_brings_the_notices_that_were_not_received)
{
	struct proxyipc_process_info info = {};

	START(200 * NS_PER_MS);
	ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(self->proxy, BITS));
	ASSERT_EQ(0, process_info(self->process, &info));
	ASSERT_EQ(PROXYIPC_EPISODE_DELIVERED, info.out_episode);
	ASSERT_TRUE(wait_for_holds(self->process, 0));
	EXPECT_EVENT(self->first,
		     .out_events = PROXYIPC_EVENT_LEASE_EXPIRED,
		     .out_payload = FIRST_PAYLOAD,
		     .out_token = info.out_token,
		     .out_notices = BITS);
}

TEST_F(event, lease_expired_does_not_repeat_the_notices_that_were_received)
{
	struct proxyipc_endpoint_recv recv = {};

	START(200 * NS_PER_MS);
	ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(self->proxy, BITS));
	ASSERT_EQ(0, endpoint_recv(self->first, &recv));
	ASSERT_EQ(BITS, recv.received.out_notices);
	ASSERT_TRUE(wait_for_holds(self->process, 0));
	EXPECT_EVENT(self->first,
		     .out_events = PROXYIPC_EVENT_LEASE_EXPIRED,
		     .out_payload = FIRST_PAYLOAD,
		     .out_token = recv.received.out_token);
}

TEST_HARNESS_MAIN
