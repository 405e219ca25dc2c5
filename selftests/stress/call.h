/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls and sends, as both ends see them: each has a serial number, which is the
 * first word of its message, and a record on the board that its sender, and whoever
 * receives and answers it, write what they see to. Each end writes first and looks
 * at the other's part then, so one of them sees a contradiction.
 */
#ifndef STRESS_CALL_H
#define STRESS_CALL_H

#include <linux/proxyipc.h>
#include <linux/types.h>
#include <stdatomic.h>
#include <stdbool.h>

#define NR_CALLS	(1 << 15)
#define NR_ANSWERS	4

enum call_state {
	CALL_MADE = 1,
	CALL_ENDED,
};

enum answer_state {
	ANSWER_NONE,
	ANSWER_TRIED,	/* for ever, if who tried was killed */
	ANSWER_GIVEN,
	ANSWER_REFUSED,
};

struct answer {
	_Atomic __u64 word;	/* unique */
	_Atomic int state;
	_Atomic __u64 when;	/* given, fair time */
};

struct call {
	_Atomic __u64 serial;
	int kind;		/* enum proxyipc_kind */
	bool proxied, nonblock;
	int slot;
	__u64 deadline;		/* CLOCK_MONOTONIC, as all deadlines of the ABI */
	_Atomic int state;
	_Atomic int result;	/* -errno, valid once ENDED */
	_Atomic __u64 word;	/* of the answer that came, likewise */
	_Atomic unsigned int received;
	struct answer answers[NR_ANSWERS];
};

struct call_table {
	_Atomic __u64 next;
	struct call calls[NR_CALLS];
};

/* The sender: before the command, and with its result. */
__u64 call_begin(int kind, bool proxied, bool nonblock, __u64 deadline,
		 struct proxyipc_message *message);
void call_end(__u64 serial, int result, const struct proxyipc_message *reply);

/* The receiver: its serial number, 0 if that isn't one of ours (a violation). */
__u64 call_received(const struct proxyipc_received *received);

/* Who answers: before the command, and with its result. */
__u64 answer_begin(__u64 serial, struct proxyipc_message *message);
void answer_end(__u64 serial, __u64 word, int result);

/* When it was answered, fair time; 0 if it wasn't. */
__u64 call_answered(__u64 serial);

#endif /* STRESS_CALL_H */
