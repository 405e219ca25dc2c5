// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* proxyipc run --watchdog: what is said and done when the program doesn't keep alive. */
#define _GNU_SOURCE
#include "run.h"

#include <stdio.h>
#include <string.h>

#include "command.h"
#include "control_page.h"
#include "output.h"
#include "proc.h"
#include "stacks.h"
#include "syscall_name.h"

/**
 * struct report - on one stage of one silence
 * @s: whose
 * @message: what the kernel says of it
 * @words: likewise
 * @output: where it is written
 * @kill_by: the signal to end the program by, 0 to let it go on
 * @keepalives: how often it had kept alive, -1 if that isn't known
 * @comm: its name
 * @held_us: for how long it was held, once it isn't any more
 */
struct report {
	struct supervision *s;
	const struct proxyipc_received *message;
	const __u64 *words;
	struct output *output;
	int kill_by;
	long long keepalives;
	char comm[COMM_SIZE];
	uint64_t held_us;
};

static const char *stage_name(__u64 stage)
{
	return stage == PROXYIPC_WATCHDOG_PRETIMEOUT ? "pretimeout" : "timeout";
}

static const char *cause_name(__u64 cause)
{
	switch (cause) {
	case PROXYIPC_WATCHDOG_SPINNING:
		return "spinning";
	case PROXYIPC_WATCHDOG_STARVED:
		return "starved";
	case PROXYIPC_WATCHDOG_BLOCKED:
		return "blocked";
	default:
		return "in a state not known here";
	}
}

/* What gets no CPU may be quite well: it isn't ended for that. */
static int signal_for(const struct supervision *s, const __u64 *words)
{
	if (words[PROXYIPC_WATCHDOG_WORD_STAGE] != PROXYIPC_WATCHDOG_TIMEOUT ||
	    words[PROXYIPC_WATCHDOG_WORD_CAUSE] == PROXYIPC_WATCHDOG_STARVED)
		return 0;
	return s->kill_by;
}

/* Each stage once, until it has kept alive again. */
static bool is_told(struct supervision *s, __u64 stage, long long keepalives)
{
	unsigned int bit = 1U << (stage & 31);
	bool told;

	if (keepalives != s->keepalives)
		s->told = 0;
	s->keepalives = keepalives;
	told = s->told & bit;
	s->told |= bit;
	return told;
}

static void end_hold(struct report *report)
{
	resume_program(report->s, report->message);
	report->held_us = (now_ns() - report->words[PROXYIPC_WATCHDOG_WORD_AT]) / 1000;
}

/* For struct stacks: what is to go on doesn't wait until the names are found. */
static void let_go_on(void *arg)
{
	struct report *report = arg;

	if (!report->kill_by)
		end_hold(report);
}

/* It is held still, and does nothing more if the signal is SIGKILL. */
static void kill_program(struct report *report)
{
	if (!report->kill_by)
		return;
	kill(report->s->pid, report->kill_by);
	end_hold(report);
}

/* --- words ------------------------------------------------------------------------ */

/* " in read", for people; empty if it is in none. */
static void describe_syscall(const struct report *report, char *text, size_t size)
{
	int number = (int)report->words[PROXYIPC_WATCHDOG_WORD_SYSCALL];
	const char *name = syscall_name(report->s->pid, number);

	if (number < 0)
		*text = '\0';
	else if (name)
		snprintf(text, size, " in system call %s", name);
	else
		snprintf(text, size, " in system call %d", number);
}

static void say_what_happened(const struct report *report)
{
	char silent[DURATION_SIZE], timeout[DURATION_SIZE], cpu[DURATION_SIZE],
	     delay[DURATION_SIZE], syscall[64];
	const __u64 *words = report->words;

	describe_syscall(report, syscall, sizeof(syscall));
	output_line(report->output, "proxyipc: watchdog %s: %s (%d) is %s%s",
		    stage_name(words[PROXYIPC_WATCHDOG_WORD_STAGE]), report->comm,
		    report->s->pid, cause_name(words[PROXYIPC_WATCHDOG_WORD_CAUSE]), syscall);
	output_line(report->output,
		    "not kept alive for %s (timeout %s); meanwhile ran for %s, waited for a CPU for %s",
		    format_duration(silent, words[PROXYIPC_WATCHDOG_WORD_SINCE]),
		    format_duration(timeout, words[PROXYIPC_WATCHDOG_WORD_TIMEOUT]),
		    format_duration(cpu, words[PROXYIPC_WATCHDOG_WORD_CPU]),
		    format_duration(delay, words[PROXYIPC_WATCHDOG_WORD_DELAY]));
	if (!report->keepalives)
		output_line(report->output,
			    "it has never kept alive; what doesn't call proxyipc_keepalive() may just be busy, or have nothing to do");
}

