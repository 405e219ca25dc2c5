// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Endpoint: a receive queue. */

#include "internal.h"

int proxyipc_endpoint_mint_params(int endpoint, struct proxyipc_endpoint_mint *params)
{
	return proxyipc_command(endpoint, PROXYIPC_IOC_ENDPOINT_MINT, params, sizeof(*params));
}

int proxyipc_endpoint_mint(int endpoint, __u64 payload, __u32 rights, __u64 notice_mask)
{
	struct proxyipc_endpoint_mint params = {
		.payload = payload,
		.rights = rights,
		.notice_mask = notice_mask,
	};
	int ret = proxyipc_endpoint_mint_params(endpoint, &params);

	return ret ? ret : params.out_fd;
}

int proxyipc_endpoint_recv_params(int endpoint, struct proxyipc_endpoint_recv *params)
{
	return proxyipc_command(endpoint, PROXYIPC_IOC_ENDPOINT_RECV, params, sizeof(*params));
}

int proxyipc_endpoint_recv(int endpoint, struct proxyipc_received *received)
{
	struct proxyipc_endpoint_recv params = {
		.received.data = received->data,
		.received.data_size = received->data_size,
	};
	int ret = proxyipc_endpoint_recv_params(endpoint, &params);

	if (!ret)
		*received = params.received;
	else if (ret == -EMSGSIZE)
		received->out_data_len = params.received.out_data_len;
	return ret;
}

int proxyipc_endpoint_reply_params(int endpoint, struct proxyipc_endpoint_reply *params)
{
	return proxyipc_command(endpoint, PROXYIPC_IOC_ENDPOINT_REPLY, params, sizeof(*params));
}

int proxyipc_endpoint_reply(int endpoint, __u64 cap, const struct proxyipc_message *reply)
{
	struct proxyipc_endpoint_reply params = { .cap = cap, .message = *reply };

	return proxyipc_endpoint_reply_params(endpoint, &params);
}

int proxyipc_endpoint_reply_recv_params(int endpoint,
					struct proxyipc_endpoint_reply_recv *params)
{
	return proxyipc_command(endpoint, PROXYIPC_IOC_ENDPOINT_REPLY_RECV, params,
				sizeof(*params));
}

int proxyipc_endpoint_reply_recv(int endpoint, const struct proxyipc_message *reply,
				 struct proxyipc_received *received)
{
	struct proxyipc_endpoint_reply_recv params = {
		.cap = received->out_cap,
		.received.data = received->data,
		.received.data_size = received->data_size,
	};
	int ret;

	if (params.cap && reply)
		params.message = *reply;
	ret = proxyipc_endpoint_reply_recv_params(endpoint, &params);
	if (!ret) {
		*received = params.received;
		return 0;
	}

	/* The cap of a plain call is used up, that of a proxied one names the held target. */
	if (ret == -ESRCH && !(received->out_flags & PROXYIPC_RECEIVED_PROXIED))
		params.cap = 0;
	if (ret == -EMSGSIZE && !params.cap)
		received->out_data_len = params.received.out_data_len;
	received->out_cap = params.cap;
	return ret;
}

int proxyipc_endpoint_resume_params(int endpoint, struct proxyipc_endpoint_resume *params)
{
	return proxyipc_command(endpoint, PROXYIPC_IOC_ENDPOINT_RESUME, params, sizeof(*params));
}

int proxyipc_endpoint_resume(int endpoint, __u64 cap, const struct proxyipc_message *reply)
{
	struct proxyipc_endpoint_resume params = { .cap = cap };

	if (reply) {
		params.flags = PROXYIPC_RESUME_REPLY;
		params.message = *reply;
	}
	return proxyipc_endpoint_resume_params(endpoint, &params);
}

int proxyipc_endpoint_retry(int endpoint, __u64 cap)
{
	struct proxyipc_endpoint_resume params = {
		.flags = PROXYIPC_RESUME_RETRY,
		.cap = cap,
	};

	return proxyipc_endpoint_resume_params(endpoint, &params);
}

int proxyipc_endpoint_fetch_params(int endpoint, struct proxyipc_endpoint_fetch *params)
{
	return proxyipc_command(endpoint, PROXYIPC_IOC_ENDPOINT_FETCH, params, sizeof(*params));
}

int proxyipc_endpoint_fetch(int endpoint, __u64 cap)
{
	struct proxyipc_endpoint_fetch params = { .cap = cap };
	int ret = proxyipc_endpoint_fetch_params(endpoint, &params);

	return ret ? ret : params.out_fd;
}

int proxyipc_endpoint_drop_params(int endpoint, struct proxyipc_endpoint_drop *params)
{
	return proxyipc_command(endpoint, PROXYIPC_IOC_ENDPOINT_DROP, params, sizeof(*params));
}

int proxyipc_endpoint_drop(int endpoint, __u64 cap)
{
	struct proxyipc_endpoint_drop params = { .cap = cap };

	return proxyipc_endpoint_drop_params(endpoint, &params);
}
