// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* The layout of the ABI, the same for 32 and 64 bits. Sizes may only grow. */

#include "internal.h"

#include <assert.h>
#include <stddef.h>

#define ASSERT_SIZE(name, bytes) \
	static_assert(sizeof(struct proxyipc_##name) == (bytes), "size of proxyipc_" #name)

#define ASSERT_OFFSET(name, field, bytes) \
	static_assert(offsetof(struct proxyipc_##name, field) == (bytes), \
		      "offset of " #field " in proxyipc_" #name)

ASSERT_SIZE(message, 80);
ASSERT_SIZE(received, 160);
ASSERT_SIZE(device_info, 56);
ASSERT_SIZE(endpoint_create, 16);
ASSERT_SIZE(process_open, 40);
ASSERT_SIZE(endpoint_mint, 32);
ASSERT_SIZE(endpoint_recv, 176);
ASSERT_SIZE(endpoint_reply, 96);
ASSERT_SIZE(endpoint_reply_recv, 264);
ASSERT_SIZE(endpoint_resume, 96);
ASSERT_SIZE(endpoint_fetch, 24);
ASSERT_SIZE(endpoint_drop, 16);
ASSERT_SIZE(entry_call, 176);
ASSERT_SIZE(entry_send, 96);
ASSERT_SIZE(entry_notify, 32);
ASSERT_SIZE(process_mint, 32);
ASSERT_SIZE(process_set_receiver, 16);
ASSERT_SIZE(process_set_policy, 24);
ASSERT_SIZE(process_hold, 32);
ASSERT_SIZE(process_resume, 96);
ASSERT_SIZE(process_reply, 96);
ASSERT_SIZE(process_fetch_reply, 24);
ASSERT_SIZE(process_yield, 8);
ASSERT_SIZE(control, 128);
ASSERT_SIZE(process_info, 144);
ASSERT_SIZE(process_set_watchdog, 32);
ASSERT_SIZE(process_keepalive, 8);
ASSERT_SIZE(process_set_faults, 16);
ASSERT_SIZE(process_get_regs, 56);
ASSERT_SIZE(reply_send, 88);

/* The embedded structs can't grow: what follows them would move. */
ASSERT_OFFSET(endpoint_recv, received, 16);
ASSERT_OFFSET(endpoint_reply, message, 16);
ASSERT_OFFSET(endpoint_reply_recv, message, 24);
ASSERT_OFFSET(endpoint_reply_recv, received, 104);
ASSERT_OFFSET(endpoint_resume, message, 16);
ASSERT_OFFSET(entry_call, message, 16);
ASSERT_OFFSET(entry_call, reply, 96);
ASSERT_OFFSET(entry_send, message, 16);
ASSERT_OFFSET(process_resume, message, 16);
ASSERT_OFFSET(process_reply, message, 16);
ASSERT_OFFSET(reply_send, message, 8);
