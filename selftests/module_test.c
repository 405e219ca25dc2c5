// SPDX-License-Identifier: GPL-2.0
/*
 * The module can't be removed while anything of it is in use, and can afterwards.
 * Every test leaves it loaded, with the parameters that it had.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"
#include "module.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

FIXTURE(module) {
	char parameters[512];
};

FIXTURE_SETUP(module)
{
	ASSERT_TRUE(module_is_loaded());
	if (access(module_file(), R_OK))
		SKIP(return, "no %s to load it again from", module_file());
	module_parameters(self->parameters, sizeof(self->parameters));
}

FIXTURE_TEARDOWN_PARENT(module)
{
	if (!module_is_loaded())
		module_load(self->parameters);
}

#define EXPECT_IN_USE() do {						\
	EXPECT_EQ(-EWOULDBLOCK, module_remove());			\
	EXPECT_TRUE(module_is_loaded());					\
} while (0)

/* In good time: what was in use a moment ago may still be on its way out. */
#define EXPECT_FREE() do {						\
	EXPECT_TRUE(eventually(!module_remove()));			\
	EXPECT_FALSE(module_is_loaded());					\
	EXPECT_EQ(0, module_load(self->parameters));			\
} while (0)

/* It works. */
#define EXPECT_WORKS() do {						\
	struct child target_ = child_new(child_spin, -1, -1);		\
	int process_ = child_open(&target_);				\
	__u64 token_ = 0;						\
									\
	EXPECT_TRUE(held_state(process_hold(process_, &token_)));	\
	EXPECT_TRUE(stands_still(&target_.page->counter[0]));		\
	EXPECT_EQ(0, process_resume(process_, token_));			\
	EXPECT_TRUE(counts(&target_.page->counter[0]));			\
	close(process_);						\
	child_kill(&target_);						\
} while (0)

TEST_F(module, not_in_use_is_removed_and_loaded_again)
{
	for (int i = 0; i < 2; i++)
		EXPECT_FREE();
	EXPECT_WORKS();
	EXPECT_FREE();
}

TEST_F(module, is_kept_by_an_open_device)
{
	int device = device_open();

	ASSERT_LE(0, device);
	EXPECT_IN_USE();
	close(device);
	EXPECT_FREE();
}

TEST_F(module, is_kept_by_an_endpoint)
{
	int endpoint = endpoint_new();

	ASSERT_LE(0, endpoint);
	EXPECT_IN_USE();
	close(endpoint);
	EXPECT_FREE();
}

TEST_F(module, is_kept_by_an_entry_whose_endpoint_is_closed)
{
	int endpoint = endpoint_new();
	int entry = entry_new(endpoint, 0, RIGHTS_ALL, 0);

	ASSERT_LE(0, entry);
	close(endpoint);
	EXPECT_IN_USE();
	close(entry);
	EXPECT_FREE();
}

TEST_F(module, is_kept_by_a_descriptor_in_flight)
{
	int endpoint = endpoint_new();
	int socks[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
	ASSERT_EQ(0, pass_send_fd(socks[0], endpoint));
	close(endpoint);
	EXPECT_IN_USE();
	close(socks[0]);
	close(socks[1]);
	EXPECT_FREE();
}

TEST_F(module, is_kept_by_a_process_object_whose_target_is_gone)
{
	struct child target = child_new(child_spin, -1, -1);
	int process = child_open(&target);

	ASSERT_LE(0, process);
	ASSERT_TRUE(killed_by(child_kill(&target), SIGKILL));
	EXPECT_IN_USE();
	close(process);
	EXPECT_FREE();
}

TEST_F(module, is_kept_by_a_parked_target)
{
	struct child target = child_new(child_spin, -1, -1);
	int process = child_open(&target);
	__u64 token = 0;

	ASSERT_TRUE(held_state(process_hold(process, &token)));
	ASSERT_TRUE(wait_for_state(process, PROXYIPC_STATE_PARKED));
	EXPECT_IN_USE();
	close(process);
	EXPECT_TRUE(counts(&target.page->counter[0]));
	EXPECT_FREE();
	EXPECT_TRUE(counts(&target.page->counter[0]));
	child_kill(&target);
}

/*
 * A target asleep in a system call: what is queued for its return to user mode
 * is code of the module's, though every descriptor is closed.
 */

FIXTURE(sleeper) {
	char parameters[512];
	struct child target;	/* in read() of a pipe */
	int pipe;
	atomic_uint *counter;
};

FIXTURE_SETUP(sleeper)
{
	__u64 token = 0;
	int fds[2], process;

	ASSERT_TRUE(module_is_loaded());
	if (access(module_file(), R_OK))
		SKIP(return, "no %s to load it again from", module_file());
	module_parameters(self->parameters, sizeof(self->parameters));
	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	self->pipe = fds[1];
	self->target = child_new(child_read, fds[0], -1);
	ASSERT_LT(0, self->target.pid);
	self->counter = &self->target.page->counter[0];
	process = child_open(&self->target);
	ASSERT_LE(0, process);
	ASSERT_TRUE(eventually(proc_asleep_in_syscall(self->target.pid, SYS_read)));
	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(process, &token));
	close(process);
}

FIXTURE_TEARDOWN(sleeper)
{
	child_kill(&self->target);
	if (!module_is_loaded())
		module_load(self->parameters);
}

TEST_F(sleeper, that_was_held_once_keeps_the_module_until_it_wakes)
{
	EXPECT_IN_USE();
	EXPECT_TRUE(proc_asleep_in_syscall(self->target.pid, SYS_read));
	ASSERT_EQ(1, write(self->pipe, "x", 1));
	EXPECT_TRUE(eventually(*self->counter == 1));
	EXPECT_FREE();
	ASSERT_EQ(1, write(self->pipe, "x", 1));
	EXPECT_TRUE(eventually(*self->counter == 2));
}

TEST_F(sleeper, that_was_held_once_keeps_the_module_until_it_is_killed)
{
	EXPECT_IN_USE();
	ASSERT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_FREE();
}

/*
 * Removal while targets are on their way
 */

TEST_F(module, removed_right_after_the_last_close_leaves_targets_running)
{
	struct child target = child_new(child_spin, -1, -1);
	__u64 token;
	int process;

	for (int i = 0; i < 6; i++) {
		process = child_open(&target);
		ASSERT_LE(0, process);
		ASSERT_TRUE(held_state(process_hold(process, &token)));
		close(process);
		burn(i * 131 % 5000);
		EXPECT_FREE();
		ASSERT_TRUE(counts(&target.page->counter[0]));
	}
	child_kill(&target);
}

TEST_HARNESS_MAIN
