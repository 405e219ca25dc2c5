// SPDX-License-Identifier: GPL-2.0
/*
 * For command_run_test: programs that keep alive, or don't, as their first argument
 * says. They say their pid in a line as soon as they do what they are to do.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <proxyipc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"

/* It was late, so that nothing can be said of who noticed. */
#define STATUS_LATE	77

static struct proxyipc_control *control;
static volatile unsigned int spins;

static void say_pid(void)
{
	printf("%d\n", getpid());
	fflush(stdout);
}

static int find_control(void)
{
	int self = proxyipc_self();

	/* Each mapping is counted. */
	if (control)
		return 0;
	return self < 0 ? self : proxyipc_process_map(self, &control);
}

static __attribute__((noinline)) void spin_here(void)
{
	for (;;)
		spins++;
}

static int spin(void)
{
	say_pid();
	spin_here();
	return 1;
}

/* Kept alive, and then did so no more. */
static int stop_keeping_alive(void)
{
	if (find_control())
		return 2;
	proxyipc_keepalive(control);
	return spin();
}

/* So slow that it starves; it has kept alive when that begins. */
static int starve(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(1, &one);
	if (find_control() || sched_setaffinity(0, sizeof(one), &one) ||
	    setpriority(PRIO_PROCESS, 0, 19))
		return 2;
	return stop_keeping_alive();
}

static void keep_alive_once(int signo)
{
	proxyipc_keepalive(control);
}

/* Keeps alive when it is told to, and only then. */
static int keep_alive_when_told(void)
{
	if (find_control())
		return 2;
	signal(SIGUSR1, keep_alive_once);
	return spin();
}

/* 0, or STATUS_LATE: then an expiry is no false alarm. */
static int keep_alive(__u64 timeout, __u64 since)
{
	__u64 now, end = now_ns() + 4 * timeout;
	bool late = false;

	if (find_control())
		return 2;
	do {
		proxyipc_keepalive(control);
		now = now_ns();
		/* For how long the watchdog may have seen no change, with a sample's time. */
		late |= now - since >= timeout / 2;
		since = now;
		sleep_ms(5);
	} while (now < end);
	return late ? STATUS_LATE : 0;
}

static __attribute__((noinline)) ssize_t wait_for_input(int fd)
{
	char byte;
	ssize_t got = read(fd, &byte, 1);

	/* Something to do behind the call, so that it isn't the last. */
	spins++;
	return got;
}

/* Asleep in read() until the fifo has something; kept alive just before. */
static int block(const char *path)
{
	int fd = open(path, O_RDWR);

	if (fd < 0 || find_control())
		return 2;
	say_pid();
	proxyipc_keepalive(control);
	return wait_for_input(fd) == 1 ? 0 : 3;
}

static __attribute__((noinline)) void pause_here(void)
{
	pause();
	spins++;
}

static void *pause_forever(void *arg)
{
	for (;;)
		pause_here();
	return arg;
}

static int spin_beside_another(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, pause_forever, NULL))
		return 2;
	return spin();
}

static void *spin_forever(void *arg)
{
	spin_here();
	return arg;
}

static int pause_beside_a_spinner(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, spin_forever, NULL))
		return 2;
	say_pid();
	pause_forever(NULL);
	return 1;
}

/* Is there anything left of how the command waits for signals? */
static int look_at_signals(void)
{
	static const int signals[] = {
		SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2,
	};
	struct sigaction action;
	sigset_t blocked;
	size_t i;

	sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		if (sigismember(&blocked, signals[i]))
			return 10 + i;
		if (sigaction(signals[i], NULL, &action) || action.sa_handler != SIG_DFL)
			return 20 + i;
	}
	/* The test ignores this one. */
	return !sigaction(SIGHUP, NULL, &action) && action.sa_handler == SIG_IGN ? 0 : 30;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!strcmp(what, "spin"))
		return spin();
	if (!strcmp(what, "stop"))
		return stop_keeping_alive();
	if (!strcmp(what, "starve"))
		return starve();
	if (!strcmp(what, "told"))
		return keep_alive_when_told();
	if (!strcmp(what, "threads"))
		return spin_beside_another();
	if (!strcmp(what, "other"))
		return pause_beside_a_spinner();
	if (!strcmp(what, "signals"))
		return look_at_signals();
	if (!strcmp(what, "block") && argc > 2)
		return block(argv[2]);
	if (!strcmp(what, "alive") && argc > 3)
		return keep_alive(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
	return 1;
}
