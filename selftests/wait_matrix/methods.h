/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ways to stop a process whose effect on a wait is compared: ours, and what
 * Linux has without us.
 */
#ifndef PROXYIPC_WAIT_MATRIX_METHODS_H
#define PROXYIPC_WAIT_MATRIX_METHODS_H

#include "waits.h"

/*
 * Functions that are not there have nothing to do. @enrol runs in the child, the
 * others in the parent.
 *
 * @find: is it there at all? 0 or -errno.
 * @attach, @stop, @resume: 0 or -errno. @stop need not wait.
 * @stopped: polled after @stop. @parked: polled when the wait has ended during
 * the stop.
 * @detach: the child is gone.
 * @strict: a wait must not even be woken. Without it, a system call that is left
 * and entered again unseen by the program is as good as one never left.
 */
struct method {
	const char *name;
	bool strict;
	int (*find)(void);
	void (*enrol)(struct cell *c);
	int (*attach)(struct cell *c);
	int (*stop)(struct cell *c);
	bool (*stopped)(struct cell *c);
	bool (*parked)(struct cell *c);
	int (*resume)(struct cell *c);
	void (*detach)(struct cell *c);
};

#define METHODS 5
/* The first is ours. */
extern const struct method methods[METHODS];

#endif /* PROXYIPC_WAIT_MATRIX_METHODS_H */
