/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
#ifndef _UAPI_LINUX_PROXYIPC_H
#define _UAPI_LINUX_PROXYIPC_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: Contract of all commands
 *
 * /dev/proxyipc creates objects; every object is a file descriptor (O_CLOEXEC)
 * and possession of it is authority. Every command is an ioctl whose number
 * carries no size and whose argument is a struct that begins with:
 *
 * - size: sizeof() the struct as the caller knows it. Smaller than the first
 *   published version is %EINVAL; larger than the kernel's is fine as long as
 *   the tail is zero, else %E2BIG.
 * - flags: unknown bits are %EINVAL, for every command.
 *
 * Fields named __reserved must be zero (%EINVAL). Fields that begin with
 * ``out_`` are written by the kernel, their value on entry is ignored. The layout
 * is the same for 32-bit and 64-bit programs. Deadlines are absolute
 * CLOCK_MONOTONIC nanoseconds, 0 means none, one too far away to count is as good as none; a
 * call restarted after a signal therefore doesn't wait longer. File descriptors
 * are installed only after the result has been copied out, so a command that
 * fails leaves none behind.
 *
 * Every command may sleep and none may be issued from anything but a process.
 */

/**
 * DOC: Commands through io_uring
 *
 * An io_uring takes these commands too: those of endpoints except MINT and FETCH, of
 * entries and of reply objects all, and HOLD, RESUME, REPLY and KEEPALIVE of process
 * objects. What they do is the same, and so are their numbers and structs. The entry
 * of the ring (struct io_uring_sqe) has
 *
 * - opcode: IORING_OP_URING_CMD
 * - fd: the object; a registered one (IOSQE_FIXED_FILE) is fine
 * - cmd_op: the number of the command, %PROXYIPC_IOC_ENDPOINT_RECV and the like
 * - cmd: a &struct proxyipc_uring; the 16 bytes are there in rings of any kind
 *
 * The struct of the command and all buffers that it names belong to the kernel until
 * the completion comes. Its result (``res``) is 0 or a negative error number.
 *
 * A command that has to wait does so without a thread. When it can go on, io_uring has
 * the task that submitted it do so: that task receives the message, or gets the reply
 * copied; not before its resume if it is held, and with IORING_SETUP_DEFER_TASKRUN not
 * before it asks for completions. The receiver of a message is the process of that task,
 * as if it had issued an ioctl; a polling thread (IORING_SETUP_SQPOLL) and a worker
 * (IOSQE_ASYNC) count as the first thread of their process. A command keeps its object
 * open: an endpoint isn't closed while one waits at it.
 *
 * It is given up, with %EINTR if anybody still sees that, when the ring is closed, as by
 * the end of its process, and when a task that uses the ring executes another program. A
 * CALL that was not received is then taken back; one that was is abandoned. If only the
 * task ends that submitted it, and others have the ring, it is given up when something
 * happens to it or the ring is closed. IORING_OP_ASYNC_CANCEL and linked timeouts know
 * nothing of commands that wait like this: use the deadline.
 *
 * Flags in uring_cmd_flags are refused with %EINVAL.
 *
 * A kernel without commands that can be cancelled (6.1) has a worker wait, a thread
 * for each, and not more of them at a time than RLIMIT_NPROC and io_uring allow
 * (IORING_REGISTER_IOWQ_MAX_WORKERS). Workers can be cancelled. There a command with
 * %PROXYIPC_NONBLOCK after an IORING_OP_POLL_ADD does better.
 * &proxyipc_device_info.out_features says which it is.
 */

/**
 * struct proxyipc_uring - where an io_uring_sqe has the argument of a command
 * @argument: address of the command's struct
 * @__reserved: must be zero
 */
struct proxyipc_uring {
	__aligned_u64 argument;
	__aligned_u64 __reserved;
};

/**
 * DOC: Error numbers
 *
 * One number has one meaning, for every command:
 *
 * ==============  ============================================================
 * %EINVAL         malformed argument: size, flag, reserved field or value
 * %E2BIG          the struct is longer than the kernel knows, its tail not zero
 * %ENOTTY         this object has no such command
 * %EFAULT         the argument, or a buffer that it names, can't be accessed;
 *                 an undelivered message stays where it was
 * %EBADF          a file descriptor in the argument isn't open
 * %ENOMEM         out of memory, nothing was changed
 * %EMFILE         the file descriptor table is full (system-wide: %ENFILE)
 * %EACCES         the entry doesn't carry the right that the command needs
 * %EPERM          the caller has no authority over that process, or not this much:
 *                 a lease above the maximum without CAP_SYS_RESOURCE, a kill
 * %EOPNOTSUPP     this task can never be held: a kernel thread, an I/O worker,
 *                 the init process of a pid namespace
 * %ENOTCONN       the receiver slot of the process object is empty
 * %EPIPE          the endpoint closed before the message was received
 * %EOWNERDEAD     the receiver died or closed its endpoint after it had got the
 *                 message, or let the lease of the hold run out without an answer
 * %ECANCELED      the receiver gave the call up: resumed or dropped unanswered
 * %ESRCH          the other side is gone: the target exited, or nobody waits
 *                 for this reply any more
 * %ESTALE         the name is dead: a cap or token of the past, or a target
 *                 whose identity is no longer the one recorded at open
 * %EAGAIN         the command would have to wait and was asked not to
 * %ETIMEDOUT      the deadline passed
 * %ENODATA        the target has no such registers
 * %EINTR          a signal handler interrupted the wait, and it does not restart;
 *                 or the ring is gone by which the command came
 * %EMSGSIZE       data larger than %PROXYIPC_DATA_MAX or than the receiving
 *                 buffer; the message or the right to answer is kept
 * %ENOBUFS        the endpoint has 65536 unanswered calls
 * %EDQUOT         this user has as many holds as the module allows, or watchdogs
 * %EDEADLK        the wait could not end: the one who would have to resume the
 *                 target is the target, or waits for it
 * %EBUSY          this open file already holds its target by %PROXYIPC_IOC_PROCESS_HOLD;
 *                 another process object gets these faults of the target
 * ==============  ============================================================
 */

/** define PROXYIPC_ABI_VERSION - what &proxyipc_device_info.out_version says */
#define PROXYIPC_ABI_VERSION	1

/** define PROXYIPC_WORDS - number of words in every message */
#define PROXYIPC_WORDS		8

/** define PROXYIPC_DATA_MAX - most bytes that a message carries beside its words */
#define PROXYIPC_DATA_MAX	65536

/** define PROXYIPC_IOC_TYPE - type byte of every command */
#define PROXYIPC_IOC_TYPE	0xD1

/*
 * Messages
 */

/**
 * struct proxyipc_message - what one sends, and what a caller gets back
 * @words: the message proper; by convention words[0] is the operation or the
 *	status. Words that aren't used should be zero.
 * @data: address of further bytes, or 0
 * @data_len: number of bytes at @data, at most %PROXYIPC_DATA_MAX. In the reply
 *	of %PROXYIPC_IOC_ENTRY_CALL: the room at @data on entry, the number of
 *	bytes written there on return.
 * @__reserved: must be zero
 */
struct proxyipc_message {
	__u64 words[PROXYIPC_WORDS];
	__aligned_u64 data;
	__u32 data_len;
	__u32 __reserved;
};

/**
 * enum proxyipc_kind - what a received message is
 * @PROXYIPC_KIND_CALL: somebody waits for the answer
 * @PROXYIPC_KIND_SEND: nobody waits
 * @PROXYIPC_KIND_NOTICE: &proxyipc_received.out_notices were posted
 * @PROXYIPC_KIND_EVENT: &proxyipc_received.out_events happened to a target or
 *	to the hold on it; there is nothing to resume
 * @PROXYIPC_KIND_WATCHDOG: the target has not kept alive for too long. It is held;
 *	&proxyipc_received.out_words are those of &enum proxyipc_watchdog_word
 * @PROXYIPC_KIND_FAULT: an instruction of the target could not be executed, see
 *	&struct proxyipc_process_set_faults; &proxyipc_received.out_words are in the
 *	order of &enum proxyipc_fault_word
 */
