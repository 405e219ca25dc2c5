// SPDX-License-Identifier: GPL-2.0
/*
 * What is done so often that it should cost next to nothing: to say that one is alive,
 * and to say "not now" for a while. Only instructions are exact enough for it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "bench.h"
#include "ours.h"

struct self {
	struct proxyipc_control *control;
	int process;
	pthread_mutex_t mutex;
	sigset_t signals;
};

static struct self *self_new(struct contender *c)
{
	struct self *self = calloc(1, sizeof(*self));

	c->state = self;
	return self;
}

static void ours_setup(struct contender *c)
{
	struct self *self = self_new(c);

	self->process = ours_process(0, 0);
	bench_must(proxyipc_process_map(self->process, &self->control), "the control page");
}

/*
 * Alive
 */

static void ours_keepalive(struct contender *c)
{
	proxyipc_keepalive(((struct self *)c->state)->control);
}

/* For a target that knows nothing of it: by whoever holds its process object. */
static void ours_keepalive_for(struct contender *c)
{
	bench_must(proxyipc_process_keepalive(((struct self *)c->state)->process), "KEEPALIVE");
}

/* What systemd does with it: read and forget. */
static void notified(void *arg)
{
	char text[64];

	for (;;)
		bench_must(read(*(int *)arg, text, sizeof(text)), "read");
}

static void notify_setup(struct contender *c)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/tmp/bench-notify" };
	int sock = bench_must(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	unlink(address.sun_path);
	bench_must(bind(sock, (struct sockaddr *)&address, sizeof(address)), "bind");
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	bench_partner(0, notified, &sock);
}

static void notify(struct contender *c)
{
	if (bench_must(sd_notify(0, "WATCHDOG=1"), "sd_notify") != 1)
		bench_fail(0, "sd_notify: no NOTIFY_SOCKET");
}

static struct contender alive[] = {
	{ .name = "proxyipc, keepalive", .setup = ours_setup, .timed = ours_keepalive },
	{ .name = "proxyipc, for another", .setup = ours_setup, .timed = ours_keepalive_for },
	{ .name = "sd_notify", .setup = notify_setup, .timed = notify },
};

/*
 * Not now
 */

static void ours_defer(struct contender *c)
{
	struct self *self = c->state;

	proxyipc_defer(self->control);
	proxyipc_undefer(self->control, self->process);
}

static void mask_setup(struct contender *c)
{
	sigfillset(&self_new(c)->signals);
}

static void mask(struct contender *c)
{
	struct self *self = c->state;
	sigset_t before;

	sigprocmask(SIG_BLOCK, &self->signals, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void mutex_setup(struct contender *c)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&self_new(c)->mutex, &attr);
}

static void mutex(struct contender *c)
{
	struct self *self = c->state;

	pthread_mutex_lock(&self->mutex);
	pthread_mutex_unlock(&self->mutex);
}

static struct contender not_now[] = {
	{ .name = "proxyipc, defer", .setup = ours_setup, .timed = ours_defer },
	{ .name = "mutex (futex)", .setup = mutex_setup, .timed = mutex },
	{ .name = "sigprocmask", .setup = mask_setup, .timed = mask },
};

static void ask(const char *name, const char *setting, struct contender *contenders, int count)
{
	bench_ask(&(struct question){
		.name = name,
		.setting = setting,
		.contenders = contenders,
		.count = count,
		.rounds = 20,
		.batch = 50,
	});
}

int main(int argc, char **argv)
{
	bench_start(argc, argv);
	if (!bench_exact())
		return 0;
	ask("keepalive", "once", alive, COUNT(alive));
	ask("deferral", "begin and end, nothing pending", not_now, COUNT(not_now));
	return 0;
}
