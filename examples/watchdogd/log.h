/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/*
 * What the daemon has to say: events, one line each, on stderr. As text a line is
 * key=value, and stacks follow in indented lines that begin with the event's id; as
 * JSON it is one object, with the stacks in an array. The last value, msg, is a
 * sentence for people.
 *
 * An event is put together between event_begin() and event_end(), one at a time.
 */
#ifndef WATCHDOGD_LOG_H
#define WATCHDOGD_LOG_H

#include <stdbool.h>

/* Those of syslog(3), as the journal reads them. */
enum level {
	LEVEL_ERROR = 3,
	LEVEL_WARNING = 4,
	LEVEL_NOTICE = 5,
	LEVEL_INFO = 6,
};

/* Looks where stderr goes, too. */
void log_open(bool json);

/* @name: of the event; @service: that it is about, or NULL. */
void event_begin(enum level level, const char *name, const char *service);

/* What belongs to an earlier event has its id, which is that of the one begun last. */
unsigned long long event_id(void);
void event_begin_again(enum level level, const char *name, const char *service,
		       unsigned long long id);

/* @key is a constant. @text may hold anything; NULL leaves the value out. */
void event_text(const char *key, const char *text);
void event_number(const char *key, long long number);

/* @stacks: lines, or NULL. */
void event_end(const char *stacks, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* An event with nothing but its sentence. */
void log_event(enum level level, const char *name, const char *service, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif /* WATCHDOGD_LOG_H */
