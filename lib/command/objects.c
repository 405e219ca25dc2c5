// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Finding process objects in /proc. */
#define _GNU_SOURCE
#include "objects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "proc.h"

/* One descriptor, while it is looked at. */
struct look {
	struct objects *objects;
	pid_t pid;
	char fdinfo[8192];
};

static struct object *find_object(struct objects *objects, unsigned long long id)
{
	size_t i;

	for (i = 0; i < objects->nr; i++)
		if (objects->list[i].id == id)
			return &objects->list[i];
	objects->list = allocate_array(objects->list, objects->nr + 1, sizeof(*objects->list));
	objects->list[objects->nr] = (struct object){ .id = id, .state = "unknown" };
	return &objects->list[objects->nr++];
}

/* Descriptors of one process come together, so a look at the last one is enough. */
static void add_user(struct object *object, pid_t pid)
{
	if (object->nr_users && object->users[object->nr_users - 1] == (unsigned long long)pid)
		return;
	object->users = allocate_array(object->users, object->nr_users + 1,
				       sizeof(*object->users));
	object->users[object->nr_users++] = pid;
}

static void add_place(struct object *object, pid_t pid, int fd)
{
	object->places = allocate_array(object->places, object->nr_places + 1,
					sizeof(*object->places));
	object->places[object->nr_places++] = (struct object_place){ .pid = pid, .fd = fd };
}

static void add_hold(struct object *object, const struct object_hold *hold)
{
	object->holds = allocate_array(object->holds, object->nr_holds + 1,
				       sizeof(*object->holds));
	object->holds[object->nr_holds++] = *hold;
}

/* Lines of fdinfo, as module/processfd.c writes them. */

static unsigned long long number_field(const char *text, const char *name)
{
	char value[32];

	return find_field(text, name, value, sizeof(value)) ? strtoull(value, NULL, 10) : 0;
}

static void read_episode(struct object *object, const char *fdinfo)
{
	struct object_hold hold = { 0 };
	unsigned long long held, left;
	char value[256];

	if (!find_field(fdinfo, "episode", value, sizeof(value)))
		return;
	if (sscanf(value, "%15s token %llu receiver %d for %llu us, %llu us left, by %23s",
		   object->episode, &hold.token, &hold.holder, &held, &left, hold.why) != 6)
		return;
	hold.held_us = held;
	hold.left_us = left;
	add_hold(object, &hold);
}

static void read_holds_by_hand(struct object *object, const char *fdinfo)
{
	static const char name[] = "\nheld-by-hand:\t";
	const char *line = fdinfo;
	unsigned long long held, left;

	while ((line = strstr(line, name))) {
		struct object_hold hold = { .why = "by hand" };

		line += sizeof(name) - 1;
		if (sscanf(line, "token %llu holder %d for %llu us, %llu us left",
			   &hold.token, &hold.holder, &held, &left) != 4)
			continue;
		hold.held_us = held;
		hold.left_us = left;
		add_hold(object, &hold);
	}
}

/* "PID/TID"; of a whole process "PID", and a line for its threads. */
static void read_target(struct object *object, const char *fdinfo)
{
	char value[64];

	object->tid = 0;
	find_field(fdinfo, "target", value, sizeof(value));
	if (sscanf(value, "%d/%d", &object->tgid, &object->tid) == 1) {
		find_field(fdinfo, "threads", value, sizeof(value));
		object->whole = sscanf(value, "%u armed %u parked %u", &object->threads,
				       &object->armed, &object->parked) == 3;
	}
	if (object->tgid > 0)
		read_comm(object->whole ? object->tgid : object->tid, object->comm);
}

/* A proxy entry names a thread alone, that of a whole process too. */
static void read_target_of_entry(struct object *object, const char *fdinfo)
{
	object->tid = number_field(fdinfo, "target");
	if (object->tid > 0)
		read_comm(object->tid, object->comm);
}

