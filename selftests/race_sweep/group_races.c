// SPDX-License-Identifier: GPL-2.0
/* Holds on whole thread groups, and what others do to them or to one of their threads. */
#define _GNU_SOURCE
#include "races.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "objects.h"

/* What a fault may take that another one has to wait for. */
#define FAULT_NS	(50 * 1000 * 1000)
#define FAULTS		(1ULL << (SIGSEGV - 1))

static int hold_it(struct stage *s)
{
	return process_hold(s->process, &s->token);
}

static int resume_it(struct stage *s)
{
	return process_resume(s->process, s->token);
}

/*
 * Two threads that do nothing but count, and B is done to them
 */

static void *count_second(void *arg)
{
	struct child_page *page = arg;

	page->tid[1] = syscall(SYS_gettid);
	page->phase = 1;
	for (;;)
		page->counter[1]++;
	return NULL;
}

static void count_both(struct child_page *page)
{
	pthread_t thread;

	pin_to_cpu(CPU_OF_B);
	set_idle(0, true);
	if (pthread_create(&thread, NULL, count_second, page))
		_exit(1);
	for (;;)
		page->counter[0]++;
}

static bool new_group(struct stage *s)
{
	return race_child(&s->target, count_both, -1, -1) &&
	       soon(s->target.page->phase) && open_group(s);
}

static bool prepare_free(struct stage *s)
{
	return is_free(s);
}

static int kill_it(struct stage *s)
{
	return kill(s->target.pid, SIGKILL);
}

static enum order judge_hold_x_kill(struct stage *s)
{
	REQUIRE(held_state(result(s, A)) || result(s, A) == -ESRCH);
	REQUIRE(result(s, B) == 0);
	REQUIRE(died(s));
	REQUIRE(process_holds(s->process) == 0);
	return result(s, A) < 0 ? B_FIRST : A_FIRST;
}

const struct race group_hold_x_kill = {
	.prepare = new_group,
	.a = hold_it,
	.b = kill_it,
	.judge = judge_hold_x_kill,
};

static bool two_objects(struct stage *s)
{
	if (!new_group(s))
		return false;
	s->process2 = process_open_group(s->target.pid, 0);
	return s->process2 >= 0;
}

static int hold_second(struct stage *s)
{
	return process_hold(s->process2, &s->token2);
}

static int resume_second(struct stage *s)
{
	return process_resume(s->process2, s->token2);
}

static bool hold_first(struct stage *s)
{
	return held_state(hold_it(s));
}

/* Those that were woken already are held again on their way out. */
static enum order judge_resume_x_hold(struct stage *s)
{
	REQUIRE(result(s, A) == 0);
	REQUIRE(held_state(result(s, B)));
	REQUIRE(process_holds(s->process) == 1);
	REQUIRE(all_held(s));
	REQUIRE(all_stand(s));
	REQUIRE(resume_second(s) == 0);
	REQUIRE(all_run(s));
	return UNTOLD;
}

const struct race group_resume_x_hold = {
	.begin = two_objects,
	.prepare = hold_first,
	.a = resume_it,
	.b = hold_second,
	.judge = judge_resume_x_hold,
};

static bool group_and_thread(struct stage *s)
{
	if (!new_group(s))
		return false;
	s->process2 = process_open(s->target.pid, s->target.page->tid[1], 0);
	return s->process2 >= 0;
}

/* The thread runs when neither holds it, the other one when the group isn't held. */
static enum order judge_hold_x_thread(struct stage *s)
{
	atomic_uint *second = &s->target.page->counter[1];
	bool group_first = s->nr % 2;
	unsigned int before;

	REQUIRE(held_state(result(s, A)));
	REQUIRE(held_state(result(s, B)));
	REQUIRE(all_stand(s));
	if (group_first) {
		before = *second;
		REQUIRE(resume_it(s) == 0);
		REQUIRE(runs(s));
		REQUIRE(*second == before);
		REQUIRE(resume_second(s) == 0);
	} else {
		REQUIRE(resume_second(s) == 0);
		REQUIRE(all_stand(s));
		REQUIRE(resume_it(s) == 0);
	}
	REQUIRE(all_run(s));
	REQUIRE(process_holds(s->process2) == 0);
	return UNTOLD;
}

const struct race group_hold_x_hold_of_thread = {
	.begin = group_and_thread,
	.prepare = prepare_free,
	.a = hold_it,
	.b = hold_second,
	.judge = judge_hold_x_thread,
};

static bool to_close(struct stage *s)
{
	s->other = process_open_group(s->target.pid, 0);
	return s->other >= 0;
}

static int hold_other(struct stage *s)
{
	return process_hold(s->other, &s->token2);
}

