// SPDX-License-Identifier: GPL-2.0
#include "clock.h"

#include <stdlib.h>
#include <time.h>

unsigned int slowness(void)
{
	const char *says = getenv("PROXYIPC_SLOWNESS");
	unsigned long times = says ? strtoul(says, NULL, 10) : 1;

	return times > 1 ? times : 1;
}

__u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

__u64 deadline_ms(unsigned int ms)
{
	return now_ns() + ms * NS_PER_MS;
}

void sleep_ms(unsigned int ms)
{
	struct timespec pause = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * NS_PER_MS,
	};

	nanosleep(&pause, NULL);
}
