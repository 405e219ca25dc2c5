// SPDX-License-Identifier: GPL-2.0
/*
 * The torture of proxyipc: 64 targets, 16 invokers, 4 receivers and those who disturb
 * and observe them, all of whom are killed and replaced all the time; and an oracle
 * that says what must never be seen. Run by selftests/vm/stress, in a guest.
 *
 * What decides is in oracle.c (holds), call.c (calls and answers), observer.c (leases,
 * dead receivers, waiting calls), watchdog.c (deadlocks, SIGKILL), leftovers.c (the end).
 */
#define _GNU_SOURCE
#include <err.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "board.h"
#include "clock.h"
#include "disturber.h"
#include "leftovers.h"
#include "market.h"
#include "party.h"
#include "storm.h"
#include "target.h"
#include "watchdog.h"

/* The pause after a round of main's loop, at least. */
#define ROUND		(4 * NS_PER_MS)

/* A first, short storm, after which it is measured what a quiet system has in use. */
#define REHEARSAL_S	2

#define REPORT_EVERY_S	10

/* A storm in which everything happens, on a machine that keeps up: ten seconds' kills. */
#define ENOUGH_KILLS	2000

/*
 * main sleeps for twice as long as its round took, that a slow machine has time for
 * others than main, and at least for a moment.
 */
static void end_round(__u64 began)
{
	static __u64 last;
	__u64 pause = 2 * (now_ns() - began), now;

	sleep_us((pause < ROUND ? ROUND : pause) / 1000);
	now = now_ns();
	if (last)
		board->fair += now - last < FAIR_ROUND ? now - last : FAIR_ROUND;
	last = now;
}

/* Fair time. */
static __u64 storm_began;

static __u64 counted(enum count what)
{
	return board->counts[what];
}

static __u64 kills_per_second(unsigned int seconds)
{
	return seconds ? counted(COUNT_KILLS) / seconds : 0;
}

static void report(unsigned int seconds)
{
	printf("%5u s: %llu kills (%llu/s), %llu calls, %llu answered, %llu episodes, ",
	       seconds, counted(COUNT_KILLS), kills_per_second(seconds),
	       counted(COUNT_CALLS), counted(COUNT_ANSWERED), counted(COUNT_EPISODES));
	printf("%llu holds by hand, %llu checked, %llu stops, %llu traces, %llu freezes, ",
	       counted(COUNT_HOLDS), counted(COUNT_CHECKED), counted(COUNT_STOPS),
	       counted(COUNT_TRACES), counted(COUNT_FREEZES));
	printf("%llu forks, %llu execs, %llu deferred, %llu yielded, %llu expiries, ",
	       counted(COUNT_FORKS), counted(COUNT_EXECS), counted(COUNT_DEFERRED),
	       counted(COUNT_YIELDED), counted(COUNT_WATCHDOGS));
	printf("%llu faults (%llu handled, %llu retried, %llu mended), ",
	       counted(COUNT_FAULTS), counted(COUNT_FAULTS_HANDLED),
	       counted(COUNT_FAULTS_RETRIED), counted(COUNT_FAULTS_MENDED));
	printf("%llu registers, %llu redelivered, ", counted(COUNT_REGS),
	       counted(COUNT_REDELIVERED));
	printf("groups: %llu checked, %llu while threads were born, %llu threads, ",
	       counted(COUNT_GROUP_CHECKED), counted(COUNT_BORN_HELD),
	       counted(COUNT_THREADS));
	printf("%llu faults, %llu expiries; ", counted(COUNT_GROUP_FAULTS),
	       counted(COUNT_GROUP_WATCHDOGS));
	printf("fair time %llu s\n", (fair_now() - storm_began) / NS_PER_S);
	fflush(stdout);
}

static void storm(unsigned int seconds, bool aloud)
{
	__u64 began = now_ns(), end = began + seconds * NS_PER_S, round;
	unsigned int reported = 0, now;

	disturbers_begin();
	storm_began = fair_now();
	storm_begin();
	while (now_ns() < end && !violated()) {
		round = now_ns();
		parties_reap();
		parties_spawn();
		storm_blow();
		watchdog_look();
		now = (now_ns() - began) / NS_PER_S;
		if (aloud && now >= reported + REPORT_EVERY_S) {
			reported = now;
			report(now);
		}
		end_round(round);
	}
}

static void kill_all(enum role role)
{
	int nr;

	for (nr = 0; nr < role_slots(role); nr++)
		party_kill(role_first(role) + nr);
}

/* Until nobody from slot @first on is left. */
static void await_end(int first)
{
	__u64 end = fair_now() + 30 * NS_PER_S;
	int nr;

	do {
		end_round(now_ns());
		parties_reap();
		if (!violated())
			watchdog_look();
		for (nr = first; nr < NR_SLOTS; nr++)
			if (parties[nr].pid)
				break;
	} while (nr < NR_SLOTS && fair_now() < end);
}

