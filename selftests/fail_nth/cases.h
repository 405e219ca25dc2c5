/* SPDX-License-Identifier: GPL-2.0 */
/* Every command, in every way that takes other memory or another copy. */
#ifndef PROXYIPC_FAIL_CASES_H
#define PROXYIPC_FAIL_CASES_H

#include "stage.h"

#define ERRORS_MAX	3

/*
 * struct sweep_case - one command
 * @name: of the command, and of what is special about it
 * @cmd: its number, 0 if it isn't one of ours (open(), poll() and the like)
 * @makes: how many descriptors it makes
 * @prepare: the stage for it; 0 or -errno
 * @run: issues it; -errno, or anything else. Once more after it has failed, with
 *	the argument as that left it.
 * @undone: after it failed, NULL or what is wrong. Without this function,
 *	nothing may be different from before.
 * @done: after it succeeded, likewise: everything is as if it had never failed.
 * @errors: what it may say beside -ENOMEM and -EFAULT
 */
struct sweep_case {
	const char *name;
	unsigned int cmd;
	int makes;
	int (*prepare)(struct stage *s);
	int (*run)(struct stage *s);
	const char *(*undone)(struct stage *s, int error);
	const char *(*done)(struct stage *s);
	int errors[ERRORS_MAX];
};

extern const struct sweep_case case_device_open;
extern const struct sweep_case case_device_info;
extern const struct sweep_case case_endpoint_create;
extern const struct sweep_case case_process_open_first;
extern const struct sweep_case case_process_open_again;
extern const struct sweep_case case_process_open_self;
extern const struct sweep_case case_process_open_group;
extern const struct sweep_case case_endpoint_mint;
extern const struct sweep_case case_recv_call;
extern const struct sweep_case case_recv_send;
extern const struct sweep_case case_recv_notice;
extern const struct sweep_case case_recv_proxied_call;
extern const struct sweep_case case_recv_proxied_notice;
extern const struct sweep_case case_recv_event;
extern const struct sweep_case case_recv_waits;
extern const struct sweep_case case_reply;
extern const struct sweep_case case_reply_data;
extern const struct sweep_case case_reply_proxied;
extern const struct sweep_case case_reply_proxied_data;
extern const struct sweep_case case_reply_recv;
extern const struct sweep_case case_reply_recv_resume_reply;
extern const struct sweep_case case_reply_recv_resume_only;
extern const struct sweep_case case_reply_recv_resume_stop;
extern const struct sweep_case case_resume;
extern const struct sweep_case case_resume_reply_data;
extern const struct sweep_case case_resume_stop;
extern const struct sweep_case case_fetch_reply_of_call;
extern const struct sweep_case case_fetch_process;
extern const struct sweep_case case_drop_call;
extern const struct sweep_case case_drop_proxied;
extern const struct sweep_case case_call;
extern const struct sweep_case case_call_data;
extern const struct sweep_case case_call_proxied;
extern const struct sweep_case case_call_proxied_data;
extern const struct sweep_case case_send;
extern const struct sweep_case case_send_data;
extern const struct sweep_case case_send_waits;
extern const struct sweep_case case_send_proxied;
extern const struct sweep_case case_send_proxied_data;
extern const struct sweep_case case_notify;
extern const struct sweep_case case_notify_proxied;
extern const struct sweep_case case_process_mint;
extern const struct sweep_case case_set_receiver;
extern const struct sweep_case case_set_receiver_instead;
extern const struct sweep_case case_set_receiver_none;
extern const struct sweep_case case_set_policy;
extern const struct sweep_case case_hold;
extern const struct sweep_case case_hold_twice;
extern const struct sweep_case case_hold_group;
extern const struct sweep_case case_process_resume;
extern const struct sweep_case case_process_resume_reply_data;
extern const struct sweep_case case_process_reply;
extern const struct sweep_case case_process_reply_data;
extern const struct sweep_case case_process_fetch_reply;
extern const struct sweep_case case_process_info;
extern const struct sweep_case case_process_yield;
extern const struct sweep_case case_process_map;
extern const struct sweep_case case_set_watchdog;
extern const struct sweep_case case_keepalive;
extern const struct sweep_case case_set_faults;
extern const struct sweep_case case_process_get_regs;
extern const struct sweep_case case_reply_send;
extern const struct sweep_case case_reply_send_data;
extern const struct sweep_case case_poll_every_kind;
extern const struct sweep_case case_epoll_every_kind;
extern const struct sweep_case case_fdinfo_device;
extern const struct sweep_case case_fdinfo_endpoint;
extern const struct sweep_case case_fdinfo_entry;
extern const struct sweep_case case_fdinfo_proxy;
extern const struct sweep_case case_fdinfo_process;
extern const struct sweep_case case_fdinfo_reply;
extern const struct sweep_case case_uring_recv_call;
extern const struct sweep_case case_uring_recv_waits;
extern const struct sweep_case case_uring_call_data;
extern const struct sweep_case case_uring_hold;

#endif /* PROXYIPC_FAIL_CASES_H */
