// SPDX-License-Identifier: GPL-2.0
/*
 * A target that becomes somebody else by executing a program: its process object
 * is dead, and it is not held.
 */
#include "proxyipc_test.h"
#include "exec_image.h"

#include <linux/capability.h>
#include <poll.h>
#include <sys/xattr.h>

#define ALICE	1000
#define BOB	1001

static const char suid_dumpable[] = "/proc/sys/fs/suid_dumpable";

static struct who target_who;	/* becomes that before anything else */

static void become_and_exec(struct child_page *page)
{
	page->error = become(&target_who);
	if (!page->error)
		image_exec_when_told(page);
}

static int give_capability(const char *path, int cap)
{
	struct vfs_cap_data data = {
		.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
		.data[0].permitted = 1U << cap,
	};

	return setxattr(path, "security.capability", &data, XATTR_CAPS_SZ_2, 0) ?
	       -errno : 0;
}

/*
 * Whatever an administrator says about core dumps of such programs (1: they are
 * made, and the kernel doesn't mark the process undumpable).
 */
FIXTURE(change) {
	char path[64];		/* copy of this program */
	char before[8];		/* value of suid_dumpable */
	struct child target;
	int process;
	__u64 token;
};

FIXTURE_VARIANT(change) {
	const char *suid_dumpable;
};

FIXTURE_VARIANT_ADD(change, suid_dumpable_0) {
	.suid_dumpable = "0",
};

FIXTURE_VARIANT_ADD(change, suid_dumpable_1) {
	.suid_dumpable = "1",
};

FIXTURE_SETUP(change)
{
	ASSERT_EQ(0, file_read(suid_dumpable, self->before, sizeof(self->before)));
	ASSERT_EQ(0, file_write(suid_dumpable, variant->suid_dumpable));
	snprintf(self->path, sizeof(self->path), "/tmp/exec_change.%d", getpid());
	target_who = plain_user(ALICE);
}

/* In the parent: also when the test dies half-way. */
FIXTURE_TEARDOWN_PARENT(change)
{
	unlink(self->path);
	file_write(suid_dumpable, self->before);
}

#define COPY(uid, gid, mode) \
	ASSERT_EQ(0, image_copy(self->path, uid, gid, mode))

#define START() do {							\
	self->target = child_start(become_and_exec,			\
				   image_page_new(self->path));		\
	ASSERT_LT(0, self->target.pid);					\
	ASSERT_TRUE(child_reaches(&self->target, PHASE_READY))		\
		TH_LOG("error %d", self->target.page->error);		\
	self->process = child_open(&self->target);			\
	ASSERT_LE(0, self->process);					\
} while (0)

#define EXEC() do {							\
	child_go(&self->target, GO);					\
	ASSERT_TRUE(child_reaches(&self->target, PHASE_IMAGE));		\
	ASSERT_EQ(PHASE_IMAGE, self->target.page->phase)		\
		TH_LOG("error %d", self->target.page->error);		\
} while (0)

/* The object is dead, and the image runs. */
#define EXPECT_DEAD() do {						\
	struct proxyipc_process_info info_;				\
									\
	EXPECT_EQ(-ESTALE, process_hold(self->process, &self->token));	\
	EXPECT_TRUE(counts(&self->target.page->counter[1]));		\
	EXPECT_EQ(-ESTALE, process_info(self->process, &info_));	\
	EXPECT_EQ(-ESTALE, process_mint(self->process, 0, RIGHTS_ALL, 0)); \
	EXPECT_EQ(-ESTALE, process_set_receiver(self->process, -1));	\
	EXPECT_EQ(-ESTALE, process_resume(self->process, 1));		\
} while (0)

TEST_F(change, of_a_set_uid_program_ends_the_object)
{
	COPY(0, 0, 04755);
	START();
	EXEC();
	/* It is root now, as su would be. */
	ASSERT_EQ(0, self->target.page->result);
	EXPECT_DEAD();
}

TEST_F(change, of_a_set_uid_program_of_another_user_ends_the_object)
{
	COPY(BOB, BOB, 04755);
	START();
	EXEC();
	ASSERT_EQ(BOB, self->target.page->result);
	EXPECT_DEAD();
}

