/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's fault injection, for the calling thread alone: of all allocations
 * and copies from and to user space that it comes to, the nth fails.
 */
#ifndef PROXYIPC_FAULT_H
#define PROXYIPC_FAULT_H

#include <stdbool.h>

/* Has this kernel got it? */
bool fault_available(void);

/* Has all kinds of them fail, in silence; for the whole system. 0 or -errno. */
int fault_setup(void);

/*
 * What @run returns with a failure at the @nth place that it comes to. @fired is
 * whether it came that far.
 */
int fault_during(unsigned int nth, int (*run)(void *arg), void *arg,
		 bool *fired);

#endif /* PROXYIPC_FAULT_H */
