// SPDX-License-Identifier: GPL-2.0
/*
 * HOLD of a target that is busy in the kernel: in a system call that lasts, in
 * fork() and vfork(), on its way from one CPU to another. What it was doing
 * comes to its end with the right result, and then it stands still.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* A system call on that many bytes lasts for some 100 ms at the least. */
#define RANDOM_BYTES	(16UL << 20)
#define COPY_BYTES	(64UL << 20)

static unsigned char *random_bytes;	/* shared */

FIXTURE(busy) {
	struct child target;
	int process;
};

FIXTURE_SETUP(busy)
{
	self->process = -1;
}

FIXTURE_TEARDOWN(busy)
{
	close_fd(&self->process);
	child_kill(&self->target);
}

#define START(body, fd0, fd1) do {					\
	self->target = child_new(body, fd0, fd1);			\
	ASSERT_LT(0, self->target.pid);					\
	self->process = child_open(&self->target);			\
	ASSERT_LE(0, self->process);					\
} while (0)

static void report(struct child_page *page, long result)
{
	page->error = result < 0 ? errno : 0;
	page->result = result;
	page->phase = 2;
	for (;;)
		pause();
}

static void read_random(struct child_page *page)
{
	page->phase = 1;
	report(page, read(page->fd[0], random_bytes, RANDOM_BYTES));
}

static bool random_at(unsigned long offset)
{
	return !all_bytes(random_bytes + offset, 0, 64);
}

TEST_F(busy, long_read_goes_on_while_armed_and_keeps_its_result)
{
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	__u64 token = 0;

	ASSERT_LE(0, fd);
	random_bytes = mmap(NULL, RANDOM_BYTES, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, random_bytes);
	START(read_random, fd, -1);
	ASSERT_TRUE(eventually(random_at(0)));
	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(self->process, &token));
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_TRUE(random_at(RANDOM_BYTES - 64));
	EXPECT_EQ(1, self->target.page->phase);
	EXPECT_EQ(0, process_resume(self->process, token));
	EXPECT_TRUE(child_reaches(&self->target, 2));
	EXPECT_EQ((long)RANDOM_BYTES, self->target.page->result);
}

static void copy_file(struct child_page *page)
{
	page->phase = 1;
	report(page, sendfile(page->fd[1], page->fd[0], NULL, COPY_BYTES));
}

static unsigned long file_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_size;
}

TEST_F(busy, sendfile_goes_on_while_armed_and_keeps_its_result)
{
	int from = memfd_create("from", MFD_CLOEXEC);
	int to = memfd_create("to", MFD_CLOEXEC);
	__u64 token = 0;

	ASSERT_EQ(0, ftruncate(from, COPY_BYTES));
	START(copy_file, from, to);
	ASSERT_TRUE(eventually(file_size(to)));
	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(self->process, &token));
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_EQ(COPY_BYTES, file_size(to));
	EXPECT_EQ(1, self->target.page->phase);
	EXPECT_EQ(0, process_resume(self->process, token));
	EXPECT_TRUE(child_reaches(&self->target, 2));
	EXPECT_EQ((long)COPY_BYTES, self->target.page->result);
}

TEST_F(busy, resume_before_the_call_ends_leaves_no_trace)
{
	int from = memfd_create("from", MFD_CLOEXEC);
	int to = memfd_create("to", MFD_CLOEXEC);
	__u64 token = 0;

	ASSERT_EQ(0, ftruncate(from, COPY_BYTES));
	START(copy_file, from, to);
	ASSERT_TRUE(eventually(file_size(to)));
	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(held_state(process_hold(self->process, &token)));
		ASSERT_EQ(0, process_resume(self->process, token));
	}
	EXPECT_TRUE(child_reaches(&self->target, 2));
	EXPECT_EQ((long)COPY_BYTES, self->target.page->result);
}

/*
 * fork
 */

static void fork_forever(struct child_page *page)
{
	pid_t pid;

	for (;;) {
		pid = fork();
		if (!pid)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			report(page, -1);
		page->counter[0]++;
	}
}

TEST_F(busy, forking_target_stands_still)
{
	atomic_uint *counter;
	__u64 token = 0;

	START(fork_forever, -1, -1);
	counter = &self->target.page->counter[0];
	for (int i = 0; i < 20; i++) {
		ASSERT_TRUE(counts(counter));
		ASSERT_TRUE(held_state(process_hold(self->process, &token)));
		ASSERT_TRUE(stands_still(counter));
		ASSERT_TRUE(held_state(process_state(self->process)));
		ASSERT_EQ(0, process_resume(self->process, token));
	}
	ASSERT_TRUE(counts(counter));
	EXPECT_EQ(0, self->target.page->error);
}

