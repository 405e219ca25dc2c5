// SPDX-License-Identifier: GPL-2.0
/*
 * What a process object offers, of a whole thread group: registers, deferral,
 * watchdog, faults, and its end by policy.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"
#include "repeat.h"

#include <elf.h>
#include <fcntl.h>
#include <proxyipc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#define THREADS		6

struct board {
	atomic_uint counter[THREADS];
	atomic_int tid[THREADS];
	atomic_int in_section[THREADS];
	atomic_int error;
	atomic_int quiet;
	atomic_int spin;
};

static struct board *board;
static long amount;

FIXTURE(group) {
	struct child target;
	int process, endpoint, entry;
	struct proxyipc_endpoint_recv recv;
	__u64 token;
};

FIXTURE_SETUP(group)
{
	self->process = -1;
	self->endpoint = endpoint_new();
	self->entry = entry_new(self->endpoint, 7, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->entry);
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, board);
}

FIXTURE_TEARDOWN(group)
{
	close_fd(&self->process);
	close_fd(&self->entry);
	close_fd(&self->endpoint);
	child_kill(&self->target);
	munmap(board, sizeof(*board));
}

#define START(body) do {						\
	self->target = child_new(body, -1, -1);				\
	ASSERT_LT(0, self->target.pid);					\
	ASSERT_TRUE(child_reaches(&self->target, 1));			\
	ASSERT_EQ(0, board->error);					\
	self->process = process_open_group(self->target.pid, 0);	\
	ASSERT_LE(0, self->process);					\
	ASSERT_EQ(0, process_set_receiver(self->process, self->entry));	\
} while (0)

#define HOLD() \
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)))
#define RESUME() \
	ASSERT_EQ(0, process_resume(self->process, self->token))
#define RECV() \
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &self->recv))

static void start_threads(void *(*run)(void *), long from)
{
	pthread_t thread;
	int ret;

	for (long i = from; i < THREADS; i++) {
		ret = pthread_create(&thread, NULL, run, (void *)i);
		if (ret)
			board->error = ret;
	}
}

static void says_tid(long nr)
{
	board->tid[nr] = syscall(SYS_gettid);
}

static bool all_have_said(void)
{
	for (int i = 0; i < THREADS; i++)
		if (!board->tid[i])
			return false;
	return true;
}

/* Counts with a number of its own in a register. */
static void *count_by_register(void *arg)
{
	long nr = (long)arg;

	says_tid(nr);
#ifdef __x86_64__
	__asm__ volatile("mov %0, %%r15\n1:\tlock incl (%1)\n\tjmp 1b"
			 : : "r"(0x1234567800 + nr), "r"(&board->counter[nr])
			 : "r15", "memory");
#endif
	return NULL;
}

static void count_by_registers(struct child_page *page)
{
	start_threads(count_by_register, 1);
	page->phase = 1;
	count_by_register(0);
}

static int read_r15(int process, __u64 token, int tid, __u64 *r15)
{
	struct user_regs_struct regs;
	struct proxyipc_process_get_regs get = {
		.size = sizeof(get),
		.token = token,
		.deadline = deadline_ms(PATIENCE_MS),
		.data = address(&regs),
		.data_size = sizeof(regs),
		.note = NT_PRSTATUS,
		.tid = tid,
	};
	int ret = command(process, PROXYIPC_IOC_PROCESS_GET_REGS, &get);

	*r15 = regs.r15;
	return ret;
}

TEST_F(group, shows_the_registers_of_each_thread)
{
	__u64 r15;

	START(count_by_registers);
	ASSERT_TRUE(eventually(all_have_said()));
	for (int i = 0; i < THREADS; i++)
		ASSERT_TRUE(counts(&board->counter[i]));
	HOLD();
	for (int i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, read_r15(self->process, self->token, board->tid[i], &r15));
		EXPECT_EQ(0x1234567800 + i, r15);
	}
	ASSERT_EQ(0, read_r15(self->process, self->token, 0, &r15));
	EXPECT_EQ(0x1234567800, r15);
	EXPECT_EQ(-EINVAL, read_r15(self->process, self->token, getpid(), &r15));
	EXPECT_EQ(-ESRCH, read_r15(self->process, self->token, 99999, &r15));
	RESUME();
	EXPECT_EQ(-ESTALE, read_r15(self->process, self->token, 0, &r15));
}

