/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Short ways to make objects and to issue commands, on the ABI itself: the
 * library has tests of its own. Every function returns >= 0 or -errno.
 *
 * Structs passed in have size set if it is 0. Before each command all out_
 * fields are filled with POISON, so that a field which the kernel forgets to
 * write is seen.
 */
#ifndef PROXYIPC_OBJECTS_H
#define PROXYIPC_OBJECTS_H

#include <linux/proxyipc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define POISON		0xcc
#define POISON32	0xccccccccU
#define POISON64	0xccccccccccccccccULL

#define RIGHTS_ALL	(PROXYIPC_RIGHT_CALL | PROXYIPC_RIGHT_SEND | \
			 PROXYIPC_RIGHT_NOTIFY)
#define NOTICES_ALL	(~0ULL)

/* The address of a buffer as messages carry it, the same for 32 and 64 bit. */
static inline __u64 address(const void *p)
{
	return (uintptr_t)p;
}

/* ioctl(), with -errno. */
int command(int fd, unsigned int cmd, void *arg);

/* Closes *@fd if it is one, and makes it -1. */
void close_fd(int *fd);

/* Is [@p, @p + @len) all @byte? */
bool all_bytes(const void *p, unsigned char byte, size_t len);

/* A page at which nothing is mapped, and nothing after it. */
void *unmapped_page(void);

/*
 * Device and endpoints
 */
int device_open(void);
int endpoint_new(void);
int endpoint_new_limit(__u32 queue_limit);
int entry_new(int endpoint, __u64 payload, __u32 rights, __u64 notice_mask);

/*
 * endpoint_recv() waits at most PATIENCE_MS (-ETIMEDOUT). endpoint_recv_now()
 * doesn't wait (-EAGAIN). Both take and give all of @recv; data and data_size
 * are the caller's.
 */
int endpoint_recv(int endpoint, struct proxyipc_endpoint_recv *recv);
int endpoint_recv_now(int endpoint, struct proxyipc_endpoint_recv *recv);

/* Fills the out_ fields with POISON and sets size. */
void poison_recv(struct proxyipc_endpoint_recv *recv);
void poison_received(struct proxyipc_received *received);

/*
 * RECV with an argument that can be read but not written: what was taken can't
 * be copied out. With -EFAULT it must still be there.
 */
int endpoint_recv_readonly(int endpoint);

int endpoint_reply(int endpoint, __u64 cap, __u64 word);
int endpoint_resume(int endpoint, __u64 cap);
int endpoint_resume_flags(int endpoint, __u64 cap, __u32 flags);
int endpoint_resume_reply(int endpoint, __u64 cap, __u64 word);
int endpoint_fetch(int endpoint, __u64 cap);
int endpoint_drop(int endpoint, __u64 cap);

/* Has it something to receive? (poll with no timeout) */
bool readable(int fd);

/* What poll() says at once, of all events. */
int poll_events(int fd);

/*
 * Entries
 */
int entry_send(int entry, __u64 word);
int entry_send_now(int entry, __u64 word);	/* PROXYIPC_NONBLOCK */
int entry_notify(int entry, __u64 notices);	/* >= 0: out_state */
int entry_call_until(int entry, __u64 word, __u64 deadline);

/*
 * Processes
 */
int process_open(pid_t tgid, pid_t tid, __u64 lease);
int process_open_group(pid_t tgid, __u64 lease);
int process_open_deferring(pid_t tgid, __u64 lease, __u64 defer_max);
int process_mint(int process, __u64 payload, __u32 rights, __u64 notice_mask);
int process_set_receiver(int process, int entry);
int process_set_policy(int process, int guardian, __u32 receiver_death,
		       __u32 lease_end);
int process_hold(int process, __u64 *token);	/* >= 0: out_state */
int process_hold_for(int process, __u64 lease, __u64 *token);
int process_resume(int process, __u64 token);
int process_reply(int process, __u64 token, __u64 word);
int process_set_faults(int process, __u64 signals);
int process_fetch_reply(int process, __u64 token);
int process_info(int process, struct proxyipc_process_info *info);
int process_set_watchdog(int process, __u64 timeout, __u64 pretimeout);
int process_keepalive(int process);

/* size and token are filled in, and the out_ fields with POISON. */
int process_get_regs(int process, __u64 token, struct proxyipc_process_get_regs *get);

/* One field of PROCESS_INFO. */
int process_state(int process);
int process_episode(int process);
int process_waiting(int process);
int process_holds(int process);
__u64 process_expiries(int process);

/* Polls PROCESS_INFO until out_state is @state, at most PATIENCE_MS. */
bool wait_for_state(int process, enum proxyipc_state state);
bool wait_for_episode(int process, enum proxyipc_episode episode);

/* Held: armed or parked, whichever. */
static inline bool held_state(int state)
{
	return state == PROXYIPC_STATE_ARMED || state == PROXYIPC_STATE_PARKED;
}

int reply_send(int reply, __u64 word);

#endif /* PROXYIPC_OBJECTS_H */
