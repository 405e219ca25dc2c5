// SPDX-License-Identifier: GPL-2.0
/*
 * A failure of an earlier version of the mechanism, E3 in the design's list; the
 * others are in regression_test.c.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/*
 * E3: the last write end of a pipe, closed by dup2(), and the target parked
 * before it got to the deferred part of the close: the reader saw no end of file
 * until the resume, 5 times in 226.
 */
#define E3_ROUNDS	100

/* Descriptors that the target closes along with the pipe, which takes a while. */
#define COMPANY		100

static void close_by_dup2(int fd)
{
	dup2(0, fd);
}

static void close_by_close_range(int fd)
{
	syscall(SYS_close_range, fd, fd + COMPANY, 0);
}

/* The pipe's descriptor @fd to its place, and others behind it. */
static int in_company(int fd)
{
	int place = 100;

	dup2(fd, place);
	close(fd);
	for (int i = 1; i <= COMPANY; i++)
		dup2(0, place + i);
	return place;
}

/* Makes a pipe, gives its read end away, closes the other when told. */
static void close_when_told(struct child_page *page, void (*close_it)(int fd))
{
	int fds[2], fd;

	for (int i = 1; i <= repeat(E3_ROUNDS); i++) {
		if (pipe(fds) || pass_send_fd(page->fd[0], fds[0]))
			return;
		close(fds[0]);
		fd = in_company(fds[1]);
		page->result = fd;
		page->phase = i;
		while (page->go < i)
			;
		burn(page->delay);
		close_it(fd);
		page->counter[0]++;
		close(fd);
	}
	for (;;)
		pause();
}

static void dup2_when_told(struct child_page *page)
{
	close_when_told(page, close_by_dup2);
}

static void close_range_when_told(struct child_page *page)
{
	close_when_told(page, close_by_close_range);
}

FIXTURE(e3) {
	struct child target;
	int process;
	int sock;		/* to it */
};

FIXTURE_VARIANT(e3) {
	void (*body)(struct child_page *page);
};

FIXTURE_VARIANT_ADD(e3, dup2) {
	.body = dup2_when_told,
};

FIXTURE_VARIANT_ADD(e3, close_range) {
	.body = close_range_when_told,
};

FIXTURE_SETUP(e3)
{
	int socks[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks));
	self->sock = socks[0];
	self->target = child_new(variant->body, socks[1], -1);
	ASSERT_LT(0, self->target.pid);
	close(socks[1]);
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
}

FIXTURE_TEARDOWN(e3)
{
	close_fd(&self->process);
	child_kill(&self->target);
}

/* Is descriptor @fd of the child a pipe? */
static bool is_pipe(struct child *c, int fd)
{
	char path[64], what[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", c->pid, fd);
	return readlink(path, what, sizeof(what) - 1) > 0 &&
	       !strncmp(what, "pipe:", 5);
}

static bool at_end(int fd)
{
	return poll_events(fd) & POLLHUP;
}

TEST_F(e3, close_of_a_held_target_is_not_held_back)
{
	struct child_page *page = self->target.page;
	unsigned int delay = 2000;
	int hits = 0;
	__u64 token;

	for (int i = 1; i <= repeat(E3_ROUNDS); i++) {
		int reader = pass_recv_fd(self->sock);
		bool closed, counted;

		ASSERT_LE(0, reader);
		ASSERT_TRUE(child_reaches(&self->target, i));
		page->delay = delay;
		child_go(&self->target, i);
		ASSERT_TRUE(held_state(process_hold(self->process, &token)));
		ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
		counted = page->counter[0] >= (unsigned int)i;
		closed = counted || !is_pipe(&self->target, page->result);
		if (closed)
			ASSERT_TRUE(eventually(at_end(reader))) TH_LOG("round %d", i);
		/* Aim at the moment between close and return to user mode. */
		hits += closed && !counted;
		delay = closed ? delay + 50 : delay - (delay > 50 ? 50 : delay);
		ASSERT_EQ(0, process_resume(self->process, token));
		close(reader);
	}
	TH_LOG("parked on its way back from the close %d times in %ld", hits, repeat(E3_ROUNDS));
}

TEST_HARNESS_MAIN
