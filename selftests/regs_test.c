// SPDX-License-Identifier: GPL-2.0
/*
 * PROCESS_GET_REGS: what the target has in its registers is what is read, from
 * user mode, from a system call, of a traced and of a 32-bit target; from nobody
 * who isn't held, and never from one that runs.
 */
#include "proxyipc_test.h"
#include "hold_helpers.h"
#include "regs/values.h"

#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>

#define ROOM	16384U

/* What PROCESS_GET_REGS gives: everything it writes, and around it POISON. */
struct regs {
	union {
		unsigned char bytes[ROOM];
		struct user_regs_struct general;
		struct user_fpregs_struct fp;
		__u32 general32[17];
	};
	struct proxyipc_process_get_regs get;
};

FIXTURE(regs) {
	struct child target;
	int process;
	__u64 token;
	struct regs r, again;
};

FIXTURE_SETUP(regs)
{
	self->process = -1;
}

FIXTURE_TEARDOWN(regs)
{
	close_fd(&self->process);
	child_kill(&self->target);
}

#define START(body, fd0, fd1) do {					\
	self->target = child_new(body, fd0, fd1);			\
	ASSERT_LT(0, self->target.pid);					\
	self->process = child_open(&self->target);			\
	ASSERT_LE(0, self->process);					\
} while (0)

#define HOLD() \
	ASSERT_TRUE(held_state(process_hold(self->process, &self->token)))
#define RESUME() \
	ASSERT_EQ(0, process_resume(self->process, self->token))

static int read_regs(struct regs *r, int process, __u64 token, __u32 note,
		     __u32 flags, __u64 deadline)
{
	memset(r, POISON, sizeof(*r));
	r->get.flags = flags;
	r->get.deadline = deadline;
	r->get.data = address(r->bytes);
	r->get.data_size = ROOM;
	r->get.note = note;
	return process_get_regs(process, token, &r->get);
}

/* Waits, in good time. */
static int get_regs(struct regs *r, int process, __u64 token, __u32 note)
{
	return read_regs(r, process, token, note, 0, deadline_ms(PATIENCE_MS));
}

/* Nothing was written: not the registers, and not the results. */
static bool untouched(const struct regs *r)
{
	return all_bytes(r->bytes, POISON, ROOM) &&
	       r->get.out_data_len == POISON32 &&
	       r->get.out_machine == POISON32 && r->get.out_state == POISON32;
}

/* @len bytes were written, and none behind them. */
static bool wrote(const struct regs *r, __u32 len)
{
	return r->get.out_data_len == len &&
	       all_bytes(r->bytes + len, POISON, ROOM - len);
}

static bool same(const struct regs *a, const struct regs *b)
{
	return a->get.out_data_len == b->get.out_data_len &&
	       !memcmp(a->bytes, b->bytes, a->get.out_data_len);
}

/* Held where it spins: 0, or what went wrong. */
static int hold_where_it_spins(int process, __u64 *token, struct regs *r)
{
	int ret;

	ret = process_hold(process, token);
	if (!held_state(ret))
		return ret ?: -EPROTO;
	ret = get_regs(r, process, *token, NT_PRSTATUS);
	if (!ret && r->general.rip != (unsigned long)regs_spin) {
		process_resume(process, *token);
		return -EAGAIN;
	}
	return ret;
}

#define HOLD_SPINNER() do {						\
	int ret_ = -1;							\
									\
	fill_values();							\
	START(spin_on_values, -1, -1);					\
	ASSERT_TRUE(child_reaches(&self->target, 1));			\
	ASSERT_TRUE(eventually((ret_ = hold_where_it_spins(self->process, \
			&self->token, &self->r)) != -EAGAIN));		\
	ASSERT_EQ(0, ret_);						\
} while (0)

