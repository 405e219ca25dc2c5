// SPDX-License-Identifier: GPL-2.0
/*
 * The control page: who may map it, what is in it, and how long it lasts. What
 * its words bring about is tested where that is.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <proxyipc.h>

#define SIZE	PROXYIPC_CONTROL_SIZE

#define EXEC_OPTION	"--mapped-after-exec"

/* The address, or -errno. */
static long map_as(int fd, size_t size, int flags, off_t offset)
{
	void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, offset);

	return page == MAP_FAILED ? -errno : (long)page;
}

static struct proxyipc_control *map(int fd)
{
	struct proxyipc_control *control = NULL;
	int ret = proxyipc_process_map(fd, &control);

	if (ret)
		fprintf(stderr, "# error %d\n", ret);
	return control;
}

static int try_map(int fd)
{
	struct proxyipc_control *control = NULL;
	int ret = proxyipc_process_map(fd, &control);

	if (!ret)
		proxyipc_process_unmap(control);
	return ret;
}

FIXTURE(control) {
	int process;		/* this thread */
	struct proxyipc_control *page;
	struct target target;	/* another process */
};

FIXTURE_SETUP(control)
{
	self->target.process = -1;
	self->process = process_open(0, 0, 0);
	ASSERT_LE(0, self->process);
	self->page = map(self->process);
	ASSERT_NE(NULL, self->page);
}

FIXTURE_TEARDOWN(control)
{
	proxyipc_process_unmap(self->page);
	close_fd(&self->process);
	if (self->target.process >= 0)
		target_kill(&self->target);
	close_fd(&self->target.process);
}

TEST_F(control, device_says_that_there_is_such_a_page)
{
	struct proxyipc_device_info info;
	int device = device_open();

	ASSERT_EQ(0, proxyipc_device_info(device, &info));
	EXPECT_TRUE(info.out_features & PROXYIPC_FEATURE_CONTROL);
	close_fd(&device);
}

TEST_F(control, fresh_page_is_all_zero)
{
	EXPECT_TRUE(all_bytes(self->page, 0, SIZE));
}

TEST_F(control, is_one_page_however_often_it_is_mapped)
{
	int other = process_open(0, 0, 0);
	struct proxyipc_control *again = map(self->process);
	struct proxyipc_control *through_other = map(other);

	ASSERT_NE(NULL, again);
	ASSERT_NE(NULL, through_other);
	EXPECT_NE(self->page, again);
	self->page->keepalive = 7;
	EXPECT_EQ(7U, again->keepalive);
	again->idle = 8;
	EXPECT_EQ(8U, through_other->idle);
	EXPECT_EQ(0, proxyipc_process_unmap(again));
	EXPECT_EQ(0, proxyipc_process_unmap(through_other));
	close_fd(&other);
}

TEST_F(control, is_mapped_shared_whole_and_from_its_beginning)
{
	EXPECT_EQ(-EINVAL, map_as(self->process, SIZE, MAP_PRIVATE, 0));
	EXPECT_EQ(-EINVAL, map_as(self->process, 2 * SIZE, MAP_SHARED, 0));
	EXPECT_EQ(-EINVAL, map_as(self->process, SIZE, MAP_SHARED, SIZE));
	/* Less than a page is a page. */
	EXPECT_LT(0, map_as(self->process, 1, MAP_SHARED, 0));
	/* The page that is there has taken no harm. */
	EXPECT_TRUE(all_bytes(self->page, 0, SIZE));
}

TEST_F(control, of_another_process_is_refused)
{
	self->target = target_idle();
	ASSERT_LE(0, self->target.process);
	EXPECT_EQ(-EPERM, try_map(self->target.process));
	EXPECT_EQ(-EPERM, map_as(self->target.process, 2 * SIZE, MAP_PRIVATE, 0));
}

TEST_F(control, of_a_target_that_is_gone_is_refused)
{
	int process;

	self->target = target_idle();
	ASSERT_LE(0, self->target.process);
	process = self->target.process;
	ASSERT_EQ(0, target_kill(&self->target));
	EXPECT_EQ(-ESRCH, try_map(process));
}

/* 0 if @address is mapped here. */
static int is_unmapped(void *address)
{
	unsigned char in_core;

	return mincore(address, SIZE, &in_core) ? errno : 0;
}

