// SPDX-License-Identifier: GPL-2.0
/*
 * What messages carry: words and data, in both directions, and what happens to a
 * message or a right to answer when the data don't fit or can't be accessed.
 *
 * Also built for 32 bit.
 */
#include <stdlib.h>

#include "proxyipc_test.h"

#define MAX	PROXYIPC_DATA_MAX

/* An endpoint, an entry to it, and a helper that invokes that. */
struct wire {
	int endpoint;
	int entry;
	struct helper h;
	int nr;			/* the helper's number of the entry */
	unsigned char *buffer;	/* of MAX + 1 bytes */
	void *hole;		/* where nothing can be accessed */
};

static int wire_open(struct wire *w)
{
	w->endpoint = endpoint_new();
	w->entry = entry_new(w->endpoint, 0, RIGHTS_ALL, 0);
	w->h = helper_new();
	w->nr = helper_give(&w->h, w->entry);
	w->buffer = malloc(MAX + 1);
	w->hole = unmapped_page();
	return w->nr < 0 || !w->buffer || !w->hole ? -ENODEV : 0;
}

static void wire_close(struct wire *w)
{
	helper_kill(&w->h);
	close_fd(&w->entry);
	close_fd(&w->endpoint);
	free(w->buffer);
}

/* Bytes that don't repeat at any size that somebody might cut. */
static void pattern(unsigned char *bytes, size_t len, unsigned int seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		bytes[i] = i * 7 + i / 251 + seed;
}

static bool is_pattern(const unsigned char *bytes, size_t len,
		       unsigned int seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (bytes[i] != (unsigned char)(i * 7 + i / 251 + seed))
			return false;
	return true;
}

static void words(__u64 *to, __u64 first)
{
	unsigned int i;

	for (i = 0; i < PROXYIPC_WORDS; i++)
		to[i] = first << 32 | (i + 1) << 4 | 0x8000000000000001ULL;
}

static bool are_words(const __u64 *got, __u64 first)
{
	__u64 want[PROXYIPC_WORDS];

	words(want, first);
	return !memcmp(got, want, sizeof(want));
}

/* SEND of all words and @len bytes at @data, by this process. */
static int send_data(struct wire *w, const void *data, __u32 len)
{
	struct proxyipc_entry_send send = {
		.size = sizeof(send),
		.flags = PROXYIPC_NONBLOCK,
		.message.data = address(data),
		.message.data_len = len,
	};

	words(send.message.words, 1);
	return command(w->entry, PROXYIPC_IOC_ENTRY_SEND, &send);
}

/* The helper calls with @len bytes of pattern 2, and room for @room. */
static int start_call(struct wire *w, __u32 len, __u32 room)
{
	struct helper_page *page = w->h.page;
	struct proxyipc_entry_call call = {
		.size = sizeof(call),
		.message.data = len ? address(page->out) : 0,
		.message.data_len = len,
		.reply.data = room ? address(page->in) : 0,
		.reply.data_len = room,
	};

	words(call.message.words, 2);
	memset(call.reply.words, POISON, sizeof(call.reply.words));
	pattern(page->out, len, 2);
	memset(page->in, POISON, sizeof(page->in));
	return helper_start(&w->h, w->nr, PROXYIPC_IOC_ENTRY_CALL, &call,
			    sizeof(call));
}

/* Receives into @data; the result, and what was received. */
static int recv_data(struct wire *w, void *data, __u32 size,
		     struct proxyipc_received *got)
{
	struct proxyipc_endpoint_recv recv = {
		.received.data = address(data),
		.received.data_size = size,
	};
	int ret = endpoint_recv(w->endpoint, &recv);

	*got = recv.received;
	return ret;
}

/* Answers with all words and @len bytes at @data. */
static int reply_data(struct wire *w, __u64 cap, const void *data, __u32 len)
{
	struct proxyipc_endpoint_reply reply = {
		.size = sizeof(reply),
		.cap = cap,
		.message.data = address(data),
		.message.data_len = len,
	};

	words(reply.message.words, 3);
	return command(w->endpoint, PROXYIPC_IOC_ENDPOINT_REPLY, &reply);
}

FIXTURE(message_size) {
	struct wire w;
};

FIXTURE_VARIANT(message_size) {
	__u32 len;
};

