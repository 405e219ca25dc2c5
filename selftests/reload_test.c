// SPDX-License-Identifier: GPL-2.0
/*
 * The module is removed and loaded again while programs use it as fast as they
 * can: it is in use or it is gone, and comes back each time. What it must not do
 * is go while some of its code is still to run, in a target that is parked, asleep
 * with our callback queued, or exiting.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"
#include "module.h"

#include <pthread.h>
#include <sys/syscall.h>

#define ROUNDS		200

/* Refusals in a round before the workers are made to pause. */
#define PATIENT_FOR	20

/* What workers are told, in page->go. */
#define WORK		1
#define PAUSE		2

/*
 * Workers. A turn begins with an open device and ends with nothing of ours open.
 * While it is open the module can't go: nothing in a turn may fail.
 *
 * page->counter[0]: turns; [1]: opens that found no module. page->error: of a
 * command that failed, page->phase: in which line.
 */

#define TRY(expression) ({						\
	int ret_ = (expression);					\
									\
	if (ret_ < 0) {							\
		page->phase = __LINE__;					\
		return ret_;						\
	}								\
	ret_;								\
})

/* Receives a call and answers it, in a thread of its own. */
struct server {
	pthread_t thread;
	int endpoint;
	int result;
};

static void *serve_once(void *arg)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct server *server = arg;
	__u64 cap;

	server->result = endpoint_recv(server->endpoint, &recv);
	cap = recv.received.out_cap;
	if (server->result)
		return NULL;
	if (recv.received.out_flags & PROXYIPC_RECEIVED_PROXIED)
		server->result = endpoint_resume_reply(server->endpoint, cap, 1);
	else
		server->result = endpoint_reply(server->endpoint, cap, 1);
	return NULL;
}

/* Calls @entry, which leads to @endpoint. */
static int call_once(int entry, int endpoint)
{
	struct server server = { .endpoint = endpoint };
	int ret;

	if (pthread_create(&server.thread, NULL, serve_once, &server))
		return -EAGAIN;
	ret = entry_call_until(entry, 1, deadline_ms(PATIENCE_MS));
	pthread_join(server.thread, NULL);
	return ret ?: server.result;
}

/* Messages of all kinds. */
static int use_endpoint(struct child_page *page, struct child *target)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int endpoint = TRY(endpoint_new());
	int entry = TRY(entry_new(endpoint, 1, RIGHTS_ALL, NOTICES_ALL));

	TRY(entry_send_now(entry, 1));
	TRY(endpoint_recv_now(endpoint, &recv));
	TRY(entry_notify(entry, 1));
	TRY(endpoint_recv_now(endpoint, &recv));
	return TRY(call_once(entry, endpoint));
}

/* Holds by hand and by a call; the last one ends by the close, parked. */
static int use_running_target(struct child_page *page, struct child *target)
{
	int endpoint = TRY(endpoint_new());
	int entry = TRY(entry_new(endpoint, 1, RIGHTS_ALL, NOTICES_ALL));
	int process = TRY(child_open(target));
	int proxy = TRY(process_mint(process, 2, RIGHTS_ALL, NOTICES_ALL));
	__u64 token;

	TRY(process_hold(process, &token));
	TRY(process_resume(process, token));
	TRY(process_set_receiver(process, entry));
	TRY(call_once(proxy, endpoint));
	TRY(process_hold(process, &token));
	if (page->counter[0] % 2)
		wait_for_state(process, PROXYIPC_STATE_PARKED);
	return 0;
}

/* Held in its sleep: our callback is queued when everything is closed. */
static int use_sleeping_target(struct child_page *page, struct child *target)
{
	int process = TRY(child_open(target));
	__u64 token;

	TRY(process_hold(process, &token));
	return 0;
}

static void count_and_go(struct child_page *page)
{
	page->phase = 1;
	while (!page->go)
		page->counter[0]++;
}

/* It exits, or is killed, held or not; the descriptors are closed before. */
static int use_ending_target(struct child_page *page, struct child *target)
{
	int process, ret;
	__u64 token;

	if (!target->page)
		target->page = child_page_new();
	target->page->go = 0;
	*target = child_start(count_and_go, target->page);
	TRY(target->pid);
	process = TRY(child_open(target));
	target->page->go = 1;
	ret = process_hold(process, &token);
	if (ret != -ESRCH)
		TRY(ret);
	if (page->counter[0] % 2)
		kill(target->pid, SIGKILL);
	syscall(SYS_close_range, 3U, ~0U, 0U);
	return TRY(child_ends(target));
}

static void run_and_sleep(struct child_page *page)
{
	for (;;) {
		burn(10000);
		page->counter[0]++;
		usleep(100);
	}
}

static void sleep_long(struct child_page *page)
{
	for (;;) {
		usleep(3000);
		page->counter[0]++;
	}
}

