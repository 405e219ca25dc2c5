// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "hold_helpers.h"
#include "objects.h"
#include "proc.h"

#define MOST_ARGUMENTS	16

/* A hold that isn't ended otherwise lasts for 10 s. */
#define LINE_MS		(10000U + 2 * PATIENCE_MS)

static void execute(const struct who *who, int out, int err, char **argv)
{
	pid_t parent = getppid();
	sigset_t none;

	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (who && become(who))
		_exit(200);
	/* After the change of identity, which forgets it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(201);
	execv(getenv("PROXYIPC_COMMAND") ?: "./proxyipc", argv);
	_exit(202);
}

void command_start(struct started *started, const struct who *who, ...)
{
	char *argv[MOST_ARGUMENTS] = { "proxyipc" };
	int out[2], err[2], argc = 1;
	va_list args;
	pid_t pid;

	va_start(args, who);
	while (argc < MOST_ARGUMENTS - 1 && (argv[argc] = va_arg(args, char *)))
		argc++;
	va_end(args);

	*started = (struct started){ .pid = -EMFILE, .out = -1, .err = -1 };
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		return;
	/* Not into *started, which the child may share. */
	pid = fork();
	if (!pid)
		execute(who, out[1], err[1], argv);
	started->pid = pid;
	close(out[1]);
	close(err[1]);
	started->out = out[0];
	started->err = err[0];
}

/* More of what comes from @fd, appended to @text; 0 at its end, or -errno. */
static int read_more(int fd, char *text)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	size_t len = strlen(text);
	ssize_t got;

	if (poll(&poller, 1, LINE_MS) <= 0)
		return -ETIMEDOUT;
	got = read(fd, text + len, TEXT_SIZE - 1 - len);
	if (got < 0)
		return -errno;
	text[len + got] = '\0';
	return got;
}

/* Cuts the first line off @text, reading on from @fd where it isn't all there. */
static const char *next_line(int fd, char *text)
{
	static char line[TEXT_SIZE];
	char *end;
	size_t len;

	while (!(end = strchr(text, '\n')))
		if (read_more(fd, text) <= 0)
			return NULL;
	len = end + 1 - text;
	memcpy(line, text, len);
	line[len] = '\0';
	memmove(text, end + 1, strlen(end + 1) + 1);
	return line;
}

const char *command_line(struct started *started)
{
	return next_line(started->out, started->said);
}

const char *command_complaint(struct started *started)
{
	return next_line(started->err, started->complained);
}

int command_end(struct started *started)
{
	struct child child = { .pid = started->pid };
	int status;

	while (read_more(started->out, started->said) > 0)
		;
	while (read_more(started->err, started->complained) > 0)
		;
	status = child_ends(&child);
	started->pid = child.pid;
	if (status < 0)
		return status;
	close_fd(&started->out);
	close_fd(&started->err);
	return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED_BY(WTERMSIG(status));
}

void command_kill(struct started *started)
{
	struct child child = { .pid = started->pid };

	if (started->pid > 0)
		child_kill(&child);
	started->pid = 0;
	close_fd(&started->out);
	close_fd(&started->err);
}

static bool has_receiver(int process)
{
	char text[4096];
	const char *slot;

	if (proc_fdinfo(process, text, sizeof(text)))
		return false;
	slot = proc_field(text, "receiver-slot");
	return slot && !strcmp(slot, "set");
}

int command_take_process(pid_t pid)
{
	char path[64], text[64];
	int nr, pidfd, fd = -ENOENT;
	ssize_t len;

	pidfd = syscall(SYS_pidfd_open, pid, 0);
	for (nr = 3; nr < 32 && fd < 0; nr++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, nr);
		len = readlink(path, text, sizeof(text) - 1);
		text[len > 0 ? len : 0] = '\0';
		if (!strcmp(text, "anon_inode:[proxyipc-process]"))
			fd = syscall(SYS_pidfd_getfd, pidfd, nr, 0);
	}
	close(pidfd);
	if (fd >= 0 && !eventually(has_receiver(fd)))
		close_fd(&fd);
	return fd;
}
