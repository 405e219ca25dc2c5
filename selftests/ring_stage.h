/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rings, for tests that issue commands through them. Entries are identified by a
 * number of the test's choice, other than 0.
 */
#ifndef PROXYIPC_RING_STAGE_H
#define PROXYIPC_RING_STAGE_H

#include <liburing.h>
#include <proxyipc-uring.h>

#include "proxyipc_test.h"

/*
 * struct ring - a ring, and how commands are issued through it
 * @uring: the ring
 * @flags: of every entry
 */
struct ring {
	struct io_uring uring;
	__u8 flags;
};

static inline int ring_init(struct ring *ring, unsigned int setup, __u8 flags)
{
	ring->flags = flags;
	return io_uring_queue_init(256, &ring->uring, setup);
}

/* To be prepared. */
static inline struct io_uring_sqe *ring_entry(struct ring *ring, __u64 number)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);

	/* A polling thread may not have taken what was submitted before. */
	while (!sqe) {
		sleep_ms(1);
		sqe = io_uring_get_sqe(&ring->uring);
	}
	sqe->user_data = number;
	return sqe;
}

/* Submits what was prepared: 0 or -errno. */
static inline int ring_submit(struct ring *ring, struct io_uring_sqe *sqe)
{
	int ret;

	sqe->flags |= ring->flags;
	ret = io_uring_submit(&ring->uring);
	return ret < 0 ? ret : 0;
}

/* The next completion, within @ms: true, and what it is. */
static inline bool ring_next(struct ring *ring, unsigned int ms, __u64 *number,
			     int *result)
{
	struct __kernel_timespec limit = {
		.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * NS_PER_MS,
	};
	struct io_uring_cqe *cqe;
	int ret;

	do {
		ret = io_uring_wait_cqe_timeout(&ring->uring, &cqe, &limit);
	} while (ret == -EINTR);
	if (ret)
		return false;
	*number = cqe->user_data;
	*result = cqe->res;
	io_uring_cqe_seen(&ring->uring, cqe);
	return true;
}

/* The result of @number, which is the next to complete; else -EBADMSG or -ETIME. */
static inline int ring_result(struct ring *ring, __u64 number)
{
	__u64 completed;
	int result;

	if (!ring_next(ring, PATIENCE_MS, &completed, &result))
		return -ETIME;
	return completed == number ? result : -EBADMSG;
}

/* Nothing completes, though it is given some time. */
static inline bool ring_is_silent(struct ring *ring)
{
	__u64 number;
	int result;

	return !ring_next(ring, 20, &number, &result);
}

/* A command, from its submission to its result. */
static inline int ring_do(struct ring *ring, int fd, unsigned int cmd, void *params)
{
	struct io_uring_sqe *sqe = ring_entry(ring, cmd);
	int ret;

	proxyipc_prep(sqe, fd, cmd, params);
	ret = ring_submit(ring, sqe);
	return ret ?: ring_result(ring, cmd);
}

static inline int ring_recv(struct ring *ring, __u64 number, int endpoint,
			    struct proxyipc_endpoint_recv *recv)
{
	struct io_uring_sqe *sqe = ring_entry(ring, number);

	poison_recv(recv);
	proxyipc_prep_endpoint_recv(sqe, endpoint, recv);
	return ring_submit(ring, sqe);
}

static inline int ring_call(struct ring *ring, __u64 number, int entry,
			    struct proxyipc_entry_call *call)
{
	struct io_uring_sqe *sqe = ring_entry(ring, number);

	memset(call->reply.words, POISON, sizeof(call->reply.words));
	proxyipc_prep_entry_call(sqe, entry, call);
	return ring_submit(ring, sqe);
}

/* Do commands here wait without a thread? */
static inline bool waits_without_a_thread(void)
{
	struct proxyipc_device_info info;
	int device = device_open();
	int ret = proxyipc_device_info(device, &info);

	close_fd(&device);
	return !ret && info.out_features & PROXYIPC_FEATURE_URING_WAIT;
}

#endif /* PROXYIPC_RING_STAGE_H */
