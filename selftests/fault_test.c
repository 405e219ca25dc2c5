// SPDX-License-Identifier: GPL-2.0
/*
 * Faults that are routed to a receiver: what it is told, and what comes of each of
 * the things that it can say.
 */
#include "fault_stage.h"

#include <sys/wait.h>

/* What became of a target: how it ended (-1 if it did not), what its handler got. */
struct outcome {
	int status;
	unsigned int signals;
	int signo, code;
	uintptr_t addr;
};

FIXTURE(fault) {
	struct fault_stage s;
	struct outcome plain;		/* without any receiver */
	struct proxyipc_received got;
};

FIXTURE_VARIANT(fault) {
	enum fault_kind kind;
	int code;
	int trap;		/* of x86 */
	bool again;		/* the same instruction is executed again */
};

FIXTURE_VARIANT_ADD(fault, unmapped_memory) {
	.kind = READ_UNMAPPED, .code = SEGV_MAPERR, .trap = 14, .again = true,
};

FIXTURE_VARIANT_ADD(fault, readonly_memory) {
	.kind = WRITE_READONLY, .code = SEGV_ACCERR, .trap = 14, .again = true,
};

FIXTURE_VARIANT_ADD(fault, memory_beyond_the_end_of_its_file) {
	.kind = BEYOND_END, .code = BUS_ADRERR, .trap = 14, .again = true,
};

FIXTURE_VARIANT_ADD(fault, division_by_zero) {
	.kind = DIVIDE, .code = FPE_INTDIV, .trap = 0, .again = true,
};

FIXTURE_VARIANT_ADD(fault, illegal_instruction) {
	.kind = BAD_CODE, .code = ILL_ILLOPN, .trap = 6, .again = true,
};

FIXTURE_VARIANT_ADD(fault, breakpoint) {
	.kind = BREAKPOINT, .code = SI_KERNEL, .trap = 3,
};

FIXTURE_VARIANT_ADD(fault, single_step) {
	.kind = SINGLE_STEP, .code = TRAP_TRACE, .trap = 1,
};

FIXTURE_SETUP(fault)
{
	ASSERT_EQ(0, fault_stage_open(&self->s));
	self->s.plan->kind = variant->kind;
}

FIXTURE_TEARDOWN(fault)
{
	fault_stage_close(&self->s);
}

#define START() ASSERT_EQ(0, fault_stage_start(&self->s))

/* Where it says that it is: si_addr, or 0 if the signal has none. */
static __u64 address_of(struct fault_stage *s, __u64 ip)
{
	switch (s->plan->kind) {
	case READ_UNMAPPED: return address(UNMAPPED);
	case WRITE_READONLY: return address(s->plan->readonly);
	case BEYOND_END: return address(s->plan->file);
	case BREAKPOINT: return 0;
	default: return ip;
	}
}

/* Of a page fault, bit 1: a write; bit 2: of a program. Neither page is there. */
static __u64 error_of(enum fault_kind kind)
{
	switch (kind) {
	case READ_UNMAPPED: return 4;
	case WRITE_READONLY: return 6;
	case BEYOND_END: return 4;
	default: return 0;
	}
}

/* Held at the fault, and nothing has come of that yet. */
#define EXPECT_HELD_AT(got_) do {					\
	struct proxyipc_process_info info_;				\
									\
	ASSERT_EQ(PROXYIPC_KIND_FAULT, (got_)->out_kind);		\
	EXPECT_TRUE(wait_for_state(self->s.process, PROXYIPC_STATE_PARKED)); \
	ASSERT_EQ(0, process_info(self->s.process, &info_));		\
	EXPECT_EQ(1U, info_.out_holds);					\
	EXPECT_EQ(PROXYIPC_EPISODE_RECEIVED, info_.out_episode);	\
	EXPECT_EQ(PROXYIPC_KIND_FAULT, info_.out_kind);			\
	EXPECT_EQ((got_)->out_token, info_.out_token);			\
	EXPECT_EQ((got_)->out_words[PROXYIPC_FAULT_IP], info_.out_ip);	\
	EXPECT_EQ(-1, info_.out_syscall);				\
	EXPECT_EQ(0U, self->s.target.page->signals);			\
} while (0)

#define EXPECT_RUNS_FREE() do {						\
	struct proxyipc_process_info info_;				\
									\
	ASSERT_EQ(0, process_info(self->s.process, &info_));		\
	EXPECT_EQ(0U, info_.out_holds);					\
	EXPECT_EQ(PROXYIPC_EPISODE_NONE, info_.out_episode);		\
	EXPECT_EQ(PROXYIPC_STATE_RUNNABLE, info_.out_state);		\
} while (0)

