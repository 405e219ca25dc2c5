// SPDX-License-Identifier: GPL-2.0
/*
 * Answering: REPLY_RECV, reply objects, and that a call has exactly one result
 * however many try to give it one.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include "proxyipc_test.h"

FIXTURE(reply) {
	int endpoint;
	int entry;
	struct helper caller;
	int nr;			/* the caller's number of the entry */
};

FIXTURE_SETUP(reply)
{
	self->endpoint = endpoint_new();
	ASSERT_LE(0, self->endpoint);
	self->entry = entry_new(self->endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->entry);
	self->caller = helper_new();
	ASSERT_LT(0, self->caller.pid);
	self->nr = helper_give(&self->caller, self->entry);
	ASSERT_LE(0, self->nr);
}

FIXTURE_TEARDOWN(reply)
{
	helper_kill(&self->caller);
	close_fd(&self->entry);
	close_fd(&self->endpoint);
}

/* The caller calls; the cap of that once received, or 0. */
static __u64 receive_call(struct _test_data_reply *self)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (helper_call(&self->caller, self->nr, 1) ||
	    endpoint_recv(self->endpoint, &recv))
		return 0;
	return recv.received.out_cap;
}

/* The same for a caller that waits until @deadline: 0 also if that passed. */
static __u64 receive_call_until(struct _test_data_reply *self, __u64 deadline)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct proxyipc_entry_call call = {
		.size = sizeof(call),
		.deadline = deadline,
	};

	if (helper_start(&self->caller, self->nr, PROXYIPC_IOC_ENTRY_CALL,
			 &call, sizeof(call)) ||
	    !eventually(readable(self->endpoint) ||
			helper_done(&self->caller)) ||
	    endpoint_recv_now(self->endpoint, &recv))
		return 0;
	return recv.received.out_cap;
}

static struct proxyipc_endpoint_reply_recv reply_recv_of(__u64 cap, __u64 word)
{
	struct proxyipc_endpoint_reply_recv both = {
		.size = sizeof(both),
		.flags = PROXYIPC_NONBLOCK,
		.cap = cap,
		.message.words[0] = word,
	};

	poison_received(&both.received);
	return both;
}

static int reply_recv(int endpoint, struct proxyipc_endpoint_reply_recv *both)
{
	return command(endpoint, PROXYIPC_IOC_ENDPOINT_REPLY_RECV, both);
}

/*
 * REPLY_RECV
 */

TEST_F(reply, reply_recv_answers_and_receives_the_next)
{
	struct proxyipc_endpoint_reply_recv both;
	__u64 cap = receive_call(self);

	ASSERT_NE(0ULL, cap);
	ASSERT_EQ(0, entry_send(self->entry, 8));
	both = reply_recv_of(cap, 7);
	EXPECT_EQ(0, reply_recv(self->endpoint, &both));
	EXPECT_EQ(0ULL, both.cap);
	EXPECT_EQ((__u32)PROXYIPC_KIND_SEND, both.received.out_kind);
	EXPECT_EQ(8ULL, both.received.out_words[0]);
	EXPECT_EQ(0ULL, both.received.out_cap);
	EXPECT_EQ(0, helper_finish(&self->caller));
	EXPECT_ANSWER(7, &self->caller.page->arg.call.reply);
	EXPECT_EQ(-ESTALE, endpoint_reply(self->endpoint, cap, 0));
}

TEST_F(reply, reply_recv_with_cap_0_only_receives)
{
	struct proxyipc_endpoint_reply_recv both = reply_recv_of(0, 0);

	ASSERT_EQ(0, helper_call(&self->caller, self->nr, 9));
	EXPECT_EQ(0, reply_recv(self->endpoint, &both));
	EXPECT_EQ((__u32)PROXYIPC_KIND_CALL, both.received.out_kind);
	EXPECT_EQ(9ULL, both.received.out_words[0]);
	EXPECT_EQ(0ULL, both.cap);
	EXPECT_FALSE(helper_done(&self->caller));
	EXPECT_EQ(0, endpoint_reply(self->endpoint, both.received.out_cap, 1));
}

TEST_F(reply, reply_recv_of_nothing_answers_all_the_same_and_clears_the_cap)
{
	struct proxyipc_endpoint_reply_recv both;
	__u64 cap = receive_call(self);

	ASSERT_NE(0ULL, cap);
	both = reply_recv_of(cap, 7);
	EXPECT_EQ(-EAGAIN, reply_recv(self->endpoint, &both));
	EXPECT_EQ(0ULL, both.cap);
	EXPECT_EQ(0, helper_finish(&self->caller));
	EXPECT_ANSWER(7, &self->caller.page->arg.call.reply);
	/* Repeating it is harmless. */
	EXPECT_EQ(-EAGAIN, reply_recv(self->endpoint, &both));
}

