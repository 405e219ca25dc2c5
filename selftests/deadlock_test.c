// SPDX-License-Identifier: GPL-2.0
/*
 * EDEADLK: a hold that could not end, because the one who would have to resume
 * the target is the target, or waits for it. And near misses, which must work.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

/* A target that may be the receiver of another: it has an endpoint. */
struct party {
	struct target t;	/* idle: it obeys orders */
	int endpoint;		/* number in the helper */
	int entry;		/* to that endpoint */
	int proxy;		/* to the target */
};

static int party_endpoint(struct party *p)
{
	struct proxyipc_endpoint_create create = { .size = sizeof(create) };
	struct proxyipc_endpoint_mint mint = {
		.size = sizeof(mint),
		.rights = PROXYIPC_RIGHT_SEND,
	};
	struct helper *h = &p->t.h;
	int device = device_open();
	int theirs, ret;

	theirs = helper_give(h, device);
	close_fd(&device);
	ret = helper_do(h, theirs, PROXYIPC_IOC_ENDPOINT_CREATE, &create,
			sizeof(create));
	if (ret)
		return ret;
	p->endpoint = h->page->arg.create.out_fd;
	ret = helper_do(h, p->endpoint, PROXYIPC_IOC_ENDPOINT_MINT, &mint,
			sizeof(mint));
	if (ret)
		return ret;
	p->entry = helper_take(h, h->page->arg.mint.out_fd);
	return p->entry < 0 ? p->entry : helper_close(h, h->page->arg.mint.out_fd);
}

static int party_init(struct party *p)
{
	int ret;

	p->t = target_idle();
	if (p->t.process < 0)
		return p->t.process;
	ret = party_endpoint(p);
	if (ret)
		return ret;
	p->proxy = process_mint(p->t.process, 0, RIGHTS_ALL, NOTICES_ALL);
	return p->proxy < 0 ? p->proxy : 0;
}

/* The party receives, which leaves the message in page->arg.recv. */
static int party_recv(struct party *p, int endpoint)
{
	struct proxyipc_endpoint_recv recv = {
		.deadline = deadline_ms(PATIENCE_MS),
	};

	poison_recv(&recv);
	return helper_do(&p->t.h, endpoint, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
			 sizeof(recv));
}

/* The party receives a proxied message and resumes the target. */
static int party_resume(struct party *p)
{
	struct proxyipc_endpoint_resume resume = { .size = sizeof(resume) };
	int ret;

	ret = party_recv(p, p->endpoint);
	if (ret)
		return ret;
	resume.cap = p->t.h.page->arg.recv.received.out_cap;
	return helper_do(&p->t.h, p->endpoint, PROXYIPC_IOC_ENDPOINT_RESUME,
			 &resume, sizeof(resume));
}

/* All three ways to invoke say no, and the target isn't held. */
static void expect_deadlock(struct __test_metadata *_metadata, struct party *p)
{
	EXPECT_EQ(-EDEADLK, entry_send(p->proxy, 1));
	EXPECT_EQ(-EDEADLK, entry_notify(p->proxy, 1));
	EXPECT_EQ(-EDEADLK, entry_call_until(p->proxy, 1, deadline_ms(1000)));
	EXPECT_EQ(0, process_holds(p->t.process));
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, process_state(p->t.process));
	EXPECT_EQ(PROXYIPC_EPISODE_NONE, process_episode(p->t.process));
}

TEST(target_that_created_the_endpoint_is_no_receiver_of_itself)
{
	struct party a;

	ASSERT_EQ(0, party_init(&a));
	EXPECT_EQ(-EDEADLK, process_set_receiver(a.t.process, a.entry));
	EXPECT_EQ(-ENOTCONN, entry_send(a.proxy, 1));
	target_kill(&a.t);
}

TEST(own_thread_is_no_receiver_of_itself)
{
	int process = process_open(0, 0, 0);
	int endpoint = endpoint_new();
	int entry = entry_new(endpoint, 0, PROXYIPC_RIGHT_SEND, 0);

	ASSERT_LE(0, process);
	EXPECT_EQ(-EDEADLK, process_set_receiver(process, entry));
}

