/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A target with a known value in every register. It spins on one instruction, so
 * that its instruction pointer is known as well.
 */
#ifndef PROXYIPC_REGS_VALUES_H
#define PROXYIPC_REGS_VALUES_H

#include <linux/types.h>
#include <stdbool.h>

#include "hold_helpers.h"

#define VALUE(n)	(0xa0b0c0d0e0f00000ULL + (n) * 0x0101010101010101ULL)

/* rax, rbx, rcx, rdx, rsi, rdi, rbp, r8 to r15; and ymm0 to ymm15. */
extern __u64 regs_general[15];
extern __u64 regs_vector[16][4];
extern bool has_avx;

/* What rip and rsp are. */
extern char regs_spin[], regs_stack[];

/* In regs_test.c: behind the system call of a target that makes one itself. */
extern char after_read[];

void fill_values(void);

/* A body: at phase 1 it is about to spin; the result is its FS base. */
void spin_on_values(struct child_page *page);

#endif /* PROXYIPC_REGS_VALUES_H */
