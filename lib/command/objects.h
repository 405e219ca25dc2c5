/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef _PROXYIPC_COMMAND_OBJECTS_H
#define _PROXYIPC_COMMAND_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * All process objects of the machine, as far as /proc shows them to this user:
 * found by the descriptors of them that processes have, and told apart by the
 * number that fdinfo gives them.
 */

/**
 * struct object_hold - why the target doesn't run
 * @token: names it
 * @holder: who received it, or holds by hand; 0 if nobody has it yet or isn't visible
 * @held_us: for how long it lasts, microseconds
 * @left_us: when its lease ends it
 * @why: call, send, notice and so on, or "by hand"
 */
struct object_hold {
	unsigned long long token;
	pid_t holder;
	uint64_t held_us;
	uint64_t left_us;
	char why[24];
};

/**
 * struct object_place - a descriptor of it
 * @pid: in whose table
 * @fd: its number there
 */
struct object_place {
	pid_t pid;
	int fd;
};

/**
 * struct object - a process object
 * @id: its number
 * @tgid: process of the target; 0 if it isn't visible in this pid namespace, or not told
 * @tid: its thread; 0 if the target is the whole process, or not visible
 * @whole: the target is the whole process
 * @threads: how many that has
 * @armed: how many of them are held and in the kernel
 * @parked: how many are held and asleep on their way back to user mode
 * @comm: what the target is called; empty if it is gone
 * @state: runnable, armed, parked, gone; "changed" if it isn't what was opened any
 *	more, "unknown" if only proxy entries of it were found, which don't tell
 * @episode: how far its episode has come
 * @slot: the receiver slot: empty, gone or set
 * @waiting: how many calls and sends wait for their turn
 * @episodes: how many there were
 * @total_us: how long they lasted together
 * @watchdog_us: timeout of its watchdog, microseconds; 0: there is none
 * @pretimeout_us: likewise
 * @silent_us: how long the target has not kept alive, if there is a watchdog
 * @expiries: how often its timeout came
 * @holds: of this object
 * @nr_holds: how many
 * @places: descriptors of the object itself, not of entries
 * @nr_places: how many
 * @users: processes that have any descriptor of it, as for cell_numbers()
 * @nr_users: how many
 */
struct object {
	unsigned long long id;
	pid_t tgid;
	pid_t tid;
	bool whole;
	unsigned int threads;
	unsigned int armed;
	unsigned int parked;
	char comm[64];
	char state[16];
	char episode[16];
	char slot[16];
	unsigned int waiting;
	unsigned long long episodes;
	uint64_t total_us;
	uint64_t watchdog_us;
	uint64_t pretimeout_us;
	uint64_t silent_us;
	unsigned long long expiries;
	struct object_hold *holds;
	size_t nr_holds;
	struct object_place *places;
	size_t nr_places;
	unsigned long long *users;
	size_t nr_users;
};

/**
 * struct objects - all that were found
 * @list: ordered by number
 * @nr: how many
 * @hidden: processes whose descriptors this user may not see
 */
struct objects {
	struct object *list;
	size_t nr;
	unsigned int hidden;
};

/* 0, or -errno if /proc can't be read at all. */
int objects_scan(struct objects *objects);
void objects_free(struct objects *objects);

#endif /* _PROXYIPC_COMMAND_OBJECTS_H */
