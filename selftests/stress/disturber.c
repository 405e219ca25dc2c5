// SPDX-License-Identifier: GPL-2.0
/*
 * Disturbers do to others what else the system does to processes: stop and
 * continue, trace, freeze, signal, move from one processor to another. A disturber can be
 * killed amid that; what it leaves behind, the next one in its slot undoes first.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board.h"
#include "disturber.h"
#include "party.h"
#include "random.h"

#define CGROUP_V1	"/run/cgroup-v1/freezer"
#define CGROUP_V2	"/sys/fs/cgroup"

/* How long somebody is disturbed at most, microseconds. */
#define DISTURB_US	60000

static bool write_file(const char *folder, const char *name, const char *text)
{
	char path[128];
	bool written;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

static bool move_to(const char *folder, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return write_file(folder, "cgroup.procs", text);
}

/* Each disturber has a group of its own in either hierarchy. */
static void group_name(char name[64], const char *root)
{
	snprintf(name, 64, "%s/stress-%d", root, self);
}

static void freeze(pid_t pid, bool v1)
{
	const char *root = v1 ? CGROUP_V1 : CGROUP_V2;
	const char *file = v1 ? "freezer.state" : "cgroup.freeze";
	char group[64];

	group_name(group, root);
	if (!move_to(group, pid))
		return;
	write_file(group, file, v1 ? "FROZEN" : "1");
	sleep_us(random_below(DISTURB_US));
	write_file(group, file, v1 ? "THAWED" : "0");
	move_to(root, pid);
	count(COUNT_FREEZES);
}

static void stop(pid_t pid)
{
	kill(pid, SIGSTOP);
	sleep_us(random_below(DISTURB_US));
	kill(pid, SIGCONT);
	count(COUNT_STOPS);
}

/*
 * The tracee of somebody who ends is let go: that is how it is left if it doesn't
 * stop in time, being parked for instance.
 */
static void trace(pid_t pid)
{
	int status, tries = 50;

	if (ptrace(PTRACE_SEIZE, pid, NULL, chance(50) ? PTRACE_O_TRACEEXIT : 0))
		return;
	count(COUNT_TRACES);
	if (!chance(80))
		_exit(0);
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	while (tries-- && !waitpid(pid, &status, WNOHANG | __WALL))
		sleep_us(1000);
	if (tries < 0)
		_exit(0);
	sleep_us(random_below(DISTURB_US / 4));
	if (chance(50) && WIFSTOPPED(status)) {
		/* On to its exit, for instance, with us as its tracer. */
		ptrace(PTRACE_CONT, pid, NULL, NULL);
		sleep_us(random_below(DISTURB_US / 2));
		_exit(0);
	}
	if (ptrace(PTRACE_DETACH, pid, NULL, NULL))
		_exit(0);
}

static void signal_often(pid_t pid)
{
	int times = 1 + random_below(5);

	while (times--) {
		kill(pid, chance(50) ? SIGUSR1 : SIGUSR2);
		sleep_us(random_below(2000));
	}
	count(COUNT_SIGNALS);
}

static void disturb(int nr, enum disturbance how)
{
	struct slot *me = &board->slots[self], *slot = &board->slots[nr];
	pid_t pid = slot->pid;

	if (!pid)
		return;
	note(WHAT_DISTURB, nr, how, 0);
	busy(WHAT_DISTURB, NS_PER_S);
	me->victim = nr;
	me->disturbance = how;
	slot->excused = fair_now();
	switch (how) {
	case DISTURB_NONE:
		signal_often(pid);
		break;
	case DISTURB_STOP:
		stop(pid);
		break;
	case DISTURB_TRACE:
		trace(pid);
		break;
	case DISTURB_FREEZE_V1:
		freeze(pid, true);
		break;
	case DISTURB_FREEZE_V2:
		freeze(pid, false);
		break;
	}
	slot->excused = fair_now();
	me->disturbance = DISTURB_NONE;
	me->victim = -1;
	note(WHAT_DISTURBED, nr, how, 0);
}

/*
 * An empty group that stays frozen. The first group to be frozen, and the last one to be
 * thawed, make the kernel rewrite its own code, and at some thousand times in a
 * storm an emulated processor is caught at it: "Oops: int3" in get_signal().
 */
static void keep_one_frozen(bool on)
{
	const char *group = CGROUP_V1 "/stress";

	if (on)
		mkdir(group, 0755);
	write_file(group, "freezer.state", on ? "FROZEN" : "THAWED");
	if (!on)
		rmdir(group);
}

void disturbers_begin(void)
{
	keep_one_frozen(true);
}

/* Whatever the last one was about to undo when it was killed. */
static void clean_up(void)
{
	struct slot *me = &board->slots[self];
	char group[64];
	int victim = me->victim;

	group_name(group, CGROUP_V1);
	mkdir(group, 0755);
	write_file(group, "freezer.state", "THAWED");
	group_name(group, CGROUP_V2);
	mkdir(group, 0755);
	write_file(group, "cgroup.freeze", "0");
	if (victim < 0)
		return;
	if (me->disturbance == DISTURB_STOP)
		kill(board->slots[victim].pid, SIGCONT);
	board->slots[victim].excused = fair_now();
	me->disturbance = DISTURB_NONE;
	me->victim = -1;
}

void disturber_main(void)
{
	static const enum role victims[] = { ROLE_TARGET, ROLE_TARGET, ROLE_INVOKER,
					     ROLE_RECEIVER };
	unsigned int dice;
	int nr;

	busy(WHAT_LOOP, NS_PER_S);
	clean_up();
	for (;;) {
		busy(WHAT_LOOP, NS_PER_S);
		sleep_us(random_below(20000));
		nr = random_slot(victims[random_below(4)]);
		if (board->slots[nr].quiet)
			continue;
		dice = random_below(100);
		disturb(nr, dice < 25 ? DISTURB_NONE : dice < 55 ? DISTURB_STOP :
			dice < 85 ? DISTURB_TRACE : dice < 93 ? DISTURB_FREEZE_V1 :
			DISTURB_FREEZE_V2);
	}
}

/* On behalf of each disturber, of whom none is there to be in the way. */
void disturbers_thaw(void)
{
	int nr;

	for (nr = 0; nr < role_slots(ROLE_DISTURBER); nr++) {
		self = role_first(ROLE_DISTURBER) + nr;
		clean_up();
	}
	self = -1;
}

void disturbers_end(void)
{
	char group[64];
	int nr;

	for (nr = 0; nr < role_slots(ROLE_DISTURBER); nr++) {
		self = role_first(ROLE_DISTURBER) + nr;
		group_name(group, CGROUP_V1);
		rmdir(group);
		group_name(group, CGROUP_V2);
		rmdir(group);
	}
	self = -1;
	keep_one_frozen(false);
}
