// SPDX-License-Identifier: GPL-2.0
/*
 * "Not now": what a target's own sections do to the holds on it.
 *
 * A section lasts 100 ms at most, which is short for a loaded machine that emulates
 * another. So what has to be seen within the bound is tried again if it took
 * longer than that, and what says that the bound has passed is a clock.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <proxyipc.h>

#define MS		NS_PER_MS
#define LONGEST		(100 * MS)
#define TRIES		200

/* Phases of a target. */
#define IN_SECTION	1
#define BEHIND		2

static int hold_nodefer(int process, __u64 *token)
{
	struct proxyipc_process_hold hold = {
		.size = sizeof(hold),
		.flags = PROXYIPC_HOLD_NODEFER,
	};
	int ret = command(process, PROXYIPC_IOC_PROCESS_HOLD, &hold);

	*token = hold.out_token;
	return ret ?: (int)hold.out_state;
}

/*
 * Targets. Each maps its page and enters a section; what it counts there is in
 * counter[0], what it counts behind it in counter[1].
 */

static struct proxyipc_control *control;	/* the target's own */
static int me;

static void enter(struct child_page *page)
{
	me = process_open(0, 0, 0);
	if (proxyipc_process_map(me, &control))
		_exit(3);
	proxyipc_defer(control);
	page->phase = IN_SECTION;
}

static void count_for_ever(struct child_page *page)
{
	page->phase = BEHIND;
	for (;;)
		page->counter[1]++;
}

/* Ends it when it is told to. */
static void section(struct child_page *page)
{
	enter(page);
	while (!page->go)
		page->counter[0]++;
	proxyipc_undefer(control, me);
	count_for_ever(page);
}

static void endless_section(struct child_page *page)
{
	enter(page);
	for (;;)
		page->counter[0]++;
}

/* Two of them, and it counts in the outer one after the inner. */
static void nested_sections(struct child_page *page)
{
	enter(page);
	proxyipc_defer(control);
	while (page->go < 1)
		page->counter[0]++;
	proxyipc_undefer(control, me);
	page->delay = 1;
	while (page->go < 2)
		page->counter[0]++;
	proxyipc_undefer(control, me);
	count_for_ever(page);
}

/* Leaves it and says nothing. */
static void section_without_yield(struct child_page *page)
{
	enter(page);
	while (!page->go)
		page->counter[0]++;
	__atomic_store_n(&control->defer, 0, __ATOMIC_SEQ_CST);
	count_for_ever(page);
}

static void blocked_section(struct child_page *page)
{
	char byte;

	enter(page);
	if (read(page->fd[0], &byte, 1) != 1)
		_exit(4);
	page->counter[0]++;
	proxyipc_undefer(control, me);
	count_for_ever(page);
}

/* Says that it yields, and goes on. */
static void false_yields(struct child_page *page)
{
	enter(page);
	for (;;) {
		proxyipc_process_yield(me);
		page->counter[0]++;
	}
}

static void exec_in_section(struct child_page *page)
{
	enter(page);
	while (!page->go)
		page->counter[0]++;
	execl("/proc/self/exe", "defer_test", "--spin", NULL);
	_exit(5);
}

static void exit_in_section(struct child_page *page)
{
	enter(page);
	while (!page->go)
		page->counter[0]++;
	_exit(0);
}

FIXTURE(defer) {
	int endpoint, entry;
	struct child target;
	int process, proxy;	/* its receiver is the entry */
	int other;
	int pipe[2];
	__u64 token, began;
	struct proxyipc_endpoint_recv recv;
};

FIXTURE_SETUP(defer)
{
	self->endpoint = endpoint_new();
	self->entry = entry_new(self->endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->entry);
	self->process = -1;
	self->proxy = -1;
	self->other = -1;
	ASSERT_EQ(0, pipe(self->pipe));
}

static void end_target(FIXTURE_DATA(defer) * self)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (self->target.pid > 0)
		child_kill(&self->target);
	self->target.pid = 0;
	close_fd(&self->other);
	close_fd(&self->proxy);
	close_fd(&self->process);
	while (!endpoint_recv_now(self->endpoint, &recv))
		recv.size = 0;
}

FIXTURE_TEARDOWN(defer)
{
	end_target(self);
	close_fd(&self->entry);
	close_fd(&self->endpoint);
	close_fd(&self->pipe[0]);
	close_fd(&self->pipe[1]);
}

