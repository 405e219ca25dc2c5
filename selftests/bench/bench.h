/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How things are compared. A question ("round trip") is asked of contenders in one
 * setting ("same CPU"): each is a process of its own, all are set up before the
 * first is measured, and they take turns, a batch of operations each, round after
 * round. What changes while a program runs changes for all of them.
 *
 * What one operation takes is counted in ticks of the time stamp counter. In a
 * guest that counts instructions these are instructions; elsewhere they are
 * converted to nanoseconds. Results are lines of JSON on stdout.
 *
 * Whatever goes wrong ends the program: a comparison in which somebody failed
 * compares nothing.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct contender {
	const char *name;

	/* All are called in the contender's process. Only one of timed and batch. */
	void (*setup)(struct contender *c);
	void (*begin)(struct contender *c);	/* before a batch */
	void (*before)(struct contender *c);	/* before an operation */
	void (*timed)(struct contender *c);	/* the operation */
	void (*after)(struct contender *c);
	void (*end)(struct contender *c);	/* after a batch */

	/* Or: fills @samples with the ticks of @n operations. */
	void (*batch)(struct contender *c, uint64_t *samples, int n);

	/* For those who divide: how many units of work an operation is; 0 is 1. */
	int per;
	/* Its system calls aren't worth counting: what is around the operation has more. */
	int uncounted;
	/* What it needs to know, and where it keeps its things. */
	const void *with;
	void *state;
};

struct question {
	const char *name;
	const char *setting;
	struct contender *contenders;
	int count;
	int rounds;		/* each with */
	int batch;		/* operations of each contender */
	int warm;		/* operations before; 0: a batch */
};

#define COUNT(array)	((int)(sizeof(array) / sizeof((array)[0])))

/*
 * Options of all programs: -u instructions or -u ns, what a tick is (ns), then the
 * names of the contenders that are wanted, all of them without.
 */
void bench_start(int argc, char **argv);

/* Are instructions counted? There is only one CPU then. */
int bench_exact(void);

/* Asks in a process of its own, and prints what comes out. */
void bench_ask(const struct question *q);

/* One more line: a number that needs no statistics. */
void bench_print(const char *question, const char *setting, const char *who,
		 const char *unit, double value);

/*
 * For contenders.
 */

/* The time stamp counter, after all that was before. */
static inline uint64_t bench_ticks(void)
{
	__builtin_ia32_lfence();
	return __builtin_ia32_rdtsc();
}

/* What ticks are in the unit of the results: instructions or nanoseconds. */
double bench_in_units(uint64_t ticks);

/* Prints why, with the error number unless that is 0, and ends the program. */
void __attribute__((noreturn, format(printf, 2, 3))) bench_fail(int error, const char *format, ...);

/* Returns what is given unless that is -1 (errno) or another negative error. */
long bench_must(long result, const char *what);

/* Another process, on that CPU, which dies with this one. Never returns there. */
pid_t bench_partner(int cpu, void (*body)(void *arg), void *arg);

void bench_pin(int cpu);

/* Zeroed memory that is shared with partners. */
void *bench_shared(size_t size);

#endif /* BENCH_H */
