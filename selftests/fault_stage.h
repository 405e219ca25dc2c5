/* SPDX-License-Identifier: GPL-2.0 */
/* For the tests of faults: a target that executes what it is told to, and a receiver. */
#ifndef PROXYIPC_FAULT_STAGE_H
#define PROXYIPC_FAULT_STAGE_H

#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <linux/audit.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define BIT(signo)	(1ULL << ((signo) - 1))
#define ALL_FAULTS	(BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGFPE) | \
			 BIT(SIGILL) | BIT(SIGTRAP))

#define FAULT_PAYLOAD	0x3333ULL	/* of the entry in the receiver slot */

#define PAGE		4096

enum fault_kind { READ_UNMAPPED, WRITE_READONLY, BEYOND_END, DIVIDE, BAD_CODE,
		  BREAKPOINT, SINGLE_STEP };

enum fault_how { BY_DEFAULT, HANDLED, IGNORED, BLOCKED };

/* What the target is to do, and what became of it: in memory that both have. */
struct fault_plan {
	enum fault_kind kind;
	enum fault_how how;
	void (*begin)(struct fault_plan *plan);	/* before all else, or NULL */
	unsigned int rounds;		/* so many when it is told for the first time */
	atomic_int divisor;	/* becomes 0 before each division */
	unsigned char *code;		/* two bytes that are executed, and a ret */
	unsigned char *file;		/* a page of an empty file */
	unsigned char *readonly;

	/* What its handler got; it leaves the instruction alone. */
	atomic_int signo, code_got;
	atomic_uintptr_t addr_got;
	/* And what the disposition is after the fault. */
	atomic_bool is_default, is_blocked;
};

struct fault_stage {
	int endpoint;
	int entry;
	int file;		/* of plan->file */
	struct fault_plan *plan;
	struct child target;	/* counter[0]: what it has executed, [1]: skipped */
	int process;
};

static struct fault_plan *own_plan;
static struct child_page *own_target_page;
static sigjmp_buf own_skip;

static inline int signal_of(enum fault_kind kind)
{
	static const int signals[] = {
		[READ_UNMAPPED] = SIGSEGV, [WRITE_READONLY] = SIGSEGV,
		[BEYOND_END] = SIGBUS, [DIVIDE] = SIGFPE, [BAD_CODE] = SIGILL,
		[BREAKPOINT] = SIGTRAP, [SINGLE_STEP] = SIGTRAP,
	};

	return signals[kind];
}

#define UNMAPPED	((unsigned char *)16)

static inline void divide(atomic_int *divisor)
{
	asm volatile("xor %%edx, %%edx\n\tmov $1, %%eax\n\tdivl (%0)"
		     : : "r"(divisor) : "eax", "edx", "memory");
}

/* Sets the trap flag for one instruction. */
static inline void step(void)
{
	asm volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\tnop\n\t"
		     "pushfq\n\tandl $~0x100, (%%rsp)\n\tpopfq\n\tlea 128(%%rsp), %%rsp"
		     : : : "memory", "cc");
}

static __attribute__((noinline)) void do_fault(struct fault_plan *plan)
{
	switch (plan->kind) {
	case READ_UNMAPPED:
		asm volatile("movb (%0), %%al" : : "r"(UNMAPPED) : "al", "memory");
		break;
	case WRITE_READONLY:
		asm volatile("movb $1, (%0)" : : "r"(plan->readonly) : "memory");
		break;
	case BEYOND_END:
		asm volatile("movb (%0), %%al" : : "r"(plan->file) : "al", "memory");
		break;
	case DIVIDE:
		plan->divisor = 0;
		divide(&plan->divisor);
		break;
	case BAD_CODE:
		asm volatile("call *%0" : : "r"(plan->code) : "memory");
		break;
	case BREAKPOINT:
		asm volatile("int3" : : : "memory");
		break;
	case SINGLE_STEP:
		step();
		break;
	}
}

static void skip_fault(int signo, siginfo_t *info, void *context)
{
	own_plan->signo = signo;
	own_plan->code_got = info->si_code;
	own_plan->addr_got = (uintptr_t)info->si_addr;
	own_target_page->signals++;
	siglongjmp(own_skip, 1);
}

