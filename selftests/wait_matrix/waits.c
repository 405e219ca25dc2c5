// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "waits.h"

#include <errno.h>
#include <liburing.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define KERNEL_SIGSET_SIZE	8

static long result_of(long ret)
{
	return ret < 0 ? -errno : ret;
}

/* @good, if the call returned that and what it brought is right. */
static long verified(long ret, long good, bool right)
{
	if (ret != good)
		return result_of(ret);
	return right ? good : -EBADMSG;
}

static struct timespec timespec_of(__u64 ns)
{
	return (struct timespec){
		.tv_sec = ns / NS_PER_S,
		.tv_nsec = ns % NS_PER_S,
	};
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) != 0;
}

static int prepare_nothing(struct cell *c)
{
	return 0;
}

/*
 * eventfd and what waits for readiness
 */

static int prepare_eventfd(struct cell *c)
{
	c->fd[0] = eventfd(0, EFD_CLOEXEC);
	return c->fd[0] < 0 ? -errno : 0;
}

static int wake_eventfd(struct cell *c)
{
	__u64 one = 1;

	return write(c->fd[0], &one, sizeof(one)) < 0 ? -errno : 0;
}

static long wait_read_count(struct cell *c)
{
	__u64 count = 0;
	long ret;

	ret = syscall(SYS_read, c->fd[0], &count, sizeof(count));
	return verified(ret, sizeof(count), count == 1);
}

static bool again_readable(struct cell *c)
{
	return readable(c->fd[0]);
}

/* Readiness remains until it is read; then there must be no more. */
static bool again_read_count(struct cell *c)
{
	return wait_read_count(c) != sizeof(__u64) || readable(c->fd[0]);
}

static int prepare_epoll(struct cell *c)
{
	struct epoll_event interest = { .events = EPOLLIN | EPOLLET };
	int ret;

	ret = prepare_eventfd(c);
	if (ret)
		return ret;
	interest.data.fd = c->fd[0];
	c->fd[1] = epoll_create1(EPOLL_CLOEXEC);
	if (c->fd[1] < 0)
		return -errno;
	return epoll_ctl(c->fd[1], EPOLL_CTL_ADD, c->fd[0], &interest) ? -errno : 0;
}

static long wait_epoll(struct cell *c)
{
	struct epoll_event event = { .data.fd = -1 };
	long ret;

	ret = syscall(SYS_epoll_wait, c->fd[1], &event, 1, -1);
	return verified(ret, 1, event.data.fd == c->fd[0]);
}

static bool again_epoll(struct cell *c)
{
	struct epoll_event event;

	return epoll_wait(c->fd[1], &event, 1, 0) != 0;
}

static long wait_poll(struct cell *c)
{
	struct pollfd p = { .fd = c->fd[0], .events = POLLIN };
	long ret;

	ret = syscall(SYS_poll, &p, 1, -1);
	return verified(ret, 1, p.revents == POLLIN);
}

static long wait_ppoll(struct cell *c)
{
	struct pollfd p = { .fd = c->fd[0], .events = POLLIN };
	long ret;

	ret = syscall(SYS_ppoll, &p, 1, NULL, NULL, KERNEL_SIGSET_SIZE);
	return verified(ret, 1, p.revents == POLLIN);
}

static long wait_select(struct cell *c)
{
	fd_set set;
	long ret;

	FD_ZERO(&set);
	FD_SET(c->fd[0], &set);
	ret = syscall(SYS_select, c->fd[0] + 1, &set, NULL, NULL, NULL);
	return verified(ret, 1, FD_ISSET(c->fd[0], &set));
}

static struct io_uring ring;

static long wait_uring(struct cell *c)
{
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	int ret;

	ret = io_uring_queue_init(4, &ring, 0);
	if (ret)
		return ret;
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_poll_add(sqe, c->fd[0], POLLIN);
	sqe->user_data = 22;
	ret = io_uring_submit(&ring);
	if (ret < 0)
		return ret;
	ret = io_uring_wait_cqe(&ring, &cqe);
	if (ret)
		return ret;
	ret = cqe->user_data == 22 && cqe->res & POLLIN ? 0 : -EBADMSG;
	io_uring_cqe_seen(&ring, cqe);
	return ret;
}

static bool again_uring(struct cell *c)
{
	struct io_uring_cqe *cqe;

	return io_uring_peek_cqe(&ring, &cqe) != -EAGAIN;
}

