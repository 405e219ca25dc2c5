// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* A server that adds, for ever. */
#include <errno.h>
#include <proxyipc.h>

int serve(int endpoint)
{
	struct proxyipc_received request = { 0 };
	struct proxyipc_message answer = { 0 };
	int ret;

	for (;;) {
		ret = proxyipc_endpoint_reply_recv(endpoint, &answer, &request);
		/* A caller that has gone, or a signal: what remains is to go on. */
		if (ret == -ESRCH || ret == -EINTR)
			continue;
		if (ret)
			return ret;
		answer.words[0] = request.out_words[0] + request.out_words[1];
	}
}
