// SPDX-License-Identifier: GPL-2.0
/*
 * A hold was lost in a traced exec: PTRACE_EVENT_EXEC runs task work, still inside
 * execve(2) but behind the exec probe. The callback thought that it may not park
 * there and left it to the probe, which had been, so nobody queued it again.
 */
#include "proxyipc_test.h"
#include "exec_image.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>

#define SYSCALL_STOP	(SIGTRAP | 0x80)
#define EXEC_STOP	(SIGTRAP | PTRACE_EVENT_EXEC << 8)

FIXTURE(traced_exec) {
	char path[64];		/* copy of this program */
	struct child target;	/* counts, and executes it when told */
	int process;
	__u64 token;
};

FIXTURE_VARIANT(traced_exec) {
	bool attach;		/* PTRACE_ATTACH rather than PTRACE_SEIZE */
	bool exec_stop;		/* the tracer wants to see it */
	bool hold_there;	/* in the exec stop, rather than before the call */
};

FIXTURE_VARIANT_ADD(traced_exec, held_at_its_entry_with_exec_stop) {
	.exec_stop = true,
};

FIXTURE_VARIANT_ADD(traced_exec, held_at_its_entry_without_flags) {
};

/* An exec is a SIGTRAP to who is traced in this way. */
FIXTURE_VARIANT_ADD(traced_exec, held_at_its_entry_attached_without_flags) {
	.attach = true,
};

FIXTURE_VARIANT_ADD(traced_exec, held_at_its_entry_attached_with_exec_stop) {
	.attach = true,
	.exec_stop = true,
};

FIXTURE_VARIANT_ADD(traced_exec, held_in_the_exec_stop) {
	.exec_stop = true,
	.hold_there = true,
};

/* The stop it has come to, 0 while it hasn't. */
static int stop_of(struct child *c)
{
	int status;

	if (waitpid(c->pid, &status, WNOHANG | __WALL) != c->pid)
		return 0;
	return WIFSTOPPED(status) ? status >> 8 : -1;
}

static int await_stop(struct child *c)
{
	int stop;

	return eventually((stop = stop_of(c))) ? stop : 0;
}

static int tell(struct child *c, int request)
{
	return ptrace(request, c->pid, NULL, NULL) ? -errno : 0;
}

/* Traced and stopped. */
static int trace(struct child *c, bool attach)
{
	int ret;

	if (attach) {
		ret = tell(c, PTRACE_ATTACH);
	} else {
		ret = tell(c, PTRACE_SEIZE);
		ret = ret ?: tell(c, PTRACE_INTERRUPT);
	}
	return ret ?: await_stop(c) > 0 ? 0 : -ETIMEDOUT;
}

static int set_options(struct child *c, long options)
{
	return ptrace(PTRACE_SETOPTIONS, c->pid, NULL, options) ? -errno : 0;
}

static bool at_entry_of_execve(struct child *c)
{
	struct __ptrace_syscall_info info = {};

	return ptrace(PTRACE_GET_SYSCALL_INFO, c->pid, sizeof(info), &info) > 0 &&
	       info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_execve;
}

FIXTURE_SETUP(traced_exec)
{
	snprintf(self->path, sizeof(self->path), "/tmp/traced_exec.%d", getpid());
	ASSERT_EQ(0, image_copy(self->path, 0, 0, 0755));
	self->target = child_start(image_exec_when_told, image_page_new(self->path));
	ASSERT_LT(0, self->target.pid);
	ASSERT_TRUE(child_reaches(&self->target, PHASE_READY));
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
	ASSERT_EQ(0, trace(&self->target, variant->attach));
	ASSERT_EQ(0, set_options(&self->target, PTRACE_O_TRACESYSGOOD));
	child_go(&self->target, GO);
	ASSERT_EQ(0, tell(&self->target, PTRACE_SYSCALL));
	ASSERT_EQ(SYSCALL_STOP, await_stop(&self->target));
	ASSERT_TRUE(at_entry_of_execve(&self->target));
	ASSERT_EQ(0, set_options(&self->target,
				 variant->exec_stop ? PTRACE_O_TRACEEXEC : 0));
}

FIXTURE_TEARDOWN(traced_exec)
{
	close_fd(&self->process);
	child_kill(&self->target);
	unlink(self->path);
}

/* The tracer's part: continues it from whatever stop; counts those of the exec. */
static void continue_stopped(struct child *c, int *exec_stops)
{
	int stop = stop_of(c);

	*exec_stops += stop == EXEC_STOP;
	if (stop > 0)
		tell(c, PTRACE_CONT);
}

static bool parked(int process)
{
	return process_state(process) == PROXYIPC_STATE_PARKED;
}

TEST_F(traced_exec, parks_whatever_the_tracer_does_until_it_is_resumed)
{
	struct child_page *page = self->target.page;
	int exec_stops = 0;

	if (variant->hold_there) {
		ASSERT_EQ(0, tell(&self->target, PTRACE_CONT));
		ASSERT_EQ(EXEC_STOP, await_stop(&self->target));
		exec_stops++;
	}
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)));
	ASSERT_EQ(0, tell(&self->target, PTRACE_CONT));
	EXPECT_TRUE(eventually((continue_stopped(&self->target, &exec_stops),
				parked(self->process))));
	EXPECT_TRUE(stands_still(&page->counter[1]));
	EXPECT_EQ(0U, page->counter[1]);
	EXPECT_EQ(PHASE_READY, page->phase);
	/* It is not where a tracer could continue it. */
	EXPECT_EQ(-ESRCH, tell(&self->target, PTRACE_CONT));

	ASSERT_EQ(0, process_resume(self->process, self->token));
	EXPECT_TRUE(eventually((continue_stopped(&self->target, &exec_stops),
				page->counter[1])));
	EXPECT_EQ(PHASE_IMAGE, page->phase);
	EXPECT_EQ((int)variant->exec_stop, exec_stops);
}

int main(int argc, char **argv)
{
	image_run(argc, argv);
	return test_harness_run(argc, argv);
}
