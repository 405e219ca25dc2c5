// SPDX-License-Identifier: GPL-2.0
/*
 * Several who hold one target: process objects of their own, descriptors of
 * one process object, processes that share a descriptor, and an episode.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <fcntl.h>

#define PAYLOAD		0x5ca1ab1e

FIXTURE(share) {
	struct child target;	/* counts in user mode */
	int process;		/* two objects on it */
	int other;
	int endpoint;		/* receiver of @process */
	int proxy;
	atomic_uint *counter;
};

FIXTURE_SETUP(share)
{
	int entry;

	self->target = child_new(child_spin, -1, -1);
	ASSERT_LT(0, self->target.pid);
	self->counter = &self->target.page->counter[0];
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
	self->other = child_open(&self->target);
	ASSERT_LE(0, self->other);
	self->endpoint = endpoint_new();
	ASSERT_LE(0, self->endpoint);
	entry = entry_new(self->endpoint, PAYLOAD, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_LE(0, entry);
	ASSERT_EQ(0, process_set_receiver(self->process, entry));
	close(entry);
	self->proxy = process_mint(self->process, 0, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_LE(0, self->proxy);
	ASSERT_TRUE(counts(self->counter));
}

FIXTURE_TEARDOWN(share)
{
	child_kill(&self->target);
}

/* Begins an episode and receives its message: its cap, and the token. */
static __u64 begin_episode(int proxy, int endpoint, __u64 *token)
{
	struct proxyipc_endpoint_recv recv = {};

	if (entry_send(proxy, 1) || endpoint_recv(endpoint, &recv))
		return 0;
	*token = recv.received.out_token;
	return recv.received.out_cap;
}

/* Another descriptor of the process object, another open file. */
static int fetch_process(int proxy, int endpoint)
{
	__u64 cap, token;
	int fd;

	cap = begin_episode(proxy, endpoint, &token);
	if (!cap)
		return -EPROTO;
	fd = endpoint_fetch(endpoint, cap);
	return endpoint_resume(endpoint, cap) ?: fd;
}

TEST_F(share, target_runs_when_no_object_holds_it)
{
	__u64 first = 0, second = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &first)));
	ASSERT_TRUE(held_state(process_hold(self->other, &second)));
	EXPECT_EQ(2, process_holds(self->process));
	EXPECT_EQ(2, process_holds(self->other));
	EXPECT_EQ(0, process_resume(self->process, first));
	EXPECT_EQ(1, process_holds(self->process));
	EXPECT_TRUE(held_state(process_state(self->process)));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, process_resume(self->other, second));
	EXPECT_EQ(0, process_holds(self->process));
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(share, order_of_resume_does_not_matter)
{
	__u64 first = 0, second = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &first)));
	ASSERT_TRUE(held_state(process_hold(self->other, &second)));
	EXPECT_EQ(0, process_resume(self->other, second));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, process_resume(self->process, first));
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(share, hold_again_while_another_object_holds)
{
	__u64 mine = 0, theirs = 0;

	ASSERT_TRUE(held_state(process_hold(self->other, &theirs)));
	for (int i = 0; i < 20; i++) {
		ASSERT_TRUE(held_state(process_hold(self->process, &mine)));
		ASSERT_EQ(0, process_resume(self->process, mine));
	}
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, process_resume(self->other, theirs));
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(share, token_of_another_object_is_stale)
{
	__u64 token = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_EQ(-ESTALE, process_resume(self->other, token));
	EXPECT_EQ(1, process_holds(self->process));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, process_resume(self->process, token));
}

TEST_F(share, fetched_descriptor_may_hold_too)
{
	__u64 first = 0, second = 0;
	int fetched;

	fetched = fetch_process(self->proxy, self->endpoint);
	ASSERT_LE(0, fetched);
	ASSERT_TRUE(held_state(process_hold(self->process, &first)));
	ASSERT_TRUE(held_state(process_hold(fetched, &second)));
	EXPECT_NE(first, second);
	EXPECT_EQ(2, process_holds(self->process));
	EXPECT_EQ(0, process_resume(self->process, first));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, process_resume(fetched, second));
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(share, any_descriptor_of_the_object_resumes_by_token)
{
	__u64 token = 0;
	int fetched;

	fetched = fetch_process(self->proxy, self->endpoint);
	ASSERT_LE(0, fetched);
	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_EQ(0, process_resume(fetched, token));
	EXPECT_TRUE(counts(self->counter));
	/* The open file that made it is free to hold again. */
	EXPECT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_EQ(0, process_resume(fetched, token));
}

