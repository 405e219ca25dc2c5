/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How descriptors get about. steal() takes one from a living party's table. The
 * market is a socket on which everybody puts and from which everybody takes them, so
 * that some are on their way, held by nobody, when their maker dies.
 */
#ifndef STRESS_MARKET_H
#define STRESS_MARKET_H

#include <linux/types.h>
#include <stdatomic.h>

enum ware {
	WARE_PROCESS,		/* key: ident */
	WARE_PROXY,		/* key: ident */
	WARE_ENTRY,
	WARE_REPLY,		/* key: serial */
};

struct parcel {
	enum ware ware;
	__u64 key;
	int fd;
};

/* Another descriptor for what party @slot has as *@fd now, or -errno. */
int steal(int slot, _Atomic int *fd);

/* Gives @fd away: it is closed here in any case. */
void market_put(enum ware ware, __u64 key, int fd);

/* 0, or -errno if there is nothing. */
int market_take(struct parcel *parcel);

void market_open(void);
void market_empty(void);

#endif /* STRESS_MARKET_H */
