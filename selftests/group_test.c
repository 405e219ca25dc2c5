// SPDX-License-Identifier: GPL-2.0
/*
 * Whole thread groups as targets: all of their threads stand still, those that are
 * born meanwhile too, and none of them notices.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"
#include "exec_image.h"
#include "repeat.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define THREADS		8

/* What the threads share with the test, beside the child's page. */
struct board {
	atomic_uint counter[THREADS];
	atomic_uint total;
	atomic_uint born;
	atomic_int tid[THREADS];
	atomic_int error;
	atomic_int go;
	atomic_int stop;
	atomic_int chains;
};

static struct board *board;

FIXTURE(group) {
	struct child target;
	int process;
	__u64 token;
};

FIXTURE_SETUP(group)
{
	self->process = -1;
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, board);
}

FIXTURE_TEARDOWN(group)
{
	close_fd(&self->process);
	child_kill(&self->target);
	munmap(board, sizeof(*board));
}

static pthread_t thread_start(void *(*run)(void *), void *arg)
{
	pthread_t thread = 0;
	pthread_attr_t attr;
	int ret;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 32 * 1024);
	ret = pthread_create(&thread, &attr, run, arg);
	pthread_attr_destroy(&attr);
	/* EAGAIN: too many at a time for the memory or a limit; they become fewer. */
	if (ret && ret != EAGAIN)
		atomic_store(&board->error, ret);
	return thread;
}

#define START(body) do {						\
	self->target = child_new(body, -1, -1);				\
	ASSERT_LT(0, self->target.pid);					\
	ASSERT_TRUE(child_reaches(&self->target, 1));			\
	ASSERT_EQ(0, board->error);					\
	self->process = process_open_group(self->target.pid, 0);	\
	ASSERT_LE(0, self->process);					\
} while (0)

static void *count(void *arg)
{
	long nr = (long)arg;

	board->tid[nr] = syscall(SYS_gettid);
	for (;;)
		board->counter[nr]++;
	return NULL;
}

static void count_all(struct child_page *page)
{
	for (long i = 1; i < THREADS; i++)
		thread_start(count, (void *)i);
	page->phase = 1;
	count(0);
}

static bool all_count(void)
{
	for (int i = 0; i < THREADS; i++)
		if (!counts(&board->counter[i]))
			return false;
	return true;
}

static bool all_stand_still(void)
{
	unsigned int before[THREADS];

	for (int i = 0; i < THREADS; i++)
		before[i] = board->counter[i];
	sleep_ms(30);
	for (int i = 0; i < THREADS; i++)
		if (before[i] != board->counter[i])
			return false;
	return true;
}

TEST_F(group, stands_still_with_all_its_threads)
{
	struct proxyipc_process_info info;

	START(count_all);
	ASSERT_TRUE(all_count());
	for (int i = 0; i < 20; i++) {
		ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
		EXPECT_TRUE(all_stand_still());
		ASSERT_EQ(0, process_info(self->process, &info));
		EXPECT_EQ(THREADS, info.out_threads);
		EXPECT_EQ(THREADS, info.out_threads_armed + info.out_threads_parked);
		EXPECT_EQ(self->target.pid, info.out_tgid);
		EXPECT_EQ(self->target.pid, info.out_tid);
		EXPECT_EQ(1, info.out_holds);
		EXPECT_EQ(0, process_resume(self->process, self->token));
		ASSERT_EQ(0, process_info(self->process, &info));
		EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, info.out_state);
		EXPECT_EQ(0, info.out_threads_armed + info.out_threads_parked);
	}
	EXPECT_TRUE(all_count());
}

TEST_F(group, shows_the_state_of_each_thread)
{
	struct proxyipc_process_info info = { .size = sizeof(info) };
	char path[64], text[4096], line[64];

	START(count_all);
	ASSERT_TRUE(all_count());
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	ASSERT_TRUE(eventually(process_state(self->process) == PROXYIPC_STATE_PARKED));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", self->process);
	ASSERT_EQ(0, file_read(path, text, sizeof(text)));
	for (int i = 0; i < THREADS; i++) {
		memset(&info, 0, sizeof(info));
		info.size = sizeof(info);
		info.tid = board->tid[i];
		ASSERT_EQ(0, command(self->process, PROXYIPC_IOC_PROCESS_INFO, &info));
		EXPECT_EQ(board->tid[i], info.out_tid);
		EXPECT_EQ(PROXYIPC_STATE_PARKED, info.out_state);
		snprintf(line, sizeof(line), "thread:\t%d parked", board->tid[i]);
		EXPECT_NE(NULL, strstr(text, line)) {
			TH_LOG("%s in %s", line, text);
		}
	}
	info.tid = getpid();
	EXPECT_EQ(-EINVAL, command(self->process, PROXYIPC_IOC_PROCESS_INFO, &info));
	info.tid = -1;
	EXPECT_EQ(-EINVAL, command(self->process, PROXYIPC_IOC_PROCESS_INFO, &info));
}

