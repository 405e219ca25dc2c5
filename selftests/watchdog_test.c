// SPDX-License-Identifier: GPL-2.0
/*
 * The watchdog: when it expires and when it doesn't, and what its message says.
 * The machine may be loaded, so a target that keeps alive may really be late now
 * and then; it knows how often it was (alive.h), and that is what an expiry is
 * compared with. How late the watchdog is: watchdog_lateness_test.
 */
#include "proxyipc_test.h"
#include "alive.h"
#include "freezer.h"

#include <linux/seccomp.h>
#include <proxyipc.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define RECEIVER	0x7ece1	/* payload of the entry in the receiver slot */

/* So short that it comes soon, and so long that a sample is a small part of it. */
#define TIMEOUT		(100 * NS_PER_MS)
/* So long that it doesn't come. */
#define LONG		(3600 * NS_PER_S)

FIXTURE(watchdog) {
	struct alive *target;
	int process;
	int endpoint;
	int entry;		/* in the receiver slot */
	struct proxyipc_endpoint_recv recv;
	struct proxyipc_received *got;
};

FIXTURE_SETUP(watchdog)
{
	self->got = &self->recv.received;
	self->target = alive_new();
	ASSERT_NE(NULL, self->target);
	self->process = child_open(&self->target->child);
	ASSERT_LE(0, self->process);
	self->endpoint = endpoint_new();
	ASSERT_LE(0, self->endpoint);
	self->entry = entry_new(self->endpoint, RECEIVER, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->entry);
	ASSERT_EQ(0, process_set_receiver(self->process, self->entry));
}

FIXTURE_TEARDOWN(watchdog)
{
	alive_end(self->target);
}

#define SET(timeout, pretimeout) \
	ASSERT_EQ(0, process_set_watchdog(self->process, timeout, pretimeout))
#define TELL(doing) \
	ASSERT_TRUE(alive_told(self->target, doing))
#define RESUME() \
	ASSERT_EQ(0, endpoint_resume(self->endpoint, self->got->out_cap))

static __u64 word(const struct proxyipc_received *got, enum proxyipc_watchdog_word nr)
{
	return got->out_words[nr];
}

/* The next message, which must be the watchdog's, of that stage. */
#define RECEIVE(stage) do {						\
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &self->recv));	\
	ASSERT_EQ((__u32)PROXYIPC_KIND_WATCHDOG, self->got->out_kind);	\
	ASSERT_EQ((__u64)(stage), word(self->got, PROXYIPC_WATCHDOG_WORD_STAGE)); \
} while (0)

/*
 * An expiry: by the target's own time stamps, really a timeout after it was alive
 * for the last time? If it was alive once more before it was held they don't say.
 */
#define EXPECT_NOT_EARLY(timeout) do {					\
	__u64 at_ = word(self->got, PROXYIPC_WATCHDOG_WORD_AT);		\
									\
	if (self->target->after <= at_)					\
		EXPECT_LE(self->target->before + (timeout), at_);	\
} while (0)

/* Time for many samples, and several timeouts. */
static void let_time_pass(void)
{
	sleep_ms(5 * TIMEOUT / NS_PER_MS);
}

/*
 * The message
 */

