// SPDX-License-Identifier: GPL-2.0
/*
 * The wait matrix: 22 system calls that block, and whether stopping their thread
 * disturbs them.
 *
 * Two experiments for each wait. "Undisturbed": the thread is asleep in the
 * call, is stopped, kept so for a while and resumed; it must still be in the same
 * call, and the event that comes then must be what ends it. "Event during the
 * hold": the event comes (or the timeout passes) while the thread is stopped; no
 * user code may run before the resume, and then the event must be there, once.
 *
 * The tests are about proxyipc. SIGSTOP, ptrace and the freezers go through the
 * same experiments for comparison; the table at the end shows them all.
 *
 * A round is one experiment with one method, and all waits in it at once.
 */
#define _GNU_SOURCE
#include "kselftest.h"

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "clock.h"
#include "proc.h"
#include "wait_matrix/methods.h"
#include "wait_matrix/waits.h"

/* The whole program; it ends by itself much earlier. */
#define ALARM_S		280
/* For what a phase of a round waits for, all cells together. */
#define PHASE_MS	(10000U * slowness())
/* How long sleeps last in the first attempt at a round, and in the last. */
#define SLEEP_MS	1000
#define SLEEP_MAX_MS	8000
/* A timeout that nobody lives to see. */
#define NEVER_MS	600000

enum experiment {
	EVENT_AFTER = 0,	/* the event comes after the resume */
	EVENT_DURING = 1,	/* the event comes during the stop */
	EXPERIMENTS = 2,
};

static const char ok[] = "ok";

/* What a method did to a wait: ok, or a word for what went wrong. */
static const char *outcomes[EXPERIMENTS][METHODS][WAITS];

struct round {
	const struct method *method;
	enum experiment experiment;
	unsigned int sleep_ms;
	__u64 phase_end;
	__u64 resumed;
	bool late;		/* a sleep was over before its time in the script */
	struct cell cells[WAITS];
};

static void each_cell(struct round *r, void (*step)(struct round *r, struct cell *c))
{
	int i;

	for (i = 0; i < WAITS; i++)
		step(r, &r->cells[i]);
}

/* Only those with which all is well so far. */
static void each_good_cell(struct round *r, void (*step)(struct round *r, struct cell *c))
{
	int i;

	for (i = 0; i < WAITS; i++)
		if (!r->cells[i].outcome)
			step(r, &r->cells[i]);
}

/* The first thing that goes wrong is what went wrong. */
static void fail(struct cell *c, const char *outcome)
{
	if (!c->outcome)
		c->outcome = outcome;
}

static void fail_errno(struct cell *c, int error)
{
	const char *name = strerrorname_np(-error);

	fail(c, name ? name : "?");
}

/* Polls until @cond(@c), which may be absent, for as long as the phase lasts. */
static bool in_time(struct round *r, struct cell *c, bool (*cond)(struct cell *))
{
	while (cond && !cond(c)) {
		if (now_ns() > r->phase_end)
			return false;
		sleep_ms(1);
	}
	return true;
}

static void begin_phase(struct round *r)
{
	r->phase_end = deadline_ms(PHASE_MS);
}

/* When the timeout of a cell passes, at the earliest. */
static __u64 expiry(struct cell *c)
{
	return c->report->began + c->timeout;
}

/*
 * What is seen of a child
 */

static bool has_returned(struct cell *c)
{
	return c->report->returned;
}

static bool is_done(struct cell *c)
{
	return c->report->done;
}

/* Any of its own code, since it went to sleep. */
static bool has_run(struct cell *c)
{
	return c->report->returned || c->report->handled;
}

static bool is_asleep(struct cell *c)
{
	return proc_asleep_in_syscall(c->pid, c->wait->number) &&
	       proc_state(c->pid) == 'S';
}

/* Asleep once more after a stop, or not any more. */
static bool is_settled(struct cell *c)
{
	return has_returned(c) || is_asleep(c) ||
	       (proc_asleep_in_syscall(c->pid, SYS_restart_syscall) &&
		proc_state(c->pid) == 'S');
}

