/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fault of the target, from the probe that notes it down to the signal that is
 * delivered or the instruction that is tried again: module/thread.c, episode.c. Beside it
 * there are a notice, which wants an episode of its own, a receiver that retries, delivers,
 * does nothing or dies, the lease, somebody who takes the right to faults away, and SIGKILL.
 *
 * Holds and their confirmation are hold.pml's business: the target is in the callback when
 * it reports a fault, so it is there for each hold that is added then. How a notice gets
 * its target is one step here. A fault has a number, and so each message and each resume
 * is known to be of one and the same.
 *
 * Properties, each named where it is checked:
 *   P_DISCARD    a signal is discarded only if the receiver of this fault said so
 *   P_ONCE       there is one message of a fault
 *   P_FIRST      while its fault waits the target doesn't get to the signal
 *   P_HELD       at last, with every lease over, nothing keeps the target
 *   P_RUNS       a target that nothing keeps goes on
 *   P_WAITS      nothing waits at an object where nothing is in progress
 *   P_LIVES      who had SIGKILL is dead at last
 * That every run ends is checked as well.
 *
 * -DBUG_x plants a mistake, which has to be found.
 */

#define FAULTS		3	/* times that the instruction is tried, at most */

/* --- struct proxyipc_thread ------------------------------------------------------- */

byte noted;		/* fault: its number, 0 for none */
bool catcher = true;	/* catchers[signal] */
bool faulted, retry;
bool hold, fault_hold;	/* on its list of holds */

/* --- the target, as the kernel has it ---------------------------------------------- */

byte nr;		/* of its latest fault */
bool pending;		/* the signal */
bool mended;		/* the next try succeeds */
bool sigkill, gone, parked;

/* --- the process object --------------------------------------------------------------- */

mtype = { NONE, DELIVERED, RECEIVED, RESTING };
mtype state = NONE;
bool is_fault;		/* kind of the episode */
byte number;		/* of its fault */
bool say_retry;		/* episode->retry */
byte waiting;		/* process->fault: its number */
bool notice, ended;

/* --- the endpoint, and who receives there ----------------------------------------------- */

bool dead, letter;

/* --- what is asked of them --------------------------------------------------------------- */

byte last_message;	/* the fault that the last message was of */
byte said;			/* the fault whose receiver said that it be tried again */

#define CONFIRMED	(state == DELIVERED || state == RECEIVED)

/* --- module/episode.c, under process->lock ------------------------------------------------- */

/* episode_close_locked() */
inline close_it()
{
	letter = false;
	if
	:: is_fault ->
		if
		:: say_retry ->
			/* proxyipc_identity_retry_fault() */
			retry = retry || faulted
		:: else
		fi;
#ifndef BUG_FAULT_HOLD
		fault_hold = false
#endif
	:: else
	fi;
	is_fault = false;
	say_retry = false;
	number = 0;
	state = NONE
}

/* episode_begin_locked(), episode_deliver_locked(): did that succeed? */
inline begin_and_deliver(ok)
{
	is_fault = waiting != 0;
	number = waiting;
	if
	:: waiting -> waiting = 0
	:: else -> notice = false
	fi;
	ok = !dead && !gone;
	if
	:: ok ->
		state = DELIVERED;
		letter = true;
		if
		:: is_fault ->
			fault_hold = false;
			/* P_ONCE */
			assert(number != last_message);
			last_message = number
		:: else
		fi
	:: else -> close_it()
	fi
}

#define WAITS	(waiting || notice)

/* episode_advance_locked() */
inline advance()
{
	do
	:: state == NONE && WAITS && !ended ->
		hold = true;
		begin_and_deliver(ok);
		if
		:: !ok -> hold = false
		:: else
		fi
	:: else -> break
	od;
	ok = false
}

/* episode_end_locked() */
inline end_it(rest)
{
	close_it();
	ok = false;
	do
	:: !rest && !ok && !ended && WAITS && hold -> begin_and_deliver(ok)
	:: else -> break
	od;
	if
	:: ok
	:: else ->
		hold = false;
		state = (rest -> RESTING : NONE)
	fi;
	ok = false
}

/* --- the target --------------------------------------------------------------------------- */

mtype = { TRIES, CALLBACK, PARKS, LEAVES, SIGNAL };

