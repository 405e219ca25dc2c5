// SPDX-License-Identifier: GPL-2.0
/*
 * How late is the watchdog? The target knows between which two moments it kept
 * alive last, and the message says when the watchdog found out. A plain timer of
 * the same boot, with the same delay, is printed beside it: the time at which who
 * waits for it is back in user mode.
 *
 * Where the machine counts instructions (PROXYIPC_EXACT) time is that of the
 * guest alone, and so is the lateness: at most the interval from one sample to
 * the next and 100 us. Elsewhere only what it may never be is a failure: early.
 */
#include "proxyipc_test.h"
#include "alive.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/timerfd.h>

#define BESIDE_INTERVAL	(100 * 1000ULL)	/* what an interrupt may take */

struct figures {
	unsigned long long n, least, most, sum;
};

static void add(struct figures *f, __u64 value)
{
	if (!f->n || value < f->least)
		f->least = value;
	if (value > f->most)
		f->most = value;
	f->sum += value;
	f->n++;
}

static bool time_is_exact(void)
{
	const char *exact = getenv("PROXYIPC_EXACT");

	return exact && *exact;
}

FIXTURE(lateness) {
	struct alive *target;
	int process;
	int endpoint;
};

FIXTURE_VARIANT(lateness) {
	__u64 timeout;
	int rounds;
};

FIXTURE_VARIANT_ADD(lateness, of_1_ms) { .timeout = NS_PER_MS, .rounds = 100 };
FIXTURE_VARIANT_ADD(lateness, of_3_ms) { .timeout = 3 * NS_PER_MS, .rounds = 100 };
FIXTURE_VARIANT_ADD(lateness, of_20_ms) { .timeout = 20 * NS_PER_MS, .rounds = 50 };
FIXTURE_VARIANT_ADD(lateness, of_250_ms) { .timeout = 250 * NS_PER_MS, .rounds = 10 };

FIXTURE_SETUP(lateness)
{
	struct sched_param first = { .sched_priority = 1 };
	int entry;

	/* Before the target in line; it spins. */
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first));
	self->target = alive_new();
	ASSERT_NE(NULL, self->target);
	self->process = child_open(&self->target->child);
	self->endpoint = endpoint_new();
	entry = entry_new(self->endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_EQ(0, process_set_receiver(self->process, entry));
	close(entry);
}

FIXTURE_TEARDOWN(lateness)
{
	alive_end(self->target);
}

/* How long after its time who waits for a timer runs. */
static __u64 plain_lateness(__u64 delay)
{
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	__u64 at = now_ns() + delay, ticks, now;
	struct itimerspec when = {
		.it_value.tv_sec = at / NS_PER_S,
		.it_value.tv_nsec = at % NS_PER_S,
	};

	timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
	if (read(timer, &ticks, sizeof(ticks)) != sizeof(ticks))
		ticks = 0;
	now = now_ns();
	close(timer);
	return now - at;
}

static __u64 interval_of(int process, __u64 timeout)
{
	struct proxyipc_process_set_watchdog set = {
		.size = sizeof(set),
		.timeout = timeout,
	};

	return command(process, PROXYIPC_IOC_PROCESS_SET_WATCHDOG, &set) ? 0 :
	       set.out_interval;
}

static void show(struct __test_metadata *_metadata, const char *what,
		 const struct figures *f)
{
	TH_LOG("%-9s %4llu times: %7llu to %7llu ns late, %7llu on average", what,
	       f->n, f->least, f->most, f->sum / f->n);
}

TEST_F(lateness, is_one_interval_at_most)
{
	struct figures watchdog = {}, plain = {};
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	__u64 interval = 0, set, begin, at;
	int i;

	for (i = 0; i < repeat(variant->rounds); i++) {
		ASSERT_TRUE(alive_told(self->target, KEEPS_ALIVE));
		interval = interval_of(self->process, variant->timeout);
		ASSERT_NE(0ULL, interval);
		set = now_ns();
		/* At another phase each time: a prime number of microseconds more. */
		plain_lateness(NS_PER_MS + i * 37 * 1000 % interval);
		alive_tell(self->target, SPINS);
		ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
		at = recv.received.out_words[PROXYIPC_WATCHDOG_WORD_AT];
		/* Not early, ever; unless it was alive once more before it was held. */
		ASSERT_TRUE(self->target->after > at ||
			    self->target->before + variant->timeout <= at);
		/* It may not have had a turn since the watchdog was set. */
		begin = set > self->target->after ? set : self->target->after;
		if (time_is_exact()) {
			EXPECT_LE(at, begin + variant->timeout + interval +
				      BESIDE_INTERVAL);
		}
		begin += variant->timeout;
		add(&watchdog, at > begin ? at - begin : 0);
		add(&plain, plain_lateness(variant->timeout));
		ASSERT_EQ(0, process_set_watchdog(self->process, 0, 0));
		ASSERT_EQ(0, endpoint_resume(self->endpoint, recv.received.out_cap));
	}
	TH_LOG("timeout %llu us, a sample every %llu us%s", variant->timeout / 1000,
	       interval / 1000, time_is_exact() ? "" : "; time isn't exact here");
	show(_metadata, "watchdog", &watchdog);
	show(_metadata, "timer", &plain);
}

TEST_HARNESS_MAIN
