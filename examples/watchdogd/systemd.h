/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* Telling our own service manager that we are there, and alive. */
#ifndef WATCHDOGD_SYSTEMD_H
#define WATCHDOGD_SYSTEMD_H

/* Reads what it told us, and keeps it from our services. Then keeps alive. */
void systemd_open(void);

/* "READY=1" and the like; nobody listens without one. */
void systemd_say(const char *state);

#endif /* WATCHDOGD_SYSTEMD_H */
