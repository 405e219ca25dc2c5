// SPDX-License-Identifier: GPL-2.0
/*
 * The same through a ring: RECV and CALL, which may wait there without a task. What
 * fails may be io_uring's own; then the entry stays in the ring, and is submitted once
 * more.
 */
#define _GNU_SOURCE
#include "cases.h"

#include <errno.h>
#include <liburing.h>
#include <proxyipc-uring.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "objects.h"
#include "proc.h"

static struct io_uring ring;
static bool ring_is_open;

/* A fresh one for each failure. */
static int ring_new(void)
{
	int ret;

	if (ring_is_open)
		io_uring_queue_exit(&ring);
	ret = io_uring_queue_init(4, &ring, 0);
	ring_is_open = !ret;
	return ret;
}

/* The result of the one command in the ring. */
static int ring_result(void)
{
	struct io_uring_cqe *cqe;
	int ret;

	do {
		ret = io_uring_submit_and_wait(&ring, 1);
		/* Not submitted, and nothing is under way. */
		if (ret < 0 && io_uring_sq_ready(&ring))
			return ret;
		/* Submitted, but it could not wait: again. */
	} while (io_uring_peek_cqe(&ring, &cqe));
	ret = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return ret;
}

static int ring_run(int fd, unsigned int cmd, void *arg)
{
	if (!io_uring_sq_ready(&ring))
		proxyipc_prep(io_uring_get_sqe(&ring), fd, cmd, arg);
	return ring_result();
}

/*
 * RECV of what is there
 */

static int prepare_recv_call(struct stage *s)
{
	return ring_new() ?: case_recv_call.prepare(s);
}

static int run_recv(struct stage *s)
{
	return ring_run(s->endpoint, PROXYIPC_IOC_ENDPOINT_RECV, &s->arg);
}

static const char *done_recv_call(struct stage *s)
{
	return case_recv_call.done(s);
}

const struct sweep_case case_uring_recv_call = {
	.name = "uring_recv_call",
	.prepare = prepare_recv_call,
	.run = run_recv,
	.done = done_recv_call,
	.errors = { -EAGAIN },
};

/*
 * RECV that waits: another thread sends once it sees this one asleep, or is told that
 * it has failed.
 */

static atomic_int begun, failed_early;
static pthread_t late_sender;
static pid_t receiver_tid;

static void *send_late(void *arg)
{
	struct stage *s = arg;

	eventually(begun);
	eventually(failed_early ||
		   proc_asleep_in_syscall(receiver_tid, SYS_io_uring_enter));
	entry_send(s->entry, 7);
	return NULL;
}

static int prepare_recv_waits(struct stage *s)
{
	s->arg.recv.size = sizeof(s->arg.recv);
	s->arg.recv.deadline = deadline_ms(2 * PATIENCE_MS);
	begun = 0;
	failed_early = 0;
	receiver_tid = gettid();
	return ring_new() ?: -pthread_create(&late_sender, NULL, send_late, s);
}

static int run_recv_waits(struct stage *s)
{
	begun = 1;
	return run_recv(s);
}

static const char *undone_recv_waits(struct stage *s, int error)
{
	failed_early = 1;
	pthread_join(late_sender, NULL);
	return readable(s->endpoint) ? NULL : "the message is lost";
}

static const char *done_recv_waits(struct stage *s)
{
	if (!failed_early)
		pthread_join(late_sender, NULL);
	if (s->arg.recv.received.out_words[0] != 7)
		return "another message";
	return is_empty(s) ? NULL : "it was received twice";
}

const struct sweep_case case_uring_recv_waits = {
	.name = "uring_recv_waits",
	.prepare = prepare_recv_waits,
	.run = run_recv_waits,
	.undone = undone_recv_waits,
	.done = done_recv_waits,
	.errors = { -EAGAIN },
};

/*
 * CALL
 */

static int prepare_call(struct stage *s)
{
	return ring_new() ?: case_call_data.prepare(s);
}

static int run_call(struct stage *s)
{
	return ring_run(s->entry, PROXYIPC_IOC_ENTRY_CALL, &s->arg);
}

static const char *undone_call(struct stage *s, int error)
{
	return case_call_data.undone(s, error);
}

static const char *done_call(struct stage *s)
{
	return case_call_data.done(s);
}

const struct sweep_case case_uring_call_data = {
	.name = "uring_call_data",
	.prepare = prepare_call,
	.run = run_call,
	.undone = undone_call,
	.done = done_call,
	.errors = { -EAGAIN },
};

/*
 * HOLD
 */

static int prepare_hold(struct stage *s)
{
	return ring_new() ?: case_hold.prepare(s);
}

static int run_hold(struct stage *s)
{
	return ring_run(s->t.process, PROXYIPC_IOC_PROCESS_HOLD, &s->arg);
}

static const char *done_hold(struct stage *s)
{
	return case_hold.done(s);
}

const struct sweep_case case_uring_hold = {
	.name = "uring_hold",
	.prepare = prepare_hold,
	.run = run_hold,
	.done = done_hold,
	.errors = { -EAGAIN },
};
