/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef _PROXYIPC_BACKTRACE_H
#define _PROXYIPC_BACKTRACE_H

#include <linux/types.h>
#include <stdio.h>
#include <sys/types.h>

/**
 * DOC: libproxyipc-backtrace
 *
 * What a held thread was doing: its stack, with names and lines. The registers
 * come from PROXYIPC_IOC_PROCESS_GET_REGS, the memory by process_vm_readv(), and
 * elfutils' libdw makes sense of both; there is no ptrace() in it, so that it works
 * beside a debugger. The caller needs the right to read the target's memory
 * (CAP_SYS_PTRACE, or the same user where the system allows that), sees its
 * programs and libraries under the paths that the target has, and is a 64-bit
 * program on x86-64, as is the target.
 *
 * A library of its own, so that libproxyipc needs nothing but the C library.
 * Functions return >= 0 or a negative error, for proxyipc_strerror(); one that
 * isn't described there is that of process_vm_readv(), -ENOEXEC for a target whose
 * machine isn't known, or -ENOMEM.
 */

#ifdef __cplusplus
extern "C" {
#endif

/** define PROXYIPC_FRAME_INLINE - the function was inlined into the next frame's */
#define PROXYIPC_FRAME_INLINE	(1U << 0)

/**
 * struct proxyipc_frame - one function that was active
 * @ip: where it was: of the first frame the next instruction, of the others the
 *	one that is returned to
 * @offset: of @ip in the function, or in the one that it was inlined into
 * @function: its name, or NULL; a C++ function's is mangled
 * @file: where its source is, as the compiler saw it, or NULL
 * @module: the program or library, or NULL
 * @line: in @file, 0 if unknown
 * @flags: PROXYIPC_FRAME_INLINE
 *
 * The strings are good until the callback that got them returns.
 */
struct proxyipc_frame {
	__u64 ip;
	__u64 offset;
	const char *function;
	const char *file;
	const char *module;
	int line;
	unsigned int flags;
};

/**
 * proxyipc_backtrace() - the stack of a held thread
 * @process: a process object with the right to see addresses; of one on a whole
 *	process it is its main thread's stack
 * @token: its hold: from proxyipc_process_hold() or &proxyipc_received.out_token
 * @frame: called for each frame, the innermost first, which is number 0; with a
 *	result other than 0 it ends the walk
 * @arg: for @frame
 *
 * Who wants the target to run on early may resume it when @frame is called first:
 * the walk is over by then, what follows is the search for names. A thread that runs
 * in the kernel is waited for as long as a tenth of a second.
 *
 * Return: number of frames that @frame was called for, or a negative error of
 * &struct proxyipc_process_get_regs or of reading memory; -ETIMEDOUT for one that
 * runs in the kernel.
 */
int proxyipc_backtrace(int process, __u64 token,
		       int (*frame)(unsigned int number, const struct proxyipc_frame *frame,
				    void *arg),
		       void *arg);

/**
 * proxyipc_backtrace_print() - print the stack of a held thread
 * @file: where to
 * @process: as for proxyipc_backtrace()
 * @token: likewise
 *
 * Return: as proxyipc_backtrace().
 */
int proxyipc_backtrace_print(FILE *file, int process, __u64 token);

/**
 * proxyipc_backtrace_print_frame() - print a frame as the functions here do
 * @file: where to
 * @number: of the frame, in its stack
 * @frame: the frame
 *
 * One line, such as "#0  0x0000563d0c1a2b3c in function+0x12 at file.c:34".
 */
void proxyipc_backtrace_print_frame(FILE *file, unsigned int number,
				    const struct proxyipc_frame *frame);

/**
 * proxyipc_backtrace_pid() - print the stacks of all threads of a process
 * @device: from proxyipc_open()
 * @pid: the process
 * @file: where to
 *
 * As proxyipc_backtrace_threads(). Prints which threads were not held or could not be
 * walked, and why; and last for how long the process stood still.
 *
 * Return: number of threads whose stack was printed, or a negative error if
 * there is none that could be held.
 */
int proxyipc_backtrace_pid(int device, pid_t pid, FILE *file);

struct proxyipc_backtrace;

/**
 * proxyipc_backtrace_open() - get ready to take the stacks of a process
 * @pid: the process
 * @backtrace: where what is needed for that goes; untouched by a failure
 *
 * Reads ahead of time what a walk needs of the programs and libraries that are loaded:
 * for who wants the process to stand still as short as can be, and doesn't know yet
 * when. What is loaded later is read when the stacks are taken. An exec doesn't matter.
 *
 * Return: 0, or a negative error: -ESRCH if there is no such process.
 */
int proxyipc_backtrace_open(pid_t pid, struct proxyipc_backtrace **backtrace);

/**
 * proxyipc_backtrace_close() - forget about a process
 * @backtrace: from proxyipc_backtrace_open()
 */
void proxyipc_backtrace_close(struct proxyipc_backtrace *backtrace);

/**
 * struct proxyipc_thread - a thread whose stack was looked at
 * @tid: which
 * @held: was it held? Workers of io_uring and vhost, which run none of its code, never
 *	are, nor is a thread that was just about to end.
 * @error: 0, or why it has no stack, or no more than its frames: a negative error
 * @frames: how many addresses are in its stack; with inlined functions it has more
 *	frames
 * @syscall: number of the system call that it was in, or had just finished; -1: it was
 *	in its program, or that isn't known
 */
struct proxyipc_thread {
	pid_t tid;
	int held;
	int error;
	unsigned int frames;
	int syscall;
};

/**
 * struct proxyipc_threads - argument of proxyipc_backtrace_threads()
 * @device: from proxyipc_open(); not looked at if there is a @token
 * @pid: the process
 * @tid: the one thread of it that is wanted; 0 for all
 * @process: a process object on it, or on a thread of it, that is held already: what
 *	that holds is walked, and stays held
 * @token: that hold; 0 if there is none, and @process isn't looked at
 * @backtrace: of that process, from proxyipc_backtrace_open(); or NULL
 * @thread: called for each thread, before its frames
 * @frame: called for each frame, the innermost first, which is number 0; with a
 *	result other than 0 it ends this thread's
 * @arg: for both of them
 * @out_threads: how many threads there were
 * @out_held: how many of them were held
 * @out_held_us: for how long they were held, microseconds; with a @token for how long
 *	their stacks were walked
 */
struct proxyipc_threads {
	int device;
	pid_t pid;
	pid_t tid;
	int process;
	__u64 token;
	struct proxyipc_backtrace *backtrace;
	void (*thread)(const struct proxyipc_thread *thread, void *arg);
	int (*frame)(unsigned int number, const struct proxyipc_frame *frame, void *arg);
	void *arg;
	unsigned int out_threads;
	unsigned int out_held;
	__u64 out_held_us;
};

/**
 * proxyipc_backtrace_threads() - the stacks of all threads of a process, at one time
 * @params: see &struct proxyipc_threads
 *
 * Holds the process with all its threads by one hold, or the one thread, walks their
 * stacks, resumes them, and only then looks for names and calls back: the caller's own
 * hold can be ended then, too. Threads that run in the kernel are waited for as long as
 * a tenth of a second, all together. Should the caller die meanwhile, the threads run
 * on. The caller's own process can't be held so, only each of its other threads.
 *
 * Return: number of threads that have a stack, or a negative error if there is none:
 * of &struct proxyipc_process_open and &struct proxyipc_process_hold too.
 */
int proxyipc_backtrace_threads(struct proxyipc_threads *params);

#ifdef __cplusplus
}
#endif

#endif /* _PROXYIPC_BACKTRACE_H */
