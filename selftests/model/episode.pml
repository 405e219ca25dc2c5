/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The life of an episode: one process object with its proxy entry, callers, a
 * process that receives at the endpoint in its receiver slot, the lease.
 * module/episode.c, receiver.c, receive.c, call.c.
 *
 * All that can happen at once has too many states. So there are several casts:
 *   (none)	one caller, a receiver that may die or close, a target that may end,
 *		the lease
 *   -DCHAIN	the same with two callers; -DNOW_MAX=0: no lease ever ends
 *   -DENDS	the same with one caller, two receivers, and somebody else who has a
 *		descriptor of the process object; -DNOW_MAX=0
 *   -DLINE	two callers and who posts a notice, one receiver, the lease; nobody
 *		dies
 *   -DDEFER	with any of these: the target defers a hold now and then, for a while.
 *		Without it who begins an episode always goes on to the next by himself,
 *		and the work of that finds nothing to do: it is left out
 *
 * One step is one section under process->lock. What is done under endpoint->lock
 * inside of it belongs to the step. The hold itself is hold.pml's business: here it
 * is on or off, and its confirmation takes a while. Time is a clock that goes up to
 * NOW_MAX and waits for timers that are due and their work; a lease is one tick of it,
 * and so is a rest.
 *
 * Everybody does a bounded number of things, so every run ends, and what must happen
 * "at last" must have happened in the state in which it ends. That every run does
 * end is checked as well (no cycles).
 *
 * Properties, each named where it is checked:
 *   P_ONCE       a call gets a result once
 *   P_RESULT     it gets one, unless somebody is there who still can give it
 *   P_TAKEN      a call that was taken back was received by nobody, and won't be
 *   P_TOKEN      a token ends the episode that it names, and nothing else
 *   P_HELD       a message comes with its target held, or that just ended
 *   P_OWNER      what is held has an owner that lives and can end it
 *   P_LEASE      nothing is held longer than the lease, chained or not
 *   P_EARLY      nor does the lease end it earlier
 *   P_REST       after a lease the target runs until the next tick
 *   P_IDLE       nobody waits at an object where nothing is in progress
 *   P_QUEUE      the receiver's node is queued while there is something in it
 *   P_TOLD       the receiver is told of the lease's and the target's end
 *   P_REF        the references of the process object balance
 *
 * -DBUG_x plants a mistake, which has to be found.
 */

#define RECEIVERS	2
#define NOTICE		3	/* the token of an episode begun by notices */
#ifndef NOW_MAX
#define NOW_MAX		2
#endif
#ifndef TAKES
#define TAKES		2	/* receptions by the first receiver, one less by the other */
#endif
#define LEASE		1
#define REST		1
#define DEFER_MAX	1
#ifndef DEFERRALS
#define DEFERRALS	2	/* confirmations that find a section of the target */
#endif

/* --- calls: struct proxyipc_call ----------------------------------------------- */

mtype = { FRESH, QUEUED, PICKED, DONE };
mtype call_state[NOTICE + 1] = FRESH;
bool is_call[NOTICE + 1];	/* else a SEND */
bool taken_back[NOTICE + 1];

/* --- the process object: struct proxyipc_process ------------------------------- */

mtype = { NONE, HOLDING, DELIVERED, RECEIVED, RESTING };
mtype state = NONE;
byte token, call, reply, handler;	/* of the episode; 0 for none */
bool to_receiver;			/* episode->receiver */
bool slot = true;			/* the receiver slot is filled */
bool notices;				/* posted */
byte first, second;			/* who waits, in that order */
bool ended;
bool handler_died, orphaned;		/* orphaned: the work is queued */
bool armed, tick;			/* the timer; its work */
bool deferred;				/* process->deferred */
bool settled;				/* its work is queued */
byte tick_at;
byte ref = 1;

#define CONFIRMED	(state == DELIVERED || state == RECEIVED)
#define WAITS		(notices || first)
#define IS_WAITING(c)	(first == c || second == c)

/* --- the target, as hold.pml has it -------------------------------------------- */

bool held;
bool told;		/* hold->deferred */
byte deferrals = DEFERRALS;
bool thread_ended;	/* dead, or somebody else */
bool reconcile;		/* the work is queued */

/* --- the endpoint, and the one receiver there ----------------------------------- */

