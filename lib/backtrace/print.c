// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* A frame as a line of text. */

#include "internal.h"

#include <inttypes.h>

int print_frame(unsigned int number, const struct proxyipc_frame *frame, void *arg)
{
	FILE *file = arg;

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
	return ferror(file);
}

int proxyipc_backtrace_print(FILE *file, int process, __u64 token)
{
	return proxyipc_backtrace(process, token, print_frame, file);
}
