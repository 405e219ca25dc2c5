// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The life of a service. Whatever ends it, its end is seen by its pidfd, and there it is
 * decided what follows. Pauses between starts double, up to a ceiling; who ran well for
 * a while begins anew with a short one.
 */
#define _GNU_SOURCE
#include "service.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adopt.h"
#include "evidence.h"
#include "log.h"
#include "spawn.h"

static void service_start(void *arg);

/* --- the list ---------------------------------------------------------------------- */

struct service *service_find(struct host *host, __u64 instance)
{
	struct service *service;

	for (service = host->services; service; service = service->next)
		if (service->pid && service->instance == instance)
			return service;
	return NULL;
}

static struct service *find_name(struct host *host, const char *name)
{
	struct service *service;

	for (service = host->services; service; service = service->next)
		if (!strcmp(service->name, name))
			return service;
	return NULL;
}

static void set_config(struct service *service, struct config *owner,
		       const struct service_config *config)
{
	struct config *before = service->owner;

	service->owner = config_get(owner);
	service->config = config;
	service->name = config->name;
	config_put(before);
}

static struct service *new_service(struct host *host, const struct service_config *config)
{
	struct service *service = calloc(1, sizeof(*service));

	if (!service)
		return NULL;
	set_config(service, host->config, config);
	service->host = host;
	service->pidfd = -1;
	service->process = -1;
	service->notify.fd = -1;
	service->pause = config->backoff;
	service->next = host->services;
	host->services = service;
	return service;
}

void service_put(struct service *service)
{
	struct host *host = service->host;
	struct service **at;

	if (!service->removed || service->pid || service->reports)
		return;
	for (at = &host->services; *at != service; at = &(*at)->next)
		;
	*at = service->next;
	timer_stop(&service->timer);
	config_put(service->owner);
	free(service);
	if (host->ending && !host->services)
		loop_end();
}

/* --- its end ------------------------------------------------------------------------ */

/* Of a child; who was adopted leaves no status to others. */
static void say_end(struct service *service, const siginfo_t *info)
{
	bool died = info->si_code == CLD_KILLED || info->si_code == CLD_DUMPED;

	event_begin(service->state == SERVICE_STOPPING ? LEVEL_INFO : LEVEL_WARNING, "ended",
		    service->name);
	event_number("pid", service->pid);
	if (info->si_code && died)
		event_number("signal", info->si_status);
	else if (info->si_code)
		event_number("status", info->si_status);
	event_number("ran_ms", (now_ns() - service->started_at) / NS_PER_MS);
	event_text("killed", service->killed);
	event_end(NULL, "%s%s", service->killed ? "killed: " : "it ended",
		  service->killed ? service->killed : "");
}

static bool start_again(const struct service *service, const siginfo_t *info)
{
	if (service->removed)
		return false;
	/* Somebody else starts it, who can do so any time. */
	if (service->config->adopt || service->again)
		return true;
	/* Killed for good. */
	if (service->killed || service->config->restart == RESTART_NEVER)
		return false;
	return service->config->restart == RESTART_ALWAYS || info->si_code != CLD_EXITED ||
	       info->si_status;
}

static void start_later(struct service *service)
{
	const struct service_config *config = service->config;

	/* That is no start, but a look. */
	if (config->adopt) {
		timer_set(&service->timer, config->backoff, service_start, service);
		return;
	}
	if (service->pause > config->backoff_max)
		service->pause = config->backoff_max;
	event_begin(LEVEL_INFO, "backoff", service->name);
	event_number("pause_ms", service->pause / NS_PER_MS);
	event_end(NULL, "it is started again after a pause");
	timer_set(&service->timer, service->pause, service_start, service);
	service->pause *= 2;
}

static void forget_process(struct service *service)
{
	alive_end(service);
	notify_close(&service->notify);
	watch_end(&service->ended);
	timer_stop(&service->timer);
	close(service->pidfd);
	close(service->process);
	service->pidfd = -1;
	service->process = -1;
	service->pid = 0;
	service->state = SERVICE_DOWN;
}

static void service_ended(void *arg)
{
	struct service *service = arg;
	siginfo_t info = { 0 };
	bool again;

	/*
	 * What it left behind would be in the way of the next. Before it is waited for:
	 * until then the number is its own.
	 */
	if (!service->adopted)
		kill(-service->pid, SIGKILL);
	/* No status for who isn't our child. */
	waitid(P_PIDFD, service->pidfd, &info, WEXITED);
	say_end(service, &info);
	if (now_ns() - service->started_at >= service->config->backoff_reset)
		service->pause = service->config->backoff;
	again = start_again(service, &info);
	forget_process(service);
	if (again)
		start_later(service);
	service_put(service);
}

static void signal_service(const struct service *service, int signal)
{
	pidfd_send_signal(service->pidfd, signal, NULL, 0);
	/* We made it the leader of its group; who was adopted is whatever it is. */
	if (signal == SIGKILL && !service->adopted)
		kill(-service->pid, SIGKILL);
}

void service_kill(struct service *service, const char *why, bool again)
{
	if (!service->pid)
		return;
	service->killed = why;
	service->again = again;
	signal_service(service, SIGKILL);
}

static void stop_late(void *arg)
{
	struct service *service = arg;

	service_kill(service, "it took too long to end", service->again);
}

