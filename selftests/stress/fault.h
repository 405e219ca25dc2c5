/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Faults of targets, which go to their receivers: a division by a number on the board,
 * which the receiver may mend, and have tried again; and a read of memory that isn't
 * there, which only the target's handler can deal with, by leaving it out.
 */
#ifndef STRESS_FAULT_H
#define STRESS_FAULT_H

#include <linux/proxyipc.h>

#include "board.h"

/* The target: the handlers; its faults go to the receiver of @process; one of them. */
void fault_signals(void);
void fault_begin(int process);
void fault_once(struct cell *cell);

/* The receiver: what to resume with, having mended something or not. */
__u32 fault_verdict(const struct proxyipc_received *received);
void fault_resumed(const struct proxyipc_received *received, __u32 verdict);

#endif /* STRESS_FAULT_H */
