// SPDX-License-Identifier: GPL-2.0
/*
 * What does a call, a hold and a watchdog cost when there are many other objects?
 * One after the other, as they would be among each other's; so only instructions can
 * be compared.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "ours.h"
#include "talk.h"
#include "target.h"

int talk_server_cpu, talk_target_cpu;

#define MOST		10000
#define HOUR_NS		3600000000000ULL

/* How many of them there are. */
static int others;

struct crowd {
	int process;		/* the one that is used */
	__u64 token;
	struct target target, crowd;
	int fd[MOST];
};

/*
 * A call, among endpoints that have an entry each
 */

static void call_setup(struct contender *c)
{
	for (int i = 0; i < others; i++)
		ours_entry(ours_endpoint(), PROXYIPC_RIGHT_CALL);
	plain_setup(c);
}

/*
 * A hold, and a watchdog, among process objects
 */

static struct crowd *crowd_new(struct contender *c)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	c->state = crowd;
	target_new(&crowd->target, 0, 1);
	target_new(&crowd->crowd, 0, TARGET_THREADS);
	crowd->process = ours_process(crowd->target.pid, 0);
	for (int i = 0; i < others; i++)
		crowd->fd[i] = ours_process(crowd->crowd.pid,
					    crowd->crowd.page->tid[i % TARGET_THREADS]);
	return crowd;
}

static void hold_setup(struct contender *c)
{
	crowd_new(c);
}

static void hold(struct contender *c)
{
	struct crowd *crowd = c->state;

	bench_must(proxyipc_process_hold(crowd->process, &crowd->token), "HOLD");
	bench_must(proxyipc_process_resume(crowd->process, crowd->token, NULL), "RESUME");
}

static void watch(int process)
{
	bench_must(proxyipc_process_set_watchdog(process, HOUR_NS, 0), "SET_WATCHDOG");
}

static void watchdog_setup(struct contender *c)
{
	struct crowd *crowd = crowd_new(c);
	int endpoint = ours_endpoint();

	ours_set_receiver(crowd->process, endpoint);
	for (int i = 0; i < others; i++) {
		ours_set_receiver(crowd->fd[i], endpoint);
		watch(crowd->fd[i]);
	}
}

static void watchdog(struct contender *c)
{
	struct crowd *crowd = c->state;

	watch(crowd->process);
	bench_must(proxyipc_process_set_watchdog(crowd->process, 0, 0), "SET_WATCHDOG");
}

/* 20 ms and some of a guest that executes an instruction each nanosecond. */
static void burn(struct contender *c)
{
	for (volatile int i = 0; i < 4000000; i++)
		;
}

/*
 * The questions
 */

static void ask(const char *name, const char *setting, int count, struct contender c)
{
	char text[32];

	snprintf(text, sizeof(text), "%d others", count);
	others = count;
	c.name = text;
	bench_ask(&(struct question){
		.name = name,
		.setting = setting,
		.contenders = &c,
		.count = 1,
		.rounds = 10,
		.batch = c.timed == burn ? 3 : 50,
	});
}

int main(int argc, char **argv)
{
	static const int many[] = { 0, 1, 100, MOST };
	/* More would take more samples a second than a user may have. */
	static const int watchdogs[] = { 0, 1, 100, 900 };

	bench_start(argc, argv);
	if (!bench_exact())
		return 0;
	for (int i = 0; i < COUNT(many); i++)
		ask("scale: call", "same CPU", many[i], (struct contender){
			.setup = call_setup, .timed = plain_call });
	for (int i = 0; i < COUNT(many); i++)
		ask("scale: hold and resume", "1 thread asleep", many[i], (struct contender){
			.setup = hold_setup, .timed = hold });
	for (int i = 0; i < COUNT(watchdogs); i++)
		ask("scale: set and clear a watchdog", "among others that are set", watchdogs[i],
		    (struct contender){ .setup = watchdog_setup, .timed = watchdog });
	for (int i = 0; i < COUNT(watchdogs); i++)
		ask("scale: a program of 20 ms", "while watchdogs look every 10 ms", watchdogs[i],
		    (struct contender){ .setup = watchdog_setup, .timed = burn });
	return 0;
}
