/* SPDX-License-Identifier: GPL-2.0 */
/* Expectations about whole structs, to be used where EXPECT_EQ() can be. */
#ifndef PROXYIPC_EXPECT_H
#define PROXYIPC_EXPECT_H

/*
 * Every out_ field of *@got_ (struct proxyipc_received) is that of *@want_.
 * Where the test can't know the value it copies it into *@want_ first, after
 * its own look.
 */
#define EXPECT_RECEIVED(want_, got_)					\
do {									\
	const struct proxyipc_received *w_ = (want_);			\
	const struct proxyipc_received *g_ = (got_);			\
	unsigned int i_;						\
									\
	EXPECT_EQ(w_->out_data_len, g_->out_data_len);			\
	EXPECT_EQ(w_->out_kind, g_->out_kind);				\
	EXPECT_EQ(w_->out_flags, g_->out_flags);			\
	EXPECT_EQ(w_->out_state, g_->out_state);			\
	EXPECT_EQ(w_->out_events, g_->out_events);			\
	EXPECT_EQ(w_->out_cap, g_->out_cap);				\
	EXPECT_EQ(w_->out_token, g_->out_token);			\
	EXPECT_EQ(w_->out_proxy_payload, g_->out_proxy_payload);	\
	EXPECT_EQ(w_->out_payload, g_->out_payload);			\
	EXPECT_EQ(w_->out_notices, g_->out_notices);			\
	EXPECT_EQ(w_->out_sender_tgid, g_->out_sender_tgid);		\
	EXPECT_EQ(w_->out_sender_tid, g_->out_sender_tid);		\
	EXPECT_EQ(w_->out_sender_uid, g_->out_sender_uid);		\
	EXPECT_EQ(w_->out_sender_gid, g_->out_sender_gid);		\
	EXPECT_EQ(w_->out_reply_size, g_->out_reply_size);		\
	EXPECT_EQ(0U, g_->__reserved);					\
	for (i_ = 0; i_ < PROXYIPC_WORDS; i_++)				\
		EXPECT_EQ(w_->out_words[i_], g_->out_words[i_]);	\
} while (0)

/*
 * The words of *@reply_ (struct proxyipc_message) are @first_ and zeros, and it
 * has no data.
 */
#define EXPECT_ANSWER(first_, reply_)					\
do {									\
	const struct proxyipc_message *a_ = (reply_);			\
	unsigned int i_;						\
									\
	EXPECT_EQ((__u64)(first_), a_->words[0]);			\
	for (i_ = 1; i_ < PROXYIPC_WORDS; i_++)				\
		EXPECT_EQ(0ULL, a_->words[i_]);				\
	EXPECT_EQ(0U, a_->data_len);					\
	EXPECT_EQ(0U, a_->__reserved);					\
} while (0)

/* Nothing is left to receive. */
#define EXPECT_EMPTY(endpoint_)						\
do {									\
	struct proxyipc_endpoint_recv none_ = { .size = 0 };		\
									\
	EXPECT_FALSE(readable(endpoint_));				\
	EXPECT_EQ(-EAGAIN, endpoint_recv_now(endpoint_, &none_));	\
} while (0)

#endif /* PROXYIPC_EXPECT_H */
