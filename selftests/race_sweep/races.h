/* SPDX-License-Identifier: GPL-2.0 */
/* The races, each in the file that its heading names. A_x_B: side A does one, side B the other. */
#ifndef PROXYIPC_RACES_H
#define PROXYIPC_RACES_H

#include "race.h"

/* endpoint_races.c */
extern const struct race send_x_close;
extern const struct race call_x_close;
extern const struct race recv_x_close;
extern const struct race recv_x_recv;
extern const struct race recv_x_notify;
extern const struct race epoll_add_x_close;

/* wakeup_races.c */
extern const struct race waiting_recv_x_send;
extern const struct race poll_x_notify;
extern const struct race epoll_x_send;
extern const struct race waiting_send_x_recv;
extern const struct race poll_entry_x_close;
extern const struct race poll_process_x_hold;

/* reply_races.c */
extern const struct race reply_x_drop;
extern const struct race reply_x_reply;
extern const struct race fetch_x_drop;
extern const struct race reply_x_close;
extern const struct race reply_x_deadline;
extern const struct race signal_x_recv;
extern const struct race reply_x_kill;

/* hold_races.c */
extern const struct race hold_x_hold;
extern const struct race hold_x_hold_of_one_file;
extern const struct race resume_x_resume;
extern const struct race resume_x_hold;
extern const struct race resume_x_lease;
extern const struct race hold_x_close;
extern const struct race resume_x_close;

/* proxy_races.c */
extern const struct race proxied_send_x_close;
extern const struct race proxied_call_x_close;
extern const struct race proxied_send_x_set_receiver;
extern const struct race proxied_notify_x_resume;
extern const struct race proxied_recv_x_resume;
extern const struct race fetch_reply_x_resume;
extern const struct race proxied_signal_x_recv;
extern const struct race proxied_resume_x_lease;
extern const struct race proxied_resume_x_close_of_held;

/* exit_races.c */
extern const struct race hold_x_kill;
extern const struct race resume_x_kill;
extern const struct race proxied_send_x_kill;
extern const struct race hold_x_exit;
extern const struct race hold_x_exec;
extern const struct race hold_x_exec_in_section;
extern const struct race proxied_send_x_exec;
extern const struct race resume_x_exec_of_another_thread;
extern const struct race reply_x_exit_of_receiver;

/* defer_races.c */
extern const struct race hold_x_yield;
extern const struct race proxied_signal_x_yield;
extern const struct race proxied_signal_x_bound;
extern const struct race proxied_notify_x_map;

/* watchdog_races.c */
extern const struct race set_watchdog_x_expiry;
extern const struct race keepalive_x_expiry;
extern const struct race kill_x_expiry;

/* fault_races.c */
extern const struct race set_faults_x_fault;
extern const struct race retry_x_exit_of_receiver;
extern const struct race kill_x_fault;

/* policy_races.c */
extern const struct race set_guardian_x_exit_of_receiver;
extern const struct race set_policy_x_close;
extern const struct race get_regs_x_resume;
extern const struct race get_regs_x_kill;

/* group_races.c */
extern const struct race group_hold_x_kill;
extern const struct race group_resume_x_hold;
extern const struct race group_hold_x_hold_of_thread;
extern const struct race group_hold_x_close;
extern const struct race group_hold_x_set_faults;
extern const struct race group_fault_x_fault_of_another;

/* member_races.c */
extern const struct race group_hold_x_clone;
extern const struct race group_hold_x_fork;
extern const struct race group_hold_x_thread_exit;
extern const struct race group_hold_x_exit_group;
extern const struct race group_hold_x_exec_of_a_thread;
extern const struct race group_hold_x_setuid_of_a_thread;

/* For races with a signal to the caller. */
bool handle_signal(struct stage *s);
int signal_caller(struct stage *s);

#endif /* PROXYIPC_RACES_H */
