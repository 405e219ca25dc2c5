// SPDX-License-Identifier: GPL-2.0
#include "section.h"

#include <errno.h>
#include <proxyipc.h>
#include <stddef.h>
#include <string.h>

#include "board.h"
#include "party.h"
#include "random.h"

static _Thread_local struct proxyipc_control *control;
static _Thread_local int own;
static _Thread_local bool lively, inside;
static _Thread_local int (*map)(int process, struct proxyipc_control **control);

static void map_page(void)
{
	int ret = map(own, &control);

	if (ret)
		violation(self, 0, 0, "map of a control page: %s", strerrorname_np(-ret));
}

/* Half of those that are watched are silent, and expire again and again. */
void page_watch(int process)
{
	static const __u16 timeouts_ms[] = { 50, 200, 200, 1000 };
	__u64 timeout = timeouts_ms[random_below(4)] * NS_PER_MS;
	int ret = proxyipc_process_set_watchdog(process, timeout,
						chance(30) ? timeout / 2 : 0);

	/* All of us together have only so many samples. */
	if (ret && ret != -EDQUOT)
		violation(self, 0, 0, "set a watchdog: %s", strerrorname_np(-ret));
}

void page_begin(int process)
{
	map = proxyipc_process_map;
	own = process;
	control = NULL;
	inside = false;
	lively = chance(50);
	if (chance(75))
		map_page();
	if (chance(20))
		page_watch(own);
}

void page_begin_of_thread(int group)
{
	map = proxyipc_process_map_thread;
	own = group;
	map_page();
}

void page_tick(void)
{
	if (lively && control)
		proxyipc_keepalive(control);
}

void page_idle(void)
{
	if (control)
		proxyipc_idle(control);
}

void page_busy(void)
{
	if (control)
		proxyipc_busy(control);
}

void section_begin(void)
{
	if (!control || inside || !chance(60))
		return;
	inside = true;
	proxyipc_defer(control);
}

static bool somebody_waits(void)
{
	return __atomic_load_n(&control->pending, __ATOMIC_SEQ_CST);
}

/*
 * While it is in no section nobody waits for the end of one: a hold that did so has
 * taken effect, or was given up, and none begins to.
 */
void section_end(void)
{
	bool waited;
	int ret;

	if (!inside)
		return;
	inside = false;
	waited = somebody_waits();
	ret = proxyipc_undefer(control, own);
	if (waited)
		count(COUNT_YIELDED);
	if (ret)
		violation(self, 0, 0, "yield: %s", strerrorname_np(-ret));
	else if (somebody_waits())
		violation(self, 0, 0, "a hold waits for a section that is over");
	if (chance(3)) {
		proxyipc_process_unmap(control);
		map_page();
	}
}

void section_for_ever(void)
{
	if (control)
		proxyipc_defer(control);
}
