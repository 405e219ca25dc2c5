// SPDX-License-Identifier: GPL-2.0
/* Wake-ups that were lost: somebody slept on though there was something to do. */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>

#define RECEIVERS	2

/* A message that waits for that long though a receiver sleeps is lost. */
#define LOST_MS		(2000U * slowness())

/* Some time passes, and perhaps somebody else gets the processor. */
static void dawdle(unsigned int *seed)
{
	for (int i = rand_r(seed) % 4; i > 0; i--) {
		if (rand_r(seed) % 2)
			sched_yield();
		burn(rand_r(seed) % 1000);
	}
}

/*
 * Two receivers, each of which stays away, busy, with one message until it is
 * released: the other one must get the other message.
 */
struct receivers {
	int endpoint;
	atomic_int cpu;			/* where they run, -1 for anywhere */
	atomic_bool stop;
	atomic_uint round;		/* released from the messages of those before */
	atomic_uint received;		/* messages, of both */
	atomic_int error;
	atomic_int tid[RECEIVERS];
	struct proxyipc_received last[RECEIVERS];
	pthread_t thread[RECEIVERS];
};

struct receiver_arg {
	struct receivers *all;
	int nr;
};

static void *receive_and_stay_away(void *arg)
{
	int nr = ((struct receiver_arg *)arg)->nr;
	struct receivers *r = ((struct receiver_arg *)arg)->all;
	struct proxyipc_endpoint_recv recv = {};
	unsigned int seed = nr + 1, round;
	int ret;

	if (r->cpu >= 0)
		pin_to_cpu(r->cpu);
	r->tid[nr] = gettid();
	for (round = 0; !r->stop; round++) {
		dawdle(&seed);
		ret = endpoint_recv(r->endpoint, &recv);
		if (ret) {
			r->error = ret;
			break;
		}
		r->last[nr] = recv.received;
		r->received++;
		while (r->round <= round && !r->stop)
			sched_yield();
	}
	return NULL;
}

static int receivers_start(struct receivers *r, struct receiver_arg *arg)
{
	for (int i = 0; i < RECEIVERS; i++) {
		arg[i] = (struct receiver_arg){ .all = r, .nr = i };
		if (pthread_create(&r->thread[i], NULL, receive_and_stay_away, &arg[i]))
			return -EAGAIN;
	}
	return 0;
}

static void receivers_end(struct receivers *r)
{
	for (int i = 0; i < RECEIVERS; i++)
		pthread_join(r->thread[i], NULL);
}

static bool both_asleep(struct receivers *r)
{
	for (int i = 0; i < RECEIVERS; i++)
		if (!r->tid[i] || !proc_asleep_in_ioctl(r->tid[i], r->endpoint,
							PROXYIPC_IOC_ENDPOINT_RECV))
			return false;
	return true;
}

static bool received_in_time(struct receivers *r, unsigned int messages)
{
	__u64 end = deadline_ms(LOST_MS);

	while (r->received < messages && now_ns() < end)
		sched_yield();
	return r->received >= messages;
}

FIXTURE(wakeup) {
	struct receivers r;
	struct receiver_arg arg[RECEIVERS];
	int entry;
	struct child target;	/* of episodes: counts */
	int process;
	int proxy;
};

FIXTURE_SETUP(wakeup)
{
	self->r = (struct receivers){
		.endpoint = endpoint_new(),
		.cpu = -1,
	};
	ASSERT_LE(0, self->r.endpoint);
	self->entry = entry_new(self->r.endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->entry);
	self->process = -1;
	self->proxy = -1;
}

FIXTURE_TEARDOWN(wakeup)
{
	child_kill(&self->target);
}

#define START_TARGET(lease) do {					\
	self->target = child_new(child_spin, -1, -1);			\
	ASSERT_LT(0, self->target.pid);					\
	self->process = process_open(self->target.pid, 0, lease);	\
	ASSERT_LE(0, self->process);					\
	ASSERT_EQ(0, process_set_receiver(self->process, self->entry));	\
	self->proxy = process_mint(self->process, 0, RIGHTS_ALL, NOTICES_ALL); \
	ASSERT_LE(0, self->proxy);					\
} while (0)

/*
 * A receiver that found its message without having slept was still in the queue of
 * sleepers; the wake-up for the next message hit it, and the other one slept on.
 */
