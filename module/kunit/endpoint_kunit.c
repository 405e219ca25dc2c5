// SPDX-License-Identifier: GPL-2.0
#include <kunit/test.h>

#include "../endpoint.c"

#define LIMIT	2

static int endpoint_init(struct kunit *test)
{
	test->priv = proxyipc_endpoint_new(LIMIT);
	return test->priv ? 0 : -ENOMEM;
}

static void endpoint_exit(struct kunit *test)
{
	struct proxyipc_endpoint *ep = test->priv;

	if (!ep)
		return;
	if (!ep->dead)
		proxyipc_endpoint_kill(ep);
	proxyipc_endpoint_put(ep);
}

/* Submitted, with a reference of the test's. */
static struct proxyipc_call *submit(struct kunit *test, u32 kind)
{
	static const struct proxyipc_message message = { .words = { 1 } };
	struct proxyipc_call *call;

	call = proxyipc_call_new(kind, 0, &message);
	KUNIT_ASSERT_FALSE(test, IS_ERR(call));
	KUNIT_EXPECT_EQ(test, 0,
			proxyipc_endpoint_submit(test->priv, call, false));
	return call;
}

/* The first of the queue, as receive_take() takes it. */
static struct proxyipc_node *take(struct proxyipc_endpoint *ep)
{
	struct proxyipc_node *node;

	spin_lock(&ep->lock);
	node = list_first_entry_or_null(&ep->queue, struct proxyipc_node, link);
	if (node)
		proxyipc_endpoint_unqueue_locked(ep, node);
	spin_unlock(&ep->lock);
	return node;
}

static struct proxyipc_call *take_call(struct kunit *test)
{
	struct proxyipc_node *node = take(test->priv);

	KUNIT_ASSERT_NOT_NULL(test, node);
	KUNIT_ASSERT_EQ(test, PROXYIPC_NODE_CALL, node->type);
	return container_of(node, struct proxyipc_call, node);
}

static bool receive(struct kunit *test, struct proxyipc_call *expected)
{
	struct proxyipc_call *call = take_call(test);

	KUNIT_EXPECT_PTR_EQ(test, expected, call);
	return proxyipc_endpoint_pick(test->priv, call);
}

static void messages_come_in_the_order_in_which_they_went(struct kunit *test)
{
	struct proxyipc_endpoint *ep = test->priv;
	struct proxyipc_call *calls[3];

	calls[0] = submit(test, PROXYIPC_KIND_CALL);
	calls[1] = submit(test, PROXYIPC_KIND_SEND);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_endpoint_notify(ep, 1));
	calls[2] = submit(test, PROXYIPC_KIND_CALL);
	KUNIT_EXPECT_EQ(test, 4U, ep->nr_queued);

	KUNIT_EXPECT_TRUE(test, receive(test, calls[0]));
	KUNIT_EXPECT_TRUE(test, receive(test, calls[1]));
	KUNIT_EXPECT_PTR_EQ(test, &ep->notice_node, take(ep));
	KUNIT_EXPECT_TRUE(test, receive(test, calls[2]));
	KUNIT_EXPECT_EQ(test, 0U, ep->nr_queued);
	KUNIT_EXPECT_NULL(test, take(ep));

	proxyipc_call_put(calls[0]);
	proxyipc_call_put(calls[1]);
	proxyipc_call_put(calls[2]);
}

static void what_could_not_be_copied_out_is_first_again(struct kunit *test)
{
	struct proxyipc_endpoint *ep = test->priv;
	struct proxyipc_call *first = submit(test, PROXYIPC_KIND_CALL);
	struct proxyipc_call *second = submit(test, PROXYIPC_KIND_SEND);

	proxyipc_endpoint_unpick(ep, take_call(test));
	KUNIT_EXPECT_EQ(test, 2U, ep->nr_queued);
	KUNIT_EXPECT_TRUE(test, receive(test, first));
	proxyipc_endpoint_unpick(ep, take_call(test));
	KUNIT_EXPECT_TRUE(test, receive(test, second));
	KUNIT_EXPECT_NULL(test, take(ep));

	proxyipc_call_put(first);
	proxyipc_call_put(second);
}

