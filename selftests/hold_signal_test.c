// SPDX-License-Identifier: GPL-2.0
/*
 * Signals and job control of a held target: they wait for its resume and then
 * do what they always do, before it executes one instruction of its program.
 * (SIGKILL doesn't wait: hold_death_test.c.)
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <fcntl.h>
#include <sys/syscall.h>

static struct child_page *own_page;

static void count_signal(int signo)
{
	(void)signo;
	own_page->signals++;
}

static void handle(struct child_page *page)
{
	struct sigaction action = {
		.sa_handler = count_signal,
		.sa_flags = SA_RESTART,
	};

	own_page = page;
	sigaction(SIGUSR1, &action, NULL);
}

static void handle_and_spin(struct child_page *page)
{
	handle(page);
	child_spin(page);
}

static void handle_and_read(struct child_page *page)
{
	handle(page);
	child_read(page);
}

FIXTURE(signals) {
	struct child target;	/* counts in user mode, and SIGUSR1s */
	int process;
	atomic_uint *counter;
	__u64 token;
};

FIXTURE_SETUP(signals)
{
	self->target = child_new(handle_and_spin, -1, -1);
	ASSERT_LT(0, self->target.pid);
	self->counter = &self->target.page->counter[0];
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
	ASSERT_TRUE(counts(self->counter));
}

FIXTURE_TEARDOWN(signals)
{
	close_fd(&self->process);
	child_kill(&self->target);
}

#define HOLD() \
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)))
#define HOLD_UNTIL_PARKED() do {					\
	HOLD();								\
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED)); \
} while (0)
#define RESUME() \
	ASSERT_EQ(0, process_resume(self->process, self->token))

/* Has it stopped, by @signo? Once for each stop. */
static bool is_stopped(struct child *c, int signo)
{
	int status;

	return waitpid(c->pid, &status, WNOHANG | WUNTRACED) == c->pid &&
	       WIFSTOPPED(status) && WSTOPSIG(status) == signo;
}

/* A stopped target has not moved on from @before; it does after SIGCONT. */
#define EXPECT_STOPPED_AT(before) do {					\
	EXPECT_TRUE(eventually(is_stopped(&self->target, SIGSTOP)));	\
	EXPECT_EQ(before, *self->counter);				\
	EXPECT_EQ(0, kill(self->target.pid, SIGCONT));			\
	EXPECT_TRUE(counts(self->counter));				\
} while (0)

TEST_F(signals, sent_to_parked_target_are_handled_after_resume)
{
	HOLD_UNTIL_PARKED();
	ASSERT_EQ(0, kill(self->target.pid, SIGUSR1));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, self->target.page->signals);
	EXPECT_EQ(PROXYIPC_STATE_PARKED, process_state(self->process));
	EXPECT_TRUE(proc_signal_pending(self->target.pid, SIGUSR1));
	RESUME();
	EXPECT_TRUE(eventually(self->target.page->signals));
	EXPECT_TRUE(counts(self->counter));
	EXPECT_EQ(1, self->target.page->signals);
}

