/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef _PROXYIPC_H
#define _PROXYIPC_H

#include <linux/proxyipc.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * DOC: libproxyipc
 *
 * The commands of <linux/proxyipc.h> as functions. Objects stay what they are,
 * file descriptors: pass them on, poll() them, close() them. What the commands
 * promise is said there, at their structs; here is said what a function adds.
 *
 * For each ``struct proxyipc_<object>_<verb>`` there is
 *
 * - the full form ``proxyipc_<object>_<verb>_params(fd, params)``: issues the
 *   command with everything that it can do. Sets params->size if that is 0, so a
 *   struct initialised by name needs no more than the fields that matter.
 *   Returns 0, results are in the struct.
 * - the short form ``proxyipc_<object>_<verb>()`` with plain arguments, without
 *   flags and without a deadline.
 *
 * Functions return >= 0, or a negative error number; proxyipc_strerror() says
 * what it means. They leave errno alone. A wait interrupted by a signal handler
 * that was installed without SA_RESTART is -EINTR; nothing is retried here.
 *
 * All functions are thread-safe and async-signal-safe, keep no state, start no
 * threads and allocate no memory. "Waits" below means: for another program.
 * What doesn't wait still may sleep for a moment, for memory or a lock.
 * File descriptors returned are close-on-exec.
 */

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What is but a few stores is here to be inlined, and in the library for those
 * who can't. Always the GNU meaning of "extern inline": no copy is made elsewhere,
 * in whatever dialect of C or C++.
 */
#ifndef PROXYIPC_INLINE
#define PROXYIPC_INLINE	extern inline __attribute__((__gnu_inline__))
#endif

/*
 * Everyday things
 */

/**
 * proxyipc_address() - an address as &proxyipc_message.data wants it
 * @pointer: what to point at, may be NULL
 *
 * Return: the address.
 */
static inline __u64 proxyipc_address(const void *pointer)
{
	return (uintptr_t)pointer;
}

/**
 * proxyipc_deadline() - the deadline a while from now
 * @timeout_ns: how long from now, nanoseconds
 *
 * Compute it once, before a loop that goes on after -EINTR. Doesn't wait.
 *
 * Return: absolute CLOCK_MONOTONIC nanoseconds, never 0; the farthest possible
 * one if @timeout_ns is longer than the clock counts.
 */
__u64 proxyipc_deadline(__u64 timeout_ns);

/**
 * proxyipc_strerror() - what went wrong and what to do about it
 * @error: what a function of this library returned, or a positive error number
 *
 * Doesn't wait. Numbers that this library has nothing to say about are
 * described as the C library does, in English.
 *
 * Return: a constant string, never NULL.
 */
const char *proxyipc_strerror(int error);

/**
 * proxyipc_fd_send() - pass a file descriptor over a socket
 * @socket: a connected AF_UNIX socket, of socketpair() for instance
 * @fd: what to pass; stays open here
 *
 * For enrolment between fork and exec: the child opens itself by
 * proxyipc_process_open_self() and sends the result to its parent. One byte goes
 * along with it. Waits while the socket is full; raises no SIGPIPE.
 *
 * Return: 0, or a negative error of sendmsg(2).
 */
int proxyipc_fd_send(int socket, int fd);

/**
 * proxyipc_fd_recv() - take what proxyipc_fd_send() sent
 * @socket: the other end
 *
 * Waits for it.
 *
 * Return: a file descriptor; -ENODATA if the other end was closed or what it
 * sent has no file descriptor; -EPROTO if it has several (all are closed);
 * -EMFILE if there is no room for it here; or a negative error of recvmsg(2).
 */
int proxyipc_fd_recv(int socket);

/*
 * Device
 */

/**
 * proxyipc_open() - open /dev/proxyipc, where all objects come from
 *
 * Once the objects are made it isn't needed any more. Doesn't wait.
 *
 * Return: a device; -ENOENT, -ENODEV or -ENXIO if the module isn't loaded,
 * -EACCES if the device isn't open to this user, or a negative error of open(2).
 */
int proxyipc_open(void);

/**
 * proxyipc_device_info() - version and limits of the module
 * @device: from proxyipc_open()
 * @info: is written, nothing in it is read
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error of &struct proxyipc_device_info.
 */
int proxyipc_device_info(int device, struct proxyipc_device_info *info);

/**
 * proxyipc_device_info_params() - full form of proxyipc_device_info()
 * @device: from proxyipc_open()
 * @params: see &struct proxyipc_device_info
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_device_info_params(int device, struct proxyipc_device_info *params);

/**
 * proxyipc_endpoint_create() - make a receive queue
 * @device: from proxyipc_open()
 * @queue_limit: how many messages by proxyipc_entry_send() may wait in it, 0 for
 *	the default
 *
 * Doesn't wait.
 *
 * Return: an endpoint, or a negative error of &struct proxyipc_endpoint_create.
 */
