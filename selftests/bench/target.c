// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "target.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

/*
 * Of the first thread the counter is looked at. The others have one of their own, so
 * that they don't fight for it.
 */
static void run(struct target_page *page, atomic_ulong *counter)
{
	unsigned long n = 0;

	for (;;) {
		while (!atomic_load_explicit(&page->spin, memory_order_relaxed))
			syscall(SYS_futex, &page->spin, FUTEX_WAIT, 0, NULL, NULL, 0);
		while (atomic_load_explicit(&page->spin, memory_order_relaxed))
			atomic_store_explicit(counter, ++n, memory_order_relaxed);
	}
}

static void say_tid(struct target_page *page)
{
	page->tid[atomic_load(&page->present)] = gettid();
	atomic_fetch_add(&page->present, 1);
}

static void *other_thread(void *arg)
{
	struct target_page *page = arg;
	atomic_ulong counter = 0;

	say_tid(page);
	run(page, &counter);
	return NULL;
}

/* One after the other: each says its tid before the next is there. */
static void body(void *arg)
{
	struct target *t = arg;
	pthread_t thread;

	say_tid(t->page);
	for (int i = 1; i < t->threads; i++) {
		errno = pthread_create(&thread, NULL, other_thread, t->page);
		if (errno)
			bench_fail(errno, "pthread_create");
		while ((int)atomic_load(&t->page->present) <= i)
			sched_yield();
	}
	run(t->page, &t->page->counter);
}

void target_new(struct target *t, int cpu, int threads)
{
	t->threads = threads;
	t->page = bench_shared(sizeof(*t->page));
	t->pid = bench_partner(cpu, body, t);
	while ((int)atomic_load(&t->page->present) < threads)
		usleep(1000);
}

void target_spin(struct target *t)
{
	unsigned long before = target_counter(t);

	atomic_store(&t->page->spin, 1);
	syscall(SYS_futex, &t->page->spin, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	/* Of many it takes long until each had its turn; they all want to run. */
	if (t->threads == 1)
		target_await_running(t, before);
}

void target_rest(struct target *t)
{
	atomic_store(&t->page->spin, 0);
}

void target_await_running(struct target *t, unsigned long before)
{
	while (target_counter(t) == before)
		if (bench_exact())
			usleep(100);
}
