// SPDX-License-Identifier: GPL-2.0
/* The commands of process objects and of reply objects. */
#include "cases.h"

#include <errno.h>
#include <signal.h>
#include <elf.h>
#include <stddef.h>
#include <string.h>

#include <proxyipc.h>

#include "clock.h"
#include "objects.h"
#include "proc.h"

static int prepare_mint(struct stage *s)
{
	s->arg.process_mint = (struct proxyipc_process_mint){
		.size = sizeof(s->arg.process_mint),
		.payload = 7,
		.rights = PROXYIPC_RIGHT_SEND,
	};
	return stage_set_receiver(s);
}

static int run_mint(struct stage *s)
{
	int ret = command(s->t.process, PROXYIPC_IOC_PROCESS_MINT, &s->arg);

	if (!ret)
		s->made = s->arg.process_mint.out_fd;
	return ret;
}

static const char *done_mint(struct stage *s)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (entry_send_now(s->made, ASK) ||
	    endpoint_recv_now(s->endpoint, &recv) ||
	    recv.received.out_proxy_payload != 7 ||
	    endpoint_resume(s->endpoint, recv.received.out_cap))
		return "the new proxy entry doesn't send";
	return NULL;
}

const struct sweep_case case_process_mint = {
	.name = "process_mint",
	.cmd = PROXYIPC_IOC_PROCESS_MINT,
	.makes = 1,
	.prepare = prepare_mint,
	.run = run_mint,
	.done = done_mint,
};

/*
 * SET_RECEIVER
 */

static int prepare_set(struct stage *s)
{
	s->arg.set_receiver.size = sizeof(s->arg.set_receiver);
	s->arg.set_receiver.entry_fd = s->entry;
	return 0;
}

/* Another entry of another endpoint, whose table of caps is empty. */
static int prepare_set_instead(struct stage *s)
{
	s->file = endpoint_new();
	s->reply = entry_new(s->file, 7, RIGHTS_ALL, NOTICES_ALL);
	prepare_set(s);
	s->arg.set_receiver.entry_fd = s->reply;
	return stage_set_receiver(s);
}

static int prepare_set_none(struct stage *s)
{
	prepare_set(s);
	s->arg.set_receiver.entry_fd = -1;
	return stage_set_receiver(s);
}

static int run_set(struct stage *s)
{
	return command(s->t.process, PROXYIPC_IOC_PROCESS_SET_RECEIVER, &s->arg);
}

static const char *delivers_to(struct stage *s, int endpoint)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	if (entry_send_now(s->proxy, ASK) || endpoint_recv_now(endpoint, &recv) ||
	    endpoint_resume(endpoint, recv.received.out_cap))
		return "the receiver gets nothing";
	return NULL;
}

static const char *undone_set(struct stage *s, int error)
{
	return entry_send_now(s->proxy, ASK) == -ENOTCONN ?
	       NULL : "the slot isn't empty";
}

static const char *undone_set_instead(struct stage *s, int error)
{
	return delivers_to(s, s->endpoint);
}

static const char *done_set(struct stage *s)
{
	return delivers_to(s, s->endpoint);
}

static const char *done_set_instead(struct stage *s)
{
	return delivers_to(s, s->file);
}

static const char *done_set_none(struct stage *s)
{
	return undone_set(s, 0);
}

const struct sweep_case case_set_receiver = {
	.name = "set_receiver",
	.cmd = PROXYIPC_IOC_PROCESS_SET_RECEIVER,
	.prepare = prepare_set,
	.run = run_set,
	.undone = undone_set,
	.done = done_set,
};

const struct sweep_case case_set_receiver_instead = {
	.name = "set_receiver_instead",
	.cmd = PROXYIPC_IOC_PROCESS_SET_RECEIVER,
	.prepare = prepare_set_instead,
	.run = run_set,
	.undone = undone_set_instead,
	.done = done_set_instead,
};

const struct sweep_case case_set_receiver_none = {
	.name = "set_receiver_none",
	.cmd = PROXYIPC_IOC_PROCESS_SET_RECEIVER,
	.prepare = prepare_set_none,
	.run = run_set,
	.undone = undone_set_instead,
	.done = done_set_none,
};

/*
 * SET_POLICY
 */

