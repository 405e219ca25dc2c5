// SPDX-License-Identifier: GPL-2.0
/*
 * The proxyipc command as people and scripts use it: what it does, what it prints
 * as text and as JSON, what it complains about and what it ends with.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"
#include "module.h"
#include "repeat.h"
#include "proxy_stage.h"
#include "command/json.h"
#include "command/says.h"
#include "command/start.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static const char same_uid[] = "/sys/module/proxyipc/parameters/open_same_uid";
static const char yama[] = "/proc/sys/kernel/yama/ptrace_scope";

/* What the command is asked about, and the command. */
FIXTURE(command) {
	struct child child;
	struct child other;
	struct started cmd;
	struct started second;
	struct started third;
	char number[32];
};

FIXTURE_SETUP(command)
{
	memset(self, 0, sizeof(*self));
	self->cmd.out = -1;
	self->cmd.err = -1;
	self->second.out = -1;
	self->second.err = -1;
	self->third.out = -1;
	self->third.err = -1;
}

/* In the parent: what tests change of the machine is mended though they die. */
FIXTURE_TEARDOWN_PARENT(command)
{
	file_write(same_uid, "0");
	file_write(yama, "0");
	chmod("/dev/proxyipc", 0666);
}

static void end_all(struct child *child, struct child *other, struct started *cmd,
		    struct started *second)
{
	command_kill(cmd);
	command_kill(second);
	child_kill(child);
	child_kill(other);
}

#define END_ALL()	end_all(&self->child, &self->other, &self->cmd, &self->second)

/* A body: two threads that count. */
static void *count_second(void *arg)
{
	struct child_page *page = arg;

	page->tid[1] = syscall(SYS_gettid);
	for (;;)
		page->counter[1]++;
	return NULL;
}

static void count_both(struct child_page *page)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, count_second, page))
		return;
	for (;;)
		page->counter[0]++;
}

#define START_CHILD(body_) do {							\
	self->child = child_new(body_, -1, -1);					\
	ASSERT_LT(0, self->child.pid);						\
	ASSERT_TRUE(counts(COUNTER(0)));					\
} while (0)

#define COUNTER(nr)	(&self->child.page->counter[nr])

/* The first row of "objects" whose pid is that, from where @json is NULL or a row. */
static const char *find_row(const char *line, const char *key, long long number)
{
	const char *rows = json_member(line, "objects");
	const char *row;
	int i;

	for (i = 0; (row = json_item(rows, i)); i++)
		if (json_is_number(json_member(row, key), number))
			return row;
	return NULL;
}

/* --- the reader itself ----------------------------------------------------------- */

TEST(json_reader_is_strict)
{
	static const char good[][64] = {
		"{}\n", "{\"a\":1}\n", "{\"a\":[],\"b\":{\"a\":[1,2]}}\n",
		"{\"a\":-1.5e+3,\"b\":null,\"c\":true,\"d\":\"\\u00ff\\n\\\"\"}\n",
	};
	static const char bad[][40] = {
		"", "\n", "{}", "{}\n{}\n", "[]\n", "{\"a\":1,}\n", "{a:1}\n", "{\"a\"}\n",
		"{\"a\":01}\n", "{\"a\":1 2}\n", "{\"a\":\"\t\"}\n", "{\"a\":\"\\x\"}\n",
		"{\"a\":[1,]}\n", "{\"a\":[1}\n", "{\"a\":nul}\n", "{\"a\":\"\xff\"}\n",
		"{\"a\":1,\"a\":2}\n", "{\"b\":[{\"a\":1,\"a\":2}]}\n", "{\"a\":.5}\n",
		"{\"a\":\"\\u00g0\"}\n", "{\"a\":}\n", "{,}\n", "{\"a\":1\n",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		EXPECT_TRUE(json_is_line(good[i])) {
			TH_LOG("refused: %s", good[i]);
		}
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_FALSE(json_is_line(bad[i])) {
			TH_LOG("accepted: %s", bad[i]);
		}
}

TEST(json_reader_finds_values)
{
	static const char line[] = "{\"a\":[{\"b\":7},{\"bc\":null,\"b\":\"x\"}],\"c\":8}\n";
	const char *list = json_member(line, "a");

	EXPECT_EQ(2, json_count(list));
	EXPECT_TRUE(json_is_number(json_member(json_item(list, 0), "b"), 7));
	EXPECT_TRUE(json_is_string(json_member(json_item(list, 1), "b"), "x"));
	EXPECT_TRUE(json_is_null(json_member(json_item(list, 1), "bc")));
	EXPECT_TRUE(json_is_number(json_member(line, "c"), 8));
	EXPECT_EQ(NULL, (void *)json_member(line, "b"));
	EXPECT_EQ(NULL, (void *)json_item(list, 2));
}

/* --- words ------------------------------------------------------------------------ */

TEST_F(command, help_is_there_for_all)
{
	static char *const names[] = {
		"ps", "hold", "resume", "run", "backtrace", "doctor",
	};
	char usage[64];
	size_t i;

	ASSERT_EQ(0, command_run(&self->cmd, NULL, "--help"));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_SAYS(self->cmd.said, names[i]);
		EXPECT_EQ(0, command_run(&self->second, NULL, names[i], "--help"));
		snprintf(usage, sizeof(usage), "Usage: proxyipc %s ", names[i]);
		EXPECT_SAYS(self->second.said, usage);
		EXPECT_SAYS(self->second.said, "--json");
		EXPECT_STREQ("", self->second.complained);
	}
	EXPECT_EQ(0, command_run(&self->cmd, NULL, "--version"));
	EXPECT_SAYS(self->cmd.said, "ABI version 1");
}

