// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hold_helpers.h"

static const char fail_nth[] = "/proc/thread-self/fail-nth";

/*
 * What the nth failure may be is said for each kind. A kernel that announces
 * them prints a stack for each, which is what a real complaint looks like.
 */
static const struct setting {
	const char *path;
	const char *value;
} settings[] = {
	{ "/sys/kernel/debug/failslab/verbose", "0" },
	{ "/sys/kernel/debug/failslab/ignore-gfp-wait", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/verbose", "0" },
	{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N" },
	{ "/sys/kernel/debug/fail_page_alloc/min-order", "0" },
	{ "/sys/kernel/debug/fail_usercopy/verbose", "0" },
	{ NULL, NULL }
};

bool fault_available(void)
{
	return !access(fail_nth, W_OK);
}

int fault_setup(void)
{
	const struct setting *setting;
	int ret;

	for (setting = settings; setting->path; setting++) {
		ret = file_write(setting->path, setting->value);
		if (ret)
			return ret;
	}
	return 0;
}

/*
 * Out of the way: the number that the command under test gets is one that is free
 * before and after, so that one which it doesn't give back is missed.
 */
static int open_high(const char *path)
{
	int fd, high;

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	high = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	if (high < 0)
		high = -errno;
	close(fd);
	return high;
}

int fault_during(unsigned int nth, int (*run)(void *arg), void *arg,
		 bool *fired)
{
	char text[16] = "";
	ssize_t got;
	int fd, ret;

	fd = open_high(fail_nth);
	if (fd < 0)
		return fd;
	ret = snprintf(text, sizeof(text), "%u", nth);
	if (write(fd, text, ret) != ret) {
		close(fd);
		return -EIO;
	}
	ret = run(arg);
	/* How many are left to go. If it is this copy that fails, one was. */
	got = pread(fd, text, sizeof(text) - 1, 0);
	*fired = got > 0 && !atoi(text);
	/* The same is true of this one, hence until it is done. */
	while (pwrite(fd, "0", 1, 0) != 1)
		;
	close(fd);
	return ret;
}
