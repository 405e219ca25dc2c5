// SPDX-License-Identifier: GPL-2.0
/*
 * From the confirmation of a hold to its end, the target executes no instruction
 * in user mode. It counts, and notes the time, as fast as it can; whoever holds it
 * looks for either to move. What must be right for that depends on what the target
 * was doing when its callback was queued:
 *
 * - in user mode on another CPU: an interrupt has to reach it;
 * - about to be switched to, from another thread of its process, which is a switch
 *   without a full barrier: that it isn't on a CPU must not be believed;
 * - asleep and woken, which is when no interrupt is sent;
 * - on its way from one CPU to another: the interrupt must not go to the wrong one.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#define CPU_OF_TARGET	1

/* Increments of the target between two switches. */
#define TICKS		20

/*
 * Targets
 */

/* page->result is when it was last seen to run. */
static void tick(struct child_page *page)
{
	page->result = now_ns();
	page->counter[0]++;
}

static void start_other_thread(void *(*other)(void *), struct child_page *page)
{
	pthread_t thread;

	page->error = pthread_create(&thread, NULL, other, page);
	page->phase = 1;
}

static void spin(struct child_page *page)
{
	pin_to_cpu(CPU_OF_TARGET);
	page->phase = 1;
	for (;;)
		tick(page);
}

static void *yield_and_count(void *page)
{
	for (;;) {
		((struct child_page *)page)->counter[1]++;
		sched_yield();
	}
	return NULL;
}

/* Two threads on one CPU, each runnable all the time. */
static void take_turns(struct child_page *page)
{
	pin_to_cpu(CPU_OF_TARGET);
	start_other_thread(yield_and_count, page);
	for (;;) {
		for (int i = 0; i < TICKS; i++)
			tick(page);
		sched_yield();
	}
}

static sem_t to_target, to_other;

static void *answer_and_count(void *page)
{
	for (;;) {
		sem_wait(&to_other);
		((struct child_page *)page)->counter[1]++;
		sem_post(&to_target);
	}
	return NULL;
}

/* Two threads on one CPU, one of them asleep until the other wakes it. */
static void wake_each_other(struct child_page *page)
{
	pin_to_cpu(CPU_OF_TARGET);
	start_other_thread(answer_and_count, page);
	for (;;) {
		for (int i = 0; i < TICKS; i++)
			tick(page);
		sem_post(&to_other);
		sem_wait(&to_target);
	}
}

/* Drives the first thread from CPU to CPU. */
static void *drive(void *page)
{
	pid_t target = ((struct child_page *)page)->tid[0];
	cpu_set_t cpus;

	pin_to_cpu(CPU_OF_TARGET);
	for (int cpu = 0; ; cpu = !cpu) {
		CPU_ZERO(&cpus);
		CPU_SET(cpu, &cpus);
		sched_setaffinity(target, sizeof(cpus), &cpus);
		((struct child_page *)page)->counter[1]++;
		burn(1000);
	}
	return NULL;
}

static void migrate(struct child_page *page)
{
	start_other_thread(drive, page);
	for (;;)
		tick(page);
}

FIXTURE(target) {
	struct child child;
	struct child_page *page;
	int process;
	int endpoint, entry, proxy;
	struct helper caller;
	int nr;			/* the caller's number of the proxy entry */
	struct proxyipc_endpoint_recv recv;
	__u64 token;
};

FIXTURE_VARIANT(target) {
	void (*body)(struct child_page *page);
	int cpu_of_holder;
	long holds;
};

FIXTURE_VARIANT_ADD(target, that_spins) {
	.body = spin,
	.cpu_of_holder = !CPU_OF_TARGET,
	.holds = 3000,
};

FIXTURE_VARIANT_ADD(target, taking_turns_with_a_thread) {
	.body = take_turns,
	.cpu_of_holder = !CPU_OF_TARGET,
	.holds = 1500,
};

FIXTURE_VARIANT_ADD(target, taking_turns_with_a_thread_on_the_holder_s_cpu) {
	.body = take_turns,
	.cpu_of_holder = CPU_OF_TARGET,
	.holds = 1000,
};

FIXTURE_VARIANT_ADD(target, woken_by_a_thread) {
	.body = wake_each_other,
	.cpu_of_holder = !CPU_OF_TARGET,
	.holds = 1500,
};

FIXTURE_VARIANT_ADD(target, woken_by_a_thread_on_the_holder_s_cpu) {
	.body = wake_each_other,
	.cpu_of_holder = CPU_OF_TARGET,
	.holds = 1000,
};

FIXTURE_VARIANT_ADD(target, that_migrates) {
	.body = migrate,
	.cpu_of_holder = !CPU_OF_TARGET,
	.holds = 2000,
};

