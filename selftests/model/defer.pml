/* SPDX-License-Identifier: GPL-2.0 */
/*
 * "Not now": how a target defers the holds on it. What module/defer.c and confirm.c do,
 * which hold.pml leaves out: thread_defers_locked(), thread_is_deferring_locked(),
 * thread_take_effect_locked(), hold_look_locked() with its numbered queueings, the timer
 * of the bound, YIELD, and the exec probe's end of it all. What is here of the rest is
 * what that needs: one target, two holders, the callback, its kick. SIGKILL, identities
 * and references are hold.pml's business.
 *
 * One step is one section under thread->lock, or what the target does between two of
 * them. Its own side, proxyipc_defer() and proxyipc_undefer(), is one step for each
 * access to the page. Time is a clock that goes up to NOW_MAX; the timer may be as late
 * as it likes, but the run doesn't end before it. The holders grant one and two ticks, the
 * first one now and then none at all.
 *
 * Properties, each named where it is checked:
 *   P_CONFIRMED  a hold in effect: the target isn't in user mode
 *   P_TOGETHER   if one hold is in effect all are
 *   P_USER       it goes to user mode, with holds on it, only to a section or to its
 *                look at pending behind one, and with a timer that will end that
 *   P_ONCE       nothing is deferred beyond what the first deferred hold was granted,
 *                until a hold has taken effect, or the section was seen to be over
 *   P_GRANTED    and what it was granted is not denied: a section is cut short only by a
 *                hold that grants nothing, or at the end of what one granted in it
 *   P_LEFT       who leaves a section without a yield has nobody waiting for that
 *   P_END        at last every hold is in effect or off, and its owner was told so
 *   P_RUNS       a target that nobody holds runs
 * That every run does end is checked as well (no cycles): no confirmation looks and
 * interrupts for ever.
 *
 * -DBUG_x plants a mistake, which has to be found.
 */

#define HOLDERS		2
#ifndef NOW_MAX
#define NOW_MAX		3
#endif
#ifndef ROUNDS
#define ROUNDS		2	/* holds by the first holder; the other has one */
#endif
#ifndef SECTIONS
#define SECTIONS	2	/* of the target */
#endif
#ifndef SYSCALLS
#define SYSCALLS	1	/* of the target, beside YIELD at the end of a section */
#endif

/* --- struct proxyipc_thread, and of each object its hold ------------------------- */

bool on[HOLDERS];		/* hold->link */
bool in_effect[HOLDERS];	/* hold->confirmed */
bool told[HOLDERS];		/* hold->deferred */
byte until[HOLDERS];		/* hold->defer_until */
bool fresh[HOLDERS];		/* its confirmation has kicked since the last queueing */
bool queued, parked, in_exec, dead;
byte defer_end;			/* one more than it is: 0 is none */

bool armed, fires;		/* defer_timer: is queued; its handler wants the lock */
byte fires_at;

/* --- the page ---------------------------------------------------------------------- */

bool defer;
bool pending;

/* --- the target, as the kernel has it ----------------------------------------------- */

bool user, tif;
bool kick[HOLDERS];		/* interrupts on their way */
bool woken;			/* from the callback's schedule() */
bool amid;			/* in an exec, where it may not park */
bool gone;

/* --- what is asked of them ---------------------------------------------------------- */

byte now;
byte account;			/* when what was granted ends; one more, 0: none */
byte granted;			/* of that, in the present section */

#define HELD		(on[0] || on[1])
#define NR_CONFIRMED	(in_effect[0] || in_effect[1])

inline check()
{
	/* P_CONFIRMED */
	assert(!user || !NR_CONFIRMED);
	/* P_TOGETHER */
	assert(!NR_CONFIRMED || (on[0] == in_effect[0] && on[1] == in_effect[1]))
}

/* --- module/defer.c, confirm.c: what is under the lock ------------------------------------------- */

/* thread_settle_locked() */
inline settle()
{
	told[0] = false;
	told[1] = false
}

/* hrtimer_try_to_cancel() */
inline disarm()
{
	armed = false;
	fires_at = 0
}

/* thread_end_deferral_locked() */
inline end_deferral()
{
	defer_end = 0;
	pending = false;
	disarm()
}

/* thread_take_effect_locked() */
inline take_effect(i)
{
	/* P_GRANTED */
	assert(NR_CONFIRMED || !defer || amid || (on[0] && until[0] <= now) ||
	       (on[1] && until[1] <= now) || (granted && now + 1 >= granted));
	granted = 0;
#ifdef BUG_EFFECT_ONE
	in_effect[i] = on[i];
#else
	in_effect[0] = on[0];
	in_effect[1] = on[1];
#endif
#ifndef BUG_NO_SETTLE
	settle();
#endif
	end_deferral();
	account = 0;
	check()
}

