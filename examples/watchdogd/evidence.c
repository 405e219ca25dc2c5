// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The daemon and its evidence process talk by a socket. The daemon sends an order, the
 * process sends
 *
 *	P		prepared
 *	W		walked: as far as it is concerned, nothing needs to be held any more
 *	T text 0	the stacks
 *	E text 0	why there are none
 *
 * It walks what the order's hold holds, which is the daemon's and stays. Where there is
 * none it makes one of its own. To be late is answered by SIGKILL, which ends that.
 */
#define _GNU_SOURCE
#include "evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <proxyipc-backtrace.h>
#include <proxyipc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reap.h"
#include "syscall_name.h"
#include "thread.h"

/* Until the names are found: that may take long, and nobody is held for it. */
#define NAMES_PATIENCE	(60 * NS_PER_S)

#define TEXT_MAX	(1 << 20)

struct evidence {
	pid_t worker;
	int socket;
	struct watch watch;
	struct timer late;
	bool prepared, busy, walking, left, dead;
	char *text;		/* what came so far, T or E first */
	size_t len;
	void (*walked)(void *arg);
	void (*done)(void *arg, const char *stacks, const char *why);
	void *arg;
};

/* --- in the process ------------------------------------------------------------------- */

/**
 * struct worker - the process
 * @socket: to the daemon
 * @device: /dev/proxyipc
 * @process: process object on all of @pid
 * @pid: whose evidence it takes
 * @order: what it takes just now
 * @backtrace: what it has read ahead; NULL if it couldn't
 * @text: where the stacks are written
 * @walking: they are being walked, the threads held
 * @error: of the thread that is being written, said below its frames
 * @names: of the threads, of one that is ending
 */
struct worker {
	int socket, device, process;
	pid_t pid;
	struct evidence_order order;
	struct proxyipc_backtrace *backtrace;
	FILE *text;
	bool walking;
	int error;
	struct thread_names names;
};

/* Nothing of the daemon's is to be kept open here: no endpoint, no other service. */
static void keep_only(struct worker *worker)
{
	int socket = fcntl(worker->socket, F_DUPFD_CLOEXEC, 64);
	int device = fcntl(worker->device, F_DUPFD_CLOEXEC, 64);
	int process = fcntl(worker->process, F_DUPFD_CLOEXEC, 64);

	worker->socket = dup3(socket, 3, O_CLOEXEC);
	worker->device = dup3(device, 4, O_CLOEXEC);
	worker->process = dup3(process, 5, O_CLOEXEC);
	close_range(6, ~0U, 0);
}

static void say(const struct worker *worker, const char *text, size_t len)
{
	ssize_t sent;

	for (; len; text += sent, len -= sent) {
		sent = send(worker->socket, text, len, MSG_NOSIGNAL);
		if (sent <= 0)
			_exit(1);
	}
}

static void say_walked(struct worker *worker)
{
	if (!worker->walking)
		return;
	if (worker->order.ending)
		thread_names_read(&worker->names, worker->pid);
	say(worker, "W", 1);
	worker->walking = false;
}

static void say_result(const struct worker *worker, int ret, const char *text, size_t len)
{
	if (ret <= 0) {
		text = ret ? proxyipc_strerror(ret) : "no thread could be held";
		len = strlen(text);
	}
	say(worker, ret > 0 ? "T" : "E", 1);
	say(worker, text, len);
	say(worker, "", 1);
}

static void write_error(struct worker *worker)
{
	if (worker->error)
		fprintf(worker->text, "no more of it: %s\n", proxyipc_strerror(worker->error));
	worker->error = 0;
}

/* What it was doing; nothing is said of who ran in its program. */
static void write_state(struct worker *worker, const struct proxyipc_thread *thread)
{
	const char *name;

	if (thread->tid == worker->order.at_fault)
		fputs(" at fault", worker->text);
	if (thread->syscall < 0)
		return;
	/* Whose stack can be walked runs a program for the same machine as this. */
	name = syscall_name(getpid(), thread->syscall);
	if (name)
		fprintf(worker->text, " in %s", name);
	else
		fprintf(worker->text, " in system call %d", thread->syscall);
}

static void write_thread(const struct proxyipc_thread *thread, void *arg)
{
	struct worker *worker = arg;
	char name[THREAD_NAME_SIZE];

	/* The first one tells that all are walked. */
	say_walked(worker);
	write_error(worker);
	fprintf(worker->text, "Thread %d \"%s\"", thread->tid,
		worker->order.ending ? thread_names_find(&worker->names, thread->tid) :
				       thread_name(worker->pid, thread->tid, name));
	write_state(worker, thread);
	fputs(":\n", worker->text);
	worker->error = thread->error;
}

static int write_frame(unsigned int number, const struct proxyipc_frame *frame, void *arg)
{
	struct worker *worker = arg;

	proxyipc_backtrace_print_frame(worker->text, number, frame);
	return 0;
}

static int write_stacks(struct worker *worker)
{
	struct proxyipc_threads threads = {
		.device = worker->device,
		.pid = worker->pid,
		.process = worker->process,
		.token = worker->order.token,
		.backtrace = worker->backtrace,
		.thread = write_thread,
		.frame = write_frame,
		.arg = worker,
	};
	int ret = proxyipc_backtrace_threads(&threads);

	write_error(worker);
	if (ret > 0)
		fprintf(worker->text, "%u of %u threads held, and walked in %llu us\n",
			threads.out_held, threads.out_threads,
			(unsigned long long)threads.out_held_us);
	return ret;
}