TEST_F(watchdog, expires_and_holds_a_target_that_does_not_keep_alive)
{
	struct proxyipc_received want;
	__u64 set;

	TELL(SPINS);
	set = now_ns();
	SET(TIMEOUT, 0);
	RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
	want = (struct proxyipc_received){
		.out_kind = PROXYIPC_KIND_WATCHDOG,
		.out_flags = PROXYIPC_RECEIVED_PROXIED,
		.out_state = self->got->out_state,
		.out_cap = self->got->out_cap,
		.out_token = self->got->out_token,
		.out_payload = RECEIVER,
		.out_sender_uid = 65534,
		.out_sender_gid = 65534,
	};
	memcpy(want.out_words, self->got->out_words, sizeof(want.out_words));
	EXPECT_RECEIVED(&want, self->got);
	EXPECT_NE(0ULL, self->got->out_cap);
	EXPECT_NE(0ULL, self->got->out_token);
	EXPECT_TRUE(held_state(self->got->out_state));
	EXPECT_TRUE(stands_still(&self->target->page->counter[0]));

	EXPECT_EQ(TIMEOUT, word(self->got, PROXYIPC_WATCHDOG_WORD_TIMEOUT));
	EXPECT_LE(TIMEOUT, word(self->got, PROXYIPC_WATCHDOG_WORD_SINCE));
	EXPECT_LE(set + TIMEOUT, word(self->got, PROXYIPC_WATCHDOG_WORD_AT));
	EXPECT_GE(now_ns(), word(self->got, PROXYIPC_WATCHDOG_WORD_AT));
	EXPECT_GE(word(self->got, PROXYIPC_WATCHDOG_WORD_SINCE),
		  word(self->got, PROXYIPC_WATCHDOG_WORD_CPU) +
		  word(self->got, PROXYIPC_WATCHDOG_WORD_DELAY));
	EXPECT_EQ(1ULL, process_expiries(self->process));
	RESUME();
	EXPECT_TRUE(counts(&self->target->page->counter[0]));
}

TEST_F(watchdog, never_expires_before_its_timeout)
{
	long i;

	for (i = 0; i < repeat(10); i++) {
		TELL(KEEPS_ALIVE);
		SET(TIMEOUT, 0);
		sleep_ms(i % 7);
		alive_tell(self->target, i % 2 ? SPINS : SLEEPS);
		RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
		EXPECT_NOT_EARLY(TIMEOUT);
		SET(0, 0);
		RESUME();
	}
}

TEST_F(watchdog, expires_again_a_timeout_after_the_resume)
{
	__u64 resumed;
	int i;

	TELL(SPINS);
	SET(TIMEOUT, 0);
	RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
	for (i = 0; i < 3; i++) {
		let_time_pass();
		EXPECT_EMPTY(self->endpoint);
		resumed = now_ns();
		RESUME();
		RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
		EXPECT_LE(resumed + TIMEOUT,
			  word(self->got, PROXYIPC_WATCHDOG_WORD_AT));
	}
	EXPECT_EQ(4ULL, process_expiries(self->process));
}

TEST_F(watchdog, from_a_millisecond_on)
{
	int i;

	TELL(SPINS);
	SET(NS_PER_MS, 0);
	for (i = 0; i < 20; i++) {
		RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
		EXPECT_LE(NS_PER_MS, word(self->got, PROXYIPC_WATCHDOG_WORD_SINCE));
		RESUME();
	}
}

/*
 * Causes
 */

TEST_F(watchdog, spinning_target_is_said_to_spin)
{
	__u64 half;

	TELL(SPINS);
	SET(10 * TIMEOUT, 0);
	RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
	half = word(self->got, PROXYIPC_WATCHDOG_WORD_SINCE) / 2;
	EXPECT_EQ((__u64)PROXYIPC_WATCHDOG_SPINNING,
		  word(self->got, PROXYIPC_WATCHDOG_WORD_CAUSE));
	/* There are two CPUs, and nothing else to do. */
	EXPECT_LT(half, word(self->got, PROXYIPC_WATCHDOG_WORD_CPU));
	EXPECT_GT(half, word(self->got, PROXYIPC_WATCHDOG_WORD_DELAY));
	EXPECT_EQ(~0ULL, word(self->got, PROXYIPC_WATCHDOG_WORD_SYSCALL));
}

TEST_F(watchdog, spinning_target_is_said_to_spin_within_one_tick_too)
{
	int spins = 0, i;

	TELL(SPINS);
	SET(NS_PER_MS, 0);
	for (i = 0; i < 20; i++) {
		RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
		spins += word(self->got, PROXYIPC_WATCHDOG_WORD_CAUSE) ==
			 PROXYIPC_WATCHDOG_SPINNING;
		RESUME();
	}
	/* After a resume the wake-up may take longer than that. */
	EXPECT_LE(5, spins);
}

