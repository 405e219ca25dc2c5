// SPDX-License-Identifier: GPL-2.0
/*
 * examples/watchdogd with services of several threads: what hangs or crashes may be any
 * of them, all are held at once, and for a short time only.
 */
#include "proxyipc_test.h"
#include "watchdogd/stage.h"

#include <fcntl.h>
#include <proxyipc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define COUNTERS	4
#define CROWD		31

/* How often it is tried to see for how long it is held. */
#define HOLDS_MAX	20

FIXTURE(watchdogd_threads) {
	struct daemon daemon;
	int device;
};

FIXTURE_SETUP(watchdogd_threads)
{
	ASSERT_EQ(0, daemon_new(&self->daemon));
	self->device = proxyipc_open();
	ASSERT_LE(0, self->device);
}

/* In the parent, which is there though the test ended at an assertion. */
FIXTURE_TEARDOWN_PARENT(watchdogd_threads)
{
	daemon_clean(&self->daemon);
}

/* How often @part is in @text. */
static int count_of(const char *text, const char *part)
{
	int count = 0;

	for (; (text = strstr(text, part)); text++)
		count++;
	return count;
}

/* --- stalls -------------------------------------------------------------------------- */

/* To the watchdog of a single thread, the main one, it would be blocked. */
TEST_F(watchdogd_threads, spinning_of_one_is_found_while_the_main_one_waits)
{
	const char *line, *stacks;
	char header[64];
	pid_t pid;

	START("service a {\n" HELPER("hog") QUICK "}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	kill(pid, SIGUSR1);
	/* The first may have come in the middle. */
	STALL("a", "timeout");
	line = STALL_SHOWN("a", "timeout", &stacks);
	EXPECT_VALUE(line, "cause", "spinning");
	EXPECT_VALUE(line, "syscall", "futex");
	EXPECT_HAS(line, "its main thread in futex");
	EXPECT_EQ(2, count_of(stacks, "Thread "));
	snprintf(header, sizeof(header), "Thread %d \"watchdogd_helpe\" in futex:", pid);
	EXPECT_HAS(stacks, header);
	EXPECT_HAS(stacks, "wait_for_lock");
	EXPECT_HAS(stacks, "\"hog\":");
	EXPECT_HAS(stacks, "spin_here");
	EXPECT_HAS(stacks, "2 of 2 threads held");
	EXPECT_TRUE(runs(pid));
}

static void make_counters(const struct daemon *daemon, volatile unsigned long **counters)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/counters", daemon->folder);
	fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	*counters = ftruncate(fd, 4096) ? MAP_FAILED :
		    mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
}

static bool all_count(volatile unsigned long *counters)
{
	for (int i = 0; i < COUNTERS; i++)
		if (!counters[i])
			return false;
	return true;
}

/* Two looks at a process that is held both times, with nothing but that in between. */
struct looks {
	int process;
	volatile unsigned long *counters;
	unsigned long counts[2][COUNTERS];
	__u64 at[2];
};

static bool look(struct looks *looks, int which)
{
	struct proxyipc_process_info info = { 0 };

	looks->at[which] = now_ns();
	for (int i = 0; i < COUNTERS; i++)
		looks->counts[which][i] = looks->counters[i];
	/* All that count; the main one is held in its system call. */
	return !proxyipc_process_info(looks->process, &info) &&
	       info.out_threads_parked == COUNTERS && info.out_threads_armed == 1;
}

/* Held from one look to the other: a second hold would come a timeout after the first. */
static bool look_twice(struct looks *looks)
{
	if (!look(looks, 0))
		return false;
	sleep_ms(200);
	return look(looks, 1) && looks->at[1] - looks->at[0] < 1000 * NS_PER_MS;
}

