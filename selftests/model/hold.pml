/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The thread record of module/hold.c: several holders of one target, the callback,
 * its kick, parking, SIGKILL, exit, exec, changed identity, and the references that
 * keep the module.
 *
 * One step is one section under thread->lock, or what the target does between two
 * of them. Memory is sequentially consistent here: that a kick finds the target is
 * shown by tso.py. What the target does of its own accord is bounded (SYSCALLS),
 * so every run ends, and "at last" means: in the state in which it ends. That
 * every run does end is checked as well (no cycles).
 *
 * Properties, each named where it is checked:
 *   P_CONFIRMED  a confirmed hold that is on: the target isn't in user mode
 *   P_KILL       SIGKILL leads to the target's death, whatever the holders do
 *   P_RUNS       a target that nobody holds ends up in user mode, or dead
 *   P_PARKED     a target that is parked has a hold of somebody who knew it so
 *   P_EXEC       the target never sleeps with cred_guard_mutex
 *   P_EOF        nor before the work of its own that was there already
 *   P_WAKE       no wake-up reaches the target outside the callback
 *   P_PIN        the last reference never goes with callback or work queued
 *   P_TOLD       whoever had the target is told of its end or change
 *   P_ROUND      a confirmation needs one round
 *
 * -DBUG_x plants a mistake, which has to be found. How a target defers its holds is in
 * defer.pml.
 */

#define HOLDERS		2
#ifndef SYSCALLS
#define SYSCALLS	2	/* of the target, then it stays in user mode */
#endif
#ifndef ROUNDS
#define ROUNDS		2	/* holds by the first holder; the other has one */
#endif
#define WAKES		1	/* by others than us */

#define for_each_holder(i)	for (i : 0 .. HOLDERS - 1)
#define HELD			(held[0] || held[1])

/* --- struct proxyipc_thread, and of each object its identity and hold --------- */

bool held[HOLDERS];		/* holds */
bool queued, parked, in_exec, dead;
bool waiting;			/* wait points to the target */
byte ref = HOLDERS;
bool freed;
bool stale[HOLDERS];		/* identity->stale */
bool listed[HOLDERS] = true;	/* identity->link */
bool work;			/* reconcile is queued */

/* --- the target, as the kernel has it ----------------------------------------- */

bool onlist;			/* our callback is on its list of task work */
bool other;			/* other work is, which somebody waits for; before or */
bool behind;			/* after it, or certainly after it */
bool listshut;			/* work_exited: task_work_add() fails */
bool tif;			/* TIF_NOTIFY_RESUME */
bool user;
bool kick[HOLDERS];		/* interrupts on their way */
bool asleep;			/* in the callback's schedule() */
bool sigkill, group_exit, exiting;
bool amid;			/* has cred_guard_mutex for an exec */
bool changed;			/* its credentials are no longer those of the start */
bool gone;

/* --- what is asked of them ---------------------------------------------------- */

bool confirmed[HOLDERS];
bool incallback;		/* has taken the lock there, hasn't left the loop */
bool killed;			/* SIGKILL was sent */

#define P_CONFIRMED	assert(!user || (!confirmed[0] && !confirmed[1]))

/* task_is_dying() */
#define DYING		(exiting || group_exit || sigkill)

/* --- module/hold.c, what is under the lock ------------------------------------ */

/* rcuwait_wake_up() */
inline wake_up()
{
	if
	:: waiting ->
		/* P_WAKE */
		assert(incallback);
		asleep = false
	:: else
	fi
}

/* hold_unlink_locked() */
inline hold_unlink(i)
{
	confirmed[i] = false;
	if
	:: held[i] ->
#ifdef BUG_BOOL
		held[0] = false; held[1] = false;
#else
		held[i] = false;
#endif
		if
		:: !HELD -> wake_up()
		:: else
		fi
	:: else
	fi
}

/* thread_put() */
inline put()
{
	ref--;
	if
	:: ref == 0 ->
		/* P_PIN */
		assert(!onlist && !work);
		freed = true
	:: else
	fi
}

/* thread_reconcile_locked() */
inline reconcile()
{
	if
	:: !work -> work = true; ref++
	:: else
	fi
}

/* identity_revoke_locked() */
inline revoke(i)
{
	stale[i] = true;
	hold_unlink(i);
	reconcile()
}

/* identity_check_locked(): is it usable? */
inline check(i, ok)
{
	if
	:: !stale[i] && !dead && changed -> revoke(i)
	:: else
	fi;
	ok = !stale[i] && !dead
}

/* task_work_add(TWA_RESUME) */
inline task_work_add(ok)
{
	ok = !listshut;
	if
	:: ok -> onlist = true; tif = true
	:: else
	fi
}

/* thread_queue_locked() */
inline thread_queue(ok)
{
	ok = true;
	if
	:: queued || parked
	:: else ->
		task_work_add(ok);
		if
		:: ok ->
			queued = true;
#ifndef BUG_PIN
			ref++
#endif
		:: else
		fi
	fi
}

/* --- whoever holds ------------------------------------------------------------ */

