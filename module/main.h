/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_MAIN_H
#define _PROXYIPC_MAIN_H

/**
 * DOC: proxyipc, the whole
 *
 * An *endpoint* is a receive queue. An *entry* is the capability to invoke one.
 * A *process object* names its target, a thread or a group of them; a *proxy entry* is the
 * capability to invoke that. Invoking it begins an *episode*: the target is
 * held, the caller's reply goes into the process object's reply slot, and the
 * message goes to the endpoint that the entry in its receiver slot names. Who
 * receives there gets a cap with which to look, answer and resume.
 *
 * From the bottom up:
 *
 * - message: what is carried
 * - cap: the names that receivers use
 * - control: the page that a target shares with us
 * - fault: instructions that could not be executed, and their signals
 * - hold, and with it target, thread, group, identity and what else hold.h lists:
 *   keep a target from running user code; the only ones that do
 * - object: file descriptors and who may have how many holds
 * - waiter: waiting without a task
 * - call: one call or send, and its one result
 * - endpoint: the queue of messages
 * - receiver: the receiver slot of a process object, and its place in a queue
 * - watchdog: notices that a target has not kept alive
 * - process, manual, episode: the process object, holds on its target by hand,
 *   and what its proxy entries and its watchdog begin
 * - regs: the registers of its held target
 * - receive: taking a message out of an endpoint
 * - reply, entry, processfd, endpointfd, device: the kinds of descriptor, each
 *   with its commands
 * - ioctl: the table of commands
 * - uring: those of them that io_uring takes
 * - main: load and unload
 *
 * Lock order, outer first. All of ours but the last four are spinlock_t and taken in
 * process context only; the last four are raw, taken with interrupts off, also
 * in tracepoint probes and timers, and nothing but other raw locks is taken under
 * them::
 *
 *   process->lock              episode, receiver and reply slot, who waits
 *     endpoint->lock           queue, caps, receivers of the endpoint
 *       call->wait.lock        state and result of one call
 *     sighand->siglock         the kernel's, to send a target a signal
 *     user_lock                holds that each user has
 *     handling_lock            raw: which thread group handles which episode
 *     watchdog->lock           raw: clock of a watchdog, what it has to report
 *       thread->lock           as below
 *     thread->lock             raw: holds and callback of one target thread
 *       group->lock            raw: holds and identities of a thread group
 *       task->pi_lock          the kernel's, raw: a target stays asleep while
 *                              its registers are read
 *     targets_lock             raw: which threads have a record
 *
 * A wait queue has a lock of its own, call->wait.lock among them. Under it somebody is
 * woken, be it that io_uring is told to run task work: the kernel's locks only.
 * io_uring calls us with the lock of the ring held, a mutex; none of ours is held then.
 *
 * siglock comes before the raw ones also because the probe of signal_generate runs
 * under it, and takes thread->lock: so no signal may be sent under a raw lock.
 *
 * References: a descriptor holds its object; entry -> endpoint or process; process
 * -> thread, receiver; receiver -> endpoint; a queue holds what is queued in it.
 * An endpoint holds no process: what its receivers point to is taken under the
 * endpoint's lock, by a reference that can fail.
 */

#include <linux/types.h>

struct workqueue_struct;

/* For everything that a probe or a timer may not do itself. */
extern struct workqueue_struct *proxyipc_workqueue;

u64 proxyipc_next_id(void);

#endif /* _PROXYIPC_MAIN_H */
