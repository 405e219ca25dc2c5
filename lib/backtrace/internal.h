/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef _PROXYIPC_BACKTRACE_INTERNAL_H
#define _PROXYIPC_BACKTRACE_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* process_vm_readv() */
#endif

/* What the public header declares is exported, anything else is hidden. */
#pragma GCC visibility push(default)
#include <proxyipc-backtrace.h>
#pragma GCC visibility pop

#include <elfutils/libdwfl.h>
#include <proxyipc.h>
#include <stdbool.h>

/* Deeper stacks are cut off: nobody reads on. */
#define WALK_MAX	512

/* How long threads that run in the kernel are waited for. */
#define WALK_PATIENCE_NS	100000000ULL

#define WALK_BLOCK	4096

/**
 * struct walk - the stack of one thread
 * @tid: the thread
 * @process: a process object on it, or on its whole process
 * @token: a hold of that
 * @deadline: until when to wait for its registers, CLOCK_MONOTONIC nanoseconds
 * @error: what went wrong, or 0
 * @syscall: what its registers say of one, -1 for none
 * @count: number of frames
 * @ip: the addresses, innermost first
 * @exact: that is where it was; else it is a return address, behind the call
 * @block_at: address of what is in @block, 1 for nothing
 * @block: memory of the target that was read last
 */
struct walk {
	pid_t tid;
	int process;
	__u64 token;
	__u64 deadline;
	int error;
	int syscall;
	unsigned int count;
	Dwarf_Addr ip[WALK_MAX];
	bool exact[WALK_MAX];
	__u64 block_at;
	unsigned char block[WALK_BLOCK];
};

/**
 * struct image - what is loaded in a process
 * @dwfl: libdw's view of it
 * @pid: the process
 * @walk: the thread whose stack is being walked, or NULL
 */
struct image {
	Dwfl *dwfl;
	pid_t pid;
	struct walk *walk;
};

/* The same, for who asked for it ahead of time. */
struct proxyipc_backtrace {
	struct image image;
};

/*
 * image.c. What is needed of programs and libraries is read when it is; who has
 * nobody held yet has it read ahead, which may take long. image_refresh() is quick.
 * Those that can fail return 0 or a negative error.
 */
int image_open(struct image *image, pid_t pid);
void image_read_ahead(struct image *image);
int image_refresh(struct image *image);
void image_close(struct image *image);

/* walk.c: the stack of a held thread; the result is in @walk. */
extern const Dwfl_Thread_Callbacks walk_callbacks;
void walk_init(struct walk *walk, pid_t tid, int process, __u64 token);
void walk_stack(struct image *image, struct walk *walk, __u64 deadline);

/*
 * names.c: what walk_stack() found, with names; the target may run. Returns the number
 * of frames.
 */
int walk_name(struct image *image, const struct walk *walk,
	      int (*frame)(unsigned int number, const struct proxyipc_frame *frame, void *arg),
	      void *arg);

#endif /* _PROXYIPC_BACKTRACE_INTERNAL_H */
