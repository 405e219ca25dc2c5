/* SPDX-License-Identifier: GPL-2.0 */
/* What /proc says of a process. */
#ifndef PROXYIPC_PROC_H
#define PROXYIPC_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Is thread @tid asleep in ioctl(@fd, @cmd)? @fd as that thread numbers it. */
bool proc_asleep_in_ioctl(pid_t tid, int fd, unsigned int cmd);

/* Is thread @tid asleep in the system call of that (native) number? */
bool proc_asleep_in_syscall(pid_t tid, long number);

/* The letter after the name in /proc/PID/stat, 0 if there is no such process. */
char proc_state(pid_t tid);

/* Is @signo pending for process @pid, sent but not yet delivered? */
bool proc_signal_pending(pid_t pid, int signo);

/* How many descriptors this process has open; failed commands leave none. */
int proc_count_fds(void);

/* Text of /proc/self/fdinfo/@fd into @text; 0 or -errno. */
int proc_fdinfo(int fd, char *text, size_t size);

/*
 * The value of line "name:\tvalue" of @text, in a buffer that the next call
 * overwrites; NULL if there is no such line.
 */
const char *proc_field(const char *text, const char *name);

#endif /* PROXYIPC_PROC_H */
