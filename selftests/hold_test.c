// SPDX-License-Identifier: GPL-2.0
/*
 * HOLD and RESUME of a target that does nothing special: it counts in user
 * mode, or it is asleep in a system call.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>

FIXTURE(hold) {
	struct child target;	/* counts in user mode */
	int process;		/* opened by the test */
	atomic_uint *counter;
};

FIXTURE_SETUP(hold)
{
	self->target = child_new(child_spin, -1, -1);
	ASSERT_LT(0, self->target.pid);
	self->counter = &self->target.page->counter[0];
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
	ASSERT_TRUE(counts(self->counter));
}

FIXTURE_TEARDOWN(hold)
{
	close_fd(&self->process);
	child_kill(&self->target);
}

TEST_F(hold, spinning_target_stands_still_once_confirmed)
{
	unsigned int before;
	__u64 token = 0;

	for (int i = 0; i < 20; i++) {
		ASSERT_TRUE(held_state(process_hold(self->process, &token)));
		before = *self->counter;
		ASSERT_TRUE(stands_still(self->counter));
		ASSERT_EQ(before, *self->counter);
		ASSERT_EQ(0, process_resume(self->process, token));
		ASSERT_TRUE(counts(self->counter));
	}
}

TEST_F(hold, spinning_target_parks)
{
	__u64 token = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_EQ(1, process_holds(self->process));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, process_resume(self->process, token));
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, process_state(self->process));
	EXPECT_EQ(0, process_holds(self->process));
}

TEST_F(hold, tokens_are_never_zero_and_never_reused)
{
	__u64 tokens[50] = {};

	for (int i = 0; i < 50; i++) {
		ASSERT_TRUE(held_state(process_hold(self->process, &tokens[i])));
		ASSERT_EQ(0, process_resume(self->process, tokens[i]));
		ASSERT_NE(0, tokens[i]);
		for (int j = 0; j < i; j++)
			ASSERT_NE(tokens[j], tokens[i]);
	}
}

TEST_F(hold, writes_every_output_field)
{
	struct proxyipc_process_hold hold = {
		.size = sizeof(hold),
		.out_token = POISON64,
		.out_state = POISON32,
	};

	ASSERT_EQ(0, command(self->process, PROXYIPC_IOC_PROCESS_HOLD, &hold));
	EXPECT_NE(POISON64, hold.out_token);
	EXPECT_TRUE(held_state(hold.out_state));
	EXPECT_EQ(sizeof(hold), hold.size);
	EXPECT_EQ(0, hold.flags);
	EXPECT_EQ(0, hold.lease);
	EXPECT_EQ(0, hold.__reserved);
}

TEST_F(hold, second_one_through_same_open_file_is_busy)
{
	__u64 token = 0, second = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_EQ(-EBUSY, process_hold(self->process, &second));
	EXPECT_EQ(1, process_holds(self->process));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, process_resume(self->process, token));
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(hold, is_possible_again_after_resume)
{
	__u64 first = 0, second = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &first)));
	ASSERT_EQ(0, process_resume(self->process, first));
	ASSERT_TRUE(held_state(process_hold(self->process, &second)));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, process_resume(self->process, second));
}

/* What a wrong resume must leave as it was. */
#define EXPECT_STILL_HELD() do {					\
	EXPECT_EQ(1, process_holds(self->process));			\
	EXPECT_TRUE(held_state(process_state(self->process)));		\
	EXPECT_TRUE(stands_still(self->counter));			\
} while (0)

TEST_F(hold, resume_with_stale_token_changes_nothing)
{
	__u64 stale = 0, token = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &stale)));
	ASSERT_EQ(0, process_resume(self->process, stale));
	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_EQ(-ESTALE, process_resume(self->process, stale));
	EXPECT_STILL_HELD();
	EXPECT_EQ(0, process_resume(self->process, token));
}

TEST_F(hold, resume_with_token_zero_changes_nothing)
{
	__u64 token = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_EQ(-ESTALE, process_resume(self->process, 0));
	EXPECT_STILL_HELD();
	EXPECT_EQ(0, process_resume(self->process, token));
}

TEST_F(hold, resume_with_made_up_token_changes_nothing)
{
	__u64 token = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_EQ(-ESTALE, process_resume(self->process, token ^ 1ULL << 63));
	EXPECT_STILL_HELD();
	EXPECT_EQ(0, process_resume(self->process, token));
}

