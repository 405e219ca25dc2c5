// SPDX-License-Identifier: GPL-2.0
/*
 * Every command that io_uring takes, in each way in which a ring executes it: while it
 * is submitted, when the task asks for it, in a polling thread and in a worker.
 */
#include <liburing.h>

#include "ring_stage.h"
#include "hold_helpers.h"

#include <sys/mman.h>

#define ENTRY_PAYLOAD	7
#define DATA		"a message of some length"

/* IORING_URING_CMD_MULTISHOT, which older headers don't have. */
#define URING_CMD_MULTISHOT	(1U << 1)

FIXTURE(uring) {
	struct ring ring;
	int endpoint;
	int entry;
	struct helper h;
	int nr;			/* the helper's number of the entry */
};

FIXTURE_VARIANT(uring) {
	unsigned int setup;
	__u8 flags;
};

FIXTURE_VARIANT_ADD(uring, plain) { .setup = 0 };

FIXTURE_VARIANT_ADD(uring, deferred) {
	.setup = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
};

FIXTURE_VARIANT_ADD(uring, polling_thread) { .setup = IORING_SETUP_SQPOLL };

FIXTURE_VARIANT_ADD(uring, worker) { .flags = IOSQE_ASYNC };

FIXTURE_SETUP(uring)
{
	ASSERT_EQ(0, ring_init(&self->ring, variant->setup, variant->flags));
	self->endpoint = endpoint_new();
	ASSERT_LE(0, self->endpoint);
	self->entry = entry_new(self->endpoint, ENTRY_PAYLOAD, RIGHTS_ALL,
				NOTICES_ALL);
	ASSERT_LE(0, self->entry);
	self->h = helper_new();
	self->nr = helper_give(&self->h, self->entry);
	ASSERT_LE(0, self->nr);
}

FIXTURE_TEARDOWN(uring)
{
	io_uring_queue_exit(&self->ring.uring);
	helper_kill(&self->h);
	close_fd(&self->entry);
	close_fd(&self->endpoint);
}

/* What is received of the helper's call of @word, but for the cap. */
static void expect_call(struct __test_metadata *_metadata,
			struct _test_data_uring *self, __u64 word,
			const struct proxyipc_received *got)
{
	struct proxyipc_received want = {
		.out_kind = PROXYIPC_KIND_CALL,
		.out_cap = got->out_cap,
		.out_payload = ENTRY_PAYLOAD,
		.out_sender_tgid = self->h.pid,
		.out_sender_tid = self->h.pid,
		.out_words[0] = word,
	};

	EXPECT_NE(0ULL, got->out_cap);
	EXPECT_RECEIVED(&want, got);
}

/*
 * Receiving
 */

TEST_F(uring, receive_of_a_queued_message_completes)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_EQ(0, helper_call(&self->h, self->nr, 42));
	ASSERT_EQ(0, ring_recv(&self->ring, 1, self->endpoint, &recv));
	ASSERT_EQ(0, ring_result(&self->ring, 1));
	expect_call(_metadata, self, 42, &recv.received);
	EXPECT_EQ(0, endpoint_reply(self->endpoint, recv.received.out_cap, 43));
	EXPECT_EQ(0, helper_finish(&self->h));
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(uring, receive_waits_for_a_message)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_EQ(0, ring_recv(&self->ring, 1, self->endpoint, &recv));
	EXPECT_TRUE(ring_is_silent(&self->ring));
	ASSERT_EQ(0, helper_call(&self->h, self->nr, 42));
	ASSERT_EQ(0, ring_result(&self->ring, 1));
	expect_call(_metadata, self, 42, &recv.received);
	EXPECT_EQ(0, endpoint_reply(self->endpoint, recv.received.out_cap, 43));
	EXPECT_EQ(0, helper_finish(&self->h));
}

TEST_F(uring, receive_that_waits_gets_the_bytes_of_a_message)
{
	struct proxyipc_entry_send send = {
		.size = sizeof(send),
		.message.data = address(DATA),
		.message.data_len = sizeof(DATA),
	};
	char buffer[sizeof(DATA)] = "";
	struct proxyipc_endpoint_recv recv = {
		.received.data = address(buffer),
		.received.data_size = sizeof(buffer),
	};

	ASSERT_EQ(0, ring_recv(&self->ring, 1, self->endpoint, &recv));
	ASSERT_EQ(0, command(self->entry, PROXYIPC_IOC_ENTRY_SEND, &send));
	ASSERT_EQ(0, ring_result(&self->ring, 1));
	EXPECT_EQ(sizeof(DATA), recv.received.out_data_len);
	EXPECT_STREQ(DATA, buffer);
}

