// SPDX-License-Identifier: GPL-2.0
/* The example, for examples_test. */
#include "../examples/ring.c"