/* A target in its section, a process object on it with that bound. */
static int begin_target(FIXTURE_DATA(defer) * self, void (*body)(struct child_page *),
			__u64 lease, __u64 defer_max)
{
	end_target(self);
	self->target = child_new(body, self->pipe[0], -1);
	if (self->target.pid <= 0 || !child_reaches(&self->target, IN_SECTION))
		return -EINVAL;
	self->process = process_open_deferring(self->target.pid, lease, defer_max);
	self->proxy = process_mint(self->process, 0, RIGHTS_ALL, NOTICES_ALL);
	memset(&self->recv, 0, sizeof(self->recv));
	return process_set_receiver(self->process, self->entry);
}

#define BEGIN(body, lease, bound) \
	ASSERT_EQ(0, begin_target(self, body, lease, bound))

/* From here on the bound counts. */
#define START_CLOCK()	(self->began = now_ns())
#define ELAPSED()	(now_ns() - self->began)

/*
 * Does the block that follows until it wasn't too slow for what it wants to see;
 * at its end it says whether it was by IN_TIME().
 */
#define TRY	for (int try_ = 0, done_ = 0; !done_ && try_ < TRIES; try_++)
#define IN_TIME() ({							\
	done_ = ELAPSED() < LONGEST * 8 / 10;				\
	if (!done_ && try_ == TRIES - 1)				\
		TH_LOG("too slow a machine: nothing was tested");	\
	done_;								\
})

#define RECV()		ASSERT_EQ(0, endpoint_recv(self->endpoint, &self->recv))
#define RESUME() \
	ASSERT_EQ(0, endpoint_resume(self->endpoint, self->recv.received.out_cap))

TEST_F(defer, bound_of_more_than_100_ms_is_refused)
{
	self->process = process_open_deferring(0, 0, LONGEST);
	EXPECT_LE(0, self->process);
	self->other = process_open_deferring(0, 0, LONGEST + 1);
	EXPECT_EQ(-EINVAL, self->other);
}

TEST_F(defer, section_is_not_interrupted_and_the_hold_takes_effect_at_its_end)
{
	char fdinfo[1024];

	TRY {
		BEGIN(section, 0, LONGEST);
		START_CLOCK();
		ASSERT_EQ(PROXYIPC_NOTIFIED_DEFERRED, entry_notify(self->proxy, 1));
		int state = process_state(self->process);
		int holds = process_holds(self->process);
		int episode = process_episode(self->process);
		unsigned int count = self->target.page->counter[0];
		bool empty = !readable(self->endpoint);

		ASSERT_EQ(0, proc_fdinfo(self->process, fdinfo, sizeof(fdinfo)));
		while (self->target.page->counter[0] == count && ELAPSED() < LONGEST)
			;
		if (!IN_TIME())
			continue;
		EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, state);
		EXPECT_EQ(1, holds);
		EXPECT_EQ(PROXYIPC_EPISODE_HOLDING, episode);
		EXPECT_TRUE(empty);
		EXPECT_STREQ("deferred", proc_field(fdinfo, "state"));
		child_go(&self->target, 1);
		RECV();
		EXPECT_EQ(1ULL, self->recv.received.out_notices);
		EXPECT_TRUE(held_state(self->recv.received.out_state));
		/* Not one instruction behind the section. */
		EXPECT_TRUE(stands_still(&self->target.page->counter[1]));
		EXPECT_EQ(0U, self->target.page->counter[1]);
		RESUME();
		EXPECT_TRUE(counts(&self->target.page->counter[1]));
	}
}

TEST_F(defer, section_that_nobody_wants_to_interrupt_costs_nothing)
{
	BEGIN(section, 0, LONGEST);
	child_go(&self->target, 1);
	EXPECT_TRUE(counts(&self->target.page->counter[1]));
	EXPECT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(self->proxy, 1));
	EXPECT_EQ(1, process_holds(self->process));
}

