/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A helper is a child process that issues commands when it is told to: a caller
 * that waits, a receiver that can be killed, a target.
 *
 * It begins with no descriptor above stderr but its own socket, so it keeps no
 * object alive that it wasn't given. It dies with the thread that made it, which
 * therefore should be the test's main thread. It handles SIGUSR1 without and
 * SIGUSR2 with SA_RESTART, and counts both in page->signals.
 *
 * The page is shared memory at the same address on both sides. A command's
 * struct is copied there; buffers that a command names must be there too.
 */
#ifndef PROXYIPC_HELPER_H
#define PROXYIPC_HELPER_H

#include <linux/proxyipc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct helper_page {
	/* What it is told: by the test, before the order goes out. */
	int fd;
	unsigned int cmd;
	atomic_int stop_spinning;

	/* What it tells. */
	atomic_int done;
	int result;
	pid_t tid;
	atomic_uint signals;
	atomic_uint counter;

	union {
		char bytes[1024];
		struct proxyipc_device_info device_info;
		struct proxyipc_endpoint_create create;
		struct proxyipc_process_open open;
		struct proxyipc_endpoint_mint mint;
		struct proxyipc_endpoint_recv recv;
		struct proxyipc_endpoint_reply reply;
		struct proxyipc_endpoint_reply_recv reply_recv;
		struct proxyipc_endpoint_resume resume;
		struct proxyipc_entry_call call;
		struct proxyipc_entry_send send;
		struct proxyipc_entry_notify notify;
		struct proxyipc_process_hold hold;
		struct proxyipc_process_info info;
	} arg;

	/* For commands with data: 64 KiB and a byte more, each way. */
	unsigned char out[PROXYIPC_DATA_MAX + 1];
	unsigned char in[PROXYIPC_DATA_MAX + 1];
};

struct helper {
	pid_t pid;
	int sock;
	struct helper_page *page;
};

/* pid < 0 (-errno) if it couldn't be made. */
struct helper helper_new(void);

/* The same, but in other namespaces: @flags of unshare(2), CLONE_NEWPID and such. */
struct helper helper_new_in(int flags);

/* Another descriptor for @fd in the helper: its number there, or -errno. */
int helper_give(struct helper *h, int fd);

/* The helper's descriptor @nr, in this process: a descriptor or -errno. */
int helper_take(struct helper *h, int nr);

/* Makes the helper close its descriptor @nr. */
int helper_close(struct helper *h, int nr);

/*
 * helper_start() makes it issue ioctl(@nr, @cmd) with a copy of @arg (@size
 * bytes), helper_finish() waits until that is over and returns 0 or the -errno of
 * the command; -EINPROGRESS if it isn't over in good time. The results are in
 * page->arg. helper_do() is both.
 */
int helper_start(struct helper *h, int nr, unsigned int cmd, const void *arg,
		 size_t size);
int helper_finish(struct helper *h);
int helper_do(struct helper *h, int nr, unsigned int cmd, const void *arg,
	      size_t size);

/* Is the command over? */
bool helper_done(struct helper *h);

/* Is it asleep in the command that was started? To be polled. */
bool helper_asleep(struct helper *h);

/*
 * CALL with one word. Start, sleep, finish: start returns when the helper is
 * asleep in it, with 0; or with the result if the call is over before that.
 */
int helper_call(struct helper *h, int nr, __u64 word);

/* Makes it count in page->counter and do nothing else; and ends that. */
int helper_spin(struct helper *h);
int helper_spin_stop(struct helper *h);

/*
 * Makes it read a byte from its socket, count one, and so on: it is asleep in a
 * system call between helper_poke()s. helper_block_stop() ends that.
 */
int helper_block(struct helper *h);
int helper_poke(struct helper *h);
int helper_block_stop(struct helper *h);

/* Sends it @signo, and returns at once. */
int helper_signal(struct helper *h, int signo);

/* SIGKILL, and waits for its end: 0 if SIGKILL was what ended it. */
int helper_kill(struct helper *h);

#endif /* PROXYIPC_HELPER_H */