TEST_F(watchdog, sleeping_target_is_said_to_be_blocked_and_where)
{
	__u64 half;

	TELL(SLEEPS);
	SET(10 * TIMEOUT, 0);
	RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
	half = word(self->got, PROXYIPC_WATCHDOG_WORD_SINCE) / 2;
	EXPECT_EQ((__u64)PROXYIPC_WATCHDOG_BLOCKED,
		  word(self->got, PROXYIPC_WATCHDOG_WORD_CAUSE));
	EXPECT_GT(half, word(self->got, PROXYIPC_WATCHDOG_WORD_CPU));
	EXPECT_GT(half, word(self->got, PROXYIPC_WATCHDOG_WORD_DELAY));
	EXPECT_EQ((__u64)SYS_futex, word(self->got, PROXYIPC_WATCHDOG_WORD_SYSCALL));
	EXPECT_EQ((__u32)PROXYIPC_STATE_ARMED, self->got->out_state);
	/* What it was in goes on as if nothing had been. */
	RESUME();
	EXPECT_EQ(SLEEPS, (int)self->target->does);
	EXPECT_TRUE(alive_told(self->target, KEEPS_ALIVE));
}

/* On the target's CPU, where it leaves nothing to who is as nice as can be. */
static void hog(struct child_page *page)
{
	pin_to_cpu(1);
	setpriority(PRIO_PROCESS, 0, -20);
	child_spin(page);
}

TEST_F(watchdog, starved_target_is_said_to_be_starved)
{
	pid_t pid = self->target->child.pid;
	struct child busy;
	cpu_set_t one;
	__u64 half;

	CPU_ZERO(&one);
	CPU_SET(1, &one);
	ASSERT_EQ(0, pin_to_cpu(0));
	TELL(SPINS);
	ASSERT_EQ(0, sched_setaffinity(pid, sizeof(one), &one));
	ASSERT_EQ(0, setpriority(PRIO_PROCESS, pid, 19));
	busy = child_new(hog, -1, -1);
	ASSERT_TRUE(child_reaches(&busy, 1));
	SET(10 * TIMEOUT, 0);
	RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
	half = word(self->got, PROXYIPC_WATCHDOG_WORD_SINCE) / 2;
	EXPECT_EQ((__u64)PROXYIPC_WATCHDOG_STARVED,
		  word(self->got, PROXYIPC_WATCHDOG_WORD_CAUSE));
	EXPECT_GT(half, word(self->got, PROXYIPC_WATCHDOG_WORD_CPU));
	EXPECT_LT(half, word(self->got, PROXYIPC_WATCHDOG_WORD_DELAY));
	child_kill(&busy);
	RESUME();
	EXPECT_TRUE(counts(&self->target->page->counter[0]));
}

/*
 * Keeping alive
 */

/* It expired no more often than the target really missed its timeout. */
#define EXPECT_NO_FALSE_ALARM() do {					\
	__u64 expiries_ = process_expiries(self->process);		\
									\
	EXPECT_LE(expiries_, self->target->missed);			\
	TH_LOG("%llu expiries, %llu timeouts missed, longest silence %llu us", \
	       expiries_, (__u64)self->target->missed,			\
	       (__u64)self->target->longest / 1000);			\
} while (0)

TEST_F(watchdog, does_not_expire_while_the_target_keeps_alive)
{
	ASSERT_TRUE(alive_expects(self->target, TIMEOUT));
	SET(TIMEOUT, 0);
	let_time_pass();
	let_time_pass();
	while (!endpoint_recv_now(self->endpoint, &self->recv)) {
		EXPECT_NOT_EARLY(TIMEOUT);
		RESUME();
	}
	EXPECT_NO_FALSE_ALARM();
}

TEST_F(watchdog, is_fed_by_a_holder_of_the_process_object)
{
	__u64 last = now_ns(), missed = 0, before;
	int i;

	TELL(SLEEPS);
	SET(TIMEOUT, 0);
	for (i = 0; i < 50; i++) {
		before = now_ns();
		EXPECT_EQ(0, process_keepalive(self->process));
		missed += (now_ns() - last) / TIMEOUT;
		last = before;
		sleep_ms(10);
		if (!endpoint_recv_now(self->endpoint, &self->recv))
			RESUME();
	}
	EXPECT_LE(process_expiries(self->process), missed);
}

