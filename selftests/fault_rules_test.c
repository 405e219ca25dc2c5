// SPDX-License-Identifier: GPL-2.0
/*
 * Whose faults are routed to whom, what isn't a fault, and that one who mends what is
 * wrong can let the target go on.
 */
#include "fault_stage.h"
#include "exec_image.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

FIXTURE(faults) {
	struct fault_stage s;
	struct proxyipc_received got;
};

FIXTURE_SETUP(faults)
{
	ASSERT_EQ(0, fault_stage_open(&self->s));
}

FIXTURE_TEARDOWN(faults)
{
	fault_stage_close(&self->s);
}

#define START(kind_, how_) do {						\
	self->s.plan->kind = kind_;					\
	self->s.plan->how = how_;					\
	ASSERT_EQ(0, fault_stage_start(&self->s));			\
} while (0)

#define RECEIVE() do {							\
	self->got = next_fault(&self->s);				\
	ASSERT_EQ(PROXYIPC_KIND_FAULT, self->got.out_kind);		\
} while (0)

#define RESUME(flags)							\
	endpoint_resume_flags(self->s.endpoint, self->got.out_cap, flags)

#define EXPECT_GOES_ON() do {						\
	EXPECT_TRUE(eventually(self->s.target.page->counter[0] == 1));	\
	EXPECT_EQ(0U, self->s.target.page->signals);			\
	EXPECT_EMPTY(self->s.endpoint);					\
} while (0)

/*
 * Mending
 */

TEST_F(faults, mended_and_retried_is_never_seen_by_the_target)
{
	START(DIVIDE, HANDLED);
	RECEIVE();
	self->s.plan->divisor = 1;
	EXPECT_EQ(0, RESUME(PROXYIPC_RESUME_RETRY));
	EXPECT_GOES_ON();
}

TEST_F(faults, file_can_be_extended_under_the_target)
{
	START(BEYOND_END, HANDLED);
	RECEIVE();
	ASSERT_EQ(0, ftruncate(self->s.file, PAGE));
	EXPECT_EQ(0, RESUME(PROXYIPC_RESUME_RETRY));
	EXPECT_GOES_ON();
}

TEST_F(faults, code_can_be_replaced_under_the_target)
{
	START(BAD_CODE, HANDLED);
	RECEIVE();
	memcpy(self->s.plan->code, "\x90\x90", 2);
	EXPECT_EQ(0, RESUME(PROXYIPC_RESUME_RETRY));
	EXPECT_GOES_ON();
}

TEST_F(faults, can_be_retried_through_the_process_object_too)
{
	START(DIVIDE, HANDLED);
	RECEIVE();
	self->s.plan->divisor = 1;
	EXPECT_EQ(0, process_resume_flags(self->s.process, self->got.out_token,
					  PROXYIPC_RESUME_RETRY));
	EXPECT_GOES_ON();
}

/* The documented limit: what the kernel reset, it has reset. */
TEST_F(faults, retried_while_blocked_leave_the_default_and_unblocked)
{
	START(DIVIDE, BLOCKED);
	RECEIVE();
	self->s.plan->divisor = 1;
	EXPECT_EQ(0, RESUME(PROXYIPC_RESUME_RETRY));
	EXPECT_GOES_ON();
	EXPECT_TRUE(self->s.plan->is_default);
	EXPECT_FALSE(self->s.plan->is_blocked);
}

TEST_F(faults, retried_with_a_handler_leave_it_in_place)
{
	START(DIVIDE, HANDLED);
	RECEIVE();
	self->s.plan->divisor = 1;
	EXPECT_EQ(0, RESUME(PROXYIPC_RESUME_RETRY));
	EXPECT_GOES_ON();
	EXPECT_FALSE(self->s.plan->is_default);
	EXPECT_FALSE(self->s.plan->is_blocked);
}

/* One system call per fault. */
#define ROUNDS	1000L

