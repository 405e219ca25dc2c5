// SPDX-License-Identifier: GPL-2.0
/* Holds by hand: two holders, two who resume, the lease, the last close. */
#include "races.h"

#include <errno.h>
#include <unistd.h>

#include "clock.h"
#include "objects.h"

/* Late enough to get ready for the end of a lease. */
#define LEASE_NS	(NS_PER_MS / 2)

static int hold_it(struct stage *s)
{
	return process_hold(s->process, &s->token);
}

static int hold_second(struct stage *s)
{
	return process_hold(s->process2, &s->token2);
}

static int hold_same(struct stage *s)
{
	return process_hold(s->process, &s->token2);
}

static int resume_it(struct stage *s)
{
	return process_resume(s->process, s->token);
}

static int resume_second(struct stage *s)
{
	return process_resume(s->process2, s->token2);
}

static bool two_objects(struct stage *s)
{
	if (!new_target(s))
		return false;
	s->process2 = child_open(&s->target);
	return s->process2 >= 0;
}

static bool prepare_free(struct stage *s)
{
	return is_free(s);
}

/* Each holds; the target runs after the second resume, not before. */
static enum order judge_hold_x_hold(struct stage *s)
{
	REQUIRE(held_state(result(s, A)));
	REQUIRE(held_state(result(s, B)));
	REQUIRE(process_holds(s->process) == 2);
	REQUIRE(stands(s));
	REQUIRE(process_resume(s->process, s->token) == 0);
	REQUIRE(stands(s));
	REQUIRE(process_resume(s->process2, s->token2) == 0);
	REQUIRE(runs(s));
	return UNTOLD;
}

const struct race hold_x_hold = {
	.begin = two_objects,
	.prepare = prepare_free,
	.a = hold_it,
	.b = hold_second,
	.judge = judge_hold_x_hold,
};

/* Through one open file, only one holds. */
static enum order judge_hold_same(struct stage *s)
{
	enum side holds = result(s, A) == -EBUSY ? B : A;

	REQUIRE(held_state(result(s, holds)));
	REQUIRE(result(s, !holds) == -EBUSY);
	REQUIRE(process_holds(s->process) == 1);
	REQUIRE(stands(s));
	REQUIRE(process_resume(s->process, holds == A ? s->token : s->token2) == 0);
	REQUIRE(runs(s));
	return holds == A ? A_FIRST : B_FIRST;
}

const struct race hold_x_hold_of_one_file = {
	.begin = new_target,
	.prepare = prepare_free,
	.a = hold_it,
	.b = hold_same,
	.judge = judge_hold_same,
};

static enum order judge_resume_x_resume(struct stage *s)
{
	REQUIRE(result(s, A) == 0 || result(s, A) == -ESTALE);
	REQUIRE(result(s, B) == (result(s, A) ? 0 : -ESTALE));
	REQUIRE(resume_it(s) == -ESTALE);
	REQUIRE(process_holds(s->process) == 0);
	REQUIRE(runs(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race resume_x_resume = {
	.begin = new_target,
	.prepare = held,
	.a = resume_it,
	.b = resume_it,
	.judge = judge_resume_x_resume,
};

/* The target, woken or not yet, is held again on its way out. */
static enum order judge_resume_x_hold(struct stage *s)
{
	REQUIRE(result(s, A) == 0);
	REQUIRE(held_state(result(s, B)));
	REQUIRE(process_holds(s->process) == 1);
	REQUIRE(stands(s));
	REQUIRE(resume_second(s) == 0);
	REQUIRE(runs(s));
	return UNTOLD;
}

const struct race resume_x_hold = {
	.begin = two_objects,
	.prepare = held,
	.a = resume_it,
	.b = hold_second,
	.judge = judge_resume_x_hold,
};

/*
 * The lease
 */

static bool held_for_a_while(struct stage *s)
{
	s->at = now_ns() + LEASE_NS;
	return process_hold_for(s->process, LEASE_NS, &s->token) != -EBUSY;
}

static enum order judge_resume_x_lease(struct stage *s)
{
	REQUIRE(result(s, A) == 0 || result(s, A) == -ESTALE);
	REQUIRE(resume_it(s) == -ESTALE);
	REQUIRE(process_holds(s->process) == 0);
	REQUIRE(runs(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race resume_x_lease = {
	.b_by = BY_TIME,
	.begin = new_target,
	.prepare = held_for_a_while,
	.a = resume_it,
	.judge = judge_resume_x_lease,
};

/*
 * The last close
 */

/* s->other: an open file of its own, on which there is a hold. */
static bool hold_to_close(struct stage *s)
{
	s->other = child_open(&s->target);
	return process_hold(s->other, &s->token2) >= 0;
}

static int close_other(struct stage *s)
{
	return close(s->other);
}

static bool to_close(struct stage *s)
{
	s->other = child_open(&s->target);
	return s->other >= 0;
}

static int hold_other(struct stage *s)
{
	return process_hold(s->other, &s->token2);
}

/* The hold ends with its file, though that is in use by the one who holds. */
static enum order judge_hold_x_close(struct stage *s)
{
	REQUIRE(held_state(result(s, A)) || result(s, A) == -EBADF);
	REQUIRE(result(s, B) == 0);
	REQUIRE(process_holds(s->process) == 0);
	REQUIRE(runs(s));
	return result(s, A) < 0 ? B_FIRST : A_FIRST;
}

const struct race hold_x_close = {
	.begin = new_target,
	.prepare = to_close,
	.a = hold_other,
	.b = close_other,
	.judge = judge_hold_x_close,
};

static int resume_other(struct stage *s)
{
	return process_resume(s->other, s->token2);
}

static enum order judge_resume_x_close(struct stage *s)
{
	REQUIRE(result(s, A) == 0 || result(s, A) == -EBADF);
	REQUIRE(result(s, B) == 0);
	REQUIRE(process_holds(s->process) == 0);
	REQUIRE(runs(s));
	return result(s, A) ? B_FIRST : A_FIRST;
}

const struct race resume_x_close = {
	.begin = new_target,
	.prepare = hold_to_close,
	.a = resume_other,
	.b = close_other,
	.judge = judge_resume_x_close,
};