TEST_F(regs, general_of_a_spinning_target_are_those_it_has)
{
	struct user_regs_struct *u = &self->r.general;

	HOLD_SPINNER();
	EXPECT_TRUE(wrote(&self->r, sizeof(*u)));
	EXPECT_EQ(EM_X86_64, self->r.get.out_machine);
	EXPECT_TRUE(held_state(self->r.get.out_state));

	const __u64 got[] = {
		u->rax, u->rbx, u->rcx, u->rdx, u->rsi, u->rdi, u->rbp, u->r8,
		u->r9, u->r10, u->r11, u->r12, u->r13, u->r14, u->r15,
	};

	for (unsigned int i = 0; i < 15; i++)
		EXPECT_EQ(VALUE(i), got[i]);
	EXPECT_EQ((unsigned long)regs_stack, u->rsp);
	EXPECT_EQ((unsigned long)regs_spin, u->rip);
	EXPECT_EQ(-1UL, u->orig_rax);
	EXPECT_EQ((unsigned long)self->target.page->result, u->fs_base);
	EXPECT_EQ(0x33UL, u->cs);
	EXPECT_EQ(0x2bUL, u->ss);
	RESUME();
}

TEST_F(regs, floating_point_of_a_spinning_target_are_those_it_has)
{
	struct regs *r = &self->r;

	HOLD_SPINNER();
	ASSERT_EQ(0, get_regs(r, self->process, self->token, NT_PRFPREG));
	EXPECT_TRUE(wrote(r, sizeof(r->fp)));
	EXPECT_EQ(EM_X86_64, r->get.out_machine);
	for (unsigned int i = 0; i < 16; i++)
		EXPECT_EQ(0, memcmp(&r->fp.xmm_space[4 * i], regs_vector[i], 16));
	EXPECT_EQ(0x1f80U, r->fp.mxcsr);
	EXPECT_EQ(0x37f, r->fp.cwd);
	RESUME();
}