int proxyipc_endpoint_create(int device, unsigned int queue_limit);

/**
 * proxyipc_endpoint_create_params() - full form of proxyipc_endpoint_create()
 * @device: from proxyipc_open()
 * @params: see &struct proxyipc_endpoint_create
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_endpoint_create_params(int device, struct proxyipc_endpoint_create *params);

/**
 * proxyipc_process_open() - get hold of a thread by its ids
 * @device: from proxyipc_open()
 * @tgid: process id, 0 for the caller's process
 * @tid: thread id, 0 for the main thread, or for the calling thread if @tgid is 0
 *
 * A process that isn't a child of the caller may exit and another one take its
 * id: use proxyipc_process_open_pidfd(). The lease is the default. Doesn't wait.
 *
 * Return: a process object, or a negative error of &struct proxyipc_process_open.
 */
int proxyipc_process_open(int device, pid_t tgid, pid_t tid);

/**
 * proxyipc_process_open_params() - full form of proxyipc_process_open()
 * @device: from proxyipc_open()
 * @params: see &struct proxyipc_process_open
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_process_open_params(int device, struct proxyipc_process_open *params);

/**
 * proxyipc_process_open_group() - get hold of a whole process, with all its threads
 * @device: from proxyipc_open()
 * @tgid: process id, 0 for the caller's process
 *
 * As proxyipc_process_open(), with PROXYIPC_OPEN_GROUP: what holds it holds every
 * thread, also those that are made meanwhile. Doesn't wait.
 *
 * Return: a process object, or a negative error of &struct proxyipc_process_open.
 */
int proxyipc_process_open_group(int device, pid_t tgid);

/**
 * proxyipc_process_open_self() - get hold of the calling thread
 * @device: from proxyipc_open()
 *
 * Needs no privilege. Who is given the result may hold the caller. It survives
 * an exec of an ordinary program. Doesn't wait.
 *
 * Return: a process object, or a negative error of &struct proxyipc_process_open.
 */
int proxyipc_process_open_self(int device);

/**
 * proxyipc_process_open_pidfd() - get hold of a process's main thread, by a pidfd
 * @device: from proxyipc_open()
 * @pidfd: the process, from pidfd_open(2) or clone(2)
 *
 * Takes the process id from /proc, opens that, and looks afterwards whether the
 * process of @pidfd is still there: its id can't have been given to another in
 * between. Doesn't wait.
 *
 * Return: a process object; -EBADF if @pidfd isn't open, -EINVAL if it isn't a
 * pidfd, -ESRCH if the process exited or isn't visible in this pid namespace,
 * -EXDEV if /proc isn't mounted or is that of another pid namespace; or a
 * negative error of &struct proxyipc_process_open.
 */
int proxyipc_process_open_pidfd(int device, int pidfd);

/**
 * proxyipc_process_open_pidfd_params() - full form of proxyipc_process_open_pidfd()
 * @device: from proxyipc_open()
 * @pidfd: the process, from pidfd_open(2) or clone(2)
 * @params: see &struct proxyipc_process_open; its tgid is filled in. With
 *	PROXYIPC_OPEN_GROUP in its flags the target is the whole process, with a tid
 *	that thread of it.
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error as of proxyipc_process_open_pidfd(); there is
 * nothing to be closed then.
 */
int proxyipc_process_open_pidfd_params(int device, int pidfd,
				       struct proxyipc_process_open *params);

/**
 * proxyipc_spawn() - start a program that can be held from its first instruction on
 * @device: from proxyipc_open()
 * @how: flags, lease and defer_max of the process objects are taken from it; with
 *	PROXYIPC_OPEN_GROUP they are on the whole program with all threads that it
 *	will have. NULL for its main thread and the defaults.
 * @path: of the program, as execve(2) wants it; it need not know of any of this
 * @argv: its arguments, as execve(2) wants them
 * @envp: its environment, likewise
 * @pid: where its process id goes
 *
 * The program opens itself before it is executed, which takes no privilege, and
 * finds a process object of its own by proxyipc_self(), through a descriptor that
 * is named by the environment variable PROXYIPC_SELF. A set-id program loses both
 * objects. Waits until the program is executed. Unlike the rest of this library
 * not async-signal-safe: it calls fork().
 *
 * Return: a process object on the program, whose exit is to be waited for by
 * waitpid(2); or a negative error of fork(2), execve(2) or &struct
 * proxyipc_process_open, and there is no child then.
 */