enum proxyipc_kind {
	PROXYIPC_KIND_CALL = 1,
	PROXYIPC_KIND_SEND = 2,
	PROXYIPC_KIND_NOTICE = 3,
	PROXYIPC_KIND_EVENT = 4,
	PROXYIPC_KIND_WATCHDOG = 5,
	PROXYIPC_KIND_FAULT = 6,
};

/**
 * enum proxyipc_fault_word - what the words of a fault say
 * @PROXYIPC_FAULT_SIGNAL: the signal: SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGTRAP
 * @PROXYIPC_FAULT_CODE: its si_code, SEGV_MAPERR and the like; SI_KERNEL for a
 *	breakpoint on x86
 * @PROXYIPC_FAULT_ADDRESS: its si_addr: what could not be accessed or, of SIGILL
 *	and SIGFPE, the instruction; 0 if it has none
 * @PROXYIPC_FAULT_IP: where the target goes on when it is resumed: at the
 *	instruction or, of most of SIGTRAP, behind it
 * @PROXYIPC_FAULT_TRAP: number of the exception, on x86; 0 elsewhere
 * @PROXYIPC_FAULT_ERROR: its error code, on x86: bit 1 of that of a page fault
 *	(trap 14) says that it was a write; 0 elsewhere
 * @PROXYIPC_FAULT_TID: the thread at fault, in the receiver's pid namespace, 0 if it
 *	isn't visible there
 *
 * The words that follow are 0.
 */
enum proxyipc_fault_word {
	PROXYIPC_FAULT_SIGNAL = 0,
	PROXYIPC_FAULT_CODE = 1,
	PROXYIPC_FAULT_ADDRESS = 2,
	PROXYIPC_FAULT_IP = 3,
	PROXYIPC_FAULT_TRAP = 4,
	PROXYIPC_FAULT_ERROR = 5,
	PROXYIPC_FAULT_TID = 6,
};

/**
 * enum proxyipc_state - can the target run?
 * @PROXYIPC_STATE_RUNNABLE: nothing holds it
 * @PROXYIPC_STATE_ARMED: held, and still in the kernel: it executes no user
 *	instruction, but a system call that it was in may go on, write to the
 *	target's memory and have its effect; it parks when that call ends.
 * @PROXYIPC_STATE_PARKED: held and asleep on its way back to user mode
 * @PROXYIPC_STATE_GONE: exited
 *
 * Neither armed nor parked means that the target's memory stands still: other
 * threads, io_uring, devices and (armed only) the kernel on the target's behalf
 * may write to it. What is promised is that this thread executes no further
 * instruction in user mode until it is resumed.
 */
enum proxyipc_state {
	PROXYIPC_STATE_RUNNABLE = 0,
	PROXYIPC_STATE_ARMED = 1,
	PROXYIPC_STATE_PARKED = 2,
	PROXYIPC_STATE_GONE = 3,
};

/* proxyipc_received.out_flags */
/** define PROXYIPC_RECEIVED_PROXIED - a target is held for it: out_token names the hold */
#define PROXYIPC_RECEIVED_PROXIED	(1U << 0)
/** define PROXYIPC_RECEIVED_REDELIVERED - to a guardian: another had it and died, after what? */
#define PROXYIPC_RECEIVED_REDELIVERED	(1U << 1)

/* proxyipc_received.out_events: states, OR-ed together, never a list */
/** define PROXYIPC_EVENT_LEASE_EXPIRED - the hold out_token reached its lease; the target runs */
#define PROXYIPC_EVENT_LEASE_EXPIRED	(1U << 0)
/** define PROXYIPC_EVENT_TARGET_GONE - the target exited */
#define PROXYIPC_EVENT_TARGET_GONE	(1U << 1)
/** define PROXYIPC_EVENT_TARGET_CHANGED - the target's identity changed: %ESTALE from now on */
#define PROXYIPC_EVENT_TARGET_CHANGED	(1U << 2)

/**
 * struct proxyipc_received - what a receiver gets
 * @data: in: address of a buffer for the message's bytes, or 0
 * @data_size: in: room at @data. If the message has more, the receive fails with
 *	%EMSGSIZE, @out_data_len alone is written, and says how much there is, and
 *	the message stays.
 * @out_data_len: number of bytes written to @data
 * @out_kind: one of &enum proxyipc_kind
 * @out_flags: %PROXYIPC_RECEIVED_PROXIED, %PROXYIPC_RECEIVED_REDELIVERED
 * @out_state: one of &enum proxyipc_state, of the held target. By the time that
 *	it is looked at an armed target may have parked. Of an event:
 *	%PROXYIPC_STATE_GONE if the target exited.
 * @out_events: %PROXYIPC_EVENT_LEASE_EXPIRED and the like
 * @out_reply_size: most bytes that the caller takes back in &proxyipc_message.data
 * @out_cap: names what the message brought in later commands on this endpoint:
 *	the right to answer a call, or, if proxied, the held target together with
 *	the reply in its reply slot. 0 if there is neither. Never reused.
 * @out_token: names the hold that this message is about, 0 if there is none
 * @out_payload: payload of this endpoint's entry by which it came: the one that
 *	was invoked or, if proxied or an event, the one in the target's receiver
 *	slot. Only a holder of the endpoint can have chosen it. 0 for notices
 *	posted to the endpoint.
 * @out_proxy_payload: payload of the proxy entry that was invoked, as chosen by
 *	a holder of the process object; 0 if not proxied, and for what wasn't sent
 * @out_notices: the bits posted since the last notice, OR-ed together; of an
 *	event: those that began the hold and had not been received when it ended
 * @out_sender_tgid: process that sent it, in the receiver's pid namespace; 0 if
 *	it isn't visible there, and for whatever wasn't sent: notices, events,
 *	watchdogs, faults
 * @out_sender_tid: its thread, likewise
 * @out_sender_uid: its user id, in the receiver's user namespace; the overflow
 *	id if it has none there, and for what wasn't sent
 * @out_sender_gid: its group id, likewise
 * @__reserved: must be zero
 * @out_words: the words of the message
 */
struct proxyipc_received {
	__aligned_u64 data;
	__u32 data_size;
	__u32 out_data_len;
	__u32 out_kind;
	__u32 out_flags;
	__u32 out_state;
	__u32 out_events;
	__u64 out_cap;
	__u64 out_token;
	__u64 out_payload;
	__u64 out_proxy_payload;
	__u64 out_notices;
	__s32 out_sender_tgid;
	__s32 out_sender_tid;
	__u32 out_sender_uid;
	__u32 out_sender_gid;
	__u32 out_reply_size;
	__u32 __reserved;
	__u64 out_words[PROXYIPC_WORDS];
};

/** define PROXYIPC_NONBLOCK - flag of commands that may wait: %EAGAIN rather than wait */
#define PROXYIPC_NONBLOCK	(1U << 0)

/*
 * Device: open("/dev/proxyipc")
 */

/* proxyipc_device_info.out_features */
/** define PROXYIPC_FEATURE_CONTROL - process objects have a control page: mmap() */
#define PROXYIPC_FEATURE_CONTROL	(1ULL << 0)
/** define PROXYIPC_FEATURE_WATCHDOG - %PROXYIPC_IOC_PROCESS_SET_WATCHDOG is there */
#define PROXYIPC_FEATURE_WATCHDOG	(1ULL << 1)
/** define PROXYIPC_FEATURE_FAULTS - there is %PROXYIPC_IOC_PROCESS_SET_FAULTS */
#define PROXYIPC_FEATURE_FAULTS		(1ULL << 2)
/** define PROXYIPC_FEATURE_REGS - there is %PROXYIPC_IOC_PROCESS_GET_REGS */
#define PROXYIPC_FEATURE_REGS	(1ULL << 3)
/** define PROXYIPC_FEATURE_GROUPS - targets can be thread groups: %PROXYIPC_OPEN_GROUP */
#define PROXYIPC_FEATURE_GROUPS	(1ULL << 4)
/** define PROXYIPC_FEATURE_URING - io_uring takes commands, see &struct proxyipc_uring */
#define PROXYIPC_FEATURE_URING		(1ULL << 5)
/** define PROXYIPC_FEATURE_URING_WAIT - and one that waits takes no thread */
#define PROXYIPC_FEATURE_URING_WAIT	(1ULL << 6)

