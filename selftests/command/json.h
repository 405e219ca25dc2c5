/* SPDX-License-Identifier: GPL-2.0 */
/* A strict reader of JSON (RFC 8259), to see whether others would read it. */
#ifndef PROXYIPC_COMMAND_JSON_H
#define PROXYIPC_COMMAND_JSON_H

#include <stdbool.h>

/*
 * Is @text one object in one line, and nothing else? Also no member twice, which
 * the RFC leaves open.
 */
bool json_is_line(const char *text);

/* What json_is_line() accepted, or a value in it. */

/* The member of that name of the object at @value, NULL if it has none. */
const char *json_member(const char *value, const char *name);

/* Item @nr of the array at @value, NULL if there is none. */
const char *json_item(const char *value, int nr);

/* How many items the array at @value has; -1 if it isn't one. */
int json_count(const char *value);

/* Is the value this string (without escapes in it), this number, null? */
bool json_is_string(const char *value, const char *text);
bool json_is_number(const char *value, long long number);
bool json_is_null(const char *value);

/* An integer; -1 if it isn't one. */
long long json_number(const char *value);

#endif /* PROXYIPC_COMMAND_JSON_H */
