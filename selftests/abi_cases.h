/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For abi_test.c: one of every kind of object, and for every command an argument
 * with which it succeeds, however often it is prepared and issued.
 */
#ifndef PROXYIPC_ABI_CASES_H
#define PROXYIPC_ABI_CASES_H

#include <elf.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>

#include "proxyipc_test.h"

#define RESERVED_MAX	3	/* reserved fields of one struct, and a 0 */

/* One of every kind of object, and somebody to call. */
struct world {
	int device;
	int endpoint;
	int entry;
	struct target target;	/* idle */
	int self;		/* this thread */
	int proxy;
	struct helper caller;
	int caller_entry;	/* the caller's numbers */
	int caller_proxy;
	int reply;
	int made;		/* descriptor that a command made */
	pthread_t responder;
	bool responding;
};

static int world_open(struct world *w)
{
	w->device = device_open();
	w->endpoint = endpoint_new();
	w->entry = entry_new(w->endpoint, 0, RIGHTS_ALL, NOTICES_ALL);
	w->target = target_idle();
	w->self = process_open(0, 0, 0);
	w->proxy = process_mint(w->target.process, 0, RIGHTS_ALL, NOTICES_ALL);
	w->caller = helper_new();
	w->caller_entry = helper_give(&w->caller, w->entry);
	w->caller_proxy = helper_give(&w->caller, w->proxy);
	w->reply = -1;
	w->made = -1;
	if (w->caller_proxy < 0 || w->caller_entry < 0)
		return -ENODEV;
	return process_set_receiver(w->target.process, w->entry);
}

static void world_close(struct world *w)
{
	target_kill(&w->target);
	helper_kill(&w->caller);
	close_fd(&w->reply);
	close_fd(&w->proxy);
	close_fd(&w->target.process);
	close_fd(&w->self);
	close_fd(&w->entry);
	close_fd(&w->endpoint);
	close_fd(&w->device);
}

/* The caller calls through its @entry; what that brings into *@got. */
static int receive_call(struct world *w, int entry,
			struct proxyipc_received *got)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int ret;

	/* Its call before this one may have had any end, but it had one. */
	ret = helper_finish(&w->caller);
	if (ret == -EINPROGRESS)
		return ret;
	ret = helper_call(&w->caller, entry, 1);
	if (ret)
		return ret;
	ret = endpoint_recv(w->endpoint, &recv);
	*got = recv.received;
	return ret;
}

static __u64 call_cap(struct world *w)
{
	struct proxyipc_received got;

	return receive_call(w, w->caller_entry, &got) ? 0 : got.out_cap;
}

static struct proxyipc_received proxied_call(struct world *w)
{
	struct proxyipc_received got;

	if (receive_call(w, w->caller_proxy, &got))
		memset(&got, 0, sizeof(got));
	return got;
}

/* Answers the next call, whenever that comes. */
static void *respond(void *arg)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	struct world *w = arg;

	if (!endpoint_recv(w->endpoint, &recv))
		endpoint_reply(w->endpoint, recv.received.out_cap, 0);
	return NULL;
}

/*
 * One good argument per command. The struct comes filled with POISON, which
 * stays in the out_ fields.
 */

static void good_message(struct proxyipc_message *message)
{
	memset(message, 0, sizeof(*message));
}

static void good_device_info(struct world *w, void *arg)
{
	struct proxyipc_device_info *info = arg;

	info->__reserved = 0;
}

static void good_endpoint_create(struct world *w, void *arg)
{
	struct proxyipc_endpoint_create *create = arg;

	create->queue_limit = 0;
}

static void good_process_open(struct world *w, void *arg)
{
	struct proxyipc_process_open *open = arg;

	open->tgid = 0;
	open->tid = 0;
	open->lease = 0;
	open->__reserved = 0;
	open->defer_max = 0;
}

static void good_endpoint_mint(struct world *w, void *arg)
{
	struct proxyipc_endpoint_mint *mint = arg;

	mint->payload = 1;
	mint->notice_mask = 1;
	mint->rights = RIGHTS_ALL;
}

static void good_received(struct proxyipc_received *received)
{
	received->data = 0;
	received->data_size = 0;
	received->__reserved = 0;
}

static void good_endpoint_recv(struct world *w, void *arg)
{
	struct proxyipc_endpoint_recv *recv = arg;

	entry_send_now(w->entry, 1);
	recv->deadline = 0;
	good_received(&recv->received);
}

static void good_endpoint_reply(struct world *w, void *arg)
{
	struct proxyipc_endpoint_reply *reply = arg;

	reply->cap = call_cap(w);
	good_message(&reply->message);
}