TEST_F(watchdog, of_one_object_is_not_fed_through_another)
{
	int other = child_open(&self->target->child);
	int i;

	ASSERT_LE(0, other);
	TELL(SLEEPS);
	SET(TIMEOUT, 0);
	for (i = 0; i < 20; i++) {
		EXPECT_EQ(0, process_keepalive(other));
		sleep_ms(10);
	}
	RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
	close(other);
}

/* Where a system call is the end. */
static void keep_alive_mutely(struct child_page *page)
{
	struct proxyipc_control *control;
	int process = process_open(0, 0, 0);
	long i;

	page->error = process < 0 ? process : proxyipc_process_map(process, &control);
	if (page->error || prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		return;
	page->phase = 1;
	for (i = 0; i < 10000000; i++) {
		proxyipc_keepalive(control);
		page->counter[0] = control->keepalive;
	}
	page->phase = 2;
	for (;;)
		proxyipc_keepalive(control);
}

TEST_F(watchdog, ten_million_keepalives_make_no_system_call)
{
	struct child mute = child_new(keep_alive_mutely, -1, -1);
	int process = child_open(&mute);

	ASSERT_LE(0, process);
	ASSERT_TRUE(child_reaches(&mute, 1));
	/* Many samples meanwhile; what they read needs nothing from it either. */
	ASSERT_EQ(0, process_set_watchdog(process, 10 * NS_PER_S, 0));
	EXPECT_TRUE(child_reaches(&mute, 2));
	EXPECT_EQ(10000000U, mute.page->counter[0]);
	EXPECT_TRUE(killed_by(child_kill(&mute), SIGKILL));
	close(process);
}

TEST_F(watchdog, gives_no_false_alarm_on_a_busy_machine)
{
	struct child busy[8];
	__u64 end;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(busy); i++) {
		busy[i] = child_new(child_spin, -1, -1);
		ASSERT_LT(0, busy[i].pid);
	}
	/* About as long as it may have to wait for its turn. */
	ASSERT_TRUE(alive_expects(self->target, TIMEOUT));
	SET(TIMEOUT, 0);
	/* A minute is TIMES=6. */
	end = now_ns() + repeat(10) * NS_PER_S;
	while (now_ns() < end) {
		if (!endpoint_recv_now(self->endpoint, &self->recv)) {
			EXPECT_NOT_EARLY(TIMEOUT);
			RESUME();
		}
		sleep_ms(5);
	}
	SET(0, 0);
	if (!endpoint_recv_now(self->endpoint, &self->recv)) {
		EXPECT_NOT_EARLY(TIMEOUT);
		RESUME();
	}
	TELL(SPINS);
	EXPECT_NO_FALSE_ALARM();
	for (i = 0; i < ARRAY_SIZE(busy); i++)
		child_kill(&busy[i]);
}

/*
 * Time that doesn't count
 */

/* Kept from running, it may tell it to be silent: the clock stands. */
#define EXPECT_CLOCK_STANDS() do {					\
	SET(TIMEOUT, 0);						\
	alive_tell(self->target, SPINS);				\
	let_time_pass();						\
	EXPECT_EMPTY(self->endpoint);					\
	EXPECT_EQ(0ULL, process_expiries(self->process));		\
} while (0)

/* And then it goes on. */
#define EXPECT_CLOCK_RUNS() do {					\
	RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);				\
	EXPECT_LE(TIMEOUT, word(self->got, PROXYIPC_WATCHDOG_WORD_SINCE)); \
	RESUME();							\
} while (0)

TEST_F(watchdog, stands_while_the_target_is_held_by_hand)
{
	__u64 token;

	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_CLOCK_STANDS();
	ASSERT_EQ(0, process_resume(self->process, token));
	EXPECT_CLOCK_RUNS();
}

