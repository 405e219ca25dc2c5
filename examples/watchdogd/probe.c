// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Running a service's probe: one at a time, from its start to the next the interval. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "reap.h"
#include "schedstat.h"
#include "spawn.h"

static void run_probe(void *arg);

static void forget(struct probe *probe)
{
	timer_stop(&probe->deadline);
	watch_end(&probe->ended);
	close(probe->pidfd);
	probe->pid = 0;
}

/* NULL, or what its exit status says; in a buffer that the next call overwrites. */
static const char *what_went_wrong(const struct probe *probe, const siginfo_t *info)
{
	static char text[64];

	if (probe->late)
		return "took too long";
	if (info->si_code == CLD_EXITED && !info->si_status)
		return NULL;
	if (info->si_code == CLD_EXITED && info->si_status == 127)
		return "could not be run";
	snprintf(text, sizeof(text), info->si_code == CLD_EXITED ? "ended with status %d" :
		 "was ended by signal %d", info->si_status);
	return text;
}

static void probe_ended(void *arg)
{
	struct probe *probe = arg;
	siginfo_t info = { 0 };
	const char *wrong;

	/* Before it is reaped, when there is nothing to read any more. */
	probe->delay += cpu_delay(probe->pid);
	waitid(P_PIDFD, probe->pidfd, &info, WEXITED);
	wrong = what_went_wrong(probe, &info);
	if (!wrong)
		probe->delay = 0;
	forget(probe);
	probe->done(probe->arg, wrong);
}

/* With all that it started; its end comes by the pidfd. */
static void probe_late(void *arg)
{
	struct probe *probe = arg;

	probe->late = true;
	kill(-probe->pid, SIGKILL);
	pidfd_send_signal(probe->pidfd, SIGKILL, NULL, 0);
}

static int start_probe(struct probe *probe)
{
	int ret = spawn_probe(probe->config, &probe->pid);

	if (ret)
		return ret;
	probe->pidfd = pidfd_open(probe->pid, 0);
	if (probe->pidfd >= 0)
		return 0;
	ret = -errno;
	kill(-probe->pid, SIGKILL);
	waitpid(probe->pid, NULL, 0);
	return ret;
}

static void run_probe(void *arg)
{
	struct probe *probe = arg;
	int ret;

	timer_set(&probe->next, probe->config->probe_interval, run_probe, probe);
	if (probe->pid)
		return;
	probe->late = false;
	ret = start_probe(probe);
	if (ret) {
		probe->pid = 0;
		probe->done(probe->arg, strerror(-ret));
		return;
	}
	timer_set(&probe->deadline, probe->config->probe_timeout, probe_late, probe);
	watch_begin(&probe->ended, probe->pidfd, probe_ended, probe);
}

void probe_begin(struct probe *probe, const struct service_config *config,
		 void (*done)(void *arg, const char *why), void *arg)
{
	probe_end(probe);
	probe->config = config;
	probe->done = done;
	probe->arg = arg;
	probe->delay = 0;
	timer_set(&probe->next, config->probe_interval, run_probe, probe);
}

void probe_end(struct probe *probe)
{
	timer_stop(&probe->next);
	if (!probe->pid)
		return;
	kill(-probe->pid, SIGKILL);
	reap(probe->pid);
	forget(probe);
}

__u64 probe_delay(const struct probe *probe)
{
	return probe->delay + (probe->pid ? cpu_delay(probe->pid) : 0);
}
