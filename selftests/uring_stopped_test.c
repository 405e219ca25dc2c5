// SPDX-License-Identifier: GPL-2.0
/*
 * Commands in flight whose task doesn't run, for as long as somebody else likes. What it
 * alone could do waits for it; the kernel doesn't spend the time on asking for it.
 */
#include <liburing.h>

#include "ring_stage.h"
#include "hold_helpers.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open	434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd	438
#endif

#define IN_FLIGHT	1	/* phases */
#define LET_GO		2

/*
 * A child with a ring and a receive in flight there. The test has the last descriptor of
 * the ring, and the child is stopped.
 */
FIXTURE(stopped) {
	int endpoint, entry;
	struct child c;
	int ring;
};

FIXTURE_VARIANT(stopped) {
	unsigned int setup;
};

FIXTURE_VARIANT_ADD(stopped, plain) { .setup = 0 };

FIXTURE_VARIANT_ADD(stopped, deferred) {
	.setup = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
};

/* Inherited by the child. */
static unsigned int child_setup;
static struct proxyipc_endpoint_recv child_recv;

static void child_lets_go(struct child_page *page)
{
	struct ring ring;

	if (ring_init(&ring, child_setup, 0) ||
	    ring_recv(&ring, 1, page->fd[0], &child_recv))
		_exit(3);
	page->counter[0] = ring.uring.ring_fd;
	page->phase = IN_FLIGHT;
	await_go(page, 1);
	io_uring_queue_exit(&ring.uring);
	page->phase = LET_GO;
	for (;;)
		pause();
}

static int descriptor_of(pid_t pid, int number)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	int fd = syscall(SYS_pidfd_getfd, pidfd, number, 0);

	close_fd(&pidfd);
	return fd;
}

FIXTURE_SETUP(stopped)
{
	child_setup = variant->setup;
	self->endpoint = endpoint_new();
	self->entry = entry_new(self->endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->entry);
	self->c = child_new(child_lets_go, self->endpoint, -1);
	ASSERT_TRUE(child_reaches(&self->c, IN_FLIGHT));
	self->ring = descriptor_of(self->c.pid, self->c.page->counter[0]);
	ASSERT_LE(0, self->ring);
	child_go(&self->c, 1);
	ASSERT_TRUE(child_reaches(&self->c, LET_GO));
	ASSERT_EQ(0, kill(self->c.pid, SIGSTOP));
	ASSERT_TRUE(eventually(proc_state(self->c.pid) == 'T'));
}

FIXTURE_TEARDOWN(stopped)
{
	close_fd(&self->ring);
	child_kill(&self->c);
	close_fd(&self->entry);
	close_fd(&self->endpoint);
}

/* How long the kernel has been at work for itself and others, on all CPUs. */
static long system_ms(void)
{
	FILE *file = fopen("/proc/stat", "r");
	long user, nice, system = -1;

	if (!file)
		return -1;
	if (fscanf(file, "cpu %ld %ld %ld", &user, &nice, &system) != 3)
		system = -1;
	fclose(file);
	return system * 1000 / sysconf(_SC_CLK_TCK);
}

#define LOOK_MS		1000

/*
 * In this second there was no more to do than would fill half of it. May be so for other
 * reasons, so it is asked again; what doesn't pause is never done.
 */
static bool kernel_is_quiet(void)
{
	long begin = system_ms();

	sleep_ms(LOOK_MS);
	return system_ms() - begin < LOOK_MS / 2;
}

/* The receive has ended, and nobody has the endpoint but the test. */
static void expect_given_up(struct __test_metadata *_metadata,
			    struct _test_data_stopped *self)
{
	ASSERT_EQ(0, kill(self->c.pid, SIGCONT));
	EXPECT_TRUE(killed_by(child_kill(&self->c), SIGKILL));
	close_fd(&self->endpoint);
	EXPECT_TRUE(eventually(poll_events(self->entry) & POLLHUP));
}

TEST_F(stopped, ring_that_is_closed_is_waited_for_quietly)
{
	close_fd(&self->ring);
	EXPECT_TRUE(eventually(kernel_is_quiet()));
	expect_given_up(_metadata, self);
}

/*
 * Its wake-up is then under way, and can't be taken back: io_uring was told "not yet",
 * and asked again at once, for as long as the task was stopped.
 */
TEST_F(stopped, ring_that_is_closed_after_a_message_came_is_waited_for_quietly)
{
	ASSERT_EQ(0, entry_send(self->entry, 42));
	close_fd(&self->ring);
	EXPECT_TRUE(eventually(kernel_is_quiet()));
	EXPECT_TRUE(readable(self->endpoint));
	expect_given_up(_metadata, self);
}

TEST_HARNESS_MAIN
