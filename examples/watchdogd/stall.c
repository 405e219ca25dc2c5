// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Something is wrong with a service: the kernel's watchdog expired, or an instruction
 * of one of its threads could not be executed. All of them are held when the message
 * arrives. What follows: look, decide, have the stacks of all threads taken under that
 * hold, end it (and perhaps the service), say it; and say the stacks when their names
 * are found.
 *
 * Who got no CPU isn't to blame. So a service is not killed, unless on_starved says so,
 * where the time was lost by waiting for one: by its threads, by the probe, or by this
 * daemon, without which no sign of life arrives.
 */
#define _GNU_SOURCE
#include "service.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evidence.h"
#include "log.h"
#include "schedstat.h"
#include "syscall_name.h"
#include "thread.h"

/* For a service that will be killed, or is about to crash, there is time. */
#define PATIENCE_AT_THE_END	(5 * NS_PER_S)

/* Who lives on after so many faults handles them itself, and means no harm. */
#define FAULTS_MAX		3

/**
 * struct report - what is wrong, while it is being looked into
 * @service: whose
 * @instance: which run of it
 * @pid: of that
 * @id: of the event
 * @received: the message
 * @evidence: who was asked for its stacks
 * @since: when the hold was confirmed, CLOCK_MONOTONIC nanoseconds
 * @syscall: that its main thread is in, "none" if it is in its program
 * @thread: name of the thread at fault
 * @cause: of a stall
 * @starting: it has given no sign of life at all
 * @triggered: it said so itself
 * @action: what is done about it
 * @held: it still is
 */
struct report {
	struct service *service;
	__u64 instance;
	pid_t pid;
	unsigned long long id;
	struct proxyipc_received received;
	struct evidence *evidence;
	__u64 since;
	char syscall[32];
	char thread[THREAD_NAME_SIZE];
	__u64 cause;
	bool starting;
	bool triggered;
	enum action action;
	bool held;
};

static bool is_fault(const struct report *report)
{
	return report->received.out_kind == PROXYIPC_KIND_FAULT;
}

static __u64 word(const struct report *report, unsigned int index)
{
	return report->received.out_words[index];
}

/* --- deciding ---------------------------------------------------------------------------- */

/*
 * Was half of the time lost by waiting for a CPU? By whom doesn't matter: what didn't get
 * through may be the service, the probe or this daemon. A service that had a CPU for half
 * of it wasn't starved, however many threads of it would have liked to have one too. A
 * loop on a machine that has far too much to do is found when that is over: until then it
 * could as well be work.
 */
static bool was_starved(const struct report *report)
{
	const struct service *service = report->service;
	__u64 since = word(report, PROXYIPC_WATCHDOG_WORD_SINCE);
	__u64 lost = cpu_delay(getpid()) - service->own_delay + probe_delay(&service->probe);

	if (2 * word(report, PROXYIPC_WATCHDOG_WORD_CPU) < since)
		lost += word(report, PROXYIPC_WATCHDOG_WORD_DELAY);
	return word(report, PROXYIPC_WATCHDOG_WORD_CAUSE) == PROXYIPC_WATCHDOG_STARVED ||
	       2 * lost >= since;
}

static void decide(struct report *report)
{
	const struct service_config *config = report->service->config;

	report->action = ACTION_REPORT;
	if (is_fault(report))
		return;
	report->cause = was_starved(report) ? PROXYIPC_WATCHDOG_STARVED :
			word(report, PROXYIPC_WATCHDOG_WORD_CAUSE);
	/* Told to end, it has a limit of its own. */
	if (word(report, PROXYIPC_WATCHDOG_WORD_STAGE) != PROXYIPC_WATCHDOG_TIMEOUT ||
	    report->service->state == SERVICE_STOPPING)
		return;
	report->action = report->cause == PROXYIPC_WATCHDOG_STARVED ? config->on_starved :
			 config->on_timeout;
}

/* --- saying it ----------------------------------------------------------------------------- */

static const char *cause_name(__u64 cause)
{
	switch (cause) {
	case PROXYIPC_WATCHDOG_SPINNING:
		return "spinning";
	case PROXYIPC_WATCHDOG_STARVED:
		return "starved";
	default:
		return "blocked";
	}
}

static const char *action_name(enum action action)
{
	switch (action) {
	case ACTION_RESTART:
		return "restart";
	case ACTION_KILL:
		return "kill";
	default:
		return "resume";
	}
}

static const char *stage_name(const struct report *report)
{
	if (report->triggered)
		return "trigger";
	if (report->starting)
		return "start";
	return word(report, PROXYIPC_WATCHDOG_WORD_STAGE) == PROXYIPC_WATCHDOG_PRETIMEOUT ?
	       "pretimeout" : "timeout";
}

