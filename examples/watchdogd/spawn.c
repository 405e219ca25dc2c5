// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Starting a service: the child becomes the service's user, opens itself, which is its
 * consent to be held and takes no privilege, sends the process object to the daemon and
 * executes the program. It opens itself after it changed its user, because an object is
 * dead once its target's identity has changed.
 *
 * This is what proxyipc_spawn() does, and more in between. As that, it gives the
 * program a process object of its own, named by PROXYIPC_SELF, so that a program that
 * knows proxyipc can keep alive by its control page.
 */
#define _GNU_SOURCE
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <proxyipc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "loop.h"

/* What services are opened as: all threads that they have and will have. */
static const struct proxyipc_process_open service_open = { .flags = PROXYIPC_OPEN_GROUP };

static sigset_t child_signals;

void spawn_set_signals(const sigset_t *signals)
{
	child_signals = *signals;
}

int open_adopted(int device, int pidfd)
{
	struct proxyipc_process_open how = service_open;
	int ret = proxyipc_process_open_pidfd_params(device, pidfd, &how);

	return ret ? ret : how.out_fd;
}

/* --- in the child ------------------------------------------------------------------ */

/* The daemon has its process object. */
static bool enrolled;

/* @what is what was tried last, for who has to be told. */
static int become_user(const struct service_config *config, const char **what)
{
	*what = config->user;
	if (config->user && (initgroups(config->user, config->gid) || setgid(config->gid) ||
			     setuid(config->uid)))
		return -errno;
	*what = config->directory;
	if (config->directory && chdir(config->directory))
		return -errno;
	return 0;
}

static void set_number(const char *name, unsigned long long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", number);
	setenv(name, text, 1);
}

static void set_environment(const struct service_config *config)
{
	char **variable;

	unsetenv("PROXYIPC_SELF");
	if (config->user) {
		setenv("USER", config->user, 1);
		setenv("LOGNAME", config->user, 1);
	}
	for (variable = config->environment; variable && *variable; variable++)
		putenv(*variable);
}

/* What sd_notify(3) and sd_watchdog_enabled(3) look for. */
static void set_notify_environment(const struct service_config *config, const char *socket)
{
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (!socket)
		return;
	setenv("NOTIFY_SOCKET", socket, 1);
	if (config->alive != ALIVE_NOTIFY || !config->timeout)
		return;
	/* Who keeps alive within this isn't even reported. */
	set_number("WATCHDOG_USEC", (config->timeout - config->pretimeout) / NS_PER_US);
	set_number("WATCHDOG_PID", getpid());
}

static void reset_signals(void)
{
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &child_signals, NULL);
}

static int open_input(void)
{
	int fd = open("/dev/null", O_RDONLY);

	if (fd < 0 || dup2(fd, STDIN_FILENO) < 0)
		return -errno;
	if (fd != STDIN_FILENO)
		close(fd);
	return 0;
}

static int open_self(int device)
{
	struct proxyipc_process_open how = service_open;
	int ret = proxyipc_process_open_params(device, &how);

	return ret ? ret : how.out_fd;
}

/* One object for the daemon, and one that the program keeps. */
static int enrol(int device, int daemon)
{
	int process = open_self(device), ret;

	if (process < 0)
		return process;
	ret = proxyipc_fd_send(daemon, process);
	if (ret)
		return ret;
	enrolled = true;
	process = open_self(device);
	if (process < 0)
		return process;
	set_number("PROXYIPC_SELF", process);
	return fcntl(process, F_SETFD, 0) ? -errno : 0;
}

static int become_service(int device, const struct service_config *config, const char *socket,
			  int daemon, const char **what)
{
	int ret;

	*what = "a new session";
	if (setsid() < 0)
		return -errno;
	*what = "/dev/null";
	ret = open_input();
	if (!ret)
		ret = become_user(config, what);
	if (ret)
		return ret;
	set_environment(config);
	set_notify_environment(config, socket);
	*what = "/dev/proxyipc";
	ret = enrol(device, daemon);
	if (ret)
		return ret;
	reset_signals();
	*what = config->command[0];
	execv(config->command[0], config->command);
	return -errno;
}

/* Tells the daemon why. It waits for a process object first, and gets none. */
static __attribute__((__noreturn__)) void fail(int daemon, int error, const char *what)
{
	struct spawn_failure failure = { .error = -error };

	snprintf(failure.what, sizeof(failure.what), "%s", what);
	if ((!enrolled && write(daemon, "", 1) < 0) ||
	    write(daemon, &failure, sizeof(failure)) < 0)
		_exit(126);
	_exit(127);
}

/* --- in the daemon ------------------------------------------------------------------ */

/* The process object, or what kept the child from becoming the program. */
static int wait_for_exec(int child, struct spawn_failure *failure)
{
	int process = proxyipc_fd_recv(child);
	struct spawn_failure got;

	/* Its end is closed by the exec; or it says why there was none. */
	if (read(child, &got, sizeof(got)) == sizeof(got)) {
		if (process >= 0)
			close(process);
		process = -1;
		*failure = got;
	} else if (process < 0) {
		*failure = (struct spawn_failure){ -process, "receiving" };
	}
	return process;
}

int spawn_service(int device, const struct service_config *config, const char *socket,
		  pid_t *pid, struct spawn_failure *failure)
{
	int pair[2], process, error;
	const char *what;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		*failure = (struct spawn_failure){ errno, "socketpair" };
		return -1;
	}
	*pid = fork();
	if (!*pid) {
		error = become_service(device, config, socket, pair[1], &what);
		fail(pair[1], error, what);
	}
	close(pair[1]);
	*failure = (struct spawn_failure){ errno, "fork" };
	process = *pid < 0 ? -1 : wait_for_exec(pair[0], failure);
	close(pair[0]);
	if (process < 0 && *pid > 0) {
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	return process;
}

/* Its output goes nowhere: what counts is whether it succeeds. */
static void become_probe(const struct service_config *config)
{
	const char *what;
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		return;
	if (null > 2)
		close(null);
	if (become_user(config, &what))
		return;
	/* A change of user forgets it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	set_environment(config);
	reset_signals();
	execvp(config->probe[0], config->probe);
}

int spawn_probe(const struct service_config *config, pid_t *pid)
{
	*pid = fork();
	if (*pid < 0)
		return -errno;
	if (!*pid) {
		become_probe(config);
		_exit(127);
	}
	/* Here too: it may be killed before it gets as far. */
	setpgid(*pid, *pid);
	return 0;
}
