// SPDX-License-Identifier: GPL-2.0
/*
 * A hold that is in place while the target is in execve(). An argument of that
 * is in memory that a userfaultfd withholds: the target is asleep in the call,
 * armed, until the test provides the page.
 */
#include "proxyipc_test.h"
#include "exec_image.h"

#include <fcntl.h>
#include <liburing.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define ALICE	1000

/*
 * In the target
 */

/* A page that isn't there; its userfaultfd goes to the test. */
static char *withheld_page(int sock)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *where;
	int fd;

	where = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (uintptr_t)where;
	range.range.len = sysconf(_SC_PAGESIZE);
	/* As root: faults of the kernel's own are a privilege. */
	fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (where == MAP_FAILED || fd < 0 || ioctl(fd, UFFDIO_API, &api) ||
	    ioctl(fd, UFFDIO_REGISTER, &range) || pass_send_fd(sock, fd))
		return NULL;
	close(fd);
	return where;
}

/*
 * An exec cancels what io_uring has in flight, and runs task work for that, deep
 * inside the call with a mutex held: no place to park.
 */
static bool use_io_uring;

static void put_in_flight(void)
{
	static struct io_uring ring;
	static char byte;
	int fds[2];

	if (pipe(fds) || io_uring_queue_init(4, &ring, 0))
		_exit(1);
	io_uring_prep_read(io_uring_get_sqe(&ring), fds[0], &byte, 1, 0);
	if (io_uring_submit(&ring) != 1)
		_exit(1);
}

static void exec_with_withheld_argument(struct child_page *page)
{
	char *withheld = withheld_page(page->fd[1]);
	struct who alice = plain_user(ALICE);

	if (use_io_uring)
		put_in_flight();
	page->error = withheld ? become(&alice) : errno;
	page->phase = PHASE_READY;
	await_go(page, GO);
	image_exec(page, withheld);
}

/*
 * In the test
 */

FIXTURE(armed) {
	char path[64];
	struct child target;	/* asleep in execve() */
	int process;
	int endpoint;		/* its receiver */
	int proxy;
	int uffd;
	__u64 where;		/* address that it asks for */
	__u64 token;
};

FIXTURE_VARIANT(armed) {
	mode_t mode;		/* of the program */
	bool kept;		/* by the exec */
	bool io_uring;		/* has something in flight */
	bool traced;		/* by somebody who wants to see it execute */
};

FIXTURE_VARIANT_ADD(armed, ordinary) {
	.mode = 0755,
	.kept = true,
};

FIXTURE_VARIANT_ADD(armed, ordinary_with_io_uring) {
	.mode = 0755,
	.kept = true,
	.io_uring = true,
};

FIXTURE_VARIANT_ADD(armed, ordinary_and_traced) {
	.mode = 0755,
	.kept = true,
	.traced = true,
};

FIXTURE_VARIANT_ADD(armed, set_uid_and_traced) {
	.mode = 04755,
	.kept = false,
	.traced = true,
};

FIXTURE_VARIANT_ADD(armed, set_uid) {
	.mode = 04755,
	.kept = false,
};

FIXTURE_VARIANT_ADD(armed, set_uid_with_io_uring) {
	.mode = 04755,
	.kept = false,
	.io_uring = true,
};

FIXTURE_VARIANT_ADD(armed, unreadable) {
	.mode = 0711,
	.kept = false,
};

/* The fault's address, 0 while there is none. */
static __u64 fault_address(int uffd)
{
	struct uffd_msg msg;

	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg) ||
	    msg.event != UFFD_EVENT_PAGEFAULT)
		return 0;
	return msg.arg.pagefault.address;
}

static int provide(int uffd, __u64 where)
{
	__u64 size = sysconf(_SC_PAGESIZE);
	struct uffdio_zeropage zero = {
		.range = { .start = where & ~(size - 1), .len = size },
	};

	return ioctl(uffd, UFFDIO_ZEROPAGE, &zero) ? -errno : 0;
}

static int start(struct child *target, const char *path)
{
	struct child_page *page = image_page_new(path);
	int socks[2], uffd;

	if (!page || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
		return -errno;
	page->fd[1] = socks[1];
	*target = child_start(exec_with_withheld_argument, page);
	close(socks[1]);
	uffd = pass_recv_fd(socks[0]);
	close(socks[0]);
	return child_reaches(target, PHASE_READY) ? uffd : -EINPROGRESS;
}

FIXTURE_SETUP(armed)
{
	int entry;

	snprintf(self->path, sizeof(self->path), "/tmp/exec_armed.%d", getpid());
	ASSERT_EQ(0, image_copy(self->path, 0, 0, variant->mode));
	use_io_uring = variant->io_uring;
	self->uffd = start(&self->target, self->path);
	ASSERT_LE(0, self->uffd);
	ASSERT_EQ(0, self->target.page->error);
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
	self->endpoint = endpoint_new();
	entry = entry_new(self->endpoint, 77, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_EQ(0, process_set_receiver(self->process, entry));
	self->proxy = process_mint(self->process, 0, RIGHTS_ALL, 0);
	ASSERT_LE(0, self->proxy);
	if (variant->traced)
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->target.pid, NULL,
				    PTRACE_O_TRACEEXEC));
	child_go(&self->target, GO);
	ASSERT_TRUE(eventually((self->where = fault_address(self->uffd))));
	ASSERT_TRUE(eventually(proc_asleep_in_syscall(self->target.pid, SYS_execve)));
}

FIXTURE_TEARDOWN(armed)
{
	child_kill(&self->target);
	unlink(self->path);
}