/* The guardian's endpoint is another one, whose table of caps is empty. */
static int prepare_policy(struct stage *s)
{
	s->file = endpoint_new();
	s->reply = entry_new(s->file, 7, RIGHTS_ALL, NOTICES_ALL);
	s->arg.set_policy = (struct proxyipc_process_set_policy){
		.size = sizeof(s->arg.set_policy),
		.guardian_fd = s->reply,
	};
	return stage_set_receiver(s);
}

static int run_policy(struct stage *s)
{
	return command(s->t.process, PROXYIPC_IOC_PROCESS_SET_POLICY, &s->arg);
}

static const char *guardian_slot_is(struct stage *s, const char *want)
{
	const char *field;
	char text[1024];

	if (proc_fdinfo(s->t.process, text, sizeof(text)) < 0)
		return "no fdinfo";
	field = proc_field(text, "guardian");
	return field && !strcmp(field, want) ?
	       NULL : "something else is in the guardian's slot";
}

static const char *undone_policy(struct stage *s, int error)
{
	return guardian_slot_is(s, "empty");
}

static const char *done_policy(struct stage *s)
{
	return guardian_slot_is(s, "set");
}

const struct sweep_case case_set_policy = {
	.name = "set_policy",
	.cmd = PROXYIPC_IOC_PROCESS_SET_POLICY,
	.prepare = prepare_policy,
	.run = run_policy,
	.undone = undone_policy,
	.done = done_policy,
};

/*
 * HOLD
 */

static int prepare_hold(struct stage *s)
{
	s->arg.hold.size = sizeof(s->arg.hold);
	return 0;
}

/* Another object holds the target already, through the same record. */
static int prepare_hold_twice(struct stage *s)
{
	s->file = process_open(s->t.h.pid, 0, 0);
	prepare_hold(s);
	return held_state(process_hold(s->file, &s->token)) ? 0 : -EPROTO;
}

static int run_hold(struct stage *s)
{
	return command(s->t.process, PROXYIPC_IOC_PROCESS_HOLD, &s->arg);
}

/* Of the whole process, whose threads get their records for it. */
static int prepare_hold_group(struct stage *s)
{
	s->file = process_open_group(s->t.h.pid, 0);
	prepare_hold(s);
	return s->file < 0 ? s->file : 0;
}

static int run_hold_group(struct stage *s)
{
	return command(s->file, PROXYIPC_IOC_PROCESS_HOLD, &s->arg);
}

static const char *done_hold_group(struct stage *s)
{
	if (!held_state(s->arg.hold.out_state) || !target_is_held(s, 1))
		return "the target isn't held";
	return process_resume(s->file, s->arg.hold.out_token) ?
	       "the target can't be resumed" : NULL;
}

static const char *held_and_resumed(struct stage *s, int holds)
{
	if (!held_state(s->arg.hold.out_state) || !target_is_held(s, holds))
		return "the target isn't held";
	if (process_resume(s->t.process, s->arg.hold.out_token))
		return "the target can't be resumed";
	return NULL;
}

static const char *done_hold(struct stage *s)
{
	return held_and_resumed(s, 1);
}

static const char *done_hold_twice(struct stage *s)
{
	const char *wrong = held_and_resumed(s, 2);

	if (wrong)
		return wrong;
	if (!target_is_held(s, 1))
		return "the other hold is gone";
	return process_resume(s->file, s->token) ? "it can't be resumed" : NULL;
}

const struct sweep_case case_hold = {
	.name = "hold",
	.cmd = PROXYIPC_IOC_PROCESS_HOLD,
	.prepare = prepare_hold,
	.run = run_hold,
	.done = done_hold,
};

const struct sweep_case case_hold_twice = {
	.name = "hold_twice",
	.cmd = PROXYIPC_IOC_PROCESS_HOLD,
	.prepare = prepare_hold_twice,
	.run = run_hold,
	.done = done_hold_twice,
};

const struct sweep_case case_hold_group = {
	.name = "hold_group",
	.cmd = PROXYIPC_IOC_PROCESS_HOLD,
	.prepare = prepare_hold_group,
	.run = run_hold_group,
	.done = done_hold_group,
};

/*
 * RESUME, REPLY, FETCH_REPLY: of an episode, but for the hold by hand
 */

static int episode(struct stage *s)
{
	int ret = stage_set_receiver(s);

	return ret ?: stage_call_received(s, s->caller_proxy);
}

