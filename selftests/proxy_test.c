// SPDX-License-Identifier: GPL-2.0
/*
 * Invoking a proxy entry: the target is held, the message goes to the entry in
 * the receiver slot, and whoever receives it looks and resumes.
 */
#include <signal.h>

#include "proxyipc_test.h"
#include "proxy_stage.h"

FIXTURE(proxy) {
	struct proxy_stage s;
};

FIXTURE_SETUP(proxy)
{
	ASSERT_EQ(0, proxy_stage_open(&self->s));
}

FIXTURE_TEARDOWN(proxy)
{
	proxy_stage_close(&self->s);
}

/*
 * Expects that @got is a proxied message of that kind and sender, and returns
 * what remains to be said of it.
 */
static struct proxyipc_received proxied(const struct proxyipc_received *got,
					__u32 kind)
{
	return (struct proxyipc_received) {
		.out_kind = kind,
		.out_flags = PROXYIPC_RECEIVED_PROXIED,
		.out_state = got->out_state,
		.out_cap = got->out_cap,
		.out_token = got->out_token,
		.out_proxy_payload = PROXY_PAYLOAD,
		.out_payload = RECEIVER_PAYLOAD,
		.out_sender_uid = getuid(),
		.out_sender_gid = getgid(),
	};
}

/*
 * Delivery
 */

TEST_F(proxy, invocation_holds_target)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got, want;

	ASSERT_EQ(0, entry_send(s->proxy, 5));
	/* When it returns, the target is confirmed held. */
	EXPECT_TRUE(target_counter_stands_still(&s->t));
	got = receive(s->endpoint);
	EXPECT_NE(0ULL, got.out_cap);
	EXPECT_NE(0ULL, got.out_token);
	EXPECT_TRUE(held_state(got.out_state));
	want = proxied(&got, PROXYIPC_KIND_SEND);
	want.out_sender_tgid = getpid();
	want.out_sender_tid = getpid();
	want.out_words[0] = 5;
	EXPECT_RECEIVED(&want, &got);
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
	EXPECT_EMPTY(s->endpoint);
}

TEST_F(proxy, call_holds_target_and_waits_for_the_answer)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_call(s), want;

	EXPECT_NE(0ULL, got.out_cap);
	EXPECT_NE(0ULL, got.out_token);
	EXPECT_TRUE(held_state(got.out_state));
	want = proxied(&got, PROXYIPC_KIND_CALL);
	want.out_sender_tgid = s->h.pid;
	want.out_sender_tid = s->h.pid;
	want.out_words[0] = 1;
	EXPECT_RECEIVED(&want, &got);
	EXPECT_TRUE(stands_held(s));
	EXPECT_FALSE(helper_done(&s->h));
	EXPECT_EQ(0, endpoint_resume_reply(s->endpoint, got.out_cap, 9));
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_ANSWER(9, &s->h.page->arg.call.reply);
	EXPECT_TRUE(runs_free(s));
	EXPECT_EMPTY(s->endpoint);
}

TEST_F(proxy, notify_holds_target_and_says_confirmed)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got, want;

	ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(s->proxy, 0x30));
	EXPECT_TRUE(target_counter_stands_still(&s->t));
	got = receive(s->endpoint);
	EXPECT_NE(0ULL, got.out_cap);
	EXPECT_NE(0ULL, got.out_token);
	EXPECT_TRUE(held_state(got.out_state));
	want = proxied(&got, PROXYIPC_KIND_NOTICE);
	want.out_proxy_payload = 0;
	want.out_notices = 0x30;
	want.out_sender_uid = 65534;
	want.out_sender_gid = 65534;
	EXPECT_RECEIVED(&want, &got);
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
	EXPECT_EMPTY(s->endpoint);
}

TEST_F(proxy, message_through_a_proxy_entry_carries_data)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_entry_send send = {
		.size = sizeof(send),
		.message.data = address("forty-two"),
		.message.data_len = 9,
	};
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	char data[16];

	ASSERT_EQ(0, command(s->proxy, PROXYIPC_IOC_ENTRY_SEND, &send));
	/* Too small a buffer keeps message and hold. */
	recv.received.data = address(data);
	recv.received.data_size = 8;
	EXPECT_EQ(-EMSGSIZE, endpoint_recv(s->endpoint, &recv));
	EXPECT_EQ(9U, recv.received.out_data_len);
	EXPECT_TRUE(stands_held(s));
	recv.received.data_size = 9;
	ASSERT_EQ(0, endpoint_recv(s->endpoint, &recv));
	EXPECT_EQ(0, memcmp(data, "forty-two", 9));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, recv.received.out_cap));
}

