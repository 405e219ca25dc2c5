/* SPDX-License-Identifier: GPL-2.0 */
/* Objects of proxyipc in one word each. All end the program if they can't be made. */
#ifndef BENCH_OURS_H
#define BENCH_OURS_H

#include <proxyipc.h>
#include <sys/types.h>

int ours_endpoint(void);

/* Rights to call, send or, with one bit, to notify. */
int ours_entry(int endpoint, unsigned int rights);

/* 0, 0 is the calling thread. */
int ours_process(pid_t tgid, pid_t tid);

/* All threads of it as one. */
int ours_group(pid_t tgid);

/* To whose proxied messages that endpoint is the receiver from now on. */
void ours_set_receiver(int process, int endpoint);

#endif /* BENCH_OURS_H */
