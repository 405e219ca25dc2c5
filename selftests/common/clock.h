/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time and waiting. No test decides by how long it slept: it waits until
 * something can be seen, and fails if that takes longer than PATIENCE_MS.
 */
#ifndef PROXYIPC_CLOCK_H
#define PROXYIPC_CLOCK_H

#include <linux/types.h>
#include <stdbool.h>

/*
 * How many times longer than on a stock kernel things may take: vm/check says so
 * in the environment, as it knows the kernel.
 */
unsigned int slowness(void);

/* Long enough for a loaded machine that emulates another. */
#define PATIENCE_MS	(10000U * slowness())

#define NS_PER_MS	1000000ULL
#define NS_PER_S	1000000000ULL

/* CLOCK_MONOTONIC, nanoseconds. */
__u64 now_ns(void);

/* The deadline that is @ms milliseconds from now. */
__u64 deadline_ms(unsigned int ms);

void sleep_ms(unsigned int ms);

/*
 * Evaluates @cond again and again until it holds, for at most PATIENCE_MS;
 * returns whether it did.
 */
#define eventually(cond) ({						\
	__u64 until_ = deadline_ms(PATIENCE_MS);			\
	bool holds_;							\
									\
	while (!(holds_ = !!(cond)) && now_ns() < until_)		\
		sleep_ms(1);						\
	holds_ = holds_ || (cond);					\
	holds_;								\
})

#endif /* PROXYIPC_CLOCK_H */
