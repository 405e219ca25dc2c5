// SPDX-License-Identifier: GPL-2.0
/*
 * proxyipc run, its watchdog above all, and proxyipc backtrace: what they say of
 * programs that hang, and that these don't suffer from it.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"
#include "command/json.h"
#include "command/says.h"
#include "command/start.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define HELPER	"./command_run_helper"
#define FIFO	"command_run_fifo"
/* Of the helper that keeps alive. */
#define STATUS_LATE	77

FIXTURE(run) {
	struct started cmd;
	struct started second;
	struct child child;
	char number[32];
	char report[TEXT_SIZE];
};

FIXTURE_SETUP(run)
{
	memset(self, 0, sizeof(*self));
	self->cmd.out = -1;
	self->cmd.err = -1;
	self->second.out = -1;
	self->second.err = -1;
}

FIXTURE_TEARDOWN(run)
{
	command_kill(&self->cmd);
	command_kill(&self->second);
	child_kill(&self->child);
	unlink(FIFO);
}

/* Starts "run ... HELPER ..."; the helper's pid, when it has said that it is there. */
#define START_RUN(who_, ...) ({							\
	const char *line_;							\
										\
	command_start(&self->cmd, who_, "run", __VA_ARGS__, NULL);		\
	line_ = command_line(&self->cmd);					\
	ASSERT_NE(NULL, (void *)line_) {					\
		command_end(&self->cmd);					\
		TH_LOG("it said: %s", self->cmd.complained);			\
	}									\
	atoi(line_);								\
})

/*
 * A timeout that a program isn't late for by how long it takes to begin, which is
 * where it would be found. The second is for when it keeps alive then.
 */
#define LONG_MS		(2000U * slowness())
#define LONG		milliseconds(LONG_MS)
#define SHORT		"500ms"

static const char *milliseconds(unsigned int ms)
{
	static char text[32];

	snprintf(text, sizeof(text), "%ums", ms);
	return text;
}

/* The next report, of JSON, in self->report. */
#define REPORT() ({								\
	const char *line_ = command_complaint(&self->cmd);			\
										\
	ASSERT_NE(NULL, (void *)line_);						\
	ASSERT_TRUE(json_is_line(line_)) {					\
		TH_LOG("no JSON: %s", line_);					\
	}									\
	strcpy(self->report, line_);						\
	self->report;								\
})

/* The same, of a silence that began when the program had kept alive. */
#define REPORT_AFTER_LIFE() do {						\
	REPORT();								\
} while (json_is_number(json_member(self->report, "keepalives"), 0))

#define EXPECT_ENDS(status_) \
	EXPECT_EQ(status_, command_end(&self->cmd))

/* Ends it through the command, which passes the signal on. */
#define END_RUN() do {								\
	kill(self->cmd.pid, SIGTERM);						\
	EXPECT_ENDS(128 + SIGTERM);						\
} while (0)

/* The frame of that function of thread @tid (0: of any), NULL if there is none. */
static const char *find_frame(const char *line, pid_t tid, const char *function)
{
	const char *frames = json_member(line, "frames");
	const char *frame;
	int i;

	for (i = 0; (frame = json_item(frames, i)); i++)
		if (json_is_string(json_member(frame, "function"), function) &&
		    (!tid || json_is_number(json_member(frame, "tid"), tid)))
			return frame;
	return NULL;
}

#define EXPECT_FRAME(line_, tid_, function_)					\
	EXPECT_NE(NULL, (void *)find_frame(line_, tid_, function_)) {		\
		TH_LOG("no %s in %s", function_, line_);			\
	}

/* An item that says why there is no stack of a thread, NULL if there is none. */
static const char *find_error(const char *line)
{
	const char *frames = json_member(line, "frames");
	const char *frame;
	int i;

	for (i = 0; (frame = json_item(frames, i)); i++)
		if (!json_is_null(json_member(frame, "error")))
			return frame;
	return NULL;
}

/* --- the program ------------------------------------------------------------------ */

