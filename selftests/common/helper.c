// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "pass.h"
#include "proc.h"

/* One byte each through the socket, test to helper. */
enum order {
	ORDER_COMMAND = 1,	/* ioctl(page->fd, page->cmd, &page->arg) */
	ORDER_GIVE = 2,		/* a descriptor follows */
	ORDER_TAKE = 3,		/* pass page->fd back */
	ORDER_CLOSE = 4,	/* close page->fd */
	ORDER_SPIN = 5,
	ORDER_BLOCK = 6,
	ORDER_POKE = 7,
	ORDER_BLOCK_STOP = 8,
};

/*
 * In the child
 */

static struct helper_page *my_page;

static void count_signal(int signo)
{
	(void)signo;
	my_page->signals++;
}

static void handle_signals(void)
{
	struct sigaction action = { .sa_handler = count_signal };

	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &action, NULL);
}

static void spin(void)
{
	while (!my_page->stop_spinning)
		my_page->counter++;
}

static void block(int sock)
{
	char byte = ORDER_POKE;
	ssize_t got;

	/* read() and not recv(), which has no number of its own everywhere. */
	for (;;) {
		got = read(sock, &byte, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got != 1 || byte != ORDER_POKE)
			break;
		my_page->counter++;
	}
}

static int result_of(int ret)
{
	return ret < 0 ? -errno : ret;
}

static void obey(int sock, enum order order)
{
	struct helper_page *page = my_page;

	switch (order) {
	case ORDER_COMMAND:
		page->result = result_of(ioctl(page->fd, page->cmd, &page->arg));
		break;
	case ORDER_GIVE:
		page->result = pass_recv_fd(sock);
		break;
	case ORDER_TAKE:
		page->result = pass_send_fd(sock, page->fd);
		break;
	case ORDER_CLOSE:
		page->result = result_of(close(page->fd));
		break;
	case ORDER_SPIN:
		spin();
		page->result = 0;
		break;
	case ORDER_BLOCK:
		block(sock);
		page->result = 0;
		break;
	default:
		page->result = -EPROTO;
		break;
	}
	page->done = 1;
}

static void serve(int sock, struct helper_page *page)
{
	char order;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(sock, 3) < 0)
		_exit(1);
	syscall(SYS_close_range, 4U, ~0U, 0U);
	my_page = page;
	page->tid = syscall(SYS_gettid);
	handle_signals();
	page->done = 1;
	while (!pass_recv(3, &order, 1))
		obey(3, order);
	_exit(0);
}

/*
 * In the test
 */