TEST_F(reply, reply_recv_is_etimedout_at_the_deadline_of_the_receive)
{
	struct proxyipc_endpoint_reply_recv both;
	__u64 cap = receive_call(self);

	ASSERT_NE(0ULL, cap);
	both = reply_recv_of(cap, 7);
	both.flags = 0;
	both.deadline = deadline_ms(50);
	EXPECT_EQ(-ETIMEDOUT, reply_recv(self->endpoint, &both));
	EXPECT_LE(both.deadline, now_ns());
	EXPECT_EQ(0ULL, both.cap);
	EXPECT_EQ(0, helper_finish(&self->caller));
}

TEST_F(reply, reply_recv_with_a_stale_cap_receives_nothing)
{
	struct proxyipc_endpoint_reply_recv both;
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	__u64 cap = receive_call(self);

	ASSERT_NE(0ULL, cap);
	ASSERT_EQ(0, endpoint_reply(self->endpoint, cap, 1));
	ASSERT_EQ(0, entry_send(self->entry, 8));
	both = reply_recv_of(cap, 7);
	EXPECT_EQ(-ESTALE, reply_recv(self->endpoint, &both));
	EXPECT_EQ(cap, both.cap);
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(8ULL, recv.received.out_words[0]);
}

TEST_F(reply, reply_recv_with_too_large_an_answer_receives_nothing)
{
	struct proxyipc_endpoint_reply_recv both;
	__u64 cap = receive_call(self);
	char data[1] = { 0 };

	ASSERT_NE(0ULL, cap);
	ASSERT_EQ(0, entry_send(self->entry, 8));
	both = reply_recv_of(cap, 7);
	both.message.data = address(data);
	both.message.data_len = 1;
	EXPECT_EQ(-EMSGSIZE, reply_recv(self->endpoint, &both));
	EXPECT_EQ(cap, both.cap);
	EXPECT_FALSE(helper_done(&self->caller));
	EXPECT_TRUE(readable(self->endpoint));
	both.message.data_len = 0;
	EXPECT_EQ(0, reply_recv(self->endpoint, &both));
	EXPECT_EQ(8ULL, both.received.out_words[0]);
	EXPECT_EQ(0, helper_finish(&self->caller));
}

TEST_F(reply, reply_recv_that_receives_too_much_has_answered_and_says_how_much)
{
	struct proxyipc_endpoint_reply_recv both;
	struct proxyipc_entry_send send = {
		.size = sizeof(send),
		.message.data = address("1234"),
		.message.data_len = 4,
	};
	__u64 cap = receive_call(self);

	ASSERT_NE(0ULL, cap);
	ASSERT_EQ(0, command(self->entry, PROXYIPC_IOC_ENTRY_SEND, &send));
	both = reply_recv_of(cap, 7);
	EXPECT_EQ(-EMSGSIZE, reply_recv(self->endpoint, &both));
	EXPECT_EQ(0ULL, both.cap);
	EXPECT_EQ(4U, both.received.out_data_len);
	EXPECT_EQ(0, helper_finish(&self->caller));
	EXPECT_TRUE(readable(self->endpoint));
}

/* Starts REPLY_RECV in a new helper, which answers @cap with 7 and waits. */
static struct helper waiting_replier(struct _test_data_reply *self, __u64 cap)
{
	struct proxyipc_endpoint_reply_recv both = reply_recv_of(cap, 7);
	struct helper h = helper_new();
	int nr = helper_give(&h, self->endpoint);

	both.flags = 0;
	if (nr < 0 || helper_start(&h, nr, PROXYIPC_IOC_ENDPOINT_REPLY_RECV,
				   &both, sizeof(both)) ||
	    !eventually(helper_asleep(&h)))
		h.pid = -ENODEV;
	return h;
}

TEST_F(reply, reply_recv_that_is_interrupted_has_answered_once)
{
	__u64 cap = receive_call(self);
	struct helper h = waiting_replier(self, cap);

	ASSERT_LT(0, h.pid);
	EXPECT_EQ(0, helper_finish(&self->caller));
	ASSERT_EQ(0, helper_signal(&h, SIGUSR1));
	EXPECT_EQ(-EINTR, helper_finish(&h));
	EXPECT_EQ(0ULL, h.page->arg.reply_recv.cap);
	helper_kill(&h);
}