/**
 * struct proxyipc_device_info - argument of %PROXYIPC_IOC_DEVICE_INFO
 * @size: sizeof(struct proxyipc_device_info)
 * @flags: must be zero
 * @out_version: %PROXYIPC_ABI_VERSION of the module
 * @out_words: %PROXYIPC_WORDS of the module
 * @out_data_max: most bytes that a message carries
 * @out_queue_max: largest &proxyipc_endpoint_create.queue_limit
 * @out_features: optional parts that this module has: %PROXYIPC_FEATURE_CONTROL
 *	and the like
 * @out_lease_default: lease of a process object that asks for none, nanoseconds
 * @out_lease_max: longest lease without CAP_SYS_RESOURCE, nanoseconds
 * @out_holds_max: holds that one user may have at a time
 * @__reserved: must be zero
 *
 * Errors: none of its own.
 */
struct proxyipc_device_info {
	__u32 size;
	__u32 flags;
	__u32 out_version;
	__u32 out_words;
	__u32 out_data_max;
	__u32 out_queue_max;
	__u64 out_features;
	__u64 out_lease_default;
	__u64 out_lease_max;
	__u32 out_holds_max;
	__u32 __reserved;
};

#define PROXYIPC_IOC_DEVICE_INFO	_IO(PROXYIPC_IOC_TYPE, 0x00)

/**
 * struct proxyipc_endpoint_create - argument of %PROXYIPC_IOC_ENDPOINT_CREATE
 * @size: sizeof(struct proxyipc_endpoint_create)
 * @flags: must be zero
 * @queue_limit: most messages by %PROXYIPC_IOC_ENTRY_SEND that wait to be
 *	received, at most &proxyipc_device_info.out_queue_max; 0 means 64. A CALL
 *	doesn't count: its caller waits for it anyway.
 * @out_fd: the endpoint, a receive queue
 *
 * When the last file descriptor of the endpoint closes, queued calls fail with
 * %EPIPE, received ones with %EOWNERDEAD, and targets held on its behalf run.
 *
 * Errors: %EMFILE, %ENOMEM.
 */
struct proxyipc_endpoint_create {
	__u32 size;
	__u32 flags;
	__u32 queue_limit;
	__s32 out_fd;
};

#define PROXYIPC_IOC_ENDPOINT_CREATE	_IO(PROXYIPC_IOC_TYPE, 0x01)

/** define PROXYIPC_OPEN_GROUP - of PROCESS_OPEN: the whole thread group is the target */
#define PROXYIPC_OPEN_GROUP		(1U << 6)

/**
 * struct proxyipc_process_open - argument of %PROXYIPC_IOC_PROCESS_OPEN
 * @size: sizeof(struct proxyipc_process_open)
 * @flags: %PROXYIPC_OPEN_GROUP
 * @tgid: process id in the caller's pid namespace, 0 for the caller's own process
 * @tid: thread id, must belong to @tgid; 0 means the calling thread if @tgid is
 *	0, else the process's main thread. With %PROXYIPC_OPEN_GROUP any of the group.
 * @lease: longest time in nanoseconds that a hold through this object lasts, and
 *	that a series of them without a pause lasts; 0 means the default. More
 *	than the maximum takes CAP_SYS_RESOURCE, more than a year is %EINVAL.
 * @out_fd: the process object, with its own receiver slot, reply slot and
 *	notices; objects on the same thread don't disturb each other, and the
 *	thread runs when none of them holds it
 * @__reserved: must be zero
 * @defer_max: for how long in nanoseconds the target may defer a hold through this
 *	object by &proxyipc_control.defer; 0 means 1 ms, more than 100 ms is
 *	%EINVAL. Not in the first version of the struct.
 *
 * A thread of the caller's own process needs no privilege: that is enrolment by
 * consent, the descriptor is then handed to a supervisor. Any other needs
 * CAP_SYS_PTRACE in the target's user namespace and the right to send it
 * signals, or, with the module parameter open_same_uid=1, the same user and
 * group ids throughout and a dumpable target.
 *
 * The target's ids, user namespace and permitted capabilities are recorded. When
 * they change (capabilities: grow), or the target executes a program that gives
 * it privileges (set-id, file capabilities) or that it may not read, the object is
 * dead: %ESTALE, and holds are dropped.
 *
 * With %PROXYIPC_OPEN_GROUP the target is not one thread but all that the process has
 * and will have: a hold is confirmed when no thread executes user code, and none
 * that is born meanwhile does before the resume. Its threads must have the same
 * credentials, and keep them: one that becomes somebody else makes the object dead.
 * An exec, by whichever thread, leaves the group what it is. Holds on single threads
 * and on their group are independent: a thread runs when neither is on. The first
 * hold makes a record for each thread, so it costs memory by their number.
 *
 * Errors: %EINVAL (tid not of tgid), %ESRCH, %EPERM, %EOPNOTSUPP, %EMFILE, %ENOMEM,
 * %ESTALE (the threads of a group don't have the same credentials).
 */
struct proxyipc_process_open {
	__u32 size;
	__u32 flags;
	__s32 tgid;
	__s32 tid;
	__u64 lease;
	__s32 out_fd;
	__u32 __reserved;
	__u64 defer_max;
};

#define PROXYIPC_IOC_PROCESS_OPEN	_IO(PROXYIPC_IOC_TYPE, 0x02)

/*
 * Endpoint
 */

/** define PROXYIPC_RIGHT_CALL - the entry may be called */
#define PROXYIPC_RIGHT_CALL	(1U << 0)
/** define PROXYIPC_RIGHT_SEND - the entry may be sent to, and put into a receiver slot */
#define PROXYIPC_RIGHT_SEND	(1U << 1)
/** define PROXYIPC_RIGHT_NOTIFY - notice bits may be posted to the entry, within its notice mask */
#define PROXYIPC_RIGHT_NOTIFY	(1U << 2)

/**
 * struct proxyipc_endpoint_mint - argument of %PROXYIPC_IOC_ENDPOINT_MINT
 * @size: sizeof(struct proxyipc_endpoint_mint)
 * @flags: must be zero
 * @payload: whatever the receiver wants to know this entry by; who invokes the
 *	entry can neither see nor change it
 * @notice_mask: the notice bits that may be posted; needs %PROXYIPC_RIGHT_NOTIFY
 *	to be of use, and must be zero without it
 * @rights: %PROXYIPC_RIGHT_CALL and the like, at least one
 * @out_fd: the entry: the capability to invoke this endpoint
 *
 * Errors: %EINVAL, %EMFILE, %ENOMEM.
 */
struct proxyipc_endpoint_mint {
	__u32 size;
	__u32 flags;
	__u64 payload;
	__u64 notice_mask;
	__u32 rights;
	__s32 out_fd;
};

#define PROXYIPC_IOC_ENDPOINT_MINT	_IO(PROXYIPC_IOC_TYPE, 0x10)

/**
 * struct proxyipc_endpoint_recv - argument of %PROXYIPC_IOC_ENDPOINT_RECV
 * @size: sizeof(struct proxyipc_endpoint_recv)
 * @flags: %PROXYIPC_NONBLOCK
 * @deadline: when to give up, absolute CLOCK_MONOTONIC nanoseconds, 0 for never
 * @received: the oldest message
 *
 * The message is picked up when it has been copied out in full: a receive that
 * fails loses nothing. The thread group that picks up a proxied message is the
 * receiver of that hold: when it dies the target runs again.
 *
 * Errors: %EAGAIN, %ETIMEDOUT, %EINTR, %EMSGSIZE.
 */
struct proxyipc_endpoint_recv {
	__u32 size;
	__u32 flags;
	__u64 deadline;
	struct proxyipc_received received;
};

#define PROXYIPC_IOC_ENDPOINT_RECV	_IO(PROXYIPC_IOC_TYPE, 0x11)

