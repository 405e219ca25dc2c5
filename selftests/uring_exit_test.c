// SPDX-License-Identifier: GPL-2.0
/*
 * Commands in flight when something ends: the ring, the process, the thread, the program;
 * or when they are cancelled. Nothing is lost and nothing is left, and SIGKILL kills.
 */
#include <liburing.h>

#include "ring_stage.h"
#include "hold_helpers.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

/*
 * The child has a ring, and in flight there a receive at the inbox, a call of the outbox,
 * and a send to it that waits, since there is room for one, which is taken.
 */

#define IN_FLIGHT	1	/* phases */
#define ENDED		2

#define CLOSE_RING	1	/* what it is told */
#define EXECUTE		2
#define END_THREAD	3

FIXTURE(uring_exit) {
	int inbox, inbox_entry;
	int outbox, outbox_entry;
	struct child c;
};

FIXTURE_VARIANT(uring_exit) {
	unsigned int setup;
	__u8 flags;
};

FIXTURE_VARIANT_ADD(uring_exit, plain) { .setup = 0 };

FIXTURE_VARIANT_ADD(uring_exit, deferred) {
	.setup = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
};

FIXTURE_VARIANT_ADD(uring_exit, polling_thread) { .setup = IORING_SETUP_SQPOLL };

FIXTURE_VARIANT_ADD(uring_exit, worker) { .flags = IOSQE_ASYNC };

/* Inherited by the child. */
static unsigned int child_setup;
static __u8 child_flags;
static bool in_a_thread;

static struct ring child_ring;
static struct proxyipc_endpoint_recv child_recv;
static struct proxyipc_entry_call child_call;
static struct proxyipc_entry_send child_send = { .message.words[0] = 2 };

static int child_submit(struct child_page *page)
{
	struct io_uring_sqe *sqe;
	int ret;

	ret = ring_init(&child_ring, child_setup, child_flags);
	if (ret)
		return ret;
	ret = ring_recv(&child_ring, 1, page->fd[0], &child_recv) ?:
	      ring_call(&child_ring, 2, page->fd[1], &child_call);
	if (ret)
		return ret;
	sqe = ring_entry(&child_ring, 3);
	proxyipc_prep_entry_send(sqe, page->fd[1], &child_send);
	ret = ring_submit(&child_ring, sqe);
	page->phase = IN_FLIGHT;
	return ret;
}

/* Until it is told to do something else. What comes for a command is noted. */
static void child_wait(struct child_page *page)
{
	__u64 number;
	int result;

	while (!page->go)
		if (ring_next(&child_ring, 1, &number, &result))
			page->counter[0] |= 1U << number;
}

static void *submit_and_wait(void *arg)
{
	struct child_page *page = arg;

	if (child_submit(page))
		_exit(3);
	child_wait(page);
	return NULL;
}

static void child_in_flight(struct child_page *page)
{
	pthread_t thread;

	if (!in_a_thread)
		submit_and_wait(page);
	else if (pthread_create(&thread, NULL, submit_and_wait, page) ||
		 pthread_join(thread, NULL))
		_exit(4);
	if (page->go == EXECUTE)
		execlp("sleep", "sleep", "1000", NULL);
	if (page->go == CLOSE_RING)
		io_uring_queue_exit(&child_ring.uring);
	page->phase = ENDED;
	for (;;)
		pause();
}

static long fdinfo_number(int fd, const char *name)
{
	const char *value;
	char text[512];

	if (proc_fdinfo(fd, text, sizeof(text)))
		return -1;
	value = proc_field(text, name);
	return value ? strtol(value, NULL, 0) : -1;
}

FIXTURE_SETUP(uring_exit)
{
	child_setup = variant->setup;
	child_flags = variant->flags;
	self->inbox = endpoint_new();
	self->inbox_entry = entry_new(self->inbox, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->inbox_entry);
	self->outbox = endpoint_new_limit(1);
	self->outbox_entry = entry_new(self->outbox, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->outbox_entry);
	ASSERT_EQ(0, entry_send(self->outbox_entry, 1));
	self->c = child_new(child_in_flight, self->inbox, self->outbox_entry);
	ASSERT_TRUE(child_reaches(&self->c, IN_FLIGHT));
	ASSERT_TRUE(eventually(fdinfo_number(self->outbox, "queued") == 3));
	EXPECT_EQ(1, fdinfo_number(self->outbox, "blocked"));
	EXPECT_EQ(0U, self->c.page->counter[0]);
}