/* One wrong thing each; nothing is printed where results are. */
TEST_F(command, wrong_words_are_refused)
{
	REFUSED(2, NULL);
	REFUSED(2, "frobnicate");
	REFUSED(2, "--frobnicate");
	REFUSED(2, "ps", "1");
	REFUSED(2, "ps", "--for");
	REFUSED(2, "hold");
	REFUSED(2, "hold", "0");
	REFUSED(2, "hold", "-1");
	REFUSED(2, "hold", "1x");
	REFUSED(2, "hold", "4294967297");
	REFUSED(2, "hold", "1/");
	REFUSED(2, "hold", "1", "2");
	REFUSED(2, "hold", "--for", "0s", "1");
	REFUSED(2, "hold", "--for", "5 s", "1");
	REFUSED(2, "hold", "--for", "inf", "1");
	REFUSED(2, "hold", "--for", "5d", "1");
	REFUSED(2, "hold", "--thread", "x", "1");
	REFUSED(2, "hold", "--thread", "1", "1/1");
	REFUSED(2, "resume");
	REFUSED(2, "resume", "x");
	REFUSED(2, "resume", "--token", "0");
	REFUSED(2, "resume", "--token", "1", "2");
	REFUSED(2, "doctor", "1");
	REFUSED(125, "run");
	REFUSED(125, "run", "--frobnicate", "true");
	REFUSED(125, "run", "--watchdog", "true");
	REFUSED(125, "run", "--watchdog", "0s", "true");
	REFUSED(125, "run", "--watchdog", "999us", "true");
	REFUSED(125, "run", "--watchdog", "25h", "true");
	REFUSED(125, "run", "--pretimeout", "1s", "true");
	REFUSED(125, "run", "--watchdog", "1s", "--pretimeout", "1s", "true");
	REFUSED(125, "run", "--kill", "true");
	REFUSED(125, "run", "--watchdog", "1s", "--kill=NOTHING", "true");
	REFUSED(125, "run", "--watchdog", "1s", "--kill=0", "true");
	REFUSED(2, "backtrace");
	REFUSED(2, "backtrace", "x");
	REFUSED(2, "backtrace", "1", "2");
	REFUSED(2, "backtrace", "--thread", "x", "1");
	REFUSED(2, "backtrace", "--thread", "1", "1/1");
}

/* --- ps ----------------------------------------------------------------------------- */

#define RUN_PS(who_) do {							\
	ASSERT_EQ(0, command_run(&self->cmd, who_, "ps", "--json"));		\
	ASSERT_TRUE(json_is_line(self->cmd.said)) {				\
		TH_LOG("no JSON: %s", self->cmd.said);				\
	}									\
} while (0)

TEST_F(command, ps_tells_who_holds_by_hand)
{
	struct target t = target_spin();
	const char *row;
	__u64 token;

	ASSERT_LE(0, t.process);
	ASSERT_TRUE(held_state(process_hold(t.process, &token)));
	ASSERT_TRUE(wait_for_state(t.process, PROXYIPC_STATE_PARKED));
	RUN_PS(NULL);
	row = find_row(self->cmd.said, "pid", t.h.pid);
	ASSERT_NE(NULL, (void *)row);
	EXPECT_ROW_NUMBER(t.h.pid, row, "tid");
	EXPECT_ROW_STRING("command_test", row, "comm");
	EXPECT_ROW_STRING("parked", row, "state");
	EXPECT_ROW_STRING("by hand", row, "why");
	EXPECT_ROW_NUMBER(token, row, "token");
	EXPECT_ROW_NUMBER(getpid(), row, "holder_tid");
	EXPECT_ROW_STRING("command_test", row, "holder_comm");
	EXPECT_LE(0, json_number(json_member(row, "held_us")));
	EXPECT_LE(0, json_number(json_member(row, "left_us")));
	EXPECT_GE(10000000, json_number(json_member(row, "held_us")) +
			    json_number(json_member(row, "left_us")));
	EXPECT_ROW_NUMBER(0, row, "waiting");
	EXPECT_ROW_STRING("empty", row, "receiver_slot");
	EXPECT_EQ(1, json_count(json_member(row, "open_in")));
	EXPECT_TRUE(json_is_number(json_item(json_member(row, "open_in"), 0), getpid()));
	EXPECT_TRUE(json_is_number(json_member(self->cmd.said, "hidden_processes"), 0));
	target_kill(&t);
	close(t.process);
}