TEST_F(defer, inner_section_does_not_end_the_outer_one)
{
	TRY {
		BEGIN(nested_sections, 0, LONGEST);
		START_CLOCK();
		ASSERT_EQ(PROXYIPC_NOTIFIED_DEFERRED, entry_notify(self->proxy, 1));
		child_go(&self->target, 1);
		while (!self->target.page->delay && ELAPSED() < LONGEST)
			;
		int state = process_state(self->process);
		bool empty = !readable(self->endpoint);

		if (!IN_TIME())
			continue;
		EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, state);
		EXPECT_TRUE(empty);
		child_go(&self->target, 2);
		RECV();
		EXPECT_EQ(0U, self->target.page->counter[1]);
		RESUME();
		EXPECT_TRUE(counts(&self->target.page->counter[1]));
	}
}

/* Of the tries one comes close: a tick of the slowest kernel, and 10 ms. */
TEST_F(defer, endless_section_is_held_at_the_bound_and_gains_it_once_per_hold)
{
	__u64 took, least = ~0ULL;

	BEGIN(endless_section, 0, 20 * MS);
	for (int i = 0; i < TRIES && (i < 5 || least > 40 * MS); i++) {
		START_CLOCK();
		ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
		took = ELAPSED();
		EXPECT_LE(20 * MS, took);
		if (took < least)
			least = took;
		EXPECT_TRUE(stands_still(&self->target.page->counter[0]));
		ASSERT_EQ(0, process_resume(self->process, self->token));
		EXPECT_TRUE(counts(&self->target.page->counter[0]));
	}
	EXPECT_GE(40 * MS, least);
	TH_LOG("held after %llu us, bound 20000 us", least / 1000);
}

TEST_F(defer, bound_is_a_millisecond_by_default)
{
	__u64 took, least = ~0ULL;

	BEGIN(endless_section, 0, 0);
	for (int i = 0; i < TRIES && (i < 5 || least > 10 * MS); i++) {
		START_CLOCK();
		ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
		took = ELAPSED();
		EXPECT_LE(1 * MS, took);
		if (took < least)
			least = took;
		ASSERT_EQ(0, process_resume(self->process, self->token));
	}
	EXPECT_GE(10 * MS, least);
}

TEST_F(defer, of_two_holds_the_less_patient_decides_for_both)
{
	TRY {
		BEGIN(endless_section, 0, LONGEST);
		self->other = process_open_deferring(self->target.pid, 0, 2 * MS);
		START_CLOCK();
		ASSERT_EQ(PROXYIPC_NOTIFIED_DEFERRED, entry_notify(self->proxy, 1));
		ASSERT_TRUE(held_state(process_hold(self->other, &self->token)));
		RECV();
		if (!IN_TIME())
			continue;
		EXPECT_EQ(2, process_holds(self->process));
	}
}

TEST_F(defer, second_hold_does_not_renew_the_bound)
{
	struct child *c = &self->target;
	int i;

	/* One after the other, until the first takes effect. */
	BEGIN(endless_section, 0, 50 * MS);
	START_CLOCK();
	ASSERT_EQ(PROXYIPC_NOTIFIED_DEFERRED, entry_notify(self->proxy, 1));
	for (i = 0; !readable(self->endpoint) && ELAPSED() < PATIENCE_MS * MS; i++) {
		close_fd(&self->other);
		self->other = process_open_deferring(c->pid, 0, LONGEST);
		process_set_receiver(self->other, self->entry);
		int proxy = process_mint(self->other, 0, RIGHTS_ALL, NOTICES_ALL);

		entry_notify(proxy, 2);
		close_fd(&proxy);
	}
	RECV();
	EXPECT_LE(50 * MS, ELAPSED());
	EXPECT_LT(0, i);
}

/* Dropped before it took effect: what comes next begins no new account. */
TEST_F(defer, hold_that_was_given_up_does_not_renew_the_bound)
{
	__u64 took = LONGEST;
	int ret = 0;

	for (int i = 0; i < TRIES && took >= 50 * MS; i++) {
		struct proxyipc_entry_call call = { .size = sizeof(call) };

		BEGIN(endless_section, 0, 50 * MS);
		START_CLOCK();
		call.deadline = self->began + 1 * MS;
		ret = command(self->proxy, PROXYIPC_IOC_ENTRY_CALL, &call);
		if (ELAPSED() > 40 * MS)
			continue;
		ASSERT_EQ(-ETIMEDOUT, ret);
		EXPECT_TRUE(eventually(!process_holds(self->process)));
		while (ELAPSED() < 51 * MS)
			sleep_ms(1);
		/* If it were renewed this took 50 ms, each time. */
		START_CLOCK();
		ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
		took = ELAPSED();
	}
	EXPECT_GT(50 * MS, took);
}

