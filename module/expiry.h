/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_EXPIRY_H
#define _PROXYIPC_EXPIRY_H

/**
 * DOC: Expiry
 *
 * When a watchdog expires, and what it then says: the arithmetic of it. Who takes
 * the samples is watchdog.c.
 *
 * A target keeps alive by changing a word. Nobody is told of that, so the word is
 * looked at again and again. What is known from two samples is that a change came
 * some time between them: the *silence* is counted from the later one, and so the
 * watchdog is never early, and late by no more than the time between two samples.
 * For "never" it matters that the clock is read on both sides of the word: a change
 * that is seen came before the second reading, and one that isn't seen didn't come
 * before the first.
 *
 * Time that doesn't count, because the target was kept from running, moves the
 * begin of the silence on: the clock stands still, it doesn't start afresh. (If
 * it did, whoever stops the target for a moment now and then, to profile it say,
 * would switch the watchdog off.) A standstill is known at samples only as well;
 * the whole time between two samples is left out if one of them saw it.
 */

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/proxyipc.h>
#include <linux/time64.h>
#include <linux/types.h>

#define PROXYIPC_EXPIRY_INTERVAL_MIN	(250ULL * NSEC_PER_USEC)
#define PROXYIPC_EXPIRY_INTERVAL_MAX	(10ULL * NSEC_PER_MSEC)

/**
 * struct proxyipc_reading - clocks, all in nanoseconds
 * @at: CLOCK_MONOTONIC
 * @cpu: CPU time that the target has used
 * @delay: time that it has spent runnable, waiting for a CPU
 */
struct proxyipc_reading {
	u64 at;
	u64 cpu;
	u64 delay;
};

/**
 * struct proxyipc_expiry - a watchdog's clock
 * @timeout: longest silence, nanoseconds; 0: not set
 * @pretimeout: how long before that its first stage comes; 0: there is none
 * @start: begin of the silence, and what the other clocks said then; moved on by
 *	what doesn't count
 * @last: at the last sample
 * @warned: the first stage of this silence has been reported
 */
struct proxyipc_expiry {
	u64 timeout;
	u64 pretimeout;
	struct proxyipc_reading start;
	struct proxyipc_reading last;
	bool warned;
};

/**
 * proxyipc_expiry_check() - may a watchdog be set to this?
 * @timeout: nanoseconds, 0 to take it away
 * @pretimeout: nanoseconds, 0 for none
 *
 * Return: 0 or -EINVAL.
 */
static inline int proxyipc_expiry_check(u64 timeout, u64 pretimeout)
{
	if (!timeout)
		return pretimeout ? -EINVAL : 0;
	if (timeout < PROXYIPC_WATCHDOG_MIN || timeout > PROXYIPC_WATCHDOG_MAX)
		return -EINVAL;
	return pretimeout < timeout ? 0 : -EINVAL;
}

/**
 * proxyipc_expiry_interval() - how often to take a sample
 * @timeout: nanoseconds
 *
 * Ten times until it expires, but neither all the time nor hardly ever.
 *
 * Return: time from one to the next, nanoseconds.
 */
static inline u64 proxyipc_expiry_interval(u64 timeout)
{
	return clamp(timeout / 10, PROXYIPC_EXPIRY_INTERVAL_MIN,
		     PROXYIPC_EXPIRY_INTERVAL_MAX);
}

/**
 * proxyipc_expiry_alive() - it was seen to have kept alive: the silence begins
 * @expiry: the clock
 * @after: read after the word was
 */
static inline void proxyipc_expiry_alive(struct proxyipc_expiry *expiry,
					 const struct proxyipc_reading *after)
{
	expiry->start = *after;
	expiry->last = *after;
	expiry->warned = false;
}

/**
 * proxyipc_expiry_stood() - it was kept from running at some time since the last
 * sample
 * @expiry: the clock
 * @after: read after that was seen
 */
