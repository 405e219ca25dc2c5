// SPDX-License-Identifier: GPL-2.0
/*
 * What does it cost to ask the supervisor of a thread, with that thread held? By a
 * proxy entry, or by hand: the supervisor has a plain entry, holds, resumes, answers.
 */
#include "talk.h"

int talk_server_cpu, talk_target_cpu;

static struct contender asleep[] = {
	{ .name = "proxy entry", .setup = proxied_setup, .timed = plain_call },
	{ .name = "by hand", .setup = by_hand_setup, .timed = plain_call },
};

static struct contender spinning[] = {
	{ .name = "proxy entry", .setup = proxied_setup, .timed = plain_call,
	  .begin = proxied_begin, .end = proxied_end },
	{ .name = "by hand", .setup = by_hand_setup, .timed = plain_call,
	  .begin = proxied_begin, .end = proxied_end },
};

static void ask(const char *setting, struct contender *contenders, int target_cpu)
{
	talk_target_cpu = target_cpu;
	bench_ask(&(struct question){
		.name = "proxied call",
		.setting = setting,
		.contenders = contenders,
		.count = COUNT(asleep),
		.rounds = 20,
		.batch = 100,
		.warm = 200,
	});
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	ask("target asleep", asleep, !bench_exact());
	ask("target spinning", spinning, !bench_exact());
	return 0;
}