FIXTURE_VARIANT_ADD(message_size, of_0) { 0 };
FIXTURE_VARIANT_ADD(message_size, of_1) { 1 };
FIXTURE_VARIANT_ADD(message_size, of_4095) { 4095 };
FIXTURE_VARIANT_ADD(message_size, of_4096) { 4096 };
FIXTURE_VARIANT_ADD(message_size, of_4097) { 4097 };
FIXTURE_VARIANT_ADD(message_size, of_65535) { 65535 };
FIXTURE_VARIANT_ADD(message_size, of_65536) { 65536 };

FIXTURE_SETUP(message_size)
{
	ASSERT_EQ(0, wire_open(&self->w));
}

FIXTURE_TEARDOWN(message_size)
{
	wire_close(&self->w);
}

TEST_F(message_size, send_brings_words_and_data)
{
	const __u32 len = variant->len;
	struct wire *w = &self->w;
	struct proxyipc_received got;

	pattern(w->buffer, len, 1);
	ASSERT_EQ(0, send_data(w, len ? w->buffer : NULL, len));
	memset(w->buffer, POISON, MAX + 1);
	ASSERT_EQ(0, recv_data(w, w->buffer, MAX, &got));
	EXPECT_EQ(len, got.out_data_len);
	EXPECT_TRUE(are_words(got.out_words, 1));
	EXPECT_TRUE(is_pattern(w->buffer, len, 1));
	EXPECT_TRUE(all_bytes(w->buffer + len, POISON, MAX + 1 - len));
	/* The receiver's own fields are as they were. */
	EXPECT_EQ(address(w->buffer), got.data);
	EXPECT_EQ((__u32)MAX, got.data_size);
	EXPECT_EQ(0U, got.out_reply_size);
	EXPECT_EMPTY(w->endpoint);
}

TEST_F(message_size, call_and_reply_bring_words_and_data)
{
	const __u32 len = variant->len;
	struct wire *w = &self->w;
	struct proxyipc_received got;
	struct helper_page *page = w->h.page;

	ASSERT_EQ(0, start_call(w, len, len));
	memset(w->buffer, POISON, MAX + 1);
	ASSERT_EQ(0, recv_data(w, w->buffer, MAX, &got));
	EXPECT_EQ(len, got.out_data_len);
	EXPECT_EQ(len, got.out_reply_size);
	EXPECT_TRUE(are_words(got.out_words, 2));
	EXPECT_TRUE(is_pattern(w->buffer, len, 2));
	EXPECT_TRUE(all_bytes(w->buffer + len, POISON, MAX + 1 - len));
	pattern(w->buffer, len, 3);
	ASSERT_EQ(0, reply_data(w, got.out_cap, len ? w->buffer : NULL, len));
	ASSERT_EQ(0, helper_finish(&w->h));
	EXPECT_EQ(len, page->arg.call.reply.data_len);
	EXPECT_TRUE(are_words(page->arg.call.reply.words, 3));
	EXPECT_TRUE(is_pattern(page->in, len, 3));
	EXPECT_TRUE(all_bytes(page->in + len, POISON, MAX + 1 - len));
	/* The request is as it was. */
	EXPECT_TRUE(are_words(page->arg.call.message.words, 2));
	EXPECT_EQ(len, page->arg.call.message.data_len);
}

TEST_F(message_size, buffer_of_the_exact_size_is_enough)
{
	const __u32 len = variant->len;
	struct wire *w = &self->w;
	struct proxyipc_received got;

	pattern(w->buffer, len, 1);
	ASSERT_EQ(0, send_data(w, len ? w->buffer : NULL, len));
	memset(w->buffer, POISON, MAX + 1);
	ASSERT_EQ(0, recv_data(w, len ? w->buffer : NULL, len, &got));
	EXPECT_EQ(len, got.out_data_len);
	EXPECT_TRUE(is_pattern(w->buffer, len, 1));
	EXPECT_TRUE(all_bytes(w->buffer + len, POISON, MAX + 1 - len));
}

FIXTURE(message) {
	struct wire w;
};

FIXTURE_SETUP(message)
{
	ASSERT_EQ(0, wire_open(&self->w));
}

FIXTURE_TEARDOWN(message)
{
	wire_close(&self->w);
}

/*
 * Too large
 */

