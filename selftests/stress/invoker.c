// SPDX-License-Identifier: GPL-2.0
/*
 * Invokers: call, send and notify through what entries they get hold of, and hold
 * targets by hand.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <proxyipc.h>
#include <string.h>
#include <unistd.h>

#include "board.h"
#include "market.h"
#include "oracle.h"
#include "party.h"
#include "random.h"
#include "receiver.h"

/* What an invoker has at hand. */
static struct parcel wares[8];

static void discard(struct parcel *ware)
{
	close(ware->fd);
	ware->fd = -1;
}

/* Those that run, or have threads born, when they are held are the hardest to hold. */
static int random_target(void)
{
	int slot = random_slot(ROLE_TARGET);

	if (!chance(40))
		return slot;
	return slot - slot % EXTREME + (chance(60) ? SPINNER : CROWD);
}

static int steal_from_target(struct parcel *ware)
{
	int slot = random_target();
	int object = random_object();
	struct slot *target = &board->slots[slot];

	ware->key = ident_of(slot, target->life, object);
	ware->ware = chance(65) ? WARE_PROXY : WARE_PROCESS;
	return steal(slot, ware->ware == WARE_PROXY ? &target->proxy[object] :
						       &target->process[object]);
}

static int steal_from_receiver(struct parcel *ware)
{
	int slot = random_slot(ROLE_RECEIVER);

	ware->key = slot;
	ware->ware = WARE_ENTRY;
	return steal(slot, &board->slots[slot].entry);
}

static void get_ware(struct parcel *ware)
{
	int fd;

	if (chance(15) && !market_take(ware))
		return;
	fd = chance(75) ? steal_from_target(ware) : steal_from_receiver(ware);
	ware->fd = fd < 0 ? -1 : fd;
}

/* Half a millisecond to eight seconds, short ones more often. */
static __u64 random_patience(void)
{
	static const __u16 most_ms[] = { 5, 20, 200, 2000, 8000 };

	return NS_PER_MS / 2 + random_u64() % (most_ms[random_below(5)] * NS_PER_MS);
}

/* A target without a receiver gets a new one. */
static void give_receiver(__u64 ident)
{
	int slot = ident_slot(ident);
	int process = steal(slot, &board->slots[slot].process[ident_object(ident)]);

	if (process < 0)
		return;
	if (board->slots[slot].life == ident >> 32)
		adopt(process, ident, -1);
	close(process);
}

/* Nothing can be done with it any more, or nothing yet. */
static void after(struct parcel *ware, int result)
{
	bool proxied = ware->ware == WARE_PROXY;

	if (result == -ESRCH || (result == -EPIPE && !proxied))
		discard(ware);
	else if ((result == -EPIPE || result == -ENOTCONN) && proxied)
		give_receiver(ware->key);
}

static void invoke_call(struct parcel *ware)
{
	bool nonblock = chance(10), proxied = ware->ware == WARE_PROXY;
	__u64 patience = random_patience(), serial;
	struct proxyipc_entry_call call = {
		.flags = nonblock ? PROXYIPC_NONBLOCK : 0,
		.deadline = proxyipc_deadline(patience),
	};
	int ret;

	serial = call_begin(PROXYIPC_KIND_CALL, proxied, nonblock, call.deadline,
			    &call.message);
	busy(WHAT_CALL, patience);
	note(WHAT_CALL, serial, ware->key, 0);
	ret = proxyipc_entry_call_params(ware->fd, &call);
	call_end(serial, ret, &call.reply);
	count(COUNT_CALLS);
	after(ware, ret);
}

static void invoke_send(struct parcel *ware)
{
	bool nonblock = chance(30), proxied = ware->ware == WARE_PROXY;
	__u64 patience = random_patience(), serial;
	struct proxyipc_entry_send send = {
		.flags = nonblock ? PROXYIPC_NONBLOCK : 0,
		.deadline = proxyipc_deadline(patience),
	};
	int ret;

	serial = call_begin(PROXYIPC_KIND_SEND, proxied, nonblock, send.deadline,
			    &send.message);
	busy(WHAT_SEND, patience);
	note(WHAT_SEND, serial, ware->key, 0);
	ret = proxyipc_entry_send_params(ware->fd, &send);
	call_end(serial, ret, NULL);
	count(COUNT_SENDS);
	after(ware, ret);
}

static void invoke_notify(struct parcel *ware)
{
	int ret;

	busy(WHAT_NOTIFY, 0);
	ret = proxyipc_entry_notify(ware->fd, 1ULL << random_below(64));
	note(WHAT_NOTIFY, 0, ware->key, ret);
	count(COUNT_NOTICES);
	if (ret == PROXYIPC_NOTIFIED_DEFERRED)
		count(COUNT_DEFERRED);
	if (ret < 0 && ret != -EPIPE && ret != -ENOTCONN && ret != -ESRCH &&
	    ret != -EAGAIN)
		violation(ident_slot(ware->key), ware->key, 0, "notify: %s",
			  strerrorname_np(-ret));
	after(ware, ret);
}

static void use_entry(struct parcel *ware)
{
	unsigned int dice = random_below(100);

	if (dice < 60)
		invoke_call(ware);
	else if (dice < 80)
		invoke_send(ware);
	else
		invoke_notify(ware);
}

static void use_process(struct parcel *ware)
{
	if (chance(10))
		proxyipc_process_keepalive(ware->fd);
	if (chance(90))
		hold_by_hand(ware->fd, ware->key);
	else
		adopt(ware->fd, ware->key, -1);
	if (chance(20))
		discard(ware);
}

static void use(struct parcel *ware)
{
	if (chance(2)) {
		market_put(ware->ware, ware->key, ware->fd);
		ware->fd = -1;
		return;
	}
	switch (ware->ware) {
	case WARE_PROXY:
	case WARE_ENTRY:
		use_entry(ware);
		break;
	case WARE_PROCESS:
		use_process(ware);
		break;
	case WARE_REPLY:
		answer_by_object(ware->fd, ware->key);
		discard(ware);
		break;
	}
}

void invoker_main(void)
{
	unsigned int nr;

	for (nr = 0; nr < ARRAY_SIZE(wares); nr++)
		wares[nr].fd = -1;
	for (;;) {
		busy(WHAT_LOOP, NS_PER_S);
		nr = random_below(ARRAY_SIZE(wares));
		if (wares[nr].fd >= 0 && chance(20))
			discard(&wares[nr]);
		if (wares[nr].fd < 0)
			get_ware(&wares[nr]);
		if (wares[nr].fd >= 0)
			use(&wares[nr]);
		else
			sleep_us(1000);
		if (chance(20))
			sleep_us(random_below(5000));
	}
}
