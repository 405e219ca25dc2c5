// SPDX-License-Identifier: GPL-2.0
/*
 * The end of an endpoint's table of caps: it has 65536, and each call that isn't
 * answered and each receiver slot takes one.
 */
#include <sys/resource.h>

#include "proxyipc_test.h"

#define CAPS_MAX	65536

static int objects[CAPS_MAX];

/* Process objects of one target, each with @entry in its receiver slot. */
static int fill(struct target *t, int entry)
{
	int i, ret = 0;

	for (i = 0; i < CAPS_MAX && !ret; i++) {
		objects[i] = process_open(t->h.pid, 0, 0);
		ret = objects[i] < 0 ? objects[i] :
		      process_set_receiver(objects[i], entry);
	}
	return ret;
}

TEST(caps_run_out_as_enobufs_and_come_back)
{
	struct rlimit files = { CAPS_MAX + 256, CAPS_MAX + 256 };
	struct target t = target_idle();
	int endpoint, entry, process;

	ASSERT_LE(0, t.process);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
	endpoint = endpoint_new();
	entry = entry_new(endpoint, 1, RIGHTS_ALL, 0);
	process = process_open(t.h.pid, 0, 0);
	ASSERT_LE(0, process);

	ASSERT_EQ(0, fill(&t, entry));
	EXPECT_EQ(-ENOBUFS, process_set_receiver(process, entry));
	EXPECT_EQ(-ENOBUFS, entry_call_until(entry, 1, deadline_ms(5000)));
	/* A send needs none. */
	EXPECT_EQ(0, entry_send(entry, 2));

	close(objects[0]);
	EXPECT_EQ(-ETIMEDOUT, entry_call_until(entry, 3, deadline_ms(20)));
	EXPECT_EQ(0, process_set_receiver(process, entry));
	EXPECT_EQ(0, target_kill(&t));
}

TEST_HARNESS_MAIN
