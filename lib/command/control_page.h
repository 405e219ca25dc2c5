/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef _PROXYIPC_COMMAND_CONTROL_PAGE_H
#define _PROXYIPC_COMMAND_CONTROL_PAGE_H

#include <sys/types.h>

/*
 * How often a process has kept alive, by all control pages that it has mapped
 * together; -1 if its memory can't be read.
 */
long long count_keepalives(pid_t pid);

#endif /* _PROXYIPC_COMMAND_CONTROL_PAGE_H */