int proxyipc_spawn(int device, const struct proxyipc_process_open *how, const char *path,
		   char *const argv[], char *const envp[], pid_t *pid);

/**
 * proxyipc_self() - find the process object that this program was spawned with
 *
 * It names the main thread or, if the program was spawned so, all of them: then
 * proxyipc_process_map_thread() is for each. The page of proxyipc_process_map() is the
 * main thread's either way. Not async-signal-safe: it reads the environment.
 *
 * Return: a process object, not to be closed if others may ask for it too;
 * -ENODATA if this program wasn't started by proxyipc_spawn(), or the descriptor
 * isn't that any more.
 */
int proxyipc_self(void);

/*
 * Endpoint
 */

/**
 * proxyipc_endpoint_mint() - make an entry: the right to invoke the endpoint
 * @endpoint: from proxyipc_endpoint_create()
 * @payload: what the receiver knows this entry by
 * @rights: PROXYIPC_RIGHT_CALL, PROXYIPC_RIGHT_SEND, PROXYIPC_RIGHT_NOTIFY
 * @notice_mask: the notice bits that may be posted, 0 without PROXYIPC_RIGHT_NOTIFY
 *
 * Doesn't wait.
 *
 * Return: an entry, or a negative error of &struct proxyipc_endpoint_mint.
 */
int proxyipc_endpoint_mint(int endpoint, __u64 payload, __u32 rights, __u64 notice_mask);

/**
 * proxyipc_endpoint_mint_params() - full form of proxyipc_endpoint_mint()
 * @endpoint: from proxyipc_endpoint_create()
 * @params: see &struct proxyipc_endpoint_mint
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_endpoint_mint_params(int endpoint, struct proxyipc_endpoint_mint *params);

/**
 * proxyipc_endpoint_recv() - receive the oldest message
 * @endpoint: from proxyipc_endpoint_create()
 * @received: data and data_size are read: where the message's bytes go. The rest
 *	is written on success. After -EMSGSIZE only out_data_len is, the room that
 *	the message needs; other errors leave everything as it was.
 *
 * Waits for a message; with a deadline or not at all by the full form.
 *
 * Return: 0, or a negative error of &struct proxyipc_endpoint_recv.
 */
int proxyipc_endpoint_recv(int endpoint, struct proxyipc_received *received);

/**
 * proxyipc_endpoint_recv_params() - full form of proxyipc_endpoint_recv()
 * @endpoint: from proxyipc_endpoint_create()
 * @params: see &struct proxyipc_endpoint_recv
 *
 * Waits for a message, until the deadline; not with PROXYIPC_NONBLOCK.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_endpoint_recv_params(int endpoint, struct proxyipc_endpoint_recv *params);

/**
 * proxyipc_endpoint_reply() - answer a call
 * @endpoint: that received it
 * @cap: &proxyipc_received.out_cap
 * @reply: the answer
 *
 * If the call was proxied the target stays held. Doesn't wait.
 *
 * Return: 0, or a negative error of &struct proxyipc_endpoint_reply.
 */
int proxyipc_endpoint_reply(int endpoint, __u64 cap, const struct proxyipc_message *reply);

/**
 * proxyipc_endpoint_reply_params() - full form of proxyipc_endpoint_reply()
 * @endpoint: that received the call
 * @params: see &struct proxyipc_endpoint_reply
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_endpoint_reply_params(int endpoint, struct proxyipc_endpoint_reply *params);

/**
 * proxyipc_endpoint_reply_recv() - answer the last call and receive the next message
 * @endpoint: from proxyipc_endpoint_create()
 * @reply: the answer to the call in @received; may be NULL if there is none
 * @received: out_cap is answered unless it is 0. Then the next message is
 *	received, as by proxyipc_endpoint_recv().
 *
 * The loop of a server that begins with @received all zero. The target of a
 * proxied message is not resumed: do that first and set out_cap to 0, or use the
 * full form with PROXYIPC_RESUME_REPLY. Waits for a message.
 *
 * Return: 0, or a negative error of &struct proxyipc_endpoint_reply_recv. After
 * an error out_cap is 0 if there is nothing left to answer: the answer was given
 * and receiving failed, or (-ESRCH) the caller of a plain call had gone. So the
 * same call made again goes on where this one ended.
 */
int proxyipc_endpoint_reply_recv(int endpoint, const struct proxyipc_message *reply,
				 struct proxyipc_received *received);

