// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* proxyipc run: start a program that can be held, and be its supervisor. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <proxyipc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "output.h"
#include "proc.h"
#include "run.h"

/* --- messages ------------------------------------------------------------------ */

static const char *kind_name(__u32 kind)
{
	switch (kind) {
	case PROXYIPC_KIND_CALL:
		return "call";
	case PROXYIPC_KIND_SEND:
		return "send";
	case PROXYIPC_KIND_NOTICE:
		return "notice";
	case PROXYIPC_KIND_EVENT:
		return "event";
	case PROXYIPC_KIND_FAULT:
		return "fault";
	default:
		return "message of an unknown kind";
	}
}

static const char *event_name(__u32 events)
{
	if (events & PROXYIPC_EVENT_TARGET_CHANGED)
		return "target changed its identity: it can't be held any more";
	if (events & PROXYIPC_EVENT_TARGET_GONE)
		return "target gone";
	if (events & PROXYIPC_EVENT_LEASE_EXPIRED)
		return "the lease ended a hold";
	return "event not known here";
}

static void print_sender(struct output *output, const struct proxyipc_received *message)
{
	char comm[COMM_SIZE] = "";

	if (message->out_kind == PROXYIPC_KIND_NOTICE) {
		output_line(output, "proxyipc: held by notices 0x%llx, and resumed",
			    (unsigned long long)message->out_notices);
		return;
	}
	if (message->out_sender_tgid > 0)
		read_comm(message->out_sender_tgid, comm);
	output_line(output, "proxyipc: held by a %s of process %d (%s), and resumed; it said %lld",
		    kind_name(message->out_kind), message->out_sender_tgid, comm,
		    (long long)message->out_words[0]);
}

/* On stderr: stdout is the program's. */
static void print_message(const struct supervision *s, const struct proxyipc_received *message)
{
	struct output *output = output_new(stderr, s->json);
	unsigned long long words[PROXYIPC_WORDS];
	int i;

	output_text(output, "event", "message");
	output_text(output, "kind", kind_name(message->out_kind));
	output_number(output, "pid", s->pid);
	if (message->out_kind == PROXYIPC_KIND_EVENT) {
		output_text(output, "what", event_name(message->out_events));
		output_line(output, "proxyipc: %s", event_name(message->out_events));
		output_print(output);
		return;
	}
	output_number(output, "token", message->out_token);
	output_number(output, "sender_pid", message->out_sender_tgid);
	output_number(output, "notices", message->out_notices);
	for (i = 0; i < PROXYIPC_WORDS; i++)
		words[i] = message->out_words[i];
	output_numbers(output, "words", words, PROXYIPC_WORDS);
	print_sender(output, message);
	output_print(output);
}

/* A caller is answered by a message of zeros: "seen". */
void resume_program(const struct supervision *s, const struct proxyipc_received *message)
{
	static const struct proxyipc_message seen;
	int ret;

	ret = proxyipc_endpoint_resume(s->endpoint, message->out_cap,
				       message->out_kind == PROXYIPC_KIND_CALL ? &seen : NULL);
	/* The caller has gone, or the hold ended by itself: either way, it runs. */
	if (ret && ret != -ESRCH && ret != -ESTALE)
		complain("can't resume the program: %s", proxyipc_strerror(ret));
}

/* What came, one or none. False if nothing can come any more. */
static bool handle_message(struct supervision *s)
{
	static unsigned char data[PROXYIPC_DATA_MAX];
	struct proxyipc_endpoint_recv recv = {
		.flags = PROXYIPC_NONBLOCK,
		.received = {
			.data = proxyipc_address(data),
			.data_size = sizeof(data),
		},
	};
	int ret = proxyipc_endpoint_recv_params(s->endpoint, &recv);

	if (ret == -EAGAIN || ret == -EINTR)
		return true;
	if (ret) {
		complain("can't receive: %s", proxyipc_strerror(ret));
		return false;
	}
	if (recv.received.out_kind == PROXYIPC_KIND_WATCHDOG) {
		handle_watchdog(s, &recv.received);
		return true;
	}
	/* First of all: what is printed may have to wait for who reads it. */
	if (recv.received.out_flags & PROXYIPC_RECEIVED_PROXIED)
		resume_program(s, &recv.received);
	/* That it is gone is seen by its exit status. */
	if (recv.received.out_events != PROXYIPC_EVENT_TARGET_GONE)
		print_message(s, &recv.received);
	return true;
}

/* --- the program's life --------------------------------------------------------- */

