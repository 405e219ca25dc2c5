// SPDX-License-Identifier: GPL-2.0
/*
 * Who may be what: a target that invokes its own proxy entry, a thread that
 * handles for another of its process, several supervisors of one target, the
 * receiver that holds by hand, and the roles that would wait for themselves.
 */
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proxyipc_test.h"
#include "proxy_stage.h"

FIXTURE(roles) {
	struct proxy_stage s;
};

FIXTURE_SETUP(roles)
{
	ASSERT_EQ(0, proxy_stage_open(&self->s));
}

FIXTURE_TEARDOWN(roles)
{
	proxy_stage_close(&self->s);
}

/*
 * The alternative of the original discussion: a plain entry to the receiver,
 * which holds the target by hand
 */

TEST_F(roles, receiver_of_a_plain_entry_may_hold_and_resume_by_hand)
{
	struct proxy_stage *s = &self->s;
	int nr = helper_give(&s->h, s->entry);
	struct proxyipc_received got;
	__u64 token;

	ASSERT_LE(0, nr);
	ASSERT_EQ(0, helper_call(&s->h, nr, 1));
	got = receive(s->endpoint);
	EXPECT_EQ(0U, got.out_flags);
	EXPECT_EQ(0ULL, got.out_token);
	/* Until here the target ran: that is what the proxy entry avoids. */
	EXPECT_TRUE(target_counts(&s->t));
	ASSERT_TRUE(held_state(process_hold(s->t.process, &token)));
	EXPECT_NE(0ULL, token);
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, endpoint_reply(s->endpoint, got.out_cap, 2));
	EXPECT_EQ(0, helper_finish(&s->h));
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, process_resume(s->t.process, token));
	EXPECT_TRUE(runs_free(s));
}

TEST_F(roles, hold_by_hand_and_episode_are_two_holds)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got;
	__u64 token;

	ASSERT_TRUE(held_state(process_hold(s->t.process, &token)));
	got = proxied_send(s, 1);
	EXPECT_NE(token, got.out_token);
	EXPECT_EQ(2, process_holds(s->t.process));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_EQ(1, process_holds(s->t.process));
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, process_resume(s->t.process, token));
	EXPECT_TRUE(runs_free(s));
	/* And the other way round. */
	got = proxied_send(s, 1);
	ASSERT_TRUE(held_state(process_hold(s->t.process, &token)));
	EXPECT_EQ(0, process_resume(s->t.process, token));
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_TRUE(runs_free(s));
}

/* RESUME_REPLY is for episodes. */
TEST_F(roles, hold_by_hand_cannot_be_resumed_with_an_answer)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_process_resume resume = {
		.size = sizeof(resume),
		.flags = PROXYIPC_RESUME_REPLY,
	};
	__u64 token;

	ASSERT_TRUE(held_state(process_hold(s->t.process, &token)));
	resume.token = token;
	EXPECT_EQ(-EINVAL, command(s->t.process, PROXYIPC_IOC_PROCESS_RESUME,
				   &resume));
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(0, process_resume(s->t.process, token));
}

/*
 * Several supervisors of one target
 */

TEST_F(roles, target_runs_when_no_process_object_holds_it)
{
	struct proxy_stage *s = &self->s;
	int other = process_open(s->t.h.pid, 0, 0);
	int endpoint = endpoint_new();
	int entry = entry_new(endpoint, 0, RIGHTS_ALL, 0);
	int proxy = process_mint(other, 0, RIGHTS_ALL, 0);
	struct proxyipc_received mine, theirs;

	ASSERT_EQ(0, process_set_receiver(other, entry));
	/* They don't wait for one another: each has its own episode. */
	mine = proxied_send(s, 1);
	ASSERT_EQ(0, entry_send_now(proxy, 2));
	theirs = receive(endpoint);
	EXPECT_EQ(2ULL, theirs.out_words[0]);
	EXPECT_EQ(2, process_holds(s->t.process));
	EXPECT_EQ(PROXYIPC_EPISODE_RECEIVED, process_episode(other));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, mine.out_cap));
	EXPECT_TRUE(stands_held(s));
	EXPECT_EQ(PROXYIPC_EPISODE_NONE, process_episode(s->t.process));
	EXPECT_EQ(0, endpoint_resume(endpoint, theirs.out_cap));
	EXPECT_TRUE(runs_free(s));
	close(proxy);
	close(entry);
	close(endpoint);
	close(other);
}

TEST_F(roles, each_supervisor_is_told_of_the_targets_end)
{
	struct proxy_stage *s = &self->s;
	int other = process_open(s->t.h.pid, 0, 0);
	int endpoint = endpoint_new();
	int entry = entry_new(endpoint, 0x77, RIGHTS_ALL, 0);
	struct proxyipc_received got;

	ASSERT_EQ(0, process_set_receiver(other, entry));
	ASSERT_EQ(0, target_kill(&s->t));
	got = receive(s->endpoint);
	EXPECT_EQ((__u32)PROXYIPC_EVENT_TARGET_GONE, got.out_events);
	EXPECT_EQ(RECEIVER_PAYLOAD, got.out_payload);
	got = receive(endpoint);
	EXPECT_EQ((__u32)PROXYIPC_EVENT_TARGET_GONE, got.out_events);
	EXPECT_EQ(0x77ULL, got.out_payload);
	close(entry);
	close(endpoint);
	close(other);
}

