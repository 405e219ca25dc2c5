// SPDX-License-Identifier: GPL-2.0
/*
 * CALL, SEND and NOTIFY on plain entries: rights, what the receiver gets to see,
 * the bound of the queue, deadlines.
 */
#include <signal.h>

#include "proxyipc_test.h"

#define PAYLOAD		0x1122334455667788ULL
#define MASK		0xff00ULL	/* of the fixture's entry */

FIXTURE(entry) {
	int endpoint;		/* queue limit 4 */
	int fd;			/* the entry: PAYLOAD, all rights, MASK */
	struct helper h;	/* invokes it */
	int nr;			/* its number of the entry */
};

FIXTURE_SETUP(entry)
{
	self->endpoint = endpoint_new_limit(4);
	ASSERT_LE(0, self->endpoint);
	self->fd = entry_new(self->endpoint, PAYLOAD, RIGHTS_ALL, MASK);
	ASSERT_LE(0, self->fd);
	self->h = helper_new();
	ASSERT_LT(0, self->h.pid);
	self->nr = helper_give(&self->h, self->fd);
	ASSERT_LE(0, self->nr);
}

FIXTURE_TEARDOWN(entry)
{
	helper_kill(&self->h);
	close_fd(&self->fd);
	close_fd(&self->endpoint);
}

/* What a message of @h through the fixture's entry looks like. */
static struct proxyipc_received from(struct helper *h, __u32 kind)
{
	return (struct proxyipc_received) {
		.out_kind = kind,
		.out_payload = PAYLOAD,
		.out_sender_tgid = h->pid,
		.out_sender_tid = h->page->tid,
		.out_sender_uid = getuid(),
		.out_sender_gid = getgid(),
	};
}

/* Starts SEND in the helper; it may wait until @deadline. */
static int start_send(struct helper *h, int nr, __u64 word, __u64 deadline)
{
	struct proxyipc_entry_send send = {
		.size = sizeof(send),
		.deadline = deadline,
		.message.words[0] = word,
	};

	return helper_start(h, nr, PROXYIPC_IOC_ENTRY_SEND, &send, sizeof(send));
}

static int start_call(struct helper *h, int nr, __u64 word, __u64 deadline)
{
	struct proxyipc_entry_call call = {
		.size = sizeof(call),
		.deadline = deadline,
		.message.words[0] = word,
	};

	return helper_start(h, nr, PROXYIPC_IOC_ENTRY_CALL, &call, sizeof(call));
}

static void fill(struct _test_data_entry *self)
{
	while (!entry_send_now(self->fd, 100))
		;
}

/* The first word of the oldest message, or -errno. */
static __s64 recv_word(int endpoint)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int ret = endpoint_recv_now(endpoint, &recv);

	return ret ?: (__s64)recv.received.out_words[0];
}

/*
 * Rights
 */

TEST_F(entry, call_without_the_right_is_eacces)
{
	int fd = entry_new(self->endpoint, 0, RIGHTS_ALL & ~PROXYIPC_RIGHT_CALL,
			   0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, entry_call_until(fd, 1, 0));
	EXPECT_EMPTY(self->endpoint);
	close(fd);
}

TEST_F(entry, send_without_the_right_is_eacces)
{
	int fd = entry_new(self->endpoint, 0, RIGHTS_ALL & ~PROXYIPC_RIGHT_SEND,
			   0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, entry_send(fd, 1));
	EXPECT_EQ(-EACCES, entry_send_now(fd, 1));
	EXPECT_EMPTY(self->endpoint);
	close(fd);
}

TEST_F(entry, notify_without_the_right_is_eacces)
{
	int fd = entry_new(self->endpoint, 0,
			   RIGHTS_ALL & ~PROXYIPC_RIGHT_NOTIFY, 0);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, entry_notify(fd, 1));
	EXPECT_EMPTY(self->endpoint);
	close(fd);
}