static const char *answered(struct stage *s, bool data)
{
	if (!caller_got_answer(s, data))
		return "the caller didn't get the answer";
	return is_empty(s) ? NULL : "something more to receive";
}

static int prepare_resume(struct stage *s)
{
	int ret = process_hold(s->t.process, &s->token);

	s->arg.process_resume.size = sizeof(s->arg.process_resume);
	s->arg.process_resume.token = s->token;
	return held_state(ret) ? 0 : -EPROTO;
}

static int prepare_resume_reply_data(struct stage *s)
{
	int ret = episode(s);

	s->arg.process_resume.size = sizeof(s->arg.process_resume);
	s->arg.process_resume.flags = PROXYIPC_RESUME_REPLY;
	s->arg.process_resume.token = s->got.out_token;
	good_answer(s, &s->arg.process_resume.message, true);
	return ret;
}

static int run_resume(struct stage *s)
{
	return command(s->t.process, PROXYIPC_IOC_PROCESS_RESUME, &s->arg);
}

static const char *done_resume(struct stage *s)
{
	return process_resume(s->t.process, s->token) == -ESTALE ?
	       NULL : "the token is still good";
}

static const char *done_resume_reply_data(struct stage *s)
{
	return answered(s, true);
}

const struct sweep_case case_process_resume = {
	.name = "process_resume",
	.cmd = PROXYIPC_IOC_PROCESS_RESUME,
	.prepare = prepare_resume,
	.run = run_resume,
	.done = done_resume,
};

const struct sweep_case case_process_resume_reply_data = {
	.name = "process_resume_reply_data",
	.cmd = PROXYIPC_IOC_PROCESS_RESUME,
	.prepare = prepare_resume_reply_data,
	.run = run_resume,
	.done = done_resume_reply_data,
};

static int prepare_reply_with(struct stage *s, bool data)
{
	int ret = episode(s);

	s->arg.process_reply.size = sizeof(s->arg.process_reply);
	s->arg.process_reply.token = s->got.out_token;
	good_answer(s, &s->arg.process_reply.message, data);
	return ret;
}

static int prepare_reply(struct stage *s)
{
	return prepare_reply_with(s, false);
}

static int prepare_reply_data(struct stage *s)
{
	return prepare_reply_with(s, true);
}

static int run_reply(struct stage *s)
{
	return command(s->t.process, PROXYIPC_IOC_PROCESS_REPLY, &s->arg);
}

static const char *still_held(struct stage *s)
{
	return target_is_held(s, 1) ? NULL : "the target isn't held any more";
}

static const char *done_reply(struct stage *s)
{
	return answered(s, false) ?: still_held(s);
}

static const char *done_reply_data(struct stage *s)
{
	return answered(s, true) ?: still_held(s);
}

const struct sweep_case case_process_reply = {
	.name = "process_reply",
	.cmd = PROXYIPC_IOC_PROCESS_REPLY,
	.prepare = prepare_reply,
	.run = run_reply,
	.done = done_reply,
};

const struct sweep_case case_process_reply_data = {
	.name = "process_reply_data",
	.cmd = PROXYIPC_IOC_PROCESS_REPLY,
	.prepare = prepare_reply_data,
	.run = run_reply,
	.done = done_reply_data,
};

static int prepare_fetch(struct stage *s)
{
	int ret = episode(s);

	s->arg.fetch_reply.size = sizeof(s->arg.fetch_reply);
	s->arg.fetch_reply.token = s->got.out_token;
	return ret;
}

static int run_fetch(struct stage *s)
{
	int ret = command(s->t.process, PROXYIPC_IOC_PROCESS_FETCH_REPLY,
			  &s->arg);

	if (!ret)
		s->made = s->arg.fetch_reply.out_fd;
	return ret;
}

static const char *done_fetch(struct stage *s)
{
	if (process_reply(s->t.process, s->got.out_token, 1) != -ESRCH)
		return "the right to answer is still where it was";
	if (reply_send(s->made, ANSWER))
		return "the right to answer didn't move";
	return done_reply(s);
}

const struct sweep_case case_process_fetch_reply = {
	.name = "process_fetch_reply",
	.cmd = PROXYIPC_IOC_PROCESS_FETCH_REPLY,
	.makes = 1,
	.prepare = prepare_fetch,
	.run = run_fetch,
	.done = done_fetch,
};

