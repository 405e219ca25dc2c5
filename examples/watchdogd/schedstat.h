/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef WATCHDOGD_SCHEDSTAT_H
#define WATCHDOGD_SCHEDSTAT_H

#include <linux/types.h>
#include <sys/types.h>

/*
 * For how long the main thread of @pid has waited for a CPU so far, nanoseconds; 0 if
 * that can't be known. Without what it is waiting just now.
 */
__u64 cpu_delay(pid_t pid);

#endif /* WATCHDOGD_SCHEDSTAT_H */