static struct proxyipc_control *inherited;
static int inherited_fd;

static void look_at_inherited(struct child_page *page)
{
	page->result = is_unmapped(inherited);
	page->error = try_map(page->fd[0]);
	page->phase = 1;
}

TEST_F(control, is_not_inherited_by_a_child)
{
	struct child c;

	inherited = self->page;
	c = child_new(look_at_inherited, self->process, -1);
	ASSERT_LT(0, c.pid);
	EXPECT_TRUE(child_reaches(&c, 1));
	EXPECT_EQ(ENOMEM, c.page->result);
	EXPECT_EQ(-EPERM, c.page->error);
	EXPECT_TRUE(exited_with(child_ends(&c), 0));
}

/* One that shares the memory, and isn't a thread. */
static int map_in_shared_memory(void *arg)
{
	struct proxyipc_control **control = arg;

	*control = map(inherited_fd);
	return 0;
}

TEST_F(control, is_mapped_by_whoever_shares_the_memory)
{
	struct proxyipc_control *control = NULL;
	char *stack = malloc(65536);
	int status, flags;
	pid_t pid;

	inherited_fd = self->process;
	for (flags = 0; flags <= CLONE_VFORK; flags += CLONE_VFORK) {
		pid = clone(map_in_shared_memory, stack + 65536,
			    CLONE_VM | SIGCHLD | flags, &control);
		ASSERT_LT(0, pid);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_NE(NULL, control);
		self->page->idle = 5 + flags;
		EXPECT_EQ(5U + flags, control->idle);
		EXPECT_EQ(0, proxyipc_process_unmap(control));
	}
	free(stack);
}

struct thread {
	pthread_t id;
	pthread_barrier_t barrier;
	atomic_int tid;
	int process;			/* of the one who made it */
	struct proxyipc_control *page;	/* of that, mapped by the thread */
};

static void *thread_body(void *arg)
{
	struct thread *t = arg;

	t->page = map(t->process);
	t->tid = gettid();
	pthread_barrier_wait(&t->barrier);
	pthread_barrier_wait(&t->barrier);
	return NULL;
}

static void thread_start(struct thread *t, int process)
{
	t->process = process;
	pthread_barrier_init(&t->barrier, NULL, 2);
	pthread_create(&t->id, NULL, thread_body, t);
	pthread_barrier_wait(&t->barrier);
}

static void thread_end(struct thread *t)
{
	pthread_barrier_wait(&t->barrier);
	pthread_join(t->id, NULL);
}

TEST_F(control, is_each_threads_own_and_all_of_them_may_map_it)
{
	struct thread t = { .tid = 0 };
	struct proxyipc_control *theirs;
	int process;

	thread_start(&t, self->process);
	ASSERT_NE(NULL, t.page);
	process = process_open(getpid(), t.tid, 0);
	ASSERT_LE(0, process);
	theirs = map(process);
	ASSERT_NE(NULL, theirs);

	self->page->keepalive = 3;
	EXPECT_EQ(3U, t.page->keepalive);
	EXPECT_EQ(0U, theirs->keepalive);

	thread_end(&t);
	/* What was mapped stays, though its thread is gone. */
	EXPECT_TRUE(eventually(try_map(process) == -ESRCH));
	theirs->keepalive = 4;
	EXPECT_EQ(4U, theirs->keepalive);
	close_fd(&process);
	EXPECT_EQ(4U, theirs->keepalive);
	EXPECT_EQ(0, proxyipc_process_unmap(theirs));
	EXPECT_EQ(0, proxyipc_process_unmap(t.page));
}

TEST_F(control, outlives_its_descriptor_and_is_forgotten_with_its_last_mapping)
{
	self->page->keepalive = 9;
	close_fd(&self->process);
	EXPECT_EQ(9U, self->page->keepalive);

	/* A mapping keeps the record, as a descriptor does. */
	self->process = process_open(0, 0, 0);
	EXPECT_EQ(0, proxyipc_process_unmap(self->page));
	self->page = map(self->process);
	ASSERT_NE(NULL, self->page);
	EXPECT_EQ(9U, self->page->keepalive);

	EXPECT_EQ(0, proxyipc_process_unmap(self->page));
	close_fd(&self->process);
	self->process = process_open(0, 0, 0);
	self->page = map(self->process);
	ASSERT_NE(NULL, self->page);
	EXPECT_TRUE(all_bytes(self->page, 0, SIZE));
}

