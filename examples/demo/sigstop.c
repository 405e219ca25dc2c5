// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The comparison: stop a server at random moments by SIGSTOP and SIGCONT.
 *
 *   sigstop SOCKET COUNT PROGRAM [ARG]...
 *
 * Starts PROGRAM, which serves at SOCKET, and waits for a line on stdin. Then it
 * stops the program COUNT times and reports as client.c does. At the next line
 * on stdin it stops the program once more and is killed by SIGKILL, as any
 * supervisor may be; what becomes of the program is for the caller to see.
 */
#define _GNU_SOURCE
#include "measure.h"

#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A stop that isn't confirmed by then won't be. */
#define STOP_PATIENCE	(5 * SEC)

static struct witness witness;

/* SIGCHLD is blocked, for wait_stopped(), and must not be for the program. */
static pid_t start_program(char **argv)
{
	sigset_t chld, before;
	pid_t pid;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, &before);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		execvp(argv[0], argv);
		err(1, "%s", argv[0]);
	}
	return pid;
}

/* The parent is told when all threads of its child have stopped. */
static void wait_stopped(pid_t pid)
{
	const struct timespec tick = { .tv_nsec = 100 * MSEC };
	__u64 deadline = now_ns() + STOP_PATIENCE;
	siginfo_t info = { 0 };
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	for (;;) {
		if (waitid(P_PID, pid, &info, WSTOPPED | WEXITED | WNOHANG))
			err(1, "waitid");
		if (info.si_pid && info.si_code == CLD_STOPPED)
			return;
		if (info.si_pid)
			errx(1, "the server is gone");
		if (now_ns() > deadline)
			errx(1, "the server doesn't stop");
		sigtimedwait(&chld, NULL, &tick);
	}
}

static void stop_once(pid_t pid, struct standstill *one)
{
	one->wanted = now_ns();
	if (kill(pid, SIGSTOP))
		err(1, "SIGSTOP");
	wait_stopped(pid);
	one->held = now_ns();
	sleep_until(one->held + HOLD_NS);
	one->resumed = now_ns();
	if (kill(pid, SIGCONT))
		err(1, "SIGCONT");
}

static void wait_for_line(void)
{
	char line[80];

	if (!fgets(line, sizeof(line), stdin))
		errx(1, "nobody said go");
}

int main(int argc, char **argv)
{
	struct series series;
	struct standstill one;
	pid_t pid;

	if (argc < 4 || atoi(argv[2]) < 1)
		errx(1, "usage: sigstop SOCKET COUNT PROGRAM [ARG]...");
	series_init(&series, atoi(argv[2]));
	pid = start_program(argv + 3);
	wait_for_line();

	witness_start(&witness, argv[1]);
	while (series.count < series.wanted && series.repeated < series.wanted) {
		sleep_random();
		stop_once(pid, &one);
		series_add(&series, &witness, &one);
	}
	series_report(&series, &witness, witness_end(&witness));
	fflush(stdout);

	wait_for_line();
	kill(pid, SIGSTOP);
	wait_stopped(pid);
	raise(SIGKILL);
	return 1;
}