static inline void proxyipc_expiry_stood(struct proxyipc_expiry *expiry,
					 const struct proxyipc_reading *after)
{
	expiry->start.at += after->at - expiry->last.at;
	expiry->start.cpu += after->cpu - expiry->last.cpu;
	expiry->start.delay += after->delay - expiry->last.delay;
	expiry->last = *after;
}

/* When the next stage comes if the silence goes on. */
static inline u64 expiry_due(const struct proxyipc_expiry *expiry)
{
	u64 due = expiry->start.at + expiry->timeout;

	return expiry->warned ? due : due - expiry->pretimeout;
}

/**
 * proxyipc_expiry_silent() - nothing was seen of it since the last sample
 * @expiry: the clock
 * @before: CLOCK_MONOTONIC, read before the word was
 * @after: read after it
 *
 * Return: the stage to report now, one of &enum proxyipc_watchdog_stage, or 0. Of
 * two that come together the second. @expiry->start is still that of the silence.
 */
static inline u32 proxyipc_expiry_silent(struct proxyipc_expiry *expiry,
					 u64 before,
					 const struct proxyipc_reading *after)
{
	expiry->last = *after;
	if (before >= expiry->start.at + expiry->timeout)
		return PROXYIPC_WATCHDOG_TIMEOUT;
	if (before < expiry_due(expiry))
		return 0;
	expiry->warned = true;
	return PROXYIPC_WATCHDOG_PRETIMEOUT;
}

/**
 * proxyipc_expiry_next() - when to take the next sample
 * @expiry: the clock
 *
 * Return: CLOCK_MONOTONIC nanoseconds; no later than the next stage.
 */
static inline u64 proxyipc_expiry_next(const struct proxyipc_expiry *expiry)
{
	return min(expiry->last.at + proxyipc_expiry_interval(expiry->timeout),
		   expiry_due(expiry));
}

/* How far a clock went. Those of the scheduler are read while they change. */
static inline u64 expiry_passed(u64 from, u64 to, u64 most)
{
	return to > from ? min(to - from, most) : 0;
}

/**
 * proxyipc_expiry_passed() - how long the silence has lasted, and what it was
 * spent on
 * @expiry: the clock
 * @stretch: time that the target has been on its CPU without a break, 0 if it
 *	isn't. The scheduler adds it to the CPU time from tick to tick, and seldom
 *	on a CPU without ticks: a short silence may have seen none.
 *
 * Return: differences of the clocks; CPU time and delay are no longer than the
 * silence.
 */
static inline struct proxyipc_reading
proxyipc_expiry_passed(const struct proxyipc_expiry *expiry, u64 stretch)
{
	const struct proxyipc_reading *from = &expiry->start;
	const struct proxyipc_reading *to = &expiry->last;
	struct proxyipc_reading passed;

	passed.at = to->at - from->at;
	passed.cpu = max(expiry_passed(from->cpu, to->cpu, passed.at),
			 min(stretch, passed.at));
	passed.delay = expiry_passed(from->delay, to->delay,
				     passed.at - passed.cpu);
	return passed;
}

/**
 * proxyipc_expiry_cause() - why was it silent?
 * @passed: how long, and what it was spent on
 *
 * Asleep for more than half of the time: it is what it waits for that doesn't
 * come (blocked). Else it wanted to run, and the question is whether it could:
 * with a tenth of the time it would have come round to keeping alive if it had
 * wanted to, also where many share a CPU (spinning); with less than that nothing
 * can be said against it (starved).
 *
 * Return: one of &enum proxyipc_watchdog_cause.
 */
static inline u32 proxyipc_expiry_cause(const struct proxyipc_reading *passed)
{
	u64 asleep = passed->at - passed->cpu - passed->delay;

	if (asleep > passed->at / 2)
		return PROXYIPC_WATCHDOG_BLOCKED;
	return passed->cpu >= passed->at / 10 ? PROXYIPC_WATCHDOG_SPINNING :
						PROXYIPC_WATCHDOG_STARVED;
}

#endif /* _PROXYIPC_EXPIRY_H */