/**
 * proxyipc_endpoint_reply_recv_params() - full form of proxyipc_endpoint_reply_recv()
 * @endpoint: from proxyipc_endpoint_create()
 * @params: see &struct proxyipc_endpoint_reply_recv
 *
 * Waits for a message, until the deadline; not with PROXYIPC_NONBLOCK.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_endpoint_reply_recv_params(int endpoint,
					struct proxyipc_endpoint_reply_recv *params);

/**
 * proxyipc_endpoint_resume() - end a hold: the target of a proxied message may run
 * @endpoint: that received it
 * @cap: &proxyipc_received.out_cap
 * @reply: answer to the call in the reply slot, or NULL: a call that is still
 *	there fails with ECANCELED
 *
 * Doesn't wait.
 *
 * Return: 0; -ESRCH if the caller had gone, the target is resumed nevertheless;
 * or a negative error of &struct proxyipc_endpoint_resume.
 */
int proxyipc_endpoint_resume(int endpoint, __u64 cap, const struct proxyipc_message *reply);

/**
 * proxyipc_endpoint_resume_params() - full form of proxyipc_endpoint_resume()
 * @endpoint: that received the message
 * @params: see &struct proxyipc_endpoint_resume; the message counts only with
 *	PROXYIPC_RESUME_REPLY
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_endpoint_resume_params(int endpoint, struct proxyipc_endpoint_resume *params);

/**
 * proxyipc_endpoint_retry() - end the hold of a fault: the instruction is executed again
 * @endpoint: that received the fault
 * @cap: &proxyipc_received.out_cap
 *
 * For who has mended what was wrong. proxyipc_endpoint_resume() delivers the signal.
 * Doesn't wait.
 *
 * Return: 0, or a negative error of &struct proxyipc_endpoint_resume.
 */
int proxyipc_endpoint_retry(int endpoint, __u64 cap);

/**
 * proxyipc_endpoint_fetch() - turn what a message brought into a file descriptor
 * @endpoint: that received it
 * @cap: &proxyipc_received.out_cap. Of a plain call it is dead afterwards, of a
 *	proxied message it stays.
 *
 * Doesn't wait.
 *
 * Return: a reply object (plain call) or a process object (proxied), or a
 * negative error of &struct proxyipc_endpoint_fetch.
 */
int proxyipc_endpoint_fetch(int endpoint, __u64 cap);

/**
 * proxyipc_endpoint_fetch_params() - full form of proxyipc_endpoint_fetch()
 * @endpoint: that received the message
 * @params: see &struct proxyipc_endpoint_fetch
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_endpoint_fetch_params(int endpoint, struct proxyipc_endpoint_fetch *params);

/**
 * proxyipc_endpoint_drop() - give up what a message brought
 * @endpoint: that received it
 * @cap: &proxyipc_received.out_cap: a caller gets ECANCELED, a held target runs
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error of &struct proxyipc_endpoint_drop.
 */
int proxyipc_endpoint_drop(int endpoint, __u64 cap);

/**
 * proxyipc_endpoint_drop_params() - full form of proxyipc_endpoint_drop()
 * @endpoint: that received the message
 * @params: see &struct proxyipc_endpoint_drop
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_endpoint_drop_params(int endpoint, struct proxyipc_endpoint_drop *params);

/*
 * Entry and proxy entry
 */

/**
 * proxyipc_entry_call() - send a request and wait for the reply
 * @entry: from proxyipc_endpoint_mint() or proxyipc_process_mint()
 * @request: the request
 * @reply: data and data_len are read: where the answer's bytes go, and the room
 *	there. All of it is written on success, nothing on failure. May be the
 *	same struct as @request.
 *
 * Waits for the reply; with a deadline by the full form.
 *
 * Return: 0, or a negative error of &struct proxyipc_entry_call.
 */
int proxyipc_entry_call(int entry, const struct proxyipc_message *request,
			struct proxyipc_message *reply);

/**
 * proxyipc_entry_call_params() - full form of proxyipc_entry_call()
 * @entry: from proxyipc_endpoint_mint() or proxyipc_process_mint()
 * @params: see &struct proxyipc_entry_call
 *
 * Waits for the reply, until the deadline.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_entry_call_params(int entry, struct proxyipc_entry_call *params);

/**
 * proxyipc_entry_send() - send a message that has no reply
 * @entry: from proxyipc_endpoint_mint() or proxyipc_process_mint()
 * @message: the message
 *
 * Waits while the queue is full or, on a proxy entry, an episode is in progress.
 *
 * Return: 0, or a negative error of &struct proxyipc_entry_send.
 */
int proxyipc_entry_send(int entry, const struct proxyipc_message *message);