TEST_F(proxy, recv_that_cannot_copy_out_loses_neither_message_nor_hold)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got;

	ASSERT_EQ(0, entry_send(s->proxy, 5));
	EXPECT_EQ(-EFAULT, endpoint_recv_readonly(s->endpoint));
	EXPECT_EQ(PROXYIPC_EPISODE_DELIVERED, process_episode(s->t.process));
	EXPECT_TRUE(stands_held(s));
	got = receive(s->endpoint);
	EXPECT_EQ(5ULL, got.out_words[0]);
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
}

/*
 * Armed and parked
 */

TEST_F(proxy, target_in_user_mode_parks)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1);

	ASSERT_NE(0ULL, got.out_cap);
	EXPECT_TRUE(wait_for_state(s->t.process, PROXYIPC_STATE_PARKED));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
}

TEST_F(proxy, target_asleep_in_a_system_call_is_armed_until_that_ends)
{
	struct proxy_stage *s = &self->s;
	struct target t = target_block();
	int proxy = process_mint(t.process, 7, RIGHTS_ALL, 0);
	struct proxyipc_received got;

	ASSERT_EQ(0, process_set_receiver(t.process, s->entry));
	ASSERT_EQ(0, entry_send(proxy, 1));
	got = receive(s->endpoint);
	EXPECT_EQ((__u32)PROXYIPC_STATE_ARMED, got.out_state);
	EXPECT_EQ(PROXYIPC_STATE_ARMED, process_state(t.process));
	/* What it waited for comes: the system call ends, and it parks. */
	ASSERT_EQ(0, target_poke(&t));
	EXPECT_TRUE(wait_for_state(t.process, PROXYIPC_STATE_PARKED));
	EXPECT_EQ(0U, target_counter(&t));
	EXPECT_TRUE(target_counter_stands_still(&t));
	/* Its result was kept: what came is counted once. */
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(target_counter_reaches(&t, 1));
	EXPECT_TRUE(target_counter_stands_still(&t));
	EXPECT_EQ(1U, target_counter(&t));
	target_kill(&t);
	close_fd(&proxy);
	close_fd(&t.process);
}

TEST_F(proxy, receiver_that_comes_late_sees_parked)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got;

	ASSERT_EQ(0, entry_send(s->proxy, 1));
	ASSERT_TRUE(wait_for_state(s->t.process, PROXYIPC_STATE_PARKED));
	got = receive(s->endpoint);
	EXPECT_EQ((__u32)PROXYIPC_STATE_PARKED, got.out_state);
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
}

/*
 * Rights
 */

TEST_F(proxy, each_right_that_is_missing_is_eacces_and_the_target_runs)
{
	struct proxy_stage *s = &self->s;
	int no_call = process_mint(s->t.process, 0,
				   RIGHTS_ALL & ~PROXYIPC_RIGHT_CALL, 0);
	int no_send = process_mint(s->t.process, 0,
				   RIGHTS_ALL & ~PROXYIPC_RIGHT_SEND, 0);
	int no_notify = process_mint(s->t.process, 0,
				     RIGHTS_ALL & ~PROXYIPC_RIGHT_NOTIFY, 0);

	EXPECT_EQ(-EACCES, entry_call_until(no_call, 1, 0));
	EXPECT_EQ(-EACCES, entry_send(no_send, 1));
	EXPECT_EQ(-EACCES, entry_notify(no_notify, 1));
	EXPECT_EQ(-EACCES, entry_notify(no_call, 1)) {
		TH_LOG("no bit is in its mask");
	}
	EXPECT_TRUE(runs_free(s));
	EXPECT_EMPTY(s->endpoint);
	close_fd(&no_call);
	close_fd(&no_send);
	close_fd(&no_notify);
}