TEST_F(run, ends_with_the_status_of_the_program)
{
#define ENDS(status_, ...) do {							\
	EXPECT_EQ(status_, command_run(&self->cmd, NULL, "run", "--watchdog", "1h", \
				       "--pretimeout", "1m", "--kill", __VA_ARGS__)); \
	EXPECT_STREQ("", self->cmd.complained);					\
} while (0)
	ENDS(0, "true");
	ENDS(7, "--", "sh", "-c", "exit 7");
	ENDS(128 + SIGKILL, "sh", "-c", "kill -9 $$");
	ENDS(128 + SIGSEGV, "sh", "-c", "kill -SEGV $$");
}

/* The signals that the command waits for are no business of the program's. */
TEST_F(run, program_begins_with_the_signals_it_should)
{
	signal(SIGHUP, SIG_IGN);
	EXPECT_EQ(0, command_run(&self->cmd, NULL, "run", HELPER, "signals"));
	signal(SIGHUP, SIG_DFL);
}

TEST_F(run, finds_the_program_as_a_shell_does)
{
	FILE *script = fopen("command_run_script", "w");

	ASSERT_NE(NULL, script);
	fputs("exit $1\n", script);
	fclose(script);
	EXPECT_EQ(126, command_run(&self->cmd, NULL, "run", "./command_run_script", "9"));
	EXPECT_SAYS(self->cmd.complained, "Permission denied");
	ASSERT_EQ(0, chmod("command_run_script", 0755));
	EXPECT_EQ(9, command_run(&self->cmd, NULL, "run", "./command_run_script", "9"));
	unlink("command_run_script");
	EXPECT_EQ(127, command_run(&self->cmd, NULL, "run", "no_such_program"));
	EXPECT_SAYS(self->cmd.complained, "no_such_program: No such file");
	EXPECT_EQ(126, command_run(&self->cmd, NULL, "run", "/"));
}

/* --- the watchdog ------------------------------------------------------------------ */

TEST_F(run, says_where_a_program_spins_and_lets_it_go_on)
{
	const char *frame;
	pid_t pid;

	pid = START_RUN(NULL, "--json", "--watchdog", LONG, HELPER, "spin");
	REPORT();
	EXPECT_ROW_STRING("watchdog", self->report, "event");
	EXPECT_ROW_STRING("timeout", self->report, "stage");
	EXPECT_ROW_STRING("spinning", self->report, "cause");
	EXPECT_ROW_NUMBER(pid, self->report, "pid");
	EXPECT_ROW_NUMBER(1000 * LONG_MS, self->report, "timeout_us");
	EXPECT_LE(1000 * LONG_MS, json_number(json_member(self->report, "silent_us")));
	EXPECT_LT(0, json_number(json_member(self->report, "cpu_us")));
	EXPECT_ROW_NUMBER(0, self->report, "keepalives");
	EXPECT_TRUE(json_is_null(json_member(self->report, "syscall")));
	EXPECT_ROW_STRING("resumed", self->report, "action");
	EXPECT_ROW_NUMBER(1, self->report, "held");
	TH_LOG("held for %lld us", json_number(json_member(self->report, "held_us")));
	frame = find_frame(self->report, pid, "spin_here");
	ASSERT_NE(NULL, (void *)frame) {
		TH_LOG("%s", self->report);
	}
	EXPECT_ROW_NUMBER(0, frame, "frame");
	EXPECT_LT(0, json_number(json_member(frame, "line")));
	EXPECT_FRAME(self->report, pid, "main");
	END_RUN();
}

TEST_F(run, says_in_text_what_a_person_wants_to_know)
{
	const char *line;

	START_RUN(NULL, "--watchdog", LONG, HELPER, "spin");
	do {
		line = command_complaint(&self->cmd);
		ASSERT_NE(NULL, (void *)line);
		strcat(self->report, line);
	} while (!strstr(line, "resumed after"));
	EXPECT_SAYS(self->report, "watchdog timeout: command_run_hel");
	EXPECT_SAYS(self->report, "is spinning");
	EXPECT_SAYS(self->report, "(timeout 2");
	EXPECT_SAYS(self->report, "never kept alive");
	EXPECT_SAYS(self->report, "#0  0x");
	EXPECT_SAYS(self->report, " in spin_here+0x");
	EXPECT_SAYS(self->report, "command_run_helper.c:");
	END_RUN();
}

