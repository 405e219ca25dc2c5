// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Reads the configuration file by libconfuse, looks whether what was read makes sense,
 * and puts it into structs. The strings stay libconfuse's.
 */
#define _GNU_SOURCE
#include "config.h"

#include <confuse.h>
#include <errno.h>
#include <proxyipc.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "braces.h"
#include "loop.h"
#include "values.h"

/* libconfuse passes nothing of ours to its error function. */
static void (*complain_to)(const char *text);

/* @line is 0 if it is about the whole file. */
static void complain_of(const char *path, int line, const char *words)
{
	char text[1024], where[16] = "";

	if (line)
		snprintf(where, sizeof(where), ":%d", line);
	snprintf(text, sizeof(text), "%s%s: %s", path, where, words);
	complain_to(text);
}

#define TIME(name, def)	CFG_INT_CB(name, def, CFGF_NONE, value_time)
#define STRING(name)	CFG_STR(name, NULL, CFGF_NODEFAULT)
#define LIST(name)	CFG_STR_LIST(name, NULL, CFGF_NODEFAULT)

static cfg_opt_t service_options[] = {
	LIST("command"),
	LIST("environment"),
	STRING("directory"),
	STRING("user"),
	STRING("adopt"),
	CFG_INT_CB("alive", -1, CFGF_NONE, value_alive),
	CFG_INT_CB("notify_access", NOTIFY_MAIN, CFGF_NONE, value_notify_access),
	LIST("probe"),
	TIME("probe_interval", 1 * NS_PER_S),
	TIME("probe_timeout", 10 * NS_PER_S),
	TIME("timeout", 30 * NS_PER_S),
	TIME("pretimeout", 0),
	TIME("start_timeout", 90 * NS_PER_S),
	TIME("stop_timeout", 10 * NS_PER_S),
	CFG_INT_CB("on_timeout", ACTION_REPORT, CFGF_NONE, value_action),
	CFG_INT_CB("on_starved", ACTION_REPORT, CFGF_NONE, value_action),
	CFG_INT_CB("restart", RESTART_ALWAYS, CFGF_NONE, value_restart),
	TIME("backoff", 1 * NS_PER_S),
	TIME("backoff_max", 60 * NS_PER_S),
	TIME("backoff_reset", 60 * NS_PER_S),
	CFG_INT_LIST_CB("faults", "{SIGSEGV, SIGBUS, SIGFPE, SIGILL}", CFGF_NONE, value_fault),
	CFG_END()
};

