// SPDX-License-Identifier: GPL-2.0
/*
 * What does it cost to have a page fault handled by somebody: from the store that
 * faults to the store that succeeds? All but the signal handler are others than the
 * thread that faults, and share its memory: what mends it is the same for all, one
 * mprotect(), but for userfaultfd, which has ways of its own.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "ours.h"

#define PAGE	4096

static int pager_cpu;

struct pager {
	volatile char *page;
	int fd;			/* the endpoint, or the userfaultfd */
	void (*serve)(struct pager *p);
	pthread_barrier_t ready;
};

static struct pager *pager_new(struct contender *c)
{
	struct pager *p = calloc(1, sizeof(*p));

	c->state = p;
	p->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (p->page == MAP_FAILED)
		bench_fail(errno, "mmap");
	pthread_barrier_init(&p->ready, NULL, 2);
	return p;
}

static void protect(struct pager *p, int how)
{
	bench_must(mprotect((void *)p->page, PAGE, how), "mprotect");
}

static void forbid(struct contender *c)
{
	protect(c->state, PROT_NONE);
}

static void touch(struct contender *c)
{
	*((struct pager *)c->state)->page = 1;
}

static void *thread(void *arg)
{
	struct pager *p = arg;

	bench_pin(pager_cpu);
	p->serve(p);
	return NULL;
}

/* Starts the thread that handles, and waits until it says that it is ready. */
static void thread_start(struct pager *p, void (*serve)(struct pager *p))
{
	pthread_t id;

	p->serve = serve;
	errno = pthread_create(&id, NULL, thread, p);
	if (errno)
		bench_fail(errno, "pthread_create");
	pthread_barrier_wait(&p->ready);
}

/*
 * proxyipc
 */

static void ours_pager(struct pager *p)
{
	struct proxyipc_endpoint_reply_recv turn = {
		.flags = PROXYIPC_RESUME_ONLY | PROXYIPC_RESUME_RETRY,
	};

	p->fd = ours_endpoint();
	pthread_barrier_wait(&p->ready);
	for (;;) {
		bench_must(proxyipc_endpoint_reply_recv_params(p->fd, &turn), "REPLY_RECV");
		protect(p, PROT_READ | PROT_WRITE);
		turn.cap = turn.received.out_cap;
	}
}

static void ours_setup(struct contender *c)
{
	struct pager *p = pager_new(c);
	int process = ours_process(0, 0);

	thread_start(p, ours_pager);
	ours_set_receiver(process, p->fd);
	bench_must(proxyipc_process_set_faults(process, proxyipc_signal_bit(SIGSEGV)),
		   "SET_FAULTS");
}

/*
 * A signal handler
 */

static struct pager *handled;

static void on_fault(int signo)
{
	protect(handled, PROT_READ | PROT_WRITE);
}

static void handler_setup(struct contender *c)
{
	struct sigaction action = { .sa_handler = on_fault };

	handled = pager_new(c);
	bench_must(sigaction(SIGSEGV, &action, NULL), "sigaction");
}

/*
 * userfaultfd: a page that is missing, and one that mustn't be written
 */

static struct uffdio_range page_range(struct pager *p)
{
	return (struct uffdio_range){ .start = (uintptr_t)p->page, .len = PAGE };
}

static void uffd_open(struct pager *p, unsigned long mode)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .range = page_range(p), .mode = mode };

	p->fd = bench_must(syscall(SYS_userfaultfd, O_CLOEXEC), "userfaultfd");
	bench_must(ioctl(p->fd, UFFDIO_API, &api), "UFFDIO_API");
	bench_must(ioctl(p->fd, UFFDIO_REGISTER, &reg), "UFFDIO_REGISTER");
}

static void uffd_await_fault(struct pager *p)
{
	struct uffd_msg message;

	bench_must(read(p->fd, &message, sizeof(message)), "read of the userfaultfd");
	if (message.event != UFFD_EVENT_PAGEFAULT)
		bench_fail(0, "userfaultfd: no page fault");
}

static void missing_pager(struct pager *p)
{
	pthread_barrier_wait(&p->ready);
	for (;;) {
		struct uffdio_zeropage zero = { .range = page_range(p) };

		uffd_await_fault(p);
		bench_must(ioctl(p->fd, UFFDIO_ZEROPAGE, &zero), "UFFDIO_ZEROPAGE");
	}
}

static void missing_setup(struct contender *c)
{
	struct pager *p = pager_new(c);

	uffd_open(p, UFFDIO_REGISTER_MODE_MISSING);
	thread_start(p, missing_pager);
}

static void missing_before(struct contender *c)
{
	bench_must(madvise((void *)((struct pager *)c->state)->page, PAGE, MADV_DONTNEED),
		   "madvise");
}

static void write_protect(struct pager *p, unsigned long mode)
{
	struct uffdio_writeprotect protect = { .range = page_range(p), .mode = mode };

	bench_must(ioctl(p->fd, UFFDIO_WRITEPROTECT, &protect), "UFFDIO_WRITEPROTECT");
}

static void protected_pager(struct pager *p)
{
	pthread_barrier_wait(&p->ready);
	for (;;) {
		uffd_await_fault(p);
		write_protect(p, 0);
	}
}

static void protected_setup(struct contender *c)
{
	struct pager *p = pager_new(c);

	uffd_open(p, UFFDIO_REGISTER_MODE_WP);
	thread_start(p, protected_pager);
}

static void protected_before(struct contender *c)
{
	write_protect(c->state, UFFDIO_WRITEPROTECT_MODE_WP);
}

/*
 * ptrace: a tracer must be another process; this one shares its tracee's memory.
 */

static int tracer(void *arg)
{
	struct pager *p = arg;
	pid_t tracee = getppid();
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	bench_pin(pager_cpu);
	bench_must(ptrace(PTRACE_SEIZE, tracee, 0, 0), "PTRACE_SEIZE");
	p->fd = 1;
	for (;;) {
		bench_must(waitpid(tracee, &status, __WALL), "waitpid");
		if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGSEGV)
			bench_fail(0, "ptrace: no SIGSEGV");
		protect(p, PROT_READ | PROT_WRITE);
		bench_must(ptrace(PTRACE_CONT, tracee, 0, 0), "PTRACE_CONT");
	}
}

static void trace_setup(struct contender *c)
{
	static _Alignas(16) char stack[65536];
	struct pager *p = pager_new(c);

	bench_must(clone(tracer, stack + sizeof(stack), CLONE_VM | SIGCHLD, p), "clone");
	while (!*(volatile int *)&p->fd)
		usleep(1000);
}

static struct contender contenders[] = {
	{ .name = "proxyipc, retry", .setup = ours_setup, .before = forbid, .timed = touch },
	{ .name = "signal handler", .setup = handler_setup, .before = forbid, .timed = touch },
	{ .name = "userfaultfd, missing", .setup = missing_setup, .before = missing_before,
	  .timed = touch },
	{ .name = "userfaultfd, write-protected", .setup = protected_setup,
	  .before = protected_before, .timed = touch },
	{ .name = "ptrace", .setup = trace_setup, .before = forbid, .timed = touch },
};

static void ask(const char *setting, int cpu)
{
	pager_cpu = cpu;
	bench_ask(&(struct question){
		.name = "fault",
		.setting = setting,
		.contenders = contenders,
		.count = COUNT(contenders),
		.rounds = 20,
		.batch = 50,
	});
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	ask("same CPU", 0);
	if (!bench_exact())
		ask("across CPUs", 1);
	return 0;
}