static void good_endpoint_reply_recv(struct world *w, void *arg)
{
	struct proxyipc_endpoint_reply_recv *both = arg;

	both->cap = call_cap(w);
	entry_send_now(w->entry, 1);
	both->deadline = 0;
	good_message(&both->message);
	good_received(&both->received);
}

static void good_endpoint_resume(struct world *w, void *arg)
{
	struct proxyipc_endpoint_resume *resume = arg;

	resume->cap = proxied_call(w).out_cap;
	good_message(&resume->message);
}

static void good_endpoint_fetch(struct world *w, void *arg)
{
	struct proxyipc_endpoint_fetch *fetch = arg;

	/* What the fetch before made: its caller waits no longer. */
	close_fd(&w->made);
	fetch->cap = call_cap(w);
	fetch->__reserved = 0;
}

static void good_endpoint_drop(struct world *w, void *arg)
{
	struct proxyipc_endpoint_drop *drop = arg;

	drop->cap = call_cap(w);
}

static void good_entry_call(struct world *w, void *arg)
{
	struct proxyipc_entry_call *call = arg;

	if (w->responding)
		pthread_join(w->responder, NULL);
	w->responding = !pthread_create(&w->responder, NULL, respond, w);
	call->deadline = 0;
	good_message(&call->message);
	good_message(&call->reply);
}

static void good_entry_send(struct world *w, void *arg)
{
	struct proxyipc_entry_send *send = arg;

	send->deadline = 0;
	good_message(&send->message);
}

static void good_entry_notify(struct world *w, void *arg)
{
	struct proxyipc_entry_notify *notify = arg;

	notify->notices = 1;
	notify->__reserved = 0;
}

static void good_process_mint(struct world *w, void *arg)
{
	struct proxyipc_process_mint *mint = arg;

	mint->payload = 1;
	mint->notice_mask = 1;
	mint->rights = RIGHTS_ALL;
}

static void good_process_set_receiver(struct world *w, void *arg)
{
	struct proxyipc_process_set_receiver *set = arg;

	set->entry_fd = w->entry;
	set->__reserved = 0;
}

static void good_process_set_policy(struct world *w, void *arg)
{
	struct proxyipc_process_set_policy *set = arg;

	set->guardian_fd = w->entry;
	set->receiver_death = PROXYIPC_POLICY_RESUME;
	set->lease_end = PROXYIPC_POLICY_RESUME;
	set->__reserved = 0;
}

static __u64 held_by_hand;

static void good_process_hold(struct world *w, void *arg)
{
	struct proxyipc_process_hold *hold = arg;

	/* What the call before held, through the argument of that. */
	if (held_by_hand)
		process_resume(w->target.process, held_by_hand);
	held_by_hand = 0;
	hold->lease = 0;
	hold->__reserved = 0;
}

static void good_process_resume(struct world *w, void *arg)
{
	struct proxyipc_process_resume *resume = arg;

	process_hold(w->target.process, &resume->token);
	good_message(&resume->message);
}

/* Ends the episode of the call before, and begins one: its token. */
static __u64 episode(struct world *w)
{
	static __u64 last;
	struct proxyipc_received got;

	if (last)
		endpoint_resume(w->endpoint, last);
	got = proxied_call(w);
	last = got.out_cap;
	return got.out_token;
}

static void good_process_reply(struct world *w, void *arg)
{
	struct proxyipc_process_reply *reply = arg;

	reply->token = episode(w);
	good_message(&reply->message);
}

static void good_process_fetch_reply(struct world *w, void *arg)
{
	struct proxyipc_process_fetch_reply *fetch = arg;

	close_fd(&w->made);
	fetch->token = episode(w);
	fetch->__reserved = 0;
}

static void good_process_info(struct world *w, void *arg)
{
	struct proxyipc_process_info *info = arg;

	info->tid = 0;
	info->__reserved = 0;
}

static void good_process_yield(struct world *w, void *arg)
{
	/* There is nothing to say but who one is. */
}

static void good_process_set_watchdog(struct world *w, void *arg)
{
	struct proxyipc_process_set_watchdog *set = arg;

	set->timeout = 3600 * NS_PER_S;
	set->pretimeout = 0;
}

static void good_process_keepalive(struct world *w, void *arg)
{
}

static void good_process_set_faults(struct world *w, void *arg)
{
	struct proxyipc_process_set_faults *set = arg;

	set->signals = 1ULL << (SIGSEGV - 1);
}