/* Without the cap written as 0 the second round would end with ESTALE. */
TEST_F(reply, reply_recv_that_restarts_does_not_answer_twice)
{
	__u64 cap = receive_call(self);
	struct helper h = waiting_replier(self, cap);

	ASSERT_LT(0, h.pid);
	EXPECT_EQ(0, helper_finish(&self->caller));
	EXPECT_ANSWER(7, &self->caller.page->arg.call.reply);
	ASSERT_EQ(0, helper_signal(&h, SIGUSR2));
	ASSERT_TRUE(eventually(h.page->signals == 1));
	ASSERT_TRUE(eventually(helper_asleep(&h)));
	EXPECT_EQ(0, entry_send(self->entry, 12));
	EXPECT_EQ(0, helper_finish(&h));
	EXPECT_EQ(12ULL, h.page->arg.reply_recv.received.out_words[0]);
	EXPECT_EQ(0ULL, h.page->arg.reply_recv.cap);
	helper_kill(&h);
}

TEST_F(reply, reply_recv_to_a_caller_that_is_gone_is_esrch_and_receives_nothing)
{
	struct proxyipc_endpoint_reply_recv both;
	__u64 cap = receive_call(self);

	ASSERT_NE(0ULL, cap);
	ASSERT_EQ(0, helper_kill(&self->caller));
	ASSERT_EQ(0, entry_send(self->entry, 8));
	both = reply_recv_of(cap, 7);
	EXPECT_EQ(-ESRCH, reply_recv(self->endpoint, &both));
	EXPECT_TRUE(readable(self->endpoint));
	EXPECT_TRUE(all_bytes(both.received.out_words, POISON,
			      sizeof(both.received.out_words)));
	/* "The cap is used up" */
	EXPECT_EQ(0ULL, both.cap);
	EXPECT_EQ(-ESTALE, endpoint_reply(self->endpoint, cap, 7));
}

/*
 * REPLY to nobody
 */

TEST_F(reply, reply_after_the_deadline_of_the_call_is_esrch_then_estale)
{
	__u64 cap = receive_call_until(self, deadline_ms(1000));

	ASSERT_NE(0ULL, cap);
	EXPECT_EQ(-ETIMEDOUT, helper_finish(&self->caller));
	EXPECT_EQ(-ESRCH, endpoint_reply(self->endpoint, cap, 1));
	EXPECT_EQ(-ESTALE, endpoint_reply(self->endpoint, cap, 1));
}

TEST_F(reply, reply_to_a_caller_that_was_killed_is_esrch)
{
	__u64 cap = receive_call(self);

	ASSERT_NE(0ULL, cap);
	ASSERT_EQ(0, helper_kill(&self->caller));
	EXPECT_EQ(-ESRCH, endpoint_reply(self->endpoint, cap, 1));
}

/*
 * Reply objects
 */

TEST_F(reply, reply_object_works_once)
{
	int fd = endpoint_fetch(self->endpoint, receive_call(self));

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, reply_send(fd, 5));
	EXPECT_EQ(-ESRCH, reply_send(fd, 6));
	EXPECT_EQ(0, helper_finish(&self->caller));
	EXPECT_ANSWER(5, &self->caller.page->arg.call.reply);
	close(fd);
}

TEST_F(reply, reply_object_closed_unanswered_is_ecanceled)
{
	int fd = endpoint_fetch(self->endpoint, receive_call(self));
	int other;

	ASSERT_LE(0, fd);
	other = dup(fd);
	ASSERT_LE(0, other);
	/* The last descriptor is what counts. */
	close(fd);
	EXPECT_FALSE(helper_done(&self->caller));
	close(other);
	EXPECT_EQ(-ECANCELED, helper_finish(&self->caller));
}

TEST_F(reply, reply_object_of_a_caller_that_is_gone_is_esrch)
{
	int fd = endpoint_fetch(self->endpoint, receive_call(self));

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, helper_kill(&self->caller));
	EXPECT_EQ(-ESRCH, reply_send(fd, 5));
	close(fd);
}

TEST_F(reply, reply_object_after_the_deadline_of_the_call_is_esrch)
{
	__u64 cap = receive_call_until(self, deadline_ms(1000));
	int fd = endpoint_fetch(self->endpoint, cap);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ETIMEDOUT, helper_finish(&self->caller));
	EXPECT_EQ(-ESRCH, reply_send(fd, 5));
	close(fd);
}

