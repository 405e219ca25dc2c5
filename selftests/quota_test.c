// SPDX-License-Identifier: GPL-2.0
/*
 * How many targets a user may hold at a time: counted for the user who opened
 * the process objects, by the module parameter holds_per_user.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <sys/socket.h>

#define ALICE	1000
#define BOB	1001
#define QUOTA	2

static const char param[] = "/sys/module/proxyipc/parameters/holds_per_user";

FIXTURE(quota) {
	char before[16];	/* value of the parameter */
};

FIXTURE_SETUP(quota)
{
	ASSERT_EQ(0, file_read(param, self->before, sizeof(self->before)));
	ASSERT_EQ(0, file_write(param, "2"));
}

/* In the parent: also when the test dies half-way. */
FIXTURE_TEARDOWN_PARENT(quota)
{
	file_write(param, self->before);
}

/* A user's targets, opened and held by himself. */
struct holder {
	struct child target[QUOTA + 1];
	int process[QUOTA + 1];
	__u64 token[QUOTA + 1];
};

/* In children of Alice's: they open themselves and pass that to the test. */
static struct who opener;

static void enrol(struct child_page *page)
{
	int process;

	page->error = become(&opener);
	process = process_open(0, 0, 0);
	if (pass_send_fd(page->fd[0], process))
		return;
	close(process);
	child_spin(page);
}

static int holder_init(struct holder *h, uid_t uid)
{
	int socks[2];

	opener = plain_user(uid);
	for (int i = 0; i <= QUOTA; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
			return -errno;
		h->target[i] = child_new(enrol, socks[1], -1);
		close(socks[1]);
		h->process[i] = pass_recv_fd(socks[0]);
		close(socks[0]);
		if (h->process[i] < 0)
			return h->process[i];
	}
	return 0;
}

/* Holds as many as it may. */
static int holder_fill(struct holder *h)
{
	int ret;

	for (int i = 0; i < QUOTA; i++) {
		ret = process_hold(h->process[i], &h->token[i]);
		if (ret < 0)
			return ret;
	}
	return 0;
}

TEST_F(quota, is_what_the_device_says)
{
	struct proxyipc_device_info info = { .size = sizeof(info) };
	int device = device_open();

	ASSERT_EQ(0, command(device, PROXYIPC_IOC_DEVICE_INFO, &info));
	EXPECT_EQ(QUOTA, info.out_holds_max);
	ASSERT_EQ(0, file_write(param, "1000"));
	ASSERT_EQ(0, command(device, PROXYIPC_IOC_DEVICE_INFO, &info));
	EXPECT_EQ(1000, info.out_holds_max);
}

TEST_F(quota, exceeded_refuses_the_hold)
{
	struct holder alice;

	ASSERT_EQ(0, holder_init(&alice, ALICE));
	ASSERT_EQ(0, holder_fill(&alice));
	EXPECT_EQ(-EDQUOT, process_hold(alice.process[QUOTA], &alice.token[QUOTA]));
	EXPECT_EQ(0, process_holds(alice.process[QUOTA]));
	EXPECT_TRUE(counts(&alice.target[QUOTA].page->counter[0]));
}

TEST_F(quota, is_given_back_by_resume)
{
	struct holder alice;

	ASSERT_EQ(0, holder_init(&alice, ALICE));
	ASSERT_EQ(0, holder_fill(&alice));
	ASSERT_EQ(0, process_resume(alice.process[0], alice.token[0]));
	EXPECT_TRUE(held_state(process_hold(alice.process[QUOTA],
					    &alice.token[QUOTA])));
	EXPECT_EQ(-EDQUOT, process_hold(alice.process[0], &alice.token[0]));
}

TEST_F(quota, is_given_back_by_death_of_the_target)
{
	struct holder alice;

	ASSERT_EQ(0, holder_init(&alice, ALICE));
	ASSERT_EQ(0, holder_fill(&alice));
	ASSERT_TRUE(killed_by(child_kill(&alice.target[0]), SIGKILL));
	ASSERT_TRUE(wait_for_state(alice.process[0], PROXYIPC_STATE_GONE));
	EXPECT_TRUE(eventually(process_hold(alice.process[QUOTA],
					    &alice.token[QUOTA]) > 0));
}

TEST_F(quota, is_given_back_by_the_close)
{
	struct holder alice;

	ASSERT_EQ(0, holder_init(&alice, ALICE));
	ASSERT_EQ(0, holder_fill(&alice));
	close_fd(&alice.process[0]);
	EXPECT_TRUE(held_state(process_hold(alice.process[QUOTA],
					    &alice.token[QUOTA])));
}

TEST_F(quota, of_one_user_does_not_bind_another)
{
	struct holder alice, bob;

	ASSERT_EQ(0, holder_init(&alice, ALICE));
	ASSERT_EQ(0, holder_init(&bob, BOB));
	ASSERT_EQ(0, holder_fill(&alice));
	EXPECT_EQ(0, holder_fill(&bob));
	EXPECT_EQ(-EDQUOT, process_hold(alice.process[QUOTA], &alice.token[QUOTA]));
}

TEST_F(quota, binds_episodes_too)
{
	struct holder alice;
	int endpoint, entry, proxy;

	ASSERT_EQ(0, holder_init(&alice, ALICE));
	endpoint = endpoint_new();
	entry = entry_new(endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_EQ(0, process_set_receiver(alice.process[QUOTA], entry));
	proxy = process_mint(alice.process[QUOTA], 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, proxy);
	ASSERT_EQ(0, holder_fill(&alice));
	EXPECT_EQ(-EDQUOT, entry_send(proxy, 1));
	EXPECT_EQ(-EDQUOT, entry_notify(proxy, 1));
	EXPECT_EQ(-EDQUOT, entry_call_until(proxy, 1, deadline_ms(PATIENCE_MS)));
	EXPECT_FALSE(readable(endpoint));
	EXPECT_TRUE(counts(&alice.target[QUOTA].page->counter[0]));
	ASSERT_EQ(0, process_resume(alice.process[0], alice.token[0]));
	EXPECT_EQ(0, entry_send(proxy, 1));
}

TEST_HARNESS_MAIN