TEST_F(share, closing_a_fetched_descriptor_leaves_holds_of_others)
{
	__u64 token = 0;
	int fetched;

	fetched = fetch_process(self->proxy, self->endpoint);
	ASSERT_LE(0, fetched);
	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	close(fetched);
	EXPECT_EQ(1, process_holds(self->process));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, process_resume(self->process, token));
}

TEST_F(share, closing_the_open_file_ends_its_hold)
{
	__u64 token = 0;
	int fetched;

	fetched = fetch_process(self->proxy, self->endpoint);
	ASSERT_LE(0, fetched);
	ASSERT_TRUE(held_state(process_hold(fetched, &token)));
	ASSERT_TRUE(stands_still(self->counter));
	close(fetched);
	EXPECT_TRUE(counts(self->counter));
	EXPECT_EQ(0, process_holds(self->process));
	EXPECT_EQ(-ESTALE, process_resume(self->process, token));
}

TEST_F(share, duplicate_is_the_same_open_file)
{
	__u64 token = 0, second = 0;
	int copy;

	copy = dup(self->process);
	ASSERT_LE(0, copy);
	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_EQ(-EBUSY, process_hold(copy, &second));
	close_fd(&self->process);
	EXPECT_EQ(1, process_holds(copy));
	EXPECT_TRUE(stands_still(self->counter));
	close(copy);
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(share, descriptor_passed_on_keeps_the_hold)
{
	struct helper supervisor = helper_new();
	__u64 token = 0;
	int theirs;

	ASSERT_LT(0, supervisor.pid);
	theirs = helper_give(&supervisor, self->other);
	ASSERT_LE(0, theirs);
	ASSERT_TRUE(held_state(process_hold(self->other, &token)));
	close_fd(&self->other);
	EXPECT_EQ(1, process_holds(self->process));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, helper_close(&supervisor, theirs));
	EXPECT_TRUE(counts(self->counter));
	helper_kill(&supervisor);
}

TEST_F(share, death_of_the_holder_ends_its_hold)
{
	struct proxyipc_process_hold hold = { .size = sizeof(hold) };
	struct helper supervisor = helper_new();
	int theirs;

	ASSERT_LT(0, supervisor.pid);
	theirs = helper_give(&supervisor, self->other);
	ASSERT_LE(0, theirs);
	close_fd(&self->other);
	ASSERT_EQ(0, helper_do(&supervisor, theirs, PROXYIPC_IOC_PROCESS_HOLD,
			       &hold, sizeof(hold)));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, helper_kill(&supervisor));
	EXPECT_TRUE(counts(self->counter));
	EXPECT_EQ(0, process_holds(self->process));
}

TEST_F(share, hold_by_hand_outlasts_an_episode)
{
	__u64 token = 0, episode = 0, cap;

	cap = begin_episode(self->proxy, self->endpoint, &episode);
	ASSERT_NE(0, cap);
	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_NE(episode, token);
	EXPECT_EQ(2, process_holds(self->process));
	EXPECT_EQ(0, endpoint_resume(self->endpoint, cap));
	EXPECT_EQ(1, process_holds(self->process));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, process_resume(self->process, token));
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(share, episode_outlasts_a_hold_by_hand)
{
	__u64 token = 0, episode = 0, cap;

	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	cap = begin_episode(self->proxy, self->endpoint, &episode);
	ASSERT_NE(0, cap);
	EXPECT_EQ(0, process_resume(self->process, token));
	EXPECT_EQ(1, process_holds(self->process));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, process_resume(self->process, episode));
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(share, hold_of_one_object_does_not_delay_episode_of_another)
{
	__u64 token = 0, episode = 0, cap;

	ASSERT_TRUE(held_state(process_hold(self->other, &token)));
	ASSERT_TRUE(wait_for_state(self->other, PROXYIPC_STATE_PARKED));
	cap = begin_episode(self->proxy, self->endpoint, &episode);
	ASSERT_NE(0, cap);
	EXPECT_EQ(0, endpoint_resume(self->endpoint, cap));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, process_resume(self->other, token));
	EXPECT_TRUE(counts(self->counter));
}

TEST_HARNESS_MAIN
