// SPDX-License-Identifier: GPL-2.0
/*
 * The device: what it says of the module, and what it refuses to create. Who may
 * open whom is in permission_test.c.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

#include "proxyipc_test.h"

FIXTURE(device) {
	int fd;
};

FIXTURE_SETUP(device)
{
	self->fd = device_open();
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(device)
{
	close_fd(&self->fd);
}

static int device_info(int fd, struct proxyipc_device_info *info)
{
	memset(info, POISON, sizeof(*info));
	info->size = sizeof(*info);
	info->flags = 0;
	info->__reserved = 0;
	return command(fd, PROXYIPC_IOC_DEVICE_INFO, info);
}

TEST_F(device, info_tells_version_and_limits)
{
	struct proxyipc_device_info info;

	ASSERT_EQ(0, device_info(self->fd, &info));
	EXPECT_EQ(sizeof(info), info.size);
	EXPECT_EQ(0U, info.flags);
	EXPECT_EQ((__u32)PROXYIPC_ABI_VERSION, info.out_version);
	EXPECT_EQ((__u32)PROXYIPC_WORDS, info.out_words);
	EXPECT_EQ((__u32)PROXYIPC_DATA_MAX, info.out_data_max);
	EXPECT_LE(64U, info.out_queue_max);
	EXPECT_NE(POISON32, info.out_queue_max);
	EXPECT_EQ(PROXYIPC_FEATURE_CONTROL | PROXYIPC_FEATURE_WATCHDOG |
		  PROXYIPC_FEATURE_FAULTS | PROXYIPC_FEATURE_REGS |
		  PROXYIPC_FEATURE_GROUPS | PROXYIPC_FEATURE_URING,
		  info.out_features & ~PROXYIPC_FEATURE_URING_WAIT);
	EXPECT_EQ(10 * NS_PER_S, info.out_lease_default);
	EXPECT_EQ(60 * NS_PER_S, info.out_lease_max);
	EXPECT_LT(0U, info.out_holds_max);
	EXPECT_NE(POISON32, info.out_holds_max);
	EXPECT_EQ(0U, info.__reserved);
}

TEST_F(device, info_is_the_same_through_every_open)
{
	struct proxyipc_device_info info, again;
	int other;

	other = device_open();
	ASSERT_LE(0, other);
	ASSERT_EQ(0, device_info(self->fd, &info));
	ASSERT_EQ(0, device_info(other, &again));
	EXPECT_EQ(0, memcmp(&info, &again, sizeof(info)));
	close(other);
}

/*
 * ENDPOINT_CREATE
 */

static int endpoint_create(int fd, __u32 queue_limit,
			   struct proxyipc_endpoint_create *create)
{
	memset(create, POISON, sizeof(*create));
	create->size = sizeof(*create);
	create->flags = 0;
	create->queue_limit = queue_limit;
	return command(fd, PROXYIPC_IOC_ENDPOINT_CREATE, create);
}

TEST_F(device, endpoint_create_writes_the_descriptor_and_nothing_else)
{
	struct proxyipc_endpoint_create create;

	ASSERT_EQ(0, endpoint_create(self->fd, 7, &create));
	EXPECT_EQ(sizeof(create), create.size);
	EXPECT_EQ(0U, create.flags);
	EXPECT_EQ(7U, create.queue_limit);
	EXPECT_LT(self->fd, create.out_fd);
	EXPECT_EQ(0, close(create.out_fd));
}

TEST_F(device, largest_queue_limit_is_accepted_and_one_more_is_einval)
{
	struct proxyipc_endpoint_create create;
	struct proxyipc_device_info info;

	ASSERT_EQ(0, device_info(self->fd, &info));
	EXPECT_EQ(-EINVAL, endpoint_create(self->fd, info.out_queue_max + 1,
					   &create));
	EXPECT_EQ(-EINVAL, endpoint_create(self->fd, ~0U, &create));
	ASSERT_EQ(0, endpoint_create(self->fd, info.out_queue_max, &create));
	EXPECT_EQ(0, close(create.out_fd));
}

/* How many sends fit into a new endpoint of that limit. */
static unsigned int room_of(__u32 queue_limit)
{
	int endpoint = endpoint_new_limit(queue_limit);
	int entry = entry_new(endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	unsigned int sent = 0;

	while (!entry_send_now(entry, sent) && sent < 1000)
		sent++;
	close_fd(&entry);
	close_fd(&endpoint);
	return sent;
}

TEST_F(device, queue_limit_is_the_one_asked_for_and_0_means_64)
{
	EXPECT_EQ(1U, room_of(1));
	EXPECT_EQ(5U, room_of(5));
	EXPECT_EQ(64U, room_of(0));
	EXPECT_EQ(64U, room_of(64));
	EXPECT_EQ(65U, room_of(65));
}

TEST_F(device, objects_outlive_the_device_descriptor)
{
	struct proxyipc_endpoint_create create;
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int entry;

	ASSERT_EQ(0, endpoint_create(self->fd, 0, &create));
	close_fd(&self->fd);
	entry = entry_new(create.out_fd, 1, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_LE(0, entry);
	EXPECT_EQ(0, entry_send(entry, 2));
	EXPECT_EQ(0, endpoint_recv(create.out_fd, &recv));
	EXPECT_EQ(2ULL, recv.received.out_words[0]);
	close(entry);
	close(create.out_fd);
}

/*
 * PROCESS_OPEN: which thread it names
 */

/* An idle thread of this process, and a way to end it. */
struct idler {
	pthread_t thread;
	atomic_int tid;
	atomic_int stop;
};

static void *idle(void *arg)
{
	struct idler *idler = arg;

	idler->tid = syscall(SYS_gettid);
	while (!idler->stop)
		sleep_ms(1);
	return NULL;
}

static bool idler_start(struct idler *idler)
{
	memset(idler, 0, sizeof(*idler));
	return !pthread_create(&idler->thread, NULL, idle, idler) &&
	       eventually(idler->tid);
}

static void idler_end(struct idler *idler)
{
	idler->stop = 1;
	pthread_join(idler->thread, NULL);
}

/* Does @process name that thread? */
static bool names(int process, pid_t tgid, pid_t tid)
{
	struct proxyipc_process_info info;

	return process >= 0 && !process_info(process, &info) &&
	       info.out_tgid == tgid && info.out_tid == tid;
}

TEST_F(device, process_open_of_0_names_the_calling_thread)
{
	int process = process_open(0, 0, 0);

	EXPECT_TRUE(names(process, getpid(), getpid()));
	close_fd(&process);
}

static void *open_itself(void *arg)
{
	int process = process_open(0, 0, 0);

	*(bool *)arg = names(process, getpid(), syscall(SYS_gettid));
	close_fd(&process);
	return NULL;
}

TEST_F(device, process_open_of_0_names_the_calling_thread_also_if_not_the_main)
{
	bool itself = false;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, open_itself, &itself));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_TRUE(itself);
}

