// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation and every copy from and to user space of every command fails,
 * one at a time: the first, the second, and so on until the command gets to its
 * end without coming to the nth. Each time with fresh objects. A command that
 * fails says why, with an error that is documented, and has changed nothing: it
 * then succeeds with the same argument on the same objects, and the peer sees it
 * happen once. A command may also do without what failed.
 *
 * Needs a kernel with fault injection and root.
 */
#include <stdlib.h>

#include "proxyipc_test.h"
#include "hold_helpers.h"

#include "fail_nth/cases.h"
#include "fail_nth/fault.h"

#define NTH_MAX		200	/* more places than any command comes to */

FIXTURE(sweep) {
	struct stage s;
	struct view before, after;
	unsigned int faults;	/* that fired */
	unsigned int errors;	/* and made the command fail */
	int witness;		/* a process object: its user's account stays */
};

FIXTURE_VARIANT(sweep) {
	const struct sweep_case *c;
};

FIXTURE_VARIANT_ADD(sweep, device_open) { &case_device_open };
FIXTURE_VARIANT_ADD(sweep, device_info) { &case_device_info };
FIXTURE_VARIANT_ADD(sweep, endpoint_create) { &case_endpoint_create };
FIXTURE_VARIANT_ADD(sweep, process_open_first) { &case_process_open_first };
FIXTURE_VARIANT_ADD(sweep, process_open_again) { &case_process_open_again };
FIXTURE_VARIANT_ADD(sweep, process_open_self) { &case_process_open_self };
FIXTURE_VARIANT_ADD(sweep, process_open_group) { &case_process_open_group };
FIXTURE_VARIANT_ADD(sweep, endpoint_mint) { &case_endpoint_mint };
FIXTURE_VARIANT_ADD(sweep, recv_call) { &case_recv_call };
FIXTURE_VARIANT_ADD(sweep, recv_send) { &case_recv_send };
FIXTURE_VARIANT_ADD(sweep, recv_notice) { &case_recv_notice };
FIXTURE_VARIANT_ADD(sweep, recv_proxied_call) { &case_recv_proxied_call };
FIXTURE_VARIANT_ADD(sweep, recv_proxied_notice) { &case_recv_proxied_notice };
FIXTURE_VARIANT_ADD(sweep, recv_event) { &case_recv_event };
FIXTURE_VARIANT_ADD(sweep, recv_waits) { &case_recv_waits };
FIXTURE_VARIANT_ADD(sweep, reply) { &case_reply };
FIXTURE_VARIANT_ADD(sweep, reply_data) { &case_reply_data };
FIXTURE_VARIANT_ADD(sweep, reply_proxied) { &case_reply_proxied };
FIXTURE_VARIANT_ADD(sweep, reply_proxied_data) { &case_reply_proxied_data };
FIXTURE_VARIANT_ADD(sweep, reply_recv) { &case_reply_recv };
FIXTURE_VARIANT_ADD(sweep, reply_recv_resume_reply) { &case_reply_recv_resume_reply };
FIXTURE_VARIANT_ADD(sweep, reply_recv_resume_only) { &case_reply_recv_resume_only };
FIXTURE_VARIANT_ADD(sweep, reply_recv_resume_stop) { &case_reply_recv_resume_stop };
FIXTURE_VARIANT_ADD(sweep, resume) { &case_resume };
FIXTURE_VARIANT_ADD(sweep, resume_reply_data) { &case_resume_reply_data };
FIXTURE_VARIANT_ADD(sweep, resume_stop) { &case_resume_stop };
FIXTURE_VARIANT_ADD(sweep, fetch_reply_of_call) { &case_fetch_reply_of_call };
FIXTURE_VARIANT_ADD(sweep, fetch_process) { &case_fetch_process };
FIXTURE_VARIANT_ADD(sweep, drop_call) { &case_drop_call };
FIXTURE_VARIANT_ADD(sweep, drop_proxied) { &case_drop_proxied };
FIXTURE_VARIANT_ADD(sweep, call) { &case_call };
FIXTURE_VARIANT_ADD(sweep, call_data) { &case_call_data };
FIXTURE_VARIANT_ADD(sweep, call_proxied) { &case_call_proxied };
FIXTURE_VARIANT_ADD(sweep, call_proxied_data) { &case_call_proxied_data };
FIXTURE_VARIANT_ADD(sweep, send) { &case_send };
FIXTURE_VARIANT_ADD(sweep, send_data) { &case_send_data };
FIXTURE_VARIANT_ADD(sweep, send_waits) { &case_send_waits };
FIXTURE_VARIANT_ADD(sweep, send_proxied) { &case_send_proxied };
FIXTURE_VARIANT_ADD(sweep, send_proxied_data) { &case_send_proxied_data };
FIXTURE_VARIANT_ADD(sweep, notify) { &case_notify };
FIXTURE_VARIANT_ADD(sweep, notify_proxied) { &case_notify_proxied };
FIXTURE_VARIANT_ADD(sweep, process_mint) { &case_process_mint };
FIXTURE_VARIANT_ADD(sweep, set_receiver) { &case_set_receiver };
FIXTURE_VARIANT_ADD(sweep, set_receiver_instead) { &case_set_receiver_instead };
FIXTURE_VARIANT_ADD(sweep, set_receiver_none) { &case_set_receiver_none };
FIXTURE_VARIANT_ADD(sweep, set_policy) { &case_set_policy };
FIXTURE_VARIANT_ADD(sweep, hold) { &case_hold };
FIXTURE_VARIANT_ADD(sweep, hold_twice) { &case_hold_twice };
FIXTURE_VARIANT_ADD(sweep, hold_group) { &case_hold_group };
FIXTURE_VARIANT_ADD(sweep, process_resume) { &case_process_resume };
FIXTURE_VARIANT_ADD(sweep, process_resume_reply_data) { &case_process_resume_reply_data };
FIXTURE_VARIANT_ADD(sweep, process_reply) { &case_process_reply };
FIXTURE_VARIANT_ADD(sweep, process_reply_data) { &case_process_reply_data };
FIXTURE_VARIANT_ADD(sweep, process_fetch_reply) { &case_process_fetch_reply };
FIXTURE_VARIANT_ADD(sweep, process_info) { &case_process_info };
FIXTURE_VARIANT_ADD(sweep, process_yield) { &case_process_yield };
FIXTURE_VARIANT_ADD(sweep, process_map) { &case_process_map };
FIXTURE_VARIANT_ADD(sweep, set_watchdog) { &case_set_watchdog };
FIXTURE_VARIANT_ADD(sweep, keepalive) { &case_keepalive };
FIXTURE_VARIANT_ADD(sweep, set_faults) { &case_set_faults };
FIXTURE_VARIANT_ADD(sweep, process_get_regs) { &case_process_get_regs };
FIXTURE_VARIANT_ADD(sweep, reply_send) { &case_reply_send };
FIXTURE_VARIANT_ADD(sweep, reply_send_data) { &case_reply_send_data };
FIXTURE_VARIANT_ADD(sweep, poll_every_kind) { &case_poll_every_kind };
FIXTURE_VARIANT_ADD(sweep, epoll_every_kind) { &case_epoll_every_kind };
FIXTURE_VARIANT_ADD(sweep, fdinfo_device) { &case_fdinfo_device };
FIXTURE_VARIANT_ADD(sweep, fdinfo_endpoint) { &case_fdinfo_endpoint };
FIXTURE_VARIANT_ADD(sweep, fdinfo_entry) { &case_fdinfo_entry };
FIXTURE_VARIANT_ADD(sweep, fdinfo_proxy) { &case_fdinfo_proxy };
FIXTURE_VARIANT_ADD(sweep, fdinfo_process) { &case_fdinfo_process };
FIXTURE_VARIANT_ADD(sweep, fdinfo_reply) { &case_fdinfo_reply };
FIXTURE_VARIANT_ADD(sweep, uring_recv_call) { &case_uring_recv_call };
FIXTURE_VARIANT_ADD(sweep, uring_recv_waits) { &case_uring_recv_waits };
FIXTURE_VARIANT_ADD(sweep, uring_call_data) { &case_uring_call_data };
FIXTURE_VARIANT_ADD(sweep, uring_hold) { &case_uring_hold };

