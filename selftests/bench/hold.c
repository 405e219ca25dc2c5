// SPDX-License-Identifier: GPL-2.0
/*
 * What does it cost to have a process stand still, until that is certain; and to have
 * it run again, until it does? The target spins or is asleep, and has one thread or
 * 64. What is measured has the best priority: it shouldn't have to wait for its own
 * target when there is but one CPU.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "ours.h"
#include "target.h"

/* Of the question that is asked. */
static int threads;
static int spinning;

struct held {
	struct target target;
	unsigned long counter;		/* as it was while held */
	int process[TARGET_THREADS];
	__u64 token[TARGET_THREADS];
	int objects;			/* in both of these */
	int freeze_fd, events_fd;	/* of the cgroup */
};

static struct held *held_new(struct contender *c)
{
	struct held *h = calloc(1, sizeof(*h));

	c->state = h;
	target_new(&h->target, !bench_exact(), threads);
	bench_must(setpriority(PRIO_PROCESS, 0, -20), "setpriority");
	return h;
}

static void held_begin(struct contender *c)
{
	if (spinning)
		target_spin(&((struct held *)c->state)->target);
}

static void held_end(struct contender *c)
{
	target_rest(&((struct held *)c->state)->target);
}

static void keep_counter(struct held *h)
{
	h->counter = target_counter(&h->target);
}

/* Whether a sleeper runs can't be seen, nor when the last of many does. */
static void await_running(struct held *h)
{
	if (spinning && threads == 1)
		target_await_running(&h->target, h->counter);
}

/* On the only CPU it can't run before the one who resumes it sleeps. */
static void await_if_measured(struct held *h)
{
	if (!bench_exact())
		await_running(h);
}

/* The state of a thread as /proc says it. */
static char state_of(pid_t tid)
{
	char path[64], text[128];
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	fd = bench_must(open(path, O_RDONLY | O_CLOEXEC), path);
	size = bench_must(read(fd, text, sizeof(text) - 1), path);
	close(fd);
	text[size] = '\0';
	return strrchr(text, ')')[2];
}

/* A sleeper that was woken to stand still has to go back to sleep. */
static void await_sleep(struct held *h)
{
	for (int i = 0; !spinning && i < threads; i++)
		while (state_of(h->target.page->tid[i]) != 'S')
			usleep(1000);
}

/*
 * proxyipc: one hold for all threads; and one for each
 */

static void whole_setup(struct contender *c)
{
	struct held *h = held_new(c);

	h->process[h->objects++] = ours_group(h->target.pid);
}

static void each_setup(struct contender *c)
{
	struct held *h = held_new(c);

	while (h->objects < threads) {
		h->process[h->objects] = ours_process(h->target.pid,
						      h->target.page->tid[h->objects]);
		h->objects++;
	}
}

static void ours_hold(struct contender *c)
{
	struct held *h = c->state;

	for (int i = 0; i < h->objects; i++)
		bench_must(proxyipc_process_hold(h->process[i], &h->token[i]), "HOLD");
}

static void ours_resume(struct contender *c)
{
	struct held *h = c->state;

	keep_counter(h);
	for (int i = 0; i < h->objects; i++)
		bench_must(proxyipc_process_resume(h->process[i], h->token[i], NULL), "RESUME");
	await_if_measured(h);
}

/*
 * SIGSTOP, and the parent that waits for it
 */

static void stop_setup(struct contender *c)
{
	held_new(c);
}

static void stop_hold(struct contender *c)
{
	struct held *h = c->state;
	int status;

	bench_must(kill(h->target.pid, SIGSTOP), "SIGSTOP");
	bench_must(waitpid(h->target.pid, &status, WUNTRACED), "waitpid");
	if (!WIFSTOPPED(status))
		bench_fail(0, "SIGSTOP: the target isn't stopped");
}

static void stop_resume(struct contender *c)
{
	struct held *h = c->state;

	keep_counter(h);
	bench_must(kill(h->target.pid, SIGCONT), "SIGCONT");
	await_if_measured(h);
}

/*
 * ptrace: each thread is seized beforehand
 */

static void trace_setup(struct contender *c)
{
	struct held *h = held_new(c);

	for (int i = 0; i < threads; i++)
		bench_must(ptrace(PTRACE_SEIZE, h->target.page->tid[i], 0, 0), "PTRACE_SEIZE");
}

static void trace_hold(struct contender *c)
{
	struct held *h = c->state;
	int status;

	for (int i = 0; i < threads; i++)
		bench_must(ptrace(PTRACE_INTERRUPT, h->target.page->tid[i], 0, 0), "INTERRUPT");
	for (int i = 0; i < threads; i++) {
		bench_must(waitpid(h->target.page->tid[i], &status, __WALL), "waitpid");
		if (!WIFSTOPPED(status))
			bench_fail(0, "ptrace: the target isn't stopped");
	}
}

static void trace_resume(struct contender *c)
{
	struct held *h = c->state;

	keep_counter(h);
	for (int i = 0; i < threads; i++)
		bench_must(ptrace(PTRACE_CONT, h->target.page->tid[i], 0, 0), "PTRACE_CONT");
	await_if_measured(h);
}

/*
 * The freezer of cgroup v2
 */

