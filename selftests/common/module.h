/* SPDX-License-Identifier: GPL-2.0 */
/* Removing the module and loading it again. */
#ifndef PROXYIPC_MODULE_H
#define PROXYIPC_MODULE_H

#include <stdbool.h>

/* The file to load; PROXYIPC_KO says if it isn't where selftests/vm/run has it. */
const char *module_file(void);

/* Neither waits: 0 or -errno, -EWOULDBLOCK for a module that is in use. */
int module_remove(void);
int module_load(const char *parameters);

bool module_is_loaded(void);

/* "name=value name=value", as they are now. */
void module_parameters(char *text, int size);

#endif /* PROXYIPC_MODULE_H */
