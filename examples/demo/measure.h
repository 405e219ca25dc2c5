/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * How the demo measures a standstill of the server, whoever causes it.
 *
 * The witness is a client of its own that asks the server PING every
 * millisecond and notes when each was asked and when it was answered. It knows
 * nothing of holds; whether a command was served while the server was held is
 * decided afterwards, by comparing times. All times are CLOCK_MONOTONIC
 * nanoseconds, the same for every process.
 */
#ifndef DEMO_MEASURE_H
#define DEMO_MEASURE_H

#include <linux/types.h>
#include <pthread.h>
#include <stdbool.h>

#define MSEC		1000000ULL
#define SEC		1000000000ULL

/* How long each standstill lasts, by proxyipc as by SIGSTOP. */
#define HOLD_NS		(5 * MSEC)

/* A witness that ran for longer than this many PINGs has waited in vain. */
#define WITNESS_PINGS	131072

/* One standstill, as the one who caused it saw it. */
struct standstill {
	__u64 wanted;	/* when it was asked for */
	__u64 held;		/* from here on the server stood still */
	__u64 resumed;	/* up to here it did, at least */
};

struct witness {
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	bool ending;		/* under @lock, as is all that follows */
	int error;		/* why the thread gave up: -errno, or 0 */
	unsigned int asked;
	unsigned int answered;
	__u64 asked_at[WITNESS_PINGS];	/* just before it was sent */
	__u64 answered_at[WITNESS_PINGS];	/* when the answer had been read */
};

/* What is known of a series of standstills. */
struct series {
	unsigned int wanted;	/* how many there are to be */
	unsigned int count;	/* how many there were */
	unsigned int repeated;	/* those not counted: no PING was asked in them */
	unsigned int pings;	/* asked while it stood still */
	unsigned int served;	/* of those, answered while it stood still */
	struct standstill *standstills;
};

__u64 now_ns(void);
void sleep_until(__u64 when);
void sleep_random(void);

int connect_to(const char *address);

void witness_start(struct witness *w, const char *address);
unsigned int witness_end(struct witness *w);
int witness_wait_silence(struct witness *w, __u64 ns, __u64 deadline);
__u64 witness_wait_answer(struct witness *w, __u64 after, __u64 deadline);

void series_init(struct series *s, unsigned int wanted);
bool series_add(struct series *s, struct witness *w, const struct standstill *one);
void series_report(const struct series *s, const struct witness *w, unsigned int unanswered);

#endif /* DEMO_MEASURE_H */
