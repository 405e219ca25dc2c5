// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "call.h"

#include <errno.h>
#include <string.h>

#include "board.h"
#include "clock.h"
#include "party.h"
#include "random.h"

/* What the words of a message are: serial or word, and proof that they are ours. */
static void message_fill(struct proxyipc_message *message, __u64 serial, __u64 word)
{
	int nr;

	message->words[0] = serial;
	message->words[1] = word;
	for (nr = 2; nr < PROXYIPC_WORDS; nr++)
		message->words[nr] = mix(serial + nr * word + board->seed);
}

static bool message_is_whole(const __u64 *words)
{
	struct proxyipc_message right;

	message_fill(&right, words[0], words[1]);
	return !memcmp(right.words, words, sizeof(right.words));
}

/*
 * NULL if the record has been given to another call, or soon may be: somebody was
 * stopped for long. Nobody looks at a record that old.
 */
static struct call *call_find(__u64 serial)
{
	struct call *call = &board->calls.calls[serial % NR_CALLS];

	if (board->calls.next - serial > NR_CALLS / 2 || call->serial != serial)
		return NULL;
	return call;
}

static bool call_ended(struct call *call)
{
	return atomic_load(&call->state) == CALL_ENDED;
}

__u64 call_begin(int kind, bool proxied, bool nonblock, __u64 deadline,
		 struct proxyipc_message *message)
{
	__u64 serial = atomic_fetch_add(&board->calls.next, 1) + 1;
	struct call *call = &board->calls.calls[serial % NR_CALLS];

	call->serial = 0;
	memset(call->answers, 0, sizeof(call->answers));
	call->kind = kind;
	call->proxied = proxied;
	call->nonblock = nonblock;
	call->slot = self;
	call->deadline = deadline;
	call->result = 0;
	call->word = 0;
	call->received = 0;
	call->state = CALL_MADE;
	call->serial = serial;
	board->slots[self].serial = serial;
	memset(message, 0, sizeof(*message));
	message_fill(message, serial, kind);
	return serial;
}

/* Results that the documents name, for this kind of call. */
static bool result_is_possible(const struct call *call, int result)
{
	switch (result) {
	case 0:
	case -EPIPE:
	case -ETIMEDOUT:
	case -EINTR:
		return true;
	case -EOWNERDEAD:
		return call->kind == PROXYIPC_KIND_CALL || call->proxied;
	case -ECANCELED:
		return call->kind == PROXYIPC_KIND_CALL || call->proxied;
	case -EAGAIN:
		return call->nonblock;
	case -ENOTCONN:
	case -ESRCH:
		return call->proxied;
	default:
		return false;
	}
}

/*
 * Results that say: nobody has received it, and nobody will. A signal or a closed
 * endpoint never leave that open; a SEND has an error only if it wasn't accepted.
 */
static bool result_is_untouched(const struct call *call, int result)
{
	if (call->kind == PROXYIPC_KIND_SEND)
		return result;
	return result == -EINTR || result == -EPIPE || result == -ENOTCONN ||
	       result == -EAGAIN;
}

/* Once it has ended, and somebody has received it. */
static void check_untouched(struct call *call, __u64 serial)
{
	int result = call->result;

	if (result_is_untouched(call, result) && call->serial == serial)
		violation(call->slot, serial, 0,
			  "call %#llx ended with %s, and was received", serial,
			  strerrorname_np(-result));
}

/* Once it has ended, and this answer was accepted. */
static void check_answer(struct call *call, __u64 serial, struct answer *answer)
{
	if (call->result == 0 && call->word == answer->word)
		return;
	if (call->serial == serial)
		violation(call->slot, serial, answer->word,
			  "answer %#llx to call %#llx succeeded, but the caller got %s, word %#llx",
			  answer->word, serial, call->result ?
			  strerrorname_np(-call->result) : "another answer",
			  call->word);
}

static struct answer *answer_find(struct call *call, __u64 word)
{
	int nr;

	for (nr = 0; nr < NR_ANSWERS; nr++)
		if (call->answers[nr].word == word)
			return &call->answers[nr];
	return NULL;
}

