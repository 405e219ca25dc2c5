// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "oracle.h"

#include <errno.h>
#include <proxyipc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "board.h"
#include "clock.h"
#include "market.h"
#include "party.h"
#include "random.h"

struct sample sample_begin(__u64 ident)
{
	struct sample sample = { .ident = ident };
	struct cell *cells = find_cells(ident);
	int object = ident_object(ident), nr;

	if (cells) {
		for (nr = 0; nr < NR_CELLS; nr++)
			if (object == GROUP || object == nr)
				sample.count += cells[nr].count;
		sample.good = find_cells(ident);
	}
	return sample;
}

struct sample sample_end(const struct sample *begin)
{
	return sample_begin(begin->ident);
}

void sample_check(const struct sample *begin, const struct sample *end,
		  __u64 token, const char *who)
{
	if (!begin->good || !end->good)
		return;
	count(COUNT_CHECKED);
	if (ident_object(begin->ident) == GROUP)
		count(COUNT_GROUP_CHECKED);
	if (begin->count != end->count)
		violation(ident_slot(begin->ident), begin->ident, token,
			  "target %d%s ran while it was held by %s, token %#llx: counted from %llu to %llu",
			  ident_slot(begin->ident),
			  ident_object(begin->ident) == GROUP ? ", all of it," : "",
			  who, token, begin->count, end->count);
}

__u64 random_lease(__u64 most)
{
	static const __u16 leases_ms[] = {
		1, 5, 20, 20, 100, 100, 500, 500, 1000, 2000, 2000, 8000, 8000, 8000,
	};
	__u64 lease = leases_ms[random_below(ARRAY_SIZE(leases_ms))] * NS_PER_MS;

	return lease < most ? lease : most;
}

/* Most holders are quick; some take their time, and some forget to resume. */
static void hold_pause(__u64 lease)
{
	unsigned int dice = random_below(100);

	if (dice < 20)
		return;
	if (dice < 90)
		sleep_us(random_below(3000));
	else if (dice < 96)
		sleep_us(random_below(lease / 1000 + 1));
	else
		sleep_us(lease / 1000 + random_below(1200000));
}

void check_stale(int process, __u64 ident, __u64 token)
{
	int ret = proxyipc_process_resume(process, token, NULL);

	note(WHAT_STALE, ident, token, ret);
	if (ret != -ESTALE && ret != -ESRCH)
		violation(ident_slot(ident), ident, token,
			  "resume by the dead token %#llx: %d", token, ret);
}

/* Did the target end, or was it replaced? */
static bool same_target(__u64 ident, int process)
{
	struct proxyipc_process_info info = {};

	return find_cells(ident) && !proxyipc_process_info(process, &info) &&
	       info.out_state != PROXYIPC_STATE_GONE;
}

/*
 * By now the hold is over. It was in force up to the resume if that succeeded. If it
 * was stale it can only have ended by its lease, and not before: nobody else has
 * the token, the open file is still open, and a target that is gone is ESRCH.
 * Returns whether it was in force.
 */
static bool hold_end(int process, const struct proxyipc_process_hold *hold,
		     const struct sample *begin, __u64 before, __u64 held)
{
	struct sample end = sample_end(begin);
	struct proxyipc_process_resume resume = { .token = hold->out_token };
	__u64 ident = begin->ident, fair = fair_now();
	bool stop = !board->slots[ident_slot(ident)].quiet && chance(3);
	int ret;

	if (stop)
		resume.flags = PROXYIPC_RESUME_STOP;
	note(WHAT_RESUME, ident, hold->out_token, 0);
	ret = proxyipc_process_resume_params(process, &resume);
	note(WHAT_RESUMED, ident, hold->out_token, ret);
	if (!ret) {
		sample_check(begin, &end, hold->out_token, "hand");
		if (fair > held + hold->lease + LEASE_SLACK)
			violation(ident_slot(ident), ident, hold->out_token,
				  "hold %#llx was on %llu ms after its end",
				  hold->out_token,
				  (fair - held - hold->lease) / NS_PER_MS);
		check_stale(process, ident, hold->out_token);
	} else if (ret == -ESTALE) {
		count(COUNT_EXPIRED);
		if (now_ns() < before + hold->lease)
			violation(ident_slot(ident), ident, hold->out_token,
				  "hold %#llx ended before its lease",
				  hold->out_token);
	} else if (ret != -ESRCH) {
		violation(ident_slot(ident), ident, hold->out_token,
			  "resume of %#llx: %s", hold->out_token,
			  strerrorname_np(-ret));
	}
	if (stop && !ret)
		kill(board->slots[ident_slot(ident)].pid, SIGCONT);
	return !ret;
}

