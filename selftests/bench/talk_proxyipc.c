// SPDX-License-Identifier: GPL-2.0
/* Round trips by proxyipc: a plain entry, a proxy entry, and what that does by hand. */
#define _GNU_SOURCE
#include <stdlib.h>

#include "ours.h"
#include "talk.h"
#include "target.h"

_Static_assert(PROXYIPC_WORDS == WORDS, "64 bytes are a message's words");

struct line {
	struct proxyipc_entry_call call;
	int endpoint, entry;	/* what the client calls: plain or proxy */
	int process;
	struct target target;
};

static struct line *line_new(struct contender *c)
{
	struct line *line = calloc(1, sizeof(*line));

	c->state = line;
	line->endpoint = ours_endpoint();
	line->entry = ours_entry(line->endpoint, PROXYIPC_RIGHT_CALL);
	return line;
}

static void answer(struct proxyipc_endpoint_reply_recv *turn)
{
	memcpy(turn->message.words, turn->received.out_words, sizeof(turn->message.words));
	turn->message.words[0]++;
	turn->cap = turn->received.out_cap;
}

static void serve(struct line *line, unsigned int flags)
{
	struct proxyipc_endpoint_reply_recv turn = { .flags = flags };

	for (;;) {
		bench_must(proxyipc_endpoint_reply_recv_params(line->endpoint, &turn),
			   "REPLY_RECV");
		answer(&turn);
	}
}

static void plain_serve(void *line)
{
	serve(line, 0);
}

void plain_setup(struct contender *c)
{
	bench_partner(talk_server_cpu, plain_serve, line_new(c));
}

void plain_call(struct contender *c)
{
	struct line *line = c->state;
	__u64 *word = &line->call.message.words[0];

	++*word;
	bench_must(proxyipc_entry_call_params(line->entry, &line->call), "CALL");
	if (line->call.reply.words[0] != *word + 1)
		bench_fail(0, "%s: a wrong answer", c->name);
	memcpy(line->call.message.words, line->call.reply.words,
	       sizeof(line->call.message.words));
}

/*
 * With a target
 */

static struct line *line_with_target(struct contender *c)
{
	struct line *line = line_new(c);

	target_new(&line->target, talk_target_cpu, 1);
	line->process = ours_process(line->target.pid, 0);
	return line;
}

static void proxied_serve(void *line)
{
	serve(line, PROXYIPC_RESUME_REPLY);
}

void proxied_setup(struct contender *c)
{
	struct line *line = line_with_target(c);

	ours_set_receiver(line->process, line->endpoint);
	line->entry = bench_must(proxyipc_process_mint(line->process, 0, PROXYIPC_RIGHT_CALL, 0),
				 "a proxy entry");
	bench_partner(talk_server_cpu, proxied_serve, line);
}

static void by_hand_serve(void *arg)
{
	struct proxyipc_endpoint_reply_recv turn = { };
	struct line *line = arg;
	__u64 token;

	for (;;) {
		bench_must(proxyipc_endpoint_reply_recv_params(line->endpoint, &turn),
			   "REPLY_RECV");
		bench_must(proxyipc_process_hold(line->process, &token), "HOLD");
		answer(&turn);
		bench_must(proxyipc_process_resume(line->process, token, NULL), "RESUME");
	}
}

void by_hand_setup(struct contender *c)
{
	bench_partner(talk_server_cpu, by_hand_serve, line_with_target(c));
}

void proxied_begin(struct contender *c)
{
	target_spin(&((struct line *)c->state)->target);
}

void proxied_end(struct contender *c)
{
	target_rest(&((struct line *)c->state)->target);
}
