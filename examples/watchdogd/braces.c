// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * To libconfuse the end of a file also ends a section. So a file of which only a part
 * was written would be taken for a whole one with fewer settings: that is seen here.
 */
#define _GNU_SOURCE
#include "braces.h"

#include <stdio.h>

#define DEPTH_MAX	16

struct scan {
	FILE *file;
	int line;
	int depth;
	int opened[DEPTH_MAX];	/* lines of braces */
};

static int next(struct scan *scan)
{
	int c = getc(scan->file);

	if (c == '\n')
		scan->line++;
	return c;
}

/* To the end of a string that began with @quote. */
static void skip_string(struct scan *scan, int quote)
{
	int c;

	while ((c = next(scan)) != quote && c != EOF)
		if (c == '\\')
			next(scan);
}

static void skip_line(struct scan *scan)
{
	int c;

	do {
		c = next(scan);
	} while (c != '\n' && c != EOF);
}

/* Behind a slash: a comment, if the next one makes it one. */
static void skip_comment(struct scan *scan)
{
	int c = getc(scan->file), before = 0;

	ungetc(c, scan->file);
	if (c == '/')
		skip_line(scan);
	if (c != '*')
		return;
	next(scan);
	while ((c = next(scan)) != EOF && !(before == '*' && c == '/'))
		before = c;
}

static void count(struct scan *scan, int c)
{
	if (c == '{' && scan->depth < DEPTH_MAX)
		scan->opened[scan->depth++] = scan->line;
	else if (c == '}' && scan->depth)
		scan->depth--;
}

int unclosed_brace(const char *path)
{
	struct scan scan = { .file = fopen(path, "re"), .line = 1 };
	int c;

	if (!scan.file)
		return 0;
	while ((c = next(&scan)) != EOF) {
		if (c == '"' || c == '\'')
			skip_string(&scan, c);
		else if (c == '#')
			skip_line(&scan);
		else if (c == '/')
			skip_comment(&scan);
		else
			count(&scan, c);
	}
	fclose(scan.file);
	return scan.depth ? scan.opened[scan.depth - 1] : 0;
}