static int close_other(struct stage *s)
{
	return close(s->other);
}

static enum order judge_hold_x_close(struct stage *s)
{
	REQUIRE(held_state(result(s, A)) || result(s, A) == -EBADF);
	REQUIRE(result(s, B) == 0);
	REQUIRE(process_holds(s->process) == 0);
	REQUIRE(all_run(s));
	return result(s, A) < 0 ? B_FIRST : A_FIRST;
}

const struct race group_hold_x_close = {
	.begin = new_group,
	.prepare = to_close,
	.a = hold_other,
	.b = close_other,
	.judge = judge_hold_x_close,
};

static int ask_for_faults(struct stage *s)
{
	return process_set_faults(s->process, FAULTS);
}

static enum order judge_hold_x_set_faults(struct stage *s)
{
	REQUIRE(held_state(result(s, A)));
	REQUIRE(result(s, B) == 0);
	REQUIRE(all_held(s));
	REQUIRE(all_stand(s));
	REQUIRE(resume_it(s) == 0);
	REQUIRE(all_run(s));
	REQUIRE(process_set_faults(s->process, 0) == 0);
	return UNTOLD;
}

const struct race group_hold_x_set_faults = {
	.begin = new_group,
	.prepare = prepare_free,
	.a = hold_it,
	.b = ask_for_faults,
	.judge = judge_hold_x_set_faults,
};

/*
 * Two threads are at a fault: one after the other has its turn
 */

static struct child_page *own_page;
static __thread sigjmp_buf skip;

static void leave_out(int signal)
{
	own_page->signals++;
	siglongjmp(skip, 1);
}

static int read_nowhere(struct stage *s)
{
	if (sigsetjmp(skip, 1))
		return 0;
	asm volatile("movb 16, %%al" : : : "al", "memory");
	return -1;
}

/* page->delay: how often A has told it to. */
static void *fault_for_a(void *arg)
{
	own_page->tid[1] = syscall(SYS_gettid);
	for (unsigned int nr = 1;; nr++) {
		while (own_page->delay < nr)
			own_page->counter[1]++;
		if (read_nowhere(NULL))
			own_page->error = EPROTO;
	}
	return NULL;
}

static void begin_faults(struct child_page *page)
{
	struct sigaction action = { .sa_handler = leave_out };
	pthread_t thread;

	own_page = page;
	pin_to_cpu(CPU_OF_B);
	if (sigaction(SIGSEGV, &action, NULL) ||
	    pthread_create(&thread, NULL, fault_for_a, NULL))
		_exit(1);
}

static void nothing(void)
{
}

static bool faulting_group(struct stage *s)
{
	return acting_target(s, -1, begin_faults, nothing) &&
	       soon(s->target.page->tid[1]) && open_group(s);
}

static bool prepare_faults(struct stage *s)
{
	return is_free(s) && new_endpoint(s) &&
	       !process_set_receiver(s->process, s->entry) &&
	       !process_set_faults(s->process, FAULTS) && is_ready(s);
}

static int have_it_fault(struct stage *s)
{
	s->target.page->delay = s->nr;
	return 0;
}

/* The thread at fault that the receiver is told of; 0 if it isn't told of one. */
static pid_t told_of_fault(struct stage *s)
{
	struct proxyipc_received *received = &s->recv[A].received;

	if (!receive(s) || received->out_kind != PROXYIPC_KIND_FAULT ||
	    !held_state(received->out_state) || !all_stand(s) ||
	    endpoint_resume(s->endpoint, s->cap))
		return 0;
	return received->out_words[PROXYIPC_FAULT_TID];
}

static enum order judge_fault_x_fault(struct stage *s)
{
	struct child_page *page = s->target.page;
	pid_t first, second;

	REQUIRE((first = told_of_fault(s)));
	REQUIRE((second = told_of_fault(s)));
	REQUIRE(first == (second == page->tid[0] ? page->tid[1] : page->tid[0]));
	REQUIRE(second == page->tid[0] || second == page->tid[1]);
	REQUIRE(has_acted(s));
	REQUIRE(result(s, B) == 0);
	REQUIRE(soon(page->signals == 2 * s->nr));
	REQUIRE(!page->error);
	REQUIRE(is_empty(s->endpoint));
	REQUIRE(is_free(s));
	REQUIRE(all_run(s));
	return first == page->tid[0] ? B_FIRST : A_FIRST;
}

const struct race group_fault_x_fault_of_another = {
	.longest = FAULT_NS,
	.b_by = BY_CHILD,
	.asynchronous = true,
	.begin = faulting_group,
	.prepare = prepare_faults,
	.a = have_it_fault,
	.b = read_nowhere,
	.judge = judge_fault_x_fault,
};