TEST_F(entry, each_right_alone_is_enough)
{
	int send = entry_new(self->endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	int call = entry_new(self->endpoint, 0, PROXYIPC_RIGHT_CALL, 0);
	int notify = entry_new(self->endpoint, 0, PROXYIPC_RIGHT_NOTIFY, 1);

	EXPECT_EQ(0, entry_send(send, 1));
	EXPECT_EQ(-ETIMEDOUT, entry_call_until(call, 1, deadline_ms(20)));
	EXPECT_EQ(PROXYIPC_NOTIFIED_POSTED, entry_notify(notify, 1));
	close(send);
	close(call);
	close(notify);
}

/*
 * What arrives
 */

TEST_F(entry, call_brings_message_and_cap_and_takes_the_answer_back)
{
	struct proxyipc_received want = from(&self->h, PROXYIPC_KIND_CALL);
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	want.out_words[0] = 42;
	ASSERT_EQ(0, helper_call(&self->h, self->nr, 42));
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
	EXPECT_NE(0ULL, recv.received.out_cap);
	want.out_cap = recv.received.out_cap;
	EXPECT_RECEIVED(&want, &recv.received);
	EXPECT_FALSE(helper_done(&self->h));
	EXPECT_EQ(0, endpoint_reply(self->endpoint, recv.received.out_cap, 43));
	EXPECT_EQ(0, helper_finish(&self->h));
	EXPECT_ANSWER(43, &self->h.page->arg.call.reply);
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(entry, send_brings_the_message_and_no_cap)
{
	struct proxyipc_received want = from(&self->h, PROXYIPC_KIND_SEND);
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	want.out_words[0] = 44;
	ASSERT_EQ(0, start_send(&self->h, self->nr, 44, 0));
	ASSERT_EQ(0, helper_finish(&self->h));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_RECEIVED(&want, &recv.received);
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(entry, notify_brings_the_bits_and_nothing_of_the_sender)
{
	struct proxyipc_received want = {
		.out_kind = PROXYIPC_KIND_NOTICE,
		.out_notices = 0x100,
		.out_sender_uid = 65534,
		.out_sender_gid = 65534,
	};
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_EQ(PROXYIPC_NOTIFIED_POSTED, entry_notify(self->fd, 0x100));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_RECEIVED(&want, &recv.received);
	EXPECT_EMPTY(self->endpoint);
}

/* The identity is that of who invokes, not of who minted or passed it on. */
TEST_F(entry, sender_is_the_thread_that_invokes)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_EQ(0, entry_send(self->fd, 1));
	ASSERT_EQ(0, start_send(&self->h, self->nr, 2, 0));
	ASSERT_EQ(0, helper_finish(&self->h));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(getpid(), recv.received.out_sender_tgid);
	EXPECT_EQ(getpid(), recv.received.out_sender_tid);
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(self->h.pid, recv.received.out_sender_tgid);
}

/*
 * Notices
 */

static int notify(int fd, __u64 notices, struct proxyipc_entry_notify *arg)
{
	memset(arg, POISON, sizeof(*arg));
	arg->size = sizeof(*arg);
	arg->flags = 0;
	arg->notices = notices;
	arg->__reserved = 0;
	return command(fd, PROXYIPC_IOC_ENTRY_NOTIFY, arg);
}

TEST_F(entry, notify_posts_only_what_is_in_the_mask)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct proxyipc_entry_notify arg;

	ASSERT_EQ(0, notify(self->fd, 0x10180, &arg));
	EXPECT_EQ(0x10180ULL, arg.notices);
	EXPECT_EQ(0x100ULL, arg.out_posted);
	EXPECT_EQ((__u32)PROXYIPC_NOTIFIED_POSTED, arg.out_state);
	EXPECT_EQ(0U, arg.__reserved);
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(0x100ULL, recv.received.out_notices);
}

TEST_F(entry, notify_of_nothing_in_the_mask_is_eacces)
{
	EXPECT_EQ(-EACCES, entry_notify(self->fd, ~MASK));
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(entry, notify_of_no_bits_is_einval)
{
	EXPECT_EQ(-EINVAL, entry_notify(self->fd, 0));
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(entry, notices_are_ored_together_until_received)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	EXPECT_EQ(0, entry_notify(self->fd, 0x100));
	EXPECT_EQ(0, entry_notify(self->fd, 0x800));
	EXPECT_EQ(0, entry_notify(self->fd, 0x100));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(0x900ULL, recv.received.out_notices);
	EXPECT_EMPTY(self->endpoint);
	/* What was received is over: the next is a new one. */
	EXPECT_EQ(0, entry_notify(self->fd, 0x200));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(0x200ULL, recv.received.out_notices);
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(entry, notify_never_waits_however_full_the_queue_is)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int i, notices = 0;

	fill(self);
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(0, entry_notify(self->fd, 0x400));
	while (!endpoint_recv_now(self->endpoint, &recv))
		notices += recv.received.out_kind == PROXYIPC_KIND_NOTICE;
	EXPECT_EQ(1, notices);
}

/* One notice, or one per entry: either way each bit arrives once. */
TEST_F(entry, notices_through_several_entries_all_arrive)
{
	int other = entry_new(self->endpoint, 0, PROXYIPC_RIGHT_NOTIFY, 0xff);
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	__u64 seen = 0;

	ASSERT_LE(0, other);
	EXPECT_EQ(0, entry_notify(self->fd, 0x100));
	EXPECT_EQ(0, entry_notify(other, 0x01));
	while (!endpoint_recv_now(self->endpoint, &recv)) {
		EXPECT_EQ((__u32)PROXYIPC_KIND_NOTICE, recv.received.out_kind);
		EXPECT_EQ(0ULL, seen & recv.received.out_notices);
		seen |= recv.received.out_notices;
	}
	EXPECT_EQ(0x101ULL, seen);
	close(other);
}

TEST_F(entry, notices_that_cannot_be_copied_out_are_not_lost)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	EXPECT_EQ(0, entry_notify(self->fd, 0x100));
	EXPECT_EQ(-EFAULT, endpoint_recv_readonly(self->endpoint));
	EXPECT_TRUE(readable(self->endpoint));
	EXPECT_EQ(0, entry_notify(self->fd, 0x200));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(0x300ULL, recv.received.out_notices);
}

/*
 * The bound of the queue
 */

TEST_F(entry, send_into_a_full_queue_is_eagain_with_nonblock)
{
	int i;

	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, entry_send_now(self->fd, i));
	EXPECT_EQ(-EAGAIN, entry_send_now(self->fd, 4));
	EXPECT_EQ(0, recv_word(self->endpoint));
	EXPECT_EQ(0, entry_send_now(self->fd, 5));
	EXPECT_EQ(-EAGAIN, entry_send_now(self->fd, 6));
	EXPECT_EQ(1, recv_word(self->endpoint));
	EXPECT_EQ(2, recv_word(self->endpoint));
	EXPECT_EQ(3, recv_word(self->endpoint));
	EXPECT_EQ(5, recv_word(self->endpoint));
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(entry, send_into_a_full_queue_waits_for_room)
{
	fill(self);
	ASSERT_EQ(0, start_send(&self->h, self->nr, 200, 0));
	ASSERT_TRUE(eventually(helper_asleep(&self->h)));
	EXPECT_FALSE(helper_done(&self->h));
	EXPECT_EQ(100, recv_word(self->endpoint));
	EXPECT_EQ(0, helper_finish(&self->h));
	EXPECT_EQ(100, recv_word(self->endpoint));
	EXPECT_EQ(100, recv_word(self->endpoint));
	EXPECT_EQ(100, recv_word(self->endpoint));
	EXPECT_EQ(200, recv_word(self->endpoint));
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(entry, calls_do_not_count_against_the_queue_limit)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	fill(self);
	ASSERT_EQ(0, helper_call(&self->h, self->nr, 7));
	while (!endpoint_recv_now(self->endpoint, &recv))
		if (recv.received.out_kind == PROXYIPC_KIND_CALL)
			break;
	EXPECT_EQ(7ULL, recv.received.out_words[0]);
	EXPECT_EQ(0, endpoint_reply(self->endpoint, recv.received.out_cap, 8));
	EXPECT_EQ(0, helper_finish(&self->h));
	/* And a call that is queued takes no room from a send. */
	ASSERT_EQ(0, helper_call(&self->h, self->nr, 9));
	EXPECT_EQ(0, entry_send_now(self->fd, 1));
	EXPECT_EQ(0, entry_send_now(self->fd, 2));
	EXPECT_EQ(0, entry_send_now(self->fd, 3));
	EXPECT_EQ(0, entry_send_now(self->fd, 4));
	EXPECT_EQ(-EAGAIN, entry_send_now(self->fd, 5));
}

TEST_F(entry, blocked_send_is_etimedout_at_its_deadline_and_nothing_is_sent)
{
	__u64 deadline = deadline_ms(50);
	int i;

	fill(self);
	ASSERT_EQ(0, start_send(&self->h, self->nr, 200, deadline));
	EXPECT_EQ(-ETIMEDOUT, helper_finish(&self->h));
	EXPECT_LE(deadline, now_ns());
	for (i = 0; i < 4; i++)
		EXPECT_EQ(100, recv_word(self->endpoint));
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(entry, blocked_send_is_eintr_if_the_handler_does_not_restart)
{
	int i;

	fill(self);
	ASSERT_EQ(0, start_send(&self->h, self->nr, 200, 0));
	ASSERT_TRUE(eventually(helper_asleep(&self->h)));
	ASSERT_EQ(0, helper_signal(&self->h, SIGUSR1));
	EXPECT_EQ(-EINTR, helper_finish(&self->h));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(100, recv_word(self->endpoint));
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(entry, blocked_send_goes_on_if_the_handler_restarts)
{
	int i;

	fill(self);
	ASSERT_EQ(0, start_send(&self->h, self->nr, 200, 0));
	ASSERT_TRUE(eventually(helper_asleep(&self->h)));
	ASSERT_EQ(0, helper_signal(&self->h, SIGUSR2));
	ASSERT_TRUE(eventually(self->h.page->signals == 1));
	ASSERT_TRUE(eventually(helper_asleep(&self->h)));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(100, recv_word(self->endpoint));
	EXPECT_EQ(0, helper_finish(&self->h));
	EXPECT_EQ(200, recv_word(self->endpoint));
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(entry, blocked_sender_that_dies_sends_nothing)
{
	int i;

	fill(self);
	ASSERT_EQ(0, start_send(&self->h, self->nr, 200, 0));
	ASSERT_TRUE(eventually(helper_asleep(&self->h)));
	ASSERT_EQ(0, helper_kill(&self->h));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(100, recv_word(self->endpoint));
	EXPECT_EMPTY(self->endpoint);
	/* Nor does it keep the room it waited for. */
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, entry_send_now(self->fd, i));
}

TEST_F(entry, message_outlives_its_sender)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	pid_t sender = self->h.pid;

	ASSERT_EQ(0, start_send(&self->h, self->nr, 5, 0));
	ASSERT_EQ(0, helper_finish(&self->h));
	ASSERT_EQ(0, helper_kill(&self->h));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(5ULL, recv.received.out_words[0]);
	/* A process that is gone is visible nowhere. */
	EXPECT_TRUE(recv.received.out_sender_tgid == 0 ||
		    recv.received.out_sender_tgid == sender);
}

/*
 * Deadlines of calls
 */

TEST_F(entry, call_is_etimedout_at_its_deadline_and_not_before)
{
	__u64 deadline = deadline_ms(50);

	EXPECT_EQ(-ETIMEDOUT, entry_call_until(self->fd, 1, deadline));
	EXPECT_LE(deadline, now_ns());
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(entry, call_whose_deadline_has_passed_is_etimedout_and_not_delivered)
{
	EXPECT_EQ(-ETIMEDOUT, entry_call_until(self->fd, 1, 1));
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(entry, call_that_restarts_does_not_wait_longer)
{
	__u64 deadline = deadline_ms(1500);
	__u64 give_up = deadline_ms(8000);

	ASSERT_EQ(0, start_call(&self->h, self->nr, 1, deadline));
	while (!helper_done(&self->h) && now_ns() < give_up) {
		helper_signal(&self->h, SIGUSR2);
		sleep_ms(50);
	}
	EXPECT_EQ(-ETIMEDOUT, helper_finish(&self->h));
	EXPECT_LT(1U, self->h.page->signals);
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(entry, nonblock_on_a_plain_entry_does_not_keep_a_call_from_waiting)
{
	struct proxyipc_entry_call call = {
		.size = sizeof(call),
		.flags = PROXYIPC_NONBLOCK,
		.message.words[0] = 6,
	};
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_EQ(0, helper_start(&self->h, self->nr, PROXYIPC_IOC_ENTRY_CALL,
				  &call, sizeof(call)));
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
	EXPECT_FALSE(helper_done(&self->h));
	EXPECT_EQ(0, endpoint_reply(self->endpoint, recv.received.out_cap, 7));
	EXPECT_EQ(0, helper_finish(&self->h));
	EXPECT_ANSWER(7, &self->h.page->arg.call.reply);
}

TEST_HARNESS_MAIN
