// SPDX-License-Identifier: GPL-2.0
/*
 * examples/watchdogd from start to end: its configuration, how it starts, adopts and ends
 * services, and what it has to do with the machine and with its own service manager.
 */
#include "proxyipc_test.h"
#include "watchdogd/stage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

FIXTURE(watchdogd_life) {
	struct daemon daemon;
	pid_t other;
};

FIXTURE_SETUP(watchdogd_life)
{
	self->other = 0;
	ASSERT_EQ(0, daemon_new(&self->daemon));
}

/* In the parent, which is there though the test ended at an assertion. */
FIXTURE_TEARDOWN_PARENT(watchdogd_life)
{
	end_process(&self->other);
	daemon_clean(&self->daemon);
}

/* How many descriptors it has open, -1 if that can't be known. */
static int fds_of(pid_t pid)
{
	struct dirent *entry;
	char path[40];
	DIR *folder;
	int fds = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	folder = opendir(path);
	if (!folder)
		return -1;
	while ((entry = readdir(folder)))
		fds += *entry->d_name != '.';
	closedir(folder);
	return fds;
}

/* How many of its children have ended, and nobody has waited for them. */
static int zombies_of(pid_t pid)
{
	char path[64], text[4096] = "", *at, *next;
	int zombies = 0;
	FILE *file;
	long child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (!fgets(text, sizeof(text), file))
		*text = '\0';
	fclose(file);
	for (at = text; (child = strtol(at, &next, 10)) > 0; at = next)
		zombies += proc_state(child) == 'Z';
	return zombies;
}

/* --- configuration ------------------------------------------------------------------- */

TEST_F(watchdogd_life, check_names_line_and_remedy)
{
	/* The first line is the folder's, so everything is one line further down. */
#define LIVE(settings)	"service a {\n" HELPER("live") settings "}\n"
	static const struct {
		const char *config, *complaint;
	} wrong[] = {
		{ LIVE("timeout = 3\n"), "conf:4: timeout = 3: a time is wanted" },
		{ LIVE("timeout = -1s\n"), "conf:4: timeout = -1s: a time" },
		{ LIVE("timeout = 999999999999999999999s\n"), "conf:4: timeout" },
		{ LIVE("colour = blue\n"), "conf:4: no such option 'colour'" },
		{ LIVE("on_timeout = reboot\n"),
		  "conf:4: on_timeout = reboot: it can be report, restart or kill" },
		{ LIVE("faults = {SIGKILL}\n"), "conf:4: faults = SIGKILL: it can be SIGSEGV" },
		{ LIVE("pretimeout = 30s\n"), "conf:5: service a, which ends here: pretimeout" },
		{ LIVE("probe = {\"true\"}\nprobe_interval = 1h\n"),
		  "probe_interval must be less" },
		{ LIVE("alive = probe\n"), "needs a probe" },
		{ LIVE("user = nosuchuser\n"), "there is no such user" },
		{ LIVE("backoff = 1ms\n"), "backoff must be 100ms at least" },
		{ LIVE() LIVE(), "duplicate title 'a'" },
		{ "service a {\ncommand = {\"true\"}\n}\n", "give the program's full path" },
		{ "service a {\ncommand = {\"/nonexistent\"}\n}\n", "/nonexistent: No such file" },
		{ "service a {\ncommand = {\"/tmp\"}\n}\n", "/tmp: is not a program" },
		{ "service a {\n}\n", "give it a command" },
		{ "service a {\nadopt = \"/x\"\n}\n", "who is adopted needs a probe" },
		{ "service \"../a\" {\n" HELPER("live") "}\n", "name it by up to 63 letters" },
		{ "service a {\n" HELPER("live"), "conf:2: this { isn't closed" },
		{ "log = xml\n", "conf:2: log = xml: it can be text or json" },
		{ "", "conf: there is nothing to watch" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		ASSERT_EQ(0, daemon_configure(&self->daemon, wrong[i].config));
		EXPECT_EQ(1, daemon_check(&self->daemon));
		EXPECT_HAS(self->daemon.text, wrong[i].complaint);
	}
	ASSERT_EQ(0, daemon_configure(&self->daemon, "service a {\n" HELPER("live") "}\n"));
	EXPECT_EQ(0, daemon_check(&self->daemon));
	EXPECT_STREQ("", self->daemon.text);
}

TEST_F(watchdogd_life, broken_file_leaves_the_old_configuration)
{
	pid_t pid;
	const char *line;

	START("service a {\n" HELPER("live") QUICK "}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	ASSERT_EQ(0, daemon_configure(&self->daemon,
				      "service a {\n" HELPER("live") "timeout = x\n}\n"));
	kill(self->daemon.pid, SIGHUP);
	EXPECT_HAS(EVENT("config", NULL), "conf:4: timeout = x");
	EVENT("reload_failed", NULL);
	/* As it was told at first. */
	kill(pid, SIGUSR2);
	line = EVENT("stall", "a");
	EXPECT_EQ(pid, event_number_of(line, "pid"));
	EXPECT_LE(700, event_number_of(line, "silent_ms"));
	EXPECT_GT(30000, event_number_of(line, "silent_ms"));
}

