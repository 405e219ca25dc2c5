// SPDX-License-Identifier: GPL-2.0
/* Round trips through shared memory: the 64 bytes are copied into it and out of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "talk.h"

struct board {
	struct words words;	/* the client's own */
	struct words question;
	struct words answer;
	int ask_fd, answer_fd;

	atomic_uint asked __attribute__((aligned(64)));
	atomic_uint answered __attribute__((aligned(64)));
};

/*
 * eventfd
 */

static void event_post(int fd)
{
	uint64_t one = 1;

	bench_must(write(fd, &one, sizeof(one)), "write to the eventfd");
}

static void event_wait(int fd)
{
	uint64_t count;

	bench_must(read(fd, &count, sizeof(count)), "read of the eventfd");
}

static void eventfd_serve(void *arg)
{
	struct board *board = arg;
	struct words words;

	for (;;) {
		event_wait(board->ask_fd);
		words = board->question;
		talk_answer(&words);
		board->answer = words;
		event_post(board->answer_fd);
	}
}

void eventfd_setup(struct contender *c)
{
	struct board *board = bench_shared(sizeof(*board));

	c->state = board;
	board->ask_fd = bench_must(eventfd(0, EFD_CLOEXEC), "eventfd");
	board->answer_fd = bench_must(eventfd(0, EFD_CLOEXEC), "eventfd");
	bench_partner(talk_server_cpu, eventfd_serve, board);
}

void eventfd_call(struct contender *c)
{
	struct board *board = c->state;
	struct words answer;

	talk_ask(&board->words);
	board->question = board->words;
	event_post(board->ask_fd);
	event_wait(board->answer_fd);
	answer = board->answer;
	talk_check(&board->words, &answer, c->name);
}

/*
 * futex
 */

static void futex_post(atomic_uint *word)
{
	atomic_store_explicit(word, 1, memory_order_release);
	bench_must(syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0), "futex wake");
}

static void futex_wait(atomic_uint *word)
{
	while (!atomic_load_explicit(word, memory_order_acquire))
		if (syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL, NULL, 0) && errno != EAGAIN)
			bench_fail(errno, "futex wait");
	atomic_store_explicit(word, 0, memory_order_relaxed);
}

static void futex_serve(void *arg)
{
	struct board *board = arg;
	struct words words;

	for (;;) {
		futex_wait(&board->asked);
		words = board->question;
		talk_answer(&words);
		board->answer = words;
		futex_post(&board->answered);
	}
}

void futex_setup(struct contender *c)
{
	c->state = bench_shared(sizeof(struct board));
	bench_partner(talk_server_cpu, futex_serve, c->state);
}

void futex_call(struct contender *c)
{
	struct board *board = c->state;
	struct words answer;

	talk_ask(&board->words);
	board->question = board->words;
	futex_post(&board->asked);
	futex_wait(&board->answered);
	answer = board->answer;
	talk_check(&board->words, &answer, c->name);
}