TEST_F(run, says_in_which_system_call_a_program_is_blocked)
{
	int fifo;

	ASSERT_EQ(0, mkfifo(FIFO, 0600));
	START_RUN(NULL, "--json", "--watchdog", SHORT, HELPER, "block", FIFO);
	REPORT_AFTER_LIFE();
	EXPECT_ROW_STRING("blocked", self->report, "cause");
	EXPECT_ROW_STRING("read", self->report, "syscall");
	EXPECT_ROW_NUMBER(SYS_read, self->report, "syscall_number");
	EXPECT_FRAME(self->report, 0, "wait_for_input");
	/* And what it was in goes on. */
	fifo = open(FIFO, O_WRONLY);
	ASSERT_LE(0, fifo);
	ASSERT_EQ(1, write(fifo, "", 1));
	EXPECT_ENDS(0);
	close(fifo);
}

TEST_F(run, has_nothing_to_say_of_a_program_that_keeps_alive)
{
	__u64 timeout = 500 * NS_PER_MS * slowness();
	char ms[32], ns[32];
	int status;

	snprintf(ms, sizeof(ms), "%llums", timeout / NS_PER_MS);
	snprintf(ns, sizeof(ns), "%llu", timeout);
	status = command_run(&self->cmd, NULL, "run", "--watchdog", ms, HELPER, "alive", ns,
			     NUMBER(now_ns()));
	if (status == STATUS_LATE)
		SKIP(return, "on this busy machine it did not keep alive in time");
	EXPECT_EQ(0, status);
	EXPECT_STREQ("", self->cmd.complained);
}

TEST_F(run, tells_one_that_stopped_keeping_alive_from_one_that_never_did)
{
	const char *line;

	START_RUN(NULL, "--watchdog", LONG, HELPER, "stop");
	do {
		line = command_complaint(&self->cmd);
		ASSERT_NE(NULL, (void *)line);
		strcat(self->report, line);
	} while (!strstr(line, "resumed after"));
	EXPECT_SAYS(self->report, "not kept alive for");
	EXPECT_SAYS_NOT(self->report, "never kept alive");
	END_RUN();
}

/* Of a silence, however long: once. Of the next one again. */
TEST_F(run, reports_a_silence_once)
{
	int process;
	__u64 before;

	START_RUN(NULL, "--json", "--watchdog", "200ms", HELPER, "told");
	process = command_take_process(self->cmd.pid);
	ASSERT_LE(0, process);
	REPORT();
	EXPECT_ROW_NUMBER(0, self->report, "keepalives");
	before = process_expiries(process);
	ASSERT_TRUE(eventually(process_expiries(process) >= before + 3));
	EXPECT_FALSE(readable(self->cmd.err));
	EXPECT_STREQ("", self->cmd.complained);
	kill(self->cmd.pid, SIGUSR1);
	REPORT();
	EXPECT_ROW_NUMBER(1, self->report, "keepalives");
	close(process);
	END_RUN();
}

TEST_F(run, reports_before_the_timeout_and_at_it)
{
	START_RUN(NULL, "--json", "--watchdog", "1s", "--pretimeout", "600ms", HELPER, "spin");
	REPORT();
	EXPECT_ROW_STRING("pretimeout", self->report, "stage");
	EXPECT_LE(400000, json_number(json_member(self->report, "silent_us")));
	REPORT();
	EXPECT_ROW_STRING("timeout", self->report, "stage");
	EXPECT_LE(1000000, json_number(json_member(self->report, "silent_us")));
	END_RUN();
}

