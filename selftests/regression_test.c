// SPDX-License-Identifier: GPL-2.0
/*
 * Failures of earlier versions of the mechanism, each reproduced once, by its
 * number in the design's list; and the races that a hold may not lose.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>

FIXTURE(regression) {
	struct child target;
	int process;
};

FIXTURE_SETUP(regression)
{
	self->process = -1;
}

FIXTURE_TEARDOWN(regression)
{
	close_fd(&self->process);
	child_kill(&self->target);
}

#define START(body) do {						\
	self->target = child_new(body, -1, -1);				\
	ASSERT_LT(0, self->target.pid);					\
	self->process = child_open(&self->target);			\
	ASSERT_LE(0, self->process);					\
} while (0)

/*
 * E1: a target that its tracer wants to see exit parked in do_exit(), where
 * SIGKILL can't reach it: 3 in 1123 tries.
 */
#define EXITS	500

static void *sleep_in_thread(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* To end the other thread takes a moment, in which it is already dying. */
static void exit_when_told(struct child_page *page)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sleep_in_thread, NULL))
		return;
	page->phase = 1;
	while (!page->go)
		;
	burn(page->delay);
	syscall(SYS_exit_group, 0);
}

/* Is it held where it waited to be told? */
static bool held_before_exit(int process)
{
	struct proxyipc_process_info info;

	return !process_info(process, &info) && held_state(info.out_state) &&
	       info.out_syscall == -1;
}

/* One try; *@early says whether the hold came before the exit. */
static const char *hold_exiting(struct child *c, int process, bool *early)
{
	__u64 token;
	int ret;

	if (!child_reaches(c, 1))
		return "did not begin";
	if (ptrace(PTRACE_SEIZE, c->pid, NULL, PTRACE_O_TRACEEXIT))
		return "can not be traced";
	child_go(c, 1);
	ret = process_hold(process, &token);
	if (ret < 0 && ret != -ESRCH)
		return "can not be held";
	*early = held_before_exit(process);
	/* Its exit stop, if it has come that far, is continued here. */
	return child_kill(c) < 0 ? "survived SIGKILL" : NULL;
}

TEST_F(regression, e1_exit_of_a_traced_target_survives_no_sigkill)
{
	unsigned int delay = 0, step;
	const char *failure;
	int times_early = 0;
	bool early = false;

	for (int i = 0; i < repeat(EXITS); i++) {
		self->target = child_new(exit_when_told, -1, -1);
		self->target.page->delay = delay;
		self->process = child_open(&self->target);
		ASSERT_LE(0, self->process);
		failure = hold_exiting(&self->target, self->process, &early);
		ASSERT_EQ(NULL, failure) TH_LOG("try %d: %s", i, failure);
		close_fd(&self->process);
		/* Aim at the moment when it begins to exit. */
		step = i * 37 % 200;
		if (early)
			delay -= delay < step ? delay : step;
		else
			delay += step;
		times_early += early;
	}
	TH_LOG("came before the exit %d times in %ld", times_early, repeat(EXITS));
}

/* In a group with a second thread, where the exit of the first is not the end. */
static void *exit_thread_when_told(void *arg)
{
	struct child_page *page = arg;

	page->tid[1] = syscall(SYS_gettid);
	page->phase = 1;
	while (!page->go)
		;
	syscall(SYS_exit, 0);
	return NULL;
}

static void outlive_second(struct child_page *page)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, exit_thread_when_told, page))
		return;
	for (;;)
		page->counter[0]++;
}

/* Has the traced thread ended? Its exit stop, that of SIGKILL too, is continued. */
static bool thread_ended(pid_t tid)
{
	int status;

	if (waitpid(tid, &status, WNOHANG | __WALL) != tid)
		return false;
	if (!WIFSTOPPED(status))
		return true;
	ptrace(PTRACE_CONT, tid, NULL, NULL);
	return false;
}

/* The group ends when its tracer has seen the thread's end. */
static int kill_with_thread(struct child *c, pid_t tid)
{
	kill(c->pid, SIGKILL);
	return eventually(thread_ended(tid)) ? child_ends_within(c, KILL_MS) :
					       -ETIMEDOUT;
}

TEST_F(regression, e1_exit_of_a_thread_that_is_held_ends_with_the_group)
{
	__u64 token;
	pid_t tid;
	int ret;

	for (int i = 0; i < repeat(50); i++) {
		START(outlive_second);
		ASSERT_TRUE(child_reaches(&self->target, 1));
		close_fd(&self->process);
		tid = self->target.page->tid[1];
		self->process = process_open(self->target.pid, tid, 0);
		ASSERT_LE(0, self->process);
		ASSERT_EQ(0, ptrace(PTRACE_SEIZE, tid, NULL, PTRACE_O_TRACEEXIT));
		child_go(&self->target, 1);
		burn(i * 53 % 20000);
		ret = process_hold(self->process, &token);
		ASSERT_TRUE(held_state(ret) || ret == -ESRCH) TH_LOG("%d", ret);
		ASSERT_TRUE(killed_by(kill_with_thread(&self->target, tid), SIGKILL))
			TH_LOG("try %d", i);
		close_fd(&self->process);
	}
}

