// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints: minting entries, receiving, caps and their end, and what the last
 * close of an endpoint means to everybody else.
 */
#include <signal.h>

#include "proxyipc_test.h"

FIXTURE(endpoint) {
	int fd;
	int entry;		/* payload 11, all rights */
	struct helper caller;
	int caller_entry;	/* its number of that entry */
};

FIXTURE_SETUP(endpoint)
{
	self->fd = endpoint_new();
	ASSERT_LE(0, self->fd);
	self->entry = entry_new(self->fd, 11, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->entry);
	self->caller = helper_new();
	ASSERT_LT(0, self->caller.pid);
	self->caller_entry = helper_give(&self->caller, self->entry);
	ASSERT_LE(0, self->caller_entry);
}

FIXTURE_TEARDOWN(endpoint)
{
	helper_kill(&self->caller);
	close_fd(&self->entry);
	close_fd(&self->fd);
}

/* The caller calls with @word; the cap of that once received, or 0. */
static __u64 receive_call(struct _test_data_endpoint *self, __u64 word)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (helper_call(&self->caller, self->caller_entry, word) ||
	    endpoint_recv(self->fd, &recv) || recv.received.out_words[0] != word)
		return 0;
	return recv.received.out_cap;
}

/*
 * ENDPOINT_MINT
 */

TEST_F(endpoint, mint_wants_at_least_one_known_right)
{
	unsigned int bit;

	EXPECT_EQ(-EINVAL, entry_new(self->fd, 0, 0, 0));
	for (bit = 3; bit < 32; bit++)
		EXPECT_EQ(-EINVAL, entry_new(self->fd, 0, RIGHTS_ALL | 1U << bit,
					     0));
}

TEST_F(endpoint, mint_accepts_every_combination_of_rights)
{
	__u32 rights;
	int entry;

	for (rights = 1; rights <= RIGHTS_ALL; rights++) {
		entry = entry_new(self->fd, 0, rights, 0);
		EXPECT_LE(0, entry);
		close_fd(&entry);
	}
}

TEST_F(endpoint, mint_notice_mask_without_notify_right_is_einval)
{
	EXPECT_EQ(-EINVAL, entry_new(self->fd, 0, PROXYIPC_RIGHT_SEND, 1));
	EXPECT_EQ(-EINVAL, entry_new(self->fd, 0, PROXYIPC_RIGHT_CALL |
				     PROXYIPC_RIGHT_SEND, 1ULL << 63));
}

TEST_F(endpoint, mint_writes_the_descriptor_and_nothing_else)
{
	struct proxyipc_endpoint_mint mint = {
		.size = sizeof(mint),
		.payload = ~0ULL,
		.notice_mask = 5,
		.rights = PROXYIPC_RIGHT_NOTIFY,
		.out_fd = POISON32,
	};

	ASSERT_EQ(0, command(self->fd, PROXYIPC_IOC_ENDPOINT_MINT, &mint));
	EXPECT_EQ(sizeof(mint), mint.size);
	EXPECT_EQ(0U, mint.flags);
	EXPECT_EQ(~0ULL, mint.payload);
	EXPECT_EQ(5ULL, mint.notice_mask);
	EXPECT_EQ((__u32)PROXYIPC_RIGHT_NOTIFY, mint.rights);
	EXPECT_LT(self->entry, mint.out_fd);
	close(mint.out_fd);
}

TEST_F(endpoint, receiver_sees_the_payload_of_the_entry_invoked)
{
	static const __u64 payloads[] = { 0, 1, 1ULL << 63, ~0ULL };
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	unsigned int i;
	int entry;

	for (i = 0; i < ARRAY_SIZE(payloads); i++) {
		entry = entry_new(self->fd, payloads[i], RIGHTS_ALL, 0);
		ASSERT_LE(0, entry);
		EXPECT_EQ(0, entry_send(entry, i));
		close_fd(&entry);
		ASSERT_EQ(0, endpoint_recv(self->fd, &recv));
		EXPECT_EQ(payloads[i], recv.received.out_payload);
	}
}

/*
 * ENDPOINT_RECV
 */

TEST_F(endpoint, recv_of_nothing_is_eagain_with_nonblock)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	EXPECT_EQ(-EAGAIN, endpoint_recv_now(self->fd, &recv));
	EXPECT_EQ(0, entry_send(self->entry, 1));
	EXPECT_EQ(0, endpoint_recv_now(self->fd, &recv));
	EXPECT_EQ(-EAGAIN, endpoint_recv_now(self->fd, &recv));
}

static int recv_until(int endpoint, __u64 deadline)
{
	struct proxyipc_endpoint_recv recv = {
		.size = sizeof(recv),
		.deadline = deadline,
	};

	return command(endpoint, PROXYIPC_IOC_ENDPOINT_RECV, &recv);
}