TEST_F(fault, is_told_in_full_while_the_target_is_held_at_it)
{
	struct proxyipc_received got, want = {
		.out_kind = PROXYIPC_KIND_FAULT,
		.out_flags = PROXYIPC_RECEIVED_PROXIED,
		.out_payload = FAULT_PAYLOAD,
		.out_sender_uid = 65534,
		.out_sender_gid = 65534,
		.out_words = {
			[PROXYIPC_FAULT_SIGNAL] = signal_of(variant->kind),
			[PROXYIPC_FAULT_CODE] = variant->code,
			[PROXYIPC_FAULT_TRAP] = variant->trap,
			[PROXYIPC_FAULT_ERROR] = error_of(variant->kind),
		},
	};

	START();
	got = next_fault(&self->s);
	EXPECT_HELD_AT(&got);
	EXPECT_TRUE(held_state(got.out_state));
	EXPECT_NE(0ULL, got.out_cap);
	EXPECT_NE(0ULL, got.out_token);
	EXPECT_NE(0ULL, got.out_words[PROXYIPC_FAULT_IP]);
	want.out_state = got.out_state;
	want.out_cap = got.out_cap;
	want.out_token = got.out_token;
	want.out_words[PROXYIPC_FAULT_IP] = got.out_words[PROXYIPC_FAULT_IP];
	want.out_words[PROXYIPC_FAULT_ADDRESS] =
		address_of(&self->s, got.out_words[PROXYIPC_FAULT_IP]);
	want.out_words[PROXYIPC_FAULT_TID] = self->s.target.pid;
	EXPECT_RECEIVED(&want, &got);
	EXPECT_EMPTY(self->s.endpoint);
	EXPECT_EQ(0, endpoint_resume(self->s.endpoint, got.out_cap));
	EXPECT_TRUE(killed_by(child_ends(&self->s.target), signal_of(variant->kind)));
}

static struct outcome outcome_of(struct fault_stage *s)
{
	struct child_page *page = s->target.page;
	struct outcome o = { .status = -1 };

	if (s->plan->how == HANDLED)
		eventually(page->counter[1]);
	else
		o.status = child_ends(&s->target);
	o.signals = page->signals;
	o.signo = s->plan->signo;
	o.code = s->plan->code_got;
	o.addr = s->plan->addr_got;
	return o;
}

/* What becomes of the same target if nobody asks for its faults. */
static struct outcome plain_outcome(struct fault_stage *s, enum fault_how how)
{
	struct outcome o = { .status = -ENODEV };

	s->plan->how = how;
	if (fault_target_start(s))
		return o;
	child_go(&s->target, 1);
	o = outcome_of(s);
	child_kill(&s->target);
	close_fd(&s->process);
	s->plan->signo = 0;
	s->plan->code_got = 0;
	s->plan->addr_got = 0;
	return o;
}

/* First, in a test of what becomes of a fault that is delivered after all; and last. */
#define AS_PLAIN(how)	(self->plain = plain_outcome(&self->s, how))

#define EXPECT_AS_PLAIN() do {						\
	const struct outcome routed_ = outcome_of(&self->s);		\
	const int signo_ = signal_of(variant->kind);			\
									\
	EXPECT_EQ(self->plain.status, routed_.status);			\
	EXPECT_EQ(self->plain.signals, routed_.signals);		\
	EXPECT_EQ(self->plain.signo, routed_.signo);			\
	EXPECT_EQ(self->plain.code, routed_.code);			\
	EXPECT_EQ(self->plain.addr, routed_.addr);			\
	if (self->s.plan->how == HANDLED) {				\
		EXPECT_EQ(1U, routed_.signals);				\
		EXPECT_EQ(signo_, routed_.signo);			\
	} else {							\
		EXPECT_TRUE(killed_by(routed_.status, signo_));		\
		EXPECT_TRUE(WCOREDUMP(routed_.status));			\
		EXPECT_EQ(0U, routed_.signals);				\
	}								\
} while (0)

#define TELL()	child_go(&self->s.target, 1)

/* The target comes to its fault, which is received and, by that, held off. */
#define RECEIVE() do {							\
	self->got = next_fault(&self->s);				\
	ASSERT_EQ(PROXYIPC_KIND_FAULT, self->got.out_kind);		\
	EXPECT_EQ(0U, self->s.target.page->signals);			\
} while (0)