TEST_F(faults, many_in_a_row_are_mended)
{
	const long rounds = repeat(ROUNDS);
	struct proxyipc_endpoint_reply_recv both = { .size = sizeof(both) };
	long i;

	self->s.plan->rounds = rounds;
	START(DIVIDE, HANDLED);
	both.flags = PROXYIPC_RESUME_ONLY | PROXYIPC_RESUME_RETRY;
	both.deadline = deadline_ms(PATIENCE_MS);
	child_go(&self->s.target, 1);
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, command(self->s.endpoint,
				     PROXYIPC_IOC_ENDPOINT_REPLY_RECV, &both));
		ASSERT_EQ(PROXYIPC_KIND_FAULT, both.received.out_kind);
		self->s.plan->divisor = 1;
		both.cap = both.received.out_cap;
		both.deadline = deadline_ms(PATIENCE_MS);
	}
	EXPECT_EQ(0, endpoint_resume_flags(self->s.endpoint, both.cap,
					   PROXYIPC_RESUME_RETRY));
	EXPECT_TRUE(eventually(self->s.target.page->counter[0] == rounds));
	EXPECT_EQ(0U, self->s.target.page->signals);
	EXPECT_EMPTY(self->s.endpoint);
}

/*
 * Their turn among other episodes
 */

struct notifier {
	struct child_page *page;
	int proxy;
	atomic_bool stop;
};

/*
 * One for each fault, at about that time. (Notices without a pause begin one episode
 * after another, and the target would run once per lease.)
 */
static void *notify_at_each_fault(void *arg)
{
	struct notifier *notifier = arg;
	int last = 0;

	while (!notifier->stop) {
		if (notifier->page->phase == last)
			continue;
		last = notifier->page->phase;
		burn(last * 37 % 5000);
		entry_notify(notifier->proxy, 1);
	}
	return NULL;
}

TEST_F(faults, wait_their_turn_among_notices_and_none_is_lost)
{
	const long rounds = repeat(500);
	struct proxyipc_received got;
	long faults = 0, notices = 0;
	struct notifier notifier = { .stop = false };
	pthread_t thread;

	self->s.plan->rounds = rounds;
	START(DIVIDE, HANDLED);
	notifier.page = self->s.target.page;
	notifier.proxy = process_mint(self->s.process, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, notifier.proxy);
	ASSERT_EQ(0, pthread_create(&thread, NULL, notify_at_each_fault, &notifier));
	child_go(&self->s.target, 1);
	while (faults < rounds) {
		got = receive(self->s.endpoint);
		if (got.out_kind == PROXYIPC_KIND_NOTICE) {
			notices++;
			ASSERT_EQ(0, endpoint_resume(self->s.endpoint, got.out_cap));
			continue;
		}
		ASSERT_EQ(PROXYIPC_KIND_FAULT, got.out_kind);
		faults++;
		self->s.plan->divisor = 1;
		ASSERT_EQ(0, endpoint_resume_flags(self->s.endpoint, got.out_cap,
						   PROXYIPC_RESUME_RETRY));
	}
	notifier.stop = true;
	pthread_join(thread, NULL);
	close_fd(&notifier.proxy);
	/* The last notice may be on its way still. */
	EXPECT_TRUE(eventually(({
		struct proxyipc_endpoint_recv recv = { .size = 0 };

		if (!endpoint_recv_now(self->s.endpoint, &recv))
			endpoint_resume(self->s.endpoint, recv.received.out_cap);
		self->s.target.page->counter[0] >= rounds;
	})));
	EXPECT_EQ(rounds, faults);
	EXPECT_LT(0, notices);
	EXPECT_EQ(0U, self->s.target.page->signals);
}

static __u64 episodes_of(int process)
{
	struct proxyipc_process_info info;

	return process_info(process, &info) ? 0 : info.out_episodes;
}

/*
 * In the rest after a lease the target runs, and comes to its fault at once. Whether
 * that is received before its own lease ends is for the scheduler to say.
 */