TEST_F(message, send_of_more_than_the_maximum_is_emsgsize)
{
	struct wire *w = &self->w;

	EXPECT_EQ(-EMSGSIZE, send_data(w, w->buffer, MAX + 1));
	EXPECT_EQ(-EMSGSIZE, send_data(w, w->buffer, ~0U));
	EXPECT_EMPTY(w->endpoint);
}

TEST_F(message, call_with_more_than_the_maximum_is_emsgsize)
{
	struct wire *w = &self->w;

	ASSERT_EQ(0, start_call(w, MAX + 1, 0));
	EXPECT_EQ(-EMSGSIZE, helper_finish(&w->h));
	EXPECT_EMPTY(w->endpoint);
}

TEST_F(message, reply_of_more_than_the_maximum_is_emsgsize_and_can_be_repeated)
{
	struct wire *w = &self->w;
	struct proxyipc_received got;

	ASSERT_EQ(0, start_call(w, 0, MAX));
	ASSERT_EQ(0, recv_data(w, NULL, 0, &got));
	EXPECT_EQ((__u32)MAX, got.out_reply_size);
	EXPECT_EQ(-EMSGSIZE, reply_data(w, got.out_cap, w->buffer, MAX + 1));
	EXPECT_FALSE(helper_done(&w->h));
	EXPECT_EQ(0, reply_data(w, got.out_cap, w->buffer, MAX));
	EXPECT_EQ(0, helper_finish(&w->h));
}

TEST_F(message, recv_into_too_small_a_buffer_is_emsgsize_and_keeps_the_message)
{
	struct wire *w = &self->w;
	struct proxyipc_received got;

	pattern(w->buffer, 5000, 1);
	ASSERT_EQ(0, send_data(w, w->buffer, 5000));
	memset(w->buffer, POISON, MAX);
	EXPECT_EQ(-EMSGSIZE, recv_data(w, w->buffer, 4999, &got));
	EXPECT_EQ(5000U, got.out_data_len);
	/* "out_data_len alone is written" */
	EXPECT_EQ(POISON32, got.out_kind);
	EXPECT_EQ(POISON64, got.out_cap);
	EXPECT_TRUE(all_bytes(got.out_words, POISON, sizeof(got.out_words)));
	EXPECT_TRUE(all_bytes(w->buffer, POISON, MAX));
	EXPECT_EQ(-EMSGSIZE, recv_data(w, NULL, 0, &got));
	EXPECT_EQ(5000U, got.out_data_len);
	EXPECT_TRUE(readable(w->endpoint));
	ASSERT_EQ(0, recv_data(w, w->buffer, 5000, &got));
	EXPECT_TRUE(is_pattern(w->buffer, 5000, 1));
	EXPECT_TRUE(are_words(got.out_words, 1));
	EXPECT_EMPTY(w->endpoint);
}

TEST_F(message, call_that_did_not_fit_stays_first_in_the_queue)
{
	struct wire *w = &self->w;
	struct proxyipc_received got;

	ASSERT_EQ(0, start_call(w, 10, 0));
	ASSERT_TRUE(eventually(helper_asleep(&w->h)));
	ASSERT_EQ(0, send_data(w, NULL, 0));
	EXPECT_EQ(-EMSGSIZE, recv_data(w, w->buffer, 9, &got));
	ASSERT_EQ(0, recv_data(w, w->buffer, 10, &got));
	EXPECT_EQ((__u32)PROXYIPC_KIND_CALL, got.out_kind);
	EXPECT_EQ(0, endpoint_reply(w->endpoint, got.out_cap, 1));
	EXPECT_EQ(0, helper_finish(&w->h));
	ASSERT_EQ(0, recv_data(w, w->buffer, 10, &got));
	EXPECT_EQ((__u32)PROXYIPC_KIND_SEND, got.out_kind);
}

TEST_F(message, reply_larger_than_the_caller_takes_is_emsgsize_and_can_be_repeated)
{
	struct wire *w = &self->w;
	struct proxyipc_received got;

	ASSERT_EQ(0, start_call(w, 0, 100));
	ASSERT_EQ(0, recv_data(w, NULL, 0, &got));
	EXPECT_EQ(100U, got.out_reply_size);
	EXPECT_EQ(-EMSGSIZE, reply_data(w, got.out_cap, w->buffer, 101));
	EXPECT_EQ(-EMSGSIZE, reply_data(w, got.out_cap, w->buffer, MAX));
	EXPECT_FALSE(helper_done(&w->h));
	pattern(w->buffer, 100, 3);
	EXPECT_EQ(0, reply_data(w, got.out_cap, w->buffer, 100));
	EXPECT_EQ(0, helper_finish(&w->h));
	EXPECT_TRUE(is_pattern(w->h.page->in, 100, 3));
}