/* Not one instruction of the new program, nor one more of the old. */
#define EXPECT_NOT_BEGUN() do {						\
	EXPECT_TRUE(stands_still(&self->target.page->counter[1]));	\
	EXPECT_EQ(PHASE_READY, self->target.page->phase);		\
	EXPECT_EQ(0, self->target.page->counter[1]);			\
} while (0)

/* It is past the exec: that has taken effect. */
static bool executes(struct child *c, const char *program)
{
	char path[64], what[128] = "";

	snprintf(path, sizeof(path), "/proc/%d/exe", c->pid);
	return readlink(path, what, sizeof(what) - 1) > 0 && !strcmp(what, program);
}

/* The stop that a tracer asked for may come before the target parks, or after. */
static void pass_stop(struct child *c)
{
	int status;

	if (waitpid(c->pid, &status, WNOHANG | __WALL) == c->pid &&
	    WIFSTOPPED(status))
		ptrace(PTRACE_CONT, c->pid, NULL, NULL);
}

static bool parks(struct child *c, int process)
{
	return eventually((pass_stop(c),
			   process_state(process) == PROXYIPC_STATE_PARKED));
}

static bool begins(struct child *c)
{
	return eventually((pass_stop(c), c->page->phase >= PHASE_IMAGE));
}

#define EXPECT_RUNS() do {						\
	EXPECT_TRUE(begins(&self->target));				\
	EXPECT_EQ(PHASE_IMAGE, self->target.page->phase);		\
	EXPECT_TRUE(counts(&self->target.page->counter[1]));		\
} while (0)

TEST_F(armed, in_exec_holds_the_new_program_if_it_is_the_same_user_s)
{
	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(self->process, &self->token));
	ASSERT_EQ(0, provide(self->uffd, self->where));
	if (variant->kept) {
		EXPECT_TRUE(parks(&self->target, self->process));
		EXPECT_EQ(1, process_holds(self->process));
		EXPECT_TRUE(executes(&self->target, self->path));
		EXPECT_NOT_BEGUN();
		EXPECT_EQ(0, process_resume(self->process, self->token));
		EXPECT_RUNS();
	} else {
		EXPECT_RUNS();
		EXPECT_EQ(-ESTALE, process_resume(self->process, self->token));
		EXPECT_EQ(-ESTALE, process_holds(self->process));
	}
}

TEST_F(armed, in_exec_and_resumed_runs_undisturbed)
{
	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(self->process, &self->token));
	ASSERT_EQ(0, process_resume(self->process, self->token));
	ASSERT_EQ(0, provide(self->uffd, self->where));
	EXPECT_RUNS();
}

TEST_F(armed, in_exec_dies_of_sigkill)
{
	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(self->process, &self->token));
	EXPECT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_GONE));
}

TEST_F(armed, in_exec_by_an_episode_tells_receiver_and_caller)
{
	struct proxyipc_endpoint_recv recv = {};
	struct helper caller = helper_new();
	__u64 cap;
	int theirs;

	theirs = helper_give(&caller, self->proxy);
	ASSERT_LE(0, theirs);
	ASSERT_EQ(0, helper_call(&caller, theirs, 1));
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
	EXPECT_EQ(PROXYIPC_STATE_ARMED, recv.received.out_state);
	cap = recv.received.out_cap;
	ASSERT_EQ(0, provide(self->uffd, self->where));
	if (variant->kept) {
		EXPECT_TRUE(parks(&self->target, self->process));
		EXPECT_NOT_BEGUN();
		EXPECT_EQ(0, endpoint_resume_reply(self->endpoint, cap, 2));
		EXPECT_EQ(0, helper_finish(&caller));
	} else {
		/* Before its tracer lets it go on. */
		EXPECT_EQ(-ESTALE, helper_finish(&caller));
		ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
		EXPECT_EQ(PROXYIPC_KIND_EVENT, recv.received.out_kind);
		EXPECT_EQ(PROXYIPC_EVENT_TARGET_CHANGED, recv.received.out_events);
		EXPECT_EQ(77, recv.received.out_payload);
		EXPECT_EQ(-ESTALE, endpoint_resume(self->endpoint, cap));
	}
	EXPECT_RUNS();
	helper_kill(&caller);
}

/*
 * An exec that fails
 */

FIXTURE(failing) {
	char path[64];		/* no program */
	struct child target;
	int process;
	int uffd;
	__u64 where;
	__u64 token;
};

FIXTURE_SETUP(failing)
{
	int fd;

	snprintf(self->path, sizeof(self->path), "/tmp/exec_armed.%d", getpid());
	fd = open(self->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ASSERT_EQ(7, write(fd, "garbage", 7));
	close(fd);
	self->uffd = start(&self->target, self->path);
	ASSERT_LE(0, self->uffd);
	ASSERT_EQ(0, self->target.page->error);
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
	child_go(&self->target, GO);
	ASSERT_TRUE(eventually((self->where = fault_address(self->uffd))));
	ASSERT_TRUE(eventually(proc_asleep_in_syscall(self->target.pid, SYS_execve)));
}

FIXTURE_TEARDOWN(failing)
{
	child_kill(&self->target);
	unlink(self->path);
}

TEST_F(failing, exec_parks_before_it_returns)
{
	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold(self->process, &self->token));
	ASSERT_EQ(0, provide(self->uffd, self->where));
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_TRUE(stands_still(&self->target.page->counter[0]));
	EXPECT_EQ(PHASE_READY, self->target.page->phase);
	EXPECT_EQ(0, process_resume(self->process, self->token));
	EXPECT_TRUE(child_reaches(&self->target, PHASE_FAILED));
	EXPECT_EQ(ENOEXEC, self->target.page->error);
}

int main(int argc, char **argv)
{
	image_run(argc, argv);
	return test_harness_run(argc, argv);
}