TEST_F(faults, in_the_rest_after_a_lease_are_routed)
{
	int proxy;

	self->s.plan->kind = DIVIDE;
	self->s.plan->how = HANDLED;
	ASSERT_EQ(0, fault_target_start(&self->s));
	close_fd(&self->s.process);
	self->s.process = process_open(self->s.target.pid, 0, 200 * NS_PER_MS);
	ASSERT_EQ(0, process_set_faults(self->s.process, ALL_FAULTS));
	ASSERT_EQ(0, process_set_receiver(self->s.process, self->s.entry));
	proxy = process_mint(self->s.process, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_LE(0, entry_notify(proxy, 1));
	child_go(&self->s.target, 1);
	EXPECT_TRUE(eventually(episodes_of(self->s.process) == 2));
	/* And it, too, is delivered in the end. */
	EXPECT_TRUE(eventually(self->s.target.page->signals == 1));
	EXPECT_EQ(SIGFPE, self->s.plan->signo);
	EXPECT_EQ(2ULL, episodes_of(self->s.process));
	close_fd(&proxy);
}

/*
 * Other signals
 */

TEST_F(faults, retried_leave_a_signal_that_was_sent_meanwhile)
{
	START(DIVIDE, HANDLED);
	RECEIVE();
	ASSERT_EQ(0, kill(self->s.target.pid, SIGFPE));
	EXPECT_TRUE(proc_signal_pending(self->s.target.pid, SIGFPE));
	self->s.plan->divisor = 1;
	EXPECT_EQ(0, RESUME(PROXYIPC_RESUME_RETRY));
	EXPECT_TRUE(eventually(self->s.target.page->signals == 1));
	EXPECT_EQ(SIGFPE, self->s.plan->signo);
	EXPECT_EQ(SI_USER, self->s.plan->code_got);
}

TEST_F(faults, delivered_come_before_a_signal_that_was_sent_meanwhile)
{
	START(DIVIDE, HANDLED);
	RECEIVE();
	ASSERT_EQ(0, kill(self->s.target.pid, SIGTERM));
	EXPECT_EQ(0, RESUME(0));
	EXPECT_TRUE(killed_by(child_ends(&self->s.target), SIGTERM));
}

/* Tells what the target gets that does this to itself. */
static void send_fault(struct fault_plan *plan)
{
	siginfo_t info = {
		.si_signo = SIGSEGV,
		.si_code = SEGV_MAPERR,
	};

	info.si_addr = UNMAPPED;
	dispose(SIGSEGV, HANDLED);
	if (!sigsetjmp(own_skip, 1))
		syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGSEGV, &info);
}

static void send_when_told(struct child_page *page)
{
	own_target_page = page;
	page->phase = 1;
	await_go(page, 1);
	for (int i = 0; i < (int)own_plan->rounds; i++)
		send_fault(own_plan);
	page->phase = 2;
	await_go(page, 2);
	if (!sigsetjmp(own_skip, 1))
		do_fault(own_plan);
	await_go(page, 3);
}

/* E4: what a program sends to itself can look like a fault in everything. */
TEST_F(faults, forged_are_not_routed_and_genuine_ones_are_E4)
{
	const unsigned int forged = repeat(100);

	own_plan = self->s.plan;
	self->s.plan->kind = READ_UNMAPPED;
	self->s.plan->rounds = forged;
	self->s.target = child_new(send_when_told, -1, -1);
	self->s.process = child_open(&self->s.target);
	ASSERT_EQ(0, process_set_faults(self->s.process, ALL_FAULTS));
	ASSERT_EQ(0, process_set_receiver(self->s.process, self->s.entry));
	ASSERT_TRUE(child_reaches(&self->s.target, 1));
	child_go(&self->s.target, 1);
	ASSERT_TRUE(child_reaches(&self->s.target, 2));
	EXPECT_EQ(forged, self->s.target.page->signals);
	EXPECT_EQ(SEGV_MAPERR, self->s.plan->code_got);
	EXPECT_EQ((uintptr_t)UNMAPPED, self->s.plan->addr_got);
	EXPECT_EMPTY(self->s.endpoint);
	RECEIVE();
	EXPECT_EQ(forged, self->s.target.page->signals);
	EXPECT_EQ(0, RESUME(0));
	EXPECT_TRUE(eventually(self->s.target.page->signals == forged + 1));
}

TEST_F(faults, sent_by_others_are_not_routed)
{
	START(READ_UNMAPPED, HANDLED);
	for (unsigned int i = 1; i <= 5; i++) {
		ASSERT_EQ(0, syscall(SYS_tgkill, self->s.target.pid,
				     self->s.target.pid, SIGSEGV));
		ASSERT_TRUE(eventually(self->s.target.page->signals == i));
	}
	EXPECT_EMPTY(self->s.endpoint);
}

/* A system call says EFAULT. */
static void write_from_nowhere(struct child_page *page)
{
	page->phase = 1;
	await_go(page, 1);
	page->result = syscall(SYS_write, page->fd[0], UNMAPPED, 1);
	page->error = errno;
	page->phase = 2;
	await_go(page, 2);
}