TEST_F(uring, receive_says_again_if_it_was_asked_not_to_wait)
{
	struct proxyipc_endpoint_recv recv = { .flags = PROXYIPC_NONBLOCK };

	ASSERT_EQ(0, ring_recv(&self->ring, 1, self->endpoint, &recv));
	EXPECT_EQ(-EAGAIN, ring_result(&self->ring, 1));
	EXPECT_EQ(POISON32, recv.received.out_kind);
}

TEST_F(uring, receive_ends_at_its_deadline)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	recv.deadline = deadline_ms(30);
	ASSERT_EQ(0, ring_recv(&self->ring, 1, self->endpoint, &recv));
	EXPECT_EQ(-ETIMEDOUT, ring_result(&self->ring, 1));
	EXPECT_LE(recv.deadline, now_ns());
	recv.deadline = 1;
	ASSERT_EQ(0, ring_recv(&self->ring, 2, self->endpoint, &recv));
	EXPECT_EQ(-ETIMEDOUT, ring_result(&self->ring, 2));
	EXPECT_EQ(POISON32, recv.received.out_kind);
	/* What comes then is for others. */
	ASSERT_EQ(0, entry_send(self->entry, 1));
	EXPECT_TRUE(ring_is_silent(&self->ring));
	EXPECT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
}

TEST_F(uring, receive_that_cannot_be_copied_out_leaves_the_message)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct proxyipc_endpoint_recv *page;

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(0, ring_recv(&self->ring, 1, self->endpoint, page));
	EXPECT_TRUE(ring_is_silent(&self->ring));
	ASSERT_EQ(0, mprotect(page, 4096, PROT_READ));
	ASSERT_EQ(0, entry_send(self->entry, 42));
	EXPECT_EQ(-EFAULT, ring_result(&self->ring, 1));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(42ULL, recv.received.out_words[0]);
	munmap(page, 4096);
}

TEST_F(uring, receive_without_room_for_the_bytes_leaves_the_message)
{
	struct proxyipc_entry_send send = {
		.size = sizeof(send),
		.message.data = address(DATA),
		.message.data_len = sizeof(DATA),
	};
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_EQ(0, ring_recv(&self->ring, 1, self->endpoint, &recv));
	ASSERT_EQ(0, command(self->entry, PROXYIPC_IOC_ENTRY_SEND, &send));
	EXPECT_EQ(-EMSGSIZE, ring_result(&self->ring, 1));
	EXPECT_EQ(sizeof(DATA), recv.received.out_data_len);
	EXPECT_TRUE(readable(self->endpoint));
}

/* As many as io_uring has workers for on one processor. */
#define RECEIVES	4

