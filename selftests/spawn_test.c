// SPDX-License-Identifier: GPL-2.0
/* Programs that are enrolled before their first instruction. */
#include "proxyipc_test.h"
#include "hold_helpers.h"

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
	if (argc == 2 && !strcmp(argv[1], "--spin"))
		for (;;)
			;
	return test_harness_run(argc, argv);
}