FIXTURE_SETUP(target)
{
	if (count_cpus() < 2)
		SKIP(return, "takes two CPUs");
	self->child = child_new(variant->body, -1, -1);
	ASSERT_LT(0, self->child.pid);
	self->page = self->child.page;
	ASSERT_TRUE(child_reaches(&self->child, 1));
	ASSERT_EQ(0, self->page->error);
	self->process = child_open(&self->child);
	ASSERT_LE(0, self->process);
	self->endpoint = endpoint_new();
	self->entry = entry_new(self->endpoint, 1, RIGHTS_ALL, NOTICES_ALL);
	self->proxy = process_mint(self->process, 2, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_EQ(0, process_set_receiver(self->process, self->entry));
	self->caller = helper_new();
	self->nr = helper_give(&self->caller, self->proxy);
	ASSERT_LE(0, self->nr);
	ASSERT_EQ(0, pin_to_cpu(variant->cpu_of_holder));
}

FIXTURE_TEARDOWN(target)
{
	child_kill(&self->child);
	helper_kill(&self->caller);
}

/*
 * The ways to hold. Each returns >= 0 when the hold is confirmed. (The struct is
 * what FIXTURE_DATA() says; checkpatch takes that for a multiplication.)
 */

static int receive(struct _test_data_target *self)
{
	int ret = endpoint_recv(self->endpoint, &self->recv);

	self->token = self->recv.received.out_token;
	return ret ?: (int)self->recv.received.out_state;
}

static int by_hand(struct _test_data_target *self)
{
	return process_hold(self->process, &self->token);
}

/* They return when it is confirmed; the message is received later. */
static int by_send(struct _test_data_target *self)
{
	return entry_send(self->proxy, 1);
}

static int by_notice(struct _test_data_target *self)
{
	int ret = entry_notify(self->proxy, 1);

	return ret < 0 || ret == PROXYIPC_NOTIFIED_CONFIRMED ? ret : -EPROTO;
}

/* Whoever receives a call knows that it is. */
static int by_call(struct _test_data_target *self)
{
	struct proxyipc_entry_call call = { .size = sizeof(call) };
	int ret = helper_start(&self->caller, self->nr, PROXYIPC_IOC_ENTRY_CALL,
			       &call, sizeof(call));

	return ret ?: receive(self);
}

static int resume_message(struct _test_data_target *self)
{
	int ret = receive(self);

	return ret < 0 ? ret : endpoint_resume(self->endpoint, self->recv.received.out_cap);
}

static int resume_by_token(struct _test_data_target *self)
{
	return process_resume(self->process, self->token);
}

static int resume_call(struct _test_data_target *self)
{
	int ret = endpoint_resume_reply(self->endpoint, self->recv.received.out_cap, 1);

	return ret ?: helper_finish(&self->caller);
}

static const struct {
	int (*hold)(struct _test_data_target *self);
	int (*resume)(struct _test_data_target *self);
} ways[] = {
	{ by_hand, resume_by_token },
	{ by_send, resume_message },
	{ by_hand, resume_by_token },
	{ by_notice, resume_message },
	{ by_hand, resume_by_token },
	{ by_send, resume_message },
	{ by_hand, resume_by_token },
	{ by_call, resume_call },
};

#define WAYS	((int)ARRAY_SIZE(ways))

/* What was seen in all holds of a test. */
struct seen {
	unsigned long running;	/* the target, just before it was held */
	unsigned long parked, armed;
	unsigned int moved;	/* how far, though held */
	long long late;		/* nanoseconds that it ran after the confirmation */
};

/* Gives it time to do what it must not. */
static void wait_a_little(long i)
{
	__u64 until;

	switch (i % 4) {
	case 0:
		burn(3000);
		break;
	case 1:
		for (int yields = 0; yields < 5; yields++)
			sched_yield();
		break;
	case 2:
		for (until = now_ns() + NS_PER_MS / 50; now_ns() < until; )
			;
		break;
	case 3:
		usleep(100);
		break;
	}
}

static bool moves(atomic_uint *counter)
{
	unsigned int before = *counter;

	for (int looks = 0; looks < 1000 && *counter == before; looks++)
		sched_yield();
	return *counter != before || counts(counter);
}

/* It doesn't move; an episode also says since when it may not. */
static void look(struct _test_data_target *self, struct seen *seen, unsigned int before,
		 long i)
{
	struct proxyipc_process_info info;

	for (int looks = 0; looks < 3 && !seen->moved; looks++) {
		wait_a_little(i);
		seen->moved = self->page->counter[0] - before;
	}
	if (process_info(self->process, &info))
		return;
	seen->parked += info.out_state == PROXYIPC_STATE_PARKED;
	seen->armed += info.out_state == PROXYIPC_STATE_ARMED;
	if (info.out_since && self->page->result > (long)info.out_since)
		seen->late = self->page->result - (long)info.out_since;
}

TEST_F(target, executes_no_instruction_while_it_is_held)
{
	long holds = repeat(variant->holds);
	struct seen seen = { .moved = 0 };
	unsigned int before;
	long i;

	for (i = 0; i < holds && !seen.moved && !seen.late; i++) {
		ASSERT_TRUE(moves(&self->page->counter[0]));
		before = self->page->counter[0];
		burn(i * 37 % 1000);
		seen.running += self->page->counter[0] != before;

		ASSERT_LE(0, ways[i % WAYS].hold(self));
		before = self->page->counter[0];
		look(self, &seen, before, i / WAYS);
		ASSERT_EQ(0, ways[i % WAYS].resume(self));
	}
	TH_LOG("%ld holds, %lu of a target that was running; %lu parked soon, %lu not yet",
	       i, seen.running, seen.parked, seen.armed);
	EXPECT_EQ(0U, seen.moved);
	EXPECT_EQ(0, seen.late);
	EXPECT_LT(0UL, seen.parked + seen.armed);
	EXPECT_TRUE(moves(&self->page->counter[0]));
}

TEST_HARNESS_MAIN
