// SPDX-License-Identifier: GPL-2.0
#include "stats.h"

#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The value that so many of a hundred don't exceed. */
static double percentile(const double *sorted, int n, int percent)
{
	int index = ((long)n * percent + 99) / 100 - 1;

	return sorted[index < 0 ? 0 : index];
}

struct stats stats_of(double *values, int n)
{
	qsort(values, n, sizeof(*values), by_value);
	return (struct stats){
		.min = values[0],
		.p10 = percentile(values, n, 10),
		.median = percentile(values, n, 50),
		.p90 = percentile(values, n, 90),
		.p99 = percentile(values, n, 99),
		.max = values[n - 1],
	};
}