TEST_F(defer, hold_that_may_not_be_deferred_takes_effect_at_once)
{
	TRY {
		BEGIN(endless_section, 0, LONGEST);
		START_CLOCK();
		ASSERT_EQ(PROXYIPC_NOTIFIED_DEFERRED, entry_notify(self->proxy, 1));
		ASSERT_TRUE(held_state(hold_nodefer(self->process, &self->token)));
		/* And the one that waited with it. */
		RECV();
		if (!IN_TIME())
			continue;
		EXPECT_TRUE(stands_still(&self->target.page->counter[0]));
	}
}

TEST_F(defer, object_of_the_targets_own_making_cannot_override_it)
{
	struct target t = target_spin();

	ASSERT_LE(0, t.process);
	EXPECT_EQ(-EPERM, hold_nodefer(t.process, &self->token));
	EXPECT_EQ(0, process_holds(t.process));
	target_kill(&t);
	close_fd(&t.process);
}

TEST_F(defer, target_that_blocks_in_its_section_is_armed_at_the_bound)
{
	BEGIN(blocked_section, 0, 30 * MS);
	ASSERT_TRUE(eventually(proc_asleep_in_syscall(self->target.pid, SYS_read)));
	START_CLOCK();
	ASSERT_EQ(PROXYIPC_NOTIFIED_DEFERRED, entry_notify(self->proxy, 1));
	RECV();
	EXPECT_LE(30 * MS, ELAPSED());
	EXPECT_EQ(PROXYIPC_STATE_ARMED, self->recv.received.out_state);
	/* Its call ends, and its section doesn't go on. */
	ASSERT_EQ(1, write(self->pipe[1], "", 1));
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_TRUE(stands_still(&self->target.page->counter[0]));
	EXPECT_EQ(0U, self->target.page->counter[0]);
	RESUME();
	EXPECT_TRUE(counts(&self->target.page->counter[1]));
}

TEST_F(defer, target_that_wakes_in_its_section_goes_on_with_it)
{
	TRY {
		BEGIN(blocked_section, 0, LONGEST);
		ASSERT_TRUE(eventually(proc_asleep_in_syscall(self->target.pid,
							      SYS_read)));
		START_CLOCK();
		ASSERT_EQ(PROXYIPC_NOTIFIED_DEFERRED, entry_notify(self->proxy, 1));
		ASSERT_EQ(1, write(self->pipe[1], "", 1));
		RECV();
		unsigned int inside = self->target.page->counter[0];

		if (!IN_TIME())
			continue;
		EXPECT_EQ(1U, inside);
		EXPECT_EQ(0U, self->target.page->counter[1]);
	}
}

TEST_F(defer, target_that_does_not_yield_is_held_at_the_bound)
{
	BEGIN(section_without_yield, 0, 30 * MS);
	START_CLOCK();
	ASSERT_EQ(PROXYIPC_NOTIFIED_DEFERRED, entry_notify(self->proxy, 1));
	child_go(&self->target, 1);
	RECV();
	EXPECT_LE(30 * MS, ELAPSED());
	EXPECT_TRUE(stands_still(&self->target.page->counter[1]));
}

TEST_F(defer, yield_inside_a_section_gains_nothing)
{
	BEGIN(false_yields, 0, 30 * MS);
	for (int i = 0; i < 10; i++) {
		START_CLOCK();
		ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
		EXPECT_LE(30 * MS, ELAPSED());
		EXPECT_TRUE(stands_still(&self->target.page->counter[0]));
		ASSERT_EQ(0, process_resume(self->process, self->token));
		EXPECT_TRUE(counts(&self->target.page->counter[0]));
	}
}

TEST_F(defer, yield_is_the_targets_own)
{
	BEGIN(endless_section, 0, LONGEST);
	EXPECT_EQ(-EPERM, proxyipc_process_yield(self->process));
	self->other = process_open_deferring(0, 0, 0);
	EXPECT_EQ(0, proxyipc_process_yield(self->other));
}

