// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "stage.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "objects.h"
#include "proc.h"

static void fill(unsigned char *data, unsigned char first)
{
	unsigned int i;

	for (i = 0; i < DATA_LEN; i++)
		data[i] = first + i % 251;
}

static bool is_filled(const unsigned char *data, unsigned char first)
{
	unsigned int i;

	for (i = 0; i < DATA_LEN; i++)
		if (data[i] != (unsigned char)(first + i % 251))
			return false;
	return true;
}

static void end_helper(struct helper *h)
{
	if (!h->page)
		return;
	helper_kill(h);
	close(h->sock);
	munmap(h->page, sizeof(*h->page));
	h->page = NULL;
}

/* Asleep in read(), and nobody's target. */
static int make_target(struct stage *s)
{
	if (s->t.h.page)
		return 0;
	s->t.h = helper_new();
	return s->t.h.pid < 0 ? s->t.h.pid : helper_block(&s->t.h);
}

static int make_caller(struct stage *s)
{
	if (!s->caller.page)
		s->caller = helper_new();
	return s->caller.pid < 0 ? s->caller.pid : 0;
}

int stage_open(struct stage *s)
{
	struct helper target = s->t.h, caller = s->caller;

	*s = (struct stage){
		.t.h = target, .caller = caller,
		.reply = -1, .made = -1, .file = -1,
	};
	if (make_target(s) || make_caller(s))
		return -ECHILD;
	fill(s->out, ANSWER);
	s->device = device_open();
	s->endpoint = endpoint_new();
	s->entry = entry_new(s->endpoint, ENTRY_PAYLOAD, RIGHTS_ALL, NOTICES_ALL);
	s->t.process = process_open(s->t.h.pid, 0, 0);
	s->proxy = process_mint(s->t.process, PROXY_PAYLOAD, RIGHTS_ALL,
				NOTICES_ALL);
	s->caller_entry = helper_give(&s->caller, s->entry);
	s->caller_proxy = helper_give(&s->caller, s->proxy);
	return s->caller_entry < 0 || s->caller_proxy < 0 ? -ENODEV : 0;
}

void stage_close(struct stage *s)
{
	server_stop(s);
	if (!target_runs(s))
		end_helper(&s->t.h);
	close_fd(&s->file);
	close_fd(&s->made);
	close_fd(&s->reply);
	close_fd(&s->proxy);
	close_fd(&s->t.process);
	close_fd(&s->entry);
	close_fd(&s->endpoint);
	close_fd(&s->device);
	/* With nobody to call any more, whatever it waited for is over. */
	if (helper_finish(&s->caller) == -EINPROGRESS ||
	    helper_close(&s->caller, s->caller_entry) ||
	    helper_close(&s->caller, s->caller_proxy))
		end_helper(&s->caller);
}

void stage_end(struct stage *s)
{
	end_helper(&s->t.h);
	end_helper(&s->caller);
}

void stage_look_at_fds(struct stage *s, struct view *view)
{
	view->fds = proc_count_fds();
	view->next_fd = dup(s->device);
	close(view->next_fd);
}

void stage_look(struct stage *s, struct view *view)
{
	memset(view, 0, sizeof(*view));
	stage_look_at_fds(s, view);
	proc_fdinfo(s->endpoint, view->endpoint, sizeof(view->endpoint));
	process_info(s->t.process, &view->info);
	view->caller_waits = !helper_done(&s->caller);
}

const char *stage_differs(const struct view *before, const struct view *after)
{
	if (strcmp(before->endpoint, after->endpoint))
		return "queue";
	if (before->info.out_holds != after->info.out_holds)
		return "number of holds";
	if (before->info.out_state != after->info.out_state)
		return "state of the target";
	if (before->info.out_episode != after->info.out_episode ||
	    before->info.out_token != after->info.out_token ||
	    before->info.out_episodes != after->info.out_episodes ||
	    before->info.out_receiver_tgid != after->info.out_receiver_tgid)
		return "episode";
	if (before->info.out_waiting != after->info.out_waiting)
		return "who waits";
	if (before->caller_waits != after->caller_waits)
		return "caller";
	return NULL;
}

int stage_set_receiver(struct stage *s)
{
	return process_set_receiver(s->t.process, s->entry);
}

int stage_call(struct stage *s, int nr)
{
	struct helper_page *page = s->caller.page;
	struct proxyipc_entry_call call = {
		.size = sizeof(call),
		.message = {
			.words[0] = ASK,
			.data = address(page->out),
			.data_len = DATA_LEN,
		},
		.reply = {
			.words[0] = POISON64,
			.data = address(page->in),
			.data_len = DATA_LEN,
		},
	};
	int ret;

	fill(page->out, ASK);
	memset(page->in, POISON, DATA_LEN);
	ret = helper_start(&s->caller, nr, PROXYIPC_IOC_ENTRY_CALL, &call,
			   sizeof(call));
	if (ret)
		return ret;
	return eventually(helper_asleep(&s->caller)) ? 0 : -EINPROGRESS;
}

