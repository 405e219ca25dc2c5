// SPDX-License-Identifier: GPL-2.0
/*
 * examples/watchdogd with services made for the purpose: what it catches, what it says
 * of it, what it does about it, and what it does not do.
 */
#include "proxyipc_test.h"
#include "command/json.h"
#include "watchdogd/stage.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define SPINNERS	8

FIXTURE(watchdogd) {
	struct daemon daemon;
	pid_t spinners[SPINNERS];
	pid_t other;
};

FIXTURE_SETUP(watchdogd)
{
	memset(self->spinners, 0, sizeof(self->spinners));
	self->other = 0;
	ASSERT_EQ(0, daemon_new(&self->daemon));
}

/* In the parent, which is there though the test ended at an assertion. */
FIXTURE_TEARDOWN_PARENT(watchdogd)
{
	for (int i = 0; i < SPINNERS; i++)
		end_process(&self->spinners[i]);
	end_process(&self->other);
	daemon_clean(&self->daemon);
}

/* --- stalls -------------------------------------------------------------------------- */

TEST_F(watchdogd, service_that_keeps_alive_is_left_alone)
{
	START("service a {\n" HELPER("live") "timeout = 2s\non_timeout = kill\n}\n");
	EVENT("ready", "a");
	daemon_listen(&self->daemon, 5000);
	EXPECT_NOT_SAID("stall", NULL);
	EXPECT_NOT_SAID("ended", NULL);
}

