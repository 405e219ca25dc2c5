/* SPDX-License-Identifier: LGPL-2.1-or-later OR MIT */
/* How single values of the configuration file are written. Callbacks for libconfuse. */
#ifndef WATCHDOGD_VALUES_H
#define WATCHDOGD_VALUES_H

#include <confuse.h>

/* "250ms", "3s", "1min 30s": nanoseconds, into a long; "0" is none. */
int value_time(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);

/* The words of enum action, enum restart, enum alive and enum notify_access. */
int value_action(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int value_restart(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int value_alive(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);
int value_notify_access(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);

/* "text" or "json": a long that is 1 for the latter. */
int value_log(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);

/* "SIGSEGV" and the others that a fault may have: the signal's number. */
int value_fault(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result);

#endif /* WATCHDOGD_VALUES_H */