/* Who has the episode, and who would have had the next one. */
TEST_F(roles, old_and_new_receiver_are_both_told_of_the_targets_end)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_received got = proxied_send(s, 1), told;
	int endpoint = endpoint_new();
	int entry = entry_new(endpoint, 0x77, RIGHTS_ALL, 0);

	ASSERT_NE(0ULL, got.out_cap);
	ASSERT_EQ(0, process_set_receiver(s->t.process, entry));
	ASSERT_EQ(0, target_kill(&s->t));
	told = receive(s->endpoint);
	EXPECT_EQ((__u32)PROXYIPC_EVENT_TARGET_GONE, told.out_events);
	EXPECT_EQ(got.out_token, told.out_token);
	told = receive(endpoint);
	EXPECT_EQ((__u32)PROXYIPC_EVENT_TARGET_GONE, told.out_events);
	EXPECT_EQ(0x77ULL, told.out_payload);
	EXPECT_EMPTY(s->endpoint);
	EXPECT_EMPTY(endpoint);
	close(entry);
	close(endpoint);
}

/*
 * A target that invokes its own proxy entry
 */

/* An idle target with its own proxy entry; its receiver is the stage's. */
struct caller_target {
	struct target t;
	int nr;			/* its own number of its proxy entry */
};

static struct caller_target caller_target(struct proxy_stage *s)
{
	struct caller_target c = { .t = target_idle() };
	int proxy = process_mint(c.t.process, 8, RIGHTS_ALL, NOTICES_ALL);

	c.nr = helper_give(&c.t.h, proxy);
	close_fd(&proxy);
	if (process_set_receiver(c.t.process, s->entry))
		c.nr = -ENODEV;
	return c;
}

static void caller_target_end(struct caller_target *c)
{
	target_kill(&c->t);
	close_fd(&c->t.process);
}

TEST_F(roles, target_may_call_its_own_proxy_entry)
{
	struct proxy_stage *s = &self->s;
	struct caller_target c = caller_target(s);
	struct proxyipc_received got;

	ASSERT_LE(0, c.nr);
	ASSERT_EQ(0, helper_call(&c.t.h, c.nr, 1));
	got = receive(s->endpoint);
	EXPECT_EQ(c.t.h.pid, got.out_sender_tgid);
	EXPECT_NE(0ULL, got.out_token);
	/* It is in the system call of the call. */
	EXPECT_EQ((__u32)PROXYIPC_STATE_ARMED, got.out_state);
	/* Answered it still may not run: it parks on its way out. */
	EXPECT_EQ(0, endpoint_reply(s->endpoint, got.out_cap, 3));
	EXPECT_TRUE(wait_for_state(c.t.process, PROXYIPC_STATE_PARKED));
	EXPECT_FALSE(helper_done(&c.t.h));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_EQ(0, helper_finish(&c.t.h));
	EXPECT_ANSWER(3, &c.t.h.page->arg.call.reply);
	caller_target_end(&c);
}

TEST_F(roles, target_that_calls_itself_gets_answer_and_resume_in_one)
{
	struct proxy_stage *s = &self->s;
	struct caller_target c = caller_target(s);
	struct proxyipc_received got;
	int i;

	ASSERT_LE(0, c.nr);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, helper_call(&c.t.h, c.nr, i));
		got = receive(s->endpoint);
		ASSERT_EQ(0, endpoint_resume_reply(s->endpoint, got.out_cap,
						   i + 1));
		ASSERT_EQ(0, helper_finish(&c.t.h));
		EXPECT_ANSWER(i + 1, &c.t.h.page->arg.call.reply);
	}
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, process_state(c.t.process));
	caller_target_end(&c);
}

TEST_F(roles, target_may_send_and_notify_itself)
{
	struct proxy_stage *s = &self->s;
	struct caller_target c = caller_target(s);
	struct proxyipc_entry_send send = { .size = sizeof(send) };
	struct proxyipc_entry_notify notify = {
		.size = sizeof(notify),
		.notices = 1,
	};
	struct proxyipc_received got;

	ASSERT_LE(0, c.nr);
	ASSERT_EQ(0, helper_start(&c.t.h, c.nr, PROXYIPC_IOC_ENTRY_SEND, &send,
				  sizeof(send)));
	got = receive(s->endpoint);
	/* The send is over, but its sender parks before it can tell. */
	EXPECT_TRUE(wait_for_state(c.t.process, PROXYIPC_STATE_PARKED));
	EXPECT_FALSE(helper_done(&c.t.h));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_EQ(0, helper_finish(&c.t.h));

	ASSERT_EQ(0, helper_start(&c.t.h, c.nr, PROXYIPC_IOC_ENTRY_NOTIFY,
				  &notify, sizeof(notify)));
	got = receive(s->endpoint);
	EXPECT_EQ(1ULL, got.out_notices);
	EXPECT_TRUE(wait_for_state(c.t.process, PROXYIPC_STATE_PARKED));
	EXPECT_EQ(0, endpoint_resume(s->endpoint, got.out_cap));
	EXPECT_EQ(0, helper_finish(&c.t.h));
	EXPECT_EQ((__u32)PROXYIPC_NOTIFIED_CONFIRMED,
		  c.t.h.page->arg.notify.out_state);
	caller_target_end(&c);
}

