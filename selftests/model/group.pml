// SPDX-License-Identifier: GPL-2.0
/*
 * A hold on a thread group: module/walk.c against fork(). That one thread which is held
 * executes no user instruction is hold.pml's; here "held" is taken for that.
 *
 * What is checked: after the confirmation, and until the hold is dropped, no thread
 * executes a user instruction: assert(!confirmed) where they do. And everybody goes on
 * in the end: a state in which nothing can happen, and somebody is not at his end, is
 * an error.
 *
 * The list of threads is as RCU shows it: a walk may stand on an element that is taken
 * out, whose pointer to the next stays as it was. New ones come to its front here, where
 * a walk never sees them; in the kernel they come to its end, which we don't rely on.
 *
 * Seeds:
 *   BUG_BIRTHS	the confirmation doesn't ask whether somebody was born
 *   BUG_SPARE	a thread counts as held without a record to spare
 *   BUG_PROBE	the probe looks whether there are holds before the child is in the list
 *   BUG_START	the child runs before its hold is on
 *   BUG_SYNC	the child gets a record, but not the hold
 *   BUG_DROP	who is parked isn't told of the end of the hold
 */

#ifndef THREADS
#define THREADS 3		/* that there can be at all; number 0 is the list's head */
#endif
#define SLOTS (THREADS + 1)
#ifndef ROUNDS
#define ROUNDS 1
#endif

byte next[SLOTS];		/* 0: the end of the list */
bool listed[SLOTS];
byte nr_threads = 1;		/* that there have been */

bool record[SLOTS];		/* has joined */
bool spare[SLOTS];
bool held[SLOTS];
bool parked[SLOTS];
bool gone[SLOTS];

bool hold;			/* in the group's list */
bool confirmed;
byte births;

inline list_add(new)
{
	next[new] = next[0];
	next[0] = new;
	listed[new] = true
}

/* The one before it in the list is found by looking for it. */
inline list_del(old)
{
	i = 0;
	do
	:: next[i] == old && (i == 0 || listed[i]) -> break
	:: else -> i++
	od;
	next[i] = next[old];
	listed[old] = false;
	i = 0
}

/* The way to user mode: the callback, if it is held. */
inline to_user()
{
	if
	:: atomic { held[me] -> parked[me] = true };
	   atomic { !held[me] -> parked[me] = false }
	:: atomic { !held[me] -> assert(!confirmed) }
	fi
}

/* What the probe of fork(2) does for @child. */
inline probe()
{
#ifndef BUG_PROBE
	atomic {
		births++;
		wanted = hold
	};
#endif
	atomic {
		if
		:: wanted && record[me] && spare[me] ->
			spare[me] = false;
			record[child] = true;
#ifndef BUG_SYNC
			held[child] = hold
#endif
		:: else
		fi
	}
}

proctype thread(byte me)
{
	byte child, i;
	bool wanted;

	to_user();
	do
	/* It is interrupted, and comes back; or goes on, which the rest stands for. */
	:: held[me] -> to_user()
	/* Its last instruction is that of clone(). */
	:: atomic { !held[me] && nr_threads < THREADS ->
		assert(!confirmed);
		nr_threads++;
		child = nr_threads
	   };
#ifdef BUG_PROBE
	   atomic {
		births++;
		wanted = hold
	   };
#endif
	   atomic { list_add(child) };
#ifdef BUG_START
	   run thread(child);
	   probe();
#else
	   probe();
	   run thread(child);
#endif
	   to_user()
	:: atomic { !held[me] ->
		assert(!confirmed);
		break
	   }
	od;
	atomic {
		list_del(me);
		gone[me] = true
	}
}

/* Somebody maps the main thread's control page: it joins, and nothing else. */
active proctype mapper()
{
	atomic {
		if
		:: gone[1] || !listed[1]
		:: else ->
			record[1] = true;
			held[1] = hold
		fi
	}
}

/* Has something to be done about it, so that it is held, with the children it has? */
#ifdef BUG_SPARE
#define READY(t) true
#else
#define READY(t) (spare[t] || parked[t])
#endif

inline pass()
{
	todo = 0;
	cur = next[0];
	do
	:: cur == 0 -> break
	:: else ->
		atomic {
			if
			:: gone[cur] || (record[cur] && held[cur] && READY(cur))
			:: else -> todo = cur
			fi
		};
		cur = next[cur]
	od
}

/* One of them joins, with a record to spare, and is held and confirmed. */
inline join_one()
{
	atomic {
		if
		:: gone[todo]
		:: else ->
			record[todo] = true;
			spare[todo] = true;
			held[todo] = hold
		fi
	}
}

active proctype holder()
{
	byte cur, todo, seen, round, t;

	atomic {
		list_add(1);
		run thread(1)
	};
	do
	:: round == ROUNDS -> break
	:: else ->
		hold = true;
		do
		:: seen = births;
		   pass();
		   if
		   :: todo != 0 ->
			join_one()
		   :: else ->
			atomic {
				if
#ifdef BUG_BIRTHS
				:: true -> confirmed = true; break
#else
				:: births == seen -> confirmed = true; break
				:: else
#endif
				fi
			}
		   fi
		od;
		/* It is held. Then it is resumed. */
		atomic {
			confirmed = false;
			hold = false
		};
		t = 1;
		do
		:: t > THREADS -> break
		:: else ->
#ifdef BUG_DROP
			atomic { !parked[t] -> held[t] = false };
#else
			held[t] = false;
#endif
			t++
		od;
		round++
	od
}