byte fds;
bool dead;
bool queued;		/* receiver->node */
byte letter;		/* receiver->letter.token */
bool letter_waits;	/* receiver->waiting */
bool events;
byte fetched;		/* the call of a reply object that the first receiver has */
bool lives[RECEIVERS + 1];

/* --- what is asked of them ------------------------------------------------------ */

byte now;
byte since;		/* the standstill */
byte rest_end;
bool sure;		/* the target was interrupted after the hold was added */
bool untold;		/* of something that the receiver is to be told */

/* --- call.c --------------------------------------------------------------------- */

/* call_done_locked() */
inline call_done(c)
{
	/* P_ONCE */
	assert(call_state[c] == QUEUED || call_state[c] == PICKED);
	call_state[c] = DONE
}

/* proxyipc_call_finish() */
inline call_finish(c)
{
	if
	:: c && call_state[c] != DONE -> call_done(c)
	:: else
	fi
}

/* --- receiver.c ------------------------------------------------------------------ */

/* proxyipc_receiver_close() */
inline receiver_close(tell)
{
	if
	:: tell && !dead -> events = true; queued = true
	:: !(tell && !dead) && !events && !dead -> queued = false
	:: else
	fi;
	letter_waits = false;
	letter = 0
}

/* proxyipc_receiver_deliver() */
inline receiver_deliver(ok)
{
#ifdef BUG_DELIVER_DEAD
	ok = true;
#else
	ok = !dead;
#endif
	if
	:: ok -> letter = token; letter_waits = true; queued = true
	:: else
	fi
}

/* --- episode.c -------------------------------------------------------------------- */

inline tick_arm(delay)
{
	if
	:: !armed -> ref++
	:: else
	fi;
	armed = true;
	tick_at = now + delay
}

/* proxyipc_process_settle() */
inline settle()
{
	if
	:: !settled -> settled = true; ref++
	:: else
	fi
}

inline wait_pop()
{
	first = second;
	second = 0
}

inline wait_add(c)
{
	if
	:: first == 0 -> first = c
	:: else -> second = c
	fi
}

inline wait_remove(c)
{
	if
	:: first == c -> wait_pop()
	:: else -> second = 0
	fi
}

/* episode_begin_locked() */
inline episode_begin()
{
	state = HOLDING;
	to_receiver = slot;
	if
	:: notices -> notices = false; token = NOTICE; call = 0
	:: else -> token = first; call = first; wait_pop()
	fi
}

/* standstill_begin_locked() */
inline standstill_begin(ok)
{
	ok = to_receiver && !dead && !thread_ended;
	if
	:: ok ->
		/* Else the hold would be linked twice. */
		assert(!held);
		/* P_REST */
		assert(now >= rest_end);
		held = true;
		sure = false;
		deferred = false;
		since = now;
		ref++;
		tick_arm(LEASE)
	:: else
	fi
}

/* standstill_end_locked() */
inline standstill_end(rest)
{
	held = false;
	sure = false;
	told = false;
	deferred = false;
	since = 0;
	if
	:: rest ->
		state = RESTING;
		rest_end = now + REST;
		tick_arm(REST)
	:: else ->
		/* tick_cancel_locked() */
		if
		:: armed -> armed = false; ref--
		:: else
		fi;
		tick_at = 0
	fi;
	ref--
}

/* episode_deliver_locked() */
inline episode_deliver(ok)
{
	ok = to_receiver;
	if
	:: ok -> receiver_deliver(ok)
	:: else
	fi;
	if
	:: ok ->
		/* P_HELD */
		assert(sure || thread_ended);
		state = DELIVERED;
		if
		:: deferred -> tick_arm(LEASE); since = now
		:: else
		fi;
		deferred = false;
		if
		:: call && is_call[call] -> reply = call
		:: call && !is_call[call] -> call_finish(call)
		:: else
		fi
	:: else
	fi
}

/* episode_close_locked() */
inline episode_close(tell)
{
	if
	:: to_receiver -> receiver_close(tell)
	:: else
	fi;
	handler = 0;
	handler_died = false;
#ifndef BUG_NO_RESULT
	call_finish(call);
#endif
	call = 0; reply = 0; token = 0; to_receiver = false;
	state = NONE
}

