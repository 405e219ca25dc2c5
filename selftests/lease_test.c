// SPDX-License-Identifier: GPL-2.0
/*
 * Leases: every hold ends by itself at last, and who waited for its end is
 * told. A loaded machine makes leases longer, never shorter, so only the lower
 * bound is exact.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>

/* Longer than a loaded machine forgets a process for. */
#define LEASE		(500 * NS_PER_MS)
#define YEAR		(365ULL * 24 * 3600 * NS_PER_S)
#define PAYLOAD		0x1ea5e
#define RECEIVER	0x7ece1

FIXTURE(lease) {
	struct child target;	/* counts in user mode */
	int process;		/* with LEASE */
	int endpoint;		/* its receiver */
	int proxy;
	atomic_uint *counter;
	__u64 token;
};

FIXTURE_SETUP(lease)
{
	int entry;

	self->target = child_new(child_spin, -1, -1);
	ASSERT_LT(0, self->target.pid);
	self->counter = &self->target.page->counter[0];
	self->process = process_open(self->target.pid, 0, LEASE);
	ASSERT_LE(0, self->process);
	self->endpoint = endpoint_new();
	ASSERT_LE(0, self->endpoint);
	entry = entry_new(self->endpoint, RECEIVER, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_LE(0, entry);
	ASSERT_EQ(0, process_set_receiver(self->process, entry));
	close(entry);
	self->proxy = process_mint(self->process, PAYLOAD, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->proxy);
	ASSERT_TRUE(counts(self->counter));
}

FIXTURE_TEARDOWN(lease)
{
	child_kill(&self->target);
}

static int device_info(struct proxyipc_device_info *info)
{
	int device = device_open();
	int ret;

	memset(info, POISON, sizeof(*info));
	info->size = sizeof(*info);
	info->flags = 0;
	info->__reserved = 0;
	ret = command(device, PROXYIPC_IOC_DEVICE_INFO, info);
	close_fd(&device);
	return ret;
}

/* Holds, and measures how long it lasts when nobody resumes: ns, 0 if for ever. */
static __u64 lasting(int process, __u64 lease, atomic_uint *counter)
{
	__u64 start = now_ns();
	unsigned int before;
	__u64 token;

	if (process_hold_for(process, lease, &token) < 0)
		return 0;
	before = *counter;
	return eventually(*counter != before) ? now_ns() - start : 0;
}

TEST_F(lease, default_and_maximum_are_what_the_device_says)
{
	struct proxyipc_device_info info;

	ASSERT_EQ(0, device_info(&info));
	EXPECT_EQ(10 * NS_PER_S, info.out_lease_default);
	EXPECT_EQ(60 * NS_PER_S, info.out_lease_max);
}

TEST_F(lease, of_an_object_that_asks_for_none_is_the_default)
{
	struct proxyipc_endpoint_recv recv = {};
	struct proxyipc_process_info info = {};
	struct proxyipc_device_info device;
	int process, entry, proxy;

	ASSERT_EQ(0, device_info(&device));
	process = child_open(&self->target);
	ASSERT_LE(0, process);
	entry = entry_new(self->endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_LE(0, entry);
	ASSERT_EQ(0, process_set_receiver(process, entry));
	proxy = process_mint(process, 0, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_LE(0, proxy);
	ASSERT_EQ(0, entry_send(proxy, 1));
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
	ASSERT_EQ(0, process_info(process, &info));
	EXPECT_EQ(recv.received.out_token, info.out_token);
	/* It begins when the hold does, a little before the confirmation. */
	EXPECT_LE(info.out_lease_end, info.out_since + device.out_lease_default);
	EXPECT_GT(info.out_lease_end + NS_PER_S, info.out_since + device.out_lease_default);
	EXPECT_EQ(0, endpoint_resume(self->endpoint, recv.received.out_cap));
}

TEST_F(lease, of_the_object_ends_a_hold)
{
	__u64 ns = lasting(self->process, 0, self->counter);

	EXPECT_LE(LEASE, ns);
	EXPECT_EQ(0, process_holds(self->process));
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, process_state(self->process));
}

TEST_F(lease, is_shortened_by_a_hold)
{
	int process = child_open(&self->target);
	__u64 ns;

	/* The object's own is far beyond what lasting() waits for. */
	ns = lasting(process, LEASE / 2, self->counter);
	EXPECT_LE(LEASE / 2, ns);
	EXPECT_GT(5 * NS_PER_S, ns);
	close(process);
}

TEST_F(lease, is_not_lengthened_by_a_hold)
{
	EXPECT_EQ(-EINVAL, process_hold_for(self->process, LEASE + 1, &self->token));
	EXPECT_EQ(0, process_holds(self->process));
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(lease, of_hold_may_be_as_long_as_the_object_s)
{
	ASSERT_TRUE(held_state(process_hold_for(self->process, LEASE, &self->token)));
	EXPECT_EQ(0, process_resume(self->process, self->token));
}

TEST_F(lease, ended_makes_the_token_stale)
{
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	ASSERT_TRUE(wait_for_holds(self->process, 0));
	EXPECT_EQ(-ESTALE, process_resume(self->process, self->token));
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(lease, ended_leaves_the_open_file_free_to_hold_again)
{
	int process = child_open(&self->target);
	__u64 token = 0;

	ASSERT_TRUE(held_state(process_hold_for(process, LEASE, &self->token)));
	ASSERT_TRUE(wait_for_holds(process, 0));
	ASSERT_TRUE(held_state(process_hold(process, &token)));
	EXPECT_NE(self->token, token);
	EXPECT_TRUE(stands_still(self->counter));
	/* A stale resume doesn't end the new one. */
	EXPECT_EQ(-ESTALE, process_resume(process, self->token));
	EXPECT_EQ(1, process_holds(process));
	EXPECT_EQ(0, process_resume(process, token));
	close(process);
}

TEST_F(lease, of_one_hold_does_not_end_another)
{
	__u64 token = 0;
	int other;

	other = child_open(&self->target);
	ASSERT_LE(0, other);
	ASSERT_TRUE(held_state(process_hold(other, &token)));
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	EXPECT_TRUE(wait_for_holds(self->process, 1));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, process_resume(other, token));
	EXPECT_TRUE(counts(self->counter));
	close(other);
}

TEST_F(lease, of_armed_target_ends_while_it_sleeps)
{
	struct child sleeper;
	int fds[2], process;

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	sleeper = child_new(child_read, fds[0], -1);
	ASSERT_LT(0, sleeper.pid);
	process = process_open(sleeper.pid, 0, LEASE);
	ASSERT_LE(0, process);
	ASSERT_TRUE(eventually(proc_asleep_in_syscall(sleeper.pid, SYS_read)));
	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(process, &self->token));
	EXPECT_TRUE(wait_for_state(process, PROXYIPC_STATE_RUNNABLE));
	ASSERT_EQ(1, write(fds[1], "x", 1));
	EXPECT_TRUE(eventually(sleeper.page->counter[0] == 1));
	child_kill(&sleeper);
}

/*
 * Episodes
 */

/* A helper in a CALL through the proxy entry, which has been received. */
static int call_and_receive(struct helper *caller, int proxy, int endpoint,
			    struct proxyipc_endpoint_recv *recv)
{
	struct proxyipc_entry_call call = { .size = sizeof(call) };
	int theirs, ret;

	theirs = helper_give(caller, proxy);
	if (theirs < 0)
		return theirs;
	ret = helper_start(caller, theirs, PROXYIPC_IOC_ENTRY_CALL, &call,
			   sizeof(call));
	ret = ret ?: endpoint_recv(endpoint, recv);
	if (!ret && recv->received.out_kind != PROXYIPC_KIND_CALL)
		ret = -EPROTO;
	return ret;
}

/* The event at the end of the hold that @token names. */
static void expect_expired(struct __test_metadata *_metadata,
			   int endpoint, __u64 token)
{
	struct proxyipc_endpoint_recv recv = {};
	const struct proxyipc_received *r = &recv.received;

	ASSERT_EQ(0, endpoint_recv(endpoint, &recv));
	EXPECT_EQ(PROXYIPC_KIND_EVENT, r->out_kind);
	EXPECT_EQ(PROXYIPC_EVENT_LEASE_EXPIRED, r->out_events);
	EXPECT_EQ(token, r->out_token);
	EXPECT_EQ(0, r->out_cap);
	EXPECT_EQ(0, r->out_proxy_payload);
	EXPECT_EQ(RECEIVER, r->out_payload);
	EXPECT_EQ(0, r->out_data_len);
	EXPECT_EQ(0, r->out_notices);
	EXPECT_EQ(0, r->out_sender_tgid);
	EXPECT_EQ(0, r->out_sender_tid);
	EXPECT_EQ(0, r->out_reply_size);
}

TEST_F(lease, ended_tells_the_caller_that_its_receiver_failed)
{
	struct proxyipc_endpoint_recv recv = {};
	struct helper caller = helper_new();

	ASSERT_EQ(0, call_and_receive(&caller, self->proxy, self->endpoint, &recv));
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&caller));
	EXPECT_TRUE(counts(self->counter));
	helper_kill(&caller);
}