/*
 * INFO
 */

static int prepare_info(struct stage *s)
{
	s->arg.info.size = sizeof(s->arg.info);
	return 0;
}

static int run_info(struct stage *s)
{
	return command(s->t.process, PROXYIPC_IOC_PROCESS_INFO, &s->arg);
}

static const char *done_info(struct stage *s)
{
	return s->arg.info.out_tgid != s->t.h.pid ? "of another target" : NULL;
}

const struct sweep_case case_process_info = {
	.name = "process_info",
	.cmd = PROXYIPC_IOC_PROCESS_INFO,
	.prepare = prepare_info,
	.run = run_info,
	.done = done_info,
};

/*
 * YIELD and mmap: of this thread
 */

static int prepare_yield(struct stage *s)
{
	s->arg.yield.size = sizeof(s->arg.yield);
	s->file = process_open(0, 0, 0);
	return s->file < 0 ? s->file : 0;
}

static int run_yield(struct stage *s)
{
	return command(s->file, PROXYIPC_IOC_PROCESS_YIELD, &s->arg);
}

static const char *done_yield(struct stage *s)
{
	return process_state(s->file) != PROXYIPC_STATE_RUNNABLE ?
	       "this thread is held" : NULL;
}

const struct sweep_case case_process_yield = {
	.name = "process_yield",
	.cmd = PROXYIPC_IOC_PROCESS_YIELD,
	.prepare = prepare_yield,
	.run = run_yield,
	.done = done_yield,
};

static struct proxyipc_control *mapped;

static int run_map(struct stage *s)
{
	return proxyipc_process_map(s->file, &mapped);
}

/* The same page each time: what the target's side says in it is as it was left. */
static const char *done_map(struct stage *s)
{
	bool zero = !mapped->keepalive && !mapped->defer && !mapped->idle;

	proxyipc_process_unmap(mapped);
	return zero ? NULL : "the page says what nobody has said";
}

const struct sweep_case case_process_map = {
	.name = "process_map",
	.prepare = prepare_yield,
	.run = run_map,
	.done = done_map,
};

/*
 * SET_WATCHDOG, KEEPALIVE
 */

static int prepare_set_watchdog(struct stage *s)
{
	s->arg.set_watchdog = (struct proxyipc_process_set_watchdog){
		.size = sizeof(s->arg.set_watchdog),
		.timeout = 3600 * NS_PER_S,
	};
	return 0;
}

static int run_set_watchdog(struct stage *s)
{
	return command(s->t.process, PROXYIPC_IOC_PROCESS_SET_WATCHDOG, &s->arg);
}

static __u64 watchdog_of(struct stage *s)
{
	struct proxyipc_process_info info;

	return process_info(s->t.process, &info) ? 1 : info.out_watchdog_timeout;
}

static const char *undone_set_watchdog(struct stage *s, int error)
{
	return watchdog_of(s) ? "it is set in spite of that" : NULL;
}

static const char *done_set_watchdog(struct stage *s)
{
	return watchdog_of(s) == 3600 * NS_PER_S ? NULL : "it isn't set";
}

const struct sweep_case case_set_watchdog = {
	.name = "set_watchdog",
	.cmd = PROXYIPC_IOC_PROCESS_SET_WATCHDOG,
	.prepare = prepare_set_watchdog,
	.run = run_set_watchdog,
	.undone = undone_set_watchdog,
	.done = done_set_watchdog,
};

static int prepare_keepalive(struct stage *s)
{
	s->arg.keepalive.size = sizeof(s->arg.keepalive);
	return process_set_watchdog(s->t.process, 3600 * NS_PER_S, 0);
}

/* There is nothing to see but the time since the last one, and that goes on. */
static const char *unfed(struct stage *s, int error)
{
	return done_set_watchdog(s);
}

static int run_keepalive(struct stage *s)
{
	return command(s->t.process, PROXYIPC_IOC_PROCESS_KEEPALIVE, &s->arg);
}

const struct sweep_case case_keepalive = {
	.name = "keepalive",
	.cmd = PROXYIPC_IOC_PROCESS_KEEPALIVE,
	.prepare = prepare_keepalive,
	.run = run_keepalive,
	.undone = unfed,
	.done = done_set_watchdog,
};