/**
 * struct proxyipc_endpoint_reply - argument of %PROXYIPC_IOC_ENDPOINT_REPLY
 * @size: sizeof(struct proxyipc_endpoint_reply)
 * @flags: must be zero
 * @cap: &proxyipc_received.out_cap of a call. Of a proxied call: the caller is
 *	answered and the target stays held.
 * @message: the answer
 *
 * Exactly one answer reaches the caller. %EMSGSIZE and %EFAULT keep the right to
 * answer, so that it can be tried again.
 *
 * Errors: %ESTALE, %ESRCH (the caller doesn't wait any more; the cap is used up,
 * or the reply slot is empty), %EMSGSIZE, %ENOMEM.
 */
struct proxyipc_endpoint_reply {
	__u32 size;
	__u32 flags;
	__u64 cap;
	struct proxyipc_message message;
};

#define PROXYIPC_IOC_ENDPOINT_REPLY	_IO(PROXYIPC_IOC_TYPE, 0x12)

/** define PROXYIPC_RESUME_REPLY - answer the call in the reply slot with the message given */
#define PROXYIPC_RESUME_REPLY		(1U << 1)
/** define PROXYIPC_RESUME_ONLY - of REPLY_RECV: resume, without an answer */
#define PROXYIPC_RESUME_ONLY		(1U << 3)
/**
 * define PROXYIPC_RESUME_STOP - stop it by SIGSTOP before it executes one user instruction
 *
 * A fault is retried then: a debugger that attaches and lets it go on sees it happen.
 */
#define PROXYIPC_RESUME_STOP		(1U << 2)
/**
 * define PROXYIPC_RESUME_RETRY - forget a fault's signal, execute the instruction again
 *
 * Without it the signal is delivered, and does what it would have done without us. If
 * nothing was mended meanwhile the same fault comes again. %EINVAL if the hold has
 * nothing to do with a fault.
 */
#define PROXYIPC_RESUME_RETRY		(1U << 4)
/**
 * define PROXYIPC_RESUME_KILL - kill the target's process by SIGKILL before it runs
 *
 * Not with %PROXYIPC_RESUME_STOP or %PROXYIPC_RESUME_RETRY. Takes an object that the
 * target's own process opened, or the right to kill it; else %EPERM.
 */
#define PROXYIPC_RESUME_KILL		(1U << 5)

/**
 * struct proxyipc_endpoint_reply_recv - argument of %PROXYIPC_IOC_ENDPOINT_REPLY_RECV
 * @size: sizeof(struct proxyipc_endpoint_reply_recv)
 * @flags: %PROXYIPC_NONBLOCK for the receive. Without another, @cap is answered
 *	as by %PROXYIPC_IOC_ENDPOINT_REPLY; with %PROXYIPC_RESUME_REPLY or
 *	%PROXYIPC_RESUME_ONLY (not both), and perhaps %PROXYIPC_RESUME_STOP,
 *	%PROXYIPC_RESUME_RETRY or %PROXYIPC_RESUME_KILL, it is resumed as by
 *	%PROXYIPC_IOC_ENDPOINT_RESUME, with or without an answer.
 * @deadline: of the receive
 * @cap: what to answer or resume; 0 for nothing, whatever @flags and @message
 *	say. Written as 0 as soon as that is done or the cap is used
 *	up, also when the command then fails: repeating it doesn't do it twice.
 * @message: the answer; must be zero without one
 * @received: the next message
 *
 * If answering or resuming fails nothing is received.
 *
 * Errors: those of %PROXYIPC_IOC_ENDPOINT_REPLY and %PROXYIPC_IOC_ENDPOINT_RECV.
 */
struct proxyipc_endpoint_reply_recv {
	__u32 size;
	__u32 flags;
	__u64 deadline;
	__u64 cap;
	struct proxyipc_message message;
	struct proxyipc_received received;
};

#define PROXYIPC_IOC_ENDPOINT_REPLY_RECV _IO(PROXYIPC_IOC_TYPE, 0x13)

/**
 * struct proxyipc_endpoint_resume - argument of %PROXYIPC_IOC_ENDPOINT_RESUME
 * @size: sizeof(struct proxyipc_endpoint_resume)
 * @flags: %PROXYIPC_RESUME_REPLY, %PROXYIPC_RESUME_STOP, %PROXYIPC_RESUME_RETRY,
 *	%PROXYIPC_RESUME_KILL
 * @cap: &proxyipc_received.out_cap of a proxied message
 * @message: the answer, with %PROXYIPC_RESUME_REPLY; must be zero without
 *
 * Ends the hold. A call still unanswered in the reply slot fails with
 * %ECANCELED: who wants to answer later fetches the reply first. If the caller
 * is already gone, a resume with an answer resumes all the same, and says %ESRCH.
 *
 * Errors: %ESTALE (nothing was changed), %ESRCH, %EMSGSIZE, %EINVAL, %EPERM (to kill),
 * %ENOMEM.
 */
struct proxyipc_endpoint_resume {
	__u32 size;
	__u32 flags;
	__u64 cap;
	struct proxyipc_message message;
};

#define PROXYIPC_IOC_ENDPOINT_RESUME	_IO(PROXYIPC_IOC_TYPE, 0x14)

/**
 * struct proxyipc_endpoint_fetch - argument of %PROXYIPC_IOC_ENDPOINT_FETCH
 * @size: sizeof(struct proxyipc_endpoint_fetch)
 * @flags: must be zero
 * @cap: &proxyipc_received.out_cap
 * @out_fd: of a plain call: a reply object, to which the right to answer moves
 *	(@cap is dead). Of a proxied message: another descriptor of the process
 *	object (@cap stays).
 * @__reserved: must be zero
 *
 * Errors: %ESTALE, %EMFILE, %ENOMEM.
 */
struct proxyipc_endpoint_fetch {
	__u32 size;
	__u32 flags;
	__u64 cap;
	__s32 out_fd;
	__u32 __reserved;
};

#define PROXYIPC_IOC_ENDPOINT_FETCH	_IO(PROXYIPC_IOC_TYPE, 0x15)

/**
 * struct proxyipc_endpoint_drop - argument of %PROXYIPC_IOC_ENDPOINT_DROP
 * @size: sizeof(struct proxyipc_endpoint_drop)
 * @flags: must be zero
 * @cap: &proxyipc_received.out_cap: the caller gets %ECANCELED; if proxied, the
 *	hold ends too
 *
 * Errors: %ESTALE.
 */
struct proxyipc_endpoint_drop {
	__u32 size;
	__u32 flags;
	__u64 cap;
};

#define PROXYIPC_IOC_ENDPOINT_DROP	_IO(PROXYIPC_IOC_TYPE, 0x16)

/*
 * Entry, proxy entry
 */

/**
 * struct proxyipc_entry_call - argument of %PROXYIPC_IOC_ENTRY_CALL
 * @size: sizeof(struct proxyipc_entry_call)
 * @flags: %PROXYIPC_NONBLOCK: on a proxy entry, don't wait for the end of an
 *	episode in progress
 * @deadline: when to give up, absolute CLOCK_MONOTONIC nanoseconds, 0 for never
 * @message: the request
 * @reply: where the answer goes: room at data on entry; its words are ignored
 *	on entry
 *
 * Sends @message and waits for the reply. Until the message is received, a
 * signal takes it back as if it had never been sent, and the call restarts or
 * fails with %EINTR; after that, only a fatal signal ends the wait.
 *
 * Errors: %EACCES, %EPIPE, %EOWNERDEAD, %ECANCELED, %ETIMEDOUT, %EINTR,
 * %EMSGSIZE, %ENOBUFS, %ENOMEM; through a proxy entry also %ENOTCONN, %ESRCH,
 * %ESTALE, %EAGAIN, %EDEADLK, %EDQUOT.
 */
struct proxyipc_entry_call {
	__u32 size;
	__u32 flags;
	__u64 deadline;
	struct proxyipc_message message;
	struct proxyipc_message reply;
};

#define PROXYIPC_IOC_ENTRY_CALL		_IO(PROXYIPC_IOC_TYPE, 0x20)

