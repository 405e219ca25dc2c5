/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Many trials of a race. The delay between A and B is swept from where A is over
 * before B begins to where it is the other way round. Where that is, is found
 * out in trials of their own.
 */
#ifndef PROXYIPC_SWEEP_H
#define PROXYIPC_SWEEP_H

#include "race.h"

struct sweep {
	struct stage *stage;
	long trials;
	long long from, to;		/* how much later B was than A, nanoseconds */
	unsigned long came_out[ORDERS];
	unsigned long apart[SIDES];	/* A, B over before the other began */
	char wrong[256];		/* "" if nothing was */
};

/* To be called by the thread that is A. */
void sweep(struct sweep *sw, const struct race *race, long trials);

/* Were both orders seen, by what came out or else by being apart? */
bool saw_both_orders(const struct sweep *sw);

#endif /* PROXYIPC_SWEEP_H */