/* Where the upper halves of ymm0 to ymm15 are. */
static unsigned int avx_offset(void)
{
	unsigned int a, b, c, d;

	asm("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(0xd), "c"(2));
	return b;
}

TEST_F(regs, extended_state_has_the_upper_halves_too)
{
	struct regs *r = &self->r;
	unsigned int at = avx_offset();
	__u64 present;

	HOLD_SPINNER();
	ASSERT_EQ(0, get_regs(r, self->process, self->token, NT_X86_XSTATE));
	EXPECT_TRUE(wrote(r, r->get.out_data_len));
	EXPECT_LE(576U, r->get.out_data_len);
	memcpy(&present, r->bytes + 512, 8);
	EXPECT_EQ(2ULL, present & 2);
	/* Both kernels and QEMU have it; else the test would say nothing. */
	ASSERT_TRUE(has_avx);
	EXPECT_EQ(4ULL, present & 4);
	ASSERT_LE(at + 256, r->get.out_data_len);
	for (unsigned int i = 0; i < 16; i++) {
		EXPECT_EQ(0, memcmp(r->bytes + 160 + 16 * i, regs_vector[i], 16));
		EXPECT_EQ(0, memcmp(r->bytes + at + 16 * i, regs_vector[i] + 2, 16));
	}
	RESUME();
}

/*
 * A target in a system call of its own making: read() of one byte.
 */

static void read_by_hand(struct child_page *page)
{
	static char byte;
	long ret;

	page->phase = 1;
	asm volatile("mov %[value], %%r12\n"
		     "syscall\n"
		     "after_read:\n"
		     : "=a"(ret)
		     : "a"(SYS_read), "D"(page->fd[0]), "S"(&byte), "d"(1L),
		       [value] "r"(VALUE(12))
		     : "rcx", "r11", "r12", "memory");
	page->result = ret;
	page->phase = 2;
	for (;;)
		pause();
}

TEST_F(regs, armed_target_has_those_of_its_system_call_and_parked_one_its_result)
{
	struct user_regs_struct *u = &self->r.general;
	int ends[2];

	ASSERT_EQ(0, pipe2(ends, O_CLOEXEC));
	START(read_by_hand, ends[0], -1);
	ASSERT_TRUE(eventually(proc_asleep_in_syscall(self->target.pid, SYS_read)));
	HOLD();
	ASSERT_EQ(0, read_regs(&self->r, self->process, self->token, NT_PRSTATUS,
			       PROXYIPC_NONBLOCK, 0));
	EXPECT_EQ(PROXYIPC_STATE_ARMED, self->r.get.out_state);
	EXPECT_EQ((unsigned long)SYS_read, u->orig_rax);
	EXPECT_EQ((unsigned long)-ENOSYS, u->rax);
	EXPECT_EQ((unsigned long)self->target.page->fd[0], u->rdi);
	EXPECT_EQ(1UL, u->rdx);
	EXPECT_EQ(VALUE(12), u->r12);
	EXPECT_EQ((unsigned long)after_read, u->rip);
	ASSERT_EQ(0, get_regs(&self->again, self->process, self->token, NT_PRFPREG));
	EXPECT_EQ(PROXYIPC_STATE_ARMED, self->again.get.out_state);

	ASSERT_EQ(1, write(ends[1], "x", 1));
	ASSERT_TRUE(wait_for_state(self->process, PROXYIPC_STATE_PARKED));
	ASSERT_EQ(0, get_regs(&self->r, self->process, self->token, NT_PRSTATUS));
	EXPECT_EQ(PROXYIPC_STATE_PARKED, self->r.get.out_state);
	EXPECT_EQ((unsigned long)SYS_read, u->orig_rax);
	EXPECT_EQ(1UL, u->rax);
	EXPECT_EQ(VALUE(12), u->r12);
	EXPECT_EQ((unsigned long)after_read, u->rip);
	EXPECT_EQ(1, self->target.page->phase);
	RESUME();
	ASSERT_TRUE(child_reaches(&self->target, 2));
	EXPECT_EQ(1, self->target.page->result);
	close(ends[0]);
	close(ends[1]);
}

TEST_F(regs, of_an_episode_are_read_by_its_token)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct target t = target_block();
	int endpoint = endpoint_new();
	int entry = entry_new(endpoint, 0, RIGHTS_ALL, 0);
	int proxy = process_mint(t.process, 0, RIGHTS_ALL, 0);

	ASSERT_EQ(0, process_set_receiver(t.process, entry));
	ASSERT_EQ(0, entry_send(proxy, 1));
	ASSERT_EQ(0, endpoint_recv(endpoint, &recv));
	self->process = endpoint_fetch(endpoint, recv.received.out_cap);
	ASSERT_LE(0, self->process);
	self->token = recv.received.out_token;
	EXPECT_EQ(0, get_regs(&self->r, self->process, self->token, NT_PRSTATUS));
	EXPECT_TRUE(wrote(&self->r, sizeof(self->r.general)));
	ASSERT_EQ(0, endpoint_resume(endpoint, recv.received.out_cap));
	EXPECT_EQ(-ESTALE, get_regs(&self->r, self->process, self->token, NT_PRSTATUS));
	EXPECT_TRUE(untouched(&self->r));
	target_kill(&t);
	close(t.process);
	close(proxy);
	close(entry);
	close(endpoint);
}

/*
 * Who doesn't get them
 */

TEST_F(regs, nothing_is_read_without_a_hold_of_this_object)
{
	struct regs *r = &self->r;
	__u64 other_token = 0;
	int other;

	START(child_spin, -1, -1);
	EXPECT_EQ(-ESTALE, get_regs(r, self->process, 0, NT_PRSTATUS));
	EXPECT_TRUE(untouched(r));
	EXPECT_EQ(-ESTALE, get_regs(r, self->process, 1, NT_PRSTATUS));

	/* Held, but by another object: whose hold that is may end at any time. */
	other = child_open(&self->target);
	ASSERT_TRUE(held_state(process_hold(other, &other_token)));
	EXPECT_EQ(-ESTALE, get_regs(r, self->process, other_token, NT_PRSTATUS));
	EXPECT_EQ(-ESTALE, get_regs(r, self->process, 0, NT_PRSTATUS));
	EXPECT_TRUE(untouched(r));
	EXPECT_EQ(0, get_regs(r, other, other_token, NT_PRSTATUS));

	HOLD();
	EXPECT_EQ(0, get_regs(r, self->process, self->token, NT_PRSTATUS));
	RESUME();
	EXPECT_EQ(-ESTALE, get_regs(r, self->process, self->token, NT_PRSTATUS));
	EXPECT_TRUE(untouched(r));
	close(other);
}