static void say_what_was_done(const struct report *report)
{
	char held[DURATION_SIZE];

	format_duration(held, report->held_us * 1000);
	if (report->kill_by)
		output_line(report->output, "proxyipc: sent signal %d (%s)", report->kill_by,
			    strsignal(report->kill_by));
	else if (report->s->kill_by &&
		 report->words[PROXYIPC_WATCHDOG_WORD_CAUSE] == PROXYIPC_WATCHDOG_STARVED)
		output_line(report->output,
			    "proxyipc: resumed after %s, not killed: it is the CPU that is missing",
			    held);
	else
		output_line(report->output,
			    "proxyipc: resumed after %s; not told again before it has kept alive",
			    held);
}

static void add_values(const struct report *report)
{
	int number = (int)report->words[PROXYIPC_WATCHDOG_WORD_SYSCALL];
	struct output *output = report->output;
	const __u64 *words = report->words;

	output_text(output, "event", "watchdog");
	output_number(output, "pid", report->s->pid);
	output_text(output, "comm", report->comm);
	output_text(output, "stage", stage_name(words[PROXYIPC_WATCHDOG_WORD_STAGE]));
	output_text(output, "cause", cause_name(words[PROXYIPC_WATCHDOG_WORD_CAUSE]));
	output_number(output, "silent_us", words[PROXYIPC_WATCHDOG_WORD_SINCE] / 1000);
	output_number(output, "timeout_us", words[PROXYIPC_WATCHDOG_WORD_TIMEOUT] / 1000);
	output_number(output, "cpu_us", words[PROXYIPC_WATCHDOG_WORD_CPU] / 1000);
	output_number(output, "delay_us", words[PROXYIPC_WATCHDOG_WORD_DELAY] / 1000);
	output_number(output, "syscall_number", number);
	output_text(output, "syscall", syscall_name(report->s->pid, number));
	if (report->keepalives < 0)
		output_text(output, "keepalives", NULL);
	else
		output_number(output, "keepalives", report->keepalives);
	output_number(output, "token", report->message->out_token);
}

static void add_result(const struct report *report)
{
	output_text(report->output, "action", report->kill_by ? "killed" : "resumed");
	output_number(report->output, "signal", report->kill_by);
	output_number(report->output, "held_us", report->held_us);
}

static void add_stacks(struct report *report)
{
	struct stacks stacks = {
		.pid = report->s->pid,
		.process = report->s->process,
		.token = report->message->out_token,
		.walked = let_go_on,
		.arg = report,
	};
	int ret = stacks_add(report->output, report->s->json, &stacks);

	output_number(report->output, "threads", stacks.threads);
	output_number(report->output, "held", stacks.held);
	if (ret < 0 && !stacks.threads)
		output_line(report->output, "no stack: %s", stacks_strerror(ret));
	if (stacks.held < stacks.threads)
		output_line(report->output, "%u of %u threads held", stacks.held,
			    stacks.threads);
}

void handle_watchdog(struct supervision *s, const struct proxyipc_received *message)
{
	struct report report = {
		.s = s,
		.message = message,
		.words = message->out_words,
		.keepalives = count_keepalives(s->pid),
	};

	report.kill_by = signal_for(s, report.words);
	if (is_told(s, report.words[PROXYIPC_WATCHDOG_WORD_STAGE], report.keepalives) &&
	    !report.kill_by) {
		resume_program(s, message);
		return;
	}
	/* All of it is read before it runs on, and printed after that. */
	report.output = output_new(stderr, s->json);
	read_comm(s->pid, report.comm);
	add_values(&report);
	say_what_happened(&report);
	add_stacks(&report);
	kill_program(&report);
	add_result(&report);
	say_what_was_done(&report);
	output_print(report.output);
}
