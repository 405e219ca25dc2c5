// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "alive.h"

#include <errno.h>
#include <linux/futex.h>
#include <proxyipc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "objects.h"

static struct alive *self;
static struct proxyipc_control *control;

static __u64 held(void)
{
	return __atomic_load_n(&control->held_ns, __ATOMIC_SEQ_CST);
}

/* The time that has passed for this thread, without what it was held. */
static __u64 own_time(void)
{
	__u64 before, now;

	/* Not from two sides of a hold. */
	do {
		before = held();
		now = now_ns();
	} while (held() != before);
	return now - before;
}

static void keep_alive(void)
{
	__u64 last = own_time(), timeout = self->timeout;

	while (self->told == KEEPS_ALIVE) {
		__u64 before = own_time(), silence, stamp = now_ns();

		proxyipc_keepalive(control);
		/* Held or starved on the way, it says no more than what is sure. */
		self->after = now_ns();
		self->before = stamp;
		self->count++;
		silence = own_time() - last;
		last = before;
		if (silence > self->longest)
			self->longest = silence;
		if (timeout)
			self->missed += silence / timeout;
	}
}

static void spin(void)
{
	while (self->told == SPINS)
		self->page->counter[0]++;
}

static void sleep_while(enum doing doing)
{
	while ((enum doing)self->told == doing)
		syscall(SYS_futex, &self->told, FUTEX_WAIT, doing, NULL, NULL, 0);
}

static void live(struct child_page *page)
{
	int process = process_open(0, 0, 0);

	page->error = process < 0 ? process : proxyipc_process_map(process, &control);
	if (page->error)
		return;
	/* The mapping is enough, and there is no descriptor that anybody counts. */
	close(process);
	for (;;) {
		enum doing doing = self->told;

		self->does = doing;
		if (doing == KEEPS_ALIVE) {
			keep_alive();
		} else if (doing == SPINS) {
			spin();
		} else if (doing == IDLES) {
			__atomic_store_n(&control->idle, 1, __ATOMIC_SEQ_CST);
			sleep_while(IDLES);
			__atomic_store_n(&control->idle, 0, __ATOMIC_SEQ_CST);
		} else {
			sleep_while(SLEEPS);
		}
	}
}

struct alive *alive_new(void)
{
	struct alive *a = mmap(NULL, sizeof(*a), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (a == MAP_FAILED)
		return NULL;
	a->told = KEEPS_ALIVE;
	a->page = child_page_new();
	self = a;
	a->child = child_start(live, a->page);
	if (a->child.pid > 0 && eventually(a->count))
		return a;
	child_kill(&a->child);
	return NULL;
}

void alive_end(struct alive *a)
{
	if (a)
		child_kill(&a->child);
}

void alive_tell(struct alive *a, enum doing doing)
{
	a->told = doing;
	syscall(SYS_futex, &a->told, FUTEX_WAKE, 1, NULL, NULL, 0);
}

bool alive_told(struct alive *a, enum doing doing)
{
	alive_tell(a, doing);
	return eventually((enum doing)a->does == doing);
}

bool alive_expects(struct alive *a, __u64 timeout)
{
	__u64 count;

	/* A round of something else, so that it takes notice. */
	if (!alive_told(a, SPINS))
		return false;
	a->timeout = timeout;
	a->missed = 0;
	a->longest = 0;
	count = a->count;
	return alive_told(a, KEEPS_ALIVE) && eventually(a->count != count);
}