TEST_F(group, and_its_threads_are_held_independently)
{
	__u64 token = 0;
	int thread;

	START(count_all);
	ASSERT_TRUE(eventually(board->tid[3]));
	thread = process_open(self->target.pid, board->tid[3], 0);
	ASSERT_LE(0, thread);
	ASSERT_TRUE(held_state(process_hold(thread, &token)));
	EXPECT_TRUE(counts(&board->counter[2]));
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	EXPECT_TRUE(all_stand_still());
	EXPECT_EQ(0, process_resume(self->process, self->token));
	EXPECT_TRUE(counts(&board->counter[2]));
	EXPECT_TRUE(stands_still(&board->counter[3]));
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	EXPECT_EQ(0, process_resume(thread, token));
	EXPECT_TRUE(all_stand_still());
	EXPECT_EQ(0, process_resume(self->process, self->token));
	EXPECT_TRUE(all_count());
	close_fd(&thread);
}

TEST_F(group, of_two_process_objects_runs_when_neither_holds_it)
{
	__u64 token = 0;
	int other;

	START(count_all);
	other = process_open_group(self->target.pid, 0);
	ASSERT_LE(0, other);
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	ASSERT_TRUE(held_state(process_hold(other, &token)));
	EXPECT_EQ(2, process_holds(other));
	EXPECT_EQ(0, process_resume(self->process, self->token));
	EXPECT_TRUE(all_stand_still());
	/* The end of the open file ends its hold. */
	close_fd(&other);
	EXPECT_TRUE(all_count());
	EXPECT_EQ(0, process_holds(self->process));
}

/* Threads that do nothing but create the next one and exit. */
static void *chain(void *arg)
{
	/* Who creates them is to have the time for it. */
	while (!board->go)
		syscall(SYS_futex, &board->go, FUTEX_WAIT, 0, NULL);
	atomic_fetch_add(&board->total, 1);
	atomic_fetch_add(&board->born, 1);
	for (int i = 0; i < 50; i++)
		atomic_fetch_add(&board->total, 1);
	while (!board->stop) {
		if (thread_start(chain, NULL))
			return NULL;
		sched_yield();
	}
	atomic_fetch_sub(&board->chains, 1);
	return NULL;
}

static int nr_chains;

static void churn(struct child_page *page)
{
	for (int i = 0; i < nr_chains; i++) {
		while (!thread_start(chain, NULL))
			sched_yield();
		atomic_fetch_add(&board->chains, 1);
	}
	board->go = 1;
	syscall(SYS_futex, &board->go, FUTEX_WAKE, INT_MAX);
	page->phase = 1;
	for (;;)
		pause();
}

static void hold_and_churn(struct __test_metadata *_metadata,
			   struct _test_data_group *self, int rounds)
{
	unsigned int before, born;
	__u64 began;
	int state;

	for (int i = 0; i < rounds; i++) {
		born = board->born;
		began = now_ns();
		state = process_hold(self->process, &self->token);
		ASSERT_TRUE(held_state(state)) {
			TH_LOG("round %d: %d after %llu ms", i, state,
			       (now_ns() - began) / NS_PER_MS);
		}
		before = board->total;
		sleep_ms(20);
		EXPECT_EQ(before, board->total);
		EXPECT_EQ(0, process_resume(self->process, self->token));
		ASSERT_TRUE(eventually(board->born > born + 10));
	}
}

TEST_F(group, holds_threads_that_are_born_meanwhile)
{
	nr_chains = 4;
	START(churn);
	hold_and_churn(_metadata, self, repeat(100));
	EXPECT_EQ(4, board->chains);
	EXPECT_EQ(0, board->error);
}

/* They all want the C library's lock: as long as some end the others will. */
static bool all_chains_end(void)
{
	int left;

	while ((left = board->chains))
		if (!eventually(board->chains < left))
			return false;
	return true;
}

