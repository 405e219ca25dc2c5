// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Process: one thread that can be held, or all of a process. */

#include "internal.h"

#include <stdint.h>

int proxyipc_process_mint_params(int process, struct proxyipc_process_mint *params)
{
	return proxyipc_command(process, PROXYIPC_IOC_PROCESS_MINT, params, sizeof(*params));
}

int proxyipc_process_mint(int process, __u64 payload, __u32 rights, __u64 notice_mask)
{
	struct proxyipc_process_mint params = {
		.payload = payload,
		.rights = rights,
		.notice_mask = notice_mask,
	};
	int ret = proxyipc_process_mint_params(process, &params);

	return ret ? ret : params.out_fd;
}

int proxyipc_process_set_receiver_params(int process,
					 struct proxyipc_process_set_receiver *params)
{
	return proxyipc_command(process, PROXYIPC_IOC_PROCESS_SET_RECEIVER, params,
				sizeof(*params));
}

int proxyipc_process_set_receiver(int process, int entry)
{
	struct proxyipc_process_set_receiver params = { .entry_fd = entry };

	return proxyipc_process_set_receiver_params(process, &params);
}

int proxyipc_process_set_policy_params(int process,
				       struct proxyipc_process_set_policy *params)
{
	return proxyipc_command(process, PROXYIPC_IOC_PROCESS_SET_POLICY, params,
				sizeof(*params));
}

int proxyipc_process_set_policy(int process, int guardian, __u32 receiver_death,
				__u32 lease_end)
{
	struct proxyipc_process_set_policy params = {
		.guardian_fd = guardian,
		.receiver_death = receiver_death,
		.lease_end = lease_end,
	};

	return proxyipc_process_set_policy_params(process, &params);
}

int proxyipc_process_hold_params(int process, struct proxyipc_process_hold *params)
{
	return proxyipc_command(process, PROXYIPC_IOC_PROCESS_HOLD, params, sizeof(*params));
}

int proxyipc_process_hold(int process, __u64 *token)
{
	struct proxyipc_process_hold params = { 0 };
	int ret = proxyipc_process_hold_params(process, &params);

	if (ret)
		return ret;
	if (token)
		*token = params.out_token;
	return (int)params.out_state;
}

int proxyipc_process_resume_params(int process, struct proxyipc_process_resume *params)
{
	return proxyipc_command(process, PROXYIPC_IOC_PROCESS_RESUME, params, sizeof(*params));
}

int proxyipc_process_resume(int process, __u64 token, const struct proxyipc_message *reply)
{
	struct proxyipc_process_resume params = { .token = token };

	if (reply) {
		params.flags = PROXYIPC_RESUME_REPLY;
		params.message = *reply;
	}
	return proxyipc_process_resume_params(process, &params);
}

int proxyipc_process_retry(int process, __u64 token)
{
	struct proxyipc_process_resume params = {
		.flags = PROXYIPC_RESUME_RETRY,
		.token = token,
	};

	return proxyipc_process_resume_params(process, &params);
}

int proxyipc_process_set_faults_params(int process,
				       struct proxyipc_process_set_faults *params)
{
	return proxyipc_command(process, PROXYIPC_IOC_PROCESS_SET_FAULTS, params,
				sizeof(*params));
}

int proxyipc_process_set_faults(int process, __u64 signals)
{
	struct proxyipc_process_set_faults params = { .signals = signals };

	return proxyipc_process_set_faults_params(process, &params);
}

int proxyipc_process_reply_params(int process, struct proxyipc_process_reply *params)
{
	return proxyipc_command(process, PROXYIPC_IOC_PROCESS_REPLY, params, sizeof(*params));
}

int proxyipc_process_reply(int process, __u64 token, const struct proxyipc_message *reply)
{
	struct proxyipc_process_reply params = { .token = token, .message = *reply };

	return proxyipc_process_reply_params(process, &params);
}

int proxyipc_process_fetch_reply_params(int process,
					struct proxyipc_process_fetch_reply *params)
{
	return proxyipc_command(process, PROXYIPC_IOC_PROCESS_FETCH_REPLY, params,
				sizeof(*params));
}

int proxyipc_process_fetch_reply(int process, __u64 token)
{
	struct proxyipc_process_fetch_reply params = { .token = token };
	int ret = proxyipc_process_fetch_reply_params(process, &params);

	return ret ? ret : params.out_fd;
}

int proxyipc_process_get_regs_params(int process, struct proxyipc_process_get_regs *params)
{
	return proxyipc_command(process, PROXYIPC_IOC_PROCESS_GET_REGS, params, sizeof(*params));
}

int proxyipc_process_get_regs(int process, __u64 token, __u32 note, void *regs, __u32 size)
{
	struct proxyipc_process_get_regs params = {
		.token = token,
		.data = (uintptr_t)regs,
		.data_size = size,
		.note = note,
	};
	int ret = proxyipc_process_get_regs_params(process, &params);

	return ret ? ret : (int)params.out_data_len;
}

int proxyipc_process_info_params(int process, struct proxyipc_process_info *params)
{
	return proxyipc_command(process, PROXYIPC_IOC_PROCESS_INFO, params, sizeof(*params));
}

int proxyipc_process_info(int process, struct proxyipc_process_info *info)
{
	*info = (struct proxyipc_process_info){ 0 };
	return proxyipc_process_info_params(process, info);
}

int proxyipc_process_yield_params(int process, struct proxyipc_process_yield *params)
{
	return proxyipc_command(process, PROXYIPC_IOC_PROCESS_YIELD, params, sizeof(*params));
}

int proxyipc_process_yield(int process)
{
	struct proxyipc_process_yield params = { 0 };

	return proxyipc_process_yield_params(process, &params);
}

int proxyipc_process_set_watchdog_params(int process,
					 struct proxyipc_process_set_watchdog *params)
{
	return proxyipc_command(process, PROXYIPC_IOC_PROCESS_SET_WATCHDOG, params,
				sizeof(*params));
}

int proxyipc_process_set_watchdog(int process, __u64 timeout_ns, __u64 pretimeout_ns)
{
	struct proxyipc_process_set_watchdog params = {
		.timeout = timeout_ns,
		.pretimeout = pretimeout_ns,
	};

	return proxyipc_process_set_watchdog_params(process, &params);
}

int proxyipc_process_keepalive_params(int process, struct proxyipc_process_keepalive *params)
{
	return proxyipc_command(process, PROXYIPC_IOC_PROCESS_KEEPALIVE, params,
				sizeof(*params));
}

int proxyipc_process_keepalive(int process)
{
	struct proxyipc_process_keepalive params = { 0 };

	return proxyipc_process_keepalive_params(process, &params);
}