/**
 * proxyipc_entry_send_params() - full form of proxyipc_entry_send()
 * @entry: from proxyipc_endpoint_mint() or proxyipc_process_mint()
 * @params: see &struct proxyipc_entry_send
 *
 * Waits as proxyipc_entry_send(), until the deadline; not with PROXYIPC_NONBLOCK.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_entry_send_params(int entry, struct proxyipc_entry_send *params);

/**
 * proxyipc_entry_notify() - post notice bits
 * @entry: from proxyipc_endpoint_mint() or proxyipc_process_mint()
 * @notices: the bits, not 0. Those that the entry's mask lacks are not posted;
 *	the full form tells which were.
 *
 * Doesn't wait.
 *
 * Return: one of &enum proxyipc_notified, or a negative error of &struct
 * proxyipc_entry_notify.
 */
int proxyipc_entry_notify(int entry, __u64 notices);

/**
 * proxyipc_entry_notify_params() - full form of proxyipc_entry_notify()
 * @entry: from proxyipc_endpoint_mint() or proxyipc_process_mint()
 * @params: see &struct proxyipc_entry_notify
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_entry_notify_params(int entry, struct proxyipc_entry_notify *params);

/*
 * Process
 */

/**
 * proxyipc_process_mint() - make a proxy entry: who invokes it holds the target
 * @process: from proxyipc_process_open() and the like
 * @payload: what the receiver knows this entry by
 * @rights: PROXYIPC_RIGHT_CALL, PROXYIPC_RIGHT_SEND, PROXYIPC_RIGHT_NOTIFY
 * @notice_mask: the notice bits that may be posted, 0 without PROXYIPC_RIGHT_NOTIFY
 *
 * Doesn't wait.
 *
 * Return: a proxy entry, or a negative error of &struct proxyipc_process_mint.
 */
int proxyipc_process_mint(int process, __u64 payload, __u32 rights, __u64 notice_mask);

/**
 * proxyipc_process_mint_params() - full form of proxyipc_process_mint()
 * @process: from proxyipc_process_open() and the like
 * @params: see &struct proxyipc_process_mint
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_process_mint_params(int process, struct proxyipc_process_mint *params);

/**
 * proxyipc_process_set_receiver() - say where proxied messages go
 * @process: from proxyipc_process_open() and the like
 * @entry: from proxyipc_endpoint_mint(), with PROXYIPC_RIGHT_SEND; -1 for nowhere
 *
 * @entry can be closed afterwards. Doesn't wait.
 *
 * Return: 0, or a negative error of &struct proxyipc_process_set_receiver.
 */
int proxyipc_process_set_receiver(int process, int entry);

/**
 * proxyipc_process_set_receiver_params() - full form of proxyipc_process_set_receiver()
 * @process: from proxyipc_process_open() and the like
 * @params: see &struct proxyipc_process_set_receiver
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_process_set_receiver_params(int process,
					 struct proxyipc_process_set_receiver *params);

/**
 * proxyipc_process_set_policy() - say what becomes of an episode that nobody ends
 * @process: from proxyipc_process_open() and the like
 * @guardian: an entry, from proxyipc_endpoint_mint() with PROXYIPC_RIGHT_SEND, to whose
 *	endpoint the message goes if its receiver dies; -1 for nobody
 * @receiver_death: PROXYIPC_POLICY_RESUME or PROXYIPC_POLICY_KILL, if there is no guardian
 * @lease_end: the same, when a lease runs out
 *
 * @guardian can be closed afterwards. Doesn't wait.
 *
 * Return: 0, or a negative error of &struct proxyipc_process_set_policy.
 */
int proxyipc_process_set_policy(int process, int guardian, __u32 receiver_death,
				__u32 lease_end);

/**
 * proxyipc_process_set_policy_params() - full form of proxyipc_process_set_policy()
 * @process: from proxyipc_process_open() and the like
 * @params: see &struct proxyipc_process_set_policy
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_process_set_policy_params(int process,
				       struct proxyipc_process_set_policy *params);

/**
 * proxyipc_process_hold() - keep the target from running, by hand
 * @process: from proxyipc_process_open() and the like
 * @token: where the name of the hold goes, for proxyipc_process_resume(); may be
 *	NULL for who ends it by close()
 *
 * The lease is the object's. Returns when the hold is confirmed; doesn't wait
 * for a system call that the target is in.
 *
 * Return: PROXYIPC_STATE_ARMED or PROXYIPC_STATE_PARKED, or a negative error of
 * &struct proxyipc_process_hold.
 */
int proxyipc_process_hold(int process, __u64 *token);

/**
 * proxyipc_process_hold_params() - full form of proxyipc_process_hold()
 * @process: from proxyipc_process_open() and the like
 * @params: see &struct proxyipc_process_hold
 *
 * Doesn't wait, as proxyipc_process_hold().
 *
 * Return: 0, or a negative error.
 */
int proxyipc_process_hold_params(int process, struct proxyipc_process_hold *params);