#define RESUME(flags)							\
	endpoint_resume_flags(self->s.endpoint, self->got.out_cap, flags)

TEST_F(fault, delivered_dumps_core_as_it_always_does)
{
	AS_PLAIN(BY_DEFAULT);
	START();
	RECEIVE();
	EXPECT_EQ(0, RESUME(0));
	EXPECT_AS_PLAIN();
}

TEST_F(fault, delivered_reaches_a_handler_as_it_always_does)
{
	AS_PLAIN(HANDLED);
	START();
	RECEIVE();
	EXPECT_EQ(0, RESUME(0));
	EXPECT_AS_PLAIN();
	EXPECT_RUNS_FREE();
}

TEST_F(fault, delivered_is_fatal_if_ignored_as_it_always_is)
{
	AS_PLAIN(IGNORED);
	START();
	RECEIVE();
	EXPECT_EQ(0, RESUME(0));
	EXPECT_AS_PLAIN();
}

TEST_F(fault, delivered_is_fatal_if_blocked_as_it_always_is)
{
	AS_PLAIN(BLOCKED);
	START();
	RECEIVE();
	EXPECT_EQ(0, RESUME(0));
	EXPECT_AS_PLAIN();
}

TEST_F(fault, is_delivered_if_there_is_no_receiver)
{
	AS_PLAIN(HANDLED);
	START();
	ASSERT_EQ(0, process_set_receiver(self->s.process, -1));
	TELL();
	EXPECT_AS_PLAIN();
	EXPECT_EMPTY(self->s.endpoint);
}

TEST_F(fault, is_delivered_if_the_receiver_is_gone)
{
	AS_PLAIN(BY_DEFAULT);
	START();
	close_fd(&self->s.endpoint);
	TELL();
	EXPECT_AS_PLAIN();
}

TEST_F(fault, is_delivered_if_the_endpoint_closes_before_it_is_received)
{
	AS_PLAIN(HANDLED);
	START();
	TELL();
	EXPECT_TRUE(wait_for_episode(self->s.process, PROXYIPC_EPISODE_DELIVERED));
	EXPECT_EQ(0U, self->s.target.page->signals);
	close_fd(&self->s.endpoint);
	EXPECT_AS_PLAIN();
	EXPECT_RUNS_FREE();
}

TEST_F(fault, is_delivered_if_nobody_asks_for_it_any_more)
{
	AS_PLAIN(HANDLED);
	START();
	ASSERT_EQ(0, process_set_faults(self->s.process, 0));
	TELL();
	EXPECT_AS_PLAIN();
	EXPECT_EMPTY(self->s.endpoint);
}

TEST_F(fault, is_delivered_if_others_are_asked_for)
{
	AS_PLAIN(HANDLED);
	START();
	ASSERT_EQ(0, process_set_faults(self->s.process, ALL_FAULTS &
					~BIT(signal_of(variant->kind))));
	TELL();
	EXPECT_AS_PLAIN();
	EXPECT_EMPTY(self->s.endpoint);
}

TEST_F(fault, is_delivered_if_the_object_is_closed)
{
	AS_PLAIN(BY_DEFAULT);
	START();
	close_fd(&self->s.process);
	TELL();
	EXPECT_AS_PLAIN();
}

TEST_F(fault, is_delivered_if_its_cap_is_dropped)
{
	AS_PLAIN(HANDLED);
	START();
	RECEIVE();
	EXPECT_EQ(0, endpoint_drop(self->s.endpoint, self->got.out_cap));
	EXPECT_AS_PLAIN();
	EXPECT_RUNS_FREE();
}

TEST_F(fault, is_delivered_if_the_receiver_dies)
{
	const struct proxyipc_endpoint_recv recv = { .size = sizeof(recv) };
	struct helper h = helper_new();
	int nr = helper_give(&h, self->s.endpoint);

	ASSERT_LE(0, nr);
	AS_PLAIN(HANDLED);
	START();
	TELL();
	ASSERT_EQ(0, helper_do(&h, nr, PROXYIPC_IOC_ENDPOINT_RECV, &recv,
			       sizeof(recv)));
	ASSERT_EQ(PROXYIPC_KIND_FAULT, h.page->arg.recv.received.out_kind);
	EXPECT_EQ(0U, self->s.target.page->signals);
	EXPECT_EQ(0, helper_kill(&h));
	EXPECT_AS_PLAIN();
}

