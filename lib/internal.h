/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef _PROXYIPC_INTERNAL_H
#define _PROXYIPC_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE	/* strerrordesc_np(); every file includes this one first */
#endif

/* What the public header declares is exported, anything else is hidden. */
#pragma GCC visibility push(default)
#include <proxyipc.h>
#pragma GCC visibility pop

#include <errno.h>
#include <sys/ioctl.h>

/*
 * Issue @command on @fd. @params is a command's struct of @size bytes, which
 * begins with its size; a size of 0 is filled in. Returns 0 or -errno, and
 * leaves errno as it was.
 */
static inline int proxyipc_command(int fd, unsigned int command, void *params, __u32 size)
{
	__u32 *params_size = params;
	int saved_errno = errno;
	int ret = 0;

	if (!*params_size)
		*params_size = size;
	if (ioctl(fd, command, params) < 0)
		ret = -errno;
	errno = saved_errno;
	return ret;
}

#endif /* _PROXYIPC_INTERNAL_H */
