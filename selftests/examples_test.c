// SPDX-License-Identifier: GPL-2.0
/* The examples do what they say that they do. */
#include "proxyipc_test.h"
#include "hold_helpers.h"

#include <fcntl.h>
#include <libgen.h>
#include <sys/mman.h>

#define PAGE		4096L
#define FAULTS		10000L	/* and as many pages */
#define OUTPUT_MAX	4096

/* The program beside this one: its exit status, or -1, and what it prints. */
static int output_of(const char *name, const char *argument, char *text)
{
	char path[256], command[600];
	ssize_t size;
	size_t got;
	FILE *pipe;
	int status;

	size = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (size < 0)
		return -1;
	path[size] = '\0';
	snprintf(command, sizeof(command), "%s/%s %s 2>&1", dirname(path), name, argument);
	pipe = popen(command, "r");
	if (!pipe)
		return -1;
	got = fread(text, 1, OUTPUT_MAX - 1, pipe);
	text[got] = '\0';
	status = pclose(pipe);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A file of @pages and 5 bytes more: the sum of all its bytes, 0 if it can't be made. */
static unsigned long long file_new(const char *path, long pages)
{
	unsigned char page[PAGE];
	unsigned long long sum = 0;
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	ssize_t size = PAGE;

	for (long i = 0; size && i <= pages; i++) {
		size = i < pages ? PAGE : 5;
		for (ssize_t at = 0; at < size; at++) {
			page[at] = i * 7 + at * 3 + 1;
			sum += page[at];
		}
		if (write(fd, page, size) != size)
			size = 0;
	}
	close(fd);
	return size ? sum : 0;
}

TEST(pager_fills_ten_thousand_pages_on_demand)
{
	const long pages = FAULTS - 1;
	char path[64], text[OUTPUT_MAX], want[128];
	unsigned long long sum;

	snprintf(path, sizeof(path), "/tmp/pager.%d", getpid());
	sum = file_new(path, pages);
	EXPECT_LT(0ULL, sum);
	EXPECT_EQ(0, output_of("pager_helper", path, text));
	/* The last one is not full. */
	snprintf(want, sizeof(want), "sum %llu\n%ld faults\n", sum, pages + 1);
	EXPECT_STREQ(want, text);
	unlink(path);
}

TEST(exception_is_handled_by_another_thread)
{
	char text[OUTPUT_MAX];

	EXPECT_EQ(0, output_of("exception_helper", "", text));
	EXPECT_STREQ("1--1--1--1--1--1\n", text);
}

TEST(ring_serves_a_thousand_entries_and_watches_a_thousand_targets)
{
	char text[OUTPUT_MAX];

	EXPECT_EQ(0, output_of("ring_helper", "1000", text));
	EXPECT_STREQ("1000 entries served, 1000 targets held and resumed, 1000 seen to end\n",
		     text);
}

TEST_HARNESS_MAIN