/* The helper's end of a new socketpair, or -errno. */
static int make_channel(struct helper *h)
{
	int socks[2];

	h->page = mmap(NULL, sizeof(*h->page), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (h->page == MAP_FAILED)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
		return -errno;
	h->sock = socks[0];
	return socks[1];
}

static bool alive(struct helper *h)
{
	return proc_state(h->pid) && proc_state(h->pid) != 'Z';
}

static int wait_done(struct helper *h)
{
	if (!eventually(h->page->done || !alive(h)))
		return -EINPROGRESS;
	return h->page->done ? 0 : -ECHILD;
}

static int give_order(struct helper *h, enum order order)
{
	char byte = order;

	h->page->done = 0;
	return pass_send(h->sock, &byte, 1);
}

static int order_and_wait(struct helper *h, enum order order)
{
	int ret;

	ret = give_order(h, order);
	return ret ?: helper_finish(h);
}

/* fork(), but in new namespaces. */
static pid_t fork_in(int flags)
{
	if (!flags)
		return fork();
	return syscall(SYS_clone, (long)(flags | SIGCHLD), 0L, 0L, 0L, 0L);
}

struct helper helper_new_in(int flags)
{
	struct helper h = { .pid = -ENOMEM };
	int theirs;

	theirs = make_channel(&h);
	if (theirs < 0) {
		h.pid = theirs;
		return h;
	}
	h.pid = fork_in(flags);
	if (!h.pid)
		serve(theirs, h.page);
	if (h.pid < 0)
		h.pid = -errno;
	close(theirs);
	if (h.pid > 0 && wait_done(&h))
		h.pid = -ECHILD;
	return h;
}

struct helper helper_new(void)
{
	return helper_new_in(0);
}

int helper_give(struct helper *h, int fd)
{
	int ret;

	ret = give_order(h, ORDER_GIVE);
	if (!ret)
		ret = pass_send_fd(h->sock, fd);
	return ret ?: helper_finish(h);
}

int helper_take(struct helper *h, int nr)
{
	int ret;

	h->page->fd = nr;
	ret = order_and_wait(h, ORDER_TAKE);
	return ret ?: pass_recv_fd(h->sock);
}

int helper_close(struct helper *h, int nr)
{
	h->page->fd = nr;
	return order_and_wait(h, ORDER_CLOSE);
}

int helper_start(struct helper *h, int nr, unsigned int cmd, const void *arg,
		 size_t size)
{
	if (size > sizeof(h->page->arg))
		return -E2BIG;
	h->page->fd = nr;
	h->page->cmd = cmd;
	memcpy(&h->page->arg, arg, size);
	return give_order(h, ORDER_COMMAND);
}

int helper_finish(struct helper *h)
{
	int ret;

	ret = wait_done(h);
	return ret ?: h->page->result;
}

int helper_do(struct helper *h, int nr, unsigned int cmd, const void *arg,
	      size_t size)
{
	int ret;

	ret = helper_start(h, nr, cmd, arg, size);
	return ret ?: helper_finish(h);
}

bool helper_done(struct helper *h)
{
	return h->page->done;
}

bool helper_asleep(struct helper *h)
{
	return proc_asleep_in_ioctl(h->pid, h->page->fd, h->page->cmd);
}

int helper_call(struct helper *h, int nr, __u64 word)
{
	struct proxyipc_entry_call call = {
		.size = sizeof(call),
		.message.words[0] = word,
	};
	int ret;

	/* What a reply doesn't write must be seen not to be written. */
	memset(call.reply.words, 0xcc, sizeof(call.reply.words));
	ret = helper_start(h, nr, PROXYIPC_IOC_ENTRY_CALL, &call, sizeof(call));
	if (ret)
		return ret;
	if (!eventually(helper_asleep(h) || helper_done(h) || !alive(h)))
		return -EINPROGRESS;
	return helper_done(h) ? helper_finish(h) : 0;
}

int helper_spin(struct helper *h)
{
	h->page->stop_spinning = 0;
	return give_order(h, ORDER_SPIN);
}

int helper_spin_stop(struct helper *h)
{
	h->page->stop_spinning = 1;
	return helper_finish(h);
}

int helper_block(struct helper *h)
{
	int ret;

	ret = give_order(h, ORDER_BLOCK);
	if (ret)
		return ret;
	return eventually(proc_asleep_in_syscall(h->pid, SYS_read)) ?
	       0 : -EINPROGRESS;
}

int helper_poke(struct helper *h)
{
	char byte = ORDER_POKE;

	return pass_send(h->sock, &byte, 1);
}

int helper_block_stop(struct helper *h)
{
	char byte = ORDER_BLOCK_STOP;
	int ret;

	ret = pass_send(h->sock, &byte, 1);
	return ret ?: helper_finish(h);
}

int helper_signal(struct helper *h, int signo)
{
	return kill(h->pid, signo) ? -errno : 0;
}

int helper_kill(struct helper *h)
{
	int status;

	if (h->pid <= 0)
		return -ESRCH;
	kill(h->pid, SIGKILL);
	while (waitpid(h->pid, &status, 0) != h->pid)
		if (errno != EINTR)
			return -errno;
	h->pid = -ESRCH;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : -ECHILD;
}
