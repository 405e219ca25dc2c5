// SPDX-License-Identifier: GPL-2.0
/* Holds on whole thread groups, and what one of their threads does by itself. */
#define _GNU_SOURCE
#include "races.h"

#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec_image.h"
#include "objects.h"

/* What an exit or an exec may take, the longer part of it in the background. */
#define DEATH_NS	(50 * 1000 * 1000)

static struct child_page *own_page;

static int hold_it(struct stage *s)
{
	return process_hold(s->process, &s->token);
}

static int resume_it(struct stage *s)
{
	return process_resume(s->process, s->token);
}

/*
 * A thread has another one born, or a process
 */

static void begin_acting(struct child_page *page)
{
	own_page = page;
}

static void nothing(void)
{
}

static bool acting_group(struct stage *s)
{
	return acting_target(s, -1, begin_acting, nothing) && open_group(s);
}

static bool prepare_acting(struct stage *s)
{
	return is_free(s) && is_ready(s);
}

/* Until it is told to end. */
static void *count_and_end(void *arg)
{
	while (own_page->delay != the_stage->nr)
		own_page->counter[1]++;
	return NULL;
}

static int have_thread_born(struct stage *s)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, count_and_end, NULL) ?:
	       pthread_detach(thread);
}

/* Born or not, none of them executes anything that the others could see. */
static enum order judge_hold_x_clone(struct stage *s)
{
	bool through = s->part[B].through;

	REQUIRE(held_state(result(s, A)));
	REQUIRE(all_stand(s));
	REQUIRE(all_held(s));
	REQUIRE(s->part[B].through == through);
	REQUIRE(resume_it(s) == 0);
	REQUIRE(has_acted(s));
	REQUIRE(result(s, B) == 0);
	REQUIRE(all_run(s));
	s->target.page->delay = s->nr;
	REQUIRE(soon(has_threads(s, 1)));
	return through ? B_FIRST : A_FIRST;
}

const struct race group_hold_x_clone = {
	.b_by = BY_CHILD,
	.begin = acting_group,
	.prepare = prepare_acting,
	.a = hold_it,
	.b = have_thread_born,
	.judge = judge_hold_x_clone,
};

static int fork_and_wait(struct stage *s)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(0);
	return waitpid(pid, &status, 0) == pid ? status : -errno;
}

static enum order judge_hold_x_fork(struct stage *s)
{
	bool through = s->part[B].through;

	REQUIRE(held_state(result(s, A)));
	REQUIRE(all_stand(s));
	REQUIRE(s->part[B].through == through);
	REQUIRE(resume_it(s) == 0);
	REQUIRE(has_acted(s));
	REQUIRE(result(s, B) == 0);
	REQUIRE(runs(s));
	return through ? B_FIRST : A_FIRST;
}

const struct race group_hold_x_fork = {
	.longest = DEATH_NS,
	.b_by = BY_CHILD,
	.begin = acting_group,
	.prepare = prepare_acting,
	.a = hold_it,
	.b = fork_and_wait,
	.judge = judge_hold_x_fork,
};

/*
 * A thread of two ends, alone or with the other one, or becomes somebody else
 */

/* It is no idle one, unlike the main thread, from which it has that. */
static void *be_b(void *arg)
{
	struct child_page *page = arg;

	set_idle(0, false);
	page->phase = PHASE_READY;
	race_b(the_stage);
	for (;;)
		page->counter[1]++;
	return NULL;
}

static void count_beside_b(struct child_page *page)
{
	pthread_t thread;

	pin_to_cpu(CPU_OF_B);
	set_idle(0, true);
	if (pthread_create(&thread, NULL, be_b, page))
		_exit(1);
	for (;;)
		page->counter[0]++;
}

static bool prepare_two(struct stage *s)
{
	return race_child(&s->target, count_beside_b, s->other, -1) &&
	       child_reaches(&s->target, PHASE_READY) && open_group(s);
}

static int end_thread(struct stage *s)
{
	return syscall(SYS_exit, 0);
}

static enum order judge_hold_x_thread_exit(struct stage *s)
{
	bool alone = has_threads(s, 1);