TEST_F(regs, too_small_a_buffer_gets_the_size_and_nothing_else)
{
	static const __u32 notes[] = { NT_PRSTATUS, NT_PRFPREG, NT_X86_XSTATE };
	struct regs *r = &self->r;
	__u32 len;

	START(child_spin, -1, -1);
	HOLD();
	for (unsigned int i = 0; i < ARRAY_SIZE(notes); i++) {
		ASSERT_EQ(0, get_regs(r, self->process, self->token, notes[i]));
		len = r->get.out_data_len;
		memset(r->bytes, POISON, ROOM);

		r->get.data_size = len - 1;
		EXPECT_EQ(-EMSGSIZE, process_get_regs(self->process, self->token, &r->get));
		EXPECT_EQ(len, r->get.out_data_len);
		r->get.data_size = 0;
		r->get.data = 0;
		EXPECT_EQ(-EMSGSIZE, process_get_regs(self->process, self->token, &r->get));
		EXPECT_EQ(len, r->get.out_data_len);
		EXPECT_EQ(POISON32, r->get.out_machine);
		EXPECT_EQ(POISON32, r->get.out_state);
		EXPECT_TRUE(all_bytes(r->bytes, POISON, ROOM));

		r->get.data = address(r->bytes);
		r->get.data_size = len;
		EXPECT_EQ(0, process_get_regs(self->process, self->token, &r->get));
		EXPECT_TRUE(wrote(r, len));
	}
	r->get.data = address(unmapped_page());
	EXPECT_EQ(-EFAULT, process_get_regs(self->process, self->token, &r->get));
	EXPECT_EQ(POISON32, r->get.out_data_len);
	RESUME();
}

TEST_F(regs, unknown_notes_are_invalid)
{
	static const __u32 notes[] = {
		0, NT_PRPSINFO, NT_TASKSTRUCT, NT_386_TLS, NT_386_IOPERM, NT_SIGINFO, ~0U,
	};

	START(child_spin, -1, -1);
	HOLD();
	for (unsigned int i = 0; i < ARRAY_SIZE(notes); i++) {
		EXPECT_EQ(-EINVAL, get_regs(&self->r, self->process, self->token,
					    notes[i]));
		EXPECT_TRUE(untouched(&self->r));
	}
	RESUME();
}

TEST_F(regs, of_a_dead_target_are_gone)
{
	START(child_spin, -1, -1);
	HOLD();
	EXPECT_EQ(0, get_regs(&self->r, self->process, self->token, NT_PRSTATUS));
	ASSERT_TRUE(killed_by(child_kill(&self->target), SIGKILL));
	EXPECT_EQ(-ESRCH, get_regs(&self->r, self->process, self->token, NT_PRSTATUS));
	EXPECT_TRUE(untouched(&self->r));
}

/*
 * A target that runs in the kernel for longer than any test: it reads random
 * bytes, which only a fatal signal ends.
 */

#define PIECES		1024
#define PIECE		(1UL << 20)

static void read_for_ever(struct child_page *page)
{
	static unsigned char piece[PIECE];
	struct iovec pieces[PIECES];

	memset(piece, 1, sizeof(piece));
	for (unsigned int i = 0; i < PIECES; i++)
		pieces[i] = (struct iovec){ piece, PIECE };
	for (;;) {
		page->phase = 1;
		if (readv(page->fd[0], pieces, PIECES) < 0)
			return;
	}
}

#define HOLD_BUSY(lease) do {						\
	int fd_ = open("/dev/urandom", O_RDONLY | O_CLOEXEC);		\
									\
	ASSERT_LE(0, fd_);						\
	self->target = child_new(read_for_ever, fd_, -1);		\
	ASSERT_LT(0, self->target.pid);					\
	/* For as long as may be: no verdict by an end of the lease. */	\
	self->process = process_open(self->target.pid, 0, 60 * NS_PER_S); \
	ASSERT_LE(0, self->process);					\
	close(fd_);							\
	ASSERT_TRUE(child_reaches(&self->target, 1));			\
	/* In it: user code between two of them takes no time. */	\
	sleep_ms(10);							\
	ASSERT_EQ(PROXYIPC_STATE_ARMED, process_hold_for(self->process,	\
							 lease, &self->token)); \
} while (0)

