// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* proxyipc hold: keep a process, or one thread of it, from running for a while. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <poll.h>
#include <proxyipc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "output.h"
#include "proc.h"
#include "syscall_name.h"

#define SECOND		1000000000ULL
#define TICK		(SECOND / 5)	/* between two looks whether it still lasts */
#define LEASE_SLACK	(5 * SECOND)	/* the lease is for when this program can't resume */
#define MOST_TRIES	20		/* of a hold that couldn't be confirmed */

/**
 * struct hold - what was asked for, and how far it has come
 * @pid: process to hold
 * @only: the one thread of it to hold, 0 for all
 * @duration: for how long, 0 until something else ends it
 * @lease: of the hold
 * @process: the process object: of that thread, or of the whole process
 * @token: names the hold
 * @began: a moment before it
 * @over: how it ended, NULL while it lasts
 */
struct hold {
	pid_t pid;
	pid_t only;
	uint64_t duration;
	uint64_t lease;
	int process;
	__u64 token;
	uint64_t began;
	const char *over;
};

/* --- holding ---------------------------------------------------------------- */

/* The lease ends it only if this program doesn't. */
static int choose_lease(struct hold *hold, int device)
{
	struct proxyipc_device_info info;
	int ret = proxyipc_device_info(device, &info);

	if (ret)
		return ret;
	hold->lease = hold->duration ? hold->duration + LEASE_SLACK : info.out_lease_default;
	/* What may be asked for without privilege should not fail for the slack. */
	if (hold->duration <= info.out_lease_max && hold->lease > info.out_lease_max)
		hold->lease = info.out_lease_max;
	return 0;
}

static int open_target(struct hold *hold, int device, int pidfd)
{
	struct proxyipc_process_open open = {
		.flags = hold->only ? 0 : PROXYIPC_OPEN_GROUP,
		.tid = hold->only,
		.lease = hold->lease,
	};
	int ret = proxyipc_process_open_pidfd_params(device, pidfd, &open);

	hold->process = ret ? -1 : open.out_fd;
	return ret;
}

static int hold_target(struct hold *hold)
{
	int tries, ret = -EAGAIN;

	hold->began = now_ns();
	/* EAGAIN: it ran into something just then that kept it from parking. */
	for (tries = 0; tries < MOST_TRIES && ret == -EAGAIN; tries++)
		ret = proxyipc_process_hold(hold->process, &hold->token);
	return ret < 0 ? ret : 0;
}

/* Has something else ended the hold? */
static void look_at_hold(struct hold *hold)
{
	struct pollfd poller = { .fd = hold->process, .events = POLLIN };

	if (poll(&poller, 1, 0) < 0 ||
	    (poller.revents & POLLIN && !(poller.revents & POLLHUP)))
		return;
	hold->over = poller.revents & POLLHUP ? "target gone or changed" :
		     now_ns() >= hold->began + hold->lease ? "lease" :
		     "resumed by another";
}

/* True if it had not ended before. */
static bool resume_target(struct hold *hold)
{
	if (!hold->over && proxyipc_process_resume(hold->process, hold->token, NULL))
		look_at_hold(hold);
	if (hold->over)
		return false;
	hold->over = "resumed";
	return true;
}

/* --- saying so --------------------------------------------------------------- */

/**
 * struct listing - threads on their way into an output
 * @hold: whose
 * @output: where they go
 */
struct listing {
	const struct hold *hold;
	struct output *output;
};

static const char *const states[] = {
	[PROXYIPC_STATE_RUNNABLE] = "runnable",
	[PROXYIPC_STATE_ARMED] = "armed",
	[PROXYIPC_STATE_PARKED] = "parked",
	[PROXYIPC_STATE_GONE] = "gone",
};

/* An armed thread's system call says how long it may stay armed; a parked one is in none. */
static void cell_syscall(struct output *output, const struct hold *hold,
			 const struct proxyipc_process_info *info)
{
	const char *name;
	char number[16];

	if (info->out_state != PROXYIPC_STATE_ARMED || info->out_syscall < 0) {
		cell_none(output);
		return;
	}
	name = syscall_name(hold->pid, info->out_syscall);
	snprintf(number, sizeof(number), "%d", info->out_syscall);
	cell_text(output, name ? name : number);
}

