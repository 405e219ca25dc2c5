// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Children that aren't needed any more. SIGKILL ends them soon, but not where a disk or
 * another machine has to answer first: and then this daemon has to be there for others.
 */
#define _GNU_SOURCE
#include "reap.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop.h"

struct orphan {
	pid_t pid;
	int pidfd;
	struct watch ended;
};

static void orphan_ended(void *arg)
{
	struct orphan *orphan = arg;

	waitpid(orphan->pid, NULL, 0);
	watch_end(&orphan->ended);
	close(orphan->pidfd);
	free(orphan);
}

void reap(pid_t pid)
{
	struct orphan *orphan;

	kill(pid, SIGKILL);
	orphan = calloc(1, sizeof(*orphan));
	if (orphan) {
		orphan->pid = pid;
		orphan->pidfd = pidfd_open(pid, 0);
	}
	if (orphan && orphan->pidfd >= 0) {
		watch_begin(&orphan->ended, orphan->pidfd, orphan_ended, orphan);
		return;
	}
	/* No memory, or no descriptor: then it is waited for. */
	free(orphan);
	waitpid(pid, NULL, 0);
}
