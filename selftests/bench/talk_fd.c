// SPDX-License-Identifier: GPL-2.0
/* Round trips by what is written to and read from: pipes and sockets. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "talk.h"

struct link {
	struct words words;
	int in, out;		/* the client's */
	int server_in, server_out;
};

static void send_words(int fd, const struct words *words)
{
	if (write(fd, words, sizeof(*words)) != sizeof(*words))
		bench_fail(0, "write: not all at once");
}

static void recv_words(int fd, struct words *words)
{
	if (read(fd, words, sizeof(*words)) != sizeof(*words))
		bench_fail(0, "read: not all at once");
}

static void serve(void *arg)
{
	struct link *link = arg;
	struct words words;

	for (;;) {
		recv_words(link->server_in, &words);
		talk_answer(&words);
		send_words(link->server_out, &words);
	}
}

static struct link *link_new(struct contender *c)
{
	c->state = calloc(1, sizeof(struct link));
	return c->state;
}

void pipe_setup(struct contender *c)
{
	struct link *link = link_new(c);
	int there[2], back[2];

	bench_must(pipe2(there, O_CLOEXEC), "pipe");
	bench_must(pipe2(back, O_CLOEXEC), "pipe");
	link->out = there[1];
	link->server_in = there[0];
	link->server_out = back[1];
	link->in = back[0];
	bench_partner(talk_server_cpu, serve, link);
}

static void socket_setup(struct contender *c, int type)
{
	struct link *link = link_new(c);
	int pair[2];

	bench_must(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair), "socketpair");
	link->in = pair[0];
	link->out = pair[0];
	link->server_in = pair[1];
	link->server_out = pair[1];
	bench_partner(talk_server_cpu, serve, link);
}

void stream_setup(struct contender *c)
{
	socket_setup(c, SOCK_STREAM);
}

void seqpacket_setup(struct contender *c)
{
	socket_setup(c, SOCK_SEQPACKET);
}

void fd_call(struct contender *c)
{
	struct link *link = c->state;
	struct words answer;

	talk_ask(&link->words);
	send_words(link->out, &link->words);
	recv_words(link->in, &answer);
	talk_check(&link->words, &answer, c->name);
}
