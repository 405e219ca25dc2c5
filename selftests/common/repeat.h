/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SELFTESTS_REPEAT_H
#define _SELFTESTS_REPEAT_H

#include <stdlib.h>

/*
 * How often a test that repeats something does so: @n times in `make check`, and
 * that by PROXYIPC_TIMES in a long form (`make check TIMES=100`).
 */
static inline long repeat(long n)
{
	const char *times = getenv("PROXYIPC_TIMES");
	long factor = times ? strtol(times, NULL, 10) : 1;

	return factor > 1 ? n * factor : n;
}

#endif /* _SELFTESTS_REPEAT_H */
