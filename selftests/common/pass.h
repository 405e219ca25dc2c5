/* SPDX-License-Identifier: GPL-2.0 */
/* Bytes and file descriptors through a socketpair. */
#ifndef PROXYIPC_PASS_H
#define PROXYIPC_PASS_H

#include <stddef.h>

/* All return 0 (pass_recv_fd: the descriptor) or -errno; -EPIPE at the end. */
int pass_send(int sock, const void *bytes, size_t len);
int pass_recv(int sock, void *bytes, size_t len);
int pass_send_fd(int sock, int fd);
int pass_recv_fd(int sock);

#endif /* PROXYIPC_PASS_H */
