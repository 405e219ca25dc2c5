/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A target is a helper that opened itself (consent) and passed the process
 * object to the test. It has no descriptor of it left.
 */
#ifndef PROXYIPC_TARGET_H
#define PROXYIPC_TARGET_H

#include <stdbool.h>

#include "helper.h"

struct target {
	struct helper h;
	int process;	/* -errno if it couldn't be made */
};

/* Counts in user mode for ever. Leases are in nanoseconds, 0 for the default. */
struct target target_spin(void);
struct target target_spin_lease(__u64 lease);

/* Asleep in read(); counts one per target_poke(). */
struct target target_block(void);
struct target target_block_lease(__u64 lease);
int target_poke(struct target *t);

/* A helper that opened itself and waits for orders (t->h), asleep in recv(). */
struct target target_idle(void);
struct target target_idle_lease(__u64 lease);

unsigned int target_counter(struct target *t);

/* Does the counter keep its value for some milliseconds? */
bool target_counter_stands_still(struct target *t);

/* Does it count (at all, within PATIENCE_MS)? */
bool target_counts(struct target *t);

/* Does the counter reach @count within PATIENCE_MS? */
bool target_counter_reaches(struct target *t, unsigned int count);

/* SIGKILL, and waits for the end: 0, or -ECHILD if it ended otherwise. */
int target_kill(struct target *t);

#endif /* PROXYIPC_TARGET_H */