TEST_F(message, reply_smaller_than_the_room_says_how_much_it_is)
{
	struct wire *w = &self->w;
	struct helper_page *page = w->h.page;
	struct proxyipc_received got;

	ASSERT_EQ(0, start_call(w, 0, 1000));
	ASSERT_EQ(0, recv_data(w, NULL, 0, &got));
	pattern(w->buffer, 10, 3);
	ASSERT_EQ(0, reply_data(w, got.out_cap, w->buffer, 10));
	ASSERT_EQ(0, helper_finish(&w->h));
	EXPECT_EQ(10U, page->arg.call.reply.data_len);
	EXPECT_EQ(address(page->in), page->arg.call.reply.data);
	EXPECT_TRUE(is_pattern(page->in, 10, 3));
	EXPECT_TRUE(all_bytes(page->in + 10, POISON, MAX + 1 - 10));
}

/*
 * Out of reach
 */

TEST_F(message, send_of_data_that_cannot_be_read_is_efault)
{
	struct wire *w = &self->w;

	EXPECT_EQ(-EFAULT, send_data(w, w->hole, 1));
	EXPECT_EQ(-EFAULT, send_data(w, w->hole, MAX));
	EXPECT_EQ(-EFAULT, send_data(w, NULL, 1));
	EXPECT_EMPTY(w->endpoint);
}

TEST_F(message, call_with_data_that_cannot_be_read_is_efault)
{
	struct wire *w = &self->w;
	struct proxyipc_entry_call call = {
		.size = sizeof(call),
		.message.data = address(w->hole),
		.message.data_len = 1,
	};

	EXPECT_EQ(-EFAULT, command(w->entry, PROXYIPC_IOC_ENTRY_CALL, &call));
	EXPECT_EMPTY(w->endpoint);
}

TEST_F(message, recv_into_a_buffer_that_cannot_be_written_loses_nothing)
{
	struct wire *w = &self->w;
	struct proxyipc_received got;

	pattern(w->buffer, 100, 1);
	ASSERT_EQ(0, send_data(w, w->buffer, 100));
	EXPECT_EQ(-EFAULT, recv_data(w, w->hole, 100, &got));
	EXPECT_TRUE(readable(w->endpoint));
	memset(w->buffer, POISON, 100);
	ASSERT_EQ(0, recv_data(w, w->buffer, 100, &got));
	EXPECT_TRUE(is_pattern(w->buffer, 100, 1));
	EXPECT_TRUE(are_words(got.out_words, 1));
	EXPECT_EMPTY(w->endpoint);
}

TEST_F(message, recv_of_a_call_into_a_bad_buffer_keeps_the_call)
{
	struct wire *w = &self->w;
	struct proxyipc_received got;

	ASSERT_EQ(0, start_call(w, 100, 0));
	EXPECT_EQ(-EFAULT, recv_data(w, w->hole, 100, &got));
	EXPECT_FALSE(helper_done(&w->h));
	ASSERT_EQ(0, recv_data(w, w->buffer, 100, &got));
	EXPECT_TRUE(is_pattern(w->buffer, 100, 2));
	EXPECT_EQ(0, endpoint_reply(w->endpoint, got.out_cap, 4));
	EXPECT_EQ(0, helper_finish(&w->h));
	EXPECT_ANSWER(4, &w->h.page->arg.call.reply);
}

TEST_F(message, reply_with_data_that_cannot_be_read_is_efault_and_can_be_repeated)
{
	struct wire *w = &self->w;
	struct proxyipc_received got;

	ASSERT_EQ(0, start_call(w, 0, 100));
	ASSERT_EQ(0, recv_data(w, NULL, 0, &got));
	EXPECT_EQ(-EFAULT, reply_data(w, got.out_cap, w->hole, 100));
	EXPECT_FALSE(helper_done(&w->h));
	EXPECT_EQ(0, reply_data(w, got.out_cap, w->buffer, 100));
	EXPECT_EQ(0, helper_finish(&w->h));
}

