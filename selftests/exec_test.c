// SPDX-License-Identifier: GPL-2.0
/*
 * A target that executes a program keeps its process object, if it stays who it
 * is. (If it doesn't: exec_change_test.c.)
 */
#include "proxyipc_test.h"
#include "exec_image.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define ALICE	1000

static struct who target_who;	/* becomes that before anything else */

static void become_and_exec(struct child_page *page)
{
	page->error = become(&target_who);
	if (!page->error)
		image_exec_when_told(page);
}

static void become_without_new_privileges_and_exec(struct child_page *page)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	become_and_exec(page);
}

FIXTURE(exec) {
	char path[64];		/* copy of this program */
	struct child target;
	int process;
	__u64 token;
};

FIXTURE_SETUP(exec)
{
	snprintf(self->path, sizeof(self->path), "/tmp/exec_test.%d", getpid());
	self->process = -1;
	target_who = plain_user(ALICE);
}

FIXTURE_TEARDOWN(exec)
{
	close_fd(&self->process);
	child_kill(&self->target);
	unlink(self->path);
}

#define COPY(uid, gid, mode) \
	ASSERT_EQ(0, image_copy(self->path, uid, gid, mode))

#define START(body) do {						\
	self->target = child_start(body, image_page_new(self->path));	\
	ASSERT_LT(0, self->target.pid);					\
	ASSERT_TRUE(child_reaches(&self->target, PHASE_READY))		\
		TH_LOG("error %d", self->target.page->error);		\
	self->process = child_open(&self->target);			\
	ASSERT_LE(0, self->process);					\
} while (0)

#define EXEC() do {							\
	child_go(&self->target, GO);					\
	ASSERT_TRUE(child_reaches(&self->target, PHASE_IMAGE));		\
	ASSERT_EQ(PHASE_IMAGE, self->target.page->phase)		\
		TH_LOG("error %d", self->target.page->error);		\
} while (0)

/* The object is alive: it holds the image. */
#define EXPECT_KEPT() do {						\
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, process_state(self->process)); \
	EXPECT_TRUE(held_state(process_hold(self->process, &self->token))); \
	EXPECT_TRUE(stands_still(&self->target.page->counter[1]));	\
	EXPECT_EQ(0, process_resume(self->process, self->token));	\
	EXPECT_TRUE(counts(&self->target.page->counter[1]));		\
} while (0)

TEST_F(exec, of_an_ordinary_program_keeps_the_object)
{
	struct proxyipc_process_info info = {};

	COPY(0, 0, 0755);
	START(become_and_exec);
	EXEC();
	EXPECT_EQ(ALICE, self->target.page->result);
	EXPECT_KEPT();
	ASSERT_EQ(0, process_info(self->process, &info));
	EXPECT_EQ(self->target.pid, info.out_tgid);
	EXPECT_EQ(self->target.pid, info.out_tid);
}

TEST_F(exec, of_a_set_uid_program_without_new_privileges_keeps_the_object)
{
	COPY(0, 0, 04755);
	START(become_without_new_privileges_and_exec);
	EXEC();
	ASSERT_EQ(ALICE, self->target.page->result);
	EXPECT_KEPT();
}

TEST_F(exec, that_fails_keeps_the_object)
{
	int fd;

	fd = open(self->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ASSERT_EQ(7, write(fd, "garbage", 7));
	close(fd);
	START(become_and_exec);
	child_go(&self->target, GO);
	ASSERT_TRUE(child_reaches(&self->target, PHASE_FAILED));
	EXPECT_EQ(ENOEXEC, self->target.page->error);
	EXPECT_TRUE(held_state(process_hold(self->process, &self->token)));
	EXPECT_TRUE(stands_still(&self->target.page->counter[0]));
	EXPECT_EQ(0, process_resume(self->process, self->token));
}

/*
 * Again and again: the target is in an exec most of the time.
 */

TEST_F(exec, never_lets_a_held_target_slip)
{
	atomic_uint *counter;
	unsigned int before;

	COPY(0, 0, 0755);
	START(image_exec_when_told);
	child_go(&self->target, GO_ON);
	counter = &self->target.page->counter[1];
	for (int i = 0; i < 40; i++) {
		ASSERT_TRUE(counts(counter));
		ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
		before = *counter;
		ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
		ASSERT_TRUE(stands_still(counter));
		ASSERT_EQ(before, *counter);
		ASSERT_EQ(0, process_resume(self->process, self->token));
	}
	ASSERT_TRUE(counts(counter));
}

/*
 * Threads: who executes becomes the main thread, all others die.
 */

static void *exec_in_thread(void *arg)
{
	struct child_page *page = arg;

	page->tid[1] = syscall(SYS_gettid);
	image_exec_when_told(page);
	return NULL;
}

static void exec_in_second_thread(struct child_page *page)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, exec_in_thread, page))
		return;
	for (;;)
		pause();
}

static void *spin_in_thread(void *arg)
{
	struct child_page *page = arg;

	page->tid[1] = syscall(SYS_gettid);
	for (;;)
		page->signals++;
	return NULL;
}

static void exec_in_first_thread(struct child_page *page)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, spin_in_thread, page))
		image_exec_when_told(page);
}

/* An object on thread @nr, in place of that on the main thread. */
static void reopen(struct child *target, int *process, int nr)
{
	close_fd(process);
	if (eventually(target->page->tid[nr]))
		*process = process_open(target->pid, target->page->tid[nr], 0);
}

#define START_THREAD(body, nr) do {					\
	START(body);							\
	reopen(&self->target, &self->process, nr);			\
	ASSERT_LE(0, self->process);					\
} while (0)

TEST_F(exec, by_another_than_the_main_thread_keeps_its_object)
{
	struct proxyipc_process_info info = {};

	COPY(0, 0, 0755);
	START_THREAD(exec_in_second_thread, 1);
	ASSERT_EQ(0, process_info(self->process, &info));
	EXPECT_EQ(self->target.page->tid[1], info.out_tid);
	EXEC();
	EXPECT_KEPT();
	ASSERT_EQ(0, process_info(self->process, &info));
	EXPECT_EQ(self->target.pid, info.out_tgid);
	EXPECT_EQ(self->target.pid, info.out_tid);
}

TEST_F(exec, by_another_than_the_main_thread_ends_the_main_thread)
{
	COPY(0, 0, 0755);
	START_THREAD(exec_in_second_thread, 0);
	EXEC();
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_GONE));
	EXPECT_EQ(-ESRCH, process_hold(self->process, &self->token));
	EXPECT_TRUE(counts(&self->target.page->counter[1]));
}

TEST_F(exec, does_not_wait_for_a_parked_main_thread)
{
	COPY(0, 0, 0755);
	START_THREAD(exec_in_second_thread, 0);
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	EXEC();
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_GONE));
	EXPECT_TRUE(counts(&self->target.page->counter[1]));
}

TEST_F(exec, does_not_wait_for_a_parked_thread)
{
	COPY(0, 0, 0755);
	START_THREAD(exec_in_first_thread, 1);
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXEC();
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_GONE));
	EXPECT_TRUE(counts(&self->target.page->counter[1]));
}

int main(int argc, char **argv)
{
	image_run(argc, argv);
	return test_harness_run(argc, argv);
}