TEST_F(run, kills_a_program_when_it_is_asked_to)
{
	START_RUN(NULL, "--json", "--watchdog", LONG, "--kill", HELPER, "spin");
	REPORT();
	EXPECT_ROW_STRING("killed", self->report, "action");
	EXPECT_ROW_NUMBER(SIGKILL, self->report, "signal");
	EXPECT_FRAME(self->report, 0, "spin_here");
	EXPECT_ENDS(128 + SIGKILL);
	EXPECT_STREQ("", self->cmd.complained);
	START_RUN(NULL, "--json", "--watchdog", LONG, "--pretimeout", "200ms", "--kill=ABRT",
		  HELPER, "spin");
	REPORT();
	EXPECT_ROW_STRING("pretimeout", self->report, "stage");
	EXPECT_ROW_STRING("resumed", self->report, "action");
	REPORT();
	EXPECT_ROW_NUMBER(SIGABRT, self->report, "signal");
	EXPECT_ENDS(128 + SIGABRT);
}

/* On the program's CPU, where it leaves nothing to who is as nice as can be. */
static void hog(struct child_page *page)
{
	pin_to_cpu(1);
	setpriority(PRIO_PROCESS, 0, -20);
	child_spin(page);
}

TEST_F(run, does_not_kill_a_program_that_gets_no_cpu)
{
	pid_t pid;

	ASSERT_EQ(0, pin_to_cpu(0));
	pid = START_RUN(NULL, "--json", "--watchdog", LONG, "--kill", HELPER, "starve");
	self->child = child_new(hog, -1, -1);
	ASSERT_TRUE(child_reaches(&self->child, 1));
	REPORT_AFTER_LIFE();
	EXPECT_ROW_STRING("starved", self->report, "cause");
	EXPECT_ROW_STRING("resumed", self->report, "action");
	EXPECT_EQ(0, kill(pid, 0));
	child_kill(&self->child);
	kill(pid, SIGTERM);
	command_end(&self->cmd);
}

/* The program agreed to it: that takes no privilege. */
TEST_F(run, walks_all_threads_for_everybody)
{
	struct who alice = plain_user(ALICE);
	const struct who *const who[] = { NULL, &alice };
	size_t i;
	pid_t pid;

	for (i = 0; i < ARRAY_SIZE(who); i++) {
		pid = START_RUN(who[i], "--json", "--watchdog", LONG, HELPER, "threads");
		REPORT();
		EXPECT_ROW_NUMBER(2, self->report, "threads");
		EXPECT_ROW_NUMBER(2, self->report, "held");
		EXPECT_FRAME(self->report, pid, "spin_here");
		EXPECT_FRAME(self->report, 0, "pause_here");
		EXPECT_EQ(NULL, (void *)find_error(self->report));
		END_RUN();
	}
}

/* Its main thread sleeps: that alone would be blocked, and use no CPU. */
TEST_F(run, says_what_the_process_does_and_not_its_main_thread)
{
	const char *frame;
	pid_t pid;

	pid = START_RUN(NULL, "--json", "--watchdog", LONG, HELPER, "other");
	REPORT();
	EXPECT_ROW_STRING("spinning", self->report, "cause");
	EXPECT_LT(0, json_number(json_member(self->report, "cpu_us")));
	EXPECT_FRAME(self->report, pid, "pause_here");
	frame = find_frame(self->report, 0, "spin_here");
	ASSERT_NE(NULL, (void *)frame);
	EXPECT_NE(pid, json_number(json_member(frame, "tid")));
	END_RUN();
}

