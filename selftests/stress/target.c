// SPDX-License-Identifier: GPL-2.0
/*
 * Targets: threads that agree to be held, and count what they do in user mode. What
 * a target does is its kind, drawn anew in each life and after each exec. None does
 * anything for long without counting, so one that isn't held and doesn't count has
 * not been let go.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <proxyipc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "board.h"
#include "clock.h"
#include "crowd.h"
#include "fault.h"
#include "market.h"
#include "oracle.h"
#include "party.h"
#include "random.h"
#include "section.h"
#include "target.h"

#define ALL_RIGHTS	(PROXYIPC_RIGHT_CALL | PROXYIPC_RIGHT_SEND | PROXYIPC_RIGHT_NOTIFY)

/* Which program after how many execs: part of the random stream. */
static int execs;

static _Thread_local struct cell *cell;

void tick(void)
{
	atomic_store_explicit(&cell->count,
			      atomic_load_explicit(&cell->count, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	page_tick();
}

static struct slot *me(void)
{
	return &board->slots[self];
}

/* For how long its sections may last; 0: as if nothing was said. */
static __u64 random_bound(void)
{
	static const __u8 bounds_ms[] = { 0, 0, 0, 5, 20, 100, 100 };

	return bounds_ms[random_below(ARRAY_SIZE(bounds_ms))] * NS_PER_MS;
}

void target_counts_in(int nr)
{
	struct cell *cells = find_cells(ident_of(self, self_life, 0));

	if (!cells)
		_exit(125);
	cell = &cells[nr];
	cell->tid = gettid();
	tick();
}

/* A process object on the calling thread or, if @object is GROUP, all of them. */
static int object_open(int object)
{
	struct proxyipc_process_open open = {
		.flags = object == GROUP ? PROXYIPC_OPEN_GROUP : 0,
		.lease = random_lease(~0ULL),
		.defer_max = random_bound(),
	};
	int device = proxyipc_open();

	if (device < 0 || proxyipc_process_open_params(device, &open))
		_exit(125);
	close(device);
	me()->lease[object] = open.lease;
	return open.out_fd;
}

static void object_offer(int object, int process)
{
	__u64 ident = ident_of(self, self_life, object);
	int proxy = proxyipc_process_mint(process, ident, ALL_RIGHTS, ~0ULL);

	if (proxy < 0)
		_exit(125);
	adopt(process, ident, -1);
	me()->process[object] = process;
	me()->proxy[object] = proxy;
	tick();
	if (chance(25))
		market_put(WARE_PROXY, ident, dup(proxy));
	if (chance(10))
		market_put(WARE_PROCESS, ident, dup(process));
}

/* An object on the thread itself takes its faults from that on the group. */
static void enrol(int thread)
{
	int process;

	target_counts_in(thread);
	process = object_open(thread);
	page_begin(process);
	if (me()->process[GROUP] < 0 || chance(50))
		fault_begin(process);
	object_offer(thread, process);
}

static void enrol_group(void)
{
	int process = object_open(GROUP);

	if (chance(50))
		fault_begin(process);
	if (chance(30))
		page_watch(process);
	object_offer(GROUP, process);
}

/*
 * Waits that end by themselves. Each returns 0 if it ended as it should, else the
 * errno, 0 not being one of the ends that it should have.
 */
static int wait_nanosleep(unsigned int ms)
{
	struct timespec pause = { .tv_nsec = ms * NS_PER_MS };

	return nanosleep(&pause, NULL) ? errno : 0;
}

static int wait_futex(unsigned int ms)
{
	struct timespec pause = { .tv_nsec = ms * NS_PER_MS };
	unsigned int word = 0;

	return syscall(SYS_futex, &word, FUTEX_WAIT, 0, &pause) < 0 &&
	       errno == ETIMEDOUT ? 0 : errno;
}

static int wait_epoll(unsigned int ms)
{
	struct epoll_event event;
	int fd = epoll_create1(EPOLL_CLOEXEC);
	int ret = epoll_wait(fd, &event, 1, ms);
	int error = ret < 0 ? errno : 0;

	close(fd);
	return error;
}

static int wait_timerfd(unsigned int ms)
{
	struct itimerspec timer = { .it_value.tv_nsec = ms * NS_PER_MS };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	__u64 expirations = 0;
	int error = 0;

	timerfd_settime(fd, 0, &timer, NULL);
	if (read(fd, &expirations, sizeof(expirations)) < 0)
		error = errno;
	close(fd);
	return error;
}

/* Sleeps once, and takes any wake-up for its end. */
static int wait_sigtimedwait(unsigned int ms)
{
	struct timespec pause = { .tv_nsec = ms * NS_PER_MS };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	return sigtimedwait(&set, NULL, &pause) < 0 && errno == EAGAIN ? 0 : errno;
}

static int wait_semop(unsigned int ms)
{
	struct timespec pause = { .tv_nsec = ms * NS_PER_MS };
	struct sembuf op = { .sem_op = -1 };
	static int sem = -1;
	int error;

	if (sem < 0)
		sem = semget(0x5712e55, 1, 0600 | IPC_CREAT);
	error = semtimedop(sem, &op, 1, &pause) < 0 ? errno : 0;
	return error == EAGAIN ? 0 : error;
}

static int (* const waits[])(unsigned int ms) = {
	wait_nanosleep, wait_futex, wait_epoll, wait_timerfd, wait_sigtimedwait,
	wait_semop,
};

/* A hold disturbs no system call; other things do, where they are allowed. */
static void wait_once(void)
{
	unsigned int nr = random_below(ARRAY_SIZE(waits));
	bool idle = chance(30);
	int error;

	if (idle)
		page_idle();
	error = waits[nr](1 + random_below(chance(30) ? 10 : 100));
	if (idle)
		page_busy();
	if (error && (me()->quiet || error != EINTR))
		violation(self, ident_of(self, self_life, 0), 0,
			  "wait %u of a target that was only held: %s", nr,
			  strerrorname_np(error));
	tick();
}

/* With a section in it, perhaps; and it may even sleep there, or wait. */
static void burn(unsigned int rounds)
{
	section_begin();
	while (rounds--)
		tick();
	if (chance(50))
		sleep_us(random_below(20000));
	else if (chance(10))
		wait_once();
	section_end();
	if (chance(10))
		fault_once(cell);
}

/* In user mode for most of the time that it gets. */
static void spin_for_ever(void)
{
	setpriority(PRIO_PROCESS, 0, 15);
	if (chance(50))
		section_for_ever();
	for (;;)
		tick();
}

static void spin_now_and_then(void)
{
	burn(random_below(20000));
	sleep_us(1000 + random_below(60000));
}

static void fork_once(void)
{
	pid_t pid;

	note(WHAT_FORK, 0, 0, 0);
	count(COUNT_FORKS);
	if (chance(50)) {
		pid = fork();
		if (!pid)
			_exit(0);
	} else {
		pid = vfork();
		if (!pid) {
			execl("/proc/self/exe", "stress", "--nothing", NULL);
			_exit(0);
		}
	}
	tick();
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			tick();
	tick();
	sleep_us(random_below(20000));
}

void target_errs(void)
{
	if (chance(70))
		fault_once(cell);
	else
		fork_once();
}

/*
 * @thread: the cell of the new program. It keeps that of a thread that goes on;
 * where another thread executes, that one's task gets the process id, and the new
 * program a cell of its own.
 */
static void exec_self(int thread)
{
	char words[4][16];
	int nr;

	note(WHAT_EXEC, ident_of(self, self_life, thread), 0, 0);
	count(COUNT_EXECS);
	/* Their numbers are soon those of other descriptors. */
	for (nr = 0; nr < NR_OBJECTS; nr++) {
		me()->process[nr] = -1;
		me()->proxy[nr] = -1;
	}
	snprintf(words[0], sizeof(words[0]), "%d", self);
	snprintf(words[1], sizeof(words[1]), "%u", self_life);
	snprintf(words[2], sizeof(words[2]), "%d", thread);
	snprintf(words[3], sizeof(words[3]), "%d", execs + 1);
	execl("/proc/self/exe", "stress", "--target", words[0], words[1], words[2],
	      words[3], NULL);
	_exit(125);
}

static void *thread_main(void *arg)
{
	int thread = (long)arg, rounds = 20 + random_below(200);

	random_begin(board->seed, (__u64)self << 40 | (__u64)self_life << 8 | thread);
	enrol(thread);
	for (;;) {
		if (chance(50))
			burn(random_below(5000));
		else
			wait_once();
		if (rounds-- || thread != 1)
			continue;
		if (chance(50))
			exec_self(NR_THREADS - 1);
		exit(0);
	}
	return NULL;
}

/* Known as a whole before there are others than the main thread, or then. */
static void threads_begin(bool crowd)
{
	bool late = chance(50);
	pthread_t ids[2];
	long thread;

	if (!late)
		enrol_group();
	for (thread = 1; thread <= 2; thread++)
		if (pthread_create(&ids[thread - 1], NULL, thread_main, (void *)thread))
			_exit(125);
	if (late)
		enrol_group();
	if (crowd)
		crowd_begin(me()->process[GROUP]);
}

/* Threads of one mm, at times all on one processor. */
static void threads_main(bool crowd)
{
	cpu_set_t cpus;

	if (chance(50)) {
		CPU_ZERO(&cpus);
		CPU_SET(random_below(2), &cpus);
		sched_setaffinity(0, sizeof(cpus), &cpus);
	}
	threads_begin(crowd);
	for (;;) {
		spin_now_and_then();
		if (chance(90))
			wait_once();
		else
			fork_once();
	}
}

/* One of the kinds, for some rounds; then it may end, or execute itself. */
static void target_live(int thread)
{
	unsigned int kind = random_below(100), rounds = 20 + random_below(400);
	int place = (self - role_first(ROLE_TARGET)) % EXTREME;

	if (!execs && (place == CROWD || (kind < 30 && place != SPINNER)))
		threads_main(place == CROWD || chance(40));
	if (chance(30))
		enrol_group();
	if (place == SPINNER)
		spin_for_ever();
	while (rounds--) {
		if (kind < 40)
			spin_now_and_then();
		else if (kind < 70)
			wait_once();
		else if (kind < 85)
			fork_once();
		else if (rounds % 8)
			wait_once();
		else
			exec_self(thread);
	}
	_exit(0);
}

void target_main(void)
{
	fault_signals();
	enrol(0);
	target_live(0);
}

void target_again(char **words)
{
	int slot = atoi(words[0]), thread = atoi(words[2]), nr;
	__u32 life = atoi(words[1]);

	board_find();
	party_signals();
	fault_signals();
	self = slot;
	self_life = life;
	execs = atoi(words[3]);
	/* The threads that were there are no more. */
	for (nr = 0; nr < NR_CELLS; nr++)
		if (nr != thread)
			me()->cells[life % NR_LIVES][nr].tid = 0;
	random_begin(board->seed, (__u64)slot << 32 | life);
	random_begin(random_u64(), execs);
	enrol(thread);
	target_live(thread);
}
