// SPDX-License-Identifier: GPL-2.0
/* HOLD of a target that somebody traces: the test itself, with PTRACE_SEIZE. */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>

static void ask_forever(struct child_page *page)
{
	for (;;) {
		page->counter[0]++;
		syscall(SYS_getppid);
	}
}

FIXTURE(traced) {
	struct child target;	/* counts, with system calls in between */
	int process;
	atomic_uint *counter;
	__u64 token;
};

FIXTURE_SETUP(traced)
{
	self->target = child_new(ask_forever, -1, -1);
	ASSERT_LT(0, self->target.pid);
	self->counter = &self->target.page->counter[0];
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
	ASSERT_TRUE(counts(self->counter));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->target.pid, NULL,
			    PTRACE_O_TRACESYSGOOD));
}

FIXTURE_TEARDOWN(traced)
{
	close_fd(&self->process);
	child_kill(&self->target);
}

#define HOLD() \
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)))
#define RESUME() \
	ASSERT_EQ(0, process_resume(self->process, self->token))

/* The stop it has come to, 0 while it hasn't. */
static int stop_of(struct child *c)
{
	int status;

	if (waitpid(c->pid, &status, WNOHANG | __WALL) != c->pid)
		return 0;
	return WIFSTOPPED(status) ? status >> 8 : -1;
}

static int await_stop(struct child *c)
{
	int stop;

	return eventually((stop = stop_of(c))) ? stop : 0;
}

#define SYSCALL_STOP	(SIGTRAP | 0x80)
#define EVENT_STOP	(SIGTRAP | PTRACE_EVENT_STOP << 8)

static int tell(struct child *c, int request)
{
	return ptrace(request, c->pid, NULL, NULL) ? -errno : 0;
}

#define INTERRUPT() do {						\
	ASSERT_EQ(0, tell(&self->target, PTRACE_INTERRUPT));		\
	ASSERT_EQ(EVENT_STOP, await_stop(&self->target));		\
} while (0)

TEST_F(traced, target_stands_still_and_runs_on)
{
	HOLD();
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_TRUE(stands_still(self->counter));
	RESUME();
	EXPECT_TRUE(counts(self->counter));
	EXPECT_EQ(0, stop_of(&self->target));
}

TEST_F(traced, target_held_in_a_stop_is_not_continued_by_the_tracer)
{
	unsigned int before;

	INTERRUPT();
	before = *self->counter;
	HOLD();
	ASSERT_EQ(0, tell(&self->target, PTRACE_CONT));
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(before, *self->counter);
	RESUME();
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(traced, target_held_in_a_stop_and_resumed_stays_stopped)
{
	unsigned int before;

	INTERRUPT();
	before = *self->counter;
	HOLD();
	RESUME();
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(before, *self->counter);
	EXPECT_EQ('t', proc_state(self->target.pid));
	ASSERT_EQ(0, tell(&self->target, PTRACE_CONT));
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(traced, target_held_at_a_system_call_is_not_continued_by_the_tracer)
{
	unsigned int before;

	INTERRUPT();
	ASSERT_EQ(0, tell(&self->target, PTRACE_SYSCALL));
	ASSERT_EQ(SYSCALL_STOP, await_stop(&self->target));
	before = *self->counter;
	HOLD();
	ASSERT_EQ(0, tell(&self->target, PTRACE_CONT));
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(before, *self->counter);
	RESUME();
	EXPECT_TRUE(counts(self->counter));
}

/* Before or after the tracer hears of the call's end: it may be either. */
TEST_F(traced, target_held_at_a_system_call_never_gets_to_the_next)
{
	unsigned int before;
	int stop = 0;

	INTERRUPT();
	ASSERT_EQ(0, tell(&self->target, PTRACE_SYSCALL));
	ASSERT_EQ(SYSCALL_STOP, await_stop(&self->target));
	before = *self->counter;
	HOLD();
	ASSERT_EQ(0, tell(&self->target, PTRACE_SYSCALL));
	ASSERT_TRUE(eventually((stop = stop_of(&self->target)) ||
			       process_state(self->process) == PROXYIPC_STATE_PARKED));
	if (stop) {
		ASSERT_EQ(SYSCALL_STOP, stop);
		ASSERT_EQ(0, tell(&self->target, PTRACE_SYSCALL));
	}
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(before, *self->counter);
	EXPECT_EQ(0, stop_of(&self->target));
	RESUME();
	EXPECT_EQ(SYSCALL_STOP, await_stop(&self->target));
}

TEST_F(traced, target_held_does_not_single_step)
{
	unsigned int before;

	INTERRUPT();
	before = *self->counter;
	HOLD();
	ASSERT_EQ(0, tell(&self->target, PTRACE_SINGLESTEP));
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(before, *self->counter);
	EXPECT_EQ(0, stop_of(&self->target));
	RESUME();
	EXPECT_EQ(SIGTRAP, await_stop(&self->target));
}

/* E5: a documented limit, bounded by the lease. */
TEST_F(traced, interrupt_of_parked_target_waits_for_resume)
{
	unsigned int before;

	HOLD();
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	before = *self->counter;
	ASSERT_EQ(0, tell(&self->target, PTRACE_INTERRUPT));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, stop_of(&self->target));
	RESUME();
	EXPECT_EQ(EVENT_STOP, await_stop(&self->target));
	EXPECT_EQ(before, *self->counter);
}

TEST_F(traced, seize_of_parked_target_keeps_the_hold)
{
	struct child other = child_new(child_spin, -1, -1);
	__u64 token = 0;
	int process;

	ASSERT_LT(0, other.pid);
	process = child_open(&other);
	ASSERT_LE(0, process);
	ASSERT_TRUE(held_state(process_hold(process, &token)));
	ASSERT_TRUE(wait_for_state(process, PROXYIPC_STATE_PARKED));
	EXPECT_EQ(0, ptrace(PTRACE_SEIZE, other.pid, NULL, NULL));
	EXPECT_TRUE(stands_still(&other.page->counter[0]));
	EXPECT_EQ(PROXYIPC_STATE_PARKED, process_state(process));
	EXPECT_EQ(0, process_resume(process, token));
	EXPECT_TRUE(counts(&other.page->counter[0]));
	child_kill(&other);
}

TEST_F(traced, target_stopped_and_killed_while_held_is_reaped)
{
	INTERRUPT();
	HOLD();
	EXPECT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_GONE));
}

TEST_HARNESS_MAIN