/* Of a group; they become more while it is held, by those who are born then. */
static unsigned int count_threads(int process)
{
	struct proxyipc_process_info info = {};

	return proxyipc_process_info(process, &info) ? 0 : info.out_threads;
}

void hold_by_hand(int process, __u64 ident)
{
	bool group = ident_object(ident) == GROUP, more;
	unsigned int threads = 0;
	__u64 most = board->slots[ident_slot(ident)].lease[ident_object(ident)];
	struct proxyipc_process_hold hold = { .lease = random_lease(most) };
	__u64 before = now_ns(), held;
	struct sample begin;
	int ret;

	if (!hold.lease)
		return;
	busy(WHAT_HOLD, 0);
	note(WHAT_HOLD, ident, hold.lease, 0);
	ret = proxyipc_process_hold_params(process, &hold);
	begin = sample_begin(ident);
	note(WHAT_HELD, ident, ret ? 0 : hold.out_token, ret);
	switch (ret) {
	case 0:
		break;
	case -EINTR:	/* while it was deferred */
		return;
	case -EBUSY:
		/* Somebody has the same open file, and has it held. */
		check_stale(process, ident, MADE_UP_TOKEN + fresh_word());
		return;
	case -ESRCH:
	case -EINVAL:	/* of another life, with another lease */
		return;
	case -ESTALE:
		if (now_ns() < before + hold.lease && same_target(ident, process))
			violation(ident_slot(ident), ident, 0,
				  "hold failed with ESTALE before its lease");
		return;
	default:
		violation(ident_slot(ident), ident, 0, "hold: %s",
			  strerrorname_np(-ret));
		return;
	}
	count(COUNT_HOLDS);
	busy(WHAT_HELD, hold.lease + 2 * NS_PER_S);
	if (group)
		threads = count_threads(process);
	/* Taken late: so the lease seems to end later than it does. */
	held = fair_now();
	hold_pause(hold.lease);
	more = group && count_threads(process) > threads;
	busy(WHAT_RESUME, 0);
	if (hold_end(process, &hold, &begin, before, held) && more)
		count(COUNT_BORN_HELD);
}

/* Some objects have a guardian, and few have their target killed. */
static void set_policy(int process, __u64 ident)
{
	int receiver = random_slot(ROLE_RECEIVER), endpoint, guardian = -1, ret;

	endpoint = chance(80) ? steal(receiver, &board->slots[receiver].endpoint) : -1;
	if (endpoint >= 0) {
		guardian = proxyipc_endpoint_mint(endpoint, ident, PROXYIPC_RIGHT_SEND, 0);
		close(endpoint);
	}
	ret = proxyipc_process_set_policy(process, guardian,
					  chance(5) ? PROXYIPC_POLICY_KILL :
						      PROXYIPC_POLICY_RESUME,
					  chance(5) ? PROXYIPC_POLICY_KILL :
						      PROXYIPC_POLICY_RESUME);
	note(WHAT_POLICY, ident, 0, ret);
	if (ret && ret != -EPIPE && ret != -ESRCH && ret != -ENOBUFS)
		violation(ident_slot(ident), ident, 0, "set a policy: %s",
			  strerrorname_np(-ret));
	if (guardian >= 0)
		close(guardian);
}

int adopt(int process, __u64 ident, int endpoint)
{
	int taken = -1, receiver, entry, ret;

	if (endpoint < 0) {
		receiver = random_slot(ROLE_RECEIVER);
		taken = steal(receiver, &board->slots[receiver].endpoint);
		if (taken < 0)
			return taken;
		endpoint = taken;
	}
	entry = proxyipc_endpoint_mint(endpoint, ident, PROXYIPC_RIGHT_SEND, 0);
	if (taken >= 0)
		close(taken);
	if (entry < 0)
		return entry;
	ret = proxyipc_process_set_receiver(process, entry);
	note(WHAT_ADOPT, ident, 0, ret);
	close(entry);
	if (chance(30))
		set_policy(process, ident);
	return ret;
}