/**
 * struct proxyipc_entry_send - argument of %PROXYIPC_IOC_ENTRY_SEND
 * @size: sizeof(struct proxyipc_entry_send)
 * @flags: %PROXYIPC_NONBLOCK: %EAGAIN if the queue is full or, on a proxy entry,
 *	an episode is in progress
 * @deadline: when to give up, absolute CLOCK_MONOTONIC nanoseconds, 0 for never
 * @message: the message
 *
 * Returns when the message is within the queue's limit; through a proxy entry,
 * when the target is confirmed held and the message is on its way. It is lost if
 * the endpoint closes, or the hold ends, before it is received.
 *
 * Errors: %EACCES, %EPIPE, %EAGAIN, %ETIMEDOUT, %EINTR, %EMSGSIZE, %ENOMEM;
 * through a proxy entry also %ENOTCONN, %ESRCH, %ESTALE, %EOWNERDEAD, %EDEADLK,
 * %EDQUOT.
 */
struct proxyipc_entry_send {
	__u32 size;
	__u32 flags;
	__u64 deadline;
	struct proxyipc_message message;
};

#define PROXYIPC_IOC_ENTRY_SEND		_IO(PROXYIPC_IOC_TYPE, 0x21)

/**
 * enum proxyipc_notified - how far a notice has come
 * @PROXYIPC_NOTIFIED_POSTED: to a plain entry: the receiver will see the bits
 * @PROXYIPC_NOTIFIED_CONFIRMED: to a proxy entry: the target is held by it
 * @PROXYIPC_NOTIFIED_PENDING: an episode is in progress; the bits begin the next
 *	one, before the target runs
 * @PROXYIPC_NOTIFIED_DEFERRED: the target says "not now": it will be held by it
 *	when it has left its section, or at the bound of that
 */
enum proxyipc_notified {
	PROXYIPC_NOTIFIED_POSTED = 0,
	PROXYIPC_NOTIFIED_CONFIRMED = 1,
	PROXYIPC_NOTIFIED_PENDING = 2,
	PROXYIPC_NOTIFIED_DEFERRED = 3,
};

/**
 * struct proxyipc_entry_notify - argument of %PROXYIPC_IOC_ENTRY_NOTIFY
 * @size: sizeof(struct proxyipc_entry_notify)
 * @flags: must be zero
 * @notices: bits to post, not zero
 * @out_posted: those of them that are in the entry's notice mask: only they are
 *	posted. If none is, the command fails with %EACCES.
 * @out_state: one of &enum proxyipc_notified
 * @__reserved: must be zero
 *
 * Never waits and takes no memory: posting a bit twice before it is received is
 * posting it once.
 *
 * Errors: %EACCES, %EPIPE; through a proxy entry also %ENOTCONN, %ESRCH,
 * %ESTALE, %EDEADLK, %EDQUOT, %EAGAIN (its hold ended before it was confirmed).
 */
struct proxyipc_entry_notify {
	__u32 size;
	__u32 flags;
	__u64 notices;
	__u64 out_posted;
	__u32 out_state;
	__u32 __reserved;
};

#define PROXYIPC_IOC_ENTRY_NOTIFY	_IO(PROXYIPC_IOC_TYPE, 0x22)

/*
 * Process: one thread that can be held
 */

/**
 * struct proxyipc_process_mint - argument of %PROXYIPC_IOC_PROCESS_MINT
 * @size: sizeof(struct proxyipc_process_mint)
 * @flags: must be zero
 * @payload: as in &struct proxyipc_endpoint_mint
 * @notice_mask: likewise
 * @rights: likewise
 * @out_fd: a proxy entry: invoking it holds the target, and the message goes to
 *	the entry in the receiver slot
 *
 * Errors: %EINVAL, %ESRCH, %ESTALE, %EMFILE, %ENOMEM.
 */
struct proxyipc_process_mint {
	__u32 size;
	__u32 flags;
	__u64 payload;
	__u64 notice_mask;
	__u32 rights;
	__s32 out_fd;
};

#define PROXYIPC_IOC_PROCESS_MINT	_IO(PROXYIPC_IOC_TYPE, 0x30)

/**
 * struct proxyipc_process_set_receiver - argument of %PROXYIPC_IOC_PROCESS_SET_RECEIVER
 * @size: sizeof(struct proxyipc_process_set_receiver)
 * @flags: must be zero
 * @entry_fd: a plain entry with %PROXYIPC_RIGHT_SEND (a proxy entry is %EINVAL),
 *	or -1 to empty the slot
 * @__reserved: must be zero
 *
 * Takes effect with the next episode. The receiver is also told when the target
 * exits (%PROXYIPC_EVENT_TARGET_GONE).
 *
 * Errors: %EBADF, %EINVAL, %EACCES, %EPIPE, %EDEADLK, %ENOBUFS, %ESRCH, %ESTALE, %ENOMEM.
 */
struct proxyipc_process_set_receiver {
	__u32 size;
	__u32 flags;
	__s32 entry_fd;
	__u32 __reserved;
};

#define PROXYIPC_IOC_PROCESS_SET_RECEIVER _IO(PROXYIPC_IOC_TYPE, 0x31)

/** define PROXYIPC_HOLD_NODEFER - of HOLD: even if the target says "not now" */
#define PROXYIPC_HOLD_NODEFER	(1U << 4)

/**
 * struct proxyipc_process_hold - argument of %PROXYIPC_IOC_PROCESS_HOLD
 * @size: sizeof(struct proxyipc_process_hold)
 * @flags: %PROXYIPC_HOLD_NODEFER, which takes an object that another process
 *	opened with CAP_SYS_PTRACE
 * @lease: how long at most, nanoseconds, no more than the object's; 0 means that.
 *	It counts from the command, or, if the target deferred it, from when the
 *	hold took effect.
 * @out_token: names this hold, never 0, never reused
 * @out_state: %PROXYIPC_STATE_ARMED or %PROXYIPC_STATE_PARKED
 * @__reserved: must be zero
 *
 * Holds by hand, without a message. Returns when it is confirmed: from then on
 * the target executes no user instruction; a system call that it is in may still
 * finish. If the target defers the hold (&proxyipc_control.defer), that is after the
 * end of its section or at the bound; a signal ends the wait, and there is no hold
 * then. The hold ends by %PROXYIPC_IOC_PROCESS_RESUME, its lease, or the
 * closing of this open file (not of other descriptors of the object, got by
 * %PROXYIPC_IOC_ENDPOINT_FETCH). An open file has at most one.
 *
 * Errors: %EBUSY, %EDEADLK (oneself, or one's vfork child, or
 * who holds the caller), %EDQUOT, %EINVAL, %ESRCH, %ESTALE, %EPERM
 * (%PROXYIPC_HOLD_NODEFER), %EINTR, %EAGAIN (the target ran into something
 * unknown that keeps it from parking).
 */
struct proxyipc_process_hold {
	__u32 size;
	__u32 flags;
	__u64 lease;
	__u64 out_token;
	__u32 out_state;
	__u32 __reserved;
};

#define PROXYIPC_IOC_PROCESS_HOLD	_IO(PROXYIPC_IOC_TYPE, 0x32)

/**
 * struct proxyipc_process_resume - argument of %PROXYIPC_IOC_PROCESS_RESUME
 * @size: sizeof(struct proxyipc_process_resume)
 * @flags: %PROXYIPC_RESUME_REPLY (an episode only), %PROXYIPC_RESUME_RETRY (that of
 *	a fault only), %PROXYIPC_RESUME_STOP, %PROXYIPC_RESUME_KILL
 * @token: which hold to end: an episode, or a hold by hand through any open file
 *	of this process object
 * @message: as in &struct proxyipc_endpoint_resume
 *
 * The target runs when nothing else holds it.
 *
 * Errors: %ESTALE (nothing was changed), %ESRCH (as in
 * %PROXYIPC_IOC_ENDPOINT_RESUME, or the target is gone), %EMSGSIZE, %EINVAL, %EPERM (to
 * kill), %ENOMEM.
 */
struct proxyipc_process_resume {
	__u32 size;
	__u32 flags;
	__u64 token;
	struct proxyipc_message message;
};