void service_stopping(struct service *service, __u64 patience)
{
	service->state = SERVICE_STOPPING;
	proxyipc_process_set_watchdog(service->process, 0, 0);
	probe_end(&service->probe);
	timer_set(&service->timer, patience, stop_late, service);
}

static void service_stop(struct service *service)
{
	if (!service->pid || service->state == SERVICE_STOPPING)
		return;
	service_stopping(service, service->config->stop_timeout);
	signal_service(service, SIGTERM);
}

/* --- its beginning ------------------------------------------------------------------- */

static void complain(struct service *service, const char *what, const char *why)
{
	log_event(LEVEL_ERROR, "error", service->name, "%s: %s", what, why);
}

/* What happens to it is told to the endpoint from now on. */
static int become_receiver(struct service *service)
{
	int entry, ret;

	entry = proxyipc_endpoint_mint(service->host->endpoint, service->instance,
				       PROXYIPC_RIGHT_SEND, 0);
	if (entry < 0)
		return entry;
	ret = proxyipc_process_set_receiver(service->process, entry);
	close(entry);
	if (!ret)
		ret = proxyipc_process_set_faults(service->process, service->config->faults);
	return ret;
}

/* There is a process, by its pidfd and process object. */
static void service_begin(struct service *service, const char *event)
{
	static __u64 last_instance;
	int ret;

	service->instance = ++last_instance;
	service->started_at = now_ns();
	service->killed = NULL;
	service->again = false;
	event_begin(LEVEL_INFO, event, service->name);
	event_number("pid", service->pid);
	event_end(NULL, "it is watched from now on");
	ret = become_receiver(service);
	if (ret)
		complain(service, "nothing will be heard of it", proxyipc_strerror(ret));
	watch_begin(&service->ended, service->pidfd, service_ended, service);
	alive_begin(service);
}

static const char *open_notify(struct service *service)
{
	int ret;

	ret = notify_open(&service->notify, service->host->config->runtime_dir, service->config);
	if (!ret)
		return service->notify.path.sun_path;
	complain(service, service->notify.path.sun_path, strerror(-ret));
	return NULL;
}

static bool spawn(struct service *service)
{
	struct spawn_failure failure;

	service->process = spawn_service(service->host->device, service->config,
					 open_notify(service), &service->pid, &failure);
	if (service->process < 0) {
		service->pid = 0;
		complain(service, failure.what, strerror(failure.error));
		notify_close(&service->notify);
		return false;
	}
	service->pidfd = pidfd_open(service->pid, 0);
	if (service->pidfd >= 0)
		return true;
	complain(service, "pidfd", strerror(errno));
	kill(-service->pid, SIGKILL);
	waitpid(service->pid, NULL, 0);
	forget_process(service);
	return false;
}

/* The process that the file names, or why not: a constant, NULL if there is none yet. */
static const char *adopt_process(struct service *service)
{
	const char *why;
	pid_t pid;
	int pidfd = adopt_by_file(service->config->adopt, &pid, &why);

	if (pidfd < 0)
		return why;
	service->process = open_adopted(service->host->device, pidfd);
	if (service->process < 0) {
		close(pidfd);
		return proxyipc_strerror(service->process);
	}
	service->pid = pid;
	service->pidfd = pidfd;
	return NULL;
}

static bool adopt(struct service *service)
{
	const char *why = adopt_process(service);

	/* Not each time that it is looked at. */
	if (why && why != service->refused)
		complain(service, service->config->adopt, why);
	service->refused = why;
	return service->pid;
}

static void service_start(void *arg)
{
	struct service *service = arg;

	if (service->pid || service->removed)
		return;
	service->adopted = service->config->adopt;
	if (service->adopted ? adopt(service) : spawn(service))
		service_begin(service, service->adopted ? "adopted" : "started");
	else
		start_later(service);
}

/* --- all of them ----------------------------------------------------------------------- */

/* Who was adopted goes on without us. */
static void let_go(struct service *service)
{
	log_event(LEVEL_INFO, "released", service->name, "it is watched no longer");
	forget_process(service);
}

static void remove_service(struct service *service)
{
	service->removed = true;
	if (service->pid && service->adopted)
		let_go(service);
	if (!service->pid)
		timer_stop(&service->timer);
	service_stop(service);
	service_put(service);
}

static void follow(struct service *service, const struct service_config *config)
{
	bool returns = service->removed;

	set_config(service, service->host->config, config);
	service->removed = false;
	/* It was removed and has not ended yet: it comes back when it has. */
	service->again |= returns;
	if (returns && !service->pid)
		service_start(service);
	if (!service->pid)
		return;
	proxyipc_process_set_faults(service->process, config->faults);
	if (service->state != SERVICE_STOPPING)
		alive_configure(service);
}

void services_configure(struct host *host, struct config *config)
{
	struct config *before = host->config;
	struct service *service, *next;
	size_t i;

	host->config = config_get(config);
	for (service = host->services; service; service = next) {
		next = service->next;
		if (!service->removed && !config_find(config, service->name))
			remove_service(service);
	}
	for (i = 0; i < config->count; i++) {
		service = find_name(host, config->services[i].name);
		if (service) {
			follow(service, &config->services[i]);
			continue;
		}
		service = new_service(host, &config->services[i]);
		if (service)
			service_start(service);
	}
	config_put(before);
}

void services_stop(struct host *host)
{
	struct service *service, *next;

	host->ending = true;
	for (service = host->services; service; service = next) {
		next = service->next;
		remove_service(service);
	}
	if (!host->services)
		loop_end();
}
