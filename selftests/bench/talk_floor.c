// SPDX-License-Identifier: GPL-2.0
/* The floor: two tasks that wake each other, and that is all. No bytes at all. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "floor/floor.h"
#include "talk.h"

static void setup(struct contender *c, void (*serve)(void *fd))
{
	int *fd = malloc(sizeof(*fd));

	c->state = fd;
	*fd = bench_must(open(FLOOR_PATH, O_RDWR | O_CLOEXEC), FLOOR_PATH);
	bench_partner(talk_server_cpu, serve, fd);
	bench_must(ioctl(*fd, FLOOR_AWAIT), "FLOOR_AWAIT");
}

/*
 * Both stay in the kernel: two wake-ups and two switches.
 */

static void serve_inside(void *fd)
{
	bench_must(ioctl(*(int *)fd, FLOOR_SERVE), "FLOOR_SERVE");
}

void floor_inside_setup(struct contender *c)
{
	setup(c, serve_inside);
}

void floor_inside_batch(struct contender *c, uint64_t *samples, int n)
{
	struct floor_batch batch = { .samples = (uintptr_t)samples, .count = n };

	bench_must(ioctl(*(int *)c->state, FLOOR_BATCH, &batch), "FLOOR_BATCH");
}

/*
 * The same by two system calls, which is how a call and its answer come there.
 */

static void serve(void *fd)
{
	for (;;)
		bench_must(ioctl(*(int *)fd, FLOOR_ANSWER), "FLOOR_ANSWER");
}

void floor_setup(struct contender *c)
{
	setup(c, serve);
}

void floor_call(struct contender *c)
{
	bench_must(ioctl(*(int *)c->state, FLOOR_CALL), "FLOOR_CALL");
}
