// SPDX-License-Identifier: GPL-2.0
/*
 * Observers look at targets from outside, by PROCESS_INFO of a process object that they
 * took from one: does it stand still between two looks that see the same hold; does
 * a hold outlive its lease, or its receiver; does something wait for an episode that
 * doesn't begin. Now and then one resumes what isn't its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <proxyipc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "board.h"
#include "clock.h"
#include "market.h"
#include "oracle.h"
#include "party.h"
#include "random.h"

/* How long something may be as it shouldn't: a lease be over, for instance. */
#define PATIENCE	LEASE_SLACK

/* One look: when it was asked for (CLOCK_MONOTONIC), @before and @after it (fair time). */
struct look {
	struct proxyipc_process_info info;
	__u64 asked, before, after;
	bool receiver_gone;
};

/* What has been so all along, since then (fair time, 0: it isn't). */
struct since {
	__u64 overdue, orphaned, resting, stuck;
};

static bool look_at(int process, struct look *look)
{
	memset(look, 0, sizeof(*look));
	look->asked = now_ns();
	look->before = fair_now();
	if (proxyipc_process_info(process, &look->info))
		return false;
	look->after = fair_now();
	look->receiver_gone = look->info.out_receiver_tgid > 0 &&
			      kill(look->info.out_receiver_tgid, 0) && errno == ESRCH;
	return look->info.out_state != PROXYIPC_STATE_GONE;
}

/* The same hold, confirmed, at both looks? */
static bool same_hold(const struct look *a, const struct look *b)
{
	return a->info.out_token && a->info.out_since &&
	       a->info.out_token == b->info.out_token &&
	       a->info.out_since == b->info.out_since;
}

/* Keeps in @since since when @is; true if that is too long. */
static bool lasts(__u64 *since, bool is, const struct look *look)
{
	if (!is)
		*since = 0;
	else if (!*since)
		*since = look->after;
	return *since && look->before > *since + PATIENCE;
}

static void check_state(const struct look *last, const struct look *look,
			struct since *since, __u64 ident)
{
	const struct proxyipc_process_info *info = &look->info;
	bool same = last->info.out_token == info->out_token &&
		    last->info.out_episodes == info->out_episodes &&
		    last->info.out_episode == info->out_episode;

	if (lasts(&since->overdue, same && info->out_token &&
		  info->out_lease_end < look->asked, look))
		violation(ident_slot(ident), ident, info->out_token,
			  "hold %#llx outlives its lease", info->out_token);
	if (lasts(&since->orphaned, same && info->out_token && look->receiver_gone, look))
		violation(ident_slot(ident), ident, info->out_token,
			  "hold %#llx outlives its receiver, process %d",
			  info->out_token, info->out_receiver_tgid);
	if (lasts(&since->resting, same && info->out_episode == PROXYIPC_EPISODE_RESTING,
		  look))
		violation(ident_slot(ident), ident, 0, "the rest after a lease doesn't end");
	if (lasts(&since->stuck, same && info->out_episode == PROXYIPC_EPISODE_NONE &&
		  info->out_waiting, look))
		violation(ident_slot(ident), ident, 0,
			  "%u calls wait for an episode that doesn't begin",
			  info->out_waiting);
}

/*
 * At the second look: of a group that was held all the while each thread is, whoever
 * was born or has exited.
 */
static void check_threads(const struct look *look, __u64 ident)
{
	const struct proxyipc_process_info *info = &look->info;

	if (info->out_threads != info->out_threads_armed + info->out_threads_parked)
		violation(ident_slot(ident), ident, info->out_token,
			  "of %u threads of a held group %u are armed and %u parked",
			  info->out_threads, info->out_threads_armed,
			  info->out_threads_parked);
}

/* A foreign token is good for whoever has the process object; one that isn't, never. */
static void meddle(int process, __u64 ident, const struct look *look)
{
	if (look->info.out_holds)
		check_stale(process, ident, MADE_UP_TOKEN + fresh_word());
	if (look->info.out_token && chance(3))
		note(WHAT_RESUMED, ident, look->info.out_token,
		     proxyipc_process_resume(process, look->info.out_token, NULL));
}

/* Looks at one target for a while. */
static void observe(int process, __u64 ident)
{
	unsigned int looks = chance(20) ? 150 : 10;
	struct since since = {};
	struct sample begin, end;
	struct look last, look;

	if (!look_at(process, &last))
		return;
	begin = sample_begin(ident);
	while (looks--) {
		busy(WHAT_LOOK, NS_PER_S);
		sleep_us(random_below(20000));
		end = sample_end(&begin);
		if (!look_at(process, &look))
			return;
		if (same_hold(&last, &look)) {
			sample_check(&begin, &end, look.info.out_token, "an observed episode");
			check_threads(&look, ident);
		}
		check_state(&last, &look, &since, ident);
		meddle(process, ident, &look);
		last = look;
		begin = sample_begin(ident);
	}
}

void observer_main(void)
{
	for (;;) {
		int slot = random_slot(ROLE_TARGET), object = random_object();
		struct slot *target = &board->slots[slot];
		__u64 ident = ident_of(slot, target->life, object);
		int process;

		busy(WHAT_LOOP, NS_PER_S);
		process = steal(slot, &target->process[object]);
		if (process < 0) {
			sleep_us(1000);
			continue;
		}
		if (target->life == ident >> 32)
			observe(process, ident);
		close(process);
	}
}