/* The receiver did its part: what the caller does with its memory is its own. */
TEST_F(message, answer_that_the_caller_cannot_take_is_efault_for_the_caller)
{
	struct wire *w = &self->w;
	struct proxyipc_entry_call call = {
		.size = sizeof(call),
		.reply.data = address(w->hole),
		.reply.data_len = 100,
	};
	struct proxyipc_received got;

	ASSERT_EQ(0, helper_start(&w->h, w->nr, PROXYIPC_IOC_ENTRY_CALL, &call,
				  sizeof(call)));
	ASSERT_EQ(0, recv_data(w, NULL, 0, &got));
	EXPECT_EQ(100U, got.out_reply_size);
	EXPECT_EQ(0, reply_data(w, got.out_cap, w->buffer, 100));
	EXPECT_EQ(-EFAULT, helper_finish(&w->h));
	EXPECT_EQ(-ESTALE, reply_data(w, got.out_cap, w->buffer, 0));
}

/*
 * Together
 */

TEST_F(message, data_is_that_of_the_moment_it_was_sent)
{
	struct wire *w = &self->w;
	struct proxyipc_received got;

	pattern(w->buffer, 6000, 1);
	ASSERT_EQ(0, send_data(w, w->buffer, 6000));
	memset(w->buffer, 0, 6000);
	ASSERT_EQ(0, recv_data(w, w->buffer, 6000, &got));
	EXPECT_TRUE(is_pattern(w->buffer, 6000, 1));
}

TEST_F(message, messages_in_a_queue_do_not_mix)
{
	struct wire *w = &self->w;
	struct proxyipc_received got;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		pattern(w->buffer, 100 * i, i);
		ASSERT_EQ(0, send_data(w, w->buffer, 100 * i));
	}
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, recv_data(w, w->buffer, MAX, &got));
		EXPECT_EQ(100 * i, got.out_data_len);
		EXPECT_TRUE(is_pattern(w->buffer, 100 * i, i));
	}
}

/*
 * A resume without an answer
 */

/* Every word, the address and the length, each alone, is one wrong thing. */
static unsigned int wrongly_accepted(int fd, unsigned int cmd, void *arg,
				     struct proxyipc_message *message)
{
	unsigned int accepted = 0, i;

	for (i = 0; i < PROXYIPC_WORDS; i++) {
		message->words[i] = 1ULL << 40;
		accepted += command(fd, cmd, arg) != -EINVAL;
		message->words[i] = 0;
	}
	message->data = address(message);
	accepted += command(fd, cmd, arg) != -EINVAL;
	message->data = 0;
	message->data_len = 1;
	accepted += command(fd, cmd, arg) != -EINVAL;
	message->data_len = 0;
	return accepted;
}

TEST_F(message, resume_without_an_answer_wants_no_message)
{
	struct proxyipc_endpoint_resume by_cap = { .size = sizeof(by_cap) };
	struct proxyipc_process_resume by_token = { .size = sizeof(by_token) };
	struct target t = target_idle();
	int proxy = process_mint(t.process, 0, RIGHTS_ALL, 0);
	struct proxyipc_received got;

	ASSERT_LE(0, proxy);
	ASSERT_EQ(0, process_set_receiver(t.process, self->w.entry));
	ASSERT_EQ(0, entry_send(proxy, 1));
	ASSERT_EQ(0, recv_data(&self->w, NULL, 0, &got));
	by_cap.cap = got.out_cap;
	by_token.token = got.out_token;
	EXPECT_EQ(0U, wrongly_accepted(self->w.endpoint,
				       PROXYIPC_IOC_ENDPOINT_RESUME, &by_cap,
				       &by_cap.message));
	EXPECT_EQ(0U, wrongly_accepted(t.process, PROXYIPC_IOC_PROCESS_RESUME,
				       &by_token, &by_token.message));
	/* None of them ended the hold. */
	EXPECT_TRUE(held_state(process_state(t.process)));
	EXPECT_EQ(0, endpoint_resume(self->w.endpoint, got.out_cap));
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, process_state(t.process));
	target_kill(&t);
	close_fd(&t.process);
	close_fd(&proxy);
}

TEST_HARNESS_MAIN
