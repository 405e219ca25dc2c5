/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
#ifndef WATCHDOGD_BRACES_H
#define WATCHDOGD_BRACES_H

/* The line of the last brace of a configuration file that isn't closed; 0 for none. */
int unclosed_brace(const char *path);

#endif /* WATCHDOGD_BRACES_H */
