/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_PROCESS_H
#define _PROXYIPC_PROCESS_H

/**
 * DOC: Process object
 *
 * Names its target, a thread or a thread group, with everything that one supervisor needs to
 * deal with it: receiver slot, reply slot, pending notices, those who wait for
 * their turn, and at most one episode. Several process objects on one target
 * know nothing of each other; they meet in its record (target.h), and the
 * target runs when none of them holds it.
 *
 * Lifetime: descriptors, proxy entries, the episode and pending timers have
 * references. The object *ends* once, when the target is gone (-ESRCH) or its
 * identity changed (-ESTALE): everything in progress gets that as its result,
 * the receiver is told, and every later operation fails with it.
 *
 * DOC: Episode
 *
 * What happens from an invocation of a proxy entry to the resume. Calls, sends
 * and notices all take this one path, and so does what nobody sent, the expiry of
 * the watchdog and faults of the target: they join what waits, and whoever finds the
 * object idle begins the next episode::
 *
 *   NONE --begin--> HOLDING --confirmed--> DELIVERED --received--> RECEIVED
 *    ^                 |                      |                       |
 *    +-----------------+-- close -------------+-----------------------+
 *    |                                        |  something waits: begin the next
 *    +------- RESTING <-- the lease ran out --+  one with the same hold, DELIVERED
 *
 * A *standstill* is the time from the hold to its drop; episodes that are chained
 * share it, and the lease is its length, so that chaining can't stretch it. After
 * a lease ran out the target gets to run before the next episode (RESTING).
 *
 * A fault is of the target, which can't go on before its episode: it goes first. What
 * keeps the target in the meantime is a hold of its own, which goes when the fault's
 * turn has come.
 *
 * When the receiver of an episode dies, the guardian gets the same message: DELIVERED
 * again, within the same standstill. Without one, and when a lease runs out, the
 * target runs or is killed, as the policy says.
 *
 * Only an episode whose hold was confirmed is chained to: while HOLDING, whoever
 * began it goes on to the next by himself. If the target defers the hold he
 * doesn't wait for that: it stays HOLDING, and the work @settled confirms it when
 * the deferral is over. The lease then counts from there.
 */

#include <linux/hrtimer.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/proxyipc.h>

#include "fault.h"
#include "hold.h"
#include "identity.h"
#include "watchdog.h"

struct cred;
struct pid;
struct proxyipc_body;
struct proxyipc_call;
struct proxyipc_endpoint;
struct proxyipc_receiver;
struct proxyipc_user;

/**
 * struct proxyipc_episode_state - what is going on, if anything
 * @state: one of &enum proxyipc_episode, see DOC: Episode
 * @kind: call, send, notice, watchdog or fault
 * @token: its name, 0 if NONE or RESTING
 * @notices: the bits that began it
 * @words: of a message that nobody sent
 * @retry: the fault that began it is to be retried
 * @call: the call or send that began it, with a reference, or NULL
 * @reply: the reply slot: a call that was not answered, with a reference, or NULL
 * @fetched: the right to answer @call was taken away: its result is not ours to give
 * @receiver: who gets it, with a reference
 * @handler: the thread group that received it, with a reference, or NULL
 * @picked: somebody has received it, be it that nobody has it now
 * @redelivered: @receiver is the guardian
 * @since: when it was confirmed
 */
struct proxyipc_episode_state {
	enum proxyipc_episode state;
	u32 kind;
	u64 token;
	u64 notices;
	u64 words[PROXYIPC_WORDS];
	bool retry;
	struct proxyipc_call *call;
	struct proxyipc_call *reply;
	bool fetched;
	struct proxyipc_receiver *receiver;
	struct pid *handler;
	bool picked;
	bool redelivered;
	u64 since;
};

/**
 * struct proxyipc_process_policy - what becomes of the target when nobody handles it
 * @receiver_death: one of &enum proxyipc_policy
 * @lease_end: likewise
 * @cred: of who set it, with a reference: by their authority it kills; NULL if it
 *	was never set
 */
struct proxyipc_process_policy {
	u32 receiver_death;
	u32 lease_end;
	const struct cred *cred;
};

