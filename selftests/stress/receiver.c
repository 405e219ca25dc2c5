// SPDX-License-Identifier: GPL-2.0
/*
 * Receivers: have an endpoint, alone or with another receiver, take targets into
 * their care, and answer and resume in every way there is, late, twice or never.
 */
#define _GNU_SOURCE
#include "receiver.h"

#include <errno.h>
#include <linux/elf.h>
#include <proxyipc.h>
#include <stdint.h>
#include <string.h>
#include <sys/user.h>
#include <unistd.h>

#include "board.h"
#include "fault.h"
#include "market.h"
#include "oracle.h"
#include "party.h"
#include "random.h"

#define ALL_RIGHTS	(PROXYIPC_RIGHT_CALL | PROXYIPC_RIGHT_SEND | PROXYIPC_RIGHT_NOTIFY)

static int endpoint;

/* One who forgets to resume every other target, and dies with all of them held. */
static bool hoards;

void answer_by_object(int reply, __u64 serial)
{
	struct proxyipc_message message;
	__u64 word = answer_begin(serial, &message);

	answer_end(serial, word, proxyipc_reply_send(reply, &message));
}

static int answer(__u64 cap, __u64 serial)
{
	struct proxyipc_message message;
	__u64 word = answer_begin(serial, &message);
	int ret = proxyipc_endpoint_reply(endpoint, cap, &message);

	answer_end(serial, word, ret);
	return ret;
}

static void give_up(__u64 serial, const struct proxyipc_received *received)
{
	note(WHAT_GIVE_UP, serial, received->out_token, 0);
	proxyipc_endpoint_drop(endpoint, received->out_cap);
}

/* The right to answer as a descriptor: used, passed on, or closed. */
static void answer_by_fetch(int reply, __u64 serial)
{
	unsigned int dice = random_below(100);

	if (reply < 0)
		return;
	if (dice < 30) {
		market_put(WARE_REPLY, serial, reply);
		return;
	}
	if (dice < 80)
		answer_by_object(reply, serial);
	close(reply);
}

static void plain_call(const struct proxyipc_received *received, __u64 serial)
{
	unsigned int dice = random_below(100);

	if (dice < 60) {
		answer(received->out_cap, serial);
	} else if (dice < 70) {
		answer(received->out_cap, serial);
		answer(received->out_cap, serial);
	} else if (dice < 90) {
		answer_by_fetch(proxyipc_endpoint_fetch(endpoint, received->out_cap),
				serial);
	} else if (dice < 95) {
		give_up(serial, received);
	}
	/* Else it is forgotten. */
}

/* Ways to end an episode. 0 or -ESRCH: it was in force until then. */
static int resume_by_cap(const struct proxyipc_received *received, __u64 serial)
{
	struct proxyipc_message message;
	__u64 word;
	int ret;

	if (!serial || chance(20))
		return proxyipc_endpoint_resume(endpoint, received->out_cap, NULL);
	word = answer_begin(serial, &message);
	ret = proxyipc_endpoint_resume(endpoint, received->out_cap, &message);
	answer_end(serial, word, ret);
	return ret;
}

static int resume_by_token(const struct proxyipc_received *received, __u64 serial)
{
	int process = proxyipc_endpoint_fetch(endpoint, received->out_cap);
	struct proxyipc_message message;
	struct proxyipc_process_info info = {};
	__u64 word;
	int ret;

	if (process < 0)
		return process;
	if (!serial || chance(20)) {
		ret = proxyipc_process_resume(process, received->out_token, NULL);
	} else {
		word = answer_begin(serial, &message);
		ret = proxyipc_process_resume(process, received->out_token, &message);
		answer_end(serial, word, ret);
	}
	/* Of a target that is gone this doesn't say when the episode ended. */
	if (ret == -ESRCH && !proxyipc_process_info(process, &info) &&
	    info.out_state == PROXYIPC_STATE_GONE)
		ret = -ESTALE;
	close(process);
	return ret;
}

