// SPDX-License-Identifier: GPL-2.0
/*
 * The cgroup freezers and a held target: neither lets it slip, whatever the
 * order. (A cgroup of version 2 isn't frozen before a parked target in it is
 * resumed, a documented limit: E5.)
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <fcntl.h>
#include <sys/stat.h>

#define FOLDER	"proxyipc-hold-test"

FIXTURE(freeze) {
	struct child target;	/* in a cgroup of its own */
	int process;
	atomic_uint *counter;
	char folder[192];
	__u64 token;
};

FIXTURE_VARIANT(freeze) {
	const char *type;	/* of the file system */
	const char *option;	/* that its mount has */
	const char *file;	/* in the cgroup */
	const char *frozen;
	const char *thawed;
};

FIXTURE_VARIANT_ADD(freeze, v1) {
	.type = "cgroup",
	.option = "freezer",
	.file = "freezer.state",
	.frozen = "FROZEN",
	.thawed = "THAWED",
};

FIXTURE_VARIANT_ADD(freeze, v2) {
	.type = "cgroup2",
	.option = "rw",
	.file = "cgroup.freeze",
	.frozen = "1",
	.thawed = "0",
};

/* Where a file system of that type, with that option, is mounted. */
static bool find_mount(const char *type, const char *option, char *where, int size)
{
	char dir[128], fs[32], options[256];
	FILE *mounts = fopen("/proc/mounts", "r");
	bool found = false;

	while (mounts && !found &&
	       fscanf(mounts, "%*s %127s %31s %255s %*d %*d", dir, fs, options) == 3)
		found = !strcmp(fs, type) && strstr(options, option);
	if (mounts)
		fclose(mounts);
	if (found)
		snprintf(where, size, "%s", dir);
	return found;
}

static int cgroup_write(const char *folder, const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return file_write(path, text);
}

/* Is every process of the cgroup frozen, as the freezer itself says? */
static bool is_frozen(const char *folder, const char *type)
{
	bool v1 = !strcmp(type, "cgroup");
	char path[256], text[64];

	snprintf(path, sizeof(path), "%s/%s", folder,
		 v1 ? "freezer.state" : "cgroup.events");
	if (file_read(path, text, sizeof(text)))
		return false;
	return strstr(text, v1 ? "FROZEN" : "frozen 1");
}

FIXTURE_SETUP(freeze)
{
	char mount[128], pid[16];

	self->process = -1;
	if (!find_mount(variant->type, variant->option, mount, sizeof(mount)))
		SKIP(return, "no %s with %s", variant->type, variant->option);
	snprintf(self->folder, sizeof(self->folder), "%s/" FOLDER "-%d", mount,
		 getpid());
	ASSERT_EQ(0, mkdir(self->folder, 0755));
	self->target = child_new(child_spin, -1, -1);
	ASSERT_LT(0, self->target.pid);
	snprintf(pid, sizeof(pid), "%d", self->target.pid);
	ASSERT_EQ(0, cgroup_write(self->folder, "cgroup.procs", pid));
	self->counter = &self->target.page->counter[0];
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
	ASSERT_TRUE(counts(self->counter));
}

FIXTURE_TEARDOWN(freeze)
{
	close_fd(&self->process);
	cgroup_write(self->folder, variant->file, variant->thawed);
	child_kill(&self->target);
	eventually(!rmdir(self->folder) || errno != EBUSY);
}

#define HOLD() \
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)))
#define RESUME() \
	ASSERT_EQ(0, process_resume(self->process, self->token))
#define FREEZE() \
	ASSERT_EQ(0, cgroup_write(self->folder, variant->file, variant->frozen))
#define THAW() \
	ASSERT_EQ(0, cgroup_write(self->folder, variant->file, variant->thawed))

#define EXPECT_HELD_AT(before) do {					\
	EXPECT_TRUE(held_state(process_state(self->process)));		\
	EXPECT_EQ(1, process_holds(self->process));			\
	EXPECT_TRUE(stands_still(self->counter));			\
	EXPECT_EQ(before, *self->counter);				\
} while (0)

TEST_F(freeze, and_thaw_of_parked_target_keep_the_hold)
{
	unsigned int before;

	HOLD();
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	before = *self->counter;
	for (int i = 0; i < 3; i++) {
		FREEZE();
		EXPECT_HELD_AT(before);
		THAW();
		EXPECT_HELD_AT(before);
	}
	RESUME();
	EXPECT_TRUE(counts(self->counter));
}

/* The first version is done with a parked target, the second waits for its resume. */
TEST_F(freeze, of_parked_target_completes_if_it_is_of_the_first_version)
{
	bool v1 = !strcmp(variant->type, "cgroup");

	HOLD();
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	FREEZE();
	EXPECT_TRUE(v1 ? eventually(is_frozen(self->folder, variant->type)) :
			 stands_still(self->counter));
	EXPECT_EQ(v1, is_frozen(self->folder, variant->type));
	EXPECT_EQ(PROXYIPC_STATE_PARKED, process_state(self->process));
}

TEST_F(freeze, of_parked_target_takes_effect_at_resume_at_the_latest)
{
	unsigned int before;

	HOLD();
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	before = *self->counter;
	FREEZE();
	RESUME();
	EXPECT_TRUE(eventually(is_frozen(self->folder, variant->type)));
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(before, *self->counter);
	THAW();
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(freeze, before_the_hold_and_thaw_in_it_keep_the_hold)
{
	unsigned int before;

	FREEZE();
	ASSERT_TRUE(eventually(is_frozen(self->folder, variant->type)));
	before = *self->counter;
	HOLD();
	THAW();
	EXPECT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	EXPECT_HELD_AT(before);
	RESUME();
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(freeze, before_the_hold_outlasts_it)
{
	unsigned int before;

	FREEZE();
	ASSERT_TRUE(eventually(is_frozen(self->folder, variant->type)));
	before = *self->counter;
	HOLD();
	RESUME();
	EXPECT_TRUE(stands_still(self->counter));
	EXPECT_EQ(before, *self->counter);
	EXPECT_EQ(0, process_holds(self->process));
	THAW();
	EXPECT_TRUE(counts(self->counter));
}

TEST_F(freeze, of_parked_target_lets_sigkill_through)
{
	HOLD();
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	FREEZE();
	kill(self->target.pid, SIGKILL);
	/* The first version's freezer lets nobody die before the thaw. */
	if (!strcmp(variant->type, "cgroup"))
		THAW();
	EXPECT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
}

TEST_HARNESS_MAIN