TEST_F(command, ps_tells_who_has_the_episode_and_who_waits)
{
	struct proxyipc_received got;
	struct proxy_stage s;
	const char *row;

	ASSERT_EQ(0, proxy_stage_open(&s));
	got = proxied_send(&s, 1);
	ASSERT_EQ(0, helper_call(&s.h, s.nr, 2));
	RUN_PS(NULL);
	row = find_row(self->cmd.said, "pid", s.t.h.pid);
	EXPECT_ROW_STRING("send", row, "why");
	EXPECT_ROW_NUMBER(got.out_token, row, "token");
	EXPECT_ROW_NUMBER(getpid(), row, "holder_tid");
	EXPECT_ROW_STRING("received", row, "episode");
	EXPECT_ROW_NUMBER(1, row, "waiting");
	EXPECT_ROW_STRING("set", row, "receiver_slot");
	/* The helper has a proxy entry: of the same object, so there is no other row. */
	EXPECT_EQ(2, json_count(json_member(row, "open_in")));
	EXPECT_EQ(1, json_count(json_member(self->cmd.said, "objects")));
	ASSERT_EQ(0, endpoint_resume(s.endpoint, got.out_cap));
	proxy_stage_close(&s);
}

TEST_F(command, ps_tells_of_every_hold_of_an_object_and_of_one_without)
{
	struct target t = target_spin();
	__u64 token[2];
	int second;

	ASSERT_LE(0, t.process);
	RUN_PS(NULL);
	EXPECT_ROW_STRING("runnable", find_row(self->cmd.said, "pid", t.h.pid), "state");
	EXPECT_TRUE(json_is_null(json_member(find_row(self->cmd.said, "pid", t.h.pid), "why")));
	second = process_open(t.h.pid, 0, 0);
	ASSERT_TRUE(held_state(process_hold(t.process, &token[0])));
	ASSERT_TRUE(held_state(process_hold(second, &token[1])));
	RUN_PS(NULL);
	EXPECT_EQ(2, json_count(json_member(self->cmd.said, "objects")));
	EXPECT_NE(NULL, (void *)find_row(self->cmd.said, "token", token[0]));
	EXPECT_NE(NULL, (void *)find_row(self->cmd.said, "token", token[1]));
	target_kill(&t);
	ASSERT_TRUE(wait_for_state(t.process, PROXYIPC_STATE_GONE));
	RUN_PS(NULL);
	EXPECT_ROW_STRING("gone", json_item(json_member(self->cmd.said, "objects"), 0), "state");
	close(second);
	close(t.process);
}

/* The whole process, that is: no thread of it. */
TEST_F(command, ps_tells_how_many_threads_a_group_has)
{
	int group, proxy, process;
	const char *row;
	__u64 token;

	START_CHILD(count_both);
	ASSERT_TRUE(counts(COUNTER(1)));
	group = process_open_group(self->child.pid, 0);
	ASSERT_LE(0, group);
	/* Found before the object, and after it: it tells of the main thread alone. */
	proxy = process_mint(group, 0, RIGHTS_ALL, 0);
	process = fcntl(group, F_DUPFD_CLOEXEC, proxy + 1);
	ASSERT_LT(proxy, process);
	close(group);
	ASSERT_LT(process, fcntl(proxy, F_DUPFD_CLOEXEC, process + 1));
	RUN_PS(NULL);
	row = find_row(self->cmd.said, "pid", self->child.pid);
	ASSERT_NE(NULL, (void *)row);
	EXPECT_TRUE(json_is_null(json_member(row, "tid")));
	EXPECT_ROW_STRING("command_test", row, "comm");
	EXPECT_ROW_STRING("runnable", row, "state");
	EXPECT_ROW_NUMBER(2, row, "threads");
	EXPECT_ROW_NUMBER(0, row, "threads_armed");
	EXPECT_ROW_NUMBER(0, row, "threads_parked");
	EXPECT_EQ(1, json_count(json_member(self->cmd.said, "objects")));

	ASSERT_TRUE(held_state(process_hold(process, &token)));
	ASSERT_TRUE(wait_for_state(process, PROXYIPC_STATE_PARKED));
	RUN_PS(NULL);
	row = find_row(self->cmd.said, "token", token);
	EXPECT_ROW_STRING("parked", row, "state");
	EXPECT_ROW_NUMBER(2, row, "threads");
	EXPECT_ROW_NUMBER(0, row, "threads_armed");
	EXPECT_ROW_NUMBER(2, row, "threads_parked");
	ASSERT_EQ(0, command_run(&self->cmd, NULL, "ps"));
	EXPECT_SAYS(self->cmd.said, "2: 0 armed, 2 parked");
	close(process);
	close(proxy);
	END_ALL();
}

TEST_F(command, ps_tells_nothing_of_threads_if_the_target_is_one)
{
	struct target t = target_spin();
	const char *row;

	ASSERT_LE(0, t.process);
	RUN_PS(NULL);
	row = find_row(self->cmd.said, "pid", t.h.pid);
	EXPECT_TRUE(json_is_null(json_member(row, "threads")));
	EXPECT_TRUE(json_is_null(json_member(row, "threads_armed")));
	EXPECT_TRUE(json_is_null(json_member(row, "threads_parked")));
	target_kill(&t);
	close(t.process);
}