TEST_F(watchdogd_life, reload_adds_removes_and_changes)
{
	pid_t a, b;

	START("service a {\n" HELPER("live") "timeout = 1h\n}\n"
	      "service b {\n" HELPER("live") "timeout = 1h\n}\n");
	/* In which order is nobody's business. */
	EVENT("ready", NULL);
	EVENT("ready", NULL);
	a = event_number_of(daemon_said(&self->daemon, "ready", "a"), "pid");
	b = event_number_of(daemon_said(&self->daemon, "ready", "b"), "pid");
	ASSERT_EQ(0, daemon_configure(&self->daemon,
				      "service a {\n" HELPER("live") "timeout = 1s\n}\n"
				      "service c {\n" HELPER("live") "}\n"));
	kill(self->daemon.pid, SIGHUP);
	EVENT("ready", "c");
	EXPECT_TRUE(eventually(!runs(b)));
	EXPECT_TRUE(runs(a));
	/* Its timeout is another now. */
	kill(a, SIGUSR1);
	EXPECT_EQ(a, event_number_of(EVENT("stall", "a"), "pid"));
}

/* Each has its own times, and what is done. */
TEST_F(watchdogd_life, policy_is_that_of_each_service)
{
	pid_t a, b, c;

	START("service a {\n" HELPER("live") QUICK "}\n"
	      "service b {\n" HELPER("live") "timeout = 1s\non_timeout = kill\n}\n"
	      "service c {\n" HELPER("live") "timeout = 1h\non_timeout = kill\n}\n");
	for (int i = 0; i < 3; i++)
		EVENT("ready", NULL);
	a = event_number_of(daemon_said(&self->daemon, "ready", "a"), "pid");
	b = event_number_of(daemon_said(&self->daemon, "ready", "b"), "pid");
	c = event_number_of(daemon_said(&self->daemon, "ready", "c"), "pid");
	kill(a, SIGUSR2);
	kill(b, SIGUSR2);
	kill(c, SIGUSR2);
	self->daemon.at = 0;
	EXPECT_VALUE(EVENT("ended", "b"), "killed", "blocked");
	self->daemon.at = 0;
	STALL("a", "pretimeout");
	EXPECT_VALUE(STALL("a", "timeout"), "action", "resume");
	EXPECT_TRUE(runs(a));
	EXPECT_FALSE(runs(b));
	EXPECT_TRUE(runs(c));
	EXPECT_NOT_SAID("stall", "c");
	EXPECT_NOT_SAID("ended", "a");
}

/* --- from start to end --------------------------------------------------------------- */

