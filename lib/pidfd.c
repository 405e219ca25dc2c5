// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Opening a process by its pidfd, so that a recycled process id can't be hit. */

#include "internal.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What /proc tells about a pidfd. */
struct pidfd_ids {
	pid_t pid;	/* in the pid namespace of /proc; -1: exited, 0: not visible there */
	int levels;	/* pid namespaces from that of /proc down to its own, 0: not told */
};

/* Read all of /proc/thread-self/fdinfo/@fd into @text, as a string. */
static int read_fdinfo(int fd, char *text, size_t size)
{
	char path[64] = "/proc/thread-self/fdinfo/";
	char digits[16];
	size_t len = 0;
	int n = sizeof(digits) - 1;
	ssize_t got;
	int file;

	digits[n] = '\0';
	do {
		digits[--n] = '0' + fd % 10;
		fd /= 10;
	} while (fd);
	strcat(path, digits + n);

	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return errno == ENOENT ? -EXDEV : -errno;
	do {
		got = read(file, text + len, size - 1 - len);
		if (got > 0)
			len += got;
	} while (got > 0 && len < size - 1);
	close(file);
	text[len] = '\0';
	return 0;
}

/* The text after "\n@name" in @text, or NULL. */
static const char *find_field(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (text) {
		if (!strncmp(text, name, len))
			return text + len;
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return NULL;
}

static pid_t parse_pid(const char *text)
{
	pid_t pid = 0;

	while (*text == ' ' || *text == '\t')
		text++;
	if (*text == '-')
		return -1;
	for (; *text >= '0' && *text <= '9'; text++)
		pid = pid * 10 + (*text - '0');
	return pid;
}

static int count_words(const char *text)
{
	int words = 0;

	for (;;) {
		text += strspn(text, " \t");
		if (!*text || *text == '\n')
			return words;
		words++;
		text += strcspn(text, " \t\n");
	}
}

static int read_pidfd(int pidfd, struct pidfd_ids *ids)
{
	char text[1024];
	const char *field;
	int ret;

	ret = read_fdinfo(pidfd, text, sizeof(text));
	if (ret)
		return ret;
	field = find_field(text, "Pid:");
	if (!field)
		return -EINVAL;
	ids->pid = parse_pid(field);
	field = find_field(text, "NSpid:");
	ids->levels = field ? count_words(field) : 0;
	return 0;
}

/* Do the process ids in /proc mean the same as they do to this process? */
static int check_proc_namespace(void)
{
	struct pidfd_ids self;
	int pidfd, ret;

	pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (pidfd < 0)
		return -errno;
	ret = read_pidfd(pidfd, &self);
	close(pidfd);
	if (ret)
		return ret;
	return self.levels <= 1 && self.pid == getpid() ? 0 : -EXDEV;
}

/* A process id isn't given away before the exit of the process is seen here. */
static int check_alive(int pidfd)
{
	struct pollfd poller = { .fd = pidfd, .events = POLLIN };
	int ret;

	/* Doesn't wait: EINTR means that a signal was pending, and now it isn't. */
	do {
		ret = poll(&poller, 1, 0);
	} while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return -errno;
	return ret ? -ESRCH : 0;
}

static int open_pidfd(int device, int pidfd, struct proxyipc_process_open *params)
{
	struct pidfd_ids ids;
	int ret;

	if (fcntl(pidfd, F_GETFD) < 0)
		return -EBADF;
	ret = read_pidfd(pidfd, &ids);
	if (ret)
		return ret;
	ret = check_proc_namespace();
	if (ret)
		return ret;
	if (ids.pid <= 0)
		return -ESRCH;

	params->tgid = ids.pid;
	ret = proxyipc_process_open_params(device, params);
	if (ret)
		return ret;
	ret = check_alive(pidfd);
	if (ret)
		close(params->out_fd);
	return ret;
}

int proxyipc_process_open_pidfd_params(int device, int pidfd,
				       struct proxyipc_process_open *params)
{
	int saved_errno = errno;
	int ret = open_pidfd(device, pidfd, params);

	errno = saved_errno;
	return ret;
}

int proxyipc_process_open_pidfd(int device, int pidfd)
{
	struct proxyipc_process_open params = { 0 };
	int ret = proxyipc_process_open_pidfd_params(device, pidfd, &params);

	return ret ? ret : params.out_fd;
}