static int prepare_timerfd(struct cell *c)
{
	c->fd[0] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	return c->fd[0] < 0 ? -errno : 0;
}

static int wake_timerfd(struct cell *c)
{
	struct itimerspec at_once = { .it_value.tv_nsec = 1 };

	return timerfd_settime(c->fd[0], 0, &at_once, NULL) ? -errno : 0;
}

/* A watch on a file whose name is gone at once. */
static int prepare_inotify(struct cell *c)
{
	char name[] = "/tmp/proxyipc-wait-XXXXXX";
	int watch;

	c->fd[0] = inotify_init1(IN_CLOEXEC);
	c->fd[1] = mkostemp(name, O_CLOEXEC);
	if (c->fd[0] < 0 || c->fd[1] < 0)
		return -errno;
	watch = inotify_add_watch(c->fd[0], name, IN_MODIFY);
	unlink(name);
	return watch < 0 ? -errno : 0;
}

static long wait_inotify(struct cell *c)
{
	struct inotify_event event = { 0 };
	long ret;

	ret = syscall(SYS_read, c->fd[0], &event, sizeof(event));
	return verified(ret, sizeof(event), event.mask == IN_MODIFY);
}

/*
 * Pipes and sockets: one byte
 */

static int prepare_pipe(struct cell *c)
{
	return pipe2(c->fd, O_CLOEXEC) ? -errno : 0;
}

static int prepare_sockets(struct cell *c)
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, c->fd) ? -errno : 0;
}

static int prepare_timed_sockets(struct cell *c)
{
	struct timeval timeout = {
		.tv_sec = c->timeout / NS_PER_S,
		.tv_usec = c->timeout % NS_PER_S / 1000,
	};
	int ret;

	ret = prepare_sockets(c);
	if (ret)
		return ret;
	return setsockopt(c->fd[0], SOL_SOCKET, SO_RCVTIMEO, &timeout,
			  sizeof(timeout)) ? -errno : 0;
}

static int wake_byte(struct cell *c)
{
	return write(c->fd[1], "w", 1) < 0 ? -errno : 0;
}

static long wait_read_byte(struct cell *c)
{
	char byte = 0;
	long ret;

	ret = syscall(SYS_read, c->fd[0], &byte, 1);
	return verified(ret, 1, byte == 'w');
}

static long wait_recv(struct cell *c)
{
	char byte = 0;
	long ret;

	ret = syscall(SYS_recvfrom, c->fd[0], &byte, 1, 0, NULL, NULL);
	return verified(ret, 1, byte == 'w');
}

/* An address of the kernel's choice, which needs no file and no network. */
static int prepare_listener(struct cell *c)
{
	struct sockaddr_un any = { .sun_family = AF_UNIX };

	c->fd[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd[0] < 0 ||
	    bind(c->fd[0], (struct sockaddr *)&any, sizeof(any.sun_family)) ||
	    listen(c->fd[0], 1))
		return -errno;
	return 0;
}

static int wake_listener(struct cell *c)
{
	struct sockaddr_un address;
	socklen_t len = sizeof(address);

	c->fd[1] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd[1] < 0 ||
	    getsockname(c->fd[0], (struct sockaddr *)&address, &len) ||
	    connect(c->fd[1], (struct sockaddr *)&address, len))
		return -errno;
	return 0;
}

static long wait_accept(struct cell *c)
{
	long ret;

	ret = syscall(SYS_accept, c->fd[0], NULL, NULL);
	return ret < 0 ? -errno : 0;
}

/*
 * System V IPC
 */

static int prepare_sem(struct cell *c)
{
	c->id = semget(IPC_PRIVATE, 1, 0600);
	return c->id < 0 ? -errno : 0;
}

static int wake_sem(struct cell *c)
{
	struct sembuf up = { .sem_op = 1 };

	return semop(c->id, &up, 1) ? -errno : 0;
}

static long wait_semop(struct cell *c)
{
	struct sembuf down = { .sem_op = -1 };

	return result_of(syscall(SYS_semop, c->id, &down, 1));
}

static long wait_semtimedop(struct cell *c)
{
	struct timespec timeout = timespec_of(c->timeout);
	struct sembuf down = { .sem_op = -1 };

	return result_of(syscall(SYS_semtimedop, c->id, &down, 1, &timeout));
}

static bool again_sem(struct cell *c)
{
	return semctl(c->id, 0, GETVAL) != 0;
}

static void clean_sem(struct cell *c)
{
	if (c->id >= 0)
		semctl(c->id, 0, IPC_RMID);
}