/* The other messages come as ever. */
TEST_F(run, supervises_a_program_with_a_watchdog)
{
	const char *row, *rows;
	int process, proxy, i;

	START_RUN(NULL, "--json", "--watchdog", "1h", "--pretimeout", "1m", HELPER, "spin");
	process = command_take_process(self->cmd.pid);
	proxy = process_mint(process, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, proxy);
	EXPECT_EQ(0, entry_call_until(proxy, 42, deadline_ms(PATIENCE_MS)));
	REPORT();
	EXPECT_ROW_STRING("call", self->report, "kind");

	ASSERT_EQ(0, command_run(&self->second, NULL, "ps", "--json"));
	rows = json_member(self->second.said, "objects");
	for (i = 0; (row = json_item(rows, i)); i++)
		if (json_is_number(json_member(row, "watchdog_us"), 3600000000))
			break;
	ASSERT_NE(NULL, (void *)row);
	EXPECT_TRUE(json_is_null(json_member(row, "tid")));
	EXPECT_ROW_NUMBER(1, row, "threads");
	EXPECT_ROW_NUMBER(60000000, row, "pretimeout_us");
	EXPECT_LE(0, json_number(json_member(row, "silent_us")));
	EXPECT_ROW_NUMBER(0, row, "expiries");
	ASSERT_EQ(0, command_run(&self->second, NULL, "ps"));
	EXPECT_SAYS(self->second.said, "3600 s, silent ");
	close(proxy);
	close(process);
	END_RUN();
}

/* --- backtrace ---------------------------------------------------------------------- */

/* The program of several threads that backtrace_test has, asleep and spinning. */
static bool start_threads(struct started *started)
{
	/* Its main thread is to sleep: the end of a file would wake it again and again. */
	if (mkfifo(FIFO, 0600))
		return false;
	command_start(started, NULL, "run", "sh", "-c", "exec ./backtrace_helper <>" FIFO, NULL);
	return command_line(started);
}

#define START_THREADS() ({							\
	pid_t pid_;								\
										\
	ASSERT_TRUE(start_threads(&self->second));				\
	pid_ = child_of(self->second.pid);					\
	ASSERT_LT(0, pid_);							\
	pid_;									\
})

/* The first child of @pid. */
static pid_t child_of(pid_t pid)
{
	char path[64], text[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file_read(path, text, sizeof(text));
	return atoi(text);
}

TEST_F(run, backtrace_names_the_functions_of_all_threads)
{
	static const char functions[][20] = {
		"tell_and_wait", "spin_here", "spin_outer", "sleep_by_hand", "wait_in_library",
		"get_signal", "main",
	};
	const char *frame;
	size_t i;
	pid_t pid;

	pid = START_THREADS();
	ASSERT_EQ(0, command_run(&self->cmd, NULL, "backtrace", "--json", NUMBER(pid)));
	ASSERT_TRUE(json_is_line(self->cmd.said));
	EXPECT_ROW_NUMBER(pid, self->cmd.said, "pid");
	EXPECT_ROW_NUMBER(5, self->cmd.said, "threads");
	EXPECT_ROW_NUMBER(5, self->cmd.said, "held");
	EXPECT_LT(0, json_number(json_member(self->cmd.said, "held_us")));
	for (i = 0; i < ARRAY_SIZE(functions); i++)
		EXPECT_FRAME(self->cmd.said, 0, functions[i]);
	frame = find_frame(self->cmd.said, 0, "spin_inlined");
	ASSERT_NE(NULL, (void *)frame);
	EXPECT_LT(0, json_number(json_member(frame, "line")));
	EXPECT_EQ('t', *json_member(frame, "inlined"));
	EXPECT_FRAME(self->cmd.said, pid, "main");
	EXPECT_STREQ("", self->cmd.complained);
	TH_LOG("held for %lld us", json_number(json_member(self->cmd.said, "held_us")));

	ASSERT_EQ(0, command_run(&self->cmd, NULL, "backtrace", NUMBER(pid)));
	EXPECT_SAYS(self->cmd.said, " in sleep_by_hand+0x");
	EXPECT_SAYS(self->cmd.said, "backtrace_helper.c:");
	EXPECT_SAYS(self->cmd.said, "spin_inlined (inlined)");
	EXPECT_SAYS(self->cmd.said, "5 of 5 threads held, for ");
}

TEST_F(run, backtrace_of_one_thread_is_of_that_one)
{
	char both[32];
	pid_t pid;

	pid = START_THREADS();
	ASSERT_EQ(0, command_run(&self->cmd, NULL, "--json", "backtrace", "--thread", NUMBER(pid),
				 NUMBER(pid)));
	EXPECT_ROW_NUMBER(1, self->cmd.said, "threads");
	EXPECT_FRAME(self->cmd.said, pid, "tell_and_wait");
	EXPECT_EQ(NULL, (void *)find_frame(self->cmd.said, 0, "sleep_by_hand"));
	snprintf(both, sizeof(both), "%d/%d", pid, pid);
	ASSERT_EQ(0, command_run(&self->cmd, NULL, "backtrace", both));
	EXPECT_SAYS(self->cmd.said, "1 of 1 threads held");
}

TEST_F(run, backtrace_says_why_it_can_not)
{
	struct who alice = plain_user(ALICE);

#define CAN_NOT(who_, why_, ...) do {						\
	EXPECT_EQ(1, command_run(&self->cmd, who_, "backtrace", __VA_ARGS__));	\
	EXPECT_STREQ("", self->cmd.said);					\
	EXPECT_SAYS(self->cmd.complained, why_);				\
} while (0)

	self->child = child_new(child_spin, -1, -1);
	ASSERT_LT(0, self->child.pid);
	CAN_NOT(NULL, "there is no process 2147483647", "2147483647");
	CAN_NOT(NULL, "is no thread of process", "--thread", "1", NUMBER(self->child.pid));
	/* A kernel thread, kthreadd. */
	CAN_NOT(NULL, "no stack of 2", "2");
	CAN_NOT(&alice, "run as root", NUMBER(self->child.pid));
	CAN_NOT(&alice, "run as root", "--json", NUMBER(self->child.pid));
	EXPECT_TRUE(counts(&self->child.page->counter[0]));
}

