// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The event loop. Each watch is a poll request in the ring that fires once and is made
 * again after its callback, so a descriptor that is still readable is seen again. A
 * request that was taken back may have fired already: its id is then no watch's, and
 * what it says is dropped. That is why ids are never used twice, and why a completion
 * names a watch by its id and not by its address.
 */
#define _GNU_SOURCE
#include "loop.h"

#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <time.h>

/* Requests made between two waits; more of them are submitted early. */
#define RING_ENTRIES	64

static struct io_uring ring;
static struct watch *watches;
static struct timer *timers;
static __u64 last_id;
static bool ending;

__u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int loop_open(void)
{
	int ret = io_uring_queue_init(RING_ENTRIES, &ring, 0);

	/* A child that isn't a new program has no business with it. */
	return ret ? ret : io_uring_ring_dontfork(&ring);
}

/* --- descriptors --------------------------------------------------------------- */

static struct io_uring_sqe *new_request(void)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	while (!sqe) {
		io_uring_submit(&ring);
		sqe = io_uring_get_sqe(&ring);
	}
	return sqe;
}

static void request_poll(struct watch *watch)
{
	struct io_uring_sqe *sqe = new_request();

	io_uring_prep_poll_add(sqe, watch->fd, POLLIN);
	io_uring_sqe_set_data64(sqe, watch->id);
}

void watch_begin(struct watch *watch, int fd, void (*ready)(void *arg), void *arg)
{
	watch_end(watch);
	*watch = (struct watch){
		.fd = fd,
		.id = ++last_id,
		.ready = ready,
		.arg = arg,
		.next = watches,
	};
	watches = watch;
	request_poll(watch);
}

void watch_end(struct watch *watch)
{
	struct io_uring_sqe *sqe;
	struct watch **at;

	if (!watch->id)
		return;
	for (at = &watches; *at != watch; at = &(*at)->next)
		;
	*at = watch->next;
	sqe = new_request();
	io_uring_prep_poll_remove(sqe, watch->id);
	/* Nobody's: that it was taken back is no news. */
	io_uring_sqe_set_data64(sqe, 0);
	watch->id = 0;
	/* Before the caller closes it, and its number means another file. */
	io_uring_submit(&ring);
}

static struct watch *find_watch(__u64 id)
{
	struct watch *watch;

	for (watch = watches; watch; watch = watch->next)
		if (watch->id == id)
			return watch;
	return NULL;
}

/* What the ring says of one request. */
static void handle_completion(__u64 id)
{
	struct watch *watch = id ? find_watch(id) : NULL;

	if (!watch)
		return;
	watch->ready(watch->arg);
	/* The callback may have ended it, and begun another at that address. */
	watch = find_watch(id);
	if (watch)
		request_poll(watch);
}

/* --- times --------------------------------------------------------------------- */

void timer_set(struct timer *timer, __u64 after_ns, void (*due)(void *arg), void *arg)
{
	struct timer **at;

	timer_stop(timer);
	timer->at = now_ns() + after_ns;
	timer->due = due;
	timer->arg = arg;
	for (at = &timers; *at && (*at)->at <= timer->at; at = &(*at)->next)
		;
	timer->next = *at;
	*at = timer;
}

void timer_stop(struct timer *timer)
{
	struct timer **at;

	if (!timer->at)
		return;
	for (at = &timers; *at != timer; at = &(*at)->next)
		;
	*at = timer->next;
	timer->at = 0;
}

/* Those that are due now; not one that they set anew, so that descriptors get a turn. */
static void handle_timers(void)
{
	__u64 now = now_ns();
	struct timer *timer;

	while (timers && timers->at <= now) {
		timer = timers;
		timer_stop(timer);
		timer->due(timer->arg);
	}
}

/* How long may be waited at all. */
static struct __kernel_timespec *time_left(struct __kernel_timespec *ts)
{
	__u64 now = now_ns(), left;

	if (!timers)
		return NULL;
	left = timers->at > now ? timers->at - now : 0;
	ts->tv_sec = left / NS_PER_S;
	ts->tv_nsec = left % NS_PER_S;
	return ts;
}

/* --- both ---------------------------------------------------------------------- */

static int wait_for_something(void)
{
	struct __kernel_timespec ts;
	struct io_uring_cqe *cqe;
	int ret;

	ret = io_uring_submit_and_wait_timeout(&ring, &cqe, 1, time_left(&ts), NULL);
	return ret < 0 && ret != -ETIME && ret != -EINTR ? ret : 0;
}

int loop_run(void)
{
	struct io_uring_cqe *cqe;
	int ret = 0;
	__u64 id;

	while (!ending && !ret) {
		ret = wait_for_something();
		/* One by one: each may end the watches of those behind it. */
		while (!io_uring_peek_cqe(&ring, &cqe)) {
			id = io_uring_cqe_get_data64(cqe);
			io_uring_cqe_seen(&ring, cqe);
			handle_completion(id);
		}
		handle_timers();
	}
	return ret;
}

void loop_end(void)
{
	ending = true;
}
