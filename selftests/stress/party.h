/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A party: a process that has a role and a slot, can be killed at any time, and is
 * replaced then. main is the parent of all.
 */
#ifndef STRESS_PARTY_H
#define STRESS_PARTY_H

#include <linux/types.h>
#include <stdbool.h>
#include <sys/types.h>

#include "board.h"

/* Of this process: its slot, -1 in main, and which life of the slot it is. */
extern int self;
extern __u32 self_life;

/* The bodies of the roles, none of which returns, and of a target after an exec. */
void target_main(void);
void invoker_main(void);
void receiver_main(void);
void disturber_main(void);
void observer_main(void);

/* main: what it knows of a party beside what is on the board. */
struct party {
	pid_t pid;	/* 0: none */
	__u64 killed;	/* fair time of its SIGKILL, 0 if there was none */
	bool boosted;
};

extern struct party parties[NR_SLOTS];

/* main: fill empty slots; take leave of who ended. */
void parties_spawn(void);
void parties_reap(void);
int parties_alive(void);
void party_kill(int slot);

/* main: all of its threads, in front of everything but main; and back. */
void party_boost(int slot, bool boost);

/* The party: what it does now, and for how many more nanoseconds it may. */
void busy(enum what what, __u64 ns);

/* main, and after an exec: the signal handlers that everybody has. */
void party_signals(void);

/* The party: becomes what the board says of it. Also after an exec. */
void party_become(int slot, __u32 life);

void sleep_us(__u64 us);

/* A party of a role, at random; one that is there now or isn't. */
int random_slot(enum role role);

/* Which process object of a target: mostly of its first thread or of all of them. */
int random_object(void);

#endif /* STRESS_PARTY_H */