/*
 * Everybody dies, and must do so in time as ever. The disturbers first (and with
 * them the observers, whose slots are the last): then nothing stays frozen.
 */
static void calm(void)
{
	enum role role;

	kill_all(ROLE_DISTURBER);
	kill_all(ROLE_OBSERVER);
	await_end(role_first(ROLE_DISTURBER));
	disturbers_thaw();
	for (role = 0; role < NR_ROLES; role++)
		kill_all(role);
	await_end(0);
	if (parties_alive())
		violation(-1, 0, 0, "%d parties don't die", parties_alive());
	market_empty();
	disturbers_end();
}

/* A storm in which nothing happened says nothing. */
static bool all_happened(const enum count *needed, unsigned int length)
{
	unsigned int nr;

	for (nr = 0; nr < length; nr++)
		if (!counted(needed[nr])) {
			printf("nothing was tested: count %u is 0\n", needed[nr]);
			return false;
		}
	return true;
}

/* What is rarer is asked for where there was enough of a storm. */
static bool something_happened(void)
{
	static const enum count needed[] = {
		COUNT_KILLS, COUNT_CALLS, COUNT_ANSWERED, COUNT_SENDS, COUNT_NOTICES,
		COUNT_EPISODES, COUNT_EVENTS, COUNT_HOLDS, COUNT_CHECKED, COUNT_EXPIRED,
		COUNT_PASSED, COUNT_STOPS, COUNT_TRACES, COUNT_FREEZES, COUNT_SIGNALS,
		COUNT_EXECS, COUNT_FORKS, COUNT_THREADS, COUNT_GROUP_CHECKED,
	};
	static const enum count rarer[] = {
		COUNT_DEFERRED, COUNT_YIELDED, COUNT_WATCHDOGS, COUNT_FAULTS,
		COUNT_FAULTS_HANDLED, COUNT_FAULTS_MENDED, COUNT_FAULTS_RETRIED,
		COUNT_FAULTS_DELIVERED, COUNT_REGS, COUNT_REDELIVERED,
		COUNT_GROUP_FAULTS, COUNT_GROUP_WATCHDOGS,
	};

	if (!all_happened(needed, ARRAY_SIZE(needed)))
		return false;
	return counted(COUNT_KILLS) < ENOUGH_KILLS ||
	       all_happened(rarer, ARRAY_SIZE(rarer));
}

static void verdict(bool passed, const char *kernel, unsigned int seconds)
{
	printf("stress: %s on %s, seed %llu, %u s: %llu kills (%llu/s), %llu calls, ",
	       passed ? "PASSED" : "FAILED", kernel, board->seed, seconds,
	       counted(COUNT_KILLS), kills_per_second(seconds), counted(COUNT_CALLS));
	printf("%llu sends, %llu notices, %llu episodes, %llu holds by hand, %llu checked",
	       counted(COUNT_SENDS), counted(COUNT_NOTICES), counted(COUNT_EPISODES),
	       counted(COUNT_HOLDS), counted(COUNT_CHECKED));
	if (violated())
		printf("; first violation: %s", board->history.text);
	printf("\n");
	fflush(stdout);
}

static bool torture(unsigned int seconds)
{
	__u64 began;

	leftovers_fresh();
	storm(REHEARSAL_S, false);
	calm();
	if (violated())
		return false;
	leftovers_begin();
	memset(board->counts, 0, sizeof(board->counts));
	began = now_ns();
	storm(seconds, true);
	if (violated())
		watchdog_show();
	report((now_ns() - began) / NS_PER_S);
	calm();
	return !violated() && leftovers_none() && something_happened();
}

static void prepare(__u64 seed)
{
	struct sched_param param = { .sched_priority = 50 };

	board_create(seed);
	market_open();
	party_signals();
	/* Strays of targets that were killed come to us. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* Else each move to another cgroup waits for RCU, and all who fork for it. */
	mount(NULL, "/sys/fs/cgroup", NULL, MS_REMOUNT, "favordynmods");
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) ||
	    mlockall(MCL_CURRENT))
		err(125, "priority");
}

static unsigned long number(const char *word)
{
	unsigned long value;
	char *end;

	value = strtoul(word, &end, 10);
	if (*word < '0' || *word > '9' || *end)
		errx(125, "usage: stress SECONDS SEED KERNEL");
	return value;
}

int main(int argc, char **argv)
{
	unsigned int seconds;
	bool passed;

	if (argc == 2 && !strcmp(argv[1], "--nothing"))
		return 0;
	if (argc == 6 && !strcmp(argv[1], "--target"))
		target_again(argv + 2);
	if (argc != 4 || !number(argv[1]))
		errx(125, "usage: stress SECONDS SEED KERNEL");
	seconds = number(argv[1]);
	prepare(number(argv[2]));
	printf("seed %llu, %u s\n", board->seed, seconds);
	passed = torture(seconds);
	if (violated())
		history_print();
	verdict(passed, argv[3], seconds);
	return !passed;
}
