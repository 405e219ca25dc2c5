// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Finding a service that somebody else started, by its PID file. Who can write that
 * file decides which process gets watched, and perhaps killed. So it must belong to
 * root, to the daemon's user, or to the user of the process that it names, and nobody
 * else may be able to write it. A link would say that somebody else's file was meant.
 */
#define _GNU_SOURCE
#include "adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

/* The number in the file and the file's owner. */
static int read_file(const char *path, pid_t *pid, uid_t *owner, const char **why)
{
	char text[32];
	struct stat st;
	ssize_t len;
	int fd, ret = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0 && errno == ELOOP)
		*why = "is a symbolic link";
	if (fd < 0)
		return -errno;
	len = read(fd, text, sizeof(text) - 1);
	if (len < 0 || fstat(fd, &st))
		ret = -errno;
	close(fd);
	if (ret)
		return ret;
	text[len] = '\0';
	*pid = atoi(text);
	*owner = st.st_uid;
	if (!S_ISREG(st.st_mode) || st.st_mode & 022)
		*why = "others may write to it";
	else if (*pid <= 1)
		*why = "has no process id in it";
	return *why ? -EINVAL : 0;
}

/* Is it that process's business to say who it is? */
static bool may_say(uid_t owner, pid_t pid)
{
	char path[32];
	struct stat st;

	if (owner == 0 || owner == geteuid())
		return true;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	return !stat(path, &st) && st.st_uid == owner;
}

int adopt_by_file(const char *path, pid_t *pid, const char **why)
{
	uid_t owner = -1;
	int pidfd, ret;

	*why = NULL;
	ret = read_file(path, pid, &owner, why);
	if (ret)
		return ret;
	/* First the pidfd: what is looked at after that is of the same process. */
	pidfd = pidfd_open(*pid, 0);
	if (pidfd < 0)
		return -errno;
	if (may_say(owner, *pid))
		return pidfd;
	close(pidfd);
	*why = "belongs to a user who has no say in that process";
	return -EPERM;
}
