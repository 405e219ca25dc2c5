// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Entry and proxy entry: what one invokes. */

#include "internal.h"

int proxyipc_entry_call_params(int entry, struct proxyipc_entry_call *params)
{
	return proxyipc_command(entry, PROXYIPC_IOC_ENTRY_CALL, params, sizeof(*params));
}

int proxyipc_entry_call(int entry, const struct proxyipc_message *request,
			struct proxyipc_message *reply)
{
	struct proxyipc_entry_call params = {
		.message = *request,
		.reply.data = reply->data,
		.reply.data_len = reply->data_len,
	};
	int ret = proxyipc_entry_call_params(entry, &params);

	if (!ret)
		*reply = params.reply;
	return ret;
}

int proxyipc_entry_send_params(int entry, struct proxyipc_entry_send *params)
{
	return proxyipc_command(entry, PROXYIPC_IOC_ENTRY_SEND, params, sizeof(*params));
}

int proxyipc_entry_send(int entry, const struct proxyipc_message *message)
{
	struct proxyipc_entry_send params = { .message = *message };

	return proxyipc_entry_send_params(entry, &params);
}

int proxyipc_entry_notify_params(int entry, struct proxyipc_entry_notify *params)
{
	return proxyipc_command(entry, PROXYIPC_IOC_ENTRY_NOTIFY, params, sizeof(*params));
}

int proxyipc_entry_notify(int entry, __u64 notices)
{
	struct proxyipc_entry_notify params = { .notices = notices };
	int ret = proxyipc_entry_notify_params(entry, &params);

	return ret ? ret : (int)params.out_state;
}
