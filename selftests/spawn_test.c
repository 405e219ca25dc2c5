// SPDX-License-Identifier: GPL-2.0
/* Programs that are enrolled before their first instruction. */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <proxyipc.h>

extern char **environ;

/* What this program does when it is spawned, by its argument. */

/* Finds itself, and can map and yield; says by its status what it can't. */
static int cooperate(void)
{
	struct proxyipc_control *control;
	int self = proxyipc_self();

	if (self < 0)
		return 1;
	if (proxyipc_process_map(self, &control))
		return 2;
	proxyipc_defer(control);
	proxyipc_keepalive(control);
	if (proxyipc_undefer(control, self) || proxyipc_process_yield(self))
		return 3;
	/* What it has forked isn't what was spawned. */
	if (!fork())
		_exit(proxyipc_self() == -ENODATA ? 0 : 1);
	int status;

	wait(&status);
	return exited_with(status, 0) ? 0 : 4;
}

/* Says "not now" for itself, by the process object of the whole program. */
static void *cooperate_as_thread(void *arg)
{
	struct proxyipc_control *control;
	int self = *(int *)arg;

	if (proxyipc_process_map_thread(self, &control))
		exit(5);
	proxyipc_defer(control);
	if (proxyipc_undefer(control, self) || proxyipc_process_yield(self))
		exit(6);
	for (;;)
		pause();
	return NULL;
}

/* The same for all of it; then there are two threads, one of which spins. */
static int cooperate_as_a_whole(void)
{
	struct proxyipc_process_info info;
	int ret = cooperate(), self = proxyipc_self();
	pthread_t thread;

	if (ret)
		return ret;
	if (process_info(self, &info) || info.out_threads != 1)
		return 7;
	if (pthread_create(&thread, NULL, cooperate_as_thread, &self))
		return 8;
	for (;;)
		;
}

FIXTURE(spawn) {
	int device, process;
	pid_t pid;
};

FIXTURE_SETUP(spawn)
{
	self->device = device_open();
	ASSERT_LE(0, self->device);
	self->process = -1;
}

FIXTURE_TEARDOWN(spawn)
{
	close_fd(&self->process);
	close_fd(&self->device);
}

static int spawn_again(FIXTURE_DATA(spawn) * self, const char *what,
		       const struct proxyipc_process_open *how)
{
	char *const argv[] = { "spawn_test", (char *)what, NULL };

	self->process = proxyipc_spawn(self->device, how, "/proc/self/exe", argv, environ,
				       &self->pid);
	return self->process;
}

TEST_F(spawn, program_that_cooperates_finds_itself)
{
	int status;

	EXPECT_EQ(-ENODATA, proxyipc_self());
	ASSERT_LE(0, spawn_again(self, "--cooperate", NULL));
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	EXPECT_TRUE(exited_with(status, 0));
	EXPECT_TRUE(eventually(process_state(self->process) == PROXYIPC_STATE_GONE));
}

TEST_F(spawn, program_that_knows_nothing_of_it_can_be_held)
{
	struct proxyipc_process_info info;
	int status;
	__u64 token;

	ASSERT_LE(0, spawn_again(self, "--spin", NULL));
	ASSERT_EQ(0, process_info(self->process, &info));
	EXPECT_EQ(self->pid, info.out_tgid);
	EXPECT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_EQ(1, process_holds(self->process));
	/* Its own object keeps none of the parent's files open. */
	int other = process_open(self->pid, 0, 0);

	close_fd(&self->process);
	EXPECT_TRUE(wait_for_holds(other, 0));
	close_fd(&other);
	kill(self->pid, SIGKILL);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
}

static unsigned int count_threads(int process)
{
	struct proxyipc_process_info info;

	return process_info(process, &info) ? 0 : info.out_threads;
}