#define PROXYIPC_IOC_PROCESS_RESUME	_IO(PROXYIPC_IOC_TYPE, 0x33)

/**
 * struct proxyipc_process_reply - argument of %PROXYIPC_IOC_PROCESS_REPLY
 * @size: sizeof(struct proxyipc_process_reply)
 * @flags: must be zero
 * @token: of an episode that was begun by a call and has been received
 * @message: the answer to the call in the reply slot; the target stays held
 *
 * Errors: %ESTALE, %ESRCH (the slot is empty, or the caller doesn't wait any
 * more), %EMSGSIZE, %ENOMEM.
 */
struct proxyipc_process_reply {
	__u32 size;
	__u32 flags;
	__u64 token;
	struct proxyipc_message message;
};

#define PROXYIPC_IOC_PROCESS_REPLY	_IO(PROXYIPC_IOC_TYPE, 0x34)

/**
 * struct proxyipc_process_fetch_reply - argument of %PROXYIPC_IOC_PROCESS_FETCH_REPLY
 * @size: sizeof(struct proxyipc_process_fetch_reply)
 * @flags: must be zero
 * @token: as in &struct proxyipc_process_reply
 * @out_fd: a reply object, to which the right to answer moves: the reply slot is
 *	empty then, and the target can be resumed before the call is answered
 * @__reserved: must be zero
 *
 * Errors: %ESTALE, %ESRCH, %EMFILE, %ENOMEM.
 */
struct proxyipc_process_fetch_reply {
	__u32 size;
	__u32 flags;
	__u64 token;
	__s32 out_fd;
	__u32 __reserved;
};

#define PROXYIPC_IOC_PROCESS_FETCH_REPLY _IO(PROXYIPC_IOC_TYPE, 0x35)

/**
 * enum proxyipc_episode - how far the episode of a process object has come
 * @PROXYIPC_EPISODE_NONE: there is none
 * @PROXYIPC_EPISODE_HOLDING: the target is being held
 * @PROXYIPC_EPISODE_DELIVERED: confirmed, the message waits to be received
 * @PROXYIPC_EPISODE_RECEIVED: the receiver has it
 * @PROXYIPC_EPISODE_RESTING: the lease ran out; the target gets to run before
 *	the next episode begins
 */
enum proxyipc_episode {
	PROXYIPC_EPISODE_NONE = 0,
	PROXYIPC_EPISODE_HOLDING = 1,
	PROXYIPC_EPISODE_DELIVERED = 2,
	PROXYIPC_EPISODE_RECEIVED = 3,
	PROXYIPC_EPISODE_RESTING = 4,
};

/**
 * struct proxyipc_process_info - argument of %PROXYIPC_IOC_PROCESS_INFO
 * @size: sizeof(struct proxyipc_process_info)
 * @flags: must be zero
 * @out_tgid: the target's process, in the caller's pid namespace, 0 if not visible
 * @out_tid: its thread, likewise; an exec can change it. Of a group @tid or, if that
 *	is 0, its main thread
 * @out_state: one of &enum proxyipc_state; %PROXYIPC_STATE_RUNNABLE while the target
 *	defers its holds. Of a group parked if all of its threads are, and armed if
 *	they are held and some are not parked.
 * @out_holds: how many holds are on the target, of all process objects
 * @out_episode: one of &enum proxyipc_episode, of this object
 * @out_kind: one of &enum proxyipc_kind if there is an episode, else 0
 * @out_token: names the episode, 0 if there is none
 * @out_since: when that hold was confirmed, CLOCK_MONOTONIC nanoseconds, 0 if
 *	it is not
 * @out_lease_end: when its lease ends, CLOCK_MONOTONIC nanoseconds
 * @out_episodes: how many episodes of this object were confirmed so far
 * @out_held_ns: how long they lasted together, not counting the present one
 * @out_ip: where in its program a held target is; 0 unless held, 0 amid an exec, and 0
 *	unless the object was opened by the target's own process or with CAP_SYS_PTRACE
 * @out_syscall: number of the system call that a held target is in, or has just
 *	finished, under the conditions of @out_ip; -1 for none. Both of a group are
 *	of the main thread.
 * @out_waiting: how many calls and sends wait for the episode to end
 * @out_receiver_tgid: the process that picked the episode up, in the caller's
 *	pid namespace, or 0
 * @tid: a thread of the target, in the caller's pid namespace, for which to tell
 *	@out_tid, @out_state, @out_holds, @out_ip and @out_syscall; 0: the target
 * @out_watchdog_timeout: what the watchdog is set to, nanoseconds; 0: it isn't
 * @out_watchdog_pretimeout: likewise
 * @out_watchdog_since: how long the target has not kept alive, as far as that is
 *	known from the last sample and as the watchdog counts it, nanoseconds
 * @out_watchdog_expiries: how often the timeout came so far, also where nobody
 *	could be told
 * @out_threads: how many threads the target has, those about to end not counted; this
 *	and what follows are not in the first versions of the struct
 * @out_threads_armed: how many of them are held and in the kernel
 * @out_threads_parked: how many are held and asleep on their way back to user mode
 * @__reserved: must be zero
 *
 * A snapshot; the only command that succeeds on a target that is gone.
 *
 * Errors: %ESTALE (identity), %ESRCH (no thread @tid), %EINVAL (@tid not of the target).
 */
struct proxyipc_process_info {
	__u32 size;
	__u32 flags;
	__s32 out_tgid;
	__s32 out_tid;
	__u32 out_state;
	__u32 out_holds;
	__u32 out_episode;
	__u32 out_kind;
	__u64 out_token;
	__u64 out_since;
	__u64 out_lease_end;
	__u64 out_episodes;
	__u64 out_held_ns;
	__u64 out_ip;
	__s32 out_syscall;
	__u32 out_waiting;
	__s32 out_receiver_tgid;
	__s32 tid;
	__u64 out_watchdog_timeout;
	__u64 out_watchdog_pretimeout;
	__u64 out_watchdog_since;
	__u64 out_watchdog_expiries;
	__u32 out_threads;
	__u32 out_threads_armed;
	__u32 out_threads_parked;
	__u32 __reserved;
};

#define PROXYIPC_IOC_PROCESS_INFO	_IO(PROXYIPC_IOC_TYPE, 0x36)

/**
 * struct proxyipc_process_yield - argument of %PROXYIPC_IOC_PROCESS_YIELD
 * @size: sizeof(struct proxyipc_process_yield)
 * @flags: must be zero
 *
 * Issued by the target itself when it has left its outermost section, and finds
 * &proxyipc_control.pending set: the holds that waited for that take effect before
 * the command returns to it. If none waits any more, nothing happens, and if
 * &proxyipc_control.defer isn't 0, the section goes on.
 *
 * Errors: %EPERM (the caller isn't the target, or of it), %ESTALE.
 */
struct proxyipc_process_yield {
	__u32 size;
	__u32 flags;
};

#define PROXYIPC_IOC_PROCESS_YIELD	_IO(PROXYIPC_IOC_TYPE, 0x37)

/** define PROXYIPC_CONTROL_SIZE - bytes of a control page, the length to give to mmap() */
#define PROXYIPC_CONTROL_SIZE	4096