static cfg_opt_t options[] = {
	CFG_INT_CB("log", 0, CFGF_NONE, value_log),
	CFG_STR("runtime_dir", "/run/watchdogd", CFGF_NONE),
	TIME("hold_max", 100 * NS_PER_MS),
	STRING("hardware"),
	TIME("hardware_timeout", 60 * NS_PER_S),
	CFG_SEC("service", service_options, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
	CFG_END()
};

/* --- does it make sense? --------------------------------------------------------- */

static __u64 time_of(cfg_t *cfg, const char *name)
{
	return cfg_getint(cfg, name);
}

/* @cfg is a service's section, which ends at the line that is named. */
#define WRONG(cfg, format, ...)							\
	(cfg_error(cfg, "service %s, which ends here: " format, cfg_title(cfg),	\
		   ##__VA_ARGS__), false)

/* It becomes part of a file's name, and of log lines. */
static bool check_name(cfg_t *cfg)
{
	const char *name = cfg_title(cfg);
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.@";

	if (*name && *name != '.' && strspn(name, letters) == strlen(name) && strlen(name) < 64)
		return true;
	return WRONG(cfg, "name it by up to 63 letters, digits and _ - . @");
}

static bool check_command(cfg_t *cfg)
{
	const char *program;
	struct stat st;

	if (!cfg_size(cfg, "command")) {
		if (cfg_getstr(cfg, "adopt"))
			return true;
		return WRONG(cfg, "give it a command = {\"/path\", ...}, or adopt = \"/its.pid\"");
	}
	program = cfg_getnstr(cfg, "command", 0);
	if (*program != '/')
		return WRONG(cfg, "command = {%s}: give the program's full path", program);
	if (stat(program, &st))
		return WRONG(cfg, "%s: %s", program, strerror(errno));
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return WRONG(cfg, "%s: is not a program", program);
	if (cfg_getstr(cfg, "adopt"))
		return WRONG(cfg, "it has a command and adopt: leave one of them out");
	return true;
}

static bool check_user(cfg_t *cfg)
{
	const char *user = cfg_getstr(cfg, "user");
	const char *directory = cfg_getstr(cfg, "directory");
	unsigned int i;

	if (user && !getpwnam(user))
		return WRONG(cfg, "user = %s: there is no such user", user);
	if (directory && *directory != '/')
		return WRONG(cfg, "directory = %s: give the full path", directory);
	for (i = 0; i < cfg_size(cfg, "environment"); i++)
		if (!strchr(cfg_getnstr(cfg, "environment", i), '='))
			return WRONG(cfg, "environment has %s, which isn't NAME=VALUE",
				     cfg_getnstr(cfg, "environment", i));
	return true;
}

/* What wasn't said is taken from what was. */
static enum alive alive_of(cfg_t *cfg)
{
	long said = cfg_getint(cfg, "alive");

	if (said >= 0)
		return said;
	return cfg_size(cfg, "probe") ? ALIVE_PROBE : ALIVE_NOTIFY;
}

static bool check_alive(cfg_t *cfg)
{
	enum alive alive = alive_of(cfg);

	if (!time_of(cfg, "timeout"))
		return true;
	if (alive == ALIVE_PROBE && !cfg_size(cfg, "probe"))
		return WRONG(cfg, "alive = probe needs a probe = {\"command\", ...}");
	if (alive != ALIVE_PROBE && cfg_size(cfg, "probe"))
		return WRONG(cfg, "its probe doesn't count: say alive = probe, or leave it out");
	if (alive == ALIVE_NOTIFY && cfg_getstr(cfg, "adopt"))
		return WRONG(cfg, "who is adopted needs a probe, or timeout = 0 for no watch");
	return true;
}

static bool check_times(cfg_t *cfg)
{
	__u64 timeout = time_of(cfg, "timeout"), first = timeout - time_of(cfg, "pretimeout");

	if (!timeout)
		return true;
	if (timeout < PROXYIPC_WATCHDOG_MIN || timeout > PROXYIPC_WATCHDOG_MAX)
		return WRONG(cfg, "timeout can be 1ms to 24h, or 0 for none");
	if (time_of(cfg, "pretimeout") >= timeout)
		return WRONG(cfg, "pretimeout is how long before timeout: it must be less");
	if (alive_of(cfg) == ALIVE_PROBE && time_of(cfg, "probe_interval") >= first)
		return WRONG(cfg, "probe_interval must be less than timeout - pretimeout");
	return true;
}

static bool check_limits(cfg_t *cfg)
{
	__u64 start = time_of(cfg, "start_timeout");

	if (start < PROXYIPC_WATCHDOG_MIN || start > PROXYIPC_WATCHDOG_MAX)
		return WRONG(cfg, "start_timeout can be 1ms to 24h");
	if (!time_of(cfg, "probe_interval") || !time_of(cfg, "probe_timeout"))
		return WRONG(cfg, "probe_interval and probe_timeout can't be 0");
	if (!time_of(cfg, "stop_timeout"))
		return WRONG(cfg, "stop_timeout can't be 0");
	/* So that who can't start doesn't keep the machine busy. */
	if (time_of(cfg, "backoff") < 100 * NS_PER_MS)
		return WRONG(cfg, "backoff must be 100ms at least");
	if (time_of(cfg, "backoff_max") < time_of(cfg, "backoff"))
		return WRONG(cfg, "backoff_max must not be less than backoff");
	return true;
}

/* Called by libconfuse at the end of each section. */
static int check_service(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *service = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

	(void)cfg;
	return check_name(service) && check_command(service) && check_user(service) &&
	       check_alive(service) && check_times(service) && check_limits(service) ? 0 : -1;
}

/* Of the whole; there is no line for it. */
static const char *what_is_wrong(cfg_t *cfg)
{
	if (!cfg_size(cfg, "service"))
		return "there is nothing to watch: add a service NAME { ... }";
	if (time_of(cfg, "hold_max") < NS_PER_MS || time_of(cfg, "hold_max") > 10 * NS_PER_S)
		return "hold_max can be 1ms to 10s";
	if (*cfg_getstr(cfg, "runtime_dir") != '/')
		return "runtime_dir must be a full path";
	if (time_of(cfg, "hardware_timeout") % NS_PER_S || !time_of(cfg, "hardware_timeout"))
		return "hardware_timeout must be whole seconds";
	return NULL;
}

static bool check_all(cfg_t *cfg, const char *path)
{
	int line = unclosed_brace(path);

	if (line)
		complain_of(path, line, "this { isn't closed: is the rest of the file missing?");
	else if (what_is_wrong(cfg))
		complain_of(path, 0, what_is_wrong(cfg));
	return !line && !what_is_wrong(cfg);
}

/* --- putting it into structs ------------------------------------------------------ */

/* Of pointers, ended by NULL; NULL if it is empty. */
static char **strings_of(cfg_t *cfg, const char *name)
{
	unsigned int i, count = cfg_size(cfg, name);
	char **strings;

	if (!count)
		return NULL;
	strings = calloc(count + 1, sizeof(*strings));
	for (i = 0; strings && i < count; i++)
		strings[i] = cfg_getnstr(cfg, name, i);
	return strings;
}

static void fill_service(struct service_config *service, cfg_t *cfg)
{
	const struct passwd *user;
	unsigned int i;

	*service = (struct service_config){
		.name = cfg_title(cfg),
		.command = strings_of(cfg, "command"),
		.environment = strings_of(cfg, "environment"),
		.directory = cfg_getstr(cfg, "directory"),
		.user = cfg_getstr(cfg, "user"),
		.uid = getuid(),
		.gid = getgid(),
		.adopt = cfg_getstr(cfg, "adopt"),
		.alive = alive_of(cfg),
		.notify_access = cfg_getint(cfg, "notify_access"),
		.probe = strings_of(cfg, "probe"),
		.probe_interval = time_of(cfg, "probe_interval"),
		.probe_timeout = time_of(cfg, "probe_timeout"),
		.timeout = time_of(cfg, "timeout"),
		.pretimeout = time_of(cfg, "pretimeout"),
		.start_timeout = time_of(cfg, "start_timeout"),
		.stop_timeout = time_of(cfg, "stop_timeout"),
		.on_timeout = cfg_getint(cfg, "on_timeout"),
		.on_starved = cfg_getint(cfg, "on_starved"),
		.restart = cfg_getint(cfg, "restart"),
		.backoff = time_of(cfg, "backoff"),
		.backoff_max = time_of(cfg, "backoff_max"),
		.backoff_reset = time_of(cfg, "backoff_reset"),
	};
	for (i = 0; i < cfg_size(cfg, "faults"); i++)
		service->faults |= proxyipc_signal_bit(cfg_getnint(cfg, "faults", i));
	user = service->user ? getpwnam(service->user) : NULL;
	if (user) {
		service->uid = user->pw_uid;
		service->gid = user->pw_gid;
	}
}

static struct config *new_config(cfg_t *cfg)
{
	struct config *config = calloc(1, sizeof(*config));
	unsigned int i;

	if (!config)
		return NULL;
	*config = (struct config){
		.users = 1,
		.file = cfg,
		.json = cfg_getint(cfg, "log"),
		.runtime_dir = cfg_getstr(cfg, "runtime_dir"),
		.hold_max = time_of(cfg, "hold_max"),
		.hardware = cfg_getstr(cfg, "hardware"),
		.hardware_timeout = time_of(cfg, "hardware_timeout"),
		.count = cfg_size(cfg, "service"),
	};
	config->services = calloc(config->count, sizeof(*config->services));
	if (!config->services) {
		free(config);
		return NULL;
	}
	for (i = 0; i < config->count; i++)
		fill_service(&config->services[i], cfg_getnsec(cfg, "service", i));
	return config;
}

/* --- reading it -------------------------------------------------------------------- */

static void confuse_error(cfg_t *cfg, const char *format, va_list args)
{
	char words[512];

	vsnprintf(words, sizeof(words), format, args);
	complain_of(cfg->filename ? cfg->filename : "?", cfg->line, words);
}

/* Where it can't be read libconfuse's scanner would end the program. */
static bool can_read(const char *path)
{
	const char *wrong = NULL;
	struct stat st;

	if (stat(path, &st) || access(path, R_OK))
		wrong = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		wrong = "is not a file";
	if (wrong)
		complain_of(path, 0, wrong);
	return !wrong;
}

struct config *config_read(const char *path, void (*complain)(const char *text))
{
	struct config *config = NULL;
	cfg_t *cfg;

	complain_to = complain;
	if (!can_read(path))
		return NULL;
	cfg = cfg_init(options, CFGF_NONE);
	if (!cfg)
		return NULL;
	cfg_set_error_function(cfg, confuse_error);
	cfg_set_validate_func(cfg, "service", check_service);
	if (cfg_parse(cfg, path) == CFG_SUCCESS && check_all(cfg, path))
		config = new_config(cfg);
	if (!config)
		cfg_free(cfg);
	return config;
}

struct config *config_get(struct config *config)
{
	config->users++;
	return config;
}

void config_put(struct config *config)
{
	size_t i;

	if (!config || --config->users)
		return;
	for (i = 0; i < config->count; i++) {
		free(config->services[i].command);
		free(config->services[i].environment);
		free(config->services[i].probe);
	}
	free(config->services);
	cfg_free(config->file);
	free(config);
}

const struct service_config *config_find(const struct config *config, const char *name)
{
	size_t i;

	for (i = 0; i < config->count; i++)
		if (!strcmp(config->services[i].name, name))
			return &config->services[i];
	return NULL;
}