TEST_F(watchdog, stands_while_the_target_is_held_through_another_object)
{
	int other = child_open(&self->target->child);
	__u64 token;

	ASSERT_TRUE(held_state(process_hold(other, &token)));
	EXPECT_CLOCK_STANDS();
	ASSERT_EQ(0, process_resume(other, token));
	EXPECT_CLOCK_RUNS();
	close(other);
}

TEST_F(watchdog, of_a_second_never_expires_in_ten_holds_of_two)
{
	__u64 token;
	int i;

	ASSERT_TRUE(alive_expects(self->target, NS_PER_S));
	SET(NS_PER_S, 0);
	for (i = 0; i < 10; i++) {
		ASSERT_TRUE(held_state(process_hold(self->process, &token)));
		sleep_ms(2000);
		ASSERT_EQ(0, process_resume(self->process, token));
		ASSERT_TRUE(eventually(!process_holds(self->process)));
		sleep_ms(20);
	}
	EXPECT_NO_FALSE_ALARM();
}

TEST_F(watchdog, stands_while_the_target_is_stopped)
{
	pid_t pid = self->target->child.pid;
	int status;

	kill(pid, SIGSTOP);
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	EXPECT_CLOCK_STANDS();
	kill(pid, SIGCONT);
	EXPECT_CLOCK_RUNS();
}

TEST_F(watchdog, stands_while_the_target_is_in_a_trap_of_its_tracer)
{
	pid_t pid = self->target->child.pid;
	int status;

	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, pid, NULL, NULL));
	ASSERT_EQ(pid, waitpid(pid, &status, __WALL));
	EXPECT_CLOCK_STANDS();
	ASSERT_EQ(0, ptrace(PTRACE_DETACH, pid, NULL, NULL));
	EXPECT_CLOCK_RUNS();
}

#define EXPECT_CLOCK_STANDS_FROZEN(kind_) do {				\
	struct freezer freezer_ = {};					\
									\
	ASSERT_EQ(0, freezer_new(&freezer_, kind_, self->target->child.pid)); \
	ASSERT_EQ(0, freezer_freeze(&freezer_));			\
	EXPECT_TRUE(eventually(freezer_is_frozen(&freezer_)));		\
	EXPECT_CLOCK_STANDS();						\
	ASSERT_EQ(0, freezer_thaw(&freezer_));				\
	EXPECT_CLOCK_RUNS();						\
	SET(0, 0);							\
	if (!endpoint_recv_now(self->endpoint, &self->recv))		\
		RESUME();						\
	alive_end(self->target);					\
	freezer_end(&freezer_);						\
} while (0)

TEST_F(watchdog, stands_while_the_target_is_frozen_by_the_first_freezer)
{
	EXPECT_CLOCK_STANDS_FROZEN(&freezer_v1);
}

TEST_F(watchdog, stands_while_a_sleeping_target_is_frozen_by_the_first_freezer)
{
	TELL(SLEEPS);
	EXPECT_CLOCK_STANDS_FROZEN(&freezer_v1);
}

TEST_F(watchdog, stands_while_the_target_is_frozen_by_the_second_freezer)
{
	EXPECT_CLOCK_STANDS_FROZEN(&freezer_v2);
}

TEST_F(watchdog, stands_while_a_sleeping_target_is_frozen_by_the_second_freezer)
{
	TELL(SLEEPS);
	EXPECT_CLOCK_STANDS_FROZEN(&freezer_v2);
}

TEST_F(watchdog, stands_while_the_target_says_that_it_is_idle)
{
	TELL(IDLES);
	SET(TIMEOUT, 0);
	let_time_pass();
	EXPECT_EMPTY(self->endpoint);
	EXPECT_EQ(0ULL, process_expiries(self->process));
	alive_tell(self->target, SPINS);
	EXPECT_CLOCK_RUNS();
}

