// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * Who didn't get a CPU? The module says it of the service. But a probe, or this daemon,
 * that gets none makes a service look dead that is well: so the daemon looks at itself
 * and at its probes too.
 */
#define _GNU_SOURCE
#include "schedstat.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

__u64 cpu_delay(pid_t pid)
{
	unsigned long long delay = 0;
	char path[40], text[96];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	return sscanf(text, "%*u %llu", &delay) == 1 ? delay : 0;
}
