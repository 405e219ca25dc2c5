// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Values of the configuration file. What can't be read is refused with the words that
 * would be understood; libconfuse knows the file and the line.
 */
#define _GNU_SOURCE
#include "values.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "loop.h"

/* Longer than the longest watchdog there is: nobody means it. */
#define TIME_MAX_NS	(366ULL * 86400 * NS_PER_S)

struct word {
	const char *word;
	long number;
};

static const struct word units[] = {
	{ "us", NS_PER_US },
	{ "ms", NS_PER_MS },
	{ "s", NS_PER_S },
	{ "min", 60 * NS_PER_S },
	{ "h", 3600 * NS_PER_S },
	{ NULL, 0 },
};

static const struct word actions[] = {
	{ "report", ACTION_REPORT },
	{ "restart", ACTION_RESTART },
	{ "kill", ACTION_KILL },
	{ NULL, 0 },
};

static const struct word restarts[] = {
	{ "always", RESTART_ALWAYS },
	{ "failure", RESTART_FAILURE },
	{ "never", RESTART_NEVER },
	{ NULL, 0 },
};

static const struct word alives[] = {
	{ "notify", ALIVE_NOTIFY },
	{ "probe", ALIVE_PROBE },
	{ "page", ALIVE_PAGE },
	{ NULL, 0 },
};

static const struct word accesses[] = {
	{ "main", NOTIFY_MAIN },
	{ "all", NOTIFY_ALL },
	{ NULL, 0 },
};

static const struct word logs[] = {
	{ "text", 0 },
	{ "json", 1 },
	{ NULL, 0 },
};

static const struct word faults[] = {
	{ "SIGSEGV", SIGSEGV },
	{ "SIGBUS", SIGBUS },
	{ "SIGFPE", SIGFPE },
	{ "SIGILL", SIGILL },
	{ "SIGTRAP", SIGTRAP },
	{ NULL, 0 },
};

static const struct word *find_word(const struct word *words, const char *word, size_t len)
{
	for (; words->word; words++)
		if (strlen(words->word) == len && !strncmp(words->word, word, len))
			return words;
	return NULL;
}

/* One of @words, or a complaint that has them all. */
static int value_word(cfg_t *cfg, cfg_opt_t *opt, const struct word *words, const char *value,
		      long *result)
{
	const struct word *found = find_word(words, value, strlen(value));
	char all[128] = "";

	if (found) {
		*result = found->number;
		return 0;
	}
	for (; words->word; words++) {
		strcat(all, *all ? words[1].word ? ", " : " or " : "");
		strcat(all, words->word);
	}
	cfg_error(cfg, "%s = %s: it can be %s", cfg_opt_name(opt), value, all);
	return -1;
}

int value_action(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return value_word(cfg, opt, actions, value, result);
}

int value_restart(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return value_word(cfg, opt, restarts, value, result);
}

int value_alive(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return value_word(cfg, opt, alives, value, result);
}

int value_notify_access(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return value_word(cfg, opt, accesses, value, result);
}

int value_log(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return value_word(cfg, opt, logs, value, result);
}

int value_fault(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	return value_word(cfg, opt, faults, value, result);
}

/* One "250ms" at *@text, which is moved behind it; -1 if it isn't one. */
static int read_time(const char **text, __u64 *ns)
{
	const struct word *unit;
	unsigned long long number;
	size_t len = 0;
	char *end;

	if (!isdigit((unsigned char)**text))
		return -1;
	number = strtoull(*text, &end, 10);
	while (isalpha((unsigned char)end[len]))
		len++;
	unit = find_word(units, end, len);
	if (!unit || number > TIME_MAX_NS / unit->number)
		return -1;
	*ns += number * unit->number;
	*text = end + len;
	return *ns > TIME_MAX_NS ? -1 : 0;
}

int value_time(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const char *text = value;
	__u64 ns = 0;

	/* The one number that needs no unit. */
	if (!strcmp(value, "0"))
		text++;
	else
		do {
			if (read_time(&text, &ns))
				break;
			text += strspn(text, " ");
		} while (*text);
	if (*text || text == value) {
		cfg_error(cfg, "%s = %s: a time is wanted, like 500ms, 3s or \"1min 30s\"",
			  cfg_opt_name(opt), value);
		return -1;
	}
	*(long *)result = (long)ns;
	return 0;
}