FIXTURE_TEARDOWN(uring_exit)
{
	child_kill(&self->c);
	close_fd(&self->inbox_entry);
	close_fd(&self->inbox);
	close_fd(&self->outbox_entry);
	close_fd(&self->outbox);
}

/* Its call and its send are taken back, and it keeps its inbox open no more. */
static void expect_nothing_left(struct __test_metadata *_metadata,
				struct _test_data_uring_exit *self)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	EXPECT_TRUE(eventually(fdinfo_number(self->outbox, "queued") == 1));
	EXPECT_EQ(0, fdinfo_number(self->outbox, "blocked"));
	ASSERT_EQ(0, endpoint_recv_now(self->outbox, &recv));
	EXPECT_EQ(1ULL, recv.received.out_words[0]);
	EXPECT_EMPTY(self->outbox);
	/* What comes now isn't received by what is gone. */
	EXPECT_EQ(0, entry_send(self->inbox_entry, 7));
	EXPECT_TRUE(readable(self->inbox));
	close_fd(&self->inbox);
	EXPECT_TRUE(eventually(poll_events(self->inbox_entry) & POLLHUP));
}

TEST_F(uring_exit, of_a_killed_process_nothing_is_left)
{
	EXPECT_TRUE(killed_by(child_kill(&self->c), SIGKILL));
	expect_nothing_left(_metadata, self);
}

TEST_F(uring_exit, of_a_closed_ring_nothing_is_left)
{
	child_go(&self->c, CLOSE_RING);
	ASSERT_TRUE(child_reaches(&self->c, ENDED));
	EXPECT_TRUE(eventually(fdinfo_number(self->outbox, "queued") == 1));
	EXPECT_NE('D', proc_state(self->c.pid));
	/* The descriptors it had besides. */
	EXPECT_TRUE(killed_by(child_kill(&self->c), SIGKILL));
	expect_nothing_left(_metadata, self);
}

TEST_F(uring_exit, of_a_program_that_executes_another_nothing_is_left)
{
	child_go(&self->c, EXECUTE);
	EXPECT_TRUE(eventually(fdinfo_number(self->outbox, "queued") == 1));
	EXPECT_NE(0, proc_state(self->c.pid));
	EXPECT_TRUE(killed_by(child_kill(&self->c), SIGKILL));
	expect_nothing_left(_metadata, self);
}

TEST_F(uring_exit, call_that_was_received_is_abandoned)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int reply;

	/* The one before it; then there is room for the send. */
	ASSERT_EQ(0, endpoint_recv(self->outbox, &recv));
	ASSERT_EQ(0, endpoint_recv(self->outbox, &recv));
	ASSERT_EQ((__u32)PROXYIPC_KIND_CALL, recv.received.out_kind);
	EXPECT_EQ(self->c.pid, recv.received.out_sender_tgid);
	EXPECT_TRUE(eventually(self->c.page->counter[0] == 1U << 3));
	reply = endpoint_fetch(self->outbox, recv.received.out_cap);
	ASSERT_LE(0, reply);
	EXPECT_EQ(0, poll_events(reply) & POLLHUP);
	child_go(&self->c, CLOSE_RING);
	EXPECT_TRUE(eventually(poll_events(reply) & POLLHUP));
	EXPECT_EQ(-ESRCH, reply_send(reply, 1));
	EXPECT_TRUE(child_reaches(&self->c, ENDED));
	close_fd(&reply);
}