TEST_F(change, of_a_set_gid_program_ends_the_object)
{
	COPY(0, BOB, 02755);
	START();
	EXEC();
	EXPECT_DEAD();
}

TEST_F(change, of_an_unreadable_program_ends_the_object)
{
	COPY(0, 0, 0711);
	START();
	EXEC();
	EXPECT_DEAD();
}

TEST_F(change, of_a_program_with_capabilities_ends_the_object)
{
	COPY(0, 0, 0755);
	ASSERT_EQ(0, give_capability(self->path, CAP_NET_RAW));
	START();
	EXEC();
	EXPECT_DEAD();
}

/* Nothing grows, but the program is a privileged one. */
TEST_F(change, of_a_program_with_a_capability_that_it_has_ends_the_object)
{
	COPY(0, 0, 0755);
	ASSERT_EQ(0, give_capability(self->path, CAP_NET_RAW));
	target_who.capabilities = 1ULL << CAP_NET_RAW;
	START();
	EXEC();
	EXPECT_DEAD();
}

/* Root gets back by an exec what it has dropped. */
TEST_F(change, that_makes_capabilities_grow_ends_the_object)
{
	COPY(0, 0, 0755);
	target_who = plain_user(0);
	START();
	EXEC();
	EXPECT_DEAD();
}

/*
 * Who is told
 */

FIXTURE(told) {
	char path[64];
	struct child target;
	int process;
	__u64 token;
};

FIXTURE_SETUP(told)
{
	snprintf(self->path, sizeof(self->path), "/tmp/exec_change.%d", getpid());
	target_who = plain_user(ALICE);
}

FIXTURE_TEARDOWN(told)
{
	child_kill(&self->target);
	unlink(self->path);
}

TEST_F(told, that_ends_the_object_tells_its_receiver)
{
	struct proxyipc_endpoint_recv recv = {};
	int endpoint = endpoint_new();
	int entry, proxy;

	entry = entry_new(endpoint, 77, PROXYIPC_RIGHT_SEND, 0);
	ASSERT_LE(0, entry);
	COPY(0, 0, 04755);
	START();
	ASSERT_EQ(0, process_set_receiver(self->process, entry));
	proxy = process_mint(self->process, 0, RIGHTS_ALL, 0);
	ASSERT_LE(0, proxy);
	EXEC();
	ASSERT_EQ(0, endpoint_recv(endpoint, &recv));
	EXPECT_EQ(PROXYIPC_KIND_EVENT, recv.received.out_kind);
	EXPECT_EQ(PROXYIPC_EVENT_TARGET_CHANGED, recv.received.out_events);
	EXPECT_EQ(77, recv.received.out_payload);
	EXPECT_EQ(0, recv.received.out_cap);
	EXPECT_EQ(-ESTALE, entry_send(proxy, 1));
	EXPECT_EQ(-ESTALE, entry_call_until(proxy, 1, deadline_ms(1000)));
	EXPECT_EQ(-EAGAIN, endpoint_recv_now(endpoint, &recv));
}

TEST_F(told, that_ends_the_object_is_seen_by_poll)
{
	COPY(0, 0, 04755);
	START();
	EXPECT_EQ(0, poll_events(self->process) & POLLHUP);
	EXEC();
	EXPECT_TRUE(eventually(poll_events(self->process) & POLLHUP));
}

/* Somebody else opened anew is somebody else: it takes the right to do so. */
TEST_F(told, that_ends_one_object_does_not_prevent_another)
{
	int process;

	COPY(0, 0, 04755);
	START();
	EXEC();
	process = child_open(&self->target);
	ASSERT_LE(0, process);
	EXPECT_TRUE(held_state(process_hold(process, &self->token)));
	EXPECT_TRUE(stands_still(&self->target.page->counter[1]));
	EXPECT_EQ(0, process_resume(process, self->token));
	EXPECT_EQ(-ESTALE, process_hold(self->process, &self->token));
	close(process);
}

int main(int argc, char **argv)
{
	image_run(argc, argv);
	return test_harness_run(argc, argv);
}
