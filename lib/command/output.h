/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef _PROXYIPC_COMMAND_OUTPUT_H
#define _PROXYIPC_COMMAND_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

/*
 * What a subcommand has to say, once for people and for programs: values, and a
 * table. As text the table is printed with its columns aligned, and the values are
 * not printed; output_line() says them in a sentence. As JSON all of it is one
 * object in one line: the values, and the table as an array of objects.
 *
 * Text of others, the names of programs above all, may hold anything: what isn't
 * printable becomes a '?', what isn't UTF-8 a replacement character.
 */

/**
 * struct output_column - a column of the table
 * @key: its name in JSON; NULL after the last one
 * @title: the word above it; NULL if it is in JSON only
 */
struct output_column {
	const char *key;
	const char *title;
};

struct output;

struct output *output_new(FILE *file, bool json);

/* A value of the whole. */
void output_text(struct output *output, const char *key, const char *text);
void output_number(struct output *output, const char *key, long long number);
void output_numbers(struct output *output, const char *key,
		    const unsigned long long *numbers, size_t count);

/* Begins the table, called @key. Afterwards: row by row, each column in its turn. */
void output_table(struct output *output, const char *key, const struct output_column *columns);
void cell_text(struct output *output, const char *text);	/* NULL: there is none */
void cell_number(struct output *output, unsigned long long number);
void cell_numbers(struct output *output, const unsigned long long *numbers, size_t count);
void cell_bool(struct output *output, bool value);
void cell_none(struct output *output);

/* A number that text shows in other words. */
void cell_both(struct output *output, unsigned long long number, const char *text);

/* A sentence after the table; not in JSON. */
void output_line(struct output *output, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Prints it all, and forgets it; or forgets it without. */
void output_print(struct output *output);
void output_drop(struct output *output);

#endif /* _PROXYIPC_COMMAND_OUTPUT_H */