static void good_process_get_regs(struct world *w, void *arg)
{
	struct proxyipc_process_get_regs *get = arg;
	static unsigned char regs[1024];

	/* By the hold of a call before, or by a new one. */
	if (!held_by_hand)
		process_hold(w->target.process, &held_by_hand);
	get->token = held_by_hand;
	get->deadline = 0;
	get->data = address(regs);
	get->data_size = sizeof(regs);
	get->note = NT_PRSTATUS;
	get->tid = 0;
}

static void good_reply_send(struct world *w, void *arg)
{
	struct proxyipc_reply_send *send = arg;

	close_fd(&w->reply);
	w->reply = endpoint_fetch(w->endpoint, call_cap(w));
	good_message(&send->message);
}

/*
 * The fixture: one variant per command
 */

enum kind { DEVICE, ENDPOINT, ENTRY, PROXY, PROCESS, REPLY, KINDS };

static int object_of(struct world *w, enum kind kind)
{
	switch (kind) {
	case DEVICE: return w->device;
	case ENDPOINT: return w->endpoint;
	case ENTRY: return w->entry;
	case PROXY: return w->proxy;
	case PROCESS: return w->target.process;
	default: return w->reply;
	}
}

/* A command and its good argument. */
struct command_case {
	enum kind kind;
	unsigned int cmd;
	size_t size;
	size_t min_size;		/* of the first version, 0 if it is the same */
	bool of_self;			/* on the process object of this thread */
	__u32 flags;			/* those that are known */
	__u32 use;			/* those of the good argument */
	void (*good)(struct world *w, void *arg);
	size_t out_fd;			/* offset, 0 if there is none */
	/* Offsets of fields of 4 bytes that must be zero, 0 if there is none. */
	size_t reserved[RESERVED_MAX];
};

#define COMMAND(object_verb, kind_, CMD, ...)				\
	static const struct command_case case_ ## object_verb = {	\
		.kind = kind_,						\
		.cmd = PROXYIPC_IOC_ ## CMD,				\
		.size = sizeof(struct proxyipc_ ## object_verb),	\
		.good = good_ ## object_verb,				\
		__VA_ARGS__						\
	}
#define RESUME_VERDICT \
	(PROXYIPC_RESUME_STOP | PROXYIPC_RESUME_RETRY | PROXYIPC_RESUME_KILL)
#define AT(object_verb, field) offsetof(struct proxyipc_ ## object_verb, field)

COMMAND(device_info, DEVICE, DEVICE_INFO,
	.reserved = { AT(device_info, __reserved) });
COMMAND(endpoint_create, DEVICE, ENDPOINT_CREATE,
	.out_fd = AT(endpoint_create, out_fd));
COMMAND(process_open, DEVICE, PROCESS_OPEN,
	.flags = PROXYIPC_OPEN_GROUP,
	.min_size = 32,
	.reserved = { AT(process_open, __reserved) },
	.out_fd = AT(process_open, out_fd));
COMMAND(endpoint_mint, ENDPOINT, ENDPOINT_MINT,
	.out_fd = AT(endpoint_mint, out_fd));
COMMAND(endpoint_recv, ENDPOINT, ENDPOINT_RECV,
	.flags = PROXYIPC_NONBLOCK, .use = PROXYIPC_NONBLOCK,
	.reserved = { AT(endpoint_recv, received.__reserved) });
COMMAND(endpoint_reply, ENDPOINT, ENDPOINT_REPLY,
	.reserved = { AT(endpoint_reply, message.__reserved) });
COMMAND(endpoint_reply_recv, ENDPOINT, ENDPOINT_REPLY_RECV,
	.flags = PROXYIPC_NONBLOCK | PROXYIPC_RESUME_REPLY |
		 PROXYIPC_RESUME_ONLY | RESUME_VERDICT,
	.use = PROXYIPC_NONBLOCK,
	.reserved = { AT(endpoint_reply_recv, message.__reserved),
		      AT(endpoint_reply_recv, received.__reserved) });
COMMAND(endpoint_resume, ENDPOINT, ENDPOINT_RESUME,
	.flags = PROXYIPC_RESUME_REPLY | RESUME_VERDICT,
	.use = PROXYIPC_RESUME_REPLY,
	.reserved = { AT(endpoint_resume, message.__reserved) });
COMMAND(endpoint_fetch, ENDPOINT, ENDPOINT_FETCH,
	.reserved = { AT(endpoint_fetch, __reserved) },
	.out_fd = AT(endpoint_fetch, out_fd));
COMMAND(endpoint_drop, ENDPOINT, ENDPOINT_DROP);
COMMAND(entry_call, ENTRY, ENTRY_CALL,
	.flags = PROXYIPC_NONBLOCK,
	.reserved = { AT(entry_call, message.__reserved),
		      AT(entry_call, reply.__reserved) });