/**
 * struct proxyipc_control - the head of a target's control page
 * @keepalive: written by the target: every change says "I am alive"
 * @defer: written by the target: non-zero says "not now": it is in a section in
 *	which it must not be held. A counter, so that sections can be nested. Holds
 *	wait until it is 0 and the target says so by %PROXYIPC_IOC_PROCESS_YIELD,
 *	or until the bound, &proxyipc_process_open.defer_max from the first
 *	hold on, is reached; that isn't renewed before a hold has taken effect.
 *	It doesn't bind a hold by %PROXYIPC_HOLD_NODEFER, nor any that comes while
 *	another is in effect.
 * @idle: written by the target: non-zero says that it has nothing to do, and that
 *	no @keepalive doesn't mean that it hangs
 * @__reserved: zero
 * @pending: written by the kernel: non-zero if a hold waits for @defer to become
 *	0: then the target owes a %PROXYIPC_IOC_PROCESS_YIELD. It is read after
 *	@defer was written, by the target itself; no more than the compiler has to
 *	be told of that order.
 * @__reserved2: zero
 * @notices: written by the kernel: the notice bits of the episodes that took
 *	effect, OR-ed. The target may take them by an atomic exchange with 0.
 * @episodes: written by the kernel: how many holds took effect so far, episodes
 *	and holds by hand, of all process objects on this thread
 * @held_ns: written by the kernel: how long they have kept the thread from
 *	running, nanoseconds, without one that is in effect
 * @__reserved3: zero
 *
 * One page per thread, however many process objects there are on it. The thread,
 * or another that shares its memory, maps a process object on it: mmap() of
 * %PROXYIPC_CONTROL_SIZE bytes at offset 0, %MAP_SHARED. Of an object on a whole group
 * that is the page of its main thread, in which any of its threads says that the group
 * is alive or idle; at offset %PROXYIPC_CONTROL_SIZE there is, for each thread that maps
 * it, its own, in which it says "not now" for itself. Anybody else gets
 * %EPERM, a child that inherited the descriptor by fork() too, and it doesn't
 * inherit the mapping. A mapping keeps the open file through which it was made.
 * An exec ends it: the new program finds a page that is all
 * zero but for @notices, @episodes and @held_ns, which go on, when it maps an
 * inherited descriptor.
 *
 * The page is for what must cost no system call. The words that the target
 * writes are requests of its own and no more: the kernel reads single words, and
 * bounds what they can bring about. What the kernel writes is news to the target;
 * it reads none of it back.
 *
 * Errors of mmap(): %EPERM, %EINVAL (private, another length or offset), %ESRCH,
 * %ESTALE, %ENOMEM.
 */
struct proxyipc_control {
	/* The target writes here, */
	__u32 keepalive;
	__u32 defer;
	__u32 idle;
	__u32 __reserved[13];
	/* and the kernel here: a cache line for each. */
	__u32 pending;
	__u32 __reserved2;
	__u64 notices;
	__u64 episodes;
	__u64 held_ns;
	__u64 __reserved3[4];
};

/** define PROXYIPC_WATCHDOG_MIN - shortest timeout of a watchdog, nanoseconds */
#define PROXYIPC_WATCHDOG_MIN	1000000ULL
/** define PROXYIPC_WATCHDOG_MAX - longest timeout of a watchdog, nanoseconds: a day */
#define PROXYIPC_WATCHDOG_MAX	86400000000000ULL

/**
 * enum proxyipc_watchdog_word - what &proxyipc_received.out_words say of a watchdog
 * @PROXYIPC_WATCHDOG_WORD_STAGE: one of &enum proxyipc_watchdog_stage
 * @PROXYIPC_WATCHDOG_WORD_CAUSE: one of &enum proxyipc_watchdog_cause
 * @PROXYIPC_WATCHDOG_WORD_SINCE: how long the target had not kept alive,
 *	nanoseconds, without the time that doesn't count; no longer than it really
 *	hadn't
 * @PROXYIPC_WATCHDOG_WORD_CPU: CPU time that it used in that time, nanoseconds
 * @PROXYIPC_WATCHDOG_WORD_DELAY: how much of that time it was runnable without
 *	getting a CPU, nanoseconds
 * @PROXYIPC_WATCHDOG_WORD_SYSCALL: &proxyipc_process_info.out_syscall when it was
 *	held, under the conditions of that; -1 for none
 * @PROXYIPC_WATCHDOG_WORD_TIMEOUT: the timeout that was set, nanoseconds
 * @PROXYIPC_WATCHDOG_WORD_AT: when this was found out, CLOCK_MONOTONIC
 *	nanoseconds; the target was held a little later
 */
enum proxyipc_watchdog_word {
	PROXYIPC_WATCHDOG_WORD_STAGE = 0,
	PROXYIPC_WATCHDOG_WORD_CAUSE = 1,
	PROXYIPC_WATCHDOG_WORD_SINCE = 2,
	PROXYIPC_WATCHDOG_WORD_CPU = 3,
	PROXYIPC_WATCHDOG_WORD_DELAY = 4,
	PROXYIPC_WATCHDOG_WORD_SYSCALL = 5,
	PROXYIPC_WATCHDOG_WORD_TIMEOUT = 6,
	PROXYIPC_WATCHDOG_WORD_AT = 7,
};

/**
 * enum proxyipc_watchdog_stage - how long is too long
 * @PROXYIPC_WATCHDOG_PRETIMEOUT: the timeout comes soon: when the target has been
 *	resumed and goes on not keeping alive
 * @PROXYIPC_WATCHDOG_TIMEOUT: it has come; when the target has been resumed, all
 *	begins anew
 */
enum proxyipc_watchdog_stage {
	PROXYIPC_WATCHDOG_PRETIMEOUT = 1,
	PROXYIPC_WATCHDOG_TIMEOUT = 2,
};

/**
 * enum proxyipc_watchdog_cause - what the target did instead of keeping alive
 * @PROXYIPC_WATCHDOG_SPINNING: it ran: wanted to for at least half of the time, and
 *	did for at least a tenth
 * @PROXYIPC_WATCHDOG_STARVED: it wanted to for at least half of the time, and got a
 *	CPU for less than a tenth
 * @PROXYIPC_WATCHDOG_BLOCKED: it slept for more than half of the time
 *
 * Judged by what the scheduler counts, which is read while it changes: between
 * two of these, either may be said.
 */
enum proxyipc_watchdog_cause {
	PROXYIPC_WATCHDOG_SPINNING = 1,
	PROXYIPC_WATCHDOG_STARVED = 2,
	PROXYIPC_WATCHDOG_BLOCKED = 3,
};

/**
 * struct proxyipc_process_set_watchdog - argument of %PROXYIPC_IOC_PROCESS_SET_WATCHDOG
 * @size: sizeof(struct proxyipc_process_set_watchdog)
 * @flags: must be zero
 * @timeout: how long the target may go without keeping alive, nanoseconds, at least
 *	%PROXYIPC_WATCHDOG_MIN and at most %PROXYIPC_WATCHDOG_MAX; 0 takes the
 *	watchdog away
 * @pretimeout: how long before that its receiver is told for the first time,
 *	nanoseconds, less than @timeout; 0: it isn't
 * @out_interval: how long after the timeout it expires at most, nanoseconds: the
 *	time from one look at the target to the next
 *
 * Begins now, in the place of what was set before; that has nothing more to say,
 * but for an episode that has begun. The watchdog belongs to the process object, is
 * there as long as that, and tells the entry in its receiver slot
 * (%PROXYIPC_KIND_WATCHDOG). Both stages hold the target: the message is an episode
 * like others, begins before notices and calls that wait, and must be resumed. A
 * stage that can't be told because there is no receiver, or because it would be
 * one of those that %EDEADLK is for, is lost; the target runs on.
 *
 * It never expires while less than @timeout has passed since the target kept alive.
 * Time doesn't count while the target is held, by anybody, stopped by a signal or
 * its tracer, frozen, or the system is suspended: the clock then stands still, for
 * up to two intervals more than that. After a timeout it starts afresh.
 *
 * Errors: %EINVAL, %EDQUOT (module parameter samples_per_user), %ESRCH, %ESTALE.
 */
struct proxyipc_process_set_watchdog {
	__u32 size;
	__u32 flags;
	__u64 timeout;
	__u64 pretimeout;
	__u64 out_interval;
};

#define PROXYIPC_IOC_PROCESS_SET_WATCHDOG _IO(PROXYIPC_IOC_TYPE, 0x38)

/**
 * struct proxyipc_process_keepalive - argument of %PROXYIPC_IOC_PROCESS_KEEPALIVE
 * @size: sizeof(struct proxyipc_process_keepalive)
 * @flags: must be zero
 *
 * Keeps alive on behalf of a target that knows nothing of its watchdog. Without a
 * watchdog it does nothing.
 *
 * Errors: %ESRCH, %ESTALE.
 */
struct proxyipc_process_keepalive {
	__u32 size;
	__u32 flags;
};

#define PROXYIPC_IOC_PROCESS_KEEPALIVE	_IO(PROXYIPC_IOC_TYPE, 0x39)