TEST_F(proxy, notify_posts_only_what_is_in_the_mask)
{
	struct proxy_stage *s = &self->s;
	int proxy = process_mint(s->t.process, 0, PROXYIPC_RIGHT_NOTIFY, 0xf0);
	struct proxyipc_entry_notify notify = {
		.size = sizeof(notify),
		.notices = 0x3c,
		.out_posted = POISON64,
		.out_state = POISON32,
	};
	struct proxyipc_received got;

	ASSERT_EQ(0, command(proxy, PROXYIPC_IOC_ENTRY_NOTIFY, &notify));
	EXPECT_EQ(0x30ULL, notify.out_posted);
	EXPECT_EQ((__u32)PROXYIPC_NOTIFIED_CONFIRMED, notify.out_state);
	got = receive(s->endpoint);
	EXPECT_EQ(0x30ULL, got.out_notices);
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	close_fd(&proxy);
}

TEST_F(proxy, mint_wants_known_rights_and_a_mask_that_fits_them)
{
	struct proxy_stage *s = &self->s;
	unsigned int bit;

	EXPECT_EQ(-EINVAL, process_mint(s->t.process, 0, 0, 0));
	for (bit = 3; bit < 32; bit++)
		EXPECT_EQ(-EINVAL, process_mint(s->t.process, 0,
						RIGHTS_ALL | 1U << bit, 0));
	EXPECT_EQ(-EINVAL, process_mint(s->t.process, 0, PROXYIPC_RIGHT_SEND,
					1));
}

TEST_F(proxy, mint_of_a_target_that_is_gone_is_esrch)
{
	struct proxy_stage *s = &self->s;

	ASSERT_EQ(0, target_kill(&s->t));
	ASSERT_TRUE(wait_for_state(s->t.process, PROXYIPC_STATE_GONE));
	EXPECT_EQ(-ESRCH, process_mint(s->t.process, 0, RIGHTS_ALL, 0));
}

/*
 * The receiver slot
 */

TEST_F(proxy, invocation_without_a_receiver_is_enotconn_and_the_target_runs)
{
	struct proxy_stage *s = &self->s;

	ASSERT_EQ(0, process_set_receiver(s->t.process, -1));
	EXPECT_EQ(-ENOTCONN, entry_call_until(s->proxy, 1, 0));
	EXPECT_EQ(-ENOTCONN, entry_send(s->proxy, 1));
	EXPECT_EQ(-ENOTCONN, entry_send_now(s->proxy, 1));
	EXPECT_EQ(-ENOTCONN, entry_notify(s->proxy, 1));
	EXPECT_TRUE(runs_free(s));
	EXPECT_EMPTY(s->endpoint);
}

TEST_F(proxy, new_process_object_has_no_receiver)
{
	struct target t = target_idle();
	int proxy = process_mint(t.process, 0, RIGHTS_ALL, 0);

	ASSERT_LE(0, proxy);
	EXPECT_EQ(-ENOTCONN, entry_send(proxy, 1));
	target_kill(&t);
	close_fd(&proxy);
	close_fd(&t.process);
}

TEST_F(proxy, invocation_when_the_receiver_is_gone_is_epipe_and_the_target_runs)
{
	struct proxy_stage *s = &self->s;

	close_fd(&s->endpoint);
	EXPECT_EQ(-EPIPE, entry_call_until(s->proxy, 1, 0));
	EXPECT_EQ(-EPIPE, entry_send(s->proxy, 1));
	EXPECT_EQ(-EPIPE, entry_send_now(s->proxy, 1));
	EXPECT_EQ(-EPIPE, entry_notify(s->proxy, 1));
	EXPECT_TRUE(runs_free(s));
}

TEST_F(proxy, slot_keeps_the_entry_when_its_descriptor_closes)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got;

	close_fd(&s->entry);
	got = proxied_send(s, 1);
	EXPECT_EQ(RECEIVER_PAYLOAD, got.out_payload);
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
}