TEST_F(faults, in_a_system_call_are_efault)
{
	self->s.target = child_new(write_from_nowhere, self->s.file, -1);
	self->s.process = child_open(&self->s.target);
	ASSERT_EQ(0, process_set_faults(self->s.process, ALL_FAULTS));
	ASSERT_EQ(0, process_set_receiver(self->s.process, self->s.entry));
	child_go(&self->s.target, 1);
	ASSERT_TRUE(child_reaches(&self->s.target, 2));
	EXPECT_EQ(-1, self->s.target.page->result);
	EXPECT_EQ(EFAULT, self->s.target.page->error);
	EXPECT_EMPTY(self->s.endpoint);
}

/* A general protection fault says no more than SI_KERNEL. */
static void fault_generally(struct child_page *page)
{
	page->phase = 1;
	await_go(page, 1);
	asm volatile("hlt");
}

/* A handler whose frame can't be written: the kernel's own SIGSEGV, always fatal. */
static void fault_without_a_stack(struct child_page *page)
{
	stack_t nowhere = { .ss_sp = UNMAPPED - 16 + PAGE, .ss_size = 65536 };
	struct sigaction action = {
		.sa_handler = SIG_DFL,
		.sa_flags = SA_ONSTACK | SA_SIGINFO,
	};

	action.sa_sigaction = skip_fault;
	sigaltstack(&nowhere, NULL);
	sigaction(SIGUSR1, &action, NULL);
	page->phase = 1;
	await_go(page, 1);
	raise(SIGUSR1);
}

static void break_a_seccomp_rule(struct child_page *page)
{
	struct sock_filter kill_getppid[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {
		.len = ARRAY_SIZE(kill_getppid),
		.filter = kill_getppid,
	};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		_exit(2);
	page->phase = 1;
	await_go(page, 1);
	syscall(SYS_getppid);
}

/* Has so little room for a new program that its exec fails when the old one is gone. */
static void exec_without_room(struct child_page *page)
{
	const struct rlimit room = { 64 * PAGE, 64 * PAGE };

	page->phase = 1;
	await_go(page, 1);
	setrlimit(RLIMIT_AS, &room);
	execl(page->path, page->path, NULL);
	page->error = errno;
}

static void exec_without_room_as_a_user(struct child_page *page)
{
	const struct who user = plain_user(1000);

	if (become(&user))
		_exit(2);
	exec_without_room(page);
}

/*
 * E2 and its like: the kernel has condemned the target, nobody else is asked. (One that
 * was retried lived on with the user ids of the set-uid program.)
 */
FIXTURE(condemned) {
	struct fault_stage s;
	char path[64];
};

FIXTURE_VARIANT(condemned) {
	void (*body)(struct child_page *page);
	int signo;
	int tries;
	mode_t mode;		/* of the program that is executed */
};

FIXTURE_VARIANT_ADD(condemned, failed_setuid_exec_E2) {
	.body = exec_without_room_as_a_user, .signo = SIGSEGV, .tries = 100,
	.mode = 04755,
};

FIXTURE_VARIANT_ADD(condemned, failed_exec) {
	.body = exec_without_room, .signo = SIGSEGV, .tries = 20, .mode = 0755,
};

FIXTURE_VARIANT_ADD(condemned, seccomp) {
	.body = break_a_seccomp_rule, .signo = SIGSYS, .tries = 20,
};

FIXTURE_VARIANT_ADD(condemned, no_room_for_a_signal_frame) {
	.body = fault_without_a_stack, .signo = SIGSEGV, .tries = 20,
};

/* Not condemned, but all that is known of it is SI_KERNEL as well. */
FIXTURE_VARIANT_ADD(condemned, general_protection_fault) {
	.body = fault_generally, .signo = SIGSEGV, .tries = 20,
};

FIXTURE_SETUP(condemned)
{
	ASSERT_EQ(0, fault_stage_open(&self->s));
	snprintf(self->path, sizeof(self->path), "/tmp/condemned.%d", getpid());
	ASSERT_EQ(0, image_copy(self->path, 0, 0, variant->mode ?: 0755));
}

FIXTURE_TEARDOWN(condemned)
{
	fault_stage_close(&self->s);
	unlink(self->path);
}

/* One try: what is wrong, or NULL. */
static const char *condemn(struct fault_stage *s, struct child_page *page,
			   void (*body)(struct child_page *page), int signo)
{
	struct proxyipc_received got;
	int status;

	s->target = child_start(body, page);
	if (!child_reaches(&s->target, 1))
		return "it did not begin";
	s->process = child_open(&s->target);
	if (process_set_faults(s->process, ALL_FAULTS) ||
	    process_set_receiver(s->process, s->entry))
		return "it can't be caught";
	child_go(&s->target, 1);
	got = receive(s->endpoint);
	if (got.out_kind != PROXYIPC_KIND_EVENT ||
	    got.out_events != PROXYIPC_EVENT_TARGET_GONE)
		return "the receiver was told of more than its end";
	status = child_ends(&s->target);
	close_fd(&s->process);
	return killed_by(status, signo) ? NULL : "it ended otherwise";
}

TEST_F(condemned, targets_die_and_nobody_is_asked)
{
	const char *wrong = NULL;
	struct child_page *page;

	for (int i = 0; !wrong && i < repeat(variant->tries); i++) {
		page = child_page_new();
		ASSERT_NE(NULL, page);
		strcpy(page->path, self->path);
		wrong = condemn(&self->s, page, variant->body, variant->signo);
		munmap(page, sizeof(*page));
		self->s.target.page = NULL;
		EXPECT_EQ(NULL, wrong) {
			TH_LOG("try %d: %s", i, wrong);
		}
	}
}

/*
 * The target's life
 */

static void exec_and_fault(struct fault_plan *plan)
{
	own_target_page->phase = 1;
	await_go(own_target_page, 1);
	execl("/proc/self/exe", "image", "--fault", NULL);
}

TEST_F(faults, of_a_new_program_are_routed_as_those_of_the_old)
{
	self->s.plan->begin = exec_and_fault;
	START(READ_UNMAPPED, BY_DEFAULT);
	RECEIVE();
	EXPECT_EQ(SIGSEGV, (int)self->got.out_words[PROXYIPC_FAULT_SIGNAL]);
	EXPECT_EQ(address(UNMAPPED), self->got.out_words[PROXYIPC_FAULT_ADDRESS]);
	EXPECT_EQ(0, RESUME(0));
	EXPECT_TRUE(killed_by(child_ends(&self->s.target), SIGSEGV));
}

TEST_F(faults, of_a_traced_target_are_its_tracers)
{
	int status;

	START(DIVIDE, HANDLED);
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->s.target.pid, NULL, NULL));
	child_go(&self->s.target, 1);
	EXPECT_TRUE(eventually(waitpid(self->s.target.pid, &status, WNOHANG) > 0));
	EXPECT_TRUE(WIFSTOPPED(status));
	EXPECT_EQ(SIGFPE, WSTOPSIG(status));
	EXPECT_EMPTY(self->s.endpoint);
	EXPECT_EQ(0, ptrace(PTRACE_DETACH, self->s.target.pid, NULL, NULL));
}