/* The call is answered, or made an object, while the target stays held. */
static void before_resume(const struct proxyipc_received *received, __u64 serial)
{
	struct proxyipc_message message;
	int process;
	__u64 word;

	if (chance(50)) {
		answer(received->out_cap, serial);
		return;
	}
	process = proxyipc_endpoint_fetch(endpoint, received->out_cap);
	if (process < 0)
		return;
	if (chance(50)) {
		word = answer_begin(serial, &message);
		answer_end(serial, word,
			   proxyipc_process_reply(process, received->out_token, &message));
	} else {
		answer_by_fetch(proxyipc_process_fetch_reply(process, received->out_token),
				serial);
	}
	close(process);
}

/* Of a held target; it may run in the kernel, or be let go by somebody else. */
static void read_registers(const struct proxyipc_received *received)
{
	int process = proxyipc_endpoint_fetch(endpoint, received->out_cap), ret;
	struct user_regs_struct regs;
	struct proxyipc_process_get_regs get = {
		.token = received->out_token,
		.deadline = proxyipc_deadline(random_below(20) * NS_PER_MS),
		.data = (uintptr_t)&regs,
		.data_size = sizeof(regs),
		.note = NT_PRSTATUS,
	};

	if (process < 0)
		return;
	ret = proxyipc_process_get_regs_params(process, &get);
	close(process);
	if (!ret)
		count(COUNT_REGS);
	else if (ret != -EAGAIN && ret != -ETIMEDOUT && ret != -ESTALE && ret != -ESRCH &&
		 ret != -EINTR)
		violation(ident_slot(received->out_payload), received->out_payload,
			  received->out_token, "get registers: %s", strerrorname_np(-ret));
}

/* As what is wrong says, which is the receiver's to know. */
static int resume_fault(const struct proxyipc_received *received)
{
	struct proxyipc_endpoint_resume resume = {
		.cap = received->out_cap,
		.flags = fault_verdict(received),
	};
	int ret = proxyipc_endpoint_resume_params(endpoint, &resume);

	if (!ret)
		fault_resumed(received, resume.flags);
	return ret;
}

static void think(void)
{
	unsigned int dice = random_below(1000);

	if (dice < 500)
		return;
	if (dice < 960)
		sleep_us(random_below(2000));
	else if (dice < 990)
		sleep_us(random_below(100000));
	else
		sleep_us(random_below(2500000));
}

static void handle_episode(const struct proxyipc_received *received, __u64 serial)
{
	struct sample begin = sample_begin(received->out_payload), end;
	unsigned int dice = random_below(100);
	int ret;

	count(COUNT_EPISODES);
	busy(WHAT_RECEIVED, 4 * NS_PER_S);
	think();
	busy(WHAT_RESUME, 0);
	if (serial && chance(20))
		before_resume(received, serial);
	if (chance(15))
		read_registers(received);
	if (dice < 8 || (hoards && chance(50)))
		return;		/* forgotten: until the lease ends */
	end = sample_end(&begin);
	note(WHAT_RESUME, begin.ident, received->out_token, 0);
	if (dice < 12)
		ret = proxyipc_endpoint_drop(endpoint, received->out_cap);
	else if (received->out_kind == PROXYIPC_KIND_FAULT)
		ret = resume_fault(received);
	else if (dice < 30)
		ret = resume_by_token(received, serial);
	else
		ret = resume_by_cap(received, serial);
	note(WHAT_RESUMED, begin.ident, received->out_token, ret);
	/* ESRCH: nobody waited for the answer, but it was resumed. */
	if (!ret || ret == -ESRCH)
		sample_check(&begin, &end, received->out_token, "an episode");
	else
		count(COUNT_EXPIRED);
	if (ret && ret != -ESRCH && ret != -ESTALE)
		violation(ident_slot(begin.ident), begin.ident, received->out_token,
			  "resume of an episode: %s", strerrorname_np(-ret));
}