/*
 * SET_FAULTS
 */

#define SEGV	(1ULL << (SIGSEGV - 1))

static int prepare_set_faults(struct stage *s)
{
	s->arg.set_faults.size = sizeof(s->arg.set_faults);
	s->arg.set_faults.signals = SEGV;
	return 0;
}

static int run_set_faults(struct stage *s)
{
	return command(s->t.process, PROXYIPC_IOC_PROCESS_SET_FAULTS, &s->arg);
}

/* What another object of the same target gets, if it asks for these faults. */
static int another_set_faults(struct stage *s)
{
	int process = process_open(s->t.h.pid, 0, 0);
	int ret = process < 0 ? process : process_set_faults(process, SEGV);

	close_fd(&process);
	return ret;
}

static const char *undone_set_faults(struct stage *s, int error)
{
	return another_set_faults(s) ? "it gets the faults" : NULL;
}

static const char *done_set_faults(struct stage *s)
{
	return another_set_faults(s) == -EBUSY ? NULL : "it doesn't get the faults";
}

const struct sweep_case case_set_faults = {
	.name = "set_faults",
	.cmd = PROXYIPC_IOC_PROCESS_SET_FAULTS,
	.prepare = prepare_set_faults,
	.run = run_set_faults,
	.undone = undone_set_faults,
	.done = done_set_faults,
};

/*
 * GET_REGS
 */

static int prepare_get_regs(struct stage *s)
{
	int ret = process_hold(s->t.process, &s->token);

	s->arg.get_regs.size = sizeof(s->arg.get_regs);
	s->arg.get_regs.token = s->token;
	s->arg.get_regs.data = address(s->in);
	s->arg.get_regs.data_size = sizeof(s->in);
	s->arg.get_regs.note = NT_PRFPREG;
	return held_state(ret) ? 0 : -EPROTO;
}

static int run_get_regs(struct stage *s)
{
	return command(s->t.process, PROXYIPC_IOC_PROCESS_GET_REGS, &s->arg);
}

static const char *done_get_regs(struct stage *s)
{
	if (!s->arg.get_regs.out_data_len ||
	    all_bytes(s->in, 0, s->arg.get_regs.out_data_len))
		return "no registers";
	if (!target_is_held(s, 1))
		return "the target isn't held any more";
	return process_resume(s->t.process, s->token) ? "it can't be resumed" : NULL;
}

const struct sweep_case case_process_get_regs = {
	.name = "process_get_regs",
	.cmd = PROXYIPC_IOC_PROCESS_GET_REGS,
	.prepare = prepare_get_regs,
	.run = run_get_regs,
	.done = done_get_regs,
};

/*
 * A reply object
 */

static int prepare_reply_send_with(struct stage *s, bool data)
{
	int ret = stage_call_received(s, s->caller_entry);

	if (ret)
		return ret;
	s->reply = endpoint_fetch(s->endpoint, s->got.out_cap);
	s->arg.reply_send.size = sizeof(s->arg.reply_send);
	good_answer(s, &s->arg.reply_send.message, data);
	return s->reply < 0 ? s->reply : 0;
}

static int prepare_reply_send(struct stage *s)
{
	return prepare_reply_send_with(s, false);
}

static int prepare_reply_send_data(struct stage *s)
{
	return prepare_reply_send_with(s, true);
}

static int run_reply_send(struct stage *s)
{
	return command(s->reply, PROXYIPC_IOC_REPLY_SEND, &s->arg);
}

static const char *replied(struct stage *s, bool data)
{
	return reply_send(s->reply, 1) == -ESRCH ? answered(s, data) :
	       "it answers twice";
}

static const char *done_reply_send(struct stage *s)
{
	return replied(s, false);
}

static const char *done_reply_send_data(struct stage *s)
{
	return replied(s, true);
}

const struct sweep_case case_reply_send = {
	.name = "reply_send",
	.cmd = PROXYIPC_IOC_REPLY_SEND,
	.prepare = prepare_reply_send,
	.run = run_reply_send,
	.done = done_reply_send,
};

const struct sweep_case case_reply_send_data = {
	.name = "reply_send_data",
	.cmd = PROXYIPC_IOC_REPLY_SEND,
	.prepare = prepare_reply_send_data,
	.run = run_reply_send,
	.done = done_reply_send_data,
};