static void *exit_when_told(void *arg)
{
	await_go(own_target_page, 2);
	syscall(SYS_exit_group, 7);
	return arg;
}

static void add_thread(struct fault_plan *plan)
{
	pthread_t thread;

	pthread_create(&thread, NULL, exit_when_told, NULL);
}

TEST_F(faults, do_not_keep_the_process_from_exiting)
{
	self->s.plan->begin = add_thread;
	START(DIVIDE, HANDLED);
	RECEIVE();
	child_go(&self->s.target, 2);
	EXPECT_TRUE(exited_with(child_ends(&self->s.target), 7));
	self->got = receive(self->s.endpoint);
	EXPECT_EQ(PROXYIPC_EVENT_TARGET_GONE, self->got.out_events);
}

static void *ignore_when_told(void *arg)
{
	await_go(own_target_page, 2);
	signal(SIGFPE, SIG_IGN);
	own_target_page->result = 1;
	return arg;
}

static void add_ignoring_thread(struct fault_plan *plan)
{
	pthread_t thread;

	pthread_create(&thread, NULL, ignore_when_told, NULL);
}

/* To ignore a signal takes it out of the queue; there is nothing left to discard. */
TEST_F(faults, ignored_by_another_thread_meanwhile_can_be_retried)
{
	self->s.plan->begin = add_ignoring_thread;
	START(DIVIDE, HANDLED);
	RECEIVE();
	child_go(&self->s.target, 2);
	EXPECT_TRUE(eventually(self->s.target.page->result));
	self->s.plan->divisor = 1;
	EXPECT_EQ(0, RESUME(PROXYIPC_RESUME_RETRY));
	EXPECT_TRUE(eventually(self->s.target.page->counter[0] == 1));
	EXPECT_EQ(0U, self->s.target.page->signals);
	/* What told the thread told the target to come to another one. */
	self->got = receive(self->s.endpoint);
	EXPECT_EQ(PROXYIPC_KIND_FAULT, self->got.out_kind);
}