TEST_F(command, ps_tells_of_an_object_of_which_only_proxy_entries_are_left)
{
	struct target t = target_spin();
	int proxy = process_mint(t.process, 0, RIGHTS_ALL, 0);
	const char *row;

	close(t.process);
	RUN_PS(NULL);
	row = find_row(self->cmd.said, "tid", t.h.pid);
	ASSERT_NE(NULL, (void *)row);
	EXPECT_ROW_STRING("unknown", row, "state");
	EXPECT_TRUE(json_is_null(json_member(row, "episode")));
	close(proxy);
	target_kill(&t);
}

TEST_F(command, ps_prints_a_table)
{
	struct target t = target_spin();
	__u64 token;

	ASSERT_EQ(0, command_run(&self->cmd, NULL, "ps"));
	EXPECT_SAYS(self->cmd.said, "runnable");
	ASSERT_TRUE(held_state(process_hold(t.process, &token)));
	ASSERT_EQ(0, command_run(&self->cmd, NULL, "ps"));
	EXPECT_EQ(0, strncmp(self->cmd.said, "OBJECT  PID ", 12));
	EXPECT_SAYS(self->cmd.said, "by hand");
	EXPECT_SAYS(self->cmd.said, NUMBER(t.h.pid));
	EXPECT_STREQ("", self->cmd.complained);
	target_kill(&t);
	close(t.process);
	ASSERT_EQ(0, command_run(&self->cmd, NULL, "ps"));
	EXPECT_STREQ("no process objects\n", self->cmd.said);
}

/* An ordinary user sees nothing of root's, and is told so. */
TEST_F(command, ps_says_how_much_is_hidden)
{
	struct who alice = plain_user(ALICE);
	struct target t = target_spin();

	ASSERT_LE(0, t.process);
	RUN_PS(&alice);
	EXPECT_EQ(0, json_count(json_member(self->cmd.said, "objects")));
	EXPECT_LT(0, json_number(json_member(self->cmd.said, "hidden_processes")));
	EXPECT_SAYS(self->cmd.complained, "run as root");
	target_kill(&t);
	close(t.process);
}

static void count_with_odd_name(struct child_page *page)
{
	prctl(PR_SET_NAME, "\x1b[1m\"\\\xff\n");
	child_spin(page);
}

/* A program chooses its name: it must not choose what a terminal does. */
TEST_F(command, ps_takes_the_power_from_odd_names)
{
	int process;

	START_CHILD(count_with_odd_name);
	process = child_open(&self->child);
	ASSERT_LE(0, process);
	RUN_PS(NULL);
	EXPECT_SAYS(self->cmd.said, "\\u001b[1m\\\"\\\\\\ufffd");
	ASSERT_EQ(0, command_run(&self->cmd, NULL, "ps"));
	EXPECT_SAYS(self->cmd.said, "?[1m\"\\?");
	EXPECT_SAYS_NOT(self->cmd.said, "\x1b");
	close(process);
	END_ALL();
}

/* --- hold ---------------------------------------------------------------------------- */

/* Starts it and reads its first line, as JSON. */
#define START_HOLD(cmd_, who_, ...) ({						\
	const char *line_;							\
										\
	command_start(cmd_, who_, "hold", "--json", __VA_ARGS__, NULL);		\
	line_ = command_line(cmd_);						\
	ASSERT_NE(NULL, (void *)line_) {					\
		command_end(cmd_);						\
		TH_LOG("it said: %s", (cmd_)->complained);			\
	}									\
	ASSERT_TRUE(json_is_line(line_));					\
	line_;									\
})

static long long token_of(const char *line)
{
	return json_number(json_member(line, "token"));
}

#define END_HOLD(status_, cmd_, reason_, ended_by_) do {			\
	EXPECT_EQ(status_, command_end(cmd_));					\
	EXPECT_TRUE(json_is_line((cmd_)->said));				\
	EXPECT_ROW_STRING("released", (cmd_)->said, "event");			\
	EXPECT_ROW_STRING(reason_, (cmd_)->said, "reason");			\
	EXPECT_ROW_STRING(ended_by_, (cmd_)->said, "ended_by");			\
} while (0)

TEST_F(command, hold_holds_all_threads_until_it_is_told)
{
	const char *line, *threads;
	int i;

	START_CHILD(count_both);
	ASSERT_TRUE(counts(COUNTER(1)));
	line = START_HOLD(&self->cmd, NULL, NUMBER(self->child.pid));
	EXPECT_LT(0, token_of(line));
	threads = json_member(line, "threads");
	EXPECT_EQ(2, json_count(threads));
	for (i = 0; i < 2; i++) {
		EXPECT_ROW_NUMBER(self->child.page->tid[i], json_item(threads, i), "tid");
		EXPECT_TRUE(stands_still(COUNTER(i)));
	}
	kill(self->cmd.pid, SIGINT);
	END_HOLD(0, &self->cmd, "signal", "resumed");
	EXPECT_TRUE(counts(COUNTER(0)));
	EXPECT_TRUE(counts(COUNTER(1)));
	END_ALL();
}