TEST_F(defer, call_and_send_wait_for_the_end_of_the_section)
{
	struct helper h = helper_new();
	struct proxyipc_entry_send send = { .size = sizeof(send), .message.words = { 5 } };
	int theirs;

	BEGIN(section, 0, LONGEST);
	theirs = helper_give(&h, self->proxy);
	ASSERT_LE(0, theirs);
	ASSERT_EQ(0, helper_call(&h, theirs, 4));
	child_go(&self->target, 1);
	RECV();
	EXPECT_EQ(PROXYIPC_KIND_CALL, self->recv.received.out_kind);
	EXPECT_EQ(4ULL, self->recv.received.out_words[0]);
	ASSERT_EQ(0, endpoint_resume_reply(self->endpoint, self->recv.received.out_cap, 9));
	EXPECT_EQ(0, helper_finish(&h));
	EXPECT_EQ(9ULL, h.page->arg.call.reply.words[0]);
	EXPECT_TRUE(counts(&self->target.page->counter[1]));
	helper_close(&h, theirs);

	BEGIN(section, 0, LONGEST);
	theirs = helper_give(&h, self->proxy);
	ASSERT_EQ(0, helper_start(&h, theirs, PROXYIPC_IOC_ENTRY_SEND, &send, sizeof(send)));
	child_go(&self->target, 1);
	EXPECT_EQ(0, helper_finish(&h));
	RECV();
	EXPECT_EQ(5ULL, self->recv.received.out_words[0]);
	helper_kill(&h);
}

TEST_F(defer, call_that_is_taken_back_lets_the_next_one_begin)
{
	struct helper h = helper_new();
	int theirs;

	TRY {
		BEGIN(endless_section, 0, LONGEST);
		theirs = helper_give(&h, self->proxy);
		START_CLOCK();
		ASSERT_EQ(0, helper_call(&h, theirs, 4));
		ASSERT_EQ(PROXYIPC_NOTIFIED_PENDING, entry_notify(self->proxy, 2));
		ASSERT_EQ(0, helper_signal(&h, SIGUSR1));
		ASSERT_EQ(-EINTR, helper_finish(&h));
		helper_close(&h, theirs);
		if (!IN_TIME())
			continue;
		RECV();
		EXPECT_EQ(PROXYIPC_KIND_NOTICE, self->recv.received.out_kind);
		EXPECT_EQ(2ULL, self->recv.received.out_notices);
		EXPECT_EQ(1, process_holds(self->process));
	}
	helper_kill(&h);
}

TEST_F(defer, signal_ends_the_wait_of_a_hold_by_hand_and_undoes_it)
{
	struct helper h = helper_new();
	struct proxyipc_process_hold hold = { .size = sizeof(hold) };
	int theirs, ret;

	TRY {
		BEGIN(endless_section, 0, LONGEST);
		theirs = helper_give(&h, self->process);
		START_CLOCK();
		ASSERT_EQ(0, helper_start(&h, theirs, PROXYIPC_IOC_PROCESS_HOLD, &hold,
					  sizeof(hold)));
		while (process_holds(self->process) < 1 && ELAPSED() < LONGEST)
			;
		ASSERT_EQ(0, helper_signal(&h, SIGUSR1));
		ret = helper_finish(&h);
		bool held = process_holds(self->process);

		if (!IN_TIME())
			ret = ret ?: process_resume(self->process,
						    h.page->arg.hold.out_token);
		helper_close(&h, theirs);
		if (!done_)
			continue;
		EXPECT_EQ(-EINTR, ret);
		EXPECT_FALSE(held);
		EXPECT_TRUE(counts(&self->target.page->counter[0]));
	}
	helper_kill(&h);
}

TEST_F(defer, lease_is_not_spent_on_a_deferral)
{
	BEGIN(endless_section, 40 * MS, 60 * MS);
	START_CLOCK();
	ASSERT_EQ(PROXYIPC_NOTIFIED_DEFERRED, entry_notify(self->proxy, 1));
	RECV();
	EXPECT_EQ(PROXYIPC_KIND_NOTICE, self->recv.received.out_kind);
	EXPECT_LE(60 * MS, ELAPSED());
	self->recv.size = 0;
	RECV();
	EXPECT_EQ(PROXYIPC_KIND_EVENT, self->recv.received.out_kind);
	EXPECT_EQ(PROXYIPC_EVENT_LEASE_EXPIRED, self->recv.received.out_events);
	EXPECT_LE(100 * MS, ELAPSED());
	EXPECT_TRUE(counts(&self->target.page->counter[0]));
}

