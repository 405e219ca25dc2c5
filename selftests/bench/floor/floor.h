/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The least that a round trip between two tasks can cost. Two processes share one
 * open file: one serves, the other counts what it takes to wake that and to be woken
 * again. Not part of proxyipc; loaded by the benchmark only.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define FLOOR_PATH	"/dev/proxyipc-floor"

struct floor_batch {
	__aligned_u64 samples;	/* where the ticks of each round trip go, __u64 each */
	__u32 count;
	__u32 __reserved;
};

#define FLOOR_MAX	100000

/* Be the server, until a signal comes. */
#define FLOOR_SERVE	_IO(0xD2, 0)
/* Wait until the server is there. */
#define FLOOR_AWAIT	_IO(0xD2, 1)
/* So many round trips, without leaving the kernel. */
#define FLOOR_BATCH	_IOW(0xD2, 2, struct floor_batch)
/* The same with two system calls: one round trip; answer the last, wait for the next. */
#define FLOOR_CALL	_IO(0xD2, 3)
#define FLOOR_ANSWER	_IO(0xD2, 4)

#endif /* BENCH_FLOOR_H */
