// SPDX-License-Identifier: GPL-2.0
/*
 * Many calls in flight: a client and a server with a ring each, against as many client
 * threads that call by ioctl(2) and a server that does what servers do without a ring:
 * epoll_wait(2), then receive and answer until there is nothing left.
 */
#define _GNU_SOURCE
#include <liburing.h>
#include <proxyipc-uring.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "bench.h"
#include "ours.h"

#define CALLS		256	/* an operation, so that all threads get to call */
#define IN_FLIGHT_MAX	64

static const int in_flight[] = { 1, 4, 16, IN_FLIGHT_MAX };

struct party {
	int flight;
	int server_cpu;
	int endpoint, entry;

	/* of rings */
	struct io_uring ring;
	struct proxyipc_entry_call calls[IN_FLIGHT_MAX];

	/* of threads */
	pthread_barrier_t begin, end;
};

static struct party *party_new(struct contender *c)
{
	struct party *p = calloc(1, sizeof(*p));

	if (!p)
		bench_fail(0, "no memory");
	p->flight = *(const int *)c->with;
	p->server_cpu = !bench_exact();
	p->endpoint = ours_endpoint();
	p->entry = ours_entry(p->endpoint, PROXYIPC_RIGHT_CALL);
	c->state = p;
	return p;
}

static void ring_new(struct io_uring *ring, int flight)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};

	bench_must(io_uring_queue_init_params(flight, ring, &params), "ring");
}

/*
 * Rings
 */

static void ring_server(void *arg)
{
	static struct proxyipc_endpoint_reply_recv slots[IN_FLIGHT_MAX];
	struct proxyipc_endpoint_reply_recv *slot;
	struct party *p = arg;
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	unsigned int head, seen;
	int i;

	ring_new(&ring, p->flight);
	for (i = 0; i < p->flight; i++) {
		sqe = io_uring_get_sqe(&ring);
		proxyipc_prep_endpoint_reply_recv(sqe, p->endpoint, &slots[i]);
		io_uring_sqe_set_data(sqe, &slots[i]);
	}
	for (;;) {
		bench_must(io_uring_submit_and_wait(&ring, 1), "submit");
		seen = 0;
		io_uring_for_each_cqe(&ring, head, cqe) {
			bench_must(cqe->res, "REPLY_RECV");
			slot = io_uring_cqe_get_data(cqe);
			slot->cap = slot->received.out_cap;
			slot->message.words[0] = slot->received.out_words[0] + 1;
			sqe = io_uring_get_sqe(&ring);
			proxyipc_prep_endpoint_reply_recv(sqe, p->endpoint, slot);
			io_uring_sqe_set_data(sqe, slot);
			seen++;
		}
		io_uring_cq_advance(&ring, seen);
	}
}

static void ring_setup(struct contender *c)
{
	struct party *p = party_new(c);

	bench_partner(p->server_cpu, ring_server, p);
	ring_new(&p->ring, p->flight);
}

static void ring_call(struct party *p, int slot)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&p->ring);

	proxyipc_prep_entry_call(sqe, p->entry, &p->calls[slot]);
	sqe->user_data = slot;
}

static void ring_timed(struct contender *c)
{
	struct party *p = c->state;
	int sent, answered = 0;
	struct io_uring_cqe *cqe;
	unsigned int head, seen;

	for (sent = 0; sent < p->flight; sent++)
		ring_call(p, sent);
	while (answered < CALLS) {
		bench_must(io_uring_submit_and_wait(&p->ring, 1), "submit");
		seen = 0;
		io_uring_for_each_cqe(&p->ring, head, cqe) {
			bench_must(cqe->res, "CALL");
			if (sent < CALLS) {
				ring_call(p, cqe->user_data);
				sent++;
			}
			seen++;
		}
		io_uring_cq_advance(&p->ring, seen);
		answered += seen;
	}
}

/*
 * Threads, and epoll
 */

static void epoll_server(void *arg)
{
	struct proxyipc_endpoint_recv recv = { .flags = PROXYIPC_NONBLOCK };
	struct proxyipc_endpoint_reply reply = { .size = sizeof(reply) };
	struct epoll_event event = { .events = EPOLLIN };
	struct party *p = arg;
	int epoll = bench_must(epoll_create1(0), "epoll");
	int ret;

	bench_must(epoll_ctl(epoll, EPOLL_CTL_ADD, p->endpoint, &event), "epoll_ctl");
	for (;;) {
		bench_must(epoll_wait(epoll, &event, 1, -1), "epoll_wait");
		for (;;) {
			ret = proxyipc_endpoint_recv_params(p->endpoint, &recv);
			if (ret == -EAGAIN)
				break;
			bench_must(ret, "RECV");
			reply.cap = recv.received.out_cap;
			reply.message.words[0] = recv.received.out_words[0] + 1;
			bench_must(proxyipc_endpoint_reply_params(p->endpoint, &reply),
				   "REPLY");
		}
	}
}

static void *caller(void *arg)
{
	struct proxyipc_entry_call call = { .size = sizeof(call) };
	struct party *p = arg;

	for (;;) {
		pthread_barrier_wait(&p->begin);
		for (int i = 0; i < CALLS / p->flight; i++)
			bench_must(proxyipc_entry_call_params(p->entry, &call), "CALL");
		pthread_barrier_wait(&p->end);
	}
	return NULL;
}

static void epoll_setup(struct contender *c)
{
	struct party *p = party_new(c);
	pthread_t thread;

	bench_partner(p->server_cpu, epoll_server, p);
	pthread_barrier_init(&p->begin, NULL, p->flight + 1);
	pthread_barrier_init(&p->end, NULL, p->flight + 1);
	for (int i = 0; i < p->flight; i++)
		if (pthread_create(&thread, NULL, caller, p))
			bench_fail(0, "no thread");
}

static void epoll_timed(struct contender *c)
{
	struct party *p = c->state;

	pthread_barrier_wait(&p->begin);
	pthread_barrier_wait(&p->end);
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	for (int i = 0; i < COUNT(in_flight); i++) {
		struct contender contenders[] = {
			{ .name = "proxyipc, io_uring", .setup = ring_setup,
			  .timed = ring_timed, .per = CALLS, .with = &in_flight[i] },
			{ .name = "proxyipc, epoll and ioctl", .setup = epoll_setup,
			  .timed = epoll_timed, .per = CALLS, .with = &in_flight[i] },
		};
		char setting[32];

		snprintf(setting, sizeof(setting), "%d in flight", in_flight[i]);
		bench_ask(&(struct question){
			.name = "calls in flight",
			.setting = setting,
			.contenders = contenders,
			.count = COUNT(contenders),
			.rounds = 10,
			.batch = 4,
		});
	}
	return 0;
}
