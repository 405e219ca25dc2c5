/* SPDX-License-Identifier: GPL-2.0 */
/* What is left when everybody is gone: nothing, or as much as before. */
#ifndef STRESS_LEFTOVERS_H
#define STRESS_LEFTOVERS_H

#include <stdbool.h>

/* Before anything: what the module has of its own. */
void leftovers_fresh(void);

/* Once all is quiet, before the storm: what is to be there afterwards too. */
void leftovers_begin(void);

/* After the storm. Says what is left; true if nothing is. Unloads the module. */
bool leftovers_none(void);

#endif /* STRESS_LEFTOVERS_H */