proctype Target()
{
	mtype at = TRIES;
	bool ok;

end:	do
	:: atomic { at == TRIES && (mended || nr == FAULTS || sigkill) ->
		/* Done with; with a SIGKILL it comes to die. */
		if
		:: sigkill -> at = SIGNAL
		:: else -> break
		fi }
	/* proxyipc_hold_signal_probe() */
	:: atomic { at == TRIES && !mended && nr < FAULTS && !sigkill ->
		nr++;
		pending = true;
		if
		:: catcher && !noted -> noted = nr; at = CALLBACK
		:: else -> at = SIGNAL
		fi }

	/* thread_report_fault() */
	:: atomic { at == CALLBACK -> faulted = catcher && !sigkill && !gone };
		if
		:: faulted ->
			/* episode_precheck() */
			ok = !ended && !dead;
			/* episode_fault_raised() */
			atomic {
				if
				:: ok && !ended && !sigkill ->
#ifndef BUG_NO_HOLD
					/* Else it would be linked twice. */
					assert(!fault_hold);
					fault_hold = true;
#endif
					waiting = noted;
					advance()
				:: else
				fi;
				ok = false;
				at = PARKS
			}
		:: else -> at = PARKS
		fi
	:: atomic { at == PARKS && !sigkill && (hold || fault_hold) && !parked -> parked = true }
	:: atomic { at == PARKS && (sigkill || !(hold || fault_hold)) ->
		parked = false;
		at = LEAVES }
	/* thread_settle_fault() */
	:: atomic { at == LEAVES ->
		if
		:: retry ->
			/* P_DISCARD */
			assert(said == nr);
			pending = false
		:: else
		fi;
		/* P_FIRST */
		assert(sigkill || waiting != nr);
#ifndef BUG_RETRY_STAYS
		retry = false;
#endif
		faulted = false;
		noted = 0;
		at = SIGNAL }
	/* get_signal(): its handler leaves the instruction out */
	:: atomic { at == SIGNAL ->
		if
		:: sigkill ->
			/* proxyipc_hold_task_exits(), episode_target_ended() */
			gone = true;
			hold = false;
			fault_hold = false;
			ended = true;
			if
			:: CONFIRMED -> end_it(false)
			:: else
			fi;
			waiting = 0;
			notice = false;
			break
		:: !sigkill && pending -> pending = false; at = TRIES
		:: else -> at = TRIES
		fi }
	od
}

/* --- who receives ------------------------------------------------------------------------------ */

proctype Receiver()
{
	byte got, takes = FAULTS + 1;
	bool ok, fault, mortal;

	if
	:: mortal = true
	:: true
	fi;
end:	do
	:: atomic { takes > 0 && letter && !dead ->
		takes--;
		letter = false;
		state = RECEIVED;
		got = number;
		fault = is_fault };
		if
		/* PROXYIPC_RESUME_RETRY */
		:: atomic { fault ->
			if
			:: mended = true
			:: true
			fi };
			atomic {
				if
#ifdef BUG_STALE_RETRY
				:: CONFIRMED && is_fault ->
#else
				:: state == RECEIVED && is_fault && number == got ->
#endif
					say_retry = true;
					said = got;
					end_it(false)
				:: else		/* -ESTALE */
				fi
			}
		/* Deliver, or the end of a notice's episode */
		:: atomic { true ->
			if
			:: state == RECEIVED && is_fault == fault && number == got -> end_it(false)
			:: else
			fi }
		:: true		/* does nothing about it */
		fi;
		got = 0;
		fault = false
	/* It dies, or closes the endpoint: episode_orphan_locked() */
	:: atomic { mortal ->
		dead = true;
		letter = false;
		if
		:: CONFIRMED -> end_it(false)
		:: else
		fi };
		break
	od
}

/* --- what happens by itself, or is done by others ------------------------------------------------ */

/* episode_tick(): the end of the lease, be it ever so short; and of the rest */
proctype Tick()
{
	bool ok;

end:	do
	:: atomic { CONFIRMED -> end_it(true) }
	:: atomic { state == RESTING -> state = NONE; advance() }
	od
}

proctype Others()
{
	bool ok;

	if
	:: atomic { !ended -> notice = true; advance() }
	:: true
	fi;
	if
	:: catcher = false	/* SET_FAULTS */
	:: true
	fi;
	if
	:: sigkill = true
	:: true
	fi
}

proctype Monitor()
{
end:	atomic {
		timeout ->
		/* P_HELD */
		assert(!hold && !fault_hold);
		/* P_RUNS */
		assert(!parked);
		/* P_WAITS */
		assert(!WAITS);
		/* P_LIVES */
		assert(!sigkill || gone || nr == FAULTS || mended)
	}
}

init
{
	atomic {
		run Target();
		run Receiver();
		run Tick();
		run Others();
		run Monitor()
	}
}
