// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* What a program says in its control pages, read by who may read its memory. */
#define _GNU_SOURCE
#include "control_page.h"

#include <proxyipc.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

/* The counter of the page at @address; -1 if it can't be read. */
static long long read_keepalive(pid_t pid, unsigned long address)
{
	__u32 count;
	struct iovec to = { &count, sizeof(count) };
	struct iovec from = {
		(void *)(address + offsetof(struct proxyipc_control, keepalive)), sizeof(count)
	};

	return process_vm_readv(pid, &to, 1, &from, 1, 0) == sizeof(count) ?
	       (long long)count : -1;
}

long long count_keepalives(pid_t pid)
{
	long long count, all = 0;
	char path[32], *line = NULL;
	unsigned long address;
	size_t size = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		return -1;
	while (all >= 0 && getline(&line, &size, maps) > 0) {
		if (!strstr(line, " anon_inode:[proxyipc-process]\n") ||
		    sscanf(line, "%lx-", &address) != 1)
			continue;
		count = read_keepalive(pid, address);
		all = count < 0 ? -1 : all + count;
	}
	free(line);
	fclose(maps);
	return all;
}