/*
 * Who may ask, and for what
 */

TEST_F(faults, of_one_signal_go_to_one_object)
{
	int other;

	START(DIVIDE, HANDLED);
	other = child_open(&self->s.target);
	ASSERT_LE(0, other);
	EXPECT_EQ(-EBUSY, process_set_faults(other, BIT(SIGFPE)));
	EXPECT_EQ(0, process_set_faults(self->s.process, BIT(SIGSEGV)));
	EXPECT_EQ(-EBUSY, process_set_faults(other, ALL_FAULTS));
	EXPECT_EQ(0, process_set_faults(other, BIT(SIGFPE)));
	EXPECT_EQ(-EBUSY, process_set_faults(self->s.process, ALL_FAULTS));
	/* Nothing was changed, and nobody is at the other's. */
	child_go(&self->s.target, 1);
	EXPECT_TRUE(eventually(self->s.target.page->signals));
	EXPECT_EMPTY(self->s.endpoint);
	close_fd(&other);
	EXPECT_EQ(0, process_set_faults(self->s.process, ALL_FAULTS));
	RECEIVE();
}

TEST_F(faults, of_several_signals_go_to_several_objects)
{
	int other;

	START(DIVIDE, HANDLED);
	ASSERT_EQ(0, process_set_faults(self->s.process, BIT(SIGFPE)));
	other = child_open(&self->s.target);
	ASSERT_EQ(0, process_set_faults(other, ALL_FAULTS & ~BIT(SIGFPE)));
	RECEIVE();
	EXPECT_EQ(PROXYIPC_EPISODE_RECEIVED, process_episode(self->s.process));
	EXPECT_EQ(PROXYIPC_EPISODE_NONE, process_episode(other));
	close_fd(&other);
}

TEST_F(faults, are_five_signals_and_no_other)
{
	START(DIVIDE, HANDLED);
	for (int signo = 1; signo <= 64; signo++) {
		ASSERT_EQ(ALL_FAULTS & BIT(signo) ? 0 : -EINVAL,
			  process_set_faults(self->s.process, BIT(signo))) {
			TH_LOG("signal %d", signo);
		}
	}
	EXPECT_EQ(-EINVAL, process_set_faults(self->s.process, ~0ULL));
	EXPECT_EQ(0, process_set_faults(self->s.process, 0));
}

/* As another process of the same user, with what the object of that may do. */
static void ask_as_the_same_user(struct child_page *page)
{
	const struct who user = plain_user(1000);
	int process;

	page->error = become(&user);
	process = process_open(page->tid[1], 0, 0);
	page->tid[0] = process;
	page->result = process_set_faults(process, BIT(SIGSEGV));
}

TEST_F(faults, take_an_object_that_may_see_addresses)
{
	static const char parameter[] = "/sys/module/proxyipc/parameters/open_same_uid";
	const struct who user = plain_user(1000);
	struct child_page *page = child_page_new();
	struct child asker;

	ASSERT_NE(NULL, page);
	self->s.target = child_spin_as(&user);
	ASSERT_TRUE(child_reaches(&self->s.target, 1));
	page->tid[1] = self->s.target.pid;
	ASSERT_EQ(0, file_write(parameter, "1"));
	asker = child_start(ask_as_the_same_user, page);
	EXPECT_TRUE(exited_with(child_ends(&asker), 0));
	EXPECT_EQ(0, file_write(parameter, "0"));
	EXPECT_EQ(0, page->error);
	EXPECT_LE(0, page->tid[0]);
	EXPECT_EQ(-EPERM, page->result);
}

TEST_F(faults, beyond_the_quota_are_delivered)
{
	static const char parameter[] = "/sys/module/proxyipc/parameters/holds_per_user";
	char before[32];

	ASSERT_EQ(0, file_read(parameter, before, sizeof(before)));
	START(DIVIDE, HANDLED);
	ASSERT_EQ(0, file_write(parameter, "0"));
	child_go(&self->s.target, 1);
	EXPECT_TRUE(eventually(self->s.target.page->counter[1]));
	EXPECT_EQ(0, file_write(parameter, before));
	EXPECT_EQ(1U, self->s.target.page->signals);
	EXPECT_EQ(PROXYIPC_EPISODE_NONE, process_episode(self->s.process));
	EXPECT_EQ(0, process_holds(self->s.process));
	EXPECT_EMPTY(self->s.endpoint);
	/* And the next one isn't. */
	child_go(&self->s.target, 2);
	self->got = receive(self->s.endpoint);
	EXPECT_EQ(PROXYIPC_KIND_FAULT, self->got.out_kind);
}