/* How often it went to sleep: a wait that was woken, or restarted, shows. */
static long times_asleep(struct cell *c)
{
	char line[256];
	long times = -1;
	FILE *status;

	snprintf(line, sizeof(line), "/proc/%d/status", c->pid);
	status = fopen(line, "re");
	if (!status)
		return -1;
	while (times < 0 && fgets(line, sizeof(line), status))
		sscanf(line, "voluntary_ctxt_switches: %ld", &times);
	fclose(status);
	return times;
}

/*
 * Children
 */

static void run_child(struct round *r, struct cell *c, pid_t parent)
{
	struct report *report = c->report;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (r->method->enrol)
		r->method->enrol(c);
	report->began = now_ns();
	report->result = c->wait->wait(c);
	report->ended = now_ns();
	report->returned++;
	/* Without an event there is none to look for. */
	if (!c->expires && report->result == c->wait->expect && c->wait->again)
		report->again = c->wait->again(c);
	report->done = 1;
	_exit(0);
}

static void start_child(struct round *r, struct cell *c)
{
	pid_t parent = getpid();
	int ret;

	ret = c->wait->prepare(c);
	if (ret) {
		fail_errno(c, ret);
		return;
	}
	c->pid = fork();
	if (!c->pid)
		run_child(r, c, parent);
	if (c->pid < 0)
		fail_errno(c, -errno);
}

static void init_cell(struct round *r, struct cell *c)
{
	bool times_out;

	c->wait = &waits[c - r->cells];
	times_out = r->experiment == EVENT_DURING && c->wait->expired;
	c->expires = !c->wait->wake || times_out;
	c->timeout = (c->expires ? r->sleep_ms : NEVER_MS) * NS_PER_MS;
	c->fd[0] = -1;
	c->fd[1] = -1;
	c->id = -1;
	c->stop.fd = -1;
	c->report = mmap(NULL, sizeof(*c->report), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c->report == MAP_FAILED)
		ksft_exit_fail_perror("mmap");
}

/* A traced child may have stops to tell before its end. */
static void reap(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, __WALL) == pid)
		if (WIFEXITED(status) || WIFSIGNALED(status))
			break;
}

static void end_cell(struct round *r, struct cell *c)
{
	int i;

	if (c->pid > 0)
		reap(c->pid);
	if (r->method->detach)
		r->method->detach(c);
	if (c->wait->clean)
		c->wait->clean(c);
	for (i = 0; i < 2; i++)
		if (c->fd[i] >= 0)
			close(c->fd[i]);
	munmap(c->report, sizeof(*c->report));
}

/*
 * The steps of a round, each for one cell
 */

static void fall_asleep(struct round *r, struct cell *c)
{
	int ret = 0;

	if (!in_time(r, c, is_asleep))
		fail(c, has_returned(c) ? "no wait" : "no sleep");
	else if (r->method->attach)
		ret = r->method->attach(c);
	if (ret)
		fail_errno(c, ret);
	c->sleeps = times_asleep(c);
}

static void stop(struct round *r, struct cell *c)
{
	int ret;

	ret = r->method->stop(c);
	if (ret)
		fail_errno(c, ret);
}

static void await_stop(struct round *r, struct cell *c)
{
	if (!in_time(r, c, r->method->stopped))
		fail(c, "not stopped");
}

/* Sleeps must not end before the script says so. */
static void check_clock(struct round *r, struct cell *c)
{
	if (c->expires && now_ns() >= expiry(c))
		r->late = true;
}

static void check_still(struct round *r, struct cell *c)
{
	if (has_run(c))
		fail(c, "ran");
}

static void await_parked(struct round *r, struct cell *c)
{
	if (!in_time(r, c, r->method->parked))
		fail(c, "not parked");
}