TEST_F(regs, of_a_target_that_runs_in_the_kernel_are_not_read)
{
	struct regs *r = &self->r;

	HOLD_BUSY(0);
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(-EAGAIN, read_regs(r, self->process, self->token,
					     NT_PRSTATUS, PROXYIPC_NONBLOCK, 0));
		ASSERT_TRUE(untouched(r));
	}
	EXPECT_EQ(-ETIMEDOUT, read_regs(r, self->process, self->token, NT_PRFPREG,
					0, deadline_ms(5)));
	EXPECT_TRUE(untouched(r));
	EXPECT_EQ(-ETIMEDOUT, read_regs(r, self->process, self->token, NT_PRFPREG,
					0, 1));
	EXPECT_EQ(PROXYIPC_STATE_ARMED, process_state(self->process));
	RESUME();
}

TEST_F(regs, wait_for_a_busy_target_ends_with_the_lease)
{
	HOLD_BUSY(50 * NS_PER_MS);
	EXPECT_EQ(-ESTALE, read_regs(&self->r, self->process, self->token,
				     NT_PRSTATUS, 0, 0));
	EXPECT_TRUE(untouched(&self->r));
}

static void nothing(int signo)
{
}

TEST_F(regs, wait_for_a_busy_target_ends_with_a_signal)
{
	struct sigaction act = { .sa_handler = nothing };
	struct itimerval soon = { .it_value.tv_usec = 20000, .it_interval.tv_usec = 20000 };

	HOLD_BUSY(0);
	ASSERT_EQ(0, sigaction(SIGALRM, &act, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &soon, NULL));
	EXPECT_EQ(-EINTR, read_regs(&self->r, self->process, self->token,
				    NT_PRSTATUS, 0, 0));
	EXPECT_TRUE(untouched(&self->r));
	soon = (struct itimerval){};
	setitimer(ITIMER_REAL, &soon, NULL);
}

static void *kill_soon(void *arg)
{
	sleep_ms(20);
	kill(*(pid_t *)arg, SIGKILL);
	return NULL;
}

TEST_F(regs, wait_for_a_busy_target_ends_with_its_death)
{
	pthread_t killer;

	HOLD_BUSY(0);
	ASSERT_EQ(0, pthread_create(&killer, NULL, kill_soon, &self->target.pid));
	EXPECT_EQ(-ESRCH, read_regs(&self->r, self->process, self->token,
				    NT_PRSTATUS, 0, 0));
	EXPECT_TRUE(untouched(&self->r));
	pthread_join(killer, NULL);
}

/*
 * Beside a debugger
 */

static void report_and_spin(struct child_page *page)
{
	fill_values();
	spin_on_values(page);
}

static bool stopped(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WNOHANG | __WALL) == pid && WIFSTOPPED(status);
}

static long ptrace_regs(pid_t pid, unsigned long note, unsigned char *bytes)
{
	struct iovec iov = { bytes, ROOM };

	return ptrace(PTRACE_GETREGSET, pid, note, &iov) ? -errno : (long)iov.iov_len;
}

TEST_F(regs, of_a_traced_and_stopped_target_are_what_ptrace_says)
{
	static const __u32 notes[] = { NT_PRSTATUS, NT_PRFPREG, NT_X86_XSTATE };
	static unsigned char bytes[ROOM];
	long len;

	has_avx = __builtin_cpu_supports("avx");
	START(report_and_spin, -1, -1);
	ASSERT_TRUE(child_reaches(&self->target, 1));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, self->target.pid, NULL, NULL));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, self->target.pid, NULL, NULL));
	ASSERT_TRUE(eventually(stopped(self->target.pid)));
	HOLD();
	for (unsigned int i = 0; i < ARRAY_SIZE(notes); i++) {
		len = ptrace_regs(self->target.pid, notes[i], bytes);
		ASSERT_LT(0, len);
		ASSERT_EQ(0, get_regs(&self->r, self->process, self->token, notes[i]));
		EXPECT_EQ(PROXYIPC_STATE_ARMED, self->r.get.out_state);
		EXPECT_TRUE(wrote(&self->r, len));
		EXPECT_EQ(0, memcmp(bytes, self->r.bytes, len));
	}
	RESUME();
}

