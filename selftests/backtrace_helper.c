// SPDX-License-Identifier: GPL-2.0
/*
 * For backtrace_test: a program whose threads are, each, in a known place for ever:
 * spinning on one instruction, or asleep in a system call. Says so by one line on
 * stdout. Built with and without optimisation.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS	4

static atomic_int arrived;
static volatile int sink;

/* Something to do behind each call, so that none is the last thing a function does. */
#define AND_ON() (sink++)

static __attribute__((noinline)) void spin_here(void)
{
	arrived++;
	asm volatile("1: jmp 1b");
	AND_ON();
}

static inline __attribute__((always_inline)) void spin_inlined(int depth)
{
	if (depth)
		AND_ON();
	spin_here();
	AND_ON();
}

static __attribute__((noinline)) void spin_outer(int depth)
{
	spin_inlined(depth);
	AND_ON();
}

static void *spinner(void *arg)
{
	spin_outer(sink);
	AND_ON();
	return arg;
}

static __attribute__((noinline)) void sleep_by_hand(void)
{
	long ret;

	arrived++;
	asm volatile("syscall" : "=a"(ret) : "a"(SYS_pause) : "rcx", "r11", "memory");
	AND_ON();
}

static void *sleeper(void *arg)
{
	sleep_by_hand();
	AND_ON();
	return arg;
}

static __attribute__((noinline)) void wait_in_library(sem_t *sem)
{
	arrived++;
	while (sem_wait(sem))
		AND_ON();
	AND_ON();
}

static void *waiter(void *arg)
{
	sem_t sem;

	sem_init(&sem, 0, 0);
	wait_in_library(&sem);
	AND_ON();
	return arg;
}

static void handler(int signo)
{
	spin_here();
	AND_ON();
}

static __attribute__((noinline)) void get_signal(void)
{
	/* The handler's frame returns to the instruction behind this one. */
	asm volatile("ud2");
	AND_ON();
}

static void *signalled(void *arg)
{
	get_signal();
	AND_ON();
	return arg;
}

static __attribute__((noinline)) void tell_and_wait(int threads)
{
	char byte;

	while (arrived < threads)
		sched_yield();
	/* Counted is not yet there. */
	usleep(50000);
	if (write(1, "\n", 1) == 1)
		AND_ON();
	while (read(0, &byte, 1) >= 0)
		AND_ON();
	AND_ON();
}

int main(void)
{
	static void *(*const bodies[THREADS])(void *) = {
		spinner, sleeper, waiter, signalled,
	};
	struct sigaction act = { .sa_handler = handler };
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGILL, &act, NULL);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, bodies[i], NULL))
			return 1;
	tell_and_wait(THREADS);
	AND_ON();
	return 0;
}
