// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* In place of stacks.c where there was no elfutils to build libproxyipc-backtrace with. */
#include "stacks.h"

#include <errno.h>

int stacks_add(struct output *output, bool json, struct stacks *stacks)
{
	(void)output;
	(void)json;
	if (stacks->walked)
		stacks->walked(stacks->arg);
	return -ENOSYS;
}

const char *stacks_strerror(int error)
{
	(void)error;
	return "built without elfutils: apt-get install libdw-dev, and build proxyipc anew";
}
