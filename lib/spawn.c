// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Starting a program that is enrolled before its first instruction. */

#include "internal.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SELF_NAME	"PROXYIPC_SELF"

/* What parent and child share: the child's ends are [1]. */
struct spawn_channel {
	int socket[2];	/* for the process object */
	int failure[2];	/* for an error number; closed by a successful exec */
};

struct spawn_program {
	const char *path;
	char *const *argv;
	char *const *envp;
};

static void close_both(int fd[2])
{
	close(fd[0]);
	close(fd[1]);
}

static int channel_open(struct spawn_channel *channel)
{
	int ret = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel->socket))
		return -errno;
	if (pipe2(channel->failure, O_CLOEXEC)) {
		ret = -errno;
		close_both(channel->socket);
	}
	return ret;
}

/*
 * In the child: what may be called between fork() and exec() of a program with
 * threads, and nothing else.
 */

/* @text is "NAME=" and has room for the digits. */
static void append_number(char *text, int number)
{
	char digits[16];
	int n = sizeof(digits) - 1;

	digits[n] = '\0';
	do {
		digits[--n] = '0' + number % 10;
		number /= 10;
	} while (number);
	strcat(text, digits + n);
}

static int exec_with_self(const struct spawn_program *program, int self)
{
	char variable[sizeof(SELF_NAME) + 16] = SELF_NAME "=";
	const size_t name = strlen(variable);
	size_t count = 0, kept = 0;

	while (program->envp[count])
		count++;

	char *envp[count + 2];

	/* One that this process was spawned with is of this process. */
	for (size_t i = 0; i < count; i++)
		if (strncmp(program->envp[i], variable, name))
			envp[kept++] = program->envp[i];
	append_number(variable, self);
	envp[kept++] = variable;
	envp[kept] = NULL;
	execve(program->path, program->argv, envp);
	return -errno;
}

static int open_self(int device, const struct proxyipc_process_open *how)
{
	struct proxyipc_process_open params = { 0 };
	int ret;

	if (how) {
		params.flags = how->flags;
		params.lease = how->lease;
		params.defer_max = how->defer_max;
	}
	ret = proxyipc_process_open_params(device, &params);
	return ret ? ret : params.out_fd;
}

/*
 * Two objects: a hold by hand belongs to an open file, and that of the parent's is
 * not to be kept open by the program, nor its receiver slot to be changed.
 */
static int child_run(int device, const struct proxyipc_process_open *how,
		     const struct spawn_program *program, int socket)
{
	int theirs, self, ret;

	theirs = open_self(device, how);
	if (theirs < 0)
		return theirs;
	ret = proxyipc_fd_send(socket, theirs);
	if (ret)
		return ret;
	self = open_self(device, how);
	if (self < 0)
		return self;
	if (fcntl(self, F_SETFD, 0))
		return -errno;
	return exec_with_self(program, self);
}

/*
 * In the parent
 */

/* 0, or what kept the child from executing its program. */
static int read_failure(int fd)
{
	int failure = 0;
	ssize_t got;

	do {
		got = read(fd, &failure, sizeof(failure));
	} while (got < 0 && errno == EINTR);
	return got == sizeof(failure) ? failure : 0;
}

static int parent_finish(struct spawn_channel *channel, pid_t pid)
{
	int process, failure;

	/* Interrupted it gives up nothing: what was sent is still there. */
	do {
		process = proxyipc_fd_recv(channel->socket[0]);
	} while (process == -EINTR);
	failure = read_failure(channel->failure[0]);
	if (!failure && process >= 0)
		return process;

	if (process >= 0)
		close(process);
	else if (!failure)
		/* Received by nobody, as there is no room for it. */
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return failure ? failure : process;
}

static int spawn(int device, const struct proxyipc_process_open *how,
		 const struct spawn_program *program, pid_t *pid)
{
	struct spawn_channel channel;
	int ret = channel_open(&channel);

	if (ret)
		return ret;
	*pid = fork();
	if (!*pid) {
		ret = child_run(device, how, program, channel.socket[1]);
		/* If the parent has gone nobody wants to know. */
		if (write(channel.failure[1], &ret, sizeof(ret)) < 0)
			_exit(126);
		_exit(127);
	}
	ret = *pid < 0 ? -errno : 0;
	close(channel.socket[1]);
	close(channel.failure[1]);
	if (!ret)
		ret = parent_finish(&channel, *pid);
	close(channel.socket[0]);
	close(channel.failure[0]);
	return ret;
}

int proxyipc_spawn(int device, const struct proxyipc_process_open *how, const char *path,
		   char *const argv[], char *const envp[], pid_t *pid)
{
	const struct spawn_program program = { .path = path, .argv = argv, .envp = envp };
	int saved_errno = errno;
	int ret = spawn(device, how, &program, pid);

	errno = saved_errno;
	return ret;
}

int proxyipc_self(void)
{
	const char *text = getenv(SELF_NAME);
	struct proxyipc_process_info info;
	long fd = 0;

	if (!text || !*text)
		return -ENODATA;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || fd > 0xffffff)
			return -ENODATA;
		fd = fd * 10 + (*text - '0');
	}
	/* A child has inherited the variable, and it isn't about the child. */
	if (proxyipc_process_info((int)fd, &info) || info.out_tgid != getpid())
		return -ENODATA;
	return (int)fd;
}
