/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_STATS_H
#define BENCH_STATS_H

struct stats {
	double min, p10, median, p90, p99, max;
};

/* Of @n > 0 values, which are sorted in passing. */
struct stats stats_of(double *values, int n);

#endif /* BENCH_STATS_H */
