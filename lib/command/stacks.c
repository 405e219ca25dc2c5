// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Stacks of a process as lines, or as a table; stacks_none.c is in place of this. */
#define _GNU_SOURCE
#include "stacks.h"

#include <errno.h>
#include <proxyipc-backtrace.h>
#include <proxyipc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "output.h"
#include "proc.h"

/**
 * struct adding - stacks on their way into an output
 * @output: where they go
 * @json: in which form
 * @stacks: whose
 * @ran_on: @stacks->walked was called
 * @thread: the thread whose frames come now
 * @comm: its name
 */
struct adding {
	struct output *output;
	bool json;
	struct stacks *stacks;
	bool ran_on;
	struct proxyipc_thread thread;
	char comm[COMM_SIZE];
};

static const struct output_column columns[] = {
	{ "tid", NULL },
	{ "comm", NULL },
	{ "frame", NULL },
	{ "ip", NULL },
	{ "function", NULL },
	{ "offset", NULL },
	{ "inlined", NULL },
	{ "file", NULL },
	{ "line", NULL },
	{ "module", NULL },
	{ "error", NULL },
	{ NULL, NULL }
};

static void add_cells(struct output *output, unsigned int number,
		      const struct proxyipc_frame *frame)
{
	bool inlined = frame->flags & PROXYIPC_FRAME_INLINE;
	char ip[32];

	cell_number(output, number);
	/* As text: 64 bits are more than many a reader of JSON takes for a number. */
	snprintf(ip, sizeof(ip), "0x%llx", (unsigned long long)frame->ip);
	cell_text(output, ip);
	cell_text(output, frame->function);
	if (frame->function && !inlined)
		cell_number(output, frame->offset);
	else
		cell_none(output);
	cell_bool(output, inlined);
	cell_text(output, frame->file);
	if (frame->line > 0)
		cell_number(output, frame->line);
	else
		cell_none(output);
	cell_text(output, frame->module);
}

static void add_line(struct output *output, unsigned int number,
		     const struct proxyipc_frame *frame)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	if (file) {
		proxyipc_backtrace_print_frame(file, number, frame);
		fclose(file);
	}
	text = allocate_array(text, size + 1, 1);
	text[size] = '\0';
	output_line(output, "%.*s", (int)strcspn(text, "\n"), text);
	free(text);
}

static int add_frame(unsigned int number, const struct proxyipc_frame *frame, void *arg)
{
	struct adding *adding = arg;

	if (!adding->json) {
		add_line(adding->output, number, frame);
		return 0;
	}
	cell_number(adding->output, adding->thread.tid);
	cell_text(adding->output, adding->comm);
	add_cells(adding->output, number, frame);
	cell_none(adding->output);
	return 0;
}

/* Below the frames: why there are none, or no more. */
static void end_thread(struct adding *adding)
{
	const struct proxyipc_thread *thread = &adding->thread;
	const char *why = stacks_strerror(thread->error);
	size_t i;

	if (!thread->error)
		return;
	if (!adding->json) {
		output_line(adding->output, "%s: %s",
			    thread->held ? "no more of its stack" : "not held", why);
		return;
	}
	cell_number(adding->output, thread->tid);
	cell_text(adding->output, adding->comm);
	for (i = 2; i < ARRAY_SIZE(columns) - 2; i++)
		cell_none(adding->output);
	cell_text(adding->output, why);
}

static void run_on(struct adding *adding)
{
	if (!adding->ran_on && adding->stacks->walked)
		adding->stacks->walked(adding->stacks->arg);
	adding->ran_on = true;
}

static void add_thread(const struct proxyipc_thread *thread, void *arg)
{
	struct adding *adding = arg;

	run_on(adding);
	end_thread(adding);
	adding->thread = *thread;
	read_comm(thread->tid, adding->comm);
	if (!adding->json)
		output_line(adding->output, "Thread %d \"%s\":", thread->tid, adding->comm);
}

int stacks_add(struct output *output, bool json, struct stacks *stacks)
{
	struct adding adding = { .output = output, .json = json, .stacks = stacks };
	struct proxyipc_threads threads = {
		.device = stacks->device,
		.pid = stacks->pid,
		.tid = stacks->tid,
		.process = stacks->process,
		.token = stacks->token,
		.thread = add_thread,
		.frame = add_frame,
		.arg = &adding,
	};
	int ret;

	if (json)
		output_table(output, "frames", columns);
	ret = proxyipc_backtrace_threads(&threads);
	run_on(&adding);
	end_thread(&adding);
	stacks->threads = threads.out_threads;
	stacks->held = threads.out_held;
	stacks->held_us = threads.out_held_us;
	return ret;
}

const char *stacks_strerror(int error)
{
	switch (error) {
	case -EPERM:
	case -EACCES:
		return "no authority: that takes CAP_SYS_PTRACE";
	case -ENOEXEC:
		return "its code can't be read: it is no 64-bit program of x86-64, or has none";
	default:
		return proxyipc_strerror(error);
	}
}
