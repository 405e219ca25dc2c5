/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Targets that do one thing of the test's choice: a child runs a function on a
 * page that it shares with the test. (A helper, in helper.h, obeys orders.)
 */
#ifndef PROXYIPC_HOLD_HELPERS_H
#define PROXYIPC_HOLD_HELPERS_H

#include <linux/proxyipc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <sys/types.h>

/* What a killed process may take to be reaped, whatever state it was in. */
#define KILL_MS		(2000U * slowness())

struct child_page {
	/* What the test says. */
	atomic_int go;
	atomic_uint delay;	/* in rounds of burn() */
	int fd[2];		/* the only descriptors above stderr that the child has */
	char path[256];

	/* What the child says. */
	atomic_int phase;
	atomic_int tid[2];
	atomic_long result;
	atomic_int error;
	atomic_uint signals;
	atomic_uint counter[2];
};

struct child {
	pid_t pid;		/* -errno if it couldn't be made, 0 once reaped */
	struct child_page *page;
};

/*
 * Runs @body in a child that dies with the test. It keeps @fd0 and @fd1 (-1 for
 * none), as page->fd[]. It exits with status 0 when @body returns.
 */
struct child child_new(void (*body)(struct child_page *page), int fd0, int fd1);

/* The same, in two steps, for who has something to write into the page first. */
struct child_page *child_page_new(void);
struct child child_start(void (*body)(struct child_page *page), struct child_page *page);

/* A process object on it, opened by the test. */
int child_open(struct child *c);

/* Lets it go on: page->go becomes @value; the child waits with await_go(). */
void child_go(struct child *c, int value);
void await_go(struct child_page *page, int value);

/* Waits until page->phase is @phase, at most PATIENCE_MS. */
bool child_reaches(struct child *c, int phase);

/*
 * Reaps it. child_ends() returns the wait status, or -ETIMEDOUT if it is still
 * there after @ms milliseconds; child_kill() the same after a SIGKILL and KILL_MS.
 */
int child_ends_within(struct child *c, unsigned int ms);
int child_ends(struct child *c);
int child_kill(struct child *c);

/* Does wait status @status say: ended by @signo? exited with @code? */
bool killed_by(int status, int signo);
bool exited_with(int status, int code);

/*
 * Counters. stands_still() looks for some milliseconds: it can't fail for a
 * counter that doesn't move. counts() is when it moves.
 */
bool stands_still(atomic_uint *counter);
bool counts(atomic_uint *counter);

/* Burns @loops rounds in user mode: a delay too short to sleep for. */
void burn(unsigned int loops);

/* The calling thread, on one CPU from now on; 0 or -errno. */
int pin_to_cpu(int cpu);
int count_cpus(void);

/* A thread of this process whose name begins with @name, 0 if there is none. */
pid_t find_own_thread(const char *name);

/* The whole of a small file (without its last newline): 0 or -errno. */
int file_write(const char *path, const char *text);
int file_read(const char *path, char *text, int size);

/* A body: counts in user mode for ever. Is @ip the address of an instruction of it? */
void child_spin(struct child_page *page);
bool in_spin(__u64 ip);

/* A body: read()s a byte from page->fd[0], counts one, and so on. */
void child_read(struct child_page *page);

/*
 * Other people. become() makes the calling process one; 0 or -errno. It stays
 * dumpable, unless it is said not to be, in spite of the change.
 */
struct who {
	uid_t uid, saved_uid;	/* real and effective; saved */
	gid_t gid, saved_gid;
	__u64 capabilities;	/* permitted and effective: 1 << CAP_... */
	bool undumpable;
};

/* Of user and group @id, with no capabilities. */
static inline struct who plain_user(uid_t id)
{
	return (struct who){
		.uid = id, .saved_uid = id, .gid = id, .saved_gid = id,
	};
}

int become(const struct who *who);

/* A body's own: all of them dropped but @capabilities. */
int keep_capabilities(__u64 capabilities);

/* A child that becomes @who and counts in user mode, at phase 1. */
struct child child_spin_as(const struct who *who);

/* What @who gets from opening process @target: 0 or -errno. */
int open_as(const struct who *who, pid_t target);

/* process_resume() with flags, and with a whole argument. */
int process_resume_flags(int process, __u64 token, __u32 flags);

/* Polls PROCESS_INFO until out_holds is @holds, at most PATIENCE_MS. */
bool wait_for_holds(int process, int holds);

/* One hold and its end: what is promised in between holds for @counter. */
bool hold_and_look(int process, atomic_uint *counter);

#endif /* PROXYIPC_HOLD_HELPERS_H */
