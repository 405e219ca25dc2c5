// SPDX-License-Identifier: GPL-2.0
/*
 * Possession is authority: descriptors of every kind work in the process that
 * they are passed to, keep their object alive on the way, and tell the receiver
 * who invokes them now, in the receiver's own namespaces.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proxyipc_test.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

FIXTURE(fdpass) {
	int endpoint;
	int entry;		/* payload 1, all rights */
	struct helper h;	/* whom things are passed to */
	struct target t;	/* counts; its receiver is the entry */
	int proxy;		/* payload 2 */
};

FIXTURE_SETUP(fdpass)
{
	self->endpoint = endpoint_new();
	ASSERT_LE(0, self->endpoint);
	self->entry = entry_new(self->endpoint, 1, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->entry);
	self->h = helper_new();
	ASSERT_LT(0, self->h.pid);
	self->t = target_spin();
	ASSERT_LE(0, self->t.process);
	ASSERT_EQ(0, process_set_receiver(self->t.process, self->entry));
	self->proxy = process_mint(self->t.process, 2, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->proxy);
}

FIXTURE_TEARDOWN(fdpass)
{
	target_kill(&self->t);
	helper_kill(&self->h);
	close_fd(&self->proxy);
	close_fd(&self->t.process);
	close_fd(&self->entry);
	close_fd(&self->endpoint);
}

/* The helper sends @word through its @nr. */
static int helper_send(struct helper *h, int nr, __u64 word)
{
	struct proxyipc_entry_send send = {
		.size = sizeof(send),
		.message.words[0] = word,
	};

	return helper_do(h, nr, PROXYIPC_IOC_ENTRY_SEND, &send, sizeof(send));
}

/*
 * Every kind by SCM_RIGHTS
 */

TEST_F(fdpass, device_by_scm_rights_creates)
{
	struct proxyipc_endpoint_create create = { .size = sizeof(create) };
	int device = device_open();
	int nr = helper_give(&self->h, device);
	int endpoint, entry;

	ASSERT_LE(0, nr);
	ASSERT_EQ(0, helper_do(&self->h, nr, PROXYIPC_IOC_ENDPOINT_CREATE,
			       &create, sizeof(create)));
	endpoint = helper_take(&self->h, self->h.page->arg.create.out_fd);
	ASSERT_LE(0, endpoint);
	entry = entry_new(endpoint, 0, RIGHTS_ALL, 0);
	EXPECT_EQ(0, entry_send(entry, 1));
	EXPECT_TRUE(readable(endpoint));
	close(entry);
	close(endpoint);
	close(device);
}

TEST_F(fdpass, endpoint_by_scm_rights_receives_and_answers)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct proxyipc_endpoint_reply reply = { .size = sizeof(reply) };
	struct helper caller = helper_new();
	int nr = helper_give(&self->h, self->endpoint);
	int entry = helper_give(&caller, self->entry);

	ASSERT_LE(0, nr);
	ASSERT_LE(0, entry);
	ASSERT_EQ(0, helper_call(&caller, entry, 5));
	ASSERT_EQ(0, helper_do(&self->h, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
			       sizeof(recv)));
	recv = self->h.page->arg.recv;
	EXPECT_EQ(5ULL, recv.received.out_words[0]);
	EXPECT_EQ(caller.pid, recv.received.out_sender_tgid);
	reply.cap = recv.received.out_cap;
	reply.message.words[0] = 6;
	EXPECT_EQ(0, helper_do(&self->h, nr, PROXYIPC_IOC_ENDPOINT_REPLY,
			       &reply, sizeof(reply)));
	EXPECT_EQ(0, helper_finish(&caller));
	EXPECT_ANSWER(6, &caller.page->arg.call.reply);
	helper_kill(&caller);
}

/* Caps belong to the endpoint, not to the process that received them. */
TEST_F(fdpass, cap_can_be_used_by_whoever_has_the_endpoint)
{
	struct proxyipc_endpoint_reply reply = { .size = sizeof(reply) };
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct helper caller = helper_new();
	int entry = helper_give(&caller, self->entry);
	int nr = helper_give(&self->h, self->endpoint);

	ASSERT_LE(0, entry);
	ASSERT_LE(0, nr);
	ASSERT_EQ(0, helper_call(&caller, entry, 5));
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
	reply.cap = recv.received.out_cap;
	reply.message.words[0] = 7;
	EXPECT_EQ(0, helper_do(&self->h, nr, PROXYIPC_IOC_ENDPOINT_REPLY,
			       &reply, sizeof(reply)));
	EXPECT_EQ(0, helper_finish(&caller));
	EXPECT_ANSWER(7, &caller.page->arg.call.reply);
	helper_kill(&caller);
}

TEST_F(fdpass, entry_by_scm_rights_invokes_with_the_identity_of_the_new_owner)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int nr = helper_give(&self->h, self->entry);

	ASSERT_LE(0, nr);
	ASSERT_EQ(0, helper_send(&self->h, nr, 8));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(8ULL, recv.received.out_words[0]);
	EXPECT_EQ(1ULL, recv.received.out_payload);
	EXPECT_EQ(self->h.pid, recv.received.out_sender_tgid);
}