static int cgroup_open(const char *folder, const char *file, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return bench_must(open(path, flags | O_CLOEXEC), path);
}

static void freeze_setup(struct contender *c)
{
	struct held *h = held_new(c);
	char folder[64], pid[16];
	int fd;

	snprintf(folder, sizeof(folder), "/sys/fs/cgroup/bench-%d", getpid());
	bench_must(mkdir(folder, 0755), folder);
	fd = cgroup_open(folder, "cgroup.procs", O_WRONLY);
	bench_must(write(fd, pid, snprintf(pid, sizeof(pid), "%d", h->target.pid)), "procs");
	close(fd);
	h->freeze_fd = cgroup_open(folder, "cgroup.freeze", O_WRONLY);
	h->events_fd = cgroup_open(folder, "cgroup.events", O_RDONLY);
}

static void freeze_write(struct held *h, const char *text)
{
	bench_must(pwrite(h->freeze_fd, text, 1, 0), "cgroup.freeze");
}

static int is_frozen(struct held *h)
{
	char text[128];
	ssize_t size = bench_must(pread(h->events_fd, text, sizeof(text) - 1, 0), "cgroup.events");

	text[size] = '\0';
	return !!strstr(text, "frozen 1");
}

static void freeze_hold_busy(struct contender *c)
{
	freeze_write(c->state, "1");
	while (!is_frozen(c->state))
		sched_yield();
}

static void freeze_hold_poll(struct contender *c)
{
	struct held *h = c->state;
	struct pollfd events = { .fd = h->events_fd, .events = POLLPRI };

	freeze_write(h, "1");
	while (!is_frozen(h))
		bench_must(poll(&events, 1, -1), "poll");
}

static void freeze_resume(struct contender *c)
{
	struct held *h = c->state;

	keep_counter(h);
	freeze_write(h, "0");
	await_if_measured(h);
}

/*
 * The questions
 */

/*
 * Between two holds the target is what it is said to be: it runs, every thread of it,
 * or all of it is asleep again. The scheduler lets each run for 3 ms or so.
 */
static void settle(struct contender *c)
{
	struct held *h = c->state;

	await_running(h);
	while (h->events_fd && is_frozen(h))
		usleep(1000);
	await_sleep(h);
	if (spinning && threads > 1)
		usleep(threads * 3000);
}

/* After a hold that was measured. */
#define AND_GO_ON(name)							\
	static void name##_go_on(struct contender *c)			\
	{								\
		name##_resume(c);					\
		settle(c);						\
	}

AND_GO_ON(ours)
AND_GO_ON(stop)
AND_GO_ON(trace)
AND_GO_ON(freeze)

static struct contender holds[] = {
	{ .name = "proxyipc", .setup = each_setup, .timed = ours_hold, .after = ours_go_on },
	{ .name = "proxyipc, whole process", .setup = whole_setup, .timed = ours_hold,
	  .after = ours_go_on },
	{ .name = "SIGSTOP, waitpid", .setup = stop_setup, .timed = stop_hold,
	  .after = stop_go_on },
	{ .name = "ptrace, waitpid", .setup = trace_setup, .timed = trace_hold,
	  .after = trace_go_on },
	{ .name = "cgroup.freeze, busy reading", .setup = freeze_setup,
	  .timed = freeze_hold_busy, .after = freeze_go_on },
	{ .name = "cgroup.freeze, poll", .setup = freeze_setup, .timed = freeze_hold_poll,
	  .after = freeze_go_on },
};

static struct contender resumes[] = {
	{ .name = "proxyipc", .setup = each_setup, .before = ours_hold, .timed = ours_resume },
	{ .name = "SIGCONT", .setup = stop_setup, .before = stop_hold, .timed = stop_resume },
	{ .name = "ptrace", .setup = trace_setup, .before = trace_hold, .timed = trace_resume },
	{ .name = "cgroup.freeze", .setup = freeze_setup, .before = freeze_hold_busy,
	  .timed = freeze_resume },
};

static void ask(const char *name, struct contender *contenders, int count, int many, int spin)
{
	static const char * const settings[2][2] = {
		{ "1 thread asleep", "1 thread spinning" },
		{ "64 threads asleep", "64 threads spinning" },
	};

	/* Many that spin take a fifth of a second, each time, to settle. */
	static const struct {
		int rounds, batch;
	} amounts[2][2] = { { { 10, 30 }, { 10, 30 } }, { { 5, 10 }, { 3, 2 } } };

	threads = many ? TARGET_THREADS : 1;
	spinning = spin;
	for (int i = 0; i < count; i++) {
		contenders[i].begin = held_begin;
		contenders[i].end = held_end;
		contenders[i].uncounted = 1;
		if (contenders == resumes)
			contenders[i].after = settle;
	}
	bench_ask(&(struct question){
		.name = name,
		.setting = settings[many][spin],
		.contenders = contenders,
		.count = count,
		.rounds = amounts[many][spin].rounds,
		.batch = amounts[many][spin].batch,
	});
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	for (int many = 0; many < 2; many++)
		for (int spin = 0; spin < 2; spin++)
			ask("hold", holds, COUNT(holds), many, spin);
	ask(bench_exact() ? "resume" : "resume until running", resumes, COUNT(resumes), 0, 1);
	return 0;
}