TEST_F(watchdogd_life, ends_with_its_services)
{
	pid_t a, b;

	START("service a {\n" HELPER("live") "}\n"
	      "service b {\n" HELPER("deaf") "stop_timeout = 500ms\n}\n");
	EVENT("ready", NULL);
	EVENT("ready", NULL);
	a = event_number_of(daemon_said(&self->daemon, "ready", "a"), "pid");
	b = event_number_of(daemon_said(&self->daemon, "ready", "b"), "pid");
	EXPECT_EQ(0, daemon_end(&self->daemon));
	EXPECT_FALSE(runs(a));
	EXPECT_FALSE(runs(b));
	/* One ended when told to, the other didn't. */
	EXPECT_VALUE(daemon_said(&self->daemon, "ended", "a"), "killed", "");
	EXPECT_VALUE(daemon_said(&self->daemon, "ended", "b"), "killed", "it took too long to end");
}

TEST_F(watchdogd_life, services_outlive_a_daemon_that_is_killed)
{
	pid_t pid;

	START("service a {\n" HELPER("live") QUICK "}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	kill(self->daemon.pid, SIGKILL);
	ASSERT_EQ(self->daemon.pid, waitpid(self->daemon.pid, NULL, 0));
	self->daemon.pid = 0;
	sleep_ms(1500);
	EXPECT_TRUE(runs(pid));
	EXPECT_EQ('S', proc_state(pid));
}

TEST_F(watchdogd_life, restart_follows_the_way_it_ended)
{
	START("service a {\n" HELPER("exit", "0") "restart = failure\n}\n"
	      "service b {\n" HELPER("exit", "1") "restart = failure\nbackoff = 100ms\n}\n"
	      "service c {\n" HELPER("exit", "1") "restart = never\n}\n");
	EVENT("backoff", "b");
	EVENT("ended", "b");
	EXPECT_TRUE(eventually(daemon_said(&self->daemon, "ended", "a")));
	EXPECT_TRUE(eventually(daemon_said(&self->daemon, "ended", "c")));
	EXPECT_NOT_SAID("backoff", "a");
	EXPECT_NOT_SAID("backoff", "c");
}

/* Its output, its own process object, and what it opened itself: NOTIFY_SOCKET. */
TEST_F(watchdogd_life, service_inherits_nothing_of_the_daemon)
{
	pid_t pid;

	START("service b {\n" HELPER("live") "}\nservice a {\n" HELPER("live") "}\n");
	pid = event_number_of(EVENT("ready", "a"), "pid");
	EXPECT_EQ(5, fds_of(pid));
}

/* What nobody needs any more is gone, also from the table of processes. */
TEST_F(watchdogd_life, many_reloads_leave_nothing_behind)
{
	static const char config[] =
		"service a {\n" HELPER("live") "timeout = 1h\n}\n"
		"service b {\n" HELPER("live") "probe = {\"sleep\", \"100\"}\n"
		"probe_interval = 10ms\nprobe_timeout = 1min\n}\n";
	int before, i;

	START(config);
	EVENT("ready", "a");
	daemon_listen(&self->daemon, 500);
	before = fds_of(self->daemon.pid);
	EXPECT_LT(0, before);
	for (i = 0; i < 10; i++) {
		kill(self->daemon.pid, SIGHUP);
		EVENT("reloaded", NULL);
		daemon_listen(&self->daemon, 100);
	}
	EXPECT_TRUE(eventually(fds_of(self->daemon.pid) == before));
	EXPECT_TRUE(eventually(!zombies_of(self->daemon.pid)));
	EXPECT_EQ(0, daemon_end(&self->daemon));
}

TEST_F(watchdogd_life, without_the_module_it_says_what_to_do)
{
	self->daemon.no_device = true;
	START("service a {\n" HELPER("live") "}\n");
	EXPECT_HAS(EVENT("error", NULL), "/dev/proxyipc: module not loaded: modprobe proxyipc");
	EXPECT_EQ(1, daemon_end(&self->daemon));
	EXPECT_NOT_SAID("started", NULL);
}

TEST_F(watchdogd_life, what_keeps_it_from_starting_is_said)
{
	START("service a {\n" HELPER("live") "directory = \"/nonexistent\"\n}\n"
	      "service b {\n" HELPER("live") "}\n");
	EXPECT_HAS(EVENT("error", "a"), "/nonexistent: No such file or directory");
	EVENT("backoff", "a");
	/* The others have nothing to do with it. */
	EXPECT_TRUE(eventually(daemon_said(&self->daemon, "ready", "b")));
}

static void write_pid(const struct daemon *daemon, pid_t pid, mode_t mode)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/pid", daemon->folder);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	dprintf(fd, "%d\n", pid);
	fchmod(fd, mode);
	close(fd);
}