TEST_F(fdpass, proxy_entry_by_scm_rights_holds_the_target)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int nr = helper_give(&self->h, self->proxy);

	ASSERT_LE(0, nr);
	ASSERT_EQ(0, helper_send(&self->h, nr, 9));
	EXPECT_TRUE(target_counter_stands_still(&self->t));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(9ULL, recv.received.out_words[0]);
	EXPECT_EQ(2ULL, recv.received.out_proxy_payload);
	EXPECT_EQ(self->h.pid, recv.received.out_sender_tgid);
	EXPECT_EQ(0, endpoint_resume(self->endpoint, recv.received.out_cap));
	EXPECT_TRUE(target_counts(&self->t));
}

TEST_F(fdpass, process_by_scm_rights_holds_and_resumes)
{
	struct proxyipc_process_hold hold = { .size = sizeof(hold) };
	int nr = helper_give(&self->h, self->t.process);

	ASSERT_LE(0, nr);
	ASSERT_EQ(0, helper_do(&self->h, nr, PROXYIPC_IOC_PROCESS_HOLD, &hold,
			       sizeof(hold)));
	EXPECT_TRUE(target_counter_stands_still(&self->t));
	/* The same open file: whoever has it may resume. */
	EXPECT_EQ(0, process_resume(self->t.process,
				    self->h.page->arg.hold.out_token));
	EXPECT_TRUE(target_counts(&self->t));
}

TEST_F(fdpass, reply_by_scm_rights_answers)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct proxyipc_reply_send send = {
		.size = sizeof(send),
		.message.words[0] = 10,
	};
	struct helper caller = helper_new();
	int entry = helper_give(&caller, self->entry);
	int reply, nr;

	ASSERT_LE(0, entry);
	ASSERT_EQ(0, helper_call(&caller, entry, 5));
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
	reply = endpoint_fetch(self->endpoint, recv.received.out_cap);
	nr = helper_give(&self->h, reply);
	ASSERT_LE(0, nr);
	close(reply);
	EXPECT_EQ(0, helper_do(&self->h, nr, PROXYIPC_IOC_REPLY_SEND, &send,
			       sizeof(send)));
	EXPECT_EQ(0, helper_finish(&caller));
	EXPECT_ANSWER(10, &caller.page->arg.call.reply);
	helper_kill(&caller);
}

/*
 * Other ways
 */

TEST_F(fdpass, descriptors_are_inherited_by_fork)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(entry_send(self->entry, 11) ? 1 : 0);
	ASSERT_LT(0, pid);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(11ULL, recv.received.out_words[0]);
}

TEST_F(fdpass, descriptors_can_be_got_by_pidfd_getfd)
{
	int nr = helper_give(&self->h, self->entry);
	int pidfd = syscall(SYS_pidfd_open, self->h.pid, 0);
	int entry;

	ASSERT_LE(0, nr);
	ASSERT_LE(0, pidfd);
	entry = syscall(SYS_pidfd_getfd, pidfd, nr, 0);
	ASSERT_LE(0, entry);
	EXPECT_EQ(0, entry_send(entry, 12));
	EXPECT_TRUE(readable(self->endpoint));
	close(entry);
	close(pidfd);
}

TEST_F(fdpass, descriptor_on_its_way_keeps_the_endpoint_alive)
{
	int socks[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	ASSERT_EQ(0, pass_send_fd(socks[0], self->endpoint));
	close_fd(&self->endpoint);
	EXPECT_EQ(0, entry_send(self->entry, 13));
	self->endpoint = pass_recv_fd(socks[1]);
	ASSERT_LE(0, self->endpoint);
	EXPECT_TRUE(readable(self->endpoint));
	close(socks[0]);
	close(socks[1]);
}

TEST_F(fdpass, descriptor_that_never_arrives_is_closed_with_its_socket)
{
	int socks[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	ASSERT_EQ(0, pass_send_fd(socks[0], self->endpoint));
	close_fd(&self->endpoint);
	close(socks[0]);
	close(socks[1]);
	EXPECT_TRUE(eventually(entry_send_now(self->entry, 14) == -EPIPE));
}

/*
 * Namespaces: the sender as the receiver may know it
 */

/* The receiver is in a pid namespace of its own, the sender is outside. */
TEST_F(fdpass, sender_outside_the_receivers_pid_namespace_is_0)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct helper inside = helper_new_in(CLONE_NEWPID);
	struct proxyipc_received *got = &inside.page->arg.recv.received;
	int nr = helper_give(&inside, self->endpoint);

	ASSERT_LE(0, nr);
	ASSERT_EQ(0, entry_send(self->entry, 1));
	poison_recv(&recv);
	ASSERT_EQ(0, helper_do(&inside, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
			       sizeof(recv)));
	EXPECT_EQ(1ULL, got->out_words[0]);
	EXPECT_EQ(0, got->out_sender_tgid);
	EXPECT_EQ(0, got->out_sender_tid);
	EXPECT_EQ(getuid(), got->out_sender_uid);
	helper_kill(&inside);
}

/* The other way round the receiver sees its own number for the sender. */
TEST_F(fdpass, sender_in_an_inner_pid_namespace_has_the_receivers_number)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct helper inside = helper_new_in(CLONE_NEWPID);
	int nr = helper_give(&inside, self->entry);

	ASSERT_LE(0, nr);
	EXPECT_EQ(1, inside.page->tid);
	ASSERT_EQ(0, helper_send(&inside, nr, 2));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(inside.pid, recv.received.out_sender_tgid);
	EXPECT_EQ(inside.pid, recv.received.out_sender_tid);
	helper_kill(&inside);
}

