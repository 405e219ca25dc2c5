// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The demo's client: has the supervisor hold the server, at random moments.
 *
 *   client DOOR SOCKET COUNT	call the proxy entry COUNT times; the server
 *				itself serves at SOCKET, where the witness asks
 *   client DOOR SOCKET kill	call it once, and kill the supervisor (SIGKILL)
 *				in the middle of that
 *
 * It holds nothing but the proxy entry: it can have the server held, but not
 * resume it, and it never learns more about the server than the answer says.
 */
#define _GNU_SOURCE
#include "../supervisor.h"
#include "measure.h"

#include <err.h>
#include <proxyipc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A call that takes longer has failed. */
#define CALL_PATIENCE	(5 * SEC)

/* How long the server is silent before its supervisor is killed; and until it must be back. */
#define SILENCE		(500 * MSEC)
#define KILL_PATIENCE	(10 * SEC)

/* System calls that have been seen, by number; the last is for the others and none. */
#define SYSCALLS	512

static struct witness witness;
static unsigned int seen_in[SYSCALLS + 1];
static unsigned int seen_armed;

/* Connect to the supervisor's door: the proxy entry, and who stands behind it. */
static int get_proxy_entry(const char *door, pid_t *supervisor)
{
	int socket = connect_to(door);
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int entry;

	entry = proxyipc_fd_recv(socket);
	if (entry < 0)
		errx(1, "no entry from %s: %s", door, proxyipc_strerror(entry));
	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		err(1, "SO_PEERCRED");
	*supervisor = peer.pid;
	close(socket);
	return entry;
}

/* To call the proxy entry is to hold the server until the answer is here. */
static int call(int entry, __u64 hold_ns, __u64 patience, __u64 *seen)
{
	struct proxyipc_entry_call call = {
		.deadline = proxyipc_deadline(patience),
		.message.words = { [ASK_HOLD_NS] = hold_ns },
	};
	int ret;

	ret = proxyipc_entry_call_params(entry, &call);
	if (!ret)
		memcpy(seen, call.reply.words, sizeof(call.reply.words));
	return ret;
}

static void hold_once(int entry, struct standstill *one)
{
	__u64 seen[PROXYIPC_WORDS];
	int ret;

	one->wanted = now_ns();
	ret = call(entry, HOLD_NS, CALL_PATIENCE, seen);
	if (ret)
		errx(1, "call: %s", proxyipc_strerror(ret));
	if (seen[SEEN_ERROR])
		errx(1, "the supervisor saw nothing: %s", proxyipc_strerror(seen[SEEN_ERROR]));
	if (seen[SEEN_STATE] != PROXYIPC_STATE_ARMED && seen[SEEN_STATE] != PROXYIPC_STATE_PARKED)
		errx(1, "the supervisor saw a server that is not held");
	one->held = seen[SEEN_SINCE];
	one->resumed = seen[SEEN_UNTIL];
	seen_armed += seen[SEEN_STATE] == PROXYIPC_STATE_ARMED;
	seen_in[seen[SEEN_SYSCALL] < SYSCALLS ? seen[SEEN_SYSCALL] : SYSCALLS]++;
}

static const char *syscall_name(unsigned int number)
{
	switch (number) {
	case 0: return "read";
	case 1: return "write";
	case 3: return "close";
	case 232: return "epoll_wait";
	case 257: return "openat";
	default: return NULL;
	}
}

/* Where the supervisor found the server, as the words of one line. */
static void report_places(unsigned int count)
{
	unsigned int i;

	printf("armed %u\nparked %u\nplaces", seen_armed, count - seen_armed);
	for (i = 0; i < SYSCALLS; i++) {
		if (!seen_in[i])
			continue;
		if (syscall_name(i))
			printf(" %u in %s,", seen_in[i], syscall_name(i));
		else
			printf(" %u in system call %u,", seen_in[i], i);
	}
	printf(" %u in its own code\n", seen_in[SYSCALLS]);
}

static int hold_often(int entry, unsigned int count, const char *address)
{
	struct series series;
	struct standstill one;

	series_init(&series, count);
	witness_start(&witness, address);
	while (series.count < count && series.repeated < count) {
		sleep_random();
		hold_once(entry, &one);
		series_add(&series, &witness, &one);
	}
	series_report(&series, &witness, witness_end(&witness));
	report_places(series.count + series.repeated);
	return 0;
}

/* What the thread that kills does, and found. */
struct killing {
	pid_t supervisor;
	__u64 killed_at;	/* 0: not done */
};

static void *kill_in_silence(void *arg)
{
	struct killing *k = arg;

	if (witness_wait_silence(&witness, SILENCE, now_ns() + KILL_PATIENCE))
		return NULL;
	k->killed_at = now_ns();
	if (kill(k->supervisor, SIGKILL))
		k->killed_at = 0;
	return NULL;
}

/*
 * Ask for a hold much longer than SILENCE, and kill the supervisor meanwhile:
 * the call fails with EOWNERDEAD, and the server answers again.
 */
static int hold_and_kill(int entry, pid_t supervisor, const char *address)
{
	struct killing k = { .supervisor = supervisor };
	__u64 seen[PROXYIPC_WORDS];
	__u64 failed_at, answered_at;
	pthread_t killer;
	int ret;

	witness_start(&witness, address);
	if (!witness_wait_answer(&witness, 0, now_ns() + KILL_PATIENCE))
		errx(1, "the server doesn't answer");
	ret = pthread_create(&killer, NULL, kill_in_silence, &k);
	if (ret)
		errx(1, "no thread to kill from: %s", strerror(ret));
	ret = call(entry, HOLD_MAX_NS, KILL_PATIENCE, seen);
	failed_at = now_ns();
	pthread_join(killer, NULL);
	if (!k.killed_at)
		errx(1, "the server never stood still, nothing was killed");
	answered_at = witness_wait_answer(&witness, k.killed_at, now_ns() + KILL_PATIENCE);

	printf("error %d\n", -ret);
	printf("error_name %s\n", ret ? strerrorname_np(-ret) : "none");
	printf("error_text %s\n", proxyipc_strerror(ret));
	printf("error_after_us %llu\n", (failed_at - k.killed_at) / 1000);
	if (answered_at)
		printf("answer_after_us %llu\n", (answered_at - k.killed_at) / 1000);
	printf("unanswered %u\n", witness_end(&witness));
	return 0;
}

int main(int argc, char **argv)
{
	pid_t supervisor;
	int entry;

	if (argc != 4)
		errx(1, "usage: client DOOR SOCKET COUNT|kill");
	entry = get_proxy_entry(argv[1], &supervisor);
	if (!strcmp(argv[3], "kill"))
		return hold_and_kill(entry, supervisor, argv[2]);
	return hold_often(entry, atoi(argv[3]), argv[2]);
}