/* Also those that failed: a frozen child can't even be killed. */
static void resume(struct round *r, struct cell *c)
{
	int ret;

	ret = c->pid > 0 ? r->method->resume(c) : 0;
	if (ret)
		fail_errno(c, ret);
}

static void settle(struct round *r, struct cell *c)
{
	if (!in_time(r, c, is_settled))
		fail(c, "no sleep");
}

/* The event: sent, or a timeout that passes by itself. */
static void wake(struct round *r, struct cell *c)
{
	int ret;

	ret = c->expires ? 0 : c->wait->wake(c);
	if (ret)
		fail_errno(c, ret);
}

static void await_expiry(struct round *r, struct cell *c)
{
	if (c->expires && now_ns() < expiry(c))
		sleep_ms((expiry(c) - now_ns()) / NS_PER_MS + 1);
}

static const char *result_name(long result)
{
	const char *name = result < 0 ? strerrorname_np(-result) : "wrong value";

	return name ? name : "?";
}

/* The call is over; is it what it should be? */
static const char *verdict(struct round *r, struct cell *c)
{
	struct report *report = c->report;
	long expect = c->wait->expect;

	if (c->expires && c->wait->expired)
		expect = c->wait->expired;
	if (report->result != expect)
		return result_name(report->result);
	if (report->again)
		return "not once";
	if (report->ended < r->resumed)
		return "ran";
	if (c->expires && report->ended < expiry(c))
		return "too short";
	/* All of its time, counted from the resume: as if it had begun anew. */
	if (c->expires && report->ended > r->resumed + c->timeout) {
		r->late = true;
		return "too long";
	}
	return ok;
}

static void judge(struct round *r, struct cell *c)
{
	if (in_time(r, c, is_done))
		fail(c, verdict(r, c));
	else
		fail(c, has_returned(c) ? "no end" : "no return");
}

/* After the resume, before the event: asleep as if nothing had happened? */
static void check_undisturbed(struct round *r, struct cell *c)
{
	if (has_returned(c))
		judge(r, c);
	else if (r->method->strict && !is_asleep(c))
		fail(c, "restarted");
	else if (r->method->strict && times_asleep(c) != c->sleeps)
		fail(c, "woken");
	/* The right result, but too early. */
	if (c->outcome == ok)
		c->outcome = "returned";
}

/*
 * Rounds
 */

static void stop_all(struct round *r)
{
	each_good_cell(r, stop);
	begin_phase(r);
	each_good_cell(r, await_stop);
	each_cell(r, check_clock);
}

/*
 * Keeps them stopped for a while. A moment is enough for code that runs to be
 * seen; sleeps need some of their time to pass, so that a sleep begun anew would
 * be too long beyond doubt.
 */
static void linger(struct round *r)
{
	sleep_ms(r->sleep_ms / 10);
	each_cell(r, check_still);
}

static void resume_all(struct round *r)
{
	r->resumed = now_ns();
	each_cell(r, resume);
}

static void event_after(struct round *r)
{
	stop_all(r);
	linger(r);
	resume_all(r);
	begin_phase(r);
	each_good_cell(r, settle);
	each_good_cell(r, check_undisturbed);
	each_cell(r, check_clock);
	each_good_cell(r, wake);
}

static void event_during(struct round *r)
{
	stop_all(r);
	each_good_cell(r, wake);
	each_good_cell(r, await_expiry);
	begin_phase(r);
	each_good_cell(r, await_parked);
	linger(r);
	resume_all(r);
}

static void run_round(struct round *r)
{
	each_cell(r, init_cell);
	each_cell(r, start_child);
	begin_phase(r);
	each_good_cell(r, fall_asleep);
	if (r->experiment == EVENT_AFTER)
		event_after(r);
	else
		event_during(r);
	begin_phase(r);
	each_good_cell(r, judge);
	each_cell(r, end_cell);
}