static void take(struct worker *worker)
{
	char *text = NULL;
	size_t len = 0;
	int ret = -ENOMEM;

	worker->walking = true;
	worker->text = open_memstream(&text, &len);
	if (worker->text) {
		ret = write_stacks(worker);
		fclose(worker->text);
	}
	say_walked(worker);
	say_result(worker, ret, text, len);
	free(text);
	thread_names_forget(&worker->names);
}

static void work(struct worker *worker, pid_t daemon)
{
	struct evidence_order *order = &worker->order;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != daemon)
		_exit(1);
	prctl(PR_SET_NAME, "watchdogd-stack");
	keep_only(worker);
	if (proxyipc_backtrace_open(worker->pid, &worker->backtrace))
		worker->backtrace = NULL;
	say(worker, "P", 1);
	while (recv(worker->socket, order, sizeof(*order), MSG_WAITALL) == sizeof(*order))
		take(worker);
	_exit(0);
}

/* --- in the daemon --------------------------------------------------------------------- */

bool evidence_prepared(const struct evidence *evidence)
{
	return evidence->prepared && !evidence->busy && !evidence->dead;
}

bool evidence_busy(const struct evidence *evidence)
{
	return evidence->busy;
}

static void evidence_free(struct evidence *evidence)
{
	timer_stop(&evidence->late);
	watch_end(&evidence->watch);
	close(evidence->socket);
	reap(evidence->worker);
	free(evidence->text);
	free(evidence);
}

static void walked(struct evidence *evidence)
{
	if (!evidence->walking)
		return;
	evidence->walking = false;
	evidence->walked(evidence->arg);
}

/* All that was to be done is; it may be the end of @evidence, which @done may leave. */
static void finish(struct evidence *evidence, const char *stacks, const char *why)
{
	timer_stop(&evidence->late);
	walked(evidence);
	evidence->done(evidence->arg, stacks, why);
	evidence->busy = false;
	evidence->len = 0;
	if (evidence->left)
		evidence_free(evidence);
}

static void worker_died(struct evidence *evidence)
{
	watch_end(&evidence->watch);
	evidence->dead = true;
	if (evidence->busy)
		finish(evidence, NULL, "taking them took too long, or went wrong");
}

static void worker_late(void *arg)
{
	struct evidence *evidence = arg;

	kill(evidence->worker, SIGKILL);
	/* Not later than promised; the rest when its end of the socket closes. */
	walked(evidence);
}

/* Returns false at the end of what is to be read of @bytes: @evidence may be gone. */
static bool hear(struct evidence *evidence, char byte)
{
	if (evidence->len) {
		if (evidence->len < TEXT_MAX)
			evidence->text[evidence->len++] = byte;
		if (byte)
			return true;
		evidence->text[evidence->len - 1] = '\0';
		if (*evidence->text == 'T')
			finish(evidence, evidence->text + 1, NULL);
		else
			finish(evidence, NULL, evidence->text + 1);
		return false;
	}
	if (byte == 'P') {
		evidence->prepared = true;
	} else if (byte == 'W') {
		timer_set(&evidence->late, NAMES_PATIENCE, worker_late, evidence);
		walked(evidence);
	} else {
		evidence->text[evidence->len++] = byte;
	}
	return true;
}

static void evidence_ready(void *arg)
{
	struct evidence *evidence = arg;
	char bytes[4096];
	ssize_t i, got = recv(evidence->socket, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		worker_died(evidence);
		return;
	}
	for (i = 0; i < got; i++)
		if (!hear(evidence, bytes[i]))
			break;
}

struct evidence *evidence_new(int device, int process, pid_t pid)
{
	struct worker worker = { .device = device, .process = process, .pid = pid };
	pid_t daemon = getpid();

	struct evidence *evidence = calloc(1, sizeof(*evidence));
	int pair[2];

	if (!evidence)
		return NULL;
	evidence->text = malloc(TEXT_MAX);
	if (!evidence->text || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		free(evidence->text);
		free(evidence);
		return NULL;
	}
	worker.socket = pair[1];
	evidence->worker = fork();
	if (!evidence->worker)
		work(&worker, daemon);
	close(pair[1]);
	if (evidence->worker < 0) {
		close(pair[0]);
		free(evidence->text);
		free(evidence);
		return NULL;
	}
	evidence->socket = pair[0];
	watch_begin(&evidence->watch, evidence->socket, evidence_ready, evidence);
	return evidence;
}

void evidence_take(struct evidence *evidence, const struct evidence_order *order,
		   __u64 patience, void (*walked_)(void *arg),
		   void (*done)(void *arg, const char *stacks, const char *why), void *arg)
{
	evidence->busy = true;
	evidence->walking = true;
	evidence->walked = walked_;
	evidence->done = done;
	evidence->arg = arg;
	if (evidence->dead ||
	    send(evidence->socket, order, sizeof(*order), MSG_NOSIGNAL) != sizeof(*order))
		finish(evidence, NULL, "there is nobody to take them");
	else
		timer_set(&evidence->late, patience, worker_late, evidence);
}

void evidence_leave(struct evidence *evidence)
{
	if (!evidence)
		return;
	if (evidence->busy)
		evidence->left = true;
	else
		evidence_free(evidence);
}
