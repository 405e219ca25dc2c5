// SPDX-License-Identifier: GPL-2.0
/* Who may open whom, and that possession is all that it takes afterwards. */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/socket.h>

#define ALICE	1000
#define BOB	1001
#define NOBODY	65534

#define CAP(name)	(1ULL << CAP_##name)

static const char same_uid_param[] = "/sys/module/proxyipc/parameters/open_same_uid";

FIXTURE(permission) {
	struct child alice;	/* counts in user mode */
	struct child bob;
	char param[8];		/* open_same_uid */
};

FIXTURE_SETUP(permission)
{
	struct who alice = plain_user(ALICE), bob = plain_user(BOB);

	ASSERT_EQ(0, file_read(same_uid_param, self->param, sizeof(self->param)));
	/* Off is the default. */
	ASSERT_EQ(0, strcmp(self->param, "N"));
	self->alice = child_spin_as(&alice);
	ASSERT_LT(0, self->alice.pid);
	self->bob = child_spin_as(&bob);
	ASSERT_LT(0, self->bob.pid);
}

FIXTURE_TEARDOWN(permission)
{
	child_kill(&self->alice);
	child_kill(&self->bob);
}

TEST_F(permission, root_may_open_anybody)
{
	EXPECT_LE(0, child_open(&self->alice));
	EXPECT_LE(0, child_open(&self->bob));
}

TEST_F(permission, another_user_may_not_be_opened)
{
	struct who bob = plain_user(BOB);

	EXPECT_EQ(-EPERM, open_as(&bob, self->alice.pid));
}

TEST_F(permission, ones_own_other_process_may_not_be_opened)
{
	struct who alice = plain_user(ALICE);

	EXPECT_EQ(-EPERM, open_as(&alice, self->alice.pid));
}

TEST_F(permission, cap_sys_ptrace_opens_who_may_be_signalled)
{
	struct who alice = plain_user(ALICE);

	alice.capabilities = CAP(SYS_PTRACE);
	EXPECT_EQ(0, open_as(&alice, self->alice.pid));
}

TEST_F(permission, cap_sys_ptrace_does_not_open_who_may_not_be_signalled)
{
	struct who alice = plain_user(ALICE);

	alice.capabilities = CAP(SYS_PTRACE);
	EXPECT_EQ(-EPERM, open_as(&alice, self->bob.pid));
}

TEST_F(permission, cap_sys_ptrace_and_cap_kill_open_another_user)
{
	struct who alice = plain_user(ALICE);

	alice.capabilities = CAP(SYS_PTRACE) | CAP(KILL);
	EXPECT_EQ(0, open_as(&alice, self->bob.pid));
}

TEST_F(permission, cap_kill_alone_opens_nobody)
{
	struct who alice = plain_user(ALICE);

	alice.capabilities = CAP(KILL);
	EXPECT_EQ(-EPERM, open_as(&alice, self->bob.pid));
	EXPECT_EQ(-EPERM, open_as(&alice, self->alice.pid));
}

TEST_F(permission, root_without_cap_sys_ptrace_opens_nobody)
{
	struct who root = plain_user(0);

	root.capabilities = ~CAP(SYS_PTRACE) & ((CAP(LAST_CAP) << 1) - 1);
	EXPECT_EQ(-EPERM, open_as(&root, self->alice.pid));
}

TEST_F(permission, cap_sys_ptrace_opens_an_undumpable_target)
{
	struct who alice = plain_user(ALICE);
	struct child target;

	alice.undumpable = true;
	target = child_spin_as(&alice);
	ASSERT_LT(0, target.pid);
	alice.undumpable = false;
	alice.capabilities = CAP(SYS_PTRACE);
	EXPECT_EQ(0, open_as(&alice, target.pid));
	child_kill(&target);
}

TEST_F(permission, refused_targets_are_refused_to_nobody_with_eperm_or_eopnotsupp)
{
	struct who nobody = plain_user(NOBODY);
	int ret = open_as(&nobody, 1);

	EXPECT_TRUE(ret == -EPERM || ret == -EOPNOTSUPP) TH_LOG("%d", ret);
}

/*
 * The device
 */