/**
 * proxyipc_process_resume() - end a hold
 * @process: from proxyipc_process_open(), proxyipc_endpoint_fetch() and the like
 * @token: which one: from proxyipc_process_hold() or &proxyipc_received.out_token
 * @reply: answer to the call in the reply slot, of an episode; or NULL
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error of &struct proxyipc_process_resume.
 */
int proxyipc_process_resume(int process, __u64 token, const struct proxyipc_message *reply);

/**
 * proxyipc_process_resume_params() - full form of proxyipc_process_resume()
 * @process: from proxyipc_process_open(), proxyipc_endpoint_fetch() and the like
 * @params: see &struct proxyipc_process_resume; the message counts only with
 *	PROXYIPC_RESUME_REPLY
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_process_resume_params(int process, struct proxyipc_process_resume *params);

/**
 * proxyipc_process_retry() - end the hold of a fault: the instruction is executed again
 * @process: from proxyipc_process_open(), proxyipc_endpoint_fetch() and the like
 * @token: &proxyipc_received.out_token
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error of &struct proxyipc_process_resume.
 */
int proxyipc_process_retry(int process, __u64 token);

/**
 * proxyipc_process_set_faults() - get the faults of the target
 * @process: from proxyipc_process_open_self() and the like
 * @signals: of which signals: proxyipc_signal_bit() of each, OR-ed; 0 for none
 *
 * They arrive where the receiver slot says, as PROXYIPC_KIND_FAULT. Doesn't wait.
 *
 * Return: 0, or a negative error of &struct proxyipc_process_set_faults.
 */
int proxyipc_process_set_faults(int process, __u64 signals);

/**
 * proxyipc_process_set_faults_params() - full form of proxyipc_process_set_faults()
 * @process: from proxyipc_process_open_self() and the like
 * @params: see &struct proxyipc_process_set_faults
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_process_set_faults_params(int process,
				       struct proxyipc_process_set_faults *params);

/**
 * proxyipc_signal_bit() - a signal as a set of signals has it
 * @signal: SIGSEGV and the like
 *
 * Return: its bit.
 */
static inline __u64 proxyipc_signal_bit(int signal)
{
	return 1ULL << (signal - 1);
}

/**
 * proxyipc_process_reply() - answer the call in the reply slot, the target stays held
 * @process: from proxyipc_process_open(), proxyipc_endpoint_fetch() and the like
 * @token: &proxyipc_received.out_token
 * @reply: the answer
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error of &struct proxyipc_process_reply.
 */
int proxyipc_process_reply(int process, __u64 token, const struct proxyipc_message *reply);

/**
 * proxyipc_process_reply_params() - full form of proxyipc_process_reply()
 * @process: from proxyipc_process_open(), proxyipc_endpoint_fetch() and the like
 * @params: see &struct proxyipc_process_reply
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_process_reply_params(int process, struct proxyipc_process_reply *params);

/**
 * proxyipc_process_fetch_reply() - take the right to answer out of the reply slot
 * @process: from proxyipc_process_open(), proxyipc_endpoint_fetch() and the like
 * @token: &proxyipc_received.out_token
 *
 * The target can then be resumed and the call answered later. Doesn't wait.
 *
 * Return: a reply object, or a negative error of &struct
 * proxyipc_process_fetch_reply.
 */
int proxyipc_process_fetch_reply(int process, __u64 token);

/**
 * proxyipc_process_fetch_reply_params() - full form of proxyipc_process_fetch_reply()
 * @process: from proxyipc_process_open(), proxyipc_endpoint_fetch() and the like
 * @params: see &struct proxyipc_process_fetch_reply
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_process_fetch_reply_params(int process,
					struct proxyipc_process_fetch_reply *params);

/**
 * proxyipc_process_info() - look at the target and the episode
 * @process: from proxyipc_process_open(), proxyipc_endpoint_fetch() and the like
 * @info: is written, nothing in it is read
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error of &struct proxyipc_process_info.
 */
int proxyipc_process_info(int process, struct proxyipc_process_info *info);

/**
 * proxyipc_process_info_params() - full form of proxyipc_process_info()
 * @process: from proxyipc_process_open(), proxyipc_endpoint_fetch() and the like
 * @params: see &struct proxyipc_process_info
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_process_info_params(int process, struct proxyipc_process_info *params);

/**
 * proxyipc_process_yield() - let holds that waited for a section take effect
 * @process: a process object on the calling thread
 *
 * Issued by proxyipc_undefer(). The caller is held in it for as long as they last,
 * and doesn't wait otherwise.
 *
 * Return: 0, or a negative error of &struct proxyipc_process_yield.
 */
int proxyipc_process_yield(int process);

