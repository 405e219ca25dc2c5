// SPDX-License-Identifier: GPL-2.0
/*
 * PROCESS_OPEN: which thread it names, and which it refuses. PROCESS_SET_RECEIVER:
 * what may be put into the slot. (Who may open whom: permission_test.c.)
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <elf.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

/* Opens, asks for the ids, closes: 0 or -errno. */
static int opened_ids(pid_t tgid, pid_t tid, struct proxyipc_process_info *info)
{
	int process, ret;

	process = process_open(tgid, tid, 0);
	if (process < 0)
		return process;
	ret = process_info(process, info);
	close(process);
	return ret;
}

static pid_t own_tid(void)
{
	return syscall(SYS_gettid);
}

TEST(open_without_ids_is_the_calling_thread)
{
	struct proxyipc_process_info info = {};

	ASSERT_EQ(0, opened_ids(0, 0, &info));
	EXPECT_EQ(getpid(), info.out_tgid);
	EXPECT_EQ(own_tid(), info.out_tid);
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, info.out_state);
}

static void *open_in_thread(void *arg)
{
	struct proxyipc_process_info *info = arg;

	return (void *)(long)(opened_ids(0, 0, info) ?:
			      (info->out_tid == own_tid() ? 0 : -EPROTO));
}

TEST(open_without_ids_in_second_thread_is_that_thread)
{
	struct proxyipc_process_info info = {};
	pthread_t thread;
	void *ret;

	ASSERT_EQ(0, pthread_create(&thread, NULL, open_in_thread, &info));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(0, (long)ret);
	EXPECT_EQ(getpid(), info.out_tgid);
	EXPECT_NE(getpid(), info.out_tid);
}

static atomic_int second_tid;

static void *wait_forever(void *arg)
{
	(void)arg;
	second_tid = own_tid();
	for (;;)
		pause();
	return NULL;
}

TEST(open_of_own_process_by_thread_id)
{
	struct proxyipc_process_info info = {};
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_forever, NULL));
	ASSERT_TRUE(eventually(second_tid));
	ASSERT_EQ(0, opened_ids(0, second_tid, &info));
	EXPECT_EQ(second_tid, info.out_tid);
	ASSERT_EQ(0, opened_ids(getpid(), second_tid, &info));
	EXPECT_EQ(getpid(), info.out_tgid);
	EXPECT_EQ(second_tid, info.out_tid);
	/* Without a thread id it is the main thread. */
	ASSERT_EQ(0, opened_ids(getpid(), 0, &info));
	EXPECT_EQ(getpid(), info.out_tid);
}

FIXTURE(process) {
	struct child target;
};

FIXTURE_SETUP(process)
{
	self->target = child_new(child_spin, -1, -1);
	ASSERT_LT(0, self->target.pid);
}

FIXTURE_TEARDOWN(process)
{
	child_kill(&self->target);
}

TEST_F(process, open_of_another_is_its_main_thread)
{
	struct proxyipc_process_info info = {};

	ASSERT_EQ(0, opened_ids(self->target.pid, 0, &info));
	EXPECT_EQ(self->target.pid, info.out_tgid);
	EXPECT_EQ(self->target.pid, info.out_tid);
}

TEST_F(process, open_of_thread_of_another_process_is_a_mismatch)
{
	EXPECT_EQ(-EINVAL, process_open(getpid(), self->target.pid, 0));
	EXPECT_EQ(-EINVAL, process_open(0, self->target.pid, 0));
	EXPECT_EQ(-EINVAL, process_open(self->target.pid, own_tid(), 0));
}

TEST_F(process, open_of_reaped_process_says_gone)
{
	pid_t pid = self->target.pid;

	ASSERT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_EQ(-ESRCH, process_open(pid, 0, 0));
}

TEST_F(process, open_of_zombie_says_gone)
{
	ASSERT_EQ(0, kill(self->target.pid, SIGKILL));
	ASSERT_TRUE(eventually(proc_state(self->target.pid) == 'Z'));
	EXPECT_EQ(-ESRCH, process_open(self->target.pid, 0, 0));
}