static void use_device(struct child_page *page)
{
	struct proxyipc_endpoint_recv recv = {};
	struct who nobody = plain_user(NOBODY);
	int endpoint, entry;

	page->error = become(&nobody);
	endpoint = endpoint_new();
	entry = entry_new(endpoint, 9, PROXYIPC_RIGHT_SEND, 0);
	page->result = entry_send(entry, 10) ?: endpoint_recv(endpoint, &recv);
	if (!page->result && recv.received.out_payload == 9 &&
	    recv.received.out_words[0] == 10 &&
	    recv.received.out_sender_uid == NOBODY &&
	    recv.received.out_sender_gid == NOBODY)
		page->phase = 1;
}

TEST_F(permission, device_serves_nobody)
{
	struct child c = child_new(use_device, -1, -1);

	EXPECT_TRUE(exited_with(child_ends(&c), 0));
	EXPECT_EQ(0, c.page->error);
	EXPECT_EQ(0, c.page->result);
	EXPECT_EQ(1, c.page->phase);
}

/*
 * Consent
 */

static struct who enrolled;

/* Opens itself, passes that through the socket, and counts. */
static void enrol(struct child_page *page)
{
	int process;

	page->error = become(&enrolled);
	process = process_open(0, 0, 0);
	if (process < 0 || pass_send_fd(page->fd[0], process)) {
		page->error = process;
		return;
	}
	close(process);
	child_spin(page);
}

/* Holds the target that it was given, until it is told to go. */
static void supervise(struct child_page *page)
{
	struct who nobody = plain_user(NOBODY);
	__u64 token = 0;

	page->error = become(&nobody);
	page->result = process_hold(page->fd[0], &token);
	page->phase = 1;
	await_go(page, 1);
	page->result = process_resume(page->fd[0], token);
	page->phase = 2;
	for (;;)
		pause();
}

FIXTURE(consent) {
	struct child target;
	int process;
	atomic_uint *counter;
};

FIXTURE_SETUP(consent)
{
	int socks[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
	enrolled = plain_user(ALICE);
	self->target = child_new(enrol, socks[1], -1);
	ASSERT_LT(0, self->target.pid);
	close(socks[1]);
	self->process = pass_recv_fd(socks[0]);
	ASSERT_LE(0, self->process) TH_LOG("%d", self->target.page->error);
	self->counter = &self->target.page->counter[0];
	ASSERT_TRUE(counts(self->counter));
}

FIXTURE_TEARDOWN(consent)
{
	child_kill(&self->target);
}

TEST_F(consent, needs_no_privilege)
{
	struct proxyipc_process_info info = {};

	ASSERT_EQ(0, process_info(self->process, &info));
	EXPECT_EQ(self->target.pid, info.out_tgid);
	EXPECT_EQ(0, self->target.page->error);
}

TEST_F(consent, makes_possession_the_authority)
{
	struct child supervisor = child_new(supervise, self->process, -1);

	ASSERT_TRUE(child_reaches(&supervisor, 1));
	EXPECT_EQ(0, supervisor.page->error);
	EXPECT_TRUE(held_state(supervisor.page->result));
	EXPECT_TRUE(stands_still(self->counter));
	child_go(&supervisor, 1);
	ASSERT_TRUE(child_reaches(&supervisor, 2));
	EXPECT_EQ(0, supervisor.page->result);
	EXPECT_TRUE(counts(self->counter));
	child_kill(&supervisor);
}

TEST_F(consent, lets_the_holder_see_where_the_target_is)
{
	struct proxyipc_process_info info = {};
	__u64 token = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	ASSERT_EQ(0, process_info(self->process, &info));
	EXPECT_TRUE(in_spin(info.out_ip));
}

/* An object that root opened is authority for whomever it is given to. */
TEST_F(consent, of_the_opener_is_passed_on_with_the_descriptor)
{
	struct child supervisor;
	int process;

	process = child_open(&self->target);
	ASSERT_LE(0, process);
	supervisor = child_new(supervise, process, -1);
	ASSERT_TRUE(child_reaches(&supervisor, 1));
	EXPECT_TRUE(held_state(supervisor.page->result));
	EXPECT_TRUE(stands_still(self->counter));
	child_kill(&supervisor);
	/* That it died ends nothing: this process has the open file, too. */
	EXPECT_TRUE(stands_still(self->counter));
	close(process);
	EXPECT_TRUE(counts(self->counter));
}

TEST_HARNESS_MAIN
