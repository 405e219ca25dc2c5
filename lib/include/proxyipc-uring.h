/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef _PROXYIPC_URING_H
#define _PROXYIPC_URING_H

#include <liburing.h>
#include <proxyipc.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Commands through io_uring
 */

/**
 * proxyipc_prep() - prepare an entry of an io_uring for a command
 * @sqe: from io_uring_get_sqe()
 * @fd: the object; or its index, if it is registered and IOSQE_FIXED_FILE is set in the
 *	entry afterwards
 * @command: %PROXYIPC_IOC_ENDPOINT_RECV and the like
 * @params: the struct of that command; size must be set
 *
 * For a &struct proxyipc_<object>_<verb> that io_uring takes there is a function
 * proxyipc_prep_<object>_<verb>, which names the command and, if it is 0, sets
 * params->size. All of the entry is overwritten but its user_data, as by the functions
 * of liburing. None of them waits.
 *
 * The result of the completion is 0 or a negative error number, that of the function
 * proxyipc_<object>_<verb>_params; what the command has to say is in the struct. Until
 * then the struct and what it names must stay where they are, and be left alone.
 * An answer by %PROXYIPC_IOC_ENDPOINT_REPLY_RECV goes out when the entry is submitted;
 * its completion says that the next message is there.
 *
 * What else is to be known of commands through io_uring is in proxyipc(4). All of this
 * is inline: libproxyipc needs no liburing.
 */
static inline void proxyipc_prep(struct io_uring_sqe *sqe, int fd, __u32 command,
				 void *params)
{
	__u64 user_data = sqe->user_data;
	struct proxyipc_uring uring;

	memset(&uring, 0, sizeof(uring));
	uring.argument = proxyipc_address(params);
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = command;
	sqe->user_data = user_data;
	/* sqe->cmd is here, but an array without elements. */
	memcpy(&sqe->addr3, &uring.argument, sizeof(uring.argument));
}

