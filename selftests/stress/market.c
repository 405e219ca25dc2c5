// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "market.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "board.h"

/* pidfd_getfd(2) of what @slot has now; that it still is the same is seen after. */
int steal(int slot, _Atomic int *fd)
{
	struct slot *from = &board->slots[slot];
	__u32 life = from->life;
	pid_t pid = from->pid;
	int number = *fd, pidfd, ret;

	if (!pid || number < 0)
		return -ENOENT;
	pidfd = syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return -errno;
	ret = syscall(SYS_pidfd_getfd, pidfd, number, 0);
	if (ret < 0)
		ret = -errno;
	close(pidfd);
	if (ret >= 0 && (from->life != life || from->pid != pid || *fd != number)) {
		close(ret);
		return -ENOENT;
	}
	return ret;
}

struct label {
	__u32 ware;
	__u64 key;
};

/* A datagram with one descriptor beside it. */
struct envelope {
	struct label label;
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
	e->iov.iov_base = &e->label;
	e->iov.iov_len = sizeof(e->label);
	e->msg.msg_iov = &e->iov;
	e->msg.msg_iovlen = 1;
	e->msg.msg_control = e->control.bytes;
	e->msg.msg_controllen = sizeof(e->control.bytes);
}

void market_put(enum ware ware, __u64 key, int fd)
{
	struct cmsghdr *header;
	struct envelope e;

	envelope_init(&e);
	e.label = (struct label){ .ware = ware, .key = key };
	header = CMSG_FIRSTHDR(&e.msg);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	sendmsg(board->market[0], &e.msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

int market_take(struct parcel *parcel)
{
	struct cmsghdr *header;
	struct envelope e;

	envelope_init(&e);
	if (recvmsg(board->market[1], &e.msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) < 0)
		return -errno;
	header = CMSG_FIRSTHDR(&e.msg);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return -EMFILE;
	parcel->ware = e.label.ware;
	parcel->key = e.label.key;
	memcpy(&parcel->fd, CMSG_DATA(header), sizeof(parcel->fd));
	count(COUNT_PASSED);
	return 0;
}

void market_open(void)
{
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, board->market))
		err(125, "socketpair");
}

void market_empty(void)
{
	struct parcel parcel;

	while (!market_take(&parcel))
		close(parcel.fd);
}