TEST_F(command, hold_of_a_thread_leaves_the_others_running)
{
	const char *threads;
	char text[32];

	START_CHILD(count_both);
	ASSERT_TRUE(counts(COUNTER(1)));
	snprintf(text, sizeof(text), "%d/%d", self->child.pid, self->child.page->tid[1]);
	threads = json_member(START_HOLD(&self->cmd, NULL, text), "threads");
	EXPECT_EQ(1, json_count(threads));
	EXPECT_ROW_NUMBER(self->child.page->tid[1], json_item(threads, 0), "tid");
	EXPECT_TRUE(stands_still(COUNTER(1)));
	EXPECT_TRUE(counts(COUNTER(0)));
	kill(self->cmd.pid, SIGTERM);
	END_HOLD(0, &self->cmd, "signal", "resumed");
	EXPECT_TRUE(counts(COUNTER(1)));

	snprintf(text, sizeof(text), "%d", self->child.pid);
	START_HOLD(&self->cmd, NULL, "--thread", text, text);
	EXPECT_TRUE(stands_still(COUNTER(0)));
	EXPECT_TRUE(counts(COUNTER(1)));
	END_ALL();
}

static void *count_once(void *arg)
{
	struct child_page *page = arg;

	page->counter[0]++;
	return NULL;
}

/* A body: threads that are born and die all the time, from two others. */
static void *make_threads(void *arg)
{
	pthread_t thread;

	for (;;)
		if (!pthread_create(&thread, NULL, count_once, arg))
			pthread_join(thread, NULL);
	return NULL;
}

static void make_threads_twice(struct child_page *page)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, make_threads, page))
		make_threads(page);
}

TEST_F(command, hold_holds_threads_that_are_just_born)
{
	long times = repeat(5);

	START_CHILD(make_threads_twice);
	while (times--) {
		START_HOLD(&self->cmd, NULL, "--for", "60s", NUMBER(self->child.pid));
		EXPECT_TRUE(stands_still(COUNTER(0)));
		kill(self->cmd.pid, SIGINT);
		END_HOLD(0, &self->cmd, "signal", "resumed");
		ASSERT_TRUE(counts(COUNTER(0)));
	}
	END_ALL();
}

TEST_F(command, hold_ends_when_its_time_is_over)
{
	START_CHILD(count_both);
	START_HOLD(&self->cmd, NULL, "--for", "100ms", NUMBER(self->child.pid));
	END_HOLD(0, &self->cmd, "time", "resumed");
	EXPECT_LE(100000, json_number(json_member(self->cmd.said, "held_us")));
	EXPECT_TRUE(counts(COUNTER(0)));
	END_ALL();
}

TEST_F(command, hold_ends_when_the_command_is_killed)
{
	START_CHILD(count_both);
	START_HOLD(&self->cmd, NULL, "--for", "60s", NUMBER(self->child.pid));
	EXPECT_TRUE(stands_still(COUNTER(0)));
	kill(self->cmd.pid, SIGKILL);
	EXPECT_EQ(KILLED_BY(SIGKILL), command_end(&self->cmd));
	EXPECT_TRUE(counts(COUNTER(0)));
	EXPECT_TRUE(counts(COUNTER(1)));
	END_ALL();
}

/* Without a time, it is the lease that ends it: of 10 s, the default. */
TEST_F(command, hold_ends_with_its_lease)
{
	const char *line;

	START_CHILD(count_both);
	line = START_HOLD(&self->cmd, NULL, NUMBER(self->child.pid));
	EXPECT_ROW_NUMBER(10000000, line, "lease_us");
	line = command_line(&self->cmd);
	ASSERT_NE(NULL, (void *)line) {
		TH_LOG("it goes on");
	}
	EXPECT_ROW_STRING("lease", line, "ended_by");
	EXPECT_EQ(3, command_end(&self->cmd));
	EXPECT_TRUE(counts(COUNTER(0)));
	END_ALL();
}

TEST_F(command, hold_tells_of_the_end_of_its_target)
{
	START_CHILD(count_both);
	START_HOLD(&self->cmd, NULL, NUMBER(self->child.pid));
	EXPECT_TRUE(killed_by(child_kill(&self->child), SIGKILL));
	END_HOLD(3, &self->cmd, "ended", "target gone or changed");
	END_ALL();
}

/* What an armed thread is in: read(), of a pipe that stays empty. */
TEST_F(command, hold_names_the_system_call_of_an_armed_thread)
{
	const char *thread;
	int pipe_fd[2];

	ASSERT_EQ(0, pipe(pipe_fd));
	self->child = child_new(child_read, pipe_fd[0], -1);
	ASSERT_TRUE(eventually(proc_asleep_in_syscall(self->child.pid, SYS_read)));
	thread = json_item(json_member(START_HOLD(&self->cmd, NULL, NUMBER(self->child.pid)),
				       "threads"), 0);
	EXPECT_ROW_STRING("armed", thread, "state");
	EXPECT_ROW_STRING("read", thread, "syscall");
	kill(self->cmd.pid, SIGHUP);
	END_HOLD(0, &self->cmd, "signal", "resumed");
	/* And it didn't get EINTR: it reads on. */
	ASSERT_EQ(1, write(pipe_fd[1], "", 1));
	EXPECT_TRUE(eventually(*COUNTER(0) == 1));
	close(pipe_fd[0]);
	close(pipe_fd[1]);
	END_ALL();
}

