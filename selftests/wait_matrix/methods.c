// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "methods.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <proxyipc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"

/*
 * proxyipc: the child opens itself, the parent takes that descriptor and holds
 * by hand.
 */

/* A hold that a slow machine doesn't outlast. */
#define LEASE_NS (30 * NS_PER_S)

static int device = -1;

static int proxyipc_find(void)
{
	device = proxyipc_open();
	return device < 0 ? device : 0;
}

static void proxyipc_enrol(struct cell *c)
{
	struct proxyipc_process_open open = { .lease = LEASE_NS };
	int ret;

	ret = proxyipc_process_open_params(device, &open);
	c->report->process_fd = ret < 0 ? ret : open.out_fd;
}

static int proxyipc_attach(struct cell *c)
{
	int pidfd;
	int ret;

	if (c->report->process_fd < 0)
		return c->report->process_fd;
	pidfd = syscall(SYS_pidfd_open, c->pid, 0);
	if (pidfd < 0)
		return -errno;
	c->stop.fd = syscall(SYS_pidfd_getfd, pidfd, c->report->process_fd, 0);
	ret = c->stop.fd < 0 ? -errno : 0;
	close(pidfd);
	return ret;
}

static int proxyipc_stop(struct cell *c)
{
	int state;

	state = proxyipc_process_hold(c->stop.fd, &c->stop.token);
	return state < 0 ? state : 0;
}

static enum proxyipc_state proxyipc_state(struct cell *c)
{
	struct proxyipc_process_info info;

	if (proxyipc_process_info(c->stop.fd, &info))
		return PROXYIPC_STATE_GONE;
	return info.out_state;
}

/* Parked would be too early, but what comes of that says more. */
static bool proxyipc_stopped(struct cell *c)
{
	enum proxyipc_state state = proxyipc_state(c);

	return state == PROXYIPC_STATE_ARMED || state == PROXYIPC_STATE_PARKED;
}

static bool proxyipc_parked(struct cell *c)
{
	return proxyipc_state(c) == PROXYIPC_STATE_PARKED;
}

static int proxyipc_resume(struct cell *c)
{
	return proxyipc_process_resume(c->stop.fd, c->stop.token, NULL);
}

static void proxyipc_detach(struct cell *c)
{
	if (c->stop.fd >= 0)
		close(c->stop.fd);
}

/*
 * SIGSTOP and ptrace
 */

static int signal_stop(struct cell *c)
{
	return kill(c->pid, SIGSTOP) ? -errno : 0;
}

/* For ptrace too: its stops are reported in the same way. */
static bool signal_stopped(struct cell *c)
{
	int status;

	return waitpid(c->pid, &status, WUNTRACED | WNOHANG) == c->pid &&
	       WIFSTOPPED(status);
}

static int signal_resume(struct cell *c)
{
	return kill(c->pid, SIGCONT) ? -errno : 0;
}

static int ptrace_attach(struct cell *c)
{
	return ptrace(PTRACE_SEIZE, c->pid, 0, 0) ? -errno : 0;
}

static int ptrace_stop(struct cell *c)
{
	return ptrace(PTRACE_INTERRUPT, c->pid, 0, 0) ? -errno : 0;
}

static int ptrace_resume(struct cell *c)
{
	return ptrace(PTRACE_DETACH, c->pid, 0, 0) ? -errno : 0;
}

/*
 * The two freezers: a group for each child, so that what its wait needs (the
 * grandchild of waitpid) stays outside.
 */

static char freezer_v1[64], freezer_v2[64];

static int find_mount(const char *type, const char *option, char dir[64])
{
	struct mntent *entry;
	FILE *mounts;
	int ret = -ENOENT;

	mounts = setmntent("/proc/self/mounts", "re");
	if (!mounts)
		return -errno;
	while (ret && (entry = getmntent(mounts))) {
		if (strcmp(entry->mnt_type, type) ||
		    (option && !hasmntopt(entry, option)))
			continue;
		snprintf(dir, 64, "%s", entry->mnt_dir);
		ret = 0;
	}
	endmntent(mounts);
	return ret;
}

static int v1_find(void)
{
	return find_mount("cgroup", "freezer", freezer_v1);
}

static int v2_find(void)
{
	return find_mount("cgroup2", NULL, freezer_v2);
}

static int group_open(struct cell *c, const char *file, int mode)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", c->stop.dir, file);
	return open(path, mode | O_CLOEXEC);
}

static int group_write(struct cell *c, const char *file, const char *text)
{
	int fd = group_open(c, file, O_WRONLY);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

static bool group_says(struct cell *c, const char *file, const char *text)
{
	int fd = group_open(c, file, O_RDONLY);
	char now[256];
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, now, sizeof(now) - 1);
	close(fd);
	now[len < 0 ? 0 : len] = '\0';
	return strstr(now, text);
}

static int group_attach(struct cell *c, const char *freezer)
{
	char pid[16];

	snprintf(c->stop.dir, sizeof(c->stop.dir), "%s/wait-matrix-%d", freezer,
		 c->pid);
	if (mkdir(c->stop.dir, 0700))
		return -errno;
	snprintf(pid, sizeof(pid), "%d", c->pid);
	return group_write(c, "cgroup.procs", pid);
}

/* A child that has just been reaped may still count for a moment. */
static void group_detach(struct cell *c)
{
	if (c->stop.dir[0])
		eventually(!rmdir(c->stop.dir) || errno != EBUSY);
}

static int v2_attach(struct cell *c)
{
	return group_attach(c, freezer_v2);
}

static int v2_stop(struct cell *c)
{
	return group_write(c, "cgroup.freeze", "1");
}

static bool v2_stopped(struct cell *c)
{
	return group_says(c, "cgroup.events", "frozen 1");
}

static int v2_resume(struct cell *c)
{
	return group_write(c, "cgroup.freeze", "0");
}

static int v1_attach(struct cell *c)
{
	return group_attach(c, freezer_v1);
}

static int v1_stop(struct cell *c)
{
	return group_write(c, "freezer.state", "FROZEN");
}

static bool v1_stopped(struct cell *c)
{
	return group_says(c, "freezer.state", "FROZEN");
}

static int v1_resume(struct cell *c)
{
	return group_write(c, "freezer.state", "THAWED");
}

const struct method methods[METHODS] = {
	{
		.name = "proxyipc",
		.strict = true,
		.find = proxyipc_find,
		.enrol = proxyipc_enrol,
		.attach = proxyipc_attach,
		.stop = proxyipc_stop,
		.stopped = proxyipc_stopped,
		.parked = proxyipc_parked,
		.resume = proxyipc_resume,
		.detach = proxyipc_detach,
	}, {
		.name = "SIGSTOP",
		.stop = signal_stop,
		.stopped = signal_stopped,
		.resume = signal_resume,
	}, {
		.name = "ptrace",
		.attach = ptrace_attach,
		.stop = ptrace_stop,
		.stopped = signal_stopped,
		.resume = ptrace_resume,
	}, {
		.name = "cgroup v2",
		.find = v2_find,
		.attach = v2_attach,
		.stop = v2_stop,
		.stopped = v2_stopped,
		.resume = v2_resume,
		.detach = group_detach,
	}, {
		.name = "cgroup v1",
		.find = v1_find,
		.attach = v1_attach,
		.stop = v1_stop,
		.stopped = v1_stopped,
		.resume = v1_resume,
		.detach = group_detach,
	},
};
