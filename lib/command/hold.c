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
#define TICK		(SECOND / 5)	/* between two looks at new threads and ended holds */
#define LEASE_SLACK	(5 * SECOND)	/* the lease is for when this program can't resume */
#define MOST_TRIES	20		/* of a hold that couldn't be confirmed */

/**
 * struct held - a thread
 * @tid: which
 * @process: the process object; -1 for one that can never be held
 * @token: names the hold
 * @since: a moment before it began
 * @over: how it ended, NULL while it lasts
 * @gone: and the thread is gone, or isn't what it was
 */
struct held {
	pid_t tid;
	int process;
	__u64 token;
	uint64_t since;
	const char *over;
	bool gone;
};

/**
 * struct hold - what was asked for, and how far it has come
 * @device: from proxyipc_open()
 * @pid: process to hold
 * @only: the one thread of it to hold, 0 for all
 * @pidfd: of the process: its id can't have become another's while that is alive
 * @duration: for how long, 0 until something else ends it
 * @lease: of each hold
 * @began: when the first thread was held
 * @threads: what was met so far
 * @nr_threads: how many
 * @nr_new: of those, met since the last look
 * @error: the first one that can't be overcome
 * @error_tid: of which thread
 */
struct hold {
	int device;
	pid_t pid;
	pid_t only;
	int pidfd;
	uint64_t duration;
	uint64_t lease;
	uint64_t began;
	struct held *threads;
	size_t nr_threads;
	size_t nr_new;
	int error;
	pid_t error_tid;
};

/* --- holding ---------------------------------------------------------------- */

static struct held *find_thread(struct hold *hold, pid_t tid)
{
	size_t i;

	/*
	 * The number of one that is gone may be a new one's. One that was resumed by
	 * somebody else, or by the lease, stays so.
	 */
	for (i = 0; i < hold->nr_threads; i++)
		if (hold->threads[i].tid == tid && !hold->threads[i].gone)
			return &hold->threads[i];
	return NULL;
}

static void add_thread(struct hold *hold, const struct held *thread)
{
	hold->threads = allocate_array(hold->threads, hold->nr_threads + 1,
				       sizeof(*hold->threads));
	hold->threads[hold->nr_threads++] = *thread;
	hold->nr_new++;
}

static int open_thread(struct hold *hold, pid_t tid)
{
	struct proxyipc_process_open open = {
		.tgid = hold->pid,
		.tid = tid,
		.lease = hold->lease,
	};
	int ret = proxyipc_process_open_params(hold->device, &open);

	return ret ? ret : open.out_fd;
}

/* EAGAIN: it ran into something just then that kept it from parking. */
static int confirm_thread(int process, __u64 *token)
{
	int tries, ret = -EAGAIN;

	for (tries = 0; tries < MOST_TRIES && ret == -EAGAIN; tries++)
		ret = proxyipc_process_hold(process, token);
	return ret;
}

/* For visit_numbers(): holds one thread that isn't held yet. */
static void hold_thread(int tid, void *data)
{
	struct held thread = { .tid = tid, .since = now_ns() };
	struct hold *hold = data;
	int ret;

	if (hold->error || find_thread(hold, tid))
		return;
	if (!hold->began)
		hold->began = thread.since;
	thread.process = open_thread(hold, tid);
	ret = thread.process < 0 ? thread.process :
	      confirm_thread(thread.process, &thread.token);
	if (ret >= 0) {
		add_thread(hold, &thread);
		return;
	}
	if (thread.process >= 0)
		close(thread.process);
	thread.process = -1;
	/* It exited; or it is a worker of the kernel's, with no user code to run. */
	if (ret == -ESRCH && !hold->only)
		return;
	if (ret == -EOPNOTSUPP && tid != hold->pid && !hold->only) {
		add_thread(hold, &thread);
		return;
	}
	hold->error = ret;
	hold->error_tid = tid;
}

static size_t count_lasting(const struct hold *hold)
{
	size_t i, count = 0;

	for (i = 0; i < hold->nr_threads; i++)
		count += hold->threads[i].process >= 0 && !hold->threads[i].over;
	return count;
}

static bool is_gone(int pidfd)
{
	struct pollfd poller = { .fd = pidfd, .events = POLLIN };

	return poll(&poller, 1, 0) > 0;
}

/*
 * Holds all threads that there are: again and again, until a look at them finds no
 * new one. Who is held makes no more of them, but for the one that it may be making.
 */
static int hold_threads(struct hold *hold)
{
	char path[32];
	int ret = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", hold->pid);
	do {
		hold->nr_new = 0;
		if (hold->only)
			hold_thread(hold->only, hold);
		else
			ret = visit_numbers(path, hold_thread, hold);
		if (hold->error)
			return hold->error;
		/* Else what was held might be another process with that id. */
		if (is_gone(hold->pidfd))
			return -ESRCH;
		if (ret && ret != -ENOENT && ret != -ESRCH)
			return ret;
	} while (hold->nr_new);
	return 0;
}