/* Its exit status, for this program's own; or -1 while it lives. */
static int reap(const struct supervision *s)
{
	int status;

	if (waitpid(s->pid, &status, WNOHANG) != s->pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_RUN_SIGNAL + WTERMSIG(status);
}

/* What the terminal sends, it sends to the program too. */
static void pass_on(const struct supervision *s, const struct signalfd_siginfo *info)
{
	if (info->ssi_signo != SIGCHLD && info->ssi_code != SI_KERNEL)
		kill(s->pid, info->ssi_signo);
}

static int supervise(struct supervision *s)
{
	struct pollfd pollers[] = {
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = s->endpoint, .events = POLLIN },
	};
	struct signalfd_siginfo info;
	int status;

	for (;;) {
		status = reap(s);
		if (status >= 0)
			return status;
		if (poll(pollers, 2, -1) < 0)
			continue;
		if (pollers[0].revents && read(s->signals, &info, sizeof(info)) == sizeof(info))
			pass_on(s, &info);
		if (pollers[1].revents && !handle_message(s))
			pollers[1].fd = -1;
	}
}

/* --- options ---------------------------------------------------------------------- */

/* "9", "KILL" or "SIGKILL"; 0 if it is no signal. */
static int parse_signal(const char *text)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {
		{ "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT }, { "ILL", SIGILL },
		{ "TRAP", SIGTRAP }, { "ABRT", SIGABRT }, { "BUS", SIGBUS }, { "FPE", SIGFPE },
		{ "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV },
		{ "USR2", SIGUSR2 }, { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },
		{ "TERM", SIGTERM }, { "XCPU", SIGXCPU },
	};
	size_t i;

	if (!strncmp(text, "SIG", 3))
		text += 3;
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		if (!strcmp(text, signals[i].name))
			return signals[i].number;
	return parse_number(text, SIGRTMAX);
}

static int refuse(const char *why)
{
	if (why)
		complain("%s", why);
	bad_usage(&command_run);
	return EXIT_RUN_FAILED;
}

/* Do the options go together? NULL, or what is wrong. */
static const char *check_options(const struct supervision *s)
{
	if (!s->timeout && (s->pretimeout || s->kill_by))
		return "--pretimeout and --kill go with --watchdog";
	if (s->timeout && (s->timeout < PROXYIPC_WATCHDOG_MIN ||
			   s->timeout > PROXYIPC_WATCHDOG_MAX))
		return "the shortest watchdog is of 1ms, the longest of 24h";
	if (s->timeout && s->pretimeout >= s->timeout)
		return "the pretimeout is how long before the timeout: it is the shorter one";
	return NULL;
}

/* 0; or what to exit with, negative for EXIT_DONE. */
static int parse_options(struct supervision *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "watchdog", required_argument, NULL, 'w' },
		{ "pretimeout", required_argument, NULL, 'p' },
		{ "kill", optional_argument, NULL, 'k' },
		COMMON_OPTIONS, { 0 }
	};
	int option;

	/* The options end where the program's begin. */
	while ((option = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		switch (option) {
		case 'w':
			s->timeout = parse_duration(optarg);
			if (!s->timeout)
				return refuse("--watchdog takes a duration: 5s, 500ms and 2m are");
			break;
		case 'p':
			s->pretimeout = parse_duration(optarg);
			if (!s->pretimeout)
				return refuse("--pretimeout takes a duration: 5s and 500ms are");
			break;
		case 'k':
			s->kill_by = optarg ? parse_signal(optarg) : SIGKILL;
			if (!s->kill_by)
				return refuse("--kill takes a signal: KILL, ABRT and 6 are");
			break;
		case 'j':
			s->json = true;
			break;
		case 'h':
			print_help(&command_run);
			return -1;
		default:
			return refuse(NULL);
		}
	}
	return optind < argc ? 0 : refuse(NULL);
}

static int run_main(int argc, char **argv, bool json)
{
	struct supervision s = { .json = json, .process = -1, .endpoint = -1, .signals = -1 };
	const char *wrong;
	int status;

	status = parse_options(&s, argc, argv);
	if (status)
		return status < 0 ? EXIT_DONE : status;
	wrong = check_options(&s);
	if (wrong)
		return refuse(wrong);
	s.argv = argv + optind;
	status = start_program(&s);
	return status ? status : supervise(&s);
}

const struct subcommand command_run = {
	.name = "run",
	.arguments = "[--json] [--watchdog TIME [--pretimeout TIME] [--kill[=SIGNAL]]]\n"
		     "                    [--] PROGRAM [ARGUMENT]...",
	.summary = "start a program that can be held, and supervise it",
	.help = "Starts a program whose main thread can be held by who gets its process object\n"
		"from this one. Messages that hold it come here: each is printed on stderr, a\n"
		"caller is answered by zeros, and the program is resumed. Signals are passed on to\n"
		"it, and its exit status is the result; 128 and the signal's number if one ended\n"
		"it; 125 if it could not be started, 126 if not executed, 127 if not found.\n\n"
		"  --watchdog TIME    when it hasn't kept alive for so long: say what it does, with\n"
		"                     its stacks, and let it go on; once until it keeps alive again\n"
		"  --pretimeout TIME  so long before that: say it for the first time\n"
		"  --kill[=SIGNAL]    end it at the timeout, by SIGKILL or ABRT, TERM, ...; not if\n"
		"                     it is starved\n"
		"  The program keeps alive by proxyipc_keepalive(), see proxyipc_self(3).\n",
	.run = run_main,
};
