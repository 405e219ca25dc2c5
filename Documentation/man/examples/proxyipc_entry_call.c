// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Ask, and wait for the answer for a second at most. */
#include <proxyipc.h>

int add(int entry, __u64 a, __u64 b, __u64 *sum)
{
	struct proxyipc_entry_call call = {
		.deadline = proxyipc_deadline(1000000000),
		.message = { .words = { a, b } },
	};
	int ret = proxyipc_entry_call_params(entry, &call);

	if (!ret)
		*sum = call.reply.words[0];
	return ret;
}
