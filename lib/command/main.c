// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* proxyipc: look at held programs, hold them and resume them, from a shell. */
#define _GNU_SOURCE
#include "command.h"

#include <errno.h>
#include <proxyipc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct subcommand *const subcommands[] = {
	&command_ps,
	&command_hold,
	&command_resume,
	&command_run,
	&command_backtrace,
	&command_doctor,
};

void complain(const char *format, ...)
{
	va_list args;

	fputs("proxyipc: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int bad_usage(const struct subcommand *self)
{
	fprintf(stderr, "Usage: proxyipc %s %s\nproxyipc %s --help says more.\n",
		self->name, self->arguments, self->name);
	return EXIT_USAGE;
}

int print_help(const struct subcommand *self)
{
	printf("Usage: proxyipc %s %s\n\n%s\n  --json         print JSON, one object per line\n"
	       "  --help         print this text\n", self->name, self->arguments, self->help);
	return EXIT_DONE;
}

void *allocate_array(void *old, size_t count, size_t size)
{
	void *array = reallocarray(old, count, size);

	if (!array) {
		complain("out of memory");
		exit(EXIT_FAILED);
	}
	return array;
}

uint64_t parse_duration(const char *text)
{
	static const struct {
		const char *unit;
		double ns;
	} units[] = {
		{ "", 1e9 }, { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 },
		{ "m", 60e9 }, { "h", 3600e9 },
	};
	double number;
	char *end;
	size_t i;

	/* strtod() would take "inf", " 5" and "0x5" as well. */
	if (*text < '0' || *text > '9' || text[1] == 'x' || text[1] == 'X')
		return 0;
	number = strtod(text, &end);
	for (i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(end, units[i].unit))
			continue;
		number *= units[i].ns;
		return number >= 1 && number < 9e18 ? (uint64_t)number : 0;
	}
	return 0;
}

const char *format_duration(char *text, uint64_t ns)
{
	if (ns < 1000000)
		snprintf(text, DURATION_SIZE, "%llu us", (unsigned long long)ns / 1000);
	else if (ns < 1000000000)
		snprintf(text, DURATION_SIZE, "%llu ms", (unsigned long long)ns / 1000000);
	else
		snprintf(text, DURATION_SIZE, "%.4g s", (double)ns / 1e9);
	return text;
}

unsigned long long parse_number(const char *text, unsigned long long max)
{
	unsigned long long number;
	char *end;

	if (*text < '1' || *text > '9')
		return 0;
	errno = 0;
	number = strtoull(text, &end, 10);
	return *end || errno || number > max ? 0 : number;
}

bool parse_target(const char *text, pid_t *pid, pid_t *tid)
{
	const char *slash = strchr(text, '/');
	char first[16];

	*tid = 0;
	if (slash) {
		*tid = parse_number(slash + 1, INT32_MAX);
		if (!*tid)
			return false;
		snprintf(first, sizeof(first), "%.*s", (int)(slash - text), text);
		text = first;
	}
	*pid = parse_number(text, INT32_MAX);
	return *pid;
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int print_overview(void)
{
	size_t i;

	puts("Usage: proxyipc COMMAND [OPTION]... [ARGUMENT]...\n");
	for (i = 0; i < ARRAY_SIZE(subcommands); i++)
		printf("  %-11s%s\n", subcommands[i]->name, subcommands[i]->summary);
	puts("\nproxyipc COMMAND --help says more about each, and proxyipc(1) all of it.\n"
	     "With --json they print JSON, one object per line.\n"
	     "proxyipc --version prints the version.");
	return EXIT_DONE;
}

static const struct subcommand *find_subcommand(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(subcommands); i++)
		if (!strcmp(subcommands[i]->name, name))
			return subcommands[i];
	return NULL;
}

static int run_subcommand(const struct subcommand *self, int argc, char **argv, bool json)
{
	char name[64];
	int status;

	snprintf(name, sizeof(name), "proxyipc %s", self->name);
	argv[0] = name;
	status = self->run(argc, argv, json);
	/* What was printed and never arrived was not done. */
	if (fflush(stdout) || ferror(stdout)) {
		complain("can't write the output: %s", strerror(errno));
		return status ? status : EXIT_FAILED;
	}
	return status;
}

int main(int argc, char **argv)
{
	const struct subcommand *self;
	bool json = false;

	if (argc > 1 && !strcmp(argv[1], "--json")) {
		json = true;
		argc--;
		argv++;
	}
	if (argc < 2) {
		complain("no command given; proxyipc --help lists them");
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("proxyipc %s, ABI version %d\n", PROXYIPC_COMMAND_VERSION,
		       PROXYIPC_ABI_VERSION);
		return EXIT_DONE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_overview();
	self = find_subcommand(argv[1]);
	if (!self) {
		complain("there is no command '%s'; proxyipc --help lists them", argv[1]);
		return EXIT_USAGE;
	}
	return run_subcommand(self, argc - 1, argv + 1, json);
}
