// SPDX-License-Identifier: GPL-2.0
/*
 * What does it cost to hand somebody 4 KiB or 64 KiB, and to be told that he has them?
 * The answer is of 64 bytes, or less where less tells as much.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench.h"
#include "ours.h"

#define MOST	65536

static int receiver_cpu;
static int size;

struct bulk {
	int out, in;		/* the sender's */
	int peer_in, peer_out;
	pid_t sender;
	char *from, *to;	/* MOST bytes each */
};

static char buffers[2][MOST] __attribute__((aligned(4096)));

static struct bulk *bulk_new(struct contender *c)
{
	struct bulk *b = calloc(1, sizeof(*b));

	c->state = b;
	b->sender = getpid();
	b->from = buffers[0];
	b->to = buffers[1];
	memset(b->from, 1, MOST);
	return b;
}

/*
 * proxyipc
 */

static void ours_receive(void *arg)
{
	struct bulk *b = arg;
	struct proxyipc_endpoint_reply_recv turn = {
		.received = { .data = proxyipc_address(b->to), .data_size = MOST },
	};

	for (;;) {
		bench_must(proxyipc_endpoint_reply_recv_params(b->peer_in, &turn), "REPLY_RECV");
		turn.cap = turn.received.out_cap;
	}
}

static void ours_setup(struct contender *c)
{
	struct bulk *b = bulk_new(c);

	b->peer_in = ours_endpoint();
	b->out = ours_entry(b->peer_in, PROXYIPC_RIGHT_CALL);
	bench_partner(receiver_cpu, ours_receive, b);
}

static void ours_hand_over(struct contender *c)
{
	struct bulk *b = c->state;
	struct proxyipc_entry_call call = {
		.message = { .data = proxyipc_address(b->from), .data_len = size },
	};

	bench_must(proxyipc_entry_call_params(b->out, &call), "CALL");
}

/*
 * What is written to and read from
 */

static void read_all(int fd, char *to, int bytes)
{
	for (int got = 0; got < bytes;)
		got += bench_must(read(fd, to + got, bytes - got), "read");
}

static void write_all(int fd, const char *from, int bytes)
{
	for (int put = 0; put < bytes;)
		put += bench_must(write(fd, from + put, bytes - put), "write");
}

static void fd_receive(void *arg)
{
	struct bulk *b = arg;

	for (;;) {
		read_all(b->peer_in, b->to, size);
		write_all(b->peer_out, b->to, 64);
	}
}

static void pipes_new(struct bulk *b)
{
	int there[2], back[2];

	bench_must(pipe2(there, O_CLOEXEC), "pipe");
	bench_must(pipe2(back, O_CLOEXEC), "pipe");
	bench_must(fcntl(there[1], F_SETPIPE_SZ, 2 * MOST), "F_SETPIPE_SZ");
	b->out = there[1];
	b->peer_in = there[0];
	b->peer_out = back[1];
	b->in = back[0];
}

static void pipe_setup(struct contender *c)
{
	struct bulk *b = bulk_new(c);

	pipes_new(b);
	bench_partner(receiver_cpu, fd_receive, b);
}

static void stream_setup(struct contender *c)
{
	struct bulk *b = bulk_new(c);
	int pair[2], room = 4 * MOST;

	bench_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "socketpair");
	for (int i = 0; i < 2; i++)
		bench_must(setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)),
			   "SO_SNDBUF");
	b->out = pair[0];
	b->in = pair[0];
	b->peer_in = pair[1];
	b->peer_out = pair[1];
	bench_partner(receiver_cpu, fd_receive, b);
}

static void fd_hand_over(struct contender *c)
{
	struct bulk *b = c->state;

	write_all(b->out, b->from, size);
	read_all(b->in, b->to, 64);
}

/*
 * process_vm_readv(): told by a pipe where it is, the receiver fetches it
 */

static void fetch_receive(void *arg)
{
	struct bulk *b = arg;
	struct iovec here = { b->to, size }, there = { .iov_len = size };

	for (;;) {
		read_all(b->peer_in, (char *)&there.iov_base, sizeof(there.iov_base));
		if (bench_must(process_vm_readv(b->sender, &here, 1, &there, 1, 0),
			       "process_vm_readv") != size)
			bench_fail(0, "process_vm_readv: not all at once");
		write_all(b->peer_out, b->to, 64);
	}
}

static void fetch_setup(struct contender *c)
{
	struct bulk *b = bulk_new(c);

	pipes_new(b);
	bench_partner(receiver_cpu, fetch_receive, b);
}

static void fetch_hand_over(struct contender *c)
{
	struct bulk *b = c->state;

	write_all(b->out, (const char *)&b->from, sizeof(b->from));
	read_all(b->in, b->to, 64);
}

static struct contender contenders[] = {
	{ .name = "proxyipc", .setup = ours_setup, .timed = ours_hand_over },
	{ .name = "pipe", .setup = pipe_setup, .timed = fd_hand_over },
	{ .name = "AF_UNIX STREAM", .setup = stream_setup, .timed = fd_hand_over },
	{ .name = "pipe, process_vm_readv", .setup = fetch_setup, .timed = fetch_hand_over },
};

static void ask(const char *name, int bytes, const char *setting, int cpu)
{
	size = bytes;
	receiver_cpu = cpu;
	bench_ask(&(struct question){
		.name = name,
		.setting = setting,
		.contenders = contenders,
		.count = COUNT(contenders),
		.rounds = 20,
		.batch = 20,
	});
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	ask("4 KiB", 4096, "same CPU", 0);
	ask("64 KiB", MOST, "same CPU", 0);
	if (bench_exact())
		return 0;
	ask("4 KiB", 4096, "across CPUs", 1);
	ask("64 KiB", MOST, "across CPUs", 1);
	return 0;
}