/* episode_end_locked() */
inline episode_end(tell, rest)
{
	chain = CONFIRMED && !rest;
	ok = tell;
	do
	:: true ->
		episode_close(ok);
		ok = false;
		if
#ifdef BUG_CHAIN_ENDED
		:: chain && WAITS ->
#else
		:: chain && !ended && WAITS && held ->
#endif
			episode_begin();
#ifdef BUG_LEASE
			tick_arm(LEASE);
#endif
			episode_deliver(ok);
			if
			:: ok -> break
			:: else		/* and closed again */
			fi
		:: else ->
#if defined(DEFER) && !defined(BUG_SETTLE_NEXT)
			if
			:: !chain && !rest && !ended && WAITS -> settle()
			:: else
			fi;
#endif
			standstill_end(rest);
			break
		fi
	od;
	chain = false;
	ok = false
}

/*
 * episode_confirm_locked(), of the episode @mine, and proxyipc_hold_confirm() in it,
 * without the lock. Whether and when a target defers is defer.pml's business: here it
 * may, as long as the hold isn't in effect.
 */
inline confirm()
{
#ifdef DEFER
	atomic {
		if
		:: held && !sure && (told || deferrals > 0) ->
			deferrals = (told -> deferrals : deferrals - 1);
			told = true;
			later = true
		:: !told -> sure = held
		fi;
		ok = held
	};
#else
	sure = held;
	ok = held;
#endif
	atomic {
		if
#ifdef BUG_ADVANCE
		:: state != HOLDING
#else
		:: token != mine
#ifndef BUG_TWICE
		:: token == mine && state != HOLDING
#endif
#endif
		:: else ->
			if
			:: later -> deferred = true; tick_arm(LEASE + DEFER_MAX)
			:: !later && ok -> episode_deliver(ok)
			:: else
			fi;
			if
			:: !later && !ok -> episode_end(false, false)
			:: else
			fi
		fi;
		later = false;
		ok = false;
		mine = 0
	}
}

/*
 * episode_advance_locked(). Here others may come between the rounds of its loop,
 * which the lock prevents there: more can happen than does.
 */
inline advance()
{
	do
	:: atomic { state == NONE && WAITS ->
		episode_begin();
		mine = token;
		ok = !ended;
		if
		:: ok -> standstill_begin(ok)
		:: else
		fi;
		if
		:: ok -> ok = false
		:: else -> episode_close(false); mine = 0
		fi };
		if
		:: mine -> confirm()
		:: else
		fi
	:: else -> break
	od
}

/* proxyipc_episode_withdraw() */
inline withdraw(c)
{
	if
	:: call_state[c] == QUEUED ->
		call_done(c);
		taken_back[c] = true;
		if
		:: IS_WAITING(c) -> wait_remove(c)
		:: else ->
#ifndef BUG_WITHDRAW
			if
			:: call == c -> episode_end(false, false)
			:: else
			fi
#else
			skip
#endif
		fi
	:: else
	fi
}

/* proxyipc_episode_resume() */
inline resume(t, answer)
{
	if
#ifdef BUG_TOKEN
	:: t && CONFIRMED ->
#else
	:: t && token == t && CONFIRMED && (!answer || state == RECEIVED) ->
#endif
		/* P_TOKEN */
		assert(t == token);
		if
		:: answer && reply -> call_finish(reply); reply = 0
		:: else
		fi;
		episode_end(false, false)
	:: else
	fi
}

/* --- who invokes: entry.c, proxyipc_call_wait() ----------------------------------- */

mtype = { STAYS, SIGNAL, CLOSES, LEAVES };	/* LEAVES: fatal signal, or deadline */

/* The callers, and who posts a notice, which is all that he does. */
proctype Invoker(byte c)
{
	mtype will = STAYS;
	byte mine;
	bool ok, chain, later;

	atomic {
		if
		:: c != NOTICE -> is_call[c] = true
		:: c != 1
		fi;
		if
		:: c == 1 -> will = SIGNAL
#ifndef LINE
		:: c == 1 -> will = LEAVES
#endif
		:: true
		fi;
		/*
		 * proxyipc_episode_submit(), proxyipc_episode_notify(). What
		 * episode_precheck() says may be over by now, and is found again.
		 */
		if
		:: ended -> goto out
		:: !ended && c == NOTICE -> notices = true
		:: else -> call_state[c] = QUEUED; wait_add(c)
		fi
	};
	advance();
end:	do		/* where it may stay: P_RESULT */
	:: c == NOTICE || call_state[c] == DONE -> break
	:: c != NOTICE && call_state[c] == QUEUED && will != STAYS ->
		atomic {
			withdraw(c);
			if
			:: will == LEAVES -> call_finish(c)
			:: else -> will = STAYS
			fi }
	:: c != NOTICE && call_state[c] == PICKED && will == LEAVES ->
		atomic { call_finish(c) }
	od;
out:
	skip
}