TEST(target_that_received_last_is_no_receiver_of_itself)
{
	struct proxyipc_endpoint_recv recv = {};
	int endpoint, entry, theirs;
	struct party a;

	ASSERT_EQ(0, party_init(&a));
	endpoint = endpoint_new();
	entry = entry_new(endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_EQ(0, process_set_receiver(a.t.process, entry));
	theirs = helper_give(&a.t.h, endpoint);
	ASSERT_LE(0, theirs);
	ASSERT_EQ(0, entry_send(entry, 1));
	ASSERT_EQ(0, party_recv(&a, theirs));
	expect_deadlock(_metadata, &a);
	/* Nor any more once somebody else receives. */
	ASSERT_EQ(0, entry_send(entry, 2));
	ASSERT_EQ(0, endpoint_recv(endpoint, &recv));
	EXPECT_EQ(0, entry_send(a.proxy, 3));
	ASSERT_EQ(0, endpoint_recv(endpoint, &recv));
	EXPECT_EQ(3, recv.received.out_words[0]);
	EXPECT_EQ(0, endpoint_resume(endpoint, recv.received.out_cap));
	target_kill(&a.t);
}

TEST(vfork_child_whose_parent_is_the_receiver_is_no_target)
{
	struct child_page *page = child_page_new();
	int endpoint = endpoint_new();
	int entry = entry_new(endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	int process;
	pid_t pid;

	ASSERT_NE(NULL, page);
	ASSERT_LE(0, entry);
	/* As vfork(), but for the shared memory: this waits for the child's end. */
	pid = syscall(SYS_clone, (long)(CLONE_VFORK | SIGCHLD), 0L, 0L, 0L, 0L);
	if (!pid) {
		process = process_open(0, 0, 0);
		page->error = process < 0 ? process : 0;
		page->result = process_set_receiver(process, entry);
		_exit(0);
	}
	ASSERT_LT(0, pid);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(0, page->error);
	EXPECT_EQ(-EDEADLK, page->result);
}

TEST(ordinary_child_whose_parent_is_the_receiver_is_a_target)
{
	struct child_page *page = child_page_new();
	int endpoint = endpoint_new();
	int entry = entry_new(endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	pid_t pid;

	ASSERT_NE(NULL, page);
	ASSERT_LE(0, entry);
	pid = fork();
	if (!pid) {
		page->result = process_set_receiver(process_open(0, 0, 0), entry);
		_exit(0);
	}
	ASSERT_LT(0, pid);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(0, page->result);
}

/* Each of @party is the receiver of the one before it, the first of the last. */
static int make_circle(struct party *party, int count)
{
	int ret = 0;

	for (int i = 0; i < count && !ret; i++)
		ret = party_init(&party[i]);
	for (int i = 0; i < count && !ret; i++)
		ret = process_set_receiver(party[i].t.process,
					   party[(i + 1) % count].entry);
	return ret;
}

TEST(two_targets_that_are_each_others_receivers_are_not_held_both)
{
	struct party p[2];

	ASSERT_EQ(0, make_circle(p, 2));
	ASSERT_EQ(0, entry_send(p[1].proxy, 1));
	expect_deadlock(_metadata, &p[0]);
	/* Its receiver is free, and ends the hold. */
	EXPECT_EQ(1, process_holds(p[1].t.process));
	EXPECT_EQ(0, party_resume(&p[0]));
	EXPECT_EQ(0, process_holds(p[1].t.process));
	/* Then the other may be held. */
	EXPECT_EQ(0, entry_send(p[0].proxy, 1));
	EXPECT_EQ(0, party_resume(&p[1]));
	EXPECT_EQ(0, process_holds(p[0].t.process));
}

TEST(chain_of_held_receivers_that_meets_the_target_is_refused)
{
	struct party p[4];

	ASSERT_EQ(0, make_circle(p, 4));
	ASSERT_EQ(0, entry_send(p[1].proxy, 1));
	ASSERT_EQ(0, entry_send(p[2].proxy, 1));
	ASSERT_EQ(0, entry_send(p[3].proxy, 1));
	expect_deadlock(_metadata, &p[0]);
	/* It unwinds from its free end. */
	EXPECT_EQ(0, party_resume(&p[0]));
	EXPECT_EQ(0, party_resume(&p[3]));
	EXPECT_EQ(0, party_resume(&p[2]));
	for (int i = 0; i < 4; i++)
		EXPECT_EQ(0, process_holds(p[i].t.process));
}

TEST(receiver_held_by_somebody_free_is_no_deadlock)
{
	struct party p[2];
	__u64 token = 0;

	ASSERT_EQ(0, party_init(&p[0]));
	ASSERT_EQ(0, party_init(&p[1]));
	ASSERT_EQ(0, process_set_receiver(p[0].t.process, p[1].entry));
	ASSERT_TRUE(held_state(process_hold(p[1].t.process, &token)));
	EXPECT_EQ(0, entry_send(p[0].proxy, 1));
	EXPECT_EQ(1, process_holds(p[0].t.process));
	EXPECT_EQ(0, process_resume(p[1].t.process, token));
	EXPECT_EQ(0, party_resume(&p[1]));
	EXPECT_EQ(0, process_holds(p[0].t.process));
}

TEST(target_may_call_its_own_proxy_entry)
{
	struct proxyipc_endpoint_recv recv = {};
	int endpoint, entry, theirs;
	struct party a;

	ASSERT_EQ(0, party_init(&a));
	endpoint = endpoint_new();
	entry = entry_new(endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_EQ(0, process_set_receiver(a.t.process, entry));
	theirs = helper_give(&a.t.h, a.proxy);
	ASSERT_LE(0, theirs);
	ASSERT_EQ(0, helper_call(&a.t.h, theirs, 5));
	ASSERT_EQ(0, endpoint_recv(endpoint, &recv));
	EXPECT_EQ(a.t.h.pid, recv.received.out_sender_tgid);
	EXPECT_EQ(PROXYIPC_STATE_ARMED, recv.received.out_state);
	EXPECT_EQ(0, endpoint_resume_reply(endpoint, recv.received.out_cap, 6));
	EXPECT_EQ(0, helper_finish(&a.t.h));
	EXPECT_EQ(6, a.t.h.page->arg.call.reply.words[0]);
	target_kill(&a.t);
}

/* In-process exception handling: the hold excludes handler and target. */
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

TEST(receiver_may_be_another_thread_of_the_target_s_process)
{
	struct proxyipc_endpoint_recv recv = {};
	int process, proxy, endpoint, entry;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, count_in_test, NULL));
	ASSERT_TRUE(eventually(own_tid));
	process = process_open(0, own_tid, 0);
	proxy = process_mint(process, 0, RIGHTS_ALL, 0);
	endpoint = endpoint_new();
	entry = entry_new(endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_EQ(0, process_set_receiver(process, entry));
	ASSERT_EQ(0, entry_send(proxy, 1));
	ASSERT_EQ(0, endpoint_recv(endpoint, &recv));
	EXPECT_TRUE(stands_still(&own_counter));
	EXPECT_EQ(0, endpoint_resume(endpoint, recv.received.out_cap));
	EXPECT_TRUE(counts(&own_counter));
}

TEST_HARNESS_MAIN
