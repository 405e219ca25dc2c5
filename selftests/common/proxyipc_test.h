/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every proxyipc test program includes: the kernel's harness, the ABI and
 * the helpers in this folder.
 *
 * The harness defines functions, so this file is for the test programs alone;
 * the .c files here include only their own headers.
 */
#ifndef PROXYIPC_TEST_H
#define PROXYIPC_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>

#include "kselftest_harness.h"

/*
 * The one limit is the program's (selftests/programs): it grows with the slowness
 * of the kernel and with the length of the run, which the harness knows nothing of.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	1000000

#include "clock.h"
#include "expect.h"
#include "helper.h"
#include "objects.h"
#include "pass.h"
#include "proc.h"
#include "repeat.h"
#include "target.h"

#endif /* PROXYIPC_TEST_H */