	REQUIRE(held_state(result(s, A)));
	REQUIRE(soon(all_held(s)));
	REQUIRE(all_stand(s));
	REQUIRE(resume_it(s) == 0);
	REQUIRE(soon(has_threads(s, 1)));
	REQUIRE(runs(s));
	REQUIRE(died(s));
	REQUIRE(process_holds(s->process) == 0);
	return alone ? B_FIRST : A_FIRST;
}

const struct race group_hold_x_thread_exit = {
	.longest = DEATH_NS,
	.b_by = BY_CHILD,
	.prepare = prepare_two,
	.a = hold_it,
	.b = end_thread,
	.judge = judge_hold_x_thread_exit,
};

static int leave(struct stage *s)
{
	_exit(0);
}

/* A hold that comes in time keeps them from leaving, or ends with them. */
static enum order judge_hold_x_exit(struct stage *s)
{
	int resumed = 0;

	REQUIRE(held_state(result(s, A)) || result(s, A) == -ESRCH);
	if (result(s, A) >= 0)
		resumed = resume_it(s);
	REQUIRE(resumed == 0 || resumed == -ESRCH || resumed == -ESTALE);
	set_idle(s->target.pid, false);
	REQUIRE(exited_with(child_ends(&s->target), 0));
	REQUIRE(soon(process_state(s->process) == PROXYIPC_STATE_GONE));
	REQUIRE(process_holds(s->process) == 0);
	return result(s, A) < 0 ? B_FIRST : A_FIRST;
}

const struct race group_hold_x_exit_group = {
	.longest = DEATH_NS,
	.b_by = BY_CHILD,
	.prepare = prepare_two,
	.a = hold_it,
	.b = leave,
	.judge = judge_hold_x_exit,
};

static bool begin_image(struct stage *s)
{
	s->target.page = image_page_new("/proc/self/exe");
	s->other = s->target.page ? s->target.page->fd[0] : -1;
	return s->target.page;
}

static int execute(struct stage *s)
{
	image_exec(s->target.page, NULL);
	return 0;
}

/* It is the same group, whoever executes: held before, during or after it. */
static enum order judge_hold_x_exec(struct stage *s)
{
	int phase = s->target.page->phase;

	REQUIRE(held_state(result(s, A)));
	REQUIRE(all_stand(s));
	REQUIRE(s->target.page->phase == phase);
	REQUIRE(resume_it(s) == 0);
	REQUIRE(soon(s->target.page->phase == PHASE_IMAGE));
	REQUIRE(counts(&s->target.page->counter[1]));
	REQUIRE(has_threads(s, 1));
	REQUIRE(process_state(s->process) == PROXYIPC_STATE_RUNNABLE);
	REQUIRE(died(s));
	return phase == PHASE_IMAGE ? B_FIRST : A_FIRST;
}

const struct race group_hold_x_exec_of_a_thread = {
	.longest = DEATH_NS,
	.b_by = BY_CHILD,
	.begin = begin_image,
	.prepare = prepare_two,
	.a = hold_it,
	.b = execute,
	.judge = judge_hold_x_exec,
};

/* Not through glibc, which would have all threads do it. */
static int become_other(struct stage *s)
{
	return syscall(SYS_setresuid, 4711, 4711, 4711) ? -errno : 0;
}

/* A hold that was confirmed before it ends with that: nobody stays held. */
static enum order judge_hold_x_setuid(struct stage *s)
{
	int resumed = 0;

	REQUIRE(held_state(result(s, A)) || result(s, A) == -ESTALE);
	if (result(s, A) >= 0)
		resumed = resume_it(s);
	REQUIRE(resumed == 0 || resumed == -ESTALE);
	REQUIRE(has_acted(s));
	REQUIRE(result(s, B) == 0);
	REQUIRE(hold_it(s) == -ESTALE);
	set_idle(s->target.pid, false);
	REQUIRE(all_run(s));
	REQUIRE(killed_by(child_kill(&s->target), SIGKILL));
	return result(s, A) < 0 ? B_FIRST : A_FIRST;
}

const struct race group_hold_x_setuid_of_a_thread = {
	.longest = DEATH_NS,
	.b_by = BY_CHILD,
	.prepare = prepare_two,
	.a = hold_it,
	.b = become_other,
	.judge = judge_hold_x_setuid,
};