/* Whoever of its threads it was that received: a polling thread, a worker. */
TEST_F(uring_exit, death_of_the_process_that_received_ends_the_hold)
{
	struct target t = target_spin();
	int proxy = process_mint(t.process, 0, RIGHTS_ALL, NOTICES_ALL);
	struct helper h = helper_new();
	int nr = helper_give(&h, proxy);

	ASSERT_LE(0, nr);
	ASSERT_EQ(0, process_set_receiver(t.process, self->inbox_entry));
	ASSERT_EQ(0, helper_call(&h, nr, 1));
	EXPECT_TRUE(eventually(self->c.page->counter[0] == 1U << 1));
	EXPECT_EQ((int)PROXYIPC_EPISODE_RECEIVED, process_episode(t.process));
	EXPECT_TRUE(target_counter_stands_still(&t));
	EXPECT_TRUE(killed_by(child_kill(&self->c), SIGKILL));
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&h));
	EXPECT_TRUE(target_counts(&t));
	helper_kill(&h);
	target_kill(&t);
	close_fd(&proxy);
	close_fd(&t.process);
}

/*
 * The ring is there, but the task that submitted to it is not: it can't receive. The
 * wake-up, which is for one receiver, must not end with it. With DEFER_TASKRUN nobody
 * else may so much as give the command up, before the ring is closed.
 */
FIXTURE(ended_thread) {
	int endpoint, entry;
	int outbox, outbox_entry;
	struct helper h;
	struct child c;
};

FIXTURE_VARIANT(ended_thread) {
	unsigned int setup;
};

FIXTURE_VARIANT_ADD(ended_thread, plain) { .setup = 0 };

FIXTURE_VARIANT_ADD(ended_thread, deferred) {
	.setup = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
};

FIXTURE_SETUP(ended_thread)
{
	child_setup = variant->setup;
	in_a_thread = true;
	self->endpoint = endpoint_new();
	self->entry = entry_new(self->endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->entry);
	self->outbox = endpoint_new();
	self->outbox_entry = entry_new(self->outbox, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->outbox_entry);
	self->h = helper_new();
	self->c = child_new(child_in_flight, self->endpoint, self->outbox_entry);
	ASSERT_TRUE(child_reaches(&self->c, IN_FLIGHT));
}

FIXTURE_TEARDOWN(ended_thread)
{
	child_kill(&self->c);
	helper_kill(&self->h);
	close_fd(&self->outbox_entry);
	close_fd(&self->outbox);
	close_fd(&self->entry);
	close_fd(&self->endpoint);
}

TEST_F(ended_thread, message_for_it_goes_to_the_next_receiver)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	int nr = helper_give(&self->h, self->endpoint);

	ASSERT_EQ(0, helper_start(&self->h, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
				  sizeof(recv)));
	ASSERT_TRUE(eventually(helper_asleep(&self->h)));
	child_go(&self->c, END_THREAD);
	ASSERT_TRUE(child_reaches(&self->c, ENDED));
	ASSERT_EQ(0, entry_send(self->entry, 42));
	EXPECT_TRUE(eventually(!readable(self->endpoint)));
	EXPECT_EQ(0, helper_finish(&self->h));
	EXPECT_EQ(42ULL, self->h.page->arg.recv.received.out_words[0]);
}

/*
 * Races: another thread sends at about the same time
 */

FIXTURE(race) {
	struct ring ring;
	int endpoint, entry;
	pthread_t sender;
	atomic_int go;		/* rounds that it may begin; -1: end */
	atomic_int done;	/* and has ended */
	unsigned int delay;
};

FIXTURE_VARIANT(race) {
	unsigned int setup;
};

FIXTURE_VARIANT_ADD(race, plain) { .setup = 0 };

FIXTURE_VARIANT_ADD(race, deferred) {
	.setup = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
};

static void *send_each_round(void *arg)
{
	struct _test_data_race *self = arg;

	for (int round = 1; ; round++) {
		while (self->go >= 0 && self->go < round)
			sched_yield();
		if (self->go < 0)
			return NULL;
		burn(self->delay);
		entry_send_now(self->entry, round);
		self->done = round;
	}
}

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, ring_init(&self->ring, variant->setup, 0));
	self->endpoint = endpoint_new();
	self->entry = entry_new(self->endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->entry);
	ASSERT_EQ(0, pthread_create(&self->sender, NULL, send_each_round, self));
}