TEST_F(watchdogd, spinning_is_reported_twice_with_its_stack_and_goes_on)
{
	const char *line, *stacks;
	pid_t pid;

	START("service a {\n" HELPER("live") QUICK "}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	kill(pid, SIGUSR1);
	line = STALL_SHOWN("a", "pretimeout", &stacks);
	EXPECT_VALUE(line, "cause", "spinning");
	EXPECT_VALUE(line, "syscall", "none");
	EXPECT_VALUE(line, "action", "resume");
	EXPECT_EQ(pid, event_number_of(line, "pid"));
	EXPECT_HAS(stacks, "spin_here");
	EXPECT_HAS(stacks, "live");
	EXPECT_HAS(stacks, "main");
	line = STALL("a", "timeout");
	EXPECT_VALUE(line, "action", "resume");
	EXPECT_TRUE(runs(pid));
}

TEST_F(watchdogd, blocked_is_reported_with_its_system_call)
{
	const char *line, *stacks;
	pid_t pid;

	START("service a {\n" HELPER("live") QUICK "}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	kill(pid, SIGUSR2);
	line = STALL_SHOWN("a", "timeout", &stacks);
	EXPECT_VALUE(line, "cause", "blocked");
	EXPECT_VALUE(line, "syscall", "read");
	EXPECT_HAS(stacks, "block_here");
	EXPECT_HAS(stacks, "watchdogd_helper.c:");
	EXPECT_TRUE(runs(pid));
}

TEST_F(watchdogd, restart_kills_it_and_starts_another)
{
	const char *line;
	pid_t pid;

	START("service a {\n" HELPER("live") QUICK "on_timeout = restart\nrestart = never\n"
	      "backoff = 100ms\n}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	kill(pid, SIGUSR2);
	line = STALL("a", "timeout");
	EXPECT_VALUE(line, "action", "restart");
	/* If there was an earlier stage, it went on after that. */
	line = daemon_said(&self->daemon, "stall", "a");
	EXPECT_VALUE(line, "action", strcmp(event_value(line, "stage"), "pretimeout") ?
			     "restart" : "resume");
	line = EVENT("ended", "a");
	EXPECT_VALUE(line, "killed", "blocked");
	EXPECT_EQ(SIGKILL, event_number_of(line, "signal"));
	EXPECT_FALSE(runs(pid));
	line = EVENT("ready", "a");
	EXPECT_NE(pid, event_number_of(line, "pid"));
	EXPECT_TRUE(runs(event_number_of(line, "pid")));
}

TEST_F(watchdogd, kill_kills_it_for_good)
{
	pid_t pid;

	START("service a {\n" HELPER("live") QUICK "on_timeout = kill\nrestart = always\n"
	      "backoff = 100ms\n}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	kill(pid, SIGUSR1);
	EVENT("ended", "a");
	daemon_listen(&self->daemon, 2000);
	EXPECT_NOT_SAID("backoff", "a");
}

TEST_F(watchdogd, time_in_which_it_is_stopped_does_not_count)
{
	pid_t pid;

	START("service a {\n" HELPER("live") "timeout = 1s\n}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	kill(pid, SIGSTOP);
	daemon_listen(&self->daemon, 3000);
	EXPECT_NOT_SAID("stall", "a");
	kill(pid, SIGCONT);
}

TEST_F(watchdogd, recovery_is_said)
{
	const char *line;

	START("service a {\n" HELPER("talk", "READY=1", "WATCHDOG=trigger") "timeout = 1h\n}\n");
	line = EVENT("stall", "a");
	EXPECT_VALUE(line, "stage", "trigger");
	line = EVENT("recovered", "a");
	EXPECT_LE(0, event_number_of(line, "after_ms"));
}

TEST_F(watchdogd, start_that_takes_too_long_is_reported)
{
	const char *line;

	START("service a {\n" HELPER("child") "start_timeout = 1s\ntimeout = 10s\n}\n");
	line = EVENT("stall", "a");
	EXPECT_VALUE(line, "stage", "start");
	EXPECT_HAS(daemon_stacks(&self->daemon, event_number_of(line, "id")), "by_child");
	EXPECT_NOT_SAID("ready", "a");
}

TEST_F(watchdogd, control_page_keeps_alive_without_a_word)
{
	const char *line;
	pid_t pid;

	START("service a {\n" HELPER("page") "alive = page\ntimeout = 2s\n}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	daemon_listen(&self->daemon, 5000);
	EXPECT_NOT_SAID("stall", "a");
	kill(pid, SIGUSR1);
	line = EVENT("stall", "a");
	EXPECT_VALUE(line, "cause", "spinning");
}

/* --- who may speak for a service ----------------------------------------------------- */

static void send_to(const char *path, const char *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof(address));
	close(fd);
}

/* Says again and again that the service is well. */
static pid_t start_forger(const char *path)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		send_to(path, "WATCHDOG=1\nSTATUS=forged\n");
		sleep_ms(20);
	}
}

TEST_F(watchdogd, strangers_are_rejected)
{
	const char *line;
	char path[96];
	pid_t pid;

	START("service a {\n" HELPER("live") QUICK "}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	snprintf(path, sizeof(path), "%s/a.notify", self->daemon.folder);
	kill(pid, SIGUSR2);
	self->other = start_forger(path);
	line = EVENT("rejected", "a");
	EXPECT_EQ(self->other, event_number_of(line, "sender"));
	EVENT("stall", "a");
	EXPECT_NOT_SAID("status", "a");
}

TEST_F(watchdogd, children_count_if_they_may)
{
	START("service a {\n" HELPER("child") "notify_access = all\ntimeout = 2s\n}\n");
	EVENT("ready", "a");
	daemon_listen(&self->daemon, 3000);
	EXPECT_NOT_SAID("rejected", "a");
	EXPECT_NOT_SAID("stall", "a");
}

TEST_F(watchdogd, service_is_run_as_configured)
{
	const char *line;

	START("service a {\n" HELPER("environment") "user = user\ndirectory = \"/tmp\"\n"
	      "environment = {\"FOO=bar\"}\ntimeout = 3s\npretimeout = 1s\n}\n");
	line = EVENT("status", "a");
	EXPECT_VALUE(line, "status",
		     "uid 1000 cwd /tmp login user FOO bar usec 2000000 pid 1");
}

TEST_F(watchdogd, what_a_service_says_cannot_break_a_line)
{
	START("service a {\n" HELPER("talk", "STATUS=x\" event=stall \x1b[2J")
	      "timeout = 10s\n}\n");
	EXPECT_VALUE(EVENT("status", "a"), "event", "status");
	EXPECT_NOT_SAID("stall", "a");
	EXPECT_EQ(NULL, (void *)strchr(self->daemon.text, '\x1b'));
}

/* --- starvation ---------------------------------------------------------------------- */

/* All on one CPU, with that. */
static pid_t start_spinner(int nice_value)
{
	cpu_set_t set;
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
	setpriority(PRIO_PROCESS, 0, nice_value);
	for (;;)
		;
}

/* Where a session gets its share as a whole, its own nice value counts. */
static void set_autogroup_nice(pid_t pid)
{
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/autogroup", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		dprintf(fd, "19");
	close(fd);
}

TEST_F(watchdogd, starved_service_is_not_killed)
{
	const char *line;
	cpu_set_t set;
	pid_t pid;

	START("service a {\n" HELPER("burn") "timeout = 3s\non_timeout = restart\n}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	ASSERT_EQ(0, sched_setaffinity(pid, sizeof(set), &set));
	ASSERT_EQ(0, setpriority(PRIO_PROCESS, pid, 19));
	set_autogroup_nice(pid);
	for (int i = 0; i < SPINNERS; i++)
		self->spinners[i] = start_spinner(-5);
	line = EVENT("stall", "a");
	EXPECT_VALUE(line, "cause", "starved");
	EXPECT_VALUE(line, "action", "resume");
	EXPECT_TRUE(runs(pid));
	for (int i = 0; i < SPINNERS; i++)
		end_process(&self->spinners[i]);
	EVENT("recovered", "a");
	EXPECT_NOT_SAID("ended", "a");
	EXPECT_TRUE(runs(pid));
}

/* --- faults -------------------------------------------------------------------------- */

/* The line of the crash, as the source has it. */
static int crash_line(const char *stacks)
{
	const char *at = strstr(stacks, "crash_here");

	at = at ? strstr(at, "watchdogd_helper.c:") : NULL;
	return at ? atoi(at + strlen("watchdogd_helper.c:")) : 0;
}

TEST_F(watchdogd, crash_is_caught_at_its_instruction_and_restarts_back_off)
{
	static const int pauses[] = { 200, 400, 800, 800 };
	const char *line, *stacks;
	int crash;

	START("service a {\n" HELPER("crash") "timeout = 10s\nbackoff = 200ms\n"
	      "backoff_max = 800ms\n}\n");
	crash = event_number_of(EVENT("status", "a"), "status");
	line = EVENT("fault", "a");
	EXPECT_VALUE(line, "signal", "SIGSEGV");
	EXPECT_VALUE(line, "address", "0x10");
	stacks = daemon_stacks(&self->daemon, event_number_of(line, "id"));
	EXPECT_HAS(stacks, "#0 ");
	EXPECT_EQ(crash, crash_line(stacks));
	EXPECT_LT(strstr(stacks, "crash_here"), strstr(stacks, "main"));
	self->daemon.at = 0;
	for (size_t i = 0; i < ARRAY_SIZE(pauses); i++) {
		EXPECT_EQ(SIGSEGV, event_number_of(EVENT("ended", "a"), "signal"));
		EXPECT_EQ(pauses[i], event_number_of(EVENT("backoff", "a"), "pause_ms"));
	}
}

TEST_F(watchdogd, faults_that_it_handles_are_soon_its_own_business)
{
	int faults = 0;

	START("service a {\n" HELPER("survive") "timeout = 10s\n}\n");
	EVENT("faults", "a");
	EXPECT_VALUE(EVENT("status", "a"), "status", "survived");
	self->daemon.at = 0;
	while (faults < 6 && strstr(self->daemon.text + self->daemon.at, "event=fault ")) {
		EVENT("fault", "a");
		faults++;
	}
	EXPECT_EQ(3, faults);
	EXPECT_NOT_SAID("ended", "a");
}

/* --- what it says and how it finds out ------------------------------------------- */

/* Who takes evidence may hang; the service is not held for that. */
TEST_F(watchdogd, hold_is_bounded_though_evidence_hangs)
{
	const char *line;
	pid_t pid, taker;

	START("hold_max = 300ms\nservice a {\n" HELPER("live") "timeout = 1s\n}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	ASSERT_TRUE(eventually((taker = process_named("watchdogd-stack")) > 0));
	/* It has prepared itself, and waits. */
	ASSERT_TRUE(eventually(proc_asleep_in_syscall(taker, SYS_recvfrom)));
	kill(taker, SIGSTOP);
	kill(pid, SIGUSR2);
	line = EVENT("stall", "a");
	EXPECT_LE(300000, event_number_of(line, "held_us"));
	line = daemon_event(&self->daemon, "stacks", "a", event_number_of(line, "id"));
	ASSERT_NE(NULL, (void *)line);
	EXPECT_HAS(line, "none: ");
	EXPECT_TRUE(runs(pid));
	/* And there is another for the next one. */
	line = EVENT("stall", "a");
	EXPECT_HAS(daemon_stacks(&self->daemon, event_number_of(line, "id")), "block_here");
}

TEST_F(watchdogd, log_as_json_is_json)
{
	char *line, *next;
	__u64 until = deadline_ms(DAEMON_PATIENCE_MS);
	int stalls = 0, stacks = 0;
	const char *rows;

	START("log = json\nservice a {\n"
	      HELPER("talk", "STATUS=\"\\ \xff", "WATCHDOG=1", "WATCHDOG=trigger",
		     "WATCHDOG=trigger", "WATCHDOG=trigger")
	      "timeout = 10s\n}\n");
	while (now_ns() < until && !(strstr(self->daemon.text, "\"recovered\"") &&
				     strstr(self->daemon.text, "\"stacks\":[")))
		daemon_listen(&self->daemon, 10);
	for (line = self->daemon.text; (next = strchr(line, '\n')); line = next) {
		char copy[1 << 16];

		next++;
		snprintf(copy, sizeof(copy), "%.*s", (int)(next - line), line);
		EXPECT_TRUE(json_is_line(copy)) {
			TH_LOG("no JSON: %s", copy);
		}
		stalls += json_is_string(json_member(copy, "event"), "stall");
		rows = json_member(copy, "stacks");
		stacks += rows ? json_count(rows) : 0;
	}
	EXPECT_LE(1, stalls);
	EXPECT_LE(3, stacks);
}

TEST_HARNESS_MAIN