/* On a machine too slow for the script, once more with longer sleeps. */
static void run_experiment(enum experiment experiment, int m)
{
	struct round r;
	int i;

	r.sleep_ms = SLEEP_MS;
	do {
		r = (struct round){
			.method = &methods[m],
			.experiment = experiment,
			.sleep_ms = r.sleep_ms,
		};
		run_round(&r);
		r.sleep_ms *= 2;
	} while (r.late && r.sleep_ms <= SLEEP_MAX_MS);
	for (i = 0; i < WAITS; i++)
		outcomes[experiment][m][i] = r.cells[i].outcome;
}

/*
 * Results
 */

static const char *const claims[EXPERIMENTS] = {
	[EVENT_AFTER] = "is_undisturbed",
	[EVENT_DURING] = "event_during_hold_delivered_once",
};

static const char *const titles[EXPERIMENTS] = {
	[EVENT_AFTER] = "Stopped, resumed, and then the event:",
	[EVENT_DURING] = "The event during the stop:",
};

static void report_test(const char *wait, const char *claim, const char *outcome)
{
	if (outcome != ok)
		ksft_print_msg("wait.%s_%s: %s\n", wait, claim, outcome);
	ksft_test_result(outcome == ok, "wait.%s_%s\n", wait, claim);
}

/* @why: nothing was tested */
static void report_tests(const char *why)
{
	int i, e;

	for (i = 0; i < WAITS; i++) {
		for (e = 0; e < EXPERIMENTS; e++) {
			if (why)
				ksft_test_result_skip("wait.%s_%s: %s\n", waits[i].name,
						      claims[e], why);
			else
				report_test(waits[i].name, claims[e], outcomes[e][0][i]);
		}
	}
}

static void print_row(const char *wait, const char *const columns[METHODS])
{
	ksft_print_msg("%-16s %-9s %-9s %-9s %-9s %s\n", wait, columns[0], columns[1],
		       columns[2], columns[3], columns[4]);
}

static void print_sums(enum experiment experiment)
{
	const char *columns[METHODS];
	char sums[METHODS][16];
	int m, i, good;

	for (m = 0; m < METHODS; m++) {
		for (good = 0, i = 0; i < WAITS; i++)
			good += outcomes[experiment][m][i] == ok;
		snprintf(sums[m], sizeof(sums[m]), "%d/%d", good, WAITS);
		columns[m] = outcomes[experiment][m][0] ? sums[m] : "-";
	}
	print_row("ok", columns);
}

static void print_table(enum experiment experiment)
{
	const char *columns[METHODS];
	int m, i;

	ksft_print_msg("\n");
	ksft_print_msg("%s\n", titles[experiment]);
	for (m = 0; m < METHODS; m++)
		columns[m] = methods[m].name;
	print_row("wait", columns);
	for (i = 0; i < WAITS; i++) {
		for (m = 0; m < METHODS; m++)
			columns[m] = outcomes[experiment][m][i] ?: "-";
		print_row(waits[i].name, columns);
	}
	print_sums(experiment);
}

static bool run_method(int m)
{
	const struct method *method = &methods[m];
	int ret;

	ret = method->find ? method->find() : 0;
	if (ret) {
		ksft_print_msg("%s: not here: %s\n", method->name, strerror(-ret));
		return false;
	}
	run_experiment(EVENT_AFTER, m);
	run_experiment(EVENT_DURING, m);
	return true;
}

int main(void)
{
	int m;

	ksft_print_header();
	ksft_set_plan(EXPERIMENTS * WAITS);
	alarm(ALARM_S);
	/* Whatever happens, no semaphore or queue of ours stays. */
	if (unshare(CLONE_NEWIPC))
		ksft_print_msg("no IPC namespace of its own: %s\n", strerror(errno));

	report_tests(run_method(0) ? NULL : "no module");
	for (m = 1; m < METHODS; m++)
		run_method(m);

	ksft_print_msg("ok: the program sees nothing of the stop; else what the call returned\n");
	ksft_print_msg("(proxyipc alone is also tested for not waking or restarting the call)\n");
	print_table(EVENT_AFTER);
	print_table(EVENT_DURING);
	ksft_finished();
}
