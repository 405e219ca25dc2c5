// SPDX-License-Identifier: GPL-2.0
/* Round trips by message queues: POSIX's and System V's, one each way. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>

#include "talk.h"

struct queues {
	struct words words;
	int ask, answer;
};

static struct queues *queues_new(struct contender *c)
{
	c->state = calloc(1, sizeof(struct queues));
	return c->state;
}

/*
 * POSIX
 */

static mqd_t queue_open(const char *which)
{
	struct mq_attr attr = { .mq_maxmsg = 4, .mq_msgsize = sizeof(struct words) };
	char name[64];
	mqd_t queue;

	snprintf(name, sizeof(name), "/bench-%d-%s", getpid(), which);
	queue = bench_must(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &attr), "mq_open");
	bench_must(mq_unlink(name), "mq_unlink");
	return queue;
}

static void queue_send(mqd_t queue, const struct words *words)
{
	bench_must(mq_send(queue, (const char *)words, sizeof(*words), 0), "mq_send");
}

static void queue_recv(mqd_t queue, struct words *words)
{
	bench_must(mq_receive(queue, (char *)words, sizeof(*words), NULL), "mq_receive");
}

static void mqueue_serve(void *arg)
{
	struct queues *queues = arg;
	struct words words;

	for (;;) {
		queue_recv(queues->ask, &words);
		talk_answer(&words);
		queue_send(queues->answer, &words);
	}
}

void mqueue_setup(struct contender *c)
{
	struct queues *queues = queues_new(c);

	queues->ask = queue_open("ask");
	queues->answer = queue_open("answer");
	bench_partner(talk_server_cpu, mqueue_serve, queues);
}

void mqueue_call(struct contender *c)
{
	struct queues *queues = c->state;
	struct words answer;

	talk_ask(&queues->words);
	queue_send(queues->ask, &queues->words);
	queue_recv(queues->answer, &answer);
	talk_check(&queues->words, &answer, c->name);
}

/*
 * System V
 */

struct sysv_message {
	long type;
	struct words words;
};

static void sysv_send(int queue, const struct words *words)
{
	struct sysv_message message = { .type = 1, .words = *words };

	bench_must(msgsnd(queue, &message, sizeof(message.words), 0), "msgsnd");
}

static void sysv_recv(int queue, struct words *words)
{
	struct sysv_message message;

	bench_must(msgrcv(queue, &message, sizeof(message.words), 1, 0), "msgrcv");
	*words = message.words;
}

static void sysv_serve(void *arg)
{
	struct queues *queues = arg;
	struct words words;

	for (;;) {
		sysv_recv(queues->ask, &words);
		talk_answer(&words);
		sysv_send(queues->answer, &words);
	}
}

/* They outlive who made them: in the guest that is no matter. */
void sysv_setup(struct contender *c)
{
	struct queues *queues = queues_new(c);

	queues->ask = bench_must(msgget(IPC_PRIVATE, 0600), "msgget");
	queues->answer = bench_must(msgget(IPC_PRIVATE, 0600), "msgget");
	bench_partner(talk_server_cpu, sysv_serve, queues);
}

void sysv_call(struct contender *c)
{
	struct queues *queues = c->state;
	struct words answer;

	talk_ask(&queues->words);
	sysv_send(queues->ask, &queues->words);
	sysv_recv(queues->answer, &answer);
	talk_check(&queues->words, &answer, c->name);
}
