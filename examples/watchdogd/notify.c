// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * sd_notify(3), read. Who sent a message is known from the kernel, by SCM_CREDENTIALS.
 * A descriptor that comes along (FDSTORE=1, BARRIER=1) gets lost, since there is no room
 * for it: for a barrier that is the answer that it waits for.
 */
#define _GNU_SOURCE
#include "notify.h"

#include <errno.h>
#include <linux/proxyipc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

#define MESSAGE_MAX	4096
#define ANCESTORS_MAX	64
#define REJECTED_PAUSE	(10 * NS_PER_S)

int notify_open(struct notify *notify, const char *folder, const struct service_config *config)
{
	const int yes = 1;
	int ret = 0;

	notify->path = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (snprintf(notify->path.sun_path, sizeof(notify->path.sun_path), "%s/%s.notify", folder,
		     config->name) >= (int)sizeof(notify->path.sun_path)) {
		notify->fd = -1;
		return -ENAMETOOLONG;
	}
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify->fd < 0)
		return -errno;
	/* One that a daemon left behind that was killed. */
	unlink(notify->path.sun_path);
	if (setsockopt(notify->fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)) ||
	    bind(notify->fd, (struct sockaddr *)&notify->path, sizeof(notify->path)) ||
	    chmod(notify->path.sun_path, 0600) ||
	    (config->user && chown(notify->path.sun_path, config->uid, config->gid)))
		ret = -errno;
	if (ret)
		notify_close(notify);
	notify->descendants = config->notify_access == NOTIFY_ALL;
	return ret;
}

void notify_close(struct notify *notify)
{
	if (notify->fd < 0)
		return;
	watch_end(&notify->watch);
	unlink(notify->path.sun_path);
	close(notify->fd);
	notify->fd = -1;
}

/* --- who says it -------------------------------------------------------------------- */

/* 0 if there is none, or @pid is gone. */
static pid_t parent_of(pid_t pid)
{
	char path[32], text[512], *end;
	pid_t parent = 0;
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	/* Behind the name, which may hold anything. */
	end = strrchr(text, ')');
	return end && sscanf(end, ") %*c %d", &parent) == 1 ? parent : 0;
}

static bool counts(const struct notify *notify, pid_t sender)
{
	int i;

	if (!notify->descendants)
		return sender == notify->root;
	for (i = 0; sender > 1 && i < ANCESTORS_MAX; i++) {
		if (sender == notify->root)
			return true;
		sender = parent_of(sender);
	}
	return false;
}

/* --- what it says -------------------------------------------------------------------- */

/* Microseconds, as nanoseconds; 0 if that isn't what it is. */
static __u64 read_usec(const char *value)
{
	unsigned long long usec;
	char *end;

	if (*value < '0' || *value > '9')
		return 0;
	usec = strtoull(value, &end, 10);
	return *end || usec > PROXYIPC_WATCHDOG_MAX / NS_PER_US ? 0 : usec * NS_PER_US;
}

/* What isn't known is said to somebody else. */
static void read_assignment(struct said *said, const char *name, const char *value)
{
	if (!strcmp(name, "READY"))
		said->ready = !strcmp(value, "1");
	else if (!strcmp(name, "STOPPING"))
		said->stopping = !strcmp(value, "1");
	else if (!strcmp(name, "WATCHDOG") && !strcmp(value, "trigger"))
		said->trigger = true;
	else if (!strcmp(name, "WATCHDOG"))
		said->alive = !strcmp(value, "1");
	else if (!strcmp(name, "WATCHDOG_USEC"))
		said->timeout = read_usec(value);
	else if (!strcmp(name, "EXTEND_TIMEOUT_USEC"))
		said->extend = read_usec(value);
	else if (!strcmp(name, "STATUS"))
		snprintf(said->status, sizeof(said->status), "%s", value);
}

static void read_message(struct said *said, char *text)
{
	char *line, *value;

	*said = (struct said){ 0 };
	while ((line = strsep(&text, "\n"))) {
		value = strchr(line, '=');
		if (!value)
			continue;
		*value++ = '\0';
		read_assignment(said, line, value);
	}
}

/* One message: its length and who sent it; -1 if there is none. */
static ssize_t receive(struct notify *notify, char *text, pid_t *sender)
{
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { text, MESSAGE_MAX };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(notify->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	struct cmsghdr *cmsg = len < 0 ? NULL : CMSG_FIRSTHDR(&msg);
	struct ucred cred = { 0 };

	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_CREDENTIALS)
		memcpy(&cred, CMSG_DATA(cmsg), sizeof(cred));
	*sender = cred.pid;
	/* Half a message isn't read. */
	return len >= 0 && msg.msg_flags & MSG_TRUNC ? 0 : len;
}

static void reject(struct notify *notify, pid_t sender)
{
	__u64 now = now_ns();

	/* Whoever may write to the socket can't fill the log by it. */
	if (notify->rejected_at && now - notify->rejected_at < REJECTED_PAUSE)
		return;
	notify->rejected_at = now;
	notify->rejected(notify->arg, sender);
}

static void notify_ready(void *arg)
{
	struct notify *notify = arg;
	char text[MESSAGE_MAX + 1];
	struct said said;
	pid_t sender;
	ssize_t len = receive(notify, text, &sender);

	if (len < 0)
		return;
	if (!counts(notify, sender)) {
		reject(notify, sender);
		return;
	}
	text[len] = '\0';
	read_message(&said, text);
	notify->said(notify->arg, &said);
}

void notify_begin(struct notify *notify, pid_t root,
		  void (*said)(void *arg, const struct said *said),
		  void (*rejected)(void *arg, pid_t sender), void *arg)
{
	notify->root = root;
	notify->said = said;
	notify->rejected = rejected;
	notify->arg = arg;
	notify->rejected_at = 0;
	watch_begin(&notify->watch, notify->fd, notify_ready, notify);
}