TEST_F(defer, exec_ends_a_section)
{
	TRY {
		BEGIN(exec_in_section, 0, LONGEST);
		START_CLOCK();
		ASSERT_EQ(PROXYIPC_NOTIFIED_DEFERRED, entry_notify(self->proxy, 1));
		child_go(&self->target, 1);
		RECV();
		if (!IN_TIME())
			continue;
		EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
		/* The new program has no section: it is held at once, again. */
		RESUME();
		ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(self->proxy, 2));
	}
}

TEST_F(defer, exit_in_a_section_ends_what_waited)
{
	BEGIN(exit_in_section, 0, LONGEST);
	entry_notify(self->proxy, 1);
	child_go(&self->target, 1);
	while (self->recv.received.out_kind != PROXYIPC_KIND_EVENT) {
		/* Too late for the section: it was held at the bound. */
		if (self->recv.received.out_cap)
			endpoint_resume(self->endpoint, self->recv.received.out_cap);
		memset(&self->recv, 0, sizeof(self->recv));
		RECV();
	}
	EXPECT_EQ(PROXYIPC_EVENT_TARGET_GONE, self->recv.received.out_events);
	EXPECT_EQ(PROXYIPC_STATE_GONE, process_state(self->process));
	EXPECT_EQ(-ESRCH, entry_notify(self->proxy, 1));
}

TEST_F(defer, closing_everything_while_a_hold_is_deferred_leaves_the_target_running)
{
	BEGIN(endless_section, 20 * MS, LONGEST);
	entry_notify(self->proxy, 1);
	close_fd(&self->endpoint);
	close_fd(&self->proxy);
	close_fd(&self->process);
	self->endpoint = endpoint_new();
	EXPECT_TRUE(counts(&self->target.page->counter[0]));
	self->process = child_open(&self->target);
	EXPECT_TRUE(wait_for_holds(self->process, 0));
	EXPECT_TRUE(counts(&self->target.page->counter[0]));
}

/*
 * No system call: sections under a filter that kills whoever makes one.
 */

