// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/*
 * /dev/watchdog: fed from the event loop, so that a daemon that hangs, or a machine that
 * runs nothing any more, is reset. Closed by the magic 'V', the device is off again; a
 * daemon that dies leaves it on, unless the driver was told otherwise.
 */
#define _GNU_SOURCE
#include "hardware.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "loop.h"

static struct {
	int fd;
	char path[256];
	__u64 interval;
	struct timer timer;
} hardware = { .fd = -1 };

static void feed(void *arg)
{
	(void)arg;
	if (ioctl(hardware.fd, WDIOC_KEEPALIVE, 0) && errno != EINTR)
		log_event(LEVEL_ERROR, "error", NULL, "%s: can't feed it: %s", hardware.path,
			  strerror(errno));
	timer_set(&hardware.timer, hardware.interval, feed, NULL);
}

void hardware_close(void)
{
	if (hardware.fd < 0)
		return;
	timer_stop(&hardware.timer);
	if (write(hardware.fd, "V", 1) != 1)
		log_event(LEVEL_ERROR, "error", NULL, "%s: can't be switched off: %s",
			  hardware.path, strerror(errno));
	close(hardware.fd);
	hardware.fd = -1;
	log_event(LEVEL_NOTICE, "hardware", NULL, "%s is switched off", hardware.path);
}

/* The device may have no such timeout, and says which one it has taken instead. */
static void set_timeout(__u64 timeout)
{
	int seconds = timeout / NS_PER_S;

	if (ioctl(hardware.fd, WDIOC_SETTIMEOUT, &seconds) &&
	    ioctl(hardware.fd, WDIOC_GETTIMEOUT, &seconds))
		seconds = timeout / NS_PER_S;
	/* Two may come too late. */
	hardware.interval = (seconds > 0 ? seconds : 1) * NS_PER_S / 3;
	log_event(LEVEL_NOTICE, "hardware", NULL, "%s is fed, and bites after %d s without",
		  hardware.path, seconds);
}

static void open_device(const char *path)
{
	hardware.fd = open(path, O_WRONLY | O_CLOEXEC);
	if (hardware.fd < 0)
		log_event(LEVEL_ERROR, "error", NULL, "%s: %s", path, strerror(errno));
	else
		snprintf(hardware.path, sizeof(hardware.path), "%s", path);
}

void hardware_configure(const struct config *config)
{
	const char *path = config->hardware;

	if (hardware.fd >= 0 && (!path || strcmp(path, hardware.path)))
		hardware_close();
	if (hardware.fd < 0 && path)
		open_device(path);
	if (hardware.fd < 0)
		return;
	set_timeout(config->hardware_timeout);
	feed(NULL);
}
