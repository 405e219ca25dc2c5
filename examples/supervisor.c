// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * A supervisor: starts a program, and holds it while it looks what it is doing.
 *
 *   supervisor DOOR PROGRAM [ARG]...
 *
 * The program knows nothing of this, and nobody needs any privilege. Who
 * connects to the Unix socket DOOR (only the same user can) is sent a proxy
 * entry. To call that entry is to hold the program: its main thread executes
 * nothing more, no system call of it is interrupted, and the message arrives
 * here, together with a capability to the held program. The supervisor looks,
 * answers and resumes. Should it die before that, the program runs on.
 *
 * Made to be copied. What belongs to proxyipc is in start_program(), prepare(),
 * handle_message() and what they call. A watchdog differs in who calls the entry
 * (its timer) and in what look() does (take a backtrace, decide on a restart).
 */
#define _GNU_SOURCE
#include "supervisor.h"

#include <errno.h>
#include <poll.h>
#include <proxyipc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND		1000000000ULL

#define START_SECONDS	5	/* the child may take to enrol itself and exec */
#define STOP_SECONDS	10	/* the program may take to end when told to */
#define TICK_MS		1000	/* nothing is waited for longer without a look around */

struct supervisor {
	pid_t pid;		/* the program */
	int process;		/* the capability to it */
	int endpoint;		/* where its proxied messages arrive */
	int proxy;		/* the entry that holds it, for clients */
	int door;		/* where clients get that */
	int signals;		/* told to end, or a child has */
	__u64 kill_at;		/* when patience ends, once it was told to end */
};

static void complain(const char *what)
{
	fprintf(stderr, "supervisor: %s\n", what);
}

/* Pass on a result that isn't an error; nothing here goes on after one. */
static int check(const char *what, int result)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "supervisor: %s: %s\n", what, proxyipc_strerror(result));
	exit(1);
}

/* The same for functions that return -1 and set errno. */
static int check_errno(const char *what, int result)
{
	return check(what, result < 0 ? -errno : result);
}

/* --- starting the program ------------------------------------------------ */

/*
 * In the child, between fork and exec: agree to be held by whoever gets the
 * process object. All descriptors of proxyipc close by themselves at the exec;
 * the process object goes on to mean this thread, the program's main one.
 */