TEST_F(command, hold_says_in_text_when_it_ends)
{
	START_CHILD(count_both);
	ASSERT_EQ(0, command_run(&self->cmd, NULL, "hold", "--for", "0.1s",
				 NUMBER(self->child.pid)));
	EXPECT_SAYS(self->cmd.said, "TID");
	EXPECT_SAYS(self->cmd.said, NUMBER(self->child.pid));
	EXPECT_SAYS(self->cmd.said, "resumed after 100 ms, or by ^C");
	EXPECT_SAYS(self->cmd.said, "Should this program die");
	EXPECT_STREQ("", self->cmd.complained);
	END_ALL();
}

static void *become_another(void *arg)
{
	struct child_page *page = arg;

	/* Of this thread alone. */
	if (!syscall(SYS_setresuid, ALICE, ALICE, ALICE))
		count_second(page);
	return NULL;
}

/* A body: two threads of different users. */
static void count_as_two_users(struct child_page *page)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, become_another, page))
		child_spin(page);
}

TEST_F(command, hold_says_what_to_do_with_threads_of_different_users)
{
	START_CHILD(count_as_two_users);
	ASSERT_TRUE(counts(COUNTER(1)));
	EXPECT_EQ(1, command_run(&self->cmd, NULL, "hold", NUMBER(self->child.pid)));
	EXPECT_SAYS(self->cmd.complained, "its threads may be of different users");
	EXPECT_EQ(1, command_run(&self->cmd, NULL, "backtrace", NUMBER(self->child.pid)));
	EXPECT_SAYS(self->cmd.complained, "its threads may be of different users");
	EXPECT_EQ(0, command_run(&self->cmd, NULL, "hold", "--for", "10ms", "--thread",
				 NUMBER(self->child.pid), NUMBER(self->child.pid)));
	END_ALL();
}

TEST_F(command, hold_says_why_it_can_not)
{
	struct who alice = plain_user(ALICE);
	char both[32];

#define CAN_NOT(who_, why_, ...) do {						\
	EXPECT_EQ(1, command_run(&self->cmd, who_, "hold", __VA_ARGS__));	\
	EXPECT_STREQ("", self->cmd.said);					\
	EXPECT_SAYS(self->cmd.complained, why_);				\
} while (0)

	START_CHILD(count_both);
	CAN_NOT(NULL, "can never be held", "1");
	CAN_NOT(NULL, "there is no process", "2147483647");
	CAN_NOT(&alice, "run as root", NUMBER(self->child.pid));
	snprintf(both, sizeof(both), "%d/%d", self->child.pid, getpid());
	CAN_NOT(NULL, "is no thread of process", both);
	ASSERT_EQ(0, file_write(same_uid, "1"));
	self->other = child_spin_as(&alice);
	ASSERT_LT(0, self->other.pid);
	CAN_NOT(&alice, "ask for less", "--for", "61s", NUMBER(self->other.pid));
	EXPECT_TRUE(counts(&self->other.page->counter[0]));
	EXPECT_TRUE(counts(COUNTER(0)));
	END_ALL();
}

/* --- resume ---------------------------------------------------------------------------- */

TEST_F(command, resume_by_token_ends_the_hold_of_another)
{
	const char *hold;
	long long token;

	START_CHILD(count_both);
	token = token_of(START_HOLD(&self->cmd, NULL, NUMBER(self->child.pid)));
	ASSERT_EQ(0, command_run(&self->second, NULL, "resume", "--json", "--token",
				 NUMBER(token)));
	EXPECT_TRUE(json_is_line(self->second.said));
	EXPECT_ROW_NUMBER(1, self->second.said, "found");
	hold = json_item(json_member(self->second.said, "holds"), 0);
	EXPECT_ROW_NUMBER(self->child.pid, hold, "pid");
	EXPECT_TRUE(json_is_null(json_member(hold, "tid")));
	EXPECT_ROW_STRING("resumed", hold, "result");
	EXPECT_TRUE(counts(COUNTER(0)));
	EXPECT_TRUE(counts(COUNTER(1)));
	END_HOLD(3, &self->cmd, "ended", "resumed by another");
	END_ALL();
}

TEST_F(command, resume_by_number_ends_the_holds_of_all)
{
	char text[32];

	START_CHILD(count_both);
	ASSERT_TRUE(counts(COUNTER(1)));
	snprintf(text, sizeof(text), "%d/%d", self->child.pid, self->child.page->tid[1]);
	START_HOLD(&self->cmd, NULL, text);
	START_HOLD(&self->second, NULL, NUMBER(self->child.pid));
	EXPECT_TRUE(stands_still(COUNTER(0)));
	ASSERT_EQ(0, command_run(&self->third, NULL, "resume", NUMBER(self->child.pid)));
	END_HOLD(3, &self->cmd, "ended", "resumed by another");
	END_HOLD(3, &self->second, "ended", "resumed by another");
	EXPECT_TRUE(counts(COUNTER(0)));
	EXPECT_TRUE(counts(COUNTER(1)));
	END_ALL();
}

