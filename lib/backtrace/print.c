// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Stacks as text. */

#include "internal.h"

#include <inttypes.h>
#include <string.h>

/* What is printed where. */
struct printer {
	FILE *file;
	pid_t pid;
	/* Of the thread that is being printed; said below its frames. */
	const char *failure;
	int error;
};

void proxyipc_backtrace_print_frame(FILE *file, unsigned int number,
				    const struct proxyipc_frame *frame)
{
	fprintf(file, "#%-2u 0x%016" PRIx64 " in ", number, (uint64_t)frame->ip);
	if (!frame->function)
		fputs("??", file);
	else if (frame->flags & PROXYIPC_FRAME_INLINE)
		fprintf(file, "%s (inlined)", frame->function);
	else
		fprintf(file, "%s+0x%" PRIx64, frame->function, (uint64_t)frame->offset);
	if (frame->file && frame->line)
		fprintf(file, " at %s:%d\n", frame->file, frame->line);
	else if (frame->module)
		fprintf(file, " from %s\n", frame->module);
	else
		fputc('\n', file);
}

static int print_frame(unsigned int number, const struct proxyipc_frame *frame, void *arg)
{
	FILE *file = arg;

	proxyipc_backtrace_print_frame(file, number, frame);
	return ferror(file);
}

int proxyipc_backtrace_print(FILE *file, int process, __u64 token)
{
	return proxyipc_backtrace(process, token, print_frame, file);
}

static void print_name(FILE *file, pid_t pid, pid_t tid)
{
	char path[64], name[32] = "";
	FILE *comm;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, tid);
	comm = fopen(path, "re");
	if (comm) {
		if (!fgets(name, sizeof(name), comm))
			name[0] = '\0';
		fclose(comm);
	}
	name[strcspn(name, "\n")] = '\0';
	fprintf(file, "Thread %d \"%s\":\n", tid, name);
}

static void print_failure(struct printer *printer)
{
	if (printer->error)
		fprintf(printer->file, "%s: %s\n", printer->failure,
			proxyipc_strerror(printer->error));
	printer->error = 0;
}

static void print_thread(const struct proxyipc_thread *thread, void *arg)
{
	struct printer *printer = arg;

	print_failure(printer);
	print_name(printer->file, printer->pid, thread->tid);
	printer->failure = thread->held ? "no more of its stack" : "not held";
	printer->error = thread->error;
}

static int print_thread_frame(unsigned int number, const struct proxyipc_frame *frame, void *arg)
{
	struct printer *printer = arg;

	return print_frame(number, frame, printer->file);
}

int proxyipc_backtrace_pid(int device, pid_t pid, FILE *file)
{
	struct printer printer = { .file = file, .pid = pid };
	struct proxyipc_threads threads = {
		.device = device,
		.pid = pid,
		.thread = print_thread,
		.frame = print_thread_frame,
		.arg = &printer,
	};
	int ret = proxyipc_backtrace_threads(&threads);

	print_failure(&printer);
	if (threads.out_threads)
		fprintf(file, "%u of %u threads held, for %llu us\n", threads.out_held,
			threads.out_threads, (unsigned long long)threads.out_held_us);
	return ret;
}
