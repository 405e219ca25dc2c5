// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Signs of life. Whatever they are (a message to NOTIFY_SOCKET, a probe that succeeds),
 * they are passed on to the watchdog in the kernel, which has the only clock. Until the
 * first one its timeout is start_timeout. A service that has mapped its control page
 * keeps alive without this file.
 */
#define _GNU_SOURCE
#include "service.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "evidence.h"
#include "log.h"
#include "schedstat.h"

static void set_watchdog(struct service *service, __u64 timeout, __u64 pretimeout)
{
	int ret = proxyipc_process_set_watchdog(service->process, timeout, pretimeout);

	/* It is about to be seen that it is gone. */
	if (ret && ret != -ESRCH && ret != -ESTALE)
		log_event(LEVEL_ERROR, "error", service->name, "can't set its watchdog: %s",
			  proxyipc_strerror(ret));
}

static void restart_clocks(struct service *service)
{
	service->own_delay = cpu_delay(getpid());
}

/* What its watchdog is set to in its state. */
static void set_own_watchdog(struct service *service)
{
	if (service->state == SERVICE_STARTING)
		set_watchdog(service, service->config->start_timeout, 0);
	else if (service->state == SERVICE_RUNNING)
		set_watchdog(service, service->timeout, service->pretimeout);
}

void alive_begin_anew(struct service *service)
{
	restart_clocks(service);
	if (service->triggered)
		set_own_watchdog(service);
	service->triggered = false;
}

static void say_ready(struct service *service)
{
	event_begin(LEVEL_INFO, "ready", service->name);
	event_number("pid", service->pid);
	event_number("after_ms", (now_ns() - service->started_at) / NS_PER_MS);
	event_end(NULL, "it runs");
}

static void say_recovered(struct service *service)
{
	event_begin(LEVEL_NOTICE, "recovered", service->name);
	event_number("pid", service->pid);
	event_number("after_ms", (now_ns() - service->stalled_at) / NS_PER_MS);
	event_end(NULL, "a sign of life again");
	service->stalled_at = 0;
}

static void become_running(struct service *service)
{
	service->state = SERVICE_RUNNING;
	set_own_watchdog(service);
	restart_clocks(service);
	/* What it consists of is loaded by now. */
	evidence_leave(service->evidence);
	service->evidence = evidence_new(service->host->device, service->process, service->pid);
	say_ready(service);
}

static void sign_of_life(struct service *service)
{
	if (service->state == SERVICE_STARTING) {
		become_running(service);
		return;
	}
	proxyipc_process_keepalive(service->process);
	restart_clocks(service);
	if (service->stalled_at)
		say_recovered(service);
}

/* --- by NOTIFY_SOCKET ------------------------------------------------------------------ */

static void say_status(struct service *service, const char *status)
{
	if (!*status || !strcmp(status, service->status))
		return;
	strcpy(service->status, status);
	event_begin(LEVEL_INFO, "status", service->name);
	event_text("status", status);
	event_end(NULL, "it says how it is");
}

/*
 * It wants to be looked at: the shortest timeout there is expires at once. What it was
 * set to comes back when that has been reported.
 */
static void trigger(struct service *service)
{
	service->triggered = true;
	set_watchdog(service, PROXYIPC_WATCHDOG_MIN, 0);
}

static void new_timeout(struct service *service, __u64 timeout)
{
	if (timeout < PROXYIPC_WATCHDOG_MIN)
		return;
	service->timeout = timeout;
	/* In the same proportion. */
	if (service->config->timeout)
		service->pretimeout = (double)service->config->pretimeout /
				      service->config->timeout * timeout;
	if (service->state == SERVICE_RUNNING)
		set_own_watchdog(service);
}

static void extend(struct service *service, __u64 more)
{
	if (service->state == SERVICE_STARTING && more >= PROXYIPC_WATCHDOG_MIN)
		set_watchdog(service, more, 0);
	else if (service->state == SERVICE_STOPPING)
		service_stopping(service, more);
}

static void handle_said(void *arg, const struct said *said)
{
	struct service *service = arg;

	say_status(service, said->status);
	if (said->timeout && service->config->alive == ALIVE_NOTIFY)
		new_timeout(service, said->timeout);
	/* Of one with a probe: that it is started, and no more. */
	if (said->ready && service->state == SERVICE_STARTING)
		sign_of_life(service);
	if (said->alive && service->config->alive == ALIVE_NOTIFY)
		sign_of_life(service);
	if (said->extend)
		extend(service, said->extend);
	if (said->trigger && service->state != SERVICE_STOPPING)
		trigger(service);
	if (said->stopping && service->state != SERVICE_STOPPING)
		service_stopping(service, service->config->stop_timeout);
}

static void handle_rejected(void *arg, pid_t sender)
{
	struct service *service = arg;

	event_begin(LEVEL_WARNING, "rejected", service->name);
	event_number("sender", sender);
	event_end(NULL, "a message to its NOTIFY_SOCKET came from another process; "
		  "notify_access = all accepts those of its children");
}

/* --- by a probe ------------------------------------------------------------------------- */

static void handle_probe(void *arg, const char *why)
{
	struct service *service = arg;

	if (!why)
		sign_of_life(service);
	/* While it starts that is what is expected. */
	else if (!service->probe_failed && service->state == SERVICE_RUNNING)
		log_event(LEVEL_NOTICE, "probe", service->name, "its probe %s", why);
	service->probe_failed = why;
}

/* ---------------------------------------------------------------------------------------- */

static void take_timeouts(struct service *service)
{
	service->timeout = service->config->timeout;
	service->pretimeout = service->timeout ? service->config->pretimeout : 0;
}

void alive_begin(struct service *service)
{
	const struct service_config *config = service->config;

	take_timeouts(service);
	service->state = SERVICE_STARTING;
	service->triggered = false;
	service->stalled_at = 0;
	service->probe_failed = false;
	service->faults = 0;
	service->status[0] = '\0';
	restart_clocks(service);
	if (service->notify.fd >= 0)
		notify_begin(&service->notify, service->pid, handle_said, handle_rejected, service);
	/* Nobody tells when it is started: it is. */
	if (!config->timeout || config->alive == ALIVE_PAGE)
		become_running(service);
	else
		set_own_watchdog(service);
	if (config->timeout && config->alive == ALIVE_PROBE)
		probe_begin(&service->probe, config, handle_probe, service);
}

void alive_end(struct service *service)
{
	probe_end(&service->probe);
	evidence_leave(service->evidence);
	service->evidence = NULL;
}

void alive_configure(struct service *service)
{
	const struct service_config *config = service->config;

	take_timeouts(service);
	probe_end(&service->probe);
	if (config->timeout && config->alive == ALIVE_PROBE)
		probe_begin(&service->probe, config, handle_probe, service);
	service->notify.descendants = config->notify_access == NOTIFY_ALL;
	set_own_watchdog(service);
}
