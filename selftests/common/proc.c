// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int read_text(const char *path, char *text, size_t size)
{
	ssize_t got;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, text, size - 1);
	if (got < 0)
		got = -errno;
	close(fd);
	if (got < 0)
		return got;
	text[got] = '\0';
	return 0;
}

static int read_pid_text(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return read_text(path, text, size);
}

/* /proc/PID/syscall: "running", or the number, six arguments, sp and ip. */
static bool asleep_in(pid_t tid, long *number, unsigned long long args[2])
{
	char text[256];

	if (read_pid_text(tid, "syscall", text, sizeof(text)))
		return false;
	return sscanf(text, "%ld %llx %llx", number, &args[0], &args[1]) == 3;
}

bool proc_asleep_in_ioctl(pid_t tid, int fd, unsigned int cmd)
{
	unsigned long long args[2];
	long number;

	return asleep_in(tid, &number, args) && number == SYS_ioctl &&
	       (int)args[0] == fd && (unsigned int)args[1] == cmd;
}

bool proc_asleep_in_syscall(pid_t tid, long wanted)
{
	unsigned long long args[2];
	long number;

	return asleep_in(tid, &number, args) && number == wanted;
}

char proc_state(pid_t tid)
{
	char text[512], *end;

	if (read_pid_text(tid, "stat", text, sizeof(text)))
		return 0;
	end = strrchr(text, ')');
	return end ? end[2] : 0;
}

static bool mask_has(const char *text, const char *name, int signo)
{
	const char *line = proc_field(text, name);

	return line && strtoull(line, NULL, 16) & 1ULL << (signo - 1);
}

bool proc_signal_pending(pid_t pid, int signo)
{
	char text[4096];

	if (read_pid_text(pid, "status", text, sizeof(text)))
		return false;
	return mask_has(text, "ShdPnd", signo) || mask_has(text, "SigPnd", signo);
}

int proc_count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	if (!dir)
		return -errno;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 3;	/* ".", ".." and dir itself */
}

int proc_fdinfo(int fd, char *text, size_t size)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return read_text(path, text, size);
}

const char *proc_field(const char *text, const char *name)
{
	static char value[256];
	size_t len = strlen(name);
	const char *line = text;

	while (line) {
		if (!strncmp(line, name, len) && line[len] == ':') {
			line += len + 1;
			line += strspn(line, " \t");
			snprintf(value, sizeof(value), "%.*s",
				 (int)strcspn(line, "\n"), line);
			return value;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return NULL;
}