/* The size that a struct has if nobody said another. */
#define PROXYIPC_PREP(object, OBJECT, VERB)				\
	do {									\
		if (!params->size)						\
			params->size = sizeof(*params);				\
		proxyipc_prep(sqe, object, PROXYIPC_IOC_##OBJECT##_##VERB, params); \
	} while (0)

/**
 * proxyipc_prep_endpoint_recv() - receive a message
 * @sqe: from io_uring_get_sqe()
 * @endpoint: where
 * @params: see &struct proxyipc_endpoint_recv
 */
static inline void
proxyipc_prep_endpoint_recv(struct io_uring_sqe *sqe, int endpoint,
			    struct proxyipc_endpoint_recv *params)
{
	PROXYIPC_PREP(endpoint, ENDPOINT, RECV);
}

/**
 * proxyipc_prep_endpoint_reply() - answer a call
 * @sqe: from io_uring_get_sqe()
 * @endpoint: where it was received
 * @params: see &struct proxyipc_endpoint_reply
 */
static inline void
proxyipc_prep_endpoint_reply(struct io_uring_sqe *sqe, int endpoint,
			     struct proxyipc_endpoint_reply *params)
{
	PROXYIPC_PREP(endpoint, ENDPOINT, REPLY);
}

/**
 * proxyipc_prep_endpoint_reply_recv() - answer a call, or resume, and receive
 * @sqe: from io_uring_get_sqe()
 * @endpoint: where
 * @params: see &struct proxyipc_endpoint_reply_recv
 *
 * The answer goes out when the entry is submitted; the completion says that the next
 * message is there.
 */
static inline void
proxyipc_prep_endpoint_reply_recv(struct io_uring_sqe *sqe, int endpoint,
				  struct proxyipc_endpoint_reply_recv *params)
{
	PROXYIPC_PREP(endpoint, ENDPOINT, REPLY_RECV);
}

/**
 * proxyipc_prep_endpoint_resume() - end the hold of a proxied message
 * @sqe: from io_uring_get_sqe()
 * @endpoint: where it was received
 * @params: see &struct proxyipc_endpoint_resume
 */
static inline void
proxyipc_prep_endpoint_resume(struct io_uring_sqe *sqe, int endpoint,
			      struct proxyipc_endpoint_resume *params)
{
	PROXYIPC_PREP(endpoint, ENDPOINT, RESUME);
}

/**
 * proxyipc_prep_endpoint_drop() - give up what a cap names
 * @sqe: from io_uring_get_sqe()
 * @endpoint: where it was received
 * @params: see &struct proxyipc_endpoint_drop
 */
static inline void
proxyipc_prep_endpoint_drop(struct io_uring_sqe *sqe, int endpoint,
			    struct proxyipc_endpoint_drop *params)
{
	PROXYIPC_PREP(endpoint, ENDPOINT, DROP);
}

/**
 * proxyipc_prep_entry_call() - call, and get the reply
 * @sqe: from io_uring_get_sqe()
 * @entry: what to call
 * @params: see &struct proxyipc_entry_call
 */
static inline void
proxyipc_prep_entry_call(struct io_uring_sqe *sqe, int entry,
			 struct proxyipc_entry_call *params)
{
	PROXYIPC_PREP(entry, ENTRY, CALL);
}

/**
 * proxyipc_prep_entry_send() - send
 * @sqe: from io_uring_get_sqe()
 * @entry: to what
 * @params: see &struct proxyipc_entry_send
 */
static inline void
proxyipc_prep_entry_send(struct io_uring_sqe *sqe, int entry,
			 struct proxyipc_entry_send *params)
{
	PROXYIPC_PREP(entry, ENTRY, SEND);
}

/**
 * proxyipc_prep_entry_notify() - post notices
 * @sqe: from io_uring_get_sqe()
 * @entry: to what
 * @params: see &struct proxyipc_entry_notify
 */
static inline void
proxyipc_prep_entry_notify(struct io_uring_sqe *sqe, int entry,
			   struct proxyipc_entry_notify *params)
{
	PROXYIPC_PREP(entry, ENTRY, NOTIFY);
}

/**
 * proxyipc_prep_process_hold() - hold a target by hand
 * @sqe: from io_uring_get_sqe()
 * @process: the process object of the target
 * @params: see &struct proxyipc_process_hold
 */
static inline void
proxyipc_prep_process_hold(struct io_uring_sqe *sqe, int process,
			   struct proxyipc_process_hold *params)
{
	PROXYIPC_PREP(process, PROCESS, HOLD);
}

/**
 * proxyipc_prep_process_resume() - end a hold
 * @sqe: from io_uring_get_sqe()
 * @process: the process object of the target
 * @params: see &struct proxyipc_process_resume
 */
static inline void
proxyipc_prep_process_resume(struct io_uring_sqe *sqe, int process,
			     struct proxyipc_process_resume *params)
{
	PROXYIPC_PREP(process, PROCESS, RESUME);
}

/**
 * proxyipc_prep_process_reply() - answer the call in the reply slot
 * @sqe: from io_uring_get_sqe()
 * @process: the process object of the target
 * @params: see &struct proxyipc_process_reply
 */
static inline void
proxyipc_prep_process_reply(struct io_uring_sqe *sqe, int process,
			    struct proxyipc_process_reply *params)
{
	PROXYIPC_PREP(process, PROCESS, REPLY);
}

/**
 * proxyipc_prep_process_keepalive() - keep alive on behalf of a target
 * @sqe: from io_uring_get_sqe()
 * @process: the process object of the target
 * @params: see &struct proxyipc_process_keepalive
 */
static inline void
proxyipc_prep_process_keepalive(struct io_uring_sqe *sqe, int process,
				struct proxyipc_process_keepalive *params)
{
	PROXYIPC_PREP(process, PROCESS, KEEPALIVE);
}

/**
 * proxyipc_prep_reply_send() - answer a call by its reply object
 * @sqe: from io_uring_get_sqe()
 * @reply: the reply object
 * @params: see &struct proxyipc_reply_send
 */
static inline void
proxyipc_prep_reply_send(struct io_uring_sqe *sqe, int reply,
			 struct proxyipc_reply_send *params)
{
	PROXYIPC_PREP(reply, REPLY, SEND);
}

#undef PROXYIPC_PREP

#ifdef __cplusplus
}
#endif

#endif /* _PROXYIPC_URING_H */