static pid_t spare_tid(struct child *c)
{
	return c->page->tid[1];
}

static void *spare_thread(void *arg)
{
	struct child_page *page = arg;

	page->tid[1] = syscall(SYS_gettid);
	for (;;)
		pause();
	return NULL;
}

static void spin_beside_a_thread(struct child_page *page)
{
	pthread_t thread;

	pthread_create(&thread, NULL, spare_thread, page);
	while (!page->tid[1])
		sched_yield();
	fill_values();
	spin_on_values(page);
}

TEST_F(regs, are_read_while_a_debugger_has_another_thread)
{
	struct regs *r = &self->r;
	int ret = -1;

	has_avx = __builtin_cpu_supports("avx");
	START(spin_beside_a_thread, -1, -1);
	ASSERT_TRUE(child_reaches(&self->target, 1));
	ASSERT_EQ(0, ptrace(PTRACE_SEIZE, spare_tid(&self->target), NULL, NULL));
	ASSERT_EQ(0, ptrace(PTRACE_INTERRUPT, spare_tid(&self->target), NULL, NULL));
	ASSERT_TRUE(eventually(stopped(spare_tid(&self->target))));
	ASSERT_TRUE(eventually((ret = hold_where_it_spins(self->process, &self->token,
							  r)) != -EAGAIN));
	ASSERT_EQ(0, ret);
	EXPECT_EQ(VALUE(14), r->general.r15);
	RESUME();
	/* Or it would be left to this one to reap. */
	EXPECT_EQ(0, ptrace(PTRACE_DETACH, spare_tid(&self->target), NULL, NULL));
}

/*
 * A target that runs 32-bit code: the two bytes of "jmp itself", below 4 GiB.
 */

static void spin_in_32_bit(struct child_page *page)
{
	unsigned char *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (code == MAP_FAILED)
		return;
	memcpy(code, "\xeb\xfe", 2);
	page->result = (long)code;
	page->phase = 1;
	asm volatile("pushq $0x23\n"
		     "pushq %0\n"
		     "mov $0x01234567, %%eax\n"
		     "mov $0x89abcdef, %%ebx\n"
		     "lretq\n"
		     : : "r"(code) : "memory", "rax", "rbx");
}

static bool is_in_32_bit(int process, __u64 *token, struct regs *r)
{
	if (!held_state(process_hold(process, token)))
		return false;
	if (!get_regs(r, process, *token, NT_PRSTATUS) &&
	    r->get.out_machine == EM_386)
		return true;
	process_resume(process, *token);
	return false;
}

TEST_F(regs, of_32_bit_code_have_the_layout_of_that)
{
	struct regs *r = &self->r;

	START(spin_in_32_bit, -1, -1);
	ASSERT_TRUE(child_reaches(&self->target, 1));
	ASSERT_TRUE(eventually(is_in_32_bit(self->process, &self->token, r)));
	EXPECT_TRUE(wrote(r, sizeof(r->general32)));
	EXPECT_EQ(0x89abcdefU, r->general32[0]);	/* ebx */
	EXPECT_EQ(0x01234567U, r->general32[6]);	/* eax */
	EXPECT_EQ((__u32)self->target.page->result, r->general32[12]);	/* eip */
	EXPECT_EQ(0x23U, r->general32[13]);		/* cs */
	ASSERT_EQ(0, get_regs(r, self->process, self->token, NT_PRFPREG));
	EXPECT_EQ(EM_386, r->get.out_machine);
	EXPECT_TRUE(wrote(r, 108));
	RESUME();
}

/*
 * The race. A target that runs changes r12 and r13 with every other instruction, in
 * one step: (x, y) becomes (x + y, x), Fibonacci numbers, of which x * x - x * y - y * y
 * is 1 or -1 for ever. The two halves of xmm1 grow by the same.
 */

