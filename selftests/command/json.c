// SPDX-License-Identifier: GPL-2.0
#include "json.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Each takes what begins at @text, and returns what is after it; NULL if it is wrong. */

static const char *skip_value(const char *text);

static const char *skip_space(const char *text)
{
	return text + strspn(text, " \t");
}

static const char *skip_digits(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits ? text + digits : NULL;
}

static const char *skip_number(const char *text)
{
	text += *text == '-';
	if (*text == '0')
		text++;
	else
		text = skip_digits(text);
	if (text && *text == '.')
		text = skip_digits(text + 1);
	if (text && (*text == 'e' || *text == 'E')) {
		text++;
		text += *text == '+' || *text == '-';
		text = skip_digits(text);
	}
	return text;
}

static const char *skip_escape(const char *text)
{
	if (*text == 'u')
		return strspn(text + 1, "0123456789abcdefABCDEF") >= 4 ? text + 5 : NULL;
	return *text && strchr("\"\\/bfnrt", *text) ? text + 1 : NULL;
}

/* How long the UTF-8 character is; 0 if it isn't one. Too long forms aren't looked for. */
static size_t utf8_size(const char *text)
{
	unsigned char first = *text;
	size_t size = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 :
		      first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
	size_t i;

	for (i = 1; i < size; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
	return size;
}

static const char *skip_string(const char *text)
{
	if (*text++ != '"')
		return NULL;
	while (text && *text != '"') {
		if ((unsigned char)*text < 0x20 || !utf8_size(text))
			return NULL;
		text = *text == '\\' ? skip_escape(text + 1) : text + utf8_size(text);
	}
	return text ? text + 1 : NULL;
}

/* "name": and the space around it. */
static const char *skip_name(const char *text)
{
	text = skip_string(text);
	if (!text)
		return NULL;
	text = skip_space(text);
	return *text == ':' ? skip_space(text + 1) : NULL;
}

static const char *skip_word(const char *text)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t i;

	for (i = 0; i < 3; i++)
		if (!strncmp(text, words[i], strlen(words[i])))
			return text + strlen(words[i]);
	return NULL;
}

/* An object or an array, by what closes it. */
static const char *skip_members(const char *text, char end)
{
	text = skip_space(text + 1);
	if (*text == end)
		return text + 1;
	for (;;) {
		text = end == '}' ? skip_name(text) : text;
		text = text ? skip_value(text) : NULL;
		if (!text)
			return NULL;
		text = skip_space(text);
		if (*text == end)
			return text + 1;
		if (*text != ',')
			return NULL;
		text = skip_space(text + 1);
	}
}

static const char *skip_value(const char *text)
{
	switch (*text) {
	case '{':
		return skip_members(text, '}');
	case '[':
		return skip_members(text, ']');
	case '"':
		return skip_string(text);
	case 't':
	case 'f':
	case 'n':
		return skip_word(text);
	default:
		return skip_number(text);
	}
}

/* The value after the one at @value, of the same object or array; NULL at its end. */
static const char *next_value(const char *value)
{
	value = skip_space(skip_value(value));
	return *value == ',' ? skip_space(value + 1) : NULL;
}

/* Has the object at @value, or one in it, a member twice? */
static bool has_twins(const char *value)
{
	const char *one, *other;
	size_t len;

	if (*value != '{' && *value != '[')
		return false;
	one = skip_space(value + 1);
	if (*one == '}' || *one == ']')
		return false;
	for (; one; one = next_value(*value == '{' ? skip_name(one) : one)) {
		if (has_twins(*value == '{' ? skip_name(one) : one))
			return true;
		if (*value == '[')
			continue;
		len = skip_string(one) - one;
		for (other = next_value(skip_name(one)); other;
		     other = next_value(skip_name(other)))
			if (!strncmp(one, other, len))
				return true;
	}
	return false;
}

bool json_is_line(const char *text)
{
	const char *end;

	if (*text != '{')
		return false;
	end = skip_value(text);
	return end && !strcmp(end, "\n") && !has_twins(text);
}

const char *json_member(const char *value, const char *name)
{
	size_t len = strlen(name);

	if (!value || *value != '{')
		return NULL;
	value = skip_space(value + 1);
	if (*value == '}')
		return NULL;
	for (; value; value = next_value(skip_name(value)))
		if (!strncmp(value + 1, name, len) && value[len + 1] == '"')
			return skip_name(value);
	return NULL;
}

const char *json_item(const char *value, int nr)
{
	if (!value || *value != '[')
		return NULL;
	value = skip_space(value + 1);
	if (*value == ']')
		return NULL;
	while (value && nr--)
		value = next_value(value);
	return value;
}

int json_count(const char *value)
{
	int count = 0;

	if (!value || *value != '[')
		return -1;
	while (json_item(value, count))
		count++;
	return count;
}

bool json_is_string(const char *value, const char *text)
{
	size_t len = strlen(text);

	return value && *value == '"' && !strncmp(value + 1, text, len) &&
	       value[len + 1] == '"';
}

long long json_number(const char *value)
{
	return value && *value >= '0' && *value <= '9' ? strtoll(value, NULL, 10) : -1;
}

bool json_is_number(const char *value, long long number)
{
	return json_number(value) == number;
}

bool json_is_null(const char *value)
{
	return value && !strncmp(value, "null", 4);
}
