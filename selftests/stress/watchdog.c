// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board.h"
#include "oracle.h"
#include "party.h"
#include "proc.h"

/*
 * How often it looks; from when on it asks for excuses, and gives priority; when it is
 * too much. Looking costs time that others need: a look at /proc more so.
 */
#define LOOK_EVERY	(250 * NS_PER_MS)
#define LATE		NS_PER_S
#define LATE_LIMIT	(5 * NS_PER_S)
#define KILL_LIMIT	(2 * NS_PER_S)
/* The same for one whom only a slow machine keeps from it. */
#define SLOW_LIMIT	(20 * NS_PER_S)

/* What main has seen of a target thread, or a chain of them, fair times. */
static struct progress {
	__u32 life;
	__u64 count;
	__u64 since;	/* when it counted last */
	__u64 held;	/* when it was last held, or nothing could be known */
	bool parked;	/* at the last look: not held, and asleep in the module */
} progress[NR_SLOTS][NR_CELLS];

/* And of a process object. */
static struct holds {
	struct standing {
		__u64 token, since;
		__u64 orphaned;	/* since when its receiver has been dead */
	} episode, by_hand;
} holds[NR_SLOTS][NR_OBJECTS];

/* Of others: what was late at the last look, and asleep in the module. */
static __u64 asleep[NR_SLOTS];

/* How many looks there were. */
static unsigned int looks;

/* Of a receiver: since when something waits for it during one and the same RECV. */
static struct queued {
	__u64 until, since;
} queued[NR_SLOTS];

static int read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = read(fd, text, size - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return got > 0 ? 0 : -1;
}

static int status_number(pid_t pid, const char *name)
{
	char text[4096];
	const char *value;

	if (read_proc(pid, "status", text, sizeof(text)))
		return 0;
	value = proc_field(text, name);
	return value ? atoi(value) : 0;
}

/*
 * Is it, by evidence of now, somebody else's doing that it doesn't get on? A stopped
 * one is continued: who stopped it may be dead.
 */
static bool is_excused(int nr)
{
	int other = role_first(ROLE_DISTURBER);
	char state = proc_state(parties[nr].pid);
	int end = other + role_slots(ROLE_DISTURBER);

	if (state == 'T' && board->slots[nr].excused + NS_PER_S < fair_now())
		kill(parties[nr].pid, SIGCONT);
	if (state == 'T' || state == 't')
		return true;
	for (; other < end; other++)
		if (board->slots[other].victim == nr)
			return true;
	return false;
}

