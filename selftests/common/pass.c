// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "pass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int pass_send(int sock, const void *bytes, size_t len)
{
	ssize_t sent;

	do {
		sent = send(sock, bytes, len, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	return (size_t)sent == len ? 0 : -EPIPE;
}

int pass_recv(int sock, void *bytes, size_t len)
{
	ssize_t got;

	do {
		got = recv(sock, bytes, len, MSG_WAITALL);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	return (size_t)got == len ? 0 : -EPIPE;
}

/* One message of one byte, with room for one descriptor beside it. */
struct envelope {
	char byte;
	struct iovec iov;
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr msg;
};

static void envelope_init(struct envelope *e)
{
	memset(e, 0, sizeof(*e));
	e->iov.iov_base = &e->byte;
	e->iov.iov_len = 1;
	e->msg.msg_iov = &e->iov;
	e->msg.msg_iovlen = 1;
	e->msg.msg_control = e->control.bytes;
	e->msg.msg_controllen = sizeof(e->control.bytes);
}

int pass_send_fd(int sock, int fd)
{
	struct cmsghdr *header;
	struct envelope e;

	envelope_init(&e);
	header = CMSG_FIRSTHDR(&e.msg);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(sock, &e.msg, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int pass_recv_fd(int sock)
{
	struct cmsghdr *header;
	struct envelope e;
	ssize_t got;
	int fd;

	envelope_init(&e);
	do {
		got = recvmsg(sock, &e.msg, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	header = CMSG_FIRSTHDR(&e.msg);
	if (got != 1 || !header || header->cmsg_type != SCM_RIGHTS)
		return -EPIPE;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}