static void say_stall(const struct report *report, __u64 held_ns)
{
	bool in_syscall = (int)word(report, PROXYIPC_WATCHDOG_WORD_SYSCALL) >= 0;
	__u64 ms = word(report, PROXYIPC_WATCHDOG_WORD_SINCE) / NS_PER_MS;

	event_text("stage", stage_name(report));
	event_text("cause", cause_name(report->cause));
	event_number("silent_ms", ms);
	event_number("cpu_ms", word(report, PROXYIPC_WATCHDOG_WORD_CPU) / NS_PER_MS);
	event_number("delay_ms", word(report, PROXYIPC_WATCHDOG_WORD_DELAY) / NS_PER_MS);
	event_text("syscall", report->syscall);
	event_number("held_us", held_ns / NS_PER_US);
	event_text("action", action_name(report->action));
	event_end(NULL, "no sign of life for %llu ms: %s%s%s; %s", (unsigned long long)ms,
		  cause_name(report->cause), in_syscall ? ", its main thread in " : "",
		  in_syscall ? report->syscall : "",
		  report->action == ACTION_REPORT ? "it goes on" : "it is killed");
}

static void say_fault(const struct report *report, __u64 held_ns)
{
	const char *name = sigabbrev_np(word(report, PROXYIPC_FAULT_SIGNAL));
	pid_t tid = word(report, PROXYIPC_FAULT_TID);
	char text[32];

	event_number("tid", tid);
	event_text("thread", report->thread);
	snprintf(text, sizeof(text), "SIG%s", name ? name : "?");
	event_text("signal", text);
	event_number("code", (int)word(report, PROXYIPC_FAULT_CODE));
	snprintf(text, sizeof(text), "0x%llx",
		 (unsigned long long)word(report, PROXYIPC_FAULT_ADDRESS));
	event_text("address", text);
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)word(report, PROXYIPC_FAULT_IP));
	event_text("ip", text);
	event_number("held_us", held_ns / NS_PER_US);
	event_end(NULL, "thread %d could not execute an instruction; the signal takes its course",
		  tid);
}

static void say(struct report *report, __u64 held_ns)
{
	event_begin(LEVEL_WARNING, is_fault(report) ? "fault" : "stall", report->service->name);
	report->id = event_id();
	event_number("pid", report->pid);
	if (is_fault(report))
		say_fault(report, held_ns);
	else
		say_stall(report, held_ns);
}

/* --- ending the hold ------------------------------------------------------------------------ */

static void resume(struct report *report)
{
	struct host *host = report->service->host;
	struct proxyipc_endpoint_resume params = { .cap = report->received.out_cap };
	int ret;

	if (report->action != ACTION_REPORT)
		params.flags = PROXYIPC_RESUME_KILL;
	ret = proxyipc_endpoint_resume_params(host->endpoint, &params);
	if (ret == -EPERM) {
		log_event(LEVEL_ERROR, "error", report->service->name, "may not kill it");
		params.flags = 0;
		ret = proxyipc_endpoint_resume_params(host->endpoint, &params);
	}
	/* Its lease was over, or it is gone. */
	if (ret && ret != -ESTALE && ret != -ESRCH)
		log_event(LEVEL_ERROR, "error", report->service->name, "can't resume it: %s",
			  proxyipc_strerror(ret));
}

/* Once: when the stacks are walked, or nobody can wait for that any longer. */
static void release(void *arg)
{
	struct report *report = arg;
	struct service *service = report->service;
	bool current = service->instance == report->instance;
	__u64 held_ns;

	if (!report->held)
		return;
	report->held = false;
	/* First those that aren't held, so that they do nothing odd when it is gone. */
	if (current && report->action != ACTION_REPORT)
		service_kill(service, cause_name(report->cause), report->action == ACTION_RESTART);
	resume(report);
	held_ns = report->since ? now_ns() - report->since : 0;
	if (current && !is_fault(report) &&
	    word(report, PROXYIPC_WATCHDOG_WORD_STAGE) == PROXYIPC_WATCHDOG_TIMEOUT)
		alive_begin_anew(service);
	say(report, held_ns);
}

/* --- the stacks --------------------------------------------------------------------------- */

static void stacks_done(void *arg, const char *stacks, const char *why)
{
	struct report *report = arg;
	struct service *service = report->service;

	release(report);
	event_begin_again(LEVEL_WARNING, "stacks", service->name, report->id);
	event_number("pid", report->pid);
	if (stacks)
		event_end(stacks, "all threads, the innermost function first");
	else
		event_end(NULL, "none: %s", why);
	/* Whoever failed isn't asked again. */
	if (!stacks && report->evidence && service->evidence == report->evidence) {
		evidence_leave(service->evidence);
		service->evidence = NULL;
	}
	free(report);
	service->reports--;
	service_put(service);
}