TEST_F(endpoint, recv_is_etimedout_at_the_deadline_and_not_before)
{
	__u64 deadline = deadline_ms(50);

	EXPECT_EQ(-ETIMEDOUT, recv_until(self->fd, deadline));
	EXPECT_LE(deadline, now_ns());
	/* A deadline of the past, then one that is nearly that. */
	EXPECT_EQ(-ETIMEDOUT, recv_until(self->fd, 1));
	EXPECT_EQ(-ETIMEDOUT, recv_until(self->fd, now_ns()));
}

TEST_F(endpoint, recv_takes_what_is_there_although_the_deadline_has_passed)
{
	ASSERT_EQ(0, entry_send(self->entry, 1));
	EXPECT_EQ(0, recv_until(self->fd, 1));
}

TEST_F(endpoint, recv_waits_until_something_comes)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct helper *h = &self->caller;
	int nr = helper_give(h, self->fd);

	ASSERT_LE(0, nr);
	poison_recv(&recv);
	ASSERT_EQ(0, helper_start(h, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
				  sizeof(recv)));
	ASSERT_TRUE(eventually(helper_asleep(h)));
	EXPECT_FALSE(helper_done(h));
	EXPECT_EQ(0, entry_send(self->entry, 77));
	EXPECT_EQ(0, helper_finish(h));
	EXPECT_EQ(77ULL, h->page->arg.recv.received.out_words[0]);
}

TEST_F(endpoint, deadline_too_far_away_to_count_is_none)
{
	static const __u64 far[] = { ~0ULL, 1ULL << 63, (1ULL << 63) - 1 };
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct helper *h = &self->caller;
	int nr = helper_give(h, self->fd);
	unsigned int i;

	ASSERT_LE(0, nr);
	for (i = 0; i < ARRAY_SIZE(far); i++) {
		recv.deadline = far[i];
		ASSERT_EQ(0, helper_start(h, nr, PROXYIPC_IOC_ENDPOINT_RECV,
					  &recv, sizeof(recv)));
		ASSERT_TRUE(eventually(helper_asleep(h) || helper_done(h)));
		EXPECT_FALSE(helper_done(h));
		EXPECT_EQ(0, entry_send(self->entry, i));
		EXPECT_EQ(0, helper_finish(h));
	}
}

TEST_F(endpoint, recv_is_eintr_if_the_handler_does_not_restart)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct helper *h = &self->caller;
	int nr = helper_give(h, self->fd);

	ASSERT_LE(0, nr);
	ASSERT_EQ(0, helper_start(h, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
				  sizeof(recv)));
	ASSERT_TRUE(eventually(helper_asleep(h)));
	ASSERT_EQ(0, helper_signal(h, SIGUSR1));
	EXPECT_EQ(-EINTR, helper_finish(h));
	EXPECT_EQ(1U, h->page->signals);
}

TEST_F(endpoint, recv_goes_on_if_the_handler_restarts)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct helper *h = &self->caller;
	int nr = helper_give(h, self->fd);

	ASSERT_LE(0, nr);
	ASSERT_EQ(0, helper_start(h, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
				  sizeof(recv)));
	ASSERT_TRUE(eventually(helper_asleep(h)));
	ASSERT_EQ(0, helper_signal(h, SIGUSR2));
	ASSERT_TRUE(eventually(h->page->signals == 1));
	ASSERT_TRUE(eventually(helper_asleep(h)));
	EXPECT_FALSE(helper_done(h));
	EXPECT_EQ(0, entry_send(self->entry, 78));
	EXPECT_EQ(0, helper_finish(h));
	EXPECT_EQ(78ULL, h->page->arg.recv.received.out_words[0]);
}

TEST_F(endpoint, recv_that_restarts_does_not_wait_longer)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct helper *h = &self->caller;
	int nr = helper_give(h, self->fd);
	__u64 began = now_ns();

	ASSERT_LE(0, nr);
	recv.deadline = deadline_ms(1500);
	ASSERT_EQ(0, helper_start(h, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
				  sizeof(recv)));
	/* A relative timeout would begin anew with each of them. */
	while (!helper_done(h) && now_ns() < began + 8 * NS_PER_S) {
		helper_signal(h, SIGUSR2);
		sleep_ms(50);
	}
	EXPECT_EQ(-ETIMEDOUT, helper_finish(h));
	EXPECT_LE(recv.deadline, now_ns());
}