/*
 * E4: a fault signal that the target sends itself, made to look like a fault,
 * was taken for one. Here neither a forged nor a genuine one is anybody's but the
 * target's own, although there is a receiver.
 */

static struct child_page *fault_page;

static void on_fault(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	fault_page->result = (long)info->si_addr;
	fault_page->error = info->si_code;
	fault_page->phase = 2;
	for (;;)
		pause();
}

static void prepare_fault(struct child_page *page, bool handled)
{
	struct sigaction action = {
		.sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO,
	};
	struct rlimit none = {};

	setrlimit(RLIMIT_CORE, &none);
	fault_page = page;
	if (handled)
		sigaction(SIGSEGV, &action, NULL);
	page->phase = 1;
	await_go(page, 1);
}

#define FAULT_ADDRESS	16L

static void forge(void)
{
	siginfo_t info = {
		.si_signo = SIGSEGV,
		.si_code = SEGV_MAPERR,
		.si_addr = (void *)FAULT_ADDRESS,
	};

	syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGSEGV, &info);
}

static void fault(void)
{
	/* Through a register: the compiler makes a trap of a null pointer. */
	asm volatile("movb $0, (%0)" : : "r"(FAULT_ADDRESS) : "memory");
}

static void forge_by_default(struct child_page *page)
{
	prepare_fault(page, false);
	forge();
}

static void fault_by_default(struct child_page *page)
{
	prepare_fault(page, false);
	fault();
}

static void forge_handled(struct child_page *page)
{
	prepare_fault(page, true);
	forge();
}

static void fault_handled(struct child_page *page)
{
	prepare_fault(page, true);
	fault();
}

FIXTURE(e4) {
	struct child target;
	int process;
	int endpoint;		/* its receiver */
};

FIXTURE_VARIANT(e4) {
	void (*by_default)(struct child_page *page);
	void (*handled)(struct child_page *page);
};

FIXTURE_VARIANT_ADD(e4, forged_fault) {
	.by_default = forge_by_default,
	.handled = forge_handled,
};

FIXTURE_VARIANT_ADD(e4, genuine_fault) {
	.by_default = fault_by_default,
	.handled = fault_handled,
};

FIXTURE_SETUP(e4)
{
	self->endpoint = endpoint_new();
	ASSERT_LE(0, self->endpoint);
}

FIXTURE_TEARDOWN(e4)
{
	child_kill(&self->target);
}

/* A target with a receiver that could be told. */
static int start_fault(struct child *c, int *process, int endpoint,
		       void (*body)(struct child_page *page))
{
	int entry, ret;

	*c = child_new(body, -1, -1);
	*process = child_open(c);
	entry = entry_new(endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	ret = process_set_receiver(*process, entry);
	close(entry);
	if (!ret && !child_reaches(c, 1))
		ret = -EINPROGRESS;
	child_go(c, 1);
	return ret;
}

TEST_F(e4, is_fatal_to_who_does_not_handle_it)
{
	struct proxyipc_endpoint_recv recv = {};

	ASSERT_EQ(0, start_fault(&self->target, &self->process, self->endpoint,
				 variant->by_default));
	EXPECT_TRUE(killed_by(child_ends(&self->target), SIGSEGV));
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
	EXPECT_EQ(PROXYIPC_KIND_EVENT, recv.received.out_kind);
	EXPECT_EQ(PROXYIPC_EVENT_TARGET_GONE, recv.received.out_events);
	EXPECT_EQ(-EAGAIN, endpoint_recv_now(self->endpoint, &recv));
}

TEST_F(e4, is_handled_by_who_handles_it)
{
	struct proxyipc_endpoint_recv recv = {};

	ASSERT_EQ(0, start_fault(&self->target, &self->process, self->endpoint,
				 variant->handled));
	EXPECT_TRUE(child_reaches(&self->target, 2));
	EXPECT_EQ(FAULT_ADDRESS, self->target.page->result);
	EXPECT_EQ(SEGV_MAPERR, self->target.page->error);
	EXPECT_EQ(-EAGAIN, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(0, process_holds(self->process));
}

/*
 * E6: an io_uring thread that polls for submissions parked with a lock held that
 * others then waited for, for ever.
 */
TEST(e6_io_uring_submission_thread_is_no_target)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SQPOLL,
		.sq_thread_idle = 1000,
	};
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	pid_t tid;

	ASSERT_EQ(0, io_uring_queue_init_params(4, &ring, &params));
	ASSERT_TRUE(eventually((tid = find_own_thread("iou-sqp"))));
	EXPECT_EQ(-EOPNOTSUPP, process_open(0, tid, 0));
	EXPECT_EQ(-EOPNOTSUPP, process_open(getpid(), tid, 0));
	/* It goes on polling. */
	io_uring_prep_nop(io_uring_get_sqe(&ring));
	ASSERT_EQ(1, io_uring_submit(&ring));
	ASSERT_EQ(0, io_uring_wait_cqe(&ring, &cqe));
	EXPECT_EQ(0, cqe->res);
	io_uring_queue_exit(&ring);
}

TEST_HARNESS_MAIN
