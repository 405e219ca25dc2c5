// SPDX-License-Identifier: GPL-2.0
#include <kunit/test.h>

#include "../receiver.c"

struct fixture {
	struct proxyipc_endpoint *ep;
	struct proxyipc_receiver *receiver;
};

static const struct proxyipc_letter letter = {
	.token = 7, .kind = PROXYIPC_KIND_NOTICE, .notices = 0x3,
};

static int receiver_init(struct kunit *test)
{
	struct fixture *f;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	test->priv = f;
	f->ep = proxyipc_endpoint_new(1);
	if (!f->ep)
		return -ENOMEM;
	/* The process object is only ever passed on. */
	f->receiver = proxyipc_receiver_new(f->ep, 0x55, NULL);
	return PTR_ERR_OR_ZERO(f->receiver);
}

static void receiver_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	if (!f || !f->ep)
		return;
	if (!IS_ERR_OR_NULL(f->receiver)) {
		proxyipc_receiver_detach(f->receiver);
		proxyipc_receiver_put(f->receiver);
	}
	proxyipc_endpoint_kill(f->ep);
	proxyipc_receiver_strip(f->ep);
	proxyipc_endpoint_put(f->ep);
}

/* As receive_take() does with a node that has nothing more. */
static void take(struct fixture *f)
{
	spin_lock(&f->ep->lock);
	proxyipc_endpoint_unqueue_locked(f->ep, &f->receiver->node);
	f->receiver->waiting = false;
	spin_unlock(&f->ep->lock);
	proxyipc_receiver_put(f->receiver);
}

static void every_delivery_has_a_cap_of_its_own(struct kunit *test)
{
	struct fixture *f = test->priv;
	u64 first, second;
	void *object;

	KUNIT_EXPECT_EQ(test, 0, proxyipc_receiver_deliver(f->receiver, &letter));
	first = f->receiver->cap;
	take(f);
	proxyipc_receiver_close(f->receiver, 0, letter.token, 0);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_receiver_deliver(f->receiver, &letter));
	second = f->receiver->cap;
	KUNIT_EXPECT_NE(test, first, second);
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_FREE,
			proxyipc_caps_find(&f->ep->caps, first, &object));
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_RECEIVER,
			proxyipc_caps_find(&f->ep->caps, second, &object));
	KUNIT_EXPECT_PTR_EQ(test, (void *)f->receiver, object);
}

static void unreceived_message_is_withdrawn(struct kunit *test)
{
	struct fixture *f = test->priv;

	proxyipc_receiver_deliver(f->receiver, &letter);
	KUNIT_EXPECT_EQ(test, 1U, f->ep->nr_queued);
	proxyipc_receiver_close(f->receiver, 0, letter.token, 0);
	KUNIT_EXPECT_EQ(test, 0U, f->ep->nr_queued);
	KUNIT_EXPECT_FALSE(test, f->receiver->waiting);
	KUNIT_EXPECT_EQ(test, 0ULL, f->receiver->letter.token);
	KUNIT_EXPECT_EQ(test, 1U, kref_read(&f->receiver->ref));
}

static void message_and_events_share_one_place_in_the_queue(struct kunit *test)
{
	struct fixture *f = test->priv;

	proxyipc_receiver_close(f->receiver, PROXYIPC_EVENT_LEASE_EXPIRED, 6, 0);
	proxyipc_receiver_deliver(f->receiver, &letter);
	KUNIT_EXPECT_EQ(test, 1U, f->ep->nr_queued);
	KUNIT_EXPECT_TRUE(test, f->receiver->waiting);
	KUNIT_EXPECT_EQ(test, (u32)PROXYIPC_EVENT_LEASE_EXPIRED,
			f->receiver->events);
	/* The message ends unreceived; what was to be told still is. */
	proxyipc_receiver_close(f->receiver, 0, letter.token, 0);
	KUNIT_EXPECT_EQ(test, 1U, f->ep->nr_queued);
	KUNIT_EXPECT_FALSE(test, f->receiver->waiting);
}

