// SPDX-License-Identifier: GPL-2.0
/* What all files have: poll, epoll, and lines in /proc/PID/fdinfo. */
#include "cases.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "objects.h"

#define KINDS	6

static int file_of(struct stage *s, int kind)
{
	const int files[KINDS] = {
		s->device, s->endpoint, s->entry, s->proxy, s->t.process,
		s->reply,
	};

	return files[kind];
}

/* A reply object too, so that there is one of every kind. */
static int prepare_kinds(struct stage *s)
{
	int ret = stage_call_received(s, s->caller_entry);

	if (ret)
		return ret;
	s->reply = endpoint_fetch(s->endpoint, s->got.out_cap);
	return s->reply < 0 ? s->reply : stage_set_receiver(s);
}

/* Everything is there to be used, and the endpoint alone has nothing to say. */
static const char *still_good(struct stage *s)
{
	if (!is_empty(s) || entry_send_now(s->entry, 7) || !readable(s->endpoint))
		return "the endpoint doesn't deliver";
	return reply_send(s->reply, ANSWER) || !caller_got_answer(s, false) ?
	       "the reply object doesn't answer" : NULL;
}

static int run_poll(struct stage *s)
{
	struct pollfd polled[KINDS];
	int kind;

	for (kind = 0; kind < KINDS; kind++)
		polled[kind] = (struct pollfd){
			.fd = file_of(s, kind),
			.events = POLLIN | POLLOUT,
		};
	/* With time to wait: it is queued with all of them, until one has news. */
	return poll(polled, KINDS, 1000) < 0 ? -errno : 0;
}

const struct sweep_case case_poll_every_kind = {
	.name = "poll_every_kind",
	.prepare = prepare_kinds,
	.run = run_poll,
	.done = still_good,
};

static int prepare_epoll(struct stage *s)
{
	s->file = epoll_create1(EPOLL_CLOEXEC);
	return s->file < 0 ? -errno : prepare_kinds(s);
}

/* One after the other; after a failure, those that are left. */
static int run_epoll(struct stage *s)
{
	/* A device has no poll: EPERM says so, for every such file. */
	for (; s->progress < KINDS; s->progress++) {
		struct epoll_event event = { .events = EPOLLIN };

		if (epoll_ctl(s->file, EPOLL_CTL_ADD, file_of(s, s->progress),
			      &event) && errno != EPERM)
			return -errno;
	}
	return 0;
}

static const char *done_epoll(struct stage *s)
{
	struct epoll_event event;
	const char *wrong = still_good(s);

	if (wrong)
		return wrong;
	return epoll_wait(s->file, &event, 1, 0) == 1 ?
	       NULL : "what was added isn't watched";
}

const struct sweep_case case_epoll_every_kind = {
	.name = "epoll_every_kind",
	.prepare = prepare_epoll,
	.run = run_epoll,
	.done = done_epoll,
};

/* The file in /proc is open before, so that what fails is the reading. */
static int prepare_fdinfo(struct stage *s, int kind)
{
	char path[64];
	int ret;

	ret = prepare_kinds(s);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", file_of(s, kind));
	s->file = open(path, O_RDONLY | O_CLOEXEC);
	return s->file < 0 ? -errno : 0;
}

static int run_fdinfo(struct stage *s)
{
	ssize_t got = pread(s->file, s->in, sizeof(s->in) - 1, 0);

	if (got < 0)
		return -errno;
	s->in[got] = '\0';
	return 0;
}

static const char *done_fdinfo(struct stage *s)
{
	return strstr((char *)s->in, "proxyipc:\t") ? still_good(s) :
	       "no lines of ours";
}

#define FDINFO_CASE(object, kind)					\
static int prepare_fdinfo_ ## object(struct stage *s)			\
{									\
	return prepare_fdinfo(s, kind);					\
}									\
									\
const struct sweep_case case_fdinfo_ ## object = {			\
	.name = "fdinfo_" #object,					\
	.prepare = prepare_fdinfo_ ## object,				\
	.run = run_fdinfo,						\
	.done = done_fdinfo,						\
}

FDINFO_CASE(device, 0);
FDINFO_CASE(endpoint, 1);
FDINFO_CASE(entry, 2);
FDINFO_CASE(proxy, 3);
FDINFO_CASE(process, 4);
FDINFO_CASE(reply, 5);
