// SPDX-License-Identifier: LGPL-2.1-or-later OR MIT
/* Passing a file descriptor to another process. */

#include "internal.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* A control message with exactly one file descriptor: more are cut off. */
union fd_control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

int proxyipc_fd_send(int socket, int fd)
{
	union fd_control control = {
		.header = {
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(sizeof(int)),
		},
	};
	char data = '\0';
	struct iovec byte = { .iov_base = &data, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof(int)),
	};
	int saved_errno = errno;
	int ret = 0;

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		ret = -errno;
	errno = saved_errno;
	return ret;
}

static int receive_fd(int socket)
{
	union fd_control control = { .space = { 0 } };
	char data;
	struct iovec byte = { .iov_base = &data, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &byte,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof(int)),
	};
	struct cmsghdr *header;
	int fd;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) < 0)
		return -errno;

	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len != CMSG_LEN(sizeof(int)))
		return message.msg_flags & MSG_CTRUNC ? -EMFILE : -ENODATA;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	if (message.msg_flags & MSG_CTRUNC) {
		close(fd);
		return -EPROTO;
	}
	return fd;
}

int proxyipc_fd_recv(int socket)
{
	int saved_errno = errno;
	int ret = receive_fd(socket);

	errno = saved_errno;
	return ret;
}
