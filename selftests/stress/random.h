/* SPDX-License-Identifier: GPL-2.0 */
/* Each party in each of its lives has its own stream of numbers (splitmix64). */
#ifndef STRESS_RANDOM_H
#define STRESS_RANDOM_H

#include <linux/types.h>
#include <stdbool.h>

extern _Thread_local __u64 random_state;

static inline __u64 mix(__u64 z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static inline void random_begin(__u64 seed, __u64 stream)
{
	random_state = mix(seed + mix(stream + 0x9e3779b97f4a7c15ULL));
}

static inline __u64 random_u64(void)
{
	return mix(random_state += 0x9e3779b97f4a7c15ULL);
}

/* 0 to @n - 1. */
static inline unsigned int random_below(unsigned int n)
{
	return random_u64() % n;
}

/* True @percent times of 100. */
static inline bool chance(unsigned int percent)
{
	return random_below(100) < percent;
}

#endif /* STRESS_RANDOM_H */
