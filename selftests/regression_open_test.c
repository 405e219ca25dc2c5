// SPDX-License-Identifier: GPL-2.0
/*
 * PROCESS_OPEN of a thread that was exiting, or becoming somebody else, freed the
 * new object while it was still in the thread's list, where a reconcile work could
 * take it: a use after free. Two openers, so that there is something to reconcile.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <pthread.h>
#include <sys/syscall.h>

#define OPENERS		2
#define SECONDS		5

/*
 * In the target
 */

static void *exit_soon(void *arg)
{
	struct child_page *page = arg;
	unsigned int seed;

	page->tid[1] = syscall(SYS_gettid);
	seed = page->tid[1];
	burn(rand_r(&seed) % 50000);
	return NULL;
}

static void make_threads(struct child_page *page)
{
	pthread_t thread;

	while (!pthread_create(&thread, NULL, exit_soon, page))
		pthread_join(thread, NULL);
	page->error = EAGAIN;
}

static void make_processes(struct child_page *page)
{
	pid_t pid;

	while ((pid = fork()) > 0)
		waitpid(pid, NULL, 0);
	if (!pid)
		exit_soon(page);
	else
		page->error = errno;
}

/* Of this thread alone: libc's function would change all of them. */
static void become_another(uid_t uid)
{
	syscall(SYS_setresuid, -1, uid, -1);
}

static void *change_ids(void *arg)
{
	struct child_page *page = arg;
	unsigned int seed = 1;

	page->tid[1] = syscall(SYS_gettid);
	for (;;) {
		become_another(1000);
		burn(rand_r(&seed) % 2000);
		become_another(0);
		burn(rand_r(&seed) % 2000);
	}
	return NULL;
}

static void make_changing_thread(struct child_page *page)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, change_ids, page))
		pthread_join(thread, NULL);
	page->error = EAGAIN;
}

/*
 * In the test
 */

struct opener {
	pthread_t thread;
	struct child_page *page;
	pid_t tgid;		/* 0: whoever is in the page has a group of its own */
	__u64 end;
	unsigned int opened, gone, stale;
	int error;		/* the first that it may not be */
};

/* Counts what came of it; false if it may not be. */
static bool count_result(struct opener *o, int ret)
{
	if (ret >= 0)
		o->opened++;
	else if (ret == -ESRCH)
		o->gone++;
	else if (ret == -ESTALE)
		o->stale++;
	else
		o->error = ret;
	return !o->error;
}

/* Waits for another than @tid; its end must not be kept from it meanwhile. */
static void await_another(struct opener *o, pid_t tid)
{
	while (o->page->tid[1] == tid && now_ns() < o->end)
		usleep(10);
}

/* The last object stays open while the next is opened: the thread has a record. */
static void *open_all_the_time(void *arg)
{
	struct opener *o = arg;
	int process = -1, last;
	pid_t tid;

	do {
		last = process;
		tid = o->page->tid[1];
		process = o->tgid ? process_open(o->tgid, tid, 0) :
				    process_open(tid, 0, 0);
		close_fd(&last);
		if (process == -ESRCH)
			await_another(o, tid);
	} while (count_result(o, process) && now_ns() < o->end);
	close_fd(&process);
	return NULL;
}

FIXTURE(opening) {
	struct child target;
	struct opener opener[OPENERS];
};

FIXTURE_VARIANT(opening) {
	void (*body)(struct child_page *page);
	bool groups;
};

FIXTURE_VARIANT_ADD(opening, threads_that_exit) {
	.body = make_threads,
};

FIXTURE_VARIANT_ADD(opening, processes_that_exit) {
	.body = make_processes,
	.groups = true,
};

FIXTURE_VARIANT_ADD(opening, a_thread_that_changes_its_ids) {
	.body = make_changing_thread,
};

FIXTURE_SETUP(opening)
{
	self->target = child_new(variant->body, -1, -1);
	ASSERT_LT(0, self->target.pid);
	ASSERT_TRUE(eventually(self->target.page->tid[1]));
}

FIXTURE_TEARDOWN(opening)
{
	child_kill(&self->target);
}

TEST_F(opening, gives_an_object_or_says_that_the_name_is_dead)
{
	__u64 end = now_ns() + SECONDS * NS_PER_S;
	struct opener *o;

	for (int i = 0; i < OPENERS; i++) {
		o = &self->opener[i];
		*o = (struct opener){
			.page = self->target.page,
			.tgid = variant->groups ? 0 : self->target.pid,
			.end = end,
		};
		ASSERT_EQ(0, pthread_create(&o->thread, NULL, open_all_the_time, o));
	}
	for (int i = 0; i < OPENERS; i++) {
		o = &self->opener[i];
		ASSERT_EQ(0, pthread_join(o->thread, NULL));
		EXPECT_EQ(0, o->error);
		EXPECT_LT(0U, o->opened);
		TH_LOG("%u opened, %u gone, %u stale", o->opened, o->gone, o->stale);
	}
	EXPECT_EQ(0, self->target.page->error);
}

TEST_HARNESS_MAIN
