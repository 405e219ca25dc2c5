// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * The sending end of sd_notify(3). Not by libsystemd: the protocol is one datagram, it
 * is promised to stay as it is, its manual page says how to speak it without the
 * library; and that would bring three compression libraries and a cryptographic one into
 * a daemon that runs as root and may read every process.
 */
#define _GNU_SOURCE
#include "systemd.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop.h"

static int manager = -1;
static struct timer timer;
static __u64 interval;

void systemd_say(const char *state)
{
	if (manager >= 0)
		send(manager, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* From the loop, so it says that the loop goes round. */
static void keep_alive(void *arg)
{
	(void)arg;
	systemd_say("WATCHDOG=1");
	timer_set(&timer, interval, keep_alive, NULL);
}

static void connect_manager(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;

	if (!len || len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, len);
	/* How an abstract name is written. */
	if (*path == '@')
		address.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (manager < 0 || !connect(manager, (struct sockaddr *)&address,
				    offsetof(struct sockaddr_un, sun_path) + len))
		return;
	close(manager);
	manager = -1;
}

/* Half of what is asked for, as sd_watchdog_enabled(3) wants it. */
static void read_interval(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (usec && (!pid || atoi(pid) == getpid()))
		interval = strtoull(usec, NULL, 10) * NS_PER_US / 2;
}

void systemd_open(void)
{
	connect_manager(getenv("NOTIFY_SOCKET"));
	read_interval();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (interval && manager >= 0)
		keep_alive(NULL);
}
