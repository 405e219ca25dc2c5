// SPDX-License-Identifier: GPL-2.0
/*
 * poll and epoll on every kind of descriptor: what they say, and that a change
 * wakes who sleeps in them.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "proxyipc_test.h"

#define GONE	(POLLHUP | POLLERR)

FIXTURE(poll) {
	int endpoint;
	int entry;
	struct helper h;
	int nr;			/* the helper's number of the entry */
	struct target t;	/* idle; its receiver is the entry */
	int proxy;
};

FIXTURE_SETUP(poll)
{
	self->endpoint = endpoint_new();
	ASSERT_LE(0, self->endpoint);
	self->entry = entry_new(self->endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->entry);
	self->h = helper_new();
	self->nr = helper_give(&self->h, self->entry);
	ASSERT_LE(0, self->nr);
	self->t = target_idle();
	ASSERT_LE(0, self->t.process);
	ASSERT_EQ(0, process_set_receiver(self->t.process, self->entry));
	self->proxy = process_mint(self->t.process, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->proxy);
}

FIXTURE_TEARDOWN(poll)
{
	target_kill(&self->t);
	helper_kill(&self->h);
	close_fd(&self->proxy);
	close_fd(&self->t.process);
	close_fd(&self->entry);
	close_fd(&self->endpoint);
}

static bool gone(int fd)
{
	int events = poll_events(fd);

	return events >= 0 && events & GONE;
}

/* A call of the helper, received: its cap, or 0. */
static __u64 receive_call(struct _test_data_poll *self)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (helper_call(&self->h, self->nr, 1) ||
	    endpoint_recv(self->endpoint, &recv))
		return 0;
	return recv.received.out_cap;
}

/*
 * A thread that sleeps in poll() of one descriptor
 */

struct sleeper {
	int fd;
	short events;
	atomic_int tid;
	int result;
	pthread_t thread;
};

static void *sleep_in_poll(void *arg)
{
	struct sleeper *sleeper = arg;
	struct pollfd poller = {
		.fd = sleeper->fd,
		.events = sleeper->events,
	};

	sleeper->tid = gettid();
	sleeper->result = poll(&poller, 1, PATIENCE_MS) == 1 ?
			  poller.revents : -ETIMEDOUT;
	return NULL;
}

/* Returns when it is asleep. */
static bool sleeper_start(struct sleeper *sleeper, int fd, short events)
{
	memset(sleeper, 0, sizeof(*sleeper));
	sleeper->fd = fd;
	sleeper->events = events;
	return !pthread_create(&sleeper->thread, NULL, sleep_in_poll, sleeper) &&
	       eventually(sleeper->tid && proc_state(sleeper->tid) == 'S');
}

/* What woke it. */
static int sleeper_end(struct sleeper *sleeper)
{
	pthread_join(sleeper->thread, NULL);
	return sleeper->result;
}

/*
 * Endpoint: POLLIN while there is something to receive
 */

TEST_F(poll, endpoint_is_readable_while_there_is_something_to_receive)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	EXPECT_EQ(0, poll_events(self->endpoint) & (POLLIN | GONE));
	ASSERT_EQ(0, entry_send(self->entry, 1));
	ASSERT_EQ(0, entry_send(self->entry, 2));
	EXPECT_EQ(POLLIN, poll_events(self->endpoint) & (POLLIN | GONE));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(POLLIN, poll_events(self->endpoint) & (POLLIN | GONE));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(0, poll_events(self->endpoint) & (POLLIN | GONE));
}

TEST_F(poll, endpoint_is_readable_for_notices_until_they_are_received)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_EQ(0, entry_notify(self->entry, 1));
	EXPECT_TRUE(readable(self->endpoint));
	ASSERT_EQ(0, entry_notify(self->entry, 1));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_FALSE(readable(self->endpoint));
}

TEST_F(poll, endpoint_is_not_readable_once_a_call_was_taken_back)
{
	ASSERT_EQ(0, helper_call(&self->h, self->nr, 1));
	EXPECT_TRUE(readable(self->endpoint));
	ASSERT_EQ(0, helper_kill(&self->h));
	EXPECT_FALSE(readable(self->endpoint));
}

TEST_F(poll, endpoint_is_readable_for_proxied_messages_and_events)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_EQ(0, entry_send(self->proxy, 1));
	EXPECT_TRUE(readable(self->endpoint));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_FALSE(readable(self->endpoint));
	ASSERT_EQ(0, target_kill(&self->t));
	EXPECT_TRUE(eventually(readable(self->endpoint)));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ((__u32)PROXYIPC_KIND_EVENT, recv.received.out_kind);
	EXPECT_FALSE(readable(self->endpoint));
}