/*
 * Deferral: each thread has a page of its own. Sections and pauses of the same
 * length, and in a section nobody wants to be seen.
 */
static int me;

static void *in_and_out(void *arg)
{
	struct proxyipc_control *control;
	long nr = (long)arg;

	says_tid(nr);
	board->error = proxyipc_process_map_thread(me, &control);
	if (board->error)
		return NULL;
	for (;;) {
		proxyipc_defer(control);
		board->in_section[nr] = 1;
		burn(200);
		board->counter[nr]++;
		board->in_section[nr] = 0;
		proxyipc_undefer(control, me);
		burn(200);
	}
	return NULL;
}

static void all_in_and_out(struct child_page *page)
{
	me = process_open_group(0, 0);
	start_threads(in_and_out, 1);
	page->phase = 1;
	in_and_out(0);
}

static int open_patient(pid_t pid)
{
	struct proxyipc_process_open open = {
		.size = sizeof(open),
		.flags = PROXYIPC_OPEN_GROUP,
		.tgid = pid,
		.defer_max = 100 * NS_PER_MS,
	};
	int device = device_open();
	int ret = command(device, PROXYIPC_IOC_PROCESS_OPEN, &open);

	close_fd(&device);
	return ret ?: open.out_fd;
}

/* In section and held, though the bound had not come: that is what may not be. */
TEST_F(group, is_held_when_each_thread_has_left_its_section)
{
	int overrun = 0, rounds = repeat(50);

	START(all_in_and_out);
	close_fd(&self->process);
	self->process = open_patient(self->target.pid);
	ASSERT_LE(0, self->process);
	for (int i = 0; i < rounds; i++) {
		__u64 began = now_ns();

		HOLD();
		for (int j = 0; j < THREADS; j++)
			if (board->in_section[j] && now_ns() - began < 100 * NS_PER_MS)
				overrun++;
		RESUME();
		ASSERT_TRUE(counts(&board->counter[i % THREADS]));
	}
	EXPECT_EQ(0, overrun);
	EXPECT_EQ(0, board->error);
}

static void *sit_in_section(void *arg)
{
	struct proxyipc_control *control;
	long nr = (long)arg;

	board->error = proxyipc_process_map_thread(me, &control);
	if (!board->error)
		proxyipc_defer(control);
	says_tid(nr);
	for (;;)
		board->counter[nr]++;
	return NULL;
}

static void one_sits_in_section(struct child_page *page)
{
	me = process_open_group(0, 0);
	start_threads(sit_in_section, THREADS - 1);
	page->phase = 1;
	for (;;)
		board->counter[0]++;
}

TEST_F(group, with_an_endless_section_is_held_at_the_bound)
{
	__u64 began;

	START(one_sits_in_section);
	ASSERT_TRUE(eventually(board->tid[THREADS - 1]));
	ASSERT_EQ(0, board->error);
	began = now_ns();
	HOLD();
	/* 1 ms, and then it may have taken long to be on a CPU. */
	EXPECT_LE(1 * NS_PER_MS, now_ns() - began);
	EXPECT_TRUE(stands_still(&board->counter[0]));
	EXPECT_TRUE(stands_still(&board->counter[THREADS - 1]));
	RESUME();
	EXPECT_TRUE(counts(&board->counter[THREADS - 1]));
}

static void *exit_in_section(void *arg)
{
	struct proxyipc_control *control;
	long nr = (long)arg;

	board->error = proxyipc_process_map_thread(me, &control);
	if (!board->error)
		proxyipc_defer(control);
	says_tid(nr);
	while (!board->quiet)
		board->counter[nr]++;
	syscall(SYS_exit, 0);
	return NULL;
}