TEST_F(process, open_leaves_no_descriptor_when_refused)
{
	int before = proc_count_fds();

	EXPECT_EQ(-EOPNOTSUPP, process_open(1, 0, 0));
	EXPECT_EQ(before, proc_count_fds());
}

/*
 * Refused targets
 */

TEST(open_of_kernel_thread_is_refused)
{
	char name[64];

	ASSERT_EQ(0, file_read("/proc/2/comm", name, sizeof(name)));
	ASSERT_STREQ("kthreadd", name);
	EXPECT_EQ(-EOPNOTSUPP, process_open(2, 0, 0));
}

TEST(open_of_init_is_refused)
{
	EXPECT_EQ(-EOPNOTSUPP, process_open(1, 0, 0));
}

TEST(open_of_init_of_a_pid_namespace_is_refused)
{
	struct helper init = helper_new_in(CLONE_NEWPID);

	ASSERT_LT(0, init.pid);
	EXPECT_EQ(-EOPNOTSUPP, process_open(init.pid, 0, 0));
	helper_kill(&init);
}

TEST(open_by_init_of_a_pid_namespace_of_itself_is_refused)
{
	struct proxyipc_process_open open = { .size = sizeof(open) };
	struct helper init = helper_new_in(CLONE_NEWPID);
	int device = device_open();
	int theirs;

	ASSERT_LT(0, init.pid);
	theirs = helper_give(&init, device);
	ASSERT_LE(0, theirs);
	EXPECT_EQ(-EOPNOTSUPP, helper_do(&init, theirs, PROXYIPC_IOC_PROCESS_OPEN,
					 &open, sizeof(open)));
	helper_kill(&init);
}

/* A read of an empty pipe occupies a worker. */
static int occupy_worker(struct io_uring *ring, int fd, char *byte)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	io_uring_prep_read(sqe, fd, byte, 1, 0);
	io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
	return io_uring_submit(ring);
}

TEST(open_of_io_uring_worker_is_refused)
{
	struct io_uring ring;
	int fds[2];
	pid_t tid;
	char byte;

	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(0, io_uring_queue_init(4, &ring, 0));
	ASSERT_EQ(1, occupy_worker(&ring, fds[0], &byte));
	ASSERT_TRUE(eventually((tid = find_own_thread("iou-wrk"))));
	EXPECT_EQ(-EOPNOTSUPP, process_open(0, tid, 0));
	EXPECT_EQ(-EOPNOTSUPP, process_open(getpid(), tid, 0));
	/* It goes on working. */
	ASSERT_EQ(1, write(fds[1], "x", 1));
	io_uring_queue_exit(&ring);
}

static void occupy_a_worker(struct child_page *page)
{
	struct io_uring ring;
	int fds[2];
	char byte;

	if (pipe(fds) || io_uring_queue_init(4, &ring, 0) ||
	    occupy_worker(&ring, fds[0], &byte) != 1 ||
	    !eventually(find_own_thread("iou-wrk")))
		return;
	page->tid[1] = find_own_thread("iou-wrk");
	child_spin(page);
}

/* It was waited for until the hold of its process ended, though it is never held. */
TEST(registers_of_an_io_uring_worker_are_refused)
{
	struct child child = child_new(occupy_a_worker, -1, -1);
	struct proxyipc_process_get_regs get = {
		.size = sizeof(get),
		.note = NT_PRSTATUS,
		.deadline = deadline_ms(PATIENCE_MS),
	};
	struct proxyipc_process_info info;
	__u64 token;
	int group;

	ASSERT_LT(0, child.pid);
	ASSERT_TRUE(counts(&child.page->counter[0]));
	group = process_open_group(child.pid, 0);
	ASSERT_LE(0, group);
	ASSERT_TRUE(held_state(process_hold(group, &token)));
	get.token = token;
	get.tid = child.page->tid[1];
	EXPECT_EQ(-ESRCH, command(group, PROXYIPC_IOC_PROCESS_GET_REGS, &get));
	ASSERT_EQ(0, process_info(group, &info));
	EXPECT_EQ(1, info.out_threads);
	close(group);
	child_kill(&child);
}

/*
 * SET_RECEIVER
 */

FIXTURE(receiver) {
	struct child target;
	int process;
	int endpoint;
	int proxy;
};

