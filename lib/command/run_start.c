// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* proxyipc run: how the program begins. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

/* --- finding it ------------------------------------------------------------------ */

static bool is_program(const char *path)
{
	struct stat st;

	return !access(path, X_OK) && !stat(path, &st) && S_ISREG(st.st_mode);
}

/* As a shell finds it: the path in memory of its own, or NULL with *@error set. */
static char *find_program(const char *name, int *error)
{
	const char *folder = getenv("PATH") ?: "/bin:/usr/bin";
	size_t size = strlen(folder) + strlen(name) + 4;
	char *path = allocate_array(NULL, size, 1);
	size_t len;

	if (strchr(name, '/')) {
		strcpy(path, name);
		return path;
	}
	*error = -ENOENT;
	for (;; folder += len + 1) {
		len = strcspn(folder, ":");
		/* An empty one is the current folder. */
		snprintf(path, size, "%.*s/%s", len ? (int)len : 1, len ? folder : ".", name);
		if (*name && is_program(path))
			return path;
		if (*name && !access(path, F_OK))
			*error = -EACCES;
		if (!folder[len])
			break;
	}
	free(path);
	return NULL;
}

/* --- signals --------------------------------------------------------------------- */

static const int caught[] = {
	SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2,
};

/* One for the program that came before supervision began. */
static volatile sig_atomic_t early;
static pid_t supervisor;

static void note_early(int signo, siginfo_t *info, void *context)
{
	(void)context;
	/* In the child, before it is the program: as if nothing were caught. */
	if (getpid() != supervisor) {
		signal(signo, SIG_DFL);
		raise(signo);
		return;
	}
	/* What the terminal sends, it sends to the program too. */
	if (signo != SIGCHLD && info->si_code != SI_KERNEL)
		early = signo;
}

/*
 * The program is to begin with the mask and the dispositions that this one was
 * started with, which caught signals leave, and blocked ones wouldn't.
 */
static void catch_early(void)
{
	struct sigaction action = {
		.sa_sigaction = note_early,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	};
	struct sigaction before;
	size_t i;

	/* Ignored, it would leave no status to wait for. */
	signal(SIGCHLD, SIG_DFL);
	supervisor = getpid();
	for (i = 0; i < ARRAY_SIZE(caught); i++)
		if (!sigaction(caught[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaction(caught[i], &action, NULL);
}

static int catch_signals(struct supervision *s)
{
	sigset_t signals;
	size_t i;

	sigemptyset(&signals);
	for (i = 0; i < ARRAY_SIZE(caught); i++)
		sigaddset(&signals, caught[i]);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (early)
		kill(s->pid, early);
	s->signals = signalfd(-1, &signals, SFD_CLOEXEC);
	return s->signals < 0 ? -errno : 0;
}

/* --- starting it ----------------------------------------------------------------- */

/* All its threads: one that hangs may be any of them. */
static const struct proxyipc_process_open how = { .flags = PROXYIPC_OPEN_GROUP };

/* A script that doesn't say whose is the shell's. */
static int spawn_script(struct supervision *s, const char *path)
{
	size_t count = 0, i;
	char **argv;
	int ret;

	while (s->argv[count])
		count++;
	argv = allocate_array(NULL, count + 2, sizeof(*argv));
	argv[0] = "sh";
	argv[1] = (char *)path;
	for (i = 1; i <= count; i++)
		argv[i + 1] = s->argv[i];
	ret = proxyipc_spawn(s->device, &how, "/bin/sh", argv, environ, &s->pid);
	free(argv);
	return ret;
}

static int spawn_program(struct supervision *s)
{
	int error = 0;
	char *path = find_program(s->argv[0], &error);

	if (!path)
		return error;
	s->process = proxyipc_spawn(s->device, &how, path, s->argv, environ, &s->pid);
	if (s->process == -ENOEXEC)
		s->process = spawn_script(s, path);
	free(path);
	return s->process;
}

/* As a shell says it; what isn't execve()'s fault is that of the enrolment. */
static int explain(const struct supervision *s, int error)
{
	switch (error) {
	case -ENOENT:
		complain("%s: %s", s->argv[0], strerror(-error));
		return EXIT_RUN_NO_FILE;
	case -E2BIG:
	case -EACCES:
	case -EISDIR:
	case -ELIBBAD:
	case -ELOOP:
	case -ENAMETOOLONG:
	case -ENOEXEC:
	case -ENOTDIR:
	case -ETXTBSY:
		complain("%s: %s", s->argv[0], strerror(-error));
		return EXIT_RUN_CANT;
	default:
		complain("can't start the program: %s", proxyipc_strerror(error));
		return EXIT_RUN_FAILED;
	}
}

/* Messages of the program's process object arrive here from now on; 0 or -errno. */
static int become_receiver(struct supervision *s)
{
	int entry, ret;

	s->endpoint = proxyipc_endpoint_create(s->device, 0);
	if (s->endpoint < 0)
		return s->endpoint;
	entry = proxyipc_endpoint_mint(s->endpoint, 0, PROXYIPC_RIGHT_SEND, 0);
	if (entry < 0)
		return entry;
	ret = proxyipc_process_set_receiver(s->process, entry);
	close(entry);
	return ret;
}

/* 0 or -errno. Nobody else has the process object so far, so nothing is missed. */
static int begin_supervision(struct supervision *s)
{
	int ret = catch_signals(s);

	if (ret)
		return ret;
	ret = become_receiver(s);
	if (!ret && s->timeout)
		ret = proxyipc_process_set_watchdog(s->process, s->timeout, s->pretimeout);
	/* It has come to its end already: that is seen by its status. */
	if (ret == -ESRCH)
		return 0;
	/* A set-id program. Who asked for a watchdog doesn't want it without. */
	if (ret == -ESTALE && !s->timeout) {
		complain("%s: %s: it can't be held", s->argv[0], proxyipc_strerror(ret));
		return 0;
	}
	return ret;
}

int start_program(struct supervision *s)
{
	int ret;

	s->device = proxyipc_open();
	if (s->device < 0) {
		complain("/dev/proxyipc: %s", proxyipc_strerror(s->device));
		complain("proxyipc doctor looks for the cause");
		return EXIT_RUN_FAILED;
	}
	catch_early();
	ret = spawn_program(s);
	if (ret < 0)
		return explain(s, ret);
	ret = begin_supervision(s);
	if (!ret)
		return 0;
	complain("can't supervise the program, which is killed: %s", proxyipc_strerror(ret));
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	return EXIT_RUN_FAILED;
}