FIXTURE_TEARDOWN(race)
{
	self->go = -1;
	pthread_join(self->sender, NULL);
	io_uring_queue_exit(&self->ring.uring);
	close_fd(&self->entry);
	close_fd(&self->endpoint);
}

/* Between the look for a message and the place in the queue there is a moment. */
TEST_F(race, message_that_comes_while_a_receive_begins_to_wait_is_received)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	long rounds = repeat(2000);

	for (int round = 1; round <= rounds; round++) {
		self->delay = round * 7 % 400;
		self->go = round;
		ASSERT_EQ(0, ring_recv(&self->ring, round, self->endpoint, &recv));
		ASSERT_EQ(0, ring_result(&self->ring, round));
		ASSERT_EQ((__u64)round, recv.received.out_words[0]);
	}
}

/* It was received into the argument, or is there for the next who asks. */
TEST_F(race, message_that_comes_while_the_ring_closes_is_received_once)
{
	struct proxyipc_endpoint_recv recv, next = { .size = 0 };
	volatile __u32 *kind = &recv.received.out_kind;
	long rounds = repeat(100);
	int received = 0, left = 0;

	for (int round = 1; round <= rounds; round++) {
		memset(&recv, 0, sizeof(recv));
		ASSERT_EQ(0, ring_recv(&self->ring, 1, self->endpoint, &recv));
		self->delay = round * 37 % 4000;
		self->go = round;
		io_uring_queue_exit(&self->ring.uring);
		ASSERT_TRUE(eventually(self->done == round));
		ASSERT_TRUE(eventually(*kind != POISON32 || readable(self->endpoint)));
		if (*kind != POISON32) {
			received++;
			EXPECT_EMPTY(self->endpoint);
		} else {
			left++;
			ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &next));
			ASSERT_EQ((__u64)round, next.received.out_words[0]);
		}
		ASSERT_EQ(0, ring_init(&self->ring, variant->setup, 0));
	}
	TH_LOG("%d were received, %d left", received, left);
}

/*
 * Cancelling
 */

FIXTURE(cancel) {
	struct ring ring;
	int endpoint, entry;
};

FIXTURE_VARIANT(cancel) {
	__u8 flags;
};

FIXTURE_VARIANT_ADD(cancel, plain) { .flags = 0 };

FIXTURE_VARIANT_ADD(cancel, worker) { .flags = IOSQE_ASYNC };

FIXTURE_SETUP(cancel)
{
	ASSERT_EQ(0, ring_init(&self->ring, 0, variant->flags));
	self->endpoint = endpoint_new();
	self->entry = entry_new(self->endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->entry);
}

FIXTURE_TEARDOWN(cancel)
{
	io_uring_queue_exit(&self->ring.uring);
	close_fd(&self->entry);
	close_fd(&self->endpoint);
}

/* IORING_OP_ASYNC_CANCEL of number 1, its own number is 9: what it says. */
static int cancel_first(struct ring *ring, int *first)
{
	int result = -ETIME, cancel = -ETIME, got;
	struct io_uring_sqe *sqe;
	__u64 number;

	sqe = ring_entry(ring, 9);
	io_uring_prep_cancel64(sqe, 1, 0);
	sqe->user_data = 9;
	if (io_uring_submit(&ring->uring) != 1)
		return -EBADMSG;
	while (cancel == -ETIME || (cancel != -ENOENT && result == -ETIME)) {
		if (!ring_next(ring, PATIENCE_MS, &number, &got))
			return -ETIME;
		if (number == 9)
			cancel = got;
		else
			result = got;
	}
	*first = result;
	return cancel;
}

/* Was it cancelled by the kernel before a worker got to it, or by us in it? */
static bool is_cancelled(int result)
{
	return result == -EINTR || result == -ECANCELED;
}

/*
 * The kernel finds what a worker executes. It doesn't find a command that waits without
 * one; then the command is none the worse for it.
 */