static void withdrawn_message_leaves_the_queue(struct kunit *test)
{
	struct proxyipc_endpoint *ep = test->priv;
	struct proxyipc_call *first = submit(test, PROXYIPC_KIND_CALL);
	struct proxyipc_call *second = submit(test, PROXYIPC_KIND_CALL);
	u64 cap = first->cap;
	void *object;

	proxyipc_endpoint_withdraw(first, ep, -EINTR);
	KUNIT_EXPECT_EQ(test, -EINTR, first->result);
	KUNIT_EXPECT_EQ(test, 0ULL, first->cap);
	KUNIT_EXPECT_EQ(test, PROXYIPC_CAP_FREE,
			proxyipc_caps_find(&ep->caps, cap, &object));
	KUNIT_EXPECT_EQ(test, 1U, ep->nr_queued);
	KUNIT_EXPECT_TRUE(test, receive(test, second));

	proxyipc_call_put(first);
	proxyipc_call_put(second);
}

static void message_withdrawn_while_it_is_copied_out_is_not_received(struct kunit *test)
{
	struct proxyipc_endpoint *ep = test->priv;
	struct proxyipc_call *call = submit(test, PROXYIPC_KIND_CALL);
	struct proxyipc_call *taken = take_call(test);

	proxyipc_endpoint_withdraw(call, ep, -EINTR);
	KUNIT_EXPECT_FALSE(test, proxyipc_endpoint_pick(ep, taken));
	KUNIT_EXPECT_EQ(test, -EINTR, call->result);
	KUNIT_EXPECT_EQ(test, 1U, kref_read(&call->ref));
	proxyipc_call_put(call);
}

static void message_withdrawn_while_it_is_copied_out_is_not_put_back(struct kunit *test)
{
	struct proxyipc_endpoint *ep = test->priv;
	static const u32 kinds[] = { PROXYIPC_KIND_CALL, PROXYIPC_KIND_SEND };
	struct proxyipc_call *room[LIMIT], *call, *taken;
	int i;

	/* Beyond the limit, so that a send too can be withdrawn. */
	for (i = 0; i < LIMIT; i++)
		room[i] = submit(test, PROXYIPC_KIND_SEND);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		call = submit(test, kinds[i]);
		spin_lock(&ep->lock);
		proxyipc_endpoint_unqueue_locked(ep, &call->node);
		spin_unlock(&ep->lock);
		taken = call;
		proxyipc_endpoint_withdraw(call, ep, -EINTR);
		proxyipc_endpoint_unpick(ep, taken);
		KUNIT_EXPECT_EQ(test, (unsigned int)LIMIT, ep->nr_queued);
		KUNIT_EXPECT_EQ(test, 1U, kref_read(&call->ref));
		KUNIT_EXPECT_TRUE(test, list_empty(&ep->blocked));
		proxyipc_call_put(call);
	}
	for (i = 0; i < LIMIT; i++)
		proxyipc_call_put(room[i]);
}

static void sends_are_accepted_up_to_the_limit(struct kunit *test)
{
	struct proxyipc_endpoint *ep = test->priv;
	struct proxyipc_call *sends[LIMIT + 2];
	int i;

	for (i = 0; i < ARRAY_SIZE(sends); i++) {
		sends[i] = submit(test, PROXYIPC_KIND_SEND);
		KUNIT_EXPECT_EQ(test, i < LIMIT, proxyipc_call_is_done(sends[i]));
	}
	KUNIT_EXPECT_EQ(test, (unsigned int)LIMIT, ep->nr_sends);

	/* Each that is received makes room for the oldest that waits. */
	KUNIT_EXPECT_TRUE(test, receive(test, sends[0]));
	KUNIT_EXPECT_TRUE(test, proxyipc_call_is_done(sends[LIMIT]));
	KUNIT_EXPECT_FALSE(test, proxyipc_call_is_done(sends[LIMIT + 1]));
	KUNIT_EXPECT_TRUE(test, receive(test, sends[1]));
	KUNIT_EXPECT_TRUE(test, proxyipc_call_is_done(sends[LIMIT + 1]));
	KUNIT_EXPECT_EQ(test, (unsigned int)LIMIT, ep->nr_sends);

	for (i = 0; i < ARRAY_SIZE(sends); i++)
		proxyipc_call_put(sends[i]);
}