TEST_F(reply, reply_object_with_too_large_an_answer_is_emsgsize_and_stays_good)
{
	int fd = endpoint_fetch(self->endpoint, receive_call(self));
	struct proxyipc_reply_send send = {
		.size = sizeof(send),
		.message.words[0] = 5,
		.message.data = address("x"),
		.message.data_len = 1,
	};

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EMSGSIZE, command(fd, PROXYIPC_IOC_REPLY_SEND, &send));
	send.message.data = address(unmapped_page());
	send.message.data_len = PROXYIPC_DATA_MAX + 1;
	EXPECT_EQ(-EMSGSIZE, command(fd, PROXYIPC_IOC_REPLY_SEND, &send));
	EXPECT_FALSE(helper_done(&self->caller));
	EXPECT_EQ(0, reply_send(fd, 6));
	EXPECT_EQ(0, helper_finish(&self->caller));
	EXPECT_ANSWER(6, &self->caller.page->arg.call.reply);
	close(fd);
}

TEST_F(reply, reply_object_that_died_with_its_process_is_ecanceled)
{
	int fd = endpoint_fetch(self->endpoint, receive_call(self));
	struct helper h = helper_new();

	ASSERT_LE(0, fd);
	ASSERT_LE(0, helper_give(&h, fd));
	close(fd);
	EXPECT_FALSE(helper_done(&self->caller));
	ASSERT_EQ(0, helper_kill(&h));
	EXPECT_EQ(-ECANCELED, helper_finish(&self->caller));
}

/*
 * Exactly one result
 */

/* A thread that answers @cap with @word when told to go. */
struct racer {
	int endpoint;
	__u64 cap;
	__u64 word;
	atomic_int *go;
	int result;
	pthread_t thread;
};

static void *race(void *arg)
{
	struct racer *racer = arg;

	while (!*racer->go)
		;
	racer->result = endpoint_reply(racer->endpoint, racer->cap,
				       racer->word);
	return NULL;
}

TEST_F(reply, of_two_answers_at_the_same_time_one_is_taken_and_one_is_estale)
{
	struct racer a, b;
	atomic_int go;
	int i;

	for (i = 0; i < 200; i++) {
		go = 0;
		a = (struct racer){
			.endpoint = self->endpoint,
			.cap = receive_call(self),
			.word = 1,
			.go = &go,
		};
		b = a;
		b.word = 2;
		ASSERT_NE(0ULL, a.cap);
		ASSERT_EQ(0, pthread_create(&a.thread, NULL, race, &a));
		ASSERT_EQ(0, pthread_create(&b.thread, NULL, race, &b));
		go = 1;
		pthread_join(a.thread, NULL);
		pthread_join(b.thread, NULL);
		ASSERT_EQ(-ESTALE, a.result + b.result);
		ASSERT_EQ(0, helper_finish(&self->caller));
		ASSERT_EQ(a.result ? 2ULL : 1ULL,
			  self->caller.page->arg.call.reply.words[0]);
	}
}

/* Whoever thinks that it was answered in time, the other thinks so too. */
TEST_F(reply, answer_that_races_with_the_deadline_is_taken_or_esrch)
{
	int i, answered, called;
	unsigned int ms = 50;
	__u64 cap, deadline;

	for (i = 0; i < 40; i++) {
		deadline = deadline_ms(ms);
		cap = receive_call_until(self, deadline);
		if (!cap) {
			/* Too slow a machine to receive it before that. */
			ASSERT_EQ(-ETIMEDOUT, helper_finish(&self->caller));
			ms *= 2;
			continue;
		}
		while (now_ns() + (i % 20) * 10000 < deadline)
			;
		answered = endpoint_reply(self->endpoint, cap, 1);
		called = helper_finish(&self->caller);
		ASSERT_TRUE((answered == 0 && called == 0) ||
			    (answered == -ESRCH && called == -ETIMEDOUT)) {
			TH_LOG("answer %d, call %d", answered, called);
		}
	}
	/* With this the machine would be too slow for anything. */
	ASSERT_GT(10000U, ms);
}

TEST_F(reply, answer_that_races_with_a_kill_is_taken_or_esrch)
{
	int i, answered;
	__u64 cap;

	for (i = 0; i < 30; i++) {
		cap = receive_call(self);
		ASSERT_NE(0ULL, cap);
		kill(self->caller.pid, SIGKILL);
		answered = endpoint_reply(self->endpoint, cap, 1);
		ASSERT_TRUE(answered == 0 || answered == -ESRCH);
		ASSERT_EQ(-ESTALE, endpoint_reply(self->endpoint, cap, 1));
		helper_kill(&self->caller);
		self->caller = helper_new();
		self->nr = helper_give(&self->caller, self->entry);
		ASSERT_LE(0, self->nr);
	}
}

TEST_HARNESS_MAIN