static const struct job {
	int (*use)(struct child_page *page, struct child *target);
	void (*target)(struct child_page *page);
} jobs[] = {
	{ use_endpoint, NULL },
	{ use_running_target, run_and_sleep },
	{ use_sleeping_target, sleep_long },
	{ use_ending_target, NULL },
};

#define JOBS	((int)ARRAY_SIZE(jobs))

/* For the bodies, which get a copy with the fork. */
static const struct job *next_job;

/* The ways to say that there is no module, or that it is just coming or going. */
static bool is_away(int error)
{
	return error == -ENOENT || error == -ENODEV || error == -ENXIO;
}

/* Idle between turns for up to twice as long as one took: gone is gone for all. */
static void rest(__u64 turn, unsigned int *seed)
{
	usleep((turn / 1000 + 100) * 2 * (rand_r(seed) % 1000) / 1000);
}

static void work(struct child_page *page)
{
	struct child target = { .pid = 0 };
	unsigned int seed = getpid();
	__u64 start;

	if (next_job->target)
		target = child_new(next_job->target, -1, -1);
	for (;;) {
		start = now_ns();
		page->error = device_open();
		if (page->error >= 0) {
			page->error = next_job->use(page, &target);
			syscall(SYS_close_range, 3U, ~0U, 0U);
			page->counter[0] += page->error >= 0;
		} else if (is_away(page->error)) {
			page->error = 0;
			page->counter[1]++;
			sleep_ms(1);
		}
		if (page->error < 0)
			return;
		rest(now_ns() - start, &seed);
		while (page->go == PAUSE)
			sleep_ms(1);
	}
}

/*
 * The test
 */

FIXTURE(reload) {
	char parameters[512];
	struct child workers[JOBS];
	unsigned long refused;		/* removals */
	unsigned long removed_at_work;	/* while nobody had been told to pause */
};

FIXTURE_SETUP(reload)
{
	ASSERT_TRUE(module_is_loaded());
	if (access(module_file(), R_OK))
		SKIP(return, "no %s to load it again from", module_file());
	module_parameters(self->parameters, sizeof(self->parameters));
	for (int i = 0; i < JOBS; i++) {
		next_job = &jobs[i];
		self->workers[i] = child_new(work, -1, -1);
		ASSERT_LT(0, self->workers[i].pid);
	}
}

FIXTURE_TEARDOWN(reload)
{
	for (int i = 0; i < JOBS; i++)
		child_kill(&self->workers[i]);
	if (!module_is_loaded())
		module_load(self->parameters);
}

/* FIXTURE_DATA(), in words that checkpatch doesn't take for a multiplication. */
static void tell_all(struct _test_data_reload *self, int what)
{
	for (int i = 0; i < JOBS; i++)
		self->workers[i].page->go = what;
}

/* Until it isn't refused: 0, or what else went wrong. */
static int remove_in_the_end(struct _test_data_reload *self, unsigned int *seed)
{
	__u64 until = deadline_ms(3 * PATIENCE_MS);
	int ret, refused = 0;

	while ((ret = module_remove()) == -EWOULDBLOCK && now_ns() < until) {
		self->refused++;
		if (++refused == PATIENT_FOR)
			tell_all(self, PAUSE);
		usleep(rand_r(seed) % 2000);
	}
	self->removed_at_work += !ret && refused < PATIENT_FOR;
	return ret;
}

TEST_F(reload, succeeds_or_is_refused_while_the_module_is_used)
{
	unsigned long away = 0, turns = 0;
	struct child_page *page;
	long rounds = repeat(ROUNDS);
	unsigned int seed = 1;

	for (long i = 0; i < rounds; i++) {
		ASSERT_EQ(0, remove_in_the_end(self, &seed)) TH_LOG("round %ld", i);
		ASSERT_FALSE(module_is_loaded());
		tell_all(self, WORK);
		if (i % 2)
			usleep(rand_r(&seed) % 5000);
		ASSERT_EQ(0, module_load(self->parameters)) TH_LOG("round %ld", i);
		usleep(rand_r(&seed) % 10000);
	}
	for (int i = 0; i < JOBS; i++) {
		page = self->workers[i].page;
		EXPECT_LE(0, page->error) TH_LOG("worker %d, line %d", i, page->phase);
		EXPECT_TRUE(counts(&page->counter[0]));
		turns += page->counter[0];
		away += page->counter[1];
	}
	TH_LOG("%ld removals, %lu of them with nobody told to pause; %lu refused",
	       rounds, self->removed_at_work, self->refused);
	TH_LOG("%lu turns of work, %lu found no module", turns, away);
	EXPECT_LT(0UL, self->removed_at_work);
	EXPECT_LT(0UL, self->refused);
	EXPECT_LT(0UL, away);
}

TEST_HARNESS_MAIN
