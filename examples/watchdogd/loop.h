/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * The event loop: descriptors that become readable, and times that come. One for the
 * program, on io_uring. Whoever watches embeds a struct watch or struct timer; nothing
 * is called any more once watch_end() or timer_stop() has returned.
 */
#ifndef WATCHDOGD_LOOP_H
#define WATCHDOGD_LOOP_H

#include <linux/types.h>
#include <stdbool.h>

#define NS_PER_US	1000ULL
#define NS_PER_MS	1000000ULL
#define NS_PER_S	1000000000ULL

/**
 * struct watch - a descriptor that is waited for
 * @fd: descriptor; stays the caller's, who ends the watch before closing it
 * @id: names the watch to the ring; 0: not watched
 * @ready: called whenever it is readable, or broken; may end the watch
 * @arg: for @ready
 * @next: in the list of all
 */
struct watch {
	int fd;
	__u64 id;
	void (*ready)(void *arg);
	void *arg;
	struct watch *next;
};

/**
 * struct timer - a time that is waited for, once
 * @at: CLOCK_MONOTONIC nanoseconds; 0: not set
 * @due: called at that time, or somewhat later; may set it anew
 * @arg: for @due
 * @next: in the list of all, the earliest first
 */
struct timer {
	__u64 at;
	void (*due)(void *arg);
	void *arg;
	struct timer *next;
};

/* CLOCK_MONOTONIC, nanoseconds. */
__u64 now_ns(void);

/* 0 or -errno. */
int loop_open(void);

void watch_begin(struct watch *watch, int fd, void (*ready)(void *arg), void *arg);
void watch_end(struct watch *watch);

/* Set again, it counts from then. */
void timer_set(struct timer *timer, __u64 after_ns, void (*due)(void *arg), void *arg);
void timer_stop(struct timer *timer);

/* Until loop_end() is called: 0, or -errno if the ring fails. */
int loop_run(void);
void loop_end(void);

#endif /* WATCHDOGD_LOOP_H */