/* proxyipc_hold_add() */
inline hold_add(i, ok)
{
#ifdef BUG_NOLOCK
	check(i, ok);
	ok = ok && !DYING;
	if
	:: ok ->
		held[i] = true;
		atomic { add = !queued; queued = true };
		if
		:: add -> atomic { task_work_add(ok); if :: ok -> ref++ :: else fi }
		:: else
		fi
	:: else
	fi
#else
	atomic {
		check(i, ok);
		ok = ok && !DYING;
		if
		:: ok -> thread_queue(ok)
		:: else
		fi;
		held[i] = ok
	}
#endif
}

/* proxyipc_hold_confirm() */
inline hold_confirm(i, ok)
{
	/* hold_kick(): an interrupt, unless it isn't in user mode */
#ifndef BUG_NO_KICK
	atomic {
		if
		:: user -> kick[i] = true
		:: else
		fi
	};
	!kick[i] || gone;
#endif
	atomic {
		if
		:: !held[i] -> check(i, ok); ok = false
		:: held[i] && (queued || parked || in_exec) ->
			confirmed[i] = true;
			P_CONFIRMED
		:: else ->
			check(i, ok);
			/* P_ROUND: else it would queue again, and kick again */
			assert(!ok || DYING);
			ok = false
		fi
	}
}

/* proxyipc_hold_drop() */
inline hold_drop(i)
{
#ifdef BUG_LATE_WAKE
	/* It is woken after unlock. */
	atomic {
		late = false;
		if
		:: held[i] -> held[i] = false; late = !HELD && waiting
		:: else
		fi;
		confirmed[i] = false
	};
	if
	:: late -> assert(incallback); asleep = false
	:: else
	fi
#else
	atomic { hold_unlink(i) }
#endif
}

/*
 * A process object and who uses it: holds and resumes, as often as he likes and may;
 * stops in the middle for good; or closes it.
 */
proctype Holder(byte i)
{
	byte rounds = (i -> 1 : ROUNDS);
	bool ok, add, late;

	do
	:: rounds > 0 ->
		rounds--;
		hold_add(i, ok);
		if
		:: ok ->
			hold_confirm(i, ok);
			if
			:: ok -> goto rest	/* never resumes */
			:: true -> hold_drop(i)
			fi
		:: else
		fi
	:: break
	od;
	/* proxyipc_identity_deinit() */
	atomic { listed[i] = false; put() };
rest:
	skip
}

/* episode_reconcile(): the work that tells the owners; they drop their holds */
proctype Worker()
{
end:	do
	:: atomic { work ->
		work = false;
		/* proxyipc_thread_next_ended() */
		do
		:: listed[0] && (stale[0] || dead) -> listed[0] = false; hold_unlink(0)
		:: listed[1] && (stale[1] || dead) -> listed[1] = false; hold_unlink(1)
		:: else -> break
		od;
		put() }
	od
}

/* --- the target --------------------------------------------------------------- */

/* What it is about to do. */
mtype = {
	USER,		/* in user mode */
	RETURN,		/* exit_to_user_mode_loop(): T1 to T4 of locking.rst */
	WORK,		/* task_work_run(), behind which it goes on with @then */
	CALLBACK, DECIDE, SLEEP, PUT,
	EXEC, EXEC_CREDS, EXEC_PROBE,
	GET_SIGNAL, EXIT, EXIT_FLAG, EXIT_PROBE, GONE
};

/* current_may_park() */
#ifdef BUG_DYING
#define MAY_PARK	(!amid && !sigkill)
#else
#define MAY_PARK	(!amid && !DYING)
#endif
#ifdef BUG_EXEC_PARK
#undef MAY_PARK
#define MAY_PARK	(!DYING)
#endif

/* thread_must_park_locked() */
inline must_park()
{
	parked = false;
	if
	:: HELD && MAY_PARK ->
#ifndef BUG_STALE
		if
		:: held[0] && changed -> revoke(0)
		:: else
		fi;
		if
		:: held[1] && changed -> revoke(1)
		:: else
		fi;
#endif
		parked = HELD
	:: else
	fi
}

inline leave_callback()
{
	asleep = false;
	waiting = false;	/* finish_rcuwait() */
	incallback = false;
#ifndef BUG_EXEC_LOST
	in_exec = amid && HELD
#else
	in_exec = false
#endif
}

inline enter_kernel()
{
	user = false;
	/* An interrupt on its way now finds it in the kernel. */
	kick[0] = false; kick[1] = false
}