/* No hold is on a worker, nor on a thread that was just about to end. */
static const char *state_name(const struct proxyipc_process_info *info)
{
	if (!info->out_holds)
		return "not held";
	return info->out_state <= PROXYIPC_STATE_GONE ? states[info->out_state] : NULL;
}

/* For visit_numbers(). */
static void print_thread(int tid, void *data)
{
	struct proxyipc_process_info info = { .tid = tid };
	struct listing *listing = data;
	const struct hold *hold = listing->hold;
	struct output *output = listing->output;
	char comm[COMM_SIZE];

	if (hold->only && hold->only != tid)
		return;
	if (proxyipc_process_info_params(hold->process, &info))
		return;
	cell_number(output, tid);
	cell_text(output, read_comm(tid, comm) ? comm : NULL);
	cell_text(output, state_name(&info));
	cell_syscall(output, hold, &info);
}

static const struct output_column held_columns[] = {
	{ "tid", "TID" },
	{ "comm", "COMMAND" },
	{ "state", "STATE" },
	{ "syscall", "SYSTEM CALL" },
	{ NULL, NULL }
};

static void print_held(const struct hold *hold, bool json)
{
	struct output *output = output_new(stdout, json);
	struct listing listing = { .hold = hold, .output = output };
	char path[32], text[DURATION_SIZE];

	output_text(output, "event", "held");
	output_number(output, "pid", hold->pid);
	output_number(output, "token", hold->token);
	output_number(output, "lease_us", hold->lease / 1000);
	output_table(output, "threads", held_columns);
	snprintf(path, sizeof(path), "/proc/%d/task", hold->pid);
	visit_numbers(path, print_thread, &listing);
	if (hold->duration)
		output_line(output, "held by token %llu; resumed after %s, or by ^C",
			    (unsigned long long)hold->token,
			    format_duration(text, hold->duration));
	else
		output_line(output,
			    "held by token %llu; resumed by ^C, or when the lease of %s ends",
			    (unsigned long long)hold->token,
			    format_duration(text, hold->lease));
	output_line(output, "Should this program die, all of it runs on at once.");
	output_print(output);
}

/* @reason: why it was to end. */
static void print_released(const struct hold *hold, const char *reason, bool resumed, bool json)
{
	struct output *output = output_new(stdout, json);
	uint64_t held = now_ns() - hold->began;
	char text[DURATION_SIZE];

	output_text(output, "event", "released");
	output_number(output, "pid", hold->pid);
	output_number(output, "token", hold->token);
	output_text(output, "reason", reason);
	output_text(output, "ended_by", hold->over);
	output_number(output, "held_us", held / 1000);
	if (resumed)
		output_line(output, "resumed after %s", format_duration(text, held));
	else
		output_line(output, "not resumed here: over after %s (%s)",
			    format_duration(text, held), hold->over);
	output_print(output);
}

static void explain(const struct hold *hold, int error)
{
	char name[48];

	snprintf(name, sizeof(name), hold->only ? "%d/%d" : "%d", hold->pid, hold->only);
	complain("can't hold %s: %s", name, proxyipc_strerror(error));
	if (error == -EPERM && !has_capability(CAP_SYS_PTRACE))
		complain("run as root, or load the module with open_same_uid=1 for own processes");
	else if (error == -EPERM)
		complain("above the longest lease it takes CAP_SYS_RESOURCE");
	else if (error == -EINVAL && hold->only)
		complain("%d is no thread of process %d: /proc/%d/task lists them", hold->only,
			 hold->pid, hold->pid);
	else if (error == -ESTALE && !hold->only)
		complain("its threads may be of different users: each can be held, as PID/TID");
	else if (error == -EDQUOT)
		complain("proxyipc ps lists who holds what; holds_per_user is the limit");
}

/* --- waiting ----------------------------------------------------------------- */

static void timespec_of(uint64_t ns, struct timespec *time)
{
	time->tv_sec = ns / SECOND;
	time->tv_nsec = ns % SECOND;
}