TEST_F(wakeup, of_two_messages_reaches_two_receivers)
{
	__u64 end = now_ns() + 5 * NS_PER_S;
	unsigned int seed = 3, round = 0;
	bool in_time;

	ASSERT_EQ(0, receivers_start(&self->r, self->arg));
	do {
		dawdle(&seed);
		ASSERT_EQ(0, entry_send(self->entry, 1));
		dawdle(&seed);
		ASSERT_EQ(0, entry_send(self->entry, 2));
		round++;
		in_time = received_in_time(&self->r, round * RECEIVERS);
		EXPECT_TRUE(in_time) TH_LOG("in round %u", round);
		self->r.stop = now_ns() > end || !in_time;
		self->r.round = round;
	} while (!self->r.stop);
	/* Who went to sleep again before it saw that. */
	for (int i = 0; i < RECEIVERS; i++)
		entry_send(self->entry, 3);
	receivers_end(&self->r);
	EXPECT_EQ(0, self->r.error);
	TH_LOG("%u rounds", round);
}

/* Keeps everybody else from a processor, while it runs. */
struct hog {
	pthread_t thread;
	int cpu;
	atomic_bool stop;
};

static void *keep_the_cpu(void *arg)
{
	struct hog *hog = arg;

	pin_to_cpu(hog->cpu);
	while (!hog->stop)
		;
	return NULL;
}

static int hog_start(struct hog *hog, int cpu)
{
	struct sched_param param = { .sched_priority = 1 };

	hog->cpu = cpu;
	hog->stop = false;
	return -pthread_create(&hog->thread, NULL, keep_the_cpu, hog) ?:
	       -pthread_setschedparam(hog->thread, SCHED_FIFO, &param);
}

static void hog_end(struct hog *hog)
{
	hog->stop = true;
	pthread_join(hog->thread, NULL);
}

/*
 * An event, and the message of the next episode behind it, are one node in the
 * queue and made one wake-up: who took the event left the other receiver asleep.
 * Both come while the receivers have no processor.
 */
TEST_F(wakeup, of_an_event_with_a_message_behind_it_reaches_two_receivers)
{
	struct proxyipc_process_info info = {};
	struct proxyipc_endpoint_recv recv = {};
	unsigned int kinds = 0;
	struct hog hog;
	bool in_time;

	ASSERT_LE(2, count_cpus());
	ASSERT_EQ(0, pin_to_cpu(0));
	START_TARGET(2 * NS_PER_S);
	ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(self->proxy, 1));
	ASSERT_EQ(0, endpoint_recv(self->r.endpoint, &recv));
	self->r.cpu = 1;
	ASSERT_EQ(0, receivers_start(&self->r, self->arg));
	ASSERT_TRUE(eventually(both_asleep(&self->r)));
	ASSERT_EQ(PROXYIPC_NOTIFIED_PENDING, entry_notify(self->proxy, 2));
	ASSERT_EQ(0, process_info(self->process, &info));
	ASSERT_EQ(PROXYIPC_EPISODE_RECEIVED, info.out_episode);

	while (now_ns() + 20 * NS_PER_MS < info.out_lease_end)
		sleep_ms(1);
	ASSERT_EQ(0, hog_start(&hog, 1));
	EXPECT_TRUE(wait_for_episode(self->process, PROXYIPC_EPISODE_DELIVERED));
	hog_end(&hog);
	in_time = received_in_time(&self->r, RECEIVERS);
	EXPECT_TRUE(in_time);
	self->r.stop = true;
	for (int i = 0; i < RECEIVERS; i++)
		entry_send(self->entry, 3);
	receivers_end(&self->r);

	EXPECT_EQ(0, self->r.error);
	for (int i = 0; i < RECEIVERS; i++)
		kinds |= 1U << self->r.last[i].out_kind;
	EXPECT_EQ(1U << PROXYIPC_KIND_EVENT | 1U << PROXYIPC_KIND_NOTICE, kinds);
}

/* Nobody was woken when the rest after a lease ended: poll() slept to its end. */
TEST_F(wakeup, of_poll_follows_the_rest_after_a_lease)
{
	struct pollfd poller = { .events = POLLOUT };
	__u64 start = now_ns();

	START_TARGET(200 * NS_PER_MS);
	ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(self->proxy, 1));
	poller.fd = self->proxy;
	EXPECT_EQ(0, poll(&poller, 1, 0));
	EXPECT_EQ(1, poll(&poller, 1, PATIENCE_MS));
	EXPECT_EQ(POLLOUT, poller.revents);
	EXPECT_GT(PATIENCE_MS / 3 * NS_PER_MS, now_ns() - start);
}

TEST_HARNESS_MAIN