bool is_call(struct stage *s, const struct proxyipc_received *received)
{
	return received->out_kind == PROXYIPC_KIND_CALL &&
	       received->out_words[0] == ASK && received->out_cap &&
	       received->out_data_len == DATA_LEN &&
	       received->out_reply_size == DATA_LEN &&
	       received->out_sender_tgid == s->caller.pid &&
	       is_filled(s->in, ASK);
}

int stage_call_received(struct stage *s, int nr)
{
	struct proxyipc_endpoint_recv recv = {
		.received = { .data = address(s->in), .data_size = DATA_LEN },
	};
	int ret;

	ret = stage_call(s, nr);
	if (!ret)
		ret = endpoint_recv(s->endpoint, &recv);
	if (ret)
		return ret;
	s->got = recv.received;
	return is_call(s, &s->got) ? 0 : -EBADMSG;
}

bool caller_got_error(struct stage *s, int error)
{
	struct proxyipc_message *reply = &s->caller.page->arg.call.reply;

	return helper_finish(&s->caller) == error &&
	       reply->words[0] == POISON64 &&
	       all_bytes(s->caller.page->in, POISON, DATA_LEN);
}

bool caller_got_answer(struct stage *s, bool data)
{
	struct proxyipc_message *reply = &s->caller.page->arg.call.reply;

	if (helper_finish(&s->caller) || reply->words[0] != ANSWER)
		return false;
	if (!data)
		return !reply->data_len;
	return reply->data_len == DATA_LEN &&
	       is_filled(s->caller.page->in, ANSWER);
}

void good_answer(struct stage *s, struct proxyipc_message *message, bool data)
{
	*message = (struct proxyipc_message){ .words[0] = ANSWER };
	if (data) {
		message->data = address(s->out);
		message->data_len = DATA_LEN;
	}
}

bool is_empty(struct stage *s)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };

	return endpoint_recv_now(s->endpoint, &recv) == -EAGAIN;
}

bool target_runs(struct stage *s)
{
	unsigned int before = target_counter(&s->t);

	return proc_state(s->t.h.pid) == 'S' &&
	       !process_holds(s->t.process) &&
	       process_episode(s->t.process) == PROXYIPC_EPISODE_NONE &&
	       !target_poke(&s->t) &&
	       target_counter_reaches(&s->t, before + 1);
}

bool target_is_held(struct stage *s, int holds)
{
	unsigned int before = target_counter(&s->t);

	/* Its system call may end; it doesn't get to count that before it runs. */
	return process_holds(s->t.process) == holds && !target_poke(&s->t) &&
	       wait_for_state(s->t.process, PROXYIPC_STATE_PARKED) &&
	       target_counter(&s->t) == before;
}

static int server_answer(struct server *server,
			 const struct proxyipc_received *got)
{
	struct proxyipc_endpoint_resume resume = {
		.size = sizeof(resume),
		.flags = PROXYIPC_RESUME_REPLY,
		.cap = got->out_cap,
		.message.words[0] = got->out_words[0] + ANSWER - ASK,
	};
	struct proxyipc_endpoint_reply reply = {
		.size = sizeof(reply),
		.cap = got->out_cap,
	};

	/* To a call with data, that data; the caller has as much room. */
	if (got->out_data_len) {
		resume.message.data = address(server->data);
		resume.message.data_len = got->out_data_len;
	}
	reply.message = resume.message;
	if (got->out_flags & PROXYIPC_RECEIVED_PROXIED)
		return command(server->endpoint, PROXYIPC_IOC_ENDPOINT_RESUME,
			       &resume);
	return command(server->endpoint, PROXYIPC_IOC_ENDPOINT_REPLY, &reply);
}

static void *serve(void *arg)
{
	struct server *server = arg;
	struct proxyipc_endpoint_recv recv = {
		.size = sizeof(recv),
		.received = {
			.data = address(server->data),
			.data_size = DATA_LEN,
		},
	};

	while (!command(server->endpoint, PROXYIPC_IOC_ENDPOINT_RECV, &recv)) {
		if (recv.received.out_kind != PROXYIPC_KIND_CALL)
			break;
		server->calls++;
		if (!server_answer(server, &recv.received))
			server->replies++;
	}
	return NULL;
}

int server_start(struct stage *s)
{
	int ret;

	s->server.endpoint = s->endpoint;
	ret = -pthread_create(&s->server.thread, NULL, serve, &s->server);
	s->server.runs = !ret;
	return ret;
}

void server_stop(struct stage *s)
{
	if (!s->server.runs)
		return;
	s->server.runs = false;
	entry_send(s->entry, 0);
	pthread_join(s->server.thread, NULL);
}
