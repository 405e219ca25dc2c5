// SPDX-License-Identifier: GPL-2.0
#include <kunit/test.h>

#include "../call.c"

static struct proxyipc_call *new_call(struct kunit *test, u32 kind)
{
	static const struct proxyipc_message message = { .words = { 1 } };
	struct proxyipc_call *call;

	call = proxyipc_call_new(kind, 0x77, &message);
	KUNIT_ASSERT_FALSE(test, IS_ERR(call));
	return call;
}

/* All that can happen to a call, each said to have been first, or too late. */
static bool pick(struct proxyipc_call *call)
{
	return proxyipc_call_pick(call);
}

static bool reply(struct proxyipc_call *call)
{
	struct proxyipc_body body = { .words = { 42 } };

	return !proxyipc_call_reply(call, &body);
}

static bool cancel(struct proxyipc_call *call)
{
	return !proxyipc_call_finish(call, -ECANCELED);
}

static bool time_out(struct proxyipc_call *call)
{
	return proxyipc_call_withdraw(call, -ETIMEDOUT);
}

static void fresh_call_is_queued_and_knows_its_sender(struct kunit *test)
{
	struct proxyipc_call *call = new_call(test, PROXYIPC_KIND_CALL);

	KUNIT_EXPECT_EQ(test, PROXYIPC_CALL_QUEUED, call->state);
	KUNIT_EXPECT_FALSE(test, proxyipc_call_is_done(call));
	KUNIT_EXPECT_EQ(test, 0x77ULL, call->payload);
	KUNIT_EXPECT_EQ(test, 0ULL, call->cap);
	KUNIT_EXPECT_PTR_EQ(test, task_pid(current), call->tid);
	KUNIT_EXPECT_PTR_EQ(test, task_tgid(current), call->tgid);
	KUNIT_EXPECT_NE(test, 0ULL, call->id);
	proxyipc_call_put(call);
}

static void call_has_one_result_whoever_comes_first(struct kunit *test)
{
	static bool (*const end[])(struct proxyipc_call *call) = {
		reply, cancel, time_out,
	};
	static const int result[] = { 0, -ECANCELED, -ETIMEDOUT };
	struct proxyipc_call *call;
	int first, later;

	for (first = 0; first < ARRAY_SIZE(end); first++) {
		call = new_call(test, PROXYIPC_KIND_CALL);
		KUNIT_EXPECT_TRUE(test, end[first](call));
		for (later = 0; later < ARRAY_SIZE(end); later++)
			KUNIT_EXPECT_FALSE(test, end[later](call));
		KUNIT_EXPECT_FALSE(test, pick(call));
		KUNIT_EXPECT_EQ(test, PROXYIPC_CALL_DONE, call->state);
		KUNIT_EXPECT_EQ(test, result[first], call->result);
		proxyipc_call_put(call);
	}
}

static void picked_call_cannot_be_taken_back(struct kunit *test)
{
	struct proxyipc_call *call = new_call(test, PROXYIPC_KIND_CALL);

	KUNIT_EXPECT_TRUE(test, pick(call));
	KUNIT_EXPECT_EQ(test, PROXYIPC_CALL_PICKED, call->state);
	KUNIT_EXPECT_FALSE(test, proxyipc_call_is_done(call));
	KUNIT_EXPECT_FALSE(test, time_out(call));
	KUNIT_EXPECT_FALSE(test, proxyipc_call_is_done(call));
	KUNIT_EXPECT_TRUE(test, reply(call));
	KUNIT_EXPECT_EQ(test, 0, call->result);
	proxyipc_call_put(call);
}

static void call_is_picked_up_once(struct kunit *test)
{
	struct proxyipc_call *call = new_call(test, PROXYIPC_KIND_CALL);

	KUNIT_EXPECT_TRUE(test, pick(call));
	KUNIT_EXPECT_FALSE(test, pick(call));
	KUNIT_EXPECT_EQ(test, PROXYIPC_CALL_PICKED, call->state);
	proxyipc_call_put(call);
}

static void reply_moves_words_and_bytes_to_the_call(struct kunit *test)
{
	struct proxyipc_call *call = new_call(test, PROXYIPC_KIND_CALL);
	struct proxyipc_body body = { .words = { 5, 6 }, .data_len = 8 };
	void *data;

	data = kmalloc(8, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, data);
	body.data = data;
	call->reply_size = 8;
	pick(call);
	KUNIT_EXPECT_EQ(test, 0, proxyipc_call_reply(call, &body));
	KUNIT_EXPECT_PTR_EQ(test, data, call->reply.data);
	KUNIT_EXPECT_EQ(test, 8U, call->reply.data_len);
	KUNIT_EXPECT_EQ(test, 6ULL, call->reply.words[1]);
	KUNIT_EXPECT_NULL(test, body.data);
	proxyipc_call_put(call);
}

static void reply_too_long_leaves_the_call_waiting(struct kunit *test)
{
	struct proxyipc_call *call = new_call(test, PROXYIPC_KIND_CALL);
	struct proxyipc_body body = { .data_len = 9 };

	call->reply_size = 8;
	pick(call);
	KUNIT_EXPECT_EQ(test, -EMSGSIZE, proxyipc_call_reply(call, &body));
	KUNIT_EXPECT_EQ(test, 9U, body.data_len);
	KUNIT_EXPECT_FALSE(test, proxyipc_call_is_done(call));
	KUNIT_EXPECT_TRUE(test, reply(call));
	proxyipc_call_put(call);
}

