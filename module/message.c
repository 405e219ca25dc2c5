// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "message.h"

/**
 * proxyipc_body_import() - copy a message in
 * @body: receives it; untouched contents are overwritten
 * @message: the argument as copied from user space
 *
 * Context: may sleep. On success the caller owns @body->data.
 *
 * Return: 0, -EINVAL, -EMSGSIZE, -EFAULT or -ENOMEM.
 */
int proxyipc_body_import(struct proxyipc_body *body,
			 const struct proxyipc_message *message)
{
	void *data = NULL;

	if (message->__reserved)
		return -EINVAL;
	if (message->data_len > PROXYIPC_DATA_MAX)
		return -EMSGSIZE;

	if (message->data_len) {
		data = kvmalloc(message->data_len, GFP_KERNEL_ACCOUNT);
		if (!data)
			return -ENOMEM;
		if (copy_from_user(data, u64_to_user_ptr(message->data),
				   message->data_len)) {
			kvfree(data);
			return -EFAULT;
		}
	}

	memcpy(body->words, message->words, sizeof(body->words));
	body->data = data;
	body->data_len = message->data_len;
	return 0;
}

/**
 * proxyipc_body_deinit() - give the bytes back
 * @body: an imported, moved-from or zeroed body
 *
 * Context: may sleep (vfree).
 */
void proxyipc_body_deinit(struct proxyipc_body *body)
{
	kvfree(body->data);
	body->data = NULL;
	body->data_len = 0;
}

/**
 * proxyipc_body_move() - hand a message to its next owner
 * @to: receives it
 * @from: has no bytes afterwards
 *
 * Context: any.
 */
void proxyipc_body_move(struct proxyipc_body *to, struct proxyipc_body *from)
{
	*to = *from;
	from->data = NULL;
	from->data_len = 0;
}

/**
 * proxyipc_body_export_data() - copy the bytes of a message out
 * @body: the message
 * @address: the user's buffer, known to be large enough
 *
 * Context: may sleep.
 *
 * Return: 0 or -EFAULT.
 */
int proxyipc_body_export_data(const struct proxyipc_body *body, u64 address)
{
	if (!body->data_len)
		return 0;
	if (copy_to_user(u64_to_user_ptr(address), body->data, body->data_len))
		return -EFAULT;
	return 0;
}

/**
 * proxyipc_message_is_zero() - was no message given?
 * @message: the argument as copied from user space
 *
 * Commands whose message is optional insist that it be zero when it isn't used,
 * so that its fields can get a meaning later.
 *
 * Return: true if every byte of @message is zero.
 */
bool proxyipc_message_is_zero(const struct proxyipc_message *message)
{
	return !memchr_inv(message, 0, sizeof(*message));
}
