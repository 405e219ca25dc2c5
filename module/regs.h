/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_REGS_H
#define _PROXYIPC_REGS_H

/**
 * DOC: Registers
 *
 * PROCESS_GET_REGS: a copy of a held target's registers, as the kernel's regsets
 * have them for ptrace and core dumps. Those want a target that is asleep and
 * stays so: a running one has its floating-point registers in the CPU, and one
 * that exits or calls execve() has its stack and memory taken from under the
 * reader. A held target may still run in the kernel, and a sleeping system call may
 * end at any moment. So the copy is made with wake-ups of the target locked out, by
 * proxyipc_hold_inspect(), into a buffer that was allocated before; one that isn't
 * asleep is tried again a little later, until it is, or the hold is no more.
 */

#include <linux/types.h>

struct proxyipc_process;
struct proxyipc_process_get_regs;

int proxyipc_regs_get(struct proxyipc_process *process,
		      struct proxyipc_process_get_regs *params,
		      struct proxyipc_process_get_regs __user *user);

#endif /* _PROXYIPC_REGS_H */