static void read_watchdog(struct object *object, const char *fdinfo)
{
	unsigned long long timeout, pretimeout, silent;
	char value[128];

	object->expiries = number_field(fdinfo, "expiries");
	if (!find_field(fdinfo, "watchdog", value, sizeof(value)))
		return;
	if (sscanf(value, "timeout %llu us pretimeout %llu us silent for %llu us",
		   &timeout, &pretimeout, &silent) != 3)
		return;
	object->watchdog_us = timeout;
	object->pretimeout_us = pretimeout;
	object->silent_us = silent;
}

static void read_process(struct object *object, const char *fdinfo)
{
	char ended[32];

	find_field(fdinfo, "state", object->state, sizeof(object->state));
	if (find_field(fdinfo, "ended", ended, sizeof(ended)) && !object->state[0])
		strcpy(object->state, "changed");
	read_target(object, fdinfo);
	find_field(fdinfo, "receiver-slot", object->slot, sizeof(object->slot));
	object->waiting = number_field(fdinfo, "waiting");
	object->episodes = number_field(fdinfo, "episodes");
	object->total_us = number_field(fdinfo, "held-us");
	read_watchdog(object, fdinfo);
	read_episode(object, fdinfo);
	read_holds_by_hand(object, fdinfo);
}

static void look_at_file(struct look *look, int fd, const char *kind)
{
	bool is_process = !strcmp(kind, "process");
	struct object *object;
	unsigned long long id;

	id = number_field(look->fdinfo, "object");
	if (!id || (!is_process && strcmp(kind, "proxy entry")))
		return;
	object = find_object(look->objects, id);
	add_user(object, look->pid);
	/* The first descriptor tells it all; of a proxy entry, it is better than nothing. */
	if (is_process && !object->nr_places)
		read_process(object, look->fdinfo);
	else if (!is_process && !object->nr_places)
		read_target_of_entry(object, look->fdinfo);
	if (is_process)
		add_place(object, look->pid, fd);
}

static void look_at_fd(int fd, void *data)
{
	static const char ours[] = "anon_inode:[proxyipc-";
	struct look *look = data;
	char path[64], text[128];
	ssize_t len;

	/* Other files' fdinfo can be long, and is none of our business. */
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", look->pid, fd);
	len = readlink(path, text, sizeof(text));
	if (len < (ssize_t)sizeof(ours) || strncmp(text, ours, sizeof(ours) - 1))
		return;
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", look->pid, fd);
	if (read_file(path, look->fdinfo, sizeof(look->fdinfo)) > 0 &&
	    find_field(look->fdinfo, "proxyipc", text, sizeof(text)))
		look_at_file(look, fd, text);
}

/* Neither kernel threads nor the dead have descriptors. */
static bool has_program(pid_t pid)
{
	char path[64], byte[2];

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	return read_file(path, byte, sizeof(byte)) > 0;
}

static void look_at_process(int pid, void *data)
{
	struct look *look = data;
	char path[64];
	int ret;

	look->pid = pid;
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	ret = visit_numbers(path, look_at_fd, look);
	if ((ret == -EACCES || ret == -EPERM) && has_program(pid))
		look->objects->hidden++;
}

static int compare_objects(const void *a, const void *b)
{
	const struct object *one = a, *other = b;

	return (one->id > other->id) - (one->id < other->id);
}

int objects_scan(struct objects *objects)
{
	struct look look = { .objects = objects };
	int ret;

	*objects = (struct objects){ 0 };
	ret = visit_numbers("/proc", look_at_process, &look);
	if (objects->nr)
		qsort(objects->list, objects->nr, sizeof(*objects->list), compare_objects);
	return ret;
}

void objects_free(struct objects *objects)
{
	size_t i;

	for (i = 0; i < objects->nr; i++) {
		free(objects->list[i].holds);
		free(objects->list[i].places);
		free(objects->list[i].users);
	}
	free(objects->list);
	*objects = (struct objects){ 0 };
}