FIXTURE_SETUP(receiver)
{
	self->target = child_new(child_spin, -1, -1);
	ASSERT_LT(0, self->target.pid);
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
	self->endpoint = endpoint_new();
	ASSERT_LE(0, self->endpoint);
	self->proxy = process_mint(self->process, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->proxy);
}

FIXTURE_TEARDOWN(receiver)
{
	child_kill(&self->target);
}

/* After a refusal the slot is as it was: empty. */
#define EXPECT_REFUSED(error, fd) do {					\
	EXPECT_EQ(error, process_set_receiver(self->process, fd));	\
	EXPECT_EQ(-ENOTCONN, entry_send(self->proxy, 1));		\
	EXPECT_TRUE(counts(&self->target.page->counter[0]));		\
} while (0)

TEST_F(receiver, slot_takes_a_plain_entry_with_the_send_right)
{
	struct proxyipc_endpoint_recv recv = {};
	int entry;

	entry = entry_new(self->endpoint, 77, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_EQ(0, process_set_receiver(self->process, entry));
	ASSERT_EQ(0, entry_send(self->proxy, 1));
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
	EXPECT_EQ(77, recv.received.out_payload);
	EXPECT_EQ(0, endpoint_resume(self->endpoint, recv.received.out_cap));
}

TEST_F(receiver, slot_does_not_need_the_descriptor_any_more)
{
	int entry;

	entry = entry_new(self->endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_EQ(0, process_set_receiver(self->process, entry));
	close(entry);
	EXPECT_EQ(0, entry_send(self->proxy, 1));
}

TEST_F(receiver, slot_refuses_a_closed_descriptor)
{
	EXPECT_REFUSED(-EBADF, 999);
}

TEST_F(receiver, slot_refuses_something_else)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	EXPECT_REFUSED(-EINVAL, fd);
}

TEST_F(receiver, slot_refuses_an_endpoint)
{
	EXPECT_REFUSED(-EINVAL, self->endpoint);
}

TEST_F(receiver, slot_refuses_a_proxy_entry)
{
	EXPECT_REFUSED(-EINVAL, self->proxy);
}

TEST_F(receiver, slot_refuses_an_entry_without_the_send_right)
{
	int entry;

	entry = entry_new(self->endpoint, 0,
			  PROXYIPC_RIGHT_CALL | PROXYIPC_RIGHT_NOTIFY, NOTICES_ALL);
	ASSERT_LE(0, entry);
	EXPECT_REFUSED(-EACCES, entry);
}

TEST_F(receiver, slot_refuses_an_entry_whose_endpoint_is_closed)
{
	int entry;

	entry = entry_new(self->endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	close_fd(&self->endpoint);
	EXPECT_REFUSED(-EPIPE, entry);
}

TEST_F(receiver, slot_is_emptied_by_minus_one)
{
	int entry;

	entry = entry_new(self->endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_EQ(0, process_set_receiver(self->process, entry));
	EXPECT_EQ(0, process_set_receiver(self->process, -1));
	EXPECT_EQ(-ENOTCONN, entry_send(self->proxy, 1));
	EXPECT_TRUE(counts(&self->target.page->counter[0]));
}

TEST_F(receiver, slot_of_target_that_is_gone_is_refused)
{
	int entry;

	entry = entry_new(self->endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_GONE));
	EXPECT_EQ(-ESRCH, process_set_receiver(self->process, entry));
}

TEST_F(receiver, slot_filled_says_when_the_target_is_gone)
{
	struct proxyipc_endpoint_recv recv = {};
	int entry;

	entry = entry_new(self->endpoint, 77, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_EQ(0, process_set_receiver(self->process, entry));
	ASSERT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
	EXPECT_EQ(PROXYIPC_KIND_EVENT, recv.received.out_kind);
	EXPECT_EQ(PROXYIPC_EVENT_TARGET_GONE, recv.received.out_events);
	EXPECT_EQ(77, recv.received.out_payload);
	EXPECT_EQ(0, recv.received.out_cap);
	EXPECT_EQ(PROXYIPC_STATE_GONE, recv.received.out_state);
	EXPECT_EQ(-EAGAIN, endpoint_recv_now(self->endpoint, &recv));
}

TEST_HARNESS_MAIN