/**
 * struct proxyipc_process_set_faults - argument of %PROXYIPC_IOC_PROCESS_SET_FAULTS
 * @size: sizeof(struct proxyipc_process_set_faults)
 * @flags: must be zero
 * @signals: bit n - 1 stands for signal n; of SIGSEGV, SIGBUS, SIGFPE, SIGILL and
 *	SIGTRAP, others are %EINVAL. They replace those asked for before; 0 for none.
 *
 * When an instruction of the target can't be executed, and the signal for that is
 * among these, the target is held before the signal is delivered, and the receiver
 * gets a message of kind %PROXYIPC_KIND_FAULT. The resume says whether the signal is
 * delivered or the instruction is executed again (%PROXYIPC_RESUME_RETRY). Without a
 * receiver, when it dies, when the lease ends, or when the target can't be held for
 * another reason, the signal is delivered: to a handler, or with a core dump, as if
 * nobody had been asked.
 *
 * Only what the processor itself reports of an instruction in user mode is a fault.
 * These signals are none of it when they are sent by kill(2) and the like, when the
 * kernel condemns the target by them (a failed exec, a signal frame that can't be
 * written), or when they have no better code than SI_KERNEL (a general protection
 * fault; but a breakpoint is one); nor are bad memory and the events of perf. Access
 * to bad memory in a system call is %EFAULT, as ever. The faults of a traced target
 * are its tracer's.
 *
 * Where the signal was blocked or ignored, the kernel has already unblocked it and
 * reset its disposition to the default: delivered, it is fatal, as ever; after a
 * retry the disposition stays the default, and the signal unblocked.
 *
 * Only through an object that was opened by the target's own process or with
 * CAP_SYS_PTRACE, as for &proxyipc_process_info.out_ip. Each signal of a target goes
 * to one object.
 *
 * Errors: %EINVAL, %EPERM, %EBUSY (another object has one of them; nothing was
 * changed), %ESRCH, %ESTALE.
 */
struct proxyipc_process_set_faults {
	__u32 size;
	__u32 flags;
	__u64 signals;
};

#define PROXYIPC_IOC_PROCESS_SET_FAULTS	_IO(PROXYIPC_IOC_TYPE, 0x3a)

/**
 * struct proxyipc_process_get_regs - argument of %PROXYIPC_IOC_PROCESS_GET_REGS
 * @size: sizeof(struct proxyipc_process_get_regs)
 * @flags: %PROXYIPC_NONBLOCK
 * @token: of a confirmed hold through this process object: an episode, or a hold
 *	by hand through any open file of it
 * @deadline: when to give up, absolute CLOCK_MONOTONIC nanoseconds, 0 for never:
 *	the end of the hold ends the wait too
 * @data: address of a buffer for the registers
 * @data_size: room at @data. If there is more, the command fails with %EMSGSIZE,
 *	@out_data_len alone is written, and says how much there is.
 * @out_data_len: number of bytes written to @data
 * @note: which registers: NT_PRSTATUS (general), NT_PRFPREG (floating point) or,
 *	on x86, NT_X86_XSTATE (all of the extended state), as numbered in linux/elf.h
 * @out_machine: of the program that the target runs, as in an ELF header
 *	(EM_X86_64, EM_386): whose layout the registers have
 * @out_state: one of &enum proxyipc_state: armed or parked, when they were read
 * @tid: the thread, in the caller's pid namespace; 0 for the target, of a group its
 *	main thread
 *
 * The registers of a held target in user mode, as PTRACE_GETREGSET gives them and
 * a core dump has them. What is read was true while the hold named by @token was
 * on and the target was asleep, all of it at one time. The target isn't woken.
 *
 * Of an armed target they are those with which it entered the kernel, unless the
 * kernel is just changing them there (a signal frame being set up or left): then
 * some may be new. Of a parked one they are those with which it goes on; but for
 * a system call that is about to be restarted, as with ptrace.
 *
 * A target that runs in the kernel, or would if it got a processor, or is amid an
 * execve(), is waited for; with %PROXYIPC_NONBLOCK that is %EAGAIN.
 *
 * Errors: %EPERM unless the object was opened by the target's own process or with
 * CAP_SYS_PTRACE; %ESTALE (no such hold, or it ended meanwhile), %ESRCH (the
 * target or its thread @tid), %EAGAIN, %ETIMEDOUT, %EINTR, %EINVAL (another @note, or
 * @tid not of the target), %ENODATA (the processor has no such
 * registers; or it has no FSGSBASE, and the target is traced or has FS or GS in a
 * local descriptor table), %EMSGSIZE, %ENOMEM.
 */
struct proxyipc_process_get_regs {
	__u32 size;
	__u32 flags;
	__u64 token;
	__u64 deadline;
	__aligned_u64 data;
	__u32 data_size;
	__u32 out_data_len;
	__u32 note;
	__u32 out_machine;
	__u32 out_state;
	__s32 tid;
};

#define PROXYIPC_IOC_PROCESS_GET_REGS	_IO(PROXYIPC_IOC_TYPE, 0x3b)

/**
 * enum proxyipc_policy - what becomes of a target whose episode was not ended by its
 * receiver
 * @PROXYIPC_POLICY_RESUME: it runs
 * @PROXYIPC_POLICY_KILL: it gets SIGKILL before it can run. Only if whoever set the
 *	policy has the right to: it opened itself (the object was made by the target's own
 *	process), or could kill the target when the policy was set, and could do so now;
 *	otherwise it runs.
 */
enum proxyipc_policy {
	PROXYIPC_POLICY_RESUME = 0,
	PROXYIPC_POLICY_KILL = 1,
};

/**
 * struct proxyipc_process_set_policy - argument of %PROXYIPC_IOC_PROCESS_SET_POLICY
 * @size: sizeof(struct proxyipc_process_set_policy)
 * @flags: must be zero
 * @guardian_fd: a plain entry with %PROXYIPC_RIGHT_SEND, whose endpoint gets an
 *	episode's message when the receiver that had it dies, or closes its endpoint, be
 *	it received or not; -1 for none. The target stays held, the token and the end of
 *	the lease stay what they were, and the message is marked
 *	%PROXYIPC_RECEIVED_REDELIVERED.
 * @receiver_death: one of &enum proxyipc_policy: when the receiver is gone and there is no
 *	guardian, or that is gone as well
 * @lease_end: one of &enum proxyipc_policy: when the lease of an episode runs out
 * @__reserved: must be zero
 *
 * Replaces all of it, also for the episode in progress. Without this command there is no
 * guardian and targets are resumed. The one who made the call gets its one result in every
 * case: the guardian's answer, or %EOWNERDEAD (%EPIPE if nobody had received it). Holds
 * by hand end as they always do, by resuming.
 *
 * Errors: %EPERM (to kill), %EBADF, %EINVAL, %EACCES, %EPIPE, %EDEADLK, %ENOBUFS, %ESRCH,
 * %ESTALE, %ENOMEM.
 */
struct proxyipc_process_set_policy {
	__u32 size;
	__u32 flags;
	__s32 guardian_fd;
	__u32 receiver_death;
	__u32 lease_end;
	__u32 __reserved;
};

#define PROXYIPC_IOC_PROCESS_SET_POLICY	_IO(PROXYIPC_IOC_TYPE, 0x3c)

/*
 * Reply
 */

/**
 * struct proxyipc_reply_send - argument of %PROXYIPC_IOC_REPLY_SEND
 * @size: sizeof(struct proxyipc_reply_send)
 * @flags: must be zero
 * @message: the answer
 *
 * Works once. Closing the last descriptor unanswered gives the caller %ECANCELED.
 *
 * Errors: %ESRCH (answered already, or the caller doesn't wait any more),
 * %EMSGSIZE, %ENOMEM.
 */
struct proxyipc_reply_send {
	__u32 size;
	__u32 flags;
	struct proxyipc_message message;
};

#define PROXYIPC_IOC_REPLY_SEND		_IO(PROXYIPC_IOC_TYPE, 0x40)

#endif /* _UAPI_LINUX_PROXYIPC_H */
