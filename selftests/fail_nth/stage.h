/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where the sweep plays: one of every kind of object, fresh for each failure,
 * with a target asleep in a system call, and a peer. The tested side is the
 * calling thread, the only one for which anything fails.
 */
#ifndef PROXYIPC_FAIL_STAGE_H
#define PROXYIPC_FAIL_STAGE_H

#include <linux/proxyipc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "target.h"

/*
 * Bytes of a message with data: more than a slab object holds, so that pages are
 * taken, and few enough to be copied often.
 */
#define DATA_LEN	10000U

#define ENTRY_PAYLOAD	0x1111ULL
#define PROXY_PAYLOAD	0x2222ULL

/* What the messages say. */
#define ASK		40ULL
#define ANSWER		42ULL

/* Another thread, that answers calls until something else comes. */
struct server {
	pthread_t thread;
	bool runs;
	int endpoint;
	atomic_int calls;	/* received */
	atomic_int replies;	/* sent, with success */
	unsigned char data[DATA_LEN];
};

struct stage {
	int device;
	int endpoint;
	int entry;
	struct target t;	/* asleep in read() */
	int proxy;
	int reply;		/* -1 if there is none */
	int made;		/* by the command: -1 if it made none */
	struct helper caller;	/* never opened by anybody */
	int caller_entry;	/* the caller's numbers */
	int caller_proxy;
	struct proxyipc_received got;	/* what was received before */
	__u64 token;			/* of a hold by hand */
	struct server server;
	int file;		/* another one that the case needs */
	unsigned int progress;	/* of a case that goes in steps */

	/* The command's argument; what a failure leaves in it counts. */
	union {
		struct proxyipc_device_info device_info;
		struct proxyipc_endpoint_create create;
		struct proxyipc_process_open open;
		struct proxyipc_endpoint_mint mint;
		struct proxyipc_endpoint_recv recv;
		struct proxyipc_endpoint_reply reply;
		struct proxyipc_endpoint_reply_recv reply_recv;
		struct proxyipc_endpoint_resume resume;
		struct proxyipc_endpoint_fetch fetch;
		struct proxyipc_endpoint_drop drop;
		struct proxyipc_entry_call call;
		struct proxyipc_entry_send send;
		struct proxyipc_entry_notify notify;
		struct proxyipc_process_mint process_mint;
		struct proxyipc_process_set_receiver set_receiver;
		struct proxyipc_process_set_policy set_policy;
		struct proxyipc_process_hold hold;
		struct proxyipc_process_resume process_resume;
		struct proxyipc_process_reply process_reply;
		struct proxyipc_process_fetch_reply fetch_reply;
		struct proxyipc_process_set_faults set_faults;
		struct proxyipc_process_info info;
		struct proxyipc_process_yield yield;
		struct proxyipc_process_set_watchdog set_watchdog;
		struct proxyipc_process_keepalive keepalive;
		struct proxyipc_process_get_regs get_regs;
		struct proxyipc_reply_send reply_send;
	} arg;
	unsigned char out[DATA_LEN];	/* bytes of a message to send */
	unsigned char in[DATA_LEN];	/* room for those of one received */
};

/*
 * stage_open() makes the objects, 0 or -errno; the receiver slot is empty. To fork
 * takes longer than all else: the target and the caller of a stage that was
 * closed play on the next one too, if they are well. stage_end() ends them.
 */
int stage_open(struct stage *s);
void stage_close(struct stage *s);
void stage_end(struct stage *s);

/* What can be seen of it all from outside. */
struct view {
	int fds;
	int next_fd;		/* one that is reserved isn't free either */
	char endpoint[256];	/* fdinfo */
	struct proxyipc_process_info info;
	bool caller_waits;
};

void stage_look(struct stage *s, struct view *view);

/* How many descriptors there are, and the number that the next one gets. */
void stage_look_at_fds(struct stage *s, struct view *view);

/* NULL, or what is different. */
const char *stage_differs(const struct view *before, const struct view *after);

/* The receiver slot names the endpoint. */
int stage_set_receiver(struct stage *s);

/* The caller waits in a CALL with data, through @nr; and it was received too. */
int stage_call(struct stage *s, int nr);
int stage_call_received(struct stage *s, int nr);

/*
 * The caller has got its one result: the answer with data that good_answer()
 * fills in; without data; or @error.
 */
bool caller_got_answer(struct stage *s, bool data);
bool caller_got_error(struct stage *s, int error);

/* A message of ANSWER, with or without data. */
void good_answer(struct stage *s, struct proxyipc_message *message, bool data);

/* Is it what stage_call() sends? */
bool is_call(struct stage *s, const struct proxyipc_received *received);

/* Is nothing left to receive? */
bool is_empty(struct stage *s);

/* The target runs, and no episode is left. */
bool target_runs(struct stage *s);

/* The target stands still, held @holds times. */
bool target_is_held(struct stage *s, int holds);

/* Starts the server; it stops at stage_close() or before. */
int server_start(struct stage *s);
void server_stop(struct stage *s);

#endif /* PROXYIPC_FAIL_STAGE_H */