static void check_reply(struct call *call, __u64 serial,
			const struct proxyipc_message *reply)
{
	struct answer *answer = answer_find(call, reply->words[1]);

	if (!message_is_whole(reply->words) || reply->words[0] != serial)
		violation(-1, serial, reply->words[0],
			  "call %#llx got an answer to %#llx", serial,
			  reply->words[0]);
	else if (!answer)
		violation(-1, serial, reply->words[1],
			  "call %#llx got an answer %#llx that nobody gave",
			  serial, reply->words[1]);
	else if (answer->state == ANSWER_REFUSED)
		violation(-1, serial, reply->words[1],
			  "call %#llx got answer %#llx, which had failed",
			  serial, reply->words[1]);
}

void call_end(__u64 serial, int result, const struct proxyipc_message *reply)
{
	struct call *call = &board->calls.calls[serial % NR_CALLS];
	int nr;

	board->slots[self].serial = 0;
	note(WHAT_CALLED, serial, reply && !result ? reply->words[1] : 0, result);
	if (!call_find(serial))
		return;
	call->result = result;
	call->word = reply && !result ? reply->words[1] : 0;
	atomic_store(&call->state, CALL_ENDED);

	if (!result_is_possible(call, result))
		violation(-1, serial, 0, "call %#llx: unexpected %s", serial,
			  strerrorname_np(-result));
	if (result == -ETIMEDOUT && now_ns() < call->deadline)
		violation(-1, serial, 0, "call %#llx timed out too early", serial);
	if (call->received)
		check_untouched(call, serial);
	if (call->kind != PROXYIPC_KIND_CALL)
		return;
	if (!result)
		check_reply(call, serial, reply);
	for (nr = 0; nr < NR_ANSWERS; nr++)
		if (call->answers[nr].state == ANSWER_GIVEN)
			check_answer(call, serial, &call->answers[nr]);
}

__u64 call_received(const struct proxyipc_received *received)
{
	__u64 serial = received->out_words[0];
	struct call *call;

	if (!message_is_whole(received->out_words) ||
	    received->out_words[1] != received->out_kind) {
		violation(-1, serial, 0, "received a message that nobody sent");
		return 0;
	}
	call = call_find(serial);
	if (!call)
		return serial;
	/* Its first receiver may have died before it said so. */
	if (received->out_flags & PROXYIPC_RECEIVED_REDELIVERED)
		call->received = call->received ?: 1;
	else if (atomic_fetch_add(&call->received, 1))
		violation(call->slot, serial, 0, "%#llx was received twice", serial);
	if (call_ended(call))
		check_untouched(call, serial);
	return serial;
}

__u64 answer_begin(__u64 serial, struct proxyipc_message *message)
{
	struct call *call = call_find(serial);
	__u64 none, word = fresh_word();
	int nr;

	memset(message, 0, sizeof(*message));
	message_fill(message, serial, word);
	for (nr = 0; call && nr < NR_ANSWERS; nr++) {
		none = 0;
		if (!atomic_compare_exchange_strong(&call->answers[nr].word,
						    &none, word))
			continue;
		call->answers[nr].state = ANSWER_TRIED;
		break;
	}
	note(WHAT_ANSWER, serial, word, 0);
	return word;
}

/* Two answers accepted: also of a call whose maker was killed, who can't tell. */
static void check_only_answer(struct call *call, __u64 serial)
{
	int nr, given = 0;

	for (nr = 0; nr < NR_ANSWERS; nr++)
		given += call->answers[nr].state == ANSWER_GIVEN;
	if (given > 1 && call->serial == serial)
		violation(call->slot, serial, 0, "call %#llx was answered twice",
			  serial);
}

void answer_end(__u64 serial, __u64 word, int result)
{
	struct call *call = call_find(serial);
	struct answer *answer = call ? answer_find(call, word) : NULL;

	note(WHAT_ANSWERED, serial, word, result);
	count(result ? COUNT_LATE : COUNT_ANSWERED);
	if (!answer)
		return;
	if (result) {
		answer->state = ANSWER_REFUSED;
		if (call_ended(call) && call->word == word && call->serial == serial)
			violation(call->slot, serial, word,
				  "answer %#llx to call %#llx failed with %s, and arrived",
				  word, serial, strerrorname_np(-result));
		return;
	}
	answer->when = fair_now();
	atomic_store(&answer->state, ANSWER_GIVEN);
	check_only_answer(call, serial);
	if (call_ended(call))
		check_answer(call, serial, answer);
}

__u64 call_answered(__u64 serial)
{
	struct call *call = call_find(serial);
	int nr;

	for (nr = 0; call && nr < NR_ANSWERS; nr++)
		if (call->answers[nr].state == ANSWER_GIVEN)
			return call->answers[nr].when;
	return 0;
}