TEST_F(endpoint, recv_that_cannot_copy_the_struct_out_loses_nothing)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	__u64 i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, entry_send(self->entry, i));
	EXPECT_EQ(-EFAULT, endpoint_recv_readonly(self->fd));
	EXPECT_EQ(-EFAULT, endpoint_recv_readonly(self->fd));
	/* Nor their order, nor their number. */
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, endpoint_recv_now(self->fd, &recv));
		EXPECT_EQ(i, recv.received.out_words[0]);
	}
	EXPECT_EMPTY(self->fd);
	/* And each of them counts once among those that wait. */
	for (i = 0; i < 64; i++)
		EXPECT_EQ(0, entry_send_now(self->entry, i));
	EXPECT_EQ(-EAGAIN, entry_send_now(self->entry, i));
}

TEST_F(endpoint, recv_of_a_call_that_cannot_be_copied_out_leaves_it_unreceived)
{
	ASSERT_EQ(0, helper_call(&self->caller, self->caller_entry, 1));
	EXPECT_EQ(-EFAULT, endpoint_recv_readonly(self->fd));
	/* Before pick-up a signal takes it back. */
	ASSERT_EQ(0, helper_signal(&self->caller, SIGUSR1));
	EXPECT_EQ(-EINTR, helper_finish(&self->caller));
	EXPECT_EMPTY(self->fd);
}

/*
 * Caps
 */

/* Every command that takes a cap says @expected of it. */
#define EXPECT_CAP(expected, fd_, cap_)					\
do {									\
	EXPECT_EQ(expected, endpoint_reply(fd_, cap_, 0));		\
	EXPECT_EQ(expected, endpoint_resume(fd_, cap_));		\
	EXPECT_EQ(expected, endpoint_resume_reply(fd_, cap_, 0));	\
	EXPECT_EQ(expected, endpoint_fetch(fd_, cap_));			\
	EXPECT_EQ(expected, endpoint_drop(fd_, cap_));			\
} while (0)

TEST_F(endpoint, caps_that_never_were_are_estale)
{
	unsigned int bit;

	EXPECT_CAP(-ESTALE, self->fd, 0);
	EXPECT_CAP(-ESTALE, self->fd, ~0ULL);
	for (bit = 0; bit < 64; bit++)
		EXPECT_CAP(-ESTALE, self->fd, 1ULL << bit);
}

TEST_F(endpoint, cap_with_any_bit_changed_is_estale_and_the_call_stays)
{
	__u64 cap = receive_call(self, 1);
	unsigned int bit;

	ASSERT_NE(0ULL, cap);
	for (bit = 0; bit < 64; bit++)
		EXPECT_CAP(-ESTALE, self->fd, cap ^ 1ULL << bit);
	EXPECT_EQ(0, endpoint_reply(self->fd, cap, 5));
	EXPECT_EQ(0, helper_finish(&self->caller));
	EXPECT_ANSWER(5, &self->caller.page->arg.call.reply);
}

TEST_F(endpoint, cap_of_another_endpoint_is_estale)
{
	__u64 cap = receive_call(self, 1);
	int other = endpoint_new();

	ASSERT_NE(0ULL, cap);
	ASSERT_LE(0, other);
	EXPECT_CAP(-ESTALE, other, cap);
	EXPECT_EQ(0, endpoint_reply(self->fd, cap, 0));
	close(other);
}

TEST_F(endpoint, cap_is_dead_after_reply)
{
	__u64 cap = receive_call(self, 1);

	ASSERT_NE(0ULL, cap);
	EXPECT_EQ(0, endpoint_reply(self->fd, cap, 2));
	EXPECT_CAP(-ESTALE, self->fd, cap);
	EXPECT_EQ(0, helper_finish(&self->caller));
	EXPECT_ANSWER(2, &self->caller.page->arg.call.reply);
}

TEST_F(endpoint, drop_gives_the_caller_ecanceled_and_the_cap_is_dead)
{
	__u64 cap = receive_call(self, 1);

	ASSERT_NE(0ULL, cap);
	EXPECT_EQ(0, endpoint_drop(self->fd, cap));
	EXPECT_EQ(-ECANCELED, helper_finish(&self->caller));
	EXPECT_CAP(-ESTALE, self->fd, cap);
}

TEST_F(endpoint, fetch_moves_the_right_to_answer_to_a_reply_object)
{
	__u64 cap = receive_call(self, 1);
	int reply = endpoint_fetch(self->fd, cap);

	ASSERT_LE(0, reply);
	EXPECT_CAP(-ESTALE, self->fd, cap);
	EXPECT_FALSE(helper_done(&self->caller));
	EXPECT_EQ(0, reply_send(reply, 9));
	EXPECT_EQ(0, helper_finish(&self->caller));
	EXPECT_ANSWER(9, &self->caller.page->arg.call.reply);
	close(reply);
}