/* --- seeing what became of it ------------------------------------------------ */

/* Notes the holds that something else has ended. */
static void look_at_holds(struct hold *hold)
{
	size_t i;

	for (i = 0; i < hold->nr_threads; i++) {
		struct held *thread = &hold->threads[i];
		struct pollfd poller = { .fd = thread->process, .events = POLLIN };

		if (thread->process < 0 || thread->over)
			continue;
		if (poll(&poller, 1, 0) < 0 ||
		    (poller.revents & POLLIN && !(poller.revents & POLLHUP)))
			continue;
		thread->gone = poller.revents & POLLHUP;
		thread->over = thread->gone ? "target gone or changed" :
			       now_ns() >= thread->since + hold->lease ? "lease" :
			       "resumed by another";
	}
}

/* Returns how many holds had ended before. */
static size_t release_threads(struct hold *hold)
{
	size_t i, ended = 0;

	for (i = 0; i < hold->nr_threads; i++) {
		struct held *thread = &hold->threads[i];

		if (thread->process < 0)
			continue;
		if (!thread->over && proxyipc_process_resume(thread->process, thread->token, NULL))
			look_at_holds(hold);
		if (thread->over)
			ended++;
		else
			thread->over = "resumed";
		close(thread->process);
		thread->process = -1;
	}
	return ended;
}

/* --- saying so --------------------------------------------------------------- */

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

static void print_thread(struct output *output, const struct hold *hold,
			 const struct held *thread)
{
	struct proxyipc_process_info info;
	char comm[COMM_SIZE];
	int ret;

	cell_number(output, thread->tid);
	cell_text(output, read_comm(thread->tid, comm) ? comm : NULL);
	if (thread->process < 0) {
		cell_none(output);
		cell_text(output, "worker");
		cell_none(output);
		return;
	}
	cell_number(output, thread->token);
	ret = proxyipc_process_info(thread->process, &info);
	if (ret) {
		cell_text(output, "changed");
		cell_none(output);
		return;
	}
	cell_text(output, info.out_state <= PROXYIPC_STATE_GONE ? states[info.out_state] : NULL);
	cell_syscall(output, hold, &info);
}

static const struct output_column held_columns[] = {
	{ "tid", "TID" },
	{ "comm", "COMMAND" },
	{ "token", "TOKEN" },
	{ "state", "STATE" },
	{ "syscall", "SYSTEM CALL" },
	{ NULL, NULL }
};

static void print_held(const struct hold *hold, bool json)
{
	struct output *output = output_new(stdout, json);
	char text[DURATION_SIZE];
	size_t i;

	output_text(output, "event", "held");
	output_number(output, "pid", hold->pid);
	output_number(output, "lease_us", hold->lease / 1000);
	output_table(output, "threads", held_columns);
	for (i = 0; i < hold->nr_threads; i++)
		print_thread(output, hold, &hold->threads[i]);
	if (hold->duration)
		output_line(output, "held; resumed after %s, or by ^C",
			    format_duration(text, hold->duration));
	else
		output_line(output, "held; resumed by ^C, or when the lease of %s ends",
			    format_duration(text, hold->lease));
	output_line(output, "Should this program die, all of them run on at once.");
	output_print(output);
}

static const struct output_column released_columns[] = {
	{ "tid", "TID" },
	{ "token", "TOKEN" },
	{ "ended_by", "ENDED BY" },
	{ NULL, NULL }
};

/* @reason: why it was to end; as text only what is unexpected is listed. */
static void print_released(const struct hold *hold, const char *reason, size_t ended, bool json)
{
	struct output *output = output_new(stdout, json);
	char text[DURATION_SIZE];
	size_t i;

	output_text(output, "event", "released");
	output_number(output, "pid", hold->pid);
	output_text(output, "reason", reason);
	output_number(output, "held_us", (now_ns() - hold->began) / 1000);
	output_table(output, "threads", released_columns);
	for (i = 0; i < hold->nr_threads; i++) {
		if (!hold->threads[i].over || (!json && !ended))
			continue;
		cell_number(output, hold->threads[i].tid);
		cell_number(output, hold->threads[i].token);
		cell_text(output, hold->threads[i].over);
	}
	output_line(output, "%s after %s", ended ? "not all was resumed here: over" : "resumed",
		    format_duration(text, now_ns() - hold->began));
	output_print(output);
}

/* --- waiting ----------------------------------------------------------------- */

static void timespec_of(uint64_t ns, struct timespec *time)
{
	time->tv_sec = ns / SECOND;
	time->tv_nsec = ns % SECOND;
}