TEST_F(proxy, slot_takes_plain_entries_only)
{
	struct proxy_stage *s = &self->s;
	int device = device_open();

	EXPECT_EQ(-EINVAL, process_set_receiver(s->t.process, s->proxy));
	EXPECT_EQ(-EINVAL, process_set_receiver(s->t.process, s->endpoint));
	EXPECT_EQ(-EINVAL, process_set_receiver(s->t.process, s->t.process));
	EXPECT_EQ(-EINVAL, process_set_receiver(s->t.process, device));
	EXPECT_EQ(-EINVAL, process_set_receiver(s->t.process, 2));
	close(device);
	/* The one that was there still is. */
	EXPECT_NE(0ULL, proxied_send(s, 1).out_cap);
}

TEST_F(proxy, slot_wants_an_open_descriptor)
{
	struct proxy_stage *s = &self->s;
	int closed = dup(s->entry);

	close(closed);
	EXPECT_EQ(-EBADF, process_set_receiver(s->t.process, closed));
	EXPECT_EQ(-EBADF, process_set_receiver(s->t.process, 1 << 30));
	EXPECT_NE(0ULL, proxied_send(s, 1).out_cap);
}

TEST_F(proxy, slot_wants_the_send_right)
{
	struct proxy_stage *s = &self->s;
	int entry = entry_new(s->endpoint, 0, RIGHTS_ALL & ~PROXYIPC_RIGHT_SEND,
			      0);

	ASSERT_LE(0, entry);
	EXPECT_EQ(-EACCES, process_set_receiver(s->t.process, entry));
	close(entry);
	/* And no other. */
	entry = entry_new(s->endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	EXPECT_EQ(0, process_set_receiver(s->t.process, entry));
	close(entry);
}

TEST_F(proxy, slot_wants_an_endpoint_that_is_open)
{
	struct proxy_stage *s = &self->s;
	int endpoint = endpoint_new();
	int entry = entry_new(endpoint, 0, RIGHTS_ALL, 0);

	ASSERT_LE(0, entry);
	close_fd(&endpoint);
	EXPECT_EQ(-EPIPE, process_set_receiver(s->t.process, entry));
	close(entry);
	EXPECT_NE(0ULL, proxied_send(s, 1).out_cap);
}

TEST_F(proxy, set_receiver_of_a_target_that_is_gone_is_esrch)
{
	struct proxy_stage *s = &self->s;

	ASSERT_EQ(0, target_kill(&s->t));
	ASSERT_TRUE(wait_for_state(s->t.process, PROXYIPC_STATE_GONE));
	EXPECT_EQ(-ESRCH, process_set_receiver(s->t.process, s->entry));
}

TEST_F(proxy, set_receiver_takes_effect_with_the_next_episode)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received first = proxied_send(s, 1), second;
	int endpoint = endpoint_new();
	int entry = entry_new(endpoint, 0x3333, PROXYIPC_RIGHT_SEND, 0);

	ASSERT_NE(0ULL, first.out_cap);
	ASSERT_EQ(0, helper_call(&s->h, s->nr, 2));
	ASSERT_EQ(0, process_set_receiver(s->t.process, entry));
	/* The episode in progress stays with whom it was given to. */
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(-ESTALE, endpoint_resume(endpoint, first.out_cap));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, first.out_cap));
	/* Who waited then goes to the new one. */
	second = receive(endpoint);
	EXPECT_EQ(2ULL, second.out_words[0]);
	EXPECT_EQ(0x3333ULL, second.out_payload);
	EXPECT_EMPTY(s->endpoint);
	EXPECT_EQ(0, endpoint_resume_reply(endpoint, second.out_cap, 3));
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_TRUE(runs_free(s));
	close(entry);
	close(endpoint);
}

TEST_F(proxy, set_receiver_leaves_a_message_where_it_was_delivered)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got;
	int endpoint = endpoint_new();
	int entry = entry_new(endpoint, 0, PROXYIPC_RIGHT_SEND, 0);

	ASSERT_EQ(0, entry_send(s->proxy, 1));
	ASSERT_EQ(0, process_set_receiver(s->t.process, entry));
	EXPECT_EMPTY(endpoint);
	got = receive(s->endpoint);
	EXPECT_EQ(1ULL, got.out_words[0]);
	EXPECT_EQ(RECEIVER_PAYLOAD, got.out_payload);
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
	close(entry);
	close(endpoint);
}