TEST_F(uring, of_several_receives_in_flight_each_gets_one_message)
{
	struct proxyipc_endpoint_recv recv[RECEIVES + 1] = { { .size = 0 } };
	unsigned int seen = 0, i;
	__u64 number;
	int result;

	for (i = 1; i <= RECEIVES; i++)
		ASSERT_EQ(0, ring_recv(&self->ring, i, self->endpoint, &recv[i]));
	for (i = 1; i <= RECEIVES; i++)
		ASSERT_EQ(0, entry_send(self->entry, i));
	for (i = 1; i <= RECEIVES; i++) {
		ASSERT_TRUE(ring_next(&self->ring, PATIENCE_MS, &number, &result));
		EXPECT_EQ(0, result);
		seen |= 1U << recv[number].received.out_words[0];
	}
	EXPECT_EQ((2U << RECEIVES) - 2, seen);
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(uring, reply_recv_answers_and_waits_for_the_next)
{
	struct proxyipc_endpoint_reply_recv params = { .size = sizeof(params) };
	struct io_uring_sqe *sqe;
	int i;

	/* Without a cap it only receives. */
	for (i = 1; i <= 3; i++) {
		poison_received(&params.received);
		sqe = ring_entry(&self->ring, i);
		proxyipc_prep_endpoint_reply_recv(sqe, self->endpoint, &params);
		ASSERT_EQ(0, ring_submit(&self->ring, sqe));
		EXPECT_TRUE(ring_is_silent(&self->ring));
		if (i > 1) {
			EXPECT_EQ(0, helper_finish(&self->h));
			EXPECT_EQ(99 + i, (int)self->h.page->arg.call.reply.words[0]);
			EXPECT_EQ(0ULL, params.cap);
		}
		ASSERT_EQ(0, helper_call(&self->h, self->nr, i));
		ASSERT_EQ(0, ring_result(&self->ring, i));
		expect_call(_metadata, self, i, &params.received);
		params.cap = params.received.out_cap;
		params.message.words[0] = 100 + i;
	}
	EXPECT_EQ(0, endpoint_reply(self->endpoint, params.cap, 0));
	EXPECT_EQ(0, helper_finish(&self->h));
}

TEST_F(uring, reply_recv_that_cannot_answer_receives_nothing)
{
	struct proxyipc_endpoint_reply_recv params = {
		.size = sizeof(params),
		.cap = 4711,
	};

	ASSERT_EQ(0, entry_send(self->entry, 1));
	EXPECT_EQ(-ESTALE, ring_do(&self->ring, self->endpoint,
				   PROXYIPC_IOC_ENDPOINT_REPLY_RECV, &params));
	EXPECT_EQ(4711ULL, params.cap);
	EXPECT_TRUE(readable(self->endpoint));
}

/*
 * Invoking
 */

/* What a call of the test's own ring brought. */
static __u64 receive_own_call(struct _test_data_uring *self,
			      struct proxyipc_endpoint_recv *recv)
{
	memset(recv, 0, sizeof(*recv));
	return endpoint_recv(self->endpoint, recv) ? 0 : recv->received.out_cap;
}

TEST_F(uring, call_completes_with_its_reply)
{
	struct proxyipc_endpoint_reply reply = {
		.size = sizeof(reply),
		.message.words[0] = 43,
		.message.data = address(DATA),
		.message.data_len = sizeof(DATA),
	};
	char buffer[2 * sizeof(DATA)] = "";
	struct proxyipc_entry_call call = {
		.message.words[0] = 42,
		.reply.data = address(buffer),
		.reply.data_len = sizeof(buffer),
	};
	struct proxyipc_endpoint_recv recv;

	ASSERT_EQ(0, ring_call(&self->ring, 1, self->entry, &call));
	reply.cap = receive_own_call(self, &recv);
	ASSERT_NE(0ULL, reply.cap);
	EXPECT_EQ(42ULL, recv.received.out_words[0]);
	EXPECT_EQ(getpid(), recv.received.out_sender_tgid);
	EXPECT_EQ(getpid(), recv.received.out_sender_tid);
	EXPECT_EQ(sizeof(buffer), recv.received.out_reply_size);
	EXPECT_TRUE(ring_is_silent(&self->ring));
	ASSERT_EQ(0, command(self->endpoint, PROXYIPC_IOC_ENDPOINT_REPLY, &reply));
	ASSERT_EQ(0, ring_result(&self->ring, 1));
	EXPECT_EQ(43ULL, call.reply.words[0]);
	EXPECT_EQ(0ULL, call.reply.words[1]);
	EXPECT_EQ(sizeof(DATA), call.reply.data_len);
	EXPECT_STREQ(DATA, buffer);
}

TEST_F(uring, call_completes_with_an_error_if_it_is_dropped)
{
	struct proxyipc_entry_call call = { .size = 0 };
	struct proxyipc_endpoint_recv recv;

	ASSERT_EQ(0, ring_call(&self->ring, 1, self->entry, &call));
	ASSERT_EQ(0, endpoint_drop(self->endpoint, receive_own_call(self, &recv)));
	EXPECT_EQ(-ECANCELED, ring_result(&self->ring, 1));
	EXPECT_EQ(POISON64, call.reply.words[0]);
}

TEST_F(uring, call_that_is_not_received_is_taken_back_at_its_deadline)
{
	struct proxyipc_entry_call call = { .deadline = deadline_ms(30) };

	ASSERT_EQ(0, ring_call(&self->ring, 1, self->entry, &call));
	EXPECT_EQ(-ETIMEDOUT, ring_result(&self->ring, 1));
	EXPECT_LE(call.deadline, now_ns());
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(uring, call_that_was_received_is_abandoned_at_its_deadline)
{
	struct proxyipc_entry_call call = { .size = 0 };
	struct proxyipc_endpoint_recv recv;
	__u64 cap;

	call.deadline = deadline_ms(PATIENCE_MS / 20);
	ASSERT_EQ(0, ring_call(&self->ring, 1, self->entry, &call));
	cap = receive_own_call(self, &recv);
	ASSERT_NE(0ULL, cap);
	EXPECT_EQ(-ETIMEDOUT, ring_result(&self->ring, 1));
	EXPECT_EQ(-ESRCH, endpoint_reply(self->endpoint, cap, 1));
}

/* More than there are workers: where they wait in workers, some wait for one. */
#define CALLS	64

TEST_F(uring, of_many_calls_in_flight_each_gets_its_reply)
{
	struct proxyipc_entry_call call[CALLS + 1] = { { .size = 0 } };
	struct proxyipc_endpoint_recv recv;
	unsigned int i;
	__u64 number;
	int result;

	for (i = 1; i <= CALLS; i++) {
		call[i].message.words[0] = i;
		ASSERT_EQ(0, ring_call(&self->ring, i, self->entry, &call[i]));
	}
	for (i = 1; i <= CALLS; i++) {
		ASSERT_NE(0ULL, receive_own_call(self, &recv));
		ASSERT_EQ(0, endpoint_reply(self->endpoint, recv.received.out_cap,
					    1000 + recv.received.out_words[0]));
	}
	for (i = 1; i <= CALLS; i++) {
		ASSERT_TRUE(ring_next(&self->ring, PATIENCE_MS, &number, &result));
		EXPECT_EQ(0, result);
		EXPECT_EQ(1000 + number, call[number].reply.words[0]);
		call[number].reply.words[0] = 0;
	}
	EXPECT_TRUE(ring_is_silent(&self->ring));
}

TEST_F(uring, one_ring_may_call_itself)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct proxyipc_entry_call call = { .message.words[0] = 42 };
	struct proxyipc_endpoint_reply reply = { .message.words[0] = 43 };
	struct io_uring_sqe *sqe;
	__u64 number[2];
	int result[2];

	ASSERT_EQ(0, ring_recv(&self->ring, 1, self->endpoint, &recv));
	ASSERT_EQ(0, ring_call(&self->ring, 2, self->entry, &call));
	ASSERT_EQ(0, ring_result(&self->ring, 1));
	EXPECT_EQ(42ULL, recv.received.out_words[0]);

	reply.cap = recv.received.out_cap;
	sqe = ring_entry(&self->ring, 3);
	proxyipc_prep_endpoint_reply(sqe, self->endpoint, &reply);
	ASSERT_EQ(0, ring_submit(&self->ring, sqe));
	ASSERT_TRUE(ring_next(&self->ring, PATIENCE_MS, &number[0], &result[0]));
	ASSERT_TRUE(ring_next(&self->ring, PATIENCE_MS, &number[1], &result[1]));
	EXPECT_EQ(2ULL + 3ULL, number[0] + number[1]);
	EXPECT_EQ(0, result[0]);
	EXPECT_EQ(0, result[1]);
	EXPECT_EQ(43ULL, call.reply.words[0]);
}

TEST_F(uring, send_waits_for_room)
{
	int endpoint = endpoint_new_limit(1);
	int entry = entry_new(endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct proxyipc_entry_send send = { .message.words[0] = 2 };
	struct io_uring_sqe *sqe;

	ASSERT_EQ(0, entry_send(entry, 1));
	sqe = ring_entry(&self->ring, 1);
	proxyipc_prep_entry_send(sqe, entry, &send);
	ASSERT_EQ(0, ring_submit(&self->ring, sqe));
	EXPECT_TRUE(ring_is_silent(&self->ring));
	ASSERT_EQ(0, endpoint_recv(endpoint, &recv));
	EXPECT_EQ(0, ring_result(&self->ring, 1));
	ASSERT_EQ(0, endpoint_recv(endpoint, &recv));
	EXPECT_EQ(2ULL, recv.received.out_words[0]);

	ASSERT_EQ(0, entry_send(entry, 3));
	send.flags = PROXYIPC_NONBLOCK;
	EXPECT_EQ(-EAGAIN, ring_do(&self->ring, entry, PROXYIPC_IOC_ENTRY_SEND,
				   &send));
	send.flags = 0;
	send.deadline = deadline_ms(30);
	EXPECT_EQ(-ETIMEDOUT, ring_do(&self->ring, entry,
				      PROXYIPC_IOC_ENTRY_SEND, &send));
	ASSERT_EQ(0, endpoint_recv(endpoint, &recv));
	EXPECT_EQ(3ULL, recv.received.out_words[0]);
	EXPECT_EMPTY(endpoint);
	close_fd(&entry);
	close_fd(&endpoint);
}

TEST_F(uring, notify_posts_and_a_receive_gets_it)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct proxyipc_entry_notify notify = { .notices = 0x5 };
	struct io_uring_sqe *sqe;
	__u64 number[2];
	int result[2];

	ASSERT_EQ(0, ring_recv(&self->ring, 1, self->endpoint, &recv));
	sqe = ring_entry(&self->ring, 2);
	proxyipc_prep_entry_notify(sqe, self->entry, &notify);
	ASSERT_EQ(0, ring_submit(&self->ring, sqe));
	ASSERT_TRUE(ring_next(&self->ring, PATIENCE_MS, &number[0], &result[0]));
	ASSERT_TRUE(ring_next(&self->ring, PATIENCE_MS, &number[1], &result[1]));
	EXPECT_EQ(1ULL + 2ULL, number[0] + number[1]);
	EXPECT_EQ(0, result[0]);
	EXPECT_EQ(0, result[1]);
	EXPECT_EQ(0x5ULL, notify.out_posted);
	EXPECT_EQ((__u32)PROXYIPC_NOTIFIED_POSTED, notify.out_state);
	EXPECT_EQ((__u32)PROXYIPC_KIND_NOTICE, recv.received.out_kind);
	EXPECT_EQ(0x5ULL, recv.received.out_notices);
}

/*
 * Targets
 */

TEST_F(uring, hold_and_resume)
{
	struct target t = target_spin();
	struct proxyipc_process_hold hold = { .size = sizeof(hold) };
	struct proxyipc_process_resume resume = { .size = sizeof(resume) };

	ASSERT_LE(0, t.process);
	ASSERT_EQ(0, ring_do(&self->ring, t.process, PROXYIPC_IOC_PROCESS_HOLD,
			     &hold));
	EXPECT_TRUE(held_state(hold.out_state));
	EXPECT_TRUE(target_counter_stands_still(&t));
	EXPECT_EQ(-EBUSY, ring_do(&self->ring, t.process,
				  PROXYIPC_IOC_PROCESS_HOLD, &hold));
	resume.token = hold.out_token;
	EXPECT_EQ(0, ring_do(&self->ring, t.process, PROXYIPC_IOC_PROCESS_RESUME,
			     &resume));
	EXPECT_TRUE(target_counts(&t));
	EXPECT_EQ(-ESTALE, ring_do(&self->ring, t.process,
				   PROXYIPC_IOC_PROCESS_RESUME, &resume));
	target_kill(&t);
	close_fd(&t.process);
}

/* A target in a section of its own, for as long as it may be. */
static void deferring(struct child_page *page)
{
	struct proxyipc_control *control;
	int me = process_open(0, 0, 0);

	if (proxyipc_process_map(me, &control))
		_exit(3);
	for (;;) {
		proxyipc_defer(control);
		page->phase = 1;
		page->go = 0;
		while (!page->go)
			page->counter[0]++;
		proxyipc_undefer(control, me);
	}
}

static int open_deferring(struct child *c)
{
	struct proxyipc_process_open open = {
		.size = sizeof(open),
		.tgid = c->pid,
		.defer_max = 100 * NS_PER_MS,
	};
	int device = device_open();
	int ret = command(device, PROXYIPC_IOC_PROCESS_OPEN, &open);

	close_fd(&device);
	return ret ?: open.out_fd;
}

TEST_F(uring, hold_waits_for_the_end_of_a_deferral)
{
	struct child c = child_new(deferring, -1, -1);
	struct proxyipc_process_hold hold = { .size = sizeof(hold) };
	int process;

	ASSERT_TRUE(child_reaches(&c, 1));
	process = open_deferring(&c);
	ASSERT_LE(0, process);
	ASSERT_EQ(0, ring_do(&self->ring, process, PROXYIPC_IOC_PROCESS_HOLD, &hold));
	EXPECT_TRUE(held_state(hold.out_state));
	EXPECT_TRUE(stands_still(&c.page->counter[0]));
	EXPECT_EQ(1, process_holds(process));
	EXPECT_EQ(0, process_resume(process, hold.out_token));
	close_fd(&process);
	child_kill(&c);
}

TEST_F(uring, proxied_message_is_received_answered_and_resumed)
{
	struct target t = target_spin();
	int proxy = process_mint(t.process, 9, RIGHTS_ALL, NOTICES_ALL);
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct proxyipc_entry_call call = { .message.words[0] = 42 };
	struct proxyipc_endpoint_resume resume = {
		.size = sizeof(resume),
		.flags = PROXYIPC_RESUME_REPLY,
		.message.words[0] = 43,
	};
	struct io_uring_sqe *sqe;
	__u64 number[2];
	int result[2];

	ASSERT_EQ(0, process_set_receiver(t.process, self->entry));
	ASSERT_EQ(0, ring_recv(&self->ring, 1, self->endpoint, &recv));
	ASSERT_EQ(0, ring_call(&self->ring, 2, proxy, &call));
	ASSERT_EQ(0, ring_result(&self->ring, 1));
	EXPECT_EQ((__u32)PROXYIPC_RECEIVED_PROXIED, recv.received.out_flags);
	EXPECT_EQ(9ULL, recv.received.out_proxy_payload);
	EXPECT_EQ((int)PROXYIPC_EPISODE_RECEIVED, process_episode(t.process));
	EXPECT_TRUE(target_counter_stands_still(&t));

	resume.cap = recv.received.out_cap;
	sqe = ring_entry(&self->ring, 3);
	proxyipc_prep_endpoint_resume(sqe, self->endpoint, &resume);
	ASSERT_EQ(0, ring_submit(&self->ring, sqe));
	ASSERT_TRUE(ring_next(&self->ring, PATIENCE_MS, &number[0], &result[0]));
	ASSERT_TRUE(ring_next(&self->ring, PATIENCE_MS, &number[1], &result[1]));
	EXPECT_EQ(2ULL + 3ULL, number[0] + number[1]);
	EXPECT_EQ(0, result[0]);
	EXPECT_EQ(0, result[1]);
	EXPECT_EQ(43ULL, call.reply.words[0]);
	EXPECT_TRUE(target_counts(&t));
	target_kill(&t);
	close_fd(&proxy);
	close_fd(&t.process);
}

/*
 * The thread that has the ring is the one that would have to resume, whoever receives
 * for it. So it can't be held for what is received there.
 */
TEST_F(uring, hold_of_the_thread_that_receives_is_refused)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int me = process_open(0, 0, 0);
	int proxy = process_mint(me, 0, RIGHTS_ALL, NOTICES_ALL);
	struct target t = target_idle();
	struct proxyipc_endpoint_recv other = { .size = sizeof(other),
						.flags = PROXYIPC_NONBLOCK };

	ASSERT_LE(0, proxy);
	/* The helper was the last to receive, so the slot can be filled. */
	ASSERT_LE(0, helper_give(&self->h, self->endpoint));
	EXPECT_EQ(-EAGAIN, helper_do(&self->h, helper_give(&self->h, self->endpoint),
				     PROXYIPC_IOC_ENDPOINT_RECV, &other,
				     sizeof(other)));
	ASSERT_EQ(0, process_set_receiver(me, self->entry));

	recv.flags = PROXYIPC_NONBLOCK;
	ASSERT_EQ(0, ring_recv(&self->ring, 1, self->endpoint, &recv));
	ASSERT_EQ(-EAGAIN, ring_result(&self->ring, 1));
	EXPECT_EQ(-EDEADLK, entry_send(proxy, 1));
	target_kill(&t);
	close_fd(&t.process);
	close_fd(&proxy);
	close_fd(&me);
}

