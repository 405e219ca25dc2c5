// SPDX-License-Identifier: GPL-2.0
/*
 * examples/watchdogd with programs that many people run and that know nothing of it:
 * Debian's redis-server, nginx and Python. Made to hang in the ways in which they do.
 */
#include "proxyipc_test.h"
#include "watchdogd/stage.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define REDIS_PORT	6379
#define HTTP_PORT	8080
#define CLIENTS		4

/*
 * An emulated machine takes its time to run redis-cli; so the timeouts are longer than
 * a person's would be.
 */
#define REDIS(settings_)							\
	"service redis {\n"							\
	"command = {\"/usr/bin/redis-server\", \"--port\", \"6379\", \"--save\", \"\",\n"	\
	"  \"--enable-debug-command\", \"yes\", \"--dir\", \"FOLDER\",\n"		\
	"  \"--logfile\", \"FOLDER/redis.log\"}\n"				\
	"probe = {\"/usr/bin/redis-cli\", \"-e\", \"ping\"}\nprobe_interval = ~500ms\n"	\
	"probe_timeout = ~10s\nstart_timeout = ~90s\n"				\
	"user = user\n"								\
	settings_								\
	"}\n"

FIXTURE(programs) {
	struct daemon daemon;
	pid_t client;
};

FIXTURE_SETUP(programs)
{
	self->client = 0;
	ASSERT_EQ(0, daemon_new(&self->daemon));
	ASSERT_EQ(0, chmod(self->daemon.folder, 0777));
}

/* In the parent, which is there though the test ended at an assertion. */
FIXTURE_TEARDOWN_PARENT(programs)
{
	end_process(&self->client);
	daemon_clean(&self->daemon);
}

/* --- a client ---------------------------------------------------------------------------- */

