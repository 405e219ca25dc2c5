/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_LEASE_H
#define _PROXYIPC_LEASE_H

/**
 * DOC: Lease
 *
 * How long a target may stand still, in nanoseconds: a process object has a lease
 * for its episodes, which is also the longest that a hold by hand through it may
 * ask for. And until when a wait lasts. All of it is arithmetic of these few
 * functions; who keeps the time is manual.c, episode.c and wait.h.
 */

#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/time64.h>
#include <linux/types.h>

#define PROXYIPC_LEASE_DEFAULT	(10ULL * NSEC_PER_SEC)
#define PROXYIPC_LEASE_MAX	(60ULL * NSEC_PER_SEC)

/* Beyond this a lease is a mistake of units. */
#define PROXYIPC_LEASE_CEILING	(365ULL * 24 * 3600 * NSEC_PER_SEC)

/**
 * proxyipc_lease_check() - may a process object be opened with this lease?
 * @asked: for how long, 0 for the default
 * @may_exceed: the caller may ask for more than %PROXYIPC_LEASE_MAX
 *
 * Return: 0, -EPERM, or -EINVAL for what nobody may ask for.
 */
static inline int proxyipc_lease_check(u64 asked, bool may_exceed)
{
	if (asked > PROXYIPC_LEASE_MAX && !may_exceed)
		return -EPERM;
	return asked > PROXYIPC_LEASE_CEILING ? -EINVAL : 0;
}

/**
 * proxyipc_lease_of_process() - the lease that a process object gets
 * @asked: for how long, checked; 0 for the default
 *
 * Return: its lease, never 0.
 */
static inline u64 proxyipc_lease_of_process(u64 asked)
{
	return asked ?: PROXYIPC_LEASE_DEFAULT;
}

/**
 * proxyipc_lease_of_hold() - the lease that a hold by hand gets
 * @asked: for how long, 0 for as long as may be
 * @longest: lease of the process object
 *
 * Return: its lease, or 0 if @asked is too long.
 */
static inline u64 proxyipc_lease_of_hold(u64 asked, u64 longest)
{
	if (asked > longest)
		return 0;
	return asked ?: longest;
}

/**
 * proxyipc_lease_end() - when a lease that begins now is over
 * @now: CLOCK_MONOTONIC nanoseconds
 * @lease: nanoseconds
 *
 * Return: the time, at most the last that there is.
 */
static inline u64 proxyipc_lease_end(u64 now, u64 lease)
{
	return lease < KTIME_MAX - now ? now + lease : KTIME_MAX;
}

/**
 * proxyipc_lease_is_over() - never early
 * @end: as proxyipc_lease_end() said
 * @now: CLOCK_MONOTONIC nanoseconds
 *
 * Return: true from @end on.
 */
static inline bool proxyipc_lease_is_over(u64 end, u64 now)
{
	return now >= end;
}

/**
 * proxyipc_deadline_time() - until when a wait lasts that has a deadline
 * @deadline: CLOCK_MONOTONIC nanoseconds, any number but 0
 *
 * Return: the time; one too far away to count is the last that there is.
 */
static inline ktime_t proxyipc_deadline_time(u64 deadline)
{
	return ns_to_ktime(min_t(u64, deadline, KTIME_MAX));
}

#endif /* _PROXYIPC_LEASE_H */