COMMAND(entry_send, ENTRY, ENTRY_SEND,
	.flags = PROXYIPC_NONBLOCK, .use = PROXYIPC_NONBLOCK,
	.reserved = { AT(entry_send, message.__reserved) });
COMMAND(entry_notify, ENTRY, ENTRY_NOTIFY,
	.reserved = { AT(entry_notify, __reserved) });
COMMAND(process_mint, PROCESS, PROCESS_MINT,
	.out_fd = AT(process_mint, out_fd));
COMMAND(process_set_receiver, PROCESS, PROCESS_SET_RECEIVER,
	.reserved = { AT(process_set_receiver, __reserved) });
COMMAND(process_set_policy, PROCESS, PROCESS_SET_POLICY,
	.reserved = { AT(process_set_policy, __reserved) });
COMMAND(process_hold, PROCESS, PROCESS_HOLD,
	.flags = PROXYIPC_HOLD_NODEFER,
	.reserved = { AT(process_hold, __reserved) });
COMMAND(process_resume, PROCESS, PROCESS_RESUME,
	.flags = PROXYIPC_RESUME_REPLY | RESUME_VERDICT,
	.reserved = { AT(process_resume, message.__reserved) });
COMMAND(process_reply, PROCESS, PROCESS_REPLY,
	.reserved = { AT(process_reply, message.__reserved) });
COMMAND(process_fetch_reply, PROCESS, PROCESS_FETCH_REPLY,
	.reserved = { AT(process_fetch_reply, __reserved) },
	.out_fd = AT(process_fetch_reply, out_fd));
COMMAND(process_info, PROCESS, PROCESS_INFO,
	.min_size = 96,
	.reserved = { AT(process_info, __reserved) });
COMMAND(process_yield, PROCESS, PROCESS_YIELD,
	.of_self = true);
COMMAND(process_set_watchdog, PROCESS, PROCESS_SET_WATCHDOG);
COMMAND(process_keepalive, PROCESS, PROCESS_KEEPALIVE);
COMMAND(process_set_faults, PROCESS, PROCESS_SET_FAULTS);
COMMAND(process_get_regs, PROCESS, PROCESS_GET_REGS,
	.flags = PROXYIPC_NONBLOCK);
COMMAND(reply_send, REPLY, REPLY_SEND,
	.reserved = { AT(reply_send, message.__reserved) });

/* Where commands are tried. */
struct bench {
	struct world w;
	/* Two pages that can be accessed, and one after them that can't. */
	unsigned char *pages;
	size_t page_size;
	unsigned char good[1024];
};

static int bench_open(struct bench *b)
{
	b->page_size = sysconf(_SC_PAGESIZE);
	b->pages = mmap(NULL, 3 * b->page_size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b->pages == MAP_FAILED)
		return -errno;
	if (mprotect(b->pages + 2 * b->page_size, b->page_size, PROT_NONE))
		return -errno;
	return world_open(&b->w);
}

/* A good argument into b->good. */
static void prepare(struct bench *b, const struct command_case *c)
{
	__u32 *head = (__u32 *)b->good;

	memset(b->good, POISON, c->size);
	c->good(&b->w, b->good);
	head[0] = c->size;
	head[1] = c->use;
}

/* Issues the command with @arg. */
static int issue_at(struct bench *b, const struct command_case *c, void *arg)
{
	return command(c->of_self ? b->w.self : object_of(&b->w, c->kind), c->cmd,
		       arg);
}

/*
 * Issues the command with what is in b->good, put such that @tail zero bytes
 * follow, and after them a page that can't be accessed.
 */
static int issue(struct bench *b, const struct command_case *c, size_t tail)
{
	unsigned char *end = b->pages + 2 * b->page_size;
	unsigned char *arg = end - tail - c->size;
	int ret;

	memset(b->pages, 0, 2 * b->page_size);
	memcpy(arg, b->good, c->size);
	ret = issue_at(b, c, arg);
	if (!ret && c->cmd == PROXYIPC_IOC_PROCESS_HOLD)
		held_by_hand = ((struct proxyipc_process_hold *)arg)->out_token;
	if (!ret && c->out_fd)
		memcpy(&b->w.made, arg + c->out_fd, sizeof(int));
	return ret;
}

static void set_size(struct bench *b, size_t size)
{
	*(__u32 *)b->good = size;
}

static __u32 *flags_of(struct bench *b)
{
	return (__u32 *)b->good + 1;
}

#endif /* PROXYIPC_ABI_CASES_H */
