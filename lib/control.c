// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* The control page: memory that a target shares with the kernel. */

/* The header's inline functions, made real here for whoever can't inline. */
#define PROXYIPC_INLINE

#include "internal.h"

#include <stddef.h>
#include <sys/mman.h>

static int map_at(int process, off_t offset, struct proxyipc_control **control)
{
	int saved_errno = errno;
	int ret = 0;
	void *page;

	page = mmap(NULL, PROXYIPC_CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, process,
		    offset);
	if (page == MAP_FAILED)
		ret = -errno;
	else
		*control = page;
	errno = saved_errno;
	return ret;
}

int proxyipc_process_map(int process, struct proxyipc_control **control)
{
	return map_at(process, 0, control);
}

int proxyipc_process_map_thread(int process, struct proxyipc_control **control)
{
	return map_at(process, PROXYIPC_CONTROL_SIZE, control);
}

int proxyipc_process_unmap(struct proxyipc_control *control)
{
	int saved_errno = errno;
	int ret = 0;

	if (munmap(control, PROXYIPC_CONTROL_SIZE))
		ret = -errno;
	errno = saved_errno;
	return ret;
}
