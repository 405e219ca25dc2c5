// SPDX-License-Identifier: GPL-2.0
/* What does it cost to ask another process, 64 bytes there and 64 back? */
#include "talk.h"

int talk_server_cpu, talk_target_cpu;

static struct contender contenders[] = {
	{ .name = "floor: wake-ups and switches", .setup = floor_inside_setup,
	  .batch = floor_inside_batch },
	{ .name = "floor: with two system calls", .setup = floor_setup, .timed = floor_call },
	{ .name = "proxyipc", .setup = plain_setup, .timed = plain_call },
	{ .name = "proxyipc, proxied", .setup = proxied_setup, .timed = plain_call },
	{ .name = "proxyipc, held by hand", .setup = by_hand_setup, .timed = plain_call },
	{ .name = "futex", .setup = futex_setup, .timed = futex_call },
	{ .name = "eventfd", .setup = eventfd_setup, .timed = eventfd_call },
	{ .name = "pipe", .setup = pipe_setup, .timed = fd_call },
	{ .name = "AF_UNIX SEQPACKET", .setup = seqpacket_setup, .timed = fd_call },
	{ .name = "AF_UNIX STREAM", .setup = stream_setup, .timed = fd_call },
	{ .name = "POSIX message queue", .setup = mqueue_setup, .timed = mqueue_call },
	{ .name = "System V messages", .setup = sysv_setup, .timed = sysv_call },
	{ .name = "seccomp notification", .setup = seccomp_setup, .timed = seccomp_call },
	{ .name = "D-Bus, sd-bus", .setup = dbus_setup, .timed = dbus_call },
};

static void ask(const char *setting, int server_cpu)
{
	talk_server_cpu = server_cpu;
	talk_target_cpu = server_cpu;
	bench_ask(&(struct question){
		.name = "round trip",
		.setting = setting,
		.contenders = contenders,
		.count = COUNT(contenders),
		.rounds = 20,
		.batch = 50,
		.warm = 200,
	});
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	ask("same CPU", 0);
	if (!bench_exact())
		ask("across CPUs", 1);
	return 0;
}
