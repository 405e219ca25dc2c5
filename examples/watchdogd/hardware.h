/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* The machine's own watchdog, which resets it when this daemon doesn't feed it. */
#ifndef WATCHDOGD_HARDWARE_H
#define WATCHDOGD_HARDWARE_H

struct config;

/* Opens it if @config has one, follows it if it changed. Then feeds it from the loop. */
void hardware_configure(const struct config *config);

/* An orderly end: it is told not to bite. */
void hardware_close(void);

#endif /* WATCHDOGD_HARDWARE_H */
