// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* proxyipc resume: end holds that somebody else made. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <proxyipc.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "command.h"
#include "objects.h"
#include "output.h"

/**
 * struct wanted - which holds to end
 * @pid: those on this process, or 0
 * @tid: on this thread of it alone, or 0
 * @token: the one of this name, or 0
 */
struct wanted {
	pid_t pid;
	pid_t tid;
	unsigned long long token;
};

static const struct output_column columns[] = {
	{ "pid", "PID" },
	{ "tid", "TID" },
	{ "token", "TOKEN" },
	{ "why", "WHY" },
	{ "result", "RESULT" },
	{ NULL, NULL }
};

/* A descriptor of the object, taken from one who has it; or -errno. */
static int take_descriptor(const struct object_place *place)
{
	int pidfd, fd;

	pidfd = syscall(SYS_pidfd_open, place->pid, 0);
	if (pidfd < 0)
		return -errno;
	fd = syscall(SYS_pidfd_getfd, pidfd, place->fd, 0);
	if (fd < 0)
		fd = -errno;
	close(pidfd);
	return fd;
}

/*
 * Through whichever descriptor of the object lets itself be taken. One that was
 * replaced since it was found does no harm: no other object knows the token.
 */
static int resume_through_others(const struct object *object, __u64 token, bool *taken)
{
	int fd, ret = -ESRCH;
	size_t i;

	for (i = 0; i < object->nr_places; i++) {
		fd = take_descriptor(&object->places[i]);
		*taken = fd >= 0;
		ret = fd;
		if (fd < 0)
			continue;
		ret = proxyipc_process_resume(fd, token, NULL);
		close(fd);
		if (ret != -ENOTTY)
			return ret;
	}
	return ret;
}

static void explain(const struct object *object, __u64 token, int error, bool taken)
{
	if (taken) {
		complain("can't resume token %llu: %s", (unsigned long long)token,
			 proxyipc_strerror(error));
		return;
	}
	complain("can't take the descriptor of the hold %llu from process %llu: %s",
		 (unsigned long long)token, object->nr_users ? object->users[0] : 0,
		 strerror(-error));
	if (error == -EPERM)
		complain("that takes what ptrace takes: run as root, and see proxyipc doctor");
}

/* True if the hold is over. */
static bool resume_hold(struct output *output, const struct object *object,
			const struct object_hold *hold)
{
	bool taken = false;
	int ret = resume_through_others(object, hold->token, &taken);

	cell_number(output, object->tgid);
	if (object->tid)
		cell_number(output, object->tid);
	else
		cell_none(output);
	cell_number(output, hold->token);
	cell_text(output, hold->why);
	/* Gone, or ended by another, in the moment since it was found. */
	if (taken && (ret == -ESTALE || ret == -ESRCH)) {
		cell_text(output, "had ended");
		return true;
	}
	cell_text(output, ret ? "failed" : "resumed");
	if (ret)
		explain(object, hold->token, ret, taken);
	return !ret;
}

static bool is_wanted(const struct wanted *wanted, const struct object *object,
		      const struct object_hold *hold)
{
	if (wanted->token)
		return hold->token == wanted->token;
	return object->tgid == wanted->pid && (!wanted->tid || object->tid == wanted->tid);
}

static void explain_nothing(const struct wanted *wanted, const struct objects *objects)
{
	if (wanted->token)
		complain("no hold has the token %llu; proxyipc ps lists them", wanted->token);
	else
		complain("nothing holds %d; proxyipc ps lists what is held",
			 wanted->tid ? wanted->tid : wanted->pid);
	if (objects->hidden)
		complain("%u processes hide their descriptors from this user: run as root",
			 objects->hidden);
}

static int resume_wanted(const struct wanted *wanted, const struct objects *objects, bool json)
{
	struct output *output = output_new(stdout, json);
	size_t i, h, found = 0, failed = 0;

	output_table(output, "holds", columns);
	for (i = 0; i < objects->nr; i++) {
		for (h = 0; h < objects->list[i].nr_holds; h++) {
			if (!is_wanted(wanted, &objects->list[i], &objects->list[i].holds[h]))
				continue;
			found++;
			failed += !resume_hold(output, &objects->list[i],
					       &objects->list[i].holds[h]);
		}
	}
	output_number(output, "found", found);
	output_number(output, "failed", failed);
	output_print(output);
	if (!found)
		explain_nothing(wanted, objects);
	return found && !failed ? EXIT_DONE : EXIT_FAILED;
}

static int resume_main(int argc, char **argv, bool json)
{
	static const struct option options[] = {
		{ "token", required_argument, NULL, 't' }, COMMON_OPTIONS, { 0 }
	};
	struct wanted wanted = { 0 };
	struct objects objects;
	int option, status;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 't':
			wanted.token = parse_number(optarg, UINT64_MAX);
			if (!wanted.token) {
				complain("'%s' is no token", optarg);
				return bad_usage(&command_resume);
			}
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			return print_help(&command_resume);
		default:
			return bad_usage(&command_resume);
		}
	}
	if (optind + !wanted.token != argc)
		return bad_usage(&command_resume);
	if (!wanted.token && !parse_target(argv[optind], &wanted.pid, &wanted.tid)) {
		complain("'%s' is neither PID nor PID/TID", argv[optind]);
		return bad_usage(&command_resume);
	}
	status = objects_scan(&objects);
	if (status)
		complain("/proc can't be read: %s", strerror(-status));
	status = status ? EXIT_FAILED : resume_wanted(&wanted, &objects, json);
	objects_free(&objects);
	return status;
}

const struct subcommand command_resume = {
	.name = "resume",
	.arguments = "[--json] (PID[/TID] | --token TOKEN)",
	.summary = "end holds that somebody else made",
	.help = "Ends every hold on a process or a thread, or the one hold that has this token,\n"
		"as proxyipc ps shows it. A call that waits for the answer of who held the target\n"
		"fails with ECANCELED. The holder's descriptor is taken from it for that, which\n"
		"takes the rights of ptrace.\n\n"
		"  --token TOKEN  the one hold of that name\n",
	.run = resume_main,
};
