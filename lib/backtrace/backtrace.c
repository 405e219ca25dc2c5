// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* The stack of one held thread. */

#include "internal.h"

#include <errno.h>
#include <stdlib.h>

/* Names are looked for afterwards: the caller may have resumed the target by then. */
static int walk_and_name(struct image *image, struct walk *walk,
			 int (*frame)(unsigned int number, const struct proxyipc_frame *frame,
				      void *arg),
			 void *arg)
{
	walk_stack(image, walk, proxyipc_deadline(WALK_PATIENCE_NS));
	return walk->count ? walk_name(image, walk, frame, arg) : walk->error;
}

int proxyipc_backtrace(int process, __u64 token,
		       int (*frame)(unsigned int number, const struct proxyipc_frame *frame,
				    void *arg),
		       void *arg)
{
	struct proxyipc_process_info info;
	struct image image;
	struct walk *walk;
	int ret;

	ret = proxyipc_process_info(process, &info);
	if (ret)
		return ret;
	/* One that is gone, or that can't be seen from here. */
	if (info.out_state == PROXYIPC_STATE_GONE || !info.out_tid)
		return -ESRCH;
	walk = malloc(sizeof(*walk));
	if (!walk)
		return -ENOMEM;
	walk_init(walk, info.out_tid, process, token);
	ret = image_open(&image, info.out_tgid);
	if (!ret) {
		ret = walk_and_name(&image, walk, frame, arg);
		image_close(&image);
	}
	free(walk);
	return ret;
}