proctype Target()
{
	mtype at = RETURN, then;
	byte syscalls = SYSCALLS;
	bool ok;

end:	do
	:: atomic { at == USER && (kick[0] || kick[1] || sigkill) ->
		enter_kernel();
		at = RETURN }
	:: atomic { at == USER && syscalls > 0 ->
		enter_kernel();
		syscalls--;
		at = RETURN;
		if
		:: true		/* any that waits, or doesn't */
		:: !other -> other = true; tif = true	/* close(): ____fput() */
		:: changed = true			/* setuid() */
		:: amid = true; at = EXEC
		:: at = EXIT				/* exit(): of this thread */
		:: group_exit = true; at = EXIT		/* exit_group() */
		fi }


	/* T4, and what T1 may find */
	:: atomic { at == RETURN && !tif && !sigkill ->
		user = true;
		P_CONFIRMED;
		at = USER }
	:: at == RETURN && tif -> atomic { tif = false; then = RETURN; at = WORK }
	:: at == RETURN && sigkill -> atomic { then = GET_SIGNAL; at = WORK }

	:: atomic { at == WORK && other -> other = false }
	:: atomic { at == WORK && onlist && !(other && behind) ->
		onlist = false;
		behind = false;
		at = CALLBACK }
	:: atomic { at == WORK && !other && !onlist ->
		listshut = exiting;
		at = then;
		then = 0 }

	/* hold_callback() */
	:: atomic { at == CALLBACK ->
		/* What lives in the module needs that. */
		assert(!freed);
#ifndef BUG_NO_STEP_BACK
		/* callback_steps_back(), which adds it without the flag */
		if
		:: other && !exiting ->
			onlist = true;
			behind = true;
			at = WORK
		:: else -> at = DECIDE
		fi
#else
		at = DECIDE
#endif
		}
	:: atomic { at == DECIDE ->
#ifndef BUG_ORDER
		queued = false;
#endif
		waiting = true;		/* prepare_to_rcuwait() */
		incallback = true;
		asleep = true;		/* set_current_state() */
		must_park();
		if
		:: parked ->
			/* P_EXEC */
			assert(!amid);
			/* P_EOF */
			assert(!other);
			at = SLEEP
		:: else -> leave_callback(); at = PUT
		fi }
	:: atomic { at == SLEEP && (!asleep || sigkill) ->
#ifdef BUG_NO_RECHECK
		parked = false;
#else
		asleep = true;
		must_park();
#endif
		if
		:: parked -> skip
		:: else -> leave_callback(); at = PUT
		fi }
	:: atomic { at == PUT ->
#ifdef BUG_ORDER
		queued = false;
#endif
		put();
		at = WORK }

	/* begin_new_exec(): io_uring runs task work there */
	:: at == EXEC -> atomic { then = EXEC_CREDS; at = WORK }
	:: at == EXEC -> at = EXEC_CREDS
	:: atomic { at == EXEC_CREDS ->
		if
		:: sigkill -> at = RETURN	/* it fails, and can't go back */
		:: else ->
			at = EXEC_PROBE;
			if
			:: changed = true
			:: true
			fi
		fi;
		amid = false }
	:: at == EXEC_PROBE ->
		/* proxyipc_hold_exec_probe() */
		atomic {
			if
			:: changed -> ok = true
			:: ok = true		/* exec_is_privileged() */
			:: ok = changed
			fi;
			if
			:: ok && listed[0] && !stale[0] -> revoke(0)
			:: else
			fi;
			if
			:: ok && listed[1] && !stale[1] -> revoke(1)
			:: else
			fi;
			in_exec = false;
			if
			:: HELD -> thread_queue(ok)
			:: else
			fi;
			ok = false;
			at = RETURN
		};
		if
		:: atomic { then = RETURN; at = WORK }	/* PTRACE_EVENT_EXEC */
		:: true
		fi

	/* get_signal(), do_exit(): SIGKILL is no longer pending then */
	:: atomic { at == GET_SIGNAL -> sigkill = false; at = EXIT }
	:: at == EXIT -> atomic { then = EXIT_FLAG; at = WORK }	/* PTRACE_EVENT_EXIT */
	:: at == EXIT -> at = EXIT_FLAG
	:: atomic { at == EXIT_FLAG -> exiting = true; at = EXIT_PROBE }
	:: atomic { at == EXIT_PROBE ->
		/* proxyipc_hold_exit_probe() */
		if
		:: !freed ->
			dead = true;
			hold_unlink(0);
			hold_unlink(1);
			reconcile()
		:: else
		fi;
		then = GONE;
		at = WORK }	/* exit_task_work() */
	:: atomic { at == GONE -> gone = true; tif = false; break }
	od
}

proctype Killer()
{
	if
	:: true
	:: atomic { true ->
		killed = true;
		if
		:: group_exit || gone		/* it is dropped */
		:: else -> sigkill = true; group_exit = true
		fi }
	fi
}

/* Somebody wakes the target for a reason of his own, by mistake. */
proctype Other()
{
	byte wakes = WAKES;

end:	do
	:: atomic { wakes > 0 && asleep -> wakes--; asleep = false }
	od
}


proctype Monitor()
{
end:	atomic {
		timeout ->
		/* P_KILL */
		assert(!killed || gone);
		/* P_RUNS */
		assert(HELD || user || gone);
		/* P_PARKED */
		assert(!parked || (!changed && HELD));
		/* P_TOLD */
		assert(!(listed[0] && (stale[0] || dead)));
		assert(!(listed[1] && (stale[1] || dead)))
	}
}

init
{
	atomic {
		run Target();
		run Holder(0);
		run Holder(1);
		run Worker();
		run Killer();
		run Other();
		run Monitor()
	}
}
