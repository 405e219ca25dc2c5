/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who did what, when: a ring in shared memory. A record whose writer was killed
 * while it wrote is left out, none is ever waited for.
 */
#ifndef STRESS_HISTORY_H
#define STRESS_HISTORY_H

#include <linux/types.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#define NR_RECORDS	(1 << 16)

enum what {
	WHAT_BORN,		/* also: is still getting ready */
	WHAT_KILL,
	WHAT_REAPED,
	WHAT_LOOP,		/* nothing in particular */
	WHAT_CALL,		/* a: serial, b: payload */
	WHAT_SEND,
	WHAT_NOTIFY,
	WHAT_CALLED,		/* end of a call or send */
	WHAT_RECV,		/* waits for a message */
	WHAT_RECEIVED,		/* a: serial, b: token */
	WHAT_ANSWER,		/* a: serial, b: word */
	WHAT_ANSWERED,
	WHAT_GIVE_UP,		/* a: serial, b: token */
	WHAT_EVENT,		/* a: events, b: token */
	WHAT_HOLD,		/* a: ident, b: lease */
	WHAT_HELD,		/* a: ident, b: token */
	WHAT_RESUME,		/* a: ident, b: token */
	WHAT_RESUMED,
	WHAT_STALE,		/* tries a token of the past; a: ident, b: token */
	WHAT_ADOPT,		/* sets the receiver; a: ident */
	WHAT_POLICY,		/* likewise */
	WHAT_LOOK,		/* a: ident, b: token */
	WHAT_FORK,
	WHAT_EXEC,
	WHAT_FAULT,		/* a: ident, b: a division? */
	WHAT_DISTURB,		/* a: slot, b: how */
	WHAT_DISTURBED,
	NR_WHATS,
};

struct record {
	_Atomic __u64 number;	/* 0 while it is written */
	__u64 time;
	__u64 a, b;
	__u32 life;
	__s32 result;
	__u16 slot;
	__u16 what;
};

struct history {
	_Atomic __u64 next;
	_Atomic bool closed;
	struct record records[NR_RECORDS];

	/* The first violation. */
	_Atomic int violated;	/* 1: somebody writes what follows, 2: it is there */
	__u64 when;
	int by, about;		/* slots; about is -1 if it is about none */
	__u64 key_a, key_b;	/* what its records have as a or b, 0 for none */
	char text[512];
};

const char *what_name(enum what what);

void note(enum what what, __u64 a, __u64 b, int result);
/* The same on behalf of another slot: main of those that it kills. */
void note_for(int slot, enum what what, __u64 a, __u64 b, int result);

/*
 * Something that must not be. The first to say so is heard, and ends the run. @about
 * is a slot or -1, @a and @b a serial, token or ident, 0 for none.
 */
__attribute__((format(printf, 4, 5)))
void violation(int about, __u64 a, __u64 b, const char *format, ...);
bool violated(void);

/* The violation, and what led to it. */
void history_print(void);

#endif /* STRESS_HISTORY_H */
