// SPDX-License-Identifier: GPL-2.0
/* The policy is set at the moment when it would be needed; registers of who runs then. */
#include "races.h"

#include <errno.h>
#include <linux/elf.h>
#include <sys/user.h>

#include "objects.h"

#define DEATH_NS	(50 * 1000 * 1000)

static bool proxied_target(struct stage *s)
{
	if (!new_target(s))
		return false;
	s->proxy = process_mint(s->process, 2, RIGHTS_ALL, NOTICES_ALL);
	return s->proxy >= 0;
}

/*
 * The receiver dies
 */

static void receive_and_be_b(struct child_page *page)
{
	struct stage *s = the_stage;

	page->error = endpoint_recv(page->fd[0], &s->recv[B]);
	page->phase = 1;
	race_b(s);
}

static bool prepare_received(struct stage *s)
{
	return is_free(s) && new_endpoint(s) && new_endpoint2(s) &&
	       !process_set_policy(s->process, -1, PROXYIPC_POLICY_RESUME,
				   PROXYIPC_POLICY_RESUME) &&
	       !process_set_receiver(s->process, s->entry) &&
	       caller_calls(s, s->proxy, 0) &&
	       race_child(&s->receiver, receive_and_be_b, s->endpoint, -1) &&
	       child_reaches(&s->receiver, 1) && !s->receiver.page->error;
}

static int name_guardian(struct stage *s)
{
	return process_set_policy(s->process, s->entry2, PROXYIPC_POLICY_RESUME,
				  PROXYIPC_POLICY_RESUME);
}

static int leave(struct stage *s)
{
	_exit(0);
}

/* The guardian has the call, and answers it; or it had an error before that. */
static enum order judge_guardian(struct stage *s)
{
	bool taken_over;

	REQUIRE(result(s, A) == 0);
	REQUIRE(exited_with(child_ends(&s->receiver), 0));
	REQUIRE(is_empty(s->endpoint));
	REQUIRE(soon(readable(s->endpoint2) || caller_ended(s)));
	taken_over = readable(s->endpoint2);
	if (taken_over) {
		s->endpoint = s->endpoint2;
		REQUIRE(receive(s));
		REQUIRE(s->recv[A].received.out_flags & PROXYIPC_RECEIVED_REDELIVERED);
		REQUIRE(stands(s));
		REQUIRE(endpoint_resume_reply(s->endpoint, s->cap, s->nr) == 0);
		REQUIRE(caller_got(s, s->nr));
	} else {
		REQUIRE(caller_result(s) == -EOWNERDEAD);
	}
	REQUIRE(is_empty(s->endpoint2));
	REQUIRE(is_free(s));
	REQUIRE(runs(s));
	return taken_over ? A_FIRST : B_FIRST;
}

const struct race set_guardian_x_exit_of_receiver = {
	.longest = DEATH_NS,
	.b_by = BY_CHILD,
	.begin = proxied_target,
	.prepare = prepare_received,
	.a = name_guardian,
	.b = leave,
	.judge = judge_guardian,
};

/*
 * Nobody receives any more
 */

/* s->token2: what it had counted when it was held. */
static bool prepare_sent(struct stage *s)
{
	if (!new_target(s) || !new_proxy(s) || entry_send(s->proxy, s->nr))
		return false;
	s->token2 = s->target.page->counter[0];
	return true;
}

static int have_it_killed(struct stage *s)
{
	return process_set_policy(s->process, -1, PROXYIPC_POLICY_KILL,
				  PROXYIPC_POLICY_RESUME);
}

static int close_endpoint(struct stage *s)
{
	return close(s->endpoint);
}

/* It is killed before it has counted once more, or goes on counting. */
static enum order judge_policy_x_close(struct stage *s)
{
	atomic_uint *counter = &s->target.page->counter[0];
	bool lives;

	REQUIRE(result(s, A) == 0);
	REQUIRE(result(s, B) == 0);
	REQUIRE(soon(*counter != s->token2 ||
		     process_state(s->process) == PROXYIPC_STATE_GONE));
	lives = *counter != s->token2;
	REQUIRE(!lives || runs(s));
	REQUIRE(is_free(s));
	REQUIRE(died(s));
	return lives ? B_FIRST : A_FIRST;
}

const struct race set_policy_x_close = {
	.prepare = prepare_sent,
	.a = have_it_killed,
	.b = close_endpoint,
	.judge = judge_policy_x_close,
};

/*
 * Registers of a target that is let go
 */

static struct user_regs_struct regs;

static int get_regs(struct stage *s)
{
	struct proxyipc_process_get_regs get = {
		.deadline = deadline_ms(PATIENCE_MS),
		.data = address(&regs),
		.data_size = sizeof(regs),
		.note = NT_PRSTATUS,
	};

	return process_get_regs(s->process, s->token, &get);
}

static int resume_it(struct stage *s)
{
	return process_resume(s->process, s->token);
}

static enum order judge_get_regs_x_resume(struct stage *s)
{
	REQUIRE(result(s, A) == 0 || result(s, A) == -ESTALE);
	REQUIRE(result(s, B) == 0);
	REQUIRE(result(s, A) || in_spin(regs.rip));
	REQUIRE(is_free(s));
	REQUIRE(runs(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race get_regs_x_resume = {
	.begin = new_target,
	.prepare = held,
	.a = get_regs,
	.b = resume_it,
	.judge = judge_get_regs_x_resume,
};

static bool prepare_held(struct stage *s)
{
	return new_target(s) && held(s);
}

static int kill_it(struct stage *s)
{
	return kill(s->target.pid, SIGKILL);
}

static enum order judge_get_regs_x_kill(struct stage *s)
{
	REQUIRE(result(s, A) == 0 || result(s, A) == -ESRCH || result(s, A) == -ESTALE);
	REQUIRE(result(s, B) == 0);
	REQUIRE(result(s, A) || in_spin(regs.rip));
	REQUIRE(died(s));
	REQUIRE(process_holds(s->process) == 0);
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race get_regs_x_kill = {
	.longest = DEATH_NS,
	.asynchronous = true,
	.prepare = prepare_held,
	.a = get_regs,
	.b = kill_it,
	.judge = judge_get_regs_x_kill,
};
