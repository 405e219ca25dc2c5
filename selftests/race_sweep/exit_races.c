// SPDX-License-Identifier: GPL-2.0
/* The target, or the receiver, is killed, exits or executes a program. */
#include "races.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <proxyipc.h>

#include "clock.h"
#include "exec_image.h"
#include "objects.h"

/* What an exit or an exec may take, the longer part of it in the background. */
#define DEATH_NS	(50 * 1000 * 1000)

static int hold_it(struct stage *s)
{
	return process_hold(s->process, &s->token);
}

static int resume_it(struct stage *s)
{
	return process_resume(s->process, s->token);
}

static int send_it(struct stage *s)
{
	return entry_send(s->proxy, s->nr);
}

static int kill_it(struct stage *s)
{
	return kill(s->target.pid, SIGKILL);
}

/* For children: B is what they do next. */
static int leave(struct stage *s)
{
	_exit(0);
}

static int execute(struct stage *s)
{
	image_exec(s->target.page, NULL);
	return 0;
}

static void be_b(struct child_page *page)
{
	page->phase = PHASE_READY;
	race_b(the_stage);
}

static bool open_target(struct stage *s)
{
	s->process = child_open(&s->target);
	return s->process >= 0;
}

static bool prepare_child(struct stage *s)
{
	return race_child(&s->target, be_b, -1, -1) && open_target(s);
}

/*
 * SIGKILL from outside. Whatever the state, it is gone in good time.
 */

static enum order judge_hold_x_kill(struct stage *s)
{
	REQUIRE(held_state(result(s, A)) || result(s, A) == -ESRCH);
	REQUIRE(result(s, B) == 0);
	REQUIRE(died(s));
	REQUIRE(process_holds(s->process) == 0);
	return result(s, A) < 0 ? B_FIRST : A_FIRST;
}

const struct race hold_x_kill = {
	.prepare = new_target,
	.a = hold_it,
	.b = kill_it,
	.judge = judge_hold_x_kill,
};

static bool prepare_held(struct stage *s)
{
	return new_target(s) && held(s);
}

