/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_PROCESSFD_H
#define _PROXYIPC_PROCESSFD_H

/**
 * DOC: Process descriptor
 *
 * An open file of a process object, with its one hold by hand (manual.h).
 */

#include <linux/types.h>

struct file;
struct proxyipc_process;
struct proxyipc_waiter;

int proxyipc_processfd_publish(struct proxyipc_process *process, void *params,
			       s32 *out_fd, void __user *user, size_t size);

long proxyipc_process_mint_ioctl(struct file *file, void *arg, void __user *user);
long proxyipc_process_set_receiver_ioctl(struct file *file, void *arg,
					 void __user *user);
long proxyipc_process_hold_ioctl(struct file *file, void *arg, void __user *user);
long proxyipc_process_hold_begin(struct file *file, void *arg, void __user *user,
				 struct proxyipc_waiter **waiter);
long proxyipc_process_resume_ioctl(struct file *file, void *arg,
				   void __user *user);
long proxyipc_process_reply_ioctl(struct file *file, void *arg,
				  void __user *user);
long proxyipc_process_fetch_reply_ioctl(struct file *file, void *arg,
					void __user *user);
long proxyipc_process_set_watchdog_ioctl(struct file *file, void *arg,
					 void __user *user);
long proxyipc_process_keepalive_ioctl(struct file *file, void *arg,
				      void __user *user);
long proxyipc_process_set_faults_ioctl(struct file *file, void *arg,
				       void __user *user);
long proxyipc_process_info_ioctl(struct file *file, void *arg, void __user *user);
long proxyipc_process_yield_ioctl(struct file *file, void *arg, void __user *user);
long proxyipc_process_get_regs_ioctl(struct file *file, void *arg,
				     void __user *user);
long proxyipc_process_set_policy_ioctl(struct file *file, void *arg,
				       void __user *user);

extern const struct file_operations proxyipc_process_fops;

#endif /* _PROXYIPC_PROCESSFD_H */