static void one_exits_in_section(struct child_page *page)
{
	me = process_open_group(0, 0);
	start_threads(exit_in_section, THREADS - 1);
	page->phase = 1;
	for (;;)
		board->counter[0]++;
}

/*
 * Whoever waits for it is told: a notice begins an episode that the thread defers, and
 * the message comes when it has exited, not when the lease ends.
 */
TEST_F(group, whose_thread_exits_in_its_section_is_held_then)
{
	int proxy, state;

	START(one_exits_in_section);
	close_fd(&self->process);
	self->process = open_patient(self->target.pid);
	ASSERT_LE(0, self->process);
	ASSERT_EQ(0, process_set_receiver(self->process, self->entry));
	proxy = process_mint(self->process, 9, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_TRUE(eventually(board->tid[THREADS - 1]));
	ASSERT_EQ(0, board->error);
	state = entry_notify(proxy, 1);
	board->quiet = 1;
	/* Unless the bound had come before, on a machine that stood still. */
	EXPECT_TRUE(state == PROXYIPC_NOTIFIED_DEFERRED ||
		    state == PROXYIPC_NOTIFIED_CONFIRMED);
	RECV();
	EXPECT_EQ(PROXYIPC_KIND_NOTICE, self->recv.received.out_kind);
	EXPECT_TRUE(stands_still(&board->counter[0]));
	close(proxy);
}

/* One that may be deferred for long, and one that may not: that one isn't. */
TEST_F(group, is_held_by_the_impatient_in_time)
{
	__u64 token = 0, began, took = NS_PER_S;
	int patient, proxy;

	START(one_sits_in_section);
	ASSERT_TRUE(eventually(board->tid[THREADS - 1]));
	patient = open_patient(self->target.pid);
	ASSERT_LE(0, patient);
	ASSERT_EQ(0, process_set_receiver(patient, self->entry));
	proxy = process_mint(patient, 9, RIGHTS_ALL, NOTICES_ALL);
	/* The best of some, since the machine may stand still. */
	for (int i = 0; i < 10 && took > 60 * NS_PER_MS; i++) {
		ASSERT_LE(0, entry_notify(proxy, 1));
		began = now_ns();
		ASSERT_TRUE(held_state(process_hold(self->process, &token)));
		took = now_ns() - began;
		RECV();
		EXPECT_EQ(0, process_resume(patient, self->recv.received.out_token));
		EXPECT_EQ(0, process_resume(self->process, token));
		ASSERT_TRUE(counts(&board->counter[0]));
	}
	EXPECT_GT(60 * NS_PER_MS, took);
	close(proxy);
	close(patient);
}

/* Opened through a thread that has exited since, it goes on, and can be opened again. */
TEST_F(group, is_not_the_thread_that_it_was_opened_by)
{
	struct proxyipc_process_open open = {
		.size = sizeof(open),
		.flags = PROXYIPC_OPEN_GROUP,
	};
	int device = device_open(), again;

	START(one_exits_in_section);
	ASSERT_TRUE(eventually(board->tid[THREADS - 1]));
	close_fd(&self->process);
	open.tgid = self->target.pid;
	open.tid = board->tid[THREADS - 1];
	ASSERT_EQ(0, command(device, PROXYIPC_IOC_PROCESS_OPEN, &open));
	self->process = open.out_fd;
	board->quiet = 1;
	ASSERT_TRUE(eventually(read_r15(self->process, 1, open.tid, &self->token) == -ESRCH));
	again = process_open_group(self->target.pid, 0);
	EXPECT_LE(0, again);
	HOLD();
	EXPECT_TRUE(stands_still(&board->counter[0]));
	RESUME();
	close(again);
	close(device);
}

/* Keeps alive in the page of the main thread, which sleeps. */
static void *keep_alive(void *arg)
{
	struct proxyipc_control *control;

	board->error = proxyipc_process_map(me, &control);
	if (board->error)
		return NULL;
	for (;;) {
		if (!board->quiet)
			proxyipc_keepalive(control);
		if (!board->spin)
			sleep_ms(5);
		board->counter[1]++;
	}
	return NULL;
}

static void sleep_and_keep_alive(struct child_page *page)
{
	pthread_t thread;

	me = process_open_group(0, 0);
	board->error = pthread_create(&thread, NULL, keep_alive, NULL);
	page->phase = 1;
	for (;;)
		pause();
}

static void expire(struct __test_metadata *_metadata, struct _test_data_group *self,
		   __u64 cause)
{
	RECV();
	EXPECT_EQ(PROXYIPC_KIND_WATCHDOG, self->recv.received.out_kind);
	EXPECT_EQ(cause, self->recv.received.out_words[PROXYIPC_WATCHDOG_WORD_CAUSE]);
	/* Of the main thread, wherever the others are. */
	EXPECT_EQ(SYS_pause, self->recv.received.out_words[PROXYIPC_WATCHDOG_WORD_SYSCALL]);
	EXPECT_TRUE(stands_still(&board->counter[1]));
	EXPECT_EQ(0, process_resume(self->process, self->recv.received.out_token));
}

TEST_F(group, keeps_alive_by_any_thread)
{
	START(sleep_and_keep_alive);
	ASSERT_EQ(0, process_set_watchdog(self->process, 2 * NS_PER_S, 0));
	sleep_ms(3000);
	EXPECT_EQ(0, process_expiries(self->process));
	EXPECT_FALSE(readable(self->endpoint));
	board->quiet = 1;
	expire(_metadata, self, PROXYIPC_WATCHDOG_BLOCKED);
	/* A thread that isn't the main one uses the CPU time. */
	board->spin = 1;
	ASSERT_TRUE(counts(&board->counter[1]));
	ASSERT_EQ(0, process_set_watchdog(self->process, 2 * NS_PER_S, NS_PER_S / 2));
	expire(_metadata, self, PROXYIPC_WATCHDOG_SPINNING);
	/* What it used before it was held on account of the first stage counts. */
	expire(_metadata, self, PROXYIPC_WATCHDOG_SPINNING);
	EXPECT_EQ(PROXYIPC_WATCHDOG_TIMEOUT,
		  self->recv.received.out_words[PROXYIPC_WATCHDOG_WORD_STAGE]);
	EXPECT_LT(NS_PER_S, self->recv.received.out_words[PROXYIPC_WATCHDOG_WORD_CPU]);
	EXPECT_EQ(0, board->error);
}

/*
 * Faults: each thread has a file that it cuts off, and then reads from behind its end.
 * Who receives the fault makes the file longer.
 */
static void file_path(char *path, int nr)
{
	sprintf(path, "/tmp/group_fault_%d", nr);
}

static void *fault_again_and_again(void *arg)
{
	long nr = (long)arg;
	volatile char *page;
	char path[64];
	int fd;

	file_path(path, nr);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (fd < 0 || page == MAP_FAILED) {
		board->error = errno;
		return NULL;
	}
	says_tid(nr);
	for (long i = 0; i < amount; i++) {
		if (ftruncate(fd, 0))
			board->error = errno;
		if (*page)
			board->error = EPROTO;
		board->counter[nr]++;
	}
	return NULL;
}

/* They are born when the test has asked for their faults. */
static void all_fault(struct child_page *page)
{
	page->phase = 1;
	await_go(page, 1);
	start_threads(fault_again_and_again, 1);
	for (;;)
		board->counter[0]++;
}

static int nr_of_tid(int tid)
{
	for (int i = 1; i < THREADS; i++)
		if (board->tid[i] == tid)
			return i;
	return 0;
}

TEST_F(group, has_the_faults_of_all_its_threads_mended)
{
	struct proxyipc_received *received = &self->recv.received;
	unsigned int done, before;
	char path[64];
	int nr;

	amount = repeat(60);
	START(all_fault);
	ASSERT_EQ(0, process_set_faults(self->process, 1ULL << (SIGBUS - 1)));
	child_go(&self->target, 1);
	for (done = 0; done < (THREADS - 1) * amount; done++) {
		RECV();
		ASSERT_EQ(PROXYIPC_KIND_FAULT, received->out_kind);
		nr = nr_of_tid(received->out_words[PROXYIPC_FAULT_TID]);
		ASSERT_NE(0, nr);
		before = board->counter[0];
		file_path(path, nr);
		ASSERT_EQ(0, truncate(path, 4096));
		EXPECT_EQ(before, board->counter[0]);
		ASSERT_EQ(0, process_resume_flags(self->process, received->out_token,
						  PROXYIPC_RESUME_RETRY));
	}
	for (int i = 1; i < THREADS; i++)
		EXPECT_TRUE(eventually(board->counter[i] == amount));
	EXPECT_EQ(0, board->error);
	for (int i = 1; i < THREADS; i++) {
		file_path(path, i);
		unlink(path);
	}
}

/* Asked for while it is held: who is parked then has children later. */
TEST_F(group, has_faults_mended_that_were_asked_for_while_it_was_held)
{
	struct proxyipc_received *received = &self->recv.received;
	char path[64];

	amount = 2;
	START(all_fault);
	HOLD();
	ASSERT_TRUE(eventually(process_state(self->process) == PROXYIPC_STATE_PARKED));
	ASSERT_EQ(0, process_set_faults(self->process, 1ULL << (SIGBUS - 1)));
	RESUME();
	child_go(&self->target, 1);
	for (int i = 0; i < (THREADS - 1) * amount; i++) {
		RECV();
		ASSERT_EQ(PROXYIPC_KIND_FAULT, received->out_kind);
		file_path(path, nr_of_tid(received->out_words[PROXYIPC_FAULT_TID]));
		ASSERT_EQ(0, truncate(path, 4096));
		ASSERT_EQ(0, process_resume_flags(self->process, received->out_token,
						  PROXYIPC_RESUME_RETRY));
	}
	for (int i = 1; i < THREADS; i++)
		EXPECT_TRUE(eventually(board->counter[i] == amount));
}

TEST_F(group, at_a_fault_that_nobody_mends_dies_of_it)
{
	amount = 1;
	START(all_fault);
	ASSERT_EQ(0, process_set_faults(self->process, 1ULL << (SIGBUS - 1)));
	child_go(&self->target, 1);
	RECV();
	ASSERT_EQ(PROXYIPC_KIND_FAULT, self->recv.received.out_kind);
	/* Else another thread's would hold the group before it dies of this one. */
	ASSERT_EQ(0, process_set_faults(self->process, 0));
	EXPECT_EQ(0, process_resume(self->process, self->recv.received.out_token));
	EXPECT_TRUE(killed_by(child_ends(&self->target), SIGBUS));
}

TEST_F(group, is_killed_by_who_may)
{
	START(count_by_registers);
	HOLD();
	EXPECT_EQ(0, process_resume_flags(self->process, self->token,
					  PROXYIPC_RESUME_KILL));
	EXPECT_TRUE(killed_by(child_ends(&self->target), SIGKILL));
}

TEST_F(group, is_killed_by_its_policy_when_the_receiver_is_gone)
{
	int proxy;

	START(count_by_registers);
	ASSERT_EQ(0, process_set_policy(self->process, -1, PROXYIPC_POLICY_KILL,
					PROXYIPC_POLICY_RESUME));
	proxy = process_mint(self->process, 9, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(proxy, 1));
	RECV();
	close(proxy);
	close_fd(&self->entry);
	close_fd(&self->endpoint);
	EXPECT_TRUE(killed_by(child_ends(&self->target), SIGKILL));
}

TEST_HARNESS_MAIN