/*
 * What isn't a command
 */

TEST_F(uring, what_io_uring_does_not_take_is_refused)
{
	struct proxyipc_endpoint_mint mint = { .size = sizeof(mint), .rights = 1 };
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct proxyipc_device_info info = { .size = sizeof(info) };
	int device = device_open();

	EXPECT_EQ(-ENOTTY, ring_do(&self->ring, self->endpoint,
				   PROXYIPC_IOC_ENDPOINT_MINT, &mint));
	EXPECT_EQ(-ENOTTY, ring_do(&self->ring, self->entry,
				   PROXYIPC_IOC_ENDPOINT_RECV, &recv));
	EXPECT_EQ(-ENOTTY, ring_do(&self->ring, self->endpoint,
				   PROXYIPC_IOC_ENDPOINT_RECV + 0x10000, &recv));
	EXPECT_EQ(-ENOTTY, ring_do(&self->ring, self->endpoint, 0xff, &recv));
	EXPECT_EQ(-EOPNOTSUPP, ring_do(&self->ring, device,
				       PROXYIPC_IOC_DEVICE_INFO, &info));
	close_fd(&device);
}

TEST_F(uring, malformed_arguments_are_refused)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct io_uring_sqe *sqe;

	EXPECT_EQ(-EFAULT, ring_do(&self->ring, self->endpoint,
				   PROXYIPC_IOC_ENDPOINT_RECV, unmapped_page()));
	recv.size = 8;
	EXPECT_EQ(-EINVAL, ring_do(&self->ring, self->endpoint,
				   PROXYIPC_IOC_ENDPOINT_RECV, &recv));
	recv.size = sizeof(recv);
	recv.flags = ~PROXYIPC_NONBLOCK;
	EXPECT_EQ(-EINVAL, ring_do(&self->ring, self->endpoint,
				   PROXYIPC_IOC_ENDPOINT_RECV, &recv));
	recv.flags = 0;
	sqe = ring_entry(&self->ring, 1);
	proxyipc_prep_endpoint_recv(sqe, self->endpoint, &recv);
	/* The reserved half of the 16 bytes. */
	sqe->__pad2[0] = 1;
	ASSERT_EQ(0, ring_submit(&self->ring, sqe));
	EXPECT_EQ(-EINVAL, ring_result(&self->ring, 1));
}

