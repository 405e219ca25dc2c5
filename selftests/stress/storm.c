// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "storm.h"

#include <sched.h>

#include "board.h"
#include "clock.h"
#include "party.h"
#include "random.h"

#define SHUFFLES_PER_SECOND	20

/*
 * Should we have come late we catch up by and by: a massacre of the newborn, who have
 * done nothing yet, tests nothing.
 */
#define KILLS_AT_ONCE		8

static __u64 began, kills, shuffles;

void storm_begin(void)
{
	random_begin(board->seed, ~0ULL);
	began = now_ns();
	kills = 0;
	shuffles = 0;
}

/*
 * Anybody; those that are to live long one time in ten. Receivers more than their
 * number says: what they leave behind is the hard part.
 */
static int pick_victim(void)
{
	int nr;

	if (chance(4))
		return random_slot(ROLE_RECEIVER);
	do {
		nr = random_below(NR_SLOTS);
	} while (board->slots[nr].sturdy && !chance(10));
	return nr;
}

static void shuffle(int nr)
{
	pid_t pid = board->slots[nr].cells[board->slots[nr].life % NR_LIVES]
			[random_below(NR_CELLS)].tid;
	cpu_set_t cpus;
	int cpu;

	CPU_ZERO(&cpus);
	for (cpu = 0; cpu < 2; cpu++)
		if (chance(60))
			CPU_SET(cpu, &cpus);
	sched_setaffinity(pid ? pid : parties[nr].pid, sizeof(cpus), &cpus);
	count(COUNT_SHUFFLES);
}

static __u64 due(__u64 rate)
{
	return (now_ns() - began) * rate / NS_PER_S;
}

void storm_blow(void)
{
	int tries = KILLS_AT_ONCE;

	while (kills < due(KILLS_PER_SECOND) && tries--) {
		int nr = pick_victim();

		if (!parties[nr].pid || parties[nr].killed)
			continue;
		party_kill(nr);
		kills++;
	}
	while (shuffles < due(SHUFFLES_PER_SECOND)) {
		int nr = random_below(NR_SLOTS);

		if (parties[nr].pid)
			shuffle(nr);
		shuffles++;
	}
}