/* A service that the daemon hasn't started. */
static pid_t start_stranger(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl("./watchdogd_helper", "watchdogd_helper", "live", NULL);
	_exit(127);
}

TEST_F(watchdogd_life, adopts_by_pid_file_and_lets_go)
{
	const char *line;

	self->other = start_stranger();
	write_pid(&self->daemon, self->other, 0622);
	START("service a {\nadopt = \"FOLDER/pid\"\nprobe = {\"false\"}\nprobe_interval = 300ms\n"
	      "start_timeout = 1s\ntimeout = 1s\nbackoff = 100ms\nbackoff_max = 100ms\n}\n");
	EXPECT_HAS(EVENT("error", "a"), "others may write to it");
	write_pid(&self->daemon, self->other, 0644);
	EXPECT_EQ(self->other, event_number_of(EVENT("adopted", "a"), "pid"));
	line = EVENT("stall", "a");
	EXPECT_VALUE(line, "cause", "blocked");
	EXPECT_HAS(daemon_stacks(&self->daemon, event_number_of(line, "id")), "live");
	EXPECT_EQ(0, daemon_end(&self->daemon));
	EXPECT_NE(NULL, (void *)daemon_said(&self->daemon, "released", "a"));
	EXPECT_TRUE(runs(self->other));
}

/* What systemd would be told. */
static const char *next_message(int fd)
{
	static char text[64];
	ssize_t len = recv(fd, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	return text;
}

TEST_F(watchdogd_life, tells_its_own_manager)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = DAEMON_PATIENCE_MS / 1000 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), i;
	const char *text;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/manager", self->daemon.folder);
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&address, sizeof(address)));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	setenv("WATCHDOG_USEC", "200000", 1);
	START("service a {\n" HELPER("environment") "timeout = 2s\n}\n");
	do {
		text = next_message(fd);
	} while (!strcmp(text, "WATCHDOG=1"));
	EXPECT_STREQ("READY=1", text);
	for (i = 0; i < 3; i++)
		EXPECT_STREQ("WATCHDOG=1", next_message(fd));
	/* The service has got its own. */
	EXPECT_HAS(event_value(EVENT("status", "a"), "status"), "usec 2000000");
	kill(self->daemon.pid, SIGHUP);
	do {
		text = next_message(fd);
	} while (!strcmp(text, "WATCHDOG=1"));
	EXPECT_STREQ("RELOADING=1", text);
	EXPECT_STREQ("READY=1", next_message(fd));
	kill(self->daemon.pid, SIGTERM);
	do {
		text = next_message(fd);
	} while (!strcmp(text, "WATCHDOG=1"));
	EXPECT_STREQ("STOPPING=1", text);
	EXPECT_EQ(0, daemon_end(&self->daemon));
}

static bool hardware_is(const char *state)
{
	char text[32] = "";
	int fd = open("/sys/class/watchdog/watchdog0/state", O_RDONLY | O_CLOEXEC);

	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return !strncmp(text, state, strlen(state));
}

/* Who doesn't feed it doesn't see the end of this. */
TEST_F(watchdogd_life, feeds_the_hardware_watchdog)
{
	if (access("/dev/watchdog", F_OK))
		SKIP(return, "this machine has none");
	START("hardware = \"/dev/watchdog\"\nhardware_timeout = 15s\n"
	      "service a {\n" HELPER("live") "}\n");
	EXPECT_HAS(EVENT("hardware", NULL), "15 s");
	EXPECT_TRUE(hardware_is("active"));
	daemon_listen(&self->daemon, 18000);
	EXPECT_TRUE(hardware_is("active"));
	EXPECT_EQ(0, daemon_end(&self->daemon));
	EXPECT_TRUE(hardware_is("inactive"));
	EXPECT_NOT_SAID("error", NULL);
}

TEST_HARNESS_MAIN
