/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef _PROXYIPC_COMMAND_H
#define _PROXYIPC_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* What the command ends with; `run` has the program's, or one of its own. */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,	/* what was asked for could not be done */
	EXIT_USAGE = 2,		/* it was asked for in the wrong words */
	EXIT_ENDED = 3,		/* of hold: a hold ended before its time */
	EXIT_RUN_FAILED = 125,	/* of run: the program was not started */
	EXIT_RUN_CANT = 126,	/* of run: the program can't be executed */
	EXIT_RUN_NO_FILE = 127,	/* of run: there is no such program */
	EXIT_RUN_SIGNAL = 128,	/* of run: and the signal that ended the program */
};

/**
 * struct subcommand - ps, hold and so on, each in a file of its own
 * @name: the word for it
 * @arguments: what follows it, for the usage line
 * @summary: what it does, in a few words
 * @help: the rest: options and what to know
 * @run: does it, with argv[0] set for messages; returns the exit status
 */
struct subcommand {
	const char *name;
	const char *arguments;
	const char *summary;
	const char *help;
	int (*run)(int argc, char **argv, bool json);
};

extern const struct subcommand command_ps;
extern const struct subcommand command_hold;
extern const struct subcommand command_resume;
extern const struct subcommand command_run;
extern const struct subcommand command_backtrace;
extern const struct subcommand command_doctor;

/* The options that every subcommand has. */
#define COMMON_OPTIONS				\
	{ "json", no_argument, NULL, 'j' },	\
	{ "help", no_argument, NULL, 'h' }

/* A line on stderr, after the name of the command. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Points at the help of @self and returns EXIT_USAGE. */
int bad_usage(const struct subcommand *self);

/* Prints the help of @self and returns EXIT_DONE. */
int print_help(const struct subcommand *self);

/* Memory or the end of the program. */
void *allocate_array(void *old, size_t count, size_t size);

/* "5s", "500ms", "2m" or seconds, as nanoseconds; 0 if it is no such thing. */
uint64_t parse_duration(const char *text);

/* Nanoseconds for people. @text has room for DURATION_SIZE bytes, and is returned. */
#define DURATION_SIZE	32
const char *format_duration(char *text, uint64_t ns);

/* A number from 1 to @max and nothing else; 0 if it isn't. */
unsigned long long parse_number(const char *text, unsigned long long max);

/* "PID" or "PID/TID"; *@tid is 0 for all threads. */
bool parse_target(const char *text, pid_t *pid, pid_t *tid);

/* CLOCK_MONOTONIC, nanoseconds. */
uint64_t now_ns(void);

#endif /* _PROXYIPC_COMMAND_H */