TEST_F(device, process_open_names_the_thread_asked_for)
{
	struct idler idler;
	int process;

	ASSERT_TRUE(idler_start(&idler));
	process = process_open(0, idler.tid, 0);
	EXPECT_TRUE(names(process, getpid(), idler.tid));
	close_fd(&process);
	process = process_open(getpid(), idler.tid, 0);
	EXPECT_TRUE(names(process, getpid(), idler.tid));
	close_fd(&process);
	process = process_open(getpid(), 0, 0);
	EXPECT_TRUE(names(process, getpid(), getpid()));
	close_fd(&process);
	idler_end(&idler);
}

TEST_F(device, process_open_wants_tid_to_belong_to_tgid)
{
	struct helper h = helper_new();
	struct idler idler;

	ASSERT_LT(0, h.pid);
	ASSERT_TRUE(idler_start(&idler));
	EXPECT_EQ(-EINVAL, process_open(h.pid, idler.tid, 0));
	EXPECT_EQ(-EINVAL, process_open(0, h.pid, 0));
	/* A thread that isn't the main one is no tgid. */
	EXPECT_GT(0, process_open(idler.tid, 0, 0));
	idler_end(&idler);
	helper_kill(&h);
}

TEST_F(device, process_open_of_nobody_is_esrch)
{
	struct helper h = helper_new();
	pid_t gone = h.pid;

	ASSERT_LT(0, gone);
	ASSERT_EQ(0, helper_kill(&h));
	EXPECT_EQ(-ESRCH, process_open(gone, 0, 0));
	EXPECT_EQ(-ESRCH, process_open(gone, gone, 0));
}

TEST_F(device, process_open_of_a_zombie_is_esrch)
{
	struct helper h = helper_new();

	ASSERT_LT(0, h.pid);
	ASSERT_EQ(0, kill(h.pid, SIGKILL));
	ASSERT_TRUE(eventually(proc_state(h.pid) == 'Z'));
	EXPECT_EQ(-ESRCH, process_open(h.pid, 0, 0));
	helper_kill(&h);
}

TEST_F(device, process_open_of_a_kernel_thread_is_eopnotsupp)
{
	EXPECT_EQ(-EOPNOTSUPP, process_open(2, 0, 0));
}

TEST_F(device, process_open_of_init_is_eopnotsupp)
{
	EXPECT_EQ(-EOPNOTSUPP, process_open(1, 0, 0));
}

TEST_F(device, process_open_of_init_of_an_inner_pid_namespace_is_eopnotsupp)
{
	struct helper h = helper_new_in(CLONE_NEWPID);
	struct proxyipc_process_open self_open = { .size = sizeof(self_open) };
	int nr;

	ASSERT_LT(0, h.pid);
	EXPECT_EQ(-EOPNOTSUPP, process_open(h.pid, 0, 0));
	/* Consent doesn't help. */
	nr = helper_give(&h, self->fd);
	ASSERT_LE(0, nr);
	EXPECT_EQ(-EOPNOTSUPP, helper_do(&h, nr, PROXYIPC_IOC_PROCESS_OPEN,
					 &self_open, sizeof(self_open)));
	helper_kill(&h);
}

/*
 * PROCESS_OPEN: the lease
 */

/* Drops what makes more than the maximum possible, and nothing else. */
static int drop_sys_resource(void)
{
	return syscall(SYS_setresuid, 65534, 65534, 65534) ? -errno : 0;
}

TEST_F(device, lease_above_the_maximum_takes_cap_sys_resource)
{
	struct proxyipc_device_info info;
	int process;

	ASSERT_EQ(0, device_info(self->fd, &info));
	process = process_open(0, 0, info.out_lease_max + 1);
	EXPECT_LE(0, process);
	close_fd(&process);
	ASSERT_EQ(0, drop_sys_resource());
	EXPECT_EQ(-EPERM, process_open(0, 0, info.out_lease_max + 1));
	process = process_open(0, 0, info.out_lease_max);
	EXPECT_LE(0, process);
	close_fd(&process);
}

TEST_F(device, lease_of_more_than_a_year_is_einval)
{
	__u64 year = 365 * 24 * 3600 * NS_PER_S;
	int process = process_open(0, 0, year);

	EXPECT_LE(0, process);
	close_fd(&process);
	EXPECT_EQ(-EINVAL, process_open(0, 0, 2 * year));
	EXPECT_EQ(-EINVAL, process_open(0, 0, ~0ULL));
}

TEST_HARNESS_MAIN