/* Waits for what ends it, and returns that. */
static const char *wait_for_end(struct hold *hold, const sigset_t *signals)
{
	uint64_t now, end = hold->duration ? hold->began + hold->duration : UINT64_MAX;
	struct timespec tick;

	for (;;) {
		look_at_hold(hold);
		if (hold->over)
			return "ended";
		now = now_ns();
		if (now >= end)
			return "time";
		timespec_of(end - now < TICK ? end - now : TICK, &tick);
		if (sigtimedwait(signals, NULL, &tick) > 0)
			return "signal";
	}
}

/* --- putting it together ------------------------------------------------------ */

static int hold_until_end(struct hold *hold, const sigset_t *signals, bool json)
{
	const char *reason;
	bool resumed;
	int ret;

	ret = hold_target(hold);
	if (ret) {
		explain(hold, ret);
		return EXIT_FAILED;
	}
	print_held(hold, json);
	reason = wait_for_end(hold, signals);
	resumed = resume_target(hold);
	print_released(hold, reason, resumed, json);
	return resumed ? EXIT_DONE : EXIT_ENDED;
}

/* The process object of what is to be held; 0, or what to exit with. */
static int prepare(struct hold *hold)
{
	int device, pidfd, ret;

	device = proxyipc_open();
	if (device < 0) {
		complain("/dev/proxyipc: %s", proxyipc_strerror(device));
		complain("proxyipc doctor looks for the cause");
		return EXIT_FAILED;
	}
	pidfd = syscall(SYS_pidfd_open, hold->pid, 0);
	if (pidfd < 0) {
		complain("there is no process %d: %s", hold->pid, strerror(errno));
		return EXIT_FAILED;
	}
	ret = choose_lease(hold, device);
	if (ret) {
		complain("can't ask the module: %s", proxyipc_strerror(ret));
		return EXIT_FAILED;
	}
	ret = open_target(hold, device, pidfd);
	if (ret)
		explain(hold, ret);
	close(pidfd);
	close(device);
	return ret ? EXIT_FAILED : 0;
}

static int hold_process(struct hold *hold, bool json)
{
	sigset_t signals;
	int status = prepare(hold);

	if (status)
		return status;
	/* They are waited for; one that comes earlier takes effect then. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);

	return hold_until_end(hold, &signals, json);
}

static int hold_main(int argc, char **argv, bool json)
{
	static const struct option options[] = {
		{ "for", required_argument, NULL, 'f' },
		{ "thread", required_argument, NULL, 't' },
		COMMON_OPTIONS, { 0 }
	};
	struct hold hold = { .process = -1 };
	pid_t thread = 0;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			hold.duration = parse_duration(optarg);
			if (!hold.duration) {
				complain("'%s' is no duration: 5s, 500ms and 2m are", optarg);
				return bad_usage(&command_hold);
			}
			break;
		case 't':
			thread = parse_number(optarg, INT32_MAX);
			if (!thread) {
				complain("'%s' is no thread id", optarg);
				return bad_usage(&command_hold);
			}
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			return print_help(&command_hold);
		default:
			return bad_usage(&command_hold);
		}
	}
	if (optind + 1 != argc)
		return bad_usage(&command_hold);
	if (!parse_target(argv[optind], &hold.pid, &hold.only) || (hold.only && thread)) {
		complain("'%s' is %s", argv[optind],
			 hold.only && thread ? "no PID" : "neither PID nor PID/TID");
		return bad_usage(&command_hold);
	}
	if (thread)
		hold.only = thread;
	return hold_process(&hold, json);
}

const struct subcommand command_hold = {
	.name = "hold",
	.arguments = "[--json] [--for TIME] [--thread TID] PID[/TID]",
	.summary = "keep a process from running for a while",
	.help = "Holds a process with all its threads, or one of them, until the time is over, ^C\n"
		"or SIGTERM; at the latest until the lease ends, 10 s if no time is given. No\n"
		"system call is interrupted. When this program ends, whatever way, the process\n"
		"runs on.\n\n"
		"  --for TIME     5s, 500ms, 2m or seconds; above a minute takes CAP_SYS_RESOURCE\n"
		"  --thread TID   this thread alone\n",
	.run = hold_main,
};