TEST_F(hold, resume_twice_is_stale)
{
	__u64 token = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_EQ(0, process_resume(self->process, token));
	EXPECT_EQ(-ESTALE, process_resume(self->process, token));
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(hold, resume_of_target_never_held_is_stale)
{
	EXPECT_EQ(-ESTALE, process_resume(self->process, 1));
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(hold, made_by_hand_takes_no_reply)
{
	__u64 token = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_EQ(-EINVAL, process_resume_flags(self->process, token,
						PROXYIPC_RESUME_REPLY));
	EXPECT_STILL_HELD();
	EXPECT_EQ(0, process_resume(self->process, token));
}

TEST_F(hold, resume_without_reply_flag_takes_no_message)
{
	struct proxyipc_process_resume resume = {
		.size = sizeof(resume),
		.message.words[7] = 1,
	};
	__u64 token = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	resume.token = token;
	EXPECT_EQ(-EINVAL, command(self->process, PROXYIPC_IOC_PROCESS_RESUME,
				   &resume));
	EXPECT_STILL_HELD();
	EXPECT_EQ(0, process_resume(self->process, token));
}

TEST_F(hold, poll_says_when_confirmed)
{
	__u64 token = 0;

	EXPECT_EQ(0, poll_events(self->process) & (POLLIN | POLLHUP));
	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_EQ(POLLIN, poll_events(self->process) & (POLLIN | POLLHUP));
	EXPECT_EQ(0, process_resume(self->process, token));
	EXPECT_EQ(0, poll_events(self->process) & (POLLIN | POLLHUP));
}

TEST_F(hold, poll_says_when_target_is_gone)
{
	ASSERT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_TRUE(eventually(poll_events(self->process) & POLLHUP));
}

TEST_F(hold, of_target_that_is_gone_is_refused)
{
	__u64 token = 0;

	ASSERT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_GONE));
	EXPECT_EQ(-ESRCH, process_hold(self->process, &token));
	EXPECT_EQ(0, process_holds(self->process));
}

TEST_F(hold, resume_of_target_that_died_says_so)
{
	__u64 token = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	ASSERT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_GONE));
	EXPECT_EQ(-ESRCH, process_resume(self->process, token));
}

TEST_F(hold, of_oneself_would_never_end)
{
	__u64 token = 0;
	int process;

	process = process_open(0, 0, 0);
	ASSERT_LE(0, process);
	EXPECT_EQ(-EDEADLK, process_hold(process, &token));
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, process_state(process));
	EXPECT_EQ(0, process_holds(process));
	close(process);
}

/*
 * PROCESS_INFO
 */

TEST_F(hold, info_of_runnable_target)
{
	struct proxyipc_process_info info = {};

	ASSERT_EQ(0, process_info(self->process, &info));
	EXPECT_EQ(sizeof(info), info.size);
	EXPECT_EQ(self->target.pid, info.out_tgid);
	EXPECT_EQ(self->target.pid, info.out_tid);
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, info.out_state);
	EXPECT_EQ(0, info.out_holds);
	EXPECT_EQ(PROXYIPC_EPISODE_NONE, info.out_episode);
	EXPECT_EQ(0, info.out_kind);
	EXPECT_EQ(0, info.out_token);
	EXPECT_EQ(0, info.out_since);
	EXPECT_EQ(0, info.out_episodes);
	EXPECT_EQ(0, info.out_held_ns);
	EXPECT_EQ(0, info.out_ip);
	EXPECT_EQ(-1, info.out_syscall);
	EXPECT_EQ(0, info.out_waiting);
	EXPECT_EQ(0, info.out_receiver_tgid);
	EXPECT_EQ(0, info.__reserved);
}

TEST_F(hold, info_of_parked_target_says_where_it_is)
{
	struct proxyipc_process_info info = {};
	__u64 token = 0;

	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	ASSERT_EQ(0, process_info(self->process, &info));
	EXPECT_EQ(1, info.out_holds);
	EXPECT_TRUE(in_spin(info.out_ip)) TH_LOG("ip %llx", info.out_ip);
	EXPECT_EQ(-1, info.out_syscall);
	/* A hold by hand is no episode. */
	EXPECT_EQ(PROXYIPC_EPISODE_NONE, info.out_episode);
	EXPECT_EQ(0, info.out_kind);
	EXPECT_EQ(0, info.out_token);
	EXPECT_EQ(0, info.out_episodes);
	EXPECT_EQ(0, process_resume(self->process, token));
	ASSERT_EQ(0, process_info(self->process, &info));
	EXPECT_EQ(0, info.out_ip);
}

