/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A target that keeps alive through its control page, or does something else, as
 * it is told; and that keeps account of how well it did.
 *
 * It looks at the clock before and after each keepalive, so it knows for sure how
 * far apart two of them were at most. Of that it takes what its control page says
 * it was held.
 */
#ifndef PROXYIPC_ALIVE_H
#define PROXYIPC_ALIVE_H

#include "hold_helpers.h"

enum doing {
	KEEPS_ALIVE = 1,	/* in a loop, and nothing else */
	SPINS,			/* counts */
	SLEEPS,			/* in futex(2) */
	IDLES,			/* the same, and says that it may */
};

struct alive {
	struct child child;
	struct child_page *page;

	/* What it is told, before it is told to go on. */
	atomic_ullong timeout;

	atomic_int told;	/* enum doing */
	atomic_int does;
	/* Around the last keepalive; the second may lag behind by a round. */
	atomic_ullong before, after;
	atomic_ullong count;	/* keepalives */
	atomic_ullong missed;	/* timeouts for which it may have kept silent */
	atomic_ullong longest;	/* silence */
};

/* NULL if it couldn't be made. It keeps alive. */
struct alive *alive_new(void);

/* SIGKILL. */
void alive_end(struct alive *a);

/* The second waits until it has begun. */
void alive_tell(struct alive *a, enum doing doing);
bool alive_told(struct alive *a, enum doing doing);

/* From now on it counts how often @timeout has been missed. */
bool alive_expects(struct alive *a, __u64 timeout);

#endif /* PROXYIPC_ALIVE_H */