/**
 * proxyipc_process_yield_params() - full form of proxyipc_process_yield()
 * @process: a process object on the calling thread
 * @params: see &struct proxyipc_process_yield
 *
 * Return: 0, or a negative error.
 */
int proxyipc_process_yield_params(int process, struct proxyipc_process_yield *params);

/**
 * proxyipc_process_set_watchdog() - be told when the target doesn't keep alive
 * @process: from proxyipc_process_open(), proxyipc_endpoint_fetch() and the like
 * @timeout_ns: how long it may go without, nanoseconds; 0 takes the watchdog away
 * @pretimeout_ns: how long before that the receiver is told for the first time,
 *	nanoseconds; 0: it isn't
 *
 * Who is told is the receiver, see proxyipc_process_set_receiver(): it gets a
 * message of kind %PROXYIPC_KIND_WATCHDOG, the target is held, and must be resumed.
 * Doesn't wait.
 *
 * Return: 0, or a negative error of &struct proxyipc_process_set_watchdog.
 */
int proxyipc_process_set_watchdog(int process, __u64 timeout_ns, __u64 pretimeout_ns);

/**
 * proxyipc_process_set_watchdog_params() - full form of proxyipc_process_set_watchdog()
 * @process: from proxyipc_process_open(), proxyipc_endpoint_fetch() and the like
 * @params: see &struct proxyipc_process_set_watchdog
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_process_set_watchdog_params(int process,
					 struct proxyipc_process_set_watchdog *params);

/**
 * proxyipc_process_keepalive() - keep alive on behalf of the target
 * @process: from proxyipc_process_open(), proxyipc_endpoint_fetch() and the like
 *
 * For a target that doesn't do so itself. Doesn't wait.
 *
 * Return: 0, or a negative error of &struct proxyipc_process_keepalive.
 */
int proxyipc_process_keepalive(int process);

/**
 * proxyipc_process_keepalive_params() - full form of proxyipc_process_keepalive()
 * @process: from proxyipc_process_open(), proxyipc_endpoint_fetch() and the like
 * @params: see &struct proxyipc_process_keepalive
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_process_keepalive_params(int process, struct proxyipc_process_keepalive *params);

/*
 * Control page: what a target says without a system call
 */

/**
 * proxyipc_process_map() - map the control page of a thread of this process
 * @process: a process object on it
 * @control: where the address of the page goes; untouched by a failure
 *
 * The same page for all process objects on the thread. A child has neither the
 * mapping nor the right to it. Doesn't wait.
 *
 * Return: 0; -EPERM if the target doesn't share the memory of the caller, or
 * another error of &struct proxyipc_control.
 */
int proxyipc_process_map(int process, struct proxyipc_control **control);

/**
 * proxyipc_process_map_thread() - map the control page of the calling thread
 * @process: a process object on the calling thread's whole group
 * @control: receives its address. Valid until proxyipc_process_unmap().
 *
 * Each thread of a group has a page of its own, in which it says "not now" for itself.
 * Signs of life of the group are read in that of its main thread, which any of its
 * threads may write to: see proxyipc_process_map(). Doesn't wait.
 *
 * Return: 0 or a negative error: %-EPERM if the calling thread isn't of the group,
 * %-EINVAL if @process isn't one, %-ENOMEM, %-ESRCH, %-ESTALE.
 */
int proxyipc_process_map_thread(int process, struct proxyipc_control **control);

/**
 * proxyipc_process_unmap() - unmap a control page
 * @control: from proxyipc_process_map()
 *
 * What it says stays said: leave all sections first. Doesn't wait.
 *
 * Return: 0, or a negative error of munmap(2).
 */
int proxyipc_process_unmap(struct proxyipc_control *control);

/**
 * proxyipc_keepalive() - say "I am alive"
 * @control: of the calling thread
 *
 * No system call.
 */
void proxyipc_keepalive(struct proxyipc_control *control);

PROXYIPC_INLINE void proxyipc_keepalive(struct proxyipc_control *control)
{
	__u32 last = __atomic_load_n(&control->keepalive, __ATOMIC_RELAXED);

	/* Behind what was done, so that it isn't said of what is still to do. */
	__atomic_store_n(&control->keepalive, last + 1, __ATOMIC_RELEASE);
}

/**
 * proxyipc_idle() - say that from now on no sign of life is to be expected
 * @control: of the calling thread, before it waits for something to do
 *
 * No system call.
 */
void proxyipc_idle(struct proxyipc_control *control);

PROXYIPC_INLINE void proxyipc_idle(struct proxyipc_control *control)
{
	__atomic_store_n(&control->idle, 1, __ATOMIC_RELEASE);
}

