// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* A supervisor: whatever holds the target, it is resumed. */
#include <proxyipc.h>
#include <stdio.h>

int supervise(int endpoint)
{
	struct proxyipc_received message = { 0 };
	int ret;

	do {
		ret = proxyipc_endpoint_recv(endpoint, &message);
		if (ret || !(message.out_flags & PROXYIPC_RECEIVED_PROXIED))
			continue;
		printf("held, token %llu\n", (unsigned long long)message.out_token);
		ret = proxyipc_endpoint_resume(endpoint, message.out_cap, NULL);
	} while (!ret && !(message.out_events & PROXYIPC_EVENT_TARGET_GONE));
	return ret;
}
