// SPDX-License-Identifier: GPL-2.0
/*
 * Faults of the target, which reads beyond the end of a file; what mends that is to make
 * the file longer. It handles the signal if that is delivered, and skips the instruction.
 */
#define _GNU_SOURCE
#include "races.h"

#include <errno.h>
#include <setjmp.h>
#include <sys/mman.h>

#include "objects.h"

#define FAULTS		(1ULL << (SIGBUS - 1))
#define PAGE		4096
#define DEATH_NS	(50 * 1000 * 1000)

/* What became of the instruction. */
enum { READ_IT, SKIPPED };

/* The target's own. */
static volatile unsigned char *file;
static struct child_page *own_page;
static sigjmp_buf skip;

static void count_and_skip(int signal)
{
	own_page->signals++;
	siglongjmp(skip, 1);
}

static void map_file(struct child_page *page)
{
	struct sigaction action = { .sa_handler = count_and_skip };

	own_page = page;
	file = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, page->fd[0], 0);
	if (file == MAP_FAILED || sigaction(SIGBUS, &action, NULL))
		_exit(1);
}

static int read_file(struct stage *s)
{
	if (sigsetjmp(skip, 1))
		return SKIPPED;
	(void)*file;
	return READ_IT;
}

static bool new_file(struct stage *s)
{
	s->other = memfd_create("fault", MFD_CLOEXEC);
	return s->other >= 0;
}

static bool make_proxy(struct stage *s)
{
	s->process = child_open(&s->target);
	s->proxy = process_mint(s->process, 2, RIGHTS_ALL, NOTICES_ALL);
	return s->proxy >= 0;
}

static bool prepare_slot(struct stage *s)
{
	return is_free(s) && new_endpoint(s) &&
	       !process_set_receiver(s->process, s->entry) &&
	       !process_set_faults(s->process, FAULTS);
}

static bool receives_the_fault(struct stage *s)
{
	return receive(s) && s->recv[A].received.out_kind == PROXYIPC_KIND_FAULT &&
	       held_state(s->recv[A].received.out_state);
}

/*
 * Nobody wants them any more
 */

static void nothing(void)
{
}

static bool begin_faults(struct stage *s)
{
	return new_file(s) && acting_target(s, s->other, map_file, nothing) &&
	       make_proxy(s);
}

static bool prepare_fault(struct stage *s)
{
	return prepare_slot(s) && is_ready(s);
}

static int take_faults_away(struct stage *s)
{
	return process_set_faults(s->process, 0);
}

/* To the receiver or not, in the end its handler gets each of them, once. */
static enum order judge_set_faults_x_fault(struct stage *s)
{
	bool told;

	REQUIRE(result(s, A) == 0);
	REQUIRE(soon(s->part[B].through || readable(s->endpoint)));
	told = readable(s->endpoint);
	if (told) {
		REQUIRE(!s->part[B].through);
		REQUIRE(receives_the_fault(s));
		REQUIRE(endpoint_resume(s->endpoint, s->cap) == 0);
	}
	REQUIRE(has_acted(s));
	REQUIRE(result(s, B) == SKIPPED);
	REQUIRE(s->target.page->signals == s->nr);
	REQUIRE(is_empty(s->endpoint));
	REQUIRE(is_free(s));
	REQUIRE(runs(s));
	return told ? B_FIRST : A_FIRST;
}

const struct race set_faults_x_fault = {
	.b_by = BY_CHILD,
	.begin = begin_faults,
	.prepare = prepare_fault,
	.a = take_faults_away,
	.b = read_file,
	.judge = judge_set_faults_x_fault,
};

/*
 * The receiver dies
 */

/* Once each time that it is told to; page->phase is how often it has done that. */
static void read_when_told(struct child_page *page)
{
	map_file(page);
	for (int nr = 1;; nr++) {
		while (page->go < nr)
			page->counter[0]++;
		page->result = read_file(NULL);
		page->phase = nr;
	}
}

static bool begin_reader(struct stage *s)
{
	return new_file(s) && race_child(&s->target, read_when_told, s->other, -1) &&
	       make_proxy(s);
}

static void receive_and_be_b(struct child_page *page)
{
	struct stage *s = the_stage;

	page->error = endpoint_recv(page->fd[0], &s->recv[B]);
	page->phase = 1;
	race_b(s);
}

/* It is received, and mended. */
static bool prepare_received(struct stage *s)
{
	if (ftruncate(s->other, 0) || !prepare_slot(s) ||
	    !race_child(&s->receiver, receive_and_be_b, s->endpoint, -1))
		return false;
	child_go(&s->target, s->nr);
	if (!child_reaches(&s->receiver, 1) || s->receiver.page->error)
		return false;
	s->token = s->recv[B].received.out_token;
	return !ftruncate(s->other, PAGE);
}

static int retry_it(struct stage *s)
{
	return process_resume_flags(s->process, s->token, PROXYIPC_RESUME_RETRY);
}

static int leave(struct stage *s)
{
	_exit(0);
}

/* Retried it succeeds; and is skipped if there is nobody any more who could say so. */
static enum order judge_retry_x_receiver_exit(struct stage *s)
{
	REQUIRE(result(s, A) == 0 || result(s, A) == -ESTALE);
	REQUIRE(exited_with(child_ends(&s->receiver), 0));
	REQUIRE(soon(s->target.page->phase == (int)s->nr));
	REQUIRE(s->target.page->result == (result(s, A) ? SKIPPED : READ_IT));
	REQUIRE(is_empty(s->endpoint));
	REQUIRE(is_free(s));
	REQUIRE(runs(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race retry_x_exit_of_receiver = {
	.longest = DEATH_NS,
	.b_by = BY_CHILD,
	.begin = begin_reader,
	.prepare = prepare_received,
	.a = retry_it,
	.b = leave,
	.judge = judge_retry_x_receiver_exit,
};

/*
 * The target is killed
 */

static void read_once(struct child_page *page)
{
	map_file(page);
	page->phase = 1;
	race_b(the_stage);
	for (;;)
		page->counter[0]++;
}

static bool prepare_to_die(struct stage *s)
{
	if (!race_child(&s->target, read_once, s->other, -1) ||
	    !soon(s->target.page->phase))
		return false;
	s->process = child_open(&s->target);
	return s->process >= 0 && new_proxy(s) &&
	       !process_set_faults(s->process, FAULTS);
}

static int kill_it(struct stage *s)
{
	return kill(s->target.pid, SIGKILL);
}

/* At a fault or not, it dies, and that is all that its receiver is told. */
static enum order judge_kill_x_fault(struct stage *s)
{
	struct proxyipc_process_info info;

	REQUIRE(result(s, A) == 0);
	REQUIRE(died(s));
	REQUIRE(is_free(s));
	REQUIRE(is_told_of_the_end(s));
	REQUIRE(process_info(s->process, &info) == 0);
	REQUIRE(info.out_episodes <= 1);
	return info.out_episodes ? B_FIRST : A_FIRST;
}

const struct race kill_x_fault = {
	.longest = DEATH_NS,
	.b_by = BY_CHILD,
	.asynchronous = true,
	.begin = new_file,
	.prepare = prepare_to_die,
	.a = kill_it,
	.b = read_file,
	.judge = judge_kill_x_fault,
};