/* One receiver for many targets: each episode has its own name. */
TEST_F(proxy, one_endpoint_receives_for_several_targets)
{
	struct proxy_stage *s = &self->s;
	struct target t = target_spin();
	int entry = entry_new(s->endpoint, 0x4444, PROXYIPC_RIGHT_SEND, 0);
	int proxy = process_mint(t.process, 0x5555, RIGHTS_ALL, 0);
	struct proxyipc_received first, second;

	ASSERT_EQ(0, process_set_receiver(t.process, entry));
	first = proxied_send(s, 1);
	ASSERT_EQ(0, entry_send(proxy, 2));
	second = receive(s->endpoint);
	EXPECT_EQ(RECEIVER_PAYLOAD, first.out_payload);
	EXPECT_EQ(0x4444ULL, second.out_payload);
	EXPECT_EQ(0x5555ULL, second.out_proxy_payload);
	EXPECT_NE(first.out_cap, second.out_cap);
	EXPECT_NE(first.out_token, second.out_token);
	EXPECT_EQ(0, endpoint_resume(s->endpoint, first.out_cap));
	EXPECT_TRUE(runs_free(s));
	EXPECT_TRUE(target_counter_stands_still(&t));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, second.out_cap));
	EXPECT_TRUE(target_counts(&t));
	target_kill(&t);
	close_fd(&proxy);
	close_fd(&entry);
	close_fd(&t.process);
}

/*
 * What PROCESS_INFO tells of it
 */

TEST_F(proxy, info_follows_the_episode)
{
	struct proxy_stage *s = &self->s;
	__u64 before = now_ns(), after;
	struct proxyipc_process_info info;
	struct proxyipc_received got;

	ASSERT_EQ(0, entry_send(s->proxy, 1));
	after = now_ns();
	ASSERT_EQ(0, process_info(s->t.process, &info));
	EXPECT_EQ(s->t.h.pid, info.out_tgid);
	EXPECT_EQ(s->t.h.pid, info.out_tid);
	EXPECT_TRUE(held_state(info.out_state));
	EXPECT_EQ(1U, info.out_holds);
	EXPECT_EQ((__u32)PROXYIPC_EPISODE_DELIVERED, info.out_episode);
	EXPECT_EQ((__u32)PROXYIPC_KIND_SEND, info.out_kind);
	EXPECT_NE(0ULL, info.out_token);
	EXPECT_TRUE(info.out_since >= before && info.out_since <= after);
	EXPECT_TRUE(info.out_lease_end >= before + 10 * NS_PER_S &&
		    info.out_lease_end <= after + 10 * NS_PER_S);
	EXPECT_EQ(1ULL, info.out_episodes);
	EXPECT_EQ(0ULL, info.out_held_ns);
	EXPECT_EQ(0U, info.out_waiting);
	EXPECT_EQ(0, info.out_receiver_tgid);
	EXPECT_EQ(0U, info.__reserved);

	got = receive(s->endpoint);
	EXPECT_EQ(info.out_token, got.out_token);
	ASSERT_EQ(0, process_info(s->t.process, &info));
	EXPECT_EQ((__u32)PROXYIPC_EPISODE_RECEIVED, info.out_episode);
	EXPECT_EQ(getpid(), info.out_receiver_tgid);
	EXPECT_EQ(got.out_token, info.out_token);

	ASSERT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	ASSERT_EQ(0, process_info(s->t.process, &info));
	EXPECT_EQ((__u32)PROXYIPC_EPISODE_NONE, info.out_episode);
	EXPECT_EQ(1ULL, info.out_episodes);
	EXPECT_NE(0ULL, info.out_held_ns);
	EXPECT_GE(now_ns() - before, info.out_held_ns);
	EXPECT_EQ(0, info.out_receiver_tgid);
	EXPECT_TRUE(runs_free(s));
}

TEST_F(proxy, info_counts_episodes_and_the_time_they_took)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_process_info info;
	__u64 i, last = 0;

	for (i = 1; i <= 20; i++) {
		ASSERT_EQ(0, endpoint_resume(s->endpoint,
					     proxied_send(s, i).out_cap));
		ASSERT_EQ(0, process_info(s->t.process, &info));
		EXPECT_EQ(i, info.out_episodes);
		EXPECT_LT(last, info.out_held_ns);
		last = info.out_held_ns;
	}
}

TEST_HARNESS_MAIN