TEST_F(group, of_a_thousand_threads_that_clone_and_exit)
{
	nr_chains = 1000;
	START(churn);
	hold_and_churn(_metadata, self, repeat(5));
	EXPECT_EQ(1000, board->chains);
	board->stop = 1;
	EXPECT_TRUE(all_chains_end());
}

/* Asleep, each in another way, that a signal would end. */
static int pipe_fd[2], epoll_fd;

static void sleeper_says(long nr, long ret)
{
	if (ret < 0)
		board->error = errno;
	atomic_fetch_add(&board->counter[nr], 1);
}

static void *sleep_in_epoll(void *arg)
{
	struct epoll_event event;

	board->tid[1] = syscall(SYS_gettid);
	sleeper_says(1, epoll_wait(epoll_fd, &event, 1, -1));
	return NULL;
}

static void *sleep_in_futex(void *arg)
{
	board->tid[2] = syscall(SYS_gettid);
	sleeper_says(2, syscall(SYS_futex, &board->stop, FUTEX_WAIT, 0, NULL));
	return NULL;
}

static void sleep_all(struct child_page *page)
{
	struct epoll_event event = { .events = EPOLLIN };
	char byte;

	if (pipe(pipe_fd))
		return;
	epoll_fd = epoll_create1(0);
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, page->fd[0], &event);
	thread_start(sleep_in_epoll, NULL);
	thread_start(sleep_in_futex, NULL);
	board->tid[0] = syscall(SYS_gettid);
	page->phase = 1;
	sleeper_says(0, read(page->fd[0], &byte, 1));
	page->phase = 2;
	for (;;)
		pause();
}

TEST_F(group, does_not_notice_in_its_system_calls)
{
	struct proxyipc_process_info info;
	int fd[2];

	ASSERT_EQ(0, pipe(fd));
	self->target = child_new(sleep_all, fd[0], -1);
	ASSERT_LT(0, self->target.pid);
	ASSERT_TRUE(child_reaches(&self->target, 1));
	self->process = process_open_group(self->target.pid, 0);
	ASSERT_LE(0, self->process);
	ASSERT_TRUE(eventually(board->tid[1] && board->tid[2]));
	for (int i = 0; i < 3; i++) {
		sleep_ms(20);
		ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
		EXPECT_EQ(0, process_resume(self->process, self->token));
	}
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	ASSERT_EQ(2, write(fd[1], "xx", 2));
	sleep_ms(20);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, board->counter[i]);
	ASSERT_EQ(0, process_info(self->process, &info));
	EXPECT_EQ(3, info.out_threads);
	EXPECT_EQ(0, process_resume(self->process, self->token));
	EXPECT_TRUE(eventually(board->counter[0] && board->counter[1]));
	EXPECT_EQ(0, board->error);
	EXPECT_EQ(0, board->counter[2]);
	close(fd[0]);
	close(fd[1]);
}

/* The test's process, which would have to resume itself. */
TEST_F(group, of_the_holder_is_refused)
{
	__u64 token;
	int process = process_open_group(0, 0);

	ASSERT_LE(0, process);
	EXPECT_EQ(-EDEADLK, process_hold(process, &token));
	close(process);
}

TEST_F(group, killed_while_it_is_held_ends)
{
	START(count_all);
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	EXPECT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_TRUE(eventually(process_resume(self->process, self->token) == -ESRCH));
	EXPECT_EQ(PROXYIPC_STATE_GONE, process_state(self->process));
}

TEST_F(group, is_resumed_by_the_end_of_its_lease)
{
	START(count_all);
	ASSERT_TRUE(held_state(process_hold_for(self->process, 1 * NS_PER_S,
						&self->token)));
	EXPECT_TRUE(eventually(process_holds(self->process) == 0));
	EXPECT_TRUE(all_count());
}

static void without_main_thread(struct child_page *page)
{
	for (long i = 1; i < THREADS; i++)
		thread_start(count, (void *)i);
	page->phase = 1;
	await_go(page, 1);
	syscall(SYS_exit, 0);
}