TEST_F(command, resume_ends_an_episode_and_its_call)
{
	struct proxyipc_received got;
	struct proxy_stage s;

	ASSERT_EQ(0, proxy_stage_open(&s));
	got = proxied_call(&s);
	ASSERT_NE(0, got.out_token);
	ASSERT_EQ(0, command_run(&self->cmd, NULL, "resume", NUMBER(s.t.h.pid)));
	EXPECT_SAYS(self->cmd.said, "resumed");
	EXPECT_EQ(-ECANCELED, helper_finish(&s.h));
	EXPECT_TRUE(target_counts(&s.t));
	EXPECT_EQ(-ESTALE, endpoint_resume(s.endpoint, got.out_cap));
	proxy_stage_close(&s);
}

TEST_F(command, resume_says_what_it_does_not_find)
{
	struct who alice = plain_user(ALICE);

	START_CHILD(count_both);
	EXPECT_EQ(1, command_run(&self->cmd, NULL, "resume", NUMBER(self->child.pid)));
	EXPECT_SAYS(self->cmd.complained, "nothing holds");
	EXPECT_EQ(1, command_run(&self->cmd, NULL, "resume", "--token", "9999999999"));
	EXPECT_SAYS(self->cmd.complained, "no hold has the token 9999999999");
	START_HOLD(&self->second, NULL, NUMBER(self->child.pid));
	EXPECT_EQ(1, command_run(&self->cmd, &alice, "resume", "--json",
				 NUMBER(self->child.pid)));
	EXPECT_TRUE(json_is_line(self->cmd.said));
	EXPECT_ROW_NUMBER(0, self->cmd.said, "found");
	EXPECT_SAYS(self->cmd.complained, "run as root");
	EXPECT_TRUE(stands_still(COUNTER(0)));
	END_ALL();
}

/* What Yama forbids is visible, and can't be taken. */
TEST_F(command, resume_takes_the_rights_of_ptrace)
{
	struct who alice = plain_user(ALICE);

	if (access(yama, F_OK))
		SKIP(return, "no Yama in this kernel");
	ASSERT_EQ(0, file_write(same_uid, "1"));
	self->child = child_spin_as(&alice);
	ASSERT_LT(0, self->child.pid);
	START_HOLD(&self->second, &alice, "--for", "59s", NUMBER(self->child.pid));
	ASSERT_EQ(0, file_write(yama, "1"));
	EXPECT_EQ(1, command_run(&self->cmd, &alice, "resume", "--json",
				 NUMBER(self->child.pid)));
	EXPECT_TRUE(json_is_line(self->cmd.said));
	EXPECT_ROW_NUMBER(1, self->cmd.said, "found");
	EXPECT_ROW_NUMBER(1, self->cmd.said, "failed");
	EXPECT_SAYS(self->cmd.complained, "that takes what ptrace takes");
	EXPECT_TRUE(stands_still(COUNTER(0)));
	ASSERT_EQ(0, file_write(yama, "0"));
	EXPECT_EQ(0, command_run(&self->cmd, &alice, "resume", NUMBER(self->child.pid)));
	EXPECT_TRUE(counts(COUNTER(0)));
	END_ALL();
}

/* --- run --------------------------------------------------------------------------------- */

TEST_F(command, run_ends_with_the_status_of_the_program)
{
	EXPECT_EQ(0, command_run(&self->cmd, NULL, "run", "--", "true"));
	EXPECT_EQ(7, command_run(&self->cmd, NULL, "run", "sh", "-c", "echo hello; exit 7"));
	EXPECT_STREQ("hello\n", self->cmd.said);
	EXPECT_STREQ("", self->cmd.complained);
	EXPECT_EQ(128 + SIGKILL, command_run(&self->cmd, NULL, "run", "sh", "-c",
					     "kill -9 $$"));
	EXPECT_EQ(127, command_run(&self->cmd, NULL, "run", "/nonexistent"));
	EXPECT_SAYS(self->cmd.complained, "No such file");
	EXPECT_EQ(126, command_run(&self->cmd, NULL, "run", "/etc/passwd"));
}

TEST_F(command, run_passes_signals_on)
{
	static const int signals[] = { SIGTERM, SIGUSR1, SIGHUP };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		command_start(&self->cmd, NULL, "run", "sh", "-c",
			      "trap 'echo got; exit 5' TERM USR1 HUP; echo ready; while :; do sleep 0.1; done",
			      NULL);
		ASSERT_NE(NULL, (void *)command_line(&self->cmd));
		kill(self->cmd.pid, signals[i]);
		EXPECT_EQ(5, command_end(&self->cmd));
		EXPECT_STREQ("got\n", self->cmd.said);
	}
}

