/* SPDX-License-Identifier: GPL-2.0 */
#ifndef BENCH_SYSCALLS_H
#define BENCH_SYSCALLS_H

/*
 * How many system calls begin anywhere in the system between the two. The second
 * returns -1 where there is no tracefs. It counts some of its own, always the same.
 */
void syscalls_begin(void);
long syscalls_end(void);

#endif /* BENCH_SYSCALLS_H */