TEST_F(group, outlives_its_main_thread)
{
	struct proxyipc_process_info info;

	START(without_main_thread);
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	EXPECT_EQ(0, process_resume(self->process, self->token));
	child_go(&self->target, 1);
	ASSERT_TRUE(eventually(process_info(self->process, &info) == 0 &&
			       info.out_threads == THREADS - 1));
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	for (int i = 1; i < THREADS; i++)
		EXPECT_TRUE(stands_still(&board->counter[i]));
	EXPECT_EQ(0, process_resume(self->process, self->token));
	EXPECT_TRUE(counts(&board->counter[1]));
	/* And can be opened without it. */
	close_fd(&self->process);
	self->process = process_open_group(self->target.pid, 0);
	ASSERT_LE(0, self->process);
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	EXPECT_TRUE(stands_still(&board->counter[1]));
}

static void *exec_other(void *arg)
{
	struct child_page *page = arg;

	await_go(page, GO);
	image_exec(page, NULL);
	return NULL;
}

static void exec_by_thread(struct child_page *page)
{
	thread_start(exec_other, page);
	page->phase = PHASE_READY;
	count(0);
}

TEST_F(group, goes_on_through_an_exec_by_any_thread)
{
	struct proxyipc_process_info info;
	struct child_page *page = image_page_new("/proc/self/exe");

	ASSERT_NE(NULL, page);
	self->target = child_start(exec_by_thread, page);
	ASSERT_TRUE(child_reaches(&self->target, PHASE_READY));
	self->process = process_open_group(self->target.pid, 0);
	ASSERT_LE(0, self->process);
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	EXPECT_EQ(0, process_resume(self->process, self->token));
	child_go(&self->target, GO);
	ASSERT_TRUE(child_reaches(&self->target, PHASE_IMAGE));
	ASSERT_TRUE(counts(&page->counter[1]));
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
		EXPECT_TRUE(stands_still(&page->counter[1]));
		ASSERT_EQ(0, process_info(self->process, &info));
		EXPECT_EQ(1, info.out_threads);
		EXPECT_EQ(self->target.pid, info.out_tid);
		EXPECT_EQ(0, process_resume(self->process, self->token));
		EXPECT_TRUE(counts(&page->counter[1]));
	}
}

/* glibc's setuid() would change all of them. */
static void *become_other(void *arg)
{
	struct child_page *page = arg;

	await_go(page, 1);
	syscall(SYS_setresuid, 4711, 4711, 4711);
	board->stop = 1;
	return count((void *)1);
}

static void one_changes(struct child_page *page)
{
	thread_start(become_other, page);
	page->phase = 1;
	count(0);
}

TEST_F(group, with_a_thread_that_became_somebody_else_is_stale)
{
	int process;

	START(one_changes);
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	EXPECT_EQ(0, process_resume(self->process, self->token));
	child_go(&self->target, 1);
	ASSERT_TRUE(eventually(board->stop));
	EXPECT_EQ(-ESTALE, process_hold(self->process, &self->token));
	EXPECT_TRUE(counts(&board->counter[0]));
	EXPECT_TRUE(counts(&board->counter[1]));
	process = process_open_group(self->target.pid, 0);
	EXPECT_EQ(-ESTALE, process);
	close_fd(&process);
}

/* A proxy entry to the group: one invocation stops it all. */
TEST_F(group, is_held_by_an_invocation_of_its_proxy_entry)
{
	struct proxyipc_endpoint_recv recv = {};
	int endpoint = endpoint_new();
	int entry = entry_new(endpoint, 7, RIGHTS_ALL, NOTICES_ALL);
	int proxy;

	START(count_all);
	proxy = process_mint(self->process, 9, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_EQ(0, process_set_receiver(self->process, entry));
	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(proxy, 1));
		EXPECT_TRUE(all_stand_still());
		ASSERT_EQ(0, endpoint_recv(endpoint, &recv));
		EXPECT_TRUE(held_state(recv.received.out_state));
		EXPECT_EQ(0, process_resume(self->process, recv.received.out_token));
		EXPECT_TRUE(all_count());
	}
	close(proxy);
	close(entry);
	/* Nothing stays held when the receiver goes. */
	close(endpoint);
	EXPECT_TRUE(all_count());
}

static void fork_and_count(struct child_page *page)
{
	page->phase = 1;
	await_go(page, 1);
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		count((void *)1);
	}
	count(0);
}

TEST_F(group, does_not_take_its_child_processes_along)
{
	START(fork_and_count);
	child_go(&self->target, 1);
	ASSERT_TRUE(counts(&board->counter[1]));
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	EXPECT_TRUE(stands_still(&board->counter[0]));
	EXPECT_TRUE(counts(&board->counter[1]));
}

int main(int argc, char **argv)
{
	image_run(argc, argv);
	return test_harness_run(argc, argv);
}