TEST_F(cancel, receive_is_cancelled_or_goes_on)
{
	bool in_worker = variant->flags & IOSQE_ASYNC || !waits_without_a_thread();
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int ret, result;

	ASSERT_EQ(0, ring_recv(&self->ring, 1, self->endpoint, &recv));
	ret = cancel_first(&self->ring, &result);
	ASSERT_NE(-ETIME, ret);
	if (in_worker)
		EXPECT_NE(-ENOENT, ret);
	ASSERT_EQ(0, entry_send(self->entry, 42));
	if (ret == -ENOENT) {
		EXPECT_EQ(0, ring_result(&self->ring, 1));
		EXPECT_EQ(42ULL, recv.received.out_words[0]);
	} else {
		EXPECT_TRUE(is_cancelled(result));
		EXPECT_TRUE(readable(self->endpoint));
	}
}

TEST_F(cancel, call_is_taken_back_or_goes_on)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct proxyipc_entry_call call = { .message.words[0] = 42 };
	int ret, result;

	ASSERT_EQ(0, ring_call(&self->ring, 1, self->entry, &call));
	ASSERT_TRUE(eventually(readable(self->endpoint)));
	ret = cancel_first(&self->ring, &result);
	ASSERT_NE(-ETIME, ret);
	if (ret == -ENOENT) {
		ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
		ASSERT_EQ(0, endpoint_reply(self->endpoint,
					    recv.received.out_cap, 43));
		EXPECT_EQ(0, ring_result(&self->ring, 1));
		EXPECT_EQ(43ULL, call.reply.words[0]);
	} else {
		EXPECT_TRUE(is_cancelled(result));
		EXPECT_EMPTY(self->endpoint);
	}
}

TEST_F(cancel, call_that_was_received_is_abandoned_or_goes_on)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct proxyipc_entry_call call = { .size = 0 };
	int ret, result;

	ASSERT_EQ(0, ring_call(&self->ring, 1, self->entry, &call));
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
	ret = cancel_first(&self->ring, &result);
	ASSERT_NE(-ETIME, ret);
	if (ret == -ENOENT) {
		ASSERT_EQ(0, endpoint_reply(self->endpoint,
					    recv.received.out_cap, 43));
		EXPECT_EQ(0, ring_result(&self->ring, 1));
	} else {
		EXPECT_TRUE(is_cancelled(result));
		EXPECT_EQ(-ESRCH, endpoint_reply(self->endpoint,
						 recv.received.out_cap, 43));
	}
}

/*
 * Kernels differ in when they start such a timeout, and whether they find what it is
 * for. Whatever it does, the message goes to one.
 */
TEST_F(cancel, linked_timeout_cancels_or_does_nothing)
{
	struct __kernel_timespec soon = { .tv_nsec = NS_PER_MS };
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int result[3] = { 0, -ETIME, -ETIME }, got;
	struct io_uring_sqe *sqe;
	__u64 number;

	poison_recv(&recv);
	sqe = ring_entry(&self->ring, 1);
	proxyipc_prep_endpoint_recv(sqe, self->endpoint, &recv);
	sqe->flags |= IOSQE_IO_LINK | variant->flags;
	sqe = ring_entry(&self->ring, 2);
	io_uring_prep_link_timeout(sqe, &soon, 0);
	sqe->user_data = 2;
	ASSERT_EQ(2, io_uring_submit(&self->ring.uring));

	while (ring_next(&self->ring, 100, &number, &got))
		result[number] = got;
	ASSERT_EQ(0, entry_send(self->entry, 42));
	while (result[1] == -ETIME || result[2] == -ETIME) {
		/* The kernel's word for "it has cancelled it" is the same. */
		if (result[1] != -ETIME && is_cancelled(result[1]))
			break;
		ASSERT_TRUE(ring_next(&self->ring, PATIENCE_MS, &number, &got));
		result[number] = got;
	}
	if (result[1]) {
		EXPECT_TRUE(is_cancelled(result[1]));
		EXPECT_EQ(POISON32, recv.received.out_kind);
		EXPECT_TRUE(readable(self->endpoint));
	} else {
		EXPECT_EQ(42ULL, recv.received.out_words[0]);
		EXPECT_EMPTY(self->endpoint);
	}
}

TEST_HARNESS_MAIN
