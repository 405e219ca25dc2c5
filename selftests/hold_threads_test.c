// SPDX-License-Identifier: GPL-2.0
/* HOLD of one thread of several: it stands still, and nothing else does. */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>

FIXTURE(threads) {
	struct child target;	/* a process with two threads */
	int process[2];		/* one object each */
};

FIXTURE_SETUP(threads)
{
	self->process[0] = -1;
	self->process[1] = -1;
}

FIXTURE_TEARDOWN(threads)
{
	close_fd(&self->process[0]);
	close_fd(&self->process[1]);
	child_kill(&self->target);
}

#define COUNTER(nr)	(&self->target.page->counter[nr])

#define START(body) do {						\
	self->target = child_new(body, -1, -1);				\
	ASSERT_LT(0, self->target.pid);					\
	ASSERT_TRUE(eventually(self->target.page->tid[1]));		\
	for (int i = 0; i < 2; i++) {					\
		self->process[i] = process_open(self->target.pid,	\
				self->target.page->tid[i], 0);		\
		ASSERT_LE(0, self->process[i]);				\
	}								\
} while (0)

static void *count_second(void *arg)
{
	struct child_page *page = arg;

	page->tid[1] = syscall(SYS_gettid);
	for (;;)
		page->counter[1]++;
	return NULL;
}

static void count_both(struct child_page *page)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, count_second, page))
		return;
	for (;;)
		page->counter[0]++;
}

TEST_F(threads, only_the_target_stands_still)
{
	__u64 token = 0;

	START(count_both);
	for (int i = 0; i < 2; i++) {
		ASSERT_TRUE(held_state(process_hold(self->process[i], &token)));
		EXPECT_TRUE(counts(COUNTER(!i)));
		EXPECT_TRUE(stands_still(COUNTER(i)));
		EXPECT_EQ(0, process_holds(self->process[!i]));
		EXPECT_EQ(0, process_resume(self->process[i], token));
		EXPECT_TRUE(counts(COUNTER(i)));
	}
}

TEST_F(threads, are_held_independently)
{
	__u64 token[2] = {};

	START(count_both);
	ASSERT_TRUE(held_state(process_hold(self->process[0], &token[0])));
	ASSERT_TRUE(held_state(process_hold(self->process[1], &token[1])));
	EXPECT_EQ(1, process_holds(self->process[0]));
	EXPECT_EQ(1, process_holds(self->process[1]));
	EXPECT_TRUE(stands_still(COUNTER(0)));
	EXPECT_TRUE(stands_still(COUNTER(1)));
	EXPECT_EQ(-ESTALE, process_resume(self->process[0], token[1]));
	EXPECT_EQ(0, process_resume(self->process[0], token[0]));
	EXPECT_TRUE(counts(COUNTER(0)));
	EXPECT_TRUE(stands_still(COUNTER(1)));
	EXPECT_EQ(0, process_resume(self->process[1], token[1]));
	EXPECT_TRUE(counts(COUNTER(1)));
}

TEST_F(threads, info_names_the_thread)
{
	struct proxyipc_process_info info = {};

	START(count_both);
	ASSERT_EQ(0, process_info(self->process[1], &info));
	EXPECT_EQ(self->target.pid, info.out_tgid);
	EXPECT_EQ(self->target.page->tid[1], info.out_tid);
	EXPECT_NE(info.out_tgid, info.out_tid);
}

/*
 * Two threads of one process on one CPU, of which one runs when the other
 * sleeps: there is no full barrier in that switch, so a holder that leaves the
 * interrupt out because the target isn't on the CPU can be too early (E8).
 */
static int ping[2], pong[2];
static int shared_cpu;

static void hit(struct child_page *page, int i, int from, int to)
{
	char ball;

	pin_to_cpu(shared_cpu);
	page->tid[i] = syscall(SYS_gettid);
	while (read(from, &ball, 1) == 1) {
		for (int j = 0; j < 8; j++)
			page->counter[i]++;
		if (write(to, &ball, 1) != 1)
			break;
	}
}

static void *hit_second(void *arg)
{
	hit(arg, 1, ping[0], pong[1]);
	return NULL;
}

static void play(struct child_page *page)
{
	pthread_t thread;

	if (pipe(ping) || pipe(pong) || write(pong[1], "o", 1) != 1)
		return;
	if (pthread_create(&thread, NULL, hit_second, page))
		return;
	hit(page, 0, pong[0], ping[1]);
}

TEST_F(threads, that_take_turns_on_one_cpu_stand_still_at_once)
{
	int cpus = count_cpus();

	shared_cpu = cpus - 1;
	ASSERT_EQ(0, pin_to_cpu(0));
	START(play);
	ASSERT_TRUE(counts(COUNTER(0)));
	for (int i = 0; i < 1000; i++) {
		burn(i * 37 % 5000);
		ASSERT_TRUE(hold_and_look(self->process[i % 2],
					  COUNTER(i % 2)))
			TH_LOG("in round %d", i);
	}
	EXPECT_TRUE(counts(COUNTER(0)));
	EXPECT_TRUE(counts(COUNTER(1)));
}

/*
 * A thread that ends, in a process that goes on
 */

static void *end_when_told(void *arg)
{
	struct child_page *page = arg;

	page->tid[1] = syscall(SYS_gettid);
	await_go(page, 1);
	return NULL;
}

static void outlive_second(struct child_page *page)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, end_when_told, page))
		return;
	for (;;)
		page->counter[0]++;
}

TEST_F(threads, that_ended_are_gone_though_the_process_lives)
{
	__u64 token = 0;

	START(outlive_second);
	child_go(&self->target, 1);
	EXPECT_TRUE(wait_for_state(self->process[1], PROXYIPC_STATE_GONE));
	EXPECT_EQ(-ESRCH, process_hold(self->process[1], &token));
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, process_state(self->process[0]));
	EXPECT_TRUE(counts(COUNTER(0)));
}

/*
 * In the test's own process
 */

static atomic_uint own_counter;
static atomic_int own_tid;

static void *count_in_test(void *arg)
{
	(void)arg;
	own_tid = syscall(SYS_gettid);
	for (;;)
		own_counter++;
	return NULL;
}

TEST_F(threads, of_ones_own_process_may_be_held)
{
	pthread_t thread;
	__u64 token = 0;

	ASSERT_EQ(0, pthread_create(&thread, NULL, count_in_test, NULL));
	ASSERT_TRUE(eventually(own_tid));
	self->process[0] = process_open(0, own_tid, 0);
	ASSERT_LE(0, self->process[0]);
	ASSERT_TRUE(held_state(process_hold(self->process[0], &token)));
	EXPECT_TRUE(stands_still(&own_counter));
	EXPECT_EQ(0, process_resume(self->process[0], token));
	EXPECT_TRUE(counts(&own_counter));
}

TEST_HARNESS_MAIN