static const char param[] = "/sys/module/proxyipc/parameters/holds_per_user";

FIXTURE_SETUP(sweep)
{
	ASSERT_EQ(0, fault_setup());
	self->witness = process_open(0, 0, 0);
	ASSERT_LE(0, self->witness);
}

FIXTURE_TEARDOWN(sweep)
{
	stage_end(&self->s);
}

static bool is_documented(const struct sweep_case *c, int error)
{
	int i;

	if (error == -ENOMEM || error == -EFAULT)
		return true;
	for (i = 0; i < ERRORS_MAX && c->errors[i]; i++)
		if (error == c->errors[i])
			return true;
	return false;
}

struct attempt {
	const struct sweep_case *c;
	struct stage *s;
};

static int run(void *arg)
{
	struct attempt *attempt = arg;

	return attempt->c->run(attempt->s);
}

/*
 * The nth place fails. Returns what is wrong, or NULL; @more is whether there was
 * an nth place.
 */
static const char *sweep_nth(FIXTURE_DATA(sweep) * self,
			     const struct sweep_case *c, unsigned int nth,
			     int *ret, bool *more)
{
	struct attempt attempt = { c, &self->s };
	struct stage *s = &self->s;
	const char *wrong = NULL;

	*ret = c->prepare(s);
	if (*ret)
		return "the stage isn't ready";
	stage_look(s, &self->before);
	*ret = fault_during(nth, run, &attempt, more);
	self->faults += *more;
	if (*ret < 0) {
		self->errors++;
		if (!*more || !is_documented(c, *ret))
			return "another error";
		if (c->undone) {
			wrong = c->undone(s, *ret);
		} else {
			stage_look(s, &self->after);
			wrong = stage_differs(&self->before, &self->after);
		}
		stage_look_at_fds(s, &self->after);
		if (!wrong && (self->before.fds != self->after.fds ||
			       self->before.next_fd != self->after.next_fd))
			wrong = "a descriptor is left, or its number";
		if (wrong)
			return wrong;
		*ret = c->run(s);
	}
	if (*ret < 0)
		return "it doesn't succeed afterwards";
	wrong = c->done(s);
	if (!wrong && self->before.fds + c->makes != proc_count_fds())
		wrong = "number of descriptors afterwards";
	return wrong;
}

