/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef WATCHDOGD_REAP_H
#define WATCHDOGD_REAP_H

#include <sys/types.h>

/*
 * Kills child @pid, and waits for its end without anybody waiting: one that is stuck in
 * the kernel ends when it can.
 */
void reap(pid_t pid);

#endif /* WATCHDOGD_REAP_H */