TEST_F(poll, sleeper_on_an_endpoint_is_woken_by_send)
{
	struct sleeper sleeper;

	ASSERT_TRUE(sleeper_start(&sleeper, self->endpoint, POLLIN));
	ASSERT_EQ(0, entry_send(self->entry, 1));
	EXPECT_EQ(POLLIN, sleeper_end(&sleeper));
}

/* Once only POLLIN was said with the wake-up, and this one slept on. */
TEST_F(poll, sleeper_who_asked_for_POLLRDNORM_alone_is_woken)
{
	struct sleeper sleeper;

	ASSERT_TRUE(sleeper_start(&sleeper, self->endpoint, POLLRDNORM));
	ASSERT_EQ(0, entry_send(self->entry, 1));
	EXPECT_EQ(POLLRDNORM, sleeper_end(&sleeper));
}

TEST_F(poll, sleeper_on_an_endpoint_is_woken_by_call)
{
	struct sleeper sleeper;

	ASSERT_TRUE(sleeper_start(&sleeper, self->endpoint, POLLIN));
	ASSERT_EQ(0, helper_call(&self->h, self->nr, 1));
	EXPECT_EQ(POLLIN, sleeper_end(&sleeper));
}

TEST_F(poll, sleeper_on_an_endpoint_is_woken_by_notify)
{
	struct sleeper sleeper;

	ASSERT_TRUE(sleeper_start(&sleeper, self->endpoint, POLLIN));
	ASSERT_EQ(0, entry_notify(self->entry, 1));
	EXPECT_EQ(POLLIN, sleeper_end(&sleeper));
}

TEST_F(poll, sleeper_on_an_endpoint_is_woken_by_a_proxied_message)
{
	struct sleeper sleeper;

	ASSERT_TRUE(sleeper_start(&sleeper, self->endpoint, POLLIN));
	ASSERT_EQ(0, entry_send(self->proxy, 1));
	EXPECT_EQ(POLLIN, sleeper_end(&sleeper));
}

TEST_F(poll, sleeper_on_an_endpoint_is_woken_by_the_end_of_a_target)
{
	struct sleeper sleeper;

	ASSERT_TRUE(sleeper_start(&sleeper, self->endpoint, POLLIN));
	ASSERT_EQ(0, target_kill(&self->t));
	EXPECT_EQ(POLLIN, sleeper_end(&sleeper));
}

/*
 * Edges
 */

/* An epoll that watches @fd for input edges. */
static int edges_of(int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	return epoll;
}

/* How many edges there were: 0 or 1, since there is one descriptor. */
static int edges(int epoll)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, 0);
}

TEST_F(poll, every_message_is_an_edge)
{
	int epoll = edges_of(self->endpoint);

	ASSERT_LE(0, epoll);
	EXPECT_EQ(0, edges(epoll));
	ASSERT_EQ(0, entry_send(self->entry, 1));
	EXPECT_EQ(1, edges(epoll));
	EXPECT_EQ(0, edges(epoll));
	/* The first is still there. */
	ASSERT_EQ(0, entry_send(self->entry, 2));
	EXPECT_EQ(1, edges(epoll));
	EXPECT_EQ(0, edges(epoll));
	close(epoll);
}

TEST_F(poll, receiving_is_no_edge)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int epoll = edges_of(self->endpoint);

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, entry_send(self->entry, 1));
	ASSERT_EQ(0, entry_send(self->entry, 2));
	ASSERT_EQ(1, edges(epoll));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(0, edges(epoll));
	close(epoll);
}

/* CVE-2019-2215 was a descriptor that went away under an epoll. */
TEST_F(poll, descriptor_may_be_closed_while_an_epoll_watches_it)
{
	int fds[5], epoll, i, round;
	struct target t;

	for (round = 0; round < 5; round++) {
		t = target_idle();
		ASSERT_LE(0, t.process);
		fds[0] = endpoint_new();
		fds[1] = entry_new(fds[0], 0, RIGHTS_ALL, NOTICES_ALL);
		ASSERT_EQ(0, process_set_receiver(t.process, fds[1]));
		fds[2] = t.process;
		fds[3] = process_mint(t.process, 0, RIGHTS_ALL, NOTICES_ALL);
		fds[4] = endpoint_fetch(self->endpoint, receive_call(self));
		epoll = edges_of(fds[0]);
		for (i = 1; i < 5; i++) {
			struct epoll_event event = { .events = EPOLLIN };

			ASSERT_LE(0, fds[i]);
			ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i],
					       &event));
		}
		/* Another order in every round. */
		for (i = 0; i < 5; i++) {
			close(fds[(i + round) % 5]);
			edges(epoll);
		}
		close(epoll);
		EXPECT_EQ(-ECANCELED, helper_finish(&self->h));
		EXPECT_EQ(0, target_kill(&t));
	}
}

