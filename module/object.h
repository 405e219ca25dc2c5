/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _PROXYIPC_OBJECT_H
#define _PROXYIPC_OBJECT_H

/**
 * DOC: Object
 *
 * What all kinds of descriptors share. An object becomes visible in one place,
 * proxyipc_object_publish(): the descriptor number is reserved, the file made,
 * the result copied out, and only then the file installed. So no failure leaves
 * a descriptor behind that nobody knows of.
 *
 * And the quota: how many targets a user may hold at a time, counted for the
 * user who opened the process object.
 */

#include <linux/fs.h>
#include <linux/types.h>
#include <linux/uidgid.h>

/**
 * struct proxyipc_object_type - a kind of descriptor
 * @name: as in /proc/PID/fd
 * @fops: of its files; .release undoes what @release undoes
 * @release: drops the private data of a file that could not be made
 */
struct proxyipc_object_type {
	const char *name;
	const struct file_operations *fops;
	void (*release)(void *object);
};

/**
 * struct proxyipc_publication - a descriptor that isn't visible yet
 * @file: the file, which owns the object
 * @fd: its number, reserved
 */
struct proxyipc_publication {
	struct file *file;
	int fd;
};

int proxyipc_object_prepare(struct proxyipc_publication *publication,
			    const struct proxyipc_object_type *type,
			    void *object, void *params, s32 *out_fd,
			    void __user *user, size_t size);
void proxyipc_object_commit(struct proxyipc_publication *publication);
void proxyipc_object_abort(struct proxyipc_publication *publication);
int proxyipc_object_publish(const struct proxyipc_object_type *type,
			    void *object, void *params, s32 *out_fd,
			    void __user *user, size_t size);
int proxyipc_params_export(void __user *user, const void *params, size_t size);

/* The table of commands, in ioctl.c: what every kind's .unlocked_ioctl is. */
long proxyipc_ioctl(struct file *file, unsigned int command, unsigned long arg);

struct io_uring_cmd;

/* And in uring.c: what every kind's .uring_cmd is. */
int proxyipc_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags);

struct proxyipc_user;

extern unsigned int proxyipc_holds_per_user;

struct proxyipc_user *proxyipc_user_get(kuid_t uid);
void proxyipc_user_put(struct proxyipc_user *user);
int proxyipc_user_charge(struct proxyipc_user *user);
void proxyipc_user_uncharge(struct proxyipc_user *user);
int proxyipc_user_charge_samples(struct proxyipc_user *user, unsigned int before,
				 unsigned int after);

#endif /* _PROXYIPC_OBJECT_H */
