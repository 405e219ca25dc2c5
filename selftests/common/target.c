// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "target.h"

#include <errno.h>
#include <unistd.h>

#include "clock.h"
#include "objects.h"

/* Makes @h open itself; the process object in this process, or -errno. */
static int enrol(struct helper *h, __u64 lease)
{
	struct proxyipc_process_open open = {
		.size = sizeof(open),
		.lease = lease,
		.out_fd = -1,
	};
	int device, theirs, process, ret;

	device = device_open();
	if (device < 0)
		return device;
	theirs = helper_give(h, device);
	close(device);
	if (theirs < 0)
		return theirs;
	ret = helper_do(h, theirs, PROXYIPC_IOC_PROCESS_OPEN, &open, sizeof(open));
	helper_close(h, theirs);
	if (ret)
		return ret;
	theirs = h->page->arg.open.out_fd;
	process = helper_take(h, theirs);
	ret = helper_close(h, theirs);
	return ret ?: process;
}

struct target target_idle_lease(__u64 lease)
{
	struct target t = { .h = helper_new() };

	t.process = t.h.pid < 0 ? t.h.pid : enrol(&t.h, lease);
	return t;
}

struct target target_idle(void)
{
	return target_idle_lease(0);
}

struct target target_spin_lease(__u64 lease)
{
	struct target t = target_idle_lease(lease);
	int ret;

	if (t.process < 0)
		return t;
	ret = helper_spin(&t.h);
	if (!ret && !target_counts(&t))
		ret = -EINPROGRESS;
	if (ret)
		t.process = ret;
	return t;
}

struct target target_spin(void)
{
	return target_spin_lease(0);
}

struct target target_block_lease(__u64 lease)
{
	struct target t = target_idle_lease(lease);
	int ret;

	if (t.process < 0)
		return t;
	ret = helper_block(&t.h);
	if (ret)
		t.process = ret;
	return t;
}

struct target target_block(void)
{
	return target_block_lease(0);
}

int target_poke(struct target *t)
{
	return helper_poke(&t->h);
}

unsigned int target_counter(struct target *t)
{
	return t->h.page->counter;
}

bool target_counter_stands_still(struct target *t)
{
	unsigned int before = target_counter(t);

	sleep_ms(5);
	return target_counter(t) == before;
}

bool target_counts(struct target *t)
{
	unsigned int before = target_counter(t);

	return eventually(target_counter(t) != before);
}

bool target_counter_reaches(struct target *t, unsigned int count)
{
	return eventually(target_counter(t) >= count);
}

int target_kill(struct target *t)
{
	return helper_kill(&t->h);
}
