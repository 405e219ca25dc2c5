// SPDX-License-Identifier: GPL-2.0
/*
 * Ends of a held target: SIGKILL, a fatal signal, exit_group() and a core dump
 * don't wait for its resume.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>

FIXTURE(death) {
	struct child target;
	int process;
	__u64 token;
};

FIXTURE_SETUP(death)
{
	self->process = -1;
}

FIXTURE_TEARDOWN(death)
{
	close_fd(&self->process);
	child_kill(&self->target);
}

#define START(body, fd0) do {						\
	self->target = child_new(body, fd0, -1);			\
	ASSERT_LT(0, self->target.pid);					\
	self->process = child_open(&self->target);			\
	ASSERT_LE(0, self->process);					\
} while (0)

#define HOLD() \
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)))
#define HOLD_UNTIL_PARKED() do {					\
	HOLD();								\
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED)); \
} while (0)

/* Nothing is left of the target, nor of the holds on it. */
#define EXPECT_GONE() do {						\
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_GONE)); \
	EXPECT_EQ(0, process_holds(self->process));			\
	EXPECT_EQ(-ESRCH, process_resume(self->process, self->token));	\
} while (0)

TEST_F(death, sigkill_reaches_parked_target)
{
	START(child_spin, -1);
	HOLD_UNTIL_PARKED();
	EXPECT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_GONE();
}

TEST_F(death, sigkill_reaches_armed_sleeper)
{
	int fds[2];

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	START(child_read, fds[0]);
	ASSERT_TRUE(eventually(proc_asleep_in_syscall(self->target.pid, SYS_read)));
	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(self->process, &self->token));
	EXPECT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_GONE();
}

static void read_random_forever(struct child_page *page)
{
	size_t size = 64UL << 20;
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	page->phase = 1;
	while (read(page->fd[0], bytes, size) > 0)
		;
}

TEST_F(death, sigkill_reaches_target_armed_in_a_long_call)
{
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	START(read_random_forever, fd);
	ASSERT_TRUE(child_reaches(&self->target, 1));
	ASSERT_TRUE(eventually(proc_state(self->target.pid) == 'R'));
	HOLD();
	EXPECT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_GONE();
}

TEST_F(death, sigkill_reaches_target_that_many_hold)
{
	__u64 token;
	int other;

	START(child_spin, -1);
	HOLD_UNTIL_PARKED();
	for (int i = 0; i < 8; i++) {
		other = child_open(&self->target);
		ASSERT_LE(0, other);
		ASSERT_TRUE(held_state(process_hold(other, &token)));
	}
	EXPECT_EQ(9, process_holds(self->process));
	EXPECT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_GONE();
}

/* A signal whose default is to end the process ends it as SIGKILL does. */
TEST_F(death, sigterm_ends_parked_target_that_does_not_handle_it)
{
	START(child_spin, -1);
	HOLD_UNTIL_PARKED();
	ASSERT_EQ(0, kill(self->target.pid, SIGTERM));
	EXPECT_TRUE(killed_by(child_ends_within(&self->target, KILL_MS), SIGTERM));
	EXPECT_GONE();
}

TEST_F(death, sigkill_reaches_parked_target_that_is_stopped)
{
	START(child_spin, -1);
	HOLD_UNTIL_PARKED();
	ASSERT_EQ(0, kill(self->target.pid, SIGSTOP));
	EXPECT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_GONE();
}

/* The hold comes before, while and after the target dies. */
TEST_F(death, hold_raced_with_sigkill_says_esrch_or_success)
{
	int ret;

	for (int i = 0; i < repeat(100); i++) {
		START(child_spin, -1);
		ASSERT_TRUE(counts(&self->target.page->counter[0]));
		ASSERT_EQ(0, kill(self->target.pid, SIGKILL));
		burn(i * 200);
		ret = process_hold(self->process, &self->token);
		ASSERT_TRUE(held_state(ret) || ret == -ESRCH) TH_LOG("%d", ret);
		ASSERT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
		EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_GONE));
		close_fd(&self->process);
	}
}

/*
 * The other threads of the process
 */

static void *spin_second(void *arg)
{
	struct child_page *page = arg;

	page->tid[1] = syscall(SYS_gettid);
	for (;;)
		page->counter[1]++;
	return NULL;
}

static void start_second(struct child_page *page)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, spin_second, page))
		_exit(1);
}

#define START_SECOND(body) do {						\
	self->target = child_new(body, -1, -1);				\
	ASSERT_LT(0, self->target.pid);					\
	ASSERT_TRUE(eventually(self->target.page->tid[1]));		\
	self->process = process_open(self->target.pid,			\
				     self->target.page->tid[1], 0);	\
	ASSERT_LE(0, self->process);					\
} while (0)

static void exit_when_told(struct child_page *page)
{
	start_second(page);
	await_go(page, 1);
	_exit(3);
}

TEST_F(death, exit_group_by_another_thread_does_not_wait_for_parked_one)
{
	START_SECOND(exit_when_told);
	HOLD_UNTIL_PARKED();
	child_go(&self->target, 1);
	EXPECT_TRUE(exited_with(child_ends_within(&self->target, KILL_MS), 3));
	EXPECT_GONE();
}

static void abort_when_told(struct child_page *page)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	setrlimit(RLIMIT_CORE, &unlimited);
	if (chdir("/tmp"))
		_exit(1);
	start_second(page);
	await_go(page, 1);
	abort();
}

TEST_F(death, core_dump_with_parked_thread_finishes)
{
	char core[64];
	int status;

	START_SECOND(abort_when_told);
	snprintf(core, sizeof(core), "/tmp/core.%d", self->target.pid);
	HOLD_UNTIL_PARKED();
	child_go(&self->target, 1);
	status = child_ends(&self->target);
	EXPECT_TRUE(killed_by(status, SIGABRT));
	EXPECT_TRUE(WCOREDUMP(status));
	EXPECT_GONE();
	unlink(core);
	unlink("/tmp/core");
}

TEST_F(death, core_dump_of_armed_target_itself_finishes)
{
	struct child target;
	char core[64];
	__u64 token;
	int process;
	int status;

	target = child_new(abort_when_told, -1, -1);
	ASSERT_LT(0, target.pid);
	ASSERT_TRUE(eventually(target.page->tid[1]));
	snprintf(core, sizeof(core), "/tmp/core.%d", target.pid);
	process = child_open(&target);
	ASSERT_LE(0, process);
	/* Held and resumed in quick succession, all the while it dumps. */
	child_go(&target, 1);
	for (int i = 0; i < 200; i++)
		if (process_hold(process, &token) >= 0)
			process_resume(process, token);
	status = child_ends(&target);
	EXPECT_TRUE(killed_by(status, SIGABRT));
	EXPECT_TRUE(WCOREDUMP(status));
	EXPECT_TRUE(wait_for_state(process, PROXYIPC_STATE_GONE));
	close(process);
	unlink(core);
	unlink("/tmp/core");
}

static void end_second_thread(struct child_page *page)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, spin_second, page))
		_exit(1);
	for (;;)
		page->counter[0]++;
}

TEST_F(death, signal_that_ends_the_process_ends_its_parked_thread)
{
	START_SECOND(end_second_thread);
	HOLD_UNTIL_PARKED();
	EXPECT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_GONE();
}

TEST_HARNESS_MAIN
