// SPDX-License-Identifier: GPL-2.0
/*
 * Order: what is received first, who gets room first, and that nothing arrives
 * twice or not at all, whoever sends and receives at the same time.
 */
#include <pthread.h>

#include "proxyipc_test.h"

#define SENDERS		3

FIXTURE(order) {
	int endpoint;			/* queue limit 4 */
	int entry;
	struct helper h[SENDERS];
	int nr[SENDERS];		/* their numbers of the entry */
};

FIXTURE_SETUP(order)
{
	int i;

	self->endpoint = endpoint_new_limit(4);
	ASSERT_LE(0, self->endpoint);
	self->entry = entry_new(self->endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->entry);
	for (i = 0; i < SENDERS; i++) {
		self->h[i] = helper_new();
		ASSERT_LT(0, self->h[i].pid);
		self->nr[i] = helper_give(&self->h[i], self->entry);
		ASSERT_LE(0, self->nr[i]);
	}
}

FIXTURE_TEARDOWN(order)
{
	int i;

	for (i = 0; i < SENDERS; i++)
		helper_kill(&self->h[i]);
	close_fd(&self->entry);
	close_fd(&self->endpoint);
}

static int send_and_sleep(struct helper *h, int nr, __u64 word)
{
	struct proxyipc_entry_send send = {
		.size = sizeof(send),
		.message.words[0] = word,
	};
	int ret;

	ret = helper_start(h, nr, PROXYIPC_IOC_ENTRY_SEND, &send, sizeof(send));
	return ret ?: eventually(helper_asleep(h)) ? 0 : -EINPROGRESS;
}

static __u64 recv_word(struct _test_data_order *self)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (endpoint_recv(self->endpoint, &recv))
		return POISON64;
	return recv.received.out_words[0];
}

TEST_F(order, sends_are_received_in_the_order_sent)
{
	__u64 i, sent = 0;

	for (i = 0; i < 100; i++) {
		while (sent < i + 4)
			ASSERT_EQ(0, entry_send_now(self->entry, sent++));
		ASSERT_EQ(i, recv_word(self));
	}
}

TEST_F(order, calls_are_received_in_the_order_made)
{
	__u64 i;

	for (i = 0; i < SENDERS; i++)
		ASSERT_EQ(0, helper_call(&self->h[i], self->nr[i], i + 10));
	for (i = 0; i < SENDERS; i++)
		EXPECT_EQ(i + 10, recv_word(self));
}

TEST_F(order, calls_and_sends_are_received_in_one_order)
{
	ASSERT_EQ(0, entry_send(self->entry, 1));
	ASSERT_EQ(0, helper_call(&self->h[0], self->nr[0], 2));
	ASSERT_EQ(0, entry_send(self->entry, 3));
	ASSERT_EQ(0, helper_call(&self->h[1], self->nr[1], 4));
	ASSERT_EQ(0, entry_send(self->entry, 5));
	EXPECT_EQ(1ULL, recv_word(self));
	EXPECT_EQ(2ULL, recv_word(self));
	EXPECT_EQ(3ULL, recv_word(self));
	EXPECT_EQ(4ULL, recv_word(self));
	EXPECT_EQ(5ULL, recv_word(self));
}

TEST_F(order, blocked_senders_get_room_in_the_order_they_came)
{
	__u64 i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, entry_send_now(self->entry, i));
	for (i = 0; i < SENDERS; i++)
		ASSERT_EQ(0, send_and_sleep(&self->h[i], self->nr[i], 4 + i));
	for (i = 0; i < SENDERS; i++) {
		EXPECT_EQ(i, recv_word(self));
		/* Room for one: it is the first who gets it. */
		EXPECT_EQ(0, helper_finish(&self->h[i]));
		if (i + 1 < SENDERS)
			EXPECT_FALSE(helper_done(&self->h[i + 1]));
	}
	for (; i < 4 + SENDERS; i++)
		EXPECT_EQ(i, recv_word(self));
}