TEST_F(fault, is_delivered_when_the_lease_ends)
{
	AS_PLAIN(HANDLED);
	ASSERT_EQ(0, fault_target_start(&self->s));
	close_fd(&self->s.process);
	self->s.process = process_open(self->s.target.pid, 0, 50 * NS_PER_MS);
	ASSERT_LE(0, self->s.process);
	ASSERT_EQ(0, process_set_faults(self->s.process, ALL_FAULTS));
	ASSERT_EQ(0, process_set_receiver(self->s.process, self->s.entry));
	RECEIVE();
	EXPECT_AS_PLAIN();
	EXPECT_EQ(-ESTALE, RESUME(PROXYIPC_RESUME_RETRY));
	EXPECT_TRUE(wait_for_episode(self->s.process, PROXYIPC_EPISODE_NONE));
	self->got = receive(self->s.endpoint);
	EXPECT_EQ(PROXYIPC_KIND_EVENT, self->got.out_kind);
	EXPECT_EQ(PROXYIPC_EVENT_LEASE_EXPIRED, self->got.out_events);
}

/* Retries all that comes until the target is through: each step is a fault. */
static bool gets_through(struct fault_stage *s)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (!endpoint_recv_now(s->endpoint, &recv))
		endpoint_resume_flags(s->endpoint, recv.received.out_cap,
				      PROXYIPC_RESUME_RETRY);
	return s->target.page->counter[0];
}

/* Nothing was mended: it comes again, and again, from the same instruction. */
TEST_F(fault, retried_executes_the_instruction_again)
{
	struct proxyipc_received first;

	self->s.plan->how = HANDLED;
	START();
	RECEIVE();
	first = self->got;
	for (int i = 0; i < 10 && variant->again; i++) {
		ASSERT_EQ(0, RESUME(PROXYIPC_RESUME_RETRY));
		self->got = receive(self->s.endpoint);
		EXPECT_HELD_AT(&self->got);
		EXPECT_NE(first.out_token, self->got.out_token);
		EXPECT_EQ(0, memcmp(first.out_words, self->got.out_words,
				    sizeof(first.out_words)));
	}
	EXPECT_EQ(0U, self->s.target.page->counter[0]);
	EXPECT_EQ(0, RESUME(variant->again ? 0 : PROXYIPC_RESUME_RETRY));
	/* Of the others it is behind the instruction already. */
	EXPECT_TRUE(eventually(variant->again ? self->s.target.page->counter[1] :
						gets_through(&self->s)));
}

TEST_F(fault, killed_gets_nothing_but_sigkill)
{
	self->s.plan->how = HANDLED;
	START();
	RECEIVE();
	EXPECT_HELD_AT(&self->got);
	EXPECT_EQ(0, RESUME(PROXYIPC_RESUME_KILL));
	EXPECT_TRUE(killed_by(child_ends(&self->s.target), SIGKILL));
	EXPECT_EQ(0U, self->s.target.page->signals);
}

static bool is_stopped(struct child *c)
{
	int status;

	return waitpid(c->pid, &status, WNOHANG | WUNTRACED) == c->pid &&
	       WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP;
}

TEST_F(fault, handed_to_a_debugger_stops_at_the_instruction_and_comes_again)
{
	struct proxyipc_received first;

	self->s.plan->how = HANDLED;
	START();
	RECEIVE();
	first = self->got;
	EXPECT_EQ(0, RESUME(PROXYIPC_RESUME_STOP));
	EXPECT_TRUE(eventually(is_stopped(&self->s.target)));
	EXPECT_EMPTY(self->s.endpoint);
	EXPECT_EQ(0U, self->s.target.page->signals);
	EXPECT_EQ(0U, self->s.target.page->counter[0]);
	EXPECT_EQ(0, kill(self->s.target.pid, SIGCONT));
	if (!variant->again)
		return;
	self->got = receive(self->s.endpoint);
	EXPECT_HELD_AT(&self->got);
	EXPECT_EQ(0, memcmp(first.out_words, self->got.out_words,
			    sizeof(first.out_words)));
}

TEST_F(fault, does_not_keep_its_target_from_being_killed)
{
	START();
	RECEIVE();
	EXPECT_HELD_AT(&self->got);
	EXPECT_TRUE(killed_by(child_kill(&self->s.target), SIGKILL));
	EXPECT_TRUE(eventually(RESUME(PROXYIPC_RESUME_RETRY) == -ESTALE));
	self->got = receive(self->s.endpoint);
	EXPECT_EQ(PROXYIPC_KIND_EVENT, self->got.out_kind);
	EXPECT_EQ(PROXYIPC_EVENT_TARGET_GONE, self->got.out_events);
}

TEST_HARNESS_MAIN
