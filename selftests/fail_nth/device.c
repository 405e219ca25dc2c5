// SPDX-License-Identifier: GPL-2.0
/* The device, and the commands that make objects. */
#include "cases.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "objects.h"

/* The endpoint that was made delivers. */
static const char *made_an_endpoint(struct stage *s)
{
	struct proxyipc_endpoint_recv recv = { .size = 0 };
	int entry = entry_new(s->made, 0, RIGHTS_ALL, 0);
	int ret;

	ret = entry_send_now(entry, ASK);
	close_fd(&entry);
	if (ret || endpoint_recv_now(s->made, &recv) ||
	    recv.received.out_words[0] != ASK)
		return "the new endpoint doesn't deliver";
	return NULL;
}

/* The process object that was made holds what it names. */
static const char *made_a_process(struct stage *s)
{
	__u64 token;

	if (!held_state(process_hold(s->made, &token)) ||
	    process_holds(s->made) != 1 || process_resume(s->made, token) ||
	    process_holds(s->made))
		return "the new process object doesn't hold";
	return NULL;
}

static int prepare_nothing(struct stage *s)
{
	return 0;
}

static int run_open(struct stage *s)
{
	s->made = device_open();
	return s->made;
}

static const char *done_open(struct stage *s)
{
	struct proxyipc_device_info info = { .size = sizeof(info) };

	return command(s->made, PROXYIPC_IOC_DEVICE_INFO, &info) ?
	       "the device doesn't answer" : NULL;
}

const struct sweep_case case_device_open = {
	.name = "device_open",
	.makes = 1,
	.prepare = prepare_nothing,
	.run = run_open,
	.done = done_open,
};

static int prepare_info(struct stage *s)
{
	s->arg.device_info.size = sizeof(s->arg.device_info);
	return 0;
}

static int run_info(struct stage *s)
{
	return command(s->device, PROXYIPC_IOC_DEVICE_INFO, &s->arg);
}

static const char *done_info(struct stage *s)
{
	const struct proxyipc_device_info *info = &s->arg.device_info;

	return info->out_version != PROXYIPC_ABI_VERSION ||
	       info->out_words != PROXYIPC_WORDS ||
	       info->out_data_max != PROXYIPC_DATA_MAX ? "wrong values" : NULL;
}

const struct sweep_case case_device_info = {
	.name = "device_info",
	.cmd = PROXYIPC_IOC_DEVICE_INFO,
	.prepare = prepare_info,
	.run = run_info,
	.done = done_info,
};

static int prepare_create(struct stage *s)
{
	s->arg.create.size = sizeof(s->arg.create);
	return 0;
}

static int run_create(struct stage *s)
{
	int ret = command(s->device, PROXYIPC_IOC_ENDPOINT_CREATE, &s->arg);

	if (!ret)
		s->made = s->arg.create.out_fd;
	return ret;
}

const struct sweep_case case_endpoint_create = {
	.name = "endpoint_create",
	.cmd = PROXYIPC_IOC_ENDPOINT_CREATE,
	.makes = 1,
	.prepare = prepare_create,
	.run = run_create,
	.done = made_an_endpoint,
};

static int prepare_open_of(struct stage *s, pid_t tgid)
{
	s->arg.open.size = sizeof(s->arg.open);
	s->arg.open.tgid = tgid;
	return 0;
}

/* The caller has no record: nobody opens it elsewhere, or held it lately. */
static int prepare_open_first(struct stage *s)
{
	return prepare_open_of(s, s->caller.pid);
}

static int prepare_open_again(struct stage *s)
{
	return prepare_open_of(s, s->t.h.pid);
}

static int prepare_open_self(struct stage *s)
{
	return prepare_open_of(s, 0);
}

static int prepare_open_group(struct stage *s)
{
	s->arg.open.flags = PROXYIPC_OPEN_GROUP;
	return prepare_open_of(s, s->caller.pid);
}

static int run_process_open(struct stage *s)
{
	int ret = command(s->device, PROXYIPC_IOC_PROCESS_OPEN, &s->arg);

	if (!ret)
		s->made = s->arg.open.out_fd;
	return ret;
}

static const char *done_open_self(struct stage *s)
{
	__u64 token;

	return process_hold(s->made, &token) != -EDEADLK ?
	       "the new process object doesn't name this thread" : NULL;
}

/* What was held has a record until it has run. The caller does when told. */
static const char *done_open_first(struct stage *s)
{
	const char *wrong = made_a_process(s);

	return wrong ?: helper_close(&s->caller, -1) == -EBADF ?
	       NULL : "the target doesn't run";
}

const struct sweep_case case_process_open_first = {
	.name = "process_open_first",
	.cmd = PROXYIPC_IOC_PROCESS_OPEN,
	.makes = 1,
	.prepare = prepare_open_first,
	.run = run_process_open,
	.done = done_open_first,
};

const struct sweep_case case_process_open_again = {
	.name = "process_open_again",
	.cmd = PROXYIPC_IOC_PROCESS_OPEN,
	.makes = 1,
	.prepare = prepare_open_again,
	.run = run_process_open,
	.done = made_a_process,
};

const struct sweep_case case_process_open_self = {
	.name = "process_open_self",
	.cmd = PROXYIPC_IOC_PROCESS_OPEN,
	.makes = 1,
	.prepare = prepare_open_self,
	.run = run_process_open,
	.done = done_open_self,
};

const struct sweep_case case_process_open_group = {
	.name = "process_open_group",
	.cmd = PROXYIPC_IOC_PROCESS_OPEN,
	.makes = 1,
	.prepare = prepare_open_group,
	.run = run_process_open,
	.done = done_open_first,
};
