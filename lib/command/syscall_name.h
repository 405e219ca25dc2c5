/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef _PROXYIPC_COMMAND_SYSCALL_NAME_H
#define _PROXYIPC_COMMAND_SYSCALL_NAME_H

#include <sys/types.h>

/*
 * What system call @number is called for process @pid, NULL if that isn't known:
 * 32-bit programs have numbers of their own, of which this knows nothing.
 */
const char *syscall_name(pid_t pid, int number);

#endif /* _PROXYIPC_COMMAND_SYSCALL_NAME_H */