static inline void dispose(int signo, enum fault_how how)
{
	struct sigaction action = {
		.sa_flags = how == HANDLED || how == BLOCKED ? SA_SIGINFO : 0,
	};
	sigset_t set;

	if (how == BY_DEFAULT)
		return;
	if (how == IGNORED)
		action.sa_handler = SIG_IGN;
	else
		action.sa_sigaction = skip_fault;
	sigaction(signo, &action, NULL);
	if (how != BLOCKED)
		return;
	sigemptyset(&set);
	sigaddset(&set, signo);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static inline void note_disposition(struct fault_plan *plan, int signo)
{
	struct sigaction action;
	sigset_t set;

	sigaction(signo, NULL, &action);
	sigprocmask(SIG_SETMASK, NULL, &set);
	plan->is_default = action.sa_handler == SIG_DFL;
	plan->is_blocked = sigismember(&set, signo);
}

/* The body: does the next one each time it is told to, page->go. */
static void fault_when_told(struct child_page *page)
{
	const struct rlimit cores = { RLIM_INFINITY, RLIM_INFINITY };
	struct fault_plan *plan = own_plan;

	own_target_page = page;
	/* Where core dumps go. */
	if (chdir("/tmp") || setrlimit(RLIMIT_CORE, &cores))
		_exit(2);
	if (plan->begin)
		plan->begin(plan);
	dispose(signal_of(plan->kind), plan->how);
	for (int i = 1;; i++) {
		if (sigsetjmp(own_skip, 1)) {
			page->counter[1]++;
		} else {
			page->phase = i;
			await_go(page, i > (int)plan->rounds ?
				       i - (int)plan->rounds + 1 : 1);
			do_fault(plan);
			note_disposition(plan, signal_of(plan->kind));
			page->counter[0]++;
		}
	}
}

static inline void *shared_pages(int pages, int protection, int file)
{
	void *p = mmap(NULL, pages * PAGE, protection,
		       MAP_SHARED | (file < 0 ? MAP_ANONYMOUS : 0), file, 0);

	return p == MAP_FAILED ? NULL : p;
}

static inline int fault_plan_new(struct fault_stage *s)
{
	s->file = memfd_create("fault", MFD_CLOEXEC);
	s->plan = shared_pages(1, PROT_READ | PROT_WRITE, -1);
	if (s->file < 0 || !s->plan)
		return -ENOMEM;
	s->plan->file = shared_pages(1, PROT_READ | PROT_WRITE, s->file);
	s->plan->readonly = shared_pages(1, PROT_READ, -1);
	s->plan->code = shared_pages(1, PROT_READ | PROT_WRITE | PROT_EXEC, -1);
	if (!s->plan->file || !s->plan->readonly || !s->plan->code)
		return -ENOMEM;
	s->plan->rounds = 1;
	memcpy(s->plan->code, "\x0f\x0b\xc3", 3);	/* ud2, ret */
	return 0;
}

/* The target as well, waiting at phase 1, as s->plan says. */
static inline int fault_target_start(struct fault_stage *s)
{
	own_plan = s->plan;
	s->target = child_new(fault_when_told, -1, -1);
	if (s->target.pid < 0)
		return s->target.pid;
	s->process = child_open(&s->target);
	if (s->process < 0)
		return s->process;
	return child_reaches(&s->target, 1) ? 0 : -ETIMEDOUT;
}

static inline int fault_stage_open(struct fault_stage *s)
{
	s->process = -1;
	s->endpoint = endpoint_new();
	s->entry = entry_new(s->endpoint, FAULT_PAYLOAD, RIGHTS_ALL, NOTICES_ALL);
	return s->entry < 0 ? s->entry : fault_plan_new(s);
}

/* The target, with all its faults going to the endpoint. */
static inline int fault_stage_start(struct fault_stage *s)
{
	return fault_target_start(s) ?:
	       process_set_faults(s->process, ALL_FAULTS) ?:
	       process_set_receiver(s->process, s->entry);
}

static inline void fault_stage_close(struct fault_stage *s)
{
	child_kill(&s->target);
	close_fd(&s->process);
	close_fd(&s->entry);
	close_fd(&s->endpoint);
	close_fd(&s->file);
	unlink("/tmp/core");
}

/* The next message, all zeros if nothing comes. */
static inline struct proxyipc_received receive(int endpoint)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (endpoint_recv(endpoint, &recv))
		memset(&recv, 0, sizeof(recv));
	return recv.received;
}

/* The same, of a fault: what comes when the target is told to go on. */
static inline struct proxyipc_received next_fault(struct fault_stage *s)
{
	child_go(&s->target, s->target.page->go + 1);
	return receive(s->endpoint);
}

#endif /* PROXYIPC_FAULT_STAGE_H */