static int connect_to(int port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

/* A request and the first bytes of its answer, on a connection of its own. */
static bool ask(int port, const char *request, char *answer, size_t size)
{
	int fd = connect_to(port);
	ssize_t got = -1;

	if (fd >= 0 && send(fd, request, strlen(request), MSG_NOSIGNAL) > 0)
		got = recv(fd, answer, size - 1, 0);
	if (fd >= 0)
		close(fd);
	answer[got > 0 ? got : 0] = '\0';
	return got > 0;
}

static bool redis_answers(void)
{
	char answer[16];

	return ask(REDIS_PORT, "PING\r\n", answer, sizeof(answer)) && !strcmp(answer, "+PONG\r\n");
}

/* Somebody else sends it, and waits for the answer for as long as it takes. */
static pid_t send_and_wait(int port, const char *request)
{
	pid_t pid = fork();
	char answer[64];

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(!ask(port, request, answer, sizeof(answer)));
}

/* --- redis ------------------------------------------------------------------------------- */

/* Held as short as it was: for who reads the results. */
static void print_held(const char *what, const char *line)
{
	printf("# %s: held for %lld us, found silent for %lld ms\n", what,
	       event_number_of(line, "held_us"), event_number_of(line, "silent_ms"));
	fflush(stdout);
}

/*
 * Of all stalls that were said, the shortest: what takes too long by itself takes that
 * long each time, and what the machine had to do meanwhile is not the daemon's business.
 */
static long long shortest_held(const struct daemon *daemon)
{
	const char *at = daemon->text;
	long long held, best = -1;

	while ((at = strstr(at, "event=stall "))) {
		held = event_number_of(at, "held_us");
		if (best < 0 || held < best)
			best = held;
		at++;
	}
	return best;
}

TEST_F(programs, redis_that_sleeps_is_found_blocked_and_goes_on)
{
	const char *line, *stacks;
	char request[32];
	pid_t pid;

	START(REDIS("timeout = ~6s\npretimeout = ~3s\n"));
	pid = event_number_of(EVENT("ready", "redis"), "pid");
	ASSERT_TRUE(eventually(redis_answers()));
	snprintf(request, sizeof(request), "DEBUG SLEEP %u\r\n", 14 * slowness());
	self->client = send_and_wait(REDIS_PORT, request);
	line = STALL_SHOWN("redis", "pretimeout", &stacks);
	print_held("redis asleep", line);
	EXPECT_VALUE(line, "cause", "blocked");
	EXPECT_VALUE(line, "syscall", "clock_nanosleep");
	EXPECT_VALUE(line, "action", "resume");
	EXPECT_EQ(pid, event_number_of(line, "pid"));
	EXPECT_HAS(stacks, "clock_nanosleep");
	EXPECT_HAS(stacks, "debugCommand");
	EXPECT_HAS(stacks, "processCommand");
	/* Its other threads too. */
	EXPECT_HAS(stacks, "\"bio_");
	STALL("redis", "timeout");
	EVENT("recovered", "redis");
	EXPECT_LT(0, shortest_held(&self->daemon));
	EXPECT_GT(HELD_MAX_US, shortest_held(&self->daemon));
	EXPECT_TRUE(eventually(redis_answers()));
	EXPECT_TRUE(runs(pid));
	EXPECT_NOT_SAID("ended", "redis");
}

TEST_F(programs, redis_that_loops_is_found_spinning_and_restarted)
{
	const char *line, *stacks;
	pid_t pid;

	START(REDIS("timeout = ~5s\npretimeout = ~2s\non_timeout = restart\nbackoff = 100ms\n"));
	pid = event_number_of(EVENT("ready", "redis"), "pid");
	ASSERT_TRUE(eventually(redis_answers()));
	self->client = send_and_wait(REDIS_PORT, "EVAL \"while true do end\" 0\r\n");
	line = STALL_SHOWN("redis", "pretimeout", &stacks);
	print_held("redis in a loop", line);
	EXPECT_VALUE(line, "cause", "spinning");
	EXPECT_VALUE(line, "action", "resume");
	EXPECT_HAS(stacks, "lua_pcall");
	EXPECT_HAS(stacks, "evalGenericCommand");
	line = STALL("redis", "timeout");
	EXPECT_VALUE(line, "action", "restart");
	EXPECT_EQ(pid, event_number_of(EVENT("ended", "redis"), "pid"));
	line = EVENT("ready", "redis");
	EXPECT_NE(pid, event_number_of(line, "pid"));
	EXPECT_TRUE(eventually(redis_answers()));
	EXPECT_FALSE(runs(pid));
}

/* --- load ---------------------------------------------------------------------------------- */

/**
 * struct load - clients that ask all the time
 * @port: whom
 * @request: what
 * @expected: how an answer begins
 * @stop: they should end
 * @answered: how often they were answered so
 * @failed: how often not
 * @threads: the clients
 */
struct load {
	int port;
	const char *request, *expected;
	atomic_int stop;
	atomic_long answered, failed;
	pthread_t threads[CLIENTS];
};

static void *client(void *arg)
{
	struct load *load = arg;
	char answer[512];

	while (!load->stop)
		if (ask(load->port, load->request, answer, sizeof(answer)) &&
		    !strncmp(answer, load->expected, strlen(load->expected)))
			load->answered++;
		else
			load->failed++;
	return NULL;
}

static void load_begin(struct load *load)
{
	for (int i = 0; i < CLIENTS; i++)
		pthread_create(&load->threads[i], NULL, client, load);
}

static void load_end(struct load *load)
{
	load->stop = 1;
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(load->threads[i], NULL);
}

static int write_nginx_conf(const char *folder)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/nginx.conf", folder);
	file = fopen(path, "we");
	if (!file)
		return -errno;
	fprintf(file, "daemon off;\nuser user;\nworker_processes 1;\npid %s/nginx.pid;\n"
		"error_log %s/nginx.log;\nevents {}\nhttp {\n"
		"access_log off;\nclient_body_temp_path %s/a;\nproxy_temp_path %s/b;\n"
		"fastcgi_temp_path %s/c;\nuwsgi_temp_path %s/d;\nscgi_temp_path %s/e;\n"
		"server { listen 127.0.0.1:%d; location / { return 200 hello; } }\n}\n", folder,
		folder, folder, folder, folder, folder, folder, HTTP_PORT);
	return fclose(file) ? -errno : 0;
}

