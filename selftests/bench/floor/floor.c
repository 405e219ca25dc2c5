// SPDX-License-Identifier: GPL-2.0
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/timex.h>
#include <linux/uaccess.h>

#include "floor.h"

/* One of the two: who it is, and whether it may go on. */
struct floor_task {
	struct task_struct *task;
	bool go;
};

struct floor_pair {
	struct floor_task client;
	struct floor_task server;
};

/* The file keeps a reference to both, so neither can be gone when it is woken. */
static void floor_take_seat(struct floor_task *seat)
{
	if (!seat->task)
		/* Pairs with floor_await(): who sees the task may wake it. */
		smp_store_release(&seat->task, get_task_struct(current));
}

static void floor_pass(struct floor_task *to)
{
	WRITE_ONCE(to->go, true);
	wake_up_process(to->task);
}

static int floor_wait(struct floor_task *self)
{
	int ret = 0;

	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (READ_ONCE(self->go))
			break;
		if (signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	WRITE_ONCE(self->go, false);
	return ret;
}

static int floor_serve(struct floor_pair *pair)
{
	int ret;

	floor_take_seat(&pair->server);
	for (;;) {
		ret = floor_wait(&pair->server);
		if (ret)
			return ret;
		floor_pass(&pair->client);
	}
}

/* The first call of the server's answers nobody. */
static int floor_answer(struct floor_pair *pair)
{
	if (pair->server.task)
		floor_pass(&pair->client);
	floor_take_seat(&pair->server);
	return floor_wait(&pair->server);
}

static int floor_await(struct floor_pair *pair)
{
	/* Pairs with floor_take_seat(). */
	while (!smp_load_acquire(&pair->server.task)) {
		if (schedule_timeout_interruptible(1) && signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/* Not inline: selftests/vm/profile counts from here to here. */
static noinline int floor_call(struct floor_pair *pair)
{
	if (!pair->server.task)
		return -ENOTCONN;
	floor_take_seat(&pair->client);
	floor_pass(&pair->server);
	return floor_wait(&pair->client);
}

static int floor_measure(struct floor_pair *pair, u64 *samples, u32 count)
{
	cycles_t start;
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < count; i++) {
		start = get_cycles();
		ret = floor_call(pair);
		samples[i] = get_cycles() - start;
	}
	return ret;
}

static int floor_batch(struct floor_pair *pair, void __user *user)
{
	struct floor_batch batch;
	u64 *samples;
	int ret;

	if (copy_from_user(&batch, user, sizeof(batch)))
		return -EFAULT;
	if (batch.count > FLOOR_MAX || batch.__reserved)
		return -EINVAL;
	samples = kvcalloc(batch.count, sizeof(*samples), GFP_KERNEL);
	if (!samples)
		return -ENOMEM;
	ret = floor_measure(pair, samples, batch.count);
	if (!ret && copy_to_user(u64_to_user_ptr(batch.samples), samples,
				 batch.count * sizeof(*samples)))
		ret = -EFAULT;
	kvfree(samples);
	return ret;
}

static long floor_ioctl(struct file *file, unsigned int command, unsigned long arg)
{
	struct floor_pair *pair = file->private_data;

	switch (command) {
	case FLOOR_SERVE:
		return floor_serve(pair);
	case FLOOR_AWAIT:
		return floor_await(pair);
	case FLOOR_BATCH:
		return floor_batch(pair, (void __user *)arg);
	case FLOOR_CALL:
		return floor_call(pair);
	case FLOOR_ANSWER:
		return floor_answer(pair);
	}
	return -ENOTTY;
}

static int floor_open(struct inode *inode, struct file *file)
{
	struct floor_pair *pair = kzalloc(sizeof(*pair), GFP_KERNEL);

	file->private_data = pair;
	return pair ? 0 : -ENOMEM;
}

static int floor_release(struct inode *inode, struct file *file)
{
	struct floor_pair *pair = file->private_data;

	if (pair->client.task)
		put_task_struct(pair->client.task);
	if (pair->server.task)
		put_task_struct(pair->server.task);
	kfree(pair);
	return 0;
}

static const struct file_operations floor_fops = {
	.owner = THIS_MODULE,
	.open = floor_open,
	.release = floor_release,
	.unlocked_ioctl = floor_ioctl,
};

static struct miscdevice floor_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "proxyipc-floor",
	.fops = &floor_fops,
	.mode = 0600,
};

module_misc_device(floor_device);

MODULE_DESCRIPTION("The floor of the benchmark of proxyipc");
MODULE_LICENSE("GPL");