/* The token may be dead a moment before the target is known to be. */
static enum order judge_resume_x_kill(struct stage *s)
{
	REQUIRE(result(s, A) == 0 || result(s, A) == -ESRCH || result(s, A) == -ESTALE);
	REQUIRE(result(s, B) == 0);
	REQUIRE(died(s));
	REQUIRE(process_holds(s->process) == 0);
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race resume_x_kill = {
	.longest = DEATH_NS,
	.asynchronous = true,
	.prepare = prepare_held,
	.a = resume_it,
	.b = kill_it,
	.judge = judge_resume_x_kill,
};

static bool prepare_proxied(struct stage *s)
{
	return new_target(s) && new_proxy(s);
}

static enum order judge_send_x_kill(struct stage *s)
{
	REQUIRE(result(s, A) == 0 || result(s, A) == -ESRCH);
	REQUIRE(result(s, B) == 0);
	REQUIRE(died(s));
	REQUIRE(is_free(s));
	REQUIRE(is_told_of_the_end(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race proxied_send_x_kill = {
	.prepare = prepare_proxied,
	.a = send_it,
	.b = kill_it,
	.judge = judge_send_x_kill,
};

/*
 * The target leaves by itself
 */

/* A hold that comes in time keeps it from leaving, or ends with it. */
static enum order judge_hold_x_exit(struct stage *s)
{
	int resumed = 0;

	REQUIRE(held_state(result(s, A)) || result(s, A) == -ESRCH);
	if (result(s, A) >= 0)
		resumed = resume_it(s);
	REQUIRE(resumed == 0 || resumed == -ESRCH || resumed == -ESTALE);
	REQUIRE(exited_with(child_ends(&s->target), 0));
	REQUIRE(process_state(s->process) == PROXYIPC_STATE_GONE);
	REQUIRE(process_holds(s->process) == 0);
	return result(s, A) < 0 ? B_FIRST : A_FIRST;
}

const struct race hold_x_exit = {
	.longest = DEATH_NS,
	.b_by = BY_CHILD,
	.prepare = prepare_child,
	.a = hold_it,
	.b = leave,
	.judge = judge_hold_x_exit,
};

/*
 * The target executes a program
 */

static bool begin_image(struct stage *s)
{
	s->target.page = image_page_new("/proc/self/exe");
	s->other = s->target.page ? s->target.page->fd[0] : -1;
	return s->target.page;
}

static bool prepare_exec(struct stage *s)
{
	return race_child(&s->target, be_b, s->other, -1) && open_target(s);
}

static bool image_runs(struct stage *s)
{
	return counts(&s->target.page->counter[1]);
}

/* An ordinary exec changes nothing: held before, during or after it. */
static enum order judge_hold_x_exec(struct stage *s)
{
	int phase = s->target.page->phase;

	REQUIRE(held_state(result(s, A)));
	REQUIRE(stands_still(&s->target.page->counter[1]));
	REQUIRE(s->target.page->phase == phase);
	REQUIRE(resume_it(s) == 0);
	REQUIRE(image_runs(s));
	REQUIRE(process_state(s->process) == PROXYIPC_STATE_RUNNABLE);
	REQUIRE(died(s));
	return phase == PHASE_IMAGE ? B_FIRST : A_FIRST;
}

const struct race hold_x_exec = {
	.longest = DEATH_NS,
	.b_by = BY_CHILD,
	.begin = begin_image,
	.prepare = prepare_exec,
	.a = hold_it,
	.b = execute,
	.judge = judge_hold_x_exec,
};

/* In a section of its own, which the exec ends: until then, or for a while, it waits. */
static void be_b_in_section(struct child_page *page)
{
	struct proxyipc_control *control;

	page->error = proxyipc_process_map(process_open(0, 0, 0), &control);
	if (page->error)
		return;
	proxyipc_defer(control);
	be_b(page);
}

static bool prepare_exec_in_section(struct stage *s)
{
	return race_child(&s->target, be_b_in_section, s->other, -1) &&
	       child_reaches(&s->target, PHASE_READY) && open_target(s);
}

const struct race hold_x_exec_in_section = {
	.longest = DEATH_NS,
	.b_by = BY_CHILD,
	.begin = begin_image,
	.prepare = prepare_exec_in_section,
	.a = hold_it,
	.b = execute,
	.judge = judge_hold_x_exec,
};

static bool prepare_proxied_exec(struct stage *s)
{
	return prepare_exec(s) && new_proxy(s);
}

static enum order judge_send_x_exec(struct stage *s)
{
	int phase = s->target.page->phase;

	REQUIRE(result(s, A) == 0);
	REQUIRE(receive(s));
	REQUIRE(s->recv[A].received.out_kind == PROXYIPC_KIND_SEND);
	REQUIRE(s->target.page->phase == phase);
	REQUIRE(endpoint_resume(s->endpoint, s->cap) == 0);
	REQUIRE(image_runs(s));
	REQUIRE(is_free(s));
	REQUIRE(died(s));
	REQUIRE(is_told_of_the_end(s));
	return phase == PHASE_IMAGE ? B_FIRST : A_FIRST;
}

const struct race proxied_send_x_exec = {
	.longest = DEATH_NS,
	.b_by = BY_CHILD,
	.begin = begin_image,
	.prepare = prepare_proxied_exec,
	.a = send_it,
	.b = execute,
	.judge = judge_send_x_exec,
};

/* Another thread executes: the target, held or not, must give way to it. */

static void *be_b_in_thread(void *arg)
{
	race_b(the_stage);
	return NULL;
}

static void be_target_of_two(struct child_page *page)
{
	pthread_t thread;

	pthread_create(&thread, NULL, be_b_in_thread, NULL);
	page->phase = PHASE_READY;
	for (;;)
		page->counter[0]++;
}

static bool prepare_exec_of_another(struct stage *s)
{
	return race_child(&s->target, be_target_of_two, s->other, -1) &&
	       child_reaches(&s->target, PHASE_READY) && open_target(s) && held(s);
}

static enum order judge_resume_x_exec_of_another(struct stage *s)
{
	REQUIRE(result(s, A) == 0 || result(s, A) == -ESRCH || result(s, A) == -ESTALE);
	REQUIRE(image_runs(s));
	REQUIRE(died(s));
	REQUIRE(process_holds(s->process) == 0);
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race resume_x_exec_of_another_thread = {
	.longest = DEATH_NS,
	.b_by = BY_CHILD,
	.begin = begin_image,
	.prepare = prepare_exec_of_another,
	.a = resume_it,
	.b = execute,
	.judge = judge_resume_x_exec_of_another,
};

/*
 * The receiver dies, and another holder of its endpoint answers
 */

static bool begin_proxied(struct stage *s)
{
	if (!new_target(s))
		return false;
	s->proxy = process_mint(s->process, 2, RIGHTS_ALL, NOTICES_ALL);
	return s->proxy >= 0;
}

static void receive_and_be_b(struct child_page *page)
{
	struct stage *s = the_stage;

	page->error = endpoint_recv(page->fd[0], &s->recv[B]);
	page->phase = PHASE_READY;
	race_b(s);
}

static bool prepare_receiver(struct stage *s)
{
	if (!new_endpoint(s) || process_set_receiver(s->process, s->entry) ||
	    !caller_calls(s, s->proxy, 0) ||
	    !race_child(&s->receiver, receive_and_be_b, s->endpoint, -1) ||
	    !child_reaches(&s->receiver, PHASE_READY))
		return false;
	s->token = s->recv[B].received.out_token;
	return !s->receiver.page->error;
}

static int reply_it(struct stage *s)
{
	return process_reply(s->process, s->token, s->nr);
}

static enum order judge_reply_x_receiver_exit(struct stage *s)
{
	int got = caller_result(s);

	REQUIRE(result(s, A) == 0 || result(s, A) == -ESTALE);
	REQUIRE(got == (result(s, A) ? -EOWNERDEAD : 0));
	REQUIRE(exited_with(child_ends(&s->receiver), 0));
	REQUIRE(is_free(s));
	REQUIRE(is_empty(s->endpoint));
	REQUIRE(runs(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race reply_x_exit_of_receiver = {
	.longest = DEATH_NS,
	.b_by = BY_CHILD,
	.begin = begin_proxied,
	.prepare = prepare_receiver,
	.a = reply_it,
	.b = leave,
	.judge = judge_reply_x_receiver_exit,
};
