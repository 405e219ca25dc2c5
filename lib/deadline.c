// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Deadlines are absolute, so that a call made again doesn't wait longer. */

#include "internal.h"

#include <time.h>

#define NSEC_PER_SEC	1000000000ULL

__u64 proxyipc_deadline(__u64 timeout_ns)
{
	const __u64 latest = INT64_MAX;
	int saved_errno = errno;
	struct timespec time;
	__u64 now;

	clock_gettime(CLOCK_MONOTONIC, &time);
	errno = saved_errno;
	now = (__u64)time.tv_sec * NSEC_PER_SEC + (__u64)time.tv_nsec;
	return timeout_ns < latest - now ? now + timeout_ns : latest;
}
