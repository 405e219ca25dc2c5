/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* Threads have names, by which people know them better than by their numbers. */
#ifndef WATCHDOGD_THREAD_H
#define WATCHDOGD_THREAD_H

#include <stddef.h>
#include <sys/types.h>

#define THREAD_NAME_SIZE	32

/* That of thread @tid of @pid, in @name, which is returned; empty if it is gone. */
const char *thread_name(pid_t pid, pid_t tid, char name[THREAD_NAME_SIZE]);

/**
 * struct thread_names - those of all threads of a process, for when it is gone
 * @count: of @names
 * @names: which thread has which
 */
struct thread_names {
	size_t count;
	struct thread_name {
		pid_t tid;
		char name[THREAD_NAME_SIZE];
	} *names;
};

/* What can't be read, isn't there. */
void thread_names_read(struct thread_names *names, pid_t pid);
void thread_names_forget(struct thread_names *names);

/* Empty if there is none. */
const char *thread_names_find(const struct thread_names *names, pid_t tid);

#endif /* WATCHDOGD_THREAD_H */