TEST_F(signals, do_not_let_a_held_target_slip)
{
	unsigned int before;

	for (int i = 0; i < 50; i++) {
		HOLD();
		before = *self->counter;
		for (int j = 0; j < 5; j++)
			ASSERT_EQ(0, kill(self->target.pid, SIGUSR1));
		burn(20000);
		ASSERT_EQ(before, *self->counter);
		RESUME();
	}
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(signals, sigstop_sent_while_parked_stops_at_resume)
{
	unsigned int before;

	HOLD_UNTIL_PARKED();
	before = *self->counter;
	ASSERT_EQ(0, kill(self->target.pid, SIGSTOP));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_FALSE(is_stopped(&self->target, SIGSTOP));
	EXPECT_EQ(PROXYIPC_STATE_PARKED, process_state(self->process));
	RESUME();
	EXPECT_STOPPED_AT(before);
}

TEST_F(signals, sigcont_cancels_sigstop_sent_while_parked)
{
	HOLD_UNTIL_PARKED();
	ASSERT_EQ(0, kill(self->target.pid, SIGSTOP));
	ASSERT_EQ(0, kill(self->target.pid, SIGCONT));
	EXPECT_TRUE(stands_still(self->counter));
	RESUME();
	EXPECT_TRUE(counts(self->counter));
	EXPECT_FALSE(is_stopped(&self->target, SIGSTOP));
}

TEST_F(signals, target_stopped_before_the_hold_stays_held_when_continued)
{
	unsigned int before;

	ASSERT_EQ(0, kill(self->target.pid, SIGSTOP));
	ASSERT_TRUE(eventually(is_stopped(&self->target, SIGSTOP)));
	before = *self->counter;
	HOLD();
	EXPECT_EQ('T', proc_state(self->target.pid));
	ASSERT_EQ(0, kill(self->target.pid, SIGCONT));
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(before, *self->counter);
	RESUME();
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(signals, target_stopped_and_resumed_stays_stopped)
{
	unsigned int before;

	ASSERT_EQ(0, kill(self->target.pid, SIGSTOP));
	ASSERT_TRUE(eventually(is_stopped(&self->target, SIGSTOP)));
	before = *self->counter;
	HOLD();
	RESUME();
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ('T', proc_state(self->target.pid));
	EXPECT_EQ(before, *self->counter);
	ASSERT_EQ(0, kill(self->target.pid, SIGCONT));
	EXPECT_TRUE(counts(self->counter));
}

/*
 * RESUME_STOP
 */

TEST_F(signals, resume_stop_stops_before_one_user_instruction)
{
	unsigned int before;

	for (int i = 0; i < 20; i++) {
		HOLD();
		before = *self->counter;
		ASSERT_EQ(0, process_resume_flags(self->process, self->token,
						  PROXYIPC_RESUME_STOP));
		EXPECT_STOPPED_AT(before);
	}
}

TEST_F(signals, resume_stop_of_one_hold_of_two_stops_after_the_other)
{
	unsigned int before;
	__u64 second = 0;
	int other;

	other = child_open(&self->target);
	ASSERT_LE(0, other);
	HOLD_UNTIL_PARKED();
	ASSERT_TRUE(held_state(process_hold(other, &second)));
	before = *self->counter;
	ASSERT_EQ(0, process_resume_flags(self->process, self->token,
					  PROXYIPC_RESUME_STOP));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(1, process_holds(other));
	ASSERT_EQ(0, process_resume(other, second));
	EXPECT_STOPPED_AT(before);
}

TEST_F(signals, resume_stop_with_stale_token_stops_nothing)
{
	HOLD();
	RESUME();
	EXPECT_EQ(-ESTALE, process_resume_flags(self->process, self->token,
						PROXYIPC_RESUME_STOP));
	EXPECT_TRUE(counts(self->counter));
	EXPECT_FALSE(is_stopped(&self->target, SIGSTOP));
}

/*
 * A target that is asleep
 */

FIXTURE(sleeper) {
	struct child target;	/* in read() of a pipe, counts SIGUSR1s */
	int process;
	int pipe;
	atomic_uint *counter;	/* of bytes read */
	__u64 token;
};

FIXTURE_SETUP(sleeper)
{
	int fds[2];

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	self->pipe = fds[1];
	self->target = child_new(handle_and_read, fds[0], -1);
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

TEST_F(sleeper, signalled_while_armed_parks_before_its_handler)
{
	HOLD();
	ASSERT_EQ(0, kill(self->target.pid, SIGUSR1));
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_EQ(0, self->target.page->signals);
	RESUME();
	EXPECT_TRUE(eventually(self->target.page->signals == 1));
	/* SA_RESTART: it reads on. */
	ASSERT_EQ(1, write(self->pipe, "x", 1));
	EXPECT_TRUE(eventually(*self->counter == 1));
}

TEST_F(sleeper, resume_stop_stops_it_in_its_call)
{
	HOLD();
	ASSERT_EQ(0, process_resume_flags(self->process, self->token,
					  PROXYIPC_RESUME_STOP));
	EXPECT_TRUE(eventually(is_stopped(&self->target, SIGSTOP)));
	ASSERT_EQ(1, write(self->pipe, "x", 1));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(0, *self->counter);
	ASSERT_EQ(0, kill(self->target.pid, SIGCONT));
	EXPECT_TRUE(eventually(*self->counter == 1));
}

TEST_F(sleeper, with_result_in_hand_and_resume_stop_stops_before_using_it)
{
	HOLD();
	ASSERT_EQ(1, write(self->pipe, "x", 1));
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	ASSERT_EQ(0, process_resume_flags(self->process, self->token,
					  PROXYIPC_RESUME_STOP));
	EXPECT_TRUE(eventually(is_stopped(&self->target, SIGSTOP)));
	EXPECT_EQ(0, *self->counter);
	ASSERT_EQ(0, kill(self->target.pid, SIGCONT));
	EXPECT_TRUE(eventually(*self->counter == 1));
}

TEST_HARNESS_MAIN
