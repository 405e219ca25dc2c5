// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Events as lines. What services and their users make up (names of threads, what they
 * say of their status) gets quoted, so that it can neither end a line nor begin a
 * value.
 */
#define _GNU_SOURCE
#include "log.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VALUES_MAX	24
#define TEXT_MAX	512	/* of one value; more is cut off */

struct value {
	const char *key;
	bool is_number;
	long long number;
	char text[TEXT_MAX];
};

struct log {
	bool open, json, journal;
	unsigned long long last_id, id;
	enum level level;
	unsigned int count;
	struct value values[VALUES_MAX];
};

static struct log log;

void log_open(bool json)
{
	log.json = json;
	/* systemd says so when stderr is its journal, which has the time already. */
	log.journal = getenv("JOURNAL_STREAM");
	if (!log.open)
		setvbuf(stderr, NULL, _IOFBF, 1 << 16);
	log.open = true;
}

static const char *level_name(enum level level)
{
	switch (level) {
	case LEVEL_ERROR:
		return "error";
	case LEVEL_WARNING:
		return "warning";
	case LEVEL_NOTICE:
		return "notice";
	default:
		return "info";
	}
}

/* --- putting one together ------------------------------------------------------ */

static struct value *new_value(const char *key)
{
	static struct value spare;
	struct value *value = log.count < VALUES_MAX ? &log.values[log.count++] : &spare;

	*value = (struct value){ .key = key };
	return value;
}

void event_text(const char *key, const char *text)
{
	if (text)
		snprintf(new_value(key)->text, TEXT_MAX, "%s", text);
}

void event_number(const char *key, long long number)
{
	struct value *value = new_value(key);

	value->is_number = true;
	value->number = number;
}

static void add_time(void)
{
	struct timespec ts;
	struct tm tm;
	char day[32], text[64];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%03ldZ", day, ts.tv_nsec / 1000000);
	event_text("time", text);
}

void event_begin_again(enum level level, const char *name, const char *service,
		       unsigned long long id)
{
	log.level = level;
	log.id = id;
	log.count = 0;
	if (!log.journal)
		add_time();
	event_text("level", level_name(level));
	event_text("event", name);
	event_number("id", id);
	event_text("service", service);
}

void event_begin(enum level level, const char *name, const char *service)
{
	event_begin_again(level, name, service, ++log.last_id);
}

unsigned long long event_id(void)
{
	return log.last_id;
}

/* The line at *@text, which moves behind it; NULL at the end. */
static const char *next_line(const char **text, size_t *len)
{
	const char *line = *text;

	if (!line || !*line)
		return NULL;
	*len = strcspn(line, "\n");
	*text = line + *len + (line[*len] == '\n');
	return line;
}

/* --- as text ------------------------------------------------------------------- */

static void print_quoted(const char *text)
{
	fputc('"', stderr);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fprintf(stderr, "\\%c", *text);
		else if (*text == '\n')
			fputs("\\n", stderr);
		else if (iscntrl((unsigned char)*text))
			fprintf(stderr, "\\u%04x", (unsigned char)*text);
		else
			fputc(*text, stderr);
	}
	fputc('"', stderr);
}

static bool is_plain(const char *text)
{
	const char *c;

	for (c = text; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_-+.:/@", *c))
			return false;
	return *text;
}

static void begin_line(void)
{
	if (log.journal)
		fprintf(stderr, "<%d>", log.level);
}

static void print_text_value(const struct value *value)
{
	fprintf(stderr, "%s=", value->key);
	if (value->is_number)
		fprintf(stderr, "%lld", value->number);
	else if (is_plain(value->text))
		fputs(value->text, stderr);
	else
		print_quoted(value->text);
}

/* Names of threads and functions are in it, which may hold anything. */
static void print_text_stack(const char *line, size_t len)
{
	size_t i;

	begin_line();
	fprintf(stderr, "    id=%llu ", log.id);
	for (i = 0; i < len; i++)
		fputc(iscntrl((unsigned char)line[i]) ? '?' : line[i], stderr);
	fputc('\n', stderr);
}

static void print_as_text(const char *stacks)
{
	const char *line;
	unsigned int i;
	size_t len;

	begin_line();
	for (i = 0; i < log.count; i++) {
		if (i)
			fputc(' ', stderr);
		print_text_value(&log.values[i]);
	}
	fputc('\n', stderr);
	while ((line = next_line(&stacks, &len)))
		print_text_stack(line, len);
}

/* --- as JSON ------------------------------------------------------------------- */

/* Is @text a character of UTF-8, @len bytes long; neither overlong nor a surrogate? */
static bool is_utf8(const unsigned char *text, size_t len)
{
	static const unsigned char first[] = { 0, 0, 0xc2, 0xe0, 0xf0, 0xf5 };
	size_t i;

	if (*text < first[len] || *text >= first[len + 1])
		return false;
	for (i = 1; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return false;
	return !(*text == 0xe0 && text[1] < 0xa0) && !(*text == 0xed && text[1] >= 0xa0) &&
	       !(*text == 0xf0 && text[1] < 0x90) && !(*text == 0xf4 && text[1] >= 0x90);
}

/* How many bytes the character at @text has; 0 if it is none. */
static size_t utf8_length(const unsigned char *text, size_t left)
{
	size_t len;

	if (*text < 0x80)
		return 1;
	for (len = 2; len <= 4 && len <= left; len++)
		if (is_utf8(text, len))
			return len;
	return 0;
}

static void print_json_text(const char *text, size_t size)
{
	const unsigned char *c = (const unsigned char *)text, *end = c + size;
	size_t len;

	fputc('"', stderr);
	for (; c < end; c += len) {
		len = utf8_length(c, end - c);
		if (!len) {
			len = 1;
			fputs("\\ufffd", stderr);
		} else if (*c == '"' || *c == '\\') {
			fprintf(stderr, "\\%c", *c);
		} else if (*c < ' ' || *c == 0x7f) {
			fprintf(stderr, "\\u%04x", *c);
		} else {
			fwrite(c, 1, len, stderr);
		}
	}
	fputc('"', stderr);
}

static void print_json_stacks(const char *stacks)
{
	const char *line, *before = "";
	size_t len;

	fputs(",\"stacks\":[", stderr);
	for (; (line = next_line(&stacks, &len)); before = ",") {
		fputs(before, stderr);
		print_json_text(line, len);
	}
	fputc(']', stderr);
}

static void print_as_json(const char *stacks)
{
	unsigned int i;

	begin_line();
	for (i = 0; i < log.count; i++) {
		fprintf(stderr, "%c\"%s\":", i ? ',' : '{', log.values[i].key);
		if (log.values[i].is_number)
			fprintf(stderr, "%lld", log.values[i].number);
		else
			print_json_text(log.values[i].text, strlen(log.values[i].text));
	}
	if (stacks)
		print_json_stacks(stacks);
	fputs("}\n", stderr);
}

/* --- both ---------------------------------------------------------------------- */

static void event_finish(const char *stacks, const char *format, va_list args)
{
	char text[TEXT_MAX];

	vsnprintf(text, sizeof(text), format, args);
	event_text("msg", text);
	if (log.json)
		print_as_json(stacks);
	else
		print_as_text(stacks);
	/* A reader that has gone must not be the end of a watchdog. */
	if (fflush(stderr))
		clearerr(stderr);
}

void event_end(const char *stacks, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	event_finish(stacks, format, args);
	va_end(args);
}

void log_event(enum level level, const char *name, const char *service, const char *format, ...)
{
	va_list args;

	event_begin(level, name, service);
	va_start(args, format);
	event_finish(NULL, format, args);
	va_end(args);
}
