// SPDX-License-Identifier: GPL-2.0
/*
 * Races that a hold may not lose: two who hold and resume one target as fast as
 * they can, and a target that goes to sleep and wakes all the time meanwhile. (Two
 * operations at chosen moments: race_sweep_test.c.)
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <pthread.h>

#define HOLDERS	2

/* Holds and resumes @rounds times, on an object of its own. */
struct holder {
	pthread_t thread;
	int process;
	atomic_uint *counter;
	int rounds;
	unsigned int seed;
	int slips;		/* times that the target moved though held */
	int errors;		/* -errno of a command that failed */
};

static void *hold_and_resume(void *arg)
{
	struct holder *h = arg;
	unsigned int before;
	__u64 token;
	int ret;

	for (int i = 0; i < h->rounds && !h->errors; i++) {
		ret = process_hold(h->process, &token);
		if (ret >= 0) {
			before = *h->counter;
			burn(rand_r(&h->seed) % 3000);
			h->slips += *h->counter != before;
			ret = process_resume(h->process, token);
		}
		h->errors = ret;
		burn(rand_r(&h->seed) % 3000);
	}
	return NULL;
}

FIXTURE(race) {
	struct child target;
	atomic_uint *counter;
	struct holder holder[HOLDERS];
};

FIXTURE_SETUP(race)
{
}

FIXTURE_TEARDOWN(race)
{
	child_kill(&self->target);
}

#define START(body) do {						\
	self->target = child_new(body, -1, -1);				\
	ASSERT_LT(0, self->target.pid);					\
	self->counter = &self->target.page->counter[0];			\
	ASSERT_TRUE(counts(self->counter));				\
} while (0)

/* All holders at once, until they are through. */
static int storm(struct holder *holder, struct child *target, int rounds)
{
	for (int i = 0; i < HOLDERS; i++) {
		holder[i] = (struct holder){
			.process = child_open(target),
			.counter = &target->page->counter[0],
			.rounds = rounds,
			.seed = i + 1,
		};
		if (holder[i].process < 0)
			return holder[i].process;
		if (pthread_create(&holder[i].thread, NULL, hold_and_resume,
				   &holder[i]))
			return -EAGAIN;
	}
	for (int i = 0; i < HOLDERS; i++)
		pthread_join(holder[i].thread, NULL);
	return 0;
}

/* Nobody slipped, and the target runs. */
#define EXPECT_NOTHING_LOST() do {					\
	for (int i = 0; i < HOLDERS; i++) {				\
		EXPECT_EQ(0, self->holder[i].errors);			\
		EXPECT_EQ(0, self->holder[i].slips);			\
	}								\
	EXPECT_EQ(0, process_holds(self->holder[0].process));		\
	EXPECT_TRUE(counts(self->counter));				\
} while (0)

TEST_F(race, of_two_holders_loses_no_hold_and_no_wakeup)
{
	START(child_spin);
	ASSERT_EQ(0, storm(self->holder, &self->target, 2000));
	EXPECT_NOTHING_LOST();
}

/* Sleeps once at a time: a wake-up that comes late shows as EINTR. */
static void wait_for_signals(struct child_page *page)
{
	struct timespec timeout = { .tv_nsec = NS_PER_MS };
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	for (;;) {
		if (sigtimedwait(&signals, NULL, &timeout) >= 0 || errno != EAGAIN)
			page->error = errno;
		page->counter[0]++;
	}
}

TEST_F(race, of_resume_and_the_target_s_next_sleep_wakes_it_early_never)
{
	START(wait_for_signals);
	ASSERT_EQ(0, storm(self->holder, &self->target, 1000));
	EXPECT_NOTHING_LOST();
	EXPECT_EQ(0, self->target.page->error);
}

static void sleep_and_run(struct child_page *page)
{
	struct timespec pause = { .tv_nsec = NS_PER_MS / 10 };

	for (;;) {
		if (nanosleep(&pause, NULL))
			page->error = errno;
		for (int i = 0; i < 50; i++)
			page->counter[0]++;
	}
}

TEST_F(race, of_holders_and_a_target_that_sleeps_a_little_loses_nothing)
{
	START(sleep_and_run);
	ASSERT_EQ(0, storm(self->holder, &self->target, 1000));
	EXPECT_NOTHING_LOST();
	EXPECT_EQ(0, self->target.page->error);
}

TEST_HARNESS_MAIN
