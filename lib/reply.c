// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Reply: the right to answer one call. */

#include "internal.h"

int proxyipc_reply_send_params(int reply, struct proxyipc_reply_send *params)
{
	return proxyipc_command(reply, PROXYIPC_IOC_REPLY_SEND, params, sizeof(*params));
}

int proxyipc_reply_send(int reply, const struct proxyipc_message *message)
{
	struct proxyipc_reply_send params = { .message = *message };

	return proxyipc_reply_send_params(reply, &params);
}