TEST_F(roles, target_killed_in_a_call_of_itself_is_gone)
{
	struct proxy_stage *s = &self->s;
	struct caller_target c = caller_target(s);
	struct proxyipc_received got;

	ASSERT_LE(0, c.nr);
	ASSERT_EQ(0, helper_call(&c.t.h, c.nr, 1));
	got = receive(s->endpoint);
	ASSERT_NE(0ULL, got.out_cap);
	ASSERT_EQ(0, target_kill(&c.t));
	got = receive(s->endpoint);
	EXPECT_EQ((__u32)PROXYIPC_EVENT_TARGET_GONE, got.out_events);
	EXPECT_EQ(PROXYIPC_STATE_GONE, process_state(c.t.process));
	caller_target_end(&c);
}

/*
 * In-process handling: one thread of a process is the receiver for another
 */

struct worker {
	pthread_t thread;
	atomic_int tid;
	atomic_int stop;
	atomic_uint counter;
	/* Updated in pairs by the worker: unequal only in between. */
	atomic_uint left, right;
};

static void *work(void *arg)
{
	struct worker *worker = arg;

	worker->tid = syscall(SYS_gettid);
	while (!worker->stop) {
		worker->left++;
		worker->right++;
		worker->counter++;
	}
	return NULL;
}

static bool worker_stands_still(struct worker *worker)
{
	unsigned int before = worker->counter;

	sleep_ms(5);
	return worker->counter == before;
}

static bool worker_counts(struct worker *worker)
{
	unsigned int before = worker->counter;

	return eventually(worker->counter != before);
}

TEST_F(roles, thread_may_handle_for_another_thread_of_its_process)
{
	struct worker worker = { .tid = 0 };
	int endpoint = endpoint_new();
	int entry = entry_new(endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	struct proxyipc_received got;
	int process, proxy, i;

	ASSERT_EQ(0, pthread_create(&worker.thread, NULL, work, &worker));
	ASSERT_TRUE(eventually(worker.tid));
	process = process_open(0, worker.tid, 0);
	ASSERT_LE(0, process);
	proxy = process_mint(process, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_EQ(0, process_set_receiver(process, entry));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(proxy, 1));
		got = receive(endpoint);
		EXPECT_TRUE(worker_stands_still(&worker));
		/* Handler and primary path exclude each other. */
		worker.left = 0;
		worker.right = 0;
		EXPECT_EQ(0, endpoint_resume(endpoint, got.out_cap));
		EXPECT_TRUE(worker_counts(&worker));
	}
	worker.stop = 1;
	pthread_join(worker.thread, NULL);
	close(proxy);
	close(process);
	close(entry);
	close(endpoint);
}

/*
 * What could not end
 */

TEST_F(roles, target_may_not_be_its_own_receiver)
{
	int process = process_open(0, 0, 0);
	struct proxy_stage *s = &self->s;

	/* This thread made the endpoint, and it is the target. */
	ASSERT_LE(0, process);
	EXPECT_EQ(-EDEADLK, process_set_receiver(process, s->entry));
	close(process);
}

TEST_F(roles, nobody_holds_itself_by_hand)
{
	int process = process_open(0, 0, 0);
	__u64 token;

	ASSERT_LE(0, process);
	EXPECT_EQ(-EDEADLK, process_hold(process, &token));
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, process_state(process));
	close(process);
}

TEST_F(roles, target_that_became_the_receiver_is_not_held)
{
	struct proxy_stage *s = &self->s;
	struct proxyipc_endpoint_recv recv = {
		.size = sizeof(recv),
		.flags = PROXYIPC_NONBLOCK,
	};
	struct target t = target_idle();
	int proxy = process_mint(t.process, 0, RIGHTS_ALL, NOTICES_ALL);
	int nr = helper_give(&t.h, s->endpoint);

	ASSERT_LE(0, nr);
	ASSERT_EQ(0, process_set_receiver(t.process, s->entry));
	/* Now it is the thread that last received there. */
	ASSERT_EQ(0, entry_send(s->entry, 1));
	ASSERT_EQ(0, helper_do(&t.h, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
			       sizeof(recv)));
	EXPECT_EQ(-EDEADLK, entry_call_until(proxy, 1, 0));
	EXPECT_EQ(-EDEADLK, entry_send(proxy, 1));
	EXPECT_EQ(-EDEADLK, entry_notify(proxy, 1));
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, process_state(t.process));
	EXPECT_EMPTY(s->endpoint);
	target_kill(&t);
	close(proxy);
	close_fd(&t.process);
}

TEST_HARNESS_MAIN
