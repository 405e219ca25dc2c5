// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>
#include <trace/events/sched.h>
#include <trace/events/signal.h>

#include "compat.h"
#include "device.h"
#include "episode.h"
#include "group.h"
#include "identity.h"
#include "main.h"
#include "thread.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

struct workqueue_struct *proxyipc_workqueue;

/**
 * proxyipc_next_id() - a number that was never used before
 *
 * For invocations, and so for tokens. 64 bits don't run out.
 *
 * Context: any.
 *
 * Return: it; never 0.
 */
u64 proxyipc_next_id(void)
{
	static atomic64_t last = ATOMIC64_INIT(0);

	return atomic64_inc_return(&last);
}

/**
 * struct main_probe - a tracepoint of the kernel that we listen to
 * @name: of the tracepoint
 * @function: what is called
 * @tracepoint: found by @name; NULL if it is not registered
 */
struct main_probe {
	const char *name;
	void *function;
	struct tracepoint *tracepoint;
};

static void exit_probe(PROXYIPC_EXIT_PROBE_ARGS)
{
	proxyipc_thread_exits(task);
	proxyipc_group_ends(task);
	proxyipc_episode_task_exits(task);
}

static struct main_probe probes[] = {
	{ "sched_process_exec", proxyipc_identity_exec_probe },
	{ "sched_process_exit", exit_probe },
	{ "sched_process_fork", proxyipc_group_fork_probe },
	{ "signal_generate", proxyipc_identity_signal_probe },
};

/* Registered by name they have no type; see that it is what will be called. */
static void __maybe_unused probes_check_types(void)
{
	check_trace_callback_type_sched_process_exec(proxyipc_identity_exec_probe);
	check_trace_callback_type_sched_process_exit(exit_probe);
	check_trace_callback_type_sched_process_fork(proxyipc_group_fork_probe);
	check_trace_callback_type_signal_generate(proxyipc_identity_signal_probe);
}

static void probe_match(struct tracepoint *tracepoint, void *data)
{
	struct main_probe *probe = data;

	if (!strcmp(tracepoint->name, probe->name))
		probe->tracepoint = tracepoint;
}

static void probes_exit(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (!probes[i].tracepoint)
			continue;
		tracepoint_probe_unregister(probes[i].tracepoint,
					    probes[i].function, NULL);
		probes[i].tracepoint = NULL;
	}
	tracepoint_synchronize_unregister();
}

static int probes_init(void)
{
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		for_each_kernel_tracepoint(probe_match, &probes[i]);
		if (!probes[i].tracepoint) {
			pr_err("this kernel has no tracepoint %s\n",
			       probes[i].name);
			ret = -ENOENT;
			goto err;
		}
		ret = tracepoint_probe_register(probes[i].tracepoint,
						probes[i].function, NULL);
		if (ret) {
			probes[i].tracepoint = NULL;
			goto err;
		}
	}
	return 0;
err:
	probes_exit();
	return ret;
}

static int __init proxyipc_init(void)
{
	int ret;

	ret = proxyipc_compat_init();
	if (ret)
		return ret;
	/* High priority: what is held runs again when this gets to it. */
	proxyipc_workqueue = alloc_workqueue("proxyipc", WQ_HIGHPRI | WQ_UNBOUND,
					     0);
	if (!proxyipc_workqueue)
		return -ENOMEM;
	ret = probes_init();
	if (ret)
		goto err_workqueue;
	ret = proxyipc_device_init();
	if (ret)
		goto err_probes;
	return 0;

err_probes:
	probes_exit();
err_workqueue:
	destroy_workqueue(proxyipc_workqueue);
	return ret;
}

/*
 * Only with a module reference count of zero: no descriptor, no thread record,
 * so no callback queued and no target parked. What may still be under way is the
 * last work, the last probe, the last record to be freed after a grace period, and
 * the last instructions of a callback after it put its record.
 */
static void __exit proxyipc_exit(void)
{
	proxyipc_device_exit();
	probes_exit();
	destroy_workqueue(proxyipc_workqueue);
	rcu_barrier();
	synchronize_rcu_tasks();
}

module_init(proxyipc_init);
module_exit(proxyipc_exit);

MODULE_DESCRIPTION("Proxy entries: IPC that holds its target");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