static void sections_without_system_calls(struct child_page *page)
{
	struct sock_filter all[] = {
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { .len = 1, .filter = all };
	long n = page->result;

	me = process_open(0, 0, 0);
	if (proxyipc_process_map(me, &control) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(3);
	for (long i = 0; i < n; i++) {
		proxyipc_defer(control);
		page->counter[0]++;
		proxyipc_undefer(control, me);
		proxyipc_keepalive(control);
	}
	page->phase = 1;
	while (!page->go)
		;
	getppid();
}

TEST(section_that_nobody_waits_for_makes_no_system_call)
{
	struct child_page *page = child_page_new();
	struct child c;

	page->result = repeat(1000000);
	c = child_start(sections_without_system_calls, page);
	ASSERT_LT(0, c.pid);
	EXPECT_TRUE(child_reaches(&c, 1));
	EXPECT_EQ(repeat(1000000), page->counter[0]);
	/* And the filter was there. */
	child_go(&c, 1);
	EXPECT_TRUE(killed_by(child_ends(&c), SIGSYS));
}

/*
 * Mutual exclusion (R3): the target changes a structure in sections, a receiver
 * changes it while the target is held. Neither ever sees it half done, but for a
 * section that lasted longer than the bound, by the target's own clock.
 */

struct shared {
	__u64 since;		/* of the section, 0 outside */
	unsigned long a, b;
	unsigned long sections;	/* by the target */
	unsigned long torn;	/* seen by the target */
	atomic_int stop;
};

static struct shared *shared;

static void change(void)
{
	shared->a++;
	burn(20);
	shared->b++;
}

static void change_in_sections(struct child_page *page)
{
	me = process_open(0, 0, 0);
	if (proxyipc_process_map(me, &control))
		_exit(3);
	pin_to_cpu(count_cpus() - 1);
	page->phase = 1;
	while (!shared->stop) {
		proxyipc_defer(control);
		__atomic_store_n(&shared->since, now_ns(), __ATOMIC_RELAXED);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		if (shared->a != shared->b)
			shared->torn++;
		change();
		shared->sections++;
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		__atomic_store_n(&shared->since, 0, __ATOMIC_RELAXED);
		proxyipc_undefer(control, me);
		burn(page->delay);
	}
}

struct exclusion {
	unsigned long holds;
	unsigned long deferred;	/* of them, those that had to wait */
	unsigned long overdue;	/* and those that came at the bound */
	const char *wrong;
};

static unsigned long sections_so_far(void)
{
	return __atomic_load_n(&shared->sections, __ATOMIC_RELAXED);
}

/*
 * One hold, at some point of the target's way: asleep until then, on the same
 * processor, or burning time on another.
 */
static void exclude_once(FIXTURE_DATA(defer) * self, struct exclusion *x, bool same_cpu,
			 unsigned int delay)
{
	struct timespec nap = { .tv_nsec = 1000 * (delay % 251) };
	unsigned long seen = sections_so_far();
	int state;

	/* It must have left where it was held, to be in a section again. */
	do {
		if (same_cpu)
			nanosleep(&nap, NULL);
		else
			burn(delay % 251);
	} while (sections_so_far() == seen);

	self->target.page->delay = delay % 64;
	state = entry_notify(self->proxy, 1);
	x->holds++;
	x->deferred += state == PROXYIPC_NOTIFIED_DEFERRED;
	memset(&self->recv, 0, sizeof(self->recv));
	if (state < 0 || endpoint_recv(self->endpoint, &self->recv)) {
		x->wrong = "not held";
		return;
	}
	if (shared->since) {
		/* Held in its section: at the bound that may be. Keep out. */
		if (now_ns() - shared->since < LONGEST)
			x->wrong = "held in its section";
		x->overdue++;
	} else {
		if (shared->a != shared->b)
			x->wrong = "half done";
		change();
	}
	if (endpoint_resume(self->endpoint, self->recv.received.out_cap))
		x->wrong = "not resumed";
}

/* Of each at least so many; the last are holds that find the target in a section. */
#define SECTIONS	(unsigned long)repeat(1000000)
#define HOLDS		(unsigned long)repeat(2000)
#define DEFERRED	(unsigned long)repeat(100)

static struct exclusion exclude(FIXTURE_DATA(defer) * self, bool same_cpu)
{
	struct sched_param urgent = { .sched_priority = 1 };
	struct exclusion x = { .wrong = NULL };

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pin_to_cpu(same_cpu ? count_cpus() - 1 : 0);
	self->target = child_new(change_in_sections, -1, -1);
	/* From now on whatever wakes this interrupts the target. */
	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &urgent);
	if (!child_reaches(&self->target, 1))
		x.wrong = "no target";
	self->process = process_open_deferring(self->target.pid, 0, LONGEST);
	self->proxy = process_mint(self->process, 0, RIGHTS_ALL, NOTICES_ALL);
	if (process_set_receiver(self->process, self->entry))
		x.wrong = "no receiver";
	while (!x.wrong && (sections_so_far() < SECTIONS || x.holds < HOLDS ||
			    x.deferred < DEFERRED))
		exclude_once(self, &x, same_cpu, x.holds);
	shared->stop = 1;
	urgent.sched_priority = 0;
	sched_setscheduler(0, SCHED_OTHER, &urgent);
	return x;
}

#define EXPECT_EXCLUSION(same_cpu) do {					\
	struct exclusion x = exclude(self, same_cpu);			\
									\
	EXPECT_EQ(NULL, x.wrong)					\
		TH_LOG("%s", x.wrong);					\
	EXPECT_TRUE(exited_with(child_ends(&self->target), 0));	\
	EXPECT_EQ(0UL, shared->torn);					\
	EXPECT_EQ(shared->sections + x.holds - x.overdue, shared->a);	\
	TH_LOG("%lu sections, %lu holds, %lu of them deferred, %lu at the bound", \
	       shared->sections, x.holds, x.deferred, x.overdue);	\
} while (0)

TEST_F(defer, section_and_handler_on_one_cpu_exclude_each_other)
{
	EXPECT_EXCLUSION(true);
}

TEST_F(defer, section_and_handler_on_two_cpus_exclude_each_other)
{
	if (count_cpus() < 2)
		SKIP(return, "one processor");
	EXPECT_EXCLUSION(false);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--spin"))
		for (;;)
			;
	return test_harness_run(argc, argv);
}