/* Who takes evidence hangs, so that there is a hold to look at. */
TEST_F(watchdogd_threads, all_stand_still_while_one_stall_is_looked_at)
{
	struct looks looks = { .process = -1 };
	pid_t pid, taker;

	make_counters(&self->daemon, &looks.counters);
	ASSERT_NE(MAP_FAILED, (void *)looks.counters);
	START("service a {\n" HELPER("count", "FOLDER/counters", "4")
	      "timeout = 2s\n}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	ASSERT_TRUE(eventually((taker = process_named("watchdogd-stack")) > 0));
	ASSERT_TRUE(eventually(proc_asleep_in_syscall(taker, SYS_recvfrom)));
	ASSERT_TRUE(eventually(all_count(looks.counters)));
	kill(taker, SIGSTOP);
	looks.process = proxyipc_process_open_group(self->device, pid);
	ASSERT_LE(0, looks.process);
	ASSERT_TRUE(eventually(look_twice(&looks)));
	for (int i = 0; i < COUNTERS; i++)
		EXPECT_EQ(looks.counts[0][i], looks.counts[1][i]);
	/* Afterwards they go on. */
	EVENT("stall", "a");
	EXPECT_TRUE(eventually(looks.counters[0] > looks.counts[1][0] &&
			       looks.counters[COUNTERS - 1] > looks.counts[1][COUNTERS - 1]));
	close(looks.process);
}

/*
 * How long one hold takes says of a loaded machine that emulates another how long it
 * had other things to do. So the shortest of several is judged: what takes too long by
 * itself takes that long each time.
 */
TEST_F(watchdogd_threads, many_are_held_for_less_than_a_tenth_of_a_second)
{
	long long held, best = -1;
	const char *line;
	int i;

	START("service a {\n" HELPER("crowd", "31") "timeout = 1s\n}\n");
	EVENT("ready", "a");
	for (i = 0; i < HOLDS_MAX && (best < 0 || best >= HELD_MAX_US); i++) {
		line = EVENT("stall", "a");
		held = event_number_of(line, "held_us");
		EXPECT_LT(0, held);
		line = daemon_stacks(&self->daemon, event_number_of(line, "id"));
		/* What wasn't looked at doesn't count. */
		if (count_of(line, "wait_thread") == CROWD && (best < 0 || held < best))
			best = held;
	}
	printf("# %d threads: held for %lld us, the shortest of %d\n", CROWD + 1, best, i);
	fflush(stdout);
	EXPECT_LT(0, best);
	EXPECT_GT(HELD_MAX_US, best);
}

TEST_F(watchdogd_threads, control_page_is_that_of_all)
{
	const char *line;
	pid_t pid;

	START("service a {\n" HELPER("page_elsewhere") "alive = page\ntimeout = 2s\n}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	daemon_listen(&self->daemon, 5000);
	EXPECT_NOT_SAID("stall", "a");
	kill(pid, SIGUSR1);
	EVENT("stall", "a");
	line = EVENT("stall", "a");
	EXPECT_VALUE(line, "cause", "spinning");
	EXPECT_VALUE(line, "syscall", "futex");
}

/* --- faults -------------------------------------------------------------------------- */

TEST_F(watchdogd_threads, crash_of_any_is_caught_and_says_whose)
{
	const char *line, *stacks;
	char header[64];

	START("service a {\n" HELPER("crash_elsewhere") "timeout = 10s\nrestart = never\n}\n");
	line = EVENT("fault", "a");
	EXPECT_NE(event_number_of(line, "pid"), event_number_of(line, "tid"));
	EXPECT_VALUE(line, "thread", "crasher");
	snprintf(header, sizeof(header), "Thread %lld \"crasher\" at fault:\n",
		 event_number_of(line, "tid"));
	stacks = daemon_stacks(&self->daemon, event_number_of(line, "id"));
	EXPECT_HAS(stacks, header);
	EXPECT_HAS(stacks, "crash_here");
	/* And what the others did. */
	EXPECT_HAS(stacks, "\"watchdogd_helpe\" in ");
	EXPECT_HAS(stacks, "crash_elsewhere");
	EXPECT_TRUE(eventually(daemon_said(&self->daemon, "ended", "a")));
}

/* --- authority ----------------------------------------------------------------------- */

/* It started them, so they agreed; and they are its own user's. */
TEST_F(watchdogd_threads, stacks_take_no_privilege)
{
	const char *line, *stacks;
	pid_t pid;

	ASSERT_EQ(0, chmod(self->daemon.folder, 0777));
	self->daemon.uid = 1000;
	START("service a {\n" HELPER("hog") QUICK "on_timeout = restart\nbackoff = 100ms\n}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	kill(pid, SIGUSR1);
	line = EVENT("stall", "a");
	stacks = daemon_stacks(&self->daemon, event_number_of(line, "id"));
	EXPECT_HAS(stacks, "spin_here");
	EXPECT_HAS(stacks, "wait_for_lock");
	EXPECT_EQ(pid, event_number_of(EVENT("ended", "a"), "pid"));
	EXPECT_NOT_SAID("error", NULL);
	EVENT("ready", "a");
}

TEST_HARNESS_MAIN