/* hold_unlink_locked() */
inline hold_unlink(i)
{
	if
	:: on[i] ->
		on[i] = false;
		told[i] = false;
		in_effect[i] = false;
		until[i] = 0;
		fresh[i] = false;
		if
		:: !HELD -> woken = parked; disarm()
		:: else
		fi
	:: else
	fi
}

/* thread_defer_end_locked() and the rest of thread_defers_locked() */
inline thread_defers(ok)
{
	if
	:: NR_CONFIRMED || !defer -> ok = false
	:: else ->
		limit = NOW_MAX + 2;
#ifndef BUG_BOUND_RESTART
		if
		:: defer_end -> limit = defer_end
		:: else
		fi;
#endif
		if
		:: on[0] && until[0] + 1 < limit -> limit = until[0] + 1
		:: else
		fi;
		if
		:: on[1] && until[1] + 1 < limit -> limit = until[1] + 1
		:: else
		fi;
		ok = now + 1 < limit;
		if
		:: ok ->
			armed = true;
			fires_at = limit - 1;
			defer_end = limit;
#ifdef BUG_PENDING_LATE
			late_pending = true;
#else
			pending = true;
#endif
			if
			:: !account -> account = limit
			:: else
			fi;
			granted = limit;
			/* P_ONCE */
			assert(now + 1 < account)
		:: else
		fi;
		limit = 0
	fi
}

#ifdef BUG_PENDING_LATE
bool late_pending;

/* After unlock. */
proctype Late()
{
end:	do
	:: atomic { late_pending -> late_pending = false; pending = armed }
	od
}
#endif

/* thread_queue_locked() */
inline thread_queue()
{
	if
	:: queued || parked
	:: else ->
		queued = true;
		tif = true;
#ifndef BUG_DEFER_KICK
		/* queueings++ */
		fresh[0] = false;
		fresh[1] = false
#endif
	fi
}

/* hold_callback(), from thread->queued = false on: does it park? */
inline must_park()
{
	parked = false;
	if
#ifndef BUG_GIVEN_UP
	:: !HELD && !amid && !defer -> end_deferral(); account = 0
#endif
	:: HELD && !amid ->
		thread_defers(ok);
		if
		:: !ok ->
			if
			:: on[0] -> take_effect(0)
			:: else -> take_effect(1)
			fi;
			parked = true
		:: else
		fi;
		ok = false
	:: else
	fi
}

/* --- whoever holds ---------------------------------------------------------------------- */

mtype = { AGAIN, DEFERRED, CONFIRMED, OFF };

/* hold_look_locked() */
inline look(i)
{
	out = queued || parked;
	if
	:: !on[i] -> result = OFF
	:: on[i] && in_effect[i] -> result = CONFIRMED
	:: on[i] && !in_effect[i] && queued && !fresh[i] -> result = AGAIN
	:: else ->
		if
		:: out -> thread_defers(ok)
		:: else -> ok = armed
		fi;
		if
		:: ok -> told[i] = true; result = DEFERRED
		:: !ok && (out || in_exec) -> take_effect(i); result = CONFIRMED
		:: else -> thread_queue(); result = AGAIN
		fi
	fi;
	fresh[i] = true;
	ok = false;
	out = false
}

/* hold_kick() */
inline kick_it(i)
{
	atomic {
		if
		:: user -> kick[i] = true
		:: else
		fi
	};
	!kick[i] || gone
}

proctype Holder(byte i)
{
	byte rounds = (i -> 1 : ROUNDS), limit;
	mtype result;
	bool ok, out;

	do
	/* proxyipc_hold_add(), what it grants ends before the clock does */
	:: atomic { rounds > 0 && !dead && now + 1 + i <= NOW_MAX ->
		rounds--;
		thread_queue();
		until[i] = now + 1 + i;
		if
		:: i == 0 -> until[0] = now	/* PROXYIPC_HOLD_NODEFER */
		:: true
		fi;
		on[i] = true;
		fresh[i] = false;
		if
		:: NR_CONFIRMED -> take_effect(i)
		:: else
		fi };
		/* proxyipc_hold_confirm(), again when it is told to */
		do
		:: atomic { true -> look(i) };
			if
			:: result == AGAIN -> kick_it(i)
			:: result == DEFERRED ->
				if
				:: true -> !told[i]
				:: break	/* its lease, or its sender, ends it */
				fi
			:: else -> break
			fi
		od;
		if
		:: result == CONFIRMED -> goto rest	/* never resumes */
		:: true
		fi;
		/* proxyipc_hold_drop() */
		atomic { hold_unlink(i); check(); result = 0 }
	:: break
	od;
rest:
	skip
}

/* --- the bound ----------------------------------------------------------------------------- */

