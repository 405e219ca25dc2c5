// SPDX-License-Identifier: GPL-2.0
#include <kunit/test.h>

#include "../message.c"

static void moved_body_leaves_no_bytes_behind(struct kunit *test)
{
	struct proxyipc_body to, from = { .words = { 1, 2 }, .data_len = 3 };

	from.data = kmalloc(3, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, from.data);
	proxyipc_body_move(&to, &from);
	KUNIT_EXPECT_NULL(test, from.data);
	KUNIT_EXPECT_EQ(test, 0U, from.data_len);
	KUNIT_EXPECT_EQ(test, 3U, to.data_len);
	KUNIT_EXPECT_EQ(test, 2ULL, to.words[1]);
	/* Both may be deinitialised, and one twice. */
	proxyipc_body_deinit(&from);
	proxyipc_body_deinit(&to);
	proxyipc_body_deinit(&to);
	KUNIT_EXPECT_NULL(test, to.data);
}

static void message_is_zero_only_if_every_byte_is(struct kunit *test)
{
	struct proxyipc_message message = {};
	u8 *bytes = (u8 *)&message;
	size_t i;

	KUNIT_EXPECT_TRUE(test, proxyipc_message_is_zero(&message));
	for (i = 0; i < sizeof(message); i++) {
		bytes[i] = 0x80;
		KUNIT_ASSERT_FALSE(test, proxyipc_message_is_zero(&message));
		bytes[i] = 0;
	}
}

static void import_refuses_before_it_allocates(struct kunit *test)
{
	struct proxyipc_message message = { .data_len = PROXYIPC_DATA_MAX + 1 };
	struct proxyipc_body body = {};

	KUNIT_EXPECT_EQ(test, -EMSGSIZE, proxyipc_body_import(&body, &message));
	message.__reserved = 1;
	KUNIT_EXPECT_EQ(test, -EINVAL, proxyipc_body_import(&body, &message));
	KUNIT_EXPECT_NULL(test, body.data);
}

static void message_of_words_alone_allocates_nothing(struct kunit *test)
{
	struct proxyipc_message message = { .words = { 7, [7] = 9 }, .data = 1 };
	struct proxyipc_body body;

	KUNIT_EXPECT_EQ(test, 0, proxyipc_body_import(&body, &message));
	KUNIT_EXPECT_NULL(test, body.data);
	KUNIT_EXPECT_EQ(test, 0U, body.data_len);
	KUNIT_EXPECT_EQ(test, 7ULL, body.words[0]);
	KUNIT_EXPECT_EQ(test, 9ULL, body.words[7]);
	/* Whatever the address is: there is nothing to write. */
	KUNIT_EXPECT_EQ(test, 0, proxyipc_body_export_data(&body, 1));
}

static void node_knows_whether_it_is_queued(struct kunit *test)
{
	struct proxyipc_node node;
	LIST_HEAD(queue);

	proxyipc_node_init(&node, PROXYIPC_NODE_NOTICES);
	KUNIT_EXPECT_EQ(test, PROXYIPC_NODE_NOTICES, node.type);
	KUNIT_EXPECT_FALSE(test, proxyipc_node_is_queued(&node));
	list_add(&node.link, &queue);
	KUNIT_EXPECT_TRUE(test, proxyipc_node_is_queued(&node));
	list_del_init(&node.link);
	KUNIT_EXPECT_FALSE(test, proxyipc_node_is_queued(&node));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(moved_body_leaves_no_bytes_behind),
	KUNIT_CASE(message_is_zero_only_if_every_byte_is),
	KUNIT_CASE(import_refuses_before_it_allocates),
	KUNIT_CASE(message_of_words_alone_allocates_nothing),
	KUNIT_CASE(node_knows_whether_it_is_queued),
	{}
};

static struct kunit_suite suite = {
	.name = "proxyipc_message",
	.test_cases = cases,
};

kunit_test_suite(suite);