TEST_F(endpoint, caps_are_never_reused)
{
	enum { CALLS = 300 };
	__u64 caps[CALLS];
	int i, j;

	for (i = 0; i < CALLS; i++) {
		caps[i] = receive_call(self, i);
		ASSERT_NE(0ULL, caps[i]);
		ASSERT_EQ(0, endpoint_reply(self->fd, caps[i], i));
		ASSERT_EQ(0, helper_finish(&self->caller));
		for (j = 0; j < i; j++)
			ASSERT_NE(caps[j], caps[i]);
	}
	for (i = 0; i < CALLS; i++)
		ASSERT_EQ(-ESTALE, endpoint_reply(self->fd, caps[i], 0));
}

TEST_F(endpoint, messages_that_nobody_waits_for_have_no_cap)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_EQ(0, entry_send(self->entry, 1));
	ASSERT_EQ(0, endpoint_recv(self->fd, &recv));
	EXPECT_EQ(0ULL, recv.received.out_cap);
	ASSERT_EQ(0, entry_notify(self->entry, 1));
	ASSERT_EQ(0, endpoint_recv(self->fd, &recv));
	EXPECT_EQ(0ULL, recv.received.out_cap);
}

/*
 * The last close
 */

TEST_F(endpoint, last_close_is_epipe_for_queued_calls)
{
	ASSERT_EQ(0, helper_call(&self->caller, self->caller_entry, 1));
	close_fd(&self->fd);
	EXPECT_EQ(-EPIPE, helper_finish(&self->caller));
}

TEST_F(endpoint, last_close_is_eownerdead_for_received_calls)
{
	ASSERT_NE(0ULL, receive_call(self, 1));
	close_fd(&self->fd);
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&self->caller));
}

TEST_F(endpoint, close_that_is_not_the_last_changes_nothing)
{
	int other = dup(self->fd);
	__u64 cap;

	ASSERT_LE(0, other);
	cap = receive_call(self, 1);
	ASSERT_NE(0ULL, cap);
	close_fd(&self->fd);
	EXPECT_EQ(0, entry_send(self->entry, 1));
	EXPECT_FALSE(helper_done(&self->caller));
	EXPECT_EQ(0, endpoint_reply(other, cap, 6));
	EXPECT_EQ(0, helper_finish(&self->caller));
	EXPECT_ANSWER(6, &self->caller.page->arg.call.reply);
	close(other);
}

TEST_F(endpoint, entries_are_epipe_after_the_last_close)
{
	ASSERT_EQ(0, entry_send(self->entry, 1));
	close_fd(&self->fd);
	EXPECT_EQ(-EPIPE, entry_send(self->entry, 1));
	EXPECT_EQ(-EPIPE, entry_send_now(self->entry, 1));
	EXPECT_EQ(-EPIPE, entry_notify(self->entry, 1));
	EXPECT_EQ(-EPIPE, entry_call_until(self->entry, 1, 0));
}

TEST_F(endpoint, last_close_ends_the_wait_of_blocked_senders)
{
	struct proxyipc_entry_send send = { .size = sizeof(send) };

	while (!entry_send_now(self->entry, 0))
		;
	ASSERT_EQ(0, helper_start(&self->caller, self->caller_entry,
				  PROXYIPC_IOC_ENTRY_SEND, &send, sizeof(send)));
	ASSERT_TRUE(eventually(helper_asleep(&self->caller)));
	close_fd(&self->fd);
	EXPECT_EQ(-EPIPE, helper_finish(&self->caller));
}

TEST_F(endpoint, reply_object_outlives_the_endpoint)
{
	__u64 cap = receive_call(self, 1);
	int reply = endpoint_fetch(self->fd, cap);

	ASSERT_LE(0, reply);
	close_fd(&self->fd);
	EXPECT_FALSE(helper_done(&self->caller));
	EXPECT_EQ(0, reply_send(reply, 3));
	EXPECT_EQ(0, helper_finish(&self->caller));
	EXPECT_ANSWER(3, &self->caller.page->arg.call.reply);
	close(reply);
}

TEST_F(endpoint, death_of_its_only_process_is_the_last_close)
{
	struct helper receiver = helper_new();

	ASSERT_LE(0, helper_give(&receiver, self->fd));
	close_fd(&self->fd);
	ASSERT_EQ(0, helper_call(&self->caller, self->caller_entry, 1));
	EXPECT_EQ(0, helper_kill(&receiver));
	EXPECT_EQ(-EPIPE, helper_finish(&self->caller));
	EXPECT_EQ(-EPIPE, entry_send(self->entry, 1));
}

TEST_HARNESS_MAIN
