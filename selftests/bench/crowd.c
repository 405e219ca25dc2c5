// SPDX-License-Identifier: GPL-2.0
/*
 * What does a call cost when several clients call one endpoint that several servers
 * receive from? All clients begin at once, each makes so many calls; what a sample
 * has is the time until the last has its last answer, divided by the calls of all.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "ours.h"

#define CALLS	50	/* of each client */

struct size {
	int clients, servers;
};

struct meeting {
	atomic_uint round;
	atomic_uint missing;	/* clients that haven't got all answers */
	int endpoint, entry;
};

static void futex(atomic_uint *word, int operation, unsigned int value)
{
	syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

static void serve(void *arg)
{
	struct proxyipc_endpoint_reply_recv turn = { };
	struct meeting *m = arg;

	for (;;) {
		bench_must(proxyipc_endpoint_reply_recv_params(m->endpoint, &turn), "REPLY_RECV");
		memcpy(turn.message.words, turn.received.out_words, sizeof(turn.message.words));
		turn.cap = turn.received.out_cap;
	}
}

static void client(void *arg)
{
	struct proxyipc_entry_call call = { };
	struct meeting *m = arg;
	unsigned int round;

	for (round = 0;; round++) {
		while (atomic_load(&m->round) == round)
			futex(&m->round, FUTEX_WAIT, round);
		for (int i = 0; i < CALLS; i++)
			bench_must(proxyipc_entry_call_params(m->entry, &call), "CALL");
		if (atomic_fetch_sub(&m->missing, 1) == 1)
			futex(&m->missing, FUTEX_WAKE, 1);
	}
}

/* Half of each on either CPU, if there are two. */
static int cpu_of(int i)
{
	return bench_exact() ? 0 : i % 2;
}

static void setup(struct contender *c)
{
	struct meeting *m = bench_shared(sizeof(*m));
	const struct size *size = c->with;

	c->state = m;
	m->endpoint = ours_endpoint();
	m->entry = ours_entry(m->endpoint, PROXYIPC_RIGHT_CALL);
	for (int i = 0; i < size->servers; i++)
		bench_partner(cpu_of(i + 1), serve, m);
	for (int i = 0; i < size->clients; i++)
		bench_partner(cpu_of(i), client, m);
}

static void timed(struct contender *c)
{
	const struct size *size = c->with;
	struct meeting *m = c->state;
	unsigned int missing;

	atomic_store(&m->missing, size->clients);
	atomic_fetch_add(&m->round, 1);
	futex(&m->round, FUTEX_WAKE, INT_MAX);
	while ((missing = atomic_load(&m->missing)))
		futex(&m->missing, FUTEX_WAIT, missing);
}

int main(int argc, char **argv)
{
	static const int counts[] = { 1, 2, 4, 8 };
	struct contender contenders[16];
	struct size sizes[16];
	char names[16][32];
	int n = 0;

	bench_start(argc, argv);
	for (int i = 0; i < 4; i++) {
		for (int j = 0; j < 4; j++, n++) {
			sizes[n] = (struct size){ counts[i], counts[j] };
			snprintf(names[n], sizeof(names[n]), "%d clients, %d servers", counts[i],
				 counts[j]);
			contenders[n] = (struct contender){
				.name = names[n], .setup = setup, .timed = timed,
				.per = counts[i] * CALLS, .with = &sizes[n],
			};
		}
	}
	bench_ask(&(struct question){
		.name = "throughput: a call",
		.setting = bench_exact() ? "one CPU" : "two CPUs",
		.contenders = contenders,
		.count = n,
		.rounds = 10,
		.batch = 3,
	});
	return 0;
}