/* Each hold takes a part of the time; what is left passes between them. */
TEST_F(watchdog, goes_on_where_it_stood_and_does_not_start_afresh)
{
	__u64 token;

	TELL(SPINS);
	SET(10 * TIMEOUT, 0);
	while (endpoint_recv_now(self->endpoint, &self->recv)) {
		ASSERT_TRUE(held_state(process_hold(self->process, &token)));
		ASSERT_EQ(0, process_resume(self->process, token));
		sleep_ms(2 * TIMEOUT / NS_PER_MS);
	}
	EXPECT_LE(10 * TIMEOUT, word(self->got, PROXYIPC_WATCHDOG_WORD_SINCE));
	RESUME();
}

/*
 * Two stages
 */

TEST_F(watchdog, pretimeout_comes_first_and_the_timeout_after_its_resume)
{
	TELL(SPINS);
	SET(3 * TIMEOUT, TIMEOUT);
	RECEIVE(PROXYIPC_WATCHDOG_PRETIMEOUT);
	EXPECT_LE(2 * TIMEOUT, word(self->got, PROXYIPC_WATCHDOG_WORD_SINCE));
	EXPECT_EQ(0ULL, process_expiries(self->process));
	let_time_pass();
	EXPECT_EMPTY(self->endpoint);
	RESUME();
	RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
	EXPECT_LE(3 * TIMEOUT, word(self->got, PROXYIPC_WATCHDOG_WORD_SINCE));
	EXPECT_EQ(1ULL, process_expiries(self->process));
	/* And so on. */
	RESUME();
	RECEIVE(PROXYIPC_WATCHDOG_PRETIMEOUT);
	RESUME();
}

TEST_F(watchdog, no_timeout_follows_a_pretimeout_if_the_target_keeps_alive_then)
{
	TELL(SPINS);
	SET(100 * TIMEOUT, 99 * TIMEOUT);
	RECEIVE(PROXYIPC_WATCHDOG_PRETIMEOUT);
	RESUME();
	TELL(KEEPS_ALIVE);
	/* A new silence has a pretimeout of its own. */
	TELL(SPINS);
	RECEIVE(PROXYIPC_WATCHDOG_PRETIMEOUT);
	EXPECT_GT(100 * TIMEOUT, word(self->got, PROXYIPC_WATCHDOG_WORD_SINCE));
	RESUME();
}

/*
 * Setting it, and its end
 */

TEST_F(watchdog, is_set_within_limits)
{
	struct proxyipc_process_set_watchdog set = { .size = sizeof(set) };

	EXPECT_EQ(-EINVAL, process_set_watchdog(self->process, PROXYIPC_WATCHDOG_MIN - 1, 0));
	EXPECT_EQ(0, process_set_watchdog(self->process, PROXYIPC_WATCHDOG_MAX, 0));
	EXPECT_EQ(-EINVAL, process_set_watchdog(self->process, PROXYIPC_WATCHDOG_MAX + 1, 0));
	EXPECT_EQ(-EINVAL, process_set_watchdog(self->process, ~0ULL, 0));
	EXPECT_EQ(-EINVAL, process_set_watchdog(self->process, LONG, LONG));
	EXPECT_EQ(-EINVAL, process_set_watchdog(self->process, 0, 1));
	EXPECT_EQ(0, process_set_watchdog(self->process, LONG, LONG - 1));
	set.timeout = 20 * NS_PER_MS;
	EXPECT_EQ(0, command(self->process, PROXYIPC_IOC_PROCESS_SET_WATCHDOG, &set));
	EXPECT_EQ(2 * NS_PER_MS, set.out_interval);
	EXPECT_EQ(0, process_set_watchdog(self->process, 0, 0));
}

TEST_F(watchdog, taken_away_does_not_expire)
{
	int i;

	TELL(SPINS);
	/* Whatever it is about to do. */
	for (i = 0; i < 200; i++) {
		SET(NS_PER_MS, 0);
		burn(i * 500);
		SET(0, 0);
		/* One that had begun comes all the same, */
		if (process_episode(self->process) != PROXYIPC_EPISODE_NONE) {
			RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
			RESUME();
		}
		/* and no other does. */
		ASSERT_EQ(PROXYIPC_EPISODE_NONE, process_episode(self->process));
		ASSERT_EQ(-EAGAIN, endpoint_recv_now(self->endpoint, &self->recv));
	}
	sleep_ms(20);
	EXPECT_EMPTY(self->endpoint);
}

