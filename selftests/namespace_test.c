// SPDX-License-Identifier: GPL-2.0
/* User and pid namespaces: authority ends at the one, names at the other. */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define ALICE	1000

/*
 * User namespaces
 */

/* Alice, as root of a user namespace of her own. */
static int become_root_inside(void)
{
	struct who alice = plain_user(ALICE);

	return become(&alice) ?:
	       (unshare(CLONE_NEWUSER) ? -errno : 0) ?:
	       file_write("/proc/self/setgroups", "deny") ?:
	       file_write("/proc/self/uid_map", "0 1000 1") ?:
	       file_write("/proc/self/gid_map", "0 1000 1");
}

static pid_t outside;

static void open_outside(struct child_page *page)
{
	page->error = become_root_inside();
	page->result = process_open(outside, 0, 0);
	page->phase = 1;
}

static void open_inside(struct child_page *page)
{
	pid_t pid;

	page->error = become_root_inside();
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	page->result = process_open(pid, 0, 0);
	page->phase = 1;
	kill(pid, SIGKILL);
}

FIXTURE(userns) {
	struct child alice;	/* outside, counts in user mode */
};

FIXTURE_SETUP(userns)
{
	struct who alice = plain_user(ALICE);

	self->alice = child_spin_as(&alice);
	ASSERT_LT(0, self->alice.pid);
	outside = self->alice.pid;
}

FIXTURE_TEARDOWN(userns)
{
	child_kill(&self->alice);
}

TEST_F(userns, root_inside_may_not_open_outside)
{
	struct child c = child_new(open_outside, -1, -1);

	ASSERT_TRUE(exited_with(child_ends(&c), 0));
	ASSERT_EQ(0, c.page->error);
	ASSERT_EQ(1, c.page->phase);
	EXPECT_EQ(-EPERM, c.page->result);
}

TEST_F(userns, root_inside_may_open_inside)
{
	struct child c = child_new(open_inside, -1, -1);

	ASSERT_TRUE(exited_with(child_ends(&c), 0));
	ASSERT_EQ(0, c.page->error);
	ASSERT_EQ(1, c.page->phase);
	EXPECT_LE(0, c.page->result);
}

static void spin_inside(struct child_page *page)
{
	page->error = become_root_inside();
	child_spin(page);
}

TEST_F(userns, root_outside_may_open_inside)
{
	struct child c = child_new(spin_inside, -1, -1);
	__u64 token = 0;
	int process;

	ASSERT_TRUE(child_reaches(&c, 1));
	ASSERT_EQ(0, c.page->error);
	process = child_open(&c);
	ASSERT_LE(0, process);
	EXPECT_TRUE(held_state(process_hold(process, &token)));
	EXPECT_TRUE(stands_still(&c.page->counter[0]));
	EXPECT_EQ(0, process_resume(process, token));
	child_kill(&c);
}

/*
 * Pid namespaces: a helper in one of its own is its init, pid 1.
 */

FIXTURE(pidns) {
	struct child target;	/* outside */
	struct helper inside;
	int process;		/* on the target */
	int theirs;		/* the same in the helper */
};

FIXTURE_SETUP(pidns)
{
	self->inside = helper_new_in(CLONE_NEWPID);
	ASSERT_LT(0, self->inside.pid);
	self->target = child_new(child_spin, -1, -1);
	ASSERT_LT(0, self->target.pid);
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
	self->theirs = helper_give(&self->inside, self->process);
	ASSERT_LE(0, self->theirs);
}

FIXTURE_TEARDOWN(pidns)
{
	helper_kill(&self->inside);
	child_kill(&self->target);
}

TEST_F(pidns, names_are_the_caller_s)
{
	struct proxyipc_process_open open = {
		.size = sizeof(open),
		.tgid = self->target.pid,
	};
	int device = device_open();
	int theirs;

	theirs = helper_give(&self->inside, device);
	ASSERT_LE(0, theirs);
	EXPECT_EQ(-ESRCH, helper_do(&self->inside, theirs, PROXYIPC_IOC_PROCESS_OPEN,
				    &open, sizeof(open)));
}

TEST_F(pidns, info_does_not_name_who_is_not_visible)
{
	struct proxyipc_process_info info = {}, *seen;

	memset(&info, POISON, sizeof(info));
	info.size = sizeof(info);
	info.flags = 0;
	info.tid = 0;
	info.__reserved = 0;
	ASSERT_EQ(0, helper_do(&self->inside, self->theirs,
			       PROXYIPC_IOC_PROCESS_INFO, &info, sizeof(info)));
	seen = &self->inside.page->arg.info;
	EXPECT_EQ(0, seen->out_tgid);
	EXPECT_EQ(0, seen->out_tid);
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, seen->out_state);
}

TEST_F(pidns, possession_holds_who_is_not_visible)
{
	struct proxyipc_process_hold hold = { .size = sizeof(hold) };
	struct proxyipc_process_resume resume = { .size = sizeof(resume) };
	atomic_uint *counter = &self->target.page->counter[0];

	ASSERT_EQ(0, helper_do(&self->inside, self->theirs,
			       PROXYIPC_IOC_PROCESS_HOLD, &hold, sizeof(hold)));
	EXPECT_TRUE(stands_still(counter));
	resume.token = self->inside.page->arg.hold.out_token;
	EXPECT_EQ(0, helper_do(&self->inside, self->theirs,
			       PROXYIPC_IOC_PROCESS_RESUME, &resume, sizeof(resume)));
	EXPECT_TRUE(counts(counter));
}

/* As pid 1 of a new namespace: makes pid 2, opens it, passes that on. */
static void open_second(struct child_page *page)
{
	struct proxyipc_process_info info = {};
	int process;
	pid_t pid;

	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		child_spin(page);
	}
	process = process_open(pid, 0, 0);
	page->error = process_info(process, &info);
	page->result = info.out_tgid;
	pass_send_fd(page->fd[0], process);
	for (;;)
		pause();
}

static void enter_and_open(struct child_page *page)
{
	pid_t init;

	if (unshare(CLONE_NEWPID))
		return;
	init = fork();
	if (!init) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		open_second(page);
	}
	waitpid(init, NULL, 0);
}

TEST_F(pidns, object_made_inside_names_the_target_to_each_in_its_own)
{
	struct proxyipc_process_info info = {};
	char path[64], status[4096];
	int socks[2], process;
	struct child c;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
	c = child_new(enter_and_open, socks[1], -1);
	close(socks[1]);
	process = pass_recv_fd(socks[0]);
	ASSERT_LE(0, process);
	EXPECT_EQ(0, c.page->error);
	EXPECT_EQ(2, c.page->result);
	ASSERT_EQ(0, process_info(process, &info));
	EXPECT_NE(2, info.out_tgid);
	EXPECT_EQ(info.out_tid, info.out_tgid);
	snprintf(path, sizeof(path), "/proc/%d/status", info.out_tgid);
	ASSERT_EQ(0, file_read(path, status, sizeof(status)));
	snprintf(path, sizeof(path), "%d\t2", info.out_tgid);
	EXPECT_STREQ(path, proc_field(status, "NSpid"));
	child_kill(&c);
}

TEST_HARNESS_MAIN