static void events_are_or_ed_and_tell_the_last_token(struct kunit *test)
{
	struct fixture *f = test->priv;

	proxyipc_receiver_close(f->receiver, PROXYIPC_EVENT_LEASE_EXPIRED, 6, 0x1);
	proxyipc_receiver_close(f->receiver, PROXYIPC_EVENT_LEASE_EXPIRED, 8, 0x4);
	/* Outside a hold: no token, and it hides none. */
	proxyipc_receiver_close(f->receiver, PROXYIPC_EVENT_TARGET_GONE, 0, 0);
	KUNIT_EXPECT_EQ(test, 1U, f->ep->nr_queued);
	KUNIT_EXPECT_EQ(test, (u32)(PROXYIPC_EVENT_LEASE_EXPIRED |
				    PROXYIPC_EVENT_TARGET_GONE),
			f->receiver->events);
	KUNIT_EXPECT_EQ(test, 8ULL, f->receiver->events_token);
	KUNIT_EXPECT_EQ(test, 0x5ULL, f->receiver->notices);
}

static void events_put_back_yield_to_a_newer_token(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct proxyipc_receiver *receiver = f->receiver;

	proxyipc_receiver_close(receiver, PROXYIPC_EVENT_LEASE_EXPIRED, 6, 0x1);
	/* Taken, as receive_take() does; meanwhile there is another. */
	take(f);
	receiver->events = 0;
	receiver->events_token = 0;
	receiver->notices = 0;
	proxyipc_receiver_close(receiver, PROXYIPC_EVENT_LEASE_EXPIRED, 8, 0x4);
	proxyipc_receiver_unpick_events(receiver, PROXYIPC_EVENT_LEASE_EXPIRED,
					6, 0x1);
	KUNIT_EXPECT_EQ(test, 8ULL, receiver->events_token);
	KUNIT_EXPECT_EQ(test, 0x5ULL, receiver->notices);
	KUNIT_EXPECT_EQ(test, 1U, f->ep->nr_queued);
}

static void only_the_message_that_is_there_can_be_put_back(struct kunit *test)
{
	struct fixture *f = test->priv;

	proxyipc_receiver_deliver(f->receiver, &letter);
	take(f);
	proxyipc_receiver_undeliver(f->receiver, letter.token + 1);
	KUNIT_EXPECT_EQ(test, 0U, f->ep->nr_queued);
	KUNIT_EXPECT_FALSE(test, f->receiver->waiting);
	proxyipc_receiver_undeliver(f->receiver, letter.token);
	KUNIT_EXPECT_EQ(test, 1U, f->ep->nr_queued);
	KUNIT_EXPECT_TRUE(test, f->receiver->waiting);
}

static void nothing_is_delivered_to_a_dead_endpoint(struct kunit *test)
{
	struct fixture *f = test->priv;

	proxyipc_endpoint_kill(f->ep);
	KUNIT_EXPECT_EQ(test, -EPIPE,
			proxyipc_receiver_deliver(f->receiver, &letter));
	proxyipc_receiver_close(f->receiver, PROXYIPC_EVENT_TARGET_GONE, 7, 0);
	proxyipc_receiver_undeliver(f->receiver, 0);
	KUNIT_EXPECT_EQ(test, 0U, f->ep->nr_queued);
	KUNIT_EXPECT_EQ(test, 0U, f->receiver->events);
	KUNIT_EXPECT_EQ(test, 1U, kref_read(&f->receiver->ref));
}

static void dead_endpoint_lets_go_of_what_was_delivered(struct kunit *test)
{
	struct fixture *f = test->priv;

	proxyipc_receiver_deliver(f->receiver, &letter);
	KUNIT_EXPECT_EQ(test, 2U, kref_read(&f->receiver->ref));
	proxyipc_endpoint_kill(f->ep);
	proxyipc_receiver_strip(f->ep);
	KUNIT_EXPECT_EQ(test, 0U, f->ep->nr_queued);
	KUNIT_EXPECT_FALSE(test, f->receiver->waiting);
	KUNIT_EXPECT_EQ(test, 1U, kref_read(&f->receiver->ref));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(every_delivery_has_a_cap_of_its_own),
	KUNIT_CASE(unreceived_message_is_withdrawn),
	KUNIT_CASE(message_and_events_share_one_place_in_the_queue),
	KUNIT_CASE(events_are_or_ed_and_tell_the_last_token),
	KUNIT_CASE(events_put_back_yield_to_a_newer_token),
	KUNIT_CASE(only_the_message_that_is_there_can_be_put_back),
	KUNIT_CASE(nothing_is_delivered_to_a_dead_endpoint),
	KUNIT_CASE(dead_endpoint_lets_go_of_what_was_delivered),
	{}
};

static struct kunit_suite suite = {
	.name = "proxyipc_receiver",
	.init = receiver_init,
	.exit = receiver_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