/* It never comes early. */
static void check_expiry(const struct proxyipc_received *received)
{
	const __u64 *words = received->out_words;
	__u64 timeout = words[PROXYIPC_WATCHDOG_WORD_TIMEOUT];

	count(COUNT_WATCHDOGS);
	if (ident_object(received->out_payload) == GROUP)
		count(COUNT_GROUP_WATCHDOGS);
	if (words[PROXYIPC_WATCHDOG_WORD_STAGE] == PROXYIPC_WATCHDOG_PRETIMEOUT)
		timeout /= 2;	/* as section.c sets it */
	if (words[PROXYIPC_WATCHDOG_WORD_SINCE] < timeout)
		violation(ident_slot(received->out_payload), received->out_payload,
			  received->out_token, "a watchdog of %llu ns expired after %llu",
			  timeout, words[PROXYIPC_WATCHDOG_WORD_SINCE]);
}

static void handle(const struct proxyipc_received *received)
{
	bool proxied = received->out_flags & PROXYIPC_RECEIVED_PROXIED;
	__u64 serial = 0;

	if (received->out_kind == PROXYIPC_KIND_EVENT) {
		note(WHAT_EVENT, received->out_events, received->out_token, 0);
		count(COUNT_EVENTS);
		return;
	}
	count(COUNT_RECEIVED);
	if (received->out_flags & PROXYIPC_RECEIVED_REDELIVERED)
		count(COUNT_REDELIVERED);
	if (received->out_kind == PROXYIPC_KIND_WATCHDOG) {
		check_expiry(received);
	} else if (received->out_kind == PROXYIPC_KIND_CALL ||
		   received->out_kind == PROXYIPC_KIND_SEND) {
		serial = call_received(received);
		if (!serial)
			return;
	}
	note(WHAT_RECEIVED, serial, received->out_token, received->out_kind);
	if (received->out_kind == PROXYIPC_KIND_SEND)
		serial = 0;	/* nobody to answer */
	if (proxied)
		handle_episode(received, serial);
	else if (serial)
		plain_call(received, serial);
}

/* Takes a target into its care. */
static void take_care(void)
{
	int slot = random_slot(ROLE_TARGET), object = random_object();
	struct slot *target = &board->slots[slot];
	__u64 ident = ident_of(slot, target->life, object);
	int process = steal(slot, &target->process[object]);

	if (process < 0)
		return;
	if (target->life == ident >> 32)
		adopt(process, ident, endpoint);
	close(process);
}

/* Its own, or that of another receiver: then the death of one isn't the last close. */
static void endpoint_open(void)
{
	int other = random_slot(ROLE_RECEIVER), device;

	endpoint = -1;
	if (chance(75) && other != self)
		endpoint = steal(other, &board->slots[other].endpoint);
	if (endpoint >= 0)
		return;
	device = proxyipc_open();
	if (device < 0)
		_exit(125);
	endpoint = proxyipc_endpoint_create(device, 1 + random_below(64));
	close(device);
	if (endpoint < 0)
		_exit(125);
}

static void receive_once(void)
{
	static const __u16 patience_ms[] = { 20, 200, 200, 1000, 4000 };
	__u64 patience = patience_ms[random_below(5)] * NS_PER_MS;
	struct proxyipc_endpoint_recv recv = {
		.flags = chance(10) ? PROXYIPC_NONBLOCK : 0,
		.deadline = proxyipc_deadline(patience),
	};
	int ret;

	busy(WHAT_RECV, patience);
	ret = proxyipc_endpoint_recv_params(endpoint, &recv);
	if (!ret)
		handle(&recv.received);
	else if (ret != -EAGAIN && ret != -ETIMEDOUT && ret != -EINTR)
		violation(-1, 0, 0, "recv: %s", strerrorname_np(-ret));
}

void receiver_main(void)
{
	struct slot *me = &board->slots[self];
	int nr, entry;

	hoards = chance(30);
	endpoint_open();
	entry = proxyipc_endpoint_mint(endpoint, self, ALL_RIGHTS, ~0ULL);
	if (entry < 0)
		_exit(125);
	me->endpoint = endpoint;
	me->entry = entry;
	for (nr = 0; nr < 8; nr++)
		take_care();
	for (;;) {
		receive_once();
		if (chance(10))
			take_care();
	}
}