/* --- who receives: receive.c, endpointfd.c ------------------------------------------ */

inline endpoint_close()
{
	fds--;
	if
	:: fds == 0 ->
		/* endpointfd_free(): _kill(), _strip(), _episode_endpoint_closed() */
		atomic { dead = true; queued = false; letter_waits = false };
		atomic {
			if
			:: to_receiver && CONFIRMED -> episode_end(false, false)
			:: else
			fi
		}
	:: else
	fi
}

/* A process: receives, deals with it in one of all ways, or with what is long over. */
proctype Receiver(byte me)
{
	byte got, takes = TAKES - me + 1;
	bool answer, ok, chain;
#ifndef LINE
	mtype will = STAYS;

	if
	:: will = LEAVES	/* it dies */
	:: will = CLOSES	/* the endpoint, and lives on */
	:: true
	fi;
#endif
end:	do
	/* receive_take() */
	:: atomic { takes > 0 && queued ->
		takes--;
		if
		:: events -> events = false; untold = false; got = 0
		:: else -> letter_waits = false; got = letter
		fi;
		queued = letter_waits };
		if
		:: !got
		:: else ->
			if
			/* The copy-out succeeded: proxyipc_episode_pick() */
			:: atomic { true ->
#ifdef BUG_PICK
				if
				:: CONFIRMED ->
#else
				if
				:: token == got && state == DELIVERED ->
#endif
					if
					:: call && is_call[call] ->
						/* proxyipc_call_pick() */
						assert(call_state[call] == QUEUED);
						call_state[call] = PICKED
					:: else
					fi;
					/* P_TAKEN */
					assert(got == NOTICE || !taken_back[got]);
					state = RECEIVED;
#ifndef BUG_HANDLER
					handler = me;
#endif
					handler_died = false
				:: else -> got = 0
				fi }
#ifndef LINE
			/* It failed: proxyipc_episode_unpick() */
			:: atomic { takes > 0 ->
				if
				:: token == got && state == DELIVERED && !dead &&
				   letter == got ->
					letter_waits = true;
					queued = true
				:: else
				fi;
				got = 0 }
#endif
			fi
		fi
	/* proxyipc_episode_reply() */
	:: atomic { got && token == got && state == RECEIVED && reply ->
		call_finish(reply);
		reply = 0 }
	/* It never does anything about it. */
	:: got -> got = 0
	/* RESUME, with an answer or without; DROP */
	:: atomic { got ->
		if
		:: answer = true
		:: true
		fi;
		resume(got, answer);
		got = 0;
		answer = false }
#if !defined(LINE) && !defined(ENDS)
	/* proxyipc_episode_fetch_reply() */
	:: atomic { me == 1 && !fetched && got && token == got &&
		 state == RECEIVED && reply ->
		fetched = reply;
		reply = 0;
		call = 0 }
	/* proxyipc_reply_send_ioctl(), reply_free() */
	:: atomic { me == 1 && fetched -> call_finish(fetched); fetched = 0 }
#endif
#ifdef LINE
	od
#else
	:: will != STAYS -> break
	od;
	if
	:: atomic { will == LEAVES ->
		lives[me] = false;
		/* proxyipc_episode_exit_probe() */
		if
		:: handler == me ->
			handler_died = true;
			if
			:: !orphaned -> orphaned = true; ref++
			:: else
			fi
		:: else
		fi;
		/* exit_files() */
		if
		:: me == 1 -> call_finish(fetched); fetched = 0
		:: else
		fi }
	:: else
	fi;
	endpoint_close()
#endif
}

/* Whoever has a descriptor of the process object: resumes by a token that he has, may
 * it be stale, or empties the receiver slot. */
proctype Owner()
{
	byte t;		/* by now it may be stale */
	bool ok, chain;

	if
	:: true
	:: slot = false
	:: atomic { true -> t = 1; resume(t, false) }
	fi
}

/* --- what happens by itself ---------------------------------------------------------- */