TEST_F(control, moves_and_does_not_grow)
{
	void *there = unmapped_page();
	struct proxyipc_control *moved;

	EXPECT_EQ(MAP_FAILED, mremap(self->page, SIZE, 2 * SIZE, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	/* A second mapping of it, by a former length of 0. */
	EXPECT_EQ(MAP_FAILED, mremap(self->page, 0, SIZE, MREMAP_MAYMOVE));
	self->page->keepalive = 2;
	moved = mremap(self->page, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, there);
	ASSERT_EQ(there, moved);
	self->page = moved;
	EXPECT_EQ(2U, self->page->keepalive);
}

TEST_F(control, stores_of_the_library_do_what_they_say)
{
	proxyipc_keepalive(self->page);
	proxyipc_keepalive(self->page);
	EXPECT_EQ(2U, self->page->keepalive);
	proxyipc_idle(self->page);
	EXPECT_EQ(1U, self->page->idle);
	EXPECT_EQ(2U, self->page->keepalive);
	proxyipc_busy(self->page);
	EXPECT_EQ(0U, self->page->idle);
	EXPECT_EQ(3U, self->page->keepalive);
	self->page->keepalive = ~0U;
	proxyipc_keepalive(self->page);
	EXPECT_EQ(0U, self->page->keepalive);
}

/*
 * What the kernel tells in it. The target is a child, which maps the page and
 * copies it out while it runs.
 */

static atomic_int turns;

static void show_page(struct child_page *page)
{
	struct proxyipc_control *control = map(page->fd[0]);
	int turn = 0;

	page->phase = control ? 1 : -1;
	while (control) {
		page->counter[0]++;
		if (page->go == turn)
			continue;
		turn = page->go;
		page->counter[1] = control->episodes;
		page->result = control->held_ns;
		page->delay = __atomic_exchange_n(&control->notices, 0, __ATOMIC_SEQ_CST);
		page->error = turn;
	}
}

FIXTURE(news) {
	int endpoint, entry, process, proxy;
	struct child target;
	__u64 token;
};

/* The target must have opened itself, or it could not map: it opens @w. */
static void open_and_show(struct child_page *page)
{
	page->fd[0] = process_open(0, 0, 0);
	show_page(page);
}

FIXTURE_SETUP(news)
{
	self->endpoint = endpoint_new();
	self->entry = entry_new(self->endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	self->target = child_new(open_and_show, -1, -1);
	ASSERT_LT(0, self->target.pid);
	ASSERT_TRUE(child_reaches(&self->target, 1));
	self->process = child_open(&self->target);
	ASSERT_LE(0, self->process);
	self->proxy = process_mint(self->process, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, self->proxy);
	ASSERT_EQ(0, process_set_receiver(self->process, self->entry));
	turns = 0;
}

FIXTURE_TEARDOWN(news)
{
	child_kill(&self->target);
	close_fd(&self->proxy);
	close_fd(&self->process);
	close_fd(&self->entry);
	close_fd(&self->endpoint);
}

/* Has the target look at its page. */
#define LOOK() do {							\
	child_go(&self->target, ++turns);				\
	ASSERT_TRUE(eventually(self->target.page->error == turns));	\
} while (0)

TEST_F(news, there_are_none_at_first)
{
	LOOK();
	EXPECT_EQ(0U, self->target.page->counter[1]);
	EXPECT_EQ(0U, self->target.page->delay);
	EXPECT_EQ(0, self->target.page->result);
}

TEST_F(news, notices_of_an_episode_are_there_when_it_runs_again)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	ASSERT_EQ(PROXYIPC_NOTIFIED_CONFIRMED, entry_notify(self->proxy, 5));
	/* These begin the next episode: the target hasn't run when it sees both. */
	ASSERT_EQ(PROXYIPC_NOTIFIED_PENDING, entry_notify(self->proxy, 64));
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
	ASSERT_EQ(0, endpoint_resume(self->endpoint, recv.received.out_cap));
	recv.size = 0;
	ASSERT_EQ(0, endpoint_recv(self->endpoint, &recv));
	ASSERT_EQ(0, endpoint_resume(self->endpoint, recv.received.out_cap));
	LOOK();
	EXPECT_EQ(2U, self->target.page->counter[1]);
	EXPECT_EQ(5U | 64U, self->target.page->delay);
	/* It took them. */
	LOOK();
	EXPECT_EQ(0U, self->target.page->delay);
}

TEST_F(news, a_hold_by_hand_counts_and_its_time_is_added)
{
	__u64 begin, between;

	begin = now_ns();
	ASSERT_LE(0, process_hold(self->process, &self->token));
	sleep_ms(20);
	ASSERT_EQ(0, process_resume(self->process, self->token));
	between = now_ns() - begin;
	LOOK();
	EXPECT_EQ(1U, self->target.page->counter[1]);
	EXPECT_LE(20 * NS_PER_MS, self->target.page->result);
	EXPECT_GE(between, self->target.page->result);
	EXPECT_EQ(0U, self->target.page->delay);
}

TEST_F(news, overlapping_holds_count_twice_and_their_time_once)
{
	int other = child_open(&self->target);
	__u64 begin, between, token;

	begin = now_ns();
	ASSERT_LE(0, process_hold(self->process, &self->token));
	ASSERT_LE(0, process_hold(other, &token));
	sleep_ms(10);
	ASSERT_EQ(0, process_resume(self->process, self->token));
	sleep_ms(10);
	ASSERT_EQ(0, process_resume(other, token));
	between = now_ns() - begin;
	LOOK();
	EXPECT_EQ(2U, self->target.page->counter[1]);
	EXPECT_LE(20 * NS_PER_MS, self->target.page->result);
	EXPECT_GE(between, self->target.page->result);
	close_fd(&other);
}

/*
 * Exec: this program again, with the descriptor inherited. It says 0 if all that
 * it has said is forgotten, and all that it was told goes on.
 */
static int after_exec(char **argv)
{
	struct proxyipc_control *control = map(atoi(argv[2]));

	if (!control)
		return 2;
	if (control->keepalive || control->defer || control->idle)
		return 3;
	if (control->episodes != 1 || control->notices != 6 || !control->held_ns)
		return 4;
	return 0;
}

/* What the old program and one that shares its memory have mapped. */
static struct proxyipc_control *before_exec;

static int exec_again(void *arg)
{
	struct child_page *page = arg;
	char fd[16];

	page->fd[0] = process_open(0, 0, 0);
	fcntl(page->fd[0], F_SETFD, 0);
	before_exec = map(page->fd[0]);
	if (!before_exec)
		return 5;
	memset(before_exec, 0xff, offsetof(struct proxyipc_control, pending));
	page->phase = 1;
	await_go(page, 1);
	snprintf(fd, sizeof(fd), "%d", page->fd[0]);
	execl("/proc/self/exe", "control_test", EXEC_OPTION, fd, NULL);
	return 6;
}

static void exec_again_child(struct child_page *page)
{
	_exit(exec_again(page));
}

/* Holds and resumes it once, with notices 2 and 4. */
static int one_episode(pid_t pid)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int endpoint = endpoint_new();
	int entry = entry_new(endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	int process = process_open(pid, 0, 0);
	int proxy = process_mint(process, 0, RIGHTS_ALL, NOTICES_ALL);
	int ret = process_set_receiver(process, entry);

	ret = ret ?: entry_notify(proxy, 6) < 0;
	ret = ret ?: endpoint_recv(endpoint, &recv);
	ret = ret ?: endpoint_resume(endpoint, recv.received.out_cap);
	close_fd(&proxy);
	close_fd(&process);
	close_fd(&entry);
	close_fd(&endpoint);
	return ret;
}

TEST(exec_forgets_what_the_old_program_said)
{
	struct child c = child_new(exec_again_child, -1, -1);

	ASSERT_LT(0, c.pid);
	ASSERT_TRUE(child_reaches(&c, 1));
	ASSERT_EQ(0, one_episode(c.pid));
	child_go(&c, 1);
	EXPECT_TRUE(exited_with(child_ends(&c), 0));
}

/* A child that shares this memory until its exec leaves its old page to us. */
TEST(exec_leaves_the_page_to_who_shared_the_memory)
{
	struct child_page *page = child_page_new();
	char *stack = malloc(65536);
	int status;
	pid_t pid;

	before_exec = NULL;
	pid = clone(exec_again, stack + 65536, CLONE_VM | SIGCHLD, page);
	ASSERT_LT(0, pid);
	ASSERT_TRUE(eventually(page->phase == 1));
	ASSERT_EQ(0, one_episode(pid));
	page->go = 1;
	/* It sees 0 where this goes on writing. */
	do {
		memset(before_exec, 0xff, offsetof(struct proxyipc_control, pending));
	} while (!waitpid(pid, &status, WNOHANG));
	EXPECT_TRUE(exited_with(status, 0));
	EXPECT_EQ(1U, before_exec->episodes);
	EXPECT_EQ(0, proxyipc_process_unmap(before_exec));
	free(stack);
}

/*
 * All that can be done to a mapping, in any order, by two threads at once, while
 * the target is held and resumed. Nothing is expected of it but that the kernel
 * has nothing to say.
 */

struct fuzz {
	struct child_page *page;
	unsigned int seed;
};

static void fuzz_once(struct fuzz *f)
{
	int what = rand_r(&f->seed) % 10;
	int process = process_open(0, 0, 0);
	struct proxyipc_control *control = NULL;
	void *there;
	pid_t pid;

	if (proxyipc_process_map(process, &control))
		_exit(3);
	proxyipc_defer(control);
	switch (what) {
	case 0:
		close_fd(&process);
		break;
	case 1:
		there = mmap(NULL, SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		there = mremap(control, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, there);
		if (there != MAP_FAILED)
			control = there;
		break;
	case 2:
		mprotect(control, SIZE, PROT_READ | PROT_EXEC);
		mprotect(control, SIZE, PROT_READ | PROT_WRITE);
		break;
	case 3:
		madvise(control, SIZE, MADV_DOFORK);
		break;
	case 4:
		madvise(control, SIZE, rand_r(&f->seed) % 26);
		break;
	case 5:
		mremap(control, SIZE, 0x10000, MREMAP_MAYMOVE);
		mlock(control, SIZE);
		break;
	case 6:
		msync(control, SIZE, MS_SYNC);
		remap_file_pages(control, SIZE, 0, 0, 0);
		break;
	}
	if (what < 4) {
		pid = fork();
		if (!pid)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
	/* In its section for ever, until its last descriptor; or given away. */
	if (what != 4 && what != 8)
		proxyipc_undefer(control, process);
	proxyipc_process_unmap(control);
	close_fd(&process);
	f->page->counter[0]++;
}

static void *fuzz_for_ever(void *arg)
{
	for (;;)
		fuzz_once(arg);
	return NULL;
}

static void fuzz_in_two_threads(struct child_page *page)
{
	static struct fuzz both[2];
	pthread_t second;

	both[0] = (struct fuzz){ .page = page, .seed = page->delay };
	both[1] = (struct fuzz){ .page = page, .seed = ~page->delay };
	pthread_create(&second, NULL, fuzz_for_ever, &both[1]);
	fuzz_for_ever(&both[0]);
}

TEST(whatever_is_done_to_mappings_harms_nobody)
{
	unsigned int rounds = repeat(20), i, enough;
	struct child_page *page;
	struct child c;
	__u64 token;
	int process;

	for (i = 0; i < rounds; i++) {
		page = child_page_new();
		page->delay = i;
		c = child_start(fuzz_in_two_threads, page);
		ASSERT_LT(0, c.pid);
		process = child_open(&c);
		for (enough = 5; enough <= 25; enough += 5) {
			ASSERT_TRUE(eventually(page->counter[0] >= enough));
			ASSERT_TRUE(held_state(process_hold(process, &token)));
			ASSERT_EQ(0, process_resume(process, token));
		}
		EXPECT_TRUE(killed_by(child_kill(&c), SIGKILL));
		close_fd(&process);
		munmap(page, sizeof(*page));
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], EXEC_OPTION))
		return after_exec(argv);
	return test_harness_run(argc, argv);
}