static void send_that_may_not_wait_is_refused_when_the_queue_is_full(struct kunit *test)
{
	static const struct proxyipc_message message = {};
	struct proxyipc_endpoint *ep = test->priv;
	struct proxyipc_call *room[LIMIT], *call;
	int i;

	for (i = 0; i < LIMIT; i++)
		room[i] = submit(test, PROXYIPC_KIND_SEND);
	call = proxyipc_call_new(PROXYIPC_KIND_SEND, 0, &message);
	KUNIT_ASSERT_FALSE(test, IS_ERR(call));
	KUNIT_EXPECT_EQ(test, -EAGAIN, proxyipc_endpoint_submit(ep, call, true));
	KUNIT_EXPECT_EQ(test, (unsigned int)LIMIT, ep->nr_queued);
	KUNIT_EXPECT_EQ(test, 1U, kref_read(&call->ref));
	proxyipc_call_put(call);
	for (i = 0; i < LIMIT; i++)
		proxyipc_call_put(room[i]);
}

static void calls_need_no_room(struct kunit *test)
{
	struct proxyipc_endpoint *ep = test->priv;
	struct proxyipc_call *calls[4 * LIMIT];
	int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		calls[i] = submit(test, PROXYIPC_KIND_CALL);
	KUNIT_EXPECT_EQ(test, 0U, ep->nr_sends);
	KUNIT_EXPECT_EQ(test, (unsigned int)ARRAY_SIZE(calls), ep->nr_queued);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		proxyipc_call_put(calls[i]);
}

static void received_call_is_named_by_its_cap_once(struct kunit *test)
{
	struct proxyipc_endpoint *ep = test->priv;
	struct proxyipc_call *call = submit(test, PROXYIPC_KIND_CALL), *taken;
	u64 cap = call->cap;

	/* Reserved, but nobody has it yet. */
	KUNIT_EXPECT_FALSE(test, proxyipc_endpoint_names_call(ep, cap));
	KUNIT_EXPECT_EQ(test, -ESTALE,
			proxyipc_endpoint_take_call(ep, cap, 0, &taken));
	KUNIT_EXPECT_TRUE(test, receive(test, call));
	KUNIT_EXPECT_TRUE(test, proxyipc_endpoint_names_call(ep, cap));

	KUNIT_EXPECT_EQ(test, -EMSGSIZE,
			proxyipc_endpoint_take_call(ep, cap, 1, &taken));
	KUNIT_EXPECT_EQ(test, 0, proxyipc_endpoint_take_call(ep, cap, 0, &taken));
	KUNIT_EXPECT_PTR_EQ(test, call, taken);
	KUNIT_EXPECT_EQ(test, -ESTALE,
			proxyipc_endpoint_take_call(ep, cap, 0, &taken));
	KUNIT_EXPECT_FALSE(test, proxyipc_endpoint_names_call(ep, cap));

	proxyipc_call_put(taken);
	proxyipc_call_put(call);
}

static void notices_are_one_word_and_one_place_in_the_queue(struct kunit *test)
{
	struct proxyipc_endpoint *ep = test->priv;
	int i;

	for (i = 0; i < 1000; i++)
		KUNIT_ASSERT_EQ(test, 0,
				proxyipc_endpoint_notify(ep, BIT_ULL(i % 64)));
	KUNIT_EXPECT_EQ(test, 1U, ep->nr_queued);
	KUNIT_EXPECT_EQ(test, U64_MAX, ep->notices);
}

static void notices_posted_meanwhile_are_added_to_those_put_back(struct kunit *test)
{
	struct proxyipc_endpoint *ep = test->priv;
	u64 taken = 0;

	proxyipc_endpoint_notify(ep, 0x1);
	take(ep);
	swap(taken, ep->notices);
	/* One was posted while the others could not be copied out. */
	proxyipc_endpoint_notify(ep, 0x2);
	proxyipc_endpoint_unpick_notices(ep, taken);
	KUNIT_EXPECT_EQ(test, 0x3ULL, ep->notices);
	KUNIT_EXPECT_EQ(test, 1U, ep->nr_queued);
}

static void notices_put_back_are_first_again(struct kunit *test)
{
	struct proxyipc_endpoint *ep = test->priv;
	struct proxyipc_call *call;
	u64 taken = 0;

	proxyipc_endpoint_notify(ep, 0x1);
	call = submit(test, PROXYIPC_KIND_CALL);
	take(ep);
	swap(taken, ep->notices);
	proxyipc_endpoint_unpick_notices(ep, taken);
	KUNIT_EXPECT_PTR_EQ(test, &ep->notice_node, take(ep));
	KUNIT_EXPECT_TRUE(test, receive(test, call));
	proxyipc_call_put(call);
}

