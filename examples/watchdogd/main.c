// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * watchdogd: keeps an eye on services, programs that know nothing of proxyipc. Says when
 * one hangs, why and where, or when one crashes; and starts it again if it is told to.
 *
 *	watchdogd [--check] [--json] [FILE]
 *
 * watchdogd(8) and watchdogd.conf(5) say how it is used. Where to begin reading:
 * service.h (what a service is), stall.c (what is done when something is wrong),
 * evidence.h (how stacks are taken). Everything runs in one thread, from loop.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <proxyipc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hardware.h"
#include "log.h"
#include "loop.h"
#include "service.h"
#include "spawn.h"
#include "systemd.h"

#define DEFAULT_FILE	"/etc/watchdogd.conf"

static struct host host = { .device = -1, .endpoint = -1 };
static const char *config_path = DEFAULT_FILE;
static bool json_wanted;
static int signals = -1;
static struct watch signals_watch;

static int print_help(void)
{
	printf("Usage: watchdogd [--json] [FILE]\n"
	       "       watchdogd --check [FILE]\n"
	       "\n"
	       "Starts or adopts the services of FILE (%s), and watches them.\n"
	       "  --check    only say whether FILE is right\n"
	       "  --json     log JSON, whatever FILE says\n"
	       "SIGHUP reads FILE again; SIGTERM ends it and what it started.\n", DEFAULT_FILE);
	return 0;
}

/* --- the configuration -------------------------------------------------------------- */

static void complain_to_person(const char *text)
{
	fprintf(stderr, "%s\n", text);
}

static void complain_to_log(const char *text)
{
	log_event(LEVEL_ERROR, "config", NULL, "%s", text);
}

static int check_file(void)
{
	struct config *config = config_read(config_path, complain_to_person);

	if (!config)
		return 1;
	printf("%s: fine, %zu service%s\n", config_path, config->count,
	       config->count == 1 ? "" : "s");
	config_put(config);
	return 0;
}

static void use(struct config *config)
{
	log_open(config->json || json_wanted);
	if (mkdir(config->runtime_dir, 0755) && errno != EEXIST)
		log_event(LEVEL_ERROR, "error", NULL, "%s: %s", config->runtime_dir,
			  strerror(errno));
	hardware_configure(config);
	services_configure(&host, config);
	config_put(config);
}

/* What is wrong in the new one leaves the old one in force. */
static void reload(void)
{
	struct config *config;

	systemd_say("RELOADING=1");
	config = config_read(config_path, complain_to_log);
	if (config) {
		use(config);
		log_event(LEVEL_NOTICE, "reloaded", NULL, "%s has been read again", config_path);
	} else {
		log_event(LEVEL_ERROR, "reload_failed", NULL,
			  "the old configuration stays in force");
	}
	systemd_say("READY=1");
}

/* --- signals -------------------------------------------------------------------------- */

static void stop(void)
{
	if (host.ending)
		return;
	systemd_say("STOPPING=1");
	log_event(LEVEL_NOTICE, "stopping", NULL, "told to end");
	services_stop(&host);
}

static void handle_signal(void *arg)
{
	struct signalfd_siginfo info;

	(void)arg;
	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP && !host.ending)
		reload();
	else if (info.ssi_signo != SIGHUP)
		stop();
}

static int open_signals(void)
{
	sigset_t set, before;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &before);
	spawn_set_signals(&before);
	/* Ignored, children would leave no status. */
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return signals < 0 ? -errno : 0;
}

/* --- from start to end ------------------------------------------------------------------ */

static bool fail(const char *what, const char *why)
{
	log_event(LEVEL_ERROR, "error", NULL, "%s: %s", what, why);
	return false;
}

/* What isn't there yet can't be told from what isn't allowed, later on. */
static bool has_features(void)
{
	const __u64 needed = PROXYIPC_FEATURE_GROUPS | PROXYIPC_FEATURE_WATCHDOG |
			     PROXYIPC_FEATURE_FAULTS | PROXYIPC_FEATURE_REGS;
	struct proxyipc_device_info info;
	int ret = proxyipc_device_info(host.device, &info);

	if (ret)
		return fail("/dev/proxyipc", proxyipc_strerror(ret));
	if ((info.out_features & needed) != needed)
		return fail("/dev/proxyipc", "the module is too old: load a newer one");
	return true;
}

static bool prepare(void)
{
	int ret;

	host.device = proxyipc_open();
	if (host.device < 0)
		return fail("/dev/proxyipc", proxyipc_strerror(host.device));
	if (!has_features())
		return false;
	host.endpoint = proxyipc_endpoint_create(host.device, 0);
	if (host.endpoint < 0)
		return fail("endpoint", proxyipc_strerror(host.endpoint));
	ret = open_signals();
	if (ret)
		return fail("signals", strerror(-ret));
	ret = loop_open();
	if (ret)
		return fail("io_uring (the sysctl kernel.io_uring_disabled may forbid it)",
			    strerror(-ret));
	watch_begin(&signals_watch, signals, handle_signal, NULL);
	watch_begin(&host.receiver, host.endpoint, stall_receive, &host);
	return true;
}

static int run(void)
{
	struct config *config = config_read(config_path, complain_to_person);
	int ret;

	if (!config)
		return 1;
	log_open(config->json || json_wanted);
	if (!prepare())
		return 1;
	systemd_open();
	use(config);
	log_event(LEVEL_NOTICE, "running", NULL, "watching %zu service%s of %s", config->count,
		  config->count == 1 ? "" : "s", config_path);
	systemd_say("READY=1");
	ret = loop_run();
	if (ret)
		return !fail("io_uring", strerror(-ret));
	hardware_close();
	log_event(LEVEL_NOTICE, "ended", NULL, "nothing is watched any more");
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "check", no_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 }
	};
	bool check = false;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h')
			return print_help();
		if (option == '?')
			return 2;
		check |= option == 'c';
		json_wanted |= option == 'j';
	}
	if (optind < argc)
		config_path = argv[optind++];
	if (optind < argc) {
		fprintf(stderr, "watchdogd: one FILE is enough; see watchdogd --help\n");
		return 2;
	}
	return check ? check_file() : run();
}