TEST_F(lease, ended_is_an_event_for_the_receiver)
{
	struct proxyipc_endpoint_recv recv = {};
	struct helper caller = helper_new();
	__u64 token;

	ASSERT_EQ(0, call_and_receive(&caller, self->proxy, self->endpoint, &recv));
	token = recv.received.out_token;
	expect_expired(_metadata, self->endpoint, token);
	EXPECT_TRUE(counts(self->counter));
	EXPECT_EQ(-EAGAIN, endpoint_recv_now(self->endpoint, &recv));
	helper_kill(&caller);
}

TEST_F(lease, ended_makes_the_cap_stale)
{
	struct proxyipc_endpoint_recv recv = {};
	struct helper caller = helper_new();
	__u64 cap, token;

	ASSERT_EQ(0, call_and_receive(&caller, self->proxy, self->endpoint, &recv));
	cap = recv.received.out_cap;
	token = recv.received.out_token;
	EXPECT_EQ(-EOWNERDEAD, helper_finish(&caller));
	EXPECT_EQ(-ESTALE, endpoint_resume(self->endpoint, cap));
	EXPECT_EQ(-ESTALE, endpoint_reply(self->endpoint, cap, 0));
	EXPECT_EQ(-ESTALE, endpoint_drop(self->endpoint, cap));
	EXPECT_EQ(-ESTALE, process_resume(self->process, token));
	EXPECT_TRUE(counts(self->counter));
	helper_kill(&caller);
}