TEST_F(order, nobody_overtakes_a_blocked_sender)
{
	__u64 i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, entry_send_now(self->entry, i));
	ASSERT_EQ(0, send_and_sleep(&self->h[0], self->nr[0], 4));
	EXPECT_EQ(0ULL, recv_word(self));
	/* The room that came is promised, whether or not it was taken yet. */
	EXPECT_EQ(-EAGAIN, entry_send_now(self->entry, 99));
	EXPECT_EQ(0, helper_finish(&self->h[0]));
	for (i = 1; i < 5; i++)
		EXPECT_EQ(i, recv_word(self));
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(order, room_passes_on_when_the_first_blocked_sender_dies)
{
	__u64 i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, entry_send_now(self->entry, i));
	ASSERT_EQ(0, send_and_sleep(&self->h[0], self->nr[0], 90));
	ASSERT_EQ(0, send_and_sleep(&self->h[1], self->nr[1], 4));
	ASSERT_EQ(0, helper_kill(&self->h[0]));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(i, recv_word(self));
	EXPECT_EQ(0, helper_finish(&self->h[1]));
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(order, answers_may_come_in_any_order_and_each_reaches_its_caller)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	__u64 caps[SENDERS];
	int i;

	for (i = 0; i < SENDERS; i++) {
		ASSERT_EQ(0, helper_call(&self->h[i], self->nr[i], i));
		ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
		caps[i] = recv.received.out_cap;
	}
	for (i = SENDERS - 1; i >= 0; i--) {
		EXPECT_EQ(0, endpoint_reply(self->endpoint, caps[i], i + 50));
		EXPECT_EQ(0, helper_finish(&self->h[i]));
		EXPECT_ANSWER(i + 50, &self->h[i].page->arg.call.reply);
		if (i)
			EXPECT_FALSE(helper_done(&self->h[i - 1]));
	}
}

/*
 * Several at the same time
 */

enum { PER_SENDER = 300 };

struct crowd {
	int endpoint;
	int entry;
	atomic_uint failed;
	atomic_uint next_sender;
	atomic_uint left;		/* to be received */
	/* How often each was received: [sender][number] */
	atomic_uchar seen[SENDERS][PER_SENDER];
};

static void *send_many(void *arg)
{
	struct crowd *crowd = arg;
	unsigned int sender = crowd->next_sender++;
	unsigned int i;

	for (i = 0; i < PER_SENDER; i++)
		if (entry_send(crowd->entry, (__u64)sender << 32 | i))
			crowd->failed++;
	return NULL;
}

/* Also sees to it that each sender's messages come in order. */
static void *receive_many(void *arg)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	unsigned int sender, i, next[SENDERS] = { 0 };
	struct crowd *crowd = arg;

	while (crowd->left) {
		if (endpoint_recv_now(crowd->endpoint, &recv)) {
			sleep_ms(0);
			continue;
		}
		crowd->left--;
		sender = recv.received.out_words[0] >> 32;
		i = recv.received.out_words[0];
		if (sender >= SENDERS || i >= PER_SENDER || i < next[sender]) {
			crowd->failed++;
			continue;
		}
		next[sender] = i + 1;
		crowd->seen[sender][i]++;
	}
	return NULL;
}

/* Runs the senders and @receivers receivers to the end. */
static struct crowd run_crowd(int endpoint, int entry, unsigned int receivers)
{
	struct crowd crowd = {
		.endpoint = endpoint,
		.entry = entry,
		.left = SENDERS * PER_SENDER,
	};
	pthread_t threads[2 * SENDERS];
	unsigned int i, running = 0;

	for (i = 0; i < SENDERS; i++)
		if (!pthread_create(&threads[running], NULL, send_many, &crowd))
			running++;
	for (i = 0; i < receivers; i++)
		if (!pthread_create(&threads[running], NULL, receive_many,
				    &crowd))
			running++;
	if (running != SENDERS + receivers)
		crowd.failed++;
	while (running)
		pthread_join(threads[--running], NULL);
	return crowd;
}

static unsigned int not_seen_once(struct crowd *crowd)
{
	unsigned int wrong = 0, sender, i;

	for (sender = 0; sender < SENDERS; sender++)
		for (i = 0; i < PER_SENDER; i++)
			wrong += crowd->seen[sender][i] != 1;
	return wrong;
}

TEST_F(order, several_senders_each_message_once_and_in_its_senders_order)
{
	struct crowd crowd = run_crowd(self->endpoint, self->entry, 1);

	EXPECT_EQ(0U, crowd.failed);
	EXPECT_EQ(0U, not_seen_once(&crowd));
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(order, several_receivers_share_the_messages_and_none_comes_twice)
{
	struct crowd crowd = run_crowd(self->endpoint, self->entry, 3);

	EXPECT_EQ(0U, crowd.failed);
	EXPECT_EQ(0U, not_seen_once(&crowd));
	EXPECT_EMPTY(self->endpoint);
}

TEST_HARNESS_MAIN
