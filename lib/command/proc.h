/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef _PROXYIPC_COMMAND_PROC_H
#define _PROXYIPC_COMMAND_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * The beginning of a small file into @text, as a string. Returns its length, or
 * -errno; @text is empty then.
 */
ssize_t read_file(const char *path, char *text, size_t size);

/* The same without the newline at its end. */
ssize_t read_line(const char *path, char *text, size_t size);

/*
 * The value of line "name:\tvalue" of @text, copied to @value; false and an empty
 * @value if there is no such line.
 */
bool find_field(const char *text, const char *name, char *value, size_t size);

/* The name of a thread, empty if it is gone; and whether it is there. */
#define COMM_SIZE	64
bool read_comm(pid_t tid, char *comm);

/* What is a directory of numbers: calls @visit with each; 0 or -errno of opendir(). */
int visit_numbers(const char *path, void (*visit)(int number, void *data), void *data);

/* Has this process that capability, CAP_SYS_PTRACE say, in effect? */
bool has_capability(int capability);

#endif /* _PROXYIPC_COMMAND_PROC_H */