/* What nothing holds any more runs. (A few cases stop it, or end it.) */
static bool target_is_well(struct stage *s)
{
	return process_holds(s->t.process) || proc_state(s->t.h.pid) != 'S' ||
	       target_runs(s);
}

/*
 * Nothing that failed has used up of what a user may hold: one hold is all that
 * is allowed, and it is to be had. (The holds of the stage go a moment after its
 * last descriptors did.)
 */
static bool costs_no_quota(struct stage *s)
{
	char limit[16];
	bool held;

	if (stage_open(s) || file_read(param, limit, sizeof(limit)) ||
	    file_write(param, "1"))
		return false;
	held = eventually(held_state(process_hold(s->t.process, &s->token)));
	held = held && !process_resume(s->t.process, s->token);
	stage_close(s);
	return !file_write(param, limit) && held;
}

TEST_F(sweep, failures_leave_nothing_half_done)
{
	bool more = true;
	const char *wrong;
	unsigned int nth;
	int ret;

	for (nth = 1; more && nth < NTH_MAX; nth++) {
		ASSERT_EQ(0, stage_open(&self->s));
		wrong = sweep_nth(self, variant->c, nth, &ret, &more);
		ASSERT_EQ(NULL, wrong) {
			TH_LOG("failure %u, result %d: %s", nth, ret, wrong);
		}
		ASSERT_TRUE(target_is_well(&self->s));
		stage_close(&self->s);
	}
	EXPECT_FALSE(more);
	/* If nothing ever fails then nothing was tested. */
	EXPECT_LT(0U, self->faults);
	EXPECT_TRUE(costs_no_quota(&self->s));
	fprintf(stderr, "# %-28s %3u failures, %3u errors\n", variant->c->name,
		self->faults, self->errors);
}

/* Is there a variant of the fixture for it? */
static bool is_swept(unsigned int cmd)
{
	const struct __fixture_variant_metadata *variant;
	const struct _fixture_variant_sweep *data;

	for (variant = _sweep_fixture_object.variant; variant;
	     variant = variant->next) {
		data = variant->data;
		if (data->c->cmd == cmd)
			return true;
	}
	return false;
}

/* The module is asked, not the header: a command of a later version is missed. */
TEST(every_command_is_swept)
{
	struct stage *s = calloc(1, sizeof(*s));
	unsigned char zeros[1024] = { 0 };
	unsigned int nr, kind, known = 0;

	ASSERT_NE(NULL, s);
	ASSERT_EQ(0, stage_open(s));
	ASSERT_EQ(0, stage_call_received(s, s->caller_entry));
	s->reply = endpoint_fetch(s->endpoint, s->got.out_cap);
	ASSERT_LE(0, s->reply);
	const int files[] = {
		s->device, s->endpoint, s->entry, s->t.process, s->reply,
	};

	for (nr = 0; nr < 256; nr++) {
		for (kind = 0; kind < ARRAY_SIZE(files); kind++)
			if (command(files[kind], _IO(PROXYIPC_IOC_TYPE, nr),
				    zeros) != -ENOTTY)
				break;
		if (kind == ARRAY_SIZE(files))
			continue;
		known++;
		EXPECT_TRUE(is_swept(_IO(PROXYIPC_IOC_TYPE, nr))) {
			TH_LOG("command %#x is in no case", nr);
		}
	}
	EXPECT_LT(20U, known);
	stage_close(s);
	stage_end(s);
	free(s);
}

int main(int argc, char **argv)
{
	if (!fault_available()) {
		printf("TAP version 13\n1..1\n"
		       "ok 1 sweep # SKIP this kernel has no /proc/PID/fail-nth\n");
		return KSFT_SKIP;
	}
	return test_harness_run(argc, argv);
}
