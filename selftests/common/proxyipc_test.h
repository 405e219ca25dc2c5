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

#include "clock.h"
#include "expect.h"
#include "helper.h"
#include "objects.h"
#include "pass.h"
#include "proc.h"
#include "target.h"

#endif /* PROXYIPC_TEST_H */
