/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The board: memory that all parties share, and that outlives each of them. A
 * party can be killed between any two instructions, so nothing on it is guarded by
 * a lock. What several write is atomic; the rest has one writer at a time.
 */
#ifndef STRESS_BOARD_H
#define STRESS_BOARD_H

#include <linux/types.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "call.h"
#include "history.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define NS_PER_MS	1000000ULL
#define NS_PER_S	1000000000ULL

/* What a party is for. Each role has the slots that role_slots() names. */
enum role {
	ROLE_TARGET,
	ROLE_INVOKER,
	ROLE_RECEIVER,
	ROLE_DISTURBER,		/* stops, traces, freezes and signals others */
	ROLE_OBSERVER,		/* looks at targets from outside */
	NR_ROLES,
};

#define NR_SLOTS	(64 + 16 + 4 + 4 + 2)
#define NR_THREADS	4	/* of a target, with process objects of their own, at most */
#define NR_CHAINS	2	/* of a target: of threads that have none, see crowd.h */
#define NR_CELLS	(NR_THREADS + NR_CHAINS)
/* Process objects of a target: each thread's, and behind those that of all together. */
#define GROUP		NR_THREADS
#define NR_OBJECTS	(NR_THREADS + 1)
#define NR_LIVES	16	/* generations of a target whose cells are kept */

/*
 * What one target thread does in user mode: it counts. Of one thread for ever, or of
 * one chain, of which one thread counts at a time: the next life of a slot has other
 * cells, so a count never moves on behalf of somebody else. @life of a life's first
 * cell says whose they are.
 */
struct cell {
	_Atomic __u32 life;
	_Atomic pid_t tid;
	_Atomic __u64 count;
	_Atomic unsigned int divisor;	/* of its divisions; 0 is a fault */
};

/* What disturbs a party, so that it is no wonder if it makes no progress. */
enum disturbance {
	DISTURB_NONE,
	DISTURB_STOP,
	DISTURB_TRACE,
	DISTURB_FREEZE_V1,
	DISTURB_FREEZE_V2,
};

/* A place that one party after the other has. */
struct slot {
	enum role role;
	bool sturdy;	/* killed rarely */
	bool quiet;	/* never stopped, traced, frozen or signalled */

	/* By main. */
	_Atomic pid_t pid;	/* 0 while there is nobody */
	_Atomic __u32 life;	/* how many there were */
	_Atomic __u64 born;	/* fair time */

	/* By the party: descriptors that others may take, -1 for none. */
	_Atomic int process[NR_OBJECTS];
	_Atomic int proxy[NR_OBJECTS];
	_Atomic int endpoint;
	_Atomic int entry;
	_Atomic __u64 lease[NR_OBJECTS];

	/* By the party: what it does, until when (fair time) at the latest. */
	_Atomic int doing;	/* enum what */
	_Atomic __u64 until;
	_Atomic __u64 serial;	/* of the call that it makes */

	/* By a disturber, of itself. */
	_Atomic int victim;	/* a slot, or -1 */
	_Atomic int disturbance;

	/* By disturbers and main: when it last had an excuse, fair time. */
	_Atomic __u64 excused;

	struct cell cells[NR_LIVES][NR_CELLS];
};

/* What happened how often. */
enum count {
	COUNT_KILLS,
	COUNT_BIRTHS,
	COUNT_CALLS,		/* that have ended */
	COUNT_ANSWERED,
	COUNT_SENDS,
	COUNT_NOTICES,
	COUNT_RECEIVED,
	COUNT_EPISODES,		/* proxied messages received */
	COUNT_EVENTS,
	COUNT_HOLDS,		/* by hand */
	COUNT_CHECKED,		/* holds in force during which a count was compared */
	COUNT_EXPIRED,		/* holds that were gone when they were to be resumed */
	COUNT_LATE,		/* answers for which nobody waited */
	COUNT_PASSED,		/* descriptors passed through the market */
	COUNT_STOPS,
	COUNT_TRACES,
	COUNT_FREEZES,
	COUNT_SIGNALS,
	COUNT_SHUFFLES,
	COUNT_EXECS,
	COUNT_FORKS,
	COUNT_DEFERRED,		/* notices that found their target in a section */
	COUNT_YIELDED,		/* sections at whose end a hold waited */
	COUNT_WATCHDOGS,	/* expiries received */
	COUNT_FAULTS,		/* by targets, of what nobody mended yet */
	COUNT_FAULTS_HANDLED,	/* the signal came, in the end */
	COUNT_FAULTS_MENDED,	/* the instruction was executed */
	COUNT_FAULTS_RETRIED,	/* by receivers: resumed with or without a word */
	COUNT_FAULTS_DELIVERED,
	COUNT_REGS,		/* registers read */
	COUNT_REDELIVERED,	/* to guardians */
	COUNT_THREADS,		/* of chains, born */
	COUNT_GROUP_CHECKED,	/* as COUNT_CHECKED, of whole groups */
	COUNT_GROUP_FAULTS,	/* of which the receiver of a whole group was told */
	COUNT_GROUP_WATCHDOGS,
	COUNT_BORN_HELD,	/* holds of groups during which threads were born */
	NR_COUNTS,
};

struct board {
	__u64 seed;
	_Atomic bool over;		/* nothing new is begun */
	_Atomic __u64 fair;		/* see fair_now() */
	_Atomic __u64 next_word;	/* for fresh_word() */
	_Atomic __u64 counts[NR_COUNTS];
	int market[2];			/* see market.h */
	int cgroup_v1, cgroup_v2;
	struct slot slots[NR_SLOTS];
	struct call_table calls;
	struct history history;
};

extern struct board *board;

/* Makes it, or finds it again after an exec. Both end the program if they can't. */
void board_create(__u64 seed);
void board_find(void);

/*
 * Of the targets' slots every EXTREMEth is one that spins in user mode for ever, and as
 * many have chains of threads, and nothing else ever disturbs them.
 */
#define EXTREME		16
#define SPINNER		0
#define CROWD		8

/* The first slot of a role, and how many there are. */
int role_first(enum role role);
int role_slots(enum role role);
const char *role_name(enum role role);

/*
 * Time as main sees it pass, nanoseconds. main has the highest priority, and goes round
 * in a loop every few milliseconds; a round that takes more than FAIR_ROUND counts as
 * that much. So where the machine is slow (it is a guest, and shares its host with
 * others), or stands still for a while, this goes slow too. All limits of the oracle
 * are in this time, which is never later than it would be on a machine that keeps up.
 */
#define FAIR_ROUND	(100 * NS_PER_MS)
__u64 fair_now(void);

/* A number that nobody else gets. */
__u64 fresh_word(void);

static inline void count(enum count what)
{
	atomic_fetch_add_explicit(&board->counts[what], 1, memory_order_relaxed);
}

/*
 * What a target's process object is on, as a payload of entries: @object is a thread, or
 * GROUP. Who receives for it knows which cells to look at, those of one life of the
 * slot. find_cells() is NULL when they have been given to another.
 */
__u64 ident_of(int slot, __u32 life, int object);
struct cell *find_cells(__u64 ident);
int ident_slot(__u64 ident);
int ident_object(__u64 ident);
/* The cell of a thread: that of @ident or, if that is a group, the one that has it. */
struct cell *find_cell(__u64 ident, pid_t tid);

#endif /* STRESS_BOARD_H */
