// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* proxyipc backtrace: where are the threads of a process? */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <poll.h>
#include <proxyipc.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "command.h"
#include "output.h"
#include "proc.h"
#include "stacks.h"

static bool is_thread(pid_t pid, pid_t tid)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, tid);
	return !access(path, F_OK);
}

static void explain(const struct stacks *stacks, int error)
{
	if (stacks->tid && (error == -ESRCH || error == -EINVAL) &&
	    !is_thread(stacks->pid, stacks->tid)) {
		complain("%d is no thread of process %d: /proc/%d/task lists them", stacks->tid,
			 stacks->pid, stacks->pid);
		return;
	}
	complain("no stack of %d: %s", stacks->pid, stacks_strerror(error));
	if ((error == -EPERM || error == -EACCES) && !has_capability(CAP_SYS_PTRACE))
		complain("run as root; or start the program by proxyipc run --watchdog");
	else if (error == -EDEADLK)
		complain("it is this program, which can't hold itself");
	else if (error == -ESTALE && !stacks->tid)
		complain("its threads may be of different users: each has a stack, by --thread");
}

static void print_summary(struct output *output, const struct stacks *stacks)
{
	char text[DURATION_SIZE];

	output_number(output, "pid", stacks->pid);
	output_number(output, "threads", stacks->threads);
	output_number(output, "held", stacks->held);
	output_number(output, "held_us", stacks->held_us);
	output_line(output, "%u of %u threads held, for %s; resumed", stacks->held,
		    stacks->threads, format_duration(text, stacks->held_us * 1000));
}

static bool is_gone(int pidfd)
{
	struct pollfd poller = { .fd = pidfd, .events = POLLIN };

	return poll(&poller, 1, 0) > 0;
}

/* @pidfd: of the process that is meant, whatever has its number later. */
static int print_stacks(struct stacks *stacks, int pidfd, bool json)
{
	struct output *output = output_new(stdout, json);
	int ret = stacks_add(output, json, stacks);

	if (is_gone(pidfd))
		ret = -ESRCH;
	if (ret < 0) {
		output_drop(output);
		explain(stacks, ret);
		return EXIT_FAILED;
	}
	print_summary(output, stacks);
	output_print(output);
	return EXIT_DONE;
}

static int backtrace_process(struct stacks *stacks, bool json)
{
	int pidfd;

	stacks->device = proxyipc_open();
	if (stacks->device < 0) {
		complain("/dev/proxyipc: %s", proxyipc_strerror(stacks->device));
		complain("proxyipc doctor looks for the cause");
		return EXIT_FAILED;
	}
	pidfd = syscall(SYS_pidfd_open, stacks->pid, 0);
	if (pidfd < 0) {
		complain("there is no process %d: %s", stacks->pid, strerror(errno));
		return EXIT_FAILED;
	}
	return print_stacks(stacks, pidfd, json);
}

static int backtrace_main(int argc, char **argv, bool json)
{
	static const struct option options[] = {
		{ "thread", required_argument, NULL, 't' }, COMMON_OPTIONS, { 0 }
	};
	struct stacks stacks = { .process = -1 };
	pid_t thread = 0;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 't':
			thread = parse_number(optarg, INT32_MAX);
			if (!thread) {
				complain("'%s' is no thread id", optarg);
				return bad_usage(&command_backtrace);
			}
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			return print_help(&command_backtrace);
		default:
			return bad_usage(&command_backtrace);
		}
	}
	if (optind + 1 != argc)
		return bad_usage(&command_backtrace);
	if (!parse_target(argv[optind], &stacks.pid, &stacks.tid) || (stacks.tid && thread)) {
		complain("'%s' is no PID", argv[optind]);
		return bad_usage(&command_backtrace);
	}
	if (thread)
		stacks.tid = thread;
	return backtrace_process(&stacks, json);
}

const struct subcommand command_backtrace = {
	.name = "backtrace",
	.arguments = "[--json] [--thread TID] PID[/TID]",
	.summary = "print the stacks of a process that runs on at once",
	.help = "Holds the threads of a process, or one of them, walks their stacks, resumes\n"
		"them, and prints the stacks with names, and lines where there is debugging\n"
		"information. No system call is interrupted, nothing is ptraced. When this program\n"
		"ends, whatever way, the process runs on. It takes CAP_SYS_PTRACE.\n\n"
		"  --thread TID   this thread alone\n",
	.run = backtrace_main,
};
