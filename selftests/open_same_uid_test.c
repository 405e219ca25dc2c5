// SPDX-License-Identifier: GPL-2.0
/*
 * The module parameter open_same_uid=1: a user may open her own processes, if
 * nothing about their identity differs from hers.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <linux/capability.h>
#include <elf.h>
#include <sys/socket.h>

#define ALICE	1000
#define BOB	1001

static const char param[] = "/sys/module/proxyipc/parameters/open_same_uid";

FIXTURE(same_uid) {
	struct child target;
	char before[8];		/* value of the parameter */
};

FIXTURE_SETUP(same_uid)
{
	ASSERT_EQ(0, file_read(param, self->before, sizeof(self->before)));
	ASSERT_EQ(0, file_write(param, "1"));
}

/* In the parent: also when the test dies half-way. */
FIXTURE_TEARDOWN_PARENT(same_uid)
{
	file_write(param, self->before);
}

/* What Alice gets from opening a target that is @who. */
static int alice_opens(struct child *target, const struct who *who)
{
	struct who alice = plain_user(ALICE);
	int ret;

	*target = child_spin_as(who);
	if (target->pid < 0)
		return -ECHILD;
	ret = open_as(&alice, target->pid);
	child_kill(target);
	return ret;
}

TEST_F(same_uid, opens_a_process_of_the_same_user_and_group)
{
	struct who who = plain_user(ALICE);

	EXPECT_EQ(0, alice_opens(&self->target, &who));
}

TEST_F(same_uid, is_off_when_the_parameter_is_0)
{
	struct who who = plain_user(ALICE);

	ASSERT_EQ(0, file_write(param, "0"));
	EXPECT_EQ(-EPERM, alice_opens(&self->target, &who));
}

TEST_F(same_uid, refuses_another_user)
{
	struct who who = plain_user(BOB);

	who.gid = ALICE;
	who.saved_gid = ALICE;
	EXPECT_EQ(-EPERM, alice_opens(&self->target, &who));
}

TEST_F(same_uid, refuses_another_saved_user)
{
	struct who who = plain_user(ALICE);

	who.saved_uid = BOB;
	EXPECT_EQ(-EPERM, alice_opens(&self->target, &who));
}

TEST_F(same_uid, refuses_another_group)
{
	struct who who = plain_user(ALICE);

	who.gid = BOB;
	who.saved_gid = BOB;
	EXPECT_EQ(-EPERM, alice_opens(&self->target, &who));
}

TEST_F(same_uid, refuses_another_saved_group)
{
	struct who who = plain_user(ALICE);

	who.saved_gid = BOB;
	EXPECT_EQ(-EPERM, alice_opens(&self->target, &who));
}

TEST_F(same_uid, refuses_an_undumpable_target)
{
	struct who who = plain_user(ALICE);

	who.undumpable = true;
	EXPECT_EQ(-EPERM, alice_opens(&self->target, &who));
}

/* Opens the target next to it, and passes that through the socket. */
static struct child *target;

static void open_for_test(struct child_page *page)
{
	struct who alice = plain_user(ALICE);
	int process;

	page->error = become(&alice);
	process = child_open(target);
	page->result = process < 0 ? process : pass_send_fd(page->fd[0], process);
}

TEST_F(same_uid, does_not_show_where_the_target_is)
{
	struct proxyipc_process_info info = {};
	struct who alice = plain_user(ALICE);
	unsigned char regs[512];
	struct proxyipc_process_get_regs get = {
		.data = address(regs),
		.data_size = sizeof(regs),
		.note = NT_PRSTATUS,
	};
	struct child opener;
	int socks[2], process;
	__u64 token = 0;

	memset(regs, POISON, sizeof(regs));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
	self->target = child_spin_as(&alice);
	ASSERT_LT(0, self->target.pid);
	target = &self->target;
	opener = child_new(open_for_test, socks[1], -1);
	close(socks[1]);
	process = pass_recv_fd(socks[0]);
	ASSERT_LE(0, process);
	ASSERT_TRUE(exited_with(child_ends(&opener), 0));
	ASSERT_TRUE(held_state(process_hold(process, &token)));
	ASSERT_TRUE(wait_for_state(process, PROXYIPC_STATE_PARKED));
	ASSERT_EQ(0, process_info(process, &info));
	EXPECT_EQ(1, info.out_holds);
	EXPECT_EQ(0, info.out_ip);
	EXPECT_EQ(-1, info.out_syscall);
	EXPECT_EQ(-EPERM, process_get_regs(process, token, &get));
	EXPECT_TRUE(all_bytes(regs, POISON, sizeof(regs)));
	EXPECT_EQ(0, process_resume(process, token));
	EXPECT_TRUE(counts(&self->target.page->counter[0]));
	child_kill(&self->target);
}

TEST_HARNESS_MAIN
