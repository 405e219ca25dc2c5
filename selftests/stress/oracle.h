/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is promised of holds, checked by whoever has one. A sample is the count of a
 * target (of a group: of all threads together, also of those that are born meanwhile)
 * at the beginning of a stretch of time; the stretch counts only if there is
 * evidence afterwards that one and the same hold was in force all along. Evidence,
 * not time, since he who looks may have been stopped, frozen or starved meanwhile.
 */
#ifndef STRESS_ORACLE_H
#define STRESS_ORACLE_H

#include <linux/types.h>
#include <stdbool.h>

/* No hold outlives its lease by more than this. */
#define LEASE_SLACK	NS_PER_S

struct sample {
	__u64 ident;
	__u64 count;
	bool good;	/* there was such a target */
};

struct sample sample_begin(__u64 ident);
/* To be called before the hold is given up, kept until that has succeeded. */
struct sample sample_end(const struct sample *begin);
/* The hold was in force from the one to the other. */
void sample_check(const struct sample *begin, const struct sample *end,
		  __u64 token, const char *who);

/* A lease, of the mix that the test uses, at most @most; nanoseconds. */
__u64 random_lease(__u64 most);

/* A hold by hand through @process, checked in all that can be; @ident its target. */
void hold_by_hand(int process, __u64 ident);

/*
 * Resumes by a token that is no hold's by now, or never was: nothing may come of it,
 * whatever hold there is.
 */
#define MADE_UP_TOKEN	(1ULL << 48)
void check_stale(int process, __u64 ident, __u64 token);

/* Points the target's receiver slot at a receiver; @endpoint or, if -1, any. */
int adopt(int process, __u64 ident, int endpoint);

#endif /* STRESS_ORACLE_H */