TEST_F(faults, of_a_dead_target_are_esrch)
{
	START(DIVIDE, HANDLED);
	child_kill(&self->s.target);
	EXPECT_EQ(-ESRCH, process_set_faults(self->s.process, ALL_FAULTS));
}

/*
 * What a resume may say
 */

TEST_F(faults, alone_can_be_retried)
{
	__u64 token;
	int proxy;

	START(DIVIDE, HANDLED);
	ASSERT_TRUE(held_state(process_hold(self->s.process, &token)));
	EXPECT_EQ(-EINVAL, process_resume_flags(self->s.process, token,
						PROXYIPC_RESUME_RETRY));
	EXPECT_EQ(0, process_resume(self->s.process, token));
	proxy = process_mint(self->s.process, 0, RIGHTS_ALL, NOTICES_ALL);
	ASSERT_EQ(0, entry_send(proxy, 1));
	self->got = receive(self->s.endpoint);
	EXPECT_EQ(-EINVAL, RESUME(PROXYIPC_RESUME_RETRY));
	EXPECT_EQ(-EINVAL, process_resume_flags(self->s.process, self->got.out_token,
						PROXYIPC_RESUME_RETRY));
	/* Nothing was changed. */
	EXPECT_EQ(PROXYIPC_EPISODE_RECEIVED, process_episode(self->s.process));
	EXPECT_EQ(0, RESUME(0));
	close_fd(&proxy);
}

TEST_F(faults, can_not_be_killed_and_more)
{
	struct proxyipc_endpoint_reply_recv both = { .size = sizeof(both) };

	START(DIVIDE, HANDLED);
	RECEIVE();
	EXPECT_EQ(-EINVAL, RESUME(PROXYIPC_RESUME_KILL | PROXYIPC_RESUME_RETRY));
	EXPECT_EQ(-EINVAL, RESUME(PROXYIPC_RESUME_KILL | PROXYIPC_RESUME_STOP));
	EXPECT_EQ(-EINVAL, process_resume_flags(self->s.process, self->got.out_token,
						PROXYIPC_RESUME_KILL |
						PROXYIPC_RESUME_RETRY));
	EXPECT_EQ(PROXYIPC_EPISODE_RECEIVED, process_episode(self->s.process));
	/* What REPLY_RECV should resume it must be told. */
	both.cap = self->got.out_cap;
	both.flags = PROXYIPC_NONBLOCK | PROXYIPC_RESUME_RETRY;
	EXPECT_EQ(-EINVAL, command(self->s.endpoint,
				   PROXYIPC_IOC_ENDPOINT_REPLY_RECV, &both));
	EXPECT_EQ(PROXYIPC_EPISODE_RECEIVED, process_episode(self->s.process));
	EXPECT_EQ(0, RESUME(PROXYIPC_RESUME_STOP | PROXYIPC_RESUME_RETRY));
}

TEST_F(faults, have_no_reply_to_give)
{
	START(DIVIDE, HANDLED);
	RECEIVE();
	EXPECT_EQ(-ESRCH, endpoint_reply(self->s.endpoint, self->got.out_cap, 1));
	EXPECT_EQ(-ESRCH, process_fetch_reply(self->s.process, self->got.out_token));
	/* Resumed all the same. */
	EXPECT_EQ(-ESRCH, endpoint_resume_reply(self->s.endpoint, self->got.out_cap, 1));
	EXPECT_TRUE(eventually(self->s.target.page->signals));
}

TEST_F(faults, holds_of_other_kinds_can_end_by_a_kill)
{
	__u64 token;

	START(DIVIDE, HANDLED);
	ASSERT_TRUE(held_state(process_hold(self->s.process, &token)));
	EXPECT_EQ(0, process_resume_flags(self->s.process, token,
					  PROXYIPC_RESUME_KILL));
	EXPECT_TRUE(killed_by(child_ends(&self->s.target), SIGKILL));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--fault"))
		asm volatile("movb (%0), %%al" : : "r"(UNMAPPED) : "al");
	image_run(argc, argv);
	return test_harness_run(argc, argv);
}
