// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "party.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "random.h"

/* In one round of main's, so that it gets round in time. */
#define BIRTHS_AT_ONCE	8

int self = -1;
__u32 self_life;
struct party parties[NR_SLOTS];

/*
 * Those who make things happen go before those to whom they happen, and before the
 * newborn: a machine that can hardly keep up with the kills still gets calls done.
 */
static const int niceness[NR_ROLES] = {
	[ROLE_TARGET] = 5,
	[ROLE_RECEIVER] = -5,
};

static void (* const bodies[NR_ROLES])(void) = {
	[ROLE_TARGET] = target_main,
	[ROLE_INVOKER] = invoker_main,
	[ROLE_RECEIVER] = receiver_main,
	[ROLE_DISTURBER] = disturber_main,
	[ROLE_OBSERVER] = observer_main,
};

/* Nobody there: what the last one had to offer is gone with it. */
static void slot_clear(struct slot *slot)
{
	int object;

	for (object = 0; object < NR_OBJECTS; object++) {
		slot->process[object] = -1;
		slot->proxy[object] = -1;
	}
	slot->endpoint = -1;
	slot->entry = -1;
	slot->serial = 0;
}

static void cells_begin(struct slot *slot, __u32 life)
{
	struct cell *cells = slot->cells[life % NR_LIVES];
	int nr;

	/* The first one's says whose all of them are. */
	cells[0].life = 0;
	for (nr = 0; nr < NR_CELLS; nr++) {
		cells[nr].count = 0;
		cells[nr].tid = 0;
	}
	cells[0].life = life;
}

static void spawn(int nr)
{
	struct slot *slot = &board->slots[nr];
	__u64 now = fair_now();
	pid_t pid;

	slot_clear(slot);
	cells_begin(slot, slot->life + 1);
	slot->doing = WHAT_BORN;
	slot->until = now + NS_PER_S;
	slot->excused = now;
	slot->born = now;
	slot->life++;
	pid = fork();
	if (pid < 0)
		err(125, "fork");
	if (!pid)
		party_become(nr, slot->life);
	slot->pid = pid;
	parties[nr] = (struct party){ .pid = pid };
	note_for(nr, WHAT_BORN, pid, 0, 0);
	count(COUNT_BIRTHS);
}

void parties_spawn(void)
{
	static int nr;
	int look, births = 0;

	for (look = 0; look < NR_SLOTS && births < BIRTHS_AT_ONCE; look++) {
		nr = (nr + 1) % NR_SLOTS;
		if (parties[nr].pid)
			continue;
		spawn(nr);
		births++;
	}
}

/* Ways to end that the test itself provides for. */
static bool death_is_natural(const struct slot *slot, int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == 0;
	switch (WTERMSIG(status)) {
	case SIGKILL:
		return true;
	case SIGUSR1:
	case SIGUSR2:
		/* Amid an exec the handlers are gone. */
		return !slot->quiet;
	default:
		return false;
	}
}

static void reaped(int nr, int status)
{
	struct slot *slot = &board->slots[nr];

	note_for(nr, WHAT_REAPED, slot->pid, 0, status);
	if (!death_is_natural(slot, status))
		violation(nr, 0, 0, "%s %d.%u ended by itself, status %#x",
			  role_name(slot->role), nr, slot->life, status);
	slot->pid = 0;
	slot_clear(slot);
	parties[nr] = (struct party){};
}

void parties_reap(void)
{
	int nr, status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (nr = 0; nr < NR_SLOTS; nr++)
			if (parties[nr].pid == pid)
				reaped(nr, status);
}

int parties_alive(void)
{
	int nr, alive = 0;

	for (nr = 0; nr < NR_SLOTS; nr++)
		alive += parties[nr].pid != 0;
	return alive;
}

static void set_priority(pid_t tid, bool boost)
{
	struct sched_param param = { .sched_priority = boost ? 1 : 0 };

	sched_setscheduler(tid, boost ? SCHED_FIFO : SCHED_OTHER, &param);
}

/*
 * It dies with a priority: the promise is that SIGKILL always works, not that there is
 * a processor for it among ninety who want one.
 */
void party_kill(int nr)
{
	if (!parties[nr].pid || parties[nr].killed)
		return;
	parties[nr].killed = fair_now();
	note_for(nr, WHAT_KILL, parties[nr].pid, 0, 0);
	kill(parties[nr].pid, SIGKILL);
	set_priority(parties[nr].pid, true);
	count(COUNT_KILLS);
}

static void boost_children(pid_t pid, bool boost)
{
	char path[64];
	FILE *file;
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &child) == 1)
		set_priority(child, boost);
	if (file)
		fclose(file);
}

/* Also those for whom it waits. */
void party_boost(int nr, bool boost)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;

	parties[nr].boosted = boost;
	snprintf(path, sizeof(path), "/proc/%d/task", parties[nr].pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			set_priority(atoi(entry->d_name), boost);
	if (dir)
		closedir(dir);
	boost_children(parties[nr].pid, boost);
}

void busy(enum what what, __u64 ns)
{
	struct slot *slot = &board->slots[self];

	/* Never a new doing with an old end. */
	slot->until = fair_now() + NS_PER_S * 3600;
	slot->doing = what;
	slot->until = fair_now() + ns;
}

static void on_signal(int signo)
{
	(void)signo;
}

void party_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &action, NULL);
}

void party_become(int slot, __u32 life)
{
	self = slot;
	self_life = life;
	board->slots[slot].pid = getpid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	random_begin(board->seed, (__u64)slot << 32 | life);
	setpriority(PRIO_PROCESS, 0, niceness[board->slots[slot].role]);
	bodies[board->slots[slot].role]();
	_exit(125);
}

void sleep_us(__u64 us)
{
	struct timespec pause = {
		.tv_sec = us / 1000000,
		.tv_nsec = us % 1000000 * 1000,
	};

	nanosleep(&pause, NULL);
}

int random_slot(enum role role)
{
	return role_first(role) + random_below(role_slots(role));
}

int random_object(void)
{
	if (chance(35))
		return GROUP;
	return chance(75) ? 0 : random_below(NR_THREADS);
}
