/* SPDX-License-Identifier: GPL-2.0 */
/* A process of some threads that are asleep, or all count in user mode. */
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include <stdatomic.h>
#include <sys/types.h>

#define TARGET_THREADS	64

struct target_page {
	pid_t tid[TARGET_THREADS];

	atomic_uint spin;
	atomic_uint present;	/* threads that have said their tid */

	atomic_ulong counter __attribute__((aligned(64)));	/* of the first thread */
};

struct target {
	pid_t pid;
	int threads;
	struct target_page *page;
};

/* On that CPU, asleep when it returns. It dies with its maker. */
void target_new(struct target *t, int cpu, int threads);

/* Have it count, which one thread does when it returns; and have it sleep, soon. */
void target_spin(struct target *t);
void target_rest(struct target *t);

/*
 * Waits until the counter isn't @before any more: without a pause where the target has a
 * CPU of its own, asleep where it has not.
 */
void target_await_running(struct target *t, unsigned long before);

static inline unsigned long target_counter(const struct target *t)
{
	return atomic_load_explicit(&t->page->counter, memory_order_relaxed);
}

#endif /* BENCH_TARGET_H */
