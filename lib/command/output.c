// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Aligned text, or JSON: the one place that knows how they are written. */
#define _GNU_SOURCE
#include "output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

/* What is said of one thing, in both languages; as JSON it is ready to print. */
struct cell {
	char *text;
	char *json;
};

struct output {
	FILE *file;
	bool json;

	/* "key":value,"key":value */
	char *values;

	const char *table;
	const struct output_column *columns;
	size_t nr_columns;
	struct cell *cells;
	size_t nr_cells;

	char *lines;
};

static char *format_new(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *format_new(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return allocate_array(text, text ? strlen(text) + 1 : SIZE_MAX, 1);
}

/* Appends @more to *@text, and frees it. */
static void append(char **text, char *more)
{
	char *both = format_new("%s%s", *text ? *text : "", more);

	free(*text);
	free(more);
	*text = both;
}

/* How many bytes the UTF-8 character at @text has; 0 if it isn't one. */
static int character_size(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;
	int size, i;

	if (byte[0] < 0x80)
		return 1;
	size = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
	if (byte[0] < 0xc2 || byte[0] > 0xf4)
		return 0;
	for (i = 1; i < size; i++)
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
	/* Too long for what it says, a half of a pair, and beyond the last one. */
	if ((byte[0] == 0xe0 && byte[1] < 0xa0) || (byte[0] == 0xed && byte[1] > 0x9f) ||
	    (byte[0] == 0xf0 && byte[1] < 0x90) || (byte[0] == 0xf4 && byte[1] > 0x8f))
		return 0;
	return size;
}

/* C1 control characters too, which some terminals obey. */
static bool is_control(const char *character, int size)
{
	const unsigned char *byte = (const unsigned char *)character;

	return size == 1 ? byte[0] < 0x20 || byte[0] == 0x7f :
	       size == 2 && byte[0] == 0xc2 && byte[1] < 0xa0;
}

/* @text in a form that no terminal takes for a command. */
static char *printable_new(const char *text)
{
	char *copy = format_new("%s", text);
	char *to = copy;
	int size;

	while (*text) {
		size = character_size(text);
		if (!size || is_control(text, size)) {
			*to++ = '?';
			text += size ? size : 1;
			continue;
		}
		memcpy(to, text, size);
		to += size;
		text += size;
	}
	*to = '\0';
	return copy;
}

static char *json_string_new(const char *text)
{
	/* The longest that a byte becomes is \u0000. */
	char *json = allocate_array(NULL, strlen(text) + 1, 6);
	char *to = json;
	int size;

	*to++ = '"';
	while (*text) {
		size = character_size(text);
		if (!size) {
			to = stpcpy(to, "\\ufffd");
			text++;
			continue;
		}
		if (*text == '"' || *text == '\\')
			*to++ = '\\';
		if (size == 1 && is_control(text, size))
			to += sprintf(to, "\\u%04x", *text);
		else
			to = mempcpy(to, text, size);
		text += size;
	}
	strcpy(to, "\"");
	return json;
}

struct output *output_new(FILE *file, bool json)
{
	struct output *output = allocate_array(NULL, 1, sizeof(*output));

	*output = (struct output){ .file = file, .json = json };
	return output;
}

static void add_value(struct output *output, const char *key, char *json)
{
	append(&output->values, format_new("%s\"%s\":%s", output->values ? "," : "", key, json));
	free(json);
}

void output_text(struct output *output, const char *key, const char *text)
{
	add_value(output, key, text ? json_string_new(text) : format_new("null"));
}

void output_number(struct output *output, const char *key, long long number)
{
	add_value(output, key, format_new("%lld", number));
}

/* "1,2,3" */
static char *list_new(const unsigned long long *numbers, size_t count)
{
	char *list = format_new("%s", "");
	size_t i;

	for (i = 0; i < count; i++)
		append(&list, format_new("%s%llu", i ? "," : "", numbers[i]));
	return list;
}

void output_numbers(struct output *output, const char *key,
		    const unsigned long long *numbers, size_t count)
{
	char *list = list_new(numbers, count);

	add_value(output, key, format_new("[%s]", list));
	free(list);
}

void output_table(struct output *output, const char *key, const struct output_column *columns)
{
	output->table = key;
	output->columns = columns;
	while (columns[output->nr_columns].key)
		output->nr_columns++;
}

static void add_cell(struct output *output, char *text, char *json)
{
	output->cells = allocate_array(output->cells, output->nr_cells + 1,
				       sizeof(*output->cells));
	output->cells[output->nr_cells++] = (struct cell){ .text = text, .json = json };
}

void cell_text(struct output *output, const char *text)
{
	if (!text)
		cell_none(output);
	else
		add_cell(output, printable_new(text), json_string_new(text));
}

void cell_number(struct output *output, unsigned long long number)
{
	add_cell(output, format_new("%llu", number), format_new("%llu", number));
}

void cell_both(struct output *output, unsigned long long number, const char *text)
{
	add_cell(output, printable_new(text), format_new("%llu", number));
}

void cell_numbers(struct output *output, const unsigned long long *numbers, size_t count)
{
	char *list = list_new(numbers, count);

	add_cell(output, format_new("%s", count ? list : "-"), format_new("[%s]", list));
	free(list);
}

void cell_bool(struct output *output, bool value)
{
	add_cell(output, format_new("%s", value ? "yes" : "no"),
		 format_new("%s", value ? "true" : "false"));
}

void cell_none(struct output *output)
{
	add_cell(output, format_new("-"), format_new("null"));
}

void output_line(struct output *output, const char *format, ...)
{
	char *line = NULL, *printable;
	va_list args;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		line = NULL;
	va_end(args);
	line = allocate_array(line, line ? strlen(line) + 1 : SIZE_MAX, 1);
	printable = printable_new(line);
	append(&output->lines, format_new("%s\n", printable));
	free(printable);
	free(line);
}

static void print_json(const struct output *output)
{
	size_t i, column;

	fprintf(output->file, "{%s", output->values ? output->values : "");
	if (output->table) {
		fprintf(output->file, "%s\"%s\":[", output->values ? "," : "", output->table);
		for (i = 0; i < output->nr_cells; i++) {
			column = i % output->nr_columns;
			fprintf(output->file, "%s\"%s\":%s%s",
				column ? "," : i ? ",{" : "{", output->columns[column].key,
				output->cells[i].json,
				column == output->nr_columns - 1 ? "}" : "");
		}
		fputc(']', output->file);
	}
	fputs("}\n", output->file);
}

/* In characters. What is wider than one column of the terminal isn't expected. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static int column_width(const struct output *output, size_t column)
{
	int width = width_of(output->columns[column].title);
	size_t i;

	for (i = column; i < output->nr_cells; i += output->nr_columns)
		if (width_of(output->cells[i].text) > width)
			width = width_of(output->cells[i].text);
	return width;
}

/* @width 0: the last one, which nothing is to the right of. */
static void print_text_cell(const struct output *output, const char *text, int width)
{
	fprintf(output->file, "%s%*s", text, width ? width + 2 - width_of(text) : 0, "");
}

static void print_table(const struct output *output)
{
	int *widths = allocate_array(NULL, output->nr_columns, sizeof(*widths));
	size_t i, column, last = 0;

	for (i = 0; i < output->nr_columns; i++) {
		widths[i] = output->columns[i].title ? column_width(output, i) : -1;
		if (widths[i] >= 0)
			last = i;
	}
	widths[last] = 0;
	for (i = 0; i <= last; i++)
		if (widths[i] >= 0)
			print_text_cell(output, output->columns[i].title, widths[i]);
	fputc('\n', output->file);
	for (i = 0; i < output->nr_cells; i++) {
		column = i % output->nr_columns;
		if (widths[column] >= 0)
			print_text_cell(output, output->cells[i].text, widths[column]);
		if (column == output->nr_columns - 1)
			fputc('\n', output->file);
	}
	free(widths);
}

static void print_text(const struct output *output)
{
	/* A heading above nothing would only look odd. */
	if (output->nr_cells)
		print_table(output);
	fputs(output->lines ? output->lines : "", output->file);
}

void output_print(struct output *output)
{
	if (output->json)
		print_json(output);
	else
		print_text(output);
	fflush(output->file);
	output_drop(output);
}

void output_drop(struct output *output)
{
	size_t i;

	for (i = 0; i < output->nr_cells; i++) {
		free(output->cells[i].text);
		free(output->cells[i].json);
	}
	free(output->cells);
	free(output->values);
	free(output->lines);
	free(output);
}