TEST_F(lease, ended_unreceived_withdraws_the_message)
{
	struct proxyipc_endpoint_recv recv = {};

	ASSERT_EQ(0, entry_send(self->proxy, 1));
	ASSERT_TRUE(wait_for_holds(self->process, 0));
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
	EXPECT_EQ(PROXYIPC_KIND_EVENT, recv.received.out_kind);
	EXPECT_EQ(PROXYIPC_EVENT_LEASE_EXPIRED, recv.received.out_events);
	EXPECT_EQ(0, recv.received.out_cap);
	EXPECT_EQ(-ESTALE, process_resume(self->process, recv.received.out_token));
	EXPECT_EQ(-EAGAIN, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(lease, ended_before_the_call_was_received_ends_the_call)
{
	struct proxyipc_entry_call call = { .size = sizeof(call) };
	struct helper caller = helper_new();
	int theirs;

	theirs = helper_give(&caller, self->proxy);
	ASSERT_LE(0, theirs);
	EXPECT_EQ(-EOWNERDEAD, helper_do(&caller, theirs, PROXYIPC_IOC_ENTRY_CALL,
					 &call, sizeof(call)));
	EXPECT_TRUE(counts(self->counter));
	helper_kill(&caller);
}

TEST_F(lease, ended_after_the_reply_is_an_event_all_the_same)
{
	struct proxyipc_endpoint_recv recv = {};
	struct helper caller = helper_new();
	__u64 token;

	ASSERT_EQ(0, call_and_receive(&caller, self->proxy, self->endpoint, &recv));
	token = recv.received.out_token;
	EXPECT_EQ(0, endpoint_reply(self->endpoint, recv.received.out_cap, 42));
	EXPECT_EQ(0, helper_finish(&caller));
	EXPECT_EQ(42, caller.page->arg.call.reply.words[0]);
	expect_expired(_metadata, self->endpoint, token);
	helper_kill(&caller);
}

/*
 * Chains: four senders, so that somebody always waits for the episode to end.
 */
#define SENDERS	4

static void send_forever(struct child_page *page)
{
	struct proxyipc_entry_send send = { .size = sizeof(send) };

	while (!command(page->fd[0], PROXYIPC_IOC_ENTRY_SEND, &send))
		page->counter[0]++;
}

/* The standstills of one target, seen each time that a message comes in. */
struct watch {
	__u64 since;
	__u64 longest;
	unsigned int counter;
	int episodes;		/* in this standstill */
	int most_episodes;
	int standstills;
};

static void watch_look(struct watch *w, unsigned int counter)
{
	if (counter != w->counter) {
		w->since = now_ns();
		w->counter = counter;
		w->episodes = 0;
		w->standstills++;
	}
	if (now_ns() - w->since > w->longest)
		w->longest = now_ns() - w->since;
	if (++w->episodes > w->most_episodes)
		w->most_episodes = w->episodes;
}

TEST_F(lease, is_not_restarted_by_a_chain_of_episodes)
{
	struct proxyipc_endpoint_recv recv = {};
	struct child sender[SENDERS];
	struct watch watch = {};
	__u64 until;

	for (int i = 0; i < SENDERS; i++)
		sender[i] = child_new(send_forever, self->proxy, -1);
	ASSERT_TRUE(eventually(process_waiting(self->process) >= SENDERS - 1));
	until = now_ns() + 6 * LEASE;
	while (now_ns() < until) {
		ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
		if (recv.received.out_kind != PROXYIPC_KIND_SEND)
			continue;
		watch_look(&watch, *self->counter);
		sleep_ms(LEASE / NS_PER_MS / 8);
		/* -ESTALE: the lease was faster */
		endpoint_resume(self->endpoint, recv.received.out_cap);
	}
	/* The first look has nothing to compare with. */
	EXPECT_LE(3, watch.standstills);
	EXPECT_LE(2, watch.most_episodes);
	EXPECT_GT(LEASE + NS_PER_S, watch.longest);
	for (int i = 0; i < SENDERS; i++)
		child_kill(&sender[i]);
}

/*
 * The maximum
 */

static int drop_capability(int cap)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	data[cap / 32].effective &= ~(1U << cap % 32);
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

TEST_F(lease, above_the_maximum_takes_cap_sys_resource)
{
	struct proxyipc_device_info info;
	int process;

	ASSERT_EQ(0, device_info(&info));
	process = process_open(0, 0, info.out_lease_max + 1);
	EXPECT_LE(0, process);
	close_fd(&process);
	ASSERT_EQ(0, drop_capability(CAP_SYS_RESOURCE));
	EXPECT_EQ(-EPERM, process_open(0, 0, info.out_lease_max + 1));
}

TEST_F(lease, of_the_maximum_takes_no_capability)
{
	struct proxyipc_device_info info;

	ASSERT_EQ(0, device_info(&info));
	ASSERT_EQ(0, drop_capability(CAP_SYS_RESOURCE));
	EXPECT_LE(0, process_open(0, 0, info.out_lease_max));
}

TEST_F(lease, above_a_year_is_a_mistake)
{
	EXPECT_EQ(-EINVAL, process_open(self->target.pid, 0, ~0ULL));
	EXPECT_EQ(-EINVAL, process_open(self->target.pid, 0, YEAR + 1));
	EXPECT_LE(0, process_open(self->target.pid, 0, YEAR));
}

TEST_F(lease, far_above_the_maximum_is_no_overflow)
{
	int process = process_open(self->target.pid, 0, 30 * 24 * 3600 * NS_PER_S);

	ASSERT_LE(0, process);
	ASSERT_TRUE(held_state(process_hold(process, &self->token)));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(1, process_holds(process));
	EXPECT_EQ(0, process_resume(process, self->token));
	EXPECT_TRUE(counts(self->counter));
}

TEST_HARNESS_MAIN