/* In a user namespace without a map nobody has a number. */
TEST_F(fdpass, sender_without_a_uid_in_the_receivers_user_namespace_is_overflow)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct helper inside = helper_new_in(CLONE_NEWUSER);
	struct proxyipc_received *got = &inside.page->arg.recv.received;
	int nr = helper_give(&inside, self->endpoint);

	ASSERT_LE(0, nr);
	ASSERT_EQ(0, entry_send(self->entry, 3));
	poison_recv(&recv);
	ASSERT_EQ(0, helper_do(&inside, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
			       sizeof(recv)));
	EXPECT_EQ(65534U, got->out_sender_uid);
	EXPECT_EQ(65534U, got->out_sender_gid);
	EXPECT_EQ(getpid(), got->out_sender_tgid);
	helper_kill(&inside);
}

/* Sends @word with other ids than the test's, and ends. */
static bool send_as(int entry, uid_t uid, gid_t gid, __u64 word)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(setresgid(gid, gid, gid) || setresuid(uid, uid, uid) ||
		      entry_send(entry, word));
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}

TEST_F(fdpass, sender_has_the_ids_that_it_sends_with)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_TRUE(send_as(self->entry, 1001, 1002, 5));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(5ULL, recv.received.out_words[0]);
	EXPECT_EQ(1001U, recv.received.out_sender_uid);
	EXPECT_EQ(1002U, recv.received.out_sender_gid);
	/* Possession is what counts: who has the entry may use it. */
	ASSERT_TRUE(send_as(self->proxy, 1001, 1002, 6));
	ASSERT_EQ(0, endpoint_recv_now(self->endpoint, &recv));
	EXPECT_EQ(6ULL, recv.received.out_words[0]);
	EXPECT_EQ(1001U, recv.received.out_sender_uid);
	EXPECT_EQ(1002U, recv.received.out_sender_gid);
	EXPECT_EQ(0, endpoint_resume(self->endpoint, recv.received.out_cap));
}

/* The first ten ids outside are those from 1000 on inside. */
static int map_ids(pid_t pid, const char *which)
{
	char path[64], map[64];
	int fd, len, ret = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, which);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = snprintf(map, sizeof(map), "1000 0 10\n");
	if (write(fd, map, len) != len)
		ret = -errno;
	close(fd);
	return ret;
}

TEST_F(fdpass, sender_has_the_ids_of_the_receivers_user_namespace)
{
	struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct helper inside = helper_new_in(CLONE_NEWUSER);
	struct proxyipc_received *got = &inside.page->arg.recv.received;
	int nr = helper_give(&inside, self->endpoint);

	ASSERT_LE(0, nr);
	ASSERT_EQ(0, map_ids(inside.pid, "uid_map"));
	ASSERT_EQ(0, map_ids(inside.pid, "gid_map"));
	ASSERT_EQ(0, entry_send(self->entry, 4));
	poison_recv(&recv);
	ASSERT_EQ(0, helper_do(&inside, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
			       sizeof(recv)));
	EXPECT_EQ(1000U + getuid(), got->out_sender_uid);
	EXPECT_EQ(1000U + getgid(), got->out_sender_gid);
	helper_kill(&inside);
}

/* Which namespace counts is that of who receives, not of who made it. */
TEST_F(fdpass, process_info_tells_pids_of_the_readers_namespace)
{
	struct proxyipc_process_info info = { .size = sizeof(info) };
	struct helper inside = helper_new_in(CLONE_NEWPID);
	int nr = helper_give(&inside, self->t.process);

	ASSERT_LE(0, nr);
	ASSERT_EQ(0, helper_do(&inside, nr, PROXYIPC_IOC_PROCESS_INFO, &info,
			       sizeof(info)));
	EXPECT_EQ(0, inside.page->arg.info.out_tgid);
	EXPECT_EQ(0, inside.page->arg.info.out_tid);
	ASSERT_EQ(0, process_info(self->t.process, &info));
	EXPECT_EQ(self->t.h.pid, info.out_tgid);
	EXPECT_EQ(self->t.h.pid, info.out_tid);
	helper_kill(&inside);
}

TEST_HARNESS_MAIN