static void fibonacci(struct child_page *page)
{
	page->phase = 1;
	asm volatile("mov $1, %%r12\n"
		     "mov $1, %%r13\n"
		     "pxor %%xmm1, %%xmm1\n"
		     "mov $1, %%eax\n"
		     "movq %%rax, %%xmm2\n"
		     "punpcklqdq %%xmm2, %%xmm2\n"
		     "1: xadd %%r13, %%r12\n"
		     "paddq %%xmm2, %%xmm1\n"
		     "jmp 1b\n"
		     ::: "memory", "rax", "r12", "r13", "xmm1", "xmm2");
}

static bool general_are_consistent(const struct regs *r)
{
	__u64 x = r->general.r12, y = r->general.r13;
	__u64 one = x * x - x * y - y * y;

	return one == 1 || one == -1ULL;
}

static bool vectors_are_consistent(const struct regs *r)
{
	return !memcmp(&r->fp.xmm_space[4], &r->fp.xmm_space[6], 8);
}

struct resumer {
	int process;
	atomic_ullong token;
	atomic_bool stop;
	atomic_long resumed;
};

/* Ends the hold of the moment, at any moment. */
static void *resume_at_any_moment(void *arg)
{
	struct resumer *resumer = arg;
	unsigned int delay = 1;
	__u64 token;

	while (!resumer->stop) {
		token = resumer->token;
		if (!token) {
			sched_yield();
			continue;
		}
		delay = delay * 1103515245 + 12345;
		burn((delay >> 16) % 2000);
		resumer->resumed += !process_resume(resumer->process, token);
		resumer->token = 0;
	}
	return NULL;
}

struct tally {
	long whole;	/* a hold that lasted for all reads */
	long cut;	/* one that was ended meanwhile */
	long wrong;
};

/* One hold, read three times: what was read is of one moment, or isn't read. */
static void read_once(FIXTURE_DATA(regs) * self, struct resumer *resumer,
		      struct tally *tally)
{
	static struct regs fp;
	__u64 token;
	int ret;

	if (!held_state(process_hold(self->process, &token)))
		return;
	resumer->token = token;
	ret = get_regs(&self->r, self->process, token, NT_PRSTATUS);
	if (!ret && !general_are_consistent(&self->r))
		tally->wrong++;
	if (!ret)
		ret = get_regs(&fp, self->process, token, NT_PRFPREG);
	if (!ret && !vectors_are_consistent(&fp))
		tally->wrong++;
	if (!ret)
		ret = get_regs(&self->again, self->process, token, NT_PRSTATUS);
	if (!ret && !same(&self->r, &self->again))
		tally->wrong++;
	tally->whole += !ret;
	tally->cut += ret == -ESTALE;
	tally->wrong += ret && ret != -ESTALE;
	while (resumer->token == token)
		sched_yield();
	process_resume(self->process, token);
}

TEST_F(regs, are_never_those_of_a_running_target)
{
	struct resumer resumer = {};
	struct tally tally = {};
	pthread_t thread;
	long i, n = repeat(340);	/* some 1,000 reads */

	START(fibonacci, -1, -1);
	ASSERT_TRUE(child_reaches(&self->target, 1));
	/* Past its first instructions. */
	ASSERT_TRUE(eventually(held_state(process_hold(self->process, &self->token)) &&
			       !get_regs(&self->r, self->process, self->token,
					 NT_PRSTATUS) &&
			       !process_resume(self->process, self->token) &&
			       general_are_consistent(&self->r) &&
			       self->r.general.r12 > 1));
	resumer.process = self->process;
	ASSERT_EQ(0, pthread_create(&thread, NULL, resume_at_any_moment, &resumer));
	for (i = 0; i < n; i++)
		read_once(self, &resumer, &tally);
	resumer.stop = true;
	pthread_join(thread, NULL);
	TH_LOG("%ld holds: %ld read whole, %ld ended meanwhile", n, tally.whole, tally.cut);
	EXPECT_EQ(0, tally.wrong);
	EXPECT_LT(0, tally.whole);
	EXPECT_LT(0, tally.cut);
	EXPECT_LT(0, resumer.resumed);
}

TEST_HARNESS_MAIN