proctype Clock()
{
end:	do
	/* Else nothing is measured by it. */
	:: atomic { now < NOW_MAX && (HELD || defer_end) -> now++ }
	od
}

/* thread_defer_timer() */
proctype Timer()
{
end:	do
	:: atomic { armed && now >= fires_at -> disarm(); fires = true };
		atomic {
			fires = false;
			if
			:: HELD && defer_end && now + 1 >= defer_end ->
				thread_queue();
#ifdef BUG_TIMER_EFFECT
				take_effect(0);
#endif
#ifndef BUG_TIMER_SETTLE
				settle()
#endif
			:: else
			fi
		}
	od
}

/* --- the target ---------------------------------------------------------------------------- */

/* What it is about to do. */
mtype = {
	USER,
	LEAVING,	/* in user mode, between its store to defer and its look at pending */
	RETURN,		/* on its way to user mode */
	AWAY,		/* in a system call that doesn't end */
	YIELD, CALLBACK, SLEEP, EXEC, PROBE
};

inline enter_kernel()
{
	user = false;
	kick[0] = false; kick[1] = false
}

proctype Target()
{
	mtype at = RETURN, behind = USER;
	byte sections = SECTIONS, syscalls = SYSCALLS, limit;
	bool ok, endless;

end:	do
	:: atomic { (at == USER || at == LEAVING) && (kick[0] || kick[1]) ->
		enter_kernel();
		behind = at;
		at = RETURN }

	/* proxyipc_defer() */
	:: atomic { at == USER && sections > 0 && !defer ->
		sections--;
		defer = true;
		if
		:: endless = true
		:: true
		fi }
	/* proxyipc_undefer() */
	:: atomic { at == USER && defer && !endless ->
		defer = false;
		granted = 0;
		at = LEAVING }
	:: atomic { at == LEAVING ->
		if
		:: pending -> enter_kernel(); at = YIELD
		:: else ->
			/* P_LEFT */
			assert(!(armed && HELD));
			at = USER
		fi }

	:: atomic { at == USER && syscalls > 0 ->
		enter_kernel();
		syscalls--;
		if
		:: at = RETURN			/* any that ends */
		:: at = AWAY
		:: at = YIELD			/* in a section, or nobody waits */
		:: amid = true; at = EXEC
		:: dead = true;			/* proxyipc_hold_task_exits() */
			hold_unlink(0);
			hold_unlink(1);
			endless = false;
			gone = true;
			break
		fi }
	/* It does end, if somebody waits for that. */
	:: atomic { at == AWAY && !HELD -> at = RETURN }

	/* proxyipc_identity_yield() */
	:: atomic { at == YIELD ->
		if
		:: HELD ->
#ifdef BUG_YIELD_ENDS
			end_deferral();
#endif
#ifndef BUG_YIELD_LOST
			thread_queue()
#endif
		:: !HELD && !defer -> end_deferral(); account = 0
		:: else
		fi;
		at = RETURN }

	:: atomic { at == RETURN && !tif ->
		user = true;
		/* P_USER */
		assert(!HELD || ((defer || behind == LEAVING) && defer_end &&
				 (armed || now + 1 >= defer_end)));
		check();
		at = behind;
		behind = USER }
	:: atomic { at == RETURN && tif -> tif = false; at = CALLBACK }

	/* hold_callback() */
	:: atomic { at == CALLBACK ->
		queued = false;
		woken = false;
		must_park();
		if
		:: parked -> at = SLEEP
		:: else ->
			in_exec = amid && HELD;
			at = (amid -> PROBE : RETURN)
		fi }
	:: atomic { at == SLEEP && woken ->
		woken = false;
		must_park();
		if
		:: !parked -> at = RETURN
		:: else
		fi }

	/* The stage of an exec where io_uring runs task work */
	:: atomic { at == EXEC && tif -> tif = false; at = CALLBACK }
	:: at == EXEC -> at = PROBE
	/* proxyipc_hold_exec_probe(): the new program has no page */
	:: atomic { at == PROBE ->
		amid = false;
		in_exec = false;
		sections = 0;
		defer = false;
		granted = 0;
		end_deferral();
		account = 0;
		if
		:: HELD -> thread_queue()
		:: else
		fi;
		at = RETURN }
	od
}

proctype Monitor()
{
end:	atomic {
		timeout ->
		/* P_END */
		assert(!(on[0] && !in_effect[0]) && !(on[1] && !in_effect[1]));
		assert(!told[0] && !told[1]);
		/* P_RUNS */
		assert(HELD || user || gone);
		assert(!parked || HELD)
	}
}

init
{
	atomic {
		run Target();
		run Holder(0);
		run Holder(1);
		run Clock();
		run Timer();
#ifdef BUG_PENDING_LATE
		run Late();
#endif
		run Monitor()
	}
}
