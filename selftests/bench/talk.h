/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contenders of the round trip: 64 bytes to a server, 64 bytes back. Every
 * client puts a number into the first word, every server adds one to it, and every
 * client looks whether it did.
 */
#ifndef BENCH_TALK_H
#define BENCH_TALK_H

#include <stdint.h>
#include <string.h>

#include "bench.h"

#define WORDS	8

struct words {
	uint64_t words[WORDS];
};

/* Where servers and targets run; clients are on CPU 0. Set before the question is asked. */
extern int talk_server_cpu;
extern int talk_target_cpu;

static inline void talk_ask(struct words *words)
{
	words->words[0]++;
}

static inline void talk_answer(struct words *words)
{
	words->words[0]++;
}

/* Is @answer one more than what was asked? It becomes the next question. */
static inline void talk_check(struct words *words, const struct words *answer,
			      const char *name)
{
	if (answer->words[0] != words->words[0] + 1)
		bench_fail(0, "%s: a wrong answer", name);
	*words = *answer;
}

/* One client's operation or, of those with a batch, many. */
void floor_setup(struct contender *c);
void floor_call(struct contender *c);
void floor_inside_setup(struct contender *c);
void floor_inside_batch(struct contender *c, uint64_t *samples, int n);

void plain_setup(struct contender *c);
void plain_call(struct contender *c);

/*
 * A third process is the target: it is held when the server gets the call, and runs
 * when the client has its answer. It spins between begin and end, and is asleep
 * without them. The calls are plain_call()s.
 */
void proxied_setup(struct contender *c);
void by_hand_setup(struct contender *c);
void proxied_begin(struct contender *c);
void proxied_end(struct contender *c);

void pipe_setup(struct contender *c);
void stream_setup(struct contender *c);
void seqpacket_setup(struct contender *c);
void fd_call(struct contender *c);

void eventfd_setup(struct contender *c);
void eventfd_call(struct contender *c);

void futex_setup(struct contender *c);
void futex_call(struct contender *c);

void mqueue_setup(struct contender *c);
void mqueue_call(struct contender *c);

void sysv_setup(struct contender *c);
void sysv_call(struct contender *c);

void seccomp_setup(struct contender *c);
void seccomp_call(struct contender *c);

void dbus_setup(struct contender *c);
void dbus_call(struct contender *c);

#endif /* BENCH_TALK_H */
