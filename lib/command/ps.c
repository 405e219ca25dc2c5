// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* proxyipc ps: every process object, and who holds what. */
#define _GNU_SOURCE
#include <getopt.h>
#include <proxyipc.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "objects.h"
#include "output.h"
#include "proc.h"

static const struct output_column columns[] = {
	{ "object", "OBJECT" },
	{ "pid", "PID" },
	{ "tid", "TID" },
	{ "comm", "COMMAND" },
	{ "threads", "THREADS" },
	{ "threads_armed", NULL },
	{ "threads_parked", NULL },
	{ "state", "STATE" },
	{ "why", "WHY" },
	{ "token", "TOKEN" },
	{ "holder_tid", "HOLDER" },
	{ "holder_comm", "COMMAND" },
	{ "held_us", "HELD FOR" },
	{ "left_us", "LEASE LEFT" },
	{ "waiting", "WAITING" },
	{ "episode", NULL },
	{ "episodes", NULL },
	{ "total_us", NULL },
	{ "receiver_slot", "RECEIVER" },
	{ "watchdog_us", "WATCHDOG" },
	{ "pretimeout_us", NULL },
	{ "silent_us", NULL },
	{ "expiries", NULL },
	{ "open_in", "OPEN IN" },
	{ NULL, NULL }
};

static void cell_pid(struct output *output, pid_t pid)
{
	if (pid > 0)
		cell_number(output, pid);
	else
		cell_none(output);
}

static void cell_word(struct output *output, const char *word)
{
	cell_text(output, *word ? word : NULL);
}

/* Of a whole process; a thread has none. */
static void print_threads(struct output *output, const struct object *object)
{
	char text[64];
	int i;

	if (!object->whole) {
		for (i = 0; i < 3; i++)
			cell_none(output);
		return;
	}
	if (object->armed || object->parked)
		snprintf(text, sizeof(text), "%u: %u armed, %u parked", object->threads,
			 object->armed, object->parked);
	else
		snprintf(text, sizeof(text), "%u", object->threads);
	cell_both(output, object->threads, text);
	cell_number(output, object->armed);
	cell_number(output, object->parked);
}

static void print_hold(struct output *output, const struct object_hold *hold)
{
	char text[DURATION_SIZE], comm[COMM_SIZE] = "";

	cell_text(output, hold->why);
	cell_number(output, hold->token);
	cell_pid(output, hold->holder);
	if (hold->holder > 0)
		read_comm(hold->holder, comm);
	cell_word(output, comm);
	cell_both(output, hold->held_us, format_duration(text, hold->held_us * 1000));
	cell_both(output, hold->left_us, format_duration(text, hold->left_us * 1000));
}

static void print_watchdog(struct output *output, const struct object *object)
{
	char text[2 * DURATION_SIZE + 16], timeout[DURATION_SIZE], silent[DURATION_SIZE];
	int i;

	if (!object->watchdog_us) {
		for (i = 0; i < 3; i++)
			cell_none(output);
	} else {
		snprintf(text, sizeof(text), "%s, silent %s",
			 format_duration(timeout, object->watchdog_us * 1000),
			 format_duration(silent, object->silent_us * 1000));
		cell_both(output, object->watchdog_us, text);
		cell_number(output, object->pretimeout_us);
		cell_number(output, object->silent_us);
	}
	cell_number(output, object->expiries);
}

/* A row; @hold is NULL if there is none. */
static void print_object(struct output *output, const struct object *object,
			 const struct object_hold *hold)
{
	int i;

	cell_number(output, object->id);
	cell_pid(output, object->tgid);
	cell_pid(output, object->tid);
	cell_word(output, object->comm);
	print_threads(output, object);
	cell_text(output, object->state);
	if (hold)
		print_hold(output, hold);
	for (i = 0; !hold && i < 6; i++)
		cell_none(output);
	/* Of a proxy entry alone, or of what changed, the rest isn't told. */
	if (!object->episode[0]) {
		for (i = 0; i < 9; i++)
			cell_none(output);
	} else {
		cell_number(output, object->waiting);
		cell_text(output, object->episode);
		cell_number(output, object->episodes);
		cell_number(output, object->total_us);
		cell_word(output, object->slot);
		print_watchdog(output, object);
	}
	cell_numbers(output, object->users, object->nr_users);
}

static void print_objects(const struct objects *objects, bool json)
{
	struct output *output = output_new(stdout, json);
	const struct object *object;
	size_t i, hold;

	output_table(output, "objects", columns);
	for (i = 0; i < objects->nr; i++) {
		object = &objects->list[i];
		for (hold = 0; hold < object->nr_holds; hold++)
			print_object(output, object, &object->holds[hold]);
		if (!object->nr_holds)
			print_object(output, object, NULL);
	}
	output_number(output, "hidden_processes", objects->hidden);
	if (!objects->nr)
		output_line(output, "no process objects%s",
			    objects->hidden ? " where this user may look" : "");
	output_print(output);
}

static int ps(int argc, char **argv, bool json)
{
	static const struct option options[] = { COMMON_OPTIONS, { 0 } };
	struct objects objects;
	int option, ret;

	while ((option = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			json = true;
			break;
		case 'h':
			return print_help(&command_ps);
		default:
			return bad_usage(&command_ps);
		}
	}
	if (optind != argc)
		return bad_usage(&command_ps);

	ret = objects_scan(&objects);
	if (ret) {
		complain("/proc can't be read: %s", strerror(-ret));
		objects_free(&objects);
		return EXIT_FAILED;
	}
	print_objects(&objects, json);
	if (objects.hidden)
		complain("%u processes hide their descriptors from this user: run as root",
			 objects.hidden);
	objects_free(&objects);
	return EXIT_DONE;
}

const struct subcommand command_ps = {
	.name = "ps",
	.arguments = "[--json]",
	.summary = "list every process object, and who holds what",
	.help = "Lists every process object that a process of this machine has a descriptor of:\n"
		"its target, a thread or a whole process, whether that can run, and for each hold\n"
		"on it why, by whom, since when and for how long still. Other users' are visible\n"
		"to root only.\n",
	.run = ps,
};