/*
 * Entry: it says when the receiver is gone
 */

TEST_F(poll, entry_says_when_the_endpoint_is_gone)
{
	EXPECT_FALSE(gone(self->entry));
	close_fd(&self->endpoint);
	EXPECT_TRUE(gone(self->entry));
}

TEST_F(poll, sleeper_on_an_entry_is_woken_by_the_end_of_the_endpoint)
{
	struct sleeper sleeper;

	ASSERT_TRUE(sleeper_start(&sleeper, self->entry, 0));
	close_fd(&self->endpoint);
	EXPECT_NE(0, sleeper_end(&sleeper) & GONE);
}

TEST_F(poll, proxy_entry_says_when_the_target_is_gone)
{
	EXPECT_FALSE(gone(self->proxy));
	ASSERT_EQ(0, target_kill(&self->t));
	EXPECT_TRUE(eventually(gone(self->proxy)));
}

TEST_F(poll, sleeper_on_a_proxy_entry_is_woken_by_the_end_of_the_target)
{
	struct sleeper sleeper;

	ASSERT_TRUE(sleeper_start(&sleeper, self->proxy, 0));
	ASSERT_EQ(0, target_kill(&self->t));
	EXPECT_NE(0, sleeper_end(&sleeper) & GONE);
}

/*
 * Process: POLLIN when it is confirmed held, POLLHUP when it is gone
 */

TEST_F(poll, process_is_readable_while_it_is_held)
{
	__u64 token;

	EXPECT_EQ(0, poll_events(self->t.process) & (POLLIN | GONE));
	ASSERT_TRUE(held_state(process_hold(self->t.process, &token)));
	EXPECT_EQ(POLLIN, poll_events(self->t.process) & (POLLIN | GONE));
	ASSERT_EQ(0, process_resume(self->t.process, token));
	EXPECT_EQ(0, poll_events(self->t.process) & (POLLIN | GONE));
}

TEST_F(poll, sleeper_on_a_process_is_woken_by_an_episode)
{
	struct sleeper sleeper;

	ASSERT_TRUE(sleeper_start(&sleeper, self->t.process, POLLIN));
	ASSERT_EQ(0, entry_send(self->proxy, 1));
	EXPECT_EQ(POLLIN, sleeper_end(&sleeper));
}

TEST_F(poll, process_hangs_up_when_the_target_is_gone)
{
	EXPECT_EQ(0, poll_events(self->t.process) & GONE);
	ASSERT_EQ(0, target_kill(&self->t));
	EXPECT_TRUE(eventually(poll_events(self->t.process) & POLLHUP));
}

TEST_F(poll, sleeper_on_a_process_is_woken_by_the_end_of_the_target)
{
	struct sleeper sleeper;

	ASSERT_TRUE(sleeper_start(&sleeper, self->t.process, 0));
	ASSERT_EQ(0, target_kill(&self->t));
	EXPECT_NE(0, sleeper_end(&sleeper) & POLLHUP);
}

/*
 * Reply: it says when nobody waits any more
 */

TEST_F(poll, reply_says_when_the_caller_is_gone)
{
	int reply = endpoint_fetch(self->endpoint, receive_call(self));

	ASSERT_LE(0, reply);
	EXPECT_FALSE(gone(reply));
	ASSERT_EQ(0, helper_kill(&self->h));
	EXPECT_TRUE(eventually(gone(reply)));
	close(reply);
}

TEST_F(poll, sleeper_on_a_reply_is_woken_by_the_end_of_the_caller)
{
	int reply = endpoint_fetch(self->endpoint, receive_call(self));
	struct sleeper sleeper;

	ASSERT_LE(0, reply);
	ASSERT_TRUE(sleeper_start(&sleeper, reply, 0));
	ASSERT_EQ(0, helper_kill(&self->h));
	EXPECT_NE(0, sleeper_end(&sleeper) & GONE);
	close(reply);
}

TEST_F(poll, reply_says_when_it_has_been_used)
{
	int reply = endpoint_fetch(self->endpoint, receive_call(self));

	ASSERT_LE(0, reply);
	ASSERT_EQ(0, reply_send(reply, 1));
	EXPECT_TRUE(gone(reply));
	close(reply);
}

TEST_HARNESS_MAIN
