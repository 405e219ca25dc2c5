// SPDX-License-Identifier: GPL-2.0
#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/hashtable.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "main.h"
#include "object.h"

unsigned int proxyipc_holds_per_user = 4096;
module_param_named(holds_per_user, proxyipc_holds_per_user, uint, 0644);
MODULE_PARM_DESC(holds_per_user,
		 "Holds that one user may have at a time (default 4096)");

static unsigned int samples_per_user = 100000;
module_param(samples_per_user, uint, 0644);
MODULE_PARM_DESC(samples_per_user,
		 "Samples per second that the watchdogs of one user may take (default 100000)");

/**
 * struct proxyipc_user - somebody who has process objects
 * @node: in the table; under user_lock
 * @uid: who
 * @objects: process objects; zero: the user is freed; under user_lock
 * @holds: targets held
 * @samples: per second, of the watchdogs that are set
 */
struct proxyipc_user {
	struct hlist_node node;
	kuid_t uid;
	unsigned int objects;
	atomic_t holds;
	atomic_t samples;
};

static DEFINE_HASHTABLE(users, 6);
static DEFINE_SPINLOCK(user_lock);

/**
 * proxyipc_params_export() - copy the argument of a command back
 * @user: where it came from
 * @params: the kernel's copy, begins with the size that the user knows
 * @size: of the kernel's struct
 *
 * Context: may sleep.
 *
 * Return: 0 or -EFAULT.
 */
int proxyipc_params_export(void __user *user, const void *params, size_t size)
{
	u32 known = *(const u32 *)params;

	if (copy_to_user(user, params, min_t(size_t, known, size)))
		return -EFAULT;
	return 0;
}

/**
 * proxyipc_object_prepare() - do all that can fail for a new descriptor
 * @publication: receives it, for proxyipc_object_commit() or _abort()
 * @type: its kind
 * @object: private data of the file; belongs to it, or is released on failure
 * @params: the kernel's copy of the command's argument
 * @out_fd: the field in @params for the descriptor
 * @user: where @params goes
 * @size: of @params
 *
 * Context: may sleep.
 *
 * Return: 0, -EMFILE, -ENFILE, -ENOMEM or -EFAULT.
 */
int proxyipc_object_prepare(struct proxyipc_publication *publication,
			    const struct proxyipc_object_type *type,
			    void *object, void *params, s32 *out_fd,
			    void __user *user, size_t size)
{
	struct file *file;
	int fd, ret;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		type->release(object);
		return fd;
	}
	file = anon_inode_getfile(type->name, type->fops, object,
				  O_RDWR | O_CLOEXEC);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		type->release(object);
		return PTR_ERR(file);
	}

	/* From here on the file owns the object: fput() releases it. */
	*publication = (struct proxyipc_publication){ .file = file, .fd = fd };
	*out_fd = fd;
	ret = proxyipc_params_export(user, params, size);
	if (ret)
		proxyipc_object_abort(publication);
	return ret;
}

/**
 * proxyipc_object_commit() - make a prepared descriptor visible
 * @publication: prepared
 */
void proxyipc_object_commit(struct proxyipc_publication *publication)
{
	fd_install(publication->fd, publication->file);
}

/**
 * proxyipc_object_abort() - undo a prepared descriptor
 * @publication: prepared; its object is released
 */
void proxyipc_object_abort(struct proxyipc_publication *publication)
{
	put_unused_fd(publication->fd);
	fput(publication->file);
}

/**
 * proxyipc_object_publish() - prepare and commit
 * @type: as in proxyipc_object_prepare()
 * @object: likewise
 * @params: likewise
 * @out_fd: likewise
 * @user: likewise
 * @size: likewise
 *
 * Context: may sleep.
 *
 * Return: as proxyipc_object_prepare().
 */
int proxyipc_object_publish(const struct proxyipc_object_type *type,
			    void *object, void *params, s32 *out_fd,
			    void __user *user, size_t size)
{
	struct proxyipc_publication publication;
	int ret;

	ret = proxyipc_object_prepare(&publication, type, object, params,
				      out_fd, user, size);
	if (!ret)
		proxyipc_object_commit(&publication);
	return ret;
}

static struct proxyipc_user *user_find_locked(kuid_t uid)
{
	struct proxyipc_user *user;

	lockdep_assert_held(&user_lock);

	hash_for_each_possible(users, user, node, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			break;
	return user;
}

/**
 * proxyipc_user_get() - count one more process object of a user
 * @uid: who
 *
 * Context: may sleep.
 *
 * Return: the user, or NULL without memory.
 */
struct proxyipc_user *proxyipc_user_get(kuid_t uid)
{
	struct proxyipc_user *user, *fresh;

	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return NULL;

	spin_lock(&user_lock);
	user = user_find_locked(uid);
	if (!user) {
		swap(user, fresh);
		user->uid = uid;
		hash_add(users, &user->node, __kuid_val(uid));
	}
	user->objects++;
	spin_unlock(&user_lock);
	kfree(fresh);
	return user;
}

/**
 * proxyipc_user_put() - one process object of a user less
 * @user: the user; NULL is fine
 */
void proxyipc_user_put(struct proxyipc_user *user)
{
	bool last;

	if (!user)
		return;

	spin_lock(&user_lock);
	last = !--user->objects;
	if (last)
		hash_del(&user->node);
	spin_unlock(&user_lock);
	if (last) {
		WARN_ON_ONCE(atomic_read(&user->holds));
		WARN_ON_ONCE(atomic_read(&user->samples));
		kfree(user);
	}
}

/**
 * proxyipc_user_charge() - one more target held
 * @user: on whose account
 *
 * Return: 0 or -EDQUOT.
 */
int proxyipc_user_charge(struct proxyipc_user *user)
{
	if (atomic_inc_return(&user->holds) <=
	    READ_ONCE(proxyipc_holds_per_user))
		return 0;
	atomic_dec(&user->holds);
	return -EDQUOT;
}

/**
 * proxyipc_user_uncharge() - one target held less
 * @user: on whose account
 */
void proxyipc_user_uncharge(struct proxyipc_user *user)
{
	atomic_dec(&user->holds);
}

/**
 * proxyipc_user_charge_samples() - a watchdog takes samples at another rate
 * @user: on whose account
 * @before: samples per second that it was charged with; 0 if it wasn't set
 * @after: those that it is to be charged with
 *
 * They are taken in interrupts, which no other limit of the user's applies to.
 *
 * Return: 0, or -EDQUOT; always 0 if that is no more than before.
 */
int proxyipc_user_charge_samples(struct proxyipc_user *user, unsigned int before,
				 unsigned int after)
{
	int change = after - before;

	if (atomic_add_return(change, &user->samples) <=
	    READ_ONCE(samples_per_user) || change <= 0)
		return 0;
	atomic_sub(change, &user->samples);
	return -EDQUOT;
}