TEST_F(watchdog, set_again_begins_again)
{
	__u64 again;

	TELL(SPINS);
	SET(TIMEOUT, 0);
	sleep_ms(TIMEOUT / 2 / NS_PER_MS);
	again = now_ns();
	SET(3 * TIMEOUT, 0);
	RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
	/* If the first was over by then, this is its message. */
	if (word(self->got, PROXYIPC_WATCHDOG_WORD_TIMEOUT) == TIMEOUT) {
		RESUME();
		RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
	}
	EXPECT_EQ(3 * TIMEOUT, word(self->got, PROXYIPC_WATCHDOG_WORD_TIMEOUT));
	EXPECT_LE(again + 3 * TIMEOUT, word(self->got, PROXYIPC_WATCHDOG_WORD_AT));
}

TEST_F(watchdog, without_a_receiver_holds_nobody_and_counts)
{
	ASSERT_EQ(0, process_set_receiver(self->process, -1));
	TELL(SPINS);
	SET(TIMEOUT, 0);
	EXPECT_TRUE(eventually(process_expiries(self->process) >= 2));
	EXPECT_EQ(0, process_holds(self->process));
	EXPECT_TRUE(counts(&self->target->page->counter[0]));
	/* One that comes later gets the next. */
	ASSERT_EQ(0, process_set_receiver(self->process, self->entry));
	RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
	EXPECT_LE(3ULL, process_expiries(self->process));
}

TEST_F(watchdog, with_a_receiver_that_is_gone_holds_nobody_and_counts)
{
	TELL(SPINS);
	close_fd(&self->endpoint);
	SET(TIMEOUT, 0);
	EXPECT_TRUE(eventually(process_expiries(self->process) >= 2));
	EXPECT_EQ(0, process_holds(self->process));
	EXPECT_TRUE(counts(&self->target->page->counter[0]));
}

/* It would hold who has to resume it. */
TEST_F(watchdog, of_oneself_holds_nobody_and_counts)
{
	struct proxyipc_endpoint_recv recv = {
		.size = sizeof(recv),
		.flags = PROXYIPC_NONBLOCK,
	};
	struct helper other = helper_new();
	int process = process_open(0, 0, 0);
	int nr = helper_give(&other, self->endpoint);

	ASSERT_LE(0, process);
	ASSERT_LE(0, nr);
	/* The one who receives there is taken to be the last who did. */
	ASSERT_EQ(-EAGAIN, helper_do(&other, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
				     sizeof(recv)));
	ASSERT_EQ(0, process_set_receiver(process, self->entry));
	EXPECT_EMPTY(self->endpoint);
	ASSERT_EQ(0, process_set_watchdog(process, TIMEOUT, 0));
	EXPECT_TRUE(eventually(process_expiries(process) >= 2));
	EXPECT_EMPTY(self->endpoint);
	EXPECT_EQ(0, process_keepalive(process));
	close(process);
	helper_kill(&other);
}

TEST_F(watchdog, ends_with_the_target)
{
	SET(TIMEOUT, 0);
	TELL(SPINS);
	RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
	alive_end(self->target);
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &self->recv));
	EXPECT_EQ((__u32)PROXYIPC_KIND_EVENT, self->got->out_kind);
	EXPECT_EQ((__u32)PROXYIPC_EVENT_TARGET_GONE, self->got->out_events);
	EXPECT_EQ(-ESRCH, process_set_watchdog(self->process, TIMEOUT, 0));
	EXPECT_EQ(-ESRCH, process_keepalive(self->process));
	let_time_pass();
	EXPECT_EMPTY(self->endpoint);
	EXPECT_EQ(1ULL, process_expiries(self->process));
}

TEST_F(watchdog, ends_with_the_process_object)
{
	TELL(SPINS);
	SET(TIMEOUT, 0);
	close_fd(&self->process);
	/* One whose time had come, on this loaded machine. */
	while (!endpoint_recv_now(self->endpoint, &self->recv))
		RESUME();
	let_time_pass();
	EXPECT_EMPTY(self->endpoint);
	EXPECT_TRUE(counts(&self->target->page->counter[0]));
}