struct letter {
	long type;
	char byte;
};

static int prepare_msg(struct cell *c)
{
	c->id = msgget(IPC_PRIVATE, 0600);
	return c->id < 0 ? -errno : 0;
}

static int wake_msg(struct cell *c)
{
	struct letter letter = { .type = 1, .byte = 'w' };

	return msgsnd(c->id, &letter, 1, IPC_NOWAIT) ? -errno : 0;
}

static long wait_msgrcv(struct cell *c)
{
	struct letter letter = { 0 };
	long ret;

	ret = syscall(SYS_msgrcv, c->id, &letter, 1, 0, 0);
	return verified(ret, 1, letter.byte == 'w');
}

static bool again_msg(struct cell *c)
{
	struct letter letter;

	return msgrcv(c->id, &letter, 1, 0, IPC_NOWAIT) >= 0 || errno != ENOMSG;
}

static void clean_msg(struct cell *c)
{
	if (c->id >= 0)
		msgctl(c->id, IPC_RMID, NULL);
}

/*
 * Signals and children
 */

static int wake_signal(struct cell *c)
{
	return kill(c->pid, SIGUSR1) ? -errno : 0;
}

static long sigtimedwait_for(__u64 ns)
{
	struct timespec timeout = timespec_of(ns);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return result_of(syscall(SYS_rt_sigtimedwait, &set, NULL, &timeout,
				 KERNEL_SIGSET_SIZE));
}

static long wait_sigtimedwait(struct cell *c)
{
	return sigtimedwait_for(c->timeout);
}

static bool again_sigtimedwait(struct cell *c)
{
	return sigtimedwait_for(0) != -EAGAIN;
}

static struct report *my_report;

static void count_signal(int signo)
{
	my_report->handled++;
}

static long wait_pause(struct cell *c)
{
	struct sigaction action = { .sa_handler = count_signal };

	my_report = c->report;
	sigaction(SIGUSR1, &action, NULL);
	return result_of(syscall(SYS_pause));
}

static bool again_handled(struct cell *c)
{
	return c->report->handled != 1;
}

#define GRANDCHILD_STATUS	7

/* Exits when it is told to: it stays outside of whatever stops its parent. */
static void grandchild(struct cell *c)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	_exit(read(c->fd[0], &byte, 1) == 1 ? GRANDCHILD_STATUS : 1);
}

static long wait_waitpid(struct cell *c)
{
	int status = 0;
	long ret;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		grandchild(c);
	ret = syscall(SYS_wait4, pid, &status, 0, NULL);
	if (ret != pid)
		return result_of(ret);
	return WIFEXITED(status) && WEXITSTATUS(status) == GRANDCHILD_STATUS ?
	       0 : -EBADMSG;
}

static bool again_waitpid(struct cell *c)
{
	return waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;
}

/*
 * Futexes and sleeps
 */

static long wait_futex(struct cell *c)
{
	return result_of(syscall(SYS_futex, &c->report->futex, FUTEX_WAIT, 0,
				 NULL, NULL, 0));
}

static long wait_futex_timeout(struct cell *c)
{
	struct timespec timeout = timespec_of(c->timeout);

	return result_of(syscall(SYS_futex, &c->report->futex, FUTEX_WAIT, 0,
				 &timeout, NULL, 0));
}

static int wake_futex(struct cell *c)
{
	c->report->futex = 1;
	return syscall(SYS_futex, &c->report->futex, FUTEX_WAKE, 1, NULL, NULL,
		       0) < 0 ? -errno : 0;
}

static long wait_nanosleep(struct cell *c)
{
	struct timespec time = timespec_of(c->timeout);

	return result_of(syscall(SYS_nanosleep, &time, NULL));
}

static long wait_clock_nanosleep(struct cell *c)
{
	struct timespec time = timespec_of(c->report->began + c->timeout);

	return result_of(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC,
				 TIMER_ABSTIME, &time, NULL));
}