static void late_reply_keeps_its_bytes(struct kunit *test)
{
	struct proxyipc_call *call = new_call(test, PROXYIPC_KIND_CALL);
	struct proxyipc_body body = { .words = { 5 }, .data_len = 8 };

	call->reply_size = 8;
	body.data = kmalloc(8, GFP_KERNEL);
	KUNIT_EXPECT_TRUE(test, time_out(call));
	KUNIT_EXPECT_EQ(test, -ESRCH, proxyipc_call_reply(call, &body));
	KUNIT_EXPECT_NULL(test, call->reply.data);
	KUNIT_EXPECT_EQ(test, 8U, body.data_len);
	proxyipc_body_deinit(&body);
	proxyipc_call_put(call);
}

static void accepted_send_is_done_and_is_picked_up_later(struct kunit *test)
{
	struct proxyipc_call *call = new_call(test, PROXYIPC_KIND_SEND);

	KUNIT_EXPECT_EQ(test, 0, proxyipc_call_finish(call, 0));
	KUNIT_EXPECT_FALSE(test, time_out(call));
	KUNIT_EXPECT_TRUE(test, pick(call));
	KUNIT_EXPECT_EQ(test, 0, call->result);
	proxyipc_call_put(call);
}

static void send_is_done_when_it_is_picked_up(struct kunit *test)
{
	struct proxyipc_call *call = new_call(test, PROXYIPC_KIND_SEND);

	KUNIT_EXPECT_TRUE(test, pick(call));
	KUNIT_EXPECT_EQ(test, PROXYIPC_CALL_DONE, call->state);
	KUNIT_EXPECT_EQ(test, 0, call->result);
	proxyipc_call_put(call);
}

static void withdrawn_send_is_not_picked_up(struct kunit *test)
{
	struct proxyipc_call *call = new_call(test, PROXYIPC_KIND_SEND);

	KUNIT_EXPECT_TRUE(test, time_out(call));
	KUNIT_EXPECT_FALSE(test, pick(call));
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, call->result);
	proxyipc_call_put(call);
}

/* What proxyipc_call_wait() calls to take a call out of its queue. */
static void withdraw(struct proxyipc_call *call, void *object, int error)
{
	int *withdrawn = object;

	if (proxyipc_call_withdraw(call, error))
		*withdrawn = error;
}

static void wait_past_the_deadline_withdraws(struct kunit *test)
{
	struct proxyipc_call *call = new_call(test, PROXYIPC_KIND_CALL);
	int withdrawn = 0;

	/* 1 ns after boot is long ago. */
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT,
			proxyipc_call_wait(call, 1, withdraw, &withdrawn));
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, withdrawn);
	KUNIT_EXPECT_FALSE(test, reply(call));
	proxyipc_call_put(call);
}

static void wait_past_the_deadline_abandons_a_picked_call(struct kunit *test)
{
	struct proxyipc_call *call = new_call(test, PROXYIPC_KIND_CALL);
	int withdrawn = 0;

	pick(call);
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT,
			proxyipc_call_wait(call, 1, withdraw, &withdrawn));
	KUNIT_EXPECT_EQ(test, 0, withdrawn);
	KUNIT_EXPECT_FALSE(test, reply(call));
	proxyipc_call_put(call);
}

static void result_that_is_there_wins_over_the_deadline(struct kunit *test)
{
	struct proxyipc_call *call = new_call(test, PROXYIPC_KIND_CALL);
	int withdrawn = 0;

	pick(call);
	reply(call);
	KUNIT_EXPECT_EQ(test, 0,
			proxyipc_call_wait(call, 1, withdraw, &withdrawn));
	KUNIT_EXPECT_EQ(test, 0, withdrawn);
	KUNIT_EXPECT_EQ(test, 42ULL, call->reply.words[0]);
	proxyipc_call_put(call);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(fresh_call_is_queued_and_knows_its_sender),
	KUNIT_CASE(call_has_one_result_whoever_comes_first),
	KUNIT_CASE(picked_call_cannot_be_taken_back),
	KUNIT_CASE(call_is_picked_up_once),
	KUNIT_CASE(reply_moves_words_and_bytes_to_the_call),
	KUNIT_CASE(reply_too_long_leaves_the_call_waiting),
	KUNIT_CASE(late_reply_keeps_its_bytes),
	KUNIT_CASE(accepted_send_is_done_and_is_picked_up_later),
	KUNIT_CASE(send_is_done_when_it_is_picked_up),
	KUNIT_CASE(withdrawn_send_is_not_picked_up),
	KUNIT_CASE(wait_past_the_deadline_withdraws),
	KUNIT_CASE(wait_past_the_deadline_abandons_a_picked_call),
	KUNIT_CASE(result_that_is_there_wins_over_the_deadline),
	{}
};

static struct kunit_suite suite = {
	.name = "proxyipc_call",
	.test_cases = cases,
};

kunit_test_suite(suite);