TEST_F(hold, info_succeeds_on_target_that_is_gone)
{
	struct proxyipc_process_info info = {};

	ASSERT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_GONE));
	ASSERT_EQ(0, process_info(self->process, &info));
	EXPECT_EQ(PROXYIPC_STATE_GONE, info.out_state);
	EXPECT_EQ(0, info.out_holds);
	EXPECT_EQ(PROXYIPC_EPISODE_NONE, info.out_episode);
	EXPECT_EQ(0, info.out_ip);
	EXPECT_EQ(-1, info.out_syscall);
}

/*
 * A target that is asleep
 */

FIXTURE(sleeper) {
	struct child target;	/* in read() of a pipe */
	int process;
	int pipe;		/* its other end */
	atomic_uint *counter;	/* of bytes read */
};

FIXTURE_SETUP(sleeper)
{
	int fds[2];

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	self->pipe = fds[1];
	self->target = child_new(child_read, fds[0], -1);
	ASSERT_LT(0, self->target.pid);
	close(fds[0]);
	self->counter = &self->target.page->counter[0];
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
	ASSERT_TRUE(eventually(proc_asleep_in_syscall(self->target.pid, SYS_read)));
}

FIXTURE_TEARDOWN(sleeper)
{
	close_fd(&self->process);
	child_kill(&self->target);
}

TEST_F(sleeper, is_armed_and_stays_in_its_call)
{
	__u64 token = 0;

	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(self->process, &token));
	EXPECT_EQ(PROXYIPC_STATE_ARMED, process_state(self->process));
	EXPECT_TRUE(proc_asleep_in_syscall(self->target.pid, SYS_read));
	EXPECT_EQ(0, process_resume(self->process, token));
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, process_state(self->process));
	EXPECT_TRUE(proc_asleep_in_syscall(self->target.pid, SYS_read));
	EXPECT_EQ(0, *self->counter);
}

TEST_F(sleeper, parks_when_its_call_ends)
{
	__u64 token = 0;

	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(self->process, &token));
	ASSERT_EQ(1, write(self->pipe, "x", 1));
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, *self->counter);
}

TEST_F(sleeper, gets_its_result_after_resume)
{
	__u64 token = 0;

	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(self->process, &token));
	ASSERT_EQ(1, write(self->pipe, "x", 1));
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_EQ(0, process_resume(self->process, token));
	EXPECT_TRUE(eventually(*self->counter == 1));
	/* and once only: it is asleep again */
	EXPECT_TRUE(eventually(proc_asleep_in_syscall(self->target.pid, SYS_read)));
	EXPECT_EQ(1, *self->counter);
}

TEST_F(sleeper, held_and_resumed_while_asleep_never_notices)
{
	__u64 token = 0;

	for (int i = 0; i < 50; i++) {
		ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(self->process, &token));
		ASSERT_EQ(0, process_resume(self->process, token));
	}
	EXPECT_EQ(0, *self->counter);
	ASSERT_EQ(1, write(self->pipe, "x", 1));
	EXPECT_TRUE(eventually(*self->counter == 1));
}

TEST_F(sleeper, info_names_its_system_call)
{
	struct proxyipc_process_info info = {};
	__u64 token = 0;

	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(self->process, &token));
	ASSERT_EQ(0, process_info(self->process, &info));
	EXPECT_EQ(PROXYIPC_STATE_ARMED, info.out_state);
	EXPECT_EQ(SYS_read, info.out_syscall);
	EXPECT_NE(0, info.out_ip);
	ASSERT_EQ(1, write(self->pipe, "x", 1));
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	ASSERT_EQ(0, process_info(self->process, &info));
	/* "or has just finished" */
	EXPECT_EQ(SYS_read, info.out_syscall);
}

TEST_F(sleeper, held_again_after_its_call_parks_again)
{
	__u64 token = 0;

	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(self->process, &token));
	ASSERT_EQ(1, write(self->pipe, "x", 1));
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	ASSERT_EQ(0, process_resume(self->process, token));
	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	ASSERT_EQ(1, write(self->pipe, "x", 1));
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_GE(1, *self->counter);
	EXPECT_EQ(0, process_resume(self->process, token));
	EXPECT_TRUE(eventually(*self->counter == 2));
}

TEST_HARNESS_MAIN