static void enrol_and_exec(int parent, char **argv, const sigset_t *signals)
{
	int device = check("the program opens /dev/proxyipc", proxyipc_open());
	int process = check("the program enrols itself", proxyipc_process_open_self(device));

	check("the program tells its supervisor", proxyipc_fd_send(parent, process));
	sigprocmask(SIG_SETMASK, signals, NULL);
	execvp(argv[0], argv);
	fprintf(stderr, "supervisor: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void start_program(struct supervisor *s, char **argv, const sigset_t *signals)
{
	const struct timeval patience = { .tv_sec = START_SECONDS };
	int pair[2];

	check_errno("socketpair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	s->pid = check_errno("fork", fork());
	if (s->pid == 0)
		enrol_and_exec(pair[1], argv, signals);
	close(pair[1]);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	s->process = proxyipc_fd_recv(pair[0]);
	close(pair[0]);
	if (s->process < 0) {
		kill(s->pid, SIGKILL);
		complain("the program didn't enrol itself");
		exit(1);
	}
}

/* --- objects ------------------------------------------------------------- */

/* Messages for the program arrive here, and an entry for clients causes them. */
static void prepare(struct supervisor *s)
{
	int device = check("open", proxyipc_open());
	int receiver;

	s->endpoint = check("endpoint", proxyipc_endpoint_create(device, 0));
	receiver = check("entry", proxyipc_endpoint_mint(s->endpoint, 0, PROXYIPC_RIGHT_SEND, 0));
	check("receiver slot", proxyipc_process_set_receiver(s->process, receiver));
	s->proxy = check("proxy entry",
			 proxyipc_process_mint(s->process, 0, PROXYIPC_RIGHT_CALL, 0));
	close(receiver);
	close(device);
}

/* The socket that hands out the proxy entry. Connecting takes write permission. */
static void open_door(struct supervisor *s, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	mode_t before = umask(0177);

	if (strlen(path) >= sizeof(addr.sun_path))
		check(path, -ENAMETOOLONG);
	memcpy(addr.sun_path, path, strlen(path));
	unlink(path);
	s->door = check_errno("socket", socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
					       SOCK_NONBLOCK, 0));
	check_errno(path, bind(s->door, (struct sockaddr *)&addr, sizeof(addr)));
	check_errno(path, listen(s->door, 16));
	umask(before);
}

/* A new connection has room for one byte and its descriptor: no wait. */
static void answer_door(struct supervisor *s)
{
	int client = accept4(s->door, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (client < 0)
		return;
	proxyipc_fd_send(client, s->proxy);
	close(client);
}

/* --- while the program is held ------------------------------------------- */

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND + now.tv_nsec;
}

static void sleep_until(__u64 when)
{
	const struct timespec ts = { .tv_sec = when / SECOND, .tv_nsec = when % SECOND };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/*
 * Look at the program that @process names, until it was held for @ns nanoseconds.
 * There is no hurry to look before something changes; but what it serves waits,
 * and when the lease of the hold ends it runs on, whatever goes on here.
 */
static void look(int process, __u64 ns, __u64 *seen)
{
	struct proxyipc_process_info info;
	int ret;

	ret = proxyipc_process_info(process, &info);
	if (!ret) {
		seen[SEEN_STATE] = info.out_state;
		seen[SEEN_SYSCALL] = info.out_syscall;
		seen[SEEN_IP] = info.out_ip;
		seen[SEEN_SINCE] = info.out_since;
		sleep_until(info.out_since + (ns < HOLD_MAX_NS ? ns : HOLD_MAX_NS));
		ret = proxyipc_process_info(process, &info);
		seen[SEEN_STATE_AFTER] = info.out_state;
	}
	seen[SEEN_ERROR] = -ret;
	seen[SEEN_UNTIL] = now_ns();
}

/* One line per time that the program was held, after it runs again. */
static void tell(const struct proxyipc_received *received, const __u64 *seen)
{
	static const char * const states[] = {
		[PROXYIPC_STATE_RUNNABLE] = "runnable",
		[PROXYIPC_STATE_ARMED] = "armed",
		[PROXYIPC_STATE_PARKED] = "parked",
		[PROXYIPC_STATE_GONE] = "gone",
	};
	static unsigned int number;

	printf("%4u: process %d (user %u) asked; %s, then %s; system call %d, at 0x%llx; %.3f ms\n",
	       ++number, received->out_sender_tgid, received->out_sender_uid,
	       states[seen[SEEN_STATE] & 3], states[seen[SEEN_STATE_AFTER] & 3],
	       (int)seen[SEEN_SYSCALL], (unsigned long long)seen[SEEN_IP],
	       (seen[SEEN_UNTIL] - seen[SEEN_SINCE]) / 1e6);
}

/*
 * Somebody called the proxy entry: the program stands still, and out_cap names
 * it together with the right to answer. Whatever happens in here must end with
 * a resume; it answers in the same step.
 */
static void handle_call(struct supervisor *s, const struct proxyipc_received *received)
{
	struct proxyipc_message answer = { 0 };
	int process, ret;

	process = proxyipc_endpoint_fetch(s->endpoint, received->out_cap);
	if (process < 0) {
		answer.words[SEEN_ERROR] = -process;
	} else {
		look(process, received->out_words[ASK_HOLD_NS], answer.words);
		close(process);
	}
	ret = proxyipc_endpoint_resume(s->endpoint, received->out_cap, &answer);
	if (ret == -ESRCH)
		complain("resumed, but who asked is gone");
	else if (ret == -ESTALE)
		complain("it ran before it was resumed: lease expired, or gone");
	else
		check("resume", ret);
	if (answer.words[SEEN_ERROR])
		complain("could not look at it");
	else
		tell(received, answer.words);
}

/* What nobody sent but happened: nothing to answer, nothing to resume. */
static void handle_event(const struct proxyipc_received *received)
{
	if (received->out_events & PROXYIPC_EVENT_LEASE_EXPIRED)
		complain("held for longer than its lease, it runs again");
	if (received->out_events & PROXYIPC_EVENT_TARGET_CHANGED)
		complain("the program changed its identity, I can't hold it any more");
	if (received->out_events & PROXYIPC_EVENT_TARGET_GONE)
		complain("the program has exited");
}

static void handle_message(struct supervisor *s)
{
	struct proxyipc_endpoint_recv recv = { .flags = PROXYIPC_NONBLOCK };
	int ret;

	ret = proxyipc_endpoint_recv_params(s->endpoint, &recv);
	if (ret == -EAGAIN)	/* taken back by who sent it */
		return;
	check("receive", ret);
	if (recv.received.out_kind == PROXYIPC_KIND_CALL)
		handle_call(s, &recv.received);
	else if (recv.received.out_kind == PROXYIPC_KIND_EVENT)
		handle_event(&recv.received);
}

/* --- from start to end --------------------------------------------------- */

/* The signals that are waited for by poll(), like everything else. */
static int open_signals(sigset_t *before)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, before);
	return check_errno("signalfd", signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
}

/* Told to end: tell the program, and have patience for a while. */
static void handle_signal(struct supervisor *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) != sizeof(info) || info.ssi_signo == SIGCHLD)
		return;
	kill(s->pid, info.ssi_signo);
	s->kill_at = now_ns() + STOP_SECONDS * SECOND;
}

/* Returns the program's wait status. */
static int supervise(struct supervisor *s)
{
	struct pollfd fds[] = {
		{ .fd = s->endpoint, .events = POLLIN },
		{ .fd = s->door, .events = POLLIN },
		{ .fd = s->signals, .events = POLLIN },
	};
	int status;

	while (waitpid(s->pid, &status, WNOHANG) == 0) {
		if (s->kill_at && now_ns() > s->kill_at)
			kill(s->pid, SIGKILL);
		if (poll(fds, 3, TICK_MS) <= 0)
			continue;
		if (fds[0].revents)
			handle_message(s);
		if (fds[1].revents)
			answer_door(s);
		if (fds[2].revents)
			handle_signal(s);
	}
	return status;
}

int main(int argc, char **argv)
{
	struct supervisor s = { 0 };
	sigset_t signals;
	int status;

	if (argc < 3) {
		fprintf(stderr, "usage: supervisor DOOR PROGRAM [ARG]...\n");
		return 2;
	}
	setlinebuf(stdout);
	s.signals = open_signals(&signals);
	start_program(&s, argv + 2, &signals);
	prepare(&s);
	open_door(&s, argv[1]);
	printf("started %s as process %d\n", argv[2], s.pid);
	status = supervise(&s);
	unlink(argv[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