TEST_F(watchdog, episode_is_ended_by_its_lease_and_another_follows)
{
	int process = process_open(self->target->child.pid, 0, 5 * TIMEOUT);

	ASSERT_LE(0, process);
	ASSERT_EQ(0, process_set_receiver(process, self->entry));
	TELL(SPINS);
	ASSERT_EQ(0, process_set_watchdog(process, TIMEOUT, 0));
	RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &self->recv));
	EXPECT_EQ((__u32)PROXYIPC_KIND_EVENT, self->got->out_kind);
	EXPECT_EQ((__u32)PROXYIPC_EVENT_LEASE_EXPIRED, self->got->out_events);
	RECEIVE(PROXYIPC_WATCHDOG_TIMEOUT);
	RESUME();
	close(process);
}

/* The numbers of its samples are limited, since nothing else limits them. */
TEST_F(watchdog, of_one_user_are_limited_in_number)
{
	int process[64], n, ret = 0;

	for (n = 0; n < 64 && !ret; n++) {
		process[n] = child_open(&self->target->child);
		ASSERT_LE(0, process[n]);
		/* 4000 samples a second, of 100000. */
		ret = process_set_watchdog(process[n], NS_PER_MS, 0);
	}
	EXPECT_EQ(-EDQUOT, ret);
	EXPECT_EQ(26, n);
	EXPECT_EQ(-EDQUOT, process_set_watchdog(process[25], NS_PER_MS, 0));
	/* It costs less, or what it had cost is free again. */
	EXPECT_EQ(0, process_set_watchdog(process[0], NS_PER_MS, 0));
	EXPECT_EQ(0, process_set_watchdog(process[0], LONG, 0));
	EXPECT_EQ(-EDQUOT, process_set_watchdog(process[25], NS_PER_MS, 0));
	close(process[1]);
	EXPECT_TRUE(eventually(!process_set_watchdog(process[25], NS_PER_MS, 0)));
	for (n = 0; n < 26; n++)
		if (n != 1)
			close(process[n]);
}

/*
 * Looking at it
 */

TEST_F(watchdog, shows_in_info)
{
	struct proxyipc_process_info info;

	ASSERT_EQ(0, process_info(self->process, &info));
	EXPECT_EQ(0ULL, info.out_watchdog_timeout);
	EXPECT_EQ(0ULL, info.out_watchdog_pretimeout);
	EXPECT_EQ(0ULL, info.out_watchdog_since);
	EXPECT_EQ(0ULL, info.out_watchdog_expiries);
	SET(LONG, NS_PER_S);
	TELL(SPINS);
	EXPECT_TRUE(eventually(!process_info(self->process, &info) &&
			       info.out_watchdog_since > 50 * NS_PER_MS));
	EXPECT_EQ(LONG, info.out_watchdog_timeout);
	EXPECT_EQ(NS_PER_S, info.out_watchdog_pretimeout);
	TELL(KEEPS_ALIVE);
	EXPECT_TRUE(eventually(!process_info(self->process, &info) &&
			       info.out_watchdog_since < 50 * NS_PER_MS));
}

TEST_F(watchdog, shows_in_fdinfo)
{
	char text[1024];

	ASSERT_EQ(0, proc_fdinfo(self->process, text, sizeof(text)));
	EXPECT_EQ(NULL, proc_field(text, "watchdog"));
	ASSERT_NE(NULL, proc_field(text, "expiries"));
	EXPECT_STREQ("0", proc_field(text, "expiries"));
	SET(LONG, NS_PER_S);
	ASSERT_EQ(0, proc_fdinfo(self->process, text, sizeof(text)));
	ASSERT_NE(NULL, proc_field(text, "watchdog"));
	EXPECT_EQ(0, strncmp("timeout 3600000000 us pretimeout 1000000 us silent for ",
			     proc_field(text, "watchdog"), 55));
}

TEST_HARNESS_MAIN