/* Waits for what ends it, and returns that; new threads are held meanwhile. */
static const char *wait_for_end(struct hold *hold, const sigset_t *signals)
{
	uint64_t now, end = hold->duration ? hold->began + hold->duration : UINT64_MAX;
	struct timespec tick;

	for (;;) {
		look_at_holds(hold);
		if (!count_lasting(hold))
			return "ended";
		now = now_ns();
		if (now >= end)
			return "time";
		timespec_of(end - now < TICK ? end - now : TICK, &tick);
		if (sigtimedwait(signals, NULL, &tick) > 0)
			return "signal";
		hold_threads(hold);
	}
}

/* --- putting it together ------------------------------------------------------ */

static void explain(const struct hold *hold, int error)
{
	char name[48];

	snprintf(name, sizeof(name), hold->error_tid && hold->error_tid != hold->pid ?
		 "%d/%d" : "%d", hold->pid, hold->error_tid);
	complain("can't hold %s: %s", name, proxyipc_strerror(error));
	if (error == -EPERM && !has_capability(CAP_SYS_PTRACE))
		complain("run as root, or load the module with open_same_uid=1 for own processes");
	else if (error == -EPERM)
		complain("above the longest lease it takes CAP_SYS_RESOURCE");
	else if (error == -EINVAL && hold->only)
		complain("%d is no thread of process %d: /proc/%d/task lists them", hold->only,
			 hold->pid, hold->pid);
	else if (error == -EDQUOT)
		complain("proxyipc ps lists who holds what; holds_per_user is the limit");
}

/* The lease ends it only if this program doesn't. */
static int choose_lease(struct hold *hold)
{
	struct proxyipc_device_info info;
	int ret = proxyipc_device_info(hold->device, &info);

	if (ret)
		return ret;
	hold->lease = hold->duration ? hold->duration + LEASE_SLACK : info.out_lease_default;
	/* What may be asked for without privilege should not fail for the slack. */
	if (hold->duration <= info.out_lease_max && hold->lease > info.out_lease_max)
		hold->lease = info.out_lease_max;
	return 0;
}

static int hold_until_end(struct hold *hold, const sigset_t *signals, bool json)
{
	const char *reason;
	size_t ended;
	int ret;

	ret = hold_threads(hold);
	if (!ret && !count_lasting(hold))
		ret = -ESRCH;
	if (ret) {
		release_threads(hold);
		explain(hold, ret);
		return EXIT_FAILED;
	}
	print_held(hold, json);
	reason = wait_for_end(hold, signals);
	ended = release_threads(hold);
	print_released(hold, reason, ended, json);
	return ended ? EXIT_ENDED : EXIT_DONE;
}

static int hold_process(struct hold *hold, bool json)
{
	sigset_t signals;
	int status;

	allow_many_files();

	hold->device = proxyipc_open();
	if (hold->device < 0) {
		complain("/dev/proxyipc: %s", proxyipc_strerror(hold->device));
		complain("proxyipc doctor looks for the cause");
		return EXIT_FAILED;
	}
	hold->pidfd = syscall(SYS_pidfd_open, hold->pid, 0);
	if (hold->pidfd < 0) {
		complain("there is no process %d: %s", hold->pid, strerror(errno));
		return EXIT_FAILED;
	}
	status = choose_lease(hold);
	if (status) {
		complain("can't ask the module: %s", proxyipc_strerror(status));
		return EXIT_FAILED;
	}
	/* They are waited for; one that comes earlier takes effect then. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);

	status = hold_until_end(hold, &signals, json);
	free(hold->threads);
	return status;
}

static int hold_main(int argc, char **argv, bool json)
{
	static const struct option options[] = {
		{ "for", required_argument, NULL, 'f' }, COMMON_OPTIONS, { 0 }
	};
	struct hold hold = { .pidfd = -1 };
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
	if (!parse_target(argv[optind], &hold.pid, &hold.only)) {
		complain("'%s' is neither PID nor PID/TID", argv[optind]);
		return bad_usage(&command_hold);
	}
	return hold_process(&hold, json);
}

const struct subcommand command_hold = {
	.name = "hold",
	.arguments = "[--json] [--for TIME] PID[/TID]",
	.summary = "keep a process from running for a while",
	.help = "Holds all threads of a process, or one of them, until the time is over, ^C or\n"
		"SIGTERM; at the latest until the lease ends, 10 s if no time is given. Threads\n"
		"that appear meanwhile are held too. No system call is interrupted. When this\n"
		"program ends, whatever way, the process runs on.\n\n"
		"  --for TIME     5s, 500ms, 2m or seconds; above a minute takes CAP_SYS_RESOURCE\n",
	.run = hold_main,
};