static __u64 later(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

/*
 * For how long it has had no excuse, beyond @due; both in fair time. Whether it has
 * one now is only asked of who is late.
 */
static __u64 lateness(int nr, __u64 due)
{
	__u64 now = fair_now();

	due = later(due, board->slots[nr].excused);
	if (now < due + LATE)
		return 0;
	if (is_excused(nr)) {
		board->slots[nr].excused = now;
		return 0;
	}
	return now - due;
}

static void boost_if_late(int nr, __u64 late)
{
	if (late && !parties[nr].boosted)
		party_boost(nr, true);
}

/*
 * The tracer of a dying one: if it waits for its tracer, as PTRACE_EVENT_EXIT does, or
 * is a zombie that only the tracer can reap, the tracer is in its way, not we.
 */
static bool waits_for_tracer(int nr)
{
	int tracer = status_number(parties[nr].pid, "TracerPid");
	char state = proc_state(parties[nr].pid);

	if (!tracer || (state != 't' && state != 'Z'))
		return false;
	kill(tracer, SIGKILL);
	return true;
}

/*
 * Does it run, or wait in the kernel for something that isn't ours? Then the limit
 * says how fast the machine is, unless it lasts: who waits for us indirectly does so for
 * as long as a hold lasts. One that sleeps so that signals wake it has no such excuse.
 */
static bool is_under_way(int nr)
{
	pid_t pid = parties[nr].pid;
	char stack[4096];

	switch (proc_state(pid)) {
	case 'R':
		return true;
	case 'D':
		return !read_proc(pid, "stack", stack, sizeof(stack)) &&
		       !strstr(stack, "[proxyipc]");
	default:
		return false;
	}
}

static void look_at_dying(int nr)
{
	struct party *party = &parties[nr];
	__u64 late = lateness(nr, party->killed);

	if (!late)
		return;
	if (waits_for_tracer(nr)) {
		board->slots[nr].excused = fair_now();
		return;
	}
	/* Its other threads too, which party_kill() doesn't care for. */
	boost_if_late(nr, late);
	if (late <= KILL_LIMIT || (late <= SLOW_LIMIT && is_under_way(nr)))
		return;
	/* All this took its time: what counts is now. */
	parties_reap();
	if (party->pid && party->killed)
		violation(nr, 0, 0, "%s %d.%u, process %d, isn't dead %llu ms after SIGKILL",
			  role_name(board->slots[nr].role), nr,
			  board->slots[nr].life, party->pid, late / NS_PER_MS);
}

/* The text of a descriptor of somebody; false if there is none. */
static bool read_fdinfo(int nr, int fd, char *text, size_t size)
{
	char file[32];

	snprintf(file, sizeof(file), "fdinfo/%d", fd);
	return fd >= 0 && !read_proc(parties[nr].pid, file, text, size);
}

/* The number in a line of it, -1 if there is no such line. */
static int number_in(const char *text, const char *name)
{
	const char *value = proc_field(text, name);

	return value ? atoi(value) : -1;
}

/* Of a group: threads that a hold on all of them is on. */
static int threads_in(const char *text)
{
	const char *value = proc_field(text, "threads");
	int all, armed = 0, parked = 0;

	if (value && sscanf(value, "%d armed %d parked %d", &all, &armed, &parked) < 3)
		return 0;
	return armed + parked;
}

/*
 * A hold that fdinfo tells of: one and the same for longer than any lease of this
 * process object (fair time, which is never ahead of the lease's), or after its
 * receiver's death.
 */
static void check_standing(int nr, int object, struct standing *standing,
			   const char *line)
{
	const char *token = line ? strstr(line, "token ") : NULL;
	__u64 number = token ? strtoull(token + 6, NULL, 10) : 0, now = fair_now();
	struct slot *slot = &board->slots[nr];
	const char *receiver;
	pid_t pid;

	if (!number || number != standing->token) {
		*standing = (struct standing){ .token = number, .since = now };
		return;
	}
	if (now > standing->since + slot->lease[object] + LEASE_SLACK)
		violation(nr, ident_of(nr, slot->life, object), number,
			  "target %d.%u is held by %#llx beyond its lease of %llu ms",
			  nr, slot->life, number, slot->lease[object] / NS_PER_MS);
	receiver = strstr(token, "receiver ");
	pid = receiver ? atoi(receiver + 9) : 0;
	if (pid <= 0 || !kill(pid, 0) || errno != ESRCH)
		standing->orphaned = 0;
	else if (!standing->orphaned)
		standing->orphaned = now;
	else if (now > standing->orphaned + LEASE_SLACK / 2)
		violation(nr, ident_of(nr, slot->life, object), number,
			  "target %d.%u is held by %#llx, whose receiver %d is dead",
			  nr, slot->life, number, pid);
}

/*
 * How many holds are on what a process object is on, and, of a group, on how many of its
 * threads there is one for those; -1 if that can't be known.
 */
static int look_at_object(int nr, int object, int *threads)
{
	struct holds *seen = &holds[nr][object];
	char text[2048];

	if (!read_fdinfo(nr, board->slots[nr].process[object], text, sizeof(text)))
		return -1;
	check_standing(nr, object, &seen->episode, proc_field(text, "episode"));
	check_standing(nr, object, &seen->by_hand, proc_field(text, "held-by-hand"));
	*threads = threads_in(text);
	return number_in(text, "holds");
}

/*
 * True if it is held, or if that can't be known. The one for those on its group doesn't
 * count if there are none of these: it should have gone with them.
 */
static bool look_at_holds(int nr, int thread)
{
	int on_thread = 0, on_group = 0, threads = 0;

	if (thread < NR_THREADS)
		on_thread = look_at_object(nr, thread, &threads);
	if (thread >= NR_THREADS || board->slots[nr].process[GROUP] >= 0)
		on_group = look_at_object(nr, GROUP, &threads);
	if (on_thread < 0 || on_group)
		return true;
	return on_thread > (threads > 0);
}

/* Asleep, not just without a processor, and where the module put it to sleep. */
static bool sleeps_in_module(pid_t pid, pid_t tid)
{
	char file[64], stack[4096], state = proc_state(tid);

	if (!state || !strchr("SDI", state))
		return false;
	snprintf(file, sizeof(file), "task/%d/stack", tid);
	return !read_proc(pid, file, stack, sizeof(stack)) && strstr(stack, "[proxyipc]");
}

/* By which a thread, or those of a chain, is held. */
static int object_of(int thread)
{
	return thread < NR_THREADS ? thread : GROUP;
}

/* Asleep in the module at two looks running, without a hold before and after each. */
static void check_parked(int nr, int thread)
{
	struct slot *slot = &board->slots[nr];
	struct progress *seen = &progress[nr][thread];
	pid_t tid = slot->cells[slot->life % NR_LIVES][thread].tid;
	bool was = seen->parked;

	seen->parked = sleeps_in_module(parties[nr].pid, tid) &&
		       !look_at_holds(nr, thread);
	if (was && seen->parked)
		violation(nr, ident_of(nr, slot->life, object_of(thread)), 0,
			  "target %d.%u, thread %d, is parked without a hold",
			  nr, slot->life, tid);
}

static bool is_orphaned(int nr, int thread)
{
	return holds[nr][GROUP].episode.orphaned ||
	       (thread < NR_THREADS && holds[nr][thread].episode.orphaned);
}

/*
 * A target that counts again, or is held, or of which nothing can be known, since it
 * has just executed itself: returns for how long it has been none of these.
 */
static __u64 thread_lateness(int nr, int thread)
{
	struct slot *slot = &board->slots[nr];
	struct cell *cell = &slot->cells[slot->life % NR_LIVES][thread];
	struct progress *seen = &progress[nr][thread];
	__u64 now = fair_now(), counted = cell->count;

	if (!cell->tid)
		return 0;
	if (seen->life != slot->life)
		*seen = (struct progress){ .life = slot->life, .since = now };
	if (seen->count != counted) {
		seen->count = counted;
		seen->since = now;
		seen->parked = false;
	}
	/* Those with whom something is wrong, and of the others half at a time. */
	if (!lateness(nr, seen->since) && !is_orphaned(nr, thread) && (nr + looks) % 2)
		return 0;
	if (look_at_holds(nr, thread))
		seen->held = now;
	else if (lateness(nr, seen->since))
		check_parked(nr, thread);
	return lateness(nr, later(seen->since, seen->held));
}

static void look_at_target(int nr)
{
	__u64 late, latest = 0;
	int thread;

	for (thread = 0; thread < NR_CELLS; thread++) {
		late = thread_lateness(nr, thread);
		latest = later(late, latest);
		if (late <= LATE_LIMIT || (late <= SLOW_LIMIT && is_under_way(nr)))
			continue;
		violation(nr, ident_of(nr, board->slots[nr].life, object_of(thread)), 0,
			  "target %d.%u, thread %d of process %d, isn't held and doesn't run",
			  nr, board->slots[nr].life, thread, parties[nr].pid);
	}
	boost_if_late(nr, latest);
	if (!latest && parties[nr].boosted)
		party_boost(nr, false);
}

/* A call that was answered is over. */
static __u64 party_due(const struct slot *slot)
{
	__u64 due = slot->until, serial = slot->serial, answered;

	answered = serial ? call_answered(serial) : 0;
	return answered && answered < due ? answered : due;
}

/*
 * It sleeps in the module though what it waits for has been, or its time is over; at
 * two looks running, for a wake-up may just be on its way.
 */
static void check_asleep(int nr, __u64 due)
{
	struct slot *slot = &board->slots[nr];
	__u64 serial = slot->serial;

	if (!sleeps_in_module(parties[nr].pid, parties[nr].pid)) {
		asleep[nr] = 0;
		return;
	}
	if (asleep[nr] == due && slot->serial == serial)
		violation(nr, serial, 0, "%s %d.%u, process %d, wasn't woken: %s",
			  role_name(slot->role), nr, slot->life, parties[nr].pid,
			  what_name(slot->doing));
	asleep[nr] = due;
}

static void look_at_party(int nr)
{
	struct slot *slot = &board->slots[nr];
	__u64 serial = slot->serial, due = party_due(slot), late = lateness(nr, due);

	if (late || (due < slot->until && due > slot->excused && !is_excused(nr)))
		check_asleep(nr, due);
	boost_if_late(nr, late);
	if (!late && parties[nr].boosted)
		party_boost(nr, false);
	if (late > LATE_LIMIT && (late > SLOW_LIMIT || !is_under_way(nr)))
		violation(nr, serial, 0, "%s %d.%u, process %d, is late by %llu ms: %s",
			  role_name(slot->role), nr, slot->life, parties[nr].pid,
			  late / NS_PER_MS, what_name(slot->doing));
}

static bool receivers_were_excused(__u64 since)
{
	int nr = role_first(ROLE_RECEIVER), end = nr + role_slots(ROLE_RECEIVER);

	for (; nr < end; nr++)
		if (board->slots[nr].excused >= since || is_excused(nr))
			return true;
	return false;
}

/*
 * Asleep in RECV while something is queued: a wake-up was lost. Two may share an
 * endpoint and the other one have got the wake-up, so all must be undisturbed.
 */
static void look_at_receiver(int nr)
{
	struct slot *slot = &board->slots[nr];
	struct queued *seen = &queued[nr];
	__u64 now = fair_now();
	char text[1024];
	int waiting;

	if (slot->doing != WHAT_RECV || slot->until != seen->until) {
		*seen = (struct queued){ .until = slot->until };
		return;
	}
	waiting = read_fdinfo(nr, slot->endpoint, text, sizeof(text)) ?
		  number_in(text, "queued") : -1;
	if (waiting <= 0 || !seen->since || receivers_were_excused(seen->since)) {
		seen->since = waiting > 0 ? now : 0;
		return;
	}
	boost_if_late(nr, now - seen->since);
	if (now - seen->since > LATE && slot->until == seen->until)
		violation(nr, 0, 0, "receiver %d.%u sleeps, though %d wait for it",
			  nr, slot->life, waiting);
}

static void look_at_living(int nr)
{
	if (board->slots[nr].role == ROLE_TARGET)
		look_at_target(nr);
	else
		look_at_party(nr);
	if (board->slots[nr].role == ROLE_RECEIVER)
		look_at_receiver(nr);
}

void watchdog_look(void)
{
	static __u64 next;
	__u64 now = fair_now();
	int nr;

	if (now < next)
		return;
	looks++;
	for (nr = 0; nr < NR_SLOTS; nr++)
		if (parties[nr].pid && parties[nr].killed)
			look_at_dying(nr);
		else if (parties[nr].pid)
			look_at_living(nr);
	next = fair_now() + LOOK_EVERY;
}

static void show_file(pid_t pid, const char *name)
{
	char text[4096];

	if (!read_proc(pid, name, text, sizeof(text)))
		printf("--- /proc/%d/%s\n%s%s", pid, name, text,
		       text[strlen(text) - 1] == '\n' ? "" : "\n");
}

static void show(int nr)
{
	struct slot *slot = &board->slots[nr];
	char file[32];
	int object;

	printf("\n%s %d.%u, process %d: %s\n", role_name(slot->role), nr, slot->life,
	       parties[nr].pid, what_name(slot->doing));
	show_file(parties[nr].pid, "status");
	show_file(parties[nr].pid, "wchan");
	show_file(parties[nr].pid, "syscall");
	show_file(parties[nr].pid, "stack");
	for (object = 0; object < NR_OBJECTS; object++) {
		snprintf(file, sizeof(file), "fdinfo/%d", slot->process[object]);
		show_file(parties[nr].pid, file);
	}
	snprintf(file, sizeof(file), "fdinfo/%d", slot->endpoint);
	show_file(parties[nr].pid, file);
	fflush(stdout);
}

/* In a process of its own: to look at somebody who hangs may hang. */
void watchdog_show(void)
{
	struct history *history = &board->history;
	pid_t pid;
	int wait;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		if (history->by >= 0)
			show(history->by);
		if (history->about >= 0 && history->about != history->by)
			show(history->about);
		_exit(0);
	}
	for (wait = 0; wait < 50 && waitpid(pid, NULL, WNOHANG) == 0; wait++)
		sleep_us(100000);
	kill(pid, SIGKILL);
}