/* What is invoked on the program comes to run, which answers, resumes and tells. */
TEST_F(command, run_supervises_the_program)
{
	const char *line;
	int process, proxy;

	command_start(&self->cmd, NULL, "--json", "run", "sh", "-c", "echo ready; exec sleep 1000",
		      NULL);
	ASSERT_NE(NULL, (void *)command_line(&self->cmd));
	process = command_take_process(self->cmd.pid);
	ASSERT_LE(0, process);
	proxy = process_mint(process, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, proxy);

	EXPECT_EQ(0, entry_call_until(proxy, 42, deadline_ms(PATIENCE_MS)));
	line = command_complaint(&self->cmd);
	ASSERT_NE(NULL, (void *)line);
	ASSERT_TRUE(json_is_line(line));
	EXPECT_ROW_STRING("call", line, "kind");
	EXPECT_ROW_NUMBER(getpid(), line, "sender_pid");
	EXPECT_TRUE(json_is_number(json_item(json_member(line, "words"), 0), 42));
	EXPECT_EQ(PROXYIPC_WORDS, json_count(json_member(line, "words")));
	EXPECT_LE(0, entry_notify(proxy, 0x21));
	line = command_complaint(&self->cmd);
	ASSERT_NE(NULL, (void *)line);
	EXPECT_ROW_STRING("notice", line, "kind");
	EXPECT_ROW_NUMBER(0x21, line, "notices");
	EXPECT_TRUE(wait_for_state(process, PROXYIPC_STATE_RUNNABLE));
	kill(self->cmd.pid, SIGTERM);
	EXPECT_EQ(128 + SIGTERM, command_end(&self->cmd));
	EXPECT_STREQ("", self->cmd.complained);
	close(proxy);
	close(process);
}

/* --- doctor ------------------------------------------------------------------------------- */

static const char *find_check(const char *line, const char *check)
{
	const char *row;
	int i;

	for (i = 0; (row = json_item(json_member(line, "checks"), i)); i++)
		if (json_is_string(json_member(row, "check"), check))
			return json_member(row, "verdict");
	return NULL;
}

#define RUN_DOCTOR(status_, who_) do {						\
	ASSERT_EQ(status_, command_run(&self->cmd, who_, "doctor", "--json"));	\
	ASSERT_TRUE(json_is_line(self->cmd.said)) {				\
		TH_LOG("no JSON: %s", self->cmd.said);				\
	}									\
} while (0)

#define EXPECT_VERDICT(verdict_, check_)					\
	EXPECT_TRUE(json_is_string(find_check(self->cmd.said, check_), verdict_)) {	\
		TH_LOG("%s is not %s: %s", check_, verdict_, self->cmd.said);	\
	}

TEST_F(command, doctor_finds_all_well)
{
	static const char fine[][16] = {
		"kernel", "module", "device", "abi", "parameters", "task_work", "secure-boot",
		"signatures", "privilege", "yama",
	};
	size_t i;

	RUN_DOCTOR(0, NULL);
	for (i = 0; i < ARRAY_SIZE(fine); i++)
		EXPECT_VERDICT("ok", fine[i]);
	/* There are none in the guest. */
	EXPECT_VERDICT("warn", "headers");
	EXPECT_EQ(0, json_number(json_member(self->cmd.said, "failures")));
	EXPECT_EQ(1, json_number(json_member(self->cmd.said, "warnings")));
	ASSERT_EQ(0, command_run(&self->cmd, NULL, "doctor"));
	EXPECT_SAYS(self->cmd.said, "ok    module");
	EXPECT_SAYS(self->cmd.said, "-> apt-get install linux-headers-");
}

TEST_F(command, doctor_finds_a_closed_device)
{
	struct who alice = plain_user(ALICE);

	ASSERT_EQ(0, chmod("/dev/proxyipc", 0600));
	RUN_DOCTOR(1, &alice);
	EXPECT_VERDICT("FAIL", "device");
	EXPECT_VERDICT("warn", "abi");
	RUN_DOCTOR(0, NULL);
	EXPECT_VERDICT("warn", "device");
	EXPECT_VERDICT("ok", "abi");
}

TEST_F(command, doctor_and_all_others_say_that_the_module_is_not_loaded)
{
	char parameters[256];

	module_parameters(parameters, sizeof(parameters));
	ASSERT_TRUE(eventually(!module_remove()));
	START_CHILD(count_both);
	EXPECT_EQ(1, command_run(&self->cmd, NULL, "doctor", "--json"));
	EXPECT_EQ(1, command_run(&self->second, NULL, "hold", NUMBER(self->child.pid)));
	EXPECT_SAYS(self->second.complained, "modprobe proxyipc");
	EXPECT_EQ(1, command_run(&self->second, NULL, "backtrace", NUMBER(self->child.pid)));
	EXPECT_SAYS(self->second.complained, "modprobe proxyipc");
	EXPECT_EQ(125, command_run(&self->second, NULL, "run", "true"));
	EXPECT_SAYS(self->second.complained, "modprobe proxyipc");
	EXPECT_EQ(0, command_run(&self->second, NULL, "ps"));
	EXPECT_STREQ("no process objects\n", self->second.said);
	ASSERT_EQ(0, module_load(parameters));
	EXPECT_TRUE(json_is_line(self->cmd.said));
	EXPECT_VERDICT("FAIL", "module");
	EXPECT_VERDICT("FAIL", "device");
	END_ALL();
}

TEST_HARNESS_MAIN