const struct wait waits[WAITS] = {
	{
		.name = "epoll_wait",
		.number = SYS_epoll_wait,
		.expect = 1,
		.prepare = prepare_epoll,
		.wait = wait_epoll,
		.wake = wake_eventfd,
		.again = again_epoll,
	}, {
		.name = "semop",
		.number = SYS_semop,
		.prepare = prepare_sem,
		.wait = wait_semop,
		.wake = wake_sem,
		.again = again_sem,
		.clean = clean_sem,
	}, {
		.name = "semtimedop",
		.number = SYS_semtimedop,
		.expired = -EAGAIN,
		.prepare = prepare_sem,
		.wait = wait_semtimedop,
		.wake = wake_sem,
		.again = again_sem,
		.clean = clean_sem,
	}, {
		.name = "io_uring",
		.number = SYS_io_uring_enter,
		.prepare = prepare_eventfd,
		.wait = wait_uring,
		.wake = wake_eventfd,
		.again = again_uring,
	}, {
		.name = "recv_timeout",
		.number = SYS_recvfrom,
		.expect = 1,
		.expired = -EAGAIN,
		.prepare = prepare_timed_sockets,
		.wait = wait_recv,
		.wake = wake_byte,
		.again = again_readable,
	}, {
		.name = "sigtimedwait",
		.number = SYS_rt_sigtimedwait,
		.expect = SIGUSR1,
		.prepare = prepare_nothing,
		.wait = wait_sigtimedwait,
		.wake = wake_signal,
		.again = again_sigtimedwait,
	}, {
		.name = "poll",
		.number = SYS_poll,
		.expect = 1,
		.prepare = prepare_eventfd,
		.wait = wait_poll,
		.wake = wake_eventfd,
		.again = again_read_count,
	}, {
		.name = "ppoll",
		.number = SYS_ppoll,
		.expect = 1,
		.prepare = prepare_eventfd,
		.wait = wait_ppoll,
		.wake = wake_eventfd,
		.again = again_read_count,
	}, {
		.name = "select",
		.number = SYS_select,
		.expect = 1,
		.prepare = prepare_eventfd,
		.wait = wait_select,
		.wake = wake_eventfd,
		.again = again_read_count,
	}, {
		.name = "nanosleep",
		.number = SYS_nanosleep,
		.prepare = prepare_nothing,
		.wait = wait_nanosleep,
	}, {
		.name = "clock_nanosleep",
		.number = SYS_clock_nanosleep,
		.prepare = prepare_nothing,
		.wait = wait_clock_nanosleep,
	}, {
		.name = "futex_timeout",
		.number = SYS_futex,
		.expired = -ETIMEDOUT,
		.prepare = prepare_nothing,
		.wait = wait_futex_timeout,
		.wake = wake_futex,
	}, {
		.name = "msgrcv",
		.number = SYS_msgrcv,
		.expect = 1,
		.prepare = prepare_msg,
		.wait = wait_msgrcv,
		.wake = wake_msg,
		.again = again_msg,
		.clean = clean_msg,
	}, {
		.name = "pause",
		.number = SYS_pause,
		.expect = -EINTR,
		.prepare = prepare_nothing,
		.wait = wait_pause,
		.wake = wake_signal,
		.again = again_handled,
	}, {
		.name = "read_pipe",
		.number = SYS_read,
		.expect = 1,
		.prepare = prepare_pipe,
		.wait = wait_read_byte,
		.wake = wake_byte,
		.again = again_readable,
	}, {
		.name = "recv",
		.number = SYS_recvfrom,
		.expect = 1,
		.prepare = prepare_sockets,
		.wait = wait_recv,
		.wake = wake_byte,
		.again = again_readable,
	}, {
		.name = "accept",
		.number = SYS_accept,
		.prepare = prepare_listener,
		.wait = wait_accept,
		.wake = wake_listener,
		.again = again_readable,
	}, {
		.name = "futex",
		.number = SYS_futex,
		.prepare = prepare_nothing,
		.wait = wait_futex,
		.wake = wake_futex,
	}, {
		.name = "eventfd",
		.number = SYS_read,
		.expect = sizeof(__u64),
		.prepare = prepare_eventfd,
		.wait = wait_read_count,
		.wake = wake_eventfd,
		.again = again_readable,
	}, {
		.name = "timerfd",
		.number = SYS_read,
		.expect = sizeof(__u64),
		.prepare = prepare_timerfd,
		.wait = wait_read_count,
		.wake = wake_timerfd,
		.again = again_readable,
	}, {
		.name = "inotify",
		.number = SYS_read,
		.expect = sizeof(struct inotify_event),
		.prepare = prepare_inotify,
		.wait = wait_inotify,
		.wake = wake_byte,
		.again = again_readable,
	}, {
		.name = "waitpid",
		.number = SYS_wait4,
		.prepare = prepare_pipe,
		.wait = wait_waitpid,
		.wake = wake_byte,
		.again = again_waitpid,
	},
};