/*
 * Nothing is wrong with them, but the machine has more to do than it can. Timeouts are
 * those that a person would choose for such programs.
 */
TEST_F(programs, nginx_and_redis_under_load_give_no_false_alarm)
{
	struct load http = {
		.port = HTTP_PORT,
		.request = "GET / HTTP/1.0\r\n\r\n",
		.expected = "HTTP/1.1 200",
	};
	struct load redis = {
		.port = REDIS_PORT,
		.request = "INCR counter\r\n",
		.expected = ":",
	};
	pid_t pids[2];

	ASSERT_EQ(0, write_nginx_conf(self->daemon.folder));
	START(REDIS("timeout = ~30s\npretimeout = ~15s\non_timeout = restart\n")
	      "service nginx {\n"
	      "command = {\"/usr/bin/nginx\", \"-p\", \"FOLDER\", \"-c\",\n"
	      "  \"FOLDER/nginx.conf\", \"-e\", \"FOLDER/nginx.log\"}\n"
	      "probe = {\"/test/programs/watchdogd_helper\", \"http\", \"8080\"}\n"
	      "probe_interval = ~500ms\ntimeout = ~30s\npretimeout = ~15s\non_timeout = restart\n}\n");
	EVENT("ready", NULL);
	EVENT("ready", NULL);
	pids[0] = event_number_of(daemon_said(&self->daemon, "ready", "redis"), "pid");
	pids[1] = event_number_of(daemon_said(&self->daemon, "ready", "nginx"), "pid");
	load_begin(&http);
	load_begin(&redis);
	daemon_listen(&self->daemon, repeat(60) * 1000);
	load_end(&http);
	load_end(&redis);
	printf("# in %ld s: nginx answered %ld requests, redis %ld\n", repeat(60), http.answered,
	       redis.answered);
	EXPECT_LT(0, http.answered);
	EXPECT_LT(0, redis.answered);
	EXPECT_EQ(0, http.failed);
	EXPECT_EQ(0, redis.failed);
	EXPECT_NOT_SAID("stall", NULL);
	EXPECT_NOT_SAID("ended", NULL);
	EXPECT_TRUE(runs(pids[0]));
	EXPECT_TRUE(runs(pids[1]));
}

/* --- Python ---------------------------------------------------------------------------------- */

/* A program as people write it for systemd's watchdog; and one day it has a bug. */
static int write_python(const char *folder)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s/worker.py", folder);
	file = fopen(path, "we");
	if (!file)
		return -errno;
	fputs("import os, _socket, time\n"
	      "manager = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)\n"
	      "manager.connect(os.environ['NOTIFY_SOCKET'])\n"
	      "manager.send(b'READY=1')\n"
	      "for i in range(20):\n"
	      "    manager.send(b'WATCHDOG=1')\n"
	      "    time.sleep(0.1)\n"
	      "while True:\n"
	      "    i = i + 1\n", file);
	return fclose(file) ? -errno : 0;
}

TEST_F(programs, python_in_an_endless_loop_is_found_and_restarted)
{
	const char *line, *stacks;
	pid_t pid;

	ASSERT_EQ(0, write_python(self->daemon.folder));
	START("service worker {\n"
	      "command = {\"/usr/bin/python3.11\", \"-S\", \"FOLDER/worker.py\"}\n"
	      "timeout = ~4s\npretimeout = ~2s\non_timeout = restart\nbackoff = 100ms\n}\n");
	pid = event_number_of(EVENT("ready", "worker"), "pid");
	line = STALL_SHOWN("worker", "pretimeout", &stacks);
	print_held("python in a loop", line);
	EXPECT_VALUE(line, "cause", "spinning");
	EXPECT_HAS(stacks, "_PyEval_EvalFrameDefault");
	line = STALL("worker", "timeout");
	EXPECT_VALUE(line, "action", "restart");
	EXPECT_EQ(pid, event_number_of(EVENT("ended", "worker"), "pid"));
	EXPECT_NE(pid, event_number_of(EVENT("ready", "worker"), "pid"));
}

TEST_HARNESS_MAIN