static void dead_endpoint_takes_nothing(struct kunit *test)
{
	static const struct proxyipc_message message = {};
	struct proxyipc_endpoint *ep = test->priv;
	struct proxyipc_call *call;
	u32 kind;

	proxyipc_endpoint_kill(ep);
	KUNIT_EXPECT_TRUE(test, proxyipc_endpoint_is_dead(ep));
	for (kind = PROXYIPC_KIND_CALL; kind <= PROXYIPC_KIND_SEND; kind++) {
		call = proxyipc_call_new(kind, 0, &message);
		KUNIT_ASSERT_FALSE(test, IS_ERR(call));
		KUNIT_EXPECT_EQ(test, -EPIPE,
				proxyipc_endpoint_submit(ep, call, false));
		proxyipc_call_put(call);
	}
	KUNIT_EXPECT_EQ(test, -EPIPE, proxyipc_endpoint_notify(ep, 1));
	KUNIT_EXPECT_EQ(test, 0ULL, ep->notices);
	KUNIT_EXPECT_EQ(test, 0U, ep->nr_queued);
}

static void kill_gives_every_call_its_result(struct kunit *test)
{
	struct proxyipc_endpoint *ep = test->priv;
	struct proxyipc_call *received, *queued, *accepted, *blocked, *room;

	received = submit(test, PROXYIPC_KIND_CALL);
	KUNIT_EXPECT_TRUE(test, receive(test, received));
	queued = submit(test, PROXYIPC_KIND_CALL);
	accepted = submit(test, PROXYIPC_KIND_SEND);
	room = submit(test, PROXYIPC_KIND_SEND);
	blocked = submit(test, PROXYIPC_KIND_SEND);
	proxyipc_endpoint_kill(ep);

	KUNIT_EXPECT_EQ(test, -EOWNERDEAD, received->result);
	KUNIT_EXPECT_EQ(test, -EPIPE, queued->result);
	KUNIT_EXPECT_EQ(test, 0, accepted->result);
	KUNIT_EXPECT_EQ(test, -EPIPE, blocked->result);
	KUNIT_EXPECT_TRUE(test, list_empty(&ep->queue));
	KUNIT_EXPECT_TRUE(test, list_empty(&ep->blocked));
	KUNIT_EXPECT_NULL(test, ep->caps.slots);
	/* The test's is the last reference to each. */
	KUNIT_EXPECT_EQ(test, 1U, kref_read(&received->ref));
	KUNIT_EXPECT_EQ(test, 1U, kref_read(&queued->ref));
	KUNIT_EXPECT_EQ(test, 1U, kref_read(&accepted->ref));
	KUNIT_EXPECT_EQ(test, 1U, kref_read(&blocked->ref));

	proxyipc_call_put(received);
	proxyipc_call_put(queued);
	proxyipc_call_put(accepted);
	proxyipc_call_put(room);
	proxyipc_call_put(blocked);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(messages_come_in_the_order_in_which_they_went),
	KUNIT_CASE(what_could_not_be_copied_out_is_first_again),
	KUNIT_CASE(withdrawn_message_leaves_the_queue),
	KUNIT_CASE(message_withdrawn_while_it_is_copied_out_is_not_received),
	KUNIT_CASE(message_withdrawn_while_it_is_copied_out_is_not_put_back),
	KUNIT_CASE(sends_are_accepted_up_to_the_limit),
	KUNIT_CASE(send_that_may_not_wait_is_refused_when_the_queue_is_full),
	KUNIT_CASE(calls_need_no_room),
	KUNIT_CASE(received_call_is_named_by_its_cap_once),
	KUNIT_CASE(notices_are_one_word_and_one_place_in_the_queue),
	KUNIT_CASE(notices_posted_meanwhile_are_added_to_those_put_back),
	KUNIT_CASE(notices_put_back_are_first_again),
	KUNIT_CASE(dead_endpoint_takes_nothing),
	KUNIT_CASE(kill_gives_every_call_its_result),
	{}
};

static struct kunit_suite suite = {
	.name = "proxyipc_endpoint",
	.init = endpoint_init,
	.exit = endpoint_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
