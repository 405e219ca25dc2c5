// SPDX-License-Identifier: GPL-2.0
/*
 * What does a message cost that nobody answers: 64 bytes, from one sender to one
 * receiver? A sample has the time of a burst, until the receiver has seen the last of
 * it and said so, divided by the messages. And a notice, to somebody who is busy?
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "ours.h"

#define BURST	200

static int receiver_cpu;

struct stream {
	int in, out;		/* receiver's, sender's */
	int done;		/* eventfd: the burst is over */
};

static struct stream *stream_new(struct contender *c)
{
	struct stream *s = calloc(1, sizeof(*s));

	c->state = s;
	s->done = bench_must(eventfd(0, EFD_CLOEXEC), "eventfd");
	return s;
}

/* Every burst is numbered from 1: its last message is known by that. */
static void say_if_last(struct stream *s, uint64_t number)
{
	uint64_t one = 1;

	if (number == BURST)
		bench_must(write(s->done, &one, sizeof(one)), "write to the eventfd");
}

static void await_last(struct stream *s)
{
	uint64_t count;

	bench_must(read(s->done, &count, sizeof(count)), "read of the eventfd");
}

/*
 * proxyipc
 */

static void ours_receive(void *arg)
{
	struct proxyipc_endpoint_recv recv = { };
	struct stream *s = arg;

	for (;;) {
		bench_must(proxyipc_endpoint_recv_params(s->in, &recv), "RECV");
		say_if_last(s, recv.received.out_words[0]);
	}
}

static void ours_setup(struct contender *c)
{
	struct stream *s = stream_new(c);

	s->in = ours_endpoint();
	s->out = ours_entry(s->in, PROXYIPC_RIGHT_SEND);
	bench_partner(receiver_cpu, ours_receive, s);
}

static void ours_burst(struct contender *c)
{
	struct proxyipc_entry_send send = { };
	struct stream *s = c->state;

	for (int i = 1; i <= BURST; i++) {
		send.message.words[0] = i;
		bench_must(proxyipc_entry_send_params(s->out, &send), "SEND");
	}
	await_last(s);
}

/*
 * What is written to and read from
 */

static void fd_receive(void *arg)
{
	struct stream *s = arg;
	uint64_t words[8];

	for (;;) {
		if (read(s->in, words, sizeof(words)) != sizeof(words))
			bench_fail(0, "read: not all at once");
		say_if_last(s, words[0]);
	}
}

static void pipe_setup(struct contender *c)
{
	struct stream *s = stream_new(c);
	int ends[2];

	bench_must(pipe2(ends, O_CLOEXEC), "pipe");
	s->in = ends[0];
	s->out = ends[1];
	bench_partner(receiver_cpu, fd_receive, s);
}

static void seqpacket_setup(struct contender *c)
{
	struct stream *s = stream_new(c);
	int pair[2];

	bench_must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), "socketpair");
	s->in = pair[0];
	s->out = pair[1];
	bench_partner(receiver_cpu, fd_receive, s);
}

static void fd_burst(struct contender *c)
{
	struct stream *s = c->state;
	uint64_t words[8] = { };

	for (int i = 1; i <= BURST; i++) {
		words[0] = i;
		if (write(s->out, words, sizeof(words)) != sizeof(words))
			bench_fail(0, "write: not all at once");
	}
	await_last(s);
}

static struct contender streams[] = {
	{ .name = "proxyipc, SEND", .setup = ours_setup, .timed = ours_burst, .per = BURST },
	{ .name = "pipe", .setup = pipe_setup, .timed = fd_burst, .per = BURST },
	{ .name = "AF_UNIX SEQPACKET", .setup = seqpacket_setup, .timed = fd_burst, .per = BURST },
};

/*
 * Notices: who receives them has something else to do
 */

static void notice_setup(struct contender *c)
{
	struct stream *s = stream_new(c);

	s->in = ours_endpoint();
	s->out = ours_entry(s->in, PROXYIPC_RIGHT_NOTIFY);
}

static void notice_post(struct contender *c)
{
	bench_must(proxyipc_entry_notify(((struct stream *)c->state)->out, 1), "NOTIFY");
}

static void event_setup(struct contender *c)
{
	stream_new(c);
}

static void event_post(struct contender *c)
{
	uint64_t one = 1;

	bench_must(write(((struct stream *)c->state)->done, &one, sizeof(one)), "write");
}

static struct contender notices[] = {
	{ .name = "proxyipc, NOTIFY", .setup = notice_setup, .timed = notice_post },
	{ .name = "eventfd", .setup = event_setup, .timed = event_post },
};

static void ask_streams(const char *setting, int cpu)
{
	receiver_cpu = cpu;
	bench_ask(&(struct question){
		.name = "throughput: a message of a stream",
		.setting = setting,
		.contenders = streams,
		.count = COUNT(streams),
		.rounds = 20,
		.batch = 3,
	});
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	ask_streams("same CPU", 0);
	if (!bench_exact())
		ask_streams("across CPUs", 1);
	bench_ask(&(struct question){
		.name = "throughput: a notice",
		.setting = "receiver busy",
		.contenders = notices,
		.count = COUNT(notices),
		.rounds = 20,
		.batch = 100,
	});
	return 0;
}