/*
 * Flags of IORING_OP_URING_CMD mean nothing to our commands. Of a multishot command, where
 * there is such a thing, io_uring may take success for one of several to come, and leave
 * its completion to us.
 */
TEST_F(uring, flags_of_other_commands_are_refused)
{
	struct proxyipc_entry_notify notify = { .notices = 1 };
	char buffer[64];
	struct iovec iovec = { .iov_base = buffer, .iov_len = sizeof(buffer) };
	struct io_uring_sqe *sqe;
	int result;

	ASSERT_EQ(0, io_uring_register_buffers(&self->ring.uring, &iovec, 1));
	sqe = ring_entry(&self->ring, 1);
	proxyipc_prep_entry_notify(sqe, self->entry, &notify);
	sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
	ASSERT_EQ(0, ring_submit(&self->ring, sqe));
	EXPECT_EQ(-EINVAL, ring_result(&self->ring, 1));

	sqe = ring_entry(&self->ring, 2);
	proxyipc_prep_entry_notify(sqe, self->entry, &notify);
	sqe->uring_cmd_flags = URING_CMD_MULTISHOT;
	sqe->flags |= IOSQE_BUFFER_SELECT;
	ASSERT_EQ(0, ring_submit(&self->ring, sqe));
	result = ring_result(&self->ring, 2);
	/* The latter from a kernel that selects no buffer for commands. */
	EXPECT_TRUE(result == -EINVAL || result == -EOPNOTSUPP);
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(uring, registered_file_is_as_good_as_a_descriptor)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct io_uring_sqe *sqe;

	ASSERT_EQ(0, io_uring_register_files(&self->ring.uring, &self->endpoint, 1));
	poison_recv(&recv);
	sqe = ring_entry(&self->ring, 1);
	proxyipc_prep_endpoint_recv(sqe, 0, &recv);
	sqe->flags |= IOSQE_FIXED_FILE;
	ASSERT_EQ(0, ring_submit(&self->ring, sqe));
	ASSERT_EQ(0, entry_send(self->entry, 42));
	EXPECT_EQ(0, ring_result(&self->ring, 1));
	EXPECT_EQ(42ULL, recv.received.out_words[0]);
}

TEST_HARNESS_MAIN