TEST_F(spawn, whole_program_can_be_held_by_consent)
{
	const struct proxyipc_process_open how = { .flags = PROXYIPC_OPEN_GROUP };
	struct proxyipc_process_info info;
	int status;
	__u64 token;

	ASSERT_LE(0, spawn_again(self, "--whole", &how));
	EXPECT_TRUE(eventually(count_threads(self->process) == 2));
	ASSERT_TRUE(held_state(process_hold(self->process, &token)));
	ASSERT_EQ(0, process_info(self->process, &info));
	EXPECT_EQ(2, info.out_threads_armed + info.out_threads_parked);
	EXPECT_EQ(0, process_resume(self->process, token));
	/* It had nothing to complain about. */
	EXPECT_EQ(0, waitpid(self->pid, &status, WNOHANG));
	kill(self->pid, SIGKILL);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	EXPECT_TRUE(killed_by(status, SIGKILL));
}

/* What another program is opened by: its number, and what can't be another's. */
TEST_F(spawn, whole_program_can_be_opened_by_number_and_by_pidfd)
{
	struct proxyipc_process_open params = { .flags = PROXYIPC_OPEN_GROUP };
	int pidfd, process, status, fds;

	ASSERT_LE(0, spawn_again(self, "--whole", &params));
	process = proxyipc_process_open_group(self->device, self->pid);
	ASSERT_LE(0, process);
	EXPECT_TRUE(eventually(count_threads(process) == 2));
	close_fd(&process);

	pidfd = syscall(SYS_pidfd_open, self->pid, 0);
	ASSERT_LE(0, pidfd);
	ASSERT_EQ(0, proxyipc_process_open_pidfd_params(self->device, pidfd, &params));
	EXPECT_EQ(self->pid, params.tgid);
	EXPECT_EQ(2, count_threads(params.out_fd));
	close_fd(&params.out_fd);
	process = proxyipc_process_open_pidfd(self->device, pidfd);
	ASSERT_LE(0, process);
	EXPECT_EQ(1, count_threads(process));
	close_fd(&process);

	kill(self->pid, SIGKILL);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, 0));
	fds = proc_count_fds();
	EXPECT_EQ(-ESRCH, proxyipc_process_open_pidfd_params(self->device, pidfd, &params));
	EXPECT_EQ(-ESRCH, proxyipc_process_open_group(self->device, self->pid));
	EXPECT_EQ(-EBADF, proxyipc_process_open_pidfd(self->device, -1));
	EXPECT_EQ(-EINVAL, proxyipc_process_open_pidfd(self->device, self->device));
	EXPECT_EQ(fds, proc_count_fds());
	close(pidfd);
}

TEST_F(spawn, lease_is_what_was_asked_for)
{
	const struct proxyipc_process_open how = { .lease = 20 * NS_PER_MS };
	__u64 token;

	ASSERT_LE(0, spawn_again(self, "--spin", &how));
	EXPECT_TRUE(held_state(process_hold(self->process, &token)));
	EXPECT_TRUE(wait_for_holds(self->process, 0));
	EXPECT_EQ(-ESTALE, process_resume(self->process, token));
	kill(self->pid, SIGKILL);
	waitpid(self->pid, NULL, 0);
}

TEST_F(spawn, program_that_cannot_be_executed_is_no_child)
{
	int fds = proc_count_fds();
	char *const argv[] = { "none", NULL };

	EXPECT_EQ(-ENOENT, proxyipc_spawn(self->device, NULL, "/does/not/exist", argv,
					  environ, &self->pid));
	EXPECT_EQ(-EACCES, proxyipc_spawn(self->device, NULL, "/", argv, environ,
					  &self->pid));
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	EXPECT_EQ(ECHILD, errno);
	EXPECT_EQ(fds, proc_count_fds());
}

TEST_F(spawn, that_may_not_open_itself_is_no_child)
{
	const struct proxyipc_process_open how = { .defer_max = ~0ULL };
	int fds = proc_count_fds();

	EXPECT_EQ(-EINVAL, spawn_again(self, "--spin", &how));
	self->process = -1;
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	EXPECT_EQ(fds, proc_count_fds());
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--cooperate"))
		return cooperate();
	if (argc == 2 && !strcmp(argv[1], "--whole"))
		return cooperate_as_a_whole();
	if (argc == 2 && !strcmp(argv[1], "--spin"))
		for (;;)
			;
	return test_harness_run(argc, argv);
}