/* hold.c: the target dies, or changes; its holds are off */
proctype Target()
{
	if
	:: true
	:: atomic { thread_ended = true;
		held = false;
		sure = false;
		reconcile = true }
	fi
}

/* Time, which waits for what is due; and episode_timer() */
proctype Clock()
{
end:	do
	:: atomic { now < NOW_MAX && !tick && !(armed && now >= tick_at) ->
		/* P_LEASE */
		assert(!held || now < since + LEASE + (deferred -> DEFER_MAX : 0));
		now++ }
	:: atomic { armed && now >= tick_at ->
		armed = false;
		if
		:: tick -> ref--
		:: else -> tick = true
		fi }
	od
}

/* episode_tick() */
proctype TickWork()
{
	byte mine;
	bool ok, chain, later;

end:	do
	:: atomic { tick ->
		tick = false;
		if
#ifdef BUG_TICK
		:: state == NONE
#else
		:: state == NONE || now < tick_at
#endif
		:: state == RESTING && now >= tick_at ->
			state = NONE;
			tick_at = 0;
			rest_end = 0
		:: else ->
			/* P_EARLY */
			assert(now >= since + LEASE);
			untold = !dead;
			episode_end(true, true);
			/* P_REST */
			assert(!held)
		fi };
		advance();
		atomic { ref-- }
	od
}

#ifdef DEFER
/* hold.c: the target yields, or its bound is over, which settles it */
proctype Section()
{
end:	do
	:: atomic { told ->
		told = false;
#ifndef BUG_SETTLED
		settle()
#endif
		}
	od
}

/* episode_settled() */
proctype SettledWork()
{
	byte mine;
	bool ok, chain, later;

end:	do
	:: atomic { settled ->
		settled = false;
		if
		:: state == HOLDING -> mine = token
		:: else
		fi };
		if
		:: mine -> confirm()
		:: else
		fi;
		advance();
		atomic { ref-- }
	od
}
#endif

/* episode_orphaned(), episode_target_ended() */
proctype OtherWork()
{
	byte c;
	bool end_it, tell, ok, chain;

end:	do
	:: atomic { orphaned || reconcile ->
		if
		:: orphaned ->
			orphaned = false;
			ref--;
			end_it = handler && handler_died
		:: reconcile ->
			reconcile = false;
			ended = true;
			untold = !dead && (to_receiver || slot);
			tell = true;
			end_it = state == HOLDING || CONFIRMED
		fi;
		if
		:: end_it -> episode_end(tell, false)
		:: else
		fi;
		if
		:: tell && slot -> receiver_close(true)
		:: else
		fi;
		do
		:: ended && first -> c = first; wait_pop(); call_finish(c)
		:: else -> break
		od;
		notices = notices && !ended;
		c = 0;
		end_it = false;
		tell = false }
	od
}

#define ANSWERABLE(c)	(call == c || reply == c || \
			 (IS_WAITING(c) && state != NONE) || \
			 (fetched == c && lives[1]))

proctype Monitor()
{
end:	atomic {
		timeout ->
		/* P_RESULT */
		assert(call_state[1] == FRESH || call_state[1] == DONE || ANSWERABLE(1));
		assert(call_state[2] == FRESH || call_state[2] == DONE || ANSWERABLE(2));
		/* P_OWNER */
		assert(held == CONFIRMED);
		assert(state != DELIVERED || (fds > 0 && letter_waits));
		assert(state != RECEIVED || lives[handler] && fds > 0);
		/* P_IDLE */
		assert(state != NONE || !WAITS);
		/* P_QUEUE */
		assert(dead || queued == (letter_waits || events));
		/* P_TOLD */
		assert(!untold || dead || events);
		/* P_REF: the descriptors', the timer's, the standstill's */
		assert(ref == 1 + armed + held)
	}
}

init
{
	atomic {
		run Monitor();
		run Clock();
		run TickWork();
#ifdef DEFER
		run SettledWork();
		run Section();
#endif
		run Invoker(1);
		run Receiver(1);
		lives[1] = true;
		fds = 1;
#ifdef LINE
		run Invoker(2);
		run Invoker(NOTICE);
#else
		run Target();
		run OtherWork();
#endif
#ifdef ENDS
		run Receiver(2);
		lives[2] = true;
		fds = 2;
		run Owner();
#endif
#ifdef CHAIN
		run Invoker(2)
#endif
	}
}
