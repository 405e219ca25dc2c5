/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef WATCHDOGD_ADOPT_H
#define WATCHDOGD_ADOPT_H

#include <sys/types.h>

/*
 * The process that a PID file names: its pidfd, and its id in *@pid; or -errno. *@why is
 * set to more than the number says, if there is more.
 */
int adopt_by_file(const char *path, pid_t *pid, const char **why);

#endif /* WATCHDOGD_ADOPT_H */