/* Who takes them: NULL if there can't be anybody, who may be busy. */
static struct evidence *find_evidence(struct service *service, bool ending)
{
	/* There will be no second chance: another one does it. */
	if (ending && service->evidence && evidence_busy(service->evidence)) {
		evidence_leave(service->evidence);
		service->evidence = NULL;
	}
	if (!service->evidence)
		service->evidence = evidence_new(service->host->device, service->process,
						 service->pid);
	return service->evidence;
}

static void take_stacks(struct report *report)
{
	struct service *service = report->service;
	__u64 patience = service->host->config->hold_max;
	struct evidence_order order = {
		.token = report->received.out_token,
		.ending = is_fault(report) || report->action != ACTION_REPORT,
	};
	struct evidence *evidence = find_evidence(service, order.ending);

	if (!evidence || evidence_busy(evidence)) {
		stacks_done(report, NULL, evidence ? "the last ones are still being named" :
			    "no process to take them");
		return;
	}
	report->evidence = evidence;
	if (is_fault(report))
		order.at_fault = word(report, PROXYIPC_FAULT_TID);
	if (order.ending) {
		patience = PATIENCE_AT_THE_END;
	} else if (!evidence_prepared(evidence)) {
		/* It would be held while files are read: better a moment later. */
		release(report);
		order.token = 0;
		patience = PATIENCE_AT_THE_END;
	}
	evidence_take(evidence, &order, patience, release, stacks_done, report);
}

/* --- what arrives ------------------------------------------------------------------------- */

/* Of a number that it may have no name for, the number. */
static void name_syscall(struct report *report)
{
	int number = word(report, PROXYIPC_WATCHDOG_WORD_SYSCALL);
	const char *name = number < 0 ? "none" : syscall_name(report->pid, number);

	if (name)
		snprintf(report->syscall, sizeof(report->syscall), "%s", name);
	else
		snprintf(report->syscall, sizeof(report->syscall), "%d", number);
}

static struct report *new_report(struct service *service,
				 const struct proxyipc_received *received)
{
	struct report *report = calloc(1, sizeof(*report));
	struct proxyipc_process_info info;

	if (!report)
		return NULL;
	*report = (struct report){
		.service = service,
		.instance = service->instance,
		.pid = service->pid,
		.received = *received,
		.starting = service->state == SERVICE_STARTING,
		.triggered = service->triggered,
		.held = true,
	};
	if (!proxyipc_process_info(service->process, &info))
		report->since = info.out_since;
	/* As long as it is held: it may be gone when this is said. */
	if (is_fault(report))
		thread_name(report->pid, word(report, PROXYIPC_FAULT_TID), report->thread);
	else
		name_syscall(report);
	service->reports++;
	return report;
}

static void resume_at_once(struct host *host, __u64 cap)
{
	proxyipc_endpoint_resume(host->endpoint, cap, NULL);
}

/* Who lives on has a handler, and faults are how it works. */
static bool faults_too_often(struct service *service)
{
	if (service->faults++ < FAULTS_MAX)
		return false;
	proxyipc_process_set_faults(service->process, 0);
	log_event(LEVEL_NOTICE, "faults", service->name,
		  "it has survived %d faults and seems to handle them itself: no more are reported; "
		  "faults = {} says so from the start", FAULTS_MAX);
	return true;
}

static void handle_trouble(struct service *service, const struct proxyipc_received *received)
{
	struct report *report;

	if (received->out_kind == PROXYIPC_KIND_FAULT && faults_too_often(service)) {
		resume_at_once(service->host, received->out_cap);
		return;
	}
	report = new_report(service, received);
	if (!report) {
		resume_at_once(service->host, received->out_cap);
		return;
	}
	if (!is_fault(report) && !service->stalled_at)
		service->stalled_at = now_ns();
	decide(report);
	take_stacks(report);
}

static void handle_event(struct service *service, __u32 events)
{
	if (events & PROXYIPC_EVENT_TARGET_CHANGED)
		log_event(LEVEL_WARNING, "changed", service->name,
			  "it changed its identity, and can't be watched any more");
	if (events & PROXYIPC_EVENT_LEASE_EXPIRED)
		log_event(LEVEL_WARNING, "late", service->name,
			  "the kernel ended a hold of it, as nobody else did");
}

void stall_receive(void *arg)
{
	struct host *host = arg;
	struct proxyipc_endpoint_recv recv = { .flags = PROXYIPC_NONBLOCK };
	const struct proxyipc_received *received = &recv.received;
	struct service *service;

	if (proxyipc_endpoint_recv_params(host->endpoint, &recv))
		return;
	service = service_find(host, received->out_payload);
	if (service && (received->out_kind == PROXYIPC_KIND_WATCHDOG ||
			received->out_kind == PROXYIPC_KIND_FAULT))
		handle_trouble(service, received);
	else if (received->out_flags & PROXYIPC_RECEIVED_PROXIED)
		resume_at_once(host, received->out_cap);
	else if (service && received->out_kind == PROXYIPC_KIND_EVENT)
		handle_event(service, received->out_events);
}
