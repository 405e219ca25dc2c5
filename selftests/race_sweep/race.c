// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "race.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "objects.h"

enum order order_by_sleep(struct stage *s, enum side waits)
{
	if (s->part[waits].slept && !s->part[waits].was_late)
		return waits == A ? A_FIRST : B_FIRST;
	return waits == A ? B_FIRST : A_FIRST;
}

/*
 * Endpoints, and who calls them
 */

static bool endpoint_and_entry(int *endpoint, int *entry)
{
	*endpoint = endpoint_new();
	*entry = entry_new(*endpoint, 1, RIGHTS_ALL, NOTICES_ALL);
	return *endpoint >= 0 && *entry >= 0;
}

bool new_endpoint(struct stage *s)
{
	return endpoint_and_entry(&s->endpoint, &s->entry);
}

bool new_endpoint2(struct stage *s)
{
	return endpoint_and_entry(&s->endpoint2, &s->entry2);
}

bool receive(struct stage *s)
{
	s->recv[A].received.data_size = 0;
	if (endpoint_recv(s->endpoint, &s->recv[A]))
		return false;
	s->cap = s->recv[A].received.out_cap;
	s->token = s->recv[A].received.out_token;
	return true;
}

bool is_empty(int endpoint)
{
	struct proxyipc_endpoint_recv none = { .size = 0 };

	return endpoint_recv_now(endpoint, &none) == -EAGAIN;
}

bool caller_ended(struct stage *s)
{
	int ended;

	return !sem_getvalue(&s->caller.ended, &ended) && ended;
}

void caller_starts(struct stage *s, int entry, __u64 deadline)
{
	struct caller *c = &s->caller;

	c->entry = entry;
	c->deadline = deadline;
	c->word = s->nr;
	c->answer = POISON64;
	sem_post(&c->go);
}

bool caller_calls(struct stage *s, int entry, __u64 deadline)
{
	caller_starts(s, entry, deadline);
	/* A deadline may be over by now. */
	return soon(readable(s->endpoint) || caller_ended(s));
}

int caller_result(struct stage *s)
{
	__u64 end = deadline_ms(PATIENCE_MS);
	struct timespec until = {
		.tv_sec = end / NS_PER_S,
		.tv_nsec = end % NS_PER_S,
	};

	if (sem_clockwait(&s->caller.ended, CLOCK_MONOTONIC, &until))
		return -EINPROGRESS;
	return s->caller.result;
}

bool caller_got(struct stage *s, __u64 word)
{
	return !caller_result(s) && s->caller.answer == word;
}

/*
 * Targets
 */

bool race_child(struct child *c, void (*body)(struct child_page *page), int fd0, int fd1)
{
	if (!c->page)
		c->page = child_page_new();
	if (!c->page)
		return false;
	c->page->phase = 0;
	c->page->go = 0;
	c->page->counter[0] = 0;
	c->page->counter[1] = 0;
	c->page->fd[0] = fd0;
	c->page->fd[1] = fd1;
	*c = child_start(body, c->page);
	return c->pid > 0;
}

void set_idle(pid_t tid, bool idle)
{
	struct sched_param none = { .sched_priority = 0 };

	sched_setscheduler(tid, idle ? SCHED_IDLE : SCHED_OTHER, &none);
}

/* It runs when B sleeps, so it's in no side's way, and dies as soon as B killed it. */
static void spin_idly(struct child_page *page)
{
	pin_to_cpu(CPU_OF_B);
	set_idle(0, true);
	child_spin(page);
}

bool new_target(struct stage *s)
{
	if (!race_child(&s->target, spin_idly, -1, -1) || !soon(s->target.page->phase))
		return false;
	s->process = child_open(&s->target);
	return s->process >= 0;
}

bool runs(struct stage *s)
{
	unsigned int before = s->target.page->counter[0];

	return soon(s->target.page->counter[0] != before);
}

bool stands(struct stage *s)
{
	unsigned int before = s->target.page->counter[0];

	/* Nobody else wants this CPU meanwhile. */
	usleep(50);
	return s->target.page->counter[0] == before;
}

/*
 * In good time means that it dies when it gets to run. As idle as it is a thread of the
 * kernel that is busy on its CPU, that of kmemleak for instance, has it wait for seconds.
 */
bool died(struct stage *s)
{
	set_idle(s->target.pid, false);
	return killed_by(child_kill(&s->target), SIGKILL) &&
	       soon(process_state(s->process) == PROXYIPC_STATE_GONE);
}

bool held(struct stage *s)
{
	if (!held_state(process_hold(s->process, &s->token)))
		return false;
	return s->nr % 2 || soon(process_state(s->process) == PROXYIPC_STATE_PARKED);
}

bool new_proxy(struct stage *s)
{
	s->proxy = process_mint(s->process, 2, RIGHTS_ALL, NOTICES_ALL);
	return s->proxy >= 0 && new_endpoint(s) &&
	       !process_set_receiver(s->process, s->entry);
}

bool is_free(struct stage *s)
{
	struct proxyipc_process_info info;

	return soon(!process_info(s->process, &info) &&
		    info.out_episode == PROXYIPC_EPISODE_NONE &&
		    !info.out_holds && !info.out_waiting);
}

bool is_told_of_the_end(struct stage *s)
{
	return receive(s) && s->recv[A].received.out_kind == PROXYIPC_KIND_EVENT &&
	       s->recv[A].received.out_events == PROXYIPC_EVENT_TARGET_GONE &&
	       is_empty(s->endpoint);
}

/*
 * Targets with more threads than one
 */

bool open_group(struct stage *s)
{
	s->process = process_open_group(s->target.pid, 0);
	return s->process >= 0;
}

/* Its threads count in the two counters of the page. */
bool all_stand(struct stage *s)
{
	unsigned int first = s->target.page->counter[0];
	unsigned int second = s->target.page->counter[1];

	/* Nobody else wants their CPU meanwhile. */
	usleep(200);
	return s->target.page->counter[0] == first && s->target.page->counter[1] == second;
}

bool all_run(struct stage *s)
{
	unsigned int second = s->target.page->counter[1];

	return runs(s) && soon(s->target.page->counter[1] != second);
}

/* Each of its threads is, as far as it says. */
bool all_held(struct stage *s)
{
	struct proxyipc_process_info info;

	return !process_info(s->process, &info) && info.out_threads &&
	       info.out_threads == info.out_threads_armed + info.out_threads_parked;
}

bool has_threads(struct stage *s, unsigned int threads)
{
	struct proxyipc_process_info info;

	return !process_info(s->process, &info) && info.out_threads == threads;
}

/*
 * Targets that are B themselves
 */

static void (*act_begin)(struct child_page *page);
static void (*act_ready)(void);

static void act_each_time(struct child_page *page)
{
	act_begin(page);
	for (int nr = 1;; nr++) {
		while (page->go < nr)
			page->counter[0]++;
		act_ready();
		page->phase = nr;
		race_b(the_stage);
	}
}

bool acting_target(struct stage *s, int fd, void (*begin)(struct child_page *page),
		   void (*ready)(void))
{
	act_begin = begin;
	act_ready = ready;
	return race_child(&s->target, act_each_time, fd, -1);
}

bool is_ready(struct stage *s)
{
	child_go(&s->target, s->nr);
	return soon(s->target.page->phase == (int)s->nr);
}

bool has_acted(struct stage *s)
{
	return soon(s->part[B].through);
}
