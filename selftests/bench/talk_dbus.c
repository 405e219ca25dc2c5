// SPDX-License-Identifier: GPL-2.0
/*
 * Round trips by D-Bus: a method call with eight 64-bit numbers and such an answer,
 * by sd-bus on both sides, through a dbus-daemon of our own.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "talk.h"

#define SERVICE		"org.proxyipc.Bench"
#define PATH		"/org/proxyipc/Bench"
#define NUMBERS		"tttttttt"

struct bus_link {
	struct words words;
	char address[64];
	sd_bus *bus;
};

static void daemon_run(void *arg)
{
	struct bus_link *link = arg;
	char address[96];

	snprintf(address, sizeof(address), "--address=%s", link->address);
	execlp("dbus-daemon", "dbus-daemon", "--config-file=bus.conf", address,
	       "--nofork", "--nopidfile", "--nosyslog", NULL);
	bench_fail(0, "dbus-daemon can't be executed");
}

static sd_bus *bus_connect(const struct bus_link *link)
{
	sd_bus *bus;

	bench_must(sd_bus_new(&bus), "sd_bus_new");
	bench_must(sd_bus_set_address(bus, link->address), "sd_bus_set_address");
	bench_must(sd_bus_set_bus_client(bus, 1), "sd_bus_set_bus_client");
	bench_must(sd_bus_start(bus), "sd_bus_start");
	return bus;
}

static void read_words(sd_bus_message *message, struct words *words)
{
	uint64_t *w = words->words;

	bench_must(sd_bus_message_read(message, NUMBERS, &w[0], &w[1], &w[2], &w[3], &w[4],
				       &w[5], &w[6], &w[7]), "sd_bus_message_read");
}

static int on_call(sd_bus_message *message, void *data, sd_bus_error *error)
{
	struct words words;
	uint64_t *w = words.words;

	read_words(message, &words);
	talk_answer(&words);
	return bench_must(sd_bus_reply_method_return(message, NUMBERS, w[0], w[1], w[2], w[3],
						     w[4], w[5], w[6], w[7]), "reply");
}

static const sd_bus_vtable methods[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Talk", NUMBERS, NUMBERS, on_call, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END
};

static void bus_serve(void *arg)
{
	sd_bus *bus = bus_connect(arg);

	bench_must(sd_bus_add_object_vtable(bus, NULL, PATH, SERVICE, methods, NULL), "vtable");
	bench_must(sd_bus_request_name(bus, SERVICE, 0), "request_name");
	for (;;)
		if (!bench_must(sd_bus_process(bus, NULL), "sd_bus_process"))
			bench_must(sd_bus_wait(bus, UINT64_MAX), "sd_bus_wait");
}

/* Until the service has its name. */
static void await_service(sd_bus *bus)
{
	while (sd_bus_get_name_creds(bus, SERVICE, 0, NULL) < 0)
		usleep(10000);
}

void dbus_setup(struct contender *c)
{
	struct bus_link *link = calloc(1, sizeof(*link));
	const char *path = link->address + strlen("unix:path=");

	c->state = link;
	snprintf(link->address, sizeof(link->address), "unix:path=/tmp/bench-bus-%d", getpid());
	bench_partner(talk_server_cpu, daemon_run, link);
	while (access(path, F_OK))
		usleep(10000);
	bench_partner(talk_server_cpu, bus_serve, link);
	link->bus = bus_connect(link);
	await_service(link->bus);
}

void dbus_call(struct contender *c)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	struct bus_link *link = c->state;
	uint64_t *w = link->words.words;
	sd_bus_message *reply;
	struct words answer;

	talk_ask(&link->words);
	bench_must(sd_bus_call_method(link->bus, SERVICE, PATH, SERVICE, "Talk", &error, &reply,
				      NUMBERS, w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7]),
		   "sd_bus_call_method");
	read_words(reply, &answer);
	sd_bus_message_unref(reply);
	talk_check(&link->words, &answer, c->name);
}