/**
 * proxyipc_busy() - take proxyipc_idle() back, which is a sign of life too
 * @control: of the calling thread, when it has something to do
 *
 * No system call.
 */
void proxyipc_busy(struct proxyipc_control *control);

PROXYIPC_INLINE void proxyipc_busy(struct proxyipc_control *control)
{
	/* In this order: one who is no longer idle has just been alive. */
	proxyipc_keepalive(control);
	__atomic_store_n(&control->idle, 0, __ATOMIC_RELEASE);
}

/**
 * proxyipc_defer() - enter a section in which the calling thread must not be held
 * @control: of the calling thread
 *
 * Holds wait until proxyipc_undefer(), but not longer than the process object has
 * them wait: 1 ms if it wasn't opened with another &proxyipc_process_open.defer_max.
 * Sections can be nested. No system call.
 */
void proxyipc_defer(struct proxyipc_control *control);

PROXYIPC_INLINE void proxyipc_defer(struct proxyipc_control *control)
{
	__u32 depth = __atomic_load_n(&control->defer, __ATOMIC_RELAXED);

	__atomic_store_n(&control->defer, depth + 1, __ATOMIC_RELAXED);
	/*
	 * For the compiler: nothing of the section before this. The processor needs
	 * no word of it, see proxyipc_undefer().
	 */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/**
 * proxyipc_undefer() - leave such a section
 * @control: of the calling thread
 * @process: a process object on it, for proxyipc_process_yield()
 *
 * If it was the outermost one and a hold waits, that takes effect before this
 * returns. No system call otherwise.
 *
 * Return: 0, or a negative error of proxyipc_process_yield(); the section is left
 * in any case.
 */
int proxyipc_undefer(struct proxyipc_control *control, int process);

PROXYIPC_INLINE int proxyipc_undefer(struct proxyipc_control *control, int process)
{
	__u32 depth = __atomic_load_n(&control->defer, __ATOMIC_RELAXED) - 1;

	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&control->defer, depth, __ATOMIC_RELAXED);
	/*
	 * First the store, then the look: whoever decides about a hold does so while
	 * this thread isn't in user mode, and so between two of its instructions. If
	 * before the store, it has set pending, which is seen here; if after it, it
	 * finds no section. An interrupt is all that can come between, hence a fence
	 * for the compiler, and none for the processor.
	 */
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (depth || !__atomic_load_n(&control->pending, __ATOMIC_RELAXED))
		return 0;
	return proxyipc_process_yield(process);
}

/**
 * proxyipc_process_get_regs() - read registers of the held target
 * @process: from proxyipc_process_open() and the like, with the right to see
 *	addresses
 * @token: the hold: from proxyipc_process_hold() or &proxyipc_received.out_token
 * @note: which: NT_PRSTATUS, NT_PRFPREG, NT_X86_XSTATE (of elf.h)
 * @regs: where they go: for NT_PRSTATUS of a 64-bit program a struct
 *	user_regs_struct (of sys/user.h)
 * @size: room at @regs
 *
 * Waits while the target runs in the kernel, as long as the hold lasts; with a
 * deadline, or not at all, by the full form.
 *
 * Return: how many bytes they are, or a negative error of &struct
 * proxyipc_process_get_regs.
 */
int proxyipc_process_get_regs(int process, __u64 token, __u32 note, void *regs, __u32 size);

/**
 * proxyipc_process_get_regs_params() - full form of proxyipc_process_get_regs()
 * @process: from proxyipc_process_open() and the like
 * @params: see &struct proxyipc_process_get_regs
 *
 * Waits as proxyipc_process_get_regs(), until the deadline; not with
 * PROXYIPC_NONBLOCK.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_process_get_regs_params(int process, struct proxyipc_process_get_regs *params);

/*
 * Reply
 */

/**
 * proxyipc_reply_send() - answer a call, once
 * @reply: from proxyipc_process_fetch_reply() or proxyipc_endpoint_fetch()
 * @message: the answer
 *
 * Doesn't wait. @reply remains to be closed.
 *
 * Return: 0, or a negative error of &struct proxyipc_reply_send.
 */
int proxyipc_reply_send(int reply, const struct proxyipc_message *message);

/**
 * proxyipc_reply_send_params() - full form of proxyipc_reply_send()
 * @reply: from proxyipc_process_fetch_reply() or proxyipc_endpoint_fetch()
 * @params: see &struct proxyipc_reply_send
 *
 * Doesn't wait.
 *
 * Return: 0, or a negative error.
 */
int proxyipc_reply_send_params(int reply, struct proxyipc_reply_send *params);

#ifdef __cplusplus
}
#endif

#endif /* _PROXYIPC_H */