#define MANY	60

static void *sleep_forever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

/* A body: so many threads that to hold and to walk them takes a while. */
static void count_among_many(struct child_page *page)
{
	pthread_t thread;
	int i;

	for (i = 0; i < MANY; i++)
		if (pthread_create(&thread, NULL, sleep_forever, NULL))
			return;
	page->phase = 1;
	child_spin(page);
}

/*
 * Stops the command while it holds @process's target, not before @since; false if it
 * was too late.
 */
static bool stop_amid(struct started *cmd, int process, __u64 *since)
{
	siginfo_t info = { .si_pid = 0 };
	__u64 now;

	for (;;) {
		now = now_ns();
		if (process_holds(process))
			break;
		*since = now;
		if (waitid(P_PID, cmd->pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid)
			return false;
	}
	kill(cmd->pid, SIGSTOP);
	return eventually(proc_state(cmd->pid) == 'T') && process_holds(process);
}

/* By its end, that is, and not by the lease of 10 s. */
TEST_F(run, backtrace_leaves_nothing_held_when_it_is_killed)
{
	bool held, in_time = false;
	int process, tries, amid = 0;
	__u64 since;

	self->child = child_new(count_among_many, -1, -1);
	ASSERT_TRUE(child_reaches(&self->child, 1));
	process = child_open(&self->child);
	ASSERT_LE(0, process);
	for (tries = 0; tries < 50 && amid < 5 && !in_time; tries++) {
		since = now_ns();
		command_start(&self->cmd, NULL, "backtrace", NUMBER(self->child.pid), NULL);
		held = stop_amid(&self->cmd, process, &since);
		amid += held;
		if (held)
			EXPECT_TRUE(stands_still(&self->child.page->counter[0]));
		command_kill(&self->cmd);
		EXPECT_TRUE(wait_for_holds(process, 0));
		in_time = held && now_ns() < since + 10 * NS_PER_S;
		EXPECT_TRUE(counts(&self->child.page->counter[0]));
	}
	TH_LOG("stopped amid a backtrace %d times of %d", amid, tries);
	EXPECT_LT(0, amid);
	EXPECT_TRUE(in_time);
	close(process);
}

TEST_HARNESS_MAIN