static void fork_a_counter(struct child_page *page)
{
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			page->counter[1]++;
	}
	for (;;)
		page->counter[0]++;
}

TEST_F(busy, child_of_held_target_runs)
{
	__u64 token = 0;

	START(fork_a_counter, -1, -1);
	ASSERT_TRUE(counts(&self->target.page->counter[1]));
	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_TRUE(stands_still(&self->target.page->counter[0]));
	EXPECT_TRUE(counts(&self->target.page->counter[1]));
}

/* As vfork(), but for the shared memory: the parent waits for the child's end. */
static void vfork_and_wait(struct child_page *page)
{
	int status;
	pid_t pid;
	char byte;

	pid = syscall(SYS_clone, (long)(CLONE_VFORK | SIGCHLD), 0L, 0L, 0L, 0L);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(read(page->fd[0], &byte, 1) == 1 ? 7 : 8);
	}
	if (waitpid(pid, &status, 0) != pid)
		report(page, -1);
	report(page, WEXITSTATUS(status));
}

TEST_F(busy, vforking_target_parks_when_its_child_is_done)
{
	__u64 token = 0;
	int fds[2];

	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	START(vfork_and_wait, fds[0], -1);
	ASSERT_TRUE(eventually(proc_asleep_in_syscall(self->target.pid, SYS_clone)));
	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(self->process, &token));
	ASSERT_EQ(1, write(fds[1], "x", 1));
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_EQ(0, self->target.page->phase);
	EXPECT_EQ(0, process_resume(self->process, token));
	EXPECT_TRUE(child_reaches(&self->target, 2));
	EXPECT_EQ(7, self->target.page->result);
}

/*
 * CPUs
 */

static void migrate_forever(struct child_page *page)
{
	int cpus = count_cpus();

	for (int i = 0;; i++) {
		pin_to_cpu(i % cpus);
		for (int j = 0; j < 100; j++)
			page->counter[0]++;
	}
}

TEST_F(busy, target_that_migrates_stands_still)
{
	atomic_uint *counter;

	START(migrate_forever, -1, -1);
	counter = &self->target.page->counter[0];
	ASSERT_TRUE(counts(counter));
	for (int i = 0; i < 500; i++) {
		ASSERT_TRUE(hold_and_look(self->process, counter))
			TH_LOG("in round %d", i);
	}
	EXPECT_TRUE(counts(counter));
}

static int move_to_cpu(pid_t tid, int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	return sched_setaffinity(tid, sizeof(cpus), &cpus) ? -errno : 0;
}

TEST_F(busy, held_target_moved_to_another_cpu_stays_held)
{
	atomic_uint *counter;
	__u64 token = 0;

	START(child_spin, -1, -1);
	counter = &self->target.page->counter[0];
	ASSERT_TRUE(counts(counter));
	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(held_state(process_hold(self->process, &token)));
		ASSERT_EQ(0, move_to_cpu(self->target.pid, i % count_cpus()));
		ASSERT_TRUE(stands_still(counter));
		ASSERT_EQ(0, process_resume(self->process, token));
		ASSERT_TRUE(counts(counter));
	}
}

TEST_F(busy, target_moved_while_it_runs_stands_still)
{
	atomic_uint *counter;

	START(child_spin, -1, -1);
	counter = &self->target.page->counter[0];
	ASSERT_TRUE(counts(counter));
	for (int i = 0; i < 200; i++) {
		ASSERT_EQ(0, move_to_cpu(self->target.pid, i % count_cpus()));
		ASSERT_TRUE(hold_and_look(self->process, counter));
	}
	EXPECT_TRUE(counts(counter));
}

static void yield_forever(struct child_page *page)
{
	for (;;) {
		page->counter[0]++;
		sched_yield();
	}
}

TEST_F(busy, target_that_enters_the_kernel_all_the_time_stands_still)
{
	atomic_uint *counter;

	START(yield_forever, -1, -1);
	counter = &self->target.page->counter[0];
	ASSERT_TRUE(counts(counter));
	for (int i = 0; i < 500; i++) {
		ASSERT_TRUE(hold_and_look(self->process, counter))
			TH_LOG("in round %d", i);
	}
	EXPECT_TRUE(counts(counter));
}

TEST_HARNESS_MAIN
