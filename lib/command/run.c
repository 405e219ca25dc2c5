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
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "output.h"
#include "proc.h"

/**
 * struct supervision - a program and how it is supervised
 * @argv: what to execute
 * @json: messages are printed as JSON
 * @pid: of the program
 * @process: the process object of its main thread
 * @endpoint: where its proxied messages arrive
 * @signals: this program's, SIGCHLD among them
 * @before: the signal mask that this program was started with
 */
struct supervision {
	char **argv;
	bool json;
	pid_t pid;
	int process;
	int endpoint;
	int signals;
	sigset_t before;
};

/* --- starting the program ----------------------------------------------------- */

/*
 * In the child: agree to be held, tell the parent, wait until it is ready for
 * messages, and become the program. The process object means this thread, which
 * an exec leaves the main one.
 */
static void enrol_and_exec(const struct supervision *s, int device, int parent)
{
	int process = proxyipc_process_open_self(device);
	char ready;

	if (process < 0) {
		complain("can't enrol the program: %s", proxyipc_strerror(process));
		_exit(EXIT_RUN_FAILED);
	}
	if (proxyipc_fd_send(parent, process) || read(parent, &ready, 1) != 1)
		_exit(EXIT_RUN_FAILED);
	sigprocmask(SIG_SETMASK, &s->before, NULL);
	execvp(s->argv[0], s->argv);
	complain("%s: %s", s->argv[0], strerror(errno));
	_exit(errno == ENOENT ? EXIT_RUN_NO_FILE : EXIT_RUN_CANT);
}

/* Messages of the program's process object arrive here from now on; 0 or -errno. */
static int become_receiver(struct supervision *s, int device)
{
	int entry, ret;

	s->endpoint = proxyipc_endpoint_create(device, 0);
	if (s->endpoint < 0)
		return s->endpoint;
	entry = proxyipc_endpoint_mint(s->endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	if (entry < 0)
		return entry;
	ret = proxyipc_process_set_receiver(s->process, entry);
	close(entry);
	return ret;
}

/* @child: the socket to it. 0 when it may go on, -errno when it can't. */
static int enrol(struct supervision *s, int device, int child)
{
	int ret;

	s->process = proxyipc_fd_recv(child);
	/* It has said itself what was wrong. */
	if (s->process < 0)
		return s->process;
	ret = become_receiver(s, device);
	if (ret)
		complain("can't supervise the program: %s", proxyipc_strerror(ret));
	else if (write(child, "", 1) != 1)
		ret = -errno;
	return ret;
}

static int start_program(struct supervision *s, int device)
{
	int pair[2], ret;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	s->pid = fork();
	if (s->pid < 0)
		return -errno;
	if (!s->pid) {
		/* Else it would not see the parent's end. */
		close(pair[0]);
		enrol_and_exec(s, device, pair[1]);
	}
	close(pair[1]);
	ret = enrol(s, device, pair[0]);
	/* Where that failed, the child sees it by this. */
	close(pair[0]);
	return ret;
}

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
	case PROXYIPC_KIND_WATCHDOG:
		return "watchdog";
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
static void resume_program(const struct supervision *s, const struct proxyipc_received *message)
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

static int catch_signals(struct supervision *s)
{
	static const int caught[] = {
		SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2,
	};
	sigset_t signals;
	size_t i;

	sigemptyset(&signals);
	for (i = 0; i < ARRAY_SIZE(caught); i++)
		sigaddset(&signals, caught[i]);
	/* Ignored, it would leave no status to wait for. */
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &signals, &s->before);
	s->signals = signalfd(-1, &signals, SFD_CLOEXEC);
	return s->signals < 0 ? -errno : 0;
}

static int run_program(struct supervision *s)
{
	int device = proxyipc_open(), status, ret;

	if (device < 0) {
		complain("/dev/proxyipc: %s", proxyipc_strerror(device));
		complain("proxyipc doctor looks for the cause");
		return EXIT_RUN_FAILED;
	}
	ret = catch_signals(s);
	if (!ret)
		ret = start_program(s, device);
	close(device);
	if (ret && s->pid <= 0) {
		complain("can't start the program: %s", strerror(-ret));
		return EXIT_RUN_FAILED;
	}
	/* It didn't get as far as the exec, and ends by itself. */
	if (ret) {
		waitpid(s->pid, &status, 0);
		return EXIT_RUN_FAILED;
	}
	return supervise(s);
}

static int run_main(int argc, char **argv, bool json)
{
	static const struct option options[] = { COMMON_OPTIONS, { 0 } };
	struct supervision s = { .json = json, .process = -1, .endpoint = -1, .signals = -1 };
	int option;

	/* The options end where the program's begin. */
	while ((option = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			s.json = true;
			break;
		case 'h':
			return print_help(&command_run);
		default:
			bad_usage(&command_run);
			return EXIT_RUN_FAILED;
		}
	}
	if (optind >= argc) {
		bad_usage(&command_run);
		return EXIT_RUN_FAILED;
	}
	s.argv = argv + optind;
	return run_program(&s);
}

const struct subcommand command_run = {
	.name = "run",
	.arguments = "[--json] [--] PROGRAM [ARGUMENT]...",
	.summary = "start a program that can be held, and supervise it",
	.help = "Starts a program whose main thread can be held by who gets its process object\n"
		"from this one. Messages that hold it come here: each is printed on stderr, a\n"
		"caller is answered by zeros, and the program is resumed. Signals are passed on to\n"
		"it, and its exit status is the result; 128 and the signal's number if one ended\n"
		"it; 125 if it could not be started, 126 if not executed, 127 if not found.\n",
	.run = run_main,
};