/**
 * struct proxyipc_process - a process object
 * @ref: memory
 * @id: what fdinfo calls it, so that its descriptors are seen to be of one object;
 *	never 0, never reused; constant
 * @identity: the target
 * @user: on whose account targets are held; constant
 * @lease: longest standstill, nanoseconds; constant
 * @defer_max: for how long the target may defer a hold, nanoseconds
 * @sees_addresses: opened by the target's own process or with CAP_SYS_PTRACE
 * @overrides_defer: opened with CAP_SYS_PTRACE
 * @enrolled: opened by the target's own process; this and the three before are set
 *	before the object is published, then constant
 * @wait: poll
 * @hold: of the episode
 * @fault_hold: of a fault whose turn has not come
 * @timer: end of the lease, or of the rest; armed with a reference
 * @tick: what is done then; the reference passes to it
 * @settled: goes on where a deferral has ended; pending with a reference
 * @orphaned: ends the episode whose handler died; pending with a reference
 * @freeing: frees it, if the last reference went in an interrupt
 * @watchdog: has a lock of its own; set under @lock
 * @handling: in the table of handlers, while @episode.handler is set; this and
 *	@handler_died are under handling_lock
 * @handler_died: the probe saw it
 * @lock: protects what follows
 * @ended: 0, or -ESRCH or -ESTALE for ever
 * @receiver: the receiver slot, with a reference, or NULL
 * @guardian: who gets the episode of a receiver that died, likewise
 * @policy: what is done if there is nobody
 * @waiting: calls and sends whose turn has not come, oldest first
 * @nr_waiting: how many
 * @notices: posted, begin the next episode
 * @causes: kinds of message that nobody sent, each a bit 1 << &enum proxyipc_kind:
 *	begin an episode before all else
 * @watchdog_words: the message of %PROXYIPC_KIND_WATCHDOG, while @causes has it
 * @fault: likewise; signal 0 if there is none
 * @episode: in progress
 * @deferred: the hold of the episode was deferred, and isn't in effect yet
 * @tick_at: when the lease, or the rest, ends; CLOCK_MONOTONIC nanoseconds
 * @manual: holds by hand, see manual.h
 * @nr_episodes: confirmed so far
 * @held_ns: their time, without the present one
 */
struct proxyipc_process {
	struct kref ref;
	u64 id;
	struct proxyipc_identity identity;
	struct proxyipc_user *user;
	u64 lease;
	u64 defer_max;
	bool sees_addresses;
	bool overrides_defer;
	bool enrolled;
	wait_queue_head_t wait;
	struct proxyipc_hold hold;
	struct proxyipc_hold fault_hold;
	struct hrtimer timer;
	struct work_struct tick;
	struct work_struct settled;
	struct work_struct orphaned;
	struct work_struct freeing;
	struct proxyipc_watchdog watchdog;
	struct hlist_node handling;
	bool handler_died;

	/* under @lock */
	spinlock_t lock;
	int ended;
	struct proxyipc_receiver *receiver;
	struct proxyipc_receiver *guardian;
	struct proxyipc_process_policy policy;
	struct list_head waiting;
	unsigned int nr_waiting;
	u64 notices;
	u32 causes;
	u64 watchdog_words[PROXYIPC_WORDS];
	struct proxyipc_fault fault;
	struct proxyipc_episode_state episode;
	bool deferred;
	u64 tick_at;
	struct list_head manual;
	u64 nr_episodes;
	u64 held_ns;
};

/**
 * struct proxyipc_process_works - what happens to a process object by itself
 * @reconcile: see proxyipc_identity_init()
 * @timer: of &struct proxyipc_process.timer
 * @tick: of &struct proxyipc_process.tick
 * @settled: of &struct proxyipc_process.settled
 * @orphaned: of &struct proxyipc_process.orphaned
 * @expired: of &struct proxyipc_process.watchdog
 */
struct proxyipc_process_works {
	work_func_t reconcile;
	enum hrtimer_restart (*timer)(struct hrtimer *timer);
	work_func_t tick;
	work_func_t settled;
	work_func_t orphaned;
	work_func_t expired;
};

struct proxyipc_process *
proxyipc_process_new(struct task_struct *task, bool group, u64 lease,
		     const struct proxyipc_process_works *works);
struct proxyipc_process *proxyipc_process_get(struct proxyipc_process *process);
bool proxyipc_process_tryget(struct proxyipc_process *process);
struct task_struct *
proxyipc_process_find_thread(struct proxyipc_process *process, pid_t tid);
void proxyipc_process_settle(struct proxyipc_process *process);
void proxyipc_process_put(struct proxyipc_process *process);
void proxyipc_process_put_late(struct proxyipc_process *process);
int proxyipc_process_check(struct proxyipc_process *process);
int proxyipc_process_set_receiver(struct proxyipc_process *process,
				  struct proxyipc_endpoint *ep, u64 payload);
int proxyipc_process_set_policy(struct proxyipc_process *process,
				const struct proxyipc_process_policy *policy,
				struct proxyipc_endpoint *guardian, u64 payload);
bool proxyipc_process_has_slot(const struct proxyipc_process *process,
			       const struct proxyipc_receiver *receiver);
bool proxyipc_process_may_kill(struct proxyipc_process *process,
			       const struct cred *cred);
__poll_t proxyipc_process_poll_entry(struct proxyipc_process *process);

#endif /* _PROXYIPC_PROCESS_H */
